//! The wait, on a clock that jumps.

use std::collections::VecDeque;
use std::sync::Mutex;

use futures::future::BoxFuture;
use serde_json::{Value, json};

use super::*;
use crate::wire::Api;

/// Refuses every read, and answers minting by a script; afterwards it mints.
struct Mint(Mutex<VecDeque<Result<Value, ApiError>>>);

fn refused(status: u16) -> ApiError {
    ApiError::Refused {
        what: "x".into(),
        status,
        reason: None,
        message: "Permission 'iam.serviceAccounts.getAccessToken' denied".into(),
    }
}

fn lost() -> ApiError {
    ApiError::Unreachable {
        what: "x".into(),
        message: "reset".into(),
    }
}

impl Ask for Mint {
    fn get<'a>(&'a self, _: Api, _: &'a str) -> BoxFuture<'a, Result<Value, ApiError>> {
        Box::pin(async { Err(refused(403)) })
    }

    fn ask<'a>(
        &'a self,
        api: Api,
        _: &'a str,
        _: &'a Value,
    ) -> BoxFuture<'a, Result<Value, ApiError>> {
        Box::pin(async move {
            if api != Api::IamCredentials {
                return Err(refused(403));
            }
            let next = self.0.lock().unwrap().pop_front();
            next.unwrap_or_else(|| Ok(json!({"accessToken": "secret"})))
        })
    }
}

fn question() -> Question {
    let time = "2026-11-24T00:00:00Z".parse().unwrap();
    let caller = Principal::parse("user:ana@example.com").unwrap();
    Question::new(
        caller,
        Resource::account("-", "t@data.iam.gserviceaccount.com"),
        time,
    )
}

async fn wait(
    script: Vec<Result<Value, ApiError>>,
    limit: u64,
) -> (Result<Waited, ApiError>, Vec<VerifyProgress>) {
    let mint = Mint(Mutex::new(script.into()));
    let question = question();
    let seen = Mutex::new(Vec::new());
    let note = |p: &VerifyProgress| seen.lock().unwrap().push(p.clone());
    let limit = Duration::from_secs(limit);
    let viewer = Some(&question.caller);
    let end = until_through(&mint, &question, viewer, limit, None, &note).await;
    (end, seen.into_inner().unwrap())
}

#[tokio::test(start_paused = true)]
async fn it_looks_less_and_less_often_until_a_token_comes() {
    let script = (0..10).map(|_| Err(refused(403))).collect();
    let (end, seen) = wait(script, 600).await;
    let Ok(Waited::Through { verified, elapsed }) = end else {
        panic!("{end:?}");
    };
    assert_eq!(verified.minted, MintOutcome::Yes);
    assert!(verified.works());
    let pauses: Vec<u64> = seen
        .iter()
        .map(|p| p.pause.map_or(0, |p| p.as_secs()))
        .collect();
    assert_eq!(pauses, [1, 1, 2, 3, 5, 7, 11, 15, 15, 15, 0]);
    assert_eq!(seen.len(), 11);
    assert_eq!(seen.last().map(|p| p.elapsed), Some(elapsed));
    assert!(!format!("{seen:?}").contains("secret"));
}

#[tokio::test(start_paused = true)]
async fn when_the_time_is_up_it_has_looked_once_more() {
    let script = (0..100).map(|_| Err(refused(403))).collect();
    let (end, seen) = wait(script, 30).await;
    let Ok(Waited::NotYet {
        verified,
        error,
        elapsed,
    }) = end
    else {
        panic!("{end:?}");
    };
    assert!((30..32).contains(&elapsed.as_secs()), "{elapsed:?}");
    assert_eq!(error, None);
    assert!(matches!(verified.unwrap().minted, MintOutcome::Refused(_)));
    assert_eq!(seen.last().unwrap().pause, None);
    let none = wait(vec![Err(refused(403))], 0).await;
    assert_eq!(none.1.len(), 1, "no time: one look");
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_no_reason_to_give_up_and_a_lost_sign_in_is() {
    let (end, seen) = wait(vec![Err(lost()), Err(refused(403)), Err(lost())], 600).await;
    assert!(matches!(end, Ok(Waited::Through { .. })), "{end:?}");
    assert_eq!(seen.len(), 4);
    assert!(seen[0].result.is_err());
    let out = ApiError::Unauthenticated {
        what: "x".into(),
        message: "expired".into(),
    };
    let (end, seen) = wait(vec![Err(out.clone())], 600).await;
    assert_eq!((end, seen.len()), (Err(out), 1));
    let (end, _) = wait((0..99).map(|_| Err(lost())).collect(), 5).await;
    let Ok(Waited::NotYet {
        verified: None,
        error: Some(_),
        ..
    }) = end
    else {
        panic!("{end:?}");
    };
}

#[tokio::test(start_paused = true)]
async fn a_dropped_wait_asks_no_more() {
    let mint = Mint(Mutex::new((0..99).map(|_| Err(refused(403))).collect()));
    let question = question();
    let quiet = |_: &VerifyProgress| ();
    let limit = Duration::from_secs(600);
    let viewer = Some(&question.caller);
    let wait = until_through(&mint, &question, viewer, limit, None, &quiet);
    assert!(
        tokio::time::timeout(Duration::from_secs(4), wait)
            .await
            .is_err()
    );
    let left = mint.0.lock().unwrap().len();
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(mint.0.lock().unwrap().len(), left);
}

/// Tasks of a runtime with several threads take these futures.
#[test]
fn what_waits_may_move_between_threads() {
    fn may_move<T: Send>(_: T) {}
    let mint = Mint(Mutex::default());
    let question = question();
    let quiet = |_: &VerifyProgress| ();
    let limit = Duration::ZERO;
    may_move(until_through(&mint, &question, None, limit, None, &quiet));
    may_move(crate::repair::may_write(&mint, &question.target));
}
