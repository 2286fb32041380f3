//! What a kind of step opens: on an account, below a level, in a project.

use std::sync::Arc;

use super::super::super::identity::JudgedSpot;
use super::super::hops::{Hop, Onward};
use super::{By, ClosureGraph, HopEffect, HopStanding, Vertex, number};
use crate::evaluate::truth::Truth;
use crate::evaluate::ways::{Hangs, WayIn};
use crate::iam::{Principal, Resource, ResourceKind};

impl ClosureGraph<'_, '_> {
    /// What a kind of step opens on an account, or below a level.
    pub(super) fn open_below(
        &mut self,
        by: By,
        (hop, above): (u8, bool),
        on: &Resource,
        tagged: Option<u32>,
    ) {
        if let Resource::ServiceAccount { .. } = on {
            if let Some(account) = self.below.number(on) {
                self.open_account(by, hop, above, account, tagged);
            }
        } else if let Some((level, _)) = self.below.level(on) {
            self.edge(Vertex::Below {
                by,
                hop,
                above,
                level: number(level),
                tagged,
            });
        }
    }

    /// What a kind of step opens that asks on levels of a kind, which a binding stands on or above.
    pub(super) fn open_levels(
        &mut self,
        by: By,
        (place, hop): (u8, Hop),
        (on, kind): (&Resource, ResourceKind),
        tagged: Option<u32>,
    ) {
        let Some((above, _)) = self.below.level(on) else {
            return;
        };
        for level in self.levels_of(above, kind).iter() {
            let Some(resource) = self.levels.get(*level as usize).cloned() else {
                continue;
            };
            let spot = JudgedSpot::level(self.ground, &resource);
            if !spot.above.levels.contains(on) {
                continue;
            }
            let mut left = self.classes.left_on(by.class, hop.permission, &spot);
            let entry = tagged.and_then(|entry| self.ground.entries.get(entry as usize));
            if let Some(entry) = entry {
                let holds = self
                    .classes
                    .condition(hop.permission, &resource, entry.binding);
                left = left.and(holds);
            }
            if left != Truth::No {
                self.edge(Vertex::Below {
                    by: By {
                        sure: by.sure && left == Truth::Yes,
                        ..by
                    },
                    hop: place,
                    above: true,
                    level: *level,
                    tagged: None,
                });
            }
        }
    }

    /// The levels of a kind that are a level or lie below it.
    pub(super) fn levels_of(&mut self, level: usize, kind: ResourceKind) -> Arc<[u32]> {
        let key = (number(level), kind);
        if let Some(known) = self.of_kind.get(&key) {
            return Arc::clone(known);
        }
        let projects = self.below.all_levels().get(level);
        let mut found: Vec<u32> = Vec::new();
        for project in projects.into_iter().flat_map(|level| &level.projects) {
            let above = self.below.projects.get(*project).map(|p| &p.above);
            for one in above.into_iter().flat_map(|above| &above.levels) {
                if one.kind() == kind
                    && let Some((number_of, _)) = self.below.level(one)
                {
                    found.push(number(number_of));
                }
            }
        }
        found.sort_unstable();
        found.dedup();
        let found: Arc<[u32]> = found.into();
        self.of_kind.insert(key, Arc::clone(&found));
        found
    }

    /// What rules leave of a kind of step to an account; `project`: which all of its accounts are alike.
    pub(super) fn left(
        &mut self,
        by: By,
        (hop, above): (Hop, bool),
        spot: &JudgedSpot<'_>,
        project: Option<usize>,
    ) -> Truth {
        let mut of = |permission: usize| match project {
            Some(project) => self.classes.left_in(by.class, permission, project, spot),
            None => self.classes.left_on(by.class, permission, spot),
        };
        let own = match above {
            true => Truth::Yes,
            false => of(hop.permission),
        };
        if !hop.credential || own == Truth::No {
            return own;
        }
        let mut credential = Truth::No;
        for way in WayIn::CREDENTIALS {
            let mut all = self.ground.permissions.iter();
            if let Some(place) = all.position(|p| p.as_str() == way.permission()) {
                credential = credential.or(of(place));
            }
        }
        own.and(credential)
    }

    pub(super) fn effect(&self, by: By, hop: Hop, sure: bool, account: &Resource) -> HopEffect {
        let hangs = match hop.hangs {
            Hangs::Never => false,
            Hangs::Always => true,
            Hangs::Perhaps => self.ground.keys_disabled(account) != Truth::No,
        };
        let standing = HopStanding {
            hangs: by.standing.hangs || hangs,
            link: hop.onward == Onward::Link,
        };
        HopEffect {
            told: hop.told.then_some(sure && !standing.hangs),
            onward: (hop.onward != Onward::Nothing).then_some((standing, sure)),
        }
    }

    pub(super) fn open_account(
        &mut self,
        by: By,
        hop: u8,
        above: bool,
        account: usize,
        tagged: Option<u32>,
    ) {
        let below = self.below;
        let (Some(kind), Some(known)) = (
            self.hops.get(usize::from(hop)).copied(),
            below.accounts.get(account),
        ) else {
            return;
        };
        let Some(spot) = JudgedSpot::of(self.ground, &known.resource) else {
            return;
        };
        let mut left = self.left(by, (kind, above), &spot, None);
        let entry = tagged.and_then(|entry| self.ground.entries.get(entry as usize));
        if let Some(entry) = entry {
            let on = &known.resource;
            left = left.and(self.classes.condition(kind.permission, on, entry.binding));
        }
        if left != Truth::No {
            let sure = by.sure && left == Truth::Yes;
            let effect = self.effect(by, kind, sure, &known.resource);
            self.take_effect(effect, account);
        }
    }

    pub(super) fn each_account(
        &mut self,
        by: By,
        hop: u8,
        above: bool,
        project: usize,
        tagged: Option<u32>,
    ) {
        let below = self.below;
        let listed = below.projects.get(project).map(|p| &p.listed);
        for account in listed.into_iter().flatten() {
            self.open_account(by, hop, above, *account, tagged);
        }
    }

    pub(super) fn leave_project(&mut self, by: By, hop: u8, above: bool, place: u32) {
        let (below, project) = (self.below, place as usize);
        let (Some(kind), Some(known)) = (
            self.hops.get(usize::from(hop)).copied(),
            below.projects.get(project),
        ) else {
            return;
        };
        let first = known
            .listed
            .first()
            .and_then(|one| below.accounts.get(*one));
        let Some(first) = first else {
            return;
        };
        let alike = !self.classes.tell_apart(&known.above.levels);
        let effect_of_all = || self.effect(by, kind, by.sure, &first.resource);
        let _ = (kind.hangs == Hangs::Perhaps).then(effect_of_all);
        let same_keys = kind.hangs != Hangs::Perhaps
            || first
                .project_id()
                .is_some_and(|id| self.ground.keys_are_alike(id));
        if !alike || !same_keys {
            self.each_account(by, hop, above, project, None);
            return;
        }
        let Some(spot) = JudgedSpot::of(self.ground, &first.resource) else {
            return;
        };
        let left = self.left(by, (kind, above), &spot, Some(project));
        if left != Truth::No {
            let sure = by.sure && left == Truth::Yes;
            let effect = self.effect(by, kind, sure, &first.resource);
            self.edge(Vertex::Each {
                effect,
                project: place,
            });
        }
    }

    pub(super) fn take_effect(&mut self, effect: HopEffect, account: usize) {
        let place = number(account);
        if let Some(certain) = effect.told {
            self.edge(Vertex::Told {
                account: place,
                certain,
            });
        }
        let below = self.below;
        let known = below.accounts.get(account).filter(|known| !known.stops);
        let Some((known, (standing, sure))) = known.zip(effect.onward) else {
            return;
        };
        if !sure {
            self.edge(Vertex::Unsure {
                account: place,
                standing,
            });
            return;
        }
        let who = match self.of_account.get(account).copied().flatten() {
            Some(who) => who,
            None => {
                let id = known.resource.id().to_owned();
                self.somebody(&Principal::ServiceAccount(id))
            }
        };
        if let Some(number) = self.of_account.get_mut(account) {
            *number = Some(who);
        }
        self.edge(Vertex::Stands { who, standing });
    }
}
