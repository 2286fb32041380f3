//! Permission names, in the v1 form of allow policies and the FQDN form of deny and boundary policies.

use std::fmt;
use std::sync::Arc;

/// A permission in v1 form, `iam.serviceAccounts.getAccessToken`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Permission(Arc<str>);

/// The permission that `generateAccessToken` checks, and the default question.
pub const GET_ACCESS_TOKEN: &str = "iam.serviceAccounts.getAccessToken";
/// The permission that `generateIdToken` checks.
pub const GET_OPEN_ID_TOKEN: &str = "iam.serviceAccounts.getOpenIdToken";
/// What every hop of a delegation chain but the last needs.
pub const IMPLICIT_DELEGATION: &str = "iam.serviceAccounts.implicitDelegation";
/// The permission that `signBlob` checks.
pub const SIGN_BLOB: &str = "iam.serviceAccounts.signBlob";
/// The permission that `signJwt` checks.
pub const SIGN_JWT: &str = "iam.serviceAccounts.signJwt";
/// Attaching a service account to a resource; not impersonation.
pub const ACT_AS: &str = "iam.serviceAccounts.actAs";

/// Why a text is no permission.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a permission: expected SERVICE.RESOURCE.VERB, such as {GET_ACCESS_TOKEN}")]
pub struct NotAPermission(pub String);

impl Permission {
    /// Reads `SERVICE.RESOURCE.VERB`, or the FQDN form `SERVICE_FQDN/RESOURCE.VERB`.
    ///
    /// # Errors
    /// When the text has another form.
    pub fn parse(text: &str) -> Result<Self, NotAPermission> {
        let bad = || NotAPermission(super::start_of(text));
        if text.len() > 512 {
            return Err(bad());
        }
        let v1 = match text.split_once('/') {
            Some((fqdn, rest)) => {
                let domain = fqdn.strip_suffix(DOMAIN).ok_or_else(bad)?;
                let resource = rest.rsplit_once('.').map_or(rest, |(resource, _)| resource);
                format!("{}.{rest}", service_of(domain, resource))
            }
            None => text.to_owned(),
        };
        let parts: Vec<&str> = v1.split('.').collect();
        let clean = |p: &&str| {
            !p.is_empty()
                && p.chars()
                    .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
        };
        if parts.len() < 3 || v1.len() > 256 || !parts.iter().all(clean) {
            return Err(bad());
        }
        Ok(Self(v1.into()))
    }

    /// `iam.serviceAccounts.getAccessToken`, the default question.
    #[must_use]
    pub fn get_access_token() -> Self {
        Self(GET_ACCESS_TOKEN.into())
    }

    /// The v1 form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form of deny and boundary policies: `iam.googleapis.com/serviceAccounts.getAccessToken`.
    #[must_use]
    pub fn fqdn(&self) -> String {
        let (service, resource, verb) = self.parts();
        format!("{}{DOMAIN}/{resource}.{verb}", domain_of(service, resource))
    }

    /// `(service, resource, verb)`: `("iam", "serviceAccounts", "getAccessToken")`.
    ///
    /// A permission of four parts keeps the middle ones in `resource`.
    #[must_use]
    pub fn parts(&self) -> (&str, &str, &str) {
        let (service, rest) = self.0.split_once('.').unwrap_or((&self.0, ""));
        let (resource, verb) = rest.rsplit_once('.').unwrap_or((rest, ""));
        (service, resource, verb)
    }

    /// Whether `pattern`, as deny and boundary policies write them, covers this permission.
    ///
    /// `SERVICE_FQDN/RESOURCE.VERB`, `SERVICE_FQDN/RESOURCE.*`, `SERVICE_FQDN/*.VERB`,
    /// `SERVICE_FQDN/*.*`, and `*` (boundaries only; callers of deny rules do not pass it).
    #[must_use]
    pub fn matches(&self, pattern: &str) -> bool {
        if pattern == "*" {
            return true;
        }
        let Some((fqdn, rest)) = pattern.split_once('/') else {
            return false;
        };
        let (service, resource, verb) = self.parts();
        let Some(domain) = fqdn.strip_suffix(DOMAIN) else {
            return false;
        };
        let same =
            domain == domain_of(service, resource) || aliased(domain, resource) == Some(service);
        same && covers(rest, resource, verb)
    }

    /// The names that tables of permissions have its service by: as in v1, and the first part of its
    /// domain where that is another.
    pub(super) fn services(&self) -> impl Iterator<Item = &str> {
        let (service, resource, _) = self.parts();
        let domain = domain_of(service, resource);
        std::iter::once(service).chain((domain != service).then_some(domain))
    }
}

/// Whether `RESOURCE.VERB`, either of which may be `*`, covers these.
pub(super) fn covers(pattern: &str, resource: &str, verb: &str) -> bool {
    pattern
        .rsplit_once('.')
        .is_some_and(|(want_resource, want_verb)| {
            (want_resource == "*" || want_resource == resource)
                && (want_verb == "*" || want_verb == verb)
        })
}

/// The v1 service of a resource whose permissions have an alias under this domain: "you can use either
/// the permission name or the alias in deny policies" (doc "Permissions supported in deny policies").
pub(super) fn aliased(domain: &str, resource: &str) -> Option<&'static str> {
    let known = [
        "bireservations",
        "capacityCommitments",
        "reservationAssignments",
        "reservations",
    ];
    (domain == "bigqueryreservation" && known.contains(&resource)).then_some("bigquery")
}

/// What every service's domain ends in.
pub(super) const DOMAIN: &str = ".googleapis.com";

/// Services whose v1 name is not the first part of their domain, as (v1 name, resource, first part);
/// the empty resource stands for all. (Doc "Permissions supported in deny policies": the permissions
/// whose two names differ, as collected in sonraisecurity/gcp-permission-mappings,
/// `non_standard_mappings.json`.)
const RENAMED: [(&str, &str, &str); 7] = [
    ("resourcemanager", "", "cloudresourcemanager"),
    ("serviceusage", "apiKeys", "apikeys"),
    ("bigquery", "connections", "bigqueryconnection"),
    ("bigquery", "dataPolicies", "bigquerydatapolicy"),
    ("bigquery", "transfers", "bigquerydatatransfer"),
    ("datastore", "locations", "firestore"),
    ("lookerstudio", "pro", "datastudio"),
];

/// The first part of the domain of a permission's service.
fn domain_of<'a>(service: &'a str, resource: &str) -> &'a str {
    RENAMED
        .iter()
        .find(|(v1, of, _)| *v1 == service && (of.is_empty() || *of == resource))
        .map_or(service, |(_, _, domain)| *domain)
}

/// The v1 name of the service of a permission, from the first part of its domain.
fn service_of<'a>(domain: &'a str, resource: &str) -> &'a str {
    RENAMED
        .iter()
        .find(|(_, of, v2)| *v2 == domain && (of.is_empty() || *of == resource))
        .map(|(v1, _, _)| *v1)
        .or_else(|| aliased(domain, resource))
        .unwrap_or(domain)
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resource_manager_goes_by_two_names() {
        let v1 = Permission::parse("resourcemanager.projects.get").unwrap();
        let v2 = Permission::parse("cloudresourcemanager.googleapis.com/projects.get").unwrap();
        assert_eq!(v1, v2);
        assert_eq!(
            v1.fqdn(),
            "cloudresourcemanager.googleapis.com/projects.get"
        );
        assert!(v1.matches("cloudresourcemanager.googleapis.com/projects.*"));
        assert!(!v1.matches("iam.googleapis.com/*.*"));
    }

    #[test]
    fn both_forms_name_the_same_permission() {
        let v1 = Permission::parse("iam.serviceAccounts.getAccessToken").unwrap();
        let v2 = Permission::parse("iam.googleapis.com/serviceAccounts.getAccessToken").unwrap();
        assert_eq!(v1, v2);
        assert_eq!(
            v1.fqdn(),
            "iam.googleapis.com/serviceAccounts.getAccessToken"
        );
    }

    #[test]
    fn wildcards_cover_what_they_name() {
        let p = Permission::get_access_token();
        for (pattern, covered) in [
            ("iam.googleapis.com/serviceAccounts.getAccessToken", true),
            ("iam.googleapis.com/serviceAccounts.*", true),
            ("iam.googleapis.com/*.getAccessToken", true),
            ("iam.googleapis.com/*.*", true),
            ("*", true),
            ("iam.googleapis.com/roles.*", false),
            ("storage.googleapis.com/*.*", false),
            ("iam.googleapis.com/*", false),
            ("iam.serviceAccounts.getAccessToken", false),
        ] {
            assert_eq!(p.matches(pattern), covered, "{pattern}");
        }
    }

    #[test]
    fn what_is_no_permission_is_refused() {
        for text in [
            "",
            "iam",
            "iam.x",
            "iam..x",
            "a.b.c d",
            "x/y.z",
            "iam.a.\u{1b}",
        ] {
            assert!(Permission::parse(text).is_err(), "{text:?}");
        }
    }
}
