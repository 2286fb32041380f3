//! The accounts around a caller, by how many steps they are away: breadth first, to the nearest ends.

use std::collections::{BTreeSet, HashMap};

use super::below::LeftBelow;
use super::steps::{Bounded, LeadsTo, StepTaker, StepWalk};
use crate::iam::{Principal, Resource};

/// What is looked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct PathAim {
    /// How unsure a step may be ([`StepKind::tier`]).
    pub tier: u8,
    /// Every way that is as short, or one.
    pub all: bool,
    /// Whether any end will do, also one that does not make the caller the account.
    pub any: bool,
}

/// Somebody on the way, with those one step before.
struct LayerNode {
    walker: StepTaker,
    before: Vec<usize>,
}

/// By the numbers of the accounts: where each stands as one, and as a link.
struct KnownPlaces {
    places: Vec<[Option<usize>; 2]>,
    left: LeftBelow,
}

/// The accounts around the caller, by how many steps they are away.
pub(super) struct Layers {
    nodes: Vec<LayerNode>,
    /// From where the last step goes to the target.
    pub ends: Vec<usize>,
    /// Whether the last step makes the caller the account.
    pub leads: bool,
}

impl Layers {
    /// Who stands at a place.
    pub fn taker(&self, place: usize) -> Option<&StepTaker> {
        self.nodes.get(place).map(|node| &node.walker)
    }

    /// The nearest ends; `None` where there are none.
    pub fn search(
        walk: &StepWalk<'_, '_>,
        target: &Resource,
        aim: PathAim,
    ) -> Result<Option<Self>, Bounded> {
        let caller = StepTaker {
            principal: walk.graph.caller.clone(),
            account: None,
            link: false,
        };
        let mut layers = Self {
            nodes: vec![LayerNode {
                walker: caller,
                before: Vec::new(),
            }],
            ends: Vec::new(),
            leads: false,
        };
        let mut known = KnownPlaces {
            places: vec![[None; 2]; walk.graph.below.accounts.len()],
            left: LeftBelow::default(),
        };
        let mut layer = vec![0];
        let waits = walk.graph.is_by_ways() && walk.graph.has_leading_way() && !aim.any;
        while !layer.is_empty() {
            let (ends, leads) = layers.ending(walk, target, aim, &layer)?;
            if leads || (layers.ends.is_empty() && !ends.is_empty()) {
                (layers.ends, layers.leads) = (ends, leads);
            }
            // An end that makes the caller the account counts more than a nearer one that does not.
            if !layers.ends.is_empty() && (leads || !waits) {
                return Ok(Some(layers));
            }
            layer = layers.next(walk, aim, &layer, &mut known)?;
        }
        Ok((!layers.ends.is_empty()).then_some(layers))
    }

    /// Who of a layer steps to the target, and whether that makes the caller the account; then those alone who do.
    fn ending(
        &self,
        walk: &StepWalk<'_, '_>,
        target: &Resource,
        aim: PathAim,
        layer: &[usize],
    ) -> Result<(Vec<usize>, bool), Bounded> {
        let (mut ends, mut leading) = (Vec::new(), Vec::new());
        for at in layer {
            let Some(node) = self.nodes.get(*at) else {
                continue;
            };
            let Some(mover) = walk.mover(&node.walker) else {
                continue;
            };
            let kinds = walk.ending(&node.walker, &mover, target)?;
            let mut sure = kinds.iter().filter(|k| k.tier() <= aim.tier).peekable();
            if sure.peek().is_some() {
                ends.push(*at);
            }
            if sure.any(|kind| kind.leads == LeadsTo::Account) {
                leading.push(*at);
            }
        }
        let leads = !leading.is_empty();
        Ok((if leads { leading } else { ends }, leads))
    }

    /// The next layer, in the order of the first way to each.
    fn next(
        &mut self,
        walk: &StepWalk<'_, '_>,
        aim: PathAim,
        layer: &[usize],
        known: &mut KnownPlaces,
    ) -> Result<Vec<usize>, Bounded> {
        let first = self.nodes.len();
        for at in layer {
            let Some(who) = self.nodes.get(*at).map(|n| n.walker.clone()) else {
                continue;
            };
            let Some(mover) = walk.mover(&who) else {
                continue;
            };
            let places = &known.places;
            let is_left = |number: usize| {
                let [account, _] = places.get(number).copied().unwrap_or_default();
                account.is_none_or(|place| aim.all && place >= first)
            };
            let below = &walk.graph.below;
            let levels = mover.by_level.keys().copied();
            for number in known.left.on(below, levels, is_left) {
                let Some(to) = below.accounts.get(number).map(|a| &a.resource) else {
                    continue;
                };
                let kinds = walk.leading(&who, &mover, to)?;
                let sure = kinds.iter().filter(|kind| kind.tier() <= aim.tier);
                let Some(leads) = sure.map(|kind| kind.leads).min() else {
                    continue;
                };
                if !walk.graph.passes(to) {
                    continue;
                }
                self.reached(*at, (number, to), leads, (first, aim.all), known);
            }
        }
        Ok((first..self.nodes.len()).collect())
    }

    fn reached(
        &mut self,
        from: usize,
        (number, to): (usize, &Resource),
        leads: LeadsTo,
        (first, all): (usize, bool),
        known: &mut KnownPlaces,
    ) {
        let link = leads == LeadsTo::Link;
        let Some([account, as_link]) = known.places.get_mut(number) else {
            return;
        };
        // Whoever is the account is a link too.
        if link && account.is_some_and(|place| place < first) {
            return;
        }
        let place = if link { as_link } else { account };
        match *place {
            Some(place) if place >= first && all => {
                if let Some(node) = self.nodes.get_mut(place) {
                    node.before.push(from);
                }
            }
            Some(_) => {}
            None => {
                *place = Some(self.nodes.len());
                self.nodes.push(LayerNode {
                    walker: StepTaker {
                        principal: Principal::ServiceAccount(to.id().to_owned()),
                        account: Some(to.clone()),
                        link,
                    },
                    before: vec![from],
                });
            }
        }
    }

    /// How many ways there are.
    pub fn count(&self) -> u64 {
        // Whoever comes before stands before.
        let mut ways: Vec<u64> = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            let before = node.before.iter().filter_map(|at| ways.get(*at).copied());
            let sum = before.fold(0_u64, u64::saturating_add);
            ways.push(if node.before.is_empty() { 1 } else { sum });
        }
        let ends = self.ends.iter().filter_map(|at| ways.get(*at).copied());
        ends.fold(0, u64::saturating_add)
    }

    /// One way: who is on it, the caller first.
    pub fn first(&self) -> Vec<&StepTaker> {
        let mut way = Vec::new();
        let mut at = self.ends.first().copied();
        while let Some(node) = at.and_then(|place| self.nodes.get(place)) {
            way.push(&node.walker);
            at = node.before.first().copied();
        }
        way.reverse();
        way
    }

    /// For each node the next ones on a way to the target, by their names.
    pub fn onward(&self) -> HashMap<usize, Vec<usize>> {
        let mut onward: HashMap<usize, BTreeSet<(&Resource, bool, usize)>> = HashMap::new();
        let mut queue = self.ends.clone();
        let mut seen: BTreeSet<usize> = queue.iter().copied().collect();
        while let Some(at) = queue.pop() {
            let Some(node) = self.nodes.get(at) else {
                continue;
            };
            let Some(account) = &node.walker.account else {
                continue;
            };
            for before in &node.before {
                let next = onward.entry(*before).or_default();
                next.insert((account, node.walker.link, at));
                if seen.insert(*before) {
                    queue.push(*before);
                }
            }
        }
        let onward = onward.into_iter();
        let plain = onward.map(|(at, set)| (at, set.into_iter().map(|(.., next)| next).collect()));
        plain.collect()
    }
}
