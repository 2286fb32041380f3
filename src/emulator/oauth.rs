//! The token endpoints: `POST /token` (RFC 6749; RFC 7523 for service account keys; RFC 8693 for
//! identity pools), and `POST /v1/token` of the Security Token Service (discovery document sts v1).
//!
//! They answer before anybody is authenticated: the grant is what authenticates. A refresh token is
//! taken at its word, as an IAM member identifier, and so is the token of an external identity
//! provider, whose keys are not fetched: this emulator reaches nothing outside and guards nothing
//! real. An assertion by a service account's key is verified with the keys made here.

use std::sync::Arc;

use axum::http::header;
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::call::{Call, pairs};
use super::http::Reply;
use super::keys::Jwt;
use super::state::Shared;
use super::tokens::Worth;
use crate::estate::{Estate, Provider};
use crate::evaluate::{Rejected, admit};
use crate::iam::{Member, PolicyMember, Pool, Principal};

const LIFETIME: i64 = 3_600;
const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// Why no token is given: `error` and `error_description` (RFC 6749, 5.2).
struct Denied(&'static str, String);

impl Denied {
    fn grant(why: impl Into<String>) -> Self {
        Self("invalid_grant", why.into())
    }

    fn request(why: impl Into<String>) -> Self {
        Self("invalid_request", why.into())
    }
}

type Given = Result<Value, Denied>;

/// Answers what is a path of this API.
pub(crate) fn route(shared: &Shared, call: &Call) -> Option<Reply> {
    let (method, segments, _) = call.parts();
    let given = match (method, segments.as_slice()) {
        ("POST", ["token"]) => token(shared, call),
        ("POST", ["v1", "token"]) => exchange(shared, call),
        ("GET" | "POST", ["tokeninfo"] | ["oauth2", "v3", "tokeninfo"]) => info(shared, call),
        ("GET", ["oauth2", "v3", "certs"]) => certificates(shared, call, None),
        ("GET", ["service_accounts", "v1", "jwk", email]) => {
            certificates(shared, call, Some(email))
        }
        _ => return None,
    };
    let reply = match given {
        Ok(value) => Reply::json(200, &value),
        Err(Denied(error, why)) => {
            let body = json!({ "error": error, "error_description": why });
            let code = if error == "server_error" { 500 } else { 400 };
            Reply::json(code, &body)
        }
    };
    // RFC 6749, 5.1.
    Some(reply.with(header::CACHE_CONTROL, "no-store"))
}

/// A field of the form or, as the Security Token Service has it too, of the JSON body.
fn field(call: &Call, name: &str, camel: &str) -> String {
    let form = pairs(&call.raw);
    let given = form
        .into_iter()
        .find(|(key, _)| key == name)
        .map(|(_, v)| v);
    given
        .filter(|_| call.body.is_null())
        .or_else(|| call.text(&format!("/{camel}")).map(str::to_owned))
        .or_else(|| call.text(&format!("/{name}")).map(str::to_owned))
        .unwrap_or_default()
}

fn token(shared: &Shared, call: &Call) -> Given {
    match field(call, "grant_type", "grantType").as_str() {
        "refresh_token" => refresh(shared, call),
        BEARER => assertion(shared, call),
        EXCHANGE => exchange(shared, call),
        "" => Err(Denied::request("Required parameter is missing: grant_type")),
        other => Err(Denied(
            "unsupported_grant_type",
            format!("Invalid grant_type: {}", crate::text::visible(other)),
        )),
    }
}

fn refresh(shared: &Shared, call: &Call) -> Given {
    let text = field(call, "refresh_token", "refreshToken");
    let who = Principal::parse(&text).map_err(|_| {
        Denied::grant(
            "Bad Request: in this emulator a refresh token is a member, user:ana@example.com",
        )
    })?;
    usable(&shared.read().estate, &who)?;
    let scope = field(call, "scope", "scope");
    let mut answer = mint(shared, call, who, None)?;
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
fn mint(
    shared: &Shared,
    call: &Call,
    who: Principal,
    attributes: Option<Arc<[(String, String)]>>,
) -> Given {
    let until = call
        .now
        .checked_add(SignedDuration::from_secs(LIFETIME))
        .unwrap_or(call.now);
    let token = shared
        .write()
        .tokens
        .mint_with(who, attributes, until, call.now)
        .map_err(internal)?;
    Ok(json!({ "access_token": token, "expires_in": LIFETIME - 1, "token_type": "Bearer" }))
}

fn internal(_: std::io::Error) -> Denied {
    Denied("server_error", "Internal error encountered.".to_owned())
}

/// An assertion by a service account's key (RFC 7523; doc "Using OAuth 2.0 for Server to Server
/// Applications"); the error texts are those that Google's clients report.
fn assertion(shared: &Shared, call: &Call) -> Given {
    let jwt = Jwt::read(&field(call, "assertion", "assertion"))
        .ok_or_else(|| Denied::grant("Invalid JWT: Failed audience check or malformed token."))?;
    let email = jwt.text("iss").unwrap_or_default().to_lowercase();
    let who = Principal::ServiceAccount(email.clone());
    let world = shared.read();
    usable(&world.estate, &who)?;
    let key = jwt
        .header
        .get("kid")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let signed = jwt.header.get("alg").and_then(Value::as_str) == Some("RS256")
        && world.keys(&email).iter().any(|k| {
            k.id == key && !k.disabled && k.verifies(jwt.message.as_bytes(), &jwt.signature)
        });
    let subject = world
        .estate
        .account(&email)
        .map_or(String::new(), |a| a.unique_id.clone());
    drop(world);
    if !signed {
        return Err(Denied::grant("Invalid JWT Signature."));
    }
    let here = format!("{}/token", call.base());
    if !jwt
        .audiences()
        .iter()
        .any(|aud| *aud == here || aud.ends_with("googleapis.com/token"))
    {
        return Err(Denied::grant(format!(
            "Invalid JWT: Failed audience check. Expected {here}"
        )));
    }
    // Seconds fit a float exactly for the next million years.
    let now = call.now.as_second() as f64;
    let (issued, expires) = (
        jwt.time("iat").unwrap_or(0.0),
        jwt.time("exp").unwrap_or(0.0),
    );
    if expires <= now || issued > now + 300.0 || expires - issued > LIFETIME as f64 {
        return Err(Denied::grant(
            "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp values in the JWT claim.",
        ));
    }
    if let Some(audience) = jwt.text("target_audience") {
        let issued = call.now.as_second();
        let claims = json!({
            "aud": audience, "azp": email, "email": email, "email_verified": true,
            "exp": issued + LIFETIME, "iat": issued, "iss": "https://accounts.google.com", "sub": subject,
        });
        let signer = shared.signer(call.now).map_err(internal)?;
        let token = signer.jwt(&claims.to_string()).map_err(internal)?;
        return Ok(json!({ "id_token": token }));
    }
    if jwt.text("scope").unwrap_or_default().is_empty() {
        return Err(Denied(
            "invalid_scope",
            "Invalid OAuth scope or ID token audience provided.".to_owned(),
        ));
    }
    mint(shared, call, who, None)
}

/// An external credential for an access token of the identity pool (discovery document sts v1,
/// `ExchangeTokenRequest`).
fn exchange(shared: &Shared, call: &Call) -> Given {
    let get = |name, camel| field(call, name, camel);
    let (grant, kind) = (
        get("grant_type", "grantType"),
        get("subject_token_type", "subjectTokenType"),
    );
    if grant != EXCHANGE {
        return Err(Denied(
            "unsupported_grant_type",
            format!("Invalid grant_type: expected {EXCHANGE}"),
        ));
    }
    if !["jwt", "id_token"]
        .iter()
        .any(|end| kind == format!("urn:ietf:params:oauth:token-type:{end}"))
    {
        return Err(Denied::request(
            "This emulator exchanges subject tokens of the types urn:ietf:params:oauth:token-type:jwt and :id_token only.",
        ));
    }
    let audience = get("audience", "audience");
    let estate = &shared.read().estate.clone();
    let target = || {
        Denied(
            "invalid_target",
            "The target service indicated by the \"audience\" parameters is invalid. This might either be because the pool or provider is disabled or deleted or because it doesn't exist.".to_owned(),
        )
    };
    let provider = estate
        .providers()
        .find(|p| same_name(estate, &p.name, &audience) && !p.disabled)
        .cloned()
        .ok_or_else(target)?;
    let jwt = Jwt::read(&get("subject_token", "subjectToken"))
        .ok_or_else(|| Denied::request("Unable to parse the ID Token."))?;
    check(call, &provider, &audience, &jwt)?;
    let (subject, attributes) = admit(&provider, &jwt.claims).map_err(|e| match e {
        Rejected::Condition => Denied(
            "unauthorized_client",
            "The given credential is rejected by the attribute condition.".to_owned(),
        ),
        Rejected::Mapping(target) => Denied::grant(format!(
            "Could not obtain a value for {target} from the given credential. Check that the subject token has all the claims specified in the attribute mapping."
        )),
    })?;
    let pool = pool_of(estate, &provider).ok_or_else(target)?;
    let who = Principal::Federated { pool, subject };
    let mut answer = mint(shared, call, who, Some(attributes.into()))?;
    if let Some(answer) = answer.as_object_mut() {
        answer.insert(
            "issued_token_type".into(),
            json!("urn:ietf:params:oauth:token-type:access_token"),
        );
    }
    Ok(answer)
}

/// Issuer, audience and lifetime of an external token, as its provider wants them (iam v1, `Oidc`).
fn check(call: &Call, provider: &Provider, audience: &str, jwt: &Jwt) -> Result<(), Denied> {
    let oidc = provider.extra.get("oidc");
    let issuer = oidc
        .and_then(|o| o.get("issuerUri"))
        .and_then(Value::as_str);
    let have = jwt.text("iss").unwrap_or_default();
    if let Some(issuer) = issuer
        && have != issuer
    {
        return Err(Denied::grant(format!(
            "The issuer in ID Token {} does not match the expected ones: {issuer}",
            crate::text::visible(have)
        )));
    }
    let allowed: Vec<&str> = oidc
        .and_then(|o| o.get("allowedAudiences"))
        .and_then(Value::as_array)
        .map(|list| list.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    let given = jwt.audiences();
    let plain = audience.trim_start_matches('/');
    let fits = given.iter().any(|aud| {
        if allowed.is_empty() {
            // "the audience defaults to the full canonical resource name of the
            // WorkloadIdentityPoolProvider, with or without the HTTPS prefix".
            let aud = aud.strip_prefix("https:").unwrap_or(aud);
            aud.trim_start_matches('/') == plain
        } else {
            allowed.contains(aud)
        }
    });
    if !fits {
        return Err(Denied::grant(format!(
            "The audience in ID Token [{}] does not match the expected audience.",
            crate::text::visible(&given.join(", "))
        )));
    }
    if jwt
        .time("exp")
        .is_none_or(|exp| exp <= call.now.as_second() as f64)
    {
        return Err(Denied::grant(
            "ID Token is expired or has no expiry: check its exp claim.",
        ));
    }
    Ok(())
}

/// Whether a provider's name and an audience mean the same: number or id of the project.
fn same_name(estate: &Estate, name: &str, audience: &str) -> bool {
    let canonical = |text: &str| -> Option<String> {
        let path = text.strip_prefix("//iam.googleapis.com/").unwrap_or(text);
        let Some(rest) = path.strip_prefix("projects/") else {
            return Some(path.to_owned());
        };
        let (project, rest) = rest.split_once('/')?;
        let number = estate.project(project).map_or(project, |p| p.number());
        Some(format!("projects/{number}/{rest}"))
    };
    audience.starts_with("//iam.googleapis.com/") && canonical(name) == canonical(audience)
}

/// The pool of a provider, its project by number, as principals name it.
fn pool_of(estate: &Estate, provider: &Provider) -> Option<Pool> {
    let (path, _) = provider.name.split_once("/providers/")?;
    let set = PolicyMember::v1(&format!("principalSet://iam.googleapis.com/{path}/*"));
    match set.member {
        Member::PoolAll(Pool::Workload { project, pool }) => Some(Pool::Workload {
            project: estate
                .project(&project)
                .map_or(project.clone(), |p| p.number().to_owned()),
            pool,
        }),
        Member::PoolAll(pool) => Some(pool),
        _ => None,
    }
}

/// What a token is (the endpoint that google-auth and gcloud ask).
fn info(shared: &Shared, call: &Call) -> Given {
    let token = call.param("access_token").map_or_else(
        || field(call, "access_token", "access_token"),
        str::to_owned,
    );
    let world = shared.read();
    let Worth::Good(who, _, until) = world.tokens.worth(&token, call.now) else {
        return Err(Denied("invalid_token", "Invalid Value".to_owned()));
    };
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

/// The public keys to verify with: of ID tokens, or of what an account signed.
fn certificates(shared: &Shared, call: &Call, email: Option<&str>) -> Given {
    let signer = shared.signer(call.now).map_err(internal)?;
    let mut keys = vec![signer.public.jwk()];
    if let Some(email) = email {
        let world = shared.read();
        keys.extend(
            world
                .keys(&email.to_lowercase())
                .iter()
                .filter(|k| !k.disabled)
                .map(super::keys::PublicKey::jwk),
        );
    }
    Ok(json!({ "keys": keys }))
}
