//! Public keys where receivers look for them: of ID tokens, and of what service accounts sign (signBlob,
//! signJwt, assertions). The paths are those of `www.googleapis.com`.

use axum::http::header;
use serde_json::{Map, Value, json};

use crate::emulator::call::{ApiCall, Reply, StatusError};
use crate::emulator::route::Route;
use crate::emulator::world::Shared;
use crate::emulator::world::keys::PublicKey;

/// The forms in which keys are published.
#[derive(Clone, Copy)]
enum KeyForm {
    /// Key id to certificate.
    Certificates,
    /// RFC 7517.
    Jwks,
}

/// What is served of these.
pub(crate) const ROUTES: &[Route] = &[
    Route::open("GET", "/oauth2/v1/certs", |shared, call| {
        of_google(shared, call, KeyForm::Certificates)
    }),
    Route::open("GET", "/oauth2/{version=v2|v3}/certs", |shared, call| {
        of_google(shared, call, KeyForm::Jwks)
    }),
    Route::open(
        "GET",
        "/{service=service_accounts|robot}/v1/metadata/x509/{account}",
        |shared, call| of_account(shared, call, KeyForm::Certificates),
    ),
    Route::open(
        "GET",
        "/{service=service_accounts|robot}/v1/metadata/jwk/{account}",
        |shared, call| of_account(shared, call, KeyForm::Jwks),
    ),
    Route::open(
        "GET",
        "/service_accounts/v1/jwk/{account}",
        |shared, call| of_account(shared, call, KeyForm::Jwks),
    ),
];

/// The key that ID tokens are signed with.
fn of_google(shared: &Shared, call: &ApiCall, form: KeyForm) -> Reply {
    let signer = shared.signer(call.now).map_err(internal);
    reply(signer.map(|signer| vec![signer.public.clone()]), form)
}

fn of_account(shared: &Shared, call: &ApiCall, form: KeyForm) -> Reply {
    reply(keys_of(shared, call, call.place("account")), form)
}

fn reply(keys: Result<Vec<PublicKey>, StatusError>, form: KeyForm) -> Reply {
    match keys {
        // Receivers may keep them for a while; new keys are looked for when an unknown one is met.
        Ok(keys) => Reply::json(200, &show(&keys, form)).with(header::CACHE_CONTROL, "no-cache"),
        Err(refusal) => Reply::from(&refusal),
    }
}

fn internal(_: std::io::Error) -> StatusError {
    StatusError::new(500, "INTERNAL", "Internal error encountered.")
}

/// The keys that this account signs with, those that users have, and the emulator's own for it. Disabled
/// ones are not shown (chosen).
fn keys_of(shared: &Shared, call: &ApiCall, email: &str) -> Result<Vec<PublicKey>, StatusError> {
    let (account, mut keys) = {
        let world = shared.read();
        let account = world.estate.account(email).cloned();
        let keys = world.keys(&email.to_lowercase()).to_vec();
        (account, keys)
    };
    let account =
        account.ok_or_else(|| StatusError::not_found("Requested entity was not found."))?;
    keys.retain(|key| !key.disabled);
    let signer = shared.signer_of(&account, call.now).map_err(internal)?;
    keys.push(signer.public.clone());
    Ok(keys)
}

fn show(keys: &[PublicKey], form: KeyForm) -> Value {
    match form {
        KeyForm::Jwks => {
            json!({ "keys": keys.iter().map(PublicKey::jwk).collect::<Vec<_>>() })
        }
        KeyForm::Certificates => {
            let all: Map<String, Value> = keys
                .iter()
                .map(|key| (key.id.clone(), json!(key.certificate)))
                .collect();
            Value::Object(all)
        }
    }
}
