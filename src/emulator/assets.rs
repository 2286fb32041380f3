//! Cloud Asset v1: assets listed and searched, effective policies (discovery document cloudasset v1).
//!
//! The assets are those of an estate: organizations, folders, projects, service accounts and custom
//! roles. Accounts are named by unique id in lists, as exports name them, and by address in searches.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::Answer;
use super::call::Call;
use super::error::Refusal;
use super::iam_v1::listed;
use super::state::{Shared, World};
use super::{asset_analysis, asset_search};
use super::{enforce, policy, resource_manager};
use crate::iam::{Resource, ResourceKind, Role};

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
        ("GET", [], "searchAllResources") => Some(asset_search::resources(shared, call, &scope)),
        ("GET", [], "searchAllIamPolicies") => Some(asset_search::policies(shared, call, &scope)),
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

pub(super) const ROLE: &str = "iam.googleapis.com/Role";

/// Every asset type there is here.
const TYPES: [&str; 5] = [
    "cloudresourcemanager.googleapis.com/Organization",
    "cloudresourcemanager.googleapis.com/Folder",
    "cloudresourcemanager.googleapis.com/Project",
    "iam.googleapis.com/ServiceAccount",
    ROLE,
];

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
        // "If the regular expression does not match any supported asset type, an INVALID_ARGUMENT error
        // will be returned" (cloudasset v1, assetTypes).
        if !TYPES.iter().any(|kind| pattern.is_match(kind)) {
            return Err(Refusal::invalid(format!(
                "No asset type that this emulator knows matches {}; there are: {}.",
                crate::text::visible(text),
                TYPES.join(", ")
            )));
        }
        patterns.push(pattern);
    }
    Ok(move |kind: &str| patterns.is_empty() || patterns.iter().any(|p| p.is_match(kind)))
}

/// The resource's own representation.
pub(super) fn data(world: &World, resource: &Resource) -> Value {
    match resource {
        Resource::ServiceAccount { account, .. } => world
            .estate
            .account(account)
            .map_or(Value::Null, |a| super::iam_v1::show(a)),
        other => resource_manager::show(world, "v3", other).unwrap_or(Value::Null),
    }
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
    if !policies && wanted(ROLE) {
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

/// The custom roles in the scope that may be seen, each with the resource that it belongs to.
pub(super) fn roles_in(world: &World, call: &Call, scope: &Resource) -> Vec<(Arc<Role>, Resource)> {
    let viewer = enforce::is_viewer(world, call);
    let mut found: Vec<(Arc<Role>, Resource)> = world
        .estate
        .roles()
        .filter(|role| !(viewer && world.hides(&role.name)))
        .filter_map(|role| {
            let (owner, _) = role.name.split_once("/roles/")?;
            let owner = world.find(&Resource::parse(owner).ok()?)?;
            let inside = world.estate.ancestry(&owner).levels.contains(scope);
            inside.then(|| (Arc::clone(role), owner))
        })
        .collect();
    found.sort_by(|a, b| a.0.name.cmp(&b.0.name));
    found
}

fn roles(world: &World, call: &Call, scope: &Resource, resources: bool) -> Vec<(String, Value)> {
    let mut rows = Vec::new();
    for (role, owner) in roles_in(world, call, scope) {
        let name = format!("//iam.googleapis.com/{}", role.name);
        let mut row = json!({
            "name": name, "assetType": ROLE,
            "ancestors": ancestors(world, &owner), "updateTime": call.now.to_string(),
        });
        if let (true, Some(row)) = (resources, row.as_object_mut()) {
            let data = serde_json::to_value(&*role).unwrap_or_default();
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
