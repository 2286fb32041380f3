//! After the word: the writes, the looks whether access works, and taking it back.

use std::time::Duration;

use super::super::message::{Look, Written};
use super::super::model::{Act, Confirm, Model, Overlay, Phase, Ticket, Undoing};
use super::super::run::effects::Effect;
use super::{answer, table};
use crate::iam::address;
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
                    1 => format!(
                        "1 of {} steps was done and stays done; u in the history takes it back. Then: ",
                        titles.len()
                    ),
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
    let lasts = model.confirm_by(ticket).is_some_and(|it| it.lasts());
    if !effects.is_empty()
        && let Some(asked) = model.asked_mut()
    {
        asked.lasts = lasts;
        asked.was = asked.outcome();
        asked.applied = Some(ticket);
        asked.proven = None;
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
    let behind = model.waiting.iter().position(|c| c.ticket == ticket);
    if let Some(confirm) = behind.map(|at| model.waiting.remove(at)) {
        let question = &confirm.question;
        let who = visible(&format!(
            "{} as {}",
            question.caller.short(),
            address::short(question.target.id())
        ));
        model.say(match at {
            Some(at) => format!("It works, {who}: a token was minted at {at}."),
            None => format!("It works, {who}: read again, the call would succeed."),
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
    let id = model
        .confirm_mut()
        .and_then(|confirm| confirm.made().last().map(str::to_owned));
    let Some(id) = id else {
        model.say("There is nothing of ours to take back.");
        return Vec::new();
    };
    table::undo(model, Undoing::This(id))
}

/// What was taken back is watched no longer; gives the tickets of those that made it.
fn unwatch(model: &mut Model, id: &str) -> Vec<Ticket> {
    let shown = model.overlays.iter().filter_map(|o| match o {
        Overlay::Confirm(confirm) => Some(&**confirm),
        _ => None,
    });
    let made = shown
        .chain(&model.waiting)
        .filter(|confirm| confirm.made().any(|one| one == id));
    let tickets: Vec<Ticket> = made.map(|confirm| confirm.ticket).collect();
    model.waiting.retain(|c| !tickets.contains(&c.ticket));
    for asked in &mut model.visits {
        asked.applied.take_if(|ticket| tickets.contains(ticket));
    }
    tickets
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
            let undone = id.clone();
            model.changed.push((id, line));
            let mut effects: Vec<Effect> = unwatch(model, &undone)
                .into_iter()
                .map(Effect::StopVerifying)
                .collect();
            if let Some(asked) = model.asked_mut() {
                asked.proven = None;
            }
            effects.extend(answer::refresh(model));
            effects
        }
        Err(why) => {
            confirm.phase = Phase::Failed(visible(&why));
            Vec::new()
        }
    }
}
