//! From a diagnosis to a changed policy.

pub mod apply;
pub mod edit;
pub mod plan;
pub mod verify;

pub use apply::{Applied, ApplyError, Ledger, apply};
pub use plan::{PlanOptions, Repair, plan, plan_with};
