//! The token endpoint, `POST /token` (RFC 6749; RFC 7523 for service account keys).
//!
//! It answers before anybody is authenticated: the grant is what authenticates. A refresh token and
//! the subject of a key's assertion are taken at their word, as IAM member identifiers are
//! everywhere in this emulator: it guards nothing real.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::Answer;
use super::call::{Call, pairs};
use super::error::Refusal;
use super::state::Shared;
use crate::iam::Principal;

const LIFETIME: i64 = 3_600;

/// Answers what is a path of this API.
pub(crate) fn route(shared: &Shared, call: &Call) -> Option<Answer> {
    let (method, segments, _) = call.parts();
    (method == "POST" && segments.as_slice() == ["token"]).then(|| token(shared, call))
}

fn token(shared: &Shared, call: &Call) -> Answer {
    let form = pairs(&call.raw);
    let field = |name: &str| {
        form.iter()
            .find(|(k, _)| k == name)
            .map(|(_, v)| v.clone())
            .or_else(|| call.text(&format!("/{name}")).map(str::to_owned))
            .unwrap_or_default()
    };
    let who = match field("grant_type").as_str() {
        "refresh_token" => Principal::parse(&field("refresh_token")).ok(),
        "urn:ietf:params:oauth:grant-type:jwt-bearer" => issuer(&field("assertion")),
        _ => return Err(Refusal::invalid("Unsupported grant_type.")),
    };
    let world = shared.read();
    let known = match &who {
        Some(Principal::ServiceAccount(email)) => {
            world.estate.account(email).is_some_and(|a| !a.disabled)
        }
        Some(_) => true,
        None => false,
    };
    drop(world);
    let (true, Some(who)) = (known, who) else {
        return Err(Refusal::invalid("invalid_grant: no such account"));
    };
    let until = call
        .now
        .checked_add(SignedDuration::from_secs(LIFETIME))
        .unwrap_or(call.now);
    let token = shared
        .write()
        .tokens
        .mint(who, until, call.now)
        .map_err(|_| Refusal::new(500, "INTERNAL", "Internal error encountered."))?;
    Ok(json!({ "access_token": token, "expires_in": LIFETIME, "token_type": "Bearer" }))
}

/// The `iss` of a service account key's assertion. Its signature is not checked.
fn issuer(assertion: &str) -> Option<Principal> {
    let claims = assertion.split('.').nth(1)?;
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()?;
    Principal::parse(&format!("serviceAccount:{}", claims.get("iss")?.as_str()?)).ok()
}
