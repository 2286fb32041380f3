//! Google's error bodies (google.rpc.Status as JSON, with google.rpc.ErrorInfo).

use std::time::Duration;

use serde_json::{Map, Value, json};

/// An error as Google sends it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct StatusError {
    /// HTTP status.
    pub code: u16,
    /// `PERMISSION_DENIED` and its kin (google.rpc.Code).
    pub status: &'static str,
    pub message: String,
    pub details: Vec<Value>,
    /// Said to the client in a header.
    pub retry_after: Option<Duration>,
}

impl StatusError {
    pub fn new(code: u16, status: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            status,
            message: message.into(),
            details: Vec::new(),
            retry_after: None,
        }
    }

    /// What Google's front end says with a status that no API chose (google.rpc.Code's HTTP mapping,
    /// google/rpc/code.proto).
    pub fn of_status(code: u16) -> Self {
        let (status, message) = match code {
            400 => ("INVALID_ARGUMENT", "Request contains an invalid argument."),
            401 => return Self::unauthenticated("ACCESS_TOKEN_TYPE_UNSUPPORTED"),
            403 => ("PERMISSION_DENIED", "The caller does not have permission"),
            404 => ("NOT_FOUND", "Requested entity was not found."),
            409 => (
                "ABORTED",
                "There were concurrent policy changes. Please retry the whole read-modify-write with exponential backoff.",
            ),
            429 => (
                "RESOURCE_EXHAUSTED",
                "Resource has been exhausted (e.g. check quota).",
            ),
            499 => ("CANCELLED", "The operation was cancelled."),
            501 => (
                "UNIMPLEMENTED",
                "Operation is not implemented, or supported, or enabled.",
            ),
            503 => ("UNAVAILABLE", "The service is currently unavailable."),
            504 => (
                "DEADLINE_EXCEEDED",
                "Deadline expired before operation could complete.",
            ),
            402 | 405..=408 | 410..=428 | 430..=498 => {
                ("FAILED_PRECONDITION", "Precondition check failed.")
            }
            _ => ("INTERNAL", "Internal error encountered."),
        };
        Self::new(code, status, message)
    }

    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(400, "INVALID_ARGUMENT", message)
    }

    pub fn precondition(message: impl Into<String>) -> Self {
        Self::new(400, "FAILED_PRECONDITION", message)
    }

    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(404, "NOT_FOUND", message)
    }

    /// Adds a google.rpc.ErrorInfo.
    pub fn info(mut self, reason: &str, domain: &str, metadata: &[(&str, &str)]) -> Self {
        let metadata: Map<String, Value> = metadata
            .iter()
            .map(|(k, v)| ((*k).to_owned(), json!(v)))
            .collect();
        self.details.push(json!({
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": reason, "domain": domain, "metadata": metadata,
        }));
        self
    }

    /// No such path or verb: Google's front end answers a page there, its APIs this.
    pub fn no_such_path(path: &str) -> Self {
        let shown: String = path.chars().filter(|c| !c.is_control()).take(400).collect();
        Self::not_found(format!(
            "The requested URL {shown} was not found on this server."
        ))
    }

    /// 401. The reasons are those of google/api/error_reason.proto.
    pub fn unauthenticated(reason: &str) -> Self {
        let message = if reason == "CREDENTIALS_MISSING" {
            "Request is missing required authentication credential."
        } else {
            "Request had invalid authentication credentials."
        };
        Self::new(
            401,
            "UNAUTHENTICATED",
            format!(
                "{message} Expected OAuth 2 access token, login cookie or other valid authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project."
            ),
        )
        .info(reason, "googleapis.com", &[])
    }

    /// The whole body.
    pub fn body(&self) -> Value {
        let mut error =
            json!({ "code": self.code, "message": self.message, "status": self.status });
        if !self.details.is_empty()
            && let Some(object) = error.as_object_mut()
        {
            object.insert("details".into(), json!(self.details));
        }
        json!({ "error": error })
    }
}
