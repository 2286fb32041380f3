//! Words that more than one part of the screen uses.

mod crumbs;
mod picture;
mod unread;
mod verdict;
mod what_if;

pub use super::look::time::{clock, ends_with, in_zone};
pub use crumbs::crumbs_line;
pub use picture::picture_words;
pub use unread::unread_words;
pub use verdict::{beside, printed, verdict_word, verdict_words};
pub use what_if::supposed;

use jiff::Timestamp;

use crate::iam::Permission;
use crate::iam::permission::{
    ACT_AS, GET_ACCESS_TOKEN, GET_OPEN_ID_TOKEN, IMPLICIT_DELEGATION, SIGN_BLOB, SIGN_JWT,
};
use crate::repair::Repair;

/// What a permission lets one do, in a few words.
#[must_use]
pub fn permission_words(permission: &Permission) -> String {
    match permission.as_str() {
        GET_ACCESS_TOKEN => "get access token".to_owned(),
        GET_OPEN_ID_TOKEN => "get ID token".to_owned(),
        SIGN_BLOB => "sign bytes".to_owned(),
        SIGN_JWT => "sign JWT".to_owned(),
        IMPLICIT_DELEGATION => "delegate through it".to_owned(),
        ACT_AS => "act as (attach)".to_owned(),
        other => other.to_owned(),
    }
}

/// That so many lines are out of sight, for the edge of a panel.
#[must_use]
pub fn more(lines: usize, hint: &str) -> String {
    if lines == 1 {
        format!(" 1 line more{hint}")
    } else {
        format!(" {lines} lines more{hint}")
    }
}

/// `10 s`; what is shorter than a second, `500 ms`.
#[must_use]
pub fn pause_words(pause: std::time::Duration) -> String {
    match pause.as_secs() {
        0 => format!("{} ms", pause.as_millis()),
        n => format!("{n} s"),
    }
}

/// A moment in the local time zone, to the minute; the zone stands where it is shown in full.
#[must_use]
pub fn local_time(time: Timestamp) -> String {
    in_zone(time, "%Y-%m-%d %H:%M")
}

/// When a limited grant ends, in the local time zone.
#[must_use]
pub fn ends(repair: &Repair) -> Option<String> {
    ends_with(repair.condition.as_ref()?)
}
