//! Identities that deny rules and boundaries do not tell apart: what such rules leave is worked out once for all of them.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use hashbrown::HashMap;

use super::super::below::BelowAccount;
use super::super::identity::{Identity, JudgedSpot};
use super::super::relevant::{Denying, Ground};
use super::super::who::walk;
use crate::estate::ServiceAccount;
use crate::estate::records::is_number;
use crate::evaluate::boundary;
use crate::evaluate::deny;
use crate::evaluate::judge::Judge;
use crate::evaluate::membership;
use crate::evaluate::truth::Truth;
use crate::iam::{Binding, Member, Principal, Resource};

/// What a deny rule's member asks of whoever it is not settled for by name.
enum RuleMember<'e> {
    Is(&'e Member),
    /// A group in it that was not read may hold any Google Account.
    Unread,
}

/// Which boundaries count for an identity; nothing: it is free.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct BoundKey {
    applies: Vec<(String, Truth)>,
    hidden: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct ClassKey {
    /// Which members of deny rules hold it, or may.
    denied: Vec<(u32, Truth)>,
    bound: Option<Rc<BoundKey>>,
    /// One that is a class of its own.
    own: Option<Principal>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum PlaceKey {
    Domain(String),
    Project(String),
}

/// What is bound where a caller belongs.
struct PlaceFacts {
    free: bool,
    unread: bool,
    /// The same for all who belong there; `None`: it hangs on their names.
    bound: Option<Option<Rc<BoundKey>>>,
    /// The class of those whom no deny rule names, where it is the same for all of them and was met.
    class: Cell<Option<u32>>,
}

/// What rules make of somebody.
#[derive(Clone, Copy)]
pub(in super::super) struct RuleClass {
    pub number: u32,
    /// Whether something was not read of where it belongs.
    pub unread: bool,
    /// Whether nothing is bound to it anywhere, as far as is known.
    pub free: bool,
}

/// The classes that were met.
pub(in super::super) struct RuleClasses<'g, 'e> {
    ground: &'g Ground<'e>,
    ones: HashMap<&'e Principal, Vec<u32>>,
    others: Vec<(u32, RuleMember<'e>)>,
    all: Vec<&'e Member>,
    places: HashMap<PlaceKey, Rc<PlaceFacts>>,
    /// The same of accounts by their project's number.
    places_of_accounts: HashMap<usize, Rc<PlaceFacts>>,
    known: HashMap<ClassKey, u32>,
    /// One of each class.
    somebody: Vec<Identity<'g, 'e>>,
    left: HashMap<(u32, usize, usize), Truth>,
}

impl<'g, 'e> RuleClasses<'g, 'e> {
    pub fn new(ground: &'g Ground<'e>) -> Self {
        let mut classes = Self {
            ground,
            ones: HashMap::new(),
            others: Vec::new(),
            all: Vec::new(),
            places: HashMap::new(),
            places_of_accounts: HashMap::new(),
            known: HashMap::new(),
            somebody: Vec::new(),
            left: HashMap::new(),
        };
        let mut seen: HashMap<&'e str, ()> = HashMap::new();
        let policies = ground.estate.deny.values().flatten();
        for rule in policies.flat_map(|policy| &policy.rules) {
            let Some(deny) = &rule.deny_rule else {
                continue;
            };
            let mut asked = ground.permissions.iter();
            if asked.all(|p| deny::permission(p, deny) == Truth::No) {
                continue;
            }
            for member in deny
                .denied_principals
                .iter()
                .chain(&deny.exception_principals)
            {
                if seen.insert(&member.text, ()).is_none() {
                    classes.add(&member.member);
                }
            }
        }
        classes
    }

    fn add(&mut self, member: &'e Member) {
        let number = u32::try_from(self.all.len()).unwrap_or(u32::MAX);
        self.all.push(member);
        match member {
            Member::One(one) if !one.is_federated() => {
                self.ones.entry(one).or_default().push(number);
            }
            Member::Group(email) => {
                let walked = walk(self.ground.estate, email);
                for (inner, _) in walked.members {
                    match &inner.member {
                        Member::One(one) if !one.is_federated() => {
                            self.ones.entry(one).or_default().push(number);
                        }
                        other => self.others.push((number, RuleMember::Is(other))),
                    }
                }
                if !walked.unread.is_empty() {
                    self.others.push((number, RuleMember::Unread));
                }
            }
            other => self.others.push((number, RuleMember::Is(other))),
        }
    }

    /// The class of whoever is judged.
    pub fn of(&mut self, judge: &Judge<'e>) -> RuleClass {
        let account = match &judge.caller {
            Principal::ServiceAccount(email) => self.ground.estate.account(email),
            _ => None,
        };
        // Known by its unique id alone it may be anybody of its project.
        let by_id = account.is_some_and(|account| !account.has_address());
        let place = self.place(judge, account.filter(|_| !by_id));
        self.there(judge, &place, by_id)
    }

    /// The same of an account: its record is not looked up where it belongs to what others of its project do.
    pub fn of_account(&mut self, judge: &Judge<'e>, account: &BelowAccount) -> RuleClass {
        if !account.listed || is_number(account.resource.id()) {
            return self.of(judge);
        }
        let known = self.places_of_accounts.get(&account.project).map(Rc::clone);
        let place = known.unwrap_or_else(|| {
            let place = self.place(judge, None);
            self.places_of_accounts
                .insert(account.project, Rc::clone(&place));
            place
        });
        self.there(judge, &place, false)
    }

    fn there(&mut self, judge: &Judge<'e>, place: &PlaceFacts, by_id: bool) -> RuleClass {
        let denied = self.denied(judge);
        let alike = !by_id && denied.is_empty() && (place.free || place.bound.is_some());
        let class = |number: u32| RuleClass {
            number,
            unread: place.unread,
            free: place.free,
        };
        if let Some(known) = place.class.get().filter(|_| alike) {
            return class(known);
        }
        let bound = match &place.bound {
            _ if place.free => None,
            Some(bound) => bound.clone(),
            None => Some(Rc::new(bound_of(judge))),
        };
        let caller = &judge.caller;
        let key = ClassKey {
            denied,
            bound,
            own: by_id.then(|| caller.clone()),
        };
        let next = u32::try_from(self.somebody.len()).unwrap_or(u32::MAX);
        let number = *self.known.entry(key).or_insert(next);
        if number == next {
            self.somebody.push(Identity::new(self.ground, caller));
        }
        if alike {
            place.class.set(Some(number));
        }
        class(number)
    }

    fn denied(&self, judge: &Judge<'e>) -> Vec<(u32, Truth)> {
        let mut found: BTreeMap<u32, Truth> = BTreeMap::new();
        let mut add = |number: u32, truth: Truth| {
            if truth != Truth::No {
                let known = found.entry(number).or_insert(Truth::No);
                *known = known.or(truth);
            }
        };
        let inside = |member: &Member| membership::member(judge, member).matches;
        if judge.caller.is_federated() {
            for (number, member) in (0..).zip(&self.all) {
                add(number, inside(member));
            }
        } else {
            for number in self.ones.get(&judge.caller).into_iter().flatten() {
                add(*number, Truth::Yes);
            }
            for (number, member) in &self.others {
                add(
                    *number,
                    match member {
                        RuleMember::Is(member) => inside(member),
                        RuleMember::Unread => Truth::UnknownInfo,
                    },
                );
            }
        }
        found.into_iter().collect()
    }

    /// What is bound where somebody belongs; `account`: its record, where its address is in it.
    fn place(
        &mut self,
        judge: &Judge<'e>,
        account: Option<&Arc<ServiceAccount>>,
    ) -> Rc<PlaceFacts> {
        let estate = self.ground.estate;
        let key = match &judge.caller {
            Principal::User(email) => email
                .rsplit_once('@')
                .map(|(_, domain)| PlaceKey::Domain(domain.to_owned())),
            Principal::ServiceAccount(_) => {
                account.map(|account| PlaceKey::Project(account.project_id.clone()))
            }
            _ => None,
        };
        if let Some(known) = key.as_ref().and_then(|key| self.places.get(key)) {
            return Rc::clone(known);
        }
        let free = boundary::is_free(estate, &judge.caller);
        let bound =
            (!free && !boundary::asks_for_names(judge)).then(|| Some(Rc::new(bound_of(judge))));
        let facts = Rc::new(PlaceFacts {
            free,
            unread: !free && !boundary::not_read(estate, &judge.caller).is_empty(),
            bound,
            class: Cell::new(None),
        });
        if let Some(key) = key {
            self.places.insert(key, Rc::clone(&facts));
        }
        facts
    }

    /// What rules leave a class of a permission on an account or level.
    pub fn left_on(&self, class: u32, permission: usize, spot: &JudgedSpot<'_>) -> Truth {
        let somebody = self.somebody.get(class as usize);
        somebody.map_or(Truth::UnknownInfo, |one| one.left(permission, spot))
    }

    /// The same, once for a project whose accounts rules do not tell apart; `spot` is one of them.
    pub fn left_in(
        &mut self,
        class: u32,
        permission: usize,
        project: usize,
        spot: &JudgedSpot<'_>,
    ) -> Truth {
        let key = (class, permission, project);
        if let Some(known) = self.left.get(&key) {
            return *known;
        }
        let left = self.left_on(class, permission, spot);
        self.left.insert(key, left);
        left
    }

    /// Whether rules may tell accounts of a project apart.
    pub fn tell_apart(&self, above: &[Resource]) -> bool {
        let by_tags = |level: &Resource| self.ground.denying(level) == Some(Denying::Conditional);
        self.ground.boundaries_by_account || above.iter().any(by_tags)
    }

    /// Whether a binding's condition holds on an account or level. It never hangs on who asks
    /// (docs/semantics.md, "Conditions").
    pub fn condition(&self, permission: usize, on: &Resource, binding: &Binding) -> Truth {
        let somebody = self.somebody.first();
        somebody.map_or(Truth::UnknownInfo, |one| {
            one.condition_of(permission, on, binding)
        })
    }
}

fn bound_of(judge: &Judge<'_>) -> BoundKey {
    let told = boundary::explain(judge);
    let each = told.boundaries.into_iter();
    let each = each.filter(|bound| bound.applies != Truth::No);
    BoundKey {
        applies: each.map(|bound| (bound.binding, bound.applies)).collect(),
        hidden: !told.unreadable.is_empty() || told.unplaced.is_some(),
    }
}
