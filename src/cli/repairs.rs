//! The repairs of an answer, planned on the target's policy exactly as it stands.

use serde_json::{Value, json};

use super::facts::Facts;
use super::failure::Failure;
use crate::estate::{Estate, Existence};
use crate::evaluate::{Cause, Explanation, Outcome};
use crate::google::wire::read_policy;
use crate::repair::{Plan, PlanOptions, Remedy, Repair, remedies};

/// Plans, with the target's policy read as it is: the estate's own knows the fields that it knows
/// in its own order, a person is to see what will be written.
///
/// # Errors
/// When signed out, or when there is no connection. A policy that may not be read is planned
/// without.
pub async fn planned(
    facts: &Facts,
    estate: &Estate,
    explanation: &Explanation,
    causes: &[Cause],
    options: PlanOptions,
) -> Result<Plan, Failure> {
    if explanation.outcome == Outcome::WouldSucceed {
        return Ok(Plan::default());
    }
    // In a chain it is not the target's policy alone that may have to change.
    let target = match estate.resolve(&explanation.question.target) {
        Existence::Exists(target) if explanation.hops.is_empty() => Some(target),
        _ => None,
    };
    let policy = match target {
        Some(target) => match read_policy(&*facts.client()?.reader(), &target).await {
            Ok(policy) => Some(policy),
            Err(error) if error.is_fatal() => return Err(error.into()),
            Err(_) => None,
        },
        None => None,
    };
    let options = PlanOptions { policy, ..options };
    Ok(remedies(estate, explanation, causes, &options))
}

/// The repairs of a plan: the ways that are one binding.
pub fn singles(plan: &Plan) -> impl Iterator<Item = &Repair> {
    plan.remedies.iter().filter_map(Remedy::single)
}

/// A repair as the contract writes it.
pub fn as_json(repair: &Repair) -> Value {
    json!({
        "id": repair.id,
        "resource": repair.resource.full_name(),
        "role": repair.role,
        "member": repair.member,
        "condition": repair.condition,
        "recommended": repair.recommended,
        "before": repair.before,
        "after": repair.after,
    })
}
