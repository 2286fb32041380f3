//! `path` and `cut`, over the whole way.

use serde_json::{Value, json};

use super::common::{AT, Home, Ran};

const ANA: &str = "user:ana@example.com";
const CREATOR: &str = "roles/iam.serviceAccountTokenCreator";
const CONDITION: &str = "request.time < timestamp('2030-01-01T00:00:00Z')";

fn name(account: &str) -> String {
    format!(
        "//iam.googleapis.com/projects/app/serviceAccounts/{}",
        email(account)
    )
}

fn email(account: &str) -> String {
    format!("{account}@app.iam.gserviceaccount.com")
}

fn member(account: &str) -> String {
    format!("serviceAccount:{}", email(account))
}

/// Ana comes to `mid` by a group and under a condition, to `side` by herself; each of both comes to `t`. `far` is an
/// account that only `t` comes to. `lone` is nobody's.
fn estate() -> Value {
    let account = |(id, name): (usize, &&str)| {
        json!({ "name": format!("projects/app/serviceAccounts/{}", email(name)), "email": email(name),
            "projectId": "app", "uniqueId": format!("10{id}") })
    };
    let accounts = ["t", "mid", "side", "far", "lone"];
    let accounts: Vec<Value> = accounts.iter().enumerate().map(account).collect();
    let condition = json!({ "title": "for a while", "expression": CONDITION });
    json!({
        "organizations": [{ "name": "organizations/1001", "displayName": "example.com", "directoryCustomerId": "C0example" }],
        "projects": [{ "name": "projects/3001", "projectId": "app", "parent": "organizations/1001" }],
        "serviceAccounts": accounts,
        "groups": [{ "email": "devs@example.com", "members": [ANA, "user:ben@example.com"] }],
        "iamPolicies": {
            name("mid"): { "version": 3, "bindings": [
                { "role": CREATOR, "members": ["group:devs@example.com"], "condition": condition },
                { "role": CREATOR, "members": ["user:cy@example.com"] }] },
            name("side"): { "bindings": [{ "role": CREATOR, "members": [ANA] }] },
            name("t"): { "bindings": [{ "role": CREATOR, "members": [member("mid"), member("side")] }] },
            name("far"): { "bindings": [{ "role": CREATOR, "members": [member("t")] }] },
        }
    })
}

fn run(home: &Home, file: &Value, more: &[&str]) -> Ran {
    let path = home.write("estate.json", &file.to_string());
    let estate = format!("--estate={}", path.display());
    home.run(&[&[&*estate], more].concat())
}

fn ask(home: &Home, file: &Value, command: &str, ends: (&str, &str), more: &[&str]) -> Ran {
    let words = [command, "--caller", ends.0, "--target", ends.1, "--at", AT];
    run(home, file, &[&words, more].concat())
}

/// Ends so, and shows all of these.
fn shows(ran: &Ran, code: i32, words: &[&str]) {
    ran.ends(code);
    for words in words {
        assert!(ran.out.contains(words), "'{words}' is not in:\n{}", ran.out);
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

#[test]
fn a_path_is_told_step_by_step() {
    let (home, file) = (Home::new(), estate());
    let found = ask(
        &home,
        &file,
        "path",
        (ANA, &email("far")),
        &["--format=json"],
    );
    let found = found.ends(0).json();
    assert_eq!(found["verdict"], "CAN_ACCESS", "{found:#}");
    assert_eq!(found["outcome"], "WOULD_SUCCEED");
    assert_eq!(found["length"], 3);
    assert_eq!(found["complete"], true);
    let path = &found["paths"][0];
    assert_eq!(
        path["path"],
        json!([ANA, name("mid"), name("t"), name("far")])
    );
    let first = &path["steps"][0];
    assert_eq!(first["edge"], "TOKEN");
    assert_eq!(first["verdict"], "CAN_ACCESS");
    let via = json!([{ "resource": name("mid"), "role": CREATOR, "member": "group:devs@example.com",
        "condition": { "title": "for a while", "expression": CONDITION }, "edges": ["TOKEN"] }]);
    assert_eq!(first["via"], via);
    // The same in words.
    let said = ask(&home, &file, "path", (ANA, &email("far")), &[]);
    let step = "to group:devs@example.com on projects/app/serviceAccounts/mid@app.iam.gserviceaccount.com, under the condition for a while";
    shows(
        &said,
        0,
        &["3 steps", "mid@app.iam.gserviceaccount.com  TOKEN", step],
    );
}

#[test]
fn all_paths_that_are_as_short_are_told() {
    let (home, file) = (Home::new(), estate());
    let found = ask(
        &home,
        &file,
        "path",
        (ANA, &email("t")),
        &["--all", "--format=json"],
    );
    let found = found.ends(0).json();
    assert_eq!(found["total"], 2, "{found:#}");
    let paths = found["paths"].as_array().unwrap().iter();
    let between: Vec<&str> = paths.map(|path| text(&path["path"][1])).collect();
    assert_eq!(between, [name("mid"), name("side")]);
    let said = ask(&home, &file, "path", (ANA, &email("t")), &["--all"]);
    shows(
        &said,
        0,
        &["Path 2", "2 paths, none of them longer than another"],
    );
}

#[test]
fn what_was_not_read_leaves_it_open_whether_there_is_a_path() {
    let home = Home::new();
    let mut file = estate();
    let none = ask(
        &home,
        &file,
        "path",
        (ANA, &email("lone")),
        &["--format=json"],
    );
    let none = none.ends(1).json();
    assert_eq!(none["verdict"], "CANNOT_ACCESS", "{none:#}");
    assert_eq!(none["paths"], json!([]));
    assert_eq!(none["length"], Value::Null);
    file["unreadable"] = json!([name("lone")]);
    let open = ask(
        &home,
        &file,
        "path",
        (ANA, &email("lone")),
        &["--format=json"],
    );
    let open = open.ends(3).json();
    assert_eq!(open["verdict"], "UNKNOWN_INFO", "{open:#}");
    assert_eq!(open["outcome"], "UNKNOWN");
    assert_eq!(open["complete"], false);
    assert_eq!(open["notRead"], json!([name("lone")]));
    let said = ask(&home, &file, "path", (ANA, &email("lone")), &[]);
    shows(
        &said,
        3,
        &["No path that can be told: not everything could be read."],
    );
    let cut = ask(&home, &file, "cut", (ANA, &email("lone")), &[]);
    shows(
        &cut,
        3,
        &["Nothing in sight joins the two, and not everything could be read."],
    );
}

/// A group that may not be read, in the middle of the way.
#[test]
fn a_step_that_is_not_known_is_told_as_one() {
    let home = Home::new();
    let mut file = estate();
    file["iamPolicies"][name("side")] = json!({ "bindings": [] });
    file["unreadable"] = json!(["groups/devs@example.com"]);
    let found = ask(
        &home,
        &file,
        "path",
        (ANA, &email("far")),
        &["--format=json"],
    );
    let found = found.ends(3).json();
    assert_eq!(found["verdict"], "UNKNOWN_INFO", "{found:#}");
    let steps = found["paths"][0]["steps"].as_array().unwrap();
    let verdicts: Vec<&str> = steps.iter().map(|step| text(&step["verdict"])).collect();
    assert_eq!(verdicts, ["UNKNOWN_INFO", "CAN_ACCESS", "CAN_ACCESS"]);
    let said = ask(&home, &file, "path", (ANA, &email("far")), &[]);
    shows(
        &said,
        3,
        &["perhaps: something that decides could not be read"],
    );
}

#[test]
fn a_path_to_an_account_that_is_off_would_fail() {
    let home = Home::new();
    let mut file = estate();
    file["serviceAccounts"][0]["disabled"] = true.into();
    let found = ask(&home, &file, "path", (ANA, &email("t")), &["--format=json"]);
    let found = found.ends(1).json();
    assert_eq!(found["verdict"], "CAN_ACCESS", "{found:#}");
    assert_eq!(found["outcome"], "WOULD_FAIL");
    // Nor is it a way to anything behind it.
    let behind = ask(
        &home,
        &file,
        "path",
        (ANA, &email("far")),
        &["--format=json"],
    );
    assert_eq!(behind.ends(1).json()["verdict"], "CANNOT_ACCESS");
    let said = ask(&home, &file, "path", (ANA, &email("t")), &[]);
    shows(&said, 1, &["granted, but the calls would fail"]);
}

#[test]
fn a_cut_is_the_fewest_bindings_and_its_commands() {
    let (home, file) = (Home::new(), estate());
    // Two ways to `t`, and one step behind it.
    let far = ask(
        &home,
        &file,
        "cut",
        (ANA, &email("far")),
        &["--format=json"],
    );
    let far = far.ends(0).json();
    assert_eq!(far["cut"].as_array().unwrap().len(), 1, "{far:#}");
    assert_eq!(far["minimum"], true);
    assert_eq!(far["cut"][0]["member"], member("t").as_str());
    let removal = "gcloud iam service-accounts remove-iam-policy-binding far@app.iam.gserviceaccount.com --project=app --member=serviceAccount:t@app.iam.gserviceaccount.com --role=roles/iam.serviceAccountTokenCreator";
    assert_eq!(far["cut"][0]["command"], removal);
    assert_eq!(far["after"]["pathLeft"], false);
    assert_eq!(far["after"]["explain"]["verdict"], "CANNOT_ACCESS");
    // Whoever comes to it by `t` keeps `t`; `t` itself loses it.
    assert_eq!(far["alsoLost"]["principals"], json!([member("t")]));

    let near = ask(&home, &file, "cut", (ANA, &email("t")), &["--format=json"]);
    let near = near.ends(0).json();
    let members = near["cut"].as_array().unwrap().iter();
    let members: Vec<&str> = members.map(|one| text(&one["member"])).collect();
    assert_eq!(members.len(), 2, "{near:#}");
    assert_eq!(near["minimum"], true);
    assert_eq!(near["atLeast"], 2);
}

/// A group of twelve hundred loses the target with the one binding: a thousand are named, the rest is counted.
#[test]
fn who_else_loses_the_target_is_named_up_to_a_bound() {
    let (home, mut file) = (Home::new(), estate());
    let many = (0..1_200).map(|n| json!(format!("user:u{n:04}@example.com")));
    let many: Vec<Value> = [json!(ANA)].into_iter().chain(many).collect();
    file["groups"][0]["members"] = many.into();
    let ends = (ANA, &*email("mid"));
    let said = ask(&home, &file, "cut", ends, &["--format=json"]);
    let said = said.ends(0).json();
    let lost = &said["alsoLost"];
    assert_eq!(lost["principals"].as_array().unwrap().len(), 1_000);
    assert_eq!(lost["principalsLeftOut"], 200);
    assert_eq!(lost["accountsLeftOut"], 0);
    assert_eq!(lost["bounded"], false);
    assert_eq!(said["bounded"], false);
    let said = ask(&home, &file, "cut", ends, &[]);
    shows(&said, 0, &["user:u0019@example.com", "and 1180 more"]);
}

/// What the commands say is what separates: carried out, the path is gone.
#[test]
fn a_condition_is_named_by_the_command_that_removes_its_binding() {
    let (home, file) = (Home::new(), estate());
    let mid = ask(
        &home,
        &file,
        "cut",
        (ANA, &email("mid")),
        &["--format=json"],
    );
    let mid = mid.ends(0).json();
    let command = text(&mid["cut"][0]["command"]);
    let condition = r#"'--condition=expression=request.time < timestamp('\''2030-01-01T00:00:00Z'\''),title=for a while'"#;
    assert!(command.ends_with(condition), "{command}");
    assert_eq!(mid["cut"][0]["standsFor"], "2 direct members of the group");
    assert_eq!(
        mid["alsoLost"]["principals"],
        json!(["user:ben@example.com"])
    );
    // A binding without a condition, beside one with: gcloud has to be told.
    let cy = ask(
        &home,
        &file,
        "cut",
        ("user:cy@example.com", &email("mid")),
        &["--format=json"],
    );
    let cy = cy.ends(0).json();
    let command = text(&cy["cut"][0]["command"]);
    assert!(
        command.ends_with("--role=roles/iam.serviceAccountTokenCreator --condition=None"),
        "{command}"
    );
    let mut less = file.clone();
    less["iamPolicies"][name("mid")]["bindings"][0]["members"] = json!([]);
    let gone = ask(
        &home,
        &less,
        "path",
        (ANA, &email("mid")),
        &["--format=json"],
    );
    assert_eq!(gone.ends(1).json()["verdict"], "CANNOT_ACCESS");
    let said = ask(&home, &file, "cut", (ANA, &email("mid")), &[]);
    let words = [
        "Remove 1 binding; fewer will not do.",
        "explain says CANNOT_ACCESS",
        "user:ben@example.com",
    ];
    shows(&said, 0, &words);
}

#[test]
fn by_kinds_of_edge_other_ways_count_too() {
    let home = Home::new();
    let mut file = estate();
    file["iamPolicies"]["//cloudresourcemanager.googleapis.com/projects/app"] = json!({ "bindings": [{ "role": "roles/resourcemanager.projectIamAdmin", "members": [ANA] }] });
    let found = ask(
        &home,
        &file,
        "path",
        (ANA, &email("far")),
        &["--edges=all", "--format=json"],
    );
    let found = found.ends(0).json();
    assert_eq!(found["length"], 1, "{found:#}");
    assert_eq!(found["paths"][0]["steps"][0]["edge"], "PROJECT_POLICY");
    // By tokens alone it is cut elsewhere, and the other way is told.
    let tokens = ask(
        &home,
        &file,
        "cut",
        (ANA, &email("far")),
        &["--format=json"],
    );
    let tokens = tokens.ends(0).json();
    assert_eq!(
        tokens["otherEdges"][0]["edge"], "PROJECT_POLICY",
        "{tokens:#}"
    );
    let all = ask(
        &home,
        &file,
        "cut",
        (ANA, &email("far")),
        &["--edges=all", "--format=json"],
    );
    let all = all.ends(0).json();
    assert_eq!(all["cut"].as_array().unwrap().len(), 2, "{all:#}");
    assert_eq!(all["after"]["pathLeft"], false);
    // Nothing parts an account from itself.
    let own = ask(
        &home,
        &file,
        "cut",
        (&member("t"), &email("t")),
        &["--edges=all"],
    );
    shows(&own, 1, &["The caller is the account"]);
}

#[test]
fn two_runs_print_the_same_and_names_of_nobody_are_told() {
    let (home, file) = (Home::new(), estate());
    for command in ["path", "cut"] {
        let one = ask(
            &home,
            &file,
            command,
            (ANA, &email("far")),
            &["--format=json"],
        );
        let other = ask(
            &home,
            &file,
            command,
            (ANA, &email("far")),
            &["--format=json"],
        );
        assert_eq!(one.out, other.out);
        ask(&home, &file, command, (ANA, &email("nobody")), &[])
            .ends(2)
            .says("does not exist");
    }
}
