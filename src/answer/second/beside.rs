//! Asking: at the same time as the facts of an answer are read, or after it.

use futures::FutureExt;
use futures::future::{BoxFuture, Either, select};

use super::{OpinionAbout, SecondOpinion};
use crate::answer::{Answer, Source};
use crate::evaluate::{Explanation, Question, Verdict};
use crate::google::api::policy_troubleshooter::{TheirAnswer, troubleshoot, troubleshoot_error};
use crate::google::survey::Progress;
use crate::iam::{Principal, Resource, owner};
use crate::repair::PlanOptions;
use crate::wire::{ApiError, Ask};

/// What it said, or why it said nothing; whatever is said here.
type OpinionHeard = Result<(TheirAnswer, OpinionAbout), String>;

/// What is under way beside an answer.
pub enum Beside<'a> {
    /// Asked, and not answered yet.
    UnderWay(BoxFuture<'a, OpinionHeard>),
    /// Answered.
    Over(OpinionHeard),
    /// Not asked yet: the address does not tell the account's project, which its full name holds. The answer does.
    NotYet,
}

impl Source<'_> {
    /// As [`Source::answer`], with Policy Troubleshooter asked at the same time, so that it takes no trip of its
    /// own. With the `error_info_id` of a refusal it is asked about that call.
    ///
    /// # Errors
    /// As [`Source::answer`]: what Policy Troubleshooter does is no error.
    pub async fn answer_beside<'s>(
        &'s self,
        question: Question,
        options: PlanOptions,
        progress: &(dyn Fn(Progress) + Send + Sync),
        error_id: Option<&'s str>,
    ) -> Result<(Answer, Beside<'s>), ApiError> {
        let early = in_full(&question.target).map(|target| Question {
            target,
            ..question.clone()
        });
        let answer = self.answer(question, options, progress);
        let Some(early) = early else {
            return Ok((answer.await?, Beside::NotYet));
        };
        let ask = self.ask;
        let heard = async move { heard(ask, &early, error_id).await }.boxed();
        match select(answer.boxed(), heard).await {
            Either::Left((answer, heard)) => Ok((answer?, Beside::UnderWay(heard))),
            Either::Right((heard, answer)) => Ok((answer.await?, Beside::Over(heard))),
        }
    }

    /// What came of it beside this answer; waits for it.
    pub async fn opinion_beside(
        &self,
        beside: Beside<'_>,
        explanation: &Explanation,
        error_id: Option<&str>,
    ) -> SecondOpinion {
        let heard = match beside {
            Beside::Over(heard) => heard,
            Beside::UnderWay(heard) => heard.await,
            Beside::NotYet => return self.second_opinion(explanation, error_id).await,
        };
        opinion(explanation.verdict, heard)
    }

    /// Asks Policy Troubleshooter what was asked here. It knows people and service accounts by their
    /// addresses, and no delegation chains. With the `error_info_id` of a refusal it is asked about that
    /// call, whoever made it.
    pub async fn second_opinion(
        &self,
        explanation: &Explanation,
        error_id: Option<&str>,
    ) -> SecondOpinion {
        let heard = heard(self.ask, &explanation.question, error_id).await;
        opinion(explanation.verdict, heard)
    }
}

fn opinion(ours: Verdict, heard: OpinionHeard) -> SecondOpinion {
    match heard {
        Ok((theirs, about)) => SecondOpinion::Given {
            ours,
            theirs,
            about,
        },
        Err(why) => SecondOpinion::NotGiven(why),
    }
}

/// The account with its project, where name or address tells it.
fn in_full(account: &Resource) -> Option<Resource> {
    match account {
        Resource::ServiceAccount { project, account } if &**project == "-" => {
            let project = owner::project_of(account)?;
            Some(Resource::account(project, account))
        }
        known => Some(known.clone()),
    }
}

async fn heard(ask: &dyn Ask, question: &Question, error_id: Option<&str>) -> OpinionHeard {
    let about = match error_id {
        None => OpinionAbout::Question,
        Some(id) => match troubleshoot_error(ask, id).await {
            Ok(theirs) => return Ok((theirs, OpinionAbout::RefusedCall)),
            Err(error) if error.status() == Some(404) => OpinionAbout::InsteadOfRefusedCall,
            Err(error) => return Err(error.why()),
        },
    };
    let (Principal::User(email) | Principal::ServiceAccount(email)) = &question.caller else {
        return Err("it is asked about people and service accounts alone".to_owned());
    };
    if !question.via.is_empty() {
        return Err("it knows no delegation chains".to_owned());
    }
    let (target, permission) = (&question.target, &question.permission);
    match troubleshoot(ask, email, target, permission, question.time).await {
        Ok(theirs) => Ok((theirs, about)),
        Err(error) => Err(error.why()),
    }
}
