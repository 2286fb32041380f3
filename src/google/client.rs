//! The client: one HTTP connection pool, a reader and a writer over it.
//!
//! A read is repeated when that can help (no answer, 429, 500, 502, 503, 504); a write is sent
//! once. Whoever is handed the reader alone cannot change anything.

use std::collections::VecDeque;
use std::error::Error as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use backon::{ExponentialBuilder, Retryable};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures::FutureExt;
use futures::future::BoxFuture;
use jiff::Timestamp;
use reqwest::Method;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use serde_json::Value;

use super::credentials::{CredentialsError, Secret, Source, printable};
use super::errors::refused;
use super::wire::{Api, ApiError, Ask, Tell};
use crate::iam::Principal;

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

/// One call that was made, for the command log. It holds no token and no body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// When it was sent.
    pub time: Timestamp,
    /// `GET` or `POST`.
    pub method: &'static str,
    /// The URL.
    pub url: String,
    /// The HTTP status; `None` when no answer came.
    pub status: Option<u16>,
    /// How long it took.
    pub took: Duration,
}

impl std::fmt::Display for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let status = self
            .status
            .map_or_else(|| "no answer".to_owned(), |s| s.to_string());
        let time = self.time.strftime("%H:%M:%SZ");
        let millis = self.took.as_millis();
        write!(
            f,
            "{time} {:<4} {status} {millis:>5} ms {}",
            self.method, self.url
        )
    }
}

/// An answer longer than this is refused, not gathered: nothing that is asked here is as long.
const LONGEST_ANSWER: usize = 64 << 20;
/// Calls that the log remembers.
const LOG: usize = 1_000;
/// How long one call may take.
const DEADLINE: Duration = Duration::from_secs(60);
/// Times that a read is repeated.
const REPEATS: usize = 4;

/// A connection with credentials.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    http: reqwest::Client,
    endpoint: Option<String>,
    source: Source,
    read_only: bool,
    log: Mutex<VecDeque<Call>>,
}

impl Client {
    /// Sets up the connection; nothing is sent yet, except where looking for credentials asks the
    /// metadata server.
    ///
    /// # Errors
    /// When there are no credentials, or the token given cannot be one.
    pub async fn connect(connect: Connect) -> Result<Self, CredentialsError> {
        let source = match connect.token {
            Some(secret) => {
                bearer(&secret).ok_or(CredentialsError::Malformed)?;
                Source::Fixed(secret)
            }
            None => Source::find().await?,
        };
        let http = reqwest::Client::builder()
            .user_agent(concat!("bindscope/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(Duration::from_secs(10))
            .timeout(DEADLINE)
            // A redirect could carry the token elsewhere; Google's APIs send none.
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|e| CredentialsError::Transport(printable(&e.to_string())))?;
        let endpoint = connect.endpoint.map(|e| e.trim_end_matches('/').to_owned());
        let log = Mutex::default();
        let inner = Inner {
            http,
            endpoint,
            source,
            read_only: connect.read_only,
            log,
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
    pub fn log(&self) -> Vec<Call> {
        let log = self
            .inner
            .log
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        log.iter().cloned().collect()
    }

    /// The project of the credentials, when they name one.
    pub async fn default_project(&self) -> Option<String> {
        self.inner.source.project().await
    }

    /// Whose credentials these are, as far as they tell: Google's token information (the scope
    /// `userinfo.email` is needed for an address to be in it), or a token that names its principal.
    pub async fn viewer(&self) -> Option<Principal> {
        let token = self.inner.source.token().await.ok()?;
        if let Ok(principal) = Principal::parse(token.reveal()) {
            return Some(principal);
        }
        if let Some(email) = claimed_email(token.reveal()) {
            return principal_of(&email);
        }
        if self.inner.endpoint.is_some() {
            return None;
        }
        // The token goes in the body: an address ends in logs.
        let request = self
            .inner
            .http
            .post("https://oauth2.googleapis.com/tokeninfo")
            .form(&[("access_token", token.reveal())]);
        let answer: Value = request.send().await.ok()?.json().await.ok()?;
        principal_of(answer.get("email")?.as_str()?)
    }
}

/// A bare address is a service account's by its domain (the contract's word for `caller`).
fn principal_of(email: &str) -> Option<Principal> {
    let kind = if email.ends_with(".gserviceaccount.com") {
        "serviceAccount"
    } else {
        "user"
    };
    Principal::parse(&format!("{kind}:{email}")).ok()
}

/// The address in a token that is itself a JWT. It is only shown, so nothing is verified.
fn claimed_email(token: &str) -> Option<String> {
    let payload = token.split('.').nth(1)?;
    let bytes = URL_SAFE_NO_PAD.decode(payload).ok()?;
    let claims: Value = serde_json::from_slice(&bytes).ok()?;
    Some(claims.get("email")?.as_str()?.to_owned())
}

fn bearer(secret: &Secret) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(&format!("Bearer {}", secret.reveal())).ok()?;
    value.set_sensitive(true);
    Some(value)
}

impl Inner {
    fn url(&self, api: Api, path: &str) -> String {
        match &self.endpoint {
            Some(base) => format!("{base}/{path}"),
            None => format!("https://{}/{path}", host(api)),
        }
    }

    async fn send(
        &self,
        method: Method,
        api: Api,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, ApiError> {
        let url = self.url(api, path);
        let what = described(&method, api, path);
        let name = if method == Method::GET { "GET" } else { "POST" };
        let time = Timestamp::now();
        let begun = Instant::now();
        let mut status = None;
        let result = self.exchange(method, &url, &what, body, &mut status).await;
        let took = begun.elapsed();
        self.note(Call {
            time,
            method: name,
            url,
            status,
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
        status: &mut Option<u16>,
    ) -> Result<Value, ApiError> {
        let signed_out = |message: String| ApiError::Unauthenticated {
            what: what.to_owned(),
            message,
        };
        let token = self.source.token().await.map_err(signed_out)?;
        let header = bearer(&token).ok_or_else(|| signed_out("the token is malformed".into()))?;
        let mut request = self.http.request(method, url).header(AUTHORIZATION, header);
        if let Some(body) = body {
            request = request
                .header(CONTENT_TYPE, "application/json")
                .body(body.to_string());
        }
        let mut answer = request.send().await.map_err(|e| lost(what, &e))?;
        let code = answer.status().as_u16();
        *status = Some(code);
        let mut bytes = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|e| lost(what, &e))? {
            if bytes.len() + chunk.len() > LONGEST_ANSWER {
                return Err(unclear(what, "the answer is longer than 64 MiB".into()));
            }
            bytes.extend_from_slice(&chunk);
        }
        if !(200..300).contains(&code) {
            return Err(refused(what, code, &bytes));
        }
        serde_json::from_slice(&bytes)
            .map_err(|e| unclear(what, format!("the answer is not JSON: {e}")))
    }

    fn note(&self, call: Call) {
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        if log.len() == LOG {
            log.pop_front();
        }
        log.push_back(call);
    }

    /// A read, repeated while that can help.
    async fn read(
        &self,
        method: Method,
        api: Api,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, ApiError> {
        let backoff = ExponentialBuilder::default()
            .with_min_delay(Duration::from_millis(150))
            .with_max_delay(Duration::from_secs(8))
            .with_max_times(REPEATS)
            .with_jitter();
        (|| self.send(method.clone(), api, path, body))
            .retry(backoff)
            .when(worth_repeating)
            .await
    }
}

/// A refused connection is final: nobody listens there, and waiting for it only hides that.
fn worth_repeating(error: &ApiError) -> bool {
    match error {
        ApiError::Refused { status, .. } => matches!(status, 429 | 500 | 502 | 503 | 504),
        ApiError::Unreachable { message, .. } => !message.contains("refused"),
        ApiError::Unauthenticated { .. } => false,
    }
}

fn unclear(what: &str, message: String) -> ApiError {
    ApiError::Unreachable {
        what: what.to_owned(),
        message,
    }
}

/// The innermost cause says it best; an address in the words could hold a query.
fn lost(what: &str, error: &reqwest::Error) -> ApiError {
    let mut cause = error.source();
    let mut words = if error.is_timeout() {
        "no answer in time".to_owned()
    } else {
        "the connection broke".to_owned()
    };
    while let Some(inner) = cause {
        words = inner.to_string();
        cause = inner.source();
    }
    unclear(what, printable(&words))
}

fn described(method: &Method, api: Api, path: &str) -> String {
    let path = path.split('?').next().unwrap_or(path);
    format!("{method} {}/{path}", host(api))
}

/// Google's own addresses (`rootUrl` of each discovery document).
fn host(api: Api) -> &'static str {
    match api {
        Api::Iam => "iam.googleapis.com",
        Api::IamCredentials => "iamcredentials.googleapis.com",
        Api::ResourceManager => "cloudresourcemanager.googleapis.com",
        Api::ServiceUsage => "serviceusage.googleapis.com",
        Api::CloudIdentity => "cloudidentity.googleapis.com",
        Api::OrgPolicy => "orgpolicy.googleapis.com",
        Api::PolicyTroubleshooter => "policytroubleshooter.googleapis.com",
    }
}

/// The POSTs that change nothing (discovery documents cloudresourcemanager v1 and v3, iam v1,
/// iamcredentials v1, policytroubleshooter v3 and v3beta).
const READING_VERBS: [&str; 9] = [
    "getIamPolicy",
    "testIamPermissions",
    "getAncestry",
    "queryTestablePermissions",
    "queryGrantableRoles",
    "generateAccessToken",
    "generateIdToken",
    "troubleshoot",
    "troubleshootError",
];

/// Whether a POST to this path changes nothing. One without a verb creates something.
fn only_reads(path: &str) -> bool {
    let path = path.split('?').next().unwrap_or(path);
    let last = path.rsplit('/').next().unwrap_or(path);
    last.rsplit_once(':')
        .is_some_and(|(_, verb)| READING_VERBS.contains(&verb))
}

/// Reads only: it has no method that changes anything, and sends no POST that might.
struct Reader(Arc<Inner>);

impl Ask for Reader {
    fn get<'a>(&'a self, api: Api, path: &'a str) -> BoxFuture<'a, Result<Value, ApiError>> {
        self.0.read(Method::GET, api, path, None).boxed()
    }

    fn ask<'a>(
        &'a self,
        api: Api,
        path: &'a str,
        body: &'a Value,
    ) -> BoxFuture<'a, Result<Value, ApiError>> {
        if !only_reads(path) {
            let refused = ApiError::Refused {
                what: described(&Method::POST, api, path),
                status: 405,
                reason: None,
                message: "not sent: this connection only reads".to_owned(),
            };
            return futures::future::ready(Err(refused)).boxed();
        }
        self.0.read(Method::POST, api, path, Some(body)).boxed()
    }
}

/// The writer of a read-only connection: it has no connection at all.
struct Closed;

impl Tell for Closed {
    fn tell<'a>(
        &'a self,
        api: Api,
        path: &'a str,
        _: &'a Value,
    ) -> BoxFuture<'a, Result<Value, ApiError>> {
        let refused = ApiError::Refused {
            what: described(&Method::POST, api, path),
            status: 405,
            reason: None,
            message: "not sent: read-only".to_owned(),
        };
        futures::future::ready(Err(refused)).boxed()
    }
}

/// Sends each write once.
struct Writer(Arc<Inner>);

impl Tell for Writer {
    fn tell<'a>(
        &'a self,
        api: Api,
        path: &'a str,
        body: &'a Value,
    ) -> BoxFuture<'a, Result<Value, ApiError>> {
        self.0.send(Method::POST, api, path, Some(body)).boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_read_only_connection_has_no_writer() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::connect(Connect {
            // Nobody listens there: a call that is sent ends as unreachable.
            endpoint: Some("http://127.0.0.1:1".into()),
            token: Some(Secret::new("t")),
            read_only: true,
        })
        .await
        .unwrap();
        let path = "v1/projects/p/serviceAccounts/e:setIamPolicy";
        let said = client.writer().tell(Api::Iam, path, &Value::Null).await;
        assert_eq!(said.unwrap_err().status(), Some(405));
        let said = client.reader().ask(Api::Iam, path, &Value::Null).await;
        assert_eq!(said.unwrap_err().status(), Some(405));
        assert_eq!(client.log(), []);
    }

    #[test]
    fn the_reader_sends_nothing_that_may_change_something() {
        for path in [
            "v1/projects/p/serviceAccounts/e@x.com:getIamPolicy?options.requestedPolicyVersion=3",
            "v3/folders/1:testIamPermissions",
            "v1/projects/-/serviceAccounts/e@x.com:generateAccessToken",
        ] {
            assert!(only_reads(path), "{path}");
        }
        for path in [
            "v1/projects/p/serviceAccounts/e@x.com:setIamPolicy",
            "v1/projects/p/serviceAccounts/e@x.com:setIamPolicy?x=:getIamPolicy",
            "v1/projects/p/serviceAccounts/e:getIamPolicy/x:disable",
            "v1/projects/p/serviceAccounts/e@x.com:disable",
            "v1/projects/p/services/s:enable",
            "v1/projects/p/serviceAccounts",
            "v1/projects/p/serviceAccounts/e@x.com/keys",
        ] {
            assert!(!only_reads(path), "{path}");
        }
    }
}
