//! The vocabulary: principals, resource names, permissions, roles, and the three kinds of policy.
//!
//! Types with their rules of equality and parsing. No I/O, no clock, no environment.

pub mod allow;
pub mod boundary;
pub mod deny;
pub mod member;
pub mod permission;
pub mod predefined;
pub mod principal;
pub mod resource;
pub mod role;

pub use allow::{AllowPolicy, Binding, Condition};
pub use boundary::{BoundaryPolicy, BoundaryRule, Effect, PolicyBinding};
pub use deny::{DenyPolicy, DenyRule};
pub use member::{BasicRole, DeletedKind, Member, PolicyMember};
pub use permission::Permission;
pub use principal::{Pool, Principal};
pub use resource::{Resource, ResourceKind};
pub use role::{Role, Stage};
