//! Cloud Asset v1: assets listed and searched, effective policies (discovery document cloudasset v1).
//!
//! The assets are those of an estate: organizations, folders, projects, service accounts and custom
//! roles. Accounts are named by unique id in lists, as exports name them, and by address in searches.

use serde_json::{Map, Value, json};

use super::Answer;
use super::asset_analysis;
use super::asset_query::Query;
use super::call::Call;
use super::error::Refusal;
use super::iam_v1::listed;
use super::state::{Shared, World};
use super::{enforce, policy, resource_manager};
use crate::iam::{Resource, ResourceKind};

/// Names asked for at once (cloudasset v1, `effectiveIamPolicies.batchGet`, names).
const MOST_NAMES: usize = 20;

/// Answers what is a path of this API.
pub(crate) fn route(shared: &Shared, call: &Call) -> Option<Answer> {
    let (method, segments, verb) = call.parts();
    let [
        "v1",
        kind @ ("organizations" | "folders" | "projects"),
        id,
        rest @ ..,
    ] = segments.as_slice()
    else {
        return None;
    };
    let scope = format!("{kind}/{id}");
    match (method, rest, verb) {
        ("GET", [], "searchAllResources") => Some(search_resources(shared, call, &scope)),
        ("GET", [], "searchAllIamPolicies") => Some(search_policies(shared, call, &scope)),
        ("GET", [], "analyzeIamPolicy") => Some(asset_analysis::analyze(shared, call, &scope)),
        ("GET", ["assets"], "") => Some(list(shared, call, &scope)),
        ("GET", ["effectiveIamPolicies"], "batchGet") => Some(effective(shared, call, &scope)),
        _ => None,
    }
}

/// The scope, checked.
pub(super) fn at(
    shared: &Shared,
    call: &Call,
    scope: &str,
    permissions: &[&str],
) -> Result<Resource, Refusal> {
    let asked = Resource::parse(scope)
        .map_err(|_| Refusal::invalid("Request contains an invalid argument."))?;
    let found = shared.read().find(&asked);
    for permission in permissions {
        let permission = format!("cloudasset.assets.{permission}");
        match &found {
            Some(found) => enforce::require(shared, call, &permission, found)?,
            None => return Err(enforce::denied(shared, call, &permission, &asked)),
        }
    }
    Ok(found.unwrap_or(asked))
}

pub(super) fn type_of(resource: &Resource) -> &'static str {
    match resource.kind() {
        ResourceKind::Organization => "cloudresourcemanager.googleapis.com/Organization",
        ResourceKind::Folder => "cloudresourcemanager.googleapis.com/Folder",
        ResourceKind::Project => "cloudresourcemanager.googleapis.com/Project",
        ResourceKind::ServiceAccount => "iam.googleapis.com/ServiceAccount",
    }
}

/// Every resource of the scope, the scope itself included, by full name.
pub(super) fn inside(world: &World, scope: &Resource) -> Vec<Resource> {
    let estate = &world.estate;
    let names = estate
        .organizations()
        .map(|o| o.name.clone())
        .chain(estate.folders().map(|f| f.name.clone()))
        .chain(
            estate
                .projects()
                .map(|p| format!("projects/{}", p.project_id)),
        );
    let accounts = estate.accounts().map(|a| Resource::account("-", &a.email));
    let mut all: Vec<Resource> = names
        .filter_map(|name| Resource::parse(&name).ok())
        .chain(accounts)
        .filter_map(|resource| world.find(&resource))
        .filter(|resource| estate.ancestry(resource).levels.contains(scope))
        .collect();
    all.sort_by_key(Resource::full_name);
    all
}

/// The resource's place in the hierarchy: `project`, `folders`, `organization` (numbers).
pub(super) fn place(world: &World, resource: &Resource) -> Map<String, Value> {
    let mut place = Map::new();
    let mut folders = Vec::new();
    for level in world.estate.ancestry(resource).levels {
        match &level {
            Resource::Project(id) => {
                let number = world.estate.project(id).map_or(&**id, |p| p.number());
                place.insert("project".into(), json!(format!("projects/{number}")));
            }
            Resource::Folder(_) => folders.push(level.relative()),
            Resource::Organization(_) => {
                place.insert("organization".into(), json!(level.relative()));
            }
            Resource::ServiceAccount { .. } => {}
        }
    }
    if !folders.is_empty() {
        place.insert("folders".into(), json!(folders));
    }
    place
}

/// `assetTypes` of the query: names, or regular expressions as Google takes them.
pub(super) fn wanted_types(call: &Call) -> Result<impl Fn(&str) -> bool, Refusal> {
    let mut patterns = Vec::new();
    for (_, text) in call.query.iter().filter(|(name, _)| name == "assetTypes") {
        let pattern = regex::RegexBuilder::new(&format!("^(?:{text})$"))
            .size_limit(1 << 20)
            .build()
            .map_err(|_| {
                Refusal::invalid(format!(
                    "Invalid asset type: {}",
                    crate::text::visible(text)
                ))
            })?;
        patterns.push(pattern);
    }
    Ok(move |kind: &str| patterns.is_empty() || patterns.iter().any(|p| p.is_match(kind)))
}

fn search_resources(shared: &Shared, call: &Call, scope: &str) -> Answer {
    let scope = at(shared, call, scope, &["searchAllResources"])?;
    let query = Query::parse(call.param("query").unwrap_or_default())?;
    let wanted = wanted_types(call)?;
    // SearchAllResourcesRequest.pageSize: 500 at most; fewer may come unless asked (100 here).
    let size = call.page_size(100, 500)?;
    let world = shared.read();
    let rows = inside(&world, &scope)
        .into_iter()
        .filter(|resource| wanted(type_of(resource)))
        .map(|resource| found(&world, &resource))
        .filter(|row| query.holds(row))
        .map(|row| {
            let name = row.get("name").and_then(Value::as_str).unwrap_or_default();
            (name.to_owned(), row)
        });
    let (page, next) = call.page(rows, size)?;
    Ok(listed("results", page, next))
}

/// A `ResourceSearchResult`.
fn found(world: &World, resource: &Resource) -> Value {
    let mut row = Map::new();
    row.insert("name".into(), json!(resource.full_name()));
    row.insert("assetType".into(), json!(type_of(resource)));
    row.extend(place(world, resource));
    if let Some(parent) = world.estate.parent(resource) {
        row.insert("parentFullResourceName".into(), json!(parent.full_name()));
        row.insert("parentAssetType".into(), json!(type_of(&parent)));
    }
    row.insert("location".into(), json!("global"));
    let data = data(world, resource);
    let text = |field: &str| {
        data.get(field)
            .and_then(Value::as_str)
            .filter(|t| !t.is_empty())
    };
    for field in ["displayName", "description"] {
        if let Some(text) = text(field) {
            row.insert(field.into(), json!(text));
        }
    }
    match resource {
        Resource::ServiceAccount { account, .. } => {
            let known = world.estate.account(account);
            let state = if known.is_some_and(|a| a.disabled) {
                "DISABLED"
            } else {
                "ENABLED"
            };
            row.insert("state".into(), json!(state));
            row.insert(
                "additionalAttributes".into(),
                json!({ "email": account, "uniqueId": known.map(|a| &a.unique_id) }),
            );
        }
        Resource::Project(id) => {
            row.insert("state".into(), json!(text("state").unwrap_or("ACTIVE")));
            row.insert("additionalAttributes".into(), json!({ "projectId": id }));
        }
        _ => {
            row.insert("state".into(), json!(text("state").unwrap_or("ACTIVE")));
        }
    }
    Value::Object(row)
}

/// The resource's own representation.
fn data(world: &World, resource: &Resource) -> Value {
    match resource {
        Resource::ServiceAccount { account, .. } => world
            .estate
            .account(account)
            .map_or(Value::Null, |a| super::iam_v1::show(a)),
        other => resource_manager::show(world, "v3", other).unwrap_or(Value::Null),
    }
}

fn search_policies(shared: &Shared, call: &Call, scope: &str) -> Answer {
    let scope = at(shared, call, scope, &["searchAllIamPolicies"])?;
    let query = Query::parse(call.param("query").unwrap_or_default())?;
    let wanted = wanted_types(call)?;
    let size = call.page_size(100, 500)?;
    let world = shared.read();
    let viewer = enforce::is_viewer(&world, call);
    let rows = inside(&world, &scope)
        .into_iter()
        .filter(|resource| wanted(type_of(resource)))
        .filter(|resource| !(viewer && world.hides_policy(resource)))
        .filter_map(|resource| {
            let policy = stored(&world, &resource)?;
            let mut row = place(&world, &resource);
            row.insert("resource".into(), json!(resource.full_name()));
            row.insert("assetType".into(), json!(type_of(&resource)));
            let (bindings, matched) = query.bindings(&world.estate, &row, &policy)?;
            let mut policy = policy;
            policy.insert("bindings".into(), json!(bindings));
            policy.remove("auditConfigs");
            row.insert("policy".into(), Value::Object(policy));
            if !matched.is_empty() {
                row.insert(
                    "explanation".into(),
                    json!({ "matchedPermissions": matched }),
                );
            }
            Some((resource.full_name(), Value::Object(row)))
        });
    let (page, next) = call.page(rows, size)?;
    Ok(listed("results", page, next))
}

/// A policy that has bindings, in full.
pub(super) fn stored(world: &World, resource: &Resource) -> Option<Map<String, Value>> {
    let known = world.estate.allow_policy(resource).known().flatten()?;
    if known.bindings.is_empty() {
        return None;
    }
    match policy::show(policy::stored(world, resource), true) {
        Value::Object(policy) => Some(policy),
        _ => None,
    }
}

fn list(shared: &Shared, call: &Call, scope: &str) -> Answer {
    let content = call.param("contentType").unwrap_or_default();
    let (permission, resources, policies) = match content {
        "" | "CONTENT_TYPE_UNSPECIFIED" => ("listResource", false, false),
        "RESOURCE" => ("listResource", true, false),
        "IAM_POLICY" => ("listIamPolicy", false, true),
        other => {
            return Err(Refusal::new(
                501,
                "UNIMPLEMENTED",
                format!(
                    "This emulator lists the content types RESOURCE and IAM_POLICY, not {}.",
                    crate::text::visible(other)
                ),
            ));
        }
    };
    let scope = at(shared, call, scope, &[permission])?;
    let wanted = wanted_types(call)?;
    // ListAssetsRequest.pageSize: 100 unless asked, 1,000 at most.
    let size = call.page_size(100, 1_000)?;
    let world = shared.read();
    let viewer = enforce::is_viewer(&world, call);
    let mut rows: Vec<(String, Value)> = inside(&world, &scope)
        .into_iter()
        .filter(|resource| wanted(type_of(resource)))
        .filter_map(|resource| {
            let name = asset_name(&world, &resource);
            let mut row = Map::new();
            row.insert("name".into(), json!(name));
            row.insert("assetType".into(), json!(type_of(&resource)));
            if resources {
                row.insert("resource".into(), content_of(&world, &resource));
            }
            if policies {
                let seen = !(viewer && world.hides_policy(&resource));
                let policy = stored(&world, &resource).filter(|_| seen)?;
                row.insert("iamPolicy".into(), Value::Object(policy));
            }
            row.insert("ancestors".into(), json!(ancestors(&world, &resource)));
            row.insert("updateTime".into(), json!(call.now.to_string()));
            Some((name, Value::Object(row)))
        })
        .collect();
    if !policies && wanted("iam.googleapis.com/Role") {
        rows.extend(roles(&world, call, &scope, resources));
    }
    rows.sort_by(|a, b| a.0.cmp(&b.0));
    let (page, next) = call.page(rows.into_iter(), size)?;
    let mut answer = listed("assets", page, next);
    if let Some(answer) = answer.as_object_mut() {
        answer.insert("readTime".into(), json!(call.now.to_string()));
    }
    Ok(answer)
}

/// Exports name projects by number and accounts by unique id.
fn asset_name(world: &World, resource: &Resource) -> String {
    match resource {
        Resource::Project(id) => {
            let number = world.estate.project(id).map_or(&**id, |p| p.number());
            Resource::project(number).full_name()
        }
        Resource::ServiceAccount { project, account } => {
            let known = world.estate.account(account);
            let id = known.map_or(&**account, |a| match a.unique_id.as_str() {
                "" => a.email.as_str(),
                id => id,
            });
            Resource::account(project, id).full_name()
        }
        other => other.full_name(),
    }
}

fn ancestors(world: &World, resource: &Resource) -> Vec<String> {
    world
        .estate
        .ancestry(resource)
        .levels
        .iter()
        .filter(|level| level.kind() != ResourceKind::ServiceAccount)
        .map(|level| match level {
            Resource::Project(id) => {
                let number = world.estate.project(id).map_or(&**id, |p| p.number());
                format!("projects/{number}")
            }
            other => other.relative(),
        })
        .collect()
}

fn content_of(world: &World, resource: &Resource) -> Value {
    let (service, name) = if resource.kind() == ResourceKind::ServiceAccount {
        ("iam", "ServiceAccount")
    } else {
        let kind = type_of(resource).rsplit('/').next().unwrap_or_default();
        ("cloudresourcemanager", kind)
    };
    // Exports still carry version 1 of organizations and projects, and version 2 of folders.
    let (version, data) = match resource {
        Resource::ServiceAccount { .. } => ("v1", data(world, resource)),
        Resource::Folder(_) => (
            "v2",
            resource_manager::show(world, "v2", resource).unwrap_or_default(),
        ),
        _ => (
            "v1",
            resource_manager::show(world, "v1", resource).unwrap_or_default(),
        ),
    };
    let mut content = json!({
        "version": version,
        "discoveryDocumentUri": format!("https://{service}.googleapis.com/$discovery/rest"),
        "discoveryName": name,
        "data": data,
    });
    if let (Some(parent), Some(content)) = (world.estate.parent(resource), content.as_object_mut())
    {
        content.insert("parent".into(), json!(asset_name(world, &parent)));
    }
    content
}

fn roles(world: &World, call: &Call, scope: &Resource, resources: bool) -> Vec<(String, Value)> {
    let viewer = enforce::is_viewer(world, call);
    let mut rows = Vec::new();
    for role in world.estate.roles() {
        let owner = role
            .name
            .split_once("/roles/")
            .and_then(|(owner, _)| Resource::parse(owner).ok())
            .and_then(|owner| world.find(&owner));
        let Some(owner) = owner else { continue };
        let hidden = viewer && world.hides(&role.name);
        if hidden || !world.estate.ancestry(&owner).levels.contains(scope) {
            continue;
        }
        let name = format!("//iam.googleapis.com/{}", role.name);
        let mut row = json!({
            "name": name, "assetType": "iam.googleapis.com/Role",
            "ancestors": ancestors(world, &owner), "updateTime": call.now.to_string(),
        });
        if let (true, Some(row)) = (resources, row.as_object_mut()) {
            let data = serde_json::to_value(&**role).unwrap_or_default();
            row.insert(
                "resource".into(),
                json!({ "version": "v1", "discoveryName": "Role", "data": data, "parent": asset_name(world, &owner) }),
            );
        }
        rows.push((name, row));
    }
    rows
}

/// The policies on each resource and above it, up to the scope. What the scope needs is what
/// analyzeIamPolicy needs (doc "Access control with IAM", Cloud Asset Inventory).
fn effective(shared: &Shared, call: &Call, scope: &str) -> Answer {
    let scope = at(shared, call, scope, asset_analysis::NEEDED)?;
    let names: Vec<&String> = call
        .query
        .iter()
        .filter(|(name, _)| name == "names")
        .map(|(_, value)| value)
        .collect();
    if names.is_empty() || names.len() > MOST_NAMES {
        return Err(Refusal::invalid(format!(
            "names must hold 1 to {MOST_NAMES} full resource names."
        )));
    }
    let world = shared.read();
    let viewer = enforce::is_viewer(&world, call);
    let mut results = Vec::new();
    for name in names {
        let asked = Resource::parse(name)
            .ok()
            .filter(|_| name.starts_with("//"))
            .ok_or_else(|| {
                Refusal::invalid(format!(
                    "Invalid full resource name: {}",
                    crate::text::visible(name)
                ))
            })?;
        let Some(found) = world.find(&asked) else {
            results.push(json!({ "fullResourceName": name }));
            continue;
        };
        let levels = asset_analysis::up_to(&world, &found, &scope);
        let policies: Vec<Value> = levels
            .iter()
            .filter(|level| !(viewer && world.hides_policy(level)))
            .filter_map(|level| {
                let policy = stored(&world, level)?;
                Some(json!({ "attachedResource": level.full_name(), "policy": policy }))
            })
            .collect();
        let mut row = json!({ "fullResourceName": name });
        if let (false, Some(row)) = (policies.is_empty(), row.as_object_mut()) {
            row.insert("policies".into(), json!(policies));
        }
        results.push(row);
    }
    Ok(json!({ "policyResults": results }))
}
