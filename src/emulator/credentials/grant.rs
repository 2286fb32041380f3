//! What the token endpoints have in common: the fields of a request, and the errors of RFC 6749.

use serde_json::Value;

use crate::emulator::call::{ApiCall, pairs};

/// How long a token lives, in seconds.
pub(crate) const LIFETIME: i64 = 3_600;

/// Why no token is given: `error` and `error_description` (RFC 6749, 5.2).
pub(crate) struct Denied(pub &'static str, pub String);

impl Denied {
    pub fn grant(why: impl Into<String>) -> Self {
        Self("invalid_grant", why.into())
    }

    pub fn request(why: impl Into<String>) -> Self {
        Self("invalid_request", why.into())
    }
}

pub(crate) type Given = Result<Value, Denied>;

/// A field of the form or, as the Security Token Service has it too, of the JSON body.
pub(crate) fn field(call: &ApiCall, name: &str, camel: &str) -> String {
    let form = pairs(&call.raw);
    let given = form
        .into_iter()
        .find(|(key, _)| key == name)
        .map(|(_, v)| v);
    given
        .filter(|_| call.body.is_null())
        .or_else(|| call.text(&format!("/{camel}")).map(str::to_owned))
        .or_else(|| call.text(&format!("/{name}")).map(str::to_owned))
        .unwrap_or_default()
}

pub(crate) fn internal(_: std::io::Error) -> Denied {
    Denied("server_error", "Internal error encountered.".to_owned())
}
