//! One way in full, and all that is said beside the list that it stands in.

use super::super::look::page::{ScreenPage, Text, line, piece};
use super::super::look::theme::StyleRole;
use super::super::model::{PathRow, Paths};

/// The selected way with its whole names, and what is said beside the list.
#[must_use]
pub fn paths_page(paths: &Paths, selected: Option<&PathRow>) -> ScreenPage {
    let mut lines: Vec<Text> = Vec::new();
    if let Some(row) = selected {
        lines.push(line(StyleRole::Path, row.name.clone()));
        lines.push(line(StyleRole::Text, row.way_words()));
        if !row.certain {
            lines.push(line(
                StyleRole::Unknown,
                "The ? says that it is not certain: something that may decide it could not be read.",
            ));
        }
        lines.push(Vec::new());
    }
    let count = paths.rows.len();
    lines.push(vec![
        piece(StyleRole::Heading, paths.title.clone()),
        piece(StyleRole::Text, format!(": {count} in this list")),
    ]);
    lines.extend(
        paths
            .notes
            .iter()
            .map(|note| line(StyleRole::Unknown, note.clone())),
    );
    let page = ScreenPage::new("the selected way, and the list", lines);
    match selected {
        Some(row) => page.copying("the name", row.name.clone()),
        None => page,
    }
}
