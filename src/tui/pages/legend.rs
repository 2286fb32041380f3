//! The signs and what they mean.

use super::super::look::page::{ScreenPage, Text, piece};
use super::super::look::theme::StyleRole;
use crate::answer::signs::Glyphs;
use crate::answer::states::LevelState;

/// The signs and what they mean.
#[must_use]
pub fn legend_page(glyphs: Glyphs) -> ScreenPage {
    let mut lines: Vec<Text> = LevelState::ALL
        .iter()
        .map(|state| {
            vec![
                piece(StyleRole::of(*state), format!("{:<3}", state.glyph(glyphs))),
                piece(StyleRole::Text, state.word()),
            ]
        })
        .collect();
    lines.push(Vec::new());
    lines.push(vec![
        piece(StyleRole::Path, format!("{}  ", glyphs.pick("┗", "#-"))),
        piece(
            StyleRole::Text,
            "the path along which grants reach the target; light lines are the caller's own branch, which does not",
        ),
    ]);
    ScreenPage::new("signs", lines)
}
