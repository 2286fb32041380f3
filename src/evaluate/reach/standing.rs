//! In which bindings and groups an identity is, looked up from its name: no binding and no group is walked down.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::Arc;

use hashbrown::{HashMap, HashSet};

use super::super::federation::stands_for_nobody;
use super::super::judge::Judge;
use super::super::membership;
use super::below::Below;
use super::relevant::{Ground, RelevantBinding};
use crate::estate::{Estate, Read};
use crate::evaluate::truth::Truth;
use crate::iam::{Member, PolicyMember, Pool, Principal};

/// A binding that an identity is in, or may be.
#[derive(Clone, Debug)]
pub(super) struct Match<'e> {
    /// Which entry of [`Ground::entries`].
    pub entry: usize,
    /// The member that lets it in.
    pub member: &'e Arc<PolicyMember>,
    /// Whether it does.
    pub matches: Truth,
}

/// The relevant bindings by member.
pub(super) struct Members<'e> {
    one: HashMap<&'e Principal, Vec<(usize, &'e Arc<PolicyMember>)>>,
    /// By subject: GKE's accounts have two names.
    federated: HashMap<Cow<'e, str>, Vec<(usize, &'e Arc<PolicyMember>)>>,
    groups: HashMap<&'e str, Vec<(usize, &'e Arc<PolicyMember>)>>,
    /// Each set once, with the entries that it stands in; those of a pool's identities apart.
    sets: Vec<MemberSet<'e>>,
    pooled: HashMap<&'e Pool, Vec<MemberSet<'e>>>,
}

/// A member that stands for many, and the entries that it stands in.
type MemberSet<'e> = (&'e Arc<PolicyMember>, Vec<usize>);

impl<'e> Members<'e> {
    pub fn new(ground: &Ground<'e>) -> Self {
        Self::among(ground, |_| true)
    }

    /// Of those bindings alone that are meant.
    pub fn among(ground: &Ground<'e>, meant: impl Fn(&RelevantBinding<'e>) -> bool) -> Self {
        Self::of_entries(ground.estate, &ground.entries, meant)
    }

    fn of_entries(
        estate: &Estate,
        entries: &[RelevantBinding<'e>],
        meant: impl Fn(&RelevantBinding<'e>) -> bool,
    ) -> Self {
        let mut found = Self {
            one: HashMap::new(),
            federated: HashMap::new(),
            groups: HashMap::new(),
            sets: Vec::new(),
            pooled: HashMap::new(),
        };
        let mut known: HashMap<&'e str, usize> = HashMap::new();
        let each = entries.iter().enumerate();
        for (entry, relevant) in each.filter(|(_, entry)| meant(entry)) {
            for member in &relevant.binding.members {
                match &member.member {
                    member if stands_for_nobody(estate, member) => {}
                    Member::One(one) => match one.subject() {
                        Some(subject) => {
                            let list = found.federated.entry(subject).or_default();
                            list.push((entry, member));
                        }
                        None => found.one.entry(one).or_default().push((entry, member)),
                    },
                    Member::Group(email) => {
                        found.groups.entry(email).or_default().push((entry, member));
                    }
                    _ => {
                        let list = match member.member.pool() {
                            Some(pool) => found.pooled.entry(pool).or_default(),
                            None => &mut found.sets,
                        };
                        let at = *known.entry(&member.text).or_insert(list.len());
                        if at == list.len() {
                            list.push((member, Vec::new()));
                        }
                        if let Some((_, entries)) = list.get_mut(at) {
                            entries.push(entry);
                        }
                    }
                }
            }
        }
        found
    }

    /// The groups that stand in a relevant binding.
    pub fn group_names(&self) -> impl Iterator<Item = &'e str> + '_ {
        self.groups.keys().copied()
    }

    /// Every binding that the judge's caller is in, or may be.
    pub fn of(&self, judge: &Judge<'e>, groups: &GroupIndex<'e>) -> Vec<Match<'e>> {
        let mut all = Vec::new();
        let mut add = |list: &[(usize, &'e Arc<PolicyMember>)], matches: Truth| {
            all.extend(list.iter().map(|(entry, member)| Match {
                entry: *entry,
                member,
                matches,
            }));
        };
        if let Some(list) = self.one.get(&judge.caller) {
            add(list, Truth::Yes);
        }
        if let Some(subject) = judge.caller.subject() {
            for one in self.federated.get(&*subject).into_iter().flatten() {
                let matches = membership::member(judge, &one.1.member).matches;
                if matches != Truth::No {
                    add(&[*one], matches);
                }
            }
        }
        // A federated identity is in no Google group.
        if !self.groups.is_empty() && !judge.caller.is_federated() {
            let (certain, open) = groups.of(judge);
            for list in certain.iter().filter_map(|g| self.groups.get(g)) {
                add(list, Truth::Yes);
            }
            let open = open.union(&groups.open).filter(|g| !certain.contains(*g));
            for list in open.filter_map(|g| self.groups.get(g)) {
                add(list, Truth::UnknownInfo);
            }
        }
        for (member, entries) in self.sets.iter().chain(self.pooled_near(&judge.caller)) {
            let matches = membership::member(judge, &member.member).matches;
            if matches != Truth::No {
                all.extend(entries.iter().map(|entry| Match {
                    entry: *entry,
                    member,
                    matches,
                }));
            }
        }
        all
    }

    /// The entries that name the judge's caller itself, with whether they do.
    pub fn naming(&self, judge: &Judge<'e>) -> Vec<(usize, Truth)> {
        let own = self.one.get(&judge.caller).into_iter().flatten();
        let mut all: Vec<(usize, Truth)> = own.map(|(entry, _)| (*entry, Truth::Yes)).collect();
        if let Some(subject) = judge.caller.subject() {
            for (entry, member) in self.federated.get(&*subject).into_iter().flatten() {
                let matches = membership::member(judge, &member.member).matches;
                all.extend((matches != Truth::No).then_some((*entry, matches)));
            }
        }
        all
    }

    /// The sets that hold the judge's caller, or may, with the entries that each stands in.
    pub fn sets_of<'s>(
        &'s self,
        judge: &'s Judge<'e>,
    ) -> impl Iterator<Item = (&'e Arc<PolicyMember>, &'s [usize], Truth)> + 's {
        let near = self.sets.iter().chain(self.pooled_near(&judge.caller));
        near.filter_map(|(member, entries)| {
            let matches = membership::member(judge, &member.member).matches;
            (matches != Truth::No).then_some((*member, entries.as_slice(), matches))
        })
    }

    /// The entries that a group stands in.
    pub fn naming_group(&self, email: &str) -> impl Iterator<Item = usize> + '_ {
        let all = self.groups.get(email).into_iter().flatten();
        all.map(|(entry, _)| *entry)
    }

    /// The sets of pools that the identity may be in: there may be tens of thousands of others.
    fn pooled_near<'s>(
        &'s self,
        caller: &'s Principal,
    ) -> impl Iterator<Item = &'s MemberSet<'e>> + 's {
        let (own, all) = match caller {
            // They are in no pool.
            Principal::User(_) | Principal::ServiceAccount(_) => (None, false),
            Principal::Federated { pool, .. } if caller.kubernetes().is_none() => {
                (self.pooled.get(pool), false)
            }
            // GKE's have names in two pools; what others are in is not known.
            _ => (None, true),
        };
        let others = all.then(|| self.pooled.values().flatten());
        own.into_iter()
            .flatten()
            .chain(others.into_iter().flatten())
    }
}

/// The relevant bindings by member, the groups that stand in them, and the accounts below each level: made side by
/// side.
pub(super) fn standing<'e>(ground: &Ground<'e>) -> (Members<'e>, GroupIndex<'e>, Below) {
    let (estate, entries) = (ground.estate, &ground.entries);
    let mut standing = None;
    let below = rayon::in_place_scope(|scope| {
        scope.spawn(|_| {
            let members = Members::of_entries(estate, entries, |_| true);
            let groups = GroupIndex::new(estate, members.group_names());
            standing = Some((members, groups));
        });
        Below::new(ground)
    });
    let (members, groups) = standing.unwrap_or_else(|| {
        let members = Members::new(ground);
        let groups = GroupIndex::new(estate, members.group_names());
        (members, groups)
    });
    (members, groups, below)
}

/// Groups from the members up: which groups an identity is in, without walking every group down.
pub(super) struct GroupIndex<'e> {
    estate: &'e Estate,
    of_one: HashMap<&'e Principal, Vec<&'e str>>,
    of_group: HashMap<&'e str, Vec<&'e str>>,
    /// Members that are no single identity (a domain, all users), with the group each is in.
    sets: Vec<(&'e Member, &'e str)>,
    /// Groups that could not be read, and those that hold one.
    open: HashSet<&'e str>,
    /// Those that could not be read themselves.
    pub unread: Vec<&'e str>,
}

impl<'e> GroupIndex<'e> {
    /// `wanted`: groups that policies name; those that nobody knows are open.
    pub fn new(estate: &'e Estate, wanted: impl Iterator<Item = &'e str>) -> Self {
        let mut groups = Self {
            estate,
            of_one: HashMap::new(),
            of_group: HashMap::new(),
            sets: Vec::new(),
            open: HashSet::new(),
            unread: Vec::new(),
        };
        let mut named: HashSet<&'e str> = wanted.collect();
        for group in estate.groups() {
            if !estate.group(&group.email).is_known() {
                continue;
            }
            for entry in &group.members {
                match &entry.member {
                    Member::Group(inner) => {
                        named.insert(inner);
                        groups.of_group.entry(inner).or_default().push(&group.email);
                    }
                    Member::One(one @ (Principal::User(_) | Principal::ServiceAccount(_))) => {
                        groups.of_one.entry(one).or_default().push(&group.email);
                    }
                    other => groups.sets.push((other, &group.email)),
                }
            }
        }
        groups.unread = named
            .into_iter()
            .filter(|email| matches!(estate.group(email), Read::Unreadable(_)))
            .collect();
        groups.open = groups.upward(groups.unread.clone());
        groups
    }

    /// Groups that could not be read and stand in a relevant binding, or inside a group that does; by
    /// the names of an estate file.
    pub fn unread_that_matter(&self, members: &Members<'e>) -> Vec<String> {
        self.unread
            .iter()
            .filter(|email| {
                self.upward(vec![email])
                    .iter()
                    .any(|outer| members.groups.contains_key(outer))
            })
            .map(|email| format!("groups/{email}"))
            .collect()
    }

    /// Service accounts that a relevant binding names, or that are in a group that one names.
    pub fn accounts_that_matter<'s>(
        &'s self,
        members: &'s Members<'e>,
    ) -> impl Iterator<Item = &'e Principal> + 's {
        let is_account = |one: &&Principal| matches!(one, Principal::ServiceAccount(_));
        let inside = self.of_one.iter().filter(move |(one, groups)| {
            is_account(one)
                && self
                    .upward((*groups).clone())
                    .iter()
                    .any(|outer| members.groups.contains_key(outer))
        });
        members
            .one
            .keys()
            .copied()
            .chain(inside.map(|(one, _)| *one))
    }

    /// The groups that the judge's caller is in, or may be, without those that hold them.
    pub fn direct(&self, judge: &Judge<'e>) -> Vec<(&'e str, Truth)> {
        let own = self.of_one.get(&judge.caller).into_iter().flatten();
        let mut all: Vec<(&'e str, Truth)> = own.map(|email| (*email, Truth::Yes)).collect();
        for (member, email) in &self.sets {
            let matches = membership::member(judge, member).matches;
            all.extend((matches != Truth::No).then_some((*email, matches)));
        }
        all
    }

    /// The groups that hold a group.
    pub fn holding(&self, email: &str) -> &[&'e str] {
        self.of_group.get(email).map_or(&[], Vec::as_slice)
    }

    /// Those that may hold anybody.
    pub fn open(&self) -> impl Iterator<Item = &'e str> + '_ {
        self.open.iter().copied()
    }

    /// Groups that the judge's caller is in, and those that it may be in.
    fn of(&self, judge: &Judge<'e>) -> (HashSet<&'e str>, HashSet<&'e str>) {
        debug_assert!(std::ptr::eq(self.estate, judge.estate));
        let mut certain: Vec<&'e str> = self.of_one.get(&judge.caller).cloned().unwrap_or_default();
        let mut open = Vec::new();
        for (member, email) in &self.sets {
            match membership::member(judge, member).matches {
                Truth::Yes => certain.push(email),
                Truth::No => {}
                _ => open.push(*email),
            }
        }
        (self.upward(certain), self.upward(open))
    }

    /// These groups and all that hold them.
    fn upward(&self, from: Vec<&'e str>) -> HashSet<&'e str> {
        let mut seen: HashSet<&'e str> = from.iter().copied().collect();
        let mut queue = VecDeque::from(from);
        while let Some(at) = queue.pop_front() {
            for outer in self.of_group.get(at).into_iter().flatten() {
                if seen.insert(outer) {
                    queue.push_back(outer);
                }
            }
        }
        seen
    }
}
