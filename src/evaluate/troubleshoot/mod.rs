//! An explanation as Policy Troubleshooter v3beta answers it, field by field (discovery document
//! policytroubleshooter v3beta, `GoogleCloudPolicytroubleshooterIamV3betaTroubleshootIamPolicyResponse`).
//!
//! What is chosen here: relevance is HIGH where changing the thing could change the answer, and
//! `pabUnsupportedFeatures` is left out, since operations of boundary rules are evaluated here.

mod allow;
mod boundary;
mod deny;

use serde_json::{Map, Value, json};

use super::condition::ConditionOutcome;
use super::explanation::{ConditionExplanation, Explanation};
use super::truth::Truth;
use crate::estate::Estate;
use crate::iam::Condition;

/// The `TroubleshootIamPolicyResponse` of an explanation made with the same estate.
///
/// A delegation chain has no place in it: this is the caller's own access to the target.
#[must_use]
pub fn troubleshoot(estate: &Estate, explanation: &Explanation) -> Value {
    json!({
        "overallAccessState": explanation.verdict.word(),
        "accessTuple": access_tuple(estate, explanation),
        "allowPolicyExplanation": allow::explanation(estate, explanation),
        "denyPolicyExplanation": deny::explanation(explanation),
        "pabPolicyExplanation": boundary::explanation(estate, explanation),
    })
}

fn access_tuple(estate: &Estate, explanation: &Explanation) -> Value {
    let question = &explanation.question;
    let own = estate.tags.get(&question.target);
    let tags: Vec<Value> = estate
        .effective_tags(&question.target)
        .known()
        .unwrap_or_default()
        .into_iter()
        .map(|tag| {
            let inherited = !own.is_some_and(|own| own.contains(&tag));
            json!({
                "namespacedTagValue": tag.namespaced_tag_value,
                "namespacedTagKey": tag.namespaced_tag_key,
                "tagValue": tag.tag_value,
                "tagKey": tag.tag_key,
                "inherited": inherited,
            })
        })
        .collect();
    let mut context = json!({ "request": { "receiveTime": question.time.to_string() } });
    if !tags.is_empty() {
        context["effectiveTags"] = Value::from(tags);
    }
    json!({
        "principal": question.caller.email().map_or_else(|| question.caller.to_string(), str::to_owned),
        "fullResourceName": question.target.full_name(),
        "permission": question.permission.as_str(),
        "permissionFqdn": question.permission.fqdn(),
        "conditionContext": context,
    })
}

/// HIGH or NORMAL.
fn relevance(high: bool) -> &'static str {
    if high {
        "HEURISTIC_RELEVANCE_HIGH"
    } else {
        "HEURISTIC_RELEVANCE_NORMAL"
    }
}

/// `MembershipMatchingState`.
fn membership(matches: Truth) -> &'static str {
    match matches {
        Truth::Yes => "MEMBERSHIP_MATCHED",
        Truth::No => "MEMBERSHIP_NOT_MATCHED",
        Truth::UnknownInfo | Truth::UnknownConditional => "MEMBERSHIP_UNKNOWN_INFO",
    }
}

/// `google.type.Expr`, fields that are empty left out.
fn expr(condition: &Condition) -> Value {
    let mut out = Map::new();
    out.insert("expression".into(), condition.expression.clone().into());
    for (name, value) in [
        ("title", &condition.title),
        ("description", &condition.description),
        ("location", &condition.location),
    ] {
        if let Some(value) = value.as_ref().filter(|v| !v.is_empty()) {
            out.insert(name.into(), value.clone().into());
        }
    }
    Value::Object(out)
}

/// `google.rpc.Code` of something that could not be evaluated: INVALID_ARGUMENT for a broken
/// condition, FAILED_PRECONDITION for a value that is missing (chosen).
fn status(code: i32, message: &str) -> Value {
    json!({ "code": code, "message": message })
}

const INVALID_ARGUMENT: i32 = 3;
const FAILED_PRECONDITION: i32 = 9;

/// `ConditionExplanation`.
fn condition(explained: &ConditionExplanation) -> Value {
    let evaluation = match &explained.evaluation {
        Ok(evaluation) => evaluation,
        Err(why) => {
            return json!({ "value": null, "errors": [status(INVALID_ARGUMENT, why)] });
        }
    };
    let mut out = Map::new();
    let (value, errors) = match &evaluation.outcome {
        ConditionOutcome::True => (Value::from(true), Vec::new()),
        ConditionOutcome::False => (Value::from(false), Vec::new()),
        ConditionOutcome::Error(why) => (Value::Null, vec![status(INVALID_ARGUMENT, why)]),
        ConditionOutcome::Unknown(_) => (
            Value::Null,
            evaluation
                .missing
                .iter()
                .map(|m| {
                    status(
                        FAILED_PRECONDITION,
                        &format!("{} is not known: {}", m.name, m.why),
                    )
                })
                .collect(),
        ),
    };
    out.insert("value".into(), value);
    if !errors.is_empty() {
        out.insert("errors".into(), errors.into());
    }
    let states: Vec<Value> = evaluation
        .states
        .iter()
        .map(|state| {
            let mut one = json!({ "start": state.start, "end": state.end, "value": state.value });
            if !state.errors.is_empty() {
                one["errors"] = state
                    .errors
                    .iter()
                    .map(|why| status(INVALID_ARGUMENT, why))
                    .collect();
            }
            one
        })
        .collect();
    if !states.is_empty() {
        out.insert("evaluationStates".into(), states.into());
    }
    Value::Object(out)
}

/// A policy as Google writes it; what cannot be written is null (nothing of ours cannot).
fn raw(policy: &impl serde::Serialize) -> Value {
    serde_json::to_value(policy).unwrap_or(Value::Null)
}
