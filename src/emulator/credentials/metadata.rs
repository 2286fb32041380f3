//! The metadata server's paths, for clients that run on Google Cloud and find their credentials there
//! (doc "Predefined metadata keys"): point them here with `GCE_METADATA_HOST`.
//!
//! Every account of the estate can be asked for by its address; `default` is the one that the emulator
//! was told ([`crate::emulator::Options::metadata_account`]).

use axum::http::HeaderName;
use serde_json::{Value, json};

use crate::emulator::call::{ApiCall, Reply};
use crate::emulator::route::Route;
use crate::emulator::world::Shared;
use crate::iam::Principal;

const LIFETIME: i64 = 3_600;
const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";

/// What is served of it.
pub(crate) const ROUTES: &[Route] = &[
    // Clients find out whether a metadata server is there by asking for its root.
    Route::open("GET", "/", |_, _| {
        flavored(Reply::text(200, "application/text", "computeMetadata/\n"))
    }),
    Route::open("GET", "/computeMetadata/v1/{path=**}", |shared, call| {
        flavored(asked(shared, call))
    }),
    Route::open(
        "*",
        "/computeMetadata/{path=**}",
        |_, _| flavored(missing()),
    ),
];

fn flavored(reply: Reply) -> Reply {
    reply.with(HeaderName::from_static("metadata-flavor"), "Google")
}

fn asked(shared: &Shared, call: &ApiCall) -> Reply {
    if call.metadata_flavor {
        let path: Vec<&str> = call.segments.iter().skip(2).map(String::as_str).collect();
        inside(shared, call, &path).unwrap_or_else(missing)
    } else {
        Reply::text(
            403,
            "text/html; charset=UTF-8",
            "Missing required header: Metadata-Flavor: Google\n",
        )
    }
}

fn missing() -> Reply {
    Reply::text(404, "text/html; charset=UTF-8", "Not Found\n")
}

fn plain(text: impl Into<String>) -> Reply {
    Reply::text(200, "application/text", text)
}

fn inside(shared: &Shared, call: &ApiCall, path: &[&str]) -> Option<Reply> {
    // A path may end in a slash.
    let path = path.strip_suffix(&[""]).unwrap_or(path);
    match path {
        [] => Some(plain("instance/\nproject/\nuniverse/\n")),
        ["universe"] => Some(plain("universe-domain\n")),
        ["universe", "universe-domain" | "universe_domain"] => Some(plain("googleapis.com")),
        // Node's client finds out by this path whether a metadata server is there (gcp-metadata,
        // `isAvailable`).
        ["instance"] if call.flag("recursive") => {
            let email = default(shared)?;
            let accounts = json!({ "default": row(&email), &*email: row(&email) });
            Some(Reply::json(200, &json!({ "serviceAccounts": accounts })))
        }
        ["instance"] => Some(plain("service-accounts/\n")),
        ["project"] => project(shared, call),
        ["project", what @ ("project-id" | "numeric-project-id")] => {
            let (id, number) = own_project(shared)?;
            Some(plain(if *what == "project-id" { id } else { number }))
        }
        ["instance", "service-accounts"] => accounts(shared, call),
        ["instance", "service-accounts", who, rest @ ..] => {
            let email = if *who == "default" {
                default(shared)?
            } else {
                (*who).to_owned()
            };
            let email = {
                let world = shared.read();
                let account = world.estate.account(&email).filter(|a| !a.disabled)?;
                account.email.clone()
            };
            of_account(shared, call, &email, rest)
        }
        _ => None,
    }
}

/// Id and number of the default account's project.
fn own_project(shared: &Shared) -> Option<(String, String)> {
    let email = default(shared)?;
    let world = shared.read();
    let account = world.estate.account(&email)?;
    let project = world.estate.project(&account.project_id)?;
    Some((project.project_id.clone(), project.number().to_owned()))
}

fn project(shared: &Shared, call: &ApiCall) -> Option<Reply> {
    if !call.flag("recursive") {
        return Some(plain("numeric-project-id\nproject-id\n"));
    }
    let (id, number) = own_project(shared)?;
    // A number there, as the real one has it.
    let number = number.parse::<u64>().map_or(json!(number), |n| json!(n));
    let all = json!({ "projectId": id, "numericProjectId": number });
    Some(Reply::json(200, &all))
}

fn default(shared: &Shared) -> Option<String> {
    shared.metadata_account.clone()
}

fn accounts(shared: &Shared, call: &ApiCall) -> Option<Reply> {
    let email = default(shared)?;
    if call.flag("recursive") {
        return Some(Reply::json(
            200,
            &json!({ "default": row(&email), &*email: row(&email) }),
        ));
    }
    Some(plain(format!("default/\n{email}/\n")))
}

fn row(email: &str) -> Value {
    json!({ "aliases": ["default"], "email": email, "scopes": [SCOPE] })
}

fn of_account(shared: &Shared, call: &ApiCall, email: &str, rest: &[&str]) -> Option<Reply> {
    match rest {
        [] if call.flag("recursive") => Some(Reply::json(200, &row(email))),
        [] => Some(plain("aliases\nemail\nidentity\nscopes\ntoken\n")),
        ["email"] => Some(plain(email)),
        ["aliases"] => Some(plain("default\n")),
        ["scopes"] => Some(plain(format!("{SCOPE}\n"))),
        ["token"] => token(shared, call, email),
        ["identity"] => identity(shared, call, email),
        _ => None,
    }
}

fn token(shared: &Shared, call: &ApiCall, email: &str) -> Option<Reply> {
    let lifetime = LIFETIME.min(shared.token_lifetime);
    let until = call.after(lifetime);
    let who = Principal::ServiceAccount(email.to_lowercase());
    let token = shared.write().tokens.mint(who, until, call.now).ok()?;
    Some(Reply::json(
        200,
        &json!({ "access_token": token, "expires_in": lifetime - 1, "token_type": "Bearer" }),
    ))
}

fn identity(shared: &Shared, call: &ApiCall, email: &str) -> Option<Reply> {
    let Some(audience) = call.param("audience").filter(|a| !a.is_empty()) else {
        return Some(Reply::text(
            400,
            "text/html; charset=UTF-8",
            "non-empty audience parameter required\n",
        ));
    };
    let unique_id = shared.read().estate.account(email)?.unique_id.clone();
    let issued = call.now.as_second();
    let mut claims = json!({
        "aud": audience, "azp": unique_id, "exp": issued + LIFETIME, "iat": issued,
        "iss": "https://accounts.google.com", "sub": unique_id,
    });
    if call.param("format") == Some("full")
        && let Some(claims) = claims.as_object_mut()
    {
        claims.insert("email".into(), json!(email));
        claims.insert("email_verified".into(), json!(true));
    }
    let signer = shared.signer(call.now).ok()?;
    signer.jwt(&claims.to_string()).ok().map(plain)
}
