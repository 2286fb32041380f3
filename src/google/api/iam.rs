//! The IAM API, v1 (discovery document iam v1): accounts and roles.

use futures::stream::BoxStream;
use serde_json::json;

use super::{get_as, pages_of, those_shaped};
use crate::estate::ServiceAccount;
use crate::iam::{Resource, Role};
use crate::wire::{Api, ApiError, Ask, Tell, all_pages, encode, path_of};

/// An account (`projects.serviceAccounts.get`), in its project or with the wildcard `-`.
///
/// # Errors
/// As the client reports them. With the wildcard an account that does not exist answers 403.
pub async fn account(ask: &dyn Ask, account: &Resource) -> Result<ServiceAccount, ApiError> {
    get_as(ask, Api::Iam, &format!("v1/{}", path_of(account))).await
}

/// Turns an account on or off (`projects.serviceAccounts.enable`, `disable`).
///
/// # Errors
/// As the client reports them.
pub async fn switch_account(tell: &dyn Tell, account: &Resource, on: bool) -> Result<(), ApiError> {
    let verb = if on { "enable" } else { "disable" };
    let path = format!("v1/{}:{verb}", path_of(account));
    tell.tell(Api::Iam, &path, &json!({})).await.map(drop)
}

/// At most 100 on a page (`projects.serviceAccounts.list`, `pageSize`).
fn accounts_path(project: &str) -> String {
    let project = encode(project);
    format!("v1/projects/{project}/serviceAccounts?pageSize=100")
}

/// The accounts of a project, by id or number (`projects.serviceAccounts.list`). What is of another form
/// than documented names no account that could be judged, and is left out.
///
/// # Errors
/// As the client reports them.
pub async fn accounts(ask: &dyn Ask, project: &str) -> Result<Vec<ServiceAccount>, ApiError> {
    let all = all_pages(ask, Api::Iam, &accounts_path(project), "accounts").await?;
    Ok(those_shaped(all))
}

/// As [`accounts`], page after page; an error ends it.
#[must_use]
pub fn account_pages<'a>(
    ask: &'a dyn Ask,
    project: &str,
) -> BoxStream<'a, Result<Vec<ServiceAccount>, ApiError>> {
    let path = accounts_path(project);
    pages_of(ask, Api::Iam, path, "accounts", those_shaped)
}

/// A role (`roles.get`, `projects.roles.get`, `organizations.roles.get`), by its plain name
/// ([`is_plain_name`](crate::wire::is_plain_name)).
///
/// # Errors
/// As the client reports them; 400 for a name of a form that no role has.
pub async fn role(ask: &dyn Ask, name: &str) -> Result<Role, ApiError> {
    get_as(ask, Api::Iam, &format!("v1/{name}")).await
}
