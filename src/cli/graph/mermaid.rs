//! Mermaid's language (mermaid.js.org, "Flowcharts - Basic Syntax").

use super::{label, number};
use crate::evaluate::reach::{EdgeKind, Graph, NodeKind};
use crate::text::visible;

/// The whole graph.
pub(super) fn draw(graph: &Graph) -> String {
    let mut out = String::from("flowchart LR\n");
    for (i, node) in graph.nodes.iter().enumerate() {
        let text = quoted(&node.label);
        let node = match node.kind {
            NodeKind::ServiceAccount => format!("[{text}]"),
            NodeKind::User | NodeKind::Federated => format!("([{text}])"),
            NodeKind::Group | NodeKind::Set => format!("{{{{{text}}}}}"),
            NodeKind::Project | NodeKind::Folder | NodeKind::Organization => format!("[/{text}/]"),
        };
        out.push_str(&format!("  n{i}{node}\n"));
    }
    for edge in &graph.edges {
        let (Some(from), Some(to)) = (number(graph, &edge.from), number(graph, &edge.to)) else {
            continue;
        };
        let (text, certain) = label(edge);
        let text = quoted(&text);
        let line = match (&edge.kind, certain) {
            (EdgeKind::Contains, _) => format!("n{from} --- n{to}"),
            (_, true) => format!("n{from} -->|{text}| n{to}"),
            (_, false) => format!("n{from} -.->|{text}| n{to}"),
        };
        out.push_str(&format!("  {line}\n"));
    }
    out
}

/// A text in quotes; what would end it or be read as markup is written as an entity code
/// (`#quot;`, "Entity codes to escape characters").
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in visible(text).chars() {
        match c {
            '"' => out.push_str("#quot;"),
            '#' => out.push_str("#35;"),
            '<' => out.push_str("#lt;"),
            '>' => out.push_str("#gt;"),
            '&' => out.push_str("#amp;"),
            '`' => out.push_str("#96;"),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
