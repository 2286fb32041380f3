//! gcloud's own login, and its settings, read from its files: no child process that could ask something.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use gcp_auth::{GCloudAuthorizedUser, TokenProvider};
use tokio::runtime::Handle;
use tokio::sync::Mutex;

use super::{CredentialKind, HeldToken, Origin, SCOPE, Secret, told};

/// The account that gcloud is signed in with, by way of `gcloud auth print-access-token`.
pub(super) struct GcloudLogin(Mutex<Option<Arc<GCloudAuthorizedUser>>>);

impl GcloudLogin {
    /// Asks gcloud for a first token.
    pub async fn find() -> Result<(Self, Origin), String> {
        let login = super::within(signed_in()).await?;
        let origin = Origin {
            kind: CredentialKind::Gcloud,
            place: "gcloud auth print-access-token".to_owned(),
            account: impersonated().or_else(|| setting("CLOUDSDK_CORE_ACCOUNT", "core", "account")),
            provider: None,
            quota_project: None,
            project: project(),
        };
        Ok((Self(Mutex::new(Some(login))), origin))
    }

    /// Its token. gcloud does not tell until when it counts.
    pub async fn token(&self) -> Result<HeldToken, String> {
        let mut held = self.0.lock().await;
        let login = match held.as_ref() {
            Some(login) => Arc::clone(login),
            None => Arc::clone(held.insert(signed_in().await?)),
        };
        drop(held);
        let token = apart(async move { login.token(&[SCOPE]).await }).await?;
        Ok(HeldToken::new(Secret::new(token.as_str()), None))
    }

    pub async fn forget(&self) {
        *self.0.lock().await = None;
    }
}

async fn signed_in() -> Result<Arc<GCloudAuthorizedUser>, String> {
    let login = apart(GCloudAuthorizedUser::new()).await?;
    Ok(Arc::new(login))
}

/// The crate waits for its child process without giving the thread back: it gets one of its own.
async fn apart<T: Send + 'static>(
    what: impl Future<Output = Result<T, gcp_auth::Error>> + Send + 'static,
) -> Result<T, String> {
    let handle = Handle::current();
    let done = tokio::task::spawn_blocking(move || handle.block_on(what)).await;
    done.map_err(|e| e.to_string())?
        .map_err(|e| told::chain(&e))
}

/// The account whose token gcloud gives in place of its own: `auth/impersonate_service_account`, the last of a list
/// (gcloud topic configurations).
fn impersonated() -> Option<String> {
    let set = setting(
        "CLOUDSDK_AUTH_IMPERSONATE_SERVICE_ACCOUNT",
        "auth",
        "impersonate_service_account",
    )?;
    let last = set.rsplit(',').next()?.trim();
    (!last.is_empty()).then(|| last.to_owned())
}

/// The project of gcloud's configuration.
#[must_use]
pub fn project() -> Option<String> {
    setting("CLOUDSDK_CORE_PROJECT", "core", "project")
}

/// The project that gcloud bills calls to: its `billing/quota_project`, whose words `CURRENT_PROJECT` and
/// `CURRENT_PROJECT_WITH_FALLBACK` stand for the project of the configuration, and `LEGACY` for none (gcloud topic configurations).
pub(super) fn quota_project() -> Option<String> {
    let set = setting("CLOUDSDK_BILLING_QUOTA_PROJECT", "billing", "quota_project")?;
    match set.as_str() {
        "LEGACY" => None,
        "CURRENT_PROJECT" | "CURRENT_PROJECT_WITH_FALLBACK" => project(),
        _ => Some(set),
    }
}

/// A setting as gcloud itself finds it: the environment first, then the active configuration's file
/// (googlecloudsdk/core/properties.py, `_Section`'s `CLOUDSDK_CORE_…` variables;
/// googlecloudsdk/core/config.py, `Paths`: `active_config`, `configurations/config_NAME`).
fn setting(variable: &str, section: &str, key: &str) -> Option<String> {
    if let Some(value) = set(variable) {
        return Some(value);
    }
    setting_in(&dir()?, set("CLOUDSDK_ACTIVE_CONFIG_NAME"), section, key)
}

fn set(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|v| !v.trim().is_empty())
}

/// gcloud's directory: `CLOUDSDK_CONFIG`, else `%APPDATA%\gcloud` on Windows, `~/.config/gcloud` elsewhere
/// (config.py, `_GetGlobalConfigDir`).
pub(super) fn dir() -> Option<PathBuf> {
    if let Some(dir) = set("CLOUDSDK_CONFIG") {
        return Some(PathBuf::from(dir));
    }
    if cfg!(windows) {
        return Some(PathBuf::from(std::env::var_os("APPDATA")?).join("gcloud"));
    }
    let home = etcetera::home_dir().ok()?;
    Some(home.join(".config/gcloud"))
}

fn setting_in(dir: &Path, active: Option<String>, section: &str, key: &str) -> Option<String> {
    let active = active
        .or_else(|| std::fs::read_to_string(dir.join("active_config")).ok())
        .map_or_else(|| "default".to_owned(), |name| name.trim().to_owned());
    // A name with a slash would lead elsewhere; gcloud allows none.
    if active.contains(['/', '\\']) {
        return None;
    }
    let file = dir.join("configurations").join(format!("config_{active}"));
    value_of(&std::fs::read_to_string(file).ok()?, section, key)
}

/// A key of a section of an INI file.
fn value_of(text: &str, section: &str, wanted: &str) -> Option<String> {
    let mut inside = false;
    for line in text.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix('[') {
            inside = name.trim_end_matches(']').trim() == section;
        } else if inside
            && let Some((key, value)) = line.split_once(['=', ':'])
            && key.trim() == wanted
        {
            let value = value.trim();
            return (!value.is_empty()).then(|| value.to_owned());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_active_configuration_names_the_project() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("configurations")).unwrap();
        let file = |name: &str, text: &str| {
            std::fs::write(dir.path().join("configurations").join(name), text).unwrap();
        };
        file("config_default", "[core]\naccount = a@b.c\nproject = one\n");
        file(
            "config_work",
            "[billing]\nquota_project = bill\n[compute]\nproject = no\n[core]\nproject=two\n",
        );
        let read = |active: Option<&str>, section: &str, key: &str| {
            setting_in(dir.path(), active.map(str::to_owned), section, key)
        };
        assert_eq!(read(None, "core", "project").as_deref(), Some("one"));
        assert_eq!(read(None, "core", "account").as_deref(), Some("a@b.c"));
        std::fs::write(dir.path().join("active_config"), "work\n").unwrap();
        assert_eq!(read(None, "core", "project").as_deref(), Some("two"));
        assert_eq!(
            read(None, "billing", "quota_project").as_deref(),
            Some("bill")
        );
        assert_eq!(read(Some("../x"), "core", "project"), None);
        assert_eq!(read(Some("gone"), "core", "project"), None);
    }
}
