//! The causes of an answer come in the order in which a person should act, that of [`CauseKind`]: in
//! every story, and on estates that nobody thought of.

use proptest::prelude::*;
use serde_json::Value;

use super::generate::{self, ACCOUNTS};
use super::stories::{files, index, question};
use super::{account, at, estate, from_value, who};
use crate::estate::{Coverage, Estate};
use crate::evaluate::{Cause, CauseKind, Explanation, Outcome, Question, diagnose, explain};
use crate::iam::Permission;

/// The place that a cause takes: a federated caller whose grant went to the target itself is told as a
/// mismatch, where that mix-up stands.
fn place(cause: &Cause) -> CauseKind {
    if cause.kind == CauseKind::FederatedMismatch && cause.message.contains(" itself, the account ")
    {
        CauseKind::SelfGrant
    } else {
        cause.kind
    }
}

/// What is wrong with the causes of an answer, if anything is.
fn wrong(explanation: &Explanation, causes: &[Cause]) -> Option<String> {
    let kinds: Vec<CauseKind> = causes.iter().map(|c| c.kind).collect();
    if explanation.outcome == Outcome::WouldSucceed {
        let only = kinds.iter().all(|k| *k == CauseKind::MayBePropagating);
        return (!only).then(|| format!("a yes with {kinds:?}"));
    }
    if causes.is_empty() {
        return Some("no cause of what is not yes".to_owned());
    }
    for (i, cause) in causes.iter().enumerate() {
        if causes.iter().skip(i + 1).any(|c| c == cause) {
            return Some(format!("told twice: {cause:?}"));
        }
    }
    // In a chain each hop begins anew; each is looked at by itself.
    let sorted = !explanation.hops.is_empty() || causes.is_sorted_by_key(place);
    (!sorted).then(|| {
        let places: Vec<CauseKind> = causes.iter().map(place).collect();
        format!("out of order: {places:?}")
    })
}

fn check(estate: &Estate, question: &Question) -> Result<(), String> {
    let explanation = explain(estate, question);
    for part in std::iter::once(&explanation).chain(&explanation.hops) {
        let causes = diagnose(estate, part);
        if let Some(why) = wrong(part, &causes) {
            return Err(format!("{} on {}: {why}", question.caller, question.target));
        }
        if let Some(first) = causes.first().filter(|_| !part.hops.is_empty())
            && part.outcome == Outcome::WouldFail
            && !causes.iter().any(|c| c.kind == CauseKind::BrokenHop)
        {
            return Err(format!("a chain that fails at no hop: {first:?}"));
        }
    }
    Ok(())
}

#[test]
fn in_every_story() {
    for (name, text) in files() {
        let index = index();
        let entry = index.iter().find(|e| e["name"] == name).unwrap();
        check(&estate(text), &question(entry)).unwrap_or_else(|e| panic!("{name}: {e}"));
    }
}

fn everywhere(file: &Value) -> Result<(), String> {
    for coverage in [Coverage::Whole, Coverage::Partial] {
        let estate = from_value(file, coverage);
        for caller in generate::callers() {
            for (email, _) in ACCOUNTS {
                let time = at("2026-11-24T00:00:00Z");
                let mut question = Question::new(who(&caller), account(email), time);
                check(&estate, &question)?;
                question.permission = Permission::parse("iam.serviceAccounts.actAs").unwrap();
                check(&estate, &question)?;
                question.via = vec![account(ACCOUNTS[0].0)];
                check(&estate, &question)?;
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(generate::slow_cases(24))]

    #[test]
    fn on_every_estate(file in generate::estate()) {
        let end = everywhere(&file);
        prop_assert!(end.is_ok(), "{}", end.unwrap_err());
    }
}
