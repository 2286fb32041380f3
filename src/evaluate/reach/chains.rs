//! What a caller can get to, chains included (docs/semantics.md, "Delegation").
//!
//! From an identity whose token one holds, or that stands in a delegation chain, two kinds of hop lead
//! on: `getAccessToken` gives the next account's token, `implicitDelegation` makes the next account a
//! delegate. The last hop is the permission itself. What cannot be asked with delegates (`actAs` and
//! others) needs a token before it. Disabled accounts are not passed through.
//!
//! A hop that is not certain is never passed through: its end is told as unknown, and the answer
//! as incomplete (chosen: behind a group that nobody may read everything would hang together).

use std::collections::{BTreeSet, VecDeque};
use std::rc::Rc;
use std::sync::Arc;

use hashbrown::{HashMap, HashSet};
use jiff::Timestamp;

use super::super::belonging;
use super::super::explain::is_shut_down;
use super::below::{Below, BelowAccount, LeftBelow};
use super::closure::RuleClasses;
use super::identity::{Identity, JudgedSpot};
use super::relevant::Ground;
use super::standing::{GroupIndex, Match, Members, standing};
use super::trail::{Trail, TrailStep};
use super::{Brings, Reach, Reached, Via, verdict};
use crate::estate::{Coverage, Estate, Existence};
use crate::evaluate::explanation::Verdict;
use crate::evaluate::federation::{exchange, set_is_refused};
use crate::evaluate::judge::Judge;
use crate::evaluate::truth::Truth;
use crate::iam::permission::{
    GET_ACCESS_TOKEN, GET_OPEN_ID_TOKEN, IMPLICIT_DELEGATION, SIGN_BLOB, SIGN_JWT,
};
use crate::iam::{Member, Permission, Principal, Resource, owner};

/// Every service account on which `caller` has `permission` at `time`, by its own grants or through
/// other accounts.
#[must_use]
pub fn reach(
    estate: &Estate,
    caller: &Principal,
    permission: &Permission,
    time: Timestamp,
) -> Reach {
    reach_bringing(estate, caller, &Brings::default(), permission, time)
}

/// [`reach`] of a caller that brings attributes or claims.
#[must_use]
pub fn reach_bringing(
    estate: &Estate,
    caller: &Principal,
    brings: &Brings,
    permission: &Permission,
    time: Timestamp,
) -> Reach {
    let mut permissions = vec![permission.clone()];
    for carrying in [GET_ACCESS_TOKEN, IMPLICIT_DELEGATION] {
        if permission.as_str() != carrying {
            permissions.extend(Permission::parse(carrying));
        }
    }
    let ground = Ground::new(estate, permissions, time, None);
    let (members, groups, below) = standing(&ground);
    let mut walk = Walk {
        below: &below,
        reached: vec![vec![false; below.accounts.len()]; ground.permissions.len()],
        left: vec![LeftBelow::default(); ground.permissions.len()],
        nodes: vec![ChainNode {
            principal: caller.clone(),
            account: None,
            hop: None,
        }],
        seen: HashMap::new(),
        queue: VecDeque::from([(0, true)]),
        results: HashMap::new(),
        uncertain: HashSet::new(),
        classes: RuleClasses::new(&ground),
        left_before: HashSet::new(),
        refused: cannot_call(estate, caller, brings),
        brings,
        ground: &ground,
        members: &members,
        groups: &groups,
    };
    // Whoever is let in and is not in sight may be a step of a chain that nobody here sees.
    let mut hidden = Vec::new();
    let (hidden_ones, in_groups, named) = (&mut hidden, &groups, &members);
    rayon::in_place_scope(|scope| {
        scope.spawn(move |_| {
            let accounts = in_groups.accounts_that_matter(named);
            let accounts = accounts.filter(|account| *account != caller);
            hidden_ones.extend(accounts.filter_map(|account| out_of_sight(estate, account)));
        });
        walk.run();
    });
    let mut not_read: BTreeSet<String> = hidden.into_iter().collect();
    ground.not_read(walk.unread_levels().iter(), &mut not_read);
    not_read.extend(groups.unread_that_matter(&members));
    let complete =
        not_read.is_empty() && !walk.is_open() && walk.below.complete && !estate.is_part();
    Reach {
        caller: caller.clone(),
        permission: permission.clone(),
        results: walk.told(),
        complete,
        not_read: not_read.into_iter().collect(),
    }
}

/// An account whose policy was not read because it is in no project that is in sight; its name. One that
/// Google manages is nobody's to be granted (chosen).
pub(super) fn out_of_sight(estate: &Estate, account: &Principal) -> Option<String> {
    let Principal::ServiceAccount(email) = account else {
        return None;
    };
    // Most are there, which is seen without a name of it.
    if estate.account(email).is_some() {
        return None;
    }
    if owner::of(email).is_some_and(|owner| owner.agent) {
        return None;
    }
    match estate.resolve(&Resource::account("-", email)) {
        Existence::Unknown(_) => {
            let project = owner::project_of(email).unwrap_or("-");
            Some(Resource::account(project, email).full_name())
        }
        _ => None,
    }
}

/// Whether `generate…` and `sign…` methods that check it take delegates (discovery document
/// iamcredentials v1, `delegates`).
pub(super) fn takes_delegates(permission: &Permission) -> bool {
    [
        GET_ACCESS_TOKEN,
        GET_OPEN_ID_TOKEN,
        SIGN_BLOB,
        SIGN_JWT,
        IMPLICIT_DELEGATION,
    ]
    .contains(&permission.as_str())
}

/// An identity that the caller can act as.
struct ChainNode {
    principal: Principal,
    account: Option<Resource>,
    /// The node before it, and the binding.
    hop: Option<(usize, Via)>,
}

/// An account that was reached: from which node, and how.
struct FoundEnd {
    at: usize,
    verdict: Verdict,
    via: Vec<Via>,
}

struct Walk<'g, 'e> {
    ground: &'g Ground<'e>,
    members: &'g Members<'e>,
    groups: &'g GroupIndex<'e>,
    below: &'g Below,
    /// For each permission, whether an account is certain, by its number.
    reached: Vec<Vec<bool>>,
    /// For each permission the accounts of each project that is met which are not certain yet.
    left: Vec<LeftBelow>,
    nodes: Vec<ChainNode>,
    /// Accounts on the way, and whether their token is held (or need not be).
    seen: HashMap<usize, bool>,
    queue: VecDeque<(usize, bool)>,
    results: HashMap<usize, FoundEnd>,
    /// Where hops lead that are not certain, and whether as a link of a chain only.
    uncertain: HashSet<(usize, bool)>,
    classes: RuleClasses<'g, 'e>,
    /// Bindings that were gone by already, by whom rules do not tell apart, with whether its token was held and whether
    /// it is certain who is in them: nothing new comes of them.
    left_before: HashSet<(usize, u32, bool, bool)>,
    /// Whether the caller is known to have no token that counts.
    refused: bool,
    brings: &'g Brings,
}

/// An identity, with the bindings that it is in by where they stand.
struct ChainIdentity<'g, 'e> {
    identity: Identity<'g, 'e>,
    by_level: HashMap<&'e Resource, Vec<Match<'e>>>,
    /// For a permission and a project what holds for each account on which nothing stands itself; `None`: they
    /// are not alike.
    alike: HashMap<(usize, usize), Option<Decided>>,
}

/// An answer, with the bindings that it hangs on.
type Decided = Rc<(Truth, Vec<Via>)>;

impl<'g, 'e> Walk<'g, 'e> {
    fn run(&mut self) {
        while let Some((node, holds_token)) = self.queue.pop_front() {
            self.expand(node, holds_token);
        }
    }

    fn expand(&mut self, at: usize, holds_token: bool) {
        let Some(node) = self.nodes.get(at) else {
            return;
        };
        let identity = if at == 0 {
            Identity::bringing(self.ground, &node.principal, self.brings)
        } else {
            Identity::new(self.ground, &node.principal)
        };
        let Some(judge) = identity.judge() else {
            return;
        };
        let mut by_level: HashMap<&'e Resource, Vec<Match<'e>>> = HashMap::new();
        let matches = self.members.of(judge, self.groups);
        let class = self.classes.of(judge);
        identity.belongs(class.free);
        identity.note_place(&matches);
        let class = class.number;
        // A binding's members are told together.
        let new: HashSet<usize> = matches
            .iter()
            .filter(|one| !self.was_left(one, class, holds_token))
            .map(|one| one.entry)
            .collect();
        for one in matches.into_iter().filter(|one| new.contains(&one.entry)) {
            let sure = one.matches == Truth::Yes;
            (self.left_before).insert((one.entry, class, holds_token, sure));
            if let Some(entry) = self.ground.entries.get(one.entry) {
                by_level.entry(entry.resource).or_default().push(one);
            }
        }
        let mut who = ChainIdentity {
            identity,
            by_level,
            alike: HashMap::new(),
        };
        for permission in 0..self.ground.permissions.len() {
            if permission == 0 && !holds_token {
                continue;
            }
            for target in self.candidates(permission, &who.by_level) {
                let Some(account) = self.below.accounts.get(target) else {
                    continue;
                };
                let itself = |n: &ChainNode| is(&n.principal, &account.resource);
                if at == 0 || !self.nodes.first().is_some_and(itself) {
                    self.judge(at, permission, target, &mut who);
                }
            }
        }
    }

    /// Whether somebody went by a binding before whom rules do not tell from this one, and who had as much of it.
    fn was_left(&self, one: &Match<'e>, class: u32, holds_token: bool) -> bool {
        let sure = one.matches == Truth::Yes;
        let as_good = [
            (holds_token, sure),
            (true, true),
            (holds_token, true),
            (true, sure),
        ];
        let before = |(token, sure)| self.left_before.contains(&(one.entry, class, token, sure));
        as_good.into_iter().any(before)
    }

    /// Whether a hop that is not certain may lead to where nobody stands as well.
    fn is_open(&self) -> bool {
        let caller = self.nodes.first();
        let itself = |account: &BelowAccount| {
            caller.is_some_and(|caller| is(&caller.principal, &account.resource))
        };
        self.uncertain.iter().any(|(target, link)| {
            let stands = self.seen.get(target);
            let known = stands.is_some_and(|holds_token| *holds_token || *link);
            let account = self.below.accounts.get(*target);
            !known && account.is_some_and(|account| !account.stops && !itself(account))
        })
    }

    /// Accounts that are not certain yet and lie where a binding of this identity reaches, in their order.
    fn candidates(
        &mut self,
        permission: usize,
        by_level: &HashMap<&'e Resource, Vec<Match<'e>>>,
    ) -> Vec<usize> {
        let (Some(reached), Some(left)) =
            (self.reached.get(permission), self.left.get_mut(permission))
        else {
            return Vec::new();
        };
        let holds = |m: &Match<'_>| {
            self.ground
                .entries
                .get(m.entry)
                .and_then(|e| e.holds.get(permission))
                .is_some_and(|h| *h != Truth::No)
        };
        let levels = by_level.iter();
        let levels = levels.filter(|(_, matches)| matches.iter().any(holds));
        left.on(self.below, levels.map(|(level, _)| *level), |account| {
            !reached.get(account).copied().unwrap_or(true)
        })
    }

    /// What holds for an account.
    fn decided(
        &self,
        permission: usize,
        account: &BelowAccount,
        who: &mut ChainIdentity<'g, 'e>,
    ) -> Option<Decided> {
        let above = &self.below.projects.get(account.project)?.above;
        let spot = JudgedSpot::known(account, above)?;
        let of = |level: &Resource| who.by_level.get(level).into_iter().flatten();
        let plain = account.policy_read && !who.by_level.contains_key(&account.resource);
        let key = (permission, account.project);
        if plain && let Some(Some(known)) = who.alike.get(&key) {
            return Some(Rc::clone(known));
        }
        let levels = std::iter::once(&account.resource).chain(&above.levels);
        let matches = levels.flat_map(of);
        let (answer, leads) = who.identity.decide_at(permission, &spot, matches);
        let vias = leads.into_iter();
        let vias = vias.filter_map(|m| who.identity.via(permission, m));
        let judged = Rc::new((answer, vias.collect()));
        if plain && !who.alike.contains_key(&key) {
            let matches = above.levels.iter().flat_map(of);
            let same = who.identity.same_below(above, matches);
            let known = same.then(|| Rc::clone(&judged));
            who.alike.insert(key, known);
        }
        Some(judged)
    }

    fn judge(
        &mut self,
        at: usize,
        permission: usize,
        target: usize,
        who: &mut ChainIdentity<'g, 'e>,
    ) {
        let below = self.below;
        let Some(account) = below.accounts.get(target) else {
            return;
        };
        let Some(judged) = self.decided(permission, account, who) else {
            return;
        };
        let (answer, vias) = &*judged;
        // Without a lead it is only what was not read that leaves it open.
        if *answer == Truth::No || vias.is_empty() {
            return;
        }
        let carries = self
            .ground
            .permissions
            .get(permission)
            .is_some_and(|p| [GET_ACCESS_TOKEN, IMPLICIT_DELEGATION].contains(&p.as_str()));
        if *answer == Truth::Yes {
            let reached = self.reached.get_mut(permission);
            if let Some(reached) = reached.and_then(|r| r.get_mut(target)) {
                *reached = true;
            }
            if carries {
                self.pass_on(at, permission, (target, account), vias.first());
            }
        } else if carries {
            let link = !self.holds_token_by(permission);
            self.uncertain.insert((target, link));
        }
        if permission == 0 {
            self.record(at, target, *answer, vias);
        }
    }

    /// Whether whoever goes on by a permission holds the next account's token, or need not.
    fn holds_token_by(&self, permission: usize) -> bool {
        let of = |place: usize| self.ground.permissions.get(place);
        of(permission).is_some_and(|this| this.as_str() == GET_ACCESS_TOKEN)
            || of(0).is_some_and(takes_delegates)
    }

    fn pass_on(
        &mut self,
        at: usize,
        permission: usize,
        (target, account): (usize, &BelowAccount),
        via: Option<&Via>,
    ) {
        let Some(via) = via else {
            return;
        };
        if account.stops {
            return;
        }
        let holds_token = self.holds_token_by(permission);
        match self.seen.get(&target) {
            Some(true) => return,
            Some(false) if !holds_token => return,
            _ => {}
        }
        self.seen.insert(target, holds_token);
        let node = self.nodes.len();
        self.nodes.push(ChainNode {
            principal: Principal::ServiceAccount(account.resource.id().to_owned()),
            account: Some(account.resource.clone()),
            hop: Some((at, via.clone())),
        });
        self.queue.push_back((node, holds_token));
    }

    fn record(&mut self, at: usize, target: usize, answer: Truth, vias: &[Via]) {
        let Some(verdict) = verdict(answer) else {
            return;
        };
        let known = self.results.contains_key(&target);
        if known && answer != Truth::Yes {
            return;
        }
        // A direct grant is told with every binding.
        let many = if at == 0 { vias.len() } else { 1 };
        let via = vias.iter().take(many).cloned().collect();
        self.results.insert(target, FoundEnd { at, verdict, via });
    }

    /// What was found, by target.
    fn told(self) -> Vec<Reached> {
        let steps = self.nodes.into_iter().map(|node| TrailStep {
            name: node
                .account
                .map_or_else(|| node.principal.to_string(), |a| a.full_name()),
            before: node.hop,
        });
        let steps: Arc<[TrailStep]> = steps.collect();
        let mut ends: Vec<(usize, FoundEnd)> = self.results.into_iter().collect();
        ends.sort_unstable_by_key(|(target, _)| *target);
        let mut named: Vec<(String, &BelowAccount, FoundEnd)> = ends
            .into_iter()
            .filter_map(|(target, end)| {
                let account = self.below.accounts.get(target)?;
                Some((account.resource.full_name(), account, end))
            })
            .collect();
        // They are nearly in this order already.
        named.sort_by(|a, b| a.0.cmp(&b.0));
        let reached = named.into_iter().map(|(name, account, end)| Reached {
            outcome: super::outcome(end.verdict, self.refused || account.off),
            verdict: end.verdict,
            trail: Trail::from(&steps, end.at, name, end.via),
            target: account.resource.clone(),
        });
        reached.collect()
    }

    /// Levels whose policies, or deny policies, are not known.
    fn unread_levels(&self) -> Vec<Resource> {
        let mut levels = unread_levels(self.ground, self.below);
        if self.ground.estate.coverage() == Coverage::Partial {
            let certain = |number: usize| {
                let mut each = self.reached.iter();
                each.any(|r| r.get(number).copied().unwrap_or_default())
            };
            let accounts = self.below.accounts.iter().enumerate();
            let accounts = accounts.filter(|(number, _)| certain(*number));
            levels.extend(accounts.map(|(_, account)| account.resource.clone()));
        }
        levels
    }
}

/// Levels and accounts whose policies, or deny policies, are not known, or may not be.
pub(super) fn unread_levels(ground: &Ground<'_>, below: &Below) -> Vec<Resource> {
    let mut levels: Vec<Resource> = ground.unread().cloned().collect();
    if ground.estate.coverage() == Coverage::Partial {
        let listed = below.projects.iter().flat_map(|p| &p.listed);
        let listed = listed.filter_map(|number| below.accounts.get(*number));
        levels.extend(listed.map(|account| account.resource.clone()));
    }
    if ground.estate.coverage() != Coverage::Whole {
        levels.extend(below.levels().cloned());
    }
    levels
}

/// Whether the caller is known to have no token that counts: it is off or gone, or no provider lets it in.
pub(super) fn cannot_call(estate: &Estate, caller: &Principal, brings: &Brings) -> bool {
    let off = match caller {
        Principal::ServiceAccount(email) => is_off(estate, &Resource::account("-", email)),
        _ => exchange(estate, caller, &brings.attributes, brings.claims.as_deref())
            .is_some_and(|e| e.is_refused()),
    };
    off || home_is_shut_down(estate, caller)
}

/// The same of one who is judged already.
pub(super) fn is_refused(estate: &Estate, caller: &Principal, judge: &Judge<'_>) -> bool {
    let off = match caller {
        Principal::ServiceAccount(email) => is_off(estate, &Resource::account("-", email)),
        _ => judge.exchange.as_ref().is_some_and(|e| e.is_refused()),
    };
    off || home_is_shut_down(estate, caller)
}

/// Whether nobody of a set gets a token: its pool or provider is off, or the pool's project was shut down.
pub(super) fn set_is_off(estate: &Estate, set: &Member) -> bool {
    set_is_refused(estate, set)
        || set.pool().is_some_and(|pool| {
            let somebody = Principal::Federated {
                pool: pool.clone(),
                subject: "-".to_owned(),
            };
            home_is_shut_down(estate, &somebody)
        })
}

/// Whether the project that an account, or a federated caller's pool, is kept in was shut down.
pub(super) fn home_is_shut_down(estate: &Estate, caller: &Principal) -> bool {
    match belonging::home(estate, caller) {
        Some(Resource::ServiceAccount { project, .. } | Resource::Project(project)) => estate
            .project(&project)
            .is_some_and(crate::estate::records::Project::is_shut_down),
        _ => false,
    }
}

/// Whether an account is known to be disabled or gone, or of a project that was shut down.
pub(super) fn is_off(estate: &Estate, account: &Resource) -> bool {
    match estate.resolve(account) {
        Existence::Exists(found) => {
            estate.account(found.id()).is_some_and(|a| a.disabled) || is_shut_down(estate, &found)
        }
        Existence::Deleted => true,
        // One of a project that is not known may well exist elsewhere.
        Existence::Missing | Existence::Unknown(_) => false,
    }
}

fn is(principal: &Principal, account: &Resource) -> bool {
    matches!(principal, Principal::ServiceAccount(email) if email == account.id())
}
