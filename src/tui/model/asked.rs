//! A question that was asked, with what is known of its answer.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::super::look::find::Find;
use super::super::look::page::ScreenPage;
use super::table::Table;
use super::tree::{self, Opened, Picture, TreeRow};
use super::{Overlay, Ticket};
use crate::answer::inventory::EstateTableKind;
use crate::answer::not_read::NotRead;
use crate::answer::second::SecondOpinion;
use crate::answer::what_if::{Supposition, what_if};
use crate::estate::Estate;
use crate::evaluate::{Cause, CauseKind, Explanation, Outcome, Question};
use crate::google::survey::ProgressState;
use crate::iam::Resource;
use crate::repair::Plan;

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
pub struct KnownAnswer {
    /// What was read.
    pub estate: Arc<Estate>,
    /// The answer.
    pub explanation: Explanation,
    /// What stands in the way.
    pub causes: Vec<Cause>,
    /// What would mend it, the recommended way first, and what stands beside that.
    pub plan: Plan,
    /// What was not read, and what to ask for.
    pub not_read: Vec<NotRead>,
    /// How long reading and judging took.
    pub took: Duration,
    /// When it was read.
    pub read_at: Timestamp,
    /// The picture.
    pub rows: Vec<TreeRow>,
    /// What is supposed to be otherwise than it was read; empty: nothing, this is what was read.
    pub supposed: Vec<Supposition>,
}

/// A row of what stands in the way; causes by their place among those of the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WhyRow {
    /// A cause.
    Cause(usize),
    /// Several things that could not be read: one row, which opens.
    Unread(Vec<usize>),
}

/// Whether a cause is only that something could not be read.
#[must_use]
pub fn is_unread(kind: CauseKind) -> bool {
    matches!(
        kind,
        CauseKind::PolicyNotReadable | CauseKind::GroupNotReadable | CauseKind::RoleNotReadable
    )
}

impl KnownAnswer {
    /// What stands in the way, row by row. Whoever may read little has more that was not read than all else
    /// together: it takes one row, so that it hides nothing.
    #[must_use]
    pub fn why_rows(&self) -> Vec<WhyRow> {
        let unread: Vec<usize> = (0..)
            .zip(&self.causes)
            .filter(|(_, cause)| is_unread(cause.kind))
            .map(|(i, _)| i)
            .collect();
        if unread.len() < 2 {
            return (0..self.causes.len()).map(WhyRow::Cause).collect();
        }
        let mut rows: Vec<WhyRow> = (0..self.causes.len())
            .filter(|i| !unread.contains(i))
            .map(WhyRow::Cause)
            .collect();
        rows.push(WhyRow::Unread(unread));
        rows
    }
}

/// How far an answer is.
#[derive(Clone, Debug)]
pub enum Reading {
    /// Its facts are being read.
    Running,
    /// It is there.
    Known(Box<KnownAnswer>),
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
    /// The selected level's policy, where there is room for it.
    Policy,
}

/// A place in an answer at which something is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AnswerPlace {
    /// A row of the picture.
    Tree(usize),
    /// A row of [`KnownAnswer::why_rows`].
    Why(usize),
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
    /// The panel in focus has the screen for itself.
    pub zoomed: bool,
    /// What of the tree was unfolded.
    pub opened: Opened,
    /// How many accounts a project was seen to have, where a grant's reach is drawn to it.
    pub reach: Option<(String, usize)>,
    /// What the caller would have seen before something was applied.
    pub was: Option<Outcome>,
    /// The selected row of [`KnownAnswer::why_rows`].
    pub why_row: usize,
    /// The first line of the causes that is shown.
    pub why_offset: usize,
    /// The causes were scrolled by lines: what is selected need not be in sight.
    pub why_scrolled: bool,
    /// The first line of the selected level's policy that is shown.
    pub policy_offset: usize,
    /// What is looked for in picture and causes.
    pub find: Find,
    /// Where it was found last.
    pub hit: Option<AnswerPlace>,
    /// When a token was minted as the caller, for people; the proof.
    pub proven: Option<String>,
    /// The change of that ticket was written for it, and was not seen to work yet.
    pub applied: Option<Ticket>,
    /// What was written for it last is not taken back from here.
    pub lasts: bool,
    /// Why what is shown could not be read anew.
    pub stale: Option<String>,
    /// Whether it was left and come back to: what is shown is of when it was read.
    pub come_back_to: bool,
    /// What Policy Troubleshooter says to it, where it was heard.
    pub second: Option<SecondOpinion>,
    /// The `error_info_id` of the refusal that was pasted.
    pub error_id: Option<String>,
    /// Where one step back leads.
    pub before: AskedFrom,
    /// The answer as it was read, while another one is shown: what if.
    pub as_read: Option<Box<AsRead>>,
}

/// What an answer was, while something is supposed to be otherwise.
#[derive(Clone, Debug)]
pub struct AsRead {
    /// The answer.
    pub known: KnownAnswer,
    /// As [`Asked::proven`].
    pub proven: Option<String>,
}

/// A list that is come back to.
#[derive(Clone, Debug)]
pub enum KeptList {
    /// A list as it was.
    Table(Table),
    /// A table of the estate, which the model keeps.
    Estate(EstateTableKind),
    /// A finding of one.
    Finding(Box<ScreenPage>),
}

impl KeptList {
    /// Over the screen again.
    #[must_use]
    pub fn shown(self) -> Overlay {
        match self {
            Self::Table(table) => Overlay::Table(table),
            Self::Estate(kind) => Overlay::Estate(kind),
            Self::Finding(page) => Overlay::Page(*page),
        }
    }
}

/// What was shown before a question was asked.
#[derive(Clone, Debug)]
pub enum AskedFrom {
    /// Choosing the pair, with these lists over it.
    Pick(Vec<KeptList>),
    /// The answer before, with these lists over it.
    Answer(Vec<KeptList>),
    /// Nothing: it was given on the command line.
    Given,
}

impl KnownAnswer {
    /// Draws the picture anew, with what was unfolded.
    pub fn unfold(&mut self, opened: &Opened) {
        self.rows = tree::rows(Picture {
            estate: &self.estate,
            explanation: &self.explanation,
            causes: &self.causes,
            plan: &self.plan,
            opened,
            supposed: &self.supposed,
        });
    }

    /// All that is known of a level, row by row, as if it were unfolded.
    #[must_use]
    pub fn unfolded(&self, at: &Resource) -> Vec<TreeRow> {
        tree::level_rows(
            Picture {
                estate: &self.estate,
                explanation: &self.explanation,
                causes: &self.causes,
                plan: &self.plan,
                opened: &Opened::default(),
                supposed: &self.supposed,
            },
            at,
        )
    }

    /// The answer where all that is so; this one is what was read.
    #[must_use]
    pub fn supposing(&self, all: Vec<Supposition>, opened: &Opened) -> Self {
        let begun = std::time::Instant::now();
        let question = &self.explanation.question;
        let (estate, explanation, causes, plan) =
            what_if(&self.estate, question, &all, &self.not_read);
        let mut known = Self {
            estate: Arc::new(estate),
            explanation,
            causes,
            plan,
            not_read: self.not_read.clone(),
            took: begun.elapsed(),
            read_at: self.read_at,
            rows: Vec::new(),
            supposed: all,
        };
        known.unfold(opened);
        known
    }
}

impl Asked {
    /// The answer, once it is there.
    #[must_use]
    pub fn known(&self) -> Option<&KnownAnswer> {
        match &self.reading {
            Reading::Known(known) => Some(known),
            _ => None,
        }
    }

    /// The answer as it was read, also while another one is supposed.
    #[must_use]
    pub fn read(&self) -> Option<&KnownAnswer> {
        match &self.as_read {
            Some(read) => Some(&read.known),
            None => self.known(),
        }
    }

    /// Nothing is supposed any more: what was read is shown again. `false`: nothing was.
    pub fn end_what_if(&mut self) -> bool {
        let Some(read) = self.as_read.take() else {
            return false;
        };
        let AsRead { mut known, proven } = *read;
        let selected = self
            .known()
            .and_then(|k| k.rows.get(self.tree_row))
            .cloned();
        known.unfold(&self.opened);
        let same = selected.and_then(|row| known.rows.iter().position(|r| r.is_same(&row)));
        self.tree_row = same.unwrap_or_else(|| tree::first_place(&known.rows));
        self.why_row = 0;
        self.proven = proven;
        self.reading = Reading::Known(Box::new(known));
        true
    }

    /// What is selected of what stands in the way.
    #[must_use]
    pub fn selected_why(&self) -> Option<WhyRow> {
        let mut rows = self.known()?.why_rows();
        (self.why_row < rows.len()).then(|| rows.swap_remove(self.why_row))
    }

    /// Where what is looked for stands, from the top.
    #[must_use]
    pub fn found(&self) -> Vec<AnswerPlace> {
        let Some(known) = self.known() else {
            return Vec::new();
        };
        let holds = |text: &str| !self.find.places(text).is_empty();
        let in_row = |row: &TreeRow| {
            let leaf = row.leaf.as_ref();
            let leaf = leaf.map_or([""; 3], |l| [&l.title, &l.name, &l.word]);
            let own = [row.label.as_str(), row.kind, &row.note];
            own.into_iter().chain(leaf).any(holds)
        };
        let rows = known.rows.iter().enumerate();
        let tree = rows.filter(|(_, row)| in_row(row));
        let in_cause = |at: &usize| {
            let cause = known.causes.get(*at);
            cause.is_some_and(|c| holds(&c.message) || holds(&c.advice()))
        };
        let why = known.why_rows().into_iter().enumerate();
        let why = why.filter(|(_, row)| match row {
            WhyRow::Cause(at) => in_cause(at),
            WhyRow::Unread(which) => which.iter().any(in_cause),
        });
        tree.map(|(i, _)| AnswerPlace::Tree(i))
            .chain(why.map(|(i, _)| AnswerPlace::Why(i)))
            .collect()
    }

    /// Goes to a place: the panel it is in has the focus then.
    pub fn go_to(&mut self, place: AnswerPlace) {
        self.hit = Some(place);
        match place {
            AnswerPlace::Tree(row) => {
                self.panel = Panel::Tree;
                self.tree_row = row;
                self.policy_offset = 0;
            }
            AnswerPlace::Why(row) => {
                self.panel = Panel::Why;
                self.why_row = row;
                self.why_scrolled = false;
            }
        }
    }

    /// What the caller would see, once known.
    #[must_use]
    pub fn outcome(&self) -> Option<Outcome> {
        self.known().map(|k| k.explanation.outcome)
    }
}
