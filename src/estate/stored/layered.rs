//! A map of which a part may lie in a compiled file: what is put in lies over it, and hides what it takes the place
//! of.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::fmt;
use std::hash::{BuildHasher, Hash};
use std::sync::Arc;

use hashbrown::{HashMap, HashSet};

use super::super::shared::SharedMap;
use super::Stored;

/// A map in memory, as far as it is looked at here. It is cheap to clone.
pub(crate) trait InMemory {
    /// By what things are kept.
    type Key;
    /// What is kept.
    type Value;
    /// Finds one.
    fn find<Q: Hash + Ord + ?Sized>(&self, key: &Q) -> Option<(&Self::Key, &Self::Value)>
    where
        Self::Key: Borrow<Q>;
    /// Adds or replaces one.
    fn put(&mut self, key: Self::Key, value: Self::Value);
    /// Takes one away.
    fn take<Q: Hash + Ord + ?Sized>(&mut self, key: &Q) -> Option<Self::Value>
    where
        Self::Key: Borrow<Q>;
    /// All of them, in the order of keys where they have one.
    fn pairs(&self) -> impl Iterator<Item = (&Self::Key, &Self::Value)>;
}

impl<K: Hash + Ord + Clone, V: Clone> InMemory for SharedMap<K, V> {
    type Key = K;
    type Value = V;
    fn find<Q: Hash + Ord + ?Sized>(&self, key: &Q) -> Option<(&K, &V)>
    where
        K: Borrow<Q>,
    {
        self.get_key_value(key)
    }
    fn put(&mut self, key: K, value: V) {
        self.insert(key, value);
    }
    fn take<Q: Hash + Ord + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        self.remove(key)
    }
    fn pairs(&self) -> impl Iterator<Item = (&K, &V)> {
        self.iter()
    }
}

impl<K: Ord + Clone, V: Clone> InMemory for Arc<BTreeMap<K, V>> {
    type Key = K;
    type Value = V;
    fn find<Q: Hash + Ord + ?Sized>(&self, key: &Q) -> Option<(&K, &V)>
    where
        K: Borrow<Q>,
    {
        self.get_key_value(key)
    }
    fn put(&mut self, key: K, value: V) {
        Arc::make_mut(self).insert(key, value);
    }
    fn take<Q: Hash + Ord + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        // What is not there is not copied for.
        match self.contains_key(key) {
            true => Arc::make_mut(self).remove(key),
            false => None,
        }
    }
    fn pairs(&self) -> impl Iterator<Item = (&K, &V)> {
        self.iter()
    }
}

impl<K: Hash + Ord + Clone, V: Clone, S: BuildHasher + Clone> InMemory for Arc<HashMap<K, V, S>> {
    type Key = K;
    type Value = V;
    fn find<Q: Hash + Ord + ?Sized>(&self, key: &Q) -> Option<(&K, &V)>
    where
        K: Borrow<Q>,
    {
        self.get_key_value(key)
    }
    fn put(&mut self, key: K, value: V) {
        Arc::make_mut(self).insert(key, value);
    }
    fn take<Q: Hash + Ord + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        // What is not there is not copied for.
        match self.contains_key(key) {
            true => Arc::make_mut(self).remove(key),
            false => None,
        }
    }
    fn pairs(&self) -> impl Iterator<Item = (&K, &V)> {
        self.iter()
    }
}

/// A map in memory over one in a file. A clone shares both.
pub(crate) struct Layered<M, S> {
    memory: M,
    file: Option<FileLayer<S>>,
}

/// What lies in a file, without what was taken away or has another in its place.
struct FileLayer<S> {
    stored: Arc<S>,
    hidden: Arc<HashSet<usize>>,
}

impl<S> Clone for FileLayer<S> {
    fn clone(&self) -> Self {
        Self {
            stored: Arc::clone(&self.stored),
            hidden: Arc::clone(&self.hidden),
        }
    }
}

impl<M: Clone, S> Clone for Layered<M, S> {
    fn clone(&self) -> Self {
        Self {
            memory: self.memory.clone(),
            file: self.file.clone(),
        }
    }
}

impl<M: Default, S> Default for Layered<M, S> {
    fn default() -> Self {
        Self::of(M::default())
    }
}

impl<M: fmt::Debug, S> fmt::Debug for Layered<M, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.memory.fmt(f)?;
        f.write_str(if self.file.is_some() {
            " over a file"
        } else {
            ""
        })
    }
}

impl<M, S> Layered<M, S> {
    /// All of it in memory.
    pub fn of(memory: M) -> Self {
        Self { memory, file: None }
    }

    /// What lies in the file, whatever was changed since.
    pub fn stored(&self) -> Option<&Arc<S>> {
        self.file.as_ref().map(|file| &file.stored)
    }
}

impl<S: Stored> FileLayer<S> {
    fn find(&self, key: &S::Look) -> Option<usize> {
        let at = self.stored.find(key)?;
        (!self.hidden.contains(&at)).then_some(at)
    }

    /// `false`: there is none of that key.
    fn hide(&mut self, key: &S::Look) -> bool {
        let found = self.find(key);
        if let Some(at) = found {
            Arc::make_mut(&mut self.hidden).insert(at);
        }
        found.is_some()
    }

    /// All that is not hidden.
    fn pairs(&self) -> impl Iterator<Item = (&S::Key, &S::Value)> {
        self.stored.make_all();
        (0..self.stored.len())
            .filter(|at| self.hidden.is_empty() || !self.hidden.contains(at))
            .filter_map(|at| self.stored.get(at))
    }
}

impl<M, S> Layered<M, S>
where
    M: InMemory + Default,
    M::Key: Borrow<S::Look> + Ord,
    M::Value: Clone,
    S: Stored<Key = M::Key, Value = M::Value>,
    S::Look: Hash + Ord,
{
    /// All of it in a file.
    pub fn over(stored: Arc<S>) -> Self {
        Self {
            memory: M::default(),
            file: Some(FileLayer {
                stored,
                hidden: Arc::default(),
            }),
        }
    }

    pub fn get_key_value(&self, key: &S::Look) -> Option<(&M::Key, &M::Value)> {
        let found = self.memory.find(key);
        found.or_else(|| {
            let file = self.file.as_ref()?;
            file.stored.get(file.find(key)?)
        })
    }

    pub fn get(&self, key: &S::Look) -> Option<&M::Value> {
        self.get_key_value(key).map(|(_, value)| value)
    }

    pub fn contains_key(&self, key: &S::Look) -> bool {
        self.memory.find(key).is_some()
            || (self.file.as_ref()).is_some_and(|file| file.find(key).is_some())
    }

    pub fn insert(&mut self, key: M::Key, value: M::Value) {
        if let Some(file) = &mut self.file {
            file.hide(key.borrow());
        }
        self.memory.put(key, value);
    }

    pub fn remove(&mut self, key: &S::Look) -> Option<M::Value> {
        if let Some(value) = self.memory.take(key) {
            return Some(value);
        }
        let file = self.file.as_mut()?;
        let at = file.find(key)?;
        let value = file.stored.get(at).map(|(_, value)| value.clone());
        file.hide(key);
        value
    }

    pub fn is_empty(&self) -> bool {
        self.memory.pairs().next().is_none()
            && (self.file.as_ref()).is_none_or(|file| file.stored.len() == file.hidden.len())
    }

    /// All of them, in the order of keys where both layers are in it.
    pub fn iter(&self) -> impl Iterator<Item = (&M::Key, &M::Value)> {
        let mut memory = self.memory.pairs().peekable();
        let file = self.file.iter().flat_map(FileLayer::pairs);
        let mut file = file.peekable();
        std::iter::from_fn(move || match (memory.peek(), file.peek()) {
            (Some((one, _)), Some((other, _))) if other < one => file.next(),
            (None, Some(_)) => file.next(),
            _ => memory.next(),
        })
    }

    /// All in memory, and of those in a file the ones of those places; in no order.
    pub fn some<'l>(
        &'l self,
        places: impl Iterator<Item = usize> + 'l,
    ) -> impl Iterator<Item = (&'l M::Key, &'l M::Value)> {
        let file = self.file.iter();
        let places = file
            .zip(std::iter::once(places))
            .flat_map(|(file, places)| {
                let seen = places.filter(|at| !file.hidden.contains(at));
                seen.filter_map(|at| file.stored.get(at))
            });
        self.memory.pairs().chain(places)
    }

    pub fn values(&self) -> impl Iterator<Item = &M::Value> {
        self.iter().map(|(_, value)| value)
    }
}
