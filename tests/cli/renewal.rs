//! Tokens that end while a command is under way, and tokens that are not taken: for every kind of credentials.

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::common::{CALLER, Emulator, Home, Ran, TARGET, call};
use crate::credentials::{Stub, external, let_mint, login, program, with, with_file};
use crate::tls::{Authority, TlsServer};

const ANA: &str = "user:ana@example.com";
const RUN: &str = "run-processor@app-prod.iam.gserviceaccount.com";
const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    User,
    Key,
    Metadata,
    Gcloud,
    ImpersonationFile,
    Workload,
    Certificate,
    Workforce,
    TokenFile,
    /// `--impersonate` on top of a token.
    Impersonating,
}

use Kind::{
    Certificate, Gcloud, Impersonating, ImpersonationFile, Key, Metadata, TokenFile, User,
    Workforce, Workload,
};

/// A home with credentials of one kind, and an emulator that takes them.
struct Signed {
    home: Home,
    emulator: Emulator,
    record: PathBuf,
    file: Option<Value>,
    variables: Vec<(&'static str, String)>,
    options: Vec<String>,
    /// Where a token comes from that the emulator does not give.
    elsewhere: Option<Elsewhere>,
}

enum Elsewhere {
    Stub(Stub),
    Tls(TlsServer),
    /// A line for each.
    Lines(PathBuf),
}

impl Signed {
    /// `lifetime`: of each token, in seconds. `more`: how the emulator is started.
    fn by(kind: Kind, lifetime: i64, more: &[&str]) -> Self {
        let home = Home::new();
        let record = home.path("record");
        let lives = format!("{lifetime}s");
        let mut arguments = vec![
            "--demo",
            "--metadata-account",
            RUN,
            "--token-lifetime",
            &lives,
        ];
        arguments.extend(["--record", record.to_str().unwrap()]);
        arguments.extend(more);
        let emulator = Emulator::start(&home, &arguments);
        let mut signed = Self {
            home,
            emulator,
            record,
            file: None,
            variables: Vec::new(),
            options: Vec::new(),
            elsewhere: None,
        };
        signed.sign_in(kind, lifetime);
        signed
    }

    fn sign_in(&mut self, kind: Kind, lifetime: i64) {
        let url = self.emulator.url.clone();
        let host = url.strip_prefix("http://").unwrap().to_owned();
        let mut ana = login(&url, ANA);
        // She may not bill to it.
        ana["quota_project_id"] = Value::Null;
        let answer = json!({
            "access_token": ANA, "expires_in": lifetime - 1, "token_type": "Bearer",
            "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
        });
        let address = format!("{url}/v1/projects/-/serviceAccounts/{TARGET}:generateAccessToken");
        match kind {
            User => self.file = Some(ana),
            Key => {
                let keys = format!("{url}/v1/projects/app-prod/serviceAccounts/{RUN}/keys");
                let made = call(&keys, &self.emulator.bearer(), "{}");
                let key = STANDARD
                    .decode(made["privateKeyData"].as_str().unwrap())
                    .unwrap();
                self.file = Some(serde_json::from_slice(&key).unwrap());
            }
            Metadata => self.variables.push(("GCE_METADATA_HOST", host)),
            Gcloud => {
                let lines = self.home.path("lines");
                let script = format!(
                    "case \"$1\" in auth) echo x >> '{}'; echo {ANA};; config) echo app-prod;; esac\n",
                    lines.display()
                );
                program(&self.home, "gcloud", &script);
                let dir = self.home.dir.path().to_str().unwrap().to_owned();
                self.variables
                    .extend([("PATH", dir), ("NO_GCE_CHECK", "true".to_owned())]);
                self.elsewhere = Some(Elsewhere::Lines(lines));
            }
            ImpersonationFile => {
                let_mint(&self.emulator, TARGET, ANA);
                self.file = Some(json!({
                    "type": "impersonated_service_account",
                    "service_account_impersonation_url": address,
                    "source_credentials": ana,
                }));
            }
            Workload => {
                let stub = Stub::start(200, answer);
                let subject = self.home.write("subject", "subject-by-file");
                self.file = Some(external(&stub, json!({ "file": subject }), JWT));
                self.elsewhere = Some(Elsewhere::Stub(stub));
            }
            Certificate => {
                let (servers, clients) = (Authority::new(), Authority::new());
                let server = TlsServer::start(&servers, "localhost", Some(&clients), move |_| {
                    (
                        "200 OK\r\nContent-Type: application/json".to_owned(),
                        answer.to_string(),
                    )
                });
                let (certificate, key) = clients.client(|_| {}).files(&self.home);
                let workload = json!({ "cert_path": certificate, "key_path": key });
                let config = json!({ "cert_configs": { "workload": workload } });
                let config = self.home.write("config.json", &config.to_string());
                self.file = Some(json!({
                    "type": "external_account",
                    "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q",
                    "subject_token_type": "urn:ietf:params:oauth:token-type:mtls",
                    "token_url": format!("{}/v1/token", server.url("localhost")),
                    "credential_source": { "certificate": { "certificate_config_location": config } },
                }));
                let file = servers.file(&self.home, "servers.pem");
                self.variables.push(("SSL_CERT_FILE", file));
                self.elsewhere = Some(Elsewhere::Tls(server));
            }
            Workforce => {
                let stub = Stub::start(200, answer);
                self.file = Some(json!({
                    "type": "external_account_authorized_user",
                    "audience": "//iam.googleapis.com/locations/global/workforcePools/p/providers/q",
                    "client_id": "c", "client_secret": "the-secret-of-a-client",
                    "refresh_token": "1//0-a-refresh-token-that-is-nobodys",
                    "token_url": format!("{}/v1/oauthtoken", stub.url),
                }));
                self.elsewhere = Some(Elsewhere::Stub(stub));
            }
            TokenFile | Impersonating => {
                let token = self.home.write("token", ANA);
                self.options = vec!["--access-token-file".to_owned()];
                self.options.push(token.to_str().unwrap().to_owned());
                if kind == Impersonating {
                    let_mint(&self.emulator, TARGET, ANA);
                    self.options
                        .extend(["--impersonate".to_owned(), TARGET.to_owned()]);
                }
            }
        }
    }

    fn run(&self, command: &[&str]) -> Ran {
        let mut arguments: Vec<&str> = command.to_vec();
        arguments.extend(["--endpoint", &self.emulator.url]);
        arguments.extend(self.options.iter().map(String::as_str));
        let variables = self.variables.iter();
        let variables: Vec<_> = variables
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        match &self.file {
            Some(file) => with_file(&self.home, file, &arguments, &variables),
            None => with(&self.home, &arguments, &variables),
        }
    }

    /// The statuses of the emulator's answers, by path.
    fn answers(&self, is_meant: impl Fn(&str) -> bool) -> Vec<u64> {
        let text = std::fs::read_to_string(&self.record).unwrap();
        let lines = text
            .lines()
            .map(|l| serde_json::from_str::<Value>(l).unwrap());
        let meant = lines.filter(|l| is_meant(l["path"].as_str().unwrap()));
        meant.map(|l| l["status"].as_u64().unwrap()).collect()
    }

    /// Those to the calls that faults befall.
    fn listed(&self) -> Vec<u64> {
        self.answers(|path| path.starts_with(LIST))
    }

    fn given(&self, end: &str) -> Vec<u64> {
        self.answers(|path| path.ends_with(end))
    }

    /// How many tokens were given.
    fn tokens(&self) -> usize {
        match &self.elsewhere {
            Some(Elsewhere::Stub(stub)) => stub.asked().matches(" HTTP/1.1").count(),
            Some(Elsewhere::Tls(server)) => server.asked().len(),
            Some(Elsewhere::Lines(file)) => std::fs::read_to_string(file).unwrap().lines().count(),
            None if self
                .file
                .as_ref()
                .is_some_and(|f| f["type"] == "impersonated_service_account") =>
            {
                self.given(":generateAccessToken").len()
            }
            None if self.options.len() > 2 => self.given(":generateAccessToken").len(),
            None => self.given("/token").len(),
        }
    }
}

/// The calls that a list of projects begins with.
const LIST: &str = "/v3/projects";

/// One renewal, one more call, and it goes on.
#[test]
fn a_token_that_is_not_taken_is_renewed_once() {
    for kind in [
        User,
        Key,
        Metadata,
        Gcloud,
        ImpersonationFile,
        Workload,
        Certificate,
        Workforce,
        Impersonating,
    ] {
        let fault = format!("{LIST}* #1 = expired");
        let signed = Signed::by(kind, 3_600, &["--faults", &fault]);
        let ran = signed.run(&["list", "projects"]);
        assert_eq!(ran.code, 0, "{kind:?}: {}", ran.err);
        assert_eq!(signed.listed(), [401, 200], "{kind:?}");
        assert_eq!(signed.tokens(), 2, "{kind:?}");
    }
}

/// Calls that go side by side and meet the same refusal need one new token.
#[test]
fn calls_side_by_side_renew_once() {
    let pair = ["--caller", CALLER, "--target", TARGET];
    for kind in [User, Key, Certificate] {
        let more = [
            "--latency",
            "300ms",
            "--faults",
            "*:getIamPolicy #1-2 = expired",
        ];
        let signed = Signed::by(kind, 3_600, &more);
        let ran = signed.run(&[&["explain"], &pair[..]].concat());
        assert_ne!(ran.code, 2, "{kind:?}: {}", ran.err);
        let refused = signed.answers(|path| path.ends_with(":getIamPolicy"));
        assert_eq!(refused.iter().filter(|s| **s == 401).count(), 2, "{kind:?}");
        assert_eq!(signed.tokens(), 2, "{kind:?}");
    }
}

/// Two calls, no more, and then what to do for that kind.
#[test]
fn where_no_token_is_taken_it_says_what_to_do() {
    for (kind, words) in [
        (User, "gcloud auth application-default login"),
        (Key, "gcloud iam service-accounts keys list"),
        (Metadata, "a service account is attached to this machine"),
        (Gcloud, "gcloud auth login"),
        (ImpersonationFile, "--impersonate-service-account=ACCOUNT"),
        (Workload, "workload-identity-pools providers describe"),
        (Certificate, "workload-identity-pools providers describe"),
        (Workforce, "--login-config=FILE"),
        (
            Impersonating,
            "see whether bq-privileged@data-vault.iam.gserviceaccount.com is there",
        ),
    ] {
        let fault = format!("{LIST}* = expired");
        let signed = Signed::by(kind, 3_600, &["--faults", &fault]);
        let ran = signed.run(&["list", "projects"]);
        ran.ends(2).says("To mend it:").says(words);
        assert_eq!(signed.listed(), [401, 401], "{kind:?}");
        assert_eq!(ran.err.matches("To mend it:").count(), 1, "{}", ran.err);
    }
    // A token that was given is none that can be renewed; its file is read again, and is the same.
    let fault = format!("{LIST}* = expired");
    let signed = Signed::by(TokenFile, 3_600, &["--faults", &fault]);
    let ran = signed.run(&["list", "projects"]);
    ran.ends(2).says("gcloud auth print-access-token > ");
    assert_eq!(signed.listed(), [401]);
}

/// Somebody else keeps it fresh.
#[test]
fn a_tokens_file_is_read_again() {
    let home = Home::new();
    let token = home.write("token", "the-first-token");
    let file = token.clone();
    let server = Stub::answering(move |asked| {
        if asked.contains("authorization: Bearer the-second-token") {
            return (200, json!({}));
        }
        std::fs::write(&file, "the-second-token\n").unwrap();
        (401, json!({ "error": { "code": 401, "message": "over" } }))
    });
    let token = token.to_str().unwrap();
    let arguments = [
        "list",
        "projects",
        "--endpoint",
        &server.url,
        "--access-token-file",
        token,
    ];
    let ran = with(&home, &arguments, &[]);
    ran.ends(0);
    let log = std::fs::read_to_string(home.path("log")).unwrap();
    for text in [&ran.out, &ran.err, &log] {
        assert!(!text.contains("-token-"), "{text}");
        assert!(!text.contains("the-second"), "{text}");
    }
}

/// An answer takes longer than its token lives: no call goes out with one that is over.
#[test]
fn a_token_that_ends_meanwhile_is_renewed_before_the_next_call() {
    let pair = ["--caller", CALLER, "--target", TARGET];
    let kinds = [
        Key,
        Metadata,
        Certificate,
        Impersonating,
        User,
        ImpersonationFile,
        Workload,
        Workforce,
    ];
    // They mostly wait.
    let run = |kind: Kind| {
        let signed = Signed::by(kind, 3, &["--latency", "900ms"]);
        let ran = signed.run(&[&["explain"], &pair[..]].concat());
        assert_ne!(ran.code, 2, "{kind:?}: {}", ran.err);
        assert!(signed.tokens() >= 2, "{kind:?}: {}", signed.tokens());
        assert!(!signed.answers(|_| true).contains(&401), "{kind:?}");
    };
    std::thread::scope(|scope| {
        for kind in kinds {
            scope.spawn(move || run(kind));
        }
    });
}

/// A key that is gone is told by its token endpoint, and asked for no more than once anew.
#[test]
fn a_key_that_is_gone_names_the_command() {
    let signed = Signed::by(Key, 3_600, &[]);
    let keys = format!(
        "{}/v1/projects/app-prod/serviceAccounts/{RUN}/keys",
        signed.emulator.url
    );
    let id = signed.file.as_ref().unwrap()["private_key_id"]
        .as_str()
        .unwrap();
    let gone = call(
        &format!("{keys}/{id}:disable"),
        &signed.emulator.bearer(),
        "{}",
    );
    assert!(gone["error"].is_null(), "{gone}");
    let ran = signed.run(&["list", "projects"]);
    ran.ends(2)
        .says("invalid_grant: Invalid JWT Signature")
        .says("gcloud iam service-accounts keys list");
    assert_eq!(signed.given("/token"), [400]);
}

/// A key's assertion is signed with the time of this machine.
#[test]
fn a_clock_that_is_wrong_is_told_where_an_assertion_is_refused() {
    let head = "Date: Sun, 06 Nov 1994 08:49:37 GMT";
    let refusal = json!({
        "error": "invalid_grant",
        "error_description": "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp values in the JWT claim.",
    });
    let stub = Stub::with_head(head, 400, refusal);
    let signed = Signed::by(Key, 3_600, &[]);
    let mut key = signed.file.clone().unwrap();
    key["token_uri"] = json!(format!("{}/token", stub.url));
    let ran = with_file(&signed.home, &key, &["list", "projects"], &[]);
    ran.ends(2)
        .says("reasonable timeframe")
        .says("s ahead of the server's")
        .says("timedatectl");
    assert!(!ran.err.contains("keys list"), "{}", ran.err);

    // A login may be over beside.
    let refusal = json!({ "error": "invalid_grant", "error_description": "Bad Request" });
    let stub = Stub::with_head(head, 400, refusal);
    let ran = with_file(
        &signed.home,
        &login(&stub.url, "1//0x"),
        &["list", "projects"],
        &[],
    );
    ran.ends(2)
        .says("s ahead of the server's")
        .says("gcloud auth application-default login");
}
