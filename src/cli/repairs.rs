//! The repairs of an answer, planned on the target's policy exactly as it stands.

use serde_json::{Value, json};

use super::facts::Facts;
use super::failure::Failure;
use crate::estate::Estate;
use crate::evaluate::{Cause, Explanation, Outcome};
use crate::repair::{Plan, PlanOptions, Remedy, Repair, prepare};

/// Plans, with the target's policy read as it is: the estate's own knows the fields that it knows
/// in its own order, a person is to see what will be written.
///
/// # Errors
/// When signed out, or when there is no connection. A policy that may not be read is planned
/// without.
pub async fn planned(
    facts: &Facts,
    estate: &mut Estate,
    explanation: &Explanation,
    causes: &[Cause],
    options: PlanOptions,
) -> Result<Plan, Failure> {
    if explanation.outcome == Outcome::WouldSucceed {
        return Ok(Plan::default());
    }
    let reader = facts.client()?.reader();
    Ok(prepare(&*reader, estate, explanation, causes, options).await?)
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

/// What would have to change that is not offered.
pub fn elsewhere(plan: &Plan) -> Value {
    let each = plan
        .elsewhere
        .iter()
        .map(|e| json!({ "what": e.what, "place": e.place, "who": e.who, "command": e.command }));
    each.collect()
}
