//! What a change means and how it is shown: pure.
//!
//! [`meaning`](mod@meaning) and [`power`] say what a grant gives, [`diff`] shows it, [`equivalents`]
//! says it in other tools' words, [`line`](mod@line) a question in this program's own, and
//! [`word`](mod@word) is what has to be typed first.

pub mod diff;
pub mod equivalents;
pub mod line;
pub mod meaning;
pub mod power;
mod sentences;
pub mod word;

pub use line::{CommandLine, FixWith, SourceOptions};
pub use meaning::{GrantMeaning, meaning};
pub use power::Power;
pub use word::{Word, word};
