//! From a diagnosis to a changed policy.
//!
//! What is pure comes first. [`edit`] changes a policy in memory and keeps what it does not
//! understand. [`plan`](mod@plan) chooses single bindings; [`remedy`] puts them together into ways of
//! several steps, with what is off beside policies ([`switch`]), what would have to change
//! [`elsewhere`], and signs that a change will be reverted ([`reverts`]). [`meaning`](mod@meaning)
//! and [`power`] say what a grant means, [`diff`] shows it, [`equivalents`] says it in other tools'
//! words, [`line`](mod@line) a question in this program's own. What organization policies refuse is told beforehand (`guarded`). What the history knows of a question is in `young`.
//!
//! Then what speaks to Google. [`prepare`](mod@prepare) reads what a plan needs,
//! [`may_write`](mod@may_write) asks for the right beforehand,
//! [`carry_out`](mod@carry_out) does a way step by step: [`apply`](mod@apply) makes a change of a
//! policy and [`undo`](mod@undo) takes it back, both through the one write in `write`;
//! [`turn_on`](mod@turn_on) does the rest. Nothing here can write without being handed a
//! [`Tell`](crate::google::wire::Tell). [`verify`] looks whether access works since. [`history`] is
//! the journal of what was sent: written before, completed after, and settled by asking the policy.

pub mod apply;
pub mod carry_out;
pub mod diff;
pub mod edit;
pub mod elsewhere;
pub mod equivalents;
mod guarded;
pub mod history;
pub mod journal;
pub mod line;
pub mod may_write;
pub mod meaning;
pub mod plan;
pub mod power;
pub mod prepare;
mod refusal;
pub mod remedy;
pub mod reverts;
#[cfg(test)]
mod scripted;
mod standing;
pub mod switch;
pub mod turn_on;
pub mod undo;
pub mod verify;
pub mod word;
mod write;
mod young;

pub use apply::{Applied, ApplyError, Ledger, apply, apply_unseen};
pub use carry_out::{Carried, Consent, StepDone, StepError, carry_out, may_carry_out};
pub use edit::{EditError, Edited, Grant, PolicyBefore};
pub use elsewhere::Elsewhere;
pub use journal::Journal;
pub use line::{CommandLine, FixWith, SourceOptions};
pub use may_write::{MayWrite, may_write};
pub use meaning::{GrantMeaning, meaning};
pub use plan::{PlanOptions, Repair, plan, plan_with};
pub use power::Power;
pub use prepare::prepare;
pub use remedy::{Plan, Remedy, RemedyStep, remedies};
pub use standing::{Standing, newest_in_force, settle};
pub use switch::Switch;
pub use turn_on::{SwitchError, turn_on};
pub use undo::{UndoError, Undone, undo};
pub use word::{Word, word};
pub use young::last_grant;
