//! `AllowPolicyExplanation`.

use serde_json::{Map, Value, json};

use super::super::explanation::{BindingExplanation, Explanation, PolicyExplanation, RoleState};
use super::super::truth::Truth;
use super::{condition, expr, membership, raw, relevance};
use crate::estate::Estate;

pub(super) fn explanation(estate: &Estate, explanation: &Explanation) -> Value {
    let policies: Vec<Value> = explanation
        .allow
        .iter()
        .map(|p| policy(estate, p))
        .collect();
    json!({
        "allowAccessState": state(explanation.allowed),
        "explainedPolicies": policies,
        "relevance": relevance(explanation.denied != Truth::Yes
            && explanation.boundaries.eligible != Truth::No),
    })
}

fn state(grants: Truth) -> &'static str {
    match grants {
        Truth::Yes => "ALLOW_ACCESS_STATE_GRANTED",
        Truth::No => "ALLOW_ACCESS_STATE_NOT_GRANTED",
        Truth::UnknownInfo => "ALLOW_ACCESS_STATE_UNKNOWN_INFO",
        Truth::UnknownConditional => "ALLOW_ACCESS_STATE_UNKNOWN_CONDITIONAL",
    }
}

fn policy(estate: &Estate, explained: &PolicyExplanation) -> Value {
    let mut out = Map::new();
    out.insert("allowAccessState".into(), state(explained.grants).into());
    if explained.unreadable.is_some() && explained.bindings.is_empty() {
        // Google leaves name, policy and bindings out of what the asker may not read.
        out.insert("relevance".into(), relevance(explained.decides).into());
        return Value::Object(out);
    }
    out.insert(
        "fullResourceName".into(),
        explained.resource.full_name().into(),
    );
    let policy = estate.allow_policy(&explained.resource).known().flatten();
    let bindings: Vec<Value> = explained
        .bindings
        .iter()
        .map(|b| {
            let members = policy
                .and_then(|p| p.bindings.get(b.index))
                .map_or(&[][..], |b| &b.members);
            binding(b, members.iter().map(|m| &*m.text))
        })
        .collect();
    out.insert("bindingExplanations".into(), bindings.into());
    out.insert(
        "relevance".into(),
        relevance(explained.grants != Truth::No).into(),
    );
    out.insert(
        "policy".into(),
        policy.map_or_else(|| json!({}), |p| raw(&**p)),
    );
    Value::Object(out)
}

fn binding<'a>(explained: &BindingExplanation, members: impl Iterator<Item = &'a str>) -> Value {
    let included = match explained.role_state {
        RoleState::Included => "ROLE_PERMISSION_INCLUDED",
        RoleState::NotIncluded | RoleState::Disabled | RoleState::Deleted => {
            "ROLE_PERMISSION_NOT_INCLUDED"
        }
        RoleState::Unreadable | RoleState::Unknown => "ROLE_PERMISSION_UNKNOWN_INFO",
    };
    let matters = explained.role_state == RoleState::Included || explained.grants != Truth::No;
    let annotated = |matches: Truth| {
        json!({
            "membership": membership(matches),
            "relevance": relevance(matters && matches != Truth::No),
        })
    };
    let mut memberships: Map<String, Value> = members
        .map(|text| (text.to_owned(), annotated(Truth::No)))
        .collect();
    for member in &explained.members {
        memberships.insert(member.member.text.to_string(), annotated(member.matches));
    }
    let mut out = Map::new();
    out.insert("allowAccessState".into(), state(explained.grants).into());
    out.insert("role".into(), explained.role.to_string().into());
    out.insert("rolePermission".into(), included.into());
    out.insert("rolePermissionRelevance".into(), relevance(matters).into());
    out.insert("combinedMembership".into(), annotated(explained.matches));
    out.insert("memberships".into(), memberships.into());
    out.insert(
        "relevance".into(),
        relevance(matters && explained.matches != Truth::No).into(),
    );
    if let Some(explained) = &explained.condition {
        out.insert("condition".into(), expr(&explained.condition));
        out.insert("conditionExplanation".into(), condition(explained));
    }
    Value::Object(out)
}
