//! The IAM API, v2 (discovery document iam v2): deny policies.

use serde_json::Value;

use super::get_as;
use crate::iam::{DenyPolicy, Resource, deny};
use crate::wire::{Api, ApiError, Ask, all_pages};

/// The names of a level's deny policies (`policies.listPolicies`); empty where one has no name. The list
/// has no rules ("policy rules are omitted"), so each is read on its own.
///
/// # Errors
/// As the client reports them.
pub async fn deny_policy_names(ask: &dyn Ask, level: &Resource) -> Result<Vec<String>, ApiError> {
    let path = format!("v2/{}", deny::collection(level));
    let listed = all_pages(ask, Api::Iam, &path, "policies").await?;
    let name = |p: &Value| {
        p.get("name")
            .and_then(Value::as_str)
            .unwrap_or("")
            .to_owned()
    };
    Ok(listed.iter().map(name).collect())
}

/// A deny policy (`policies.get`), by its plain name ([`is_plain_name`](crate::wire::is_plain_name)).
///
/// # Errors
/// As the client reports them.
pub async fn deny_policy(ask: &dyn Ask, name: &str) -> Result<DenyPolicy, ApiError> {
    get_as(ask, Api::Iam, &format!("v2/{name}")).await
}
