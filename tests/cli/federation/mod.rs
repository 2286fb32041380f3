//! Federated callers over the whole way: an estate file, the emulator, the survey, the words.

use serde_json::{Value, json};

use super::common::{Emulator, Home, Ran};

mod mapping;
mod members;
mod providers;
mod repairs;

const NUMBER: &str = "480000000007";
const POOL: &str = "projects/480000000007/locations/global/workloadIdentityPools/ci-jobs";
const ISSUER: &str = "https://token.actions.githubusercontent.com";
const TARGET: &str = "release@otter-app.iam.gserviceaccount.com";
const USER: &str = "roles/iam.workloadIdentityUser";
const CREATOR: &str = "roles/iam.serviceAccountTokenCreator";
const SUBJECT: &str = "repo:otter-labs/ledger:ref:refs/heads/main";

fn subject(subject: &str) -> String {
    format!("principal://iam.googleapis.com/{POOL}/subject/{subject}")
}

fn set(tail: &str) -> String {
    format!("principalSet://iam.googleapis.com/{POOL}/{tail}")
}

fn account(email: &str) -> Value {
    let project = email
        .split_once('@')
        .and_then(|(_, d)| d.strip_suffix(".iam.gserviceaccount.com"))
        .unwrap();
    json!({ "name": format!("projects/{project}/serviceAccounts/{email}"), "projectId": project, "email": email,
        "uniqueId": format!("1{:020}", email.len() * 7919), "displayName": "" })
}

fn provider(id: &str, mapping: Value) -> Value {
    json!({ "name": format!("{POOL}/providers/{id}"), "state": "ACTIVE", "attributeMapping": mapping,
        "oidc": { "issuerUri": ISSUER } })
}

fn both() -> Value {
    json!({ "google.subject": "assertion.sub", "attribute.repository": "assertion.repository" })
}

/// otter-ci holds the pool, otter-app the account; `members` have Workload Identity User on it.
fn estate(members: &[&str]) -> Value {
    json!({
        "organizations": [{ "name": "organizations/6001", "displayName": "otter.example", "directoryCustomerId": "C0otter" }],
        "folders": [{ "name": "folders/6101", "parent": "organizations/6001", "displayName": "apps" }],
        "projects": [
            { "name": "projects/480000000001", "projectId": "otter-app", "parent": "folders/6101", "state": "ACTIVE" },
            { "name": format!("projects/{NUMBER}"), "projectId": "otter-ci", "parent": "organizations/6001", "state": "ACTIVE" },
        ],
        "serviceAccounts": [account(TARGET)],
        "groups": [],
        "iamPolicies": {
            format!("//iam.googleapis.com/projects/otter-app/serviceAccounts/{TARGET}"):
                { "version": 3, "etag": "BwYAAAE=", "bindings": [{ "role": USER, "members": members }] },
        },
        "pools": [{ "name": POOL, "state": "ACTIVE" }],
        "providers": [provider("gh", both())],
    })
}

fn claims() -> Value {
    json!({ "iss": ISSUER, "sub": SUBJECT, "aud": format!("https://iam.googleapis.com/{POOL}/providers/gh"),
        "repository": "otter-labs/ledger", "repository_owner": "otter-labs", "ref": "refs/heads/main" })
}

struct Case {
    home: Home,
}

impl Case {
    fn new(estate: &Value, claims: &Value) -> Self {
        let home = Home::new();
        home.write("estate.json", &estate.to_string());
        home.write("claims.json", &claims.to_string());
        Self { home }
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        let (estate, claims) = (self.home.path("estate.json"), self.home.path("claims.json"));
        let all: Vec<&str> = ["--estate", estate.to_str().unwrap()]
            .into_iter()
            .chain(arguments.iter().copied())
            .map(|a| {
                if a == "CLAIMS" {
                    claims.to_str().unwrap()
                } else {
                    a
                }
            })
            .collect();
        self.home.run(&all)
    }

    fn explain(&self, caller: &str, more: &[&str]) -> Ran {
        let start = [
            "explain", "--format", "json", "--target", TARGET, "--caller", caller,
        ];
        self.run(&[&start, more].concat())
    }

    fn fix(&self, caller: &str, more: &[&str]) -> Ran {
        let start = [
            "fix",
            "--dry-run",
            "--format",
            "json",
            "--target",
            TARGET,
            "--caller",
            caller,
        ];
        self.run(&[&start, more].concat())
    }
}

fn kinds(json: &Value) -> Vec<&str> {
    let causes = json["causes"].as_array().unwrap();
    causes.iter().map(|c| c["kind"].as_str().unwrap()).collect()
}

/// Verdict, outcome and the kinds of causes, and that a part of the first cause says so.
#[track_caller]
fn comes_to(ran: &Ran, verdict: &str, outcome: &str, causes: &[&str], words: &str) -> Value {
    let json = ran.json();
    assert_eq!(json["verdict"], verdict, "{json:#}");
    assert_eq!(json["outcome"], outcome, "{json:#}");
    assert_eq!(json["troubleshoot"]["overallAccessState"], verdict);
    assert_eq!(kinds(&json), causes, "{json:#}");
    let code = match outcome {
        "WOULD_SUCCEED" => 0,
        "WOULD_FAIL" => 1,
        _ => 3,
    };
    ran.ends(code);
    if let Some(cause) = json["causes"].get(0) {
        let said = cause["message"].as_str().unwrap();
        assert!(said.contains(words), "{words}: {said}");
    }
    json
}
