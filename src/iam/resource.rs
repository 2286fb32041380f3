//! Resource names: the four levels that allow policies attach to, in every form Google writes them.

use std::fmt;
use std::sync::Arc;

use super::address::is_email;

/// The four levels of the ancestry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ResourceKind {
    /// An organization.
    Organization,
    /// A folder.
    Folder,
    /// A project.
    Project,
    /// A service account.
    ServiceAccount,
}

impl ResourceKind {
    /// The word for people.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Organization => "organization",
            Self::Folder => "folder",
            Self::Project => "project",
            Self::ServiceAccount => "service account",
        }
    }
}

/// A resource as a text names it. A project may be named by id or number, an account by e-mail or
/// unique id, and an account's project may be `-`; [`crate::estate::Estate::resolve`] settles which
/// one is meant.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Resource {
    /// By number.
    Organization(Arc<str>),
    /// By number.
    Folder(Arc<str>),
    /// By id or number.
    Project(Arc<str>),
    /// By e-mail (lower case) or unique id, with the project it belongs to (`-` when not said).
    ServiceAccount {
        /// Project id, number, or `-`.
        project: Arc<str>,
        /// E-mail in lower case, or unique id.
        account: Arc<str>,
    },
}

/// Why a text names no resource.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{0}' names no organization, folder, project or service account: expected organizations/N, folders/N, projects/P, projects/P/serviceAccounts/E, or the full resource name of one"
)]
pub struct NotAResource(pub String);

const IAM: &str = "//iam.googleapis.com/";
const RESOURCE_MANAGER: &str = "//cloudresourcemanager.googleapis.com/";

impl Resource {
    /// Reads a full resource name (`//iam.googleapis.com/projects/P/serviceAccounts/E`) or a relative
    /// one (`folders/1`).
    ///
    /// # Errors
    /// When it is of another form, or an id holds a character that no id has.
    pub fn parse(text: &str) -> Result<Self, NotAResource> {
        let bad = || NotAResource(super::start_of(text));
        if text.len() > super::LONGEST_IDENTIFIER {
            return Err(bad());
        }
        let path = text
            .strip_prefix(IAM)
            .or_else(|| text.strip_prefix(RESOURCE_MANAGER))
            .unwrap_or(text);
        let parts: Vec<&str> = path.split('/').collect();
        let number = |s: &str| {
            (!s.is_empty() && s.len() <= 32 && s.bytes().all(|b| b.is_ascii_digit()))
                .then(|| Arc::<str>::from(s))
        };
        match parts.as_slice() {
            ["organizations", n] => number(n).map(Self::Organization).ok_or_else(bad),
            ["folders", n] => number(n).map(Self::Folder).ok_or_else(bad),
            ["projects", p] if is_project(p) => Ok(Self::Project((*p).into())),
            ["projects", p, "serviceAccounts", a] if *p == "-" || is_project(p) => {
                is_account(a).then(|| Self::account(p, a)).ok_or_else(bad)
            }
            _ => Err(bad()),
        }
    }

    /// Reads a target as somebody types it: what [`Self::parse`] reads of an account, a bare e-mail or unique
    /// id, or an account as people call it, `run@app-prod`.
    ///
    /// # Errors
    /// When it names no service account.
    pub fn parse_account(text: &str) -> Result<Self, NotAResource> {
        let text = text.trim();
        let bare = text.strip_prefix("serviceAccount:").unwrap_or(text);
        // People ask for a person's or a group's account too; that it is none is an answer.
        let other = ["user:", "group:"]
            .iter()
            .find_map(|k| text.strip_prefix(k));
        if let Some(address) = other.filter(|a| is_email(a)) {
            return Ok(Self::account("-", address));
        }
        if let Some(email) = super::address::in_full(bare) {
            return Ok(Self::account("-", &email));
        }
        if is_account(bare) {
            return Ok(Self::account("-", bare));
        }
        match Self::parse(text)? {
            account @ Self::ServiceAccount { .. } => Ok(account),
            _ => Err(NotAResource(super::start_of(text))),
        }
    }

    /// An account by project (id, number or `-`) and e-mail or unique id.
    #[must_use]
    pub fn account(project: &str, account: &str) -> Self {
        Self::ServiceAccount {
            project: project.into(),
            account: account.to_lowercase().into(),
        }
    }

    /// A project by id or number.
    #[must_use]
    pub fn project(id: &str) -> Self {
        Self::Project(id.into())
    }

    /// Which of the four levels.
    #[must_use]
    pub fn kind(&self) -> ResourceKind {
        match self {
            Self::Organization(_) => ResourceKind::Organization,
            Self::Folder(_) => ResourceKind::Folder,
            Self::Project(_) => ResourceKind::Project,
            Self::ServiceAccount { .. } => ResourceKind::ServiceAccount,
        }
    }

    /// The relative name: `folders/1`, `projects/P/serviceAccounts/E`.
    #[must_use]
    pub fn relative(&self) -> String {
        self.named_after("")
    }

    /// The full resource name: `//cloudresourcemanager.googleapis.com/folders/1`.
    #[must_use]
    pub fn full_name(&self) -> String {
        let service = if self.kind() == ResourceKind::ServiceAccount {
            IAM
        } else {
            RESOURCE_MANAGER
        };
        self.named_after(service)
    }

    /// Made in one piece: an answer may have a hundred thousand names.
    fn named_after(&self, service: &str) -> String {
        match self {
            Self::Organization(n) => [service, "organizations/", n].concat(),
            Self::Folder(n) => [service, "folders/", n].concat(),
            Self::Project(p) => [service, "projects/", p].concat(),
            Self::ServiceAccount { project, account } => {
                [service, "projects/", project, "/serviceAccounts/", account].concat()
            }
        }
    }

    /// The last part of the name: number, project id, e-mail.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::Organization(id) | Self::Folder(id) | Self::Project(id) => id,
            Self::ServiceAccount { account, .. } => account,
        }
    }
}

fn is_project(p: &str) -> bool {
    // Project ids: lower-case letters, digits, hyphens; older ones `domain.com:id` (DD
    // cloudresourcemanager v3, Project.projectId; the domain-scoped form is still met).
    !p.is_empty()
        && p.len() <= 128
        && p.bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-.:".contains(&b))
        && p != "-"
}

fn is_account(a: &str) -> bool {
    is_email(a) || (!a.is_empty() && a.len() <= 32 && a.bytes().all(|b| b.is_ascii_digit()))
}

impl fmt::Display for Resource {
    /// The full resource name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.full_name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_and_relative_names_read_alike() {
        for name in [
            "organizations/1",
            "folders/2",
            "projects/app-prod",
            "projects/-/serviceAccounts/a@b.iam.gserviceaccount.com",
            "projects/p/serviceAccounts/1026",
        ] {
            let r = Resource::parse(name).unwrap();
            assert_eq!(r.relative(), name);
            assert_eq!(Resource::parse(&r.full_name()).unwrap(), r);
        }
    }

    #[test]
    fn a_target_may_be_bare() {
        for text in [
            "a@b.iam.gserviceaccount.com",
            "serviceAccount:A@b.iam.gserviceaccount.com",
            "a@b",
            "//iam.googleapis.com/projects/-/serviceAccounts/a@b.iam.gserviceaccount.com",
        ] {
            assert_eq!(
                Resource::parse_account(text).unwrap(),
                Resource::account("-", "a@b.iam.gserviceaccount.com")
            );
        }
    }

    #[test]
    fn other_names_are_refused() {
        for text in [
            "",
            "projects/",
            "projects/-",
            "folders/x",
            "projects/p/x/y",
            "projects/p/serviceAccounts/\u{1b}[2J@x",
        ] {
            assert!(Resource::parse(text).is_err(), "{text:?}");
        }
    }
}
