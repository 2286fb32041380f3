//! The calls made so far.

use super::super::look::page::{ScreenPage, Text, line};
use super::super::look::theme::StyleRole;
use crate::google::RecordedCall;

/// The calls made so far, the newest first.
#[must_use]
pub fn log_page(calls: &[RecordedCall]) -> ScreenPage {
    let mut lines: Vec<Text> = calls
        .iter()
        .rev()
        .map(|call| {
            let role = match call.status {
                _ if call.cut_off => StyleRole::Denied,
                Some(s) if s < 400 => StyleRole::Text,
                Some(_) => StyleRole::Misplaced,
                None => StyleRole::Denied,
            };
            line(role, call.to_string())
        })
        .collect();
    if lines.is_empty() {
        lines.push(line(StyleRole::Dim, "No call was made yet."));
    }
    ScreenPage::new("calls to Google Cloud, newest first", lines)
}
