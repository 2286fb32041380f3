//! Lists over the screen.

use ratatui::layout::{Position, Rect};

use super::super::keys::KeyContext;
use super::super::look::text::{cut_middle, width, wrap};
use super::super::look::theme::StyleRole;
use super::super::model::list::scrolled;
use super::super::model::tree::short_member;
use super::super::model::{Change, Layout, PathRow, Rows, Spot, Table};
use super::super::words::{in_zone, local_time};
use super::page::{centered, find_field};
use super::pen::{Pen, safe};
use crate::iam::address::short;
use crate::text::visible;

/// Below this width a row is a name alone; its way stands below the list while it is selected.
const NARROW: u16 = 60;

pub(super) fn draw(
    pen: &mut Pen<'_>,
    area: Rect,
    table: &Table,
    out: &mut Layout,
) -> Option<Position> {
    let frame = centered(area, 130, area.height);
    // Where one is in it stands at the right, and the title leaves it room.
    let place = match (table.len(), table.total()) {
        (0, 0) => String::new(),
        (0, all) => format!(" 0 of {all} "),
        (len, all) if len == all => format!(" {} of {len} ", table.row + 1),
        (len, all) => format!(" {} of {len}, {all} in all ", table.row + 1),
    };
    let room = usize::from(frame.width).saturating_sub(width(&place) + 7);
    let title = visible(&table.title);
    let title = cut_middle(&title, room, pen.glyphs.ellipsis());
    let mut inside = pen.window(frame, &title);
    let edge = Rect::new(frame.x, frame.y, frame.width.saturating_sub(2), 1);
    pen.put_right(edge, frame.y, StyleRole::Dim, &place);
    let mut caret = None;
    if table.find.is_shown() && inside.height > 2 {
        let line = Rect::new(inside.x, inside.y, inside.width, 1);
        caret = find_field(pen, line, &table.find);
        inside.y += 1;
        inside.height -= 1;
    }
    out.room = usize::from(inside.height);
    read_at(pen, frame, table);
    if let Some((role, words)) = instead(pen, table) {
        let lines = wrap(&words, usize::from(inside.width));
        for (text, y) in lines.into_iter().zip(inside.y..inside.bottom()) {
            pen.put(inside.x, y, inside.width, role, &text);
        }
        return caret;
    }
    let below = said_below(table, inside);
    // What is said beside a list leaves it half of the room at least.
    let high = u16::try_from(below.len())
        .unwrap_or(u16::MAX)
        .min(inside.height / 2);
    let rows = Rect::new(inside.x, inside.y, inside.width, inside.height - high);
    let room = usize::from(rows.height);
    out.room = room;
    let first = scrolled(table.offset, table.row, table.len(), room);
    out.top = Some(first);
    let shares = columns(table, rows.width);
    for (row, y) in (first..table.len()).zip(rows.y..rows.bottom()) {
        let line = Rect::new(rows.x, y, rows.width, 1);
        let at = table.place(row).unwrap_or(usize::MAX);
        match &table.rows {
            Rows::Changes(list) => {
                if let Some(change) = list.get(at) {
                    change_row(pen, line, change);
                }
            }
            Rows::Paths(paths) => {
                if let Some(path) = paths.rows.get(at) {
                    path_row(pen, line, path, shares);
                }
            }
            Rows::Loading(_) | Rows::Failed(_) => {}
        }
        if row == table.row {
            pen.selected(line);
        }
        out.spot(line, Spot::OverlayRow(row));
    }
    let side = Rect::new(frame.x, rows.y, frame.width, rows.height);
    pen.scroll_bar(side, first, room, table.len());
    for ((role, text), y) in below.iter().zip(rows.bottom()..inside.bottom()) {
        pen.put(inside.x, y, inside.width, *role, text);
    }
    more_of_this(pen, frame, below.len().saturating_sub(usize::from(high)));
    caret
}

/// On the lower edge, that what is said below the rows has no room for all of it, and the key that shows it.
pub(super) fn more_of_this(pen: &mut Pen<'_>, frame: Rect, hidden: usize) {
    if hidden > 0 {
        let edge = Rect::new(frame.x, frame.bottom() - 1, frame.width - 2, 1);
        let words = format!(" {hidden} more of this: {{meaning}} ");
        let words = pen.keys.fill(KeyContext::List, &words);
        pen.put_right(edge, edge.y, StyleRole::Dim, &words);
    }
}

/// How old it is, and the key that reads it again, on the lower edge.
fn read_at(pen: &mut Pen<'_>, frame: Rect, table: &Table) {
    let Rows::Paths(paths) = &table.rows else {
        return;
    };
    let at = in_zone(paths.read_at, "%H:%M:%S");
    let again = pen.keys.fill(KeyContext::List, "{refresh} again");
    let words = format!(" read at {at}, {again} ");
    // What is hidden below has its place on the same edge.
    let room = frame.width.saturating_sub(26);
    if usize::from(room) >= width(&words) {
        pen.put(
            frame.x + 2,
            frame.bottom() - 1,
            room,
            StyleRole::Dim,
            &words,
        );
    }
}

/// What stands there instead of rows, where there are none.
fn instead(pen: &Pen<'_>, table: &Table) -> Option<(StyleRole, String)> {
    let back = pen.keys.fill(KeyContext::List, "{back}");
    match &table.rows {
        Rows::Loading(0) => Some((StyleRole::Dim, "Reading …".to_owned())),
        Rows::Loading(answers) => Some((
            StyleRole::Dim,
            format!("Reading … Answers so far: {answers}. {back} stops."),
        )),
        Rows::Failed(why) => Some((StyleRole::Denied, why.clone())),
        Rows::Changes(list) if list.is_empty() => Some((
            StyleRole::Dim,
            pen.keys.fill(
                KeyContext::Answer,
                "No change was made with bindscope yet: {fix} on an answer plans one.",
            ),
        )),
        Rows::Paths(paths) if paths.rows.is_empty() => {
            let nobody = match (paths.who, paths.complete) {
                (true, true) => "Nobody: no grant on it or above it lets anybody do this.",
                (true, false) => "Nobody, as far as could be read.",
                (false, true) => "No account: no grant lets this caller do it anywhere.",
                (false, false) => "No account, as far as could be read.",
            };
            let nobody = nobody.to_owned();
            let notes = paths.notes.iter().map(|note| format!(" {note}"));
            Some((StyleRole::Dim, notes.fold(nobody, |all, note| all + &note)))
        }
        _ if table.is_empty() && table.is_filtering() => {
            Some((StyleRole::Dim, "Filtering …".to_owned()))
        }
        _ if table.is_empty() => Some((
            StyleRole::Dim,
            format!(
                "None of the {} holds {}. {back} takes the filter back.",
                table.total(),
                table.find.text()
            ),
        )),
        _ => None,
    }
}

/// What stands below the rows: the selected one in full, where its line is too short for it, and what is said
/// beside the list.
fn said_below(table: &Table, inside: Rect) -> Vec<(StyleRole, String)> {
    let across = usize::from(inside.width);
    let mut lines = Vec::new();
    let paths = match &table.rows {
        Rows::Paths(paths) => paths,
        Rows::Changes(list) => {
            let change = table.selected().and_then(|at| list.get(at));
            if let Some(change) = change {
                let words = change_words(change);
                if width(&words) > across.saturating_sub(CHANGE_LEAD) {
                    let whole = wrap(&words, across);
                    lines.extend(whole.into_iter().map(|text| (StyleRole::Text, text)));
                }
            }
            return lines;
        }
        Rows::Loading(_) | Rows::Failed(_) => return lines,
    };
    let selected = table.selected().and_then(|at| paths.rows.get(at));
    if let Some(path) = selected {
        let (name, way) = columns(table, inside.width);
        let words = path.way_words();
        if width(&short_name(&path.name)) > usize::from(name) {
            let whole = wrap(&path.name, across);
            lines.extend(whole.into_iter().map(|text| (StyleRole::Path, text)));
        }
        if width(&words) > usize::from(way) {
            let whole = wrap(&words, across);
            lines.extend(whole.into_iter().map(|text| (StyleRole::Text, text)));
        }
    }
    let notes = paths.notes.iter().flat_map(|n| wrap(n, across));
    lines.extend(notes.map(|text| (StyleRole::Unknown, text)));
    lines
}

fn change_row(pen: &mut Pen<'_>, area: Rect, change: &Change) {
    let record = &change.entry.record;
    let role = match change.entry.state.word() {
        // What it stands in is not looked at from here.
        _ if !change.here => StyleRole::Dim,
        "applied" => StyleRole::Granted,
        "failed" => StyleRole::Denied,
        "undone" => StyleRole::Dim,
        _ => StyleRole::Unknown,
    };
    let x = pen.put(
        area.x + 2,
        area.y,
        16,
        StyleRole::Dim,
        &local_time(record.time),
    );
    let x = pen
        .put(x + 2, area.y, 9, role, change.entry.state.word())
        .max(x + 10);
    let room = area.right().saturating_sub(x + 2);
    pen.put(x + 2, area.y, room, StyleRole::Text, &change_words(change));
}

/// So many cells stand before a change's words: the mark, when it was made, its state.
const CHANGE_LEAD: usize = 32;

/// Who got which role where, in short names; or what was turned on.
fn change_words(change: &Change) -> String {
    let record = &change.entry.record;
    if record.switched().is_some() {
        return record.title();
    }
    let last = |name: &str| name.rsplit('/').next().unwrap_or(name).to_owned();
    format!(
        "{} on {}: {}",
        short_member(&record.grant.member),
        short(&last(&record.resource)),
        last(&record.grant.role)
    )
}

/// Who, or which account, as lists call them.
fn short_name(name: &str) -> String {
    short(&short_member(name)).to_owned()
}

/// So many ways are looked at for how wide columns have to be (chosen: a frame does not feel it).
const LOOKED_AT: usize = 200;

/// How many cells of a row the name has, and how many the way: each as many as it needs, and where that is too much the
/// name about half of them.
fn columns(table: &Table, across: u16) -> (u16, u16) {
    let Rows::Paths(paths) = &table.rows else {
        return (0, 0);
    };
    if across < NARROW {
        return (across.saturating_sub(2), 0);
    }
    // From the first to the last, so that nothing moves while one moves in the list.
    let step = paths.rows.len().div_ceil(LOOKED_AT).max(1);
    let (mut widest, mut ways) = (0, 0);
    for path in paths.rows.iter().step_by(step) {
        widest = widest.max(width(&safe(&short_name(&path.name))));
        ways = ways.max(width(&safe(&path.way_words())));
    }
    let cells = |n: usize| u16::try_from(n).unwrap_or(u16::MAX);
    let half = (across * 45 / 100).max(across.saturating_sub(cells(ways).saturating_add(4)));
    let name = cells(widest).min(half);
    (name, across.saturating_sub(name + 4))
}

fn path_row(pen: &mut Pen<'_>, area: Rect, path: &PathRow, (name, way): (u16, u16)) {
    let role = if path.certain {
        StyleRole::Text
    } else {
        StyleRole::Unknown
    };
    pen.name(area.x + 2, area.y, name, role, &short_name(&path.name));
    if way > 0 {
        let x = area.x + 2 + name + 2;
        pen.name(x, area.y, way, StyleRole::Dim, &path.way_words());
    }
}
