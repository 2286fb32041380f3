//! Accounts of which an export tells the unique id alone: asked about by it, never by an address.

use std::fs;

use serde_json::{Value, json};

use super::common::{AT, Home, met};

const RUNNER: &str = "serviceAccount:runner@shop-app.iam.gserviceaccount.com";
const ID: &str = "100000000000000000002";
const CREATOR: &str = "roles/iam.serviceAccountTokenCreator";

/// An export of policies, of an organization, a folder, two projects and one account.
fn policies() -> String {
    fs::read_to_string(met("05-policies-only.ndjson")).unwrap()
}

struct Asked {
    home: Home,
    source: String,
}

impl Asked {
    fn of(text: &str) -> Self {
        let home = Home::new();
        let source = format!("--estate={}", home.write("policies.ndjson", text).display());
        Self { home, source }
    }

    fn run(&self, code: i32, line: &[&str]) -> String {
        let all: Vec<&str> = [&self.source]
            .into_iter()
            .map(String::as_str)
            .chain(line.iter().copied())
            .collect();
        let ran = self.home.run(&all);
        ran.ends(code);
        ran.out
    }

    fn json(&self, code: i32, line: &[&str]) -> Value {
        let line: Vec<&str> = ["--format=json"]
            .into_iter()
            .chain(line.iter().copied())
            .collect();
        serde_json::from_str(&self.run(code, &line)).unwrap()
    }
}

#[test]
fn by_its_unique_id_everything_in_the_file_is_told() {
    let asked = Asked::of(&policies());
    let full = format!("//iam.googleapis.com/projects/shop-data/serviceAccounts/{ID}");
    let who = asked.json(0, &["who", "--at", AT, "--target", ID]);
    assert_eq!(who["target"], full.as_str(), "{who}");
    let first = &who["results"][0];
    assert_eq!(first["principal"], RUNNER, "{who}");
    assert_eq!(first["verdict"], "CAN_ACCESS", "{who}");
    // Accounts without a policy of their own are not in such an export.
    assert_eq!(who["complete"], false, "{who}");
    for target in [
        ID,
        &full,
        &format!("projects/shop-data/serviceAccounts/{ID}"),
        &format!("projects/810000000002/serviceAccounts/{ID}"),
    ] {
        let told = asked.json(
            0,
            &[
                "explain", "--at", AT, "--caller", RUNNER, "--target", target,
            ],
        );
        assert_eq!(told["verdict"], "CAN_ACCESS", "{told}");
        assert_eq!(told["target"], full.as_str(), "{told}");
    }
    let told = asked.json(
        1,
        &[
            "explain",
            "--at",
            AT,
            "--caller",
            "user:ana@example.net",
            "--target",
            ID,
        ],
    );
    assert_eq!(told["verdict"], "CANNOT_ACCESS", "{told}");
    let reach = asked.json(0, &["reach", "--at", AT, "--caller", RUNNER]);
    assert_eq!(reach["results"][0]["target"], full.as_str(), "{reach}");
    assert_eq!(reach["complete"], false, "{reach}");
    let list = asked.json(0, &["list", "service-accounts"]);
    assert_eq!(list["complete"], false, "{list}");
    let listed = &list["serviceAccounts"][0];
    assert_eq!(listed["uniqueId"], ID, "{list}");
    assert_eq!(
        listed.get("email"),
        None,
        "a unique id is no address: {list}"
    );
    let text = asked.run(0, &["who", "--at", AT, "--target", ID]);
    assert!(text.contains("runner@shop-app"), "{text}");
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("which are a part of the estate"), "{text}");
}

#[test]
fn a_repair_and_an_expectation_go_by_the_unique_id() {
    let asked = Asked::of(&policies());
    let fixed = asked.run(
        0,
        &[
            "fix",
            "--at",
            AT,
            "--caller",
            "user:ana@example.net",
            "--target",
            ID,
            "--dry-run",
        ],
    );
    assert!(fixed.contains(ID) && fixed.contains(CREATOR), "{fixed}");
    let applied = asked.json(
        0,
        &[
            "fix",
            "--caller",
            "user:ana@example.net",
            "--target",
            ID,
            "--yes",
        ],
    );
    assert_eq!(applied["applied"], true, "{applied}");
    let after = applied["after"].to_string();
    assert!(after.contains("user:ana@example.net"), "{applied}");
    let expectations = format!("[[expect]]\ncaller = '{RUNNER}'\ntarget = '{ID}'\nmay = 'yes'\n");
    let file = asked.home.write("expected.toml", &expectations);
    asked.run(0, &["test", &file.display().to_string()]);
}

/// Which address the account has nobody can tell: what hangs on it is unknown, whoever asks.
#[test]
fn which_address_it_has_is_unknown_and_never_denied() {
    let asked = Asked::of(&policies());
    let told = asked.json(
        3,
        &[
            "explain",
            "--at",
            AT,
            "--caller",
            RUNNER,
            "--target",
            "vault@shop-data.iam.gserviceaccount.com",
        ],
    );
    assert_eq!(told["verdict"], "UNKNOWN_INFO", "{told}");
    for cause in told["causes"].as_array().unwrap() {
        assert_ne!(cause["kind"], "TARGET_NOT_FOUND", "{told}");
    }
}

#[test]
fn an_id_that_stands_in_a_name_alone_is_that_of_the_address_in_the_data() {
    let data = json!({ "name": format!("//iam.googleapis.com/projects/shop-data/serviceAccounts/{ID}"),
        "asset_type": "iam.googleapis.com/ServiceAccount",
        "resource": { "data": { "email": "vault@shop-data.iam.gserviceaccount.com", "projectId": "shop-data" } },
        "ancestors": ["projects/810000000002", "folders/400500600700", "organizations/900100200300"] });
    let text = format!("{}\n{data}", policies());
    for text in [text.clone(), format!("{data}\n{}", policies())] {
        let asked = Asked::of(&text);
        for target in [ID, "vault@shop-data.iam.gserviceaccount.com"] {
            let who = asked.json(0, &["who", "--at", AT, "--target", target]);
            assert_eq!(who["results"][0]["principal"], RUNNER, "{who}");
            assert_eq!(
                who["target"],
                "//iam.googleapis.com/projects/shop-data/serviceAccounts/vault@shop-data.iam.gserviceaccount.com"
            );
        }
    }
}

#[test]
fn what_is_exported_of_it_is_read_again() {
    let asked = Asked::of(&policies());
    let out = asked.home.path("out.json").display().to_string();
    asked.run(0, &["export", &out]);
    let again = format!("--estate={out}");
    let ran = asked
        .home
        .run(&[&again, "--format=json", "who", "--at", AT, "--target", ID]);
    ran.ends(0);
    assert_eq!(ran.json()["results"][0]["principal"], RUNNER, "{}", ran.out);
    assert_eq!(ran.json()["complete"], false, "{}", ran.out);
}
