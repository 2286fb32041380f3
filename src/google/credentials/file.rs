//! Credentials files, told apart by their `type`.
//!
//! A service account's key and a certificate are exchanged here; every other kind goes through Google's own
//! `google-cloud-auth`.

use std::path::Path;
use std::sync::Arc;

use google_cloud_auth::credentials::{
    AccessTokenCredentials, external_account, external_account_authorized_user, impersonated,
    user_account,
};
use serde_json::Value;
use tokio::sync::Mutex;

use super::certificate::{self, CertificateSource};
use super::key::AccountKey;
use super::{CredentialKind, CredentialsError, HeldToken, Origin, SCOPE, Secret, find, told};

/// A file of a kind that is served.
pub(super) struct CredentialsFile {
    kind: CredentialKind,
    content: Value,
    /// Read again when its token was not taken: its owner may have signed in anew meanwhile.
    path: std::path::PathBuf,
    provider: Mutex<Option<FileProvider>>,
}

/// Whoever gets tokens with it.
#[derive(Clone)]
enum FileProvider {
    Key(Arc<AccountKey>),
    Certificate(Arc<CertificateSource>),
    Google(AccessTokenCredentials),
}

impl CredentialsFile {
    /// Reads a file; `named`: by the variable.
    pub async fn open(path: &Path, named: bool) -> Result<(Self, Origin), CredentialsError> {
        let shown = told::printable(&path.display().to_string());
        let broken = |why: String| CredentialsError::File {
            file: shown.clone(),
            why,
        };
        let content = read(path).await.map_err(&broken)?;
        let kind = kind(&content).map_err(&broken)?;
        let text = |key: &str| {
            content
                .get(key)
                .and_then(Value::as_str)
                .map(told::printable)
        };
        let place = if named {
            format!("{shown} ({})", find::VARIABLE)
        } else {
            shown.clone()
        };
        let origin = Origin {
            kind,
            place,
            account: text("client_email").or_else(|| {
                account_in(content.get("service_account_impersonation_url")?.as_str()?)
            }),
            provider: text("audience")
                .and_then(|a| Some(a.strip_prefix("//iam.googleapis.com/")?.to_owned())),
            quota_project: text("quota_project_id"),
            project: text("project_id"),
        };
        let file = Self {
            kind,
            content,
            path: path.to_owned(),
            provider: Mutex::default(),
        };
        // What is wrong with its fields is told now, not at the first call.
        let provider = file.provider(&file.content).map_err(broken)?;
        *file.provider.lock().await = Some(provider);
        Ok((file, origin))
    }

    fn provider(&self, content: &Value) -> Result<FileProvider, String> {
        let scopes = [SCOPE];
        let json = content.clone();
        let built = match self.kind {
            CredentialKind::ServiceAccount => {
                return AccountKey::new(content).map(|key| FileProvider::Key(Arc::new(key)));
            }
            CredentialKind::ExternalAccount if certificate::is_meant(content) => {
                return CertificateSource::new(content)
                    .map(|source| FileProvider::Certificate(Arc::new(source)));
            }
            CredentialKind::ImpersonatedServiceAccount
                if content
                    .get("source_credentials")
                    .is_some_and(certificate::is_meant) =>
            {
                return CertificateSource::acting(content)
                    .map(|source| FileProvider::Certificate(Arc::new(source)));
            }
            CredentialKind::ImpersonatedServiceAccount => impersonated::Builder::new(json)
                .with_scopes(scopes)
                .build_access_token_credentials(),
            CredentialKind::ExternalAccount => external_account::Builder::new(json)
                .with_scopes(scopes)
                .build_access_token_credentials(),
            // A person's login has the scopes that it was made with.
            CredentialKind::ExternalAccountAuthorizedUser => {
                external_account_authorized_user::Builder::new(json)
                    .build_access_token_credentials()
            }
            _ => user_account::Builder::new(json).build_access_token_credentials(),
        };
        built
            .map(FileProvider::Google)
            .map_err(|e| format!("its {} credentials: {}", self.kind.word(), told::chain(&e)))
    }

    /// A token; renewed by the crate that gets it.
    pub async fn token(&self) -> Result<HeldToken, String> {
        let provider = {
            let mut held = self.provider.lock().await;
            match held.as_ref() {
                Some(provider) => provider.clone(),
                None => {
                    let content = read(&self.path).await?;
                    if kind(&content)? != self.kind {
                        return Err(
                            "the credentials file is of another kind now; start again".to_owned()
                        );
                    }
                    held.insert(self.provider(&content)?).clone()
                }
            }
        };
        let got = match provider {
            FileProvider::Key(key) => key.token().await,
            FileProvider::Certificate(source) => source.token().await,
            FileProvider::Google(credentials) => match credentials.access_token().await {
                Ok(token) => Ok(HeldToken::new(Secret::new(&token.token), None)),
                Err(error) => Err(told::chain(&error)),
            },
        };
        if got.is_err() {
            // That crate gives up for good after one refusal.
            self.forget().await;
        }
        got
    }

    pub async fn forget(&self) {
        *self.provider.lock().await = None;
    }

    /// The address that tokens come from, as the file has it.
    pub fn token_address(&self) -> Option<&str> {
        let names = ["/token_uri", "/token_url", "/source_credentials/token_uri"];
        let found = names.iter().find_map(|name| self.content.pointer(name));
        found.and_then(Value::as_str)
    }
}

async fn read(path: &Path) -> Result<Value, String> {
    let bytes = tokio::fs::read(path).await.map_err(|e| e.to_string())?;
    // The words of the parser quote nothing of the file.
    serde_json::from_slice(&bytes)
        .map_err(|e| format!("it is not JSON: line {}, column {}", e.line(), e.column()))
}

/// What kind a file is of.
fn kind(content: &Value) -> Result<CredentialKind, String> {
    let served = [
        CredentialKind::AuthorizedUser,
        CredentialKind::ServiceAccount,
        CredentialKind::ImpersonatedServiceAccount,
        CredentialKind::ExternalAccount,
        CredentialKind::ExternalAccountAuthorizedUser,
    ];
    let words = || served.map(CredentialKind::word).join(", ");
    let Some(word) = content.get("type").and_then(Value::as_str) else {
        if content.get("installed").is_some() || content.get("web").is_some() {
            return Err("it is an OAuth client's file, which is nobody's credentials; sign in with it: gcloud auth application-default login --client-id-file=FILE".to_owned());
        }
        return Err(format!("it has no \"type\"; there are {}", words()));
    };
    let found = served.into_iter().find(|kind| kind.word() == word);
    let Some(kind) = found else {
        return Err(format!(
            "its type is {}, which is not served; there are {}",
            told::scrubbed(word),
            words()
        ));
    };
    Ok(kind)
}

/// The account of `…/serviceAccounts/EMAIL:generateAccessToken`.
fn account_in(url: &str) -> Option<String> {
    let (_, rest) = url.rsplit_once("/serviceAccounts/")?;
    let (email, _) = rest.rsplit_once(':')?;
    email.contains('@').then(|| told::printable(email))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_kind_that_is_not_served_is_named() {
        for (content, words) in [
            (
                json!({ "type": "gdch_service_account" }),
                "its type is gdch_service_account, which is not served",
            ),
            (json!({ "installed": {} }), "OAuth client"),
            (json!({}), "no \"type\""),
            (json!([]), "no \"type\""),
        ] {
            let why = kind(&content).unwrap_err();
            assert!(why.contains(words), "{why}");
        }
    }

    #[test]
    fn the_account_stands_in_the_address() {
        let url = "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/a@p.iam.gserviceaccount.com:generateAccessToken";
        assert_eq!(
            account_in(url).as_deref(),
            Some("a@p.iam.gserviceaccount.com")
        );
        assert_eq!(account_in("x"), None);
    }
}
