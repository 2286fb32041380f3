//! Rows of what narrows a grant or shuts out: clauses of conditions, deny rules, boundaries, and what is wrong with
//! the call itself.

use super::culprit::wrong;
use super::row::{leaf_row, short_member};
use super::{Picture, Rank, TreeRow};
use crate::answer::states::LevelState;
use crate::evaluate::condition::{Clause, clauses};
use crate::evaluate::explanation::{
    BoundaryExplanation, ConditionExplanation, DenyRuleExplanation,
};
use crate::evaluate::{CauseKind, Truth};
use crate::iam::Resource;

/// A condition: what came of it, and of each of its clauses where there are several.
pub(super) fn clause_rows(at: &Resource, condition: &ConditionExplanation) -> Vec<TreeRow> {
    let source = condition.condition.expression.trim();
    let all: Vec<Clause> = match &condition.evaluation {
        Ok(evaluation) => clauses(evaluation, &condition.condition.expression),
        Err(_) => Vec::new(),
    };
    if all.is_empty() {
        let (state, word) = match (&condition.evaluation, condition.holds) {
            (Err(why), _) => (LevelState::Misses, why.clone()),
            (Ok(_), Truth::Yes) => (LevelState::Grants, "holds".to_owned()),
            (Ok(_), Truth::No) => (LevelState::ConditionNotMet, "false now".to_owned()),
            (Ok(_), _) => (LevelState::Depends, "not known here".to_owned()),
        };
        return vec![leaf_row(at, state, "if", source, &word)];
    }
    all.iter()
        .enumerate()
        .map(|(i, clause)| {
            let (state, word) = match clause.value {
                Some(true) => (LevelState::Grants, "true"),
                Some(false) => (LevelState::ConditionNotMet, "false now"),
                None => (LevelState::Depends, "not known here"),
            };
            let join = if i == 0 { "if" } else { "and" };
            leaf_row(at, state, join, clause.text.trim(), word)
        })
        .collect()
}

/// A deny rule, whom of those that matter it denies or excepts, and its condition.
pub(super) fn rule_rows(
    picture: Picture<'_>,
    policy: &str,
    rule: &DenyRuleExplanation,
) -> Vec<(usize, TreeRow)> {
    let level = picture.explanation.deny.iter().find(|d| {
        let mut rules = d.policies.iter().flat_map(|p| p.rules.iter());
        rules.any(|r| std::ptr::eq(r, rule))
    });
    let Some(at) = level.map(|d| &d.resource) else {
        return Vec::new();
    };
    let (state, word) = match rule.denies {
        Truth::Yes => (LevelState::Denies, "denies this"),
        Truth::No => (LevelState::Nothing, "does not concern this"),
        _ => (LevelState::Depends, "may deny this"),
    };
    let title = if level.is_some_and(|d| d.policies.len() > 1) {
        format!("{policy}, deny rule {}", rule.index + 1)
    } else {
        format!("deny rule {}", rule.index + 1)
    };
    let matching = rule.denied.iter().find(|m| m.matches == Truth::Yes);
    let name = matching.map_or(String::new(), |m| short_member(&m.member.text));
    let mut row = leaf_row(at, state, &title, &name, word);
    row.blamed = first_is(picture, CauseKind::Denied) && state == LevelState::Denies;
    if state == LevelState::Denies {
        row.rank = Rank::Must;
    }
    let mut out = vec![(0, row)];
    for (members, what) in [(&rule.denied, "denied"), (&rule.exceptions, "excepted")] {
        for member in members.iter().filter(|m| m.matches != Truth::No) {
            let state = if what == "denied" {
                state
            } else {
                LevelState::Depends
            };
            let name = short_member(&member.member.text);
            out.push((1, leaf_row(at, state, what, &name, &member.why)));
        }
    }
    if let Some(condition) = &rule.condition {
        out.extend(clause_rows(at, condition).into_iter().map(|row| (1, row)));
    }
    out
}

pub(super) fn first_is(picture: Picture<'_>, kind: CauseKind) -> bool {
    picture.causes.first().is_some_and(|c| c.kind == kind)
}

/// The boundaries that the caller is bound by. `counting`: those alone that shut out, or may.
pub(super) fn boundaries(picture: Picture<'_>, counting: bool) -> Vec<(usize, TreeRow)> {
    let all = &picture.explanation.boundaries;
    let at = &picture.explanation.question.target;
    let mut out = Vec::new();
    for boundary in &all.boundaries {
        let binds = boundary.applies.and(boundary.reaches_permission);
        let open = all.eligible != Truth::Yes && binds != Truth::No;
        if counting && !open {
            continue;
        }
        let name = boundary_name(boundary);
        let state = match (open, all.eligible, binds) {
            (true, Truth::No, Truth::Yes) => LevelState::OutsideBoundary,
            (true, ..) => LevelState::Depends,
            _ => LevelState::Nothing,
        };
        let word = match state {
            LevelState::OutsideBoundary => "leaves the target out",
            LevelState::Depends => "may leave the target out",
            _ => boundary.why.as_str(),
        };
        let mut row = leaf_row(at, state, "boundary", &name, word);
        if open {
            row.rank = Rank::Must;
            row.blamed = first_is(picture, CauseKind::OutsideBoundary)
                || first_is(picture, CauseKind::BoundaryUndecided);
        }
        out.push((0, row));
        if let Some(condition) = boundary.condition.as_ref().filter(|_| !counting) {
            out.extend(clause_rows(at, condition).into_iter().map(|row| (1, row)));
        }
    }
    out
}

pub(super) fn boundary_name(boundary: &BoundaryExplanation) -> String {
    let display = boundary
        .policy
        .as_ref()
        .and_then(|p| p.display_name.clone());
    let id = || boundary.policy_name.rsplit('/').next().unwrap_or_default();
    display
        .filter(|n| !n.is_empty())
        .unwrap_or_else(|| id().to_owned())
}

/// What the first cause says of the call itself, beside the target.
pub(super) fn of_the_call(picture: Picture<'_>) -> Option<(usize, TreeRow)> {
    let kind = picture.causes.first()?.kind;
    (kind == CauseKind::LifetimeTooLong).then(|| {
        let seconds = picture.explanation.question.call.lifetime;
        let asked = seconds.map_or(String::new(), |s| format!("{s} seconds"));
        let at = &picture.explanation.question.target;
        let mut row = leaf_row(at, LevelState::Off, "token", &asked, wrong(kind));
        row.rank = Rank::Must;
        row.blamed = true;
        (0, row)
    })
}
