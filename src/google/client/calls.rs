//! One call: sent, repeated where that can help, its answer decoded.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use reqwest::Method;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use serde_json::Value;

use super::super::credentials::{QuotaProject, Secret};
use super::super::errors::{is_page, not_json, refused, stranger};
use super::super::pace::{self, Missed};
use super::super::safe::scrubbed;
use super::super::transport::{UnreadBody, body as body_of};
use super::super::{clock, log};
use super::hosts::{described, host, url};
use super::identity::with_clock;
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

/// A call while it is made, and what became known of it. It is told in the log when it is over, and also when it
/// is dropped before.
struct SentCall<'a> {
    inner: &'a Inner,
    time: Timestamp,
    begun: Instant,
    method: &'static str,
    url: String,
    status: Option<u16>,
    token: Option<Secret>,
    /// How often tokens had been renewed before it.
    renewals: u64,
    over: bool,
}

impl<'a> SentCall<'a> {
    fn begin(inner: &'a Inner, method: &Method, url: String) -> Self {
        Self {
            inner,
            time: Timestamp::now(),
            begun: Instant::now(),
            method: if *method == Method::GET {
                "GET"
            } else {
                "POST"
            },
            url,
            status: None,
            token: None,
            renewals: inner.credentials.renewals(),
            over: false,
        }
    }

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

    fn is_over(&mut self, why: Option<&str>) {
        if std::mem::replace(&mut self.over, true) {
            return;
        }
        let took = self.begun.elapsed();
        log::call(self.method, &self.url, self.status, took, why);
    }
}

impl Drop for SentCall<'_> {
    fn drop(&mut self) {
        let cut_off = !self.over;
        self.is_over(Some("it was not waited for any longer"));
        self.inner.note(RecordedCall {
            time: self.time,
            method: self.method,
            url: std::mem::take(&mut self.url),
            status: self.status,
            took: self.begun.elapsed(),
            cut_off,
        });
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
        let (missed, renewals) = match self.send_once(method.clone(), api, path, body).await {
            (Ok(value), _) => return Ok(value),
            (Err(missed), renewals) => (missed, renewals),
        };
        match &missed.error {
            ApiError::Unauthenticated { .. } => {
                if !self.credentials.forget(renewals).await {
                    return Err(self.signed_out(missed));
                }
                tracing::info!(
                    "the token was not taken: a new one is got, and the call made once more"
                );
                let (again, _) = self.send_once(method, api, path, body).await;
                again.map_err(|m| self.signed_out(m).about_quota(billed))
            }
            ApiError::Refused { .. } if billed.is_some() && quota_refused(&missed.error) => {
                self.unbilled.store(true, Ordering::Relaxed);
                tracing::info!("the quota project was refused: calls go without it");
                let (again, _) = self.send_once(method, api, path, body).await;
                again.map_err(|m| m.about_quota(billed))
            }
            _ => Err(missed.about_quota(billed)),
        }
    }

    /// Says what to do where no token was taken.
    fn signed_out(&self, missed: Missed) -> Missed {
        let ApiError::Unauthenticated { what, message } = missed.error else {
            return missed;
        };
        let message = self.credentials.not_taken(&message);
        Missed {
            error: ApiError::Unauthenticated { what, message },
            ..missed
        }
    }

    /// What came of it, and how often tokens had been renewed before.
    async fn send_once(
        &self,
        method: Method,
        api: Api,
        path: &str,
        body: Option<&Value>,
    ) -> (Result<Value, Missed>, u64) {
        let what = described(&method, api, path);
        let mut sent = SentCall::begin(self, &method, self.url(api, path));
        let result = self.exchange(method, &what, body, &mut sent).await;
        let why = result
            .as_ref()
            .err()
            .map(|m| scrubbed(&m.error.to_string()));
        sent.is_over(why.as_deref());
        (result, sent.renewals)
    }

    async fn exchange(
        &self,
        method: Method,
        what: &str,
        body: Option<&Value>,
        sent: &mut SentCall<'_>,
    ) -> Result<Value, Missed> {
        let signed_out = |message: String| ApiError::Unauthenticated {
            what: what.to_owned(),
            message,
        };
        let token = match self.credentials.token().await {
            Ok(held) => held.token,
            Err(why) => {
                let address = self.endpoint.as_deref();
                let address = address.or(self.credentials.token_address());
                return Err(signed_out(with_clock(&self.http, address, why).await).into());
            }
        };
        sent.token = Some(token.clone());
        let header = bearer(&token).ok_or_else(|| signed_out("the token is malformed".into()))?;
        let mut request = self.http.request(method, &sent.url);
        request = request.header(AUTHORIZATION, header);
        if let Some(quota) = self.billed() {
            request = request.header("x-goog-user-project", &quota.project);
        }
        if let Some(body) = body {
            request = request
                .header(CONTENT_TYPE, "application/json")
                .body(body.to_string());
        }
        let answer = request.send().await.map_err(|e| lost(what, &e))?;
        let code = answer.status().as_u16();
        sent.status = Some(code);
        // Nothing was said by whom it was asked of.
        if let Some(words) = stranger(code, answer.headers()) {
            return Err(Missed::for_good(unclear(what, words)));
        }
        let now = Timestamp::now();
        let after = pace::asked_wait(answer.headers(), now);
        let skewed = clock::beside(answer.headers(), now);
        let bytes = body_of(answer, LONGEST_ANSWER)
            .await
            .map_err(|unread| match unread {
                UnreadBody::Broken(e) => lost(what, &e),
                UnreadBody::TooLong => {
                    let words = "the answer is longer than 64 MiB".to_owned();
                    Missed::for_good(unclear(what, words))
                }
            })?;
        if !(200..300).contains(&code) {
            let error = match refused(what, code, &sent.without_token(&bytes)) {
                ApiError::Unauthenticated { what, message } => ApiError::Unauthenticated {
                    what,
                    message: skewed.map_or(message.clone(), |skewed| {
                        format!("{}; {skewed}", message.trim_end_matches('.'))
                    }),
                },
                error => error,
            };
            return Err(Missed {
                error,
                after,
                is_final: false,
            });
        }
        // Every answer of Google's is an object; a list in its place could be taken for one without fields.
        match serde_json::from_slice(&bytes) {
            Ok(answer @ Value::Object(_)) => Ok(answer),
            Ok(_) => Err(unclear(what, "the answer is no JSON object".to_owned()).into()),
            Err(error) => {
                let words = not_json(&sent.without_token(&bytes), &error);
                let error = unclear(what, words);
                // A page stays one; an answer that was cut off may come whole.
                Err(if is_page(&bytes) {
                    Missed::for_good(error)
                } else {
                    error.into()
                })
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
        let waiting = Mutex::new(None);
        let attempts = AtomicUsize::new(0);
        let put = |wait| *waiting.lock().unwrap_or_else(PoisonError::into_inner) = wait;
        let call = || {
            put(None);
            attempts.fetch_add(1, Ordering::Relaxed);
            self.send(method.clone(), api, path, body)
        };
        let told = |error: &ApiError, wait: Duration| {
            let again_in_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
            let attempt = attempts.load(Ordering::Relaxed) + 1;
            tracing::info!(
                host = host(api),
                status = error.status(),
                again_in_ms,
                attempt,
                "again"
            );
            let why = match error.status() {
                Some(status) => format!("HTTP {status} from {}", host(api)),
                None => format!("no answer from {}", host(api)),
            };
            put(self.wait_begins(why, wait, (attempt, pace::REPEATS + 1)));
        };
        pace::repeated(call, told).await
    }
}

pub(super) fn unclear(what: &str, message: String) -> ApiError {
    ApiError::Unreachable {
        what: what.to_owned(),
        message,
    }
}
