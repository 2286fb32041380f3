//! What each way of mending an answer would allow beyond what was asked for. Pure.

use crate::estate::Estate;
use crate::estate::policies::FoundRole;
use crate::evaluate::{Explanation, Question, Verdict, explain};
use crate::iam::permission::{
    ACT_AS, GET_ACCESS_TOKEN, GET_OPEN_ID_TOKEN, IMPLICIT_DELEGATION, SIGN_BLOB, SIGN_JWT,
};
use crate::iam::{Permission, Resource};
use crate::repair::{Power, Remedy, meaning};

/// What lets one become an account, or have it used.
const IMPERSONATING: [&str; 6] = [
    GET_ACCESS_TOKEN,
    GET_OPEN_ID_TOKEN,
    SIGN_BLOB,
    SIGN_JWT,
    IMPLICIT_DELEGATION,
    ACT_AS,
];

/// What a way would allow beyond what was asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct BlastRadius {
    /// Where its bindings count: each of these, and what is below it.
    pub on: Vec<Resource>,
    /// What of `IMPERSONATING` the caller can do on the target then, and cannot now.
    pub gains: Vec<Permission>,
    /// What of it may be new: whether the caller can now, or can then, is not known.
    pub perhaps: Vec<Permission>,
    /// How many permissions the roles hold that are granted; `None`: a role that was not read.
    pub permissions: Option<usize>,
    /// Who beside the caller gains, because the member that is granted stands for more: a sentence each.
    pub others: Vec<String>,
    /// How many members of policies can act as the caller, and come to the target through it.
    pub through: usize,
    /// What whoever acts as the account may do: the greatest that was seen.
    pub power: Power,
}

impl BlastRadius {
    /// Of one way of mending the answer to that question.
    #[must_use]
    pub fn of(estate: &Estate, explanation: &Explanation, way: &Remedy) -> Self {
        let mut after = estate.clone();
        way.put_on(&mut after);
        let mut radius = Self {
            on: Vec::new(),
            gains: Vec::new(),
            perhaps: Vec::new(),
            permissions: Some(0),
            others: Vec::new(),
            through: 0,
            power: Power::Nothing,
        };
        for name in IMPERSONATING {
            let Ok(permission) = Permission::parse(name) else {
                continue;
            };
            let question = Question {
                permission: permission.clone(),
                ..explanation.question.clone()
            };
            let now = explain(estate, &question).verdict;
            match (now, explain(&after, &question).verdict) {
                (Verdict::CanAccess, _) | (_, Verdict::CannotAccess) => {}
                (Verdict::CannotAccess, Verdict::CanAccess) => radius.gains.push(permission),
                _ => radius.perhaps.push(permission),
            }
        }
        for repair in way.bindings() {
            if !radius.on.contains(&repair.resource) {
                radius.on.push(repair.resource.clone());
            }
            let role = estate.role(&repair.role).known();
            let size = role.map(|role| match role {
                FoundRole::Predefined(role) => role.size(),
                FoundRole::Given(role) => role.included_permissions.len(),
            });
            radius.permissions = radius.permissions.zip(size).map(|(all, one)| all.max(one));
            let means = meaning(estate, explanation, repair);
            radius.others.extend(means.member_stands_for);
            radius.through = radius.through.max(means.through_caller.len());
            radius.power = radius.power.max(means.power);
        }
        radius
    }
}
