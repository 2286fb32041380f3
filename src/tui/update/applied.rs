//! After the word: the writes, the looks whether access works, and taking it back.

use std::time::Duration;

use super::super::message::{Look, Written};
use super::super::model::{Act, Confirm, Model, Phase, Ticket};
use super::super::run::effects::Effect;
use super::{answer, table};
use crate::repair::verify::MintOutcome;
use crate::repair::{Remedy, RemedyStep, Repair};
use crate::text::visible;

/// A step is begun.
pub(super) fn step(model: &mut Model, ticket: Ticket, at: usize) {
    if let Some(confirm) = model.confirm_by(ticket)
        && let Phase::Applying { step } = &mut confirm.phase
    {
        *step = at;
    }
}

/// The writes ended.
pub(super) fn written(model: &mut Model, ticket: Ticket, written: Written) -> Vec<Effect> {
    let mut changed = Vec::new();
    let mut effects = Vec::new();
    let line = model.line.clone();
    {
        let Some(confirm) = model.confirm_by(ticket) else {
            return Vec::new();
        };
        let titles: Vec<String> = confirm
            .way()
            .map(|way| way.steps.iter().map(RemedyStep::title).collect())
            .unwrap_or_default();
        let note = |done: &[crate::repair::StepDone]| {
            titles
                .iter()
                .zip(done)
                .filter_map(|(title, done)| {
                    let id = done.history_id()?;
                    let back = match line.undo(id) {
                        Some(undo) => format!("take it back with: {undo}"),
                        None => "in an emulator of its own, which ends with this".to_owned(),
                    };
                    let line = format!("changed: {} · {back}", visible(title));
                    Some((id.to_owned(), line))
                })
                .collect::<Vec<_>>()
        };
        match written {
            Written::Done(done) => {
                changed = note(&done);
                confirm.phase = Phase::Verifying {
                    done,
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
                show_fresh(confirm, *fresh);
            }
            Written::Failed { why, done } => {
                changed = note(&done);
                let before = match done.len() {
                    0 => String::new(),
                    n => format!(
                        "{n} of {} steps were done and stay done; u in the history takes them back. Then: ",
                        titles.len()
                    ),
                };
                confirm.phase = Phase::Failed(visible(&format!("{before}{why}")));
            }
        }
    }
    model.changed.extend(changed);
    if !effects.is_empty() {
        // There is one watch, and it is this one's now.
        model.waiting = None;
        if let Some(asked) = model.asked_mut() {
            asked.applied = Some(ticket);
            asked.proven = None;
        }
    }
    effects
}

/// The policy is another by now: the same repair on it is shown, and asked about again.
fn show_fresh(confirm: &mut Confirm, fresh: Repair) {
    let certain = fresh.certain;
    confirm.act = Act::Grant {
        ways: vec![Remedy {
            title: fresh.title.clone(),
            steps: vec![RemedyStep::Binding(Box::new(fresh))],
            recommended: true,
            certain,
        }],
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

/// One look whether access works.
pub(super) fn looked(model: &mut Model, ticket: Ticket, look: Look) -> Vec<Effect> {
    let mut proven = None;
    {
        let Some(confirm) = model.confirm_by(ticket) else {
            return Vec::new();
        };
        let caller = confirm.question.caller.short();
        let Phase::Verifying {
            done, last, tries, ..
        } = &mut confirm.phase
        else {
            return Vec::new();
        };
        *tries = look.look;
        match look.result {
            Ok(verified) if verified.works() => {
                let minted = verified.minted == MintOutcome::Yes;
                let proof = if minted {
                    format!("token minted as {} at {}", visible(&caller), look.at)
                } else {
                    format!("read again at {}: the call would succeed", look.at)
                };
                let done = std::mem::take(done);
                confirm.phase = Phase::Proven { done, proof };
                proven = Some(minted.then_some(look.at));
            }
            Ok(verified) => *last = Some(Ok(verified)),
            Err(why) => *last = Some(Err(visible(&why))),
        }
    }
    let Some(at) = proven else {
        return Vec::new();
    };
    let shown = model.asked().is_some_and(|a| a.applied == Some(ticket));
    let of = model.visits.iter_mut();
    for asked in of.filter(|a| a.applied == Some(ticket)) {
        asked.applied = None;
        asked.proven.clone_from(&at);
    }
    if model.waiting.take_if(|c| c.ticket == ticket).is_some() {
        model.say(match at {
            Some(at) => format!("It works: a token was minted at {at}."),
            None => "It works: read again, the call would succeed.".to_owned(),
        });
    }
    // The picture below turns green while the proof is read.
    if shown {
        answer::refresh(model)
    } else {
        Vec::new()
    }
}

pub(super) fn elapsed(model: &mut Model, ticket: Ticket, now: Duration) {
    if let Some(confirm) = model.confirm_by(ticket)
        && let Phase::Verifying { elapsed, .. } = &mut confirm.phase
    {
        *elapsed = now;
    }
}

/// Nothing is looked at any more. The change stays.
pub(super) fn gave_up(model: &mut Model, ticket: Ticket, why: &str) {
    if let Some(confirm) = model.confirm_by(ticket)
        && let Phase::Verifying { last, .. } = &mut confirm.phase
    {
        *last = Some(Err(format!("no longer looked: {}", visible(why))));
    }
}

/// `u` after a write: takes it back, after a confirmation of its own.
pub(super) fn undo_applied(model: &mut Model) -> Vec<Effect> {
    let id = match model.confirm_mut().map(|c| &c.phase) {
        Some(Phase::Verifying { done, .. } | Phase::Proven { done, .. }) => done
            .iter()
            .rev()
            .find_map(|d| d.history_id().map(str::to_owned)),
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
            let words = visible(&words);
            let id = match &confirm.act {
                Act::Undo(change) => change.entry.id.clone(),
                Act::Grant { .. } => String::new(),
            };
            confirm.phase = Phase::Undone(words.clone());
            model.changed.retain(|(changed, _)| *changed != id);
            let line = format!("change {id}: {words}");
            model.changed.push((id, line));
            if let Some(asked) = model.asked_mut() {
                asked.proven = None;
                asked.applied = None;
            }
            model.waiting = None;
            let mut effects = vec![Effect::StopVerifying];
            effects.extend(answer::refresh(model));
            effects
        }
        Err(why) => {
            confirm.phase = Phase::Failed(visible(&why));
            Vec::new()
        }
    }
}
