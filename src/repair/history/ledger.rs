//! What a write tells whoever keeps the journal.

use serde_json::Value;

use crate::repair::plan::repair::Repair;
use crate::repair::plan::switch::Switch;

/// The journal, as far as a write needs it: an entry is there before anything is sent, and is
/// completed after.
pub trait Ledger: Send + Sync {
    /// Takes note of what is about to be sent; gives the entry's id.
    ///
    /// # Errors
    /// When the note cannot be kept. Nothing is sent then.
    fn begin(&self, repair: &Repair) -> std::io::Result<String>;

    /// The same of what is about to be turned on.
    ///
    /// # Errors
    /// When the note cannot be kept. Nothing is sent then.
    fn begin_switch(&self, switch: &Switch) -> std::io::Result<String>;

    /// Takes note of how it ended.
    ///
    /// # Errors
    /// When the note cannot be kept.
    fn complete(&self, id: &str, end: &WriteEnd<'_>) -> std::io::Result<()>;
}

/// How a write ended.
#[derive(Clone, Debug, PartialEq)]
pub enum WriteEnd<'a> {
    /// The policy is as wanted; as it was read back.
    Applied {
        /// As it is now.
        after: &'a Value,
    },
    /// Nothing was written.
    NotApplied {
        /// Why.
        why: &'a str,
    },
    /// Nobody here can tell; the policy must be asked.
    Unclear {
        /// Why.
        why: &'a str,
    },
}
