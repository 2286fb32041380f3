//! What is kept of each thing, in Google's own REST representation: unknown fields ride along.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::iam::{Condition, Extra};

/// An organization (discovery document cloudresourcemanager v3, `Organization`).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Organization {
    /// `organizations/NUMBER`
    pub name: String,
    /// Its domain, `example.com`.
    #[serde(default)]
    pub display_name: String,
    /// The Workspace or Cloud Identity customer it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directory_customer_id: Option<String>,
    /// Fields that are not known here.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// A folder (cloudresourcemanager v3, `Folder`).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Folder {
    /// `folders/NUMBER`
    pub name: String,
    /// `organizations/N` or `folders/N`.
    #[serde(default)]
    pub parent: String,
    /// A name for people.
    #[serde(default)]
    pub display_name: String,
    /// Fields that are not known here.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// A project (cloudresourcemanager v3, `Project`).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Project {
    /// `projects/NUMBER`
    pub name: String,
    /// The id that people use.
    #[serde(default)]
    pub project_id: String,
    /// `organizations/N`, `folders/N`; empty when it stands alone.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub parent: String,
    /// A name for people.
    #[serde(default)]
    pub display_name: String,
    /// `ACTIVE` or `DELETE_REQUESTED`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub state: String,
    /// Fields that are not known here.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl Project {
    /// The number, from the name.
    #[must_use]
    pub fn number(&self) -> &str {
        self.name.strip_prefix("projects/").unwrap_or(&self.name)
    }

    /// Whether it was shut down: it is marked for deletion, and not usable from that moment on (doc
    /// "Delete and restore projects"; discovery document cloudresourcemanager v3, `Project.state`, and v1,
    /// `Project.lifecycleState`, which knows a second such state).
    #[must_use]
    pub fn is_shut_down(&self) -> bool {
        matches!(
            self.state.as_str(),
            "DELETE_REQUESTED" | "DELETE_IN_PROGRESS"
        )
    }
}

/// A service account (iam v1, `ServiceAccount`).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", from = "ToldAccount")]
pub struct ServiceAccount {
    /// `projects/P/serviceAccounts/E`
    pub name: String,
    /// Its address; its unique id where only that is known, which is written nowhere as an address.
    #[serde(skip_serializing_if = "is_number")]
    pub email: String,
    /// The project that owns it.
    #[serde(default)]
    pub project_id: String,
    /// Its numeric id, which a re-created namesake does not share.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub unique_id: String,
    /// A name for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub display_name: String,
    /// A disabled account neither calls nor is impersonated.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub disabled: bool,
    /// Fields that are not known here.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A service account as it is told.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ToldAccount {
    name: String,
    #[serde(default)]
    email: String,
    #[serde(default)]
    project_id: String,
    #[serde(default)]
    unique_id: String,
    #[serde(default)]
    display_name: String,
    #[serde(default)]
    disabled: bool,
    #[serde(flatten)]
    extra: Extra,
}

impl From<ToldAccount> for ServiceAccount {
    fn from(told: ToldAccount) -> Self {
        let mut account = Self {
            name: told.name,
            email: told.email,
            project_id: told.project_id,
            unique_id: told.unique_id,
            display_name: told.display_name,
            disabled: told.disabled,
            extra: told.extra,
        };
        account.settle_ids();
        account
    }
}

/// Whether a text is a number: of an account the unique id, no address.
pub(crate) fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// Kept in a deleted account beside Google's fields: when it was deleted, RFC 3339.
pub const DELETE_TIME: &str = "deleteTime";

impl ServiceAccount {
    /// Takes what the name alone tells: the unique id, by which exports name accounts, or the address. One of
    /// which only the id is told goes by it.
    pub(crate) fn settle_ids(&mut self) {
        let last = self.name.rsplit('/').next().unwrap_or_default();
        if self.unique_id.is_empty() && is_number(last) {
            self.unique_id = last.to_owned();
        }
        if self.email.is_empty() && last.contains('@') {
            self.email = last.to_owned();
        } else if self.email.is_empty() {
            self.email.clone_from(&self.unique_id);
        }
    }

    /// Whether its address is known.
    #[must_use]
    pub fn has_address(&self) -> bool {
        !is_number(&self.email)
    }

    /// When it was deleted, where that is known.
    #[must_use]
    pub fn deleted_at(&self) -> Option<&str> {
        self.extra.get(DELETE_TIME)?.as_str()
    }
}

/// A key of a service account (iam v1, `ServiceAccountKey`): what tells how old it is and whose.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ServiceAccountKey {
    /// `projects/P/serviceAccounts/E/keys/K`
    pub name: String,
    /// `USER_MANAGED`, or `SYSTEM_MANAGED`: those Google makes and rotates itself.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub key_type: String,
    /// `USER_PROVIDED`: its public half was uploaded; `GOOGLE_PROVIDED`: Google made both halves.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub key_origin: String,
    /// From when on it can be used, RFC 3339.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub valid_after_time: String,
    /// Until when; `9999-12-31T23:59:59Z` for one that does not end (doc "List and get service account keys"), which
    /// is no time that can be counted with.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub valid_before_time: String,
    /// A disabled key opens nothing.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub disabled: bool,
}

impl ServiceAccountKey {
    /// The account as the name has it, by address or unique id, and the key's id.
    #[must_use]
    pub fn parts(&self) -> Option<(&str, &str)> {
        let (account, key) = self.name.split_once("/keys/")?;
        let (_, account) = account.rsplit_once("/serviceAccounts/")?;
        (!account.is_empty() && !key.is_empty() && !key.contains('/')).then_some((account, key))
    }

    /// Which of its times is none.
    #[must_use]
    pub fn unsound_time(&self) -> Option<&str> {
        let sound = |text: &str| {
            text.is_empty() || text.starts_with("9999-") || text.parse::<Timestamp>().is_ok()
        };
        let times = [&*self.valid_after_time, &*self.valid_before_time];
        times.into_iter().find(|text| !sound(text))
    }

    /// When it was made, where that is told.
    #[must_use]
    pub fn made_at(&self) -> Option<Timestamp> {
        self.valid_after_time.parse().ok()
    }

    /// Whether people made it and have to keep it.
    #[must_use]
    pub fn is_users(&self) -> bool {
        self.key_type == "USER_MANAGED"
    }

    /// Whether it opens something at the time.
    #[must_use]
    pub fn counts_at(&self, time: Timestamp) -> bool {
        let end: Option<Timestamp> = self.valid_before_time.parse().ok();
        !self.disabled && end.is_none_or(|end| time < end)
    }
}

/// What Google saw of the use of a role by a member (recommender v1, `Insight` of the type
/// `google.iam.policy.Insight`; doc "Review policy insights for projects, folders, and organizations").
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PolicyInsight {
    /// `projects/N/locations/global/insightTypes/google.iam.policy.Insight/insights/ID`
    pub name: String,
    /// Of which grant, and what of it was used.
    pub content: InsightContent,
    /// How long it was looked at, in seconds, up to the last refresh: `7776000s`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub observation_period: String,
    /// When that ended, RFC 3339.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub last_refresh_time: String,
    /// Whether it still tells what is.
    pub state_info: InsightState,
    /// The project, folder or organization, by its full resource name.
    pub target_resources: Vec<String>,
}

/// What an insight tells.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct InsightContent {
    /// The role.
    pub role: String,
    /// Who has it.
    pub member: String,
    /// When; of a binding without one an empty one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub condition: Option<Condition>,
    /// Permissions that were used.
    pub exercised_permissions: Vec<InsightPermission>,
    /// Permissions that are likely needed, as Google guesses from those.
    pub inferred_permissions: Vec<InsightPermission>,
}

/// A permission in an insight.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct InsightPermission {
    /// In v1 form.
    pub permission: String,
}

/// The state of an insight.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct InsightState {
    /// `ACTIVE`, `ACCEPTED`: then it is not kept up to date.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub state: String,
}

/// Stands in the names of such insights.
pub const POLICY_INSIGHTS: &str = "/insightTypes/google.iam.policy.Insight/insights/";

impl PolicyInsight {
    /// How many whole days were looked at, where that is told.
    #[must_use]
    pub fn days(&self) -> Option<u64> {
        let seconds = self.observation_period.strip_suffix('s')?;
        let whole = seconds.split('.').next().unwrap_or_default();
        whole.parse::<u64>().ok().map(|seconds| seconds / 86_400)
    }

    /// Whether it is kept up to date.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.state_info.state == "ACTIVE"
    }

    /// The text of the binding's condition; none of one without.
    #[must_use]
    pub fn condition(&self) -> Option<&str> {
        let condition = self.content.condition.as_ref()?;
        Some(&*condition.expression).filter(|text| !text.is_empty())
    }

    /// Whether the permission was used, or is likely needed.
    #[must_use]
    pub fn uses(&self, permission: &str) -> bool {
        let content = &self.content;
        let all = content
            .exercised_permissions
            .iter()
            .chain(&content.inferred_permissions);
        all.into_iter().any(|one| one.permission == permission)
    }
}

/// A Google group with its direct members.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// Its address.
    pub email: String,
    /// IAM v1 member identifiers.
    #[serde(default)]
    pub members: Vec<String>,
}

/// A tag value bound to a resource (cloudresourcemanager v3, `EffectiveTag`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tag {
    /// `1001/env`
    #[serde(default)]
    pub namespaced_tag_key: String,
    /// `1001/env/prod`
    #[serde(default)]
    pub namespaced_tag_value: String,
    /// `tagKeys/1`
    #[serde(default)]
    pub tag_key: String,
    /// `tagValues/2`
    #[serde(default)]
    pub tag_value: String,
}

/// The tags of one resource by full name.
pub type Tags = BTreeMap<String, Vec<Tag>>;

/// A workload or workforce identity pool (iam v1, `WorkloadIdentityPool`, `WorkforcePool`).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IdentityPool {
    /// `projects/N/locations/global/workloadIdentityPools/P`, or `locations/global/workforcePools/P`.
    pub name: String,
    /// Refuses every token, and those that it gave out before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub disabled: bool,
    /// Fields that are not known here.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// A workload or workforce identity pool's provider: how a token's claims become attributes
/// (iam v1, `WorkloadIdentityPoolProvider`).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Provider {
    /// `projects/N/locations/global/workloadIdentityPools/P/providers/ID`, or the workforce form.
    pub name: String,
    /// Attribute to CEL expression.
    #[serde(default)]
    pub attribute_mapping: BTreeMap<String, String>,
    /// A CEL expression that a token must meet to get in at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attribute_condition: Option<String>,
    /// Refuses every token.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub disabled: bool,
    /// Fields that are not known here.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// An answer that may be missing: three-valued honesty in a type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Read<T> {
    /// It was read (or, in an estate that is whole, it is not there).
    Known(T),
    /// It exists or may exist, and was not read; why.
    Unreadable(Arc<str>),
}

impl<T> Read<T> {
    /// The value, when known.
    pub fn known(self) -> Option<T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Unreadable(_) => None,
        }
    }

    /// Whether it was read.
    pub fn is_known(&self) -> bool {
        matches!(self, Self::Known(_))
    }

    /// Changes the value, when known.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Read<U> {
        match self {
            Self::Known(value) => Read::Known(f(value)),
            Self::Unreadable(why) => Read::Unreadable(why),
        }
    }
}
