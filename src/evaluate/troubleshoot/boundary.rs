//! `PABPolicyExplanation`.

use serde_json::{Map, Value, json};

use super::super::boundary::{effective_version, lies_in};
use super::super::explanation::{BoundaryExplanation, Explanation};
use super::super::truth::Truth;
use super::{condition, raw, relevance};
use crate::estate::{Estate, Read};
use crate::iam::{BoundaryRule, Resource, RuleEffect};

const ALLOWED: &str = "PAB_ACCESS_STATE_ALLOWED";
const NOT_ALLOWED: &str = "PAB_ACCESS_STATE_NOT_ALLOWED";
const NOT_ENFORCED: &str = "PAB_ACCESS_STATE_NOT_ENFORCED";
const UNKNOWN: &str = "PAB_ACCESS_STATE_UNKNOWN_INFO";

pub(super) fn explanation(estate: &Estate, explanation: &Explanation) -> Value {
    let all = &explanation.boundaries;
    let counts = |b: &BoundaryExplanation| b.applies.and(b.reaches_permission) != Truth::No;
    let state = match all.eligible {
        Truth::No => NOT_ALLOWED,
        Truth::Yes if all.boundaries.iter().any(counts) => ALLOWED,
        Truth::Yes => NOT_ENFORCED,
        Truth::UnknownInfo | Truth::UnknownConditional => UNKNOWN,
    };
    let each: Vec<Value> = all
        .boundaries
        .iter()
        .map(|b| bound(estate, &explanation.question.target, b))
        .collect();
    json!({
        "principalAccessBoundaryAccessState": state,
        "explainedBindingsAndPolicies": each,
        "relevance": relevance(all.eligible != Truth::Yes),
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
            Truth::Yes => "POLICY_BINDING_STATE_ENFORCED",
            Truth::No => "POLICY_BINDING_STATE_NOT_ENFORCED",
            Truth::UnknownInfo | Truth::UnknownConditional => "POLICY_BINDING_STATE_UNSPECIFIED",
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
                Truth::Yes => "PAB_POLICY_ENFORCEMENT_STATE_ENFORCED",
                Truth::No => "PAB_POLICY_ENFORCEMENT_STATE_NOT_ENFORCED",
                Truth::UnknownInfo | Truth::UnknownConditional => {
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
    if explained.reaches_permission == Truth::No || policy.details.rules.is_empty() {
        return NOT_ENFORCED;
    }
    let any = |effect: &RuleEffect| {
        policy
            .details
            .rules
            .iter()
            .zip(&explained.rules)
            .filter(|(r, _)| r.effect == *effect)
            .fold(Truth::No, |sum, (_, t)| sum.or(*t))
    };
    let has_allow = policy
        .details
        .rules
        .iter()
        .any(|r| r.effect != RuleEffect::Deny);
    match (any(&RuleEffect::Deny), any(&RuleEffect::Allow)) {
        (Truth::Yes, _) => NOT_ALLOWED,
        _ if explained.reaches_permission != Truth::Yes || !has_allow => UNKNOWN,
        (Truth::No, Truth::Yes) => ALLOWED,
        (_, Truth::No) => NOT_ALLOWED,
        _ => UNKNOWN,
    }
}

fn state(explained: &BoundaryExplanation) -> &'static str {
    match explained.applies {
        Truth::No => NOT_ENFORCED,
        Truth::Yes => policy_state(explained),
        Truth::UnknownInfo | Truth::UnknownConditional => {
            if policy_state(explained) == NOT_ENFORCED {
                NOT_ENFORCED
            } else {
                UNKNOWN
            }
        }
    }
}

fn rule(estate: &Estate, target: &Resource, rule: &BoundaryRule, applies: Truth) -> Value {
    let effect = match rule.effect {
        RuleEffect::Allow => "ALLOW",
        RuleEffect::Deny => "DENY",
        RuleEffect::Other(_) => "EFFECT_UNSPECIFIED",
    };
    let state = match (applies, &rule.effect) {
        (Truth::Yes, RuleEffect::Allow) | (Truth::No, RuleEffect::Deny) => ALLOWED,
        (Truth::Yes, RuleEffect::Deny) | (Truth::No, RuleEffect::Allow) => NOT_ALLOWED,
        _ => UNKNOWN,
    };
    let inclusion = |t: Truth| match t {
        Truth::Yes => "RESOURCE_INCLUSION_STATE_INCLUDED",
        Truth::No => "RESOURCE_INCLUSION_STATE_NOT_INCLUDED",
        Truth::UnknownInfo | Truth::UnknownConditional => "RESOURCE_INCLUSION_STATE_UNKNOWN_INFO",
    };
    let resources: Vec<Value> = rule
        .resources
        .iter()
        .map(|name| {
            let inside = lies_in(estate, target, name);
            json!({
                "resource": name,
                "resourceInclusionState": inclusion(inside),
                "relevance": relevance(inside != Truth::No),
            })
        })
        .collect();
    let any = |names: &[String]| {
        names
            .iter()
            .fold(Truth::No, |sum, name| sum.or(lies_in(estate, target, name)))
    };
    let inside = any(&rule.resources).and(any(&rule.excluded_resources).negate());
    json!({
        "effect": effect,
        "ruleAccessState": state,
        "combinedResourceInclusionState": inclusion(inside),
        "combinedResourceRelevance": relevance(inside != Truth::No),
        "explainedResources": resources,
        "relevance": relevance(applies != Truth::No),
    })
}
