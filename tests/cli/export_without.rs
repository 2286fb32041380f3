//! An export with none of a kind: that kind is not known, never absent. Each line of the table is an export
//! that holds everything but one kind of fact.

use serde_json::{Value, json};

use super::common::{AT, Home};

const MANAGER: &str = "//cloudresourcemanager.googleapis.com";
const RUNNER: &str = "serviceAccount:runner@teal-app.iam.gserviceaccount.com";
const SAFE: &str = "safe@teal-data.iam.gserviceaccount.com";
const FEDERATED: &str = "principal://iam.googleapis.com/projects/61/locations/global/workloadIdentityPools/ci/subject/build";
const CREATOR: &str = "roles/iam.serviceAccountTokenCreator";
const MINTER: &str = "organizations/60/roles/minter";

/// An asset with the type by its short name, so that a line of the table can leave a kind out.
fn asset(kind: &str, name: &str, data: Value, bindings: Option<Value>) -> Value {
    let service = match kind {
        "Organization" | "Project" | "TagKey" | "TagValue" | "TagBinding" => "cloudresourcemanager",
        "Service" => "serviceusage",
        _ => "iam",
    };
    let full = match name {
        n if n.starts_with("//") => n.to_owned(),
        n => format!("//{service}.googleapis.com/{n}"),
    };
    let up = match name {
        n if n.contains("61") || n.contains("teal-app") => {
            json!(["projects/61", "organizations/60"])
        }
        n if n.contains("62") || n.contains("teal-data") => {
            json!(["projects/62", "organizations/60"])
        }
        _ => json!(["organizations/60"]),
    };
    let mut asset = json!({ "name": full, "asset_type": format!("{service}.googleapis.com/{kind}"), "ancestors": up });
    if !data.is_null() {
        asset["resource"] = json!({ "data": data });
    }
    if let Some(bindings) = bindings {
        asset["iam_policy"] = json!({ "bindings": bindings });
    }
    asset
}

/// Every kind of fact; nothing of it is in the way of the grant.
fn whole(grant: Value) -> Vec<Value> {
    let global = "organizations/60/locations/global";
    let boundary = format!("{global}/principalAccessBoundaryPolicies/all");
    let bound = format!("{global}/policyBindings/all");
    let deny = "policies/cloudresourcemanager.googleapis.com%2Fprojects%2F62/denypolicies/other";
    let pool = "projects/61/locations/global/workloadIdentityPools/ci";
    let project = |id: &str, number: &str| {
        let data = json!({ "projectId": id, "projectNumber": number, "name": id, "lifecycleState": "ACTIVE" });
        asset(
            "Project",
            &format!("projects/{number}"),
            data,
            Some(json!([])),
        )
    };
    let account = |name: &str, id: &str, unique: &str, bindings: Option<Value>| {
        let email = format!("{name}@{id}.iam.gserviceaccount.com");
        let own = format!("projects/{id}/serviceAccounts/{email}");
        let data = json!({ "email": email, "uniqueId": unique, "projectId": id, "name": own });
        asset("ServiceAccount", &own, data, bindings)
    };
    let service = |number: &str, name: &str| {
        let own = format!("projects/{number}/services/{name}");
        asset(
            "Service",
            &own,
            json!({ "name": own, "state": "ENABLED" }),
            None,
        )
    };
    let mut all = vec![
        asset(
            "Organization",
            "organizations/60",
            json!({ "displayName": "teal.example" }),
            Some(json!([])),
        ),
        project("teal-app", "61"),
        project("teal-data", "62"),
        account("runner", "teal-app", "601", None),
        account("safe", "teal-data", "602", Some(json!([grant]))),
        asset(
            "PolicyV2",
            deny,
            json!({ "name": deny, "rules": [{ "denyRule": {
            "deniedPrincipals": ["principal://goog/subject/nobody@teal.example"],
            "deniedPermissions": ["iam.googleapis.com/serviceAccounts.getAccessToken"] } }] }),
            None,
        ),
        asset(
            "PrincipalAccessBoundaryPolicy",
            &boundary,
            json!({ "name": boundary, "details": {
            "enforcementVersion": "3", "rules": [{ "effect": "ALLOW",
            "resources": [format!("{MANAGER}/organizations/60")] }] } }),
            None,
        ),
        asset(
            "PolicyBinding",
            &bound,
            json!({ "name": bound, "policyKind": "PRINCIPAL_ACCESS_BOUNDARY",
            "policy": boundary, "target": { "principalSet": format!("{MANAGER}/organizations/60") } }),
            None,
        ),
        asset(
            "TagKey",
            "tagKeys/7",
            json!({ "name": "tagKeys/7", "namespacedName": "60/env" }),
            None,
        ),
        asset(
            "TagValue",
            "tagValues/71",
            json!({ "name": "tagValues/71", "parent": "tagKeys/7",
            "namespacedName": "60/env/prod" }),
            None,
        ),
        asset(
            "TagBinding",
            "tagBindings/x/tagValues/71",
            json!({ "name": "tagBindings/x/tagValues/71",
            "parent": format!("{MANAGER}/projects/62"), "tagValue": "tagValues/71" }),
            None,
        ),
        asset(
            "Role",
            MINTER,
            json!({ "name": MINTER, "stage": "GA",
            "includedPermissions": ["iam.serviceAccounts.getAccessToken"] }),
            None,
        ),
        asset(
            "WorkloadIdentityPool",
            pool,
            json!({ "name": pool, "state": "ACTIVE" }),
            None,
        ),
        asset(
            "WorkloadIdentityPoolProvider",
            &format!("{pool}/providers/gh"),
            json!({ "name": format!("{pool}/providers/gh"), "state": "ACTIVE",
            "attributeMapping": { "google.subject": "assertion.sub" } }),
            None,
        ),
    ];
    for number in ["61", "62"] {
        all.extend(
            ["iam.googleapis.com", "iamcredentials.googleapis.com"]
                .map(|name| service(number, name)),
        );
    }
    all
}

fn grant(member: &str, role: &str, condition: Option<&str>) -> Value {
    let mut grant = json!({ "role": role, "members": [member] });
    if let Some(expression) = condition {
        grant["condition"] = json!({ "title": "t", "expression": expression });
    }
    grant
}

struct Without {
    /// Types of asset that are left out.
    kinds: &'static [&'static str],
    grant: Value,
    caller: &'static str,
    verdict: &'static str,
    /// Beside the whole export's assumptions.
    assumed: &'static [&'static str],
    /// Whether `who` says that it found all there are.
    complete: bool,
}

#[test]
fn an_export_with_none_of_a_kind_does_not_know_it() {
    let home = Home::new();
    let plain = || grant(RUNNER, CREATOR, None);
    let tagged = |expression: &str| grant(RUNNER, CREATOR, Some(expression));
    let same = |kinds, assumed| Without {
        kinds,
        grant: plain(),
        caller: RUNNER,
        verdict: "CAN_ACCESS",
        assumed,
        complete: true,
    };
    let table = [
        same(&[], &[]),
        same(&["PolicyV2"], &["NO_DENY_POLICIES_IN_EXPORT"]),
        same(
            &["PrincipalAccessBoundaryPolicy", "PolicyBinding"],
            &["NO_BOUNDARIES_IN_EXPORT"],
        ),
        same(&["TagBinding"], &["NO_TAGS_IN_EXPORT"]),
        same(&["Service"], &["IAM_CREDENTIALS_API_IS_ENABLED"]),
        same(&["Role"], &[]),
        same(
            &["WorkloadIdentityPool", "WorkloadIdentityPoolProvider"],
            &[],
        ),
        // A condition that the export cannot decide, and one that the tags could only let in.
        Without {
            verdict: "UNKNOWN_CONDITIONAL",
            grant: tagged("resource.matchTag('60/env', 'prod')"),
            complete: false,
            ..same(&["TagBinding"], &["NO_TAGS_IN_EXPORT"])
        },
        Without {
            verdict: "UNKNOWN_CONDITIONAL",
            grant: tagged("!resource.matchTag('60/env', 'dev')"),
            complete: false,
            ..same(
                &["TagBinding", "TagKey", "TagValue"],
                &["NO_TAGS_IN_EXPORT"],
            )
        },
        // The binding is there, its value is not: what key it is of nobody can tell.
        Without {
            verdict: "UNKNOWN_CONDITIONAL",
            grant: tagged("resource.matchTag('60/env', 'prod')"),
            complete: false,
            ..same(&["TagKey", "TagValue"], &["NO_TAGS_IN_EXPORT"])
        },
        Without {
            grant: tagged("resource.matchTag('60/env', 'prod')"),
            ..same(&[], &[])
        },
        Without {
            verdict: "UNKNOWN_INFO",
            grant: grant(RUNNER, MINTER, None),
            complete: false,
            ..same(&["Role"], &[])
        },
        Without {
            grant: grant(RUNNER, MINTER, None),
            ..same(&[], &[])
        },
        Without {
            grant: grant(FEDERATED, CREATOR, None),
            caller: FEDERATED,
            ..same(
                &["WorkloadIdentityPool", "WorkloadIdentityPoolProvider"],
                &["POOL_IS_ACTIVE", "TOKEN_IS_ADMITTED"],
            )
        },
        Without {
            grant: grant("group:all@teal.example", CREATOR, None),
            verdict: "UNKNOWN_INFO",
            complete: false,
            ..same(&[], &[])
        },
    ];
    for line in table {
        let mut assets = whole(line.grant.clone());
        assets.retain(|asset| {
            let kind = asset["asset_type"]
                .as_str()
                .unwrap()
                .rsplit('/')
                .next()
                .unwrap();
            !line.kinds.contains(&kind)
        });
        let text: Vec<String> = assets.iter().map(Value::to_string).collect();
        let source = format!(
            "--estate={}",
            home.write("export.ndjson", &text.join("\n")).display()
        );
        let told = home.explain(&[&source], line.caller, SAFE).json();
        let label = format!("without {:?}, {}: {told}", line.kinds, line.grant);
        assert_eq!(told["verdict"], line.verdict, "{label}");
        for name in line.assumed {
            assert!(
                told["assumptions"]
                    .as_array()
                    .unwrap()
                    .contains(&json!(name)),
                "{name} {label}"
            );
        }
        if line.kinds.is_empty() {
            assert!(
                !told["assumptions"].to_string().contains("EXPORT"),
                "{label}"
            );
        }
        let who = home
            .run(&[
                &source,
                "--format=json",
                "who",
                "--at",
                AT,
                "--target",
                SAFE,
            ])
            .json();
        assert_eq!(who["complete"], line.complete, "{label}\n{who}");
        if line.verdict == "UNKNOWN_CONDITIONAL" {
            // A grant is never proposed without the condition that could not be decided.
            assert_eq!(told["repairs"], json!([]), "{label}");
        }
    }
}

/// Policies alone name accounts by address at times: whether one is disabled is not told.
#[test]
fn an_account_that_is_only_named_may_be_disabled() {
    let home = Home::new();
    let mut assets = whole(grant(RUNNER, CREATOR, None));
    for asset in &mut assets {
        if asset["asset_type"] == "iam.googleapis.com/ServiceAccount" {
            asset.as_object_mut().unwrap().remove("resource");
        }
    }
    let text: Vec<String> = assets.iter().map(Value::to_string).collect();
    let source = format!(
        "--estate={}",
        home.write("export.ndjson", &text.join("\n")).display()
    );
    let told = home.explain(&[&source], RUNNER, SAFE).json();
    let assumed = told["assumptions"].as_array().unwrap();
    assert!(
        assumed.contains(&json!("NO_ACCOUNT_STATES_IN_EXPORT")),
        "{told}"
    );
}
