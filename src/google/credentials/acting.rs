//! Acting as a service account on top of other credentials: `--impersonate`, as gcloud's
//! `--impersonate-service-account` (a list: all but the last are delegates), and the account that a credentials file
//! names.

use std::fmt;

use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::{HeldToken, SCOPE, exchange, file, quota, told};
use crate::google::api::iam_credentials;
use crate::google::transport::transport;
use crate::iam::address;

/// Whom to act as, and by way of whom: e-mail addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActAs {
    /// The service account whose token calls carry.
    pub account: String,
    /// Those in between, in order: the first is the one that the credentials may act as.
    pub delegates: Vec<String>,
}

impl ActAs {
    /// Reads `ACCOUNT` or `DELEGATE,…,ACCOUNT`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let full = |name: &str| address::in_full(name).unwrap_or_else(|| name.to_owned());
        let mut names: Vec<String> = text.split(',').map(|n| full(n.trim())).collect();
        let good = |name: &String| {
            name.contains('@')
                && name
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "@.-_".contains(c))
        };
        if let Some(bad) = names.iter().find(|name| !good(name)) {
            return Err(format!(
                "'{}' is no service account's e-mail address",
                crate::text::visible(bad)
            ));
        }
        let account = names.pop().ok_or("no account is named")?;
        Ok(Self {
            account,
            delegates: names,
        })
    }
}

/// As it is typed.
impl fmt::Display for ActAs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for delegate in &self.delegates {
            write!(f, "{delegate},")?;
        }
        f.write_str(&self.account)
    }
}

/// An account that is acted as, and the token that it gave last.
pub(super) struct Acting {
    http: reqwest::Client,
    /// The address of its `generateAccessToken`.
    url: String,
    /// Its name, for people.
    account: String,
    /// As the method takes them.
    delegates: Vec<String>,
    /// In seconds; `None`: as long as by default.
    lifetime: Option<u64>,
    /// What the exchange is billed to, as every other call.
    billed: Option<String>,
    held: Mutex<Option<HeldToken>>,
}

impl Acting {
    pub fn new(
        http: reqwest::Client,
        endpoint: Option<&str>,
        whom: &ActAs,
        billed: Option<String>,
    ) -> Self {
        let base = endpoint.unwrap_or("https://iamcredentials.googleapis.com");
        let path = iam_credentials::access_token_path(&whom.account);
        let delegates = whom.delegates.iter();
        Self {
            http,
            url: format!("{base}/{path}"),
            account: whom.account.clone(),
            delegates: delegates.map(|d| iam_credentials::delegate(d)).collect(),
            lifetime: None,
            billed,
            held: Mutex::default(),
        }
    }

    /// What a credentials file names (`service_account_impersonation_url`); `None`: nothing.
    pub fn named_in(content: &Value) -> Result<Option<Self>, String> {
        let url = content.get("service_account_impersonation_url");
        let Some(url) = url.and_then(Value::as_str) else {
            return Ok(None);
        };
        let delegates = content.get("delegates").and_then(Value::as_array);
        let delegates = delegates.into_iter().flatten();
        let lifetime = content.pointer("/service_account_impersonation/token_lifetime_seconds");
        let account = file::account_in(url);
        Ok(Some(Self {
            http: transport(Some(url))?,
            url: url.to_owned(),
            account: account.unwrap_or_else(|| "the service account".to_owned()),
            delegates: delegates
                .filter_map(|d| Some(d.as_str()?.to_owned()))
                .collect(),
            lifetime: lifetime.and_then(Value::as_u64),
            billed: billed_in(content),
            held: Mutex::default(),
        }))
    }

    /// The account's token (discovery document iamcredentials v1, `generateAccessToken`).
    pub async fn token(&self, own: &HeldToken) -> Result<HeldToken, String> {
        let mut held = self.held.lock().await;
        if let Some(fresh) = held.as_ref().filter(|h| h.is_fresh()) {
            return Ok(fresh.clone());
        }
        let new = self.exchange(own).await?;
        *held = Some(new.clone());
        Ok(new)
    }

    async fn exchange(&self, own: &HeldToken) -> Result<HeldToken, String> {
        let account = &self.account;
        let told = |why: String| with_remedy(account, &format!("acting as {account}: {why}"));
        let url = &self.url;
        let mut body = json!({ "scope": [SCOPE] });
        if let Some(seconds) = self.lifetime {
            body["lifetime"] = json!(format!("{seconds}s"));
        }
        if !self.delegates.is_empty() {
            body["delegates"] = json!(self.delegates);
        }
        let request = || {
            let request = self.http.post(url).bearer_auth(own.token.reveal());
            request.json(&body)
        };
        let mut answer = match &self.billed {
            Some(project) => {
                let request = request().header("x-goog-user-project", project);
                exchange::answered(url, request).await
            }
            None => exchange::answered(url, request()).await,
        };
        // As other calls: without, where it may not be used.
        if self.billed.is_some() && answer.as_ref().is_err_and(|why| why.contains(QUOTA_DENIED)) {
            answer = exchange::answered(url, request()).await;
        }
        let answer = answer.map_err(|why| told(with_quota(why)))?;
        exchange::of_account(&answer).map_err(told)
    }

    pub async fn forget(&self) {
        *self.held.lock().await = None;
    }
}

/// What the exchange of an impersonating file is billed to: what its own credentials are.
fn billed_in(content: &Value) -> Option<String> {
    let names = ["/source_credentials/quota_project_id", "/quota_project_id"];
    let found = names
        .iter()
        .find_map(|name| content.pointer(name)?.as_str());
    found.and_then(quota::project)
}

/// The reason of a refusal because of the project that is billed.
const QUOTA_DENIED: &str = "USER_PROJECT_DENIED";

/// Adds what to do.
fn with_remedy(account: &str, why: &str) -> String {
    let mend = if why.contains("HTTP 403") {
        format!(
            "have roles/iam.serviceAccountTokenCreator granted on {account}; bindscope explain says what stands in the way"
        )
    } else if told::is_refusal(why) || why.contains("HTTP 404") {
        format!("see whether {account} is there and enabled")
    } else {
        told::LATER.to_owned()
    };
    told::mending(why, &mend)
}

/// Says what to do where a project to bill is what is missing.
fn with_quota(why: String) -> String {
    if !why.contains("requires a quota project") {
        return why;
    }
    told::mending(
        &why,
        "name a project that calls are billed to: --billing-project PROJECT, or gcloud auth application-default set-quota-project PROJECT",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_but_the_last_are_delegates() {
        let read =
            ActAs::parse("a@p.iam.gserviceaccount.com, b@p.iam.gserviceaccount.com").unwrap();
        assert_eq!(read.account, "b@p.iam.gserviceaccount.com");
        assert_eq!(read.delegates, ["a@p.iam.gserviceaccount.com"]);
        for bad in ["", "a", "a@b,", "a@b/c", "a@b:x"] {
            assert!(ActAs::parse(bad).is_err(), "{bad}");
        }
    }
}
