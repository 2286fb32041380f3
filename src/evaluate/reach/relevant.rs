//! The bindings whose role holds a permission, and the ground that they stand on: hierarchy, what
//! was not read, which levels have deny rules and boundaries. Worked out once per question.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hashbrown::{HashMap, HashSet};
use jiff::Timestamp;
use rayon::prelude::*;

use super::super::judge::Judge;
use super::super::{boundary, conditions, org_policy, role};
use crate::estate::hierarchy::DEEPEST;
use crate::estate::{Assumption, Coverage, Estate};
use crate::evaluate::explanation::RoleState;
use crate::evaluate::truth::Truth;
use crate::iam::{Binding, Permission, Principal, Resource, ResourceKind, deny};

/// A binding that matters.
#[derive(Debug)]
pub(super) struct RelevantBinding<'e> {
    /// Whose policy holds it.
    pub resource: &'e Resource,
    /// The binding.
    pub binding: &'e Binding,
    /// For each permission asked whether the role holds it.
    pub holds: Arc<[Truth]>,
    /// The same in bits ([`held_bit`]): what it holds, or may.
    pub held: u64,
    /// Whether it hangs on more than who is a member.
    pub open: bool,
}

/// The bit of the permission at a place. More than there are bits for share them all: what is held by bits may be held.
pub(super) fn held_bit(permission: usize) -> u64 {
    let bit = u32::try_from(permission).ok();
    bit.and_then(|bit| 1_u64.checked_shl(bit))
        .unwrap_or(u64::MAX)
}

fn in_bits(holds: &[Truth]) -> u64 {
    let each = holds.iter().enumerate();
    let held = each.filter(|(_, holds)| **holds != Truth::No);
    held.fold(0, |all, (at, _)| all | held_bit(at))
}

/// The levels above an account, its project first.
#[derive(Debug)]
pub(super) struct LevelsAbove {
    pub levels: Vec<Resource>,
    pub complete: bool,
    /// Whether one of their allow policies was not read.
    pub hidden: bool,
    /// What is known of the deny policies of each, as [`Ground::denying`].
    pub denying: Vec<Option<Denying>>,
}

/// What every decision of one question shares.
pub(super) struct Ground<'e> {
    pub estate: &'e Estate,
    pub time: Timestamp,
    pub permissions: Vec<Permission>,
    pub entries: Vec<RelevantBinding<'e>>,
    /// Roles of relevant bindings that could not be read.
    pub unread_roles: BTreeSet<String>,
    /// Whether no boundary that could stop what is asked is bound anywhere, as far as was read.
    pub no_boundaries: bool,
    /// What was not read of where callers belong that were judged.
    unread_places: Mutex<BTreeSet<String>>,
    /// A boundary that names an account tells accounts of one project apart.
    pub boundaries_by_account: bool,
    denying: HashMap<&'e Resource, Denying>,
    deny_unread: HashSet<Resource>,
    unread: HashSet<Resource>,
    above: Mutex<HashMap<Arc<str>, Arc<LevelsAbove>>>,
    /// The same of folders and organizations, each with itself.
    above_levels: Mutex<HashMap<Resource, Arc<LevelsAbove>>>,
    /// An export was read that holds no tags: what hangs on them is not known.
    tags_unread: bool,
    /// Whether bindings of custom roles are kept whatever the role holds.
    custom_roles: bool,
    /// Whether keys are forbidden: of a project where it is the same for all its accounts, else of an account.
    keys: Mutex<HashMap<Resource, Option<Truth>>>,
}

/// The name under which tags stand among what was not read.
const TAGS: &str = "tagBindings";

/// What a level's deny policies hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Denying {
    /// Nothing that speaks of what is asked.
    Nothing,
    /// Rules that say the same for every account below.
    Plain,
    /// Rules with conditions, which see the account's tags.
    Conditional,
}

/// So many policies are looked through by one thread at a time.
const POLICIES_OF_ONE_THREAD: usize = 8_192;

/// What a role comes to.
struct RoleHeld {
    /// Whether its bindings matter.
    kept: bool,
    holds: Arc<[Truth]>,
    held: u64,
    open: bool,
}

/// What was found in some policies.
#[derive(Default)]
struct BindingsFound<'e> {
    entries: Vec<RelevantBinding<'e>>,
    /// What of them could not be read.
    unread: BTreeSet<String>,
}

/// What is kept is whole whoever fell over while it was held.
fn locked<T>(kept: &Mutex<T>) -> MutexGuard<'_, T> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<'e> Ground<'e> {
    /// `levels`: whose policies to look at; `None` for all.
    pub fn new(
        estate: &'e Estate,
        permissions: Vec<Permission>,
        time: Timestamp,
        levels: Option<&[Resource]>,
    ) -> Self {
        Self::keeping(estate, permissions, time, levels, false)
    }

    /// The same; `custom_roles`: with the bindings of custom roles, whatever they hold.
    pub fn keeping(
        estate: &'e Estate,
        permissions: Vec<Permission>,
        time: Timestamp,
        levels: Option<&[Resource]>,
        custom_roles: bool,
    ) -> Self {
        let mut ground = Self {
            estate,
            time,
            entries: Vec::new(),
            unread_roles: BTreeSet::new(),
            no_boundaries: estate.assumes(Assumption::NoBoundariesInExport)
                || estate
                    .policy_bindings()
                    .all(|(_, list)| list.known().is_some_and(<[_]>::is_empty)),
            unread_places: Mutex::default(),
            boundaries_by_account: estate
                .boundaries
                .values()
                .flat_map(|p| &p.details.rules)
                .flat_map(|r| r.resources.iter().chain(&r.excluded_resources))
                .any(|name| {
                    Resource::parse(name).is_ok_and(|r| r.kind() == ResourceKind::ServiceAccount)
                }),
            denying: HashMap::new(),
            deny_unread: HashSet::new(),
            unread: HashSet::new(),
            above: Mutex::default(),
            above_levels: Mutex::default(),
            tags_unread: estate.assumes(Assumption::NoTagsInExport),
            custom_roles,
            keys: Mutex::default(),
            permissions,
        };
        ground.mark_unread();
        ground.find_deny_rules();
        ground.find_bindings(levels);
        ground
    }

    fn mark_unread(&mut self) {
        for (name, _) in self.estate.unreadable() {
            if let Some(point) = name
                .ends_with("/denypolicies")
                .then(|| deny::attachment_point(name))
                .flatten()
            {
                self.deny_unread.insert(self.canonical(point));
            } else if let Ok(resource) = Resource::parse(name) {
                self.unread.insert(self.canonical(resource));
            }
        }
    }

    pub fn canonical(&self, resource: Resource) -> Resource {
        self.estate.resolve(&resource).exists().unwrap_or(resource)
    }

    fn find_deny_rules(&mut self) {
        for (level, policies) in self.estate.deny.iter() {
            let mut found = Denying::Nothing;
            for rule in policies.iter().flat_map(|p| &p.rules) {
                let Some(deny) = &rule.deny_rule else {
                    found = Denying::Conditional;
                    break;
                };
                let speaks = self.permissions.iter().any(|p| {
                    deny.denied_permissions
                        .iter()
                        .any(|pattern| p.is_denied_by(pattern))
                });
                if !speaks {
                    continue;
                }
                if deny.denial_condition.is_some() {
                    found = Denying::Conditional;
                    break;
                }
                found = Denying::Plain;
            }
            self.denying.insert(level, found);
        }
    }

    fn find_bindings(&mut self, levels: Option<&[Resource]>) {
        let standing: Vec<(&'e Resource, &'e [Binding])> = match levels {
            Some(levels) => {
                let read = levels.iter().filter(|l| !self.unread.contains(*l));
                let known = read.filter_map(|level| self.estate.allow.get_key_value(level));
                known.map(|(on, policy)| (on, &*policy.bindings)).collect()
            }
            None => {
                let all = self.estate.allow.iter();
                let read =
                    all.filter(|(on, _)| self.unread.is_empty() || !self.unread.contains(*on));
                read.map(|(on, policy)| (on, &*policy.bindings)).collect()
            }
        };
        let pieces = standing.par_chunks(POLICIES_OF_ONE_THREAD);
        let pieces: Vec<BindingsFound<'e>> = pieces.map(|some| self.found_among(some)).collect();
        let count = pieces.iter().map(|piece| piece.entries.len()).sum();
        let mut entries = Vec::with_capacity(count);
        for piece in pieces {
            entries.extend(piece.entries);
            self.unread_roles.extend(piece.unread);
        }
        self.entries = entries;
    }

    fn found_among(&self, policies: &[(&'e Resource, &'e [Binding])]) -> BindingsFound<'e> {
        let judges: Vec<Judge<'_>> = self
            .permissions
            .iter()
            .map(|p| {
                let nobody = Principal::Other(String::new());
                Judge::new(self.estate, &nobody, p, &Resource::project(""), self.time)
            })
            .collect();
        // Roles are few, and each name stands once in memory (`Estate::put_policy`): each is worked out
        // once, and found again by where it stands.
        let mut roles: HashMap<*const u8, RoleHeld> = HashMap::new();
        let mut found = BindingsFound::default();
        for (resource, bindings) in policies {
            for binding in *bindings {
                let role = roles.entry(binding.role.as_ptr()).or_insert_with(|| {
                    let states: Vec<RoleState> = judges
                        .iter()
                        .map(|j| role::state(j, &binding.role))
                        .collect();
                    if states.contains(&RoleState::Unreadable)
                        || states.contains(&RoleState::Unknown)
                    {
                        let (name, _) = role::without_hidden_condition(&binding.role);
                        found.unread.insert(name.to_owned());
                    }
                    let holds: Arc<[Truth]> = states.iter().map(|s| role::grants(*s)).collect();
                    let sure = |h: &Truth| matches!(h, Truth::Yes | Truth::No);
                    RoleHeld {
                        kept: holds.iter().any(|h| *h != Truth::No)
                            || (self.custom_roles && !binding.role.starts_with("roles/")),
                        held: in_bits(&holds),
                        open: !holds.iter().all(sure),
                        holds,
                    }
                });
                if !role.kept {
                    continue;
                }
                if self.hangs_on_unread_tags(binding) {
                    found.unread.insert(TAGS.to_owned());
                }
                found.entries.push(RelevantBinding {
                    resource,
                    binding,
                    holds: Arc::clone(&role.holds),
                    held: role.held,
                    open: binding.condition.is_some() || role.open,
                });
            }
        }
        found
    }

    /// The levels above an account of a project (id).
    pub fn above(&self, project: &Arc<str>) -> Arc<LevelsAbove> {
        let known = locked(&self.above).get(project).map(Arc::clone);
        known.unwrap_or_else(|| {
            let above = self.going_up(&Resource::Project(Arc::clone(project)));
            locked(&self.above).insert(Arc::clone(project), Arc::clone(&above));
            above
        })
    }

    /// A level with those above it, itself first.
    pub fn level_and_above(&self, level: &Resource) -> Arc<LevelsAbove> {
        if let Resource::Project(id) = level {
            return self.above(id);
        }
        let known = locked(&self.above_levels).get(level).map(Arc::clone);
        known.unwrap_or_else(|| {
            let above = self.going_up(level);
            locked(&self.above_levels).insert(level.clone(), Arc::clone(&above));
            above
        })
    }

    fn going_up(&self, level: &Resource) -> Arc<LevelsAbove> {
        // Many projects lie in one folder: the way on from there is gone once.
        let parent = match level {
            Resource::Project(_) => self.estate.parent(level),
            _ => None,
        };
        let is_above = |parent: &Resource| parent.kind() != ResourceKind::Project;
        if let Some(parent) = parent.filter(is_above)
            && let Some(over) = Some(self.level_and_above(&parent)).filter(|over| over.complete)
            && over.levels.len() < DEEPEST
        {
            let own = std::iter::once(level);
            return Arc::new(LevelsAbove {
                hidden: over.hidden || self.policy_unread(level),
                denying: std::iter::once(self.denying(level))
                    .chain(over.denying.iter().copied())
                    .collect(),
                levels: own.chain(&over.levels).cloned().collect(),
                complete: true,
            });
        }
        let ancestry = self.estate.ancestry(level);
        Arc::new(LevelsAbove {
            hidden: ancestry.levels.iter().any(|l| self.policy_unread(l)),
            denying: ancestry.levels.iter().map(|l| self.denying(l)).collect(),
            levels: ancestry.levels,
            complete: ancestry.complete,
        })
    }

    /// Whether the allow policy of a level (canonical) is not known.
    pub fn policy_unread(&self, level: &Resource) -> bool {
        self.unread.contains(level)
            || self.estate.partly.contains(level)
            || (self.estate.coverage() != Coverage::Whole
                && !self.estate.is_told_of(level)
                && self.estate.allow.get(level).is_none())
    }

    /// Whether every account that is listed has its allow policy read.
    pub fn reads_all(&self) -> bool {
        self.unread.is_empty()
            && self.estate.partly.is_empty()
            && self.estate.coverage() != Coverage::Partial
    }

    /// Levels whose allow policy or deny policies are not known, or not all of them.
    pub fn unread(&self) -> impl Iterator<Item = &Resource> {
        let partly = self.estate.known_in_part();
        self.unread.iter().chain(&self.deny_unread).chain(partly)
    }

    /// Whether no policy was left out that is named, and no deny rule or boundary speaks of what is asked: where the
    /// levels above are known too, what bindings without conditions give to known members is had.
    pub fn is_certain(&self) -> bool {
        self.no_boundaries
            && self.deny_unread.is_empty()
            && self.unread.is_empty()
            && self.estate.partly.is_empty()
            && self.estate.coverage() != Coverage::Partial
            && self
                .denying
                .values()
                .all(|found| *found == Denying::Nothing)
    }

    /// Whether keys of an account (canonical name) may not be made.
    pub fn keys_disabled(&self, account: &Resource) -> Truth {
        let of = |on: &Resource, made: &dyn Fn() -> Option<Truth>| {
            let known = locked(&self.keys).get(on).copied();
            known.unwrap_or_else(|| {
                let found = made();
                locked(&self.keys).insert(on.clone(), found);
                found
            })
        };
        let project = match account {
            Resource::ServiceAccount { project, .. } => Resource::Project(Arc::clone(project)),
            _ => account.clone(),
        };
        let of_all = of(&project, &|| {
            org_policy::keys_disabled_below(self.estate, &project)
        });
        let own = || Some(org_policy::keys_disabled(self.estate, account));
        let answer = of_all.or_else(|| of(account, &own));
        answer.unwrap_or(Truth::UnknownInfo)
    }

    /// Whether that is the same for all accounts of a project (id).
    pub fn keys_are_alike(&self, project: &Arc<str>) -> bool {
        let known = locked(&self.keys);
        let of_all = known.get(&Resource::Project(Arc::clone(project)));
        of_all.is_some_and(Option::is_some)
    }

    /// What is known of a level's deny policies; `None` when they were not read.
    pub fn denying(&self, level: &Resource) -> Option<Denying> {
        if self.deny_unread.contains(level) {
            return None;
        }
        match self.denying.get(level) {
            Some(found) => Some(*found),
            None if self.estate.is_told_of(level) => Some(Denying::Nothing),
            None => None,
        }
    }

    /// Whether a deny rule on this level hangs on tags.
    fn denies_by_tags(&self, level: &Resource) -> bool {
        let policies = self.estate.deny.get(level).into_iter().flatten();
        let mut rules = policies
            .flat_map(|p| &p.rules)
            .filter_map(|r| r.deny_rule.as_ref());
        rules.any(|rule| {
            rule.denial_condition
                .as_ref()
                .is_some_and(|c| conditions::looks_at_tags(c))
        })
    }

    /// Remembers what was not read of where a caller belongs: boundaries may be bound to it there.
    pub fn note_place(&self, caller: &Principal) {
        let names = boundary::not_read(self.estate, caller);
        locked(&self.unread_places).extend(names);
    }

    /// Adds what was not read of these levels, and of where the callers belong that were judged.
    pub fn not_read<'l>(
        &self,
        levels: impl IntoIterator<Item = &'l Resource>,
        into: &mut BTreeSet<String>,
    ) {
        self.levels_not_read(levels, into);
        into.extend(locked(&self.unread_places).iter().cloned());
        into.extend(self.unread_roles.iter().cloned());
    }

    /// Adds what was not read of these levels.
    pub fn levels_not_read<'l>(
        &self,
        levels: impl IntoIterator<Item = &'l Resource>,
        into: &mut BTreeSet<String>,
    ) {
        for level in levels {
            if self.policy_unread(level) {
                into.insert(level.full_name());
            }
            if level.kind() != ResourceKind::ServiceAccount && self.denying(level).is_none() {
                into.insert(deny::collection(level));
            }
            if self.tags_unread && self.denies_by_tags(level) {
                into.insert(TAGS.to_owned());
            }
        }
    }

    /// Whether a binding counts by tags that were not read.
    pub fn hangs_on_unread_tags(&self, binding: &Binding) -> bool {
        let condition = binding.condition.as_ref();
        self.tags_unread && condition.is_some_and(|c| conditions::looks_at_tags(c))
    }

    /// What was not read of where the callers belong that were judged.
    pub fn places_not_read(&self) -> BTreeSet<String> {
        locked(&self.unread_places).clone()
    }

    /// Whether something was not read of where callers belong that were judged since this was asked last.
    pub fn take_unread_places(&self) -> bool {
        !std::mem::take(&mut *locked(&self.unread_places)).is_empty()
    }
}
