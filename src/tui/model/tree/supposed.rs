//! Rows of what is switched off, what if.

use super::row::{leaf_row, short_member};
use super::{LeafPlace, Picture, Rank, TreeRow};
use crate::answer::levels::title;
use crate::answer::states::LevelState;
use crate::answer::what_if::{ClauseSpan, Supposed, SwitchedRule};
use crate::estate::Estate;
use crate::evaluate::Suspect;
use crate::iam::{Binding, Resource};
use crate::repair::Repair;

/// Whether that binding is switched off for all of its members.
pub(super) fn is_off(picture: Picture<'_>, at: &Resource, binding: usize) -> bool {
    let mut all = picture.supposed.iter();
    all.any(|s| s.is_off(at, binding, None))
}

/// Whether that is missing because it is switched off.
pub(super) fn is_switched_off(picture: Picture<'_>, repair: &Repair) -> bool {
    picture.supposed.iter().any(|one| match &one.what {
        Supposed::Off { role, whom, .. } => {
            one.on == repair.resource && **role == *repair.role && **whom == *repair.member
        }
        Supposed::There { .. } | Supposed::ConditionOff { .. } | Supposed::RuleOff { .. } => false,
    })
}

/// Whether that clause of a binding's condition is supposed to be true.
pub(super) fn is_clause_off(
    picture: Picture<'_>,
    at: &Resource,
    binding: usize,
    clause: ClauseSpan,
) -> bool {
    // What stands in its place begins where it began, and is shorter.
    picture.supposed.iter().any(|one| match &one.what {
        Supposed::ConditionOff {
            binding: other,
            clause: Some(off),
            ..
        } => one.on == *at && *other == binding && off.start == clause.start,
        _ => false,
    })
}

/// Whether that rule is switched off there.
pub(super) fn is_rule_off(picture: Picture<'_>, at: &Resource, rule: &SwitchedRule) -> bool {
    picture.supposed.iter().any(|s| s.is_rule_off(at, rule))
}

/// What is switched off, each with its level.
pub(super) fn off_rows(picture: Picture<'_>) -> Vec<(Resource, TreeRow)> {
    let mut out = Vec::new();
    for one in picture.supposed {
        let mut word = "switched off, what if";
        let (title, name, place) = match &one.what {
            Supposed::There { .. } => continue,
            Supposed::Off {
                role,
                binding,
                member,
                whom,
            } => (
                title(picture.estate, role),
                short_member(whom),
                LeafPlace::Binding {
                    binding: *binding,
                    member: member.as_ref().map(ToString::to_string),
                },
            ),
            Supposed::ConditionOff {
                binding,
                clause,
                text,
                ..
            } => {
                word = "supposed true, what if";
                let place = LeafPlace::Condition {
                    binding: *binding,
                    clause: *clause,
                };
                ("if".to_owned(), text.to_string(), place)
            }
            Supposed::RuleOff { rule, title, name } => (
                title.to_string(),
                name.to_string(),
                LeafPlace::Rule(rule.clone()),
            ),
        };
        let mut row = leaf_row(&one.on, LevelState::Off, &title, &name, word);
        row.rank = Rank::Must;
        if let Some(leaf) = &mut row.leaf {
            leaf.place = Some(place);
        }
        out.push((one.on.clone(), row));
    }
    out
}

/// Where the binding is that a cause speaks of, in the policy as it was read.
pub(super) fn place_of(estate: &Estate, suspect: &Suspect) -> Option<LeafPlace> {
    let policy = estate.allow_policy(&suspect.resource).known().flatten()?;
    let among = |b: &Binding, m: &str| b.members.iter().any(|o| *o.text == *m);
    let binding = policy.bindings.iter().position(|b| {
        let member = suspect.member.as_deref();
        b.role == suspect.role && member.is_none_or(|m| among(b, m))
    })?;
    Some(LeafPlace::Binding {
        binding,
        member: suspect.member.as_deref().map(ToOwned::to_owned),
    })
}
