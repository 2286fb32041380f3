//! Google Cloud as we imitate it: one file per API over an estate, tokens, faults, delays.
//!
//! It binds to the loopback interface alone, speaks HTTP only, and reaches nothing outside. What it
//! serves it also enforces, with [`crate::evaluate`].

mod auth;
mod call;
mod cloud_identity;
mod enforce;
mod error;
pub mod estates;
mod iam_pools;
mod iam_roles;
mod iam_v1;
mod iam_v2;
mod iam_v3;
mod iamcredentials;
pub mod large;
mod oauth;
mod policy;
mod resource_lists;
mod resource_manager;
mod service_usage;
mod state;
mod tokens;
mod troubleshooter;

#[cfg(test)]
mod tests;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State as Extract};
use axum::http::{StatusCode, header};
use axum::response::Response;
use serde_json::Value;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::estate::Estate;
use crate::iam::Principal;
use call::Call;
use error::Refusal;
use state::Shared;

/// What an API answers: a body, or Google's error.
pub(crate) type Answer = Result<Value, Refusal>;

/// Largest request body that is read; policies may hold 1,500 principals of some hundred bytes.
const LARGEST_BODY: usize = 8 << 20;
/// How long a stop waits for calls under way.
const PATIENCE: Duration = Duration::from_secs(2);

/// How an emulator behaves.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The loopback port, 0 for any that is free.
    pub port: u16,
    /// Whose the token of [`Running::admin_token`] is; `None`: an administrator who may do
    /// everything except read what the estate calls unreadable.
    pub viewer: Option<Principal>,
    /// Waited before each answer.
    pub latency: Duration,
    /// How long a new policy is served before it counts.
    pub propagation: Duration,
}

/// An emulator that serves.
#[derive(Debug)]
pub struct Running {
    address: SocketAddr,
    token: String,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<std::io::Result<()>>,
}

impl Running {
    /// Where every API is, `http://127.0.0.1:PORT`, without a slash at the end.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The viewer's bearer token: random, of this emulator alone.
    #[must_use]
    pub fn admin_token(&self) -> &str {
        &self.token
    }

    /// Answers what is under way, for two seconds at most, and stops.
    pub async fn stop(mut self) {
        if let Some(stop) = self.stop.take() {
            // Nobody listens any more when the server has ended by itself: nothing to do then.
            let _ = stop.send(());
        }
        if tokio::time::timeout(PATIENCE, &mut self.task)
            .await
            .is_err()
        {
            self.task.abort();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Dropped without a stop: the task must not outlive the value that stands for it.
        if self.stop.is_some() {
            self.task.abort();
        }
    }
}

/// Serves an estate on a loopback port.
///
/// # Errors
/// The port is taken or may not be bound, or no randomness is to be had for the token.
pub async fn start(estate: Estate, options: Options) -> std::io::Result<Running> {
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, options.port)).await?;
    let address = listener.local_addr()?;
    let token = tokens::opaque()?;
    let shared = Arc::new(Shared::new(estate, options, token.clone()));
    let router = Router::new().fallback(serve).with_state(shared);
    let (stop, stopped) = oneshot::channel();
    let task = tokio::spawn(async move {
        axum::serve(listener, router)
            .with_graceful_shutdown(async {
                // A dropped sender means stop, as a sent word does.
                let _ = stopped.await;
            })
            .await
    });
    Ok(Running {
        address,
        token,
        stop: Some(stop),
        task,
    })
}

async fn serve(Extract(shared): Extract<Arc<Shared>>, request: Request) -> Response {
    if !shared.latency().is_zero() {
        tokio::time::sleep(shared.latency()).await;
    }
    let (parts, body) = request.into_parts();
    let answer = match to_bytes(body, LARGEST_BODY).await {
        Ok(bytes) => Call::read(&parts, &bytes).and_then(|call| dispatch(&shared, call)),
        Err(_) => Err(Refusal::invalid("Request payload size exceeds the limit.")),
    };
    let (status, value) = match answer {
        Ok(value) => (StatusCode::OK, value),
        Err(refusal) => (
            StatusCode::from_u16(refusal.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            refusal.body(),
        ),
    };
    let mut response = Response::new(Body::from(value.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        header::HeaderValue::from_static("application/json; charset=UTF-8"),
    );
    if status == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(
            header::WWW_AUTHENTICATE,
            header::HeaderValue::from_static("Bearer realm=\"https://accounts.google.com/\""),
        );
    }
    response
}

/// Asks each API in turn whether the path is its own.
fn dispatch(shared: &Shared, mut call: Call) -> Answer {
    shared.settle(call.now);
    if let Some(answer) = oauth::route(shared, &call) {
        return answer;
    }
    let routes = [
        iamcredentials::route,
        iam_v1::route,
        iam_roles::route,
        iam_pools::route,
        iam_v2::route,
        iam_v3::route,
        resource_manager::route,
        resource_lists::route,
        service_usage::route,
        cloud_identity::route,
        troubleshooter::route,
    ];
    call.who = auth::identify(shared, &call)?;
    routes
        .iter()
        .find_map(|route| route(shared, &call))
        .unwrap_or_else(|| Err(Refusal::no_such_path(&call.path)))
}
