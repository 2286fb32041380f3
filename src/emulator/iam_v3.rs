//! IAM v3: principal access boundary policies and policy bindings (messages `GoogleIamV3…` of the
//! discovery document policytroubleshooter v3beta; paths as in gcloud's bundled client).

use serde_json::Value;

use super::Answer;
use super::call::Call;
use super::error::Refusal;
use super::iam_v1::listed;
use super::state::Shared;
use super::{enforce, policy};
use crate::estate::Read;
use crate::iam::Resource;

/// Answers what is a path of this API.
pub(crate) fn route(shared: &Shared, call: &Call) -> Option<Answer> {
    let (method, segments, verb) = call.parts();
    let [
        "v3",
        kind @ ("organizations" | "folders" | "projects"),
        id,
        "locations",
        "global",
        collection,
        rest @ ..,
    ] = segments.as_slice()
    else {
        return None;
    };
    let parent = format!("{kind}/{id}");
    match (method, *collection, rest, verb) {
        ("GET", "policyBindings", [], "") => Some(bindings(shared, call, &parent, None)),
        ("GET", "policyBindings", [], "searchTargetPolicyBindings") => {
            Some(search_target(shared, call, &parent))
        }
        ("GET", "policyBindings", [id], "") => Some(bindings(shared, call, &parent, Some(id))),
        ("GET", "principalAccessBoundaryPolicies", [], "") => {
            Some(boundaries(shared, call, &parent, None))
        }
        ("GET", "principalAccessBoundaryPolicies", [id], "") => {
            Some(boundaries(shared, call, &parent, Some(id)))
        }
        ("GET", "principalAccessBoundaryPolicies", [id], "searchPolicyBindings") => {
            Some(search_policy(shared, call, &parent, id))
        }
        _ => None,
    }
}

/// The parent, checked.
fn at(shared: &Shared, call: &Call, parent: &str, permission: &str) -> Result<Resource, Refusal> {
    let asked = Resource::parse(parent)
        .map_err(|_| Refusal::invalid("Request contains an invalid argument."))?;
    let found = shared.read().find(&asked);
    match found {
        Some(found) => enforce::require(shared, call, permission, &found).map(|()| found),
        None => Err(enforce::denied(shared, call, permission, &asked)),
    }
}

fn json<T: serde::Serialize>(value: &T) -> Value {
    serde_json::to_value(value).unwrap_or(Value::Null)
}

fn missing() -> Refusal {
    Refusal::not_found("Requested entity was not found.")
}

fn bindings(shared: &Shared, call: &Call, parent: &str, id: Option<&str>) -> Answer {
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
    let mut rows = Vec::new();
    for (name, list) in world.estate.policy_bindings() {
        let here = name
            .strip_suffix("/locations/global/policyBindings")
            .and_then(|p| Resource::parse(p).ok())
            .and_then(|r| world.find(&r));
        if here.as_ref() == Some(&found)
            && let Read::Known(list) = list
        {
            rows.extend(list.iter().map(|b| (b.name.clone(), json(&**b))));
        }
    }
    rows.sort_by(|a, b| a.0.cmp(&b.0));
    match id {
        Some(id) => rows
            .into_iter()
            .find(|(name, _)| name.rsplit('/').next() == Some(id))
            .map(|(_, value)| value)
            .ok_or_else(missing),
        None => {
            let (page, next) = call.page(rows.into_iter(), size)?;
            Ok(listed("policyBindings", page, next))
        }
    }
}

/// Bindings by their target, wherever they are; the permission is the target level's own
/// `resourcemanager.*.searchPolicyBindings` (table of predefined roles).
fn search_target(shared: &Shared, call: &Call, parent: &str) -> Answer {
    let asked = Resource::parse(parent)
        .map_err(|_| Refusal::invalid("Request contains an invalid argument."))?;
    let permission = policy::permission(&asked, "searchPolicyBindings");
    at(shared, call, parent, &permission)?;
    let target = call.param("target").unwrap_or_default();
    if target.is_empty() {
        return Err(Refusal::invalid("target must be specified."));
    }
    filtered(shared, call, |b| {
        b.target.principal_set.as_deref() == Some(target)
    })
}

fn search_policy(shared: &Shared, call: &Call, parent: &str, id: &str) -> Answer {
    let permission = "iam.principalaccessboundarypolicies.searchPolicyBindings";
    at(shared, call, parent, permission)?;
    let name = format!("{parent}/locations/global/principalAccessBoundaryPolicies/{id}");
    filtered(shared, call, |b| b.policy == name)
}

fn filtered(
    shared: &Shared,
    call: &Call,
    wanted: impl Fn(&crate::iam::PolicyBinding) -> bool,
) -> Answer {
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
                    .filter(|b| wanted(b))
                    .map(|b| (b.name.clone(), json(&**b))),
            );
        }
    }
    rows.sort_by(|a, b| a.0.cmp(&b.0));
    let (page, next) = call.page(rows.into_iter(), size)?;
    Ok(listed("policyBindings", page, next))
}

fn boundaries(shared: &Shared, call: &Call, parent: &str, id: Option<&str>) -> Answer {
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
            // The estate has no list of all boundaries: those that a binding names are all that count.
            let mut names: Vec<String> = world
                .estate
                .policy_bindings()
                .filter_map(|(_, list)| list.known())
                .flatten()
                .map(|b| b.policy.clone())
                .filter(|name| name.starts_with(&collection))
                .collect();
            names.sort();
            names.dedup();
            let rows = names.into_iter().filter_map(|name| {
                let policy = world.estate.boundary(&name).known()??;
                let value = json(&**policy);
                Some((name, value))
            });
            let (page, next) = call.page(rows, size)?;
            Ok(listed("principalAccessBoundaryPolicies", page, next))
        }
    }
}
