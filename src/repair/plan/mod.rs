//! What would change: pure, on policies in memory.
//!
//! [`edit`] changes a policy and keeps what it does not understand. `candidates` are single bindings
//! that may help, each a [`Repair`]; [`remedy`] judges them and puts them together into ways of several
//! steps, with what is off beside policies ([`switch`]), what would have to change [`elsewhere`], and
//! signs that a change will be reverted ([`reverts`]). What organization policies refuse is told
//! beforehand (`guarded`).

mod candidates;
mod check;
pub mod edit;
pub mod elsewhere;
mod guarded;
pub mod needs;
pub mod remedy;
pub mod repair;
pub mod reverts;
pub mod switch;

pub use edit::{EditError, Edited, Grant, PolicyBefore};
pub use elsewhere::Elsewhere;
pub use guarded::refusing_guards;
pub use remedy::{Plan, Remedy, RemedyStep, plan, plan_with, remedies};
pub use repair::{PlanOptions, Repair};
pub use switch::Switch;
