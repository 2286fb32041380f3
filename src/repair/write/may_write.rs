//! Whether the viewer may change a policy at all, asked before a plan is confirmed.

use crate::google::api::lacked_permissions;
use crate::iam::Resource;
use crate::repair::plan::needs::permissions;
use crate::wire::{ApiError, Ask};

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

/// Asks for the right to read and to write the allow policy of a resource, as far as
/// [`lacked_permissions`] can tell: a yes is no promise.
///
/// # Errors
/// When it could not be asked.
pub async fn may_write(reader: &dyn Ask, resource: &Resource) -> Result<MayWrite, ApiError> {
    let lacks = lacked_permissions(reader, resource, &permissions(resource)).await?;
    Ok(if lacks.is_empty() {
        MayWrite::Yes
    } else {
        MayWrite::No { lacks }
    })
}
