//! The accounts below each level, by number: whoever goes through a hundred thousand of them compares no names.

use std::hash::BuildHasher;
use std::sync::Arc;

use hashbrown::{DefaultHashBuilder, HashMap, HashSet, HashTable};

use super::chains::is_off;
use super::mover::Mover;
use super::relevant::{Ground, LevelsAbove};
use crate::estate::Estate;
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
    /// Whether it is known to be there.
    pub listed: bool,
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
    pub above: Arc<LevelsAbove>,
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

/// The accounts that are known to be there, by project: no policy is looked at for it.
pub(super) struct ListedAccounts {
    projects: Vec<ListedProject>,
    /// Projects by id.
    by_id: HashMap<Arc<str>, usize>,
}

struct ListedProject {
    id: Arc<str>,
    /// By address.
    accounts: Vec<NamedAccount>,
}

impl ListedAccounts {
    pub fn new(estate: &Estate) -> Self {
        let mut listed = Self {
            projects: Vec::new(),
            by_id: HashMap::new(),
        };
        // Of each project as records name it whether it was shut down.
        let mut by_name: HashMap<&str, (usize, bool)> = HashMap::new();
        for (address, account) in estate.accounts.iter() {
            let (at, shut) = *by_name.entry(&account.project_id).or_insert_with(|| {
                let id: Arc<str> = estate.project_id_of(account).into();
                let shut = estate.project(&id).is_some_and(|p| p.is_shut_down());
                (listed.project(&id), shut)
            });
            if let Some(project) = listed.projects.get_mut(at) {
                let resource = Resource::ServiceAccount {
                    project: Arc::clone(&project.id),
                    account: Arc::clone(address),
                };
                let off = Some(account.disabled || shut);
                project.accounts.push((resource, off));
            }
        }
        listed
    }

    /// The place of a project (id).
    fn project(&mut self, id: &Arc<str>) -> usize {
        if let Some(known) = self.by_id.get(id) {
            return *known;
        }
        let at = self.projects.len();
        self.by_id.insert(Arc::clone(id), at);
        self.projects.push(ListedProject {
            id: Arc::clone(id),
            accounts: Vec::new(),
        });
        at
    }

    /// Adds those on which a policy stands: whatever one stands on may be reached, listed or not.
    fn add_named(&mut self, ground: &Ground<'_>) {
        let accounts = self.projects.iter().flat_map(|project| &project.accounts);
        let known: HashSet<&Arc<str>> = accounts
            .filter_map(|(resource, _)| match resource {
                Resource::ServiceAccount { account, .. } => Some(account),
                _ => None,
            })
            .collect();
        let mut last: Option<&Resource> = None;
        let mut unknown = Vec::new();
        for entry in &ground.entries {
            // A policy's bindings come together.
            if last.is_some_and(|last| std::ptr::eq(last, entry.resource)) {
                continue;
            }
            last = Some(entry.resource);
            if let Resource::ServiceAccount { project, account } = entry.resource
                && !known.contains(account)
            {
                unknown.push((project, entry.resource));
            }
        }
        drop(known);
        for (project, resource) in unknown {
            let at = self.project(project);
            if let Some(project) = self.projects.get_mut(at) {
                project.accounts.push((resource.clone(), None));
            }
        }
    }
}

impl Below {
    pub fn new(ground: &Ground<'_>, mut listed: ListedAccounts) -> Self {
        listed.add_named(ground);
        let mut lists = listed.projects;
        lists.sort_by(|a, b| a.id.cmp(&b.id));
        let count = lists.iter().map(|project| project.accounts.len()).sum();
        let mut below = Self {
            accounts: Vec::with_capacity(count),
            projects: Vec::with_capacity(lists.len()),
            numbers: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
            levels: HashMap::new(),
            on_levels: Vec::new(),
            complete: true,
            whole: true,
        };
        let reads_all = ground.reads_all();
        for ListedProject {
            id,
            accounts: mut list,
        } in lists
        {
            // Those that are listed come in their order.
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
                    listed: off.is_some(),
                    resource,
                });
            }
            let told = above.denying.iter().all(Option::is_some);
            below.whole &= above.complete && !above.hidden && told;
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
        for (at, level) in levels.iter().enumerate().rev() {
            let known = self.levels.get(level).copied();
            let number = known.unwrap_or_else(|| {
                let number = self.on_levels.len();
                self.levels.insert(level.clone(), number);
                let above = levels.get(at + 1..).unwrap_or_default();
                self.on_levels.push(BelowLevel {
                    projects: Vec::new(),
                    above: above.to_vec(),
                });
                number
            });
            if let Some(level) = self.on_levels.get_mut(number) {
                level.projects.push(project);
            }
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

    /// Whether an account of that address (lower case) is known to be there.
    pub fn lists(&self, email: &str) -> bool {
        let is_it = |number: &usize| {
            let known = self.accounts.get(*number);
            known.is_some_and(|known| known.listed && known.resource.id() == email)
        };
        let found = self.numbers.find(self.hasher.hash_one(email), is_it);
        found.is_some()
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
    /// Those below these levels that are known to be there, and these accounts, as far as they are left, in the order of
    /// their names. Who is not left once is never left again.
    pub fn on<'r>(
        &mut self,
        below: &Below,
        levels: impl IntoIterator<Item = &'r Resource>,
        own: impl Iterator<Item = usize>,
        is_left: impl Fn(usize) -> bool,
    ) -> Vec<usize> {
        let mut found: Vec<usize> = own.filter(|account| is_left(*account)).collect();
        for level in levels {
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
