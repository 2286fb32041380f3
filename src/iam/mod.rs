//! The vocabulary: principals, resource names, permissions, roles, and the kinds of policy.
//!
//! Types with their rules of equality and parsing. No I/O, no clock, no environment.

pub mod address;
pub mod allow;
pub mod blockable;
pub mod boundary;
pub mod deniable;
pub mod deny;
pub mod extra;
pub mod member;
pub mod org_policy;
pub mod owner;
pub mod permission;
pub mod predefined;
pub mod principal;
pub mod resource;
pub mod role;

/// The longest identifier that is read, in bytes: of a principal, a member, a resource. Google's own are
/// shorter (an e-mail 320, a federated subject 127 with its pool's path); chosen.
pub const LONGEST_IDENTIFIER: usize = 4_096;

/// As much of a text as belongs into a message.
fn start_of(text: &str) -> String {
    const MOST: usize = 200;
    if text.chars().nth(MOST).is_none() {
        return text.to_owned();
    }
    let start: String = text.chars().take(MOST).collect();
    format!("{start}… ({} bytes)", text.len())
}

pub use allow::{AllowPolicy, Binding, Condition};
pub use boundary::{BoundaryPolicy, BoundaryRule, PolicyBinding, RuleEffect};
pub use deny::{DenyPolicy, DenyRule};
pub use extra::Extra;
pub use member::{BasicRole, DeletedKind, Kin, Member, PolicyMember};
pub use org_policy::OrgPolicy;
pub use permission::Permission;
pub use principal::{Pool, Principal};
pub use resource::{Resource, ResourceKind};
pub use role::{Role, Stage};
