//! The IAM API, v3 (discovery document iam v3): principal access boundaries and what they are bound to.

use super::{get_as, list_as};
use crate::iam::{BoundaryPolicy, PolicyBinding, Resource};
use crate::wire::{Api, ApiError, Ask, path_of};

/// What is bound at a project, folder or organization (`policyBindings.list`).
///
/// # Errors
/// As the client reports them.
pub async fn policy_bindings(
    ask: &dyn Ask,
    level: &Resource,
) -> Result<Vec<PolicyBinding>, ApiError> {
    let path = format!("v3/{}/locations/global/policyBindings", path_of(level));
    list_as(ask, Api::Iam, &path, "policyBindings").await
}

/// A boundary (`principalAccessBoundaryPolicies.get`), by its plain name
/// ([`is_plain_name`](crate::wire::is_plain_name)).
///
/// # Errors
/// As the client reports them.
pub async fn boundary(ask: &dyn Ask, name: &str) -> Result<BoundaryPolicy, ApiError> {
    get_as(ask, Api::Iam, &format!("v3/{name}")).await
}
