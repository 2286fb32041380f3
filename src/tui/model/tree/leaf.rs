//! What stands below a level: the bindings that the answer turns on, or, where it is unfolded, all of
//! them, with members, conditions clause by clause, deny rules and boundaries.

use std::collections::HashMap;

use super::bindings::{binding_row, member_row};
use super::culprit::{binding_of, ghost, missing, suspect_row};
use super::limits::org_policies;
use super::row::leaf_row;
use super::rules::{boundaries, clause_rows, of_the_call, rule_rows};
use super::supposed::{is_among, is_off, is_switched_off, off_rows};
use super::{Leaf, Picture, Rank, TreeRow};
use crate::answer::states::LevelState;
use crate::answer::what_if::ConditionOf;
use crate::evaluate::explanation::{BindingExplanation, PolicyExplanation, RoleState};
use crate::evaluate::{Outcome, Truth};
use crate::iam::{Resource, ResourceKind};
use crate::text::counted;

/// What hangs below each level: how far below it, from 0, and the row.
pub(super) type Leaves = HashMap<Resource, Vec<(usize, TreeRow)>>;

/// What hangs below the levels of a picture.
pub(super) fn leaves(picture: Picture<'_>) -> Leaves {
    let mut out = Leaves::new();
    let explanation = picture.explanation;
    for policy in explanation.allow.iter().chain(&explanation.off_path) {
        let rows = if picture.opened.levels.contains(&policy.resource) {
            unfolded(picture, policy)
        } else {
            folded(picture, policy)
        };
        out.insert(policy.resource.clone(), rows);
    }
    // What causes name beside both branches.
    for (i, cause) in picture.causes.iter().enumerate() {
        if let Some(suspect) = &cause.suspect
            && !out.contains_key(&suspect.resource)
        {
            let rows = vec![(0, suspect_row(picture, i, suspect))];
            out.insert(suspect.resource.clone(), rows);
        }
    }
    for (at, row) in off_rows(picture) {
        let rows = out.entry(at).or_default();
        if !is_among(rows, &row) {
            rows.push((0, row));
        }
    }
    // What is missing because it is switched off has its row.
    if let Some(repair) = missing(picture).filter(|repair| !is_switched_off(picture, repair)) {
        let rows = out.entry(repair.resource.clone()).or_default();
        rows.push((0, ghost(picture, repair)));
    }
    out
}

/// All that is known of a level, what is switched off there included.
#[must_use]
pub fn level_rows(picture: Picture<'_>, at: &Resource) -> Vec<TreeRow> {
    let explanation = picture.explanation;
    let mut policies = explanation.allow.iter().chain(&explanation.off_path);
    let hanging = match policies.find(|policy| policy.resource == *at) {
        Some(policy) => {
            let off = off_rows(picture);
            let off = off.into_iter().filter(|(on, _)| on == at);
            let mut all = unfolded(picture, policy);
            for (_, row) in off {
                if !is_among(&all, &row) {
                    all.push((0, row));
                }
            }
            all
        }
        None => leaves(picture).remove(at).unwrap_or_default(),
    };
    hanging.into_iter().map(|(_, row)| row).collect()
}

/// The bindings of a level that the answer turns on.
fn folded(picture: Picture<'_>, policy: &PolicyExplanation) -> Vec<(usize, TreeRow)> {
    let mut out = Vec::new();
    let explanation = picture.explanation;
    let works = explanation.outcome == Outcome::WouldSucceed;
    if policy.on_path {
        for denial in explanation
            .deny
            .iter()
            .filter(|d| d.resource == policy.resource)
        {
            for denying in denial.policies.iter().filter(|p| p.denies == Truth::Yes) {
                for rule in denying.rules.iter().filter(|r| r.denies == Truth::Yes) {
                    let mut rows = rule_rows(picture, denial, denying, rule);
                    rows.truncate(1);
                    out.extend(rows);
                }
            }
        }
        out.extend(org_policies(picture, &policy.resource));
        if policy.resource.kind() == ResourceKind::ServiceAccount {
            out.extend(boundaries(picture, true));
            out.extend(of_the_call(picture));
        }
        for binding in policy.bindings.iter().filter(|b| b.grants == Truth::Yes) {
            let mut row = binding_row(picture, policy, binding);
            row.rank = if works { Rank::Must } else { Rank::Extra };
            out.push((0, row));
        }
    }
    for (i, cause) in picture.causes.iter().enumerate() {
        let Some(suspect) = &cause.suspect else {
            continue;
        };
        if suspect.resource != policy.resource {
            continue;
        }
        let row = suspect_row(picture, i, suspect);
        if out.iter().any(|(_, known)| known.is_same(&row)) {
            continue;
        }
        out.push((0, row));
        if let Some(binding) = binding_of(policy, suspect) {
            let failing = binding_clauses(picture, &policy.resource, binding);
            let mut failing: Vec<TreeRow> = failing
                .into_iter()
                .filter(|r| r.state != LevelState::Grants)
                .take(2)
                .collect();
            if let Some(first) = failing.first_mut().filter(|_| i == 0) {
                first.rank = Rank::Must;
            }
            out.extend(failing.into_iter().map(|row| (1, row)));
        }
    }
    out
}

/// The condition of a binding, each part of it to be switched.
fn binding_clauses(
    picture: Picture<'_>,
    at: &Resource,
    binding: &BindingExplanation,
) -> Vec<TreeRow> {
    let of = ConditionOf::Binding(binding.index);
    let condition = binding.condition.as_ref();
    condition.map_or_else(Vec::new, |it| clause_rows(picture, at, &of, it))
}

/// Everything that is known of a level.
fn unfolded(picture: Picture<'_>, policy: &PolicyExplanation) -> Vec<(usize, TreeRow)> {
    let at = &policy.resource;
    let mut out = Vec::new();
    if let Some(why) = &policy.unreadable {
        let state = LevelState::unread(policy.decides);
        out.push((
            0,
            leaf_row(at, state, "policy", "", &format!("not readable: {why}")),
        ));
    } else if policy.bindings.is_empty() {
        out.push((0, leaf_row(at, LevelState::Nothing, "", "", "no bindings")));
    }
    let bindings = policy.bindings.iter();
    // What is switched off has a row of its own.
    let mut order: Vec<&BindingExplanation> =
        bindings.filter(|b| !is_off(picture, at, b.index)).collect();
    order.sort_by_key(|b| {
        (
            b.grants == Truth::No,
            b.role_state != RoleState::Included,
            b.index,
        )
    });
    for binding in order {
        let row = binding_row(picture, policy, binding);
        let single = binding.member_count == 1;
        let several = TreeRow {
            leaf: row.leaf.clone().map(|leaf| Leaf {
                name: counted(binding.member_count, "member"),
                marks: Vec::new(),
                ..leaf
            }),
            ..row.clone()
        };
        out.push((0, if single { row } else { several }));
        if !single {
            for member in &binding.members {
                out.push((1, member_row(picture, at, binding, member)));
            }
            let rest = binding.member_count.saturating_sub(binding.members.len());
            if rest > 0 {
                let words = format!("and {rest} more, none of them this caller");
                out.push((1, leaf_row(at, LevelState::Nothing, "", "", &words)));
            }
        }
        let clauses = binding_clauses(picture, at, binding);
        out.extend(clauses.into_iter().map(|row| (1, row)));
    }
    if policy.on_path {
        let of_level = picture.explanation.deny.iter();
        for denial in of_level.filter(|d| d.resource == *at) {
            if let Some(why) = &denial.unreadable {
                let words = format!("not readable: {why}");
                let state = LevelState::UnreadableIdle;
                out.push((0, leaf_row(at, state, "deny policies", "", &words)));
            }
            for denying in &denial.policies {
                for rule in &denying.rules {
                    out.extend(rule_rows(picture, denial, denying, rule));
                }
            }
        }
        out.extend(org_policies(picture, at));
        if at.kind() == ResourceKind::ServiceAccount {
            out.extend(boundaries(picture, false));
            out.extend(of_the_call(picture));
        }
    }
    for (_, row) in &mut out {
        row.rank = Rank::Must;
    }
    out
}
