//! How long facts are waited for: a call, an API that does not answer, and all of them together.
//!
//! It stands between who asks and what carries. Where nothing came in time the call ends as any other that
//! gave no answer, so that what hangs narrows what is known and never holds up the rest.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::Value;
use tokio::time::{Instant, timeout_at};

use super::client::host;
use crate::wire::{Api, ApiError, Ask};

/// How long answers are waited for. All of it is *chosen*.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitLimits {
    /// For one call, its repetitions and the waits that a server asks for included.
    pub call: Duration,
    /// For all calls together.
    pub whole: Option<Duration>,
}

impl WaitLimits {
    /// Of what one question needs: somebody looks at the screen meanwhile. A call that hangs in the first
    /// of the three waves leaves the other two their time.
    pub const QUESTION: Self = Self {
        call: Duration::from_secs(10),
        whole: Some(Duration::from_secs(30)),
    };
    /// Of what a plan needs beside that.
    pub const PLAN: Self = Self {
        call: Duration::from_secs(10),
        whole: Some(Duration::from_secs(15)),
    };
    /// Of a whole scope: thousands of calls, so that there is no end to name, and a server may well ask for
    /// a wait.
    pub const SCOPE: Self = Self {
        call: Duration::from_secs(60),
        whole: None,
    };
}

/// Calls of a kind in a row without an answer in time, after which no more of the kind are made (chosen).
const SILENT_AT_MOST: usize = 3;

/// Asks, and waits for answers as long as its limits say.
pub struct Patience<'a> {
    inner: &'a dyn Ask,
    limits: WaitLimits,
    until: Option<Instant>,
    /// Whether anything was answered so far, a refusal included.
    heard: AtomicBool,
    silence: Mutex<Silence>,
}

/// What was not answered.
#[derive(Default)]
struct Silence {
    first: Option<ApiError>,
    /// In a row, by the kind of call.
    calls: HashMap<(Api, String), usize>,
}

impl<'a> Patience<'a> {
    /// The time for all calls together runs from now on.
    #[must_use]
    pub fn new(inner: &'a dyn Ask, limits: WaitLimits) -> Self {
        Self {
            inner,
            limits,
            until: limits.whole.map(|whole| Instant::now() + whole),
            heard: AtomicBool::new(false),
            silence: Mutex::default(),
        }
    }

    /// Says so where nothing that was asked was answered at all, not even with a refusal: then nothing is
    /// known, and there is no use in going on.
    ///
    /// # Errors
    /// The first call's.
    pub fn something_heard(&self) -> Result<(), ApiError> {
        if self.heard.load(Ordering::Relaxed) {
            return Ok(());
        }
        let first = self.silence(|silence| silence.first.clone());
        first.map_or(Ok(()), Err)
    }

    fn silence<T>(&self, look: impl FnOnce(&mut Silence) -> T) -> T {
        look(&mut self.silence.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits for an answer; `call` makes it.
    async fn awaited(
        &self,
        (method, api, path): (&'static str, Api, &str),
        call: BoxFuture<'_, Result<Value, ApiError>>,
    ) -> Result<Value, ApiError> {
        let silent = |message: String| {
            let path = path.split('?').next().unwrap_or(path);
            ApiError::Unreachable {
                what: format!("{method} {}/{path}", host(api)),
                message,
            }
        };
        let kind = (api, kind_of(path));
        let in_row = self.silence(|silence| silence.calls.get(&kind).copied().unwrap_or(0));
        if in_row >= SILENT_AT_MOST {
            let words = format!("not asked: {in_row} calls of the kind before gave no answer");
            return Err(silent(words));
        }
        let now = Instant::now();
        let own = now + self.limits.call;
        let (end, limit) = match (self.until, self.limits.whole) {
            (Some(until), Some(whole)) if until < own => (until, whole),
            _ => (own, self.limits.call),
        };
        if end <= now {
            let words = format!("not asked: all took longer than {} s", limit.as_secs_f32());
            return Err(silent(words));
        }
        let answer = timeout_at(end, call).await;
        let late = answer.is_err();
        let answer = answer.unwrap_or_else(|_| {
            let words = format!("not answered in {} s", limit.as_secs_f32());
            Err(silent(words))
        });
        match &answer {
            Err(error @ ApiError::Unreachable { .. }) => self.silence(|silence| {
                silence.first.get_or_insert_with(|| error.clone());
                if late {
                    *silence.calls.entry(kind).or_default() += 1;
                }
            }),
            _ => {
                self.heard.store(true, Ordering::Relaxed);
                self.silence(|silence| silence.calls.remove(&kind));
            }
        }
        answer
    }
}

impl Ask for Patience<'_> {
    fn get<'a>(&'a self, api: Api, path: &'a str) -> BoxFuture<'a, Result<Value, ApiError>> {
        let call = self.inner.get(api, path);
        self.awaited(("GET", api, path), call).boxed()
    }

    fn ask<'a>(
        &'a self,
        api: Api,
        path: &'a str,
        body: &'a Value,
    ) -> BoxFuture<'a, Result<Value, ApiError>> {
        let call = self.inner.ask(api, path, body);
        self.awaited(("POST", api, path), call).boxed()
    }
}

/// What a path asks for, whichever thing it is about: version, collections and verb
/// (`v3 projects:getIamPolicy`).
fn kind_of(path: &str) -> String {
    let path = path.split('?').next().unwrap_or(path);
    let mut kind = String::new();
    for (place, segment) in path.split('/').enumerate() {
        if place == 0 {
            kind.push_str(segment);
        } else if place % 2 == 1 {
            kind.push(' ');
            kind.push_str(segment);
        } else if let Some((_, verb)) = segment.rsplit_once(':') {
            kind.push(':');
            kind.push_str(verb);
        }
    }
    kind
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::google::client::{Client, Connect};
    use crate::google::credentials::Secret;

    /// Answers what begins with `v1`, refuses `v2`, and is silent else.
    struct Half;

    impl Ask for Half {
        fn get<'a>(&'a self, _: Api, path: &'a str) -> BoxFuture<'a, Result<Value, ApiError>> {
            async move {
                match path.get(..2) {
                    Some("v1") => Ok(Value::Null),
                    Some("v2") => Err(ApiError::Refused {
                        what: path.to_owned(),
                        status: 403,
                        reason: None,
                        message: "no".to_owned(),
                    }),
                    _ => futures::future::pending().await,
                }
            }
            .boxed()
        }

        fn ask<'a>(
            &'a self,
            api: Api,
            path: &'a str,
            _: &'a Value,
        ) -> BoxFuture<'a, Result<Value, ApiError>> {
            self.get(api, path)
        }
    }

    async fn why(patience: &Patience<'_>, path: &str) -> String {
        let answer = patience.get(Api::Iam, path).await;
        answer.unwrap_err().why()
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_and_all_of_them_have_their_end() {
        let begun = Instant::now();
        let patience = Patience::new(&Half, WaitLimits::QUESTION);
        assert_eq!(why(&patience, "v3/folders/1").await, "not answered in 10 s");
        assert_eq!(begun.elapsed(), Duration::from_secs(10));
        assert_eq!(
            patience.something_heard().unwrap_err().to_string(),
            "GET iam.googleapis.com/v3/folders/1: no answer: not answered in 10 s"
        );
        assert_eq!(patience.get(Api::Iam, "v1/x").await, Ok(Value::Null));
        assert_eq!(patience.something_heard(), Ok(()));
        why(&patience, "v3/organizations/1").await;
        assert_eq!(begun.elapsed(), Duration::from_secs(20));
        tokio::time::sleep(Duration::from_secs(5)).await;
        assert_eq!(why(&patience, "v3/other/1").await, "not answered in 30 s");
        assert_eq!(begun.elapsed(), Duration::from_secs(30));
        let said = why(&patience, "v1/x").await;
        assert_eq!(said, "not asked: all took longer than 30 s");
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_silent_in_a_row_is_asked_no_more() {
        let patience = Patience::new(&Half, WaitLimits::SCOPE);
        for n in 0..3 {
            let said = why(&patience, &format!("v3/folders/{n}")).await;
            assert_eq!(said, "not answered in 60 s");
        }
        let begun = Instant::now();
        assert_eq!(
            why(&patience, "v3/folders/4").await,
            "not asked: 3 calls of the kind before gave no answer"
        );
        assert_eq!(begun.elapsed(), Duration::ZERO);
        // Another kind of the same API, and a refusal is an answer.
        assert_eq!(why(&patience, "v2/folders/4").await, "not permitted: no");
        assert_eq!(patience.something_heard(), Ok(()));
    }

    /// What it does not wait for any longer stands in the client's log, as what was cut off.
    #[tokio::test]
    async fn what_is_cut_off_stands_in_the_log() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        // It takes connections, and never says anything.
        let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = Client::connect(Connect {
            endpoint: Some(format!("http://{}", silent.local_addr().unwrap())),
            token: Some(Secret::new("t")),
            read_only: true,
        })
        .await
        .unwrap();
        let limits = WaitLimits {
            call: Duration::from_millis(50),
            whole: None,
        };
        let reader = client.reader();
        let patience = Patience::new(&*reader, limits);
        assert_eq!(why(&patience, "v1/x").await, "not answered in 0.05 s");
        let log = client.log();
        assert_eq!(log.len(), 1);
        assert!(log[0].cut_off && log[0].status.is_none(), "{log:?}");
        assert!(log[0].to_string().contains("cut off"), "{}", log[0]);
    }

    #[test]
    fn kinds_are_told_whichever_thing_they_are_about() {
        for (path, kind) in [
            ("v3/projects/p:getIamPolicy", "v3 projects:getIamPolicy"),
            (
                "v1/projects/p/serviceAccounts?pageSize=1",
                "v1 projects serviceAccounts",
            ),
            ("v3/projects:search?pageSize=500", "v3 projects:search"),
            (
                "v3/organizations/1/locations/global/policyBindings",
                "v3 organizations locations policyBindings",
            ),
        ] {
            assert_eq!(kind_of(path), kind);
        }
    }
}
