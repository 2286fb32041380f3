//! Which permissions principal access boundaries can block (doc "Permissions that principal access
//! boundary policies block").
//!
//! `assets/permissions/boundary.tsv` holds the whole table; it says where the facts are from and of
//! when they are. It is text, sorted by service: nothing is read at start.

use super::permission::{Permission, covers};

static TEXT: &str = include_str!("../../assets/permissions/boundary.tsv");

/// The newest enforcement version, which `latest` and an empty one mean (doc "Principal access
/// boundary policies", Default enforcement version).
pub const LATEST: u32 = 4;

impl Permission {
    /// The lowest enforcement version that can block it; `None`: none can.
    ///
    /// A version holds what the lower ones hold. An exception takes from what its own version brings:
    /// what a lower version holds it keeps.
    #[must_use]
    pub fn blocked_from(&self) -> Option<u32> {
        (1..=LATEST).find(|version| self.is_brought_by(*version))
    }

    fn is_brought_by(&self, version: u32) -> bool {
        let (_, resource, verb) = self.parts();
        let mut brought = false;
        for (of, pattern, exception) in self.services().flat_map(rows) {
            if of == version && covers(pattern, resource, verb) {
                if exception {
                    return false;
                }
                brought = true;
            }
        }
        brought
    }
}

/// `(version, pattern, whether it is an exception)` of a service's lines.
fn rows(service: &str) -> impl Iterator<Item = (u32, &'static str, bool)> {
    // Before the first line whose service is not less than this one.
    let (mut low, mut high) = (0, TEXT.len());
    while low < high {
        let middle = low + (high - low) / 2;
        let start = TEXT
            .get(..middle)
            .and_then(|before| before.rfind('\n'))
            .map_or(0, |at| at + 1);
        let line = TEXT.get(start..).and_then(|rest| rest.lines().next());
        let line = line.unwrap_or_default();
        let key = line.split('\t').next().unwrap_or_default();
        if line.starts_with('#') || key < service {
            low = start + line.len() + 1;
        } else {
            high = start;
        }
    }
    let own = TEXT.get(low..).unwrap_or_default().lines().map_while({
        let service = service.to_owned();
        move |line| line.strip_prefix(service.as_str())?.strip_prefix('\t')
    });
    own.filter_map(|line| {
        let mut columns = line.split('\t');
        let version = columns.next()?.parse().ok()?;
        Some((version, columns.next()?, columns.next().is_some()))
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// `(service, version, pattern, exception)`, read from the first line to the last.
    fn table() -> Vec<(&'static str, u32, &'static str, bool)> {
        let lines = TEXT.lines().filter(|l| !l.starts_with('#'));
        lines
            .map(|line| {
                let columns: Vec<&str> = line.split('\t').collect();
                let version = columns[1].parse().unwrap();
                assert!(columns.len() == 3 || columns[3] == "-", "{line}");
                (columns[0], version, columns[2], columns.len() == 4)
            })
            .collect()
    }

    #[test]
    fn the_table_is_whole_and_searched_as_it_reads() {
        let all = table();
        assert_eq!(all.len(), 494);
        assert!(all.is_sorted_by_key(|row| row.0));
        let services: BTreeSet<&str> = all.iter().map(|row| row.0).collect();
        for service in services {
            let read: Vec<_> = all.iter().filter(|row| row.0 == service).collect();
            let found: Vec<_> = rows(service).collect();
            assert_eq!(read.len(), found.len(), "{service}");
            for (read, found) in read.into_iter().zip(found) {
                assert_eq!((read.1, read.2, read.3), found);
                assert!((1..=LATEST).contains(&read.1));
            }
        }
        assert_eq!(
            rows("").count() + rows("zzz").count() + rows("ia").count(),
            0
        );
    }

    /// Against a reading of its own: patterns with stars, version by version.
    #[test]
    fn every_permission_is_judged_as_the_table_reads() {
        fn fits(pattern: &str, text: &str) -> bool {
            match pattern.split_once('*') {
                None => pattern == text,
                Some((before, after)) => text.strip_prefix(before).is_some_and(|rest| {
                    (0..=rest.len()).any(|at| rest.get(at..).is_some_and(|end| fits(after, end)))
                }),
            }
        }
        let all = table();
        let mut names: BTreeSet<String> = crate::iam::predefined::permissions()
            .map(str::to_owned)
            .collect();
        names.extend(all.iter().map(|(service, _, pattern, _)| {
            format!(
                "{service}.googleapis.com/{}",
                pattern.replace('*', "anything")
            )
        }));
        let mut reached = 0;
        for name in names {
            // A few are of services outside of googleapis.com.
            let Ok(permission) = Permission::parse(&name) else {
                continue;
            };
            let (service, resource, verb) = permission.parts();
            let domain = permission.fqdn();
            let domain = domain.split_once(".googleapis.com/").unwrap().0;
            let brings = |version: u32| {
                let any = |exception: bool| {
                    all.iter().any(|(of, at, pattern, is)| {
                        (*of == service || *of == domain)
                            && *at == version
                            && *is == exception
                            && fits(pattern, &format!("{resource}.{verb}"))
                    })
                };
                any(false) && !any(true)
            };
            let expected = (1..=LATEST).find(|v| brings(*v));
            assert_eq!(permission.blocked_from(), expected, "{permission}");
            reached += usize::from(expected.is_some());
        }
        assert!(reached > 4_000, "{reached}");
    }

    /// What nobody locks himself out of, and what this product is about.
    #[test]
    fn what_the_page_says_of_service_accounts_and_of_boundaries() {
        for (name, from) in [
            ("iam.serviceAccounts.getAccessToken", Some(3)),
            ("iam.serviceAccounts.actAs", Some(3)),
            ("iam.serviceAccountKeys.create", Some(3)),
            ("iam.roles.update", Some(3)),
            ("iam.denypolicies.delete", Some(3)),
            ("iam.serviceAccounts.createTagBinding", None),
            ("iam.serviceAccounts.getCertificateAs", None),
            ("iam.policybindings.get", None),
            ("iam.policybindings.list", None),
            ("iam.principalaccessboundarypolicies.unbind", None),
            ("iam.principalaccessboundarypolicies.delete", None),
            ("iam.operations.get", None),
            ("resourcemanager.organizations.deletePolicyBinding", None),
            ("resourcemanager.projects.searchPolicyBindings", None),
            ("resourcemanager.projects.get", Some(2)),
            ("cloudasset.assets.searchAllResources", Some(2)),
            ("orgpolicy.policy.get", Some(3)),
            ("iam.googleapis.com/workforcePools.get", Some(4)),
            (
                "iam.googleapis.com/workforcePools.deletePolicyBinding",
                None,
            ),
            (
                "iam.googleapis.com/workspacePools.deletePolicyBinding",
                None,
            ),
            ("serviceusage.services.use", Some(4)),
            ("serviceusage.apiKeys.get", Some(3)),
            ("bigquery.transfers.get", Some(2)),
            // Version 1 spares it, version 3 has all of its service.
            ("pubsub.topics.getIamPolicy", Some(3)),
            ("nosuch.things.get", None),
        ] {
            let permission = Permission::parse(name).unwrap();
            assert_eq!(permission.blocked_from(), from, "{name}");
        }
    }
}
