//! `--edges`: every way of becoming an account, over the whole way.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::common::{AT, Home, Ran};

const TARGET: &str = "t@app.iam.gserviceaccount.com";
const NAME: &str =
    "//iam.googleapis.com/projects/app/serviceAccounts/t@app.iam.gserviceaccount.com";

/// The kinds with the permission that each goes by, the level where that is granted, and whether it is sure.
const KINDS: [(&str, &str, &str, bool); 13] = [
    ("TOKEN", "iam.serviceAccounts.getAccessToken", "", true),
    ("ID_TOKEN", "iam.serviceAccounts.getOpenIdToken", "", true),
    ("SIGN_BLOB", "iam.serviceAccounts.signBlob", "", true),
    ("SIGN_JWT", "iam.serviceAccounts.signJwt", "", true),
    (
        "DELEGATION",
        "iam.serviceAccounts.implicitDelegation",
        "",
        true,
    ),
    ("KEY", "iam.serviceAccountKeys.create", "", true),
    (
        "ACCOUNT_POLICY",
        "iam.serviceAccounts.setIamPolicy",
        "",
        true,
    ),
    ("ACT_AS", "iam.serviceAccounts.actAs", "", false),
    (
        "PROJECT_POLICY",
        "resourcemanager.projects.setIamPolicy",
        "projects/app",
        true,
    ),
    (
        "FOLDER_POLICY",
        "resourcemanager.folders.setIamPolicy",
        "folders/2001",
        true,
    ),
    (
        "ORGANIZATION_POLICY",
        "resourcemanager.organizations.setIamPolicy",
        "organizations/1001",
        true,
    ),
    ("ROLE_EDIT", "iam.roles.update", "organizations/1001", true),
    ("DEPLOY_OVER", "dataproc.jobs.create", "projects/app", false),
];

/// For each kind a person, a role with just that permission, and a binding where it takes one. Whoever edits roles
/// has an idle custom role on the account.
fn estate() -> Value {
    let account = |email: &str, id: &str| {
        json!({ "name": format!("projects/app/serviceAccounts/{email}"), "email": email,
            "projectId": "app", "uniqueId": id })
    };
    let mut file = json!({
        "organizations": [{ "name": "organizations/1001", "displayName": "example.com", "directoryCustomerId": "C0example" }],
        "folders": [{ "name": "folders/2001", "parent": "organizations/1001", "displayName": "f" }],
        "projects": [{ "name": "projects/3001", "projectId": "app", "parent": "folders/2001" }],
        "serviceAccounts": [account(TARGET, "1"), account("mid@app.iam.gserviceaccount.com", "2")],
        "roles": [{ "name": "organizations/1001/roles/idle", "stage": "GA", "includedPermissions": ["storage.buckets.list"] }],
        "iamPolicies": {}
    });
    for (kind, permission, level, _) in KINDS {
        let role = format!("organizations/1001/roles/{}", kind.to_lowercase());
        let list = file["roles"].as_array_mut().unwrap();
        list.push(json!({ "name": role, "stage": "GA", "includedPermissions": [permission] }));
        grant(&mut file, level, &role, &person(kind));
    }
    grant(
        &mut file,
        "",
        "organizations/1001/roles/idle",
        &person("ROLE_EDIT"),
    );
    file
}

fn person(kind: &str) -> String {
    format!("user:{}@example.com", kind.to_lowercase().replace('_', "-"))
}

/// On the target where no level is named.
fn grant(file: &mut Value, level: &str, role: &str, member: &str) {
    let name = match level {
        "" => NAME.to_owned(),
        account if account.contains('@') => NAME.replace(TARGET, account),
        level => format!("//cloudresourcemanager.googleapis.com/{level}"),
    };
    let policy = &mut file["iamPolicies"][name];
    if policy.is_null() {
        *policy = json!({ "bindings": [] });
    }
    let list = policy["bindings"].as_array_mut().unwrap();
    list.push(json!({ "role": role, "members": [member] }));
}

fn run(home: &Home, file: &Value, more: &[&str]) -> Ran {
    let path = home.write("estate.json", &file.to_string());
    let estate = format!("--estate={}", path.display());
    home.run(&[&[&*estate, "--format=json"], more].concat())
}

fn who(home: &Home, file: &Value, edges: &str) -> Value {
    run(
        home,
        file,
        &["who", "--target", TARGET, "--edges", edges, "--at", AT],
    )
    .ends(0)
    .json()
}

/// Whose row it is, to its kinds and its verdict.
fn rows(answer: &Value, of: &str) -> BTreeMap<String, (Vec<String>, String)> {
    let rows = answer["results"].as_array().unwrap().iter();
    let row = |row: &Value| {
        let edges = row["edges"].as_array().unwrap().iter();
        let edges = edges.map(|e| e.as_str().unwrap().to_owned()).collect();
        let verdict = row["verdict"].as_str().unwrap().to_owned();
        (row[of].as_str().unwrap().to_owned(), (edges, verdict))
    };
    rows.map(row).collect()
}

#[test]
fn each_kind_is_its_own_edge_from_both_sides() {
    let (home, file) = (Home::new(), estate());
    let all = who(&home, &file, "all");
    assert_eq!(all["complete"], true, "{all:#}");
    let found = rows(&all, "principal");
    assert_eq!(found.len(), KINDS.len(), "{all:#}");
    for (kind, _, _, sure) in KINDS {
        let verdict = if sure {
            "CAN_ACCESS"
        } else {
            "UNKNOWN_CONDITIONAL"
        };
        let right = (vec![kind.to_owned()], verdict.to_owned());
        assert_eq!(found.get(&person(kind)), Some(&right), "{kind}: {all:#}");
        // The one kind alone shows that one alone.
        let one = rows(&who(&home, &file, &kind.to_lowercase()), "principal");
        assert_eq!(
            one,
            BTreeMap::from([(person(kind), right.clone())]),
            "{kind}"
        );
        let back = run(
            &home,
            &file,
            &[
                "reach",
                "--caller",
                &person(kind),
                "--edges",
                "all",
                "--at",
                AT,
            ],
        );
        let back = back.ends(0).json();
        let back_rows = rows(&back, "target");
        assert_eq!(back_rows.get(NAME), Some(&right), "{kind}: {back:#}");
    }
    // What hangs on what no policy says is told, beside the kinds of each binding.
    let row = |kind: &str| {
        let rows = all["results"].as_array().unwrap();
        rows.iter()
            .find(|r| r["principal"] == person(kind).as_str())
            .unwrap()
            .clone()
    };
    let deployer = row("DEPLOY_OVER");
    assert_eq!(deployer["edge"], "DEPLOY_OVER");
    let words = deployer["conditions"][0].as_str().unwrap();
    assert!(
        words.contains("projects/app runs as the account"),
        "{words}"
    );
    assert!(words.contains("dataproc.jobs.create"), "{words}");
    let editor = row("ROLE_EDIT");
    assert!(editor.get("conditions").is_none(), "{editor:#}");
    let roles: Vec<&str> = editor["via"]
        .as_array()
        .unwrap()
        .iter()
        .map(|v| v["role"].as_str().unwrap())
        .collect();
    assert_eq!(
        roles,
        [
            "organizations/1001/roles/idle",
            "organizations/1001/roles/role_edit"
        ]
    );
    assert_eq!(editor["via"][0]["edges"], json!(["ROLE_EDIT"]));
}

#[test]
fn without_edges_nothing_changes() {
    let (home, file) = (Home::new(), estate());
    let plain = run(&home, &file, &["who", "--target", TARGET, "--at", AT])
        .ends(0)
        .json();
    assert_eq!(plain["permission"], "iam.serviceAccounts.getAccessToken");
    assert_eq!(plain["results"].as_array().unwrap().len(), 1);
    assert_eq!(plain["results"][0]["principal"], person("TOKEN").as_str());
    assert!(plain["results"][0].get("edges").is_none());
    let error = run(
        &home,
        &file,
        &["who", "--target", TARGET, "--edges", "MAGIC"],
    );
    error
        .ends(2)
        .says("'MAGIC' is no kind of edge: expected all, or some of TOKEN, ID_TOKEN");
    let both = run(
        &home,
        &file,
        &[
            "who",
            "--target",
            TARGET,
            "--edges",
            "KEY",
            "--permission",
            "a.b.c",
        ],
    );
    both.ends(2);
}

/// A policy may be written, and still no credential be had: a deny rule stands over all of them.
#[test]
fn a_policy_that_is_written_helps_nobody_who_is_denied_every_credential() {
    let (home, mut file) = (Home::new(), estate());
    let denied = |permissions: Value| {
        json!([{ "name": "policies/cloudresourcemanager.googleapis.com%2Fprojects%2Fapp/denypolicies/d",
            "rules": [{ "denyRule": { "deniedPrincipals": ["principalSet://goog/public:all"],
                "deniedPermissions": permissions } }] }])
    };
    let tokens = "iam.googleapis.com/serviceAccounts.getAccessToken";
    let others = [
        tokens,
        "iam.googleapis.com/serviceAccounts.signBlob",
        "iam.googleapis.com/serviceAccounts.signJwt",
        "iam.googleapis.com/serviceAccountKeys.create",
    ];
    let edits = "ACCOUNT_POLICY,PROJECT_POLICY,FOLDER_POLICY,ORGANIZATION_POLICY,ROLE_EDIT";
    file["denyPolicies"] = denied(json!([tokens]));
    assert_eq!(
        who(&home, &file, edits)["results"]
            .as_array()
            .unwrap()
            .len(),
        5
    );
    file["denyPolicies"] = denied(json!(others));
    assert_eq!(who(&home, &file, edits)["results"], json!([]));
}

#[test]
fn a_key_that_an_organization_policy_forbids_is_no_plain_yes() {
    let (home, mut file) = (Home::new(), estate());
    file["orgPolicies"] = json!([{
        "name": "projects/app/policies/iam.disableServiceAccountKeyCreation",
        "spec": { "rules": [{ "enforce": true }] } }]);
    let answer = who(&home, &file, "KEY");
    let row = &answer["results"][0];
    assert_eq!(row["verdict"], "UNKNOWN_CONDITIONAL", "{answer:#}");
    let words = row["conditions"][0].as_str().unwrap();
    assert!(
        words.contains("iam.disableServiceAccountKeyCreation forbids"),
        "{words}"
    );
}

/// What lies behind a perhaps is a perhaps; a way that is sure goes before it, however long.
#[test]
fn chains_carry_what_they_hang_on() {
    let (home, mut file) = (Home::new(), estate());
    let mid = "serviceAccount:mid@app.iam.gserviceaccount.com";
    grant(
        &mut file,
        "mid@app.iam.gserviceaccount.com",
        "organizations/1001/roles/act_as",
        "user:ana@example.com",
    );
    grant(
        &mut file,
        "",
        "organizations/1001/roles/project_policy",
        mid,
    );
    grant(
        &mut file,
        "projects/app",
        "organizations/1001/roles/project_policy",
        mid,
    );
    let reach = |file: &Value| {
        let answer = run(
            &home,
            file,
            &[
                "reach",
                "--caller",
                "user:ana@example.com",
                "--edges",
                "all",
                "--at",
                AT,
            ],
        );
        let answer = answer.ends(0).json();
        let rows = answer["results"].as_array().unwrap();
        rows.iter().find(|r| r["target"] == NAME).unwrap().clone()
    };
    let row = reach(&file);
    assert_eq!(row["verdict"], "UNKNOWN_CONDITIONAL");
    assert_eq!(row["edge"], "PROJECT_POLICY");
    assert_eq!(row["path"].as_array().unwrap().len(), 3);
    assert_eq!(row["via"][0]["edges"], json!(["ACT_AS"]));
    assert_eq!(row["via"][1]["edges"], json!(["PROJECT_POLICY"]));
    assert_eq!(row["conditions"].as_array().unwrap().len(), 1);
    grant(
        &mut file,
        "mid@app.iam.gserviceaccount.com",
        "organizations/1001/roles/key",
        "user:ana@example.com",
    );
    let row = reach(&file);
    assert_eq!(row["verdict"], "CAN_ACCESS", "{row:#}");
    assert_eq!(row["via"][0]["edges"], json!(["KEY"]));
    assert!(row.get("conditions").is_none(), "{row:#}");
}

/// A delegate has what is minted by way of it, and nothing that takes its own token.
#[test]
fn a_link_of_a_chain_is_not_the_account() {
    let (home, mut file) = (Home::new(), estate());
    let mid = "serviceAccount:mid@app.iam.gserviceaccount.com";
    grant(
        &mut file,
        "mid@app.iam.gserviceaccount.com",
        "organizations/1001/roles/delegation",
        "user:ana@example.com",
    );
    grant(&mut file, "", "organizations/1001/roles/key", mid);
    let reach = |file: &Value| {
        let answer = run(
            &home,
            file,
            &[
                "reach",
                "--caller",
                "user:ana@example.com",
                "--edges",
                "all",
                "--at",
                AT,
            ],
        );
        rows(&answer.ends(0).json(), "target")
    };
    assert_eq!(reach(&file).get(NAME), None);
    grant(&mut file, "", "organizations/1001/roles/sign_jwt", mid);
    assert_eq!(
        reach(&file).get(NAME),
        Some(&(vec!["SIGN_JWT".to_owned()], "CAN_ACCESS".to_owned()))
    );
}

#[test]
fn people_read_the_kinds_too() {
    let (home, file) = (Home::new(), estate());
    let path = home.write("estate.json", &file.to_string());
    let estate = format!("--estate={}", path.display());
    let text = home.run(&[
        &estate, "who", "--target", TARGET, "--edges", "all", "--at", AT,
    ]);
    let text = &text.ends(0).out;
    for words in [
        "becomes //iam.googleapis.com/projects/app/serviceAccounts/t@app.iam.gserviceaccount.com by any kind of edge",
        "KEY: organizations/1001/roles/key to user:key@example.com",
        "if something in projects/app runs as the account",
    ] {
        assert!(text.contains(words), "'{words}' is not in:\n{text}");
    }
    let graph = home.run(&[
        &estate,
        "graph",
        "--edges",
        "PROJECT_POLICY,ACT_AS",
        "--at",
        AT,
    ]);
    let graph = &graph.ends(0).out;
    for words in [
        "\"project_policy: PROJECT_POLICY\"",
        "\"act_as: ACT_AS (perhaps)\"",
    ] {
        assert!(graph.contains(words), "'{words}' is not in:\n{graph}");
    }
    assert!(!graph.contains("token"), "{graph}");
}
