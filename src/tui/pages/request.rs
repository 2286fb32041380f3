//! A request to an administrator: what is wanted, what is likely amiss, what could not be read, and the commands
//! that do it. It is read here, and copied whole.

use std::collections::BTreeMap;

use super::super::look::page::{ScreenPage, Text, line};
use super::super::look::theme::StyleRole;
use super::super::model::{KnownAnswer, is_unread};
use super::cause::cause_text;
use crate::evaluate::Outcome;
use crate::iam::address;
use crate::repair::equivalents::Equivalents;
use crate::repair::{Remedy, RemedyStep};
use crate::text::visible;

/// The request; `None` where there is nothing to ask for. `viewer`: who asks, as far as known; `copies`: how it
/// is copied.
#[must_use]
pub fn request_page(known: &KnownAnswer, viewer: Option<&str>, copies: &str) -> Option<ScreenPage> {
    let explanation = &known.explanation;
    let question = &explanation.question;
    let mut parts: Vec<String> = Vec::new();
    if explanation.outcome != Outcome::WouldSucceed {
        parts.extend(wanted(known));
    }
    parts.extend(sight(known));
    if parts.is_empty() {
        return None;
    }
    let whose = viewer.map_or_else(String::new, |who| format!(" This is asked by {who}."));
    let head = format!(
        "{} is to get through to {} (permission {}).{whose}",
        visible(&question.caller.short()),
        visible(address::short(question.target.id())),
        question.permission,
    );
    parts.insert(0, head);
    let text = parts.join("\n\n");
    let lines = text.lines().map(of_line).collect();
    Some(
        ScreenPage::new(format!("a request to an administrator: {copies}"), lines)
            .copying("the request to an administrator", text),
    )
}

/// Commands stand indented, headings end in a colon.
fn of_line(text: &str) -> Text {
    let role = if text.starts_with("  ") {
        StyleRole::Path
    } else if text.ends_with(':') {
        StyleRole::Heading
    } else {
        StyleRole::Text
    };
    line(role, text)
}

/// The grant, or whatever else would let the call through.
fn wanted(known: &KnownAnswer) -> Vec<String> {
    if let Some(way) = known.plan.remedies.first() {
        return way_parts(way, &known.explanation.question.permission.to_string());
    }
    let elsewhere: Vec<String> = known
        .plan
        .elsewhere
        .iter()
        .map(|other| {
            format!(
                "{}\n{}\n\n{}",
                other.what,
                other.who,
                indented(&other.command)
            )
        })
        .collect();
    if !elsewhere.is_empty() {
        return elsewhere;
    }
    // Where nothing can be planned, what is known to be amiss still tells what to do.
    let likely = known.causes.iter().find(|cause| !is_unread(cause.kind));
    likely
        .map(|cause| format!("What is likely amiss:\n{}", cause_text(cause)))
        .into_iter()
        .collect()
}

fn way_parts(way: &Remedy, permission: &str) -> Vec<String> {
    way.steps
        .iter()
        .filter_map(|step| match step {
            RemedyStep::Binding(repair) => {
                let grant = repair.grant();
                let change =
                    Equivalents::new(&repair.resource, &grant, &repair.before, &repair.after)
                        .ok()?;
                let change = change.replacing(repair.replaces.as_deref());
                Some(change.request(permission, None).trim_end().to_owned())
            }
            RemedyStep::Switch(switch) => Some(format!(
                "Please {}:\n\n{}",
                switch.title(),
                indented(&switch.gcloud())
            )),
        })
        .collect()
}

fn indented(command: &str) -> String {
    let lines = command.lines().map(|line| format!("  {line}"));
    lines.collect::<Vec<_>>().join("\n")
}

/// What could not be read, by the command that lets it be read.
fn sight(known: &KnownAnswer) -> Option<String> {
    // What decides nothing nobody has to be asked for.
    let decides = |command: &str| {
        let mut unread = known.causes.iter().filter(|cause| is_unread(cause.kind));
        unread.any(|cause| cause.command.as_deref() == Some(command))
    };
    let mut by_command: BTreeMap<&str, (String, Vec<&str>)> = BTreeMap::new();
    for thing in &known.not_read {
        let asked = thing.request.as_ref().filter(|r| r.prints.is_none());
        if let Some(request) = asked.filter(|r| decides(&r.command)) {
            let role = request.role.map_or_else(String::new, |role| {
                let on = request.on.as_deref().unwrap_or_default();
                format!(" ({role} on {on})")
            });
            let entry = by_command.entry(&request.command);
            entry.or_insert((role, Vec::new())).1.push(&thing.what);
        }
    }
    if by_command.is_empty() {
        return None;
    }
    let each: Vec<String> = by_command
        .iter()
        .map(|(command, (role, what))| {
            format!(
                "To let me read {}{role}:\n\n{}",
                what.join(", "),
                indented(command)
            )
        })
        .collect();
    let member = by_command.keys().any(|c| c.contains("=MEMBER"));
    let whose = if member {
        "\n\nMEMBER stands for whoever is to see it: user:ADDRESS or serviceAccount:ADDRESS."
    } else {
        ""
    };
    Some(format!("{}{whose}", each.join("\n\n")))
}
