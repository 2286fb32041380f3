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
use std::sync::Arc;

use hashbrown::{HashMap, HashSet};
use jiff::Timestamp;
use rayon::prelude::*;

use super::super::belonging;
use super::super::explain::{caller_state, is_shut_down};
use super::below::{Below, BelowAccount, LeftBelow};
use super::closure::RuleClasses;
use super::identity::{Identity, JudgedSpot};
use super::relevant::{Ground, LevelsAbove};
use super::standing::{GroupIndex, Match, Members, standing};
use super::trail::{Trail, TrailStep, TrailVia};
use super::{Brings, Reach, Reached, Via, verdict};
use crate::estate::{Coverage, Estate, Existence};
use crate::evaluate::explanation::{AccountState, Verdict};
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
    let (ground, members, groups, below) = standing(estate, permissions, time, false);
    let mut walk = Walk {
        caller,
        below: &below,
        reached: vec![vec![false; below.accounts.len()]; ground.permissions.len()],
        left: vec![LeftBelow::default(); ground.permissions.len()],
        nodes: vec![ChainNode {
            account: None,
            hop: None,
        }],
        seen: vec![None; below.accounts.len()],
        queue: VecDeque::from([(0, true)]),
        results: below.accounts.iter().map(|_| None).collect(),
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
    let (hidden_ones, in_groups, named, known) = (&mut hidden, &groups, &members, &below);
    rayon::in_place_scope(|scope| {
        scope.spawn(move |_| {
            let accounts = in_groups.accounts_that_matter(named, known);
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
    /// By number; `None`: the caller.
    account: Option<usize>,
    /// The node before it, and the binding, which is the first.
    hop: Option<(usize, Arc<[Via]>)>,
}

/// An account that was reached: from which node, and how.
struct FoundEnd {
    at: usize,
    verdict: Verdict,
    via: Arc<[Via]>,
}

struct Walk<'g, 'e> {
    caller: &'g Principal,
    ground: &'g Ground<'e>,
    members: &'g Members<'e>,
    groups: &'g GroupIndex<'e>,
    below: &'g Below,
    /// For each permission, whether an account is certain, by its number.
    reached: Vec<Vec<bool>>,
    /// For each permission the accounts of each project that is met which are not certain yet.
    left: Vec<LeftBelow>,
    nodes: Vec<ChainNode>,
    /// Of each account on the way, by number, whether its token is held (or need not be).
    seen: Vec<Option<bool>>,
    queue: VecDeque<(usize, bool)>,
    /// By number.
    results: Vec<Option<FoundEnd>>,
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
    /// By the account's number.
    by_account: HashMap<usize, Vec<Match<'e>>>,
    /// For a permission and a project what holds for each account on which nothing stands itself; `None`: they
    /// are not alike.
    alike: HashMap<(usize, usize), Option<Decided>>,
}

impl<'e> ChainIdentity<'_, 'e> {
    /// The bindings above an account, on these levels.
    fn above<'s>(&'s self, above: &'s LevelsAbove) -> impl Iterator<Item = &'s Match<'e>> {
        let levels = match self.by_level.is_empty() {
            true => &[],
            false => above.levels.as_slice(),
        };
        levels
            .iter()
            .filter_map(|level| self.by_level.get(level))
            .flatten()
    }
}

/// An answer, with the bindings that it hangs on.
#[derive(Clone)]
struct Decided {
    answer: Truth,
    via: Arc<[Via]>,
}

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
        let account = node.account.and_then(|at| self.below.accounts.get(at));
        let identity = match account {
            None => Identity::bringing(self.ground, self.caller, self.brings),
            Some(account) => {
                let email = account.resource.id().to_owned();
                Identity::new(self.ground, &Principal::ServiceAccount(email))
            }
        };
        let Some(judge) = identity.judge() else {
            return;
        };
        let matches = self.members.of(judge, self.groups);
        let class = match account {
            None => self.classes.of(judge),
            Some(account) => self.classes.of_account(judge, account),
        };
        identity.belongs(class.free);
        identity.note_place(&matches);
        let class = class.number;
        // A binding's members are told together.
        let new: HashSet<usize> = matches
            .iter()
            .filter(|one| !self.was_left(one, class, holds_token))
            .map(|one| one.entry)
            .collect();
        let mut who = ChainIdentity {
            identity,
            by_level: HashMap::new(),
            by_account: HashMap::new(),
            alike: HashMap::new(),
        };
        for one in matches.into_iter().filter(|one| new.contains(&one.entry)) {
            let sure = one.matches == Truth::Yes;
            (self.left_before).insert((one.entry, class, holds_token, sure));
            let on = self.ground.entries.get(one.entry).map(|e| e.resource);
            match on {
                Some(Resource::ServiceAccount { .. }) => {
                    let number = on.and_then(|on| self.below.number(on));
                    if let Some(number) = number {
                        who.by_account.entry(number).or_default().push(one);
                    }
                }
                Some(level) => who.by_level.entry(level).or_default().push(one),
                None => {}
            }
        }
        for permission in 0..self.ground.permissions.len() {
            if permission == 0 && !holds_token {
                continue;
            }
            for target in self.candidates(permission, &who) {
                let Some(account) = self.below.accounts.get(target) else {
                    continue;
                };
                if at == 0 || !is(self.caller, &account.resource) {
                    self.judge(at, permission, (target, account), &mut who);
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
        self.uncertain.iter().any(|(target, link)| {
            let stands = self.seen.get(*target).copied().flatten();
            let known = stands.is_some_and(|holds_token| holds_token || *link);
            let account = self.below.accounts.get(*target);
            let leads_on =
                |account: &BelowAccount| !account.stops && !is(self.caller, &account.resource);
            !known && account.is_some_and(leads_on)
        })
    }

    /// Accounts that are not certain yet and lie where a binding of this identity reaches, in their order.
    fn candidates(&mut self, permission: usize, who: &ChainIdentity<'g, 'e>) -> Vec<usize> {
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
        let levels = who.by_level.iter();
        let levels = levels.filter(|(_, matches)| matches.iter().any(holds));
        let own = who.by_account.iter();
        let own = own.filter(|(_, matches)| matches.iter().any(holds));
        left.on(
            self.below,
            levels.map(|(level, _)| *level),
            own.map(|(number, _)| *number),
            |account| !reached.get(account).copied().unwrap_or(true),
        )
    }

    /// What holds for an account.
    fn decided(
        &self,
        permission: usize,
        (target, account): (usize, &BelowAccount),
        who: &mut ChainIdentity<'g, 'e>,
    ) -> Option<Decided> {
        let above = &self.below.projects.get(account.project)?.above;
        let spot = JudgedSpot::known(account, above)?;
        let own = who.by_account.get(&target);
        let plain = account.policy_read && own.is_none();
        let key = (permission, account.project);
        if plain && let Some(Some(known)) = who.alike.get(&key) {
            return Some(known.clone());
        }
        let matches = own.into_iter().flatten().chain(who.above(above));
        let (answer, leads) = who.identity.decide_at(permission, &spot, matches);
        let via = leads.into_iter();
        let via = via.filter_map(|m| who.identity.via(permission, m));
        let judged = Decided {
            answer,
            via: via.collect(),
        };
        if plain && !who.alike.contains_key(&key) {
            let same = who.identity.same_below(above, who.above(above));
            who.alike.insert(key, same.then(|| judged.clone()));
        }
        Some(judged)
    }

    fn judge(
        &mut self,
        at: usize,
        permission: usize,
        (target, account): (usize, &BelowAccount),
        who: &mut ChainIdentity<'g, 'e>,
    ) {
        let Some(judged) = self.decided(permission, (target, account), who) else {
            return;
        };
        // Without a lead it is only what was not read that leaves it open.
        if judged.answer == Truth::No || judged.via.is_empty() {
            return;
        }
        let carries = self
            .ground
            .permissions
            .get(permission)
            .is_some_and(|p| [GET_ACCESS_TOKEN, IMPLICIT_DELEGATION].contains(&p.as_str()));
        if judged.answer == Truth::Yes {
            let reached = self.reached.get_mut(permission);
            if let Some(reached) = reached.and_then(|r| r.get_mut(target)) {
                *reached = true;
            }
            if carries {
                self.pass_on(at, permission, (target, account), &judged.via);
            }
        } else if carries {
            let link = !self.holds_token_by(permission);
            self.uncertain.insert((target, link));
        }
        if permission == 0 {
            self.record(at, target, judged);
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
        via: &Arc<[Via]>,
    ) {
        if account.stops {
            return;
        }
        let holds_token = self.holds_token_by(permission);
        let Some(seen) = self.seen.get_mut(target) else {
            return;
        };
        match *seen {
            Some(true) => return,
            Some(false) if !holds_token => return,
            _ => {}
        }
        *seen = Some(holds_token);
        let node = self.nodes.len();
        self.nodes.push(ChainNode {
            account: Some(target),
            hop: Some((at, Arc::clone(via))),
        });
        self.queue.push_back((node, holds_token));
    }

    fn record(&mut self, at: usize, target: usize, judged: Decided) {
        let Some(verdict) = verdict(judged.answer) else {
            return;
        };
        if let Some(known) = self.results.get_mut(target)
            && (known.is_none() || judged.answer == Truth::Yes)
        {
            let via = judged.via;
            *known = Some(FoundEnd { at, verdict, via });
        }
    }

    /// What was found, by target.
    fn told(self) -> Vec<Reached> {
        let below = self.below;
        let name_of = |number: usize| -> Option<Arc<str>> {
            let account = below.accounts.get(number)?;
            Some(account.resource.full_name().into())
        };
        let ends = self.results.into_par_iter().enumerate();
        let ends = ends.filter_map(|(number, end)| {
            let end = end?;
            Some((name_of(number)?, number, end))
        });
        let mut ends: Vec<(Arc<str>, usize, FoundEnd)> = ends.collect();
        let mut names: Vec<Option<Arc<str>>> = vec![None; below.accounts.len()];
        for (name, number, _) in &ends {
            if let Some(place) = names.get_mut(*number) {
                *place = Some(Arc::clone(name));
            }
        }
        let steps = self.nodes.into_iter().map(|node| {
            let name = node.account.and_then(|number| {
                let told = names.get(number).cloned().flatten();
                told.or_else(|| name_of(number))
            });
            let name = name.unwrap_or_else(|| self.caller.to_string().into());
            let before = node.hop;
            (name, before.map(|(at, via)| (at, TrailVia::Shared(via, 1))))
        });
        let steps = TrailStep::all(steps);
        // They are nearly in this order already.
        ends.sort_by(|a, b| a.0.cmp(&b.0));
        let refused = self.refused;
        let reached = ends.into_par_iter().filter_map(|(name, number, end)| {
            let account = below.accounts.get(number)?;
            // A direct grant is told with every binding.
            let many = if end.at == 0 { end.via.len() } else { 1 };
            Some(Reached {
                outcome: super::outcome(end.verdict, refused || account.off),
                verdict: end.verdict,
                trail: Trail::from(&steps, end.at, name, TrailVia::Shared(end.via, many)),
                target: account.resource.clone(),
            })
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

/// Whether the caller is known to have no token that counts: it is off, gone or nobody, or no provider lets it in.
pub(super) fn cannot_call(estate: &Estate, caller: &Principal, brings: &Brings) -> bool {
    let told = || exchange(estate, caller, &brings.attributes, brings.claims.as_deref());
    is_nobody_now(estate, caller)
        || told().is_some_and(|e| e.is_refused())
        || home_is_shut_down(estate, caller)
}

/// The same of one who is judged already.
pub(super) fn is_refused(estate: &Estate, caller: &Principal, judge: &Judge<'_>) -> bool {
    is_nobody_now(estate, caller)
        || judge.exchange.as_ref().is_some_and(|e| e.is_refused())
        || home_is_shut_down(estate, caller)
}

/// Whether a caller is an account that is off or gone, or a name that is nobody's: as [`super::super::explain()`] has it.
fn is_nobody_now(estate: &Estate, caller: &Principal) -> bool {
    matches!(
        caller_state(estate, caller),
        AccountState::Disabled | AccountState::Deleted | AccountState::NotFound
    )
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
