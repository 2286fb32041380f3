//! Moments and spans, in words.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::iam::Condition;

/// A moment in the local time zone, as `format` says.
#[must_use]
pub fn in_zone(time: Timestamp, format: &str) -> String {
    let zoned = time.to_zoned_datetime(TimeZone::system());
    zoned.strftime(format).to_string()
}

/// When a condition that a limited grant was given ends it, in the local time zone.
#[must_use]
pub fn ends_with(condition: &Condition) -> Option<String> {
    let title = condition.title.as_deref()?;
    let time: Timestamp = title.strip_prefix("until ")?.parse().ok()?;
    Some(in_zone(time, "%Y-%m-%d %H:%M %Z"))
}

/// How long something has been going on: `0:14`.
#[must_use]
pub fn clock(elapsed: std::time::Duration) -> String {
    let seconds = elapsed.as_secs();
    format!("{}:{:02}", seconds / 60, seconds % 60)
}
