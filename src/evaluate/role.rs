//! Whether a role holds the permission (docs/semantics.md, "Roles").

use std::sync::Arc;

use super::explanation::RoleState;
use super::judge::Judge;
use super::truth::Truth;
use crate::estate::{Coverage, Read};

/// Mark of a version 1 read of a conditional binding: `ROLE_withcond_HASH` (doc "Policy versions").
const HIDDEN_CONDITION: &str = "_withcond_";

/// The role's name without the mark that hides a condition, and whether it had one.
#[must_use]
pub fn without_hidden_condition(role: &str) -> (&str, bool) {
    match role.split_once(HIDDEN_CONDITION) {
        Some((name, _)) => (name, true),
        None => (role, false),
    }
}

/// What the role says of the judge's permission; worked out once per role.
pub(crate) fn state(judge: &Judge<'_>, role: &Arc<str>) -> RoleState {
    if let Some(known) = judge.roles.borrow().get(role) {
        return *known;
    }
    let state = work_out(judge, role);
    judge.roles.borrow_mut().insert(Arc::clone(role), state);
    state
}

fn work_out(judge: &Judge<'_>, role: &str) -> RoleState {
    let (name, hidden) = without_hidden_condition(role);
    let unreadable = judge.estate.why_unreadable(name).is_some();
    match judge.estate.role(name) {
        Read::Known(found) if !found.includes(judge.permission.as_str()) => RoleState::NotIncluded,
        Read::Known(found) if found.deleted() => RoleState::Deleted,
        Read::Known(found) if found.disabled() => RoleState::Disabled,
        // The condition was not read, so nobody can tell whether it grants.
        Read::Known(_) if hidden => RoleState::Unreadable,
        Read::Known(_) => RoleState::Included,
        Read::Unreadable(_)
            if unreadable
                || (judge.estate.coverage() == Coverage::Partial
                    && !name.starts_with("roles/")
                    && !judge.estate.is_missing_role(name)) =>
        {
            RoleState::Unreadable
        }
        Read::Unreadable(_) => RoleState::Unknown,
    }
}

/// The same as an answer.
pub(crate) fn grants(state: RoleState) -> Truth {
    match state {
        RoleState::Included => Truth::Yes,
        RoleState::NotIncluded | RoleState::Disabled | RoleState::Deleted => Truth::No,
        RoleState::Unreadable | RoleState::Unknown => Truth::UnknownInfo,
    }
}
