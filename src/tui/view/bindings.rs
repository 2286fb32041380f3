//! Where it is wide: the selected level's policy, what matches first.

use ratatui::layout::Rect;

use super::super::keys::KeyContext;
use super::super::look::theme::StyleRole;
use super::super::model::Asked;
use super::super::pages::level_lines;
use super::super::words::more;
use super::page::wrapped;
use super::pen::Pen;

pub(super) fn draw(pen: &mut Pen<'_>, area: Rect, asked: &Asked) {
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
    let of = match &row.resource {
        Some(resource) => known.estate.label(resource),
        None => row.label.clone(),
    };
    pen.rule(title, &format!("policy of {of}"), false);
    let lines = match &row.resource {
        Some(resource) => level_lines(known, resource),
        None => Vec::new(),
    };
    let whole = lines;
    let lines = wrapped(&whole, usize::from(area.width.saturating_sub(2)));
    let room = usize::from(area.height.saturating_sub(1));
    let hidden = lines.len().saturating_sub(room);
    for (line, y) in lines.iter().zip(area.y + 1..area.bottom()) {
        pen.pieces(area.x + 1, y, area.width.saturating_sub(2), line);
    }
    if hidden > 0 {
        let inner = Rect::new(area.x, area.y, area.width.saturating_sub(1), 1);
        pen.put_right(
            inner,
            area.y,
            StyleRole::Dim,
            &more(hidden, &pen.keys.fill(KeyContext::Answer, ": {open} ")),
        );
    }
}
