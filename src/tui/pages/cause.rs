//! A cause in full, or why it works.

use super::super::look::page::{ScreenPage, Text, line, piece};
use super::super::look::theme::StyleRole;
use super::super::model::tree;
use super::super::model::{Asked, KnownAnswer, WhyRow};
use super::super::words::unread_words;
use super::level::{binding_lines, bindings};
use super::{console_url, policy_at};
use crate::answer::limits;
use crate::evaluate::Truth;
use crate::evaluate::{Cause, CauseKind, Explanation};

/// The selected cause in full; where nothing stands in the way, why it works.
#[must_use]
pub fn cause_page(asked: &Asked, known: &KnownAnswer) -> ScreenPage {
    let cause = match asked.selected_why() {
        Some(WhyRow::Cause(i)) => known.causes.get(i),
        Some(WhyRow::Unread(which)) => return unread_page(known, &which),
        None => None,
    };
    let Some(cause) = cause else {
        return answer_page(known);
    };
    let mut lines = vec![
        line(StyleRole::Text, cause.message.clone()),
        Vec::new(),
        line(StyleRole::Heading, "What to do"),
        line(StyleRole::Text, cause.advice()),
        Vec::new(),
        vec![
            piece(StyleRole::Heading, "Kind      "),
            piece(StyleRole::Text, kind_word(cause.kind)),
        ],
        vec![
            piece(StyleRole::Heading, "Where     "),
            piece(StyleRole::Text, cause.place.clone()),
        ],
    ];
    if let Some(resource) = &cause.resource {
        if let Some(url) = console_url(known, resource) {
            lines.push(vec![
                piece(StyleRole::Heading, "Console   "),
                piece(StyleRole::Text, url),
            ]);
        }
        // Of one that could not be read the cause itself says why.
        let policy = policy_at(&known.explanation, resource);
        let held = policy.map_or_else(Vec::new, |policy| bindings(&known.estate, policy));
        if !held.is_empty() {
            lines.push(Vec::new());
            lines.push(line(StyleRole::Heading, "The policy there"));
            lines.extend(held);
        }
    }
    ScreenPage::new("cause", lines).copying("the cause", cause_text(cause))
}

/// Everything that could not be read, one after the other.
fn unread_page(known: &KnownAnswer, which: &[usize]) -> ScreenPage {
    let causes: Vec<&Cause> = which.iter().filter_map(|i| known.causes.get(*i)).collect();
    let mut lines = vec![line(StyleRole::Text, unread_words(&causes))];
    for cause in &causes {
        lines.push(Vec::new());
        lines.push(line(StyleRole::Unknown, cause.message.clone()));
        lines.push(line(StyleRole::Text, cause.advice()));
    }
    let text: Vec<String> = causes.into_iter().map(cause_text).collect();
    ScreenPage::new("what could not be read", lines)
        .copying("what could not be read", text.join("\n\n"))
}

/// A cause as plain text, to be copied.
pub(super) fn cause_text(cause: &Cause) -> String {
    let mut lines = vec![cause.message.as_str(), &cause.remedy];
    // On a line of its own, so that it can be pasted.
    lines.extend(cause.command.as_deref());
    lines.push(&cause.place);
    lines.join("\n")
}

/// The contract's word for a kind of cause.
fn kind_word(kind: CauseKind) -> String {
    serde_json::to_value(kind)
        .ok()
        .and_then(|v| v.as_str().map(str::to_owned))
        .unwrap_or_default()
}

/// A yes in full: what grants, and what was not looked at.
fn answer_page(known: &KnownAnswer) -> ScreenPage {
    let explanation = &known.explanation;
    let mut lines = Vec::new();
    for policy in explanation.allow.iter().filter(|p| p.on_path) {
        for binding in policy.bindings.iter().filter(|b| b.grants == Truth::Yes) {
            lines.push(line(
                StyleRole::Granted,
                format!(
                    "{} on {}",
                    tree::title(&known.estate, &binding.role),
                    known.estate.label(&policy.resource)
                ),
            ));
            lines.extend(binding_lines(&known.estate, binding, true));
        }
    }
    lines.push(Vec::new());
    lines.extend(not_judged(explanation));
    ScreenPage::new("why it works", lines)
}

/// What no answer here covers.
#[must_use]
pub fn not_judged(explanation: &Explanation) -> Vec<Text> {
    let all = limits::not_judged(explanation);
    let names: Vec<&str> = all.iter().map(|not| not.short).collect();
    let names = names.join(", ");
    let mut lines = vec![line(StyleRole::Dim, format!("Not looked at: {names}."))];
    let taken = limits::taken_for_granted(&explanation.assumptions);
    lines.extend(taken.map(|words| line(StyleRole::Dim, format!("{}{words}", limits::TAKEN))));
    lines
}
