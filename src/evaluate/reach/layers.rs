//! The accounts around a caller, by how many steps they are away: breadth first, to the nearest ends.

use std::collections::{BTreeSet, HashMap};

use super::below::Below;
use super::covered::{Covered, Gain, OpenProject};
use super::mover::Mover;
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
struct KnownPlaces<'b> {
    places: Vec<[Option<usize>; 2]>,
    /// The same in bits ([`gain_of`]): whoever is the account is a link too.
    covered: Covered<'b>,
}

impl KnownPlaces<'_> {
    /// Adds who was reached, and whether as a link.
    fn learn(&mut self, below: &Below, reached: impl Iterator<Item = (usize, bool)>) {
        let mut projects = BTreeSet::new();
        for (number, link) in reached {
            let leads = match link {
                true => LINK,
                false => ACCOUNT | LINK,
            };
            self.covered.add(number, leads);
            projects.extend(below.accounts.get(number).map(|a| a.project));
        }
        for project in projects {
            self.covered.sum_up(project);
        }
    }
}

/// The bits of what a step leads to.
pub(super) const ACCOUNT: Gain = 1;
pub(super) const LINK: Gain = 1 << 1;

fn gain_of(leads: Option<LeadsTo>) -> Gain {
    match leads {
        Some(LeadsTo::Account) => ACCOUNT,
        Some(LeadsTo::Link) => LINK,
        Some(LeadsTo::Nothing) | None => 0,
    }
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
        let below = &walk.graph.below;
        let from = |number: usize| match below.accounts.get(number) {
            Some(account) if !account.stops && !walk.is_caller(&account.resource) => 0,
            _ => ACCOUNT | LINK,
        };
        let mut known = KnownPlaces {
            places: vec![[None; 2]; below.accounts.len()],
            covered: Covered::new(below, from),
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
            let kinds = walk.kinds_of_end(&node.walker, &mover, target)?;
            let mut sure = kinds.iter().filter(|k| k.0 <= aim.tier).peekable();
            if sure.peek().is_some() {
                ends.push(*at);
            }
            if sure.any(|kind| kind.1 == LeadsTo::Account) {
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
        known: &mut KnownPlaces<'_>,
    ) -> Result<Vec<usize>, Bounded> {
        let first = self.nodes.len();
        for at in layer {
            let Some(who) = self.nodes.get(*at).map(|n| n.walker.clone()) else {
                continue;
            };
            let Some(mover) = walk.mover(&who) else {
                continue;
            };
            let any = walk.may_meet_more(&mover);
            let bound = |held: u64| walk.may_gain(&mover, who.link, aim.tier, held);
            for project in known.covered.open_to(&mover, any, bound) {
                self.step_into(walk, aim, (*at, &who, &*mover), (first, &project), known)?;
            }
        }
        // Of ways that are as short all count: what this layer reaches is known to the next.
        if aim.all {
            let reached = self.nodes.get(first..).unwrap_or_default();
            let reached = reached.iter().filter_map(|node| {
                let number = walk.graph.below.number(node.walker.account.as_ref()?)?;
                Some((number, node.walker.link))
            });
            known.learn(&walk.graph.below, reached);
        }
        Ok((first..self.nodes.len()).collect())
    }

    /// Steps to the accounts of a project.
    fn step_into<'g, 'e>(
        &mut self,
        walk: &StepWalk<'g, 'e>,
        aim: PathAim,
        (at, who, mover): (usize, &StepTaker, &Mover<'g, 'e>),
        (first, project): (usize, &OpenProject),
        known: &mut KnownPlaces<'_>,
    ) -> Result<(), Bounded> {
        let below = &walk.graph.below;
        // What every account there gains on which nothing stands itself.
        let mut alike = walk.leading_alike(who, mover, project.project, aim.tier);
        let mut reached = Vec::new();
        for (number, most, plain) in project.accounts(below) {
            let Some(account) = below.accounts.get(number) else {
                continue;
            };
            let [place, _] = known.places.get(number).copied().unwrap_or_default();
            if place.is_some_and(|place| !aim.all || place < first) {
                continue;
            }
            let plain = plain && account.policy_read;
            let same = alike.filter(|_| plain);
            let gain = same.map_or(most, gain_of);
            let any = same.is_none() && walk.may_meet_more(mover);
            if !any && gain & !known.covered.of(number) == 0 {
                continue;
            }
            let leads = match same {
                Some(leads) if !walk.goes_back(who, &account.resource) => leads,
                Some(_) => None,
                None => {
                    let to = (number, &account.resource);
                    let leads = walk.leading_to(who, mover, to, aim.tier)?;
                    if let Some(id) = account.project_id().filter(|_| plain) {
                        walk.keep_alike(who, mover, (project.project, id));
                        alike = walk.leading_alike(who, mover, project.project, aim.tier);
                    }
                    leads
                }
            };
            let Some(leads) = leads.filter(|_| !account.stops) else {
                continue;
            };
            let to = &account.resource;
            self.reached(at, (number, to), leads, (first, aim.all), known);
            reached.push((number, leads == LeadsTo::Link));
        }
        if !aim.all {
            known.learn(below, reached.into_iter());
        }
        Ok(())
    }

    fn reached(
        &mut self,
        from: usize,
        (number, to): (usize, &Resource),
        leads: LeadsTo,
        (first, all): (usize, bool),
        known: &mut KnownPlaces<'_>,
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
