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
    /// What is typed is being applied elsewhere.
    filtering: bool,
}

/// So many rows are filtered at once; a longer list is filtered elsewhere (chosen: a few milliseconds).
const AT_ONCE: usize = 4_000;

/// A filter to be applied to the rows of a list elsewhere.
#[derive(Clone, Debug)]
pub struct RowFilter {
    /// Tells the list from others.
    pub ticket: Ticket,
    /// What is typed.
    pub query: String,
    rows: Rows,
}

impl RowFilter {
    /// The places of the rows in which every word of it stands; `None`: it is wished no longer.
    #[must_use]
    pub fn left(&self, wished: &dyn Fn() -> bool) -> Option<Vec<usize>> {
        let pattern = Pattern::new(
            &self.query,
            CaseMatching::Smart,
            Normalization::Smart,
            AtomKind::Substring,
        );
        let mut matcher = Matcher::new(Config::DEFAULT);
        let mut buffer = Vec::new();
        let mut left = Vec::new();
        for index in 0..self.rows.len() {
            if index.is_multiple_of(AT_ONCE) && !wished() {
                return None;
            }
            let text = self.rows.text(index);
            let text = Utf32Str::new(&text, &mut buffer);
            if pattern.score(text, &mut matcher).is_some() {
                left.push(index);
            }
        }
        Some(left)
    }
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
            filtering: false,
        }
    }

    /// Its rows came. What is given back is to be done elsewhere, as [`Self::refilter`]'s.
    pub fn fill(&mut self, rows: Rows) -> Option<RowFilter> {
        self.rows = rows;
        let rest = self.refilter();
        if rest.is_some() {
            self.left = Some(Vec::new());
        }
        rest
    }

    /// Whether what is typed is not applied yet.
    #[must_use]
    pub fn is_filtering(&self) -> bool {
        self.filtering
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
    /// the first that is left. What is given back is to be done elsewhere, as there are many rows;
    /// [`Self::filtered`] takes what comes of it.
    pub fn refilter(&mut self) -> Option<RowFilter> {
        self.filtering = false;
        let query = self.find.text().to_owned();
        if query.is_empty() {
            self.leave(None);
            return None;
        }
        // What is long is shared.
        let filter = RowFilter {
            ticket: self.ticket,
            query,
            rows: self.rows.clone(),
        };
        if self.rows.len() > AT_ONCE {
            self.filtering = true;
            return Some(filter);
        }
        self.leave(filter.left(&|| true));
        None
    }

    /// Takes in what a filter left; of one that was typed over nothing is taken.
    pub fn filtered(&mut self, query: &str, left: Vec<usize>) {
        if self.filtering && query == self.find.text() {
            self.filtering = false;
            self.leave(Some(left));
        }
    }

    fn leave(&mut self, left: Option<Vec<usize>>) {
        let selected = self.selected();
        self.left = left;
        let kept = selected.and_then(|at| match &self.left {
            Some(left) => left.binary_search(&at).ok(),
            None => (at < self.rows.len()).then_some(at),
        });
        self.row = kept.unwrap_or(0);
    }
}

#[cfg(test)]
mod tests {
    use tui_input::Input;

    use super::*;

    fn long(count: usize) -> Table {
        let row = |n: usize| PathRow {
            name: format!("account-{n:05}"),
            certain: true,
            way: "Token Creator".to_owned(),
            pair: None,
        };
        let mut table = Table::loading("who", 7);
        let filled = table.fill(Rows::Paths(Arc::new(Paths {
            title: "who".to_owned(),
            who: true,
            complete: true,
            rows: (0..count).map(row).collect(),
            notes: Vec::new(),
            read_at: Timestamp::UNIX_EPOCH,
        })));
        assert!(filled.is_none());
        table
    }

    fn typed(table: &mut Table, text: &str) -> Option<RowFilter> {
        table.find.input = Input::new(text.to_owned());
        table.refilter()
    }

    #[test]
    fn a_short_list_is_filtered_at_once() {
        let mut table = long(50);
        table.row = 17;
        assert!(typed(&mut table, "creator 7").is_none());
        assert_eq!((table.len(), table.total()), (5, 50));
        assert_eq!(table.selected(), Some(17));
        assert!(typed(&mut table, "7 9").is_none());
        assert!(table.is_empty() && !table.is_filtering());
        assert!(typed(&mut table, "").is_none());
        assert_eq!(table.len(), 50);
    }

    /// Until that is done what is shown stays; what was typed over leaves nothing.
    #[test]
    fn a_long_list_is_filtered_elsewhere() {
        let mut table = long(3 * AT_ONCE);
        table.row = 4_217;
        let old = typed(&mut table, "1").unwrap();
        assert!(table.is_filtering());
        assert_eq!(table.len(), 3 * AT_ONCE);
        let new = typed(&mut table, "217").unwrap();
        assert_eq!((new.ticket, new.query.as_str()), (7, "217"));
        let left = |filter: &RowFilter| filter.left(&|| true).unwrap();
        table.filtered(&old.query, left(&old));
        assert!(table.is_filtering());
        table.filtered(&new.query, left(&new));
        assert_eq!(table.len(), 22);
        assert_eq!(table.selected(), Some(4_217));
        assert_eq!(new.left(&|| false), None);
        // The rows of a list that is read anew are not shown unfiltered.
        let rows = table.rows.clone();
        assert!(table.fill(rows).is_some());
        assert!(table.is_empty() && table.is_filtering());
        let late = typed(&mut table, "1").unwrap();
        assert!(typed(&mut table, "").is_none());
        table.filtered(&late.query, left(&late));
        assert_eq!(table.len(), 3 * AT_ONCE);
    }
}
