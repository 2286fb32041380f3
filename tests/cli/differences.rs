//! `diff OLD NEW`: whose ways to which account changed, and by which binding.

use serde_json::json;

use super::common::{CALLER, Home, TARGET};

const STORY: &str = include_str!("../../assets/estates/cross-project.json");
const OWNED: &str = "//iam.googleapis.com/projects/data-vault/serviceAccounts/bq-privileged@data-vault.iam.gserviceaccount.com";

/// The story's estate with its bindings on the wanted account replaced.
fn estate(home: &Home, name: &str, change: impl FnOnce(&mut serde_json::Value)) -> String {
    let mut estate: serde_json::Value = serde_json::from_str(STORY).unwrap();
    change(&mut estate);
    home.write(name, &estate.to_string()).display().to_string()
}

fn grant(estate: &mut serde_json::Value, on: &str, binding: serde_json::Value) {
    let bindings = estate["iamPolicies"][on]["bindings"]
        .as_array_mut()
        .unwrap();
    bindings.push(binding);
}

/// A deny policy on the target's project for the members of a group.
fn denying(group: &str) -> serde_json::Value {
    json!([{
        "name": "policies/cloudresourcemanager.googleapis.com%2Fprojects%2Fdata-vault/denypolicies/sec",
        "rules": [{ "denyRule": {
            "deniedPrincipals": [format!("principalSet://goog/group/{group}")],
            "deniedPermissions": ["iam.googleapis.com/serviceAccounts.getAccessToken"] } }] }])
}

#[test]
fn what_is_the_same_has_no_difference() {
    let home = Home::new();
    let old = estate(&home, "old.json", |_| ());
    let new = estate(&home, "new.json", |estate| {
        // A role that is not about acting as the account.
        grant(
            estate,
            OWNED,
            json!({ "role": "roles/iam.serviceAccountViewer", "members": [CALLER] }),
        );
    });
    let ran = home.run(&["diff", &old, &new]);
    ran.ends(0);
    assert!(ran.out.contains("0 more, 0 less"), "{}", ran.out);
}

#[test]
fn a_binding_that_came_and_one_that_went() {
    let home = Home::new();
    let creator = "roles/iam.serviceAccountTokenCreator";
    let old = estate(&home, "old.json", |_| ());
    let new = estate(&home, "new.json", |estate| {
        grant(
            estate,
            OWNED,
            json!({ "role": creator, "members": [CALLER] }),
        );
        let folder = "//cloudresourcemanager.googleapis.com/folders/2002";
        estate["iamPolicies"][folder]["bindings"] = json!([]);
    });
    let json = home
        .run(&["--format", "json", "diff", &old, &new])
        .ends(1)
        .json();
    let of = |principal: &str, change: &str| {
        json["results"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|row| row["principal"] == principal && row["change"] == change)
            .count()
    };
    assert_eq!(of(CALLER, "GREW"), 1, "{json:#}");
    // It had all five accounts below the folder.
    let terraform = "serviceAccount:terraform@ops-tools.iam.gserviceaccount.com";
    assert_eq!(of(terraform, "SHRANK"), 5, "{json:#}");
    assert_eq!(json["complete"], true);
    let grew = json["results"]
        .as_array()
        .unwrap()
        .iter()
        .find(|r| r["change"] == "GREW")
        .unwrap();
    assert_eq!(grew["target"], OWNED);
    assert_eq!(grew["before"], "CANNOT_ACCESS");
    assert_eq!(grew["after"], "CAN_ACCESS");
    assert_eq!(grew["via"][0]["resource"], OWNED);
    assert_eq!(grew["via"][0]["role"], creator);

    let text = home.run(&["diff", &old, &new]).ends(1).out.clone();
    assert!(
        text.contains(&format!("+ {CALLER}")) && text.contains("1 more, 5 less"),
        "{text}"
    );
    // The other way round it is the other way round.
    let back = home.run(&["diff", &new, &old]).ends(1).out.clone();
    assert!(
        back.contains(&format!("- {CALLER}")) && back.contains("5 more, 1 less"),
        "{back}"
    );
}

/// `diff` says of each account what `who` says of it in either estate.
#[test]
fn it_agrees_with_who() {
    let home = Home::new();
    let old = estate(&home, "old.json", |_| ());
    let new = estate(&home, "new.json", |estate| {
        let group = "group:data-admins@example.com";
        let role = "roles/iam.serviceAccountOpenIdTokenCreator";
        grant(estate, OWNED, json!({ "role": role, "members": [group] }));
    });
    let permission = "iam.serviceAccounts.getOpenIdToken";
    let who = |file: &str| -> Vec<String> {
        let ran = home.run(&[
            "--estate",
            file,
            "--format",
            "json",
            "who",
            "--target",
            TARGET,
            "--permission",
            permission,
        ]);
        let rows = ran.ends(0).json()["results"].as_array().unwrap().clone();
        rows.iter()
            .map(|row| format!("{} {}", row["principal"], row["verdict"]))
            .collect()
    };
    let (before, after) = (who(&old), who(&new));
    let json = home
        .run(&[
            "--format",
            "json",
            "diff",
            &old,
            &new,
            "--permission",
            permission,
        ])
        .ends(1)
        .json();
    let mut grew: Vec<String> = json["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| format!("{} {}", row["principal"], row["after"]))
        .collect();
    let mut expected: Vec<String> = after
        .into_iter()
        .filter(|row| !before.contains(row))
        .collect();
    grew.sort();
    expected.sort();
    assert!(!expected.is_empty());
    assert_eq!(grew, expected);
}

#[test]
fn what_was_not_read_may_have_changed() {
    let home = Home::new();
    let old = estate(&home, "old.json", |_| ());
    let new = estate(&home, "new.json", |estate| {
        estate["unreadable"] = json!(["//cloudresourcemanager.googleapis.com/projects/data-vault"]);
    });
    let ran = home.run(&["diff", &old, &new]);
    assert_ne!(ran.code, 0, "{}", ran.out);
    assert!(
        ran.out.contains(
            "not read in the new one: //cloudresourcemanager.googleapis.com/projects/data-vault"
        ),
        "{}",
        ran.out
    );
}

#[test]
fn it_takes_two_files_and_nothing_else() {
    let home = Home::new();
    let old = estate(&home, "old.json", |_| ());
    home.run(&["--demo", "diff", &old, &old])
        .ends(2)
        .says("two files");
    home.run(&["diff", &old]).ends(2);
    home.run(&["diff", &old, "/nowhere.json"]).ends(2);
}

/// A set has it before and after, and its row is the same: what somebody of it loses or gains by a group is told.
#[test]
fn one_of_a_set_who_joins_a_group_that_a_rule_names() {
    let home = Home::new();
    let with = |name: &str, members: serde_json::Value, set: &str| {
        estate(&home, name, |estate| {
            estate["groups"] = json!([{ "email": "sec@example.com", "members": members }]);
            estate["denyPolicies"] = denying("sec@example.com");
            let creator = "roles/iam.serviceAccountTokenCreator";
            grant(estate, OWNED, json!({ "role": creator, "members": [set] }));
        })
    };
    for set in ["domain:example.com", "allAuthenticatedUsers"] {
        let old = with("old.json", json!(["user:bob@example.com"]), set);
        let both = json!(["user:bob@example.com", "user:new@example.com"]);
        let new = with("new.json", both, set);
        for (from, to, change) in [(&old, &new, "SHRANK"), (&new, &old, "GREW")] {
            let json = home
                .run(&["--format=json", "diff", from, to])
                .ends(1)
                .json();
            let results = json["results"].as_array().unwrap();
            assert_eq!(results.len(), 1, "{json}");
            let row = &results[0];
            assert_eq!(row["principal"], "user:new@example.com");
            assert_eq!(row["change"], change);
            assert_eq!(row["via"][0]["member"], set);
            let except = if change == "GREW" {
                "exceptBefore"
            } else {
                "exceptAfter"
            };
            let by = &row[except][0];
            assert_eq!(by["by"], "DENY_RULE", "{row}");
        }
        let told = home.run(&["diff", &old, &new]);
        told.ends(1);
        for words in ["- user:new@example.com", "0 more, 1 less"] {
            assert!(told.out.contains(words), "{}", told.out);
        }
    }
}

/// A project's owners are who they are by the project's own policy: who is no longer one loses what is given to all of them.
#[test]
fn a_set_that_is_no_longer_among_a_projects_owners() {
    let home = Home::new();
    let owners = "projectOwner:app-prod";
    let with = |name: &str, members: serde_json::Value| {
        estate(&home, name, |estate| {
            let project = "//cloudresourcemanager.googleapis.com/projects/app-prod";
            let owner = json!({ "role": "roles/owner", "members": members });
            grant(estate, project, owner);
            let creator = "roles/iam.serviceAccountTokenCreator";
            grant(
                estate,
                OWNED,
                json!({ "role": creator, "members": [owners] }),
            );
            estate["groups"] = json!([{
                "email": "app-team@example.com", "members": ["user:ann@elsewhere.org"] }]);
        })
    };
    let old = with(
        "old.json",
        json!(["domain:elsewhere.org", "domain:example.com"]),
    );
    let new = with("new.json", json!(["domain:example.com"]));
    for (from, to, change) in [(&old, &new, "SHRANK"), (&new, &old, "GREW")] {
        let json = home
            .run(&["--format=json", "diff", from, to])
            .ends(1)
            .json();
        let told: Vec<_> = json["results"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| {
                assert_eq!(row["via"][0]["member"], owners, "{row}");
                (row["principal"].as_str().unwrap(), &row["change"])
            })
            .collect();
        let change = json!(change);
        assert_eq!(
            told,
            [
                ("domain:elsewhere.org", &change),
                ("user:ann@elsewhere.org", &change)
            ]
        );
    }
}

/// Nor is who is in a set that is put into a group overlooked.
#[test]
fn one_of_a_set_that_is_put_into_a_group_that_a_rule_names() {
    let home = Home::new();
    let with = |name: &str, members: serde_json::Value| {
        estate(&home, name, |estate| {
            estate["groups"] = json!([
                { "email": "sec@example.com", "members": members },
                { "email": "app-team@example.com", "members": ["user:ann@example.com"] }]);
            estate["denyPolicies"] = denying("sec@example.com");
            let creator = "roles/iam.serviceAccountTokenCreator";
            let all = json!({ "role": creator, "members": ["allAuthenticatedUsers"] });
            grant(estate, OWNED, all);
        })
    };
    let old = with("old.json", json!([]));
    let new = with("new.json", json!(["domain:example.com"]));
    let json = home
        .run(&["--format=json", "diff", &old, &new])
        .ends(1)
        .json();
    let results = json["results"].as_array().unwrap();
    let ann = results
        .iter()
        .find(|row| row["principal"] == "user:ann@example.com")
        .unwrap_or_else(|| panic!("{json}"));
    assert_eq!(ann["change"], "SHRANK");
    assert_eq!(ann["exceptAfter"][0]["by"], "DENY_RULE", "{ann}");
}

/// Of a set that nobody lists and no single identity stands for, a boundary is told all the same, and that it is gone.
#[test]
fn a_boundary_that_may_shut_out_some_of_a_set() {
    let home = Home::new();
    let agents =
        "principalSet://cloudresourcemanager.googleapis.com/organizations/1001/type/ServiceAgent";
    let at = "organizations/1001/locations/global";
    let binding = format!("{at}/policyBindings/all");
    let with = |name: &str, bound: bool| {
        estate(&home, name, |estate| {
            let creator = "roles/iam.serviceAccountTokenCreator";
            grant(
                estate,
                OWNED,
                json!({ "role": creator, "members": [agents] }),
            );
            let policy = format!("{at}/principalAccessBoundaryPolicies/only-app");
            estate["principalAccessBoundaryPolicies"] = json!([{
                "name": policy,
                "details": { "enforcementVersion": "3", "rules": [{ "effect": "ALLOW",
                    "resources": ["//cloudresourcemanager.googleapis.com/projects/app-prod"] }] } }]);
            let all = json!([{
                "name": binding, "policy": policy, "policyKind": "PRINCIPAL_ACCESS_BOUNDARY",
                "target": { "principalSet": "//cloudresourcemanager.googleapis.com/organizations/1001" } }]);
            estate["policyBindings"] = if bound { all } else { json!([]) };
        })
    };
    let (old, new) = (with("old.json", true), with("new.json", false));
    let json = home
        .run(&["--format=json", "--estate", &old, "who", "--target", TARGET])
        .json();
    let rows = json["results"].as_array().unwrap();
    let row = rows.iter().find(|row| row["principal"] == agents).unwrap();
    assert_eq!(row["except"][0]["name"], binding, "{row}");
    assert_eq!(row["except"][0]["certain"], false, "{row}");
    let json = home
        .run(&["--format=json", "diff", &old, &new])
        .ends(1)
        .json();
    let rows = json["results"].as_array().unwrap();
    let row = rows.iter().find(|row| row["principal"] == agents).unwrap();
    assert_eq!(row["change"], "GREW", "{row}");
    assert_eq!(row["exceptBefore"][0]["name"], binding);
}
