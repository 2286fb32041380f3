//! The one place where a policy is written: write with the etag, meet a conflict by reading again,
//! read back. A write whose answer is lost is sent again only under the etag of the first, which lets
//! at most one of them through: never twice, never over somebody. [`apply`](mod@super::apply) and
//! [`undo`](mod@super::undo) say what they want of the policy ([`Aim`]), the rest is here.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use serde_json::Value;

use crate::google::api::{read_policy, write_policy};
use crate::iam::Resource;
use crate::repair::plan::edit::EditError;
use crate::repair::plan::repair::Repair;
use crate::wire::{ApiError, Ask, Tell};

/// Why a policy was not written, or not for certain.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
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
        /// What came back; with whom or what it means and who can settle it, where the server's words
        /// leave that open.
        error: ApiError,
    },
    /// Others kept writing.
    #[error(
        "nothing was written: the policy of {0} was changed by others each time. Try again in a moment"
    )]
    Contended(Resource),
    /// The answer to the write was lost each time, and the policy does not have the change.
    #[error(
        "the connection was lost each time the policy of {resource} was written ({error}); read again, the change is not there. Try again; `history` tells should it arrive late"
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
        "the change was written to {0} and is gone when read back: somebody changed it back. Look at the policy before trying again"
    )]
    Gone(Resource),
    /// The journal could not be written.
    #[error(
        "nothing was written: the history could not be kept: {0}. Check the state directory and its permissions"
    )]
    Journal(std::io::Error),
}

impl WriteError {
    /// Whether the change may be there although this is an error: only the policy can tell.
    #[must_use]
    pub fn is_open(&self) -> bool {
        matches!(self, Self::Lost { .. } | Self::Unclear { .. })
    }
}

/// What is wanted of a policy.
pub(super) trait Aim: Sync {
    /// The whole policy to be written in the place of this one; `None` when it is as wanted.
    fn edited(&self, policy: &Value) -> Result<Option<Value>, WriteError>;

    /// After a lost answer, on a policy that somebody else has written since and that does not have the
    /// change: the error that shows it anew. `None` where it was confirmed whatever the policy is.
    fn anew(&self, _policy: &Value) -> Option<WriteError> {
        None
    }
}

/// A policy as it was read, and as it is to be written.
pub(super) struct WriteDraft {
    pub before: Value,
    pub after: Value,
}

/// What came of reading: something to write, or nothing left to do.
pub(super) enum NextWrite {
    Write(WriteDraft),
    Nothing(Value),
}

/// How a policy came to be as wanted.
pub(super) struct Wrote {
    /// Whether by this write; else somebody else did the same first.
    pub ours: bool,
    /// What was written over.
    pub before: Value,
    /// As it is now.
    pub after: Value,
}

/// How often a write is sent: a stale etag (409) and too many requests (429) both say that nothing
/// was done.
pub(super) const TRIES: usize = 10;

/// How often a policy is read that does not show the write yet.
const LOOKS: usize = 4;

/// Reads the policy and sees what is to be done.
pub(super) async fn draft(
    reader: &dyn Ask,
    resource: &Resource,
    aim: &dyn Aim,
) -> Result<NextWrite, WriteError> {
    let before = read_policy(reader, resource)
        .await
        .map_err(|error| WriteError::NotRead {
            resource: resource.clone(),
            error,
        })?;
    let Some(after) = aim.edited(&before)? else {
        return Ok(NextWrite::Nothing(before));
    };
    if etag(&before).is_empty() {
        return Err(WriteError::NoEtag(resource.clone()));
    }
    Ok(NextWrite::Write(WriteDraft { before, after }))
}

/// Writes until it is settled; `taken` is told where the server says that it has taken place, before it is
/// read back.
pub(super) async fn write(
    reader: &dyn Ask,
    writer: &dyn Tell,
    resource: &Resource,
    aim: &dyn Aim,
    mut draft_now: WriteDraft,
    taken: &(dyn Fn() + Sync),
) -> Result<Wrote, WriteError> {
    // What 16 writers at once need to get through one after the other; jitter keeps them apart.
    let mut waits = waits(Duration::from_millis(25), Duration::from_secs(1), TRIES - 1);
    // The last of ours whose answer was lost: it may have arrived, or may do so yet.
    let mut lost: Option<Lost> = None;
    loop {
        let error = match write_policy(writer, resource, &draft_now.after).await {
            Ok(answer) => {
                taken();
                return read_back(reader, resource, aim, draft_now, answer).await;
            }
            Err(error) => error,
        };
        match error.status() {
            Some(409 | 429) => {}
            // It may have taken place: ask the policy.
            None | Some(408 | 500..) => {
                let over = etag(&draft_now.before).to_owned();
                match look(reader, resource, aim, &over).await {
                    ReadBack::There(after) => return Ok(ours(draft_now.before, after)),
                    ReadBack::Failed => {
                        return Err(WriteError::Unclear {
                            resource: resource.clone(),
                            error,
                        });
                    }
                    // Nobody has written since: the same again, under the same etag.
                    ReadBack::Older => {
                        let Some(wait) = waits.next() else {
                            return Err(WriteError::Lost {
                                resource: resource.clone(),
                                error,
                            });
                        };
                        lost = Some(Lost {
                            before: draft_now.before.clone(),
                            error,
                        });
                        tokio::time::sleep(wait).await;
                        continue;
                    }
                    // Somebody has: it is planned anew below.
                    ReadBack::Other => {
                        lost = Some(Lost {
                            before: draft_now.before.clone(),
                            error: error.clone(),
                        });
                    }
                }
            }
            _ => return Err(refused(resource, error, &draft_now)),
        }
        let Some(wait) = waits.next() else {
            return Err(match (lost, error.status()) {
                (Some(Lost { error, .. }), _) => WriteError::Lost {
                    resource: resource.clone(),
                    error,
                },
                (None, Some(409)) => WriteError::Contended(resource.clone()),
                (None, _) => refused(resource, error, &draft_now),
            });
        };
        tokio::time::sleep(wait).await;
        draft_now = match draft(reader, resource, aim).await? {
            // What was shown stood on a policy that is gone, and what became of the write is not
            // certain: whoever confirmed it is to see it again.
            NextWrite::Write(draft) => match aim.anew(&draft.before).filter(|_| lost.is_some()) {
                Some(again) => return Err(again),
                None => draft,
            },
            NextWrite::Nothing(policy) => {
                return Ok(match lost {
                    // The lost one arrived after all.
                    Some(lost) => ours(lost.before, policy),
                    None => Wrote {
                        ours: false,
                        before: policy.clone(),
                        after: policy,
                    },
                });
            }
        };
    }
}

/// A write of ours whose answer was lost.
struct Lost {
    /// What it was to be written over.
    before: Value,
    /// What came back.
    error: ApiError,
}

fn ours(before: Value, after: Value) -> Wrote {
    Wrote {
        ours: true,
        before,
        after,
    }
}

fn refused(resource: &Resource, mut error: ApiError, sent: &WriteDraft) -> WriteError {
    let hint = super::refusal::hint(&error, &sent.before, &sent.after);
    if let (
        Some(hint),
        ApiError::Refused { message, .. } | ApiError::Unauthenticated { message, .. },
    ) = (hint, &mut error)
    {
        let end = if message.ends_with('.') { "" } else { "." };
        message.push_str(&format!("{end} {hint}"));
    }
    WriteError::Refused {
        resource: resource.clone(),
        error,
    }
}

/// Reads back what was written. A read may show an older policy for a moment (Google's page
/// "Access change propagation": IAM is eventually consistent); then, and when it cannot be read, the
/// write's own answer stands, which is the new policy.
async fn read_back(
    reader: &dyn Ask,
    resource: &Resource,
    aim: &dyn Aim,
    sent: WriteDraft,
    answer: Value,
) -> Result<Wrote, WriteError> {
    let over = etag(&sent.before).to_owned();
    match look(reader, resource, aim, &over).await {
        ReadBack::There(after) => return Ok(ours(sent.before, after)),
        ReadBack::Other => return Err(WriteError::Gone(resource.clone())),
        ReadBack::Older | ReadBack::Failed => {}
    }
    if matches!(aim.edited(&answer), Ok(None)) {
        return Ok(ours(sent.before, answer));
    }
    Err(WriteError::Unclear {
        resource: resource.clone(),
        error: ApiError::Unreachable {
            what: format!("write the policy of {resource}"),
            message: "the answer to the write does not hold the change".to_owned(),
        },
    })
}

/// What the policy shows after a write.
enum ReadBack {
    /// It is as wanted.
    There(Value),
    /// It is not, and has changed since.
    Other,
    /// It is the one that was written over.
    Older,
    /// It could not be read.
    Failed,
}

/// Reads the policy, again while it is still the one with the etag `over`.
async fn look(reader: &dyn Ask, resource: &Resource, aim: &dyn Aim, over: &str) -> ReadBack {
    let mut waits = waits(
        Duration::from_millis(100),
        Duration::from_secs(1),
        LOOKS - 1,
    );
    loop {
        let Ok(policy) = read_policy(reader, resource).await else {
            return ReadBack::Failed;
        };
        match aim.edited(&policy) {
            Ok(None) => return ReadBack::There(policy),
            _ if etag(&policy) != over => return ReadBack::Other,
            _ => {}
        }
        let Some(wait) = waits.next() else {
            return ReadBack::Older;
        };
        tokio::time::sleep(wait).await;
    }
}

fn waits(least: Duration, most: Duration, times: usize) -> impl Iterator<Item = Duration> + Send {
    ExponentialBuilder::default()
        .with_min_delay(least)
        .with_max_delay(most)
        .with_max_times(times)
        .with_jitter()
        .build()
}

/// The policy's etag; empty when it has none.
pub(super) fn etag(policy: &Value) -> &str {
    policy.get("etag").and_then(Value::as_str).unwrap_or("")
}
