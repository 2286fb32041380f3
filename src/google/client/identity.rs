//! Who makes the calls.

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::Value;

use super::super::credentials::{
    ActAs, CredentialsError, HeldToken, Origin, QuotaProject, Secret, is_refusal,
};
use super::super::{clock, log};
use super::Client;
use crate::iam::Principal;

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

impl Client {
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
        self.identity_by(true).await
    }

    /// The same for a place that it stands at all the time: of a token that was given for another endpoint than
    /// Google's nobody is asked.
    ///
    /// # Errors
    /// No token.
    pub async fn signed_in(&self) -> Result<SignedIn, CredentialsError> {
        let inner = &self.inner;
        self.identity_by(inner.endpoint.is_none() || inner.credentials.renews())
            .await
    }

    async fn identity_by(&self, ask: bool) -> Result<SignedIn, CredentialsError> {
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
        if ask
            && (principal.is_none() || until.is_none())
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
    pub(in crate::google) async fn probing_token(&self) -> Option<Secret> {
        let held = self.inner.credentials.token().await.ok()?;
        Some(held.token)
    }

    /// The project that calls are billed to now, where one is named.
    pub(in crate::google) fn billed_to(&self) -> Option<&str> {
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
            .post(&url)
            .form(&[("access_token", token.token.reveal())]);
        let begun = Instant::now();
        let answer = request.timeout(Duration::from_secs(5)).send().await;
        let status = answer.as_ref().ok().map(|a| a.status().as_u16());
        log::call("POST", &url, status, begun.elapsed(), None);
        let answer = answer.ok()?;
        if !answer.status().is_success() {
            return None;
        }
        answer.json().await.ok()
    }
}

/// Why no token was given; where whoever gives them said no, with how far this machine's clock is off. The crates
/// that get tokens do not hand on what time it is there: it is asked at the same address.
pub(super) async fn with_clock(
    http: &reqwest::Client,
    address: Option<&str>,
    why: String,
) -> String {
    if !is_refusal(&why) || why.contains("clock is") {
        return why;
    }
    let asked = http.get(address.unwrap_or("https://oauth2.googleapis.com"));
    let answer = asked.timeout(Duration::from_secs(3)).send().await;
    let skewed = answer
        .ok()
        .and_then(|a| clock::beside(a.headers(), Timestamp::now()));
    match skewed {
        Some(skewed) => format!("{}; {skewed}", why.trim_end_matches('.')),
        None => why,
    }
}

/// The claims of a token that is itself a JWT. They are only shown, so nothing is verified.
fn claims(token: &str) -> Option<Value> {
    let payload = token.split('.').nth(1)?;
    let bytes = URL_SAFE_NO_PAD.decode(payload).ok()?;
    serde_json::from_slice(&bytes).ok()
}
