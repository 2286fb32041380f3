//! States and plans of Terraform's as estates: what it manages is known, what it does not is not.

use serde_json::{Value, json};

use super::common::{AT, Home, Ran};

pub(super) const RUNNER: &str = "serviceAccount:runner@wren-app.iam.gserviceaccount.com";
pub(super) const SAFE: &str = "safe@wren-data.iam.gserviceaccount.com";
pub(super) const CREATOR: &str = "roles/iam.serviceAccountTokenCreator";

pub(super) fn resource(kind: &str, name: &str, values: Value) -> Value {
    json!({ "address": format!("{kind}.{name}"), "mode": "managed", "type": kind, "name": name,
        "provider_name": "registry.terraform.io/hashicorp/google", "schema_version": 0,
        "values": values, "sensitive_values": {} })
}

pub(super) fn account() -> Value {
    resource(
        "google_service_account",
        "safe",
        json!({ "account_id": "safe", "display_name": "Safe",
        "disabled": false, "email": SAFE, "member": format!("serviceAccount:{SAFE}"), "project": "wren-data",
        "name": format!("projects/wren-data/serviceAccounts/{SAFE}"), "unique_id": "7002", "timeouts": null }),
    )
}

pub(super) fn project() -> Value {
    resource(
        "google_project",
        "data",
        json!({ "project_id": "wren-data", "number": "73", "name": "Data",
        "org_id": "70", "folder_id": "", "billing_account": "AB-CD", "labels": {} }),
    )
}

pub(super) fn member(role: &str, member: &str) -> Value {
    resource(
        "google_service_account_iam_member",
        "m",
        json!({ "service_account_id": format!("projects/wren-data/serviceAccounts/{SAFE}"),
        "role": role, "member": member, "condition": [], "etag": "BwYAAAE=", "id": "x" }),
    )
}

/// What `terraform show -json` prints of a state; the last of the resources lie in a module in a module.
pub(super) fn state(resources: &[Value]) -> Value {
    let (first, last) = resources.split_at(resources.len() / 2);
    json!({ "format_version": "1.0", "terraform_version": "1.9.5", "values": { "outputs": { "secret": { "sensitive": true, "value": "hunter2", "type": "string" } },
        "root_module": { "resources": first, "child_modules": [{ "address": "module.a",
            "child_modules": [{ "address": "module.a.module.b", "resources": last }] }] } } })
}

/// A resource as a plan has it, with its change: what is marked as unknown is left out of its values.
pub(super) fn planned(unknown: Value, mut resource: Value) -> (Value, Value) {
    let change = json!({ "address": resource["address"], "type": resource["type"], "mode": "managed",
        "change": { "actions": ["create"], "before": null, "after": resource["values"], "after_unknown": unknown } });
    for (key, marked) in change["change"]["after_unknown"].as_object().unwrap() {
        if marked == &json!(true) {
            resource["values"].as_object_mut().unwrap().remove(key);
        }
    }
    (resource, change)
}

/// What `terraform show -json` prints of a plan.
pub(super) fn plan(parts: Vec<(Value, Value)>) -> Value {
    let (resources, changes): (Vec<Value>, Vec<Value>) = parts.into_iter().unzip();
    json!({ "format_version": "1.2", "terraform_version": "1.9.5", "variables": { "password": { "value": "hunter2" } },
        "planned_values": { "root_module": { "resources": resources } }, "resource_changes": changes,
        "configuration": { "root_module": {} }, "prior_state": { "format_version": "1.0", "values": { "root_module": { "resources": [] } } } })
}

pub(super) struct Asked {
    home: Home,
    source: String,
}

impl Asked {
    pub(super) fn of(value: &Value) -> Self {
        let home = Home::new();
        let source = home
            .write("show.json", &value.to_string())
            .display()
            .to_string();
        Self { home, source }
    }

    pub(super) fn explain(&self, caller: &str, target: &str) -> Ran {
        self.home
            .explain(&["--estate", &self.source], caller, target)
    }

    #[track_caller]
    pub(super) fn verdict(&self, caller: &str, verdict: &str) -> Value {
        let ran = self.explain(caller, SAFE);
        assert!(!ran.out.is_empty(), "{}", ran.err);
        let told = ran.json();
        assert_eq!(told["verdict"], verdict, "{told}");
        told
    }
}

#[test]
fn what_a_state_grants_is_granted_and_what_it_does_not_hold_is_unknown() {
    let state = state(&[project(), account(), member(CREATOR, RUNNER)]);
    let asked = Asked::of(&state);
    let told = asked.verdict(RUNNER, "CAN_ACCESS");
    assert_eq!(told["outcome"], "WOULD_SUCCEED", "{told}");
    let assumed = told["assumptions"].as_array().unwrap();
    assert!(assumed.contains(&json!("PART_OF_THE_ESTATE")), "{told}");
    let told = asked.verdict("user:eve@wren.example", "UNKNOWN_INFO");
    let causes = told["causes"].to_string();
    assert!(causes.contains("Terraform manages a part of it"), "{told}");
    let who = asked
        .home
        .run(&[
            "--estate",
            &asked.source,
            "--format=json",
            "who",
            "--at",
            AT,
            "--target",
            SAFE,
        ])
        .json();
    assert_eq!(who["results"][0]["principal"], RUNNER, "{who}");
    assert_eq!(who["results"][0]["verdict"], "CAN_ACCESS", "{who}");
    assert_eq!(who["complete"], false, "{who}");
    let reach = asked
        .home
        .run(&[
            "--estate",
            &asked.source,
            "--format=json",
            "reach",
            "--at",
            AT,
            "--caller",
            RUNNER,
        ])
        .json();
    assert!(reach["results"].to_string().contains(SAFE), "{reach}");
    assert_eq!(reach["complete"], false, "{reach}");
    // Grants on the project, with a condition, and a role of its own.
    let granted = resource(
        "google_project_iam_member",
        "p",
        json!({ "project": "wren-data", "role": "projects/wren-data/roles/minter",
        "member": "user:ana@wren.example", "condition": [{ "title": "until", "description": "", "expression": "request.time < timestamp(\"2030-01-01T00:00:00Z\")" }] }),
    );
    let role = resource(
        "google_project_iam_custom_role",
        "minter",
        json!({ "project": "wren-data", "role_id": "minter", "title": "Minter",
        "stage": "GA", "permissions": ["iam.serviceAccounts.getAccessToken"], "deleted": false, "description": "" }),
    );
    let asked = Asked::of(&self::state(&[project(), account(), granted, role]));
    asked.verdict("user:ana@wren.example", "CAN_ACCESS");
}

#[test]
fn a_state_as_it_is_stored_says_the_same() {
    let instance = |kind: &str, mode: &str, attributes: Value| {
        json!({ "mode": mode, "type": kind, "name": "x", "provider": "provider[\"registry.terraform.io/hashicorp/google\"]",
            "instances": [{ "schema_version": 0, "attributes": attributes, "sensitive_attributes": [], "private": "c2VjcmV0" }] })
    };
    let stored = json!({ "version": 4, "terraform_version": "1.9.5", "serial": 3, "lineage": "l", "outputs": {},
        "resources": [
            instance("google_service_account", "data", account()["values"].clone()),
            instance("google_service_account_iam_member", "managed", member(CREATOR, RUNNER)["values"].clone()),
        ], "check_results": null });
    let asked = Asked::of(&stored);
    asked.verdict(RUNNER, "CAN_ACCESS");
    asked.verdict("user:eve@wren.example", "UNKNOWN_INFO");
    let mut old = stored;
    old["version"] = json!(3);
    Asked::of(&old)
        .explain(RUNNER, SAFE)
        .ends(2)
        .says("a version other than 4");
}

#[test]
fn a_policy_is_all_there_is_and_a_binding_all_of_its_role() {
    let data = json!({ "bindings": [{ "role": CREATOR, "members": [RUNNER] }] }).to_string();
    let whole = |on: &str, place: &str, name: &str, data: &str| {
        resource(
            &format!("google_{on}_iam_policy"),
            "p",
            json!({ place: name, "policy_data": data }),
        )
    };
    let none = json!({ "bindings": [] }).to_string();
    let organization = resource(
        "google_organization",
        "o",
        json!({ "org_id": "70", "domain": "wren.example", "name": "organizations/70", "directory_customer_id": "C0" }),
    );
    let name = format!("projects/wren-data/serviceAccounts/{SAFE}");
    let all = [
        project(),
        account(),
        organization,
        whole("service_account", "service_account_id", &name, &data),
        whole("project", "project", "wren-data", &none),
        whole("organization", "org_id", "70", &none),
    ];
    let asked = Asked::of(&state(&all));
    asked.verdict(RUNNER, "CAN_ACCESS");
    asked.verdict("user:eve@wren.example", "CANNOT_ACCESS");
    // A member that the binding of the same role does not have.
    let binding = resource(
        "google_service_account_iam_binding",
        "b",
        json!({ "service_account_id": name, "role": CREATOR, "members": [RUNNER], "condition": [] }),
    );
    let asked = Asked::of(&state(&[
        account(),
        binding,
        member(CREATOR, "user:ana@wren.example"),
    ]));
    asked.verdict(RUNNER, "CAN_ACCESS");
    asked.verdict("user:ana@wren.example", "UNKNOWN_INFO");
}

#[test]
fn what_a_plan_does_not_know_yet_is_unknown_and_never_absent() {
    let mut fresh = account();
    fresh["values"]["email"] = json!("x");
    // The address follows from the id; the member is of another resource that is not there yet.
    let asked = Asked::of(&plan(vec![
        planned(
            json!({ "email": true, "unique_id": true, "name": true, "member": true }),
            fresh.clone(),
        ),
        planned(
            json!({ "member": true, "etag": true }),
            member(CREATOR, "x"),
        ),
    ]));
    asked.verdict("user:eve@wren.example", "UNKNOWN_INFO");
    let listed = asked
        .home
        .run(&[
            "--estate",
            &asked.source,
            "--format=json",
            "list",
            "service-accounts",
        ])
        .json();
    assert_eq!(listed["serviceAccounts"][0]["email"], SAFE, "{listed}");
    assert_eq!(listed["complete"], false, "{listed}");
    // Known values count at once.
    let asked = Asked::of(&plan(vec![
        planned(json!({ "unique_id": true }), account()),
        planned(
            json!({ "etag": true, "condition": [] }),
            member(CREATOR, RUNNER),
        ),
    ]));
    asked.verdict(RUNNER, "CAN_ACCESS");
    // Some members of a binding, and all of a policy.
    let name = format!("projects/wren-data/serviceAccounts/{SAFE}");
    let binding = resource(
        "google_service_account_iam_binding",
        "b",
        json!({ "service_account_id": name, "role": CREATOR, "members": [RUNNER, null], "condition": [] }),
    );
    let asked = Asked::of(&plan(vec![
        planned(json!({}), account()),
        planned(json!({ "members": [false, true] }), binding),
    ]));
    asked.verdict(RUNNER, "CAN_ACCESS");
    asked.verdict("user:eve@wren.example", "UNKNOWN_INFO");
    let policy = resource(
        "google_service_account_iam_policy",
        "p",
        json!({ "service_account_id": name, "policy_data": "x" }),
    );
    let asked = Asked::of(&plan(vec![
        planned(json!({}), account()),
        planned(json!({ "policy_data": true }), policy),
    ]));
    let told = asked.verdict(RUNNER, "UNKNOWN_INFO");
    assert!(
        told["causes"].to_string().contains("after the apply"),
        "{told}"
    );
    // A whole condition that is not known is none that could be left out.
    let asked = Asked::of(&plan(vec![
        planned(json!({}), account()),
        planned(json!({ "condition": true }), member(CREATOR, RUNNER)),
    ]));
    asked.verdict(RUNNER, "UNKNOWN_INFO");
}

#[test]
fn what_is_sensitive_is_never_shown() {
    let mut hidden = member(CREATOR, "user:hunter2@wren.example");
    hidden["sensitive_values"] = json!({ "member": true });
    let asked = Asked::of(&state(&[account(), hidden]));
    let told = asked.verdict("user:eve@wren.example", "UNKNOWN_INFO");
    assert!(!told.to_string().contains("hunter2"), "{told}");
    for line in [
        &["list", "bindings"][..],
        &["who", "--target", SAFE],
        &["review"],
        &["export", "-"],
    ] {
        let ran = asked
            .home
            .run(&[&["--estate", &asked.source, "--format=json"], line].concat());
        assert!(
            !ran.out.contains("hunter2") && !ran.err.contains("hunter2"),
            "{line:?}: {}{}",
            ran.out,
            ran.err
        );
    }
}

#[test]
fn deny_policies_and_pools_of_terraforms_count() {
    let deny = resource(
        "google_iam_deny_policy",
        "d",
        json!({ "parent": "cloudresourcemanager.googleapis.com%2Fprojects%2Fwren-data", "name": "no-minting",
        "display_name": "", "etag": "x", "rules": [{ "description": "", "deny_rule": [{ "denied_principals": ["principalSet://goog/public:all"],
        "exception_principals": [], "denied_permissions": ["iam.googleapis.com/serviceAccounts.getAccessToken"], "exception_permissions": [], "denial_condition": [] }] }] }),
    );
    let asked = Asked::of(&state(&[
        project(),
        account(),
        member(CREATOR, RUNNER),
        deny,
    ]));
    let told = asked.verdict(RUNNER, "CANNOT_ACCESS");
    assert!(told["causes"].to_string().contains("DENIED"), "{told}");
    let pool = resource(
        "google_iam_workload_identity_pool",
        "pool",
        json!({ "workload_identity_pool_id": "ci", "project": "wren-data",
        "name": "projects/73/locations/global/workloadIdentityPools/ci", "disabled": true, "state": "ACTIVE", "display_name": "" }),
    );
    let provider = resource(
        "google_iam_workload_identity_pool_provider",
        "gh",
        json!({ "workload_identity_pool_id": "ci", "workload_identity_pool_provider_id": "gh",
        "project": "wren-data", "name": "projects/73/locations/global/workloadIdentityPools/ci/providers/gh", "disabled": false,
        "attribute_mapping": { "google.subject": "assertion.sub", "attribute.repository": "assertion.repository" }, "attribute_condition": "assertion.repository_owner == 'wren'",
        "oidc": [{ "issuer_uri": "https://token.actions.githubusercontent.com", "allowed_audiences": [], "jwks_json": "" }], "aws": [], "saml": [] }),
    );
    let all = "principalSet://iam.googleapis.com/projects/73/locations/global/workloadIdentityPools/ci/attribute.repository/wren/app";
    let asked = Asked::of(&state(&[
        project(),
        account(),
        member("roles/iam.workloadIdentityUser", all),
        pool,
        provider,
    ]));
    let ran = asked.home.run(&["--estate", &asked.source, "--format=json", "explain", "--at", AT, "--caller",
        "principal://iam.googleapis.com/projects/73/locations/global/workloadIdentityPools/ci/subject/x",
        "--attribute", "repository=wren/app", "--target", SAFE]);
    let told = ran.json();
    assert!(
        told["causes"].to_string().contains("POOL_UNUSABLE"),
        "{told}"
    );
}

/// A boundary that Terraform made and bound shuts its accounts out of what it does not name, whoever grants it; and one
/// that is bound to nobody shuts out nobody.
#[test]
fn boundaries_of_terraforms_and_their_bindings_count() {
    let app = resource(
        "google_project",
        "app",
        json!({ "project_id": "wren-app", "number": "74", "name": "App", "org_id": "70", "folder_id": "" }),
    );
    let boundary = |project: &str| {
        resource(
            "google_iam_principal_access_boundary_policy",
            "b",
            json!({ "organization": "70", "location": "global", "principal_access_boundary_policy_id": "b", "display_name": "",
            "annotations": {}, "details": [{ "enforcement_version": "3", "rules": [{ "description": "", "effect": "ALLOW",
                "resources": [format!("//cloudresourcemanager.googleapis.com/projects/{project}")] }] }] }),
        )
    };
    let policy = "organizations/70/locations/global/principalAccessBoundaryPolicies/b";
    let bound = |kind: &str, place: &str, home: &str, set: &str, condition: Value| {
        resource(
            kind,
            "pb",
            json!({ place: home, "location": "global", "policy_binding_id": "pb", "policy": policy,
            "policy_kind": "PRINCIPAL_ACCESS_BOUNDARY", "target": [{ "principal_set": set }], "condition": condition }),
        )
    };
    let organization = |condition: Value| {
        let set = "//cloudresourcemanager.googleapis.com/organizations/70";
        bound(
            "google_iam_organizations_policy_binding",
            "organization",
            "70",
            set,
            condition,
        )
    };
    let of_project = bound(
        "google_iam_projects_policy_binding",
        "project",
        "wren-app",
        "//cloudresourcemanager.googleapis.com/projects/wren-app",
        json!([]),
    );
    let users = json!([{ "title": "t", "description": "", "location": "",
        "expression": "principal.type == 'iam.googleapis.com/WorkforcePoolIdentity'" }]);
    for (project, binding, verdict) in [
        ("wren-app", Some(organization(json!([]))), "CANNOT_ACCESS"),
        ("wren-app", Some(of_project), "CANNOT_ACCESS"),
        ("wren-data", Some(organization(json!([]))), "CAN_ACCESS"),
        ("wren-app", Some(organization(users)), "CAN_ACCESS"),
        ("wren-app", None, "CAN_ACCESS"),
    ] {
        let mut all = vec![
            self::project(),
            app.clone(),
            account(),
            member(CREATOR, RUNNER),
            boundary(project),
        ];
        all.extend(binding);
        let told = Asked::of(&state(&all)).verdict(RUNNER, verdict);
        let barred = told["causes"].to_string().contains("OUTSIDE_BOUNDARY");
        assert_eq!(barred, verdict == "CANNOT_ACCESS", "{told}");
    }
}

/// A custom role of an organization, as the state has it; one that is deleted grants nothing.
#[test]
fn custom_roles_of_an_organization_in_terraforms_state_count() {
    let role = |permission: &str, deleted: bool| {
        resource(
            "google_organization_iam_custom_role",
            "minter",
            json!({ "org_id": "70", "role_id": "minter", "name": "organizations/70/roles/minter", "title": "Minter",
            "description": "", "stage": "GA", "permissions": [permission], "deleted": deleted }),
        )
    };
    let token = "iam.serviceAccounts.getAccessToken";
    for (role, verdict) in [
        (role(token, false), "CAN_ACCESS"),
        (role(token, true), "UNKNOWN_INFO"),
        (role("iam.serviceAccounts.get", false), "UNKNOWN_INFO"),
    ] {
        let granted = member("organizations/70/roles/minter", RUNNER);
        Asked::of(&state(&[project(), account(), granted, role])).verdict(RUNNER, verdict);
    }
}

#[test]
fn a_state_and_a_plan_are_compared() {
    let before = Asked::of(&state(&[account(), member(CREATOR, RUNNER)]));
    let mut plan =
        json!({ "format_version": "1.2", "terraform_version": "1.9.5", "resource_changes": [] });
    let more = resource(
        "google_service_account_iam_member",
        "n",
        member(CREATOR, "user:ana@wren.example")["values"].clone(),
    );
    plan["planned_values"] =
        json!({ "root_module": { "resources": [account(), member(CREATOR, RUNNER), more] } });
    let after = before
        .home
        .write("plan.json", &plan.to_string())
        .display()
        .to_string();
    let ran = before
        .home
        .run(&["diff", &before.source, &after, "--format=json", "--at", AT]);
    assert!(
        ran.out.contains("user:ana@wren.example"),
        "{}{}",
        ran.out,
        ran.err
    );
    assert!(!ran.out.contains("runner@wren-app"), "{}", ran.out);
}

#[test]
fn two_states_that_manage_the_same_policy_are_one() {
    let first = Asked::of(&state(&[account(), member(CREATOR, RUNNER)]));
    let second = state(&[account(), member(CREATOR, "user:ana@wren.example")]);
    let second = first
        .home
        .write("second.json", &second.to_string())
        .display()
        .to_string();
    for caller in [RUNNER, "user:ana@wren.example"] {
        let ran = first.home.explain(
            &["--estate", &first.source, "--estate", &second],
            caller,
            SAFE,
        );
        assert_eq!(
            ran.json()["verdict"],
            "CAN_ACCESS",
            "{}{}",
            ran.out,
            ran.err
        );
    }
}

#[test]
fn what_is_of_terraform_and_no_estate_is_refused_by_its_name() {
    let home = Home::new();
    let table: [(&str, &str); 7] = [
        (
            "resource \"google_project_iam_member\" \"x\" {\n  project = \"p\"\n}\n",
            "Terraform configuration (HCL)",
        ),
        (
            "{\"resource\": {\"google_project_iam_member\": {\"x\": {\"project\": \"p\"}}}}",
            "Terraform configuration as JSON",
        ),
        (
            "{\"@level\":\"info\",\"@message\":\"Terraform 1.9.5\",\"type\":\"version\"}\n",
            "the log of terraform plan -json",
        ),
        (
            "{\"format_version\":\"1.0\",\"terraform_version\":\"1.9.5\"}",
            "neither a state's values nor a plan's",
        ),
        (
            "{\"format_version\":\"1.0\",\"terraform_version\":\"1.9.5\",\"values\":{\"root_module\":{\"resources\":[{\"type\":\"aws_iam_role\",\"mode\":\"managed\",\"values\":{}}]}}}",
            "manages nothing of Google's",
        ),
        ("PK\u{3}\u{4}plan", "terraform show -json"),
        (
            "{\"asset\":{\"name\":\"x\"},\"priorAssetState\":\"PRESENT\"}",
            "a message of a Cloud Asset feed",
        ),
    ];
    for (text, words) in table {
        let source = home.write("file", text).display().to_string();
        home.run(&["--estate", &source, "list", "projects"])
            .ends(2)
            .says(words);
    }
}
