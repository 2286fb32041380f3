//! The calls made so far.

use super::super::look::page::{Page, Text, line};
use super::super::look::theme::Role;
use crate::google::Call;

/// The calls made so far, the newest first.
#[must_use]
pub fn log_page(calls: &[Call]) -> Page {
    let mut lines: Vec<Text> = calls
        .iter()
        .rev()
        .map(|call| {
            let role = match call.status {
                Some(s) if s < 400 => Role::Text,
                Some(_) => Role::Misplaced,
                None => Role::Denied,
            };
            line(role, call.to_string())
        })
        .collect();
    if lines.is_empty() {
        lines.push(line(Role::Dim, "No call was made yet."));
    }
    Page::new("calls to Google Cloud, newest first", lines)
}
