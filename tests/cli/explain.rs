//! `explain`: every story, over HTTP, through the program.

use serde_json::{Value, json};

use super::common::{AT, CALLER, Home, TARGET, without_etags};

pub fn stories() -> Vec<Value> {
    serde_json::from_str(include_str!("../../assets/estates/index.json")).unwrap()
}

/// The arguments that ask a story's question.
pub fn asks(story: &Value) -> Vec<String> {
    let text = |name: &str| story[name].as_str().unwrap_or_default().to_owned();
    let mut all = vec![
        format!("--demo={}", text("name")),
        "explain".into(),
        "--format=json".into(),
        format!("--at={AT}"),
        format!("--caller={}", text("caller")),
        format!("--target={}", text("target")),
        format!("--permission={}", text("permission")),
    ];
    if let Some(via) = story["via"].as_array() {
        all.extend(via.iter().map(|v| format!("--via={}", v.as_str().unwrap())));
    }
    if let Some(attributes) = story["attributes"].as_object() {
        let given = attributes.iter();
        all.extend(given.map(|(k, v)| format!("--attribute={k}={}", v.as_str().unwrap())));
    }
    all
}

#[test]
fn every_story_ends_as_its_index_says() {
    let home = Home::new();
    for story in stories().iter().filter(|s| s["name"] != "large") {
        let arguments = asks(story);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let ran = match story["pasted"].as_str() {
            Some(text) => home.pipe(&[arguments.as_slice(), &["-"]].concat(), text),
            None => home.run(&arguments),
        };
        let json = ran.json();
        let name = &story["name"];
        assert_eq!(json["verdict"], story["expectVerdict"], "{name}");
        assert_eq!(json["outcome"], story["expectOutcome"], "{name}");
        assert_eq!(
            json["troubleshoot"]["overallAccessState"], json["verdict"],
            "{name}"
        );
        let code = match json["outcome"].as_str().unwrap() {
            "WOULD_SUCCEED" => 0,
            "WOULD_FAIL" => 1,
            _ => 3,
        };
        ran.ends(code);
        let kinds: Vec<&Value> = json["causes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|c| &c["kind"])
            .collect();
        for expected in story["expectCauses"].as_array().unwrap() {
            assert!(
                kinds.contains(&expected),
                "{name}: {expected} is not in {kinds:?}"
            );
        }
        let repairs = json["repairs"].as_array().unwrap();
        assert_eq!(!repairs.is_empty(), story["repairable"] == true, "{name}");
        assert_eq!(
            json.get("hops").is_some(),
            story.get("via").is_some(),
            "{name}"
        );
        assert_eq!(
            json.get("pasted").is_some(),
            story.get("pasted").is_some(),
            "{name}"
        );
        // Where the error says that scopes are the reason, they were looked at.
        let mut not_judged = json!(["VPC_SERVICE_CONTROLS", "ORGANIZATION_POLICIES"]);
        if name != "scopes" {
            not_judged
                .as_array_mut()
                .unwrap()
                .push("TOKEN_SCOPES".into());
        }
        assert_eq!(json["notJudged"], not_judged, "{name}");
        let denied = json["pasted"]["kind"] == "IMPERSONATION_DENIED";
        if story.get("pasted").is_none() || denied {
            assert_eq!(ran.err, "", "{name}");
        } else {
            assert!(ran.err.starts_with("The error: "), "{name}: {}", ran.err);
        }
    }
}

#[test]
fn the_shape_is_the_contracts() {
    let home = Home::new();
    for name in ["cross-project", "delegation", "inherited"] {
        let all = stories();
        let story = all.iter().find(|s| s["name"] == name).unwrap();
        let arguments = asks(story);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let json = without_etags(home.run(&arguments).json());
        insta::assert_json_snapshot!(format!("explain_{name}"), json);
    }
}

#[test]
fn the_text_begins_with_the_answer_and_names_every_level() {
    let home = Home::new();
    let ran = home.run(&[
        "--demo", "explain", "--at", AT, "--caller", CALLER, "--target", TARGET,
    ]);
    ran.ends(1);
    assert!(
        ran.out.starts_with(
            "✗ run-processor@app-prod does not get through to bq-privileged@data-vault\n"
        ),
        "{}",
        ran.out
    );
    for words in [
        "Granted on the caller's own project",
        "organization example.com",
        "folder data",
        "project data-vault",
        "◐ project app-prod",
        "off the path",
        "No deny policy stands on the way.",
        "Not judged: VPC Service Controls perimeters",
        "grant roles/iam.serviceAccountTokenCreator to",
    ] {
        assert!(ran.out.contains(words), "'{words}' is not in:\n{}", ran.out);
    }
    assert!(!ran.out.contains('\u{1b}'), "no colours in a pipe");
}

#[test]
fn accounts_are_named_as_they_are_printed() {
    let home = Home::new();
    let ask = |caller: &str, target: &str| {
        let ran = home.run(&[
            "--demo",
            "--format=json",
            "explain",
            &format!("--at={AT}"),
            "--caller",
            caller,
            "--target",
            target,
        ]);
        ran.ends(1).json()
    };
    assert_eq!(
        ask("run-processor@app-prod", "bq-privileged@data-vault"),
        ask(CALLER, TARGET)
    );
}

#[test]
fn without_utf_8_the_signs_are_ascii() {
    let home = Home::new();
    for (name, value) in [("LC_ALL", "C"), ("BINDSCOPE_ASCII", "1")] {
        let mut command =
            home.command(&["--demo", "explain", "--caller", CALLER, "--target", TARGET]);
        command.env(name, value);
        let output = command.output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.starts_with("x run-processor"), "{name}: {text}");
        assert!(text.is_ascii(), "{name}: {text}");
    }
}

#[test]
fn a_target_that_does_not_exist_is_an_answer_with_the_nearest_names() {
    let home = Home::new();
    let wrong = "bq-priviledged@data-vault.iam.gserviceaccount.com";
    let ran = home.run(&[
        "--demo",
        "--format=json",
        "explain",
        "--caller",
        CALLER,
        "--target",
        wrong,
    ]);
    let json = ran.ends(1).json();
    assert_eq!(json["outcome"], "WOULD_FAIL");
    assert_eq!(json["causes"][0]["kind"], "TARGET_NOT_FOUND");
    assert_eq!(json["repairs"], json!([]));
    assert!(
        json["causes"][0]["remedy"]
            .as_str()
            .unwrap()
            .contains(TARGET),
        "{json}"
    );
    let wrong = "run-procesor@app-prod.iam.gserviceaccount.com";
    let ran = home.run(&["--demo", "explain", "--caller", wrong, "--target", TARGET]);
    assert!(
        ran.ends(1)
            .out
            .contains("run-processor@app-prod.iam.gserviceaccount.com"),
        "{}",
        ran.out
    );
    home.run(&[
        "--demo",
        "who",
        "--target",
        "bq-priviledged@data-vault.iam.gserviceaccount.com",
    ])
    .ends(2)
    .says(&format!("did you mean {TARGET}"));
}

#[test]
fn another_permission_may_be_asked_for() {
    let home = Home::new();
    let ran = home.run(&[
        "--demo=role-lacks",
        "--format=json",
        "explain",
        "--caller",
        CALLER,
        "--target",
        TARGET,
        "--permission",
        "iam.serviceAccounts.actAs",
    ]);
    assert_eq!(ran.ends(0).json()["verdict"], "CAN_ACCESS");
}

#[test]
fn claims_are_mapped_where_they_are_given() {
    let home = Home::new();
    let claims = home.write("claims.json", "[1]");
    let ran = home.run(&[
        "--demo=github",
        "explain",
        "--caller",
        CALLER,
        "--target",
        TARGET,
        "--claims",
        claims.to_str().unwrap(),
    ]);
    ran.ends(2).says("it is JSON, and no object");
    let claims = home.write("claims.json", "{\"sub\": \"x\"}");
    let ran = home.run(&[
        "--demo=github",
        "explain",
        "--caller",
        CALLER,
        "--target",
        TARGET,
        "--claims",
        claims.to_str().unwrap(),
    ]);
    ran.ends(1);
}

#[test]
fn whose_eyes_these_are_makes_a_difference() {
    let home = Home::new();
    let ran = home.run(&[
        "--demo",
        "--as=user:eve@example.com",
        "--format=json",
        "explain",
        "--caller",
        CALLER,
        "--target",
        TARGET,
    ]);
    let json = ran.json();
    // Eve may read no policy, so that a grant could be anywhere.
    assert_eq!(json["verdict"], "UNKNOWN_INFO");
    ran.ends(3);
}

/// A viewer who sees the target and its project, and not what lies above: a deny rule may stand there, and
/// that is said where everything else is granted.
#[test]
fn what_lies_above_may_deny_and_that_is_said() {
    let home = Home::new();
    let account = "projects/heron-app/serviceAccounts/vault@heron-app.iam.gserviceaccount.com";
    let estate = serde_json::json!({
        "organizations": [{ "name": "organizations/1", "displayName": "heron.example" }],
        "folders": [{ "name": "folders/2", "parent": "organizations/1" }],
        "projects": [{ "name": "projects/30", "projectId": "heron-app", "parent": "folders/2" }],
        "serviceAccounts": [{ "name": account, "projectId": "heron-app", "uniqueId": "100",
            "email": "vault@heron-app.iam.gserviceaccount.com" }],
        "iamPolicies": {
            "//cloudresourcemanager.googleapis.com/projects/heron-app": { "bindings": [
                { "role": "roles/iam.securityReviewer", "members": ["user:vic@heron.example"] }] },
            format!("//iam.googleapis.com/{account}"): { "bindings": [
                { "role": "roles/iam.serviceAccountUser", "members": ["user:gil@gmail.com"] }] }
        }
    });
    let file = home.write("estate.json", &estate.to_string());
    let source = format!("--estate={}", file.display());
    let ask = |more: &[&str]| {
        let mut all = vec![source.as_str(), "--as=user:vic@heron.example"];
        all.extend(more);
        all.extend([
            "explain",
            "--at",
            AT,
            "--caller",
            "user:gil@gmail.com",
            "--target",
        ]);
        all.extend(["vault@heron-app.iam.gserviceaccount.com", "--permission"]);
        all.push("iam.serviceAccounts.actAs");
        home.run(&all)
    };
    let ran = ask(&["--format=json"]);
    let json = ran.ends(3).json();
    assert_eq!(json["verdict"], "UNKNOWN_INFO");
    let causes = json["causes"].as_array().unwrap();
    assert!(!causes.is_empty(), "{json}");
    assert!(
        causes.iter().all(|c| c["kind"] == "POLICY_NOT_READABLE"),
        "{json}"
    );
    let text = ask(&[]).out;
    assert!(text.contains("a deny rule"), "{text}");
    assert!(
        !text.contains("No deny policy stands on the way.\n"),
        "{text}"
    );
}
