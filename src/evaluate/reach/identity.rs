//! One identity against the relevant bindings: which it is in, and what they come to on an account.

use std::borrow::Cow;
use std::cell::{Cell, OnceCell, RefCell};
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::Arc;

use super::super::conditions::{self, Site};
use super::super::federation::stands_for_nobody;
use super::super::judge::Judge;
use super::super::{boundary, deny, membership};
use super::relevant::{Denying, Ground, LevelsAbove, RelevantBinding};
use super::{Brings, Via};
use crate::estate::{Estate, Read};
use crate::evaluate::truth::Truth;
use crate::iam::{Binding, Condition, Member, PolicyMember, Pool, Principal, Resource};
use std::rc::Rc;

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
        let mut found = Self {
            one: HashMap::new(),
            federated: HashMap::new(),
            groups: HashMap::new(),
            sets: Vec::new(),
            pooled: HashMap::new(),
        };
        let mut known: HashMap<&'e str, usize> = HashMap::new();
        let each = ground.entries.iter().enumerate();
        for (entry, relevant) in each.filter(|(_, entry)| meant(entry)) {
            for member in &relevant.binding.members {
                match &member.member {
                    member if stands_for_nobody(ground.estate, member) => {}
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

/// Where something is asked: an account or a level, with what is above it.
pub(super) struct JudgedSpot<'r> {
    pub on: &'r Resource,
    /// The levels above an account; a level itself and those above it.
    pub above: Rc<LevelsAbove>,
    /// What boundaries do not tell apart goes by one key.
    key: Arc<str>,
}

impl<'r> JudgedSpot<'r> {
    /// An account; `None` for others.
    pub fn of(ground: &Ground<'_>, target: &'r Resource) -> Option<Self> {
        let Resource::ServiceAccount { project, .. } = target else {
            return None;
        };
        Some(Self {
            on: target,
            above: ground.above(project),
            key: Arc::clone(project),
        })
    }

    /// A project, folder or organization.
    pub fn level(ground: &Ground<'_>, level: &'r Resource) -> Self {
        Self {
            on: level,
            above: ground.level_and_above(level),
            key: level.full_name().into(),
        }
    }
}

/// What an identity's judgements share.
pub(super) struct Identity<'g, 'e> {
    ground: &'g Ground<'e>,
    pub caller: Principal,
    /// What a federated caller brings.
    brings: Brings,
    /// One judge for each permission, made when it is asked; what they are on does not matter for what they are asked.
    judges: Vec<OnceCell<Judge<'e>>>,
    conditions: RefCell<HashMap<*const Condition, Truth>>,
    denied: RefCell<HashMap<(usize, Resource), Truth>>,
    eligible: RefCell<HashMap<(usize, Arc<str>), Truth>>,
    /// Whether nothing is bound to the caller anywhere.
    free: OnceCell<bool>,
    /// Whether what was not read of where the caller belongs was noted.
    noted: Cell<bool>,
}

impl<'g, 'e> Identity<'g, 'e> {
    pub fn new(ground: &'g Ground<'e>, caller: &Principal) -> Self {
        Self::bringing(ground, caller, &Brings::default())
    }

    /// With what a federated caller brings.
    pub fn bringing(ground: &'g Ground<'e>, caller: &Principal, brings: &Brings) -> Self {
        Self {
            ground,
            caller: caller.clone(),
            brings: brings.clone(),
            judges: ground.permissions.iter().map(|_| OnceCell::new()).collect(),
            conditions: RefCell::default(),
            denied: RefCell::default(),
            eligible: RefCell::default(),
            free: OnceCell::new(),
            noted: Cell::new(false),
        }
    }

    /// The judge for memberships.
    pub fn judge(&self) -> Option<&Judge<'e>> {
        self.judge_of(0)
    }

    fn judge_of(&self, permission: usize) -> Option<&Judge<'e>> {
        let asked = self.ground.permissions.get(permission)?;
        let (ground, brings) = (self.ground, &self.brings);
        let made = || {
            let on = Resource::project("");
            Judge::new(ground.estate, &self.caller, asked, &on, ground.time)
                .with_identity(&brings.attributes, brings.claims.as_ref())
        };
        Some(self.judges.get(permission)?.get_or_init(made))
    }

    fn on(&self, permission: usize, target: &Resource) -> Option<Judge<'e>> {
        let asked = self.ground.permissions.get(permission)?;
        let mut judge = Judge::new(
            self.ground.estate,
            &self.caller,
            asked,
            target,
            self.ground.time,
        );
        if let Some(own) = self.judge_of(permission) {
            judge.attributes = own.attributes.clone();
            judge.exchange.clone_from(&own.exchange);
        }
        Some(judge)
    }

    /// The answer on an account, given every match on its levels, and the matches that grant (for a
    /// yes) or may (for an unknown). The same as [`super::super::may::judge`].
    pub fn decide<'m>(
        &self,
        permission: usize,
        target: &Resource,
        matches: impl IntoIterator<Item = &'m Match<'e>>,
    ) -> (Truth, Vec<&'m Match<'e>>)
    where
        'e: 'm,
    {
        match JudgedSpot::of(self.ground, target) {
            Some(spot) => self.decide_at(permission, &spot, matches),
            None => (Truth::No, Vec::new()),
        }
    }

    /// The same on an account or a level.
    pub fn decide_at<'m>(
        &self,
        permission: usize,
        spot: &JudgedSpot<'_>,
        matches: impl IntoIterator<Item = &'m Match<'e>>,
    ) -> (Truth, Vec<&'m Match<'e>>)
    where
        'e: 'm,
    {
        let (allowed, leads) = self.allowed_at(permission, spot, matches);
        if allowed == Truth::No {
            return (Truth::No, Vec::new());
        }
        (allowed.and(self.left(permission, spot)), leads)
    }

    /// What deny rules and boundaries leave.
    pub fn left(&self, permission: usize, spot: &JudgedSpot<'_>) -> Truth {
        let above = &spot.above;
        self.not_denied(permission, spot.on, &above.levels, above.complete)
            .and(self.eligible(permission, spot.on, &spot.key))
    }

    /// What allow policies say of an account, and the matches that grant or may.
    pub fn allowed<'m>(
        &self,
        permission: usize,
        target: &Resource,
        matches: impl IntoIterator<Item = &'m Match<'e>>,
    ) -> (Truth, Vec<&'m Match<'e>>)
    where
        'e: 'm,
    {
        match JudgedSpot::of(self.ground, target) {
            Some(spot) => self.allowed_at(permission, &spot, matches),
            None => (Truth::No, Vec::new()),
        }
    }

    /// The same on an account or a level.
    pub fn allowed_at<'m>(
        &self,
        permission: usize,
        spot: &JudgedSpot<'_>,
        matches: impl IntoIterator<Item = &'m Match<'e>>,
    ) -> (Truth, Vec<&'m Match<'e>>)
    where
        'e: 'm,
    {
        let (target, above) = (spot.on, &spot.above);
        let hidden = !above.complete || above.hidden || self.ground.policy_unread(target);
        let mut allowed = if hidden {
            Truth::UnknownInfo
        } else {
            Truth::No
        };
        // A binding's members come together before its condition, as in the quick check.
        let mut by_entry: BTreeMap<usize, (Truth, Vec<&'m Match<'e>>)> = BTreeMap::new();
        for one in matches {
            let (sum, list) = by_entry.entry(one.entry).or_insert((Truth::No, Vec::new()));
            *sum = sum.or(one.matches);
            list.push(one);
        }
        let mut leads: Vec<(Truth, &'m Match<'e>)> = Vec::new();
        for (entry, (inside, list)) in by_entry {
            let grants = self.grants(permission, target, entry, inside);
            if grants == Truth::No {
                continue;
            }
            allowed = allowed.or(grants);
            let sure = list
                .into_iter()
                .filter(|m| inside != Truth::Yes || m.matches == Truth::Yes);
            leads.extend(sure.map(|m| (grants, m)));
        }
        leads.retain(|(grants, _)| allowed != Truth::Yes || *grants == Truth::Yes);
        // The account's own bindings before those above it, a policy's in its order: entries and groups come
        // in the order of a hash, which is another in each run.
        leads.sort_by_cached_key(|(_, m)| {
            let on = self.ground.entries.get(m.entry).map(|e| e.resource);
            let height = match on {
                Some(on) if on != target => above.levels.iter().position(|l| l == on),
                _ => None,
            };
            (height.map_or(0, |h| h + 1), m.entry, &*m.member.text)
        });
        (allowed, leads.into_iter().map(|(_, m)| m).collect())
    }

    fn grants(&self, permission: usize, target: &Resource, entry: usize, inside: Truth) -> Truth {
        let Some(entry) = self.ground.entries.get(entry) else {
            return Truth::No;
        };
        let holds = entry.holds.get(permission).copied().unwrap_or(Truth::No);
        match holds.and(inside) {
            Truth::No => Truth::No,
            answer => answer.and(self.condition_of(permission, target, entry.binding)),
        }
    }

    /// Whether a binding's condition holds; yes where it has none.
    pub fn condition_of(&self, permission: usize, target: &Resource, binding: &Binding) -> Truth {
        let condition = binding.condition.as_ref();
        condition.map_or(Truth::Yes, |c| self.condition(permission, target, c))
    }

    /// A condition that asks nothing of the resource is the same everywhere.
    fn condition(&self, permission: usize, target: &Resource, condition: &Arc<Condition>) -> Truth {
        if !is_everywhere_the_same(condition) {
            return self
                .on(permission, target)
                .map_or(Truth::UnknownInfo, |judge| {
                    conditions::decide(&judge, condition, Site::Allow)
                });
        }
        let key = Arc::as_ptr(condition);
        if let Some(known) = self.conditions.borrow().get(&key) {
            return *known;
        }
        let answer = self.judge().map_or(Truth::UnknownInfo, |judge| {
            conditions::decide(judge, condition, Site::Allow)
        });
        self.conditions.borrow_mut().insert(key, answer);
        answer
    }

    /// Whether the answer is the same for every account of a project that nothing stands on itself, given what
    /// stands above it.
    pub fn same_below<'m>(
        &self,
        above: &LevelsAbove,
        matches: impl IntoIterator<Item = &'m Match<'e>>,
    ) -> bool
    where
        'e: 'm,
    {
        let by_account = self.ground.boundaries_by_account
            || (above.levels.iter())
                .any(|level| self.ground.denying(level) == Some(Denying::Conditional));
        let everywhere = |one: &Match<'e>| {
            let entry = self.ground.entries.get(one.entry);
            let condition = entry.and_then(|e| e.binding.condition.as_ref());
            condition.is_none_or(|c| is_everywhere_the_same(c))
        };
        !by_account && matches.into_iter().all(everywhere)
    }

    fn not_denied(
        &self,
        permission: usize,
        target: &Resource,
        levels: &[Resource],
        complete: bool,
    ) -> Truth {
        let mut denied = if complete || self.ground.estate.assumes_no_other_deny() {
            Truth::No
        } else {
            Truth::UnknownInfo
        };
        for level in levels {
            let one = match self.ground.denying(level) {
                Some(Denying::Nothing) => Truth::No,
                None => Truth::UnknownInfo,
                Some(Denying::Conditional) => self
                    .on(permission, target)
                    .map_or(Truth::UnknownInfo, |judge| deny::decide(&judge, level)),
                Some(Denying::Plain) => {
                    let key = (permission, level.clone());
                    let known = self.denied.borrow().get(&key).copied();
                    known.unwrap_or_else(|| {
                        let answer = self
                            .judge_of(permission)
                            .map_or(Truth::UnknownInfo, |judge| deny::decide(judge, level));
                        self.denied.borrow_mut().insert(key, answer);
                        answer
                    })
                }
            };
            denied = denied.or(one);
        }
        denied.negate()
    }

    /// Whether one of the bindings that it is in gives it something, as far as allow policies say.
    pub fn has_a_say(&self, matches: &[Match<'e>]) -> bool {
        let anywhere = Resource::project("");
        let gives = |one: &Match<'e>, permission: usize| {
            let entry = self.ground.entries.get(one.entry);
            entry.is_some_and(|entry| {
                let holds = entry.holds.get(permission).copied();
                let condition = entry.binding.condition.as_ref();
                one.matches != Truth::No
                    && holds.is_some_and(|holds| holds != Truth::No)
                    && condition.is_none_or(|c| {
                        conditions::looks_at_tags(c)
                            || self.condition_of(permission, &anywhere, entry.binding) != Truth::No
                    })
            })
        };
        let asked = self.ground.permissions.len();
        let mut each = matches.iter();
        each.any(|one| (0..asked).any(|permission| gives(one, permission)))
    }

    /// Notes what was not read of where the caller belongs, where something counts for it.
    pub fn note_place(&self, matches: &[Match<'e>]) {
        if !self.is_free() && self.has_a_say(matches) && !self.noted.replace(true) {
            self.ground.note_place(&self.caller);
        }
    }

    /// Whether nothing is bound to the caller anywhere, as far as is known.
    pub fn is_free(&self) -> bool {
        let free = || boundary::is_free(self.ground.estate, &self.caller);
        *self.free.get_or_init(free)
    }

    fn eligible(&self, permission: usize, target: &Resource, project: &Arc<str>) -> Truth {
        if self.is_free() {
            return Truth::Yes;
        }
        if !self.noted.replace(true) {
            self.ground.note_place(&self.caller);
        }
        let ask = || {
            self.on(permission, target)
                .map_or(Truth::UnknownInfo, |judge| boundary::decide(&judge))
        };
        if self.ground.boundaries_by_account {
            return ask();
        }
        let key = (permission, Arc::clone(project));
        let known = self.eligible.borrow().get(&key).copied();
        known.unwrap_or_else(|| {
            let answer = ask();
            self.eligible.borrow_mut().insert(key, answer);
            answer
        })
    }

    /// A match as part of an answer.
    pub fn via(&self, permission: usize, one: &Match<'e>) -> Option<Via> {
        let entry = self.ground.entries.get(one.entry)?;
        Some(Via {
            resource: entry.resource.clone(),
            role: Arc::clone(&entry.binding.role),
            member: Arc::clone(&one.member.text),
            condition: entry.binding.condition.clone(),
            permission: self.ground.permissions.get(permission)?.clone(),
            edges: Vec::new(),
        })
    }
}

/// Whether a condition asks nothing of the resource.
fn is_everywhere_the_same(condition: &Condition) -> bool {
    conditions::compiled(&condition.expression)
        .map_or(true, |c| !c.uses("resource") && !c.uses("api"))
}
