//! `graph`: the impersonation graph of what can be seen, drawn in one of three languages.

mod dot;
mod layout;
mod mermaid;
mod svg;

use jiff::Timestamp;

use super::args::{Format, Global, GraphArgs as Args};
use super::facts;
use super::failure::Failure;
use super::{Exit, out, scope};
use crate::evaluate::Truth;
use crate::evaluate::reach::{Edge, EdgeKind, Graph, graph};
use crate::google::survey::{Everything, Groups};
use crate::iam::Permission;

/// Draws it.
///
/// # Errors
/// What opening and reading the facts gives; JSON, which is no drawing.
pub async fn run(global: &Global, args: &Args) -> Result<Exit, Failure> {
    let draw = match global.format {
        Format::Dot | Format::Text | Format::Tap | Format::Junit | Format::Sarif | Format::Html => {
            dot::draw
        }
        Format::Mermaid => mermaid::draw,
        Format::Svg => svg::draw,
        Format::Json => {
            return Err(Failure::usage(
                "a graph is drawn as dot, mermaid or svg, not as JSON",
                "bindscope graph --format dot",
            ));
        }
    };
    let facts = facts::open(global).await?;
    let permission = Permission::get_access_token();
    let everything = Everything {
        scope: Some(facts.scope.clone()),
        accounts: Vec::new(),
        account_policies: true,
        groups: Groups::Holding(vec![permission.clone()]),
        ..Everything::default()
    };
    let seen = scope::survey(&facts, &everything).await;
    facts.close();
    let seen = seen?;
    let time = args.at.unwrap_or_else(Timestamp::now);
    let drawn = graph(&seen.estate, &permission, time);
    seen.tell();
    for name in &drawn.not_read {
        out::aside(&format!("not read: {name}"));
    }
    out::write_out(&draw(&drawn))?;
    Ok(Exit::Done)
}

/// What stands at an edge, and whether it is certain.
fn label(edge: &Edge) -> (String, bool) {
    match &edge.kind {
        EdgeKind::Grant {
            role,
            conditional,
            holds,
            ..
        } => {
            let role = role.rsplit('/').next().unwrap_or(role);
            let role = crate::text::visible(role);
            let certain = *holds == Truth::Yes;
            let suffix = match (certain, conditional) {
                (true, false) => "",
                (true, true) => " (while a condition holds)",
                (false, _) => " (perhaps)",
            };
            (format!("{role}{suffix}"), certain)
        }
        EdgeKind::Member => ("member".to_owned(), true),
        EdgeKind::Contains => ("contains".to_owned(), true),
    }
}

/// The number of a node, for languages that name nodes.
fn number(graph: &Graph, id: &str) -> Option<usize> {
    graph.nodes.binary_search_by(|n| n.id.as_str().cmp(id)).ok()
}
