//! Whether the viewer may change a policy at all, asked before a plan is confirmed.

use serde_json::{Value, json};

use crate::iam::{Resource, ResourceKind};
use crate::repair::plan::needs::permissions;
use crate::wire::{Api, ApiError, Ask, path_of};

/// Whether the viewer may read and write an allow policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MayWrite {
    /// As far as IAM says beforehand; the write itself decides.
    Yes,
    /// It lacks these permissions: the plan becomes a request
    /// ([`Equivalents::request`](crate::repair::words::equivalents::Equivalents::request)).
    No {
        /// What is missing.
        lacks: Vec<String>,
    },
}

/// Asks `testIamPermissions` (discovery documents iam v1, cloudresourcemanager v3) for the right to
/// read and to write the allow policy of a resource. The method is not meant to authorize: a yes is
/// no promise, and a resource that does not exist gives an empty answer or a 404.
///
/// # Errors
/// When it could not be asked.
pub async fn may_write(reader: &dyn Ask, resource: &Resource) -> Result<MayWrite, ApiError> {
    let lacks = missing(reader, resource, &permissions(resource)).await?;
    Ok(if lacks.is_empty() {
        MayWrite::Yes
    } else {
        MayWrite::No { lacks }
    })
}

/// Which of the permissions the viewer lacks on a resource.
pub(super) async fn missing(
    reader: &dyn Ask,
    resource: &Resource,
    wanted: &[String],
) -> Result<Vec<String>, ApiError> {
    let (api, version) = match resource.kind() {
        ResourceKind::ServiceAccount => (Api::Iam, "v1"),
        _ => (Api::ResourceManager, "v3"),
    };
    let path = format!("{version}/{}:testIamPermissions", path_of(resource));
    let body = json!({ "permissions": wanted });
    let answer = reader.ask(api, &path, &body).await?;
    let held: Vec<&str> = answer
        .get("permissions")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let lacks = wanted.iter().filter(|p| !held.contains(&p.as_str()));
    Ok(lacks.cloned().collect())
}
