//! Whose credentials a call carries: every kind that Google's own tools take.
//!
//! A given bearer token, a credentials file of any kind, the metadata server, gcloud's own login, and on
//! top of each of them an account to act as. Which crate serves which kind, and why, stands in
//! docs/decisions/0005-credentials.md.

mod acting;
mod amazon;
mod certificate;
mod exchange;
mod federation;
mod file;
mod find;
pub mod gcloud;
mod key;
mod login;
mod metadata;
mod program;
mod quota;
mod told;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Mutex;

pub use acting::ActAs;
pub use quota::QuotaProject;
pub(super) use told::is_refusal;

/// Everything that is asked of Google needs no more than this scope.
pub const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";

/// How long a token may take to come (chosen).
const DEADLINE: Duration = Duration::from_secs(20);
/// A token is renewed this long before its end: the metadata server gives the same one until five minutes
/// before (doc "Authenticate workloads to Google Cloud APIs using service accounts").
const AHEAD: SignedDuration = SignedDuration::from_secs(240);

/// A bearer token. Neither printed nor logged.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Keeps a token; white space around it, as files have it, is taken off.
    #[must_use]
    pub fn new(token: &str) -> Self {
        Self(token.trim().to_owned())
    }

    /// The token itself, for the one header it belongs in.
    pub(super) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// There are no credentials that work.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CredentialsError {
    /// None were found.
    #[error(
        "no Google Cloud credentials were found: {0}\n\
         To get some, one of:\n  \
         gcloud auth application-default login          (you, on this machine)\n  \
         export GOOGLE_APPLICATION_CREDENTIALS=key.json (a service account key)\n  \
         export BINDSCOPE_ACCESS_TOKEN=$(gcloud auth print-access-token)  (with --endpoint)"
    )]
    Missing(String),
    /// The given token cannot stand in a header.
    #[error(
        "the access token holds characters that no token has; check the file or variable it came from"
    )]
    Malformed,
    /// The HTTP client could not be set up.
    #[error("the HTTP client could not be set up: {0}")]
    Transport(String),
    /// The file that holds the credentials says nothing that can be used.
    #[error("the credentials file {file} cannot be used: {why}")]
    File {
        /// Its path.
        file: String,
        /// Why; names the kind of credentials where the file has one.
        why: String,
    },
    /// There are some, and they give no token.
    #[error("{from}: {why}")]
    Refused {
        /// Where they come from.
        from: String,
        /// What came back, and what mends it.
        why: String,
    },
}

/// What kind of credentials these are, by the words that Google's files and documentation have for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialKind {
    /// A bearer token that was given.
    AccessToken,
    /// A person's login.
    AuthorizedUser,
    /// A service account's key.
    ServiceAccount,
    /// A file that makes its credentials act as a service account.
    ImpersonatedServiceAccount,
    /// An identity from elsewhere: a workload's.
    ExternalAccount,
    /// An identity from elsewhere: a person's, signed in with a browser.
    ExternalAccountAuthorizedUser,
    /// What the machine's metadata server gives.
    MetadataServer,
    /// The account that gcloud is signed in with.
    Gcloud,
}

impl CredentialKind {
    /// The word of Google's credentials files; of our own where there is no file.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::AccessToken => "access_token",
            Self::AuthorizedUser => "authorized_user",
            Self::ServiceAccount => "service_account",
            Self::ImpersonatedServiceAccount => "impersonated_service_account",
            Self::ExternalAccount => "external_account",
            Self::ExternalAccountAuthorizedUser => "external_account_authorized_user",
            Self::MetadataServer => "metadata_server",
            Self::Gcloud => "gcloud",
        }
    }

    /// For people.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::AccessToken => "access token",
            Self::AuthorizedUser => "user login",
            Self::ServiceAccount => "service account key",
            Self::ImpersonatedServiceAccount => "impersonation file",
            Self::ExternalAccount => "workload federation",
            Self::ExternalAccountAuthorizedUser => "workforce login",
            Self::MetadataServer => "metadata server",
            Self::Gcloud => "gcloud login",
        }
    }

    /// The command that gives new ones where these are no longer taken.
    fn mended_by(self) -> &'static str {
        match self {
            Self::AccessToken => "get a fresh one: gcloud auth print-access-token",
            Self::AuthorizedUser => "sign in again: gcloud auth application-default login",
            Self::ImpersonatedServiceAccount => {
                "sign in again: gcloud auth application-default login --impersonate-service-account=ACCOUNT"
            }
            Self::ExternalAccountAuthorizedUser => {
                "sign in again: gcloud auth application-default login --login-config=FILE"
            }
            Self::Gcloud => "sign in again: gcloud auth login",
            Self::ServiceAccount => {
                "the key or its account may be deleted, disabled or expired; see: gcloud iam service-accounts keys list --iam-account=ACCOUNT"
            }
            Self::ExternalAccount => {
                "the pool's provider did not take the token from elsewhere; see: gcloud iam workload-identity-pools providers describe PROVIDER --workload-identity-pool=POOL --location=global"
            }
            Self::MetadataServer => {
                "check that a service account is attached to this machine or workload"
            }
        }
    }
}

/// Where credentials come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Of which kind they are.
    pub kind: CredentialKind,
    /// The file, variable or host.
    pub place: String,
    /// Whose they are, as far as they say it themselves: an e-mail address.
    pub account: Option<String>,
    /// The provider of a pool that identities from elsewhere come by: `projects/…/providers/…`.
    pub provider: Option<String>,
    /// The project that calls are billed to, as the file has it.
    pub quota_project: Option<String>,
    /// The project that they belong to.
    pub project: Option<String>,
}

/// A token, and until when it counts.
#[derive(Clone, Debug)]
pub(super) struct HeldToken {
    pub token: Secret,
    /// `None`: not told.
    pub until: Option<Timestamp>,
    /// From then on a new one is got.
    stale: Option<Timestamp>,
}

impl HeldToken {
    /// One that was just got. It is renewed ahead of its end; one that lives a few minutes at the last quarter
    /// of its life (chosen), so that not each call is preceded by one for a token.
    fn new(token: Secret, until: Option<Timestamp>) -> Self {
        let now = Timestamp::now();
        let stale = until.and_then(|until| {
            let left = now.duration_until(until);
            // What is over as it comes is so by this machine's clock alone, which is wrong: the API says when.
            if left <= SignedDuration::ZERO {
                return None;
            }
            let ahead = left.checked_div(4)?.min(AHEAD);
            until.checked_sub(ahead).ok()
        });
        Self {
            token,
            until,
            stale,
        }
    }

    fn is_fresh(&self) -> bool {
        self.stale.is_none_or(|stale| Timestamp::now() < stale)
    }
}

/// Where bearer tokens come from.
pub(super) struct AccessCredentials {
    pub origin: Origin,
    way: TokenWay,
    acting: Option<(ActAs, acting::Acting)>,
    /// How often tokens were forgotten: calls that go side by side and meet the same refusal renew once.
    renewals: AtomicU64,
    forgetting: Mutex<()>,
}

/// How a token is got.
enum TokenWay {
    /// Given, and read again from its file where it came from one.
    Given(Mutex<Secret>, Option<PathBuf>),
    /// A credentials file.
    File(file::CredentialsFile),
    /// The metadata server.
    Metadata(metadata::MetadataServer, Mutex<Option<HeldToken>>),
    /// gcloud.
    Gcloud(gcloud::GcloudLogin),
}

impl AccessCredentials {
    fn new(origin: Origin, way: TokenWay) -> Self {
        Self {
            origin,
            way,
            acting: None,
            renewals: AtomicU64::new(0),
            forgetting: Mutex::default(),
        }
    }

    /// A token that was given: by the variable of that name, or from `file`.
    pub fn given(secret: Secret, place: &str, file: Option<PathBuf>) -> Self {
        let origin = Origin {
            kind: CredentialKind::AccessToken,
            place: place.to_owned(),
            account: None,
            provider: None,
            quota_project: None,
            project: None,
        };
        Self::new(origin, TokenWay::Given(Mutex::new(secret), file))
    }

    /// The same, acting as a service account.
    pub fn acting_as(
        mut self,
        http: reqwest::Client,
        endpoint: Option<&str>,
        whom: ActAs,
        billed: Option<&QuotaProject>,
    ) -> Self {
        let billed = billed.map(|quota| quota.project.clone());
        let acting = acting::Acting::new(http, endpoint, &whom, billed);
        self.acting = Some((whom, acting));
        self
    }

    /// The service account that they act as.
    pub fn acts_as(&self) -> Option<&ActAs> {
        self.acting.as_ref().map(|(whom, _)| whom)
    }

    /// Whether a new token is got when one ends.
    pub fn renews(&self) -> bool {
        !matches!(self.way, TokenWay::Given(..))
    }

    /// Where their tokens come from, as far as they name an address.
    pub fn token_address(&self) -> Option<&str> {
        match &self.way {
            TokenWay::File(file) => file.token_address(),
            _ => None,
        }
    }

    /// A token for the next call.
    pub async fn token(&self) -> Result<HeldToken, String> {
        let own = self.own_token().await?;
        match &self.acting {
            None => Ok(own),
            Some((_, acting)) => within(acting.token(&own)).await,
        }
    }

    async fn own_token(&self) -> Result<HeldToken, String> {
        let got = match &self.way {
            TokenWay::Given(secret, _) => Ok(HeldToken::new(secret.lock().await.clone(), None)),
            TokenWay::File(file) => within(file.token()).await,
            TokenWay::Metadata(server, held) => {
                within(async {
                    let mut held = held.lock().await;
                    if let Some(fresh) = held.as_ref().filter(|h| h.is_fresh()) {
                        return Ok(fresh.clone());
                    }
                    let new = server.token().await?;
                    *held = Some(new.clone());
                    Ok(new)
                })
                .await
            }
            TokenWay::Gcloud(login) => within(login.token()).await,
        };
        got.map_err(|why| told::with_remedy(self.origin.kind, &why))
    }

    /// How often tokens were renewed so far; asked before a token is, and given to [`Self::forget`].
    pub fn renewals(&self) -> u64 {
        self.renewals.load(Ordering::SeqCst)
    }

    /// A token that was got after so many renewals was not taken: the next one is a new one. Says whether there
    /// can be one.
    pub async fn forget(&self, renewals: u64) -> bool {
        let _one_at_a_time = self.forgetting.lock().await;
        if self.renewals() != renewals {
            return true;
        }
        let own = match &self.way {
            TokenWay::Given(secret, file) => read_again(secret, file.as_deref()).await,
            TokenWay::File(file) => {
                file.forget().await;
                true
            }
            TokenWay::Metadata(_, held) => {
                *held.lock().await = None;
                true
            }
            TokenWay::Gcloud(login) => {
                login.forget().await;
                true
            }
        };
        if let Some((_, acting)) = &self.acting {
            acting.forget().await;
        }
        let can = own || self.acting.is_some();
        if can {
            self.renewals.fetch_add(1, Ordering::SeqCst);
        }
        can
    }

    /// What an API said that took no token of these, with what mends it.
    pub fn not_taken(&self, message: &str) -> String {
        let kind = self.origin.kind;
        let mend = match (&self.way, self.acts_as()) {
            (_, Some(whom)) => format!(
                "see whether {} is there and enabled, and whether what acts as it is taken: {}",
                whom.account,
                kind.mended_by()
            ),
            (TokenWay::Given(_, Some(_)), None) => {
                let file = crate::text::shell(&self.origin.place);
                format!("write a fresh one into its file: gcloud auth print-access-token > {file}")
            }
            _ => kind.mended_by().to_owned(),
        };
        told::mending(message, &mend)
    }
}

/// Whether there is another token in the file now.
async fn read_again(secret: &Mutex<Secret>, file: Option<&Path>) -> bool {
    let Some(file) = file else {
        return false;
    };
    let Ok(bytes) = tokio::fs::read(file).await else {
        return false;
    };
    let Ok(text) = crate::text::decoded(&bytes) else {
        return false;
    };
    let new = Secret::new(&text);
    let mut held = secret.lock().await;
    let other = !new.reveal().is_empty() && new.reveal() != held.reveal();
    if other {
        *held = new;
    }
    other
}

async fn within<T>(what: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    match tokio::time::timeout(DEADLINE, what).await {
        Ok(done) => done,
        Err(_) => Err(format!(
            "no token came within {} seconds; check the network",
            DEADLINE.as_secs()
        )),
    }
}
