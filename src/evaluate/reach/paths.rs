//! The shortest ways from a caller to an account, step by step.
//!
//! What is certain goes before what hangs on something that no policy says, and that before what was not read or what
//! nobody can decide; within each of these the fewest steps count (chosen, as in [`super::edges`]). Other than there a
//! step that is not certain is passed through, so that "none" hangs on nothing but what was not read.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use jiff::Timestamp;

use super::super::explain::locate;
use super::chains::{cannot_call, is_off};
use super::cut::BindingUnit;
use super::layers::{Layers, PathAim};
use super::steps::{Bounded, LeadsTo, StepGraph, StepKind, StepTaker, StepWalk};
use super::{Brings, verdict};
use crate::estate::Estate;
use crate::evaluate::explanation::{Outcome, Verdict};
use crate::evaluate::truth::Truth;
use crate::evaluate::ways::WayIn;
use crate::iam::{Permission, Principal, Resource};

/// By which steps a way may go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepsBy {
    /// The last step is this permission; tokens and delegation lead to it, as in [`super::reach()`].
    Permission(Permission),
    /// Any of these, as in [`super::reach_by`].
    Ways(Vec<WayIn>),
}

/// A question about the ways between two ends.
#[derive(Clone, Copy, Debug)]
pub struct PathRequest<'q> {
    /// Who sets out.
    pub caller: &'q Principal,
    /// What it brings beside its name.
    pub brings: &'q Brings,
    /// The account.
    pub target: &'q Resource,
    /// By which steps.
    pub by: &'q StepsBy,
    /// The moment that conditions are judged at.
    pub time: Timestamp,
}

/// A binding that opens a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepBinding {
    /// The binding, for one member.
    pub unit: BindingUnit,
    /// The kinds of edge that it makes.
    pub edges: Vec<WayIn>,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathStep {
    /// The caller as a member identifier, or an account's full name.
    pub from: String,
    /// An account's full name.
    pub to: String,
    /// The kinds of edge, the surest first; empty where a permission was asked for that makes nobody the account.
    pub edges: Vec<WayIn>,
    /// What it comes to: never `CannotAccess`.
    pub verdict: Verdict,
    /// Every binding that opens it.
    pub via: Vec<StepBinding>,
    /// What it hangs on that no policy says.
    pub conditions: Vec<Arc<str>>,
}

/// The answer of [`shortest_paths`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShortestPaths {
    /// The account, in canonical form where it is known.
    pub target: Resource,
    /// Every step that one of the paths takes, each once.
    pub steps: Vec<PathStep>,
    /// The paths as places in [`Self::steps`], in the order of their accounts' names.
    pub paths: Vec<Vec<usize>>,
    /// How many there are, told or not; more than counts are is the largest count.
    pub total: u64,
    /// What the first comes to; without one `CannotAccess` where all was read, else `UnknownInfo`.
    pub verdict: Verdict,
    /// What the calls on it would come to.
    pub outcome: Outcome,
    /// Whether so many pairs were judged that the search was given up.
    pub bounded: bool,
    /// Whether everything that may hold a grant, or take one away, was read.
    pub complete: bool,
    /// What was not, by the names of an estate file's `unreadable`, sorted.
    pub not_read: Vec<String>,
}

impl ShortestPaths {
    /// The steps of a path, in order.
    pub fn steps_of<'p>(&'p self, path: &'p [usize]) -> impl Iterator<Item = &'p PathStep> {
        path.iter().filter_map(|at| self.steps.get(*at))
    }
}

/// The shortest way, or all as short, of which `at_most` are told.
#[must_use]
pub fn shortest_paths(
    estate: &Estate,
    request: &PathRequest<'_>,
    all: bool,
    at_most: usize,
) -> ShortestPaths {
    let (target, _, ancestry) = locate(estate, request.target);
    let graph = StepGraph::new(estate, request);
    let walk = StepWalk::new(&graph);
    let mut found = None;
    let mut bounded = false;
    // The next tier only where this one holds no way.
    for tier in (0..3).filter(|tier| *tier == 0 || walk.has_met(*tier)) {
        match Layers::search(
            &walk,
            &target,
            PathAim {
                tier,
                all,
                any: false,
            },
        ) {
            Ok(None) => {}
            Ok(Some(layers)) => {
                found = Some((layers, tier));
                break;
            }
            Err(Bounded) => {
                bounded = true;
                break;
            }
        }
    }
    let mut told = ToldPaths::default();
    if let Some((layers, tier)) = &found {
        let most = if all { at_most } else { 1 };
        bounded |= told.tell(&walk, &target, layers, *tier, most).is_err();
    }
    let mut not_read = BTreeSet::new();
    let levels_known = graph.not_read(&ancestry.levels, &mut not_read);
    let complete =
        not_read.is_empty() && levels_known && ancestry.complete && !estate.is_part() && !bounded;
    let first = told.paths.first().map(|path| {
        let steps = path.iter().filter_map(|at| told.steps.get(*at));
        steps.fold(Truth::Yes, |sum, step| sum.and(step.verdict.into()))
    });
    let verdict = match first {
        Some(answer) => verdict(answer).unwrap_or(Verdict::UnknownInfo),
        None if complete => Verdict::CannotAccess,
        None => Verdict::UnknownInfo,
    };
    let fails = cannot_call(estate, request.caller, request.brings) || is_off(estate, &target);
    ShortestPaths {
        outcome: super::outcome(verdict, fails && first.is_some()),
        total: match &found {
            Some((layers, _)) if all => layers.count(),
            _ => told.paths.len() as u64,
        },
        steps: told.steps,
        paths: told.paths,
        target,
        verdict,
        bounded,
        complete,
        not_read: not_read.into_iter().collect(),
    }
}

/// Paths as they are told.
#[derive(Default)]
struct ToldPaths {
    steps: Vec<PathStep>,
    paths: Vec<Vec<usize>>,
    /// By the nodes at their ends; `None`: the target.
    places: HashMap<(usize, Option<usize>), usize>,
}

impl ToldPaths {
    /// Tells the first so many.
    fn tell(
        &mut self,
        walk: &StepWalk<'_, '_>,
        target: &Resource,
        layers: &Layers,
        tier: u8,
        at_most: usize,
    ) -> Result<(), Bounded> {
        let onward = layers.onward();
        let ends: BTreeSet<usize> = layers.ends.iter().copied().collect();
        // What is still to be tried behind each node of the way at hand, the next last.
        let mut way: Vec<usize> = vec![0];
        let behind = |at: usize| {
            let mut next = onward.get(&at).cloned().unwrap_or_default();
            next.reverse();
            next
        };
        let mut open: Vec<Vec<usize>> = vec![behind(0)];
        let mut fresh = true;
        while let Some(at) = way.last().copied() {
            if self.paths.len() >= at_most {
                break;
            }
            if fresh && ends.contains(&at) {
                let mut path = Vec::with_capacity(way.len());
                for (from, to) in way.iter().zip(way.iter().skip(1)) {
                    path.push(self.place(walk, target, layers, tier, (*from, Some(*to)))?);
                }
                path.push(self.place(walk, target, layers, tier, (at, None))?);
                self.paths.push(path);
            }
            match open.last_mut().and_then(Vec::pop) {
                Some(next) => {
                    way.push(next);
                    open.push(behind(next));
                    fresh = true;
                }
                None => {
                    way.pop();
                    open.pop();
                    fresh = false;
                }
            }
        }
        Ok(())
    }

    fn place(
        &mut self,
        walk: &StepWalk<'_, '_>,
        target: &Resource,
        layers: &Layers,
        tier: u8,
        ends: (usize, Option<usize>),
    ) -> Result<usize, Bounded> {
        if let Some(known) = self.places.get(&ends) {
            return Ok(*known);
        }
        let node = |at: usize| layers.taker(at);
        let to = ends.1.and_then(node);
        let mut step = PathStep {
            from: node(ends.0).map(StepTaker::name).unwrap_or_default(),
            to: to.map_or_else(|| target.full_name(), StepTaker::name),
            edges: Vec::new(),
            verdict: Verdict::UnknownInfo,
            via: Vec::new(),
            conditions: Vec::new(),
        };
        if let Some(from) = node(ends.0) {
            let kinds = kinds_between(walk, from, to, target, (tier, layers.leads))?;
            fill(&mut step, kinds);
        }
        let place = self.steps.len();
        self.steps.push(step);
        self.places.insert(ends, place);
        Ok(place)
    }
}

/// The kinds of step from one to the next, or to the target: the surest of them.
pub(super) fn kinds_between(
    walk: &StepWalk<'_, '_>,
    from: &StepTaker,
    to: Option<&StepTaker>,
    target: &Resource,
    (tier, leads): (u8, bool),
) -> Result<Vec<StepKind>, Bounded> {
    let Some(mover) = walk.mover(from) else {
        return Ok(Vec::new());
    };
    let mut kinds = match to.and_then(|to| to.account.as_ref().map(|account| (to, account))) {
        Some((to, account)) => {
            let mut kinds = walk.leading(from, &mover, account)?;
            let wanted = if to.link {
                LeadsTo::Link
            } else {
                LeadsTo::Account
            };
            kinds.retain(|kind| kind.leads == wanted);
            kinds
        }
        None => {
            let mut kinds = walk.ending(from, &mover, target)?;
            kinds.retain(|kind| !leads || kind.leads == LeadsTo::Account);
            kinds
        }
    };
    kinds.retain(|kind| kind.tier() <= tier);
    let surest = kinds.iter().map(StepKind::tier).min();
    kinds.retain(|kind| Some(kind.tier()) == surest);
    kinds.sort_by_key(|kind| (kind.leads, kind.way));
    Ok(kinds)
}

fn fill(step: &mut PathStep, kinds: Vec<StepKind>) {
    let all = kinds
        .iter()
        .fold(Truth::No, |sum, kind| sum.or(kind.verdict()));
    step.verdict = verdict(all).unwrap_or(Verdict::UnknownInfo);
    for kind in kinds {
        step.edges.extend(kind.way);
        step.conditions.extend(kind.condition);
        for one in &kind.via {
            let unit = BindingUnit::of(one);
            let known = step.via.iter_mut().find(|known| known.unit == unit);
            match known {
                Some(known) => {
                    let new = kind.way.filter(|way| !known.edges.contains(way));
                    known.edges.extend(new);
                }
                None => step.via.push(StepBinding {
                    unit,
                    edges: kind.way.into_iter().collect(),
                }),
            }
        }
    }
}
