//! The parser's tree, node by node, with the place of each: literals, lists, maps and macros.

use std::collections::BTreeSet;

use cel::IdedExpr;
use cel::common::ast::{ComprehensionExpr, EntryExpr, Expr, LiteralValue, MapExpr, SourceInfo};

use super::{Comprehension, ExprKind, ExprNode, Span};
use crate::evaluate::condition::functions;
use crate::evaluate::condition::scan::Tokens;
use crate::evaluate::condition::value::Value;
use crate::evaluate::condition::{CompileOptions, ConditionError, Position};

/// On the way from the parser's tree to the checked one.
pub(super) struct Lowering<'a> {
    pub(super) source: &'a str,
    pub(super) tokens: Tokens,
    pub(super) info: SourceInfo,
    pub(super) options: &'a CompileOptions,
    pub(super) locals: Vec<String>,
    pub(super) spans: Vec<Span>,
    pub(super) uses: BTreeSet<String>,
    /// Inside of a macro, where one place has many values.
    pub(super) quiet: usize,
}
impl Lowering<'_> {
    pub(super) fn error(&self, message: impl Into<String>, byte: usize) -> ConditionError {
        ConditionError {
            message: message.into(),
            position: Some(Position::of_byte(self.source, byte)),
        }
    }

    /// Gives the node a state of its own.
    pub(super) fn report(&mut self, node: &mut ExprNode) {
        node.state = Some(self.spans.len());
        self.spans.push(node.span);
    }

    pub(super) fn token(&self, id: u64) -> Span {
        let (start, _) = self.info.offset_for(id).unwrap_or_default();
        let start = usize::try_from(start).unwrap_or(0);
        let end = self
            .tokens
            .at(start)
            .and_then(|i| self.tokens.get(i))
            .map_or(start, |t| t.end);
        (start, end)
    }

    /// The token before (-1) or after (1) the one that starts here.
    pub(super) fn neighbour(&self, start: usize, step: isize) -> Option<Span> {
        let index = self.tokens.at(start)?.checked_add_signed(step)?;
        self.tokens.get(index).map(|t| (t.start, t.end))
    }

    /// From the first byte to the end of the bracket at `open`.
    pub(super) fn through_bracket(&self, start: usize, open: Span) -> Span {
        (start, self.tokens.close_of(open.0).unwrap_or(open.1))
    }

    pub(super) fn outer(&self, node: &ExprNode) -> Span {
        self.tokens
            .with_parens(self.source, node.span.0, node.span.1)
    }

    /// Small on purpose, as are those it calls: they recurse, and a frame holds
    /// the variables of every branch.
    pub(super) fn node(&mut self, expr: IdedExpr) -> Result<ExprNode, ConditionError> {
        let token = self.token(expr.id);
        match expr.expr {
            Expr::Literal(literal) => Ok(self.literal(literal, token)),
            Expr::Ident(_) => self.name(expr),
            Expr::Select(_) => self.selection(expr, token),
            Expr::Call(call) => match functions::operator(&call.func_name) {
                Some((function, count)) if call.target.is_none() && call.args.len() == count => {
                    self.operator(function, call, token)
                }
                _ => self.call(call, token),
            },
            Expr::List(list) => self.list(list.elements, token),
            Expr::Map(map) => self.map(map, token),
            Expr::Comprehension(comprehension) => self.comprehension(comprehension, token),
            Expr::Struct(_) => Err(self.error("conditions cannot build messages", token.0)),
            Expr::Unspecified => Err(self.error("the condition could not be read", token.0)),
        }
    }

    /// All of them. A loop: an iterator's own frames would count.
    pub(super) fn nodes(&mut self, exprs: Vec<IdedExpr>) -> Result<Vec<ExprNode>, ConditionError> {
        let mut nodes = Vec::with_capacity(exprs.len());
        for expr in exprs {
            nodes.push(self.node(expr)?);
        }
        Ok(nodes)
    }

    fn list(&mut self, elements: Vec<IdedExpr>, token: Span) -> Result<ExprNode, ConditionError> {
        Ok(ExprNode {
            kind: ExprKind::List(self.nodes(elements)?),
            span: self.through_bracket(token.0, token),
            state: None,
        })
    }

    fn map(&mut self, map: MapExpr, token: Span) -> Result<ExprNode, ConditionError> {
        let mut entries = Vec::with_capacity(map.entries.len());
        for entry in map.entries {
            let EntryExpr::MapEntry(entry) = entry.expr else {
                return Err(self.error("the map could not be read", token.0));
            };
            entries.push((self.node(entry.key)?, self.node(entry.value)?));
        }
        Ok(ExprNode {
            kind: ExprKind::Map(entries),
            span: self.through_bracket(token.0, token),
            state: None,
        })
    }

    fn literal(&self, literal: LiteralValue, token: Span) -> ExprNode {
        let mut span = token;
        let value = match literal {
            LiteralValue::Boolean(b) => Value::Bool(b.into_inner()),
            LiteralValue::Bytes(b) => Value::Bytes(b.into_inner().into()),
            LiteralValue::Double(d) => Value::Double(d.into_inner()),
            LiteralValue::Int(i) => Value::Int(i.into_inner()),
            LiteralValue::Null => Value::Null,
            LiteralValue::String(s) => Value::string(s.into_inner()),
            LiteralValue::UInt(u) => Value::Uint(u.into_inner()),
        };
        // The sign is a token of its own.
        let negative = match value {
            Value::Int(i) => i < 0,
            Value::Double(d) => d.is_sign_negative(),
            _ => false,
        };
        if negative
            && let Some(sign) = self.neighbour(token.0, -1)
            && self.source.get(sign.0..sign.1) == Some("-")
        {
            span.0 = sign.0;
        }
        ExprNode {
            kind: ExprKind::Const(value),
            span,
            state: None,
        }
    }

    fn comprehension(
        &mut self,
        macro_: Box<ComprehensionExpr>,
        token: Span,
    ) -> Result<ExprNode, ConditionError> {
        if macro_.iter_var2.is_some() {
            return Err(self.error(
                "macros of two variables are not part of conditions",
                token.0,
            ));
        }
        let macro_ = *macro_;
        let range = self.node(macro_.iter_range)?;
        let span = self.through_bracket(self.outer(&range).0, token);
        self.quiet += 1;
        let initial = self.node(macro_.accu_init)?;
        self.locals.push(macro_.accu_var);
        self.locals.push(macro_.iter_var);
        let condition = self.node(macro_.loop_cond)?;
        let step = self.node(macro_.loop_step)?;
        self.locals.pop();
        let result = self.node(macro_.result)?;
        self.locals.pop();
        self.quiet -= 1;
        // `all`, `exists` and `exists_one` are statements, `map` and `filter` are not.
        let boolean = !matches!(initial.kind, ExprKind::List(_));
        let mut node = ExprNode {
            kind: ExprKind::Comprehension(Box::new(Comprehension {
                range,
                initial,
                condition,
                step,
                result,
            })),
            span,
            state: None,
        };
        if boolean && self.quiet == 0 {
            self.report(&mut node);
        }
        Ok(node)
    }
}
