//! A way of several steps, done one after the other, each with its own lines in the journal.

use std::collections::HashMap;

use futures::future::try_join_all;

use super::apply::{Applied, ApplyError, Consent, apply_as};
use super::may_write::{MayWrite, may_write};
use super::turn_on::{SwitchError, TurnedOn, turn_on};
use crate::google::api::lacked_permissions;
use crate::iam::Resource;
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

/// How far carrying out is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum CarryEvent<'a> {
    /// A step is begun: its place, from 0, and what it is.
    Begun(usize, &'a RemedyStep),
    /// The policy was taken as it was sent by the step at that place. It is read back yet.
    Taken(usize),
}

/// Does the steps in order and stops at the first that fails. `progress` hears how far it is.
pub async fn carry_out(
    reader: &dyn Ask,
    writer: &dyn Tell,
    remedy: &Remedy,
    ledger: &dyn Ledger,
    consent: Consent,
    progress: &(dyn Fn(CarryEvent<'_>) + Sync),
) -> Carried {
    let mut done = Vec::new();
    for (i, step) in remedy.steps.iter().enumerate() {
        progress(CarryEvent::Begun(i, step));
        let taken = || progress(CarryEvent::Taken(i));
        let result = match step {
            RemedyStep::Binding(repair) => {
                apply_as(reader, writer, repair, ledger, consent, &taken)
                    .await
                    .map(StepDone::Applied)
                    .map_err(StepError::from)
            }
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

/// What the viewer lacks to read and write allow policies, where that was asked already: by resource.
pub type KnownRights = HashMap<Resource, Vec<String>>;

/// Whether the viewer may do every step, asked beforehand ([`may_write`]) where it is not known.
///
/// # Errors
/// When it could not be asked.
pub async fn may_carry_out(
    reader: &dyn Ask,
    remedy: &Remedy,
    known: &KnownRights,
) -> Result<MayWrite, ApiError> {
    let each = remedy.steps.iter().map(|step| async move {
        match step {
            RemedyStep::Binding(repair) => match known.get(&repair.resource) {
                Some(lacks) => Ok(lacks.clone()),
                None => match may_write(reader, &repair.resource).await? {
                    MayWrite::No { lacks } => Ok(lacks),
                    MayWrite::Yes => Ok(Vec::new()),
                },
            },
            RemedyStep::Switch(switch) => {
                let wanted = [switch.permission().to_owned()];
                lacked_permissions(reader, &switch.resource, &wanted).await
            }
        }
    });
    let mut lacks = try_join_all(each).await?.concat();
    lacks.sort();
    lacks.dedup();
    Ok(if lacks.is_empty() {
        MayWrite::Yes
    } else {
        MayWrite::No { lacks }
    })
}
