//! Grants of Terraform's on folders and organizations, and the roles of organizations, in states and in plans.

use serde_json::{Value, json};

use super::terraform::{
    Asked, CREATOR, RUNNER, SAFE, account, plan, planned, project, resource, state,
};

const EVE: &str = "user:eve@wren.example";
const MINTER: &str = "organizations/70/roles/minter";

fn policy(on: &str, place: &str, name: &str, bindings: &Value) -> Value {
    let data = json!({ "bindings": bindings }).to_string();
    resource(
        &format!("google_{on}_iam_policy"),
        on,
        json!({ "policy_data": data, place: name, "etag": "BwYAAAE=", "id": "x" }),
    )
}

fn role() -> Value {
    resource(
        "google_organization_iam_custom_role",
        "minter",
        json!({ "org_id": "70", "role_id": "minter", "name": MINTER, "title": "Minter", "description": "",
            "stage": "GA", "permissions": ["iam.serviceAccounts.getAccessToken"], "deleted": false }),
    )
}

/// An account in a project in a folder in an organization, all of whose policies Terraform sets as a whole and grants
/// nothing in, but for the level that is left out.
fn without(level: &str) -> Vec<Value> {
    let mut below = project();
    below["values"]["folder_id"] = json!("71");
    below["values"]["org_id"] = json!("");
    let folder = resource(
        "google_folder",
        "prod",
        json!({ "name": "folders/71", "folder_id": "71", "parent": "organizations/70", "display_name": "prod",
            "lifecycle_state": "ACTIVE" }),
    );
    let mut organization = resource(
        "google_organization",
        "o",
        json!({ "org_id": "70", "domain": "wren.example", "name": "organizations/70", "directory_customer_id": "C0" }),
    );
    organization["mode"] = json!("data");
    let safe = format!("projects/wren-data/serviceAccounts/{SAFE}");
    let mut all = vec![below, folder, organization, account(), role()];
    for (on, place, name) in [
        ("service_account", "service_account_id", &*safe),
        ("project", "project", "wren-data"),
        ("folder", "folder", "folders/71"),
        ("organization", "org_id", "70"),
    ] {
        if on != level {
            all.push(policy(on, place, name, &json!([])));
        }
    }
    all
}

/// The three resources by which Terraform grants something on a level, and how its provider may name that.
fn grants(on: &str, role: &str) -> Vec<(&'static str, Value)> {
    let (place, names) = match on {
        "folder" => ("folder", ["folders/71", "71", "folders/71"]),
        _ => ("org_id", ["70", "organizations/70", "70"]),
    };
    let kind = |what: &str| format!("google_{on}_iam_{what}");
    let [first, second, third] = names;
    vec![
        (
            "member",
            resource(
                &kind("member"),
                "g",
                json!({ place: first, "role": role, "member": RUNNER, "condition": [] }),
            ),
        ),
        (
            "binding",
            resource(
                &kind("binding"),
                "g",
                json!({ place: second, "role": role, "members": [RUNNER], "condition": [] }),
            ),
        ),
        (
            "policy",
            policy(
                on,
                place,
                third,
                &json!([{ "role": role, "members": [RUNNER] }]),
            ),
        ),
    ]
}

fn as_plan(resources: Vec<Value>) -> Value {
    let parts = resources.into_iter().map(|one| planned(json!({}), one));
    plan(parts.collect())
}

#[test]
fn what_is_granted_on_a_folder_or_an_organization_is_granted_below() {
    // Nothing is granted anywhere.
    Asked::of(&state(&without(""))).verdict(RUNNER, "CANNOT_ACCESS");
    for on in ["folder", "organization"] {
        for (what, grant) in grants(on, CREATOR) {
            let all = [without(on), vec![grant]].concat();
            // Beside members nobody knows what else is granted; of other roles than the binding's, neither.
            let rest = if what == "policy" {
                "CANNOT_ACCESS"
            } else {
                "UNKNOWN_INFO"
            };
            let asked = Asked::of(&state(&all));
            asked.verdict(RUNNER, "CAN_ACCESS");
            asked.verdict(EVE, rest);
            let asked = Asked::of(&as_plan(all));
            asked.verdict(RUNNER, "CAN_ACCESS");
            asked.verdict(EVE, rest);
        }
    }
}

#[test]
fn a_role_of_the_organization_and_a_condition_count_on_a_folder_too() {
    let (_, mut grant) = grants("folder", MINTER).remove(0);
    let when =
        |expression: &str| json!([{ "title": "t", "description": "", "expression": expression }]);
    for (condition, verdict) in [
        (json!([]), "CAN_ACCESS"),
        (
            when("request.time < timestamp(\"2030-01-01T00:00:00Z\")"),
            "CAN_ACCESS",
        ),
        (
            when("request.time < timestamp(\"2020-01-01T00:00:00Z\")"),
            "UNKNOWN_INFO",
        ),
    ] {
        grant["values"]["condition"] = condition;
        let all = [without("folder"), vec![grant.clone()]].concat();
        Asked::of(&state(&all)).verdict(RUNNER, verdict);
        Asked::of(&as_plan(all)).verdict(RUNNER, verdict);
    }
}

/// What is known after the apply alone is unknown, for who it may be and for everybody else.
#[test]
fn what_a_plan_leaves_open_on_a_level_is_unknown() {
    for on in ["folder", "organization"] {
        for (what, grant) in grants(on, CREATOR) {
            let key = match what {
                "member" => "member",
                "binding" => "members",
                _ => "policy_data",
            };
            for key in [key, "role"]
                .into_iter()
                .take(if what == "policy" { 1 } else { 2 })
            {
                let mut parts: Vec<_> = without(on)
                    .into_iter()
                    .map(|one| planned(json!({}), one))
                    .collect();
                parts.push(planned(json!({ key: true }), grant.clone()));
                Asked::of(&plan(parts)).verdict(RUNNER, "UNKNOWN_INFO");
            }
        }
    }
    // The permissions of a role, and a folder that is not there yet: what lies above the project is not known.
    let (_, grant) = grants("folder", MINTER).remove(2);
    let all = [without("folder"), vec![grant]].concat();
    let open = |kind: &str, key: &str, verdict: &str| {
        let parts = all.iter().cloned().map(|one| {
            let unknown = if one["type"] == kind {
                json!({ key: true })
            } else {
                json!({})
            };
            planned(unknown, one)
        });
        Asked::of(&plan(parts.collect())).verdict(RUNNER, verdict);
    };
    open("google_folder", "lifecycle_state", "CAN_ACCESS");
    open(
        "google_organization_iam_custom_role",
        "permissions",
        "UNKNOWN_INFO",
    );
    open("google_project", "folder_id", "UNKNOWN_INFO");
    open("google_folder", "parent", "CAN_ACCESS");
}
