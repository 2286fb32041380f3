//! A way of becoming accounts ends at one that can give itself any role: walked from the end, over accounts
//! whose token a holder gets. Each account and each level is looked at once.
//!
//! Followed are the ways that make their holder the account without more ([`WayIn::is_whole`]); `actAs`,
//! delegation and ID tokens need something beside, and are not.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::Arc;

use super::Review;
use super::facts::{PlacedBinding, ReviewFacts};
use super::found::{FoundBinding, Told};
use super::rule::{ReviewRule, Severity};
use crate::estate::Existence;
use crate::evaluate::truth::Truth;
use crate::evaluate::ways::WayIn;
use crate::iam::{Member, PolicyMember, Principal, Resource, owner};

/// An account from which a level's policy can be written.
#[derive(Clone, Debug)]
struct Station {
    /// How many accounts further on it is: 0 for the one that has the power.
    steps: usize,
    /// The binding by which it becomes the next one, with the member that lets it in.
    next: Option<(usize, Arc<str>, String)>,
    /// The binding that gives access at the end.
    power: usize,
    /// The member that has it there.
    holder: Arc<str>,
    holds: Truth,
}

/// How far up a level is; the higher the worse.
fn height(level: &Resource) -> usize {
    match level {
        Resource::Organization(_) => 0,
        Resource::Folder(_) => 1,
        Resource::Project(_) => 2,
        Resource::ServiceAccount { .. } => 3,
    }
}

/// With what a level's policy is written, for those below it too.
const WRITES: [&str; 3] = [
    "resourcemanager.organizations.setIamPolicy",
    "resourcemanager.folders.setIamPolicy",
    "resourcemanager.projects.setIamPolicy",
];

pub(super) fn find(facts: &ReviewFacts<'_>, review: &mut Review) {
    let mut walk = OwnerWalk {
        facts,
        stations: BTreeMap::new(),
        queue: VecDeque::new(),
        by_level: HashMap::new(),
        walked: HashSet::new(),
        has_rules: facts.estate.has_rules(),
    };
    for (at, placed) in facts.placed.iter().enumerate() {
        if placed.makes_whole() {
            walk.by_level.entry(placed.resource).or_default().push(at);
        }
    }
    walk.begin();
    while let Some(email) = walk.queue.pop_front() {
        walk.back_from(&email);
    }
    walk.tell(review);
}

struct OwnerWalk<'f, 'e> {
    facts: &'f ReviewFacts<'e>,
    /// By lower-case address.
    stations: BTreeMap<String, Station>,
    queue: VecDeque<String>,
    by_level: HashMap<&'e Resource, Vec<usize>>,
    /// Levels with the project for which they were looked at: without deny rules and boundaries they say the
    /// same for all.
    walked: HashSet<(Resource, Arc<str>)>,
    has_rules: bool,
}

impl<'e> OwnerWalk<'_, 'e> {
    /// Accounts that have the power themselves.
    fn begin(&mut self) {
        let facts = self.facts;
        let mut powers: Vec<usize> = (0..facts.placed.len())
            .filter(|at| {
                let placed = facts.placed.get(*at);
                placed.is_some_and(|p| {
                    p.role.gives_access && !p.is_on_account() && p.holds != Truth::No
                })
            })
            .collect();
        powers.sort_by_key(|at| facts.placed.get(*at).map(|p| height(p.resource)));
        for at in powers {
            let Some(placed) = facts.placed.get(at) else {
                continue;
            };
            for (email, holder) in accounts_of(facts, placed) {
                if self.stations.contains_key(&email) || !self.may_be_used(&email) {
                    continue;
                }
                let one = Principal::ServiceAccount(email.clone());
                let left = WRITES.iter().fold(Truth::No, |sum, permission| {
                    sum.or(facts.left(&one, permission, placed.resource))
                });
                let holds = placed.holds.and(left);
                if holds == Truth::No {
                    continue;
                }
                let station = Station {
                    steps: 0,
                    next: None,
                    power: at,
                    holder,
                    holds,
                };
                self.stations.insert(email.clone(), station);
                self.queue.push_back(email);
            }
        }
    }

    /// Whether an account is there and on, as far as is known, and nobody but Google is it.
    fn may_be_used(&self, email: &str) -> bool {
        let estate = self.facts.estate;
        let off = estate
            .account(email)
            .is_some_and(|account| account.disabled);
        let gone = matches!(
            estate.resolve(&Resource::account("-", email)),
            Existence::Deleted
        );
        let agent = estate.account(email).is_none() && owner::of(email).is_some_and(|o| o.agent);
        !off && !gone && !agent
    }

    /// The account's canonical name, with the levels above it.
    fn levels(&self, email: &str) -> Option<(Resource, Vec<Resource>)> {
        let account = Resource::account("-", email);
        let account = self.facts.estate.resolve(&account).exists()?;
        let Resource::ServiceAccount { project, .. } = &account else {
            return None;
        };
        let mut levels = vec![account.clone()];
        levels.extend(self.facts.above(project).iter().cloned());
        Some((account, levels))
    }

    /// Accounts that become this one.
    fn back_from(&mut self, email: &str) {
        let facts = self.facts;
        let (Some((account, levels)), Some(station)) =
            (self.levels(email), self.stations.get(email).cloned())
        else {
            return;
        };
        let Resource::ServiceAccount { project, .. } = &account else {
            return;
        };
        for level in levels {
            let of = if self.has_rules {
                Arc::clone(project)
            } else {
                "".into()
            };
            if !self.walked.insert((level.clone(), of)) {
                continue;
            }
            for at in self.by_level.get(&level).cloned().unwrap_or_default() {
                let Some(placed) = facts.placed.get(at).filter(|p| p.holds != Truth::No) else {
                    continue;
                };
                for (before, member) in accounts_of(facts, placed) {
                    if before == email
                        || self.stations.contains_key(&before)
                        || !self.may_be_used(&before)
                    {
                        continue;
                    }
                    let one = Member::One(Principal::ServiceAccount(before.clone()));
                    let holds = facts.becomes(placed, &one, &account, &whole(placed));
                    let holds = holds.and(station.holds);
                    if holds == Truth::No {
                        continue;
                    }
                    let way = Station {
                        steps: station.steps + 1,
                        next: Some((at, member, email.to_owned())),
                        power: station.power,
                        holder: Arc::clone(&station.holder),
                        holds,
                    };
                    self.stations.insert(before.clone(), way);
                    self.queue.push_back(before);
                }
            }
        }
    }

    /// The nearest account below each level, the worst first.
    fn best_below(&self) -> HashMap<Resource, &str> {
        let rank = |email: &str| {
            let station = self.stations.get(email)?;
            let power = self.facts.placed.get(station.power)?;
            Some((height(power.resource), station.steps))
        };
        let mut best: HashMap<Resource, &str> = HashMap::new();
        for email in self.stations.keys() {
            let Some((_, levels)) = self.levels(email) else {
                continue;
            };
            for level in levels {
                let other = best.entry(level).or_insert(email);
                if rank(email) < rank(other) {
                    *other = email;
                }
            }
        }
        best
    }

    fn tell(&self, review: &mut Review) {
        let facts = self.facts;
        let best = self.best_below();
        // Who has power where, by member.
        let mut powers: HashSet<(&str, &Resource)> = HashSet::new();
        for placed in facts.placed.iter().filter(|p| p.role.gives_access) {
            for member in &placed.binding.members {
                powers.insert((&member.text, placed.resource));
            }
        }
        for (at, placed) in facts.placed.iter().enumerate() {
            if !placed.makes_whole() || placed.holds == Truth::No {
                continue;
            }
            let Some(email) = best.get(placed.resource) else {
                continue;
            };
            let (Some(station), Some((account, _))) =
                (self.stations.get(*email), self.levels(email))
            else {
                continue;
            };
            let Some(power) = facts.placed.get(station.power) else {
                continue;
            };
            let over = facts.estate.ancestry(power.resource).levels;
            for member in &placed.binding.members {
                if self.is_beside(member, email) {
                    continue;
                }
                // Who may write that policy, or one above, gets no further.
                if over
                    .iter()
                    .any(|level| powers.contains(&(&*member.text, level)))
                {
                    continue;
                }
                let holds = facts
                    .becomes(placed, &member.member, &account, &whole(placed))
                    .and(station.holds);
                if holds != Truth::No {
                    let found = self.one(at, member, email, station, power, holds);
                    review.findings.extend(found);
                }
            }
        }
    }

    /// Members that come to nothing here: nobody, the account itself, accounts that Google alone is, those who
    /// are named by their owning the project.
    fn is_beside(&self, member: &PolicyMember, email: &str) -> bool {
        match &member.member {
            Member::Deleted { .. } | Member::Impossible(_) | Member::ProjectRole(..) => true,
            Member::One(Principal::ServiceAccount(own)) => own == email || !self.may_be_used(own),
            _ => false,
        }
    }

    fn one(
        &self,
        at: usize,
        member: &PolicyMember,
        email: &str,
        station: &Station,
        power: &PlacedBinding<'e>,
        holds: Truth,
    ) -> Option<super::Finding> {
        let facts = self.facts;
        let first = facts.placed.get(at)?;
        let mut path = vec![member.text.to_string()];
        let mut evidence = vec![FoundBinding::of(first, &member.text, true)];
        let (mut here, mut way) = (email.to_owned(), station);
        let mut projects: Vec<Arc<str>> = Vec::new();
        loop {
            let (account, _) = self.levels(&here)?;
            if let Resource::ServiceAccount { project, .. } = &account {
                projects.push(Arc::clone(project));
            }
            path.push(account.full_name());
            let Some((by, through, next)) = &way.next else {
                break;
            };
            evidence.push(FoundBinding::of(facts.placed.get(*by)?, through, false));
            here.clone_from(next);
            way = self.stations.get(&here)?;
        }
        path.push(power.resource.full_name());
        evidence.push(FoundBinding::of(power, &station.holder, false));
        if let Member::One(Principal::ServiceAccount(own)) = &member.member
            && let Some(account) = facts.estate.account(own)
        {
            projects.push(facts.project_of(&account.project_id));
        }
        if let Resource::Project(project) = power.resource {
            projects.push(Arc::clone(project));
        }
        projects.sort();
        projects.dedup();
        let across = if projects.len() > 1 {
            format!(", across the projects {}", projects.join(", "))
        } else {
            String::new()
        };
        let by_way = match station.steps {
            0 => String::new(),
            1 => " by way of one more account".to_owned(),
            more => format!(" by way of {more} more accounts"),
        };
        let severity = if matches!(power.resource, Resource::Project(_)) {
            Severity::High
        } else {
            Severity::Critical
        };
        let told = Told {
            rule: ReviewRule::PathToOwner,
            severity,
            subject: member.text.to_string(),
            holds,
            message: format!(
                "{} becomes {email} by {} and with it{by_way} can give itself any role on {} ({}){across}",
                member.text,
                first.words(),
                power.resource.relative(),
                power.binding.role,
            ),
            remedy: format!(
                "Take {} out of the binding, or {} from the account at the end of the way: a narrower role than {} may do for it.",
                member.text, power.binding.role, power.binding.role,
            ),
            path,
            evidence,
        };
        Some(told.finding())
    }
}

/// The ways of a binding's role that need nothing beside.
fn whole(placed: &PlacedBinding<'_>) -> Vec<WayIn> {
    let ways = placed.role.ways.iter();
    ways.copied().filter(|way| way.is_whole()).collect()
}

/// The accounts that a binding names, by themselves or in groups, with the member that does.
fn accounts_of<'e>(facts: &ReviewFacts<'e>, placed: &PlacedBinding<'e>) -> Vec<(String, Arc<str>)> {
    let mut all = Vec::new();
    for member in &placed.binding.members {
        match &member.member {
            Member::One(Principal::ServiceAccount(email)) => {
                all.push((email.clone(), Arc::clone(&member.text)));
            }
            Member::Group(group) => {
                for inner in &facts.within(group).members {
                    if let Member::One(Principal::ServiceAccount(email)) = &inner.member {
                        all.push((email.clone(), Arc::clone(&member.text)));
                    }
                }
            }
            Member::ServiceAccountsOf(of) => {
                let Some(of) = facts.estate.resolve(of).exists() else {
                    continue;
                };
                for account in facts.estate.accounts() {
                    let project = facts.project_of(&account.project_id);
                    if facts.above(&project).contains(&of) {
                        all.push((account.email.to_lowercase(), Arc::clone(&member.text)));
                    }
                }
            }
            _ => {}
        }
    }
    all
}
