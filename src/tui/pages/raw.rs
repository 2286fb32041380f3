//! The policies of a level as they stand: JSON, with what concerns the question standing out.

use serde::Serialize;

use super::super::look::page::{ScreenPage, Text, line, piece};
use super::super::look::theme::StyleRole;
use super::super::model::KnownAnswer;
use super::super::words::in_zone;
use super::level::{clause_lines, outcome_word};
use super::{no_policy, policy_at};
use crate::answer::rules::deciding_org_policies;
use crate::estate::Read;
use crate::evaluate::Truth;
use crate::evaluate::explanation::ConditionExplanation;
use crate::iam::Resource;
use crate::text::visible;

/// The allow policy and the deny policies of a level, and of the target the boundaries that the caller is bound by, as
/// they were read; `y` copies the allow policy.
#[must_use]
pub fn raw_page(known: &KnownAnswer, at: &Resource) -> ScreenPage {
    let mut lines = vec![line(StyleRole::Dim, visible(&at.full_name()))];
    let marked = Marked::of(known, at);
    let mut copy = String::new();
    lines.push(line(StyleRole::Heading, "Allow policy"));
    match known.estate.allow_policy(at) {
        Read::Known(Some(policy)) => {
            let explained = policy_at(&known.explanation, at).into_iter();
            let bindings = explained.flat_map(|p| &p.bindings);
            let conditions: Vec<_> = bindings.filter_map(|b| b.condition.as_ref()).collect();
            copy = pretty(&**policy);
            lines.extend(marked.json(&copy, &conditions));
        }
        Read::Known(None) => lines.push(line(StyleRole::Dim, "There is none: it grants nothing.")),
        Read::Unreadable(why) => {
            let words = format!("It could not be read: {why}");
            lines.push(match no_policy(known, at) {
                Some(words) => line(StyleRole::Dim, words),
                None => line(StyleRole::Unknown, visible(&words)),
            });
        }
    }
    let mut more = |title: &str, text: &str, conditions: &[&ConditionExplanation]| {
        lines.push(Vec::new());
        lines.push(line(StyleRole::Heading, title));
        lines.extend(marked.json(text, conditions));
    };
    let of_level = known.explanation.deny.iter().filter(|d| d.resource == *at);
    for denying in of_level.flat_map(|d| &d.policies) {
        let rules = denying.rules.iter();
        let conditions: Vec<_> = rules.filter_map(|r| r.condition.as_ref()).collect();
        more("Deny policy", &pretty(&*denying.policy), &conditions);
    }
    if *at == known.explanation.question.target {
        let lists = known.estate.policy_bindings();
        let bindings: Vec<_> = lists
            .filter_map(|(_, list)| list.known())
            .flatten()
            .collect();
        for boundary in &known.explanation.boundaries.boundaries {
            let binding = bindings.iter().find(|b| b.name == boundary.binding);
            if let Some(binding) = binding {
                let conditions: Vec<_> = boundary.condition.iter().collect();
                let title = "Binding of a principal access boundary";
                more(title, &pretty(&***binding), &conditions);
            }
            if let Some(policy) = &boundary.policy {
                more("Principal access boundary", &pretty(&**policy), &[]);
            }
        }
    }
    let org = deciding_org_policies(&known.estate, &known.explanation, &known.plan);
    for one in org.iter().filter(|one| one.on == *at) {
        let policy = known.estate.org_policy(at, one.constraint);
        if let Some(policy) = policy.known().flatten() {
            more("Organization policy", &pretty(&**policy), &[]);
        }
    }
    let title = format!("policies as they stand: {}", known.estate.label(at));
    ScreenPage::new(title, lines)
        .copying("the allow policy", copy)
        .of_facts(&in_zone(known.read_at, "%H:%M:%S"))
}

fn pretty<T: Serialize>(policy: &T) -> String {
    // By way of a value, so that keys stand in order.
    let value = serde_json::to_value(policy).unwrap_or_default();
    serde_json::to_string_pretty(&value).unwrap_or_default()
}

/// What stands out: members by which the caller is let in, and what a cause speaks of.
struct Marked {
    granted: Vec<String>,
    blamed: Vec<String>,
}

impl Marked {
    fn of(known: &KnownAnswer, at: &Resource) -> Self {
        let bindings = policy_at(&known.explanation, at).into_iter();
        let granted = bindings
            .flat_map(|p| &p.bindings)
            .filter(|b| b.grants == Truth::Yes)
            .flat_map(|b| &b.members)
            .filter(|m| m.matches == Truth::Yes)
            .map(|m| m.member.text.to_string());
        let suspects = known.causes.iter().filter_map(|c| c.suspect.as_ref());
        let here = suspects.filter(|s| s.resource == *at);
        Self {
            granted: granted.collect(),
            blamed: here
                .filter_map(|s| s.member.as_ref().map(ToString::to_string))
                .collect(),
        }
    }

    /// A policy line by line; below a condition what came of it, clause by clause.
    fn json(&self, text: &str, conditions: &[&ConditionExplanation]) -> Vec<Text> {
        let mut lines = Vec::new();
        for text in text.lines() {
            lines.push(self.line(text));
            let bare = text.trim_start();
            let Some(value) = bare.strip_prefix("\"expression\": ") else {
                continue;
            };
            let is = |c: &&&ConditionExplanation| {
                let source = serde_json::to_string(&c.condition.expression);
                source.is_ok_and(|source| source == value.trim_end_matches(','))
            };
            if let Some(condition) = conditions.iter().find(is) {
                let indent = " ".repeat(text.len() - bare.len());
                lines.extend(said_of(condition, &indent));
            }
        }
        lines
    }

    /// A line of JSON: keys, then what they hold.
    fn line(&self, text: &str) -> Text {
        let text = visible(text);
        let start = text.len() - text.trim_start().len();
        let (indent, rest) = text.split_at(start);
        let (key, value) = match rest.split_once("\": ") {
            Some((key, value)) if key.starts_with('"') => (format!("{key}\": "), value),
            _ => (String::new(), rest),
        };
        let bare = value.trim_matches([',', '"']);
        let role = if self.blamed.iter().any(|m| m == bare) {
            StyleRole::Misplaced
        } else if self.granted.iter().any(|m| m == bare) {
            StyleRole::Granted
        } else if key.contains("\"role\"") || key.contains("\"expression\"") {
            StyleRole::Path
        } else {
            StyleRole::Text
        };
        vec![
            piece(StyleRole::Text, indent),
            piece(StyleRole::Key, key),
            piece(role, value),
        ]
    }
}

/// What came of a condition, apart from what stands in the policy.
fn said_of(condition: &ConditionExplanation, indent: &str) -> Vec<Text> {
    let clauses = clause_lines(condition, &format!("{indent}  "));
    if clauses.is_empty() {
        let (role, word) = outcome_word(condition.holds);
        let why = match &condition.evaluation {
            Err(why) => format!("{indent}  {word}: {why}"),
            Ok(_) => format!("{indent}  {word}"),
        };
        return vec![line(role, visible(&why))];
    }
    clauses
}
