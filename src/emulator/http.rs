//! Requests in, answers out: latency, faults, the record, and the state kept on disk.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{ConnectInfo, Request, State as Extract};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use futures::stream;
use serde_json::Value;

use super::call::Call;
use super::error::Refusal;
use super::faults::{Effect, Fault};
use super::line::Cutter;
use super::record::Entry;
use super::state::Shared;
use super::{Answer, auth, dispatch};

/// Largest request body that is read; policies may hold 1,500 principals of some hundred bytes.
const LARGEST_BODY: usize = 8 << 20;
/// In how many pieces a slow body comes.
const PIECES: u32 = 8;

/// An answer as it goes out.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: String,
}

impl Reply {
    /// A text that is no JSON.
    pub fn text(status: u16, kind: &'static str, body: impl Into<String>) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        Self {
            status,
            headers,
            body: body.into(),
        }
    }

    /// A JSON value.
    pub fn json(status: u16, body: &Value) -> Self {
        Self::text(status, "application/json; charset=UTF-8", body.to_string())
    }

    /// The same with one more header.
    pub fn with(mut self, name: HeaderName, value: &str) -> Self {
        // A value that cannot stand in a header is left out; ours are all ASCII.
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
        self
    }
}

impl From<Answer> for Reply {
    fn from(answer: Answer) -> Self {
        match answer {
            Ok(value) => Self::json(200, &value),
            Err(refusal) => Self::from(&refusal),
        }
    }
}

impl From<&Refusal> for Reply {
    fn from(refusal: &Refusal) -> Self {
        let mut reply = Self::json(refusal.code, &refusal.body());
        if refusal.code == 401 {
            let realm = "Bearer realm=\"https://accounts.google.com/\"";
            reply = reply.with(header::WWW_AUTHENTICATE, realm);
        }
        if let Some(after) = refusal.retry_after {
            reply = reply.with(header::RETRY_AFTER, &after.as_secs().max(1).to_string());
        }
        reply
    }
}

/// Serves one request.
pub(super) async fn serve(
    Extract(shared): Extract<Arc<Shared>>,
    ConnectInfo(line): ConnectInfo<Cutter>,
    request: Request,
) -> Response {
    let wait = shared.wait();
    if !wait.is_zero() {
        tokio::time::sleep(wait).await;
    }
    let (parts, body) = request.into_parts();
    let path = parts.uri.path();
    let fault = shared.faults.meet(parts.method.as_str(), path);
    let body = to_bytes(body, LARGEST_BODY).await;
    let bytes = body.as_ref().cloned().unwrap_or_default();
    let mut who = String::new();
    let real = match &fault {
        Some(fault) if !fault.takes_effect() => None,
        _ => {
            let now = shared.now();
            let call = match body {
                Ok(bytes) => Call::read(&parts, &bytes, now),
                Err(_) => Err(Refusal::invalid("Request payload size exceeds the limit.")),
            };
            let reply = match call {
                Ok(mut call) => {
                    let reply = dispatch(&shared, &mut call);
                    who = auth::words(&call);
                    reply
                }
                Err(refusal) => Reply::from(&refusal),
            };
            Some(kept(&shared, reply).await)
        }
    };
    let reply = faulty(fault.as_ref(), real);
    if let Some(record) = &shared.record {
        let entry = Entry {
            time: shared.now(),
            who: &who,
            method: parts.method.as_str(),
            path,
            query: parts.uri.query().unwrap_or_default(),
            request: &bytes,
            status: reply.as_ref().map_or(0, |r| r.status),
            answer: reply.as_ref().map_or("", |r| &r.body),
            fault: fault.as_ref().map(|f| format!("{:?}", f.effect)),
        };
        if let Err(e) = record.add(&entry) {
            let refusal = Refusal::new(
                500,
                "INTERNAL",
                format!("The record cannot be written: {e}"),
            );
            return response(Reply::from(&refusal), None);
        }
    }
    match reply {
        Some(reply) => response(reply, fault.map(|f| f.effect)),
        None => {
            line.cut();
            Response::new(Body::empty())
        }
    }
}

/// The answer to a call whose change is on disk; without a file to keep, the answer itself.
async fn kept(shared: &Arc<Shared>, reply: Reply) -> Reply {
    let Some(change) = shared.unsaved() else {
        return reply;
    };
    let shared = Arc::clone(shared);
    let saved = tokio::task::spawn_blocking(move || shared.keep(change))
        .await
        .unwrap_or_else(|e| Err(std::io::Error::other(e)));
    match saved {
        Ok(()) => reply,
        Err(e) => Reply::from(&Refusal::new(
            500,
            "INTERNAL",
            format!("The change was made and cannot be kept on disk: {e}"),
        )),
    }
}

/// What a fault makes of an answer; `None` for a connection that is reset.
fn faulty(fault: Option<&Fault>, real: Option<Reply>) -> Option<Reply> {
    let Some(fault) = fault else {
        return real;
    };
    match &fault.effect {
        Effect::Reset => None,
        Effect::Slow(_) | Effect::Truncate(_) => real,
        Effect::Expired => Some(Reply::from(&Refusal::unauthenticated(
            "ACCESS_TOKEN_EXPIRED",
        ))),
        Effect::Html(code) => Some(Reply::text(
            *code,
            "text/html; charset=UTF-8",
            format!(
                "<!DOCTYPE html>\n<html><head><title>{code}</title></head><body><h1>{code}</h1><p>The proxy could not reach the server.</p></body></html>\n"
            ),
        )),
        Effect::Status { code, retry_after } => {
            let mut refusal = Refusal::of_status(*code);
            refusal.retry_after = *retry_after;
            Some(Reply::from(&refusal))
        }
    }
}

fn response(reply: Reply, effect: Option<Effect>) -> Response {
    let length = reply.body.len();
    let bytes = Bytes::from(reply.body);
    let body = match effect {
        Some(Effect::Truncate(at)) => {
            truncated(bytes.slice(..at.unwrap_or(length / 2).min(length)))
        }
        Some(Effect::Slow(time)) => slow(bytes, time),
        _ => Body::from(bytes),
    };
    let mut response = Response::new(body);
    *response.status_mut() =
        StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    *response.headers_mut() = reply.headers;
    response
        .headers_mut()
        .insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    response
}

/// The head goes out before the connection ends.
fn truncated(head: Bytes) -> Body {
    Body::from_stream(stream::unfold(Some(head), |head| async {
        match head {
            Some(head) => Some((Ok(head), None)),
            None => {
                tokio::task::yield_now().await;
                let cut = std::io::Error::from(std::io::ErrorKind::ConnectionAborted);
                Some((Err(cut), None))
            }
        }
    }))
}

fn slow(bytes: Bytes, time: Duration) -> Body {
    let size = bytes.len().div_ceil(PIECES as usize).max(1);
    let pieces: Vec<Bytes> = (0..bytes.len())
        .step_by(size)
        .map(|at| bytes.slice(at..(at + size).min(bytes.len())))
        .collect();
    let pause = time / PIECES;
    Body::from_stream(stream::unfold(
        pieces.into_iter(),
        move |mut rest| async move {
            let piece = rest.next()?;
            tokio::time::sleep(pause).await;
            Some((Ok::<_, Infallible>(piece), rest))
        },
    ))
}
