//! The graph of steps from one account to the next, judged as far as somebody walks it; with bindings left out of it.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;

use hashbrown::{HashMap, HashSet};

use super::below::Below;
use super::chains::{out_of_sight, takes_delegates, unread_levels};
use super::covered::{Gain, WaysHeld};
use super::cut::BindingUnit;
use super::identity::Identity;
use super::layers;
use super::mover::{EdgeStep, Mover, Moving, permissions_of};
use super::relevant::Ground;
use super::standing::{GroupIndex, Match, Members, standing};
pub(super) use super::step_kind::{LeadsTo, StepKind};
use super::step_kind::{leads_to, tier_of};
use super::{Brings, PathRequest, StepsBy};
use crate::estate::{Estate, Read};
use crate::evaluate::judge::Judge;
use crate::evaluate::membership;
use crate::evaluate::truth::Truth;
use crate::evaluate::ways::{Hangs, WayIn};
use crate::iam::permission::{GET_ACCESS_TOKEN, IMPLICIT_DELEGATION};
use crate::iam::{Member, Permission, Principal, Resource};

/// So many pairs of an identity and an account are judged for one question (chosen: a minute at the most).
pub(super) const PAIRS_AT_MOST: usize = 1_000_000;
/// So many identities are kept with what was worked out for them (chosen: tens of megabytes).
const MOVERS_AT_MOST: usize = 16_384;

/// The pairs that may be judged are used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bounded;

/// Where steps lead on to, by how unsure they may be ([`StepKind::tier`]).
type LeadsByTier = [Option<LeadsTo>; 3];

/// What was judged of an identity's steps, for every search that goes by the same bindings of it.
#[derive(Default)]
pub(super) struct JudgedSteps {
    /// By the account's number, and whether from a link of a chain.
    leads: HashMap<(usize, bool), LeadsByTier>,
    /// By the project's number likewise, of each account there on which nothing stands itself, where they are alike.
    alike: HashMap<(usize, bool), LeadsByTier>,
    /// From a link or not: to which account that was a target, and where each kind of step there leads.
    ends: [Option<(Resource, KindsOfEnd)>; 2],
}

/// How unsure each kind of step to the target is, and where it leads.
pub(super) type KindsOfEnd = Rc<[(u8, LeadsTo)]>;

fn at_tier(leads: LeadsByTier, tier: u8) -> Option<LeadsTo> {
    leads.get(usize::from(tier)).copied().flatten()
}

/// All steps of an estate.
pub(super) struct StepGraph<'e> {
    pub ground: Ground<'e>,
    members: Members<'e>,
    groups: GroupIndex<'e>,
    pub below: Below,
    by: StepsBy,
    /// Those that are followed.
    ways: Vec<WayIn>,
    held: WaysHeld,
    pub caller: Principal,
    brings: Brings,
    /// How many more pairs may be judged.
    left: Cell<usize>,
    /// Which entries stand on a resource; made when bindings are left out.
    standing: OnceCell<HashMap<&'e Resource, Vec<usize>>>,
}

impl<'e> StepGraph<'e> {
    pub fn new(estate: &'e Estate, request: &PathRequest<'_>) -> Self {
        let (permissions, ways) = match request.by {
            StepsBy::Permission(asked) => {
                let mut all = vec![asked.clone()];
                for carrying in [GET_ACCESS_TOKEN, IMPLICIT_DELEGATION] {
                    if asked.as_str() != carrying {
                        all.extend(Permission::parse(carrying));
                    }
                }
                (all, vec![WayIn::Token, WayIn::Delegation])
            }
            StepsBy::Ways(ways) => (permissions_of(ways), ways.clone()),
        };
        let custom = ways.contains(&WayIn::RoleEdit);
        let (ground, members, groups, below) = standing(estate, permissions, request.time, custom);
        Self {
            held: WaysHeld::new(&ground, &ways),
            ground,
            members,
            groups,
            below,
            by: request.by.clone(),
            ways,
            caller: request.caller.clone(),
            brings: request.brings.clone(),
            left: Cell::new(PAIRS_AT_MOST),
            standing: OnceCell::new(),
        }
    }

    /// The entries that are the binding of a unit.
    fn entries_of(&self, unit: &BindingUnit) -> impl Iterator<Item = usize> {
        let standing = self.standing.get_or_init(|| {
            let mut standing: HashMap<&'e Resource, Vec<usize>> = HashMap::new();
            for (at, entry) in self.ground.entries.iter().enumerate() {
                standing.entry(entry.resource).or_default().push(at);
            }
            standing
        });
        let on = standing.get(&unit.resource).into_iter().flatten();
        on.copied().filter(|at| {
            let binding = self.ground.entries.get(*at).map(|entry| entry.binding);
            binding.is_some_and(|b| b.role == unit.role && b.condition == unit.condition)
        })
    }

    /// Whether a link of a chain may end where it does, by what was asked for.
    pub fn is_by_ways(&self) -> bool {
        matches!(self.by, StepsBy::Ways(_))
    }

    /// Whether one of the ways makes its holder the account.
    pub fn has_leading_way(&self) -> bool {
        self.ways.iter().any(|way| way.leads_on())
    }

    /// What was not read of all that a path may go by, and of these levels; and whether every level is known.
    pub fn not_read(&self, levels: &[Resource], into: &mut BTreeSet<String>) -> bool {
        let unread = unread_levels(&self.ground, &self.below);
        self.ground.not_read(unread.iter().chain(levels), into);
        into.extend(self.groups.unread_that_matter(&self.members));
        into.extend(
            self.groups
                .accounts_that_matter(&self.members, &self.below)
                .filter(|account| **account != self.caller)
                .filter_map(|account| out_of_sight(self.ground.estate, account)),
        );
        self.below.complete
    }

    /// Whether a group holds whoever has a basic role: who is in it then hangs on bindings.
    pub fn has_roles_in_groups(&self) -> bool {
        let estate = self.ground.estate;
        let known = estate
            .groups()
            .filter(|g| estate.group(&g.email).is_known());
        known
            .flat_map(|g| &g.members)
            .any(|m| matches!(m.member, Member::ProjectRole(..)))
    }
}

/// Somebody on the way.
#[derive(Clone, Debug)]
pub(super) struct StepTaker {
    pub principal: Principal,
    /// `None`: the caller.
    pub account: Option<Resource>,
    /// A link of a delegation chain only.
    pub link: bool,
}

impl StepTaker {
    /// For people and scripts: the caller as a member identifier, accounts by full name.
    pub fn name(&self) -> String {
        match &self.account {
            Some(account) => account.full_name(),
            None => self.principal.to_string(),
        }
    }
}

/// An identity with its bindings, as long as the same ones are left out.
struct KeptMover<'g, 'e> {
    mover: Rc<Mover<'g, 'e>>,
    all: Vec<Match<'e>>,
    /// Those that count of `all`, by place, with what each comes to.
    kept: Vec<(usize, Truth)>,
}

/// The graph with some bindings left out.
pub(super) struct StepWalk<'g, 'e> {
    pub graph: &'g StepGraph<'e>,
    without: HashSet<BindingUnit>,
    /// The same by entry: the members that are left out of it.
    without_entries: HashMap<usize, Vec<Arc<str>>>,
    movers: RefCell<HashMap<Principal, KeptMover<'g, 'e>>>,
    /// How unsure the steps were that were met ([`StepKind::tier`]).
    met: Cell<[bool; 3]>,
}

impl<'g, 'e> StepWalk<'g, 'e> {
    pub fn new(graph: &'g StepGraph<'e>) -> Self {
        Self {
            graph,
            without: HashSet::new(),
            without_entries: HashMap::new(),
            movers: RefCell::default(),
            met: Cell::default(),
        }
    }

    /// Whether a step as unsure as this was met.
    pub fn has_met(&self, tier: u8) -> bool {
        self.met
            .get()
            .get(usize::from(tier))
            .is_some_and(|met| *met)
    }

    fn meet(&self, tiers: impl Iterator<Item = u8>) {
        let mut met = self.met.get();
        for tier in tiers {
            if let Some(tier) = met.get_mut(usize::from(tier)) {
                *tier = true;
            }
        }
        self.met.set(met);
    }

    /// Leaves these out from now on, and no others.
    pub fn leave_out<'u>(&mut self, units: impl IntoIterator<Item = &'u BindingUnit>) {
        self.without = units.into_iter().cloned().collect();
        self.without_entries.clear();
        for unit in &self.without {
            for entry in self.graph.entries_of(unit) {
                let members = self.without_entries.entry(entry).or_default();
                members.push(Arc::clone(&unit.member));
            }
        }
    }

    /// Takes one pair of what may be judged.
    fn spend(&self) -> Result<(), Bounded> {
        let left = self.graph.left.get().checked_sub(1).ok_or(Bounded)?;
        self.graph.left.set(left);
        Ok(())
    }

    /// An identity with the bindings that it is in.
    pub fn mover(&self, who: &StepTaker) -> Option<Rc<Mover<'g, 'e>>> {
        let known = self.movers.borrow_mut().remove(&who.principal);
        let kept = match known {
            Some(kept) => {
                let judge = kept.mover.identity.judge()?;
                let now = self.kept(judge, &kept.all);
                if now == kept.kept {
                    kept
                } else {
                    self.made(who, Some(kept.all))?
                }
            }
            None => self.made(who, None)?,
        };
        let mover = Rc::clone(&kept.mover);
        let mut movers = self.movers.borrow_mut();
        if movers.len() < MOVERS_AT_MOST {
            movers.insert(who.principal.clone(), kept);
        }
        Some(mover)
    }

    fn made(&self, who: &StepTaker, all: Option<Vec<Match<'e>>>) -> Option<KeptMover<'g, 'e>> {
        let graph = self.graph;
        let identity = match who.account {
            None => Identity::bringing(&graph.ground, &who.principal, &graph.brings),
            Some(_) => Identity::new(&graph.ground, &who.principal),
        };
        let judge = identity.judge()?;
        let all = all.unwrap_or_else(|| graph.members.of(judge, &graph.groups));
        let kept = self.kept(judge, &all);
        let matches = kept.iter().filter_map(|(at, matches)| {
            let one = all.get(*at)?.clone();
            Some(Match {
                matches: *matches,
                ..one
            })
        });
        let matches = matches.collect();
        let mover = Mover::new(
            &graph.ground,
            identity,
            Moving::Itself,
            &graph.ways,
            matches,
        );
        Some(KeptMover {
            mover: Rc::new(mover),
            all,
            kept,
        })
    }

    /// What is left of the bindings that an identity is in.
    fn kept(&self, judge: &Judge<'e>, all: &[Match<'e>]) -> Vec<(usize, Truth)> {
        let each = all.iter().enumerate();
        if self.without.is_empty() {
            return each.map(|(at, one)| (at, one.matches)).collect();
        }
        let left = each.filter_map(|(at, one)| {
            let out = self.without_entries.get(&one.entry);
            if out.is_some_and(|members| members.contains(&one.member.text)) {
                return None;
            }
            let matches = match &one.member.member {
                Member::ProjectRole(..) => {
                    let holds = self.holds_role(judge, &one.member.member);
                    holds.map_or(one.matches, |(answer, _)| answer)
                }
                _ => one.matches,
            };
            (matches != Truth::No).then_some((at, matches))
        });
        left.collect()
    }

    /// Whether an identity still has the basic role on the project that a member stands for, and by which binding
    /// first; `None` where the project's policy is not known, so that it hangs on no binding.
    fn holds_role(
        &self,
        judge: &Judge<'e>,
        member: &Member,
    ) -> Option<(Truth, Option<BindingUnit>)> {
        let Member::ProjectRole(role, project) = member else {
            return None;
        };
        let found = judge.estate.project(project)?;
        let on = Resource::project(&found.project_id);
        let policy = match judge.estate.allow_policy(&on) {
            Read::Known(policy) => policy?,
            Read::Unreadable(_) => return None,
        };
        let mut answer = match policy.gap() {
            Some(_) => Truth::UnknownInfo,
            None => Truth::No,
        };
        let mut by = None;
        for binding in policy.bindings.iter().filter(|b| &*b.role == role.role()) {
            for one in &binding.members {
                if matches!(one.member, Member::ProjectRole(..)) {
                    continue;
                }
                let unit = BindingUnit {
                    resource: on.clone(),
                    role: binding.role.clone(),
                    member: one.text.clone(),
                    condition: binding.condition.clone(),
                };
                if self.without.contains(&unit) {
                    continue;
                }
                let inside = membership::member(judge, &one.member).matches;
                let both = answer.or(inside);
                // A gap alone leaves it open, whatever is removed.
                if inside == both && (both != answer || by.is_none()) && policy.gap().is_none() {
                    by = Some(unit);
                }
                answer = both;
            }
        }
        Some((answer, by))
    }

    /// The bindings on which a step that was taken hangs: without one of them it is not there by this binding.
    pub fn needed(&self, who: &StepTaker, kind: &StepKind) -> BTreeSet<BindingUnit> {
        let all = match kind.way {
            Some(WayIn::RoleEdit) => kind.via.as_slice(),
            _ => kind.via.get(..1).unwrap_or_default(),
        };
        let mut units: BTreeSet<BindingUnit> = all.iter().map(BindingUnit::of).collect();
        let mover = self.mover(who);
        let judge = mover.as_ref().and_then(|m| m.identity.judge());
        if let Some(judge) = judge {
            let inside = all.iter().filter_map(|via| {
                let member = Member::parse_v1(&via.member);
                self.holds_role(judge, &member)?.1
            });
            units.extend(inside.collect::<Vec<_>>());
        }
        units
    }

    /// Whether judging steps that lead nowhere new may tell of ones that are less sure, which another search would
    /// count.
    pub fn may_meet_more(&self, mover: &Mover<'g, 'e>) -> bool {
        let unsure = mover.unsure || !self.graph.below.whole;
        (unsure && !self.has_met(2))
            || (!self.has_met(1) && self.graph.ways.iter().any(|w| w.hangs() != Hangs::Never))
    }

    /// What a step may lead to at the most ([`layers::ACCOUNT`], [`layers::LINK`]), by what is held on the account and
    /// above it.
    pub fn may_gain(&self, mover: &Mover<'g, 'e>, link: bool, tier: u8, held: u64) -> Gain {
        let ways = self.graph.held.open(held, mover.held_anywhere, link);
        ways.fold(0, |gain, way| match way {
            _ if tier == 0 && way.hangs() == Hangs::Always => gain,
            WayIn::Delegation => gain | layers::LINK,
            way if way.leads_on() => gain | layers::ACCOUNT,
            _ => gain,
        })
    }

    /// Where steps lead on to, of those that are as sure.
    pub fn leads(&self, steps: &[EdgeStep], tier: u8) -> Option<LeadsTo> {
        let sure = steps
            .iter()
            .filter(|step| tier_of(step.answer, step.condition.is_some()) <= tier);
        let leads = sure.map(|step| leads_to(step.way));
        leads.filter(|leads| *leads != LeadsTo::Nothing).min()
    }

    fn leads_by_tier(&self, steps: &[EdgeStep]) -> LeadsByTier {
        [0, 1, 2].map(|tier| self.leads(steps, tier))
    }

    /// Where somebody's steps to an account, by number, lead on to, of those that are as sure.
    pub fn leading_to(
        &self,
        who: &StepTaker,
        mover: &Mover<'g, 'e>,
        (number, to): (usize, &Resource),
        tier: u8,
    ) -> Result<Option<LeadsTo>, Bounded> {
        let key = (number, who.link);
        if let Some(known) = mover.judged_steps.borrow().leads.get(&key) {
            return Ok(at_tier(*known, tier));
        }
        self.spend()?;
        let mut leads = LeadsByTier::default();
        if !self.goes_back(who, to) {
            let steps = mover.steps(to, who.link);
            let on = steps
                .iter()
                .filter(|step| leads_to(step.way) != LeadsTo::Nothing);
            self.meet(on.map(|step| tier_of(step.answer, step.condition.is_some())));
            leads = self.leads_by_tier(&steps);
        }
        mover.judged_steps.borrow_mut().leads.insert(key, leads);
        Ok(at_tier(leads, tier))
    }

    /// Where somebody's steps lead on to from what was judged of a project (its number) already: to each account there
    /// on which nothing stands itself.
    pub fn leading_alike(
        &self,
        who: &StepTaker,
        mover: &Mover<'g, 'e>,
        project: usize,
        tier: u8,
    ) -> Option<Option<LeadsTo>> {
        let judged = mover.judged_steps.borrow();
        let known = judged.alike.get(&(project, who.link));
        known.map(|leads| at_tier(*leads, tier))
    }

    /// Keeps what was just judged of one such account for all others of its project.
    pub fn keep_alike(
        &self,
        who: &StepTaker,
        mover: &Mover<'g, 'e>,
        (project, id): (usize, &Arc<str>),
    ) {
        if let Some(steps) = mover.alike_in(id, who.link) {
            let leads = self.leads_by_tier(&steps);
            let mut judged = mover.judged_steps.borrow_mut();
            judged.alike.insert((project, who.link), leads);
        }
    }

    /// The kinds of step that end at the target, by how unsure they are and where they lead.
    pub fn kinds_of_end(
        &self,
        who: &StepTaker,
        mover: &Mover<'g, 'e>,
        target: &Resource,
    ) -> Result<KindsOfEnd, Bounded> {
        let at = usize::from(who.link);
        let known = mover.judged_steps.borrow().ends.get(at).cloned().flatten();
        if let Some((of, kinds)) = known
            && of == *target
        {
            return Ok(kinds);
        }
        let kinds = self.ending(who, mover, target)?;
        let kinds: KindsOfEnd = kinds.iter().map(|k| (k.tier(), k.leads)).collect();
        if let Some(known) = mover.judged_steps.borrow_mut().ends.get_mut(at) {
            *known = Some((target.clone(), Rc::clone(&kinds)));
        }
        Ok(kinds)
    }

    /// The kinds of step that lead on from somebody as an account or a link.
    pub fn leading(
        &self,
        who: &StepTaker,
        mover: &Mover<'g, 'e>,
        to: &Resource,
    ) -> Result<Vec<StepKind>, Bounded> {
        self.spend()?;
        if self.goes_back(who, to) {
            return Ok(Vec::new());
        }
        let mut kinds = self.by_ways(who, mover, to);
        kinds.retain(|kind| kind.leads != LeadsTo::Nothing);
        self.meet(kinds.iter().map(StepKind::tier));
        Ok(kinds)
    }

    /// The kinds of step that end at the target.
    pub fn ending(
        &self,
        who: &StepTaker,
        mover: &Mover<'g, 'e>,
        target: &Resource,
    ) -> Result<Vec<StepKind>, Bounded> {
        self.spend()?;
        let StepsBy::Permission(asked) = &self.graph.by else {
            if self.goes_back(who, target) {
                return Ok(Vec::new());
            }
            let kinds = self.by_ways(who, mover, target);
            self.meet(kinds.iter().map(StepKind::tier));
            return Ok(kinds);
        };
        let back = who.account.is_some() && self.is_caller(target);
        if back || (who.link && !takes_delegates(asked)) {
            return Ok(Vec::new());
        }
        let (answer, via) = mover.granted(asked.as_str(), target);
        if answer == Truth::No || via.is_empty() {
            return Ok(Vec::new());
        }
        let mut ways = WayIn::ON_ACCOUNT.into_iter();
        let way = ways.find(|way| way.permission() == asked.as_str());
        let kind = StepKind {
            way,
            answer,
            via,
            condition: None,
            leads: LeadsTo::Account,
        };
        self.meet(std::iter::once(kind.tier()));
        Ok(vec![kind])
    }

    fn by_ways(&self, who: &StepTaker, mover: &Mover<'g, 'e>, to: &Resource) -> Vec<StepKind> {
        let steps = mover.steps(to, who.link);
        let kinds = steps.iter().map(|step| StepKind {
            leads: leads_to(step.way),
            way: Some(step.way),
            answer: step.answer,
            via: step.via.clone(),
            condition: step.condition.clone(),
        });
        kinds.collect()
    }

    pub fn is_caller(&self, account: &Resource) -> bool {
        matches!(&self.graph.caller, Principal::ServiceAccount(email) if email == account.id())
    }

    /// Whether a step leads back to the caller, or nowhere new. A link of a chain may still have its own token
    /// minted.
    pub fn goes_back(&self, who: &StepTaker, to: &Resource) -> bool {
        let itself = who.account.as_ref() == Some(to) && !who.link;
        itself || self.is_caller(to)
    }
}
