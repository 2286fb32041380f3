//! Everybody on the internet, or every Google account, can become an account.

use super::Review;
use super::facts::ReviewFacts;
use super::found::{FoundBinding, FoundBy, FoundWay, Told};
use super::rule::{ReviewRule, Severity};
use crate::evaluate::truth::Truth;
use crate::iam::Member;

pub(super) fn find(facts: &ReviewFacts<'_>, review: &mut Review) {
    for placed in facts.placed.iter().filter(|p| !p.role.ways.is_empty()) {
        for member in &placed.binding.members {
            let whom = match member.member {
                Member::AllUsers => "everybody on the internet",
                Member::AllAuthenticatedUsers => "everybody with a Google account",
                _ => continue,
            };
            let ways = &placed.role.ways;
            let holds = facts.becomes(placed, &member.member, placed.resource, ways);
            if holds == Truth::No {
                continue;
            }
            let what = if placed.is_on_account() {
                format!("the service account {}", placed.resource.id())
            } else {
                format!("every service account below {}", placed.resource.relative())
            };
            let can = if placed.makes_whole() {
                "can become"
            } else {
                "is let at"
            };
            review.findings.push(
                Told {
                    rule: ReviewRule::PublicImpersonation,
                    severity: Severity::Critical,
                    subject: member.text.to_string(),
                    by: FoundBy::TakenOut,
                    holds,
                    message: format!("{whom} {can} {what}, by {}", placed.words()),
                    remedy: format!(
                        "Take {} out of the binding, and grant the role to those who need it by name.",
                        member.text
                    ),
                    ways: vec![FoundWay::one(
                        &member.text,
                        holds,
                        vec![placed.resource.full_name()],
                    )],
                    evidence: vec![FoundBinding::of(placed, &member.text, true)],
                }
                .finding(),
            );
        }
    }
}
