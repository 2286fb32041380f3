//! What goes wrong outside: each with words that say what was tried, what came back, what to do next.

use std::net::TcpListener;

use super::common::{CALLER, Emulator, Home, TARGET};

const EXPLAIN: [&str; 5] = ["explain", "--caller", CALLER, "--target", TARGET];

fn with<'a>(first: &[&'a str]) -> Vec<&'a str> {
    first.iter().copied().chain(EXPLAIN).collect()
}

#[test]
fn without_credentials_it_says_how_to_get_some_and_offers_the_demo() {
    let home = Home::new();
    let ran = home.run(&with(&["--format=json"]));
    ran.ends(2)
        .says("gcloud auth application-default login")
        .says("bindscope --demo");
    assert_eq!(ran.out, "");
}

#[test]
fn an_estate_file_that_is_broken_is_refused_with_its_line() {
    let home = Home::new();
    let broken = home.write(
        "broken.json",
        "{\n  \"projects\": [\n    { \"name\": 7 }\n  ]\n}\n",
    );
    let ran = home.run(&with(&["--estate", broken.to_str().unwrap()]));
    ran.ends(2)
        .says("broken.json")
        .says("line 3")
        .says("projects[0]");
    let missing = home.path("missing.json");
    home.run(&with(&["--estate", missing.to_str().unwrap()]))
        .ends(2)
        .says("missing.json");
    // Of a directory every file is read.
    home.run(&with(&["--estate", home.dir.path().to_str().unwrap()]))
        .ends(2)
        .says("broken.json, line 3");
}

#[test]
fn an_estate_that_is_not_there_names_the_nearest() {
    let home = Home::new();
    home.run(&with(&["--demo=cros-project"]))
        .ends(2)
        .says("Did you mean 'cross-project'?");
}

#[test]
fn a_port_that_is_taken() {
    let home = Home::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let ran = home.run(&["emulator", "--port", &port]);
    ran.ends(2)
        .says(&format!("127.0.0.1:{port}"))
        .says("--port 0");
    assert_eq!(ran.out, "");
}

#[test]
fn an_endpoint_that_is_down() {
    let home = Home::new();
    let token = home.write("token", "anything");
    // Bound and given up again: nobody listens there.
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let url = format!("http://{free}");
    let ran = home.run(&with(&[
        "--endpoint",
        &url,
        "--access-token-file",
        token.to_str().unwrap(),
    ]));
    ran.ends(2).says("no answer").says("next: ");
    assert!(
        !ran.err.contains("anything"),
        "the token is shown: {}",
        ran.err
    );
}

/// One API is gone for good, in every way in which that happens: what it would have told is unknown, with the
/// reason at its level, and everything else is there.
#[test]
fn an_api_that_gives_no_answer_narrows_what_is_known() {
    let home = Home::new();
    for (fault, why) in [
        ("reset", "(Connection"),
        ("503", "(HTTP 503: "),
        ("429", "(HTTP 429: "),
        ("html:200", "(a page came instead of an answer"),
        ("garbled", "(the answer is not JSON: "),
    ] {
        let faults = format!("/v3/organizations/*:getIamPolicy = {fault}");
        let emulator = Emulator::start(&home, &["--demo", "no-grant", "--faults", &faults]);
        let ran = home.run(&with(&emulator.options()));
        ran.ends(3);
        let level = format!("not readable: verdict hangs on it {why}");
        assert!(ran.out.contains(&level), "{fault}: {}", ran.out);
    }
}

/// Somebody who may not read a level is told what to ask for.
#[test]
fn what_was_not_read_comes_with_a_request() {
    let home = Home::new();
    let grant = "gcloud organizations add-iam-policy-binding 1001 --member=user:ana@example.com --role=roles/iam.securityReviewer --condition=None";
    let options = ["--demo=unreadable", "--as=user:ana@example.com"];
    let ran = home.run(&with(&options));
    ran.ends(3);
    assert!(ran.out.contains(grant), "{}", ran.out);
    let json = home.run(&with(&[&options[..], &["--format=json"]].concat()));
    let json: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    let unread = json["notRead"].as_array().unwrap();
    let organization = unread
        .iter()
        .find(|thing| thing["name"] == "//cloudresourcemanager.googleapis.com/organizations/1001")
        .unwrap();
    assert_eq!(
        organization["request"],
        serde_json::json!({
            "permission": "resourcemanager.organizations.getIamPolicy",
            "role": "roles/iam.securityReviewer",
            "resource": "//cloudresourcemanager.googleapis.com/organizations/1001",
            "command": grant,
        })
    );
}

#[test]
fn a_token_that_is_not_taken() {
    let home = Home::new();
    let emulator = Emulator::start(&home, &["--demo", "cross-project"]);
    let token = home.write("token", "ya29.not-a-token-of-this-emulator");
    let options = [
        "--endpoint",
        &emulator.url,
        "--access-token-file",
        token.to_str().unwrap(),
    ];
    for command in [
        &EXPLAIN[..],
        &["list", "projects"],
        &["who", "--target", TARGET],
        &["undo"],
    ] {
        let all: Vec<&str> = options
            .iter()
            .copied()
            .chain(command.iter().copied())
            .collect();
        let ran = home.run(&all);
        ran.ends(2);
        assert!(!ran.err.contains("ya29"), "the token is shown: {}", ran.err);
    }
    let ran = home.run(&with(&options));
    ran.says("401");
    // The variable is taken where no file is given.
    let mut command = home.command(&with(&["--endpoint", &emulator.url]));
    command.env("BINDSCOPE_ACCESS_TOKEN", emulator.bearer());
    assert_eq!(command.output().unwrap().status.code(), Some(1));
    let empty = home.write("empty", "\n");
    home.run(&with(&[
        "--endpoint",
        &emulator.url,
        "--access-token-file",
        empty.to_str().unwrap(),
    ]))
    .ends(2)
    .says("the file is empty");
}

#[test]
fn an_organization_that_may_not_be_read_is_no_error() {
    let home = Home::new();
    let ran = home.run(&with(&["--demo=unreadable"]));
    ran.ends(3);
    assert!(
        ran.out.contains("not readable: verdict hangs on it"),
        "{}",
        ran.out
    );
    let ran = home.run(&with(&["--demo=unreadable-yes"]));
    ran.ends(0);
    assert!(
        ran.out.contains("not readable (decides nothing)"),
        "{}",
        ran.out
    );
}

#[test]
fn what_does_not_fit_together_is_told_before_anything_is_done() {
    let home = Home::new();
    for (arguments, words) in [
        (
            with(&["--demo", "--endpoint=http://127.0.0.1:1"]),
            "different sources",
        ),
        (with(&["--as=user:ana@example.com"]), "--as needs an estate"),
        (
            with(&["--demo", "--access-token-file=x"]),
            "a token of their own",
        ),
        (vec!["--caller", CALLER, "list", "projects"], "behind it"),
        (
            vec![
                "explain",
                "--caller",
                "group:x@example.com",
                "--target",
                TARGET,
            ],
            "set of identities",
        ),
        (
            vec!["explain", "--caller", CALLER, "--target", "projects/p"],
            "names no service account",
        ),
        (
            vec![
                "explain",
                "--caller",
                CALLER,
                "--target",
                TARGET,
                "--permission",
                "x",
            ],
            "is not a permission",
        ),
        (
            vec![
                "explain", "--caller", CALLER, "--target", TARGET, "--at", "noon",
            ],
            "RFC 3339",
        ),
        (
            vec![
                "fix",
                "--caller",
                CALLER,
                "--target",
                TARGET,
                "--expires",
                "soon",
            ],
            "length of time",
        ),
        (
            vec!["--project=a", "--folder=1", "list", "projects"],
            "cannot be used with",
        ),
        (vec![], "needs a terminal"),
        (
            vec!["--endpoint=ftp://x", "list", "projects"],
            "neither http nor https",
        ),
    ] {
        let ran = home.run(&arguments);
        ran.ends(2).says(words);
        assert_eq!(ran.out, "", "{arguments:?}");
    }
}

#[test]
fn names_from_outside_cannot_steer_the_terminal() {
    let home = Home::new();
    let evil = "\\u001b[2J\\u202e\\r\\nEVIL";
    let estate = home.write(
        "evil.json",
        &format!(
            r#"{{
  "organizations": [ {{ "name": "organizations/1", "displayName": "{evil}" }} ],
  "projects": [ {{ "name": "projects/2", "projectId": "p", "parent": "organizations/1", "displayName": "{evil}" }} ],
  "serviceAccounts": [ {{ "name": "projects/p/serviceAccounts/t@p.iam.gserviceaccount.com", "email": "t@p.iam.gserviceaccount.com", "projectId": "p", "uniqueId": "101", "displayName": "{evil}" }} ],
  "iamPolicies": {{ "//iam.googleapis.com/projects/p/serviceAccounts/t@p.iam.gserviceaccount.com": {{ "version": 3, "bindings": [ {{ "role": "roles/iam.serviceAccountTokenCreator", "members": ["user:a@b.c", "{evil}"], "condition": {{ "title": "{evil}", "expression": "request.time < timestamp(\"2020-01-01T00:00:00Z\") // {evil}" }} }} ] }} }}
}}"#
        ),
    );
    let estate = estate.to_str().unwrap();
    let target = "t@p.iam.gserviceaccount.com";
    for command in [
        vec!["explain", "--caller", "user:a@b.c", "--target", target],
        vec![
            "fix",
            "--caller",
            "user:a@b.c",
            "--target",
            target,
            "--dry-run",
        ],
        vec!["fix", "--caller", "user:a@b.c", "--target", target, "--yes"],
        vec!["list", "service-accounts"],
        vec!["list", "projects"],
        vec!["list", "bindings"],
        vec!["who", "--target", target],
        vec!["reach", "--caller", "user:a@b.c"],
        vec!["graph"],
        vec!["graph", "--format", "mermaid"],
        vec!["graph", "--format", "svg"],
        vec!["export", "-"],
        vec![
            "--format=json",
            "explain",
            "--caller",
            "user:a@b.c",
            "--target",
            target,
        ],
    ] {
        let all: Vec<&str> = ["--estate", estate].into_iter().chain(command).collect();
        let ran = home.run(&all);
        let bad = |c: char| c != '\n' && (c.is_control() || c == '\u{202e}');
        for (name, text) in [("stdout", &ran.out), ("stderr", &ran.err)] {
            assert!(!text.chars().any(bad), "{all:?} {name}: {text:?}");
            assert!(
                !text.lines().any(|l| l.starts_with("EVIL")),
                "{all:?} {name}: {text}"
            );
        }
    }
}
