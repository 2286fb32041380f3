//! What rules that refuse say of a question, in few words: of deny policies, of principal access boundaries, and
//! organization policies where an answer or its mending hangs on them.

use super::states::LevelState;
use crate::estate::Estate;
use crate::evaluate::explanation::{DenyRuleExplanation, MemberExplanation};
use crate::evaluate::org_policy::lifetime_extended;
use crate::evaluate::{Explanation, Truth};
use crate::iam::org_policy::LIFETIME_EXTENSION;
use crate::iam::{BoundaryRule, Resource, RuleEffect};
use crate::repair::{Plan, refusing_guards};

/// What a deny rule does for the question, and why not where it does nothing.
#[must_use]
pub fn deny_rule_says(rule: &DenyRuleExplanation) -> (LevelState, &'static str) {
    let sum = |members: &[MemberExplanation]| {
        let each = members.iter().map(|m| m.matches);
        each.fold(Truth::No, Truth::or)
    };
    let holds = rule.condition.as_ref().map_or(Truth::Yes, |c| c.holds);
    match rule.denies {
        Truth::Yes => (LevelState::Denies, "denies this"),
        Truth::UnknownInfo | Truth::UnknownConditional => (LevelState::Depends, "may deny this"),
        Truth::No => (
            LevelState::Nothing,
            if rule.unsupported {
                "names this, which no deny rule can deny"
            } else if rule.permission == Truth::No {
                "denies other permissions"
            } else if sum(&rule.denied) == Truth::No {
                "denies others"
            } else if sum(&rule.exceptions) == Truth::Yes {
                "excepts the caller"
            } else if holds == Truth::No {
                "condition not met"
            } else {
                "does not concern this"
            },
        ),
    }
}

/// What a rule of a boundary does for the question, where it is known whether it is about target and permission.
#[must_use]
pub fn boundary_rule_says(effect: &RuleEffect, applies: Truth) -> (LevelState, &'static str) {
    match (effect, applies) {
        (RuleEffect::Allow, Truth::Yes) => (LevelState::Grants, "covers this"),
        (RuleEffect::Allow, Truth::No) => (LevelState::Nothing, "does not cover this"),
        (RuleEffect::Allow, _) => (LevelState::Depends, "may cover this"),
        (RuleEffect::Deny, Truth::Yes) => (LevelState::OutsideBoundary, "shuts this out"),
        (RuleEffect::Deny, Truth::No) => (LevelState::Nothing, "does not concern this"),
        (RuleEffect::Deny, _) => (LevelState::Depends, "may shut this out"),
        (RuleEffect::Other(_), Truth::No) => (LevelState::Nothing, "does not concern this"),
        (RuleEffect::Other(_), _) => (LevelState::Depends, "an effect that is not known here"),
    }
}

/// A rule of a boundary: `ALLOW folder data and 2 more, but for bq-reader@data-vault`.
#[must_use]
pub fn boundary_rule_words(estate: &Estate, rule: &BoundaryRule) -> String {
    let effect = match &rule.effect {
        RuleEffect::Allow => "ALLOW",
        RuleEffect::Deny => "DENY",
        RuleEffect::Other(other) => other,
    };
    let named = |text: &str| match Resource::parse(text) {
        Ok(at) => {
            let at = estate.resolve(&at).exists().unwrap_or(at);
            format!("{} {}", at.kind().word(), estate.label(&at))
        }
        Err(_) => text.to_owned(),
    };
    let listed = |all: &[String]| match all {
        [] => "nothing".to_owned(),
        [one] => named(one),
        [one, two] => format!("{} and {}", named(one), named(two)),
        [one, rest @ ..] => format!("{} and {} more", named(one), rest.len()),
    };
    let mut words = format!("{effect} {}", listed(&rule.resources));
    if !rule.excluded_resources.is_empty() {
        words += &format!(", but for {}", listed(&rule.excluded_resources));
    }
    if let Some(operation) = &rule.operation {
        let some = match operation.permissions.as_slice() {
            [one] => one.clone(),
            all => format!("{} kinds of permission", all.len()),
        };
        words += &format!(", for {some}");
        if !operation.excluded_permissions.is_empty() {
            words += ", with exceptions";
        }
    }
    words
}

/// An organization policy that an answer or its mending hangs on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecidingOrgPolicy {
    /// Where it is set.
    pub on: Resource,
    /// The constraint's name.
    pub constraint: &'static str,
    /// What it does for the question.
    pub state: LevelState,
    /// The same in words.
    pub words: String,
}

/// The organization policies that decide, where it is known where they are set: on how long a token may live, where
/// that is asked; on whom the grant that is missing may name.
#[must_use]
pub fn deciding_org_policies(
    estate: &Estate,
    explanation: &Explanation,
    plan: &Plan,
) -> Vec<DecidingOrgPolicy> {
    let mut all = Vec::new();
    if let Some(extended) = explanation.extended {
        let (_, set_on) = lifetime_extended(estate, &explanation.question.target);
        let (state, words) = match extended {
            Truth::Yes => (LevelState::Grants, "lets its tokens live for 12 hours"),
            Truth::No => (LevelState::Misses, "does not name the target"),
            _ => (LevelState::Depends, "may name the target"),
        };
        all.extend(set_on.into_iter().flatten().map(|on| DecidingOrgPolicy {
            on,
            constraint: LIFETIME_EXTENSION,
            state,
            words: words.to_owned(),
        }));
    }
    let refused = plan.refused.iter().flat_map(|way| way.bindings());
    for guard in refused.flat_map(|repair| refusing_guards(estate, repair)) {
        for on in guard.set_on {
            let known = all
                .iter()
                .any(|one| one.on == on && one.constraint == guard.constraint);
            if !known {
                all.push(DecidingOrgPolicy {
                    on,
                    constraint: guard.constraint,
                    state: LevelState::Denies,
                    words: "refuses the grant".to_owned(),
                });
            }
        }
    }
    all
}
