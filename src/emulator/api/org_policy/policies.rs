//! The Organization Policy API, v2 (discovery document orgpolicy v2).
//!
//! Permissions as Google's predefined roles name them (`roles/orgpolicy.policyAdmin`).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::emulator::api::enforce;
use crate::emulator::call::etag::{fingerprint, new_etag};
use crate::emulator::call::{ApiAnswer, ApiCall, StatusError};
use crate::emulator::route::Route;
use crate::emulator::world::{Shared, World};
use crate::estate::Read;
use crate::evaluate::condition;
use crate::evaluate::org_policy::effective;
use crate::iam::org_policy::{
    CONSTRAINTS, Constraint, ConstraintKind, OrgPolicySpec, collection, constraint, split,
};
use crate::iam::{OrgPolicy, Resource};

/// What is served of it.
pub(crate) const ROUTES: &[Route] = &[
    Route::new(
        "GET",
        "/v2/{level=organizations|folders|projects}/{id}/policies",
        &["orgpolicy.policies.list"],
        |shared, call| list(shared, call, &on(shared, call, "orgpolicy.policies.list")?),
    ),
    Route::new(
        "POST",
        "/v2/{level=organizations|folders|projects}/{id}/policies",
        &["orgpolicy.policies.create"],
        |shared, call| {
            create(
                shared,
                call,
                &on(shared, call, "orgpolicy.policies.create")?,
            )
        },
    ),
    Route::new(
        "GET",
        "/v2/{level=organizations|folders|projects}/{id}/policies/{constraint}",
        &["orgpolicy.policy.get"],
        |shared, call| {
            get(
                shared,
                call,
                &on(shared, call, "orgpolicy.policy.get")?,
                call.place("constraint"),
            )
        },
    ),
    Route::new(
        "GET",
        "/v2/{level=organizations|folders|projects}/{id}/policies/{constraint}:getEffectivePolicy",
        &["orgpolicy.policy.get"],
        |shared, call| {
            get_effective(
                shared,
                call,
                &on(shared, call, "orgpolicy.policy.get")?,
                call.place("constraint"),
            )
        },
    ),
    Route::new(
        "PATCH",
        "/v2/{level=organizations|folders|projects}/{id}/policies/{constraint}",
        &["orgpolicy.policies.update"],
        |shared, call| {
            update(
                shared,
                call,
                &on(shared, call, "orgpolicy.policies.update")?,
                call.place("constraint"),
            )
        },
    ),
    Route::new(
        "DELETE",
        "/v2/{level=organizations|folders|projects}/{id}/policies/{constraint}",
        &["orgpolicy.policies.delete"],
        |shared, call| {
            delete(
                shared,
                call,
                &on(shared, call, "orgpolicy.policies.delete")?,
                call.place("constraint"),
            )
        },
    ),
    Route::new(
        "GET",
        "/v2/{level=organizations|folders|projects}/{id}/constraints",
        &["orgpolicy.constraints.list"],
        |shared, call| {
            let on = on(shared, call, "orgpolicy.constraints.list")?;
            Ok(constraints(&shared.read(), &on))
        },
    ),
];

/// The resource of the path, once the caller may do that there.
fn on(shared: &Shared, call: &ApiCall, permission: &str) -> Result<Resource, StatusError> {
    at(shared, call, &call.level(), permission)
}

/// The project, folder or organization, checked. What does not exist is refused like what may not be
/// seen.
pub(crate) fn at(
    shared: &Shared,
    call: &ApiCall,
    name: &str,
    permission: &str,
) -> Result<Resource, StatusError> {
    let asked = Resource::parse(name)
        .map_err(|_| StatusError::invalid("Request contains an invalid argument."))?;
    let found = shared.read().find(&asked);
    match found {
        Some(found) => enforce::require(shared, call, permission, &found).map(|()| found),
        None => Err(enforce::denied(shared, call, permission, &asked)),
    }
}

/// Refuses the viewer what the estate keeps from it.
pub(crate) fn readable(
    shared: &Shared,
    call: &ApiCall,
    on: &Resource,
    permission: &str,
) -> Result<(), StatusError> {
    let world = shared.read();
    if enforce::is_viewer(&world, call) && world.hides(&collection(on)) {
        drop(world);
        return Err(enforce::denied(shared, call, permission, on));
    }
    Ok(())
}

fn list(shared: &Shared, call: &ApiCall, on: &Resource) -> ApiAnswer {
    readable(shared, call, on, "orgpolicy.policies.list")?;
    let world = shared.read();
    let policies: Vec<Value> = world
        .estate
        .org_policies_on(on)
        .map(|p| shown(&world, on, p))
        .collect();
    Ok(if policies.is_empty() {
        json!({})
    } else {
        json!({ "policies": policies })
    })
}

fn get(shared: &Shared, call: &ApiCall, on: &Resource, constraint: &str) -> ApiAnswer {
    readable(shared, call, on, "orgpolicy.policy.get")?;
    let world = shared.read();
    stored(&world, on, constraint).map(|p| shown(&world, on, &p))
}

fn get_effective(shared: &Shared, call: &ApiCall, on: &Resource, name: &str) -> ApiAnswer {
    readable(shared, call, on, "orgpolicy.policy.get")?;
    let world = shared.read();
    let found = known(&world, on, name).ok_or_else(missing)?;
    let Read::Known(effective) = effective(&world.estate, on, &found) else {
        return Err(StatusError::new(
            500,
            "INTERNAL",
            "Internal error encountered.",
        ));
    };
    Ok(json!({
        "name": format!("{}/{}", collection(&world.by_number(on)), found.name),
        "spec": { "rules": [effective.merged()] },
    }))
}

/// A constraint: one that is known here, or one that the policies in force here show the kind of.
/// This emulator has no list of all that Google knows.
pub(crate) fn known<'n>(world: &World, on: &Resource, name: &'n str) -> Option<Constraint<'n>> {
    if let Some(known) = constraint(name) {
        return Some(*known);
    }
    let levels = world.estate.ancestry(on).levels;
    let rules = levels.iter().find_map(|level| {
        let policy = stored(world, level, name).ok()?;
        Some(policy.spec.clone()?.rules)
    })?;
    let on_or_off = rules.iter().any(|r| r.enforce.is_some());
    Some(Constraint {
        name,
        title: name,
        kind: if on_or_off {
            ConstraintKind::Managed
        } else {
            ConstraintKind::List
        },
        default_allows: true,
    })
}

fn create(shared: &Shared, call: &ApiCall, on: &Resource) -> ApiAnswer {
    let policy = given(call, None)?;
    let mut world = shared.write();
    let constraint = fit(&world, on, &policy)?;
    if stored(&world, on, &constraint).is_ok() {
        return Err(StatusError::new(
            409,
            "ALREADY_EXISTS",
            "Requested entity already exists",
        ));
    }
    Ok(store(&mut world, call, on, policy, None))
}

fn update(shared: &Shared, call: &ApiCall, on: &Resource, constraint: &str) -> ApiAnswer {
    let given = given(call, Some(&format!("{}/{constraint}", collection(on))))?;
    let mut world = shared.write();
    fit(&world, on, &given)?;
    let known = stored(&world, on, constraint)?;
    let shown = shown(&world, on, &known);
    for (pointer, sent) in [
        ("/etag", call.text("/etag")),
        ("/spec/etag", call.text("/spec/etag")),
    ] {
        unchanged(&shown, pointer, sent)?;
    }
    let mut policy = known.clone();
    // `policy.spec`, `policy.dry_run_spec` or `*`; without a mask what the request has (gcloud,
    // `org-policies set-policy --update-mask`).
    let mask = call.param("updateMask").unwrap_or_default();
    let mask = mask.strip_prefix("policy.").unwrap_or(mask);
    match mask {
        "*" => policy = given,
        "spec" => policy.spec = given.spec,
        "dry_run_spec" | "dryRunSpec" => policy.dry_run_spec = given.dry_run_spec,
        "" => {
            policy.spec = given.spec;
            policy.dry_run_spec = given.dry_run_spec.or(policy.dry_run_spec);
        }
        other => {
            return Err(StatusError::invalid(format!(
                "Invalid field mask: '{}' is no part of a policy that can be updated.",
                crate::text::visible(other)
            )));
        }
    }
    Ok(store(&mut world, call, on, policy, Some(&known)))
}

fn delete(shared: &Shared, call: &ApiCall, on: &Resource, constraint: &str) -> ApiAnswer {
    let mut world = shared.write();
    let known = stored(&world, on, constraint)?;
    unchanged(&shown(&world, on, &known), "/etag", call.param("etag"))?;
    world.change(|estate| estate.remove_org_policy(on, constraint));
    Ok(json!({}))
}

/// 409 where the etag that was sent is not the one there is.
fn unchanged(shown: &Value, pointer: &str, sent: Option<&str>) -> Result<(), StatusError> {
    let is = shown.pointer(pointer).and_then(Value::as_str);
    match sent.filter(|e| !e.is_empty()) {
        Some(sent) if is != Some(sent) => Err(StatusError::of_status(409)),
        _ => Ok(()),
    }
}

fn missing() -> StatusError {
    StatusError::not_found("Requested entity was not found.")
}

pub(crate) fn stored(
    world: &World,
    on: &Resource,
    constraint: &str,
) -> Result<OrgPolicy, StatusError> {
    match world.estate.org_policy(on, constraint) {
        Read::Known(Some(policy)) => Ok(OrgPolicy::clone(policy)),
        _ => Err(missing()),
    }
}

/// The policy of a request; the path names it where that is given.
fn given(call: &ApiCall, name: Option<&str>) -> Result<OrgPolicy, StatusError> {
    let mut body = call.body.clone();
    let Some(object) = body.as_object_mut() else {
        return Err(StatusError::invalid("The request has no policy."));
    };
    if let Some(name) = name {
        object.insert("name".into(), json!(name));
    }
    serde_json::from_value(body)
        .map_err(|e| StatusError::invalid(format!("Invalid JSON payload received. {e}")))
}

/// The constraint of a policy that may be stored on a resource.
fn fit(world: &World, on: &Resource, policy: &OrgPolicy) -> Result<String, StatusError> {
    let bad = |what: String| StatusError::invalid(format!("Invalid policy: {what}."));
    let Some((named, constraint)) = split(&policy.name) else {
        return Err(bad(
            "its name is not of the form PARENT/policies/CONSTRAINT".into(),
        ));
    };
    if world.find(&named).as_ref() != Some(on) {
        return Err(bad("its name is not below the parent".into()));
    }
    // Google knows which there are; here the form decides (chosen).
    let form = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    if !constraint.contains('.') || !constraint.chars().all(form) {
        return Err(StatusError::not_found(format!(
            "Constraint constraints/{} was not found.",
            crate::text::visible(constraint)
        )));
    }
    if let Some(flaw) = policy.flaw() {
        return Err(bad(flaw));
    }
    let specs = [&policy.spec, &policy.dry_run_spec];
    for rule in specs.into_iter().flatten().flat_map(|s| &s.rules) {
        if let Some(condition) = rule.when()
            && let Err(error) = condition::compile(&condition.expression)
        {
            return Err(bad(format!("its condition does not compile: {error}")));
        }
    }
    Ok(constraint.to_owned())
}

/// Writes a policy with what Google adds to it; it counts at once.
fn store(
    world: &mut World,
    call: &ApiCall,
    on: &Resource,
    mut policy: OrgPolicy,
    before: Option<&OrgPolicy>,
) -> Value {
    policy.name = format!(
        "{}/{}",
        collection(&world.by_number(on)),
        policy.constraint()
    );
    policy.extra.remove("etag");
    let old = (
        before.and_then(|p| p.spec.as_ref()),
        before.and_then(|p| p.dry_run_spec.as_ref()),
    );
    for (spec, old) in [(&mut policy.spec, old.0), (&mut policy.dry_run_spec, old.1)] {
        if let Some(spec) = spec.as_mut().filter(|s| Some(&**s) != old) {
            world.writes += 1;
            let etag = new_etag(call.now.as_microsecond(), world.writes);
            spec.extra.insert("etag".into(), json!(etag));
            let now = json!(call.now.to_string());
            spec.extra.insert("updateTime".into(), now);
        }
    }
    let answer = shown(world, on, &policy);
    world.change(|estate| {
        estate.put_org_policy(policy.clone());
    });
    answer
}

/// As Google answers: the project by its number, an etag of the parts' etags with a dash between.
fn shown(world: &World, on: &Resource, policy: &OrgPolicy) -> Value {
    let mut policy = policy.clone();
    policy.name = format!(
        "{}/{}",
        collection(&world.by_number(on)),
        policy.constraint()
    );
    let live = etag(policy.spec.as_mut());
    let dry = etag(policy.dry_run_spec.as_mut());
    policy
        .extra
        .insert("etag".into(), json!(format!("{live}-{dry}")));
    serde_json::to_value(&policy).unwrap_or(Value::Null)
}

/// The etag of a part. One from a file without an etag gets one that changes with what it says.
fn etag(spec: Option<&mut OrgPolicySpec>) -> String {
    let Some(spec) = spec else {
        return String::new();
    };
    if let Some(etag) = spec.extra.get("etag").and_then(Value::as_str) {
        return etag.to_owned();
    }
    let text = serde_json::to_string(spec).unwrap_or_default();
    let etag = STANDARD.encode(fingerprint(&text));
    spec.extra.insert("etag".into(), json!(etag));
    etag
}

fn constraints(world: &World, on: &Resource) -> Value {
    let parent = world.by_number(on).relative();
    let all: Vec<Value> = CONSTRAINTS
        .iter()
        .map(|c| {
            let mut one = json!({
                "name": format!("{parent}/constraints/{}", c.name),
                "displayName": c.title,
                "constraintDefault": if c.default_allows { "ALLOW" } else { "DENY" },
            });
            let kind = if c.kind == ConstraintKind::List {
                "listConstraint"
            } else {
                "booleanConstraint"
            };
            if let Some(one) = one.as_object_mut() {
                one.insert(kind.into(), json!({}));
            }
            one
        })
        .collect();
    json!({ "constraints": all })
}
