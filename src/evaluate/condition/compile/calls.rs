//! Calls and operators.

use cel::common::ast::{CallExpr, Expr, operators};

use super::lower::Lowering;
use super::{ExprKind, ExprNode, Span};
use crate::evaluate::condition::ConditionError;
use crate::evaluate::condition::functions::{self, Function};
use crate::evaluate::condition::value::Value;

impl Lowering<'_> {
    pub(super) fn operator(
        &mut self,
        function: Option<Function>,
        call: CallExpr,
        token: Span,
    ) -> Result<ExprNode, ConditionError> {
        let args = self.nodes(call.args)?;
        self.operation(function, &call.func_name, args, token)
    }

    pub(super) fn call(&mut self, call: CallExpr, token: Span) -> Result<ExprNode, ConditionError> {
        let name = call.func_name.as_str();
        // `resource.matchTag(…)` and `api.getAttribute(…)` belong to their object.
        if let Some(target) = &call.target
            && let Expr::Ident(object) = &target.expr
            && !self.locals.contains(object)
            && let Some(function) = functions::of_object(object, name, call.args.len())
        {
            let start = self.token(target.id).0;
            self.uses.insert(format!("{object}.{name}"));
            if object == "resource" {
                self.uses.insert("resource.tags".into());
            }
            let args = self.nodes(call.args)?;
            let span = self.through_bracket(start, token);
            return self.finish(function, args, span);
        }
        let receiver = call.target.is_some();
        let named = self
            .neighbour(token.0, -1)
            .map_or(token.0, |before| before.0);
        let plain_name = name.trim_start_matches('.').to_owned();
        let function = match functions::find(&plain_name, receiver, call.args.len()) {
            Some(function) => function,
            None if self.options.unchecked => Function::Undeclared,
            None => {
                let message = if functions::exists(&plain_name) {
                    format!("the function {plain_name:?} is not called this way")
                } else {
                    format!("conditions know no function {plain_name:?}")
                };
                return Err(self.error(message, named));
            }
        };
        let mut args = Vec::with_capacity(call.args.len() + 1);
        let mut start = named;
        if let Some(target) = call.target {
            let target = self.node(*target)?;
            start = self.outer(&target).0;
            args.push(target);
        }
        for arg in call.args {
            args.push(self.node(arg)?);
        }
        let span = self.through_bracket(start, token);
        self.finish(function, args, span)
    }

    /// An operator: its span runs from its first operand to its last.
    fn operation(
        &mut self,
        function: Option<Function>,
        name: &str,
        args: Vec<ExprNode>,
        token: Span,
    ) -> Result<ExprNode, ConditionError> {
        let spans: Vec<Span> = args.iter().map(|a| self.outer(a)).collect();
        let start = spans.iter().map(|s| s.0).min().unwrap_or(token.0);
        let end = spans.iter().map(|s| s.1).max().unwrap_or(token.1);
        let mut span = (start.min(token.0), end.max(token.1));
        if name == operators::INDEX {
            span = self.through_bracket(start, token);
        }
        if let Some(function) = function {
            return self.finish(function, args, span);
        }
        let mut args = args.into_iter().map(Box::new);
        let kind = match (name, args.next(), args.next(), args.next()) {
            (operators::LOGICAL_AND, Some(a), Some(b), _) => ExprKind::And(a, b),
            (operators::LOGICAL_OR, Some(a), Some(b), _) => ExprKind::Or(a, b),
            (operators::LOGICAL_NOT, Some(a), ..) => ExprKind::Not(a),
            (operators::NOT_STRICTLY_FALSE, Some(a), ..) => ExprKind::NotStrictlyFalse(a),
            (operators::CONDITIONAL, Some(a), Some(b), Some(c)) => ExprKind::Choose(a, b, c),
            _ => return Err(self.error("the condition could not be read", token.0)),
        };
        let statement = !matches!(kind, ExprKind::Choose(..) | ExprKind::NotStrictlyFalse(_));
        let mut node = ExprNode {
            kind,
            span,
            state: None,
        };
        if statement && self.quiet == 0 {
            self.report(&mut node);
        }
        Ok(node)
    }

    fn finish(
        &mut self,
        function: Function,
        args: Vec<ExprNode>,
        span: Span,
    ) -> Result<ExprNode, ConditionError> {
        // "If the input parameter is invalid, then the condition will never allow
        // access to any resource" (doc: Attribute reference for IAM Conditions,
        // `timestamp`), so not even beside `|| true`.
        if function == Function::Timestamp
            && let [
                ExprNode {
                    kind: ExprKind::Const(Value::String(text)),
                    span,
                    ..
                },
            ] = args.as_slice()
        {
            crate::evaluate::condition::time::parse_timestamp(text)
                .map_err(|message| self.error(message, span.0))?;
        }
        let mut regex = None;
        if function == Function::Matches
            && let Some(ExprNode {
                kind: ExprKind::Const(Value::String(pattern)),
                span,
                ..
            }) = args.get(1)
        {
            let compiled =
                functions::pattern(pattern).map_err(|message| self.error(message, span.0))?;
            regex = Some(compiled);
        }
        let mut node = ExprNode {
            kind: ExprKind::Call {
                function,
                args,
                regex,
            },
            span,
            state: None,
        };
        if function.is_boolean() && self.quiet == 0 {
            self.report(&mut node);
        }
        Ok(node)
    }
}
