//! Google Cloud as we imitate it. From the top: `serve` (HTTP, the table of routes, faults), `api` (one
//! file per API), `credentials` (who is asking), `world` (the state), `call` (one request and its
//! answer); beside them `stories`, the built-in estates. Each uses only what is named after it.
//!
//! It binds to the loopback interface alone, speaks HTTP only, and reaches nothing outside. What it
//! serves it also enforces, with [`crate::evaluate`].

mod api;
mod call;
mod credentials;
mod route;
mod serve;
pub mod stories;
mod world;

#[cfg(test)]
mod tests;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::estate::Estate;
use crate::iam::Principal;
use serve::http::Front;
use serve::record::Record;
use serve::{http, line};
use world::{Setting, Shared, Viewer, tokens};

pub use serve::faults::{BadFault, Faults, Latency};
pub use serve::table::{markdown as routes, pattern_of as route_of};
pub use world::clock::Clock;

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
    /// How long a token lives at most; `None`: an hour, as with Google, or as long as asked for. Whole seconds
    /// count, two at least.
    pub token_lifetime: Option<Duration>,
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
    front: Arc<Front>,
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

    /// For a process that ends now: answers nothing more, and leaves its memory to the system, which takes a
    /// large estate back at once; given back piece by piece it takes seconds. Only for an emulator that keeps
    /// neither a state nor a record.
    pub fn leave(mut self) {
        self.stop = None;
        self.task.abort();
        std::mem::forget(Arc::clone(&self.front));
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
    let front = Arc::new(front(estate, options, token.clone())?);
    let service = Router::new()
        .fallback(http::serve)
        .with_state(Arc::clone(&front))
        .into_make_service_with_connect_info::<line::Cutter>();
    let (stop, stopped) = oneshot::channel();
    let task = tokio::spawn(async move {
        axum::serve(line::CutListener(listener), service)
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
        front,
    })
}

/// The world of an estate, with HTTP in front.
fn front(estate: Estate, options: Options, token: String) -> Result<Front, StartError> {
    let persist = options.persist.clone();
    let setting = Setting {
        viewer: Viewer {
            principal: options.viewer,
            token,
        },
        propagation: options.propagation,
        clock: options.clock,
        persist: options.persist,
        metadata_account: options.metadata_account,
        token_lifetime: options.token_lifetime.map_or(i64::MAX, |most| {
            i64::try_from(most.as_secs().max(2)).unwrap_or(i64::MAX)
        }),
    };
    let shared = Shared::new(estate, setting).map_err(|why| StartError::Persist {
        path: persist.unwrap_or_default(),
        why,
    })?;
    let record = match options.record {
        Some(path) => {
            let record = Record::create(&path);
            Some(record.map_err(|why| StartError::Record { path, why })?)
        }
        None => None,
    };
    let manners = (options.faults, options.latency, options.seed);
    Ok(Front::new(shared, manners, options.quota, record))
}
