//! What every caller gets to: [`super::reach()`] and [`super::reach_by`] of all of them at once.
//!
//! All steps stand in one graph ([`graph`]). Whoever gets to each other is one component (Tarjan, "Depth-First Search and
//! Linear Graph Algorithms", 1972), which come in an order in which what they lead to is known already; and sets that
//! have most in common share it ([`sets`]). Ways are not told: `reach` of one caller, and `path`, tell them.

mod classes;
mod components;
mod graph;
mod hops;
mod lists;
mod sets;

use std::collections::BTreeSet;
use std::rc::Rc;

use hashbrown::HashMap;
use jiff::Timestamp;

use super::Brings;
use super::StepsBy;
use super::below::Below;
use super::chains::{cannot_call, out_of_sight, unread_levels};
use super::mover::permissions_of;
use super::relevant::{Ground, RelevantBinding};
use super::standing::standing;
use crate::estate::Estate;
use crate::evaluate::federation::stands_for_nobody;
use crate::evaluate::membership::canonical;
use crate::evaluate::truth::Truth;
use crate::evaluate::ways::WayIn;
use crate::iam::permission::{GET_ACCESS_TOKEN, IMPLICIT_DELEGATION};
use crate::iam::{Member, Permission, Principal, Resource};
pub(super) use classes::RuleClasses;
use components::components;
use graph::{ClosureGraph, End, HopStanding};
use sets::{NumberSet, SetMaker, SharedSet};

/// What one caller gets to.
#[derive(Clone, Debug)]
pub struct CallerReach {
    /// Who.
    pub caller: Principal,
    /// How many accounts it gets to for certain, itself among them only where it has what is asked on itself.
    pub certain: usize,
    /// How many more it may get to.
    pub perhaps: usize,
    /// Of those that are certain, on how many the call would fail all the same: the account or the caller is off or
    /// gone, or there is no token to be had.
    pub fails: usize,
    /// Whether everything that may hold a grant of it, or take one away, was read.
    pub complete: bool,
    set: NumberSet,
    /// Its own account, where that is not to be told, or not as certain.
    itself: Option<(u32, Truth)>,
}

/// Which accounts a caller gets to: those of a shared list, and its own. An account that is certain by one of them is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallerAccounts {
    /// The shared list, by number ([`Closure::shared`]).
    pub shared: Option<u32>,
    /// Beside it, by name.
    pub certain: Vec<String>,
    /// Those that it may get to beside, by name.
    pub perhaps: Vec<String>,
    /// Itself, where it stands in the shared list and is not meant.
    pub without: Option<String>,
}

/// The answer of [`closure`].
#[derive(Debug)]
pub struct Closure {
    /// Those who get to some account, or may, by name.
    pub results: Vec<CallerReach>,
    /// How many callers were looked at.
    pub callers: usize,
    /// How many accounts there are.
    pub accounts: usize,
    /// Whether all of [`CallerReach::complete`] are.
    pub complete: bool,
    /// What was not read, by the names of an estate file's `unreadable`, sorted.
    pub not_read: Vec<String>,
    /// Sets that bindings with a say name, or groups: of those in them only callers are looked at that are named somewhere
    /// else too. As members are written, sorted.
    pub sets: Vec<String>,
    names: Vec<Resource>,
    meanings: Vec<NumberMeaning>,
}

/// What a number in a set says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NumberMeaning {
    Told {
        account: u32,
        certain: bool,
    },
    /// A step that may be there, and would lead on.
    Unsure {
        account: u32,
        standing: HopStanding,
    },
    /// Somebody stands there.
    Stands {
        account: u32,
        standing: HopStanding,
    },
    /// Boundaries that were not read may be bound to somebody on the way.
    Unplaced,
}

/// What every caller in sight gets to at `time`.
#[must_use]
pub fn closure(estate: &Estate, by: &StepsBy, time: Timestamp) -> Closure {
    let (permissions, custom) = match by {
        StepsBy::Permission(asked) => (all_asked(asked), false),
        StepsBy::Ways(ways) => (permissions_of(ways), ways.contains(&WayIn::RoleEdit)),
    };
    let (ground, members, groups, below) = standing(estate, permissions, time, custom);
    let hops = match by {
        StepsBy::Permission(_) => hops::of_permission(&ground),
        StepsBy::Ways(ways) => hops::of_ways(&ground, ways),
    };
    let mut graph = ClosureGraph::new(&ground, &members, &groups, &below, hops);
    let callers = callers(estate);
    let starts: Vec<(u32, u32)> = callers
        .iter()
        .map(|caller| {
            let who = graph.somebody(caller);
            (who, graph.stands(who))
        })
        .collect();
    graph.grow();
    let mut not_read = BTreeSet::new();
    ground.not_read(unread_levels(&ground, &below).iter(), &mut not_read);
    not_read.extend(groups.unread_that_matter(&members));
    let hidden: BTreeSet<String> = groups
        .accounts_that_matter(&members, &below)
        .filter_map(|account| out_of_sight(estate, account))
        .collect();
    // Of what was not read of callers' places each row tells by itself.
    let places = ground.places_not_read();
    let shared_whole =
        not_read.iter().all(|name| places.contains(name)) && below.complete && !estate.is_part();
    let rows = ClosureRows {
        estate,
        below: &below,
        graph: &graph,
        hidden: &hidden,
        whole: shared_whole,
        itself: matches!(by, StepsBy::Permission(_)),
    };
    let (results, meanings) = rows.of(&starts);
    not_read.extend(hidden);
    Closure {
        complete: not_read.is_empty() && shared_whole && results.iter().all(|row| row.complete),
        callers: callers.len(),
        accounts: below
            .accounts
            .iter()
            .filter(|a| estate.accounts.contains_key(a.resource.id()))
            .count(),
        results,
        not_read: not_read.into_iter().collect(),
        sets: sets_that_count(&ground).into_iter().collect(),
        names: below.accounts.iter().map(|a| a.resource.clone()).collect(),
        meanings,
    }
}

fn all_asked(asked: &Permission) -> Vec<Permission> {
    let mut all = vec![asked.clone()];
    for carrying in [GET_ACCESS_TOKEN, IMPLICIT_DELEGATION] {
        if asked.as_str() != carrying {
            all.extend(Permission::parse(carrying));
        }
    }
    all
}

/// The sets, of which nobody lists who is in them, that stand in a binding that may give something, or in a group.
fn sets_that_count(ground: &Ground<'_>) -> BTreeSet<String> {
    let gives = |entry: &&RelevantBinding<'_>| entry.holds.iter().any(|holds| *holds != Truth::No);
    let bindings = ground.entries.iter().filter(gives);
    let granted = bindings.flat_map(|entry| &entry.binding.members);
    let in_groups = ground.estate.groups().flat_map(|group| &group.members);
    let sets = granted.chain(in_groups).filter(|member| {
        !matches!(
            member.member,
            Member::One(_)
                | Member::Group(_)
                | Member::Deleted { .. }
                | Member::ProjectRole(..)
                | Member::Impossible(_)
        ) && !stands_for_nobody(ground.estate, &member.member)
    });
    sets.map(|member| member.text.to_string()).collect()
}

/// Everybody who is known by name: accounts, and whoever stands in an allow policy or a group.
fn callers(estate: &Estate) -> Vec<Principal> {
    let accounts = estate.accounts();
    let accounts = accounts.map(|a| Principal::ServiceAccount(a.email.to_lowercase()));
    let in_groups = estate
        .groups()
        .filter(|g| estate.group(&g.email).is_known());
    let in_groups = in_groups.flat_map(|group| &group.members);
    let named = estate.members().chain(in_groups);
    let mut all: Vec<Principal> = accounts.collect();
    // Each stands in memory once, and most in many groups.
    let mut seen: hashbrown::HashSet<&Principal> = hashbrown::HashSet::new();
    for member in named {
        if let Member::One(one) = &member.member
            && !stands_for_nobody(estate, &member.member)
            && seen.insert(one)
        {
            let is_listed = matches!(one, Principal::ServiceAccount(email)
                if estate.accounts.contains_key(email.as_str()));
            all.extend((!is_listed).then(|| canonical(estate, one)));
        }
    }
    all.sort_unstable();
    all.dedup();
    all
}

/// How many of a set there are.
#[derive(Clone, Copy, Default)]
struct Count {
    certain: usize,
    off: usize,
    /// Those that may be reached and are not certain.
    perhaps: usize,
    unplaced: bool,
}

/// What was counted of a shared set.
struct SharedCount {
    count: Count,
    /// Steps that may be there to accounts where nobody of it stands as well.
    unsure: Vec<u32>,
}

struct ClosureRows<'r, 'g, 'e> {
    estate: &'r Estate,
    below: &'r Below,
    graph: &'r ClosureGraph<'g, 'e>,
    /// Accounts out of sight that bindings name.
    hidden: &'r BTreeSet<String>,
    /// Whether all was read that is the same for all callers.
    whole: bool,
    /// Whether callers may be told among what they get to.
    itself: bool,
}

/// Which number says what of an account.
#[derive(Clone, Copy)]
struct NumbersOf {
    certain: u32,
    perhaps: u32,
    stands: [u32; 4],
}

const NONE: u32 = u32::MAX;

impl ClosureRows<'_, '_, '_> {
    fn of(&self, starts: &[(u32, u32)]) -> (Vec<CallerReach>, Vec<NumberMeaning>) {
        let graph = self.graph;
        let (meanings, own, numbers) = self.numbered();
        let parts = components(graph.len(), |vertex| graph.from(vertex));
        let mut caller_of: HashMap<u32, u32> = HashMap::with_capacity(starts.len());
        caller_of.extend(starts.iter().map(|(who, vertex)| (*vertex, *who)));
        // A set is needed as long as something leads to it that comes later.
        let mut awaited: Vec<u32> = vec![0; parts.count()];
        for vertex in 0..graph.len() {
            for to in graph.from(vertex) {
                if let Some(waits) = awaited.get_mut(parts.of(*to as usize)) {
                    *waits += u32::from(parts.of(*to as usize) != parts.of(vertex));
                }
            }
        }
        let mut maker = SetMaker::new(meanings.len());
        let mut sets: Vec<Option<NumberSet>> = vec![None; parts.count()];
        let mut counts: HashMap<u32, Rc<SharedCount>> = HashMap::new();
        let mut rows = Vec::new();
        let mut last = vec![u32::MAX; parts.count()];
        for part in 0..parts.count() {
            let (mut children, mut said) = (Vec::new(), Vec::new());
            for vertex in parts.members(part) {
                let number = own.get(*vertex as usize).copied().unwrap_or(NONE);
                said.extend((number != NONE).then_some(number));
                if let Some(End::Stands { who, .. }) = graph.end(*vertex as usize)
                    && graph.is_unplaced(who)
                {
                    said.push(0);
                }
                for to in graph.from(*vertex as usize) {
                    let to = parts.of(*to as usize);
                    if to == part {
                        continue;
                    }
                    if let Some(waits) = awaited.get_mut(to) {
                        *waits -= 1;
                    }
                    if let Some(seen) = last.get_mut(to)
                        && *seen != part as u32
                    {
                        *seen = part as u32;
                        children.push(to);
                    }
                }
            }
            let only = match (children.as_slice(), said.is_empty()) {
                ([only], true) => sets.get(*only).cloned().flatten(),
                _ => None,
            };
            let set = only.unwrap_or_else(|| {
                let each = children.iter().filter_map(|to| sets.get(*to)?.as_ref());
                maker.union(each, &said)
            });
            for to in children {
                if awaited.get(to) == Some(&0)
                    && let Some(done) = sets.get_mut(to)
                {
                    *done = None;
                }
            }
            for vertex in parts.members(part) {
                let Some(who) = caller_of.get(vertex) else {
                    continue;
                };
                rows.extend(self.row(*who, &set, &meanings, &numbers, &mut counts));
            }
            if awaited.get(part).is_some_and(|waits| *waits > 0)
                && let Some(place) = sets.get_mut(part)
            {
                *place = Some(set);
            }
        }
        rows.sort_by_cached_key(|row| row.caller.to_string());
        (rows, meanings)
    }

    /// What the numbers in sets say, the number of each vertex, and those of each account.
    fn numbered(&self) -> (Vec<NumberMeaning>, Vec<u32>, Vec<NumbersOf>) {
        let graph = self.graph;
        let nothing = NumbersOf {
            certain: NONE,
            perhaps: NONE,
            stands: [NONE; 4],
        };
        let mut numbers = vec![nothing; self.below.accounts.len()];
        let mut meanings = vec![NumberMeaning::Unplaced];
        let mut own = vec![NONE; graph.len()];
        let mut asked = vec![false; self.below.accounts.len()];
        let ends = || (0..graph.len()).filter_map(|vertex| Some((vertex, graph.end(vertex)?)));
        for (_, end) in ends() {
            if let End::Unsure { account, .. } = end
                && let Some(asked) = asked.get_mut(account as usize)
            {
                *asked = true;
            }
        }
        for (vertex, end) in ends() {
            let next = meanings.len() as u32;
            let (account, meaning) = match end {
                End::Told { account, certain } => {
                    (account, NumberMeaning::Told { account, certain })
                }
                End::Unsure { account, standing } => {
                    (account, NumberMeaning::Unsure { account, standing })
                }
                End::Stands { who, standing } => match graph.account_of(who) {
                    Some(account) if asked.get(account as usize) == Some(&true) => {
                        (account, NumberMeaning::Stands { account, standing })
                    }
                    _ => continue,
                },
            };
            if let Some(of) = numbers.get_mut(account as usize) {
                match meaning {
                    NumberMeaning::Told { certain: true, .. } => of.certain = next,
                    NumberMeaning::Told { certain: false, .. } => of.perhaps = next,
                    NumberMeaning::Stands { standing, .. } => {
                        if let Some(place) = of.stands.get_mut(standing.place()) {
                            *place = next;
                        }
                    }
                    NumberMeaning::Unsure { .. } | NumberMeaning::Unplaced => {}
                }
            }
            if let Some(place) = own.get_mut(vertex) {
                *place = next;
            }
            meanings.push(meaning);
        }
        (meanings, own, numbers)
    }

    fn is_off(&self, account: u32) -> bool {
        self.below
            .accounts
            .get(account as usize)
            .is_some_and(|a| a.off)
    }

    /// Counts some numbers of a set. Gives the steps that may be there, and lead to where nobody of it stands as well.
    fn counted(
        &self,
        some: impl Iterator<Item = u32>,
        set: &NumberSet,
        meanings: &[NumberMeaning],
        numbers: &[NumbersOf],
        count: &mut Count,
    ) -> Vec<u32> {
        let mut unsure = Vec::new();
        for one in some {
            match meanings.get(one as usize) {
                Some(NumberMeaning::Told {
                    account,
                    certain: true,
                }) => {
                    count.certain += 1;
                    count.off += usize::from(self.is_off(*account));
                }
                Some(NumberMeaning::Told {
                    account,
                    certain: false,
                }) => {
                    let known = numbers.get(*account as usize).map_or(NONE, |of| of.certain);
                    count.perhaps += usize::from(known == NONE || !set.contains(known));
                }
                Some(NumberMeaning::Unsure { account, standing }) => {
                    if !stands_as_well(set, numbers, *account, *standing) {
                        unsure.push(one);
                    }
                }
                Some(NumberMeaning::Unplaced) => count.unplaced = true,
                Some(NumberMeaning::Stands { .. }) | None => {}
            }
        }
        unsure
    }

    fn shared(
        &self,
        shared: &Rc<SharedSet>,
        meanings: &[NumberMeaning],
        numbers: &[NumbersOf],
        counts: &mut HashMap<u32, Rc<SharedCount>>,
    ) -> Rc<SharedCount> {
        if let Some(known) = counts.get(&shared.number) {
            return Rc::clone(known);
        }
        let set = NumberSet {
            shared: Some(Rc::clone(shared)),
            own: Rc::default(),
        };
        let mut count = Count::default();
        let unsure = self.counted(shared.iter(), &set, meanings, numbers, &mut count);
        let counted = Rc::new(SharedCount { count, unsure });
        counts.insert(shared.number, Rc::clone(&counted));
        counted
    }

    fn row(
        &self,
        who: u32,
        set: &NumberSet,
        meanings: &[NumberMeaning],
        numbers: &[NumbersOf],
        counts: &mut HashMap<u32, Rc<SharedCount>>,
    ) -> Option<CallerReach> {
        let caller = &self.graph.people.get(who as usize)?.principal;
        let of_shared = set
            .shared
            .as_ref()
            .map(|shared| self.shared(shared, meanings, numbers, counts));
        let mut count = of_shared.as_ref().map(|of| of.count).unwrap_or_default();
        // What is certain by its own is no longer a perhaps of what it shares.
        for one in set.own.iter() {
            if let Some(NumberMeaning::Told {
                account,
                certain: true,
            }) = meanings.get(*one as usize)
            {
                let perhaps = numbers.get(*account as usize).map_or(NONE, |of| of.perhaps);
                let shared = set.shared.as_ref();
                let told = perhaps != NONE && shared.is_some_and(|s| s.contains(perhaps));
                count.perhaps -= usize::from(told);
            }
        }
        let own = self.counted(set.own.iter().copied(), set, meanings, numbers, &mut count);
        let account = self.graph.account_of(who);
        let is_open = |one: &u32| match meanings.get(*one as usize) {
            Some(NumberMeaning::Unsure {
                account: to,
                standing,
            }) => Some(*to) != account && !stands_as_well(set, numbers, *to, *standing),
            _ => false,
        };
        let of_shared = of_shared.iter().flat_map(|of| &of.unsure);
        let open = of_shared.chain(&own).any(is_open);
        let mut itself = None;
        if let Some(account) = account
            && let Some(of) = numbers.get(account as usize)
        {
            let has = |number: u32| number != NONE && set.contains(number);
            let (certain, perhaps) = (has(of.certain), has(of.perhaps));
            if certain || perhaps {
                let own = match self.itself {
                    true => self.graph.on_itself(who, account),
                    false => Truth::No,
                };
                if own != Truth::Yes {
                    let off = self.is_off(account);
                    count.certain -= usize::from(certain);
                    count.off -= usize::from(certain && off);
                    count.perhaps -= usize::from(perhaps && !certain);
                    count.perhaps += usize::from(own != Truth::No);
                    itself = Some((account, own));
                }
            }
        }
        if count.certain == 0 && count.perhaps == 0 && !open && !count.unplaced {
            return None;
        }
        let refused = cannot_call(self.estate, caller, &Brings::default());
        let hidden = match self.hidden.len() {
            0 => false,
            1 => out_of_sight(self.estate, caller).is_none_or(|own| !self.hidden.contains(&own)),
            _ => true,
        };
        Some(CallerReach {
            caller: caller.clone(),
            certain: count.certain,
            perhaps: count.perhaps,
            fails: if refused { count.certain } else { count.off },
            complete: self.whole && !hidden && !open && !count.unplaced,
            set: set.clone(),
            itself,
        })
    }
}

/// Whether somebody of a set stands on an account at least as well as that.
fn stands_as_well(
    set: &NumberSet,
    numbers: &[NumbersOf],
    account: u32,
    standing: HopStanding,
) -> bool {
    numbers.get(account as usize).is_some_and(|of| {
        let each = HopStanding::ALL.iter().zip(of.stands);
        let mut good = each.filter(|(known, _)| known.covers(standing));
        good.any(|(_, number)| number != NONE && set.contains(number))
    })
}
