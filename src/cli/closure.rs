//! `closure`: what every caller gets to, counted; with `--sets` in JSON which accounts, too.

use std::cmp::Reverse;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::args::{ClosureArgs, Edges, Format, Global};
use super::facts;
use super::failure::Failure;
use super::out::{self, Ink, TextPage};
use super::path::by_words;
use super::reach::{wanted, words_of};
use super::{Exit, scope};
use crate::answer::between::BetweenQuestion;
use crate::answer::limits;
use crate::answer::paths::PathsQuestion;
use crate::estate::Assumption;
use crate::evaluate::reach::{CallerAccounts, CallerReach, Closure, StepsBy, closure};
use crate::text::counted;

/// So many callers are told in the text one by one (chosen: a screen).
const TOLD: usize = 50;
/// So many sets are named in the text (chosen: three lines).
const SETS_TOLD: usize = 3;

/// Counts what each caller gets to.
///
/// # Errors
/// What opening and reading the facts gives.
pub async fn run(global: &Global, args: &ClosureArgs) -> Result<Exit, Failure> {
    let facts = facts::open(global).await?;
    let by = BetweenQuestion::by(wanted(&args.wanted), Edges::ways(&args.edges));
    let everything = PathsQuestion::facts_of_all(&by, &facts.scope);
    let seen = scope::survey_of_all(&facts, &everything).await;
    let label = facts.label.clone();
    facts.close();
    let seen = seen?;
    seen.tell();
    let time = args.wanted.at.unwrap_or_else(Timestamp::now);
    let mut answer = closure(&seen.estate, &by, time);
    answer.complete &= seen.unlisted.is_empty();
    answer.not_read.extend(seen.not_listed());
    answer.not_read.sort_unstable();
    answer.not_read.dedup();
    if !seen.unlisted.is_empty() {
        answer
            .results
            .iter_mut()
            .for_each(|row| row.complete = false);
    }
    let assumptions: Vec<Assumption> = seen.estate.assumptions().collect();
    if global.format == Format::Json {
        let head = std::iter::once(head(&by, &answer, &assumptions));
        let shared = if args.sets {
            answer.shared()
        } else {
            Vec::new()
        };
        let shared = shared.into_iter().map(|(number, list)| {
            let mut line = Map::new();
            line.insert("set".to_owned(), number.into());
            line.insert("of".to_owned(), list.shared.into());
            put_accounts(&mut line, list);
            line.into()
        });
        let rows = answer
            .results
            .iter()
            .map(|row| line_of(&answer, row, args.sets));
        out::json_lines(head.chain(shared).chain(rows))?;
    } else {
        text(&by, &label, &answer, args.all, &assumptions).print()?;
    }
    out::leave((seen, answer));
    Ok(Exit::Done)
}

fn head(by: &StepsBy, answer: &Closure, assumptions: &[Assumption]) -> Value {
    let mut head = Map::new();
    match by {
        StepsBy::Permission(asked) => head.insert("permission".to_owned(), asked.as_str().into()),
        StepsBy::Ways(ways) => head.insert("edges".to_owned(), words_of(ways)),
    };
    head.insert("callers".to_owned(), answer.callers.into());
    head.insert("accounts".to_owned(), answer.accounts.into());
    head.insert("results".to_owned(), answer.results.len().into());
    head.insert("complete".to_owned(), answer.complete.into());
    head.insert("notRead".to_owned(), json!(answer.not_read));
    if !answer.sets.is_empty() {
        head.insert("sets".to_owned(), json!(answer.sets));
    }
    if !assumptions.is_empty() {
        let names = assumptions.iter().map(|a| Value::from(a.name()));
        head.insert("assumptions".to_owned(), names.collect());
    }
    head.into()
}

fn line_of(answer: &Closure, row: &CallerReach, sets: bool) -> Value {
    let mut line = Map::new();
    line.insert("caller".to_owned(), row.caller.to_string().into());
    line.insert("canAccess".to_owned(), row.certain.into());
    line.insert("unknown".to_owned(), row.perhaps.into());
    line.insert("wouldFail".to_owned(), row.fails.into());
    line.insert("complete".to_owned(), row.complete.into());
    if sets {
        let list = answer.accounts_of(row);
        line.insert("of".to_owned(), list.shared.into());
        if let Some(without) = &list.without {
            line.insert("without".to_owned(), without.clone().into());
        }
        put_accounts(&mut line, list);
    }
    line.into()
}

fn put_accounts(line: &mut Map<String, Value>, list: CallerAccounts) {
    line.insert("accounts".to_owned(), list.certain.into());
    line.insert("perhaps".to_owned(), list.perhaps.into());
}

fn text(
    by: &StepsBy,
    label: &str,
    answer: &Closure,
    all: bool,
    assumptions: &[Assumption],
) -> TextPage {
    let mut page = TextPage::default();
    let title = format!("What every caller gets to by {}", by_words(by));
    page.line(Ink::Strong, title);
    page.line(Ink::Faint, format!("on {label}"));
    page.gap();
    let mut rows: Vec<&CallerReach> = answer.results.iter().collect();
    rows.sort_by_key(|row| (Reverse(row.certain), Reverse(row.perhaps)));
    let told = if all { rows.len() } else { TOLD };
    for row in rows.iter().take(told) {
        let mut words = format!("{:>9}  {}", row.certain, row.caller);
        if row.perhaps > 0 {
            words.push_str(&format!(", and perhaps {} more", row.perhaps));
        }
        if row.fails > 0 {
            words.push_str(&format!(
                "; {} of them to no use, something is off",
                row.fails
            ));
        }
        let ink = if row.complete {
            Ink::Plain
        } else {
            Ink::Unsure
        };
        page.line(ink, words);
    }
    if rows.is_empty() {
        page.line(
            Ink::Plain,
            "None of the callers in sight gets to an account, as far as can be read.",
        );
    }
    let more = rows.len().saturating_sub(told);
    if more > 0 {
        page.line(
            Ink::Faint,
            format!("and {} (all of them: --all)", counted(more, "more caller")),
        );
    }
    page.gap();
    let words = format!(
        "Of {} in sight, {} get to some of {}, or may",
        counted(answer.callers, "caller"),
        rows.len(),
        counted(answer.accounts, "account")
    );
    page.line(Ink::Faint, words);
    if let Some(words) = sets_words(&answer.sets) {
        page.wrapped(Ink::Unsure, "", &words);
    }
    if !answer.complete {
        page.line(
            Ink::Unsure,
            "There may be more: not everything could be read, or decided.",
        );
        for name in &answer.not_read {
            page.line(Ink::Unsure, format!("  not read: {name}"));
        }
    }
    if let Some(words) = limits::taken_for_granted(assumptions) {
        page.wrapped(Ink::Unsure, limits::TAKEN, &words);
    }
    page
}

/// Whom no row tells of: those in a set whom nothing names.
fn sets_words(sets: &[String]) -> Option<String> {
    let first = sets.iter().take(SETS_TOLD).cloned().collect::<Vec<_>>();
    let more = match sets.len().saturating_sub(SETS_TOLD) {
        0 => String::new(),
        more => format!(" and {}", counted(more, "more set")),
    };
    (!sets.is_empty()).then(|| {
        format!(
            "Beside them others may get to accounts whom nothing names, by {}{more}: who tells of each account which sets have it.",
            first.join(", ")
        )
    })
}
