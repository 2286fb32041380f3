//! Conditions of IAM: Google's dialect of the Common Expression Language,
//! evaluated in three values, so that what is not known is not mistaken for
//! false (docs/semantics.md, "Conditions"; doc: Attribute reference for IAM
//! Conditions; the language definition, google/cel-spec `doc/langdef.md`).
//!
//! A condition is compiled once and evaluated often. The text is parsed by the
//! `cel` crate; the evaluation is ours, because a crate of two values cannot
//! say what an answer hangs on.

mod arithmetic;
mod compile;
mod context;
mod explain;
mod functions;
mod scan;
mod text;
mod time;
mod value;
mod walk;

use std::fmt;
use std::sync::Arc;

use compile::Program;
use value::Computed;
use walk::Walker;

pub use context::{
    ConditionContext, DestinationFacts, EffectiveTag, Fact, PrincipalFacts, ResourceFacts,
};
pub use explain::{Clause, TimeHint, clauses, failing_clauses, time_hint};
pub use time::Instant;
pub use value::{Fail, Value};

/// The longest condition that is read, in bytes.
pub const MAX_SOURCE: usize = 64 * 1024;

/// A place in a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Characters before it.
    pub offset: usize,
    /// Its line, from 1.
    pub line: usize,
    /// Its column in characters, from 1.
    pub column: usize,
}

impl Position {
    fn of_byte(source: &str, byte: usize) -> Self {
        let head: String = source
            .char_indices()
            .take_while(|(i, _)| *i < byte)
            .map(|(_, c)| c)
            .collect();
        let last = head.rsplit('\n').next().unwrap_or_default();
        Self {
            offset: head.chars().count(),
            line: head.matches('\n').count() + 1,
            column: last.chars().count() + 1,
        }
    }

    /// From the parser's line and column, both from 1 and in characters.
    fn of_line(source: &str, line: isize, column: isize) -> Option<Self> {
        let line = usize::try_from(line).ok()?.checked_sub(1)?;
        let column = usize::try_from(column).ok()?.saturating_sub(1);
        let text = source.split_inclusive('\n').nth(line).unwrap_or_default();
        let before: usize = source.split_inclusive('\n').take(line).map(str::len).sum();
        let within = text
            .char_indices()
            .nth(column)
            .map_or(text.len(), |(i, _)| i);
        Some(Self::of_byte(source, before + within))
    }
}

/// A condition that does not parse or refers to what conditions do not have. It
/// grants nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConditionError {
    /// What is wrong, without a full stop.
    pub message: String,
    /// Where, if that is known.
    pub position: Option<Position>,
}

impl ConditionError {
    fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            position: None,
        }
    }
}

impl fmt::Display for ConditionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match self.position {
            Some(at) => write!(f, " (line {}, column {})", at.line, at.column),
            None => Ok(()),
        }
    }
}

impl std::error::Error for ConditionError {}

/// What else an expression may refer to.
#[derive(Clone, Debug, Default)]
pub struct CompileOptions {
    /// Names of variables beyond those of IAM, dotted names included.
    pub variables: Vec<String>,
    /// Unknown names and functions are errors of the evaluation, not of the
    /// compilation: the language without its type check.
    pub unchecked: bool,
}

/// A condition that was read and checked. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Compiled(Arc<Program>);

/// Reads and checks a condition.
///
/// # Errors
/// Not an expression, an unknown name or function, a bad literal pattern, or
/// beyond a limit: 64 KiB, 60 nested brackets, 100 operators that hang on each other.
pub fn compile(expression: &str) -> Result<Compiled, ConditionError> {
    compile_with(expression, &CompileOptions::default())
}

/// The same with further variables.
///
/// # Errors
/// As [`compile`].
pub fn compile_with(
    expression: &str,
    options: &CompileOptions,
) -> Result<Compiled, ConditionError> {
    compile::program(expression, options).map(|p| Compiled(Arc::new(p)))
}

/// What a condition comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConditionOutcome {
    /// It holds.
    True,
    /// It does not.
    False,
    /// It went wrong, with the reason; it does not hold.
    Error(String),
    /// It hangs on values that are not known: their names, sorted.
    Unknown(Vec<String>),
}

/// A value that an answer hangs on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingValue {
    /// The attribute, such as `resource.name`.
    pub name: String,
    /// Why it is not known.
    pub why: String,
}

/// One statement of a condition and its value
/// (`GoogleCloudPolicytroubleshooterIamV3betaConditionExplanationEvaluationState`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvaluationState {
    /// Its first character, from 0.
    pub start: u32,
    /// The character after its last, so that the first part of `a==b || c==d` ends at 4.
    pub end: u32,
    /// Its value; `None` when it could not be evaluated (or, in a branch of
    /// `?:` that was not taken, did not need to be).
    pub value: Option<bool>,
    /// Why it has no value.
    pub errors: Vec<String>,
    /// It is one of the clauses joined by `&&` that must all hold.
    pub conjunct: bool,
}

/// The result of an evaluation with the value of each statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evaluation {
    /// The result.
    pub outcome: ConditionOutcome,
    /// Each statement in the order of its place, a part before the whole.
    pub states: Vec<EvaluationState>,
    /// What the result hangs on, by name; empty unless the outcome is unknown.
    pub missing: Vec<MissingValue>,
}

impl Compiled {
    /// Evaluates every statement.
    #[must_use]
    pub fn evaluate(&self, context: &ConditionContext<'_>) -> Evaluation {
        let (result, recorded) = Walker::recorded(&self.0, context);
        let mut states: Vec<_> = self
            .0
            .statements
            .iter()
            .zip(recorded)
            .map(|(at, state)| EvaluationState {
                start: at.start,
                end: at.end,
                value: match &state {
                    Some(Ok(Value::Bool(b))) => Some(*b),
                    _ => None,
                },
                errors: state.as_ref().map(reasons).unwrap_or_default(),
                conjunct: at.conjunct,
            })
            .collect();
        states.sort_by_key(|s| (s.end, std::cmp::Reverse(s.start)));
        let missing = match &result {
            Err(Fail::Unknown(missing)) => missing
                .iter()
                .map(|(name, why)| MissingValue {
                    name: name.clone(),
                    why: why.clone(),
                })
                .collect(),
            _ => Vec::new(),
        };
        Evaluation {
            outcome: outcome(result),
            states,
            missing,
        }
    }

    /// The result alone, with every short cut.
    #[must_use]
    pub fn decide(&self, context: &ConditionContext<'_>) -> ConditionOutcome {
        outcome(Walker::new(context).value(&self.0.root))
    }

    /// A result that need not be a boolean, for attribute mappings.
    ///
    /// # Errors
    /// What went wrong, or what is missing.
    pub fn evaluate_value(&self, context: &ConditionContext<'_>) -> Result<Value, Fail> {
        Walker::new(context).value(&self.0.root)
    }

    /// Whether it refers to an attribute, such as `resource.name`, or to anything
    /// below it (`resource`). Tag functions count as `resource.tags` and by
    /// their own name (`resource.matchTag`).
    #[must_use]
    pub fn uses(&self, attribute: &str) -> bool {
        self.0.uses.iter().any(|used| {
            used.strip_prefix(attribute)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
    }

    /// Every attribute and every function of an object that it refers to, sorted:
    /// `principal.type`, `resource.matchTag`.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.uses.iter().map(String::as_str)
    }

    /// The text that was compiled.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.0.source
    }
}

fn outcome(result: Computed) -> ConditionOutcome {
    match result {
        Ok(Value::Bool(true)) => ConditionOutcome::True,
        Ok(Value::Bool(false)) => ConditionOutcome::False,
        Ok(other) => ConditionOutcome::Error(format!(
            "the condition gives {}, not true or false",
            other.type_name()
        )),
        Err(Fail::Error(reason)) => ConditionOutcome::Error(reason.to_string()),
        Err(Fail::Unknown(missing)) => ConditionOutcome::Unknown(missing.into_keys().collect()),
    }
}

fn reasons(state: &Computed) -> Vec<String> {
    match state {
        Ok(Value::Bool(_)) => Vec::new(),
        Ok(other) => vec![format!("{} is not true or false", other.type_name())],
        Err(Fail::Error(reason)) => vec![reason.to_string()],
        Err(Fail::Unknown(missing)) => missing
            .iter()
            .map(|(name, why)| format!("{name} is not known: {why}"))
            .collect(),
    }
}

#[cfg(test)]
mod tests;
