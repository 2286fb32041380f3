//! The Security Token Service: the token of an external identity provider for one of the pool's (discovery
//! document sts v1, `ExchangeTokenRequest`; RFC 8693).
//!
//! Where the estate's provider has its keys (`oidc.jwksJson`) the token's signature is verified; without
//! them it is taken at its word, for this emulator fetches nothing. Issuer, audience, times, mapping and
//! condition count either way. SAML assertions, AWS's signed requests and certificates are refused: what
//! makes them true lies outside.
//!
//! The words of the refusals are those that Google's service was seen to answer (danbodart's notes on a
//! provider with uploaded keys, 2026-09-28; google-github-actions/auth, "Troubleshooting"; doc
//! "Troubleshoot Workload Identity Federation").

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde_json::{Value, json};

use super::grant::{Denied, Given, field, internal};
use crate::emulator::call::ApiCall;
use crate::emulator::world::Shared;
use crate::emulator::world::keys::Jwt;
use crate::emulator::world::tokens::TokenWorth;
use crate::estate::{Estate, Provider};
use crate::evaluate::federation::{LONGEST_SUBJECT, other_audience, other_issuer};
use crate::evaluate::{Rejected, admit};
use crate::iam::{Member, PolicyMember, Pool, Principal};

pub(crate) const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const TOKEN_TYPE: &str = "urn:ietf:params:oauth:token-type:";
const LIFETIME: i64 = 3_600;
/// How far clocks may differ, in seconds: 59 were let pass, 61 not.
const SKEW: f64 = 60.0;
/// "This timestamp must be in the past and no more than 24 hours in the past" (`subjectToken`, `iat`).
const OLDEST: f64 = 24.0 * 3_600.0;
/// "The maximum length is 32 characters" (`Options.userProject`).
const LONGEST_PROJECT: usize = 32;

/// `POST /v1/token`, and `/token` with this grant.
pub(crate) fn exchange(shared: &Shared, call: &ApiCall) -> Given {
    let get = |name, camel| field(call, name, camel);
    if get("grant_type", "grantType") != EXCHANGE {
        return Err(Denied(
            "unsupported_grant_type",
            format!("Invalid grant_type: expected {EXCHANGE}"),
        ));
    }
    let wanted = get("requested_token_type", "requestedTokenType");
    if wanted != format!("{TOKEN_TYPE}access_token") {
        return Err(Denied::request(format!(
            "Invalid requested_token_type: this emulator gives {TOKEN_TYPE}access_token"
        )));
    }
    if !get("actor_token", "actorToken").is_empty() {
        return Err(Denied::request("This emulator takes no actor_token."));
    }
    match get("subject_token_type", "subjectTokenType").strip_prefix(TOKEN_TYPE) {
        Some("jwt" | "id_token") => {}
        // Credential Access Boundaries: "for Cloud Storage" only (doc "Credential Access Boundaries").
        Some("access_token") => {
            return Err(Denied::request(
                "This emulator does not downscope access tokens: Credential Access Boundaries count in Cloud Storage alone, which it does not serve.",
            ));
        }
        _ => {
            return Err(Denied::request(
                "This emulator exchanges subject tokens of the types urn:ietf:params:oauth:token-type:jwt and :id_token only.",
            ));
        }
    }
    if get("scope", "scope").trim().is_empty() {
        return Err(Denied::request("Required parameter is missing: scope"));
    }
    let project = user_project(&get("options", "options"))?;
    let estate = shared.read().estate.clone();
    let provider = find(&estate, &get("audience", "audience"))?;
    let jwt = Jwt::read(&get("subject_token", "subjectToken"))
        .ok_or_else(|| Denied::request("Unable to parse the ID Token."))?;
    verify(call, &provider, &jwt)?;
    let (subject, attributes) = admit(&provider, &jwt.claims).map_err(rejected)?;
    if subject.len() > LONGEST_SUBJECT {
        return Err(Denied::request(format!(
            "The size of mapped attribute google.subject exceeds the {LONGEST_SUBJECT} bytes limit. Either modify your attribute mapping or the incoming assertion to produce a mapped attribute that is less than {LONGEST_SUBJECT} bytes."
        )));
    }
    let pool = pool_of(&provider).ok_or_else(no_target)?;
    let lifetime = lifetime(call, &estate, &provider, &jwt).min(shared.token_lifetime);
    let until = call.after(lifetime);
    let token = shared
        .write()
        .tokens
        .mint_for(
            Principal::Federated { pool, subject },
            Some(attributes.into()),
            project.map(Arc::from),
            until,
            call.now,
        )
        .map_err(internal)?;
    Ok(json!({
        "access_token": token,
        "issued_token_type": format!("{TOKEN_TYPE}access_token"),
        "token_type": "Bearer",
        "expires_in": lifetime - 1,
    }))
}

/// What a token of this service stands for (RFC 7662): gcloud asks by this for the name of whom it logs in
/// (googlecloudsdk/core/credentials/introspect.py). The service's other tokens are not active here.
pub(crate) fn introspect(shared: &Shared, call: &ApiCall) -> Value {
    let token = field(call, "token", "token");
    let world = shared.read();
    match world.tokens.worth(&token, call.now) {
        TokenWorth::Good(who @ Principal::Federated { .. }, _, until) => json!({
            "active": true,
            "username": who.to_string(),
            "scope": "https://www.googleapis.com/auth/cloud-platform",
            "token_type": "Bearer",
            "iss": "https://sts.googleapis.com/",
            "exp": until.as_second(),
        }),
        _ => json!({ "active": false }),
    }
}

/// The project that the token's calls count for, of the options: a JSON object as text. Google's Python
/// library encodes it for URLs once more than the form does (google/oauth2/sts.py).
fn user_project(options: &str) -> Result<Option<String>, Denied> {
    if options.is_empty() {
        return Ok(None);
    }
    let bad = || Denied::request("Invalid value for \"options\": expected a JSON object.");
    let plain = percent_encoding::percent_decode_str(options).decode_utf8_lossy();
    let options: Value = serde_json::from_str(options)
        .or_else(|_| serde_json::from_str(&plain))
        .map_err(|_| bad())?;
    let options = options.as_object().ok_or_else(bad)?;
    for name in ["accessBoundary", "bindCertFingerprint"] {
        if options.contains_key(name) {
            return Err(Denied::request(format!(
                "This emulator does not serve the option {name}."
            )));
        }
    }
    match options.get("userProject") {
        None => Ok(None),
        Some(Value::String(project)) if project.len() <= LONGEST_PROJECT => {
            Ok(Some(project.clone()).filter(|p| !p.is_empty()))
        }
        Some(_) => Err(Denied::request(format!(
            "Invalid value for \"userProject\": expected a project of at most {LONGEST_PROJECT} characters."
        ))),
    }
}

fn no_target() -> Denied {
    Denied(
        "invalid_target",
        "The target service indicated by the \"audience\" parameters is invalid. This might either be because the pool or provider is disabled or deleted or because it doesn't exist.".to_owned(),
    )
}

fn rejected(why: Rejected) -> Denied {
    match why {
        Rejected::Condition => Denied(
            "unauthorized_client",
            "The given credential is rejected by the attribute condition.".to_owned(),
        ),
        Rejected::Mapping(target) => Denied::grant(format!(
            "Could not obtain a value for {target} from the given credential. Check that the subject token has all the claims specified in the attribute mapping."
        )),
    }
}

/// The provider that an audience names, its project by number, if it and its pool take tokens.
fn find(estate: &Estate, audience: &str) -> Result<Provider, Denied> {
    let name = audience
        .strip_prefix("//iam.googleapis.com/")
        .filter(|name| name.contains("/providers/"))
        .ok_or_else(|| {
            Denied::request(
                "Invalid value for \"audience\". This value should be the full resource name of the Identity Provider. See https://cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token for the list of possible formats.",
            )
        })?;
    let provider = estate
        .providers()
        .find(|provider| estate.with_number(&provider.name) == name)
        .filter(|provider| !provider.disabled && !is_deleted(&provider.extra))
        .ok_or_else(no_target)?;
    let pool = name.split("/providers/").next().unwrap_or_default();
    if estate.takes_no_tokens(pool) {
        return Err(no_target());
    }
    let restricted = estate
        .pool(pool)
        .and_then(|pool| pool.extra.get("accessRestrictions"))
        .and_then(|restrictions| restrictions.get("disableProgrammaticSignin"));
    if restricted.and_then(Value::as_bool) == Some(true) {
        // "Disable programmatic sign-in by disabling token issue via the Security Token API endpoint"
        // (iam v1, `AccessRestrictions`); the words are not documented.
        return Err(Denied(
            "unauthorized_client",
            "Programmatic sign-in is disabled for this workforce pool.".to_owned(),
        ));
    }
    let mut provider = (**provider).clone();
    name.clone_into(&mut provider.name);
    Ok(provider)
}

/// `state: DELETED`, as IAM shows what was deleted and can still come back.
fn is_deleted(extra: &serde_json::Map<String, Value>) -> bool {
    extra.get("state").and_then(Value::as_str) == Some("DELETED")
}

/// Issuer, signature, audience and times of a token, as its provider wants them (iam v1, `Oidc`, and
/// `WorkforcePoolProvider`'s).
fn verify(call: &ApiCall, provider: &Provider, jwt: &Jwt) -> Result<(), Denied> {
    if let Some((wanted, had)) = other_issuer(provider, &jwt.claims) {
        return Err(Denied::grant(format!(
            "The issuer in ID Token {} does not match the expected one in config: {wanted}",
            crate::text::visible(&had)
        )));
    }
    let own = |name: &str| provider.extra.get("oidc").and_then(|o| o.get(name));
    if let Some(issuer) = own("issuerUri").and_then(Value::as_str)
        && jwt.text("iss").is_none()
    {
        return Err(Denied::grant(format!(
            "The issuer in ID Token null does not match the expected one in config: {issuer}"
        )));
    }
    if let Some(keys) = own("jwksJson").and_then(Value::as_str) {
        signed(keys, jwt)?;
    }
    let other = other_audience(provider, &provider.name, &jwt.claims);
    if jwt.claims.get("aud").is_none() || other.is_some() {
        return Err(Denied::grant(format!(
            "The audience in ID Token [{}] does not match the expected audience.",
            crate::text::visible(&jwt.audiences().join(", "))
        )));
    }
    let now = call.now.as_second() as f64;
    let (issued, expires) = (jwt.time("iat"), jwt.time("exp"));
    let fresh = issued.is_some_and(|iat| iat <= now + SKEW && now - iat <= OLDEST + SKEW)
        && expires.is_some_and(|exp| exp > now - SKEW);
    if !fresh {
        let issued = issued.map_or("null".to_owned(), |iat| format!("{iat:.0}"));
        return Err(Denied::grant(format!(
            "ID Token issued at {issued} is stale to sign-in."
        )));
    }
    Ok(())
}

/// Whether one of the provider's keys signed it. An id that is not among them is what Google words as not
/// having found the issuer's keys.
fn signed(keys: &str, jwt: &Jwt) -> Result<(), Denied> {
    let header = |name: &str| jwt.header.get(name).and_then(Value::as_str);
    let set: Value = serde_json::from_str(keys).unwrap_or_default();
    let known = set.get("keys").and_then(Value::as_array);
    let key = known
        .into_iter()
        .flatten()
        .find(|key| {
            header("kid").is_some() && key.get("kid").and_then(Value::as_str) == header("kid")
        })
        .ok_or_else(|| Denied::grant("Error connecting to the given credential's issuer."))?;
    let part = |name: &str| {
        let text = key.get(name).and_then(Value::as_str)?;
        URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok()
    };
    let message = jwt.message.as_bytes();
    let good = match (header("alg"), key.get("kty").and_then(Value::as_str)) {
        (Some("RS256"), Some("RSA")) => part("n").zip(part("e")).is_some_and(|(n, e)| {
            RsaPublicKeyComponents { n, e }
                .verify(&RSA_PKCS1_2048_8192_SHA256, message, &jwt.signature)
                .is_ok()
        }),
        (Some("ES256"), Some("EC")) => part("x").zip(part("y")).is_some_and(|(x, y)| {
            // The point, uncompressed (SEC 1, 2.3.3).
            let point: Vec<u8> = [4].into_iter().chain(x).chain(y).collect();
            UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
                .verify(message, &jwt.signature)
                .is_ok()
        }),
        _ => false,
    };
    if good {
        Ok(())
    } else {
        Err(Denied::grant("Unable to verify the ID Token signature."))
    }
}

/// How long the token lives, in seconds: no longer than the external one for a workload, as long as the
/// pool's sessions for a person.
fn lifetime(call: &ApiCall, estate: &Estate, provider: &Provider, jwt: &Jwt) -> i64 {
    let pool = provider.name.split("/providers/").next();
    if provider.name.starts_with("locations/") {
        return pool
            .and_then(|pool| estate.pool(pool))
            .and_then(|pool| {
                pool.extra
                    .get("sessionDuration")?
                    .as_str()?
                    .strip_suffix('s')
            })
            .and_then(|seconds| seconds.parse().ok())
            .unwrap_or(LIFETIME);
    }
    let left = jwt.time("exp").unwrap_or(0.0) - call.now.as_second() as f64;
    // One within the skew was let in, and gets a minute at least two seconds long.
    (if left < 2.0 { left + SKEW } else { left }).clamp(2.0, LIFETIME as f64) as i64
}

/// The pool of a provider whose name has its project by number, as principals name it.
fn pool_of(provider: &Provider) -> Option<Pool> {
    let (path, _) = provider.name.split_once("/providers/")?;
    let set = PolicyMember::v1(&format!("principalSet://iam.googleapis.com/{path}/*"));
    match set.member {
        Member::PoolAll(pool) => Some(pool),
        _ => None,
    }
}
