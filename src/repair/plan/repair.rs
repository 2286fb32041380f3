//! One concrete change of one allow policy, and what a plan of them may be told. Pure.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use super::edit::{self, EditError, Edited, Grant};
use crate::estate::Estate;
use crate::evaluate::{Explanation, Question};
use crate::iam::{Condition, Resource};

/// How a question is judged: [`crate::evaluate`]'s `explain`.
pub type JudgeFn<'a> = &'a (dyn Fn(&Estate, &Question) -> Explanation + Sync);

/// What a plan may be told.
#[derive(Clone, Debug, Default)]
pub struct PlanOptions {
    /// Grant this role instead of the narrowest.
    pub role: Option<String>,
    /// Grant only until then, with a condition.
    pub expires: Option<Timestamp>,
    /// Allow policies exactly as they were read, by what they stand on; of others the estate's are planned on.
    pub policies: Arc<HashMap<Resource, Value>>,
}

/// One concrete change of one allow policy that would turn the answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Repair {
    /// Stable for the same change: `grant ROLE MEMBER` or `correct ROLE OLD`.
    pub id: String,
    /// For people, one line.
    pub title: String,
    /// Whose policy changes.
    pub resource: Resource,
    /// The role.
    pub role: String,
    /// Who gets it, as an allow policy writes it.
    pub member: String,
    /// When it holds; `None` for always.
    pub condition: Option<Condition>,
    /// The member that `member` takes the place of, when this corrects one.
    pub replaces: Option<String>,
    /// Whether this is the one to take; at most one of a plan is.
    pub recommended: bool,
    /// Whether the caller will certainly get through. `false`: allow policies will say yes, and
    /// something else (deny policies or boundaries that could not be read) may still say no.
    pub certain: bool,
    /// The policy that the change was planned on.
    pub before: Value,
    /// Whether that is the policy exactly as it was read, so that it may be written over under its etag without
    /// reading it again.
    pub as_read: bool,
    /// The policy as it would be written.
    pub after: Value,
    /// Whether nothing is left to do.
    pub already: bool,
}

impl Repair {
    /// The same change on the policy as it is now, which was read.
    ///
    /// # Errors
    /// When the policy cannot take it ([`EditError`]).
    pub fn on(&self, policy: &Value) -> Result<Self, EditError> {
        let edited = change(policy, &self.grant(), self.replaces.as_deref())?;
        Ok(Self {
            before: policy.clone(),
            as_read: true,
            after: edited.policy,
            already: !edited.changed,
            ..self.clone()
        })
    }

    /// What is granted.
    #[must_use]
    pub fn grant(&self) -> Grant {
        Grant {
            role: self.role.clone(),
            member: self.member.clone(),
            condition: self.condition.clone(),
        }
    }

    /// Whether two repairs change the same lines: what a person confirmed is still what happens.
    /// The etag, and bindings that the change does not touch, may differ.
    #[must_use]
    pub fn same_change(&self, other: &Self) -> bool {
        self.resource == other.resource
            && self.grant() == other.grant()
            && self.replaces == other.replaces
            && touched(self) == touched(other)
    }
}

/// The bindings that a change takes away and those it puts there, and whether the version moves.
fn touched(repair: &Repair) -> (Vec<&Value>, Vec<&Value>, bool) {
    let (before, after) = (bindings_of(&repair.before), bindings_of(&repair.after));
    (
        before.iter().filter(|b| !after.contains(b)).collect(),
        after.iter().filter(|b| !before.contains(b)).collect(),
        repair.before.get("version") != repair.after.get("version"),
    )
}

fn bindings_of(policy: &Value) -> &[Value] {
    let list = policy.get("bindings").and_then(Value::as_array);
    list.map_or(&[], Vec::as_slice)
}

pub(super) fn change(
    policy: &Value,
    grant: &Grant,
    replaces: Option<&str>,
) -> Result<Edited, EditError> {
    let Some(old) = replaces else {
        return edit::add(policy, grant);
    };
    let gone = Grant {
        member: old.to_owned(),
        ..grant.clone()
    };
    // Corrected already, by us or by somebody else.
    if edit::contains(policy, grant) && !edit::contains(policy, &gone) {
        return Ok(Edited {
            policy: policy.clone(),
            changed: false,
        });
    }
    let condition = grant.condition.as_ref();
    edit::replace_member(policy, &grant.role, condition, old, &grant.member)
}
