//! The smallest call of each API, to see whether it can be reached. None changes anything or needs to be
//! permitted: a refusal in the API's own form shows just as well that it answers.

use serde_json::{Value, json};

use crate::wire::{Api, encode};

/// Path and body (`None`: a GET) of the call. `project` is a project to ask about where the API knows
/// nothing above projects.
#[must_use]
pub fn smallest(api: Api, project: Option<&str>) -> (String, Option<Value>) {
    let project = encode(project.unwrap_or("-"));
    match api {
        Api::Iam => ("v1/roles?pageSize=1".to_owned(), None),
        // No account has this id, so no token is made.
        Api::IamCredentials => (
            super::iam_credentials::access_token_path("0"),
            Some(json!({})),
        ),
        Api::ResourceManager => ("v3/projects:search?pageSize=1".to_owned(), None),
        Api::ServiceUsage => (
            format!("v1/projects/{project}/services/iam.googleapis.com"),
            None,
        ),
        Api::CloudIdentity => (
            "v1/groups:lookup?groupKey.id=nobody%40example.com".to_owned(),
            None,
        ),
        Api::OrgPolicy => (format!("v2/projects/{project}/policies?pageSize=1"), None),
        Api::PolicyTroubleshooter => ("v3/iam:troubleshoot".to_owned(), Some(json!({}))),
        Api::CloudAsset => (
            format!("v1/projects/{project}:searchAllResources?pageSize=1"),
            None,
        ),
    }
}
