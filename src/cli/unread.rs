//! What was not read, and what to ask an administrator for.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::out::{Ink, TextPage};
use crate::answer::not_read::NotRead;
use crate::estate::NOT_GIVEN;
use crate::evaluate::Cause;

/// One line for each request, with all that it lets be read, and the command below it. What a cause says
/// already is left out.
pub(super) fn page(page: &mut TextPage, not_read: &[NotRead], causes: &[Cause]) {
    let told = |command: &str| {
        let mut commands = causes.iter().filter_map(|cause| cause.command.as_deref());
        commands.any(|told| told == command)
    };
    let mut requests: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut lacking: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut again: Vec<&str> = Vec::new();
    let mut untold: Vec<&str> = Vec::new();
    for thing in not_read {
        match &thing.request {
            Some(request) if told(&request.command) => {}
            Some(request) if request.prints.is_some() => lacking
                .entry(&request.command)
                .or_default()
                .push(&thing.what),
            Some(request) => requests
                .entry(&request.command)
                .or_default()
                .push(&thing.what),
            None if thing.why.starts_with(NOT_GIVEN) => untold.push(&thing.what),
            None => again.push(&thing.what),
        }
    }
    files(page, &lacking, &untold);
    if requests.is_empty() && again.is_empty() {
        return;
    }
    page.gap();
    page.line(Ink::Strong, "What was not read, and who can change that");
    for (command, whats) in &requests {
        page.wrapped(
            Ink::Plain,
            "  ",
            &format!("{}; to ask an administrator for:", whats.join(", ")),
        );
        // On a line of its own, so that it can be pasted.
        page.line(Ink::Faint, format!("    {command}"));
    }
    if requests
        .keys()
        .any(|command| command.contains("--member=MEMBER"))
    {
        page.wrapped(
            Ink::Faint,
            "  ",
            "MEMBER stands for you: user:ADDRESS or serviceAccount:ADDRESS.",
        );
    }
    if !again.is_empty() {
        page.wrapped(
            Ink::Plain,
            "  ",
            &format!("{}: ask again.", again.join(", ")),
        );
    }
}

/// What files do not tell, by the command that prints it.
fn files(page: &mut TextPage, lacking: &BTreeMap<&str, Vec<&str>>, untold: &[&str]) {
    if lacking.is_empty() && untold.is_empty() {
        return;
    }
    page.gap();
    page.line(Ink::Strong, "What the files do not tell");
    for (command, whats) in lacking {
        let words = format!(
            "{}; another --estate may, with what this prints:",
            whats.join(", ")
        );
        page.wrapped(Ink::Plain, "  ", &words);
        // On a line of its own, so that it can be pasted.
        page.line(Ink::Faint, format!("    {command}"));
    }
    if !untold.is_empty() {
        page.wrapped(Ink::Plain, "  ", &format!("{}.", untold.join(", ")));
    }
}

/// The same in JSON.
pub(super) fn as_json(not_read: &[NotRead]) -> Value {
    let each = not_read.iter().map(|thing| {
        let request = thing.request.as_ref().map(|request| {
            json!({
                "permission": request.permission,
                "role": request.role,
                "resource": request.on,
                "command": request.command,
            })
        });
        json!({ "name": thing.name, "what": thing.what, "why": thing.why, "request": request })
    });
    each.collect()
}
