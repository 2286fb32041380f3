//! The Service Account Credentials API (discovery document iamcredentials v1): tokens of an account.

use serde_json::{Value, json};

use crate::iam::Resource;
use crate::wire::{Api, ApiError, Ask, encode};

/// What is minted to see whether it can be: the least that a token can be for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MintedToken {
    /// `generateAccessToken`
    Access,
    /// `generateIdToken`
    Id,
}

/// Where access tokens of an account are made, below the API's address.
#[must_use]
pub fn access_token_path(account: &str) -> String {
    let account = encode(account);
    format!("v1/projects/-/serviceAccounts/{account}:generateAccessToken")
}

/// The account as `delegates` has it: the wildcard is required.
#[must_use]
pub fn delegate(account: &str) -> String {
    Resource::account("-", account).relative()
}

/// Whether a token of an account is given, through these delegates; the token is dropped at once.
///
/// # Errors
/// As the client reports them.
pub async fn mint(
    ask: &dyn Ask,
    account: &str,
    kind: MintedToken,
    delegates: &[String],
) -> Result<bool, ApiError> {
    let (path, mut body, field) = match kind {
        MintedToken::Access => (
            access_token_path(account),
            json!({ "scope": ["https://www.googleapis.com/auth/userinfo.email"], "lifetime": "60s" }),
            "accessToken",
        ),
        MintedToken::Id => (
            format!(
                "v1/projects/-/serviceAccounts/{}:generateIdToken",
                encode(account)
            ),
            json!({ "audience": "bindscope" }),
            "token",
        ),
    };
    if !delegates.is_empty()
        && let Some(map) = body.as_object_mut()
    {
        let names: Vec<String> = delegates.iter().map(|d| delegate(d)).collect();
        map.insert("delegates".to_owned(), json!(names));
    }
    let answer = ask.ask(Api::IamCredentials, &path, &body).await?;
    let token = answer.get(field).and_then(Value::as_str);
    Ok(token.is_some_and(|t| !t.is_empty()))
}
