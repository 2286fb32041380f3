//! From a diagnosis to a changed policy.
//!
//! What is pure comes first: [`edit`] changes a policy in memory and keeps what it does not
//! understand, [`diff`] shows the change to a person, [`equivalents`] says the same change in other
//! tools' words. [`history`] is the journal of what was sent: written before, completed after.

pub mod diff;
pub mod edit;
pub mod equivalents;
pub mod history;
mod text;

pub use edit::{Before, EditError, Edited, Grant};
