//! Public keys where receivers look for them: of ID tokens, and of what service accounts sign (signBlob,
//! signJwt, assertions). The paths are those of `www.googleapis.com`.

use axum::http::header;
use serde_json::{Map, Value, json};

use super::call::Call;
use super::error::Refusal;
use super::http::Reply;
use super::keys::PublicKey;
use super::state::Shared;

/// The forms in which keys are published.
#[derive(Clone, Copy)]
enum Form {
    /// Key id to certificate.
    Certificates,
    /// RFC 7517.
    Jwks,
}

/// Answers what is a path of these.
pub(crate) fn route(shared: &Shared, call: &Call) -> Option<Reply> {
    use Form::{Certificates, Jwks};
    let (method, segments, _) = call.parts();
    if method != "GET" {
        return None;
    }
    let (email, form) = match segments.as_slice() {
        ["oauth2", "v1", "certs"] => (None, Certificates),
        ["oauth2", "v2" | "v3", "certs"] => (None, Jwks),
        [
            "service_accounts" | "robot",
            "v1",
            "metadata",
            "x509",
            email,
        ] => (Some(*email), Certificates),
        ["service_accounts", "v1", "jwk", email]
        | ["service_accounts" | "robot", "v1", "metadata", "jwk", email] => (Some(*email), Jwks),
        _ => return None,
    };
    let keys = match email {
        None => shared
            .signer(call.now)
            .map(|signer| vec![signer.public.clone()])
            .map_err(internal),
        Some(email) => of_account(shared, call, email),
    };
    Some(match keys {
        // Receivers may keep them for a while; new keys are looked for when an unknown one is met.
        Ok(keys) => Reply::json(200, &show(&keys, form)).with(header::CACHE_CONTROL, "no-cache"),
        Err(refusal) => Reply::from(&refusal),
    })
}

fn internal(_: std::io::Error) -> Refusal {
    Refusal::new(500, "INTERNAL", "Internal error encountered.")
}

/// The keys that this account signs with, those that users have, and the emulator's own for it. Disabled
/// ones are not shown (chosen).
fn of_account(shared: &Shared, call: &Call, email: &str) -> Result<Vec<PublicKey>, Refusal> {
    let (account, mut keys) = {
        let world = shared.read();
        let account = world.estate.account(email).cloned();
        let keys = world.keys(&email.to_lowercase()).to_vec();
        (account, keys)
    };
    let account = account.ok_or_else(|| Refusal::not_found("Requested entity was not found."))?;
    keys.retain(|key| !key.disabled);
    let signer = shared.signer_of(&account, call.now).map_err(internal)?;
    keys.push(signer.public.clone());
    Ok(keys)
}

fn show(keys: &[PublicKey], form: Form) -> Value {
    match form {
        Form::Jwks => {
            json!({ "keys": keys.iter().map(PublicKey::jwk).collect::<Vec<_>>() })
        }
        Form::Certificates => {
            let all: Map<String, Value> = keys
                .iter()
                .map(|key| (key.id.clone(), json!(key.certificate)))
                .collect();
            Value::Object(all)
        }
    }
}
