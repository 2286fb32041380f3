//! `explain -`: a pasted error.

use serde_json::json;

use super::common::{CALLER, Emulator, Home, TARGET};

const DENIED: &str = "ERROR: (gcloud.auth.print-access-token) PERMISSION_DENIED: Failed to impersonate [bq-privileged@data-vault.iam.gserviceaccount.com]. Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist).";

#[test]
fn what_is_missing_is_asked_for() {
    let home = Home::new();
    let ran = home.pipe(&["--demo", "--format=json", "explain", "-"], DENIED);
    ran.ends(2).says("--caller");
    assert_eq!(
        ran.json(),
        json!({ "pasted": {
            "kind": "IMPERSONATION_DENIED",
            "permission": "iam.serviceAccounts.getAccessToken",
            "target": TARGET,
            "caller": null,
            "service": null,
            "project": null,
            "errorInfoId": null,
        } })
    );
    assert!(!ran.err.contains("--target"), "{}", ran.err);
}

#[test]
fn options_beside_it_win_and_complete_it() {
    let home = Home::new();
    let ran = home.pipe(
        &[
            "--demo",
            "--format=json",
            "explain",
            "-",
            "--caller",
            CALLER,
        ],
        DENIED,
    );
    let json = ran.ends(1).json();
    assert_eq!(json["causes"][0]["kind"], "GRANT_ON_CALLERS_PROJECT");
    assert_eq!(json["pasted"]["target"], TARGET);
    let other = "run-frontend@app-prod.iam.gserviceaccount.com";
    let ran = home.pipe(
        &[
            "--demo",
            "--format=json",
            "explain",
            "-",
            "--caller",
            CALLER,
            "--target",
            other,
        ],
        DENIED,
    );
    assert_eq!(
        ran.json()["target"],
        format!("//iam.googleapis.com/projects/app-prod/serviceAccounts/{other}")
    );
}

#[test]
fn a_refusal_that_the_policies_no_longer_give_may_be_on_its_way() {
    let home = Home::new();
    let ran = home.pipe(
        &[
            "--demo=inherited",
            "--format=json",
            "explain",
            "-",
            "--caller",
            CALLER,
        ],
        DENIED,
    );
    let json = ran.ends(0).json();
    assert_eq!(json["causes"][0]["kind"], "MAY_BE_PROPAGATING");
    assert_eq!(json["causes"].as_array().unwrap().len(), 1);
}

#[test]
fn another_kind_says_what_it_means() {
    let home = Home::new();
    let text = "Caller does not have required permission to use project billing-x. Grant the caller the roles/serviceusage.serviceUsageConsumer role.";
    let ran = home.pipe(
        &[
            "--demo",
            "--format=json",
            "explain",
            "-",
            "--caller",
            CALLER,
            "--target",
            TARGET,
        ],
        text,
    );
    let json = ran.ends(1).json();
    assert_eq!(json["pasted"]["kind"], "QUOTA_PROJECT_DENIED");
    assert_eq!(json["pasted"]["project"], "billing-x");
    assert_eq!(json["causes"][0]["kind"], "QUOTA_PROJECT_DENIED");
    ran.says("billing-x");
    let ran = home.pipe(
        &["--demo", "explain", "-"],
        "invalid_grant: Token has been expired or revoked.",
    );
    ran.ends(2);
    assert!(
        ran.out.contains("gcloud auth application-default login"),
        "{}",
        ran.out
    );
    home.pipe(&["--demo", "explain", "-"], "segmentation fault")
        .ends(2)
        .says("not about access");
    let hostile = home.pipe(
        &["--demo", "explain", "-"],
        "caller: group:x@y.z \u{1b}[2J principal://\u{1b}]0;x\u{7}",
    );
    assert!(!hostile.out.contains('\u{1b}') && !hostile.err.contains('\u{1b}'));
}

#[test]
fn the_emulators_own_refusal_is_read() {
    let home = Home::new();
    let emulator = Emulator::start(&home, &["--demo", "cross-project"]);
    let url = format!(
        "{}/v1/projects/-/serviceAccounts/{TARGET}:generateAccessToken",
        emulator.url
    );
    let body = r#"{"scope": ["https://www.googleapis.com/auth/cloud-platform"]}"#;
    let refusal = super::common::call(&url, CALLER, body);
    let text = format!("POST {url}\n{refusal}");
    let ran = home.pipe(&["--demo", "--format=json", "explain", "-"], &text);
    let json = ran.ends(2).json();
    assert_eq!(json["pasted"]["kind"], "IMPERSONATION_DENIED");
    assert_eq!(json["pasted"]["target"], TARGET);
    assert_eq!(
        json["pasted"]["errorInfoId"],
        refusal["error"]["details"][0]["metadata"]["error_info_id"]
    );
}
