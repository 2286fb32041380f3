//! Everything the explorer shows, as one plain value. Only [`super::update`] changes it, and only the
//! view draws it.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use ratatui::layout::Rect;
use tui_input::Input;

use super::command::Command;
use super::glyph::Glyphs;
use super::keymap::Context;
use super::list::{Filtered, Item};
use super::message::Ticket;
use super::page::Page;
use super::theme::Theme;
use super::tree::Row;
use crate::estate::{Estate, ServiceAccount};
use crate::evaluate::{Cause, Explanation, Outcome, Question};
use crate::google::Call;
use crate::google::listing::{Listing, Scope};
use crate::google::survey::ProgressState;
use crate::iam::{Permission, Principal, Resource};
use crate::repair::verify::Verified;
use crate::repair::{Plan, Remedy, Repair, Step as RepairStep, StepDone};
use crate::text::visible;

/// An account in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its address, in lower case.
    pub email: String,
    /// The project that owns it.
    pub project: String,
    /// Switched off.
    pub disabled: bool,
    /// `name@project  display name`: what is matched.
    text: String,
    /// How many characters of `text` are the name, and how many name, `@` and project are.
    name: usize,
    place: usize,
}

impl Account {
    /// Takes an account as IAM lists it. Its texts are made safe to show.
    #[must_use]
    pub fn new(account: &ServiceAccount) -> Self {
        let email = visible(&account.email).to_lowercase();
        let project = visible(&account.project_id);
        let (name, domain) = email.split_once('@').unwrap_or((&email, ""));
        // Google's own accounts have addresses that do not tell their project.
        let own = domain.strip_suffix(".iam.gserviceaccount.com") == Some(project.as_str());
        let name = if own {
            name.to_owned()
        } else {
            let of = domain
                .strip_suffix(".gserviceaccount.com")
                .unwrap_or(domain);
            format!("{name}@{of}")
        };
        let shown = format!("{name}@{project}");
        let text = if account.display_name.is_empty() {
            shown.clone()
        } else {
            format!("{shown}  {}", visible(&account.display_name))
        };
        Self {
            name: name.chars().count(),
            place: shown.chars().count(),
            disabled: account.disabled,
            text,
            project,
            email,
        }
    }

    /// The characters of its three columns, as ranges of [`Item::text`]: name, project, description.
    #[must_use]
    pub fn columns(&self) -> [std::ops::Range<usize>; 3] {
        let end = self.text.chars().count();
        [
            0..self.name,
            self.name + 1..self.place,
            (self.place + 2).min(end)..end,
        ]
    }
}

impl Item for Account {
    fn key(&self) -> &str {
        &self.email
    }
    fn text(&self) -> &str {
        &self.text
    }
}

/// How far the list of accounts is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Loading {
    /// Under way.
    Running,
    /// Complete, with what could not be listed.
    Done(Listing),
    /// It could not be read; why.
    Failed(String),
    /// It was stopped.
    Stopped,
}

/// Which of the two is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Who calls.
    Caller,
    /// Which account is wanted.
    Target,
}

/// Choosing a pair.
pub struct Pick {
    /// Who calls.
    pub caller: Filtered<Account>,
    /// Which account is wanted.
    pub target: Filtered<Account>,
    /// A caller that is no account of the list: typed, pasted or given.
    pub other_caller: Option<Principal>,
    /// A target that is not in the list.
    pub other_target: Option<Resource>,
    /// Which list has the focus.
    pub on_target: bool,
}

impl Default for Pick {
    fn default() -> Self {
        let list = || {
            let mut list = Filtered::default();
            list.sorted = true;
            list
        };
        Self {
            caller: list(),
            target: list(),
            other_caller: None,
            other_target: None,
            on_target: false,
        }
    }
}

impl Pick {
    /// The list in focus.
    pub fn focused(&mut self) -> &mut Filtered<Account> {
        if self.on_target {
            &mut self.target
        } else {
            &mut self.caller
        }
    }

    /// One of the two lists.
    pub fn list(&mut self, side: Side) -> &mut Filtered<Account> {
        match side {
            Side::Caller => &mut self.caller,
            Side::Target => &mut self.target,
        }
    }

    /// What is typed, when it names a caller and the list has nothing for it.
    #[must_use]
    pub fn typed_caller(&self) -> Option<Principal> {
        let text = self.caller.input.value().trim();
        let whole = text.contains('@') || text.contains("://") || text.contains(':');
        if self.caller.selected().is_some_and(|a| a.email == text) || !whole {
            return None;
        }
        Principal::parse(text).ok()
    }

    /// What is typed, when it names an account and the list has nothing for it.
    #[must_use]
    pub fn typed_target(&self) -> Option<Resource> {
        let text = self.target.input.value().trim();
        let whole = text.contains('@') || text.len() > 15;
        if self.target.selected().is_some_and(|a| a.email == text) || !whole {
            return None;
        }
        Resource::parse_account(text).ok()
    }

    /// Who would be asked about: what is typed, else what is selected, else what was given.
    #[must_use]
    pub fn chosen_caller(&self) -> Option<Principal> {
        if (self.caller.shown() == 0 || self.caller.input.value().contains(':'))
            && let Some(typed) = self.typed_caller()
        {
            return Some(typed);
        }
        if self.caller.input.value().is_empty()
            && let Some(other) = &self.other_caller
        {
            return Some(other.clone());
        }
        self.caller
            .selected()
            .map(|a| Principal::ServiceAccount(a.email.clone()))
            .or_else(|| self.typed_caller())
    }

    /// Which account would be asked about.
    #[must_use]
    pub fn chosen_target(&self) -> Option<Resource> {
        if self.target.shown() == 0
            && let Some(typed) = self.typed_target()
        {
            return Some(typed);
        }
        if self.target.input.value().is_empty()
            && let Some(other) = &self.other_target
        {
            return Some(other.clone());
        }
        self.target
            .selected()
            .map(|a| Resource::account(&a.project, &a.email))
            .or_else(|| self.typed_target())
    }
}

/// One step of reading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What is read.
    pub label: String,
    /// How far it is.
    pub state: ProgressState,
}

/// The facts of an answer, and the answer.
#[derive(Clone, Debug)]
pub struct Known {
    /// What was read.
    pub estate: Arc<Estate>,
    /// The answer.
    pub explanation: Explanation,
    /// What stands in the way.
    pub causes: Vec<Cause>,
    /// What would mend it, the recommended way first, and what stands beside that.
    pub plan: Plan,
    /// How long reading and judging took.
    pub took: Duration,
    /// When it was read.
    pub read_at: Timestamp,
    /// The picture.
    pub rows: Vec<Row>,
}

/// How far an answer is.
#[derive(Clone, Debug)]
pub enum Reading {
    /// Its facts are being read.
    Running,
    /// It is there.
    Known(Box<Known>),
    /// It could not be read; why.
    Failed(String),
    /// It was stopped.
    Stopped,
}

/// Which panel of an answer has the focus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Panel {
    /// The hierarchy.
    Tree,
    /// The causes.
    Why,
}

/// A question that was asked, with what is known of its answer.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Tells this reading from others.
    pub ticket: Ticket,
    /// The question.
    pub question: Question,
    /// What is being read.
    pub steps: Vec<Step>,
    /// How far it is.
    pub reading: Reading,
    /// The panel in focus.
    pub panel: Panel,
    /// The selected row of the tree.
    pub tree_row: usize,
    /// The first row of the tree that is shown.
    pub tree_offset: usize,
    /// The selected cause.
    pub why_row: usize,
    /// The first line of the causes that is shown.
    pub why_offset: usize,
    /// When a token was minted as the caller, for people; the proof.
    pub proven: Option<String>,
}

impl Asked {
    /// The answer, once it is there.
    #[must_use]
    pub fn known(&self) -> Option<&Known> {
        match &self.reading {
            Reading::Known(known) => Some(known),
            _ => None,
        }
    }

    /// What the caller would see, once known.
    #[must_use]
    pub fn outcome(&self) -> Option<Outcome> {
        self.known().map(|k| k.explanation.outcome)
    }
}

/// A confirmation's way, from the diff to the proof.
#[derive(Debug)]
pub enum Phase {
    /// The word is being typed. `note`: why it is asked again.
    Asking {
        /// Why it is asked again.
        note: Option<String>,
    },
    /// It was sent. Which of its steps is being done, from 0.
    Applying {
        /// From 0.
        step: usize,
    },
    /// It is there; whether access works is looked at.
    Verifying {
        /// What was done.
        done: Vec<StepDone>,
        /// How long ago.
        elapsed: Duration,
        /// What the last look came to.
        last: Option<Result<Verified, String>>,
        /// How many looks there were.
        tries: u32,
    },
    /// Access works.
    Proven {
        /// What was done.
        done: Vec<StepDone>,
        /// How it was proven, for people.
        proof: String,
    },
    /// It was not done, or nobody can tell; in words.
    Failed(String),
    /// It was taken back; in words.
    Undone(String),
}

/// What is to be confirmed.
#[derive(Debug)]
pub enum Act {
    /// A way to mend it: one of these.
    Grant {
        /// All that would help, the recommended one first.
        ways: Vec<Remedy>,
        /// Which one is shown.
        chosen: usize,
        /// Those for two hours, when they are shown instead.
        limited: Option<Vec<Remedy>>,
    },
    /// A change is taken back.
    Undo(Box<Change>),
}

/// A confirmation.
#[derive(Debug)]
pub struct Confirm {
    /// Tells this change from others.
    pub ticket: Ticket,
    /// The question it is for.
    pub question: Question,
    /// What is to be done.
    pub act: Act,
    /// The word that has to be typed.
    pub word: String,
    /// Why the word is longer than usual, when it is.
    pub weighty: Option<String>,
    /// What is typed.
    pub input: Input,
    /// How far it is.
    pub phase: Phase,
    /// Why the viewer may not write it, when that is known.
    pub forbidden: Option<String>,
    /// What it means, sentence by sentence.
    pub meaning: Vec<String>,
    /// Signs that it will be reverted.
    pub warnings: Vec<String>,
    /// The first line of the diff that is shown.
    pub offset: usize,
}

impl Confirm {
    /// The way that is shown.
    #[must_use]
    pub fn way(&self) -> Option<&Remedy> {
        match &self.act {
            Act::Grant {
                ways,
                chosen,
                limited,
            } => limited.as_ref().unwrap_or(ways).get(*chosen),
            Act::Undo(_) => None,
        }
    }

    /// The first binding of the way that is shown.
    #[must_use]
    pub fn repair(&self) -> Option<&Repair> {
        self.way()?.steps.iter().find_map(|step| match step {
            RepairStep::Binding(repair) => Some(&**repair),
            RepairStep::Switch(_) => None,
        })
    }

    /// Whether a write may be under way, so that leaving needs a second thought.
    #[must_use]
    pub fn busy(&self) -> bool {
        matches!(self.phase, Phase::Applying { .. })
    }
}

/// A change of the history.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The journal's entry.
    pub entry: crate::repair::history::Entry,
    /// What the policy says of it, for people; `None` where it was not asked.
    pub standing: Option<String>,
}

/// What stands in a menu.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Matched and shown.
    pub text: String,
    /// Shown behind it.
    pub note: String,
    /// What it does.
    pub act: ChoiceAct,
}

/// What a choice does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChoiceAct {
    /// Runs a command.
    Run(Command),
    /// Copies a text.
    Copy {
        /// What it is.
        what: String,
        /// The text.
        text: String,
    },
    /// Asks for another permission.
    Permission(Permission),
}

impl Item for Choice {
    fn key(&self) -> &str {
        &self.text
    }
    fn text(&self) -> &str {
        &self.text
    }
}

/// A menu.
pub struct Menu {
    /// Its title.
    pub title: String,
    /// What there is to choose from.
    pub list: Filtered<Choice>,
    /// Whether the context below decides what a command does: the palette.
    pub below: Context,
}

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

/// Who can reach a target, or what a caller can reach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// In words.
    pub title: String,
    /// Sorted by name.
    pub rows: Vec<PathRow>,
    /// What was not read, in words; empty when all was.
    pub gaps: Vec<String>,
}

/// What a list shows.
#[derive(Clone, Debug)]
pub enum Rows {
    /// Being read.
    Loading,
    /// It could not be read; why.
    Failed(String),
    /// The changes made.
    Changes(Vec<Change>),
    /// Ways.
    Paths(Arc<Paths>),
}

/// A list over the screen.
#[derive(Clone, Debug)]
pub struct Table {
    /// Its title.
    pub title: String,
    /// What stands in it.
    pub rows: Rows,
    /// The selected row.
    pub row: usize,
    /// The first row shown.
    pub offset: usize,
    /// Tells this reading from others.
    pub ticket: Ticket,
}

impl Table {
    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.rows {
            Rows::Loading | Rows::Failed(_) => 0,
            Rows::Changes(list) => list.len(),
            Rows::Paths(paths) => paths.rows.len(),
        }
    }

    /// Whether it shows nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// What lies over the screen.
pub enum Overlay {
    /// Something to be read.
    Page(Page),
    /// Something to choose from.
    Menu(Menu),
    /// Something to be confirmed.
    Confirm(Box<Confirm>),
    /// A list.
    Table(Table),
}

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

/// What a click hits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spot {
    /// A row of a picking list.
    PickRow(Side, usize),
    /// A picking list.
    PickList(Side),
    /// A row of the tree.
    TreeRow(usize),
    /// A cause.
    WhyRow(usize),
    /// A row of a menu or list.
    OverlayRow(usize),
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
    /// Nothing may be changed.
    pub read_only: bool,
    /// How far is looked.
    pub scope: Scope,
    /// The moment that is asked about; `None`: now.
    pub at: Option<Timestamp>,
    /// The screen's size in cells.
    pub size: (u16, u16),
    /// The looks.
    pub theme: Theme,
    /// The signs.
    pub glyphs: Glyphs,
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
    /// The questions, in the order asked.
    pub visits: Vec<Asked>,
    /// Which of them is shown.
    pub visit: usize,
    /// What lies below everything.
    pub screen: Screen,
    /// What lies over it, the topmost last.
    pub overlays: Vec<Overlay>,
    /// The line above the footer.
    pub notice: Option<Notice>,
    /// Counts questions and changes.
    pub tickets: Ticket,
    /// The change whose undo waits for the history.
    pub undoing: Option<String>,
    /// What was changed, for the words after leaving.
    pub changed: Vec<String>,
    /// The calls made, as last asked for.
    pub calls: Vec<Call>,
    /// Where a click lands; kept by the view.
    pub spots: Vec<(Rect, Spot)>,
    /// How many rows the part in focus shows; kept by the view.
    pub room: usize,
}

/// The narrowest and lowest screen that is drawn on.
pub const SMALLEST: (u16, u16) = (40, 12);

impl Model {
    /// What is in focus, as far as keys are concerned.
    #[must_use]
    pub fn context(&self) -> Context {
        match self.overlays.last() {
            Some(Overlay::Page(_)) => Context::Read,
            Some(Overlay::Menu(_)) => Context::Menu,
            Some(Overlay::Table(_)) => Context::List,
            Some(Overlay::Confirm(confirm)) => match confirm.phase {
                Phase::Asking { .. } => Context::Confirm,
                _ => Context::Applied,
            },
            None if self.signed_out.is_some() => Context::SignedOut,
            None => match self.screen {
                Screen::Pick => Context::Pick,
                Screen::Answer => Context::Answer,
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

    /// Says something in passing.
    pub fn say(&mut self, text: impl Into<String>) {
        self.notice = Some(Notice {
            text: text.into(),
            weight: Weight::Passing,
        });
    }

    /// Says something that stays until it is read.
    pub fn fail(&mut self, text: impl Into<String>) {
        self.notice = Some(Notice {
            text: text.into(),
            weight: Weight::Error,
        });
    }

    /// Whether the screen is too small to be drawn on.
    #[must_use]
    pub fn too_small(&self) -> bool {
        self.size.0 < SMALLEST.0 || self.size.1 < SMALLEST.1
    }

    /// The confirmation, when it is on top.
    pub fn confirm_mut(&mut self) -> Option<&mut Confirm> {
        match self.overlays.last_mut() {
            Some(Overlay::Confirm(confirm)) => Some(confirm),
            _ => None,
        }
    }

    /// The confirmation of that ticket, wherever it lies.
    pub fn confirm_by(&mut self, ticket: Ticket) -> Option<&mut Confirm> {
        self.overlays.iter_mut().find_map(|o| match o {
            Overlay::Confirm(confirm) if confirm.ticket == ticket => Some(&mut **confirm),
            _ => None,
        })
    }
}
