//! Identity pools and their providers, a part of the IAM API (discovery document iam v1,
//! `workloadIdentityPools`, `workforcePools`). Names are plain ones
//! ([`is_plain_name`](crate::wire::is_plain_name)).

use super::{get_as, list_as, those_shaped};
use crate::estate::{IdentityPool, Provider};
use crate::iam::Pool;
use crate::wire::{Api, ApiError, Ask, all_pages, encode};

/// A pool (`get`).
///
/// # Errors
/// As the client reports them.
pub async fn pool(ask: &dyn Ask, name: &str) -> Result<IdentityPool, ApiError> {
    get_as(ask, Api::Iam, &format!("v1/{name}")).await
}

/// The workload pools of a collection, `projects/P/locations/global/workloadIdentityPools`, without those
/// that are deleted.
///
/// # Errors
/// As the client reports them.
pub async fn pools_beside(ask: &dyn Ask, collection: &str) -> Result<Vec<IdentityPool>, ApiError> {
    let path = format!("v1/{collection}?pageSize=1000");
    let all = all_pages(ask, Api::Iam, &path, "workloadIdentityPools").await?;
    Ok(those_shaped(all))
}

/// Whose pools are listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PoolOwner {
    /// The workload pools of a project, by id or number.
    Project(String),
    /// The workforce pools of an organization, `organizations/1`.
    Organization(String),
}

/// The names of somebody's pools, those that are deleted too.
///
/// # Errors
/// As the client reports them.
pub async fn pool_names(ask: &dyn Ask, of: &PoolOwner) -> Result<Vec<String>, ApiError> {
    let (path, field) = match of {
        PoolOwner::Project(project) => (
            format!(
                "v1/projects/{}/locations/global/workloadIdentityPools?pageSize=1000&showDeleted=true",
                encode(project)
            ),
            "workloadIdentityPools",
        ),
        PoolOwner::Organization(organization) => (
            format!(
                "v1/locations/global/workforcePools?parent={}&pageSize=1000&showDeleted=true",
                encode(organization)
            ),
            "workforcePools",
        ),
    };
    let all = all_pages(ask, Api::Iam, &path, field).await?;
    let names = all.iter().filter_map(|pool| pool.get("name")?.as_str());
    Ok(names.map(str::to_owned).collect())
}

/// The providers of a pool, those that are deleted too.
///
/// # Errors
/// As the client reports them.
pub async fn providers(ask: &dyn Ask, pool: &Pool) -> Result<Vec<Provider>, ApiError> {
    let path = format!("v1/{}/providers?pageSize=100&showDeleted=true", pool.path());
    let field = match pool {
        Pool::Workload { .. } => "workloadIdentityPoolProviders",
        Pool::Workforce { .. } => "workforcePoolProviders",
    };
    list_as(ask, Api::Iam, &path, field).await
}
