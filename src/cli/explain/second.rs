//! Policy Troubleshooter beside the answer: asked at the same time as the facts, told below it.

use std::io::{IsTerminal, stdout};
use std::time::Duration;

use super::super::args::{ExplainArgs, Format};
use super::super::claims;
use super::super::facts::FactSource;
use super::super::failure::Failure;
use super::super::out::{self, TextPage};
use super::{Exit, ShownAnswer, exit, text};
use crate::answer::Answer;
use crate::answer::second::{LONGEST_WAIT, SecondOpinion};
use crate::evaluate::Question;
use crate::google::patience::WaitLimits;
use crate::repair::PlanOptions;

/// How long it is waited for once the answer is there, where nobody asked for it (chosen).
const GRACE: Duration = Duration::from_secs(3);

/// How it is asked.
pub(super) struct AskedBeside<'a> {
    facts: &'a FactSource,
    error_id: Option<&'a str>,
    /// Whether it was asked for by name: then that it was not heard is told.
    by_name: bool,
    /// How long a refused call that is not found yet is asked about again.
    wait: Option<Duration>,
}

impl<'a> AskedBeside<'a> {
    /// `None`: it is not asked at all. An emulator of our own would give our own opinion.
    pub fn of(
        args: &ExplainArgs,
        facts: &'a FactSource,
        error_id: Option<&'a str>,
    ) -> Option<Self> {
        let asks = args.second_opinion || (facts.are_of_others() && !args.no_second_opinion);
        asks.then_some(Self {
            facts,
            error_id,
            by_name: args.second_opinion,
            wait: args.wait,
        })
    }

    /// Answers the question, and shows both. Text has the answer first, whatever becomes of the opinion.
    pub async fn explain(
        &self,
        question: Question,
        shown: &ShownAnswer<'_>,
    ) -> Result<Exit, Failure> {
        let reader = self.facts.client()?.reader();
        let source = self.facts.source(&*reader)?;
        let (answer, beside) = {
            let counting = out::Counting::default();
            let told = |step| counting.step(&step);
            let options = PlanOptions::default();
            let asked = source.answer_beside(question, options, &told, self.error_id);
            asked.await?
        };
        let explanation = &answer.explanation;
        claims::consistent(explanation)?;
        let is_text = shown.format == Format::Text;
        if is_text {
            shown.whole(&answer, None)?;
        }
        let limit = match self.by_name {
            true => WaitLimits::QUESTION.call,
            false => GRACE,
        };
        let opinion = source.opinion_beside(beside, explanation, self.error_id);
        let mut opinion = tokio::time::timeout(limit, opinion)
            .await
            .unwrap_or_else(|_| {
                SecondOpinion::NotGiven(format!("not answered in {} s", limit.as_secs()))
            });
        if is_text {
            self.told(&answer, &opinion)?;
        }
        if let Some(id) = self.error_id.filter(|_| opinion.is_waited_for()) {
            let here = is_text && stdout().is_terminal();
            let limit = self.wait.unwrap_or(match here {
                true => LONGEST_WAIT,
                false => Duration::ZERO,
            });
            let pausing = |pause: Duration| {
                let seconds = pause.as_secs();
                out::aside(&format!(
                    "asked about it again in {seconds} s; Ctrl-C leaves"
                ));
            };
            match source.late_opinion(explanation, id, limit, &pausing).await {
                Some(found) => {
                    opinion = found;
                    if is_text {
                        self.told(&answer, &opinion)?;
                    }
                }
                None if self.wait.is_none() && !here => {
                    out::aside("--wait 1h asks about it again, from a minute on");
                }
                None => out::aside("it was not found in that time"),
            }
        }
        if !is_text {
            shown.whole(&answer, Some(&opinion))?;
        }
        Ok(exit(explanation.outcome))
    }

    /// Below the answer. That it was not heard is nothing to those who did not ask for it.
    fn told(&self, answer: &Answer, opinion: &SecondOpinion) -> Result<(), Failure> {
        if opinion.agrees().is_none() && !self.by_name {
            return Ok(());
        }
        let mut page = TextPage::default();
        text::second(&mut page, answer, opinion);
        page.print()
    }
}
