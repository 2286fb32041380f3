//! Evaluation in three values: a value, an error, or unknown with what is missing.
//!
//! The logic is the language definition's: `&&` and `||` are commutative,
//! `false && x` is false and `true || x` is true whatever `x` is. Where both an
//! error and something missing are open, missing wins.

use super::compile::{Comprehension, ExprKind, ExprNode, Program};
use super::context::ConditionContext;
use super::functions;
use super::value::{Computed, Fail, Value};

/// How many steps an evaluation may take.
pub(super) const MAX_STEPS: usize = 100_000;
/// How long a string or list may get.
pub(super) const MAX_LENGTH: usize = 1 << 18;

pub(super) struct Walker<'a> {
    pub context: &'a ConditionContext<'a>,
    locals: Vec<Computed>,
    steps: usize,
    /// The state of each statement; `None` where nothing is recorded.
    states: Option<Vec<Option<Computed>>>,
}

impl<'a> Walker<'a> {
    pub fn new(context: &'a ConditionContext<'a>) -> Self {
        Self {
            context,
            locals: Vec::new(),
            steps: MAX_STEPS,
            states: None,
        }
    }

    /// Evaluates and records every statement, also those that a short cut would skip.
    pub fn recorded(
        program: &Program,
        context: &'a ConditionContext<'a>,
    ) -> (Computed, Vec<Option<Computed>>) {
        let mut walker = Self::new(context);
        walker.states = Some(vec![None; program.statements.len()]);
        let mut result = walker.value(&program.root);
        if walker.steps == 0 {
            // Without the short cuts it was too much: the short way decides.
            result = Self::new(context).value(&program.root);
        }
        (result, walker.states.unwrap_or_default())
    }

    /// Pays for work.
    pub fn spend(&mut self, steps: usize) -> Result<(), Fail> {
        match self.steps.checked_sub(steps) {
            Some(rest) => {
                self.steps = rest;
                Ok(())
            }
            None => {
                self.steps = 0;
                Err(Fail::error(format!(
                    "the condition takes more than {MAX_STEPS} steps"
                )))
            }
        }
    }

    /// Pays for looking at every part of these values.
    pub fn afford(&mut self, values: &[Value]) -> Result<(), Fail> {
        let mut budget = self.steps.saturating_mul(8);
        let enough = values.iter().all(|v| v.affordable(&mut budget));
        let left = if enough { budget / 8 } else { 0 };
        self.steps = self.steps.min(left);
        self.spend(usize::from(!enough))
    }

    pub fn value(&mut self, node: &ExprNode) -> Computed {
        let result = match self.spend(1) {
            Ok(()) => self.compute(node),
            Err(e) => Err(e),
        };
        if let (Some(states), Some(place)) = (&mut self.states, node.state)
            && let Some(state) = states.get_mut(place)
        {
            *state = Some(result.clone());
        }
        result
    }

    fn compute(&mut self, node: &ExprNode) -> Computed {
        match &node.kind {
            ExprKind::Const(value) => Ok(value.clone()),
            ExprKind::Local(place) => self
                .locals
                .get(*place)
                .cloned()
                .unwrap_or_else(|| Err(Fail::error("a variable is used outside of its macro"))),
            ExprKind::Attribute(attribute) => attribute.of(self.context),
            ExprKind::Foreign(name) => Err(Fail::unknown(name, "this attribute is not known here")),
            ExprKind::Variable(name) => self
                .context
                .extra
                .iter()
                .find(|(n, _)| n == name)
                .map(|(_, v)| v.clone())
                .ok_or_else(|| Fail::unknown(name, "it was not given")),
            ExprKind::Undeclared(name) => Err(Fail::error(format!("conditions know no {name:?}"))),
            ExprKind::Select {
                operand,
                field,
                test,
            } => {
                let operand = self.value(operand)?;
                self.select(&operand, field, *test)
            }
            ExprKind::And(a, b) => self.logic(a, b, false),
            ExprKind::Or(a, b) => self.logic(a, b, true),
            ExprKind::Not(a) => match self.value(a)? {
                Value::Bool(b) => Ok(Value::Bool(!b)),
                other => Err(wrong("!", &other)),
            },
            ExprKind::NotStrictlyFalse(a) => match self.value(a) {
                Ok(Value::Bool(b)) => Ok(Value::Bool(b)),
                _ => Ok(Value::Bool(true)),
            },
            ExprKind::Choose(test, yes, no) => match self.value(test)? {
                Value::Bool(true) => self.value(yes),
                Value::Bool(false) => self.value(no),
                other => Err(wrong("?:", &other)),
            },
            ExprKind::Call {
                function,
                args,
                regex,
            } => {
                let args = self.all(args.iter())?;
                functions::call(self, *function, &args, regex.as_ref())
            }
            ExprKind::List(items) => Ok(Value::List(self.all(items.iter())?.into())),
            ExprKind::Map(entries) => {
                let parts = self.all(entries.iter().flat_map(|(k, v)| [k, v]))?;
                self.map(parts)
            }
            ExprKind::Comprehension(c) => self.comprehension(c),
        }
    }

    /// All of them; what is missing anywhere counts for more than an error.
    fn all<'n>(&mut self, nodes: impl Iterator<Item = &'n ExprNode>) -> Result<Vec<Value>, Fail> {
        let mut values = Vec::new();
        let mut fail: Option<Fail> = None;
        for node in nodes {
            match self.value(node) {
                Ok(value) => values.push(value),
                Err(new) => {
                    fail = Some(match fail {
                        Some(old) => old.merge(new),
                        None => new,
                    });
                }
            }
        }
        fail.map_or(Ok(values), Err)
    }

    fn logic(&mut self, a: &ExprNode, b: &ExprNode, decisive: bool) -> Computed {
        let left = boolean(self.value(a), decisive);
        if left == Ok(decisive) && self.states.is_none() {
            return Ok(Value::Bool(decisive));
        }
        let right = boolean(self.value(b), decisive);
        match (left, right) {
            (Ok(x), _) | (_, Ok(x)) if x == decisive => Ok(Value::Bool(decisive)),
            (Ok(_), Ok(_)) => Ok(Value::Bool(!decisive)),
            (Err(x), Err(y)) => Err(x.merge(y)),
            (Err(x), Ok(_)) | (Ok(_), Err(x)) => Err(x),
        }
    }

    fn select(&mut self, operand: &Value, field: &str, test: bool) -> Computed {
        let Value::Map(entries) = operand else {
            return Err(Fail::error(format!(
                "{} has no field {field:?}",
                operand.type_name()
            )));
        };
        self.spend(entries.len() / 16)?;
        let found = entries
            .iter()
            .find(|(k, _)| k.as_str() == Some(field))
            .map(|(_, v)| v);
        match (test, found) {
            (true, found) => Ok(Value::Bool(found.is_some())),
            (false, Some(value)) => Ok(value.clone()),
            (false, None) => Err(Fail::error(format!("there is no key {field:?}"))),
        }
    }

    fn map(&mut self, parts: Vec<Value>) -> Computed {
        let mut entries: Vec<(Value, Value)> = Vec::with_capacity(parts.len() / 2);
        let mut parts = parts.into_iter();
        while let (Some(key), Some(value)) = (parts.next(), parts.next()) {
            self.spend(entries.len() / 16)?;
            if !matches!(
                key,
                Value::Bool(_) | Value::Int(_) | Value::Uint(_) | Value::String(_)
            ) {
                return Err(Fail::error(format!(
                    "{} cannot be the key of a map",
                    key.type_name()
                )));
            }
            if Value::lookup(&entries, &key).is_some() {
                return Err(Fail::error(format!(
                    "the key {} is there twice",
                    key.shown()
                )));
            }
            entries.push((key, value));
        }
        Ok(Value::Map(entries.into()))
    }

    fn comprehension(&mut self, c: &Comprehension) -> Computed {
        let range = self.value(&c.range)?;
        let items: Vec<Value> = match range {
            Value::List(items) => items.to_vec(),
            Value::Map(entries) => entries.iter().map(|(k, _)| k.clone()).collect(),
            other => {
                return Err(Fail::error(format!(
                    "{} cannot be gone through",
                    other.type_name()
                )));
            }
        };
        self.spend(items.len())?;
        let initial = self.value(&c.initial);
        let base = self.locals.len();
        self.locals.push(initial);
        let mut ended = Ok(());
        for item in items {
            self.locals.push(Ok(item));
            if let Ok(Value::Bool(false)) = self.value(&c.condition) {
                self.locals.truncate(base + 1);
                break;
            }
            let next = self.value(&c.step);
            self.locals.truncate(base);
            self.locals.push(next);
            if self.steps == 0 {
                ended = self.spend(1);
                break;
            }
        }
        let result = ended.and_then(|()| self.value(&c.result));
        self.locals.truncate(base);
        result
    }
}

fn wrong(operator: &str, operand: &Value) -> Fail {
    Fail::error(format!(
        "{operator:?} does not take {}",
        operand.type_name()
    ))
}

/// The operand of `&&` or `||`.
fn boolean(value: Computed, decisive: bool) -> Result<bool, Fail> {
    match value? {
        Value::Bool(b) => Ok(b),
        other => Err(wrong(if decisive { "||" } else { "&&" }, &other)),
    }
}
