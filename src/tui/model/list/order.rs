//! The order of a list that is not filtered: what is pinned, then all the rest by text or as it came.

use std::collections::HashMap;
use std::sync::Arc;

use super::batch::{Item, ItemPlace, Items, merge};

#[derive(Clone, Default)]
pub(super) struct ListOrder {
    /// Keys of items that stand before all others, with their rank: the least first.
    pins: HashMap<String, usize>,
    /// Those of them that are there, and their ranks.
    first: Vec<(usize, ItemPlace)>,
    /// Shared with lists of the same items.
    rest: Arc<Vec<ItemPlace>>,
}

impl ListOrder {
    pub(super) fn len(&self) -> usize {
        self.first.len() + self.rest.len()
    }

    pub(super) fn clear(&mut self) {
        self.first.clear();
        self.rest = Arc::default();
    }

    pub(super) fn at(&self, row: usize) -> Option<ItemPlace> {
        match row.checked_sub(self.first.len()) {
            None => self.first.get(row).map(|(_, place)| *place),
            Some(row) => self.rest.get(row).copied(),
        }
    }

    /// Where an item stands. Found by its order: a look at each row would be felt.
    pub(super) fn row<T: Item>(
        &self,
        items: &Items<T>,
        sorted: bool,
        place: ItemPlace,
    ) -> Option<usize> {
        let pinned = self.first.iter().position(|(_, known)| *known == place);
        pinned.or_else(|| {
            let row = self.place_in_rest(items, sorted, place);
            let there = self.rest.get(row) == Some(&place);
            there.then_some(row + self.first.len())
        })
    }

    fn place_in_rest<T: Item>(&self, items: &Items<T>, sorted: bool, place: ItemPlace) -> usize {
        if !sorted {
            return self.rest.partition_point(|known| *known < place);
        }
        let text = items.text(place);
        self.rest
            .partition_point(|known| (items.text(*known), *known) < (text, place))
    }

    /// Takes items in that came behind all others.
    pub(super) fn extend<T: Item>(
        &mut self,
        items: &Items<T>,
        sorted: bool,
        fresh: Vec<ItemPlace>,
    ) {
        let mut rest = fresh;
        if !self.pins.is_empty() {
            let pins = &self.pins;
            let first = &mut self.first;
            rest.retain(|place| {
                let rank = items.item(*place).and_then(|item| pins.get(item.key()));
                first.extend(rank.map(|rank| (*rank, *place)));
                rank.is_none()
            });
            first.sort_unstable();
        }
        self.put(items, sorted, rest);
    }

    fn put<T: Item>(&mut self, items: &Items<T>, sorted: bool, mut some: Vec<ItemPlace>) {
        if some.is_empty() {
            return;
        }
        if sorted {
            some.sort_unstable_by(|a, b| (items.text(*a), *a).cmp(&(items.text(*b), *b)));
            merge(Arc::make_mut(&mut self.rest), &some, |known, one| {
                (items.text(*known), *known) < (items.text(*one), *one)
            });
        } else {
            some.sort_unstable();
            merge(Arc::make_mut(&mut self.rest), &some, |known, one| {
                known < one
            });
        }
    }

    /// Takes the order of other items; the same ones stand first as before.
    pub(super) fn replace<T: Item>(&mut self, items: &Items<T>, sorted: bool, fresh: Self) {
        let pins = std::mem::replace(self, fresh);
        let mut keys: Vec<(usize, String)> = pins.pins.into_iter().map(|(k, r)| (r, k)).collect();
        keys.sort_unstable();
        let keys: Vec<String> = keys.into_iter().map(|(_, key)| key).collect();
        self.pin(items, sorted, &keys);
    }

    /// Has the items of these keys stand first, in this order, those too that come later. `false`: they do already.
    pub(super) fn pin<T: Item>(&mut self, items: &Items<T>, sorted: bool, keys: &[String]) -> bool {
        let ranks = (0..).zip(keys);
        let pins: HashMap<String, usize> = ranks.map(|(rank, key)| (key.clone(), rank)).collect();
        if pins == self.pins {
            return false;
        }
        let was = std::mem::replace(&mut self.pins, pins);
        // Those that were first and are no longer go back among the others.
        let mut back = Vec::new();
        let pins = &self.pins;
        self.first.retain_mut(|(rank, place)| {
            let now = items.item(*place).and_then(|item| pins.get(item.key()));
            match now {
                Some(now) => *rank = *now,
                None => back.push(*place),
            }
            now.is_some()
        });
        self.put(items, sorted, back);
        let fresh: Vec<(String, usize)> = self
            .pins
            .iter()
            .filter(|(key, _)| !was.contains_key(*key))
            .map(|(key, rank)| (key.clone(), *rank))
            .collect();
        for (key, rank) in fresh {
            let Some(place) = items.find(&key, 0) else {
                continue;
            };
            let row = self.place_in_rest(items, sorted, place);
            if self.rest.get(row) == Some(&place) {
                Arc::make_mut(&mut self.rest).remove(row);
                self.first.push((rank, place));
            }
        }
        self.first.sort_unstable();
        true
    }
}
