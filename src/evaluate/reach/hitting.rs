//! The lightest choice that takes something out of each of some sets (minimum hitting set): exact, by branch and
//! bound after the usual reductions, within a bound.

use std::collections::BTreeSet;

use hashbrown::{HashMap, HashSet};

/// So many branches are looked at (chosen: a second or two).
const BRANCHES_AT_MOST: usize = 200_000;
/// So deep they go; what the reductions leave of a cut is small.
const DEEPEST: usize = 200;

/// A choice, and whether none is lighter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct HittingChoice {
    /// Sorted.
    pub chosen: Vec<usize>,
    /// Whether that is proven.
    pub lightest: bool,
}

/// Of `sets` of places in `weights`, none of them empty.
pub(super) fn lightest(sets: &[Vec<usize>], weights: &[u64]) -> HittingChoice {
    let mut search = HittingSearch {
        weights,
        best: None,
        branches: 0,
        whole: true,
    };
    let sets: Vec<Vec<usize>> = sets
        .iter()
        .map(|set| {
            let mut set = set.clone();
            set.sort_unstable();
            set.dedup();
            set
        })
        .collect();
    // What is chosen in any case makes the rest small.
    let (mut sets, mut chosen) = (sets, Vec::new());
    forced(&mut sets, &mut chosen);
    // Something to be measured against, and to be told where the bound ends the search.
    let mut greedy = search.greedy(&sets);
    greedy.extend(&chosen);
    search.keep(&greedy);
    search.branch(sets, chosen, 0);
    let (_, mut chosen) = search.best.unwrap_or_default();
    chosen.sort_unstable();
    HittingChoice {
        chosen,
        lightest: search.whole,
    }
}

struct HittingSearch<'w> {
    weights: &'w [u64],
    best: Option<(u64, Vec<usize>)>,
    branches: usize,
    /// Whether nothing was left out.
    whole: bool,
}

impl HittingSearch<'_> {
    fn weight(&self, of: usize) -> u64 {
        self.weights.get(of).copied().unwrap_or(u64::MAX >> 8)
    }

    fn sum(&self, chosen: &[usize]) -> u64 {
        chosen.iter().map(|one| self.weight(*one)).sum()
    }

    fn keep(&mut self, chosen: &[usize]) {
        let sum = self.sum(chosen);
        if self.best.as_ref().is_none_or(|(best, _)| sum < *best) {
            self.best = Some((sum, chosen.to_vec()));
        }
    }

    /// Again and again what is in the most sets for its weight.
    fn greedy(&self, sets: &[Vec<usize>]) -> Vec<usize> {
        let mut left: Vec<&Vec<usize>> = sets.iter().collect();
        let mut chosen = Vec::new();
        while !left.is_empty() {
            let counts = counted(left.iter().copied());
            let best = counts.into_iter().max_by(|(a, in_a), (b, in_b)| {
                let of_a = u128::from(self.weight(*b)) * *in_a as u128;
                let of_b = u128::from(self.weight(*a)) * *in_b as u128;
                of_a.cmp(&of_b).then(b.cmp(a))
            });
            let Some((best, _)) = best else {
                break;
            };
            chosen.push(best);
            left.retain(|set| !set.contains(&best));
        }
        chosen
    }

    fn branch(&mut self, mut sets: Vec<Vec<usize>>, mut chosen: Vec<usize>, depth: usize) {
        self.branches += 1;
        if self.branches > BRANCHES_AT_MOST || depth > DEEPEST {
            self.whole = false;
            return;
        }
        self.reduce(&mut sets, &mut chosen);
        let least = self.sum(&chosen) + self.at_least(&sets);
        if self.best.as_ref().is_some_and(|(best, _)| least >= *best) {
            return;
        }
        let Some(smallest) = sets.iter().min_by_key(|set| set.len()) else {
            self.keep(&chosen);
            return;
        };
        let counts = counted(sets.iter());
        let count = |one: &usize| {
            let found = counts.binary_search_by_key(one, |(of, _)| *of);
            found.ok().and_then(|at| counts.get(at)).map_or(0, |c| c.1)
        };
        let mut tried = smallest.clone();
        tried.sort_by_key(|one| (std::cmp::Reverse(count(one)), self.weight(*one), *one));
        // Those that were tried before are not chosen any more.
        let mut without = vec![false; self.weights.len()];
        let sum = self.sum(&chosen);
        for one in tried {
            let is_left = |of: &usize| !without.get(*of).copied().unwrap_or_default();
            let rest = || sets.iter().filter(|set| set.binary_search(&one).is_err());
            let cost = sum + self.weight(one);
            let lighter = self.best.as_ref().is_none_or(|(best, _)| cost < *best);
            if lighter && rest().all(|set| set.iter().any(is_left)) {
                let rest = rest().map(|set| {
                    let left = set.iter().copied().filter(is_left);
                    left.collect::<Vec<usize>>()
                });
                let rest: Vec<Vec<usize>> = rest.collect();
                let mut with = chosen.clone();
                with.push(one);
                self.branch(rest, with, depth + 1);
            }
            if let Some(out) = without.get_mut(one) {
                *out = true;
            }
        }
    }

    /// Chooses what has to be, and drops what cannot matter.
    fn reduce(&self, sets: &mut Vec<Vec<usize>>, chosen: &mut Vec<usize>) {
        loop {
            forced(sets, chosen);
            // A set that holds another asks for nothing more.
            sets.sort_by(|a, b| (a.len(), a).cmp(&(b.len(), b)));
            sets.dedup();
            let mut kept: Vec<Vec<usize>> = Vec::new();
            // By their least, which whatever holds them holds too.
            let mut by_least: HashMap<usize, Vec<usize>> = HashMap::new();
            for set in sets.drain(..) {
                let holds = |other: &Vec<usize>| other.iter().all(|o| set.binary_search(o).is_ok());
                let held = |at: &usize| kept.get(*at).is_some_and(holds);
                let mut near = set.iter().filter_map(|one| by_least.get(one)).flatten();
                if !near.any(held) {
                    if let Some(least) = set.first() {
                        by_least.entry(*least).or_default().push(kept.len());
                    }
                    kept.push(set);
                }
            }
            *sets = kept;
            // What is in no set that something as light is not in is left. That other is in each of its sets, so in
            // the first.
            let mut inside: HashMap<usize, Vec<usize>> = HashMap::new();
            for (at, set) in sets.iter().enumerate() {
                for of in set {
                    inside.entry(*of).or_default().push(at);
                }
            }
            let less = |a: usize, in_a: &[usize]| {
                let first = in_a.first().and_then(|at| sets.get(*at));
                first.into_iter().flatten().any(|b| {
                    let (own, other) = (self.weight(a), self.weight(*b));
                    let in_b = inside.get(b).map_or(&[][..], Vec::as_slice);
                    a != *b
                        && other <= own
                        && in_a.len() <= in_b.len()
                        && in_a.iter().all(|at| in_b.binary_search(at).is_ok())
                        && (other < own || in_a.len() < in_b.len() || *b < a)
                })
            };
            let dropped = inside.iter().filter(|(a, in_a)| less(**a, in_a));
            let dropped: HashSet<usize> = dropped.map(|(a, _)| *a).collect();
            if dropped.is_empty() {
                return;
            }
            for set in sets.iter_mut() {
                set.retain(|one| !dropped.contains(one));
            }
        }
    }

    /// What sets that have nothing in common cost at least.
    fn at_least(&self, sets: &[Vec<usize>]) -> u64 {
        let mut used: Vec<usize> = Vec::new();
        let mut sum = 0;
        for set in sets {
            if set.iter().any(|one| used.contains(one)) {
                continue;
            }
            sum += set.iter().map(|one| self.weight(*one)).min().unwrap_or(0);
            used.extend(set);
        }
        sum
    }
}

/// Of a set of one that one is chosen, and whatever it is in is done with.
fn forced(sets: &mut Vec<Vec<usize>>, chosen: &mut Vec<usize>) {
    let alone = sets.iter().filter_map(|set| match set.as_slice() {
        [one] => Some(*one),
        _ => None,
    });
    let alone: BTreeSet<usize> = alone.collect();
    if !alone.is_empty() {
        sets.retain(|set| !set.iter().any(|one| alone.contains(one)));
        chosen.extend(alone);
    }
}

/// How many sets each thing is in, sorted.
fn counted<'s>(sets: impl Iterator<Item = &'s Vec<usize>>) -> Vec<(usize, usize)> {
    let mut all: Vec<usize> = sets.flatten().copied().collect();
    all.sort_unstable();
    let mut counts: Vec<(usize, usize)> = Vec::new();
    for one in all {
        match counts.last_mut() {
            Some((last, count)) if *last == one => *count += 1,
            _ => counts.push((one, 1)),
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::evaluate::tests::generate;

    proptest! {
        #![proptest_config(generate::cases(256))]

        /// As light as the lightest of all choices there are.
        #[test]
        fn none_is_lighter(
            sets in prop::collection::vec(prop::collection::vec(0..9_usize, 1..4), 0..12),
            weights in prop::collection::vec(1..6_u64, 9),
        ) {
            let found = lightest(&sets, &weights);
            prop_assert!(found.lightest);
            let sum = |chosen: &[usize]| chosen.iter().map(|one| weights[*one]).sum::<u64>();
            let hits = |chosen: &[usize]| sets.iter().all(|set| set.iter().any(|one| chosen.contains(one)));
            prop_assert!(hits(&found.chosen), "{found:?}");
            let choices = (0..1_usize << 9).map(|bits| (0..9).filter(|at| bits >> at & 1 == 1).collect::<Vec<usize>>());
            let best = choices.filter(|chosen| hits(chosen)).map(|chosen| sum(&chosen)).min().unwrap();
            prop_assert_eq!(sum(&found.chosen), best, "{:?}", found);
        }
    }

    #[test]
    fn many_sets_of_their_own_are_no_deep_search() {
        let sets: Vec<Vec<usize>> = (0..5_000).map(|one| vec![one]).collect();
        let found = lightest(&sets, &vec![1; 5_000]);
        assert_eq!(found.chosen.len(), 5_000);
        assert!(found.lightest);
    }
}
