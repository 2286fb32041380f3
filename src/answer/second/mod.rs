//! A second opinion: what Policy Troubleshooter says to the same question.

mod beside;
mod late;

pub use beside::Beside;
pub use late::LONGEST_WAIT;

use crate::evaluate::Verdict;
use crate::google::api::policy_troubleshooter::TheirAnswer;
use crate::text::visible;

/// What an opinion is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpinionAbout {
    /// The question as it is asked here.
    Question,
    /// The very call that was refused.
    RefusedCall,
    /// The question, because the refused call is not found there (yet).
    InsteadOfRefusedCall,
}

impl OpinionAbout {
    /// For programs.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Question => "QUESTION",
            Self::RefusedCall => "REFUSED_CALL",
            Self::InsteadOfRefusedCall => "QUESTION_IN_PLACE_OF_REFUSED_CALL",
        }
    }
}

/// What came of asking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecondOpinion {
    /// It answered.
    Given {
        /// What is said here.
        ours: Verdict,
        /// What it says.
        theirs: TheirAnswer,
        /// Of what.
        about: OpinionAbout,
    },
    /// It did not; why.
    NotGiven(String),
}

impl SecondOpinion {
    /// Whether both say the same; `None` where it gave no answer.
    #[must_use]
    pub fn agrees(&self) -> Option<bool> {
        match self {
            Self::Given { ours, theirs, .. } => Some(theirs.verdict == Some(*ours)),
            Self::NotGiven(_) => None,
        }
    }

    /// Whether the refused call that was asked about is not found there yet.
    #[must_use]
    pub fn is_waited_for(&self) -> bool {
        matches!(
            self,
            Self::Given {
                about: OpinionAbout::InsteadOfRefusedCall,
                ..
            }
        )
    }

    /// For people: one sentence where both say the same, and both reasons where they do not. `because`: the
    /// first cause that is told here.
    #[must_use]
    pub fn words(&self, because: Option<&str>) -> Vec<String> {
        let (ours, theirs, about) = match self {
            Self::NotGiven(why) => {
                return vec![format!(
                    "Policy Troubleshooter was not heard: {}.",
                    visible(why)
                )];
            }
            Self::Given {
                ours,
                theirs,
                about,
            } => (ours, theirs, *about),
        };
        let of = match about {
            OpinionAbout::RefusedCall => " of the call that was refused",
            OpinionAbout::Question | OpinionAbout::InsteadOfRefusedCall => "",
        };
        let not_yet = (about == OpinionAbout::InsteadOfRefusedCall).then(|| {
            "The call that was refused is not found there yet; that can take minutes.".to_owned()
        });
        let said = theirs
            .verdict
            .map_or("a state not known here", Verdict::word);
        if theirs.verdict == Some(*ours) {
            let same = format!("Policy Troubleshooter says the same{of}: {said}.");
            return std::iter::once(same).chain(not_yet).collect();
        }
        let states = theirs.states.iter();
        let states: Vec<String> = states
            .map(|(kind, state)| format!("{kind} {}", visible(state)))
            .collect();
        let because = because.map_or(String::new(), |why| {
            format!(": {}", why.trim_end_matches('.'))
        });
        let apart = if theirs.without_boundaries {
            "It was asked in version 3, which leaves principal access boundaries out; v3beta is not served."
        } else {
            "Either reads with its own eyes: a change that is still spreading, or a policy that one of the two may not read, tells them apart."
        };
        let mut words = vec![
            format!(
                "Policy Troubleshooter says otherwise{of}: {said} ({}).",
                states.join(", ")
            ),
            format!("Here it is {}{because}.", ours.word()),
            apart.to_owned(),
        ];
        words.extend(not_yet);
        words
    }
}

#[cfg(test)]
mod tests;
