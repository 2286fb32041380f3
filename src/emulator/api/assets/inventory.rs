//! Cloud Asset v1: what there is in a scope, as lists, searches and analyses show it (discovery document
//! cloudasset v1).
//!
//! The assets are those of an estate: organizations, folders, projects, service accounts and custom
//! roles. Accounts are named by unique id in lists, as exports name them, and by address in searches.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::emulator::api::iam::accounts;
use crate::emulator::api::resource_manager::resources;
use crate::emulator::api::{enforce, policy};
use crate::emulator::call::{ApiCall, StatusError};
use crate::emulator::world::{NamedResources, Shared, World};
use crate::iam::{Resource, ResourceKind, Role};

/// The scope, checked.
pub(crate) fn at(
    shared: &Shared,
    call: &ApiCall,
    scope: &str,
    permissions: &[&str],
) -> Result<Resource, StatusError> {
    let asked = Resource::parse(scope)
        .map_err(|_| StatusError::invalid("Request contains an invalid argument."))?;
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

pub(crate) const ROLE: &str = "iam.googleapis.com/Role";

/// Every asset type there is here.
const TYPES: [&str; 5] = [
    "cloudresourcemanager.googleapis.com/Organization",
    "cloudresourcemanager.googleapis.com/Folder",
    "cloudresourcemanager.googleapis.com/Project",
    "iam.googleapis.com/ServiceAccount",
    ROLE,
];

pub(crate) fn type_of(resource: &Resource) -> &'static str {
    match resource.kind() {
        ResourceKind::Organization => "cloudresourcemanager.googleapis.com/Organization",
        ResourceKind::Folder => "cloudresourcemanager.googleapis.com/Folder",
        ResourceKind::Project => "cloudresourcemanager.googleapis.com/Project",
        ResourceKind::ServiceAccount => "iam.googleapis.com/ServiceAccount",
    }
}

/// Every resource of the scope, the scope itself included, in the order of full names.
pub(crate) fn inside(world: &World, scope: &Resource) -> Vec<Resource> {
    let all = named_inside(world, scope).into_iter();
    all.map(|(_, resource)| resource).collect()
}

/// The same with their names, found once for all pages of a search.
pub(crate) fn inside_by_name(shared: &Shared, world: &World, scope: &Resource) -> NamedResources {
    shared.below(world, scope, || named_inside(world, scope))
}

fn named_inside(world: &World, scope: &Resource) -> Vec<(String, Resource)> {
    let estate = &world.estate;
    let accounts = estate.accounts().map(|a| Resource::account("-", &a.email));
    let mut all: Vec<(String, Resource)> = estate
        .levels()
        .chain(accounts)
        .filter_map(|resource| world.find(&resource))
        .filter(|resource| estate.ancestry(resource).levels.contains(scope))
        .map(|resource| (resource.full_name(), resource))
        .collect();
    all.sort_unstable();
    all
}

/// The resource's place in the hierarchy: `project`, `folders`, `organization` (numbers).
pub(crate) fn place(world: &World, resource: &Resource) -> Map<String, Value> {
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
pub(crate) fn wanted_types(call: &ApiCall) -> Result<impl Fn(&str) -> bool, StatusError> {
    let mut patterns = Vec::new();
    for (_, text) in call.query.iter().filter(|(name, _)| name == "assetTypes") {
        let pattern = regex::RegexBuilder::new(&format!("^(?:{text})$"))
            .size_limit(1 << 20)
            .build()
            .map_err(|_| {
                StatusError::invalid(format!(
                    "Invalid asset type: {}",
                    crate::text::visible(text)
                ))
            })?;
        // "If the regular expression does not match any supported asset type, an INVALID_ARGUMENT error
        // will be returned" (cloudasset v1, assetTypes).
        if !TYPES.iter().any(|kind| pattern.is_match(kind)) {
            return Err(StatusError::invalid(format!(
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
pub(crate) fn data(world: &World, resource: &Resource) -> Value {
    match resource {
        Resource::ServiceAccount { account, .. } => world
            .estate
            .account(account)
            .map_or(Value::Null, |a| accounts::show(a)),
        other => resources::show(world, "v3", other).unwrap_or(Value::Null),
    }
}

/// A policy that has bindings, in full.
pub(crate) fn stored(world: &World, resource: &Resource) -> Option<Map<String, Value>> {
    let known = world.estate.allow_policy(resource).known().flatten()?;
    if known.bindings.is_empty() {
        return None;
    }
    match policy::show(policy::stored(world, resource), true) {
        Value::Object(policy) => Some(policy),
        _ => None,
    }
}

/// The custom roles in the scope that may be seen, each with the resource that it belongs to.
pub(crate) fn roles_in(
    world: &World,
    call: &ApiCall,
    scope: &Resource,
) -> Vec<(Arc<Role>, Resource)> {
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

/// What the caller needs on the scope (doc "Analyze IAM policies", required permissions).
pub(crate) const TO_ANALYZE: &[&str] = &[
    "analyzeIamPolicy",
    "searchAllResources",
    "searchAllIamPolicies",
];

/// The levels from a resource up to the scope, nearest first.
pub(crate) fn up_to(world: &World, from: &Resource, scope: &Resource) -> Vec<Resource> {
    let mut levels = world.estate.ancestry(from).levels;
    match levels.iter().position(|level| level == scope) {
        Some(at) => levels.truncate(at + 1),
        None => levels.clear(),
    }
    levels
}
