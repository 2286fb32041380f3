//! IAM v1: workload identity pools, and providers of them and of workforce pools (discovery document
//! iam v1). Their permissions are named as the table of predefined roles has them, with the service
//! in full.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::Answer;
use super::call::Call;
use super::enforce;
use super::error::Refusal;
use super::iam_v1::listed;
use super::state::Shared;
use crate::estate::{Estate, Provider};
use crate::iam::Resource;

/// Answers what is a path of this API.
pub(crate) fn route(shared: &Shared, call: &Call) -> Option<Answer> {
    let (method, segments, verb) = call.parts();
    let ("GET", ["v1", path @ ..], "") = (method, segments.as_slice(), verb) else {
        return None;
    };
    if let [
        "projects",
        project,
        "locations",
        "global",
        "workloadIdentityPools",
        rest @ ..,
    ] = path
    {
        match rest {
            [] => return Some(list_pools(shared, call, project)),
            [pool] => return Some(get_pool(shared, call, project, pool)),
            _ => {}
        }
    }
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

/// The ids of a project's pools, sorted: an estate holds providers and members, and a pool is whatever
/// one of them speaks of. Google's own pools (`PROJECT.svc.id.goog`) have ids that no caller may choose
/// ("4-32 characters, and may contain the characters [a-z0-9-]", `workloadIdentityPools.create`) and
/// are not among them (chosen).
fn pools(estate: &Estate, number: &str) -> BTreeSet<String> {
    let prefix = format!("projects/{number}/locations/global/workloadIdentityPools/");
    let named = estate.providers().map(|p| p.name.as_str());
    let members = estate.members().filter_map(|m| {
        let path = m.text.split_once("://iam.googleapis.com/")?.1;
        path.starts_with("projects/").then_some(path)
    });
    named
        .chain(members)
        .filter_map(|name| {
            let name = canonical(estate, project_of(name), name);
            let id = name.strip_prefix(&prefix)?.split('/').next()?;
            let chosen = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
            ((4..=32).contains(&id.len()) && id.bytes().all(chosen)).then(|| id.to_owned())
        })
        .collect()
}

/// A pool as far as the estate knows it.
fn show_pool(number: &str, id: &str) -> Value {
    json!({
        "name": format!("projects/{number}/locations/global/workloadIdentityPools/{id}"),
        "state": "ACTIVE",
    })
}

fn list_pools(shared: &Shared, call: &Call, project: &str) -> Answer {
    let permission = "iam.googleapis.com/workloadIdentityPools.list";
    check(shared, call, Some(project), permission)?;
    let size = call.page_size(50, 1_000)?;
    let world = shared.read();
    let Some(number) = world.estate.project(project).map(|p| p.number().to_owned()) else {
        return Err(missing());
    };
    let rows = pools(&world.estate, &number)
        .into_iter()
        .map(|id| (id.clone(), show_pool(&number, &id)));
    let (page, next) = call.page(rows, size)?;
    Ok(listed("workloadIdentityPools", page, next))
}

fn get_pool(shared: &Shared, call: &Call, project: &str, id: &str) -> Answer {
    let permission = "iam.googleapis.com/workloadIdentityPools.get";
    check(shared, call, Some(project), permission)?;
    let world = shared.read();
    let number = world.estate.project(project).map(|p| p.number().to_owned());
    number
        .filter(|number| pools(&world.estate, number).contains(id))
        .map(|number| show_pool(&number, id))
        .ok_or_else(missing)
}

fn missing() -> Refusal {
    Refusal::not_found("Requested entity was not found.")
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
        .ok_or_else(missing)
}

fn project_of(name: &str) -> Option<&str> {
    name.strip_prefix("projects/")?.split('/').next()
}

/// The name with the project's number, whichever of number and id was given.
fn canonical(estate: &Estate, project: Option<&str>, name: &str) -> String {
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
