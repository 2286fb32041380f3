//! Google Cloud as we imitate it: one file per API over an estate, tokens, faults, delays.
//!
//! It binds to the loopback interface alone, speaks HTTP only, and reaches nothing outside. What it
//! serves it also enforces, with [`crate::evaluate`].

mod asset_analysis;
mod asset_query;
mod asset_search;
mod assets;
mod auth;
mod call;
mod certificates;
mod clock;
mod cloud_identity;
mod custom_roles;
mod enforce;
mod error;
pub mod estates;
pub mod faults;
mod fields;
mod http;
mod iam_keys;
mod iam_pools;
mod iam_roles;
mod iam_v1;
mod iam_v2;
mod iam_v3;
mod iam_v3_judge;
mod iam_v3_write;
mod iamcredentials;
mod keys;
pub mod large;
mod line;
mod metadata;
mod oauth;
mod org_policy;
mod org_policy_v1;
mod p12;
mod persist;
mod policy;
mod propagation;
mod published;
mod quota;
mod record;
mod resource_lists;
mod resource_manager;
mod service_usage;
mod state;
mod sts;
mod tags;
mod tokens;
mod troubleshooter;

#[cfg(test)]
mod tests;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use serde_json::Value;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::estate::Estate;
use crate::iam::Principal;
use call::Call;
use error::Refusal;
use http::Reply;
use state::Shared;

pub use clock::Clock;
pub use faults::{BadFault, Faults, Latency};

/// What an API answers: a body, or Google's error.
pub(crate) type Answer = Result<Value, Refusal>;

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
    pub latency: Latency,
    /// How long a change of access is served before it counts: policies of every kind, custom roles,
    /// tags, APIs turned on or off.
    pub propagation: Duration,
    /// How many requests each caller has in a minute; `None`: as many as they like.
    pub quota: Option<u32>,
    /// What goes wrong on purpose.
    pub faults: Faults,
    /// Latencies and rates of faults are the same under the same seed, for the same calls in the same
    /// order.
    pub seed: u64,
    /// Every request and answer goes into this file, one JSON object a line, tokens left out. A file
    /// that is there is begun anew.
    pub record: Option<PathBuf>,
    /// The account whose tokens the metadata server gives out as `default`, by its address.
    pub metadata_account: Option<String>,
    /// The state is kept in this file. A file that is there takes the place of the estate given.
    pub persist: Option<PathBuf>,
    /// Where the time is taken from.
    pub clock: Clock,
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

/// Why no emulator starts.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The port is taken or may not be bound.
    #[error(transparent)]
    Listen(std::io::Error),
    /// The system gives no randomness for the token.
    #[error("the system gives no randomness: {0}")]
    Random(std::io::Error),
    /// The record cannot be written.
    #[error("the record {} cannot be written: {why}", crate::text::visible(&path.display().to_string()))]
    Record {
        /// The file.
        path: PathBuf,
        /// What the system says.
        why: std::io::Error,
    },
    /// The state cannot be read.
    #[error("the state in {} cannot be used: {why}", crate::text::visible(&path.display().to_string()))]
    Persist {
        /// The file.
        path: PathBuf,
        /// What the system says, or what is wrong with the file.
        why: std::io::Error,
    },
}

/// Serves an estate on a loopback port.
///
/// # Errors
/// The port is taken or may not be bound, no randomness is to be had for the token, or a file of the
/// options cannot be used.
pub async fn start(estate: Estate, options: Options) -> Result<Running, StartError> {
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, options.port))
        .await
        .map_err(StartError::Listen)?;
    let address = listener.local_addr().map_err(StartError::Listen)?;
    let token = tokens::opaque().map_err(StartError::Random)?;
    let shared = Arc::new(Shared::new(estate, options, token.clone())?);
    let service = Router::new()
        .fallback(http::serve)
        .with_state(shared)
        .into_make_service_with_connect_info::<line::Cutter>();
    let (stop, stopped) = oneshot::channel();
    let task = tokio::spawn(async move {
        axum::serve(line::Lines(listener), service)
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

/// Asks each API in turn whether the path is its own.
fn dispatch(shared: &Shared, call: &mut Call) -> Reply {
    shared.settle(call.now);
    let open = oauth::route(shared, call)
        .or_else(|| published::route(shared, call))
        .or_else(|| metadata::route(shared, call));
    if let Some(reply) = open {
        return reply;
    }
    answer(shared, call).into()
}

fn answer(shared: &Shared, call: &mut Call) -> Answer {
    fields::check_alt(call)?;
    let answer = routed(shared, call)?;
    fields::select(call, answer)
}

fn routed(shared: &Shared, call: &mut Call) -> Answer {
    let routes = [
        iamcredentials::route,
        iam_v1::route,
        iam_keys::route,
        iam_roles::route,
        custom_roles::route,
        iam_pools::route,
        iam_v2::route,
        iam_v3::route,
        resource_manager::route,
        tags::route,
        org_policy::route,
        org_policy_v1::route,
        resource_lists::route,
        service_usage::route,
        assets::route,
        cloud_identity::route,
        troubleshooter::route,
    ];
    auth::identify(shared, call)?;
    shared.quota.spend(call)?;
    routes
        .iter()
        .find_map(|route| route(shared, call))
        .unwrap_or_else(|| Err(Refusal::no_such_path(&call.path)))
}
