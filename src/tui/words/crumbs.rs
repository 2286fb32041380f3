//! Where one is, and what one step back leads to: the screens that lie below this one, in a line.

use super::super::look::text::{cut_middle, width};
use super::super::model::{Asked, AskedFrom, KeptList, Model, Overlay, Screen};
use crate::iam::address;
use crate::text::visible;

/// So many answers back are told (chosen).
const BACK: usize = 4;

/// What lies below, the lowest first, this screen last; nothing where a step back leads to choosing a pair, or nowhere.
#[must_use]
pub fn crumbs(model: &Model) -> Vec<String> {
    let mut trail = Vec::new();
    match (model.screen, model.asked()) {
        (Screen::Answer, Some(asked)) => {
            let mut answers = Vec::new();
            let mut at = model.visit;
            let mut here = asked;
            for _ in 0..BACK {
                answers.push(pair(model, here));
                let (AskedFrom::Answer(lists), Some(before)) = (&here.before, at.checked_sub(1))
                else {
                    if let AskedFrom::Pick(lists) = &here.before {
                        let below: Vec<String> =
                            lists.iter().rev().map(|l| list(model, l)).collect();
                        if !below.is_empty() {
                            answers.extend(below);
                            answers.push("pick".to_owned());
                        }
                    }
                    break;
                };
                answers.extend(lists.iter().rev().map(|l| list(model, l)));
                let Some(asked) = model.visits.get(before) else {
                    break;
                };
                (at, here) = (before, asked);
            }
            trail.extend(answers.into_iter().rev());
        }
        _ => trail.push("pick".to_owned()),
    }
    trail.extend(model.overlays.iter().map(|o| over(model, o)));
    if trail.len() < 2 {
        return Vec::new();
    }
    trail
}

/// The same in one line: what does not fit goes from its beginning.
#[must_use]
pub fn crumbs_line(model: &Model, room: usize) -> String {
    let joint = format!(" {} ", model.glyphs.pick("›", ">"));
    let ellipsis = model.glyphs.ellipsis();
    let mut trail = crumbs(model);
    let Some(last) = trail.pop() else {
        return String::new();
    };
    // That there is something before it is said in any case.
    let lead = if trail.is_empty() {
        0
    } else {
        width(&joint) + 1
    };
    let mut line = cut_middle(&last, room.saturating_sub(lead), ellipsis).into_owned();
    while let Some(before) = trail.pop() {
        let longer = format!("{before}{joint}{line}");
        let lead = if trail.is_empty() {
            0
        } else {
            width(&joint) + 1
        };
        if width(&longer) + lead > room {
            return format!("{ellipsis}{joint}{line}");
        }
        line = longer;
    }
    line
}

fn pair(model: &Model, asked: &Asked) -> String {
    let question = &asked.question;
    let arrow = model.glyphs.arrow();
    let (caller, target) = (
        question.caller.short(),
        address::short(question.target.id()),
    );
    visible(&format!(
        "{} {arrow} {}",
        address::name(&caller),
        address::name(target)
    ))
}

fn list(model: &Model, list: &KeptList) -> String {
    match list {
        KeptList::Table(table) => filtered(&table.title, table.find.text()),
        KeptList::Estate(kind) => filtered(kind.word(), model.estate.view(*kind).find.text()),
        KeptList::Finding(page) => visible(&page.title),
    }
}

fn over(model: &Model, overlay: &Overlay) -> String {
    match overlay {
        Overlay::Page(page) => visible(&page.title),
        Overlay::Menu(menu) => visible(&menu.title),
        Overlay::Confirm(_) => "confirmation".to_owned(),
        Overlay::Table(table) => filtered(&table.title, table.find.text()),
        Overlay::Estate(kind) => filtered(kind.word(), model.estate.view(*kind).find.text()),
    }
}

fn filtered(title: &str, filter: &str) -> String {
    let title = visible(title);
    if filter.is_empty() {
        return title;
    }
    format!("{title} /{}", visible(filter))
}
