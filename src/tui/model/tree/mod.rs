//! An explanation as the lines of one picture: both branches of the hierarchy with their common
//! ancestor, the path to the target drawn heavily, and on each level the bindings that the answer turns
//! on: the one that grants, the one that was meant to and misses, the one that is missing.

mod bindings;
mod build;
mod culprit;
mod fold;
mod leaf;
mod limits;
mod row;
mod rules;
mod supposed;

use std::collections::BTreeSet;
use std::ops::Range;

use crate::answer::signs::Glyphs;
use crate::answer::states::LevelState;
use crate::answer::what_if::{ClauseSpan, ConditionOf, Supposition, SwitchedRule};
use crate::estate::Estate;
use crate::evaluate::{Cause, Explanation};
use crate::iam::Resource;
use crate::repair::Plan;

pub use crate::answer::levels::title;
pub use build::{is_callers, rows};
pub use fold::{Shown, shown};
pub use leaf::level_rows;
pub use row::short_member;

/// What a picture is made from.
#[derive(Clone, Copy)]
pub struct Picture<'a> {
    /// What was read.
    pub estate: &'a Estate,
    /// The answer.
    pub explanation: &'a Explanation,
    /// What stands in the way.
    pub causes: &'a [Cause],
    /// What would mend it.
    pub plan: &'a Plan,
    /// What somebody unfolded.
    pub opened: &'a Opened,
    /// What is supposed to be otherwise than it was read.
    pub supposed: &'a [Supposition],
}

/// What somebody unfolded of a picture.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Opened {
    /// Levels whose bindings are all shown.
    pub levels: BTreeSet<Resource>,
    /// The first levels of runs that are not folded.
    pub runs: BTreeSet<Resource>,
}

/// How much a row counts where there is no room for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// A level that says nothing: several in a row are folded into one.
    Silent,
    /// What can be left out first.
    Extra,
    /// The common ancestor of both branches.
    Joint,
    /// What the answer turns on.
    Must,
}

/// One line of the picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeRow {
    /// The level, or the one whose policy it is of; `None` for a caller that lives outside the hierarchy.
    pub resource: Option<Resource>,
    /// Its name for people; empty for a leaf.
    pub label: String,
    /// `folder`, `the target` …
    pub kind: &'static str,
    /// What it does for the question.
    pub state: LevelState,
    /// What to say beside the state's sign.
    pub note: String,
    /// What stands below a level: a binding, a member, a rule.
    pub leaf: Option<Leaf>,
    /// How deep it hangs, from 0.
    pub depth: usize,
    /// Whether grants here reach the target.
    pub on_path: bool,
    /// How much it counts.
    pub rank: Rank,
    /// Whether the first cause speaks of it.
    pub blamed: bool,
    /// For each depth above this one: whether a line goes on past this row, and whether it is the path's.
    rails: Vec<Rail>,
    /// What follows below on the same line.
    more: Rail,
}

impl TreeRow {
    /// A row that has no place in the picture yet: it gets depth and rails when all rows are known.
    fn unplaced(resource: Option<Resource>, state: LevelState, rank: Rank) -> Self {
        Self {
            resource,
            label: String::new(),
            kind: "",
            state,
            note: String::new(),
            leaf: None,
            depth: 0,
            on_path: false,
            rank,
            blamed: false,
            rails: Vec::new(),
            more: Rail::Empty,
        }
    }
}

/// What stands below a level: a binding, one of its members, a clause of a condition, a rule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Leaf {
    /// What it is: a role's title, `condition`, `deny rule 1`.
    pub title: String,
    /// Whether the level above says the title too, so that it can be left out.
    pub said_above: bool,
    /// Whom or what: a member, a clause.
    pub name: String,
    /// The letters of the name that differ from the caller's, as bytes.
    pub marks: Vec<Range<usize>>,
    /// What is the matter with it.
    pub word: String,
    /// What it stands for, beside its looks.
    pub what: LeafKind,
    /// Where it is in what was read, where it can be switched off.
    pub place: Option<LeafPlace>,
}

/// What a leaf is in a policy that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LeafPlace {
    /// A binding of its level's allow policy, or one of its members.
    Binding {
        /// The binding's place in the policy.
        binding: usize,
        /// The member, as the policy has it; `None`: the whole binding.
        member: Option<String>,
    },
    /// A condition, or a clause of it.
    Condition {
        /// Whose.
        of: ConditionOf,
        /// The clause; `None`: the whole condition.
        clause: Option<ClauseSpan>,
    },
    /// A rule, a boundary, an organization policy.
    Rule(SwitchedRule),
}

/// What a leaf stands for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum LeafKind {
    /// A binding or a part of one, a rule or a part of one.
    #[default]
    Plain,
    /// A grant whose reach ends here: the project whose accounts it lets the caller act as.
    Reach(String),
    /// A binding that is not there and that a fix would add, or one that a fix added: as the fix names
    /// it, role and member.
    Grant(String, String),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Rail {
    #[default]
    Empty,
    Light,
    Heavy,
}

impl TreeRow {
    /// The lines that lead to it, before its name; `left_out`: depths that are folded away.
    #[must_use]
    pub fn rails(&self, glyphs: Glyphs, left_out: &[Range<usize>]) -> String {
        let mut out = String::new();
        let kept = |i: &usize| !left_out.iter().any(|gap| gap.contains(&(i + 1)));
        for (_, rail) in self.rails.iter().enumerate().filter(|(i, _)| kept(i)) {
            out.push_str(match rail {
                Rail::Empty => "  ",
                Rail::Light => glyphs.pick("│ ", "| "),
                Rail::Heavy => glyphs.pick("┃ ", "# "),
            });
        }
        if self.depth > 0 {
            let path = self.on_path && self.leaf.is_none();
            out.push_str(match (path, self.more) {
                (true, Rail::Empty) => glyphs.pick("┗ ", "#-"),
                (true, _) => glyphs.pick("┣ ", "#-"),
                // What goes on below is the path.
                (false, Rail::Heavy) => glyphs.pick("┠ ", "#-"),
                (false, Rail::Light) => glyphs.pick("├ ", "|-"),
                (false, Rail::Empty) => glyphs.pick("└ ", "`-"),
            });
        }
        out
    }

    /// What stands for the lines where not every level is shown.
    #[must_use]
    pub fn short_rail(&self, glyphs: Glyphs) -> &'static str {
        match (
            self.depth,
            self.on_path && self.leaf.is_none(),
            self.leaf.is_some(),
        ) {
            (0, ..) => "",
            (_, true, _) => glyphs.pick("┗ ", "#-"),
            (_, false, true) => glyphs.pick("  └ ", "  `-"),
            (_, false, false) => glyphs.pick("└ ", "`-"),
        }
    }

    /// Whether both are of the same thing, in pictures of different moments.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        let named = |row: &Self| row.leaf.as_ref().map(|l| (l.title.clone(), l.name.clone()));
        self.resource == other.resource && self.label == other.label && named(self) == named(other)
    }

    /// The picture's row of a level.
    #[must_use]
    pub fn is_level(&self, resource: &Resource) -> bool {
        self.leaf.is_none() && self.resource.as_ref() == Some(resource)
    }
}

/// Where the answer shows itself: what the first cause speaks of, else what grants, else the target.
#[must_use]
pub fn first_place(rows: &[TreeRow]) -> usize {
    let blamed = rows.iter().rposition(|r| r.blamed);
    let grants = |r: &TreeRow| r.state == LevelState::Grants && r.leaf.is_some();
    let target = |r: &TreeRow| r.on_path && r.leaf.is_none();
    blamed
        .or_else(|| rows.iter().position(grants))
        .or_else(|| rows.iter().rposition(target))
        .unwrap_or_default()
}
