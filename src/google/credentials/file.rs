//! Credentials files, told apart by their `type`.

use std::path::Path;
use std::sync::Arc;

use serde_json::Value;
use tokio::sync::Mutex;

use super::acting::Acting;
use super::certificate::{self, CertificateSource};
use super::federation::SubjectSource;
use super::key::AccountKey;
use super::login::Login;
use super::{CredentialKind, CredentialsError, HeldToken, Origin, find, told};

/// A file of a kind that is served.
pub(super) struct CredentialsFile {
    kind: CredentialKind,
    content: Value,
    /// Read again when its token was not taken: its owner may have signed in anew meanwhile.
    path: std::path::PathBuf,
    provider: Mutex<Option<FileProvider>>,
}

/// Whoever gets tokens with it, and the accounts that are acted as with them, one after the other.
#[derive(Clone)]
struct FileProvider {
    own: OwnProvider,
    acting: Vec<Arc<Acting>>,
}

#[derive(Clone)]
enum OwnProvider {
    Key(Arc<AccountKey>),
    Login(Arc<Login>),
    Certificate(Arc<CertificateSource>),
    Subject(Arc<SubjectSource>),
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
        let provider = provider(kind, &file.content).map_err(broken)?;
        *file.provider.lock().await = Some(provider);
        Ok((file, origin))
    }

    /// A token; renewed by whoever gets it. After a refusal the file is read again: whoever signs in anew goes on
    /// without starting again.
    pub async fn token(&self) -> Result<HeldToken, String> {
        let got = self.once().await;
        if got.is_err() {
            self.forget().await;
        }
        got
    }

    async fn once(&self) -> Result<HeldToken, String> {
        let provider = self.at_hand().await?;
        let mut token = match provider.own {
            OwnProvider::Key(key) => key.token().await?,
            OwnProvider::Login(login) => login.token().await?,
            OwnProvider::Certificate(source) => source.token().await?,
            OwnProvider::Subject(source) => source.token().await?,
        };
        for acting in &provider.acting {
            token = acting.token(&token).await?;
        }
        Ok(token)
    }

    async fn at_hand(&self) -> Result<FileProvider, String> {
        let mut held = self.provider.lock().await;
        if let Some(provider) = held.as_ref() {
            return Ok(provider.clone());
        }
        let content = read(&self.path).await?;
        if kind(&content)? != self.kind {
            return Err("the credentials file is of another kind now; start again".to_owned());
        }
        Ok(held.insert(provider(self.kind, &content)?).clone())
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

/// Whoever gets tokens with such a file.
fn provider(kind: CredentialKind, content: &Value) -> Result<FileProvider, String> {
    if kind == CredentialKind::ImpersonatedServiceAccount {
        let own = content.get("source_credentials");
        let own = own.ok_or("source_credentials is missing")?;
        let told = |why: String| format!("its source_credentials: {why}");
        let mut source = self::kind(own)
            .and_then(|kind| provider(kind, own))
            .map_err(told)?;
        let acting = Acting::named_in(content)?;
        let acting = acting.ok_or("service_account_impersonation_url is missing")?;
        source.acting.push(Arc::new(acting));
        return Ok(source);
    }
    let own = match kind {
        CredentialKind::ServiceAccount => OwnProvider::Key(Arc::new(AccountKey::new(content)?)),
        CredentialKind::ExternalAccount if certificate::is_meant(content) => {
            OwnProvider::Certificate(Arc::new(CertificateSource::new(content)?))
        }
        CredentialKind::ExternalAccount => {
            OwnProvider::Subject(Arc::new(SubjectSource::new(content)?))
        }
        _ => OwnProvider::Login(Arc::new(Login::new(content, kind)?)),
    };
    let acting = match kind {
        CredentialKind::ExternalAccount => Acting::named_in(content)?,
        _ => None,
    };
    Ok(FileProvider {
        own,
        acting: acting.into_iter().map(Arc::new).collect(),
    })
}

async fn read(path: &Path) -> Result<Value, String> {
    let bytes = tokio::fs::read(path).await.map_err(|e| e.to_string())?;
    // The words of the parser quote nothing of the file.
    serde_json::from_str(&crate::text::decoded(&bytes)?)
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
pub(super) fn account_in(url: &str) -> Option<String> {
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
