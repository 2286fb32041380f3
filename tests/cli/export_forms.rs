//! Facts in the forms in which people have them: search results, pages of the API, rows of BigQuery,
//! two exports of different moments; and gcloud's single lists, which are refused by their name.

use serde_json::{Value, json};

use super::common::{AT, Home};

const MANAGER: &str = "//cloudresourcemanager.googleapis.com";
const RUNNER: &str = "serviceAccount:runner@wren-app.iam.gserviceaccount.com";
const SAFE: &str = "safe@wren-data.iam.gserviceaccount.com";
const CREATOR: &str = "roles/iam.serviceAccountTokenCreator";

/// What a search for policies prints.
fn policies() -> Value {
    let row = |kind: &str, resource: &str, place: Value, role: &str, member: &str| {
        let mut row = json!({ "assetType": kind, "organization": "organizations/70",
            "policy": { "etag": "BwYAAAE=", "bindings": [{ "role": role, "members": [member] }] },
            "resource": resource });
        let place = place.as_object().unwrap().clone();
        row.as_object_mut().unwrap().extend(place);
        row
    };
    let project = "cloudresourcemanager.googleapis.com/Project";
    let in_ = |number: &str| json!({ "folders": ["folders/71"], "project": format!("projects/{number}") });
    json!([
        row(
            "cloudresourcemanager.googleapis.com/Organization",
            &format!("{MANAGER}/organizations/70"),
            json!({}),
            "roles/resourcemanager.organizationAdmin",
            "user:root@wren.example",
        ),
        row(
            "cloudresourcemanager.googleapis.com/Folder",
            &format!("{MANAGER}/folders/71"),
            json!({ "folders": ["folders/71"] }),
            "roles/viewer",
            "user:ana@wren.example",
        ),
        row(
            project,
            &format!("{MANAGER}/projects/72"),
            in_("72"),
            "roles/viewer",
            "user:ana@wren.example"
        ),
        row(
            project,
            &format!("{MANAGER}/projects/73"),
            in_("73"),
            "roles/viewer",
            "user:ana@wren.example"
        ),
        row(
            "iam.googleapis.com/ServiceAccount",
            &format!("//iam.googleapis.com/projects/wren-data/serviceAccounts/{SAFE}"),
            in_("73"),
            CREATOR,
            RUNNER,
        ),
    ])
}

/// What a search for resources prints.
fn resources() -> Value {
    let row = |kind: &str, name: &str, above: &str, shown: &str, more: Value| {
        json!({ "additionalAttributes": more, "assetType": kind, "displayName": shown, "location": "global",
            "name": name, "organization": "organizations/70", "parentFullResourceName": above, "state": "ACTIVE" })
    };
    let organization = format!("{MANAGER}/organizations/70");
    let folder = format!("{MANAGER}/folders/71");
    let project = "cloudresourcemanager.googleapis.com/Project";
    let mut rows = vec![
        row(
            "cloudresourcemanager.googleapis.com/Organization",
            &organization,
            "",
            "wren.example",
            json!({}),
        ),
        row(
            "cloudresourcemanager.googleapis.com/Folder",
            &folder,
            &organization,
            "prod",
            json!({}),
        ),
    ];
    for (id, number, account, unique) in [
        ("wren-app", "72", "runner", "7001"),
        ("wren-data", "73", "safe", "7002"),
    ] {
        let own = format!("{MANAGER}/projects/{number}");
        let email = format!("{account}@{id}.iam.gserviceaccount.com");
        let name = format!("//iam.googleapis.com/projects/{id}/serviceAccounts/{email}");
        let mut known = row(project, &own, &folder, id, json!({ "projectId": id }));
        let more = json!({ "email": email, "uniqueId": unique });
        let mut there = row(
            "iam.googleapis.com/ServiceAccount",
            &name,
            &own,
            account,
            more,
        );
        for row in [&mut known, &mut there] {
            row["project"] = json!(format!("projects/{number}"));
            row["folders"] = json!(["folders/71"]);
        }
        rows.extend([known, there]);
    }
    json!(rows)
}

fn source(home: &Home, name: &str, text: &str) -> String {
    format!("--estate={}", home.write(name, text).display())
}

fn may_act(home: &Home, sources: &[&str]) -> Value {
    home.explain(sources, RUNNER, SAFE).json()
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
                SAFE,
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
    for email in [SAFE, "runner@wren-app.iam.gserviceaccount.com"] {
        assert!(accounts.contains(email), "{accounts}");
    }
    let projects = list("projects").to_string();
    assert!(
        projects.contains("wren-app") && projects.contains("wren-data"),
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
            SAFE,
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
    let name = "policies/cloudresourcemanager.googleapis.com%2Fprojects%2F73/denypolicies/some";
    rows.push(
        json!({ "assetType": "iam.googleapis.com/PolicyV2", "displayName": "some",
        "name": format!("//iam.googleapis.com/{name}"), "project": "projects/73" }),
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
    let up = json!(["projects/73", below, "organizations/70"]);
    let data = json!({ "projectId": "wren-data", "projectNumber": "73", "name": "wren-data",
        "lifecycleState": "ACTIVE", "parent": null });
    let email = format!("//iam.googleapis.com/projects/wren-data/serviceAccounts/{SAFE}");
    let known =
        json!({ "email": SAFE, "projectId": "wren-data", "uniqueId": "7002", "displayName": null });
    let told = |data: Value| {
        if as_text {
            json!(data.to_string())
        } else {
            data
        }
    };
    vec![
        json!({ "name": format!("{MANAGER}/projects/73"), "asset_type": "cloudresourcemanager.googleapis.com/Project",
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
    let rows = moment(true, "folders/71", "2026-05-01 10:00:00 UTC");
    let source = source(&home, "rows.ndjson", &lines(&rows));
    let ran = home.run(&[&source, "--format=json", "list", "service-accounts"]);
    assert!(
        ran.out.contains(SAFE) && ran.out.contains("7002"),
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
    let old = moment(false, "folders/71", "2026-05-01T10:00:00Z");
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
        let written: Value = serde_json::from_str(&std::fs::read_to_string(&out).unwrap()).unwrap();
        let project = &written["projects"][0];
        assert_eq!(project["parent"], "folders/79", "{project}");
        std::fs::remove_file(out).unwrap();
    }
    // Without a time nobody can tell which of the two is newer.
    let mut both = moment(false, "folders/71", "2026-05-01T10:00:00Z");
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
        let before = moment(true, "folders/71", old);
        let mut after = moment(true, "folders/71", new);
        after[1]["iam_policy"] =
            json!({ "bindings": [{ "role": CREATOR, "members": ["user:ana@wren.example"] }] });
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
                SAFE,
            ]);
            let named = who.json()["results"].to_string();
            assert!(named.contains("user:ana@wren.example"), "{named}");
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

/// An export of policies without resources names accounts by their unique id: which address is which nobody
/// can tell, so none is said not to be there.
#[test]
fn policies_alone_leave_an_address_unknown() {
    let home = Home::new();
    let level = |kind: &str, name: &str, above: Value| {
        json!({ "name": name, "asset_type": format!("cloudresourcemanager.googleapis.com/{kind}"),
            "iam_policy": { "bindings": [{ "role": "roles/viewer", "members": ["user:ana@wren.example"] }] },
            "ancestors": above })
        .to_string()
    };
    let lines = [
        level("Organization", &format!("{MANAGER}/organizations/70"), json!(["organizations/70"])),
        level("Project", &format!("{MANAGER}/projects/72"), json!(["projects/72", "organizations/70"])),
        level("Project", &format!("{MANAGER}/projects/73"), json!(["projects/73", "organizations/70"])),
        json!({ "name": "//iam.googleapis.com/projects/wren-data/serviceAccounts/100000000000000000009",
            "asset_type": "iam.googleapis.com/ServiceAccount",
            "iam_policy": { "bindings": [{ "role": CREATOR, "members": [RUNNER] }] },
            "ancestors": ["projects/73", "organizations/70"] })
        .to_string(),
    ];
    let source = source(&home, "policies.ndjson", &lines.join("\n"));
    let told = home.explain(&[&source], RUNNER, SAFE);
    told.ends(3);
    let told = told.json();
    assert_eq!(told["verdict"], "UNKNOWN_INFO", "{told}");
    for cause in told["causes"].as_array().unwrap() {
        assert_ne!(cause["kind"], "TARGET_NOT_FOUND", "{told}");
    }
    let who = home
        .run(&[
            &source,
            "--format=json",
            "who",
            "--at",
            AT,
            "--target",
            SAFE,
        ])
        .json();
    assert_eq!(who["complete"], false, "{who}");
    let list = home
        .run(&[&source, "--format=json", "list", "service-accounts"])
        .json();
    assert_eq!(list["complete"], false, "{list}");
}
