//! Whose boundaries count, asked the way people ask: estate, emulator, HTTP, survey, judgement, words. `explain`,
//! `who` and `reach` must say one thing.

use serde_json::{Value, json};

use crate::common::{Home, Ran};

const TARGET: &str = "ledger@tern-data.iam.gserviceaccount.com";
const AT: &str = "2026-11-25T12:00:00Z";
const CREATOR: &str = "roles/iam.serviceAccountTokenCreator";

/// Two organizations: tern.example (1) with the folders ci (11) and data (12), heron.example (2) with one
/// project. The account `ledger` of tern-data is what callers want.
fn estate(callers: &[&str]) -> Value {
    let account = |email: &str, project: &str, id: &str| {
        json!({ "name": format!("projects/{project}/serviceAccounts/{email}"), "email": email,
            "projectId": project, "uniqueId": id })
    };
    json!({
        "organizations": [
            { "name": "organizations/1", "displayName": "tern.example", "directoryCustomerId": "C0tern" },
            { "name": "organizations/2", "displayName": "heron.example", "directoryCustomerId": "C0heron" }],
        "folders": [
            { "name": "folders/11", "parent": "organizations/1", "displayName": "ci" },
            { "name": "folders/12", "parent": "organizations/1", "displayName": "data" }],
        "projects": [
            { "name": "projects/7001", "projectId": "tern-ci", "parent": "folders/11", "state": "ACTIVE" },
            { "name": "projects/7002", "projectId": "tern-data", "parent": "folders/12", "state": "ACTIVE" },
            { "name": "projects/8001", "projectId": "heron-app", "parent": "organizations/2", "state": "ACTIVE" }],
        "serviceAccounts": [
            account(TARGET, "tern-data", "101"),
            account("runner@heron-app.iam.gserviceaccount.com", "heron-app", "102")],
        "pools": [{ "name": "locations/global/workforcePools/heron-staff", "parent": "organizations/2",
            "state": "ACTIVE" }],
        "roles": [{ "name": "organizations/1/roles/looker", "stage": "GA", "includedPermissions": [
            "iam.denypolicies.get", "iam.denypolicies.list", "iam.policybindings.list",
            "iam.principalaccessboundarypolicies.get", "iam.roles.get", "iam.serviceAccounts.get",
            "iam.serviceAccounts.getIamPolicy", "iam.serviceAccounts.list",
            "resourcemanager.folders.get", "resourcemanager.folders.getIamPolicy",
            "resourcemanager.folders.list", "resourcemanager.organizations.get",
            "resourcemanager.organizations.getIamPolicy", "resourcemanager.projects.get",
            "resourcemanager.projects.getIamPolicy", "resourcemanager.projects.list",
            "serviceusage.services.get"] }],
        "iamPolicies": {
            "//cloudresourcemanager.googleapis.com/organizations/1": { "bindings": [
                { "role": "organizations/1/roles/looker", "members": ["user:look@tern.example"] }] },
            format!("//iam.googleapis.com/projects/tern-data/serviceAccounts/{TARGET}"): { "bindings": [
                { "role": CREATOR, "members": callers }] } },
    })
}

/// With a boundary: whoever is in the set may reach the resource alone.
fn bound(mut estate: Value, at: &str, set: &str, resource: &str) -> Value {
    let organization = if at == "organizations/2" {
        at
    } else {
        "organizations/1"
    };
    let policy = format!("{organization}/locations/global/principalAccessBoundaryPolicies/own");
    estate["principalAccessBoundaryPolicies"] = json!([{ "name": policy, "displayName": "Own ground",
        "details": { "enforcementVersion": "3", "rules": [{ "effect": "ALLOW",
            "resources": [format!("//cloudresourcemanager.googleapis.com/{resource}")] }] } }]);
    estate["policyBindings"] = json!([{ "name": format!("{at}/locations/global/policyBindings/own"),
        "target": { "principalSet": set }, "policyKind": "PRINCIPAL_ACCESS_BOUNDARY", "policy": policy }]);
    estate
}

/// heron.example's people and accounts may reach what is heron.example's alone.
fn heron_bound(callers: &[&str]) -> Value {
    let set = "//cloudresourcemanager.googleapis.com/organizations/2";
    bound(estate(callers), "organizations/2", set, "organizations/2")
}

struct Asked<'a> {
    home: Home,
    options: Vec<&'a str>,
}

impl Asked<'_> {
    fn new(estate: &Value) -> Self {
        let home = Home::new();
        home.write("estate.json", &estate.to_string());
        Self {
            home,
            options: Vec::new(),
        }
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        let file = self.home.path("estate.json");
        let mut all = vec!["--estate", file.to_str().unwrap()];
        all.extend(&self.options);
        all.extend(arguments);
        self.home.run(&all)
    }

    fn text(&self, caller: &str) -> Ran {
        self.run(&[
            "explain", "--caller", caller, "--target", TARGET, "--at", AT,
        ])
    }

    fn explain(&self, caller: &str) -> Value {
        let question = [
            "explain", "--caller", caller, "--target", TARGET, "--at", AT,
        ];
        let mut all = vec!["--format", "json"];
        all.extend(question);
        self.run(&all).json()
    }

    /// The verdict of `who` and of `reach` for the pair; `CANNOT_ACCESS` where they do not name it.
    fn lists(&self, caller: &str) -> [(String, Value); 2] {
        let who = self.run(&["--format", "json", "who", "--target", TARGET, "--at", AT]);
        let reach = self.run(&["--format", "json", "reach", "--caller", caller, "--at", AT]);
        let full = format!("//iam.googleapis.com/projects/tern-data/serviceAccounts/{TARGET}");
        [(who, "principal", caller), (reach, "target", full.as_str())].map(|(ran, key, name)| {
            let answer = ran.json();
            let mut rows = answer["results"].as_array().unwrap().iter();
            let verdict = rows.find(|row| row[key] == name).map(|row| &row["verdict"]);
            let verdict = verdict.and_then(Value::as_str).unwrap_or("CANNOT_ACCESS");
            (verdict.to_owned(), answer)
        })
    }

    /// One answer from all three, and the exit code that goes with it.
    #[track_caller]
    fn agree(&self, caller: &str, verdict: &str) -> String {
        let text = self.text(caller);
        let code = match verdict {
            "CAN_ACCESS" => 0,
            "CANNOT_ACCESS" => 1,
            _ => 3,
        };
        text.ends(code);
        assert_eq!(
            self.explain(caller)["verdict"],
            verdict,
            "{caller}: {}",
            text.out
        );
        let [who, reach] = self.lists(caller);
        assert_eq!(who.0, verdict, "who, {caller}: {}", who.1);
        assert_eq!(reach.0, verdict, "reach, {caller}: {}", reach.1);
        let complete = verdict != "UNKNOWN_INFO";
        assert_eq!(who.1["complete"], complete, "{caller}: {}", who.1);
        text.out
    }
}

const NONE_BOUND: &str = "No principal access boundary is bound to the caller.";

/// A binding of a Cloud Build account or a service agent works, and is told so: these are in no list of
/// accounts, but their address says whose they are (terraform-example-foundation#543).
#[test]
fn google_managed_callers_belong_to_the_project_in_their_address() {
    for caller in [
        "serviceAccount:7001@cloudbuild.gserviceaccount.com",
        "serviceAccount:7001@cloudservices.gserviceaccount.com",
        "serviceAccount:service-7001@gcp-sa-pubsub.iam.gserviceaccount.com",
        "serviceAccount:service-7001@serverless-robot-prod.iam.gserviceaccount.com",
        "serviceAccount:service-folder-11@gcp-sa-logging.iam.gserviceaccount.com",
        "serviceAccount:service-org-1@gcp-sa-logging.iam.gserviceaccount.com",
    ] {
        let words = Asked::new(&estate(&[caller])).agree(caller, "CAN_ACCESS");
        assert!(words.contains(NONE_BOUND), "{words}");
    }
    let caller = "serviceAccount:7001@cloudbuild.gserviceaccount.com";
    let asked = Asked::new(&estate(&[caller]));
    let fix = ["fix", "--caller", caller, "--target", TARGET, "--dry-run"];
    asked.run(&fix).ends(0);
}

#[test]
fn google_managed_callers_are_bound_where_that_project_is() {
    let set = "//cloudresourcemanager.googleapis.com/folders/11";
    for (caller, verdict) in [
        (
            "serviceAccount:7001@cloudbuild.gserviceaccount.com",
            "CANNOT_ACCESS",
        ),
        (
            "serviceAccount:service-7001@gcp-sa-pubsub.iam.gserviceaccount.com",
            "CANNOT_ACCESS",
        ),
        (
            "serviceAccount:service-folder-11@gcp-sa-logging.iam.gserviceaccount.com",
            "CANNOT_ACCESS",
        ),
        (
            "serviceAccount:7002@cloudbuild.gserviceaccount.com",
            "CAN_ACCESS",
        ),
        (
            "serviceAccount:8001@cloudbuild.gserviceaccount.com",
            "CAN_ACCESS",
        ),
        // Of a project that is not in sight nothing is known.
        (
            "serviceAccount:9009@cloudbuild.gserviceaccount.com",
            "UNKNOWN_INFO",
        ),
    ] {
        let estate = bound(estate(&[caller]), "folders/11", set, "folders/11");
        let words = Asked::new(&estate).agree(caller, verdict);
        assert_eq!(
            words.contains(NONE_BOUND),
            verdict == "CAN_ACCESS",
            "{words}"
        );
        if verdict == "UNKNOWN_INFO" {
            assert!(words.contains("the project 9009"), "{words}");
        }
    }
}

/// The target's organization binds nothing, the caller's does.
#[test]
fn another_organizations_boundary_holds_its_callers_back() {
    let staff =
        "principal://iam.googleapis.com/locations/global/workforcePools/heron-staff/subject/kim";
    for caller in [
        "user:kim@heron.example",
        "serviceAccount:runner@heron-app.iam.gserviceaccount.com",
        "serviceAccount:service-8001@gcp-sa-pubsub.iam.gserviceaccount.com",
        staff,
    ] {
        let asked = Asked::new(&heron_bound(&[caller]));
        let words = asked.agree(caller, "CANNOT_ACCESS");
        assert!(
            words.contains("Own ground") && !words.contains(NONE_BOUND),
            "{words}"
        );
        let causes = asked.explain(caller)["causes"].clone();
        assert_eq!(causes[0]["kind"], "OUTSIDE_BOUNDARY", "{causes}");
        let fix = ["fix", "--caller", caller, "--target", TARGET, "--yes"];
        asked.run(&fix).ends(1);
    }
    for caller in [
        "user:ana@tern.example",
        "user:lee@gmail.com",
        "user:lee@googlemail.com",
    ] {
        let words = Asked::new(&heron_bound(&[caller])).agree(caller, "CAN_ACCESS");
        assert!(words.contains(NONE_BOUND), "{words}");
    }
}

/// A set of one Workspace, one workforce pool, one project.
#[test]
fn sets_of_a_workspace_a_pool_and_a_project() {
    let staff =
        "principal://iam.googleapis.com/locations/global/workforcePools/heron-staff/subject/kim";
    let runner = "serviceAccount:runner@heron-app.iam.gserviceaccount.com";
    for (at, set, caller, verdict) in [
        (
            "organizations/2",
            "//iam.googleapis.com/locations/global/workspace/C0heron",
            "user:kim@heron.example",
            "CANNOT_ACCESS",
        ),
        (
            "organizations/2",
            "//iam.googleapis.com/locations/global/workspace/C0heron",
            runner,
            "CAN_ACCESS",
        ),
        (
            "organizations/2",
            "//iam.googleapis.com/locations/global/workspace/C0heron",
            "user:ana@tern.example",
            "CAN_ACCESS",
        ),
        (
            "organizations/2",
            "//iam.googleapis.com/locations/global/workforcePools/heron-staff",
            staff,
            "CANNOT_ACCESS",
        ),
        (
            "organizations/2",
            "//iam.googleapis.com/locations/global/workforcePools/heron-staff",
            "user:kim@heron.example",
            "CAN_ACCESS",
        ),
        (
            "projects/8001",
            "//cloudresourcemanager.googleapis.com/projects/heron-app",
            runner,
            "CANNOT_ACCESS",
        ),
        (
            "projects/heron-app",
            "//cloudresourcemanager.googleapis.com/projects/8001",
            runner,
            "CANNOT_ACCESS",
        ),
        (
            "projects/8001",
            "//cloudresourcemanager.googleapis.com/projects/heron-app",
            "user:kim@heron.example",
            "CAN_ACCESS",
        ),
    ] {
        let estate = bound(estate(&[caller]), at, set, "organizations/2");
        Asked::new(&estate).agree(caller, verdict);
    }
}

/// What cannot be looked at is said, and nothing is claimed of it: the caller's organization is out of the
/// viewer's sight, or nobody knows which it is.
#[test]
fn an_organization_that_cannot_be_looked_at_is_said() {
    for (caller, named) in [
        (
            "user:kim@heron.example",
            "the organization of heron.example",
        ),
        (
            "serviceAccount:runner@heron-app.iam.gserviceaccount.com",
            "the project heron-app",
        ),
        (
            "serviceAccount:8001@cloudbuild.gserviceaccount.com",
            "the project 8001",
        ),
        (
            "principal://iam.googleapis.com/locations/global/workforcePools/heron-staff/subject/kim",
            "the organization of the workforce pool heron-staff",
        ),
    ] {
        let mut asked = Asked::new(&heron_bound(&[caller]));
        asked.options = vec!["--as", "user:look@tern.example"];
        let words = asked.agree(caller, "UNKNOWN_INFO");
        assert!(
            words.contains(named) && !words.contains(NONE_BOUND),
            "{words}"
        );
        let [who, _] = asked.lists(caller);
        assert!(
            !who.1["notRead"].as_array().unwrap().is_empty(),
            "{}",
            who.1
        );
    }
    // One more domain of somebody's Workspace, or of nobody's.
    let caller = "user:eve@elsewhere.example";
    let words = Asked::new(&estate(&[caller])).agree(caller, "UNKNOWN_INFO");
    assert!(
        words.contains("the organization of elsewhere.example"),
        "{words}"
    );
    // Without a grant the answer is no, and says it too.
    let words = Asked::new(&estate(&[])).agree_no(caller);
    assert!(
        words.contains("the organization of elsewhere.example"),
        "{words}"
    );
    // The list of bindings alone may not be read.
    let caller = "user:kim@heron.example";
    let mut hidden = heron_bound(&[caller]);
    hidden["unreadable"] = json!(["organizations/2/locations/global/policyBindings"]);
    let words = Asked::new(&hidden).agree(caller, "UNKNOWN_INFO");
    assert!(
        words.contains("organizations/2/locations/global/policyBindings"),
        "{words}"
    );
}

impl Asked<'_> {
    #[track_caller]
    fn agree_no(&self, caller: &str) -> String {
        let text = self.text(caller);
        text.ends(1);
        text.out
    }
}

/// An export has no service agents among its accounts, and perhaps no boundaries at all: that is assumed, said,
/// and the same in every answer; also where it is an export of one project and the caller is of another.
#[test]
fn an_export_without_boundaries_gives_one_answer() {
    let asset = |name: &str, kind: &str, data: Value, ancestors: &[&str]| json!({ "name": name, "asset_type": kind, "resource": { "version": "v1", "data": data }, "ancestors": ancestors });
    let up = ["projects/7002", "folders/12", "organizations/1"];
    let agent = "serviceAccount:service-7002@gcp-sa-pubsub.iam.gserviceaccount.com";
    let stranger = "serviceAccount:runner@heron-app.iam.gserviceaccount.com";
    let build = "serviceAccount:8001@cloudbuild.gserviceaccount.com";
    let kim = "user:kim@heron.example";
    let account = "//iam.googleapis.com/projects/tern-data/serviceAccounts/101";
    let mut policy = asset(
        account,
        "iam.googleapis.com/ServiceAccount",
        Value::Null,
        &up,
    );
    policy["iam_policy"] =
        json!({ "bindings": [{ "role": CREATOR, "members": [agent, stranger, build, kim] }] });
    policy.as_object_mut().unwrap().remove("resource");
    let project = json!({ "projectId": "tern-data", "projectNumber": "7002", "lifecycleState": "ACTIVE",
        "parent": { "type": "folder", "id": "12" } });
    let lines = [
        asset(
            "//cloudresourcemanager.googleapis.com/projects/7002",
            "cloudresourcemanager.googleapis.com/Project",
            project,
            &up,
        ),
        asset(
            account,
            "iam.googleapis.com/ServiceAccount",
            json!({ "email": TARGET, "projectId": "tern-data",
            "name": format!("projects/tern-data/serviceAccounts/{TARGET}"), "uniqueId": "101" }),
            &up,
        ),
        policy,
    ];
    let home = Home::new();
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    home.write("estate.json", &text);
    let mut asked = Asked {
        home,
        options: Vec::new(),
    };
    asked.options = Vec::new();
    for caller in [agent, stranger, build, kim] {
        let answer = asked.explain(caller);
        let assumed = answer["assumptions"].as_array().unwrap();
        assert!(
            assumed.contains(&json!("NO_BOUNDARIES_IN_EXPORT")),
            "{answer}"
        );
        assert_eq!(answer["verdict"], "CAN_ACCESS", "{caller}: {answer}");
        let words = asked.text(caller).out;
        assert!(
            !words.contains(NONE_BOUND) && words.contains("taken to be none"),
            "{words}"
        );
        let [who, reach] = asked.lists(caller);
        assert_eq!(
            (who.0.as_str(), reach.0.as_str()),
            ("CAN_ACCESS", "CAN_ACCESS"),
            "{caller}"
        );
    }
}

/// A rule that names a group which Google would have refused is taken for what it says, and that is said.
#[test]
fn a_group_that_deny_does_not_support_is_taken_for_what_it_says() {
    let caller = "user:ana@tern.example";
    let rule = |permission: &str| {
        let mut estate = estate(&[caller]);
        estate["denyPolicies"] = json!([{ "name": "policies/cloudresourcemanager.googleapis.com%2Forganizations%2F1/denypolicies/d1",
            "rules": [{ "denyRule": { "deniedPrincipals": ["principalSet://goog/public:all"],
                "deniedPermissions": [permission] } }] }]);
        Asked::new(&estate)
    };
    let word = "DENY_GROUP_TAKEN_AS_WRITTEN";
    let asked = rule("iam.googleapis.com/serviceAccounts.*");
    let words = asked.agree(caller, "CANNOT_ACCESS");
    assert!(words.contains("deny policies do not support"), "{words}");
    assert!(
        asked.explain(caller)["assumptions"]
            .as_array()
            .unwrap()
            .contains(&json!(word))
    );
    let asked = rule("iam.googleapis.com/serviceAccounts.getAccessToken");
    asked.agree(caller, "CANNOT_ACCESS");
    assert!(
        !asked.explain(caller)["assumptions"]
            .as_array()
            .unwrap()
            .contains(&json!(word))
    );
    // A permission that cannot be denied, and a group that is supported and holds others.
    rule("iam.googleapis.com/serviceAccounts.getCertificateAs").agree(caller, "CAN_ACCESS");
    rule("iam.googleapis.com/serviceAccountKeys.*").agree(caller, "CAN_ACCESS");
}
