//! What is served at once and counts later, told by a clock that the test sets.

use std::time::Duration;

use serde_json::{Value, json};

use super::{CALLER, CREATOR, Http, OWNED, reason, serve};
use crate::emulator::{Clock, Options, stories};

const DELAY: Duration = Duration::from_secs(120);
const ALMOST: Duration = Duration::from_secs(119);
const REST: Duration = Duration::from_secs(1);

async fn late(story: &str) -> (Http, Clock) {
    let clock = Clock::held("2026-11-25T12:00:00Z".parse().unwrap());
    let options = Options {
        propagation: DELAY,
        clock: clock.clone(),
        ..Options::default()
    };
    (serve(story, options).await, clock)
}

impl Http {
    /// What the story's caller gets who mints for the story's target.
    async fn told(&self, story: &str) -> u16 {
        let story = stories::index().iter().find(|s| s.name == story).unwrap();
        let path = format!(
            "/v1/projects/-/serviceAccounts/{}:generateAccessToken",
            story.target
        );
        let body = json!({ "scope": ["https://www.googleapis.com/auth/cloud-platform"] });
        self.ask(&story.caller, "POST", &path, body).await.0
    }

    async fn done(&self, method: &str, path: &str, body: Value) -> Value {
        let (status, answer) = self.admin(method, path, body).await;
        assert_eq!(status, 200, "{method} {path}: {answer}");
        answer
    }
}

/// The change is not seen a second too early, and seen when its time has come.
async fn turns(http: &Http, clock: &Clock, story: &str, from: u16, to: u16) {
    clock.advance(ALMOST);
    assert_eq!(http.told(story).await, from, "{story}, too early");
    clock.advance(REST);
    assert_eq!(http.told(story).await, to, "{story}, in time");
}

#[tokio::test]
async fn an_allow_policy_and_a_deny_policy_count_later() {
    let (http, clock) = late("cross-project").await;
    http.grant().await;
    turns(&http, &clock, "cross-project", 403, 200).await;
    let point =
        "/v2/policies/cloudresourcemanager.googleapis.com%2Fprojects%2Fdata-vault/denypolicies";
    let rule = json!({
        "deniedPrincipals": ["principalSet://goog/public:all"],
        "deniedPermissions": ["iam.googleapis.com/serviceAccounts.getAccessToken"],
    });
    let policy = json!({ "rules": [{ "denyRule": rule }] });
    http.done("POST", &format!("{point}?policyId=no-tokens"), policy)
        .await;
    let listed = http.done("GET", point, Value::Null).await;
    assert_eq!(listed["policies"].as_array().unwrap().len(), 1);
    turns(&http, &clock, "cross-project", 200, 403).await;
    http.done("DELETE", &format!("{point}/no-tokens"), Value::Null)
        .await;
    turns(&http, &clock, "cross-project", 403, 200).await;
}

#[tokio::test]
async fn two_changes_count_in_their_order() {
    let (http, clock) = late("cross-project").await;
    let before = http
        .done("POST", &format!("{OWNED}:getIamPolicy"), json!({}))
        .await;
    let granted = http.grant().await;
    clock.advance(REST);
    let mut back = before.clone();
    back["etag"] = granted["etag"].clone();
    let body = json!({ "policy": back });
    http.done("POST", &format!("{OWNED}:setIamPolicy"), body)
        .await;
    clock.advance(ALMOST);
    assert_eq!(http.told("cross-project").await, 200);
    clock.advance(REST);
    assert_eq!(http.told("cross-project").await, 403);
}

#[tokio::test]
async fn a_boundary_that_is_unbound_counts_until_then() {
    let (http, clock) = late("boundary").await;
    let list = "/v3/organizations/1001/locations/global/policyBindings";
    let bindings = http.done("GET", list, Value::Null).await;
    for binding in bindings["policyBindings"].as_array().unwrap() {
        let path = format!("/v3/{}", binding["name"].as_str().unwrap());
        http.done("DELETE", &path, Value::Null).await;
    }
    assert_eq!(http.done("GET", list, Value::Null).await, json!({}));
    turns(&http, &clock, "boundary", 403, 200).await;
}

#[tokio::test]
async fn a_custom_role_counts_later() {
    let story = "custom-role-disabled";
    let (http, clock) = late(story).await;
    let estate = stories::load(story).unwrap();
    let role = estate.roles().next().unwrap();
    let path = format!("/v1/{}?updateMask=stage", role.name);
    http.done("PATCH", &path, json!({ "stage": "GA" })).await;
    turns(&http, &clock, story, 403, 200).await;
}

#[tokio::test]
async fn an_api_turned_off_is_off_later() {
    let (http, clock) = late("cross-project").await;
    http.grant().await;
    clock.advance(DELAY);
    let path = "/v1/projects/app-prod/services/iamcredentials.googleapis.com:disable";
    http.done("POST", path, json!({})).await;
    turns(&http, &clock, "cross-project", 200, 403).await;
    let (_, body) = http.mint(CALLER).await;
    assert_eq!(reason(&body), "SERVICE_DISABLED");
}

#[tokio::test]
async fn an_account_is_off_at_once_and_a_namesake_gets_nothing_that_waits() {
    let (http, clock) = late("cross-project").await;
    http.grant().await;
    clock.advance(DELAY);
    assert_eq!(http.told("cross-project").await, 200);
    http.done("POST", &format!("{OWNED}:disable"), json!({}))
        .await;
    assert_eq!(http.told("cross-project").await, 400);
    http.done("POST", &format!("{OWNED}:enable"), json!({}))
        .await;
    // A policy that still waits when its account goes is not the namesake's.
    let policy = json!({ "bindings": [{ "role": CREATOR, "members": [CALLER] }] });
    let body = json!({ "policy": policy });
    http.done("POST", &format!("{OWNED}:setIamPolicy"), body)
        .await;
    http.done("DELETE", OWNED, Value::Null).await;
    let body = json!({ "accountId": "bq-privileged" });
    http.done("POST", "/v1/projects/data-vault/serviceAccounts", body)
        .await;
    clock.advance(DELAY);
    assert_eq!(http.told("cross-project").await, 403);
}
