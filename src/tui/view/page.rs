//! A page to read.

use ratatui::layout::{Position, Rect};

use super::super::model::Model;
use super::super::page::{Page, Text, piece};
use super::super::text::{width, wrap};
use super::super::theme::Role;
use super::pen::{Pen, safe};

/// The widest that text is easily read.
const WIDEST: u16 = 110;

pub(super) fn draw(
    pen: &mut Pen<'_>,
    area: Rect,
    page: &mut Page,
    model: &mut Model,
) -> Option<Position> {
    let inside_width = usize::from(area.width.min(WIDEST).saturating_sub(4));
    let lines = wrapped(&page.lines, inside_width);
    let wanted = u16::try_from(lines.len())
        .unwrap_or(u16::MAX)
        .saturating_add(2);
    let frame = centered(area, WIDEST, wanted);
    let inside = pen.window(frame, &page.title);
    let room = usize::from(inside.height);
    model.room = room;
    page.offset = page.offset.min(lines.len().saturating_sub(room));
    for (line, y) in lines
        .iter()
        .skip(page.offset)
        .zip(inside.y..inside.bottom())
    {
        pen.pieces(inside.x, y, inside.width, line);
    }
    let below = lines.len().saturating_sub(page.offset + room);
    if below > 0 && frame.height > 2 {
        let edge = Rect::new(frame.x, frame.bottom() - 1, frame.width - 2, 1);
        pen.put_right(
            edge,
            edge.y,
            Role::Dim,
            &format!(" {below} lines more: j, PgDn "),
        );
    }
    None
}

/// A frame in the middle, no larger than the area.
pub(super) fn centered(area: Rect, wide: u16, high: u16) -> Rect {
    let width = area.width.min(wide);
    let height = area.height.min(high);
    Rect::new(
        area.x + (area.width - width) / 2,
        area.y + (area.height - height) / 2,
        width,
        height,
    )
}

/// Lines wrapped to a width; what goes on is indented as its line was.
pub(super) fn wrapped(lines: &[Text], room: usize) -> Vec<Text> {
    let mut out = Vec::new();
    for line in lines {
        let whole: usize = line.iter().map(|p| width(&safe(&p.text))).sum();
        if whole <= room {
            out.push(line.clone());
            continue;
        }
        out.extend(wrap_pieces(line, room));
    }
    out
}

fn wrap_pieces(line: &Text, room: usize) -> Vec<Text> {
    let first = line.first().map_or("", |p| p.text.as_str());
    let lead = first.len() - first.trim_start().len();
    let indent = (lead + 2).min(room / 2);
    let mut out: Vec<Text> = Vec::new();
    let mut current: Text = Vec::new();
    let mut used = 0;
    for part in line {
        let text = safe(&part.text);
        for word in split_keeping_spaces(&text) {
            let wide = width(word);
            if used + width(word.trim_end()) > room && used > indent {
                out.push(std::mem::take(&mut current));
                current.push(piece(Role::Text, " ".repeat(indent)));
                used = indent;
            }
            let word = if used == indent && !out.is_empty() {
                word.trim_start()
            } else {
                word
            };
            if width(word) > room.saturating_sub(used) {
                for chunk in wrap(word, room.saturating_sub(indent).max(1)) {
                    if used > indent {
                        out.push(std::mem::take(&mut current));
                        current.push(piece(Role::Text, " ".repeat(indent)));
                        used = indent;
                    }
                    used += width(&chunk);
                    current.push(piece(part.role, chunk));
                }
                continue;
            }
            used += wide;
            current.push(piece(part.role, word));
        }
    }
    if !current.is_empty() {
        out.push(current);
    }
    out
}

/// `a bc ` as `a `, `bc `.
fn split_keeping_spaces(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut start = 0;
    let mut in_space = true;
    for (i, c) in text.char_indices() {
        if c != ' ' && in_space && i > start && !text.get(start..i).unwrap_or("").trim().is_empty()
        {
            words.push(text.get(start..i).unwrap_or(""));
            start = i;
        }
        in_space = c == ' ';
    }
    words.push(text.get(start..).unwrap_or(""));
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn plain(line: &Text) -> String {
        line.iter().map(|p| p.text.as_str()).collect()
    }

    #[test]
    fn pieces_wrap_together_and_keep_their_indent() {
        let line = vec![
            piece(Role::Key, "    - "),
            piece(Role::Text, "one two three four"),
        ];
        let lines: Vec<String> = wrapped(&[line], 16).iter().map(plain).collect();
        assert_eq!(lines, ["    - one two ", "      three four"]);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

        #[test]
        fn no_letter_is_lost_and_no_line_too_wide(words in prop::collection::vec("[a-z]{1,30}", 1..12), room in 8_usize..40) {
            let text = words.join(" ");
            let lines = wrapped(&[vec![piece(Role::Text, text.clone())]], room);
            let letters = |s: &str| s.chars().filter(|c| *c != ' ').collect::<String>();
            let all: String = lines.iter().map(plain).collect();
            prop_assert_eq!(letters(&all), letters(&text));
            for line in &lines {
                prop_assert!(width(plain(line).trim_end()) <= room, "{:?}", plain(line));
            }
        }
    }
}
