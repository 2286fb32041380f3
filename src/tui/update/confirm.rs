//! The confirmation: a diff, a word to be typed, the write, and the proof.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tui_input::Input;

use super::super::command::Command;
use super::super::effects::{Effect, powers};
use super::super::keymap::Key;
use super::super::message::{Look, Ticket, Written};
use super::super::model::{Act, Asked, Change, Confirm, Known, Model, Overlay, Phase};
use super::{answer, edit, menu, pages, table};
use crate::evaluate::Outcome;
use crate::repair::verify::Minted;
use crate::repair::{PlanOptions, Repair, plan};
use crate::text::visible;

/// The word for an ordinary grant, and for taking one back.
const GRANT: &str = "grant";
const UNDO: &str = "undo";
/// How long a grant for a limited time holds.
const LIMITED: SignedDuration = SignedDuration::from_hours(2);

/// Plans a fix and shows it; nothing is applied.
pub(super) fn open(model: &mut Model) -> Vec<Effect> {
    let Some(asked) = model.asked() else {
        return Vec::new();
    };
    let Some(known) = asked.known() else {
        model.say("The answer is not there yet.");
        return Vec::new();
    };
    if known.explanation.outcome == Outcome::WouldSucceed {
        model.say("Nothing is missing: the call would succeed as it is.");
        return Vec::new();
    }
    if known.repairs.is_empty() {
        pages::no_repair(model);
        return Vec::new();
    }
    let question = known.explanation.question.clone();
    let repairs = known.repairs.clone();
    let (word, weighty) = word_for(known, repairs.first());
    let meaning = meaning(known, repairs.first());
    let read_only = model
        .read_only
        .then(|| "this is a read-only session".to_owned());
    let ticket = model.ticket();
    model.overlays.push(Overlay::Confirm(Box::new(Confirm {
        ticket,
        question,
        act: Act::Grant {
            repairs,
            chosen: 0,
            limited: None,
        },
        word,
        weighty,
        input: Input::default(),
        phase: Phase::Asking { note: None },
        forbidden: read_only,
        meaning,
        offset: 0,
    })));
    Vec::new()
}

/// The word to be typed: longer for an account whose power is great.
fn word_for(known: &Known, repair: Option<&Repair>) -> (String, Option<String>) {
    let Some(repair) = repair else {
        return (GRANT.to_owned(), None);
    };
    let target = &repair.resource;
    match weight(known, target) {
        Some(why) => {
            let id = target.id();
            let name = id.split_once('@').map_or(id, |(name, _)| name);
            (visible(name), Some(why))
        }
        None => (GRANT.to_owned(), None),
    }
}

/// Why an account is one to be careful with: a basic role, or one that changes policies, on a project
/// or above. From what was read; an account that nothing was seen of is an ordinary one here.
fn weight(known: &Known, target: &crate::iam::Resource) -> Option<String> {
    let email = target.id();
    let member = format!("serviceAccount:{email}");
    for (at, index) in known.estate.grants_naming(&member) {
        let policy = known.estate.allow_policy(at).known().flatten()?;
        let binding = usize::try_from(*index)
            .ok()
            .and_then(|i| policy.bindings.get(i))?;
        let role = &*binding.role;
        let basic = matches!(role, "roles/owner" | "roles/editor");
        let changes_policies = known.estate.role(role).known().is_some_and(|r| {
            [
                "resourcemanager.projects.setIamPolicy",
                "resourcemanager.folders.setIamPolicy",
                "resourcemanager.organizations.setIamPolicy",
            ]
            .iter()
            .any(|p| r.includes(p))
        });
        if basic || changes_policies {
            return Some(format!("it holds {role} on {}", known.estate.label(at)));
        }
    }
    None
}

/// What the change means, in a few sentences.
fn meaning(known: &Known, repair: Option<&Repair>) -> Vec<String> {
    let Some(repair) = repair else {
        return Vec::new();
    };
    let caller = known.explanation.question.caller.short();
    let target = known.estate.label(&repair.resource);
    let held = powers(&known.estate, &repair.resource);
    let mut lines = vec![match held.split_first() {
        Some(((role, at), rest)) => {
            let more = match rest.len() {
                0 => String::new(),
                n => format!(" (and {n} more: i)"),
            };
            format!(
                "{caller} will be able to act as {target}, which holds {role} on {}{more}.",
                known.estate.label(at)
            )
        }
        None => format!(
            "{caller} will be able to act as {target}. What that account may do was not seen in the policies that were read."
        ),
    }];
    if !repair.certain {
        lines.push("Whether the caller is through then cannot be told: something that may still refuse it could not be read.".to_owned());
    }
    lines
}

/// Takes the newest change back, or the one given: asks first.
pub(super) fn open_undo(model: &mut Model, change: Option<Change>) -> Vec<Effect> {
    let Some(change) = change else {
        // Which one is the newest, the history knows.
        return table::open_history(model);
    };
    let Some(question) = model.asked().map(|a| a.question.clone()) else {
        model.say("Open the question that the change belongs to first.");
        return Vec::new();
    };
    let ticket = model.ticket();
    let read_only = model
        .read_only
        .then(|| "this is a read-only session".to_owned());
    model.overlays.push(Overlay::Confirm(Box::new(Confirm {
        ticket,
        question,
        act: Act::Undo(Box::new(change)),
        word: UNDO.to_owned(),
        weighty: None,
        input: Input::default(),
        phase: Phase::Asking { note: None },
        forbidden: read_only,
        meaning: vec![
            "Only what was added is taken out; whatever others changed since stays.".to_owned(),
        ],
        offset: 0,
    })));
    Vec::new()
}

/// Whether a key types: letters do, except that `t`, `y` and `i` are commands before the first one of
/// a word that does not begin with them.
pub(super) fn types(model: &mut Model, key: Key) -> bool {
    let Some(confirm) = model.confirm_mut() else {
        return false;
    };
    match key.character() {
        Some(c) if confirm.input.value().is_empty() => {
            !matches!(c, 't' | 'y' | 'i') || confirm.word.starts_with(c)
        }
        Some(_) => true,
        None => edits(key),
    }
}

/// Keys of a text field that are no characters; arrows up and down scroll the diff.
fn edits(key: Key) -> bool {
    use crossterm::event::KeyCode;
    matches!(key.code(), KeyCode::Backspace | KeyCode::Delete)
        || (key.ctrl() && matches!(key.code(), KeyCode::Char('u' | 'w' | 'h')))
}

pub(super) fn text(model: &mut Model, key: Key) -> Vec<Effect> {
    if let Some(confirm) = model.confirm_mut() {
        edit(&mut confirm.input, key);
    }
    Vec::new()
}

pub(super) fn run(model: &mut Model, command: Command) -> Vec<Effect> {
    let asking = matches!(
        model.confirm_mut().map(|c| &c.phase),
        Some(Phase::Asking { .. })
    );
    match command {
        Command::Back => return close(model),
        Command::Open if asking => return apply(model),
        Command::Open => return close(model),
        Command::Copy => menu::copy_change(model),
        Command::Meaning => pages::meaning(model),
        Command::NextRepair if asking => next(model),
        Command::ForTwoHours if asking => limit(model),
        Command::Undo if !asking => return undo_applied(model),
        Command::PageDown | Command::Down | Command::HalfDown => scroll(model, 1),
        Command::PageUp | Command::Up | Command::HalfUp => scroll(model, -1),
        _ => {}
    }
    Vec::new()
}

fn scroll(model: &mut Model, by: isize) {
    let step = isize::try_from(model.room.max(2) - 1).unwrap_or(1) * by;
    if let Some(confirm) = model.confirm_mut() {
        confirm.offset = confirm.offset.saturating_add_signed(step);
    }
}

/// Esc: first what is typed, then the confirmation. After the write the answer is read again.
fn close(model: &mut Model) -> Vec<Effect> {
    let Some(confirm) = model.confirm_mut() else {
        return Vec::new();
    };
    match &confirm.phase {
        Phase::Asking { .. } if !confirm.input.value().is_empty() => {
            confirm.input.reset();
            Vec::new()
        }
        Phase::Asking { .. } => {
            model.overlays.pop();
            model.say("Nothing was changed.");
            Vec::new()
        }
        Phase::Applying => {
            model.say("It was sent; its answer is awaited.");
            Vec::new()
        }
        Phase::Verifying { .. } | Phase::Proven { .. } | Phase::Undone(_) => {
            model.overlays.pop();
            let mut effects = vec![Effect::StopVerifying];
            effects.extend(answer::refresh(model));
            effects
        }
        Phase::Failed(_) => {
            model.overlays.pop();
            answer::refresh(model)
        }
    }
}

fn next(model: &mut Model) {
    let known = model.asked().and_then(Asked::known).cloned();
    let Some(confirm) = model.confirm_mut() else {
        return;
    };
    if let Act::Grant {
        repairs,
        chosen,
        limited,
    } = &mut confirm.act
    {
        let count = limited.as_ref().unwrap_or(repairs).len();
        if count < 2 {
            model.say("There is no other fix.");
            return;
        }
        *chosen = (*chosen + 1) % count;
        confirm.offset = 0;
        if let Some(known) = &known {
            confirm.meaning = meaning(known, confirm.repair());
        }
    }
}

/// The same grant with an end, or without one again.
fn limit(model: &mut Model) {
    let Some(known) = model.asked().and_then(Asked::known).cloned() else {
        return;
    };
    let Some(confirm) = model.confirm_mut() else {
        return;
    };
    let Act::Grant {
        limited, chosen, ..
    } = &mut confirm.act
    else {
        return;
    };
    confirm.offset = 0;
    if limited.take().is_some() {
        *chosen = 0;
        return;
    }
    let options = PlanOptions {
        // From the question's own moment: nothing here knows the clock.
        expires: known.explanation.question.time.checked_add(LIMITED).ok(),
        ..PlanOptions::default()
    };
    let plans = plan(&known.estate, &known.explanation, &known.causes, &options);
    if plans.is_empty() {
        model.say("A grant for a limited time would not help here.");
        return;
    }
    *chosen = 0;
    *limited = Some(plans);
}

/// Enter: applies when the word stands there, and only then.
fn apply(model: &mut Model) -> Vec<Effect> {
    let Some(confirm) = model.confirm_mut() else {
        return Vec::new();
    };
    if let Some(why) = confirm.forbidden.clone() {
        let hint = "y copies it as a request to somebody who may";
        model.fail(format!("Not applied: {why}; {hint}."));
        return Vec::new();
    }
    if confirm.input.value().trim() != confirm.word {
        let (word, typed) = (confirm.word.clone(), confirm.input.value().is_empty());
        model.say(if typed {
            format!("Nothing is applied yet: type {word}, then Enter.")
        } else {
            format!("That is not the word: type {word}, then Enter. Nothing is applied.")
        });
        return Vec::new();
    }
    confirm.input.reset();
    let ticket = confirm.ticket;
    let question = confirm.question.clone();
    let effect = match (&confirm.act, confirm.repair()) {
        (Act::Undo(change), _) => Effect::Undo {
            ticket,
            change: change.clone(),
        },
        (_, Some(repair)) => Effect::Apply {
            ticket,
            question,
            repair: Box::new(repair.clone()),
        },
        _ => return Vec::new(),
    };
    confirm.phase = Phase::Applying;
    vec![effect]
}

/// The write ended.
pub(super) fn written(model: &mut Model, ticket: Ticket, written: Written) -> Vec<Effect> {
    let mut changed = None;
    let mut effects = Vec::new();
    {
        let Some(confirm) = model.confirm_by(ticket) else {
            return Vec::new();
        };
        match written {
            Written::Applied(applied) => {
                if let (Some(id), Some(repair)) = (&applied.history_id, confirm.repair()) {
                    changed = Some(format!(
                        "changed: {} · take it back with: bindscope undo {id}",
                        visible(&repair.title)
                    ));
                }
                confirm.phase = Phase::Verifying {
                    applied,
                    elapsed: Duration::ZERO,
                    last: None,
                    tries: 0,
                };
                effects.push(Effect::Verify {
                    ticket,
                    question: confirm.question.clone(),
                });
            }
            Written::Changed(fresh) => {
                confirm.act = Act::Grant {
                    repairs: vec![*fresh],
                    chosen: 0,
                    limited: None,
                };
                confirm.offset = 0;
                confirm.phase = Phase::Asking {
                    note: Some(
                        "Somebody changed the policy meanwhile, and this change with it. Nothing was written. Look again:".to_owned(),
                    ),
                };
            }
            Written::Failed(why) => confirm.phase = Phase::Failed(visible(&why)),
        }
    }
    model.changed.extend(changed);
    effects
}

/// One look whether access works.
pub(super) fn looked(model: &mut Model, ticket: Ticket, look: Look) -> Vec<Effect> {
    let mut proven = None;
    {
        let Some(confirm) = model.confirm_by(ticket) else {
            return Vec::new();
        };
        let caller = confirm.question.caller.short();
        let Phase::Verifying {
            applied,
            last,
            tries,
            ..
        } = &mut confirm.phase
        else {
            return Vec::new();
        };
        *tries = look.tries;
        match look.result {
            Ok(verified) if verified.works() => {
                let minted = verified.minted == Minted::Yes;
                let proof = if minted {
                    format!("token minted as {} at {}", visible(&caller), look.at)
                } else {
                    format!("read again at {}: the call would succeed", look.at)
                };
                let applied = applied.clone();
                confirm.phase = Phase::Proven { applied, proof };
                proven = Some(minted.then_some(look.at));
            }
            Ok(verified) => *last = Some(Ok(verified)),
            Err(why) => *last = Some(Err(visible(&why))),
        }
    }
    let Some(at) = proven else {
        return Vec::new();
    };
    if let Some(asked) = model.asked_mut() {
        asked.proven = at;
    }
    // The picture below turns green while the proof is read.
    answer::refresh(model)
}

pub(super) fn elapsed(model: &mut Model, ticket: Ticket, now: Duration) {
    if let Some(confirm) = model.confirm_by(ticket)
        && let Phase::Verifying { elapsed, .. } = &mut confirm.phase
    {
        *elapsed = now;
    }
}

/// `u` after a write: takes it back, after a confirmation of its own.
fn undo_applied(model: &mut Model) -> Vec<Effect> {
    let id = match model.confirm_mut().map(|c| &c.phase) {
        Some(Phase::Verifying { applied, .. } | Phase::Proven { applied, .. }) => {
            applied.history_id.clone()
        }
        _ => None,
    };
    let Some(id) = id else {
        model.say("There is nothing of ours to take back.");
        return Vec::new();
    };
    table::undo_by_id(model, id)
}

/// The change was taken back, or not.
pub(super) fn undone(
    model: &mut Model,
    ticket: Ticket,
    result: Result<String, String>,
) -> Vec<Effect> {
    let Some(confirm) = model.confirm_by(ticket) else {
        return Vec::new();
    };
    match result {
        Ok(words) => {
            confirm.phase = Phase::Undone(visible(&words));
            model.changed.push(visible(&words));
            if let Some(asked) = model.asked_mut() {
                asked.proven = None;
            }
            answer::refresh(model)
        }
        Err(why) => {
            confirm.phase = Phase::Failed(visible(&why));
            Vec::new()
        }
    }
}

/// How long Google says such a change takes (Google's page "Access change propagation").
pub const EXPECTED: &str = "usually 2 minutes, sometimes 7 or more";

/// Whether the moment of a limited grant lies ahead; for the view.
#[must_use]
pub fn ends(repair: &Repair) -> Option<String> {
    let condition = repair.condition.as_ref()?;
    let title = condition.title.as_deref()?;
    let time: Timestamp = title.strip_prefix("until ")?.parse().ok()?;
    let local = time.to_zoned_datetime(jiff::tz::TimeZone::system());
    Some(local.strftime("%Y-%m-%d %H:%M %Z").to_string())
}
