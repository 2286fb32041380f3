//! The repairs of an answer, as JSON.

use serde_json::{Value, json};

use crate::repair::{Plan, Remedy, Repair};

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
