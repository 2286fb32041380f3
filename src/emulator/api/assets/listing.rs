//! Cloud Asset v1: assets listed, effective policies (discovery document cloudasset v1).

use serde_json::{Map, Value, json};

use super::inventory::{
    ROLE, TO_ANALYZE, at, data, inside_by_name, roles_in, stored, type_of, up_to, wanted_types,
};
use crate::emulator::api::enforce;
use crate::emulator::api::resource_manager::resources;
use crate::emulator::call::{ApiAnswer, ApiCall, StatusError, listed};
use crate::emulator::world::{Shared, World};
use crate::iam::{Resource, ResourceKind};

/// Names asked for at once (cloudasset v1, `effectiveIamPolicies.batchGet`, names).
const MOST_NAMES: usize = 20;

pub(crate) fn list(shared: &Shared, call: &ApiCall, scope: &str) -> ApiAnswer {
    let content = call.param("contentType").unwrap_or_default();
    let (permission, resources, policies) = match content {
        "" | "CONTENT_TYPE_UNSPECIFIED" => ("listResource", false, false),
        "RESOURCE" => ("listResource", true, false),
        "IAM_POLICY" => ("listIamPolicy", false, true),
        other => {
            return Err(StatusError::new(
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
    let all = inside_by_name(shared, &world, &scope);
    let mut rows: Vec<(String, Value)> = all
        .iter()
        .map(|(_, resource)| resource)
        .filter(|resource| wanted(type_of(resource)))
        .filter_map(|resource| {
            let name = asset_name(&world, resource);
            let mut row = Map::new();
            row.insert("name".into(), json!(name));
            row.insert("assetType".into(), json!(type_of(resource)));
            if resources {
                row.insert("resource".into(), content_of(&world, resource));
            }
            if policies {
                let seen = !(viewer && world.hides_policy(resource));
                let policy = stored(&world, resource).filter(|_| seen)?;
                row.insert("iamPolicy".into(), Value::Object(policy));
            }
            row.insert("ancestors".into(), json!(ancestors(&world, resource)));
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
            resources::show(world, "v2", resource).unwrap_or_default(),
        ),
        _ => (
            "v1",
            resources::show(world, "v1", resource).unwrap_or_default(),
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

fn roles(world: &World, call: &ApiCall, scope: &Resource, resources: bool) -> Vec<(String, Value)> {
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
pub(crate) fn effective(shared: &Shared, call: &ApiCall, scope: &str) -> ApiAnswer {
    let scope = at(shared, call, scope, TO_ANALYZE)?;
    let names: Vec<&String> = call
        .query
        .iter()
        .filter(|(name, _)| name == "names")
        .map(|(_, value)| value)
        .collect();
    if names.is_empty() || names.len() > MOST_NAMES {
        return Err(StatusError::invalid(format!(
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
                StatusError::invalid(format!(
                    "Invalid full resource name: {}",
                    crate::text::visible(name)
                ))
            })?;
        let Some(found) = world.find(&asked) else {
            results.push(json!({ "fullResourceName": name }));
            continue;
        };
        let levels = up_to(&world, &found, &scope);
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
