//! Every call under every fault that the emulator can make: what comes of each function of the APIs (`calls`),
//! what comes of the answers that are made of them (`answers`), and of what gives tokens (`tokens`).
//!
//! A sample of the cases is drawn by default; `SIGHT_CASES=100000 cargo test --test sight -- --nocapture`
//! plays as many as there are, `SIGHT_SEED=N` draws others.

mod answers;
mod calls;
mod tokens;

use std::time::Duration;

use bindscope::google::patience::{Patience, WaitLimits};
use bindscope::wire::{Api, ApiError, Ask};
use futures::future::BoxFuture;
use futures::stream::{Stream, StreamExt};
use serde_json::Value;

/// Cases under way at the same time: most of them wait.
const AT_ONCE: usize = 32;
/// A case that takes longer hangs.
const DEADLINE: Duration = Duration::from_secs(120);
/// How long a call that is never answered is waited for, so that the test has an end.
const SHORT: WaitLimits = WaitLimits {
    call: Duration::from_millis(700),
    whole: None,
};

/// What may come of a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comes {
    /// Less is known.
    Less,
    /// Less is known, and the call was made no oftener than without the fault.
    LessAtOnce,
    /// It is over when the call is repeated: the answer is the same.
    Same,
    /// An error that says so, unless what is refused was a hint.
    SignedOut,
    /// The call has no end.
    Never,
    /// The server says what is not so; any answer.
    Untrue,
}

#[rustfmt::skip]
const FAULTS: [(&str, &str, Comes); 26] = [
    ("", "400", Comes::LessAtOnce),
    ("", "403", Comes::LessAtOnce),
    ("", "404", Comes::Untrue),
    ("", "409", Comes::LessAtOnce),
    ("", "412", Comes::LessAtOnce),
    ("", "429", Comes::Less),
    ("", "429:1h", Comes::LessAtOnce),
    ("", "500", Comes::Less),
    ("", "501", Comes::LessAtOnce),
    ("", "503", Comes::Less),
    ("", "504", Comes::Less),
    ("", "reset", Comes::Less),
    ("", "reset after", Comes::Less),
    ("", "truncate", Comes::Less),
    ("", "truncate:0", Comes::Less),
    ("", "garbled", Comes::Less),
    ("", "html", Comes::Less),
    ("", "html:200", Comes::Less),
    ("", "html:403", Comes::LessAtOnce),
    ("", "expired", Comes::SignedOut),
    ("", "slow:1h", Comes::Never),
    ("#1", "429:1s", Comes::Same),
    ("#1", "503", Comes::Same),
    ("#1", "reset", Comes::Same),
    ("#1", "truncate", Comes::Same),
    ("#1", "html", Comes::Same),
];

/// The path of a URL, without its query.
fn path(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let path = rest.find('/').map_or("", |at| &rest[at..]);
    path.split('?').next().unwrap_or(path).to_owned()
}

/// Waits for some calls no longer than [`SHORT`].
struct Hurried<'a> {
    reader: &'a dyn Ask,
    patience: Patience<'a>,
    calls: &'a [(&'static str, String)],
}

impl Hurried<'_> {
    fn way(&self, path: &str) -> &dyn Ask {
        let path = path.split('?').next().unwrap();
        let mut calls = self.calls.iter();
        let hurried = calls.any(|(_, call)| call.trim_start_matches('/') == path);
        if hurried { &self.patience } else { self.reader }
    }
}

impl Ask for Hurried<'_> {
    fn get<'a>(&'a self, api: Api, path: &'a str) -> BoxFuture<'a, Result<Value, ApiError>> {
        self.way(path).get(api, path)
    }

    fn ask<'a>(
        &'a self,
        api: Api,
        path: &'a str,
        body: &'a Value,
    ) -> BoxFuture<'a, Result<Value, ApiError>> {
        self.way(path).ask(api, path, body)
    }
}

/// Tries all cases, so many at a time, and tells every one that is wrong.
async fn none_is_wrong(work: impl Stream<Item = impl Future<Output = Option<String>>>) {
    let wrong: Vec<String> = work
        .buffer_unordered(AT_ONCE)
        .filter_map(|wrong| async move { wrong })
        .collect()
        .await;
    assert!(
        wrong.is_empty(),
        "{} wrong\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// The next of a row of numbers that hangs on the seed alone (the mixing steps of splitmix64).
fn draw(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}
