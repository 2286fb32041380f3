//! Takes off what programs, terminals and pages wrap an error in, until the innermost writer's words are left.
//!
//! Escapes first (strings inside strings), then what stands around a line, then how a page marks up a word. Each step
//! reads the text once, so that the whole takes time in proportion to its length.

use std::sync::OnceLock;

use regex::Regex;

use super::escapes;
use super::flat::Flat;
use super::frames;

/// Strings inside strings inside strings; deeper nesting was not met.
const ROUNDS: usize = 5;

/// A link of markdown, Slack or HTML: what surely stands in one, how it looks, the words and where it leads.
const LINKS: &[(&str, &str, &str)] = &[
    // `[run@app…](mailto:run@app…)`
    (
        "](mailto:",
        r"\[([^\[\]]{1,300})\]\(mailto:[^()]{1,300}\)",
        "$1",
    ),
    // `<mailto:run@app…|run@app…>`
    ("<mailto:", r"<mailto:[^|<>]{1,300}\|([^<>]{1,300})>", "$1"),
    // `<https://…|words>`: the address says more.
    (
        "<http",
        r"<(https?://[^|<>\s]{1,2000})\|[^<>\n]{1,300}>",
        "$1",
    ),
    // `[https://…](https://…)`, `[words](https://…)`
    (
        "](http",
        r"\[([^\[\]\n]{1,300})\]\((https?://[^()\s]{1,2000})\)",
        "$1 $2",
    ),
    (
        "<",
        r#"(?i)<a\s[^<>]{0,300}?href=["']?mailto:[^<>"']{1,300}["']?[^<>]{0,300}>([^<>]{1,300})</a>"#,
        "$1",
    ),
    // A string that goes on in the next line: Python's and JavaScript's layout.
    ("\n", r#"['"][ \t]*\+?[ \t]*\n[ \t]*\+?[ \t]*['"]"#, "\n"),
    // Tags of pages that are about errors.
    (
        "<",
        r"(?i)</?(?:a|b|i|p|br|em|tt|div|pre|code|span|strong|li|ul|td|tr|h[1-6])(?:\s[^<>]{0,300})?/?>",
        " ",
    ),
    // Jira's and wikis' marks of code.
    ("{{", r"\{\{([^{}\n]{1,300})\}\}", "$1"),
];

/// Compiled when a text first holds what surely stands in one: that costs more than all else of the reading, and
/// most errors are pasted as they are.
static UNLINK: [OnceLock<Option<Regex>>; LINKS.len()] = [const { OnceLock::new() }; LINKS.len()];

fn link(n: usize) -> Option<&'static Regex> {
    let (_, pattern, _) = LINKS.get(n)?;
    UNLINK
        .get(n)?
        .get_or_init(|| Regex::new(pattern).ok())
        .as_ref()
}

/// The text as its innermost writer wrote it, as far as that can be told.
pub(super) fn unwrapped(text: &str) -> Flat {
    let mut text = escapes::plain_characters(text);
    for _ in 0..ROUNDS {
        let next = escapes::plain_characters(&escapes::one_level(&text));
        if next == text {
            break;
        }
        text = next;
    }
    let mut text = frames::taken_off(&text);
    for (n, (holds, _, with)) in LINKS.iter().enumerate() {
        if text.contains(holds)
            && let Some(pattern) = link(n)
            && pattern.is_match(&text)
        {
            text = pattern.replace_all(&text, *with).into_owned();
        }
    }
    Flat::new(frames::joined(&text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_compiles() {
        assert!((0..LINKS.len()).all(|n| link(n).is_some()));
    }

    #[test]
    fn escapes_of_every_depth_come_off() {
        for text in [
            r#"{"message": "Permission 'x' denied"}"#,
            r#"{\"message\": \"Permission \'x\' denied\"}"#,
            r#"{\\\"message\\\": \\\"Permission \\u0027x\\u0027 denied\\\"}"#,
            "\u{1b}[31m│\u{1b}[0m {\"message\": \"Permission &#39;x&#39; denied\"}",
            "\u{1b}[31m│\u{1b}[0m {\"message\": \"Permission &amp;#39;x&amp;#x27; denied\"}",
            "2026-04-13T19:07:51.85Z ##[debug]{\"message\": \"Permission ‘x’ denied\"}",
            r#"\u001b[31m{&quot;message&quot;: &quot;Permission %27x%27 denied&quot;}\u001b[0m"#,
            "{\"message\": \"Permission\u{a0}'x'\u{200b} denied\"}",
        ] {
            assert_eq!(
                unwrapped(text).text.trim(),
                r#"{"message": "Permission 'x' denied"}"#,
                "{text}"
            );
        }
    }

    #[test]
    fn a_backslash_that_escapes_nothing_stays() {
        assert_eq!(
            unwrapped(r"C:\Python\x \uZZZZ \").text,
            r"C:\Python\x \uZZZZ \"
        );
    }

    #[test]
    fn links_are_their_words() {
        for text in [
            "on [run@app.example](mailto:run@app.example) (or",
            "on <mailto:run@app.example|run@app.example> (or",
            "on <a href=\"mailto:run@app.example\">run@app.example</a> (or",
            "on {{run@app.example}} (or",
        ] {
            assert_eq!(unwrapped(text).text, "on run@app.example (or", "{text}");
        }
    }
}
