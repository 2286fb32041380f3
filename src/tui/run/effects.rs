//! What the explorer asks of the world.

use std::any::Any;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::super::Leave;
use super::super::model::list::{Batch, Matching};
use super::super::model::{Account, AccountList, Change, KeptPair, RowFilter, RowsTo, Ticket};
use crate::answer::inventory::{
    Arrangement, EstateRead, EstateTable, EstateTableKind, ExportFormat,
};
use crate::evaluate::{Explanation, Question};
use crate::google::listing::Scope;
use crate::repair::Remedy;

/// Files to be written, none of which is there yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptFiles {
    /// Where; `None`: where the program was started.
    pub folder: Option<PathBuf>,
    /// What their names begin with.
    pub stem: String,
    /// The picture, SVG.
    pub picture: String,
    /// The answer, Markdown.
    pub answer: String,
}

/// Something to be done.
#[derive(Debug)]
pub enum Effect {
    /// List the accounts in scope.
    List(Scope),
    /// Match the accounts of a list that are left.
    Match(AccountList, Matching<Account>),
    /// Free what is no longer needed, which may take long.
    LetGo(Box<dyn Any + Send>),
    /// What is matched is wished no longer.
    StopMatching(AccountList),
    /// Find out who is signed in.
    Viewer,
    /// Read the facts of a question, and judge it. Its time is set to now unless it is fixed.
    Survey {
        /// Tells it from others.
        ticket: Ticket,
        /// What is asked.
        question: Question,
        /// The moment asked about is given, not now.
        fixed: bool,
    },
    /// Ask Policy Troubleshooter about an answer.
    SecondOpinion {
        /// Tells it from others.
        ticket: Ticket,
        /// The answer.
        explanation: Box<Explanation>,
        /// The refusal that was pasted.
        error_id: Option<String>,
    },
    /// Write what was confirmed.
    Apply {
        /// Tells it from others.
        ticket: Ticket,
        /// The question it is for.
        question: Question,
        /// What was confirmed.
        way: Box<Remedy>,
    },
    /// Find out whether the viewer may carry a way out.
    MayWrite {
        /// Tells it from others.
        ticket: Ticket,
        /// The way.
        way: Box<Remedy>,
    },
    /// Look whether access works until it does.
    Verify {
        /// Tells it from others.
        ticket: Ticket,
        /// The question.
        question: Question,
    },
    /// Take a change back.
    Undo {
        /// Tells it from others.
        ticket: Ticket,
        /// Which one.
        change: Box<Change>,
    },
    /// Find who can reach the target, or what the caller can reach.
    Paths {
        /// Tells it from others.
        ticket: Ticket,
        /// The question it starts from.
        question: Question,
        /// Who can reach the target; else what the caller can reach.
        who: bool,
        /// How far to look.
        scope: Scope,
        /// The moment asked about is given, not now.
        fixed: bool,
    },
    /// Read everything in a scope.
    ReadEstate {
        /// Tells it from others.
        ticket: Ticket,
        /// How far to look.
        scope: Scope,
        /// The moment asked about; `None`: now.
        time: Option<Timestamp>,
    },
    /// Read it no longer.
    StopEstate,
    /// Make rows of the accounts that are listed, of which no more is known yet.
    ListTable {
        /// The reading that will tell more.
        ticket: Ticket,
        /// The accounts.
        listed: Vec<Arc<Batch<Account>>>,
    },
    /// Make the rows of a table.
    MakeTable {
        /// The reading that it is of.
        ticket: Ticket,
        /// Which.
        kind: EstateTableKind,
        /// What was read.
        read: Arc<EstateRead>,
    },
    /// Make no table any more.
    StopMaking,
    /// Count what takes time.
    CountTable {
        /// The reading that it is of.
        ticket: Ticket,
        /// The table.
        table: Arc<EstateTable>,
    },
    /// Sort and filter the rows of a table.
    Arrange {
        /// Tells it from others.
        ticket: Ticket,
        /// The table.
        table: Arc<EstateTable>,
        /// What is wished.
        wish: Arrangement,
        /// The row that stays selected.
        held: Option<usize>,
    },
    /// Take rows of a table along.
    ExportRows {
        /// The table.
        table: Arc<EstateTable>,
        /// Those that are shown, in their order.
        rows: Arc<[u32]>,
        /// Those that are marked; where there are any, they alone are taken.
        marked: BTreeSet<u32>,
        /// In which form.
        format: ExportFormat,
        /// Where.
        to: RowsTo,
        /// For a file: the folder; `None`: where the program was started.
        folder: Option<PathBuf>,
    },
    /// Filter the rows of a list over the screen.
    FilterRows(RowFilter),
    /// Look for ways no longer.
    StopPaths,
    /// Look no longer whether the change of that ticket works.
    StopVerifying(Ticket),
    /// Say when so much time went by, for the answer that is watched.
    WatchPause {
        /// Tells it from others.
        ticket: Ticket,
        /// How long.
        pause: Duration,
    },
    /// Watch no longer.
    StopWatching,
    /// Ring the terminal's bell.
    Bell,
    /// Set the terminal's title; `None`: what it was before.
    Title(Option<String>),
    /// Stop reading.
    Cancel,
    /// Ask which calls were made.
    Log,
    /// Read the history.
    History,
    /// Read the pairs that were kept.
    Pairs,
    /// Keep a pair; whether it is a favourite from now on (`None`: as it was).
    KeepPair(Box<KeptPair>, Option<bool>),
    /// Write what is shown into new files.
    Save,
    /// Write these files, new ones.
    Keep(Box<KeptFiles>),
    /// Copy a text: what it is, and the text.
    Copy {
        /// What it is.
        what: String,
        /// The text.
        text: String,
    },
    /// Take the mouse, or give it back.
    Mouse(bool),
    /// Draw everything anew.
    Repaint,
    /// Back to the shell for a while.
    Suspend,
    /// Leave.
    Leave(Leave),
}
