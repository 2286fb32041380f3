//! A change of the history in full.

use super::super::look::page::{ScreenPage, line, piece};
use super::super::look::theme::StyleRole;
use super::super::model::Change;
use super::super::words::in_zone;
use crate::repair::plan::switch::SwitchKind;

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
    ];
    match record.switched() {
        Some(switch) => lines.push(row("Change", &switch.title())),
        None => lines.extend([
            row("Role", &record.grant.role),
            row("Member", &record.grant.member),
        ]),
    }
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
        match &record.switch {
            None => {
                "u in the list takes it back: only what was added, whatever others changed since."
            }
            Some(SwitchKind::Account) => "u in the list turns it off again.",
            Some(SwitchKind::Api { .. }) => {
                "It is not turned off again from here: others may have come to use it."
            }
        },
    ));
    ScreenPage::new("change", lines).copying("the change's id", change.entry.id.clone())
}
