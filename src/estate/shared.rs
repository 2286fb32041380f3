//! A map that is cheap to clone, and cheap to change a little afterwards: it is cut into parts, and a
//! part is copied only when it is written while somebody else holds it too. An estate of a million
//! bindings can so be planned upon ("what if this policy were another") without being copied.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::Arc;

/// Into so many parts a map is cut.
const PARTS: usize = 512;

/// A hash map in shared parts; no order.
#[derive(Clone, Debug)]
pub(crate) struct SharedMap<K, V> {
    parts: Vec<Arc<HashMap<K, V>>>,
    which: RandomState,
}

impl<K, V> Default for SharedMap<K, V> {
    fn default() -> Self {
        // One empty part for all places: the first write makes it two.
        let empty = Arc::new(HashMap::new());
        Self {
            parts: std::iter::repeat_n(empty, PARTS).collect(),
            which: RandomState::new(),
        }
    }
}

impl<K: Hash + Eq + Clone, V: Clone> SharedMap<K, V> {
    fn place<Q: Hash + ?Sized>(&self, key: &Q) -> usize {
        let hash = self.which.hash_one(key);
        usize::try_from(hash % PARTS as u64).unwrap_or_default()
    }

    fn part<Q: Hash + ?Sized>(&self, key: &Q) -> Option<&HashMap<K, V>> {
        self.parts.get(self.place(key)).map(|part| &**part)
    }

    fn part_mut<Q: Hash + ?Sized>(&mut self, key: &Q) -> Option<&mut HashMap<K, V>> {
        let place = self.place(key);
        self.parts.get_mut(place).map(Arc::make_mut)
    }

    pub fn get<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.part(key)?.get(key)
    }

    pub fn get_key_value<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<(&K, &V)>
    where
        K: Borrow<Q>,
    {
        self.part(key)?.get_key_value(key)
    }

    pub fn contains_key<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.get(key).is_some()
    }

    /// A value to be changed in place; nothing is copied when it is not there.
    pub fn get_mut<Q: Hash + Eq + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        if !self.contains_key(key) {
            return None;
        }
        self.part_mut(key)?.get_mut(key)
    }

    pub fn insert(&mut self, key: K, value: V) {
        if let Some(part) = self.part_mut(&key) {
            part.insert(key, value);
        }
    }

    pub fn remove<Q: Hash + Eq + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        if !self.contains_key(key) {
            return None;
        }
        self.part_mut(key)?.remove(key)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.parts.iter().flat_map(|part| part.iter())
    }

    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.iter().map(|(_, value)| value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clone_does_not_see_what_is_changed_afterwards() {
        let mut one = SharedMap::default();
        for i in 0..2_000 {
            one.insert(i.to_string(), i);
        }
        let mut other = one.clone();
        other.insert("7".to_owned(), 70);
        other.remove("8");
        *other.get_mut("9").unwrap() += 1;
        assert_eq!(
            (one.get("7"), one.get("8"), one.get("9")),
            (Some(&7), Some(&8), Some(&9))
        );
        assert_eq!(
            (other.get("7"), other.get("8"), other.get("9")),
            (Some(&70), None, Some(&10))
        );
        assert_eq!((one.iter().count(), other.values().count()), (2_000, 1_999));
        let shared = |a: &SharedMap<String, i32>, b: &SharedMap<String, i32>| {
            a.parts
                .iter()
                .zip(&b.parts)
                .filter(|(x, y)| Arc::ptr_eq(x, y))
                .count()
        };
        assert!(
            shared(&one, &other) >= PARTS - 3,
            "only what was written was copied"
        );
        assert_eq!(other.get_mut("none"), None);
        assert_eq!(other.remove("none"), None);
        assert!(shared(&one, &other) >= PARTS - 3, "looking copies nothing");
    }
}
