//! The strongly connected components of a graph, what they lead to first (Tarjan, 1972), without recursion.

/// The components.
pub(super) struct Components {
    of: Vec<u32>,
    /// The vertices, component by component.
    members: Vec<u32>,
    /// Where each component begins in that.
    starts: Vec<usize>,
}

impl Components {
    pub fn count(&self) -> usize {
        self.starts.len()
    }

    /// The component of a vertex.
    pub fn of(&self, vertex: usize) -> usize {
        self.of.get(vertex).map_or(0, |part| *part as usize)
    }

    /// The vertices of a component.
    pub fn members(&self, part: usize) -> &[u32] {
        let start = self.starts.get(part).copied().unwrap_or_default();
        let end = self
            .starts
            .get(part + 1)
            .copied()
            .unwrap_or(self.members.len());
        self.members.get(start..end).unwrap_or_default()
    }
}

const UNSEEN: u32 = u32::MAX;

/// Of `count` vertices, fewer than 2³², with where each leads.
pub(super) fn components<'g>(count: usize, from: impl Fn(usize) -> &'g [u32]) -> Components {
    let mut parts = Components {
        of: vec![UNSEEN; count],
        members: Vec::with_capacity(count),
        starts: Vec::new(),
    };
    let mut order = vec![UNSEEN; count];
    let mut low = vec![UNSEEN; count];
    let mut open: Vec<u32> = Vec::new();
    let mut way: Vec<(u32, usize)> = Vec::new();
    let mut next = 0_u32;
    let at = |list: &[u32], place: u32| list.get(place as usize).copied().unwrap_or(UNSEEN);
    for start in 0..count as u32 {
        if at(&order, start) != UNSEEN {
            continue;
        }
        way.push((start, 0));
        while let Some((vertex, done)) = way.last_mut() {
            let here = *vertex;
            if *done == 0 && at(&order, here) == UNSEEN {
                set(&mut order, here, next);
                set(&mut low, here, next);
                next += 1;
                open.push(here);
            }
            if let Some(to) = from(here as usize).get(*done).copied() {
                *done += 1;
                if at(&order, to) == UNSEEN {
                    way.push((to, 0));
                } else if at(&parts.of, to) == UNSEEN {
                    let least = at(&low, here).min(at(&order, to));
                    set(&mut low, here, least);
                }
                continue;
            }
            way.pop();
            let least = at(&low, here);
            if let Some((before, _)) = way.last() {
                let least = at(&low, *before).min(least);
                set(&mut low, *before, least);
            }
            if least == at(&order, here) {
                let part = parts.starts.len() as u32;
                parts.starts.push(parts.members.len());
                while let Some(member) = open.pop() {
                    set(&mut parts.of, member, part);
                    parts.members.push(member);
                    if member == here {
                        break;
                    }
                }
            }
        }
    }
    parts
}

fn set(list: &mut [u32], place: u32, to: u32) {
    if let Some(known) = list.get_mut(place as usize) {
        *known = to;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::evaluate::tests::generate;

    proptest! {
        #![proptest_config(generate::cases(128))]

        /// Two are of one component just where each leads to the other; and what a component leads to comes before it.
        #[test]
        fn who_gets_to_each_other_is_one(edges in prop::collection::vec(prop::collection::vec(0..12_u32, 0..4), 12)) {
            let parts = components(12, |vertex| &edges[vertex]);
            let mut leads = [0_u16; 12];
            for (from, to) in leads.iter_mut().zip(&edges) {
                to.iter().for_each(|to| *from |= 1 << to);
            }
            for by in 0..12 {
                let further = leads[by];
                for from in &mut leads {
                    *from |= if *from >> by & 1 == 1 { further } else { 0 };
                }
            }
            let leads = |from: usize, to: usize| leads[from] >> to & 1 == 1;
            for from in 0..12 {
                for to in 0..12 {
                    let same = from == to || (leads(from, to) && leads(to, from));
                    prop_assert_eq!(parts.of(from) == parts.of(to), same);
                    prop_assert!(!leads(from, to) || parts.of(to) <= parts.of(from));
                }
                prop_assert!(parts.members(parts.of(from)).contains(&(from as u32)));
            }
        }
    }
}
