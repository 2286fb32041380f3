//! Resource Manager v1, v2 and v3: one resource at a time
//! (discovery documents cloudresourcemanager v1, v2, v3).

use serde_json::{Map, Value, json};

use super::Answer;
use super::call::Call;
use super::error::Refusal;
use super::state::{Shared, World};
use super::{enforce, policy};
use crate::estate::{Folder, Organization, Project};
use crate::iam::{Resource, ResourceKind};

/// Answers what is a path of these APIs.
pub(crate) fn route(shared: &Shared, call: &Call) -> Option<Answer> {
    let (method, segments, verb) = call.parts();
    match (method, segments.as_slice(), verb) {
        (
            _,
            [
                version @ ("v1" | "v2" | "v3"),
                kind @ ("organizations" | "folders" | "projects"),
                id,
            ],
            _,
        ) => one(shared, call, version, &format!("{kind}/{id}"), method, verb),
        _ => None,
    }
}

fn one(
    shared: &Shared,
    call: &Call,
    version: &str,
    name: &str,
    method: &str,
    verb: &str,
) -> Option<Answer> {
    let known = match (version, method, verb) {
        (_, "GET", "") | (_, "POST", "getIamPolicy" | "setIamPolicy" | "testIamPermissions") => {
            // v1 has organizations and projects, v2 folders alone.
            match version {
                "v1" => !name.starts_with("folders/"),
                "v2" => name.starts_with("folders/"),
                _ => true,
            }
        }
        ("v1", "POST", "getAncestry") => name.starts_with("projects/"),
        _ => false,
    };
    if !known {
        return None;
    }
    let Ok(asked) = Resource::parse(name) else {
        return Some(Err(Refusal::invalid(
            "Request contains an invalid argument.",
        )));
    };
    let needed = match verb {
        "" | "getAncestry" | "testIamPermissions" => "get",
        other => other,
    };
    let found = shared.read().find(&asked);
    let Some(found) = found else {
        // What does not exist is refused like what may not be seen.
        let permission = policy::permission(&asked, needed);
        return Some(Err(enforce::denied(shared, call, &permission, &asked)));
    };
    Some(match verb {
        "getIamPolicy" => policy::get(shared, call, &found),
        "setIamPolicy" => policy::set(shared, call, &found),
        "testIamPermissions" => policy::test(shared, call, &found),
        _ => enforce::require(shared, call, &policy::permission(&found, "get"), &found).and_then(
            |()| {
                let world = shared.read();
                if verb == "getAncestry" {
                    return Ok(ancestry(&world, &found));
                }
                show(&world, version, &found)
                    .ok_or_else(|| Refusal::not_found("Requested entity was not found."))
            },
        ),
    })
}

/// Nearest first: project, folders, organization.
fn ancestry(world: &World, project: &Resource) -> Value {
    let ancestors: Vec<Value> = world
        .estate
        .ancestry(project)
        .levels
        .iter()
        .map(|level| {
            let kind = match level.kind() {
                ResourceKind::Organization => "organization",
                ResourceKind::Folder => "folder",
                _ => "project",
            };
            json!({ "resourceId": { "type": kind, "id": level.id() } })
        })
        .collect();
    json!({ "ancestor": ancestors })
}

/// A resource as that version of the API shows it.
pub(crate) fn show(world: &World, version: &str, found: &Resource) -> Option<Value> {
    match found {
        Resource::Organization(n) => world
            .estate
            .organization(n)
            .map(|o| organization(version, o)),
        Resource::Folder(n) => world.estate.folder(n).map(|f| folder(version, f)),
        Resource::Project(p) => world.estate.project(p).map(|p| project(version, p)),
        Resource::ServiceAccount { .. } => None,
    }
}

fn text<'a>(extra: &'a Map<String, Value>, field: &str) -> Option<&'a str> {
    extra.get(field).and_then(Value::as_str)
}

fn fields(pairs: Vec<(&str, Option<Value>)>) -> Value {
    Value::Object(
        pairs
            .into_iter()
            .filter_map(|(key, value)| Some((key.to_owned(), value?)))
            .collect(),
    )
}

/// The fields of the v3 messages that a file may have given and that are passed on.
const PASSED: [&str; 8] = [
    "createTime",
    "updateTime",
    "deleteTime",
    "etag",
    "labels",
    "tags",
    "managementProject",
    "configuredCapabilities",
];

fn passed(extra: &Map<String, Value>, into: &mut Value) {
    if let Some(object) = into.as_object_mut() {
        for field in PASSED {
            if let Some(value) = extra.get(field) {
                object.insert(field.into(), value.clone());
            }
        }
    }
}

fn organization(version: &str, o: &Organization) -> Value {
    let state = text(&o.extra, "state").unwrap_or("ACTIVE");
    if version == "v1" {
        return fields(vec![
            ("name", Some(json!(o.name))),
            ("displayName", Some(json!(o.display_name))),
            (
                "owner",
                o.directory_customer_id
                    .as_ref()
                    .map(|id| json!({ "directoryCustomerId": id })),
            ),
            ("lifecycleState", Some(json!(state))),
        ]);
    }
    let mut value = fields(vec![
        ("name", Some(json!(o.name))),
        ("displayName", Some(json!(o.display_name))),
        (
            "directoryCustomerId",
            o.directory_customer_id.as_ref().map(|id| json!(id)),
        ),
        ("state", Some(json!(state))),
    ]);
    for field in ["createTime", "updateTime", "etag"] {
        if let (Some(given), Some(object)) = (o.extra.get(field), value.as_object_mut()) {
            object.insert(field.into(), given.clone());
        }
    }
    value
}

fn folder(version: &str, f: &Folder) -> Value {
    let state = text(&f.extra, "state").unwrap_or("ACTIVE");
    let field = if version == "v2" {
        "lifecycleState"
    } else {
        "state"
    };
    let mut value = fields(vec![
        ("name", Some(json!(f.name))),
        ("parent", Some(json!(f.parent))),
        ("displayName", Some(json!(f.display_name))),
        (field, Some(json!(state))),
    ]);
    if version == "v3" {
        passed(&f.extra, &mut value);
    }
    value
}

fn project(version: &str, p: &Project) -> Value {
    let state = if p.state.is_empty() {
        "ACTIVE"
    } else {
        &p.state
    };
    if version == "v1" {
        let parent = p
            .parent
            .split_once('/')
            .map(|(kind, id)| json!({ "type": kind.strip_suffix('s').unwrap_or(kind), "id": id }));
        return fields(vec![
            ("projectNumber", Some(json!(p.number()))),
            ("projectId", Some(json!(p.project_id))),
            ("lifecycleState", Some(json!(state))),
            ("name", Some(json!(p.display_name))),
            ("createTime", p.extra.get("createTime").cloned()),
            ("labels", p.extra.get("labels").cloned()),
            ("parent", parent),
        ]);
    }
    let mut value = fields(vec![
        ("name", Some(json!(p.name))),
        ("parent", (!p.parent.is_empty()).then(|| json!(p.parent))),
        ("projectId", Some(json!(p.project_id))),
        ("state", Some(json!(state))),
        ("displayName", Some(json!(p.display_name))),
    ]);
    passed(&p.extra, &mut value);
    value
}
