//! A list that is filtered as one types: fuzzy, with the matched letters known, and a selection that
//! stays on the thing when rows come and go.

mod batch;
mod matching;
mod order;

use std::any::Any;
use std::cell::RefCell;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tui_input::Input;

use batch::{ItemPlace, Items, merge};
use matching::{Bits, Hit, MatchQuery, Tools, candidates, match_batch};
use order::ListOrder;

pub use batch::{Batch, Item};
pub use matching::{Matched, Matching};

/// So many items are matched at once; the rest of a list that is longer is matched elsewhere (chosen: about a
/// millisecond).
const AT_ONCE: usize = 8_000;

/// What is matched for one list is never taken for another's, nor for what was typed before.
fn fresh_ticket() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    LAST.fetch_add(1, Ordering::Relaxed) + 1
}

/// The list.
pub struct Filtered<T> {
    items: Items<T>,
    /// All items, as they stand where nothing is typed.
    order: ListOrder,
    /// What is looked for.
    query: Arc<MatchQuery>,
    /// Those that match, in order.
    hits: Vec<Hit>,
    /// Those of them that were matched here, in order.
    near: Vec<Hit>,
    /// What of each batch matches; of those that are left, what matched a wider query, where that is known.
    bits: Vec<Option<Bits>>,
    /// Batches that the filter was not applied to yet.
    left: Range<usize>,
    /// Tells the matching of what is left from others.
    ticket: u64,
    /// The selection goes to the best match as long as nothing was selected since.
    best: bool,
    /// What is typed.
    pub input: Input,
    /// The key of the selected item.
    selected: Option<String>,
    /// Which item that is; `None`: it has not come yet.
    selected_at: Option<ItemPlace>,
    /// The row that the selection is on.
    row: usize,
    /// The first row shown, as of the last frame.
    pub offset: usize,
    /// Whether the unfiltered list is in the order of its texts, and not in that of its coming.
    pub sorted: bool,
    tools: Box<RefCell<Tools>>,
}

impl<T: Item> Default for Filtered<T> {
    fn default() -> Self {
        Self {
            items: Items::default(),
            order: ListOrder::default(),
            query: Arc::new(MatchQuery::new("")),
            hits: Vec::new(),
            near: Vec::new(),
            bits: Vec::new(),
            left: 0..0,
            ticket: 0,
            best: false,
            input: Input::default(),
            selected: None,
            selected_at: None,
            row: 0,
            offset: 0,
            sorted: false,
            tools: Box::default(),
        }
    }
}

impl<T: Item> Filtered<T> {
    /// How many items there are.
    #[must_use]
    pub fn total(&self) -> usize {
        self.items.total
    }

    /// How many belong to that, whatever the filter.
    #[must_use]
    pub fn belong_to(&self, owner: &str) -> usize {
        self.items.belong_to(owner)
    }

    /// A list of the same items in the same order, with nothing typed or selected. No item is copied, nor the order.
    #[must_use]
    pub fn alike(&self) -> Self {
        Self {
            items: self.items.clone(),
            order: self.order.clone(),
            bits: vec![None; self.items.batches.len()],
            sorted: self.sorted,
            ..Self::default()
        }
    }

    /// Every item, filtered or not.
    pub fn items(&self) -> impl Iterator<Item = &Arc<T>> {
        self.items.batches.iter().flat_map(|batch| batch.items())
    }

    /// The batches of its items.
    #[must_use]
    pub fn batches(&self) -> Vec<Arc<Batch<T>>> {
        self.items.batches.clone()
    }

    /// How many pass the filter.
    #[must_use]
    pub fn shown(&self) -> usize {
        if self.query.is_empty() {
            self.order.len()
        } else {
            self.hits.len()
        }
    }

    /// The item of a row.
    fn at(&self, row: usize) -> Option<ItemPlace> {
        if self.query.is_empty() {
            self.order.at(row)
        } else {
            self.hits.get(row).map(|hit| hit.place())
        }
    }

    /// The row that is selected.
    #[must_use]
    pub fn row(&self) -> usize {
        self.row
    }

    /// Adds items, as [`Self::take`] does.
    pub fn extend(&mut self, items: impl IntoIterator<Item = Arc<T>>) {
        for batch in Batch::of(items) {
            self.take(batch);
        }
    }

    /// Adds items; the filter applies to them, and the selection stays where it is. They are merged in: a batch costs
    /// what it holds, not what is there already.
    pub fn take(&mut self, batch: Arc<Batch<T>>) {
        let held = self.selected_is_there();
        let at = self.items.batches.len();
        let fresh: Vec<ItemPlace> = self.items.push(Arc::clone(&batch)).collect();
        self.order.extend(&self.items, self.sorted, fresh);
        let bits = (!self.query.is_empty()).then(|| {
            let mut hits = Vec::new();
            let tools = &mut self.tools.borrow_mut();
            let bits = match_batch(&self.query, (at, &batch), None, tools, &mut hits);
            hits.sort_unstable();
            merge(&mut self.hits, &hits, |known, one| known < one);
            // They are put among those that come from elsewhere.
            if !self.left.is_empty() {
                merge(&mut self.near, &hits, |known, one| known < one);
            }
            bits
        });
        self.bits.push(bits);
        let mut comes = held;
        if self.selected_at.is_none()
            && let Some(key) = &self.selected
        {
            self.selected_at = self.items.find(key, at);
            comes = self.selected_at.is_some();
        }
        if comes {
            self.find_selected();
        }
    }

    /// Has the items of these keys stand first in the unfiltered list, in this order, those too that come later.
    pub fn pin(&mut self, keys: &[String]) {
        let held = self.selected_is_there();
        if self.order.pin(&self.items, self.sorted, keys) && held && self.query.is_empty() {
            self.find_selected();
        }
    }

    fn selected_is_there(&self) -> bool {
        self.selected_at.is_some() && self.at(self.row) == self.selected_at
    }

    /// Takes everything out; what is typed and what is selected stay. What is given back is no longer needed, and may
    /// take long to free.
    pub fn clear(&mut self) -> Box<dyn Any + Send>
    where
        T: 'static,
    {
        let items = std::mem::take(&mut self.items);
        self.order.clear();
        self.hits.clear();
        self.bits.clear();
        self.left = 0..0;
        self.ticket = fresh_ticket();
        self.selected_at = None;
        self.row = 0;
        self.offset = 0;
        Box::new(items)
    }

    /// Whether the filter was applied to all items.
    #[must_use]
    pub fn is_matched(&self) -> bool {
        self.left.is_empty()
    }

    /// Applies what is typed, to the last item.
    pub fn refilter(&mut self) {
        self.filter();
        self.match_rest();
    }

    /// Applies the filter to what is left, here and now, on all cores.
    pub fn match_rest(&mut self) {
        if let Some(rest) = self.rest() {
            // What has come from elsewhere already stays.
            self.near.clone_from(&self.hits);
            let threads = std::thread::available_parallelism().map_or(1, usize::from);
            let mut all = Vec::new();
            rest.run(threads, usize::MAX, &|| true, &mut |some| all.push(some));
            for some in all {
                self.matched(some);
            }
        }
    }

    /// What is left to be matched, to be done elsewhere; [`Self::matched`] takes what comes of it.
    #[must_use]
    pub fn rest(&self) -> Option<Matching<T>> {
        if self.is_matched() {
            return None;
        }
        let batches = self.items.batches.get(self.left.clone())?;
        let among = self.bits.get(self.left.clone())?;
        Some(Matching {
            ticket: self.ticket,
            query: Arc::clone(&self.query),
            from: self.left.start,
            batches: batches.iter().cloned().zip(among.iter().cloned()).collect(),
        })
    }

    /// Takes in what was matched elsewhere; what belongs to another query is left out.
    pub fn matched(&mut self, some: Matched) {
        if some.ticket != self.ticket || self.is_matched() {
            return;
        }
        let held = !self.best && self.selected_is_there();
        for bits in some.bits {
            if let (false, Some(place)) = (self.left.is_empty(), self.bits.get_mut(self.left.start))
            {
                *place = Some(bits);
                self.left.start += 1;
            }
        }
        self.hits = some.hits;
        merge(&mut self.hits, &self.near, |known, one| known < one);
        if self.is_matched() {
            self.near = Vec::new();
        }
        self.settle(held);
    }

    /// Hits came: the selection stays where it is (`held`), or goes to its item, or to the best.
    fn settle(&mut self, held: bool) {
        if self.best {
            self.select_best();
        } else if held || self.place_of_selected().is_some() {
            self.find_selected();
        }
    }

    fn select_best(&mut self) {
        if self.selected_is_among_the_best() {
            self.find_selected();
        } else {
            self.row = 0;
            self.offset = 0;
            if self.is_matched() {
                self.select_row(0);
            }
        }
    }

    /// Applies what is typed, to the first items; [`Self::rest`] is left. The best match is selected, as there is a
    /// reason to type; among equally good ones what was selected stays so.
    pub fn filter(&mut self) {
        let text = self.input.value().trim();
        if text == self.query.text {
            return;
        }
        let query = Arc::new(MatchQuery::new(text));
        // What did not match the beginning does not match the whole either.
        if !query.narrows(&self.query) {
            self.bits.fill(None);
        }
        self.query = query;
        self.ticket = fresh_ticket();
        self.hits = Vec::new();
        if self.query.is_empty() {
            self.left = 0..0;
            self.best = false;
            self.find_selected();
            return;
        }
        self.best = true;
        self.row = 0;
        self.begin();
    }

    /// Applies the filter to the first of all items.
    fn begin(&mut self) {
        self.left = 0..self.items.batches.len();
        self.match_some();
    }

    /// An empty list in the same order, with the same ones first.
    #[must_use]
    pub fn to_be_filled(&self) -> Self {
        let mut order = self.order.clone();
        order.clear();
        Self {
            order,
            sorted: self.sorted,
            ..Self::default()
        }
    }

    /// Takes the items of such a list in place of those that are here; what is typed and what is selected stay, and what
    /// is typed is applied as [`Self::filter`] does. What is given back is no longer needed, and may take long to free.
    pub fn exchange(&mut self, fresh: Self) -> Box<dyn Any + Send>
    where
        T: 'static,
    {
        let gone = std::mem::replace(&mut self.items, fresh.items);
        self.order.replace(&self.items, self.sorted, fresh.order);
        self.bits = vec![None; self.items.batches.len()];
        self.hits = Vec::new();
        self.ticket = fresh_ticket();
        let key = self.selected.as_deref();
        self.selected_at = key.and_then(|key| self.items.find(key, 0));
        if self.query.is_empty() {
            self.find_selected();
        } else {
            self.begin();
            self.row = self.row.min(self.shown().saturating_sub(1));
        }
        Box::new(gone)
    }

    /// Applies the filter to the first items that are left.
    fn match_some(&mut self) {
        let mut items = 0;
        let mut hits = Vec::new();
        for at in self.left.clone() {
            let (Some(batch), Some(bits)) = (self.items.batches.get(at), self.bits.get_mut(at))
            else {
                break;
            };
            let more = candidates(batch, bits.as_ref());
            if items > 0 && items + more > AT_ONCE {
                break;
            }
            items += more;
            let tools = &mut self.tools.borrow_mut();
            let among = bits.take();
            *bits = Some(match_batch(
                &self.query,
                (at, batch),
                among.as_ref(),
                tools,
                &mut hits,
            ));
            self.left.start = at + 1;
        }
        hits.sort_unstable();
        self.near = if self.is_matched() {
            Vec::new()
        } else {
            hits.clone()
        };
        self.hits = hits;
        self.settle(false);
    }

    fn selected_is_among_the_best(&self) -> bool {
        let best = self.hits.first();
        let selected = self.selected_at.and_then(|at| self.hit(at));
        best.zip(selected)
            .is_some_and(|(best, selected)| selected.is_as_good_as(*best))
            && self.place_of_selected().is_some()
    }

    /// How well an item fits.
    fn hit(&self, place: ItemPlace) -> Option<Hit> {
        let (batch, nth) = self.items.batch(place)?;
        let tools = &mut self.tools.borrow_mut();
        self.query.hit(batch, nth, place, tools)
    }

    /// The row of the selected item.
    fn place_of_selected(&self) -> Option<usize> {
        let place = self.selected_at?;
        if self.query.is_empty() {
            return self.order.row(&self.items, self.sorted, place);
        }
        let hit = self.hit(place)?;
        self.hits.binary_search(&hit).ok()
    }

    fn find_selected(&mut self) {
        let row = self.place_of_selected().unwrap_or(self.row);
        self.row = row.min(self.shown().saturating_sub(1));
    }

    /// Whether there is an item of that key.
    #[must_use]
    pub fn holds(&self, key: &str) -> bool {
        self.items.find(key, 0).is_some()
    }

    /// Selects an item by its key, now or when it comes.
    pub fn select_key(&mut self, key: &str) {
        self.best = false;
        self.selected = Some(key.to_owned());
        self.selected_at = self.items.find(key, 0);
        self.find_selected();
    }

    /// Selects a row.
    pub fn select_row(&mut self, row: usize) {
        self.best = false;
        self.row = row.min(self.shown().saturating_sub(1));
        self.selected = self.selected().map(|i| i.key().to_owned());
        self.selected_at = self.at(self.row);
    }

    /// Moves the selection by so many rows.
    pub fn step(&mut self, by: isize) {
        self.select_row(self.row.saturating_add_signed(by));
    }

    /// The selected item.
    #[must_use]
    pub fn selected(&self) -> Option<&Arc<T>> {
        self.items.item(self.at(self.row)?)
    }

    /// The key that is selected, also while its item has not come yet.
    #[must_use]
    pub fn selected_key(&self) -> Option<&str> {
        self.selected.as_deref()
    }

    /// The first row to be shown in `room` rows, so that the selected one is in sight.
    #[must_use]
    pub fn first_shown(&self, room: usize) -> usize {
        scrolled(self.offset, self.row, self.shown(), room)
    }

    /// The rows that `room` rows show, with the places (in characters) that matched.
    #[must_use]
    pub fn window(&self, room: usize) -> Vec<(usize, &T, Vec<u32>)> {
        let first = self.first_shown(room);
        self.rows(first..first + room)
    }

    /// Some rows, as far as there are any, with the places that matched.
    #[must_use]
    pub fn rows(&self, which: Range<usize>) -> Vec<(usize, &T, Vec<u32>)> {
        let tools = &mut self.tools.borrow_mut();
        (which.start..which.end.min(self.shown()))
            .filter_map(|row| {
                let item = self.items.item(self.at(row)?)?;
                let places = self.query.places(item.text(), tools);
                Some((row, &**item, places))
            })
            .collect()
    }
}

/// The first row to be shown of `count` in `room`, so that `row` is in sight.
#[must_use]
pub fn scrolled(offset: usize, row: usize, count: usize, room: usize) -> usize {
    let offset = if row < offset {
        row
    } else if room > 0 && row >= offset + room {
        row + 1 - room
    } else {
        offset
    };
    offset.min(count.saturating_sub(room))
}

#[cfg(test)]
mod tests;
