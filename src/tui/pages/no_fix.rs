//! Why no fix is offered, and what would help.

use super::super::look::page::{Page, line};
use super::super::look::theme::Role;
use super::super::model::Known;
use super::cause::cause_text;

/// Why no fix is offered, and what would help.
#[must_use]
pub fn no_fix_page(known: &Known) -> Page {
    let mut lines = Vec::new();
    let mut commands = Vec::new();
    let refused = known.plan.is_refused();
    for cause in known.causes.iter().filter(|_| !refused) {
        lines.push(line(Role::Text, cause.message.clone()));
        lines.push(line(Role::Heading, cause.advice()));
        lines.push(Vec::new());
    }
    lines.push(line(
        Role::Text,
        if refused {
            "A binding would mend this, and Google would refuse it, so none is offered:"
        } else if known.plan.elsewhere.is_empty() {
            "No binding would mend this, so none is offered."
        } else {
            "No binding would mend this, so none is offered. What would:"
        },
    ));
    for other in &known.plan.elsewhere {
        lines.push(Vec::new());
        lines.push(line(Role::Path, other.what.clone()));
        lines.push(line(Role::Text, other.who.clone()));
        lines.extend(
            other
                .command
                .lines()
                .map(|l| line(Role::Dim, format!("  {l}"))),
        );
        commands.push(other.command.clone());
    }
    let text = if commands.is_empty() {
        known.causes.iter().map(cause_text).collect::<Vec<_>>()
    } else {
        commands
    };
    Page::new("no fix by a binding", lines).copying("what would help", text.join("\n\n"))
}
