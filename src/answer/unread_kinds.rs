//! What was not read, by its kind: a person reads how many of each and a few of them, a script the whole list.

use std::collections::BTreeMap;

use crate::text::counted;

/// Of each kind so many are named (chosen).
const NAMED: usize = 3;

/// Things of one kind that were not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnreadKind<'n> {
    /// What each is, in the singular, and what follows whatever their number is: `allow policy`, ` of projects`.
    pub kind: (&'static str, &'static str),
    /// How many.
    pub count: usize,
    /// The first of them.
    pub named: Vec<&'n str>,
}

impl UnreadKind<'_> {
    /// `10000 lists of services: projects/a/services, projects/b/services and 9998 more`.
    #[must_use]
    pub fn words(&self) -> String {
        let more = match self.count - self.named.len() {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let (one, rest) = self.kind;
        format!(
            "{}{rest}: {}{more}",
            counted(self.count, one),
            self.named.join(", ")
        )
    }
}

/// The kinds of what was not read (by the names of an estate file's `unreadable`), by their words.
#[must_use]
pub fn kinds(names: &[String]) -> Vec<UnreadKind<'_>> {
    let mut found: BTreeMap<(&'static str, &'static str), (usize, Vec<&str>)> = BTreeMap::new();
    for name in names {
        let (count, named) = found.entry(kind(name)).or_default();
        *count += 1;
        if named.len() < NAMED {
            named.push(name);
        }
    }
    let each = found.into_iter();
    each.map(|(kind, (count, named))| UnreadKind { kind, count, named })
        .collect()
}

fn kind(name: &str) -> (&'static str, &'static str) {
    const BEGIN: [(&str, (&str, &str)); 6] = [
        (
            "//iam.googleapis.com/",
            ("allow policy", " of service accounts"),
        ),
        (
            "//cloudresourcemanager.googleapis.com/projects/",
            ("allow policy", " of projects"),
        ),
        (
            "//cloudresourcemanager.googleapis.com/folders/",
            ("allow policy", " of folders"),
        ),
        (
            "//cloudresourcemanager.googleapis.com/organizations/",
            ("allow policy", " of organizations"),
        ),
        ("groups/", ("group", "")),
        ("domain:", ("organization", " of domains")),
    ];
    const END: [(&str, (&str, &str)); 6] = [
        ("/denypolicies", ("list", " of deny policies")),
        ("/policyBindings", ("list", " of boundaries that are bound")),
        ("/serviceAccounts", ("list", " of service accounts")),
        ("/providers", ("list", " of providers of pools")),
        ("/services", ("list", " of services that are on")),
        ("/policies", ("list", " of organization policies")),
    ];
    let begun = BEGIN.iter().find(|(start, _)| name.starts_with(start));
    let known = begun.or_else(|| END.iter().find(|(end, _)| name.ends_with(end)));
    match known {
        Some((_, kind)) => *kind,
        None if name.contains("/roles/") || name.starts_with("roles/") => ("role", ""),
        None => ("other", ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_told_once_with_its_count() {
        let project = |i: usize| format!("projects/p{i}/services");
        let mut names: Vec<String> = (0..5).map(project).collect();
        names.push("//iam.googleapis.com/projects/p/serviceAccounts/a@x".to_owned());
        names.push(
            "policies/cloudresourcemanager.googleapis.com%2Fprojects%2Fp/denypolicies".to_owned(),
        );
        names.push("organizations/1/roles/minter".to_owned());
        names.push("tagBindings".to_owned());
        let found = kinds(&names);
        assert_eq!(found.iter().map(|k| k.count).sum::<usize>(), names.len());
        let words: Vec<String> = found.iter().map(UnreadKind::words).collect();
        assert_eq!(
            words,
            [
                "1 allow policy of service accounts: //iam.googleapis.com/projects/p/serviceAccounts/a@x",
                "1 list of deny policies: policies/cloudresourcemanager.googleapis.com%2Fprojects%2Fp/denypolicies",
                "5 lists of services that are on: projects/p0/services, projects/p1/services, projects/p2/services and 2 more",
                "1 other: tagBindings",
                "1 role: organizations/1/roles/minter",
            ]
        );
    }
}
