//! Why no fix is offered, and what would help.

use super::super::keys::{KeyContext, Keymap};
use super::super::look::page::{ScreenPage, line};
use super::super::look::theme::StyleRole;
use super::super::model::{KnownAnswer, WhyRow};
use super::super::words::unread_words;
use super::cause::cause_text;
use crate::evaluate::Outcome;
use crate::evaluate::cause::NO_GRANT_HELPS;

/// Why no fix is offered, and what would help.
#[must_use]
pub fn no_fix_page(known: &KnownAnswer, keys: &Keymap) -> ScreenPage {
    // What a grant would be written into was not read.
    let explanation = &known.explanation;
    let blind = explanation.outcome == Outcome::Unknown
        && explanation
            .allow
            .first()
            .is_some_and(|policy| policy.unreadable.is_some());
    let refused = known.plan.is_refused();
    let elsewhere = !known.plan.elsewhere.is_empty();
    let head = if blind && !elsewhere {
        keys.fill(
            KeyContext::Answer,
            "No grant can be planned from here: the policy that it would be written into could not be read. {request} words a request to an administrator.",
        )
    } else if refused {
        "A binding would mend this, and Google would refuse it, so none is offered:".to_owned()
    } else {
        "No binding on the target or above it would mend this, so none is offered.".to_owned()
    };
    let mut lines = vec![line(StyleRole::Text, head)];
    let mut commands = Vec::new();
    for row in known.why_rows().iter().filter(|_| !refused) {
        lines.push(Vec::new());
        match row {
            WhyRow::Cause(i) => {
                let Some(cause) = known.causes.get(*i) else {
                    continue;
                };
                lines.push(line(StyleRole::Text, cause.message.clone()));
                // It stands above, for all of them.
                let advice = cause.advice().replace(NO_GRANT_HELPS, "");
                lines.push(line(StyleRole::Heading, advice.trim()));
            }
            WhyRow::Unread(which) => {
                let causes: Vec<_> = which.iter().filter_map(|i| known.causes.get(*i)).collect();
                lines.push(line(StyleRole::Unknown, unread_words(&causes)));
            }
        }
    }
    if elsewhere && !refused {
        lines.push(Vec::new());
        lines.push(line(StyleRole::Text, "What would mend it:"));
    }
    for other in &known.plan.elsewhere {
        lines.push(Vec::new());
        lines.push(line(StyleRole::Path, other.what.clone()));
        lines.push(line(StyleRole::Text, other.who.clone()));
        lines.extend(
            other
                .command
                .lines()
                .map(|l| line(StyleRole::Dim, format!("  {l}"))),
        );
        commands.push(other.command.clone());
    }
    let text = if commands.is_empty() {
        known.causes.iter().map(cause_text).collect::<Vec<_>>()
    } else {
        commands
    };
    ScreenPage::new("no fix by a binding", lines).copying("what would help", text.join("\n\n"))
}
