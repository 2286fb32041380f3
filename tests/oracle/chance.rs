//! Numbers by chance that are the same for the same seed, on every machine and with every library.

/// SplitMix64 (Steele, Lea, Flood 2014): small, fast, and good enough to draw estates with.
#[derive(Clone)]
pub struct Chance(u64);

impl Chance {
    /// A run of its own for each `case` of a `seed`.
    pub fn new(seed: u64, case: u64) -> Self {
        let mut one = Self(seed ^ case.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        one.next();
        one
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Less than `end`, which is not 0.
    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(end).unwrap()).unwrap()
    }

    /// Once in `n` times.
    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    /// One of them.
    pub fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }

    /// Between `least` and `most` of them, each once, in their order.
    pub fn some<T: Clone>(&mut self, all: &[T], least: usize, most: usize) -> Vec<T> {
        let wanted = least + self.below(most - least + 1);
        let mut left: Vec<usize> = (0..all.len()).collect();
        let mut taken = Vec::new();
        for _ in 0..wanted.min(all.len()) {
            let at = self.below(left.len());
            taken.push(left.swap_remove(at));
        }
        taken.sort_unstable();
        taken.into_iter().map(|i| all[i].clone()).collect()
    }
}
