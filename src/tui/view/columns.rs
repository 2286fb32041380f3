//! How the columns of a table share a line: each gets what its cells need, and what no cell needs stays blank.

use ratatui::layout::Rect;

/// Before the first column: where one is, and what is marked.
pub(super) const LEAD: u16 = 3;
/// Between two columns.
const GAP: u16 = 2;
/// No column has more while another one is cut (chosen: the longest address of an account without its domain).
pub(super) const WIDEST: u16 = 62;

/// What a column asks for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wish {
    /// With less than this it says nothing.
    pub least: u16,
    /// With this no cell of it is cut.
    pub whole: u16,
    /// Which ones go first where there is no room for all: those with the greatest number.
    pub rank: u8,
    /// None of its cells says anything: it gets what is left where no other one is cut.
    pub blank: bool,
}

/// A column on the screen.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Drawn {
    pub column: usize,
    pub x: u16,
    pub room: u16,
}

/// Which columns there is room for, and where: what names the row, the one that is sorted by, then by their rank.
pub(super) fn shared(wishes: &[Wish], sorted: usize, area: Rect) -> Vec<Drawn> {
    let wish = |column: usize| wishes.get(column).copied();
    let least = |wish: Wish| wish.least.min(wish.whole);
    let mut chosen = vec![0];
    let mut left = area.width.saturating_sub(LEAD + wish(0).map_or(0, least));
    let mut by_rank: Vec<usize> = (1..wishes.len()).collect();
    by_rank.sort_by_key(|at| (*at != sorted, wish(*at).map_or(u8::MAX, |w| w.rank)));
    let blank = |column: usize| column != sorted && wish(column).is_some_and(|w| w.blank);
    let (blanks, by_rank): (Vec<usize>, Vec<usize>) =
        by_rank.into_iter().partition(|column| blank(*column));
    let mut whole = LEAD + wish(0).map_or(0, |w| w.whole);
    for column in by_rank {
        let wants = wish(column).map_or(0, least) + GAP;
        whole = whole.saturating_add(wish(column).map_or(0, |w| w.whole) + GAP);
        // The one that is sorted by is shown whatever it takes.
        if wants > left && column != sorted {
            continue;
        }
        left = left.saturating_sub(wants);
        chosen.push(column);
    }
    for column in blanks {
        let wants = wish(column).map_or(0, |w| w.whole) + GAP;
        whole = whole.saturating_add(wants);
        if whole <= area.width {
            left = left.saturating_sub(wants);
            chosen.push(column);
        }
    }
    chosen.sort_unstable();
    let mut rooms: Vec<(usize, u16, u16)> = chosen
        .into_iter()
        .filter_map(|column| Some((column, least(wish(column)?), wish(column)?.whole)))
        .collect();
    // Cell by cell to those that are cut, so that the longest alone stay so where there is too little; first to those
    // that need no more than their share.
    for most in [WIDEST, area.width] {
        let mut given = true;
        while left > 0 && given {
            given = false;
            for (_, room, whole) in &mut rooms {
                if *room < (*whole).min(most) && left > 0 {
                    *room += 1;
                    left -= 1;
                    given = true;
                }
            }
        }
    }
    let mut x = area.x + LEAD;
    let mut drawn = Vec::new();
    for (column, room, _) in rooms {
        let room = room.min(area.right().saturating_sub(x));
        drawn.push(Drawn { column, x, room });
        x = x.saturating_add(room + GAP);
    }
    drawn
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(least: u16, whole: u16, rank: u8) -> Wish {
        Wish {
            least,
            whole,
            rank,
            blank: false,
        }
    }

    fn rooms(wishes: &[Wish], sorted: usize, width: u16) -> Vec<(usize, u16)> {
        let drawn = shared(wishes, sorted, Rect::new(0, 0, width, 10));
        for pair in drawn.windows(2) {
            assert!(pair[0].x + pair[0].room + GAP <= pair[1].x, "{drawn:?}");
        }
        assert!(drawn.iter().all(|d| d.x + d.room <= width), "{drawn:?}");
        drawn.iter().map(|d| (d.column, d.room)).collect()
    }

    #[test]
    fn what_a_column_needs_it_gets_and_no_more() {
        let wishes = [wish(14, 30, 0), wish(14, 20, 1), wish(9, 9, 2)];
        assert_eq!(rooms(&wishes, 0, 200), [(0, 30), (1, 20), (2, 9)]);
        // Where there is too little the longest alone is cut.
        assert_eq!(rooms(&wishes, 0, 60), [(0, 24), (1, 20), (2, 9)]);
        // And one goes that has no room at all, unless it is sorted by.
        assert_eq!(rooms(&wishes, 0, 40), [(0, 18), (1, 17)]);
        assert_eq!(rooms(&wishes, 2, 40), [(0, 26), (2, 9)]);
        // Short cells take less than the least.
        assert_eq!(
            rooms(&[wish(14, 5, 0), wish(25, 8, 1)], 0, 40),
            [(0, 5), (1, 8)]
        );
        // What is very long gets what others leave.
        assert_eq!(rooms(&[wish(14, 99, 0)], 0, 200), [(0, 99)]);
        let both = [wish(14, 99, 0), wish(14, 80, 1)];
        assert_eq!(rooms(&both, 0, 160), [(0, 78), (1, 77)]);
    }

    #[test]
    fn what_says_nothing_cuts_nothing() {
        let blank = Wish {
            blank: true,
            ..wish(9, 9, 1)
        };
        let wishes = [wish(14, 30, 0), blank, wish(14, 20, 2)];
        assert_eq!(rooms(&wishes, 0, 70), [(0, 30), (1, 9), (2, 20)]);
        assert_eq!(rooms(&wishes, 0, 65), [(0, 30), (2, 20)]);
        assert_eq!(rooms(&wishes, 0, 40), [(0, 18), (2, 17)]);
        // Sorted by, it is shown.
        assert_eq!(rooms(&wishes, 1, 40), [(0, 26), (1, 9)]);
    }
}
