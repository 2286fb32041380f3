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
    /// What another version keeps beside: it is kept as it stands.
    #[serde(flatten)]
    pub other: serde_json::Map<String, serde_json::Value>,
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

    /// Whether the same is among the favourites.
    #[must_use]
    pub fn is_favourite(&self, among: &[Self]) -> bool {
        let mut all = among.iter();
        all.any(|pair| pair.favourite && pair.is_same(self))
    }

    /// Puts a pair first among its kind, once. `favourite`: whether it is one from now on; `None`: as it was.
    pub fn put(mut self, into: &mut Vec<Self>, favourite: Option<bool>) {
        let before = into.iter().position(|pair| pair.is_same(&self));
        if let Some(before) = before.map(|at| into.remove(at)) {
            self.favourite = before.favourite;
            self.other = before.other;
        }
        self.favourite = favourite.unwrap_or(self.favourite);
        into.insert(0, self);
        // A stable order: favourites first, each kind the newest first.
        into.sort_by_key(|pair| !pair.favourite);
        let favourites = into.iter().filter(|pair| pair.favourite).count();
        into.truncate(favourites + KEPT);
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
            other: serde_json::Map::default(),
        };
        let mut all = Vec::new();
        for caller in ["a", "b", "c", "a"] {
            pair(caller).put(&mut all, None);
        }
        assert!(!pair("b").is_favourite(&all));
        pair("b").put(&mut all, Some(true));
        assert!(pair("b").is_favourite(&all));
        let order = |all: &[KeptPair]| all.iter().map(|p| p.caller.clone()).collect::<String>();
        assert_eq!(order(&all), "bac");
        pair("c").put(&mut all, None);
        assert_eq!(order(&all), "bca");
        for i in 0..100 {
            pair(&i.to_string()).put(&mut all, None);
        }
        assert_eq!(all.len(), 1 + KEPT);
        pair("b").put(&mut all, Some(false));
        assert!(!pair("b").is_favourite(&all));
    }
}
