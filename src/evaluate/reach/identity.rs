//! One identity against the relevant bindings: what those that it is in come to on an account.

use std::cell::{Cell, OnceCell, RefCell};
use std::sync::Arc;

use hashbrown::HashMap;

use super::super::conditions::{self, Site};
use super::super::judge::Judge;
use super::super::{boundary, deny};
use super::below::BelowAccount;
use super::relevant::{Denying, Ground, LevelsAbove};
use super::standing::Match;
use super::{Brings, Via};
use crate::evaluate::truth::Truth;
use crate::iam::{Binding, Condition, Principal, Resource};

/// Where something is asked: an account or a level, with what is above it.
pub(super) struct JudgedSpot<'r> {
    pub on: &'r Resource,
    /// The levels above an account; a level itself and those above it.
    pub above: Arc<LevelsAbove>,
    /// What boundaries do not tell apart goes by one key.
    key: Arc<str>,
    /// Whether the allow policy of it is not known.
    unread: bool,
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
            unread: ground.policy_unread(target),
        })
    }

    /// An account that is known, below those levels.
    pub fn known(account: &'r BelowAccount, above: &Arc<LevelsAbove>) -> Option<Self> {
        Some(Self {
            on: &account.resource,
            above: Arc::clone(above),
            key: Arc::clone(account.project_id()?),
            unread: !account.policy_read,
        })
    }

    /// A project, folder or organization.
    pub fn level(ground: &Ground<'_>, level: &'r Resource) -> Self {
        Self {
            on: level,
            above: ground.level_and_above(level),
            key: level.full_name().into(),
            unread: ground.policy_unread(level),
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
        self.not_denied(permission, spot.on, &spot.above)
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
        let hidden = !above.complete || above.hidden || spot.unread;
        let mut allowed = if hidden {
            Truth::UnknownInfo
        } else {
            Truth::No
        };
        // A binding's members come together before its condition, as in the quick check.
        let mut all: Vec<&'m Match<'e>> = matches.into_iter().collect();
        all.sort_by_key(|one| one.entry);
        let mut leads: Vec<(Truth, &'m Match<'e>)> = Vec::new();
        for list in all.chunk_by(|one, next| one.entry == next.entry) {
            let inside = list.iter().fold(Truth::No, |sum, one| sum.or(one.matches));
            let entry = list.first().map_or(usize::MAX, |one| one.entry);
            let grants = self.grants(permission, target, entry, inside);
            if grants == Truth::No {
                continue;
            }
            allowed = allowed.or(grants);
            let sure = list
                .iter()
                .filter(|m| inside != Truth::Yes || m.matches == Truth::Yes);
            leads.extend(sure.map(|m| (grants, *m)));
        }
        leads.retain(|(grants, _)| allowed != Truth::Yes || *grants == Truth::Yes);
        // The account's own bindings before those above it, a policy's in its order: entries and groups come
        // in the order of a hash, which is another in each run.
        let place = |(_, m): &(Truth, &'m Match<'e>)| {
            let on = self.ground.entries.get(m.entry).map(|e| e.resource);
            let height = match on {
                Some(on) if on != target => above.levels.iter().position(|l| l == on),
                _ => None,
            };
            (height.map_or(0, |h| h + 1), m.entry, &*m.member.text)
        };
        if leads.len() > 1 {
            leads.sort_by_cached_key(place);
        }
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
            || above.denying.contains(&Some(Denying::Conditional));
        let everywhere = |one: &Match<'e>| {
            let entry = self.ground.entries.get(one.entry);
            let condition = entry.and_then(|e| e.binding.condition.as_ref());
            condition.is_none_or(|c| is_everywhere_the_same(c))
        };
        !by_account && matches.into_iter().all(everywhere)
    }

    fn not_denied(&self, permission: usize, target: &Resource, above: &LevelsAbove) -> Truth {
        let mut denied = if above.complete || self.ground.estate.assumes_no_other_deny() {
            Truth::No
        } else {
            Truth::UnknownInfo
        };
        for (level, denying) in above.levels.iter().zip(&above.denying) {
            let one = match denying {
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
                        // What looks at the resource may hold of some account.
                        !is_everywhere_the_same(c)
                            || conditions::looks_at_tags(c)
                            || self.condition_of(permission, &anywhere, entry.binding) != Truth::No
                    })
            })
        };
        let asked = self.ground.permissions.len();
        let mut each = matches.iter();
        each.any(|one| (0..asked).any(|permission| gives(one, permission)))
    }

    /// Notes what was not read of where the caller belongs, where something counts for it. Where nothing does, what is
    /// bound to it takes nothing away, whatever is asked later.
    pub fn note_place(&self, matches: &[Match<'e>]) {
        if !self.is_free() && !self.noted.replace(true) && self.has_a_say(matches) {
            self.ground.note_place(&self.caller);
        }
    }

    /// That it is known where the caller belongs whether it is free.
    pub fn belongs(&self, free: bool) {
        // What it was asked before is the same.
        let _ = self.free.set(free);
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
