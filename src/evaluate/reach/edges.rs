//! [`super::who()`] by any of the ways of becoming an account (docs/edges.md), and what such a way comes to.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use jiff::Timestamp;

use super::chains::{is_refused, set_is_off};
use super::identity::Identity;
use super::mover::{EdgeStep, Mover, Moving, permissions_of, role_home};
use super::relevant::Ground;
use super::standing::Match;
use super::trail::Trail;
use super::who::HoldersFound;
use super::{Brings, EdgeEnd, EdgesAnswer, Via, verdict};
use crate::estate::Estate;
use crate::evaluate::Verdict;
use crate::evaluate::explain::locate;
use crate::evaluate::role::without_hidden_condition;
use crate::evaluate::truth::Truth;
use crate::evaluate::ways::WayIn;
use crate::iam::{Member, Principal, Resource};

/// What some ways come to together, and the bindings: each stands once, with all the ways that it opens. `conditional`:
/// what came before hangs on something.
pub(super) fn end_of(
    name: String,
    steps: &[EdgeStep],
    conditional: bool,
) -> Option<(EdgeEnd, Vec<Via>)> {
    let verdict = verdict_of(steps, conditional)?;
    // The best way stands first.
    let mut steps: Vec<&EdgeStep> = steps.iter().collect();
    steps.sort_by_key(|step| order(step));
    let ways = steps.iter().map(|step| step.way).collect();
    let mut conditions: Vec<Arc<str>> = Vec::new();
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
    let end = EdgeEnd {
        name,
        verdict,
        outcome: super::outcome(verdict, false),
        trail: Trail::default(),
        ways,
        conditions,
        except: Vec::new(),
        target: None,
    };
    Some((end, via))
}

pub(super) fn verdict_of(steps: &[EdgeStep], conditional: bool) -> Option<Verdict> {
    let all = steps.iter().map(EdgeStep::verdict);
    let all = all.fold(Truth::No, Truth::or);
    verdict(match conditional {
        true => all.and(Truth::UnknownConditional),
        false => all,
    })
}

/// What a way to an account is worth: whether it is sure, and whether it makes the caller the account.
pub(super) type EdgeWorth = (bool, bool);

/// The best way first.
pub(super) fn order(step: &EdgeStep) -> (u8, bool, WayIn) {
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
        let mut path: Vec<Arc<str>> = vec![name.as_str().into()];
        path.extend(groups);
        path.push(target.full_name().into());
        let itself = matches!(principal, Principal::ServiceAccount(email) if email == target.id());
        if let Some((mut end, via)) = end_of(name, &steps, false).filter(|_| !itself) {
            end.trail = Trail::new(path, via);
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
        bounded: false,
        results,
        not_read: not_read.into_iter().collect(),
    }
}

/// Adds what custom roles belong to that are granted on these levels, and what is above that.
fn homes(estate: &Estate, levels: &mut Vec<Resource>) {
    // What may not be read names none, though a file holds it.
    let policies = levels
        .iter()
        .filter_map(|level| estate.allow_policy(level).known().flatten());
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
type Through = HashMap<(usize, String), Vec<Arc<str>>>;

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
        let way = set.map(Arc::from).into_iter();
        through
            .entry(key)
            .or_insert_with(|| way.chain(groups.iter().cloned()).collect());
        matches.push(one);
    }
    let mover = Mover::new(ground, identity, Moving::Itself, ways, matches);
    Some((mover, through, refused))
}

/// The groups on the way to the first binding of the best step.
fn first_match(mover: &Mover<'_, '_>, steps: &[EdgeStep], through: &Through) -> Vec<Arc<str>> {
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
        let mut path: Vec<Arc<str>> = vec![name.as_str().into()];
        path.extend(groups.iter().flat_map(|groups| groups.iter().cloned()));
        path.push(target.full_name().into());
        let Some((mut end, via)) = end_of(name.clone(), &steps, false) else {
            continue;
        };
        end.trail = Trail::new(path, via);
        let off = found.target_off || set_is_off(ground.estate, set.member);
        end.outcome = super::outcome(end.verdict, off);
        end.except = mover.except.into_inner();
        all.push(end);
    }
    all
}
