//! A way of several steps, done one after the other, each with its own lines in the journal.

use super::apply::{Applied, ApplyError, apply, apply_unseen};
use super::may_write::{MayWrite, may_write};
use super::turn_on::{SwitchError, TurnedOn, turn_on};
use crate::google::api::lacked_permissions;
use crate::repair::history::ledger::Ledger;
use crate::repair::plan::remedy::{Remedy, RemedyStep};
use crate::wire::{ApiError, Ask, Tell};

/// A step that was done.
#[derive(Clone, Debug, PartialEq)]
pub enum StepDone {
    /// A binding.
    Applied(Applied),
    /// Something was turned on.
    TurnedOn(TurnedOn),
}

impl StepDone {
    /// The journal's entry; `None` when nothing was to be done.
    #[must_use]
    pub fn history_id(&self) -> Option<&str> {
        match self {
            Self::Applied(applied) => applied.history_id.as_deref(),
            Self::TurnedOn(turned) => turned.history_id.as_deref(),
        }
    }

    /// Whether the journal could not be completed, and why.
    #[must_use]
    pub fn journal_warning(&self) -> Option<&str> {
        match self {
            Self::Applied(applied) => applied.journal_warning.as_deref(),
            Self::TurnedOn(turned) => turned.journal_warning.as_deref(),
        }
    }
}

/// Why a step was not done.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// A binding.
    #[error(transparent)]
    Apply(#[from] ApplyError),
    /// Something that was to be turned on.
    #[error(transparent)]
    Switch(#[from] SwitchError),
}

/// How far it came.
#[derive(Debug)]
pub struct Carried {
    /// The steps that were done, in order. They stay done when a later one fails, and each can be
    /// taken back from the history.
    pub done: Vec<StepDone>,
    /// Why the next one was not; `None` when all are done.
    pub error: Option<StepError>,
}

/// What a person has confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consent {
    /// The change as it was shown ([`apply`]).
    AsShown,
    /// Role and member, unseen ([`apply_unseen`]).
    Unseen,
}

/// Does the steps in order and stops at the first that fails. `progress` hears of each before it is
/// begun (its place, from 0).
pub async fn carry_out(
    reader: &dyn Ask,
    writer: &dyn Tell,
    remedy: &Remedy,
    ledger: &dyn Ledger,
    consent: Consent,
    progress: &(dyn Fn(usize, &RemedyStep) + Sync),
) -> Carried {
    let mut done = Vec::new();
    for (i, step) in remedy.steps.iter().enumerate() {
        progress(i, step);
        let result = match step {
            RemedyStep::Binding(repair) => match consent {
                Consent::AsShown => apply(reader, writer, repair, ledger).await,
                Consent::Unseen => apply_unseen(reader, writer, repair, ledger).await,
            }
            .map(StepDone::Applied)
            .map_err(StepError::from),
            RemedyStep::Switch(switch) => turn_on(reader, writer, switch, ledger)
                .await
                .map(StepDone::TurnedOn)
                .map_err(StepError::from),
        };
        match result {
            Ok(one) => done.push(one),
            Err(error) => {
                return Carried {
                    done,
                    error: Some(error),
                };
            }
        }
    }
    Carried { done, error: None }
}

/// Whether the viewer may do every step, asked beforehand ([`may_write`]).
///
/// # Errors
/// When it could not be asked.
pub async fn may_carry_out(reader: &dyn Ask, remedy: &Remedy) -> Result<MayWrite, ApiError> {
    let mut lacks = Vec::new();
    for step in &remedy.steps {
        match step {
            RemedyStep::Binding(repair) => {
                if let MayWrite::No { lacks: more } = may_write(reader, &repair.resource).await? {
                    lacks.extend(more);
                }
            }
            RemedyStep::Switch(switch) => {
                let wanted = [switch.permission().to_owned()];
                lacks.extend(lacked_permissions(reader, &switch.resource, &wanted).await?);
            }
        }
    }
    lacks.sort();
    lacks.dedup();
    Ok(if lacks.is_empty() {
        MayWrite::Yes
    } else {
        MayWrite::No { lacks }
    })
}
