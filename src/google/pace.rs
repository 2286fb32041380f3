//! How a read is repeated: when, how often, and after which wait.
//!
//! The waits double and are drawn from their whole range (full jitter), so that callers that were
//! turned away together do not come back together. A server that says when to come back (`Retry-After`,
//! RFC 9110 section 10.2.3) is believed up to a limit; one that asks for more is not waited for.

use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use jiff::Timestamp;
use reqwest::header::{HeaderMap, RETRY_AFTER};

use super::clock::{http_date, server_time};
use crate::wire::ApiError;

/// Times that a read is repeated (chosen).
pub(super) const REPEATS: usize = 4;
/// The range of the first wait (chosen).
const FIRST: Duration = Duration::from_millis(300);
/// The widest range of a wait (chosen).
const WIDEST: Duration = Duration::from_secs(8);
/// The longest wait that a server may ask for (chosen).
pub(super) const LONGEST: Duration = Duration::from_secs(30);

/// A call without success.
#[derive(Debug)]
pub(super) struct Missed {
    pub error: ApiError,
    /// The wait that the server asked for.
    pub after: Option<Duration>,
    /// The next call would come to the same: nobody listens there, somebody else answers in Google's stead.
    pub is_final: bool,
}

impl From<ApiError> for Missed {
    fn from(error: ApiError) -> Self {
        Self {
            error,
            after: None,
            is_final: false,
        }
    }
}

impl Missed {
    /// One that calling again does not mend.
    pub fn for_good(error: ApiError) -> Self {
        Self {
            is_final: true,
            ..error.into()
        }
    }
}

/// What `Retry-After` asks for: seconds, or a date, which is counted from the server's own clock where it
/// tells it.
pub(super) fn asked_wait(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = http_date(text)?;
    let now = server_time(headers).unwrap_or(now);
    // A date that is over asks for nothing.
    Some(Duration::try_from(now.duration_until(until)).unwrap_or_default())
}

/// Calls, and repeats while that can help. `told` hears of each wait before it begins.
///
/// # Errors
/// The last one; where the server asks for too long a wait, with that wait in its words.
pub(super) async fn repeated<T, F: Future<Output = Result<T, Missed>>>(
    call: impl FnMut() -> F,
    told: impl Fn(&ApiError, Duration),
) -> Result<T, ApiError> {
    let waits = ExponentialBuilder::default()
        .with_min_delay(FIRST)
        .with_max_delay(WIDEST)
        .with_max_times(REPEATS);
    let done = call
        .retry(waits)
        .when(|missed| worth_repeating(missed) && !missed.is_too_long())
        .adjust(|missed, range| {
            let jitter = part_of(range?);
            Some(missed.after.unwrap_or_default() + jitter)
        })
        .notify(|missed, wait| told(&missed.error, wait))
        .await;
    done.map_err(Missed::into_error)
}

impl Missed {
    fn is_too_long(&self) -> bool {
        self.after.is_some_and(|after| after > LONGEST)
    }

    fn into_error(self) -> ApiError {
        match (self.after, self.error) {
            (
                Some(after),
                ApiError::Refused {
                    what,
                    status,
                    reason,
                    message,
                },
            ) if after > LONGEST => ApiError::Refused {
                what,
                status,
                reason,
                message: format!("{message} (try again in {} s)", after.as_secs()),
            },
            (_, error) => error,
        }
    }
}

/// Somewhere between nothing and all of it. Without randomness: half.
fn part_of(range: Duration) -> Duration {
    let drawn = getrandom::u32().unwrap_or(u32::MAX / 2);
    range.mul_f64(f64::from(drawn) / f64::from(u32::MAX))
}

fn worth_repeating(missed: &Missed) -> bool {
    match missed.error {
        _ if missed.is_final => false,
        ApiError::Refused { status, .. } => matches!(status, 429 | 500 | 502 | 503 | 504),
        ApiError::Unreachable { .. } => true,
        ApiError::Unauthenticated { .. } => false,
    }
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};

    use reqwest::header::{DATE, HeaderValue};
    use tokio::time::Instant;

    use super::*;

    fn missed(status: u16, after: Option<u64>) -> Missed {
        Missed {
            error: ApiError::Refused {
                what: "GET x".into(),
                status,
                reason: None,
                message: "slow down".into(),
            },
            after: after.map(Duration::from_secs),
            is_final: false,
        }
    }

    /// Calls a server that answers so for ever: calls, waits told, logical time, the end.
    async fn against(status: u16, after: Option<u64>) -> (usize, Vec<Duration>, Duration, String) {
        let calls = Cell::new(0);
        let waits = RefCell::new(Vec::new());
        let begun = Instant::now();
        let end = repeated(
            || {
                calls.set(calls.get() + 1);
                async { Err::<(), _>(missed(status, after)) }
            },
            |_, wait| waits.borrow_mut().push(wait),
        )
        .await;
        let end = end.unwrap_err().to_string();
        (calls.get(), waits.into_inner(), begun.elapsed(), end)
    }

    #[tokio::test(start_paused = true)]
    async fn waits_are_drawn_from_ranges_that_double() {
        for _ in 0..50 {
            let (calls, waits, took, _) = against(503, None).await;
            assert_eq!(calls, REPEATS + 1);
            for (n, wait) in waits.iter().enumerate() {
                assert!(*wait <= FIRST * (1 << n), "{n}: {wait:?}");
            }
            assert!(took >= waits.iter().sum::<Duration>());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_servers_wait_is_kept() {
        let (calls, waits, took, _) = against(429, Some(7)).await;
        assert_eq!((calls, waits.len()), (REPEATS + 1, REPEATS));
        assert!(waits.iter().all(|w| *w >= Duration::from_secs(7)));
        assert!(took >= Duration::from_secs(28));
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_without_measure_is_said_instead() {
        let (calls, waits, took, end) = against(429, Some(3_600)).await;
        assert_eq!((calls, waits.len(), took), (1, 0, Duration::ZERO));
        assert!(end.contains("try again in 3600 s"), "{end}");
        let (calls, ..) = against(403, Some(1)).await;
        assert_eq!(calls, 1);
    }

    #[test]
    fn both_forms_are_read() {
        let now = "1994-11-06T08:49:00Z".parse().unwrap();
        let asked = |after: &'static str, date: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, HeaderValue::from_static(after));
            if let Some(date) = date {
                headers.insert(DATE, HeaderValue::from_static(date));
            }
            asked_wait(&headers, now).map(|d| d.as_secs())
        };
        assert_eq!(asked("120", None), Some(120));
        assert_eq!(asked("Sun, 06 Nov 1994 08:49:37 GMT", None), Some(37));
        let server = Some("Sun, 06 Nov 1994 08:49:30 GMT");
        assert_eq!(asked("Sun, 06 Nov 1994 08:49:37 GMT", server), Some(7));
        assert_eq!(asked("Sun, 06 Nov 1994 08:48:37 GMT", None), Some(0));
        for odd in ["", "-1", "soon", "1.5", "99999999999999999999999"] {
            assert_eq!(asked(odd, None), None, "{odd}");
        }
    }
}
