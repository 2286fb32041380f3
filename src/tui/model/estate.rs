//! The estate as tables: what was read of it, and how each table is looked at.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::super::look::find::Find;
use super::Ticket;
use crate::answer::inventory::{Arranged, Arrangement, EstateRead, EstateTable, EstateTableKind};
use crate::answer::reviewed::Suppression;
use crate::estate::PolicyInsight;
use crate::evaluate::review::ReviewOptions;

/// How far the reading of the whole estate is.
#[derive(Clone, Debug, Default)]
pub enum EstateReading {
    /// Nobody asked.
    #[default]
    Idle,
    /// So many answers are here.
    Running(usize),
    /// It is there.
    Known(Arc<EstateRead>),
    /// It could not be read; why.
    Failed(String),
    /// It was stopped.
    Stopped,
}

/// Where rows of a table are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowsTo {
    /// Into a new file.
    File,
    /// To the clipboard.
    Clipboard,
}

/// What a review goes by beside what is read.
#[derive(Clone, Debug, Default)]
pub struct ReviewKnown {
    /// The organization's own, limits of keys, and whether all that there is will be read.
    pub options: ReviewOptions,
    /// Findings that are left.
    pub suppressions: Vec<Suppression>,
    /// Insights that a file tells of: the way over APIs does not ask for any.
    pub insights: Arc<Vec<PolicyInsight>>,
}

/// How a table is looked at. It stays so when the table is left.
#[derive(Clone, Debug, Default)]
pub struct EstateView {
    /// Its rows; `None`: they are not there yet.
    pub table: Option<Arc<EstateTable>>,
    /// Those that are shown, in their order, as of the last arrangement.
    pub rows: Arc<[u32]>,
    /// What is wished.
    pub wish: Arrangement,
    /// What `rows` are arranged by.
    pub arranged: Option<Arrangement>,
    /// The arrangement under way.
    pub arranging: Option<Ticket>,
    /// What is filtered by.
    pub find: Find,
    /// The selected one, by its place among those shown.
    pub row: usize,
    /// The first one shown, as of the last frame.
    pub offset: usize,
    /// The marked ones, by their places in the table.
    pub marked: BTreeSet<u32>,
    /// A row to be selected when it comes, by name.
    pub wanted: Option<String>,
}

impl EstateView {
    /// The selected row's place in the table.
    #[must_use]
    pub fn selected(&self) -> Option<usize> {
        self.rows.get(self.row).map(|row| *row as usize)
    }

    /// Whether what is shown is what is wished.
    #[must_use]
    pub fn is_arranged(&self) -> bool {
        self.arranging.is_none() && self.arranged.as_ref() == Some(&self.wish)
    }

    /// Takes an arrangement in; the selection stays on its row, or goes to the first.
    pub fn take(&mut self, by: Arrangement, arranged: Arranged) {
        // It may be another one than when this was asked for.
        let selected = self.rows.get(self.row).copied();
        let place = |row: u32| arranged.rows.iter().position(|other| *other == row);
        self.row = selected.and_then(place).or(arranged.at).unwrap_or(0);
        self.rows = arranged.rows;
        self.arranged = Some(by);
        self.arranging = None;
    }
}

/// The whole estate, as far as somebody asked to see it.
#[derive(Clone, Debug)]
pub struct EstatePanel {
    /// Tells this reading from others.
    pub ticket: Ticket,
    /// How far it is.
    pub reading: EstateReading,
    /// When it was read, for people.
    pub read_at: Option<String>,
    /// How many steps of a review are done, while one is under way.
    pub reviewing: Option<usize>,
    /// The tables, in the order of [`EstateTableKind::ALL`].
    views: [EstateView; 4],
}

impl Default for EstatePanel {
    fn default() -> Self {
        // The heaviest findings come first.
        let findings = EstateView {
            wish: Arrangement {
                down: true,
                ..Arrangement::default()
            },
            ..EstateView::default()
        };
        let plain = EstateView::default;
        Self {
            ticket: Ticket::default(),
            reading: EstateReading::default(),
            read_at: None,
            reviewing: None,
            views: [plain(), plain(), plain(), findings],
        }
    }
}

impl EstatePanel {
    /// How one of them is looked at.
    #[must_use]
    pub fn view(&self, kind: EstateTableKind) -> &EstateView {
        let [accounts, bindings, projects, findings] = &self.views;
        match kind {
            EstateTableKind::Accounts => accounts,
            EstateTableKind::Bindings => bindings,
            EstateTableKind::Projects => projects,
            EstateTableKind::Findings => findings,
        }
    }

    /// The same, to be changed.
    pub fn view_mut(&mut self, kind: EstateTableKind) -> &mut EstateView {
        let [accounts, bindings, projects, findings] = &mut self.views;
        match kind {
            EstateTableKind::Accounts => accounts,
            EstateTableKind::Bindings => bindings,
            EstateTableKind::Projects => projects,
            EstateTableKind::Findings => findings,
        }
    }

    /// Whether it is being read.
    #[must_use]
    pub fn is_running(&self) -> bool {
        matches!(self.reading, EstateReading::Running(_))
    }
}
