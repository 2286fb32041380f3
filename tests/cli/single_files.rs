//! What single commands of gcloud print, as JSON and as YAML, given as it is.

use serde_json::{Value, json};

use super::common::{AT, Home, Ran};

const RUNNER: &str = "serviceAccount:runner@wren-app.iam.gserviceaccount.com";
const SAFE: &str = "safe@wren-data.iam.gserviceaccount.com";

/// What `gcloud projects get-iam-policy` prints by default.
const POLICY: &str = "\
bindings:
- members:
  - serviceAccount:runner@wren-app.iam.gserviceaccount.com
  role: roles/iam.serviceAccountTokenCreator
- condition:
    expression: |-
      # not a comment, and not true before
      request.time < timestamp(\"2030-01-01T00:00:00Z\")
    title: until 2030
  members:
  - user:ana@wren.example
  role: roles/iam.serviceAccountTokenCreator
etag: BwYAAAE=
version: 3
";

fn ask(home: &Home, sources: &[&str], caller: &str, target: &str) -> Ran {
    let options: Vec<&str> = sources.iter().flat_map(|s| ["--estate", s]).collect();
    home.explain(&options, caller, target)
}

#[track_caller]
fn verdict(ran: &Ran, verdict: &str) -> Value {
    let told = ran.json();
    assert_eq!(told["verdict"], verdict, "{told}\n{}", ran.err);
    told
}

fn keyed(home: &Home, key: &str, name: &str, text: &str) -> String {
    format!("{key}={}", home.write(name, text).display())
}

#[test]
fn a_policy_as_gcloud_prints_it_is_that_of_the_project_named_before_it() {
    let home = Home::new();
    let source = keyed(&home, "projects/wren-data", "policy.yaml", POLICY);
    let told = verdict(&ask(&home, &[&source], RUNNER, SAFE), "CAN_ACCESS");
    let assumed = told["assumptions"].as_array().unwrap();
    assert!(assumed.contains(&json!("PART_OF_THE_ESTATE")), "{told}");
    // Nobody told the account's own policy, nor what is above the project.
    let told = verdict(
        &ask(&home, &[&source], "user:eve@wren.example", SAFE),
        "UNKNOWN_INFO",
    );
    let causes = told["causes"].to_string();
    assert!(causes.contains("POLICY_NOT_READABLE"), "{told}");
    assert!(!causes.contains("NOT_FOUND"), "{told}");
    let who = home.run(&[
        "--estate",
        &source,
        "--format=json",
        "who",
        "--at",
        AT,
        "--target",
        SAFE,
    ]);
    let who = who.json();
    assert_eq!(who["complete"], false, "{who}");
    assert!(who["results"].to_string().contains(RUNNER), "{who}");
    let projects = home
        .run(&["--estate", &source, "--format=json", "list", "projects"])
        .json();
    assert_eq!(projects["complete"], false, "{projects}");
    assert_eq!(
        projects["projects"][0]["projectId"], "wren-data",
        "{projects}"
    );
}

#[test]
fn a_condition_of_several_lines_is_read_as_it_stands() {
    let home = Home::new();
    let text = POLICY.replace(
        "      # not a comment, and not true before\n",
        "      true &&\n",
    );
    let source = keyed(&home, "projects/wren-data", "policy.yaml", &text);
    verdict(
        &ask(&home, &[&source], "user:ana@wren.example", SAFE),
        "CAN_ACCESS",
    );
    let source = keyed(&home, "projects/wren-data", "other.yaml", POLICY);
    let told = ask(&home, &[&source], "user:ana@wren.example", SAFE);
    assert!(
        told.json()["causes"].to_string().contains("CONDITION"),
        "{}",
        told.out
    );
}

#[test]
fn an_accounts_own_policy_decides_with_what_stands_above_it() {
    let home = Home::new();
    let own = json!({ "bindings": [{ "role": "roles/iam.serviceAccountTokenCreator", "members": [RUNNER] }] });
    for key in [SAFE, &format!("projects/wren-data/serviceAccounts/{SAFE}")] {
        let source = keyed(&home, key, "own.json", &own.to_string());
        verdict(&ask(&home, &[&source], RUNNER, SAFE), "CAN_ACCESS");
    }
    // All that is up from it, and its own: then a no is a no.
    let ancestors = json!([
        { "id": "wren-data", "type": "project", "policy": { "etag": "BwYAAAE=", "bindings": [{ "role": "roles/viewer", "members": ["user:ana@wren.example"] }] } },
        { "id": "71", "type": "folder", "policy": { "etag": "BwYAAAE=" } },
        { "id": "70", "type": "organization", "policy": { "etag": "BwYAAAE=", "bindings": [] } },
    ]);
    let above = home
        .write("above.json", &ancestors.to_string())
        .display()
        .to_string();
    let own = keyed(&home, SAFE, "own.json", &own.to_string());
    verdict(&ask(&home, &[&above, &own], RUNNER, SAFE), "CAN_ACCESS");
    verdict(
        &ask(&home, &[&above, &own], "user:ana@wren.example", SAFE),
        "CANNOT_ACCESS",
    );
    verdict(
        &ask(&home, &[&above], "user:ana@wren.example", SAFE),
        "UNKNOWN_INFO",
    );
}

#[test]
fn lists_of_accounts_and_projects_are_read_as_they_are_printed() {
    let home = Home::new();
    let accounts = "---\ndisplayName: safe\nemail: safe@wren-data.iam.gserviceaccount.com\netag: MDEwMjE5MjA=\nname: projects/wren-data/serviceAccounts/safe@wren-data.iam.gserviceaccount.com\noauth2ClientId: '7002'\nprojectId: wren-data\nuniqueId: '7002'\n---\ndisabled: true\nemail: off@wren-data.iam.gserviceaccount.com\nname: projects/wren-data/serviceAccounts/off@wren-data.iam.gserviceaccount.com\nprojectId: wren-data\nuniqueId: '7003'\n";
    let projects = json!([{ "createTime": "2020-01-01T00:00:00Z", "lifecycleState": "ACTIVE", "name": "wren-data",
        "parent": { "id": "70", "type": "organization" }, "projectId": "wren-data", "projectNumber": "73" }]);
    let organizations = json!([{ "creationTime": "2020-01-01T00:00:00Z", "displayName": "wren.example",
        "lifecycleState": "ACTIVE", "name": "organizations/70", "owner": { "directoryCustomerId": "C0wren" } }]);
    let accounts = home.write("accounts.yaml", accounts).display().to_string();
    let projects = home
        .write("projects.json", &projects.to_string())
        .display()
        .to_string();
    let organizations = home
        .write("organizations.json", &organizations.to_string())
        .display()
        .to_string();
    let all = [
        "--estate",
        &accounts,
        "--estate",
        &projects,
        "--estate",
        &organizations,
    ];
    let list = home
        .run(&[&all[..], &["--format=json", "list", "service-accounts"]].concat())
        .json();
    let listed = list["serviceAccounts"].as_array().unwrap();
    assert_eq!(listed.len(), 2, "{list}");
    assert_eq!(list["complete"], false, "{list}");
    let told = verdict(
        &ask(&home, &[&accounts, &projects, &organizations], RUNNER, SAFE),
        "UNKNOWN_INFO",
    );
    assert!(!told["causes"].to_string().contains("NOT_FOUND"), "{told}");
    // An account that the list does not have: nobody can tell how wide it was.
    let other = "other@wren-data.iam.gserviceaccount.com";
    let told = verdict(
        &ask(&home, &[&accounts, &projects], RUNNER, other),
        "UNKNOWN_INFO",
    );
    assert!(!told["causes"].to_string().contains("NOT_FOUND"), "{told}");
    // With the project's policy its number and its id are one.
    let policy = keyed(&home, "projects/73", "policy.yaml", POLICY);
    verdict(
        &ask(&home, &[&accounts, &projects, &policy], RUNNER, SAFE),
        "CAN_ACCESS",
    );
    let again = ask(
        &home,
        &[&policy, &accounts, &projects],
        RUNNER,
        "off@wren-data.iam.gserviceaccount.com",
    );
    assert_eq!(again.json()["outcome"], "WOULD_FAIL", "{}", again.out);
}

#[test]
fn members_of_a_group_are_those_of_the_group_named_before_them() {
    let home = Home::new();
    let policy = POLICY.replace(RUNNER, "group:devs@wren.example");
    let policy = keyed(&home, "projects/wren-data", "policy.yaml", &policy);
    let members = json!([
        { "name": "groups/1/memberships/2", "preferredMemberKey": { "id": "bob@wren.example" }, "roles": [{ "name": "MEMBER" }], "type": "USER" },
        { "name": "groups/1/memberships/3", "preferredMemberKey": { "id": "runner@wren-app.iam.gserviceaccount.com" }, "roles": [{ "name": "MEMBER" }] },
    ]);
    let group = keyed(
        &home,
        "groups/devs@wren.example",
        "members.json",
        &members.to_string(),
    );
    verdict(&ask(&home, &[&policy], RUNNER, SAFE), "UNKNOWN_INFO");
    verdict(&ask(&home, &[&policy, &group], RUNNER, SAFE), "CAN_ACCESS");
    verdict(
        &ask(&home, &[&policy, &group], "user:bob@wren.example", SAFE),
        "CAN_ACCESS",
    );
    let untyped = members.to_string().replace(",\"type\":\"USER\"", "");
    let group = keyed(&home, "groups/devs@wren.example", "untyped.json", &untyped);
    ask(&home, &[&policy, &group], RUNNER, SAFE)
        .ends(2)
        .says("--view=full");
}

#[test]
fn what_does_not_say_whose_it_is_asks_for_it_and_the_reverse() {
    let home = Home::new();
    let bare = home.write("policy.yaml", POLICY).display().to_string();
    ask(&home, &[&bare], RUNNER, SAFE)
        .ends(2)
        .says("does not say whose")
        .says("--estate projects/my-project=policy.yaml");
    let members = json!([{ "name": "groups/1/memberships/2", "preferredMemberKey": { "id": "x@wren.example" }, "type": "USER" }]);
    let bare = home
        .write("members.json", &members.to_string())
        .display()
        .to_string();
    ask(&home, &[&bare], RUNNER, SAFE)
        .ends(2)
        .says("--estate groups/devs@example.com=members.json");
    let estate = json!({ "projects": [{ "name": "projects/73", "projectId": "wren-data" }] });
    let source = keyed(
        &home,
        "projects/wren-data",
        "estate.json",
        &estate.to_string(),
    );
    ask(&home, &[&source], RUNNER, SAFE)
        .ends(2)
        .says("give the file without projects/wren-data=");
    let directory = format!("projects/wren-data={}", home.dir.path().display());
    ask(&home, &[&directory], RUNNER, SAFE)
        .ends(2)
        .says("is a directory");
    // A file whose own name looks like it is a file.
    let odd = home.path("projects");
    std::fs::create_dir(&odd).unwrap();
    std::fs::write(odd.join("x=y.json"), estate.to_string()).unwrap();
    let mut command = home.command(&["--estate", "projects/x=y.json", "list", "projects"]);
    let output = command.current_dir(home.dir.path()).output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn what_is_written_of_a_part_is_read_again_and_says_the_same() {
    let home = Home::new();
    let source = keyed(&home, "projects/wren-data", "policy.yaml", POLICY);
    let out = home.path("out.json").display().to_string();
    home.run(&["--estate", &source, "export", &out]).ends(0);
    verdict(&ask(&home, &[&out], RUNNER, SAFE), "CAN_ACCESS");
    let told = verdict(
        &ask(&home, &[&out], "user:eve@wren.example", SAFE),
        "UNKNOWN_INFO",
    );
    assert!(!told["causes"].to_string().contains("NOT_FOUND"), "{told}");
}

#[test]
fn broken_yaml_is_told_with_its_line_and_never_in_the_readers_words() {
    let home = Home::new();
    let table: [(&str, &[&str]); 9] = [
        (
            "bindings:\n- role: roles/x\n  members: [a\nversion: 1\n",
            &["line", "no YAML as gcloud prints it"],
        ),
        (
            "bindings:\n- role: 7\n  members: {a: 1}\n",
            &["bindings[0].role: found the number 7", "expected a text"],
        ),
        (
            "version: 1\nversion: 2\n",
            &["line 2", "the key 'version' stands twice"],
        ),
        ("bindings: *nothing\n", &["line 1", "an alias (*)"]),
        ("---\n---\n", &["nothing in it but marks"]),
        (
            "a: &a [x, x, x, x, x, x, x, x]\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a]\nc: &c [*b, *b, *b, *b, *b, *b, *b, *b]\nd: &d [*c, *c, *c, *c, *c, *c, *c, *c]\ne: &e [*d, *d, *d, *d, *d, *d, *d, *d]\nf: &f [*e, *e, *e, *e, *e, *e, *e, *e]\ng: &g [*f, *f, *f, *f, *f, *f, *f, *f]\nh: [*g, *g, *g, *g, *g, *g, *g, *g]\n",
            &["aliases are made to fill memory"],
        ),
        ("hello there\n", &["neither JSON nor YAML"]),
        (
            "NAME  EMAIL  DISABLED\nx  y  False\n",
            &["prints for people", "--format=json"],
        ),
        ("name,asset_type\na,b\n", &["CSV"]),
    ];
    for (text, words) in table {
        let source = keyed(&home, "projects/wren-data", "broken.yaml", text);
        let ran = ask(&home, &[&source], RUNNER, SAFE);
        ran.ends(2).says("broken.yaml");
        for word in words {
            ran.says(word);
        }
        for inside in [
            "serde",
            "struct ",
            "deserialize",
            "Budget",
            "anchor",
            "scanner",
        ] {
            assert!(!ran.err.contains(inside), "{inside}: {}", ran.err);
        }
    }
}

#[test]
fn yaml_of_a_search_is_read_document_by_document() {
    let home = Home::new();
    let text = "\
---
assetType: cloudresourcemanager.googleapis.com/Project
folders:
- folders/71
organization: organizations/70
policy:
  bindings:
  - members:
    - user:ana@wren.example
    role: roles/viewer
project: projects/73
resource: //cloudresourcemanager.googleapis.com/projects/73
---
assetType: iam.googleapis.com/ServiceAccount
folders:
- folders/71
organization: organizations/70
policy:
  bindings:
  - members:
    - serviceAccount:runner@wren-app.iam.gserviceaccount.com
    role: roles/iam.serviceAccountTokenCreator
project: projects/73
resource: //iam.googleapis.com/projects/wren-data/serviceAccounts/safe@wren-data.iam.gserviceaccount.com
";
    let source = home.write("search.yaml", text).display().to_string();
    verdict(&ask(&home, &[&source], RUNNER, SAFE), "CAN_ACCESS");
    let broken = text.replace(
        "    role: roles/iam.serviceAccountTokenCreator",
        "    role: ''",
    );
    let source = home.write("broken.yaml", &broken).display().to_string();
    let ran = ask(&home, &[&source], RUNNER, SAFE);
    ran.ends(2).says("a binding has no role");
    ran.says("line 14");
}
