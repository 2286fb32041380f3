//! Applying a confirmed repair: read, edit, write with the etag, read back.

use serde_json::Value;

use super::once::{Aim, NextWrite, WriteDraft, Wrote, draft, etag, write};
use crate::repair::history::ledger::{Ledger, WriteEnd};
use crate::repair::plan::repair::Repair;
use crate::wire::{Ask, Tell};

/// Why it was not done.
pub use super::once::WriteError as ApplyError;

/// What was done.
#[derive(Clone, Debug, PartialEq)]
pub struct Applied {
    /// The journal's entry; `None` when nothing was written (it was there, or came from somebody else).
    pub history_id: Option<String>,
    /// The policy that was written over (or that has it already).
    pub before: Value,
    /// The policy as it is now.
    pub after: Value,
    /// The etag written over.
    pub etag_before: String,
    /// The etag now.
    pub etag_after: String,
    /// Whether the journal could not be completed, and why; the policy is changed all the same.
    pub journal_warning: Option<String>,
}

/// What a person has confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consent {
    /// The change as it was shown ([`apply`]).
    AsShown,
    /// Role and member, unseen ([`apply_unseen`]).
    Unseen,
}

/// Applies a repair that a person confirmed.
///
/// Where the change is there already nothing is written. A 409 is met by reading again, and by
/// writing again only while the change is the one confirmed. When the answer to a write is lost the
/// policy is read: where it is still the one that was shown, the write is sent again under its etag;
/// where it is another without the change, the change is shown anew.
///
/// # Errors
/// [`ApplyError`], which says in each case whether anything was written.
pub async fn apply(
    reader: &dyn Ask,
    writer: &dyn Tell,
    repair: &Repair,
    ledger: &dyn Ledger,
) -> Result<Applied, ApplyError> {
    apply_as(reader, writer, repair, ledger, Consent::AsShown, &|| ()).await
}

/// [`apply`] for a repair that nobody looked at (`--yes`): role and member are what was asked for, so
/// that others who change the same binding meanwhile are no reason to ask again. Planned a moment ago, it is
/// written over the policy that it was planned on, under its etag, where that is known exactly; a policy that a
/// person has looked at for a while is read first.
///
/// # Errors
/// [`ApplyError`], never [`ApplyError::Changed`].
pub async fn apply_unseen(
    reader: &dyn Ask,
    writer: &dyn Tell,
    repair: &Repair,
    ledger: &dyn Ledger,
) -> Result<Applied, ApplyError> {
    apply_as(reader, writer, repair, ledger, Consent::Unseen, &|| ()).await
}

/// As [`apply`] or [`apply_unseen`]; `taken` is told that the policy was written, before it is read back.
pub(super) async fn apply_as(
    reader: &dyn Ask,
    writer: &dyn Tell,
    repair: &Repair,
    ledger: &dyn Ledger,
    consent: Consent,
    taken: &(dyn Fn() + Sync),
) -> Result<Applied, ApplyError> {
    let unseen = Unseen(repair);
    let aim: &dyn Aim = match consent {
        Consent::AsShown => repair,
        Consent::Unseen => &unseen,
    };
    let first = match planned(repair, consent) {
        Some(first) => first,
        None => match draft(reader, &repair.resource, aim).await? {
            NextWrite::Nothing(policy) => return Ok(done(None, &policy, &policy, None)),
            NextWrite::Write(first) => first,
        },
    };
    let fresh = repair.on(&first.before)?;
    let id = ledger.begin(&fresh).map_err(ApplyError::Journal)?;
    let end = write(reader, writer, &repair.resource, aim, first, taken).await;
    let text = end.as_ref().err().map(ToString::to_string);
    let why = text.as_deref().unwrap_or_default();
    let note = match &end {
        Ok(Wrote {
            ours: true, after, ..
        }) => WriteEnd::Applied { after },
        // Not ours to undo.
        Ok(_) => WriteEnd::NotApplied {
            why: "somebody else made the same change first",
        },
        Err(error) if error.is_open() => WriteEnd::Unclear { why },
        Err(_) => WriteEnd::NotApplied { why },
    };
    let kept = ledger.complete(&id, &note);
    let wrote = end?;
    let warning = kept
        .err()
        .map(|e| format!("the policy is changed, but the history could not be completed: {e}"));
    let id = wrote.ours.then_some(id);
    Ok(done(id, &wrote.before, &wrote.after, warning))
}

/// The write as it was planned: over the very policy that was read, under its etag, which lets it through
/// only where nobody has written since.
fn planned(repair: &Repair, consent: Consent) -> Option<WriteDraft> {
    let unseen = consent == Consent::Unseen;
    let known = unseen && repair.as_read && !repair.already && !etag(&repair.before).is_empty();
    known.then(|| WriteDraft {
        before: repair.before.clone(),
        after: repair.after.clone(),
    })
}

impl Aim for Repair {
    /// The change that was confirmed, or nothing at all.
    fn edited(&self, policy: &Value) -> Result<Option<Value>, ApplyError> {
        let fresh = self.on(policy)?;
        if fresh.already {
            return Ok(None);
        }
        if !fresh.same_change(self) {
            return Err(ApplyError::Changed {
                fresh: Box::new(fresh),
            });
        }
        Ok(Some(fresh.after))
    }

    fn anew(&self, policy: &Value) -> Option<ApplyError> {
        Some(match self.on(policy) {
            Ok(fresh) => ApplyError::Changed {
                fresh: Box::new(fresh),
            },
            Err(error) => error.into(),
        })
    }
}

/// A repair of which only role and member were confirmed.
struct Unseen<'a>(&'a Repair);

impl Aim for Unseen<'_> {
    fn edited(&self, policy: &Value) -> Result<Option<Value>, ApplyError> {
        let fresh = self.0.on(policy)?;
        Ok((!fresh.already).then_some(fresh.after))
    }
}

fn done(id: Option<String>, before: &Value, after: &Value, warning: Option<String>) -> Applied {
    Applied {
        history_id: id,
        etag_before: etag(before).to_owned(),
        etag_after: etag(after).to_owned(),
        before: before.clone(),
        after: after.clone(),
        journal_warning: warning,
    }
}

#[cfg(test)]
#[path = "apply_tests.rs"]
mod tests;
