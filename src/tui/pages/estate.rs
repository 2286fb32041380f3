//! A row of a table of the estate in full, and what its cells say.

use std::collections::BTreeSet;

use super::super::look::page::{ScreenPage, line, piece};
use super::super::look::theme::StyleRole;
use crate::answer::inventory::{EstateCell, EstateTable, EstateTableKind};
use crate::answer::limits;
use crate::answer::reviewed::ReviewAnswer;
use crate::text::visible;

/// Each cell whole, by its column; then what the table rests on.
#[must_use]
pub fn estate_page(table: &EstateTable, row: usize) -> ScreenPage {
    let columns = table.kind.columns();
    // Of an account that is gone nothing is counted, which is not none.
    let state = |at: usize| columns.get(at).is_some_and(|c| c.name == "state");
    let deleted = table.kind == EstateTableKind::Accounts
        && (0..columns.len()).any(|at| state(at) && table.whole_cell(row, at).words() == "deleted");
    let mut lines = Vec::new();
    for (at, column) in columns.iter().enumerate() {
        let cell = table.whole_cell(row, at);
        let words = match cell {
            EstateCell::Empty => "none".to_owned(),
            _ => visible(&cell.words()),
        };
        if cell == EstateCell::Empty && (table.finding(row).is_some() || deleted) {
            continue;
        }
        let role = if cell.is_known() {
            StyleRole::Text
        } else {
            StyleRole::Unknown
        };
        lines.push(vec![
            piece(StyleRole::Dim, format!("{:<12}", column.title)),
            piece(role, words),
        ]);
    }
    lines.push(Vec::new());
    lines.extend(
        legend(table.kind)
            .iter()
            .map(|text| line(StyleRole::Dim, *text)),
    );
    lines.extend(
        estate_notes(table)
            .into_iter()
            .map(|note| line(StyleRole::Unknown, note)),
    );
    if let Some(answer) = table.review() {
        lines.extend(answer.review.not_judged.iter().map(|rule| {
            let words = format!("{} was not judged: {}.", rule.rule.id(), rule.why);
            line(StyleRole::Unknown, visible(&words))
        }));
    }
    let what = match table.kind {
        EstateTableKind::Findings => "the finding's id",
        _ => "the name",
    };
    ScreenPage::new("the selected row, whole", lines).copying(what, table.name(row))
}

/// What the columns say.
fn legend(kind: EstateTableKind) -> &'static [&'static str] {
    match kind {
        EstateTableKind::Accounts => &[
            "3+: three for certain; there may be more, because not all was read or something is not certain.",
            "used by: who gets an access token of it (iam.serviceAccounts.getAccessToken), as the list of who can reach it says; outsiders: those of them who are not of the organization's own domains; public: whether everybody, or everybody with a Google account, is among them.",
            "reaches: accounts whose access tokens it gets itself, in one step. The list of what a caller can reach follows chains.",
            "power: the greatest of the roles that it was seen to hold. conditions: those of its own policy's bindings that are over or will be.",
            "keys: those that people made and that are not disabled, where a file tells of keys; not read is not none.",
        ],
        EstateTableKind::Bindings => &[
            "A row for each member of a binding. state: what its condition comes to at the moment asked about; without a condition there is nothing to say.",
        ],
        EstateTableKind::Findings => &[
            "The rules, what they weigh and why stand in docs/review.md. left: until when somebody's file of suppressions leaves the finding; such findings come last.",
        ],
        EstateTableKind::Projects => &[
            "parents: from the top down; ? where the way up is not known. accounts and bindings: those of the project itself.",
        ],
    }
}

/// What was not read, and what is taken for granted.
#[must_use]
pub fn estate_notes(table: &EstateTable) -> Vec<String> {
    let Some(read) = table.read() else {
        return Vec::new();
    };
    let mut notes = Vec::new();
    let mut not_read = &read.not_read;
    if let Some(answer) = table.review() {
        not_read = &answer.review.not_read;
        notes.extend(not_judged(answer));
        for (what, list) in answer.idle_suppressions() {
            let ids: Vec<String> = list.iter().map(|one| visible(&one.id)).collect();
            if !ids.is_empty() {
                notes.push(format!("{}: {}.", capital(what), ids.join(", ")));
            }
        }
    }
    match not_read.as_slice() {
        [] => {}
        [one] => notes.push(format!("Not complete: {} was not read.", visible(one))),
        [one, rest @ ..] => notes.push(format!(
            "Not complete: {} and {} more were not read.",
            visible(one),
            rest.len()
        )),
    }
    let taken = limits::taken_for_granted(&read.assumptions);
    notes.extend(taken.map(|words| format!("{}{words}", limits::TAKEN)));
    notes
}

/// Rules that were not judged, by name; why stands on the page of a row.
fn not_judged(answer: &ReviewAnswer) -> Option<String> {
    let rules: BTreeSet<&str> = answer
        .review
        .not_judged
        .iter()
        .map(|rule| rule.rule.id())
        .collect();
    let rules: Vec<&str> = rules.into_iter().collect();
    (!rules.is_empty()).then(|| format!("Not judged, or not everywhere: {}.", rules.join(", ")))
}

fn capital(words: &str) -> String {
    let mut rest = words.chars();
    rest.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(rest).collect()
    })
}
