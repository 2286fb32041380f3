//! Paragraphs in lines of so many cells.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// What becomes of a word that is longer than a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overlong {
    /// It is broken where the line ends: on a screen nothing may be lost.
    Broken,
    /// It stands whole on a line of its own: in a text that is copied from nothing may be torn.
    Whole,
}

/// Lines of at most `room` cells, broken at spaces; there is always one.
#[must_use]
pub fn wrap(text: &str, room: usize, overlong: Overlong) -> Vec<String> {
    let room = room.max(1);
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split(' ').filter(|w| !w.is_empty()) {
        let gap = usize::from(!line.is_empty());
        if line.width() + gap + word.width() <= room {
            if gap == 1 {
                line.push(' ');
            }
            line.push_str(word);
            continue;
        }
        if !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        match overlong {
            Overlong::Whole => line.push_str(word),
            Overlong::Broken => broken(word, room, &mut lines, &mut line),
        }
    }
    if !line.is_empty() || lines.is_empty() {
        lines.push(line);
    }
    lines
}

/// Fills `lines` with a word; what is left of it stands in `line`.
fn broken(word: &str, room: usize, lines: &mut Vec<String>, line: &mut String) {
    for piece in word.graphemes(true) {
        if line.width() + piece.width() > room && !line.is_empty() {
            lines.push(std::mem::take(line));
        }
        if piece.width() <= room {
            line.push_str(piece);
            continue;
        }
        // Some clusters are wider than a narrow line; their characters are not.
        for c in piece.chars() {
            line.push(c);
            if line.as_str().width() > room {
                line.pop();
                lines.push(std::mem::take(line));
                line.push(c);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_word_is_kept_one_way_or_the_other() {
        let screen = |text, room| wrap(text, room, Overlong::Broken);
        assert_eq!(screen("a bb ccc", 4), ["a bb", "ccc"]);
        assert_eq!(screen("abcdefgh ij", 3), ["abc", "def", "gh", "ij"]);
        assert_eq!(screen("", 5), [""]);
        assert_eq!(screen("가𖽑", 2), ["가", "𖽑"]);
        let page = wrap("see abcdefgh ij", 4, Overlong::Whole);
        assert_eq!(page, ["see", "abcdefgh", "ij"]);
    }
}
