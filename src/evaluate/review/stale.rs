//! Bindings that are not what they were, or never were anything: deleted members, conditions that are over or
//! can never hold, members that match nobody. Of roles that matter here alone.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::federation::stands_for_nobody;
use super::facts::{PlacedBinding, ReviewFacts};
use super::found::{FoundBinding, FoundBy, FoundInBinding, FoundMember, FoundWay, Told};
use super::life::{ConditionLife, condition_life};
use super::rule::{ReviewRule, Severity};
use super::{NotReviewed, Review};
use crate::estate::{Assumption, Existence, Read};
use crate::evaluate::truth::Truth;
use crate::iam::{Condition, Member, PolicyMember, Principal, Resource, owner};

const DELETED: &str = "Take who was deleted out of the binding; whoever has the address now is somebody else, and is named anew if needed.";

pub(super) fn find(facts: &ReviewFacts<'_>, review: &mut Review) {
    for placed in &facts.placed {
        if placed.holds == Truth::No
            && let Some(condition) = &placed.binding.condition
        {
            dead(facts, placed, condition, review);
        }
        let mut found = BTreeMap::new();
        for member in &placed.binding.members {
            if is_unlisted(facts, member) {
                review.not_judged.push(NotReviewed {
                    rule: ReviewRule::MemberMatchesNobody,
                    why: "service accounts that are not in sight, where no list of all accounts of their project is: whether they are there is not known".to_owned(),
                });
                continue;
            }
            let Some((rule, why, remedy)) = nobody(facts, member) else {
                continue;
            };
            let (members, remedies): &mut (Vec<FoundMember>, Vec<String>) =
                found.entry(rule).or_default();
            if !remedies.contains(&remedy) {
                remedies.push(remedy);
            }
            members.push(FoundMember {
                member: Arc::clone(&member.text),
                holds: Truth::Yes,
                why,
                inner: None,
            });
        }
        for (rule, (members, remedies)) in found {
            let found = FoundInBinding {
                rule,
                severity: Severity::Low,
                placed,
                which: "",
                verbs: ["has", "have"],
                remedy: remedies.join(" "),
                members,
            };
            review.findings.extend(found.finding());
        }
    }
}

/// Whether it is an account that is not in sight, where not all that there are were told: an account without a policy of
/// its own is in no search for policies, and one of a project that is not in sight is in no list.
fn is_unlisted(facts: &ReviewFacts<'_>, member: &PolicyMember) -> bool {
    let Member::One(Principal::ServiceAccount(email)) = &member.member else {
        return false;
    };
    let estate = facts.estate;
    let elsewhere = owner::project_of(email).is_some_and(|p| estate.project(p).is_none());
    let partly =
        elsewhere || estate.is_part() || estate.assumes(Assumption::NoAccountStatesInExport);
    partly
        && owner::of(email).is_none_or(|owner| !owner.agent)
        && matches!(
            estate.resolve(&Resource::account("-", email)),
            Existence::Missing | Existence::Unknown(_)
        )
}

/// Why a member matches nobody, where that is certain.
fn nobody(facts: &ReviewFacts<'_>, member: &PolicyMember) -> Option<(ReviewRule, String, String)> {
    let estate = facts.estate;
    let take_out = || "Take who matches nobody out of the binding.".to_owned();
    match &member.member {
        Member::Deleted { address, .. } => {
            let why = format!("the identity of the address {address} was deleted");
            Some((ReviewRule::DeletedMember, why, DELETED.to_owned()))
        }
        Member::Impossible(why) => Some((ReviewRule::MemberMatchesNobody, (*why).to_owned(), take_out())),
        Member::One(Principal::ServiceAccount(email)) => {
            if owner::of(email).is_some_and(|owner| owner.agent) {
                return None;
            }
            match estate.resolve(&Resource::account("-", email)) {
                Existence::Deleted => Some((
                    ReviewRule::DeletedMember,
                    "the account was deleted; one made anew under its address is another identity".to_owned(),
                    DELETED.to_owned(),
                )),
                // Of a project that is in sight, with all its accounts.
                Existence::Missing => Some((
                    ReviewRule::MemberMatchesNobody,
                    "there is no such service account; whoever makes one of that name later gets the role".to_owned(),
                    take_out(),
                )),
                Existence::Exists(_) | Existence::Unknown(_) => None,
            }
        }
        Member::Group(email) => match estate.group(email) {
            Read::Known(group) if group.members.is_empty() => Some((
                ReviewRule::MemberMatchesNobody,
                "the group has no members".to_owned(),
                take_out(),
            )),
            _ => None,
        },
        other if stands_for_nobody(estate, other) => Some((
            ReviewRule::MemberMatchesNobody,
            "no identity is named so: a pool goes by its project's number, and an attribute has to be mapped"
                .to_owned(),
            "Name the identities as their pool gives them, or take the member out.".to_owned(),
        )),
        _ => None,
    }
}

/// A condition that does not hold now: whether it is over, or can never hold.
fn dead(
    facts: &ReviewFacts<'_>,
    placed: &PlacedBinding<'_>,
    condition: &Arc<Condition>,
    review: &mut Review,
) {
    let Some(rule) = how_dead(facts, placed, condition) else {
        return;
    };
    let (why, first) = match rule {
        ReviewRule::ConditionExpired => ("is over", "ran out"),
        _ => ("can never hold", "grants nothing, now or later"),
    };
    let members = &placed.binding.members;
    let Some(one) = members.first() else {
        return;
    };
    review.findings.push(
        Told {
            rule,
            severity: Severity::Low,
            subject: placed.resource.full_name(),
            by: FoundBy::Binding(""),
            holds: Truth::Yes,
            message: format!(
                "the condition of {} {why}: {}",
                placed.words(),
                condition.expression
            ),
            remedy: format!("Take the binding away: it {first}."),
            ways: vec![FoundWay {
                members: members.iter().map(|m| Arc::clone(&m.text)).collect(),
                path: vec![one.text.to_string(), placed.resource.full_name()],
                certain: true,
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

fn how_dead(
    facts: &ReviewFacts<'_>,
    placed: &PlacedBinding<'_>,
    condition: &Condition,
) -> Option<ReviewRule> {
    match condition_life(facts.estate, placed.resource, condition, facts.time) {
        ConditionLife::Expired => Some(ReviewRule::ConditionExpired),
        ConditionLife::NeverTrue => Some(ReviewRule::ConditionNeverTrue),
        ConditionLife::NotNow | ConditionLife::Holds(_) | ConditionLife::Depends => None,
    }
}
