//! A list over the screen, and what of it a filter leaves.

use std::sync::Arc;

use jiff::Timestamp;
use nucleo_matcher::pattern::{AtomKind, CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use super::super::look::find::Find;
use super::Ticket;
use super::confirm::Change;
use crate::evaluate::Question;
use crate::iam::{Principal, Resource};

/// One way to a target, or from a caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathRow {
    /// Who, or which account.
    pub name: String,
    /// Whether it is certain.
    pub certain: bool,
    /// The way, in words.
    pub way: String,
    /// The pair to be asked about.
    pub pair: Option<(Principal, Resource)>,
}

impl PathRow {
    /// The way, with a mark where it is not certain.
    #[must_use]
    pub fn way_words(&self) -> String {
        let sure = if self.certain { "" } else { "? " };
        format!("{sure}{}", self.way)
    }
}

/// Who can reach a target, or what a caller can reach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// In words.
    pub title: String,
    /// Whether they are the ways to a target, and not those from a caller.
    pub who: bool,
    /// Whether everything that could hold another one was read.
    pub complete: bool,
    /// Sorted by name.
    pub rows: Vec<PathRow>,
    /// What is not there, what was not read, what is taken for granted: a sentence each.
    pub notes: Vec<String>,
    /// When the reading of it ended.
    pub read_at: Timestamp,
}

/// What a list of ways answers, to be read again.
#[derive(Clone, Debug)]
pub struct AskedPaths {
    /// The pair, of which it takes one side.
    pub question: Question,
    /// Whether who can reach the target is asked, and not what the caller can.
    pub who: bool,
}

/// What a list shows.
#[derive(Clone, Debug)]
pub enum Rows {
    /// Being read: so many answers are here.
    Loading(usize),
    /// It could not be read; why.
    Failed(String),
    /// The changes made.
    Changes(Vec<Change>),
    /// Ways.
    Paths(Arc<Paths>),
}

impl Rows {
    fn len(&self) -> usize {
        match self {
            Self::Loading(_) | Self::Failed(_) => 0,
            Self::Changes(list) => list.len(),
            Self::Paths(paths) => paths.rows.len(),
        }
    }

    /// The text of a row that a filter looks at.
    fn text(&self, index: usize) -> String {
        match self {
            Self::Loading(_) | Self::Failed(_) => String::new(),
            Self::Changes(list) => list.get(index).map_or_else(String::new, |change| {
                let entry = &change.entry;
                let (id, state) = (&entry.id, change.state_words());
                format!("{id} {state} {}", entry.record.title())
            }),
            Self::Paths(paths) => paths
                .rows
                .get(index)
                .map_or_else(String::new, |row| format!("{} {}", row.name, row.way)),
        }
    }
}

/// A list over the screen.
#[derive(Clone, Debug)]
pub struct Table {
    /// Its title.
    pub title: String,
    /// All that stands in it.
    pub rows: Rows,
    /// The selected row, among those that the filter leaves.
    pub row: usize,
    /// The first row shown.
    pub offset: usize,
    /// Tells this reading from others.
    pub ticket: Ticket,
    /// What it answers; `None`: it is the history.
    pub of: Option<Box<AskedPaths>>,
    /// What is filtered by.
    pub find: Find,
    /// The rows that the filter leaves, by their places; `None`: all.
    left: Option<Vec<usize>>,
}

impl Table {
    /// One whose rows are being read.
    #[must_use]
    pub fn loading(title: impl Into<String>, ticket: Ticket) -> Self {
        Self {
            title: title.into(),
            rows: Rows::Loading(0),
            row: 0,
            offset: 0,
            ticket,
            of: None,
            find: Find::default(),
            left: None,
        }
    }

    /// Its rows came.
    pub fn fill(&mut self, rows: Rows) {
        self.rows = rows;
        self.refilter();
    }

    /// How many rows the filter leaves.
    #[must_use]
    pub fn len(&self) -> usize {
        self.left.as_ref().map_or_else(|| self.rows.len(), Vec::len)
    }

    /// How many rows there are.
    #[must_use]
    pub fn total(&self) -> usize {
        self.rows.len()
    }

    /// Whether it shows nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The place among all rows of one that the filter leaves.
    #[must_use]
    pub fn place(&self, row: usize) -> Option<usize> {
        match &self.left {
            Some(left) => left.get(row).copied(),
            None => (row < self.rows.len()).then_some(row),
        }
    }

    /// The place of the selected one among all rows.
    #[must_use]
    pub fn selected(&self) -> Option<usize> {
        self.place(self.row)
    }

    /// Applies what is typed: every word of it has to stand in a row. The selection stays on its row, or goes to
    /// the first that is left.
    pub fn refilter(&mut self) {
        let selected = self.selected();
        let query = self.find.text().to_owned();
        self.left = (!query.is_empty()).then(|| {
            let pattern = Pattern::new(
                &query,
                CaseMatching::Smart,
                Normalization::Smart,
                AtomKind::Substring,
            );
            let mut matcher = Matcher::new(Config::DEFAULT);
            let mut buffer = Vec::new();
            let mut fits = |index: &usize| {
                let text = self.rows.text(*index);
                let text = Utf32Str::new(&text, &mut buffer);
                pattern.score(text, &mut matcher).is_some()
            };
            (0..self.rows.len()).filter(|i| fits(i)).collect()
        });
        let kept = selected.and_then(|at| (0..self.len()).find(|row| self.place(*row) == Some(at)));
        self.row = kept.unwrap_or(0);
    }
}
