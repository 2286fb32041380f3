//! `history` and `undo`: what bindscope changed, and taking it back.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::args::{Format, Global, UndoArgs};
use super::facts::{self, FactSource};
use super::failure::Failure;
use super::out::{self, Ink, TextPage};
use super::out::{glyphs, mark};
use super::{Exit, ask};
use crate::evaluate::Truth;
use crate::repair::diff::{DiffKind, diff};
use crate::repair::history::{self, ChangeState, HistoryEntry, HistoryListing};
use crate::repair::undo::How;
use crate::repair::{Standing, Undone, newest_in_force, standings, undo};
use crate::text::counted;

/// What has to be typed before anything is taken back.
const WORD: &str = "undo";

/// Lists the changes, the newest first; those that can be reached are asked for in the policies. In
/// JSON `standing` is `IN_FORCE`, `NOT_THERE` or `UNKNOWN`, with `standingWords` for people; both are
/// null where nobody was asked.
///
/// # Errors
/// A history that cannot be read.
pub async fn list(global: &Global) -> Result<Exit, Failure> {
    let listing = history::list(&facts::history_of(global)?)?;
    let standing = standing(global, &listing).await;
    if global.format == Format::Json {
        let changes = listing.entries.iter().map(|entry| {
            let mut object = entry.to_json();
            let found = standing.get(&entry.id);
            object["standing"] = found.map(Standing::word).into();
            object["standingWords"] = words(&standing, entry).into();
            object
        });
        let changes: Vec<Value> = changes.collect();
        out::json(&json!({ "changes": changes, "skippedLines": listing.skipped }))?;
        return Ok(Exit::Done);
    }
    let mut page = TextPage::default();
    if listing.entries.is_empty() {
        page.line(Ink::Plain, "Nothing was changed yet.");
    }
    for entry in &listing.entries {
        row(&mut page, entry, words(&standing, entry));
    }
    if listing.skipped > 0 {
        let lines = counted(listing.skipped, "line");
        let words = format!("{lines} of the history could not be read");
        page.line(Ink::Unsure, words);
    }
    page.print()?;
    Ok(Exit::Done)
}

/// Whether each change is in force, by id; those made elsewhere, and all without credentials or a
/// connection, are left out.
async fn standing(global: &Global, listing: &HistoryListing) -> BTreeMap<String, Standing> {
    let none = BTreeMap::new();
    // An emulator that is started now knows nothing of changes made in another.
    if listing.entries.is_empty() || global.demo.is_some() || !global.estate.is_empty() {
        return none;
    }
    let Ok(facts) = facts::open(global).await else {
        return none;
    };
    let Ok(client) = &facts.client else {
        return none;
    };
    standings(&*client.reader(), listing, client.endpoint()).await
}

fn words(standing: &BTreeMap<String, Standing>, entry: &HistoryEntry) -> Option<String> {
    standing.get(&entry.id).map(|s| s.words(&entry.state))
}

fn row(page: &mut TextPage, entry: &HistoryEntry, standing: Option<String>) {
    let ink = match entry.state {
        ChangeState::Applied { .. } => Ink::Good,
        ChangeState::Planned | ChangeState::Undoing => Ink::Unsure,
        ChangeState::Failed { .. } => Ink::Bad,
        ChangeState::Undone { .. } => Ink::Faint,
    };
    let record = &entry.record;
    let time = record.time.strftime("%Y-%m-%d %H:%M:%SZ").to_string();
    page.pieces(&[
        (Ink::Strong, &entry.id),
        (Ink::Plain, &format!("  {time}  ")),
        (ink, entry.state.word()),
        (
            Ink::Faint,
            &standing.map(|s| format!("  ({s})")).unwrap_or_default(),
        ),
    ]);
    let arrow = glyphs().arrow();
    match record.switched() {
        Some(switch) => page.line(Ink::Plain, format!("    {}", switch.title())),
        None => page.line(
            Ink::Plain,
            format!("    {} {arrow} {}", record.grant.member, record.grant.role),
        ),
    }
    if let Some(old) = &record.replaced {
        page.line(Ink::Plain, format!("    instead of {old}"));
    }
    page.line(Ink::Plain, format!("    on {}", record.resource));
    page.line(
        Ink::Faint,
        format!("    {} at {}", record.estate, record.endpoint),
    );
    if let ChangeState::Failed { reason } = &entry.state {
        page.wrapped(Ink::Faint, "    ", reason);
    }
}

/// Takes a change back.
///
/// # Errors
/// No such change, one made elsewhere, a write that is refused or whose end is not clear.
pub async fn take_back(global: &Global, args: &UndoArgs) -> Result<Exit, Failure> {
    let facts = facts::open(global).await?;
    let exit = back(&facts, global.format, args).await;
    facts.close();
    exit
}

async fn back(facts: &FactSource, format: Format, args: &UndoArgs) -> Result<Exit, Failure> {
    let client = facts.client()?;
    let reader = client.reader();
    let listing = history::list(&facts.history)?;
    let entry = match &args.id {
        Some(id) => Some(named(&listing, id)?),
        None => newest_in_force(&*reader, &listing, client.endpoint()).await,
    };
    let Some(entry) = entry else {
        let next = "bindscope history lists all changes, with where each was made";
        return Err(Failure::usage(
            format!(
                "nothing to take back: no change made at {} is in force",
                client.endpoint()
            ),
            next,
        ));
    };
    if !entry.is_at(client.endpoint()) {
        return Err(elsewhere(entry, client.endpoint()));
    }
    if facts.read_only {
        return Err(Failure::usage(
            "nothing was changed: --read-only",
            "leave --read-only away",
        ));
    }
    let resource = entry.resource();
    let closed = resource.and_then(|r| facts.closed.forbids_writing(None, &r));
    if let Some(why) = closed {
        return Err(Failure::usage(
            format!("nothing was changed: {why}"),
            "give --write to open this run",
        ));
    }
    if ask::somebody_there() && !args.yes {
        let mut page = TextPage::default();
        row(&mut page, entry, None);
        page.print_aside();
        if !ask::typed(WORD, "to take it back")? {
            out::aside("declined: nothing was changed");
            return Ok(Exit::No);
        }
    }
    let writer = facts.closed.guard(client.writer());
    let undone = undo(&*reader, &*writer, &facts.history, entry).await?;
    if format == Format::Json {
        out::json(&as_json(&undone, entry))?;
    } else {
        shown(&undone, entry).print()?;
    }
    Ok(Exit::Done)
}

fn named<'a>(listing: &'a HistoryListing, id: &str) -> Result<&'a HistoryEntry, Failure> {
    listing.find(id).ok_or_else(|| {
        let like = listing
            .entries
            .iter()
            .filter(|e| e.id.starts_with(id))
            .count();
        let came_back = match like {
            0 => format!("the history has no change '{id}'"),
            _ => format!("'{id}' begins the ids of {like} changes"),
        };
        Failure::usage(came_back, "bindscope history lists the ids")
    })
}

fn elsewhere(entry: &HistoryEntry, here: &str) -> Failure {
    let there = &entry.record.endpoint;
    let next = if entry.record.estate.starts_with("demo:")
        || entry.record.estate.starts_with("estate:")
    {
        "it was made in an emulator of its own, which ended with its program, the change with it"
            .to_owned()
    } else {
        format!(
            "reach the place where it was made: --endpoint {there}, or no --endpoint for Google itself"
        )
    };
    Failure::usage(
        format!("{} was changed at {there}, and this is {here}", entry.id),
        next,
    )
}

fn as_json(undone: &Undone, entry: &HistoryEntry) -> Value {
    json!({
        "undone": undone.how == How::TakenBack,
        "history": undone.id,
        "how": undone.how.words(),
        "resource": entry.record.resource,
        "before": undone.before,
        "after": undone.after,
    })
}

fn shown(undone: &Undone, entry: &HistoryEntry) -> TextPage {
    let mut page = TextPage::default();
    let record = &entry.record;
    page.pieces(&[
        (Ink::Good, mark(Truth::Yes)),
        (Ink::Strong, &format!(" {}: ", undone.how.words())),
        (Ink::Plain, &record.title()),
    ]);
    if let (Some(before), Some(after)) = (&undone.before, &undone.after) {
        for line in diff(before, after, 2).lines {
            let ink = match line.kind {
                DiffKind::Same => Ink::Plain,
                DiffKind::Added => Ink::Good,
                DiffKind::Removed => Ink::Bad,
            };
            page.line(ink, format!("  {} {}", line.kind.sign(), line.text));
        }
    }
    if let Some(warning) = &undone.journal_warning {
        page.line(Ink::Unsure, warning);
    }
    page
}
