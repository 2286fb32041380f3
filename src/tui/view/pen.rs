//! What every part draws with. All text passes here, so nothing from outside reaches the terminal raw.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use super::super::keys::Keymap;
use super::super::look::find::Find;
use super::super::look::page::Piece;
use super::super::look::text::{cut_end, cut_middle, width};
use super::super::look::theme::{StyleRole, Theme};
use crate::answer::signs::Glyphs;
use crate::text::{is_hidden, visible};

/// A buffer with a theme.
pub(super) struct Pen<'b> {
    buffer: &'b mut Buffer,
    theme: Theme,
    /// The signs.
    pub glyphs: Glyphs,
    /// Which keys do what.
    pub keys: &'b Keymap,
    /// It is drawn to be kept: nothing is selected, and all is said of everything.
    pub still: bool,
    /// Something lies over what is drawn: keys go there, and no mark of focus stands here.
    pub beneath: bool,
}

impl<'b> Pen<'b> {
    pub fn new(buffer: &'b mut Buffer, theme: Theme, glyphs: Glyphs, keys: &'b Keymap) -> Self {
        Self {
            buffer,
            theme,
            glyphs,
            keys,
            still: false,
            beneath: false,
        }
    }

    /// The same for what is kept.
    pub fn still(mut self) -> Self {
        self.still = true;
        self
    }

    /// Whether keys may go to what is drawn.
    pub const fn in_focus(&self) -> bool {
        !self.still && !self.beneath
    }

    pub fn style(&self, role: StyleRole) -> Style {
        self.theme.style(role)
    }

    /// Puts a text; gives the column after it. What does not fit in `room` cells is cut at its end.
    pub fn put(&mut self, x: u16, y: u16, room: u16, role: StyleRole, text: &str) -> u16 {
        let style = self.style(role);
        self.put_styled(x, y, room, style, text)
    }

    /// The same with a style.
    pub fn put_styled(&mut self, x: u16, y: u16, room: u16, style: Style, text: &str) -> u16 {
        if room == 0 || !self.holds(x, y) {
            return x;
        }
        let text = safe(text);
        let text = cut_end(&text, usize::from(room), self.glyphs.ellipsis());
        let (end, _) = self
            .buffer
            .set_stringn(x, y, &text, usize::from(room), style);
        end
    }

    /// Puts a name; what does not fit is cut in its middle.
    pub fn name(&mut self, x: u16, y: u16, room: u16, role: StyleRole, text: &str) -> u16 {
        let text = safe(text);
        let text = cut_middle(&text, usize::from(room), self.glyphs.ellipsis());
        self.put(x, y, room, role, &text)
    }

    /// Puts a text so that it ends at the right of `area`; gives the column where it begins.
    pub fn put_right(&mut self, area: Rect, y: u16, role: StyleRole, text: &str) -> u16 {
        let text = safe(text);
        let wide = u16::try_from(width(&text))
            .unwrap_or(u16::MAX)
            .min(area.width);
        let x = area.right().saturating_sub(wide);
        self.put(x, y, wide, role, &text);
        x
    }

    /// Puts pieces one after the other.
    pub fn pieces(&mut self, x: u16, y: u16, room: u16, pieces: &[Piece]) -> u16 {
        let end = x.saturating_add(room);
        let mut at = x;
        for piece in pieces {
            at = self.put(at, y, end.saturating_sub(at), piece.role, &piece.text);
        }
        at
    }

    /// A rule with a title in it: `─ why ────`; heavy above the panel in focus, `━ why ━━━━`.
    pub fn rule(&mut self, area: Rect, title: &str, focused: bool) {
        let line = if focused {
            self.glyphs.pick("━", "=")
        } else {
            self.glyphs.rule()
        };
        let role = if focused {
            StyleRole::Path
        } else {
            StyleRole::Dim
        };
        let whole = line.repeat(usize::from(area.width));
        self.put(area.x, area.y, area.width, StyleRole::Dim, &whole);
        if !title.is_empty() && area.width > 4 {
            let at = self.put(area.x + 1, area.y, area.width - 2, StyleRole::Dim, " ");
            let at = self.put(at, area.y, area.width.saturating_sub(4), role, title);
            if at < area.right() {
                self.put(at, area.y, 1, StyleRole::Dim, " ");
            }
        }
    }

    /// Lays a role's style over an area; colours that it does not set stay.
    pub fn lay(&mut self, area: Rect, role: StyleRole) {
        let style = self.style(role);
        let area = area.intersection(self.buffer.area);
        self.buffer.set_style(area, style);
    }

    /// A selected row of a list: its mark, and what tells it from others.
    pub fn selected(&mut self, area: Rect) {
        let mark = self.glyphs.mark();
        let (sign, row) = if self.in_focus() {
            (StyleRole::Key, StyleRole::Selected)
        } else {
            (StyleRole::Dim, StyleRole::SelectedElsewhere)
        };
        self.put(area.x, area.y, 1, sign, mark);
        self.lay(area, row);
    }

    /// Underlines an area, whatever it looks like else.
    pub fn underline(&mut self, area: Rect) {
        let style = Style::new().add_modifier(Modifier::UNDERLINED);
        self.buffer
            .set_style(area.intersection(self.buffer.area), style);
    }

    /// Makes everything that was drawn so far recede.
    pub fn dim_all(&mut self, area: Rect) {
        let area = area.intersection(self.buffer.area);
        let style = Style::reset().add_modifier(Modifier::DIM);
        for y in area.top()..area.bottom() {
            for x in area.left()..area.right() {
                if let Some(cell) = self.buffer.cell_mut((x, y)) {
                    cell.set_style(style);
                }
            }
        }
    }

    /// At the right edge of an area, which part of all is in sight; nothing where all of it is.
    pub fn scroll_bar(&mut self, area: Rect, offset: usize, room: usize, all: usize) {
        let high = usize::from(area.height);
        if all <= room || high < 2 || area.width == 0 || !self.in_focus() {
            return;
        }
        let thumb = (high * room / all).clamp(1, high - 1);
        // At its ends only where the ends are in sight.
        let (free, most) = (high - thumb, all - room);
        let at = match offset.min(most) {
            0 => 0,
            offset if offset == most => free,
            offset => (offset * free / most).clamp(1, free.saturating_sub(1).max(1)),
        };
        let x = area.right() - 1;
        let sign = self.glyphs.pick("┃", "#");
        for y in at..(at + thumb).min(high) {
            let y = area.y + u16::try_from(y).unwrap_or(0);
            self.put(x, y, 1, StyleRole::Path, sign);
        }
    }

    /// Marks where what is looked for stands in what is drawn there.
    pub fn mark_found(&mut self, area: Rect, find: &Find) {
        if find.text().is_empty() {
            return;
        }
        let area = area.intersection(self.buffer.area);
        for y in area.top()..area.bottom() {
            let mut text = String::new();
            // Where each byte of the line is drawn.
            let mut columns = Vec::new();
            for x in area.left()..area.right() {
                let symbol = self.buffer.cell((x, y)).map_or(" ", |c| c.symbol());
                columns.extend(std::iter::repeat_n(x, symbol.len()));
                text.push_str(symbol);
            }
            for place in find.places(&text) {
                let ends = (columns.get(place.start), columns.get(place.end - 1));
                if let (Some(from), Some(to)) = ends {
                    let here = Rect::new(*from, y, to - from + 1, 1);
                    self.lay(here, StyleRole::Match);
                    self.underline(here);
                }
            }
        }
    }

    /// Blanks an area. A wide character that is cut by its edge is blanked whole.
    pub fn clear(&mut self, area: Rect) {
        let area = area.intersection(self.buffer.area);
        for y in area.top()..area.bottom() {
            if let Some(before) = area.left().checked_sub(1)
                && let Some(cell) = self.buffer.cell_mut((before, y))
                && width(cell.symbol()) > 1
            {
                cell.set_symbol(" ");
            }
            for x in area.left()..area.right() {
                if let Some(cell) = self.buffer.cell_mut((x, y)) {
                    cell.reset();
                }
            }
        }
    }

    /// A frame with a title, blank inside; gives the inside.
    pub fn window(&mut self, area: Rect, title: &str) -> Rect {
        self.clear(area);
        if area.width < 4 || area.height < 3 {
            return area;
        }
        let g = self.glyphs;
        let across = g.rule().repeat(usize::from(area.width - 2));
        let top = format!("{}{across}{}", g.pick("┌", "+"), g.pick("┐", "+"));
        let low = format!("{}{across}{}", g.pick("└", "+"), g.pick("┘", "+"));
        self.put(area.x, area.y, area.width, StyleRole::Dim, &top);
        self.put(area.x, area.bottom() - 1, area.width, StyleRole::Dim, &low);
        for y in area.y + 1..area.bottom() - 1 {
            self.put(area.x, y, 1, StyleRole::Dim, g.bar());
            self.put(area.right() - 1, y, 1, StyleRole::Dim, g.bar());
        }
        if !title.is_empty() {
            let room = area.width.saturating_sub(6);
            let title = safe(title);
            let title = cut_middle(&title, usize::from(room), g.ellipsis());
            self.put(
                area.x + 2,
                area.y,
                area.width - 4,
                StyleRole::Heading,
                &format!(" {title} "),
            );
        }
        Rect::new(area.x + 2, area.y + 1, area.width - 4, area.height - 2)
    }

    fn holds(&self, x: u16, y: u16) -> bool {
        self.buffer.area.contains((x, y).into())
    }
}

/// Hidden characters shown as what they are.
pub(super) fn safe(text: &str) -> Cow<'_, str> {
    // Of ASCII only control characters are hidden.
    let plain = text.bytes().all(|b| matches!(b, b' '..=b'~'));
    if !plain && text.chars().any(is_hidden) {
        Cow::Owned(visible(text))
    } else {
        Cow::Borrowed(text)
    }
}
