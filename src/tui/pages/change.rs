//! A change of the history in full.

use super::super::look::page::{Page, line, piece};
use super::super::look::theme::Role;
use super::super::model::Change;
use super::super::words::in_zone;

/// A change in full.
#[must_use]
pub fn change_page(change: &Change) -> Page {
    let record = &change.entry.record;
    let row = |name: &str, text: &str| {
        vec![
            piece(Role::Heading, format!("{name:<11}")),
            piece(Role::Text, text),
        ]
    };
    let mut lines = vec![
        row("Id", &change.entry.id),
        row(
            "State",
            change
                .standing
                .as_deref()
                .unwrap_or(change.entry.state.word()),
        ),
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
        Role::Dim,
        "u in the list takes it back: only what was added, whatever others changed since.",
    ));
    Page::new("change", lines).copying("the change's id", change.entry.id.clone())
}
