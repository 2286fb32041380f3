//! What is told of the waits before a call is made once more.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::Inner;

/// A shorter wait is over before it is read (chosen).
const WORTH_TELLING: Duration = Duration::from_secs(1);

/// A wait that begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallWait {
    /// Its number.
    pub id: u64,
    /// Why, for people: `HTTP 429 from iam.googleapis.com`.
    pub why: String,
    /// How long.
    pub wait: Duration,
    /// Which attempt comes after it; the first call is 1.
    pub attempt: usize,
    /// How many attempts there are at most.
    pub attempts: usize,
}

impl fmt::Display for CallWait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.wait.as_secs_f64().ceil();
        write!(
            f,
            "{}: again in {seconds} s (attempt {} of {})",
            self.why, self.attempt, self.attempts
        )
    }
}

/// What a listener hears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WaitNews {
    /// A wait begins.
    Begun(CallWait),
    /// That one is over: the call is made again, or nobody asks for it any more.
    Ended(u64),
}

/// Whoever hears of waits.
pub(super) type WaitListener = Box<dyn Fn(WaitNews) + Send + Sync>;

/// A wait that was told; its end is told with the value's.
pub(super) struct ToldWait<'a> {
    listener: &'a WaitListener,
    id: u64,
}

impl Drop for ToldWait<'_> {
    fn drop(&mut self) {
        (self.listener)(WaitNews::Ended(self.id));
    }
}

impl Inner {
    /// Tells of a wait, where somebody listens and it is long enough to be read.
    pub(super) fn wait_begins(
        &self,
        why: String,
        wait: Duration,
        (attempt, attempts): (usize, usize),
    ) -> Option<ToldWait<'_>> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let listener = self.waits.get().filter(|_| wait >= WORTH_TELLING)?;
        let id = COUNT.fetch_add(1, Ordering::Relaxed);
        listener(WaitNews::Begun(CallWait {
            id,
            why,
            wait,
            attempt,
            attempts,
        }));
        Some(ToldWait { listener, id })
    }
}
