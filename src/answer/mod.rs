//! The pipeline, once: survey → assume → explain → diagnose → plan.
//!
//! Commands and the explorer print an [`Answer`] and compute nothing of it themselves, so that the same
//! question has the same answer wherever it is asked.

pub mod between;
pub mod blast;
pub mod changes;
pub mod cut;
pub mod expectations;
pub mod expected_sets;
pub mod inventory;
pub mod levels;
pub mod limits;
pub mod not_read;
pub mod paths;
pub mod reviewed;
pub mod rules;
pub mod second;
pub mod signs;
pub mod states;
pub mod turned;
pub mod unread_kinds;
pub mod what_if;

use std::path::Path;

use futures::FutureExt;

use self::not_read::{NotRead, not_read};
use crate::estate::{Assumption, Estate};
use crate::evaluate::{Cause, Explanation, Outcome, Question, diagnose, explain};
use crate::google::survey::{FactsRead, Progress, survey, survey_for_plan, survey_to_mend};
use crate::iam::Principal;
use crate::repair::{
    KnownRights, Plan, PlanOptions, ReadAhead, history, last_grant, prepare, read_ahead,
};
use crate::wire::{ApiError, Ask, NOT_FOUND, NOT_PERMITTED};

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
    /// What was read of files, where facts come from such and whoever looks sees all of them.
    pub given: Option<&'a Estate>,
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
        let question = self.with_last_write(question);
        let facts = survey_for_plan(self.ask, &question, progress).await?;
        self.planned(question, options, facts, ReadAhead::default())
            .await
    }

    /// As [`Self::answer`], for a repair that is carried out unasked: in fewer trips, and with what is known of
    /// the viewer's right to do so. Causes come without what may have been meant; where nothing is recommended,
    /// nothing is carried out, and the answer is the whole one.
    ///
    /// # Errors
    /// As [`Self::answer`].
    pub async fn answer_to_mend(
        &self,
        question: Question,
        options: PlanOptions,
        progress: &(dyn Fn(Progress) + Send + Sync),
    ) -> Result<(Answer, KnownRights), ApiError> {
        let asked = self.with_last_write(question.clone());
        let beside = |estate| read_ahead(self.ask, estate, &asked).boxed();
        let (facts, mut ahead) = survey_to_mend(self.ask, &asked, progress, beside).await?;
        let rights = std::mem::take(&mut ahead.rights);
        let planned = self.planned(asked.clone(), options.clone(), facts, ahead);
        let answer = planned.await?;
        let ends = answer.explanation.outcome == Outcome::WouldSucceed;
        if ends || answer.plan.recommended().is_some() {
            return Ok((answer, rights));
        }
        let whole = self.answer(question, options, progress).await?;
        Ok((whole, rights))
    }

    /// The rest, once the facts are there.
    async fn planned(
        &self,
        question: Question,
        options: PlanOptions,
        facts: FactsRead,
        ahead: ReadAhead,
    ) -> Result<Answer, ApiError> {
        let FactsRead {
            mut estate,
            policies,
        } = facts;
        let (explanation, causes) = self.explained(&question, &mut estate);
        let known = (&mut estate, policies);
        let plan = prepare(self.ask, known, &explanation, &causes, options, ahead).await?;
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
        let (explanation, causes) = self.explained(&question, &mut estate);
        Ok((estate, explanation, causes))
    }

    fn explained(&self, question: &Question, estate: &mut Estate) -> (Explanation, Vec<Cause>) {
        self.qualify(estate);
        let explanation = explain(estate, question);
        let mut causes = diagnose(estate, &explanation);
        not_read::advise(&mut causes, &not_read(estate, &explanation, self.viewer));
        tracing::info!(
            caller = %explanation.question.caller,
            target = %explanation.question.target,
            permission = %explanation.question.permission,
            verdict = ?explanation.verdict,
            outcome = ?explanation.outcome,
            causes = ?causes.iter().map(|c| c.kind).collect::<Vec<_>>(),
            "judged"
        );
        (explanation, causes)
    }

    /// Adds what the files given have no place for, and says of what they do not hold that it is not in them.
    pub fn qualify(&self, estate: &mut Estate) {
        qualify(estate, self.assumptions, self.given);
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

/// As [`Source::qualify`], of what was read otherwise.
pub fn qualify(estate: &mut Estate, assumptions: &[Assumption], given: Option<&Estate>) {
    for assumption in assumptions {
        estate.assume(*assumption);
    }
    if let Some(files) = given {
        estate.come_from(files, |why| {
            why.starts_with(NOT_PERMITTED) || why.starts_with(NOT_FOUND)
        });
    }
}
