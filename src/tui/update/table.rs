//! Lists over the screen: the history, who can reach a target, what a caller can reach.

use std::sync::Arc;

use super::super::keys::command::Command;
use super::super::model::{
    AskedPaths, Change, Model, Overlay, Paths, RowFilter, Rows, Table, Ticket, Undoing,
};
use super::super::pages::{change_page, paths_page};
use super::super::run::effects::Effect;
use super::answer::ask;
use super::estate::let_go;
use super::panels::stepped;
use super::{back, confirm, find};
use crate::evaluate::Question;
use crate::iam::{Principal, Resource};
use crate::text::visible;

pub(super) fn open_history(model: &mut Model) -> Vec<Effect> {
    let ticket = model.ticket();
    let table = Table::loading("changes made with bindscope", ticket);
    model.overlays.push(Overlay::Table(table));
    vec![Effect::History]
}

/// The history was read.
pub(super) fn history(model: &mut Model, result: Result<Vec<Change>, String>) -> Vec<Effect> {
    // Asked for by a change that is to be taken back: straight to its confirmation.
    if let Some(which) = model.undoing.take() {
        let found = result.map(|changes| {
            changes.into_iter().find(|change| match &which {
                Undoing::This(id) => change.entry.id == *id,
                Undoing::Newest => change.is_in_force(),
            })
        });
        return match (found, which) {
            (Ok(Some(change)), _) => confirm::open_undo(model, change),
            (Ok(None), Undoing::This(_)) => {
                model.fail("The history has no such change.");
                Vec::new()
            }
            (Ok(None), Undoing::Newest) => {
                model.say(model.with_keys(
                    "Nothing to take back: no change made here is in force. {history} lists all.",
                ));
                Vec::new()
            }
            (Err(why), _) => {
                model.fail(why);
                Vec::new()
            }
        };
    }
    if let Some(Overlay::Table(table)) = model.overlays.last_mut() {
        return filtering(table.fill(match result {
            Ok(changes) => Rows::Changes(changes),
            Err(why) => Rows::Failed(visible(&why)),
        }));
    }
    Vec::new()
}

/// Has what is left of a filter applied elsewhere.
pub(super) fn filtering(rest: Option<RowFilter>) -> Vec<Effect> {
    rest.map(Effect::FilterRows).into_iter().collect()
}

/// What a filter left is known.
pub(super) fn filtered(model: &mut Model, ticket: Ticket, query: &str, left: Vec<usize>) {
    for overlay in &mut model.overlays {
        if let Overlay::Table(table) = overlay
            && table.ticket == ticket
        {
            return table.filtered(query, left);
        }
    }
}

/// Reads the history for one change of it, to take it back.
pub(super) fn undo(model: &mut Model, which: Undoing) -> Vec<Effect> {
    model.undoing = Some(which);
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
    asked_paths(model, question, who)
}

/// Who gets tokens of an account, whoever asks.
pub(super) fn open_who(model: &mut Model, target: Resource) -> Vec<Effect> {
    let nobody = Principal::Other(String::new());
    let time = model.at.unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    asked_paths(model, Question::new(nobody, target, time), true)
}

fn asked_paths(model: &mut Model, question: Question, who: bool) -> Vec<Effect> {
    let title = if who {
        format!("who can reach {}", visible(question.target.id()))
    } else {
        format!("what {} can reach", visible(&question.caller.short()))
    };
    let ticket = model.ticket();
    let of = AskedPaths { question, who };
    let mut table = Table::loading(title, ticket);
    table.of = Some(Box::new(of.clone()));
    model.overlays.push(Overlay::Table(table));
    vec![read_paths(model, ticket, of)]
}

fn read_paths(model: &Model, ticket: Ticket, of: AskedPaths) -> Effect {
    Effect::Paths {
        ticket,
        question: of.question,
        who: of.who,
        scope: model.scope.clone(),
        fixed: model.at.is_some(),
    }
}

/// Reads the list that is shown again; what is filtered by, and the selected row's place, stay.
fn refresh(model: &mut Model) -> Vec<Effect> {
    let ticket = model.ticket();
    let Some(Overlay::Table(table)) = model.overlays.last_mut() else {
        return Vec::new();
    };
    table.ticket = ticket;
    let gone = std::mem::replace(&mut table.rows, Rows::Loading(0));
    let again = match table.of.as_deref().cloned() {
        Some(of) => read_paths(model, ticket, of),
        None => Effect::History,
    };
    vec![again, Effect::LetGo(Box::new(gone))]
}

/// Who can, or what can be reached, is known.
pub(super) fn paths(
    model: &mut Model,
    ticket: Ticket,
    result: Result<Arc<Paths>, String>,
) -> Vec<Effect> {
    let table = model.overlays.iter_mut().find_map(|o| match o {
        Overlay::Table(table) if table.ticket == ticket => Some(table),
        _ => None,
    });
    if let Some(table) = table {
        if let Ok(paths) = &result {
            table.title.clone_from(&paths.title);
        }
        return filtering(table.fill(match result {
            Ok(paths) => Rows::Paths(paths),
            Err(why) => Rows::Failed(visible(&why)),
        }));
    }
    vec![let_go(result)]
}

/// So many answers are here.
pub(super) fn paths_progress(model: &mut Model, ticket: Ticket, answers: usize) {
    for overlay in &mut model.overlays {
        if let Overlay::Table(table) = overlay
            && table.ticket == ticket
            && let Rows::Loading(so_far) = &mut table.rows
        {
            *so_far = answers;
        }
    }
}

pub(super) fn run(model: &mut Model, command: Command) -> Vec<Effect> {
    let page = model.room().max(2) - 1;
    let Some(Overlay::Table(table)) = model.overlays.last_mut() else {
        return Vec::new();
    };
    let (row, selected) = (table.row, table.selected());
    match (&table.rows, command) {
        // First what is typed, then the list.
        (_, Command::Back) if table.find.is_shown() => {
            find::forget(model);
            Vec::new()
        }
        (_, Command::Back) => {
            let loading = matches!(table.rows, Rows::Loading(_));
            let mut effects = back(model);
            if loading {
                effects.push(Effect::StopPaths);
            }
            effects
        }
        (_, Command::Find) => {
            find::open(model);
            Vec::new()
        }
        (_, Command::Refresh) => refresh(model),
        (Rows::Changes(changes), command) => {
            let change = selected.and_then(|at| changes.get(at)).cloned();
            match (command, change) {
                (Command::Open, Some(change)) => {
                    let page = change_page(&change);
                    model.overlays.push(Overlay::Page(page));
                    Vec::new()
                }
                (Command::Undo, Some(change)) => {
                    if confirm::stays_on(&change).is_none() {
                        model.overlays.pop();
                    }
                    confirm::open_undo(model, change)
                }
                (Command::Copy, Some(change)) => vec![Effect::Copy {
                    what: "the change's id".to_owned(),
                    text: change.entry.id,
                }],
                (command, _) => moved(table, row, page, command),
            }
        }
        (Rows::Paths(paths), command) => {
            let path = selected.and_then(|at| paths.rows.get(at)).cloned();
            match (command, path) {
                (Command::Open, Some(path)) => match path.pair {
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
                },
                (Command::Copy, Some(path)) => vec![Effect::Copy {
                    what: "the name".to_owned(),
                    text: path.name,
                }],
                (Command::Meaning, path) => {
                    let page = paths_page(paths, path.as_ref());
                    model.overlays.push(Overlay::Page(page));
                    Vec::new()
                }
                (command, _) => moved(table, row, page, command),
            }
        }
        (Rows::Loading(_) | Rows::Failed(_), command) => moved(table, row, page, command),
    }
}

fn moved(table: &mut Table, row: usize, page: usize, command: Command) -> Vec<Effect> {
    let last = table.len().saturating_sub(1);
    table.row = stepped(row, last, page, command);
    Vec::new()
}
