//! One request for a token, with what the answer means: shared by every kind that is exchanged here.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use reqwest::{StatusCode, Url};
use serde_json::Value;

use super::{HeldToken, Secret, told};
use crate::google::errors::{is_page, stranger};
use crate::google::pace::{self, Missed};
use crate::google::transport::{UnreadBody, body, why_final, why_lost};
use crate::google::{clock, log};
use crate::wire::ApiError;

/// No answer about a token is longer (chosen).
const LONGEST: usize = 1 << 20;

/// Sends it, and gives the fields of the answer. A token is given anew as often as it is asked for, so that what fails
/// for a moment is asked again, as for reads.
///
/// # Errors
/// What came back instead, in words without a secret, and from whom; that the clocks differ, where they do.
pub(super) async fn answered(url: &str, request: reqwest::RequestBuilder) -> Result<Value, String> {
    fields(url, &bytes(url, request, true).await?)
}

/// The same where the answer may be the only one to its request: one that is lost is not asked for again.
///
/// # Errors
/// As [`answered`].
pub(super) async fn answered_once(
    url: &str,
    request: reqwest::RequestBuilder,
) -> Result<Value, String> {
    fields(url, &bytes(url, request, false).await?)
}

/// The same where the answer is text.
///
/// # Errors
/// As [`answered`].
pub(super) async fn text(url: &str, request: reqwest::RequestBuilder) -> Result<Vec<u8>, String> {
    bytes(url, request, true).await
}

fn fields(url: &str, bytes: &[u8]) -> Result<Value, String> {
    let what = if is_page(bytes) {
        "a page, as of a proxy or of a network that wants a login first"
    } else {
        "no JSON"
    };
    serde_json::from_slice(bytes).map_err(|_| format!("{} answers with {what}", host(url)))
}

async fn bytes(
    url: &str,
    request: reqwest::RequestBuilder,
    where_lost: bool,
) -> Result<Vec<u8>, String> {
    let call = || async {
        match request.try_clone() {
            Some(request) => once(url, request).await.map_err(|missed| Missed {
                is_final: missed.is_final || (missed.error.status().is_none() && !where_lost),
                ..missed
            }),
            // Of a body that is streamed there is no second; none of ours is.
            None => Err(Missed::for_good(lost("the request cannot be sent twice"))),
        }
    };
    pace::repeated(call, told_again).await.map_err(words_of)
}

/// Logs that a token is asked for again.
pub(super) fn told_again(error: &ApiError, wait: Duration) {
    let again_in_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
    tracing::info!(status = error.status(), again_in_ms, "a token, again");
}

/// The words alone.
pub(super) fn words_of(error: ApiError) -> String {
    match error {
        ApiError::Refused { message, .. }
        | ApiError::Unauthenticated { message, .. }
        | ApiError::Unreachable { message, .. } => message,
    }
}

/// No token, and no status with it.
pub(super) fn lost(words: impl Into<String>) -> ApiError {
    ApiError::Unreachable {
        what: "a token".to_owned(),
        message: words.into(),
    }
}

/// Whom an address asks.
pub(super) fn host(url: &str) -> String {
    let parsed = Url::parse(url).ok();
    let host = parsed.as_ref().and_then(Url::host_str);
    told::printable(host.unwrap_or("the token endpoint"))
}

/// One try.
async fn once(url: &str, request: reqwest::RequestBuilder) -> Result<Vec<u8>, Missed> {
    let begun = Instant::now();
    let (client, request) = request.build_split();
    let request = request.map_err(|e| {
        let why = told::scrubbed(&why_lost(&e.without_url()));
        Missed::for_good(lost(format!("{} cannot be asked: {why}", host(url))))
    })?;
    let method = request.method().clone();
    let answer = client.execute(request).await;
    let status = answer.as_ref().ok().map(|a| a.status().as_u16());
    log::call(method.as_str(), url, status, begun.elapsed(), None);
    let broken = |error: reqwest::Error| {
        let error = error.without_url();
        let (_, is_final) = why_final(&error);
        let why = told::scrubbed(&why_lost(&error));
        Missed {
            // A minute is waited for silence once.
            is_final: is_final || error.is_timeout(),
            ..lost(format!("no answer from {}: {why}", host(url))).into()
        }
    };
    let answer = answer.map_err(broken)?;
    let status = answer.status();
    if let Some(words) = stranger(status.as_u16(), answer.headers()) {
        return Err(Missed::for_good(lost(words)));
    }
    let now = Timestamp::now();
    let skewed = clock::beside(answer.headers(), now);
    let after = pace::asked_wait(answer.headers(), now);
    let bytes = body(answer, LONGEST).await.map_err(|unread| match unread {
        UnreadBody::Broken(error) => broken(error),
        UnreadBody::TooLong => Missed::for_good(lost("the answer is too long for a token's")),
    })?;
    if status.is_success() {
        return Ok(bytes);
    }
    let words = format!("{} answers {}", host(url), refusal(status, &bytes));
    let message = match skewed {
        Some(skewed) => format!("{}; {skewed}", words.trim_end_matches('.')),
        None => words,
    };
    let error = ApiError::Refused {
        what: "a token".to_owned(),
        status: status.as_u16(),
        reason: None,
        message,
    };
    Err(Missed {
        after,
        ..error.into()
    })
}

/// What a refusal says, with its status: the words of an error's body; the text itself, as metadata servers send it; of a
/// page nothing.
fn refusal(status: StatusCode, bytes: &[u8]) -> String {
    let value: Option<Value> = serde_json::from_slice(bytes).ok();
    let words = value.as_ref().and_then(told::body_words);
    let plain = || {
        let text = std::str::from_utf8(bytes).ok()?.trim();
        (value.is_none() && !text.is_empty() && !is_page(bytes)).then(|| told::printable(text))
    };
    let Some(words) = words.or_else(plain) else {
        return format!("HTTP {status}");
    };
    let words = told::scrubbed(&words);
    let reason = value.as_ref().and_then(reason);
    match reason.filter(|reason| !words.contains(reason)) {
        Some(reason) => format!(
            "HTTP {}: {} ({reason})",
            status.as_u16(),
            words.trim_end_matches('.')
        ),
        None => format!("HTTP {}: {words}", status.as_u16()),
    }
}

/// `ErrorInfo.reason` of an API's refusal.
fn reason(value: &Value) -> Option<&str> {
    let details = value.pointer("/error/details")?.as_array()?;
    details.iter().find_map(|d| d.get("reason")?.as_str())
}

/// `access_token` and `expires_in` (RFC 6749 section 5.1), which some send as a string. What is left is counted from
/// when it was asked for: an answer that took its time has lived that long.
pub(super) fn of_oauth(answer: &Value, asked: Timestamp) -> Result<HeldToken, String> {
    let token = answer.get("access_token").and_then(Value::as_str);
    let left = answer.get("expires_in");
    let left = left.and_then(|v| v.as_i64().or_else(|| v.as_str()?.parse().ok()));
    let until = left.and_then(|s| {
        let left = SignedDuration::try_from_secs_f64(s as f64).ok()?;
        asked.checked_add(left).ok()
    });
    held(token, until)
}

/// `accessToken` and `expireTime` (discovery document iamcredentials v1, `GenerateAccessTokenResponse`).
pub(super) fn of_account(answer: &Value) -> Result<HeldToken, String> {
    let text = |key: &str| answer.get(key).and_then(Value::as_str);
    let until = text("expireTime").and_then(|t| t.parse().ok());
    held(text("accessToken"), until)
}

/// A token that can be one, and until when it counts.
pub(super) fn held(token: Option<&str>, until: Option<Timestamp>) -> Result<HeldToken, String> {
    let token = token.map(Secret::new);
    let token = token.ok_or("the answer holds no token")?;
    // What cannot stand in a header is none (RFC 6750 section 2.1).
    let good = |c: char| c.is_ascii_graphic();
    if token.reveal().is_empty() || !token.reveal().chars().all(good) {
        return Err("the answer holds no token".to_owned());
    }
    Ok(HeldToken::new(token, until))
}
