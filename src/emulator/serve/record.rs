//! A record of every request and answer, one JSON object a line. No token stands in it.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};

use crate::emulator::call::pairs;
use crate::text::counted;

/// What takes the place of a secret.
const LEFT_OUT: &str = "(left out)";

/// Names under which bodies carry tokens, keys and signatures (discovery documents iamcredentials v1,
/// iam v1, sts v1; RFC 6749, 7523, 8693).
const SECRETS: &[&str] = &[
    "accessToken",
    "access_token",
    "actor_token",
    "actorToken",
    "assertion",
    "client_secret",
    "id_token",
    "privateKeyData",
    "refresh_token",
    "signedBlob",
    "signedJwt",
    "subjectToken",
    "subject_token",
    "token",
];

/// A file that is written to.
#[derive(Debug)]
pub(crate) struct Record(Mutex<File>);

/// One call.
pub(crate) struct RecordEntry<'a> {
    pub time: jiff::Timestamp,
    /// The caller, `administrator`, or nothing when it is not known.
    pub who: &'a str,
    pub method: &'a str,
    pub path: &'a str,
    pub query: &'a str,
    pub request: &'a [u8],
    /// `0` when the connection was reset instead.
    pub status: u16,
    pub answer: &'a str,
    pub fault: Option<String>,
}

impl Record {
    /// Begins a file anew.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn create(path: &Path) -> std::io::Result<Self> {
        Ok(Self(Mutex::new(File::create(path)?)))
    }

    /// Adds a call.
    ///
    /// # Errors
    /// The file cannot be written any more.
    pub fn add(&self, entry: &RecordEntry<'_>) -> std::io::Result<()> {
        let mut line = json!({
            "time": entry.time.to_string(),
            "who": entry.who,
            "method": entry.method,
            "path": entry.path,
            "query": query(entry.query),
            "request": body(&String::from_utf8_lossy(entry.request)),
            "status": entry.status,
            "response": body(entry.answer),
        });
        if let (Some(fault), Some(object)) = (&entry.fault, line.as_object_mut()) {
            object.insert("fault".into(), json!(fault));
        }
        // One write a line, so that lines of several calls never mix and none is lost at a stop.
        let mut text = line.to_string();
        text.push('\n');
        let mut file = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(text.as_bytes())
    }
}

fn query(text: &str) -> Value {
    let shown = pairs(text).into_iter().map(|(name, value)| {
        let value = if SECRETS.contains(&name.as_str()) {
            json!(LEFT_OUT)
        } else {
            json!(value)
        };
        (name, value)
    });
    Value::Object(shown.collect())
}

/// A JSON body without its secrets; a form likewise; any other text by its length alone, since nobody
/// knows what it holds.
fn body(text: &str) -> Value {
    if text.is_empty() {
        return Value::Null;
    }
    if let Ok(mut value) = serde_json::from_str(text) {
        clean(&mut value);
        return value;
    }
    let form = pairs(text);
    if text.contains('=') && form.iter().all(|(name, _)| is_name(name)) {
        return query(text);
    }
    json!(counted(text.len(), "byte"))
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b))
}

fn clean(value: &mut Value) {
    match value {
        Value::Object(map) => {
            for (name, inner) in map {
                if SECRETS.contains(&name.as_str()) {
                    *inner = json!(LEFT_OUT);
                } else {
                    clean(inner);
                }
            }
        }
        Value::Array(list) => list.iter_mut().for_each(clean),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_is_recorded() {
        for text in [
            r#"{"accessToken":"ya29.x","expireTime":"t"}"#,
            r#"{"keys":[{"privateKeyData":"ya29.x"}]}"#,
            "grant_type=refresh_token&refresh_token=ya29.x",
            "subject_token=ya29.x&audience=a",
            "ya29.x",
        ] {
            let shown = body(text).to_string();
            assert!(!shown.contains("ya29.x"), "{shown}");
        }
        assert_eq!(
            body(r#"{"a":[1,{"b":"c"}]}"#),
            json!({ "a": [1, { "b": "c" }] })
        );
        assert_eq!(query("a=1&token=x"), json!({ "a": "1", "token": LEFT_OUT }));
    }
}
