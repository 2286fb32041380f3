//! What stands in a table: columns and cells.

use std::borrow::Cow;
use std::cmp::Ordering;

/// A column.
#[derive(Debug, PartialEq, Eq)]
pub struct EstateColumn {
    /// In filters and exports.
    pub name: &'static str,
    /// Above it.
    pub title: &'static str,
    /// How many cells of a screen it wants at least.
    pub narrow: u16,
    /// Whether more room than that is of use to it.
    pub grows: bool,
    /// Which columns go first where there is no room for all: those with the greatest number.
    pub rank: u8,
}

/// A number of which it may be known only that it is no smaller.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct AtLeast {
    /// What is certain.
    pub certain: u64,
    /// Whether there may be more.
    pub or_more: bool,
}

/// A cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EstateCell<'t> {
    /// A text that sorts as it reads.
    Text(Cow<'t, str>),
    /// A text that stands for something greater or smaller.
    Ranked(Cow<'t, str>, u64),
    /// A number.
    Count(AtLeast),
    /// It was looked at, and there is none.
    Empty,
    /// It was not read: it may be anything.
    NotRead,
    /// It is not known yet.
    Pending,
}

/// What stands where something was not read.
pub const NOT_READ: &str = "not read";

impl<'t> EstateCell<'t> {
    /// A text.
    pub fn text(text: impl Into<Cow<'t, str>>) -> Self {
        Self::Text(text.into())
    }

    /// For people. A number with `+` is one at least: there may be more.
    #[must_use]
    pub fn words(&self) -> Cow<'_, str> {
        match self {
            Self::Text(text) | Self::Ranked(text, _) => Cow::Borrowed(text),
            Self::Count(AtLeast {
                certain,
                or_more: false,
            }) => Cow::Owned(certain.to_string()),
            Self::Count(AtLeast { certain, .. }) => Cow::Owned(format!("{certain}+")),
            Self::Empty => Cow::Borrowed(""),
            Self::NotRead => Cow::Borrowed(NOT_READ),
            Self::Pending => Cow::Borrowed("..."),
        }
    }

    /// Which comes first, from small to great. What is not known has no order: see [`Self::is_known`].
    #[must_use]
    pub fn order(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            (Self::Ranked(_, a), Self::Ranked(_, b)) => a.cmp(b),
            (Self::Count(a), Self::Count(b)) => a.cmp(b),
            (Self::Empty, Self::Empty) => Ordering::Equal,
            (Self::Empty, _) => Ordering::Less,
            (_, Self::Empty) => Ordering::Greater,
            _ => Ordering::Equal,
        }
    }

    /// Whether it says something.
    #[must_use]
    pub fn is_known(&self) -> bool {
        !matches!(self, Self::NotRead | Self::Pending)
    }
}
