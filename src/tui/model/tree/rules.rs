//! Rows of what narrows a grant or shuts out: clauses of conditions, deny rules, boundaries, and what is wrong with
//! the call itself.

use super::culprit::wrong;
use super::row::{leaf_row, short_member};
use super::supposed::{condition_row, is_rule_off};
use super::{LeafPlace, Picture, Rank, TreeRow};
use crate::answer::rules::{boundary_rule_says, boundary_rule_words, deny_rule_says};
use crate::answer::states::LevelState;
use crate::answer::what_if::{ClauseSpan, ConditionOf, SupposedCondition, SwitchedRule, as_read};
use crate::evaluate::condition::{Clause, clauses};
use crate::evaluate::explanation::{
    BoundaryExplanation, ConditionExplanation, DenyExplanation, DenyPolicyExplanation,
    DenyRuleExplanation,
};
use crate::evaluate::{CauseKind, Truth};
use crate::iam::Resource;
use crate::text::counted;

/// A condition: what came of it, and of each of its clauses where there are several; each to be switched.
pub(super) fn clause_rows(
    picture: Picture<'_>,
    at: &Resource,
    of: &ConditionOf,
    condition: &ConditionExplanation,
) -> Vec<TreeRow> {
    let place = |clause: Option<ClauseSpan>| {
        let of = of.clone();
        Some(LeafPlace::Condition { of, clause })
    };
    let source = condition.condition.expression.trim();
    let all: Vec<Clause> = match &condition.evaluation {
        Ok(evaluation) => clauses(evaluation, &condition.condition.expression),
        Err(_) => Vec::new(),
    };
    let supposed = picture.supposed.iter();
    let supposed: Vec<&SupposedCondition> = supposed
        .filter_map(|one| one.of_any_clause(at, of))
        .collect();
    // What is supposed as a whole is its one clause.
    if let Some(whole) = supposed.iter().find(|one| one.clause.is_none()) {
        return vec![condition_row(at, "if", whole)];
    }
    if all.is_empty() && supposed.is_empty() {
        let (state, word) = match (&condition.evaluation, condition.holds) {
            (Err(why), _) => (LevelState::Misses, why.clone()),
            (Ok(_), Truth::Yes) => (LevelState::Grants, "holds".to_owned()),
            (Ok(_), Truth::No) => (LevelState::ConditionNotMet, "false now".to_owned()),
            (Ok(_), _) => (LevelState::Depends, "not known here".to_owned()),
        };
        return vec![placed_at(
            place(None),
            leaf_row(at, state, "if", source, &word),
        )];
    }
    // Each where it stood; what is supposed is no clause of what is judged.
    let mut rows: Vec<(u32, TreeRow)> = Vec::new();
    for clause in &all {
        let span = ClauseSpan {
            start: clause.start,
            end: clause.end,
        };
        let Some(span) = as_read(picture.supposed, at, of, span) else {
            continue;
        };
        let (state, word) = match clause.value {
            Some(true) => (LevelState::Grants, "true"),
            Some(false) => (LevelState::ConditionNotMet, "false now"),
            None => (LevelState::Depends, "not known here"),
        };
        let row = leaf_row(at, state, "and", clause.text.trim(), word);
        rows.push((span.start, placed_at(place(Some(span)), row)));
    }
    rows.extend(supposed.iter().filter_map(|one| {
        let start = one.clause?.start;
        Some((start, condition_row(at, "and", one)))
    }));
    rows.sort_by_key(|(start, _)| *start);
    let mut rows: Vec<TreeRow> = rows.into_iter().map(|(_, row)| row).collect();
    if let Some(leaf) = rows.first_mut().and_then(|row| row.leaf.as_mut()) {
        "if".clone_into(&mut leaf.title);
    }
    rows
}

fn placed_at(place: Option<LeafPlace>, mut row: TreeRow) -> TreeRow {
    if let Some(leaf) = &mut row.leaf {
        leaf.place = place;
    }
    row
}

/// A deny rule, whom of those that matter it denies or excepts, and its condition.
pub(super) fn rule_rows(
    picture: Picture<'_>,
    level: &DenyExplanation,
    policy: &DenyPolicyExplanation,
    rule: &DenyRuleExplanation,
) -> Vec<(usize, TreeRow)> {
    let at = &level.resource;
    let place = SwitchedRule::Deny {
        policy: policy.policy.name.as_str().into(),
        rule: rule.index,
    };
    // What is switched off has a row of its own.
    if is_rule_off(picture, at, &place) {
        return Vec::new();
    }
    let (state, word) = deny_rule_says(rule);
    let title = if level.policies.len() > 1 {
        format!("{}, deny rule {}", policy.policy.id(), rule.index + 1)
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
    if let Some(leaf) = &mut row.leaf {
        leaf.place = Some(LeafPlace::Rule(place));
    }
    let mut out = vec![(0, row)];
    for (members, what) in [(&rule.denied, "denied"), (&rule.exceptions, "excepted")] {
        for member in members.iter().filter(|m| m.matches != Truth::No) {
            let state = match (what, member.matches) {
                ("denied", Truth::Yes) => state,
                ("excepted", Truth::Yes) => LevelState::Nothing,
                _ => LevelState::Depends,
            };
            let name = short_member(&member.member.text);
            let word = match (member.matches, member.why.as_str()) {
                (Truth::Yes, "") => "the caller is in it",
                (_, "") => "not known whether the caller is in it",
                (_, why) => why,
            };
            out.push((1, leaf_row(at, state, what, &name, word)));
        }
    }
    if let Some(condition) = &rule.condition {
        let of = ConditionOf::DenyRule {
            policy: policy.policy.name.as_str().into(),
            rule: rule.index,
        };
        let rows = clause_rows(picture, at, &of, condition);
        out.extend(rows.into_iter().map(|row| (1, row)));
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
        if let Some(leaf) = &mut row.leaf {
            leaf.place = Some(LeafPlace::Rule(SwitchedRule::Boundary {
                binding: boundary.binding.as_str().into(),
            }));
        }
        out.push((0, row));
        if counting {
            continue;
        }
        if let Some(condition) = &boundary.condition {
            let of = ConditionOf::Boundary(boundary.binding.as_str().into());
            let rows = clause_rows(picture, at, &of, condition);
            out.extend(rows.into_iter().map(|row| (1, row)));
        }
        out.extend(boundary_rules(picture, boundary));
    }
    if !counting {
        let open = !matches!(all.eligible, Truth::Yes | Truth::No);
        let state = LevelState::unread(open);
        for (name, why) in &all.unreadable {
            let word = format!("not readable: {why}");
            out.push((0, leaf_row(at, state, "boundaries", name, &word)));
        }
        if let Some((what, why)) = &all.unplaced {
            let word = format!("not known: {why}");
            out.push((0, leaf_row(at, state, "boundaries", what, &word)));
        }
    }
    out
}

/// The rules of a boundary that the caller may be bound by, each with whether it is about the target.
fn boundary_rules(picture: Picture<'_>, boundary: &BoundaryExplanation) -> Vec<(usize, TreeRow)> {
    let at = &picture.explanation.question.target;
    let Some(policy) = boundary
        .policy
        .as_ref()
        .filter(|_| boundary.applies != Truth::No)
    else {
        return Vec::new();
    };
    let place = |rule: usize| SwitchedRule::BoundaryRule {
        policy: policy.name.as_str().into(),
        rule,
    };
    // Rules that are switched off are not among those that were judged; the others keep the places they had.
    let places = (0..).filter(|i| {
        let which = place(*i);
        !is_rule_off(picture, at, &which)
    });
    let rules = policy.details.rules.iter().zip(&boundary.rules).zip(places);
    let rows = rules.map(|((rule, applies), index)| {
        let (state, word) = boundary_rule_says(&rule.effect, *applies);
        let name = boundary_rule_words(picture.estate, rule);
        let title = format!("rule {}", index + 1);
        let mut row = leaf_row(at, state, &title, &name, word);
        if let Some(leaf) = &mut row.leaf {
            leaf.place = Some(LeafPlace::Rule(place(index)));
        }
        (1, row)
    });
    rows.collect()
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
        let asked = seconds.map_or(String::new(), |s| counted(s, "second"));
        let at = &picture.explanation.question.target;
        let mut row = leaf_row(at, LevelState::Off, "token", &asked, wrong(kind));
        row.rank = Rank::Must;
        row.blamed = true;
        (0, row)
    })
}
