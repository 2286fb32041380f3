//! The tables of the whole estate: opening, sorting, filtering, marking, taking along.

use std::any::Any;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::super::keys::KeyContext;
use super::super::keys::command::Command;
use super::super::model::{
    Choice, ChoiceAct, EstateReading, Model, Overlay, RowsTo, Ticket, Typed,
};
use super::super::pages::estate_page;
use super::super::run::effects::Effect;
use super::super::words::in_zone;
use super::answer::ask;
use super::panels::stepped;
use super::{back, find, menu, review, table};
use crate::answer::inventory::{
    Arranged, Arrangement, EstateRead, EstateTable, EstateTableKind, ExportFormat, RowSubject,
};
use crate::iam::Permission;
use crate::text::visible;

/// The table on top.
fn on_top(model: &Model) -> Option<EstateTableKind> {
    match model.overlays.last() {
        Some(Overlay::Estate(kind)) => Some(*kind),
        _ => None,
    }
}

/// Opens a table; what is not read yet is read.
pub(super) fn open(model: &mut Model, kind: EstateTableKind) -> Vec<Effect> {
    if model.signed_out.is_some() {
        model.say("There is nothing to list without credentials.");
        return Vec::new();
    }
    let mut effects = Vec::new();
    // One of them takes the place of another, and none lies over itself.
    if let Some(before) = on_top(model) {
        model.overlays.pop();
        if before != kind {
            effects = left(model, before);
        }
    }
    model
        .overlays
        .retain(|overlay| !matches!(overlay, Overlay::Estate(below) if *below == kind));
    model.overlays.push(Overlay::Estate(kind));
    match model.estate.reading {
        EstateReading::Known(_) | EstateReading::Running(_) => effects.extend(shown(model, kind)),
        _ => effects.extend(read(model)),
    }
    effects
}

/// Reads the estate (again).
fn read(model: &mut Model) -> Vec<Effect> {
    let ticket = model.ticket();
    model.estate.ticket = ticket;
    let before = std::mem::replace(&mut model.estate.reading, EstateReading::Running(0));
    let mut effects = vec![Effect::ReadEstate {
        ticket,
        scope: model.scope.clone(),
        time: model.at,
    }];
    effects.push(let_go(before));
    // Of what was read before.
    if model.estate.reviewing.take().is_some() {
        effects.push(Effect::StopMaking);
    }
    // What is listed already is shown until more is known.
    let accounts = model.estate.view(EstateTableKind::Accounts);
    if accounts.table.is_none() && model.pick.target.total() > 0 {
        effects.push(Effect::ListTable {
            ticket,
            listed: model.pick.target.batches(),
        });
    }
    effects
}

/// Has something freed elsewhere: of a large estate that takes long.
pub(super) fn let_go(what: impl Any + Send) -> Effect {
    Effect::LetGo(Box::new(what))
}

/// Puts rows into a table; what was selected and marked stays so, by name.
fn filled(model: &mut Model, kind: EstateTableKind, table: Arc<EstateTable>) -> Vec<Effect> {
    let view = model.estate.view_mut(kind);
    if let Some(before) = &view.table {
        let name = |row: usize| before.name(row);
        let selected = view.selected().map(name);
        view.wanted = selected.or_else(|| view.wanted.take());
        let marked = view.marked.iter();
        let marked = marked.filter_map(|row| table.row_of(&name(*row as usize)));
        view.marked = marked
            .filter_map(|row| u32::try_from(row).ok())
            .collect::<BTreeSet<u32>>();
    }
    let before = view.table.replace(table);
    view.rows = Arc::default();
    view.arranged = None;
    let mut effects = arrange(model, kind);
    effects.extend(before.map(let_go));
    effects
}

/// Has the rows arranged as it is wished.
fn arrange(model: &mut Model, kind: EstateTableKind) -> Vec<Effect> {
    let ticket = model.ticket();
    let view = model.estate.view_mut(kind);
    let Some(table) = view.table.clone() else {
        return Vec::new();
    };
    let wanted = view.wanted.as_deref();
    let held = wanted.and_then(|name| table.row_of(name));
    view.arranging = Some(ticket);
    vec![Effect::Arrange {
        ticket,
        held: held.or_else(|| view.selected()),
        wish: view.wish.clone(),
        table,
    }]
}

/// A table is looked at: its rows are made, where there is something to make them of.
fn shown(model: &mut Model, kind: EstateTableKind) -> Vec<Effect> {
    let EstateReading::Known(read) = &model.estate.reading else {
        return Vec::new();
    };
    let table = model.estate.view(kind).table.as_ref();
    if table.is_some_and(|table| table.is_of(read)) {
        return Vec::new();
    }
    let read = Arc::clone(read);
    if kind == EstateTableKind::Findings && model.estate.reviewing.is_some() {
        return Vec::new();
    }
    vec![make(model, kind, read)]
}

/// So many steps of making a table are done. Those of others than findings are over before anybody reads of them.
pub(super) fn making(model: &mut Model, ticket: Ticket, kind: EstateTableKind, done: usize) {
    let reviewing = kind == EstateTableKind::Findings && model.estate.reviewing.is_some();
    if model.estate.ticket == ticket && reviewing {
        model.estate.reviewing = Some(done);
    }
}

/// Has a table made; another one that is being made is wished no longer.
fn make(model: &mut Model, kind: EstateTableKind, read: Arc<EstateRead>) -> Effect {
    model.estate.reviewing = (kind == EstateTableKind::Findings).then_some(0);
    Effect::MakeTable {
        ticket: model.estate.ticket,
        kind,
        read,
    }
}

/// A table is looked at no longer: a review ends that is under way.
fn left(model: &mut Model, kind: EstateTableKind) -> Vec<Effect> {
    match kind {
        EstateTableKind::Findings => stop_review(model).unwrap_or_default(),
        _ => Vec::new(),
    }
}

/// A review is wished no longer: what was found before is not of what is read now. `None`: there was none.
fn stop_review(model: &mut Model) -> Option<Vec<Effect>> {
    model.estate.reviewing.take()?;
    let view = model.estate.view_mut(EstateTableKind::Findings);
    let selected = view.selected().zip(view.table.as_ref());
    let selected = selected.map(|(row, table)| table.name(row));
    view.wanted = selected.or_else(|| view.wanted.take());
    let before = view.table.take();
    view.rows = Arc::default();
    view.arranged = None;
    view.marked.clear();
    let mut effects = vec![Effect::StopMaking];
    effects.extend(before.map(let_go));
    Some(effects)
}

/// So many answers are here.
pub(super) fn progress(model: &mut Model, ticket: Ticket, answers: usize) {
    if model.estate.ticket == ticket && model.estate.is_running() {
        model.estate.reading = EstateReading::Running(answers);
    }
}

/// The estate was read, or not.
pub(super) fn came(
    model: &mut Model,
    ticket: Ticket,
    result: Result<Arc<EstateRead>, String>,
) -> Vec<Effect> {
    // What came too late is as large as what is awaited.
    if model.estate.ticket != ticket || !model.estate.is_running() {
        return vec![let_go(result)];
    }
    match result {
        Ok(read) => {
            model.estate.read_at = Some(in_zone(jiff::Timestamp::now(), "%H:%M"));
            let known = EstateReading::Known(read);
            let mut before: Vec<Box<dyn Any + Send>> = vec![Box::new(std::mem::replace(
                &mut model.estate.reading,
                known,
            ))];
            // Tables that are not looked at are made when they are.
            for kind in EstateTableKind::ALL {
                let view = model.estate.view_mut(kind);
                if on_top_of(&model.overlays) != Some(kind) {
                    before.push(Box::new(view.table.take()));
                    view.rows = Arc::default();
                    view.marked.clear();
                }
            }
            let mut effects = vec![let_go(before)];
            let kind = on_top_of(&model.overlays);
            if let (EstateReading::Known(read), Some(kind)) = (&model.estate.reading, kind) {
                let read = Arc::clone(read);
                effects.push(make(model, kind, read));
            }
            effects
        }
        Err(why) => {
            model.estate.reading = EstateReading::Failed(visible(&why));
            model.fail(format!("The estate could not be read: {}", visible(&why)));
            Vec::new()
        }
    }
}

fn on_top_of(overlays: &[Overlay]) -> Option<EstateTableKind> {
    overlays.iter().rev().find_map(|overlay| match overlay {
        Overlay::Estate(kind) => Some(*kind),
        _ => None,
    })
}

/// The rows of a table were made.
pub(super) fn made(model: &mut Model, ticket: Ticket, table: Arc<EstateTable>) -> Vec<Effect> {
    if model.estate.ticket != ticket {
        return vec![let_go(table)];
    }
    let kind = table.kind;
    // What tells more than a listing is there already.
    let known = model.estate.view(kind).table.is_some();
    if known && table.read().is_none() {
        return vec![let_go(table)];
    }
    // One that was stopped while it came is no longer wished.
    if kind == EstateTableKind::Findings && model.estate.reviewing.take().is_none() {
        return vec![let_go(table)];
    }
    let mut effects = filled(model, kind, Arc::clone(&table));
    if table.counted().is_some() {
        effects.push(Effect::CountTable { ticket, table });
    }
    effects
}

/// More rows are counted: where the order hangs on that, it is made anew.
pub(super) fn counted(model: &mut Model, ticket: Ticket) -> Vec<Effect> {
    let kind = EstateTableKind::Accounts;
    if model.estate.ticket != ticket {
        return Vec::new();
    }
    let view = model.estate.view(kind);
    /// The columns that are counted.
    const COUNTED: std::ops::RangeInclusive<usize> = 3..=6;
    let hangs = COUNTED.contains(&view.wish.column) || view.wish.query.contains(':');
    if hangs && view.arranging.is_none() {
        return arrange(model, kind);
    }
    Vec::new()
}

/// The rows are arranged.
pub(super) fn arranged(model: &mut Model, ticket: Ticket, wish: Arrangement, arranged: Arranged) {
    for kind in EstateTableKind::ALL {
        let view = model.estate.view_mut(kind);
        if view.arranging == Some(ticket) {
            view.wanted = None;
            view.take(wish, arranged);
            return;
        }
    }
}

/// What is typed into the filter of a table changed.
pub(super) fn refilter(model: &mut Model, kind: EstateTableKind) -> Vec<Effect> {
    let view = model.estate.view_mut(kind);
    view.find.text().clone_into(&mut view.wish.query);
    arrange(model, kind)
}

/// Sorts by a column; by the same one again, the other way round.
pub(super) fn sort_by(model: &mut Model, kind: EstateTableKind, column: usize) -> Vec<Effect> {
    let view = model.estate.view_mut(kind);
    if view.wish.column == column {
        view.wish.down = !view.wish.down;
    } else {
        view.wish.column = column;
        view.wish.down = is_number(kind, column);
    }
    arrange(model, kind)
}

/// Of numbers the greatest are looked for.
fn is_number(kind: EstateTableKind, column: usize) -> bool {
    match kind {
        EstateTableKind::Accounts => column >= 3,
        EstateTableKind::Bindings => false,
        EstateTableKind::Projects => column >= 4,
        EstateTableKind::Findings => column == 0,
    }
}

pub(super) fn run(model: &mut Model, command: Command) -> Vec<Effect> {
    let Some(kind) = on_top(model) else {
        return Vec::new();
    };
    let page = model.room().max(2) - 1;
    let columns = kind.columns().len();
    let view = model.estate.view_mut(kind);
    match command {
        Command::Back if view.find.is_shown() => find::take_back(model),
        Command::Back => {
            let mut effects = back(model);
            if model.estate.is_running() {
                model.estate.reading = EstateReading::Stopped;
                effects.push(Effect::StopEstate);
            }
            effects.extend(left(model, kind));
            // One that lies below was perhaps made of what was read before.
            if let Some(below) = on_top_of(&model.overlays) {
                effects.extend(shown(model, below));
            }
            effects
        }
        Command::Find => {
            find::open(model);
            Vec::new()
        }
        Command::Sort | Command::Right => {
            let next = (view.wish.column + 1) % columns;
            sort_by(model, kind, next)
        }
        Command::Left => {
            let next = (view.wish.column + columns - 1) % columns;
            sort_by(model, kind, next)
        }
        Command::SortReverse => {
            let column = view.wish.column;
            sort_by(model, kind, column)
        }
        Command::Mark => {
            if let Some(row) = view.rows.get(view.row).copied() {
                if !view.marked.remove(&row) {
                    view.marked.insert(row);
                }
                view.row = (view.row + 1).min(view.rows.len().saturating_sub(1));
            }
            Vec::new()
        }
        Command::UnmarkAll => {
            view.marked.clear();
            Vec::new()
        }
        Command::NextPanel | Command::PreviousPanel => {
            let all = EstateTableKind::ALL.len();
            let step = if command == Command::NextPanel {
                1
            } else {
                all - 1
            };
            let next = EstateTableKind::ALL.get((kind.index() + step) % all);
            next.map_or_else(Vec::new, |next| open(model, *next))
        }
        Command::Refresh => read(model),
        Command::Save => {
            export_menu(model, kind);
            Vec::new()
        }
        Command::Copy => match (view.selected(), &view.table) {
            (Some(row), Some(table)) => vec![Effect::Copy {
                what: match kind {
                    EstateTableKind::Findings => "the finding's id".to_owned(),
                    _ => "the name".to_owned(),
                },
                text: table.name(row),
            }],
            _ => Vec::new(),
        },
        Command::Suppression => match (view.selected(), &view.table) {
            (Some(row), Some(table)) => {
                let table = Arc::clone(table);
                review::suppression(model, &table, row)
            }
            _ => Vec::new(),
        },
        Command::Meaning => {
            if let (Some(row), Some(table)) = (view.selected(), view.table.clone()) {
                let page = estate_page(&table, row);
                model.overlays.push(Overlay::Page(page));
            }
            Vec::new()
        }
        Command::Open => open_selected(model, kind),
        other => {
            let last = view.rows.len().saturating_sub(1);
            view.row = stepped(view.row, last, page, other);
            Vec::new()
        }
    }
}

fn open_selected(model: &mut Model, kind: EstateTableKind) -> Vec<Effect> {
    let view = model.estate.view(kind);
    let subject = match (view.selected(), &view.table) {
        (Some(row), Some(table)) => table.subject(row),
        _ => None,
    };
    match subject {
        Some(subject) => open_subject(model, subject, None),
        None => Vec::new(),
    }
}

/// Opens what a row or a finding is about; a pair is asked about for this permission, else for the one in force.
pub(super) fn open_subject(
    model: &mut Model,
    subject: RowSubject,
    permission: Option<Permission>,
) -> Vec<Effect> {
    match subject {
        RowSubject::Account(target) => table::open_who(model, target),
        RowSubject::Pair(caller, target) => {
            let permission = permission.unwrap_or_else(|| model.permission.clone());
            ask(model, caller, target, permission)
        }
        RowSubject::Project(id) => {
            let accounts = EstateTableKind::Accounts;
            let mut effects = open(model, accounts);
            let view = model.estate.view_mut(accounts);
            view.find.input = format!("project:{id}").into();
            effects.extend(refilter(model, accounts));
            effects
        }
        RowSubject::Finding(id) => {
            review::open(model, &id);
            Vec::new()
        }
        RowSubject::Nothing(why) => {
            model.say(why);
            Vec::new()
        }
    }
}

/// What to do with the rows: files, or the clipboard.
fn export_menu(model: &mut Model, kind: EstateTableKind) {
    let view = model.estate.view(kind);
    let count = match view.marked.len() {
        0 => format!("{} shown", view.rows.len()),
        marked => format!("{marked} marked"),
    };
    let choice = |format: ExportFormat, to: RowsTo| Choice {
        text: match to {
            RowsTo::File => format!("{} into a new file", format.word()),
            RowsTo::Clipboard => format!("{} to the clipboard", format.word()),
        },
        note: count.clone(),
        act: ChoiceAct::Export { kind, format, to },
    };
    let choices = [RowsTo::File, RowsTo::Clipboard]
        .into_iter()
        .flat_map(|to| [ExportFormat::Csv, ExportFormat::Json].map(|format| choice(format, to)))
        .collect();
    let title = "take these rows along as what?";
    menu::open(model, title, KeyContext::Estate, choices, Typed::Nothing);
}

/// One of those was chosen.
pub(super) fn export(
    model: &Model,
    kind: EstateTableKind,
    format: ExportFormat,
    to: RowsTo,
) -> Vec<Effect> {
    let view = model.estate.view(kind);
    let Some(table) = view.table.clone() else {
        return Vec::new();
    };
    vec![Effect::ExportRows {
        table,
        rows: Arc::clone(&view.rows),
        marked: view.marked.clone(),
        format,
        to,
        folder: None,
    }]
}

/// Stops the reading, or the review. `None`: there was none.
pub(super) fn stop(model: &mut Model) -> Option<Vec<Effect>> {
    let running = model.estate.is_running();
    if running {
        model.estate.reading = EstateReading::Stopped;
    }
    stop_review(model).or_else(|| running.then(Vec::new))
}
