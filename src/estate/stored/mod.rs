//! Tables of a compiled estate: they lie in its file as it was read into memory, and each thing is made of them when
//! it is first asked for.
//!
//! Whatever could be wrong in a table is looked for when it is opened (`is_sound`), so that what is made later is
//! always made whole: an answer never hangs on a damaged part that nobody has seen yet.

mod column;
mod extras;
mod hierarchy;
mod layered;
mod members;
mod policies;
mod policy_columns;

use std::sync::OnceLock;

use rayon::prelude::*;

pub(super) use column::{ColumnReader, ColumnWriter, Numbers, Texts};
pub(super) use extras::{ExtrasWriter, StoredExtras};
pub(super) use hierarchy::{
    AccountColumns, StoredAccounts, StoredIds, StoredNumbers, StoredProjects,
};
pub(crate) use layered::Layered;
pub(super) use members::{StoredGroups, StoredMembers};
pub(super) use policies::StoredPolicies;
pub(super) use policy_columns::PolicyColumns;

/// Things by key that lie in a file.
pub(crate) trait Stored {
    /// By what they are kept.
    type Key: Ord;
    /// By what they are looked for.
    type Look: ?Sized;
    /// What they are.
    type Value;

    /// How many there are.
    fn len(&self) -> usize;
    /// Which one has the key.
    fn find(&self, key: &Self::Look) -> Option<usize>;
    /// One of them, made when it is first asked for; `None` behind the last. In the order of the numbers they are in
    /// that of their keys, where they have one.
    fn get(&self, at: usize) -> Option<(&Self::Key, &Self::Value)>;
    /// Makes all of them, side by side: for whoever goes over all.
    fn make_all(&self);
}

/// What was made of a table so far.
#[derive(Debug)]
pub(super) struct MadeRecords<T> {
    slots: OnceLock<Box<[OnceLock<Box<T>>]>>,
    length: usize,
    all: OnceLock<()>,
}

impl<T: Send + Sync> MadeRecords<T> {
    /// Nothing yet, of so many.
    pub fn of(length: usize) -> Self {
        Self {
            slots: OnceLock::new(),
            length,
            all: OnceLock::new(),
        }
    }

    /// One of them; `None` behind the last.
    pub fn get(&self, at: usize, make: impl FnOnce() -> T) -> Option<&T> {
        let slots = self
            .slots
            .get_or_init(|| (0..self.length).map(|_| OnceLock::new()).collect());
        let slot = slots.get(at)?;
        Some(slot.get_or_init(|| Box::new(make())))
    }

    /// Makes all of them, once.
    pub fn make_all(&self, make: impl Fn(usize) + Send + Sync) {
        if self.all.get().is_none() {
            (0..self.length)
                .into_par_iter()
                .with_min_len(256)
                .for_each(make);
            self.all.get_or_init(|| ());
        }
    }
}
