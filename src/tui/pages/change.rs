//! A change of the history in full.

use super::super::look::page::{ScreenPage, line, piece};
use super::super::look::theme::StyleRole;
use super::super::model::Change;
use super::super::words::in_zone;

/// A change in full.
#[must_use]
pub fn change_page(change: &Change) -> ScreenPage {
    let record = &change.entry.record;
    let row = |name: &str, text: &str| {
        vec![
            piece(StyleRole::Heading, format!("{name:<11}")),
            piece(StyleRole::Text, text),
        ]
    };
    let mut lines = vec![
        row("Id", &change.entry.id),
        row("State", &change.state_words()),
        row("Confirmed", &in_zone(record.time, "%Y-%m-%d %H:%M:%S %Z")),
        row("On", &record.resource),
        row("Role", &record.grant.role),
        row("Member", &record.grant.member),
    ];
    if let Some(replaced) = &record.replaced {
        lines.push(row("In place of", replaced));
    }
    if let Some(condition) = &record.grant.condition {
        lines.push(row("Condition", &condition.expression));
    }
    lines.push(row(
        "For",
        &format!("{} to {}", record.caller, record.permission),
    ));
    lines.push(row("Sent to", &record.endpoint));
    lines.push(row("Estate", &record.estate));
    lines.push(Vec::new());
    lines.push(line(
        StyleRole::Dim,
        "u in the list takes it back: only what was added, whatever others changed since.",
    ));
    ScreenPage::new("change", lines).copying("the change's id", change.entry.id.clone())
}
