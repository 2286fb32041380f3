//! IAM v1: service account keys (discovery document iam v1, `projects.serviceAccounts.keys`).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::Answer;
use super::call::Call;
use super::error::Refusal;
use super::keys::{self, PublicKey};
use super::state::Shared;
use super::{enforce, iam_v1};
use crate::iam::Resource;

/// "You can create up to 10 keys per service account" (doc "Quotas and limits", IAM).
const MOST: usize = 10;
/// User-managed keys do not expire: Google shows this (gcloud prints it for every key).
const NEVER: &str = "9999-12-31T23:59:59Z";

/// Answers what is a path of this API.
pub(crate) fn route(shared: &Shared, call: &Call) -> Option<Answer> {
    let (method, segments, verb) = call.parts();
    let [
        "v1",
        "projects",
        project,
        "serviceAccounts",
        account,
        "keys",
        rest @ ..,
    ] = segments.as_slice()
    else {
        return None;
    };
    let needed = match (method, rest, verb) {
        ("POST", [], "") => "create",
        ("GET", [], "") => "list",
        ("GET", [_], "") => "get",
        ("DELETE", [_], "") => "delete",
        ("POST", [_], "disable") => "disable",
        ("POST", [_], "enable") => "enable",
        _ => return None,
    };
    let id = rest.first().copied().unwrap_or_default();
    Some(on_account(shared, call, project, account, needed, id))
}

fn on_account(
    shared: &Shared,
    call: &Call,
    project: &str,
    account: &str,
    needed: &str,
    id: &str,
) -> Answer {
    let found = iam_v1::find(shared, call, project, account, "get")?;
    let permission = format!("iam.serviceAccountKeys.{needed}");
    enforce::require(shared, call, &permission, &found)?;
    match needed {
        "create" => create(shared, call, &found),
        "list" => Ok(list(shared, call, &found)),
        "get" => get(shared, call, &found, id),
        _ => {
            let mut world = shared.write();
            let changed = world.change_keys(found.id(), |keys| {
                let at = keys.iter().position(|key| key.id == id)?;
                match needed {
                    "delete" => {
                        keys.remove(at);
                    }
                    other => {
                        if let Some(key) = keys.get_mut(at) {
                            key.disabled = other == "disable";
                        }
                    }
                }
                Some(())
            });
            changed.map(|()| json!({})).ok_or_else(missing)
        }
    }
}

fn missing() -> Refusal {
    Refusal::not_found("Requested entity was not found.")
}

fn name(found: &Resource, key: &PublicKey) -> String {
    format!("{}/keys/{}", found.relative(), key.id)
}

fn create(shared: &Shared, call: &Call, found: &Resource) -> Answer {
    match call.text("/privateKeyType").unwrap_or_default() {
        "" | "TYPE_UNSPECIFIED" | "TYPE_GOOGLE_CREDENTIALS_FILE" => {}
        _ => {
            return Err(Refusal::new(
                501,
                "UNIMPLEMENTED",
                "This emulator makes keys of the type TYPE_GOOGLE_CREDENTIALS_FILE only.",
            ));
        }
    }
    match call.text("/keyAlgorithm").unwrap_or_default() {
        "" | "KEY_ALG_UNSPECIFIED" | "KEY_ALG_RSA_2048" => {}
        _ => return Err(Refusal::invalid("Invalid key algorithm.")),
    }
    // Before the lock: a key takes a while.
    let (key, private) = keys::generate(call.now)
        .map_err(|_| Refusal::new(500, "INTERNAL", "Internal error encountered."))?;
    let mut world = shared.write();
    if world.keys(found.id()).len() >= MOST {
        return Err(Refusal::new(
            429,
            "RESOURCE_EXHAUSTED",
            "Maximum number of keys on account reached.",
        ));
    }
    let account = world
        .estate
        .account(found.id())
        .cloned()
        .ok_or_else(missing)?;
    let file = json!({
        "type": "service_account",
        "project_id": account.project_id,
        "private_key_id": key.id,
        "private_key": private,
        "client_email": account.email,
        "client_id": account.unique_id,
        "auth_uri": "https://accounts.google.com/o/oauth2/auth",
        "token_uri": format!("{}/token", call.base()),
        "auth_provider_x509_cert_url": format!("{}/oauth2/v3/certs", call.base()),
        "client_x509_cert_url": format!("{}/service_accounts/v1/jwk/{}", call.base(), account.email),
        "universe_domain": "googleapis.com",
    });
    let text = serde_json::to_string_pretty(&file).unwrap_or_default();
    let mut answer = show(found, &key);
    if let Some(answer) = answer.as_object_mut() {
        answer.insert(
            "privateKeyType".into(),
            json!("TYPE_GOOGLE_CREDENTIALS_FILE"),
        );
        answer.insert("privateKeyData".into(), json!(STANDARD.encode(text)));
    }
    world.change_keys(found.id(), |keys| {
        keys.push(key);
        Some(())
    });
    Ok(answer)
}

fn show(found: &Resource, key: &PublicKey) -> Value {
    let mut value = json!({
        "name": name(found, key),
        "keyAlgorithm": "KEY_ALG_RSA_2048",
        "keyOrigin": "GOOGLE_PROVIDED",
        "keyType": "USER_MANAGED",
        "validAfterTime": key.created.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "validBeforeTime": NEVER,
    });
    if key.disabled
        && let Some(object) = value.as_object_mut()
    {
        object.insert("disabled".into(), json!(true));
        object.insert(
            "disableReason".into(),
            json!("SERVICE_ACCOUNT_KEY_DISABLE_REASON_USER_INITIATED"),
        );
    }
    value
}

/// `keyTypes` says which; without it all. The key that the emulator signs with itself is the
/// system-managed one of every account, once it was needed.
fn list(shared: &Shared, call: &Call, found: &Resource) -> Value {
    let wanted: Vec<&str> = call
        .query
        .iter()
        .filter(|(name, _)| name == "keyTypes")
        .map(|(_, kind)| kind.as_str())
        .filter(|kind| *kind != "KEY_TYPE_UNSPECIFIED")
        .collect();
    let all = wanted.is_empty();
    let mut rows = Vec::new();
    if all || wanted.contains(&"USER_MANAGED") {
        let world = shared.read();
        rows.extend(world.keys(found.id()).iter().map(|key| show(found, key)));
    }
    if (all || wanted.contains(&"SYSTEM_MANAGED"))
        && let Some(signer) = shared.signer_if_any()
    {
        let mut row = show(found, &signer.public);
        if let Some(row) = row.as_object_mut() {
            row.insert("keyType".into(), json!("SYSTEM_MANAGED"));
        }
        rows.push(row);
    }
    if rows.is_empty() {
        json!({})
    } else {
        json!({ "keys": rows })
    }
}

fn get(shared: &Shared, call: &Call, found: &Resource, id: &str) -> Answer {
    let world = shared.read();
    let key = world
        .keys(found.id())
        .iter()
        .find(|key| key.id == id)
        .ok_or_else(missing)?;
    let mut value = show(found, key);
    match call.param("publicKeyType").unwrap_or_default() {
        "" | "TYPE_NONE" => {}
        "TYPE_RAW_PUBLIC_KEY" => {
            if let Some(value) = value.as_object_mut() {
                value.insert("publicKeyData".into(), json!(STANDARD.encode(&key.pem)));
            }
        }
        _ => {
            return Err(Refusal::new(
                501,
                "UNIMPLEMENTED",
                "This emulator gives public keys as TYPE_RAW_PUBLIC_KEY only: it makes no certificates.",
            ));
        }
    }
    Ok(value)
}
