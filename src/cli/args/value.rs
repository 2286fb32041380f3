//! How the values of options are read, with what was expected where they are wrong.

use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use jiff::{SpanRelativeTo, Timestamp};

use crate::evaluate::{Seen, read_attribute};
use crate::iam::{Permission, Principal, Resource};

pub(super) fn principal(text: &str) -> Result<Principal, String> {
    Principal::typed(text).map_err(|e| crate::text::visible(&e.to_string()))
}

pub(super) fn account(text: &str) -> Result<Resource, String> {
    Resource::parse_account(text).map_err(|_| {
        let shown = crate::text::visible(text);
        format!("'{shown}' names no service account: expected its e-mail, NAME@PROJECT, its unique id, projects/P/serviceAccounts/E or a full resource name")
    })
}

pub(super) fn permission(text: &str) -> Result<Permission, String> {
    Permission::parse(text).map_err(|e| crate::text::visible(&e.to_string()))
}

/// A role's name; whether there is one is the policy's own question.
pub(super) fn role(text: &str) -> Result<String, String> {
    let plain = text
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b"/._:-".contains(&b));
    let known = text.starts_with("roles/") || (text.contains("/roles/") && !text.starts_with('/'));
    if plain && known && !text.ends_with('/') && text.len() <= 300 {
        return Ok(text.to_owned());
    }
    let shown = crate::text::visible(text);
    Err(format!(
        "'{shown}' names no role: expected roles/NAME, projects/P/roles/ID or organizations/N/roles/ID"
    ))
}

pub(super) fn time(text: &str) -> Result<Timestamp, String> {
    text.parse().map_err(|_| {
        let shown = crate::text::visible(text);
        format!("'{shown}' is no time: expected RFC 3339, such as 2026-11-25T14:00:00Z")
    })
}

/// `2h`, `30m`, `1d`, `200ms`: longer than nothing, at most ten years.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let bad = || {
        let shown = crate::text::visible(text);
        format!("'{shown}' is no length of time: expected 200ms, 30s, 10m, 2h or 1d")
    };
    let span: jiff::Span = text.trim().parse().map_err(|_| bad())?;
    let length = span
        .to_duration(SpanRelativeTo::days_are_24_hours())
        .map_err(|_| bad())?;
    let length = Duration::try_from(length).map_err(|_| bad())?;
    if length.is_zero() || length > Duration::from_secs(10 * 366 * 86_400) {
        return Err(bad());
    }
    Ok(length)
}

pub(super) fn attribute(text: &str) -> Result<(String, String), String> {
    read_attribute(text).ok_or_else(|| {
        let shown = crate::text::visible(text);
        format!("'{shown}' is no attribute: expected NAME=VALUE, such as repository=org/repo")
    })
}

/// A name that is put into an address: a project's id or number.
pub(super) fn plain(text: &str) -> Result<String, String> {
    let good = |c: char| c.is_ascii_alphanumeric() || "-.:_".contains(c);
    if !text.is_empty() && text.chars().all(good) {
        return Ok(text.to_owned());
    }
    let shown = crate::text::visible(text);
    Err(format!(
        "'{shown}' names no project: expected its id or number"
    ))
}

/// A token's life in whole seconds.
pub(super) fn lifetime(text: &str) -> Result<u32, String> {
    let seconds = duration(text)?.as_secs().max(1);
    u32::try_from(seconds).map_err(|_| "that is longer than any token lives".to_owned())
}

pub(super) fn seen() -> impl TypedValueParser<Value = Seen> {
    let words = Seen::ALL.iter().map(|s| s.word());
    PossibleValuesParser::new(words).map(|word| {
        let found = Seen::ALL.iter().find(|s| s.word() == word);
        found.copied().unwrap_or(Seen::PermissionDenied)
    })
}

/// The base URL without a slash at its end. It goes into logs, so it may hold no password.
pub(super) fn base_url(text: &str) -> Result<String, String> {
    let bad = |why: &str| {
        Err(format!(
            "{why}: expected http://HOST:PORT or https://HOST, such as http://127.0.0.1:8090"
        ))
    };
    let Some((scheme, rest)) = text.trim().split_once("://") else {
        return bad("the endpoint is no URL");
    };
    if !matches!(scheme, "http" | "https") {
        return bad("the endpoint is neither http nor https");
    }
    let host = rest.split('/').next().unwrap_or_default();
    if host.is_empty() || rest.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return bad("the endpoint names no host");
    }
    if rest.contains('@') || rest.contains('?') || rest.contains('#') {
        return bad("the endpoint holds more than host and path");
    }
    Ok(format!("{scheme}://{}", rest.trim_end_matches('/')))
}
