//! The forms in which Google writes the same thing: Resource Manager v1 (what `gcloud projects list`
//! and asset exports print), v2 and v3. All become the v3 form (discovery documents
//! cloudresourcemanager v1, v2 and v3).

use std::fmt;

use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::super::{Folder, Organization, Project};
use crate::iam::Resource;

/// An organization, v1 or v3.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct AnyOrganization {
    name: String,
    display_name: String,
    directory_customer_id: Option<String>,
    owner: Option<Owner>,
    lifecycle_state: Option<String>,
    #[serde(flatten)]
    extra: Map<String, Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Owner {
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
    parent: Above,
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
    parent: Above,
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

fn with_state(mut extra: Map<String, Value>, state: Option<String>) -> Map<String, Value> {
    if let Some(state) = state {
        extra.entry("state").or_insert(Value::String(state));
    }
    extra
}

/// What a thing lies below: `folders/1`, a full resource name, or v1's `{"type": "folder", "id": "1"}`.
#[derive(Debug, Default, Clone, PartialEq, Serialize)]
pub(super) struct Above(pub String);

impl<'de> Deserialize<'de> for Above {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_any(AboveVisitor)
    }
}

struct AboveVisitor;

impl<'de> Visitor<'de> for AboveVisitor {
    type Value = Above;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(r#"a parent: "organizations/N", "folders/N" or {"type": "folder", "id": "N"}"#)
    }

    fn visit_unit<E: de::Error>(self) -> Result<Above, E> {
        Ok(Above::default())
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Above, E> {
        match Resource::parse(text) {
            _ if text.is_empty() => Ok(Above::default()),
            Ok(parent @ (Resource::Organization(_) | Resource::Folder(_))) => {
                Ok(Above(parent.relative()))
            }
            _ => Err(E::invalid_value(de::Unexpected::Str(text), &self)),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Above, A::Error> {
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
