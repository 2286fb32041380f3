//! The journal of what bindscope changed.
//!
//! [`begin`] is on the disk before the write goes to Google, [`complete`] after its answer. So a
//! process that is killed in between leaves an entry that says [`ChangeState::Planned`]: whether the
//! write arrived is then asked of the policy ([`settle`](crate::repair::settle)).
//!
//! No token and no policy gets here: the grant, the etags, and who wanted what.

mod file;
mod journal;
pub mod ledger;
mod reverted;
mod young;

#[cfg(test)]
mod tests;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::iam::Resource;
use crate::repair::plan::edit::{Grant, PolicyBefore};
use crate::repair::plan::switch::{Switch, SwitchKind};
use crate::text::visible;
use file::without_credentials;

pub use file::{FILE, HistoryError, begin, complete, default_dir, list};
pub use journal::Journal;
pub use reverted::was_reverted;
pub use young::last_grant;

/// A change that is about to be sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChangeRecord {
    /// When it was confirmed.
    pub time: Timestamp,
    /// The base URL that it is sent to.
    pub endpoint: String,
    /// Where the facts came from, in words: `live`, an estate's name.
    #[serde(default)]
    pub estate: String,
    /// The full resource name of what has the policy.
    pub resource: String,
    /// What is granted; empty when something was turned on instead.
    #[serde(default)]
    pub grant: Grant,
    /// What was turned on at the resource, when that is what was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub switch: Option<SwitchKind>,
    /// The member whose place the granted one takes, when a member is corrected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaced: Option<String>,
    /// Whether the granted member stood in that binding before, so that only the replaced one was
    /// taken out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub had_member: bool,
    /// The policy's version, and whether it had bindings, before.
    #[serde(default)]
    pub before: PolicyBefore,
    /// The etag that was read, and is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag_before: Option<String>,
    /// The question that was asked: who,
    pub caller: String,
    /// on which service account (full resource name),
    pub target: String,
    /// for which permission.
    pub permission: String,
}

/// How far a change has come, as far as was written down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ChangeState {
    /// It was about to be sent; nothing is known of the answer.
    Planned,
    /// The policy was read back and has it.
    Applied {
        /// The etag of the policy with the change.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        etag: Option<String>,
    },
    /// It was not applied.
    Failed {
        /// Why, in words.
        #[serde(default)]
        reason: String,
    },
    /// Its removal was about to be sent; nothing is known of the answer.
    Undoing,
    /// It was removed again.
    Undone {
        /// The etag of the policy without it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        etag: Option<String>,
    },
}

impl ChangeState {
    /// Whether only the policy can tell if the change is there.
    #[must_use]
    pub fn is_open(&self) -> bool {
        matches!(self, Self::Planned | Self::Undoing)
    }

    /// One word for people.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Applied { .. } => "applied",
            Self::Failed { .. } => "failed",
            Self::Undoing => "undoing",
            Self::Undone { .. } => "undone",
        }
    }
}

/// A change with what became of it.
#[derive(Clone, Debug, PartialEq)]
pub struct HistoryEntry {
    /// Short and unique.
    pub id: String,
    /// What was sent.
    pub record: ChangeRecord,
    /// What became of it.
    pub state: ChangeState,
    /// The etag after it was applied, when known; stays when it is undone.
    pub etag_after: Option<String>,
    /// When its state last changed.
    pub changed: Timestamp,
}

/// What the journal holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HistoryListing {
    /// Newest first.
    pub entries: Vec<HistoryEntry>,
    /// How many lines could not be read: torn ones, and those of another version.
    pub skipped: usize,
}

impl HistoryListing {
    /// The entry of this id, or whose id alone begins so.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<&HistoryEntry> {
        if let Some(entry) = self.entries.iter().find(|e| e.id == id) {
            return Some(entry);
        }
        let mut like = self.entries.iter().filter(|e| e.id.starts_with(id));
        like.next()
            .filter(|_| !id.is_empty() && like.next().is_none())
    }

    /// The newest change that is, or may be, in force: what `undo` without an id means.
    #[must_use]
    pub fn newest_in_force(&self) -> Option<&HistoryEntry> {
        self.entries
            .iter()
            .find(|e| e.state.is_open() || matches!(e.state, ChangeState::Applied { .. }))
    }
}

impl ChangeRecord {
    /// What was turned on, when that is what was done.
    #[must_use]
    pub fn switched(&self) -> Option<Switch> {
        Some(Switch {
            resource: Resource::parse(&self.resource).ok()?,
            kind: self.switch.clone()?,
        })
    }

    /// For people, one line: what was done to whom, where.
    #[must_use]
    pub fn title(&self) -> String {
        if let Some(switch) = self.switched() {
            return visible(&switch.title());
        }
        let resource = Resource::parse(&self.resource)
            .map_or_else(|_| self.resource.clone(), |r| r.id().to_owned());
        let Grant { role, member, .. } = &self.grant;
        visible(&match &self.replaced {
            Some(old) => format!("put {member} in the place of {old} in {role} on {resource}"),
            None => format!("grant {role} to {member} on {resource}"),
        })
    }
}

impl HistoryEntry {
    /// What has the policy; `None` where the record's name is none that is known here.
    #[must_use]
    pub fn resource(&self) -> Option<Resource> {
        Resource::parse(&self.record.resource).ok()
    }

    /// Whether the change was sent to this base URL. A change of one place must not be asked of, or
    /// taken back at, another.
    #[must_use]
    pub fn is_at(&self, endpoint: &str) -> bool {
        let plain = |url: &str| without_credentials(url).trim_end_matches('/').to_owned();
        plain(&self.record.endpoint) == plain(endpoint)
    }
}

/// What a line says, for those who show the journal as JSON.
impl HistoryEntry {
    /// The entry as one JSON object: the record's fields, with `id`, `state`, and what belongs to
    /// the state.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut object = serde_json::Map::new();
        object.insert("id".to_owned(), self.id.clone().into());
        for part in [
            serde_json::to_value(&self.record),
            serde_json::to_value(&self.state),
        ] {
            if let Ok(Value::Object(fields)) = part {
                object.extend(fields);
            }
        }
        object.insert("changed".to_owned(), self.changed.to_string().into());
        if let Some(etag) = &self.etag_after {
            object.insert("etagAfter".to_owned(), etag.clone().into());
        }
        Value::Object(object)
    }
}
