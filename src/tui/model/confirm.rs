//! A confirmation, from the diff to the proof.

use std::time::Duration;

use tui_input::Input;

use super::Ticket;
use crate::evaluate::Question;
use crate::repair::history::ChangeState;
use crate::repair::plan::switch::SwitchKind;
use crate::repair::verify::Verified;
use crate::repair::{Remedy, RemedyStep, Repair, Standing, StepDone};

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

    /// Whether what it turns on is not turned off again from here, and it changes nothing else.
    #[must_use]
    pub fn lasts(&self) -> bool {
        let api = |step: &RemedyStep| match step {
            RemedyStep::Switch(switch) => matches!(switch.kind, SwitchKind::Api { .. }),
            RemedyStep::Binding(_) => false,
        };
        self.way().is_some_and(|way| way.steps.iter().all(api))
    }

    /// The changes that were made, by their ids in the history.
    pub fn made(&self) -> impl Iterator<Item = &str> {
        let done = match &self.phase {
            Phase::Verifying { done, .. } | Phase::Proven { done, .. } => done.as_slice(),
            _ => &[],
        };
        done.iter().filter_map(StepDone::history_id)
    }

    /// Whether a write may be under way, so that leaving needs a second thought.
    #[must_use]
    pub fn busy(&self) -> bool {
        matches!(self.phase, Phase::Applying { .. })
    }
}

/// A change whose undo waits for the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Undoing {
    /// The one of that id.
    This(String),
    /// The newest that was made here and is in force.
    Newest,
}

/// A change of the history.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The journal's entry.
    pub entry: crate::repair::history::HistoryEntry,
    /// What the policy says of it; `None` where it was not asked.
    pub standing: Option<Standing>,
    /// Whether it was made where this explorer looks.
    pub here: bool,
}

impl Change {
    /// What became of it, for people.
    #[must_use]
    pub fn state_words(&self) -> String {
        let state = &self.entry.state;
        match &self.standing {
            Some(standing) => standing.words(state),
            None if self.here => state.word().to_owned(),
            None => format!("{} at another place; not asked from here", state.word()),
        }
    }

    /// Whether it can be taken back from here, as far as is known.
    #[must_use]
    pub fn is_in_force(&self) -> bool {
        let state = &self.entry.state;
        let open = state.is_open() || matches!(state, ChangeState::Applied { .. });
        self.here && open && self.standing != Some(Standing::NotThere)
    }
}
