//! Accounts that an estate file says were deleted.

use std::time::Duration;

use super::*;
use crate::emulator::Clock;
use crate::estate::file;

const ID: &str = "171239585602487953359";
const HOME: &str = "/v1/projects/app-prod/serviceAccounts";

/// They are as those that were deleted here: not found, named as deleted, back by their unique id, the
/// bindings with them.
#[tokio::test]
async fn an_account_deleted_in_the_file_is_soft_deleted() {
    let http = serve("caller-deleted", Options::default()).await;
    let run = format!("{HOME}/run-processor@app-prod.iam.gserviceaccount.com");
    assert_eq!(http.admin("GET", &run, Value::Null).await.0, 404);
    let by_id = format!("/v1/projects/-/serviceAccounts/{ID}");
    assert_ne!(http.admin("GET", &by_id, Value::Null).await.0, 200);
    let (_, list) = http.admin("GET", HOME, Value::Null).await;
    assert!(!list.to_string().contains("run-processor"), "{list}");
    let creators = async || {
        let (_, policy) = http
            .admin("POST", &format!("{OWNED}:getIamPolicy"), json!({}))
            .await;
        let all = policy["bindings"].as_array().unwrap().clone();
        all.into_iter().find(|b| b["role"] == CREATOR).unwrap()["members"].clone()
    };
    let address = "run-processor@app-prod.iam.gserviceaccount.com";
    let ghost = format!("deleted:serviceAccount:{address}?uid={ID}");
    assert_eq!(creators().await, json!([ghost]));
    assert_eq!(http.mint(CALLER).await.0, 401);

    let (status, back) = http
        .admin("POST", &format!("{by_id}:undelete"), json!({}))
        .await;
    assert_eq!(status, 200, "{back}");
    assert_eq!(back["restoredAccount"]["uniqueId"], ID);
    assert_eq!(back["restoredAccount"].get("deleteTime"), None);
    assert_eq!(creators().await, json!([CALLER]));
    assert_eq!(http.mint(CALLER).await.0, 200);
    http.running.stop().await;
}

/// "After you delete a service account […] 30 days later, IAM permanently removes it" (iam v1,
/// `projects.serviceAccounts.delete`).
#[tokio::test]
async fn after_thirty_days_it_does_not_come_back() {
    let clock = Clock::held("2026-11-24T12:00:00Z".parse().unwrap());
    let options = Options {
        clock: clock.clone(),
        ..Options::default()
    };
    let http = serve("target-deleted", options).await;
    let undelete = "/v1/projects/-/serviceAccounts/133323741463357392526:undelete";
    clock.advance(Duration::from_secs(31 * 24 * 3_600));
    assert_eq!(http.admin("POST", undelete, json!({})).await.0, 404);
    http.running.stop().await;
}

/// What was deleted stays so over a restart, and over an estate file.
#[tokio::test]
async fn a_deletion_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let options = || Options {
        persist: Some(folder.path().join("state.json")),
        ..Options::default()
    };
    let http = serve("target-deleted", options()).await;
    let gone = format!("{HOME}/run-frontend@app-prod.iam.gserviceaccount.com");
    assert_eq!(http.admin("DELETE", &gone, Value::Null).await.0, 200);
    http.running.stop().await;
    let text = std::fs::read_to_string(folder.path().join("state.json")).unwrap();
    let kept: Value = serde_json::from_str(&text).unwrap();
    let estate = file::read_text("kept", &kept["estate"].to_string()).unwrap();
    let names: Vec<&str> = estate
        .deleted_accounts()
        .map(|d| d.email.split('@').next().unwrap())
        .collect();
    assert_eq!(names, ["bq-privileged", "run-frontend"]);
    assert!(estate.deleted_accounts().all(|d| d.deleted_at().is_some()));
    let http = serve("target-deleted", options()).await;
    for id in ["133323741463357392526", "124869300343209032761"] {
        let undelete = format!("/v1/projects/-/serviceAccounts/{id}:undelete");
        let (status, answer) = http.admin("POST", &undelete, json!({})).await;
        assert_eq!(status, 200, "{answer}");
    }
    http.running.stop().await;
}

#[test]
fn the_built_in_estates_survive_a_round() {
    for name in stories::names() {
        // As large a one says nothing more than a small one of its kind.
        let estate = match name {
            "large" => file::read_text(name, &stories::large::large(400, 20).to_string()).unwrap(),
            _ => stories::load(name).unwrap(),
        };
        let written = file::to_json(&estate);
        let again = file::read_text(name, &written.to_string()).unwrap();
        assert_eq!(file::to_json(&again), written, "{name}");
    }
}
