//! IAM v2: deny policies (discovery document iam v2). The attachment point is one path segment,
//! `cloudresourcemanager.googleapis.com%2Fprojects%2FP`, encoded.

use serde_json::{Value, json};

use super::Answer;
use super::call::Call;
use super::enforce;
use super::error::Refusal;
use super::iam_v1::listed;
use super::state::Shared;
use crate::estate::Read;
use crate::iam::{DenyPolicy, Resource, deny};

/// Answers what is a path of this API.
pub(crate) fn route(shared: &Shared, call: &Call) -> Option<Answer> {
    let (method, segments, verb) = call.parts();
    match (method, segments.as_slice(), verb) {
        ("GET", ["v2", "policies", point, "denypolicies"], "") => {
            Some(read(shared, call, point, None))
        }
        ("GET", ["v2", "policies", point, "denypolicies", id], "") => {
            Some(read(shared, call, point, Some(id)))
        }
        _ => None,
    }
}

fn read(shared: &Shared, call: &Call, point: &str, id: Option<&str>) -> Answer {
    // gcloud encodes the attachment point twice.
    let point = percent_encoding::percent_decode_str(point).decode_utf8_lossy();
    let asked = point
        .strip_prefix("cloudresourcemanager.googleapis.com/")
        .and_then(|name| Resource::parse(name).ok())
        .filter(|r| !matches!(r, Resource::ServiceAccount { .. }))
        .ok_or_else(|| Refusal::invalid("Invalid attachment point."))?;
    let permission = if id.is_some() {
        "iam.denypolicies.get"
    } else {
        "iam.denypolicies.list"
    };
    let found = shared.read().find(&asked);
    let Some(found) = found else {
        return Err(enforce::denied(shared, call, permission, &asked));
    };
    enforce::require(shared, call, permission, &found)?;
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
            .ok_or_else(|| Refusal::not_found("Requested entity was not found.")),
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
