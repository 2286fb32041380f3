//! The client: one HTTP connection pool, a reader and a writer over it.
//!
//! A read is repeated when that can help (no answer, 429, 500, 502, 503, 504); a write is sent
//! once. Whoever is handed the reader alone cannot change anything.

use std::collections::VecDeque;
use std::error::Error as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures::FutureExt;
use futures::future::BoxFuture;
use jiff::Timestamp;
use reqwest::Method;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use serde_json::Value;

use super::credentials::{
    AccessCredentials, ActAs, CredentialsError, HeldToken, Origin, QuotaProject, Secret, printable,
};
use super::errors::{not_json, refused};
use super::pace::{self, Missed};
use crate::iam::Principal;
use crate::wire::{Api, ApiError, Ask, Tell};

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
    /// Calls are made as this account.
    pub act_as: Option<ActAs>,
    /// Calls are billed to this project, whatever the credentials say.
    pub billing: Option<String>,
}

/// Who makes the calls, from where, and until when.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// Who; `None`: the credentials do not tell.
    pub principal: Option<Principal>,
    /// Where the credentials come from.
    pub origin: Origin,
    /// The account that they act as.
    pub acts_as: Option<ActAs>,
    /// Until when the token at hand counts; `None`: nobody tells.
    pub until: Option<Timestamp>,
    /// Whether a new one is got then.
    pub renews: bool,
    /// What calls are billed to.
    pub quota: Option<QuotaProject>,
}

/// One call that was made, for the command log. It holds no token and no body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedCall {
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

impl std::fmt::Display for RecordedCall {
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
/// Whoever hears that a call is waited with: in words, for people.
type WaitListener = Box<dyn Fn(&str) + Send + Sync>;

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
        let http = reqwest::Client::builder()
            .user_agent(concat!("bindscope/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(Duration::from_secs(10))
            .timeout(DEADLINE)
            // A redirect could carry the token elsewhere; Google's APIs send none.
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|e| CredentialsError::Transport(printable(&e.to_string())))?;
        let endpoint = connect.endpoint.map(|e| e.trim_end_matches('/').to_owned());
        let mut credentials = match connect.token {
            Some(secret) => {
                bearer(&secret).ok_or(CredentialsError::Malformed)?;
                AccessCredentials::given(secret, choice.place.as_deref().unwrap_or("given"))
            }
            None => AccessCredentials::find().await?,
        };
        if let Some(whom) = choice.act_as {
            credentials = credentials.acting_as(http.clone(), endpoint.as_deref(), whom);
        }
        if credentials.renews() || credentials.acts_as().is_some() {
            let refused = |why| CredentialsError::Refused {
                from: format!(
                    "{}, {}",
                    credentials.origin.kind.words(),
                    credentials.origin.place
                ),
                why,
            };
            credentials.token().await.map_err(refused)?;
        }
        let quota = QuotaProject::of(choice.billing.as_deref(), &credentials.origin);
        let log = Mutex::default();
        let inner = Inner {
            http,
            endpoint,
            credentials,
            quota,
            unbilled: AtomicBool::new(false),
            read_only: connect.read_only,
            log,
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
        let log = self
            .inner
            .log
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        log.iter().cloned().collect()
    }

    /// Has waits told before they begin, from one second on. The first who asks for it hears them.
    pub fn tell_waits(&self, listener: impl Fn(&str) + Send + Sync + 'static) {
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

    /// Whose credentials these are, as far as they tell: the account acted as, a token that names its
    /// principal, the file, Google's token information (the scope `userinfo.email` is needed for an
    /// address to be in it).
    pub async fn viewer(&self) -> Option<Principal> {
        let token = self.inner.credentials.token().await.ok()?;
        if let Some(principal) = self.told(&token) {
            return Some(principal);
        }
        if self.inner.endpoint.is_some() && !self.inner.credentials.renews() {
            return None;
        }
        Principal::parse(self.token_info(&token).await?.get("email")?.as_str()?).ok()
    }

    /// What the credentials tell of their principal themselves.
    fn told(&self, token: &HeldToken) -> Option<Principal> {
        let credentials = &self.inner.credentials;
        if let Some(whom) = credentials.acts_as() {
            return Principal::parse(&whom.account).ok();
        }
        let text = token.token.reveal();
        Principal::parse(text)
            .ok()
            .or_else(|| Principal::parse(claims(text)?.get("email")?.as_str()?).ok())
            .or_else(|| Principal::parse(credentials.origin.account.as_deref()?).ok())
    }

    /// Where the credentials come from.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.inner.credentials.origin
    }

    /// Who makes the calls, from where, and until when.
    ///
    /// # Errors
    /// No token.
    pub async fn identity(&self) -> Result<SignedIn, CredentialsError> {
        let credentials = &self.inner.credentials;
        let token = credentials
            .token()
            .await
            .map_err(|why| CredentialsError::Refused {
                from: credentials.origin.kind.words().to_owned(),
                why,
            })?;
        let claimed = || {
            let seconds = claims(token.token.reveal())?.get("exp")?.as_i64()?;
            Timestamp::from_second(seconds).ok()
        };
        let mut principal = self.told(&token);
        let mut until = token.until.or_else(claimed);
        if (principal.is_none() || until.is_none())
            && let Some(info) = self.token_info(&token).await
        {
            let text = |key: &str| info.get(key).and_then(Value::as_str);
            principal = principal.or_else(|| Principal::parse(text("email")?).ok());
            // A number in a string at Google's, a number in others.
            let left = info.get("expires_in");
            let left = left.and_then(|v| v.as_i64().or_else(|| v.as_str()?.parse().ok()));
            let end = |s| Timestamp::now().checked_add(jiff::SignedDuration::from_secs(s));
            until = until.or_else(|| end(left?).ok());
        }
        Ok(SignedIn {
            principal,
            origin: credentials.origin.clone(),
            acts_as: credentials.acts_as().cloned(),
            until,
            renews: credentials.renews(),
            quota: self.inner.quota.clone(),
        })
    }

    /// A token to see with whether APIs answer; `None`: there is none to be had.
    pub(super) async fn probing_token(&self) -> Option<Secret> {
        let held = self.inner.credentials.token().await.ok()?;
        Some(held.token)
    }

    /// The project that calls are billed to now, where one is named.
    pub(super) fn billed_to(&self) -> Option<&str> {
        self.inner.billed().map(|quota| quota.project.as_str())
    }

    /// What the token endpoint knows of a token.
    async fn token_info(&self, token: &HeldToken) -> Option<Value> {
        let base = self.inner.endpoint.as_deref();
        let url = format!(
            "{}/tokeninfo",
            base.unwrap_or("https://oauth2.googleapis.com")
        );
        // The token goes in the body: an address ends in logs.
        let request = self
            .inner
            .http
            .post(url)
            .form(&[("access_token", token.token.reveal())]);
        let answer = request.timeout(Duration::from_secs(5)).send().await.ok()?;
        if !answer.status().is_success() {
            return None;
        }
        answer.json().await.ok()
    }
}

/// The claims of a token that is itself a JWT. They are only shown, so nothing is verified.
fn claims(token: &str) -> Option<Value> {
    let payload = token.split('.').nth(1)?;
    let bytes = URL_SAFE_NO_PAD.decode(payload).ok()?;
    serde_json::from_slice(&bytes).ok()
}

pub(super) fn bearer(secret: &Secret) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(&format!("Bearer {}", secret.reveal())).ok()?;
    value.set_sensitive(true);
    Some(value)
}

impl Inner {
    fn url(&self, api: Api, path: &str) -> String {
        url(self.endpoint.as_deref(), api, path)
    }

    /// Sends a call, and once more where it was surely not carried out and the next one may be: a token
    /// that is taken no longer is renewed, a quota project that may not be used is left out.
    async fn send(
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
                self.send_once(method, api, path, body).await
            }
            ApiError::Refused { .. } if billed.is_some() && quota_refused(&missed.error) => {
                self.unbilled.store(true, Ordering::Relaxed);
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
        let mut status = None;
        let result = self.exchange(method, &url, &what, body, &mut status).await;
        let took = begun.elapsed();
        self.note(RecordedCall {
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
    ) -> Result<Value, Missed> {
        let signed_out = |message: String| ApiError::Unauthenticated {
            what: what.to_owned(),
            message,
        };
        let token = self.credentials.token().await.map_err(signed_out)?.token;
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
        *status = Some(code);
        let after = pace::asked_wait(answer.headers(), Timestamp::now());
        let mut bytes = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|e| lost(what, &e))? {
            if bytes.len() + chunk.len() > LONGEST_ANSWER {
                return Err(unclear(what, "the answer is longer than 64 MiB".into()).into());
            }
            bytes.extend_from_slice(&chunk);
        }
        if !(200..300).contains(&code) {
            let error = refused(what, code, &bytes);
            return Err(Missed { error, after });
        }
        // Every answer of Google's is an object; a list in its place could be taken for one without fields.
        match serde_json::from_slice(&bytes) {
            Ok(answer @ Value::Object(_)) => Ok(answer),
            Ok(_) => Err(unclear(what, "the answer is no JSON object".to_owned()).into()),
            Err(error) => Err(unclear(what, not_json(&bytes, &error)).into()),
        }
    }

    /// What the next call is billed to.
    fn billed(&self) -> Option<&QuotaProject> {
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
    async fn read(
        &self,
        method: Method,
        api: Api,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, ApiError> {
        let told = |error: &ApiError, wait: Duration| {
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

/// Whether it was the quota project that was refused (doc "Troubleshoot quota and limit errors",
/// `USER_PROJECT_DENIED`).
fn quota_refused(error: &ApiError) -> bool {
    matches!(error, ApiError::Refused { status: 403, reason: Some(reason), .. } if reason == "USER_PROJECT_DENIED")
}

/// Says what to do where the project that calls are billed to is what is missing.
fn about_quota(error: ApiError, billed: Option<&QuotaProject>) -> ApiError {
    let ApiError::Refused {
        what,
        status,
        reason,
        message,
    } = error
    else {
        return error;
    };
    let lacks = message.contains("requires a quota project");
    let denied = reason.as_deref() == Some("USER_PROJECT_DENIED");
    let message = match billed {
        _ if !lacks && !denied => message,
        Some(quota) if denied => format!(
            "{message} (calls are billed to {}, which {} names: you need serviceusage.services.use on it, roles/serviceusage.serviceUsageConsumer, or name another with --billing-project)",
            quota.project, quota.from
        ),
        _ => format!(
            "{message} (name a project that calls are billed to: --billing-project PROJECT, or gcloud auth application-default set-quota-project PROJECT)"
        ),
    };
    ApiError::Refused {
        what,
        status,
        reason,
        message,
    }
}

impl Missed {
    fn about_quota(self, billed: Option<&QuotaProject>) -> Self {
        let error = about_quota(self.error, billed);
        Self { error, ..self }
    }
}

fn unclear(what: &str, message: String) -> ApiError {
    ApiError::Unreachable {
        what: what.to_owned(),
        message,
    }
}

/// The innermost cause says it best; an address in the words could hold a query.
pub(super) fn lost(what: &str, error: &reqwest::Error) -> ApiError {
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

pub(super) fn url(endpoint: Option<&str>, api: Api, path: &str) -> String {
    match endpoint {
        Some(base) => format!("{}/{path}", base.trim_end_matches('/')),
        None => format!("https://{}/{path}", host(api)),
    }
}

/// Google's own addresses (`rootUrl` of each discovery document).
pub(super) fn host(api: Api) -> &'static str {
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
        async move {
            let sent = self.0.send(Method::POST, api, path, Some(body)).await;
            sent.map_err(|missed| missed.error)
        }
        .boxed()
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
