//! IAM v1: providers of workload and workforce identity pools (discovery document iam v1). Their
//! permissions are named as the table of predefined roles has them, with the service in full.

use serde_json::Value;

use super::Answer;
use super::call::Call;
use super::enforce;
use super::error::Refusal;
use super::iam_v1::listed;
use super::state::Shared;
use crate::estate::Provider;
use crate::iam::Resource;

/// Answers what is a path of this API.
pub(crate) fn route(shared: &Shared, call: &Call) -> Option<Answer> {
    let (method, segments, verb) = call.parts();
    let ("GET", ["v1", path @ ..], "") = (method, segments.as_slice(), verb) else {
        return None;
    };
    let (owner, kind, rest) = match path {
        [
            "projects",
            project,
            "locations",
            "global",
            "workloadIdentityPools",
            _,
            "providers",
            rest @ ..,
        ] => (Some(*project), "workloadIdentityPoolProviders", rest),
        [
            "locations",
            "global",
            "workforcePools",
            _,
            "providers",
            rest @ ..,
        ] => (None, "workforcePoolProviders", rest),
        _ => return None,
    };
    match rest {
        [] => Some(list(shared, call, owner, kind, &path.join("/"))),
        [_] => Some(get(shared, call, owner, kind, &path.join("/"))),
        _ => None,
    }
}

/// The project of a workload pool. A workforce pool belongs to an organization that its name does
/// not give: the permission on any of the estate's organizations will do (chosen).
fn check(
    shared: &Shared,
    call: &Call,
    owner: Option<&str>,
    permission: &str,
) -> Result<(), Refusal> {
    if let Some(project) = owner {
        let asked = Resource::parse(&format!("projects/{project}"))
            .map_err(|_| Refusal::invalid("Request contains an invalid argument."))?;
        let found = shared.read().find(&asked);
        return match found {
            Some(found) => enforce::require(shared, call, permission, &found),
            None => Err(enforce::denied(shared, call, permission, &asked)),
        };
    }
    let world = shared.read();
    let organizations: Vec<Resource> = world
        .estate
        .organizations()
        .filter_map(|o| Resource::parse(&o.name).ok())
        .collect();
    let held = organizations
        .iter()
        .any(|o| enforce::holds(&world, call, permission, o));
    drop(world);
    if held {
        return Ok(());
    }
    let on = organizations
        .into_iter()
        .next()
        .unwrap_or_else(|| Resource::Organization("0".into()));
    Err(enforce::denied(shared, call, permission, &on))
}

fn list(shared: &Shared, call: &Call, owner: Option<&str>, kind: &str, path: &str) -> Answer {
    check(
        shared,
        call,
        owner,
        &format!("iam.googleapis.com/{kind}.list"),
    )?;
    let size = call.page_size(50, 100)?;
    let world = shared.read();
    let prefix = format!("{}/", canonical(&world.estate, owner, path));
    let rows = world
        .estate
        .providers()
        .filter(|p| canonical(&world.estate, project_of(&p.name), &p.name).starts_with(&prefix))
        .map(|p| (p.name.clone(), show(p)));
    let (page, next) = call.page(rows, size)?;
    Ok(listed(kind, page, next))
}

fn get(shared: &Shared, call: &Call, owner: Option<&str>, kind: &str, path: &str) -> Answer {
    check(
        shared,
        call,
        owner,
        &format!("iam.googleapis.com/{kind}.get"),
    )?;
    let world = shared.read();
    let wanted = canonical(&world.estate, owner, path);
    world
        .estate
        .providers()
        .find(|p| canonical(&world.estate, project_of(&p.name), &p.name) == wanted)
        .map(|p| show(p))
        .ok_or_else(|| Refusal::not_found("Requested entity was not found."))
}

fn project_of(name: &str) -> Option<&str> {
    name.strip_prefix("projects/")?.split('/').next()
}

/// The name with the project's number, whichever of number and id was given.
fn canonical(estate: &crate::estate::Estate, project: Option<&str>, name: &str) -> String {
    match project.and_then(|p| Some((p, estate.project(p)?))) {
        Some((given, project)) => name.replacen(
            &format!("projects/{given}/"),
            &format!("projects/{}/", project.number()),
            1,
        ),
        None => name.to_owned(),
    }
}

fn show(provider: &Provider) -> Value {
    let mut value = serde_json::to_value(provider).unwrap_or(Value::Null);
    if let Some(object) = value.as_object_mut() {
        object
            .entry("state")
            .or_insert_with(|| Value::from("ACTIVE"));
    }
    value
}
