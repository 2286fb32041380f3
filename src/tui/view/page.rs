//! A page to read.

use std::borrow::Cow;

use ratatui::layout::{Position, Rect};
use tui_input::Input;
use unicode_segmentation::UnicodeSegmentation;

use super::super::keys::KeyContext;
use super::super::look::find::Find;
use super::super::look::page::{Piece, ScreenPage, Text, piece};
use super::super::look::text::{width, wrap};
use super::super::look::theme::StyleRole;
use super::super::model::Layout;
use super::super::model::list::scrolled;
use super::super::words::more;
use super::pen::{Pen, safe};
use crate::text::{counted, joint};

/// The widest that text is easily read.
const WIDEST: u16 = 110;

pub(super) fn draw(
    pen: &mut Pen<'_>,
    area: Rect,
    page: &ScreenPage,
    out: &mut Layout,
) -> Option<Position> {
    let inside_width = usize::from(area.width.min(WIDEST).saturating_sub(4));
    let (lines, starts) = wrapped_from(&page.lines, inside_width);
    let wanted = u16::try_from(lines.len())
        .unwrap_or(u16::MAX)
        .saturating_add(2);
    let frame = centered(area, WIDEST, wanted);
    let inside = pen.window(frame, &page.title);
    let room = usize::from(inside.height);
    out.room = room;
    let mut offset = page.offset;
    if let (Some(at), true) = (
        page.hit.and_then(|hit| starts.get(hit).copied()),
        page.reveal,
    ) {
        // Where the line is wrapped, the part in which it stands.
        let here = |row: &usize| lines.get(*row).is_some_and(|l| holds(page, l));
        let row = (at..lines.len()).take(room.max(1)).find(here).unwrap_or(at);
        offset = scrolled(offset, row, lines.len(), room);
    }
    let offset = offset.min(lines.len().saturating_sub(room));
    out.top = Some(offset);
    out.scrolls = lines.len() > room;
    for (line, y) in lines.iter().skip(offset).zip(inside.y..inside.bottom()) {
        pen.pieces(inside.x, y, inside.width, line);
        mark_found(pen, inside, y, page, line);
    }
    let side = Rect::new(frame.x, inside.y, frame.width, inside.height);
    pen.scroll_bar(side, offset, room, lines.len());
    if frame.height <= 2 {
        return None;
    }
    let mut edge = Rect::new(frame.x, frame.bottom() - 1, frame.width - 2, 1);
    let mut caret = None;
    if page.find.is_shown() {
        let found = page.found();
        let at = page
            .hit
            .and_then(|hit| found.iter().position(|l| *l == hit));
        let count = match (page.find.text().is_empty(), at) {
            (true, _) => String::new(),
            (false, Some(at)) => format!(" {} of {} ", at + 1, found.len()),
            (false, None) => " nowhere here ".to_owned(),
        };
        let wide = u16::try_from(width(&count)).unwrap_or(0);
        let room = edge.width.saturating_sub(wide + 4).min(40);
        let field = Rect::new(edge.x + 2, edge.y, room, 1);
        pen.clear(field);
        caret = find_field(pen, field, &page.find);
        pen.put(field.right(), edge.y, wide, StyleRole::Dim, &count);
        edge.x = field.right() + wide;
        edge.width = (frame.right() - 2).saturating_sub(edge.x);
    }
    let below = lines.len().saturating_sub(offset + room);
    let words = match (below, offset) {
        (0, 0) => String::new(),
        (0, _) => format!(" the end, of {} ", counted(lines.len(), "line")),
        _ => more(
            below,
            &pen.keys.fill(KeyContext::Read, ": {down}, {page-down} "),
        ),
    };
    if width(&words) <= usize::from(edge.width) {
        pen.put_right(edge, edge.y, StyleRole::Dim, &words);
    }
    caret
}

/// The line in which what is looked for is typed; gives where the caret is while it is.
pub(super) fn find_field(pen: &mut Pen<'_>, area: Rect, find: &Find) -> Option<Position> {
    let caret = field(pen, area, &find.input);
    find.typing.then_some(caret)
}

/// A line that is typed in, scrolled so that the caret is in sight; gives where that is.
pub(super) fn field(pen: &mut Pen<'_>, area: Rect, input: &Input) -> Position {
    let x = pen.put(area.x, area.y, 2, StyleRole::Key, "/ ");
    let room = area.right().saturating_sub(x);
    let cursor = input.visual_cursor();
    let skip = (cursor + 1).saturating_sub(usize::from(room));
    let shown: String = input.value().chars().skip(skip).collect();
    pen.put(x, area.y, room, StyleRole::Text, &shown);
    let at = x + u16::try_from(cursor.saturating_sub(skip)).unwrap_or(0);
    Position::new(at.min(area.right().saturating_sub(1)), area.y)
}

fn text_of(line: &[Piece]) -> String {
    line.iter().map(|p| safe(&p.text)).collect()
}

fn holds(page: &ScreenPage, line: &[Piece]) -> bool {
    !page.find.places(&text_of(line)).is_empty()
}

/// Marks where what is looked for stands in a line.
fn mark_found(pen: &mut Pen<'_>, inside: Rect, y: u16, page: &ScreenPage, line: &[Piece]) {
    let text = text_of(line);
    for place in page.find.places(&text) {
        let (Some(before), Some(here)) = (text.get(..place.start), text.get(place)) else {
            continue;
        };
        let cells = |text: &str| u16::try_from(width(text)).unwrap_or(u16::MAX);
        let x = inside.x.saturating_add(cells(before));
        let area = Rect::new(x, y, cells(here), 1).intersection(inside);
        pen.lay(area, StyleRole::Match);
        pen.underline(area);
    }
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
pub(super) fn wrapped(lines: &[Text], room: usize) -> Vec<Cow<'_, [Piece]>> {
    wrapped_from(lines, room).0
}

/// The same, with the place at which each of them begins.
fn wrapped_from(lines: &[Text], room: usize) -> (Vec<Cow<'_, [Piece]>>, Vec<usize>) {
    let mut out = Vec::new();
    let mut starts = Vec::new();
    for line in lines {
        starts.push(out.len());
        let whole: usize = line.iter().map(|p| width(&safe(&p.text))).sum();
        if whole <= room {
            out.push(Cow::Borrowed(line.as_slice()));
            continue;
        }
        out.extend(wrap_pieces(line, room).into_iter().map(Cow::Owned));
    }
    (out, starts)
}

fn wrap_pieces(line: &Text, room: usize) -> Vec<Text> {
    // The sign of a changed line stands before each of its parts.
    let (sign, rest) = match line.as_slice() {
        [sign, rest @ ..] if matches!(sign.role, StyleRole::Added | StyleRole::Removed) => {
            (Some(sign), rest)
        }
        all => (None, all),
    };
    let first = rest.first().map_or("", |p| p.text.as_str());
    let lead = first.len() - first.trim_start().len();
    // Prose goes on where it began; entries of a list stand out.
    let indent = if lead == 0 && line.len() == 1 {
        0
    } else {
        (lead + 2).min(room / 2)
    };
    let mut lines = Lines::new(sign, indent);
    for part in rest {
        let text = safe(&part.text);
        for word in split_keeping_spaces(&text) {
            lines.word(part.role, word, room);
        }
    }
    if !lines.current.is_empty() {
        lines.done.push(lines.current);
    }
    lines.done
}

/// Lines that are being filled.
struct Lines {
    done: Vec<Text>,
    current: Text,
    used: usize,
    /// What every line but the first begins with, and its width.
    lead: Text,
    indent: usize,
}

/// Where less than this is left of a line, a word that has to be broken begins the next one.
const SCRAP: usize = 12;

impl Lines {
    fn new(sign: Option<&Piece>, indent: usize) -> Self {
        let current: Text = sign.into_iter().cloned().collect();
        let used = current.iter().map(|p| width(&p.text)).sum();
        let mut lead = current.clone();
        lead.push(piece(StyleRole::Text, " ".repeat(indent)));
        Self {
            done: Vec::new(),
            current,
            used,
            lead,
            indent: used + indent,
        }
    }

    fn begin(&mut self) {
        self.done.push(std::mem::take(&mut self.current));
        self.current.clone_from(&self.lead);
        self.used = self.indent;
    }

    fn is_fresh(&self) -> bool {
        self.used == 0 || (!self.done.is_empty() && self.used == self.indent)
    }

    fn add(&mut self, role: StyleRole, text: &str) {
        self.used += width(text);
        self.current.push(piece(role, text));
    }

    /// Puts a word with the spaces after it; a word wider than a line is broken where lines end.
    fn word(&mut self, role: StyleRole, word: &str, room: usize) {
        let bare = word.trim_end();
        let broken = self.indent + width(bare.trim_start()) > room;
        let scrap = room.saturating_sub(self.used + width(bare) - width(bare.trim_start()));
        if self.used + width(bare) > room && !self.is_fresh() && (!broken || scrap < SCRAP) {
            self.begin();
        }
        let (word, bare) = if self.is_fresh() && !self.done.is_empty() {
            (word.trim_start(), bare.trim_start())
        } else {
            (word, bare)
        };
        if self.used + width(bare) <= room {
            // Spaces at a line's end that have no room are not needed there.
            let fits = self.used + width(word) <= room;
            self.add(role, if fits { word } else { bare });
            if !fits {
                self.used = room;
            }
            return;
        }
        let (head, tail) = cut(bare, room.saturating_sub(self.used));
        self.add(role, head);
        for chunk in wrap(tail, room.saturating_sub(self.indent).max(1)) {
            if !chunk.is_empty() {
                self.begin();
                self.add(role, &chunk);
            }
        }
        let space = word.len() > bare.len() && self.used < room;
        if space {
            self.add(role, " ");
        }
    }
}

/// As much of a word as has room, torn where a name may be, and the rest.
fn cut(word: &str, room: usize) -> (&str, &str) {
    let mut used = 0;
    let end = word.grapheme_indices(true).find(|(_, piece)| {
        used += width(piece);
        used > room
    });
    let Some((end, _)) = end else {
        return (word, "");
    };
    let (head, rest) = word.split_at(end);
    word.split_at(joint(head, rest, room))
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

    fn plain(line: &[Piece]) -> String {
        line.iter().map(|p| p.text.as_str()).collect()
    }

    #[test]
    fn pieces_wrap_together_and_keep_their_indent() {
        let line = vec![
            piece(StyleRole::Key, "    - "),
            piece(StyleRole::Text, "one two three four"),
        ];
        let line = [line];
        let lines: Vec<String> = wrapped(&line, 16).iter().map(|l| plain(l)).collect();
        assert_eq!(lines, ["    - one two ", "      three four"]);
        let added = vec![
            piece(StyleRole::Added, "+ "),
            piece(StyleRole::Added, "  - serviceAccount:a@b"),
        ];
        let lines: Vec<String> = wrapped(&[added], 18).iter().map(|l| plain(l)).collect();
        assert_eq!(lines, ["+   - serviceAccou", "+     nt:a@b"]);
        let prose = vec![piece(StyleRole::Text, "a word anditslongneighbour to end")];
        let lines: Vec<String> = wrapped(&[prose], 18).iter().map(|l| plain(l)).collect();
        assert_eq!(lines, ["a word ", "anditslongneighbou", "r to end"]);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

        /// No letter is lost, no two words run together, no line is too wide.
        #[test]
        fn a_wrapped_line_says_the_same(words in prop::collection::vec("[a-z]{1,7}", 1..16), cut in 0_usize..16, room in 10_usize..40) {
            let (a, b) = words.split_at(cut.min(words.len()));
            let line: Text = [a, b]
                .iter()
                .filter(|part| !part.is_empty())
                .map(|part| piece(StyleRole::Text, format!("{} ", part.join(" "))))
                .collect();
            let line = [line];
            let lines = wrapped(&line, room);
            let said: Vec<String> = lines
                .iter()
                .flat_map(|l| plain(l).split_whitespace().map(str::to_owned).collect::<Vec<_>>())
                .collect();
            prop_assert_eq!(said, words);
            for line in &lines {
                prop_assert!(width(&plain(line)) <= room, "{:?}", plain(line));
            }
        }

        #[test]
        fn long_words_are_broken_and_kept(words in prop::collection::vec("[a-z]{1,60}", 1..6), room in 8_usize..40) {
            let text = words.join(" ");
            let line = [vec![piece(StyleRole::Text, text.clone())]];
            let lines = wrapped(&line, room);
            let letters = |s: &str| s.chars().filter(|c| *c != ' ').collect::<String>();
            let all: String = lines.iter().map(|l| plain(l)).collect();
            prop_assert_eq!(letters(&all), letters(&text));
            for line in &lines {
                prop_assert!(width(&plain(line)) <= room, "{:?}", plain(line));
            }
        }
    }
}
