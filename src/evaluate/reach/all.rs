//! Who can get at each account of an estate: as [`super::who`] says it of one, over ground that is worked out once.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use jiff::Timestamp;

use super::Holder;
use super::chains::is_off;
use super::relevant::{Denying, Ground};
use super::who::HoldersFound;
use crate::estate::{Estate, ServiceAccount};
use crate::evaluate::conditions;
use crate::evaluate::explanation::{Outcome, Verdict};
use crate::evaluate::truth::Truth;
use crate::iam::{Permission, Resource};

/// One of those who can, or may be able to: [`Holder`] without the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountHolder {
    /// As [`Holder::principal`].
    pub principal: Arc<str>,
    /// As [`Holder::verdict`].
    pub verdict: Verdict,
    /// As [`Holder::outcome`].
    pub outcome: Outcome,
    /// Whether some of a set are shut out.
    pub in_part: bool,
}

/// Who can get at one account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountHolders {
    /// By principal.
    pub holders: Rc<[AccountHolder]>,
    /// As [`super::Who::complete`].
    pub complete: bool,
    /// The account is off or gone: every call fails.
    pub is_off: bool,
}

/// Asks for each account in turn. Accounts of which the policies say the same share an answer.
pub struct WhoOfEach<'e> {
    ground: Ground<'e>,
    by_level: HashMap<&'e Resource, Vec<usize>>,
    shared: HashMap<Vec<Resource>, (Rc<[AccountHolder]>, bool)>,
}

impl<'e> WhoOfEach<'e> {
    /// For one permission at one time.
    #[must_use]
    pub fn new(estate: &'e Estate, permission: &Permission, time: Timestamp) -> Self {
        let ground = Ground::new(estate, vec![permission.clone()], time, None);
        let mut by_level: HashMap<&Resource, Vec<usize>> = HashMap::new();
        for (at, entry) in ground.entries.iter().enumerate() {
            by_level.entry(entry.resource).or_default().push(at);
        }
        Self {
            ground,
            by_level,
            shared: HashMap::new(),
        }
    }

    /// Everybody who can get at this one, or may be able to.
    pub fn of(&mut self, account: &ServiceAccount) -> AccountHolders {
        let estate = self.ground.estate;
        let project: Arc<str> = estate.project_id_of(account).into();
        let target = Resource::account(&project, &account.email);
        let above = self.ground.above(&project);
        let is_off = is_off(estate, &target);
        let mut levels = vec![target.clone()];
        levels.extend(above.levels.iter().cloned());
        let same = self.what_counts(&levels);
        if let Some((holders, complete)) = same.as_ref().and_then(|same| self.shared.get(same)) {
            return AccountHolders {
                holders: Rc::clone(holders),
                complete: *complete && above.complete,
                is_off,
            };
        }
        let entries: Vec<usize> = levels
            .iter()
            .filter_map(|level| self.by_level.get(level))
            .flatten()
            .copied()
            .collect();
        let ground = &self.ground;
        let _ = ground.take_unread_places();
        let mut found = HoldersFound::default();
        for at in &entries {
            if let Some(entry) = ground.entries.get(*at) {
                for member in &entry.binding.members {
                    found.add(ground, *at, member);
                }
            }
        }
        let mut results = found.principals(ground, &target);
        results.extend(found.sets(ground, &target, &levels, above.complete));
        results.sort_by(|a, b| a.principal.cmp(&b.principal));
        let read = found.unread_groups.is_empty()
            && !ground.is_unread_at(&levels, &entries)
            && !ground.take_unread_places()
            && !estate.is_part();
        let brief = |holder: Holder| AccountHolder {
            in_part: !holder.except.is_empty(),
            principal: holder.principal,
            verdict: holder.verdict,
            outcome: holder.outcome,
        };
        let holders: Rc<[AccountHolder]> = results.into_iter().map(brief).collect();
        if let Some(same) = same {
            self.shared.insert(same, (Rc::clone(&holders), read));
        }
        AccountHolders {
            holders,
            complete: read && above.complete,
            is_off,
        }
    }

    /// The levels that have a say, where the answer hangs on nothing else: no binding on the account itself, no
    /// condition or rule that looks at it, no boundary.
    fn what_counts(&self, levels: &[Resource]) -> Option<Vec<Resource>> {
        let (account, above) = levels.split_first()?;
        let ground = &self.ground;
        if !ground.no_boundaries
            || self.by_level.contains_key(account)
            || ground.policy_unread(account)
        {
            return None;
        }
        let mut counts = Vec::new();
        for level in above {
            let entries = self.by_level.get(level);
            let looks = entries.into_iter().flatten().any(|at| {
                let binding = ground.entries.get(*at).map(|entry| entry.binding);
                let condition = binding.and_then(|b| b.condition.as_ref());
                condition.is_some_and(|c| {
                    conditions::compiled(&c.expression).is_ok_and(|c| c.uses("resource"))
                })
            });
            let denying = ground.denying(level);
            if looks || denying == Some(Denying::Conditional) {
                return None;
            }
            if entries.is_some() || denying != Some(Denying::Nothing) || ground.policy_unread(level)
            {
                counts.push(level.clone());
            }
        }
        // Where the way up ends early, what lies above is not known.
        if !self.ground_is_whole_above(above) {
            return None;
        }
        Some(counts)
    }

    fn ground_is_whole_above(&self, above: &[Resource]) -> bool {
        match above.first() {
            Some(Resource::Project(project)) => self.ground.above(project).complete,
            _ => false,
        }
    }
}

impl AccountHolders {
    /// Those who certainly can, as far as policies say.
    pub fn certain(&self) -> impl Iterator<Item = &AccountHolder> {
        let holders = self.holders.iter();
        holders.filter(|holder| holder.verdict == Verdict::CanAccess)
    }

    /// Whether there may be more than the certain ones.
    #[must_use]
    pub fn may_be_more(&self) -> bool {
        !self.complete || self.holders.iter().any(|h| h.verdict != Verdict::CanAccess)
    }
}

impl Ground<'_> {
    /// Whether something was not read of these levels, or of the roles and conditions of these entries.
    fn is_unread_at(&self, levels: &[Resource], entries: &[usize]) -> bool {
        let mut names = std::collections::BTreeSet::new();
        self.levels_not_read(levels, &mut names);
        let open = |at: &usize| {
            self.entries.get(*at).is_some_and(|entry| {
                entry
                    .holds
                    .iter()
                    .any(|h| !matches!(h, Truth::Yes | Truth::No))
                    || self.hangs_on_unread_tags(entry.binding)
            })
        };
        !names.is_empty() || entries.iter().any(open)
    }
}
