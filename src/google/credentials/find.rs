//! Looking for credentials, where Google's own tools look and in their order (doc "How Application Default
//! Credentials works"); after them gcloud's own login.

use std::path::PathBuf;

use tokio::sync::Mutex;

use super::{AccessCredentials, CredentialsError, TokenWay, file, gcloud, metadata};

/// The variable that names a credentials file.
pub(super) const VARIABLE: &str = "GOOGLE_APPLICATION_CREDENTIALS";

impl AccessCredentials {
    /// Finds some. A file that is there and cannot be used is an error: falling through to others would
    /// make calls as somebody else.
    pub async fn find() -> Result<Self, CredentialsError> {
        if let Some(path) = std::env::var_os(VARIABLE).filter(|v| !v.is_empty()) {
            return Self::from_file(PathBuf::from(path), true).await;
        }
        if let Some(path) = gcloud::dir().map(|d| d.join("application_default_credentials.json"))
            && tokio::fs::try_exists(&path).await.unwrap_or(true)
        {
            return Self::from_file(path, false).await;
        }
        let machine = match metadata::MetadataServer::find().await {
            Ok((server, origin)) => {
                let way = TokenWay::Metadata(server, Mutex::default());
                return Ok(Self::new(origin, way));
            }
            Err(why) => why,
        };
        match gcloud::GcloudLogin::find().await {
            Ok((login, origin)) => Ok(Self::new(origin, TokenWay::Gcloud(login))),
            Err(why) => Err(CredentialsError::Missing(format!(
                "{VARIABLE} is not set, there is no application_default_credentials.json, {machine}, {why}"
            ))),
        }
    }

    async fn from_file(path: PathBuf, named: bool) -> Result<Self, CredentialsError> {
        let (file, origin) = file::CredentialsFile::open(&path, named).await?;
        Ok(Self::new(origin, TokenWay::File(file)))
    }
}
