//! A service account's key: it signs an assertion, for which there is a token (RFC 7523; doc "Using OAuth 2.0
//! for Server to Server Applications").
//!
//! `gcp_auth` reads the key and signs with it. The exchange itself is made here, over the same client as every
//! other call: that crate knows no proxy, and says no more of a refusal than that there was one.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gcp_auth::CustomServiceAccount;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::{HeldToken, SCOPE, exchange, told};
use crate::google::transport::transport;

const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// The longest that an assertion may count, in seconds (the same page).
const LIFETIME: i64 = 3_600;

/// A key, and the token that it gave last.
pub(super) struct AccountKey {
    http: reqwest::Client,
    signer: CustomServiceAccount,
    id: Option<String>,
    email: String,
    token_uri: String,
    held: Mutex<Option<HeldToken>>,
}

impl AccountKey {
    /// Reads the fields of its file.
    pub fn new(content: &Value) -> Result<Self, String> {
        let text = |key: &str| content.get(key).and_then(Value::as_str).map(str::to_owned);
        let signer = CustomServiceAccount::from_json(&content.to_string())
            .map_err(|e| format!("it holds no service account key: {}", told::chain(&e)))?;
        let field = |key: &str| {
            text(key).ok_or_else(|| format!("it holds no service account key: {key} is missing"))
        };
        Ok(Self {
            http: transport(None)?,
            signer,
            id: text("private_key_id"),
            email: field("client_email")?,
            token_uri: field("token_uri")?,
            held: Mutex::default(),
        })
    }

    /// Its account's token.
    pub async fn token(&self) -> Result<HeldToken, String> {
        let mut held = self.held.lock().await;
        if let Some(fresh) = held.as_ref().filter(|h| h.is_fresh()) {
            return Ok(fresh.clone());
        }
        let asked = Timestamp::now();
        let assertion = self.assertion(asked)?;
        let form = [("grant_type", GRANT), ("assertion", assertion.as_str())];
        let request = self.http.post(&self.token_uri).form(&form);
        let answer = exchange::answered(&self.token_uri, request).await?;
        let new = exchange::of_oauth(&answer, asked)?;
        *held = Some(new.clone());
        Ok(new)
    }

    fn assertion(&self, now: Timestamp) -> Result<String, String> {
        let now = now.as_second();
        let mut head = json!({ "alg": "RS256", "typ": "JWT" });
        if let (Some(id), Some(map)) = (&self.id, head.as_object_mut()) {
            map.insert("kid".to_owned(), json!(id));
        }
        let claims = json!({
            "iss": self.email, "scope": SCOPE, "aud": self.token_uri, "iat": now, "exp": now + LIFETIME,
        });
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(&head), part(&claims));
        let signer = self.signer.signer();
        let signature = signer
            .sign(signed.as_bytes())
            .map_err(|e| told::chain(&e))?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}
