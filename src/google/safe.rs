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
        Some(long) => {
            let told = |found: &regex::Captures<'_>| match found.get(0) {
                Some(word) if is_variable(word.as_str()) => word.as_str().to_owned(),
                _ => "…".to_owned(),
            };
            long.replace_all(&plain, told).into_owned()
        }
        None => plain,
    }
}

/// The name of a variable, set to a word of a few letters or not: Google's have up to 50 characters.
fn is_variable(word: &str) -> bool {
    let (name, value) = word.split_once('=').unwrap_or((word, ""));
    let words = name.split('_').collect::<Vec<_>>();
    let capital = |word: &&str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_uppercase());
    words.len() > 1 && words.iter().all(capital) && value.len() <= 4
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
        let variable = "to allow it: export GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES=1";
        assert_eq!(scrubbed(variable), variable);
        for secret in [
            "A".repeat(64),
            format!("GOOGLE_X={}", "a".repeat(64)),
            "A_b0".repeat(12),
        ] {
            assert_eq!(scrubbed(&secret), "…", "{secret}");
        }
        assert_eq!(
            scrubbed("https://oauth2.googleapis.com/token says no"),
            "https://oauth2.googleapis.com/token says no"
        );
    }
}
