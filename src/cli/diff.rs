//! `diff`: what changed between two estates in who can act as which account.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Exit;
use super::args::{DiffArgs, Format, Global};
use super::facts;
use super::failure::Failure;
use super::out::{self, Ink, TextPage};
use super::reach::{excepted, excepted_words};
use crate::answer::changes::{AccessChange, AccessChanges, compare};
use crate::answer::limits;
use crate::estate::Estate;
use crate::evaluate::Verdict;
use crate::iam::Permission;

/// Compares two files, and says by which bindings the one gives what the other does not.
///
/// # Errors
/// An estate that cannot be read; options that say where facts come from, which are these files alone.
pub fn run(global: &Global, args: &DiffArgs) -> Result<Exit, Failure> {
    if global.demo.is_some() || !global.estate.is_empty() || global.endpoint.is_some() {
        return Err(Failure::usage(
            "diff compares the two files that are named behind it",
            "leave --demo, --estate and --endpoint away: bindscope diff OLD NEW",
        ));
    }
    let read =
        |path: &Path| -> Result<Estate, Failure> { facts::read_estate(&[PathBuf::from(path)]) };
    let (old, new) = (read(&args.old)?, read(&args.new)?);
    let permission = args.wanted.permission.clone();
    let permission = permission.unwrap_or_else(Permission::get_access_token);
    let time = args.wanted.at.unwrap_or_else(Timestamp::now);
    let changes = compare(&old, &new, &permission, time);
    if global.format == Format::Json {
        out::json(&as_json(&changes, &permission))?;
    } else {
        as_text(&changes).print()?;
    }
    let exit = if !changes.changes.is_empty() {
        Exit::No
    } else if changes.complete() {
        Exit::Done
    } else {
        Exit::Unknown
    };
    out::leave((old, new, changes));
    Ok(exit)
}

fn as_json(changes: &AccessChanges, permission: &Permission) -> Value {
    let rows: Vec<Value> = changes
        .changes
        .iter()
        .map(|change| {
            let via: Vec<Value> = change
                .via
                .iter()
                .map(|via| {
                    json!({
                        "resource": via.resource.full_name(), "role": via.role, "member": via.member,
                    })
                })
                .collect();
            let mut row = json!({
                "target": change.target,
                "principal": change.principal,
                "change": if change.grew() { "GREW" } else { "SHRANK" },
                "before": change.before.word(),
                "after": change.after.word(),
                "via": via,
            });
            if let Some(row) = row.as_object_mut() {
                for (key, except) in [
                    ("exceptBefore", &change.except_before),
                    ("exceptAfter", &change.except_after),
                ] {
                    if !except.is_empty() {
                        row.insert(key.to_owned(), excepted(except));
                    }
                }
            }
            row
        })
        .collect();
    let mut whole = json!({
        "permission": permission.as_str(),
        "results": rows,
        "complete": changes.complete(),
        "notReadBefore": changes.not_read_before,
        "notReadAfter": changes.not_read_after,
    });
    if let (false, Some(whole)) = (changes.assumptions.is_empty(), whole.as_object_mut()) {
        let names: Vec<&str> = changes.assumptions.iter().map(|a| a.name()).collect();
        whole.insert("assumptions".into(), json!(names));
    }
    whole
}

/// A verdict that is not plain, in words.
fn degree(change: &AccessChange) -> &'static str {
    match (change.before, change.after) {
        (Verdict::CannotAccess, Verdict::CanAccess)
        | (Verdict::CanAccess, Verdict::CannotAccess) => "",
        (Verdict::CanAccess, Verdict::CanAccess) => "  as before, but for others of it",
        (_, Verdict::CanAccess) => "  for certain now",
        (Verdict::CanAccess, _) => "  no longer for certain",
        (Verdict::CannotAccess, _) => "  perhaps: what decides is not known",
        (_, Verdict::CannotAccess) => "  perhaps before: what decided is not known",
        _ if change.new_way => "  perhaps, as before, in one more way",
        _ if change.except_before == change.except_after && change.before == change.after => {
            "  perhaps, as before, in one way less"
        }
        _ => "  perhaps, as before, for another reason",
    }
}

fn as_text(changes: &AccessChanges) -> TextPage {
    let mut page = TextPage::default();
    let mut target = "";
    for change in &changes.changes {
        if change.target != target {
            page.gap();
            target = &change.target;
            page.line(Ink::Strong, target.rsplit('/').next().unwrap_or(target));
        }
        let (ink, sign) = if change.grew() {
            (Ink::Good, "+ ")
        } else {
            (Ink::Bad, "- ")
        };
        page.pieces(&[
            (ink, sign),
            (Ink::Plain, &change.principal),
            (Ink::Unsure, degree(change)),
        ]);
        for taken in &change.except_after {
            page.wrapped(Ink::Unsure, "    ", &excepted_words(taken));
        }
        for via in &change.via {
            let place = via.resource.relative();
            page.line(
                Ink::Faint,
                format!("    {} to {} on {place}", via.role, via.member),
            );
        }
    }
    page.gap();
    let grew = changes.changes.iter().filter(|c| c.grew()).count();
    let shrank = changes.changes.len() - grew;
    page.line(Ink::Strong, format!("{grew} more, {shrank} less"));
    if !changes.complete() {
        page.line(
            Ink::Unsure,
            "More may have changed: not everything could be read.",
        );
        for (when, names) in [
            ("old", &changes.not_read_before),
            ("new", &changes.not_read_after),
        ] {
            for name in names {
                page.line(Ink::Unsure, format!("  not read in the {when} one: {name}"));
            }
        }
    }
    if let Some(words) = limits::taken_for_granted(&changes.assumptions) {
        page.wrapped(Ink::Unsure, limits::TAKEN, &words);
    }
    page
}
