//! A picture (W3C, "Scalable Vector Graphics 2"), with nothing in it that runs or loads anything.

use super::layout::places;
use super::{label, number};
use crate::evaluate::reach::{EdgeKind, Graph, NodeKind};
use crate::text::visible;

/// Sizes in pixels.
const COLUMN: usize = 380;
const ROW: usize = 56;
const WIDTH: usize = 250;
const HEIGHT: usize = 30;
const MARGIN: usize = 20;
/// Letters of a label that fit in a node.
const LETTERS: usize = 34;

/// The whole graph.
pub(super) fn draw(graph: &Graph) -> String {
    let places = places(graph);
    let corner = |i: usize| {
        let (column, row) = places.get(i).copied().unwrap_or_default();
        (MARGIN + column * COLUMN, MARGIN + row * ROW)
    };
    let columns = places.iter().map(|p| p.0 + 1).max().unwrap_or(1);
    let rows = places.iter().map(|p| p.1 + 1).max().unwrap_or(1);
    let width = 2 * MARGIN + (columns - 1) * COLUMN + WIDTH;
    let height = 2 * MARGIN + (rows - 1) * ROW + HEIGHT;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <title>Who may act as whom</title>\n\
         <defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"8\" markerHeight=\"8\" orient=\"auto\"><path d=\"M0 0L8 4L0 8z\" fill=\"#444\"/></marker></defs>\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
    );
    for edge in &graph.edges {
        let (Some(from), Some(to)) = (number(graph, &edge.from), number(graph, &edge.to)) else {
            continue;
        };
        let (from, to) = (corner(from), corner(to));
        let (text, certain) = label(edge);
        let (x1, y1) = (from.0 + WIDTH, from.1 + HEIGHT / 2);
        let (x2, y2) = (to.0, to.1 + HEIGHT / 2);
        let (m1, m2) = (x1 + 60, x2.saturating_sub(60));
        let style = match (&edge.kind, certain) {
            (EdgeKind::Contains, _) => "stroke=\"#999\" stroke-dasharray=\"1 4\"",
            (_, true) => "stroke=\"#444\" marker-end=\"url(#tip)\"",
            (_, false) => "stroke=\"#444\" stroke-dasharray=\"6 4\" marker-end=\"url(#tip)\"",
        };
        let title = format!("{} {text} {}", edge.from, edge.to);
        out.push_str(&format!(
            "<path d=\"M{x1} {y1}C{m1} {y1} {m2} {y2} {x2} {y2}\" fill=\"none\" {style}><title>{}</title></path>\n",
            escaped(&title)
        ));
        if !matches!(edge.kind, EdgeKind::Contains) {
            // The curve's middle: edges that meet in a node are apart there.
            let (x, y) = (usize::midpoint(x1, x2), usize::midpoint(y1, y2));
            out.push_str(&format!(
                "<text x=\"{x}\" y=\"{y}\" text-anchor=\"middle\" font-size=\"9\" fill=\"#444\">{}</text>\n",
                escaped(&text)
            ));
        }
    }
    for (i, node) in graph.nodes.iter().enumerate() {
        let (x, y) = corner(i);
        let (radius, fill) = match node.kind {
            NodeKind::ServiceAccount => (2, "#e3eefc"),
            NodeKind::User | NodeKind::Federated => (15, "#e6f4e6"),
            NodeKind::Group | NodeKind::Set => (8, "#f5eafa"),
            NodeKind::Project | NodeKind::Folder | NodeKind::Organization => (0, "#f4f1e4"),
        };
        let middle = (x + WIDTH / 2, y + HEIGHT / 2 + 4);
        out.push_str(&format!(
            "<g><title>{}</title><rect x=\"{x}\" y=\"{y}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" rx=\"{radius}\" fill=\"{fill}\" stroke=\"#444\"/>\
             <text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text></g>\n",
            escaped(&node.id),
            middle.0,
            middle.1,
            escaped(&cut(&node.label))
        ));
    }
    out.push_str("</svg>\n");
    out
}

/// Cut in the middle: both ends tell names apart.
fn cut(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    if letters.len() <= LETTERS {
        return text.to_owned();
    }
    let half = LETTERS / 2;
    let head = letters.iter().take(half);
    let tail = letters.iter().skip(letters.len() - (LETTERS - half - 1));
    head.chain(['…'].iter()).chain(tail).collect()
}

/// Text for XML, in an element or an attribute.
fn escaped(text: &str) -> String {
    visible(text)
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
