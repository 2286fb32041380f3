//! One call: sent, repeated where that can help, its answer decoded.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use reqwest::Method;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use serde_json::Value;

use super::super::credentials::{QuotaProject, Secret, scrubbed};
use super::super::errors::{not_json, refused, stranger};
use super::super::log;
use super::super::pace::{self, Missed};
use super::hosts::{described, host, url};
use super::lost::lost;
use super::quota::quota_refused;
use super::{Inner, RecordedCall};
use crate::wire::{Api, ApiError};

/// An answer longer than this is refused, not gathered: nothing that is asked here is as long.
const LONGEST_ANSWER: usize = 64 << 20;
/// Nothing shorter is a token of anybody's; taken out of words, it would leave none (chosen).
const SHORTEST_TOKEN: usize = 8;
/// Calls that the log remembers.
const LOG: usize = 1_000;

pub(in crate::google) fn bearer(secret: &Secret) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(&format!("Bearer {}", secret.reveal())).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// What became known of a call while it was made.
#[derive(Default)]
struct SentCall {
    status: Option<u16>,
    token: Option<Secret>,
}

impl SentCall {
    /// Whoever answers may send back what it was sent. A member's name, which the emulator takes for its
    /// token, is no secret.
    fn without_token(&self, body: &[u8]) -> Vec<u8> {
        let token = self.token.as_ref().map_or("", Secret::reveal);
        if token.len() < SHORTEST_TOKEN || token.contains([':', '@']) {
            return body.to_vec();
        }
        let text = String::from_utf8_lossy(body);
        text.replace(token, "…").into_bytes()
    }
}

impl Inner {
    fn url(&self, api: Api, path: &str) -> String {
        url(self.endpoint.as_deref(), api, path)
    }

    /// Sends a call, and once more where it was surely not carried out and the next one may be: a token
    /// that is taken no longer is renewed, a quota project that may not be used is left out.
    pub(super) async fn send(
        &self,
        method: Method,
        api: Api,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, Missed> {
        let billed = self.billed();
        let missed = match self.send_once(method.clone(), api, path, body).await {
            Ok(value) => return Ok(value),
            Err(missed) => missed,
        };
        match &missed.error {
            ApiError::Unauthenticated { .. } if self.credentials.forget().await => {
                tracing::info!(
                    "the token was not taken: a new one is got, and the call made once more"
                );
                self.send_once(method, api, path, body).await
            }
            ApiError::Refused { .. } if billed.is_some() && quota_refused(&missed.error) => {
                self.unbilled.store(true, Ordering::Relaxed);
                tracing::info!("the quota project was refused: calls go without it");
                let again = self.send_once(method, api, path, body).await;
                again.map_err(|m| m.about_quota(billed))
            }
            _ => Err(missed.about_quota(billed)),
        }
    }

    async fn send_once(
        &self,
        method: Method,
        api: Api,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, Missed> {
        let url = self.url(api, path);
        let what = described(&method, api, path);
        let name = if method == Method::GET { "GET" } else { "POST" };
        let time = Timestamp::now();
        let begun = Instant::now();
        let mut sent = SentCall::default();
        let result = self.exchange(method, &url, &what, body, &mut sent).await;
        let took = begun.elapsed();
        let why = result
            .as_ref()
            .err()
            .map(|m| scrubbed(&m.error.to_string()));
        log::call(name, &url, sent.status, took, why.as_deref());
        self.note(RecordedCall {
            time,
            method: name,
            url,
            status: sent.status,
            took,
        });
        result
    }

    async fn exchange(
        &self,
        method: Method,
        url: &str,
        what: &str,
        body: Option<&Value>,
        sent: &mut SentCall,
    ) -> Result<Value, Missed> {
        let signed_out = |message: String| ApiError::Unauthenticated {
            what: what.to_owned(),
            message,
        };
        let token = self.credentials.token().await.map_err(signed_out)?.token;
        sent.token = Some(token.clone());
        let header = bearer(&token).ok_or_else(|| signed_out("the token is malformed".into()))?;
        let mut request = self.http.request(method, url).header(AUTHORIZATION, header);
        if let Some(quota) = self.billed() {
            request = request.header("x-goog-user-project", &quota.project);
        }
        if let Some(body) = body {
            request = request
                .header(CONTENT_TYPE, "application/json")
                .body(body.to_string());
        }
        let mut answer = request.send().await.map_err(|e| lost(what, &e))?;
        let code = answer.status().as_u16();
        sent.status = Some(code);
        // Nothing was said by whom it was asked of.
        if let Some(words) = stranger(code, answer.headers()) {
            return Err(unclear(what, words).into());
        }
        let after = pace::asked_wait(answer.headers(), Timestamp::now());
        let mut bytes = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|e| lost(what, &e))? {
            if bytes.len() + chunk.len() > LONGEST_ANSWER {
                return Err(unclear(what, "the answer is longer than 64 MiB".into()).into());
            }
            bytes.extend_from_slice(&chunk);
        }
        if !(200..300).contains(&code) {
            let error = refused(what, code, &sent.without_token(&bytes));
            return Err(Missed { error, after });
        }
        // Every answer of Google's is an object; a list in its place could be taken for one without fields.
        match serde_json::from_slice(&bytes) {
            Ok(answer @ Value::Object(_)) => Ok(answer),
            Ok(_) => Err(unclear(what, "the answer is no JSON object".to_owned()).into()),
            Err(error) => {
                let words = not_json(&sent.without_token(&bytes), &error);
                Err(unclear(what, words).into())
            }
        }
    }

    /// What the next call is billed to.
    pub(super) fn billed(&self) -> Option<&QuotaProject> {
        let quota = self.quota.as_ref();
        quota.filter(|_| !self.unbilled.load(Ordering::Relaxed))
    }

    fn note(&self, call: RecordedCall) {
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        if log.len() == LOG {
            log.pop_front();
        }
        log.push_back(call);
    }

    /// A read, repeated while that can help.
    pub(super) async fn read(
        &self,
        method: Method,
        api: Api,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, ApiError> {
        let told = |error: &ApiError, wait: Duration| {
            let again_in_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
            tracing::info!(
                host = host(api),
                status = error.status(),
                again_in_ms,
                "again"
            );
            if let Some(listener) = self.waits.get()
                && wait >= Duration::from_secs(1)
            {
                let why = match error.status() {
                    Some(status) => format!("HTTP {status}"),
                    None => "no answer".to_owned(),
                };
                let seconds = wait.as_secs_f64().ceil();
                listener(&format!("{why} from {}: again in {seconds} s", host(api)));
            }
        };
        pace::repeated(|| self.send(method.clone(), api, path, body), told).await
    }
}

pub(super) fn unclear(what: &str, message: String) -> ApiError {
    ApiError::Unreachable {
        what: what.to_owned(),
        message,
    }
}
