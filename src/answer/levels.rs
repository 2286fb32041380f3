//! What each level of an answer does for its question: a state of the one language of states, and a few
//! words beside it.

use super::states::LevelState;
use crate::estate::Estate;
use crate::evaluate::Truth;
use crate::evaluate::explanation::{
    AccountState, BindingExplanation, DenyExplanation, Explanation, PolicyExplanation, RoleState,
};
use crate::iam::address::is_service_account;
use crate::iam::{Principal, Resource, ResourceKind};

/// What a level of an answer does for its question, and what to say beside that; the weightiest first.
#[must_use]
pub fn said(
    estate: &Estate,
    explanation: &Explanation,
    policy: &PolicyExplanation,
) -> (LevelState, String) {
    let resource = &policy.resource;
    let is_target = policy.on_path && resource.kind() == ResourceKind::ServiceAccount;
    let is_caller = is_caller(explanation, resource);
    let denial = explanation
        .deny
        .iter()
        .find(|d| policy.on_path && d.resource == *resource);
    let account = match (is_target, is_caller) {
        (true, _) => Some(explanation.target_state),
        (_, true) => Some(explanation.caller_state),
        _ => None,
    };
    let target = explanation.question.target.id();
    let is_somebody = is_target && target.contains('@') && !is_service_account(target);
    if let Some(word) = account.and_then(|state| gone(state, is_somebody)) {
        return (LevelState::Off, word.to_owned());
    }
    if let Some(found) = denial.and_then(denied) {
        return found;
    }
    if is_target && explanation.boundaries.eligible == Truth::No {
        return (
            LevelState::OutsideBoundary,
            LevelState::OutsideBoundary.word().into(),
        );
    }
    // The caller's own policy says who may act as the caller: nothing for this question.
    if is_caller && !is_target {
        return own(policy);
    }
    let state = LevelState::of_policy(policy);
    let of = |grants: Truth| policy.bindings.iter().find(move |b| b.grants == grants);
    let note = match state {
        LevelState::Grants | LevelState::OffPath => of(Truth::Yes).map(|binding| {
            let role = title(estate, &binding.role);
            if policy.on_path {
                format!("grants: {role}")
            } else {
                format!("{role}, off the path")
            }
        }),
        LevelState::ConditionNotMet | LevelState::Depends => policy
            .bindings
            .iter()
            .find_map(|b| nearly(estate, b, state)),
        LevelState::Nothing => {
            if let Some(found) = denial.and_then(unread_denial) {
                return found;
            }
            Some(short_of(estate, policy).unwrap_or_else(|| count(policy)))
        }
        _ => None,
    };
    (state, note.unwrap_or_else(|| state.word().to_owned()))
}

/// Whether a level is the account that calls.
#[must_use]
pub fn is_caller(explanation: &Explanation, resource: &Resource) -> bool {
    resource.kind() == ResourceKind::ServiceAccount
        && matches!(&explanation.question.caller, Principal::ServiceAccount(email) if email == resource.id())
}

/// What one binding does for the question, and that in words. `on_path`: whether it stands on the way to
/// the target.
#[must_use]
pub fn binding_says(binding: &BindingExplanation, on_path: bool) -> (LevelState, &'static str) {
    use LevelState as S;
    match (binding.grants, binding.role_state, binding.matches) {
        // It holds for accounts below it, and the target is none of them.
        (Truth::Yes, ..) if !on_path => (S::OffPath, "grants it here, off the target's path"),
        (Truth::Yes, ..) => (S::Grants, "grants this"),
        (Truth::UnknownInfo | Truth::UnknownConditional, ..) if !on_path => {
            (S::OffPath, "may grant it here, off the target's path")
        }
        (Truth::UnknownInfo | Truth::UnknownConditional, ..) => (S::Depends, "may grant this"),
        (Truth::No, RoleState::Included, Truth::Yes) => (S::ConditionNotMet, "condition not met"),
        (Truth::No, RoleState::Included, _) => {
            (S::Nothing, "holds the permission, not for this caller")
        }
        (Truth::No, RoleState::Disabled, _) => (S::Misses, "the role is disabled"),
        (Truth::No, RoleState::Deleted, _) => (S::Misses, "the role is deleted"),
        (Truth::No, RoleState::Unreadable | RoleState::Unknown, _) => {
            (S::Nothing, "not for this caller")
        }
        (Truth::No, RoleState::NotIncluded, Truth::Yes) => {
            (S::Nothing, "does not hold the permission")
        }
        (Truth::No, RoleState::NotIncluded, _) => (S::Nothing, "not about this"),
    }
}

/// A role that the caller has there and that gives it nothing: it lacks the permission, or is off.
fn short_of(estate: &Estate, policy: &PolicyExplanation) -> Option<String> {
    let why = |binding: &BindingExplanation| match binding.role_state {
        _ if binding.matches != Truth::Yes => None,
        RoleState::Disabled => Some("role is disabled"),
        RoleState::Deleted => Some("role is deleted"),
        RoleState::NotIncluded => Some("not enough"),
        _ => None,
    };
    let mut held: Vec<(&str, &BindingExplanation)> = policy
        .bindings
        .iter()
        .filter_map(|b| Some((why(b)?, b)))
        .collect();
    // What is off says more than what was never meant for this.
    held.sort_by_key(|(why, _)| *why == "not enough");
    let (why, first) = held.first()?;
    let more = match held.len() - 1 {
        0 => String::new(),
        n => format!(" and {n} more"),
    };
    Some(format!("{}{more}: {why}", title(estate, &first.role)))
}

/// That an account is off or gone, in a word. `is_somebody`: the address is a person's or a group's.
#[must_use]
pub fn gone(state: AccountState, is_somebody: bool) -> Option<&'static str> {
    match state {
        AccountState::Disabled => Some("disabled"),
        AccountState::Deleted => Some("deleted"),
        AccountState::NotFound if is_somebody => Some("no service account"),
        AccountState::NotFound => Some("does not exist"),
        AccountState::Active | AccountState::Unknown => None,
    }
}

fn denied(denial: &DenyExplanation) -> Option<(LevelState, String)> {
    let policy = denial.policies.iter().find(|p| p.denies == Truth::Yes)?;
    let name = policy
        .policy
        .display_name
        .clone()
        .filter(|n| !n.is_empty())
        .unwrap_or_else(|| policy.policy.id().to_owned());
    Some((LevelState::Denies, format!("denied here: {name}")))
}

fn unread_denial(denial: &DenyExplanation) -> Option<(LevelState, String)> {
    if denial.unreadable.is_some() {
        return Some((
            LevelState::UnreadableIdle,
            "deny policies not readable".to_owned(),
        ));
    }
    let open = !matches!(denial.denies, Truth::Yes | Truth::No);
    open.then(|| (LevelState::Depends, "a deny rule may refuse".to_owned()))
}

fn own(policy: &PolicyExplanation) -> (LevelState, String) {
    if policy.bindings.iter().any(|b| b.grants == Truth::Yes) {
        return (
            LevelState::OffPath,
            "grants, in the other direction".to_owned(),
        );
    }
    (LevelState::Nothing, String::new())
}

/// What to say of a binding that would grant but for one thing, where that is what the level's state says.
fn nearly(estate: &Estate, binding: &BindingExplanation, state: LevelState) -> Option<String> {
    let role = || title(estate, &binding.role);
    let false_now = binding
        .condition
        .as_ref()
        .is_some_and(|c| c.holds == Truth::No);
    let known = binding.role_state == RoleState::Included;
    let in_it = binding.matches == Truth::Yes;
    match state {
        LevelState::ConditionNotMet => {
            (known && in_it && false_now).then(|| format!("{}, condition not met", role()))
        }
        _ if matches!(binding.grants, Truth::Yes | Truth::No) => None,
        _ if known && in_it => Some(format!("{}, depends", role())),
        _ if known => Some(format!("{}, depends on who is in it", role())),
        _ => Some(format!("{}, a role not known here", role())),
    }
}

fn count(policy: &PolicyExplanation) -> String {
    // One without members gives nobody anything.
    let some = policy.bindings.iter().filter(|b| b.member_count > 0);
    match some.count() {
        0 => "no bindings".to_owned(),
        1 => "1 binding, for others".to_owned(),
        n => format!("{n} bindings, all for others"),
    }
}

/// A role's title where one is known: `Token Creator` is what people call it.
#[must_use]
pub fn title(estate: &Estate, role: &str) -> String {
    let title = estate
        .role(role)
        .known()
        .and_then(|r| r.title().map(str::to_owned))
        .filter(|t| !t.is_empty());
    match title {
        // One word alone could be anybody's: `User`, `Admin`.
        Some(title) => match title.strip_prefix("Service Account ") {
            Some(short) if short.contains(' ') => short.to_owned(),
            _ => title,
        },
        // A custom role goes by its id.
        None => match role.split_once("/roles/") {
            Some((_, id)) => id.to_owned(),
            None => role.to_owned(),
        },
    }
}
