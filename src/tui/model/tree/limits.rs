//! Rows of organization policies, where an answer or its mending hangs on them.

use super::row::leaf_row;
use super::supposed::is_rule_off;
use super::{LeafPlace, Picture, Rank, TreeRow};
use crate::answer::rules::deciding_org_policies;
use crate::answer::what_if::SwitchedRule;
use crate::iam::Resource;

/// Those that are set on a level.
pub(super) fn org_policies(picture: Picture<'_>, at: &Resource) -> Vec<(usize, TreeRow)> {
    let all = deciding_org_policies(picture.estate, picture.explanation, picture.plan);
    let here = all.into_iter().filter(|one| one.on == *at);
    let rows = here.filter_map(|one| {
        let place = SwitchedRule::OrgPolicy {
            constraint: one.constraint.into(),
        };
        if is_rule_off(picture, at, &place) {
            return None;
        }
        let title = "organization policy";
        let mut row = leaf_row(at, one.state, title, one.constraint, &one.words);
        row.rank = Rank::Must;
        if let Some(leaf) = &mut row.leaf {
            leaf.place = Some(LeafPlace::Rule(place));
        }
        Some((0, row))
    });
    rows.collect()
}
