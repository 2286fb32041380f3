//! What comes of asking Policy Troubleshooter.

use super::*;
use crate::answer::Source;
use crate::estate::{Coverage, Estate};
use crate::evaluate::{Question, explain};
use crate::iam::{Principal, Resource};
use crate::wire::{Api, ApiError, Ask};
use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::{Value, json};
use std::path::Path;

/// Serves v3 with one answer, v3beta with another.
struct Troubleshooter {
    beta: Result<Value, u16>,
    general: Result<Value, u16>,
}

impl Ask for Troubleshooter {
    fn get<'a>(&'a self, _: Api, path: &'a str) -> BoxFuture<'a, Result<Value, ApiError>> {
        panic!("{path} is not asked for");
    }

    fn ask<'a>(
        &'a self,
        api: Api,
        path: &'a str,
        body: &'a Value,
    ) -> BoxFuture<'a, Result<Value, ApiError>> {
        assert_eq!(api, Api::PolicyTroubleshooter);
        let principal = &body["accessTuple"]["principal"];
        assert!(principal.is_null() || principal == "c@p.iam.gserviceaccount.com");
        let answer = match path {
            "v3beta/iam:troubleshootError" if body["errorInfoId"] == "5a09" => {
                Ok(json!({ "overallAccessState": "OVERALL_ACCESS_STATE_CANNOT_ACCESS" }))
            }
            "v3beta/iam:troubleshootError" => Err(404),
            "v3beta/iam:troubleshoot" => self.beta.clone(),
            _ => self.general.clone(),
        };
        let answer = answer.map_err(|status| ApiError::Refused {
            what: "troubleshoot".to_owned(),
            status,
            reason: None,
            message: "off".to_owned(),
        });
        async move { answer }.boxed()
    }
}

async fn heard(beta: Result<Value, u16>, general: Result<Value, u16>) -> SecondOpinion {
    of_call(None, beta, general).await
}

async fn of_call(
    id: Option<&str>,
    beta: Result<Value, u16>,
    general: Result<Value, u16>,
) -> SecondOpinion {
    let caller = Principal::parse("c@p.iam.gserviceaccount.com").unwrap();
    let target = Resource::account("p", "t@p.iam.gserviceaccount.com");
    let time = "2026-11-24T12:00:00Z".parse().unwrap();
    let question = Question::new(caller, target, time);
    let explanation = explain(&Estate::new(Coverage::Partial), &question);
    let source = Source {
        ask: &Troubleshooter { beta, general },
        endpoint: "",
        history: Path::new(""),
        assumptions: &[],
        given: None,
        viewer: None,
    };
    source.second_opinion(&explanation, id).await
}

#[tokio::test]
async fn a_difference_shows_both_reasons() {
    let theirs = json!({
        "overallAccessState": "CANNOT_ACCESS",
        "allowPolicyExplanation": { "allowAccessState": "ALLOW_ACCESS_STATE_NOT_GRANTED" },
    });
    // Where v3beta is not served, v3 is asked.
    let second = heard(Err(404), Ok(theirs)).await;
    assert_eq!(second.agrees(), Some(false));
    let words = second
        .words(Some("The policy could not be read."))
        .join(" ");
    assert!(
        words.contains("otherwise: CANNOT_ACCESS (allow ALLOW_ACCESS_STATE_NOT_GRANTED)"),
        "{words}"
    );
    assert!(
        words.contains("Here it is UNKNOWN_INFO: The policy could not be read."),
        "{words}"
    );
}

#[tokio::test]
async fn a_refused_call_is_asked_about_by_its_id() {
    let theirs = || Ok(json!({ "overallAccessState": "UNKNOWN_INFO" }));
    let found = of_call(Some("5a09"), theirs(), Err(500)).await;
    let words = found.words(None).join(" ");
    assert!(
        words.contains("otherwise of the call that was refused: CANNOT_ACCESS"),
        "{words}"
    );
    let unknown = of_call(Some("77"), theirs(), Err(500)).await;
    assert_eq!(unknown.agrees(), Some(true));
    let words = unknown.words(None).join(" ");
    assert!(words.contains("not found there yet"), "{words}");
}

/// Finds the refused call when it is asked about the third time.
struct Late(std::sync::atomic::AtomicUsize);

impl Ask for Late {
    fn get<'a>(&'a self, _: Api, path: &'a str) -> BoxFuture<'a, Result<Value, ApiError>> {
        panic!("{path} is not asked for");
    }

    fn ask<'a>(
        &'a self,
        _: Api,
        path: &'a str,
        _: &'a Value,
    ) -> BoxFuture<'a, Result<Value, ApiError>> {
        use std::sync::atomic::Ordering;
        let found = path == "v3beta/iam:troubleshoot" || self.0.fetch_add(1, Ordering::SeqCst) == 2;
        let answer = found.then(|| json!({ "overallAccessState": "CANNOT_ACCESS" }));
        async move {
            answer.ok_or_else(|| ApiError::Refused {
                what: "troubleshoot".to_owned(),
                status: 404,
                reason: None,
                message: "not found".to_owned(),
            })
        }
        .boxed()
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_call_is_asked_about_again_after_a_minute_and_two() {
    let ask = Late(0.into());
    let source = Source {
        ask: &ask,
        endpoint: "",
        history: Path::new(""),
        assumptions: &[],
        given: None,
        viewer: None,
    };
    let caller = Principal::parse("c@p.iam.gserviceaccount.com").unwrap();
    let target = Resource::account("p", "t@p.iam.gserviceaccount.com");
    let question = Question::new(caller, target, "2026-11-24T12:00:00Z".parse().unwrap());
    let explanation = explain(&Estate::new(Coverage::Partial), &question);
    let begun = tokio::time::Instant::now();
    let told = std::sync::Mutex::new(Vec::new());
    let note = |opinion| {
        told.lock()
            .unwrap()
            .push((begun.elapsed().as_secs(), opinion));
    };
    source
        .second_opinions(&explanation, Some("5a09"), &note)
        .await;
    let told: Vec<_> = told
        .into_inner()
        .unwrap()
        .into_iter()
        .map(|(at, opinion)| match opinion {
            SecondOpinion::Given { about, .. } => (at, about),
            SecondOpinion::NotGiven(why) => panic!("{why}"),
        })
        .collect();
    let wanted = [
        (0, OpinionAbout::InsteadOfRefusedCall),
        (180, OpinionAbout::RefusedCall),
    ];
    assert_eq!(told, wanted);
}

#[tokio::test]
async fn agreement_is_one_line_and_a_refusal_ends_nothing() {
    let theirs = json!({ "overallAccessState": "UNKNOWN_INFO" });
    let second = heard(Ok(theirs), Err(500)).await;
    assert_eq!(second.agrees(), Some(true));
    assert_eq!(second.words(None).len(), 1);
    let refused = heard(Err(403), Err(500)).await;
    assert_eq!(refused.agrees(), None);
    let words = refused.words(None).join(" ");
    assert!(words.contains("was not heard: not permitted"), "{words}");
    let new = heard(Ok(json!({ "overallAccessState": "PERHAPS" })), Err(500)).await;
    assert_eq!(new.agrees(), Some(false));
}
