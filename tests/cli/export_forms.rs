//! Facts in the forms in which people have them: search results, pages of the API, rows of BigQuery,
//! two exports of different moments; and gcloud's single lists, which are refused by their name.

use std::fs;

use serde_json::{Value, json};

use super::common::{AT, Home, met};

const MANAGER: &str = "//cloudresourcemanager.googleapis.com";
const RUNNER: &str = "serviceAccount:runner@shop-app.iam.gserviceaccount.com";
const VAULT: &str = "vault@shop-data.iam.gserviceaccount.com";
const CREATOR: &str = "roles/iam.serviceAccountTokenCreator";

/// What a search for policies prints.
fn policies() -> Value {
    found("11-search-all-iam-policies.json")
}

/// What a search for resources prints.
fn resources() -> Value {
    found("07-search-all-resources.json")
}

fn found(name: &str) -> Value {
    serde_json::from_str(&fs::read_to_string(met(name)).unwrap()).unwrap()
}

fn source(home: &Home, name: &str, text: &str) -> String {
    format!("--estate={}", home.write(name, text).display())
}

fn may_act(home: &Home, sources: &[&str]) -> Value {
    home.explain(sources, RUNNER, VAULT).json()
}

#[test]
fn a_search_for_policies_is_an_estate_as_an_array_and_as_a_page() {
    let home = Home::new();
    let page = json!({ "results": policies() }).to_string();
    for text in [policies().to_string(), page] {
        let source = source(&home, "search.json", &text);
        let who = home
            .run(&[
                &source,
                "--format=json",
                "who",
                "--at",
                AT,
                "--target",
                VAULT,
            ])
            .json();
        let named: Vec<&str> = who["results"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|r| r["principal"].as_str())
            .collect();
        assert!(named.contains(&RUNNER), "{who}");
        // A narrower search prints the same form: nobody can tell that this is all.
        assert_eq!(who["complete"], false, "{who}");
        let told = may_act(&home, &[&source]);
        assert_eq!(told["verdict"], "CAN_ACCESS", "{told}");
        let assumed = told["assumptions"].as_array().unwrap();
        assert!(assumed.contains(&json!("SEARCH_RESULTS_ARE_ALL")), "{told}");
    }
}

#[test]
fn a_search_for_resources_lists_and_knows_no_policy() {
    let home = Home::new();
    let source = source(&home, "resources.json", &resources().to_string());
    let list = |what: &str| home.run(&[&source, "--format=json", "list", what]).json();
    let accounts = list("service-accounts").to_string();
    for email in [VAULT, "runner@shop-app.iam.gserviceaccount.com"] {
        assert!(accounts.contains(email), "{accounts}");
    }
    let projects = list("projects").to_string();
    assert!(
        projects.contains("shop-app") && projects.contains("shop-data"),
        "{projects}"
    );
    let told = may_act(&home, &[&source]);
    assert_eq!(told["verdict"], "UNKNOWN_INFO", "{told}");
    let who = home
        .run(&[
            &source,
            "--format=json",
            "who",
            "--at",
            AT,
            "--target",
            VAULT,
        ])
        .json();
    assert_eq!(who["complete"], false, "{who}");
}

#[test]
fn both_searches_together_are_the_whole() {
    let home = Home::new();
    let first = source(&home, "resources.json", &resources().to_string());
    let second = source(&home, "policies.json", &policies().to_string());
    let told = may_act(&home, &[&first, &second]);
    assert_eq!(told["verdict"], "CAN_ACCESS", "{told}");
}

#[test]
fn a_deny_policy_that_a_search_only_names_is_not_known() {
    let home = Home::new();
    let mut rows = resources().as_array().unwrap().clone();
    let name =
        "policies/cloudresourcemanager.googleapis.com%2Fprojects%2F810000000002/denypolicies/some";
    rows.push(
        json!({ "assetType": "iam.googleapis.com/PolicyV2", "displayName": "some",
        "name": format!("//iam.googleapis.com/{name}"), "project": "projects/810000000002" }),
    );
    let first = source(&home, "resources.json", &json!(rows).to_string());
    let second = source(&home, "policies.json", &policies().to_string());
    let told = may_act(&home, &[&first, &second]);
    assert_eq!(told["verdict"], "UNKNOWN_INFO", "{told}");
}

#[test]
fn a_page_that_says_there_are_more_is_refused() {
    let home = Home::new();
    let page = json!({ "results": policies(), "nextPageToken": "abc" }).to_string();
    let source = source(&home, "page.json", &page);
    let ran = home.run(&[&source, "list", "projects"]);
    assert_eq!(ran.code, 2, "{}", ran.err);
    assert!(
        ran.err.contains("more pages belong to this answer"),
        "{}",
        ran.err
    );
}

/// Two lines of an export, as rows of BigQuery have them where `as_text`.
fn moment(as_text: bool, below: &str, time: &str) -> Vec<Value> {
    let up = json!(["projects/810000000002", below, "organizations/900100200300"]);
    let data = json!({ "projectId": "shop-data", "projectNumber": "810000000002", "name": "shop-data",
        "lifecycleState": "ACTIVE", "parent": null });
    let email = format!("//iam.googleapis.com/projects/shop-data/serviceAccounts/{VAULT}");
    let known = json!({ "email": VAULT, "projectId": "shop-data", "uniqueId": "7002", "displayName": null });
    let told = |data: Value| {
        if as_text {
            json!(data.to_string())
        } else {
            data
        }
    };
    vec![
        json!({ "name": format!("{MANAGER}/projects/810000000002"), "asset_type": "cloudresourcemanager.googleapis.com/Project",
            "resource": { "parent": null, "data": told(data) }, "iam_policy": null, "ancestors": up,
            "update_time": time }),
        json!({ "name": email, "asset_type": "iam.googleapis.com/ServiceAccount",
            "resource": { "parent": null, "data": told(known) },
            "iam_policy": { "bindings": [{ "role": CREATOR, "members": [RUNNER], "condition": null }] },
            "ancestors": up, "update_time": time }),
    ]
}

fn lines(assets: &[Value]) -> String {
    let lines: Vec<String> = assets.iter().map(Value::to_string).collect();
    lines.join("\n")
}

#[test]
fn a_row_of_bigquery_holds_its_data_as_text() {
    let home = Home::new();
    let rows = moment(true, "folders/400500600700", "2026-05-01 10:00:00 UTC");
    let source = source(&home, "rows.ndjson", &lines(&rows));
    let ran = home.run(&[&source, "--format=json", "list", "service-accounts"]);
    assert!(
        ran.out.contains(VAULT) && ran.out.contains("7002"),
        "{}",
        ran.out
    );
    let mut broken = rows;
    broken[1]["resource"]["data"] = json!("{\"email\":");
    let source = self::source(&home, "broken.ndjson", &lines(&broken));
    let ran = home.run(&[&source, "list", "projects"]);
    assert_eq!(ran.code, 2);
    assert!(
        ran.err.contains("line 2") && ran.err.contains("resource.data is no JSON"),
        "{}",
        ran.err
    );
}

#[test]
fn of_two_exports_the_newer_line_tells_where_a_project_lies() {
    let home = Home::new();
    let old = moment(false, "folders/400500600700", "2026-05-01T10:00:00Z");
    let new = moment(false, "folders/79", "2026-05-02T10:00:00Z");
    for assets in [[old.clone(), new.clone()].concat(), [new, old].concat()] {
        let source = source(&home, "moved.ndjson", &lines(&assets));
        let ran = home.run(&[&source, "--format=json", "list", "projects"]);
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert!(
            ran.err.contains("the later update_time counts"),
            "{}",
            ran.err
        );
        let out = home.path("out.json");
        let path = out.display().to_string();
        home.run(&[&source, "export", &path]);
        let written: Value = serde_json::from_str(&fs::read_to_string(&out).unwrap()).unwrap();
        let project = &written["projects"][0];
        assert_eq!(project["parent"], "folders/79", "{project}");
        fs::remove_file(out).unwrap();
    }
    // Without a time nobody can tell which of the two is newer.
    let mut both = moment(false, "folders/400500600700", "2026-05-01T10:00:00Z");
    both.extend(moment(false, "folders/79", ""));
    let source = source(&home, "unclear.ndjson", &lines(&both));
    let ran = home.run(&[&source, "list", "projects"]);
    assert_eq!(ran.code, 2, "{}", ran.out);
    assert!(ran.err.contains("says otherwise"), "{}", ran.err);
}

/// Between two exports a policy changed, and an account was deleted and made anew: the later one counts, in
/// whichever order they are given, and in the times of BigQuery too.
#[test]
fn of_two_exports_the_newer_policy_and_the_newer_account_count() {
    let home = Home::new();
    for (old, new) in [
        ("2026-05-01T10:00:00Z", "2026-05-02T10:00:00Z"),
        ("2026-05-01 10:00:00 UTC", "2026-05-01 10:00:00.5 UTC"),
    ] {
        let before = moment(true, "folders/400500600700", old);
        let mut after = moment(true, "folders/400500600700", new);
        after[1]["iam_policy"] =
            json!({ "bindings": [{ "role": CREATOR, "members": ["user:ana@example.net"] }] });
        let data = after[1]["resource"]["data"].as_str().unwrap();
        after[1]["resource"]["data"] = json!(data.replace("7002", "7009"));
        for assets in [
            [before.clone(), after.clone()].concat(),
            [after.clone(), before.clone()].concat(),
        ] {
            let source = source(&home, "moments.ndjson", &lines(&assets));
            let told = may_act(&home, &[&source]);
            assert_ne!(told["verdict"], "CAN_ACCESS", "{told}");
            let who = home.run(&[
                &source,
                "--format=json",
                "who",
                "--at",
                AT,
                "--target",
                VAULT,
            ]);
            let named = who.json()["results"].to_string();
            assert!(named.contains("user:ana@example.net"), "{named}");
            assert!(
                who.err.contains("the later update_time counts"),
                "{}",
                who.err
            );
            let list = home.run(&[&source, "--format=json", "list", "service-accounts"]);
            assert!(
                list.out.contains("7009") && !list.out.contains("7002"),
                "{}",
                list.out
            );
        }
    }
}
