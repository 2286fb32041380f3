//! `list`, `who`, `reach`, `graph`, `export`, `completions`, `man`.

use serde_json::{Value, json};

use super::common::{AT, CALLER, Emulator, Home, TARGET, question};

#[test]
fn accounts_projects_and_bindings() {
    let home = Home::new();
    let json = home
        .run(&["--demo", "--format=json", "list", "service-accounts"])
        .ends(0)
        .json();
    let emails: Vec<&str> = json["serviceAccounts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|a| a["email"].as_str().unwrap())
        .collect();
    assert!(emails.contains(&TARGET), "{emails:?}");
    assert_eq!(json["complete"], true);

    let ran = home.run(&["--demo", "list", "projects"]);
    ran.ends(0).says("4 projects");
    assert_eq!(ran.out.lines().count(), 4, "{}", ran.out);
    let one = home.run(&[
        "--demo",
        "--project=data-vault",
        "--format=json",
        "list",
        "projects",
    ]);
    assert_eq!(
        one.ends(0).json()["projects"][0]["name"],
        "projects/572910364802"
    );
    let folder = home.run(&[
        "--demo",
        "--folder=2002",
        "--format=json",
        "list",
        "service-accounts",
    ]);
    let folder = folder.ends(0).json();
    let all = folder["serviceAccounts"].as_array().unwrap();
    assert!(!all.is_empty() && all.len() < emails.len(), "{folder}");

    let json = home
        .run(&["--demo", "--format=json", "list", "bindings"])
        .ends(0)
        .json();
    let found = json["bindings"].as_array().unwrap().iter().any(|b| {
        b["resource"] == "//cloudresourcemanager.googleapis.com/projects/app-prod"
            && b["role"] == "roles/iam.serviceAccountTokenCreator"
            && b["members"] == json!([CALLER])
    });
    assert!(found, "{json}");
}

#[test]
fn what_may_not_be_read_is_said() {
    let home = Home::new();
    let json = home
        .run(&["--demo=unreadable", "--format=json", "list", "bindings"])
        .ends(0)
        .json();
    assert_eq!(json["complete"], false);
    assert_eq!(
        json["notRead"],
        json!(["//cloudresourcemanager.googleapis.com/organizations/1001"])
    );
}

#[test]
fn who_and_reach_are_sorted_and_the_same_each_time() {
    let home = Home::new();
    let who = || {
        home.run(&[
            "--demo=group",
            "--format=json",
            "who",
            "--target",
            TARGET,
            "--at",
            AT,
        ])
        .ends(0)
        .json()
    };
    let json = who();
    insta::assert_json_snapshot!("who_group", json);
    assert_eq!(json, who());
    let reach = home.run(&[
        "--demo",
        "--format=json",
        "reach",
        "--caller",
        CALLER,
        "--at",
        AT,
    ]);
    let json = reach.ends(0).json();
    let targets: Vec<&str> = json["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| r["target"].as_str().unwrap())
        .collect();
    assert!(targets.is_sorted() && !targets.is_empty(), "{targets:?}");
    assert!(
        !targets.iter().any(|t| t.contains("bq-privileged")),
        "{targets:?}"
    );
    assert_eq!(json["caller"], CALLER);
    let text = home
        .run(&["--demo=group", "who", "--target", TARGET])
        .ends(0)
        .out
        .clone();
    assert!(text.contains("by way of"), "{text}");
}

#[test]
fn a_graph_in_three_languages() {
    let home = Home::new();
    let dot = home.run(&["--demo", "graph"]).ends(0).out.clone();
    assert!(
        dot.starts_with("digraph impersonation {") && dot.ends_with("}\n"),
        "{dot}"
    );
    assert!(dot.contains("label=\"bq-privileged@data-vault\""), "{dot}");
    let mermaid = home
        .run(&["--demo", "graph", "--format", "mermaid"])
        .ends(0)
        .out
        .clone();
    assert!(mermaid.starts_with("flowchart LR\n"), "{mermaid}");
    let svg = home
        .run(&["--demo", "graph", "--format", "svg"])
        .ends(0)
        .out
        .clone();
    assert!(
        svg.starts_with("<svg ") && svg.ends_with("</svg>\n"),
        "{svg}"
    );
    assert_eq!(svg.matches("<g>").count(), dot.matches("shape=").count());
    home.run(&["--demo", "--format=json", "graph"])
        .ends(2)
        .says("dot");
}

#[test]
fn an_export_is_an_estate_that_answers_alike() {
    let home = Home::new();
    let file = home.path("estate.json");
    let file = file.to_str().unwrap();
    for demo in ["cross-project", "conditional", "denied", "group"] {
        let demo_option = format!("--demo={demo}");
        home.run(&[&demo_option, "export", file])
            .ends(0)
            .says("written to");
        let ask = |source: &str| {
            let ran = home.explain(&[source], CALLER, TARGET);
            let json = ran.json();
            let kinds: Vec<Value> = json["causes"]
                .as_array()
                .unwrap()
                .iter()
                .map(|c| c["kind"].clone())
                .collect();
            (json["verdict"].clone(), json["outcome"].clone(), kinds)
        };
        assert_eq!(
            ask(&demo_option),
            ask(&format!("--estate={file}")),
            "{demo}"
        );
    }
}

/// An asset export as `gcloud asset export` writes it, a line for each asset.
const EXPORT: &str = r#"# exported by hand
{"name":"//cloudresourcemanager.googleapis.com/organizations/1","asset_type":"cloudresourcemanager.googleapis.com/Organization","resource":{"data":{"name":"organizations/1","displayName":"example.com"}},"ancestors":["organizations/1"]}
{"name":"//cloudresourcemanager.googleapis.com/projects/2","asset_type":"cloudresourcemanager.googleapis.com/Project","resource":{"data":{"projectId":"p","projectNumber":"2","name":"P","lifecycleState":"ACTIVE"}},"ancestors":["projects/2","organizations/1"]}
{"name":"//iam.googleapis.com/projects/p/serviceAccounts/101","asset_type":"iam.googleapis.com/ServiceAccount","resource":{"data":{"email":"t@p.iam.gserviceaccount.com","uniqueId":"101","projectId":"p","name":"projects/p/serviceAccounts/t@p.iam.gserviceaccount.com"}},"ancestors":["projects/2","organizations/1"]}
{"name":"//iam.googleapis.com/projects/p/serviceAccounts/101","asset_type":"iam.googleapis.com/ServiceAccount","iam_policy":{"bindings":[{"role":"roles/iam.serviceAccountTokenCreator","members":["group:devs@example.com"]}]},"ancestors":["projects/2","organizations/1"]}
{"name":"//compute.googleapis.com/projects/p/zones/z/instances/i","asset_type":"compute.googleapis.com/Instance","resource":{"data":{}},"ancestors":["projects/2","organizations/1"]}
"#;

#[test]
fn an_asset_export_and_a_file_that_adds_groups() {
    let home = Home::new();
    let export = home.write("assets.ndjson", EXPORT);
    let groups = home.write(
        "groups.json",
        r#"{ "groups": [ { "email": "devs@example.com", "members": ["user:ana@example.com"] } ] }"#,
    );
    let (export, groups) = (export.to_str().unwrap(), groups.to_str().unwrap());
    let ask = question("user:ana@example.com", "t@p.iam.gserviceaccount.com");
    let alone: Vec<&str> = ["--estate", export].into_iter().chain(ask).collect();
    let ran = home.run(&alone);
    ran.ends(3).says("1 asset counts for nothing here");
    let json = ran.json();
    let assumed = json["assumptions"].as_array().unwrap();
    for name in ["NO_DENY_POLICIES_IN_EXPORT", "NO_BOUNDARIES_IN_EXPORT"] {
        assert!(assumed.contains(&json!(name)), "{assumed:?}");
    }
    assert_eq!(json["causes"][0]["kind"], "GROUP_NOT_READABLE");
    let both: Vec<&str> = ["--estate", export, "--estate", groups]
        .into_iter()
        .chain(ask)
        .collect();
    assert_eq!(home.run(&both).ends(0).json()["verdict"], "CAN_ACCESS");
    let who = ["who", "--target", "t@p.iam.gserviceaccount.com"];
    let listed = home.run(&[&["--estate", export, "--format=json"], &who[..]].concat());
    assert_eq!(listed.ends(0).json()["assumptions"], json["assumptions"]);
    let listed = home.run(&[&["--estate", export], &who[..]].concat());
    let text = &listed.ends(0).out;
    assert!(text.contains("Taken for granted: there are no"), "{text}");
    let words: Vec<&str> = both
        .iter()
        .copied()
        .filter(|a| *a != "--format=json")
        .collect();
    let text = home.run(&words).ends(0).out.clone();
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat.contains("there are no deny policies"), "{text}");
    let other = home.write(
        "other.json",
        r#"{ "groups": [ { "email": "devs@example.com", "members": ["user:ben@example.com"] } ] }"#,
    );
    let all: Vec<&str> = ["--estate", other.to_str().unwrap()]
        .into_iter()
        .chain(both)
        .collect();
    home.run(&all)
        .ends(2)
        .says("other.json")
        .says("groups.json");
}

#[test]
fn completions_and_manual() {
    let home = Home::new();
    let bash = home.run(&["completions", "bash"]);
    assert!(bash.ends(0).out.contains("_bindscope()"), "{}", bash.out);
    let man = home.run(&["man"]);
    assert!(man.ends(0).out.contains(".TH bindscope 1"), "{}", man.out);
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let home = Home::new();
    let mut command = home.command(&["--demo=large", "list", "service-accounts"]);
    command.stdout(std::process::Stdio::piped());
    command.stderr(std::process::Stdio::piped());
    let mut child = command.spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    let words = String::from_utf8(output.stderr).unwrap();
    assert!(!words.contains("panicked"), "{words}");
    assert_eq!(output.status.code(), Some(0), "{words}");
}

/// A deny rule beside sets that are granted something.
const SETS: &str = r#"{
  "organizations": [{ "name": "organizations/1001", "displayName": "example.com", "directoryCustomerId": "C0example" }],
  "projects": [{ "name": "projects/3001", "projectId": "p", "parent": "organizations/1001" }],
  "serviceAccounts": [
    { "name": "projects/p/serviceAccounts/a@p.iam.gserviceaccount.com", "email": "a@p.iam.gserviceaccount.com", "projectId": "p", "uniqueId": "1" },
    { "name": "projects/p/serviceAccounts/off@p.iam.gserviceaccount.com", "email": "off@p.iam.gserviceaccount.com", "projectId": "p", "uniqueId": "2", "disabled": true }],
  "groups": [{ "email": "team@example.com", "members": ["user:ana@example.com"] }],
  "denyPolicies": [{ "name": "policies/cloudresourcemanager.googleapis.com%2Fprojects%2Fp/denypolicies/d",
    "rules": [{ "denyRule": { "deniedPrincipals": ["principal://goog/subject/bob@example.com"],
      "deniedPermissions": ["iam.googleapis.com/serviceAccounts.getAccessToken"] } }] }],
  "iamPolicies": {
    "//cloudresourcemanager.googleapis.com/projects/p": { "bindings": [{ "role": "roles/iam.serviceAccountTokenCreator",
      "members": ["allUsers", "domain:example.com", "group:team@example.com",
        "principalSet://iam.googleapis.com/projects/3001/locations/global/workloadIdentityPools/gh/attribute.repository/o/r"] }] } } }"#;

#[test]
fn sets_that_are_granted_can_and_say_who_of_them_cannot() {
    let home = Home::new();
    let file = home.write("sets.json", SETS);
    let estate = format!("--estate={}", file.display());
    let who = |target: &str, format: &str| {
        home.run(&[&estate, format, "who", "--target", target, "--at", AT])
    };
    let json = who("a@p.iam.gserviceaccount.com", "--format=json");
    let json = json.ends(0).json();
    assert_eq!(json["complete"], true, "{json}");
    let rows = json["results"].as_array().unwrap();
    let told: Vec<(&str, &str, &str, usize)> = rows
        .iter()
        .map(|row| {
            let word = |key: &str| row[key].as_str().unwrap();
            let except = row["except"].as_array().map_or(0, Vec::len);
            (word("principal"), word("verdict"), word("outcome"), except)
        })
        .collect();
    let pool = "principalSet://iam.googleapis.com/projects/3001/locations/global/workloadIdentityPools/gh/attribute.repository/o/r";
    let (can, succeeds) = ("CAN_ACCESS", "WOULD_SUCCEED");
    assert_eq!(
        told,
        [
            ("allUsers", can, succeeds, 1),
            ("domain:example.com", can, succeeds, 1),
            (pool, can, succeeds, 0),
            ("user:ana@example.com", can, succeeds, 0),
        ]
    );
    assert_eq!(
        rows[0]["except"][0],
        json!({
            "by": "DENY_RULE",
            "name": "policies/cloudresourcemanager.googleapis.com%2Fprojects%2Fp/denypolicies/d",
            "principals": ["principal://goog/subject/bob@example.com"], "but": [], "certain": true
        })
    );
    let text = who("a@p.iam.gserviceaccount.com", "--format=text");
    let text = &text.ends(0).out;
    assert!(
        text.contains("not principal://goog/subject/bob@example.com"),
        "{text}"
    );
    assert!(!text.contains("perhaps"), "{text}");
    // Nobody gets a token of one that is off.
    let off = who("off@p.iam.gserviceaccount.com", "--format=json");
    let off = off.ends(0).json();
    for row in off["results"].as_array().unwrap() {
        assert_eq!(
            (&row["verdict"], &row["outcome"]),
            (&json!(can), &json!("WOULD_FAIL"))
        );
    }
    // `diff` says of a set what `who` says.
    let empty = home.write("empty.json", "{}");
    let (empty, file) = (empty.display().to_string(), file.display().to_string());
    let diff = home.run(&["--format=json", "diff", &empty, &file, "--at", AT]);
    let diff = diff.ends(1).json();
    let in_diff: Vec<(&str, &str, usize)> = diff["results"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|row| {
            row["target"]
                .as_str()
                .unwrap()
                .ends_with("/a@p.iam.gserviceaccount.com")
        })
        .map(|row| {
            let except = row["exceptAfter"].as_array().map_or(0, Vec::len);
            (
                row["principal"].as_str().unwrap(),
                row["after"].as_str().unwrap(),
                except,
            )
        })
        .collect();
    let in_who: Vec<(&str, &str, usize)> = told.iter().map(|(p, v, _, e)| (*p, *v, *e)).collect();
    assert_eq!(in_diff, in_who);
    // A rule that is new takes something from somebody, and that is a change.
    let mut without: Value = serde_json::from_str(SETS).unwrap();
    without["denyPolicies"] = json!([]);
    let without = home.write("without.json", &without.to_string());
    let diff = home.run(&["diff", &without.display().to_string(), &file, "--at", AT]);
    let out = &diff.ends(1).out;
    assert!(
        out.contains("- allUsers  as before, but for others of it"),
        "{out}"
    );
}

#[test]
fn two_runs_on_one_file_print_the_same_bytes() {
    let home = Home::new();
    let file = home.write("sets.json", SETS);
    let estate = format!("--estate={}", file.display());
    let runs: [&[&str]; 3] = [
        &[
            "--format=json",
            "who",
            "--target",
            "a@p.iam.gserviceaccount.com",
            "--at",
            AT,
        ],
        &[
            "--format=json",
            "reach",
            "--caller",
            "user:ana@example.com",
            "--at",
            AT,
        ],
        &["graph", "--at", AT],
    ];
    for run in runs {
        let arguments: Vec<&str> = [&*estate].into_iter().chain(run.iter().copied()).collect();
        let first = home.run(&arguments);
        for _ in 0..3 {
            assert_eq!(home.run(&arguments).out, first.ends(0).out, "{run:?}");
        }
    }
}

/// Of a caller that is not there, in a project that was shut down, a file says what the same facts say over HTTP, and
/// what `explain` says: by the policies it could, and the call fails.
#[test]
fn a_caller_that_is_not_there_of_a_project_that_was_shut_down() {
    let home = Home::new();
    let account = |name: &str, project: &str, id: &str| {
        let email = format!("{name}@{project}.iam.gserviceaccount.com");
        json!({ "name": format!("projects/{project}/serviceAccounts/{email}"), "email": email,
            "projectId": project, "uniqueId": id })
    };
    let project = |number: &str, id: &str, state: &str| json!({ "name": format!("projects/{number}"), "projectId": id, "parent": "organizations/1", "state": state });
    let nobody = "serviceAccount:nobody@tern-gone.iam.gserviceaccount.com";
    let granted = json!({ "role": "roles/iam.serviceAccountTokenCreator", "members": [nobody] });
    let facts = json!({
        "organizations": [{ "name": "organizations/1", "displayName": "tern.example" }],
        "projects": [project("11", "tern-gone", "DELETE_REQUESTED"), project("12", "tern-live", "ACTIVE")],
        "serviceAccounts": [account("there", "tern-gone", "101"), account("here", "tern-live", "102")],
        "iamPolicies": { "//cloudresourcemanager.googleapis.com/organizations/1": { "bindings": [granted] } },
    });
    let file = home.write("estate.json", &facts.to_string());
    let file = file.to_str().unwrap();
    let emulator = Emulator::start(&home, &["--estate", file]);
    let told = |ran: crate::common::Ran| -> Vec<Value> {
        let results = ran.json()["results"].as_array().unwrap().clone();
        let row = |r: &Value| json!([r["target"], r["verdict"], r["outcome"]]);
        results.iter().map(row).collect()
    };
    let reach = ["--format=json", "reach", "--caller", nobody];
    let of_file = told(home.run(&[&["--estate", file], &reach[..]].concat()));
    assert_eq!(of_file, told(emulator.run(&home, &reach)));
    assert_eq!(of_file.len(), 2, "{of_file:?}");
    for row in &of_file {
        assert_eq!(
            (&row[1], &row[2]),
            (&json!("CAN_ACCESS"), &json!("WOULD_FAIL"))
        );
        let target = row[0].as_str().unwrap().rsplit('/').next().unwrap();
        let explained = home.explain(&["--estate", file], nobody, target).json();
        assert_eq!(
            (&explained["verdict"], &explained["outcome"]),
            (&row[1], &row[2])
        );
    }
}

/// A name in a policy or a group that is no account of its project, which was listed: `who` and `reach` say that the call
/// fails, of a file and over HTTP, as `explain` does, with kinds of ways and without; and nothing is left open by it.
#[test]
fn a_name_that_is_nobodys_is_told_as_one_from_either_end() {
    let home = Home::new();
    let account = |name: &str, id: &str| {
        let email = format!("{name}@tern-live.iam.gserviceaccount.com");
        json!({ "name": format!("projects/tern-live/serviceAccounts/{email}"), "email": email,
            "projectId": "tern-live", "uniqueId": id })
    };
    let member = |name: &str| format!("serviceAccount:{name}@tern-live.iam.gserviceaccount.com");
    let target = "here@tern-live.iam.gserviceaccount.com";
    let names = [
        ("ther", "WOULD_FAIL"),
        ("runer", "WOULD_FAIL"),
        ("there", "WOULD_SUCCEED"),
    ];
    let granted = json!({ "role": "roles/iam.serviceAccountTokenCreator",
        "members": [member("ther"), member("there"), "group:team@tern.example"] });
    let facts = json!({
        "organizations": [{ "name": "organizations/1", "displayName": "tern.example" }],
        "projects": [{ "name": "projects/12", "projectId": "tern-live", "parent": "organizations/1" }],
        "serviceAccounts": [account("there", "101"), account("here", "102")],
        "groups": [{ "email": "team@tern.example", "members": [member("runer")] }],
        "iamPolicies": { format!("//iam.googleapis.com/projects/tern-live/serviceAccounts/{target}"):
            { "bindings": [granted] } },
    });
    let file = home.write("estate.json", &facts.to_string());
    let file = file.to_str().unwrap();
    let emulator = Emulator::start(&home, &["--estate", file]);
    for kinds in [&[][..], &["--edges", "token"]] {
        let asked = |question: &[&str]| {
            let question = [&["--format=json"], question, kinds].concat();
            let told = home.run(&[&["--estate", file], &question[..]].concat());
            let told = told.json();
            assert_eq!(told, emulator.run(&home, &question).json(), "{question:?}");
            assert_eq!(told["complete"], true, "{question:?}");
            told["results"].as_array().unwrap().clone()
        };
        let who = asked(&["who", "--target", target]);
        for (name, outcome) in names {
            let caller = member(name);
            let explained = home.explain(&["--estate", file], &caller, target).json();
            let row = who.iter().find(|row| row["principal"] == json!(caller));
            let row = row.unwrap_or_else(|| panic!("{caller} in {who:?}"));
            let reach = asked(&["reach", "--caller", &caller]);
            for told in [&explained, row, &reach[0]] {
                assert_eq!(told["verdict"], "CAN_ACCESS", "{name}");
                assert_eq!(told["outcome"], outcome, "{name}");
            }
        }
    }
}
