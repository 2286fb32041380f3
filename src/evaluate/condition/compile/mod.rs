//! From text to a checked tree: parsed by the `cel` crate, then names and
//! functions are resolved and every sub-expression is given its place.

mod calls;
mod lower;
mod names;

use std::collections::BTreeSet;
use std::sync::Arc;

use cel::parser::Parser;
use regex::Regex;

use super::context::Attribute;
use super::functions::Function;
use super::value::Value;
use super::{CompileOptions, ConditionError, MAX_SOURCE, Position, scan};
use lower::Lowering;

/// A half-open range of bytes.
pub(in crate::evaluate::condition) type Span = (usize, usize);

/// One node of the checked tree.
#[derive(Debug)]
pub(in crate::evaluate::condition) struct ExprNode {
    pub kind: ExprKind,
    pub span: Span,
    /// The index of its evaluation state, for what has one.
    pub state: Option<usize>,
}

#[derive(Debug)]
pub(in crate::evaluate::condition) enum ExprKind {
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
pub(in crate::evaluate::condition) struct Comprehension {
    pub range: ExprNode,
    pub initial: ExprNode,
    pub condition: ExprNode,
    pub step: ExprNode,
    pub result: ExprNode,
}

/// The place of a statement whose value is reported.
#[derive(Clone, Copy, Debug)]
pub(in crate::evaluate::condition) struct Statement {
    /// Characters, the end not included.
    pub start: u32,
    pub end: u32,
    /// It is one of the clauses that must all hold.
    pub conjunct: bool,
}

/// What compiling gives.
#[derive(Debug)]
pub(in crate::evaluate::condition) struct Program {
    pub source: Arc<str>,
    pub root: ExprNode,
    pub statements: Vec<Statement>,
    pub uses: BTreeSet<String>,
}

pub(in crate::evaluate::condition) fn program(
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
