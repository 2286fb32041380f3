//! Values of the condition language, their equality and order.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::time::{Instant, format_duration};
use crate::text::in_quotes;

/// A value of the Common Expression Language.
///
/// Equality and order follow the language definition: numbers compare across
/// `int`, `uint` and `double`; values of different types are unequal.
#[derive(Clone, Debug)]
pub enum Value {
    /// `null`.
    Null,
    /// `bool`.
    Bool(bool),
    /// `int`, 64 bits.
    Int(i64),
    /// `uint`, 64 bits.
    Uint(u64),
    /// `double`.
    Double(f64),
    /// `string`.
    String(Arc<str>),
    /// `bytes`.
    Bytes(Arc<[u8]>),
    /// `list`.
    List(Arc<[Value]>),
    /// `map`, in the order of its literal; keys are bool, int, uint or string.
    Map(Arc<[(Value, Value)]>),
    /// `google.protobuf.Timestamp`, years 1 to 9999.
    Timestamp(Instant),
    /// `google.protobuf.Duration` in nanoseconds.
    Duration(i64),
    /// The name of a type.
    Type(Arc<str>),
}

impl Value {
    /// A string.
    pub fn string(text: impl Into<Arc<str>>) -> Self {
        Self::String(text.into())
    }

    /// A list of strings.
    pub fn strings<I: IntoIterator<Item = S>, S: Into<Arc<str>>>(items: I) -> Self {
        Self::List(items.into_iter().map(|s| Self::String(s.into())).collect())
    }

    /// A JSON value. A whole number becomes an `int` (*chosen*: the language
    /// reads JSON numbers as `double`, which compares alike but prints otherwise).
    pub fn from_json(json: &serde_json::Value) -> Self {
        use serde_json::Value as J;
        match json {
            J::Null => Self::Null,
            J::Bool(b) => Self::Bool(*b),
            J::Number(n) => match (n.as_i64(), n.as_u64()) {
                (Some(i), _) => Self::Int(i),
                (None, Some(u)) => Self::Uint(u),
                (None, None) => Self::Double(n.as_f64().unwrap_or(f64::NAN)),
            },
            J::String(s) => Self::string(s.as_str()),
            J::Array(items) => Self::List(items.iter().map(Self::from_json).collect()),
            J::Object(fields) => Self::Map(
                fields
                    .iter()
                    .map(|(k, v)| (Self::string(k.as_str()), Self::from_json(v)))
                    .collect(),
            ),
        }
    }

    /// The name of this value's type, as `type()` gives it.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null_type",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Uint(_) => "uint",
            Self::Double(_) => "double",
            Self::String(_) => "string",
            Self::Bytes(_) => "bytes",
            Self::List(_) => "list",
            Self::Map(_) => "map",
            Self::Timestamp(_) => "google.protobuf.Timestamp",
            Self::Duration(_) => "google.protobuf.Duration",
            Self::Type(_) => "type",
        }
    }

    /// The text of a string value.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(s) => Some(s),
            _ => None,
        }
    }

    /// This value as text, as `string()` gives it; for what has no conversion, a literal.
    pub fn to_text(&self) -> String {
        match self {
            Self::Null => "null".into(),
            Self::Bool(b) => b.to_string(),
            Self::Int(i) => i.to_string(),
            Self::Uint(u) => u.to_string(),
            Self::Double(d) => d.to_string(),
            Self::String(s) => s.to_string(),
            Self::Bytes(b) => String::from_utf8_lossy(b).into_owned(),
            Self::Timestamp(t) => t.to_string(),
            Self::Duration(d) => format_duration(*d),
            Self::Type(t) => t.to_string(),
            Self::List(items) => {
                let items: Vec<_> = items.iter().map(Self::to_text).collect();
                format!("[{}]", items.join(", "))
            }
            Self::Map(entries) => {
                let entries: Vec<_> = entries
                    .iter()
                    .map(|(k, v)| format!("{}: {}", k.to_text(), v.to_text()))
                    .collect();
                format!("{{{}}}", entries.join(", "))
            }
        }
    }

    /// This value in a message: short, and a container by its type alone, since
    /// a container may hold the same part many times over.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::List(_) | Self::Map(_) | Self::Bytes(_) => self.type_name().to_owned(),
            other => in_quotes(&other.to_text()),
        }
    }

    /// Looks at every part and pays for it, `false` when that is too much. What
    /// looks at whole containers asks here first: parts can be shared, so that a
    /// small value is endless to walk.
    pub(super) fn affordable(&self, budget: &mut usize) -> bool {
        let Some(rest) = budget.checked_sub(1) else {
            return false;
        };
        *budget = rest;
        match self {
            Self::List(items) => items.iter().all(|i| i.affordable(budget)),
            Self::Map(entries) => {
                // Each key is looked for among all of the other map's.
                let search = entries.len().saturating_mul(entries.len()) / 16;
                *budget = budget.saturating_sub(search);
                entries.iter().all(|(_, v)| v.affordable(budget))
            }
            _ => true,
        }
    }

    /// The value of `key` in a map. Numbers find each other across types.
    pub(super) fn lookup<'a>(entries: &'a [(Value, Value)], key: &Value) -> Option<&'a Value> {
        entries.iter().find(|(k, _)| k == key).map(|(_, v)| v)
    }

    /// The order of two values, `None` where the language has none.
    pub(super) fn order(&self, other: &Self) -> Option<Option<Ordering>> {
        Some(match (self, other) {
            (Self::Bool(a), Self::Bool(b)) => Some(a.cmp(b)),
            (Self::String(a), Self::String(b)) => Some(a.cmp(b)),
            (Self::Bytes(a), Self::Bytes(b)) => Some(a.cmp(b)),
            (Self::Timestamp(a), Self::Timestamp(b)) => Some(a.cmp(b)),
            (Self::Duration(a), Self::Duration(b)) => Some(a.cmp(b)),
            _ => return order_numbers(self, other),
        })
    }
}

/// The order of two numbers of any type: `None` if one is no number, `Some(None)` for NaN.
fn order_numbers(a: &Value, b: &Value) -> Option<Option<Ordering>> {
    use Value::{Double, Int, Uint};
    Some(match (a, b) {
        (Int(a), Int(b)) => Some(a.cmp(b)),
        (Uint(a), Uint(b)) => Some(a.cmp(b)),
        (Int(a), Uint(b)) => Some(i128::from(*a).cmp(&i128::from(*b))),
        (Uint(a), Int(b)) => Some(i128::from(*a).cmp(&i128::from(*b))),
        (Double(a), Double(b)) => a.partial_cmp(b),
        (Int(a), Double(b)) => order_double(i128::from(*a), *b),
        (Uint(a), Double(b)) => order_double(i128::from(*a), *b),
        (Double(a), Int(b)) => order_double(i128::from(*b), *a).map(Ordering::reverse),
        (Double(a), Uint(b)) => order_double(i128::from(*b), *a).map(Ordering::reverse),
        _ => return None,
    })
}

/// As doubles, where an integer of more than 53 bits is rounded: the published
/// tests want it so (`not_lt_dyn_int_big_lossy_double`).
fn order_double(int: i128, double: f64) -> Option<Ordering> {
    (int as f64).partial_cmp(&double)
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Type(a), Self::Type(b)) => a == b,
            (Self::List(a), Self::List(b)) => a == b,
            (Self::Map(a), Self::Map(b)) => {
                a.len() == b.len()
                    && a.iter()
                        .all(|(k, v)| Self::lookup(b, k).is_some_and(|w| v == w))
            }
            _ => matches!(self.order(other), Some(Some(Ordering::Equal))),
        }
    }
}

/// Why an expression has no value.
#[derive(Clone, Debug, PartialEq)]
pub enum Fail {
    /// The expression went wrong, with the reason.
    Error(Arc<str>),
    /// Values are missing: attribute name to why it is not known.
    Unknown(Box<BTreeMap<String, String>>),
}

impl Fail {
    /// An error.
    pub(super) fn error(message: impl Into<Arc<str>>) -> Self {
        Self::Error(message.into())
    }

    /// A missing attribute.
    pub(super) fn unknown(name: &str, why: &str) -> Self {
        Self::Unknown(Box::new(BTreeMap::from([(
            name.to_owned(),
            why.to_owned(),
        )])))
    }

    /// Both: what is missing counts for more than an error, as the language's
    /// own implementations have it; the first error wins.
    pub(super) fn merge(self, other: Self) -> Self {
        match (self, other) {
            (Self::Unknown(mut a), Self::Unknown(b)) => {
                a.extend(*b);
                Self::Unknown(a)
            }
            (u @ Self::Unknown(_), _) | (Self::Error(_), u @ Self::Unknown(_)) => u,
            (e, _) => e,
        }
    }
}

/// A value, or why there is none.
pub(super) type Computed = Result<Value, Fail>;
