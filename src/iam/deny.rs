//! Deny policies (discovery document iam v2, `GoogleIamV2Policy`, `GoogleIamV2DenyRule`).

use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use super::allow::Condition;
use super::member::PolicyMember;
use super::resource::Resource;

/// What a rule denies, to whom.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DenyRule {
    /// Who is denied.
    #[serde(default, deserialize_with = "read", serialize_with = "write")]
    pub denied_principals: Vec<Arc<PolicyMember>>,
    /// Who is not, although denied.
    #[serde(
        default,
        deserialize_with = "read",
        serialize_with = "write",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub exception_principals: Vec<Arc<PolicyMember>>,
    /// `SERVICE_FQDN/RESOURCE.VERB`, or a group of them.
    #[serde(default)]
    pub denied_permissions: Vec<String>,
    /// Those that stay allowed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exception_permissions: Vec<String>,
    /// When it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub denial_condition: Option<Arc<Condition>>,
    /// Fields that are not known here.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// One rule of a policy: a `denyRule`, or something that is not known here.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PolicyRule {
    /// What the rule is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deny_rule: Option<DenyRule>,
    /// Fields that are not known here.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// A deny policy, `policies/ATTACHMENT_POINT/denypolicies/ID`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DenyPolicy {
    /// The resource name, its attachment point percent-encoded.
    pub name: String,
    /// A name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// The rules.
    #[serde(default)]
    pub rules: Vec<PolicyRule>,
    /// Fields that are not known here.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl DenyPolicy {
    /// The project, folder or organization it is attached to; `None` when the name is of another form.
    #[must_use]
    pub fn attachment_point(&self) -> Option<Resource> {
        attachment_point(&self.name)
    }

    /// The last part of the name.
    #[must_use]
    pub fn id(&self) -> &str {
        self.name.rsplit('/').next().unwrap_or(&self.name)
    }
}

/// The resource in `policies/ATTACHMENT_POINT/denypolicies…`, decoded.
#[must_use]
pub fn attachment_point(name: &str) -> Option<Resource> {
    let encoded = name.strip_prefix("policies/")?.split('/').next()?;
    let decoded = percent_encoding::percent_decode_str(encoded)
        .decode_utf8()
        .ok()?;
    let path = decoded.strip_prefix("cloudresourcemanager.googleapis.com/")?;
    Resource::parse(path).ok()
}

/// `policies/cloudresourcemanager.googleapis.com%2Fprojects%2FP/denypolicies` of a resource.
#[must_use]
pub fn collection(resource: &Resource) -> String {
    let path = resource.relative().replace('/', "%2F");
    format!("policies/cloudresourcemanager.googleapis.com%2F{path}/denypolicies")
}

fn read<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<Arc<PolicyMember>>, D::Error> {
    let texts = Vec::<String>::deserialize(d)?;
    Ok(texts
        .iter()
        .map(|t| Arc::new(PolicyMember::v2(t)))
        .collect())
}

fn write<S: Serializer>(members: &[Arc<PolicyMember>], s: S) -> Result<S::Ok, S::Error> {
    s.collect_seq(members.iter().map(|m| &*m.text))
}
