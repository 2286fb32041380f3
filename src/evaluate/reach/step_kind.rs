//! One step to an account: what it is, how sure, and where it leads.

use std::sync::Arc;

use super::Via;
use crate::evaluate::truth::Truth;
use crate::evaluate::ways::WayIn;

/// Where a step leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum LeadsTo {
    /// Whoever takes it is the account.
    Account,
    /// It is a link of a delegation chain.
    Link,
    /// No further.
    Nothing,
}

/// One kind of step to an account.
#[derive(Clone, Debug)]
pub(super) struct StepKind {
    /// Which; `None` for a permission that makes nobody the account.
    pub way: Option<WayIn>,
    /// What the policies say: never no.
    pub answer: Truth,
    /// The bindings.
    pub via: Vec<Via>,
    /// What it hangs on that no policy says.
    pub condition: Option<Arc<str>>,
    pub leads: LeadsTo,
}

impl StepKind {
    /// 0: certain; 1: hangs on what no policy says; 2: on what is not known of the policies.
    pub fn tier(&self) -> u8 {
        tier_of(self.answer, self.condition.is_some())
    }

    /// The answer, with what it hangs on.
    pub fn verdict(&self) -> Truth {
        match &self.condition {
            Some(_) => self.answer.and(Truth::UnknownConditional),
            None => self.answer,
        }
    }
}

/// As [`StepKind::tier`].
pub(super) fn tier_of(answer: Truth, hangs: bool) -> u8 {
    match (answer, hangs) {
        (Truth::Yes, false) => 0,
        (Truth::Yes, true) => 1,
        _ => 2,
    }
}

pub(super) fn leads_to(way: WayIn) -> LeadsTo {
    match way {
        WayIn::Delegation => LeadsTo::Link,
        way if way.leads_on() => LeadsTo::Account,
        _ => LeadsTo::Nothing,
    }
}
