//! A confirmation, from the diff to the proof.

use std::time::Duration;

use tui_input::Input;

use super::Ticket;
use crate::evaluate::Question;
use crate::repair::verify::Verified;
use crate::repair::{Remedy, RemedyStep, Repair, StepDone};

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
    /// Why the word is a name, when it is; a sentence.
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
            RemedyStep::Binding(repair) => Some(&**repair),
            RemedyStep::Switch(_) => None,
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
    pub entry: crate::repair::history::HistoryEntry,
    /// What the policy says of it, for people; `None` where it was not asked.
    pub standing: Option<String>,
}
