//! From a diagnosis to a changed policy.
//!
//! What is pure comes first: [`edit`] changes a policy in memory and keeps what it does not
//! understand, [`plan`](mod@plan) chooses what to change, [`diff`] shows the change to a person.
//! [`apply`](mod@apply) is the one write, [`verify`] looks whether access works since.

pub mod apply;
pub mod diff;
pub mod edit;
pub mod plan;
mod text;
pub mod verify;

pub use apply::{Applied, ApplyError, Ledger, apply};
pub use edit::{Before, EditError, Edited, Grant};
pub use plan::{PlanOptions, Repair, plan, plan_with};
