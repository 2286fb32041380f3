//! The tables of the estate: as many columns as there is room for, the one that is sorted by always among them.

use ratatui::layout::{Position, Rect};

use super::super::keys::KeyContext;
use super::super::look::text::{cut_end, width, wrap};
use super::super::look::theme::StyleRole;
use super::super::model::list::scrolled;
use super::super::model::{EstateReading, EstateView, Layout, Model, Spot};
use super::super::pages::{estate_notes, severity_role};
use super::columns::{Drawn, WIDEST, Wish, shared};
use super::page::{centered, find_field};
use super::pen::{Pen, safe};
use super::table::more_of_this;
use crate::answer::inventory::{EstateCell, EstateTable, EstateTableKind};
use crate::evaluate::review::{REVIEW_STEPS, Severity};
use crate::text::visible;

/// So many rows are looked at for how wide columns have to be (chosen: a frame does not feel it).
const LOOKED_AT: usize = 200;
/// Below this width a table of bindings has no column for members.
const NARROW: u16 = 50;
/// With less than this an account's name and project are not told from others (chosen: `bq-privileged@data-vault`).
const NAME: u16 = 24;
/// Which column of the table of bindings has the member.
const MEMBER: usize = 2;
/// So many lines of what a finding says stand below the table (chosen); the page has it whole.
const MESSAGE: usize = 3;

pub(super) fn draw(
    pen: &mut Pen<'_>,
    area: Rect,
    model: &Model,
    kind: EstateTableKind,
    out: &mut Layout,
) -> Option<Position> {
    let view = model.estate.view(kind);
    let frame = centered(area, area.width, area.height);
    let place = place(view);
    let room = usize::from(frame.width).saturating_sub(width(&place) + 7);
    let title = title(model, kind);
    let title = cut_end(&title, room, pen.glyphs.ellipsis());
    let mut inside = pen.window(frame, &title);
    let edge = Rect::new(frame.x, frame.y, frame.width.saturating_sub(2), 1);
    pen.put_right(edge, frame.y, StyleRole::Dim, &place);
    let mut caret = None;
    if view.find.is_shown() && inside.height > 3 {
        let line = Rect::new(inside.x, inside.y, inside.width, 1);
        caret = find_field(pen, line, &view.find);
        inside.y += 1;
        inside.height -= 1;
    }
    out.room = usize::from(inside.height.saturating_sub(1));
    let Some(table) = view.table.as_ref().filter(|_| !view.rows.is_empty()) else {
        let (role, words) = instead(pen, model, kind);
        let lines = wrap(&words, usize::from(inside.width));
        for (text, y) in lines.into_iter().zip(inside.y..inside.bottom()) {
            pen.put(inside.x, y, inside.width, role, &text);
        }
        return caret;
    };
    let columns = columns(table, view, inside);
    let name = columns.first().map_or(0, |drawn| drawn.room);
    let (below, hidden) = said_below(model, view, table, inside, name);
    let high = u16::try_from(below.len())
        .unwrap_or(u16::MAX)
        .min(inside.height / 3);
    let rows = Rect::new(
        inside.x,
        inside.y + 1,
        inside.width,
        inside.height.saturating_sub(1 + high),
    );
    head(pen, kind, view, &columns, inside, out);
    let room = usize::from(rows.height);
    out.room = room;
    // Its project stands beside the name of an account.
    let named = kind == EstateTableKind::Accounts && columns.iter().any(|c| c.column == 1);
    let first = scrolled(view.offset, view.row, view.rows.len(), room);
    out.top = Some(first);
    let shown = view.rows.get(first..).unwrap_or_default();
    for ((row, at), y) in (first..).zip(shown).zip(rows.y..rows.bottom()) {
        let line = Rect::new(rows.x, y, rows.width, 1);
        let marked = view.marked.contains(at);
        for drawn in &columns {
            cell(pen, table, *at as usize, drawn, y, named);
        }
        if marked {
            let mark = pen.glyphs.pick("●", "*");
            pen.put(rows.x + 1, y, 1, StyleRole::Key, mark);
        }
        if row == view.row {
            pen.selected(line);
        }
        out.spot(line, Spot::OverlayRow(row));
    }
    let side = Rect::new(frame.x, rows.y, frame.width, rows.height);
    pen.scroll_bar(side, first, room, view.rows.len());
    for ((role, text), y) in below.iter().zip(rows.bottom()..inside.bottom()) {
        pen.put(inside.x, y, inside.width, *role, text);
    }
    more_of_this(
        pen,
        frame,
        hidden + below.len().saturating_sub(usize::from(high)),
    );
    caret
}

/// Where one is in it, and how many are marked.
fn place(view: &EstateView) -> String {
    let (len, all) = (view.rows.len(), view.table.as_ref().map_or(0, |t| t.len()));
    let marked = match view.marked.len() {
        0 => String::new(),
        n => format!(", {n} marked"),
    };
    let busy = if view.is_arranged() || view.table.is_none() {
        ""
    } else {
        ", sorting"
    };
    match (len, all) {
        (0, 0) => String::new(),
        (0, all) => format!(" 0 of {all}{busy} "),
        (len, all) if len == all => format!(" {} of {len}{marked}{busy} ", view.row + 1),
        (len, all) => format!(" {} of {len}, {all} in all{marked}{busy} ", view.row + 1),
    }
}

fn title(model: &Model, kind: EstateTableKind) -> String {
    let when = match (&model.estate.reading, &model.estate.read_at) {
        (EstateReading::Known(_), Some(at)) => format!(", as of {at}"),
        _ => String::new(),
    };
    format!("{}{when}{}", kind.word(), counts(model, kind))
}

/// How many findings of which severity there are.
fn counts(model: &Model, kind: EstateTableKind) -> String {
    let view = model.estate.view(kind);
    let Some((table, open)) = view
        .table
        .as_ref()
        .and_then(|table| Some((table, table.open_by_severity()?)))
    else {
        return String::new();
    };
    let all = Severity::ALL.iter().zip(open).rev();
    let mut words: Vec<String> = all
        .map(|(severity, open)| format!("{open} {}", severity.word()))
        .collect();
    let left = table.len() - open.iter().sum::<usize>();
    if left > 0 {
        words.push(format!("{left} suppressed"));
    }
    format!(": {}", words.join(", "))
}

/// What stands there instead of rows.
fn instead(pen: &Pen<'_>, model: &Model, kind: EstateTableKind) -> (StyleRole, String) {
    let view = model.estate.view(kind);
    let fill = |words: &str| pen.keys.fill(KeyContext::Estate, words);
    match (&model.estate.reading, &view.table) {
        (EstateReading::Known(_), Some(table)) if !table.is_empty() && view.is_arranged() => (
            StyleRole::Dim,
            format!(
                "None of the {} holds {}. {}",
                table.len(),
                visible(view.find.text()),
                fill("{back} takes the filter back.")
            ),
        ),
        (EstateReading::Known(_), None) if kind == EstateTableKind::Findings => {
            let words = reviewing(model).map_or_else(
                || fill("Stopped. {refresh} reads and reviews again."),
                |words| format!("{words} {}", fill("{back} stops.")),
            );
            (StyleRole::Dim, words)
        }
        (EstateReading::Known(_), Some(table)) if table.is_empty() && table.review().is_some() => {
            let words = [found_nothing(table).to_owned()].into_iter();
            let all: Vec<String> = words.chain(estate_notes(table)).collect();
            (StyleRole::Dim, all.join(" "))
        }
        (EstateReading::Known(read), Some(table)) if table.is_empty() => {
            let all = if read.not_read.is_empty() {
                "There is none in this scope."
            } else {
                "None was seen in this scope, and not all of it was read."
            };
            (StyleRole::Dim, all.to_owned())
        }
        (EstateReading::Known(_), _) => (StyleRole::Dim, "Sorting …".to_owned()),
        (EstateReading::Running(0) | EstateReading::Idle, _) => {
            (StyleRole::Dim, fill("Reading … {back} stops."))
        }
        (EstateReading::Running(answers), _) => (
            StyleRole::Dim,
            format!(
                "Reading … Answers so far: {answers}. {}",
                fill("{back} stops.")
            ),
        ),
        (EstateReading::Failed(why), _) => (
            StyleRole::Denied,
            format!("{why} {}", fill("{refresh} tries again.")),
        ),
        (EstateReading::Stopped, _) => (StyleRole::Dim, fill("Stopped. {refresh} reads it.")),
    }
}

/// How far a review is.
fn reviewing(model: &Model) -> Option<String> {
    let done = model.estate.reviewing?;
    Some(format!(
        "Reviewing … {done} of {REVIEW_STEPS} steps are done."
    ))
}

/// "None" is said where all was looked at.
fn found_nothing(table: &EstateTable) -> &'static str {
    let whole = table
        .review()
        .is_some_and(|a| a.review.complete && a.review.not_judged.is_empty());
    if whole {
        "Nothing was found, and everything was looked at."
    } else {
        "Nothing was found in what was looked at, which is not everything."
    }
}

/// How far it is, what the selected row has no room for, and what was not read; and how many lines of it are left out.
/// `name`: how many cells the first column has.
fn said_below(
    model: &Model,
    view: &EstateView,
    table: &EstateTable,
    inside: Rect,
    name: u16,
) -> (Vec<(StyleRole, String)>, usize) {
    let across = usize::from(inside.width);
    let mut lines = Vec::new();
    let mut say = |role: StyleRole, words: &str| {
        let whole = wrap(words, across).into_iter();
        lines.extend(whole.map(|text| (role, text)));
    };
    match &model.estate.reading {
        EstateReading::Running(answers) => {
            let words = format!("The rest is being read. Answers so far: {answers}.");
            say(StyleRole::Dim, &words);
        }
        EstateReading::Stopped => {
            say(StyleRole::Unknown, "Stopped: only what was listed is here.");
        }
        EstateReading::Failed(why) => say(StyleRole::Denied, &visible(why)),
        EstateReading::Idle | EstateReading::Known(_) => {}
    }
    if let (Some(words), true) = (reviewing(model), table.review().is_some()) {
        say(StyleRole::Dim, &words);
    }
    if let Some(counted) = table.counted().filter(|n| *n < table.len()) {
        let words = format!(
            "Who gets at each is being counted: {counted} of {}.",
            table.len()
        );
        say(StyleRole::Dim, &words);
    }
    let mut hidden = 0;
    if let Some(one) = view.selected().and_then(|row| table.finding(row)) {
        let words = visible(&one.finding.message);
        let whole = wrap(&words, across);
        hidden = whole.len().saturating_sub(MESSAGE);
        let shown = whole.into_iter().take(MESSAGE);
        lines.extend(shown.map(|text| (StyleRole::Text, text)));
    }
    // Where a member has no column of its own, who is bound to what stands below.
    else if let (Some(row), EstateTableKind::Bindings, true) =
        (view.selected(), table.kind, inside.width < NARROW)
    {
        let cell = |column| table.cell(row, column).words().into_owned();
        let words = format!("{} on {}", cell(MEMBER), cell(0));
        let whole = wrap(&visible(&words), across);
        lines.extend(whole.into_iter().map(|text| (StyleRole::Path, text)));
    }
    // A name that is cut stands whole below.
    else if let Some(row) = view.selected().filter(|_| inside.width < WIDEST) {
        let cut = width(&safe(&table.cell(row, 0).words())) > usize::from(name);
        let whole = table.whole_cell(row, 0);
        let whole = wrap(&visible(&whole.words()), across);
        let whole = whole.into_iter().filter(|_| cut);
        lines.extend(whole.map(|text| (StyleRole::Path, text)));
    }
    for note in estate_notes(table) {
        lines.extend(
            wrap(&note, across)
                .into_iter()
                .map(|text| (StyleRole::Unknown, text)),
        );
    }
    (lines, hidden)
}

/// The columns that are shown, as wide as what stands in them: looked at are rows from the first to the last, so that
/// nothing moves while one moves in the table.
fn columns(table: &EstateTable, view: &EstateView, area: Rect) -> Vec<Drawn> {
    let kind = table.kind;
    let step = view.rows.len().div_ceil(LOOKED_AT).max(1);
    let rows: Vec<usize> = view
        .rows
        .iter()
        .step_by(step)
        .map(|row| *row as usize)
        .collect();
    let wishes = |named: bool| -> Vec<Wish> {
        let columns = kind.columns().iter().enumerate();
        columns
            .map(|(at, column)| {
                let (mut whole, mut open, mut blank) = (width(column.title), false, true);
                for row in &rows {
                    let cell = table.cell(*row, at);
                    open |= cell == EstateCell::Pending;
                    blank &= matches!(cell, EstateCell::Empty | EstateCell::NotRead);
                    whole = whole.max(width(&safe(&words(table, *row, at, named))));
                }
                let whole = u16::try_from(whole).unwrap_or(u16::MAX);
                // Alone, a name says where it belongs too; what the table is sorted by has its room first.
                let least = match (kind, at) {
                    (EstateTableKind::Accounts, 0) if !named && view.wish.column == 0 => NAME,
                    _ => column.narrow,
                };
                Wish {
                    least,
                    // What is still to come may need as much.
                    whole: if open { whole.max(least) } else { whole },
                    rank: column.rank,
                    blank,
                }
            })
            .collect()
    };
    // Its project stands beside the name of an account, where there is room for that.
    if kind == EstateTableKind::Accounts {
        let drawn = shared(&wishes(true), view.wish.column, area);
        if drawn.iter().any(|c| c.column == 1) {
            return drawn;
        }
    }
    shared(&wishes(false), view.wish.column, area)
}

/// What stands in a cell; of an account its name alone where its project stands beside it.
fn words(table: &EstateTable, row: usize, column: usize, without_project: bool) -> String {
    let cell = table.cell(row, column);
    let words = cell.words();
    if without_project && column == 0 {
        let project = table.cell(row, 1);
        let bare = words.strip_suffix(&*project.words());
        if let Some(bare) = bare.and_then(|bare| bare.strip_suffix('@')) {
            return bare.to_owned();
        }
    }
    words.into_owned()
}

fn head(
    pen: &mut Pen<'_>,
    kind: EstateTableKind,
    view: &EstateView,
    columns: &[Drawn],
    area: Rect,
    out: &mut Layout,
) {
    for drawn in columns {
        let Some(column) = kind.columns().get(drawn.column) else {
            continue;
        };
        let sorted = view.wish.column == drawn.column;
        let arrow = match (sorted, view.wish.down) {
            (false, _) => "",
            (true, false) => pen.glyphs.pick("▲", "^"),
            (true, true) => pen.glyphs.pick("▼", "v"),
        };
        let role = if sorted {
            StyleRole::Heading
        } else {
            StyleRole::Dim
        };
        let text = format!("{}{arrow}", column.title);
        // The arrow may stand between two columns.
        pen.put(drawn.x, area.y, drawn.room + 1, role, &text);
        let spot = Rect::new(drawn.x, area.y, drawn.room, 1);
        out.spot(spot, Spot::EstateHead(drawn.column));
    }
}

fn cell(
    pen: &mut Pen<'_>,
    table: &EstateTable,
    row: usize,
    drawn: &Drawn,
    y: u16,
    without_project: bool,
) {
    let cell = table.cell(row, drawn.column);
    let weight = table.finding(row).filter(|_| drawn.column == 0);
    let role = match &cell {
        _ if table
            .finding(row)
            .is_some_and(|one| one.suppressed.is_some()) =>
        {
            StyleRole::Dim
        }
        _ if weight.is_some() => {
            weight.map_or(StyleRole::Text, |one| severity_role(one.finding.severity))
        }
        EstateCell::NotRead => StyleRole::Unknown,
        EstateCell::Pending | EstateCell::Empty => StyleRole::Dim,
        EstateCell::Count(count) if count.or_more => StyleRole::Unknown,
        _ => StyleRole::Text,
    };
    let words = words(table, row, drawn.column, without_project);
    pen.name(drawn.x, y, drawn.room, role, &words);
}
