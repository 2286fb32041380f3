//! Taking one change of the history back: its own member and nothing else, whatever others have
//! changed since.

use std::path::Path;

use jiff::Timestamp;
use serde_json::Value;

use super::once::{Aim, NextWrite, WriteError, draft, etag, write};
use super::turn_on::{SwitchError, is_on, set};
use crate::repair::history::{self, ChangeRecord, ChangeState, HistoryEntry, HistoryError};
use crate::repair::plan::edit::{self, EditError, Edited, Grant};
use crate::repair::plan::switch::{Switch, SwitchKind};
use crate::wire::{Ask, Tell};

/// How old an entry of which nothing but the beginning is known must be before it is closed as not
/// applied: far longer than any write is under way (chosen; the client gives up after 60 s).
const SURELY_OVER_SECONDS: i64 = 600;

/// What was done.
#[derive(Clone, Debug, PartialEq)]
pub struct Undone {
    /// The history's entry.
    pub id: String,
    /// Whether something was taken back.
    pub how: How,
    /// The policy that was written over, or that had nothing to take back; `None` where it was not
    /// asked.
    pub before: Option<Value>,
    /// The policy as it is now; `None` where it was not asked.
    pub after: Option<Value>,
    /// Whether the history could not be completed, and why; the policy is as said all the same.
    pub journal_warning: Option<String>,
}

/// How it came to be that the change is not in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum How {
    /// It was taken back now.
    TakenBack,
    /// Somebody else had taken it out; nothing was written.
    AlreadyGone,
    /// The history does not know whether it was ever applied, and the policy does not have it;
    /// nothing was written.
    NotThere,
    /// It was taken back before; the policy was not asked.
    UndoneBefore,
    /// It was never applied; the policy was not asked. Why.
    NeverApplied(String),
}

impl How {
    /// A sentence for people, without a full stop.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::TakenBack => "taken back".to_owned(),
            Self::AlreadyGone => {
                "nothing to take back: somebody else has taken it out already".to_owned()
            }
            Self::NotThere => "nothing to take back: the policy does not have it".to_owned(),
            Self::UndoneBefore => "nothing to take back: it was undone before".to_owned(),
            Self::NeverApplied(why) if why.is_empty() => {
                "nothing to take back: it was never applied".to_owned()
            }
            Self::NeverApplied(why) => {
                format!("nothing to take back: it was never applied ({why})")
            }
        }
    }
}

/// Why it was not taken back, or not for certain.
#[derive(Debug, thiserror::Error)]
pub enum UndoError {
    /// The entry names something whose policy cannot be asked for.
    #[error(
        "the history's entry {id} names no resource that is known here ({name}): take the change back with gcloud"
    )]
    NoResource {
        /// The entry.
        id: String,
        /// What it names.
        name: String,
    },
    /// The history could not be written, so nothing was sent.
    #[error("nothing was taken back: {0}")]
    History(#[from] HistoryError),
    /// The write.
    #[error("not taken back: {0}")]
    Write(#[from] WriteError),
    /// The account was not disabled again.
    #[error("not taken back: {0}")]
    Switch(#[from] SwitchError),
    /// An API that was enabled is not disabled again.
    #[error(
        "not taken back: others may have come to use the API since. Where you know better: {command}"
    )]
    StaysOn {
        /// What turns it off.
        command: String,
    },
}

/// Takes one change back.
///
/// Reads the policy, takes out the one member that the entry put in (or puts back the one whose
/// place it took), writes with the etag and reads back; a conflict is met by reading again. The
/// history has a line before anything is sent and one after. An entry that was interrupted is
/// settled by the policy first. Where the change is gone already nothing is written.
///
/// # Errors
/// [`UndoError`], which says in each case whether anything was written.
pub async fn undo(
    reader: &dyn Ask,
    writer: &dyn Tell,
    dir: &Path,
    entry: &HistoryEntry,
) -> Result<Undone, UndoError> {
    match &entry.state {
        ChangeState::Undone { .. } => return Ok(Undone::unasked(entry, How::UndoneBefore)),
        ChangeState::Failed { reason } => {
            return Ok(Undone::unasked(entry, How::NeverApplied(reason.clone())));
        }
        ChangeState::Planned | ChangeState::Applied { .. } | ChangeState::Undoing => {}
    }
    let resource = entry.resource().ok_or_else(|| UndoError::NoResource {
        id: entry.id.clone(),
        name: crate::text::visible(&entry.record.resource),
    })?;
    let record = &entry.record;
    if let Some(switch) = record.switched() {
        return turn_off(reader, writer, dir, entry, &switch).await;
    }
    let first = match draft(reader, &resource, record).await? {
        NextWrite::Nothing(policy) => return Ok(not_there(dir, entry, policy)),
        NextWrite::Write(first) => first,
    };
    history::complete(dir, &entry.id, Timestamp::now(), &ChangeState::Undoing)?;
    let wrote = match write(reader, writer, &resource, record, first, &|| ()).await {
        Ok(wrote) => wrote,
        Err(error) => {
            // It stays in force. Where that is not certain the entry stays open.
            if !error.is_open() && !matches!(error, WriteError::Gone(_)) {
                history::complete(dir, &entry.id, Timestamp::now(), &entry.state)?;
            }
            return Err(error.into());
        }
    };
    let how = if wrote.ours {
        How::TakenBack
    } else {
        How::AlreadyGone
    };
    let state = undone(&wrote.after);
    let kept = history::complete(dir, &entry.id, Timestamp::now(), &state);
    Ok(Undone {
        id: entry.id.clone(),
        how,
        before: Some(wrote.before),
        after: Some(wrote.after),
        journal_warning: warning(kept),
    })
}

/// Disables an account again that was enabled. An API stays on: others may have come to use it.
async fn turn_off(
    reader: &dyn Ask,
    writer: &dyn Tell,
    dir: &Path,
    entry: &HistoryEntry,
    switch: &Switch,
) -> Result<Undone, UndoError> {
    if matches!(switch.kind, SwitchKind::Api { .. }) {
        return Err(UndoError::StaysOn {
            command: switch.gcloud_undo(),
        });
    }
    let on = is_on(reader, switch)
        .await
        .map_err(|error| SwitchError::NotRead {
            title: switch.title(),
            error,
        })?;
    if !on {
        return Ok(not_there(dir, entry, Value::Null));
    }
    history::complete(dir, &entry.id, Timestamp::now(), &ChangeState::Undoing)?;
    if let Err(error) = set(reader, writer, switch, false).await {
        if matches!(error, SwitchError::Refused { .. }) {
            history::complete(dir, &entry.id, Timestamp::now(), &entry.state)?;
        }
        return Err(error.into());
    }
    let state = ChangeState::Undone { etag: None };
    let kept = history::complete(dir, &entry.id, Timestamp::now(), &state);
    Ok(Undone {
        journal_warning: warning(kept),
        ..Undone::unasked(entry, How::TakenBack)
    })
}

impl Undone {
    fn unasked(entry: &HistoryEntry, how: How) -> Self {
        Self {
            id: entry.id.clone(),
            how,
            before: None,
            after: None,
            journal_warning: None,
        }
    }
}

/// Closes an entry whose change the policy does not have.
fn not_there(dir: &Path, entry: &HistoryEntry, policy: Value) -> Undone {
    let now = Timestamp::now();
    let age = now.as_second() - entry.record.time.as_second();
    let (how, state) = match entry.state {
        // Its write may still be on the way.
        ChangeState::Planned if age < SURELY_OVER_SECONDS => (How::NotThere, None),
        ChangeState::Planned => {
            let reason = "the policy was asked later and does not have it".to_owned();
            (How::NotThere, Some(ChangeState::Failed { reason }))
        }
        // This program was ended while it took the change back.
        ChangeState::Undoing => (How::UndoneBefore, Some(undone(&policy))),
        _ => (How::AlreadyGone, Some(undone(&policy))),
    };
    let kept = state.map_or(Ok(()), |s| history::complete(dir, &entry.id, now, &s));
    Undone {
        id: entry.id.clone(),
        how,
        before: Some(policy.clone()),
        after: Some(policy),
        journal_warning: warning(kept),
    }
}

fn undone(policy: &Value) -> ChangeState {
    let etag = Some(etag(policy).to_owned()).filter(|e| !e.is_empty());
    ChangeState::Undone { etag }
}

fn warning(kept: Result<(), HistoryError>) -> Option<String> {
    kept.err()
        .map(|e| format!("the policy is as said, but the history could not be completed: {e}"))
}

impl ChangeRecord {
    /// The policy without this change; `changed` is `false` where it does not have it.
    ///
    /// # Errors
    /// When the policy cannot be edited ([`EditError`]).
    pub fn taken_back(&self, policy: &Value) -> Result<Edited, EditError> {
        let Some(old) = &self.replaced else {
            return edit::remove(policy, &self.grant, None);
        };
        if self.had_member {
            let old = Grant {
                member: old.clone(),
                ..self.grant.clone()
            };
            return edit::add(policy, &old);
        }
        if !edit::contains(policy, &self.grant) {
            return Ok(Edited {
                policy: policy.clone(),
                changed: false,
            });
        }
        let Grant {
            role,
            member,
            condition,
        } = &self.grant;
        edit::replace_member(policy, role, condition.as_ref(), member, old)
    }
}

impl Aim for ChangeRecord {
    fn edited(&self, policy: &Value) -> Result<Option<Value>, WriteError> {
        let edited = self.taken_back(policy)?;
        Ok(edited.changed.then_some(edited.policy))
    }
}

#[cfg(test)]
#[path = "undo_tests.rs"]
mod tests;
