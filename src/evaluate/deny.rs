//! Deny policies (docs/semantics.md, "Members of deny policies and their kin"; discovery document iam v2,
//! `GoogleIamV2DenyRule`).

use std::sync::Arc;

use super::allow::explain_member;
use super::conditions::{self, Site};
use super::explanation::{
    DenyExplanation, DenyPolicyExplanation, DenyRuleExplanation, MemberExplanation,
};
use super::judge::Judge;
use super::membership;
use super::truth::Truth;
use crate::estate::Read;
use crate::iam::deny::PolicyRule;
use crate::iam::{
    DenyPolicy, DenyRule, Permission, PolicyMember, Resource, ResourceKind, deniable,
};

/// The deny policies of one level; `None` for a service account, which has none.
pub(crate) fn explain(judge: &Judge<'_>, resource: &Resource) -> Option<DenyExplanation> {
    if resource.kind() == ResourceKind::ServiceAccount {
        return None;
    }
    let (policies, unreadable) = match judge.estate.deny_policies(resource) {
        Read::Known(policies) => (policies.iter().map(|p| policy(judge, p)).collect(), None),
        Read::Unreadable(why) => (Vec::new(), Some(why)),
    };
    let start = if unreadable.is_some() {
        Truth::UnknownInfo
    } else {
        Truth::No
    };
    let denies = policies
        .iter()
        .fold(start, |sum, p: &DenyPolicyExplanation| sum.or(p.denies));
    Some(DenyExplanation {
        resource: resource.clone(),
        unreadable,
        policies,
        denies,
    })
}

fn policy(judge: &Judge<'_>, policy: &Arc<DenyPolicy>) -> DenyPolicyExplanation {
    let rules: Vec<_> = policy
        .rules
        .iter()
        .enumerate()
        .map(|(index, r)| rule(judge, index, r))
        .collect();
    let denies = rules.iter().fold(Truth::No, |sum, r| sum.or(r.denies));
    DenyPolicyExplanation {
        policy: Arc::clone(policy),
        rules,
        denies,
    }
}

fn rule(judge: &Judge<'_>, index: usize, rule: &PolicyRule) -> DenyRuleExplanation {
    let Some(deny) = &rule.deny_rule else {
        return DenyRuleExplanation {
            index,
            permission: strange(rule),
            unsupported: false,
            as_written: None,
            denied: Vec::new(),
            exceptions: Vec::new(),
            condition: None,
            denies: strange(rule),
        };
    };
    let permission = permission(&judge.permission, deny);
    let unsupported = permission == Truth::No && names(&judge.permission, deny);
    let (denied, in_denied) = members(judge, &deny.denied_principals);
    let (exceptions, in_exceptions) = members(judge, &deny.exception_principals);
    let condition = deny
        .denial_condition
        .as_ref()
        .filter(|c| permission != Truth::No && !c.expression.trim().is_empty())
        .map(|c| conditions::explain(judge, c, Site::Deny));
    let denies = permission
        .and(in_denied)
        .and(in_exceptions.negate())
        .and(condition.as_ref().map_or(Truth::Yes, |c| c.holds));
    DenyRuleExplanation {
        index,
        permission,
        unsupported,
        as_written: as_written(&judge.permission, deny).filter(|_| permission == Truth::Yes),
        denied,
        exceptions,
        condition,
        denies,
    }
}

/// A kind of rule that is not known here may deny.
pub(crate) fn strange(rule: &PolicyRule) -> Truth {
    if rule.extra.is_empty() {
        Truth::No
    } else {
        Truth::UnknownInfo
    }
}

/// Whether the rule denies the permission. Of a permission that deny does not support a rule has no
/// effect.
pub(crate) fn permission(permission: &Permission, rule: &DenyRule) -> Truth {
    let mut denied = rule.denied_permissions.iter();
    if denied.any(|p| permission.is_denied_by(p)) && !excepted(permission, rule) {
        Truth::Yes
    } else {
        Truth::No
    }
}

/// The group by which the rule denies the permission, when it is one that Google would have refused
/// and no pattern that Google takes denies it too.
fn as_written(permission: &Permission, rule: &DenyRule) -> Option<String> {
    let denying: Vec<&String> = rule
        .denied_permissions
        .iter()
        .filter(|p| permission.is_denied_by(p))
        .collect();
    if denying.iter().any(|p| deniable::is_supported(p)) {
        return None;
    }
    denying.first().map(|p| (*p).clone())
}

/// Whether the rule names the permission and does not except it. `*` alone is no form of deny rules.
fn names(permission: &Permission, rule: &DenyRule) -> bool {
    let mut denied = rule.denied_permissions.iter();
    denied.any(|p| p != "*" && permission.matches(p)) && !excepted(permission, rule)
}

fn excepted(permission: &Permission, rule: &DenyRule) -> bool {
    let mut exceptions = rule.exception_permissions.iter();
    exceptions.any(|p| p != "*" && permission.matches(p))
}

fn members(judge: &Judge<'_>, members: &[Arc<PolicyMember>]) -> (Vec<MemberExplanation>, Truth) {
    let mut kept = Vec::new();
    let mut sum = Truth::No;
    for member in members {
        let one = explain_member(judge, member);
        sum = sum.or(one.matches);
        if one.matches != Truth::No {
            kept.push(one);
        }
    }
    (kept, sum)
}

/// The answer of one level alone, with every short cut.
pub(crate) fn decide(judge: &Judge<'_>, resource: &Resource) -> Truth {
    if resource.kind() == ResourceKind::ServiceAccount {
        return Truth::No;
    }
    let policies = match judge.estate.deny_policies(resource) {
        Read::Known(policies) => policies,
        Read::Unreadable(_) => return Truth::UnknownInfo,
    };
    let contains = |list: &[Arc<PolicyMember>]| {
        list.iter().fold(Truth::No, |sum, m| {
            sum.or(membership::member(judge, &m.member).matches)
        })
    };
    let mut sum = Truth::No;
    for rule in policies.iter().flat_map(|p| &p.rules) {
        let Some(deny) = &rule.deny_rule else {
            sum = sum.or(strange(rule));
            continue;
        };
        let mut one = permission(&judge.permission, deny);
        if one == Truth::No {
            continue;
        }
        one = one
            .and(contains(&deny.denied_principals))
            .and(contains(&deny.exception_principals).negate());
        if one != Truth::No
            && let Some(condition) = deny
                .denial_condition
                .as_ref()
                .filter(|c| !c.expression.trim().is_empty())
        {
            one = one.and(conditions::decide(judge, condition, Site::Deny));
        }
        sum = sum.or(one);
    }
    sum
}
