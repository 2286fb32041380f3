//! Whether every member of a set has something on an account, and whether any member has it.
//!
//! Nobody has a list of a domain's users or of a pool's identities. What is said of all of them is said of the
//! set and of what contains it; what is said of none, of everything that the set shares somebody with. Where
//! that does not tell, the answer is unknown: neither "every" nor "none" is ever said by what was not read.

mod any;
mod every;

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::super::explain::locate;
use super::super::federation::stands_for_nobody;
use super::relevant::Ground;
use super::who::walk;
use crate::estate::{Ancestry, Estate};
use crate::evaluate::truth::Truth;
use crate::iam::{Member, Permission, PolicyMember, Principal, Resource};

/// So many members of a set are asked about one by one at the most (chosen); beyond it the answer is unknown.
const MOST_MEMBERS: usize = 10_000;
/// So many accounts are followed backwards at the most (chosen); beyond it the answer is unknown.
const MOST_ACCOUNTS: usize = 2_000;

/// Of which levels all service accounts below are in the estate.
#[derive(Clone, Debug, Default)]
pub struct AccountsListed {
    /// Of all levels.
    pub everywhere: bool,
    /// Of these projects, by id.
    pub projects: BTreeSet<String>,
}

impl AccountsListed {
    fn below(&self, estate: &Estate, of: &Resource) -> bool {
        match estate.resolve(of).exists() {
            Some(Resource::Project(id)) => self.everywhere || self.projects.contains(&*id),
            Some(_) => self.everywhere,
            None => false,
        }
    }
}

/// What is asked about the members of a set.
#[derive(Clone, Debug)]
pub struct SetQuestion {
    /// The set as an allow policy writes it: `allUsers`, `domain:…`, `group:…`, `principalSet://…`.
    pub set: PolicyMember,
    /// The account.
    pub target: Resource,
    /// For what.
    pub permission: Permission,
    /// The moment that conditions are judged at.
    pub time: Timestamp,
    /// Of which levels all service accounts are known.
    pub listed: AccountsListed,
}

/// The answer, with what it rests on where it is no plain one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetAnswer {
    /// Whether it is so.
    pub answer: Truth,
    /// Why, without a full stop.
    pub why: String,
}

impl SetAnswer {
    fn new(answer: Truth, why: impl Into<String>) -> Self {
        let why = why.into();
        Self { answer, why }
    }

    fn unknown(why: impl Into<String>) -> Self {
        Self::new(Truth::UnknownInfo, why)
    }

    /// Both; the reason is that of whichever decides.
    fn and(self, other: Self) -> Self {
        let answer = self.answer.and(other.answer);
        let why = if answer == self.answer {
            self.why
        } else {
            other.why
        };
        Self { answer, why }
    }

    /// Either; the reason is that of whichever decides.
    fn or(self, other: Self) -> Self {
        let answer = self.answer.or(other.answer);
        let why = if answer == self.answer {
            self.why
        } else {
            other.why
        };
        Self { answer, why }
    }
}

/// What a set comes to once its groups are opened.
enum SetPart<'m> {
    One(&'m Principal),
    Set(&'m PolicyMember),
    /// A group that was not read.
    Unread(&'m str),
    /// A member of a form that is not known here.
    Strange(&'m str),
}

impl SetPart<'_> {
    /// What is said of those of whom nothing is known.
    fn untold(&self) -> Option<SetAnswer> {
        match self {
            Self::Unread(group) => Some(SetAnswer::unknown(format!(
                "the members of {group} were not read"
            ))),
            Self::Strange(member) => Some(SetAnswer::unknown(format!(
                "who {member} of it is, is not known here"
            ))),
            Self::One(_) | Self::Set(_) => None,
        }
    }
}

/// Whether every member of the set is let through, by what [`explain`](super::super::explain::explain) calls the outcome.
#[must_use]
pub fn every_of(estate: &Estate, question: &SetQuestion) -> SetAnswer {
    OfSet::new(estate, question).every()
}

/// Whether a member of the set has it by IAM's answer; `chains`: or gets there over other accounts.
#[must_use]
pub fn any_of(estate: &Estate, question: &SetQuestion, chains: bool) -> SetAnswer {
    OfSet::new(estate, question).any(chains)
}

struct OfSet<'e> {
    estate: &'e Estate,
    question: &'e SetQuestion,
    /// The account, in canonical form where it is known.
    target: Resource,
}

impl<'e> OfSet<'e> {
    fn new(estate: &'e Estate, question: &'e SetQuestion) -> Self {
        let (target, ..) = locate(estate, &question.target);
        Self {
            estate,
            question,
            target,
        }
    }

    fn parts(&self) -> Vec<SetPart<'e>> {
        let set = &self.question.set;
        let Member::Group(email) = &set.member else {
            return vec![SetPart::Set(set)];
        };
        let found = walk(self.estate, email);
        let unread = found.unread.iter().map(|(group, _)| SetPart::Unread(group));
        let mut parts: Vec<SetPart<'e>> = unread.collect();
        for (member, _) in &found.members {
            match &member.member {
                // Nobody is asked about itself.
                Member::One(one) if self.is_target(one) => {}
                Member::One(one) if !one.is_misnamed() => parts.push(SetPart::One(one)),
                one if stands_for_nobody(self.estate, one) => {}
                one if one.is_unknown() => parts.push(SetPart::Strange(&member.text)),
                _ => parts.push(SetPart::Set(member)),
            }
        }
        parts
    }

    fn ground(&self, permission: &Permission, ancestry: &Ancestry) -> Ground<'e> {
        let permissions = vec![permission.clone()];
        let levels = Some(ancestry.levels.as_slice());
        Ground::new(self.estate, permissions, self.question.time, levels)
    }

    /// Whether a policy that may grant was not read, and which.
    fn hidden(&self, ground: &Ground<'e>, ancestry: &Ancestry) -> Option<String> {
        let unread = ancestry.levels.iter().find(|l| ground.policy_unread(l));
        match unread {
            Some(level) => Some(format!("the policy of {} was not read", level.relative())),
            None if !ancestry.complete => {
                let last = ancestry.levels.last();
                let what = last.map_or_else(String::new, Resource::relative);
                Some(format!("what is above {what} is not known"))
            }
            None => None,
        }
    }

    fn is_target(&self, one: &Principal) -> bool {
        matches!(one, Principal::ServiceAccount(email) if email.eq_ignore_ascii_case(self.target.id()))
    }
}
