//! Matching: which items a query leaves, and how well each fits. A long list is matched in parts, away from the loop.

use std::sync::Arc;

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use super::batch::{Batch, Item, ItemPlace, Letters, merge};

/// What is looked for.
pub(super) struct MatchQuery {
    pub(super) text: String,
    pattern: Pattern,
    /// What a text has to hold to match.
    letters: Letters,
}

impl MatchQuery {
    pub(super) fn new(text: &str) -> Self {
        let pattern = Pattern::parse(text, CaseMatching::Smart, Normalization::Smart);
        let wanted = pattern.atoms.iter().filter(|atom| !atom.negative);
        let letters = wanted.fold(Letters::default(), |all, atom| {
            match atom.needle_text() {
                Utf32Str::Ascii(bytes) => bytes.iter().fold(all, |all, b| all.and(*b)),
                // What of it is ASCII by itself may be part of something else in a text.
                Utf32Str::Unicode(_) => all,
            }
        });
        Self {
            text: text.to_owned(),
            pattern,
            letters,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Whether what does not match that one does not match this one either.
    pub(super) fn narrows(&self, that: &Self) -> bool {
        !that.is_empty()
            && self.text.starts_with(&that.text)
            && !self.text.contains(['!', '^', '$', '\\', '\''])
    }

    /// How well a text fits.
    fn score(&self, text: &str, letters: Letters, tools: &mut Tools) -> Option<u32> {
        if !letters.may_hold(self.letters) {
            return None;
        }
        let text = if letters.is_ascii() {
            Utf32Str::Ascii(text.as_bytes())
        } else {
            Utf32Str::new(text, &mut tools.buffer)
        };
        self.pattern.score(text, &mut tools.matcher)
    }

    pub(super) fn hit<T: Item>(
        &self,
        batch: &Batch<T>,
        nth: usize,
        place: ItemPlace,
        tools: &mut Tools,
    ) -> Option<Hit> {
        let text = batch.text(nth);
        let score = self.score(text, batch.letters(nth), tools)?;
        Some(Hit::new(score, text.len(), place))
    }

    /// The places (in characters) of a text that matched.
    pub(super) fn places(&self, text: &str, tools: &mut Tools) -> Vec<u32> {
        let mut places = Vec::new();
        if !self.is_empty() {
            let text = Utf32Str::new(text, &mut tools.buffer);
            self.pattern.indices(text, &mut tools.matcher, &mut places);
            places.sort_unstable();
            places.dedup();
        }
        places
    }
}

/// Room to work in; it holds nothing that counts.
pub(super) struct Tools {
    matcher: Matcher,
    buffer: Vec<char>,
}

impl Default for Tools {
    fn default() -> Self {
        Self {
            matcher: Matcher::new(Config::DEFAULT),
            buffer: Vec::new(),
        }
    }
}

/// An item that matches. The least is the best match: by score, then the shorter text, as it is the likelier, then what
/// came first. One number, as a million of these are sorted and moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Hit(u64);

impl Hit {
    /// Above these, scores and lengths are taken for equal: no query or name that is typed gets there.
    const MOST_SCORE: u32 = (1 << 20) - 1;
    const MOST_LENGTH: usize = (1 << 12) - 1;

    fn new(score: u32, length: usize, place: ItemPlace) -> Self {
        let score = u64::from(Self::MOST_SCORE - score.min(Self::MOST_SCORE));
        let length = length.min(Self::MOST_LENGTH) as u64;
        Self(score << 44 | length << 32 | u64::from(place.0))
    }

    pub(super) fn place(self) -> ItemPlace {
        ItemPlace(self.0 as u32)
    }

    pub(super) fn is_as_good_as(self, other: Self) -> bool {
        self.0 >> 44 == other.0 >> 44
    }
}

/// Which items of a batch matched, a bit for each.
pub(super) type Bits = Arc<[u64]>;

/// How many items of a batch are still to be looked at.
pub(super) fn candidates<T: Item>(batch: &Batch<T>, among: Option<&Bits>) -> usize {
    among.map_or_else(
        || batch.len(),
        |bits| bits.iter().map(|word| word.count_ones() as usize).sum(),
    )
}

/// Matches a batch; of what matched something wider, where that is known, only that.
pub(super) fn match_batch<T: Item>(
    query: &MatchQuery,
    (at, batch): (usize, &Batch<T>),
    among: Option<&Bits>,
    tools: &mut Tools,
    hits: &mut Vec<Hit>,
) -> Bits {
    let words = batch.len().div_ceil(64);
    (0..words)
        .map(|word| {
            let mut open = among.map_or(u64::MAX, |bits| bits.get(word).copied().unwrap_or(0));
            let mut matched = 0;
            while open != 0 {
                let bit = open.trailing_zeros() as usize;
                open &= open - 1;
                let nth = word * 64 + bit;
                if nth >= batch.len() {
                    break;
                }
                if let Some(hit) = query.hit(batch, nth, ItemPlace::new(at, nth), tools) {
                    matched |= 1 << bit;
                    hits.push(hit);
                }
            }
            matched
        })
        .collect()
}

/// What is left to be matched, on its way to where that is done.
pub struct Matching<T> {
    pub(super) ticket: u64,
    pub(super) query: Arc<MatchQuery>,
    /// Where in the list they begin.
    pub(super) from: usize,
    /// The batches, with what of each is still to be looked at.
    pub(super) batches: Vec<(Arc<Batch<T>>, Option<Bits>)>,
}

impl<T> std::fmt::Debug for Matching<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Matching({:?})", self.query.text)
    }
}

/// Some of it, matched.
#[derive(Debug)]
pub struct Matched {
    pub(super) ticket: u64,
    /// What of each batch matched, of the first ones that were left.
    pub(super) bits: Vec<Bits>,
    /// All that matched elsewhere so far, in order.
    pub(super) hits: Vec<Hit>,
}

/// Below so many items a second thread costs more than it saves (chosen).
const WORTH_A_THREAD: usize = 20_000;

impl<T: Item> Matching<T> {
    /// Matches all of it, as long as it is wished, on so many threads; tells of the first `part` items, then of twice as
    /// many, and so on.
    pub fn run(
        &self,
        threads: usize,
        mut part: usize,
        wished: &(dyn Fn() -> bool + Sync),
        tell: &mut dyn FnMut(Matched),
    ) {
        let mut from = 0;
        let mut all: Vec<Hit> = Vec::new();
        while from < self.batches.len() {
            let mut items = 0;
            let mut to = from;
            while items < part && to < self.batches.len() {
                let next = self.batches.get(to);
                items += next.map_or(0, |(batch, among)| candidates(batch, among.as_ref()));
                to += 1;
            }
            let threads = threads.clamp(1, (items / WORTH_A_THREAD).max(1));
            let Some((bits, hits)) = self.matched(from..to, threads, wished) else {
                return;
            };
            // Here, and not where keys are waited for: a million of them take long to be put among others.
            if all.len() < hits.len() {
                let fewer = std::mem::replace(&mut all, hits);
                merge(&mut all, &fewer, |known, one| known < one);
            } else {
                merge(&mut all, &hits, |known, one| known < one);
            }
            from = to;
            let is_last = from >= self.batches.len();
            tell(Matched {
                ticket: self.ticket,
                bits,
                hits: if is_last {
                    std::mem::take(&mut all)
                } else {
                    all.clone()
                },
            });
            part = part.saturating_mul(2);
        }
    }

    /// Which of some of the batches match, and how well; `None`: it is wished no longer.
    fn matched(
        &self,
        which: std::ops::Range<usize>,
        threads: usize,
        wished: &(dyn Fn() -> bool + Sync),
    ) -> Option<(Vec<Bits>, Vec<Hit>)> {
        let begin = which.start;
        let batches = self.batches.get(which).unwrap_or_default();
        let each = batches.len().div_ceil(threads).max(1);
        let share = |nth: usize, batches: &[(Arc<Batch<T>>, Option<Bits>)]| {
            let mut tools = Tools::default();
            let mut hits = Vec::new();
            let mut bits = Vec::with_capacity(batches.len());
            for (at, (batch, among)) in (self.from + begin + nth * each..).zip(batches) {
                if !wished() {
                    return None;
                }
                let among = among.as_ref();
                bits.push(match_batch(
                    &self.query,
                    (at, batch),
                    among,
                    &mut tools,
                    &mut hits,
                ));
            }
            hits.sort_unstable();
            Some((bits, hits))
        };
        let mut shares = std::thread::scope(|scope| {
            let mut chunks = batches.chunks(each).enumerate();
            let first = chunks.next();
            let others: Vec<_> = chunks
                .map(|(nth, some)| scope.spawn(move || share(nth, some)))
                .collect();
            let first = first.map(|(nth, some)| share(nth, some));
            let others = others.into_iter().map(|other| other.join().ok().flatten());
            first.into_iter().chain(others).collect::<Vec<_>>()
        })
        .into_iter();
        let (mut bits, mut hits) = shares.next().unwrap_or_else(|| Some(Default::default()))?;
        for share in shares {
            let (more, others) = share?;
            bits.extend(more);
            merge(&mut hits, &others, |known, one| known < one);
        }
        Some((bits, hits))
    }
}
