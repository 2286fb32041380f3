//! Rows of a binding and of its members.

use super::super::super::look::time::ends_with;
use super::culprit::suspect_row;
use super::row::{leaf_row, near, short_member};
use super::rules::first_is;
use super::{LeafKind, LeafPlace, Picture, TreeRow};
use crate::answer::levels::{binding_says, title};
use crate::answer::states::LevelState;
use crate::evaluate::explanation::{
    BindingExplanation, MemberExplanation, PolicyExplanation, RoleState,
};
use crate::evaluate::{CauseKind, Truth};
use crate::iam::Resource;

/// A binding with its one member, or the one by which the caller has it.
pub(super) fn binding_row(
    picture: Picture<'_>,
    policy: &PolicyExplanation,
    binding: &BindingExplanation,
) -> TreeRow {
    let blamed = picture.causes.iter().enumerate().find_map(|(i, cause)| {
        let suspect = cause.suspect.as_ref()?;
        let here = suspect.resource == policy.resource && suspect.role == binding.role;
        let among = suspect.member.as_ref().is_none_or(|m| {
            binding.member_count == 1 && binding.members.iter().any(|b| b.member.text == *m)
        });
        (here && among).then(|| suspect_row(picture, i, suspect))
    });
    if let Some(mut row) = blamed {
        if let Some(leaf) = &mut row.leaf {
            leaf.place = Some(place(binding, None));
        }
        return row;
    }
    let (state, mut word) = binding_says(binding, policy.on_path);
    let member = binding.members.iter().find(|m| m.matches != Truth::No);
    let member = member.or_else(|| binding.members.first());
    let text = member.map_or("", |m| &*m.member.text);
    let ends = binding.condition.as_ref();
    let ends = ends.and_then(|c| ends_with(&c.condition));
    let until;
    if let (LevelState::Grants, Some(end)) = (state, ends) {
        until = format!("grants, until {end}");
        word = &until;
    } else if state == LevelState::Grants {
        word = if first_is(picture, CauseKind::MayBePropagating) {
            "grants, may not count everywhere yet"
        } else {
            "grants"
        };
    } else if state == LevelState::OffPath {
        word = "grants, off the path";
    } else if state == LevelState::Nothing {
        word = match (binding.role_state, binding.matches) {
            (RoleState::Included, _) => "for others",
            (RoleState::NotIncluded, Truth::Yes) => "not enough",
            (RoleState::NotIncluded, _) => "not about this",
            _ => word,
        };
    }
    let mut row = leaf_row(
        &policy.resource,
        state,
        &title(picture.estate, &binding.role),
        &short_member(text),
        word,
    );
    if let Some(leaf) = &mut row.leaf {
        leaf.place = Some(place(binding, None));
        if picture
            .supposed
            .iter()
            .any(|s| s.is_there(&policy.resource, &binding.role, text))
        {
            leaf.word = format!("{}, what if it is there", leaf.word);
        }
        leaf.said_above = state == LevelState::Grants;
        if state == LevelState::Grants {
            leaf.what = LeafKind::Grant(binding.role.to_string(), text.to_owned());
        }
        if state == LevelState::Nothing && binding.member_count == 1 {
            near(picture, leaf, text);
        }
    }
    row
}

pub(super) fn member_row(
    picture: Picture<'_>,
    at: &Resource,
    binding: &BindingExplanation,
    member: &MemberExplanation,
) -> TreeRow {
    let of = picture.causes.iter().enumerate().find_map(|(i, cause)| {
        let suspect = cause.suspect.as_ref()?;
        let here = suspect.resource == *at && suspect.role == binding.role;
        let same = suspect.member.as_deref() == Some(&*member.member.text);
        (here && same).then_some((i, suspect))
    });
    if let Some((i, suspect)) = of {
        let mut row = suspect_row(picture, i, suspect);
        if let Some(leaf) = &mut row.leaf {
            leaf.title.clear();
            leaf.place = Some(place(binding, Some(member)));
        }
        return row;
    }
    let state = match member.matches {
        Truth::Yes => LevelState::Grants,
        Truth::No => LevelState::Nothing,
        _ => LevelState::Depends,
    };
    let why = match (member.matches, member.why.as_str()) {
        (Truth::Yes, "") => "the caller",
        (_, why) => why,
    };
    // The group's name stands right before it.
    let group = member.member.text.strip_prefix("group:");
    let why = group.map_or_else(
        || why.to_owned(),
        |group| why.replace(&format!("the members of {group} "), "its members "),
    );
    let mut row = leaf_row(at, state, "", &short_member(&member.member.text), &why);
    if let Some(leaf) = &mut row.leaf {
        leaf.place = Some(place(binding, Some(member)));
        if state == LevelState::Nothing {
            near(picture, leaf, &member.member.text);
        }
    }
    row
}

fn place(binding: &BindingExplanation, member: Option<&MemberExplanation>) -> LeafPlace {
    LeafPlace::Binding {
        binding: binding.index,
        member: member.map(|m| m.member.text.to_string()),
    }
}
