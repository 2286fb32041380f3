//! Graphviz' language (graphviz.org, "DOT Language").

use super::{label, number};
use crate::evaluate::reach::{EdgeKind, Graph, NodeKind};
use crate::text::visible;

/// The whole graph.
pub(super) fn draw(graph: &Graph) -> String {
    let mut out = String::from(
        "digraph impersonation {\n  rankdir=LR;\n  node [fontname=\"sans-serif\"];\n  edge [fontname=\"sans-serif\", fontsize=10];\n",
    );
    for (i, node) in graph.nodes.iter().enumerate() {
        let shape = match node.kind {
            NodeKind::ServiceAccount => "box",
            NodeKind::User | NodeKind::Federated => "ellipse",
            NodeKind::Group | NodeKind::Set => "octagon",
            NodeKind::Project | NodeKind::Folder | NodeKind::Organization => "folder",
        };
        out.push_str(&format!(
            "  n{i} [label={}, tooltip={}, shape={shape}];\n",
            quoted(&node.label),
            quoted(&node.id)
        ));
    }
    for edge in &graph.edges {
        let (Some(from), Some(to)) = (number(graph, &edge.from), number(graph, &edge.to)) else {
            continue;
        };
        let (text, certain) = label(edge);
        let style = match (&edge.kind, certain) {
            (EdgeKind::Contains, _) => ", style=dotted, arrowhead=none",
            (_, false) => ", style=dashed",
            _ => "",
        };
        out.push_str(&format!(
            "  n{from} -> n{to} [label={}{style}];\n",
            quoted(&text)
        ));
    }
    out.push_str("}\n");
    out
}

/// A string in double quotes; nothing in it ends it or starts an escape of Graphviz' own.
fn quoted(text: &str) -> String {
    let text = visible(text).replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{text}\"")
}
