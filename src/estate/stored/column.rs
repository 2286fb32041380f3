//! The columns that tables are made of: numbers of four bytes, the lowest first, and texts one behind the other with
//! where each begins.

use std::hash::BuildHasher;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use hashbrown::{DefaultHashBuilder, HashTable};

/// Numbers, by place.
#[derive(Clone, Debug, Default)]
pub struct Numbers {
    file: Arc<Vec<u8>>,
    begin: usize,
    length: usize,
}

impl Numbers {
    fn raw(&self) -> &[[u8; 4]] {
        let end = self.begin.saturating_add(self.length.saturating_mul(4));
        let bytes = self.file.get(self.begin..end).unwrap_or_default();
        bytes.as_chunks().0
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.length
    }

    /// All of them.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = usize> + '_ {
        self.raw()
            .iter()
            .map(|four| u32::from_le_bytes(*four) as usize)
    }

    /// One of them; 0 behind the last.
    pub fn get(&self, at: usize) -> usize {
        let four = self.raw().get(at);
        four.map_or(0, |four| u32::from_le_bytes(*four) as usize)
    }

    /// Where the run of one begins and ends: numbers that say where runs begin, and behind them where the last ends.
    pub fn run(&self, at: usize) -> Range<usize> {
        self.get(at)..self.get(at + 1)
    }

    /// Those of a run.
    pub fn within(&self, run: Range<usize>) -> impl ExactSizeIterator<Item = usize> + '_ {
        let some = self.raw().get(run).unwrap_or_default();
        some.iter().map(|four| u32::from_le_bytes(*four) as usize)
    }

    /// The number of leading ones that are not above `most`, in a column that does not fall.
    pub fn upto(&self, most: usize) -> usize {
        let raw = self.raw();
        raw.partition_point(|four| u32::from_le_bytes(*four) as usize <= most)
    }

    /// Whether each is below the limit.
    pub fn are_below(&self, limit: usize) -> bool {
        // Without a way out, so that the processor takes many at once.
        let most = self
            .raw()
            .iter()
            .map(|four| u32::from_le_bytes(*four))
            .max();
        most.is_none_or(|most| (most as usize) < limit)
    }

    /// Whether they are the runs of so many things over so many places: from 0 to there without a step back.
    pub fn are_runs(&self, of: usize, over: usize) -> bool {
        let raw = self.raw();
        let falls = raw.windows(2).map(|pair| match pair {
            [one, next] => u32::from_le_bytes(*one) > u32::from_le_bytes(*next),
            _ => false,
        });
        raw.len() == of.saturating_add(1)
            && self.get(0) == 0
            && self.get(of) == over
            && !falls.fold(false, |any, one| any | one)
    }

    /// Whether each is above the one before it.
    pub fn rise(&self) -> bool {
        let raw = self.raw();
        raw.windows(2).all(|pair| match pair {
            [one, next] => u32::from_le_bytes(*one) < u32::from_le_bytes(*next),
            _ => true,
        })
    }
}

/// Texts, by place.
#[derive(Clone, Debug, Default)]
pub struct Texts {
    begins: Numbers,
    file: Arc<Vec<u8>>,
    begin: usize,
    length: usize,
    asked: Arc<AsOftenAsked>,
}

/// So many texts are found by halving before any table of all is thought worth making.
const FOUND_BY_HALVING: usize = 64;

/// How often one of the texts was looked for, and where each is, once that is worth its making.
#[derive(Debug, Default)]
struct AsOftenAsked {
    times: AtomicUsize,
    places: OnceLock<(DefaultHashBuilder, HashTable<u32>)>,
}

impl Texts {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.begins.len().saturating_sub(1)
    }

    fn blob(&self) -> &[u8] {
        let end = self.begin.saturating_add(self.length);
        self.file.get(self.begin..end).unwrap_or_default()
    }

    /// The bytes of one; none behind the last.
    pub fn bytes(&self, at: usize) -> &[u8] {
        self.blob().get(self.begins.run(at)).unwrap_or_default()
    }

    /// One of them; empty behind the last.
    pub fn get(&self, at: usize) -> &str {
        // All of it was looked at when it was opened.
        std::str::from_utf8(self.bytes(at)).unwrap_or_default()
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).map(|at| self.get(at))
    }

    /// Which one it is, in a column that rises.
    pub fn find(&self, text: &str) -> Option<usize> {
        let text = text.as_bytes();
        if let Some((hasher, places)) = self.places() {
            let found = places.find(hasher.hash_one(text), |at| self.bytes(*at as usize) == text);
            return found.map(|at| *at as usize);
        }
        let at = partition(self.len(), |at| self.bytes(at) < text);
        (at < self.len() && self.bytes(at) == text).then_some(at)
    }

    /// Where each is: made where so many are looked for that it costs less than they do.
    fn places(&self) -> Option<&(DefaultHashBuilder, HashTable<u32>)> {
        if let Some(places) = self.asked.places.get() {
            return Some(places);
        }
        let times = self.asked.times.fetch_add(1, Ordering::Relaxed);
        if times < FOUND_BY_HALVING + self.len() / 16 {
            return None;
        }
        Some(self.asked.places.get_or_init(|| {
            let hasher = DefaultHashBuilder::default();
            let mut places = HashTable::with_capacity(self.len());
            for at in 0..self.len() {
                // Places are numbers of four bytes in the file too.
                places.insert_unique(hasher.hash_one(self.bytes(at)), at as u32, |other| {
                    hasher.hash_one(self.bytes(*other as usize))
                });
            }
            (hasher, places)
        }))
    }

    /// Whether they are texts.
    pub fn are_sound(&self) -> bool {
        let Ok(blob) = std::str::from_utf8(self.blob()) else {
            return false;
        };
        self.begins.are_runs(self.len(), self.length)
            && (blob.is_ascii() || self.begins.iter().all(|at| blob.is_char_boundary(at)))
    }

    /// Whether each stands behind the one before it.
    pub fn rise(&self) -> bool {
        let mut before = None;
        (0..self.len()).all(|at| {
            let this = self.bytes(at);
            before.replace(this).is_none_or(|before| before < this)
        })
    }

    /// Whether nothing in them is white space or steers a terminal, as in no name of Google's.
    pub fn are_names(&self) -> bool {
        let odd = |byte: &u8| *byte <= b' ' || *byte == 0x7f;
        !self.blob().iter().fold(false, |any, byte| any | odd(byte))
    }
}

/// The number of leading places for which it holds.
pub(super) fn partition(length: usize, holds: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, length);
    while low < high {
        let middle = low + (high - low) / 2;
        if holds(middle) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}

/// Columns one behind the other, read.
pub struct ColumnReader {
    file: Arc<Vec<u8>>,
    at: usize,
}

impl ColumnReader {
    /// From there on.
    pub fn new(file: &Arc<Vec<u8>>, at: usize) -> Self {
        Self {
            file: Arc::clone(file),
            at,
        }
    }

    /// The place of so many bytes, a count of which stands before them.
    fn next(&mut self) -> Option<(usize, usize)> {
        let (eight, rest) = self.file.get(self.at..)?.split_first_chunk::<8>()?;
        let length = usize::try_from(u64::from_le_bytes(*eight)).ok()?;
        let begin = self.at + 8;
        self.at = begin.checked_add(length).filter(|_| length <= rest.len())?;
        Some((begin, length))
    }

    /// The next column, of numbers.
    pub fn numbers(&mut self) -> Option<Numbers> {
        let (begin, length) = self.next()?;
        length.is_multiple_of(4).then(|| Numbers {
            file: Arc::clone(&self.file),
            begin,
            length: length / 4,
        })
    }

    /// The next two columns, which are one of texts.
    pub fn texts(&mut self) -> Option<Texts> {
        let begins = self.numbers().filter(|begins| begins.len() > 0)?;
        let (begin, length) = self.next()?;
        Some(Texts {
            begins,
            file: Arc::clone(&self.file),
            begin,
            length,
            asked: Arc::default(),
        })
    }

    /// Whether nothing is left.
    pub fn is_at_end(&self) -> bool {
        self.at == self.file.len()
    }
}

/// Columns one behind the other, written.
#[derive(Default)]
pub struct ColumnWriter {
    bytes: Vec<u8>,
    /// Whether something had no room in four bytes.
    too_large: bool,
}

impl ColumnWriter {
    /// A column of numbers.
    pub fn numbers(&mut self, all: &[usize]) {
        self.bytes
            .extend_from_slice(&(all.len() as u64 * 4).to_le_bytes());
        for number in all {
            let fits = u32::try_from(*number);
            self.too_large |= fits.is_err();
            self.bytes
                .extend_from_slice(&fits.unwrap_or(0).to_le_bytes());
        }
    }

    /// A column of texts.
    pub fn texts<T: AsRef<str>>(&mut self, all: &[T]) {
        let mut begins = Vec::with_capacity(all.len() + 1);
        let mut length = 0_usize;
        begins.push(0);
        for text in all {
            length += text.as_ref().len();
            begins.push(length);
        }
        self.numbers(&begins);
        self.bytes.extend_from_slice(&(length as u64).to_le_bytes());
        for text in all {
            self.bytes.extend_from_slice(text.as_ref().as_bytes());
        }
    }

    /// The bytes; `None` where something had no room.
    pub fn done(self) -> Option<Vec<u8>> {
        (!self.too_large).then_some(self.bytes)
    }
}
