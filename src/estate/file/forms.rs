//! The forms in which Google writes the same thing: Resource Manager v1 (what `gcloud projects list`
//! and asset exports print), v2 and v3. All become the v3 form (discovery documents
//! cloudresourcemanager v1, v2 and v3).

use std::fmt;

use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::super::{Folder, Organization, Project};
use crate::iam::org_policy::{OrgPolicyRule, OrgPolicySpec, StringValues};
use crate::iam::{OrgPolicy, Resource, org_policy};

/// An organization, v1 or v3.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct AnyOrganization {
    name: String,
    display_name: String,
    directory_customer_id: Option<String>,
    owner: Option<OrganizationOwner>,
    lifecycle_state: Option<String>,
    #[serde(flatten)]
    extra: Map<String, Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct OrganizationOwner {
    directory_customer_id: Option<String>,
}

impl From<AnyOrganization> for Organization {
    fn from(any: AnyOrganization) -> Self {
        Self {
            name: any.name,
            display_name: any.display_name,
            directory_customer_id: any
                .directory_customer_id
                .or(any.owner.and_then(|o| o.directory_customer_id)),
            extra: with_state(any.extra, any.lifecycle_state),
        }
    }
}

/// A folder, v2 or v3.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct AnyFolder {
    name: String,
    parent: ParentName,
    display_name: String,
    lifecycle_state: Option<String>,
    #[serde(flatten)]
    extra: Map<String, Value>,
}

impl From<AnyFolder> for Folder {
    fn from(any: AnyFolder) -> Self {
        Self {
            name: any.name,
            parent: any.parent.0,
            display_name: any.display_name,
            extra: with_state(any.extra, any.lifecycle_state),
        }
    }
}

/// A project, v1 (`name` is for people, the number a field of its own) or v3.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct AnyProject {
    name: String,
    project_id: String,
    #[serde(deserialize_with = "number_or_text")]
    project_number: Option<String>,
    parent: ParentName,
    display_name: String,
    state: String,
    lifecycle_state: Option<String>,
    #[serde(flatten)]
    extra: Map<String, Value>,
}

impl From<AnyProject> for Project {
    fn from(any: AnyProject) -> Self {
        let (name, display_name) = match any.project_number {
            Some(number) if !any.name.starts_with("projects/") => {
                (format!("projects/{number}"), any.name)
            }
            _ => (any.name, any.display_name),
        };
        Self {
            name,
            project_id: any.project_id,
            parent: any.parent.0,
            display_name,
            state: if any.state.is_empty() {
                any.lifecycle_state.unwrap_or_default()
            } else {
                any.state
            },
            extra: any.extra,
        }
    }
}

/// An organization policy as asset exports have it (discovery document cloudasset v1,
/// `GoogleCloudOrgpolicyV1Policy`), in snake or camel case.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct OrgPolicyV1 {
    #[serde(deserialize_with = "number_or_text")]
    version: Option<String>,
    constraint: String,
    #[serde(alias = "list_policy")]
    list_policy: Option<ListV1>,
    #[serde(alias = "boolean_policy")]
    boolean_policy: Option<BooleanV1>,
    #[serde(alias = "restore_default")]
    restore_default: Option<Map<String, Value>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ListV1 {
    #[serde(alias = "allowed_values")]
    allowed_values: Vec<String>,
    #[serde(alias = "denied_values")]
    denied_values: Vec<String>,
    #[serde(alias = "all_values")]
    all_values: Value,
    #[serde(alias = "inherit_from_parent")]
    inherit_from_parent: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct BooleanV1 {
    enforced: bool,
}

/// What a v1 policy comes to.
pub(super) enum FromV1 {
    /// The same in the v2 form.
    Policy(Box<OrgPolicy>),
    /// Nothing is set.
    Nothing,
    /// It has conditions or parameters, for which v1 has no place, and its constraint has a say here.
    Partial,
}

impl OrgPolicyV1 {
    /// The v2 form of a policy that is set on `on`. A version of 2 says that it has conditions (gcloud,
    /// `resource-manager org-policies describe`); a managed constraint's parameters are not in it.
    pub fn on(self, on: &Resource) -> FromV1 {
        let constraint = self.constraint.trim_start_matches("constraints/");
        let managed = constraint.contains(".managed.");
        if constraint.is_empty() {
            return FromV1::Nothing;
        }
        let enforced = self.boolean_policy.as_ref().is_some_and(|b| b.enforced);
        let version: i64 = self.version.and_then(|v| v.parse().ok()).unwrap_or(0);
        if version >= 2 || (managed && enforced) {
            return match org_policy::constraint(constraint) {
                Some(_) => FromV1::Partial,
                None => FromV1::Nothing,
            };
        }
        let rule = |rule| OrgPolicySpec {
            rules: vec![rule],
            ..OrgPolicySpec::default()
        };
        let spec = if self.restore_default.is_some() {
            OrgPolicySpec {
                reset: true,
                ..OrgPolicySpec::default()
            }
        } else if let Some(boolean) = self.boolean_policy {
            rule(OrgPolicyRule {
                enforce: Some(boolean.enforced),
                ..OrgPolicyRule::default()
            })
        } else if let Some(list) = self.list_policy {
            OrgPolicySpec {
                inherit_from_parent: list.inherit_from_parent,
                ..rule(list.rule())
            }
        } else {
            return FromV1::Nothing;
        };
        FromV1::Policy(Box::new(OrgPolicy {
            name: format!("{}/{constraint}", org_policy::collection(on)),
            spec: Some(spec),
            ..OrgPolicy::default()
        }))
    }
}

impl ListV1 {
    fn rule(self) -> OrgPolicyRule {
        let all = |word: &str, number: i64| {
            self.all_values.as_str() == Some(word) || self.all_values.as_i64() == Some(number)
        };
        if all("ALLOW", 1) {
            OrgPolicyRule {
                allow_all: Some(true),
                ..OrgPolicyRule::default()
            }
        } else if all("DENY", 2) {
            OrgPolicyRule {
                deny_all: Some(true),
                ..OrgPolicyRule::default()
            }
        } else {
            OrgPolicyRule {
                values: Some(StringValues {
                    allowed_values: self.allowed_values,
                    denied_values: self.denied_values,
                    ..StringValues::default()
                }),
                ..OrgPolicyRule::default()
            }
        }
    }
}

fn with_state(mut extra: Map<String, Value>, state: Option<String>) -> Map<String, Value> {
    if let Some(state) = state {
        extra.entry("state").or_insert(Value::String(state));
    }
    extra
}

/// What a thing lies below: `folders/1`, a full resource name, or v1's `{"type": "folder", "id": "1"}`.
#[derive(Debug, Default, Clone, PartialEq, Serialize)]
pub(super) struct ParentName(pub String);

impl<'de> Deserialize<'de> for ParentName {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_any(ParentNameVisitor)
    }
}

struct ParentNameVisitor;

impl<'de> Visitor<'de> for ParentNameVisitor {
    type Value = ParentName;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(r#"a parent: "organizations/N", "folders/N" or {"type": "folder", "id": "N"}"#)
    }

    fn visit_unit<E: de::Error>(self) -> Result<ParentName, E> {
        Ok(ParentName::default())
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<ParentName, E> {
        match Resource::parse(text) {
            _ if text.is_empty() => Ok(ParentName::default()),
            Ok(parent @ (Resource::Organization(_) | Resource::Folder(_))) => {
                Ok(ParentName(parent.relative()))
            }
            _ => Err(E::invalid_value(de::Unexpected::Str(text), &self)),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<ParentName, A::Error> {
        #[derive(Deserialize)]
        struct Pair {
            r#type: String,
            #[serde(deserialize_with = "number_or_text")]
            id: Option<String>,
        }
        let pair = Pair::deserialize(de::value::MapAccessDeserializer::new(map))?;
        let text = format!("{}s/{}", pair.r#type, pair.id.unwrap_or_default());
        self.visit_str(&text)
    }
}

/// A number that some clients print as text and others as a number.
fn number_or_text<'de, D: Deserializer<'de>>(d: D) -> Result<Option<String>, D::Error> {
    struct Either;
    impl Visitor<'_> for Either {
        type Value = Option<String>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a number, as text or not")
        }
        fn visit_u64<E: de::Error>(self, n: u64) -> Result<Self::Value, E> {
            Ok(Some(n.to_string()))
        }
        fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
            Ok(Some(text.to_owned()))
        }
        fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
            Ok(None)
        }
    }
    d.deserialize_any(Either)
}
