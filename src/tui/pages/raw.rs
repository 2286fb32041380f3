//! The policies of a level as they stand: JSON, with what concerns the question standing out.

use serde_json::Value;

use super::super::look::page::{ScreenPage, Text, line, piece};
use super::super::look::theme::StyleRole;
use super::super::model::KnownAnswer;
use super::super::words::in_zone;
use super::policy_at;
use crate::estate::Read;
use crate::evaluate::Truth;
use crate::iam::Resource;
use crate::text::visible;

/// The allow policy and the deny policies of a level, as they were read; `y` copies the allow policy.
#[must_use]
pub fn raw_page(known: &KnownAnswer, at: &Resource) -> ScreenPage {
    let mut lines = vec![line(StyleRole::Dim, visible(&at.full_name()))];
    let marked = Marked::of(known, at);
    let mut copy = String::new();
    lines.push(line(StyleRole::Heading, "Allow policy"));
    match known.estate.allow_policy(at) {
        Read::Known(Some(policy)) => match serde_json::to_value(&**policy) {
            Ok(value) => {
                copy = pretty(&value);
                lines.extend(copy.lines().map(|text| marked.line(text)));
            }
            Err(why) => lines.push(line(StyleRole::Unknown, why.to_string())),
        },
        Read::Known(None) => lines.push(line(StyleRole::Dim, "There is none: it grants nothing.")),
        Read::Unreadable(why) => {
            let words = format!("It could not be read: {why}");
            lines.push(line(StyleRole::Unknown, visible(&words)));
        }
    }
    let of_level = known.explanation.deny.iter().filter(|d| d.resource == *at);
    for denying in of_level.flat_map(|d| &d.policies) {
        lines.push(Vec::new());
        lines.push(line(StyleRole::Heading, "Deny policy"));
        if let Ok(value) = serde_json::to_value(&*denying.policy) {
            let text = pretty(&value);
            lines.extend(text.lines().map(|text| marked.line(text)));
        }
    }
    let title = format!("policies as they stand: {}", known.estate.label(at));
    ScreenPage::new(title, lines)
        .copying("the allow policy", copy)
        .of_facts(&in_zone(known.read_at, "%H:%M:%S"))
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
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
