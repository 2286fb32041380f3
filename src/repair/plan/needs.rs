//! What a change of an allow policy takes. Pure.

use crate::iam::{Resource, ResourceKind};

/// What reading and writing the allow policy need.
#[must_use]
pub fn permissions(resource: &Resource) -> [String; 2] {
    let noun = match resource.kind() {
        ResourceKind::Organization => "resourcemanager.organizations",
        ResourceKind::Folder => "resourcemanager.folders",
        ResourceKind::Project => "resourcemanager.projects",
        ResourceKind::ServiceAccount => "iam.serviceAccounts",
    };
    ["getIamPolicy", "setIamPolicy"].map(|verb| format!("{noun}.{verb}"))
}
