//! `list`, `who`, `reach`, `graph`, `export`, `completions`, `man`.

use serde_json::{Value, json};

use super::common::{AT, CALLER, Home, TARGET};

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
            let ran = home.run(&[
                source,
                "--format=json",
                "explain",
                "--at",
                AT,
                "--caller",
                CALLER,
                "--target",
                TARGET,
            ]);
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
