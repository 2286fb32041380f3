//! Principal access boundary policies and their bindings (discovery document
//! policytroubleshooter v3beta, `GoogleIamV3PrincipalAccessBoundaryPolicy`, `GoogleIamV3PolicyBinding`).

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::allow::Condition;

/// What a rule does to the resources it names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RuleEffect {
    /// Makes eligible.
    #[serde(rename = "ALLOW")]
    Allow,
    /// Makes ineligible.
    #[serde(rename = "DENY")]
    Deny,
    /// Something newer.
    #[serde(untagged)]
    Other(String),
}

/// The permissions a rule speaks of; absent means all.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Operation {
    /// Those it covers.
    #[serde(default)]
    pub permissions: Vec<String>,
    /// Those it leaves out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub excluded_permissions: Vec<String>,
}

/// One rule of a boundary.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BoundaryRule {
    /// What the rule is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Full resource names of projects, folders and organizations.
    #[serde(default)]
    pub resources: Vec<String>,
    /// Those below `resources` that it does not speak of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub excluded_resources: Vec<String>,
    /// What it does.
    pub effect: RuleEffect,
    /// For which permissions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<Operation>,
    /// Fields that are not known here.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// The rules with the version that says which permissions they reach.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BoundaryDetails {
    /// The rules.
    #[serde(default)]
    pub rules: Vec<BoundaryRule>,
    /// A number, or `latest`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enforcement_version: Option<String>,
}

/// A principal access boundary policy.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BoundaryPolicy {
    /// `organizations/O/locations/global/principalAccessBoundaryPolicies/ID`.
    pub name: String,
    /// A name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// What it says.
    #[serde(default)]
    pub details: BoundaryDetails,
    /// Fields that are not known here.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// Whom a binding binds a policy to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BindingTarget {
    /// A principal set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub principal_set: Option<String>,
    /// Fields that are not known here (`resource` of access policies among them).
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// A policy binding of IAM v3.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PolicyBinding {
    /// `PARENT/locations/global/policyBindings/ID`.
    pub name: String,
    /// A name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Whom it binds.
    #[serde(default)]
    pub target: BindingTarget,
    /// `PRINCIPAL_ACCESS_BOUNDARY` for boundaries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_kind: Option<String>,
    /// The policy's name.
    #[serde(default)]
    pub policy: String,
    /// When it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<Arc<Condition>>,
    /// Fields that are not known here.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl PolicyBinding {
    /// Whether it binds a principal access boundary. One without a kind is taken by the policy it names.
    #[must_use]
    pub fn is_boundary(&self) -> bool {
        match self.policy_kind.as_deref() {
            Some(kind) if kind.eq_ignore_ascii_case("PRINCIPAL_ACCESS_BOUNDARY") => true,
            Some(kind) if !kind.is_empty() && kind != "POLICY_KIND_UNSPECIFIED" => false,
            _ => self.policy.contains("/principalAccessBoundaryPolicies/"),
        }
    }
}
