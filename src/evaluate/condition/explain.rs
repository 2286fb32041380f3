//! What to tell a person about a condition that does not hold.

use super::compile::{ExprKind, ExprNode};
use super::context::{Attribute, ConditionContext};
use super::functions::Function;
use super::time::Instant;
use super::value::Value;
use super::walk::Walker;
use super::{Compiled, Evaluation};

/// A clause of a condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clause {
    /// Its first character, from 0.
    pub start: u32,
    /// The character after its last.
    pub end: u32,
    /// Its text.
    pub text: String,
    /// Its value; `None` when it could not be evaluated.
    pub value: Option<bool>,
}

/// The clauses joined by `&&`, in the order of the text, each with what came of it.
#[must_use]
pub fn clauses(evaluation: &Evaluation, source: &str) -> Vec<Clause> {
    let mut clauses: Vec<_> = evaluation
        .states
        .iter()
        .filter(|s| s.conjunct)
        .map(|s| Clause {
            start: s.start,
            end: s.end,
            text: source
                .chars()
                .skip(usize::try_from(s.start).unwrap_or(usize::MAX))
                .take(usize::try_from(s.end.saturating_sub(s.start)).unwrap_or(0))
                .collect(),
            value: s.value,
        })
        .collect();
    clauses.sort_by_key(|c| c.start);
    clauses
}

/// Those of them that are false.
#[must_use]
pub fn failing_clauses(evaluation: &Evaluation, source: &str) -> Vec<Clause> {
    let mut clauses = clauses(evaluation, source);
    clauses.retain(|c| c.value == Some(false));
    clauses
}

/// When a clause about time stopped or starts to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeHint {
    /// It held until then.
    ExpiredAt(jiff::Timestamp),
    /// It holds from then on.
    StartsAt(jiff::Timestamp),
}

/// When the condition expired or starts, as far as a clause that compares
/// `request.time` with a fixed time says so and is false. An expiry counts for
/// more than a start: it does not come back. Of several, the first expiry or the last start.
#[must_use]
pub fn time_hint(compiled: &Compiled, context: &ConditionContext<'_>) -> Option<TimeHint> {
    let now = Instant::from(context.time?);
    let (mut expired, mut starts) = (None::<Instant>, None::<Instant>);
    let mut open = vec![&compiled.0.root];
    while let Some(node) = open.pop() {
        if let ExprKind::And(left, right) = &node.kind {
            open.extend([&**left, &**right]);
            continue;
        }
        let Some((function, limit)) = time_clause(node) else {
            continue;
        };
        match function {
            Function::Less if now >= limit => {
                expired = Some(expired.map_or(limit, |e| e.min(limit)));
            }
            Function::LessOrEqual if now > limit => {
                expired = Some(expired.map_or(limit, |e| e.min(limit)));
            }
            Function::Greater if now <= limit => {
                starts = Some(starts.map_or(limit, |s| s.max(limit)));
            }
            Function::GreaterOrEqual if now < limit => {
                starts = Some(starts.map_or(limit, |s| s.max(limit)));
            }
            _ => {}
        }
    }
    expired
        .map(|t| TimeHint::ExpiredAt(t.to_timestamp()))
        .or_else(|| starts.map(|t| TimeHint::StartsAt(t.to_timestamp())))
}

/// `request.time < T` in whichever order, turned so that `request.time` comes first.
fn time_clause(node: &ExprNode) -> Option<(Function, Instant)> {
    let ExprKind::Call { function, args, .. } = &node.kind else {
        return None;
    };
    let [left, right] = args.as_slice() else {
        return None;
    };
    let is_time = |n: &ExprNode| matches!(n.kind, ExprKind::Attribute(Attribute::Time));
    let turned = match function {
        Function::Less => Function::Greater,
        Function::LessOrEqual => Function::GreaterOrEqual,
        Function::Greater => Function::Less,
        Function::GreaterOrEqual => Function::LessOrEqual,
        _ => return None,
    };
    let (function, other) = if is_time(left) {
        (*function, right)
    } else if is_time(right) {
        (turned, left)
    } else {
        return None;
    };
    // With nothing known, only what is fixed has a value.
    let nothing = ConditionContext::default();
    match Walker::new(&nothing).value(other) {
        Ok(Value::Timestamp(limit)) => Some((function, limit)),
        _ => None,
    }
}
