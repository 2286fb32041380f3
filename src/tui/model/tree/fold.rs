//! What of a picture is shown where there is no room for all of it.

use std::ops::Range;

use super::{Opened, Rank, TreeRow};

/// With fewer lines than these, where a row hangs is worth less than what it says.
const LOW: usize = 6;

/// A line that is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shown {
    /// A row, by its place in the picture; `up`: so many levels between it and the top are folded, so
    /// that it stands that much further to the left.
    Row {
        /// Its place.
        at: usize,
        /// The depths that are left out, nearest to the top first.
        left_out: Vec<Range<usize>>,
    },
    /// Several levels in a row that say nothing.
    Fold {
        /// Their places.
        rows: Range<usize>,
        /// As for a row.
        left_out: Vec<Range<usize>>,
    },
    /// A row of a picture of which only what counts is shown: where it hangs is not drawn.
    Bare(usize),
}

impl Shown {
    /// The row that it is, or the first that it stands for.
    #[must_use]
    pub fn at(&self) -> usize {
        match self {
            Self::Row { at, .. } | Self::Bare(at) => *at,
            Self::Fold { rows, .. } => rows.start,
        }
    }

    /// Whether it is that row, or stands for it.
    #[must_use]
    pub fn holds(&self, row: usize) -> bool {
        match self {
            Self::Row { at, .. } | Self::Bare(at) => *at == row,
            Self::Fold { rows, .. } => rows.contains(&row),
        }
    }
}

/// The lines to be shown in so much room: all where they fit; else what the answer does not turn on is
/// left out, then levels that say nothing are folded, the longest run first, then such folds are left out;
/// the rest scrolls. With hardly any room the ends of the question and what says something are all that is left.
#[must_use]
pub fn shown(rows: &[TreeRow], opened: &Opened, selected: usize, room: usize) -> Vec<Shown> {
    let mut spare = rows.iter().filter(|r| r.rank == Rank::Extra).count();
    let over = rows.len().saturating_sub(room);
    let dropped = spare.min(over);
    spare -= dropped;
    // The first ones are those that the causes name first.
    let mut kept = 0;
    let mut keep: Vec<bool> = Vec::with_capacity(rows.len());
    for (i, row) in rows.iter().enumerate() {
        let keeps = row.rank != Rank::Extra || i == selected || kept < spare;
        if row.rank == Rank::Extra && keeps {
            kept += 1;
        }
        keep.push(keeps);
    }
    let left = |keep: &[bool]| keep.iter().filter(|k| **k).count();
    let mut over = left(&keep).saturating_sub(room);
    let mut folded: Vec<Range<usize>> = Vec::new();
    if over > 0 {
        let mut runs = runs(rows, opened);
        runs.sort_by_key(|run| (std::cmp::Reverse(run.len()), run.start));
        for run in runs {
            if over == 0 {
                break;
            }
            over = over.saturating_sub(run.len() - 1);
            folded.push(run);
        }
        folded.sort_by_key(|run| run.start);
    }
    // What is folded above both branches tells least, then the shortest.
    let joint = rows.iter().position(|r| r.rank == Rank::Joint);
    let above = |run: &Range<usize>| joint.is_some_and(|joint| run.end <= joint);
    let mut least: Vec<Range<usize>> = folded.clone();
    least.retain(|run| !run.contains(&selected));
    least.sort_by_key(|run| (!above(run), run.len(), run.start));
    let mut hidden: Vec<Range<usize>> = Vec::new();
    for run in least {
        if over == 0 {
            break;
        }
        over -= 1;
        hidden.push(run);
    }
    if over > 0 && room < LOW && *opened == Opened::default() {
        let counts = |(i, row): &(usize, &TreeRow)| row.rank == Rank::Must || *i == selected;
        return rows
            .iter()
            .enumerate()
            .filter(counts)
            .map(|(i, _)| Shown::Bare(i))
            .collect();
    }
    let mut out = Vec::new();
    let mut i = 0;
    while i < rows.len() {
        // Folded levels of which this one hangs below one.
        let left_out: Vec<Range<usize>> = folded
            .iter()
            .filter(|run| run.end <= i && hangs_below(rows, run, i))
            .filter_map(|run| {
                let top = rows.get(run.start)?.depth;
                let first = if hidden.contains(run) { top } else { top + 1 };
                Some(first..top + run.len())
            })
            .collect();
        if let Some(run) = folded.iter().find(|run| run.start == i) {
            if hidden.contains(run) {
                i = run.end;
                continue;
            }
            out.push(Shown::Fold {
                rows: run.clone(),
                left_out,
            });
            i = run.end;
            continue;
        }
        if keep.get(i).copied().unwrap_or(true) {
            out.push(Shown::Row { at: i, left_out });
        }
        i += 1;
    }
    out
}

/// Whether a row hangs below the levels of a run.
fn hangs_below(rows: &[TreeRow], run: &Range<usize>, at: usize) -> bool {
    let Some(last) = rows.get(run.end - 1).map(|r| r.depth) else {
        return false;
    };
    let between = rows.get(run.end..=at).unwrap_or_default();
    between.iter().all(|r| r.depth > last)
}

/// Two or more levels in a row that say nothing, each below the one before.
fn runs(rows: &[TreeRow], opened: &Opened) -> Vec<Range<usize>> {
    let mut out = Vec::new();
    let mut begin = 0;
    while begin < rows.len() {
        let mut end = begin;
        while let Some(row) = rows.get(end)
            && row.rank == Rank::Silent
            && (end == begin
                || rows.get(end - 1).is_some_and(|before| {
                    before.depth + 1 == row.depth && before.on_path == row.on_path
                }))
        {
            end += 1;
        }
        let open = rows
            .get(begin)
            .and_then(|row| row.resource.as_ref())
            .is_some_and(|first| opened.runs.contains(first));
        if end - begin >= 2 && !open {
            out.push(begin..end);
        }
        begin = end.max(begin + 1);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::states::LevelState;

    fn row(depth: usize, rank: Rank) -> TreeRow {
        TreeRow {
            resource: Some(crate::iam::Resource::Folder(format!("{depth}").into())),
            label: String::new(),
            kind: "folder",
            state: LevelState::Nothing,
            note: String::new(),
            leaf: None,
            depth,
            on_path: true,
            rank,
            blamed: false,
            rails: vec![super::super::Rail::Empty; depth.saturating_sub(1)],
            more: super::super::Rail::Empty,
        }
    }

    /// The joint and both ends stay; what lies between is one line, which opens.
    #[test]
    fn a_deep_hierarchy_is_folded_in_its_middle() {
        let mut rows: Vec<TreeRow> = (0..12).map(|depth| row(depth, Rank::Silent)).collect();
        rows[2].rank = Rank::Joint;
        rows[11].rank = Rank::Must;
        let all = shown(&rows, &Opened::default(), 11, 12);
        assert_eq!(all.len(), 12);
        let few = shown(&rows, &Opened::default(), 11, 5);
        let places: Vec<usize> = few.iter().map(Shown::at).collect();
        assert_eq!(places, [0, 1, 2, 3, 11]);
        assert!(matches!(&few[3], Shown::Fold { rows, .. } if *rows == (3..11)));
        assert!(few[3].holds(7));
        let Shown::Row { left_out, .. } = &few[4] else {
            panic!("{few:?}");
        };
        assert_eq!(left_out.len(), 1);
        assert_eq!(left_out[0], 4..11);
        let opened = Opened {
            runs: rows[3].resource.clone().into_iter().collect(),
            ..Opened::default()
        };
        assert_eq!(shown(&rows, &opened, 3, 5).len(), 10);
    }

    /// The common ancestor and both branches stay where even the folds have no room.
    #[test]
    fn folds_give_way_before_what_says_something() {
        let mut rows: Vec<TreeRow> = (0..4).map(|depth| row(depth, Rank::Silent)).collect();
        rows[3].rank = Rank::Joint;
        rows.extend((4..8).map(|depth| row(depth, Rank::Silent)));
        rows.push(row(8, Rank::Must));
        rows.extend((4..9).map(|depth| row(depth, Rank::Silent)));
        rows.extend((9..13).map(|depth| row(depth, Rank::Must)));
        for (room, lines) in [(18, 18), (9, 9), (8, 8), (7, 7), (6, 6)] {
            let lines_shown = shown(&rows, &Opened::default(), 17, room);
            assert_eq!(lines_shown.len(), lines, "{room}");
            let has = |at: usize| lines_shown.iter().any(|l| l.at() == at);
            assert!(has(3) && has(8) && has(17), "{room}: {lines_shown:?}");
        }
    }

    #[test]
    fn what_is_selected_is_shown_whatever_the_room() {
        let rows: Vec<TreeRow> = (0..9).map(|depth| row(depth, Rank::Silent)).collect();
        for selected in 0..9 {
            for room in 0..12 {
                let lines = shown(&rows, &Opened::default(), selected, room);
                assert!(
                    lines.iter().any(|l| l.holds(selected)),
                    "{selected} in {room}"
                );
            }
        }
    }
}
