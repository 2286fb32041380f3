//! What is looked at before a policy is edited: its form, its room, and grants that IAM would refuse.
//! Pure.

use serde_json::{Map, Value};

use super::edit::{EditError, Grant, members_of};
use crate::iam::Member;
use crate::text::visible;

/// The most principals that the bindings of one allow policy may name, every occurrence counted
/// (discovery document iam v1, `Policy.bindings`).
pub const MAX_PRINCIPALS: usize = 1_500;

/// How many of them may be Google groups, every occurrence counted (same source).
pub const MAX_GROUPS: usize = 250;

/// Roles that cannot be granted under a condition (gcloud,
/// `ValidateMutexConditionAndPrimitiveRoles`).
const BASIC_ROLES: [&str; 3] = ["roles/owner", "roles/editor", "roles/viewer"];

pub(super) fn room_for(bindings: &[Value], member: &str) -> Result<(), EditError> {
    let count = bindings.iter().map(|b| members_of(b).len()).sum();
    if count >= MAX_PRINCIPALS {
        return Err(EditError::Full {
            what: "principals",
            count,
            limit: MAX_PRINCIPALS,
        });
    }
    if is_group(member) {
        room_for_group(bindings)?;
    }
    Ok(())
}

pub(super) fn room_for_group(bindings: &[Value]) -> Result<(), EditError> {
    let count = bindings
        .iter()
        .flat_map(members_of)
        .filter(|m| m.as_str().is_some_and(is_group))
        .count();
    if count >= MAX_GROUPS {
        return Err(EditError::Full {
            what: "Google groups",
            count,
            limit: MAX_GROUPS,
        });
    }
    Ok(())
}

/// What IAM would refuse anyway, said before anything is sent.
pub(super) fn acceptable(grant: &Grant) -> Result<(), EditError> {
    let plain = |text: &str| !text.is_empty() && !text.chars().any(char::is_control);
    if !plain(&grant.role) || !plain(&grant.member) {
        return Err(EditError::Refused(
            "its role and its member must be named, without control characters",
        ));
    }
    let Some(condition) = &grant.condition else {
        return Ok(());
    };
    if BASIC_ROLES.contains(&grant.role.as_str()) {
        return Err(EditError::Refused(
            "a basic role (owner, editor, viewer) cannot be granted under a condition. Choose a predefined or custom role",
        ));
    }
    if matches!(
        Member::parse_v1(&grant.member),
        Member::AllUsers | Member::AllAuthenticatedUsers
    ) {
        return Err(EditError::Refused(
            "allUsers and allAuthenticatedUsers cannot be granted a role under a condition. Name the members",
        ));
    }
    if condition.expression.trim().is_empty() || condition.title.as_deref().unwrap_or("").is_empty()
    {
        return Err(EditError::Refused(
            "a condition needs an expression and a title",
        ));
    }
    Ok(())
}

/// Looks the policy over before anything is changed.
pub(super) fn check(policy: &Value) -> Result<(), EditError> {
    let map = policy
        .as_object()
        .ok_or_else(|| malformed("$".to_owned(), policy, "an object"))?;
    if let Some(version) = map.get("version")
        && version.as_i64().is_none()
    {
        return Err(malformed("$.version".to_owned(), version, "a whole number"));
    }
    let Some(list) = map.get("bindings") else {
        return Ok(());
    };
    let bindings = list
        .as_array()
        .ok_or_else(|| malformed("$.bindings".to_owned(), list, "a list"))?;
    for (i, binding) in bindings.iter().enumerate() {
        let fields = binding
            .as_object()
            .ok_or_else(|| malformed(format!("$.bindings[{i}]"), binding, "an object"))?;
        if let Some(role) = fields.get("role") {
            let name = role
                .as_str()
                .ok_or_else(|| malformed(format!("$.bindings[{i}].role"), role, "a string"))?;
            // What a version 1 read shows in place of a condition (Google's page "Allow policies").
            if name.contains("_withcond_") {
                return Err(EditError::ConditionsHidden {
                    role: visible(name),
                });
            }
        }
        check_binding(i, fields)?;
    }
    Ok(())
}

fn check_binding(i: usize, fields: &Map<String, Value>) -> Result<(), EditError> {
    if let Some(members) = fields.get("members") {
        let list = members
            .as_array()
            .ok_or_else(|| malformed(format!("$.bindings[{i}].members"), members, "a list"))?;
        for (j, member) in list.iter().enumerate() {
            if !member.is_string() {
                let path = format!("$.bindings[{i}].members[{j}]");
                return Err(malformed(path, member, "a string"));
            }
        }
    }
    match fields.get("condition") {
        None | Some(Value::Null) => Ok(()),
        Some(Value::Object(condition)) => {
            for name in ["expression", "title", "description", "location"] {
                if let Some(text) = condition.get(name)
                    && !text.is_string()
                {
                    let path = format!("$.bindings[{i}].condition.{name}");
                    return Err(malformed(path, text, "a string"));
                }
            }
            Ok(())
        }
        Some(other) => {
            let path = format!("$.bindings[{i}].condition");
            Err(malformed(path, other, "an object"))
        }
    }
}

fn malformed(path: String, found: &Value, expected: &'static str) -> EditError {
    let found = match found {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    };
    EditError::Malformed {
        path,
        found,
        expected,
    }
}

pub(super) fn is_group(member: &str) -> bool {
    matches!(Member::parse_v1(member), Member::Group(_))
}
