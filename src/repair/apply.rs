//! The one write: read, edit, write with the etag, read back. Never twice, never over somebody.

use serde_json::{Value, json};

use super::edit::EditError;
use super::plan::Repair;
use crate::google::wire::{Api, ApiError, Ask, Tell, path_of, read_policy};
use crate::iam::{Resource, ResourceKind};

/// The journal, as far as a write needs it: an entry is there before anything is sent, and is
/// completed after.
pub trait Ledger: Send + Sync {
    /// Takes note of what is about to be sent; gives the entry's id.
    ///
    /// # Errors
    /// When the note cannot be kept. Nothing is sent then.
    fn begin(&self, repair: &Repair) -> std::io::Result<String>;

    /// Takes note of how it ended.
    ///
    /// # Errors
    /// When the note cannot be kept.
    fn complete(&self, id: &str, end: &End<'_>) -> std::io::Result<()>;
}

/// How a write ended.
#[derive(Clone, Debug, PartialEq)]
pub enum End<'a> {
    /// The policy is as wanted; as it was read back.
    Applied {
        /// As it is now.
        after: &'a Value,
    },
    /// Nothing was written.
    NotApplied {
        /// Why.
        why: &'a str,
    },
    /// Nobody here can tell; the policy must be asked.
    Unclear {
        /// Why.
        why: &'a str,
    },
}

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

/// Why it was not done.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// What was confirmed is no longer what would happen: show this one, and ask again.
    #[error(
        "the policy of {} changed since it was shown, and the change with it. Nothing was written; look at it again and confirm",
        fresh.resource
    )]
    Changed {
        /// The same repair on the policy as it is now.
        fresh: Box<Repair>,
    },
    /// The policy could not be read, so nothing was written.
    #[error("nothing was written: the policy of {resource} could not be read: {error}")]
    NotRead {
        /// Whose.
        resource: Resource,
        /// What came back.
        error: ApiError,
    },
    /// The policy cannot take the change.
    #[error("nothing was written: {0}")]
    Edit(#[from] EditError),
    /// Without an etag a write could go over somebody else's.
    #[error(
        "nothing was written: the policy of {0} came without an etag, so that a write could undo somebody else's change. Change it with gcloud"
    )]
    NoEtag(Resource),
    /// The write was refused.
    #[error("the write to {resource} was refused, nothing was changed: {error}")]
    Refused {
        /// Whose policy.
        resource: Resource,
        /// What came back.
        error: ApiError,
    },
    /// Others kept writing.
    #[error(
        "nothing was written: the policy of {0} was changed by others each time. Try again in a moment"
    )]
    Contended(Resource),
    /// The answer to the write was lost, and the policy does not have the change.
    #[error(
        "the connection was lost while the policy of {resource} was written ({error}); read again, the change is not there. Try again"
    )]
    Lost {
        /// Whose policy.
        resource: Resource,
        /// What came back.
        error: ApiError,
    },
    /// The answer to the write was lost, and the policy cannot be read either.
    #[error(
        "the connection was lost while the policy of {resource} was written ({error}), and it could not be read since: the change may be there or not. `history` tells once it can be read"
    )]
    Unclear {
        /// Whose policy.
        resource: Resource,
        /// What came back.
        error: ApiError,
    },
    /// It was written, and is not there when read back.
    #[error(
        "the change was written to {0} and is gone when read back: somebody took it out again. Look at the policy before trying again"
    )]
    Gone(Resource),
    /// The journal could not be written.
    #[error(
        "nothing was written: the history could not be kept: {0}. Check the state directory and its permissions"
    )]
    Journal(std::io::Error),
}

/// How often a stale etag is met with a new read.
const TRIES: usize = 8;

/// Applies a repair that a person confirmed.
///
/// Where the change is there already nothing is written. A 409 is met by reading again, and by
/// writing again only while the change is the one confirmed. When the answer to a write is lost the
/// policy is read, never written a second time.
///
/// # Errors
/// [`ApplyError`], which says in each case whether anything was written.
pub async fn apply(
    reader: &dyn Ask,
    writer: &dyn Tell,
    repair: &Repair,
    ledger: &dyn Ledger,
) -> Result<Applied, ApplyError> {
    let mut fresh = replanned(reader, repair).await?;
    if fresh.already {
        return Ok(done(None, &fresh.before, &fresh.before, None));
    }
    if !fresh.same_change(repair) {
        return Err(ApplyError::Changed {
            fresh: Box::new(fresh),
        });
    }
    if etag(&fresh.before).is_empty() {
        return Err(ApplyError::NoEtag(repair.resource.clone()));
    }
    let id = ledger.begin(&fresh).map_err(ApplyError::Journal)?;
    let end = write(reader, writer, repair, &mut fresh).await;
    let text = end.as_ref().err().map(ToString::to_string);
    let note = match (&end, text.as_deref()) {
        (Ok(Written::Ours(after)), _) => End::Applied { after },
        // Not ours to undo.
        (Ok(Written::Theirs(_)), _) => End::NotApplied {
            why: "somebody else made the same change first",
        },
        (Err(ApplyError::Unclear { .. } | ApplyError::Lost { .. }), why) => End::Unclear {
            why: why.unwrap_or_default(),
        },
        (Err(_), why) => End::NotApplied {
            why: why.unwrap_or_default(),
        },
    };
    let kept = ledger.complete(&id, &note);
    let (id, after) = match end? {
        Written::Ours(after) => (Some(id), after),
        Written::Theirs(after) => (None, after),
    };
    let warning = kept
        .err()
        .map(|e| format!("the policy is changed, but the history could not be completed: {e}"));
    Ok(done(id, &fresh.before, &after, warning))
}

/// Whose write made the policy as wanted; the policy as it is.
enum Written {
    Ours(Value),
    Theirs(Value),
}

/// Writes until it is settled; gives the policy as it is then.
async fn write(
    reader: &dyn Ask,
    writer: &dyn Tell,
    repair: &Repair,
    fresh: &mut Repair,
) -> Result<Written, ApplyError> {
    let resource = &repair.resource;
    for _ in 0..TRIES {
        let error = match set_policy(writer, resource, &fresh.after).await {
            Ok(answer) => return settled(reader, fresh, answer).await.map(Written::Ours),
            Err(error) => error,
        };
        match error.status() {
            // ABORTED: the etag is stale.
            Some(409) => {
                let now = replanned(reader, repair).await?;
                if now.already {
                    return Ok(Written::Theirs(now.before));
                }
                if !now.same_change(repair) {
                    return Err(ApplyError::Changed {
                        fresh: Box::new(now),
                    });
                }
                if etag(&now.before).is_empty() {
                    return Err(ApplyError::NoEtag(resource.clone()));
                }
                *fresh = now;
            }
            // It may have taken place: ask the policy.
            None | Some(408 | 500..) => {
                let resource = resource.clone();
                return match replanned(reader, repair).await {
                    Ok(now) if now.already => Ok(Written::Ours(now.before)),
                    Ok(_) => Err(ApplyError::Lost { resource, error }),
                    Err(_) => Err(ApplyError::Unclear { resource, error }),
                };
            }
            _ => {
                let resource = resource.clone();
                return Err(ApplyError::Refused { resource, error });
            }
        }
    }
    Err(ApplyError::Contended(resource.clone()))
}

/// Reads back what was written. When that fails the write's own answer, the new policy, stands.
async fn settled(reader: &dyn Ask, fresh: &Repair, answer: Value) -> Result<Value, ApplyError> {
    match replanned(reader, fresh).await {
        Ok(now) if now.already => Ok(now.before),
        Ok(_) => Err(ApplyError::Gone(fresh.resource.clone())),
        Err(_) => Ok(answer),
    }
}

/// Reads the policy, and makes the same change on it.
async fn replanned(reader: &dyn Ask, repair: &Repair) -> Result<Repair, ApplyError> {
    let policy = read_policy(reader, &repair.resource)
        .await
        .map_err(|error| ApplyError::NotRead {
            resource: repair.resource.clone(),
            error,
        })?;
    Ok(repair.on(&policy)?)
}

/// `setIamPolicy` without a mask: bindings and etag are replaced, audit configuration stays
/// (discovery document cloudresourcemanager v3, `SetIamPolicyRequest.updateMask`).
async fn set_policy(
    writer: &dyn Tell,
    resource: &Resource,
    policy: &Value,
) -> Result<Value, ApiError> {
    let (api, version) = match resource.kind() {
        ResourceKind::ServiceAccount => (Api::Iam, "v1"),
        _ => (Api::ResourceManager, "v3"),
    };
    let path = format!("{version}/{}:setIamPolicy", path_of(resource));
    writer.tell(api, &path, &json!({ "policy": policy })).await
}

fn etag(policy: &Value) -> &str {
    policy.get("etag").and_then(Value::as_str).unwrap_or("")
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
