//! A list that is filtered as one types: fuzzy, with the matched letters known, and a selection that
//! stays on the thing when rows come and go.

use std::cell::RefCell;
use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};
use tui_input::Input;

/// Something that can stand in a list.
pub trait Item {
    /// What tells it from every other.
    fn key(&self) -> &str;
    /// The text that is matched, and shown.
    fn text(&self) -> &str;
}

/// One row that passed the filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Hit {
    /// Which item. Small, as a million of these are moved when a page comes.
    at: u32,
    score: u32,
    /// Bytes of its text.
    length: u32,
}

impl Hit {
    fn index(self) -> usize {
        self.at as usize
    }
}

/// So many items are matched at a time where the rest can wait for the next frame (chosen: a few
/// milliseconds).
const AT_A_TIME: usize = 8_000;

/// The list.
pub struct Filtered<T> {
    items: Vec<Arc<T>>,
    hits: Vec<Hit>,
    /// All items in the order of the unfiltered list, while a filter is applied: it is taken back at once.
    unfiltered: Vec<Hit>,
    /// Items that the filter was not applied to yet, the next ones last.
    left: Vec<usize>,
    /// The selection goes to the best match as long as nothing was selected since.
    best: bool,
    /// The query that `hits` belongs to.
    applied: String,
    /// What is typed.
    pub input: Input,
    /// The key of the selected item.
    selected: Option<String>,
    /// Which item that is; `None`: it has not come yet.
    selected_at: Option<u32>,
    /// The row that the selection is on.
    row: usize,
    /// The first row shown, as of the last frame.
    pub offset: usize,
    /// Keys of items that stand before all others in the unfiltered list, with their rank: the greatest first.
    pins: HashMap<String, u32>,
    /// Whether the unfiltered list is in the order of its texts, and not in that of its coming.
    pub sorted: bool,
    /// Room for the matcher to work in; it holds nothing that counts.
    matcher: RefCell<Matcher>,
}

impl<T: Item> Default for Filtered<T> {
    fn default() -> Self {
        Self {
            items: Vec::new(),
            hits: Vec::new(),
            unfiltered: Vec::new(),
            left: Vec::new(),
            best: false,
            applied: String::new(),
            input: Input::default(),
            selected: None,
            selected_at: None,
            row: 0,
            offset: 0,
            pins: HashMap::new(),
            sorted: false,
            matcher: RefCell::new(Matcher::new(Config::DEFAULT)),
        }
    }
}

impl<T: Item> Filtered<T> {
    /// How many items there are.
    #[must_use]
    pub fn total(&self) -> usize {
        self.items.len()
    }

    /// How many are so, whatever the filter.
    pub fn count(&self, is_so: impl Fn(&T) -> bool) -> usize {
        self.items.iter().filter(|item| is_so(item)).count()
    }

    /// How many pass the filter.
    #[must_use]
    pub fn shown(&self) -> usize {
        self.hits.len()
    }

    /// The row that is selected.
    #[must_use]
    pub fn row(&self) -> usize {
        self.row
    }

    /// Adds items, in their order; the filter applies to them, and the selection stays where it is. They are
    /// merged in: a page costs what it holds, not what is there already.
    pub fn extend(&mut self, items: impl IntoIterator<Item = Arc<T>>) {
        let held = self.selected_is_there();
        let from = self.items.len();
        self.items.extend(items);
        let filtered = !self.applied.is_empty();
        if filtered {
            let mut all: Vec<Hit> = (from..self.items.len()).map(|i| self.unscored(i)).collect();
            all.sort_unstable_by(|a, b| self.compare(false, a, b));
            let mut unfiltered = std::mem::take(&mut self.unfiltered);
            self.merge(false, &mut unfiltered, &all);
            self.unfiltered = unfiltered;
        }
        let mut fresh = if filtered {
            self.score(&pattern(&self.applied), from..self.items.len())
        } else {
            (from..self.items.len()).map(|i| self.unscored(i)).collect()
        };
        fresh.sort_unstable_by(|a, b| self.compare(filtered, a, b));
        if self.selected_at.is_none() && self.selected.is_some() {
            let mut come = self.items.iter().skip(from);
            let come = come.position(|item| Some(item.key()) == self.selected.as_deref());
            self.selected_at = come.and_then(|nth| u32::try_from(from + nth).ok());
        }
        self.take_in(&fresh, held);
    }

    fn unscored(&self, index: usize) -> Hit {
        let rank = if self.pins.is_empty() {
            None
        } else {
            self.items
                .get(index)
                .and_then(|item| self.pins.get(item.key()))
        };
        self.hit(index, rank.copied().unwrap_or(0))
    }

    /// Has the items of these keys stand first in the unfiltered list, in this order, those too that come later.
    pub fn pin(&mut self, keys: &[String]) {
        let ranks = (1..).zip(keys.iter().rev());
        let pins: HashMap<String, u32> = ranks.map(|(rank, key)| (key.clone(), rank)).collect();
        if pins == self.pins {
            return;
        }
        self.pins = pins;
        let unfiltered = self.applied.is_empty();
        let mut list = std::mem::take(if unfiltered {
            &mut self.hits
        } else {
            &mut self.unfiltered
        });
        // Those that were first and are no longer go back among the others.
        let mut moved: Vec<Hit> = Vec::new();
        list.retain(|hit| {
            let now = self.unscored(hit.index());
            let stays = hit.score == 0 && now.score == 0;
            if !stays {
                moved.push(now);
            }
            stays
        });
        moved.sort_unstable_by(|a, b| self.compare(false, a, b));
        self.merge(false, &mut list, &moved);
        if unfiltered {
            self.hits = list;
            self.find_selected();
        } else {
            self.unfiltered = list;
        }
    }

    fn hit(&self, index: usize, score: u32) -> Hit {
        let length = self.items.get(index).map_or(0, |item| item.text().len());
        Hit {
            at: u32::try_from(index).unwrap_or(u32::MAX),
            score,
            length: u32::try_from(length).unwrap_or(u32::MAX),
        }
    }

    /// Puts some hits among others, both in order; tells where among the others each of them comes to stand. From
    /// the end on, so that each of the others is moved once and none is copied elsewhere.
    fn merge(&self, filtered: bool, into: &mut Vec<Hit>, fresh: &[Hit]) -> Vec<usize> {
        let mut from = 0;
        let mut places = Vec::with_capacity(fresh.len());
        for hit in fresh {
            let rest = into.get(from..).unwrap_or_default();
            from += self.before(filtered, rest, hit);
            places.push(from);
        }
        let mut end = into.len();
        into.extend_from_slice(fresh);
        for (nth, (hit, place)) in fresh.iter().zip(&places).enumerate().rev() {
            into.copy_within(*place..end, place + nth + 1);
            if let Some(free) = into.get_mut(place + nth) {
                *free = *hit;
            }
            end = *place;
        }
        places
    }

    /// How many of these, which are in order, stand before that one. It is likely to be near their beginning.
    fn before(&self, filtered: bool, among: &[Hit], hit: &Hit) -> usize {
        let is_before = |known: &Hit| self.compare(filtered, known, hit).is_lt();
        let (mut low, mut step) = (0, 1);
        while among.get(low + step - 1).is_some_and(is_before) {
            low += step;
            step *= 2;
        }
        let high = (low + step).min(among.len());
        let near = among.get(low..high).unwrap_or_default();
        low + near.partition_point(is_before)
    }

    /// Merges hits in, in their order; the selection stays where it is (`held`), or goes to its item when
    /// that comes.
    fn take_in(&mut self, fresh: &[Hit], held: bool) {
        let mut hits = std::mem::take(&mut self.hits);
        let places = self.merge(!self.applied.is_empty(), &mut hits, fresh);
        if held {
            self.row += places.partition_point(|place| *place <= self.row);
        } else if let Some(at) = self.selected_at {
            let come = fresh.iter().position(|hit| hit.at == at);
            if let Some((nth, place)) = come.and_then(|nth| Some((nth, places.get(nth)?))) {
                self.row = nth + place;
            }
        }
        self.hits = hits;
        self.row = self.row.min(self.hits.len().saturating_sub(1));
    }

    fn selected_is_there(&self) -> bool {
        self.selected_at.is_some() && self.hits.get(self.row).map(|hit| hit.at) == self.selected_at
    }

    /// Takes everything out; what is typed and what is selected stay.
    pub fn clear(&mut self) {
        self.items.clear();
        self.hits.clear();
        self.unfiltered.clear();
        self.left.clear();
        self.selected_at = None;
        self.row = 0;
        self.offset = 0;
    }

    /// Whether the filter was applied to all items.
    #[must_use]
    pub fn is_matched(&self) -> bool {
        self.left.is_empty()
    }

    /// Applies what is typed, to the last item.
    pub fn refilter(&mut self) {
        self.filter();
        while !self.is_matched() {
            self.match_more();
        }
    }

    /// Applies the filter to some more items.
    pub fn match_more(&mut self) {
        let from = self.left.len().saturating_sub(AT_A_TIME);
        let some = self.left.split_off(from);
        let held = !self.best && self.selected_is_there();
        let mut fresh = self.score(&pattern(&self.applied), some.into_iter().rev());
        fresh.sort_unstable_by(|a, b| self.compare(true, a, b));
        self.take_in(&fresh, held);
        if self.best {
            self.select_best();
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

    /// Applies what is typed, to the first items; [`Self::match_more`] goes on. The best match is selected, as there is a reason to type; among equally
    /// good ones what was selected stays so.
    pub fn filter(&mut self) {
        let query = self.input.value().trim().to_owned();
        if query == self.applied {
            return;
        }
        // What did not match the beginning does not match the whole either.
        let narrower = !self.applied.is_empty()
            && self.is_matched()
            && query.starts_with(&self.applied)
            && !query.contains(['!', '^', '$', '\\', '\'']);
        let hits = std::mem::take(&mut self.hits);
        if query.is_empty() {
            self.applied = query;
            self.hits = std::mem::take(&mut self.unfiltered);
            self.left.clear();
            self.best = false;
            self.find_selected();
            return;
        }
        self.left = if narrower {
            hits.iter().rev().map(|h| h.index()).collect()
        } else {
            (0..self.items.len()).rev().collect()
        };
        if self.applied.is_empty() {
            self.unfiltered = hits;
        }
        self.applied = query;
        self.best = true;
        self.row = 0;
        self.match_more();
    }

    fn selected_is_among_the_best(&self) -> bool {
        let best = self.hits.first().map(|h| h.score);
        best.is_some()
            && self
                .place_of_selected()
                .is_some_and(|(hit, _)| Some(hit.score) == best)
    }

    /// The selected item among the hits, and its row. Found by its order: a look at each row would be felt.
    fn place_of_selected(&self) -> Option<(Hit, usize)> {
        let index = self.selected_at? as usize;
        let filtered = !self.applied.is_empty();
        let hit = if filtered {
            let hits = self.score(&pattern(&self.applied), std::iter::once(index));
            hits.first().copied()?
        } else {
            self.unscored(index)
        };
        let row = self
            .hits
            .partition_point(|known| self.compare(filtered, known, &hit).is_lt());
        let there = self.hits.get(row).is_some_and(|known| known.at == hit.at);
        there.then_some((hit, row))
    }

    fn score(&self, pattern: &Pattern, of: impl Iterator<Item = usize>) -> Vec<Hit> {
        let mut buffer = Vec::new();
        let mut matcher = self.matcher.borrow_mut();
        of.filter_map(|index| {
            let text = self.items.get(index)?.text();
            let score = pattern.score(Utf32Str::new(text, &mut buffer), &mut matcher)?;
            Some(self.hit(index, score))
        })
        .collect()
    }

    /// Which of two rows stands first, with a filter or without: no two are equal.
    fn compare(&self, filtered: bool, a: &Hit, b: &Hit) -> Ordering {
        let text = |h: &Hit| self.items.get(h.index()).map_or("", |i| i.text());
        let first = if filtered {
            // Among equals the shorter text is the likelier.
            b.score.cmp(&a.score).then(a.length.cmp(&b.length))
        } else {
            let pinned = b.score.cmp(&a.score);
            match pinned {
                Ordering::Equal if self.sorted => text(a).cmp(text(b)),
                pinned => pinned,
            }
        };
        first.then_with(|| a.at.cmp(&b.at))
    }

    fn find_selected(&mut self) {
        match self.place_of_selected() {
            Some((_, row)) => self.row = row,
            None => self.row = self.row.min(self.hits.len().saturating_sub(1)),
        }
    }

    /// Selects an item by its key, now or when it comes.
    pub fn select_key(&mut self, key: &str) {
        self.best = false;
        self.selected = Some(key.to_owned());
        let at = self.items.iter().position(|item| item.key() == key);
        self.selected_at = at.and_then(|at| u32::try_from(at).ok());
        self.find_selected();
    }

    /// Selects a row.
    pub fn select_row(&mut self, row: usize) {
        self.best = false;
        self.row = row.min(self.hits.len().saturating_sub(1));
        self.selected = self.selected().map(|i| i.key().to_owned());
        self.selected_at = self.hits.get(self.row).map(|hit| hit.at);
    }

    /// Moves the selection by so many rows.
    pub fn step(&mut self, by: isize) {
        self.best = false;
        self.select_row(self.row.saturating_add_signed(by));
    }

    /// The selected item.
    #[must_use]
    pub fn selected(&self) -> Option<&Arc<T>> {
        self.hits
            .get(self.row)
            .and_then(|h| self.items.get(h.index()))
    }

    /// The key that is selected, also while its item has not come yet.
    #[must_use]
    pub fn selected_key(&self) -> Option<&str> {
        self.selected.as_deref()
    }

    /// The first row to be shown in `room` rows, so that the selected one is in sight.
    #[must_use]
    pub fn first_shown(&self, room: usize) -> usize {
        scrolled(self.offset, self.row, self.hits.len(), room)
    }

    /// The rows that `room` rows show, with the places (in characters) that matched.
    #[must_use]
    pub fn window(&self, room: usize) -> Vec<(usize, &T, Vec<u32>)> {
        let pattern = pattern(&self.applied);
        let mut buffer = Vec::new();
        let mut matcher = self.matcher.borrow_mut();
        self.hits
            .iter()
            .enumerate()
            .skip(self.first_shown(room))
            .take(room)
            .filter_map(|(row, hit)| {
                let item = self.items.get(hit.index())?;
                let mut places = Vec::new();
                if !self.applied.is_empty() {
                    let text = Utf32Str::new(item.text(), &mut buffer);
                    pattern.indices(text, &mut matcher, &mut places);
                    places.sort_unstable();
                    places.dedup();
                }
                Some((row, &**item, places))
            })
            .collect()
    }

    /// Every item, filtered or not.
    pub fn items(&self) -> impl Iterator<Item = &Arc<T>> {
        self.items.iter()
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

fn pattern(query: &str) -> Pattern {
    Pattern::parse(query, CaseMatching::Smart, Normalization::Smart)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Word(String);

    impl Item for Word {
        fn key(&self) -> &str {
            &self.0
        }
        fn text(&self) -> &str {
            &self.0
        }
    }

    fn words(list: &[&str]) -> Vec<Arc<Word>> {
        list.iter()
            .map(|w| Arc::new(Word((*w).to_owned())))
            .collect()
    }

    fn shown(list: &Filtered<Word>) -> Vec<String> {
        let rows = list.window(100);
        rows.into_iter().map(|(_, w, _)| w.0.clone()).collect()
    }

    fn typed(list: &mut Filtered<Word>, text: &str) {
        list.input = Input::new(text.to_owned());
        list.refilter();
    }

    #[test]
    fn typing_narrows_and_the_letters_are_known() {
        let mut list = Filtered::default();
        list.extend(words(&[
            "run-processor@app",
            "batch-loader@data",
            "runner@x",
        ]));
        typed(&mut list, "run");
        assert_eq!(shown(&list), ["runner@x", "run-processor@app"]);
        typed(&mut list, "runp");
        assert_eq!(shown(&list), ["run-processor@app"]);
        assert_eq!(list.window(5)[0].2, [0, 1, 2, 4]);
        typed(&mut list, "zzz");
        assert_eq!((list.shown(), list.total()), (0, 3));
        assert!(list.selected().is_none());
        typed(&mut list, "");
        assert_eq!(list.shown(), 3);
    }

    /// Page by page it is the same list as all at once, with the same thing selected.
    #[test]
    fn pages_are_merged_in() {
        let all: Vec<String> = (0..200_u32)
            .map(|n| format!("account-{}@p{}", n.wrapping_mul(2_654_435_761) % 97, n % 7))
            .collect();
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        for (sorted, query) in [(true, ""), (false, ""), (true, "a1"), (false, "p3")] {
            for late in [all[0], all[150]] {
                let mut pages = Filtered::default();
                let mut once = Filtered::default();
                for list in [&mut pages, &mut once] {
                    list.sorted = sorted;
                    typed(list, query);
                    list.select_key(late);
                }
                for page in all.chunks(13) {
                    pages.extend(words(page));
                }
                once.extend(words(&all));
                let rows = |list: &Filtered<Word>| {
                    let rows = list.window(1_000);
                    rows.into_iter()
                        .map(|(_, w, _)| w.0.clone())
                        .collect::<Vec<_>>()
                };
                assert_eq!(rows(&pages), rows(&once), "{sorted} {query}");
                // Filtered first and filled then, filled first and filtered then.
                let mut ordered = Filtered {
                    sorted,
                    ..Filtered::default()
                };
                ordered.extend(words(&all));
                typed(&mut ordered, "e");
                typed(&mut ordered, query);
                assert_eq!(rows(&pages), rows(&ordered), "{sorted} {query}");
                typed(&mut pages, "");
                typed(&mut ordered, "");
                assert_eq!(rows(&pages), rows(&ordered), "{sorted} {query}");
                pages.select_key(late);
                if let Some(selected) = pages.selected()
                    && rows(&pages).contains(&late.to_owned())
                {
                    assert_eq!(selected.0, late, "{sorted} {query}");
                }
            }
        }
    }

    /// A long list is matched part by part: what comes of it is the same, the best match is selected in the
    /// end, and what was selected meanwhile stays so.
    #[test]
    fn a_long_list_is_matched_part_by_part() {
        let many: Vec<String> = (0..AT_A_TIME * 3).map(|n| format!("w{n:05}x")).collect();
        let mut list = Filtered {
            sorted: true,
            ..Filtered::default()
        };
        list.extend(many.iter().map(|w| Arc::new(Word(w.clone()))));
        list.extend(words(&["w9"]));
        list.input = Input::new("w9".to_owned());
        list.filter();
        assert!(!list.is_matched());
        assert!(list.shown() > 0 && list.shown() < list.total());
        let mut stays = list.selected().map(|w| w.0.clone());
        while !list.is_matched() {
            list.match_more();
        }
        assert_eq!(list.selected().unwrap().0, "w9");
        let shown = list.shown();
        list.input = Input::new("w".to_owned());
        list.filter();
        list.step(3);
        stays = list.selected().map(|w| w.0.clone()).or(stays);
        while !list.is_matched() {
            list.match_more();
        }
        assert_eq!(list.selected().map(|w| w.0.clone()), stays);
        assert_eq!(list.shown(), list.total());
        list.input = Input::new("w9".to_owned());
        list.refilter();
        assert_eq!(list.shown(), shown);
    }

    #[test]
    fn the_selection_stays_on_the_thing() {
        let mut list = Filtered::default();
        list.extend(words(&["b", "d"]));
        list.select_key("d");
        list.extend(words(&["a", "c"]));
        assert_eq!(list.selected().unwrap().0, "d");
        list.select_key("z");
        assert_eq!(list.selected_key(), Some("z"));
        list.extend(words(&["z"]));
        assert_eq!(list.selected().unwrap().0, "z");
        list.step(-100);
        assert_eq!(list.selected().unwrap().0, "b");
        list.step(100);
        assert_eq!(list.row(), 4);
    }

    #[test]
    fn typing_leaves_the_selection_unless_something_matches_better() {
        let mut list = Filtered::default();
        list.extend(words(&["run-a", "run-processor", "x-run-y"]));
        list.select_key("run-processor");
        typed(&mut list, "run");
        assert_eq!(list.selected().unwrap().0, "run-processor");
        typed(&mut list, "run-a");
        assert_eq!(list.selected().unwrap().0, "run-a");
    }

    #[test]
    fn a_filter_applies_to_what_comes_later() {
        let mut list = Filtered::default();
        typed(&mut list, "pri");
        list.extend(words(&["other", "bq-privileged"]));
        assert_eq!(shown(&list), ["bq-privileged"]);
    }

    #[test]
    fn what_is_pinned_stands_first_until_something_is_typed() {
        let mut list = Filtered {
            sorted: true,
            ..Filtered::default()
        };
        list.extend(words(&["d", "b", "a"]));
        list.select_key("a");
        list.pin(&["c".to_owned(), "d".to_owned()]);
        assert_eq!(shown(&list), ["d", "a", "b"]);
        assert_eq!(list.selected().unwrap().0, "a");
        list.extend(words(&["c"]));
        assert_eq!(shown(&list), ["c", "d", "a", "b"]);
        typed(&mut list, "b");
        list.pin(&["b".to_owned()]);
        assert_eq!(shown(&list), ["b"]);
        typed(&mut list, "");
        assert_eq!(shown(&list), ["b", "a", "c", "d"]);
        assert_eq!(list.selected().unwrap().0, "b");
    }

    #[test]
    fn the_window_follows_the_selection() {
        let mut list = Filtered::default();
        let many: Vec<String> = (0..50).map(|n| format!("w{n:02}")).collect();
        list.extend(many.iter().map(|w| Arc::new(Word(w.clone()))));
        list.select_row(30);
        let rows = list.window(10);
        assert_eq!((rows[0].0, rows[9].0), (21, 30));
        list.offset = list.first_shown(10);
        list.select_row(5);
        assert_eq!(list.window(10)[0].0, 5);
        assert!(list.window(0).is_empty());
    }
}
