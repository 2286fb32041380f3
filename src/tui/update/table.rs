//! Lists over the screen: the history, who can reach a target, what a caller can reach.

use std::sync::Arc;

use super::super::keys::command::Command;
use super::super::model::{Change, Model, Overlay, Paths, Rows, Table, Ticket};
use super::super::pages::change_page;
use super::super::run::effects::Effect;
use super::answer::{ask, stepped};
use super::{back, confirm};
use crate::text::visible;

pub(super) fn open_history(model: &mut Model) -> Vec<Effect> {
    let ticket = model.ticket();
    model.overlays.push(Overlay::Table(Table {
        title: "changes made with bindscope".to_owned(),
        rows: Rows::Loading,
        row: 0,
        offset: 0,
        ticket,
    }));
    vec![Effect::History]
}

/// The history was read.
pub(super) fn history(model: &mut Model, result: Result<Vec<Change>, String>) -> Vec<Effect> {
    // Asked for by a change that is to be taken back: straight to its confirmation.
    if let Some(id) = model.undoing.take() {
        return match result {
            Ok(changes) => match changes.into_iter().find(|c| c.entry.id == id) {
                Some(change) => confirm::open_undo(model, Some(change)),
                None => {
                    model.fail("The history has no such change.");
                    Vec::new()
                }
            },
            Err(why) => {
                model.fail(why);
                Vec::new()
            }
        };
    }
    if let Some(Overlay::Table(table)) = model.overlays.last_mut() {
        table.rows = match result {
            Ok(changes) => Rows::Changes(changes),
            Err(why) => Rows::Failed(visible(&why)),
        };
    }
    Vec::new()
}

/// Reads the history for one change of it, to take it back.
pub(super) fn undo_by_id(model: &mut Model, id: String) -> Vec<Effect> {
    model.undoing = Some(id);
    vec![Effect::History]
}

pub(super) fn open_paths(model: &mut Model, who: bool) -> Vec<Effect> {
    let Some(asked) = model.asked() else {
        return Vec::new();
    };
    let question = asked.known().map_or_else(
        || asked.question.clone(),
        |k| k.explanation.question.clone(),
    );
    let title = if who {
        format!("who can reach {}", visible(question.target.id()))
    } else {
        format!("what {} can reach", visible(&question.caller.short()))
    };
    let ticket = model.ticket();
    model.overlays.push(Overlay::Table(Table {
        title,
        rows: Rows::Loading,
        row: 0,
        offset: 0,
        ticket,
    }));
    let scope = model.scope.clone();
    let fixed = model.at.is_some();
    vec![Effect::Paths {
        ticket,
        question,
        who,
        scope,
        fixed,
    }]
}

/// Who can, or what can be reached, is known.
pub(super) fn paths(model: &mut Model, ticket: Ticket, result: Result<Arc<Paths>, String>) {
    let table = model.overlays.iter_mut().find_map(|o| match o {
        Overlay::Table(table) if table.ticket == ticket => Some(table),
        _ => None,
    });
    if let Some(table) = table {
        table.rows = match result {
            Ok(paths) => {
                table.title.clone_from(&paths.title);
                Rows::Paths(paths)
            }
            Err(why) => Rows::Failed(visible(&why)),
        };
    }
}

pub(super) fn run(model: &mut Model, command: Command) -> Vec<Effect> {
    let page = model.room().max(2) - 1;
    let Some(Overlay::Table(table)) = model.overlays.last_mut() else {
        return Vec::new();
    };
    let selected = table.row;
    match (&table.rows, command) {
        (_, Command::Back) => {
            let loading = matches!(table.rows, Rows::Loading);
            let mut effects = back(model);
            if loading {
                effects.push(Effect::StopPaths);
            }
            effects
        }
        (Rows::Changes(changes), Command::Open) => {
            if let Some(change) = changes.get(selected) {
                let page = change_page(change);
                model.overlays.push(Overlay::Page(page));
            }
            Vec::new()
        }
        (Rows::Changes(changes), Command::Undo) => match changes.get(selected).cloned() {
            Some(change) => {
                model.overlays.pop();
                confirm::open_undo(model, Some(change))
            }
            None => Vec::new(),
        },
        (Rows::Changes(changes), Command::Copy) => match changes.get(selected) {
            Some(change) => vec![Effect::Copy {
                what: "the change's id".to_owned(),
                text: change.entry.id.clone(),
            }],
            None => Vec::new(),
        },
        (Rows::Paths(paths), Command::Open) => {
            match paths.rows.get(selected).and_then(|r| r.pair.clone()) {
                Some((caller, target)) => {
                    let permission = model.permission.clone();
                    ask(model, caller, target, permission)
                }
                None => {
                    model.say(
                        "This is no single identity, so there is no question to ask about it.",
                    );
                    Vec::new()
                }
            }
        }
        (Rows::Paths(paths), Command::Copy) => match paths.rows.get(selected) {
            Some(row) => vec![Effect::Copy {
                what: "the name".to_owned(),
                text: row.name.clone(),
            }],
            None => Vec::new(),
        },
        _ => {
            let last = table.len().saturating_sub(1);
            table.row = stepped(selected, last, page, command);
            Vec::new()
        }
    }
}
