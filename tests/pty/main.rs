//! The real program on a pseudo-terminal: the story from a 403 to a token, and a terminal that is
//! given back whatever happens.
#![cfg(unix)]

mod harness;
mod kept;
mod leaving;
mod look;
mod plain;
mod reading;
mod recording;
mod signed_in;
mod tunnel;
mod watched;

use bindscope::google::api::read_policy;
use bindscope::google::credentials::Secret;
use bindscope::google::{Client, Connect};
use bindscope::iam::Resource;
use harness::{Emulator, Pty};

const CALLER: &str = "run-processor@app-prod.iam.gserviceaccount.com";
const TARGET: &str = "bq-privileged@data-vault.iam.gserviceaccount.com";

/// The target's policy, asked of the emulator by its administrator.
fn policy(emulator: &Emulator) -> serde_json::Value {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let connect = Connect {
        endpoint: Some(emulator.url.clone()),
        token: Some(Secret::new(&emulator.token)),
        read_only: true,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let client = Client::connect(connect).await.unwrap();
        let target = Resource::account("data-vault", TARGET);
        read_policy(&*client.reader(), &target).await.unwrap()
    })
}

#[test]
fn from_a_403_to_a_working_token() {
    let emulator = Emulator::start(&["--demo", "cross-project"]);
    let before = policy(&emulator);
    let mut pty = Pty::bindscope(&["--endpoint", &emulator.url], &emulator.environment());
    pty.wait_for("run-processor").wait_for("bq-privileged");
    pty.send("runproc\t").wait_for("1 of 2, 10 in all");
    pty.send("priv")
        .wait_for("run-processor@app-prod → bq-privileged@data-vault");
    pty.send("\r")
        .wait_for("✗ 403 until granted")
        .wait_for("◐ Token Creator, off the path")
        .wait_for("Granted on the caller's own project");
    pty.send("f").wait_for("NOT applied yet");
    pty.send("\r").wait_for("type grant, then Enter");
    assert_eq!(policy(&emulator), before, "Enter alone writes nothing");
    pty.send("grant").wait_for("type grant to apply: grant");
    assert_eq!(policy(&emulator), before, "typing writes nothing");
    pty.send("\r")
        .wait_for("It works")
        .wait_for("token minted as run-processor@app-prod");
    let after = policy(&emulator);
    let added = serde_json::json!({
        "role": "roles/iam.serviceAccountTokenCreator",
        "members": [format!("serviceAccount:{CALLER}")],
    });
    let mut wanted = before["bindings"].as_array().unwrap().clone();
    wanted.push(added);
    assert_eq!(after["bindings"], serde_json::Value::Array(wanted));
    assert_eq!(after["auditConfigs"], before["auditConfigs"]);
    pty.send("\u{1b}").wait_for("✓ works: token minted at");
    pty.send("q");
    let end = pty.wait();
    assert!(end.success, "{}", end.screen);
    end.given_back();
    assert!(
        end.screen.contains("take it back with: bindscope undo "),
        "what was changed is said on the normal screen:\n{}",
        end.screen
    );
}

/// From the start to the proof in nine keys, the word that is typed included.
#[test]
fn the_demo_needs_nothing_but_nine_keys() {
    let mut pty = Pty::bindscope(&["--demo"], &[]);
    pty.wait_for("run-processor@app-prod → bq-privileged@data-vault");
    let keys = ["\r\r", "f", "grant\r"];
    assert_eq!(keys.concat().len(), 9);
    pty.send(keys[0]).wait_for("✗ 403 until granted");
    pty.send(keys[1]).wait_for("Give access?");
    pty.send(keys[2])
        .wait_for("token minted as run-processor@app-prod");
    pty.send("Q");
    let end = pty.wait();
    end.given_back();
    assert!(
        end.screen.contains("answer      works: token minted at"),
        "{}",
        end.screen
    );
}

/// What a story tells of the call itself is part of the question, as a pasted error's is.
#[test]
fn a_story_whose_cause_is_in_the_call_tells_it() {
    let mut pty = Pty::bindscope(&["--demo=scopes"], &[]);
    pty.wait_for("run-processor@app-prod → bq-privileged@data-vault");
    pty.send("\r\r").wait_for("limited to scopes that do not");
    pty.send("q");
    pty.wait().given_back();
}

/// What happens in the explorer is written too, on no screen.
#[test]
fn the_explorer_logs_into_a_file() {
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("log");
    let pair = ["--caller", CALLER, "--target", TARGET];
    let arguments = ["--demo", "--log", log.to_str().unwrap()];
    let mut pty = Pty::bindscope(&[&arguments[..], &pair[..]].concat(), &[]);
    pty.wait_for("403 until granted");
    pty.send("q");
    assert!(pty.wait().success);
    let text = std::fs::read_to_string(&log).unwrap();
    for told in [
        "command=\"explorer\"",
        "call method=\"GET\"",
        "judged caller=",
        "exit=Done",
    ] {
        assert!(text.contains(told), "{told}: {text}");
    }
    assert!(!text.contains("ya29."), "{text}");
}

#[test]
fn without_credentials_it_says_how_to_get_some_and_offers_the_demo() {
    let mut pty = Pty::bindscope(&[], &[]);
    pty.wait_for("Not signed in to Google Cloud")
        .wait_for("gcloud auth application-default login")
        .wait_for("look around in the demo");
    // While a list loads Ctrl-C stops the load.
    pty.send("\r")
        .wait_for("demo: cross-project")
        .wait_for("in 4 projects");
    pty.send("\u{3}");
    pty.wait().given_back();
}

#[test]
fn every_way_out_gives_the_terminal_back() {
    for signal in ["INT", "TERM", "HUP", "QUIT"] {
        let mut pty = Pty::bindscope(&["--demo"], &[]);
        pty.wait_for("run-processor");
        assert!(pty.raw(), "{signal}: the explorer owns the terminal");
        pty.signal(signal);
        let end = pty.wait();
        end.given_back();
        assert!(end.success, "{signal}: {}", end.screen);
    }
    let mut pty = Pty::bindscope(&["--demo"], &[]);
    pty.wait_for("in 4 projects");
    pty.send("\u{3}");
    pty.wait().given_back();
}

#[test]
fn a_terminal_that_is_gone_ends_the_program() {
    let mut pty = Pty::bindscope(&["--demo"], &[]);
    pty.wait_for("run-processor");
    pty.hang_up();
}

#[test]
fn a_panic_gives_the_terminal_back_and_is_read() {
    let mut pty = Pty::this_test("child_that_panics", "PTY_CHILD_PANICS");
    let end = {
        pty.wait_for("boom");
        pty.wait()
    };
    end.given_back();
    assert!(!end.success);
    assert!(end.screen.contains("boom"), "{}", end.screen);
}

/// Not a test of its own: the process that [`a_panic_gives_the_terminal_back_and_is_read`] starts.
#[test]
fn child_that_panics() {
    if std::env::var_os("PTY_CHILD_PANICS").is_none() {
        return;
    }
    let terminal = bindscope::tui::run::terminal::Terminal::take(true).unwrap();
    let thread = std::thread::spawn(|| panic!("boom"));
    assert!(thread.join().is_err());
    drop(terminal);
    panic!("boom again");
}

/// Beside an answer of a source that is not its own, the explorer hears Policy Troubleshooter: one line where both
/// say the same, both reasons where one of them knows what the other does not: Cloud Identity shows the viewer no
/// group; version 3, where v3beta is not served, leaves principal access boundaries out.
#[test]
fn a_second_opinion_stands_beside_the_answer() {
    let heard = |story: &str, faults: &str, words: &[&str]| {
        let emulator = Emulator::start(&["--demo", story, "--faults", faults]);
        let variables = [
            emulator.environment(),
            vec![("NO_PROXY".to_owned(), "*".to_owned())],
        ];
        let url = ["--endpoint", &emulator.url];
        let pair = ["--caller", CALLER, "--target", TARGET];
        let mut pty = Pty::bindscope(&[&pair[..], &url].concat(), &variables.concat());
        pty.resize(100, 50);
        for words in words {
            pty.wait_for(words);
        }
        pty.send("q");
        pty.wait().given_back();
    };
    heard(
        "cross-project",
        "GET /nothing = 404",
        &["Policy Troubleshooter says the same: CANNOT_ACCESS."],
    );
    heard(
        "group",
        "GET /v1/groups* = 403",
        &[
            "Policy Troubleshooter says otherwise: CAN_ACCESS (allow",
            "Here it is UNKNOWN_INFO: ",
        ],
    );
    heard(
        "boundary",
        "POST /v3beta/iam:troubleshoot = 404",
        &[
            "Policy Troubleshooter says otherwise: CAN_ACCESS (allow",
            "Here it is CANNOT_ACCESS: ",
        ],
    );
}

#[test]
fn resizing_to_any_size_is_survived() {
    let mut pty = Pty::bindscope(&["--demo", "--caller", CALLER, "--target", TARGET], &[]);
    pty.wait_for("403 until granted");
    for (width, height) in [
        (40, 12),
        (1, 1),
        (200, 50),
        (39, 11),
        (3, 80),
        (120, 5),
        (80, 24),
    ] {
        pty.resize(width, height);
    }
    pty.wait_for("403 until granted")
        .wait_for("where bindings are");
    pty.send("q");
    pty.wait().given_back();
}

#[test]
fn pasted_keys_are_text_and_never_commands() {
    let mut pty = Pty::bindscope(&["--demo", "--caller", CALLER, "--target", TARGET], &[]);
    pty.wait_for("403 until granted");
    // Bracketed paste: the letters would open the fix, confirm it, and quit.
    pty.send("\u{1b}[200~fgrant\rq\u{1b}[201~");
    pty.wait_for("it was left alone")
        .wait_for("403 until granted");
    pty.send("q");
    pty.wait().given_back();
}

#[test]
fn no_color_keeps_the_selection_visible() {
    let mut pty = Pty::bindscope(
        &["--demo", "--caller", CALLER, "--target", TARGET],
        &[("NO_COLOR".to_owned(), "1".to_owned())],
    );
    // The picture has the focus: its selected row is reversed, where the causes' has a sign.
    pty.wait_for("403 until granted");
    pty.wait_until("a reversed line", |screen| {
        let cells = (0..24).flat_map(|y| (0..80).map(move |x| (y, x)));
        cells
            .filter_map(|(y, x)| screen.cell(y, x))
            .any(vt100::Cell::inverse)
    });
    pty.wait_until("no hue", |screen| {
        let cells = (0..24).flat_map(|y| (0..80).map(move |x| (y, x)));
        cells
            .filter_map(|(y, x)| screen.cell(y, x))
            .all(|c| c.fgcolor() == vt100::Color::Default && c.bgcolor() == vt100::Color::Default)
    });
    pty.send("q");
    pty.wait().given_back();
}

/// Something that never answers: the first frame is there all the same, and it can be left.
#[test]
fn the_first_frame_waits_for_nobody() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let host = silent.local_addr().unwrap().to_string();
    let mut pty = Pty::bindscope(&[], &[("GCE_METADATA_HOST".to_owned(), host)]);
    pty.wait_for("bindscope live");
    pty.wait_until("credentials, found or not", |screen| {
        let text = screen.contents();
        text.contains("Looking for credentials") || text.contains("Not signed in")
    });
    pty.send("\u{3}");
    let end = pty.wait();
    end.given_back();
    drop(silent);
}
