//! IAM v1: service account keys (discovery document iam v1, `projects.serviceAccounts.keys`).

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::emulator::api::enforce;
use crate::emulator::api::iam::accounts;
use crate::emulator::api::org_policy::guard;
use crate::emulator::call::{ApiAnswer, ApiCall, StatusError};
use crate::emulator::route::Route;
use crate::emulator::world::keys::{KeyPair, PublicKey, Signer};
use crate::emulator::world::{Shared, World};
use crate::estate::ServiceAccount;
use crate::iam::Resource;

/// "Number of service account keys for a service account: 10" (doc "Quotas and limits", IAM): the
/// user-managed ones.
const MOST: usize = 10;
/// User-managed keys do not expire: Google shows this (gcloud prints it for every key).
const NEVER: &str = "9999-12-31T23:59:59Z";

/// What is served of it.
pub(crate) const ROUTES: &[Route] = &[
    Route::new(
        "GET",
        "/v1/projects/{project}/serviceAccounts/{account}/keys",
        &["iam.serviceAccountKeys.list"],
        |shared, call| list(shared, call, &allowed(shared, call, "list")?),
    ),
    Route::new(
        "POST",
        "/v1/projects/{project}/serviceAccounts/{account}/keys",
        &["iam.serviceAccountKeys.create"],
        |shared, call| create(shared, call, &allowed(shared, call, "create")?),
    ),
    // There is no permission of its own for it (doc "Upload service account keys": the role Service
    // Account Key Admin; its permissions that write are create, delete, disable, enable).
    Route::new(
        "POST",
        "/v1/projects/{project}/serviceAccounts/{account}/keys:upload",
        &["iam.serviceAccountKeys.create"],
        |shared, call| upload(shared, call, &allowed(shared, call, "create")?),
    ),
    Route::new(
        "GET",
        "/v1/projects/{project}/serviceAccounts/{account}/keys/{key}",
        &["iam.serviceAccountKeys.get"],
        |shared, call| {
            get(
                shared,
                call,
                &allowed(shared, call, "get")?,
                call.place("key"),
            )
        },
    ),
    Route::new(
        "DELETE",
        "/v1/projects/{project}/serviceAccounts/{account}/keys/{key}",
        &["iam.serviceAccountKeys.delete"],
        |shared, call| {
            let found = allowed(shared, call, "delete")?;
            change(shared, call, &found, |keys, at| {
                keys.remove(at);
            })
        },
    ),
    Route::new(
        "POST",
        "/v1/projects/{project}/serviceAccounts/{account}/keys/{key}:disable",
        &["iam.serviceAccountKeys.disable"],
        |shared, call| {
            let found = allowed(shared, call, "disable")?;
            change(shared, call, &found, |keys, at| {
                set_disabled(keys, at, true);
            })
        },
    ),
    Route::new(
        "POST",
        "/v1/projects/{project}/serviceAccounts/{account}/keys/{key}:enable",
        &["iam.serviceAccountKeys.enable"],
        |shared, call| {
            let found = allowed(shared, call, "enable")?;
            change(shared, call, &found, |keys, at| {
                set_disabled(keys, at, false);
            })
        },
    ),
];

/// The account of the path, once the caller may do that to its keys.
fn allowed(shared: &Shared, call: &ApiCall, verb: &str) -> Result<Resource, StatusError> {
    let (project, account) = (call.place("project"), call.place("account"));
    let found = accounts::find(shared, call, project, account, "get")?;
    let permission = format!("iam.serviceAccountKeys.{verb}");
    enforce::require(shared, call, &permission, &found).map(|()| found)
}

/// Changes the key of the path, or takes it away.
fn change(
    shared: &Shared,
    call: &ApiCall,
    found: &Resource,
    change: impl FnOnce(&mut Vec<PublicKey>, usize),
) -> ApiAnswer {
    let mut world = shared.write();
    let changed = world.change_keys(found.id(), |keys| {
        let at = keys.iter().position(|key| key.id == call.place("key"))?;
        change(keys, at);
        Some(())
    });
    changed.map(|()| json!({})).ok_or_else(missing)
}

fn set_disabled(keys: &mut [PublicKey], at: usize, disabled: bool) {
    if let Some(key) = keys.get_mut(at) {
        key.disabled = disabled;
    }
}

fn missing() -> StatusError {
    StatusError::not_found("Requested entity was not found.")
}

fn name(found: &Resource, key: &PublicKey) -> String {
    format!("{}/keys/{}", found.relative(), key.id)
}

/// The eleventh key is refused with these words alone (firebase/firebase-tools#6192,
/// googleapis/google-api-dotnet-client#2027).
fn room(world: &World, found: &Resource) -> Result<(), StatusError> {
    if world.keys(found.id()).len() < MOST {
        Ok(())
    } else {
        Err(StatusError::precondition("Precondition check failed."))
    }
}

fn internal(_: std::io::Error) -> StatusError {
    StatusError::new(500, "INTERNAL", "Internal error encountered.")
}

fn account(world: &World, found: &Resource) -> Result<ServiceAccount, StatusError> {
    let account = world.estate.account(found.id());
    account.map(|a| (**a).clone()).ok_or_else(missing)
}

fn create(shared: &Shared, call: &ApiCall, found: &Resource) -> ApiAnswer {
    let p12 = match call.text("/privateKeyType").unwrap_or_default() {
        "" | "TYPE_UNSPECIFIED" | "TYPE_GOOGLE_CREDENTIALS_FILE" => false,
        "TYPE_PKCS12_FILE" => true,
        _ => return Err(unknown("private_key_type")),
    };
    let bits = match call.text("/keyAlgorithm").unwrap_or_default() {
        "" | "KEY_ALG_UNSPECIFIED" | "KEY_ALG_RSA_2048" => 2_048,
        "KEY_ALG_RSA_1024" => 1_024,
        _ => return Err(unknown("key_algorithm")),
    };
    let account = {
        let world = shared.read();
        guard::keys_allowed(&world, found)?;
        room(&world, found)?;
        account(&world, found)?
    };
    // Outside the lock: a key takes a while.
    let made = KeyPair::new(bits, &account.unique_id, call.now).map_err(internal)?;
    let (kind, data) = if p12 {
        ("TYPE_PKCS12_FILE", made.p12().map_err(internal)?)
    } else {
        let file = credentials_file(call, &account, &made).map_err(internal)?;
        ("TYPE_GOOGLE_CREDENTIALS_FILE", file.into_bytes())
    };
    let mut answer = show(found, &made.public);
    if let Some(answer) = answer.as_object_mut() {
        answer.insert("privateKeyType".into(), json!(kind));
        answer.insert("privateKeyData".into(), json!(STANDARD.encode(data)));
    }
    keep(shared, found, made.public)?;
    Ok(answer)
}

/// An enum's value that the API does not know.
fn unknown(field: &str) -> StatusError {
    StatusError::invalid(format!("Invalid value at '{field}'"))
}

/// The file that client libraries read (AIP-4112), with this emulator's addresses.
fn credentials_file(
    call: &ApiCall,
    account: &ServiceAccount,
    made: &KeyPair,
) -> std::io::Result<String> {
    let base = call.base();
    let email =
        percent_encoding::utf8_percent_encode(&account.email, percent_encoding::NON_ALPHANUMERIC)
            .to_string()
            // As Google writes it.
            .replace("%2E", ".")
            .replace("%2D", "-");
    let file = json!({
        "type": "service_account",
        "project_id": account.project_id,
        "private_key_id": made.public.id,
        "private_key": made.pem()?,
        "client_email": account.email,
        "client_id": account.unique_id,
        "auth_uri": "https://accounts.google.com/o/oauth2/auth",
        "token_uri": format!("{base}/token"),
        "auth_provider_x509_cert_url": format!("{base}/oauth2/v1/certs"),
        "client_x509_cert_url": format!("{base}/robot/v1/metadata/x509/{email}"),
        "universe_domain": "googleapis.com",
    });
    serde_json::to_string_pretty(&file).map_err(std::io::Error::other)
}

/// Stores a key, unless others filled the account's room meanwhile.
fn keep(shared: &Shared, found: &Resource, key: PublicKey) -> Result<(), StatusError> {
    let mut world = shared.write();
    room(&world, found)?;
    account(&world, found)?;
    world.change_keys(found.id(), |keys| {
        keys.push(key);
        Some(())
    });
    Ok(())
}

/// `publicKeyData` holds a certificate, base64 over its PEM. What Google says to a bad one is not
/// documented; the words after the first sentence are this emulator's.
fn upload(shared: &Shared, call: &ApiCall, found: &Resource) -> ApiAnswer {
    let bad = |why: &str| {
        StatusError::invalid(format!(
            "Request contains an invalid argument: publicKeyData: {why}."
        ))
    };
    let data = call.text("/publicKeyData").unwrap_or_default();
    // Bytes in JSON come in either alphabet (protobuf, "JSON mapping"); gcloud takes that of URLs.
    let plain = data.replace('-', "+").replace('_', "/");
    let text = STANDARD
        .decode(plain)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or_else(|| bad("it is no base64 of a text"))?;
    let key = PublicKey::upload(&text).map_err(bad)?.map_err(internal)?;
    let answer = show(found, &key);
    keep(shared, found, key)?;
    Ok(answer)
}

fn show(found: &Resource, key: &PublicKey) -> Value {
    let time = |t: jiff::Timestamp| t.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let mut value = json!({
        "name": name(found, key),
        "keyAlgorithm": match key.bits {
            1_024 => "KEY_ALG_RSA_1024",
            2_048 => "KEY_ALG_RSA_2048",
            // One of another size can only be uploaded; the API has no name for it.
            _ => "KEY_ALG_UNSPECIFIED",
        },
        "keyOrigin": if key.uploaded { "USER_PROVIDED" } else { "GOOGLE_PROVIDED" },
        "keyType": "USER_MANAGED",
        "validAfterTime": time(key.valid_after),
        "validBeforeTime": key.valid_before.map_or_else(|| NEVER.to_owned(), time),
    });
    if key.disabled
        && let Some(object) = value.as_object_mut()
    {
        // `extendedStatus` tells of keys that Google found exposed; nobody finds any here.
        object.insert("disabled".into(), json!(true));
        object.insert(
            "disableReason".into(),
            json!("SERVICE_ACCOUNT_KEY_DISABLE_REASON_USER_INITIATED"),
        );
    }
    value
}

/// The key that the emulator signs with for this account, which every account has.
fn system_managed(
    shared: &Shared,
    call: &ApiCall,
    found: &Resource,
) -> Result<Arc<Signer>, StatusError> {
    let account = account(&shared.read(), found)?;
    shared.signer_of(&account, call.now).map_err(internal)
}

fn show_system_managed(found: &Resource, key: &PublicKey) -> Value {
    let mut row = show(found, key);
    if let Some(row) = row.as_object_mut() {
        row.insert("keyType".into(), json!("SYSTEM_MANAGED"));
    }
    row
}

/// `keyTypes` says which; without it all. Of the type unspecified "the presence in the message will
/// immediately result in an error", and "duplicate key types are not allowed" (iam v1).
fn list(shared: &Shared, call: &ApiCall, found: &Resource) -> ApiAnswer {
    let mut wanted: Vec<&str> = Vec::new();
    for (_, kind) in call.query.iter().filter(|(name, _)| name == "keyTypes") {
        if !matches!(kind.as_str(), "USER_MANAGED" | "SYSTEM_MANAGED")
            || wanted.contains(&kind.as_str())
        {
            return Err(unknown("key_types"));
        }
        wanted.push(kind);
    }
    let wants = |kind| wanted.is_empty() || wanted.contains(&kind);
    let mut rows = Vec::new();
    if wants("USER_MANAGED") {
        let world = shared.read();
        rows.extend(world.keys(found.id()).iter().map(|key| show(found, key)));
    }
    if wants("SYSTEM_MANAGED") {
        let signer = system_managed(shared, call, found)?;
        rows.push(show_system_managed(found, &signer.public));
    }
    if rows.is_empty() {
        Ok(json!({}))
    } else {
        Ok(json!({ "keys": rows }))
    }
}

fn get(shared: &Shared, call: &ApiCall, found: &Resource, id: &str) -> ApiAnswer {
    let own = {
        let world = shared.read();
        let keys = world.keys(found.id());
        keys.iter().find(|key| key.id == id).cloned()
    };
    let (key, mut value) = match own {
        Some(key) => {
            let value = show(found, &key);
            (key, value)
        }
        None => {
            let signer = system_managed(shared, call, found)?;
            if signer.public.id != id {
                return Err(missing());
            }
            let value = show_system_managed(found, &signer.public);
            (signer.public.clone(), value)
        }
    };
    let data = match call.param("publicKeyType").unwrap_or_default() {
        "" | "TYPE_NONE" => return Ok(value),
        "TYPE_RAW_PUBLIC_KEY" => &key.pem,
        "TYPE_X509_PEM_FILE" => &key.certificate,
        _ => return Err(unknown("public_key_type")),
    };
    if let Some(value) = value.as_object_mut() {
        value.insert("publicKeyData".into(), json!(STANDARD.encode(data)));
    }
    Ok(value)
}
