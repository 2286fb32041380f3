//! What stands in a policy: members of allow policies (v1) and principal identifiers of deny and
//! boundary policies (v2), read into one vocabulary.
//!
//! Sources: discovery document iam v1, `Binding.members`; iam v2, `GoogleIamV2DenyRule`; Google's
//! page "Principal identifiers".

use std::fmt;
use std::sync::Arc;

use super::principal::{GKE_POOL, Pool, Principal, is_email, strip_kind};
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
    /// A form that is not known here: unknown, not a mismatch.
    Unknown,
}

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
            return Self::Unknown;
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
            return email_or(email, |e| Self::One(Principal::User(e)));
        }
        if let Some(address) = strip_kind(text, "serviceAccount:") {
            return Principal::service_account(address).map_or(Self::Unknown, Self::One);
        }
        if let Some(email) = strip_kind(text, "group:") {
            return email_or(email, Self::Group);
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
            return Self::Unknown;
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

    fn url(text: &str) -> Self {
        if let Some(rest) = text.strip_prefix("principal://") {
            return if rest.contains("/attribute.") || rest.contains("/group/") {
                Self::Impossible("a group or an attribute needs principalSet://, not principal://")
            } else if let Some(one) = Principal::from_principal_url(rest) {
                Self::One(one)
            } else {
                match rest
                    .strip_prefix("iam.googleapis.com/")
                    .and_then(Pool::split)
                {
                    Some((pool, tail)) if tail.starts_with("kubernetes.") => Self::PoolPart(pool),
                    _ => Self::Unknown,
                }
            };
        }
        let Some(rest) = text.strip_prefix("principalSet://") else {
            return Self::Unknown;
        };
        if rest == "goog/public:all" {
            return Self::AllUsers;
        }
        if let Some(email) = rest.strip_prefix("goog/group/") {
            return email_or(email, Self::Group);
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
        let Some((pool, tail)) = rest
            .strip_prefix("iam.googleapis.com/")
            .and_then(Pool::split)
        else {
            return Self::Unknown;
        };
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

fn email_or(email: &str, make: impl FnOnce(String) -> Member) -> Member {
    if is_email(email) {
        make(email.to_lowercase())
    } else {
        Member::Unknown
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
            "principalSet://nova/x",
            "",
            "serviceAccount:",
            "user:a b",
        ] {
            assert_eq!(Member::parse_v1(text), Member::Unknown, "{text}");
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
