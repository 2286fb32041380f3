//! IAM v1: workload and workforce identity pools, read (discovery document iam v1). Their permissions are
//! named as the table of predefined roles has them, with the service in full.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::emulator::api::enforce;
use crate::emulator::call::{ApiAnswer, ApiCall, StatusError, listed};
use crate::emulator::route::Route;
use crate::emulator::world::Shared;
use crate::estate::{Estate, IdentityPool, Provider};
use crate::iam::Resource;

/// The two kinds of pools.
#[derive(Clone, Copy)]
enum Pools<'a> {
    /// Of a project, by id or number.
    Workload(&'a str),
    /// Of an organization.
    Workforce,
}

impl Pools<'_> {
    /// The first part of the names of methods' answers and of permissions.
    fn word(self) -> &'static str {
        match self {
            Self::Workload(_) => "workloadIdentityPool",
            Self::Workforce => "workforcePool",
        }
    }

    /// What stands before a pool's id, the project by number.
    fn prefix(self, estate: &Estate) -> String {
        match self {
            Self::Workload(project) => {
                let name = format!("projects/{project}/locations/global/workloadIdentityPools/");
                estate.with_number(&name)
            }
            Self::Workforce => "locations/global/workforcePools/".to_owned(),
        }
    }
}

/// What is served of it.
pub(crate) const ROUTES: &[Route] = &[
    Route::new(
        "GET",
        "/v1/projects/{project}/locations/global/workloadIdentityPools",
        &["iam.googleapis.com/workloadIdentityPools.list"],
        |shared, call| list_pools(shared, call, workload(call)),
    ),
    Route::new(
        "GET",
        "/v1/projects/{project}/locations/global/workloadIdentityPools/{pool}",
        &["iam.googleapis.com/workloadIdentityPools.get"],
        |shared, call| get_pool(shared, call, workload(call), call.place("pool")),
    ),
    Route::new(
        "GET",
        "/v1/projects/{project}/locations/global/workloadIdentityPools/{pool}/providers",
        &["iam.googleapis.com/workloadIdentityPoolProviders.list"],
        |shared, call| list(shared, call, workload(call), call.place("pool")),
    ),
    Route::new(
        "GET",
        "/v1/projects/{project}/locations/global/workloadIdentityPools/{pool}/providers/{provider}",
        &["iam.googleapis.com/workloadIdentityPoolProviders.get"],
        |shared, call| {
            get(
                shared,
                call,
                workload(call),
                call.place("pool"),
                call.place("provider"),
            )
        },
    ),
    Route::new(
        "GET",
        "/v1/projects/{project}/locations/global/workloadIdentityPools/{pool}/providers/{provider}/keys",
        &["iam.googleapis.com/workloadIdentityPoolProviderKeys.list"],
        |shared, call| {
            list_keys(
                shared,
                call,
                workload(call),
                call.place("pool"),
                call.place("provider"),
            )
        },
    ),
    Route::new(
        "GET",
        "/v1/projects/{project}/locations/global/workloadIdentityPools/{pool}/providers/{provider}/keys/{key}",
        &["iam.googleapis.com/workloadIdentityPoolProviderKeys.get"],
        |shared, call| {
            get_key(
                shared,
                call,
                workload(call),
                call.place("pool"),
                call.place("provider"),
            )
        },
    ),
    Route::new(
        "GET",
        "/v1/projects/{project}/locations/global/workloadIdentityPools/{pool}/namespaces",
        &["iam.googleapis.com/workloadIdentityPoolNamespaces.list"],
        |shared, call| list_namespaces(shared, call, workload(call), call.place("pool")),
    ),
    Route::new(
        "GET",
        "/v1/locations/global/workforcePools",
        &["iam.googleapis.com/workforcePools.list"],
        |shared, call| list_pools(shared, call, Pools::Workforce),
    ),
    Route::new(
        "GET",
        "/v1/locations/global/workforcePools/{pool}",
        &["iam.googleapis.com/workforcePools.get"],
        |shared, call| get_pool(shared, call, Pools::Workforce, call.place("pool")),
    ),
    Route::new(
        "GET",
        "/v1/locations/global/workforcePools/{pool}/providers",
        &["iam.googleapis.com/workforcePoolProviders.list"],
        |shared, call| list(shared, call, Pools::Workforce, call.place("pool")),
    ),
    Route::new(
        "GET",
        "/v1/locations/global/workforcePools/{pool}/providers/{provider}",
        &["iam.googleapis.com/workforcePoolProviders.get"],
        |shared, call| {
            get(
                shared,
                call,
                Pools::Workforce,
                call.place("pool"),
                call.place("provider"),
            )
        },
    ),
    Route::new(
        "GET",
        "/v1/locations/global/workforcePools/{pool}/providers/{provider}/keys",
        &["iam.googleapis.com/workforcePoolProviderKeys.list"],
        |shared, call| {
            list_keys(
                shared,
                call,
                Pools::Workforce,
                call.place("pool"),
                call.place("provider"),
            )
        },
    ),
    Route::new(
        "GET",
        "/v1/locations/global/workforcePools/{pool}/providers/{provider}/keys/{key}",
        &["iam.googleapis.com/workforcePoolProviderKeys.get"],
        |shared, call| {
            get_key(
                shared,
                call,
                Pools::Workforce,
                call.place("pool"),
                call.place("provider"),
            )
        },
    ),
];

fn workload(call: &ApiCall) -> Pools<'_> {
    Pools::Workload(call.place("project"))
}

/// An estate has none: see [`list_keys`].
fn get_key(shared: &Shared, call: &ApiCall, pools: Pools<'_>, pool: &str, id: &str) -> ApiAnswer {
    check(shared, call, pools, Some(pool), "ProviderKeys.get")?;
    get_provider(shared, pools, pool, id)?;
    Err(missing())
}

/// Of managed workload identities an estate knows nothing.
fn list_namespaces(shared: &Shared, call: &ApiCall, pools: Pools<'_>, pool: &str) -> ApiAnswer {
    check(shared, call, pools, Some(pool), "Namespaces.list")?;
    find_pool(shared, pools, pool).map(|_| json!({}))
}

/// On the project of a workload pool. A workforce pool's organization is its `parent`; where the estate
/// does not say which it is, the permission on any of its organizations will do (chosen).
fn check(
    shared: &Shared,
    call: &ApiCall,
    pools: Pools<'_>,
    pool: Option<&str>,
    permission: &str,
) -> Result<(), StatusError> {
    let permission = format!("iam.googleapis.com/{}{permission}", pools.word());
    if let Pools::Workload(project) = pools {
        let asked = Resource::parse(&format!("projects/{project}"))
            .map_err(|_| StatusError::invalid("Request contains an invalid argument."))?;
        let found = shared.read().find(&asked);
        return match found {
            Some(found) => enforce::require(shared, call, &permission, &found),
            None => Err(enforce::denied(shared, call, &permission, &asked)),
        };
    }
    let world = shared.read();
    let named = match pool {
        Some(id) => {
            let organization = world.estate.workforce_organization(id);
            organization.map(|organization| organization.relative())
        }
        None => call.param("parent").map(str::to_owned),
    };
    let organizations: Vec<Resource> = world
        .estate
        .organizations()
        .filter(|o| named.as_ref().is_none_or(|named| o.name == *named))
        .filter_map(|o| Resource::parse(&o.name).ok())
        .collect();
    let held = organizations
        .iter()
        .any(|o| enforce::holds(&world, call, &permission, o));
    drop(world);
    if held {
        return Ok(());
    }
    let on = organizations
        .into_iter()
        .next()
        .unwrap_or_else(|| Resource::Organization("0".into()));
    Err(enforce::denied(shared, call, &permission, &on))
}

fn missing() -> StatusError {
    StatusError::not_found("Requested entity was not found.")
}

/// The pools of a kind by id: those of the estate, and those that a provider or a member speaks of.
/// Google's own pools (`PROJECT.svc.id.goog`) have ids that no caller may choose ("may contain the characters
/// [a-z0-9-]", `workloadIdentityPools.create`) and are not among them (chosen).
fn all(estate: &Estate, pools: Pools<'_>) -> BTreeMap<String, Value> {
    let prefix = pools.prefix(estate);
    let id_of = |name: &str| {
        let name = estate.with_number(name);
        let id = name.strip_prefix(&prefix)?.split('/').next()?;
        may_be_chosen(id).then(|| id.to_owned())
    };
    let spoken_of = estate
        .providers()
        .map(|p| p.name.as_str())
        .chain(estate.members().filter_map(|m| {
            let (_, path) = m.text.split_once("://iam.googleapis.com/")?;
            Some(path)
        }))
        .filter_map(id_of)
        .map(|id| {
            let bare = json!({ "name": format!("{prefix}{id}"), "state": "ACTIVE" });
            (id, bare)
        });
    let known = estate
        .pools()
        .filter_map(|pool| Some((id_of(&pool.name)?, show_pool(&prefix, pool))));
    // What is known of itself says more than what is spoken of.
    let mut all: BTreeMap<String, Value> = spoken_of.chain(known).collect();
    for (id, row) in &mut all {
        with_parent(estate, pools, id, row);
    }
    all
}

/// A workforce pool tells which organization it is of.
fn with_parent(estate: &Estate, pools: Pools<'_>, id: &str, row: &mut Value) {
    if let Pools::Workforce = pools
        && let Some(organization) = estate.workforce_organization(id)
        && let Some(row) = row.as_object_mut()
    {
        row.entry("parent")
            .or_insert_with(|| json!(organization.relative()));
    }
}

fn show_pool(prefix: &str, pool: &IdentityPool) -> Value {
    let id = pool.name.rsplit('/').next().unwrap_or_default();
    let mut value = serde_json::to_value(pool).unwrap_or(Value::Null);
    if let Some(object) = value.as_object_mut() {
        object.insert("name".into(), json!(format!("{prefix}{id}")));
        active(object);
    }
    value
}

fn active(object: &mut Map<String, Value>) {
    object
        .entry("state")
        .or_insert_with(|| Value::from("ACTIVE"));
}

/// Whether a row is listed: what is deleted only with `showDeleted`.
fn shown(call: &ApiCall, row: &Value) -> bool {
    call.flag("showDeleted") || row.get("state").and_then(Value::as_str) != Some("DELETED")
}

fn list_pools(shared: &Shared, call: &ApiCall, pools: Pools<'_>) -> ApiAnswer {
    if matches!(pools, Pools::Workforce) && call.param("parent").is_none_or(str::is_empty) {
        // "Required. The parent resource to list pools for."
        return Err(StatusError::invalid(
            "Request contains an invalid argument.",
        ));
    }
    check(shared, call, pools, None, "s.list")?;
    let size = call.page_size(50, 1_000)?;
    let world = shared.read();
    if let Pools::Workload(project) = pools
        && world.estate.project(project).is_none()
    {
        return Err(missing());
    }
    let elsewhere = |row: &Value| match (row.get("parent"), call.param("parent")) {
        (Some(own), Some(asked)) => own != asked,
        _ => false,
    };
    let rows = all(&world.estate, pools)
        .into_iter()
        .filter(|(_, row)| shown(call, row) && !elsewhere(row));
    let (page, next) = call.page(rows, size)?;
    Ok(listed(&format!("{}s", pools.word()), page, next))
}

fn get_pool(shared: &Shared, call: &ApiCall, pools: Pools<'_>, id: &str) -> ApiAnswer {
    check(shared, call, pools, Some(id), "s.get")?;
    seen(shared, call, pools, id, "")?;
    find_pool(shared, pools, id)
}

/// Of a project (or organization) of which an estate lists no pool at all, any may be there: it is shown as
/// one that nothing is known of (chosen), as is one that a provider or a member speaks of.
fn find_pool(shared: &Shared, pools: Pools<'_>, id: &str) -> ApiAnswer {
    let world = shared.read();
    let prefix = pools.prefix(&world.estate);
    let name = format!("{prefix}{id}");
    let mut row = match world.estate.pool(&name) {
        _ if !may_be_chosen(id) => return Err(missing()),
        Some(pool) => show_pool(&prefix, pool),
        None if world.estate.lacks_pool(&name) => return Err(missing()),
        None => json!({ "name": name, "state": "ACTIVE" }),
    };
    with_parent(&world.estate, pools, id, &mut row);
    Ok(row)
}

/// Whether somebody may have chosen that id for a pool. How long one is does not matter: an estate may be
/// invented.
fn may_be_chosen(id: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    (1..=63).contains(&id.len()) && id.bytes().all(plain)
}

/// Refuses the viewer what the estate calls unreadable.
fn seen(
    shared: &Shared,
    call: &ApiCall,
    pools: Pools<'_>,
    pool: &str,
    what: &str,
) -> Result<(), StatusError> {
    let world = shared.read();
    let name = format!("{}{pool}{what}", pools.prefix(&world.estate));
    let hidden = enforce::is_viewer(&world, call) && world.hides(&name);
    drop(world);
    if !hidden {
        return Ok(());
    }
    let verb = if what.is_empty() {
        "s.get"
    } else {
        "Providers.list"
    };
    let permission = format!("iam.googleapis.com/{}{verb}", pools.word());
    let on = match pools {
        Pools::Workload(project) => Resource::project(project),
        Pools::Workforce => Resource::Organization("0".into()),
    };
    Err(enforce::denied(shared, call, &permission, &on))
}

fn list(shared: &Shared, call: &ApiCall, pools: Pools<'_>, pool: &str) -> ApiAnswer {
    check(shared, call, pools, Some(pool), "Providers.list")?;
    seen(shared, call, pools, pool, "/providers")?;
    let size = call.page_size(50, 100)?;
    let world = shared.read();
    let prefix = format!("{}{pool}/providers/", pools.prefix(&world.estate));
    let rows = world
        .estate
        .providers()
        .map(|p| (world.estate.with_number(&p.name), p))
        .filter(|(name, _)| name.starts_with(&prefix))
        .map(|(name, p)| (name.clone(), show(name, p)))
        .filter(|(_, row)| shown(call, row));
    let (page, next) = call.page(rows, size)?;
    Ok(listed(&format!("{}Providers", pools.word()), page, next))
}

fn get(shared: &Shared, call: &ApiCall, pools: Pools<'_>, pool: &str, id: &str) -> ApiAnswer {
    check(shared, call, pools, Some(pool), "Providers.get")?;
    seen(shared, call, pools, pool, "/providers")?;
    get_provider(shared, pools, pool, id)
}

fn get_provider(shared: &Shared, pools: Pools<'_>, pool: &str, id: &str) -> ApiAnswer {
    let world = shared.read();
    let wanted = format!("{}{pool}/providers/{id}", pools.prefix(&world.estate));
    world
        .estate
        .providers()
        .find(|p| world.estate.with_number(&p.name) == wanted)
        .map(|p| show(wanted, p))
        .ok_or_else(missing)
}

/// A provider's keys are those with which SAML assertions to it are encrypted; an estate has none.
fn list_keys(shared: &Shared, call: &ApiCall, pools: Pools<'_>, pool: &str, id: &str) -> ApiAnswer {
    check(shared, call, pools, Some(pool), "ProviderKeys.list")?;
    get_provider(shared, pools, pool, id)?;
    Ok(json!({}))
}

fn show(name: String, provider: &Provider) -> Value {
    let mut value = serde_json::to_value(provider).unwrap_or(Value::Null);
    if let Some(object) = value.as_object_mut() {
        object.insert("name".into(), json!(name));
        active(object);
    }
    value
}
