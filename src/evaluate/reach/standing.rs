//! In which bindings and groups an identity is, looked up from its name: no binding and no group is walked down.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::Arc;

use hashbrown::{HashMap, HashSet};
use jiff::Timestamp;

use super::super::federation::stands_for_nobody;
use super::super::judge::Judge;
use super::super::membership;
use super::below::{Below, ListedAccounts};
use super::relevant::{Ground, RelevantBinding};
use crate::estate::{Estate, Read};
use crate::evaluate::truth::Truth;
use crate::iam::{Member, Permission, PolicyMember, Pool, Principal};

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

/// The bindings that a member stands in, by entry, with how it is written there.
type StandsIn<'e> = Vec<(usize, &'e Arc<PolicyMember>)>;

/// The relevant bindings by member.
pub(super) struct Members<'e> {
    lists: Vec<StandsIn<'e>>,
    /// Which of the lists.
    one: HashMap<&'e Principal, usize>,
    /// By subject: GKE's accounts have two names.
    federated: HashMap<Cow<'e, str>, usize>,
    groups: HashMap<&'e str, usize>,
    /// Each set once, with the entries that it stands in; those of a pool's identities apart.
    sets: Vec<MemberSet<'e>>,
    pooled: HashMap<&'e Pool, Vec<MemberSet<'e>>>,
}

/// A member that stands for many, and the entries that it stands in.
type MemberSet<'e> = (&'e Arc<PolicyMember>, Vec<usize>);

/// Where a member is kept.
#[derive(Clone, Copy)]
enum MemberKept<'e> {
    Nowhere,
    /// By itself.
    List(usize),
    /// As a set, of a pool or not.
    Set(Option<&'e Pool>, usize),
}

impl<'e> Members<'e> {
    /// Of those bindings alone that are meant.
    pub fn among(ground: &Ground<'e>, meant: impl Fn(&RelevantBinding<'e>) -> bool) -> Self {
        let mut found = Self {
            lists: Vec::new(),
            one: HashMap::new(),
            federated: HashMap::new(),
            groups: HashMap::new(),
            sets: Vec::new(),
            pooled: HashMap::new(),
        };
        let mut known: HashMap<&'e str, usize> = HashMap::new();
        // Most stand once in memory and in many bindings: each is looked at once.
        let mut kept: HashMap<*const PolicyMember, MemberKept<'e>> = HashMap::new();
        let each = ground.entries.iter().enumerate();
        for (entry, relevant) in each.filter(|(_, entry)| meant(entry)) {
            for member in &relevant.binding.members {
                let place = kept.entry(Arc::as_ptr(member));
                let place =
                    *place.or_insert_with(|| found.place(ground.estate, member, &mut known));
                match place {
                    MemberKept::Nowhere => {}
                    MemberKept::List(at) => {
                        if let Some(list) = found.lists.get_mut(at) {
                            list.push((entry, member));
                        }
                    }
                    MemberKept::Set(pool, at) => {
                        let list = match pool {
                            Some(pool) => found.pooled.entry(pool).or_default(),
                            None => &mut found.sets,
                        };
                        if let Some((_, entries)) = list.get_mut(at) {
                            entries.push(entry);
                        }
                    }
                }
            }
        }
        found
    }

    fn place(
        &mut self,
        estate: &Estate,
        member: &'e Arc<PolicyMember>,
        known: &mut HashMap<&'e str, usize>,
    ) -> MemberKept<'e> {
        let next = self.lists.len();
        let list = match &member.member {
            member if stands_for_nobody(estate, member) => return MemberKept::Nowhere,
            Member::One(one) => match one.subject() {
                Some(subject) => *self.federated.entry(subject).or_insert(next),
                None => *self.one.entry(one).or_insert(next),
            },
            Member::Group(email) => *self.groups.entry(email).or_insert(next),
            _ => {
                let pool = member.member.pool();
                let list = match pool {
                    Some(pool) => self.pooled.entry(pool).or_default(),
                    None => &mut self.sets,
                };
                let at = *known.entry(&member.text).or_insert(list.len());
                if at == list.len() {
                    list.push((member, Vec::new()));
                }
                return MemberKept::Set(pool, at);
            }
        };
        if list == next {
            self.lists.push(Vec::new());
        }
        MemberKept::List(list)
    }

    fn list(&self, at: Option<&usize>) -> &[(usize, &'e Arc<PolicyMember>)] {
        at.and_then(|at| self.lists.get(*at))
            .map_or(&[], Vec::as_slice)
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
        add(self.list(self.one.get(&judge.caller)), Truth::Yes);
        if let Some(subject) = judge.caller.subject() {
            for one in self.list(self.federated.get(&*subject)) {
                let matches = membership::member(judge, &one.1.member).matches;
                if matches != Truth::No {
                    add(&[*one], matches);
                }
            }
        }
        // A federated identity is in no Google group.
        if !self.groups.is_empty() && !judge.caller.is_federated() {
            let (certain, open) = groups.of(judge);
            for group in &certain {
                add(self.list(self.groups.get(group)), Truth::Yes);
            }
            let open = open.union(&groups.open).filter(|g| !certain.contains(*g));
            for group in open {
                add(self.list(self.groups.get(group)), Truth::UnknownInfo);
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
        let own = self.list(self.one.get(&judge.caller)).iter();
        let mut all: Vec<(usize, Truth)> = own.map(|(entry, _)| (*entry, Truth::Yes)).collect();
        if let Some(subject) = judge.caller.subject() {
            for (entry, member) in self.list(self.federated.get(&*subject)) {
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
        let all = self.list(self.groups.get(email));
        all.iter().map(|(entry, _)| *entry)
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

/// What a question over the whole estate stands on: the bindings that matter, the same by member, the groups that stand
/// in them, and the accounts below each level. What does not hang on the other is made side by side.
pub(super) fn standing(
    estate: &Estate,
    permissions: Vec<Permission>,
    time: Timestamp,
    custom_roles: bool,
) -> (Ground<'_>, Members<'_>, GroupIndex<'_>, Below) {
    let (ground, (listed, groups)) = rayon::join(
        || Ground::keeping(estate, permissions, time, None, custom_roles),
        || {
            rayon::join(
                || ListedAccounts::new(estate),
                || GroupIndex::known_to(estate),
            )
        },
    );
    let (members, below) = rayon::join(
        || Members::among(&ground, |_| true),
        || Below::new(&ground, listed),
    );
    let groups = groups.wanting(members.group_names());
    (ground, members, groups, below)
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
    /// Of the groups that are known.
    fn known_to(estate: &'e Estate) -> Self {
        let mut groups = Self {
            estate,
            of_one: HashMap::new(),
            of_group: HashMap::new(),
            sets: Vec::new(),
            open: HashSet::new(),
            unread: Vec::new(),
        };
        for group in estate.groups() {
            if !estate.group(&group.email).is_known() {
                continue;
            }
            for entry in &group.members {
                match &entry.member {
                    Member::Group(inner) => {
                        groups.of_group.entry(inner).or_default().push(&group.email);
                    }
                    Member::One(one @ (Principal::User(_) | Principal::ServiceAccount(_))) => {
                        groups.of_one.entry(one).or_default().push(&group.email);
                    }
                    other => groups.sets.push((other, &group.email)),
                }
            }
        }
        groups
    }

    /// With groups that policies name: those that nobody knows are open, as are those that known groups hold.
    fn wanting(mut self, wanted: impl Iterator<Item = &'e str>) -> Self {
        let named: HashSet<&'e str> = wanted.chain(self.of_group.keys().copied()).collect();
        self.unread = named
            .into_iter()
            .filter(|email| matches!(self.estate.group(email), Read::Unreadable(_)))
            .collect();
        self.open = self.upward(self.unread.clone());
        self
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

    /// Service accounts that are not listed and that a relevant binding names, or that are in a group that one names.
    pub fn accounts_that_matter<'s>(
        &'s self,
        members: &'s Members<'e>,
        below: &'s Below,
    ) -> impl Iterator<Item = &'e Principal> + 's {
        let is_meant = |one: &Principal| matches!(one, Principal::ServiceAccount(email) if !below.lists(email));
        let named = members.one.keys().copied();
        let inside = self.of_one.iter().filter(move |(one, groups)| {
            is_meant(one)
                && self
                    .upward((*groups).clone())
                    .iter()
                    .any(|outer| members.groups.contains_key(outer))
        });
        let named = named.filter(move |one| is_meant(one));
        named.chain(inside.map(|(one, _)| *one))
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
