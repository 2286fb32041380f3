//! This machine's clock beside the servers'.

use jiff::Timestamp;
use reqwest::header::{DATE, HeaderMap};

/// A clock that is further off, in seconds, is told (chosen: tokens that are signed here are refused from a minute
/// on, and some of that is gone on the way).
pub const SKEW: i64 = 30;

/// The server's clock, as its answer tells it.
pub(super) fn server_time(headers: &HeaderMap) -> Option<Timestamp> {
    http_date(headers.get(DATE)?.to_str().ok()?)
}

/// `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 section 5.6.7); the two obsolete forms are not read.
pub(super) fn http_date(text: &str) -> Option<Timestamp> {
    let zoned = jiff::fmt::rfc2822::parse(text).ok()?;
    Some(zoned.timestamp())
}

/// The server's clock less this machine's, in seconds, where its answer tells it.
pub(super) fn ahead(headers: &HeaderMap, now: Timestamp) -> Option<i64> {
    server_time(headers).map(|t| t.as_second() - now.as_second())
}

/// That this machine's clock is wrong, and what that does, where `ahead` is more than can be let pass.
#[must_use]
pub fn skewed(ahead: i64) -> Option<String> {
    let side = if ahead > 0 { "behind" } else { "ahead of" };
    (ahead.abs() > SKEW).then(|| {
        format!(
            "this machine's clock is {} s {side} the server's; signed tokens are refused, and conditions on the time judged wrongly",
            ahead.abs()
        )
    })
}

/// What to do about it.
pub const SET_IT: &str =
    "set the clock by the network: timedatectl set-ntp true, or your system's settings";

/// Where something was refused: the same with what to do, if the clocks are that far apart.
pub(super) fn beside(headers: &HeaderMap, now: Timestamp) -> Option<String> {
    let skewed = skewed(ahead(headers, now)?)?;
    Some(format!("{skewed}: {SET_IT}"))
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    #[test]
    fn only_what_is_far_off_is_told() {
        let now: Timestamp = "1994-11-06T08:49:37Z".parse().unwrap();
        let told = |date: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(DATE, HeaderValue::from_static(date));
            beside(&headers, now)
        };
        assert_eq!(told("Sun, 06 Nov 1994 08:50:07 GMT"), None);
        assert_eq!(told("yesterday"), None);
        let behind = told("Sun, 06 Nov 1994 10:49:37 GMT").unwrap();
        assert!(
            behind.starts_with("this machine's clock is 7200 s behind the server's"),
            "{behind}"
        );
        let ahead = told("Sun, 06 Nov 1994 08:49:06 GMT").unwrap();
        assert!(ahead.contains("31 s ahead of"), "{ahead}");
    }
}
