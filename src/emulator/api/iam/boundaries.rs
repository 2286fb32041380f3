//! IAM v3: principal access boundary policies and policy bindings (messages `GoogleIamV3…` of the
//! discovery document policytroubleshooter v3beta; paths as in gcloud's bundled client).

use std::sync::Arc;

use serde_json::Value;

use crate::emulator::api::enforce::{self, at};
use crate::emulator::api::policy;
use crate::emulator::call::{ApiAnswer, ApiCall, StatusError, listed};
use crate::emulator::route::Route;
use crate::emulator::world::{Shared, World};
use crate::estate::Read;
use crate::iam::{PolicyBinding, Resource};

/// What is served of it for reading.
pub(crate) const ROUTES: &[Route] = &[
    Route::new(
        "GET",
        "/v3/{level=organizations|folders|projects}/{id}/locations/global/policyBindings",
        &["iam.policybindings.list"],
        |shared, call| bindings(shared, call, &call.level(), None),
    ),
    Route::new(
        "GET",
        "/v3/{level=organizations|folders|projects}/{id}/locations/global/policyBindings/{binding}",
        &["iam.policybindings.get"],
        |shared, call| bindings(shared, call, &call.level(), Some(call.place("binding"))),
    ),
    Route::new(
        "GET",
        "/v3/{level=organizations|folders|projects}/{id}/locations/global/policyBindings:searchTargetPolicyBindings",
        &["resourcemanager.{level}.searchPolicyBindings"],
        |shared, call| search_target(shared, call, &call.level()),
    ),
    // "Only organizations are supported" (iam v3, principalAccessBoundaryPolicies.create, parent).
    Route::new(
        "GET",
        "/v3/{level=organizations}/{id}/locations/global/principalAccessBoundaryPolicies",
        &["iam.principalaccessboundarypolicies.list"],
        |shared, call| boundaries(shared, call, &call.level(), None),
    ),
    Route::new(
        "GET",
        "/v3/{level=organizations}/{id}/locations/global/principalAccessBoundaryPolicies/{policy}",
        &["iam.principalaccessboundarypolicies.get"],
        |shared, call| boundaries(shared, call, &call.level(), Some(call.place("policy"))),
    ),
    Route::new(
        "GET",
        "/v3/{level=organizations}/{id}/locations/global/principalAccessBoundaryPolicies/{policy}:searchPolicyBindings",
        &["iam.principalaccessboundarypolicies.searchPolicyBindings"],
        |shared, call| search_policy(shared, call, &call.level(), call.place("policy")),
    ),
];

pub(crate) fn json<T: serde::Serialize>(value: &T) -> Value {
    serde_json::to_value(value).unwrap_or(Value::Null)
}

pub(crate) fn missing() -> StatusError {
    StatusError::not_found("Requested entity was not found.")
}

fn bindings(shared: &Shared, call: &ApiCall, parent: &str, id: Option<&str>) -> ApiAnswer {
    let permission = if id.is_some() {
        "iam.policybindings.get"
    } else {
        "iam.policybindings.list"
    };
    let found = at(shared, call, parent, permission)?;
    let size = call.page_size(50, 1_000)?;
    let collection = format!("{}/locations/global/policyBindings", found.relative());
    let world = shared.read();
    if enforce::is_viewer(&world, call)
        && (world.hides(&collection)
            || world.hides(&format!("{parent}/locations/global/policyBindings")))
    {
        drop(world);
        return Err(enforce::denied(shared, call, permission, &found));
    }
    match id {
        Some(id) => binding(&world, &found, id)
            .map(|b| json(&*b))
            .ok_or_else(missing),
        None => {
            let mut rows: Vec<_> = bindings_at(&world, &found)
                .map(|b| (b.name.clone(), json(&*b)))
                .collect();
            rows.sort_by(|a, b| a.0.cmp(&b.0));
            let (page, next) = call.page(rows.into_iter(), size)?;
            Ok(listed("policyBindings", page, next))
        }
    }
}

/// The bindings whose parent is `on` (canonical), whichever of a project's names theirs has.
fn bindings_at(world: &World, on: &Resource) -> impl Iterator<Item = Arc<PolicyBinding>> {
    world
        .estate
        .policy_bindings()
        .filter(|(name, _)| {
            name.strip_suffix("/locations/global/policyBindings")
                .and_then(|parent| Resource::parse(parent).ok())
                .and_then(|parent| world.find(&parent))
                .as_ref()
                == Some(on)
        })
        .filter_map(|(_, list)| list.known())
        .flatten()
        .map(Arc::clone)
}

/// The binding of that id at `on` (canonical).
pub(crate) fn binding(world: &World, on: &Resource, id: &str) -> Option<Arc<PolicyBinding>> {
    bindings_at(world, on).find(|b| b.name.rsplit('/').next() == Some(id))
}

/// Bindings by their target, wherever they are; the permission is the target level's own
/// `resourcemanager.*.searchPolicyBindings` (table of predefined roles).
fn search_target(shared: &Shared, call: &ApiCall, parent: &str) -> ApiAnswer {
    let asked = Resource::parse(parent)
        .map_err(|_| StatusError::invalid("Request contains an invalid argument."))?;
    let permission = policy::permission(&asked, "searchPolicyBindings");
    at(shared, call, parent, &permission)?;
    let target = call.param("target").unwrap_or_default();
    if target.is_empty() {
        return Err(StatusError::invalid("target must be specified."));
    }
    let wanted = same_set(&shared.read(), target);
    filtered(shared, call, |world, b| {
        b.target
            .principal_set
            .as_deref()
            .is_some_and(|set| same_set(world, set) == wanted)
    })
}

/// A principal set in one form: a project may be named by its id or its number.
fn same_set(world: &World, set: &str) -> String {
    set.strip_prefix("//cloudresourcemanager.googleapis.com/")
        .and_then(|path| Resource::parse(path).ok())
        .and_then(|resource| world.find(&resource))
        .map_or_else(|| set.to_owned(), |found| found.full_name())
}

fn search_policy(shared: &Shared, call: &ApiCall, parent: &str, id: &str) -> ApiAnswer {
    let permission = "iam.principalaccessboundarypolicies.searchPolicyBindings";
    at(shared, call, parent, permission)?;
    let name = format!("{parent}/locations/global/principalAccessBoundaryPolicies/{id}");
    filtered(shared, call, |_, b| b.policy == name)
}

fn filtered(
    shared: &Shared,
    call: &ApiCall,
    wanted: impl Fn(&World, &PolicyBinding) -> bool,
) -> ApiAnswer {
    let size = call.page_size(50, 1_000)?;
    let world = shared.read();
    let viewer = enforce::is_viewer(&world, call);
    let mut rows = Vec::new();
    for (name, list) in world.estate.policy_bindings() {
        if viewer && world.hides(&name) {
            continue;
        }
        if let Read::Known(list) = list {
            rows.extend(
                list.iter()
                    .filter(|b| wanted(&world, b))
                    .map(|b| (b.name.clone(), json(&**b))),
            );
        }
    }
    rows.sort_by(|a, b| a.0.cmp(&b.0));
    let (page, next) = call.page(rows.into_iter(), size)?;
    Ok(listed("policyBindings", page, next))
}

fn boundaries(shared: &Shared, call: &ApiCall, parent: &str, id: Option<&str>) -> ApiAnswer {
    let permission = if id.is_some() {
        "iam.principalaccessboundarypolicies.get"
    } else {
        "iam.principalaccessboundarypolicies.list"
    };
    let found = at(shared, call, parent, permission)?;
    let size = call.page_size(50, 1_000)?;
    let collection = format!(
        "{}/locations/global/principalAccessBoundaryPolicies",
        found.relative()
    );
    let world = shared.read();
    let viewer = enforce::is_viewer(&world, call);
    match id {
        Some(id) => {
            let name = format!("{collection}/{id}");
            if viewer && (world.hides(&name) || world.hides(&collection)) {
                drop(world);
                return Err(enforce::denied(shared, call, permission, &found));
            }
            match world.estate.boundary(&name) {
                Read::Known(Some(policy)) => Ok(json(&**policy)),
                _ => Err(missing()),
            }
        }
        None => {
            let prefix = format!("{collection}/");
            let rows = world
                .estate
                .boundaries()
                .filter(|policy| policy.name.starts_with(&prefix))
                .filter(|policy| {
                    !viewer || !(world.hides(&policy.name) || world.hides(&collection))
                })
                .map(|policy| (policy.name.clone(), json(&**policy)));
            let (page, next) = call.page(rows, size)?;
            Ok(listed("principalAccessBoundaryPolicies", page, next))
        }
    }
}
