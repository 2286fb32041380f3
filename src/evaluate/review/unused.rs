//! Powerful roles of which nobody uses what makes them so, as Google saw it: the insights that stand beside the policies.
//!
//! "The source data used to generate the insight ends at lastRefreshTime and begins at lastRefreshTime minus
//! observationPeriod" (doc "Review policy insights for projects, folders, and organizations"). Only insights that are
//! ACTIVE count: the content of others does not change any more.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::facts::{PlacedBinding, ReviewFacts};
use super::found::{FoundInBinding, FoundMember};
use super::rule::{ReviewRule, Severity};
use super::{NotReviewed, Review};
use crate::estate::PolicyInsight;
use crate::evaluate::truth::Truth;
use crate::evaluate::ways::WayIn;
use crate::iam::{Member, PolicyMember, Principal, Resource, owner};
use crate::text::counted;

/// A grant: where, the role, to whom, the condition's text.
type InsightGrant<'a> = (Resource, &'a str, &'a str, Option<&'a str>);

pub(super) fn find(facts: &ReviewFacts<'_>, review: &mut Review) {
    let estate = facts.estate;
    let mut seen: HashMap<InsightGrant<'_>, &PolicyInsight> = HashMap::new();
    for insight in estate.insights().filter(|insight| insight.is_active()) {
        for target in &insight.target_resources {
            let target = Resource::parse(target).ok();
            let target = target.and_then(|target| estate.resolve(&target).exists());
            let Some(target) = target else {
                continue;
            };
            let content = &insight.content;
            let grant = (
                target,
                &*content.role,
                &*content.member,
                insight.condition(),
            );
            // Of several the newest counts; times in one form sort as texts.
            let newest = seen.entry(grant).or_insert(insight);
            if newest.last_refresh_time < insight.last_refresh_time {
                *newest = insight;
            }
        }
    }
    let mut without = 0;
    for placed in &facts.placed {
        // There are none of accounts' own policies.
        if placed.is_on_account() || placed.holds == Truth::No {
            continue;
        }
        let condition = placed.binding.condition.as_ref();
        let condition = condition.map(|c| &*c.expression).filter(|c| !c.is_empty());
        let mut members: BTreeMap<&Arc<str>, FoundMember> = BTreeMap::new();
        for member in placed.binding.members.iter().filter(|m| counts(m)) {
            let grant = (
                placed.resource.clone(),
                &*placed.binding.role,
                &*member.text,
                condition,
            );
            let Some(insight) = seen.get(&grant) else {
                without += 1;
                continue;
            };
            if let Some(why) = unused(placed, insight) {
                let found = FoundMember {
                    member: Arc::clone(&member.text),
                    holds: placed.holds,
                    why,
                    inner: None,
                };
                members.insert(&member.text, found);
            }
        }
        let basic = if placed.role.basic {
            " What a basic role brings by way of other services may be missing from what was seen: see whether there is a role recommendation."
        } else {
            ""
        };
        let found = FoundInBinding {
            rule: ReviewRule::PowerfulRoleUnused,
            severity: Severity::Medium,
            placed,
            which: "",
            verbs: ["has", "have"],
            remedy: format!(
                "Take away {}, or grant a narrower role with what was used in its place.{basic}",
                placed.binding.role
            ),
            members: members.into_values().collect(),
        };
        review.findings.extend(found.finding());
    }
    let why = match (seen.is_empty(), without) {
        (true, _) => "nothing tells of use (gcloud recommender insights list --insight-type=google.iam.policy.Insight --location=global --format=json does, of each project, folder and organization)".to_owned(),
        (false, 0) => return,
        (false, without) => format!(
            "no insight that is active tells of the use of {} of powerful roles",
            counted(without, "grant")
        ),
    };
    review.not_judged.push(NotReviewed {
        rule: ReviewRule::PowerfulRoleUnused,
        why,
    });
}

/// Whose use may be looked at: not Google's own agents, nobody, nor everybody.
fn counts(member: &PolicyMember) -> bool {
    match &member.member {
        Member::Deleted { .. } | Member::Impossible(_) | Member::ProjectRole(..) => false,
        Member::One(Principal::ServiceAccount(email)) => {
            !owner::of(email).is_some_and(|owner| owner.agent)
        }
        _ => true,
    }
}

/// Whether none of what makes the role powerful was used, and in what time; nor is likely needed.
fn unused(placed: &PlacedBinding<'_>, insight: &PolicyInsight) -> Option<String> {
    const LEVELS: [WayIn; 3] = [
        WayIn::ProjectPolicy,
        WayIn::FolderPolicy,
        WayIn::OrganizationPolicy,
    ];
    let levels = LEVELS.iter().filter(|_| placed.role.gives_access);
    let mut powers = placed.role.ways.iter().chain(levels);
    if powers.any(|way| way.permissions().iter().any(|p| insight.uses(p))) {
        return None;
    }
    let days = insight.days()?;
    let until = insight.last_refresh_time.get(..10);
    let until = until.map_or_else(String::new, |day| format!(" up to {day}"));
    let what = match insight.content.exercised_permissions.len() {
        0 => "none of its permissions was used".to_owned(),
        used => format!(
            "{} of it {} used, and none that leads to accounts or gives access",
            counted(used, "permission"),
            if used == 1 { "was" } else { "were" }
        ),
    };
    Some(format!("in {}{until} {what}", counted(days, "day")))
}
