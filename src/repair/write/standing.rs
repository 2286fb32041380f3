//! Whether a change of the history is in force, asked of the policy itself.
//!
//! The history says what was sent and what came back. Where a process was killed in between, and
//! where others may have changed the policy since, only the policy can tell.

use std::collections::BTreeMap;

use futures::stream::{self, StreamExt};

use super::turn_on::is_on;
use crate::google::api::read_policy;
use crate::repair::history::{ChangeState, HistoryEntry, HistoryListing};
use crate::wire::Ask;

/// Whether a change is in the policy now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is.
    InForce,
    /// It is not.
    NotThere,
    /// Nobody here can tell; why.
    Unknown(String),
}

impl Standing {
    /// One word for programs.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::InForce => "IN_FORCE",
            Self::NotThere => "NOT_THERE",
            Self::Unknown(_) => "UNKNOWN",
        }
    }

    /// What it means beside the entry's state, for people; without a full stop.
    #[must_use]
    pub fn words(&self, state: &ChangeState) -> String {
        let words = match (self, state) {
            (Self::InForce, ChangeState::Planned) => "applied: interrupted, and the policy has it",
            (Self::InForce, ChangeState::Undoing) => {
                "still applied: taking it back was interrupted, and the policy has it"
            }
            (Self::InForce, ChangeState::Applied { .. }) => "in force",
            (Self::InForce, ChangeState::Failed { .. } | ChangeState::Undone { .. }) => {
                "in the policy: somebody else granted the same"
            }
            (Self::NotThere, ChangeState::Planned) => {
                "not applied: interrupted, and the policy does not have it"
            }
            (Self::NotThere, ChangeState::Undoing) => {
                "undone: interrupted, and the policy no longer has it"
            }
            (Self::NotThere, ChangeState::Applied { .. }) => {
                "no longer in force: somebody else has taken it out"
            }
            (Self::NotThere, ChangeState::Failed { .. } | ChangeState::Undone { .. }) => {
                "not in force"
            }
            (Self::Unknown(why), _) => return format!("not known: {why}"),
        };
        words.to_owned()
    }
}

/// Asks the policy whether an entry's change is in force. Reads only, and writes no history.
pub async fn settle(reader: &dyn Ask, entry: &HistoryEntry) -> Standing {
    let Some(resource) = entry.resource() else {
        return Standing::Unknown("the entry names no resource that is known here".to_owned());
    };
    if let Some(switch) = entry.record.switched() {
        return match is_on(reader, &switch).await {
            Ok(true) => Standing::InForce,
            Ok(false) => Standing::NotThere,
            Err(error) => Standing::Unknown(error.why()),
        };
    }
    match read_policy(reader, &resource).await {
        Ok(policy) => match entry.record.taken_back(&policy) {
            Ok(edited) if edited.changed => Standing::InForce,
            Ok(_) => Standing::NotThere,
            Err(error) => Standing::Unknown(error.to_string()),
        },
        Err(error) => Standing::Unknown(error.why()),
    }
}

/// So many policies are asked at the same time (chosen).
const AT_ONCE: usize = 8;
/// Of so many changes, the newest, the policy is asked (chosen: what can be read in a moment).
pub const ASKED_AT_MOST: usize = 200;

/// How the changes made through `endpoint` stand, by id: those that were applied or whose end is not known, the
/// newest [`ASKED_AT_MOST`] of them. What failed or was undone is as the history says, and not asked about.
pub async fn standings(
    reader: &dyn Ask,
    listing: &HistoryListing,
    endpoint: &str,
) -> BTreeMap<String, Standing> {
    let here = listing.entries.iter().filter(|e| {
        let over = matches!(
            e.state,
            ChangeState::Failed { .. } | ChangeState::Undone { .. }
        );
        !over && e.is_at(endpoint)
    });
    let each: Vec<_> = here
        .take(ASKED_AT_MOST)
        .map(|entry| named(reader, entry))
        .collect();
    stream::iter(each).buffer_unordered(AT_ONCE).collect().await
}

async fn named(reader: &dyn Ask, entry: &HistoryEntry) -> (String, Standing) {
    (entry.id.clone(), settle(reader, entry).await)
}

/// The newest change made through `endpoint` that is in force, as far as can be told: what `undo`
/// without an id means. An open entry counts where the policy has it, or cannot be asked.
pub async fn newest_in_force<'a>(
    reader: &dyn Ask,
    listing: &'a HistoryListing,
    endpoint: &str,
) -> Option<&'a HistoryEntry> {
    for entry in listing.entries.iter().filter(|e| e.is_at(endpoint)) {
        match entry.state {
            ChangeState::Applied { .. } => return Some(entry),
            ChangeState::Failed { .. } | ChangeState::Undone { .. } => {}
            ChangeState::Planned | ChangeState::Undoing => {
                if settle(reader, entry).await != Standing::NotThere {
                    return Some(entry);
                }
            }
        }
    }
    None
}
