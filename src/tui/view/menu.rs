//! A menu that is filtered as one types.

use ratatui::layout::{Position, Rect};
use ratatui::style::Modifier;

use super::super::look::theme::StyleRole;
use super::super::model::list::Item as _;
use super::super::model::{Layout, Menu, Spot, Typed};
use super::page::centered;
use super::pen::Pen;

/// What to say where nothing in the menu matches.
fn nothing(menu: &Menu) -> &'static str {
    match menu.typed {
        Typed::Nothing => "Nothing matches. Esc clears.",
        Typed::Command => "No such command. Also: why CALLER TARGET, sa @PROJECT /TEXT.",
        Typed::Permission => "Not in this list: Enter asks about it as it is typed.",
        Typed::Hop => "Not in this list: Enter takes the address as it is typed.",
        Typed::Attribute => "Type NAME=VALUE, such as repository=org/repo, and Enter.",
    }
}

pub(super) fn draw(
    pen: &mut Pen<'_>,
    area: Rect,
    menu: &Menu,
    out: &mut Layout,
) -> Option<Position> {
    let count = u16::try_from(menu.list.total()).unwrap_or(u16::MAX);
    let frame = centered(area, 100, count.saturating_add(4).max(6));
    let inside = pen.window(frame, &menu.title);
    let x = pen.put(inside.x, inside.y, 2, StyleRole::Key, "/ ");
    let room = inside.right().saturating_sub(x);
    pen.put(x, inside.y, room, StyleRole::Text, menu.list.input.value());
    let cursor = u16::try_from(menu.list.input.visual_cursor()).unwrap_or(0);
    let caret = Position::new((x + cursor).min(inside.right().saturating_sub(1)), inside.y);
    let rows = Rect::new(
        inside.x,
        inside.y + 1,
        inside.width,
        inside.height.saturating_sub(1),
    );
    let room = usize::from(rows.height);
    out.room = room;
    out.top = Some(menu.list.first_shown(room));
    let selected = menu.list.row();
    let window = menu.list.window(room);
    if window.is_empty() {
        pen.put(rows.x, rows.y, rows.width, StyleRole::Dim, nothing(menu));
    }
    let widest = window
        .iter()
        .map(|(_, c, _)| super::super::look::text::width(c.text()))
        .max()
        .unwrap_or(0);
    // Keys are short and stand whole; longer notes leave the choice two thirds of the line.
    let notes = window
        .iter()
        .map(|(_, c, _)| super::super::look::text::width(&c.note))
        .max()
        .unwrap_or(0);
    let notes = u16::try_from(notes).unwrap_or(u16::MAX).min(rows.width / 3);
    let column = u16::try_from(widest)
        .unwrap_or(u16::MAX)
        .min(rows.width.saturating_sub(notes + 5));
    let matched = pen
        .style(StyleRole::Match)
        .add_modifier(Modifier::UNDERLINED);
    for ((row, choice, places), y) in window.into_iter().zip(rows.y..rows.bottom()) {
        let line = Rect::new(rows.x, y, rows.width, 1);
        let mut at = rows.x + 2;
        let end = rows.x + 2 + column;
        let long = super::super::look::text::width(choice.text()) > usize::from(column);
        for (i, c) in choice.text().chars().enumerate() {
            if long && at + 1 >= end {
                pen.put(at, y, 1, StyleRole::Dim, &pen.glyphs.ellipsis().to_string());
                break;
            }
            if at >= end.min(rows.right()) {
                break;
            }
            let hit = u32::try_from(i).is_ok_and(|i| places.binary_search(&i).is_ok());
            let style = if hit {
                matched
            } else {
                pen.style(StyleRole::Text)
            };
            let mut text = [0_u8; 4];
            at = pen.put_styled(at, y, end - at, style, c.encode_utf8(&mut text));
        }
        let x = end + 2;
        pen.put(
            x,
            y,
            rows.right().saturating_sub(x),
            StyleRole::Dim,
            &choice.note,
        );
        if row == selected {
            pen.put(rows.x, y, 1, StyleRole::Key, pen.glyphs.mark());
            pen.lay(line, StyleRole::Selected);
        }
        out.spot(line, Spot::OverlayRow(row));
    }
    Some(caret)
}
