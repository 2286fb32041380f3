//! Who acts: an identity, as the caller of a question or the bearer of a token.

use std::borrow::Cow;
use std::fmt;

use super::address::is_email;

/// An identity pool of workforce or workload identity federation.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Pool {
    /// `locations/global/workforcePools/POOL`, of an organization.
    Workforce {
        /// The pool's id.
        pool: String,
    },
    /// `projects/NUMBER/locations/global/workloadIdentityPools/POOL`.
    Workload {
        /// The project's number (Google writes the number; an id is kept as written).
        project: String,
        /// The pool's id.
        pool: String,
    },
}

impl Pool {
    /// The path behind `principal://iam.googleapis.com/`.
    #[must_use]
    pub fn path(&self) -> String {
        match self {
            Self::Workforce { pool } => format!("locations/global/workforcePools/{pool}"),
            Self::Workload { project, pool } => {
                format!("projects/{project}/locations/global/workloadIdentityPools/{pool}")
            }
        }
    }

    /// The pool's id.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::Workforce { pool } | Self::Workload { pool, .. } => pool,
        }
    }

    /// Whether principals name a pool so: a workload pool by its project's number (doc "Principal
    /// identifiers"). With the project's id in its place a name stands for nobody.
    #[must_use]
    pub fn is_in_full(&self) -> bool {
        match self {
            Self::Workforce { .. } => true,
            Self::Workload { project, .. } => project.bytes().all(|c| c.is_ascii_digit()),
        }
    }

    /// Whether it is GKE's own pool of a project, `PROJECT.svc.id.goog`.
    #[must_use]
    pub fn is_of_gke(&self) -> bool {
        matches!(self, Self::Workload { pool, .. } if pool.ends_with(GKE_POOL))
    }

    /// Splits `PATH/REST` into the pool and what follows it.
    pub(crate) fn split(path: &str) -> Option<(Self, &str)> {
        if let Some(rest) = path.strip_prefix("locations/global/workforcePools/") {
            let (pool, rest) = rest.split_once('/')?;
            let plain =
                !pool.is_empty() && pool.chars().all(|c| !c.is_whitespace() && !c.is_control());
            return plain.then(|| {
                (
                    Self::Workforce {
                        pool: pool.to_owned(),
                    },
                    rest,
                )
            });
        }
        let (project, rest) = path.strip_prefix("projects/")?.split_once('/')?;
        let (pool, rest) = rest
            .strip_prefix("locations/global/workloadIdentityPools/")?
            .split_once('/')?;
        let plain =
            |s: &str| !s.is_empty() && s.chars().all(|c| !c.is_whitespace() && !c.is_control());
        (plain(project) && plain(pool)).then(|| {
            (
                Self::Workload {
                    project: project.to_owned(),
                    pool: pool.to_owned(),
                },
                rest,
            )
        })
    }
}

/// One identity. Two are equal when IAM takes them for the same: e-mails compare without case.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Principal {
    /// A Google account of a person, by lower-case e-mail.
    User(String),
    /// A service account, by lower-case e-mail.
    ServiceAccount(String),
    /// `serviceAccount:PROJECT.svc.id.goog[NAMESPACE/NAME]`: a Kubernetes service account of GKE's
    /// workload identity, a principal of its own.
    Kubernetes {
        /// `PROJECT.svc.id.goog`.
        pool: String,
        /// The Kubernetes namespace.
        namespace: String,
        /// The Kubernetes service account.
        name: String,
    },
    /// A federated identity: `principal://iam.googleapis.com/POOL/subject/SUBJECT`.
    Federated {
        /// The pool that admitted it.
        pool: Pool,
        /// Its subject, compared exactly.
        subject: String,
    },
    /// Another `principal://` form (agent identities among them), compared exactly.
    Other(String),
}

/// What the names of GKE's own pools end in, after the project's id.
pub const GKE_POOL: &str = ".svc.id.goog";

/// A Kubernetes service account of GKE's workload identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KubernetesAccount<'a> {
    /// The pool's project as the newer name has it: number or id.
    pub project: Option<&'a str>,
    /// `PROJECT.svc.id.goog`.
    pub pool: &'a str,
    /// Its namespace.
    pub namespace: &'a str,
    /// Its name there.
    pub name: &'a str,
}

/// Why a text names no caller.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{text}' is not a caller: {why}. Expected serviceAccount:EMAIL, user:EMAIL, principal://… or a bare e-mail address"
)]
pub struct NotAPrincipal {
    /// What was given.
    pub text: String,
    /// What is wrong with it.
    pub why: &'static str,
}

impl Principal {
    /// Reads a caller: an IAM member identifier of one identity, or a bare e-mail address, which is
    /// a service account when its domain ends in `.gserviceaccount.com`, else a user.
    ///
    /// # Errors
    /// For anything that does not name exactly one identity (a group, a set, a deleted member).
    pub fn parse(text: &str) -> Result<Self, NotAPrincipal> {
        let text = text.trim();
        let bad = |why| NotAPrincipal {
            text: super::start_of(text),
            why,
        };
        if text.len() > super::LONGEST_IDENTIFIER {
            return Err(bad("it is longer than any identity's name"));
        }
        if let Some(email) = strip_kind(text, "user:") {
            return is_email(email)
                .then(|| Self::User(email.to_lowercase()))
                .ok_or_else(|| bad("after user: stands no e-mail address"));
        }
        if let Some(address) = strip_kind(text, "serviceAccount:") {
            return Self::service_account(address)
                .ok_or_else(|| bad("after serviceAccount: stands no address of one"));
        }
        if let Some(rest) = text.strip_prefix("principal://") {
            return Self::from_principal_url(rest)
                .ok_or_else(|| bad("this principal:// form is not complete; an identity of a pool is principal://iam.googleapis.com/projects/NUMBER/locations/global/workloadIdentityPools/POOL/subject/SUBJECT or principal://iam.googleapis.com/locations/global/workforcePools/POOL/subject/SUBJECT"));
        }
        if text.starts_with("principalSet://") {
            return Err(bad(
                "it names a set of identities, not one that calls; one of them is principal://iam.googleapis.com/projects/NUMBER/locations/global/workloadIdentityPools/POOL/subject/SUBJECT, and what it has in common with others goes into --attribute NAME=VALUE",
            ));
        }
        if strip_kind(text, "group:").is_some() {
            return Err(bad("it names a set of identities, not one that calls"));
        }
        if strip_kind(text, "deleted:").is_some() {
            return Err(bad("a deleted identity cannot call"));
        }
        if is_email(text) {
            let email = text.to_lowercase();
            return Ok(if email.ends_with(".gserviceaccount.com") {
                Self::ServiceAccount(email)
            } else {
                Self::User(email)
            });
        }
        if text.contains('[') {
            return Self::service_account(text).ok_or_else(|| bad("unknown form"));
        }
        Err(bad("unknown form"))
    }

    /// Reads a caller as somebody types it: as [`Self::parse`] does, and an account as people call it and as
    /// this program prints it, `run@app-prod`.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub fn typed(text: &str) -> Result<Self, NotAPrincipal> {
        let bare = text.trim();
        let bare = strip_kind(bare, "serviceAccount:").unwrap_or(bare);
        match super::address::in_full(bare) {
            Some(email) => Ok(Self::ServiceAccount(email)),
            None => Self::parse(text),
        }
    }

    /// A service account by e-mail, or GKE's `PROJECT.svc.id.goog[NAMESPACE/NAME]`.
    pub(crate) fn service_account(address: &str) -> Option<Self> {
        if let Some((pool, rest)) = address.split_once('[') {
            let (namespace, name) = rest.strip_suffix(']')?.split_once('/')?;
            let plain = |c: char| !c.is_control() && !c.is_whitespace() && c != '[' && c != ']';
            let whole = pool.ends_with(GKE_POOL)
                && !namespace.is_empty()
                && !name.is_empty()
                && address.chars().filter(|c| !plain(*c)).eq(['[', ']']);
            return whole.then(|| Self::Kubernetes {
                pool: pool.to_owned(),
                namespace: namespace.to_owned(),
                name: name.to_owned(),
            });
        }
        is_email(address).then(|| Self::ServiceAccount(address.to_lowercase()))
    }

    /// Reads what stands behind `principal://`.
    pub(crate) fn from_principal_url(rest: &str) -> Option<Self> {
        if let Some(email) = rest.strip_prefix("goog/subject/") {
            return is_email(email).then(|| Self::User(email.to_lowercase()));
        }
        // Only a pool's subject may hold any character: it is what the identity provider says it is.
        let other = || {
            let plain = |c: char| !c.is_control() && !c.is_whitespace();
            (!rest.is_empty() && rest.chars().all(plain))
                .then(|| Self::Other(format!("principal://{rest}")))
        };
        if rest.starts_with("goog/") {
            // Google's own accounts in a form that is not known here.
            return None;
        }
        let Some(path) = rest.strip_prefix("iam.googleapis.com/") else {
            return other();
        };
        if let Some((_, email)) = path
            .strip_prefix("projects/")
            .and_then(|p| p.split_once("/serviceAccounts/"))
        {
            return is_email(email).then(|| Self::ServiceAccount(email.to_lowercase()));
        }
        match Pool::split(path) {
            Some((pool, tail)) => {
                let subject = tail.strip_prefix("subject/").filter(|s| !s.is_empty())?;
                Some(Self::Federated {
                    pool,
                    subject: subject.to_owned(),
                })
            }
            None if is_short(path, &["subject/"]) => other(),
            None if path.contains("workloadIdentityPools") || path.contains("workforcePools") => {
                None
            }
            None => other(),
        }
    }

    /// Whether it is written in a way in which no identity is named: a pool's subject under the project's
    /// id, or without the whole path of the pool (doc "Principal identifiers").
    #[must_use]
    pub fn is_misnamed(&self) -> bool {
        match self {
            Self::Federated { pool, .. } => !pool.is_in_full(),
            Self::Other(text) => text
                .strip_prefix("principal://iam.googleapis.com/")
                .is_some_and(|path| is_short(path, &["subject/"])),
            _ => false,
        }
    }

    /// An agent's identity, `principal://agents.….system.id.goog/…` (doc "Principal identifiers", agent
    /// identity).
    #[must_use]
    pub fn is_agent(&self) -> bool {
        matches!(self, Self::Other(text) if text
            .strip_prefix("principal://agents.")
            .and_then(|rest| rest.split('/').next())
            .is_some_and(|host| host.ends_with(".system.id.goog")))
    }

    /// The e-mail address, for users and service accounts.
    #[must_use]
    pub fn email(&self) -> Option<&str> {
        match self {
            Self::User(email) | Self::ServiceAccount(email) => Some(email),
            _ => None,
        }
    }

    /// The Kubernetes service account of GKE that this is, by whichever of its two names:
    /// `serviceAccount:PROJECT.svc.id.goog[NAMESPACE/NAME]`, or as a subject of that pool,
    /// `principal://…/PROJECT.svc.id.goog/subject/ns/NAMESPACE/sa/NAME` (doc "About Workload Identity
    /// Federation for GKE", principal identifiers).
    #[must_use]
    pub fn kubernetes(&self) -> Option<KubernetesAccount<'_>> {
        match self {
            Self::Kubernetes {
                pool,
                namespace,
                name,
            } => Some(KubernetesAccount {
                project: None,
                pool,
                namespace,
                name,
            }),
            Self::Federated {
                pool: Pool::Workload { project, pool },
                subject,
            } if pool.ends_with(GKE_POOL) => {
                let (namespace, name) = subject.strip_prefix("ns/")?.split_once("/sa/")?;
                Some(KubernetesAccount {
                    project: Some(project),
                    pool,
                    namespace,
                    name,
                })
            }
            _ => None,
        }
    }

    /// What a pool knows it by.
    #[must_use]
    pub fn subject(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Federated { subject, .. } => Some(subject.into()),
            Self::Kubernetes {
                namespace, name, ..
            } => Some(format!("ns/{namespace}/sa/{name}").into()),
            Self::User(_) | Self::ServiceAccount(_) | Self::Other(_) => None,
        }
    }

    /// Whether this is an identity of workload or workforce federation (GKE's included).
    #[must_use]
    pub fn is_federated(&self) -> bool {
        matches!(
            self,
            Self::Kubernetes { .. } | Self::Federated { .. } | Self::Other(_)
        )
    }

    /// The member of an allow policy that names just this identity.
    #[must_use]
    pub fn member(&self) -> String {
        self.to_string()
    }

    /// A short name for people: the part of an e-mail that tells accounts apart, or the subject.
    #[must_use]
    pub fn short(&self) -> String {
        match self {
            Self::User(email) => email.clone(),
            Self::ServiceAccount(email) => super::address::short(email).to_owned(),
            Self::Kubernetes {
                namespace, name, ..
            } => format!("{namespace}/{name}"),
            Self::Federated { subject, .. } => subject.clone(),
            Self::Other(text) => text.clone(),
        }
    }
}

/// Whether a path below `iam.googleapis.com/` speaks of a pool's identities (one of `tails` stands in it)
/// without the pool's whole name: `POOL/subject/S`, `projects/N/workloadIdentityPools/POOL/subject/S`.
pub(crate) fn is_short(path: &str, tails: &[&str]) -> bool {
    if Pool::split(path).is_some() {
        return false;
    }
    let tail = |t: &&str| path.contains(&format!("/{t}"));
    if !tails.iter().any(tail) {
        return false;
    }
    let first = path.split('/').next().unwrap_or_default();
    !["projects", "locations", "organizations", "folders"].contains(&first)
        || path.contains("workloadIdentityPools/")
        || path.contains("workforcePools/")
}

/// `strip_prefix`, with the prefix's case as IAM writes it.
pub(crate) fn strip_kind<'a>(text: &'a str, kind: &str) -> Option<&'a str> {
    text.strip_prefix(kind)
}

impl fmt::Display for Principal {
    /// The IAM v1 member identifier.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(email) => write!(f, "user:{email}"),
            Self::ServiceAccount(email) => write!(f, "serviceAccount:{email}"),
            Self::Kubernetes {
                pool,
                namespace,
                name,
            } => {
                write!(f, "serviceAccount:{pool}[{namespace}/{name}]")
            }
            Self::Federated { pool, subject } => {
                write!(
                    f,
                    "principal://iam.googleapis.com/{}/subject/{subject}",
                    pool.path()
                )
            }
            Self::Other(text) => f.write_str(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_address_is_taken_as_the_contract_says() {
        assert_eq!(
            Principal::parse("Run@App.iam.gserviceaccount.com")
                .unwrap()
                .to_string(),
            "serviceAccount:run@app.iam.gserviceaccount.com"
        );
        assert_eq!(
            Principal::parse("ana@example.com").unwrap().to_string(),
            "user:ana@example.com"
        );
    }

    #[test]
    fn every_identity_reads_back_as_it_prints() {
        for text in [
            "user:ana@example.com",
            "serviceAccount:run@app.iam.gserviceaccount.com",
            "serviceAccount:app.svc.id.goog[ns/ksa]",
            "principal://iam.googleapis.com/locations/global/workforcePools/staff/subject/ana",
            "principal://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/gh/subject/repo:o/r:ref:refs/heads/main",
            "principal://agents.global.org-1.system.id.goog/resources/x/y",
            "principal://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/tfc/subject/organization:o:project:Default Project:workspace:w:run_phase:apply",
            "principal://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/gl/subject/project_path:group/app/group/x/attribute.y:ref:main",
            "principal://iam.googleapis.com/locations/global/workforcePools/staff/subject/Änne O'Neil \"x\" $(id) %20 #é\u{1f600}\ttab",
        ] {
            assert_eq!(Principal::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_pool_is_named_in_full() {
        let named = |text: &str| Principal::parse(text).unwrap().is_misnamed();
        for text in [
            "principal://iam.googleapis.com/projects/app/locations/global/workloadIdentityPools/gh/subject/x",
            "principal://iam.googleapis.com/gh/subject/x",
            "principal://iam.googleapis.com/workloadIdentityPools/gh/subject/x",
            "principal://iam.googleapis.com/projects/1/workloadIdentityPools/gh/subject/x",
            "principal://iam.googleapis.com/projects/1/locations/eu/workloadIdentityPools/gh/subject/x",
        ] {
            assert!(named(text), "{text}");
        }
        for text in [
            "principal://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/gh/subject/x",
            "principal://iam.googleapis.com/locations/global/workforcePools/staff/subject/x",
            "principal://iam.googleapis.com/organizations/1/robots/subject/x",
            "principal://nova.googleapis.com/gh/subject/x",
        ] {
            assert!(!named(text), "{text}");
        }
    }

    #[test]
    fn sets_and_nonsense_are_no_callers() {
        for text in [
            "",
            "group:a@b.c",
            "deleted:user:a@b?uid=1",
            "principalSet://goog/public:all",
            "user:",
            "a b@c",
            "serviceAccount:x[y]",
            "principal://",
            "principal://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/gh/subject/",
            "principal://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/gh",
            "principal://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/g h/subject/x",
            "principal://agents.global.org-1.system.id.goog/a b",
            "user:a@b\u{1b}[2J",
        ] {
            assert!(Principal::parse(text).is_err(), "{text:?}");
        }
    }
}
