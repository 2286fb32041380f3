//! Takes off what programs wrap an error in: escapes of strings inside strings, frames, colours.

use regex::Regex;
use std::sync::LazyLock;

/// Strings inside strings inside strings; deeper nesting was not met.
const ROUNDS: usize = 3;

/// ECMA-48 control sequences (colours), as terminals and CI pages have them.
static COLOURS: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"\x1b\[[0-9;?]*[A-Za-z]").ok());
/// What stands before a line and is not part of it: Terraform's frame, a CI's line number with its
/// link, a time.
static FRAME: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?m)^[ \t]*(?:\[\d+\]\([^)\s]*\)|\d{4}-\d\d-\d\dT[\d:.]+Z[ \t]|##\[\w+\]|[│┃|╷╵>][ \t]?)+",
    )
    .ok()
});

/// The text as its innermost writer wrote it, as far as that can be told.
pub(super) fn unwrapped(text: &str) -> String {
    let mut text = replaced(&COLOURS, text);
    for _ in 0..ROUNDS {
        let next = unescaped(&text);
        if next == text {
            break;
        }
        text = next;
    }
    let text = replaced(&FRAME, &text);
    ["&#39;", "&apos;"]
        .iter()
        .fold(text, |text, entity| text.replace(entity, "'"))
        .replace("&quot;", "\"")
        .replace("&amp;", "&")
        .replace("%40", "@")
        .replace(['\u{2018}', '\u{2019}'], "'")
        .replace(['\u{201c}', '\u{201d}'], "\"")
}

fn replaced(pattern: &LazyLock<Option<Regex>>, text: &str) -> String {
    match &**pattern {
        Some(pattern) => pattern.replace_all(text, "").into_owned(),
        None => text.to_owned(),
    }
}

/// One level of backslash escapes, those of JSON, Python, Go and Java alike.
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        let (before, after) = rest.split_at(at);
        out.push_str(before);
        let mut chars = after.chars();
        chars.next();
        let (put, used) = match chars.next() {
            Some('n') => ('\n', 2),
            Some('r') => (' ', 2),
            Some('t') => ('\t', 2),
            Some(c @ ('"' | '\'' | '\\' | '/')) => (c, 2),
            Some('u') => match after
                .get(2..6)
                .and_then(|hex| u32::from_str_radix(hex, 16).ok())
                .and_then(char::from_u32)
            {
                Some(c) => (c, 6),
                None => ('\\', 1),
            },
            _ => ('\\', 1),
        };
        out.push(put);
        rest = after.get(used..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_of_every_depth_come_off() {
        for text in [
            r#"{"message": "Permission 'x' denied"}"#,
            r#"{\"message\": \"Permission \'x\' denied\"}"#,
            r#"{\\\"message\\\": \\\"Permission \\u0027x\\u0027 denied\\\"}"#,
            "\u{1b}[31m│\u{1b}[0m {\"message\": \"Permission &#39;x&#39; denied\"}",
            "2026-04-13T19:07:51.85Z ##[debug]{\"message\": \"Permission ‘x’ denied\"}",
        ] {
            assert_eq!(
                unwrapped(text).trim(),
                r#"{"message": "Permission 'x' denied"}"#,
                "{text}"
            );
        }
    }

    #[test]
    fn a_backslash_that_escapes_nothing_stays() {
        assert_eq!(unwrapped(r"C:\Python\x \uZZZZ \"), r"C:\Python\x \uZZZZ \");
    }
}
