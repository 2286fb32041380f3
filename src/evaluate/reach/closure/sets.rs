//! Sets of numbers in which most of one is another: what many have in common stands in memory once.

use std::rc::Rc;

use hashbrown::HashMap;

/// A list that is longer than a bitmap of everything would be becomes one; and never one of fewer than so many.
const LIST_AT_LEAST: usize = 256;
/// So many differences of two shared sets are remembered (chosen).
const REMEMBERED: usize = 4_096;

/// A set that others are made of.
#[derive(Debug)]
pub(super) struct SharedSet {
    /// Which, in the order in which they were made.
    pub number: u32,
    bits: Vec<u64>,
    /// How many are in it.
    pub len: usize,
    /// What it was made of, and what was added to that.
    pub of: Option<Rc<SharedSet>>,
    pub added: Box<[u32]>,
}

impl SharedSet {
    pub fn contains(&self, one: u32) -> bool {
        let word = self.bits.get(one as usize / 64).copied();
        word.unwrap_or_default() >> (one % 64) & 1 == 1
    }

    /// In order.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        let words = (0_u32..).zip(&self.bits);
        words.flat_map(|(at, word)| {
            let rest = std::iter::successors(Some(*word), |word| Some(word & word.wrapping_sub(1)));
            let rest = rest.take_while(|word| *word != 0);
            rest.map(move |word| at * 64 + word.trailing_zeros())
        })
    }
}

/// A set: what it shares with others, and what it has beside, sorted.
#[derive(Clone, Debug, Default)]
pub(super) struct NumberSet {
    pub shared: Option<Rc<SharedSet>>,
    pub own: Rc<[u32]>,
}

impl NumberSet {
    pub fn contains(&self, one: u32) -> bool {
        self.shared
            .as_ref()
            .is_some_and(|shared| shared.contains(one))
            || self.own.binary_search(&one).is_ok()
    }
}

/// Makes sets of others.
pub(super) struct SetMaker {
    /// How many numbers there are.
    size: usize,
    /// In whose turn a number was met.
    met: Vec<u32>,
    turn: u32,
    made: u32,
    /// What one shared set has that another does not.
    beyond: HashMap<(u32, u32), Rc<[u32]>>,
}

impl SetMaker {
    /// Of numbers below `size`.
    pub fn new(size: usize) -> Self {
        Self {
            size,
            met: vec![0; size],
            turn: 0,
            made: 0,
            beyond: HashMap::new(),
        }
    }

    /// All that is in one of these.
    pub fn union<'s>(
        &mut self,
        sets: impl Iterator<Item = &'s NumberSet> + Clone,
        numbers: &[u32],
    ) -> NumberSet {
        let shared = sets.clone().filter_map(|set| set.shared.as_ref());
        // Of as many the first that was made: the answer is the same in each run.
        let shared = shared.max_by_key(|shared| (shared.len, u32::MAX - shared.number));
        let shared = shared.cloned();
        self.turn += 1;
        let turn = self.turn;
        let mut own: Vec<u32> = Vec::new();
        let met = &mut self.met;
        let mut add = |one: u32| {
            if shared.as_ref().is_some_and(|shared| shared.contains(one)) {
                return;
            }
            if let Some(seen) = met.get_mut(one as usize)
                && *seen != turn
            {
                *seen = turn;
                own.push(one);
            }
        };
        numbers.iter().for_each(|one| add(*one));
        let mut last = None;
        for set in sets {
            set.own.iter().for_each(|one| add(*one));
            let Some((other, base)) = set.shared.as_ref().zip(shared.as_ref()) else {
                continue;
            };
            if other.number == base.number || last == Some(other.number) {
                continue;
            }
            last = Some(other.number);
            if self.beyond.len() >= REMEMBERED {
                self.beyond.clear();
            }
            let beyond = self.beyond.entry((other.number, base.number));
            let beyond =
                beyond.or_insert_with(|| other.iter().filter(|one| !base.contains(*one)).collect());
            beyond.iter().for_each(|one| add(*one));
        }
        if own.len() >= LIST_AT_LEAST.max(self.size / 32) {
            return NumberSet {
                shared: Some(Rc::new(self.share(shared, own))),
                own: Rc::default(),
            };
        }
        own.sort_unstable();
        NumberSet {
            shared,
            own: own.into(),
        }
    }

    fn share(&mut self, of: Option<Rc<SharedSet>>, added: Vec<u32>) -> SharedSet {
        let mut bits = match &of {
            Some(of) => of.bits.clone(),
            None => vec![0; self.size.div_ceil(64)],
        };
        for one in &added {
            if let Some(word) = bits.get_mut(*one as usize / 64) {
                *word |= 1 << (one % 64);
            }
        }
        let number = self.made;
        self.made += 1;
        SharedSet {
            number,
            bits,
            len: of.as_ref().map_or(0, |of| of.len) + added.len(),
            of,
            added: added.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::evaluate::tests::generate;

    proptest! {
        #![proptest_config(generate::cases(64))]

        /// However they are kept, the same is in them.
        #[test]
        fn a_union_holds_what_its_parts_hold(
            parts in prop::collection::vec((0..40_u32, 1..900_u32, prop::collection::vec(0..40_usize, 0..4)), 1..40),
        ) {
            let mut maker = SetMaker::new(1_000);
            let mut sets: Vec<NumberSet> = Vec::new();
            let mut right: Vec<BTreeSet<u32>> = Vec::new();
            for (from, count, of) in parts {
                let numbers: Vec<u32> = (from..from + count).collect();
                let of: Vec<usize> = of.into_iter().filter(|one| *one < sets.len()).collect();
                let made = maker.union(of.iter().map(|one| &sets[*one]), &numbers);
                let mut all: BTreeSet<u32> = numbers.into_iter().collect();
                for one in of {
                    all.extend(&right[one]);
                }
                let told: BTreeSet<u32> = (0..1_000).filter(|one| made.contains(*one)).collect();
                prop_assert_eq!(&told, &all);
                let listed: BTreeSet<u32> = made.shared.iter().flat_map(|s| s.iter()).chain(made.own.iter().copied()).collect();
                prop_assert_eq!(listed.len(), made.shared.as_ref().map_or(0, |s| s.len) + made.own.len());
                prop_assert_eq!(&listed, &all);
                sets.push(made);
                right.push(all);
            }
        }
    }
}
