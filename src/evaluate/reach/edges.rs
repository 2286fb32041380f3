//! [`super::reach`] and [`super::who`] by any of the ways of becoming an account (docs/edges.md).
//!
//! A step that hangs on something that no policy says (whether anything runs as the account) is passed through, and
//! whatever lies behind it hangs on the same; what is certain is looked for first. A step that hangs on something that was
//! not read is told, and not passed through, as in [`super::chains`].

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};

use jiff::Timestamp;

use super::below::{Below, LeftBelow};
use super::chains::{cannot_call, is_off, is_refused, out_of_sight, set_is_off, unread_levels};
use super::identity::{GroupIndex, Identity, Match, Members};
use super::mover::{EdgeStep, Mover, Moving, permissions_of, role_home};
use super::relevant::Ground;
use super::who::HoldersFound;
use super::{Brings, EdgeEnd, EdgesAnswer, Via, verdict};
use crate::estate::Estate;
use crate::evaluate::Verdict;
use crate::evaluate::explain::{is_shut_down, locate};
use crate::evaluate::role::without_hidden_condition;
use crate::evaluate::truth::Truth;
use crate::evaluate::ways::WayIn;
use crate::iam::{Member, Principal, Resource};

/// Every account that `caller` becomes, or may become, by these ways at `time`, through other accounts too.
#[must_use]
pub fn reach_by(
    estate: &Estate,
    caller: &Principal,
    brings: &Brings,
    ways: &[WayIn],
    time: Timestamp,
) -> EdgesAnswer {
    let custom = ways.contains(&WayIn::RoleEdit);
    let ground = Ground::keeping(estate, permissions_of(ways), time, None, custom);
    let members = Members::new(&ground);
    let groups = GroupIndex::new(estate, members.group_names());
    let below = Below::new(&ground);
    let mut walk = EdgeWalk {
        ground: &ground,
        members: &members,
        groups: &groups,
        below: &below,
        ways,
        brings,
        refused: cannot_call(estate, caller, brings),
        nodes: vec![EdgeNode {
            principal: caller.clone(),
            name: caller.to_string(),
            before: None,
            delegate: false,
        }],
        seen: [HashSet::new(), HashSet::new()],
        queues: [VecDeque::from([0]), VecDeque::new()],
        certain: vec![false; below.accounts.len()],
        closed: vec![false; below.accounts.len()],
        left: LeftBelow::default(),
        results: BTreeMap::new(),
        open: false,
    };
    walk.run();
    let mut not_read = BTreeSet::new();
    let levels = unread_levels(&ground, &below);
    ground.not_read(levels.iter(), &mut not_read);
    not_read.extend(groups.unread_that_matter(&members));
    not_read.extend(
        groups
            .accounts_that_matter(&members)
            .filter(|account| *account != caller)
            .filter_map(|account| out_of_sight(estate, account)),
    );
    let complete = not_read.is_empty() && !walk.open && below.complete && !estate.is_part();
    EdgesAnswer {
        target: None,
        results: walk.results.into_values().collect(),
        complete,
        not_read: not_read.into_iter().collect(),
    }
}

/// An identity that the caller becomes.
struct EdgeNode {
    principal: Principal,
    name: String,
    /// The node before it, the binding, and what the step hangs on.
    before: Option<(usize, Via, Option<String>)>,
    /// Only a link of a chain.
    delegate: bool,
}

struct EdgeWalk<'g, 'e> {
    ground: &'g Ground<'e>,
    members: &'g Members<'e>,
    groups: &'g GroupIndex<'e>,
    below: &'g Below,
    ways: &'g [WayIn],
    brings: &'g Brings,
    refused: bool,
    nodes: Vec<EdgeNode>,
    /// What was reached: by policies alone, and with something else that has to hold; with whether as a link only.
    seen: [HashSet<(Resource, bool)>; 2],
    queues: [VecDeque<usize>; 2],
    /// Whether an account is reached by policies alone, by its number.
    certain: Vec<bool>,
    /// Whether it is reached in a way that no way with something else that has to hold is worth more than, by its
    /// number.
    closed: Vec<bool>,
    left: LeftBelow,
    /// By full name.
    results: BTreeMap<String, EdgeEnd>,
    open: bool,
}

impl EdgeWalk<'_, '_> {
    fn run(&mut self) {
        for tier in 0..2 {
            while let Some(at) = self.queues.get_mut(tier).and_then(VecDeque::pop_front) {
                self.expand(at, tier);
            }
        }
    }

    fn expand(&mut self, at: usize, tier: usize) {
        let Some(node) = self.nodes.get(at) else {
            return;
        };
        let delegate = node.delegate;
        let identity = if at == 0 {
            Identity::bringing(self.ground, &node.principal, self.brings)
        } else {
            Identity::new(self.ground, &node.principal)
        };
        let matches = match identity.judge() {
            Some(judge) => self.members.of(judge, self.groups),
            None => return,
        };
        let mover = Mover::new(self.ground, identity, Moving::Itself, self.ways, matches);
        // What is known for certain by a way as short needs no other.
        let done = match tier {
            0 => &self.certain,
            _ => &self.closed,
        };
        let is_left = |account: usize| at == 0 || !done.get(account).copied().unwrap_or(false);
        let below = self.below;
        let levels = mover.by_level.keys().copied();
        for number in self.left.on(below, levels, is_left) {
            let Some(target) = below.accounts.get(number).map(|a| &a.resource) else {
                continue;
            };
            let itself = |n: &EdgeNode| matches!(&n.principal, Principal::ServiceAccount(email) if email == target.id());
            // A link of a chain may still have its own token minted.
            let again = !delegate && self.nodes.get(at).is_some_and(itself);
            if again || self.nodes.first().is_some_and(itself) {
                continue;
            }
            let steps = mover.steps(target, delegate);
            if steps.is_empty() {
                continue;
            }
            self.pass_on(at, tier, (number, target), &steps);
            self.record(at, tier, target, &steps);
            self.close(number, target);
        }
    }

    /// Behind something that has to hold nothing is certain: whoever is reached so, and is the account then, or
    /// surely may use it, gains nothing by another such way.
    fn close(&mut self, number: usize, target: &Resource) {
        let as_account = |seen: &HashSet<(Resource, bool)>| seen.contains(&(target.clone(), false));
        let is_worth = |end: &EdgeEnd| worth(end.verdict, &end.ways) >= (false, true);
        let closed = self.seen.iter().any(as_account)
            && self.results.get(&target.full_name()).is_some_and(is_worth);
        if let Some(known) = self.closed.get_mut(number) {
            *known |= closed;
        }
    }

    fn pass_on(
        &mut self,
        at: usize,
        tier: usize,
        (number, target): (usize, &Resource),
        steps: &[EdgeStep],
    ) {
        if steps.iter().any(|step| !matches!(step.answer, Truth::Yes)) {
            self.open = true;
        }
        let estate = self.ground.estate;
        let disabled = estate.account(target.id()).is_some_and(|a| a.disabled);
        if disabled || is_shut_down(estate, target) {
            return;
        }
        for step in steps.iter().filter(|s| s.answer == Truth::Yes) {
            let delegate = match step.way {
                WayIn::Delegation => true,
                way if way.leads_on() => false,
                _ => continue,
            };
            let tier = if step.condition.is_some() { 1 } else { tier };
            let known = |tier: usize, delegate: bool| {
                let seen = self.seen.get(tier);
                seen.is_some_and(|s| s.contains(&(target.clone(), delegate)))
            };
            if (0..=tier).any(|t| known(t, false) || (delegate && known(t, true))) {
                continue;
            }
            let Some(via) = step.via.first() else {
                continue;
            };
            let mut via = via.clone();
            via.edges = vec![step.way];
            if let Some(seen) = self.seen.get_mut(tier) {
                seen.insert((target.clone(), delegate));
            }
            if let Some(certain) = self.certain.get_mut(number) {
                *certain |= tier == 0 && !delegate;
            }
            let node = self.nodes.len();
            self.nodes.push(EdgeNode {
                principal: Principal::ServiceAccount(target.id().to_owned()),
                name: target.full_name(),
                before: Some((at, via, step.condition.clone())),
                delegate,
            });
            if let Some(queue) = self.queues.get_mut(tier) {
                queue.push_back(node);
            }
        }
    }

    fn record(&mut self, at: usize, tier: usize, target: &Resource, steps: &[EdgeStep]) {
        let name = target.full_name();
        let Some(verdict) = verdict_of(steps, tier > 0) else {
            return;
        };
        if let Some(known) = self.results.get(&name) {
            // A longer way counts where it is surer, or makes the caller the account and the other does not.
            let best = steps.iter().min_by_key(|step| order(step));
            let best = best.map(|step| step.way);
            if worth(verdict, best.as_slice()) <= worth(known.verdict, &known.ways) {
                return;
            }
        }
        let (mut path, before, mut conditions) = self.way_to(at);
        path.push(name.clone());
        let Some(mut end) = end_of(name.clone(), path, steps, tier > 0) else {
            return;
        };
        if at != 0 {
            end.via.truncate(1);
            end.via.splice(0..0, before);
        }
        if end.verdict == Verdict::CanAccess {
            conditions.clear();
        }
        conditions.extend(std::mem::take(&mut end.conditions));
        end.conditions = conditions;
        end.outcome = super::outcome(
            end.verdict,
            self.refused || is_off(self.ground.estate, target),
        );
        end.target = Some(target.clone());
        self.results.insert(name, end);
    }

    /// Names, bindings and what they hang on, from the caller to a node.
    fn way_to(&self, node: usize) -> (Vec<String>, Vec<Via>, Vec<String>) {
        let (mut path, mut via, mut conditions) = (Vec::new(), Vec::new(), Vec::new());
        let mut at = Some(node);
        while let Some(node) = at.and_then(|i| self.nodes.get(i)) {
            path.push(node.name.clone());
            if let Some((_, hop, condition)) = &node.before {
                via.push(hop.clone());
                conditions.extend(condition.clone());
            }
            at = node.before.as_ref().map(|(before, ..)| *before);
        }
        path.reverse();
        via.reverse();
        conditions.reverse();
        (path, via, conditions)
    }
}

/// What some ways come to together; a binding stands once, with all the ways that it opens. `conditional`: what
/// came before hangs on something.
fn end_of(
    name: String,
    path: Vec<String>,
    steps: &[EdgeStep],
    conditional: bool,
) -> Option<EdgeEnd> {
    let verdict = verdict_of(steps, conditional)?;
    // The best way stands first.
    let mut steps: Vec<&EdgeStep> = steps.iter().collect();
    steps.sort_by_key(|step| order(step));
    let ways = steps.iter().map(|step| step.way).collect();
    let mut conditions = Vec::new();
    let mut via: Vec<Via> = Vec::new();
    for step in steps {
        if verdict != Verdict::CanAccess {
            conditions.extend(step.condition.clone());
        }
        for mut one in step.via.iter().cloned() {
            one.edges = vec![step.way];
            let known = via.iter_mut().find(|known| {
                (&known.resource, &known.role, &known.member)
                    == (&one.resource, &one.role, &one.member)
            });
            match known {
                Some(known) if known.edges.contains(&step.way) => {}
                Some(known) => known.edges.push(step.way),
                None => via.push(one),
            }
        }
    }
    Some(EdgeEnd {
        name,
        verdict,
        outcome: super::outcome(verdict, false),
        path,
        via,
        ways,
        conditions,
        except: Vec::new(),
        target: None,
    })
}

fn verdict_of(steps: &[EdgeStep], conditional: bool) -> Option<Verdict> {
    let all = steps.iter().map(EdgeStep::verdict);
    let all = all.fold(Truth::No, Truth::or);
    verdict(match conditional {
        true => all.and(Truth::UnknownConditional),
        false => all,
    })
}

/// What a way to an account is worth: whether it is sure, and whether it makes the caller the account.
fn worth(verdict: Verdict, ways: &[WayIn]) -> (bool, bool) {
    let leads = ways.first().is_some_and(|way| way.leads_on());
    (verdict == Verdict::CanAccess, leads)
}

/// The best way first.
fn order(step: &EdgeStep) -> (u8, bool, WayIn) {
    (rank(step), !step.way.leads_on(), step.way)
}

fn rank(step: &EdgeStep) -> u8 {
    match step.verdict() {
        Truth::Yes => 0,
        Truth::UnknownConditional => 1,
        Truth::UnknownInfo => 2,
        Truth::No => 3,
    }
}

/// Every principal that becomes the account, or may, by one of these ways in one step at `time`.
#[must_use]
pub fn who_by(
    estate: &Estate,
    target: &Resource,
    ways: &[WayIn],
    time: Timestamp,
    asked: Option<&Principal>,
    brings: &Brings,
) -> EdgesAnswer {
    let (target, _, ancestry) = locate(estate, target);
    let custom = ways.contains(&WayIn::RoleEdit);
    let mut levels = ancestry.levels.clone();
    if custom {
        homes(estate, &mut levels);
    }
    let ground = Ground::keeping(estate, permissions_of(ways), time, Some(&levels), custom);
    let mut found = HoldersFound::asking(estate, &target, asked, brings);
    for (entry, relevant) in ground.entries.iter().enumerate() {
        for member in &relevant.binding.members {
            found.add(&ground, entry, member);
        }
    }
    let mut results = Vec::new();
    for (principal, own) in &found.principals {
        let Some((mover, through, refused)) = one(&ground, &found, principal, own, ways) else {
            continue;
        };
        let name = principal.to_string();
        let steps = mover.steps(&target, false);
        let groups = first_match(&mover, &steps, &through);
        let mut path = vec![name.clone()];
        path.extend(groups);
        path.push(target.full_name());
        let itself = matches!(principal, Principal::ServiceAccount(email) if email == target.id());
        if let Some(mut end) = end_of(name, path, &steps, false).filter(|_| !itself) {
            end.outcome = super::outcome(end.verdict, refused || found.target_off);
            results.push(end);
        }
    }
    results.extend(sets(&ground, &found, &target, ways));
    results.sort_by(|a, b| a.name.cmp(&b.name));
    let mut not_read: BTreeSet<String> = found
        .unread_groups
        .iter()
        .map(|g| format!("groups/{g}"))
        .collect();
    ground.not_read(&ancestry.levels, &mut not_read);
    EdgesAnswer {
        complete: not_read.is_empty() && ancestry.complete && !estate.is_part(),
        target: Some(target),
        results,
        not_read: not_read.into_iter().collect(),
    }
}

/// Adds what custom roles belong to that are granted on these levels, and what is above that.
fn homes(estate: &Estate, levels: &mut Vec<Resource>) {
    let policies = levels.iter().filter_map(|level| estate.allow.get(level));
    let roles = policies.flat_map(|policy| &policy.bindings);
    let homes: BTreeSet<Resource> = roles
        .filter_map(|b| role_home(estate, without_hidden_condition(&b.role).0))
        .collect();
    for level in homes.iter().flat_map(|home| estate.ancestry(home).levels) {
        if !levels.contains(&level) {
            levels.push(level);
        }
    }
}

/// A match's entry and member, with the groups on the way to it.
type Through = HashMap<(usize, String), Vec<String>>;

fn one<'g, 'e>(
    ground: &'g Ground<'e>,
    found: &HoldersFound<'e>,
    principal: &Principal,
    own: &[super::who::Lead<'e>],
    ways: &'g [WayIn],
) -> Option<(Mover<'g, 'e>, Through, bool)> {
    let identity = found.identity(ground, principal);
    let judge = identity.judge()?;
    let refused = is_refused(ground.estate, principal, judge);
    let mut through = Through::new();
    let mut matches: Vec<Match<'e>> = Vec::new();
    for (one, (set, groups)) in found.matches_of(principal, judge, own) {
        let key = (one.entry, one.member.text.to_string());
        let way = set.map(str::to_owned).into_iter();
        through
            .entry(key)
            .or_insert_with(|| way.chain(groups.iter().cloned()).collect());
        matches.push(one);
    }
    let mover = Mover::new(ground, identity, Moving::Itself, ways, matches);
    Some((mover, through, refused))
}

/// The groups on the way to the first binding of the best step.
fn first_match(mover: &Mover<'_, '_>, steps: &[EdgeStep], through: &Through) -> Vec<String> {
    let best = steps.iter().min_by_key(|step| order(step));
    let Some(via) = best.and_then(|step| step.via.first()) else {
        return Vec::new();
    };
    let matches = mover.by_level.get(&via.resource).into_iter().flatten();
    let mut ways = matches
        .filter(|m| m.member.text == via.member)
        .filter_map(|m| through.get(&(m.entry, m.member.text.to_string())));
    ways.next().cloned().unwrap_or_default()
}

/// Sets that are not listed one by one, as sets.
fn sets(
    ground: &Ground<'_>,
    found: &HoldersFound<'_>,
    target: &Resource,
    ways: &[WayIn],
) -> Vec<EdgeEnd> {
    let mut all = Vec::new();
    for (name, set) in found.sets.iter().filter(|(_, s)| s.told) {
        let unread_group = found
            .unread_groups
            .iter()
            .any(|g| name.strip_prefix("group:") == Some(g));
        let group;
        let member = if unread_group {
            group = Member::parse_v1(name);
            &group
        } else {
            set.member
        };
        let known = !unread_group && !set.member.is_unknown();
        let nobody = Identity::new(ground, &Principal::Other(String::new()));
        let matches: Vec<Match<'_>> = set
            .leads
            .iter()
            .map(|lead| Match {
                matches: Truth::Yes,
                ..lead.one.clone()
            })
            .collect();
        let groups = set.leads.first().map(|lead| lead.through.clone());
        let who = Moving::Set { member, known };
        let mover = Mover::new(ground, nobody, who, ways, matches);
        let steps = mover.steps(target, false);
        let mut path = vec![name.clone()];
        path.extend(groups.into_iter().flatten());
        path.push(target.full_name());
        let Some(mut end) = end_of(name.clone(), path, &steps, false) else {
            continue;
        };
        let off = found.target_off || set_is_off(ground.estate, set.member);
        end.outcome = super::outcome(end.verdict, off);
        end.except = mover.except.into_inner();
        all.push(end);
    }
    all
}
