//! `PABPolicyExplanation`.

use serde_json::{Map, Value, json};

use super::super::boundary::{effective_version, lies_in};
use super::super::explanation::{BoundaryExplanation, Explanation, Tri};
use super::{condition, raw, relevance};
use crate::estate::{Estate, Read};
use crate::iam::{BoundaryRule, Effect, Resource};

const ALLOWED: &str = "PAB_ACCESS_STATE_ALLOWED";
const NOT_ALLOWED: &str = "PAB_ACCESS_STATE_NOT_ALLOWED";
const NOT_ENFORCED: &str = "PAB_ACCESS_STATE_NOT_ENFORCED";
const UNKNOWN: &str = "PAB_ACCESS_STATE_UNKNOWN_INFO";

pub(super) fn explanation(estate: &Estate, explanation: &Explanation) -> Value {
    let all = &explanation.boundaries;
    let counts = |b: &BoundaryExplanation| b.applies.and(b.reaches_permission) != Tri::No;
    let state = match all.eligible {
        Tri::No => NOT_ALLOWED,
        Tri::Yes if all.boundaries.iter().any(counts) => ALLOWED,
        Tri::Yes => NOT_ENFORCED,
        Tri::UnknownInfo | Tri::UnknownConditional => UNKNOWN,
    };
    let each: Vec<Value> = all
        .boundaries
        .iter()
        .map(|b| bound(estate, &explanation.question.target, b))
        .collect();
    json!({
        "principalAccessBoundaryAccessState": state,
        "explainedBindingsAndPolicies": each,
        "relevance": relevance(all.eligible != Tri::Yes),
    })
}

fn bound(estate: &Estate, target: &Resource, explained: &BoundaryExplanation) -> Value {
    let state = state(explained);
    let high = relevance(state != NOT_ENFORCED);
    let binding = estate.policy_bindings().find_map(|(_, list)| match list {
        Read::Known(list) => list.iter().find(|b| b.name == explained.binding).cloned(),
        Read::Unreadable(_) => None,
    });
    let mut of_binding = Map::new();
    if let Some(binding) = binding {
        of_binding.insert("policyBinding".into(), raw(&*binding));
    }
    of_binding.insert(
        "policyBindingState".into(),
        match explained.applies {
            Tri::Yes => "POLICY_BINDING_STATE_ENFORCED",
            Tri::No => "POLICY_BINDING_STATE_NOT_ENFORCED",
            Tri::UnknownInfo | Tri::UnknownConditional => "POLICY_BINDING_STATE_UNSPECIFIED",
        }
        .into(),
    );
    if let Some(explained) = &explained.condition {
        of_binding.insert("conditionExplanation".into(), condition(explained));
    }
    of_binding.insert("relevance".into(), high.into());
    let mut out = json!({
        "bindingAndPolicyAccessState": state,
        "explainedPolicyBinding": of_binding,
        "relevance": high,
    });
    if let Some(policy) = &explained.policy {
        let rules: Vec<Value> = policy
            .details
            .rules
            .iter()
            .zip(&explained.rules)
            .map(|(r, applies)| rule(estate, target, r, *applies))
            .collect();
        let mut version = json!({
            "enforcementState": match explained.reaches_permission {
                Tri::Yes => "PAB_POLICY_ENFORCEMENT_STATE_ENFORCED",
                Tri::No => "PAB_POLICY_ENFORCEMENT_STATE_NOT_ENFORCED",
                Tri::UnknownInfo | Tri::UnknownConditional => {
                    "PAB_POLICY_ENFORCEMENT_STATE_UNSPECIFIED"
                }
            },
        });
        if let Some(number) = effective_version(policy.details.enforcement_version.as_deref()) {
            version["version"] = number.into();
        }
        out["explainedPolicy"] = json!({
            "explainedRules": rules,
            "policy": raw(&**policy),
            "policyAccessState": policy_state(explained),
            "policyVersion": version,
            "relevance": high,
        });
    }
    out
}

/// What the policy alone comes to, were it bound.
fn policy_state(explained: &BoundaryExplanation) -> &'static str {
    let Some(policy) = &explained.policy else {
        return UNKNOWN;
    };
    if explained.reaches_permission == Tri::No || policy.details.rules.is_empty() {
        return NOT_ENFORCED;
    }
    let any = |effect: &Effect| {
        policy
            .details
            .rules
            .iter()
            .zip(&explained.rules)
            .filter(|(r, _)| r.effect == *effect)
            .fold(Tri::No, |sum, (_, t)| sum.or(*t))
    };
    let has_allow = policy
        .details
        .rules
        .iter()
        .any(|r| r.effect != Effect::Deny);
    match (any(&Effect::Deny), any(&Effect::Allow)) {
        (Tri::Yes, _) => NOT_ALLOWED,
        _ if explained.reaches_permission != Tri::Yes || !has_allow => UNKNOWN,
        (Tri::No, Tri::Yes) => ALLOWED,
        (_, Tri::No) => NOT_ALLOWED,
        _ => UNKNOWN,
    }
}

fn state(explained: &BoundaryExplanation) -> &'static str {
    match explained.applies {
        Tri::No => NOT_ENFORCED,
        Tri::Yes => policy_state(explained),
        Tri::UnknownInfo | Tri::UnknownConditional => {
            if policy_state(explained) == NOT_ENFORCED {
                NOT_ENFORCED
            } else {
                UNKNOWN
            }
        }
    }
}

fn rule(estate: &Estate, target: &Resource, rule: &BoundaryRule, applies: Tri) -> Value {
    let effect = match rule.effect {
        Effect::Allow => "ALLOW",
        Effect::Deny => "DENY",
        Effect::Other(_) => "EFFECT_UNSPECIFIED",
    };
    let state = match (applies, &rule.effect) {
        (Tri::Yes, Effect::Allow) | (Tri::No, Effect::Deny) => ALLOWED,
        (Tri::Yes, Effect::Deny) | (Tri::No, Effect::Allow) => NOT_ALLOWED,
        _ => UNKNOWN,
    };
    let inclusion = |t: Tri| match t {
        Tri::Yes => "RESOURCE_INCLUSION_STATE_INCLUDED",
        Tri::No => "RESOURCE_INCLUSION_STATE_NOT_INCLUDED",
        Tri::UnknownInfo | Tri::UnknownConditional => "RESOURCE_INCLUSION_STATE_UNKNOWN_INFO",
    };
    let resources: Vec<Value> = rule
        .resources
        .iter()
        .map(|name| {
            let inside = lies_in(estate, target, name);
            json!({
                "resource": name,
                "resourceInclusionState": inclusion(inside),
                "relevance": relevance(inside != Tri::No),
            })
        })
        .collect();
    let any = |names: &[String]| {
        names
            .iter()
            .fold(Tri::No, |sum, name| sum.or(lies_in(estate, target, name)))
    };
    let inside = any(&rule.resources).and(any(&rule.excluded_resources).negate());
    json!({
        "effect": effect,
        "ruleAccessState": state,
        "combinedResourceInclusionState": inclusion(inside),
        "combinedResourceRelevance": relevance(inside != Tri::No),
        "explainedResources": resources,
        "relevance": relevance(applies != Tri::No),
    })
}
