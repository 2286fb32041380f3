//! IAM v1: roles and permissions (discovery document iam v1).

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::emulator::api::enforce::{self, at};
use crate::emulator::call::{ApiAnswer, ApiCall, StatusError, listed};
use crate::emulator::route::{Needs, Route};
use crate::emulator::world::{Shared, World};
use crate::estate::Read;
use crate::estate::policies::FoundRole;
use crate::iam::{Resource, Role, predefined};

/// What is served of it.
pub(crate) const ROUTES: &[Route] = &[
    Route::with("GET", "/v1/roles", Needs::Somebody, |shared, call| {
        list(shared, call, None)
    }),
    Route::with(
        "GET",
        "/v1/roles/{role}",
        Needs::Somebody,
        |shared, call| get(shared, call, &format!("roles/{}", call.place("role"))),
    ),
    Route::with(
        "POST",
        "/v1/roles:queryGrantableRoles",
        Needs::Somebody,
        grantable,
    ),
    Route::with(
        "POST",
        "/v1/permissions:queryTestablePermissions",
        Needs::Somebody,
        testable,
    ),
    Route::new(
        "GET",
        "/v1/{level=projects|organizations}/{id}/roles",
        &["iam.roles.list"],
        |shared, call| list(shared, call, Some(call.level())),
    ),
    Route::new(
        "GET",
        "/v1/{level=projects|organizations}/{id}/roles/{role}",
        &["iam.roles.get"],
        |shared, call| {
            get(
                shared,
                call,
                &format!("{}/roles/{}", call.level(), call.place("role")),
            )
        },
    ),
];

fn get(shared: &Shared, call: &ApiCall, name: &str) -> ApiAnswer {
    let permission = "iam.roles.get";
    let missing = || {
        StatusError::not_found(format!(
            "The role named {} was not found.",
            name.chars().filter(|c| !c.is_control()).collect::<String>()
        ))
    };
    let mut name = name.to_owned();
    let mut owner = None;
    if let Some((parent, id)) = name
        .split_once("/roles/")
        .map(|(p, i)| (p.to_owned(), i.to_owned()))
    {
        let found = at(shared, call, &parent, permission)?;
        name = format!("{}/roles/{id}", found.relative());
        owner = Some(found);
    }
    let world = shared.read();
    if enforce::is_viewer(&world, call) && world.hides(&name) {
        let on = owner.unwrap_or_else(|| Resource::project("-"));
        drop(world);
        return Err(enforce::denied(shared, call, permission, &on));
    }
    match world.estate.role(&name) {
        Read::Known(found) => Ok(show(&name, &found, true)),
        Read::Unreadable(_) => Err(missing()),
    }
}

/// Predefined roles are readable by everyone who is somebody; custom ones need `iam.roles.list`.
fn list(shared: &Shared, call: &ApiCall, parent: Option<String>) -> ApiAnswer {
    let full = call.param("view") == Some("FULL");
    let deleted = call.flag("showDeleted");
    // ListRolesRequest.pageSize: 300 unless asked, 1,000 at most.
    let size = call.page_size(300, 1_000)?;
    let prefix = match parent {
        Some(parent) => at(shared, call, &parent, "iam.roles.list")?.relative() + "/roles/",
        None => "roles/".to_owned(),
    };
    let world = shared.read();
    let items = names(&world, &prefix).into_iter().filter_map(|name| {
        let found = world.estate.role(&name).known()?;
        (deleted || !found.deleted()).then(|| (name.clone(), show(&name, &found, full)))
    });
    let (page, next) = call.page(items, size)?;
    Ok(listed("roles", page, next))
}

fn names(world: &World, prefix: &str) -> BTreeSet<String> {
    let mut names: BTreeSet<String> = world
        .estate
        .roles()
        .filter(|r| r.name.starts_with(prefix))
        .map(|r| r.name.clone())
        .collect();
    if prefix == "roles/" {
        names.extend(predefined::all().map(|r| r.name.to_owned()));
    }
    names
}

/// A role as IAM shows it; without its permissions in the basic view.
pub(crate) fn show(name: &str, found: &FoundRole, full: bool) -> Value {
    let role = match found {
        FoundRole::Given(role) => (**role).clone(),
        FoundRole::Predefined(role) => Role {
            name: name.to_owned(),
            title: Some(role.title.to_owned()),
            included_permissions: role.permissions().map(str::to_owned).collect(),
            stage: role.stage(),
            ..Role::default()
        },
    };
    let mut value = serde_json::to_value(role).unwrap_or(Value::Null);
    if let Some(object) = value.as_object_mut() {
        object.retain(|k, _| KNOWN.contains(&k.as_str()));
        if !full {
            object.remove("includedPermissions");
        }
        object.entry("etag").or_insert_with(|| json!("AA=="));
    }
    value
}

/// The fields of `Role`.
const KNOWN: [&str; 7] = [
    "name",
    "title",
    "description",
    "includedPermissions",
    "stage",
    "etag",
    "deleted",
];

/// The resource named in a query, which must exist.
fn subject(shared: &Shared, call: &ApiCall) -> Result<Resource, StatusError> {
    let name = call.text("/fullResourceName").unwrap_or_default();
    // gcloud builds the name from the endpoint that it was given
    // (googlecloudsdk/command_lib/iam/iam_util.py, GetResourceReference).
    let here = format!("//{}/", call.host);
    let name = name.strip_prefix(&here).unwrap_or(name);
    let asked = Resource::parse(name)
        .map_err(|_| StatusError::invalid("Invalid fullResourceName in the request."))?;
    let found = shared.read().find(&asked);
    found.ok_or_else(|| enforce::denied(shared, call, "iam.roles.list", &asked))
}

/// The roles that include a permission on accounts or on whatever lies above them. Which roles
/// Google offers where is not documented: here, all predefined ones and the custom ones of the
/// resource's ancestry (chosen).
fn grantable(shared: &Shared, call: &ApiCall) -> ApiAnswer {
    let on = subject(shared, call)?;
    let full = call.text("/view") == Some("FULL");
    let size = call.page_size(300, 1_000)?;
    let world = shared.read();
    let mut all = names(&world, "roles/");
    for level in world.estate.ancestry(&on).levels {
        all.extend(names(&world, &format!("{}/roles/", level.relative())));
    }
    let items = all.into_iter().filter_map(|name| {
        let found = world.estate.role(&name).known()?;
        (!found.deleted() && !found.disabled()).then(|| (name.clone(), show(&name, &found, full)))
    });
    let (page, next) = call.page(items, size)?;
    Ok(listed("roles", page, next))
}

/// Every permission that the predefined roles know; on an account, those on accounts.
fn testable(shared: &Shared, call: &ApiCall) -> ApiAnswer {
    let on = subject(shared, call)?;
    let size = call.page_size(100, 1_000)?;
    let account = matches!(on, Resource::ServiceAccount { .. });
    let permissions: BTreeSet<&str> = predefined::role("roles/owner")
        .into_iter()
        .chain(predefined::all())
        .flat_map(|role| role.permissions())
        .filter(|p| !account || p.starts_with("iam.serviceAccount"))
        .collect();
    let items = permissions
        .into_iter()
        .map(|p| (p.to_owned(), json!({ "name": p, "stage": "GA" })));
    let (page, next) = call.page(items, size)?;
    Ok(listed("permissions", page, next))
}
