//! Why a file is refused: where, and what was expected there.

use std::fmt;

use crate::text::visible;

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilePlace {
    /// The file, as it was named.
    pub name: String,
    /// The line, counted from 1; 0 where no line can be told.
    pub line: u64,
}

impl fmt::Display for FilePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&visible(&self.name))?;
        if self.line > 0 {
            write!(f, ", line {}", self.line)?;
        }
        Ok(())
    }
}

/// Why a file is refused. Nothing of it is used then.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The file cannot be read.
    #[error("cannot read {}: {why}", visible(name))]
    Unreadable {
        /// The file.
        name: String,
        /// What the system says.
        why: std::io::Error,
    },
    /// Something in it is not as it must be.
    #[error("{place}: {}: {}", visible(path), visible(what))]
    Broken {
        /// Where.
        place: FilePlace,
        /// The JSON path, `$.serviceAccounts[3].disabled`.
        path: String,
        /// What is there and what was expected.
        what: String,
    },
    /// Two places say different things of the same.
    #[error(
        "{place}: {}: {}; {earlier} says otherwise",
        visible(path),
        visible(what)
    )]
    Contradiction {
        /// Where the second stands.
        place: FilePlace,
        /// Where the first stands.
        earlier: FilePlace,
        /// The JSON path of the second.
        path: String,
        /// What differs.
        what: String,
    },
}
