//! The quick check: may this principal do that here? The emulator enforces with it.

use jiff::Timestamp;

use super::federation::Attributes;
use super::judge::Judge;
use super::truth::Truth;
use super::{allow, boundary, deny, membership};
use crate::estate::Estate;
use crate::iam::{Member, Permission, Principal, Resource};

/// Whether `caller` has `permission` (v1 form, any service) on `on` (canonical name, any of the four
/// levels) at `time`: allow policies, deny policies and boundaries, as [`super::explain`] judges.
///
/// A permission of no known form is `No`.
#[must_use]
pub fn may(
    estate: &Estate,
    caller: &Principal,
    permission: &str,
    on: &Resource,
    time: Timestamp,
) -> Truth {
    may_with(estate, caller, &Brought::default(), permission, on, time)
}

/// What a request brings along beside its caller.
#[derive(Clone, Copy, Debug, Default)]
pub struct Brought<'a> {
    /// All the attributes of a federated caller (as [`super::admit`] gives them): what is not among
    /// them it does not have.
    pub attributes: Option<&'a [(String, String)]>,
    /// For a request that sets an allow policy: the roles whose grants it changes.
    pub modified_roles: Option<&'a [String]>,
}

/// [`may`] with what the request brings along.
#[must_use]
pub fn may_with(
    estate: &Estate,
    caller: &Principal,
    brought: &Brought<'_>,
    permission: &str,
    on: &Resource,
    time: Timestamp,
) -> Truth {
    let Ok(permission) = Permission::parse(permission) else {
        return Truth::No;
    };
    let mut one = Judge::new(estate, caller, &permission, on, time);
    one.modified_roles = brought.modified_roles.map(<[String]>::to_vec);
    match brought.attributes {
        Some(attributes) => {
            one.attributes = Attributes {
                given: attributes.to_vec(),
                complete: true,
                ..Attributes::default()
            };
        }
        None => one = one.with_identity(&[], None),
    }
    judge(&one)
}

/// Whether a principal is in a member of an allow policy. Roles, conditions and deny rules are not
/// looked at.
#[must_use]
pub fn belongs(estate: &Estate, principal: &Principal, member: &Member) -> Truth {
    Belongs::new(estate, principal).to(member)
}

/// [`belongs`] for many members: what was worked out about groups is kept.
pub struct Belongs<'e>(Judge<'e>);

impl<'e> Belongs<'e> {
    /// For one principal.
    #[must_use]
    pub fn new(estate: &'e Estate, principal: &Principal) -> Self {
        // Membership hangs on neither the permission, nor the place, nor the time.
        let permission = Permission::get_access_token();
        let on = Resource::account("-", "");
        Self(Judge::new(
            estate,
            principal,
            &permission,
            &on,
            Timestamp::UNIX_EPOCH,
        ))
    }

    /// Whether it is in this member.
    #[must_use]
    pub fn to(&self, member: &Member) -> Truth {
        membership::member(&self.0, member).matches
    }
}

pub(crate) fn judge(judge: &Judge<'_>) -> Truth {
    let ancestry = judge.estate.ancestry(&judge.on);
    let hidden = if ancestry.complete {
        Truth::No
    } else {
        Truth::UnknownInfo
    };
    let mut allowed = Truth::No;
    for level in &ancestry.levels {
        allowed = allowed.or(allow::decide(judge, level));
        if allowed == Truth::Yes {
            break;
        }
    }
    allowed = allowed.or(hidden);
    if allowed == Truth::No {
        return Truth::No;
    }
    let denied = ancestry
        .levels
        .iter()
        .fold(hidden, |sum, level| sum.or(deny::decide(judge, level)));
    if denied == Truth::Yes {
        return Truth::No;
    }
    allowed.and(denied.negate()).and(boundary::decide(judge))
}
