//! The built-in estates: one per story, and the generated `large`.

pub mod large;
mod names;

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::Deserialize;

use crate::estate::{Estate, file};

/// What one built-in estate tells.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Story {
    /// The name to ask for it by, `cross-project`.
    pub name: String,
    /// One line.
    pub title: String,
    /// A paragraph.
    pub story: String,
    /// Who wants access, as an IAM member identifier.
    pub caller: String,
    /// The account that is wanted, by e-mail.
    pub target: String,
    /// The permission that the story is about.
    #[serde(default)]
    pub permission: String,
    /// The error that the caller met, where it is no question of policies alone: as the emulator words it,
    /// with the lines around it that name the pair.
    #[serde(default)]
    pub pasted: Option<String>,
    /// A delegation chain between the two, by e-mail.
    #[serde(default)]
    pub via: Vec<String>,
    /// A federated caller's attributes.
    #[serde(default)]
    pub attributes: BTreeMap<String, String>,
    /// Whether a binding on the target mends it.
    #[serde(default)]
    pub repairable: bool,
    /// What comes of the call, `WOULD_FAIL`.
    #[serde(default, rename = "expectOutcome")]
    pub expect_outcome: String,
}

/// The story that is told when none is named: that of the report this project grew from.
pub const DEFAULT: &str = "cross-project";
/// Accounts and projects of `large`.
const LARGE: (usize, usize) = (20_000, 500);

static INDEX: &str = include_str!("../../../assets/estates/index.json");

macro_rules! files {
    ($($test:ident $name:literal,)*) => {
        static FILES: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("../../../assets/estates/", $name, ".json")))),*];
    };
}

crate::each_story!(files);

/// All stories, in the order in which they are best met.
#[must_use]
pub fn index() -> &'static [Story] {
    static STORIES: OnceLock<Vec<Story>> = OnceLock::new();
    // The index is built in and a test reads it: it cannot be damaged in front of a user.
    STORIES.get_or_init(|| serde_json::from_str(INDEX).unwrap_or_default())
}

/// The names that [`load`] knows.
#[must_use]
pub fn names() -> Vec<&'static str> {
    index().iter().map(|story| story.name.as_str()).collect()
}

/// The names of the estates that stand in files, in the order of [`crate::each_story`].
#[cfg(test)]
pub(crate) fn in_files() -> Vec<&'static str> {
    FILES.iter().map(|(name, _)| *name).collect()
}

/// A built-in estate by name.
///
/// # Errors
/// No estate has that name: the message says which there are, and which is nearest.
pub fn load(name: &str) -> Result<Estate, String> {
    let text = if name == "large" {
        large::large(LARGE.0, LARGE.1).to_string()
    } else {
        match FILES.iter().find(|(known, _)| *known == name) {
            Some((_, text)) => (*text).to_owned(),
            None => return Err(unknown(name)),
        }
    };
    file::read_text(name, &text).map_err(|e| e.to_string())
}

fn unknown(name: &str) -> String {
    let shown: String = name.chars().filter(|c| !c.is_control()).take(80).collect();
    let near = names()
        .into_iter()
        .map(|known| (strsim::damerau_levenshtein(known, &shown), known))
        .min()
        .filter(|(distance, _)| *distance <= 3)
        .map(|(_, known)| format!(" Did you mean '{known}'?"))
        .unwrap_or_default();
    format!(
        "there is no built-in estate '{shown}'.{near} There are: {}",
        names().join(", ")
    )
}
