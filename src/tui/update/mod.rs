//! A message changes the model, and may ask for effects. Pure: nothing here waits or touches the world.

mod answer;
mod applied;
mod beside;
mod choosing;
mod confirm;
mod estate;
mod find;
mod menu;
mod mouse;
mod pages;
mod pairs;
mod panels;
mod pasted;
mod pick;
mod review;
mod table;
mod watch;
mod what_if;

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind};
use tui_input::{Input, InputRequest};

use super::Leave;
use super::keys::command::Command;
use super::keys::{Key, KeyContext};
use super::message::Message;
use super::model::{
    AccountList, Loading, Model, Overlay, Reading, SMALLEST, Screen, Ticket, Weight,
};
use super::run::effects::Effect;
use super::view::kept_picture;
use super::words::printed;
use crate::answer::inventory::EstateTableKind;
use crate::google::WaitNews;
use crate::google::listing::Listing;
use crate::text::visible;

pub use answer::{VISITS, ask};
pub use pick::preset;

/// What the explorer asks for when it opens.
#[must_use]
pub fn start(model: &mut Model) -> Vec<Effect> {
    if model.signed_out.is_some() {
        return Vec::new();
    }
    if model.reading.is_some() {
        return vec![Effect::Pairs];
    }
    vec![
        Effect::List(model.scope.clone()),
        Effect::Viewer,
        Effect::Pairs,
    ]
}

/// What is looked at is there: what was found of it on the way is shown until its own list is whole.
#[must_use]
pub fn opened(model: &mut Model) -> Vec<Effect> {
    model.reading = None;
    model.accounts = Loading::begun();
    model.pick.read_anew(Listing::default());
    vec![Effect::List(model.scope.clone()), Effect::Viewer]
}

/// Takes a message in.
pub fn update(model: &mut Model, message: Message) -> Vec<Effect> {
    let Some(message) = choosing::held(model, message) else {
        return Vec::new();
    };
    let mut effects = taken(model, message);
    effects.extend(choosing::go_on(model));
    effects
}

fn taken(model: &mut Model, message: Message) -> Vec<Effect> {
    match message {
        Message::Key(event) => key(model, event),
        Message::Paste(text) => paste(model, &text),
        Message::Mouse(event) => mouse::update(model, event),
        Message::Resize(width, height) => {
            model.size = (width, height);
            // Drawn anew even when the size comes out as it was: what stood there may be gone.
            vec![Effect::Repaint]
        }
        Message::Background(background) => {
            model.theme = model.themes.on(background);
            Vec::new()
        }
        Message::Reading(words) => {
            if model.reading.is_some() {
                model.reading = Some(visible(&words));
            }
            Vec::new()
        }
        Message::Accounts { callers, targets } => {
            pick::came(model, callers, targets);
            Vec::new()
        }
        Message::Matched(list, some) => {
            match (list, model.overlays.last_mut()) {
                (AccountList::Pick(side), _) => model.pick.list_mut(side).matched(some),
                (AccountList::Menu, Some(Overlay::Menu(menu))) => menu.list.matched(some),
                (AccountList::Menu, _) => {}
            }
            Vec::new()
        }
        Message::ListProgress(progress) => {
            if model.accounts.is_running() {
                model.accounts = Loading::Running(progress);
            }
            Vec::new()
        }
        Message::Listed(result, at) => {
            let effects = pick::listed(model, result, at);
            answer::count_reach(model);
            effects
        }
        Message::SignedIn(found) => {
            if let Some(principal) = &found.principal {
                model.viewer = Some(visible(&principal.short()));
            }
            model.until = found.until;
            model.renews = found.renews;
            Vec::new()
        }
        Message::Wait(WaitNews::Begun(wait)) => {
            // What was said in passing is older than it.
            if model
                .notice
                .as_ref()
                .is_some_and(|n| n.weight == Weight::Passing)
            {
                model.notice = None;
            }
            model.waits.push(wait);
            Vec::new()
        }
        Message::Wait(WaitNews::Ended(id)) => {
            model.waits.retain(|wait| wait.id != id);
            Vec::new()
        }
        Message::WaitLeft(id, seconds) => {
            if let Some(wait) = model.waits.iter_mut().find(|wait| wait.id == id) {
                wait.wait = Duration::from_secs(seconds);
            }
            Vec::new()
        }
        Message::Progress(ticket, step) => {
            answer::progress(model, ticket, step);
            Vec::new()
        }
        Message::Surveyed(ticket, result) => {
            let now = result.as_ref().ok().map(|known| known.read_at);
            // Somebody supposes something by now: what was asked for at intervals does not end that.
            if watch::is_asking(model, ticket) && model.asked().is_some_and(|a| a.as_read.is_some())
            {
                watch::stopped(model);
                return Vec::new();
            }
            let before = watch::before(model, ticket);
            answer::surveyed(model, ticket, result);
            let mut effects = watch::ended(model, ticket, before);
            // The token that stands in the header is over: there is another by now.
            let over = model
                .until
                .zip(now)
                .is_some_and(|(until, now)| until <= now);
            effects.extend(answer::second_opinion(model, ticket));
            effects.extend(over.then_some(Effect::Viewer));
            effects
        }
        Message::SecondOpinion(ticket, opinion) => {
            answer::second_came(model, ticket, opinion);
            Vec::new()
        }
        Message::Throttled(ticket) => {
            watch::throttled(model, ticket);
            Vec::new()
        }
        Message::WatchDue(ticket) => watch::due(model, ticket),
        Message::Step(ticket, step) => {
            applied::step(model, ticket, step);
            Vec::new()
        }
        Message::LookedEnough(ticket, why) => {
            applied::gave_up(model, ticket, &why);
            Vec::new()
        }
        Message::Written(ticket, written) => applied::written(model, ticket, written),
        Message::Looked(ticket, look) => applied::looked(model, ticket, look),
        Message::Elapsed(ticket, elapsed) => {
            applied::elapsed(model, ticket, elapsed);
            Vec::new()
        }
        Message::Saved(Ok(names)) => {
            let names = visible(&names.join(" and "));
            model.say(format!("Written: {names}."));
            Vec::new()
        }
        Message::Saved(Err(why)) => {
            model.fail(visible(&why));
            Vec::new()
        }
        Message::Pairs(kept) => {
            pairs::came(model, kept);
            Vec::new()
        }
        Message::Copied(words) => {
            model.say(words);
            Vec::new()
        }
        Message::Log(calls) => {
            pages::log(model, &calls);
            Vec::new()
        }
        Message::History(result) => table::history(model, result),
        Message::Undone(ticket, result) => applied::undone(model, ticket, result),
        Message::MayWrite(ticket, why) => {
            if let Some(confirm) = model.confirm_by(ticket) {
                confirm.forbidden = why;
            }
            Vec::new()
        }
        Message::PathsProgress(ticket, answers) => {
            table::paths_progress(model, ticket, answers);
            Vec::new()
        }
        Message::Paths(ticket, result) => table::paths(model, ticket, result),
        Message::RowsFiltered(ticket, query, left) => {
            table::filtered(model, ticket, &query, left);
            Vec::new()
        }
        Message::EstateProgress(ticket, answers) => {
            estate::progress(model, ticket, answers);
            Vec::new()
        }
        Message::EstateRead(ticket, result) => estate::came(model, ticket, result),
        Message::TableMade(ticket, table) => estate::made(model, ticket, table),
        Message::TableProgress(ticket, kind, done) => {
            estate::making(model, ticket, kind, done);
            Vec::new()
        }
        Message::TableCounted(ticket) => estate::counted(model, ticket),
        Message::Arranged(ticket, wish, arranged) => {
            estate::arranged(model, ticket, wish, arranged);
            Vec::new()
        }
        Message::Exported { what, text } => vec![Effect::Copy { what, text }],
        Message::Settled => Vec::new(),
    }
}

fn key(model: &mut Model, event: KeyEvent) -> Vec<Effect> {
    if event.kind == KeyEventKind::Release {
        return Vec::new();
    }
    let key = Key::of(&event);
    let context = model.context();
    // What was said in passing has been read by whoever presses the next key.
    if matches!(&model.notice, Some(n) if n.weight == Weight::Passing) {
        model.notice = None;
    }
    if context == KeyContext::Confirm && confirm::types(model, key) {
        return confirm::text(model, key);
    }
    match model.keys.lookup(context, key) {
        Some(command) => run(model, command),
        None => text(model, context, key),
    }
}

/// Runs a command in the context in focus.
pub fn run(model: &mut Model, command: Command) -> Vec<Effect> {
    if let Some(effects) = general(model, command) {
        return effects;
    }
    match model.context() {
        KeyContext::Pick => pick::run(model, command),
        KeyContext::Answer => answer::run(model, command),
        KeyContext::Read => pages::run(model, command),
        KeyContext::Finding => review::run(model, command),
        KeyContext::Menu => menu::run(model, command),
        KeyContext::List => table::run(model, command),
        KeyContext::Estate => estate::run(model, command),
        KeyContext::Find => find::run(model, command),
        KeyContext::Confirm | KeyContext::Applied => confirm::run(model, command),
        KeyContext::SignedOut if command == Command::Accept => {
            let offered = model.signed_out.as_ref().is_some_and(|s| s.offer.is_some());
            if offered {
                vec![Effect::Leave(Leave::Accepted)]
            } else {
                Vec::new()
            }
        }
        KeyContext::SignedOut | KeyContext::Everywhere => Vec::new(),
    }
}

/// Commands that mean the same everywhere.
fn general(model: &mut Model, command: Command) -> Option<Vec<Effect>> {
    Some(match command {
        // What lies over a screen is closed by it; the screen itself is left.
        Command::Quit if !model.overlays.is_empty() && being_written(model).is_none() => {
            run(model, Command::Back)
        }
        Command::Quit => quit(model, false),
        Command::QuitPrinting => quit(model, true),
        Command::Interrupt => interrupt(model),
        Command::Suspend => vec![Effect::Suspend],
        Command::Repaint => vec![Effect::Repaint],
        Command::Mouse => {
            model.mouse = !model.mouse;
            model.say(if model.mouse {
                "Mouse on: click to select, twice to open; hold Shift to select text."
            } else {
                "Mouse off: the terminal selects text again."
            });
            vec![Effect::Mouse(model.mouse)]
        }
        Command::Help => {
            pages::help(model);
            Vec::new()
        }
        Command::Legend => {
            pages::legend(model);
            Vec::new()
        }
        Command::Palette => {
            menu::palette(model);
            Vec::new()
        }
        Command::Said => {
            pages::said(model);
            Vec::new()
        }
        Command::Log => vec![Effect::Log],
        Command::History => table::open_history(model),
        Command::Accounts => estate::open(model, EstateTableKind::Accounts),
        Command::Bindings => estate::open(model, EstateTableKind::Bindings),
        Command::Projects => estate::open(model, EstateTableKind::Projects),
        Command::Review => estate::open(model, EstateTableKind::Findings),
        // An error that was read goes with Esc before anything else does.
        Command::Back
            if model
                .notice
                .take()
                .is_some_and(|n| n.weight == Weight::Error) =>
        {
            Vec::new()
        }
        _ => return None,
    })
}

/// The change that is being written, when one is.
fn being_written(model: &Model) -> Option<Ticket> {
    model.overlays.iter().find_map(|overlay| match overlay {
        Overlay::Confirm(confirm) if confirm.busy() => Some(confirm.ticket),
        _ => None,
    })
}

/// Leaves. While a write is under way it takes a second press: what becomes of it is told by nobody then but
/// the history.
fn quit(model: &mut Model, printing: bool) -> Vec<Effect> {
    let writing = being_written(model);
    if writing.is_some() && model.left_open != writing {
        model.left_open = writing;
        model.fail(
            "A change is being written, and its answer is awaited; once more leaves without it.",
        );
        return Vec::new();
    }
    // What is supposed goes nowhere.
    what_if::end(model);
    let mut words = model.last_lines();
    if printing {
        let picture = kept_picture(model, model.size.0.max(SMALLEST.0));
        let picture = picture.iter().map(|line| visible(line));
        let asked = model.asked().map(printed).unwrap_or_default();
        if !asked.is_empty() {
            words.extend(picture);
            words.push(String::new());
        }
        words.extend(asked);
    }
    vec![Effect::Leave(Leave::Quit { words })]
}

/// Stops a load when one is under way, else leaves.
fn interrupt(model: &mut Model) -> Vec<Effect> {
    if !model.stops_first() {
        return quit(model, false);
    }
    let reading = model
        .asked()
        .is_some_and(|a| matches!(a.reading, Reading::Running));
    let listing = model.accounts.is_running();
    let estate = estate::stop(model);
    if reading && let Some(asked) = model.asked_mut() {
        asked.reading = Reading::Stopped;
    }
    let mut effects = vec![Effect::Cancel];
    if listing {
        model.accounts = Loading::Stopped;
        if let Some((before, gone)) = model.pick.keep() {
            effects.push(Effect::LetGo(gone));
            model.accounts = Loading::Done(before);
        }
    }
    watch::stopped(model);
    model.say(model.with_keys("Stopped. {refresh} reads again; {interrupt} leaves."));
    effects.extend(estate.unwrap_or_default());
    effects
}

fn text(model: &mut Model, context: KeyContext, key: Key) -> Vec<Effect> {
    match context {
        KeyContext::Pick => pick::text(model, key),
        KeyContext::Menu => menu::text_key(model, key),
        KeyContext::Find => find::text(model, key),
        KeyContext::Answer if key.character().is_some() => {
            let words = model.with_keys("does nothing here; {help} shows the keys.");
            model.say(format!("{key} {words}"));
            Vec::new()
        }
        _ => Vec::new(),
    }
}

/// Whether nothing is asked or under way above the screen.
fn only_pages(model: &Model) -> bool {
    model.overlays.iter().all(|o| matches!(o, Overlay::Page(_)))
}

/// A pasted text goes into the field in focus, and starts a new question elsewhere. It never runs
/// keys, and confirms nothing.
fn paste(model: &mut Model, text: &str) -> Vec<Effect> {
    match model.context() {
        KeyContext::Confirm => {
            model.fail("The word has to be typed; what was pasted is left out.");
            Vec::new()
        }
        KeyContext::Menu => menu::insert_text(model, text),
        KeyContext::Find => find::paste(model, text),
        KeyContext::Pick => pick::paste(model, text),
        KeyContext::Answer => pasted::question_from(model, text),
        KeyContext::Read if only_pages(model) => pasted::question_from(model, text),
        _ => Vec::new(),
    }
}

/// The keys that every text field knows. `true`: the key was for the field.
fn edit(input: &mut Input, key: Key) -> bool {
    let request = match (key.code(), key.ctrl(), key.alt()) {
        (KeyCode::Backspace, false, false) | (KeyCode::Char('h'), true, false) => {
            InputRequest::DeletePrevChar
        }
        (KeyCode::Delete, ..) => InputRequest::DeleteNextChar,
        (KeyCode::Left, false, false) | (KeyCode::Char('b'), true, false) => {
            InputRequest::GoToPrevChar
        }
        (KeyCode::Right, false, false) | (KeyCode::Char('f'), true, false) => {
            InputRequest::GoToNextChar
        }
        (KeyCode::Left, true, _) | (KeyCode::Char('b'), false, true) => InputRequest::GoToPrevWord,
        (KeyCode::Right, true, _) | (KeyCode::Char('f'), false, true) => InputRequest::GoToNextWord,
        (KeyCode::Home, ..) | (KeyCode::Char('a'), true, false) => InputRequest::GoToStart,
        (KeyCode::End, ..) | (KeyCode::Char('e'), true, false) => InputRequest::GoToEnd,
        (KeyCode::Char('w'), true, false) | (KeyCode::Backspace, _, true) => {
            InputRequest::DeletePrevWord
        }
        (KeyCode::Char('u'), true, false) => InputRequest::DeleteFromStart,
        (KeyCode::Char('k'), true, false) => InputRequest::DeleteTillEnd,
        _ => match key.character() {
            Some(c) => InputRequest::InsertChar(c),
            None => return false,
        },
    };
    let _ = input.handle(request);
    true
}

/// Puts a text into a field: one line, nothing hidden.
fn insert(input: &mut Input, text: &str) {
    let line = text.trim().lines().next().unwrap_or("");
    for c in line
        .chars()
        .filter(|c| !crate::text::is_hidden(*c))
        .take(2_000)
    {
        let _ = input.handle(InputRequest::InsertChar(c));
    }
}

/// Takes away all that lies over the screen; a list among it may be long.
fn uncover(model: &mut Model) -> Effect {
    Effect::LetGo(Box::new(std::mem::take(&mut model.overlays)))
}

/// Closes what lies on top; on the bottom, goes from an answer to where it was asked.
fn back(model: &mut Model) -> Vec<Effect> {
    match model.overlays.pop() {
        // A list may be long.
        Some(gone @ (Overlay::Table(_) | Overlay::Menu(_))) => vec![Effect::LetGo(Box::new(gone))],
        Some(_) => Vec::new(),
        None => {
            if model.screen == Screen::Answer && !what_if::end(model) {
                answer::step_back(model);
            }
            Vec::new()
        }
    }
}
