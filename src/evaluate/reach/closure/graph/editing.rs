//! Who may edit which roles, so that what they hold by them is what they put into them.

use std::collections::BTreeMap;

use hashbrown::HashSet;

use super::super::super::identity::Identity;
use super::super::super::mover::{Mover, Moving, role_home};
use super::super::super::relevant::Ground;
use super::super::super::standing::{Match, Members};
use super::ClosureGraph;
use crate::estate::Read;
use crate::evaluate::judge::Judge;
use crate::evaluate::role::without_hidden_condition;
use crate::evaluate::truth::Truth;
use crate::evaluate::ways::WayIn;
use crate::iam::Resource;

impl<'g, 'e> ClosureGraph<'g, 'e> {
    /// The bindings whose role somebody may edit, with how sure that is.
    pub(super) fn edited_by(
        &self,
        identity: &Identity<'g, 'e>,
        judge: &Judge<'e>,
    ) -> Vec<(usize, Truth)> {
        let may = self.editors.as_ref().is_some_and(|editors| {
            let mut named = editors.of(judge, self.groups).into_iter();
            named.any(|one| one.matches != Truth::No)
        });
        if !may {
            return Vec::new();
        }
        let matches = self.members.of(judge, self.groups);
        let mover = Mover::new(
            self.ground,
            Identity::new(self.ground, &identity.caller),
            Moving::Itself,
            &[WayIn::RoleEdit],
            matches.clone(),
        );
        let mut inside: BTreeMap<usize, Truth> = BTreeMap::new();
        for Match { entry, matches, .. } in matches {
            let known = inside.entry(entry).or_insert(Truth::No);
            *known = known.or(matches);
        }
        let edits = inside.into_iter().filter_map(|(at, inside)| {
            let entry = self.ground.entries.get(at)?;
            let (role, hidden) = without_hidden_condition(&entry.binding.role);
            let home = role_home(self.ground.estate, role)?;
            let there = match self.ground.estate.role(role) {
                Read::Known(role) if role.deleted() => Truth::No,
                Read::Known(_) => Truth::Yes,
                Read::Unreadable(_) => Truth::UnknownInfo,
            };
            let edits = mover.on_level(WayIn::RoleEdit.permission(), &home).0;
            let mut both = inside.and(there).and(edits);
            if hidden {
                both = both.and(Truth::UnknownInfo);
            }
            (both != Truth::No).then_some((at, both))
        });
        edits.collect()
    }
}

/// Those who stand in a binding that lets them edit some custom role that is granted; `None`: there are none.
pub(super) fn editors<'e>(ground: &Ground<'e>) -> Option<Members<'e>> {
    let update = WayIn::RoleEdit.permission();
    let update = ground
        .permissions
        .iter()
        .position(|p| p.as_str() == update)?;
    let names: HashSet<&str> = ground
        .entries
        .iter()
        .map(|entry| without_hidden_condition(&entry.binding.role).0)
        .filter(|role| !role.starts_with("roles/"))
        .collect();
    let homes = names
        .into_iter()
        .filter_map(|role| role_home(ground.estate, role));
    let levels: HashSet<Resource> = homes
        .flat_map(|home| ground.estate.ancestry(&home).levels)
        .collect();
    let members = Members::among(ground, |entry| {
        levels.contains(entry.resource)
            && entry
                .holds
                .get(update)
                .is_some_and(|holds| *holds != Truth::No)
    });
    Some(members)
}
