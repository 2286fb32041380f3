//! One request for a token, with what the answer means: shared by every kind that is exchanged here.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::{HeldToken, Secret, told};
use crate::google::errors::stranger;
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
/// What came back instead, in words without a secret; that the clocks differ, where they do.
pub(super) async fn answered(url: &str, request: reqwest::RequestBuilder) -> Result<Value, String> {
    let call = || async {
        match request.try_clone() {
            Some(request) => once(url, request).await,
            // Of a body that is streamed there is no second; none of ours is.
            None => Err(Missed::for_good(lost("the request cannot be sent twice"))),
        }
    };
    let told = |error: &ApiError, wait: Duration| {
        let again_in_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        tracing::info!(status = error.status(), again_in_ms, "a token, again");
    };
    pace::repeated(call, told)
        .await
        .map_err(|error| match error {
            ApiError::Refused { message, .. }
            | ApiError::Unauthenticated { message, .. }
            | ApiError::Unreachable { message, .. } => message,
        })
}

fn lost(words: impl Into<String>) -> ApiError {
    ApiError::Unreachable {
        what: "a token".to_owned(),
        message: words.into(),
    }
}

/// One try.
async fn once(url: &str, request: reqwest::RequestBuilder) -> Result<Value, Missed> {
    let begun = Instant::now();
    let answer = request.send().await;
    let status = answer.as_ref().ok().map(|a| a.status().as_u16());
    log::call("POST", url, status, begun.elapsed(), None);
    let broken = |error: reqwest::Error| {
        let error = error.without_url();
        let (_, is_final) = why_final(&error);
        Missed {
            // A minute is waited for silence once.
            is_final: is_final || error.is_timeout(),
            ..lost(told::scrubbed(&why_lost(&error))).into()
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
