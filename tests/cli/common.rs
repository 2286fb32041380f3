//! Runs the program in a home of its own, and an emulator beside it.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use serde_json::Value;

use crate::words;

pub const CALLER: &str = "serviceAccount:run-processor@app-prod.iam.gserviceaccount.com";
pub const TARGET: &str = "bq-privileged@data-vault.iam.gserviceaccount.com";
/// A time at which every story is as its index says.
pub const AT: &str = "2026-11-25T12:00:00Z";

/// An export as a stranger's file really looks, by its name in `tests/data/exports`.
pub fn met(name: &str) -> String {
    format!("{}/tests/data/exports/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// `explain` as JSON at [`AT`].
pub fn question<'a>(caller: &'a str, target: &'a str) -> [&'a str; 8] {
    [
        "--format=json",
        "explain",
        "--at",
        AT,
        "--caller",
        caller,
        "--target",
        target,
    ]
}

/// What a run came to.
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Ran {
    /// Stdout, which must be one JSON document and nothing else.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out)
            .unwrap_or_else(|e| panic!("stdout is no JSON: {e}\n{}\n{}", self.out, self.err))
    }

    /// Asserts the exit code, showing what was printed when it is another.
    #[track_caller]
    pub fn ends(&self, code: i32) -> &Self {
        assert_eq!(
            self.code, code,
            "stdout:\n{}\nstderr:\n{}",
            self.out, self.err
        );
        self
    }

    /// Asserts that stderr says this.
    #[track_caller]
    pub fn says(&self, words: &str) -> &Self {
        assert!(
            self.err.contains(words),
            "'{words}' is not in:\n{}",
            self.err
        );
        self
    }
}

/// Tries all cases at once: most of each is waiting.
pub fn side_by_side<T: Sync>(cases: &[T], check: impl Fn(&T) + Sync) {
    std::thread::scope(|scope| {
        for case in cases {
            scope.spawn(|| check(case));
        }
    });
}

/// A home of one test: state directory, temporary files.
pub struct Home {
    pub dir: tempfile::TempDir,
}

impl Home {
    pub fn new() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// The program with nothing of the person who runs the test: no credentials, no configuration.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bindscope"));
        command
            .args(arguments)
            .env_clear()
            .env("HOME", self.dir.path())
            .env("XDG_STATE_HOME", self.path("state"))
            .env("TMPDIR", self.dir.path())
            .env("LC_ALL", "C.UTF-8")
            .env("NO_PROXY", "127.0.0.1,localhost")
            .stdin(Stdio::null());
        // Windows' sockets want it.
        if let Some(root) = std::env::var_os("SystemRoot") {
            command.env("SystemRoot", root);
        }
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Ran {
        ran(self.command(arguments), "")
    }

    /// `explain` as JSON at [`AT`], behind these options of all commands (`--estate=…`, `--as=…`).
    pub fn explain(&self, options: &[&str], caller: &str, target: &str) -> Ran {
        self.run(&[options, &question(caller, target)].concat())
    }

    /// With something to read on stdin.
    pub fn pipe(&self, arguments: &[&str], input: &str) -> Ran {
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped());
        ran(command, input)
    }
}

/// A command that takes longer than this waits for something that does not come.
const PATIENCE: Duration = Duration::from_secs(120);

/// Waits for the end of a program; one that hangs is ended, and the test with it.
fn ended(child: Child) -> Output {
    let id = child.id().to_string();
    let (send, receive) = mpsc::channel();
    std::thread::spawn(move || send.send(child.wait_with_output()));
    match receive.recv_timeout(PATIENCE) {
        Ok(output) => output.unwrap(),
        Err(_) => {
            let killed = Command::new("kill").args(["-9", &id]).status();
            let output = receive.recv().unwrap().unwrap();
            panic!(
                "it did not end within {PATIENCE:?} ({killed:?}); stdout:\n{}\nstderr:\n{}",
                String::from_utf8_lossy(&output.stdout),
                String::from_utf8_lossy(&output.stderr)
            );
        }
    }
}

fn ran(mut command: Command, input: &str) -> Ran {
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(input.as_bytes()).unwrap();
    }
    let output = ended(child);
    let ran = Ran {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    };
    let mut found = words::wrong(&ran.err);
    match serde_json::from_str(&ran.out) {
        Ok(json) => sentences(&json, &mut |text| found.extend(words::wrong(text))),
        Err(_) => found.extend(words::wrong(&ran.out)),
    }
    assert!(found.is_empty(), "{command:?} says: {found:#?}");
    ran
}

/// Every text with a blank in it, which is one for people.
fn sentences(json: &Value, look: &mut dyn FnMut(&str)) {
    match json {
        Value::String(text) if text.contains(' ') => look(text),
        Value::Array(all) => all.iter().for_each(|one| sentences(one, look)),
        Value::Object(all) => all.values().for_each(|one| sentences(one, look)),
        _ => {}
    }
}

/// `bindscope emulator`, running; ended with the value.
pub struct Emulator {
    child: Child,
    out: BufReader<std::process::ChildStdout>,
    pub url: String,
    pub token: PathBuf,
}

impl Emulator {
    pub fn start(home: &Home, arguments: &[&str]) -> Self {
        let all: Vec<&str> = ["emulator", "--port", "0"]
            .iter()
            .chain(arguments)
            .copied()
            .collect();
        let mut command = home.command(&all);
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = || {
            let mut line = String::new();
            out.read_line(&mut line).unwrap();
            line.trim_end().to_owned()
        };
        let url = line();
        assert!(url.starts_with("http://127.0.0.1:"), "{url}");
        let token = line();
        let token = token
            .strip_prefix("export CLOUDSDK_AUTH_ACCESS_TOKEN_FILE=")
            .unwrap_or_else(|| panic!("{token}"));
        let token = PathBuf::from(token.trim_matches('\''));
        Self {
            child,
            out,
            url,
            token,
        }
    }

    /// The lines after the first two, up to `count`.
    pub fn lines(&mut self, count: usize) -> Vec<String> {
        let lines = (&mut self.out).lines().take(count);
        lines.map(|line| line.unwrap()).collect()
    }

    /// The options that lead a command here, as the administrator.
    pub fn options(&self) -> Vec<&str> {
        vec![
            "--endpoint",
            &self.url,
            "--access-token-file",
            self.token.to_str().unwrap(),
        ]
    }

    pub fn run(&self, home: &Home, arguments: &[&str]) -> Ran {
        let all: Vec<&str> = self
            .options()
            .into_iter()
            .chain(arguments.iter().copied())
            .collect();
        home.run(&all)
    }

    /// Asks it to end, and waits until it has; gives its exit code.
    #[cfg(unix)]
    pub fn end(mut self, signal: &str) -> i32 {
        let id = self.child.id().to_string();
        let sent = Command::new("kill")
            .args(["-s", signal, &id])
            .status()
            .unwrap();
        assert!(sent.success());
        self.child.wait().unwrap().code().unwrap_or(-1)
    }

    pub fn bearer(&self) -> String {
        std::fs::read_to_string(&self.token)
            .unwrap()
            .trim()
            .to_owned()
    }

    /// The allow policy of the story's target, as the server writes it.
    pub fn policy(&self) -> Value {
        let path = format!(
            "{}/v1/projects/data-vault/serviceAccounts/{TARGET}:getIamPolicy?options.requestedPolicyVersion=3",
            self.url
        );
        call(&path, &self.bearer(), "{}")
    }

    /// Writes it.
    pub fn set_policy(&self, policy: &Value) -> Value {
        let path = format!(
            "{}/v1/projects/data-vault/serviceAccounts/{TARGET}:setIamPolicy",
            self.url
        );
        let body = serde_json::json!({ "policy": policy }).to_string();
        call(&path, &self.bearer(), &body)
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One POST.
pub fn call(url: &str, token: &str, body: &str) -> Value {
    attempt(url, token, body).unwrap()
}

/// One POST to a server that may be gone before it answers.
pub fn attempt(url: &str, token: &str, body: &str) -> reqwest::Result<Value> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let request = client.post(url).bearer_auth(token).body(body.to_owned());
        request.send().await?.json().await
    })
}

/// With every etag replaced: they differ from run to run.
pub fn without_etags(mut value: Value) -> Value {
    fn walk(value: &mut Value) {
        match value {
            Value::Object(map) => {
                for (key, value) in map {
                    if key == "etag" {
                        *value = "[etag]".into();
                    } else {
                        walk(value);
                    }
                }
            }
            Value::Array(list) => list.iter_mut().for_each(walk),
            _ => {}
        }
    }
    walk(&mut value);
    value
}

/// Whether a directory holds no file at all.
pub fn is_empty(dir: &Path) -> bool {
    std::fs::read_dir(dir).map_or(true, |mut list| list.next().is_none())
}
