//! IAM v1, v2 and v3.

pub(crate) mod account_keys;
pub(crate) mod accounts;
pub(crate) mod boundaries;
mod boundary_rules;
pub(crate) mod boundary_writes;
pub(crate) mod custom_roles;
pub(crate) mod deny_policies;
pub(crate) mod pools;
pub(crate) mod roles;
