//! Where each API is.

use reqwest::Method;

use crate::wire::Api;

pub(super) fn described(method: &Method, api: Api, path: &str) -> String {
    let path = path.split('?').next().unwrap_or(path);
    format!("{method} {}/{path}", host(api))
}

pub(in crate::google) fn url(endpoint: Option<&str>, api: Api, path: &str) -> String {
    match endpoint {
        Some(base) => format!("{}/{path}", base.trim_end_matches('/')),
        None => format!("https://{}/{path}", host(api)),
    }
}

/// Google's own addresses (`rootUrl` of each discovery document).
pub(in crate::google) fn host(api: Api) -> &'static str {
    match api {
        Api::Iam => "iam.googleapis.com",
        Api::IamCredentials => "iamcredentials.googleapis.com",
        Api::ResourceManager => "cloudresourcemanager.googleapis.com",
        Api::ServiceUsage => "serviceusage.googleapis.com",
        Api::CloudIdentity => "cloudidentity.googleapis.com",
        Api::OrgPolicy => "orgpolicy.googleapis.com",
        Api::PolicyTroubleshooter => "policytroubleshooter.googleapis.com",
        Api::CloudAsset => "cloudasset.googleapis.com",
    }
}
