//! `explain`: the verdict, its causes, and each binding and rule that counted or did not.

mod json;
mod paste;
mod text;

use jiff::Timestamp;

use super::args::{Explain, Format, Global};
use super::facts::{self, Facts};
use super::failure::Failure;
use super::out::{self, Page};
use super::{Exit, repairs};
use crate::estate::Estate;
use crate::evaluate::{Cause, Explanation, Outcome, Question, diagnose, explain};
use crate::google::pasted::Pasted;
use crate::iam::Permission;
use crate::repair::{Plan, PlanOptions};

/// What lies beyond IAM's policies and is never judged (SEMANTICS, "Beyond IAM").
const NOT_JUDGED: &[(&str, &str)] = &[
    ("VPC_SERVICE_CONTROLS", "VPC Service Controls perimeters"),
    (
        "ORGANIZATION_POLICIES",
        "organization policies (except who may be granted roles, where a grant is planned, how long tokens live, and attaching across projects)",
    ),
    ("TOKEN_SCOPES", "the scopes of the caller's token"),
];

/// An answer with all that is shown of it.
struct Answer {
    estate: Estate,
    explanation: Explanation,
    causes: Vec<Cause>,
    plan: Plan,
}

/// Answers the question.
///
/// # Errors
/// What opening and reading the facts gives, claims or a pasted text that cannot be read.
pub async fn run(global: &Global, args: &Explain) -> Result<Exit, Failure> {
    let pasted = match &args.paste {
        Some(_) => Some(paste::read()?),
        None => None,
    };
    let Some((caller, target)) = paste::pair(args, pasted.as_ref())? else {
        return paste::lacking(global.format, args, pasted.as_ref());
    };
    let named = pasted.as_ref().map(Pasted::question);
    let question = Question {
        caller,
        target,
        permission: args
            .wanted
            .permission
            .clone()
            .or(named)
            .unwrap_or_else(Permission::get_access_token),
        time: args.wanted.at.unwrap_or_else(Timestamp::now),
        via: args.beside.via.clone(),
        attributes: args.beside.attribute.clone(),
        claims: args.beside.claims()?,
        call: pasted.as_ref().map(Pasted::call).unwrap_or_default(),
    };
    let facts = facts::open(global).await?;
    let question = facts.with_last_write(question);
    let answer = answer(&facts, &question).await;
    let end = answer.and_then(|answer| {
        shown(global.format, &answer, &facts, pasted.as_ref())?;
        Ok(exit(answer.explanation.outcome))
    });
    facts.close().await;
    end
}

fn shown(
    format: Format,
    answer: &Answer,
    facts: &Facts,
    pasted: Option<&Pasted>,
) -> Result<(), Failure> {
    let mut page = Page::default();
    if let Some(pasted) = pasted {
        paste::meaning(&mut page, pasted);
    }
    if format == Format::Json {
        page.print_aside();
        return out::json(&json::whole(answer, pasted));
    }
    page.gap();
    text::page(&mut page, answer, facts);
    page.print()
}

fn exit(outcome: Outcome) -> Exit {
    match outcome {
        Outcome::WouldSucceed => Exit::Done,
        Outcome::WouldFail => Exit::No,
        Outcome::Unknown => Exit::Unknown,
    }
}

async fn answer(facts: &Facts, question: &Question) -> Result<Answer, Failure> {
    let mut estate = facts.survey(question).await?;
    let explanation = explain(&estate, question);
    let causes = diagnose(&estate, &explanation);
    let options = PlanOptions::default();
    let plan = repairs::planned(facts, &mut estate, &explanation, &causes, options).await?;
    Ok(Answer {
        estate,
        explanation,
        causes,
        plan,
    })
}
