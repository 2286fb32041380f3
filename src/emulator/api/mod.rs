//! One file per API over the world. Each file has its rows of the table of routes.

pub(crate) mod assets;
pub(crate) mod cloud_identity;
mod enforce;
pub(crate) mod iam;
pub(crate) mod iam_credentials;
pub(crate) mod org_policy;
mod policy;
pub(crate) mod resource_manager;
pub(crate) mod service_usage;
pub(crate) mod troubleshooter;
