//! Paragraphs in lines of so many cells.

use unicode_segmentation::UnicodeSegmentation;

use super::width;

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
    // How wide the line is. Words are measured once, and not the whole line for each of them: this is asked for
    // every frame.
    let mut used = 0;
    for word in text.split(' ').filter(|w| !w.is_empty()) {
        let gap = usize::from(!line.is_empty());
        let wide = width(word);
        if used + gap + wide <= room {
            if gap == 1 {
                line.push(' ');
            }
            line.push_str(word);
            used += gap + wide;
            continue;
        }
        if !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        used = match overlong {
            Overlong::Broken if wide > room => broken(word, room, &mut lines, &mut line),
            Overlong::Broken | Overlong::Whole => {
                line.push_str(word);
                wide
            }
        };
    }
    if !line.is_empty() || lines.is_empty() {
        lines.push(line);
    }
    lines
}

/// Where a name is best torn of which `head` has room on a line and `rest` has not: after its last `/`, `:`, `.` or
/// comma, before its last `@`. Not in its first half, where most of the line would be empty, unless what is torn there
/// then stands whole on the next line; else anywhere.
#[must_use]
pub fn joint(head: &str, rest: &str, room: usize) -> usize {
    let is_joint = |c: char| matches!(c, '/' | ':' | '.' | ',' | '@');
    let last = head.char_indices().rev().find(|(_, c)| is_joint(*c));
    let Some(at) = last.map(|(at, c)| if c == '@' { at } else { at + 1 }) else {
        return head.len();
    };
    let torn = || {
        let begun = head.get(at..).map_or(0, width);
        let end = rest.find(is_joint).map_or(rest.len(), |end| end + 1);
        begun + rest.get(..end).map_or(0, width)
    };
    if at * 2 >= head.len() || (at * 4 >= head.len() && torn() <= room) {
        at
    } else {
        head.len()
    }
}

/// Fills `lines` with a word; what is left of it stands in `line`, so many cells wide.
fn broken(word: &str, room: usize, lines: &mut Vec<String>, line: &mut String) -> usize {
    let mut used = 0;
    for (at, piece) in word.grapheme_indices(true) {
        let wide = width(piece);
        while used + wide > room && !line.is_empty() {
            let rest = line.split_off(joint(line, word.get(at..).unwrap_or_default(), room));
            lines.push(std::mem::replace(line, rest));
            used = width(line);
        }
        if wide <= room {
            line.push_str(piece);
            used += wide;
            continue;
        }
        // Some clusters are wider than a narrow line; their characters are not.
        for c in piece.chars() {
            line.push(c);
            if width(line) > room {
                line.pop();
                lines.push(std::mem::take(line));
                line.push(c);
            }
        }
        used = width(line);
    }
    used
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_word_is_kept_one_way_or_the_other() {
        let screen = |text, room| wrap(text, room, Overlong::Broken);
        assert_eq!(screen("a bb ccc", 4), ["a bb", "ccc"]);
        assert_eq!(screen("abcdefgh ij", 3), ["abc", "def", "gh", "ij"]);
        assert_eq!(
            screen(
                "see principal://iam.googleapis.com/projects/63/locations",
                28
            ),
            [
                "see",
                "principal://iam.googleapis.",
                "com/projects/63/locations"
            ]
        );
        assert_eq!(
            screen("run-processor@app-prod.iam.gserviceaccount.com", 20),
            ["run-processor", "@app-prod.iam.", "gserviceaccount.com"]
        );
        // A role's name stands whole where there is a line for it.
        assert_eq!(
            screen("(roles/iam.serviceAccountTokenCreator)", 33),
            ["(roles/iam.", "serviceAccountTokenCreator)"]
        );
        assert_eq!(
            screen("roles/iam.serviceAccountTokenCreator", 20),
            ["roles/iam.", "serviceAccountTokenC", "reator"]
        );
        assert_eq!(screen("", 5), [""]);
        assert_eq!(screen("가𖽑", 2), ["가", "𖽑"]);
        let page = wrap("see abcdefgh ij", 4, Overlong::Whole);
        assert_eq!(page, ["see", "abcdefgh", "ij"]);
    }
}
