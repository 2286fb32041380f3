//! Estate files and asset exports: read, refused, merged, written again.

mod deleted;
mod export;
mod kinds;
mod merging;
mod reading;
mod rounds;

use serde_json::{Value, json};

use super::super::{Estate, Existence, Read};
use super::*;
use crate::iam::Resource;

const ACCOUNT: &str =
    "//iam.googleapis.com/projects/app-prod/serviceAccounts/run@app-prod.iam.gserviceaccount.com";

fn source(name: &str, text: &str) -> SourceFile {
    SourceFile::text(name, text)
}

fn load(files: &[(&str, &str)]) -> Result<Loaded, String> {
    let sources = files
        .iter()
        .map(|(name, text)| source(name, text))
        .collect();
    read(sources, &mut |_| {}).map_err(|e| e.to_string())
}

fn refusal(text: &str) -> String {
    load(&[("f.json", text)]).unwrap_err()
}

fn bindings<'a>(estate: &'a Estate, name: &str) -> Vec<&'a str> {
    let resource = estate
        .resolve(&Resource::parse(name).unwrap())
        .exists()
        .unwrap();
    match estate.allow_policy(&resource) {
        Read::Known(Some(policy)) => policy.bindings.iter().map(|b| &*b.role).collect(),
        Read::Known(None) => Vec::new(),
        Read::Unreadable(why) => panic!("{name}: {why}"),
    }
}

/// The contract's own example, shortened where it is not JSON.
fn example() -> Value {
    json!({
        "organizations": [{ "name": "organizations/1001", "displayName": "example.com", "directoryCustomerId": "C0example" }],
        "folders": [{ "name": "folders/2001", "parent": "organizations/1001", "displayName": "prod" }],
        "projects": [{ "name": "projects/3001", "projectId": "app-prod", "parent": "folders/2001", "displayName": "App", "state": "ACTIVE" }],
        "serviceAccounts": [{ "name": "projects/app-prod/serviceAccounts/run@app-prod.iam.gserviceaccount.com", "email": "run@app-prod.iam.gserviceaccount.com", "projectId": "app-prod", "uniqueId": "101", "displayName": "", "disabled": false }],
        "roles": [{ "name": "organizations/1001/roles/minter", "includedPermissions": ["iam.serviceAccounts.getAccessToken"], "stage": "GA" }],
        "groups": [{ "email": "devs@example.com", "members": ["user:ana@example.com", "group:leads@example.com"] }],
        "iamPolicies": {
            ACCOUNT: { "version": 3, "etag": "BwYAAAE=", "bindings": [] },
            "//cloudresourcemanager.googleapis.com/projects/3001": { "bindings": [{ "role": "roles/viewer", "members": ["user:ana@example.com"] }] },
            "//cloudresourcemanager.googleapis.com/folders/2001": { "bindings": [] }
        },
        "denyPolicies": [{ "name": "policies/cloudresourcemanager.googleapis.com%2Fprojects%2Fapp-prod/denypolicies/no-minting", "rules": [{ "denyRule": { "deniedPrincipals": ["principalSet://goog/public:all"], "exceptionPrincipals": [], "deniedPermissions": ["iam.googleapis.com/serviceAccounts.getAccessToken"], "denialCondition": { "expression": "true" } } }] }],
        "principalAccessBoundaryPolicies": [{ "name": "organizations/1001/locations/global/principalAccessBoundaryPolicies/b1", "details": { "enforcementVersion": "3", "rules": [{ "effect": "ALLOW", "resources": ["//cloudresourcemanager.googleapis.com/folders/2001"], "excludedResources": [], "operation": { "permissions": ["iam.googleapis.com/*.*"], "excludedPermissions": [] } }] } }],
        "policyBindings": [{ "name": "organizations/1001/locations/global/policyBindings/pb1", "target": { "principalSet": "//cloudresourcemanager.googleapis.com/organizations/1001" }, "policyKind": "PRINCIPAL_ACCESS_BOUNDARY", "policy": "organizations/1001/locations/global/principalAccessBoundaryPolicies/b1", "condition": { "expression": "true" } }],
        "tags": { "//cloudresourcemanager.googleapis.com/projects/app-prod": [{ "namespacedTagKey": "1001/env", "namespacedTagValue": "1001/env/prod", "tagKey": "tagKeys/1", "tagValue": "tagValues/2" }] },
        "enabledServices": { "projects/3001": ["iam.googleapis.com", "iamcredentials.googleapis.com"] },
        "pools": [{ "name": "projects/3001/locations/global/workloadIdentityPools/gh", "disabled": true, "displayName": "GitHub" }, { "name": "locations/global/workforcePools/staff" }],
        "providers": [{ "name": "projects/3001/locations/global/workloadIdentityPools/gh/providers/actions", "attributeMapping": { "google.subject": "assertion.sub" } }],
        "unreadable": ["//cloudresourcemanager.googleapis.com/organizations/1001", "policies/cloudresourcemanager.googleapis.com%2Forganizations%2F1001/denypolicies", "organizations/1001/locations/global/policyBindings", "groups/Devs@example.com", "organizations/1001/roles/minter"]
    })
}
