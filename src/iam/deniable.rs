//! Which permissions and permission groups deny policies support (doc "Permissions supported in deny
//! policies").
//!
//! `assets/permissions/deny.tsv` holds the whole table; it says where the facts are from and of when
//! they are. It is text, sorted, and searched where it lies: nothing is read at start.

use super::permission::{DOMAIN, Permission};

static TEXT: &str = include_str!("../../assets/permissions/deny.tsv");

impl Permission {
    /// Whether a deny rule can deny it: it is one of the permissions that deny policies support. Of
    /// others a rule that names them has no effect.
    #[must_use]
    pub fn is_deniable(&self) -> bool {
        let (_, resource, verb) = self.parts();
        self.services()
            .any(|service| holds(service, resource, verb))
    }

    /// Whether a deny rule that names this pattern denies this permission, were it in force.
    ///
    /// A group that is supported holds "all current and future permissions that match" (doc "Deny
    /// policies", Permission groups). Google refuses another group; where one stands all the same it
    /// is taken for what it says, of the permissions that can be denied (chosen). `*` alone is no form
    /// of deny rules.
    #[must_use]
    pub fn is_denied_by(&self, pattern: &str) -> bool {
        pattern != "*" && self.matches(pattern) && (self.is_deniable() || is_group(pattern))
    }
}

/// Whether the pattern is a permission group that deny policies support: `SERVICE_FQDN/*.*`,
/// `SERVICE_FQDN/RESOURCE.*`.
#[must_use]
pub fn is_group(pattern: &str) -> bool {
    pattern.contains('*') && is_supported(pattern)
}

/// Whether a deny policy can name this permission or group at all, in the form of IAM v2.
#[must_use]
pub fn is_supported(pattern: &str) -> bool {
    let parts = pattern
        .split_once('/')
        .and_then(|(fqdn, rest)| Some((fqdn.strip_suffix(DOMAIN)?, rest.rsplit_once('.')?)));
    parts.is_some_and(|(service, (resource, verb))| {
        holds(service, resource, verb) || under_another_name(service, resource, verb)
    })
}

/// The entry of a service's resource, when the verb is one of it.
fn holds(service: &str, resource: &str, verb: &str) -> bool {
    line(service, resource).is_some_and(|columns| {
        let verbs = columns.split('\t').next().unwrap_or_default();
        verbs.split(' ').any(|known| known == verb)
    })
}

/// Whether the table has it as an alias: the service by its other name.
fn under_another_name(alias: &str, resource: &str, verb: &str) -> bool {
    super::permission::aliased(alias, resource).is_some_and(|service| {
        line(service, resource).is_some_and(|columns| {
            let mut columns = columns.split('\t');
            let verbs = columns.next().unwrap_or_default();
            columns.any(|other| other == alias) && verbs.split(' ').any(|known| known == verb)
        })
    })
}

/// What stands behind `SERVICE/RESOURCE`, found by bisection: lines are sorted by it.
fn line(service: &str, resource: &str) -> Option<&'static str> {
    let wanted = service.bytes().chain(*b"/").chain(resource.bytes());
    let (mut low, mut high) = (0, TEXT.len());
    while low < high {
        let middle = low + (high - low) / 2;
        let start = TEXT.get(..middle)?.rfind('\n').map_or(0, |at| at + 1);
        let end = TEXT
            .get(start..)?
            .find('\n')
            .map_or(TEXT.len(), |at| start + at);
        let (key, columns) = match TEXT.get(start..end)?.split_once('\t') {
            Some((key, columns)) if !key.starts_with('#') => (key, columns),
            // The head, before all lines.
            _ => {
                low = end + 1;
                continue;
            }
        };
        match key.bytes().cmp(wanted.clone()) {
            std::cmp::Ordering::Equal => return Some(columns),
            std::cmp::Ordering::Less => low = end + 1,
            std::cmp::Ordering::Greater => high = start,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every line, read from the first to the last, is found by bisection, with just what it says.
    #[test]
    fn the_table_is_whole_and_searched_as_it_reads() {
        let lines: Vec<&str> = TEXT.lines().filter(|l| !l.starts_with('#')).collect();
        assert!(lines.len() > 1_000 && lines.is_sorted_by_key(|l| l.split('\t').next()));
        let (mut permissions, mut groups) = (0, 0);
        for text in lines {
            let mut columns = text.split('\t');
            let key = columns.next().unwrap();
            let (service, resource) = key.split_once('/').unwrap();
            assert_eq!(line(service, resource), Some(&text[key.len() + 1..]));
            let verbs: Vec<&str> = columns.next().unwrap().split(' ').collect();
            assert!(verbs.is_sorted(), "{text}");
            for verb in verbs {
                let named = format!("{service}{DOMAIN}/{resource}.{verb}");
                assert!(is_supported(&named), "{named}");
                if verb == "*" {
                    assert!(is_group(&named), "{named}");
                    groups += 1;
                    continue;
                }
                let permission = Permission::parse(&named).unwrap();
                assert!(permission.is_deniable(), "{named}");
                assert!(permission.is_denied_by(&named), "{named}: {permission}");
                assert!(!is_group(&named) && !is_supported(&format!("{named}x")));
                for alias in columns.clone() {
                    let alias = format!("{alias}{DOMAIN}/{resource}.{verb}");
                    assert!(is_supported(&alias), "{alias}");
                    assert!(permission.is_denied_by(&alias), "{alias}");
                    assert_eq!(Permission::parse(&alias).as_ref(), Ok(&permission));
                    assert!(
                        is_group(&alias.replace(&format!(".{verb}"), ".*")),
                        "{alias}"
                    );
                }
                permissions += 1;
            }
        }
        assert_eq!((permissions, groups), (8_282, 1_505));
    }

    /// Read line by line, without what the search goes by: a permission can be denied where the table
    /// names it, by its own name or by a group that the table has.
    #[test]
    fn every_predefined_permission_is_judged_as_the_table_reads() {
        let all: std::collections::BTreeSet<String> = TEXT
            .lines()
            .filter(|l| !l.starts_with('#'))
            .flat_map(|l| {
                let mut columns = l.split('\t');
                let (service, resource) = columns.next().unwrap().split_once('/').unwrap();
                let verbs = columns.next().unwrap().split(' ');
                verbs.map(move |v| format!("{service}.googleapis.com/{resource}.{v}"))
            })
            .collect();
        for permission in crate::iam::predefined::permissions() {
            // A few are of services outside of googleapis.com.
            let Ok(permission) = Permission::parse(permission) else {
                continue;
            };
            let (service, resource, verb) = permission.parts();
            // By either name of the service.
            let names = [
                permission.fqdn(),
                format!("{service}{DOMAIN}/{resource}.{verb}"),
            ];
            let named = names.iter().any(|n| all.contains(n));
            assert_eq!(permission.is_deniable(), named, "{permission}");
            for pattern in [
                permission.fqdn(),
                format!("{}.*", permission.fqdn().rsplit_once('.').unwrap().0),
                format!("{}/*.*", permission.fqdn().split_once('/').unwrap().0),
                format!("{}/*.{verb}", permission.fqdn().split_once('/').unwrap().0),
            ] {
                let expected = named || (pattern.contains('*') && all.contains(&pattern));
                assert_eq!(
                    permission.is_denied_by(&pattern),
                    expected,
                    "{permission}: {pattern}"
                );
            }
        }
    }

    /// The impersonation that this product is about, what is known not to be supported, and what is
    /// supported as a group.
    #[test]
    fn what_the_page_says_of_service_accounts() {
        use crate::iam::permission::*;
        for (name, expected) in [
            (GET_ACCESS_TOKEN, true),
            (GET_OPEN_ID_TOKEN, true),
            (IMPLICIT_DELEGATION, true),
            (SIGN_BLOB, true),
            (SIGN_JWT, true),
            (ACT_AS, true),
            ("iam.serviceAccounts.setIamPolicy", true),
            ("iam.serviceAccounts.createTagBinding", false),
            ("iam.serviceAccounts.getCertificateAs", false),
            ("iam.denypolicies.delete", false),
        ] {
            assert_eq!(
                Permission::parse(name).unwrap().is_deniable(),
                expected,
                "{name}"
            );
        }
        for (pattern, expected) in [
            ("iam.googleapis.com/serviceAccountKeys.*", true),
            ("iam.googleapis.com/serviceAccounts.*", false),
            ("iam.googleapis.com/*.*", false),
            ("iam.googleapis.com/*.getAccessToken", false),
            ("iam.googleapis.com/serviceAccounts.getAccessToken", true),
            ("iam.serviceAccounts.getAccessToken", false),
            ("iam.googleapis.com/", false),
            ("*", false),
            ("", false),
        ] {
            assert_eq!(is_supported(pattern), expected, "{pattern}");
        }
    }
}
