//! Everything the explorer shows, as one plain value. Only [`super::update`] changes it; the view reads
//! it, and tells by a [`Layout`] how a frame came out.

mod asked;
mod confirm;
mod estate;
mod layout;
pub mod list;
mod menu;
mod overlay;
mod pairs;
mod pick;
mod table;
pub mod tree;
mod watch;

use std::sync::Arc;

use crossterm::event::KeyEvent;
use jiff::Timestamp;

use super::keys::{KeyContext, Keymap};
use super::look::theme::{Theme, ThemeChoice};
use crate::answer::signs::Glyphs;
use crate::evaluate::Question;
use crate::google::CallWait;
use crate::google::credentials::Origin;
use crate::google::listing::Scope;
use crate::iam::Permission;
use crate::repair::{ClosedProjects, CommandLine, Power};

pub use asked::{
    AnswerPlace, AsRead, Asked, AskedFrom, KeptList, KnownAnswer, Panel, Reading, Step, WhyRow,
    is_unread,
};
pub use confirm::{Act, Change, Confirm, Phase, Undoing};
pub use estate::{EstatePanel, EstateReading, EstateView, ReviewKnown, RowsTo};
pub use layout::{Layout, Spot};
pub use menu::{Menu, MenuList, MenuRow};
pub use overlay::{Choice, ChoiceAct, Overlay, Typed};
pub use pairs::KeptPair;
pub use pick::{Account, AccountList, Coming, Loading, Pick, Side};
pub use table::{AskedPaths, PathRow, Paths, RowFilter, Rows, Table};
pub use watch::{Watch, WatchOptions, WatchState};

/// Counts questions and changes, so that an answer to an older one is told from one to the newest.
pub type Ticket = u64;

/// Which screen is below everything else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Screen {
    /// Choosing a pair.
    Pick,
    /// An answer.
    Answer,
}

/// How weighty a notice is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// Goes with the next key.
    Passing,
    /// Stays until Esc.
    Error,
}

/// A line above the footer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The words.
    pub text: String,
    /// How weighty.
    pub weight: Weight,
}

/// Without credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedOut {
    /// What is missing, and how to get it.
    pub words: String,
    /// What is offered instead.
    pub offer: Option<String>,
}

/// The explorer.
pub struct Model {
    /// Where facts come from, for people.
    pub source: String,
    /// Who is signed in, as far as known.
    pub viewer: Option<String>,
    /// Where their credentials come from; `None`: nothing that somebody signed in with.
    pub origin: Option<Origin>,
    /// Until when the token at hand counts.
    pub until: Option<Timestamp>,
    /// Whether a new one is got then.
    pub renews: bool,
    /// Nothing may be changed.
    pub read_only: bool,
    /// From which power of a target on its name has to be typed.
    pub two_steps_from: Power,
    /// How far is looked.
    pub scope: Scope,
    /// The moment that is asked about; `None`: now.
    pub at: Option<Timestamp>,
    /// How the same is asked on a command line.
    pub line: CommandLine,
    /// The screen's size in cells.
    pub size: (u16, u16),
    /// The looks.
    pub theme: Theme,
    /// The looks on either background.
    pub themes: ThemeChoice,
    /// Projects in which nothing may be written.
    pub closed: ClosedProjects,
    /// The signs.
    pub glyphs: Glyphs,
    /// Which keys do what.
    pub keys: Arc<Keymap>,
    /// Whether the mouse is ours.
    pub mouse: bool,
    /// There are no credentials.
    pub signed_out: Option<SignedOut>,
    /// How far the accounts are.
    pub accounts: Loading,
    /// Choosing.
    pub pick: Pick,
    /// The permission asked.
    pub permission: Permission,
    /// The question that the pair of the picking screen comes from; what it says beside the two is kept
    /// for as long as they are chosen.
    pub given: Option<Question>,
    /// The questions, in the order asked.
    pub visits: Vec<Asked>,
    /// Which of them is shown.
    pub visit: usize,
    /// What lies below everything.
    pub screen: Screen,
    /// What lies over it, the topmost last.
    pub overlays: Vec<Overlay>,
    /// What was written, and is still watched although nobody looks on.
    pub waiting: Vec<Confirm>,
    /// The line above the footer.
    pub notice: Option<Notice>,
    /// Enter takes the best of all, which is not known yet.
    pub choosing: Option<Choosing>,
    /// How far reading is, as long as what is looked at is still being read: nothing is judged until it is there.
    pub reading: Option<String>,
    /// The calls that wait to be made once more, the one that has waited longest first.
    pub waits: Vec<CallWait>,
    /// Counts questions and changes.
    pub tickets: Ticket,
    /// The answer that is shown is asked for anew at intervals.
    pub watch: Option<Watch>,
    /// What is wished of that.
    pub watching: WatchOptions,
    /// The change whose undo waits for the history.
    pub undoing: Option<Undoing>,
    /// The favourites, then the pairs asked about, the newest first.
    pub pairs: Vec<KeptPair>,
    /// The tables of the whole estate.
    pub estate: EstatePanel,
    /// What was said last, also when it is gone from the screen.
    pub said: Option<String>,
    /// What was changed, for the words after leaving: its id in the history, and the words.
    pub changed: Vec<(String, String)>,
    /// The change being written that its user was told of when asking to leave.
    pub left_open: Option<Ticket>,
    /// How the last frame came out.
    pub layout: Layout,
}

/// The narrowest and lowest screen that is drawn on.
pub const SMALLEST: (u16, u16) = (40, 12);

/// Enter, on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choosing {
    /// Where it was pressed.
    pub context: KeyContext,
    /// What was typed since.
    pub behind: Vec<Typing>,
}

/// Something that is typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Typing {
    /// A key.
    Key(KeyEvent),
    /// A text, pasted.
    Paste(String),
}

impl Model {
    /// What was changed, a line each.
    #[must_use]
    pub fn changed_lines(&self) -> Vec<String> {
        self.changed.iter().map(|(_, line)| line.clone()).collect()
    }

    /// What is said after leaving: what was changed, and what may have been.
    #[must_use]
    pub fn last_lines(&self) -> Vec<String> {
        let mut all = self.changed_lines();
        let open = |o: &Overlay| matches!(o, Overlay::Confirm(confirm) if confirm.busy());
        if self.overlays.iter().any(open) {
            let tells = if self.line.source.is_passing() {
                "in an emulator that ended with this"
            } else {
                "`bindscope history` tells what became of it"
            };
            all.push(format!("left while a change was being written: {tells}"));
        }
        all
    }

    /// What is in focus, as far as keys are concerned.
    #[must_use]
    pub fn context(&self) -> KeyContext {
        match self.overlays.last() {
            Some(Overlay::Page(page)) if page.find.typing => KeyContext::Find,
            Some(Overlay::Table(table)) if table.find.typing => KeyContext::Find,
            Some(Overlay::Estate(kind)) if self.estate.view(*kind).find.typing => KeyContext::Find,
            Some(Overlay::Estate(_)) => KeyContext::Estate,
            Some(Overlay::Page(page)) if page.of_finding.is_some() => KeyContext::Finding,
            Some(Overlay::Page(_)) => KeyContext::Read,
            Some(Overlay::Menu(_)) => KeyContext::Menu,
            Some(Overlay::Table(_)) => KeyContext::List,
            Some(Overlay::Confirm(confirm)) => match confirm.phase {
                Phase::Asking { .. } => KeyContext::Confirm,
                _ => KeyContext::Applied,
            },
            None if self.signed_out.is_some() => KeyContext::SignedOut,
            None => match self.screen {
                Screen::Pick => KeyContext::Pick,
                Screen::Answer if self.asked().is_some_and(|a| a.find.typing) => KeyContext::Find,
                Screen::Answer => KeyContext::Answer,
            },
        }
    }

    /// The answer that is shown.
    #[must_use]
    pub fn asked(&self) -> Option<&Asked> {
        self.visits.get(self.visit)
    }

    /// The same, to be changed.
    pub fn asked_mut(&mut self) -> Option<&mut Asked> {
        self.visits.get_mut(self.visit)
    }

    /// The answer whose facts that ticket reads.
    pub fn asked_by(&mut self, ticket: Ticket) -> Option<&mut Asked> {
        self.visits.iter_mut().find(|a| a.ticket == ticket)
    }

    /// A fresh ticket.
    pub fn ticket(&mut self) -> Ticket {
        self.tickets += 1;
        self.tickets
    }

    /// A sentence of ours with the keys that hold where the focus is: `{fix} plans a fix`.
    #[must_use]
    pub fn with_keys(&self, words: &str) -> String {
        self.keys.fill(self.context(), words)
    }

    /// Says something in passing.
    pub fn say(&mut self, text: impl Into<String>) {
        self.notice(text.into(), Weight::Passing);
    }

    /// Says something that stays until it is read.
    pub fn fail(&mut self, text: impl Into<String>) {
        self.notice(text.into(), Weight::Error);
    }

    fn notice(&mut self, text: String, weight: Weight) {
        self.said = Some(text.clone());
        self.notice = Some(Notice { text, weight });
    }

    /// Whether an interrupt stops something that is on its way, where it would leave else. Without a file that is
    /// still being read there is nothing to go on with: then it leaves.
    #[must_use]
    pub fn stops_first(&self) -> bool {
        let asked = self.asked();
        let reading = asked.is_some_and(|a| matches!(a.reading, Reading::Running));
        let estate = self.estate.is_running() || self.estate.reviewing.is_some();
        self.reading.is_none() && (reading || self.accounts.is_running() || estate)
    }

    /// What stands above the footer: a notice, else what is waited for.
    #[must_use]
    pub fn spoken(&self) -> Option<Notice> {
        let waiting = || {
            let first = self.waits.first()?;
            let others = match self.waits.len() - 1 {
                0 => String::new(),
                1 => "; one more call waits".to_owned(),
                n => format!("; {n} more calls wait"),
            };
            let seconds = first.wait.as_secs_f64().ceil();
            let (attempt, attempts, why) = (first.attempt, first.attempts, &first.why);
            // On a narrow screen the end is not seen.
            Some(Notice {
                text: format!(
                    "Again in {seconds} s (attempt {attempt} of {attempts}): {why}{others}"
                ),
                weight: Weight::Passing,
            })
        };
        let reading = || {
            let words = self.reading.as_ref()?;
            Some(Notice {
                text: format!("Still {words}. Nothing is judged before all of it is read."),
                weight: Weight::Passing,
            })
        };
        let choosing = || {
            self.choosing.as_ref().map(|_| Notice {
                text: "Looking for the best match …".to_owned(),
                weight: Weight::Passing,
            })
        };
        self.notice
            .clone()
            .or_else(choosing)
            .or_else(reading)
            .or_else(waiting)
    }

    /// The confirmation, when it is on top.
    pub fn confirm_mut(&mut self) -> Option<&mut Confirm> {
        match self.overlays.last_mut() {
            Some(Overlay::Confirm(confirm)) => Some(confirm),
            _ => None,
        }
    }

    /// How long ago the change of that ticket was written, as long as it is looked at.
    #[must_use]
    pub fn elapsed(&self, ticket: Ticket) -> Option<std::time::Duration> {
        let behind = self.waiting.iter();
        let shown = self.overlays.iter().filter_map(|o| match o {
            Overlay::Confirm(confirm) => Some(&**confirm),
            _ => None,
        });
        let confirm = shown.chain(behind).find(|c| c.ticket == ticket)?;
        match confirm.phase {
            Phase::Verifying { elapsed, .. } => Some(elapsed),
            _ => None,
        }
    }

    /// The confirmation of that ticket, wherever it lies.
    pub fn confirm_by(&mut self, ticket: Ticket) -> Option<&mut Confirm> {
        let behind = self.waiting.iter_mut();
        let shown = self.overlays.iter_mut().filter_map(|o| match o {
            Overlay::Confirm(confirm) => Some(&mut **confirm),
            _ => None,
        });
        shown.chain(behind).find(|confirm| confirm.ticket == ticket)
    }
}
