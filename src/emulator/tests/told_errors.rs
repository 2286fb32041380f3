//! The errors that stories tell are what the emulator answers in their situation.

use std::time::Duration;

use super::*;
use crate::emulator::Clock;

/// Everything, and storage alone.
const CLOUD: &str = "https://www.googleapis.com/auth/cloud-platform";
const STORAGE: &str = "https://www.googleapis.com/auth/devstorage.read_only";

/// The error of a story, as far as it is the same each time.
fn told(name: &str) -> Value {
    let story = stories::index().iter().find(|s| s.name == name).unwrap();
    let text = story.pasted.as_deref().unwrap();
    assert!(text.contains(&story.caller) && text.contains(&format!("{TARGET}:")));
    let (_, json) = text.split_at(text.find('{').unwrap());
    serde_json::from_str(json).unwrap()
}

/// An answer without the id that is another each time.
fn same_each_time(mut answer: Value) -> Value {
    let details = answer.pointer_mut("/error/details");
    for detail in details.and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(metadata) = detail["metadata"].as_object_mut() {
            metadata.remove("error_info_id");
        }
    }
    answer
}

impl Http {
    /// Mints a token of the target with one that may have been minted itself.
    async fn mint_with(&self, bearer: &str, body: Value, quota: Option<&str>) -> Value {
        let url = format!("{}{TARGET}:generateAccessToken", self.running.base_url());
        let mut request = self.client.post(url).bearer_auth(bearer).json(&body);
        if let Some(project) = quota {
            request = request.header("x-goog-user-project", project);
        }
        same_each_time(request.send().await.unwrap().json().await.unwrap())
    }

    /// A token of the caller's own.
    async fn own_token(&self, scope: &str) -> String {
        let email = CALLER.strip_prefix("serviceAccount:").unwrap();
        let path = format!("/v1/projects/-/serviceAccounts/{email}:generateAccessToken");
        let (status, minted) = self.admin("POST", &path, json!({ "scope": [scope] })).await;
        assert_eq!(status, 200, "{minted}");
        minted["accessToken"].as_str().unwrap().to_owned()
    }
}

#[tokio::test]
async fn a_quota_project_that_the_caller_may_not_use() {
    let http = serve("quota-denied", Options::default()).await;
    let body = json!({ "scope": [CLOUD] });
    let answer = http
        .mint_with(CALLER, body.clone(), Some("ops-tools"))
        .await;
    assert_eq!(answer, told("quota-denied"));
    // The policies are not in the way.
    let minted = http.mint_with(CALLER, body, None).await;
    assert!(minted["accessToken"].is_string(), "{minted}");
    http.running.stop().await;
}

#[tokio::test]
async fn a_token_that_would_live_too_long() {
    let http = serve("lifetime", Options::default()).await;
    let body = |seconds: u32| json!({ "scope": [CLOUD], "lifetime": format!("{seconds}s") });
    let answer = http.mint_with(CALLER, body(43_200), None).await;
    assert_eq!(answer, told("lifetime"));
    let minted = http.mint_with(CALLER, body(3_600), None).await;
    assert!(minted["accessToken"].is_string(), "{minted}");
    http.running.stop().await;
}

#[tokio::test]
async fn a_token_that_has_expired() {
    let clock = Clock::held("2026-11-24T12:00:00Z".parse().unwrap());
    let options = Options {
        clock: clock.clone(),
        ..Options::default()
    };
    let http = serve("expired", options).await;
    let own = http.own_token(CLOUD).await;
    let body = json!({ "scope": [CLOUD] });
    let minted = http.mint_with(&own, body.clone(), None).await;
    assert!(minted["accessToken"].is_string(), "{minted}");
    clock.advance(Duration::from_secs(3_600));
    let answer = http.mint_with(&own, body, None).await;
    assert_eq!(answer, told("expired"));
    http.running.stop().await;
}

#[tokio::test]
async fn a_token_of_narrow_scopes() {
    let http = serve("scopes", Options::default()).await;
    let own = http.own_token(STORAGE).await;
    let body = json!({ "scope": [CLOUD] });
    let answer = http.mint_with(&own, body.clone(), None).await;
    assert_eq!(answer, told("scopes"));
    for enough in [CLOUD, "https://www.googleapis.com/auth/iam"] {
        let own = http.own_token(enough).await;
        let minted = http.mint_with(&own, body.clone(), None).await;
        assert!(minted["accessToken"].is_string(), "{minted}");
    }
    http.running.stop().await;
}

/// Refused until the change counts, although the policy that is read has it from the start.
#[tokio::test]
async fn a_grant_that_does_not_count_yet() {
    let clock = Clock::held("2026-11-24T12:00:00Z".parse().unwrap());
    let options = Options {
        clock: clock.clone(),
        propagation: Duration::from_secs(120),
        ..Options::default()
    };
    let http = serve("cross-project", options).await;
    http.grant().await;
    let body = json!({ "scope": [CLOUD] });
    let answer = http.mint_with(CALLER, body.clone(), None).await;
    assert_eq!(answer, told("young"));
    clock.advance(Duration::from_secs(120));
    let minted = http.mint_with(CALLER, body, None).await;
    assert!(minted["accessToken"].is_string(), "{minted}");
    http.running.stop().await;
}
