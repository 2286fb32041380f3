//! Whose credentials a call carries: a given bearer token, or what `gcp_auth` finds.

use std::fmt;
use std::sync::Arc;

use gcp_auth::TokenProvider;

/// Everything that is asked of Google needs no more than this scope.
pub const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";

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
}

/// Where bearer tokens come from.
#[derive(Clone)]
pub(super) enum Source {
    /// Given once and for all.
    Fixed(Secret),
    /// Application Default Credentials; refreshed by the library.
    Found(Arc<dyn TokenProvider>),
}

impl Source {
    /// Looks for credentials where Google's own tools do (`gcp_auth::provider`: a key file, a
    /// user's default credentials, the metadata server, gcloud).
    pub async fn find() -> Result<Self, CredentialsError> {
        gcp_auth::provider()
            .await
            .map(Self::Found)
            .map_err(|e| CredentialsError::Missing(printable(&e.to_string())))
    }

    /// A token for the next call.
    pub async fn token(&self) -> Result<Secret, String> {
        match self {
            Self::Fixed(secret) => Ok(secret.clone()),
            Self::Found(provider) => match provider.token(&[SCOPE]).await {
                Ok(token) => Ok(Secret::new(token.as_str())),
                Err(error) => Err(format!(
                    "{}. Sign in again: gcloud auth application-default login",
                    printable(&error.to_string())
                )),
            },
        }
    }

    /// The project of the credentials.
    pub async fn project(&self) -> Option<String> {
        match self {
            Self::Fixed(_) => None,
            Self::Found(provider) => provider.project_id().await.ok().map(|p| p.to_string()),
        }
    }
}

/// Words from outside, on one line.
pub(super) fn printable(text: &str) -> String {
    let clean = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(600);
    clean.collect::<String>().trim().to_owned()
}
