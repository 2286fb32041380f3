//! What is known already of each account, in bits, with what that comes to for a whole project and a whole level: who may
//! bring nothing new to any account of a level passes over all of them at once.

use std::collections::BTreeMap;

use super::below::Below;
use super::mover::Mover;
use super::relevant::{Ground, held_bit};
use crate::evaluate::ways::WayIn;
use crate::iam::Resource;

/// Bits of what a step may bring to an account.
pub(super) type Gain = u8;

/// The ways that may be open to whoever holds some permissions.
pub(super) struct WaysHeld {
    ways: Vec<(WayIn, u64)>,
}

impl WaysHeld {
    pub fn new(ground: &Ground<'_>, ways: &[WayIn]) -> Self {
        let bits = |way: &WayIn| {
            let each = ground.permissions.iter().enumerate();
            let each = each.filter(|(_, p)| way.permissions().contains(&p.as_str()));
            each.fold(0, |all, (at, _)| all | held_bit(at))
        };
        Self {
            ways: ways.iter().map(|way| (*way, bits(way))).collect(),
        }
    }

    /// Of what is held on an account and above it, and anywhere: a role is edited where it belongs. `delegate`: only as
    /// a link of a chain.
    pub fn open(
        &self,
        held: u64,
        anywhere: u64,
        delegate: bool,
    ) -> impl Iterator<Item = WayIn> + '_ {
        let open = self.ways.iter().filter(move |(way, bits)| {
            let held = match way {
                WayIn::RoleEdit => anywhere,
                _ => held,
            };
            held & bits != 0 && (!delegate || way.takes_delegates())
        });
        open.map(|(way, _)| *way)
    }
}

/// A project in which somebody may bring something new to accounts.
pub(super) struct OpenProject {
    pub project: usize,
    /// What that is at the most, for those on which nothing stands itself; `None` where it is nothing.
    pub all: Option<Gain>,
    /// Accounts on which a binding stands itself, by number, in order, with the same of each.
    pub own: Vec<(usize, Gain)>,
}

/// What is known of each account.
pub(super) struct Covered<'b> {
    below: &'b Below,
    /// By number.
    accounts: Vec<Gain>,
    /// By number: what all have that are known to be there.
    projects: Vec<Gain>,
    /// By number: for each bit how many projects do not have it.
    lacking: Vec<[usize; 8]>,
    /// What somebody holds, by project; empty between one and the next.
    held: Vec<u64>,
}

impl<'b> Covered<'b> {
    /// `from`: what is known of an account from the start.
    pub fn new(below: &'b Below, from: impl Fn(usize) -> Gain) -> Self {
        let levels = below.all_levels().iter();
        let mut covered = Self {
            accounts: (0..below.accounts.len()).map(from).collect(),
            projects: vec![0; below.projects.len()],
            lacking: levels.map(|level| [level.projects.len(); 8]).collect(),
            held: vec![0; below.projects.len()],
            below,
        };
        for project in 0..below.projects.len() {
            covered.sum_up(project);
        }
        covered
    }

    /// What is known of an account.
    pub fn of(&self, account: usize) -> Gain {
        self.accounts.get(account).copied().unwrap_or(Gain::MAX)
    }

    /// What is known of every account of a project that is known to be there.
    pub fn of_project(&self, project: usize) -> Gain {
        self.projects.get(project).copied().unwrap_or(Gain::MAX)
    }

    /// Adds what is known of an account; [`Self::sum_up`] has to follow.
    pub fn add(&mut self, account: usize, gain: Gain) {
        if let Some(known) = self.accounts.get_mut(account) {
            *known |= gain;
        }
    }

    /// Works out what the accounts of a project have in common.
    pub fn sum_up(&mut self, project: usize) {
        let Some(of) = self.below.projects.get(project) else {
            return;
        };
        let all = of.listed.iter();
        let all = all.fold(Gain::MAX, |sum, account| sum & self.of(*account));
        let Some(known) = self.projects.get_mut(project) else {
            return;
        };
        let new = all & !*known;
        *known |= all;
        if new == 0 || of.listed.is_empty() {
            return;
        }
        for level in &of.above.levels {
            let number = self.below.level(level).map(|(number, _)| number);
            if let Some(lacking) = number.and_then(|at| self.lacking.get_mut(at)) {
                for (bit, count) in lacking.iter_mut().enumerate() {
                    *count -= usize::from(new >> bit & 1 == 1);
                }
            }
        }
    }

    fn of_level(&self, number: usize) -> Gain {
        let lacking = self.lacking.get(number).into_iter().flatten().enumerate();
        let whole = lacking.filter(|(_, count)| **count == 0);
        whole.fold(0, |all, (bit, _)| all | 1 << bit)
    }

    /// Where somebody's bindings reach accounts that lack something of what may be opened by what it holds, or (`any`)
    /// all of them; in the order of the projects. `bound`: what that is at the most, and no less where more is held.
    pub fn open_to(
        &mut self,
        mover: &Mover<'_, '_>,
        any: bool,
        bound: impl FnMut(u64) -> Gain,
    ) -> Vec<OpenProject> {
        self.open_among(mover, any, bound, |_| true)
    }

    /// The same by the bindings that stand on some of the levels and accounts.
    pub fn open_among(
        &mut self,
        mover: &Mover<'_, '_>,
        any: bool,
        mut bound: impl FnMut(u64) -> Gain,
        among: impl Fn(&Resource) -> bool,
    ) -> Vec<OpenProject> {
        let below = self.below;
        let mut met: Vec<usize> = Vec::new();
        let mut own: BTreeMap<usize, Vec<(usize, Gain)>> = BTreeMap::new();
        for level in mover.by_level.keys().copied().filter(|on| among(on)) {
            if let Resource::ServiceAccount { .. } = level {
                let Some(number) = below.number(level) else {
                    continue;
                };
                let Some(project) = below.accounts.get(number).map(|a| a.project) else {
                    continue;
                };
                let above = below.projects.get(project).map(|p| &p.above);
                let levels = above.into_iter().flat_map(|above| &above.levels);
                let held = levels.fold(mover.held_on(level), |all, l| all | mover.held_on(l));
                own.entry(project).or_default().push((number, bound(held)));
                continue;
            }
            let Some((number, known)) = below.level(level) else {
                continue;
            };
            let held = known.held(level, mover);
            // What is held on a level between counts where it stands.
            if !any && bound(held) & !self.of_level(number) == 0 {
                continue;
            }
            for project in &known.projects {
                if let Some(on) = self.held.get_mut(*project) {
                    if *on == 0 {
                        met.push(*project);
                    }
                    *on |= held;
                }
            }
        }
        met.sort_unstable();
        met.dedup();
        let mut open: BTreeMap<usize, OpenProject> = BTreeMap::new();
        for project in met {
            let held = self.held.get_mut(project).map(std::mem::take);
            let gain = bound(held.unwrap_or_default());
            if any || gain & !self.of_project(project) != 0 {
                let own = Vec::new();
                let all = Some(gain);
                open.insert(project, OpenProject { project, all, own });
            }
        }
        for (project, mut accounts) in own {
            accounts.retain(|(number, gain)| any || gain & !self.of(*number) != 0);
            if accounts.is_empty() {
                continue;
            }
            accounts.sort_unstable();
            let all = None;
            let none = || OpenProject {
                project,
                all,
                own: Vec::new(),
            };
            open.entry(project).or_insert_with(none).own = accounts;
        }
        open.into_values().collect()
    }
}

impl OpenProject {
    /// The accounts by number, in order, with what may be new to each at the most, and whether nothing that is known
    /// here stands on it itself.
    pub fn accounts(&self, below: &Below) -> Vec<(usize, Gain, bool)> {
        let own = self
            .own
            .iter()
            .map(|(number, gain)| (*number, *gain, false));
        let mut all: Vec<(usize, Gain, bool)> = own.collect();
        if let (Some(gain), Some(project)) = (self.all, below.projects.get(self.project)) {
            let listed = project.listed.iter().map(|number| (*number, gain, true));
            all.extend(listed);
            // Of both the one that stands there itself.
            all.sort_unstable_by_key(|(number, _, plain)| (*number, *plain));
            all.dedup_by_key(|(number, ..)| *number);
        }
        all
    }
}
