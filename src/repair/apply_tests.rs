//! The write against a server that goes wrong in each way that matters.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use futures::future::BoxFuture;
use serde_json::{Value, json};

use super::*;
use crate::repair::edit::{self, Grant};

/// What the server does with the next write; afterwards it commits.
enum Step {
    /// Somebody else wrote this meanwhile: 409.
    Stale(Value),
    /// Commits, and the answer breaks off.
    LostAfter,
    /// Does nothing, and the answer breaks off.
    LostBefore,
    /// 403.
    Refuse,
    /// Commits, and somebody takes it out at once.
    TakenOut,
}

#[derive(Default)]
struct World {
    policy: Mutex<Value>,
    script: Mutex<VecDeque<Step>>,
    writes: Mutex<Vec<Bytes>>,
}

async fn serve(State(world): State<Arc<World>>, uri: Uri, body: Bytes) -> Response {
    if uri.path().ends_with(":getIamPolicy") {
        assert_eq!(uri.query(), Some("options.requestedPolicyVersion=3"));
        return axum_json(&world.policy.lock().unwrap());
    }
    assert_eq!(
        uri.path(),
        "/v1/projects/vault/serviceAccounts/t@x.com:setIamPolicy"
    );
    world.writes.lock().unwrap().push(body.clone());
    let sent: Value = serde_json::from_slice(&body).unwrap();
    let mut policy = world.policy.lock().unwrap();
    let was = policy.clone();
    let mut commit = || {
        *policy = sent["policy"].clone();
        policy["etag"] = json!("BwTWO=");
    };
    match world.script.lock().unwrap().pop_front() {
        None => commit(),
        Some(Step::Stale(theirs)) => {
            *policy = theirs;
            let body = json!({"error": {"code": 409, "status": "ABORTED", "message": "There were concurrent policy changes."}});
            return (StatusCode::CONFLICT, body.to_string()).into_response();
        }
        Some(Step::LostAfter) => {
            commit();
            return broken();
        }
        Some(Step::LostBefore) => return broken(),
        Some(Step::Refuse) => {
            let body =
                json!({"error": {"code": 403, "status": "PERMISSION_DENIED", "message": "no"}});
            return (StatusCode::FORBIDDEN, body.to_string()).into_response();
        }
        Some(Step::TakenOut) => {
            let answer = sent["policy"].clone();
            *policy = was;
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
struct Http {
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

/// Remembers what was noted, and how many writes had arrived by then.
#[derive(Default)]
struct Notes {
    world: Arc<World>,
    lines: Mutex<Vec<String>>,
    full: bool,
}

impl Ledger for Notes {
    fn begin(&self, repair: &Repair) -> std::io::Result<String> {
        if self.full {
            return Err(std::io::Error::other("disk full"));
        }
        let sent = self.world.writes.lock().unwrap().len();
        let line = format!("begin {} after {sent} writes", repair.member);
        self.lines.lock().unwrap().push(line);
        Ok("h1".into())
    }

    fn complete(&self, id: &str, end: &End<'_>) -> std::io::Result<()> {
        let word = match end {
            End::Applied { .. } => "applied",
            End::NotApplied { .. } => "not applied",
            End::Unclear { .. } => "unclear",
        };
        self.lines.lock().unwrap().push(format!("{id} {word}"));
        Ok(())
    }
}

const ME: &str = "serviceAccount:run@app.iam.gserviceaccount.com";
const ROLE: &str = "roles/iam.serviceAccountTokenCreator";

fn before() -> Value {
    json!({
        "version": 1, "etag": "BwONE=",
        "auditConfigs": [{"service": "iam.googleapis.com", "x-unknown": 1.50}],
        "bindings": [
            {"role": "roles/zeta", "members": ["user:B@example.com", "user:a@example.com"], "odd": null},
            {"role": ROLE, "members": ["user:ana@example.com"]}
        ]
    })
}

fn repair() -> Repair {
    let start = Repair {
        id: "r".into(),
        title: "t".into(),
        resource: Resource::account("vault", "t@x.com"),
        role: ROLE.into(),
        member: ME.into(),
        condition: None,
        replaces: None,
        recommended: true,
        certain: true,
        before: Value::Null,
        after: Value::Null,
        already: false,
    };
    start.on(&before()).unwrap()
}

struct Run {
    result: Result<Applied, ApplyError>,
    policy: Value,
    writes: Vec<Bytes>,
    notes: Vec<String>,
}

async fn run(policy: Value, script: Vec<Step>, full: bool) -> Run {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let world = Arc::new(World {
        policy: Mutex::new(policy),
        script: Mutex::new(script.into()),
        writes: Mutex::default(),
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let http = Http {
        base: format!("http://{}", listener.local_addr().unwrap()),
        client: reqwest::Client::builder().no_proxy().build().unwrap(),
    };
    let app = axum::Router::new()
        .fallback(serve)
        .with_state(Arc::clone(&world));
    let server = tokio::spawn(async move { axum::serve(listener, app).await });
    let notes = Notes {
        world: Arc::clone(&world),
        full,
        ..Notes::default()
    };
    let result = apply(&http, &http, &repair(), &notes).await;
    server.abort();
    Run {
        result,
        policy: world.policy.lock().unwrap().clone(),
        writes: world.writes.lock().unwrap().clone(),
        notes: notes.lines.into_inner().unwrap(),
    }
}

fn granted(policy: &Value) -> bool {
    let grant = Grant {
        role: ROLE.into(),
        member: ME.into(),
        condition: None,
    };
    edit::contains(policy, &grant)
}

#[tokio::test]
async fn one_write_and_every_other_byte_as_it_was() {
    let run = run(before(), vec![], false).await;
    let applied = run.result.unwrap();
    let expected = concat!(
        r#"{"policy":{"version":1,"etag":"BwONE=","#,
        r#""auditConfigs":[{"service":"iam.googleapis.com","x-unknown":1.5}],"#,
        r#""bindings":[{"role":"roles/zeta","members":["user:B@example.com","user:a@example.com"],"odd":null},"#,
        r#"{"role":"roles/iam.serviceAccountTokenCreator","members":["user:ana@example.com","#,
        r#""serviceAccount:run@app.iam.gserviceaccount.com"]}]}}"#
    );
    let sent: Vec<&str> = run
        .writes
        .iter()
        .map(|b| std::str::from_utf8(b).unwrap())
        .collect();
    assert_eq!(sent, [expected]);
    assert_eq!(
        (&*applied.etag_before, &*applied.etag_after),
        ("BwONE=", "BwTWO=")
    );
    assert_eq!(applied.before, before());
    assert_eq!(applied.after, run.policy);
    // The journal had its entry before anything was sent.
    assert_eq!(
        run.notes,
        [format!("begin {ME} after 0 writes"), "h1 applied".into()]
    );
}

#[tokio::test]
async fn already_there_writes_nothing() {
    let run = run(repair().after, vec![], false).await;
    let applied = run.result.unwrap();
    assert_eq!(applied.history_id, None);
    assert_eq!(applied.before, applied.after);
    assert!(run.writes.is_empty() && run.notes.is_empty());
}

#[tokio::test]
async fn a_conflict_elsewhere_in_the_policy_is_met_by_reading_again() {
    let mut theirs = before();
    theirs["etag"] = json!("BwTHEIRS=");
    theirs["bindings"]
        .as_array_mut()
        .unwrap()
        .push(json!({"role": "roles/new", "members": ["user:c@example.com"]}));
    let run = run(before(), vec![Step::Stale(theirs)], false).await;
    assert_eq!(run.result.unwrap().etag_before, "BwTHEIRS=");
    assert_eq!(run.writes.len(), 2);
    assert!(granted(&run.policy));
    assert_eq!(
        run.policy["bindings"][2]["role"], "roles/new",
        "theirs is kept"
    );
}

#[tokio::test]
async fn a_conflict_that_changes_what_was_confirmed_is_shown_again() {
    let mut theirs = before();
    theirs["bindings"].as_array_mut().unwrap().remove(1);
    let run = run(before(), vec![Step::Stale(theirs.clone())], false).await;
    let Err(ApplyError::Changed { fresh }) = run.result else {
        panic!("{:?}", run.result);
    };
    assert_eq!(fresh.before, theirs);
    assert!(granted(&fresh.after));
    assert_eq!(run.policy, theirs);
    assert_eq!(run.notes.last().unwrap(), "h1 not applied");
}

#[tokio::test]
async fn changed_before_the_first_write_is_shown_again_too() {
    let mut theirs = before();
    theirs["bindings"][1]["members"] = json!(["user:somebody-else@example.com"]);
    let run = run(theirs, vec![], false).await;
    assert!(matches!(run.result, Err(ApplyError::Changed { .. })));
    assert!(run.writes.is_empty() && run.notes.is_empty());
}

#[tokio::test]
async fn a_conflict_with_the_same_change_by_somebody_else_is_done() {
    let run = run(before(), vec![Step::Stale(repair().after)], false).await;
    assert_eq!(run.result.unwrap().history_id, None, "not ours to undo");
    assert_eq!(run.writes.len(), 1);
    assert_eq!(run.notes.last().unwrap(), "h1 not applied");
}

#[tokio::test]
async fn an_answer_lost_after_the_write_is_resolved_by_reading() {
    let run = run(before(), vec![Step::LostAfter], false).await;
    assert_eq!(run.result.unwrap().after, run.policy);
    assert_eq!(run.writes.len(), 1, "never written twice");
    assert_eq!(run.notes.last().unwrap(), "h1 applied");
}

#[tokio::test]
async fn an_answer_lost_before_the_write_is_not_retried() {
    let run = run(before(), vec![Step::LostBefore], false).await;
    assert!(matches!(run.result, Err(ApplyError::Lost { .. })));
    assert_eq!(run.writes.len(), 1);
    assert_eq!(run.policy, before());
    assert_eq!(run.notes.last().unwrap(), "h1 unclear");
}

#[tokio::test]
async fn a_refusal_and_endless_conflicts_change_nothing() {
    let refused = run(before(), vec![Step::Refuse], false).await;
    assert!(matches!(refused.result, Err(ApplyError::Refused { .. })));
    assert_eq!(refused.notes.last().unwrap(), "h1 not applied");
    let script = (0..TRIES).map(|_| Step::Stale(before())).collect();
    let contended = run(before(), script, false).await;
    assert!(matches!(contended.result, Err(ApplyError::Contended(_))));
    assert_eq!(contended.writes.len(), TRIES);
    assert_eq!(contended.policy, before());
}

#[tokio::test]
async fn what_is_gone_when_read_back_is_said() {
    let run = run(before(), vec![Step::TakenOut], false).await;
    assert!(matches!(run.result, Err(ApplyError::Gone(_))));
}

#[tokio::test]
async fn without_a_journal_or_an_etag_nothing_is_sent() {
    let unkept = run(before(), vec![], true).await;
    assert!(matches!(unkept.result, Err(ApplyError::Journal(_))));
    let mut bare = before();
    bare.as_object_mut().unwrap().shift_remove("etag");
    let bare = run(bare, vec![], false).await;
    assert!(matches!(bare.result, Err(ApplyError::NoEtag(_))));
    assert!(unkept.writes.is_empty() && bare.writes.is_empty());
}
