//! `DenyPolicyExplanation`.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::super::explanation::{
    DenyExplanation, DenyPolicyExplanation, DenyRuleExplanation, Explanation, MemberExplanation,
};
use super::super::truth::Truth;
use super::{condition, expr, membership, raw, relevance};
use crate::iam::{DenyRule, Permission, PolicyMember};

pub(super) fn explanation(explanation: &Explanation) -> Value {
    let permission = &explanation.question.permission;
    let resources: Vec<Value> = explanation
        .deny
        .iter()
        .map(|level| resource(permission, level))
        .collect();
    json!({
        "denyAccessState": state(explanation.denied),
        "explainedResources": resources,
        "permissionDeniable": permission.is_deniable(),
        "relevance": relevance(explanation.denied != Truth::No),
    })
}

fn state(denies: Truth) -> &'static str {
    match denies {
        Truth::Yes => "DENY_ACCESS_STATE_DENIED",
        Truth::No => "DENY_ACCESS_STATE_NOT_DENIED",
        Truth::UnknownInfo => "DENY_ACCESS_STATE_UNKNOWN_INFO",
        Truth::UnknownConditional => "DENY_ACCESS_STATE_UNKNOWN_CONDITIONAL",
    }
}

fn resource(permission: &Permission, level: &DenyExplanation) -> Value {
    let policies: Vec<Value> = level
        .policies
        .iter()
        .map(|p| policy(permission, p))
        .collect();
    json!({
        "denyAccessState": state(level.denies),
        "fullResourceName": level.resource.full_name(),
        "explainedPolicies": policies,
        "relevance": relevance(level.denies != Truth::No),
    })
}

fn policy(permission: &Permission, explained: &DenyPolicyExplanation) -> Value {
    let rules: Vec<Value> = explained
        .rules
        .iter()
        .map(|r| {
            let deny = explained
                .policy
                .rules
                .get(r.index)
                .and_then(|rule| rule.deny_rule.as_ref());
            rule(permission, r, deny)
        })
        .collect();
    json!({
        "denyAccessState": state(explained.denies),
        "policy": raw(&*explained.policy),
        "ruleExplanations": rules,
        "relevance": relevance(explained.denies != Truth::No),
    })
}

fn rule(
    permission: &Permission,
    explained: &DenyRuleExplanation,
    deny: Option<&DenyRule>,
) -> Value {
    let mut out = Map::new();
    out.insert("denyAccessState".into(), state(explained.denies).into());
    out.insert(
        "relevance".into(),
        relevance(explained.denies != Truth::No).into(),
    );
    let Some(deny) = deny else {
        return Value::Object(out);
    };
    let high = explained.permission != Truth::No;
    for (combined, each, list) in [
        (
            "combinedDeniedPermission",
            "deniedPermissions",
            &deny.denied_permissions,
        ),
        (
            "combinedExceptionPermission",
            "exceptionPermissions",
            &deny.exception_permissions,
        ),
    ] {
        let annotated = |matched: bool| {
            json!({
                "permissionMatchingState": if matched {
                    "PERMISSION_PATTERN_MATCHED"
                } else {
                    "PERMISSION_PATTERN_NOT_MATCHED"
                },
                "relevance": relevance(matched),
            })
        };
        let matched = |p: &String| p != "*" && permission.matches(p);
        out.insert(combined.into(), annotated(list.iter().any(matched)));
        if !list.is_empty() {
            let map: Map<String, Value> = list
                .iter()
                .map(|p| (p.clone(), annotated(matched(p))))
                .collect();
            out.insert(each.into(), map.into());
        }
    }
    for (combined, each, list, found) in [
        (
            "combinedDeniedPrincipal",
            "deniedPrincipals",
            &deny.denied_principals,
            &explained.denied,
        ),
        (
            "combinedExceptionPrincipal",
            "exceptionPrincipals",
            &deny.exception_principals,
            &explained.exceptions,
        ),
    ] {
        principals(&mut out, [combined, each], list, found, high);
    }
    if let Some(explained) = &explained.condition {
        out.insert("condition".into(), expr(&explained.condition));
        out.insert("conditionExplanation".into(), condition(explained));
    } else if let Some(condition) = &deny.denial_condition {
        out.insert("condition".into(), expr(condition));
    }
    Value::Object(out)
}

fn principals(
    out: &mut Map<String, Value>,
    [combined, each]: [&str; 2],
    list: &[Arc<PolicyMember>],
    found: &[MemberExplanation],
    high: bool,
) {
    let annotated = |matches: Truth| {
        json!({
            "membership": membership(matches),
            "relevance": relevance(high && matches != Truth::No),
        })
    };
    let all = found.iter().fold(Truth::No, |sum, m| sum.or(m.matches));
    out.insert(combined.into(), annotated(all));
    if list.is_empty() {
        return;
    }
    let map: Map<String, Value> = list
        .iter()
        .map(|member| {
            let matches = found
                .iter()
                .find(|f| f.member.text == member.text)
                .map_or(Truth::No, |f| f.matches);
            (member.text.to_string(), annotated(matches))
        })
        .collect();
    out.insert(each.into(), map.into());
}
