//! What went wrong with a token, in words that hold none.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use super::CredentialKind;

/// Words from outside, on one line.
pub(in crate::google) fn printable(text: &str) -> String {
    let clean = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(600);
    clean.collect::<String>().trim().to_owned()
}

/// An error with what led to it, without anything that could be a token.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let text = inner.to_string();
        if !words.contains(&text) {
            words = format!("{words}: {text}");
        }
        cause = inner.source();
    }
    scrubbed(&refusal(&words).unwrap_or(words))
}

/// What a token endpoint's answer says (RFC 6749, 5.2; Google's own errors), found inside other words.
fn refusal(words: &str) -> Option<String> {
    let (start, end) = (words.find('{')?, words.rfind('}')?);
    let body = words.get(start..=end)?;
    body_words(&serde_json::from_str(body).ok()?)
}

/// The words of an error's body.
pub(super) fn body_words(value: &Value) -> Option<String> {
    if let Some(message) = value.pointer("/error/message").and_then(Value::as_str) {
        return Some(printable(message));
    }
    let text = |key: &str| value.get(key).and_then(Value::as_str);
    let parts = [
        text("error"),
        text("error_subtype"),
        text("error_description"),
    ];
    let parts: Vec<&str> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| printable(&parts.join(": ")))
}

/// Without what has the look of a token or key: a long run of their characters.
pub(in crate::google) fn scrubbed(words: &str) -> String {
    static LONG: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"[A-Za-z0-9_=+~-]{40,}|ya29\.[^\s]+|1//[^\s]+").ok());
    let plain = printable(words);
    match LONG.as_ref() {
        Some(long) => long.replace_all(&plain, "…").into_owned(),
        None => plain,
    }
}

/// Adds the command that mends it, where new credentials do.
pub(super) fn with_remedy(kind: CredentialKind, why: &str) -> String {
    // `invalid_rapt`: the organization's session length is over (doc "Set session length for Google Cloud
    // services"); `invalid_grant`: the login or the key is gone.
    let over = [
        "invalid_grant",
        "invalid_rapt",
        "invalid_client",
        "unauthorized_client",
        "Reauthentication",
        "rapt_required",
    ];
    let why = scrubbed(why);
    let skewed = ["iat", "exp", "clock", "too early", "reasonable timeframe"];
    if why.contains("JWT") && skewed.iter().any(|word| why.contains(word)) {
        return format!(
            "{why}. This machine's clock may be wrong: it says {}",
            jiff::Timestamp::now()
        );
    }
    if over.iter().any(|word| why.contains(word)) || matches!(kind, CredentialKind::Gcloud) {
        return format!(
            "{}. To mend it: {}",
            why.trim_end_matches('.'),
            kind.mended_by()
        );
    }
    why
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

    #[test]
    fn a_session_that_is_over_names_the_command() {
        let words = "cannot get it, body=<{\"error\": \"invalid_grant\", \"error_subtype\": \"invalid_rapt\", \"error_description\": \"reauth related error (invalid_rapt)\"}>";
        let told = with_remedy(CredentialKind::AuthorizedUser, &refusal(words).unwrap());
        assert_eq!(
            told,
            "invalid_grant: invalid_rapt: reauth related error (invalid_rapt). To mend it: sign in again: gcloud auth application-default login"
        );
    }
}
