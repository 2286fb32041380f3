//! The whole estate as tables: accounts, bindings, projects, findings; sorted, filtered, exported.
//!
//! A row says what `who`, `reach` and `review` say, by the same code. Who gets at each account is counted while the
//! table is looked at already: [`EstateTable::count`] fills cells that were [`EstateCell::Pending`].

mod accounts;
mod arrange;
mod bindings;
mod cells;
mod export;
mod findings;
mod power;
mod projects;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use jiff::Timestamp;

use self::accounts::AccountRows;
use self::bindings::BindingRows;
use self::findings::FindingRows;
use self::projects::ProjectRows;
use super::Source;
use super::reviewed::{ReviewAnswer, Reviewed, Suppression};
use crate::estate::{Assumption, Estate};
use crate::evaluate::review::{ReviewOptions, Severity};
use crate::google::listing::Scope;
use crate::google::survey::{Everything, Groups, Progress, at_hand, whole};
use crate::iam::{Principal, Resource};
use crate::wire::ApiError;

pub use arrange::{Arranged, Arrangement};
pub use cells::{AtLeast, EstateCell, EstateColumn};
pub use export::ExportFormat;
pub use findings::FindingLead;

/// Which of the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EstateTableKind {
    /// Service accounts.
    Accounts,
    /// Members of bindings.
    Bindings,
    /// Projects.
    Projects,
    /// What a review finds.
    Findings,
}

impl EstateTableKind {
    /// All of them, in the order in which one leads to the next.
    pub const ALL: [Self; 4] = [
        Self::Accounts,
        Self::Bindings,
        Self::Projects,
        Self::Findings,
    ];

    /// For people, and for the names of files.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Accounts => "accounts",
            Self::Bindings => "bindings",
            Self::Projects => "projects",
            Self::Findings => "findings",
        }
    }

    /// Its place among all.
    #[must_use]
    pub fn index(self) -> usize {
        match self {
            Self::Accounts => 0,
            Self::Bindings => 1,
            Self::Projects => 2,
            Self::Findings => 3,
        }
    }

    /// Its columns, what names a row first.
    #[must_use]
    pub fn columns(self) -> &'static [EstateColumn] {
        match self {
            Self::Accounts => &accounts::COLUMNS,
            Self::Bindings => &bindings::COLUMNS,
            Self::Projects => &projects::COLUMNS,
            Self::Findings => &findings::COLUMNS,
        }
    }
}

/// Everything in a scope, as far as it was read.
#[derive(Debug)]
pub struct EstateRead {
    /// What was read.
    pub estate: Estate,
    /// What was not, by the names of an estate file's `unreadable`, and what was not even listed; sorted.
    pub not_read: Vec<String>,
    /// What is taken for granted.
    pub assumptions: Vec<Assumption>,
    /// The moment that conditions are judged at.
    pub time: Timestamp,
    /// What was not even listed, of the same names; sorted.
    pub unlisted: Vec<String>,
    /// What findings go by beside the estate.
    pub options: ReviewOptions,
    /// Findings that are left.
    pub suppressions: Vec<Suppression>,
}

impl Source<'_> {
    /// Reads what the tables are made of.
    ///
    /// # Errors
    /// When signed out, when there is no connection, or when the first search for projects is refused.
    pub async fn inventory(
        &self,
        scope: &Scope,
        time: Timestamp,
        progress: &(dyn Fn(Progress) + Send + Sync),
    ) -> Result<EstateRead, ApiError> {
        let read = whole(self.ask, &everything(scope), progress).await?;
        Ok(self.inventoried(scope, time, read))
    }

    /// The same of an estate that this process read itself, all of which whoever looks may see.
    #[must_use]
    pub fn inventory_at_hand(
        &self,
        scope: &Scope,
        time: Timestamp,
        estate: &Estate,
    ) -> Option<EstateRead> {
        let read = at_hand(estate, &everything(scope))?;
        Some(self.inventoried(scope, time, read))
    }

    fn inventoried(
        &self,
        scope: &Scope,
        time: Timestamp,
        (mut estate, unlisted): (Estate, Vec<(String, String)>),
    ) -> EstateRead {
        self.qualify(&mut estate);
        let mut unlisted: Vec<String> = unlisted
            .iter()
            .map(|(name, _)| format!("//cloudresourcemanager.googleapis.com/{name}"))
            .collect();
        unlisted.sort();
        let mut not_read: Vec<String> = estate
            .unreadable()
            .map(|(name, _)| name.to_owned())
            .chain(unlisted.iter().cloned())
            .collect();
        not_read.sort();
        not_read.dedup();
        EstateRead {
            not_read,
            assumptions: estate.assumptions().collect(),
            time,
            unlisted,
            options: ReviewOptions {
                sees_all_projects: matches!(scope, Scope::Organization(_)),
                ..ReviewOptions::default()
            },
            suppressions: Vec::new(),
            estate,
        }
    }
}

/// What the tables are made of.
fn everything(scope: &Scope) -> Everything {
    Everything {
        scope: Some(scope.clone()),
        account_policies: true,
        groups: Groups::All,
        callers: true,
        ..Everything::default()
    }
}

/// One of the tables. Its rows stay what and where they are; cells that are counted come to be known.
#[derive(Debug)]
pub struct EstateTable {
    /// Which.
    pub kind: EstateTableKind,
    rows: TableRows,
    read: Option<Arc<EstateRead>>,
}

#[derive(Debug)]
enum TableRows {
    Accounts(AccountRows),
    Bindings(BindingRows),
    Projects(ProjectRows),
    Findings(Box<FindingRows>),
}

/// What a row is about, where that can be asked about.
#[derive(Clone, Debug, PartialEq)]
pub enum RowSubject {
    /// An account: who gets at it.
    Account(Resource),
    /// Somebody who is granted something on an account.
    Pair(Principal, Resource),
    /// A project, by its id.
    Project(String),
    /// A finding, by its id.
    Finding(String),
    /// Nothing that a question could be about; why.
    Nothing(&'static str),
}

impl EstateTable {
    /// The accounts of a listing, of which nothing else was read yet: address, project, whether it is switched off.
    pub fn listed(accounts: impl Iterator<Item = (String, String, bool)>) -> Self {
        Self {
            kind: EstateTableKind::Accounts,
            rows: TableRows::Accounts(AccountRows::listed(accounts)),
            read: None,
        }
    }

    /// A table of what was read. `goes_on` hears, where it takes several steps, how many are done, and says whether the
    /// table is still wished; `None` comes of it where it is not.
    #[must_use]
    pub fn made(
        kind: EstateTableKind,
        read: &Arc<EstateRead>,
        goes_on: &mut dyn FnMut(usize) -> bool,
    ) -> Option<Self> {
        let rows = match kind {
            EstateTableKind::Accounts => TableRows::Accounts(AccountRows::new(read)),
            EstateTableKind::Bindings => TableRows::Bindings(BindingRows::new(read)),
            EstateTableKind::Projects => TableRows::Projects(ProjectRows::new(read)),
            EstateTableKind::Findings => {
                TableRows::Findings(Box::new(FindingRows::new(read, goes_on)?))
            }
        };
        Some(Self {
            kind,
            rows,
            read: Some(Arc::clone(read)),
        })
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.rows {
            TableRows::Accounts(rows) => rows.len(),
            TableRows::Bindings(rows) => rows.len(),
            TableRows::Projects(rows) => rows.len(),
            TableRows::Findings(rows) => rows.len(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What it was made of; `None`: of a listing alone.
    #[must_use]
    pub fn read(&self) -> Option<&EstateRead> {
        self.read.as_deref()
    }

    /// Whether it is made of this reading, not of one before.
    #[must_use]
    pub fn is_of(&self, read: &Arc<EstateRead>) -> bool {
        let own = self.read.as_ref();
        own.is_some_and(|own| Arc::ptr_eq(own, read))
    }

    /// A cell, as it stands on a screen. Text is as it was read: not yet safe to show.
    #[must_use]
    pub fn cell(&self, row: usize, column: usize) -> EstateCell<'_> {
        match &self.rows {
            TableRows::Accounts(rows) => rows.cell(row, column),
            TableRows::Bindings(rows) => rows.cell(row, column),
            TableRows::Projects(rows) => rows.cell(row, column),
            TableRows::Findings(rows) => rows.cell(row, column),
        }
    }

    /// A cell with whole names, as it is exported.
    #[must_use]
    pub fn whole_cell(&self, row: usize, column: usize) -> EstateCell<'_> {
        match &self.rows {
            TableRows::Accounts(rows) => rows.whole_cell(row, column),
            TableRows::Bindings(rows) => rows.whole_cell(row, column),
            TableRows::Projects(rows) => rows.cell(row, column),
            TableRows::Findings(rows) => rows.whole_cell(row, column),
        }
    }

    /// What a row is about.
    #[must_use]
    pub fn subject(&self, row: usize) -> Option<RowSubject> {
        match &self.rows {
            TableRows::Accounts(rows) => rows.subject(row),
            TableRows::Bindings(rows) => rows.subject(row),
            TableRows::Projects(rows) => rows.subject(row),
            TableRows::Findings(rows) => {
                let id = rows.at(row).map(|one| one.finding.id.clone());
                id.map(RowSubject::Finding)
            }
        }
    }

    /// What tells a row from the others of its table: an account's address, a finding's id.
    #[must_use]
    pub fn name(&self, row: usize) -> String {
        match &self.rows {
            TableRows::Findings(rows) => rows
                .at(row)
                .map_or_else(String::new, |one| one.finding.id.clone()),
            _ => self.whole_cell(row, 0).words().into_owned(),
        }
    }

    /// What was found, with what is said beside the findings; `None`: it is another table.
    #[must_use]
    pub fn review(&self) -> Option<&ReviewAnswer> {
        match &self.rows {
            TableRows::Findings(rows) => Some(rows.answer()),
            _ => None,
        }
    }

    /// How many findings nobody left, by [`Severity::ALL`]; `None`: it is another table.
    #[must_use]
    pub fn open_by_severity(&self) -> Option<[usize; Severity::ALL.len()]> {
        match &self.rows {
            TableRows::Findings(rows) => Some(rows.open_by_severity()),
            _ => None,
        }
    }

    /// A finding with what becomes of it.
    #[must_use]
    pub fn finding(&self, row: usize) -> Option<&Reviewed> {
        match &self.rows {
            TableRows::Findings(rows) => rows.at(row),
            _ => None,
        }
    }

    /// Where a finding leads on.
    #[must_use]
    pub fn leads(&self, row: usize) -> Vec<FindingLead> {
        match (&self.rows, &self.read) {
            (TableRows::Findings(rows), Some(read)) => rows.leads(row, read),
            _ => Vec::new(),
        }
    }

    /// The row that names the same thing as a row of another table of that kind, by [`Self::name`]. `None`: it is
    /// gone, or names stand for several rows.
    #[must_use]
    pub fn row_of(&self, name: &str) -> Option<usize> {
        match &self.rows {
            TableRows::Accounts(rows) => rows.row_of(name),
            TableRows::Bindings(_) => None,
            TableRows::Projects(rows) => rows.row_of(name),
            TableRows::Findings(rows) => rows.row_of(name),
        }
    }

    /// Counts who gets at each account, until it is done or stopped; `told` hears now and then how many are.
    /// Nothing where the table counts nothing. Takes as long as the estate is large: not for a thread that draws.
    pub fn count(&self, stop: &AtomicBool, told: &mut dyn FnMut(usize)) {
        if let (TableRows::Accounts(rows), Some(read)) = (&self.rows, &self.read) {
            rows.count(read, stop, told);
        }
    }

    /// How many rows are counted, where there is something to count; all of them: it is done.
    #[must_use]
    pub fn counted(&self) -> Option<usize> {
        match (&self.rows, &self.read) {
            (TableRows::Accounts(rows), Some(_)) => Some(rows.counted()),
            _ => None,
        }
    }
}
