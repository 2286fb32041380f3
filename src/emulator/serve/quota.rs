//! A quota of requests in a minute, for each caller, and Google's 429 beyond it.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::emulator::call::{ApiCall, StatusError};

/// Seconds of the window; Google's rate quotas of these services are per minute (doc "Quotas and
/// limits", IAM).
const WINDOW: i64 = 60;
/// Callers that are remembered before old ones are dropped.
const CALLERS: usize = 10_000;

/// How much was spent in the current minute.
#[derive(Debug, Default)]
pub(crate) struct Quota {
    limit: Option<u32>,
    /// Caller to (minute, requests in it).
    spent: Mutex<HashMap<String, (i64, u32)>>,
}

impl Quota {
    pub fn new(limit: Option<u32>) -> Self {
        Self {
            limit,
            spent: Mutex::default(),
        }
    }

    /// Counts a call.
    ///
    /// # Errors
    /// 429 when the caller's minute is spent, with the seconds until the next one.
    pub fn spend(&self, call: &ApiCall) -> Result<(), StatusError> {
        let Some(limit) = self.limit else {
            return Ok(());
        };
        let now = call.now.as_second();
        let minute = now.div_euclid(WINDOW);
        let mut spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        if spent.len() >= CALLERS {
            spent.retain(|_, (at, _)| *at == minute);
        }
        let own = spent.entry(call.caller()).or_insert((minute, 0));
        if own.0 != minute {
            *own = (minute, 0);
        }
        if own.1 < limit {
            own.1 += 1;
            return Ok(());
        }
        let left = WINDOW - now.rem_euclid(WINDOW);
        let limit = limit.to_string();
        let mut refusal = StatusError::new(
            429,
            "RESOURCE_EXHAUSTED",
            "Quota exceeded for quota metric 'Requests' and limit 'Requests per minute' of service 'iam.googleapis.com'.",
        )
        .info(
            "RATE_LIMIT_EXCEEDED",
            "googleapis.com",
            &[
                ("service", "iam.googleapis.com"),
                ("quota_metric", "iam.googleapis.com/requests"),
                ("quota_limit", "RequestsPerMinute"),
                ("quota_limit_value", &limit),
                ("quota_location", "global"),
            ],
        );
        refusal.retry_after = Some(Duration::from_secs(left.unsigned_abs()));
        Err(refusal)
    }
}
