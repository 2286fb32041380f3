//! Names: attributes, variables, types, and what is selected from them.

use cel::IdedExpr;
use cel::common::ast::Expr;

use super::lower::Lowering;
use super::{ExprKind, ExprNode, Span};
use crate::evaluate::condition::ConditionError;
use crate::evaluate::condition::context::{Attribute, PROVIDER_VARIABLES, ROOTS};
use crate::evaluate::condition::functions;
use crate::evaluate::condition::value::Value;

impl Lowering<'_> {
    pub(super) fn selection(
        &mut self,
        expr: IdedExpr,
        token: Span,
    ) -> Result<ExprNode, ConditionError> {
        if let Some(node) = self.qualified(&expr)? {
            return Ok(node);
        }
        let Expr::Select(select) = expr.expr else {
            return Err(self.error("the condition could not be read", token.0));
        };
        let operand = Box::new(self.node(*select.operand)?);
        Ok(self.selected(operand, select.field, select.test, token))
    }

    fn selected(
        &mut self,
        operand: Box<ExprNode>,
        field: String,
        test: bool,
        token: Span,
    ) -> ExprNode {
        let span = if test {
            // The token is the bracket of `has(`.
            let start = self.neighbour(token.0, -1).map_or(token.0, |t| t.0);
            self.through_bracket(start, token)
        } else {
            let field = self.neighbour(token.0, 1).unwrap_or(token);
            (self.outer(&operand).0, field.1)
        };
        let mut node = ExprNode {
            kind: ExprKind::Select {
                operand,
                field: field.into(),
                test,
            },
            span,
            state: None,
        };
        if test && self.quiet == 0 {
            self.report(&mut node);
        }
        node
    }

    pub(super) fn name(&mut self, expr: IdedExpr) -> Result<ExprNode, ConditionError> {
        let span = self.token(expr.id);
        if let Some(node) = self.qualified(&expr)? {
            return Ok(node);
        }
        let name = match expr.expr {
            Expr::Ident(name) => name,
            _ => String::new(),
        };
        self.undeclared(&name, span)
    }

    fn undeclared(&self, name: &str, span: Span) -> Result<ExprNode, ConditionError> {
        let name = name.trim_start_matches('.');
        if self.options.unchecked {
            return Ok(ExprNode {
                kind: ExprKind::Undeclared(name.to_owned()),
                span,
                state: None,
            });
        }
        Err(self.error(format!("conditions know no {name:?}"), span.0))
    }

    /// A name of one or more segments: a macro's variable, an attribute, a
    /// variable of the context or a type, by the longest prefix that is one.
    fn qualified(&mut self, expr: &IdedExpr) -> Result<Option<ExprNode>, ConditionError> {
        let mut segments: Vec<(&str, u64)> = Vec::new();
        let mut at = expr;
        loop {
            match &at.expr {
                Expr::Ident(name) => {
                    segments.push((name, at.id));
                    break;
                }
                Expr::Select(select) if !select.test => {
                    segments.push((&select.field, at.id));
                    at = &select.operand;
                }
                _ => return Ok(None),
            }
        }
        segments.reverse();
        let Some((first, first_id)) = segments.first().copied() else {
            return Ok(None);
        };
        let start = self.token(first_id).0;
        if let Some(place) = self.locals.iter().rposition(|l| l == first) {
            return Ok(Some(self.select_rest(
                ExprKind::Local(place),
                start,
                &segments,
                1,
            )));
        }
        let first = first.trim_start_matches('.');
        let names: Vec<&str> = std::iter::once(first)
            .chain(segments.iter().skip(1).map(|(s, _)| *s))
            .collect();
        for length in (1..=names.len()).rev() {
            let name = names.get(..length).unwrap_or_default().join(".");
            let kind = if self.options.variables.contains(&name)
                || PROVIDER_VARIABLES.contains(&name.as_str())
            {
                ExprKind::Variable(name.clone())
            } else if let Some(attribute) = Attribute::from_name(&name) {
                ExprKind::Attribute(attribute)
            } else if functions::TYPES.contains(&name.as_str()) {
                return Ok(Some(self.select_rest(
                    ExprKind::Const(Value::Type(name.into())),
                    start,
                    &segments,
                    length,
                )));
            } else {
                continue;
            };
            self.uses.insert(name);
            // What is read of a provider's variable, for `uses`.
            self.uses.insert(names.join("."));
            return Ok(Some(self.select_rest(kind, start, &segments, length)));
        }
        if ROOTS.contains(&first) {
            let name = names.join(".");
            self.uses.insert(name.clone());
            return Ok(Some(self.select_rest(
                ExprKind::Foreign(name),
                start,
                &segments,
                segments.len(),
            )));
        }
        let span = self.token(first_id);
        let kind = self.undeclared(first, span)?.kind;
        Ok(Some(self.select_rest(kind, start, &segments, 1)))
    }

    fn select_rest(
        &self,
        kind: ExprKind,
        start: usize,
        segments: &[(&str, u64)],
        used: usize,
    ) -> ExprNode {
        let end_of = |count: usize| {
            let Some((_, id)) = segments.get(count.saturating_sub(1)) else {
                return start;
            };
            let token = self.token(*id);
            if count <= 1 {
                token.1
            } else {
                self.neighbour(token.0, 1).unwrap_or(token).1
            }
        };
        let mut node = ExprNode {
            kind,
            span: (start, end_of(used)),
            state: None,
        };
        for (i, (field, _)) in segments.iter().enumerate().skip(used) {
            node = ExprNode {
                kind: ExprKind::Select {
                    operand: Box::new(node),
                    field: (*field).into(),
                    test: false,
                },
                span: (start, end_of(i + 1)),
                state: None,
            };
        }
        node
    }
}
