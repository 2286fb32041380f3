//! One language for states: each has a glyph, an ASCII stand-in, a word and a colour role, and they
//! always come together, so that no meaning hangs on colour alone.

use super::theme::Role;

/// What a level of the hierarchy does for the question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
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
    /// An account that is switched off or gone.
    Off,
}

impl State {
    /// All of them, in the order of the legend.
    pub const ALL: [Self; 10] = [
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
    ];

    /// The word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Grants => "grants",
            Self::OffPath => "off the path",
            Self::ConditionNotMet => "condition not met",
            Self::Depends => "depends",
            Self::Nothing => "nothing for this caller",
            Self::Denies => "denied here",
            Self::OutsideBoundary => "outside boundary",
            Self::UnreadableIdle => "not readable (decides nothing)",
            Self::UnreadableDecides => "not readable: verdict hangs on it",
            Self::Off => "switched off or gone",
        }
    }

    /// The word where there is hardly room.
    #[must_use]
    pub fn short(self) -> &'static str {
        match self {
            Self::Grants => "grants",
            Self::OffPath => "off path",
            Self::ConditionNotMet => "cond. false",
            Self::Depends => "depends",
            Self::Nothing => "nothing",
            Self::Denies => "denied",
            Self::OutsideBoundary => "outside",
            Self::UnreadableIdle => "not read",
            Self::UnreadableDecides => "not read!",
            Self::Off => "off",
        }
    }

    /// The sign.
    #[must_use]
    pub fn glyph(self, glyphs: Glyphs) -> &'static str {
        let (rich, ascii) = match self {
            Self::Grants => ("✓", "+"),
            Self::OffPath => ("◐", "o"),
            Self::ConditionNotMet => ("◔", "c"),
            Self::Depends => ("◑", "~"),
            Self::Nothing => ("·", "."),
            Self::Denies => ("⊘", "D"),
            Self::OutsideBoundary => ("▣", "B"),
            Self::UnreadableIdle => ("?", "?"),
            Self::UnreadableDecides => ("?", "?!"),
            Self::Off => ("✗", "x"),
        };
        glyphs.pick(rich, ascii)
    }

    /// Its colour.
    #[must_use]
    pub fn role(self) -> Role {
        match self {
            Self::Grants => Role::Granted,
            Self::OffPath | Self::ConditionNotMet => Role::Misplaced,
            Self::Depends | Self::UnreadableDecides => Role::Unknown,
            Self::Nothing | Self::UnreadableIdle => Role::Dim,
            Self::Denies | Self::OutsideBoundary | Self::Off => Role::Denied,
        }
    }
}

/// Which signs the terminal can show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Glyphs {
    /// Box drawing and a few geometric shapes.
    #[default]
    Rich,
    /// ASCII alone.
    Ascii,
}

impl Glyphs {
    /// One of the two.
    #[must_use]
    pub fn pick(self, rich: &'static str, ascii: &'static str) -> &'static str {
        match self {
            Self::Rich => rich,
            Self::Ascii => ascii,
        }
    }

    /// The sign for something cut.
    #[must_use]
    pub fn ellipsis(self) -> char {
        match self {
            Self::Rich => '…',
            Self::Ascii => '~',
        }
    }

    /// The mark of the selected line.
    #[must_use]
    pub fn mark(self) -> &'static str {
        self.pick("▸", ">")
    }

    /// A horizontal line.
    #[must_use]
    pub fn rule(self) -> &'static str {
        self.pick("─", "-")
    }

    /// A vertical line.
    #[must_use]
    pub fn bar(self) -> &'static str {
        self.pick("│", "|")
    }

    /// Done, and not done.
    #[must_use]
    pub fn yes(self) -> &'static str {
        self.pick("✓", "+")
    }

    /// Refused.
    #[must_use]
    pub fn no(self) -> &'static str {
        self.pick("✗", "x")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use unicode_width::UnicodeWidthStr;

    #[test]
    fn states_are_told_apart_without_colour() {
        let said = |s: State, glyphs| (s.glyph(glyphs), s.word());
        for glyphs in [Glyphs::Rich, Glyphs::Ascii] {
            let all: BTreeSet<_> = State::ALL.iter().map(|s| said(*s, glyphs)).collect();
            assert_eq!(all.len(), State::ALL.len());
        }
        for state in State::ALL {
            assert_eq!(state.glyph(Glyphs::Rich).width(), 1, "{state:?}");
            assert!(state.glyph(Glyphs::Ascii).is_ascii(), "{state:?}");
            assert!(state.short().width() <= 11, "{state:?}");
        }
    }
}
