//! What goes wrong on purpose, what is recorded, and what is kept on disk.

use serde_json::{Value, json};

use super::{CALLER, CREATOR, Http, OWNED, TARGET, reason, serve};
use crate::emulator::{Options, StartError, start, stories};

fn with(faults: &str) -> Options {
    Options {
        faults: faults.parse().unwrap(),
        ..Options::default()
    }
}

impl Http {
    /// The bare response, when there is one.
    async fn raw(
        &self,
        method: &str,
        path: &str,
        body: &Value,
    ) -> reqwest::Result<reqwest::Response> {
        let url = format!("{}{path}", self.running.base_url());
        let request = self.client.request(method.parse().unwrap(), url);
        let request = request.bearer_auth(self.running.admin_token());
        request.json(body).send().await
    }

    async fn members(&self) -> usize {
        let (status, policy) = self
            .admin("POST", &format!("{OWNED}:getIamPolicy"), json!({}))
            .await;
        assert_eq!(status, 200, "{policy}");
        policy["bindings"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|b| b["role"] == CREATOR)
            .flat_map(|b| b["members"].as_array().unwrap())
            .filter(|m| **m == CALLER)
            .count()
    }

    fn write(&self) -> impl Future<Output = reqwest::Result<reqwest::Response>> {
        let policy =
            json!({ "policy": { "bindings": [{ "role": CREATOR, "members": [CALLER] }] } });
        async move {
            self.raw("POST", &format!("{OWNED}:setIamPolicy"), &policy)
                .await
        }
    }
}

#[tokio::test]
async fn a_reset_before_the_commit_changes_nothing_and_one_after_it_does() {
    let http = serve(
        "cross-project",
        with("POST *:setIamPolicy #1 = reset; POST *:setIamPolicy #2 = reset after"),
    )
    .await;
    let error = http.write().await.unwrap_err();
    assert!(error.is_request() && !error.is_timeout(), "{error:?}");
    assert_eq!(http.members().await, 0);
    http.write().await.unwrap_err();
    assert_eq!(http.members().await, 1);
    assert_eq!(http.write().await.unwrap().status(), 200);
    http.running.stop().await;
}

#[tokio::test]
async fn statuses_pages_and_expired_tokens_come_as_asked_for() {
    let spec = "GET *#x = 418; GET /v3/a = 429:7s; GET /v3/b = html; GET /v3/c = expired; GET /v3/d = 503; POST *:setIamPolicy = 503 after";
    let http = serve("cross-project", with(spec)).await;
    let limited = http.raw("GET", "/v3/a", &Value::Null).await.unwrap();
    assert_eq!(limited.headers()["retry-after"], "7");
    assert_eq!(limited.status(), 429);
    let body: Value = limited.json().await.unwrap();
    assert_eq!(body["error"]["status"], "RESOURCE_EXHAUSTED");
    let page = http.raw("GET", "/v3/b", &Value::Null).await.unwrap();
    assert_eq!(
        (
            page.status().as_u16(),
            page.headers()["content-type"].as_bytes()
        ),
        (502, &b"text/html; charset=UTF-8"[..])
    );
    assert!(page.text().await.unwrap().starts_with("<!DOCTYPE html>"));
    let (status, body) = http.admin("GET", "/v3/c", Value::Null).await;
    assert_eq!((status, reason(&body)), (401, "ACCESS_TOKEN_EXPIRED"));
    let (status, body) = http.admin("GET", "/v3/d", Value::Null).await;
    assert_eq!(
        (status, &body["error"]["status"]),
        (503, &json!("UNAVAILABLE"))
    );
    assert_eq!(http.write().await.unwrap().status(), 503);
    assert_eq!(http.members().await, 1);
    http.running.stop().await;
}

#[tokio::test]
async fn a_truncated_body_is_noticed_and_a_slow_one_is_whole() {
    let http = serve(
        "cross-project",
        with("GET /v3/projects/app-prod = truncate; GET /v3/projects/data-vault = slow:120ms"),
    )
    .await;
    let cut = http
        .raw("GET", "/v3/projects/app-prod", &Value::Null)
        .await
        .unwrap();
    assert_eq!(cut.status(), 200);
    cut.bytes().await.unwrap_err();
    let mut slow = http
        .raw("GET", "/v3/projects/data-vault", &Value::Null)
        .await
        .unwrap();
    let (mut pieces, mut whole) = (0, Vec::new());
    while let Some(piece) = slow.chunk().await.unwrap() {
        pieces += 1;
        whole.extend_from_slice(&piece);
    }
    let body: Value = serde_json::from_slice(&whole).unwrap();
    assert_eq!(body["projectId"], "data-vault");
    assert!(pieces > 1, "{pieces}");
    http.running.stop().await;
}

#[tokio::test]
async fn the_record_holds_every_call_and_no_token() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("calls.ndjson");
    let options = Options {
        record: Some(file.clone()),
        faults: "GET /v3/lost = reset".parse().unwrap(),
        ..Options::default()
    };
    let http = serve("cross-project", options).await;
    let (status, _) = http.mint(CALLER).await;
    assert_eq!(status, 403);
    http.grant().await;
    let (status, minted) = http.mint(CALLER).await;
    assert_eq!(status, 200);
    http.raw("GET", "/v3/lost?x=1", &Value::Null)
        .await
        .unwrap_err();
    let text = std::fs::read_to_string(&file).unwrap();
    for secret in [
        http.running.admin_token(),
        minted["accessToken"].as_str().unwrap(),
    ] {
        assert!(!text.contains(secret));
    }
    let lines: Vec<Value> = text
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    assert_eq!(lines.len(), 5);
    assert_eq!(lines[0]["who"], CALLER);
    assert_eq!(lines[0]["path"], format!("{TARGET}:generateAccessToken"));
    assert_eq!(lines[0]["status"], 403);
    assert_eq!(lines[0]["response"]["error"]["status"], "PERMISSION_DENIED");
    assert!(lines[2]["request"]["policy"]["bindings"][0]["role"].is_string());
    assert_eq!(lines[3]["response"]["accessToken"], "(left out)");
    assert_eq!(
        (&lines[4]["status"], &lines[4]["query"]["x"]),
        (&json!(0), &json!("1"))
    );
    assert!(lines[4]["fault"].is_string());
    http.running.stop().await;
}

#[tokio::test]
async fn a_kept_state_goes_on_where_it_ended() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options {
        persist: Some(dir.path().join("state.json")),
        ..Options::default()
    };
    let http = serve("unreadable", options.clone()).await;
    assert!(!dir.path().join("state.json").exists());
    http.grant().await;
    let (status, _) = http
        .admin(
            "DELETE",
            "/v1/projects/app-prod/serviceAccounts/run-processor@app-prod.iam.gserviceaccount.com",
            Value::Null,
        )
        .await;
    assert_eq!(status, 200);
    http.running.stop().await;

    // Another estate is named; what was kept goes before it.
    let http = serve("owner", options).await;
    let uid = "171239585602487953359";
    let path = format!("/v1/projects/app-prod/serviceAccounts/{uid}");
    let (status, body) = http
        .admin("POST", &format!("{path}:undelete"), json!({}))
        .await;
    assert_eq!(
        (status, &body["restoredAccount"]["uniqueId"]),
        (200, &json!(uid)),
        "{body}"
    );
    assert_eq!(http.members().await, 1);
    let (status, _) = http.mint(CALLER).await;
    assert_eq!(status, 200);
    let (status, _) = http
        .admin("POST", "/v3/organizations/1001:getIamPolicy", json!({}))
        .await;
    assert_eq!(status, 403, "what was unreadable stays so");
    let left: Vec<_> = std::fs::read_dir(dir.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "nothing is left beside the state: {left:?}");
    http.running.stop().await;
}

#[tokio::test]
async fn files_that_cannot_be_used_are_errors() {
    let dir = tempfile::tempdir().unwrap();
    let wrong = dir.path().join("estate.json");
    std::fs::write(&wrong, "{\"folders\": []}").unwrap();
    let options = Options {
        persist: Some(wrong),
        ..Options::default()
    };
    let error = start(stories::load("owner").unwrap(), options)
        .await
        .unwrap_err();
    assert!(matches!(error, StartError::Persist { .. }));
    assert!(
        error.to_string().contains("expected what --persist wrote"),
        "{error}"
    );
    let options = Options {
        record: Some(dir.path().join("no/such/folder")),
        ..Options::default()
    };
    let error = start(stories::load("owner").unwrap(), options)
        .await
        .unwrap_err();
    assert!(matches!(error, StartError::Record { .. }), "{error}");
}

/// Each caller has its own minute; the tests' one may end in between, so only what must hold is asked.
#[tokio::test]
async fn a_spent_quota_says_when_to_come_back() {
    let options = Options {
        quota: Some(3),
        ..Options::default()
    };
    let http = serve("cross-project", options).await;
    let mut limited = None;
    // Seven calls spend the three of one minute, and of two if a minute ends in between.
    for _ in 0..7 {
        let answer = http
            .raw("GET", "/v3/projects/app-prod", &Value::Null)
            .await
            .unwrap();
        if answer.status() == 429 {
            limited = Some(answer);
            break;
        }
        assert_eq!(answer.status(), 200);
    }
    let limited = limited.unwrap();
    let wait: u64 = limited.headers()["retry-after"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    let body: Value = limited.json().await.unwrap();
    assert_eq!(reason(&body), "RATE_LIMIT_EXCEEDED");
    let (status, _) = http
        .ask(
            "user:ana@example.com",
            "GET",
            "/v3/projects/data-vault",
            Value::Null,
        )
        .await;
    assert_ne!(status, 429, "another caller's quota is its own");
    http.running.stop().await;
}

/// A GET with a query too long for a URL, as Google's Python client sends it.
#[tokio::test]
async fn a_post_may_stand_for_a_get() {
    let http = serve("cross-project", Options::default()).await;
    let url = format!(
        "{}/v1/projects/data-vault/serviceAccounts",
        http.running.base_url()
    );
    let answer = http
        .client
        .post(url)
        .bearer_auth(http.running.admin_token())
        .header("x-http-method-override", "GET")
        .form(&[("pageSize", "1")])
        .send()
        .await
        .unwrap();
    let page: Value = answer.json().await.unwrap();
    assert_eq!(page["accounts"].as_array().unwrap().len(), 1, "{page}");
    http.running.stop().await;
}

/// Whoever gets an answer finds what they wrote on disk, however many write at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_answered_write_is_on_disk() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state.json");
    let options = Options {
        persist: Some(path.clone()),
        ..Options::default()
    };
    let http = serve("cross-project", options).await;
    let made = (0..12).map(|n| {
        let (http, path) = (&http, path.clone());
        async move {
            let id = format!("writer-{n:02}");
            let home = "/v1/projects/data-vault/serviceAccounts";
            let (status, _) = http.admin("POST", home, json!({ "accountId": id })).await;
            assert_eq!(status, 200);
            let text = tokio::fs::read_to_string(path).await.unwrap();
            assert!(text.contains(&format!("\"{id}@")), "{id} is not on disk");
        }
    });
    futures::future::join_all(made).await;
    http.running.stop().await;
}
