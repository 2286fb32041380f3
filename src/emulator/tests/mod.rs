//! The emulator over real HTTP.

mod asset;
mod boundaries;
mod credentials;
mod deleted;
mod exchanges;
mod federation;
mod keys;
mod org_policies;
mod propagation;
mod routes;
mod searches;

mod tags;
mod told_errors;
mod trouble;
mod truth;
mod writes;

use serde_json::{Value, json};

use super::{Options, Running, start, stories};
use crate::iam::Principal;

const CALLER: &str = "serviceAccount:run-processor@app-prod.iam.gserviceaccount.com";
const TARGET: &str =
    "/v1/projects/-/serviceAccounts/bq-privileged@data-vault.iam.gserviceaccount.com";
const OWNED: &str =
    "/v1/projects/data-vault/serviceAccounts/bq-privileged@data-vault.iam.gserviceaccount.com";
const CREATOR: &str = "roles/iam.serviceAccountTokenCreator";

struct Http {
    running: Running,
    client: reqwest::Client,
}

async fn serve(name: &str, options: Options) -> Http {
    // Only the first test of the process installs it; the others find it there.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Http {
        running: start(stories::load(name).unwrap(), options).await.unwrap(),
        client: reqwest::Client::builder().no_proxy().build().unwrap(),
    }
}

impl Http {
    async fn ask(&self, who: &str, method: &str, path: &str, body: Value) -> (u16, Value) {
        let url = format!("{}{path}", self.running.base_url());
        let mut request = self.client.request(method.parse().unwrap(), url);
        if !who.is_empty() {
            request = request.bearer_auth(who);
        }
        if method != "GET" {
            request = request.json(&body);
        }
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }

    async fn admin(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        self.ask(self.running.admin_token(), method, path, body)
            .await
    }

    async fn mint(&self, who: &str) -> (u16, Value) {
        let scope = json!({ "scope": ["https://www.googleapis.com/auth/cloud-platform"] });
        self.ask(who, "POST", &format!("{TARGET}:generateAccessToken"), scope)
            .await
    }

    /// Adds Token Creator for the caller to the target's own policy.
    async fn grant(&self) -> Value {
        let (_, mut policy) = self
            .admin("POST", &format!("{OWNED}:getIamPolicy"), json!({}))
            .await;
        let bindings = policy["bindings"].as_array_mut().unwrap();
        bindings.push(json!({ "role": CREATOR, "members": [CALLER] }));
        let (status, written) = self
            .admin(
                "POST",
                &format!("{OWNED}:setIamPolicy"),
                json!({ "policy": policy }),
            )
            .await;
        assert_eq!(status, 200, "{written}");
        written
    }
}

fn reason(body: &Value) -> &str {
    body.pointer("/error/details/0/reason")
        .and_then(Value::as_str)
        .unwrap_or_default()
}

fn message(body: &Value) -> &str {
    body.pointer("/error/message")
        .and_then(Value::as_str)
        .unwrap_or_default()
}

#[tokio::test]
async fn the_story_from_the_403_to_the_token() {
    let http = serve("cross-project", Options::default()).await;
    let (status, body) = http.mint(CALLER).await;
    assert_eq!(status, 403);
    assert_eq!(
        message(&body),
        "Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist)."
    );
    assert_eq!(body["error"]["status"], "PERMISSION_DENIED");
    let info = &body["error"]["details"][0];
    assert_eq!(info["@type"], "type.googleapis.com/google.rpc.ErrorInfo");
    assert_eq!(info["reason"], "IAM_PERMISSION_DENIED");
    assert_eq!(info["domain"], "iam.googleapis.com");
    assert_eq!(
        info["metadata"]["permission"],
        "iam.serviceAccounts.getAccessToken"
    );
    http.grant().await;
    let (status, body) = http.mint(CALLER).await;
    assert_eq!(status, 200, "{body}");
    // The minted token is the target: it reads its own project and nobody's policy.
    let token = body["accessToken"].as_str().unwrap();
    assert!(token.starts_with("ya29."));
    let (status, _) = http
        .ask(token, "GET", "/v3/projects/data-vault", Value::Null)
        .await;
    assert_eq!(status, 200);
    let (status, body) = http
        .ask(
            token,
            "POST",
            "/v3/projects/data-vault:getIamPolicy",
            json!({}),
        )
        .await;
    assert_eq!(status, 403);
    assert_eq!(
        body["error"]["details"][0]["metadata"]["resource"],
        "//cloudresourcemanager.googleapis.com/projects/data-vault"
    );
    http.running.stop().await;
}

#[tokio::test]
async fn who_is_nobody_gets_googles_401() {
    let http = serve("cross-project", Options::default()).await;
    for (token, why) in [
        ("", "CREDENTIALS_MISSING"),
        ("ya29.invented", "ACCESS_TOKEN_TYPE_UNSUPPORTED"),
        ("group:a@example.com", "ACCESS_TOKEN_TYPE_UNSUPPORTED"),
        (
            "serviceAccount:gone@app-prod.iam.gserviceaccount.com",
            "ACCOUNT_STATE_INVALID",
        ),
        (
            "serviceAccount:bq-archive@analytics.iam.gserviceaccount.com",
            "ACCOUNT_STATE_INVALID",
        ),
    ] {
        let (status, body) = http.ask(token, "GET", OWNED, Value::Null).await;
        assert_eq!((status, reason(&body)), (401, why), "{token}");
        assert_eq!(body["error"]["status"], "UNAUTHENTICATED");
    }
    let (status, body) = http.admin("GET", "/v9/nothing", Value::Null).await;
    assert_eq!(
        (status, &body["error"]["status"]),
        (404, &json!("NOT_FOUND"))
    );
}

#[tokio::test]
async fn a_spent_etag_loses_and_nothing_else_of_the_policy_changes() {
    let http = serve("cross-project", Options::default()).await;
    let get = format!("{OWNED}:getIamPolicy");
    let set = format!("{OWNED}:setIamPolicy");
    let (_, before) = http.admin("POST", &get, json!({})).await;
    let after = http.grant().await;
    assert_ne!(before["etag"], after["etag"]);
    assert_eq!(before["auditConfigs"], after["auditConfigs"]);
    let old = before["bindings"].as_array().unwrap();
    assert_eq!(&after["bindings"].as_array().unwrap()[..old.len()], old);
    let (status, body) = http.admin("POST", &set, json!({ "policy": before })).await;
    assert_eq!((status, &body["error"]["status"]), (409, &json!("ABORTED")));
    let (_, now) = http.admin("POST", &get, json!({})).await;
    assert_eq!(now, after);
    // The same etag in another base64 is the same etag.
    let mut url_safe = now.clone();
    let etag = now["etag"].as_str().unwrap();
    url_safe["etag"] = json!(
        etag.replace('+', "-")
            .replace('/', "_")
            .trim_end_matches('=')
    );
    let (status, _) = http
        .admin("POST", &set, json!({ "policy": url_safe }))
        .await;
    assert_eq!(status, 200);
}

#[tokio::test]
async fn iam_refuses_what_it_would_refuse() {
    let http = serve("cross-project", Options::default()).await;
    let set = format!("{OWNED}:setIamPolicy");
    let condition = json!({ "title": "t", "expression": "true" });
    for (binding, version, words) in [
        (
            json!({ "role": "roles/nothing", "members": [CALLER] }),
            1,
            "Role roles/nothing is not supported for this resource.",
        ),
        (
            json!({ "role": CREATOR, "members": ["run-processor@app-prod.iam.gserviceaccount.com"] }),
            1,
            "Principal run-processor@app-prod.iam.gserviceaccount.com is of type \"serviceAccount\". The principal should appear as \"serviceAccount:run-processor@app-prod.iam.gserviceaccount.com\".",
        ),
        (
            json!({ "role": CREATOR, "members": ["robot:run-processor"] }),
            1,
            "The member robot:run-processor is of an unknown type. Please set a valid type prefix for the member.",
        ),
        (
            json!({ "role": CREATOR, "members": ["serviceAccount:nobody@app-prod.iam.gserviceaccount.com"] }),
            1,
            "Service account nobody@app-prod.iam.gserviceaccount.com does not exist.",
        ),
        (
            json!({ "role": "roles/editor", "members": [CALLER], "condition": condition }),
            3,
            "Conditions can't be set on primitive roles",
        ),
        (
            json!({ "role": CREATOR, "members": [CALLER], "condition": condition }),
            1,
            "Specified policy version (1) cannot be less than 3",
        ),
    ] {
        let policy = json!({ "version": version, "bindings": [binding] });
        let (status, body) = http.admin("POST", &set, json!({ "policy": policy })).await;
        assert_eq!(status, 400, "{body}");
        assert!(message(&body).contains(words), "{body}");
    }
}

/// The same on every level, whatever kind is written for whatever address.
#[tokio::test]
async fn a_member_of_another_kind_is_refused_with_its_own() {
    let http = serve("person-target", Options::default()).await;
    let run = "run-processor@app-prod.iam.gserviceaccount.com";
    let agent = "service-1@gcp-sa-pubsub.iam.gserviceaccount.com";
    for level in [
        OWNED,
        "/v3/projects/data-vault",
        "/v1/projects/data-vault",
        "/v3/folders/2002",
        "/v2/folders/2002",
        "/v3/organizations/1001",
    ] {
        for (written, kind, address) in [
            (format!("user:{run}"), "serviceAccount", run),
            (
                format!("user:{}", run.to_uppercase()),
                "serviceAccount",
                run,
            ),
            (format!("group:{run}"), "serviceAccount", run),
            (format!("user:{agent}"), "serviceAccount", agent),
            (
                "user:finance@example.com".into(),
                "group",
                "finance@example.com",
            ),
            (
                "serviceAccount:finance@example.com".into(),
                "group",
                "finance@example.com",
            ),
            ("finance@example.com".into(), "group", "finance@example.com"),
        ] {
            let before = http
                .admin("POST", &format!("{level}:getIamPolicy"), json!({}))
                .await
                .1;
            let binding = json!({ "role": "roles/iam.serviceAccountUser", "members": [written] });
            let policy = json!({ "policy": { "bindings": [binding] } });
            let set = format!("{level}:setIamPolicy");
            let (status, body) = http.admin("POST", &set, policy).await;
            assert_eq!(status, 400, "{level} {written}: {body}");
            let words = format!("is of type \"{kind}\". The principal should appear as \"{kind}:");
            let said = message(&body).to_lowercase();
            assert!(
                said.contains(&words.to_lowercase()),
                "{level} {written}: {body}"
            );
            assert!(said.contains(address), "{level} {written}: {body}");
            let after = http
                .admin("POST", &format!("{level}:getIamPolicy"), json!({}))
                .await
                .1;
            assert_eq!(after, before, "{level} {written}");
        }
        for nobody in [
            "serviceAccount:nobody@nowhere.example",
            "serviceAccount:nobody@app-prod.iam.gserviceaccount.com",
            "user:nobody@app-prod.iam.gserviceaccount.com",
            "group:nobody@app-prod.iam.gserviceaccount.com",
            "serviceAccount:app-prod@appspot.gserviceaccount.com",
        ] {
            let binding = json!({ "role": "roles/iam.serviceAccountUser", "members": [nobody] });
            let policy = json!({ "policy": { "bindings": [binding] } });
            let (status, body) = http
                .admin("POST", &format!("{level}:setIamPolicy"), policy)
                .await;
            assert_eq!(status, 400, "{nobody}: {body}");
            assert!(message(&body).contains("does not exist"), "{body}");
        }
    }
}

#[tokio::test]
async fn an_old_read_hides_conditions_and_may_not_write_over_them() {
    let http = serve("cross-project", Options::default()).await;
    let get = format!("{OWNED}:getIamPolicy");
    let set = format!("{OWNED}:setIamPolicy");
    let condition =
        json!({ "title": "t", "expression": "request.time < timestamp('2030-01-01T00:00:00Z')" });
    let policy = json!({ "version": 3, "bindings": [{ "role": CREATOR, "members": [CALLER], "condition": condition }] });
    let (status, body) = http.admin("POST", &set, json!({ "policy": policy })).await;
    assert_eq!(status, 200, "{body}");
    let (_, one) = http.admin("POST", &get, json!({})).await;
    let role = one["bindings"][0]["role"].as_str().unwrap();
    assert!(role.starts_with(&format!("{CREATOR}_withcond_")), "{role}");
    assert_eq!(one["bindings"][0].get("condition"), None);
    assert_eq!(one["version"], 1);
    let (status, body) = http.admin("POST", &set, json!({ "policy": one })).await;
    assert_eq!(status, 400);
    assert!(message(&body).contains("cannot be less than the existing policy version (3)"));
    let asked = json!({ "options": { "requestedPolicyVersion": 3 } });
    let (_, three) = http.admin("POST", &get, asked).await;
    assert_eq!(three["bindings"], policy["bindings"]);
    assert_eq!(three["version"], 3);
}

#[tokio::test]
async fn the_viewer_is_kept_from_what_is_unreadable() {
    let http = serve("unreadable", Options::default()).await;
    let path = "/v3/organizations/1001:getIamPolicy";
    let (status, body) = http.admin("POST", path, json!({})).await;
    assert_eq!((status, reason(&body)), (403, "IAM_PERMISSION_DENIED"));
    let (status, _) = http
        .admin("POST", "/v3/folders/2002:getIamPolicy", json!({}))
        .await;
    assert_eq!(status, 200);
}

#[tokio::test]
async fn as_somebody_one_may_what_they_may() {
    let options = Options {
        viewer: Some(Principal::User("ana@example.com".into())),
        ..Options::default()
    };
    let http = serve("cross-project", options).await;
    // Ana is a data admin: Service Account Admin on data-vault. On app-prod she only looks.
    for (project, status) in [("data-vault", 200), ("app-prod", 403)] {
        let path = format!("/v1/projects/{project}/serviceAccounts");
        let (listed, _) = http.admin("GET", &path, Value::Null).await;
        assert_eq!(listed, 200);
        let body = json!({ "accountId": "made-by-ana" });
        assert_eq!(http.admin("POST", &path, body).await.0, status, "{project}");
    }
    assert_eq!(http.mint(http.running.admin_token()).await.0, 403);
}

#[tokio::test]
async fn pages_lead_to_the_end_without_gaps() {
    let http = serve("cross-project", Options::default()).await;
    let mut emails = Vec::new();
    let mut token = String::new();
    loop {
        let path = format!("/v1/projects/data-vault/serviceAccounts?pageSize=1&pageToken={token}");
        let (status, page) = http.admin("GET", &path, Value::Null).await;
        assert_eq!(status, 200);
        for account in page["accounts"].as_array().unwrap() {
            emails.push(account["email"].as_str().unwrap().to_owned());
        }
        match page.get("nextPageToken").and_then(Value::as_str) {
            Some(next) => token = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(emails.len(), 3);
    assert!(emails.is_sorted());
    let (status, _) = http
        .admin(
            "GET",
            "/v1/projects/data-vault/serviceAccounts?pageToken=%25",
            Value::Null,
        )
        .await;
    assert_eq!(status, 400);
}

#[tokio::test]
async fn a_namesake_does_not_inherit() {
    let http = serve("cross-project", Options::default()).await;
    http.grant().await;
    let (_, old) = http.admin("GET", OWNED, Value::Null).await;
    assert_eq!(http.admin("DELETE", OWNED, Value::Null).await.0, 200);
    assert_eq!(http.admin("GET", OWNED, Value::Null).await.0, 404);
    assert_eq!(http.mint(CALLER).await.0, 404);
    let body = json!({ "accountId": "bq-privileged", "serviceAccount": {} });
    let path = "/v1/projects/data-vault/serviceAccounts";
    let (status, new) = http.admin("POST", path, body).await;
    assert_eq!(status, 200, "{new}");
    assert_ne!(new["uniqueId"], old["uniqueId"]);
    assert_eq!(http.mint(CALLER).await.0, 403);
}

#[tokio::test]
async fn a_disabled_target_mints_nothing_and_a_long_life_is_refused() {
    let http = serve("cross-project", Options::default()).await;
    http.grant().await;
    let generate = format!("{TARGET}:generateAccessToken");
    let long = json!({ "scope": ["a"], "lifetime": "3601s" });
    assert_eq!(http.ask(CALLER, "POST", &generate, long).await.0, 400);
    let named = generate.replace("/-/", "/data-vault/");
    let short = json!({ "scope": ["a"], "lifetime": "60s" });
    assert_eq!(http.ask(CALLER, "POST", &named, short).await.0, 400);
    let (status, _) = http
        .admin("POST", &format!("{OWNED}:disable"), json!({}))
        .await;
    assert_eq!(status, 200);
    let (status, body) = http.mint(CALLER).await;
    assert_eq!(status, 400);
    assert_eq!(body["error"]["status"], "FAILED_PRECONDITION");
}

#[tokio::test]
async fn a_chain_needs_every_hop() {
    let http = serve("delegation", Options::default()).await;
    let story = stories::index()
        .iter()
        .find(|s| s.name == "delegation")
        .unwrap();
    let path = format!(
        "/v1/projects/-/serviceAccounts/{}:generateAccessToken",
        story.target
    );
    let (status, _) = http
        .ask(&story.caller, "POST", &path, json!({ "scope": ["a"] }))
        .await;
    assert_eq!(status, 403);
    let body = json!({ "scope": ["a"], "delegates": ["projects/x/serviceAccounts/y@z"] });
    let (status, _) = http.ask(&story.caller, "POST", &path, body).await;
    assert_eq!(status, 400);
}

#[tokio::test]
async fn an_api_that_is_off_says_so() {
    let http = serve("api-off", Options::default()).await;
    let (status, body) = http.mint(CALLER).await;
    assert_eq!((status, reason(&body)), (403, "SERVICE_DISABLED"));
    let path = "/v1/projects/app-prod/services/iam.googleapis.com:enable";
    let (status, done) = http.admin("POST", path, json!({})).await;
    assert_eq!((status, &done["done"]), (200, &json!(true)));
    let (_, body) = http.mint(CALLER).await;
    assert_ne!(reason(&body), "SERVICE_DISABLED");
}

#[tokio::test]
async fn a_port_that_is_taken_is_an_error() {
    let http = serve("cross-project", Options::default()).await;
    let port = http.running.address.port();
    let options = Options {
        port,
        ..Options::default()
    };
    let error = start(stories::load("owner").unwrap(), options)
        .await
        .unwrap_err();
    assert!(
        matches!(&error, super::StartError::Listen(e) if e.kind() == std::io::ErrorKind::AddrInUse),
        "{error}"
    );
}

/// Names, files and index entries are the same, and `large` beside them, which is made: what is written
/// once for each story has them all.
#[test]
fn every_story_has_a_name_a_file_and_an_entry() {
    assert_eq!(stories::names().first(), Some(&stories::DEFAULT));
    let mut told = stories::names();
    told.retain(|name| *name != "large");
    assert_eq!(told, stories::in_files());
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/estates");
    let mut files: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .filter(|path| path.file_name().is_some_and(|name| name != "index.json"))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    files.sort();
    told.sort_unstable();
    assert_eq!(files, told);
    for name in told {
        let estate = stories::load(name).unwrap();
        assert!(estate.accounts().count() > 1, "{name}");
    }
    let error = stories::load("crossproject").unwrap_err();
    assert!(error.contains("Did you mean 'cross-project'?"), "{error}");
}

#[test]
fn tokens_do_not_show_in_debug_output() {
    let mut tokens = super::tokens::TokenStore::default();
    let now = jiff::Timestamp::UNIX_EPOCH;
    let who = Principal::User("a@b.c".into());
    let token = tokens.mint(who, jiff::Timestamp::MAX, now).unwrap();
    assert!(!format!("{tokens:?}").contains(&token));
}
