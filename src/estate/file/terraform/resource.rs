//! One resource of Terraform's: its values, and which of them are not known or not to be shown.

use std::collections::HashMap;

use serde_json::{Map, Value};

/// What an attribute holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TfValue<T> {
    /// This.
    Is(T),
    /// It is not set.
    Unset,
    /// It is known after the apply, or marked as sensitive.
    Unknown,
}

impl<T> TfValue<T> {
    /// The value, where there is one.
    pub fn is(self) -> Option<T> {
        match self {
            Self::Is(value) => Some(value),
            _ => None,
        }
    }

    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown)
    }
}

/// A resource, or what a data source read.
#[derive(Debug)]
pub(super) struct TfResource<'f> {
    /// `google_project_iam_member`
    pub kind: &'f str,
    /// Read, not managed.
    pub data: bool,
    values: &'f Map<String, Value>,
    /// What of it is known after the apply: true at an attribute, or somewhere in it.
    unknown: Option<&'f Value>,
    /// Likewise what is sensitive.
    sensitive: Option<&'f Value>,
    /// Sensitive attributes of a stored state, by name.
    hidden: Vec<&'f str>,
    /// Of a plan: an attribute that is not there is not known yet.
    planned: bool,
}

impl<'f> TfResource<'f> {
    /// Any attribute.
    pub fn value(&self, key: &str) -> TfValue<&'f Value> {
        let marked = |marks: Option<&Value>| marks.and_then(|m| m.get(key)).is_some_and(is_marked);
        if marked(self.unknown) || marked(self.sensitive) || self.hidden.contains(&key) {
            return TfValue::Unknown;
        }
        match self.values.get(key) {
            // A plan leaves out what it does not know, and says so where it tells of the change.
            None if self.planned && self.unknown.is_none() => TfValue::Unknown,
            None | Some(Value::Null) => TfValue::Unset,
            Some(value) => TfValue::Is(value),
        }
    }

    /// A text, or a number as text; an empty one is not set.
    pub fn text(&self, key: &str) -> TfValue<String> {
        match self.value(key) {
            TfValue::Is(Value::String(text)) if text.is_empty() => TfValue::Unset,
            TfValue::Is(Value::String(text)) => TfValue::Is(text.clone()),
            TfValue::Is(Value::Number(number)) => TfValue::Is(number.to_string()),
            TfValue::Is(_) | TfValue::Unset => TfValue::Unset,
            TfValue::Unknown => TfValue::Unknown,
        }
    }

    /// A set or list of texts, and whether some of it is not known.
    pub fn texts(&self, key: &str) -> (Vec<String>, bool) {
        let (texts, some) = match (self.values.get(key), self.value(key)) {
            (Some(Value::Array(list)), _) => {
                let texts: Vec<String> = list
                    .iter()
                    .filter_map(|v| v.as_str().map(str::to_owned))
                    .collect();
                let short = texts.len() < list.len();
                (texts, short)
            }
            (_, TfValue::Unset) => (Vec::new(), false),
            _ => (Vec::new(), true),
        };
        // What is sensitive is not shown, the rest of what is not known yet is.
        let hidden = self.hidden.contains(&key)
            || (self.sensitive.and_then(|m| m.get(key))).is_some_and(is_marked);
        if hidden {
            return (Vec::new(), true);
        }
        let unknown = (self.unknown.and_then(|m| m.get(key))).is_some_and(is_marked);
        (texts, some || unknown)
    }

    /// The one block of that name.
    pub fn block(&self, key: &str) -> TfValue<&'f Map<String, Value>> {
        match self.value(key) {
            TfValue::Is(Value::Array(list)) => match list.first() {
                Some(Value::Object(block)) => TfValue::Is(block),
                _ => TfValue::Unset,
            },
            TfValue::Is(Value::Object(block)) => TfValue::Is(block),
            TfValue::Is(_) | TfValue::Unset => TfValue::Unset,
            TfValue::Unknown => TfValue::Unknown,
        }
    }

    /// A switch; what is not set is off.
    pub fn on(&self, key: &str) -> bool {
        self.value(key).is() == Some(&Value::Bool(true))
    }
}

/// True, or true somewhere inside.
fn is_marked(marks: &Value) -> bool {
    match marks {
        Value::Bool(marked) => *marked,
        Value::Array(list) => list.iter().any(is_marked),
        Value::Object(map) => map.values().any(is_marked),
        _ => false,
    }
}

/// What a plan says of each resource.
pub(super) fn by_address(changes: &[Value]) -> HashMap<&str, &Value> {
    changes
        .iter()
        .filter_map(|change| Some((change.get("address")?.as_str()?, change.get("change")?)))
        .collect()
}

/// The resources of a module and of those in it. JSON is read 128 levels deep, so that this ends.
pub(super) fn of_module<'f>(
    module: &'f Value,
    changes: Option<&HashMap<&'f str, &'f Value>>,
    into: &mut Vec<TfResource<'f>>,
) {
    let list = |key: &str| {
        module
            .get(key)
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
    };
    for resource in list("resources") {
        let text = |key: &str| resource.get(key).and_then(Value::as_str);
        let values = resource.get("values").and_then(Value::as_object);
        let (Some(kind), Some(values)) = (text("type"), values) else {
            continue;
        };
        let change = changes.and_then(|c| c.get(text("address")?));
        into.push(TfResource {
            kind,
            data: text("mode") == Some("data"),
            values,
            unknown: change.and_then(|c| c.get("after_unknown")),
            sensitive: resource.get("sensitive_values"),
            hidden: Vec::new(),
            planned: changes.is_some(),
        });
    }
    for child in list("child_modules") {
        of_module(child, changes, into);
    }
}

/// The resources of a stored state.
pub(super) fn of_state<'f>(list: &'f [Value], into: &mut Vec<TfResource<'f>>) {
    for resource in list {
        let text = |key: &str| resource.get(key).and_then(Value::as_str);
        let Some(kind) = text("type") else {
            continue;
        };
        let instances = resource.get("instances").and_then(Value::as_array);
        for instance in instances.into_iter().flatten() {
            // On its way out: another has taken its place.
            if instance.get("deposed").is_some() {
                continue;
            }
            let Some(values) = instance.get("attributes").and_then(Value::as_object) else {
                continue;
            };
            // Paths, each a list of steps; the first names the attribute.
            let paths = instance
                .get("sensitive_attributes")
                .and_then(Value::as_array);
            let first = |path: &'f Value| path.get(0)?.get("value")?.as_str();
            into.push(TfResource {
                kind,
                data: text("mode") == Some("data"),
                values,
                unknown: None,
                sensitive: None,
                hidden: paths.into_iter().flatten().filter_map(first).collect(),
                planned: false,
            });
        }
    }
}
