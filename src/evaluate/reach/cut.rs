//! The fewest bindings without which a caller has no way to an account.
//!
//! One binding may open many steps, and a step may hang on several (a role and the right to edit it), so that this is no
//! cut of edges: it is the smallest choice that takes a binding out of every way. Ways are collected until the smallest
//! choice over those that are known leaves none at all, which proves it the smallest there is ("implicit hitting sets",
//! Chandrasekaran, Karp, Moreno-Centeno and Vempala, 2011). Ways that may be there count as those that are.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::super::explain::locate;
use super::hitting;
use super::layers::{Layers, PathAim};
use super::paths::kinds_between;
use super::steps::{Bounded, StepGraph, StepWalk};
use super::{PathRequest, StepsBy, Via};
use crate::estate::Estate;
use crate::iam::{Condition, Member, Principal, Resource, ResourceKind};

/// So many ways are collected (chosen).
const WAYS_AT_MOST: usize = 2_000;
/// So many are collected at a time before a choice is made anew.
const WAYS_AT_ONCE: usize = 64;

/// One member of one binding: what can be removed by itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BindingUnit {
    /// Whose policy holds it.
    pub resource: Resource,
    /// The role.
    pub role: Arc<str>,
    /// The member, as written.
    pub member: Arc<str>,
    /// When it holds; `None` for always.
    pub condition: Option<Arc<Condition>>,
}

impl BindingUnit {
    /// That of a binding on the way.
    pub(super) fn of(via: &Via) -> Self {
        Self {
            resource: via.resource.clone(),
            role: Arc::clone(&via.role),
            member: Arc::clone(&via.member),
            condition: via.condition.clone(),
        }
    }

    /// How many it stands for, roughly: among choices as small the narrowest is taken (chosen).
    fn breadth(&self) -> u64 {
        let whom = match Member::parse_v1(&self.member) {
            Member::One(_) | Member::Deleted { .. } | Member::Impossible(_) => 0,
            Member::Group(_) | Member::ProjectRole(..) => 1,
            Member::AllUsers | Member::AllAuthenticatedUsers => 3,
            _ => 2,
        };
        let on = match self.resource.kind() {
            ResourceKind::ServiceAccount => 0,
            ResourceKind::Project => 4,
            ResourceKind::Folder => 8,
            ResourceKind::Organization => 12,
        };
        on + whom
    }
}

/// What is to be removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// Sorted.
    pub units: Vec<BindingUnit>,
    /// No choice is smaller than this.
    pub at_least: usize,
}

impl Cut {
    /// Whether it is proven that no fewer would do.
    #[must_use]
    pub fn is_minimum(&self) -> bool {
        self.at_least == self.units.len()
    }
}

/// The answer of [`separate`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Separation {
    /// The account, in canonical form where it is known.
    pub target: Resource,
    /// What separates the two; empty where nothing in sight joins them; `None` where no removal does, or none was
    /// found within the bound.
    pub cut: Option<Cut>,
    /// Whether the caller is the account itself.
    pub itself: bool,
    /// Whether the search was given up at its bound.
    pub bounded: bool,
    /// Whether everything that may hold a grant, or take one away, was read.
    pub complete: bool,
    /// What was not, by the names of an estate file's `unreadable`, sorted.
    pub not_read: Vec<String>,
}

/// Finds the fewest bindings whose removal leaves no way from the caller to the account.
#[must_use]
pub fn separate(estate: &Estate, request: &PathRequest<'_>) -> Separation {
    let (target, _, ancestry) = locate(estate, request.target);
    let itself = matches!(request.caller, Principal::ServiceAccount(email) if email == target.id());
    let graph = StepGraph::new(estate, request);
    let mut cutter = CutSearch {
        walk: StepWalk::new(&graph),
        target: &target,
        roles_in_groups: graph.has_roles_in_groups(),
        units: Vec::new(),
        places: BTreeMap::new(),
        ways: Vec::new(),
        inexact: false,
    };
    let by_ways = matches!(request.by, StepsBy::Ways(_));
    // Of kinds the account itself has all; a permission on itself is asked for like any other.
    let found = if itself && by_ways {
        Ok(None)
    } else {
        cutter.cut().map(Some)
    };
    let bounded = found.is_err();
    let mut not_read = BTreeSet::new();
    let levels_known = graph.not_read(&ancestry.levels, &mut not_read);
    let complete =
        not_read.is_empty() && levels_known && ancestry.complete && !estate.is_part() && !bounded;
    Separation {
        cut: found.ok().flatten(),
        itself,
        bounded,
        complete,
        not_read: not_read.into_iter().collect(),
        target,
    }
}

struct CutSearch<'a, 'g, 'e> {
    walk: StepWalk<'g, 'e>,
    target: &'a Resource,
    /// Whether who is in a group may hang on bindings.
    roles_in_groups: bool,
    units: Vec<BindingUnit>,
    places: BTreeMap<BindingUnit, usize>,
    /// The bindings of each way that was found.
    ways: Vec<Vec<usize>>,
    /// Whether a way hangs on more bindings than are known of it.
    inexact: bool,
}

impl CutSearch<'_, '_, '_> {
    fn cut(&mut self) -> Result<Cut, Bounded> {
        let mut at_least = 0;
        let mut chosen: Vec<usize> = Vec::new();
        while self.ways.len() < WAYS_AT_MOST {
            let mut out: BTreeSet<usize> = chosen.iter().copied().collect();
            let before = self.ways.len();
            // Ways that have nothing in common with what is out already, as many as there are.
            while self.ways.len() < before + WAYS_AT_ONCE {
                let Some(way) = self.way(&out)? else {
                    break;
                };
                out.extend(&way);
                self.ways.push(way);
            }
            if self.ways.len() == before {
                return Ok(self.told(&chosen, at_least));
            }
            let weights: Vec<u64> = self.units.iter().map(|u| (1 << 20) + u.breadth()).collect();
            let choice = hitting::lightest(&self.ways, &weights);
            if choice.lightest && !self.inexact {
                at_least = choice.chosen.len();
            }
            chosen = choice.chosen;
        }
        let chosen = self.enough(chosen)?;
        Ok(self.told(&chosen, at_least))
    }

    /// A choice that leaves no way, made of one that leaves some, and nothing in it that is not needed.
    fn enough(&mut self, chosen: Vec<usize>) -> Result<Vec<usize>, Bounded> {
        let mut out: BTreeSet<usize> = chosen.into_iter().collect();
        while let Some(way) = self.way(&out)? {
            let narrow = way.iter().min_by_key(|at| {
                let unit = self.units.get(**at);
                unit.map_or(0, BindingUnit::breadth)
            });
            out.extend(narrow);
        }
        for one in out.clone() {
            out.remove(&one);
            if self.way(&out)?.is_some() {
                out.insert(one);
            }
        }
        Ok(out.into_iter().collect())
    }

    fn told(&self, chosen: &[usize], at_least: usize) -> Cut {
        let units = chosen.iter().filter_map(|at| self.units.get(*at).cloned());
        let mut units: Vec<BindingUnit> = units.collect();
        units.sort_unstable();
        Cut {
            at_least: at_least.min(units.len()),
            units,
        }
    }

    /// The bindings of a way that is there without these.
    fn way(&mut self, without: &BTreeSet<usize>) -> Result<Option<Vec<usize>>, Bounded> {
        let out = without.iter().filter_map(|at| self.units.get(*at));
        self.walk.leave_out(out);
        let aim = PathAim {
            tier: 2,
            all: false,
            any: true,
        };
        let Some(layers) = Layers::search(&self.walk, self.target, aim)? else {
            return Ok(None);
        };
        let who = layers.first();
        let mut needed = BTreeSet::new();
        for (at, from) in who.iter().enumerate() {
            let to = who.get(at + 1).copied();
            let kinds = kinds_between(&self.walk, from, to, self.target, (2, false))?;
            if let Some(kind) = kinds.first() {
                needed.extend(self.walk.needed(from, kind));
            }
        }
        let groups = needed.iter().any(|unit| unit.member.starts_with("group:"));
        self.inexact |= groups && self.roles_in_groups;
        let mut way = Vec::with_capacity(needed.len());
        for unit in needed {
            let next = self.units.len();
            let place = *self.places.entry(unit.clone()).or_insert(next);
            if place == next {
                self.units.push(unit);
            }
            way.push(place);
        }
        Ok(Some(way))
    }
}
