//! The judgement, pure: (estate, question) -> explanation. One file per kind of policy.

pub mod cause;
pub mod condition;
pub mod explanation;

pub use cause::{Cause, CauseKind};
pub use explanation::{Explanation, Outcome, Question, Tri, Verdict};
