//! The picture of an answer to be kept: whole, with nothing selected and nothing cut, for a file or the normal screen.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::super::look::theme::Theme;
use super::super::model::{Asked, Layout, Model};
use super::pen::Pen;
use super::{answer, tree, why};

/// How wide a picture in a file is (chosen: what a ticket shows without scrolling).
pub const KEPT_WIDTH: u16 = 100;

/// The answer as it is drawn: pair, picture, causes.
#[must_use]
pub fn kept_answer(model: &Model, theme: Theme, width: u16) -> Option<Buffer> {
    let asked = model.asked()?;
    let high = whole(model, asked, width);
    let mut buffer = Buffer::empty(Rect::new(0, 0, width, high));
    let area = buffer.area;
    let mut pen = Pen::new(&mut buffer, theme, model.glyphs, &model.keys).still();
    answer::draw(&mut pen, area, model, &mut Layout::default());
    Some(buffer)
}

/// Rows enough for all of it.
fn whole(model: &Model, asked: &Asked, width: u16) -> u16 {
    let mut scratch = Buffer::empty(Rect::new(0, 0, width, 1));
    let pen = Pen::new(&mut scratch, model.theme, model.glyphs, &model.keys).still();
    let lines = why::lines(&pen, asked, width).len();
    let rows = asked.known().map_or(asked.steps.len(), tree::height);
    // The pair, what is said beside it, a rule above each part, and a chain that takes more than a line.
    let beside = 4 + asked.question.via.len() + 3;
    let above = u16::try_from(rows + beside + 1).unwrap_or(u16::MAX);
    above.saturating_add(u16::try_from(lines + 1).unwrap_or(u16::MAX))
}

/// The picture alone, line by line, as plain text.
#[must_use]
pub fn kept_picture(model: &Model, width: u16) -> Vec<String> {
    let Some((asked, known)) = model.asked().and_then(|a| Some((a, a.known()?))) else {
        return Vec::new();
    };
    let rows = tree::height(known) + known.explanation.hops.len() + 5;
    let high = u16::try_from(rows).unwrap_or(u16::MAX);
    let mut buffer = Buffer::empty(Rect::new(0, 0, width, high));
    let area = buffer.area;
    let mut pen = Pen::new(&mut buffer, model.theme, model.glyphs, &model.keys).still();
    tree::draw(&mut pen, area, asked, model, &mut Layout::default());
    let mut lines = lines_of(&buffer);
    // The rule has its say on a screen alone.
    lines.drain(..1.min(lines.len()));
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines
}

/// The cells as lines of text.
#[must_use]
pub fn lines_of(buffer: &Buffer) -> Vec<String> {
    let area = buffer.area;
    (area.top()..area.bottom())
        .map(|y| {
            let mut line = String::new();
            let mut x = area.left();
            while x < area.right() {
                let symbol = buffer.cell((x, y)).map_or(" ", |cell| cell.symbol());
                line.push_str(symbol);
                let wide = super::super::look::text::width(symbol).max(1);
                x = x.saturating_add(u16::try_from(wide).unwrap_or(1));
            }
            line.trim_end().to_owned()
        })
        .collect()
}
