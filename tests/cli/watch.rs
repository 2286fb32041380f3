//! `explain --watch`: a line each time, what turned and what others changed, and an end when nobody reads it.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::common::{CALLER, Emulator, Home, TARGET};

fn watching(home: &Home, emulator: &Emulator, more: &[&str]) -> (Child, BufReader<ChildStdout>) {
    let mut arguments = emulator.options();
    arguments.extend([
        "explain",
        "--watch=1",
        "--caller",
        CALLER,
        "--target",
        TARGET,
    ]);
    arguments.extend(more);
    let mut command = home.command(&arguments);
    command.stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let out = BufReader::new(child.stdout.take().unwrap());
    (child, out)
}

fn until(out: &mut BufReader<ChildStdout>, words: &str) -> String {
    for _ in 0..60 {
        let mut line = String::new();
        assert_ne!(
            out.read_line(&mut line).unwrap(),
            0,
            "it ended before {words}"
        );
        if line.contains(words) {
            return line;
        }
    }
    panic!("no line says {words}");
}

fn granted() -> Value {
    json!({ "bindings": [{
        "role": "roles/iam.serviceAccountTokenCreator",
        "members": [CALLER],
    }]})
}

#[test]
fn a_line_each_time_tells_turns_and_what_others_changed() {
    let home = Home::new();
    let emulator = Emulator::start(&home, &["--demo", "cross-project"]);
    let (mut child, mut out) = watching(&home, &emulator, &[]);
    until(&mut out, "the call would fail");
    until(&mut out, "the call would fail");
    emulator.set_policy(&granted());
    let line = until(&mut out, "TURNED");
    assert!(line.contains("the call would succeed"), "{line}");
    assert!(
        line.contains(
            "changed: bq-privileged@data-vault: + Token Creator for run-processor@app-prod"
        ),
        "{line}"
    );
    // Nobody reads it any more: it ends by itself.
    drop(out);
    let deadline = Instant::now() + Duration::from_secs(60);
    let code = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status.code();
        }
        assert!(
            Instant::now() < deadline,
            "it goes on although nobody reads it"
        );
        std::thread::sleep(Duration::from_millis(50));
    };
    assert_eq!(code, Some(0));
}

#[test]
fn in_json_each_line_is_an_object() {
    let home = Home::new();
    let emulator = Emulator::start(&home, &["--demo", "cross-project"]);
    let (mut child, mut out) = watching(&home, &emulator, &["--format", "json"]);
    let first: Value = serde_json::from_str(&until(&mut out, "WOULD_FAIL")).unwrap();
    assert_eq!(first["turned"], false);
    assert_eq!(first["causes"][0], "GRANT_ON_CALLERS_PROJECT");
    emulator.set_policy(&granted());
    let turned: Value = serde_json::from_str(&until(&mut out, "WOULD_SUCCEED")).unwrap();
    assert_eq!(turned["turned"], true);
    child.kill().unwrap();
    child.wait().unwrap();
}
