//! Accounts that can give themselves any role, and who can become them: one finding for each such account, with all
//! ways to it.
//!
//! Walked from the end, over accounts whose token a holder gets. Each account and each level is looked at once, so
//! that an account far from any end is told of with the nearest of the worst ends alone; who becomes an end itself is
//! told of with each.
//!
//! Followed are the ways that make their holder the account without more ([`WayIn::is_whole`]); `actAs`,
//! delegation and ID tokens need something beside, and are not.

mod tell;

use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::rc::Rc;
use std::sync::Arc;

use super::Review;
use super::facts::{PlacedBinding, ReviewFacts};
use crate::estate::Existence;
use crate::evaluate::truth::Truth;
use crate::evaluate::ways::WayIn;
use crate::iam::{Member, PolicyMember, Principal, Resource, owner};

/// Members of a binding, with whether it holds for them.
type Comers = Rc<Vec<(Arc<str>, Truth)>>;

/// Bindings, each with the member that it lets in.
type Openings = Vec<(usize, Arc<str>)>;

/// A binding, and the project of the accounts below it.
type DoorKey = (usize, Arc<str>);

/// By which an account can write a level's policy.
#[derive(Clone, Debug)]
struct OwnerPower {
    /// The binding.
    at: usize,
    /// The member that has it there: the account, or a group that it is in.
    holder: Arc<str>,
    holds: Truth,
}

/// An account from which an end is reached.
#[derive(Clone, Debug)]
struct Station {
    /// How many accounts further on the end is: 0 for the end.
    steps: usize,
    /// The binding by which it becomes the next one, with the member that lets it in.
    next: Option<(usize, Arc<str>, String)>,
    /// The end.
    end: String,
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
        ends: BTreeMap::new(),
        stations: HashMap::new(),
        queue: VecDeque::new(),
        by_level: HashMap::new(),
        walked: HashSet::new(),
        powers: HashSet::new(),
        doors: RefCell::default(),
        has_rules: facts.estate.has_rules(),
    };
    for (at, placed) in facts.placed.iter().enumerate() {
        if placed.makes_whole() {
            walk.by_level.entry(placed.resource).or_default().push(at);
        }
        if placed.role.gives_access && placed.holds == Truth::Yes {
            let members = placed.binding.members.iter();
            walk.powers
                .extend(members.map(|member| (&*member.text, placed.resource)));
        }
    }
    walk.find_ends();
    // The worst first: who gets to one of those is told of with it.
    for level in 0..height(&Resource::account("-", "-")) {
        walk.begin(level);
        while let Some(email) = walk.queue.pop_front() {
            walk.back_from(&email);
        }
    }
    let further = walk.further();
    for email in walk.ends.keys() {
        let ways = further.get(email).map_or(&[][..], Vec::as_slice);
        review.findings.extend(walk.tell(email, ways));
    }
}

/// A way that begins at one binding.
struct WayBack {
    /// The binding.
    at: usize,
    /// Who comes by it, with whether it holds for them.
    members: Vec<(Arc<str>, Truth)>,
    /// The accounts on it, the end last.
    accounts: Vec<Resource>,
    /// The bindings behind the first, with the member that lets the account before it in.
    bindings: Openings,
}

struct OwnerWalk<'f, 'e> {
    facts: &'f ReviewFacts<'e>,
    /// Accounts that can write policies, by lower-case address; the worst power first.
    ends: BTreeMap<String, Vec<OwnerPower>>,
    /// By lower-case address.
    stations: HashMap<String, Station>,
    queue: VecDeque<String>,
    by_level: HashMap<&'e Resource, Vec<usize>>,
    /// Levels with the project for which they were looked at: without deny rules and boundaries they say the
    /// same for all.
    walked: HashSet<(Resource, Arc<str>)>,
    /// Who certainly has power where, by member.
    powers: HashSet<(&'e str, &'e Resource)>,
    /// Who becomes the accounts of a project by a binding above them.
    doors: RefCell<HashMap<DoorKey, Comers>>,
    has_rules: bool,
}

impl<'e> OwnerWalk<'_, 'e> {
    fn placed(&self, at: usize) -> Option<&PlacedBinding<'e>> {
        self.facts.placed.get(at)
    }

    /// Accounts that have the power themselves.
    fn find_ends(&mut self) {
        let facts = self.facts;
        for (at, placed) in facts.placed.iter().enumerate() {
            if !placed.role.gives_access || placed.is_on_account() || placed.holds == Truth::No {
                continue;
            }
            for (email, holder) in accounts_of(facts, placed) {
                if !self.may_be_used(&email) {
                    continue;
                }
                let one = Principal::ServiceAccount(email.clone());
                let left = WRITES.iter().fold(Truth::No, |sum, permission| {
                    sum.or(facts.left(&one, permission, placed.resource))
                });
                let holds = placed.holds.and(left);
                if holds != Truth::No {
                    let power = OwnerPower { at, holder, holds };
                    self.ends.entry(email).or_default().push(power);
                }
            }
        }
        for powers in self.ends.values_mut() {
            // Of two on one height the certain one; then as they stand.
            powers.sort_by_key(|power| {
                let level = facts.placed.get(power.at).map(|p| height(p.resource));
                (level, Reverse(power.holds == Truth::Yes))
            });
        }
    }

    /// Ends whose worst power is so high up.
    fn begin(&mut self, level: usize) {
        for (email, powers) in &self.ends {
            let Some(worst) = powers.first() else {
                continue;
            };
            let placed = self.facts.placed.get(worst.at);
            if placed.is_some_and(|p| height(p.resource) == level)
                && !self.stations.contains_key(email)
            {
                let station = Station {
                    steps: 0,
                    next: None,
                    end: email.clone(),
                    holds: worst.holds,
                };
                self.stations.insert(email.clone(), station);
                self.queue.push_back(email.clone());
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
                        end: station.end.clone(),
                        holds,
                    };
                    self.stations.insert(before.clone(), way);
                    self.queue.push_back(before);
                }
            }
        }
    }

    /// The worst level that an end has power over.
    fn power_of(&self, end: &str) -> Option<&PlacedBinding<'e>> {
        self.placed(self.ends.get(end)?.first()?.at)
    }

    /// The nearest account below each level, the worst first.
    fn best_below(&self) -> HashMap<Resource, &str> {
        let rank = |email: &str| {
            let station = self.stations.get(email)?;
            let power = self.power_of(&station.end)?;
            Some((height(power.resource), station.steps))
        };
        let mut best: HashMap<Resource, &str> = HashMap::new();
        let mut emails: Vec<&String> = self.stations.keys().collect();
        emails.sort_unstable();
        for email in emails {
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

    /// By end, who comes to it by way of other accounts.
    fn further(&self) -> BTreeMap<String, Vec<WayBack>> {
        let facts = self.facts;
        let best = self.best_below();
        let mut found: BTreeMap<String, Vec<WayBack>> = BTreeMap::new();
        for (at, placed) in facts.placed.iter().enumerate() {
            if !placed.makes_whole() || placed.holds == Truth::No {
                continue;
            }
            let Some(email) = best.get(placed.resource) else {
                continue;
            };
            let Some(station) = self.stations.get(*email).filter(|s| s.steps > 0) else {
                continue;
            };
            let way = self.way_from(email);
            let (Some((accounts, bindings)), Some(power)) = (way, self.power_of(&station.end))
            else {
                continue;
            };
            let (Some(account), over) = (accounts.first(), self.over(power)) else {
                continue;
            };
            let mut members = Vec::new();
            for member in &placed.binding.members {
                if self.is_beside(member, email) || self.has_power(&member.text, &over) {
                    continue;
                }
                let holds = facts.becomes(placed, &member.member, account, &whole(placed));
                let holds = holds.and(station.holds);
                if holds != Truth::No {
                    members.push((Arc::clone(&member.text), holds));
                }
            }
            if !members.is_empty() {
                let way = WayBack {
                    at,
                    members,
                    accounts,
                    bindings,
                };
                found.entry(station.end.clone()).or_default().push(way);
            }
        }
        found
    }

    /// The accounts from a station to its end, and the bindings between them.
    fn way_from(&self, email: &str) -> Option<(Vec<Resource>, Openings)> {
        let (mut accounts, mut bindings) = (Vec::new(), Vec::new());
        let mut here = email;
        loop {
            accounts.push(self.levels(here)?.0);
            let Some((by, through, next)) = &self.stations.get(here)?.next else {
                return Some((accounts, bindings));
            };
            bindings.push((*by, Arc::clone(through)));
            here = next;
        }
    }

    /// The levels on which a policy may be written to the same end.
    fn over(&self, power: &PlacedBinding<'e>) -> Vec<Resource> {
        self.facts.estate.ancestry(power.resource).levels
    }

    /// Who may write that policy, or one above, gets no further.
    fn has_power(&self, member: &str, over: &[Resource]) -> bool {
        over.iter()
            .any(|level| self.powers.contains(&(member, level)))
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

    /// Who becomes an account by a binding on it, or above it: there it is the same for all of a project.
    fn door(&self, at: usize, account: &Resource) -> Option<Comers> {
        let placed = self.facts.placed.get(at)?;
        let Resource::ServiceAccount { project, .. } = account else {
            return None;
        };
        let key = (at, Arc::clone(project));
        if let Some(known) = self.doors.borrow().get(&key) {
            return Some(Rc::clone(known));
        }
        let mut members = Vec::new();
        for member in &placed.binding.members {
            if self.is_beside(member, "") {
                continue;
            }
            let holds = self
                .facts
                .becomes(placed, &member.member, account, &whole(placed));
            if holds != Truth::No {
                members.push((Arc::clone(&member.text), holds));
            }
        }
        let members = Rc::new(members);
        if !placed.is_on_account() {
            self.doors.borrow_mut().insert(key, Rc::clone(&members));
        }
        Some(members)
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
                for email in facts.within(group).accounts() {
                    all.push((email.to_owned(), Arc::clone(&member.text)));
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
