//! Whose credentials a call carries: every kind that Google's own tools take.
//!
//! A given bearer token, a credentials file of any kind, the metadata server, gcloud's own login, and on
//! top of each of them an account to act as. Which crate serves which kind, and why, stands in
//! docs/decisions/0005-credentials.md.

mod acting;
mod file;
mod find;
pub mod gcloud;
mod metadata;
mod quota;
mod told;

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Mutex;

pub use acting::ActAs;
pub use quota::QuotaProject;
pub(super) use told::{printable, scrubbed};

/// Everything that is asked of Google needs no more than this scope.
pub const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";

/// How long a token may take to come (chosen).
const DEADLINE: Duration = Duration::from_secs(20);
/// A token is renewed this long before its end: the metadata server gives the same one until five minutes
/// before (doc "Authenticate workloads to Google Cloud APIs using service accounts").
const AHEAD: Duration = Duration::from_secs(240);

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
                "the key may be deleted, disabled or expired; see: gcloud iam service-accounts keys list --iam-account=ACCOUNT"
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
}

impl HeldToken {
    fn is_fresh(&self) -> bool {
        self.until.is_none_or(|until| {
            Timestamp::now().duration_until(until).as_secs_f64() > AHEAD.as_secs_f64()
        })
    }
}

/// Where bearer tokens come from.
pub(super) struct AccessCredentials {
    pub origin: Origin,
    way: TokenWay,
    acting: Option<acting::Acting>,
}

/// How a token is got.
enum TokenWay {
    /// Given once and for all.
    Given(Secret),
    /// A credentials file.
    File(file::CredentialsFile),
    /// The metadata server.
    Metadata(metadata::MetadataServer, Mutex<Option<HeldToken>>),
    /// gcloud.
    Gcloud(gcloud::GcloudLogin),
}

impl AccessCredentials {
    /// A token that was given: from a file, or the variable of that name.
    pub fn given(secret: Secret, place: &str) -> Self {
        let origin = Origin {
            kind: CredentialKind::AccessToken,
            place: place.to_owned(),
            account: None,
            quota_project: None,
            project: None,
        };
        Self {
            origin,
            way: TokenWay::Given(secret),
            acting: None,
        }
    }

    /// The same, acting as a service account.
    pub fn acting_as(mut self, http: reqwest::Client, endpoint: Option<&str>, whom: ActAs) -> Self {
        self.acting = Some(acting::Acting::new(http, endpoint, whom));
        self
    }

    /// The service account that they act as.
    pub fn acts_as(&self) -> Option<&ActAs> {
        self.acting.as_ref().map(|a| &a.whom)
    }

    /// Whether a new token is got when one ends.
    pub fn renews(&self) -> bool {
        !matches!(self.way, TokenWay::Given(_))
    }

    /// A token for the next call.
    pub async fn token(&self) -> Result<HeldToken, String> {
        let own = self.own_token().await?;
        match &self.acting {
            None => Ok(own),
            Some(acting) => within(acting.token(&own)).await,
        }
    }

    async fn own_token(&self) -> Result<HeldToken, String> {
        let got = match &self.way {
            TokenWay::Given(secret) => Ok(HeldToken {
                token: secret.clone(),
                until: None,
            }),
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

    /// The server did not take the token: the next one is a new one. Says whether there can be one.
    pub async fn forget(&self) -> bool {
        match &self.way {
            TokenWay::Given(_) => {}
            TokenWay::File(file) => file.forget().await,
            TokenWay::Metadata(_, held) => *held.lock().await = None,
            TokenWay::Gcloud(login) => login.forget().await,
        }
        if let Some(acting) = &self.acting {
            acting.forget().await;
        }
        self.renews()
    }
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
