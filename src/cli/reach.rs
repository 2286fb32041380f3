//! `who` and `reach`: everyone who gets to an account, every account that a caller gets to.

use jiff::Timestamp;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::Exit;
use super::args::{Edges, Format, Global, ReachArgs, WantedArgs, WhoArgs};
use super::claims;
use super::facts::{self, FactSource};
use super::failure::Failure;
use super::out::{self, Ink, TextPage, glyphs, mark};
use super::scope;
use crate::answer::limits;
use crate::answer::paths::{NotThere, PathEnd, PathsAnswer, PathsQuestion, Ways};
use crate::evaluate::reach::{TakenAway, TakenBy, Via};
use crate::evaluate::{Outcome, Truth, Verdict, WayIn};
use crate::iam::Permission;

/// Lists who gets to the target.
///
/// # Errors
/// What opening and reading the facts gives; a target that does not exist.
pub async fn who(global: &Global, args: &WhoArgs) -> Result<Exit, Failure> {
    let facts = facts::open(global).await?;
    let end = async {
        let brings = args.brought.brings()?;
        // The claims say whose they are; attributes alone are nobody's.
        let caller = match &brings.claims {
            Some(claims) => {
                Some(claims::caller(&facts, None, Some(claims), Some(&args.target)).await?)
            }
            None => None,
        };
        let question = PathsQuestion {
            ways: Ways::To {
                target: args.target.clone(),
                caller,
            },
            permission: wanted(&args.wanted),
            edges: Edges::ways(&args.edges),
            brings,
            time: args.wanted.at.unwrap_or_else(Timestamp::now),
            scope: facts.scope.clone(),
        };
        let answer = facts.paths(question).await?;
        if let Some(NotThere { words, next }) = answer.not_there {
            return Err(Failure::usage(words, next));
        }
        fits(&answer)?;
        let much = HowMuch {
            all: args.all,
            paths: true,
        };
        shown(&facts, global.format, answer, much)
    };
    let end = end.await;
    facts.close();
    end
}

/// So many rows are told in the text one by one (chosen: what somebody still reads).
const TOLD: usize = 200;

/// Up to so many names paths are written whole in JSON (chosen: a megabyte or two).
const NAMES_AT_MOST: usize = 20_000;

/// How much is told of an answer.
#[derive(Clone, Copy)]
struct HowMuch {
    /// Every row in the text.
    all: bool,
    /// Every path whole in JSON.
    paths: bool,
}

/// Lists what the caller gets to.
///
/// # Errors
/// What opening and reading the facts gives.
pub async fn reach(global: &Global, args: &ReachArgs) -> Result<Exit, Failure> {
    let facts = facts::open(global).await?;
    let end = async {
        let brings = args.brought.brings()?;
        let caller = args.caller.as_ref();
        let caller = claims::caller(&facts, caller, brings.claims.as_ref(), None).await?;
        let question = PathsQuestion {
            ways: Ways::From(caller),
            permission: wanted(&args.wanted),
            edges: Edges::ways(&args.edges),
            brings,
            time: args.wanted.at.unwrap_or_else(Timestamp::now),
            scope: facts.scope.clone(),
        };
        let answer = facts.paths(question).await?;
        // What a caller that does not exist reaches is nothing, which would say too little by itself.
        if let Some(NotThere { words, next }) = &answer.not_there {
            out::aside(&format!("note: {words} {next}"));
        }
        fits(&answer)?;
        let much = HowMuch {
            all: args.all,
            paths: args.paths,
        };
        shown(&facts, global.format, answer, much)
    };
    let end = end.await;
    facts.close();
    end
}

/// That what a caller brings is its own.
///
/// # Errors
/// It contradicts the caller or itself; a caller that is not federated brings nothing.
fn fits(answer: &PathsAnswer) -> Result<(), Failure> {
    let (Ways::From(caller)
    | Ways::To {
        caller: Some(caller),
        ..
    }) = &answer.question.ways
    else {
        return Ok(());
    };
    match &answer.exchange {
        Some(exchange) => claims::agrees(caller, exchange),
        None if answer.question.brings.claims.is_some() => {
            claims::not_federated(caller);
            Ok(())
        }
        None => Ok(()),
    }
}

pub(super) fn wanted(wanted: &WantedArgs) -> Permission {
    let given = wanted.permission.clone();
    given.unwrap_or_else(Permission::get_access_token)
}

/// What was asked, for people and scripts: which end it is (`target`), its name, and what a row is.
struct Head {
    role: &'static str,
    name: String,
    of_row: &'static str,
}

impl Head {
    fn of(ways: &Ways) -> Self {
        match ways {
            Ways::To { target, .. } => Self {
                role: "target",
                name: target.full_name(),
                of_row: "principal",
            },
            Ways::From(caller) => Self {
                role: "caller",
                name: caller.to_string(),
                of_row: "target",
            },
        }
    }
}

fn shown(
    facts: &FactSource,
    format: Format,
    answer: PathsAnswer,
    much: HowMuch,
) -> Result<Exit, Failure> {
    scope::tell(&answer.unlisted);
    let head = Head::of(&answer.question.ways);
    if format == Format::Json {
        let mut object = json!({
            "permission": answer.question.permission.as_str(),
            "results": [],
            "complete": answer.complete,
            "notRead": answer.not_read,
        });
        let edges = &answer.question.edges;
        if let Some(map) = object.as_object_mut() {
            if !edges.is_empty() {
                map.shift_remove("permission");
                map.shift_insert(0, "edges".to_owned(), words_of(edges));
            }
            map.shift_insert(0, head.role.to_owned(), head.name.into());
            if answer.bounded {
                map.insert("bounded".to_owned(), true.into());
            }
            if !answer.assumptions.is_empty() {
                let names = answer.assumptions.iter().map(|a| Value::from(a.name()));
                map.insert("assumptions".to_owned(), names.collect());
            }
        }
        let shares = !much.paths && are_many(&answer.ends);
        let rows = answer.ends.iter().map(|end| JsonRow {
            end,
            of_row: head.of_row,
            shares,
        });
        let object = object.as_object().cloned().unwrap_or_default();
        let mut trails = answer.ends.iter().map(|end| &end.trail);
        let shared = trails.find(|trail| shares && trail.goes_on_from().is_some());
        out::json_object(|out| {
            out::with_rows(out, &object, "results", rows)?;
            match shared {
                Some(trail) => out.list("steps", trail.all_steps().map(JsonStep)),
                None => Ok(()),
            }
        })?;
    } else {
        text(facts, &head, &answer, much)?;
    }
    out::leave(answer);
    Ok(Exit::Done)
}

/// Whether paths come to more names than are written whole.
fn are_many(ends: &[PathEnd]) -> bool {
    let mut names = 0_usize;
    ends.iter().any(|end| {
        names += end.trail.length();
        names > NAMES_AT_MOST
    })
}

/// A step that rows share, for scripts: to whom, and from which step before by which binding; the first is the caller.
struct JsonStep<'a>((&'a str, Option<(usize, &'a Via)>));

impl Serialize for JsonStep<'_> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let (to, before) = self.0;
        let mut map = s.serialize_map(Some(3))?;
        map.serialize_entry("to", to)?;
        map.serialize_entry("from", &before.map(|(from, _)| from))?;
        map.serialize_entry("via", &before.map(|(_, via)| JsonVia(via)))?;
        map.end()
    }
}

/// A row for scripts, written as it goes.
struct JsonRow<'a> {
    end: &'a PathEnd,
    of_row: &'static str,
    /// Whether it names the step that it goes on from, and not the whole path.
    shares: bool,
}

impl Serialize for JsonRow<'_> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let row = self.end;
        let mut map = s.serialize_map(None)?;
        map.serialize_entry(self.of_row, &row.name)?;
        map.serialize_entry("verdict", row.verdict.word())?;
        map.serialize_entry("outcome", row.outcome.word())?;
        if let Some(edge) = row.edges.first() {
            map.serialize_entry("edge", edge.word())?;
        }
        if let Some(from) = row.trail.goes_on_from().filter(|_| self.shares) {
            map.serialize_entry("from", &from)?;
            map.serialize_entry("length", &(row.trail.length() - 1))?;
            let own = row.trail.last_via().iter().map(JsonVia);
            map.serialize_entry("via", &out::ListOf(own))?;
        } else {
            map.serialize_entry("path", &out::ListOf(row.trail.path().into_iter()))?;
            map.serialize_entry(
                "via",
                &out::ListOf(row.trail.via().into_iter().map(JsonVia)),
            )?;
        }
        if !row.edges.is_empty() {
            map.serialize_entry("edges", &words_of(&row.edges))?;
        }
        if !row.conditions.is_empty() {
            map.serialize_entry("conditions", &row.conditions)?;
        }
        if !row.except.is_empty() {
            map.serialize_entry("except", &excepted(&row.except))?;
        }
        map.end()
    }
}

struct JsonVia<'a>(&'a Via);

impl Serialize for JsonVia<'_> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let via = self.0;
        let mut map = s.serialize_map(None)?;
        map.serialize_entry("resource", &via.resource.full_name())?;
        map.serialize_entry("role", &via.role)?;
        map.serialize_entry("member", &via.member)?;
        if !via.edges.is_empty() {
            map.serialize_entry("edges", &words_of(&via.edges))?;
        }
        map.end()
    }
}

pub(super) fn words_of(ways: &[WayIn]) -> Value {
    ways.iter().map(|way| Value::from(way.word())).collect()
}

/// Who of a set is shut out, for scripts.
pub fn excepted(except: &[TakenAway]) -> Value {
    let one = |taken: &TakenAway| {
        json!({
            "by": taken.by.word(), "name": taken.name, "principals": taken.principals,
            "but": taken.but, "certain": taken.certain,
        })
    };
    except.iter().map(one).collect()
}

/// The same for people.
pub fn excepted_words(taken: &TakenAway) -> String {
    let by = match taken.by {
        TakenBy::DenyRule => "the deny policy",
        TakenBy::Boundary => "the boundary bound by",
    };
    let perhaps = if taken.certain { "" } else { "perhaps " };
    let whom = if taken.principals.is_empty() {
        "some of it, which could not be read".to_owned()
    } else {
        taken.principals.join(", ")
    };
    let but = if taken.but.is_empty() {
        String::new()
    } else {
        format!(" (but not {})", taken.but.join(", "))
    };
    format!("{perhaps}not {whom}{but}, by {by} {}", taken.name)
}

pub(super) fn names_of(ways: &[WayIn]) -> String {
    if ways.len() == WayIn::ALL.len() {
        return "any kind of edge".to_owned();
    }
    let words: Vec<&str> = ways.iter().map(|way| way.word()).collect();
    words.join(", ")
}

/// One part of what is printed for people.
enum PagePart<'a> {
    Head(&'a FactSource, &'a Head),
    Row(&'a PathEnd),
    /// So many rows are told.
    Tail(usize),
}

/// Row by row: there may be a hundred thousand.
fn text(
    facts: &FactSource,
    head: &Head,
    answer: &PathsAnswer,
    much: HowMuch,
) -> Result<(), Failure> {
    let told = if much.all { answer.ends.len() } else { TOLD };
    let parts = std::iter::once(PagePart::Head(facts, head))
        .chain(answer.ends.iter().take(told).map(PagePart::Row))
        .chain(std::iter::once(PagePart::Tail(told)));
    out::print_pages(parts.map(|part| {
        move |page: &mut TextPage| match part {
            PagePart::Head(facts, head) => head_text(page, facts, head, answer),
            PagePart::Row(row) => row_text(page, row),
            PagePart::Tail(told) => tail_text(page, answer, told),
        }
    }))
}

fn head_text(page: &mut TextPage, facts: &FactSource, head: &Head, answer: &PathsAnswer) {
    let (permission, name) = (&answer.question.permission, &head.name);
    let kinds = names_of(&answer.question.edges);
    let title = match &answer.question.ways {
        Ways::To { .. } if !kinds.is_empty() => format!("Who becomes {name} by {kinds}"),
        Ways::From(_) if !kinds.is_empty() => format!("What {name} becomes by {kinds}"),
        Ways::To { .. } => format!("Who has {permission} on {name}"),
        Ways::From(_) => format!("What {name} reaches by {permission}"),
    };
    page.line(Ink::Strong, title);
    let seen = facts.viewer_words.as_ref();
    let seen = seen.map(|w| format!(", seen as {w}")).unwrap_or_default();
    page.line(Ink::Faint, format!("on {}{seen}", facts.label));
    page.gap();
    if answer.ends.is_empty() {
        page.line(Ink::Plain, "Nobody and nothing, as far as can be read.");
    }
}

fn row_text(page: &mut TextPage, row: &PathEnd) {
    let (tri, ink, word) = match row.verdict {
        Verdict::CanAccess => (Truth::Yes, Ink::Good, ""),
        Verdict::CannotAccess => (Truth::No, Ink::Bad, ""),
        Verdict::UnknownInfo => (
            Truth::UnknownInfo,
            Ink::Unsure,
            "  perhaps: something that decides could not be read",
        ),
        Verdict::UnknownConditional => (
            Truth::UnknownConditional,
            Ink::Unsure,
            "  perhaps: a condition needs a value that is not known",
        ),
    };
    let word = match row.verdict {
        Verdict::UnknownConditional if !row.conditions.is_empty() => "  perhaps",
        _ => word,
    };
    // Granted, and of no use: an account is off or gone, a pool gives no tokens.
    let (tri, ink, word) = match row.outcome {
        Outcome::WouldFail => (
            Truth::No,
            Ink::Bad,
            "  granted, but the call would fail: an account is off, gone or nobody's, or there is no token to be had",
        ),
        _ => (tri, ink, word),
    };
    page.pieces(&[
        (ink, mark(tri)),
        (Ink::Plain, " "),
        (Ink::Strong, &short(&row.name)),
        (ink, word),
    ]);
    let path = row.trail.path();
    if path.len() > 2 {
        let arrow = format!(" {} ", glyphs().arrow());
        let path: Vec<String> = path.iter().map(|step| short(step)).collect();
        page.wrapped(Ink::Plain, "    by way of ", &path.join(&arrow));
    }
    for condition in &row.conditions {
        page.wrapped(Ink::Unsure, "    if ", condition);
    }
    for taken in &row.except {
        page.wrapped(Ink::Unsure, "    ", &excepted_words(taken));
    }
    for via in row.trail.via() {
        let kinds = match names_of(&via.edges) {
            kinds if kinds.is_empty() => kinds,
            kinds => format!("{kinds}: "),
        };
        page.line(
            Ink::Faint,
            format!(
                "    {kinds}{} to {} on {}",
                via.role,
                via.member,
                via.resource.relative()
            ),
        );
    }
}

fn tail_text(page: &mut TextPage, answer: &PathsAnswer, told: usize) {
    page.line(Ink::Plain, "");
    let more = answer.ends.len().saturating_sub(told);
    if more > 0 {
        page.line(
            Ink::Faint,
            format!("and {more} more (all of them: --all, or --format json)"),
        );
    }
    let words = format!("{} in all", answer.ends.len());
    page.line(Ink::Faint, words);
    if answer.bounded {
        page.line(
            Ink::Unsure,
            "There may be more: so many accounts are within reach that the search was given up.",
        );
    } else if !answer.complete {
        page.line(
            Ink::Unsure,
            "There may be more: not everything could be read.",
        );
    }
    if !answer.complete {
        for name in &answer.not_read {
            page.line(Ink::Unsure, format!("  not read: {name}"));
        }
    }
    if let Some(words) = limits::taken_for_granted(&answer.assumptions) {
        page.wrapped(Ink::Unsure, limits::TAKEN, &words);
    }
}

/// An account without the service's name before it.
pub(super) fn short(name: &str) -> String {
    let account = name.strip_prefix("//iam.googleapis.com/");
    account
        .and_then(|path| path.rsplit_once('/'))
        .map_or(name, |(_, email)| email)
        .to_owned()
}
