//! A map that is cheap to clone, and cheap to change a little afterwards: it is cut into parts, and a
//! part is copied only when it is written while somebody else holds it too. An estate of a million
//! bindings can so be planned upon ("what if this policy were another") without being copied.

use std::borrow::Borrow;
use std::hash::{BuildHasher, Hash};
use std::sync::Arc;

use hashbrown::hash_table::Entry;
use hashbrown::{DefaultHashBuilder, HashTable};

/// Into so many parts a map is cut.
const PARTS: usize = 512;

/// A hash map in shared parts; no order.
///
/// A key is hashed once for both, the part and the place in it: the seed is of this process, so that a file
/// cannot be made to fill one place.
#[derive(Clone, Debug)]
pub(crate) struct SharedMap<K, V> {
    parts: Vec<Arc<HashTable<(K, V)>>>,
    hasher: DefaultHashBuilder,
}

impl<K, V> Default for SharedMap<K, V> {
    fn default() -> Self {
        // One empty part for all places: the first write makes it two.
        let empty = Arc::new(HashTable::new());
        Self {
            parts: std::iter::repeat_n(empty, PARTS).collect(),
            hasher: DefaultHashBuilder::default(),
        }
    }
}

/// Which part, from bits that a table itself does not choose by.
fn place(hash: u64) -> usize {
    usize::try_from((hash >> 40) % PARTS as u64).unwrap_or_default()
}

impl<K: Hash + Eq + Clone, V: Clone> SharedMap<K, V> {
    fn find<Q: Hash + Eq + ?Sized>(&self, hash: u64, key: &Q) -> Option<&(K, V)>
    where
        K: Borrow<Q>,
    {
        let part = self.parts.get(place(hash))?;
        part.find(hash, |(known, _)| known.borrow() == key)
    }

    pub fn get<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.get_key_value(key).map(|(_, value)| value)
    }

    pub fn get_key_value<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<(&K, &V)>
    where
        K: Borrow<Q>,
    {
        let (key, value) = self.find(self.hasher.hash_one(key), key)?;
        Some((key, value))
    }

    /// A value to be changed in place; nothing is copied when it is not there.
    pub fn get_mut<Q: Hash + Eq + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        let hash = self.hasher.hash_one(key);
        self.find(hash, key)?;
        let part = Arc::make_mut(self.parts.get_mut(place(hash))?);
        let found = part.find_mut(hash, |(known, _)| known.borrow() == key)?;
        Some(&mut found.1)
    }

    pub fn insert(&mut self, key: K, value: V) {
        let hash = self.hasher.hash_one(&key);
        let hasher = &self.hasher;
        let Some(part) = self.parts.get_mut(place(hash)) else {
            return;
        };
        let entry = Arc::make_mut(part).entry(
            hash,
            |(known, _)| *known == key,
            |(known, _)| hasher.hash_one(known),
        );
        match entry {
            Entry::Occupied(mut old) => old.get_mut().1 = value,
            Entry::Vacant(free) => {
                free.insert((key, value));
            }
        }
    }

    pub fn remove<Q: Hash + Eq + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let hash = self.hasher.hash_one(key);
        self.find(hash, key)?;
        let part = Arc::make_mut(self.parts.get_mut(place(hash))?);
        let found = part.find_entry(hash, |(known, _)| known.borrow() == key);
        let ((_, value), _) = found.ok()?.remove();
        Some(value)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        let pairs = self.parts.iter().flat_map(|part| part.iter());
        pairs.map(|(key, value)| (key, value))
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
        assert_eq!((one.iter().count(), other.iter().count()), (2_000, 1_999));
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
