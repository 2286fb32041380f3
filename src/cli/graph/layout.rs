//! Where nodes stand in a picture: in columns, every edge from left to right as far as cycles allow.

use std::collections::BTreeMap;

use super::number;
use crate::evaluate::reach::Graph;

/// Column and row of each node, in the order of [`Graph::nodes`].
pub(super) fn places(graph: &Graph) -> Vec<(usize, usize)> {
    let count = graph.nodes.len();
    let edges: Vec<(usize, usize)> = graph
        .edges
        .iter()
        .filter_map(|e| Some((number(graph, &e.from)?, number(graph, &e.to)?)))
        .filter(|(from, to)| from != to)
        .collect();
    let mut next = vec![Vec::new(); count];
    for (from, to) in &edges {
        if let Some(list) = next.get_mut(*from) {
            list.push(*to);
        }
    }
    let column = columns(&next);
    let mut rows: BTreeMap<usize, usize> = BTreeMap::new();
    column
        .into_iter()
        .map(|column| {
            let row = rows.entry(column).or_default();
            let place = (column, *row);
            *row += 1;
            place
        })
        .collect()
}

/// The longest way to each node that does not go in circles: edges that close a circle are left out,
/// found by a walk in depth; then columns are settled in the order of that walk.
fn columns(next: &[Vec<usize>]) -> Vec<usize> {
    #[derive(Clone, Copy, PartialEq)]
    enum Mark {
        New,
        Open,
        Done,
    }
    let mut mark = vec![Mark::New; next.len()];
    let mut order = Vec::with_capacity(next.len());
    let mut forward: Vec<Vec<usize>> = vec![Vec::new(); next.len()];
    for start in 0..next.len() {
        if mark.get(start) != Some(&Mark::New) {
            continue;
        }
        // A stack of our own: a chain may be longer than the thread's.
        let mut stack = vec![(start, 0)];
        if let Some(m) = mark.get_mut(start) {
            *m = Mark::Open;
        }
        while let Some((at, i)) = stack.pop() {
            let Some(to) = next.get(at).and_then(|list| list.get(i)).copied() else {
                if let Some(m) = mark.get_mut(at) {
                    *m = Mark::Done;
                }
                order.push(at);
                continue;
            };
            stack.push((at, i + 1));
            match mark.get(to) {
                Some(Mark::Open) | None => continue,
                Some(Mark::Done) => {}
                Some(Mark::New) => {
                    if let Some(m) = mark.get_mut(to) {
                        *m = Mark::Open;
                    }
                    stack.push((to, 0));
                }
            }
            if let Some(list) = forward.get_mut(at) {
                list.push(to);
            }
        }
    }
    let mut column = vec![0; next.len()];
    for at in order.into_iter().rev() {
        let here = column.get(at).copied().unwrap_or(0);
        for to in forward.get(at).into_iter().flatten() {
            if let Some(c) = column.get_mut(*to) {
                *c = (*c).max(here + 1);
            }
        }
    }
    column
}

#[cfg(test)]
mod tests {
    use super::columns;

    #[test]
    fn edges_go_from_left_to_right() {
        assert_eq!(columns(&[vec![1, 2], vec![2], vec![]]), [0, 1, 2]);
    }

    #[test]
    fn a_circle_ends() {
        let found = columns(&[vec![1], vec![2], vec![0]]);
        assert_eq!(found, [0, 1, 2]);
        assert_eq!(columns(&[]), [0; 0]);
    }
}
