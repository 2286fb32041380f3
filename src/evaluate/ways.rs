//! The ways of becoming a service account: one table for the review, for `--edges`, and for docs/edges.md.

use crate::estate::policies::FoundRole;
use crate::iam::permission::{
    ACT_AS, GET_ACCESS_TOKEN, GET_OPEN_ID_TOKEN, IMPLICIT_DELEGATION, SIGN_BLOB, SIGN_JWT,
};

/// A way of becoming an account, which is a kind of edge too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WayIn {
    /// An access token.
    Token,
    /// An ID token.
    IdToken,
    /// A signature over any bytes, with which a token is bought.
    SignBlob,
    /// The same over a JWT.
    SignJwt,
    /// A place in a delegation chain.
    Delegation,
    /// A key: made, or uploaded.
    Key,
    /// The account's own allow policy, where the role for one of the others is put.
    AccountPolicy,
    /// Attached to something that runs code.
    ActAs,
    /// The allow policy of the account's project.
    ProjectPolicy,
    /// The allow policy of a folder above it.
    FolderPolicy,
    /// The allow policy of the organization.
    OrganizationPolicy,
    /// A custom role that one has there already is given more permissions.
    RoleEdit,
    /// What runs as the account is made to run something else.
    DeployOver,
}

/// Whether a way hangs on something that no allow or deny policy says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hangs {
    Never,
    Perhaps,
    Always,
}

/// With one of these on a project, something that runs code is made there, or given an account, which asks for
/// `actAs` on that account.
pub const STARTS_CODE: [&str; 16] = [
    "aiplatform.customJobs.create",
    "appengine.versions.create",
    "cloudbuild.builds.create",
    "cloudfunctions.functions.create",
    "cloudfunctions.functions.update",
    "cloudscheduler.jobs.create",
    "composer.environments.create",
    "compute.instances.create",
    "compute.instances.setServiceAccount",
    "dataflow.jobs.create",
    "dataproc.clusters.create",
    "notebooks.instances.create",
    "run.jobs.create",
    "run.services.create",
    "run.services.update",
    "workflows.workflows.create",
];

/// With one of these on a project, what runs there as some account already runs what the caller gives it.
const DEPLOYS_OVER: [&str; 9] = [
    "cloudbuild.builds.create",
    "cloudfunctions.functions.update",
    "compute.instances.setMetadata",
    "compute.projects.setCommonInstanceMetadata",
    "container.pods.create",
    "dataproc.jobs.create",
    "deploymentmanager.deployments.create",
    "run.jobs.runWithOverrides",
    "run.services.update",
];

const BEST: &str = "\"Best practices for using service accounts securely\"";
const RHINO: &str =
    "Rhino Security Labs, \"Privilege Escalation in Google Cloud Platform, Part 1 (IAM)\"";

impl WayIn {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::Token,
        Self::IdToken,
        Self::SignBlob,
        Self::SignJwt,
        Self::Delegation,
        Self::Key,
        Self::AccountPolicy,
        Self::ActAs,
        Self::ProjectPolicy,
        Self::FolderPolicy,
        Self::OrganizationPolicy,
        Self::RoleEdit,
        Self::DeployOver,
    ];

    /// Those that go by one permission on the account.
    pub const ON_ACCOUNT: [Self; 8] = [
        Self::Token,
        Self::IdToken,
        Self::SignBlob,
        Self::SignJwt,
        Self::Delegation,
        Self::Key,
        Self::AccountPolicy,
        Self::ActAs,
    ];

    /// Those that make their holder the account by a credential of it.
    pub(crate) const CREDENTIALS: [Self; 4] =
        [Self::Token, Self::SignBlob, Self::SignJwt, Self::Key];

    /// What it goes by: on the account; for policies of levels on that level; for a role on what it belongs to;
    /// for deploying over something, one of them on the account's project.
    #[must_use]
    pub fn permissions(self) -> &'static [&'static str] {
        match self {
            Self::Token => &[GET_ACCESS_TOKEN],
            Self::IdToken => &[GET_OPEN_ID_TOKEN],
            Self::SignBlob => &[SIGN_BLOB],
            Self::SignJwt => &[SIGN_JWT],
            Self::Delegation => &[IMPLICIT_DELEGATION],
            Self::Key => &["iam.serviceAccountKeys.create"],
            Self::AccountPolicy => &["iam.serviceAccounts.setIamPolicy"],
            Self::ActAs => &[ACT_AS],
            Self::ProjectPolicy => &["resourcemanager.projects.setIamPolicy"],
            Self::FolderPolicy => &["resourcemanager.folders.setIamPolicy"],
            Self::OrganizationPolicy => &["resourcemanager.organizations.setIamPolicy"],
            Self::RoleEdit => &["iam.roles.update"],
            Self::DeployOver => &DEPLOYS_OVER,
        }
    }

    /// The first of [`Self::permissions`], which of most is the only one.
    #[must_use]
    pub fn permission(self) -> &'static str {
        self.permissions().first().copied().unwrap_or_default()
    }

    /// Its name in JSON, and after `--edges`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Token => "TOKEN",
            Self::IdToken => "ID_TOKEN",
            Self::SignBlob => "SIGN_BLOB",
            Self::SignJwt => "SIGN_JWT",
            Self::Delegation => "DELEGATION",
            Self::Key => "KEY",
            Self::AccountPolicy => "ACCOUNT_POLICY",
            Self::ActAs => "ACT_AS",
            Self::ProjectPolicy => "PROJECT_POLICY",
            Self::FolderPolicy => "FOLDER_POLICY",
            Self::OrganizationPolicy => "ORGANIZATION_POLICY",
            Self::RoleEdit => "ROLE_EDIT",
            Self::DeployOver => "DEPLOY_OVER",
        }
    }

    /// What whoever has the permission does with it, for people.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Token => "gets access tokens of the account",
            Self::IdToken => {
                "gets ID tokens of it: they open what takes ID tokens, and lead no further"
            }
            Self::SignBlob => {
                "has any bytes signed as the account: with a signed assertion a token is bought"
            }
            Self::SignJwt => "has JWTs signed as it, to the same end",
            Self::Delegation => {
                "names it as a delegate: what the account may mint, it may have minted; not the account's own token"
            }
            Self::Key => "makes or uploads a key of it",
            Self::AccountPolicy => {
                "writes the account's allow policy, and grants itself a role there"
            }
            Self::ActAs => {
                "attaches it to something that runs code, and lets that ask for the account's tokens"
            }
            Self::ProjectPolicy => {
                "writes the allow policy of the account's project, and grants itself a role there"
            }
            Self::FolderPolicy => {
                "writes the allow policy of a folder above it, and grants itself a role there"
            }
            Self::OrganizationPolicy => {
                "writes the allow policy of the organization, and grants itself a role there"
            }
            Self::RoleEdit => {
                "has a custom role on the account or above it, and may put permissions into that role"
            }
            Self::DeployOver => "changes what something runs that has the account already",
        }
    }

    /// When it is more than a perhaps.
    #[must_use]
    pub fn certainty(self) -> &'static str {
        match self {
            Self::Token | Self::IdToken | Self::SignBlob | Self::SignJwt | Self::Delegation => {
                "as the policies say"
            }
            Self::Key => {
                "as the policies say, where no organization policy forbids to make keys; else conditional"
            }
            Self::AccountPolicy
            | Self::ProjectPolicy
            | Self::FolderPolicy
            | Self::OrganizationPolicy => {
                "as the policies say, where deny rules and boundaries leave a credential of the account that could be granted"
            }
            Self::RoleEdit => "the same; the binding's own condition counts too",
            Self::ActAs | Self::DeployOver => {
                "always conditional: what runs in the project is not in sight"
            }
        }
    }

    /// Who says so: titles of Google's pages, published research.
    #[must_use]
    pub fn source(self) -> String {
        let own = match self {
            Self::Token | Self::IdToken | Self::SignBlob | Self::SignJwt => {
                "\"Roles for service account authentication\""
            }
            Self::Delegation => "\"Create short-lived credentials for a service account\"",
            Self::Key => "\"Upload service account keys\"",
            Self::AccountPolicy => return format!("{BEST}; {RHINO}"),
            Self::ActAs => "\"Attach service accounts to resources\"",
            Self::ProjectPolicy | Self::FolderPolicy | Self::OrganizationPolicy => {
                return format!(
                    "\"Best practices for using service accounts in deployment pipelines\" (modifying policies); {RHINO}"
                );
            }
            Self::RoleEdit => {
                return format!(
                    "\"Create entitlements in Privileged Access Manager\" (caution on `iam.roles.update`); {RHINO}"
                );
            }
            Self::DeployOver => {
                return format!(
                    "{BEST} (`cloudbuild.builds.create`, `deploymentmanager.deployments.create`); {RHINO}; the others *chosen*: they change what is run where an account is attached"
                );
            }
        };
        format!("{BEST}; {own}; {RHINO}")
    }

    /// Whether it makes its holder the account by itself. An ID token opens what takes ID tokens; delegation
    /// needs an account to end at; actAs needs something that runs code.
    #[must_use]
    pub fn is_whole(self) -> bool {
        !matches!(
            self,
            Self::IdToken | Self::Delegation | Self::ActAs | Self::DeployOver
        )
    }

    /// Whether further steps can be taken as the account.
    #[must_use]
    pub fn leads_on(self) -> bool {
        self.is_whole() || matches!(self, Self::ActAs | Self::DeployOver)
    }

    /// Whether it hangs on something that no policy says: always, never, or by what organization policies say.
    pub(crate) fn hangs(self) -> Hangs {
        match self {
            Self::ActAs | Self::DeployOver => Hangs::Always,
            Self::Key => Hangs::Perhaps,
            _ => Hangs::Never,
        }
    }

    /// Whether its call takes delegates: whoever only stands in a chain has no other (discovery document
    /// iamcredentials v1, `delegates`).
    #[must_use]
    pub fn takes_delegates(self) -> bool {
        matches!(
            self,
            Self::Token | Self::IdToken | Self::SignBlob | Self::SignJwt | Self::Delegation
        )
    }

    /// Those of a role that go by a permission on the account.
    #[must_use]
    pub fn of(role: &FoundRole) -> Vec<Self> {
        if role.disabled() || role.deleted() {
            return Vec::new();
        }
        let all = Self::ON_ACCOUNT.into_iter();
        all.filter(|way| role.includes(way.permission())).collect()
    }

    /// The one of that name, in either case.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|way| way.word().eq_ignore_ascii_case(word))
    }

    /// What roles have to hold for some of these ways.
    #[must_use]
    pub fn all_permissions(ways: &[Self]) -> Vec<&'static str> {
        let mut names: Vec<&str> = ways
            .iter()
            .flat_map(|way| way.permissions())
            .copied()
            .collect();
        if ways.contains(&Self::ActAs) {
            names.extend(STARTS_CODE);
        }
        names.sort_unstable();
        names.dedup();
        names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_goes_by_permissions_that_exist() {
        for name in WayIn::all_permissions(&WayIn::ALL) {
            assert!(crate::iam::predefined::permission_exists(name), "{name}");
        }
    }

    #[test]
    fn each_is_found_by_its_name() {
        for way in WayIn::ALL {
            assert_eq!(
                WayIn::named(&way.word().to_ascii_lowercase()),
                Some(way),
                "{way:?}"
            );
        }
    }
}
