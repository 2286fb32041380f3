//! Functions on text. Places count characters (Unicode code points), from zero.

use super::functions::{Function, mismatch};
use super::value::{Computed, Fail, Value};
use crate::text::in_quotes;

fn place(index: i64, length: usize) -> Result<usize, Fail> {
    usize::try_from(index)
        .ok()
        .filter(|i| *i <= length)
        .ok_or_else(|| Fail::error(format!("there is no place {index} in the text")))
}

pub(super) fn call(function: Function, args: &[Value]) -> Computed {
    use Function as F;
    use Value::{Bool, Int, List, String};
    match (function, args) {
        (F::Contains, [String(s), String(p)]) => Ok(Bool(s.contains(&**p))),
        (F::StartsWith, [String(s), String(p)]) => Ok(Bool(s.starts_with(&**p))),
        (F::EndsWith, [String(s), String(p)]) => Ok(Bool(s.ends_with(&**p))),
        (F::Extract, [String(s), String(template)]) => extract(s, template).map(Value::string),
        (F::LowerAscii, [String(s)]) => Ok(Value::string(s.to_ascii_lowercase())),
        (F::UpperAscii, [String(s)]) => Ok(Value::string(s.to_ascii_uppercase())),
        (F::Trim, [String(s)]) => Ok(Value::string(s.trim())),
        (F::Split, [String(s), String(by)]) => Ok(split(s, by, -1)),
        (F::Split, [String(s), String(by), Int(limit)]) => Ok(split(s, by, *limit)),
        (F::Join, [List(items)]) => join(items, ""),
        (F::Join, [List(items), String(by)]) => join(items, by),
        (F::CharAt, [String(s), Int(at)]) => {
            let at = place(*at, s.chars().count())?;
            Ok(Value::string(
                s.chars().nth(at).map(|c| c.to_string()).unwrap_or_default(),
            ))
        }
        (F::IndexOf, [String(s), String(p)]) => Ok(found(s, s.find(&**p))),
        (F::IndexOf, [String(s), String(p), Int(from)]) => {
            let skip = place(*from, s.chars().count())?;
            let start = byte_of(s, skip);
            let rest = s.get(start..).unwrap_or_default();
            Ok(found(s, rest.find(&**p).map(|i| i + start)))
        }
        (F::LastIndexOf, [String(s), String(p)]) => Ok(found(s, s.rfind(&**p))),
        (F::LastIndexOf, [String(s), String(p), Int(from)]) => {
            // The match may start at that place at the latest.
            let last = byte_of(s, place(*from, s.chars().count())?);
            let end = (last + p.len()).min(s.len());
            let end = (end..=s.len())
                .find(|e| s.is_char_boundary(*e))
                .unwrap_or(s.len());
            let hit = s.get(..end).unwrap_or_default().rfind(&**p);
            Ok(found(s, hit.filter(|h| *h <= last)))
        }
        (F::Replace, [String(s), String(a), String(b)]) => replace(s, a, b, usize::MAX),
        (F::Replace, [String(s), String(a), String(b), Int(count)]) => {
            replace(s, a, b, usize::try_from(*count).unwrap_or(usize::MAX))
        }
        (F::Substring, [String(s), Int(from)]) => {
            let from = byte_of(s, place(*from, s.chars().count())?);
            Ok(Value::string(s.get(from..).unwrap_or_default()))
        }
        (F::Substring, [String(s), Int(from), Int(to)]) => {
            let length = s.chars().count();
            let (from, to) = (place(*from, length)?, place(*to, length)?);
            if from > to {
                return Err(Fail::error(format!("the text from {from} to {to} is none")));
            }
            let part = s.get(byte_of(s, from)..byte_of(s, to));
            Ok(Value::string(part.unwrap_or_default()))
        }
        _ => Err(mismatch("a text function", args)),
    }
}

fn byte_of(text: &str, character: usize) -> usize {
    text.char_indices()
        .nth(character)
        .map_or(text.len(), |(i, _)| i)
}

/// The place of a match, -1 for none.
fn found(text: &str, byte: Option<usize>) -> Value {
    let place = byte
        .and_then(|b| text.get(..b))
        .and_then(|head| i64::try_from(head.chars().count()).ok());
    Value::Int(place.unwrap_or(-1))
}

fn split(text: &str, by: &str, limit: i64) -> Value {
    // An empty separator gives the characters, as in the language's own implementation.
    let parts: Vec<&str> = if by.is_empty() {
        let ends = text
            .char_indices()
            .map(|(i, c)| text.get(i..i + c.len_utf8()));
        ends.flatten().collect()
    } else {
        text.split(by).collect()
    };
    match usize::try_from(limit) {
        Ok(0) => Value::strings::<_, &str>([]),
        Ok(limit) if limit < parts.len() => {
            let head = parts.iter().take(limit - 1).copied();
            let used: usize = head.clone().map(|p| p.len() + by.len()).sum();
            let tail = text.get(used..).unwrap_or_default();
            Value::strings(head.chain([tail]))
        }
        _ => Value::strings(parts),
    }
}

fn join(items: &[Value], by: &str) -> Computed {
    let mut joined = String::new();
    for (i, item) in items.iter().enumerate() {
        let Value::String(item) = item else {
            return Err(mismatch("join", std::slice::from_ref(item)));
        };
        if joined.len() + item.len() + by.len() > super::walk::MAX_LENGTH {
            return Err(Fail::error("a value gets too long"));
        }
        if i > 0 {
            joined.push_str(by);
        }
        joined.push_str(item);
    }
    Ok(Value::string(joined))
}

fn replace(text: &str, from: &str, to: &str, count: usize) -> Computed {
    let hits = text.matches(from).take(count).count();
    let grown = hits.saturating_mul(to.len()).saturating_add(text.len());
    if grown > super::walk::MAX_LENGTH {
        return Err(Fail::error("a value gets too long"));
    }
    Ok(Value::string(text.replacen(from, to, hits)))
}

/// IAM's `extract(template)`: the template holds one `{name}`; what stands in
/// the text between the first occurrence of what precedes it and the next
/// occurrence of what follows it. Nothing before it: from the start; nothing
/// after it: to the end. No match: the empty string (doc: Attribute reference
/// for IAM Conditions, "Extract values from attributes"; a second `{name}` is not
/// described there and is an error, *chosen*).
fn extract(text: &str, template: &str) -> Result<String, Fail> {
    let bad = || {
        Fail::error(format!(
            "{} is not a template: it needs one {{name}}",
            in_quotes(template)
        ))
    };
    let (prefix, rest) = template.split_once('{').ok_or_else(bad)?;
    let (name, suffix) = rest.split_once('}').ok_or_else(bad)?;
    let named = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    if name.is_empty() || !name.bytes().all(named) || suffix.contains(['{', '}']) {
        return Err(bad());
    }
    let Some(start) = text.find(prefix).map(|i| i + prefix.len()) else {
        return Ok(String::new());
    };
    let rest = text.get(start..).unwrap_or_default();
    if suffix.is_empty() {
        return Ok(rest.to_owned());
    }
    Ok(rest
        .find(suffix)
        .and_then(|end| rest.get(..end))
        .unwrap_or_default()
        .to_owned())
}
