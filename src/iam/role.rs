//! Roles, as IAM v1 shows them (discovery document iam v1, `Role`).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::permission::Permission;

/// How far a role has come. `Disabled` grants nothing.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Stage {
    /// Not said is ALPHA (discovery document iam v1, `Role.stage`, the enum's zero value).
    #[default]
    Alpha,
    /// BETA
    Beta,
    /// GA
    Ga,
    /// DEPRECATED
    Deprecated,
    /// DISABLED
    Disabled,
    /// EAP
    Eap,
    /// Something newer.
    #[serde(untagged)]
    Other(String),
}

/// A predefined or custom role.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Role {
    /// `roles/NAME`, `projects/P/roles/ID`, `organizations/O/roles/ID`.
    pub name: String,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What it grants, as v1 shows it: most permissions in v1 form, newer ones as `SERVICE_FQDN/…`.
    #[serde(default)]
    pub included_permissions: Vec<String>,
    /// How far it has come.
    #[serde(default)]
    pub stage: Stage,
    /// Soft-deleted: grants nothing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deleted: bool,
    /// Fields that are not known here.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl Role {
    /// Whether it includes the permission (v1 form), which may stand there in its second form.
    #[must_use]
    pub fn includes(&self, permission: &str) -> bool {
        self.included_permissions.iter().any(|written| {
            written == permission
                || (written.contains('/')
                    && Permission::parse(written).is_ok_and(|p| p.as_str() == permission))
        })
    }
}
