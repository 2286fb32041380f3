//! The values that judgements are made in, and how they are put together.

/// Yes, no, or unknown with what kind of unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Truth {
    /// It is so.
    Yes,
    /// It is not.
    No,
    /// Something could not be read.
    UnknownInfo,
    /// A condition needs a value that was not given.
    UnknownConditional,
}

impl Truth {
    /// Both; unknown only where no side is a definite no.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::No, _) | (_, Self::No) => Self::No,
            (Self::UnknownInfo, _) | (_, Self::UnknownInfo) => Self::UnknownInfo,
            (Self::UnknownConditional, _) | (_, Self::UnknownConditional) => {
                Self::UnknownConditional
            }
            _ => Self::Yes,
        }
    }

    /// Either; unknown only where no side is a definite yes.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Yes, _) | (_, Self::Yes) => Self::Yes,
            (Self::UnknownInfo, _) | (_, Self::UnknownInfo) => Self::UnknownInfo,
            (Self::UnknownConditional, _) | (_, Self::UnknownConditional) => {
                Self::UnknownConditional
            }
            _ => Self::No,
        }
    }

    /// The opposite; unknown stays.
    #[must_use]
    pub fn negate(self) -> Self {
        match self {
            Self::Yes => Self::No,
            Self::No => Self::Yes,
            unknown => unknown,
        }
    }
}
