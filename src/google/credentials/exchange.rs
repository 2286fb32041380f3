//! One request for a token, with what the answer means: shared by every kind that is exchanged here.

use std::time::Instant;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::{HeldToken, Secret, told};
use crate::google::errors::stranger;
use crate::google::transport::{UnreadBody, body, why_lost};
use crate::google::{clock, log};

/// No answer about a token is longer (chosen).
const LONGEST: usize = 1 << 20;

/// Sends it, and gives the fields of the answer.
///
/// # Errors
/// What came back instead, in words without a secret; that the clocks differ, where they do.
pub(super) async fn answered(url: &str, request: reqwest::RequestBuilder) -> Result<Value, String> {
    let begun = Instant::now();
    let answer = request.send().await;
    let status = answer.as_ref().ok().map(|a| a.status().as_u16());
    log::call("POST", url, status, begun.elapsed(), None);
    let lost = |e: reqwest::Error| told::scrubbed(&why_lost(&e.without_url()));
    let answer = answer.map_err(lost)?;
    let status = answer.status();
    if let Some(words) = stranger(status.as_u16(), answer.headers()) {
        return Err(words);
    }
    let skewed = clock::beside(answer.headers(), Timestamp::now());
    let bytes = body(answer, LONGEST).await.map_err(|unread| match unread {
        UnreadBody::Broken(error) => lost(error),
        UnreadBody::TooLong => "the answer is too long for a token's".to_owned(),
    })?;
    let value: Option<Value> = serde_json::from_slice(&bytes).ok();
    if status.is_success()
        && let Some(value) = value
    {
        return Ok(value);
    }
    let words = value.as_ref().and_then(told::body_words);
    let words = words.map_or_else(
        || format!("HTTP {status}, not JSON"),
        |w| told::scrubbed(&w),
    );
    let reason = value.as_ref().and_then(reason);
    let words = match reason.filter(|reason| !words.contains(reason)) {
        Some(reason) => format!("{} ({reason})", words.trim_end_matches('.')),
        None => words,
    };
    Err(match skewed {
        Some(skewed) => format!("{}; {skewed}", words.trim_end_matches('.')),
        None => words,
    })
}

/// `ErrorInfo.reason` of an API's refusal.
fn reason(value: &Value) -> Option<&str> {
    let details = value.pointer("/error/details")?.as_array()?;
    details.iter().find_map(|d| d.get("reason")?.as_str())
}

/// `access_token` and `expires_in` (RFC 6749 section 5.1), which some send as a string.
pub(super) fn of_oauth(answer: &Value) -> Result<HeldToken, String> {
    let token = answer.get("access_token").and_then(Value::as_str);
    let left = answer.get("expires_in");
    let left = left.and_then(|v| v.as_i64().or_else(|| v.as_str()?.parse().ok()));
    let until = left.and_then(|s| {
        let left = SignedDuration::try_from_secs_f64(s as f64).ok()?;
        Timestamp::now().checked_add(left).ok()
    });
    held(token, until)
}

/// `accessToken` and `expireTime` (discovery document iamcredentials v1, `GenerateAccessTokenResponse`).
pub(super) fn of_account(answer: &Value) -> Result<HeldToken, String> {
    let text = |key: &str| answer.get(key).and_then(Value::as_str);
    let until = text("expireTime").and_then(|t| t.parse().ok());
    held(text("accessToken"), until)
}

fn held(token: Option<&str>, until: Option<Timestamp>) -> Result<HeldToken, String> {
    let token = token.filter(|t| !t.trim().is_empty());
    let token = token.ok_or("the answer holds no token")?;
    Ok(HeldToken::new(Secret::new(token), until))
}
