//! The ways to mend an answer side by side: what each would allow beyond what is asked for.

use super::super::look::page::{ScreenPage, Text, line, piece};
use super::super::look::text::{width, wrap};
use super::super::look::theme::StyleRole;
use super::super::model::KnownAnswer;
use super::super::model::tree::title;
use super::super::words::permission_words;
use crate::answer::blast::BlastRadius;
use crate::iam::address::short;
use crate::iam::{Permission, Resource};
use crate::repair::{Power, Remedy};
use crate::text::visible;

/// A column narrower than this cannot be read (chosen).
const COLUMN: usize = 24;
/// What the names of the lines take.
const NAMES: usize = 12;

/// A page is no wider than this, whatever the screen is.
const WIDEST: usize = 110;
/// The frame, and what stands free beside it.
const EDGES: usize = 5;

/// Counts the accounts that something holds, where all of them are listed.
type CountFn<'a> = &'a dyn Fn(&Resource) -> Option<usize>;

/// The ways side by side where so many cells have room for that, else one below the other.
#[must_use]
pub fn ways_page(known: &KnownAnswer, count: CountFn<'_>, cells: usize) -> ScreenPage {
    let offered = known.plan.remedies.iter().map(|way| (way, true));
    let refused = known.plan.refused.iter().map(|way| (way, false));
    let ways: Vec<Vec<Cell>> = offered
        .chain(refused)
        .enumerate()
        .map(|(i, (way, offered))| cells_of(known, i, way, offered, count))
        .collect();
    let room = cells.min(WIDEST).saturating_sub(EDGES);
    let column = room.saturating_sub(NAMES) / ways.len().max(1);
    let mut lines = if ways.len() > 1 && column >= COLUMN {
        beside(&ways, column)
    } else {
        below(&ways, room.saturating_sub(NAMES))
    };
    lines.push(Vec::new());
    lines.push(line(
        StyleRole::Dim,
        "What the caller can then do is judged on the policies that were read, for the ways to act as an account. Nothing is changed here; the fix shows its diff first.",
    ));
    let title = match ways.len() {
        1 => "the one fix, and what it would allow".to_owned(),
        n => format!("{n} fixes, and what each would allow"),
    };
    ScreenPage::new(title, lines)
}

/// What stands under one name for one way.
struct Cell {
    name: &'static str,
    role: StyleRole,
    words: String,
}

fn cells_of(
    known: &KnownAnswer,
    i: usize,
    way: &Remedy,
    offered: bool,
    count: CountFn<'_>,
) -> Vec<Cell> {
    let radius = BlastRadius::of(&known.estate, &known.explanation, way);
    let cell = |name, role, words: String| Cell {
        name,
        role,
        words: visible(&words),
    };
    let mark = match (offered, way.recommended) {
        (false, _) => ", refused by an organization policy",
        (true, true) => ", recommended",
        (true, false) => "",
    };
    let reach: Vec<String> = radius
        .on
        .iter()
        .map(|at| reaches(known, at, count))
        .collect();
    // Where something is turned on alone nobody is granted anything, and whoever was granted it has it again.
    let grants = way.bindings().next().is_some();
    let new = permissions(&radius.gains);
    let perhaps = permissions(&radius.perhaps);
    let new = match (new.is_empty(), perhaps.is_empty()) {
        _ if !grants => "what it is granted already".to_owned(),
        (true, true) => "nothing".to_owned(),
        (false, true) => new,
        (true, false) => format!("perhaps {perhaps}"),
        (false, false) => format!("{new}; perhaps {perhaps}"),
    };
    let reach = match grants {
        true => reach.join("; "),
        false => "no policy changes".to_owned(),
    };
    let held = match radius.permissions {
        _ if !grants => "no role is granted".to_owned(),
        Some(0) => "no permission".to_owned(),
        Some(1) => "1 permission".to_owned(),
        Some(n) => format!("{n} permissions"),
        None => "? (the role was not read)".to_owned(),
    };
    let through = match radius.through {
        _ if !grants => "not counted".to_owned(),
        0 => "nobody was seen".to_owned(),
        1 => "1 member that can act as the caller".to_owned(),
        n => format!("{n} members that can act as the caller"),
    };
    let others = if !grants {
        "everybody who is granted it already".to_owned()
    } else if radius.others.is_empty() {
        "the caller alone".to_owned()
    } else {
        radius.others.join(" ")
    };
    let (power_role, power) = match radius.power {
        _ if !grants => (StyleRole::Dim, "has the roles that it had".to_owned()),
        Power::Nothing => (StyleRole::Dim, "nothing was seen".to_owned()),
        power @ (Power::ActsAsOthers | Power::GivesAccess) => {
            (StyleRole::Warning, power.word().to_owned())
        }
        power => (StyleRole::Text, power.word().to_owned()),
    };
    let certain = if way.certain {
        "yes"
    } else {
        "not certain: something that may still refuse was not read"
    };
    vec![
        cell(
            "",
            StyleRole::Heading,
            format!("{}. {}{mark}", i + 1, named(known, way)),
        ),
        cell("reaches", StyleRole::Text, reach),
        cell("new for it", StyleRole::Text, new),
        cell("role holds", StyleRole::Text, held),
        cell("who gains", StyleRole::Text, others),
        cell("through it", StyleRole::Text, through),
        cell("the target", power_role, power),
        cell("helps", StyleRole::Text, certain.to_owned()),
    ]
}

/// A way in few words: its bindings by role and place.
fn named(known: &KnownAnswer, way: &Remedy) -> String {
    match way.single() {
        Some(repair) => {
            let role = title(&known.estate, &repair.role);
            let at = known.estate.label(&repair.resource);
            match &repair.replaces {
                Some(old) => {
                    let old = match old.strip_prefix("deleted:serviceAccount:") {
                        Some(gone) => {
                            format!(
                                "the deleted {}",
                                short(gone.split('?').next().unwrap_or(gone))
                            )
                        }
                        None => {
                            short(old.strip_prefix("serviceAccount:").unwrap_or(old)).to_owned()
                        }
                    };
                    format!("{role} on {at}, in the place of {old}")
                }
                None => format!("{role} on {at}"),
            }
        }
        None => way.title.clone(),
    }
}

fn reaches(known: &KnownAnswer, at: &Resource, count: CountFn<'_>) -> String {
    let label = known.estate.label(at);
    match (at, count(at)) {
        (Resource::ServiceAccount { .. }, _) => "1 account, the target".to_owned(),
        (_, Some(0)) => format!("no account now; all of {label} made later"),
        (_, Some(1)) => format!("1 account: all of {label}, and those made later"),
        (_, Some(n)) => format!("{n} accounts: all of {label}, and those made later"),
        (_, None) => format!("all accounts of {label} (not counted), and those made later"),
    }
}

fn permissions(all: &[Permission]) -> String {
    let words: Vec<String> = all.iter().map(permission_words).collect();
    words.join(", ")
}

/// Each way a column.
fn beside(ways: &[Vec<Cell>], column: usize) -> Vec<Text> {
    let mut lines = Vec::new();
    let rows = ways.first().map_or(0, Vec::len);
    for row in 0..rows {
        let cells: Vec<&Cell> = ways.iter().filter_map(|way| way.get(row)).collect();
        let wrapped: Vec<Vec<String>> = cells
            .iter()
            .map(|cell| wrap(&cell.words, column.saturating_sub(2)))
            .collect();
        let high = wrapped.iter().map(Vec::len).max().unwrap_or(0);
        for i in 0..high {
            let name = cells.first().filter(|_| i == 0).map_or("", |c| c.name);
            let mut text = vec![piece(StyleRole::Dim, padded(name, NAMES))];
            for (cell, words) in cells.iter().zip(&wrapped) {
                let words = words.get(i).map_or("", String::as_str);
                text.push(piece(cell.role, padded(words, column)));
            }
            lines.push(text);
        }
    }
    lines
}

/// One way below the other; what goes on stands below where it began.
fn below(ways: &[Vec<Cell>], column: usize) -> Vec<Text> {
    let mut lines = Vec::new();
    for way in ways {
        if !lines.is_empty() {
            lines.push(Vec::new());
        }
        for cell in way {
            if cell.name.is_empty() {
                lines.push(vec![piece(cell.role, cell.words.clone())]);
                continue;
            }
            for (i, words) in wrap(&cell.words, column).into_iter().enumerate() {
                let name = if i == 0 { cell.name } else { "" };
                lines.push(vec![
                    piece(StyleRole::Dim, padded(name, NAMES)),
                    piece(cell.role, words),
                ]);
            }
        }
    }
    lines
}

fn padded(text: &str, cells: usize) -> String {
    let gap = cells.saturating_sub(width(text));
    format!("{text}{}", " ".repeat(gap))
}
