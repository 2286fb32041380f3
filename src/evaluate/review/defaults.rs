//! A default account has Editor or Owner, and others can use it.

use std::collections::HashMap;
use std::sync::Arc;

use super::Review;
use super::facts::{PlacedBinding, ReviewFacts};
use super::found::{FoundBinding, FoundBy, FoundWay, Told};
use super::rule::{ReviewRule, Severity};
use crate::evaluate::truth::Truth;
use crate::evaluate::ways::WayIn;
use crate::iam::{Member, PolicyMember, Principal, Resource, address, owner};

pub(super) fn find<'e>(facts: &ReviewFacts<'e>, review: &mut Review) {
    let mut by_level: HashMap<&Resource, Vec<&PlacedBinding<'e>>> = HashMap::new();
    for placed in facts.placed.iter().filter(|p| !p.role.ways.is_empty()) {
        by_level.entry(placed.resource).or_default().push(placed);
    }
    for placed in &facts.placed {
        let powerful = ["roles/editor", "roles/owner"].contains(&&*placed.binding.role);
        if !powerful || placed.holds == Truth::No {
            continue;
        }
        for member in &placed.binding.members {
            let Member::One(Principal::ServiceAccount(email)) = &member.member else {
                continue;
            };
            let Some((kind, _)) = address::default_account(email) else {
                continue;
            };
            let account = facts.estate.resolve(&Resource::account("-", email));
            let Some(account) = account.exists() else {
                continue;
            };
            if facts.estate.account(email).is_some_and(|a| a.disabled) {
                continue;
            }
            let Some((user, by)) = somebody(facts, &by_level, &account, placed) else {
                continue;
            };
            let holds = facts.becomes(by, &user.member, &account, &by.role.ways);
            let holds = holds.and(placed.holds);
            review.findings.push(
                Told {
                    rule: ReviewRule::DefaultAccountPowerful,
                    severity: Severity::High,
                    subject: account.full_name(),
                    by: FoundBy::TakenOut,
                    holds,
                    message: format!(
                        "the default account of {} has {}, and {} can use it by {}",
                        kind.service(),
                        placed.words(),
                        user.text,
                        by.words()
                    ),
                    remedy: format!(
                        "Give the account the roles that it needs, then take {} away from it; or run under an account of its own.",
                        placed.binding.role
                    ),
                    ways: vec![FoundWay::one(
                        &user.text,
                        holds,
                        vec![account.full_name(), placed.resource.full_name()],
                    )],
                    evidence: vec![
                        FoundBinding::of(placed, &member.text, true),
                        FoundBinding::of(by, &user.text, false),
                    ],
                }
                .finding(),
            );
        }
    }
}

/// The first who can use the account and has not the same already.
fn somebody<'p, 'e>(
    facts: &ReviewFacts<'e>,
    by_level: &HashMap<&Resource, Vec<&'p PlacedBinding<'e>>>,
    account: &Resource,
    power: &PlacedBinding<'e>,
) -> Option<(&'e Arc<PolicyMember>, &'p PlacedBinding<'e>)> {
    let Resource::ServiceAccount {
        project,
        account: email,
    } = account
    else {
        return None;
    };
    let mut levels = vec![account.clone()];
    levels.extend(facts.above(project).iter().cloned());
    for level in &levels {
        for placed in by_level.get(level).into_iter().flatten() {
            // Owners and editors have no less themselves.
            if placed.role.basic || placed.role.gives_access {
                continue;
            }
            for member in &placed.binding.members {
                let beside = match &member.member {
                    Member::One(Principal::ServiceAccount(own)) => {
                        **own == **email || owner::of(own).is_some_and(|o| o.agent)
                    }
                    Member::Deleted { .. } | Member::Impossible(_) | Member::ProjectRole(..) => {
                        true
                    }
                    _ => false,
                };
                let same = power.binding.members.iter().any(|m| m.text == member.text);
                let ways: Vec<WayIn> = placed.role.ways.clone();
                if !beside
                    && !same
                    && facts.becomes(placed, &member.member, account, &ways) != Truth::No
                {
                    return Some((member, placed));
                }
            }
        }
    }
    None
}
