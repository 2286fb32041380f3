//! An answer: the picture, the causes, and what can be done from there.

use super::super::keys::command::Command;
use super::super::model::{
    Asked, AskedFrom, KnownAnswer, Model, Overlay, Panel, Reading, Screen, Step, Ticket, Undoing,
    WhyRow,
};
use super::super::run::effects::Effect;
use super::super::words::in_zone;
use super::{back, beside, confirm, menu, pages, pick, table};
use crate::evaluate::{Cause, CauseKind, Outcome, Question};
use crate::google::survey::{Progress, ProgressState};
use crate::iam::{Permission, Principal, Resource};
use crate::text::visible;

/// So many questions are kept, to go back to (chosen).
pub const VISITS: usize = 50;

/// Asks a question: a new visit, whose facts are read.
pub fn ask(
    model: &mut Model,
    caller: Principal,
    target: Resource,
    permission: Permission,
) -> Vec<Effect> {
    let time = model.at.unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    let mut question = Question::new(caller, target, time);
    question.permission = permission;
    if let Some(given) = &model.given {
        keep(&mut question, given);
    }
    if let Some(pasted) = model.pick.pasted.take()
        && pasted.is_about(&question.caller, &question.target)
    {
        question.call = pasted.call();
    }
    ask_question(model, question)
}

/// What a caller brings goes with the caller, a chain and what is known of the call with the pair.
fn keep(question: &mut Question, given: &Question) {
    if question.caller == given.caller {
        question.attributes.clone_from(&given.attributes);
        question.claims.clone_from(&given.claims);
        if question.target.id() == given.target.id() {
            question.via.clone_from(&given.via);
            question.call.clone_from(&given.call);
        }
    }
}

/// The same with everything that a question may say.
pub(super) fn ask_question(model: &mut Model, question: Question) -> Vec<Effect> {
    let ticket = model.ticket();
    let before = match model.screen {
        Screen::Answer if !model.visits.is_empty() => AskedFrom::Answer(
            model
                .overlays
                .iter()
                .filter_map(|o| match o {
                    Overlay::Table(table) => Some(table.clone()),
                    _ => None,
                })
                .collect(),
        ),
        _ => AskedFrom::Pick,
    };
    let asked = Asked {
        ticket,
        question: question.clone(),
        steps: Vec::new(),
        reading: Reading::Running,
        panel: Panel::Why,
        tree_row: 0,
        tree_offset: 0,
        why_row: 0,
        why_offset: 0,
        why_scrolled: false,
        proven: None,
        applied: None,
        stale: None,
        before,
    };
    // As a browser does: what lay ahead is given up.
    if !model.visits.is_empty() {
        model.visits.truncate(model.visit + 1);
    }
    model.visits.push(asked);
    // Each holds an estate of its own; the oldest is forgotten first.
    let over = model.visits.len().saturating_sub(VISITS);
    model.visits.drain(..over);
    model.pick.behind = model.pick.behind.and_then(|at| at.checked_sub(over));
    model.visit = model.visits.len() - 1;
    model.permission = question.permission.clone();
    model.given = Some(question.clone());
    model.screen = Screen::Answer;
    model.overlays.clear();
    vec![Effect::Survey {
        ticket,
        question,
        fixed: model.at.is_some(),
    }]
}

pub(super) fn progress(model: &mut Model, ticket: Ticket, progress: Progress) {
    let Some(asked) = model.asked_by(ticket) else {
        return;
    };
    let label = visible(&progress.label);
    let state = match progress.state {
        ProgressState::Unreadable(why) => ProgressState::Unreadable(visible(&why)),
        other => other,
    };
    match asked.steps.iter_mut().find(|s| s.label == label) {
        Some(step) => step.state = state,
        None => asked.steps.push(Step { label, state }),
    }
}

pub(super) fn surveyed(
    model: &mut Model,
    ticket: Ticket,
    result: Result<Box<KnownAnswer>, String>,
) {
    let Some(asked) = model.asked_by(ticket) else {
        return;
    };
    match result {
        Ok(mut known) => {
            asked.question.time = known.explanation.question.time;
            // What was selected stays so, wherever it stands now; a first answer shows where the first
            // cause sits, else the target.
            let (row, cause) = (level_of(asked), cause_of(asked));
            let level = row.and_then(|at| known.rows.iter().position(|r| r.resource == at));
            asked.tree_row = level.unwrap_or_else(|| first_place(&known));
            let why = known.why_rows();
            let same = cause.and_then(|one| why.iter().position(|row| holds(&known, row, &one)));
            asked.why_row = same
                .unwrap_or(asked.why_row)
                .min(why.len().saturating_sub(1));
            // What was read later and says no counts again: somebody may have taken it out.
            if known.explanation.outcome == Outcome::WouldFail {
                asked.proven = None;
                asked.applied = None;
            }
            // A grant with which a token was minted counts.
            if asked.proven.is_some() {
                known
                    .causes
                    .retain(|c| c.kind != CauseKind::MayBePropagating);
            }
            asked.stale = None;
            asked.reading = Reading::Known(known);
        }
        Err(why) => {
            let why = visible(&why);
            match asked.known().map(|known| known.read_at) {
                // What was read is worth more than nothing, as long as it says how old it is.
                Some(read) => {
                    asked.stale = Some(why.clone());
                    let read = in_zone(read, "%H:%M:%S");
                    model.fail(format!("Not read again; this is as of {read}: {why}"));
                }
                None => asked.reading = Reading::Failed(why),
            }
        }
    }
}

/// The level that is selected in the picture.
fn level_of(asked: &Asked) -> Option<Option<Resource>> {
    let row = asked.known()?.rows.get(asked.tree_row)?;
    Some(row.resource.clone())
}

/// The cause that is selected.
fn cause_of(asked: &Asked) -> Option<Cause> {
    match asked.selected_why()? {
        WhyRow::Cause(at) => asked.known()?.causes.get(at).cloned(),
        WhyRow::Unread(which) => asked.known()?.causes.get(*which.first()?).cloned(),
    }
}

fn holds(known: &KnownAnswer, row: &WhyRow, one: &Cause) -> bool {
    let same = |at: &usize| {
        let cause = known.causes.get(*at);
        cause.is_some_and(|c| (c.kind, &c.place) == (one.kind, &one.place))
    };
    match row {
        WhyRow::Cause(at) => same(at),
        WhyRow::Unread(which) => which.iter().any(same),
    }
}

fn first_place(known: &KnownAnswer) -> usize {
    let cause = known.causes.first().and_then(|c| c.resource.as_ref());
    let at = |resource| {
        known
            .rows
            .iter()
            .position(|r| r.resource.as_ref() == Some(resource))
    };
    let target = known.rows.iter().rposition(|r| r.on_path);
    cause.and_then(at).or(target).unwrap_or_default()
}

pub(super) fn run(model: &mut Model, command: Command) -> Vec<Effect> {
    match command {
        Command::Pick => {
            model.screen = Screen::Pick;
            model.pick.behind = Some(model.visit);
            model.pick.on_target = false;
            if let Some(asked) = model.asked() {
                let (caller, target) =
                    (asked.question.caller.clone(), asked.question.target.clone());
                pick::preset(model, Some(caller), Some(target));
            }
            Vec::new()
        }
        Command::Back => back(model),
        Command::NextPanel | Command::PreviousPanel => {
            if let Some(asked) = model.asked_mut() {
                asked.panel = match asked.panel {
                    Panel::Tree => Panel::Why,
                    Panel::Why => Panel::Tree,
                };
            }
            Vec::new()
        }
        Command::Swap => swap(model),
        Command::Fix => confirm::open(model),
        Command::Copy => {
            menu::copy(model);
            Vec::new()
        }
        Command::Permission => {
            menu::permissions(model);
            Vec::new()
        }
        Command::Via => {
            beside::chain(model);
            Vec::new()
        }
        Command::Attributes => {
            beside::attributes(model);
            Vec::new()
        }
        Command::Refresh => refresh(model),
        Command::Earlier | Command::Later => {
            visit(model, command == Command::Later);
            Vec::new()
        }
        Command::Open => {
            pages::open_selected(model);
            Vec::new()
        }
        Command::Meaning => {
            pages::meaning(model);
            Vec::new()
        }
        Command::Console => pages::console(model),
        Command::Who | Command::Reach => table::open_paths(model, command == Command::Who),
        Command::Undo => table::undo(model, Undoing::Newest),
        other => {
            moved(model, other);
            Vec::new()
        }
    }
}

fn moved(model: &mut Model, command: Command) {
    let page = model.room().max(2) - 1;
    let natural = model.layout.why_natural;
    let Some(asked) = model.asked_mut() else {
        return;
    };
    let (rows, causes) = asked
        .known()
        .map_or((0, 0), |k| (k.rows.len(), k.why_rows().len()));
    let count = match asked.panel {
        Panel::Tree => rows,
        Panel::Why => causes,
    };
    let last = count.saturating_sub(1);
    if asked.panel == Panel::Why {
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
        if let Some(to) = to {
            asked.why_offset = to;
            return;
        }
    }
    let row = match asked.panel {
        Panel::Tree => &mut asked.tree_row,
        Panel::Why => &mut asked.why_row,
    };
    *row = stepped(*row, last, page, command);
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

/// Caller and target change places, where that makes a question: a person cannot be a target.
fn swap(model: &mut Model) -> Vec<Effect> {
    let Some(asked) = model.asked() else {
        return Vec::new();
    };
    let question = &asked.question;
    let Principal::ServiceAccount(caller) = &question.caller else {
        model.say("Only service accounts can be acted as; this caller is none, so it cannot be the target.");
        return Vec::new();
    };
    let target = asked.known().map_or_else(
        || question.target.id().to_owned(),
        |k| k.explanation.question.target.id().to_owned(),
    );
    let (caller, permission) = (Resource::account("-", caller), question.permission.clone());
    match Principal::parse(&target) {
        Ok(new_caller) => ask(model, new_caller, caller, permission),
        Err(_) => {
            model.say("The target is named by its unique id, and a caller needs an address.");
            Vec::new()
        }
    }
}

/// Reads everything again; the picture stays until the new one is there.
pub(super) fn refresh(model: &mut Model) -> Vec<Effect> {
    let ticket = model.ticket();
    let fixed = model.at.is_some();
    let Some(asked) = model.asked_mut() else {
        return Vec::new();
    };
    asked.ticket = ticket;
    asked.steps.clear();
    if asked.known().is_none() {
        asked.reading = Reading::Running;
    }
    let question = asked.question.clone();
    vec![Effect::Survey {
        ticket,
        question,
        fixed,
    }]
}

/// Shows a question that was asked before; what is asked next begins with what it asks for.
fn show(model: &mut Model, visit: usize) {
    model.visit = visit;
    let question = model.asked().map(|asked| asked.question.clone());
    if let Some(question) = question {
        model.permission = question.permission.clone();
        model.given = Some(question);
    }
}

/// One step back from an answer: to the list or the answer that it was asked from, or to the pair.
pub(super) fn step_back(model: &mut Model) {
    match model.asked().map(|asked| asked.before.clone()) {
        Some(AskedFrom::Answer(lists)) if model.visit > 0 => {
            show(model, model.visit - 1);
            model.overlays = lists.into_iter().map(Overlay::Table).collect();
        }
        Some(AskedFrom::Given) => {
            model.say("Nothing to go back to: p picks another pair, q leaves.");
        }
        _ => model.screen = Screen::Pick,
    }
}

/// From choosing a pair back to the answer that it was begun from, if there is one.
pub(super) fn return_to(model: &mut Model, visit: usize) {
    show(model, visit.min(model.visits.len().saturating_sub(1)));
    model.screen = Screen::Answer;
}

fn visit(model: &mut Model, later: bool) {
    let to = if later {
        model.visit + 1
    } else {
        match model.visit.checked_sub(1) {
            Some(to) => to,
            None => {
                model.say("This is the first question.");
                return;
            }
        }
    };
    if to < model.visits.len() {
        show(model, to);
    } else {
        model.say("This is the newest question.");
    }
}
