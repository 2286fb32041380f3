//! One language for the states of a level: glyph, word and colour always come together.

use super::out::Ink;
use crate::evaluate::Tri;
use crate::evaluate::explanation::{
    BindingExplanation, DenyExplanation, Explanation, PolicyExplanation, RoleState,
};

/// What a level does for the question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It grants, on the path to the target.
    Grants,
    /// It grants, on another branch.
    OffPath,
    /// It would grant, but its condition does not hold.
    ConditionNotMet,
    /// It grants if something that cannot be decided holds.
    Depends,
    /// It grants to others, or nothing at all.
    Nothing,
    /// A deny rule refuses.
    Denied,
    /// A boundary shuts the caller out.
    OutsideBoundary,
    /// It was not read, and that changes nothing.
    Unread,
    /// It was not read, and the verdict hangs on it.
    UnreadDecides,
}

impl State {
    /// Of an allow policy.
    pub fn of(policy: &PolicyExplanation) -> Self {
        if policy.unreadable.is_some() {
            return if policy.decides {
                Self::UnreadDecides
            } else {
                Self::Unread
            };
        }
        let would = |b: &BindingExplanation| {
            b.role_state == RoleState::Included
                && b.matches == Tri::Yes
                && b.condition.as_ref().is_some_and(|c| c.holds == Tri::No)
        };
        match policy.grants {
            Tri::Yes if policy.on_path => Self::Grants,
            Tri::Yes => Self::OffPath,
            Tri::UnknownInfo | Tri::UnknownConditional => Self::Depends,
            Tri::No if policy.bindings.iter().any(would) => Self::ConditionNotMet,
            Tri::No => Self::Nothing,
        }
    }

    /// Of the deny policies of a level, where that is worth a word: they deny, may deny, or were
    /// not read.
    pub fn of_deny(deny: &DenyExplanation, explanation: &Explanation) -> Option<Self> {
        if deny.unreadable.is_some() {
            let decides = !matches!(explanation.denied, Tri::Yes | Tri::No)
                && explanation.allowed != Tri::No
                && explanation.boundaries.eligible != Tri::No;
            return Some(if decides {
                Self::UnreadDecides
            } else {
                Self::Unread
            });
        }
        match deny.denies {
            Tri::Yes => Some(Self::Denied),
            Tri::No => None,
            Tri::UnknownInfo | Tri::UnknownConditional => Some(Self::Depends),
        }
    }

    /// The word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Grants => "grants",
            Self::OffPath => "off the path",
            Self::ConditionNotMet => "condition not met",
            Self::Depends => "depends",
            Self::Nothing => "nothing for this caller",
            Self::Denied => "denied here",
            Self::OutsideBoundary => "outside boundary",
            Self::Unread => "not readable (decides nothing)",
            Self::UnreadDecides => "not readable: verdict hangs on it",
        }
    }

    /// The sign.
    pub fn glyph(self) -> &'static str {
        let (rich, ascii) = match self {
            Self::Grants => ("✓", "+"),
            Self::OffPath => ("◐", "o"),
            Self::ConditionNotMet => ("◔", "c"),
            Self::Depends => ("◑", "~"),
            Self::Nothing => ("·", "."),
            Self::Denied => ("⊘", "D"),
            Self::OutsideBoundary => ("▣", "B"),
            Self::Unread => ("?", "?"),
            Self::UnreadDecides => ("?", "?!"),
        };
        pick(rich, ascii)
    }

    /// The colour.
    pub fn ink(self) -> Ink {
        match self {
            Self::Grants => Ink::Good,
            Self::OffPath | Self::ConditionNotMet | Self::Depends | Self::UnreadDecides => {
                Ink::Unsure
            }
            Self::Nothing | Self::Unread => Ink::Faint,
            Self::Denied | Self::OutsideBoundary => Ink::Bad,
        }
    }
}

/// The sign for yes, no, and neither.
pub fn mark(tri: Tri) -> &'static str {
    match tri {
        Tri::Yes => pick("✓", "+"),
        Tri::No => pick("✗", "x"),
        Tri::UnknownInfo | Tri::UnknownConditional => "?",
    }
}

/// `rich` where the locale can show it, else `ascii`.
pub fn pick(rich: &'static str, ascii: &'static str) -> &'static str {
    if unicode() { rich } else { ascii }
}

/// Whether the locale's characters are UTF-8 (POSIX: LC_ALL, then LC_CTYPE, then LANG). Windows'
/// consoles are written in Unicode whatever they say.
fn unicode() -> bool {
    if cfg!(windows) {
        return true;
    }
    let set = ["LC_ALL", "LC_CTYPE", "LANG"]
        .iter()
        .filter_map(|name| std::env::var(name).ok())
        .find(|value| !value.is_empty());
    set.is_some_and(|locale| {
        let locale = locale.to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    })
}
