//! A role that lets its holder become accounts stands above many of them.

use std::sync::Arc;

use super::Review;
use super::facts::ReviewFacts;
use super::found::{FoundBinding, FoundBy, FoundWay, Told, names};
use super::rule::{ReviewRule, Severity};
use crate::evaluate::truth::Truth;
use crate::evaluate::ways::WayIn;
use crate::iam::{Member, PolicyMember, Principal, Resource, owner};

pub(super) fn find(facts: &ReviewFacts<'_>, review: &mut Review) {
    for placed in &facts.placed {
        // Owner and Editor are granted for other reasons, and have rules of their own (chosen).
        let becomes = placed
            .role
            .ways
            .iter()
            .any(|way| *way != WayIn::AccountPolicy);
        if !becomes || placed.role.basic || placed.is_on_account() || placed.holds == Truth::No {
            continue;
        }
        let count = facts.accounts_below.get(placed.resource).copied();
        let count = count.unwrap_or_default();
        if count < 2 {
            continue;
        }
        let members: Vec<&Arc<PolicyMember>> = placed
            .binding
            .members
            .iter()
            .filter(|m| counts(&m.member))
            .collect();
        let Some(first) = members.first() else {
            continue;
        };
        let all: Vec<&str> = members.iter().map(|m| &*m.text).collect();
        let severity = if matches!(placed.resource, Resource::Project(_)) {
            Severity::Medium
        } else {
            Severity::High
        };
        review.findings.push(
            Told {
                rule: ReviewRule::BroadImpersonation,
                severity,
                subject: placed.resource.full_name(),
                by: FoundBy::Binding(""),
                holds: placed.holds,
                message: format!(
                    "{} reaches every service account below ({count}), for {}",
                    placed.words(),
                    names(&all)
                ),
                remedy: format!(
                    "Grant {} on the accounts that are needed, then take it away here.",
                    placed.binding.role
                ),
                ways: vec![FoundWay {
                    members: members.iter().map(|m| Arc::clone(&m.text)).collect(),
                    path: vec![first.text.to_string(), placed.resource.full_name()],
                    certain: placed.holds == Truth::Yes,
                    why: None,
                }],
                evidence: members
                    .iter()
                    .map(|member| FoundBinding::of(placed, &member.text, true))
                    .collect(),
            }
            .finding(),
        );
    }
}

/// Google grants its own agents what they need, on projects.
fn counts(member: &Member) -> bool {
    match member {
        Member::Deleted { .. } | Member::Impossible(_) => false,
        Member::One(Principal::ServiceAccount(email)) => {
            !owner::of(email).is_some_and(|owner| owner.agent)
        }
        _ => true,
    }
}
