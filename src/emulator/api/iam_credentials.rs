//! IAM Credentials v1: short-lived credentials for service accounts
//! (discovery document iamcredentials v1).

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::emulator::api::enforce;
use crate::emulator::call::{ApiAnswer, ApiCall, Requester, StatusError};
use crate::emulator::route::{Needs, Route};
use crate::emulator::world::keys::Signer;
use crate::emulator::world::{Shared, World};
use crate::estate::Read;
use crate::evaluate::Truth;
use crate::evaluate::org_policy::lifetime_extended;
use crate::iam::permission::{
    GET_ACCESS_TOKEN, GET_OPEN_ID_TOKEN, IMPLICIT_DELEGATION, SIGN_BLOB, SIGN_JWT,
};
use crate::iam::{Principal, Resource};

const SERVICE: &str = "iamcredentials.googleapis.com";
/// Without `constraints/iam.allowServiceAccountCredentialLifetimeExtension`, and for the accounts that
/// it names (GenerateAccessTokenRequest.lifetime).
const LONGEST: i64 = 3_600;
const EXTENDED: i64 = 43_200;
/// How far ahead a JWT may expire that is to be signed, in seconds.
const LONGEST_JWT: i64 = 12 * 3_600;

/// What is served of it. Each delegate of a chain needs `iam.serviceAccounts.implicitDelegation` on the next.
pub(crate) const ROUTES: &[Route] = &[
    Route::new(
        "POST",
        "/v1/projects/{project}/serviceAccounts/{account}:generateAccessToken",
        &["iam.serviceAccounts.getAccessToken"],
        |shared, call| access_token(shared, call, &authorize(shared, call, GET_ACCESS_TOKEN)?),
    ),
    Route::new(
        "POST",
        "/v1/projects/{project}/serviceAccounts/{account}:generateIdToken",
        &["iam.serviceAccounts.getOpenIdToken"],
        |shared, call| id_token(shared, call, &authorize(shared, call, GET_OPEN_ID_TOKEN)?),
    ),
    Route::new(
        "POST",
        "/v1/projects/{project}/serviceAccounts/{account}:signBlob",
        &["iam.serviceAccounts.signBlob"],
        |shared, call| sign_blob(shared, call, &authorize(shared, call, SIGN_BLOB)?),
    ),
    Route::new(
        "POST",
        "/v1/projects/{project}/serviceAccounts/{account}:signJwt",
        &["iam.serviceAccounts.signJwt"],
        |shared, call| sign_jwt(shared, call, &authorize(shared, call, SIGN_JWT)?),
    ),
    Route::with(
        "GET",
        "/v1/projects/{project}/serviceAccounts/{account}/allowedLocations",
        Needs::Somebody,
        |shared, call| {
            let name = format!(
                "projects/{}/serviceAccounts/{}",
                call.place("project"),
                call.place("account")
            );
            let world = shared.read();
            allowed_locations(Resource::parse(&name).is_ok_and(|name| world.find(&name).is_some()))
        },
    ),
    Route::with(
        "GET",
        "/v1/projects/{project}/locations/global/workloadIdentityPools/{pool}/allowedLocations",
        Needs::Somebody,
        |shared, call| {
            allowed_locations(
                shared
                    .read()
                    .estate
                    .project(call.place("project"))
                    .is_some(),
            )
        },
    ),
    Route::with(
        "GET",
        "/v1/locations/global/workforcePools/{pool}/allowedLocations",
        Needs::Somebody,
        |_, _| allowed_locations(true),
    ),
];

/// Trust boundaries are nothing that an estate has: every account and pool is allowed everywhere, which
/// clients know by this answer (google-auth, `NO_OP_TRUST_BOUNDARY_ENCODED_LOCATIONS`). What permission
/// Google asks for is not documented; here any caller who is somebody may ask (chosen).
fn allowed_locations(there: bool) -> ApiAnswer {
    if there {
        Ok(json!({ "locations": [], "encodedLocations": "0x0" }))
    } else {
        Err(StatusError::not_found("Requested entity was not found."))
    }
}

/// Checks the API, every hop of the chain, and the target.
fn authorize(shared: &Shared, call: &ApiCall, permission: &str) -> Result<Resource, StatusError> {
    if call.place("project") != "-" {
        return Err(invalid_name());
    }
    check_scopes(shared, call)?;
    check_api(shared, call)?;
    let mut names = Vec::new();
    for delegate in call.texts("delegates") {
        // DD: "The wildcard character is required; replacing it with a project ID is invalid." Bare
        // addresses are not documented there, but are what gcloud and google-auth send
        // (`--impersonate-service-account=A,B`; google/auth/impersonated_credentials.py).
        let email = delegate
            .strip_prefix("projects/-/serviceAccounts/")
            .unwrap_or(&delegate);
        if email.is_empty() || email.contains('/') {
            return Err(invalid_name());
        }
        names.push(email.to_owned());
    }
    names.push(call.place("account").to_owned());
    let hops = names.len();
    let mut caller = call.who.clone();
    let mut at = None;
    for (i, name) in names.iter().enumerate() {
        let needed = if i + 1 == hops {
            permission
        } else {
            IMPLICIT_DELEGATION
        };
        let found = hop(shared, call, &caller, name, needed)?;
        caller = Requester::Principal(Principal::ServiceAccount(found.id().to_owned()));
        at = Some(found);
    }
    at.ok_or_else(invalid_name)
}

fn invalid_name() -> StatusError {
    StatusError::invalid("Request contains an invalid argument.")
}

/// One hop: the account exists, works, and the one before may.
fn hop(
    shared: &Shared,
    call: &ApiCall,
    caller: &Requester,
    name: &str,
    needed: &str,
) -> Result<Resource, StatusError> {
    let resource = Resource::parse(&format!("projects/-/serviceAccounts/{name}"))
        .map_err(|_| invalid_name())?;
    let (found, disabled, shut, allowed) = {
        let world = shared.read();
        let Some(found) = world.find(&resource) else {
            return Err(StatusError::not_found(format!(
                "Not found; Gaia id not found for email {name}"
            )));
        };
        let disabled = world.estate.account(found.id()).is_some_and(|a| a.disabled);
        let shut = match &found {
            Resource::ServiceAccount { project, .. } => not_shut_down(&world, project),
            _ => Ok(()),
        };
        let allowed = match caller {
            Requester::Nobody => false,
            Requester::Administrator => true,
            Requester::Principal(who) => enforce::may(&world, call, who, needed, &found),
        };
        (found, disabled, shut, allowed)
    };
    if !allowed {
        let who = match caller {
            Requester::Principal(who) => Some(who.clone()),
            Requester::Administrator | Requester::Nobody => None,
        };
        return Err(enforce::denied_for(shared, call, who, needed, &found));
    }
    shut?;
    if disabled {
        return Err(StatusError::precondition(format!(
            "Service account {} is disabled.",
            found.id()
        )));
    }
    Ok(found)
}

/// A token that was made for less than IAM is refused before anybody looks at policies (DD iamcredentials
/// v1, `scopes` of every method; google-auth calls it with `auth/iam`, google/auth/iam.py).
fn check_scopes(shared: &Shared, call: &ApiCall) -> Result<(), StatusError> {
    const ENOUGH: [&str; 2] = [
        "https://www.googleapis.com/auth/cloud-platform",
        "https://www.googleapis.com/auth/iam",
    ];
    let token = call.bearer.as_deref().unwrap_or_default();
    let narrow = shared
        .read()
        .tokens
        .scopes(token)
        .is_some_and(|scopes| !scopes.iter().any(|s| ENOUGH.contains(&s.as_str())));
    if !narrow {
        return Ok(());
    }
    // As Google words it (many public reports, as google-auth-library-python#416).
    let refusal = StatusError::new(
        403,
        "PERMISSION_DENIED",
        "Request had insufficient authentication scopes.",
    );
    Err(refusal.info(
        "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
        "googleapis.com",
        &[("service", SERVICE)],
    ))
}

/// The API must be on in the project that pays: the one of the header, else the caller's own
/// (docs/semantics.md, "Beyond IAM").
fn check_api(shared: &Shared, call: &ApiCall) -> Result<(), StatusError> {
    let world = shared.read();
    let project = match (&call.quota_project, &call.who) {
        (Some(project), _) => {
            let found = world.find(&Resource::project(project));
            let allowed = found.as_ref().is_some_and(|found| {
                enforce::holds(&world, call, "serviceusage.services.use", found)
            });
            if !allowed {
                return Err(quota_denied(project));
            }
            found.map(|found| found.id().to_owned())
        }
        (None, Requester::Principal(who)) => world.estate.home(who).map(|p| p.project_id.clone()),
        (None, Requester::Administrator | Requester::Nobody) => None,
    };
    match project {
        Some(project) => {
            not_shut_down(&world, &project)?;
            enabled(
                &world,
                &project,
                SERVICE,
                "IAM Service Account Credentials API",
            )
        }
        None => Ok(()),
    }
}

/// `CONSUMER_INVALID`, as Google words it for the project that is billed (googleapis/google-api-php-client
/// #2422); for the account's own the same is chosen, since the project is said to be unusable and no other
/// words are published (doc "Delete and restore projects").
fn not_shut_down(world: &World, project: &str) -> Result<(), StatusError> {
    let Some(project) = world.estate.project(project).filter(|p| p.is_shut_down()) else {
        return Ok(());
    };
    let number = project.number();
    let message = format!("Project #{number} has been deleted.");
    let consumer = format!("projects/{number}");
    Err(StatusError::new(403, "PERMISSION_DENIED", message).info(
        "CONSUMER_INVALID",
        "googleapis.com",
        &[("consumer", &consumer), ("service", SERVICE)],
    ))
}

/// `USER_PROJECT_DENIED`, as Google words it.
fn quota_denied(project: &str) -> StatusError {
    let shown: String = project.chars().filter(|c| !c.is_control()).collect();
    let consumer = format!("projects/{shown}");
    StatusError::new(
        403,
        "PERMISSION_DENIED",
        format!(
            "Caller does not have required permission to use project {shown}. Grant the caller the roles/serviceusage.serviceUsageConsumer role, or a custom role with the serviceusage.services.use permission, by visiting https://console.developers.google.com/iam-admin/iam/project?project={shown} and then retry. Propagation of the new permission may take a few minutes."
        ),
    )
    .info(
        "USER_PROJECT_DENIED",
        "googleapis.com",
        &[("consumer", &consumer), ("service", SERVICE)],
    )
}

/// `SERVICE_DISABLED`, as Google words it. A project's list that lacks either of IAM and IAM
/// Credentials has both off: disabling Credentials disables IAM (DD iamcredentials v1).
pub(crate) fn enabled(
    world: &World,
    project: &str,
    service: &str,
    title: &str,
) -> Result<(), StatusError> {
    if world.enforced().service_enabled(project, service) != Read::Known(false) {
        return Ok(());
    }
    let number = world
        .estate
        .project(project)
        .map_or(project, |p| p.number())
        .to_owned();
    let consumer = format!("projects/{number}");
    let url = format!(
        "https://console.developers.google.com/apis/api/{service}/overview?project={number}"
    );
    let mut refusal = StatusError::new(
        403,
        "PERMISSION_DENIED",
        format!(
            "{title} has not been used in project {number} before or it is disabled. Enable it by visiting {url} then retry. If you enabled this API recently, wait a few minutes for the action to propagate to our systems and retry."
        ),
    )
    .info(
        "SERVICE_DISABLED",
        "googleapis.com",
        &[
            ("service", service),
            ("serviceTitle", title),
            ("consumer", &consumer),
            ("containerInfo", &number),
            ("activationUrl", &url),
        ],
    );
    refusal.details.push(json!({
        "@type": "type.googleapis.com/google.rpc.Help",
        "links": [{ "description": "Google developers console API activation", "url": url }],
    }));
    Err(refusal)
}

fn access_token(shared: &Shared, call: &ApiCall, target: &Resource) -> ApiAnswer {
    if call.texts("scope").is_empty() {
        return Err(StatusError::invalid("scope must be specified."));
    }
    let seconds = match call.text("/lifetime") {
        None | Some("") => LONGEST,
        Some(text) => text
            .strip_suffix('s')
            .and_then(|s| s.parse::<f64>().ok())
            .filter(|s| s.is_finite() && s.abs() < 1e9)
            .map(|s| s as i64)
            .ok_or_else(|| {
                StatusError::invalid(
                    "Invalid value at 'lifetime' (type.googleapis.com/google.protobuf.Duration)",
                )
            })?,
    };
    if seconds <= 0 {
        return Err(StatusError::invalid(
            "Lifetime of access token must be larger then zero.",
        ));
    }
    if seconds > LONGEST && (seconds > EXTENDED || !extended(shared, target)) {
        return Err(StatusError::invalid(
            "The access token lifetime cannot exceed 3600 seconds, unless it is extended by the organization policy constraint constraints/iam.allowServiceAccountCredentialLifetimeExtension.",
        ));
    }
    let until = later(call.now, seconds.min(shared.token_lifetime));
    let who = Principal::ServiceAccount(target.id().to_owned());
    let mut world = shared.write();
    let token = world
        .tokens
        .mint(who, until, call.now)
        .map_err(|_| StatusError::new(500, "INTERNAL", "Internal error encountered."))?;
    world.tokens.narrow(&token, call.texts("scope"));
    Ok(json!({
        "accessToken": token,
        "expireTime": until.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
    }))
}

fn extended(shared: &Shared, target: &Resource) -> bool {
    lifetime_extended(shared.read().enforced(), target).0 == Truth::Yes
}

fn later(now: Timestamp, seconds: i64) -> Timestamp {
    now.checked_add(SignedDuration::from_secs(seconds))
        .unwrap_or(Timestamp::MAX)
}

/// An ID token with the claims of Google's, signed by the emulator's key (served at
/// `/oauth2/v3/certs`). With `organizationNumberIncluded` it names the account's organization, or null
/// (`GenerateIdTokenRequest`).
fn id_token(shared: &Shared, call: &ApiCall, target: &Resource) -> ApiAnswer {
    let audience = call.text("/audience").unwrap_or_default();
    if audience.is_empty() {
        return Err(StatusError::invalid("audience must be specified."));
    }
    let world = shared.read();
    let account = world.estate.account(target.id());
    let subject = account.map_or("", |a| &a.unique_id);
    let email = account.map_or(target.id(), |a| &a.email);
    let issued = call.now.as_second();
    let mut claims = json!({
        "aud": audience, "azp": subject, "exp": issued + LONGEST, "iat": issued,
        "iss": "https://accounts.google.com", "sub": subject,
    });
    if call.body.get("includeEmail").and_then(Value::as_bool) == Some(true)
        && let Some(claims) = claims.as_object_mut()
    {
        claims.insert("email".into(), json!(email));
        claims.insert("email_verified".into(), json!(true));
    }
    if call
        .body
        .get("organizationNumberIncluded")
        .and_then(Value::as_bool)
        == Some(true)
        && let Some(claims) = claims.as_object_mut()
    {
        let levels = world.estate.ancestry(target).levels;
        let number = levels.iter().find_map(|level| match level {
            Resource::Organization(id) => id.parse::<u64>().ok(),
            _ => None,
        });
        claims.insert("google".into(), json!({ "organization_number": number }));
    }
    drop(world);
    let signer = shared.signer(call.now).map_err(internal)?;
    let token = signer.jwt(&claims.to_string()).map_err(internal)?;
    Ok(json!({ "token": token }))
}

fn internal(_: std::io::Error) -> StatusError {
    StatusError::new(500, "INTERNAL", "Internal error encountered.")
}

/// The key that the target signs with, its public half published.
fn signer(shared: &Shared, call: &ApiCall, target: &Resource) -> Result<Arc<Signer>, StatusError> {
    let account = shared.read().estate.account(target.id()).cloned();
    let account = account.ok_or_else(invalid_name)?;
    shared.signer_of(&account, call.now).map_err(internal)
}

fn sign_blob(shared: &Shared, call: &ApiCall, target: &Resource) -> ApiAnswer {
    let payload = call.text("/payload").unwrap_or_default();
    // Bytes in JSON come in either alphabet (protobuf, "JSON mapping").
    let payload = STANDARD
        .decode(payload.replace('-', "+").replace('_', "/"))
        .map_err(|_| {
            StatusError::invalid("Invalid value at 'payload' (TYPE_BYTES), Base64 decoding failed")
        })?;
    let signer = signer(shared, call, target)?;
    let signed = signer.sign(&payload).map_err(internal)?;
    Ok(json!({ "keyId": signer.public.id, "signedBlob": STANDARD.encode(signed) }))
}

/// "If the JWT Claims Set contains an expiration time (`exp`) claim, it must be an integer timestamp that
/// is not in the past and no more than 12 hours in the future" (iamcredentials v1, `SignJwtRequest`). The
/// words of the refusals are not documented.
fn sign_jwt(shared: &Shared, call: &ApiCall, target: &Resource) -> ApiAnswer {
    let payload = call.text("/payload").unwrap_or_default();
    let claims = serde_json::from_str::<serde_json::Map<String, Value>>(payload)
        .map_err(|_| StatusError::invalid("The JWT payload is not a JSON object."))?;
    if let Some(expires) = claims.get("exp") {
        let now = call.now.as_second();
        let why = match expires.as_i64() {
            None => Some("must be an integer timestamp"),
            Some(at) if at < now => Some("must not be in the past"),
            Some(at) if at > now + LONGEST_JWT => {
                Some("must be no more than 12 hours in the future")
            }
            Some(_) => None,
        };
        if let Some(why) = why {
            return Err(StatusError::invalid(format!(
                "The exp claim of the JWT payload {why}."
            )));
        }
    }
    let signer = signer(shared, call, target)?;
    let signed = signer.jwt(payload).map_err(internal)?;
    Ok(json!({ "keyId": signer.public.id, "signedJwt": signed }))
}
