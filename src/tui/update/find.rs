//! `/`: a filter of a list, a search in a page; `n` and `N` go through what was found.

use super::super::keys::Key;
use super::super::keys::command::Command;
use super::super::look::find::Find;
use super::super::look::page::ScreenPage;
use super::super::model::{Model, Overlay, Screen};
use super::super::run::effects::Effect;
use super::{edit, insert};

/// What is looked for in what lies on top.
fn find(model: &mut Model) -> Option<&mut Find> {
    if model.overlays.is_empty() {
        let answers = model.screen == Screen::Answer;
        return model.asked_mut().filter(|_| answers).map(|a| &mut a.find);
    }
    if let Some(Overlay::Estate(kind)) = model.overlays.last() {
        return Some(&mut model.estate.view_mut(*kind).find);
    }
    match model.overlays.last_mut() {
        Some(Overlay::Page(page)) => Some(&mut page.find),
        Some(Overlay::Table(table)) => Some(&mut table.find),
        _ => None,
    }
}

/// Opens the field.
pub(super) fn open(model: &mut Model) {
    if let Some(find) = find(model) {
        find.typing = true;
    }
}

/// Takes what was typed back; `true`: there was something.
pub(super) fn forget(model: &mut Model) -> bool {
    let there = find(model).is_some_and(|find| {
        let there = find.is_shown();
        *find = Find::default();
        there
    });
    if there {
        // No filter of a table that is arranged elsewhere is forgotten so.
        let _ = apply(model);
    }
    there
}

/// The same where the rows are arranged elsewhere.
pub(super) fn take_back(model: &mut Model) -> Vec<Effect> {
    if let Some(find) = find(model) {
        *find = Find::default();
    }
    apply(model)
}

pub(super) fn run(model: &mut Model, command: Command) -> Vec<Effect> {
    match command {
        Command::Open => {
            if let Some(find) = find(model) {
                find.typing = false;
            }
            Vec::new()
        }
        Command::Back => take_back(model),
        // What lies below moves while one types.
        other => match model.overlays.last() {
            Some(Overlay::Table(_)) => super::table::run(model, other),
            Some(Overlay::Estate(_)) => super::estate::run(model, other),
            None => super::answer::run(model, other),
            _ => super::pages::run(model, other),
        },
    }
}

pub(super) fn text(model: &mut Model, key: Key) -> Vec<Effect> {
    if find(model).is_some_and(|find| edit(&mut find.input, key)) {
        return apply(model);
    }
    Vec::new()
}

pub(super) fn paste(model: &mut Model, text: &str) -> Vec<Effect> {
    let Some(find) = find(model) else {
        return Vec::new();
    };
    insert(&mut find.input, text);
    apply(model)
}

fn apply(model: &mut Model) -> Vec<Effect> {
    if let Some(Overlay::Estate(kind)) = model.overlays.last() {
        let kind = *kind;
        return super::estate::refilter(model, kind);
    }
    match model.overlays.last_mut() {
        Some(Overlay::Table(table)) => return super::table::filtering(table.refilter()),
        Some(Overlay::Page(page)) => {
            page.hit = page.found().first().copied();
            page.reveal = true;
        }
        None => {
            if let Some(asked) = model.asked_mut() {
                asked.hit = None;
                if let Some(first) = asked.found().first().copied() {
                    asked.go_to(first);
                }
            }
        }
        _ => {}
    }
    Vec::new()
}

/// The next or the previous line in which it stands; past the end, the first again.
pub(super) fn step(model: &mut Model, forward: bool) {
    if model.overlays.is_empty() {
        return in_answer(model, forward);
    }
    let Some(Overlay::Page(page)) = model.overlays.last_mut() else {
        return;
    };
    if page.find.text().is_empty() {
        model.say(model.with_keys("Nothing is looked for yet: {find} searches the page."));
        return;
    }
    let words = stepped(page, forward);
    if let Some(words) = words {
        model.say(words);
    }
}

/// The next or the previous place of an answer.
fn in_answer(model: &mut Model, forward: bool) {
    let nothing = model.with_keys("Nothing is looked for yet: {find} searches picture and causes.");
    let Some(asked) = model.asked_mut() else {
        return;
    };
    if asked.find.text().is_empty() {
        model.say(nothing);
        return;
    }
    let found = asked.found();
    let at = asked.hit;
    let next = if forward {
        found.iter().find(|place| Some(**place) > at)
    } else {
        found.iter().rev().find(|place| Some(**place) < at)
    };
    let (to, words) = match (next, forward) {
        (Some(next), _) => (Some(next), None),
        (None, true) => (found.first(), Some("From the top again.")),
        (None, false) => (found.last(), Some("From the end again.")),
    };
    let words = match to {
        Some(to) => {
            asked.go_to(*to);
            words.map(str::to_owned)
        }
        None => Some(format!("Nothing here says {}.", asked.find.text())),
    };
    if let Some(words) = words {
        model.say(words);
    }
}

fn stepped(page: &mut ScreenPage, forward: bool) -> Option<String> {
    let found = page.found();
    let (Some(first), Some(last)) = (found.first().copied(), found.last().copied()) else {
        return Some(format!("Nothing here says {}.", page.find.text()));
    };
    let at = page.hit.unwrap_or(first);
    let next = if forward {
        found.iter().copied().find(|line| *line > at)
    } else {
        found.iter().copied().rev().find(|line| *line < at)
    };
    let (to, words) = match (next, forward) {
        (Some(next), _) => (next, None),
        (None, true) => (first, Some("From the top again.")),
        (None, false) => (last, Some("From the end again.")),
    };
    page.hit = Some(to);
    page.reveal = true;
    words.map(str::to_owned)
}
