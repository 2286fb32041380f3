//! The Cloud Asset API (discovery document cloudasset v1): searches over a whole scope.
//!
//! What it finds is an index's, not the resources' own: "Cloud Asset Inventory provides eventual consistency
//! on current data", and it is possible "that Cloud Asset Inventory can miss some data updates" (doc "Asset
//! types"). Whoever uses it says so. The permission is asked for on the scope and for all that is in it
//! (`searchAllResources`, `searchAllIamPolicies`): what is found does not hang on what the viewer may read
//! of each resource.

use futures::stream::BoxStream;
use serde_json::Value;

use super::pages_of;
use crate::estate::ServiceAccount;
use crate::iam::{AllowPolicy, Resource};
use crate::wire::{Api, ApiError, Ask, encode};

const PROJECT: &str = "cloudresourcemanager.googleapis.com/Project";
const ACCOUNT: &str = "iam.googleapis.com/ServiceAccount";
/// Results of a page: at most 500 (`pageSize`).
const PAGE: usize = 500;
/// What is read of a result (`readMask`).
const FIELDS: &str = "name,assetType,project,displayName,state,additionalAttributes";

/// A project as a search finds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundProject {
    /// `projects/NUMBER`.
    pub name: String,
    /// Its id; empty where the result does not tell it.
    pub id: String,
    /// Whether it is active, as far as the result tells.
    pub active: bool,
}

fn resources_path(scope: &str, kind: &str) -> String {
    let (kind, fields) = (encode(kind), encode(FIELDS));
    format!("v1/{scope}:searchAllResources?assetTypes={kind}&readMask={fields}&pageSize={PAGE}")
}

/// The projects below a scope, `folders/N` or `organizations/N` (`searchAllResources`), page after page; an
/// error ends it.
pub fn projects<'a>(
    ask: &'a dyn Ask,
    scope: &str,
) -> BoxStream<'a, Result<Vec<FoundProject>, ApiError>> {
    let path = resources_path(scope, PROJECT);
    pages_of(ask, Api::CloudAsset, path, "results", |rows| {
        rows.iter().filter_map(found_project).collect()
    })
}

fn text<'v>(row: &'v Value, key: &str) -> &'v str {
    row.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// `additionalAttributes.NAME`.
fn more<'v>(row: &'v Value, key: &str) -> &'v str {
    let found = row.get("additionalAttributes").and_then(|a| a.get(key));
    found.and_then(Value::as_str).unwrap_or_default()
}

fn found_project(row: &Value) -> Option<FoundProject> {
    let name = text(row, "project");
    if !name.starts_with("projects/") {
        return None;
    }
    let last = text(row, "name").rsplit('/').next().unwrap_or_default();
    let id = match more(row, "projectId") {
        "" if last.bytes().any(|b| b.is_ascii_alphabetic()) => last,
        id => id,
    };
    Some(FoundProject {
        name: name.to_owned(),
        id: id.to_owned(),
        active: matches!(text(row, "state"), "" | "ACTIVE"),
    })
}

/// An account as a search finds it.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundAccount {
    /// The account. Its project is as its name has it: an id, or a number. It is taken for enabled unless the
    /// result says otherwise: it is shown, and nothing is judged by it.
    pub account: ServiceAccount,
    /// `projects/NUMBER`.
    pub project: String,
}

/// The service accounts below a scope, as [`projects`].
pub fn accounts<'a>(
    ask: &'a dyn Ask,
    scope: &str,
) -> BoxStream<'a, Result<Vec<FoundAccount>, ApiError>> {
    let path = resources_path(scope, ACCOUNT);
    pages_of(ask, Api::CloudAsset, path, "results", |rows| {
        rows.iter().filter_map(found_account).collect()
    })
}

fn found_account(row: &Value) -> Option<FoundAccount> {
    let name = text(row, "name").strip_prefix("//iam.googleapis.com/")?;
    let Resource::ServiceAccount { project, account } = Resource::parse(name).ok()? else {
        return None;
    };
    let email = match more(row, "email") {
        "" => &*account,
        email => email,
    };
    let unique_id = match more(row, "uniqueId") {
        "" if !account.contains('@') => &*account,
        id => id,
    };
    Some(FoundAccount {
        account: ServiceAccount {
            name: format!("projects/{project}/serviceAccounts/{email}"),
            email: email.to_owned(),
            project_id: project.to_string(),
            unique_id: unique_id.to_owned(),
            display_name: text(row, "displayName").to_owned(),
            disabled: text(row, "state") == "DISABLED",
            ..ServiceAccount::default()
        },
        project: text(row, "project").to_owned(),
    })
}

/// An allow policy as a search finds it; `None` where it has another form than documented.
pub type FoundPolicy = (Resource, Option<AllowPolicy>);

/// The allow policies of the service accounts below a scope (`searchAllIamPolicies`), as [`projects`]. One
/// without a binding is not found.
pub fn account_policies<'a>(
    ask: &'a dyn Ask,
    scope: &str,
) -> BoxStream<'a, Result<Vec<FoundPolicy>, ApiError>> {
    let kind = encode(ACCOUNT);
    let path = format!("v1/{scope}:searchAllIamPolicies?assetTypes={kind}&pageSize={PAGE}");
    pages_of(ask, Api::CloudAsset, path, "results", |rows| {
        let found = rows.into_iter().filter_map(|mut row| {
            let resource = Resource::parse(text(&row, "resource")).ok()?;
            let policy = row.get_mut("policy").map(Value::take).unwrap_or_default();
            Some((resource, serde_json::from_value(policy).ok()))
        });
        found.collect()
    })
}
