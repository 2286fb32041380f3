//! Findings of a review: opened, followed to whom they name, copied.

use super::super::keys::KeyContext;
use super::super::keys::command::Command;
use super::super::model::{Choice, ChoiceAct, Model, Overlay, Typed};
use super::super::pages::finding_page;
use super::super::run::effects::Effect;
use super::super::words::permission_words;
use super::{estate, menu, pages};
use crate::answer::inventory::{EstateTable, EstateTableKind, FindingLead, RowSubject};
use crate::iam::address;
use crate::text::visible;

/// Opens a finding as a page.
pub(super) fn open(model: &mut Model, id: &str) {
    let view = model.estate.view(EstateTableKind::Findings);
    let page = view.table.as_ref().and_then(|table| {
        let row = table.row_of(id)?;
        finding_page(table, row, model.glyphs)
    });
    if let Some(page) = page {
        model.overlays.push(Overlay::Page(page));
    }
}

pub(super) fn run(model: &mut Model, command: Command) -> Vec<Effect> {
    let shown = match model.overlays.last() {
        Some(Overlay::Page(page)) => page.of_finding.clone(),
        _ => None,
    };
    let table = model.estate.view(EstateTableKind::Findings).table.clone();
    let here = table.and_then(|table| {
        let row = table.row_of(&shown?)?;
        Some((table, row))
    });
    match (command, here) {
        (Command::Open, Some((table, row))) => {
            leads(model, &table, row);
            Vec::new()
        }
        (Command::Suppression, Some((table, row))) => suppression(model, &table, row),
        (command, _) => pages::run(model, command),
    }
}

/// Whom and what a finding names, to be asked about.
fn leads(model: &mut Model, table: &EstateTable, row: usize) {
    let arrow = model.glyphs.arrow();
    let choices: Vec<Choice> = table
        .leads(row)
        .into_iter()
        .map(|lead| {
            let (text, note) = match &lead.subject {
                RowSubject::Pair(caller, target) => {
                    let permission = lead.permission.as_ref();
                    let note = permission.map(permission_words).unwrap_or_default();
                    let (caller, target) = (caller.short(), address::short(target.id()).to_owned());
                    (format!("{caller} {arrow} {target}"), note)
                }
                RowSubject::Account(target) => (
                    format!("who can reach {}", address::short(target.id())),
                    String::new(),
                ),
                RowSubject::Project(id) => (format!("the accounts of {id}"), String::new()),
                RowSubject::Finding(_) | RowSubject::Nothing(_) => (String::new(), String::new()),
            };
            Choice {
                text: visible(&text),
                note,
                act: ChoiceAct::Lead(lead),
            }
        })
        .collect();
    if choices.is_empty() {
        model.say(
            "It names neither an account nor a project: a level above them is what it is about.",
        );
        return;
    }
    menu::open(
        model,
        "ask about which?",
        KeyContext::Finding,
        choices,
        Typed::Nothing,
    );
}

/// One of them was chosen.
pub(super) fn follow(model: &mut Model, lead: FindingLead) -> Vec<Effect> {
    estate::open_subject(model, lead.subject, lead.permission)
}

/// The lines that leave a finding.
pub(super) fn suppression(model: &mut Model, table: &EstateTable, row: usize) -> Vec<Effect> {
    let (Some(finding), Some(read)) = (table.finding(row), table.read()) else {
        model.say("Findings alone can be suppressed.");
        return Vec::new();
    };
    vec![Effect::Copy {
        what: "the suppression, whose reason is yours to write".to_owned(),
        text: finding.suppression(read.time),
    }]
}
