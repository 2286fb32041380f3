//! Words measured and cut for a screen of cells.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation;

use crate::text::Overlong;
pub use crate::text::width;

/// A text in at most `room` cells, its middle taken out: of an e-mail address the beginning and the
/// end tell it apart. `ellipsis` is one cell wide (`…`, or `~` where only ASCII shows).
#[must_use]
pub fn cut_middle(text: &str, room: usize, ellipsis: char) -> Cow<'_, str> {
    if width(text) <= room {
        return Cow::Borrowed(text);
    }
    if room == 0 {
        return Cow::Borrowed("");
    }
    let left = room / 2;
    let right = room - 1 - left;
    let mut out = head(text, left);
    out.push(ellipsis);
    out.push_str(&tail(text, right));
    Cow::Owned(out)
}

/// A text in at most `room` cells, its end taken off: for sentences, never for names.
#[must_use]
pub fn cut_end(text: &str, room: usize, ellipsis: char) -> Cow<'_, str> {
    if width(text) <= room {
        return Cow::Borrowed(text);
    }
    if room == 0 {
        return Cow::Borrowed("");
    }
    let mut out = head(text, room - 1);
    out.push(ellipsis);
    Cow::Owned(out)
}

fn head(text: &str, room: usize) -> String {
    let mut used = 0;
    let fits = |g: &&str| {
        used += width(g);
        used <= room
    };
    text.graphemes(true).take_while(fits).collect()
}

fn tail(text: &str, room: usize) -> String {
    let mut used = 0;
    let mut parts: Vec<&str> = text
        .graphemes(true)
        .rev()
        .take_while(|g| {
            used += width(g);
            used <= room
        })
        .collect();
    parts.reverse();
    parts.concat()
}

/// Lines of at most `room` cells, as [`crate::text::wrap`] makes them; nothing is lost.
#[must_use]
pub fn wrap(text: &str, room: usize) -> Vec<String> {
    crate::text::wrap(text, room, Overlong::Broken)
}

/// How long ago or how long it took, in words of at most three letters a unit: `12 ms`, `0.4 s`, `2 min`.
#[must_use]
pub fn duration(seconds: f64) -> String {
    if seconds < 0.1 {
        format!("{:.0} ms", seconds * 1_000.0)
    } else if seconds < 10.0 {
        format!("{seconds:.1} s")
    } else if seconds < 100.0 {
        format!("{seconds:.0} s")
    } else {
        format!("{:.0} min", seconds / 60.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_ends_of_an_address_stay() {
        assert_eq!(
            cut_middle("run-processor@app-prod", 13, '…'),
            "run-pr…p-prod"
        );
        assert_eq!(cut_middle("short", 13, '…'), "short");
        assert_eq!(cut_middle("日本語のアカウント", 7, '…'), "日…ト");
        assert_eq!(cut_end("a longer sentence", 8, '…'), "a longe…");
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

        #[test]
        fn nothing_is_ever_wider_than_its_room(text in "\\PC{0,40}", room in 0_usize..30) {
            prop_assert!(width(&cut_middle(&text, room, '…')) <= room.max(width(&text).min(room)));
            prop_assert!(width(&cut_end(&text, room, '…')) <= room);
            for line in wrap(&text, room.max(2)) {
                prop_assert!(width(&line) <= room.max(2), "{line:?}");
            }
        }
    }
}
