//! The accounts below each level, by number: whoever goes through a hundred thousand of them compares no names.

use std::hash::BuildHasher;
use std::rc::Rc;
use std::sync::Arc;

use hashbrown::{DefaultHashBuilder, HashMap, HashTable};

use super::chains::is_off;
use super::mover::Mover;
use super::relevant::{Ground, LevelsAbove};
use crate::evaluate::explain::is_shut_down;
use crate::iam::Resource;

/// An account.
pub(super) struct BelowAccount {
    pub resource: Resource,
    /// The number of its project.
    pub project: usize,
    /// Whether it is known to be disabled or gone, or of a project that was shut down.
    pub off: bool,
    /// Whether nobody goes on from it.
    pub stops: bool,
    /// Whether its allow policy is known.
    pub policy_read: bool,
}

impl BelowAccount {
    /// The id of its project.
    pub fn project_id(&self) -> Option<&Arc<str>> {
        match &self.resource {
            Resource::ServiceAccount { project, .. } => Some(project),
            _ => None,
        }
    }
}

/// A project and its accounts.
pub(super) struct BelowProject {
    pub above: Rc<LevelsAbove>,
    /// Those that are known to be there.
    pub listed: Vec<usize>,
}

/// A level above some account that is known to be there.
pub(super) struct BelowLevel {
    /// The projects with such accounts, by number.
    pub projects: Vec<usize>,
    /// The levels above it.
    pub above: Vec<Resource>,
}

impl BelowLevel {
    /// What somebody holds on it (its name) and above it.
    pub fn held(&self, level: &Resource, mover: &Mover<'_, '_>) -> u64 {
        let above = self.above.iter();
        above.fold(mover.held_on(level), |all, on| all | mover.held_on(on))
    }
}

/// The accounts below each level. Numbers go by their resources' order.
pub(super) struct Below {
    pub accounts: Vec<BelowAccount>,
    pub projects: Vec<BelowProject>,
    /// The number of each account, by its address.
    numbers: HashTable<usize>,
    hasher: DefaultHashBuilder,
    /// Levels with their numbers.
    levels: HashMap<Resource, usize>,
    /// By the levels' numbers.
    on_levels: Vec<BelowLevel>,
    /// Whether the way up from every project with accounts that are known to be there is known.
    pub complete: bool,
    /// Whether it is from every other too, and all policies on it.
    pub whole: bool,
}

/// An account's resource, and whether it is known to be off where it is known to be there.
type NamedAccount = (Resource, Option<bool>);

impl Below {
    pub fn new(ground: &Ground<'_>) -> Self {
        let estate = ground.estate;
        let mut lists: Vec<(Arc<str>, bool, Vec<NamedAccount>)> = Vec::new();
        let mut by_name: HashMap<&str, usize> = HashMap::new();
        let mut by_id: HashMap<Arc<str>, usize> = HashMap::new();
        for account in estate.accounts() {
            let at = *by_name.entry(&account.project_id).or_insert_with(|| {
                let id: Arc<str> = estate.project_id_of(account).into();
                *by_id.entry(Arc::clone(&id)).or_insert_with(|| {
                    let shut = estate.project(&id).is_some_and(|p| p.is_shut_down());
                    lists.push((id, shut, Vec::new()));
                    lists.len() - 1
                })
            });
            if let Some((id, shut, list)) = lists.get_mut(at) {
                let resource = Resource::account(id, &account.email);
                list.push((resource, Some(account.disabled || *shut)));
            }
        }
        // Whatever a policy stands on may be reached, listed or not.
        for entry in &ground.entries {
            if let Resource::ServiceAccount { project, account } = entry.resource
                && !estate.accounts.contains_key(account)
            {
                let at = *by_id.entry(Arc::clone(project)).or_insert_with(|| {
                    lists.push((Arc::clone(project), false, Vec::new()));
                    lists.len() - 1
                });
                if let Some((.., list)) = lists.get_mut(at) {
                    list.push((entry.resource.clone(), None));
                }
            }
        }
        Self::of(ground, lists)
    }

    fn of(ground: &Ground<'_>, mut lists: Vec<(Arc<str>, bool, Vec<NamedAccount>)>) -> Self {
        lists.sort_by(|a, b| a.0.cmp(&b.0));
        let mut below = Self {
            accounts: Vec::new(),
            projects: Vec::new(),
            numbers: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
            levels: HashMap::new(),
            on_levels: Vec::new(),
            complete: true,
            whole: true,
        };
        let reads_all = ground.reads_all();
        for (id, _, mut list) in lists {
            list.sort_by(|a, b| a.0.cmp(&b.0));
            list.dedup_by(|again, first| again.0 == first.0);
            let project = below.projects.len();
            let above = ground.above(&id);
            let mut listed = Vec::new();
            for (resource, off) in list {
                if off.is_some() {
                    listed.push(below.accounts.len());
                }
                let disabled = || {
                    ground
                        .estate
                        .account(resource.id())
                        .is_some_and(|a| a.disabled)
                };
                below.accounts.push(BelowAccount {
                    project,
                    stops: off
                        .unwrap_or_else(|| disabled() || is_shut_down(ground.estate, &resource)),
                    off: off.unwrap_or_else(|| is_off(ground.estate, &resource)),
                    policy_read: (off.is_some() && reads_all) || !ground.policy_unread(&resource),
                    resource,
                });
            }
            let told = |level: &Resource| ground.denying(level).is_some();
            below.whole &= above.complete && !above.hidden && above.levels.iter().all(told);
            if !listed.is_empty() {
                below.complete &= above.complete;
                below.add_project(project, &above.levels);
            }
            below.projects.push(BelowProject { above, listed });
        }
        below.number_all();
        below
    }

    fn number_all(&mut self) {
        let (accounts, hasher) = (&self.accounts, &self.hasher);
        let hash = |account: &BelowAccount| hasher.hash_one(account.resource.id());
        self.numbers = HashTable::with_capacity(accounts.len());
        for (number, account) in accounts.iter().enumerate() {
            let again = |number: &usize| accounts.get(*number).map_or(0, hash);
            self.numbers.insert_unique(hash(account), number, again);
        }
    }

    fn add_project(&mut self, project: usize, levels: &[Resource]) {
        let mut above = Vec::new();
        for level in levels.iter().rev() {
            let next = self.on_levels.len();
            let number = *self.levels.entry(level.clone()).or_insert(next);
            if number == next {
                let above = above.clone();
                let projects = Vec::new();
                self.on_levels.push(BelowLevel { projects, above });
            }
            if let Some(level) = self.on_levels.get_mut(number) {
                level.projects.push(project);
            }
            above.push(level.clone());
        }
    }

    /// The projects below a level, by number.
    pub fn projects_below(&self, level: &Resource) -> &[usize] {
        self.level(level).map_or(&[], |(_, level)| &level.projects)
    }

    /// A level, with its number.
    pub fn level(&self, level: &Resource) -> Option<(usize, &BelowLevel)> {
        let number = *self.levels.get(level)?;
        Some((number, self.on_levels.get(number)?))
    }

    /// All levels above some account, by number.
    pub fn all_levels(&self) -> &[BelowLevel] {
        &self.on_levels
    }

    /// The levels above some account.
    pub fn levels(&self) -> impl Iterator<Item = &Resource> {
        self.levels.keys()
    }

    /// The number of an account.
    pub fn number(&self, account: &Resource) -> Option<usize> {
        if !matches!(account, Resource::ServiceAccount { .. }) {
            return None;
        }
        let hash = self.hasher.hash_one(account.id());
        let is_it = |number: &usize| {
            let known = self.accounts.get(*number);
            known.is_some_and(|known| known.resource == *account)
        };
        self.numbers.find(hash, is_it).copied()
    }
}

/// The accounts that are still to be reached, project by project: those that are reached are not gone through again.
#[derive(Clone, Default)]
pub(super) struct LeftBelow {
    lists: HashMap<usize, Vec<usize>>,
}

impl LeftBelow {
    /// Those on these levels and below that are known to be there, and that are left, in the order of their names. Who
    /// is not left once is never left again.
    pub fn on<'r>(
        &mut self,
        below: &Below,
        levels: impl IntoIterator<Item = &'r Resource>,
        is_left: impl Fn(usize) -> bool,
    ) -> Vec<usize> {
        let mut found = Vec::new();
        for level in levels {
            if matches!(level, Resource::ServiceAccount { .. }) {
                found.extend(below.number(level).filter(|account| is_left(*account)));
                continue;
            }
            for project in below.projects_below(level) {
                let list = self.lists.entry(*project).or_insert_with(|| {
                    let project = below.projects.get(*project);
                    project.map(|p| p.listed.clone()).unwrap_or_default()
                });
                list.retain(|account| is_left(*account));
                found.extend(&*list);
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}
