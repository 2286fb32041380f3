//! Choosing a caller and a target.

use std::sync::Arc;

use jiff::Timestamp;

use super::super::keys::Key;
use super::super::keys::command::Command;
use super::super::look::time::in_zone;
use super::super::model::list::Batch;
use super::super::model::{Account, AccountList, Loading, Model, Overlay, Screen, Side};
use super::super::run::effects::Effect;
use super::menu::matching;
use super::{ask, choosing, edit, insert, uncover};
use crate::google::listing::Listing;
use crate::iam::{Principal, Resource};
use crate::text::visible;

/// Accounts that came.
pub(super) fn came(model: &mut Model, callers: Arc<Batch<Account>>, targets: Arc<Batch<Account>>) {
    if let Some(coming) = &mut model.pick.coming {
        coming.take(callers, targets);
        return;
    }
    // Of a list that was read whole nothing more is missing.
    if model.pick.read_at.is_some() && !model.accounts.is_running() {
        return;
    }
    for overlay in &mut model.overlays {
        if let Overlay::Menu(menu) = overlay {
            menu.list.take(Arc::clone(&targets));
        }
    }
    model.pick.caller.take(callers);
    model.pick.target.take(targets);
    forget_listed(model);
}

/// What was given from outside stands in the list now.
fn forget_listed(model: &mut Model) {
    if let Some(Principal::ServiceAccount(email)) = &model.pick.other_caller
        && model
            .pick
            .caller
            .selected()
            .is_some_and(|a| a.email == *email)
    {
        model.pick.other_caller = None;
    }
    if let Some(target) = &model.pick.other_target
        && model
            .pick
            .target
            .selected()
            .is_some_and(|a| a.email == target.id())
    {
        model.pick.other_target = None;
    }
}

/// The end of a list: it is whole, or does not come.
pub(super) fn listed(
    model: &mut Model,
    result: Result<Listing, String>,
    at: Timestamp,
) -> Vec<Effect> {
    // One that was stopped is over.
    if model.pick.read_at.is_some() && !model.accounts.is_running() {
        return Vec::new();
    }
    let mut effects = Vec::new();
    match result {
        Ok(listing) => {
            // What was said of something else is not talked over.
            if let Some(words) = listing.way.words().filter(|_| model.notice.is_none()) {
                model.say(visible(&words));
            }
            if let Some(gone) = model.pick.exchange() {
                effects.push(Effect::LetGo(gone));
                for side in [Side::Caller, Side::Target] {
                    let rest = model.pick.list(side).rest();
                    effects.extend(matching(AccountList::Pick(side), rest, false));
                }
            }
            model.pick.read_at = Some(at);
            model.pick.is_old = false;
            model.accounts = Loading::Done(listing);
            forget_listed(model);
        }
        Err(why) => match (model.pick.keep(), model.pick.read_at) {
            (Some((before, gone)), Some(read)) => {
                effects.push(Effect::LetGo(gone));
                model.accounts = Loading::Done(before);
                let read = in_zone(read, "%H:%M:%S");
                model.fail(format!(
                    "The accounts were not read again; these are as of {read}: {why}"
                ));
            }
            _ => {
                model.fail(format!("The accounts could not be listed: {why}"));
                model.accounts = Loading::Failed(visible(&why));
            }
        },
    }
    effects
}

pub(super) fn run(model: &mut Model, command: Command) -> Vec<Effect> {
    let page = isize::try_from(model.room().max(2)).unwrap_or(10) - 1;
    let moves = matches!(
        command,
        Command::Up
            | Command::Down
            | Command::HalfUp
            | Command::HalfDown
            | Command::PageUp
            | Command::PageDown
            | Command::Top
            | Command::Bottom
    );
    if moves {
        let on_target = model.pick.on_target;
        forget_given(model, on_target);
    }
    let list = model.pick.focused();
    match command {
        Command::Up => list.step(-1),
        Command::Down => list.step(1),
        Command::HalfUp => list.step(-page / 2),
        Command::HalfDown => list.step(page / 2),
        Command::PageUp => list.step(-page),
        Command::PageDown => list.step(page),
        Command::Top => list.select_row(0),
        Command::Bottom => list.select_row(usize::MAX),
        Command::NextPanel | Command::PreviousPanel => model.pick.on_target = !model.pick.on_target,
        Command::Open => return open(model),
        Command::Back => return clear(model),
        Command::Permission => super::menu::permissions(model),
        Command::Pairs => super::pairs::open(model),
        Command::Refresh if model.reading.is_some() => model.say("It is still being read."),
        Command::Refresh => {
            // What was read is worth more than nothing, until what comes is whole.
            let mut effects = vec![Effect::List(model.scope.clone())];
            let mut read = None;
            if let Some((before, gone)) = model.pick.keep() {
                effects.push(Effect::LetGo(gone));
                read = Some(before);
            }
            if let Loading::Done(listing) = std::mem::replace(&mut model.accounts, Loading::begun())
            {
                read = Some(listing);
            }
            match read {
                Some(before) => model.pick.read_anew(before),
                None => {
                    let gone = (model.pick.caller.clear(), model.pick.target.clear());
                    model.pick.read_at = None;
                    effects.push(Effect::LetGo(Box::new(gone)));
                }
            }
            return effects;
        }
        _ => {}
    }
    Vec::new()
}

/// Esc: first the text typed, then back to the answer behind, if there is one.
fn clear(model: &mut Model) -> Vec<Effect> {
    let list = model.pick.focused();
    if !list.input.value().is_empty() {
        list.input.reset();
        let side = side_of(model.pick.on_target);
        return filter(model, side);
    }
    if model.pick.on_target {
        model.pick.on_target = false;
    } else if let Some(visit) = model.pick.behind.take().filter(|_| model.asked().is_some()) {
        super::answer::return_to(model, visit);
    } else {
        model.say(model.with_keys("Nothing to go back to. {interrupt} leaves."));
    }
    Vec::new()
}

/// Enter: the caller is taken, then the target; then the question is asked.
fn open(model: &mut Model) -> Vec<Effect> {
    if !model.pick.on_target {
        // The best of all is selected by when it is taken.
        let open = !model.pick.caller.is_matched();
        if !open && model.pick.chosen_caller().is_none() {
            model.say(missing(model, "caller"));
            return Vec::new();
        }
        model.pick.on_target = true;
        return Vec::new();
    }
    if choosing::waits(model) {
        return Vec::new();
    }
    match (model.pick.chosen_caller(), model.pick.chosen_target()) {
        (Some(caller), Some(target)) => {
            let permission = model.permission.clone();
            ask(model, caller, target, permission)
        }
        (None, _) => {
            model.pick.on_target = false;
            model.say(missing(model, "caller"));
            Vec::new()
        }
        (_, None) => {
            model.say(missing(model, "target"));
            Vec::new()
        }
    }
}

/// Shows the accounts, those alone that a text matches; a caller is chosen first.
pub(super) fn filtered(model: &mut Model, text: &str) -> Vec<Effect> {
    if model.screen == Screen::Answer {
        model.pick.behind = Some(model.visit);
        model.pick.is_old = true;
    }
    model.screen = Screen::Pick;
    let mut effects = vec![uncover(model)];
    model.pick.on_target = false;
    for side in [Side::Caller, Side::Target] {
        let list = model.pick.list_mut(side);
        list.input.reset();
        insert(&mut list.input, text);
        effects.extend(filter(model, side));
    }
    effects
}

fn missing(model: &Model, which: &str) -> String {
    match model.accounts {
        Loading::Running(_) => {
            format!("No {which} yet: the list is still loading. An address can be typed.")
        }
        _ => format!(
            "No {which} is chosen: nothing in the list matches. Type a whole address, user:… or principal://…"
        ),
    }
}

pub(super) fn text(model: &mut Model, key: Key) -> Vec<Effect> {
    let on_target = model.pick.on_target;
    let list = model.pick.focused();
    if edit(&mut list.input, key) {
        forget_given(model, on_target);
        return filter(model, side_of(on_target));
    }
    Vec::new()
}

/// What is typed replaces what was given from outside the list.
fn forget_given(model: &mut Model, target: bool) {
    if target {
        model.pick.other_target = None;
    } else {
        model.pick.other_caller = None;
    }
}

/// An address goes into the field; anything longer is read as an error.
pub(super) fn paste(model: &mut Model, text: &str) -> Vec<Effect> {
    let one_word = !text.trim().contains(char::is_whitespace) && text.len() < 400;
    if !one_word {
        return super::pasted::question_from(model, text);
    }
    let on_target = model.pick.on_target;
    let list = model.pick.focused();
    insert(&mut list.input, text);
    let side = side_of(on_target);
    forget_given(model, on_target);
    filter(model, side)
}

fn side_of(on_target: bool) -> Side {
    if on_target {
        Side::Target
    } else {
        Side::Caller
    }
}

/// Applies what is typed into a list; many accounts are matched elsewhere.
fn filter(model: &mut Model, side: Side) -> Vec<Effect> {
    let list = model.pick.list_mut(side);
    let under_way = !list.is_matched();
    list.filter();
    matching(AccountList::Pick(side), list.rest(), under_way)
}

/// Selects a pair that was given; what is in no list is kept beside it.
pub fn preset(model: &mut Model, caller: Option<Principal>, target: Option<Resource>) {
    if let Some(caller) = caller {
        match &caller {
            Principal::ServiceAccount(email) => {
                model.pick.caller.input.reset();
                model.pick.caller.refilter();
                model.pick.caller.select_key(email);
            }
            _ => model.pick.other_caller = Some(caller.clone()),
        }
        if let Principal::ServiceAccount(email) = &caller
            && !model.pick.caller.holds(email)
        {
            model.pick.other_caller = Some(caller);
        }
    }
    if let Some(target) = target {
        model.pick.target.input.reset();
        model.pick.target.refilter();
        model.pick.target.select_key(target.id());
        if !model.pick.target.holds(target.id()) {
            model.pick.other_target = Some(target);
        }
    }
}
