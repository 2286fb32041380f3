//! Allow policies, which every API that has them reads and writes alike (discovery documents iam v1,
//! cloudresourcemanager v3).

use serde::Deserialize;
use serde_json::{Value, json};

use super::odd_form;
use crate::iam::{AllowPolicy, Resource, ResourceKind};
use crate::wire::{Api, ApiError, Ask, Tell, path_of};

/// Who keeps the policy of a resource, and the path of one of the three methods.
fn method(resource: &Resource, verb: &str) -> (Api, String) {
    let name = path_of(resource);
    match resource.kind() {
        ResourceKind::ServiceAccount => (Api::Iam, format!("v1/{name}:{verb}")),
        _ => (Api::ResourceManager, format!("v3/{name}:{verb}")),
    }
}

/// Reads the allow policy of a resource in version 3, so that conditions show (iam v1 `getIamPolicy`,
/// `options.requestedPolicyVersion` in the query; cloudresourcemanager v3, `GetIamPolicyRequest.options`
/// in the body).
///
/// # Errors
/// As the client reports them.
pub async fn read_policy(ask: &dyn Ask, resource: &Resource) -> Result<Value, ApiError> {
    let (api, path) = method(resource, "getIamPolicy");
    if api == Api::Iam {
        let path = format!("{path}?options.requestedPolicyVersion=3");
        ask.ask(api, &path, &json!({})).await
    } else {
        let body = json!({ "options": { "requestedPolicyVersion": 3 } });
        ask.ask(api, &path, &body).await
    }
}

/// As [`read_policy`], without what is not understood.
///
/// # Errors
/// As the client reports them.
pub async fn allow_policy(ask: &dyn Ask, resource: &Resource) -> Result<AllowPolicy, ApiError> {
    Ok(allow_policy_as_read(ask, resource).await?.0)
}

/// As [`allow_policy`], beside it the policy exactly as it came.
///
/// # Errors
/// As the client reports them.
pub async fn allow_policy_as_read(
    ask: &dyn Ask,
    resource: &Resource,
) -> Result<(AllowPolicy, Value), ApiError> {
    let as_read = read_policy(ask, resource).await?;
    match AllowPolicy::deserialize(&as_read) {
        Ok(policy) => Ok((policy, as_read)),
        Err(error) => Err(odd_form(
            &format!("policy of {}", resource.relative()),
            &error,
        )),
    }
}

/// Replaces the allow policy of a resource; gives it as it is then. Without a mask bindings and etag are
/// replaced, audit configuration stays (cloudresourcemanager v3, `SetIamPolicyRequest.updateMask`).
///
/// # Errors
/// As the client reports them.
pub async fn write_policy(
    tell: &dyn Tell,
    resource: &Resource,
    policy: &Value,
) -> Result<Value, ApiError> {
    let (api, path) = method(resource, "setIamPolicy");
    tell.tell(api, &path, &json!({ "policy": policy })).await
}

/// Which of these permissions whoever asks lacks on a resource (`testIamPermissions`). The method is not
/// meant to authorize: none lacked is no promise, and a resource that does not exist gives an empty answer
/// or a 404.
///
/// # Errors
/// As the client reports them.
pub async fn lacked_permissions(
    ask: &dyn Ask,
    resource: &Resource,
    wanted: &[String],
) -> Result<Vec<String>, ApiError> {
    let (api, path) = method(resource, "testIamPermissions");
    let answer = ask
        .ask(api, &path, &json!({ "permissions": wanted }))
        .await?;
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
