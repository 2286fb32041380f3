//! Resource Manager v1: organization policies in their older form, read only (discovery document
//! cloudresourcemanager v1, `getOrgPolicy`, `getEffectiveOrgPolicy`, `listOrgPolicies`).

use serde_json::{Map, Value, json};

use crate::emulator::api::org_policy::policies::{at, known, readable, stored};
use crate::emulator::call::{ApiAnswer, ApiCall, StatusError};
use crate::emulator::route::Route;
use crate::emulator::world::{Shared, World};
use crate::estate::Read;
use crate::evaluate::org_policy::effective;
use crate::iam::org_policy::{OrgPolicyRule, OrgPolicySpec};
use crate::iam::{OrgPolicy, Resource};

/// What is served of them.
pub(crate) const ROUTES: &[Route] = &[
    Route::new(
        "POST",
        "/v1/{level=organizations|folders|projects}/{id}:getOrgPolicy",
        &["orgpolicy.policy.get"],
        |shared, call| asked(shared, call, "orgpolicy.policy.get"),
    ),
    Route::new(
        "POST",
        "/v1/{level=organizations|folders|projects}/{id}:getEffectiveOrgPolicy",
        &["orgpolicy.policy.get"],
        |shared, call| asked(shared, call, "orgpolicy.policy.get"),
    ),
    Route::new(
        "POST",
        "/v1/{level=organizations|folders|projects}/{id}:listOrgPolicies",
        &["orgpolicy.policies.list"],
        |shared, call| asked(shared, call, "orgpolicy.policies.list"),
    ),
];

fn asked(shared: &Shared, call: &ApiCall, permission: &str) -> ApiAnswer {
    let on = at(shared, call, &call.level(), permission)?;
    readable(shared, call, &on, permission)?;
    answer(&shared.read(), call, &on, &call.verb)
}

fn answer(world: &World, call: &ApiCall, on: &Resource, verb: &str) -> ApiAnswer {
    if verb == "listOrgPolicies" {
        let all: Vec<Value> = world.estate.org_policies_on(on).map(|p| older(p)).collect();
        return Ok(if all.is_empty() {
            json!({})
        } else {
            json!({ "policies": all })
        });
    }
    let name = call.text("/constraint").unwrap_or_default();
    let name = name.strip_prefix("constraints/").unwrap_or(name);
    if name.is_empty() {
        return Err(StatusError::invalid(
            "Request contains an invalid argument.",
        ));
    }
    let unset = json!({ "constraint": format!("constraints/{name}") });
    if verb == "getOrgPolicy" {
        // "If no Policy is set on the resource, a Policy is returned with default values".
        return Ok(stored(world, on, name).map_or(unset, |p| older(&p)));
    }
    let Some(found) = known(world, on, name) else {
        return Ok(unset);
    };
    let Read::Known(effective) = effective(&world.estate, on, &found) else {
        return Err(StatusError::new(
            500,
            "INTERNAL",
            "Internal error encountered.",
        ));
    };
    let spec = OrgPolicySpec {
        rules: vec![effective.merged()],
        ..OrgPolicySpec::default()
    };
    Ok(form(name, Some(&spec)))
}

fn older(policy: &OrgPolicy) -> Value {
    form(policy.constraint(), policy.spec.as_ref())
}

/// The older form. Of conditions it knows nothing: its version then says 2.
fn form(constraint: &str, spec: Option<&OrgPolicySpec>) -> Value {
    let mut policy = Map::new();
    policy.insert(
        "constraint".into(),
        json!(format!("constraints/{constraint}")),
    );
    let Some(spec) = spec else {
        return Value::Object(policy);
    };
    for field in ["etag", "updateTime"] {
        if let Some(value) = spec.extra.get(field) {
            policy.insert(field.into(), value.clone());
        }
    }
    let always = || spec.rules.iter().filter(|r| r.when().is_none());
    if always().count() < spec.rules.len() {
        policy.insert("version".into(), json!(2));
    }
    if spec.reset {
        policy.insert("restoreDefault".into(), json!({}));
    } else if let Some(enforced) = always().find_map(|r| r.enforce) {
        policy.insert("booleanPolicy".into(), json!({ "enforced": enforced }));
    } else {
        let mut list = values(always());
        if spec.inherit_from_parent {
            list.insert("inheritFromParent".into(), json!(true));
        }
        policy.insert("listPolicy".into(), Value::Object(list));
    }
    Value::Object(policy)
}

fn values<'r>(rules: impl Iterator<Item = &'r OrgPolicyRule>) -> Map<String, Value> {
    let (mut all, mut allowed, mut denied) = (None, Vec::new(), Vec::new());
    for rule in rules {
        if rule.deny_all == Some(true) {
            all = Some("DENY");
        } else if rule.allow_all == Some(true) {
            all = all.or(Some("ALLOW"));
        }
        if let Some(values) = &rule.values {
            allowed.extend(values.allowed_values.iter().cloned());
            denied.extend(values.denied_values.iter().cloned());
        }
    }
    let mut list = Map::new();
    if let Some(all) = all {
        list.insert("allValues".into(), json!(all));
        return list;
    }
    for (field, values) in [("allowedValues", allowed), ("deniedValues", denied)] {
        if !values.is_empty() {
            list.insert(field.into(), json!(values));
        }
    }
    list
}
