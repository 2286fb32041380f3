//! The functions and operators of conditions.

use std::cmp::Ordering;

use cel::common::ast::operators;
use regex::{Regex, RegexBuilder};

use super::arithmetic;
use super::context::EffectiveTag;
use super::text;
use super::time::{Accessor, parse_date, parse_duration, parse_timestamp};
use super::value::{Computed, Fail, Value};
use super::walk::Walker;
use crate::text::in_quotes;

/// How large a compiled pattern may get, in bytes.
const MAX_PATTERN: usize = 1 << 18;

/// The names of types.
pub(super) const TYPES: [&str; 12] = [
    "bool",
    "bytes",
    "double",
    "google.protobuf.Duration",
    "google.protobuf.Timestamp",
    "int",
    "list",
    "map",
    "null_type",
    "string",
    "type",
    "uint",
];

/// A function or operator; a receiver is the first argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    // Operators.
    Equals,
    NotEquals,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    Negate,
    Index,
    // Conversions and measures.
    Size,
    Int,
    Uint,
    Double,
    String,
    Bytes,
    Bool,
    Type,
    Dyn,
    Timestamp,
    Duration,
    Date,
    // Text.
    Contains,
    StartsWith,
    EndsWith,
    Matches,
    Extract,
    LowerAscii,
    UpperAscii,
    Split,
    Join,
    CharAt,
    IndexOf,
    LastIndexOf,
    Replace,
    Substring,
    Trim,
    // Lists.
    HasOnly,
    // Time.
    Access(Accessor),
    // Tags and API attributes.
    HasTagKey,
    HasTagKeyId,
    MatchTag,
    MatchTagId,
    GetAttribute,
    /// `compute.isForwardingRuleCreationOperation()`, `compute.matchLoadBalancingSchemes(…)`.
    ForwardingRule,
    /// Not declared; only without the check.
    Undeclared,
}

impl Function {
    /// Its result is always a boolean, so it is a statement.
    pub fn is_boolean(self) -> bool {
        matches!(
            self,
            Self::Equals
                | Self::NotEquals
                | Self::Less
                | Self::LessOrEqual
                | Self::Greater
                | Self::GreaterOrEqual
                | Self::In
                | Self::Contains
                | Self::StartsWith
                | Self::EndsWith
                | Self::Matches
                | Self::HasOnly
                | Self::HasTagKey
                | Self::HasTagKeyId
                | Self::MatchTag
                | Self::MatchTagId
                | Self::ForwardingRule
        )
    }
}

/// An operator by the parser's name for it: its function (`None`: the logic of
/// the walker) and the number of its operands.
pub(super) fn operator(name: &str) -> Option<(Option<Function>, usize)> {
    use Function as F;
    Some(match name {
        operators::EQUALS => (Some(F::Equals), 2),
        operators::NOT_EQUALS => (Some(F::NotEquals), 2),
        operators::LESS => (Some(F::Less), 2),
        operators::LESS_EQUALS => (Some(F::LessOrEqual), 2),
        operators::GREATER => (Some(F::Greater), 2),
        operators::GREATER_EQUALS => (Some(F::GreaterOrEqual), 2),
        operators::IN => (Some(F::In), 2),
        operators::ADD => (Some(F::Add), 2),
        operators::SUBSTRACT => (Some(F::Subtract), 2),
        operators::MULTIPLY => (Some(F::Multiply), 2),
        operators::DIVIDE => (Some(F::Divide), 2),
        operators::MODULO => (Some(F::Modulo), 2),
        operators::NEGATE => (Some(F::Negate), 1),
        operators::INDEX => (Some(F::Index), 2),
        operators::LOGICAL_AND | operators::LOGICAL_OR => (None, 2),
        operators::LOGICAL_NOT | operators::NOT_STRICTLY_FALSE => (None, 1),
        operators::CONDITIONAL => (None, 3),
        _ => return None,
    })
}

/// A function that belongs to `resource` or `api`.
pub(super) fn of_object(object: &str, name: &str, args: usize) -> Option<Function> {
    Some(match (object, name, args) {
        ("resource", "hasTagKey", 1) => Function::HasTagKey,
        ("resource", "hasTagKeyId", 1) => Function::HasTagKeyId,
        ("resource", "matchTag", 2) => Function::MatchTag,
        ("resource", "matchTagId", 2) => Function::MatchTagId,
        ("api", "getAttribute", 2) => Function::GetAttribute,
        ("compute", "isForwardingRuleCreationOperation", 0)
        | ("compute", "matchLoadBalancingSchemes", 1) => Function::ForwardingRule,
        _ => return None,
    })
}

/// A function by name, by whether it has a receiver, and by the number of its other arguments.
pub(super) fn find(name: &str, receiver: bool, args: usize) -> Option<Function> {
    use Function as F;
    if receiver {
        if let Some(accessor) = Accessor::from_name(name) {
            return (args <= 1).then_some(F::Access(accessor));
        }
        return Some(match (name, args) {
            ("size", 0) => F::Size,
            ("contains", 1) => F::Contains,
            ("startsWith", 1) => F::StartsWith,
            ("endsWith", 1) => F::EndsWith,
            ("matches", 1) => F::Matches,
            ("extract", 1) => F::Extract,
            ("lowerAscii", 0) => F::LowerAscii,
            ("upperAscii", 0) => F::UpperAscii,
            ("split", 1 | 2) => F::Split,
            ("join", 0 | 1) => F::Join,
            ("charAt", 1) => F::CharAt,
            ("indexOf", 1 | 2) => F::IndexOf,
            ("lastIndexOf", 1 | 2) => F::LastIndexOf,
            ("replace", 2 | 3) => F::Replace,
            ("substring", 1 | 2) => F::Substring,
            ("trim", 0) => F::Trim,
            ("hasOnly", 1) => F::HasOnly,
            _ => return None,
        });
    }
    Some(match (name, args) {
        ("size", 1) => F::Size,
        ("int", 1) => F::Int,
        ("uint", 1) => F::Uint,
        ("double", 1) => F::Double,
        ("string", 1) => F::String,
        ("bytes", 1) => F::Bytes,
        ("bool", 1) => F::Bool,
        ("type", 1) => F::Type,
        ("dyn", 1) => F::Dyn,
        ("timestamp", 1) => F::Timestamp,
        ("duration", 1) => F::Duration,
        ("date", 1) => F::Date,
        ("matches", 2) => F::Matches,
        _ => return None,
    })
}

/// Whether there is a function of that name, called in another way.
pub(super) fn exists(name: &str) -> bool {
    (0..=3).any(|args| {
        [true, false].iter().any(|r| find(name, *r, args).is_some())
            || ["resource", "api", "compute"]
                .iter()
                .any(|o| of_object(o, name, args).is_some())
    })
}

/// A regular expression, found anywhere in the text as RE2 does.
pub(super) fn pattern(text: &str) -> Result<Regex, String> {
    RegexBuilder::new(text)
        .size_limit(MAX_PATTERN)
        .dfa_size_limit(MAX_PATTERN)
        .nest_limit(50)
        .build()
        .map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => "the regular expression is too large".to_owned(),
            _ => format!("{} is not a regular expression", in_quotes(text)),
        })
}

/// What the language calls "no such overload".
pub(super) fn mismatch(function: &str, args: &[Value]) -> Fail {
    let types: Vec<_> = args.iter().map(Value::type_name).collect();
    Fail::error(format!("{function} does not take ({})", types.join(", ")))
}

pub(super) fn call(
    walker: &mut Walker<'_>,
    function: Function,
    args: &[Value],
    regex: Option<&Regex>,
) -> Computed {
    use Function as F;
    walker.spend(args.iter().map(weight).sum())?;
    if matches!(
        function,
        F::Equals | F::NotEquals | F::In | F::HasOnly | F::Index
    ) {
        // An index looks for its key, not through the container.
        walker.afford(match (function, args) {
            (F::Index, [_, key]) => std::slice::from_ref(key),
            (_, args) => args,
        })?;
    }
    let done = match function {
        F::Equals | F::NotEquals => match args {
            [a, b] => Ok(Value::Bool((a == b) == (function == F::Equals))),
            _ => Err(mismatch("==", args)),
        },
        F::Less | F::LessOrEqual | F::Greater | F::GreaterOrEqual => compare(function, args),
        F::In => within(args),
        F::Add | F::Subtract | F::Multiply | F::Divide | F::Modulo | F::Negate => {
            arithmetic::calculate(function, args)
        }
        F::Index => index(args),
        F::Size => size(args),
        F::Int | F::Uint | F::Double | F::String | F::Bytes | F::Bool => {
            arithmetic::convert(function, args)
        }
        F::Type => match args {
            [a] => Ok(Value::Type(a.type_name().into())),
            _ => Err(mismatch("type", args)),
        },
        F::Dyn => args.first().cloned().ok_or_else(|| mismatch("dyn", args)),
        F::Timestamp => match args {
            [Value::String(s)] => parse_timestamp(s)
                .map(Value::Timestamp)
                .map_err(Fail::error),
            [Value::Int(i)] => super::time::Instant::from_seconds(*i)
                .map(Value::Timestamp)
                .ok_or_else(|| Fail::error(format!("{i} is outside of the range of timestamps"))),
            [t @ Value::Timestamp(_)] => Ok(t.clone()),
            _ => Err(mismatch("timestamp", args)),
        },
        F::Duration => match args {
            [Value::String(s)] => parse_duration(s).map(Value::Duration).map_err(Fail::error),
            [Value::Int(i)] => i
                .checked_mul(1_000_000_000)
                .map(Value::Duration)
                .ok_or_else(|| Fail::error(format!("{i} is outside of the range of durations"))),
            [d @ Value::Duration(_)] => Ok(d.clone()),
            _ => Err(mismatch("duration", args)),
        },
        F::Date => match args {
            [Value::String(s)] => parse_date(s).map(Value::Timestamp).map_err(Fail::error),
            _ => Err(mismatch("date", args)),
        },
        F::Matches => match (args, regex) {
            ([Value::String(s), Value::String(_)], Some(regex)) => {
                Ok(Value::Bool(regex.is_match(s)))
            }
            ([Value::String(s), Value::String(p)], None) => {
                // A pattern that is only known now is compiled each time.
                walker.spend(2_000)?;
                let regex = pattern(p).map_err(Fail::error)?;
                Ok(Value::Bool(regex.is_match(s)))
            }
            _ => Err(mismatch("matches", args)),
        },
        F::HasOnly => match args {
            [Value::List(items), Value::List(allowed)] => {
                walker.spend(items.len().saturating_mul(allowed.len()) / 8)?;
                for _ in items.iter() {
                    walker.afford(allowed)?;
                }
                Ok(Value::Bool(items.iter().all(|i| allowed.contains(i))))
            }
            _ => Err(mismatch("hasOnly", args)),
        },
        F::Access(accessor) => access(accessor, args),
        F::HasTagKey | F::HasTagKeyId | F::MatchTag | F::MatchTagId => tags(walker, function, args),
        F::GetAttribute => attribute(walker, args),
        F::ForwardingRule => Err(Fail::unknown(
            "compute",
            "only requests that create forwarding rules tell",
        )),
        F::Undeclared => Err(Fail::error("conditions know no such function")),
        F::Contains
        | F::StartsWith
        | F::EndsWith
        | F::Extract
        | F::LowerAscii
        | F::UpperAscii
        | F::Split
        | F::Join
        | F::CharAt
        | F::IndexOf
        | F::LastIndexOf
        | F::Replace
        | F::Substring
        | F::Trim => text::call(function, args),
    }?;
    // What was built is paid for, so that nothing grows without end.
    let length = length(&done);
    if length > super::walk::MAX_LENGTH {
        return Err(Fail::error("a value gets too long"));
    }
    walker.spend(weight(&done))?;
    Ok(done)
}

fn length(value: &Value) -> usize {
    match value {
        Value::String(s) => s.len(),
        Value::Bytes(b) => b.len(),
        Value::List(l) => l.len(),
        Value::Map(m) => m.len(),
        _ => 0,
    }
}

/// What it costs to look at a value once, in steps.
fn weight(value: &Value) -> usize {
    match value {
        Value::List(l) => l.len() / 16 + l.iter().take(64).map(length).sum::<usize>() / 1024,
        Value::Map(m) => m.len() / 16,
        other => length(other) / 1024,
    }
}

fn compare(function: Function, args: &[Value]) -> Computed {
    let [a, b] = args else {
        return Err(mismatch("<", args));
    };
    let order = a.order(b).ok_or_else(|| mismatch("an order", args))?;
    let holds = match function {
        Function::Less => order == Some(Ordering::Less),
        Function::LessOrEqual => matches!(order, Some(Ordering::Less | Ordering::Equal)),
        Function::Greater => order == Some(Ordering::Greater),
        _ => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
    };
    Ok(Value::Bool(holds))
}

fn within(args: &[Value]) -> Computed {
    match args {
        [item, Value::List(list)] => Ok(Value::Bool(list.contains(item))),
        [key, Value::Map(entries)] => Ok(Value::Bool(Value::lookup(entries, key).is_some())),
        _ => Err(mismatch("in", args)),
    }
}

fn index(args: &[Value]) -> Computed {
    match args {
        [Value::List(list), at] => {
            let place = match at {
                Value::Int(i) => usize::try_from(*i).ok(),
                Value::Uint(u) => usize::try_from(*u).ok(),
                // A double counts where it is whole.
                Value::Double(d) if d.fract() == 0.0 && (0.0..1e15).contains(d) => {
                    Some(*d as usize)
                }
                _ => return Err(mismatch("an index", args)),
            };
            place
                .and_then(|i| list.get(i))
                .cloned()
                .ok_or_else(|| Fail::error(format!("there is no item {}", at.shown())))
        }
        [Value::Map(entries), key] => Value::lookup(entries, key)
            .cloned()
            .ok_or_else(|| Fail::error(format!("there is no key {}", key.shown()))),
        _ => Err(mismatch("an index", args)),
    }
}

fn size(args: &[Value]) -> Computed {
    let size = match args {
        [Value::String(s)] => s.chars().count(),
        [Value::Bytes(b)] => b.len(),
        [Value::List(l)] => l.len(),
        [Value::Map(m)] => m.len(),
        _ => return Err(mismatch("size", args)),
    };
    Ok(Value::Int(i64::try_from(size).unwrap_or(i64::MAX)))
}

fn access(accessor: Accessor, args: &[Value]) -> Computed {
    match args {
        [Value::Timestamp(at)] => accessor.of_timestamp(*at, None),
        [Value::Timestamp(at), Value::String(zone)] => accessor.of_timestamp(*at, Some(zone)),
        [Value::Duration(d)] => accessor
            .of_duration(*d)
            .ok_or_else(|| "a duration has no such part".to_owned()),
        _ => return Err(mismatch("a time accessor", args)),
    }
    .map(Value::Int)
    .map_err(Fail::error)
}

/// The tag functions (doc: Attribute reference for IAM Conditions, Resource tags).
fn tags(walker: &mut Walker<'_>, function: Function, args: &[Value]) -> Computed {
    let (key, value) = match args {
        [Value::String(key)] => (key, None),
        [Value::String(key), Value::String(value)] => (key, Some(value)),
        _ => return Err(mismatch("a tag function", args)),
    };
    let tags = walker.context.tags.get("resource.tags")?;
    walker.spend(tags.len())?;
    let holds = |tag: &EffectiveTag| match (function, value) {
        (Function::HasTagKey, _) => tag.namespaced_key == **key,
        (Function::HasTagKeyId, _) => tag.key_id == **key,
        // The value is given by its short name.
        (Function::MatchTag, Some(value)) => {
            tag.namespaced_key == **key
                && tag
                    .namespaced_value
                    .strip_prefix(&**key)
                    .and_then(|rest| rest.strip_prefix('/'))
                    == Some(&**value)
        }
        (_, Some(value)) => tag.key_id == **key && tag.value_id == **value,
        _ => false,
    };
    Ok(Value::Bool(tags.iter().any(holds)))
}

/// `api.getAttribute(name, default)` (doc: Attribute reference for IAM
/// Conditions, API attributes): `null` among the given attributes stands for one
/// that this kind of request does not define, where the default counts; one that
/// is not given at all is unknown.
fn attribute(walker: &mut Walker<'_>, args: &[Value]) -> Computed {
    let [Value::String(name), default] = args else {
        return Err(mismatch("api.getAttribute", args));
    };
    match walker
        .context
        .api_attributes
        .iter()
        .find(|(n, _)| n == &**name)
    {
        Some((_, serde_json::Value::Null)) => Ok(default.clone()),
        Some((_, json)) => Ok(Value::from_json(json)),
        None => Err(Fail::unknown(
            &format!("api.getAttribute({name:?})"),
            "what the service reports is not known",
        )),
    }
}
