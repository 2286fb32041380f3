//! Requests in, answers out: latency, faults, the record, and the state kept on disk.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{ConnectInfo, Request, State as Extract};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use futures::stream;

use super::dispatch::dispatch;
use super::faults::{FaultEffect, Faults, InjectedFault, Latency, Play};
use super::line::Cutter;
use super::quota::Quota;
use super::record::{Record, RecordEntry};
use crate::emulator::call::{ApiCall, Reply, StatusError};
use crate::emulator::world::Shared;

/// Largest request body that is read; policies may hold 1,500 principals of some hundred bytes.
const LARGEST_BODY: usize = 8 << 20;
/// In how many pieces a slow body comes.
const PIECES: u32 = 8;

/// One emulator's front: what happens to requests before and after the world.
#[derive(Debug)]
pub(crate) struct Front {
    shared: Arc<Shared>,
    latency: Latency,
    seed: u64,
    /// Requests so far.
    count: AtomicU64,
    faults: Play,
    quota: Quota,
    record: Option<Record>,
}

impl Front {
    pub fn new(
        shared: Shared,
        (faults, latency, seed): (Faults, Latency, u64),
        quota: Option<u32>,
        record: Option<Record>,
    ) -> Self {
        Self {
            shared: Arc::new(shared),
            latency,
            seed,
            count: AtomicU64::new(0),
            faults: Play::new(faults, seed),
            quota: Quota::new(quota),
            record,
        }
    }

    /// How long the next answer waits.
    fn wait(&self) -> Duration {
        let n = self.count.fetch_add(1, Ordering::Relaxed);
        self.latency.nth(self.seed, n)
    }

    /// The answer to a call, and who called. It runs where blocking is allowed: keys take a while to
    /// make, and so does a search in a large estate.
    async fn answer(self: &Arc<Self>, mut call: ApiCall) -> (Reply, String) {
        let front = Arc::clone(self);
        let answered = tokio::task::spawn_blocking(move || {
            let reply = dispatch(&front.shared, &front.quota, &mut call);
            (reply, call.caller())
        });
        answered.await.unwrap_or_else(|_| {
            // The answer panicked.
            (Reply::from(&StatusError::of_status(500)), String::new())
        })
    }
}

/// Serves one request.
pub(crate) async fn serve(
    Extract(front): Extract<Arc<Front>>,
    ConnectInfo(line): ConnectInfo<Cutter>,
    request: Request,
) -> Response {
    let wait = front.wait();
    if !wait.is_zero() {
        tokio::time::sleep(wait).await;
    }
    let (parts, body) = request.into_parts();
    let path = parts.uri.path();
    let fault = front.faults.meet(parts.method.as_str(), path);
    let body = to_bytes(body, LARGEST_BODY).await;
    let bytes = body.as_ref().cloned().unwrap_or_default();
    let mut who = String::new();
    let real = match &fault {
        Some(fault) if !fault.takes_effect() => None,
        _ => {
            let now = front.shared.now();
            let call = match body {
                Ok(bytes) => ApiCall::read(&parts, &bytes, now),
                Err(_) => Err(StatusError::invalid(
                    "Request payload size exceeds the limit.",
                )),
            };
            let reply = match call {
                Ok(call) => {
                    let (reply, caller) = front.answer(call).await;
                    who = caller;
                    reply
                }
                Err(refusal) => Reply::from(&refusal),
            };
            Some(kept(&front.shared, reply).await)
        }
    };
    let reply = faulty(fault.as_ref(), real);
    if let Some(record) = &front.record {
        let entry = RecordEntry {
            time: front.shared.now(),
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
            let refusal = StatusError::new(
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
        Err(e) => Reply::from(&StatusError::new(
            500,
            "INTERNAL",
            format!("The change was made and cannot be kept on disk: {e}"),
        )),
    }
}

/// What a fault makes of an answer; `None` for a connection that is reset.
fn faulty(fault: Option<&InjectedFault>, real: Option<Reply>) -> Option<Reply> {
    let Some(fault) = fault else {
        return real;
    };
    match &fault.effect {
        FaultEffect::Reset => None,
        FaultEffect::Slow(_) | FaultEffect::Truncate(_) => real,
        FaultEffect::Garbled => real.map(|mut reply| {
            let half = reply.body.len() / 2;
            let half = (0..=half).rev().find(|at| reply.body.is_char_boundary(*at));
            reply.body.truncate(half.unwrap_or(0));
            reply
        }),
        FaultEffect::Expired => Some(Reply::from(&StatusError::unauthenticated(
            "ACCESS_TOKEN_EXPIRED",
        ))),
        FaultEffect::Html(code) => Some(Reply::text(
            *code,
            "text/html; charset=UTF-8",
            format!(
                "<!DOCTYPE html>\n<html><head><title>{code}</title></head><body><h1>{code}</h1><p>The proxy could not reach the server.</p></body></html>\n"
            ),
        )),
        FaultEffect::Status { code, retry_after } => {
            let mut refusal = StatusError::of_status(*code);
            refusal.retry_after = *retry_after;
            Some(Reply::from(&refusal))
        }
    }
}

fn response(reply: Reply, effect: Option<FaultEffect>) -> Response {
    let length = reply.body.len();
    let bytes = Bytes::from(reply.body);
    let body = match effect {
        Some(FaultEffect::Truncate(at)) => {
            truncated(bytes.slice(..at.unwrap_or(length / 2).min(length)))
        }
        Some(FaultEffect::Slow(time)) => slow(bytes, time),
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
