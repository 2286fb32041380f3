//! The items of a long list as they came: batch by batch, with what is looked at for each key laid out so that a
//! look at all of them goes through memory once.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

/// Something that can stand in a list.
pub trait Item: Send + Sync {
    /// What tells it from every other.
    fn key(&self) -> &str;
    /// The text that is matched, and shown.
    fn text(&self) -> &str;
    /// What it belongs to, where those of one thing are counted.
    #[expect(
        clippy::unnecessary_literal_bound,
        reason = "those that belong to something lend its name"
    )]
    fn belongs_to(&self) -> &str {
        ""
    }
}

/// So many bits of a [`ItemPlace`] tell which one of its batch an item is.
const BITS: u32 = 11;
/// Most items of a batch (chosen: putting them among a million takes a millisecond).
const MOST: usize = 1 << BITS;

/// Where an item is: its batch, and which one of that. Those that came later have a greater one. Two million batches
/// have room: a day of them, as they come a few times a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ItemPlace(pub u32);

impl ItemPlace {
    pub(super) fn new(batch: usize, nth: usize) -> Self {
        Self(((batch << BITS) | nth) as u32)
    }

    fn batch(self) -> usize {
        (self.0 >> BITS) as usize
    }

    fn nth(self) -> usize {
        self.0 as usize & (MOST - 1)
    }
}

/// Which characters stand in a text: a bit for each letter, whatever its case, and for each digit; other characters
/// share theirs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Letters(u64);

impl Letters {
    /// Not all of it is ASCII: nothing is said of it.
    const OTHER: Self = Self(u64::MAX);

    pub(super) fn of(text: &str) -> Self {
        // Two characters that are one to the matcher are not looked at one by one.
        if !text.is_ascii() || text.contains("\r\n") {
            return Self::OTHER;
        }
        text.bytes().fold(Self::default(), |all, b| all.and(b))
    }

    pub(super) fn and(self, byte: u8) -> Self {
        let bit = match byte.to_ascii_lowercase() {
            letter @ b'a'..=b'z' => letter - b'a',
            digit @ b'0'..=b'9' => 26 + digit - b'0',
            other => 36 + other % 27,
        };
        Self(self.0 | 1 << bit)
    }

    pub(super) fn is_ascii(self) -> bool {
        self != Self::OTHER
    }

    /// Whether all of those may stand in it.
    pub(super) fn may_hold(self, those: Self) -> bool {
        those.0 & !self.0 == 0
    }
}

/// Some items of a list. Made away from the loop where there are many.
pub struct Batch<T> {
    items: Vec<Arc<T>>,
    /// Their texts, one behind the other, and where each ends.
    texts: String,
    ends: Vec<u32>,
    letters: Vec<Letters>,
    /// A hash of each key.
    keys: Vec<u32>,
    /// A hash of what each belongs to.
    owners: Vec<u32>,
}

impl<T> Default for Batch<T> {
    fn default() -> Self {
        Self {
            items: Vec::new(),
            texts: String::new(),
            ends: Vec::new(),
            letters: Vec::new(),
            keys: Vec::new(),
            owners: Vec::new(),
        }
    }
}

impl<T> std::fmt::Debug for Batch<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Batch of {}", self.items.len())
    }
}

impl<T: Item> Batch<T> {
    /// Puts items into as few batches as they need, in their order.
    #[must_use]
    pub fn of(items: impl IntoIterator<Item = Arc<T>>) -> Vec<Arc<Self>> {
        let mut batches = Vec::new();
        let mut items = items.into_iter().peekable();
        while items.peek().is_some() {
            let some: Vec<Arc<T>> = items.by_ref().take(MOST).collect();
            batches.push(Arc::new(Self::new(some)));
        }
        batches
    }

    /// How many it holds.
    #[must_use]
    pub fn count(&self) -> usize {
        self.items.len()
    }

    fn new(items: Vec<Arc<T>>) -> Self {
        let length = items.iter().map(|item| item.text().len()).sum();
        let mut batch = Self {
            texts: String::with_capacity(length),
            ends: Vec::with_capacity(items.len()),
            letters: Vec::with_capacity(items.len()),
            keys: items.iter().map(|item| hash(item.key())).collect(),
            owners: items.iter().map(|item| hash(item.belongs_to())).collect(),
            items: Vec::new(),
        };
        for item in &items {
            batch.texts.push_str(item.text());
            let end = u32::try_from(batch.texts.len()).unwrap_or(u32::MAX);
            batch.ends.push(end);
            batch.letters.push(Letters::of(item.text()));
        }
        batch.items = items;
        batch
    }

    /// What is in it.
    pub fn items(&self) -> impl Iterator<Item = &Arc<T>> {
        self.items.iter()
    }

    pub(super) fn len(&self) -> usize {
        self.items.len()
    }

    pub(super) fn text(&self, nth: usize) -> &str {
        let begin = match nth {
            0 => 0,
            nth => self.ends.get(nth - 1).copied().unwrap_or(0),
        };
        let end = self.ends.get(nth).copied().unwrap_or(0);
        let text = self.texts.get(begin as usize..end as usize);
        text.unwrap_or_default()
    }

    pub(super) fn letters(&self, nth: usize) -> Letters {
        self.letters.get(nth).copied().unwrap_or(Letters::OTHER)
    }
}

fn hash(key: &str) -> u32 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    hasher.finish() as u32
}

/// All items.
pub(super) struct Items<T> {
    pub(super) batches: Vec<Arc<Batch<T>>>,
    pub(super) total: usize,
}

impl<T> Clone for Items<T> {
    fn clone(&self) -> Self {
        Self {
            batches: self.batches.clone(),
            total: self.total,
        }
    }
}

impl<T> Default for Items<T> {
    fn default() -> Self {
        Self {
            batches: Vec::new(),
            total: 0,
        }
    }
}

impl<T: Item> Items<T> {
    /// Adds a batch; gives its places.
    pub(super) fn push(
        &mut self,
        batch: Arc<Batch<T>>,
    ) -> impl Iterator<Item = ItemPlace> + use<T> {
        let (at, len) = (self.batches.len(), batch.len());
        self.total += len;
        self.batches.push(batch);
        (0..len).map(move |nth| ItemPlace::new(at, nth))
    }

    pub(super) fn batch(&self, place: ItemPlace) -> Option<(&Batch<T>, usize)> {
        let batch = self.batches.get(place.batch())?;
        Some((batch, place.nth()))
    }

    pub(super) fn item(&self, place: ItemPlace) -> Option<&Arc<T>> {
        let (batch, nth) = self.batch(place)?;
        batch.items.get(nth)
    }

    pub(super) fn text(&self, place: ItemPlace) -> &str {
        self.batch(place).map_or("", |(batch, nth)| batch.text(nth))
    }

    /// The first item of that key, from some batch on.
    pub(super) fn find(&self, key: &str, from: usize) -> Option<ItemPlace> {
        let wanted = hash(key);
        let batches = self.batches.iter().enumerate().skip(from);
        let mut found = batches.flat_map(|(at, batch)| {
            let keys = batch.keys.iter().enumerate();
            let same = keys.filter(|(_, known)| **known == wanted);
            same.map(move |(nth, _)| ItemPlace::new(at, nth))
        });
        found.find(|place| self.item(*place).is_some_and(|item| item.key() == key))
    }

    /// How many belong to that. Only those are looked at; of the others a hash tells.
    pub(super) fn belong_to(&self, owner: &str) -> usize {
        let wanted = hash(owner);
        let of_batch = |batch: &Arc<Batch<T>>| {
            let all = batch.owners.iter().zip(&batch.items);
            let same = all.filter(|(known, _)| **known == wanted);
            same.filter(|(_, item)| item.belongs_to() == owner).count()
        };
        self.batches.iter().map(of_batch).sum()
    }
}

/// Puts some values among others, both in order. From the end on, so that each of the others is moved once and none is
/// copied elsewhere; where each comes to stand is likely to be near the one before.
pub(super) fn merge<V: Copy>(into: &mut Vec<V>, fresh: &[V], before: impl Fn(&V, &V) -> bool) {
    let mut end = into.len();
    into.extend_from_slice(fresh);
    for (nth, one) in fresh.iter().enumerate().rev() {
        let place = place_of(into.get(..end).unwrap_or_default(), |known| {
            before(known, one)
        });
        into.copy_within(place..end, place + nth + 1);
        if let Some(free) = into.get_mut(place + nth) {
            *free = *one;
        }
        end = place;
    }
}

/// How many of these stand before something, looked for from their end on.
fn place_of<V>(among: &[V], is_before: impl Fn(&V) -> bool) -> usize {
    let (mut high, mut step) = (among.len(), 1);
    loop {
        let low = high.saturating_sub(step);
        let Some(near) = among.get(low..high) else {
            return high;
        };
        if low == 0 || near.first().is_some_and(&is_before) {
            return low + near.partition_point(is_before);
        }
        high = low;
        step *= 2;
    }
}
