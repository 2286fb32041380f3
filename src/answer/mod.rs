//! The pipeline, once: survey → assume → explain → diagnose → plan.
//!
//! Commands and the explorer print an [`Answer`] and compute nothing of it themselves, so that the same
//! question has the same answer wherever it is asked.

pub mod changes;
pub mod expectations;
pub mod levels;
pub mod limits;
pub mod not_read;
pub mod paths;
pub mod reviewed;
pub mod second;
pub mod signs;
pub mod states;

use std::path::Path;

use self::not_read::{NotRead, not_read};
use crate::estate::{Assumption, Estate};
use crate::evaluate::{Cause, Explanation, Question, diagnose, explain};
use crate::google::survey::{Progress, survey};
use crate::iam::Principal;
use crate::repair::{Plan, PlanOptions, history, last_grant, prepare};
use crate::wire::{ApiError, Ask};

/// Where answers come from.
#[derive(Clone, Copy)]
pub struct Source<'a> {
    /// Reads the facts.
    pub ask: &'a dyn Ask,
    /// What it speaks to, as the history names it.
    pub endpoint: &'a str,
    /// Where the history of changes is kept.
    pub history: &'a Path,
    /// What every answer takes for granted: what the files given have no place for.
    pub assumptions: &'a [Assumption],
    /// Who looks, where that is known: requests to an administrator name it.
    pub viewer: Option<&'a Principal>,
}

/// An answer with all that is shown of it.
#[derive(Clone, Debug)]
pub struct Answer {
    /// What was read, as far as it could be.
    pub estate: Estate,
    /// The verdict, and every binding and rule that counted or did not.
    pub explanation: Explanation,
    /// What stands in the way, in the order in which a person should act; none where the call would
    /// succeed.
    pub causes: Vec<Cause>,
    /// What would mend it; empty where the call would succeed.
    pub plan: Plan,
    /// What was not read, and what to ask for.
    pub not_read: Vec<NotRead>,
}

impl Source<'_> {
    /// Answers a question. `options` say what kind of repair is wanted.
    ///
    /// # Errors
    /// When signed out (401), or when there is no connection. What may not be read is no error: the
    /// answer says what it hangs on.
    pub async fn answer(
        &self,
        question: Question,
        options: PlanOptions,
        progress: &(dyn Fn(Progress) + Send + Sync),
    ) -> Result<Answer, ApiError> {
        let (mut estate, explanation, causes) = self.judged(question, progress).await?;
        let plan = prepare(self.ask, &mut estate, &explanation, &causes, options).await?;
        Ok(Answer {
            not_read: not_read(&estate, &explanation, self.viewer),
            estate,
            explanation,
            causes,
            plan,
        })
    }

    /// As [`Self::answer`], without a plan: what was read, the explanation, the causes.
    ///
    /// # Errors
    /// As [`Self::answer`].
    pub async fn judged(
        &self,
        question: Question,
        progress: &(dyn Fn(Progress) + Send + Sync),
    ) -> Result<(Estate, Explanation, Vec<Cause>), ApiError> {
        let question = self.with_last_write(question);
        let mut estate = survey(self.ask, &question, progress).await?;
        self.qualify(&mut estate);
        let explanation = explain(&estate, &question);
        let mut causes = diagnose(&estate, &explanation);
        not_read::advise(&mut causes, &not_read(&estate, &explanation, self.viewer));
        tracing::info!(
            caller = %explanation.question.caller,
            target = %explanation.question.target,
            permission = %explanation.question.permission,
            verdict = ?explanation.verdict,
            outcome = ?explanation.outcome,
            causes = ?causes.iter().map(|c| c.kind).collect::<Vec<_>>(),
            "judged"
        );
        Ok((estate, explanation, causes))
    }

    /// Adds what the files given have no place for.
    pub fn qualify(&self, estate: &mut Estate) {
        for assumption in self.assumptions {
            estate.assume(*assumption);
        }
    }

    /// The question with what the history knows of it: when it was last granted. A history that cannot
    /// be read says nothing.
    fn with_last_write(&self, mut question: Question) -> Question {
        if let Ok(listing) = history::list(self.history) {
            question.call.written = last_grant(&listing, self.endpoint, &question);
        }
        question
    }
}
