//! A way that the caller has although nothing grants it directly: through an account that it can become.

use std::collections::BTreeSet;

use super::super::explain::explain;
use super::super::explanation::{Call, Explanation, Outcome, Question, RoleState};
use super::super::truth::Truth;
use crate::estate::Estate;
use crate::iam::{Member, Permission, Principal, Resource};

/// So many accounts are tried: each takes two judgements.
pub(crate) const TRIED: usize = 10;

/// The accounts, by e-mail, that stand by name in bindings on the target's path which grant what is asked.
pub(crate) fn stones(explanation: &Explanation) -> Vec<String> {
    let question = &explanation.question;
    let found: BTreeSet<&String> = explanation
        .allow
        .iter()
        .filter(|level| level.on_path)
        .flat_map(|level| &level.bindings)
        .filter(|b| b.role_state == RoleState::Included)
        .filter(|b| b.condition.as_ref().is_none_or(|c| c.holds != Truth::No))
        .flat_map(|b| &b.members)
        .filter_map(|m| match &m.member.member {
            Member::One(Principal::ServiceAccount(email)) => Some(email),
            _ => None,
        })
        .filter(|email| email.as_str() != question.target.id())
        .filter(|email| question.caller.email() != Some(email))
        .collect();
    found.into_iter().take(TRIED).cloned().collect()
}

/// The account through which the caller gets there in two steps, certainly.
pub(super) fn through(estate: &Estate, explanation: &Explanation) -> Option<Resource> {
    let question = &explanation.question;
    stones(explanation).into_iter().find_map(|email| {
        let stone = estate.resolve(&Resource::account("-", &email)).exists()?;
        let first = Question {
            target: stone.clone(),
            permission: Permission::get_access_token(),
            via: Vec::new(),
            call: Call::default(),
            ..question.clone()
        };
        let second = Question {
            caller: Principal::ServiceAccount(email),
            via: Vec::new(),
            attributes: Vec::new(),
            claims: None,
            call: Call::default(),
            ..question.clone()
        };
        let goes = |question| explain(estate, question).outcome == Outcome::WouldSucceed;
        (goes(&first) && goes(&second)).then_some(stone)
    })
}
