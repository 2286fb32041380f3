//! Service Usage v1: which APIs a project has enabled (discovery document serviceusage v1).

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::emulator::api::enforce;
use crate::emulator::call::{ApiAnswer, ApiCall, StatusError, listed};
use crate::emulator::route::{Needs, Route};
use crate::emulator::world::{Shared, World};
use crate::estate::{Estate, Read};
use crate::iam::Resource;

/// What the project of a file that names no services has enabled, as far as a list goes: the ones
/// that are served here.
const SERVED: [&str; 8] = [
    "cloudasset.googleapis.com",
    "cloudidentity.googleapis.com",
    "cloudresourcemanager.googleapis.com",
    "iam.googleapis.com",
    "iamcredentials.googleapis.com",
    "policytroubleshooter.googleapis.com",
    "serviceusage.googleapis.com",
    "sts.googleapis.com",
];
/// The name of every operation.
const DONE: &str = "acat.emulated-done";
const IAM: &str = "iam.googleapis.com";
const CREDENTIALS: &str = "iamcredentials.googleapis.com";

/// What is served of it.
pub(crate) const ROUTES: &[Route] = &[
    Route::new(
        "GET",
        "/v1/projects/{project}/services",
        &["serviceusage.services.list"],
        |shared, call| list(shared, call, call.place("project")),
    ),
    Route::new(
        "GET",
        "/v1/projects/{project}/services:batchGet",
        &["serviceusage.services.get"],
        |shared, call| batch(shared, call, call.place("project")),
    ),
    Route::new(
        "GET",
        "/v1/projects/{project}/services/{service}",
        &["serviceusage.services.get"],
        |shared, call| get(shared, call, call.place("project"), call.place("service")),
    ),
    Route::new(
        "POST",
        "/v1/projects/{project}/services/{service}:enable",
        &["serviceusage.services.enable"],
        |shared, call| {
            switch(
                shared,
                call,
                call.place("project"),
                call.place("service"),
                true,
            )
        },
    ),
    Route::new(
        "POST",
        "/v1/projects/{project}/services/{service}:disable",
        &["serviceusage.services.disable"],
        |shared, call| {
            switch(
                shared,
                call,
                call.place("project"),
                call.place("service"),
                false,
            )
        },
    ),
    // Every operation here is done at once and has the same name.
    Route::with(
        "GET",
        "/v1/operations/acat.emulated-done",
        Needs::Somebody,
        |_, _| {
            Ok(json!({
                "name": format!("operations/{DONE}"), "done": true,
                "response": { "@type": "type.googleapis.com/google.protobuf.Empty" },
            }))
        },
    ),
];

fn project(
    shared: &Shared,
    call: &ApiCall,
    id: &str,
    permission: &str,
) -> Result<Resource, StatusError> {
    let asked = Resource::parse(&format!("projects/{id}"))
        .map_err(|_| StatusError::invalid("Request contains an invalid argument."))?;
    let found = shared.read().find(&asked);
    match found {
        Some(found) => enforce::require(shared, call, permission, &found).map(|()| found),
        None => Err(enforce::denied(shared, call, permission, &asked)),
    }
}

/// The project, for somebody who may read which services are on there.
fn readable(
    shared: &Shared,
    call: &ApiCall,
    id: &str,
    permission: &str,
) -> Result<Resource, StatusError> {
    let found = project(shared, call, id, permission)?;
    let world = shared.read();
    let hidden = enforce::is_viewer(&world, call) && world.hides(&Estate::services_of(found.id()));
    drop(world);
    if hidden {
        return Err(enforce::denied(shared, call, permission, &found));
    }
    Ok(found)
}

fn show(world: &World, project: &Resource, service: &str) -> Value {
    let on = world.estate.service_enabled(project.id(), service) != Read::Known(false);
    let number = world
        .estate
        .project(project.id())
        .map_or(project.id(), |p| p.number());
    json!({
        "name": format!("projects/{number}/services/{service}"),
        "parent": format!("projects/{number}"),
        "config": { "name": service },
        "state": if on { "ENABLED" } else { "DISABLED" },
    })
}

fn get(shared: &Shared, call: &ApiCall, id: &str, service: &str) -> ApiAnswer {
    let found = readable(shared, call, id, "serviceusage.services.get")?;
    Ok(show(&shared.read(), &found, service))
}

fn batch(shared: &Shared, call: &ApiCall, id: &str) -> ApiAnswer {
    let found = readable(shared, call, id, "serviceusage.services.get")?;
    let world = shared.read();
    let services: Vec<Value> = call
        .query
        .iter()
        .filter(|(k, _)| k == "names")
        .filter_map(|(_, name)| name.rsplit('/').next())
        .map(|service| show(&world, &found, service))
        .collect();
    Ok(json!({ "services": services }))
}

fn known(world: &World, project: &Resource) -> BTreeSet<String> {
    let mut all: BTreeSet<String> = SERVED.iter().map(|s| (*s).to_owned()).collect();
    if let Some(enabled) = world.estate.services(project.id()) {
        all.extend(enabled.iter().cloned());
    }
    all
}

fn list(shared: &Shared, call: &ApiCall, id: &str) -> ApiAnswer {
    let found = readable(shared, call, id, "serviceusage.services.list")?;
    // ListServicesRequest.pageSize: 50 unless asked, 200 at most.
    let size = call.page_size(50, 200)?;
    let wanted = match call.param("filter").unwrap_or_default() {
        "" => None,
        "state:ENABLED" => Some("ENABLED"),
        "state:DISABLED" => Some("DISABLED"),
        _ => {
            return Err(StatusError::invalid(
                "The filter must be state:ENABLED or state:DISABLED.",
            ));
        }
    };
    let world = shared.read();
    let items = known(&world, &found).into_iter().filter_map(|service| {
        let value = show(&world, &found, &service);
        let state = value.get("state").and_then(Value::as_str);
        (wanted.is_none() || state == wanted).then_some((service, value))
    });
    let (page, next) = call.page(items, size)?;
    Ok(listed("services", page, next))
}

/// Enabling IAM enables Credentials; disabling Credentials disables IAM (DD iamcredentials v1 and
/// iam v2, descriptions).
fn switch(shared: &Shared, call: &ApiCall, id: &str, service: &str, on: bool) -> ApiAnswer {
    let permission = if on {
        "serviceusage.services.enable"
    } else {
        "serviceusage.services.disable"
    };
    let found = project(shared, call, id, permission)?;
    let mut world = shared.write();
    let mut services = match world.estate.services(found.id()) {
        Some(enabled) => enabled.clone(),
        None => known(&world, &found),
    };
    let also = match (service, on) {
        (IAM, true) => Some(CREDENTIALS),
        (CREDENTIALS, false) => Some(IAM),
        _ => None,
    };
    for name in also.into_iter().chain([service]) {
        if on {
            services.insert(name.to_owned());
        } else {
            services.remove(name);
        }
    }
    let id = found.id().to_owned();
    world.spread(call.now, move |estate| {
        estate.put_services(&id, services.clone());
    });
    let kind = if on { "Enable" } else { "Disable" };
    Ok(json!({
        "name": format!("operations/{DONE}"),
        "done": true,
        "response": {
            "@type": format!("type.googleapis.com/google.api.serviceusage.v1.{kind}ServiceResponse"),
            "service": show(&world, &found, service),
        },
    }))
}
