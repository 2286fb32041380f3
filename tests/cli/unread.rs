//! What was not read: at its level, with why, and with what to ask an administrator for where somebody has to be asked.

use serde_json::{Value, json};

use crate::common::{AT, CALLER, Emulator, Home, TARGET};

/// Every kind of policy that an answer reads, by the path of the call.
const READ: [&str; 6] = [
    "*/serviceAccounts/*:getIamPolicy",
    "/v3/projects/data-vault:getIamPolicy",
    "/v3/folders/*:getIamPolicy",
    "/v3/organizations/*:getIamPolicy",
    "GET /v2/policies/*/denypolicies",
    "GET /v3/organizations/*/policyBindings",
];

/// A refusal, an API that is off, a quota that is spent, a page of a proxy's: each narrows what is known and ends
/// nothing; a refusal names role, resource and command, in JSON and in text.
#[test]
fn whatever_was_not_read_says_why_and_whom_to_ask() {
    let home = Home::new();
    let cases = READ.iter().enumerate().flat_map(|(turn, path)| {
        let path = path.rsplit(' ').next().unwrap_or(path);
        // Quota and page by turns.
        let unanswered = ["429:1h", "html:200"][turn % 2];
        [
            (path, "403", true),
            (path, "html:403", true),
            (path, unanswered, false),
        ]
    });
    std::thread::scope(|scope| {
        for (path, fault, asks) in cases {
            let home = &home;
            scope.spawn(move || {
                let faults = format!("{path} = {fault}");
                let emulator = Emulator::start(home, &["--demo", "no-grant", "--faults", &faults]);
                let pair = ["--caller", CALLER, "--target", TARGET, "--at", AT];
                let ran =
                    |format: &str| emulator.run(home, &[&[format, "explain"], &pair[..]].concat());
                let json = ran("--format=json").json();
                let text = ran("--format=text").out;
                let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
                let unread = json["notRead"]
                    .as_array()
                    .unwrap_or_else(|| panic!("{faults}: {json}"));
                assert!(!unread.is_empty(), "{faults}");
                for thing in unread {
                    assert!(
                        thing["why"].as_str().is_some_and(|why| !why.is_empty()),
                        "{faults}: {thing}"
                    );
                    let request = &thing["request"];
                    assert_eq!(request.is_object(), asks, "{faults}: {thing}");
                    if !asks {
                        continue;
                    }
                    let part = |name: &str| {
                        request[name]
                            .as_str()
                            .unwrap_or_else(|| panic!("{faults}: {thing}"))
                    };
                    assert!(part("resource").starts_with("//"), "{faults}: {thing}");
                    assert!(part("command").contains(part("role")), "{faults}: {thing}");
                    assert!(text.contains(part("command")), "{faults}: {thing}\n{text}");
                }
                // Nobody takes it for a whole answer.
                assert_ne!(json["outcome"], "WOULD_SUCCEED", "{faults}");
            });
        }
    });
}

/// A project that was shut down has a policy still, and those who have a basic role by it are named by it: in what is read
/// over HTTP, and in a file that is judged as it was read.
#[test]
fn owners_of_a_project_that_was_shut_down() {
    let home = Home::new();
    let mut estate: Value =
        serde_json::from_str(include_str!("../../assets/estates/cross-project.json")).unwrap();
    let on = format!("//iam.googleapis.com/projects/data-vault/serviceAccounts/{TARGET}");
    let binding = json!({ "role": "roles/iam.serviceAccountTokenCreator", "members": ["projectEditor:709351842604"] });
    let bindings = &mut estate["iamPolicies"][&on]["bindings"];
    bindings.as_array_mut().unwrap().push(binding);
    let project = "//cloudresourcemanager.googleapis.com/projects/analytics";
    let editor = json!({ "role": "roles/editor", "members": ["user:ann@example.com"] });
    let bindings = &mut estate["iamPolicies"][project]["bindings"];
    bindings.as_array_mut().unwrap().push(editor);
    for of in estate["projects"].as_array_mut().unwrap() {
        if of["projectId"] == "analytics" {
            of["state"] = json!("DELETE_REQUESTED");
        }
    }
    let file = home.write("estate.json", &estate.to_string());
    let file = file.display().to_string();
    let ann = "user:ann@example.com";
    let json = home
        .run(&[
            "--estate",
            &file,
            "--format=json",
            "explain",
            "--caller",
            ann,
            "--target",
            TARGET,
        ])
        .json();
    assert_eq!(json["verdict"], "CAN_ACCESS", "{json}");
    let json = home
        .run(&[
            "--estate",
            &file,
            "--format=json",
            "who",
            "--target",
            TARGET,
        ])
        .json();
    let rows = json["results"].as_array().unwrap();
    assert!(rows.iter().any(|row| row["principal"] == ann), "{json}");
    let json = home
        .run(&["--estate", &file, "--format=json", "reach", "--caller", ann])
        .json();
    let rows = json["results"].as_array().unwrap();
    assert!(rows.iter().any(|row| row["target"] == on), "{json}");
}
