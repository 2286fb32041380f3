//! Resource Manager: lists and searches (discovery documents cloudresourcemanager v1, v2, v3).

use serde_json::Value;

use crate::emulator::api::resource_manager::resources;
use crate::emulator::api::{enforce, policy};
use crate::emulator::call::{ApiAnswer, ApiCall, StatusError, listed};
use crate::emulator::route::{Needs, Route};
use crate::emulator::world::{Shared, World};
use crate::iam::{Resource, ResourceKind};

/// What is served of them.
pub(crate) const ROUTES: &[Route] = &[
    Route::with(
        "GET",
        "/v3/organizations:search",
        Needs::Each("resourcemanager.organizations.get"),
        |shared, call| search(shared, call, "v3", "organizations"),
    ),
    Route::with(
        "GET",
        "/v3/folders:search",
        Needs::Each("resourcemanager.folders.get"),
        |shared, call| search(shared, call, "v3", "folders"),
    ),
    Route::with(
        "GET",
        "/v3/projects:search",
        Needs::Each("resourcemanager.projects.get"),
        |shared, call| search(shared, call, "v3", "projects"),
    ),
    Route::with(
        "POST",
        "/v2/folders:search",
        Needs::Each("resourcemanager.folders.get"),
        |shared, call| search(shared, call, "v2", "folders"),
    ),
    Route::with(
        "POST",
        "/v1/organizations:search",
        Needs::Each("resourcemanager.organizations.get"),
        |shared, call| search(shared, call, "v1", "organizations"),
    ),
    Route::with(
        "GET",
        "/v1/projects",
        Needs::Each("resourcemanager.projects.get"),
        |shared, call| search(shared, call, "v1", "projects"),
    ),
    Route::new(
        "GET",
        "/v3/folders",
        &["resourcemanager.folders.list"],
        |shared, call| children(shared, call, "v3", "folders"),
    ),
    Route::new(
        "GET",
        "/v2/folders",
        &["resourcemanager.folders.list"],
        |shared, call| children(shared, call, "v2", "folders"),
    ),
    Route::new(
        "GET",
        "/v3/projects",
        &["resourcemanager.projects.list"],
        |shared, call| children(shared, call, "v3", "projects"),
    ),
];

/// Everything of a kind that the caller has `get` on, and that the query names.
fn search(shared: &Shared, call: &ApiCall, version: &str, kind: &str) -> ApiAnswer {
    let query = call
        .either("query")
        .or_else(|| call.either("filter"))
        .unwrap_or_default();
    let terms = Terms::parse(query)?;
    let size = call.page_size(100, 500)?;
    let after = call.last_key()?;
    let world = shared.read();
    let items = all(&world, kind, after.as_deref())
        .into_iter()
        .filter_map(|(key, resource)| {
            let value = resources::show(&world, version, &resource)?;
            let seen = terms.hold(&value)
                && enforce::holds(
                    &world,
                    call,
                    &policy::permission(&resource, "get"),
                    &resource,
                );
            seen.then_some((key, value))
        });
    let (page, next) = call.page(items, size)?;
    Ok(listed(kind, page, next))
}

/// `list`: the direct children of a parent on which the caller has `list`.
fn children(shared: &Shared, call: &ApiCall, version: &str, kind: &str) -> ApiAnswer {
    let parent = call.param("parent").unwrap_or_default();
    let asked = Resource::parse(parent)
        .ok()
        .filter(|r| matches!(r.kind(), ResourceKind::Organization | ResourceKind::Folder))
        .ok_or_else(|| StatusError::invalid("Request contains an invalid argument: parent."))?;
    let permission = format!("resourcemanager.{kind}.list");
    let found = shared.read().find(&asked);
    let Some(found) = found else {
        return Err(enforce::denied(shared, call, &permission, &asked));
    };
    enforce::require(shared, call, &permission, &found)?;
    let size = call.page_size(100, 500)?;
    let deleted = call.flag("showDeleted");
    let name = found.relative();
    let after = call.last_key()?;
    let world = shared.read();
    let items = all(&world, kind, after.as_deref())
        .into_iter()
        .filter_map(|(key, resource)| {
            let value = resources::show(&world, version, &resource)?;
            let field = |f: &str| value.get(f).and_then(Value::as_str).unwrap_or_default();
            let gone = field("state") == "DELETE_REQUESTED";
            (field("parent") == name && (deleted || !gone)).then_some((key, value))
        });
    let (page, next) = call.page(items, size)?;
    Ok(listed(kind, page, next))
}

/// All of a kind whose keys come after that one, in the order of their keys: what a page before held is not made again.
fn all(world: &World, kind: &str, after: Option<&str>) -> Vec<(String, Resource)> {
    let estate = &world.estate;
    let is_later = |id: &str| after.is_none_or(|after| id > after);
    let named = |name: &str| {
        let resource = Resource::parse(name).ok()?;
        is_later(resource.id()).then(|| (resource.id().to_owned(), resource))
    };
    match kind {
        "organizations" => estate
            .organizations()
            .filter_map(|o| named(&o.name))
            .collect(),
        "folders" => estate.folders().filter_map(|f| named(&f.name)).collect(),
        _ => estate
            .projects()
            .filter(|p| is_later(&p.project_id))
            .map(|p| (p.project_id.clone(), Resource::project(&p.project_id)))
            .collect(),
    }
}

/// A search expression: terms `field:value`, `field=value`, with `*`, joined by spaces or AND
/// (cloudresourcemanager v3, `projects.search`, `query`). Anything else is refused, never ignored.
struct Terms(Vec<(String, String)>);

impl Terms {
    fn parse(query: &str) -> Result<Self, StatusError> {
        let mut terms = Vec::new();
        for word in query.split_whitespace().filter(|w| *w != "AND") {
            let (field, value) = word.split_once([':', '=']).ok_or_else(|| {
                StatusError::invalid(
                    "The query is not supported by this emulator: expected terms FIELD:VALUE joined by AND.",
                )
            })?;
            // "Query expressions are case insensitive" (cloudresourcemanager v3, `query`).
            terms.push((field.to_lowercase(), value.trim_matches('"').to_owned()));
        }
        Ok(Self(terms))
    }

    fn hold(&self, value: &Value) -> bool {
        self.0.iter().all(|(field, wanted)| {
            let names: &[&str] = match field.as_str() {
                "id" | "projectid" => &["projectId"],
                "domain" | "displayname" => &["displayName"],
                "name" => &["displayName", "name"],
                "lifecyclestate" | "state" => &["lifecycleState", "state"],
                // v1 has it below its owner.
                "directorycustomerid" | "owner.directorycustomerid" => {
                    let own = value.get("directoryCustomerId");
                    let own = own.or_else(|| value.pointer("/owner/directoryCustomerId"));
                    return own.is_some_and(|v| v.as_str() == Some(wanted));
                }
                "parent" => &["parent"],
                "parent.id" => return value.pointer("/parent/id").is_some_and(|v| *v == **wanted),
                "parent.type" => {
                    return value
                        .pointer("/parent/type")
                        .is_some_and(|v| *v == **wanted);
                }
                "projectnumber" => &["projectNumber", "name"],
                _ => return false,
            };
            names
                .iter()
                .filter_map(|n| value.get(n).and_then(Value::as_str))
                .any(|have| matches(wanted, have))
        })
    }
}

/// Compares without case; a `*` at an end of the pattern stands for anything.
fn matches(pattern: &str, have: &str) -> bool {
    let (pattern, have) = (pattern.to_lowercase(), have.to_lowercase());
    let core = pattern.trim_matches('*');
    match (pattern.starts_with('*'), pattern.ends_with('*')) {
        (true, true) => have.contains(core),
        (false, true) => have.starts_with(core),
        (true, false) => have.ends_with(core),
        (false, false) => have == core,
    }
}
