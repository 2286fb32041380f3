//! From text to a checked tree: parsed by the `cel` crate, then names and
//! functions are resolved and every sub-expression is given its place.

use std::collections::BTreeSet;
use std::sync::Arc;

use cel::IdedExpr;
use cel::common::ast::{
    CallExpr, ComprehensionExpr, EntryExpr, Expr, LiteralValue, MapExpr, SourceInfo, operators,
};
use cel::parser::Parser;
use regex::Regex;

use super::context::{Attribute, PROVIDER_VARIABLES, ROOTS};
use super::functions::{self, Function};
use super::scan::{self, Tokens};
use super::value::Value;
use super::{CompileOptions, ConditionError, MAX_SOURCE, Position};

/// A half-open range of bytes.
pub(super) type Span = (usize, usize);

/// One node of the checked tree.
#[derive(Debug)]
pub(super) struct ExprNode {
    pub kind: ExprKind,
    pub span: Span,
    /// The index of its evaluation state, for what has one.
    pub state: Option<usize>,
}

#[derive(Debug)]
pub(super) enum ExprKind {
    Const(Value),
    /// A variable of a macro, by its place on the stack.
    Local(usize),
    Attribute(Attribute),
    /// An attribute of a known root that nobody here knows: unknown.
    Foreign(String),
    /// A variable from the context's `extra`.
    Variable(String),
    /// A name that nothing declares; only without the check.
    Undeclared(String),
    Select {
        operand: Box<ExprNode>,
        field: Arc<str>,
        test: bool,
    },
    And(Box<ExprNode>, Box<ExprNode>),
    Or(Box<ExprNode>, Box<ExprNode>),
    Not(Box<ExprNode>),
    NotStrictlyFalse(Box<ExprNode>),
    Choose(Box<ExprNode>, Box<ExprNode>, Box<ExprNode>),
    Call {
        function: Function,
        args: Vec<ExprNode>,
        /// The compiled pattern of `matches` when it is a literal.
        regex: Option<Regex>,
    },
    List(Vec<ExprNode>),
    Map(Vec<(ExprNode, ExprNode)>),
    Comprehension(Box<Comprehension>),
}

/// A macro such as `all`, expanded.
#[derive(Debug)]
pub(super) struct Comprehension {
    pub range: ExprNode,
    pub initial: ExprNode,
    pub condition: ExprNode,
    pub step: ExprNode,
    pub result: ExprNode,
}

/// The place of a statement whose value is reported.
#[derive(Clone, Copy, Debug)]
pub(super) struct Statement {
    /// Characters, the end not included.
    pub start: u32,
    pub end: u32,
    /// It is one of the clauses that must all hold.
    pub conjunct: bool,
}

/// What compiling gives.
#[derive(Debug)]
pub(super) struct Program {
    pub source: Arc<str>,
    pub root: ExprNode,
    pub statements: Vec<Statement>,
    pub uses: BTreeSet<String>,
}

pub(super) fn program(
    expression: &str,
    options: &CompileOptions,
) -> Result<Program, ConditionError> {
    if expression.len() > MAX_SOURCE {
        return Err(ConditionError::new(format!(
            "the condition is longer than {MAX_SOURCE} bytes"
        )));
    }
    if expression.trim().is_empty() {
        return Err(ConditionError::new("the condition is empty"));
    }
    let at = |message: String, byte: usize| ConditionError {
        message,
        position: Some(Position::of_byte(expression, byte)),
    };
    let tokens = scan::scan(expression).map_err(|(message, byte)| at(message, byte))?;
    let (ast, info) = Parser::new()
        .enable_ident_escape_syntax(true)
        .parse_with_source_info(expression)
        .map_err(|errors| match errors.errors.first() {
            Some(first) => ConditionError {
                message: short(&first.msg),
                position: Position::of_line(expression, first.pos.0, first.pos.1),
            },
            None => ConditionError::new("the condition could not be read"),
        })?;
    let mut lowering = Lowering {
        source: expression,
        tokens,
        info,
        options,
        locals: Vec::new(),
        spans: Vec::new(),
        uses: BTreeSet::new(),
        quiet: 0,
    };
    let mut root = lowering.node(ast)?;
    if root.state.is_none() {
        lowering.report(&mut root);
    }
    let mut conjuncts = BTreeSet::new();
    collect_conjuncts(&root, &mut conjuncts);
    let statements = lowering
        .spans
        .iter()
        .enumerate()
        .map(|(i, (start, end))| Statement {
            start: characters(expression, *start),
            end: characters(expression, *end),
            conjunct: conjuncts.contains(&i),
        })
        .collect();
    Ok(Program {
        source: expression.into(),
        root,
        statements,
        uses: lowering.uses,
    })
}

/// The parser's messages in words: they speak of its own types and of every
/// token that could follow.
fn short(message: &str) -> String {
    let line = message.lines().next().unwrap_or_default();
    let line = line.strip_prefix("Syntax error: ").unwrap_or(line);
    if line.contains("'<EOF>'") {
        return "the condition ends where something must follow".to_owned();
    }
    if line.starts_with("Incomplete") || line.starts_with("No `") {
        return "something is missing here".to_owned();
    }
    if let Some((_, text)) = line.split_once("token recognition error at: ") {
        return format!("this does not belong to the language: {}", clean(text));
    }
    if let Some((_, text)) = line.split_once(" input ") {
        let text = text.split(" expecting ").next().unwrap_or(text);
        return format!("this does not belong here: {}", clean(text));
    }
    clean(line)
}

fn clean(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(120).collect()
}

fn characters(text: &str, byte: usize) -> u32 {
    let count = text.get(..byte).map_or(0, |t| t.chars().count());
    u32::try_from(count).unwrap_or(u32::MAX)
}

fn collect_conjuncts(node: &ExprNode, into: &mut BTreeSet<usize>) {
    if let ExprKind::And(left, right) = &node.kind {
        collect_conjuncts(left, into);
        collect_conjuncts(right, into);
    } else if let Some(state) = node.state {
        into.insert(state);
    }
}

struct Lowering<'a> {
    source: &'a str,
    tokens: Tokens,
    info: SourceInfo,
    options: &'a CompileOptions,
    locals: Vec<String>,
    spans: Vec<Span>,
    uses: BTreeSet<String>,
    /// Inside of a macro, where one place has many values.
    quiet: usize,
}

impl Lowering<'_> {
    fn error(&self, message: impl Into<String>, byte: usize) -> ConditionError {
        ConditionError {
            message: message.into(),
            position: Some(Position::of_byte(self.source, byte)),
        }
    }

    /// Gives the node a state of its own.
    fn report(&mut self, node: &mut ExprNode) {
        node.state = Some(self.spans.len());
        self.spans.push(node.span);
    }

    fn token(&self, id: u64) -> Span {
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
    fn neighbour(&self, start: usize, step: isize) -> Option<Span> {
        let index = self.tokens.at(start)?.checked_add_signed(step)?;
        self.tokens.get(index).map(|t| (t.start, t.end))
    }

    /// From the first byte to the end of the bracket at `open`.
    fn through_bracket(&self, start: usize, open: Span) -> Span {
        (start, self.tokens.close_of(open.0).unwrap_or(open.1))
    }

    fn outer(&self, node: &ExprNode) -> Span {
        self.tokens
            .with_parens(self.source, node.span.0, node.span.1)
    }

    /// Small on purpose, as are those it calls: they recurse, and a frame holds
    /// the variables of every branch.
    fn node(&mut self, expr: IdedExpr) -> Result<ExprNode, ConditionError> {
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
    fn nodes(&mut self, exprs: Vec<IdedExpr>) -> Result<Vec<ExprNode>, ConditionError> {
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

    fn selection(&mut self, expr: IdedExpr, token: Span) -> Result<ExprNode, ConditionError> {
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

    fn operator(
        &mut self,
        function: Option<Function>,
        call: CallExpr,
        token: Span,
    ) -> Result<ExprNode, ConditionError> {
        let args = self.nodes(call.args)?;
        self.operation(function, &call.func_name, args, token)
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

    fn name(&mut self, expr: IdedExpr) -> Result<ExprNode, ConditionError> {
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

    fn call(&mut self, call: CallExpr, token: Span) -> Result<ExprNode, ConditionError> {
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
            super::time::parse_timestamp(text).map_err(|message| self.error(message, span.0))?;
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
