//! What went wrong, in three parts: what was tried, what came back, what to do next.

use std::fmt;

use crate::google::CredentialsError;
use crate::repair::history::HistoryError;
use crate::repair::{ApplyError, StepError, UndoError};
use crate::text::visible_lines;
use crate::wire::ApiError;

/// Why a command could not answer. Printed to stderr; the exit code is 2.
#[derive(Debug)]
pub struct Failure {
    /// What was tried, `read the estate file estate.json`; empty where the rest says it.
    pub tried: String,
    /// What came back.
    pub came_back: String,
    /// What to do next; empty where the rest says it.
    pub next: String,
}

impl Failure {
    /// In its three parts.
    pub fn new(
        tried: impl Into<String>,
        came_back: impl Into<String>,
        next: impl Into<String>,
    ) -> Self {
        Self {
            tried: tried.into(),
            came_back: came_back.into(),
            next: next.into(),
        }
    }

    /// What was typed does not fit together.
    pub fn usage(came_back: impl Into<String>, next: impl Into<String>) -> Self {
        Self::new("", came_back, next)
    }
}

impl fmt::Display for Failure {
    /// Lines for a terminal; hidden characters are shown, not obeyed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let came_back = visible_lines(self.came_back.trim_end());
        if self.tried.is_empty() {
            write!(f, "error: {came_back}")?;
        } else {
            write!(f, "error: {}: {came_back}", visible_lines(&self.tried))?;
        }
        if !self.next.is_empty() {
            write!(f, "\nnext: {}", visible_lines(&self.next))?;
        }
        Ok(())
    }
}

impl From<CredentialsError> for Failure {
    fn from(error: CredentialsError) -> Self {
        // It names the commands that give credentials.
        Self::usage(
            error.to_string(),
            "or look around without any: bindscope --demo",
        )
    }
}

impl From<ApiError> for Failure {
    fn from(error: ApiError) -> Self {
        let (what, came_back) = match &error {
            ApiError::Refused {
                what,
                status,
                message,
                ..
            } => (what, format!("HTTP {status}: {message}")),
            ApiError::Unauthenticated { what, message } => {
                (what, format!("HTTP 401: not signed in: {message}"))
            }
            ApiError::Unreachable { what, message } => (what, format!("no answer: {message}")),
        };
        Self::new(what.clone(), came_back, next_of(&error))
    }
}

/// The next step after a call that gave no answer.
fn next_of(error: &ApiError) -> &'static str {
    match error {
        ApiError::Unauthenticated { .. } => {
            "bindscope whoami says whose credentials these are and until when, bindscope doctor what else is amiss"
        }
        ApiError::Unreachable { .. } => {
            "check the network, and with --endpoint that something serves there (bindscope emulator prints its address first)"
        }
        ApiError::Refused {
            reason: Some(reason),
            ..
        } if reason == "SERVICE_DISABLED" => {
            "enable the API on the project that calls are billed to: gcloud services enable iam.googleapis.com iamcredentials.googleapis.com cloudresourcemanager.googleapis.com"
        }
        ApiError::Refused { status: 403, .. } => {
            "ask for a role that may read it, or look at something smaller with --project"
        }
        ApiError::Refused { status: 404, .. } => "check the name, and which project it is in",
        ApiError::Refused { status: 429, .. } => "too many calls at once; try again in a minute",
        ApiError::Refused { .. } => "try again; if it stays, the message says what the API wants",
    }
}

impl From<HistoryError> for Failure {
    fn from(error: HistoryError) -> Self {
        Self::usage(error.to_string(), "")
    }
}

impl From<ApplyError> for Failure {
    fn from(error: ApplyError) -> Self {
        let next = match &error {
            ApplyError::Changed { .. } => "run the same command again",
            ApplyError::Refused { error, .. } if error.status() == Some(403) => {
                "you may read this policy and not change it: ask an administrator of the account, with the lines that fix --dry-run shows"
            }
            ApplyError::Refused { error, .. } | ApplyError::NotRead { error, .. } => next_of(error),
            // The others name it themselves.
            _ => "",
        };
        Self::usage(error.to_string(), next)
    }
}

impl From<StepError> for Failure {
    fn from(error: StepError) -> Self {
        match error {
            StepError::Apply(error) => error.into(),
            // It names the next step itself.
            StepError::Switch(error) => Self::usage(error.to_string(), ""),
        }
    }
}

impl From<UndoError> for Failure {
    fn from(error: UndoError) -> Self {
        let next = match &error {
            UndoError::Write(
                ApplyError::Refused { error, .. } | ApplyError::NotRead { error, .. },
            ) => next_of(error),
            // The others name it themselves.
            _ => "",
        };
        Self::usage(error.to_string(), next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_has_three_parts_and_nothing_hidden() {
        let failure = Failure::new("read x\u{1b}[2J", "HTTP 500\u{9b}: no\n", "try again");
        assert_eq!(
            failure.to_string(),
            "error: read x\\u{1b}[2J: HTTP 500\\u{9b}: no\nnext: try again"
        );
    }
}
