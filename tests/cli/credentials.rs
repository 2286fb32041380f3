//! Every kind of credentials as its files are written, from the real program to token endpoints over HTTP.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use serde_json::{Value, json};

use crate::common::{Emulator, Home, Ran, TARGET, call, side_by_side};

const RUN: &str = "run-processor@app-prod.iam.gserviceaccount.com";
/// What no output may hold.
const REFRESH: &str = "1//0-a-refresh-token-that-is-nobodys";
const CLIENT: &str = "the-secret-of-a-client";

/// A server that remembers what it was asked.
pub struct Stub {
    pub url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Stub {
    /// One that answers everything alike.
    pub fn start(status: u16, answer: Value) -> Self {
        Self::answering(move |_| (status, answer.clone()))
    }

    /// The same, with a line of the answer's head.
    pub fn with_head(line: &'static str, status: u16, answer: Value) -> Self {
        Self::serving(line, move |_| (status, answer.clone()))
    }

    /// One whose answer depends on the request.
    pub fn answering(answer: impl Fn(&str) -> (u16, Value) + Send + 'static) -> Self {
        Self::serving("X-Nothing: 1", answer)
    }

    fn serving(line: &'static str, answer: impl Fn(&str) -> (u16, Value) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let mut reader = BufReader::new(stream);
                let (mut text, mut length) = (String::new(), 0);
                loop {
                    let mut line = String::new();
                    if reader.read_line(&mut line).unwrap_or(0) == 0 || line == "\r\n" {
                        break;
                    }
                    if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                        length = value.trim().parse().unwrap();
                    }
                    text.push_str(&line);
                }
                let mut body = vec![0; length];
                reader.read_exact(&mut body).unwrap();
                text.push_str(&String::from_utf8_lossy(&body));
                let (status, answer) = answer(&text);
                log.lock().unwrap().push(text);
                let answer = answer.to_string();
                let head = format!(
                    "HTTP/1.1 {status} X\r\n{line}\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
                    answer.len()
                );
                let stream = reader.get_mut();
                let _ = stream.write_all(format!("{head}{answer}").as_bytes());
            }
        });
        Self { url, asked }
    }

    /// One that gives the token of a member, as the emulator takes it.
    fn giving(member: &str) -> Self {
        Self::start(
            200,
            json!({
                "access_token": member, "expires_in": 3_600, "token_type": "Bearer",
                "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
            }),
        )
    }

    pub fn asked(&self) -> String {
        self.asked.lock().unwrap().join("\n")
    }
}

/// Runs with a credentials file.
pub fn with_file(home: &Home, file: &Value, arguments: &[&str], more: &[(&str, &str)]) -> Ran {
    let path = home.write("credentials.json", &file.to_string());
    let mut variables = vec![(VARIABLE, path.to_str().unwrap())];
    variables.extend(more);
    with(home, arguments, &variables)
}

/// Runs with variables; whatever it prints and logs holds no secret.
pub fn with(home: &Home, arguments: &[&str], variables: &[(&str, &str)]) -> Ran {
    let mut command: Command = home.command(arguments);
    let log = home.path("log");
    command
        .envs(variables.iter().copied())
        .arg("--log")
        .arg(&log);
    let output = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    let ran = Ran {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    };
    let log = std::fs::read_to_string(log).unwrap();
    let held = variables.iter().find(|(name, _)| *name == VARIABLE);
    let file = held.and_then(|(_, path)| std::fs::read_to_string(path).ok());
    let mut secrets =
        secrets_in(&serde_json::from_str(&file.unwrap_or_default()).unwrap_or_default());
    secrets.extend([REFRESH, CLIENT, "PRIVATE KEY", "ya29.", "eyJ", "Bearer"].map(str::to_owned));
    secrets.extend(["subject-by-", "AKIAEXAMPLE"].map(str::to_owned));
    secrets.extend(keys_in(home));
    for secret in secrets {
        for text in [&ran.out, &ran.err, &log] {
            assert!(!text.contains(&secret), "{secret}: {text}");
        }
    }
    ran
}

/// Every line of a private key that lies in the home.
fn keys_in(home: &Home) -> Vec<String> {
    let files = std::fs::read_dir(home.dir.path()).unwrap().flatten();
    let texts = files.filter_map(|f| std::fs::read_to_string(f.path()).ok());
    let keys = texts.filter(|text| text.contains("PRIVATE KEY-----"));
    let lines = keys.flat_map(|k| k.lines().map(str::to_owned).collect::<Vec<_>>());
    lines
        .filter(|l| !l.starts_with("---") && l.len() > 20)
        .collect()
}

pub const VARIABLE: &str = "GOOGLE_APPLICATION_CREDENTIALS";

/// Every value in a credentials file, or in an answer, that is a secret: a member's name, which the emulator
/// takes for its token, is none.
pub fn secrets_in(value: &Value) -> Vec<String> {
    match value {
        Value::Object(map) => {
            let of = |(key, value): (&String, &Value)| match value {
                Value::String(text) if SECRET_KEYS.contains(&key.as_str()) => vec![text.clone()],
                _ => secrets_in(value),
            };
            map.iter()
                .flat_map(of)
                .filter(|s| !s.contains(':'))
                .collect()
        }
        Value::Array(list) => list.iter().flat_map(secrets_in).collect(),
        _ => Vec::new(),
    }
}

const SECRET_KEYS: [&str; 9] = [
    "private_key",
    "private_key_id",
    "client_secret",
    "refresh_token",
    "access_token",
    "accessToken",
    "id_token",
    "privateKeyData",
    "signedJwt",
];

pub fn login(token_endpoint: &str, refresh: &str) -> Value {
    json!({
        "type": "authorized_user", "client_id": "c.apps.googleusercontent.com", "client_secret": CLIENT,
        "refresh_token": refresh, "quota_project_id": "app-prod", "token_uri": format!("{token_endpoint}/token"),
    })
}

pub fn whoami(url: &str) -> [&str; 5] {
    ["whoami", "--endpoint", url, "--format", "json"]
}

#[track_caller]
pub fn is(ran: &Ran, principal: &str, kind: &str) -> Value {
    ran.ends(0);
    let value = ran.json();
    assert_eq!(value["principal"], principal, "{value}");
    assert_eq!(value["kind"], kind, "{value}");
    value
}

/// Lets a member mint tokens of an account.
pub fn let_mint(emulator: &Emulator, account: &str, member: &str) {
    let project = account.split(['@', '.']).nth(1).unwrap();
    let at = format!(
        "{}/v1/projects/{project}/serviceAccounts/{account}",
        emulator.url
    );
    let mut policy = call(&format!("{at}:getIamPolicy"), &emulator.bearer(), "{}");
    let binding = json!({ "role": "roles/iam.serviceAccountTokenCreator", "members": [member] });
    match policy["bindings"].as_array_mut() {
        Some(bindings) => bindings.push(binding),
        None => policy["bindings"] = json!([binding]),
    }
    let body = json!({ "policy": policy }).to_string();
    let set = call(&format!("{at}:setIamPolicy"), &emulator.bearer(), &body);
    assert!(set["error"].is_null(), "{set}");
}

#[test]
fn a_persons_login() {
    let home = Home::new();
    let emulator = Emulator::start(&home, &["--demo"]);
    let file = login(&emulator.url, "user:ana@example.com");
    let ran = with_file(&home, &file, &whoami(&emulator.url), &[]);
    let value = is(&ran, "user:ana@example.com", "authorized_user");
    assert_eq!(value["renewed"], true);
    assert!(value["until"].is_string(), "{value}");
    assert_eq!(value["quotaProject"]["project"], "app-prod");
    assert!(ran.out.contains("GOOGLE_APPLICATION_CREDENTIALS"));

    let ran = with_file(&home, &file, &["whoami", "--endpoint", &emulator.url], &[]);
    ran.ends(0);
    assert!(ran.out.contains("user:ana@example.com\n"), "{}", ran.out);
    assert!(ran.out.contains("then renewed"), "{}", ran.out);

    // The place where gcloud leaves it.
    let place = home.path(".config/gcloud");
    std::fs::create_dir_all(&place).unwrap();
    std::fs::write(
        place.join("application_default_credentials.json"),
        file.to_string(),
    )
    .unwrap();
    is(
        &with(&home, &whoami(&emulator.url), &[]),
        "user:ana@example.com",
        "authorized_user",
    );
}

#[test]
fn a_login_that_is_over_names_the_command() {
    let home = Home::new();
    let stub = Stub::start(
        400,
        json!({ "error": "invalid_grant", "error_subtype": "invalid_rapt", "error_description": "reauth related error (invalid_rapt)" }),
    );
    let ran = with_file(
        &home,
        &login(&stub.url, REFRESH),
        &["list", "projects"],
        &[],
    );
    ran.ends(2)
        .says("invalid_rapt")
        .says("gcloud auth application-default login");
    assert!(stub.asked().contains("refresh_token"));
}

#[test]
fn a_service_accounts_key() {
    let home = Home::new();
    let emulator = Emulator::start(&home, &["--demo"]);
    let url = format!(
        "{}/v1/projects/app-prod/serviceAccounts/{RUN}/keys",
        emulator.url
    );
    let made = call(&url, &emulator.bearer(), "{}");
    let key = made["privateKeyData"].as_str().unwrap();
    let key = base64::engine::general_purpose::STANDARD
        .decode(key)
        .unwrap();
    let key: Value = serde_json::from_slice(&key).unwrap();
    let who = format!("serviceAccount:{RUN}");
    let value = is(
        &with_file(&home, &key, &whoami(&emulator.url), &[]),
        &who,
        "service_account",
    );
    assert!(value["until"].is_string(), "{value}");
    assert_eq!(value["project"], "app-prod");
    // Behind a proxy another crate serves it, with a token of its own signature.
    let proxied = [("HTTPS_PROXY", "http://127.0.0.1:9")];
    let value = is(
        &with_file(&home, &key, &whoami(&emulator.url), &proxied),
        &who,
        "service_account",
    );
    assert!(value["until"].is_string(), "{value}");
}

#[test]
fn the_metadata_server() {
    let home = Home::new();
    let emulator = Emulator::start(&home, &["--demo", "--metadata-account", RUN]);
    let host = emulator.url.strip_prefix("http://").unwrap();
    let ran = with(
        &home,
        &whoami(&emulator.url),
        &[("GCE_METADATA_HOST", host)],
    );
    let value = is(&ran, &format!("serviceAccount:{RUN}"), "metadata_server");
    assert_eq!(value["from"], host);
    assert!(value["until"].is_string(), "{value}");
}

/// A page that comes in its place is nobody's name.
#[test]
fn a_page_in_the_metadata_servers_place_is_no_account() {
    let home = Home::new();
    let faults = "GET /computeMetadata/v1/instance/service-accounts/default/email = html:200; GET /computeMetadata/v1/project/project-id = html:200";
    let emulator = Emulator::start(
        &home,
        &["--demo", "--metadata-account", RUN, "--faults", faults],
    );
    let host = emulator.url.strip_prefix("http://").unwrap();
    let ran = with(
        &home,
        &whoami(&emulator.url),
        &[("GCE_METADATA_HOST", host)],
    );
    let value = ran.json();
    assert_eq!(value["kind"], "metadata_server", "{}", ran.err);
    assert_eq!(value["project"], Value::Null);
    let all = format!("{}{}", ran.out, ran.err).to_lowercase();
    assert!(
        !all.contains("<html") && !all.contains("<!doctype"),
        "{all}"
    );
}

pub fn program(home: &Home, name: &str, script: &str) -> PathBuf {
    let path = home.write(name, &format!("#!/bin/sh\n{script}"));
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
    path
}

#[test]
fn gclouds_own_login() {
    let home = Home::new();
    let emulator = Emulator::start(&home, &["--demo"]);
    program(
        &home,
        "gcloud",
        "case \"$1\" in auth) echo user:ana@example.com;; config) echo app-prod;; esac\n",
    );
    let dir = home.dir.path().to_str().unwrap();
    let variables = [
        ("PATH", dir),
        ("NO_GCE_CHECK", "true"),
        ("CLOUDSDK_BILLING_QUOTA_PROJECT", "data-vault"),
    ];
    let value = is(
        &with(&home, &whoami(&emulator.url), &variables),
        "user:ana@example.com",
        "gcloud",
    );
    assert_eq!(
        value["quotaProject"]["from"],
        "gcloud's billing/quota_project"
    );

    // Its tokens are those of an account where its settings say so.
    program(&home, "gcloud", "echo a-token-that-tells-nothing\n");
    for (set, who) in [
        ("", "user:ana@example.com"),
        (TARGET, &format!("serviceAccount:{TARGET}")),
        (
            &format!("{RUN},{TARGET}"),
            &format!("serviceAccount:{TARGET}"),
        ),
    ] {
        let variables = [
            ("PATH", dir),
            ("NO_GCE_CHECK", "true"),
            ("CLOUDSDK_CORE_ACCOUNT", "ana@example.com"),
            ("CLOUDSDK_AUTH_IMPERSONATE_SERVICE_ACCOUNT", set),
        ];
        let ran = with(&home, &whoami(&emulator.url), &variables);
        is(&ran, who, "gcloud");
        assert!(!ran.out.contains("tells-nothing"), "{}", ran.out);
    }
}

#[test]
fn an_impersonating_file_with_a_delegate() {
    let home = Home::new();
    let emulator = Emulator::start(&home, &["--demo"]);
    let_mint(&emulator, RUN, "user:ana@example.com");
    let_mint(&emulator, TARGET, &format!("serviceAccount:{RUN}"));
    let mut source = login(&emulator.url, "user:ana@example.com");
    // She may not bill to it.
    source["quota_project_id"] = Value::Null;
    let file = json!({
        "type": "impersonated_service_account",
        "service_account_impersonation_url": format!("{}/v1/projects/-/serviceAccounts/{TARGET}:generateAccessToken", emulator.url),
        "delegates": [format!("projects/-/serviceAccounts/{RUN}")],
        "source_credentials": source,
    });
    let ran = with_file(&home, &file, &whoami(&emulator.url), &[]);
    let who = format!("serviceAccount:{TARGET}");
    is(&ran, &who, "impersonated_service_account");

    // The same by the option, on top of a person's login and of a token.
    let chain = format!("{RUN},{TARGET}");
    let mut arguments = whoami(&emulator.url).to_vec();
    arguments.extend(["--impersonate", &chain]);
    let ran = with_file(&home, &source, &arguments, &[]);
    let value = is(&ran, &who, "authorized_user");
    assert_eq!(value["impersonates"]["delegates"], json!([RUN]));
    let token = home.write("token", "user:ana@example.com\n");
    arguments.extend(["--access-token-file", token.to_str().unwrap()]);
    is(&with(&home, &arguments, &[]), &who, "access_token");
    let token = home.write("token", "user:nobody@example.com\n");
    arguments.extend(["--access-token-file", token.to_str().unwrap()]);
    arguments.drain(7..9);
    with(&home, &arguments, &[]).ends(2).says(TARGET);
}

pub fn external(stub: &Stub, source: Value, kind: &str) -> Value {
    json!({
        "type": "external_account",
        "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q",
        "subject_token_type": kind,
        "token_url": format!("{}/v1/token", stub.url),
        "credential_source": source,
    })
}

#[test]
fn identities_from_elsewhere() {
    const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";
    let home = Home::new();
    let emulator = Emulator::start(&home, &["--demo"]);
    let subject = home.write("subject", "subject-by-file");
    let elsewhere = Stub::start(200, json!({ "value": "subject-by-url" }));
    let answer = json!({ "version": 1, "success": true, "token_type": JWT, "id_token": "subject-by-program" });
    let run = program(&home, "subject.sh", &format!("echo '{answer}'\n"));
    let sources = [
        (json!({ "file": subject }), JWT, "subject-by-file"),
        (
            json!({ "url": elsewhere.url, "format": { "type": "json", "subject_token_field_name": "value" } }),
            JWT,
            "subject-by-url",
        ),
        (
            json!({ "executable": { "command": run } }),
            JWT,
            "subject-by-program",
        ),
        (
            json!({
                "environment_id": "aws1",
                "regional_cred_verification_url": "https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15",
            }),
            "urn:ietf:params:aws:token-type:aws4_request",
            "GetCallerIdentity",
        ),
    ];
    let variables = [
        ("GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES", "1"),
        ("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("AWS_REGION", "eu-west-1"),
    ];
    for (source, kind, sent) in sources {
        let stub = Stub::giving("user:ana@example.com");
        let file = external(&stub, source, kind);
        let ran = with_file(&home, &file, &whoami(&emulator.url), &variables);
        is(&ran, "user:ana@example.com", "external_account");
        assert!(stub.asked().contains(sent), "{sent}: {}", stub.asked());
    }
}

/// Run only where that is allowed, told what it is asked for, and not run where its file still has a token.
#[test]
fn a_program_that_gives_the_identity() {
    const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";
    let home = Home::new();
    let emulator = Emulator::start(&home, &["--demo"]);
    let kept = home.dir.path().join("kept.json");
    let runs = home.dir.path().join("runs");
    let end = jiff::Timestamp::now().as_second() + 3_000;
    let answer = |token: &str| json!({ "version": 1, "success": true, "token_type": JWT, "id_token": token, "expiration_time": end });
    let (first, second) = (answer("subject-printed"), answer("subject-kept"));
    let run = program(
        &home,
        "subject.sh",
        &format!(
            "echo \"$1|$GOOGLE_EXTERNAL_ACCOUNT_AUDIENCE|$GOOGLE_EXTERNAL_ACCOUNT_TOKEN_TYPE|$GOOGLE_EXTERNAL_ACCOUNT_INTERACTIVE|$GOOGLE_EXTERNAL_ACCOUNT_OUTPUT_FILE\" >> {}\necho '{second}' > {}\necho '{first}'\n",
            runs.display(),
            kept.display(),
        ),
    );
    let command = format!("{} 'one word'", run.display());
    let source = json!({ "executable": { "command": command, "output_file": kept, "timeout_millis": 5000 } });
    let allowed = [("GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES", "1")];
    let stub = Stub::giving("user:ana@example.com");
    let file = external(&stub, source, JWT);
    let told = with_file(&home, &file, &whoami(&emulator.url), &[]);
    told.ends(2)
        .says("To mend it: export GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES=1");
    assert!(!runs.exists());
    for sent in ["subject-printed", "subject-kept"] {
        let stub = Stub::giving("user:ana@example.com");
        let mut file = file.clone();
        file["token_url"] = json!(format!("{}/v1/token", stub.url));
        let ran = with_file(&home, &file, &whoami(&emulator.url), &allowed);
        is(&ran, "user:ana@example.com", "external_account");
        assert!(stub.asked().contains(sent), "{sent}: {}", stub.asked());
    }
    let ran = std::fs::read_to_string(&runs).unwrap();
    let audience = file["audience"].as_str().unwrap();
    assert_eq!(
        ran,
        format!("one word|{audience}|{JWT}|0|{}\n", kept.display())
    );

    // One that fails says why, and nothing of what it printed in place of a token.
    for (script, words) in [
        (
            "echo subject-printed; echo 'no session' >&2; exit 3",
            "no session",
        ),
        ("echo subject-printed", "no JSON"),
    ] {
        std::fs::remove_file(&kept).ok();
        let run = program(&home, "failing.sh", script);
        let file = external(&stub, json!({ "executable": { "command": run } }), JWT);
        let told = with_file(&home, &file, &whoami(&emulator.url), &allowed);
        told.ends(2).says(words);
        let all = format!("{}{}", told.out, told.err);
        assert!(!all.contains("subject-printed"), "{all}");
    }
}

#[test]
fn an_identity_from_elsewhere_that_acts_as_an_account() {
    let home = Home::new();
    let emulator = Emulator::start(&home, &["--demo"]);
    let_mint(&emulator, TARGET, "user:ana@example.com");
    let stub = Stub::giving("user:ana@example.com");
    let subject = home.write("subject", "s");
    let mut file = external(
        &stub,
        json!({ "file": subject }),
        "urn:ietf:params:oauth:token-type:jwt",
    );
    let url = format!(
        "{}/v1/projects/-/serviceAccounts/{TARGET}:generateAccessToken",
        emulator.url
    );
    file["service_account_impersonation_url"] = json!(url);
    let ran = with_file(&home, &file, &whoami(&emulator.url), &[]);
    is(
        &ran,
        &format!("serviceAccount:{TARGET}"),
        "external_account",
    );
}

#[test]
fn a_workforce_login() {
    let home = Home::new();
    let emulator = Emulator::start(&home, &["--demo"]);
    let stub = Stub::giving("user:ana@example.com");
    let file = json!({
        "type": "external_account_authorized_user",
        "audience": "//iam.googleapis.com/locations/global/workforcePools/p/providers/q",
        "client_id": "c", "client_secret": CLIENT, "refresh_token": REFRESH,
        "token_url": format!("{}/v1/oauthtoken", stub.url),
    });
    let ran = with_file(&home, &file, &whoami(&emulator.url), &[]);
    is(
        &ran,
        "user:ana@example.com",
        "external_account_authorized_user",
    );
    assert!(
        stub.asked().contains("grant_type=refresh_token"),
        "{}",
        stub.asked()
    );
}

/// Nobody tells whose a federated token is; by which provider it came the file says.
#[test]
fn a_federated_token_is_told_by_its_provider() {
    let home = Home::new();
    let stub = Stub::giving("a-token-that-tells-nothing");
    let subject = home.write("subject", "s");
    let file = external(
        &stub,
        json!({ "file": subject }),
        "urn:ietf:params:oauth:token-type:jwt",
    );
    let emulator = Emulator::start(&home, &["--demo"]);
    let ran = with_file(&home, &file, &["whoami", "--endpoint", &emulator.url], &[]);
    ran.ends(0);
    let words =
        "an identity that projects/1/locations/global/workloadIdentityPools/p/providers/q admits";
    assert!(ran.out.starts_with(words), "{}", ran.out);
    assert!(!ran.out.contains("tells-nothing"), "{}", ran.out);
}

/// Acting as an account is billed as every other call is, and goes without where that is refused.
#[test]
fn acting_as_an_account_is_billed_too() {
    let home = Home::new();
    let stub = Stub::answering(|asked| {
        let refusal = |message: &str, reason: &str| {
            json!({ "error": { "code": 403, "message": message, "status": "PERMISSION_DENIED",
                "details": [{ "@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason }] } })
        };
        let billed = asked.contains("x-goog-user-project: bill");
        match asked {
            _ if !asked.contains(":generateAccessToken") => (200, json!({})),
            _ if asked.contains("denied@") && billed => {
                (403, refusal("Not on bill.", "USER_PROJECT_DENIED"))
            }
            _ if asked.contains("needy@") && !billed => (
                403,
                refusal(
                    "The iamcredentials.googleapis.com API requires a quota project, which is not set by default.",
                    "SERVICE_DISABLED",
                ),
            ),
            _ => (
                200,
                json!({ "accessToken": "user:ana@example.com", "expireTime": "2100-01-01T00:00:00Z" }),
            ),
        }
    });
    let token = home.write("token", "t");
    let run = |account: &str, more: &[&str]| {
        let mut arguments = vec!["list", "projects", "--endpoint", &stub.url];
        arguments.extend([
            "--access-token-file",
            token.to_str().unwrap(),
            "--impersonate",
            account,
        ]);
        arguments.extend(more);
        with(&home, &arguments, &[])
    };
    run("needy@p.iam.gserviceaccount.com", &[])
        .ends(2)
        .says("requires a quota project")
        .says("--billing-project PROJECT");
    run(
        "needy@p.iam.gserviceaccount.com",
        &["--billing-project", "bill"],
    )
    .ends(0);
    run(
        "denied@p.iam.gserviceaccount.com",
        &["--billing-project", "bill"],
    )
    .ends(0);
}

/// What fails for a moment where a token is minted is asked again; what says no is not.
#[test]
fn a_token_is_asked_for_again_where_that_can_help() {
    let faults = [
        ("#1 = 503", 2, 0),
        ("#1 = reset", 2, 0),
        ("#1 = truncate", 2, 0),
        ("#1 = 429", 2, 0),
        ("#1+ = 403", 1, 2),
        ("#1+ = 429:1h", 1, 2),
        ("#1+ = html:511", 1, 2),
    ];
    side_by_side(&faults, |(fault, calls, code)| {
        let home = Home::new();
        let minting = format!("POST /v1/projects/-/serviceAccounts/*:generateAccessToken {fault}");
        let emulator = Emulator::start(&home, &["--demo", "--faults", &minting]);
        let_mint(&emulator, TARGET, "user:ana@example.com");
        let token = home.write("token", "user:ana@example.com\n");
        let token = token.to_str().unwrap();
        let mut arguments = whoami(&emulator.url).to_vec();
        arguments.extend(["--impersonate", TARGET, "--access-token-file", token]);
        let ran = with(&home, &arguments, &[]);
        let log = std::fs::read_to_string(home.path("log")).unwrap();
        let asked = log.lines().filter(|l| l.contains(":generateAccessToken"));
        let what = format!("{fault}: {}\n{log}", ran.err);
        assert_eq!((asked.count(), ran.code), (*calls, *code), "{what}");
    });
}

#[test]
fn a_file_that_cannot_be_used_says_why_and_nobody_else_is_used() {
    let home = Home::new();
    for (file, words) in [
        (
            json!({ "type": "gdch_service_account" }),
            "gdch_service_account, which is not served",
        ),
        (
            json!({ "installed": { "client_secret": CLIENT } }),
            "OAuth client",
        ),
        (
            json!({ "type": "service_account", "client_email": RUN }),
            "service account key",
        ),
        (
            json!({ "type": "external_account", "credential_source": { "certificate": {} } }),
            "use_default_certificate_config",
        ),
    ] {
        let ran = with_file(&home, &file, &["list", "projects"], &[]);
        ran.ends(2).says("credentials.json").says(words);
    }
    let variables = [(VARIABLE, "/nowhere/key.json")];
    with(&home, &["list", "projects"], &variables)
        .ends(2)
        .says("/nowhere/key.json");
}

#[test]
fn a_quota_project_goes_with_each_call_and_is_left_out_where_it_is_refused() {
    let home = Home::new();
    let stub = Stub::start(
        403,
        json!({ "error": { "code": 403, "status": "PERMISSION_DENIED",
            "message": "Caller does not have required permission to use project bill.",
            "details": [{ "@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "USER_PROJECT_DENIED" }] } }),
    );
    let token = home.write("token", "t");
    let arguments = [
        "list",
        "projects",
        "--endpoint",
        &stub.url,
        "--access-token-file",
        token.to_str().unwrap(),
    ];
    let ran = with(&home, &arguments, &[("GOOGLE_CLOUD_QUOTA_PROJECT", "bill")]);
    ran.ends(2)
        .says("serviceusage.services.use")
        .says("GOOGLE_CLOUD_QUOTA_PROJECT");
    let asked = stub.asked.lock().unwrap();
    let billed: Vec<bool> = asked
        .iter()
        .map(|a| a.contains("x-goog-user-project: bill"))
        .collect();
    assert!(billed[0] && !billed[1], "{billed:?}");
}
