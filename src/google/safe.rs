//! Words from outside, made safe to be shown: on one line, without anything that could be a token.

use std::sync::LazyLock;

use regex::Regex;

/// Words from outside, on one line.
pub(super) fn printable(text: &str) -> String {
    let clean = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(600);
    clean.collect::<String>().trim().to_owned()
}

/// Without what has the look of a token or key: a long run of their characters.
pub(super) fn scrubbed(words: &str) -> String {
    static LONG: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"[A-Za-z0-9_=+~-]{40,}|ya29\.[^\s]+|1//[^\s]+").ok());
    let plain = printable(words);
    match LONG.as_ref() {
        Some(long) => long.replace_all(&plain, "…").into_owned(),
        None => plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_token_is_told() {
        let long = "a".repeat(64);
        for secret in [&long, "ya29.short", "1//0short"] {
            assert!(
                !scrubbed(&format!("bad {secret} here")).contains(secret),
                "{secret}"
            );
        }
        assert_eq!(
            scrubbed("https://oauth2.googleapis.com/token says no"),
            "https://oauth2.googleapis.com/token says no"
        );
    }
}
