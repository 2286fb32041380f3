//! What can happen: a key, an answer, the passing of time.

use std::sync::Arc;
use std::time::Duration;

use crossterm::event::{KeyEvent, MouseEvent};
use jiff::Timestamp;

use super::look::theme::Background;
use super::model::list::{Batch, Matched};
use super::model::{Account, AccountList, Change, KeptPair, KnownAnswer, Paths, Ticket};
use crate::answer::inventory::{Arranged, Arrangement, EstateRead, EstateTable, EstateTableKind};
use crate::answer::second::SecondOpinion;
use crate::google::listing::{ListProgress, Listing};
use crate::google::survey::Progress;
use crate::google::{RecordedCall, SignedIn, WaitNews};
use crate::repair::verify::Verified;
use crate::repair::{Repair, StepDone};

/// What came of carrying a way out.
#[derive(Debug)]
pub enum Written {
    /// All of it is done.
    Done(Vec<StepDone>),
    /// It would be another change by now, and nothing was written: the same repair on the policy as
    /// it is.
    Changed(Box<Repair>),
    /// It failed; in words that say what was written.
    Failed {
        /// The words.
        why: String,
        /// What was done before it failed.
        done: Vec<StepDone>,
    },
}

/// One look whether access works.
#[derive(Debug)]
pub struct Look {
    /// What came of it.
    pub result: Result<Verified, String>,
    /// Which look it is, from 1.
    pub look: u32,
    /// The local time of day, for people.
    pub at: String,
}

/// A message.
#[derive(Debug)]
pub enum Message {
    /// A key was pressed.
    Key(KeyEvent),
    /// A text was pasted.
    Paste(String),
    /// The mouse did something.
    Mouse(MouseEvent),
    /// The terminal has another size.
    Resize(u16, u16),
    /// The terminal said what lies behind its text.
    Background(Background),
    /// How far reading is of what is looked at.
    Reading(String),
    /// Some accounts came.
    Accounts {
        /// Those that can call.
        callers: Arc<Batch<Account>>,
        /// All of them.
        targets: Arc<Batch<Account>>,
    },
    /// Some accounts more were matched.
    Matched(AccountList, Matched),
    /// How far the listing is.
    ListProgress(ListProgress),
    /// All accounts came, or the listing failed.
    Listed(Result<Listing, String>, Timestamp),
    /// Who is signed in, and until when, became known.
    SignedIn(Box<SignedIn>),
    /// A call waits to be made once more, or does so no longer.
    Wait(WaitNews),
    /// So many seconds are left of that wait.
    WaitLeft(u64, u64),
    /// A step of reading an answer's facts.
    Progress(Ticket, Progress),
    /// The facts are there, and judged; or they could not be read.
    Surveyed(Ticket, Result<Box<KnownAnswer>, String>),
    /// What Policy Troubleshooter says to an answer.
    SecondOpinion(Ticket, SecondOpinion),
    /// The server wants fewer calls than that reading made.
    Throttled(Ticket),
    /// The pause of a watched answer is over.
    WatchDue(Ticket),
    /// A step of a way is begun.
    Step(Ticket, usize),
    /// The writes ended.
    Written(Ticket, Written),
    /// One look whether access works.
    Looked(Ticket, Look),
    /// So much time went by since the write.
    Elapsed(Ticket, Duration),
    /// Nothing is looked at any more; why.
    LookedEnough(Ticket, String),
    /// The pairs that were kept.
    Pairs(Result<Vec<KeptPair>, String>),
    /// Files were written, by their names; or why not.
    Saved(Result<Vec<String>, String>),
    /// Something was copied: what, and which way it went.
    Copied(String),
    /// The calls made so far.
    Log(Vec<RecordedCall>),
    /// The history was read.
    History(Result<Vec<Change>, String>),
    /// A change was taken back, or not.
    Undone(Ticket, Result<String, String>),
    /// Whether the viewer may write the policy; `Some`: why not.
    MayWrite(Ticket, Option<String>),
    /// So many answers are here that who can reach a target, or what a caller can reach, comes from.
    PathsProgress(Ticket, usize),
    /// Who can reach a target, or what a caller can reach.
    Paths(Ticket, Result<Arc<Paths>, String>),
    /// The rows that a filter leaves of a list, by their places; and the filter.
    RowsFiltered(Ticket, String, Vec<usize>),
    /// So many answers are here of which the tables of the estate are made.
    EstateProgress(Ticket, usize),
    /// Everything in scope was read, or not.
    EstateRead(Ticket, Result<Arc<EstateRead>, String>),
    /// The rows of a table are there.
    TableMade(Ticket, Arc<EstateTable>),
    /// So many steps of making them are done.
    TableProgress(Ticket, EstateTableKind, usize),
    /// More of them are counted.
    TableCounted(Ticket),
    /// The rows of a table, sorted and filtered.
    Arranged(Ticket, Arrangement, Arranged),
    /// Rows are ready for the clipboard.
    Exported {
        /// What they are.
        what: String,
        /// The text.
        text: String,
    },
    /// Some task ended; for those who wait until nothing is under way.
    Settled,
}
