//! The policy edit: one member into one binding, or out of it, and nothing else touched.
//!
//! It works on the JSON as it came, so that fields, bindings and orders that are not understood
//! here go back to Google as they were. Pure: no I/O, no clock, no environment.
//!
//! Sources: discovery document iam v1 (`Policy`, `Binding`, `Policy.version`), and gcloud's
//! `iam_util.py` for what counts as the same condition and what it refuses.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::check::{acceptable, check, is_group, room_for, room_for_group};
use crate::iam::{Condition, Member};
use crate::text::visible;

/// The version that a policy with conditions is sent with (same document, `Policy.version`).
const CONDITIONAL_VERSION: i64 = 3;

/// One role for one member, perhaps under a condition.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Grant {
    /// The role's name: `roles/…`, `projects/P/roles/R` or `organizations/O/roles/R`.
    pub role: String,
    /// The member as an allow policy writes it: `user:ana@example.com`.
    pub member: String,
    /// When it holds; `None` for always.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<Condition>,
}

/// What an edit gives back.
#[derive(Clone, Debug, PartialEq)]
pub struct Edited {
    /// The whole policy, ready to be sent.
    pub policy: Value,
    /// Whether it differs from the one that came in. `false`: there is nothing to send.
    pub changed: bool,
}

/// What [`add`] may change besides the binding, as it stood before: kept in the journal so that
/// [`remove`] can put it back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyBefore {
    /// `version`, or `None` when the policy did not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<i64>,
    /// Whether the policy had a `bindings` list at all.
    #[serde(default)]
    pub had_bindings: bool,
}

/// Why a policy was not edited. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// The policy is not of the form that is documented.
    #[error(
        "the policy was left alone: at {path} stands {found}, expected {expected}. Read the policy again; if it comes back like this, change it with gcloud"
    )]
    Malformed {
        /// JSON path, `$` for the policy.
        path: String,
        /// What kind of JSON value is there.
        found: &'static str,
        /// What should be there.
        expected: &'static str,
    },
    /// The policy was read without its conditions; writing it back would lose them.
    #[error(
        "the policy was left alone: it was read at version 1, which hides conditions (role {role}); writing it back would lose them. Read it again with options.requestedPolicyVersion=3"
    )]
    ConditionsHidden {
        /// A role that shows it.
        role: String,
    },
    /// No room is left.
    #[error(
        "the policy is full: it names {count} {what}, and {limit} is the most that one allow policy may hold, every occurrence counted. Remove members that are no longer needed, or grant the role to a group that the caller is in"
    )]
    Full {
        /// `principals` or `Google groups`.
        what: &'static str,
        /// How many it names now.
        count: usize,
        /// The most it may name.
        limit: usize,
    },
    /// IAM would refuse this grant.
    #[error("IAM refuses this grant: {0}")]
    Refused(&'static str),
    /// The member to be replaced is not in that binding (any more).
    #[error(
        "{member} is not in the binding of {role}: somebody may have corrected it meanwhile. Look at the policy again"
    )]
    NotThere {
        /// The role of the binding.
        role: String,
        /// The member that was looked for.
        member: String,
    },
}

impl PolicyBefore {
    /// Takes note of a policy before it is edited.
    #[must_use]
    pub fn of(policy: &Value) -> Self {
        Self {
            version: policy.get("version").and_then(Value::as_i64),
            had_bindings: policy.get("bindings").is_some(),
        }
    }
}

/// Adds the grant: to the member list of the first binding of the same role and condition, else
/// in a binding of its own at the end. Where any such binding has the member already nothing
/// changes. The `etag` is kept, so that a write of the result fails if the policy has changed.
///
/// A binding without members is not joined (chosen: Google keeps none, and so undoing is exact).
///
/// # Errors
/// [`EditError`]; the policy is then as it was.
pub fn add(policy: &Value, grant: &Grant) -> Result<Edited, EditError> {
    check(policy)?;
    acceptable(grant)?;
    let bindings = bindings_of(policy);
    if bindings
        .iter()
        .any(|b| fits(b, grant) && holds(b, &grant.member))
    {
        return Ok(unchanged(policy));
    }
    room_for(bindings, &grant.member)?;
    let place = bindings
        .iter()
        .position(|b| fits(b, grant) && !members_of(b).is_empty());
    edited(policy, |map| {
        let list = map
            .entry("bindings")
            .or_insert_with(|| Value::Array(Vec::new()));
        let Some(list) = list.as_array_mut() else {
            return;
        };
        let member = Value::String(grant.member.clone());
        let joined = place
            .and_then(|at| list.get_mut(at))
            .and_then(|b| b.get_mut("members"))
            .and_then(Value::as_array_mut);
        match joined {
            Some(members) => members.push(member),
            None => list.push(new_binding(grant, member)),
        }
    })
}

/// Takes the grant away again: the member out of the first binding of that role and condition that
/// has it, and the binding with it only when it is left empty. Nothing else is touched, whatever
/// others have changed since. `changed` is `false` when the member is in none.
///
/// `restore` puts back what [`add`] changed besides: the version and the absence of a list. Give
/// `None` for what is sent to Google, which wants version 3 when anything is taken from a policy
/// with conditions (discovery document iam v1, `Policy.version`), and the journal's [`PolicyBefore`] to
/// compare with what once was. While a condition remains the version is never lowered.
///
/// # Errors
/// [`EditError::Malformed`] and [`EditError::ConditionsHidden`]; the policy is then as it was.
pub fn remove(
    policy: &Value,
    grant: &Grant,
    restore: Option<&PolicyBefore>,
) -> Result<Edited, EditError> {
    check(policy)?;
    let Some(place) = bindings_of(policy)
        .iter()
        .position(|b| fits(b, grant) && holds(b, &grant.member))
    else {
        return Ok(unchanged(policy));
    };
    edited(policy, |map| {
        let Some(list) = map.get_mut("bindings").and_then(Value::as_array_mut) else {
            return;
        };
        let left = list
            .get_mut(place)
            .and_then(|b| b.get_mut("members"))
            .and_then(Value::as_array_mut)
            .map(|members| {
                members.retain(|m| !m.as_str().is_some_and(|m| same_member(m, &grant.member)));
                members.len()
            });
        if left == Some(0) {
            list.remove(place);
        }
        let empty = list.is_empty();
        let Some(before) = restore else { return };
        if empty && !before.had_bindings {
            map.shift_remove("bindings");
        }
        match before.version {
            Some(version) => {
                map.insert("version".to_owned(), version.into());
            }
            None => {
                map.shift_remove("version");
            }
        }
    })
}

/// Puts `new_member` in the place of `old_member` in the first binding of that role and condition
/// that has it: for a member that is misspelled, or deleted. Where such a binding has the new one
/// already, the old one is only taken out (adding it again undoes that). Otherwise the reverse call
/// undoes it, exactly.
///
/// # Errors
/// [`EditError`]; the policy is then as it was.
pub fn replace_member(
    policy: &Value,
    role: &str,
    condition: Option<&Condition>,
    old_member: &str,
    new_member: &str,
) -> Result<Edited, EditError> {
    check(policy)?;
    let old = Grant {
        role: role.to_owned(),
        member: old_member.to_owned(),
        condition: condition.cloned(),
    };
    let new = Grant {
        member: new_member.to_owned(),
        ..old.clone()
    };
    acceptable(&new)?;
    if same_member(old_member, new_member) {
        return Ok(unchanged(policy));
    }
    let bindings = bindings_of(policy);
    let Some(place) = bindings
        .iter()
        .position(|b| fits(b, &old) && holds(b, old_member))
    else {
        return Err(EditError::NotThere {
            role: visible(role),
            member: visible(old_member),
        });
    };
    if bindings
        .iter()
        .any(|b| fits(b, &new) && holds(b, new_member))
    {
        return remove(policy, &old, None);
    }
    if is_group(new_member) && !is_group(old_member) {
        room_for_group(bindings)?;
    }
    edited(policy, |map| {
        let members = map
            .get_mut("bindings")
            .and_then(|list| list.get_mut(place))
            .and_then(|b| b.get_mut("members"))
            .and_then(Value::as_array_mut);
        let slot = members.and_then(|members| {
            members
                .iter_mut()
                .find(|m| m.as_str().is_some_and(|m| same_member(m, old_member)))
        });
        if let Some(slot) = slot {
            *slot = Value::String(new_member.to_owned());
        }
    })
}

/// Whether the policy has any conditional binding.
#[must_use]
pub fn has_condition(policy: &Value) -> bool {
    bindings_of(policy)
        .iter()
        .any(|b| b.get("condition").is_some_and(|c| !c.is_null()))
}

/// Whether some binding gives exactly this grant.
#[must_use]
pub fn contains(policy: &Value, grant: &Grant) -> bool {
    bindings_of(policy)
        .iter()
        .any(|b| fits(b, grant) && holds(b, &grant.member))
}

/// Whether IAM takes two members of allow policies for the same one: kinds as written, e-mail
/// addresses without case, forms that are not known here exactly.
#[must_use]
pub fn same_member(a: &str, b: &str) -> bool {
    if a == b {
        return true;
    }
    let a = Member::parse_v1(a);
    // These do not carry the text, so their equality would say nothing.
    let whole = !a.is_unknown() && !matches!(a, Member::Impossible(_) | Member::PoolPart(_));
    whole && a == Member::parse_v1(b)
}

fn unchanged(policy: &Value) -> Edited {
    Edited {
        policy: policy.clone(),
        changed: false,
    }
}

/// Applies a change to a copy, and sets the version that its conditions need.
fn edited(
    policy: &Value,
    change: impl FnOnce(&mut Map<String, Value>),
) -> Result<Edited, EditError> {
    let mut after = policy.clone();
    if let Some(map) = after.as_object_mut() {
        change(map);
    }
    if has_condition(&after)
        && let Some(map) = after.as_object_mut()
        && map.get("version").and_then(Value::as_i64) != Some(CONDITIONAL_VERSION)
    {
        map.insert("version".to_owned(), CONDITIONAL_VERSION.into());
    }
    let changed = after != *policy;
    Ok(Edited {
        policy: after,
        changed,
    })
}

fn new_binding(grant: &Grant, member: Value) -> Value {
    let mut binding = Map::new();
    binding.insert("role".to_owned(), grant.role.clone().into());
    binding.insert("members".to_owned(), Value::Array(vec![member]));
    if let Some(condition) = &grant.condition {
        let mut fields = Map::new();
        fields.insert("expression".to_owned(), condition.expression.clone().into());
        for (name, text) in [
            ("title", &condition.title),
            ("description", &condition.description),
            ("location", &condition.location),
        ] {
            if let Some(text) = text {
                fields.insert(name.to_owned(), text.clone().into());
            }
        }
        binding.insert("condition".to_owned(), Value::Object(fields));
    }
    Value::Object(binding)
}

fn bindings_of(policy: &Value) -> &[Value] {
    policy
        .get("bindings")
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

pub(super) fn members_of(binding: &Value) -> &[Value] {
    binding
        .get("members")
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

fn holds(binding: &Value, member: &str) -> bool {
    members_of(binding)
        .iter()
        .any(|m| m.as_str().is_some_and(|m| same_member(m, member)))
}

/// Same role, same condition.
fn fits(binding: &Value, grant: &Grant) -> bool {
    binding.get("role").and_then(Value::as_str) == Some(grant.role.as_str())
        && same_condition(binding.get("condition"), grant.condition.as_ref())
}

/// The texts are compared exactly, white space included. An empty title is an absent one: JSON of
/// protocol buffers does not tell them apart. A condition with a field that is not known here is
/// like no other (chosen: it may mean something).
fn same_condition(there: Option<&Value>, wanted: Option<&Condition>) -> bool {
    let there = there.filter(|c| !c.is_null());
    let (Some(there), Some(wanted)) = (there, wanted) else {
        return there.is_none() && wanted.is_none();
    };
    let Some(fields) = there.as_object() else {
        return false;
    };
    let known = [
        ("expression", Some(wanted.expression.as_str())),
        ("title", wanted.title.as_deref()),
        ("description", wanted.description.as_deref()),
        ("location", wanted.location.as_deref()),
    ];
    fields
        .keys()
        .all(|key| known.iter().any(|(name, _)| name == key))
        && known.iter().all(|(name, text)| {
            fields.get(*name).and_then(Value::as_str).unwrap_or("") == text.unwrap_or("")
        })
}

#[cfg(test)]
#[path = "edit_tests.rs"]
pub(in crate::repair) mod tests;
