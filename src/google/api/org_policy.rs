//! The Organization Policy API (discovery document orgpolicy v2): what comes of a constraint's
//! policies on a resource, and where they are set. Both take `orgpolicy.policy.get`, which Viewer,
//! Editor and Owner of a project hold there.

use super::{get_as, shaped};
use crate::iam::{OrgPolicy, Resource};
use crate::wire::{Api, ApiError, Ask, encode, path_of};

/// What comes of a constraint's policies on a project, folder or organization (`getEffectivePolicy`).
///
/// # Errors
/// As the client reports them; an answer of another shape is a refusal.
pub async fn effective(
    ask: &dyn Ask,
    on: &Resource,
    constraint: &str,
) -> Result<OrgPolicy, ApiError> {
    let path = format!(
        "v2/{}/policies/{}:getEffectivePolicy",
        path_of(on),
        encode(constraint)
    );
    get_as(ask, Api::OrgPolicy, &path).await
}

/// The policy of a constraint that is set on a project, folder or organization itself; `None` where
/// none is ("If no policy is set on the resource, NOT_FOUND is returned").
///
/// # Errors
/// As [`effective`].
pub async fn set_on(
    ask: &dyn Ask,
    on: &Resource,
    constraint: &str,
) -> Result<Option<OrgPolicy>, ApiError> {
    let path = format!("v2/{}/policies/{}", path_of(on), encode(constraint));
    match ask.get(Api::OrgPolicy, &path).await {
        Ok(value) => shaped(&path, value).map(Some),
        Err(error) if error.status() == Some(404) => Ok(None),
        Err(error) => Err(error),
    }
}
