//! A person's login: a refresh token, for which there is an access token (RFC 6749 section 6).

use jiff::Timestamp;
use serde_json::Value;
use tokio::sync::Mutex;

use super::{CredentialKind, HeldToken, Secret, exchange};
use crate::google::transport::transport;

/// Where a login at Google itself is renewed, unless its file says so (the same in Google's client libraries).
const GOOGLE: &str = "https://oauth2.googleapis.com/token";

/// A login, and the token that it gave last.
pub(super) struct Login {
    http: reqwest::Client,
    url: String,
    client: (String, Secret),
    by_workforce: bool,
    held: Mutex<LoginState>,
}

/// What changes: some services give another refresh token with an access token.
struct LoginState {
    refresh: Secret,
    token: Option<HeldToken>,
}

impl Login {
    /// Reads the fields of its file.
    pub fn new(content: &Value, kind: CredentialKind) -> Result<Self, String> {
        let text = |key: &str| content.get(key).and_then(Value::as_str);
        let field = |key: &str| {
            text(key).ok_or_else(|| format!("its {} credentials: {key} is missing", kind.word()))
        };
        let by_workforce = kind == CredentialKind::ExternalAccountAuthorizedUser;
        let url = if by_workforce {
            field("token_url")?
        } else {
            text("token_uri").unwrap_or(GOOGLE)
        };
        Ok(Self {
            http: transport(Some(url))?,
            url: url.to_owned(),
            client: (
                field("client_id")?.to_owned(),
                Secret::new(field("client_secret")?),
            ),
            by_workforce,
            held: Mutex::new(LoginState {
                refresh: Secret::new(field("refresh_token")?),
                token: None,
            }),
        })
    }

    /// Its token.
    pub async fn token(&self) -> Result<HeldToken, String> {
        let mut held = self.held.lock().await;
        if let Some(fresh) = held.token.as_ref().filter(|h| h.is_fresh()) {
            return Ok(fresh.clone());
        }
        let (new, refresh) = self.exchange(&held.refresh).await?;
        held.token = Some(new.clone());
        if let Some(refresh) = refresh {
            held.refresh = refresh;
        }
        Ok(new)
    }

    /// A token, and the refresh token that takes the place of the one it was got with.
    async fn exchange(&self, refresh: &Secret) -> Result<(HeldToken, Option<Secret>), String> {
        let (id, secret) = &self.client;
        let mut form = vec![
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh.reveal()),
        ];
        let request = self.http.post(&self.url);
        let asked = Timestamp::now();
        let answer = if self.by_workforce {
            let request = request.basic_auth(id, Some(secret.reveal())).form(&form);
            // The service may have taken the refresh token for another one.
            exchange::answered_once(&self.url, request).await?
        } else {
            form.extend([
                ("client_id", id.as_str()),
                ("client_secret", secret.reveal()),
            ]);
            exchange::answered(&self.url, request.form(&form)).await?
        };
        let other = answer.get("refresh_token").and_then(Value::as_str);
        let other = other.filter(|t| !t.trim().is_empty()).map(Secret::new);
        Ok((exchange::of_oauth(&answer, asked)?, other))
    }
}
