//! Resource Manager v1, v2 and v3: one resource at a time
//! (discovery documents cloudresourcemanager v1, v2, v3).

use serde_json::{Map, Value, json};

use crate::emulator::api::{enforce, policy};
use crate::emulator::call::{ApiAnswer, ApiCall, StatusError};
use crate::emulator::route::{Needs, Route};
use crate::emulator::world::{Shared, World};
use crate::estate::{Estate, Folder, Organization, Project};
use crate::iam::{Resource, ResourceKind};

/// What is served of them.
pub(crate) const ROUTES: &[Route] = &[
    Route::new(
        "GET",
        "/v1/{level=organizations|projects}/{id}",
        &["resourcemanager.{level}.get"],
        |shared, call| get(shared, call, "v1"),
    ),
    Route::new(
        "POST",
        "/v1/{level=organizations|projects}/{id}:getIamPolicy",
        &["resourcemanager.{level}.getIamPolicy"],
        |shared, call| policy::get(shared, call, &named(shared, call, "getIamPolicy")?),
    ),
    Route::new(
        "POST",
        "/v1/{level=organizations|projects}/{id}:setIamPolicy",
        &["resourcemanager.{level}.setIamPolicy"],
        |shared, call| policy::set(shared, call, &named(shared, call, "setIamPolicy")?),
    ),
    Route::with(
        "POST",
        "/v1/{level=organizations|projects}/{id}:testIamPermissions",
        Needs::Somebody,
        |shared, call| policy::test(shared, call, &named(shared, call, "get")?),
    ),
    Route::new(
        "GET",
        "/v2/{level=folders}/{id}",
        &["resourcemanager.{level}.get"],
        |shared, call| get(shared, call, "v2"),
    ),
    Route::new(
        "POST",
        "/v2/{level=folders}/{id}:getIamPolicy",
        &["resourcemanager.{level}.getIamPolicy"],
        |shared, call| policy::get(shared, call, &named(shared, call, "getIamPolicy")?),
    ),
    Route::new(
        "POST",
        "/v2/{level=folders}/{id}:setIamPolicy",
        &["resourcemanager.{level}.setIamPolicy"],
        |shared, call| policy::set(shared, call, &named(shared, call, "setIamPolicy")?),
    ),
    Route::with(
        "POST",
        "/v2/{level=folders}/{id}:testIamPermissions",
        Needs::Somebody,
        |shared, call| policy::test(shared, call, &named(shared, call, "get")?),
    ),
    Route::new(
        "GET",
        "/v3/{level=organizations|folders|projects}/{id}",
        &["resourcemanager.{level}.get"],
        |shared, call| get(shared, call, "v3"),
    ),
    Route::new(
        "POST",
        "/v3/{level=organizations|folders|projects}/{id}:getIamPolicy",
        &["resourcemanager.{level}.getIamPolicy"],
        |shared, call| policy::get(shared, call, &named(shared, call, "getIamPolicy")?),
    ),
    Route::new(
        "POST",
        "/v3/{level=organizations|folders|projects}/{id}:setIamPolicy",
        &["resourcemanager.{level}.setIamPolicy"],
        |shared, call| policy::set(shared, call, &named(shared, call, "setIamPolicy")?),
    ),
    Route::with(
        "POST",
        "/v3/{level=organizations|folders|projects}/{id}:testIamPermissions",
        Needs::Somebody,
        |shared, call| policy::test(shared, call, &named(shared, call, "get")?),
    ),
    Route::new(
        "POST",
        "/v1/{level=projects}/{id}:getAncestry",
        &["resourcemanager.projects.get"],
        get_ancestry,
    ),
];

/// The resource of the path. What does not exist is refused like what may not be seen.
fn named(shared: &Shared, call: &ApiCall, verb: &str) -> Result<Resource, StatusError> {
    let asked = Resource::parse(&call.level())
        .map_err(|_| StatusError::invalid("Request contains an invalid argument."))?;
    let found = shared.read().find(&asked);
    found.ok_or_else(|| {
        let permission = policy::permission(&asked, verb);
        enforce::denied(shared, call, &permission, &asked)
    })
}

/// The resource of the path, once the caller may see it.
fn seen(shared: &Shared, call: &ApiCall) -> Result<Resource, StatusError> {
    let found = named(shared, call, "get")?;
    let permission = policy::permission(&found, "get");
    enforce::require(shared, call, &permission, &found).map(|()| found)
}

/// Refuses the viewer what is not known of a project that goes by its id alone.
fn in_full(shared: &Shared, call: &ApiCall, found: &Resource) -> Result<(), StatusError> {
    let world = shared.read();
    if enforce::is_viewer(&world, call) && world.hides(&Estate::record_of(found.id())) {
        drop(world);
        let permission = policy::permission(found, "get");
        return Err(enforce::denied(shared, call, &permission, found));
    }
    Ok(())
}

fn get(shared: &Shared, call: &ApiCall, version: &str) -> ApiAnswer {
    let found = seen(shared, call)?;
    in_full(shared, call, &found)?;
    show(&shared.read(), version, &found)
        .ok_or_else(|| StatusError::not_found("Requested entity was not found."))
}

fn get_ancestry(shared: &Shared, call: &ApiCall) -> ApiAnswer {
    let found = seen(shared, call)?;
    let above = ancestry(&shared.read(), &found);
    let alone = above.pointer("/ancestor/1").is_none();
    if alone {
        in_full(shared, call, &found)?;
    }
    Ok(above)
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
