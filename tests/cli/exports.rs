//! Asset exports as they really come: what stands in them beside policies counts, and is never "there are
//! none".

use serde_json::{Value, json};

use super::common::Home;

const RUNNER: &str = "serviceAccount:runner@lark-app.iam.gserviceaccount.com";
const SAFE: &str = "safe@lark-data.iam.gserviceaccount.com";
const MANAGER: &str = "//cloudresourcemanager.googleapis.com";

/// An export of two projects in one organization: runner may act as safe.
fn export(condition: Value) -> Vec<Value> {
    let level = |kind: &str, name: &str, data: Value, ancestors: Value| {
        json!({ "name": format!("{MANAGER}/{name}"),
            "asset_type": format!("cloudresourcemanager.googleapis.com/{kind}"),
            "resource": { "data": data }, "ancestors": ancestors })
    };
    let project = |id: &str, number: &str| {
        let name = format!("projects/{number}");
        let data = json!({ "projectId": id, "projectNumber": number, "name": id, "lifecycleState": "ACTIVE" });
        level("Project", &name, data, json!([name, "organizations/90"]))
    };
    let account = |name: &str, id: &str, number: &str, unique: &str| {
        let email = format!("{name}@{id}.iam.gserviceaccount.com");
        json!({ "name": format!("//iam.googleapis.com/projects/{id}/serviceAccounts/{unique}"),
            "asset_type": "iam.googleapis.com/ServiceAccount",
            "resource": { "data": { "email": email, "uniqueId": unique, "projectId": id,
                "name": format!("projects/{id}/serviceAccounts/{email}") } },
            "ancestors": [format!("projects/{number}"), "organizations/90"] })
    };
    let mut grant = json!({ "role": "roles/iam.serviceAccountTokenCreator", "members": [RUNNER] });
    if !condition.is_null() {
        grant["condition"] = condition;
    }
    let policy = |name: String, kind: &str, bindings: Value, ancestors: Value| json!({ "name": name, "asset_type": kind, "iam_policy": { "bindings": bindings }, "ancestors": ancestors });
    let up = json!(["projects/82", "organizations/90"]);
    vec![
        level(
            "Organization",
            "organizations/90",
            json!({ "name": "organizations/90", "displayName": "lark.example" }),
            json!(["organizations/90"]),
        ),
        project("lark-app", "81"),
        project("lark-data", "82"),
        account("runner", "lark-app", "81", "1001"),
        account("safe", "lark-data", "82", "1002"),
        policy(
            "//iam.googleapis.com/projects/lark-data/serviceAccounts/1002".into(),
            "iam.googleapis.com/ServiceAccount",
            json!([grant]),
            up,
        ),
        policy(
            format!("{MANAGER}/organizations/90"),
            "cloudresourcemanager.googleapis.com/Organization",
            json!([]),
            json!(["organizations/90"]),
        ),
        policy(
            format!("{MANAGER}/projects/81"),
            "cloudresourcemanager.googleapis.com/Project",
            json!([]),
            json!(["projects/81", "organizations/90"]),
        ),
        policy(
            format!("{MANAGER}/projects/82"),
            "cloudresourcemanager.googleapis.com/Project",
            json!([]),
            json!(["projects/82", "organizations/90"]),
        ),
    ]
}

fn resource(name: &str, kind: &str, data: Value) -> Value {
    json!({ "name": name, "asset_type": kind, "resource": { "version": "v1", "data": data },
        "ancestors": ["organizations/90"], "update_time": "2026-05-01T10:00:00Z" })
}

/// Verdict, outcome, the kinds of causes, and the assumptions.
fn asked(home: &Home, assets: &[Value]) -> (Value, Value, Vec<String>, String) {
    let lines: Vec<String> = assets.iter().map(Value::to_string).collect();
    let file = home.write("export.ndjson", &lines.join("\n"));
    let source = format!("--estate={}", file.display());
    let ran = home.explain(&[&source], RUNNER, SAFE);
    let json = ran.json();
    let causes = json["causes"].as_array().unwrap();
    let kinds = causes
        .iter()
        .map(|c| c["kind"].as_str().unwrap().to_owned())
        .collect();
    (
        json["verdict"].clone(),
        json["outcome"].clone(),
        kinds,
        json["assumptions"].to_string(),
    )
}

#[test]
fn a_deny_policy_in_an_export_denies() {
    let home = Home::new();
    let before = asked(&home, &export(Value::Null));
    assert_eq!(before.0, "CAN_ACCESS");
    assert!(
        before.3.contains("NO_DENY_POLICIES_IN_EXPORT"),
        "{before:?}"
    );
    let name = "policies/cloudresourcemanager.googleapis.com%2Fprojects%2F82/denypolicies/none";
    let data = json!({ "name": name, "kind": "DenyPolicy", "rules": [{ "denyRule": {
        "deniedPrincipals": ["principalSet://goog/public:all"],
        "deniedPermissions": ["iam.googleapis.com/serviceAccounts.getAccessToken"] } }] });
    let mut assets = export(Value::Null);
    assets.push(resource(
        &format!("//iam.googleapis.com/{name}"),
        "iam.googleapis.com/PolicyV2",
        data,
    ));
    let (verdict, outcome, kinds, assumed) = asked(&home, &assets);
    assert_eq!(
        (verdict, outcome),
        (json!("CANNOT_ACCESS"), json!("WOULD_FAIL"))
    );
    assert_eq!(kinds, ["DENIED"]);
    assert!(!assumed.contains("NO_DENY"), "{assumed}");
}

#[test]
fn a_boundary_in_an_export_shuts_out() {
    let home = Home::new();
    let of = "organizations/90/locations/global";
    let policy = format!("{of}/principalAccessBoundaryPolicies/app-only");
    let binding = format!("{of}/policyBindings/all");
    let mut assets = export(Value::Null);
    assets.push(resource(
        &format!("//iam.googleapis.com/{policy}"),
        "iam.googleapis.com/PrincipalAccessBoundaryPolicy",
        json!({ "name": policy, "details": { "enforcementVersion": "3",
            "rules": [{ "effect": "ALLOW", "resources": [format!("{MANAGER}/projects/81")] }] } }),
    ));
    assets.push(resource(
        &format!("//iam.googleapis.com/{binding}"),
        "iam.googleapis.com/PolicyBinding",
        json!({ "name": binding, "target": { "principalSet": format!("{MANAGER}/organizations/90") },
            "policyKind": "PRINCIPAL_ACCESS_BOUNDARY", "policy": policy }),
    ));
    let (verdict, _, kinds, assumed) = asked(&home, &assets);
    assert_eq!(verdict, "CANNOT_ACCESS");
    assert_eq!(kinds, ["OUTSIDE_BOUNDARY"]);
    assert!(!assumed.contains("NO_BOUNDARIES"), "{assumed}");
}

#[test]
fn tags_in_an_export_are_what_conditions_see() {
    let home = Home::new();
    let bound = |value: &str| {
        let parent = format!("{MANAGER}/projects/82");
        let name = format!("//cloudresourcemanager.googleapis.com/tagBindings/x/{value}");
        let data = json!({ "name": name, "parent": parent, "tagValue": value });
        resource(
            &name,
            "cloudresourcemanager.googleapis.com/TagBinding",
            data,
        )
    };
    let value = |id: &str, short: &str| {
        let name = format!("tagValues/{id}");
        let data = json!({ "name": name, "parent": "tagKeys/7", "shortName": short,
            "namespacedName": format!("90/env/{short}") });
        resource(
            &format!("{MANAGER}/{name}"),
            "cloudresourcemanager.googleapis.com/TagValue",
            data,
        )
    };
    let key = json!({ "name": "tagKeys/7", "shortName": "env", "namespacedName": "90/env" });
    let key = resource(
        &format!("{MANAGER}/tagKeys/7"),
        "cloudresourcemanager.googleapis.com/TagKey",
        key,
    );
    for (expression, verdict) in [
        ("resource.matchTag('90/env', 'prod')", "CAN_ACCESS"),
        (
            "resource.matchTagId('tagKeys/7', 'tagValues/71')",
            "CAN_ACCESS",
        ),
        ("resource.hasTagKey('90/env')", "CAN_ACCESS"),
        ("resource.matchTag('90/env', 'dev')", "CANNOT_ACCESS"),
    ] {
        // The binding stands before what it names.
        let mut assets = vec![bound("tagValues/71")];
        assets.extend(export(json!({ "title": "t", "expression": expression })));
        assets.extend([value("71", "prod"), value("72", "dev"), key.clone()]);
        let (told, _, kinds, _) = asked(&home, &assets);
        assert_eq!(told, verdict, "{expression}: {kinds:?}");
    }
}

#[test]
fn an_api_that_is_off_in_an_export_is_off() {
    let home = Home::new();
    let service = |project: &str, name: &str, state: &str| {
        let full = format!("//serviceusage.googleapis.com/projects/{project}/services/{name}");
        let data = json!({ "name": format!("projects/{project}/services/{name}"), "state": state });
        resource(&full, "serviceusage.googleapis.com/Service", data)
    };
    for (state, outcome) in [("ENABLED", "WOULD_SUCCEED"), ("DISABLED", "WOULD_FAIL")] {
        let mut assets = export(Value::Null);
        for project in ["81", "82"] {
            assets.push(service(project, "storage.googleapis.com", "ENABLED"));
            assets.push(service(project, "iam.googleapis.com", state));
            assets.push(service(project, "iamcredentials.googleapis.com", state));
        }
        let (_, told, kinds, _) = asked(&home, &assets);
        assert_eq!(told, outcome, "{kinds:?}");
        assert_eq!(
            kinds.contains(&"API_DISABLED".to_owned()),
            state == "DISABLED",
            "{kinds:?}"
        );
    }
}

#[test]
fn a_condition_whose_fields_are_all_empty_is_none() {
    let home = Home::new();
    let empty = json!({ "title": "", "description": "", "expression": "", "location": "" });
    for condition in [json!({}), empty] {
        let (verdict, _, kinds, _) = asked(&home, &export(condition));
        assert_eq!(verdict, "CAN_ACCESS", "{kinds:?}");
    }
    // A title without an expression is a condition that went wrong.
    let (verdict, _, kinds, _) = asked(&home, &export(json!({ "title": "t", "expression": "" })));
    assert_eq!(verdict, "CANNOT_ACCESS", "{kinds:?}");
}

/// The account's unique id stands in the asset's name: data that leave it out are of the same account as its policy.
#[test]
fn an_account_whose_data_leave_its_unique_id_out_is_the_one_of_its_name() {
    let home = Home::new();
    for id in [Value::Null, json!("")] {
        let mut assets = export(Value::Null);
        for asset in &mut assets {
            if let Some(data) = asset.pointer_mut("/resource/data")
                && data["email"].is_string()
            {
                data["uniqueId"] = id.clone();
            }
        }
        let (verdict, _, kinds, _) = asked(&home, &assets);
        assert_eq!(verdict, "CAN_ACCESS", "{kinds:?}");
    }
}

/// As protobuf's JSON has it, null is what is not there.
#[test]
fn nulls_are_what_is_not_there() {
    let home = Home::new();
    let with = |pointer: &str, value: Value, condition: Value| {
        let mut assets = export(condition);
        for asset in &mut assets {
            if let Some(field) = asset.pointer_mut(pointer) {
                *field = value.clone();
            }
        }
        asked(&home, &assets)
    };
    // Of the account's policy only the condition has text in it.
    let told = json!({ "title": "t", "expression": "true" });
    let (verdict, _, kinds, _) = with(
        "/iam_policy/bindings/0/condition/expression",
        Value::Null,
        told.clone(),
    );
    assert_eq!(
        (verdict, kinds),
        (json!("CANNOT_ACCESS"), vec!["CONDITION_ERROR".to_owned()])
    );
    let (verdict, ..) = with("/iam_policy/bindings/0/condition", Value::Null, told);
    assert_eq!(verdict, "CAN_ACCESS");
    for pointer in ["/iam_policy/bindings", "/iam_policy/bindings/0/members"] {
        let (verdict, _, kinds, _) = with(pointer, Value::Null, Value::Null);
        assert_eq!(verdict, "CANNOT_ACCESS", "{pointer}");
        assert_eq!(kinds, ["NO_GRANT"], "{pointer}");
    }
}

/// What an asset does not tell of itself is not known: neither that a rule is none, nor that an API is off.
#[test]
fn what_an_asset_leaves_out_is_not_known() {
    let home = Home::new();
    let name = "policies/cloudresourcemanager.googleapis.com%2Fprojects%2F82/denypolicies/some";
    for data in [
        json!({ "name": name, "kind": "DenyPolicy" }),
        json!({ "name": name, "kind": "DenyPolicy", "rules": Value::Null }),
    ] {
        let mut assets = export(Value::Null);
        let full = format!("//iam.googleapis.com/{name}");
        assets.push(resource(&full, "iam.googleapis.com/PolicyV2", data));
        let (verdict, _, kinds, _) = asked(&home, &assets);
        assert_eq!(verdict, "UNKNOWN_INFO", "{kinds:?}");
    }
    for (state, outcome) in [
        (json!("enabled"), "WOULD_SUCCEED"),
        (json!("disabled"), "WOULD_FAIL"),
        (json!("STATE_UNSPECIFIED"), "WOULD_SUCCEED"),
        (Value::Null, "WOULD_SUCCEED"),
    ] {
        let mut assets = export(Value::Null);
        for project in ["81", "82"] {
            for api in ["iam.googleapis.com", "iamcredentials.googleapis.com"] {
                let name = format!("projects/{project}/services/{api}");
                let full = format!("//serviceusage.googleapis.com/{name}");
                let data = json!({ "name": name, "state": state });
                assets.push(resource(&full, "serviceusage.googleapis.com/Service", data));
            }
        }
        let (_, told, kinds, assumed) = asked(&home, &assets);
        assert_eq!(told, outcome, "{state}: {kinds:?}");
        // Where it is not told that it is on, that is taken for granted and said.
        let taken = !["enabled", "disabled"].contains(&state.as_str().unwrap_or_default());
        assert_eq!(
            assumed.contains("IAM_CREDENTIALS_API_IS_ENABLED"),
            taken,
            "{state}: {assumed}"
        );
    }
}

/// A boundary shuts out whom it is bound to, and that bindings alone tell.
#[test]
fn boundaries_without_their_bindings_say_nothing_of_whom_they_shut_out() {
    let home = Home::new();
    let of = "organizations/90/locations/global";
    let policy = format!("{of}/principalAccessBoundaryPolicies/app-only");
    let binding = format!("{of}/policyBindings/all");
    let mut assets = export(Value::Null);
    assets.push(resource(
        &format!("//iam.googleapis.com/{policy}"),
        "iam.googleapis.com/PrincipalAccessBoundaryPolicy",
        json!({ "name": policy, "details": { "enforcementVersion": "3",
            "rules": [{ "effect": "ALLOW", "resources": [format!("{MANAGER}/projects/81")] }] } }),
    ));
    let (_, _, _, assumed) = asked(&home, &assets);
    assert!(assumed.contains("NO_BOUNDARIES_IN_EXPORT"), "{assumed}");
    // A kind that is spelled otherwise, or not told, is that of the policy that it names.
    for kind in [
        json!("principal_access_boundary"),
        json!("POLICY_KIND_UNSPECIFIED"),
        Value::Null,
    ] {
        let mut bound = assets.clone();
        bound.push(resource(
            &format!("//iam.googleapis.com/{binding}"),
            "iam.googleapis.com/PolicyBinding",
            json!({ "name": binding, "target": { "principalSet": format!("{MANAGER}/organizations/90") },
                "policyKind": kind, "policy": policy }),
        ));
        let (verdict, _, kinds, _) = asked(&home, &bound);
        assert_eq!(verdict, "CANNOT_ACCESS", "{kind} {kinds:?}");
    }
}
