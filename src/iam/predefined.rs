//! The built-in table of predefined roles, basic roles included.
//!
//! `assets/roles/predefined.tsv`: a comment line with the date, one permission a line, an empty
//! line, then one role a line: name, title, stage, comma-separated permission numbers. The lines are
//! told apart once, on first use; a role's numbers are read when that role is first asked, since a
//! command meets a handful of the 2,461.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::permission::Permission;
use super::role::Stage;

/// When the table was taken; the age of every answer that rests on it.
pub const TABLE_DATE: &str = "2026-08-22";

/// Not compressed: unpacking it was half of what a whole command computes (callgrind).
static TEXT: &str = include_str!("../../assets/roles/predefined.tsv");

/// One predefined role.
#[derive(Clone, Copy, Debug)]
pub struct PredefinedRole {
    /// `roles/NAME`.
    pub name: &'static str,
    /// For people.
    pub title: &'static str,
    stage: &'static str,
    /// Which of the table's lists is its own.
    list: usize,
}

/// The permissions of one role.
struct PermissionList {
    /// Comma-separated indices into the table's permissions, sorted.
    text: &'static str,
    read: OnceLock<Box<[u16]>>,
}

impl PermissionList {
    fn places(&self) -> &[u16] {
        self.read.get_or_init(|| {
            self.text
                .split(',')
                .filter_map(|i| i.parse().ok())
                .collect()
        })
    }

    /// Whether the index, written out, is one of them; for a single look at every role, where reading
    /// them all would take longer than the whole answer.
    fn has_text(&self, index: &str) -> bool {
        let text = self.text.as_bytes();
        memchr::memmem::find_iter(text, index).any(|at| {
            let end = at + index.len();
            (at == 0 || text.get(at - 1) == Some(&b','))
                && matches!(text.get(end), None | Some(b','))
        })
    }
}

struct RoleTable {
    permissions: Vec<&'static str>,
    /// Of each permission the roles that have it, once it was asked for.
    with: Vec<OnceLock<Vec<PredefinedRole>>>,
    lists: Vec<PermissionList>,
    roles: HashMap<&'static str, PredefinedRole>,
    names: Vec<&'static str>,
}

impl PredefinedRole {
    /// Whether the role includes the permission.
    #[must_use]
    pub fn includes(&self, permission: &str) -> bool {
        place(permission).is_some_and(|i| self.holds(i))
    }

    fn holds(&self, place: u16) -> bool {
        self.places().binary_search(&place).is_ok()
    }

    fn places(&self) -> &'static [u16] {
        table()
            .lists
            .get(self.list)
            .map_or(&[], PermissionList::places)
    }

    /// All its permissions, sorted.
    pub fn permissions(&self) -> impl Iterator<Item = &'static str> + use<> {
        let table = table();
        self.places()
            .iter()
            .filter_map(|i| table.permissions.get(usize::from(*i)).copied())
    }

    /// How many permissions it has: a first measure of how much it grants.
    #[must_use]
    pub fn size(&self) -> usize {
        let text = table().lists.get(self.list).map_or("", |l| l.text);
        usize::from(!text.is_empty()) + memchr::memchr_iter(b',', text.as_bytes()).count()
    }

    /// How far it has come.
    #[must_use]
    pub fn stage(&self) -> Stage {
        match self.stage {
            "GA" => Stage::Ga,
            "BETA" => Stage::Beta,
            "ALPHA" => Stage::Alpha,
            "DEPRECATED" => Stage::Deprecated,
            "DISABLED" => Stage::Disabled,
            other => Stage::Other(other.to_owned()),
        }
    }
}

/// The predefined role of that name.
#[must_use]
pub fn role(name: &str) -> Option<PredefinedRole> {
    table().roles.get(name).copied()
}

/// Every predefined role, by name.
pub fn all() -> impl Iterator<Item = PredefinedRole> {
    let table = table();
    table
        .names
        .iter()
        .filter_map(|n| table.roles.get(n).copied())
}

/// Every permission that some predefined role has, sorted.
pub fn permissions() -> impl Iterator<Item = &'static str> {
    table().permissions.iter().copied()
}

/// Whether any predefined role has the permission, that is, whether it exists as far as is known.
#[must_use]
pub fn permission_exists(permission: &str) -> bool {
    place(permission).is_some()
}

/// Whether any permission that a predefined role has is of this service: `storage` of `storage.buckets.get`.
#[must_use]
pub fn service_exists(service: &str) -> bool {
    let head = format!("{service}.");
    let permissions = &table().permissions;
    let at = permissions.partition_point(|p| *p < head.as_str());
    permissions.get(at).is_some_and(|p| p.starts_with(&head))
}

/// The predefined roles that include the permission, fewest permissions first. They are looked for once for each
/// permission that is asked about.
#[must_use]
pub fn roles_with(permission: &str) -> &'static [PredefinedRole] {
    let place = place(permission);
    let Some((place, known)) = place.and_then(|p| Some((p, table().with.get(usize::from(p))?)))
    else {
        return &[];
    };
    known.get_or_init(|| {
        let index = place.to_string();
        let lists = &table().lists;
        let mut found: Vec<_> = all()
            .filter(|r| lists.get(r.list).is_some_and(|l| l.has_text(&index)))
            .collect();
        found.sort_by_key(|r| (r.size(), r.name));
        found
    })
}

/// Where a permission stands in the table. Newer ones stand there in their second form only, as roles
/// have them: `iam.googleapis.com/workloadIdentityPools.get`.
fn place(permission: &str) -> Option<u16> {
    let permissions = &table().permissions;
    let place = permissions.binary_search(&permission).ok().or_else(|| {
        let other = Permission::parse(permission).ok()?.fqdn();
        permissions.binary_search(&other.as_str()).ok()
    })?;
    u16::try_from(place).ok()
}

fn table() -> &'static RoleTable {
    static TABLE: OnceLock<RoleTable> = OnceLock::new();
    TABLE.get_or_init(|| {
        let mut lines = lines(TEXT).skip(1);
        let permissions: Vec<&'static str> =
            lines.by_ref().take_while(|line| !line.is_empty()).collect();
        let mut roles = HashMap::new();
        let (mut names, mut lists) = (Vec::new(), Vec::new());
        for line in lines {
            let mut columns = line.splitn(4, '\t');
            let (Some(name), Some(title), Some(stage), Some(list)) = (
                columns.next(),
                columns.next(),
                columns.next(),
                columns.next(),
            ) else {
                continue;
            };
            roles.insert(
                name,
                PredefinedRole {
                    name,
                    title,
                    stage,
                    list: lists.len(),
                },
            );
            lists.push(PermissionList {
                text: list,
                read: OnceLock::new(),
            });
            names.push(name);
        }
        RoleTable {
            with: permissions.iter().map(|_| OnceLock::new()).collect(),
            permissions,
            lists,
            roles,
            names,
        }
    })
}

/// Lines of a text that ends with one; the table is read at every start, and half a megabyte is looked through.
fn lines(text: &'static str) -> impl Iterator<Item = &'static str> {
    let mut from = 0;
    memchr::memchr_iter(b'\n', text.as_bytes()).filter_map(move |at| {
        let line = text.get(from..at);
        from = at + 1;
        line
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_whole() {
        assert_eq!(all().count(), 2461);
        assert!(table().permissions.is_sorted());
        assert!(all().all(|r| r.places().is_sorted()));
        assert!(all().all(|r| r.size() == r.permissions().count()));
    }

    #[test]
    fn a_look_at_the_text_finds_what_reading_it_finds() {
        for place in [0, 1, 11, 99, 1234, 9999] {
            let index = place.to_string();
            for list in &table().lists {
                let read = list.places().binary_search(&place).is_ok();
                assert_eq!(list.has_text(&index), read, "{index} in {}", list.text);
            }
        }
    }

    #[test]
    fn services_are_told_by_their_permissions() {
        assert!(service_exists("storage") && service_exists("iam"));
        assert!(!service_exists("gcloud") && !service_exists("stor") && !service_exists(""));
    }

    #[test]
    fn folklore_is_wrong_about_the_basic_roles() {
        for name in [
            "roles/owner",
            "roles/editor",
            "roles/viewer",
            "roles/iam.serviceAccountUser",
        ] {
            assert!(
                !role(name)
                    .unwrap()
                    .includes(crate::iam::permission::GET_ACCESS_TOKEN),
                "{name}"
            );
        }
        let creator = role("roles/iam.serviceAccountTokenCreator").unwrap();
        assert!(creator.includes(crate::iam::permission::GET_ACCESS_TOKEN));
        assert_eq!(creator.title, "Service Account Token Creator");
    }

    #[test]
    fn the_narrowest_role_comes_first() {
        let roles = roles_with(crate::iam::permission::GET_ACCESS_TOKEN);
        assert!(roles.is_sorted_by_key(super::PredefinedRole::size));
        let names: Vec<_> = roles.iter().map(|r| r.name).collect();
        for name in [
            "roles/iam.workloadIdentityUser",
            "roles/iam.serviceAccountTokenCreator",
        ] {
            assert!(names.contains(&name), "{names:?}");
        }
        assert!(!names.contains(&"roles/owner"));
    }
}
