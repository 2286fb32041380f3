//! IAM v1: service accounts (discovery document iam v1).

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::emulator::api::{enforce, policy};
use crate::emulator::call::{ApiAnswer, ApiCall, StatusError, listed};
use crate::emulator::route::{Needs, Route};
use crate::emulator::world::persist::Buried;
use crate::emulator::world::{Shared, World, tokens};
use crate::estate::{Estate, Existence, Read, ServiceAccount};
use crate::iam::Resource;

/// How long a deleted account can be brought back (iam v1, `projects.serviceAccounts.delete`: "After
/// 30 days, IAM permanently removes the service account").
const RESTORABLE: SignedDuration = SignedDuration::from_hours(30 * 24);

/// What is served of it.
pub(crate) const ROUTES: &[Route] = &[
    Route::new(
        "GET",
        "/v1/projects/{project}/serviceAccounts",
        &["iam.serviceAccounts.list"],
        list,
    ),
    Route::new(
        "POST",
        "/v1/projects/{project}/serviceAccounts",
        &["iam.serviceAccounts.create"],
        create,
    ),
    Route::new(
        "GET",
        "/v1/projects/{project}/serviceAccounts/{account}",
        &["iam.serviceAccounts.get"],
        |shared, call| get(shared, &allowed(shared, call, "get")?),
    ),
    Route::new(
        "PATCH",
        "/v1/projects/{project}/serviceAccounts/{account}",
        &["iam.serviceAccounts.update"],
        |shared, call| update(shared, call, &allowed(shared, call, "update")?, true),
    ),
    Route::new(
        "PUT",
        "/v1/projects/{project}/serviceAccounts/{account}",
        &["iam.serviceAccounts.update"],
        |shared, call| update(shared, call, &allowed(shared, call, "update")?, false),
    ),
    Route::new(
        "DELETE",
        "/v1/projects/{project}/serviceAccounts/{account}",
        &["iam.serviceAccounts.delete"],
        |shared, call| delete(shared, call, &allowed(shared, call, "delete")?),
    ),
    Route::new(
        "POST",
        "/v1/projects/{project}/serviceAccounts/{account}:disable",
        &["iam.serviceAccounts.disable"],
        |shared, call| set_disabled(shared, &allowed(shared, call, "disable")?, true),
    ),
    Route::new(
        "POST",
        "/v1/projects/{project}/serviceAccounts/{account}:enable",
        &["iam.serviceAccounts.enable"],
        |shared, call| set_disabled(shared, &allowed(shared, call, "enable")?, false),
    ),
    Route::new(
        "POST",
        "/v1/projects/{project}/serviceAccounts/{account}:undelete",
        &["iam.serviceAccounts.undelete"],
        undelete,
    ),
    Route::new(
        "POST",
        "/v1/projects/{project}/serviceAccounts/{account}:getIamPolicy",
        &["iam.serviceAccounts.getIamPolicy"],
        |shared, call| policy::get(shared, call, &named(shared, call, "getIamPolicy")?),
    ),
    Route::new(
        "GET",
        "/v1/projects/{project}/serviceAccounts/{account}:getIamPolicy",
        &["iam.serviceAccounts.getIamPolicy"],
        |shared, call| policy::get(shared, call, &named(shared, call, "getIamPolicy")?),
    ),
    Route::new(
        "POST",
        "/v1/projects/{project}/serviceAccounts/{account}:setIamPolicy",
        &["iam.serviceAccounts.setIamPolicy"],
        |shared, call| policy::set(shared, call, &named(shared, call, "setIamPolicy")?),
    ),
    Route::with(
        "POST",
        "/v1/projects/{project}/serviceAccounts/{account}:testIamPermissions",
        Needs::Somebody,
        |shared, call| policy::test(shared, call, &named(shared, call, "")?),
    ),
];

/// The account of the path, for this verb.
fn named(shared: &Shared, call: &ApiCall, verb: &str) -> Result<Resource, StatusError> {
    find(
        shared,
        call,
        call.place("project"),
        call.place("account"),
        verb,
    )
}

/// The account of the path, once the caller may do that to it.
fn allowed(shared: &Shared, call: &ApiCall, verb: &str) -> Result<Resource, StatusError> {
    let found = named(shared, call, verb)?;
    let permission = format!("iam.serviceAccounts.{verb}");
    enforce::require(shared, call, &permission, &found).map(|()| found)
}

/// Finds an account, or refuses: with the wildcard 403 (iam v1, `projects.serviceAccounts.get`: it
/// "can cause response messages to contain misleading error codes", 403 for what does not exist);
/// in a project 404 to who may ask there, else 403, so that nobody learns what exists (chosen).
pub(crate) fn find(
    shared: &Shared,
    call: &ApiCall,
    project: &str,
    account: &str,
    verb: &str,
) -> Result<Resource, StatusError> {
    let name = Resource::parse(&format!("projects/{project}/serviceAccounts/{account}"))
        .map_err(|_| StatusError::invalid("Request contains an invalid argument."))?;
    let world = shared.read();
    if let Some(found) = world.find(&name) {
        return Ok(found);
    }
    let verb = if verb.is_empty() { "get" } else { verb };
    let permission = format!("iam.serviceAccounts.{verb}");
    // Where it is not known which accounts there are, none is said not to be there.
    let told = world.find(&Resource::project(project)).is_some_and(|home| {
        !world.hides(&Estate::accounts_of(home.id()))
            && !matches!(world.estate.resolve(&name), Existence::Unknown(_))
            && enforce::holds(&world, call, &permission, &home)
    });
    if told {
        return Err(StatusError::not_found(format!(
            "Unknown service account: projects/{project}/serviceAccounts/{account}"
        )));
    }
    drop(world);
    Err(enforce::denied(shared, call, &permission, &name))
}

/// An account as IAM shows it.
pub(crate) fn show(account: &ServiceAccount) -> Value {
    let mut value = serde_json::to_value(account).unwrap_or(Value::Null);
    if let Some(object) = value.as_object_mut() {
        object.retain(|key, value| KNOWN.contains(&key.as_str()) && *value != json!(""));
    }
    value
}

/// The fields of `ServiceAccount`.
const KNOWN: [&str; 9] = [
    "name",
    "projectId",
    "uniqueId",
    "email",
    "displayName",
    "etag",
    "description",
    "oauth2ClientId",
    "disabled",
];

fn record(world: &World, found: &Resource) -> Result<ServiceAccount, StatusError> {
    world
        .estate
        .account(found.id())
        .map(|account| (**account).clone())
        .ok_or_else(|| StatusError::not_found("Unknown service account"))
}

fn get(shared: &Shared, found: &Resource) -> ApiAnswer {
    record(&shared.read(), found).map(|account| show(&account))
}

fn list(shared: &Shared, call: &ApiCall) -> ApiAnswer {
    let home = Resource::parse(&format!("projects/{}", call.place("project")))
        .map_err(|_| StatusError::invalid("Invalid project name."))?;
    let known = shared.read().find(&home);
    let Some(home) = known else {
        return Err(enforce::denied(
            shared,
            call,
            "iam.serviceAccounts.list",
            &home,
        ));
    };
    enforce::require(shared, call, "iam.serviceAccounts.list", &home)?;
    // ListServiceAccountsRequest.page_size: 20 unless asked, 100 at most.
    let size = call.page_size(20, 100)?;
    let world = shared.read();
    if world.hides(&Estate::accounts_of(home.id())) {
        drop(world);
        return Err(enforce::denied(
            shared,
            call,
            "iam.serviceAccounts.list",
            &home,
        ));
    }
    let emails = world.accounts_of(home.id());
    let items = emails.iter().map(|email| (email.clone(), email.as_str()));
    let (page, next) = call.page(items, size)?;
    let accounts: Vec<Value> = page
        .into_iter()
        .filter_map(|email| world.estate.account(email))
        .map(|account| show(account))
        .collect();
    Ok(listed("accounts", accounts, next))
}

fn create(shared: &Shared, call: &ApiCall) -> ApiAnswer {
    let home = Resource::parse(&format!("projects/{}", call.place("project")))
        .map_err(|_| StatusError::invalid("Invalid project name."))?;
    let known = shared.read().find(&home);
    let permission = "iam.serviceAccounts.create";
    let Some(home) = known else {
        return Err(enforce::denied(shared, call, permission, &home));
    };
    enforce::require(shared, call, permission, &home)?;
    let id = call.text("/accountId").unwrap_or_default();
    // CreateServiceAccountRequest.accountId: 6 to 30 characters, [a-z]([-a-z0-9]*[a-z0-9]).
    let fits = (6..=30).contains(&id.len())
        && id.starts_with(|c: char| c.is_ascii_lowercase())
        && !id.ends_with('-')
        && id
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if !fits {
        return Err(StatusError::invalid(
            "Service account ID must be between 6 and 30 characters. Service account ID must start with a lower case letter, followed by one or more lower case alphanumerical characters that can be separated by hyphens.",
        ));
    }
    let mut world = shared.write();
    let project = home.id().to_owned();
    let email = format!("{id}@{project}.iam.gserviceaccount.com");
    if world.estate.account(&email).is_some() {
        return Err(StatusError::new(
            409,
            "ALREADY_EXISTS",
            format!("Service account {id} already exists within project projects/{project}."),
        ));
    }
    let unique_id = unique_id(call, &mut world);
    let text = |field: &str| {
        call.text(&format!("/serviceAccount/{field}"))
            .unwrap_or_default()
            .to_owned()
    };
    let mut account = ServiceAccount {
        name: format!("projects/{project}/serviceAccounts/{email}"),
        email,
        project_id: project,
        unique_id: unique_id.clone(),
        display_name: text("displayName"),
        ..ServiceAccount::default()
    };
    let description = text("description");
    if !description.is_empty() {
        account
            .extra
            .insert("description".into(), json!(description));
    }
    account.extra.insert("etag".into(), json!("MDEwMjE5MjA="));
    account
        .extra
        .insert("oauth2ClientId".into(), json!(unique_id));
    world.put_account(&account);
    Ok(show(&account))
}

/// Twenty-one digits that begin with 1, as Google's do.
fn unique_id(call: &ApiCall, world: &mut World) -> String {
    world.writes += 1;
    let seed = tokens::random::<8>().map_or_else(
        |_| call.now.as_microsecond().unsigned_abs() + world.writes,
        u64::from_be_bytes,
    );
    format!("1{seed:020}")
}

fn update(shared: &Shared, call: &ApiCall, found: &Resource, patch: bool) -> ApiAnswer {
    let mut world = shared.write();
    let mut account = record(&world, found)?;
    let (given, mask) = if patch {
        let mask = call
            .text("/updateMask")
            .unwrap_or("displayName,description");
        (call.body.get("serviceAccount"), mask)
    } else {
        (Some(&call.body), "displayName,description")
    };
    let text = |field: &str| {
        given
            .and_then(|g| g.get(field))
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    for field in mask.split(',').map(str::trim) {
        match field {
            "displayName" | "display_name" => account.display_name = text("displayName"),
            "description" => {
                account
                    .extra
                    .insert("description".into(), json!(text("description")));
            }
            _ => {
                return Err(StatusError::invalid(format!(
                    "Invalid update mask: {field} cannot be updated."
                )));
            }
        }
    }
    world.put_account(&account);
    Ok(show(&account))
}

fn set_disabled(shared: &Shared, found: &Resource, disabled: bool) -> ApiAnswer {
    let mut world = shared.write();
    let mut account = record(&world, found)?;
    account.disabled = disabled;
    world.put_account(&account);
    Ok(json!({}))
}

fn delete(shared: &Shared, call: &ApiCall, found: &Resource) -> ApiAnswer {
    let mut world = shared.write();
    let account = record(&world, found)?;
    let policy = match world.estate.allow_policy(found) {
        Read::Known(policy) => policy.map(|p| (**p).clone()),
        Read::Unreadable(_) => None,
    };
    world.forget_account(&account);
    let email = account.email.clone();
    world.rename_member(&format!("serviceAccount:{email}"), &ghost(&account));
    let buried = Buried {
        account,
        policy,
        delete_time: call.now,
    };
    let record = buried.record();
    world
        .graveyard
        .insert(buried.account.unique_id.clone(), buried);
    world.change_keys(&email.to_lowercase(), |keys| {
        keys.clear();
        Some(())
    });
    world.change(|estate| {
        estate.delete_account(&email);
        estate.put_deleted(record.clone());
    });
    world.remove_policy(found);
    Ok(json!({}))
}

/// How policies name a deleted account.
fn ghost(account: &ServiceAccount) -> String {
    format!(
        "deleted:serviceAccount:{}?uid={}",
        account.email, account.unique_id
    )
}

/// `undelete` takes the unique id, as a deleted address names nothing certain
/// (iam v1, `projects.serviceAccounts.undelete`).
fn undelete(shared: &Shared, call: &ApiCall) -> ApiAnswer {
    let id = call.place("account");
    let unknown = || StatusError::not_found(format!("Unknown service account: {id}"));
    let Buried {
        account,
        policy,
        delete_time,
    } = shared
        .read()
        .graveyard
        .get(id)
        .cloned()
        .ok_or_else(unknown)?;
    if call.now.duration_since(delete_time) > RESTORABLE {
        return Err(unknown());
    }
    let home = Resource::project(&account.project_id);
    enforce::require(shared, call, "iam.serviceAccounts.undelete", &home)?;
    let mut world = shared.write();
    if world.estate.account(&account.email).is_some() {
        return Err(StatusError::precondition(format!(
            "A service account with the address {} exists.",
            account.email
        )));
    }
    world.graveyard.remove(id);
    world.put_account(&account);
    world.rename_member(
        &ghost(&account),
        &format!("serviceAccount:{}", account.email),
    );
    if let Some(policy) = policy {
        let name = Resource::account(&account.project_id, &account.email);
        world.change(|estate| estate.put_policy(name.clone(), policy.clone()));
    }
    Ok(json!({ "restoredAccount": show(&account) }))
}
