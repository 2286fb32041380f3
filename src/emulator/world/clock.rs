//! The time as an emulator sees it: the system's, or one that a test sets forward.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::Timestamp;

/// Where an emulator takes the time from. A clone shows the same time.
#[derive(Clone, Debug, Default)]
pub struct Clock(Option<Arc<AtomicI64>>);

impl Clock {
    /// A clock that stands still until it is set forward.
    #[must_use]
    pub fn held(at: Timestamp) -> Self {
        Self(Some(Arc::new(AtomicI64::new(at.as_microsecond()))))
    }

    /// Sets a held clock forward; the system's is left alone.
    pub fn advance(&self, by: Duration) {
        if let Some(held) = &self.0 {
            let by = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
            held.fetch_add(by, Ordering::AcqRel);
        }
    }

    /// The time now.
    pub(crate) fn now(&self) -> Timestamp {
        match &self.0 {
            None => Timestamp::now(),
            // A clock set beyond the last year there is stands at its end.
            Some(held) => {
                Timestamp::from_microsecond(held.load(Ordering::Acquire)).unwrap_or(Timestamp::MAX)
            }
        }
    }
}
