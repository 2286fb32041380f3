//! What is copied, and that it does elsewhere what it did here.

use bindscope::emulator::stories::Story;
use serde_json::Value;

use crate::on_pair;
use crate::play::Opening;

/// What is copied as a command on a story that a binding mends, pasted into a shell, finds the plan that the
/// explorer shows.
pub fn plans_the_same(story: &'static Story) {
    let name = story.name.as_str();
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_bindscope"));
    let path = std::env::var("PATH").unwrap_or_default();
    let path = format!("{}:{path}", program.parent().unwrap().display());
    let home = tempfile::tempdir().unwrap();
    let pasted = |line: &str| {
        let output = std::process::Command::new("sh")
            .args(["-c", line])
            .env_clear()
            .env("PATH", &path)
            .env("HOME", home.path())
            .env("NO_PROXY", "127.0.0.1")
            .output()
            .unwrap();
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        let json = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
        (output.status.code(), json, words)
    };
    let mut play = Opening {
        size: (200, 60),
        ..Opening::story(story)
    }
    .play();
    play.keys("y").keys("fix, as<Enter>");
    let line = play.copied().unwrap().to_owned();
    let (code, json, words) = pasted(&format!("{line} --dry-run --format json"));
    assert_eq!(code, Some(0), "{name}: {line}: {words}");
    let repair = &json["repair"];
    play.keys("f").says("NOT applied yet");
    for field in ["role", "member"] {
        // A long one is broken where the line ends; its end is on one.
        let whole = repair[field].as_str().unwrap();
        play.says(whole.rsplit('/').next().unwrap());
    }
    play.keys("y").keys("fix, as<Enter>");
    assert_eq!(play.copied().unwrap(), line, "{name}");
    play.keys("<Esc>").keys("y").keys("explain, as<Enter>");
    let line = play.copied().unwrap().to_owned();
    let (code, json, words) = pasted(&format!("{line} --format json"));
    assert!(matches!(code, Some(1 | 3)), "{name}: {line}: {words}");
    assert_eq!(json["outcome"], story.expect_outcome.as_str(), "{name}");
}

#[test]
fn what_is_copied_is_what_was_asked_for() {
    let mut play = on_pair("cross-project");
    for (typed, holds) in [
        (
            "caller<Enter>",
            "serviceAccount:run-processor@app-prod.iam.gserviceaccount.com",
        ),
        (
            "gcloud command<Enter>",
            "gcloud iam service-accounts add-iam-policy-binding",
        ),
        ("terraform<Enter>", "google_service_account_iam_member"),
        ("json trouble<Enter>", "overallAccessState"),
        ("explain command<Enter>", "bindscope explain --caller"),
        ("full resource<Enter>", "//"),
    ] {
        play.keys("y").keys(typed);
        let copied = play.copied().unwrap();
        assert!(copied.contains(holds), "{typed}: {copied}");
    }
    play.keys("o");
    assert!(
        play.copied()
            .unwrap()
            .starts_with("https://console.cloud.google.com/iam-admin/")
    );
}
