//! Choosing a caller and a target.

use std::sync::Arc;

use jiff::Timestamp;

use super::super::keys::Key;
use super::super::keys::command::Command;
use super::super::look::time::in_zone;
use super::super::model::list::Batch;
use super::super::model::{Account, Coming, Loading, Model, Screen, Side};
use super::super::run::effects::Effect;
use super::{ask, edit, insert};
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
pub(super) fn listed(model: &mut Model, result: Result<Listing, String>, at: Timestamp) {
    // One that was stopped is over.
    if model.pick.read_at.is_some() && !model.accounts.is_running() {
        return;
    }
    match result {
        Ok(listing) => {
            // What was said of something else is not talked over.
            if let Some(words) = listing.way.words().filter(|_| model.notice.is_none()) {
                model.say(visible(&words));
            }
            model.pick.exchange();
            model.pick.read_at = Some(at);
            model.pick.is_old = false;
            model.accounts = Loading::Done(listing);
            forget_listed(model);
        }
        Err(why) => match (model.pick.keep(), model.pick.read_at) {
            (Some(before), Some(read)) => {
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
}

pub(super) fn run(model: &mut Model, command: Command) -> Vec<Effect> {
    if command == Command::Open {
        // What is taken is the best of all.
        for list in [&mut model.pick.caller, &mut model.pick.target] {
            list.match_rest();
        }
    }
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
        Command::Refresh => {
            // What was read is worth more than nothing, until what comes is whole.
            let read = model.pick.coming.take().map(|coming| coming.before);
            let read = match std::mem::replace(&mut model.accounts, Loading::begun()) {
                Loading::Done(listing) => Some(listing),
                _ => read,
            };
            match read {
                Some(before) => model.pick.coming = Some(Coming::instead_of(before)),
                None => {
                    model.pick.caller.clear();
                    model.pick.target.clear();
                    model.pick.read_at = None;
                }
            }
            return vec![Effect::List(model.scope.clone())];
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
        list.refilter();
    } else if model.pick.on_target {
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
        if model.pick.chosen_caller().is_none() {
            model.say(missing(model, "caller"));
            return Vec::new();
        }
        model.pick.on_target = true;
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
pub(super) fn filtered(model: &mut Model, text: &str) {
    if model.screen == Screen::Answer {
        model.pick.behind = Some(model.visit);
        model.pick.is_old = true;
    }
    model.screen = Screen::Pick;
    model.overlays.clear();
    model.pick.on_target = false;
    for list in [&mut model.pick.caller, &mut model.pick.target] {
        list.input.reset();
        insert(&mut list.input, text);
        list.refilter();
    }
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
        let under_way = !list.is_matched();
        list.filter();
        let rest = list.rest();
        forget_given(model, on_target);
        let side = if on_target {
            Side::Target
        } else {
            Side::Caller
        };
        return match rest {
            Some(rest) => vec![Effect::Match(side, rest)],
            None if under_way => vec![Effect::StopMatching(side)],
            None => Vec::new(),
        };
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
    list.refilter();
    forget_given(model, on_target);
    Vec::new()
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
