//! Policy Troubleshooter v3 and v3beta (discovery documents policytroubleshooter v3 and v3beta).
//!
//! It answers with what is stored, not with what already counts, as a reader of the policies sees
//! them; and it knows what its caller may read and no more: the rest is `UNKNOWN_INFO` (doc
//! "Troubleshoot IAM permissions": what you may not view is not in the results).

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::emulator::api::{cloud_identity, enforce, policy};
use crate::emulator::call::{ApiAnswer, ApiCall, StatusError};
use crate::emulator::route::{Needs, Route};
use crate::emulator::world::{Shared, World};
use crate::estate::Estate;
use crate::evaluate::{Question, explain, troubleshoot};
use crate::iam::{Permission, Principal, Resource, ResourceKind, deny};

const NOT_ALLOWED: &str = "may not be read";

/// What an answer leaves out, in words.
const SEES: &str = "an answer holds what its caller may read; the rest is UNKNOWN_INFO";

/// What is served of it.
pub(crate) const ROUTES: &[Route] = &[
    Route::with(
        "POST",
        "/v3/iam:troubleshoot",
        Needs::Rule(SEES),
        |shared, call| Ok(without_boundaries(asked(shared, call)?)),
    ),
    Route::with("POST", "/v3beta/iam:troubleshoot", Needs::Rule(SEES), asked),
    Route::with(
        "POST",
        "/v3beta/iam:troubleshootError",
        Needs::Rule(SEES),
        refused,
    ),
];

fn required(call: &ApiCall, field: &str) -> Result<String, StatusError> {
    call.text(&format!("/accessTuple/{field}"))
        .filter(|text| !text.is_empty())
        .map(str::to_owned)
        .ok_or_else(|| StatusError::invalid(format!("access_tuple.{field} must be specified.")))
}

fn asked(shared: &Shared, call: &ApiCall) -> ApiAnswer {
    let principal = required(call, "principal")?;
    let name = required(call, "fullResourceName")?;
    let permission = required(call, "permission")?;
    let principal =
        Principal::parse(&principal).map_err(|e| StatusError::invalid(e.to_string()))?;
    let permission =
        Permission::parse(&permission).map_err(|e| StatusError::invalid(e.to_string()))?;
    // Resources of other services have names of their own, and no policies in this estate.
    let resource = Resource::parse(&name)
        .ok()
        .filter(|_| name.starts_with("//"))
        .ok_or_else(|| {
            StatusError::invalid(format!(
                "The full resource name '{name}' is of no resource that this emulator has: expected //iam.googleapis.com/projects/P/serviceAccounts/E, or a project, folder or organization at //cloudresourcemanager.googleapis.com/"
            ))
        })?;
    let time = match call.text("/accessTuple/conditionContext/request/receiveTime") {
        None | Some("") => call.now,
        Some(text) => text.parse::<Timestamp>().map_err(|_| {
            StatusError::invalid(format!(
                "Invalid value at 'access_tuple.condition_context.request.receive_time' (type.googleapis.com/google.protobuf.Timestamp), \"{text}\""
            ))
        })?,
    };
    let mut answer = explained(&shared.read(), call, principal, permission, resource, time);
    // The context comes back as it was given, with what was found out.
    for part in ["resource", "destination"] {
        if let Some(given) = call
            .body
            .pointer(&format!("/accessTuple/conditionContext/{part}"))
            .filter(|given| **given != json!({}))
            && let Some(context) = answer
                .pointer_mut("/accessTuple/conditionContext")
                .and_then(Value::as_object_mut)
        {
            context.insert(part.to_owned(), given.clone());
        }
    }
    Ok(answer)
}

/// v3 judges by allow and deny policies alone, and its answer has no field for boundaries (doc "Troubleshoot IAM
/// permissions": the version to ask for either).
fn without_boundaries(mut answer: Value) -> Value {
    let state = |at: &str, prefix: &str| {
        let state = answer.pointer(at).and_then(Value::as_str);
        state
            .and_then(|state| state.strip_prefix(prefix))
            .unwrap_or_default()
            .to_owned()
    };
    let bounded = state(
        "/pabPolicyExplanation/principalAccessBoundaryAccessState",
        "PAB_ACCESS_STATE_",
    );
    let allow = state(
        "/allowPolicyExplanation/allowAccessState",
        "ALLOW_ACCESS_STATE_",
    );
    let deny = state(
        "/denyPolicyExplanation/denyAccessState",
        "DENY_ACCESS_STATE_",
    );
    let overall = match (allow.as_str(), deny.as_str()) {
        ("NOT_GRANTED", _) | (_, "DENIED") => "CANNOT_ACCESS",
        ("GRANTED", "NOT_DENIED") => "CAN_ACCESS",
        ("UNKNOWN_INFO", _) | (_, "UNKNOWN_INFO") => "UNKNOWN_INFO",
        _ => "UNKNOWN_CONDITIONAL",
    };
    if let Some(object) = answer.as_object_mut() {
        object.remove("pabPolicyExplanation");
        // Where no boundary has a say it is the same as of all three.
        if bounded != "NOT_ENFORCED" {
            object.insert("overallAccessState".to_owned(), overall.into());
        }
    }
    answer
}

/// What was refused under an `error_info_id`, explained with today's policies as of then.
fn refused(shared: &Shared, call: &ApiCall) -> ApiAnswer {
    let id = call.text("/errorInfoId").unwrap_or_default();
    if id.is_empty() {
        return Err(StatusError::invalid("error_info_id must be specified."));
    }
    let world = shared.read();
    let refused = world
        .refused(id)
        .cloned()
        .ok_or_else(|| StatusError::not_found("Requested entity was not found."))?;
    let permission = Permission::parse(&refused.permission)
        .map_err(|_| StatusError::not_found("Requested entity was not found."))?;
    let answer = explained(
        &world,
        call,
        refused.who.clone(),
        permission,
        refused.resource.clone(),
        refused.time,
    );
    let parent = world.estate.parent(&refused.resource);
    let state = answer
        .get("overallAccessState")
        .and_then(Value::as_str)
        .unwrap_or("UNSPECIFIED");
    let part = |name: &str| answer.get(name).cloned().unwrap_or(Value::Null);
    Ok(json!({
        "overallAccessState": format!("OVERALL_ACCESS_STATE_{state}"),
        "accessContext": {
            "principal": refused.who.email().map_or_else(|| refused.who.to_string(), str::to_owned),
            "permission": refused.permission,
            "name": refused.resource.relative(),
            "parent": parent.unwrap_or(refused.resource).full_name(),
        },
        "allowPolicyExplanation": part("allowPolicyExplanation"),
        "denyPolicyExplanation": part("denyPolicyExplanation"),
        "pabPolicyExplanation": part("pabPolicyExplanation"),
    }))
}

fn explained(
    world: &World,
    call: &ApiCall,
    caller: Principal,
    permission: Permission,
    target: Resource,
    time: Timestamp,
) -> Value {
    let question = Question {
        permission,
        ..Question::new(caller, target, time)
    };
    let estate = as_seen(world, call, &question);
    troubleshoot(&estate, &explain(&estate, &question))
}

/// The estate with what this caller may not read marked so.
fn as_seen(world: &World, call: &ApiCall, question: &Question) -> Estate {
    let mut estate = world.estate.clone();
    let mut hidden: Vec<String> = Vec::new();
    if enforce::is_viewer(world, call) {
        hidden.extend(world.hidden());
    }
    let target = world.find(&question.target);
    let home = match &question.caller {
        Principal::ServiceAccount(email) => world.find(&Resource::account("-", email)),
        _ => None,
    };
    for level in [target, home]
        .into_iter()
        .flatten()
        .flat_map(|from| estate.ancestry(&from).levels)
    {
        let may = |permission: &str| enforce::holds(world, call, permission, &level);
        if !may(&policy::permission(&level, "getIamPolicy")) {
            hidden.push(level.full_name());
        }
        if level.kind() == ResourceKind::ServiceAccount {
            continue;
        }
        if !may("iam.denypolicies.list") || !may("iam.denypolicies.get") {
            hidden.push(deny::collection(&level));
        }
        if !may("iam.policybindings.list") {
            hidden.push(format!(
                "{}/locations/global/policyBindings",
                level.relative()
            ));
        }
    }
    for role in world.estate.roles() {
        let owner = role.name.split_once("/roles/").map(|(owner, _)| owner);
        let owner = owner
            .and_then(|owner| Resource::parse(owner).ok())
            .and_then(|owner| world.find(&owner));
        if owner.is_some_and(|owner| !enforce::holds(world, call, "iam.roles.get", &owner)) {
            hidden.push(role.name.clone());
        }
    }
    for group in world.estate.groups() {
        if !cloud_identity::seen(world, call, &group.email) {
            hidden.push(format!("groups/{}", group.email));
        }
    }
    for name in hidden {
        estate.mark_unreadable(&name, NOT_ALLOWED);
    }
    estate
}
