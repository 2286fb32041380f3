//! Moving in the panels of an answer: the picture with its folds and leaves, the causes, the side panel.

use super::super::keys::command::Command;
use super::super::model::tree::{Shown, shown};
use super::super::model::{Asked, Model, Panel, Reading};
use crate::iam::Resource;

/// The panel after this one, or before it. `beside`: the selected level's policy stands beside them.
pub(super) fn other_panel(panel: Panel, forward: bool, beside: bool) -> Panel {
    match (panel, forward) {
        (Panel::Tree, true) | (Panel::Policy, false) => Panel::Why,
        (Panel::Why, true) | (Panel::Tree, false) if beside => Panel::Policy,
        (Panel::Tree, false) => Panel::Why,
        (Panel::Why | Panel::Policy, _) => Panel::Tree,
    }
}

/// Moves in the panel that has the focus.
pub(super) fn moved(model: &mut Model, command: Command) {
    let page = model.room().max(2) - 1;
    let natural = model.layout.why_natural;
    let tree_room = model.layout.tree_room;
    let beside = model.layout.policy.is_some();
    let Some(asked) = model.asked_mut() else {
        return;
    };
    let causes = asked.known().map_or(0, |k| k.why_rows().len());
    let last = causes.saturating_sub(1);
    match asked.panel {
        // It went when the screen was made narrower.
        Panel::Policy if !beside => asked.panel = Panel::Tree,
        Panel::Policy if command == Command::Left => asked.panel = Panel::Tree,
        Panel::Policy => {
            let at = asked.policy_offset;
            asked.policy_offset = match command {
                Command::Bottom => usize::MAX,
                Command::Down => at.saturating_add(1),
                Command::PageDown => at.saturating_add(page),
                Command::HalfDown => at.saturating_add(page / 2),
                other => stepped(at, at, page, other),
            };
        }
        Panel::Tree => in_tree(asked, tree_room, page, command),
        // What is unfolded stands in the picture.
        Panel::Why if matches!(command, Command::Left | Command::Right) => {
            asked.panel = Panel::Tree;
        }
        // The cursor goes on from one panel to the other.
        Panel::Why
            if command == Command::Up && asked.why_row == 0 && asked.why_offset <= natural =>
        {
            asked.panel = Panel::Tree;
            asked.why_scrolled = false;
            in_tree(asked, tree_room, page, Command::Bottom);
        }
        Panel::Why => {
            let at = asked.why_offset;
            let to = match command {
                // At the last cause, what stands below it comes into sight line by line, and goes so.
                Command::Down if asked.why_row >= last => Some(at.saturating_add(1)),
                Command::Up if at > natural => Some(at - 1),
                Command::PageDown => Some(at.saturating_add(page)),
                Command::PageUp => Some(at.saturating_sub(page)),
                Command::HalfDown => Some(at.saturating_add(page / 2)),
                Command::HalfUp => Some(at.saturating_sub(page / 2)),
                Command::Bottom => {
                    asked.why_row = last;
                    Some(usize::MAX)
                }
                _ => None,
            };
            asked.why_scrolled = to.is_some();
            match to {
                Some(to) => asked.why_offset = to,
                None => asked.why_row = stepped(asked.why_row, last, page, command),
            }
        }
    }
}

/// Moves among the lines of the tree that are shown; from its last one on to the causes.
fn in_tree(asked: &mut Asked, room: usize, page: usize, command: Command) {
    let Some(known) = asked.known() else { return };
    let lines = shown(&known.rows, &asked.opened, asked.tree_row, room);
    let last = lines.len().saturating_sub(1);
    let row = asked.tree_row;
    let at = lines.iter().position(|l| l.holds(row)).unwrap_or(last);
    match command {
        Command::Down if at == last => asked.panel = Panel::Why,
        Command::Left | Command::Right => {
            let right = command == Command::Right;
            let line = lines.get(at).cloned();
            fold(asked, line.as_ref(), right);
        }
        _ => {
            let to = stepped(at, last, page, command);
            asked.tree_row = lines.get(to).map_or(row, Shown::at);
            asked.policy_offset = 0;
        }
    }
}

/// Unfolds what is selected, or folds it. From a leaf, folding leads to its level.
fn fold(asked: &mut Asked, line: Option<&Shown>, unfold: bool) {
    let row = asked.known().and_then(|k| k.rows.get(asked.tree_row));
    let Some((selected, resource)) = row.and_then(|r| Some((r.clone(), r.resource.clone()?)))
    else {
        return;
    };
    match (line, unfold) {
        (Some(Shown::Fold { .. }), true) => {
            asked.opened.runs.insert(resource.clone());
        }
        (_, true) => {
            asked.opened.levels.insert(resource.clone());
        }
        (_, false) if asked.opened.levels.remove(&resource) => {}
        // Nothing is unfolded here: levels that were are folded again, or the way leads up.
        (_, false) if selected.leaf.is_some() => return select_level(asked, &resource),
        (_, false) => asked.opened.runs.clear(),
    }
    let opened = asked.opened.clone();
    if let Reading::Known(known) = &mut asked.reading {
        known.unfold(&opened);
        let same = known.rows.iter().position(|r| r.is_same(&selected));
        match same {
            Some(at) => asked.tree_row = at,
            None => select_level(asked, &resource),
        }
    }
}

fn select_level(asked: &mut Asked, resource: &Resource) {
    let at = asked
        .known()
        .and_then(|k| k.rows.iter().position(|r| r.is_level(resource)));
    if let Some(at) = at {
        asked.tree_row = at;
    }
}

/// Opens the folded levels that are selected. `false`: none are.
pub(super) fn open_fold(model: &mut Model) -> bool {
    let room = model.layout.tree_room;
    let Some(asked) = model.asked_mut() else {
        return false;
    };
    let Some(known) = asked.known().filter(|_| asked.panel == Panel::Tree) else {
        return false;
    };
    let lines = shown(&known.rows, &asked.opened, asked.tree_row, room);
    let line = lines.into_iter().find(|l| l.holds(asked.tree_row));
    if !matches!(line, Some(Shown::Fold { .. })) {
        return false;
    }
    fold(asked, line.as_ref(), true);
    true
}

/// Where a movement leads in a list whose last row is `last`.
pub(super) fn stepped(row: usize, last: usize, page: usize, command: Command) -> usize {
    match command {
        Command::Up => row.saturating_sub(1),
        Command::Down => (row + 1).min(last),
        Command::HalfUp => row.saturating_sub(page / 2),
        Command::HalfDown => (row + page / 2).min(last),
        Command::PageUp => row.saturating_sub(page),
        Command::PageDown => (row + page).min(last),
        Command::Top => 0,
        Command::Bottom => last,
        _ => row,
    }
}
