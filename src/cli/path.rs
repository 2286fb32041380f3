//! `path`: the shortest way of impersonation from a caller to an account, with the binding of each step.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Exit;
use super::args::{BetweenArgs, Edges, Format, Global, PathArgs};
use super::claims;
use super::facts::{self, FactSource};
use super::failure::Failure;
use super::out::{self, Ink, TextPage, glyphs, mark};
use super::reach::{names_of, short, wanted, words_of};
use super::scope;
use crate::answer::between::{BetweenAnswer, BetweenFacts, BetweenQuestion};
use crate::answer::limits;
use crate::answer::paths::NotThere;
use crate::evaluate::reach::{BindingUnit, PathStep, ShortestPaths, StepsBy};
use crate::evaluate::{Outcome, Truth, Verdict};

/// So many paths are told (chosen).
const PATHS_AT_MOST: usize = 10_000;

/// Says the shortest path, or all as short.
///
/// # Errors
/// What opening and reading the facts gives; a target that does not exist.
pub async fn run(global: &Global, args: &PathArgs) -> Result<Exit, Failure> {
    let facts = facts::open(global).await?;
    let end = async {
        let (question, read) = asked(&facts, &args.between, false).await?;
        let answer = question.shortest(read, args.all, PATHS_AT_MOST);
        scope::tell(&answer.facts.unlisted);
        if global.format == Format::Json {
            json_of(&question, &answer, args.all)?;
        } else {
            text(&facts, &question, &answer, args.all)?;
        }
        Ok(match answer.paths.outcome {
            Outcome::WouldSucceed => Exit::Done,
            Outcome::WouldFail => Exit::No,
            Outcome::Unknown => Exit::Unknown,
        })
    };
    let end = end.await;
    facts.close();
    end
}

/// The question that options ask, with what it needs read.
///
/// # Errors
/// What reading gives; a target that does not exist; a caller that what it brings contradicts.
pub(super) async fn asked(
    facts: &FactSource,
    args: &BetweenArgs,
    callers: bool,
) -> Result<(BetweenQuestion, BetweenFacts), Failure> {
    let brings = args.brought.brings()?;
    let target = Some(&args.target);
    let caller = claims::caller(facts, args.caller.as_ref(), brings.claims.as_ref(), target);
    let question = BetweenQuestion {
        caller: caller.await?,
        target: args.target.clone(),
        by: BetweenQuestion::by(wanted(&args.wanted), Edges::ways(&args.edges)),
        brings,
        time: args.wanted.at.unwrap_or_else(Timestamp::now),
        scope: facts.scope.clone(),
    };
    let read = facts.between(&question, callers).await?;
    if let Some(NotThere { words, next }) = &read.no_target {
        return Err(Failure::usage(words, next));
    }
    if let Some(NotThere { words, next }) = &read.no_caller {
        out::aside(&format!("note: {words} {next}"));
    }
    match &read.exchange {
        Some(exchange) => claims::agrees(&question.caller, exchange)?,
        None if question.brings.claims.is_some() => claims::not_federated(&question.caller),
        None => {}
    }
    Ok((question, read))
}

/// Who, to whom and by what: what every object of `path` and `cut` begins with.
pub(super) fn head_of(question: &BetweenQuestion, target: &str) -> Value {
    let mut head = json!({ "caller": question.caller.to_string(), "target": target });
    if let Some(map) = head.as_object_mut() {
        match &question.by {
            StepsBy::Permission(asked) => {
                map.insert("permission".to_owned(), asked.as_str().into());
            }
            StepsBy::Ways(ways) => {
                map.insert("edges".to_owned(), words_of(ways));
            }
        }
    }
    head
}

/// Puts what an answer takes for granted behind the rest, where there is something.
pub(super) fn assumed(object: &mut Value, facts: &BetweenFacts) {
    let names: Vec<Value> = facts.assumptions.iter().map(|a| a.name().into()).collect();
    if let Some(map) = object.as_object_mut().filter(|_| !names.is_empty()) {
        map.insert("assumptions".to_owned(), names.into());
    }
}

fn json_of(question: &BetweenQuestion, answer: &BetweenAnswer, all: bool) -> Result<(), Failure> {
    let paths = &answer.paths;
    let mut object = head_of(question, &paths.target.full_name());
    if let Some(map) = object.as_object_mut() {
        let length = paths.paths.first().map(Vec::len);
        map.insert("verdict".to_owned(), paths.verdict.word().into());
        map.insert("outcome".to_owned(), paths.outcome.word().into());
        map.insert("length".to_owned(), length.into());
        if all {
            map.insert("total".to_owned(), paths.total.into());
        }
        map.insert("paths".to_owned(), json!([]));
        map.insert("bounded".to_owned(), paths.bounded.into());
        map.insert("complete".to_owned(), paths.complete.into());
        map.insert("notRead".to_owned(), paths.not_read.clone().into());
    }
    assumed(&mut object, &answer.facts);
    let told = paths.paths.iter().map(|path| path_json(paths, path));
    let object = object.as_object().cloned().unwrap_or_default();
    out::json_with_rows(&object, "paths", told)
}

fn path_json(paths: &ShortestPaths, path: &[usize]) -> Value {
    let names = paths.steps_of(path).next().map(|first| first.from.clone());
    let names = names
        .into_iter()
        .chain(paths.steps_of(path).map(|step| step.to.clone()));
    json!({
        "path": names.collect::<Vec<String>>(),
        "steps": paths.steps_of(path).map(step_json).collect::<Vec<Value>>(),
    })
}

/// One step, for scripts.
pub(super) fn step_json(step: &PathStep) -> Value {
    let via = step.via.iter().map(|binding| {
        let mut one = unit_json(&binding.unit);
        if let Some(map) = one.as_object_mut() {
            map.insert("edges".to_owned(), words_of(&binding.edges));
        }
        one
    });
    let mut object = json!({
        "from": step.from,
        "to": step.to,
        "edge": step.edges.first().map(|way| way.word()),
        "edges": words_of(&step.edges),
        "verdict": step.verdict.word(),
        "via": via.collect::<Vec<Value>>(),
    });
    if let Some(map) = object
        .as_object_mut()
        .filter(|_| !step.conditions.is_empty())
    {
        map.insert("conditions".to_owned(), json!(step.conditions));
    }
    object
}

/// One member of one binding, for scripts.
pub(super) fn unit_json(unit: &BindingUnit) -> Value {
    json!({
        "resource": unit.resource.full_name(),
        "role": unit.role,
        "member": unit.member,
        "condition": unit.condition.as_deref(),
    })
}

/// The same for people.
pub(super) fn unit_words(unit: &BindingUnit) -> String {
    let under = match &unit.condition {
        Some(condition) => match condition.title.as_deref().filter(|t| !t.is_empty()) {
            Some(title) => format!(", under the condition {title}"),
            None => ", under a condition".to_owned(),
        },
        None => String::new(),
    };
    let on = unit.resource.relative();
    format!("{} to {} on {on}{under}", unit.role, unit.member)
}

/// By what is gone, for people.
pub(super) fn by_words(by: &StepsBy) -> String {
    match by {
        StepsBy::Permission(asked) => asked.to_string(),
        StepsBy::Ways(ways) => names_of(ways),
    }
}

/// One part of what is printed for people.
enum PathPart<'a> {
    Head,
    Path(usize, &'a [usize]),
    Tail,
}

/// Path by path: there may be ten thousand.
fn text(
    facts: &FactSource,
    question: &BetweenQuestion,
    answer: &BetweenAnswer,
    all: bool,
) -> Result<(), Failure> {
    let paths = &answer.paths;
    let each = paths.paths.iter().enumerate();
    let each = each.map(|(place, path)| PathPart::Path(place, path));
    let parts = std::iter::once(PathPart::Head)
        .chain(each)
        .chain(std::iter::once(PathPart::Tail));
    out::print_pages(parts.map(|part| {
        move |page: &mut TextPage| match part {
            PathPart::Head => head_text(page, facts, question, paths),
            PathPart::Path(place, path) => {
                if all {
                    page.line(Ink::Plain, "");
                    page.line(Ink::Strong, format!("Path {}", place + 1));
                }
                for step in paths.steps_of(path) {
                    step_text(page, step, glyphs().arrow());
                }
            }
            PathPart::Tail => tail_text(page, answer, all),
        }
    }))
}

fn head_text(
    page: &mut TextPage,
    facts: &FactSource,
    question: &BetweenQuestion,
    paths: &ShortestPaths,
) {
    let (caller, target) = (question.caller.to_string(), paths.target.full_name());
    let by = by_words(&question.by);
    let title = format!("From {caller} to {} by {by}", short(&target));
    page.line(Ink::Strong, title);
    seen(page, facts);
    let Some(first) = paths.paths.first() else {
        none(page, paths);
        return;
    };
    let steps = match first.len() {
        1 => "1 step".to_owned(),
        some => format!("{some} steps"),
    };
    let (tri, ink, word) = match (paths.outcome, paths.verdict) {
        (Outcome::WouldFail, _) => (
            Truth::No,
            Ink::Bad,
            ": granted, but the calls would fail: an account is off, gone or nobody's, or there is no token to be had",
        ),
        (_, Verdict::UnknownInfo) => (
            Truth::UnknownInfo,
            Ink::Unsure,
            ", perhaps: something that decides could not be read",
        ),
        (_, Verdict::UnknownConditional) => (Truth::UnknownConditional, Ink::Unsure, ", perhaps"),
        _ => (Truth::Yes, Ink::Good, ""),
    };
    page.pieces(&[
        (ink, mark(tri)),
        (Ink::Plain, " "),
        (Ink::Strong, &steps),
        (ink, word),
    ]);
}

fn tail_text(page: &mut TextPage, answer: &BetweenAnswer, all: bool) {
    let paths = &answer.paths;
    if all && !paths.paths.is_empty() {
        let told = paths.paths.len() as u64;
        let words = if told < paths.total {
            format!("{told} paths of {} that are as short", paths.total)
        } else if told == 1 {
            "no other path is as short".to_owned()
        } else {
            format!("{told} paths, none of them longer than another")
        };
        page.line(Ink::Plain, "");
        page.line(Ink::Faint, words);
    }
    unread(page, paths.complete, &paths.not_read, &answer.facts);
}

/// Where it was looked, and with whose eyes.
pub(super) fn seen(page: &mut TextPage, facts: &FactSource) {
    let by = facts.viewer_words.as_ref();
    let by = by.map(|w| format!(", seen as {w}")).unwrap_or_default();
    page.line(Ink::Faint, format!("on {}{by}", facts.label));
    page.gap();
}

fn none(page: &mut TextPage, paths: &ShortestPaths) {
    let (tri, ink, words) = if paths.complete {
        (Truth::No, Ink::Bad, "There is no path.")
    } else if paths.bounded {
        (
            Truth::UnknownInfo,
            Ink::Unsure,
            "No path that can be told: so many accounts are within reach that the search was given up.",
        )
    } else {
        (
            Truth::UnknownInfo,
            Ink::Unsure,
            "No path that can be told: not everything could be read.",
        )
    };
    page.pieces(&[(ink, mark(tri)), (Ink::Plain, " "), (ink, words)]);
}

/// One step for people, with the bindings that open it.
pub(super) fn step_text(page: &mut TextPage, step: &PathStep, arrow: &str) {
    let kinds = match names_of(&step.edges) {
        kinds if kinds.is_empty() => String::new(),
        kinds => format!("  {kinds}"),
    };
    let (ink, word) = match step.verdict {
        Verdict::CanAccess => (Ink::Plain, ""),
        Verdict::UnknownConditional if !step.conditions.is_empty() => (Ink::Unsure, "  perhaps"),
        Verdict::UnknownConditional => (
            Ink::Unsure,
            "  perhaps: a condition needs a value that is not known",
        ),
        _ => (
            Ink::Unsure,
            "  perhaps: something that decides could not be read",
        ),
    };
    page.pieces(&[
        (
            Ink::Plain,
            &format!("  {} {arrow} {}", short(&step.from), short(&step.to)),
        ),
        (Ink::Strong, &kinds),
        (ink, word),
    ]);
    for condition in &step.conditions {
        page.wrapped(Ink::Unsure, "      if ", condition);
    }
    for binding in &step.via {
        page.line(Ink::Faint, format!("      {}", unit_words(&binding.unit)));
    }
}

/// What was not read, and what is taken for granted.
pub(super) fn unread(
    page: &mut TextPage,
    complete: bool,
    not_read: &[String],
    facts: &BetweenFacts,
) {
    if !complete {
        page.gap();
        page.line(
            Ink::Unsure,
            "There may be other ways: not everything could be read.",
        );
        for name in not_read {
            page.line(Ink::Unsure, format!("  not read: {name}"));
        }
    }
    if let Some(words) = limits::taken_for_granted(&facts.assumptions) {
        page.wrapped(Ink::Unsure, limits::TAKEN, &words);
    }
}
