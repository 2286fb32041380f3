//! Allow policies: which binding grants (docs/semantics.md, "Where policies count", "Roles").

use std::sync::Arc;

use super::conditions::{self, Site};
use super::explanation::{BindingExplanation, MemberExplanation, PolicyExplanation, RoleState};
use super::judge::Judge;
use super::membership;
use super::role;
use super::truth::Truth;
use crate::estate::Read;
use crate::iam::{Binding, PolicyMember, Resource};

/// Up to this many members of a binding are listed although they do not match.
const FEW: usize = 25;

/// One level's allow policy with each binding and member.
pub(crate) fn explain(judge: &Judge<'_>, resource: &Resource, on_path: bool) -> PolicyExplanation {
    let (bindings, mut unreadable) = match judge.estate.allow_policy(resource) {
        Read::Known(Some(policy)) => (
            policy
                .bindings
                .iter()
                .enumerate()
                .map(|(index, b)| binding(judge, index, b))
                .collect(),
            policy.gap().map(Arc::from),
        ),
        Read::Known(None) => (Vec::new(), None),
        Read::Unreadable(why) => (Vec::new(), Some(why)),
    };
    let start = if unreadable.is_some() {
        Truth::UnknownInfo
    } else {
        Truth::No
    };
    let grants = bindings
        .iter()
        .fold(start, |sum, b: &BindingExplanation| sum.or(b.grants));
    // What a part of it grants the rest does not take away.
    if grants == Truth::Yes {
        unreadable = None;
    }
    PolicyExplanation {
        resource: resource.clone(),
        on_path,
        unreadable,
        bindings,
        grants,
        decides: false,
    }
}

fn binding(judge: &Judge<'_>, index: usize, binding: &Binding) -> BindingExplanation {
    let role_state = role::state(judge, &binding.role);
    let few = binding.members.len() <= FEW;
    let mut matches = Truth::No;
    let mut kept = Vec::new();
    for member in &binding.members {
        let one = explain_member(judge, member);
        matches = matches.or(one.matches);
        if few || one.matches != Truth::No || !one.why.is_empty() {
            kept.push(one);
        }
    }
    // A condition is looked at where it can matter, or the explanation can tell something with it.
    let condition = binding
        .condition
        .as_ref()
        .filter(|_| role_state != RoleState::NotIncluded || matches != Truth::No)
        .map(|c| conditions::explain(judge, c, Site::Allow));
    let grants = role::grants(role_state)
        .and(matches)
        .and(condition.as_ref().map_or(Truth::Yes, |c| c.holds));
    BindingExplanation {
        index,
        role: Arc::clone(&binding.role),
        role_state,
        members: kept,
        member_count: binding.members.len(),
        matches,
        condition,
        grants,
    }
}

/// One member with the answer for it.
pub(crate) fn explain_member(judge: &Judge<'_>, member: &Arc<PolicyMember>) -> MemberExplanation {
    let answer = membership::member(judge, &member.member);
    MemberExplanation {
        member: Arc::clone(member),
        matches: answer.matches,
        why: answer.why,
        path: answer.path,
    }
}

/// The answer of one level alone, with every short cut.
pub(crate) fn decide(judge: &Judge<'_>, resource: &Resource) -> Truth {
    let policy = match judge.estate.allow_policy(resource) {
        Read::Known(Some(policy)) => policy,
        Read::Known(None) => return Truth::No,
        Read::Unreadable(_) => return Truth::UnknownInfo,
    };
    let mut sum = match policy.gap() {
        Some(_) => Truth::UnknownInfo,
        None => Truth::No,
    };
    for binding in &policy.bindings {
        let mut one = role::grants(role::state(judge, &binding.role));
        if one == Truth::No {
            continue;
        }
        let matches = binding.members.iter().fold(Truth::No, |sum, m| {
            if sum == Truth::Yes {
                sum
            } else {
                sum.or(membership::member(judge, &m.member).matches)
            }
        });
        one = one.and(matches);
        if one != Truth::No
            && let Some(condition) = &binding.condition
        {
            one = one.and(conditions::decide(judge, condition, Site::Allow));
        }
        sum = sum.or(one);
        if sum == Truth::Yes {
            return sum;
        }
    }
    sum
}
