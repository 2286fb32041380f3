//! What stands in the way beside policies: an account that is disabled, an API that is off. Pure.

use serde::{Deserialize, Serialize};

use crate::iam::Resource;
use crate::text::shell;

/// Something that is turned on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Switch {
    /// The account, or the project of the API.
    pub resource: Resource,
    /// What is turned on there.
    pub kind: SwitchKind,
}

/// What is turned on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum SwitchKind {
    /// A disabled service account.
    Account,
    /// An API of a project.
    Api {
        /// `iamcredentials.googleapis.com`
        service: String,
    },
}

impl Switch {
    /// A service account.
    #[must_use]
    pub fn account(account: Resource) -> Self {
        Self {
            resource: account,
            kind: SwitchKind::Account,
        }
    }

    /// An API on a project.
    #[must_use]
    pub fn api(project: Resource, service: &str) -> Self {
        Self {
            resource: project,
            kind: SwitchKind::Api {
                service: service.to_owned(),
            },
        }
    }

    /// For people, one line.
    #[must_use]
    pub fn title(&self) -> String {
        match &self.kind {
            SwitchKind::Account => format!("enable the account {}", self.resource.id()),
            SwitchKind::Api { service } => {
                format!("enable {service} on the project {}", self.resource.id())
            }
        }
    }

    /// What to think of first.
    #[must_use]
    pub fn caution(&self) -> &'static str {
        match self.kind {
            SwitchKind::Account => {
                "Somebody disabled it, perhaps for a reason: find out first. Everyone who may act as it can do so again."
            }
            SwitchKind::Api { .. } => {
                "It then answers all callers of that project; turning it off again may break what has come to use it meanwhile."
            }
        }
    }

    /// The permission that it needs on the resource (discovery documents iam v1
    /// `projects.serviceAccounts.enable`, serviceusage v1 `services.enable`).
    #[must_use]
    pub fn permission(&self) -> &'static str {
        match self.kind {
            SwitchKind::Account => "iam.serviceAccounts.enable",
            SwitchKind::Api { .. } => "serviceusage.services.enable",
        }
    }

    /// The gcloud command that does the same.
    #[must_use]
    pub fn gcloud(&self) -> String {
        self.command("enable")
    }

    /// The gcloud command that turns it off again.
    #[must_use]
    pub fn gcloud_undo(&self) -> String {
        self.command("disable")
    }

    fn command(&self, verb: &str) -> String {
        match (&self.kind, &self.resource) {
            (SwitchKind::Account, Resource::ServiceAccount { project, account }) => {
                let mut out = format!("gcloud iam service-accounts {verb} {}", shell(account));
                if &**project != "-" {
                    out.push_str(&format!(" {}", shell(&format!("--project={project}"))));
                }
                out
            }
            (SwitchKind::Account, other) => {
                format!("gcloud iam service-accounts {verb} {}", shell(other.id()))
            }
            (SwitchKind::Api { service }, project) => format!(
                "gcloud services {verb} {} {}",
                shell(service),
                shell(&format!("--project={}", project.id()))
            ),
        }
    }
}
