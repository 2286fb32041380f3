//! Every way to a token: the credentials as their files are written, the variables that name them, and which of the
//! program's functions send for them.

use std::path::Path;
use std::sync::OnceLock;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bindscope::emulator::{self, Options, Running};
use bindscope::estate::file;
use serde_json::{Value, json};

use super::front::ANA;

pub const CALLER: &str = "runner@tern-data.iam.gserviceaccount.com";
pub const TARGET: &str = "ledger@tern-data.iam.gserviceaccount.com";
/// The account that is acted as.
const ACTED: &str = "acted@tern-data.iam.gserviceaccount.com";
const POOL: &str = "projects/7001/locations/global/workloadIdentityPools/ours";
const ISSUER: &str = "https://issuer.example";
const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";
const REFRESH: &str = "1//0-a-refresh-token-that-is-nobodys";
const CLIENT: &str = "the-secret-of-a-client";

/// An estate in which whoever signs in sees everything, and may act as [`ACTED`]; the caller may not impersonate the
/// target.
pub async fn emulator() -> Running {
    let account = |email: &str, id: &str| {
        json!({ "name": format!("projects/tern-data/serviceAccounts/{email}"), "projectId": "tern-data",
            "uniqueId": id, "email": email })
    };
    let provider = |name: &str, issuer: &str, audience: &str| {
        json!({ "name": format!("{POOL}/providers/{name}"), "attributeMapping": { "google.subject": "assertion.sub" },
            "oidc": { "issuerUri": issuer, "allowedAudiences": [audience] } })
    };
    let seeing = [
        ANA.to_owned(),
        format!("serviceAccount:{CALLER}"),
        format!("serviceAccount:{ACTED}"),
        format!("principalSet://iam.googleapis.com/{POOL}/*"),
    ];
    let roles = [
        "roles/owner",
        "roles/resourcemanager.organizationAdmin",
        "roles/iam.organizationRoleAdmin",
        "roles/iam.denyAdmin",
        "roles/iam.principalAccessBoundaryAdmin",
    ];
    let all = roles.map(|role| json!({ "role": role, "members": seeing }));
    // The deny policies' and boundaries' own: no role of Google's in the built-in table need hold all of them.
    let minter =
        json!({ "role": "roles/iam.serviceAccountTokenCreator", "members": seeing.clone() });
    let estate = json!({
        "organizations": [{ "name": "organizations/1001", "displayName": "tern.example", "directoryCustomerId": "C0tern" }],
        "projects": [{ "name": "projects/7001", "projectId": "tern-data", "parent": "organizations/1001" }],
        "serviceAccounts": [account(TARGET, "118"), account(CALLER, "117"), account(ACTED, "119")],
        "iamPolicies": {
            "//cloudresourcemanager.googleapis.com/organizations/1001": { "bindings": all },
            format!("//iam.googleapis.com/projects/tern-data/serviceAccounts/{ACTED}"): { "bindings": [minter] },
        },
        "denyPolicies": [],
        "pools": [{ "name": POOL }],
        "providers": [provider("file", ISSUER, "ours"), provider("machine", "https://accounts.google.com", "ours")],
    });
    let estate = file::read_text("tokens", &estate.to_string()).unwrap();
    let options = Options {
        metadata_account: Some(CALLER.to_owned()),
        ..Options::default()
    };
    emulator::start(estate, options).await.unwrap()
}

/// How a way is set up: files in this directory, token endpoints below this address; the variables to run with.
type Prepare = fn(&Path, &str, &Keys) -> Vec<(String, String)>;

/// A way to a token.
pub struct Way {
    pub name: &'static str,
    /// The word of its kind (`CredentialKind::word`).
    pub kind: &'static str,
    /// The functions that send for it: file and name below `src/google`.
    pub sends: &'static [&'static str],
    /// Options beside `--endpoint`.
    pub options: fn(&Path) -> Vec<String>,
    pub prepare: Prepare,
}

/// What takes long to make.
pub struct Keys {
    /// A service account's key file, without its `token_uri`.
    pub account: Value,
    certificate: String,
    private: String,
}

impl Keys {
    pub async fn made(emulator: &Running) -> Self {
        let url = format!(
            "{}/v1/projects/tern-data/serviceAccounts/{CALLER}/keys",
            emulator.base_url()
        );
        let made = reqwest::Client::new().post(url);
        let made = made.bearer_auth(emulator.admin_token()).json(&json!({}));
        let made: Value = made.send().await.unwrap().json().await.unwrap();
        let key = STANDARD.decode(made["privateKeyData"].as_str().unwrap());
        let own = rcgen::generate_simple_self_signed(vec!["workload".to_owned()]).unwrap();
        Self {
            account: serde_json::from_slice(&key.unwrap()).unwrap(),
            certificate: own.cert.pem(),
            private: own.signing_key.serialize_pem(),
        }
    }

    /// The lines of private keys.
    pub fn secrets(&self) -> Vec<String> {
        let account = self.account["private_key"].as_str().unwrap();
        let lines = account.lines().chain(self.private.lines());
        let lines = lines.filter(|line| !line.starts_with("---"));
        let mut all: Vec<String> = lines.map(str::to_owned).collect();
        all.extend([REFRESH, CLIENT].map(str::to_owned));
        all
    }
}

fn write(dir: &Path, name: &str, content: &str) -> String {
    let path = dir.join(name);
    std::fs::write(&path, content).unwrap();
    path.to_str().unwrap().to_owned()
}

fn named(dir: &Path, file: &Value) -> Vec<(String, String)> {
    let path = write(dir, "credentials.json", &file.to_string());
    vec![("GOOGLE_APPLICATION_CREDENTIALS".to_owned(), path)]
}

fn login(url: &str) -> Value {
    json!({ "type": "authorized_user", "client_id": "c.apps.googleusercontent.com", "client_secret": CLIENT,
        "refresh_token": ANA, "token_uri": format!("{url}/token") })
}

fn account_key(url: &str, keys: &Keys) -> Value {
    let mut key = keys.account.clone();
    key["token_uri"] = json!(format!("{url}/token"));
    key
}

fn acting(url: &str) -> String {
    format!("{url}/v1/projects/-/serviceAccounts/{ACTED}:generateAccessToken")
}

fn impersonating(url: &str, source: &Value) -> Value {
    json!({ "type": "impersonated_service_account", "source_credentials": source,
        "service_account_impersonation_url": acting(url) })
}

fn federated(url: &str, provider: &str, source: &Value) -> Value {
    json!({ "type": "external_account", "audience": format!("//iam.googleapis.com/{POOL}/providers/{provider}"),
        "subject_token_type": JWT, "token_url": format!("{url}/v1/token"), "credential_source": source })
}

/// A token of [`ISSUER`]'s, which the emulator takes at its word.
fn subject(dir: &Path) -> Value {
    let now = jiff::Timestamp::now().as_second();
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let head = part(&json!({ "alg": "RS256", "typ": "JWT" }));
    let claims =
        json!({ "iss": ISSUER, "aud": "ours", "sub": "job", "iat": now, "exp": now + 3_600 });
    let token = format!(
        "{head}.{}.{}",
        part(&claims),
        URL_SAFE_NO_PAD.encode("none")
    );
    json!({ "file": write(dir, "subject", &token) })
}

fn foreign(url: &str, source: &Value, kind: &str) -> Value {
    let mut file = federated(url, "file", source);
    file["token_url"] = json!(format!("{url}/foreign/v1/token"));
    file["subject_token_type"] = json!(kind);
    file
}

fn by_certificate(dir: &Path, url: &str, keys: &Keys) -> Value {
    let certificate = write(dir, "workload.pem", &keys.certificate);
    let key = write(dir, "workload.key", &keys.private);
    let config =
        json!({ "cert_configs": { "workload": { "cert_path": certificate, "key_path": key } } });
    let config = write(dir, "certificate_config.json", &config.to_string());
    let source = json!({ "certificate": { "certificate_config_location": config } });
    foreign(url, &source, "urn:ietf:params:oauth:token-type:mtls")
}

fn nothing(_: &Path) -> Vec<String> {
    Vec::new()
}

fn impersonate(_: &Path) -> Vec<String> {
    ["--impersonate", ACTED].map(str::to_owned).to_vec()
}

/// Every way; a new kind of credentials, and a new function that sends for a token, has to be in it.
pub fn ways() -> &'static [Way] {
    static WAYS: OnceLock<Vec<Way>> = OnceLock::new();
    WAYS.get_or_init(|| {
        let way = |name, kind, sends, prepare| Way {
            name,
            kind,
            sends,
            options: nothing,
            prepare,
        };
        vec![
            way("a person's login", "authorized_user", &["credentials/login::exchange", "client/identity::token_info", "client/identity::with_clock"], |dir, url, _| {
                named(dir, &login(url))
            }),
            way("a key", "service_account", &["credentials/key::token"], |dir, url, keys| {
                named(dir, &account_key(url, keys))
            }),
            way("a machine", "metadata_server", &["credentials/metadata::is_here", "credentials/metadata::text", "credentials/metadata::token"], |_, url, _| {
                let host = url.trim_start_matches("http://").to_owned();
                vec![("GCE_METADATA_HOST".to_owned(), host)]
            }),
            way("a login that acts as an account", "impersonated_service_account", &["credentials/acting::exchange"], |dir, url, _| {
                named(dir, &impersonating(url, &login(url)))
            }),
            way("a key that acts as an account", "impersonated_service_account", &[], |dir, url, keys| {
                named(dir, &impersonating(url, &account_key(url, keys)))
            }),
            Way {
                options: impersonate,
                ..way("a login, --impersonate", "authorized_user", &[], |dir, url, _| named(dir, &login(url)))
            },
            way("a token in a file", "external_account", &["credentials/federation::token"], |dir, url, _| {
                named(dir, &federated(url, "file", &subject(dir)))
            }),
            way("a token in a file that acts as an account", "external_account", &[], |dir, url, _| {
                let mut file = federated(url, "file", &subject(dir));
                file["service_account_impersonation_url"] = json!(acting(url));
                named(dir, &file)
            }),
            way("a token at an address", "external_account", &["credentials/federation::subject"], |dir, url, _| {
                let at = format!("{url}/computeMetadata/v1/instance/service-accounts/default/identity?audience=ours");
                let source = json!({ "url": at, "headers": { "Metadata-Flavor": "Google" } });
                named(dir, &federated(url, "machine", &source))
            }),
            way("a token in an object at an address", "external_account", &[], |dir, url, _| {
                let format = json!({ "type": "json", "subject_token_field_name": "value" });
                let source = json!({ "url": format!("{url}/subject"), "format": format });
                named(dir, &foreign(url, &source, JWT))
            }),
            way("a program's token", "external_account", &[], |dir, url, _| {
                let token = std::fs::read_to_string(subject(dir)["file"].as_str().unwrap()).unwrap();
                let answer = json!({ "version": 1, "success": true, "token_type": JWT, "id_token": token });
                let answer = write(dir, "answer.json", &answer.to_string());
                let source = json!({ "executable": { "command": format!("cat '{answer}'") } });
                let mut variables = named(dir, &federated(url, "file", &source));
                variables.push(("GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES".to_owned(), "1".to_owned()));
                variables
            }),
            way("a machine of Amazon's", "external_account", &["credentials/amazon::keys", "credentials/amazon::text_of"], |dir, url, _| {
                let source = json!({ "environment_id": "aws1", "region_url": format!("{url}/aws/region"),
                    "url": format!("{url}/aws/roles"), "imdsv2_session_token_url": format!("{url}/aws/token"),
                    "regional_cred_verification_url": "https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15" });
                named(dir, &foreign(url, &source, "urn:ietf:params:aws:token-type:aws4_request"))
            }),
            way("a certificate", "external_account", &[], |dir, url, keys| {
                named(dir, &by_certificate(dir, url, keys))
            }),
            way("a certificate that acts as an account", "impersonated_service_account", &[], |dir, url, keys| {
                named(dir, &impersonating(url, &by_certificate(dir, url, keys)))
            }),
            way("a workforce's login", "external_account_authorized_user", &[], |dir, url, _| {
                let file = json!({ "type": "external_account_authorized_user",
                    "audience": "//iam.googleapis.com/locations/global/workforcePools/p/providers/q",
                    "client_id": "c", "client_secret": CLIENT, "refresh_token": REFRESH,
                    "token_url": format!("{url}/v1/oauthtoken") });
                named(dir, &file)
            }),
        ]
    })
}
