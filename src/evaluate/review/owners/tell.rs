//! What is told of an account that can give itself any role.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use super::super::Finding;
use super::super::facts::PlacedBinding;
use super::super::found::{FoundBinding, FoundBy, FoundWay, Told, names};
use super::super::rule::{ReviewRule, Severity};
use super::{Openings, OwnerWalk, WayBack};
use crate::evaluate::truth::Truth;
use crate::iam::Resource;
use crate::text::counted;

impl<'e> OwnerWalk<'_, 'e> {
    /// The finding; none where nobody else becomes it.
    pub(super) fn tell(&self, email: &str, further: &[WayBack]) -> Option<Finding> {
        let powers = self.ends.get(email)?;
        let worst = powers.first()?;
        let power = self.placed(worst.at)?;
        let (account, levels) = self.levels(email)?;
        let (over, end) = (self.over(power), power.resource.full_name());
        let mut told = OwnerTold {
            ways: Vec::new(),
            doors: Vec::new(),
            direct: BTreeSet::new(),
            holds: Truth::No,
        };
        for at in levels
            .iter()
            .flat_map(|level| self.by_level.get(level).into_iter().flatten())
        {
            if self.placed(*at)?.holds == Truth::No {
                continue;
            }
            let members: Vec<(Arc<str>, Truth)> = self
                .door(*at, &account)?
                .iter()
                .filter(|(member, _)| !is_account(member, email) && !self.has_power(member, &over))
                .map(|(member, holds)| (Arc::clone(member), holds.and(worst.holds)))
                .collect();
            let after = [account.full_name(), end.clone()];
            told.way(&members, &after, &self.placed(*at)?.words());
            told.direct
                .extend(members.iter().map(|(m, _)| Arc::clone(m)));
            told.doors
                .extend(members.into_iter().map(|(m, _)| (*at, m)));
        }
        let mut on_the_way = Vec::new();
        let mut nearest: Vec<&WayBack> = further.iter().collect();
        nearest.sort_by_key(|way| way.accounts.len());
        for way in nearest {
            let accounts = way.accounts.iter().map(Resource::full_name);
            let after: Vec<String> = accounts.chain([end.clone()]).collect();
            told.way(&way.members, &after, &self.placed(way.at)?.words());
            let first = way.members.first().map(|(m, _)| (way.at, Arc::clone(m)));
            on_the_way.extend(first.into_iter().chain(way.bindings.iter().cloned()));
        }
        if told.ways.is_empty() {
            return None;
        }
        let held_alone = powers.iter().all(|p| is_account(&p.holder, email));
        let by_power = held_alone && (told.doors.is_empty() || powers.len() < told.doors.len());
        let mut evidence = Vec::new();
        let mut shown: HashSet<(usize, Arc<str>)> = HashSet::new();
        let mut bindings: BTreeSet<usize> = BTreeSet::new();
        let mut show = |at: usize, member: &Arc<str>, take_out: bool| {
            if shown.insert((at, Arc::clone(member))) {
                let placed = self.placed(at);
                evidence.extend(placed.map(|p| FoundBinding::of(p, member, take_out)));
            }
        };
        for (at, member) in &told.doors {
            // All who are to go, or else one of each binding.
            if bindings.insert(*at) || !by_power {
                show(*at, member, !by_power);
            }
        }
        for power in powers {
            show(power.at, &power.holder, by_power);
        }
        for (at, member) in &on_the_way {
            show(*at, member, false);
        }
        let roles: BTreeSet<&str> = powers
            .iter()
            .filter_map(|power| Some(&*self.placed(power.at)?.binding.role))
            .collect();
        let roles = names(&roles.into_iter().collect::<Vec<_>>());
        let direct: Vec<&str> = told.direct.iter().map(|m| &**m).collect();
        let remedy = if by_power {
            format!(
                "Take {roles} away from the account: a narrower role may do for it. Where it needs all of that, take out of the bindings by which they become it whoever need not ({} in {}).",
                counted(told.doors.len(), "member"),
                counted(bindings.len(), "binding"),
            )
        } else {
            format!(
                "Take {} out of the {}, or {roles} from the account at the end of the way: a narrower role than that may do for it.",
                names(&direct),
                if bindings.len() == 1 {
                    "binding"
                } else {
                    "bindings"
                },
            )
        };
        let severity = if matches!(power.resource, Resource::Project(_)) {
            Severity::High
        } else {
            Severity::Critical
        };
        let message = format!(
            "{email} can give itself any role on {} ({}){}, and {}{}",
            power.resource.relative(),
            power.binding.role,
            match powers.len() {
                1 => String::new(),
                more => format!(" and has the like by {}", counted(more - 1, "more binding")),
            },
            told.comers(),
            self.across(power, further, &told, &account),
        );
        let told = Told {
            rule: ReviewRule::PathToOwner,
            severity,
            subject: account.full_name(),
            by: FoundBy::Text(end),
            holds: told.holds,
            message,
            remedy,
            ways: told.ways,
            evidence,
        };
        Some(told.finding())
    }

    /// The projects between which the ways lead, where there are several.
    fn across(
        &self,
        power: &PlacedBinding<'e>,
        further: &[WayBack],
        told: &OwnerTold,
        account: &Resource,
    ) -> String {
        let facts = self.facts;
        let mut projects: BTreeSet<Arc<str>> = BTreeSet::new();
        let accounts = further.iter().flat_map(|way| &way.accounts);
        for account in accounts.chain([account]) {
            if let Resource::ServiceAccount { project, .. } = account {
                projects.insert(Arc::clone(project));
            }
        }
        for member in told.ways.iter().flat_map(|way| &way.members) {
            let own = member.strip_prefix("serviceAccount:");
            if let Some(account) = own.and_then(|own| facts.estate.account(own)) {
                projects.insert(facts.project_of(&account.project_id));
            }
        }
        if let Resource::Project(project) = power.resource {
            projects.insert(Arc::clone(project));
        }
        let projects: Vec<&str> = projects.iter().map(|p| &**p).collect();
        match projects.len() {
            0 | 1 => String::new(),
            _ => format!(", across the projects {}", names(&projects)),
        }
    }
}

/// What is told of an end.
struct OwnerTold {
    ways: Vec<FoundWay>,
    /// Who becomes it without another account between, by binding.
    doors: Openings,
    /// The same, each once.
    direct: BTreeSet<Arc<str>>,
    holds: Truth,
}

impl OwnerTold {
    /// Those of whom it is certain, and those of whom it is not.
    fn way(&mut self, members: &[(Arc<str>, Truth)], after: &[String], by: &str) {
        for certain in [true, false] {
            let these: Vec<Arc<str>> = members
                .iter()
                .filter(|(_, holds)| (*holds == Truth::Yes) == certain)
                .map(|(member, _)| Arc::clone(member))
                .collect();
            let Some(first) = these.first() else {
                continue;
            };
            let path = [first.to_string()].into_iter();
            self.ways.push(FoundWay {
                path: path.chain(after.iter().cloned()).collect(),
                members: these,
                certain,
                why: Some(format!("by {by}")),
            });
        }
        self.holds = members
            .iter()
            .fold(self.holds, |sum, (_, holds)| sum.or(*holds));
    }

    /// Who can become it.
    fn comers(&self) -> String {
        let all: BTreeSet<&Arc<str>> = self.ways.iter().flat_map(|way| &way.members).collect();
        let more = all.iter().filter(|m| !self.direct.contains(**m)).count();
        let direct: Vec<&str> = self.direct.iter().map(|m| &**m).collect();
        match (direct.is_empty(), more) {
            (false, 0) => format!("{} can become it", names(&direct)),
            (false, more) => format!(
                "{} can become it, {more} more by way of other accounts",
                names(&direct)
            ),
            (true, more) => format!("{more} can become it by way of other accounts"),
        }
    }
}

/// Whether a member is that account.
fn is_account(member: &str, email: &str) -> bool {
    let own = member.strip_prefix("serviceAccount:");
    own.is_some_and(|own| own.eq_ignore_ascii_case(email))
}
