//! One language for what a level does for a question: each state has a sign, an ASCII stand-in and a
//! word, and they always come together, so that no meaning hangs on colour alone. What prints it adds
//! a colour of its own.

use super::signs::Glyphs;
use crate::evaluate::Truth;
use crate::evaluate::explanation::{
    BindingExplanation, DenyExplanation, Explanation, PolicyExplanation, RoleState,
};

/// What a level of the hierarchy does for the question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LevelState {
    /// It grants, and lies on the path to the target.
    Grants,
    /// It grants, on another branch.
    OffPath,
    /// It would grant, but its condition does not hold now.
    ConditionNotMet,
    /// It grants if something that cannot be decided holds.
    Depends,
    /// It grants to others, or nothing at all.
    Nothing,
    /// A deny rule there refuses.
    Denies,
    /// A boundary shuts the caller out.
    OutsideBoundary,
    /// Its policy was not read, and that changes nothing.
    UnreadableIdle,
    /// Its policy was not read, and the verdict hangs on it.
    UnreadableDecides,
    /// An account that is switched off or gone, or what refuses a call before policies count.
    Off,
    /// A binding there was meant for the question, and misses.
    Misses,
    /// Nothing grants there, and a fix would.
    Missing,
    /// It was granted there, and Google does not enforce it yet.
    Waiting,
}

/// How a state is said.
struct Said {
    word: &'static str,
    short: &'static str,
    rich: &'static str,
    ascii: &'static str,
}

impl LevelState {
    /// All of them, in the order of the legend.
    pub const ALL: [Self; 13] = [
        Self::Grants,
        Self::OffPath,
        Self::ConditionNotMet,
        Self::Depends,
        Self::Nothing,
        Self::Denies,
        Self::OutsideBoundary,
        Self::UnreadableIdle,
        Self::UnreadableDecides,
        Self::Off,
        Self::Misses,
        Self::Missing,
        Self::Waiting,
    ];

    #[rustfmt::skip]
    fn said(self) -> Said {
        let (rich, ascii, short, word) = match self {
            Self::Grants            => ("✓", "+",  "grants",      "grants"),
            Self::OffPath           => ("◐", "o",  "off path",    "off the path"),
            Self::ConditionNotMet   => ("◔", "c",  "cond. false", "condition not met"),
            Self::Depends           => ("◑", "~",  "depends",     "depends"),
            Self::Nothing           => ("·", ".",  "nothing",     "nothing for this caller"),
            Self::Denies            => ("⊘", "D",  "denied",      "denied here"),
            Self::OutsideBoundary   => ("▣", "B",  "outside",     "outside boundary"),
            Self::UnreadableIdle    => ("?", "?",  "not read",    "not readable (decides nothing)"),
            Self::UnreadableDecides => ("?", "?!", "not read!",   "not readable: verdict hangs on it"),
            Self::Off               => ("✗", "x",  "not usable",  "switched off, gone or refused"),
            Self::Misses            => ("≠", "!",  "misses",      "meant for this, and misses"),
            Self::Missing           => ("╌", "_",  "missing",     "missing, and a fix adds it"),
            Self::Waiting           => ("○", "w",  "waiting",     "written, and not enforced yet"),
        };
        Said { word, short, rich, ascii }
    }

    /// The word.
    #[must_use]
    pub fn word(self) -> &'static str {
        self.said().word
    }

    /// The word where there is hardly room: at most 11 cells.
    #[must_use]
    pub fn short(self) -> &'static str {
        self.said().short
    }

    /// What it comes to, behind the name of a role.
    #[must_use]
    pub fn brief(self) -> &'static str {
        match self {
            Self::ConditionNotMet => self.word(),
            _ => self.short(),
        }
    }

    /// The sign.
    #[must_use]
    pub fn glyph(self, glyphs: Glyphs) -> &'static str {
        let said = self.said();
        glyphs.pick(said.rich, said.ascii)
    }

    /// Of something that was not read.
    #[must_use]
    pub fn unread(decides: bool) -> Self {
        if decides {
            Self::UnreadableDecides
        } else {
            Self::UnreadableIdle
        }
    }

    /// Of an allow policy.
    #[must_use]
    pub fn of_policy(policy: &PolicyExplanation) -> Self {
        if policy.unreadable.is_some() {
            return Self::unread(policy.decides);
        }
        let would = |b: &BindingExplanation| {
            b.role_state == RoleState::Included
                && b.matches == Truth::Yes
                && b.condition.as_ref().is_some_and(|c| c.holds == Truth::No)
        };
        match policy.grants {
            Truth::Yes if policy.on_path => Self::Grants,
            Truth::Yes => Self::OffPath,
            Truth::UnknownInfo | Truth::UnknownConditional => Self::Depends,
            Truth::No if policy.bindings.iter().any(would) => Self::ConditionNotMet,
            Truth::No => Self::Nothing,
        }
    }

    /// Of the deny policies of a level, where that is worth a word: they deny, may deny, or were not
    /// read.
    #[must_use]
    pub fn of_deny(deny: &DenyExplanation, explanation: &Explanation) -> Option<Self> {
        if deny.unreadable.is_some() {
            let decides = !matches!(explanation.denied, Truth::Yes | Truth::No)
                && explanation.allowed != Truth::No
                && explanation.boundaries.eligible != Truth::No;
            return Some(Self::unread(decides));
        }
        match deny.denies {
            Truth::Yes => Some(Self::Denies),
            Truth::No => None,
            Truth::UnknownInfo | Truth::UnknownConditional => Some(Self::Depends),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use unicode_width::UnicodeWidthStr;

    #[test]
    fn states_are_told_apart_without_colour() {
        let said = |s: LevelState, glyphs| (s.glyph(glyphs), s.word());
        for glyphs in [Glyphs::Rich, Glyphs::Ascii] {
            let all: BTreeSet<_> = LevelState::ALL.iter().map(|s| said(*s, glyphs)).collect();
            assert_eq!(all.len(), LevelState::ALL.len());
        }
        for state in LevelState::ALL {
            assert_eq!(state.glyph(Glyphs::Rich).width(), 1, "{state:?}");
            assert!(state.glyph(Glyphs::Ascii).is_ascii(), "{state:?}");
            assert!(state.short().width() <= 11, "{state:?}");
        }
    }
}
