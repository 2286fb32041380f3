//! A server for the tests of the write, that goes wrong in each way that matters, and the client's
//! part over real HTTP.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use futures::future::BoxFuture;
use serde_json::{Value, json};

use crate::wire::{Api, ApiError, Ask, Tell};

/// What the server does with the next read; afterwards it answers.
pub(super) enum ScriptedRead {
    /// Answers with an older policy.
    Older(Value),
    /// The answer breaks off.
    Lost,
    /// This status.
    Refuse(u16),
}

/// What the server does with the next write; afterwards it commits.
pub(super) enum ScriptedStep {
    /// Somebody else wrote this meanwhile: 409.
    Stale(Value),
    /// Commits, and the answer breaks off.
    LostAfter,
    /// Does nothing, and the answer breaks off.
    LostBefore,
    /// Does nothing, the answer breaks off, and somebody else writes this meanwhile.
    LostAnd(Value),
    /// Does nothing, and says so with this status and these words.
    Refuse(u16, &'static str),
    /// Commits, and answers with this status all the same.
    CommitAnd(u16),
    /// Commits, and somebody takes it out at once.
    TakenOut,
}

#[derive(Default)]
pub(super) struct ScriptedWorld {
    pub policy: Mutex<Value>,
    pub script: Mutex<VecDeque<ScriptedStep>>,
    pub looks: Mutex<VecDeque<ScriptedRead>>,
    pub writes: Mutex<Vec<Bytes>>,
}

/// Serves a policy by a script; the server ends with the test's runtime.
pub(super) async fn served(policy: Value, script: Vec<ScriptedStep>) -> (Arc<ScriptedWorld>, Http) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let world = Arc::new(ScriptedWorld {
        policy: Mutex::new(policy),
        script: Mutex::new(script.into()),
        ..ScriptedWorld::default()
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let http = Http {
        base: format!("http://{}", listener.local_addr().unwrap()),
        client: reqwest::Client::builder().no_proxy().build().unwrap(),
    };
    let app = axum::Router::new()
        .fallback(serve)
        .with_state(Arc::clone(&world));
    tokio::spawn(async move { axum::serve(listener, app).await });
    (world, http)
}

fn google(status: u16, message: &str) -> Response {
    let body = json!({"error": {"code": status, "message": message}});
    let status = StatusCode::from_u16(status).unwrap();
    (status, body.to_string()).into_response()
}

async fn serve(State(world): State<Arc<ScriptedWorld>>, uri: Uri, body: Bytes) -> Response {
    if uri.path().ends_with(":getIamPolicy") {
        assert_eq!(uri.query(), Some("options.requestedPolicyVersion=3"));
        let look = world.looks.lock().unwrap().pop_front();
        return match look {
            None => axum_json(&world.policy.lock().unwrap()),
            Some(ScriptedRead::Older(policy)) => axum_json(&policy),
            Some(ScriptedRead::Lost) => broken(),
            Some(ScriptedRead::Refuse(status)) => google(status, "no"),
        };
    }
    assert_eq!(
        uri.path(),
        "/v1/projects/vault/serviceAccounts/t@x.com:setIamPolicy"
    );
    world.writes.lock().unwrap().push(body.clone());
    let sent: Value = serde_json::from_slice(&body).unwrap();
    let mut policy = world.policy.lock().unwrap();
    // As Google does: a stale etag is refused, whatever the script says.
    if sent["policy"]["etag"] != policy["etag"] {
        return google(409, "There were concurrent policy changes.");
    }
    let was = policy.clone();
    let mut commit = || {
        *policy = sent["policy"].clone();
        policy["etag"] = json!("BwTWO=");
    };
    let step = world.script.lock().unwrap().pop_front();
    match step {
        None => commit(),
        Some(ScriptedStep::Stale(theirs)) => {
            *policy = theirs;
            return google(409, "There were concurrent policy changes.");
        }
        Some(ScriptedStep::LostAfter) => {
            commit();
            return broken();
        }
        Some(ScriptedStep::LostBefore) => return broken(),
        Some(ScriptedStep::LostAnd(theirs)) => {
            *policy = theirs;
            return broken();
        }
        Some(ScriptedStep::Refuse(status, words)) => return google(status, words),
        Some(ScriptedStep::CommitAnd(status)) => {
            commit();
            return google(status, "oops");
        }
        Some(ScriptedStep::TakenOut) => {
            let answer = sent["policy"].clone();
            *policy = was;
            policy["etag"] = json!("BwTHREE=");
            return axum_json(&answer);
        }
    }
    axum_json(&policy)
}

fn axum_json(value: &Value) -> Response {
    value.to_string().into_response()
}

/// A whole head, and a body that ends in the middle.
fn broken() -> Response {
    let parts = [
        Ok(Bytes::from_static(b"{\"ver")),
        Err(std::io::Error::other("cut")),
    ];
    Body::from_stream(futures::stream::iter(parts)).into_response()
}

/// The client's part, over real HTTP.
pub(super) struct Http {
    base: String,
    client: reqwest::Client,
}

impl Http {
    async fn send(&self, path: &str, body: &Value) -> Result<Value, ApiError> {
        let lost = |e: reqwest::Error| ApiError::Unreachable {
            what: path.to_owned(),
            message: e.to_string(),
        };
        let url = format!("{}/{path}", self.base);
        let request = self.client.post(url).body(body.to_string());
        let answer = request.send().await.map_err(lost)?;
        let status = answer.status();
        let body: Value = answer.json().await.map_err(lost)?;
        if status.is_success() {
            return Ok(body);
        }
        Err(ApiError::Refused {
            what: path.to_owned(),
            status: status.as_u16(),
            reason: None,
            message: body["error"]["message"].as_str().unwrap().to_owned(),
        })
    }
}

impl Ask for Http {
    fn get<'a>(&'a self, _: Api, path: &'a str) -> BoxFuture<'a, Result<Value, ApiError>> {
        Box::pin(async move { panic!("nothing here is a GET: {path}") })
    }

    fn ask<'a>(
        &'a self,
        _: Api,
        path: &'a str,
        body: &'a Value,
    ) -> BoxFuture<'a, Result<Value, ApiError>> {
        Box::pin(self.send(path, body))
    }
}

impl Tell for Http {
    fn tell<'a>(
        &'a self,
        _: Api,
        path: &'a str,
        body: &'a Value,
    ) -> BoxFuture<'a, Result<Value, ApiError>> {
        Box::pin(self.send(path, body))
    }
}
