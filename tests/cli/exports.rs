//! Asset exports as they really come (`tests/data/exports`), with one thing in them otherwise: what stands in them
//! beside policies counts, and is never "there are none".

use std::fs;

use serde_json::{Value, json};

use super::common::{Home, met};

const RUNNER: &str = "serviceAccount:runner@shop-app.iam.gserviceaccount.com";
const VAULT: &str = "vault@shop-data.iam.gserviceaccount.com";

/// The assets of a file.
fn assets(name: &str) -> Vec<Value> {
    let text = fs::read_to_string(met(name)).unwrap();
    let lines = text.lines().filter(|line| !line.is_empty());
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Two projects in one organization: runner may act as vault, under that condition.
fn export(condition: Value) -> Vec<Value> {
    let mut assets = assets("19-empty-condition.ndjson");
    for asset in &mut assets {
        if let Some(known) = asset.pointer_mut("/iam_policy/bindings/0/condition") {
            *known = condition.clone();
        }
    }
    assets
}

/// Sets what stands there in assets of that type.
fn set(assets: &mut [Value], kind: &str, pointer: &str, value: &Value) {
    for asset in assets.iter_mut() {
        let of_kind = asset["asset_type"].as_str().unwrap().ends_with(kind);
        if let Some(field) = asset.pointer_mut(pointer).filter(|_| of_kind) {
            *field = value.clone();
        }
    }
}

/// Verdict, outcome, the kinds of causes, and the assumptions.
fn asked(home: &Home, assets: &[Value]) -> (Value, Value, Vec<String>, String) {
    let lines: Vec<String> = assets.iter().map(Value::to_string).collect();
    let file = home.write("export.ndjson", &lines.join("\n"));
    let source = format!("--estate={}", file.display());
    let ran = home.explain(&[&source], RUNNER, VAULT);
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
fn tags_in_an_export_are_what_conditions_see() {
    let home = Home::new();
    for (expression, verdict) in [
        (
            "resource.matchTag('900100200300/env', 'prod')",
            "CAN_ACCESS",
        ),
        (
            "resource.matchTagId('tagKeys/281479000000001', 'tagValues/281479000000002')",
            "CAN_ACCESS",
        ),
        ("resource.hasTagKey('900100200300/env')", "CAN_ACCESS"),
        (
            "resource.matchTag('900100200300/env', 'dev')",
            "CANNOT_ACCESS",
        ),
    ] {
        let mut assets = assets("03-tag-bindings.ndjson");
        let pointer = "/iam_policy/bindings/0/condition/expression";
        set(&mut assets, "/ServiceAccount", pointer, &json!(expression));
        // The binding stands before what it names.
        assets.reverse();
        let (told, _, kinds, _) = asked(&home, &assets);
        assert_eq!(told, verdict, "{expression}: {kinds:?}");
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
    let told = assets("01-deny-policy-asset.ndjson");
    let mut null = told.clone();
    set(&mut null, "/PolicyV2", "/resource/data/rules", &Value::Null);
    let mut left_out = told;
    for asset in &mut left_out {
        if let Some(data) = asset.pointer_mut("/resource/data") {
            data.as_object_mut().unwrap().remove("rules");
        }
    }
    for assets in [null, left_out] {
        let (verdict, _, kinds, _) = asked(&home, &assets);
        assert_eq!(verdict, "UNKNOWN_INFO", "{kinds:?}");
    }
    for (state, outcome) in [
        (json!("ENABLED"), "WOULD_SUCCEED"),
        (json!("enabled"), "WOULD_SUCCEED"),
        (json!("disabled"), "WOULD_FAIL"),
        (json!("STATE_UNSPECIFIED"), "WOULD_SUCCEED"),
        (Value::Null, "WOULD_SUCCEED"),
    ] {
        let mut assets = assets("13-service-disabled.ndjson");
        assets.retain(|asset| {
            !asset["name"]
                .as_str()
                .unwrap()
                .ends_with("/storage.googleapis.com")
        });
        set(&mut assets, "/Service", "/resource/data/state", &state);
        let (_, told, kinds, assumed) = asked(&home, &assets);
        assert_eq!(told, outcome, "{state}: {kinds:?}");
        assert_eq!(
            kinds.contains(&"API_DISABLED".to_owned()),
            outcome == "WOULD_FAIL",
            "{state}: {kinds:?}"
        );
        // Where it is not told that it is on, that is taken for granted and said.
        let told = state.as_str().unwrap_or_default().to_lowercase();
        let taken = !["enabled", "disabled"].contains(&&*told);
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
    let bound = assets("02-boundary-assets.ndjson");
    let mut alone = bound.clone();
    alone.retain(|asset| {
        !asset["asset_type"]
            .as_str()
            .unwrap()
            .ends_with("/PolicyBinding")
    });
    let (_, _, _, assumed) = asked(&home, &alone);
    assert!(assumed.contains("NO_BOUNDARIES_IN_EXPORT"), "{assumed}");
    // A kind that is spelled otherwise, or not told, is that of the policy that it names.
    for kind in [
        json!("principal_access_boundary"),
        json!("POLICY_KIND_UNSPECIFIED"),
        Value::Null,
    ] {
        let mut bound = bound.clone();
        set(
            &mut bound,
            "/PolicyBinding",
            "/resource/data/policyKind",
            &kind,
        );
        let (verdict, _, kinds, _) = asked(&home, &bound);
        assert_eq!(verdict, "CANNOT_ACCESS", "{kind} {kinds:?}");
    }
}
