//! Pairs that are kept: favourites, and those asked about before. Names alone: no token, claim or attribute.

use serde::{Deserialize, Serialize};

use crate::iam::Resource;

/// A pair that is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptPair {
    /// Who calls, a member.
    pub caller: String,
    /// Which account is wanted.
    pub target: String,
    /// What is asked for.
    pub permission: String,
    /// Starred.
    #[serde(default)]
    pub favourite: bool,
}

/// So many that are no favourites are kept (chosen).
const KEPT: usize = 30;

impl KeptPair {
    /// The caller's address, where it is a service account.
    #[must_use]
    pub fn caller_account(&self) -> Option<String> {
        let email = self.caller.strip_prefix("serviceAccount:")?;
        Some(email.to_lowercase())
    }

    /// The target's address.
    #[must_use]
    pub fn target_account(&self) -> Option<String> {
        match Resource::parse(&self.target).ok()? {
            Resource::ServiceAccount { account, .. } => Some(account.to_lowercase()),
            _ => None,
        }
    }

    fn is_same(&self, other: &Self) -> bool {
        (&self.caller, &self.target, &self.permission)
            == (&other.caller, &other.target, &other.permission)
    }

    /// Puts a pair first among its kind, once. `toggle`: it becomes a favourite, or is one no longer.
    pub fn put(self, into: &mut Vec<Self>, toggle: bool) -> bool {
        let before = into.iter().position(|pair| pair.is_same(&self));
        let before = before.map(|at| into.remove(at));
        let was = before.map_or(self.favourite, |pair| pair.favourite);
        let favourite = was != toggle;
        into.insert(0, Self { favourite, ..self });
        // A stable order: favourites first, each kind the newest first.
        into.sort_by_key(|pair| !pair.favourite);
        let favourites = into.iter().filter(|pair| pair.favourite).count();
        into.truncate(favourites + KEPT);
        favourite
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn favourites_stand_first_and_nothing_stands_twice() {
        let pair = |caller: &str| KeptPair {
            caller: caller.to_owned(),
            target: "t".to_owned(),
            permission: "p".to_owned(),
            favourite: false,
        };
        let mut all = Vec::new();
        for caller in ["a", "b", "c", "a"] {
            assert!(!pair(caller).put(&mut all, false));
        }
        assert!(pair("b").put(&mut all, true));
        let order = |all: &[KeptPair]| all.iter().map(|p| p.caller.clone()).collect::<String>();
        assert_eq!(order(&all), "bac");
        pair("c").put(&mut all, false);
        assert_eq!(order(&all), "bca");
        for i in 0..100 {
            pair(&i.to_string()).put(&mut all, false);
        }
        assert_eq!(all.len(), 1 + KEPT);
        assert!(!pair("b").put(&mut all, true));
    }
}
