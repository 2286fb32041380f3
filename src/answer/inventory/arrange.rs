//! Which rows are shown, and in which order: worked out away from whatever draws.

use std::cmp::Ordering;
use std::sync::Arc;

use nucleo_matcher::pattern::{AtomKind, CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use super::EstateTable;
use super::cells::EstateCell;

/// What is wished.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arrangement {
    /// The column that is sorted by.
    pub column: usize,
    /// From great to small. What is not known comes last either way.
    pub down: bool,
    /// What is filtered by: words that have to stand in a row; `COLUMN:WORD`: in that column.
    pub query: String,
}

/// The rows that are shown, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arranged {
    /// Rows by their places in the table.
    pub rows: Arc<[u32]>,
    /// Where among them the row stands that was asked for.
    pub at: Option<usize>,
}

/// So many rows are looked at between two looks whether it is still wished (chosen: a millisecond or two).
const BETWEEN_LOOKS: usize = 4_096;

/// The words of a query: whole columns, and those of one.
struct QueryWords {
    /// For all of a row.
    any: Pattern,
    is_empty: bool,
    of_column: Vec<(usize, Pattern)>,
}

fn pattern(text: &str) -> Pattern {
    Pattern::new(
        text,
        CaseMatching::Smart,
        Normalization::Smart,
        AtomKind::Substring,
    )
}

impl QueryWords {
    fn new(table: &EstateTable, query: &str) -> Self {
        let columns = table.kind.columns();
        let mut any = Vec::new();
        let mut of_column = Vec::new();
        for word in query.split_whitespace() {
            let named = word.split_once(':').and_then(|(name, rest)| {
                let is_it = |c: &super::EstateColumn| c.name.eq_ignore_ascii_case(name);
                Some((columns.iter().position(is_it)?, rest))
            });
            match named {
                Some((column, rest)) if !rest.is_empty() => of_column.push((column, pattern(rest))),
                // The word is on its way.
                Some(_) => {}
                None => any.push(word),
            }
        }
        Self {
            is_empty: any.is_empty(),
            any: pattern(&any.join(" ")),
            of_column,
        }
    }
}

impl EstateTable {
    /// Arranges the rows. `held`: the row whose place is asked for. `wished`: whether it still is; `None` comes of it
    /// where it is not.
    #[must_use]
    pub fn arranged(
        &self,
        wish: &Arrangement,
        held: Option<usize>,
        wished: &dyn Fn() -> bool,
    ) -> Option<Arranged> {
        let rows = self.filtered(&wish.query, wished)?;
        let rows = self.sorted(rows, wish, wished)?;
        let held = held.and_then(|row| u32::try_from(row).ok());
        let at = held.and_then(|held| rows.iter().position(|row| *row == held));
        Some(Arranged {
            rows: rows.into(),
            at,
        })
    }

    fn filtered(&self, query: &str, wished: &dyn Fn() -> bool) -> Option<Vec<u32>> {
        let all = 0..u32::try_from(self.len()).unwrap_or(u32::MAX);
        if query.trim().is_empty() {
            return Some(all.collect());
        }
        let words = QueryWords::new(self, query);
        let columns = self.kind.columns().len();
        let mut matcher = Matcher::new(Config::DEFAULT);
        let (mut text, mut buffer) = (String::new(), Vec::new());
        let mut left = Vec::new();
        for row in all {
            let at = row as usize;
            if at.is_multiple_of(BETWEEN_LOOKS) && !wished() {
                return None;
            }
            let mut fits = true;
            for (column, word) in &words.of_column {
                let cell = self.cell(at, *column);
                let cell = cell.words();
                let cell = Utf32Str::new(&cell, &mut buffer);
                fits = fits && word.score(cell, &mut matcher).is_some();
            }
            if fits && !words.is_empty {
                text.clear();
                for column in 0..columns {
                    text.push_str(&self.cell(at, column).words());
                    text.push(' ');
                }
                let row = Utf32Str::new(&text, &mut buffer);
                fits = words.any.score(row, &mut matcher).is_some();
            }
            if fits {
                left.push(row);
            }
        }
        Some(left)
    }

    fn sorted(
        &self,
        rows: Vec<u32>,
        wish: &Arrangement,
        wished: &dyn Fn() -> bool,
    ) -> Option<Vec<u32>> {
        let mut keyed: Vec<(EstateCell<'_>, u32)> = Vec::with_capacity(rows.len());
        for row in rows {
            if keyed.len().is_multiple_of(BETWEEN_LOOKS) && !wished() {
                return None;
            }
            keyed.push((self.cell(row as usize, wish.column), row));
        }
        let order = |a: &(EstateCell<'_>, u32), b: &(EstateCell<'_>, u32)| {
            let known = match (a.0.is_known(), b.0.is_known()) {
                (true, false) => return Ordering::Less,
                (false, true) => return Ordering::Greater,
                (known, _) => known,
            };
            let first = if known {
                a.0.order(&b.0)
            } else {
                Ordering::Equal
            };
            let first = if wish.down { first.reverse() } else { first };
            first.then(a.1.cmp(&b.1))
        };
        keyed.sort_unstable_by(order);
        wished().then(|| keyed.into_iter().map(|(_, row)| row).collect())
    }
}
