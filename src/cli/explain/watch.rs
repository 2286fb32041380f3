//! `explain --watch`: the same question at intervals, a line each time.

use std::time::Duration;

use jiff::{Timestamp, ZonedDateTime};
use serde_json::json;

use super::super::Exit;
use super::super::args::Format;
use super::super::facts::FactSource;
use super::super::failure::Failure;
use super::super::out;
use super::exit;
use crate::answer::Answer;
use crate::answer::turned::turned;
use crate::evaluate::{Outcome, Question};
use crate::repair::PlanOptions;
use crate::text::visible;

/// The longest pause, however often the server asks for patience (chosen).
const LONGEST: Duration = Duration::from_secs(600);

/// Asks until nobody reads it any more. `fixed`: the moment asked about is given, not now. It never overlaps itself:
/// the pause begins when an answer is there. Where the server wants fewer calls, or none answers, pauses grow.
///
/// # Errors
/// What the first reading of the facts gives, and what writing to stdout does.
pub(super) async fn watch(
    facts: &FactSource,
    question: Question,
    every: Duration,
    fixed: bool,
    format: Format,
) -> Result<Exit, Failure> {
    let mut before: Option<Answer> = None;
    let mut pause = every;
    loop {
        let begun = Timestamp::now();
        let mut asked = question.clone();
        if !fixed {
            asked.time = begun;
        }
        let result = facts.answer(asked, PlanOptions::default()).await;
        let throttled = facts.client()?.was_throttled(begun);
        let patience = throttled || result.is_err();
        pause = if patience {
            (pause * 2).min(LONGEST.max(every))
        } else {
            every
        };
        let read = match (result, &before) {
            (Ok(answer), _) => {
                let read = out::still_read(&line(&answer, before.as_ref(), format))?;
                before = Some(answer);
                read
            }
            (Err(failure), None) => return Err(failure),
            (Err(failure), Some(_)) => out::still_read(&failed(&failure, pause, format))?,
        };
        if !read {
            return Ok(before.map_or(Exit::Unknown, |a| exit(a.explanation.outcome)));
        }
        tokio::time::sleep(pause).await;
    }
}

fn line(answer: &Answer, before: Option<&Answer>, format: Format) -> String {
    let explanation = &answer.explanation;
    let turns = before.is_some_and(|b| b.explanation.outcome != explanation.outcome);
    let changes = before.map_or_else(Vec::new, |before| {
        turned(
            (&before.estate, &before.explanation),
            (&answer.estate, explanation),
        )
    });
    if format == Format::Json {
        let causes: Vec<_> = answer.causes.iter().map(|c| c.kind).collect();
        return json!({
            "time": Timestamp::now().to_string(),
            "outcome": explanation.outcome.word(),
            "verdict": explanation.verdict.word(),
            "causes": causes,
            "turned": turns,
            "changes": changes,
        })
        .to_string();
    }
    let word = match explanation.outcome {
        Outcome::WouldSucceed => "the call would succeed",
        Outcome::WouldFail => "the call would fail",
        Outcome::Unknown => "cannot be told",
    };
    let mut text = format!("{}  {word}", now());
    if turns {
        text.push_str("  TURNED");
    }
    for change in changes {
        text.push_str("  changed: ");
        text.push_str(&change);
    }
    if let Some(cause) = answer.causes.first().filter(|_| turns || before.is_none()) {
        text.push_str("  ");
        text.push_str(&cause.message);
    }
    visible(&text)
}

fn failed(failure: &Failure, pause: Duration, format: Format) -> String {
    let why = visible(&failure.to_string());
    if format == Format::Json {
        return json!({ "time": Timestamp::now().to_string(), "error": why }).to_string();
    }
    format!(
        "{}  not answered, next in {} s: {why}",
        now(),
        pause.as_secs()
    )
}

/// `14:03:11`, in the local time zone.
fn now() -> String {
    ZonedDateTime::now().strftime("%H:%M:%S").to_string()
}
