//! Lists over the screen.

use ratatui::layout::{Position, Rect};

use super::super::look::text::{cut_middle, width, wrap};
use super::super::look::theme::StyleRole;
use super::super::model::list::scrolled;
use super::super::model::{Change, Layout, PathRow, Rows, Spot, Table};
use super::super::words::local_time;
use super::page::centered;
use super::pen::Pen;
use crate::text::visible;

pub(super) fn draw(
    pen: &mut Pen<'_>,
    area: Rect,
    table: &Table,
    out: &mut Layout,
) -> Option<Position> {
    let frame = centered(area, 130, area.height);
    // Where one is in it stands at the right, and the title leaves it room.
    let place = match table.len() {
        0 => String::new(),
        len => format!(" {} of {len} ", table.row + 1),
    };
    let room = usize::from(frame.width).saturating_sub(width(&place) + 7);
    let title = cut_middle(&visible(&table.title), room, pen.glyphs.ellipsis());
    let inside = pen.window(frame, &title);
    out.room = usize::from(inside.height);
    let words = match &table.rows {
        Rows::Loading => Some((StyleRole::Dim, "Reading …".to_owned())),
        Rows::Failed(why) => Some((StyleRole::Denied, why.clone())),
        Rows::Changes(list) if list.is_empty() => Some((
            StyleRole::Dim,
            "No change was made with bindscope yet: f on an answer plans one.".to_owned(),
        )),
        Rows::Paths(paths) if paths.rows.is_empty() => {
            let nobody = "Nobody, as far as could be read.".to_owned();
            let notes = paths.notes.iter().map(|note| format!(" {note}"));
            Some((StyleRole::Dim, notes.fold(nobody, |all, note| all + &note)))
        }
        _ => None,
    };
    if let Some((role, words)) = words {
        for (text, y) in wrap(&words, usize::from(inside.width))
            .into_iter()
            .zip(inside.y..inside.bottom())
        {
            pen.put(inside.x, y, inside.width, role, &text);
        }
        return None;
    }
    let across = usize::from(inside.width);
    let notes: Vec<String> = match &table.rows {
        Rows::Paths(paths) => paths.notes.iter().flat_map(|n| wrap(n, across)).collect(),
        _ => Vec::new(),
    };
    // What is said beside a list leaves it half of the room at least.
    let below = u16::try_from(notes.len())
        .unwrap_or(u16::MAX)
        .min(inside.height / 2);
    let rows = Rect::new(inside.x, inside.y, inside.width, inside.height - below);
    let room = usize::from(rows.height);
    out.room = room;
    let first = scrolled(table.offset, table.row, table.len(), room);
    out.top = Some(first);
    let edge = Rect::new(frame.x, frame.y, frame.width.saturating_sub(2), 1);
    pen.put_right(edge, frame.y, StyleRole::Dim, &place);
    for (index, y) in (first..table.len()).zip(rows.y..rows.bottom()) {
        let line = Rect::new(rows.x, y, rows.width, 1);
        match &table.rows {
            Rows::Changes(list) => {
                if let Some(change) = list.get(index) {
                    change_row(pen, line, change);
                }
            }
            Rows::Paths(paths) => {
                if let Some(path) = paths.rows.get(index) {
                    path_row(pen, line, path);
                }
            }
            Rows::Loading | Rows::Failed(_) => {}
        }
        if index == table.row {
            pen.put(rows.x, y, 1, StyleRole::Key, pen.glyphs.mark());
            pen.lay(line, StyleRole::Selected);
        }
        out.spot(line, Spot::OverlayRow(index));
    }
    for (note, y) in notes.iter().zip(rows.bottom()..inside.bottom()) {
        pen.put(inside.x, y, inside.width, StyleRole::Unknown, note);
    }
    None
}

fn change_row(pen: &mut Pen<'_>, area: Rect, change: &Change) {
    let record = &change.entry.record;
    let role = match change.entry.state.word() {
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
    let short = |name: &str| {
        let name = name.rsplit('/').next().unwrap_or(name);
        let name = name.strip_prefix("serviceAccount:").unwrap_or(name);
        name.replace(".iam.gserviceaccount.com", "")
    };
    let words = format!(
        "{} on {}: {}",
        short(&record.grant.member),
        short(&record.resource),
        short(&record.grant.role)
    );
    let room = area.right().saturating_sub(x + 2);
    pen.put(x + 2, area.y, room, StyleRole::Text, &words);
}

fn path_row(pen: &mut Pen<'_>, area: Rect, path: &PathRow) {
    let role = if path.certain {
        StyleRole::Text
    } else {
        StyleRole::Unknown
    };
    let column = (area.width * 45 / 100).max(20);
    let short = path.name.replace(".iam.gserviceaccount.com", "");
    pen.name(area.x + 2, area.y, column, role, &short);
    let x = area.x + 2 + column + 2;
    let sure = if path.certain { "" } else { "? " };
    let words = format!("{sure}{}", path.way);
    let room = area.right().saturating_sub(x);
    if width(&words) > usize::from(room) {
        pen.name(x, area.y, room, StyleRole::Dim, &words);
    } else {
        pen.put(x, area.y, room, StyleRole::Dim, &words);
    }
}
