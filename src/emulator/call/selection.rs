//! Partial answers: the `fields` parameter that every Google API takes (`a,b/c,d(e,f/*)`), and `alt`.

use serde_json::{Map, Value};

use super::refusal::StatusError;
use super::request::ApiCall;

/// What of an answer is wanted. No parts below a name: all of it.
#[derive(Debug, Default, PartialEq)]
struct Selection(Vec<(String, Selection)>);

/// Checks that JSON is wanted, which is all that is spoken here.
///
/// # Errors
/// `alt` asks for something else.
pub(crate) fn check_alt(call: &ApiCall) -> Result<(), StatusError> {
    match call.param("alt").or_else(|| call.param("$alt")) {
        None | Some("json" | "json;enum-encoding=int") => Ok(()),
        Some(other) => Err(StatusError::invalid(format!(
            "Invalid value at 'alt' (TYPE_ENUM), \"{}\": this emulator answers in JSON only.",
            crate::text::visible(other)
        ))),
    }
}

/// An answer with what `fields` asks for.
///
/// # Errors
/// A selection that cannot be read.
pub(crate) fn select(call: &ApiCall, answer: Value) -> Result<Value, StatusError> {
    let Some(text) = call
        .param("fields")
        .or_else(|| call.param("$fields"))
        .filter(|t| !t.is_empty())
    else {
        return Ok(answer);
    };
    let bad = || {
        StatusError::invalid(format!(
            "Invalid field selection {}",
            crate::text::visible(text)
        ))
    };
    let mut rest = text;
    let selection = Selection::read(&mut rest, 0).ok_or_else(bad)?;
    if !rest.is_empty() {
        return Err(bad());
    }
    Ok(selection.of(&answer))
}

/// Deeper selections are no one's.
const DEEPEST: usize = 32;

impl Selection {
    /// Reads a list up to its end or a closing parenthesis.
    fn read(rest: &mut &str, depth: usize) -> Option<Self> {
        let mut parts = Vec::new();
        loop {
            parts.push(Self::path(rest, depth)?);
            match rest.strip_prefix(',') {
                Some(more) => *rest = more,
                None => return Some(Self(parts)),
            }
        }
    }

    fn path(rest: &mut &str, depth: usize) -> Option<(String, Self)> {
        if depth > DEEPEST {
            return None;
        }
        let end = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || "_-*@$".contains(c)))
            .unwrap_or(rest.len());
        let (name, more) = rest.split_at_checked(end)?;
        if name.is_empty() {
            return None;
        }
        *rest = more;
        let below = if let Some(more) = rest.strip_prefix(['/', '.']) {
            *rest = more;
            Self(vec![Self::path(rest, depth + 1)?])
        } else if let Some(more) = rest.strip_prefix('(') {
            *rest = more;
            let below = Self::read(rest, depth + 1)?;
            *rest = rest.strip_prefix(')')?;
            below
        } else {
            Self::default()
        };
        Some((name.to_owned(), below))
    }

    fn of(&self, value: &Value) -> Value {
        match value {
            _ if self.0.is_empty() => value.clone(),
            Value::Array(items) => items.iter().map(|item| self.of(item)).collect(),
            Value::Object(fields) => {
                let mut kept = Map::new();
                for (name, field) in fields {
                    for (wanted, below) in &self.0 {
                        if wanted == name || wanted == "*" {
                            let part = below.of(field);
                            match kept.get_mut(name) {
                                Some(known) => join(known, part),
                                None => {
                                    kept.insert(name.clone(), part);
                                }
                            }
                        }
                    }
                }
                Value::Object(kept)
            }
            other => other.clone(),
        }
    }
}

/// Two selections of the same value.
fn join(known: &mut Value, more: Value) {
    match (known, more) {
        (Value::Object(known), Value::Object(more)) => {
            for (name, value) in more {
                match known.get_mut(&name) {
                    Some(known) => join(known, value),
                    None => {
                        known.insert(name, value);
                    }
                }
            }
        }
        (Value::Array(known), Value::Array(more)) => {
            for (known, more) in known.iter_mut().zip(more) {
                join(known, more);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn pick(text: &str, value: &Value) -> Option<Value> {
        let mut rest = text;
        let selection = Selection::read(&mut rest, 0)?;
        rest.is_empty().then(|| selection.of(value))
    }

    #[test]
    fn it_picks_as_googles_apis_do() {
        let value = json!({ "a": 1, "b": { "c": 2, "d": 3 }, "l": [{ "x": 1, "y": 2 }, { "y": 3 }], "next": "t" });
        for (text, expected) in [
            ("a", json!({ "a": 1 })),
            ("a,next", json!({ "a": 1, "next": "t" })),
            ("b/c", json!({ "b": { "c": 2 } })),
            ("b(c,d)", json!({ "b": { "c": 2, "d": 3 } })),
            ("l/y", json!({ "l": [{ "y": 2 }, { "y": 3 }] })),
            ("l(x),l/y", json!({ "l": [{ "x": 1, "y": 2 }, { "y": 3 }] })),
            (
                "*/c",
                json!({ "a": 1, "b": { "c": 2 }, "l": [{}, {}], "next": "t" }),
            ),
            ("nothing", json!({})),
        ] {
            assert_eq!(pick(text, &value), Some(expected), "{text}");
        }
        for bad in ["", ",", "a,", "a(", "a()", "a)", "a/", "a b"] {
            assert_eq!(pick(bad, &value), None, "{bad}");
        }
        assert_eq!(pick(&"a/".repeat(10_000), &value), None);
    }
}
