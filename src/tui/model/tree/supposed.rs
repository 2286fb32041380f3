//! Rows of what is switched off, what if.

use super::row::{leaf_row, short_member};
use super::{LeafPlace, Picture, Rank, TreeRow};
use crate::answer::levels::title;
use crate::answer::states::LevelState;
use crate::answer::what_if::Supposed;
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
        Supposed::Off { whom, .. } => {
            one.on == repair.resource && *one.role == *repair.role && **whom == *repair.member
        }
        Supposed::There { .. } => false,
    })
}

/// What is switched off, each with its level.
pub(super) fn off_rows(picture: Picture<'_>) -> Vec<(Resource, TreeRow)> {
    let mut out = Vec::new();
    for one in picture.supposed {
        let Supposed::Off {
            binding,
            member,
            whom,
        } = &one.what
        else {
            continue;
        };
        let mut row = leaf_row(
            &one.on,
            LevelState::Off,
            &title(picture.estate, &one.role),
            &short_member(whom),
            "switched off, what if",
        );
        row.rank = Rank::Must;
        if let Some(leaf) = &mut row.leaf {
            leaf.place = Some(LeafPlace {
                binding: *binding,
                member: member.as_ref().map(ToString::to_string),
            });
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
    Some(LeafPlace {
        binding,
        member: suspect.member.as_deref().map(ToOwned::to_owned),
    })
}
