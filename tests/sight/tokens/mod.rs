//! Every kind of credentials, from the real program over HTTP, under every fault on each of the endpoints that tokens
//! and names come from: nothing panics or hangs, the verdict is the one without faults, or unknown, or an error; who
//! it is is the same, or is not told; nothing is asked oftener than can help; no secret comes out; an error says where
//! the credentials are from, what came back and what to do.
//!
//! Which kinds there are and which functions send for a token is read from the sources, which endpoints there are
//! from the emulator's table.

mod front;
mod ways;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use bindscope::emulator;
use futures::stream::{self, StreamExt};
use serde_json::{Value, json};

use crate::{AT_ONCE, Comes, DEADLINE, FAULTS, draw, none_is_wrong, number};
use front::{Called, Effect, Fault, Front, Seen};
use ways::{CALLER, Keys, TARGET, Way, ways};

/// Cases by default.
const CASES: usize = 8;
/// How often what fails for a moment is asked for: once, and repeated four times (`google::pace`).
const ATTEMPTS: usize = 5;
/// The shortest piece of a secret that is looked for in what comes out.
const PIECE: usize = 12;

/// Endpoints about tokens that the emulator serves and this program does not ask.
#[rustfmt::skip]
const OF_OTHERS: [(&str, &str, &str); 11] = [
    ("POST", "/v1/introspect", "gcloud asks by it for a federated name"),
    ("GET", "/tokeninfo", "a token in an address ends in logs"),
    ("GET", "/oauth2/{version=v1|v3}/tokeninfo", "the same by its older address"),
    ("POST", "/oauth2/{version=v1|v3}/tokeninfo", "the same by its older address"),
    ("GET", "/oauth2/v1/certs", "keys are for those who verify tokens"),
    ("GET", "/oauth2/{version=v2|v3}/certs", "keys are for those who verify tokens"),
    ("GET", "/{service=service_accounts|robot}/v1/metadata/x509/{account}", "keys are for those who verify tokens"),
    ("GET", "/{service=service_accounts|robot}/v1/metadata/jwk/{account}", "keys are for those who verify tokens"),
    ("GET", "/service_accounts/v1/jwk/{account}", "keys are for those who verify tokens"),
    ("*", "/computeMetadata/{path=**}", "what is not there"),
    ("POST", "/v1/projects/{project}/serviceAccounts/{account}:generateIdToken", "no call takes an ID token"),
];
/// The emulator's sections about tokens and names.
const SECTIONS: [&str; 3] = [
    "OAuth 2 and Security Token Service v1",
    "Public keys",
    "Metadata server",
];
/// Kinds that are sent for nowhere: a token that is given, and gcloud, which is a program.
const WITHOUT: [&str; 2] = ["access_token", "gcloud"];

/// What is asked with the credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Asks {
    Who,
    Verdict,
}

/// How a run went.
struct Went {
    /// `None`: it did not end.
    code: Option<i32>,
    out: String,
    err: String,
    seen: Seen,
    /// Every file that was left behind, beside those that it was given.
    left: String,
}

impl Went {
    /// The principal, or the verdict.
    fn said(&self, asks: Asks) -> Value {
        let value: Value = serde_json::from_str(&self.out).unwrap_or_default();
        match asks {
            Asks::Who => value["principal"].clone(),
            Asks::Verdict => json!([value["verdict"], value["outcome"]]),
        }
    }
}

async fn went(host: &str, keys: &Keys, way: &Way, asks: Asks, fault: Option<Fault>) -> Went {
    let front = Front::start(host, fault).await;
    let dir = tempfile::tempdir().unwrap();
    let variables = (way.prepare)(dir.path(), &front.url, keys);
    let mut command = Command::new(env!("CARGO_BIN_EXE_bindscope"));
    command
        .env_clear()
        .env("HOME", dir.path())
        .env("XDG_STATE_HOME", dir.path().join("state"))
        .env("TMPDIR", dir.path())
        .env("LC_ALL", "C.UTF-8")
        .env("NO_PROXY", "127.0.0.1");
    if !variables
        .iter()
        .any(|(name, _)| name == "GCE_METADATA_HOST")
    {
        command.env("NO_GCE_CHECK", "true");
    }
    command.envs(variables);
    let log = dir.path().join("log");
    command.args(["--format=json", "--endpoint", &front.url]);
    command
        .arg("--log")
        .arg(&log)
        .args((way.options)(dir.path()));
    let caller = format!("serviceAccount:{CALLER}");
    match asks {
        Asks::Who => command.arg("whoami"),
        Asks::Verdict => command.args(["explain", "--caller", &caller, "--target", TARGET]),
    };
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    let id = child.id().to_string();
    let ended = tokio::task::spawn_blocking(move || child.wait_with_output());
    let output = match tokio::time::timeout(DEADLINE, ended).await {
        Ok(output) => output.unwrap().unwrap(),
        Err(_) => {
            let _ = Command::new("kill").args(["-9", &id]).status();
            return Went {
                code: None,
                out: String::new(),
                err: String::new(),
                seen: front.seen(),
                left: String::new(),
            };
        }
    };
    Went {
        code: Some(output.status.code().unwrap_or(-1)),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
        seen: front.seen(),
        left: left_in(dir.path()),
    }
}

/// The log, and what the state directory holds.
fn left_in(dir: &Path) -> String {
    let mut all = std::fs::read_to_string(dir.join("log")).unwrap_or_default();
    let mut open = vec![dir.join("state")];
    while let Some(dir) = open.pop() {
        for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else {
                let bytes = std::fs::read(path).unwrap_or_default();
                all += &String::from_utf8_lossy(&bytes);
            }
        }
    }
    all
}

/// A piece of a secret that came out.
fn leaked(went: &Went, secrets: &BTreeSet<String>) -> Option<String> {
    let texts = [&went.out, &went.err, &went.left];
    for secret in secrets {
        let bytes = secret.as_bytes();
        if bytes.len() < PIECE {
            continue;
        }
        for piece in bytes.windows(PIECE) {
            let piece = String::from_utf8_lossy(piece);
            if texts.iter().any(|text| text.contains(&*piece)) {
                return Some(piece.into_owned());
            }
        }
    }
    None
}

/// Whether a call is one for a token or a name.
fn is_about_tokens(call: &Called) -> bool {
    let route = || emulator::route_of(&call.0, &call.1);
    front::is_stood_in(call) || route().is_some_and(|route| endpoints().contains(&owned(route)))
}

fn owned((method, path): (&str, &str)) -> (String, String) {
    (method.to_owned(), path.to_owned())
}

/// The endpoints about tokens and names in the emulator's table: method and pattern.
fn endpoints() -> &'static BTreeSet<(String, String)> {
    static FOUND: OnceLock<BTreeSet<(String, String)>> = OnceLock::new();
    FOUND.get_or_init(|| {
        let mut found = BTreeSet::new();
        let mut inside = false;
        for line in emulator::routes().lines() {
            if let Some(section) = line.strip_prefix("### ") {
                inside = SECTIONS.contains(&section);
            }
            let mut cells = line.trim_start_matches("| ").split(" | ");
            let (Some(method), Some(path)) = (cells.next(), cells.next()) else {
                continue;
            };
            let method = method.replace("any", "*");
            let path = path.trim_matches('`').replace("\\|", "|");
            let mints =
                path.ends_with(":generateAccessToken") || path.ends_with(":generateIdToken");
            if path.starts_with('/') && (inside || mints) {
                found.insert((method, path));
            }
        }
        assert!(found.len() > 10, "{found:?}");
        found
    })
}

/// A run without faults of a way.
struct Full {
    way: &'static Way,
    asks: Asks,
    went: Went,
}

struct Case<'a> {
    full: &'a Full,
    fault: Fault,
    comes: Comes,
}

/// Values that no field of an answer about a token has.
fn other_values() -> [Option<Value>; 6] {
    [
        None,
        Some(json!("")),
        Some(json!("a b\r\nc")),
        Some(json!(-1)),
        Some(json!(u64::MAX)),
        Some(json!("1970-01-01T00:00:00Z")),
    ]
}

/// What comes with success and is no answer.
const SAYS: [&str; 6] = [
    "",
    "{}",
    "[]",
    "null",
    "\"text\"",
    "{\"error\": \"invalid_grant\"}",
];

/// Every fault on every endpoint that a run without faults asked.
fn cases(all: &[Full]) -> Vec<Case<'_>> {
    let mut cases = Vec::new();
    for full in all {
        for call in full.went.seen.calls.keys().filter(|c| is_about_tokens(c)) {
            let mut push = |first, effect, comes| {
                let call = call.clone();
                let fault = Fault {
                    call,
                    first,
                    effect,
                };
                cases.push(Case { full, fault, comes });
            };
            for (when, effect, comes) in FAULTS {
                push(when == "#1", Effect::Word(effect), comes);
            }
            if full.asks == Asks::Verdict {
                continue;
            }
            for says in SAYS {
                push(false, Effect::Says(says), Comes::Untrue);
            }
            let object = full.went.seen.objects.get(call);
            for name in object
                .and_then(Value::as_object)
                .into_iter()
                .flat_map(|o| o.keys())
            {
                for value in other_values() {
                    push(false, Effect::Field(name.clone(), value), Comes::Untrue);
                }
            }
        }
    }
    cases
}

/// Words that say what to do.
const TO_DO: [&str; 8] = [
    "To mend it:",
    "To get some, one of:",
    "try again",
    "check ",
    "sign in",
    "see whether",
    "HTTPS_PROXY",
    "sees to",
];

impl Case<'_> {
    /// Whether it is over when the call is made again, and the call is one that is. A name is a hint, for which
    /// nobody waits; a workforce's refresh token may be another one after an answer that was lost; how long a server that
    /// is asked too often wants to be left alone is not handed on by the crate.
    fn is_asked_again(&self) -> bool {
        let lost = [Effect::Word("reset"), Effect::Word("truncate")];
        let Fault { call, effect, .. } = &self.fault;
        let is_other = call.1 == "/v1/oauthtoken" && lost.contains(effect);
        let is_left = call.1.ends_with("/tokeninfo") || is_other;
        self.comes == Comes::Same && !is_left
    }

    fn name(&self) -> String {
        let Fault {
            call,
            first,
            effect,
        } = &self.fault;
        let when = if *first { " #1" } else { "" };
        format!(
            "{} ({:?}), {} {}{when} = {effect:?}",
            self.full.way.name, self.full.asks, call.0, call.1
        )
    }

    /// How often the call may be made.
    fn most(&self) -> usize {
        let once = self.full.went.seen.calls[&self.fault.call];
        match self.comes {
            Comes::Less | Comes::Untrue => once * ATTEMPTS,
            Comes::Same => once + 1,
            // What time it is there is asked once where a token was refused.
            _ if self.fault.call.1 == "/" => once + 1,
            _ => once,
        }
    }

    fn wrong(&self, went: &Went, secrets: &BTreeSet<String>) -> Option<String> {
        let asks = self.full.asks;
        let Some(code) = went.code else {
            return Some("it hangs".to_owned());
        };
        let said = || {
            format!(
                "code {code}\n  out {}\n  err {}",
                went.out.trim(),
                went.err.trim()
            )
        };
        if went.err.contains("panicked") || !(0..=6).contains(&code) {
            return Some(format!("it panics: {}", said()));
        }
        if let Some(piece) = leaked(went, &secrets.union(&went.seen.secrets).cloned().collect()) {
            return Some(format!("a secret comes out, {piece}: {}", said()));
        }
        let times = went.seen.calls.get(&self.fault.call).copied().unwrap_or(0);
        if times == 0 || times > self.most() {
            return Some(format!(
                "called {times} times, {} at most: {}",
                self.most(),
                said()
            ));
        }
        if code == 2 {
            // What is asked of whoever tells names gives no error.
            let from = ["credentials.json", "metadata server"];
            let named = from.iter().any(|word| went.err.contains(word));
            let to_do = TO_DO.iter().any(|word| went.err.contains(word));
            if self.is_asked_again() {
                return Some(format!("it is over when it is asked again: {}", said()));
            }
            if !named || !to_do || !went.out.is_empty() {
                return Some(format!("the error says too little: {}", said()));
            }
            return None;
        }
        let (is, was) = (went.said(asks), self.full.went.said(asks));
        let less = match asks {
            Asks::Who => is.is_null() && !self.is_asked_again(),
            Asks::Verdict => is[1] == "UNKNOWN" && !self.is_asked_again(),
        };
        (is != was && !less).then(|| format!("{is}, without faults {was}: {}", said()))
    }
}

struct Scene {
    host: String,
    keys: Keys,
    secrets: BTreeSet<String>,
    full: Vec<Full>,
}

/// Runs every way without faults.
async fn scene(emulator: &emulator::Running) -> Scene {
    let host = emulator.base_url().trim_start_matches("http://").to_owned();
    let keys = Keys::made(emulator).await;
    let runs = ways()
        .iter()
        .flat_map(|way| [(way, Asks::Who), (way, Asks::Verdict)]);
    let runs = stream::iter(runs).map(|(way, asks)| {
        let (host, keys) = (&host, &keys);
        async move {
            let went = went(host, keys, way, asks, None).await;
            Full { way, asks, went }
        }
    });
    let mut full: Vec<Full> = runs.buffer_unordered(AT_ONCE).collect().await;
    full.sort_by_key(|full| (full.way.name, full.asks));
    let mut secrets: BTreeSet<String> = keys.secrets().into_iter().collect();
    secrets.extend(front::MACHINE.map(str::to_owned));
    secrets.insert(front::SUBJECT.to_owned());
    Scene {
        host,
        keys,
        secrets,
        full,
    }
}

fn runtime() -> tokio::runtime::Runtime {
    let _ = rustls::crypto::ring::default_provider().install_default();
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap()
}

#[test]
fn every_way_to_a_token_under_every_fault() {
    let runtime = runtime();
    let emulator = runtime.block_on(ways::emulator());
    let scene = runtime.block_on(scene(&emulator));
    for full in &scene.full {
        let (went, name) = (&full.went, full.way.name);
        let code = i32::from(full.asks == Asks::Verdict);
        assert_eq!(went.code, Some(code), "{name}: {}{}", went.out, went.err);
        assert_eq!(leaked(went, &scene.secrets), None, "{name}");
        let said = went.said(full.asks);
        assert_ne!(said[1], "UNKNOWN", "{name}: {}", went.out);
    }
    every_endpoint_is_asked(&scene);

    let mut drawn = cases(&scene.full);
    let there = drawn.len();
    let mut state = number("SIGHT_SEED").unwrap_or(15);
    drawn.sort_by_cached_key(|_| draw(&mut state));
    match number("SIGHT_CASES") {
        Some(wanted) => drawn.truncate(usize::try_from(wanted).unwrap()),
        None => {
            // What never ends is waited for longer than a person who runs the tests waits.
            drawn.retain(|case| case.comes != Comes::Never);
            drawn.truncate(CASES);
        }
    }
    println!("{} of {there} cases, {} ways", drawn.len(), ways().len());
    let work = stream::iter(&drawn).map(|case| {
        let scene = &scene;
        async move {
            let full = case.full;
            let fault = Some(case.fault.clone());
            let went = went(&scene.host, &scene.keys, full.way, full.asks, fault).await;
            let wrong = case.wrong(&went, &scene.secrets)?;
            Some(format!("{}: {wrong}", case.name()))
        }
    });
    runtime.block_on(none_is_wrong(work));
    runtime.block_on(emulator.stop());
}

/// Each endpoint that there is has a way that asks it, or stands among those that nobody here asks.
fn every_endpoint_is_asked(scene: &Scene) {
    let calls = scene
        .full
        .iter()
        .flat_map(|full| full.went.seen.calls.keys());
    let calls: BTreeSet<&Called> = calls.filter(|call| is_about_tokens(call)).collect();
    let routes = calls
        .iter()
        .filter_map(|call| emulator::route_of(&call.0, &call.1));
    let asked: BTreeSet<(String, String)> = routes.map(owned).collect();
    let others = OF_OTHERS.iter().map(|(method, path, _)| (*method, *path));
    let others: BTreeSet<(String, String)> = others.map(owned).collect();
    let known: BTreeSet<(String, String)> = asked.union(&others).cloned().collect();
    assert_eq!(
        known,
        *endpoints(),
        "the ways' endpoints and those of others; the emulator's"
    );
    assert!(asked.is_disjoint(&others), "{asked:?}");
    for call in front::stood_in() {
        assert!(calls.contains(&call), "no way asks {call:?}");
    }
}

/// Every kind of credentials has a way, and every function that sends for a token is named by one.
#[test]
fn every_kind_and_every_sender_has_a_way() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/google");
    let text = std::fs::read_to_string(root.join("credentials/mod.rs")).unwrap();
    let (_, kinds) = text.split_once("pub fn word(self)").unwrap();
    let (kinds, _) = kinds.split_once("\n    }\n").unwrap();
    let kinds: BTreeSet<&str> = kinds.split('"').skip(1).step_by(2).collect();
    let mut here: BTreeSet<&str> = ways().iter().map(|way| way.kind).collect();
    here.extend(WITHOUT);
    assert_eq!(here, kinds, "the ways' kinds, and CredentialKind's");

    let mut senders = BTreeSet::new();
    let mut files = vec![root.join("client/identity.rs")];
    for entry in std::fs::read_dir(root.join("credentials")).unwrap() {
        files.push(entry.unwrap().path());
    }
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let text = text.split("#[cfg(test)]").next().unwrap();
        let name = file.strip_prefix(&root).unwrap().with_extension("");
        let name = name.to_str().unwrap().replace('\\', "/");
        // The one that the others send by.
        if name == "credentials/exchange" {
            continue;
        }
        let mut function = "";
        for line in text.lines() {
            if let Some((_, rest)) = line.split_once("fn ") {
                function = rest.split(['(', '<']).next().unwrap();
            }
            let sends = [".send()", "exchange::answered", "exchange::text("];
            if sends.iter().any(|word| line.contains(word)) {
                senders.insert(format!("{name}::{function}"));
            }
        }
    }
    let named = ways().iter().flat_map(|way| way.sends.iter());
    let named: BTreeSet<String> = named.map(|name| (*name).to_owned()).collect();
    assert_eq!(
        named, senders,
        "the ways' senders, and those in the sources"
    );
}
