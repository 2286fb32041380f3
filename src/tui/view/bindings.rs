//! Where it is wide: the selected level's policy, what matches first.

use ratatui::layout::Rect;

use super::super::keys::KeyContext;
use super::super::look::theme::StyleRole;
use super::super::model::{Asked, Layout, Panel, Spot};
use super::super::pages::{caller_lines, level_lines};
use super::super::words::more;
use super::page::wrapped;
use super::pen::Pen;

pub(super) fn draw(pen: &mut Pen<'_>, area: Rect, asked: &Asked, out: &mut Layout) {
    let focused = asked.panel == Panel::Policy && pen.in_focus();
    out.spot(area, Spot::Panel(Panel::Policy));
    out.policy = Some(asked.policy_offset);
    let title = Rect::new(area.x, area.y, area.width, area.height.min(1));
    for y in area.y..area.bottom() {
        pen.put(
            area.x.saturating_sub(1),
            y,
            1,
            StyleRole::Dim,
            pen.glyphs.bar(),
        );
    }
    let row = asked
        .known()
        .and_then(|known| Some((known, known.rows.get(asked.tree_row)?)));
    let Some((known, row)) = row else {
        pen.rule(title, "policy", false);
        return;
    };
    let (of, whole) = match &row.resource {
        Some(resource) => {
            let of = format!("policy of {}", known.estate.label(resource));
            (of, level_lines(known, resource))
        }
        None => (row.label.clone(), caller_lines(known, row)),
    };
    pen.rule(title, &of, focused);
    let lines = wrapped(&whole, usize::from(area.width.saturating_sub(2)));
    let room = usize::from(area.height.saturating_sub(1));
    let offset = asked.policy_offset.min(lines.len().saturating_sub(room));
    out.policy = Some(offset);
    let rows = Rect::new(
        area.x,
        area.y + 1,
        area.width,
        area.height.saturating_sub(1),
    );
    for (line, y) in lines.iter().skip(offset).zip(rows.y..rows.bottom()) {
        pen.pieces(area.x + 1, y, area.width.saturating_sub(2), line);
    }
    pen.mark_found(rows, &asked.find);
    pen.scroll_bar(rows, offset, room, lines.len());
    let hidden = lines.len().saturating_sub(offset + room);
    if hidden > 0 {
        let inner = Rect::new(area.x, area.y, area.width.saturating_sub(1), 1);
        let hint = if focused {
            ": {page-down} "
        } else {
            ": {next-panel} "
        };
        let hint = pen.keys.fill(KeyContext::Answer, hint);
        pen.put_right(inner, area.y, StyleRole::Dim, &more(hidden, &hint));
    }
}
