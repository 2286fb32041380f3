//! Conditions on tags, asked over the whole way: emulator, client, survey, answer. Every question with
//! one in sight once waited for itself for ever; `common` ends what does not come to an end.

use serde_json::{Value, json};

use super::common::{AT, CALLER, Home, TARGET};

const VAULT: &str = "vault@p.iam.gserviceaccount.com";
const RUNNER: &str = "serviceAccount:runner@p.iam.gserviceaccount.com";

/// A project that carries `env=prod` below a folder that carries `env=dev`; one conditional binding on
/// the project, one conditional deny rule on the folder.
fn estate(allow: &str, deny: &str) -> Value {
    let account = |name: &str, id: &str| {
        let email = format!("{name}@p.iam.gserviceaccount.com");
        json!({"name": format!("projects/p/serviceAccounts/{email}"), "projectId": "p",
               "email": email, "uniqueId": id})
    };
    let tag = |value: &str, id: &str| {
        json!([{"namespacedTagKey": "1/env", "namespacedTagValue": format!("1/env/{value}"),
                "tagKey": "tagKeys/7", "tagValue": format!("tagValues/{id}")}])
    };
    json!({
        "organizations": [{"name": "organizations/1", "displayName": "heron.example"}],
        "folders": [{"name": "folders/20", "parent": "organizations/1", "displayName": "data"}],
        "projects": [{"name": "projects/3", "projectId": "p", "parent": "folders/20"}],
        "serviceAccounts": [account("vault", "101"), account("runner", "102")],
        "iamPolicies": {"//cloudresourcemanager.googleapis.com/projects/p": {"version": 3, "bindings": [{
            "role": "roles/iam.serviceAccountTokenCreator", "members": [RUNNER],
            "condition": {"title": "t", "expression": allow}}]}},
        "denyPolicies": [{
            "name": "policies/cloudresourcemanager.googleapis.com%2Ffolders%2F20/denypolicies/d",
            "rules": [{"denyRule": {"deniedPrincipals": ["principalSet://goog/public:all"],
                "deniedPermissions": ["iam.googleapis.com/serviceAccounts.getAccessToken"],
                "denialCondition": {"expression": deny}}}]}],
        "tags": {"//cloudresourcemanager.googleapis.com/folders/20": tag("dev", "70"),
                 "//cloudresourcemanager.googleapis.com/projects/p": tag("prod", "71")}
    })
}

/// Conditions however they are spelled: spaces and comments where the language allows them.
const SPELLINGS: [(&str, &str, &str); 8] = [
    (
        "resource.matchTag('1/env', 'prod')",
        "resource.hasTagKey('1/frozen')",
        "CAN_ACCESS",
    ),
    (
        "resource . matchTag ( '1/env' , 'prod' )",
        "resource\n.hasTagKeyId('tagKeys/8')",
        "CAN_ACCESS",
    ),
    (
        "resource.matchTagId('tagKeys/7', 'tagValues/71')",
        "resource.matchTag('1/env', 'dev')",
        "CAN_ACCESS",
    ),
    // The nearer value counts, not the folder's.
    (
        "resource.matchTag('1/env', 'dev')",
        "resource.hasTagKey('1/frozen')",
        "CANNOT_ACCESS",
    ),
    (
        "resource. // a word\nhasTagKey('1/env')",
        "!resource.hasTagKey('1/env')",
        "CAN_ACCESS",
    ),
    (
        "true",
        "resource .matchTag('1/env', \"prod\")",
        "CANNOT_ACCESS",
    ),
    (
        "request.time < timestamp('2099-01-01T00:00:00Z') && resource.hasTagKey(\"1/env\")",
        "resource.matchTagId('tagKeys/7', 'tagValues/70')",
        "CAN_ACCESS",
    ),
    // In a string it is no look at a tag.
    ("'resource.matchTag(1)' == 'x'", "false", "CANNOT_ACCESS"),
];

#[test]
fn however_a_condition_on_tags_is_spelled_every_command_ends_and_they_agree() {
    let home = Home::new();
    for (allow, deny, verdict) in SPELLINGS {
        let file = home.write("estate.json", &estate(allow, deny).to_string());
        let source = format!("--estate={}", file.display());
        let ask = |rest: &[&str]| {
            let all: Vec<&str> = [source.as_str(), "--format=json"]
                .iter()
                .chain(rest)
                .copied()
                .collect();
            home.run(&all)
        };
        let explained = ask(&["explain", "--at", AT, "--caller", RUNNER, "--target", VAULT]);
        assert_eq!(explained.json()["verdict"], verdict, "{allow} / {deny}");
        let can = verdict == "CAN_ACCESS";
        explained.ends(i32::from(!can));

        let who = ask(&["who", "--at", AT, "--target", VAULT]).ends(0).json();
        let listed = who["results"]
            .as_array()
            .unwrap()
            .iter()
            .any(|r| r["principal"] == RUNNER);
        assert_eq!(listed, can, "who: {allow} / {deny}: {who}");
        let reach = ask(&["reach", "--at", AT, "--caller", RUNNER])
            .ends(0)
            .json();
        let name = format!("//iam.googleapis.com/projects/p/serviceAccounts/{VAULT}");
        let listed = reach["results"]
            .as_array()
            .unwrap()
            .iter()
            .any(|r| r["target"] == name.as_str());
        assert_eq!(listed, can, "reach: {allow} / {deny}: {reach}");

        home.run(&[&source, "graph"]).ends(0);
        let fix = ask(&["fix", "--dry-run", "--caller", RUNNER, "--target", VAULT]);
        assert!([0, 1].contains(&fix.code), "fix: {} {}", fix.out, fix.err);
        let copy = home.path("copy.json");
        let copy = copy.to_str().unwrap();
        home.run(&[&source, "export", copy]).ends(0);
        let again = format!("--estate={copy}");
        let again = home.explain(&[&again], RUNNER, VAULT);
        assert_eq!(
            again.json()["verdict"],
            verdict,
            "exported: {allow} / {deny}"
        );
    }
}

#[test]
fn the_demo_with_a_tag_condition_says_which_value_counts() {
    let home = Home::new();
    let ran = home.run(&[
        "--demo=tagged",
        "explain",
        "--at",
        AT,
        "--caller",
        CALLER,
        "--target",
        TARGET,
    ]);
    ran.ends(1);
    assert!(
        ran.out.contains("resource.matchTag('1001/env', 'dev')"),
        "{}",
        ran.out
    );
    assert!(ran.out.contains("1001/env/prod"), "{}", ran.out);
}

#[test]
fn tags_that_may_not_be_read_leave_it_open_and_it_ends() {
    let home = Home::new();
    let mut estate = estate(
        "resource.matchTag('1/env', 'prod')",
        "resource.hasTagKey('1/frozen')",
    );
    let reader =
        json!({"role": "roles/iam.securityReviewer", "members": ["user:ana@heron.example"]});
    let policies = estate["iamPolicies"].as_object_mut().unwrap();
    policies.insert(
        "//cloudresourcemanager.googleapis.com/organizations/1".into(),
        json!({"bindings": [reader]}),
    );
    let file = home.write("estate.json", &estate.to_string());
    let source = format!("--estate={}", file.display());
    let viewer = "--as=user:ana@heron.example";
    let ran = home.explain(&[&source, viewer], RUNNER, VAULT);
    let json = ran.json();
    // Security Reviewer may list tag bindings, or it may not: definite only if it is right.
    assert!(
        json["verdict"] == "CAN_ACCESS" || json["verdict"].as_str().unwrap().starts_with("UNKNOWN"),
        "{json}"
    );
}
