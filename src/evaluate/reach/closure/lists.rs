//! Which accounts rows of a closure get to, by name.

use std::collections::BTreeMap;

use super::sets::SharedSet;
use super::{CallerAccounts, CallerReach, Closure, NumberMeaning};
use crate::evaluate::truth::Truth;
use crate::iam::Resource;

impl Closure {
    /// The lists that rows share, by number. What one of them shares with another has the smaller number.
    #[must_use]
    pub fn shared(&self) -> Vec<(u32, CallerAccounts)> {
        let mut all: BTreeMap<u32, &SharedSet> = BTreeMap::new();
        for row in &self.results {
            let mut next = row.set.shared.as_deref();
            while let Some(shared) = next.filter(|shared| !all.contains_key(&shared.number)) {
                all.insert(shared.number, shared);
                next = shared.of.as_deref();
            }
        }
        let told = all.into_iter().map(|(number, shared)| {
            let list = CallerAccounts {
                shared: shared.of.as_ref().map(|of| of.number),
                ..self.listed(shared.added.iter().copied())
            };
            (number, list)
        });
        told.collect()
    }

    /// Which accounts one gets to. Where an account is certain anywhere it is certain.
    #[must_use]
    pub fn accounts_of(&self, row: &CallerReach) -> CallerAccounts {
        let mut told = self.listed(row.set.own.iter().copied());
        told.shared = row.set.shared.as_ref().map(|shared| shared.number);
        if let Some((account, own)) = row.itself
            && let Some(name) = self.names.get(account as usize).map(Resource::full_name)
        {
            told.certain.retain(|one| *one != name);
            told.perhaps.retain(|one| *one != name);
            if own != Truth::No {
                told.perhaps.push(name.clone());
                told.perhaps.sort_unstable();
            }
            told.without = told.shared.is_some().then_some(name);
        }
        told
    }

    fn listed(&self, some: impl Iterator<Item = u32>) -> CallerAccounts {
        let mut found = CallerAccounts::default();
        for one in some {
            if let Some(NumberMeaning::Told { account, certain }) = self.meanings.get(one as usize)
            {
                let name = self.names.get(*account as usize).map(Resource::full_name);
                match certain {
                    true => found.certain.extend(name),
                    false => found.perhaps.extend(name),
                }
            }
        }
        found.certain.sort_unstable();
        found.perhaps.sort_unstable();
        let certain = &found.certain;
        found
            .perhaps
            .retain(|name| certain.binary_search(name).is_err());
        found
    }
}
