//! Members that stand for many and are not listed one by one: what deny rules and boundaries leave of them.
//!
//! A set that is granted can, as a set. A rule that takes it from some of its members is told beside it; one
//! that takes it from all of them leaves no row. Where it is not known whether some or all are meant, the row
//! is unknown.

use std::sync::Arc;

use super::super::judge::Judge;
use super::super::{boundary, conditions, deny, membership};
use super::relevant::Ground;
use super::{TakenAway, TakenBy};
use crate::evaluate::conditions::Site;
use crate::evaluate::federation::stands_for_nobody;
use crate::evaluate::truth::Truth;
use crate::iam::{DenyRule, Member, PolicyMember, Pool, Principal, Resource, ResourceKind};

/// Kinds of identities: two sets of different kinds share nobody.
#[derive(Clone, Copy, PartialEq, Eq)]
enum IdentityKind {
    Users,
    Accounts,
    Federated,
    Any,
}

fn kind(member: &Member) -> IdentityKind {
    match member {
        Member::One(Principal::User(_)) | Member::Domain(_) | Member::Customer(_) => {
            IdentityKind::Users
        }
        Member::One(Principal::ServiceAccount(_))
        | Member::ServiceAccountsOf(_)
        | Member::ServiceAgentsOf(_) => IdentityKind::Accounts,
        Member::One(_)
        | Member::PoolAll(_)
        | Member::PoolGroup(..)
        | Member::PoolAttribute(..)
        | Member::PoolNamespace(..)
        | Member::PoolPart(_) => IdentityKind::Federated,
        _ => IdentityKind::Any,
    }
}

/// How much of a set is in a member of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Share {
    /// Nobody.
    Nothing,
    /// Some, or those whom the member names, whoever they are.
    Part,
    /// Some or all.
    Unknown,
    /// All of it.
    All,
}

/// What rules leave of a set.
pub(super) struct Left {
    /// Whether the set has access as a set: `No` when all of it is shut out.
    pub answer: Truth,
    /// Who is shut out of it.
    pub except: Vec<TakenAway>,
}

/// One of the set of whom nothing is known but that it is in it; `None` where sets do not tell enough. No
/// identity is called `*`.
fn somebody(set: &Member) -> Option<Principal> {
    let of_pool = |pool: &Pool, subject: String| {
        pool.is_in_full().then(|| Principal::Federated {
            pool: pool.clone(),
            subject,
        })
    };
    match set {
        Member::Domain(domain) => Some(Principal::User(format!("*@{domain}"))),
        Member::PoolAll(pool)
        | Member::PoolGroup(pool, _)
        | Member::PoolAttribute(pool, ..)
        | Member::PoolPart(pool) => of_pool(pool, "*".to_owned()),
        Member::PoolNamespace(pool, namespace) => of_pool(pool, format!("ns/{namespace}/sa/*")),
        _ => None,
    }
}

/// A set that is granted something on an account, against the rules above that account.
pub(super) struct SetOnAccount<'g, 'e> {
    ground: &'g Ground<'e>,
    set: &'g Member,
    target: &'g Resource,
    /// Which of the ground's permissions.
    permission: usize,
    /// The judge of one of the set, where one stands for all.
    somebody: Option<Judge<'e>>,
}

impl<'g, 'e> SetOnAccount<'g, 'e> {
    pub fn new(ground: &'g Ground<'e>, set: &'g Member, target: &'g Resource) -> Self {
        Self::by(ground, 0, set, target)
    }

    /// For one of the ground's permissions, on an account or a level.
    pub fn by(
        ground: &'g Ground<'e>,
        permission: usize,
        set: &'g Member,
        target: &'g Resource,
    ) -> Self {
        let mut one = Self {
            permission,
            ground,
            set,
            target,
            somebody: None,
        };
        one.somebody = somebody(set).and_then(|who| one.judge(&who));
        one
    }

    fn judge(&self, caller: &Principal) -> Option<Judge<'e>> {
        let permission = self.ground.permissions.get(self.permission)?;
        let judge = Judge::new(
            self.ground.estate,
            caller,
            permission,
            self.target,
            self.ground.time,
        );
        Some(judge.with_identity(&[], None))
    }

    /// What deny rules on these levels and boundaries leave of it.
    pub fn left(&self, levels: &[Resource]) -> Left {
        let mut left = Left {
            answer: Truth::Yes,
            except: Vec::new(),
        };
        let denying = levels
            .iter()
            .filter(|level| level.kind() != ResourceKind::ServiceAccount);
        for level in denying {
            self.deny_rules(level, &mut left);
        }
        self.boundaries(&mut left);
        left
    }

    fn deny_rules(&self, level: &Resource, left: &mut Left) {
        if self.ground.denying(level).is_none() {
            left.answer = left.answer.and(Truth::UnknownInfo);
        }
        let policies = self.ground.estate.deny_policies(level).known();
        for policy in policies.unwrap_or_default() {
            for rule in &policy.rules {
                let Some(deny) = &rule.deny_rule else {
                    left.answer = left.answer.and(deny::strange(rule).negate());
                    continue;
                };
                self.deny_rule(&policy.name, deny, left);
            }
        }
    }

    fn deny_rule(&self, name: &str, rule: &DenyRule, left: &mut Left) {
        let Some(permission) = self.ground.permissions.get(self.permission) else {
            return;
        };
        if deny::permission(permission, rule) == Truth::No {
            return;
        }
        // What a rule asks for hangs on the account, never on who calls (docs/semantics.md, "Conditions").
        let holds = match &rule.denial_condition {
            Some(condition) if !condition.expression.trim().is_empty() => self
                .judge(&Principal::Other(String::new()))
                .map_or(Truth::UnknownInfo, |judge| {
                    conditions::decide(&judge, condition, Site::Deny)
                }),
            _ => Truth::Yes,
        };
        let most = |list: &[Arc<PolicyMember>]| {
            list.iter()
                .map(|m| self.share(&m.member))
                .max()
                .unwrap_or(Share::Nothing)
        };
        let (denied, excepted) = (
            most(&rule.denied_principals),
            most(&rule.exception_principals),
        );
        let whole = match (denied, excepted) {
            _ if holds == Truth::No => return,
            (Share::Nothing, _) | (_, Share::All) => return,
            (Share::All, Share::Nothing) => holds,
            (Share::All | Share::Unknown, _) => Truth::UnknownInfo,
            (Share::Part, _) => Truth::No,
        };
        left.answer = left.answer.and(whole.negate());
        let touching = |list: &[Arc<PolicyMember>]| -> Vec<String> {
            let inside = |m: &&Arc<PolicyMember>| self.share(&m.member) != Share::Nothing;
            list.iter()
                .filter(inside)
                .map(|m| m.text.to_string())
                .collect()
        };
        left.except.push(TakenAway {
            by: TakenBy::DenyRule,
            name: name.to_owned(),
            principals: touching(&rule.denied_principals),
            but: touching(&rule.exception_principals),
            certain: holds == Truth::Yes && denied != Share::Unknown,
        });
    }

    /// How much of the set a member of a rule stands for.
    pub fn share(&self, member: &Member) -> Share {
        let (set, estate) = (self.set, self.ground.estate);
        match (member, set) {
            (Member::Deleted { .. } | Member::Impossible(_), _) => Share::Nothing,
            (Member::AllUsers, _) => Share::All,
            (member, set) if member == set => Share::All,
            // One of several, or not one of them.
            (Member::One(one), _) => match self.judge(one) {
                Some(judge) if membership::member(&judge, set).matches == Truth::No => {
                    Share::Nothing
                }
                _ => Share::Part,
            },
            (member, Member::AllUsers) if !member.is_unknown() => Share::Part,
            (member, _)
                if kind(set) != kind(member)
                    && kind(set) != IdentityKind::Any
                    && kind(member) != IdentityKind::Any =>
            {
                Share::Nothing
            }
            (member, Member::AllAuthenticatedUsers) => match kind(member) {
                IdentityKind::Federated => Share::Nothing,
                _ if member.is_unknown() => Share::Unknown,
                _ => Share::Part,
            },
            (Member::ServiceAccountsOf(of) | Member::AllOf(of), Member::ServiceAccountsOf(own)) => {
                match (estate.lies_in(own, of), estate.lies_in(of, own)) {
                    (Some(true), _) => Share::All,
                    (_, Some(true)) => Share::Part,
                    (Some(false), Some(false)) => Share::Nothing,
                    _ => Share::Unknown,
                }
            }
            (Member::AllAuthenticatedUsers, Member::ServiceAccountsOf(_)) => Share::All,
            (Member::Group(_), Member::ServiceAccountsOf(_)) => Share::Part,
            (member, _) => self.share_by_one(member),
        }
    }

    /// The same where any of the set tells of all: these members ask for nothing that differs among them.
    fn share_by_one(&self, member: &Member) -> Share {
        let Some(judge) = &self.somebody else {
            return Share::Unknown;
        };
        let one = membership::member(judge, member).matches;
        match member {
            // Those of it, whoever they are.
            Member::Group(_) if judge.caller.is_federated() => Share::Nothing,
            Member::Group(_) => Share::Part,
            // Where a mapping makes an attribute of the subject, it differs among them: that of the one who stands for
            // all says nothing of the others, and an identity may have several.
            Member::PoolGroup(pool, _) | Member::PoolAttribute(pool, ..)
                if self.set.pool() == Some(pool) =>
            {
                match stands_for_nobody(judge.estate, member) {
                    true => Share::Nothing,
                    false => Share::Part,
                }
            }
            Member::PoolNamespace(pool, _) if one != Truth::No || self.set.pool() == Some(pool) => {
                Share::Part
            }
            _ => match one {
                Truth::Yes => Share::All,
                Truth::No => Share::Nothing,
                _ => Share::Unknown,
            },
        }
    }

    /// Boundaries are bound where callers belong. Of everybody, and of all who are signed in, always some
    /// belong where none is bound (consumer accounts).
    fn boundaries(&self, left: &mut Left) {
        match (&self.somebody, self.set) {
            (Some(judge), _) => {
                if boundary::is_free(judge.estate, &judge.caller) {
                    return;
                }
                self.ground.note_place(&judge.caller);
                let one = boundary::decide(judge);
                self.bound(judge, left);
                // A boundary that asks for the subject may let in others than that one.
                left.answer = left.answer.and(match one {
                    Truth::No if boundary::asks_for_names(judge) => Truth::UnknownInfo,
                    other => other,
                });
            }
            (None, _) if self.ground.no_boundaries => {}
            (None, Member::AllUsers | Member::AllAuthenticatedUsers) => {
                if let Some(judge) = self.judge(&Principal::Other(String::new())) {
                    self.bound(&judge, left);
                }
            }
            (None, _) => {
                left.answer = left.answer.and(Truth::UnknownInfo);
                let told = left.except.len();
                if let Some(judge) = self.judge(&Principal::Other(String::new())) {
                    self.bound(&judge, left);
                }
                // Whether somebody of it is among those whom a boundary is bound to is not known.
                for taken in left.except.iter_mut().skip(told) {
                    taken.certain = false;
                }
            }
        }
    }

    /// Which boundaries take the account from whoever they are bound to.
    fn bound(&self, judge: &Judge<'e>, left: &mut Left) {
        let here = boundary::levels_of(judge);
        for (collection, list) in self.ground.estate.policy_bindings() {
            let of_all = self.somebody.is_none();
            if !of_all && !here.contains(&collection) {
                continue;
            }
            let Some(list) = list.known() else {
                left.except.push(TakenAway {
                    by: TakenBy::Boundary,
                    name: collection,
                    principals: Vec::new(),
                    but: Vec::new(),
                    certain: false,
                });
                continue;
            };
            for binding in list.iter().filter(|b| b.is_boundary()) {
                let Some(certain) = boundary::shuts_out(judge, binding, of_all) else {
                    continue;
                };
                left.except.push(TakenAway {
                    by: TakenBy::Boundary,
                    name: binding.name.clone(),
                    principals: binding.target.principal_set.clone().into_iter().collect(),
                    but: Vec::new(),
                    certain: certain && list.len() == 1,
                });
            }
        }
    }
}
