//! Which permissions deny policies support (doc "Permissions supported in deny policies").
//!
//! `assets/permissions/deny.tsv` says where the facts are from and when they were read: one resource
//! a line, the verbs that can be denied, the verbs that were there and cannot. It is read once, on
//! first use. Other services, and what has come since, are not known: *chosen*, as a table that is
//! older than a permission says nothing about it.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::permission::Permission;

static TEXT: &str = include_str!("../../assets/permissions/deny.tsv");

/// What deny policies can do about a permission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deniable {
    /// A deny rule that names it denies it.
    Yes,
    /// A deny rule that names it, or a group that holds it, has no effect on it.
    No,
    /// The table does not know it.
    Unknown,
}

/// `(resource, verb)` by service, to whether it can be denied.
type Table = HashMap<&'static str, HashMap<(&'static str, &'static str), bool>>;

impl Permission {
    /// Whether deny policies support it, as far as is known.
    #[must_use]
    pub fn deniable(&self) -> Deniable {
        let (service, resource, verb) = self.parts();
        match table()
            .get(service)
            .and_then(|known| known.get(&(resource, verb)))
        {
            Some(true) => Deniable::Yes,
            Some(false) => Deniable::No,
            None => Deniable::Unknown,
        }
    }
}

fn table() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    TABLE.get_or_init(|| {
        let mut table = Table::new();
        for line in TEXT.lines().filter(|line| !line.starts_with('#')) {
            let mut columns = line.split('\t');
            let Some((service, resource)) = columns.next().and_then(|name| name.split_once('.'))
            else {
                continue;
            };
            let known = table.entry(service).or_default();
            for (verbs, can) in columns.zip([true, false]) {
                known.extend(verbs.split_whitespace().map(|v| ((resource, v), can)));
            }
        }
        table
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every line is read, names what permissions are named like, and no permission stands twice.
    #[test]
    fn the_table_is_whole() {
        let lines: Vec<&str> = TEXT.lines().filter(|l| !l.starts_with('#')).collect();
        assert!(lines.is_sorted());
        let mut count = 0;
        for line in lines {
            let columns: Vec<&str> = line.split('\t').collect();
            let [name, can, cannot] = columns.as_slice() else {
                panic!("{line:?}");
            };
            for (verbs, expected) in [(can, Deniable::Yes), (cannot, Deniable::No)] {
                let verbs: Vec<&str> = verbs.split_whitespace().collect();
                assert!(verbs.is_sorted(), "{line}");
                for verb in verbs {
                    let permission = Permission::parse(&format!("{name}.{verb}")).unwrap();
                    assert_eq!(permission.deniable(), expected, "{permission}");
                    count += 1;
                }
            }
        }
        assert_eq!(count, table().values().map(HashMap::len).sum::<usize>());
    }

    /// The impersonation that this product is about, and the example of Google's page.
    #[test]
    fn impersonation_can_be_denied() {
        use crate::iam::permission::*;
        for name in [
            GET_ACCESS_TOKEN,
            GET_OPEN_ID_TOKEN,
            IMPLICIT_DELEGATION,
            SIGN_BLOB,
            SIGN_JWT,
            ACT_AS,
            "iam.roles.delete",
        ] {
            assert_eq!(
                Permission::parse(name).unwrap().deniable(),
                Deniable::Yes,
                "{name}"
            );
        }
    }
}
