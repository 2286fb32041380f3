//! `--watch` of the explorer: what somebody else grants turns the answer, and the terminal hears of it.

use bindscope::google::api::write_policy;
use bindscope::google::credentials::Secret;
use bindscope::google::{Client, Connect};
use bindscope::iam::Resource;

use crate::harness::{Emulator, Pty};
use crate::{CALLER, TARGET};

/// Somebody else writes the target's policy.
fn grant(emulator: &Emulator) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let connect = Connect {
        endpoint: Some(emulator.url.clone()),
        token: Some(Secret::new(&emulator.token)),
        read_only: false,
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let policy = serde_json::json!({ "bindings": [{
        "role": "roles/iam.serviceAccountTokenCreator",
        "members": [format!("serviceAccount:{CALLER}")],
    }]});
    runtime.block_on(async {
        let client = Client::connect(connect).await.unwrap();
        let target = Resource::account("data-vault", TARGET);
        write_policy(&*client.writer(), &target, &policy)
            .await
            .unwrap();
    });
}

/// The answer is asked for anew, its last states stand in a row, and when it turns, the title, the bell, and what was
/// changed say so. Title and bell are the terminal's again at the end.
#[test]
fn the_answer_turns_and_the_terminal_says_so() {
    let emulator = Emulator::start(&["--demo", "cross-project"]);
    let pair = ["--caller", CALLER, "--target", TARGET];
    let start = ["--endpoint", &emulator.url, "--watch=1"];
    let mut pty = Pty::bindscope(&[&start[..], &pair].concat(), &emulator.environment());
    pty.wait_for("watched ✗✗").wait_for("every 1 s");
    let title = |words: &str| format!("\u{1b}]0;{words}: run-processor@app-prod as bq-privileged");
    let written = |bytes: &[u8], words: &str| String::from_utf8_lossy(bytes).contains(words);
    let before = title("fails");
    pty.wait_until_bytes("the title", |bytes| written(bytes, &before));
    let rings = |bytes: &[u8]| {
        // The end of a title is no bell.
        let text = String::from_utf8_lossy(bytes).into_owned();
        let titles = regex::Regex::new("\u{1b}\\][^\u{7}\u{1b}]*(\u{7}|\u{1b}\\\\)").unwrap();
        titles.replace_all(&text, "").contains('\u{7}')
    };
    assert!(!rings(&pty.bytes()));
    grant(&emulator);
    pty.wait_for("the call would succeed")
        .wait_for("✗✓")
        .wait_for("Changed by others: ")
        .wait_for("+ Token Creator for run-processor@app-prod");
    let after = title("works");
    pty.wait_until_bytes("the new title", |bytes| written(bytes, &after));
    pty.wait_until_bytes("the bell", rings);
    pty.leave_by("TERM");
    pty.wait().given_back();
}
