//! What the rules go by, gathered once: bindings whose role lets its holder become accounts or give access,
//! the accounts below each level, and what rules above a binding leave of it.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;

use jiff::Timestamp;

use super::super::conditions::{self, Site};
use super::super::judge::Judge;
use super::super::reach::SetsLeft;
use super::super::role::without_hidden_condition;
use super::super::{boundary, deny};
use crate::estate::{Coverage, Estate, Read};
use crate::evaluate::truth::Truth;
use crate::evaluate::ways::WayIn;
use crate::iam::{Binding, Member, Permission, Principal, Resource};

/// With which a level's allow policy is written.
const GIVES_ACCESS: [&str; 3] = [
    "resourcemanager.projects.setIamPolicy",
    "resourcemanager.folders.setIamPolicy",
    "resourcemanager.organizations.setIamPolicy",
];

/// What a role does.
#[derive(Debug, Default)]
pub(super) struct RoleFacts {
    /// How its holder becomes accounts.
    pub ways: Vec<WayIn>,
    /// Whether its holder may give access on a project, folder or organization.
    pub gives_access: bool,
    /// Owner, Editor or Viewer.
    pub basic: bool,
}

/// A binding that matters, where it stands.
#[derive(Clone, Debug)]
pub(super) struct PlacedBinding<'e> {
    pub resource: &'e Resource,
    pub binding: &'e Binding,
    pub role: Rc<RoleFacts>,
    /// Whether it counts at the time.
    pub holds: Truth,
}

impl PlacedBinding<'_> {
    /// Whether it stands on an account itself.
    pub fn is_on_account(&self) -> bool {
        matches!(self.resource, Resource::ServiceAccount { .. })
    }

    /// Whether its holder becomes accounts by it, without more.
    pub fn makes_whole(&self) -> bool {
        self.role.ways.iter().any(|way| way.is_whole())
    }

    /// `roles/R on folders/2`.
    pub fn words(&self) -> String {
        format!("{} on {}", self.binding.role, self.resource.relative())
    }
}

/// A group with all who are in it.
#[derive(Debug, Default)]
pub(super) struct Within<'e> {
    pub members: Vec<&'e Arc<crate::iam::PolicyMember>>,
    /// Whether all of it was read.
    pub whole: bool,
    /// The places of service accounts in [`Self::members`]: of thousands in a group a few are.
    accounts: Vec<usize>,
}

impl Within<'_> {
    /// The addresses of service accounts in it.
    pub fn accounts(&self) -> impl Iterator<Item = &str> {
        let each = self.accounts.iter();
        each.filter_map(|at| match &self.members.get(*at)?.member {
            Member::One(Principal::ServiceAccount(email)) => Some(email.as_str()),
            _ => None,
        })
    }
}

/// The facts.
pub(super) struct ReviewFacts<'e> {
    pub estate: &'e Estate,
    pub time: Timestamp,
    /// By resource, a policy's in its order.
    pub placed: Vec<PlacedBinding<'e>>,
    /// How many accounts lie below each level.
    pub accounts_below: HashMap<Resource, usize>,
    unread_roles: BTreeSet<String>,
    unread_groups: RefCell<BTreeSet<String>>,
    groups: RefCell<HashMap<String, Rc<Within<'e>>>>,
    sets: RefCell<HashMap<WayIn, Rc<SetsLeft<'e>>>>,
    /// Whether no deny rule stands on a resource or above it, and all of that is known.
    undenied: RefCell<HashMap<Resource, bool>>,
    /// Whether nothing is bound to a principal anywhere, and all of that is known.
    unbound: RefCell<HashMap<Principal, bool>>,
    /// The levels above a project.
    above: RefCell<HashMap<Arc<str>, Rc<Vec<Resource>>>>,
}

impl<'e> ReviewFacts<'e> {
    pub fn new(estate: &'e Estate, time: Timestamp) -> Self {
        let mut facts = Self {
            estate,
            time,
            placed: Vec::new(),
            accounts_below: HashMap::new(),
            unread_roles: BTreeSet::new(),
            unread_groups: RefCell::default(),
            groups: RefCell::default(),
            sets: RefCell::default(),
            undenied: RefCell::default(),
            unbound: RefCell::default(),
            above: RefCell::default(),
        };
        facts.bindings();
        facts.accounts();
        facts
    }

    fn bindings(&mut self) {
        // Each name of a role stands once in memory (`Estate::put_policy`).
        let mut roles: HashMap<*const u8, Rc<RoleFacts>> = HashMap::new();
        let mut found = Vec::new();
        for (resource, policy) in self.estate.policies() {
            if !self.estate.allow_policy(resource).is_known() {
                continue;
            }
            for binding in &policy.bindings {
                let role = roles
                    .entry(binding.role.as_ptr())
                    .or_insert_with(|| Rc::new(self.role(&binding.role)));
                if role.ways.is_empty() && !role.gives_access {
                    continue;
                }
                let holds = self.holds(resource, binding);
                found.push(PlacedBinding {
                    resource,
                    binding,
                    role: Rc::clone(role),
                    holds,
                });
            }
        }
        found.sort_by(|a, b| a.resource.cmp(b.resource));
        self.placed = found;
    }

    fn role(&mut self, name: &str) -> RoleFacts {
        let (name, _) = without_hidden_condition(name);
        match self.estate.role(name) {
            Read::Known(role) => RoleFacts {
                ways: WayIn::of(&role),
                gives_access: !role.disabled()
                    && !role.deleted()
                    && GIVES_ACCESS.iter().any(|p| role.includes(p)),
                basic: ["roles/owner", "roles/editor", "roles/viewer"].contains(&name),
            },
            Read::Unreadable(_) => {
                self.unread_roles.insert(name.to_owned());
                RoleFacts::default()
            }
        }
    }

    /// Whether a binding counts at the time; what a condition sees below a level may differ from account to
    /// account.
    fn holds(&self, resource: &Resource, binding: &Binding) -> Truth {
        if without_hidden_condition(&binding.role).1 {
            return Truth::UnknownInfo;
        }
        let Some(condition) = &binding.condition else {
            return Truth::Yes;
        };
        let same = matches!(resource, Resource::ServiceAccount { .. })
            || conditions::compiled(&condition.expression).map_or(true, |c| !c.uses("resource"));
        if !same {
            return Truth::UnknownConditional;
        }
        let judge = self.judge(
            &Principal::Other(String::new()),
            &Permission::get_access_token(),
            resource,
        );
        conditions::decide(&judge, condition, Site::Allow)
    }

    pub fn judge(&self, who: &Principal, permission: &Permission, on: &Resource) -> Judge<'e> {
        Judge::new(self.estate, who, permission, on, self.time).with_identity(&[], None)
    }

    fn accounts(&mut self) {
        let mut per_project: HashMap<Arc<str>, usize> = HashMap::new();
        for account in self.estate.accounts() {
            *per_project
                .entry(self.project_of(&account.project_id))
                .or_default() += 1;
        }
        for (project, count) in per_project {
            for level in self.above(&project).iter() {
                *self.accounts_below.entry(level.clone()).or_default() += count;
            }
        }
    }

    /// A project's id, whichever of its names is given.
    pub fn project_of(&self, project: &str) -> Arc<str> {
        self.estate
            .project(project)
            .map_or(project, |p| p.project_id.as_str())
            .into()
    }

    /// The levels from a project (id) up, itself first.
    pub fn above(&self, project: &Arc<str>) -> Rc<Vec<Resource>> {
        if let Some(known) = self.above.borrow().get(project) {
            return Rc::clone(known);
        }
        let levels = self
            .estate
            .ancestry(&Resource::Project(Arc::clone(project)))
            .levels;
        let levels = Rc::new(levels);
        self.above
            .borrow_mut()
            .insert(Arc::clone(project), Rc::clone(&levels));
        levels
    }

    /// What deny rules and boundaries leave of what a binding gives one principal on a resource.
    pub fn left(&self, who: &Principal, permission: &str, on: &Resource) -> Truth {
        if self.is_undenied(on) && self.is_unbound(who) {
            return Truth::Yes;
        }
        let Ok(permission) = Permission::parse(permission) else {
            return Truth::UnknownInfo;
        };
        let judge = self.judge(who, &permission, on);
        let ancestry = self.estate.ancestry(on);
        let hidden = if ancestry.complete {
            Truth::No
        } else {
            Truth::UnknownInfo
        };
        let levels = ancestry.levels.iter();
        let denied = levels.fold(hidden, |sum, level| sum.or(deny::decide(&judge, level)));
        denied.negate().and(boundary::decide(&judge))
    }

    fn is_undenied(&self, on: &Resource) -> bool {
        if let Some(known) = self.undenied.borrow().get(on) {
            return *known;
        }
        let ancestry = self.estate.ancestry(on);
        let undenied = ancestry.complete
            && ancestry.levels.iter().all(|level| {
                matches!(level, Resource::ServiceAccount { .. })
                    || (self.estate.deny_policies(level).known())
                        .is_some_and(|list| list.is_empty())
            });
        self.undenied.borrow_mut().insert(on.clone(), undenied);
        undenied
    }

    fn is_unbound(&self, who: &Principal) -> bool {
        if let Some(known) = self.unbound.borrow().get(who) {
            return *known;
        }
        let unbound = boundary::is_free(self.estate, who);
        self.unbound.borrow_mut().insert(who.clone(), unbound);
        unbound
    }

    /// The same of a set, by one way.
    fn left_of_set(&self, set: &Member, way: WayIn, on: &Resource) -> Truth {
        let known = self.sets.borrow().get(&way).cloned();
        let sets = known.or_else(|| {
            let permission = Permission::parse(way.permission()).ok()?;
            let fresh = Rc::new(SetsLeft::new(self.estate, permission, self.time));
            self.sets.borrow_mut().insert(way, Rc::clone(&fresh));
            Some(fresh)
        });
        sets.map_or(Truth::UnknownInfo, |sets| sets.left(set, on))
    }

    /// Whether a member of a binding becomes what lies at `on` (an account, or the accounts below a level) by
    /// one of the ways: the binding, deny rules and boundaries together.
    pub fn becomes(
        &self,
        placed: &PlacedBinding<'e>,
        member: &Member,
        on: &Resource,
        ways: &[WayIn],
    ) -> Truth {
        let by = |way: &WayIn| match member {
            Member::One(one) => self.left(one, way.permission(), on),
            Member::Group(email) => self.group_left(email, *way, on),
            set => self.left_of_set(set, *way, on),
        };
        let left = ways.iter().fold(Truth::No, |sum, way| match sum {
            Truth::Yes => sum,
            _ => sum.or(by(way)),
        });
        placed.holds.and(left)
    }

    /// Whether somebody of a group is left: of a group that was read one member tells, where one is.
    fn group_left(&self, email: &str, way: WayIn, on: &Resource) -> Truth {
        /// Of more members than this no more are asked (chosen).
        const ASKED: usize = 50;
        let within = self.within(email);
        let mut sum = Truth::No;
        for member in within.members.iter().take(ASKED) {
            sum = sum.or(match &member.member {
                Member::One(one) => self.left(one, way.permission(), on),
                Member::Deleted { .. } | Member::Impossible(_) => Truth::No,
                set => self.left_of_set(set, way, on),
            });
            if sum == Truth::Yes {
                return sum;
            }
        }
        if within.whole && within.members.len() <= ASKED {
            sum
        } else {
            sum.or(Truth::UnknownInfo)
        }
    }

    /// Everybody in a group, nested groups followed; each group once.
    pub fn within(&self, email: &str) -> Rc<Within<'e>> {
        if let Some(known) = self.groups.borrow().get(email) {
            return Rc::clone(known);
        }
        let mut found = Within {
            members: Vec::new(),
            whole: true,
            accounts: Vec::new(),
        };
        let mut seen: HashSet<&str> = HashSet::from([email]);
        let mut queue = vec![email];
        while let Some(at) = queue.pop() {
            let Read::Known(group) = self.estate.group(at) else {
                self.unread_groups
                    .borrow_mut()
                    .insert(format!("groups/{at}"));
                found.whole = false;
                continue;
            };
            for member in &group.members {
                match &member.member {
                    Member::Group(inner) => {
                        if seen.insert(inner) {
                            queue.push(inner);
                        }
                    }
                    _ => found.members.push(member),
                }
            }
        }
        found.members.sort_by(|a, b| a.text.cmp(&b.text));
        found.members.dedup_by(|a, b| a.text == b.text);
        let is_account =
            |member: &Member| matches!(member, Member::One(Principal::ServiceAccount(_)));
        let each = found.members.iter().enumerate();
        let accounts = each.filter(|(_, one)| is_account(&one.member));
        found.accounts = accounts.map(|(at, _)| at).collect();
        let found = Rc::new(found);
        self.groups
            .borrow_mut()
            .insert(email.to_owned(), Rc::clone(&found));
        found
    }

    /// What was not read of what findings come of, after the rules have looked.
    pub fn not_read(&self) -> BTreeSet<String> {
        let mut names: BTreeSet<String> = self
            .estate
            .unreadable()
            .filter(|(name, _)| {
                !name.starts_with("groups/")
                    && !name.contains("/orgPolicies")
                    && !name.contains("/policies/")
            })
            .map(|(name, _)| name.to_owned())
            .collect();
        names.extend(self.unread_roles.iter().cloned());
        names.extend(self.unread_groups.borrow().iter().cloned());
        names.extend(self.estate.known_in_part().map(Resource::full_name));
        if self.estate.coverage() == Coverage::Partial {
            let accounts = self.estate.accounts().filter_map(|account| {
                let named = Resource::account("-", &account.email);
                self.estate.resolve(&named).exists()
            });
            let levels = self.accounts_below.keys().cloned();
            let unread = accounts
                .chain(levels)
                .filter(|on| !self.estate.allow_policy(on).is_known());
            names.extend(unread.map(|on| on.full_name()));
        }
        names
    }
}
