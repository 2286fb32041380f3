//! The judgement, pure: (estate, question) -> explanation. One file per kind of policy.

mod allow;
mod belonging;
mod boundary;
pub mod cause;
pub mod condition;
mod conditions;
mod deny;
pub mod diagnose;
mod explain;
pub mod explanation;
pub mod federation;
mod judge;
mod may;
mod membership;
pub mod org_policy;
mod place;
pub mod reach;
pub mod review;
pub mod role;
mod troubleshoot;
mod truth;
pub mod ways;

pub(crate) use boundary::effective_version;
pub use cause::{Cause, CauseKind, Suspect};
pub use conditions::looks_at_tags;
pub use diagnose::diagnose;
pub(crate) use diagnose::stones;
pub use explain::explain;
pub use explanation::{Call, Explanation, Outcome, Question, Seen, Verdict};
pub use federation::{Exchange, Refusal, Rejected, admit, read_attribute};
pub use may::{Belongs, Brought, belongs, may, may_with};
pub use place::caller_place;
pub(crate) use place::of as place_of;
pub use reach::{Graph, Reach, Who, graph, reach, who};
pub use troubleshoot::troubleshoot;
pub use truth::Truth;
pub use ways::WayIn;

#[cfg(test)]
pub(crate) mod tests;
