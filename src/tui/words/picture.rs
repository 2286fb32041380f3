//! The picture in words: each level and what stands in it, a sentence a line, for whoever does not see it.

use super::super::model::tree::{LeafKind, TreeRow};
use super::super::model::{Asked, KnownAnswer};
use crate::answer::states::LevelState;
use crate::text::visible;

/// Every row of the picture, from the top, in words.
#[must_use]
pub fn picture_words(known: &KnownAnswer, asked: &Asked) -> Vec<String> {
    let rows = known.rows.iter();
    rows.map(|row| row_words(row, asked)).collect()
}

/// A row in words: what it is, what it says, and whether it lies on the way to the target.
#[must_use]
fn row_words(row: &TreeRow, asked: &Asked) -> String {
    if let Some(leaf) = &row.leaf {
        let mut parts: Vec<&str> = Vec::new();
        for part in [leaf.title.as_str(), leaf.name.as_str()] {
            if !part.is_empty() {
                parts.push(part);
            }
        }
        let waits = asked.applied.is_some()
            && matches!(leaf.what, LeafKind::Grant(..))
            && matches!(row.state, LevelState::Grants | LevelState::Missing);
        let word = if waits {
            LevelState::Waiting.word().to_owned()
        } else {
            // Which key adds it is for a screen to say.
            match leaf.word.split_once(": {") {
                Some((before, _)) => before.to_owned(),
                None => leaf.word.clone(),
            }
        };
        let said = parts.join(" for ");
        let state = row.state.word();
        let word = if word.is_empty() {
            state.to_owned()
        } else {
            word
        };
        return visible(&format!("binding {said}: {word}"));
    }
    let way = if row.on_path {
        "on the way to the target"
    } else {
        "beside the way to the target"
    };
    let kind = row.kind;
    let said = if row.note.is_empty() {
        row.state.word()
    } else {
        &row.note
    };
    match (&row.resource, row.state) {
        (_, LevelState::Nothing) if row.note.is_empty() => {
            visible(&format!("{kind} {}", row.label))
        }
        _ => visible(&format!("{kind} {}, {way}: {said}", row.label)),
    }
}
