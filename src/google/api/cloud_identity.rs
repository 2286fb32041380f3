//! The Cloud Identity API (discovery document cloudidentity v1): who is in a group.

use serde_json::Value;

use super::odd_answer;
use crate::wire::{Api, ApiError, Ask, all_pages, encode, is_plain_name};

/// The direct members of a group, by its address, as policies write them (`group:G`); those that cannot
/// call (devices, drives) are left out (`groups:lookup`, `memberships.list`).
///
/// # Errors
/// As the client reports them.
pub async fn members(ask: &dyn Ask, group: &str) -> Result<Vec<String>, ApiError> {
    let api = Api::CloudIdentity;
    let lookup = format!("v1/groups:lookup?groupKey.id={}", encode(group));
    let found = ask.get(api, &lookup).await?;
    let name = found.get("name").and_then(Value::as_str).unwrap_or("");
    if !is_plain_name(name) || !name.starts_with("groups/") {
        let message = "no name of a group in the answer".to_owned();
        return Err(odd_answer(&lookup, message));
    }
    // FULL shows each member's type; at most 500 on a page then.
    let path = format!("v1/{name}/memberships?view=FULL&pageSize=500");
    let memberships = all_pages(ask, api, &path, "memberships").await?;
    Ok(memberships.iter().filter_map(member).collect())
}

/// A membership as an IAM member.
fn member(membership: &Value) -> Option<String> {
    let id = membership.get("preferredMemberKey")?.get("id")?.as_str()?;
    match membership.get("type").and_then(Value::as_str) {
        Some("USER") => Some(format!("user:{id}")),
        Some("SERVICE_ACCOUNT") => Some(format!("serviceAccount:{id}")),
        Some("GROUP") => Some(format!("group:{id}")),
        Some(_) => None,
        None => Some(id.to_owned()),
    }
}
