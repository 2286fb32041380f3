//! The metadata server of a machine or workload on Google Cloud (doc "Predefined metadata keys").

use std::time::Duration;

use jiff::Timestamp;

use super::{CredentialKind, HeldToken, Origin, SCOPE, exchange, told};
use crate::google::api::metadata_server;
use crate::google::pace::{self, Missed};
use crate::google::transport::{NEAR, to_metadata};
use crate::iam::address;
use crate::wire::ApiError;

/// Its own address, which no name look-up is needed for (the same in Google's client libraries).
const ADDRESS: &str = "169.254.169.254";

/// Whether an answer carries the header that each of the server's own does, and a page of a portal or proxy does not
/// (Google's library gcp-metadata takes no answer without it).
fn is_its_own(answer: &reqwest::Response) -> bool {
    let flavor = answer.headers().get("metadata-flavor");
    flavor.is_some_and(|flavor| flavor == "Google")
}

/// Whether an address is one of an account and all of it: a half one would be somebody else's. A workload of GKE's
/// without an account has no address (`PROJECT.svc.id.goog`).
fn is_whole(email: &str) -> bool {
    address::is_service_account(email)
}

/// A metadata server that answers.
pub(super) struct MetadataServer {
    http: reqwest::Client,
    base: String,
}

impl MetadataServer {
    /// Looks whether one is there: at `GCE_METADATA_HOST`, or at its own address; `NO_GCE_CHECK` says that
    /// there is none, as for Google's libraries.
    pub async fn find() -> Result<(Self, Origin), String> {
        let set = |name: &str| std::env::var(name).ok().filter(|v| !v.trim().is_empty());
        if set("NO_GCE_CHECK").is_some_and(|v| v.eq_ignore_ascii_case("true")) {
            return Err("the metadata server is not asked (NO_GCE_CHECK)".to_owned());
        }
        let host = set("GCE_METADATA_HOST").unwrap_or_else(|| ADDRESS.to_owned());
        let http = to_metadata()?;
        let server = Self {
            base: format!("http://{}", host.trim()),
            http,
        };
        let none = || format!("no metadata server answers at {}", told::printable(&host));
        let here = || server.is_here();
        let quiet = |_: &ApiError, _: Duration| ();
        pace::repeated(here, quiet).await.map_err(|_| none())?;
        let (account, project) = futures::join!(
            server.text("instance/service-accounts/default/email"),
            server.text("project/project-id")
        );
        let origin = Origin {
            kind: CredentialKind::MetadataServer,
            place: told::printable(&host),
            account: account.ok().filter(|email| is_whole(email)),
            provider: None,
            quota_project: None,
            project: project.ok(),
        };
        Ok((server, origin))
    }

    /// Whether it is there. Where nobody is, nothing is heard, and that is not waited for twice.
    async fn is_here(&self) -> Result<(), Missed> {
        let asked = self.http.get(&self.base);
        let asked = asked.header("Metadata-Flavor", "Google").timeout(NEAR);
        let nobody = || exchange::lost("nobody is there");
        let answer = asked.send().await.map_err(|error| Missed {
            is_final: error.is_timeout() || error.is_connect(),
            ..nobody().into()
        })?;
        if is_its_own(&answer) {
            return Ok(());
        }
        Err(Missed {
            after: pace::asked_wait(answer.headers(), Timestamp::now()),
            is_final: !matches!(answer.status().as_u16(), 429 | 500 | 502 | 503 | 504),
            ..nobody().into()
        })
    }

    async fn text(&self, key: &str) -> Result<String, String> {
        let url = format!("{}/{}", self.base, metadata_server::path(key));
        let request = self
            .http
            .get(url)
            .header("Metadata-Flavor", "Google")
            .timeout(NEAR);
        let answer = request
            .send()
            .await
            .map_err(|e| told::chain(&e.without_url()))?;
        if !answer.status().is_success() {
            return Err(format!(
                "the metadata server answers HTTP {}",
                answer.status()
            ));
        }
        if !is_its_own(&answer) {
            return Err("somebody else answers in the metadata server's place".to_owned());
        }
        let text = answer
            .text()
            .await
            .map_err(|e| told::chain(&e.without_url()))?;
        Ok(told::printable(&text))
    }

    /// A token of the default account.
    pub async fn token(&self) -> Result<HeldToken, String> {
        let path = metadata_server::path(metadata_server::TOKEN);
        let url = format!("{}/{path}", self.base);
        let request = self.http.get(&url).query(&[("scopes", SCOPE)]);
        let request = request.header("Metadata-Flavor", "Google");
        let told =
            |why| format!("the metadata server gives no token for the default account: {why}");
        let asked = Timestamp::now();
        let answer = exchange::answered(&url, request).await.map_err(told)?;
        exchange::of_oauth(&answer, asked).map_err(told)
    }
}
