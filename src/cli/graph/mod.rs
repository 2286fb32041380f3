//! `graph`: the impersonation graph of what can be seen, drawn in one of three languages.

mod dot;
mod layout;
mod mermaid;
mod svg;

use jiff::Timestamp;

use super::args::{Edges, Format, Global, GraphArgs as Args};
use super::facts;
use super::failure::Failure;
use super::{Exit, out, scope};
use crate::evaluate::reach::{Edge, EdgeKind, Graph, graph, graph_by};
use crate::evaluate::{Truth, WayIn};
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
    let ways = Edges::ways(&args.edges);
    let wanted = if ways.is_empty() {
        vec![permission.clone()]
    } else {
        let names = WayIn::all_permissions(&ways);
        let parsed = names.iter().map(|name| Permission::parse(name));
        parsed.filter_map(Result::ok).collect()
    };
    let everything = Everything {
        scope: Some(facts.scope.clone()),
        accounts: Vec::new(),
        account_policies: true,
        groups: Groups::Holding(wanted),
        ..Everything::default()
    };
    let seen = scope::survey_of_all(&facts, &everything).await;
    facts.close();
    let seen = seen?;
    let time = args.at.unwrap_or_else(Timestamp::now);
    let drawn = if ways.is_empty() {
        graph(&seen.estate, &permission, time)
    } else {
        graph_by(&seen.estate, &ways, time)
    };
    seen.tell();
    for name in &drawn.not_read {
        out::aside(&format!("not read: {name}"));
    }
    out::write_out(&draw(&drawn))?;
    out::leave((seen, drawn));
    Ok(Exit::Done)
}

/// What stands at an edge, and whether it is certain.
fn label(edge: &Edge) -> (String, bool) {
    match &edge.kind {
        EdgeKind::Grant {
            role,
            conditional,
            holds,
            ways,
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
            let kinds: Vec<&str> = ways.iter().map(|way| way.word()).collect();
            let kinds = match kinds.as_slice() {
                [] => String::new(),
                some => format!(": {}", some.join(", ")),
            };
            (format!("{role}{kinds}{suffix}"), certain)
        }
        EdgeKind::Member => ("member".to_owned(), true),
        EdgeKind::Contains => ("contains".to_owned(), true),
    }
}

/// The number of a node, for languages that name nodes.
fn number(graph: &Graph, id: &str) -> Option<usize> {
    graph.nodes.binary_search_by(|n| n.id.as_str().cmp(id)).ok()
}
