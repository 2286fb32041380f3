//! `emulator`: what it prints, who it serves, how it ends.

use super::common::{CALLER, Emulator, Home, TARGET, attempt, call};

#[test]
fn its_lines_point_gcloud_at_it() {
    let home = Home::new();
    let mut emulator = Emulator::start(&home, &["--demo", "cross-project"]);
    let lines = emulator.lines(4);
    assert_eq!(
        lines[0],
        format!("export CLOUDSDK_AUTH_TOKEN_HOST={}/token", emulator.url)
    );
    for (line, api) in lines[1..]
        .iter()
        .zip(["IAM", "IAMCREDENTIALS", "CLOUDRESOURCEMANAGER"])
    {
        assert_eq!(
            *line,
            format!(
                "export CLOUDSDK_API_ENDPOINT_OVERRIDES_{api}={}/",
                emulator.url
            )
        );
    }
}

#[test]
fn its_help_names_every_built_in_estate() {
    let home = Home::new();
    let help = home.run(&["emulator", "--help"]).ends(0).out.clone();
    for story in bindscope::emulator::stories::index() {
        assert!(help.contains(&story.title), "{}\n{help}", story.name);
    }
}

#[cfg(unix)]
#[test]
fn its_token_is_its_owners_alone_and_goes_with_it() {
    use std::os::unix::fs::PermissionsExt;

    let home = Home::new();
    for signal in ["INT", "TERM", "HUP"] {
        let emulator = Emulator::start(&home, &["--demo", "cross-project"]);
        let token = emulator.token.clone();
        let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&token), 0o600);
        assert_eq!(mode(token.parent().unwrap()), 0o700);
        assert!(emulator.bearer().starts_with("ya29."));
        assert_eq!(emulator.end(signal), 0, "{signal}");
        assert!(!token.exists(), "{signal}: the token's file is still there");
        assert!(!token.parent().unwrap().exists());
    }
}

#[test]
fn a_bearer_that_is_a_member_is_that_principal() {
    let home = Home::new();
    let emulator = Emulator::start(&home, &["--demo", "cross-project"]);
    let url = format!(
        "{}/v1/projects/-/serviceAccounts/{TARGET}:generateAccessToken",
        emulator.url
    );
    let body = r#"{"scope": ["https://www.googleapis.com/auth/cloud-platform"]}"#;
    let refused = super::common::call(&url, CALLER, body);
    assert_eq!(
        refused["error"]["message"],
        "Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist)."
    );
    emulator
        .run(
            &home,
            &["fix", "--yes", "--caller", CALLER, "--target", TARGET],
        )
        .ends(0);
    let minted = super::common::call(&url, CALLER, body);
    assert!(minted["accessToken"].is_string(), "{minted}");
}

#[test]
fn a_policy_counts_only_after_its_delay() {
    let home = Home::new();
    let emulator = Emulator::start(
        &home,
        &["--demo", "cross-project", "--propagation", "1500ms"],
    );
    let ran = emulator.run(
        &home,
        &[
            "fix",
            "--yes",
            "--wait",
            "60s",
            "--caller",
            CALLER,
            "--target",
            TARGET,
            "--format=json",
        ],
    );
    let json = ran.ends(0).json();
    assert_eq!(json["verifiedBy"], "a real token was minted");
    ran.says("look 2");
}

/// Killed in the middle of writes, again and again: whatever was answered is there, and the file is whole.
#[cfg(unix)]
#[test]
fn a_kept_state_survives_being_killed() {
    let home = Home::new();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state.json");
    let arguments = ["--demo", "--persist", file.to_str().unwrap()];
    let accounts = |url: &str| format!("{url}/v1/projects/data-vault/serviceAccounts");
    let named = |id: &str| serde_json::json!({ "accountId": id }).to_string();
    let mut answered: Vec<String> = Vec::new();
    for round in 0..4 {
        let emulator = Emulator::start(&home, &arguments);
        let (url, token) = (accounts(&emulator.url), emulator.bearer());
        for id in &answered {
            let again = call(&url, &token, &named(id));
            assert_eq!(again["error"]["status"], "ALREADY_EXISTS", "{id}: {again}");
        }
        let (made, come) = std::sync::mpsc::channel();
        let writer = std::thread::spawn(move || {
            for n in 0.. {
                let id = format!("writer-{round}-{n:04}");
                match attempt(&url, &token, &named(&id)) {
                    Ok(account) if account["uniqueId"].is_string() => made.send(id).unwrap(),
                    _ => return,
                }
            }
        });
        answered.extend(come.iter().take(5));
        emulator.end("KILL");
        answered.extend(come.iter());
        writer.join().unwrap();
    }
    assert!(answered.len() >= 20, "{answered:?}");
}
