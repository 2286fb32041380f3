//! The client: one HTTP connection pool, a reader and a writer over it.
//!
//! A read is repeated when that can help (no answer, 429, 500, 502, 503, 504); a write is sent
//! once. Whoever is handed the reader alone cannot change anything.

mod calls;
mod hosts;
mod identity;
mod lost;
mod ports;
mod quota;
mod recorded;
mod waits;

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use jiff::Timestamp;

use super::credentials::{AccessCredentials, ActAs, CredentialsError, QuotaProject, Secret};
use super::log;
use super::transport::transport;
use crate::wire::{Ask, Tell};

pub(super) use calls::bearer;
pub(super) use hosts::{host, url};
pub use identity::SignedIn;
use identity::with_clock;
pub(super) use lost::lost;
use ports::{Closed, Reader, Writer};
pub use recorded::RecordedCall;
use waits::WaitListener;
pub use waits::{CallWait, WaitNews};

/// How to reach Google, or what stands for it.
#[derive(Clone, Debug, Default)]
pub struct Connect {
    /// Every API at this base URL; `None` for Google's own addresses.
    pub endpoint: Option<String>,
    /// The bearer token; `None` for Application Default Credentials.
    pub token: Option<Secret>,
    /// Whether nothing may be changed through this connection: [`Client::writer`] then sends nothing.
    pub read_only: bool,
}

/// What is chosen of the credentials, beside where they come from.
#[derive(Clone, Debug, Default)]
pub struct CredentialsChoice {
    /// Where the given token came from, for people.
    pub place: Option<String>,
    /// The same where it is a file: it is read again when the token is not taken any more.
    pub token_file: Option<PathBuf>,
    /// Calls are made as this account.
    pub act_as: Option<ActAs>,
    /// Calls are billed to this project, whatever the credentials say.
    pub billing: Option<String>,
}

/// A connection with credentials.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    http: reqwest::Client,
    endpoint: Option<String>,
    credentials: AccessCredentials,
    quota: Option<QuotaProject>,
    /// The quota project was refused: calls go without it.
    unbilled: AtomicBool,
    read_only: bool,
    log: Mutex<VecDeque<RecordedCall>>,
    waits: OnceLock<WaitListener>,
}

impl Client {
    /// Sets up the connection; nothing is sent yet, except where looking for credentials asks the
    /// metadata server.
    ///
    /// # Errors
    /// When there are no credentials, or the token given cannot be one.
    pub async fn connect(connect: Connect) -> Result<Self, CredentialsError> {
        Self::connect_with(connect, CredentialsChoice::default()).await
    }

    /// The same with a choice. Credentials that give no token are told here, before the first call.
    ///
    /// # Errors
    /// As [`Client::connect`]; a credentials file that cannot be used; no token.
    pub async fn connect_with(
        connect: Connect,
        choice: CredentialsChoice,
    ) -> Result<Self, CredentialsError> {
        let endpoint = connect.endpoint.map(|e| e.trim_end_matches('/').to_owned());
        let http = transport(endpoint.as_deref()).map_err(CredentialsError::Transport)?;
        let mut credentials = match connect.token {
            Some(secret) => {
                bearer(&secret).ok_or(CredentialsError::Malformed)?;
                let place = choice.place.as_deref().unwrap_or("given");
                AccessCredentials::given(secret, place, choice.token_file)
            }
            None => AccessCredentials::find().await?,
        };
        let quota = QuotaProject::of(choice.billing.as_deref(), &credentials.origin);
        if let Some(whom) = choice.act_as {
            let (http, endpoint) = (http.clone(), endpoint.as_deref());
            credentials = credentials.acting_as(http, endpoint, whom, quota.as_ref());
        }
        if credentials.renews() || credentials.acts_as().is_some() {
            let got = credentials.token().await;
            log::token(credentials.origin.kind.word(), got.as_ref().err());
            if let Err(why) = got {
                let address = endpoint.as_deref().or(credentials.token_address());
                let why = with_clock(&http, address, why).await;
                let origin = &credentials.origin;
                let from = format!("{}, {}", origin.kind.words(), origin.place);
                return Err(CredentialsError::Refused { from, why });
            }
        }
        tracing::info!(
            endpoint = endpoint.as_deref().unwrap_or("Google's own"),
            kind = credentials.origin.kind.word(),
            place = credentials.origin.place,
            account = credentials.origin.account,
            acts_as = credentials.acts_as().map(ToString::to_string),
            billed_to = quota.as_ref().map(|q| q.project.as_str()),
            read_only = connect.read_only,
            "credentials"
        );
        let inner = Inner {
            http,
            endpoint,
            credentials,
            quota,
            unbilled: AtomicBool::new(false),
            read_only: connect.read_only,
            log: Mutex::default(),
            waits: OnceLock::new(),
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// What reads.
    #[must_use]
    pub fn reader(&self) -> Arc<dyn Ask> {
        Arc::new(Reader(Arc::clone(&self.inner)))
    }

    /// What writes; where the connection is read-only, what refuses to.
    #[must_use]
    pub fn writer(&self) -> Arc<dyn Tell> {
        if self.inner.read_only {
            return Arc::new(Closed);
        }
        Arc::new(Writer(Arc::clone(&self.inner)))
    }

    /// The base URL, or Google's name.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        self.inner
            .endpoint
            .as_deref()
            .unwrap_or("https://googleapis.com")
    }

    /// The calls made so far, the oldest first.
    #[must_use]
    pub fn log(&self) -> Vec<RecordedCall> {
        self.calls_since(None)
    }

    /// Whether a call since then was answered with 429: whoever asks again and again has to ask less often.
    #[must_use]
    pub fn was_throttled(&self, since: Timestamp) -> bool {
        let mut calls = self.calls_since(Some(since)).into_iter();
        calls.any(|call| call.status == Some(429))
    }

    fn calls_since(&self, since: Option<Timestamp>) -> Vec<RecordedCall> {
        let log = self
            .inner
            .log
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let wanted = |call: &&RecordedCall| since.is_none_or(|since| call.time >= since);
        log.iter().filter(wanted).cloned().collect()
    }

    /// Has waits told before they begin and when they end, from one second on. The first who asks for it hears
    /// them.
    pub fn tell_waits(&self, listener: impl Fn(WaitNews) + Send + Sync + 'static) {
        // A second listener would tell the same twice.
        let _ = self.inner.waits.set(Box::new(listener));
    }

    /// The project of the credentials, when they name one.
    #[must_use]
    pub fn default_project(&self) -> Option<String> {
        let origin = &self.inner.credentials.origin;
        origin
            .project
            .clone()
            .or_else(|| origin.quota_project.clone())
    }
}
