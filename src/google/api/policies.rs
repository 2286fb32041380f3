//! Allow policies, which every API that has them reads and writes alike.

use serde_json::{Value, json};

use crate::iam::Resource;
use crate::wire::{Api, ApiError, Ask, path_of};

/// Reads the allow policy of a resource in version 3, so that conditions show (discovery documents
/// iam v1 `getIamPolicy`, `options.requestedPolicyVersion` in the query; cloudresourcemanager v3,
/// `GetIamPolicyRequest.options` in the body).
///
/// # Errors
/// As the client reports them.
pub async fn read_policy(ask: &dyn Ask, resource: &Resource) -> Result<Value, ApiError> {
    let name = path_of(resource);
    if let Resource::ServiceAccount { .. } = resource {
        let path = format!("v1/{name}:getIamPolicy?options.requestedPolicyVersion=3");
        ask.ask(Api::Iam, &path, &json!({})).await
    } else {
        let path = format!("v3/{name}:getIamPolicy");
        let body = json!({ "options": { "requestedPolicyVersion": 3 } });
        ask.ask(Api::ResourceManager, &path, &body).await
    }
}
