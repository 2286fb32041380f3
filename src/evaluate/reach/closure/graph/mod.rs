//! All steps of an estate as one graph that identities, groups, bindings, levels and projects stand in, each once for all
//! whom rules do not tell apart: as large as what was read, and not as the pairs of callers and accounts.

mod editing;
mod opening;

use std::sync::Arc;

use hashbrown::HashMap;

use super::super::below::Below;
use super::super::identity::Identity;
use super::super::relevant::Ground;
use super::super::standing::{GroupIndex, Members};
use super::classes::RuleClasses;
use super::hops::{Hop, HopAt};
use crate::evaluate::looks_at_tags;
use crate::evaluate::truth::Truth;
use crate::iam::{Principal, Resource, ResourceKind, owner};

/// How whoever stands somewhere came there: by policies alone or not, as the account or as a link of a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct HopStanding {
    pub hangs: bool,
    pub link: bool,
}

impl HopStanding {
    pub const START: Self = Self {
        hangs: false,
        link: false,
    };
    pub const ALL: [Self; 4] = [
        Self::START,
        Self {
            hangs: true,
            link: false,
        },
        Self {
            hangs: false,
            link: true,
        },
        Self {
            hangs: true,
            link: true,
        },
    ];

    /// Its place in [`Self::ALL`].
    pub fn place(self) -> usize {
        usize::from(self.hangs) + 2 * usize::from(self.link)
    }

    /// Whether whoever stands like this is as well off as like that.
    pub fn covers(self, that: Self) -> bool {
        (!self.hangs || that.hangs) && (!self.link || that.link)
    }
}

/// What a step comes to for an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct HopEffect {
    /// Whether it is told, and whether as certain.
    told: Option<bool>,
    /// What whoever takes it is then, and whether that is sure.
    onward: Option<(HopStanding, bool)>,
}

/// For whom a vertex stands: whom rules do not tell apart, and how they came there. Whether all before it is certain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct By {
    class: u32,
    standing: HopStanding,
    sure: bool,
}

/// A vertex.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Vertex {
    /// Somebody.
    Stands { who: u32, standing: HopStanding },
    /// In a group.
    InGroup { by: By, group: u32 },
    /// In some group that was not read.
    InOpen { by: By },
    /// In a set.
    InSet { by: By, set: u32 },
    /// In a binding; `edited`: whose role it may edit.
    InEntry { by: By, entry: u32, edited: bool },
    /// What a kind of step opens below a level. `above`: its permission was found on the level. `tagged`: a binding
    /// whose condition looks at the account's tags.
    Below {
        by: By,
        hop: u8,
        above: bool,
        level: u32,
        tagged: Option<u32>,
    },
    /// The same of one project.
    InProject {
        by: By,
        hop: u8,
        above: bool,
        project: u32,
    },
    /// The same for each account there.
    Each { effect: HopEffect, project: u32 },
    /// An account is told.
    Told { account: u32, certain: bool },
    /// A step that may be there, and would lead on.
    Unsure { account: u32, standing: HopStanding },
}

/// Somebody who calls, or is called as.
pub(super) struct Somebody<'e> {
    pub principal: Principal,
    known: Option<KnownCaller<'e>>,
}

/// What is known of one.
struct KnownCaller<'e> {
    class: u32,
    naming: Vec<(usize, Truth)>,
    groups: Vec<(&'e str, Truth)>,
    sets: Vec<(u32, Truth)>,
    in_groups: bool,
    /// Bindings whose role it may edit.
    edits: Vec<(usize, Truth)>,
    /// Whether boundaries may be bound to it that were not read.
    unplaced: bool,
}

/// What a vertex is to those who read the graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Somebody, by number.
    Stands {
        who: u32,
        standing: HopStanding,
    },
    Told {
        account: u32,
        certain: bool,
    },
    Unsure {
        account: u32,
        standing: HopStanding,
    },
}

/// The graph, as far as somebody gets in it.
pub(super) struct ClosureGraph<'g, 'e> {
    ground: &'g Ground<'e>,
    members: &'g Members<'e>,
    groups: &'g GroupIndex<'e>,
    pub below: &'g Below,
    hops: Vec<Hop>,
    classes: RuleClasses<'g, 'e>,
    pub people: Vec<Somebody<'e>>,
    numbers: HashMap<Principal, u32>,
    /// The account of each address.
    by_email: HashMap<&'g str, u32>,
    /// The number of somebody by that of its account.
    of_account: Vec<Option<u32>>,
    group_numbers: HashMap<&'e str, u32>,
    group_names: Vec<&'e str>,
    set_numbers: HashMap<&'e str, u32>,
    sets: Vec<Vec<usize>>,
    levels: Vec<Resource>,
    /// The levels of a kind on and below a level that have accounts.
    of_kind: HashMap<(u32, ResourceKind), Arc<[u32]>>,
    conditions: HashMap<(usize, usize), Truth>,
    /// Who may edit some role, and the bindings that let it.
    editors: Option<Members<'e>>,
    vertices: Vec<Vertex>,
    known: HashMap<Vertex, u32>,
    /// Where the edges of each vertex begin.
    starts: Vec<u32>,
    edges: Vec<u32>,
}

impl<'g, 'e> ClosureGraph<'g, 'e> {
    pub fn new(
        ground: &'g Ground<'e>,
        members: &'g Members<'e>,
        groups: &'g GroupIndex<'e>,
        below: &'g Below,
        hops: Vec<Hop>,
    ) -> Self {
        let mut levels = vec![Resource::project(""); below.all_levels().len()];
        for level in below.levels() {
            if let Some((number, _)) = below.level(level)
                && let Some(place) = levels.get_mut(number)
            {
                *place = level.clone();
            }
        }
        let mut by_email: HashMap<&str, u32> = HashMap::with_capacity(below.accounts.len());
        for (at, account) in below.accounts.iter().enumerate() {
            let email = account.resource.id();
            // A policy may stand on an account that is named with another project than its own.
            let own = ground.estate.accounts.contains_key(email)
                || account.project_id().map(|id| &**id) == owner::project_of(email);
            if own || !by_email.contains_key(email) {
                by_email.insert(email, number(at));
            }
        }
        let edits = hops.iter().any(|hop| hop.at == HopAt::Role);
        Self {
            ground,
            members,
            groups,
            below,
            hops,
            classes: RuleClasses::new(ground),
            people: Vec::new(),
            numbers: HashMap::new(),
            by_email,
            of_account: vec![None; below.accounts.len()],
            group_numbers: HashMap::new(),
            group_names: Vec::new(),
            set_numbers: HashMap::new(),
            sets: Vec::new(),
            levels,
            of_kind: HashMap::new(),
            conditions: HashMap::new(),
            editors: edits.then(|| editing::editors(ground)).flatten(),
            vertices: Vec::new(),
            known: HashMap::new(),
            starts: Vec::new(),
            edges: Vec::new(),
        }
    }

    /// Adds somebody, and gives its number.
    pub fn somebody(&mut self, principal: &Principal) -> u32 {
        if let Some(number) = self.numbers.get(principal) {
            return *number;
        }
        let number = number(self.people.len());
        self.people.push(Somebody {
            principal: principal.clone(),
            known: None,
        });
        self.numbers.insert(principal.clone(), number);
        number
    }

    /// The vertex of somebody, by its number.
    pub fn stands(&mut self, who: u32) -> u32 {
        let standing = HopStanding::START;
        self.vertex(Vertex::Stands { who, standing })
    }

    fn vertex(&mut self, vertex: Vertex) -> u32 {
        let next = number(self.vertices.len());
        let place = *self.known.entry(vertex).or_insert(next);
        if place == next {
            self.vertices.push(vertex);
        }
        place
    }

    /// Goes on until every vertex that somebody gets to has its edges.
    pub fn grow(&mut self) {
        while let Some(vertex) = self.vertices.get(self.starts.len()).copied() {
            self.starts.push(number(self.edges.len()));
            self.leave(vertex);
        }
        self.known = HashMap::new();
    }

    pub fn len(&self) -> usize {
        self.vertices.len()
    }

    /// Where edges of a vertex lead to.
    pub fn from(&self, vertex: usize) -> &[u32] {
        let start = self.starts.get(vertex).map_or(0, |at| *at as usize);
        let end = self
            .starts
            .get(vertex + 1)
            .map_or(self.edges.len(), |at| *at as usize);
        self.edges.get(start..end).unwrap_or_default()
    }

    pub fn end(&self, vertex: usize) -> Option<End> {
        Some(match *self.vertices.get(vertex)? {
            Vertex::Stands { who, standing } => End::Stands { who, standing },
            Vertex::Told { account, certain } => End::Told { account, certain },
            Vertex::Unsure { account, standing } => End::Unsure { account, standing },
            _ => return None,
        })
    }

    /// The account that somebody is.
    pub fn account_of(&self, who: u32) -> Option<u32> {
        match &self.people.get(who as usize)?.principal {
            Principal::ServiceAccount(email) => self.by_email.get(email.as_str()).copied(),
            _ => None,
        }
    }

    /// Whether boundaries may be bound to somebody that were not read, and count.
    pub fn is_unplaced(&self, who: u32) -> bool {
        let known = self
            .people
            .get(who as usize)
            .and_then(|one| one.known.as_ref());
        known.is_some_and(|known| known.unplaced)
    }

    /// What one permission comes to for somebody on its own account, in one step.
    pub fn on_itself(&self, who: u32, account: u32) -> Truth {
        let (Some(one), Some(account)) = (
            self.people.get(who as usize),
            self.below.accounts.get(account as usize),
        ) else {
            return Truth::No;
        };
        let identity = Identity::new(self.ground, &one.principal);
        let Some(judge) = identity.judge() else {
            return Truth::No;
        };
        let Some(above) = self.below.projects.get(account.project).map(|p| &p.above) else {
            return Truth::No;
        };
        let mut matches = self.members.of(judge, self.groups);
        matches.retain(|one| {
            let on = self.ground.entries.get(one.entry).map(|e| e.resource);
            on.is_some_and(|on| *on == account.resource || above.levels.contains(on))
        });
        let (answer, leads) = identity.decide(0, &account.resource, &matches);
        if leads.is_empty() { Truth::No } else { answer }
    }

    fn edge(&mut self, to: Vertex) {
        let to = self.vertex(to);
        self.edges.push(to);
    }

    fn leave(&mut self, vertex: Vertex) {
        match vertex {
            Vertex::Stands { who, standing } => self.leave_somebody(who, standing),
            Vertex::InGroup { by, group } => {
                let Some(email) = self.group_names.get(group as usize).copied() else {
                    return;
                };
                let groups = self.groups;
                for outer in groups.holding(email) {
                    let group = self.group_number(outer);
                    self.edge(Vertex::InGroup { by, group });
                }
                self.enter(by, self.members.naming_group(email));
            }
            Vertex::InOpen { by } => {
                for email in self.groups.open() {
                    self.enter(by, self.members.naming_group(email));
                }
            }
            Vertex::InSet { by, set } => {
                let entries = self.sets.get(set as usize).cloned().unwrap_or_default();
                self.enter(by, entries.into_iter());
            }
            Vertex::InEntry { by, entry, edited } => self.leave_entry(by, entry, edited),
            Vertex::Below {
                by,
                hop,
                above,
                level,
                tagged,
            } => {
                let projects = self.below.all_levels().get(level as usize);
                for project in projects.into_iter().flat_map(|level| &level.projects) {
                    match tagged {
                        None => self.edge(Vertex::InProject {
                            by,
                            hop,
                            above,
                            project: number(*project),
                        }),
                        Some(entry) => self.each_account(by, hop, above, *project, Some(entry)),
                    }
                }
            }
            Vertex::InProject {
                by,
                hop,
                above,
                project,
            } => {
                self.leave_project(by, hop, above, project);
            }
            Vertex::Each { effect, project } => {
                let below = self.below;
                let listed = below.projects.get(project as usize).map(|p| &p.listed);
                for account in listed.into_iter().flatten() {
                    self.take_effect(effect, *account);
                }
            }
            Vertex::Told { .. } | Vertex::Unsure { .. } => {}
        }
    }

    fn group_number(&mut self, email: &'e str) -> u32 {
        let next = number(self.group_names.len());
        let place = *self.group_numbers.entry(email).or_insert(next);
        if place == next {
            self.group_names.push(email);
        }
        place
    }

    fn enter(&mut self, by: By, entries: impl Iterator<Item = usize>) {
        for entry in entries {
            self.edge(Vertex::InEntry {
                by,
                entry: number(entry),
                edited: false,
            });
        }
    }

    fn leave_somebody(&mut self, who: u32, standing: HopStanding) {
        let known = match self.people.get_mut(who as usize) {
            Some(one) => one.known.take(),
            None => return,
        };
        let known = known.unwrap_or_else(|| self.know(who));
        let by = |sure: Truth| By {
            class: known.class,
            standing,
            sure: sure == Truth::Yes,
        };
        for (entry, matches) in &known.naming {
            self.enter(by(*matches), std::iter::once(*entry));
        }
        for (email, matches) in &known.groups {
            let group = self.group_number(email);
            self.edge(Vertex::InGroup {
                by: by(*matches),
                group,
            });
        }
        if known.in_groups {
            self.edge(Vertex::InOpen {
                by: by(Truth::UnknownInfo),
            });
        }
        for (set, matches) in &known.sets {
            self.edge(Vertex::InSet {
                by: by(*matches),
                set: *set,
            });
        }
        for (entry, edits) in known.edits.iter().filter(|_| !standing.link) {
            self.edge(Vertex::InEntry {
                by: by(*edits),
                entry: number(*entry),
                edited: true,
            });
        }
        if let Some(one) = self.people.get_mut(who as usize) {
            one.known = Some(known);
        }
    }

    fn know(&mut self, who: u32) -> KnownCaller<'e> {
        let mut known = KnownCaller {
            class: 0,
            naming: Vec::new(),
            groups: Vec::new(),
            sets: Vec::new(),
            in_groups: false,
            edits: Vec::new(),
            unplaced: false,
        };
        let Some(principal) = self
            .people
            .get(who as usize)
            .map(|one| one.principal.clone())
        else {
            return known;
        };
        let identity = Identity::new(self.ground, &principal);
        let Some(judge) = identity.judge() else {
            return known;
        };
        let class = self.classes.of(judge);
        known.class = class.number;
        known.naming = self.members.naming(judge);
        // A federated identity is in no Google group.
        if !principal.is_federated() {
            known.groups = self.groups.direct(judge);
            known.in_groups = self.groups.open().next().is_some();
        }
        let members = self.members;
        for (member, entries, matches) in members.sets_of(judge) {
            let next = number(self.sets.len());
            let set = *self.set_numbers.entry(&member.text).or_insert(next);
            if set == next {
                self.sets.push(entries.to_vec());
            }
            known.sets.push((set, matches));
        }
        known.edits = self.edited_by(&identity, judge);
        // As where one caller is asked for: what counts for it counts with what is bound to it.
        if class.unread && identity.has_a_say(&self.members.of(judge, self.groups)) {
            self.ground.note_place(&principal);
            known.unplaced = true;
        }
        known
    }

    /// Whether a binding's condition holds where it looks at no tags.
    fn condition(&mut self, entry: usize, permission: usize) -> Truth {
        let Some(binding) = self.ground.entries.get(entry).map(|e| e.binding) else {
            return Truth::No;
        };
        let Some(condition) = &binding.condition else {
            return Truth::Yes;
        };
        let key = (Arc::as_ptr(condition).addr(), permission);
        if let Some(known) = self.conditions.get(&key) {
            return *known;
        }
        let answer = self
            .classes
            .condition(permission, &Resource::project(""), binding);
        self.conditions.insert(key, answer);
        answer
    }

    fn leave_entry(&mut self, by: By, number_of: u32, edited: bool) {
        let at = number_of as usize;
        let Some(entry) = self.ground.entries.get(at) else {
            return;
        };
        let (binding, on) = (entry.binding, entry.resource);
        let tagged = binding.condition.as_ref().is_some_and(|c| looks_at_tags(c));
        for place in 0..self.hops.len() {
            let Some(hop) = self.hops.get(place).copied() else {
                continue;
            };
            if (by.standing.link && !hop.by_link) || (hop.at == HopAt::Role) != edited {
                continue;
            }
            let holds = match edited {
                true => Truth::Yes,
                false => entry
                    .holds
                    .get(hop.permission)
                    .copied()
                    .unwrap_or(Truth::No),
            };
            if holds == Truth::No {
                continue;
            }
            let condition = match tagged {
                true => Truth::Yes,
                false => self.condition(at, hop.permission),
            };
            if condition == Truth::No {
                continue;
            }
            let by = By {
                sure: by.sure && holds.and(condition) == Truth::Yes,
                ..by
            };
            let place = u8::try_from(place).unwrap_or(u8::MAX);
            let tagged = tagged.then_some(number_of);
            match hop.at {
                HopAt::Account | HopAt::Role => {
                    self.open_below(by, (place, edited), on, tagged);
                }
                HopAt::Level(kind) => self.open_levels(by, (place, hop), (on, kind), tagged),
            }
        }
    }
}

/// Numbers of what stands in memory are small; of more than there are numbers nothing is told apart.
fn number(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}
