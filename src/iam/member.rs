//! What stands in a policy: members of allow policies (v1) and principal identifiers of deny and
//! boundary policies (v2), read into one vocabulary.
//!
//! Sources: discovery document iam v1, `Binding.members`; iam v2, `GoogleIamV2DenyRule`; Google's
//! page "Principal identifiers".

use std::fmt;
use std::sync::Arc;

use super::address::is_email;
use super::principal::{GKE_POOL, Pool, Principal, is_short, strip_kind};
use super::resource::Resource;

/// The basic roles that predate IAM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BasicRole {
    /// `roles/owner`
    Owner,
    /// `roles/editor`
    Editor,
    /// `roles/viewer`
    Viewer,
}

impl BasicRole {
    /// The role's name.
    #[must_use]
    pub fn role(self) -> &'static str {
        match self {
            Self::Owner => "roles/owner",
            Self::Editor => "roles/editor",
            Self::Viewer => "roles/viewer",
        }
    }
}

/// What a `deleted:` member once was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeletedKind {
    /// `deleted:user:`
    User,
    /// `deleted:serviceAccount:`
    ServiceAccount,
    /// `deleted:group:`
    Group,
    /// `deleted:principal://…`
    Principal,
}

/// Whom a member stands for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Member {
    /// Everybody.
    AllUsers,
    /// Every Google account and service account.
    AllAuthenticatedUsers,
    /// One identity.
    One(Principal),
    /// A Google group, by lower-case e-mail, with everyone in it, nested groups included.
    Group(String),
    /// The users of a Workspace or Cloud Identity domain, lower case.
    Domain(String),
    /// All principals of a Workspace or Cloud Identity customer (v2).
    Customer(String),
    /// Somebody who is gone; matches nothing that exists.
    Deleted {
        /// What it was.
        kind: DeletedKind,
        /// Its lower-case address (or `principal://` url).
        address: String,
        /// Its unique id, when written.
        uid: Option<String>,
    },
    /// Every Kubernetes service account of a namespace, `principalSet://…/PROJECT.svc.id.goog/namespace/NS`.
    PoolNamespace(Pool, String),
    /// Some of a pool's identities, told in a way that hangs on what is not known of them: GKE's
    /// `kubernetes.cluster/…` and `kubernetes.serviceaccount.uid/…`, and forms that are not known here.
    PoolPart(Pool),
    /// `projectOwner:P`, `projectEditor:P`, `projectViewer:P`.
    ProjectRole(BasicRole, String),
    /// `principalSet://cloudresourcemanager.googleapis.com/…/type/ServiceAccount`.
    ServiceAccountsOf(Resource),
    /// `principalSet://cloudresourcemanager.googleapis.com/…/type/ServiceAgent`.
    ServiceAgentsOf(Resource),
    /// Every principal of a project, folder or organization (boundary target sets).
    AllOf(Resource),
    /// `principalSet://…/POOL/*`, every identity of the pool.
    PoolAll(Pool),
    /// `principalSet://…/POOL/group/G`.
    PoolGroup(Pool, String),
    /// `principalSet://…/POOL/attribute.NAME/VALUE`.
    PoolAttribute(Pool, String, String),
    /// A form that can match no identity, with why.
    Impossible(&'static str),
    /// A form that is not known here, of a kind that tells whom it cannot be.
    UnknownOf(Kin),
    /// A form that is not known here: unknown, not a mismatch.
    Unknown,
}

/// Whom a member may be that could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kin {
    /// A user: it begins with `user:`.
    User,
    /// A service account, or one of Kubernetes: it begins with `serviceAccount:`.
    ServiceAccount,
    /// Either, which is what a Google group holds: it begins with `group:`.
    Google,
    /// A federated identity: `principal://` and `principalSet://` of pools and trust domains.
    Federated,
}

impl Kin {
    /// Whether a principal is of the kind.
    #[must_use]
    pub fn may_be(self, principal: &Principal) -> bool {
        match principal {
            Principal::User(_) => matches!(self, Self::User | Self::Google),
            Principal::ServiceAccount(_) => matches!(self, Self::ServiceAccount | Self::Google),
            Principal::Kubernetes { .. } => matches!(self, Self::ServiceAccount | Self::Federated),
            Principal::Federated { .. } | Principal::Other(_) => self == Self::Federated,
        }
    }
}

/// Why a pool that is not named in full stands for nobody.
const SHORT: &str = "no identity can match it: a pool is named in full, principalSet://iam.googleapis.com/projects/NUMBER/locations/global/workloadIdentityPools/POOL/… for a set and principal://iam.googleapis.com/projects/NUMBER/locations/global/workloadIdentityPools/POOL/subject/… for one subject";

/// A member with its text as the policy has it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PolicyMember {
    /// As written.
    pub text: Arc<str>,
    /// As read.
    pub member: Member,
}

impl PolicyMember {
    /// Reads a member of an allow policy.
    #[must_use]
    pub fn v1(text: &str) -> Self {
        Self {
            text: text.into(),
            member: Member::parse_v1(text),
        }
    }

    /// Reads a principal identifier of a deny or boundary policy.
    #[must_use]
    pub fn v2(text: &str) -> Self {
        Self {
            text: text.into(),
            member: Member::parse_v2(text),
        }
    }
}

impl fmt::Display for PolicyMember {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Member {
    /// Reads a member of an allow policy. Never fails: what is not known is [`Member::Unknown`].
    #[must_use]
    pub fn parse_v1(text: &str) -> Self {
        if text.len() > super::LONGEST_IDENTIFIER {
            return Self::unknown(text);
        }
        match text {
            "allUsers" => return Self::AllUsers,
            "allAuthenticatedUsers" => return Self::AllAuthenticatedUsers,
            _ => {}
        }
        if let Some(rest) = strip_kind(text, "deleted:") {
            return Self::deleted(rest);
        }
        if let Some(email) = strip_kind(text, "user:") {
            return email_or(email, Kin::User, |e| Self::One(Principal::User(e)));
        }
        if let Some(address) = strip_kind(text, "serviceAccount:") {
            return Principal::service_account(address)
                .map_or(Self::UnknownOf(Kin::ServiceAccount), Self::One);
        }
        if let Some(email) = strip_kind(text, "group:") {
            return email_or(email, Kin::Google, Self::Group);
        }
        if let Some(domain) = strip_kind(text, "domain:") {
            return Self::Domain(domain.to_lowercase());
        }
        for (prefix, role) in [
            ("projectOwner:", BasicRole::Owner),
            ("projectEditor:", BasicRole::Editor),
            ("projectViewer:", BasicRole::Viewer),
        ] {
            if let Some(project) = strip_kind(text, prefix) {
                return Self::ProjectRole(role, project.to_owned());
            }
        }
        Self::url(text)
    }

    /// Reads a principal identifier of a deny policy, or a target set of a boundary.
    #[must_use]
    pub fn parse_v2(text: &str) -> Self {
        if text.len() > super::LONGEST_IDENTIFIER {
            return Self::unknown(text);
        }
        if let Some(rest) = strip_kind(text, "deleted:") {
            return Self::deleted(rest);
        }
        // Target sets of policy bindings (discovery document policytroubleshooter v3beta,
        // GoogleIamV3PolicyBindingTarget.principalSet) are written without a scheme.
        if let Some(path) = text.strip_prefix("//cloudresourcemanager.googleapis.com/") {
            return Resource::parse(path).map_or(Self::Unknown, Self::AllOf);
        }
        if let Some(path) = text.strip_prefix("//iam.googleapis.com/") {
            return Pool::split(&format!("{path}/"))
                .filter(|(_, rest)| rest.is_empty())
                .map_or(Self::Unknown, |(pool, _)| Self::PoolAll(pool));
        }
        // "The workspace id" is the directory customer id: `//iam.googleapis.com/locations/global/workspace/ID`.
        Self::url(text)
    }

    /// Whether its form is not known here.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown | Self::UnknownOf(_))
    }

    /// What a member whose form is not known would be if its kind were spelled as IAM spells it, in upper and lower
    /// case (doc "Principal identifiers"): `serviceAccount:E` for `ServiceAccount:E`.
    #[must_use]
    pub fn spelled_right(text: &str) -> Option<String> {
        const KINDS: [&str; 10] = [
            "user:",
            "serviceAccount:",
            "group:",
            "domain:",
            "deleted:",
            "projectOwner:",
            "projectEditor:",
            "projectViewer:",
            "principal://",
            "principalSet://",
        ];
        KINDS.into_iter().find_map(|kind| {
            let (written, rest) = text.split_at_checked(kind.len())?;
            let slip = written.eq_ignore_ascii_case(kind) && written != kind;
            slip.then(|| format!("{kind}{rest}"))
        })
    }

    /// Whether it names a pool without the pool's whole path.
    #[must_use]
    pub fn is_short(&self) -> bool {
        matches!(self, Self::Impossible(why) if *why == SHORT)
    }

    /// A member whose form is not known. What names a pool or a trust domain is no user and no service
    /// account; `goog/…` and the sets of `cloudresourcemanager.googleapis.com` may be anybody.
    fn unknown(text: &str) -> Self {
        for (prefix, kin) in [
            ("user:", Kin::User),
            ("serviceAccount:", Kin::ServiceAccount),
            ("group:", Kin::Google),
        ] {
            if text.starts_with(prefix) {
                return Self::UnknownOf(kin);
            }
        }
        let rest = text
            .strip_prefix("principal://")
            .or_else(|| text.strip_prefix("principalSet://"));
        let host = rest.and_then(|r| r.split_once('/')).map(|(host, _)| host);
        match host {
            Some("goog" | "cloudresourcemanager.googleapis.com" | "") | None => Self::Unknown,
            // `principal://iam.googleapis.com/projects/-/serviceAccounts/E` names a service account.
            Some(_) if rest.is_some_and(|r| r.contains("/serviceAccounts/")) => {
                Self::UnknownOf(Kin::ServiceAccount)
            }
            Some(_) => Self::UnknownOf(Kin::Federated),
        }
    }

    fn url(text: &str) -> Self {
        if let Some(rest) = text.strip_prefix("principal://") {
            return Self::principal_url(text, rest);
        }
        let Some(rest) = text.strip_prefix("principalSet://") else {
            return Self::unknown(text);
        };
        if rest == "goog/public:all" {
            return Self::AllUsers;
        }
        if let Some(email) = rest.strip_prefix("goog/group/") {
            return email_or(email, Kin::Google, Self::Group);
        }
        if let Some(id) = rest.strip_prefix("goog/cloudIdentityCustomerId/") {
            return Self::Customer(id.to_owned());
        }
        if let Some(path) = rest.strip_prefix("cloudresourcemanager.googleapis.com/") {
            let (set, of): (fn(Resource) -> Self, _) =
                if let Some(of) = path.strip_suffix("/type/ServiceAccount") {
                    (Self::ServiceAccountsOf, of)
                } else if let Some(of) = path.strip_suffix("/type/ServiceAgent") {
                    (Self::ServiceAgentsOf, of)
                } else {
                    (Self::AllOf, path)
                };
            return match Resource::parse(of) {
                Ok(Resource::ServiceAccount { .. }) | Err(_) => Self::Unknown,
                Ok(resource) => set(resource),
            };
        }
        let Some(path) = rest.strip_prefix("iam.googleapis.com/") else {
            return Self::unknown(text);
        };
        let Some((pool, tail)) = Pool::split(path) else {
            let tails = ["subject/", "attribute.", "group/", "namespace/", "*"];
            return if is_short(path, &tails) {
                Self::Impossible(SHORT)
            } else {
                Self::unknown(text)
            };
        };
        Self::set_of(pool, tail)
    }

    /// One identity, `principal://` taken off. The subject of a pool may hold anything, `/group/` too.
    fn principal_url(text: &str, rest: &str) -> Self {
        let path = rest.strip_prefix("iam.googleapis.com/");
        if let Some((pool, tail)) = path.and_then(Pool::split) {
            return match tail.strip_prefix("subject/") {
                Some("") => {
                    Self::Impossible("no identity can match it: behind subject/ stands nothing")
                }
                Some(subject) => Self::One(Principal::Federated {
                    pool,
                    subject: subject.to_owned(),
                }),
                None if tail.starts_with("kubernetes.") => Self::PoolPart(pool),
                None if tail.starts_with("attribute.")
                    || tail.starts_with("group/")
                    || tail == "*" =>
                {
                    Self::Impossible(
                        "no identity can match it: a group or an attribute needs principalSet://, not principal://",
                    )
                }
                None => Self::unknown(text),
            };
        }
        if path.is_some_and(|path| is_short(path, &["subject/", "attribute.", "group/", "*"])) {
            return Self::Impossible(SHORT);
        }
        Principal::from_principal_url(rest).map_or_else(|| Self::unknown(text), Self::One)
    }

    /// A set of a pool's identities.
    fn set_of(pool: Pool, tail: &str) -> Self {
        if tail == "*" {
            return Self::PoolAll(pool);
        }
        if tail.starts_with("subject/") {
            return Self::Impossible(
                "no identity can match it: one subject needs principal://, not principalSet://",
            );
        }
        if let Some(group) = tail.strip_prefix("group/") {
            return Self::PoolGroup(pool, group.to_owned());
        }
        if let (Some(namespace), Pool::Workload { pool: name, .. }) =
            (tail.strip_prefix("namespace/"), &pool)
            && name.ends_with(GKE_POOL)
        {
            return Self::PoolNamespace(pool, namespace.to_owned());
        }
        match tail
            .strip_prefix("attribute.")
            .and_then(|t| t.split_once('/'))
        {
            Some((_, value)) if value.contains("/attribute.") => Self::Impossible(
                "no identity can match it: one member names one attribute; two cannot be chained",
            ),
            Some((name, value)) if !name.is_empty() && !value.is_empty() => {
                Self::PoolAttribute(pool, name.to_owned(), value.to_owned())
            }
            _ => Self::PoolPart(pool),
        }
    }

    /// The pool that it names identities of, when it names some.
    #[must_use]
    pub fn pool(&self) -> Option<&Pool> {
        match self {
            Self::PoolNamespace(pool, _)
            | Self::PoolPart(pool)
            | Self::PoolAll(pool)
            | Self::PoolGroup(pool, _)
            | Self::PoolAttribute(pool, ..)
            | Self::One(Principal::Federated { pool, .. }) => Some(pool),
            _ => None,
        }
    }

    fn deleted(rest: &str) -> Self {
        let (body, uid) = match rest.split_once("?uid=") {
            Some((body, uid)) => (body, Some(uid.to_owned())),
            None => (rest, None),
        };
        let kinds = [
            ("user:", DeletedKind::User),
            ("serviceAccount:", DeletedKind::ServiceAccount),
            ("group:", DeletedKind::Group),
        ];
        for (prefix, kind) in kinds {
            if let Some(address) = strip_kind(body, prefix) {
                return Self::Deleted {
                    kind,
                    address: address.to_lowercase(),
                    uid,
                };
            }
        }
        if body.starts_with("principal://") || body.starts_with("principalSet://") {
            return Self::Deleted {
                kind: DeletedKind::Principal,
                address: body.to_owned(),
                uid,
            };
        }
        Self::Unknown
    }
}

fn email_or(email: &str, kin: Kin, make: impl FnOnce(String) -> Member) -> Member {
    if is_email(email) {
        make(email.to_lowercase())
    } else {
        Member::UnknownOf(kin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_v1_and_v2_meet() {
        for (v1, v2) in [
            (
                "user:Ana@example.com",
                "principal://goog/subject/ana@example.com",
            ),
            (
                "serviceAccount:a@p.iam.gserviceaccount.com",
                "principal://iam.googleapis.com/projects/-/serviceAccounts/a@p.iam.gserviceaccount.com",
            ),
            (
                "group:devs@example.com",
                "principalSet://goog/group/devs@example.com",
            ),
            ("allUsers", "principalSet://goog/public:all"),
        ] {
            assert_eq!(Member::parse_v1(v1), Member::parse_v2(v2), "{v1}");
        }
    }

    #[test]
    fn what_no_identity_can_match_says_so() {
        let pool = "iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/gh";
        for tail in [
            "subject/x",
            "attribute.repository/o/r/attribute.ref/refs/heads/main",
        ] {
            assert!(matches!(
                Member::parse_v1(&format!("principalSet://{pool}/{tail}")),
                Member::Impossible(_)
            ));
        }
        assert!(matches!(
            Member::parse_v1(&format!("principal://{pool}/attribute.repository/o/r")),
            Member::Impossible(_)
        ));
    }

    #[test]
    fn a_form_from_the_future_is_unknown() {
        for text in [
            "robot:x",
            "principalSet://goog/x",
            "principal://goog/x",
            "",
            "principal://",
        ] {
            assert_eq!(Member::parse_v1(text), Member::Unknown, "{text}");
        }
        for (text, kin) in [
            ("serviceAccount:", Kin::ServiceAccount),
            ("user:a b", Kin::User),
            ("group:a", Kin::Google),
            ("principalSet://nova.example/x", Kin::Federated),
            ("principal://nova.example/a b", Kin::Federated),
            (
                "principal://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/gh/x/y",
                Kin::Federated,
            ),
            (
                "principal://iam.googleapis.com/projects/-/serviceAccounts/x",
                Kin::ServiceAccount,
            ),
        ] {
            assert_eq!(Member::parse_v1(text), Member::UnknownOf(kin), "{text}");
            assert!(Member::parse_v1(text).is_unknown());
        }
    }

    #[test]
    fn a_subject_may_hold_anything() {
        let pool = "iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/gl";
        for subject in [
            "organization:o:project:Default Project:workspace:w:run_phase:plan",
            "project_path:top/group/x/attribute.y/z:ref_type:branch",
            "a\tb 'c' \"d\" $(e) é%20#?uid=1",
        ] {
            let text = format!("principal://{pool}/subject/{subject}");
            assert!(
                matches!(Member::parse_v1(&text), Member::One(Principal::Federated { subject: s, .. }) if s == subject),
                "{text}"
            );
            assert_eq!(Member::parse_v1(&text), Member::parse_v2(&text));
        }
    }

    #[test]
    fn a_pool_without_its_path_stands_for_nobody() {
        for text in [
            "principalSet://iam.googleapis.com/gh/attribute.repository/o/r",
            "principalSet://iam.googleapis.com/gh/*",
            "principalSet://iam.googleapis.com/workloadIdentityPools/gh/group/g",
            "principalSet://iam.googleapis.com/projects/1/workloadIdentityPools/gh/attribute.a/b",
            "principal://iam.googleapis.com/gh/subject/s",
        ] {
            assert!(
                matches!(Member::parse_v1(text), Member::Impossible(why) if why.contains("projects/NUMBER/locations/global")),
                "{text}"
            );
        }
    }

    #[test]
    fn an_attribute_value_keeps_its_slashes() {
        let m = Member::parse_v1(
            "principalSet://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/gh/attribute.repository/org/repo",
        );
        assert!(
            matches!(m, Member::PoolAttribute(_, n, v) if n == "repository" && v == "org/repo")
        );
    }
}
