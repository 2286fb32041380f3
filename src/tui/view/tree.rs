//! The picture: where bindings are.

use ratatui::layout::Rect;

use super::super::look::text::width;
use super::super::look::theme::StyleRole;
use super::super::model::list::scrolled;
use super::super::model::tree::TreeRow;
use super::super::model::{Asked, Layout, Panel, Reading, Spot};
use super::pen::Pen;
use crate::answer::states::LevelState;
use crate::google::survey::ProgressState;

/// The widest word of the column of kinds: `caller and target`.
const KIND: u16 = 17;

pub(super) fn draw(pen: &mut Pen<'_>, area: Rect, asked: &Asked, out: &mut Layout) {
    let focused = asked.panel == Panel::Tree;
    let title = Rect::new(area.x, area.y, area.width, area.height.min(1));
    let body = Rect::new(
        area.x,
        area.y + 1,
        area.width,
        area.height.saturating_sub(1),
    );
    let Some(known) = asked.known() else {
        pen.rule(title, "reading", false);
        steps(pen, body, asked);
        return;
    };
    pen.rule(title, "where bindings are", focused);
    out.spot(area, Spot::Panel(Panel::Tree));
    let rows = &known.rows;
    let room = usize::from(body.height);
    let shown = chosen(rows, asked.tree_row, room);
    let hidden = rows.len() - shown.len().min(room);
    if hidden > 0 {
        let words = format!(" {hidden} more ");
        let inner = Rect::new(area.x, area.y, area.width.saturating_sub(1), 1);
        pen.put_right(inner, area.y, StyleRole::Dim, &words);
    }
    let whole = shown.len() == rows.len();
    // The selected row is always in sight.
    let selected = shown.iter().position(|i| *i == asked.tree_row).unwrap_or(0);
    let offset = scrolled(asked.tree_offset, selected, shown.len(), room);
    out.tree = Some(offset);
    let lead = |row: &TreeRow| {
        if whole {
            row.rails(pen.glyphs)
        } else {
            row.short_rail(pen.glyphs).to_owned()
        }
    };
    let leads: Vec<String> = rows.iter().map(lead).collect();
    let label = label_column(rows, &leads, body.width);
    for (index, y) in shown.into_iter().skip(offset).zip(body.y..body.bottom()) {
        let (Some(row), Some(lead)) = (rows.get(index), leads.get(index)) else {
            continue;
        };
        let line = Rect::new(body.x, y, body.width, 1);
        draw_row(pen, line, row, lead, label);
        if index == asked.tree_row {
            // The one bright mark is where keys go.
            let role = if focused {
                StyleRole::Key
            } else {
                StyleRole::Dim
            };
            pen.put(body.x + 1, y, 1, role, pen.glyphs.mark());
            if focused {
                pen.lay(line, StyleRole::Selected);
            }
        }
        out.spot(line, Spot::TreeRow(index));
    }
}

/// How many rows have to be shown, whatever the room: those that say something, both ends of the
/// question, and the selected one.
pub(super) fn needed(rows: &[TreeRow], selected: usize) -> usize {
    let needed = rows
        .iter()
        .enumerate()
        .filter(|(i, row)| row.matters() || *i == selected);
    needed.count()
}

/// The rows to be shown: all where there is room; else those needed, and of the others, from the
/// target upward, as many as fit.
fn chosen(rows: &[TreeRow], selected: usize, room: usize) -> Vec<usize> {
    let mut spare = room.saturating_sub(needed(rows, selected));
    let mut shown: Vec<usize> = Vec::with_capacity(rows.len());
    for (i, row) in rows.iter().enumerate().rev() {
        if row.matters() || i == selected {
            shown.push(i);
        } else if spare > 0 {
            spare -= 1;
            shown.push(i);
        }
    }
    shown.reverse();
    shown
}

/// What a caller from outside of the hierarchy is cut down to before it widens the column: its whole
/// name stands above the picture.
const OUTSIDER: usize = 22;

/// How wide the column of names is: as wide as the widest, as far as there is room for the rest.
fn label_column(rows: &[TreeRow], leads: &[String], whole: u16) -> u16 {
    let widest = rows
        .iter()
        .zip(leads)
        .map(|(row, lead)| {
            let label = width(&row.label);
            let outside = row.resource.is_none();
            width(lead) + if outside { label.min(OUTSIDER) } else { label }
        })
        .max()
        .unwrap_or(0);
    let most = usize::from(whole) * if whole < 60 { 60 } else { 45 } / 100;
    u16::try_from(widest.min(most)).unwrap_or(u16::MAX)
}

fn draw_row(pen: &mut Pen<'_>, area: Rect, row: &TreeRow, lead: &str, label: u16) {
    let y = area.y;
    let end = area.right();
    let rail_role = if row.on_path {
        StyleRole::Path
    } else {
        StyleRole::Dim
    };
    let start = area.x + 3;
    let x = pen.put(start, y, label, rail_role, lead);
    let name_role = match (row.on_path, row.state) {
        (true, _) => StyleRole::Path,
        (false, LevelState::Nothing) => StyleRole::Dim,
        _ => StyleRole::Text,
    };
    let used = x - start;
    pen.name(x, y, label.saturating_sub(used), name_role, &row.label);
    let mut x = start + label + 2;
    if area.width >= 60 {
        pen.put(x, y, end.saturating_sub(x), StyleRole::Dim, row.kind);
        x += KIND + 2;
    }
    let glyph = row.state.glyph(pen.glyphs);
    if row.state == LevelState::Nothing && row.note.is_empty() {
        return;
    }
    let role = StyleRole::of(row.state);
    let after = pen.put(x, y, end.saturating_sub(x), role, glyph);
    let x = after.max(x + 1) + 1;
    let room = end.saturating_sub(x);
    let words = if area.width < 60 {
        row.state.short()
    } else {
        row.note.as_str()
    };
    pen.put(x, y, room, role, words);
}

/// What is being read, the newest steps in sight.
fn steps(pen: &mut Pen<'_>, area: Rect, asked: &Asked) {
    if let Reading::Failed(_) | Reading::Stopped = asked.reading {
        return;
    }
    let room = usize::from(area.height);
    let skip = asked.steps.len().saturating_sub(room);
    for (step, y) in asked.steps.iter().skip(skip).zip(area.y..area.bottom()) {
        let (role, sign) = match &step.state {
            ProgressState::Started => (StyleRole::Dim, pen.glyphs.pick("…", "..")),
            ProgressState::Done => (StyleRole::Text, pen.glyphs.yes()),
            ProgressState::Unreadable(_) => (StyleRole::Dim, "?"),
        };
        pen.put(area.x + 1, y, 2, role, sign);
        let x = pen.put(
            area.x + 4,
            y,
            area.width.saturating_sub(5),
            role,
            &step.label,
        );
        if let ProgressState::Unreadable(why) = &step.state {
            let room = area.right().saturating_sub(x + 3);
            pen.put(x + 2, y, room, StyleRole::Dim, why);
        }
    }
}
