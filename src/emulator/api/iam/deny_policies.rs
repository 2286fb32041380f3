//! IAM v2: deny policies (discovery document iam v2). The attachment point is one path segment,
//! `cloudresourcemanager.googleapis.com%2Fprojects%2FP`, encoded.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::emulator::api::enforce;
use crate::emulator::call::etag::{new_etag, same_version};
use crate::emulator::call::{ApiAnswer, ApiCall, StatusError, listed};
use crate::emulator::route::{Needs, Route};
use crate::emulator::world::{Shared, World, tokens};
use crate::estate::Read;
use crate::iam::{DenyPolicy, Resource, deniable, deny};

/// What is served of it.
pub(crate) const ROUTES: &[Route] = &[
    Route::new(
        "GET",
        "/v2/policies/{point}/denypolicies",
        &["iam.denypolicies.list"],
        |shared, call| read(shared, call, call.place("point"), None),
    ),
    Route::new(
        "POST",
        "/v2/policies/{point}/denypolicies",
        &["iam.denypolicies.create"],
        |shared, call| create(shared, call, call.place("point")),
    ),
    Route::new(
        "GET",
        "/v2/policies/{point}/denypolicies/{policy}",
        &["iam.denypolicies.get"],
        |shared, call| {
            read(
                shared,
                call,
                call.place("point"),
                Some(call.place("policy")),
            )
        },
    ),
    Route::new(
        "PUT",
        "/v2/policies/{point}/denypolicies/{policy}",
        &["iam.denypolicies.update"],
        |shared, call| update(shared, call, call.place("point"), call.place("policy")),
    ),
    Route::new(
        "DELETE",
        "/v2/policies/{point}/denypolicies/{policy}",
        &["iam.denypolicies.delete"],
        |shared, call| delete(shared, call, call.place("point"), call.place("policy")),
    ),
    Route::with(
        "GET",
        "/v2/policies/{point}/denypolicies/{policy}/operations/{operation}",
        Needs::Somebody,
        |_, call| Ok(operation_again(call)),
    ),
];

/// Every operation is done at once, so whoever asks again learns that it is.
fn operation_again(call: &ApiCall) -> Value {
    let name = format!(
        "policies/{}/denypolicies/{}/operations/{}",
        call.place("point"),
        call.place("policy"),
        call.place("operation")
    );
    json!({ "name": name, "done": true })
}

/// The project, folder or organization, checked.
fn at(
    shared: &Shared,
    call: &ApiCall,
    point: &str,
    permission: &str,
) -> Result<Resource, StatusError> {
    // gcloud encodes the attachment point twice.
    let point = percent_encoding::percent_decode_str(point).decode_utf8_lossy();
    let asked = point
        .strip_prefix("cloudresourcemanager.googleapis.com/")
        .and_then(|name| Resource::parse(name).ok())
        .filter(|r| !matches!(r, Resource::ServiceAccount { .. }))
        .ok_or_else(|| StatusError::invalid("Invalid attachment point."))?;
    let found = shared.read().find(&asked);
    match found {
        Some(found) => enforce::require(shared, call, permission, &found).map(|()| found),
        None => Err(enforce::denied(shared, call, permission, &asked)),
    }
}

/// "The maximum number of deny rules in all deny policies attached to a resource: 500" (doc "Quotas
/// and limits", IAM).
const MOST_RULES: usize = 500;

fn create(shared: &Shared, call: &ApiCall, point: &str) -> ApiAnswer {
    let on = at(shared, call, point, "iam.denypolicies.create")?;
    let id = call.param("policyId").unwrap_or_default();
    // iam v2, `policies.createPolicy`, policyId.
    let fits = (3..=63).contains(&id.len())
        && id.starts_with(|c: char| c.is_ascii_lowercase())
        && id
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.".contains(&b));
    if !fits {
        return Err(StatusError::invalid(
            "The policy ID must contain 3 to 63 lowercase letters, numbers, dashes and periods, and begin with a letter.",
        ));
    }
    let policy = given(call, &on, id)?;
    let mut world = shared.write();
    let before = attached(&world, &on);
    if before.iter().any(|p| p.id() == id) {
        return Err(StatusError::new(
            409,
            "ALREADY_EXISTS",
            "Requested entity already exists",
        ));
    }
    fit(&before, &policy)?;
    Ok(store(&mut world, call, policy, None))
}

fn update(shared: &Shared, call: &ApiCall, point: &str, id: &str) -> ApiAnswer {
    let on = at(shared, call, point, "iam.denypolicies.update")?;
    let mut policy = given(call, &on, id)?;
    let mut world = shared.write();
    let before = attached(&world, &on);
    let known = same(&before, id, call.text("/etag"))?;
    // A file may name the project by its number.
    policy.name.clone_from(&known.name);
    let others: Vec<Arc<DenyPolicy>> = before.iter().filter(|p| p.id() != id).cloned().collect();
    fit(&others, &policy)?;
    Ok(store(&mut world, call, policy, Some(&known)))
}

fn delete(shared: &Shared, call: &ApiCall, point: &str, id: &str) -> ApiAnswer {
    let on = at(shared, call, point, "iam.denypolicies.delete")?;
    let mut world = shared.write();
    let known = same(&attached(&world, &on), id, call.param("etag"))?;
    let name = known.name.clone();
    world.spread(call.now, move |estate| {
        estate.remove_deny_policy(&on, &name);
    });
    let mut gone = show(&known, true);
    if let Some(gone) = gone.as_object_mut() {
        gone.insert("deleteTime".into(), json!(call.now.to_string()));
    }
    Ok(operation(call, &known.name, gone))
}

fn attached(world: &World, on: &Resource) -> Vec<Arc<DenyPolicy>> {
    match world.estate.deny_policies(on) {
        Read::Known(policies) => policies.to_vec(),
        Read::Unreadable(_) => Vec::new(),
    }
}

/// The policy of that id, if the etag sent (if any) is its own.
fn same(
    policies: &[Arc<DenyPolicy>],
    id: &str,
    etag: Option<&str>,
) -> Result<Arc<DenyPolicy>, StatusError> {
    let known = policies
        .iter()
        .find(|p| p.id() == id)
        .cloned()
        .ok_or_else(|| StatusError::not_found("Requested entity was not found."))?;
    let stored = known.extra.get("etag").and_then(Value::as_str);
    same_version(etag, stored)?;
    Ok(known)
}

/// The policy of a request, judged: what cannot be read as Google's form is refused.
fn given(call: &ApiCall, on: &Resource, id: &str) -> Result<DenyPolicy, StatusError> {
    let mut body = call.body.clone();
    let Some(object) = body.as_object_mut() else {
        return Err(StatusError::invalid("The request has no policy."));
    };
    object.insert(
        "name".into(),
        json!(format!("{}/{id}", deny::collection(on))),
    );
    let policy: DenyPolicy = serde_json::from_value(body)
        .map_err(|e| StatusError::invalid(format!("Invalid JSON payload received. {e}")))?;
    for rule in policy.rules.iter().filter_map(|r| r.deny_rule.as_ref()) {
        let members = rule
            .denied_principals
            .iter()
            .chain(&rule.exception_principals);
        for member in members {
            if member.member.is_unknown() {
                return Err(StatusError::invalid(format!(
                    "Invalid principal: {}.",
                    crate::text::visible(&member.text)
                )));
            }
        }
        let permissions = rule
            .denied_permissions
            .iter()
            .chain(&rule.exception_permissions);
        for permission in permissions {
            refuse_unsupported(permission)?;
        }
    }
    Ok(policy)
}

/// "Only some permissions can be denied", and "you can only use wildcards in supported permission groups"
/// (doc "Deny policies"): what is not in the table is refused. Which words Google has for that is not
/// documented: *chosen*, as is that the exceptions are held to the same.
fn refuse_unsupported(permission: &str) -> Result<(), StatusError> {
    let shown = crate::text::visible(permission);
    let fits = permission
        .split_once('/')
        .is_some_and(|(service, rest)| service.ends_with(".googleapis.com") && rest.contains('.'));
    if !fits {
        return Err(StatusError::invalid(format!(
            "Permission {shown} is not supported in deny policies: expected SERVICE_FQDN/RESOURCE.ACTION."
        )));
    }
    if deniable::is_supported(permission) {
        Ok(())
    } else {
        let what = if permission.contains('*') {
            "Permission group"
        } else {
            "Permission"
        };
        Err(StatusError::invalid(format!(
            "{what} {shown} is not supported in deny policies."
        )))
    }
}

fn fit(others: &[Arc<DenyPolicy>], policy: &DenyPolicy) -> Result<(), StatusError> {
    let rules: usize = others.iter().map(|p| p.rules.len()).sum();
    if rules + policy.rules.len() > MOST_RULES {
        return Err(StatusError::new(
            429,
            "RESOURCE_EXHAUSTED",
            format!("A resource can have at most {MOST_RULES} deny rules."),
        ));
    }
    Ok(())
}

/// Writes a policy with what Google adds to it.
fn store(
    world: &mut World,
    call: &ApiCall,
    mut policy: DenyPolicy,
    known: Option<&DenyPolicy>,
) -> Value {
    world.writes += 1;
    let etag = new_etag(call.now.as_microsecond(), world.writes);
    let now = json!(call.now.to_string());
    let kept = |field: &str| known.and_then(|k| k.extra.get(field).cloned());
    let uid = kept("uid").unwrap_or_else(|| json!(uid()));
    let created = kept("createTime").unwrap_or_else(|| now.clone());
    for (field, value) in [
        ("uid", uid),
        ("etag", json!(etag)),
        ("createTime", created),
        ("updateTime", now),
        ("kind", json!("DenyPolicy")),
    ] {
        policy.extra.insert(field.into(), value);
    }
    let shown = show(&policy, true);
    let name = policy.name.clone();
    world.spread(call.now, move |estate| {
        estate.put_deny_policy(policy.clone());
    });
    operation(call, &name, shown)
}

fn uid() -> String {
    tokens::random::<16>()
        .map(|bytes| bytes.iter().map(|b| format!("{b:02x}")).collect())
        .unwrap_or_default()
}

/// Google's is under way for a while; this one is done.
fn operation(call: &ApiCall, name: &str, mut policy: Value) -> Value {
    if let Some(object) = policy.as_object_mut() {
        object.insert(
            "@type".into(),
            json!("type.googleapis.com/google.iam.v2.Policy"),
        );
    }
    json!({
        "name": format!("{name}/operations/{}", call.now.as_microsecond()),
        "metadata": {
            "@type": "type.googleapis.com/google.iam.v2.PolicyOperationMetadata",
            "createTime": call.now.to_string(),
        },
        "done": true,
        "response": policy,
    })
}

fn read(shared: &Shared, call: &ApiCall, point: &str, id: Option<&str>) -> ApiAnswer {
    let permission = if id.is_some() {
        "iam.denypolicies.get"
    } else {
        "iam.denypolicies.list"
    };
    let found = at(shared, call, point, permission)?;
    let size = call.page_size(1_000, 1_000)?;
    let world = shared.read();
    if enforce::is_viewer(&world, call) && world.hides(&deny::collection(&found)) {
        drop(world);
        return Err(enforce::denied(shared, call, permission, &found));
    }
    let policies = match world.estate.deny_policies(&found) {
        Read::Known(policies) => policies,
        Read::Unreadable(_) => &[],
    };
    match id {
        Some(id) => policies
            .iter()
            .find(|p| p.id() == id)
            .map(|p| show(p, true))
            .ok_or_else(|| StatusError::not_found("Requested entity was not found.")),
        None => {
            let mut rows: Vec<(String, Value)> = policies
                .iter()
                .map(|p| (p.name.clone(), show(p, false)))
                .collect();
            rows.sort_by(|a, b| a.0.cmp(&b.0));
            let (page, next) = call.page(rows.into_iter(), size)?;
            Ok(listed("policies", page, next))
        }
    }
}

/// A list leaves the rules out (iam v2, `policies.listPolicies`: "The response lists only policy
/// metadata"); a get has them.
fn show(policy: &DenyPolicy, rules: bool) -> Value {
    let mut value = serde_json::to_value(policy).unwrap_or(Value::Null);
    if let Some(object) = value.as_object_mut() {
        if !rules {
            object.remove("rules");
        }
        object.entry("kind").or_insert_with(|| json!("DenyPolicy"));
    }
    value
}
