//! A menu that is filtered as one types.

use ratatui::layout::{Position, Rect};
use ratatui::style::Modifier;

use super::super::keys::KeyContext;
use super::super::keys::line::{FORMS, TypedLine, is_here};
use super::super::look::text::{width, wrap};
use super::super::look::theme::StyleRole;
use super::super::model::list::Item as _;
use super::super::model::{Layout, Menu, Spot, Typed};
use super::page::{centered, field};
use super::pen::Pen;

/// What a line that is typed whole comes to, unless it names an entry of the menu.
fn line_words(menu: &Menu) -> Option<String> {
    if menu.typed != Typed::Command {
        return None;
    }
    match TypedLine::read(menu.list.input.value())? {
        Ok(TypedLine::Command(command)) if is_here(command, menu.below) => None,
        Ok(line) => Some(line.words(menu.below)),
        Err(why) => Some(why),
    }
}

/// What to say where nothing in the menu matches.
fn nothing(pen: &Pen<'_>, menu: &Menu) -> String {
    let words = match menu.typed {
        Typed::Nothing => "Nothing matches. {back} clears.",
        Typed::Command => {
            return match TypedLine::read(menu.list.input.value()) {
                Some(Ok(line)) => line.words(menu.below),
                Some(Err(why)) => why,
                None => format!("No such command. Also: {FORMS}."),
            };
        }
        Typed::Permission => "Not in this list: {open} asks about it as it is typed.",
        Typed::Hop => "Not in this list: {open} takes the address as it is typed.",
        Typed::Attribute => "Type NAME=VALUE, such as repository=org/repo, and {open}.",
    };
    pen.keys.fill(KeyContext::Menu, words)
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
    let place = match menu.list.shown() {
        0 => format!(" 0 of {} ", menu.list.total()),
        shown => format!(" {} of {shown} ", menu.list.row() + 1),
    };
    let edge = Rect::new(frame.x, frame.y, frame.width.saturating_sub(2), 1);
    if width(&place) + width(&menu.title) + 6 < usize::from(frame.width) {
        pen.put_right(edge, frame.y, StyleRole::Dim, &place);
    }
    let line = Rect::new(inside.x, inside.y, inside.width, 1);
    let caret = field(pen, line, &menu.list.input);
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
    if !window.is_empty()
        && let Some(words) = line_words(menu)
    {
        // What is typed whole is meant, whatever else it resembles.
        let line = wrap(&words, usize::from(rows.width));
        let edge = Rect::new(
            frame.x + 2,
            frame.bottom() - 1,
            frame.width.saturating_sub(4),
            1,
        );
        let first = line.first().map_or("", String::as_str);
        pen.put(
            edge.x,
            edge.y,
            edge.width,
            StyleRole::Heading,
            &format!(" {first} "),
        );
    }
    if window.is_empty() {
        let lines = wrap(&nothing(pen, menu), usize::from(rows.width));
        for (text, y) in lines.iter().zip(rows.y..rows.bottom()) {
            pen.put(rows.x, y, rows.width, StyleRole::Dim, text);
        }
    }
    let widest = window
        .iter()
        .map(|(_, c, _)| width(c.text()))
        .max()
        .unwrap_or(0);
    // Keys are short and stand whole; longer notes leave the choice two thirds of the line.
    let notes = window
        .iter()
        .map(|(_, c, _)| width(&c.note))
        .max()
        .unwrap_or(0);
    let notes = u16::try_from(notes).unwrap_or(u16::MAX).min(rows.width / 3);
    // On the smallest screens a note that would cut the choice is left out; keys are no longer than this.
    let cuts = widest + usize::from(notes) + 5 > usize::from(rows.width);
    let notes = if cuts && rows.width < 50 && notes > 9 {
        0
    } else {
        notes
    };
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
        let long = width(choice.text()) > usize::from(column);
        // Cut in the middle: of a pair both ends tell.
        let tail = if long { usize::from(column) / 2 } else { 0 };
        let rest = choice.text().chars().count().saturating_sub(tail);
        let head_end = end.saturating_sub(u16::try_from(tail).unwrap_or(u16::MAX));
        for (i, c) in choice.text().chars().enumerate() {
            if long && i < rest && at + 1 >= head_end {
                if at < head_end {
                    at = pen.put(at, y, 1, StyleRole::Dim, &pen.glyphs.ellipsis().to_string());
                }
                at = at.max(head_end);
                continue;
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
        if notes > 0 {
            let room = rows.right().saturating_sub(x);
            pen.put(x, y, room, StyleRole::Dim, &choice.note);
        }
        if row == selected {
            pen.put(rows.x, y, 1, StyleRole::Key, pen.glyphs.mark());
            pen.lay(line, StyleRole::Selected);
        }
        out.spot(line, Spot::OverlayRow(row));
    }
    let side = Rect::new(frame.x, rows.y, frame.width, rows.height);
    pen.scroll_bar(side, menu.list.first_shown(room), room, menu.list.shown());
    Some(caret)
}
