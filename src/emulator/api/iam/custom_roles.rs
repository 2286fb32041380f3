//! IAM v1: making, changing, deleting and bringing back custom roles (discovery document iam v1,
//! `projects.roles` and `organizations.roles`), and `lintPolicy`.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::emulator::api::enforce::at;
use crate::emulator::api::iam::roles::show;
use crate::emulator::call::etag::{new_etag, same_version};
use crate::emulator::call::{ApiAnswer, ApiCall, StatusError};
use crate::emulator::route::{Needs, Route};
use crate::emulator::world::{Shared, World};
use crate::estate::policies::FoundRole;
use crate::evaluate::condition;
use crate::iam::{Role, predefined};

/// "You have 7 days to undelete the custom role" (iam v1, `projects.roles.delete`).
const RESTORABLE: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Custom roles of one project or organization (doc "Quotas and limits", IAM).
const MOST: usize = 300;
/// Kept in the role beside Google's fields: when it was deleted.
const DELETED_AT: &str = "deleteTime";

/// What is served of it.
pub(crate) const ROUTES: &[Route] = &[
    Route::with(
        "POST",
        "/v1/iamPolicies:lintPolicy",
        Needs::Somebody,
        |_, call| lint(call),
    ),
    Route::new(
        "POST",
        "/v1/{level=projects|organizations}/{id}/roles",
        &["iam.roles.create"],
        |shared, call| create(shared, call, &call.level()),
    ),
    Route::new(
        "PATCH",
        "/v1/{level=projects|organizations}/{id}/roles/{role}",
        &["iam.roles.update"],
        |shared, call| patch(shared, call, &call.level(), call.place("role")),
    ),
    Route::new(
        "DELETE",
        "/v1/{level=projects|organizations}/{id}/roles/{role}",
        &["iam.roles.delete"],
        |shared, call| delete(shared, call, &call.level(), call.place("role")),
    ),
    Route::new(
        "POST",
        "/v1/{level=projects|organizations}/{id}/roles/{role}:undelete",
        &["iam.roles.undelete"],
        |shared, call| undelete(shared, call, &call.level(), call.place("role")),
    ),
];

fn create(shared: &Shared, call: &ApiCall, parent: &str) -> ApiAnswer {
    let owner = at(shared, call, parent, "iam.roles.create")?;
    let id = call.text("/roleId").unwrap_or_default();
    let fits = (3..=64).contains(&id.len())
        && id
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'.');
    if !fits {
        return Err(StatusError::invalid(
            "The role_id may contain only upper and lower case letters, digits, underscores and periods, and must be 3 to 64 characters long.",
        ));
    }
    let name = format!("{}/roles/{id}", owner.relative());
    let given = call.body.get("role").cloned().unwrap_or_else(|| json!({}));
    let role = changed(
        Role {
            name: name.clone(),
            ..Role::default()
        },
        &given,
        &["title", "description", "includedPermissions", "stage"],
    )?;
    let mut world = shared.write();
    let prefix = format!("{}/roles/", owner.relative());
    let siblings = world.estate.roles().filter(|r| r.name.starts_with(&prefix));
    let (mut count, mut known) = (0, None);
    for sibling in siblings {
        count += 1;
        if sibling.name == name {
            known = Some(sibling.deleted);
        }
    }
    match known {
        Some(true) => {
            return Err(StatusError::precondition(format!(
                "You can't create a role with role_id ({id}) where there is an existing role with that role_id in a deleted state."
            )));
        }
        Some(false) => {
            return Err(StatusError::new(
                409,
                "ALREADY_EXISTS",
                format!("A role named {id} in {} already exists.", owner.relative()),
            ));
        }
        None if count >= MOST => {
            return Err(StatusError::new(
                429,
                "RESOURCE_EXHAUSTED",
                format!("Maximum number of roles reached. Maximum is: {MOST}"),
            ));
        }
        None => {}
    }
    Ok(store(&mut world, call, role))
}

/// Writes a role with a new etag; gives it as IAM shows it.
fn store(world: &mut World, call: &ApiCall, mut role: Role) -> Value {
    world.writes += 1;
    let etag = new_etag(call.now.as_microsecond(), world.writes);
    role.extra.insert("etag".into(), json!(etag));
    let kept = role.clone();
    world.spread(call.now, move |estate| estate.put_role(kept.clone()));
    show(&role.name.clone(), &FoundRole::Given(role.into()), true)
}

/// A custom role of an owner whom the caller may change so, with a fresh etag or none.
fn existing(
    shared: &Shared,
    call: &ApiCall,
    parent: &str,
    id: &str,
    verb: &str,
    etag: Option<&str>,
) -> Result<Role, StatusError> {
    let owner = at(shared, call, parent, &format!("iam.roles.{verb}"))?;
    let name = format!("{}/roles/{id}", owner.relative());
    let world = shared.read();
    let role = world
        .estate
        .roles()
        .find(|r| r.name == name)
        .map(|r| (**r).clone())
        .ok_or_else(|| {
            StatusError::not_found(format!(
                "The role named {} was not found.",
                crate::text::visible(&name)
            ))
        })?;
    let stored = role.extra.get("etag").and_then(Value::as_str);
    same_version(etag, stored)?;
    Ok(role)
}

fn patch(shared: &Shared, call: &ApiCall, parent: &str, id: &str) -> ApiAnswer {
    let role = existing(shared, call, parent, id, "update", call.text("/etag"))?;
    if role.deleted {
        return Err(StatusError::precondition(format!(
            "The role {} is deleted: undelete it first.",
            role.name
        )));
    }
    let all = ["title", "description", "includedPermissions", "stage"];
    let mask = call.param("updateMask").unwrap_or_default();
    let fields: Vec<&str> = if mask.is_empty() {
        let given = |f: &&str| call.body.get(*f).is_some();
        all.into_iter().filter(given).collect()
    } else {
        mask.split(',').map(str::trim).collect()
    };
    let role = changed(role, &call.body, &fields)?;
    Ok(store(&mut shared.write(), call, role))
}

/// A role with these fields taken from a request; one that is named and not given is emptied.
fn changed(mut role: Role, given: &Value, fields: &[&str]) -> Result<Role, StatusError> {
    let text = |field: &str| {
        given
            .get(field)
            .and_then(Value::as_str)
            .map(str::to_owned)
            .filter(|t| !t.is_empty())
    };
    for field in fields {
        match *field {
            "title" => role.title = text("title"),
            "description" => role.description = text("description"),
            "stage" => {
                role.stage = match given.get("stage") {
                    None => crate::iam::Stage::Alpha,
                    Some(stage) => serde_json::from_value(stage.clone())
                        .ok()
                        .filter(|s| !matches!(s, crate::iam::Stage::Other(_)))
                        .ok_or_else(|| StatusError::invalid("Invalid value at 'role.stage'."))?,
                };
            }
            "includedPermissions" | "included_permissions" => {
                role.included_permissions = permissions(given)?;
            }
            "name" | "etag" | "deleted" => {}
            other => {
                return Err(StatusError::invalid(format!(
                    "Invalid update mask: {} cannot be updated.",
                    crate::text::visible(other)
                )));
            }
        }
    }
    Ok(role)
}

/// Sorted, each once, each one that exists.
fn permissions(given: &Value) -> Result<Vec<String>, StatusError> {
    let mut all: Vec<String> = given
        .get("includedPermissions")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|p| p.as_str().map(str::to_owned))
        .collect();
    all.sort();
    all.dedup();
    match all.iter().find(|p| !predefined::permission_exists(p)) {
        Some(bad) => Err(StatusError::invalid(format!(
            "Permission {} is not valid.",
            crate::text::visible(bad)
        ))),
        None => Ok(all),
    }
}

fn delete(shared: &Shared, call: &ApiCall, parent: &str, id: &str) -> ApiAnswer {
    let mut role = existing(shared, call, parent, id, "delete", call.param("etag"))?;
    if role.deleted {
        return Err(StatusError::precondition(format!(
            "The role {} is already deleted.",
            role.name
        )));
    }
    role.deleted = true;
    role.extra
        .insert(DELETED_AT.into(), json!(call.now.to_string()));
    Ok(store(&mut shared.write(), call, role))
}

fn undelete(shared: &Shared, call: &ApiCall, parent: &str, id: &str) -> ApiAnswer {
    let mut role = existing(shared, call, parent, id, "undelete", call.text("/etag"))?;
    if !role.deleted {
        return Err(StatusError::precondition(format!(
            "The role {} is not deleted.",
            role.name
        )));
    }
    let gone = role
        .extra
        .remove(DELETED_AT)
        .and_then(|at| at.as_str()?.parse::<Timestamp>().ok())
        .is_some_and(|at| call.now.duration_since(at) > RESTORABLE);
    if gone {
        return Err(StatusError::not_found(format!(
            "The role named {} was not found.",
            role.name
        )));
    }
    role.deleted = false;
    Ok(store(&mut shared.write(), call, role))
}

/// Only whether the condition compiles is checked here; Google's further units (such as
/// `EffectiveTimeWindowCheck`) give warnings and are left out.
fn lint(call: &ApiCall) -> ApiAnswer {
    let expression = call.text("/condition/expression").unwrap_or_default();
    if expression.is_empty() {
        return Err(StatusError::invalid(
            "condition.expression must be specified.",
        ));
    }
    Ok(match condition::compile(expression) {
        Ok(_) => json!({}),
        Err(e) => json!({ "lintResults": [{
            "level": "CONDITION",
            "validationUnitName": "LintValidationUnits/ConditionCompileCheck",
            "severity": "ERROR",
            "fieldName": "condition.expression",
            "locationOffset": e.position.map_or(0, |p| p.offset),
            "debugMessage": format!("ERROR: {}", e.message),
        }] }),
    })
}
