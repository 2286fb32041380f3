//! The token endpoints: `POST /token` (RFC 6749; RFC 7523 for service account keys; RFC 8693 for
//! identity pools), and `POST /v1/token` of the Security Token Service (discovery document sts v1).
//!
//! They answer before anybody is authenticated: the grant is what authenticates. A refresh token is
//! taken at its word, as an IAM member identifier: this emulator guards nothing real. An assertion by a
//! service account's key is verified with the keys made or uploaded here, an external token as [`sts`]
//! says.

use axum::http::header;
use serde_json::json;

use super::assertion::{in_time, signed_by_account, times};
use super::grant::{Denied, Given, LIFETIME, field, internal};
use super::sts;
use crate::emulator::call::{ApiCall, Reply};
use crate::emulator::route::Route;
use crate::emulator::world::Shared;
use crate::emulator::world::keys::Jwt;
use crate::emulator::world::tokens::TokenWorth;
use crate::estate::Estate;
use crate::iam::Principal;

const BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// What is served of them.
pub(crate) const ROUTES: &[Route] = &[
    Route::open("POST", "/token", |shared, call| reply(token(shared, call))),
    Route::open("POST", "/v1/token", |shared, call| {
        reply(sts::exchange(shared, call))
    }),
    Route::open("POST", "/v1/introspect", |shared, call| {
        reply(Ok(sts::introspect(shared, call)))
    }),
    Route::open("GET", "/tokeninfo", |shared, call| {
        reply(info(shared, call))
    }),
    Route::open("POST", "/tokeninfo", |shared, call| {
        reply(info(shared, call))
    }),
    Route::open(
        "GET",
        "/oauth2/{version=v1|v3}/tokeninfo",
        |shared, call| reply(info(shared, call)),
    ),
    Route::open(
        "POST",
        "/oauth2/{version=v1|v3}/tokeninfo",
        |shared, call| reply(info(shared, call)),
    ),
];

fn reply(given: Given) -> Reply {
    let reply = match given {
        Ok(value) => Reply::json(200, &value),
        Err(Denied(error, why)) => {
            let body = json!({ "error": error, "error_description": why });
            let code = if error == "server_error" { 500 } else { 400 };
            Reply::json(code, &body)
        }
    };
    // RFC 6749, 5.1.
    reply.with(header::CACHE_CONTROL, "no-store")
}

fn token(shared: &Shared, call: &ApiCall) -> Given {
    match field(call, "grant_type", "grantType").as_str() {
        "refresh_token" => refresh(shared, call),
        BEARER => assertion(shared, call),
        sts::EXCHANGE => sts::exchange(shared, call),
        "" => Err(Denied::request("Required parameter is missing: grant_type")),
        other => Err(Denied(
            "unsupported_grant_type",
            format!("Invalid grant_type: {}", crate::text::visible(other)),
        )),
    }
}

fn refresh(shared: &Shared, call: &ApiCall) -> Given {
    let text = field(call, "refresh_token", "refreshToken");
    let who = Principal::parse(&text).map_err(|_| {
        Denied::grant(
            "Bad Request: in this emulator a refresh token is a member, user:ana@example.com",
        )
    })?;
    usable(&shared.read().estate, &who)?;
    let scope = field(call, "scope", "scope");
    let mut answer = mint(shared, call, who)?;
    if let Some(answer) = answer.as_object_mut()
        && !scope.is_empty()
    {
        answer.insert("scope".into(), json!(scope));
    }
    Ok(answer)
}

/// A service account that is gone or disabled gets nothing.
fn usable(estate: &Estate, who: &Principal) -> Result<(), Denied> {
    match who {
        Principal::ServiceAccount(email) => match estate.account(email) {
            None => Err(Denied::grant("Invalid grant: account not found")),
            Some(account) if account.disabled => {
                Err(Denied::grant("Invalid grant: account disabled"))
            }
            Some(_) => Ok(()),
        },
        _ => Ok(()),
    }
}

/// `{access_token, expires_in, token_type}`.
fn mint(shared: &Shared, call: &ApiCall, who: Principal) -> Given {
    let lifetime = LIFETIME.min(shared.token_lifetime);
    let until = call.after(lifetime);
    let token = shared
        .write()
        .tokens
        .mint(who, until, call.now)
        .map_err(internal)?;
    Ok(json!({ "access_token": token, "expires_in": lifetime - 1, "token_type": "Bearer" }))
}

/// The addresses that an assertion may be meant for, beside this emulator's: those that Google's clients
/// have used.
const ENDPOINTS: [&str; 4] = [
    "https://oauth2.googleapis.com/token",
    "https://www.googleapis.com/oauth2/v4/token",
    "https://www.googleapis.com/oauth2/v3/token",
    "https://accounts.google.com/o/oauth2/token",
];

/// An assertion by a service account's key (RFC 7523; doc "Using OAuth 2.0 for Server to Server
/// Applications"). Words and order are those that Google's endpoint was seen to answer (notes of a mock of
/// the Analytics Data API, "Conformance recorded against the real service", 2026-09-02): structure, issuer
/// and signature, times, scope, audience.
fn assertion(shared: &Shared, call: &ApiCall) -> Given {
    let jwt = Jwt::read(&field(call, "assertion", "assertion"))
        .ok_or_else(|| Denied::request("Bad Request"))?;
    let email = jwt.text("iss").unwrap_or_default().to_lowercase();
    let who = Principal::ServiceAccount(email.clone());
    let world = shared.read();
    usable(&world.estate, &who)?;
    let signed = signed_by_account(&world, call, &jwt, &email);
    let subject = world
        .estate
        .account(&email)
        .map_or(String::new(), |a| a.unique_id.clone());
    drop(world);
    if !signed {
        return Err(Denied::grant("Invalid JWT Signature."));
    }
    let (issued, expires) = times(&jwt);
    if issued.is_none() {
        return Err(Denied::grant("Invalid JWT: iat (issued at) is not set."));
    }
    if expires.is_none() {
        return Err(Denied::grant(
            "Invalid JWT: exp (expiration time) is not set.",
        ));
    }
    if !in_time(call, &jwt) {
        return Err(Denied::grant(
            "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp values in the JWT claim.",
        ));
    }
    let wants = |claim: &str| jwt.text(claim).is_some_and(|text| !text.trim().is_empty());
    if !wants("scope") && !wants("target_audience") {
        return Err(Denied(
            "invalid_scope",
            "Invalid OAuth scope or ID token audience provided.".to_owned(),
        ));
    }
    let here = format!("{}/token", call.base());
    if !jwt
        .audiences()
        .iter()
        .any(|aud| *aud == here || ENDPOINTS.contains(aud))
    {
        return Err(Denied::grant("Invalid JWT: Failed audience check."));
    }
    // To act as a user of a Workspace domain is nothing that an estate can grant.
    if jwt
        .text("sub")
        .is_some_and(|sub| !sub.is_empty() && !sub.eq_ignore_ascii_case(&email))
    {
        return Err(Denied(
            "unauthorized_client",
            "Client is unauthorized to retrieve access tokens using this method, or client not authorized for any of the scopes requested.".to_owned(),
        ));
    }
    if let Some(audience) = jwt.text("target_audience").filter(|a| !a.trim().is_empty()) {
        let issued = call.now.as_second();
        let claims = json!({
            "aud": audience, "azp": email, "email": email, "email_verified": true,
            "exp": issued + LIFETIME, "iat": issued, "iss": "https://accounts.google.com", "sub": subject,
        });
        let signer = shared.signer(call.now).map_err(internal)?;
        let token = signer.jwt(&claims.to_string()).map_err(internal)?;
        return Ok(json!({ "id_token": token }));
    }
    mint(shared, call, who)
}

/// What a token is (the endpoint that google-auth and gcloud ask).
fn info(shared: &Shared, call: &ApiCall) -> Given {
    let token = call.param("access_token").map_or_else(
        || field(call, "access_token", "access_token"),
        str::to_owned,
    );
    let world = shared.read();
    let bad = || Denied("invalid_token", "Invalid Value".to_owned());
    let TokenWorth::Good(who, _, until) = world.tokens.worth(&token, call.now) else {
        return Err(bad());
    };
    // Google's endpoint knows no tokens of identity pools.
    if matches!(who, Principal::Federated { .. }) {
        return Err(bad());
    }
    let left = until.as_second() - call.now.as_second();
    let mut answer = json!({
        "exp": until.as_second().to_string(),
        "expires_in": left.to_string(),
        "scope": "https://www.googleapis.com/auth/cloud-platform",
        "access_type": "online",
    });
    if let (Some(email), Some(answer)) = (who.email(), answer.as_object_mut()) {
        answer.insert("email".into(), json!(email));
        answer.insert("email_verified".into(), json!("true"));
        if let Some(account) = world.estate.account(email) {
            answer.insert("azp".into(), json!(account.unique_id));
            answer.insert("aud".into(), json!(account.unique_id));
        }
    }
    Ok(answer)
}
