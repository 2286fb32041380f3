//! What speaks to Google. Nothing here can write without being handed a
//! [`Tell`](crate::wire::Tell).
//!
//! [`prepare`](mod@prepare) reads what a plan needs, [`may_write`](mod@may_write) asks for the right
//! beforehand, [`carry_out`](mod@carry_out) does a way step by step, [`unasked`] with a first look in the same trip: [`apply`](mod@apply) makes a change
//! of a policy and [`undo`](mod@undo) takes it back, both through the one write in `once`;
//! [`turn_on`](mod@turn_on) does the rest. [`verify`] looks whether access works since, and
//! [`standing`] whether a change is still in force.

pub mod apply;
pub mod carry_out;
pub mod closed;
pub mod may_write;
mod once;
pub mod prepare;
mod refusal;
#[cfg(test)]
mod scripted;
pub mod standing;
pub mod turn_on;
pub mod unasked;
pub mod undo;
pub mod verify;

pub use apply::{Applied, ApplyError, Consent, apply, apply_unseen};
pub use carry_out::{
    Carried, CarryEvent, KnownRights, StepDone, StepError, carry_out, may_carry_out,
};
pub use closed::{ClosedPattern, ClosedProjects};
pub use may_write::{MayWrite, may_write};
pub use prepare::{ReadAhead, prepare, read_ahead};
pub use standing::{Standing, newest_in_force, settle, standings};
pub use turn_on::{SwitchError, turn_on};
pub use unasked::{LookedAt, carry_out_unasked};
pub use undo::{UndoError, Undone, undo};
