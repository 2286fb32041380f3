//! Rows of what is switched off, what if.

use super::row::{leaf_row, short_member};
use super::{LeafPlace, Picture, Rank, TreeRow};
use crate::answer::levels::title;
use crate::answer::states::LevelState;
use crate::answer::what_if::{Supposed, SupposedCondition, SwitchedRule};
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
        Supposed::There { .. } | Supposed::Condition(_) | Supposed::RuleOff { .. } => false,
    })
}

/// Whether that rule is switched off there.
pub(super) fn is_rule_off(picture: Picture<'_>, at: &Resource, rule: &SwitchedRule) -> bool {
    picture.supposed.iter().any(|s| s.is_rule_off(at, rule))
}

/// What a condition or a clause of it is supposed to be.
pub(super) fn condition_row(at: &Resource, title: &str, one: &SupposedCondition) -> TreeRow {
    let word = if one.value {
        "supposed true, what if"
    } else {
        "supposed false, what if"
    };
    let mut row = leaf_row(at, LevelState::Off, title, &one.text, word);
    row.rank = Rank::Must;
    if let Some(leaf) = &mut row.leaf {
        leaf.place = Some(LeafPlace::Condition {
            of: one.of.clone(),
            clause: one.clause,
        });
    }
    row
}

/// What is switched off, each with its level. A clause that is supposed may stand below its condition already.
pub(super) fn off_rows(picture: Picture<'_>) -> Vec<(Resource, TreeRow)> {
    let mut out = Vec::new();
    for one in picture.supposed {
        let (title, name, place) = match &one.what {
            Supposed::There { .. } => continue,
            Supposed::Condition(condition) => {
                out.push((one.on.clone(), condition_row(&one.on, "if", condition)));
                continue;
            }
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
            Supposed::RuleOff { rule, title, name } => (
                title.to_string(),
                name.to_string(),
                LeafPlace::Rule(rule.clone()),
            ),
        };
        let word = "switched off, what if";
        let mut row = leaf_row(&one.on, LevelState::Off, &title, &name, word);
        row.rank = Rank::Must;
        if let Some(leaf) = &mut row.leaf {
            leaf.place = Some(place);
        }
        out.push((one.on.clone(), row));
    }
    out
}

/// Whether a row of that stands there already.
pub(super) fn is_among(rows: &[(usize, TreeRow)], row: &TreeRow) -> bool {
    let place = |row: &TreeRow| row.leaf.as_ref().and_then(|leaf| leaf.place.clone());
    let of = place(row);
    rows.iter()
        .any(|(_, other)| other.state == row.state && of.is_some() && place(other) == of)
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
