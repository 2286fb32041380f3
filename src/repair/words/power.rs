//! How much a role lets its holder do, from the permissions it includes: one measure on a scale of
//! five, for the confirmation of a grant. Pure.
//!
//! The measure looks at what a permission is for, not at how many there are:
//!
//! | measure | the role includes |
//! | --- | --- |
//! | nothing | no permission |
//! | reads | only verbs that read: `get`, `list`, `search`, `query`, `read`, `view`, `check`, `test` … |
//! | changes | any other permission |
//! | acts as others | one with which a holder becomes somebody else or edits what others hold: tokens, signatures, keys and `actAs` of service accounts, their policies, custom roles |
//! | gives access | one that writes the allow policy of a project, folder or organization, or a deny policy or boundary |
//!
//! On a folder or an organization each counts one higher, up to the top (chosen: it reaches every
//! project below). Sources of the lists: the table of predefined roles, and the published research
//! on escalation by `actAs`, `implicitDelegation`, `serviceAccountKeys.create` and `iam.roles.update`.

use serde::{Deserialize, Serialize};

use crate::estate::policies::FoundRole;
use crate::iam::ResourceKind;

/// The measure. Greater is more.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Power {
    /// Nothing, or nothing that was seen.
    #[default]
    Nothing,
    /// Reads.
    Reads,
    /// Changes things.
    Changes,
    /// Becomes somebody else, or edits what service accounts and roles are.
    ActsAsOthers,
    /// Says who may do what on a project or above.
    GivesAccess,
}

/// From here on a grant is confirmed by typing the account's name, unless configured otherwise.
pub const TWO_STEPS_FROM: Power = Power::ActsAsOthers;

/// Becoming somebody else, or editing what others are.
const ACTS_AS_OTHERS: [&str; 14] = [
    "iam.serviceAccounts.getAccessToken",
    "iam.serviceAccounts.getOpenIdToken",
    "iam.serviceAccounts.implicitDelegation",
    "iam.serviceAccounts.signBlob",
    "iam.serviceAccounts.signJwt",
    "iam.serviceAccounts.actAs",
    "iam.serviceAccounts.setIamPolicy",
    "iam.serviceAccountKeys.create",
    "iam.roles.update",
    "iam.googleapis.com/workloadIdentityPoolProviders.create",
    "iam.googleapis.com/workloadIdentityPoolProviders.update",
    "iam.googleapis.com/workforcePoolProviders.create",
    "iam.googleapis.com/workforcePoolProviders.update",
    "storage.hmacKeys.create",
];

/// Saying who may do what.
const GIVES_ACCESS: [&str; 7] = [
    "resourcemanager.projects.setIamPolicy",
    "resourcemanager.folders.setIamPolicy",
    "resourcemanager.organizations.setIamPolicy",
    "iam.denypolicies.update",
    "iam.denypolicies.delete",
    "iam.principalaccessboundarypolicies.update",
    "iam.principalaccessboundarypolicies.unbind",
];

/// How verbs that only read begin.
const READING: [&str; 18] = [
    "get",
    "list",
    "search",
    "query",
    "read",
    "view",
    "check",
    "test",
    "lookup",
    "count",
    "analyze",
    "fetch",
    "export",
    "download",
    "retrieve",
    "preview",
    "validate",
    "usePrivate",
];

/// Read their table; where the copy goes needs a permission of its own.
const READING_TOO: [&str; 2] = [
    "bigquery.tables.createSnapshot",
    "bigquery.tables.replicateData",
];

impl Power {
    /// For people, after "it": `reads`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Nothing => "does nothing",
            Self::Reads => "reads",
            Self::Changes => "changes things",
            Self::ActsAsOthers => "can act as others",
            Self::GivesAccess => "can give access to others",
        }
    }

    /// What a role allows on a resource of that kind. A role that is off allows nothing.
    #[must_use]
    pub fn of(role: &FoundRole, on: ResourceKind) -> Self {
        if role.disabled() || role.deleted() {
            return Self::Nothing;
        }
        let own = Self::of_permissions(role);
        match on {
            ResourceKind::Organization | ResourceKind::Folder => own.one_more(),
            ResourceKind::Project => own,
            // There is no project's policy to write on an account.
            ResourceKind::ServiceAccount => own.min(Self::ActsAsOthers),
        }
    }

    fn of_permissions(role: &FoundRole) -> Self {
        if GIVES_ACCESS.iter().any(|p| role.includes(p)) {
            return Self::GivesAccess;
        }
        if ACTS_AS_OTHERS.iter().any(|p| role.includes(p)) {
            return Self::ActsAsOthers;
        }
        let (any, all_read) = match role {
            FoundRole::Predefined(role) => (role.size() > 0, role.permissions().all(reads)),
            FoundRole::Given(role) => {
                let list = &role.included_permissions;
                (!list.is_empty(), list.iter().all(|p| reads(p)))
            }
        };
        match (any, all_read) {
            (false, _) => Self::Nothing,
            (true, true) => Self::Reads,
            (true, false) => Self::Changes,
        }
    }

    fn one_more(self) -> Self {
        match self {
            Self::Nothing => Self::Nothing,
            Self::Reads => Self::Changes,
            Self::Changes => Self::ActsAsOthers,
            Self::ActsAsOthers | Self::GivesAccess => Self::GivesAccess,
        }
    }
}

fn reads(permission: &str) -> bool {
    let verb = permission.rsplit('.').next().unwrap_or(permission);
    READING.iter().any(|begin| verb.starts_with(begin)) || READING_TOO.contains(&permission)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::iam::predefined;

    fn of(name: &str, on: ResourceKind) -> Power {
        Power::of(&FoundRole::Predefined(predefined::role(name).unwrap()), on)
    }

    #[test]
    fn what_roles_are_for_is_what_counts() {
        use ResourceKind::{Folder, Project, ServiceAccount};
        for (role, on, power) in [
            ("roles/owner", Project, Power::GivesAccess),
            ("roles/editor", Project, Power::ActsAsOthers),
            ("roles/iam.securityAdmin", Project, Power::GivesAccess),
            ("roles/iam.denyAdmin", Project, Power::GivesAccess),
            ("roles/iam.serviceAccountUser", Project, Power::ActsAsOthers),
            (
                "roles/iam.serviceAccountAdmin",
                ServiceAccount,
                Power::ActsAsOthers,
            ),
            (
                "roles/iam.serviceAccountKeyAdmin",
                Project,
                Power::ActsAsOthers,
            ),
            ("roles/bigquery.dataOwner", Project, Power::Changes),
            ("roles/storage.objectAdmin", Folder, Power::ActsAsOthers),
            ("roles/storage.objectViewer", Project, Power::Reads),
            ("roles/logging.viewer", Project, Power::Reads),
            ("roles/bigquery.dataViewer", Project, Power::Reads),
            ("roles/logging.viewer", Folder, Power::Changes),
            ("roles/owner", ServiceAccount, Power::ActsAsOthers),
        ] {
            assert_eq!(of(role, on), power, "{role} on {on:?}");
        }
        assert!(Power::Reads < TWO_STEPS_FROM && Power::Changes < TWO_STEPS_FROM);
    }

    #[test]
    fn every_permission_of_the_lists_exists() {
        let lists = ACTS_AS_OTHERS.iter().chain(&GIVES_ACCESS);
        for permission in lists.chain(&READING_TOO) {
            assert!(predefined::permission_exists(permission), "{permission}");
        }
    }

    #[test]
    fn the_words_of_the_configuration() {
        let read = |word: &str| serde_json::from_str::<Power>(&format!("\"{word}\"")).ok();
        assert_eq!(read("gives-access"), Some(Power::GivesAccess));
        assert_eq!(read("acts-as-others"), Some(Power::ActsAsOthers));
        assert_eq!(read("much"), None);
    }
}
