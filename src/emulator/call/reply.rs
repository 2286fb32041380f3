//! An answer as it goes out.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use serde_json::{Value, json};

use super::refusal::StatusError;

/// What an API answers: a body, or Google's error.
pub(crate) type ApiAnswer = Result<Value, StatusError>;

/// An answer as it goes out.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: String,
}

impl Reply {
    /// A text that is no JSON.
    pub fn text(status: u16, kind: &'static str, body: impl Into<String>) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        Self {
            status,
            headers,
            body: body.into(),
        }
    }

    /// A JSON value.
    pub fn json(status: u16, body: &Value) -> Self {
        Self::text(status, "application/json; charset=UTF-8", body.to_string())
    }

    /// The same with one more header.
    pub fn with(mut self, name: HeaderName, value: &str) -> Self {
        // A value that cannot stand in a header is left out; ours are all ASCII.
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
        self
    }
}

impl From<ApiAnswer> for Reply {
    fn from(answer: ApiAnswer) -> Self {
        match answer {
            Ok(value) => Self::json(200, &value),
            Err(refusal) => Self::from(&refusal),
        }
    }
}

impl From<&StatusError> for Reply {
    fn from(refusal: &StatusError) -> Self {
        let mut reply = Self::json(refusal.code, &refusal.body());
        if refusal.code == 401 {
            let realm = "Bearer realm=\"https://accounts.google.com/\"";
            reply = reply.with(header::WWW_AUTHENTICATE, realm);
        }
        if let Some(after) = refusal.retry_after {
            reply = reply.with(header::RETRY_AFTER, &after.as_secs().max(1).to_string());
        }
        reply
    }
}

/// A list answer: empty fields are left out, as protobuf's JSON does.
pub(crate) fn listed(field: &str, items: Vec<Value>, next: Option<String>) -> Value {
    let mut answer = serde_json::Map::new();
    if !items.is_empty() {
        answer.insert(field.into(), Value::Array(items));
    }
    if let Some(next) = next {
        answer.insert("nextPageToken".into(), json!(next));
    }
    Value::Object(answer)
}
