//! The signs and what they mean.

use super::super::look::page::{Page, Text, piece};
use super::super::look::theme::Role;
use crate::answer::signs::Glyphs;
use crate::answer::states::LevelState;

/// The signs and what they mean.
#[must_use]
pub fn legend_page(glyphs: Glyphs) -> Page {
    let mut lines: Vec<Text> = LevelState::ALL
        .iter()
        .map(|state| {
            vec![
                piece(Role::of(*state), format!("{:<3}", state.glyph(glyphs))),
                piece(Role::Text, state.word()),
            ]
        })
        .collect();
    lines.push(Vec::new());
    lines.push(vec![
        piece(Role::Path, format!("{}  ", glyphs.pick("┗", "#-"))),
        piece(
            Role::Text,
            "the path along which grants reach the target; light lines are the caller's own branch, which does not",
        ),
    ]);
    Page::new("signs", lines)
}
