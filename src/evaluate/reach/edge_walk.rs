//! [`super::reach()`] by any of the ways of becoming an account (docs/edges.md).
//!
//! A step that hangs on something that no policy says (whether anything runs as the account) is passed through, and
//! whatever lies behind it hangs on the same; what is certain is looked for first. A step that hangs on something that was
//! not read is told, and not passed through, as in [`super::chains`].

use std::collections::{BTreeSet, HashSet, VecDeque};
use std::rc::Rc;
use std::sync::Arc;

use jiff::Timestamp;

use super::below::{Below, BelowAccount};
use super::chains::{cannot_call, out_of_sight, unread_levels};
use super::closure::RuleClasses;
use super::covered::{Covered, Gain, OpenProject, WaysHeld};
use super::edges::{EdgeWorth, end_of, order, verdict_of};
use super::identity::Identity;
use super::mover::{EdgeStep, Mover, Moving, permissions_of};
use super::relevant::Ground;
use super::standing::{GroupIndex, Members, standing};
use super::steps::PAIRS_AT_MOST;
use super::trail::{Trail, TrailStep, TrailVia};
use super::{Brings, EdgeEnd, EdgesAnswer, Via};
use crate::estate::Estate;
use crate::evaluate::Verdict;
use crate::evaluate::truth::Truth;
use crate::evaluate::ways::{Hangs, WayIn};
use crate::iam::{Principal, Resource};

/// Every account that `caller` becomes, or may become, by these ways at `time`, through other accounts too.
#[must_use]
pub fn reach_by(
    estate: &Estate,
    caller: &Principal,
    brings: &Brings,
    ways: &[WayIn],
    time: Timestamp,
) -> EdgesAnswer {
    reach_within(estate, caller, brings, ways, time, PAIRS_AT_MOST).0
}

/// The same, of so many pairs of an identity and an account at the most; and how many of them were left.
fn reach_within(
    estate: &Estate,
    caller: &Principal,
    brings: &Brings,
    ways: &[WayIn],
    time: Timestamp,
    pairs: usize,
) -> (EdgesAnswer, usize) {
    let custom = ways.contains(&WayIn::RoleEdit);
    let (ground, members, groups, below) = standing(estate, permissions_of(ways), time, custom);
    let from = |number: usize| {
        let account = below.accounts.get(number);
        account.map_or(Gain::MAX, |account| known_at_first(account, caller))
    };
    let mut walk = EdgeWalk {
        ground: &ground,
        members: &members,
        groups: &groups,
        below: &below,
        ways,
        held: WaysHeld::new(&ground, ways),
        brings,
        nodes: vec![EdgeNode {
            principal: caller.clone(),
            name: caller.to_string(),
            before: None,
            delegate: false,
        }],
        covered: Covered::new(&below, from),
        queues: [VecDeque::from([0]), VecDeque::new()],
        results: below.accounts.iter().map(|_| None).collect(),
        unsure: vec![0; below.accounts.len()],
        classes: RuleClasses::new(&ground),
        left_before: HashSet::new(),
        left: Some(pairs),
    };
    walk.run();
    let mut not_read = BTreeSet::new();
    let levels = unread_levels(&ground, &below);
    ground.not_read(levels.iter(), &mut not_read);
    not_read.extend(groups.unread_that_matter(&members));
    not_read.extend(
        groups
            .accounts_that_matter(&members, &below)
            .filter(|account| *account != caller)
            .filter_map(|account| out_of_sight(estate, account)),
    );
    let bounded = walk.left.is_none();
    let known = !walk.is_open() && !bounded && below.complete && !estate.is_part();
    let complete = not_read.is_empty() && known;
    let left = walk.left.unwrap_or_default();
    let answer = EdgesAnswer {
        target: None,
        bounded,
        results: walk.told(cannot_call(estate, caller, brings)),
        complete,
        not_read: not_read.into_iter().collect(),
    };
    (answer, left)
}

/// The bit of a way that is worth as much.
fn worth_bit(worth: EdgeWorth) -> Gain {
    match worth {
        (false, false) => 1,
        (false, true) => 1 << 1,
        (true, false) => 1 << 2,
        (true, true) => 1 << 3,
    }
}

/// The bit of steps that are taken on: from the account itself, or as a link; by policies alone (0), or with something
/// else that has to hold (1).
fn onward_bit(tier: usize, delegate: bool) -> Gain {
    match (tier, delegate) {
        (0, false) => 1 << 4,
        (0, true) => 1 << 5,
        (_, false) => 1 << 6,
        (_, true) => 1 << 7,
    }
}

const ALL_ONWARD: Gain = 0b1111_0000;

/// What brings nothing new where that much is known: whatever is worth less, or no surer.
fn covers(bits: Gain) -> Gain {
    let worth = match bits & !ALL_ONWARD {
        0 => 0,
        some => (1 << (Gain::BITS - some.leading_zeros())) - 1,
    };
    let mut onward = bits & ALL_ONWARD;
    for (tier, delegate) in [(0, false), (0, true), (1, false)] {
        if onward & onward_bit(tier, delegate) == 0 {
            continue;
        }
        onward |= onward_bit(1, delegate) | onward_bit(tier, true) | onward_bit(1, true);
    }
    worth | onward
}

/// Nobody goes on from an account that is off, and the caller gains nothing by itself.
fn known_at_first(account: &BelowAccount, caller: &Principal) -> Gain {
    match caller {
        Principal::ServiceAccount(email) if email == account.resource.id() => Gain::MAX,
        _ if account.stops => ALL_ONWARD,
        _ => 0,
    }
}

/// What these ways may bring at the most.
fn most(ways: impl Iterator<Item = WayIn>, tier: usize) -> Gain {
    let (mut gain, mut any, mut sure): (Gain, Option<bool>, Option<bool>) = (0, None, None);
    for way in ways {
        let hangs = way.hangs();
        let leads = way.leads_on();
        any = Some(any.unwrap_or_default() || leads);
        if hangs != Hangs::Always && tier == 0 {
            sure = Some(sure.unwrap_or_default() || leads);
        }
        let delegate = way == WayIn::Delegation;
        if !leads && !delegate {
            continue;
        }
        if hangs != Hangs::Always {
            gain |= onward_bit(tier, delegate);
        }
        if hangs != Hangs::Never {
            gain |= onward_bit(1, delegate);
        }
    }
    let worth = match (sure, any) {
        (Some(leads), _) => worth_bit((true, leads)),
        (None, Some(leads)) => worth_bit((false, leads)),
        (None, None) => 0,
    };
    gain | worth
}

/// What some steps come to.
#[derive(Clone, Copy)]
struct StepsGain {
    gain: Gain,
    /// What those of them come to that are not certain, and would lead on.
    unsure: Gain,
}

impl StepsGain {
    fn of(steps: &[EdgeStep], tier: usize) -> Self {
        let mut found = Self { gain: 0, unsure: 0 };
        for step in steps.iter().filter(|step| step.answer != Truth::Yes) {
            if let Some((delegate, tier)) = leads_on_as(step, tier) {
                found.unsure |= onward_bit(tier, delegate);
            }
        }
        if let Some(worth) = worth_of(steps, tier) {
            found.gain |= worth_bit(worth);
        }
        for (_, delegate, tier) in onward(steps, tier) {
            found.gain |= onward_bit(tier, delegate);
        }
        found
    }
}

/// The steps that are taken on, each with whether as a link, and whether with something else that has to hold.
fn onward(steps: &[EdgeStep], tier: usize) -> impl Iterator<Item = (&EdgeStep, bool, usize)> + '_ {
    let certain = steps.iter().filter(|step| step.answer == Truth::Yes);
    certain.filter_map(move |step| {
        let (delegate, tier) = leads_on_as(step, tier)?;
        Some((step, delegate, tier))
    })
}

/// Whether a step leads on as a link, and whether with something else that has to hold; `None`: it does not.
fn leads_on_as(step: &EdgeStep, tier: usize) -> Option<(bool, usize)> {
    let delegate = match step.way {
        WayIn::Delegation => true,
        way if way.leads_on() => false,
        _ => return None,
    };
    let tier = if step.condition.is_some() { 1 } else { tier };
    Some((delegate, tier))
}

/// What they are worth as a way to the account.
fn worth_of(steps: &[EdgeStep], tier: usize) -> Option<EdgeWorth> {
    let verdict = verdict_of(steps, tier > 0)?;
    let best = steps.iter().min_by_key(|step| order(step));
    let leads = best.is_some_and(|step| step.way.leads_on());
    Some((verdict == Verdict::CanAccess, leads))
}

/// An identity that the caller becomes.
struct EdgeNode {
    principal: Principal,
    name: String,
    /// The node before it, the binding, and what the step hangs on.
    before: Option<(usize, Via, Option<Arc<str>>)>,
    /// Only a link of a chain.
    delegate: bool,
}

/// The best way to an account that was found: from which node, whether with something else that has to hold, and how.
struct FoundEdge {
    at: usize,
    tier: usize,
    steps: Rc<[EdgeStep]>,
}

struct EdgeWalk<'g, 'e> {
    ground: &'g Ground<'e>,
    members: &'g Members<'e>,
    groups: &'g GroupIndex<'e>,
    below: &'g Below,
    ways: &'g [WayIn],
    held: WaysHeld,
    brings: &'g Brings,
    nodes: Vec<EdgeNode>,
    /// What is known of each account ([`covers`]).
    covered: Covered<'g>,
    queues: [VecDeque<usize>; 2],
    /// By the accounts' numbers.
    results: Vec<Option<FoundEdge>>,
    /// What steps that are not certain would come to, by the accounts' numbers.
    unsure: Vec<Gain>,
    classes: RuleClasses<'g, 'e>,
    /// Bindings that were gone by already, by whom rules do not tell apart, with how they stood and whether it is
    /// certain who is in them: nothing new comes of them.
    left_before: HashSet<(usize, u32, (usize, bool), bool)>,
    /// How many more pairs of an identity and an account may be judged; `None`: more were to be.
    left: Option<usize>,
}

impl<'g, 'e> EdgeWalk<'g, 'e> {
    fn run(&mut self) {
        for tier in 0..2 {
            while let Some(at) = self.queues.get_mut(tier).and_then(VecDeque::pop_front) {
                self.expand(at, tier);
                if self.left.is_none() {
                    return;
                }
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
        let class = identity.judge().map_or(0, |judge| {
            let class = self.classes.of(judge);
            identity.belongs(class.free);
            class.number
        });
        identity.note_place(&matches);
        let mut fresh: HashSet<&'e Resource> = HashSet::new();
        for one in &matches {
            let sure = one.matches == Truth::Yes;
            let new = (self.left_before).insert((one.entry, class, (tier, delegate), sure));
            if new && let Some(entry) = self.ground.entries.get(one.entry) {
                fresh.insert(entry.resource);
            }
        }
        let mover = Mover::new(self.ground, identity, Moving::Itself, self.ways, matches);
        let ways = &self.held;
        let bound = |held: u64| most(ways.open(held, mover.held_anywhere, delegate), tier);
        // Who edits roles has bindings count together.
        let all = mover.edits_roles();
        let among = |level: &Resource| all || fresh.contains(level);
        for project in self.covered.open_among(&mover, false, bound, among) {
            self.step_into(at, tier, &mover, &project);
        }
    }

    /// Whether a step that is not certain may lead to where nobody stands as well.
    fn is_open(&self) -> bool {
        let mut each = self.unsure.iter().enumerate();
        each.any(|(number, unsure)| unsure & !self.covered.of(number) != 0)
    }

    /// Steps to the accounts of a project.
    fn step_into(&mut self, at: usize, tier: usize, mover: &Mover<'g, 'e>, open: &OpenProject) {
        let below = self.below;
        let delegate = self.nodes.get(at).is_some_and(|node| node.delegate);
        // What every account there gains on which nothing stands itself.
        let mut alike: Option<Gain> = None;
        for (number, most, plain) in open.accounts(below) {
            let Some(account) = below.accounts.get(number) else {
                continue;
            };
            let plain = plain && account.policy_read;
            let gain = alike.filter(|_| plain).unwrap_or(most);
            if gain & !self.covered.of(number) == 0 || !self.is_left(number, at, tier) {
                continue;
            }
            if self.is_itself(at, account) {
                continue;
            }
            self.left = self.left.and_then(|left| left.checked_sub(1));
            if self.left.is_none() {
                break;
            }
            let steps = mover.steps(&account.resource, delegate);
            if plain && alike.is_none() {
                let project = account.project_id();
                let same = project.and_then(|project| mover.alike_in(project, delegate));
                let of = same.map(|steps| StepsGain::of(&steps, tier));
                alike = of.map(|found| found.gain | found.unsure);
            }
            if steps.is_empty() {
                continue;
            }
            let found = StepsGain::of(&steps, tier);
            if let Some(unsure) = self.unsure.get_mut(number) {
                *unsure |= found.unsure;
            }
            if found.gain & !self.covered.of(number) == 0 {
                continue;
            }
            self.pass_on(at, tier, (number, account), &steps);
            self.record(at, tier, number, &steps);
        }
        self.covered.sum_up(open.project);
    }

    /// What is known for certain by a way as short needs no other; behind something that has to hold nothing is
    /// certain: whoever is reached so, and is the account then, or surely may use it, gains nothing by another such way.
    fn is_left(&self, number: usize, at: usize, tier: usize) -> bool {
        let known = self.covered.of(number);
        let done = match tier {
            0 => onward_bit(0, false),
            _ => onward_bit(1, false) | worth_bit((false, true)),
        };
        let stops = self.below.accounts.get(number).is_some_and(|a| a.stops);
        at == 0 || stops || known & done != done
    }

    fn is_itself(&self, at: usize, account: &BelowAccount) -> bool {
        let itself = |n: &EdgeNode| matches!(&n.principal, Principal::ServiceAccount(email) if email == account.resource.id());
        // A link of a chain may still have its own token minted.
        let again = self.nodes.get(at).is_some_and(|n| !n.delegate && itself(n));
        again || self.nodes.first().is_some_and(itself)
    }

    fn pass_on(
        &mut self,
        at: usize,
        tier: usize,
        (number, target): (usize, &BelowAccount),
        steps: &[EdgeStep],
    ) {
        if target.stops {
            return;
        }
        for (step, delegate, tier) in onward(steps, tier) {
            let bit = onward_bit(tier, delegate);
            if self.covered.of(number) & bit != 0 {
                continue;
            }
            let Some(via) = step.via.first() else {
                continue;
            };
            let mut via = via.clone();
            via.edges = vec![step.way];
            self.covered.add(number, covers(bit));
            let node = self.nodes.len();
            self.nodes.push(EdgeNode {
                principal: Principal::ServiceAccount(target.resource.id().to_owned()),
                name: target.resource.full_name(),
                before: Some((at, via, step.condition.clone())),
                delegate,
            });
            if let Some(queue) = self.queues.get_mut(tier) {
                queue.push_back(node);
            }
        }
    }

    /// A longer way counts where it is surer, or makes the caller the account and the other does not.
    fn record(&mut self, at: usize, tier: usize, number: usize, steps: &Rc<[EdgeStep]>) {
        let Some(worth) = worth_of(steps, tier) else {
            return;
        };
        let bit = worth_bit(worth);
        if self.covered.of(number) & bit != 0 {
            return;
        }
        self.covered.add(number, covers(bit));
        let steps = Rc::clone(steps);
        if let Some(known) = self.results.get_mut(number) {
            *known = Some(FoundEdge { at, tier, steps });
        }
    }

    /// What was found, by name. `refused`: whatever policies say, the caller's calls fail.
    fn told(self, refused: bool) -> Vec<EdgeEnd> {
        let mut hang = Vec::with_capacity(self.nodes.len());
        let steps = self.nodes.into_iter().map(|node| {
            let (before, condition) = match node.before {
                Some((at, via, condition)) => (Some((at, TrailVia::Own(vec![via]))), condition),
                None => (None, None),
            };
            hang.push(condition);
            (node.name.into(), before)
        });
        let steps = TrailStep::all(steps);
        let found = self.results.into_iter().zip(&self.below.accounts);
        let ends = found.filter_map(|(found, account)| {
            let found = found?;
            let name = account.resource.full_name();
            let (mut end, mut via) = end_of(name.clone(), &found.steps, found.tier > 0)?;
            if found.at != 0 {
                via.truncate(1);
            }
            if end.verdict != Verdict::CanAccess {
                let mut conditions = Vec::new();
                let mut at = Some(found.at);
                while let Some((place, step)) = at.and_then(|at| Some((at, steps.get(at)?))) {
                    conditions.extend(hang.get(place).cloned().flatten());
                    at = step.before.as_ref().map(|(before, _)| *before);
                }
                conditions.reverse();
                conditions.append(&mut end.conditions);
                end.conditions = conditions;
            }
            end.trail = Trail::from(&steps, found.at, name.into(), TrailVia::Own(via));
            end.outcome = super::outcome(end.verdict, refused || account.off);
            end.target = Some(account.resource.clone());
            Some(end)
        });
        let mut ends: Vec<EdgeEnd> = ends.collect();
        // They are nearly in this order already.
        ends.sort_by(|a, b| a.name.cmp(&b.name));
        ends
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::estate::Coverage;
    use crate::evaluate::tests::{at, from_value, who};

    /// Projects of five accounts, each of which may name all others as delegates, and have ID tokens of them.
    fn estate(projects: usize) -> Estate {
        let links = "organizations/1/roles/links";
        let id = |at: usize| format!("p-{at:04}");
        let email = |at: usize| format!("a{at:05}@{}.iam.gserviceaccount.com", id(at / 5));
        let each: Vec<Value> = (0..projects)
            .map(|at| json!({ "name": format!("projects/{}", at + 100), "projectId": id(at), "parent": "organizations/1" }))
            .collect();
        let accounts: Vec<Value> = (0..projects * 5)
            .map(|at| json!({ "name": format!("projects/{}/serviceAccounts/{}", id(at / 5), email(at)),
                "email": email(at), "projectId": id(at / 5), "uniqueId": format!("{}", at + 1_000) }))
            .collect();
        let all = (0..projects * 5).map(|at| json!(format!("serviceAccount:{}", email(at))));
        let all: Vec<Value> = all.chain([json!("user:ana@example.com")]).collect();
        let file = json!({
            "organizations": [{ "name": "organizations/1", "displayName": "example.com", "directoryCustomerId": "C0" }],
            "projects": each,
            "serviceAccounts": accounts,
            "roles": [{ "name": links, "includedPermissions": ["iam.serviceAccounts.implicitDelegation"] }],
            "groups": [{ "email": "all@example.com", "members": all }],
            "iamPolicies": { "//cloudresourcemanager.googleapis.com/organizations/1": { "bindings": [
                { "role": links, "members": ["group:all@example.com"] },
                { "role": "roles/iam.serviceAccountOpenIdTokenCreator", "members": ["group:all@example.com"] },
            ] } },
        });
        from_value(&file, Coverage::Whole)
    }

    fn within(estate: &Estate, pairs: usize) -> (EdgesAnswer, usize) {
        let (ana, now) = (who("user:ana@example.com"), at("2026-11-25T12:00:00Z"));
        reach_within(estate, &ana, &Brings::default(), &WayIn::ALL, now, pairs)
    }

    /// Not the square of the accounts.
    #[test]
    fn what_brings_nothing_new_is_not_judged() {
        for projects in [4, 40] {
            let estate = estate(projects);
            let (answer, left) = within(&estate, PAIRS_AT_MOST);
            assert_eq!(answer.results.len(), projects * 5);
            assert!(answer.complete && !answer.bounded);
            let judged = PAIRS_AT_MOST - left;
            assert!(judged <= projects * 20, "{judged} of {projects} projects");
        }
    }

    #[test]
    fn a_search_that_is_given_up_says_so() {
        let (answer, _) = within(&estate(4), 7);
        assert!(answer.bounded && !answer.complete);
        assert_eq!(answer.results.len(), 7);
    }
}
