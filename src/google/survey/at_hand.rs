//! What [`whole`](super::whole()) of everything finds, of an estate that is at hand: a file that this process read
//! itself is not read back over HTTP, call by call, into a second copy. That both say the same is a property test
//! (`tests/oracle`).

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use super::callers::{Place, let_in_and_followed, place_of, places_of};
use super::{Everything, Groups, ghosts};
use crate::estate::policies::{FoundRole, policy_bindings_of};
use crate::estate::{Coverage, Estate, Existence};
use crate::google::listing::SEARCH_FROM;
use crate::iam::{Member, Resource, deny, owner};

/// Why something is not known that is outside of what was given.
const OUTSIDE: &str = "it is not in what was given";

/// The estate as a survey of all of it finds it, with what could not be listed (`projects/P`) and why. What it
/// holds is shared with the one given. `None` where an account is asked about of which it says nothing, not even
/// where it is: a survey asks around for such.
#[must_use]
pub fn at_hand(
    estate: &Estate,
    everything: &Everything,
) -> Option<(Estate, Vec<(String, String)>)> {
    let mut found = estate.clone();
    found.coverage = Coverage::Listed;
    let mut asked = Vec::new();
    let mut homes = HashSet::new();
    for account in &everything.accounts {
        match estate.resolve(account) {
            Existence::Exists(known) => asked.push(known),
            Existence::Missing => homes.extend(not_there(&mut found, account)?),
            Existence::Deleted | Existence::Unknown(_) => return None,
        }
    }
    leave_out_shut_down(&mut found, &asked, &homes);
    // Nobody is told of accounts that are gone, but by the policies that name them.
    found.deleted_accounts = Arc::default();
    outsiders(&mut found, everything, &asked);
    let unlisted: Vec<(String, String)> = estate
        .unreadable()
        .filter_map(|(name, why)| {
            let project = name.strip_suffix("/serviceAccounts")?;
            let id = project.strip_prefix("projects/")?;
            (!id.contains('/')).then(|| (project.to_owned(), why.to_owned()))
        })
        .collect();
    let unread: HashSet<&str> = unlisted.iter().map(|(name, _)| name.as_str()).collect();
    ghosts::remember(&mut found, &|project| {
        !estate.is_part()
            && estate.project(project).is_some_and(|p| {
                !p.is_shut_down() && !unread.contains(format!("projects/{}", p.project_id).as_str())
            })
    });
    Some((found, unlisted))
}

/// An account that is not in the estate: it does not exist where its project is, which it gives; elsewhere nothing is
/// known of it.
fn not_there(found: &mut Estate, account: &Resource) -> Option<Option<String>> {
    let owner = owner::of(account.id()).filter(|owner| !owner.agent)?;
    let Resource::Project(likely) = owner.resource else {
        return None;
    };
    if let Some(home) = found.project(&likely).map(|p| p.project_id.clone()) {
        found.put_missing(account.clone());
        found.put_missing(Resource::account("-", account.id()));
        return Some(Some(home));
    }
    let home = Resource::Project(Arc::clone(&likely));
    let there = Resource::account(&likely, account.id());
    for name in [
        there.full_name(),
        home.full_name(),
        deny::collection(&home),
        policy_bindings_of(&home),
    ] {
        found.mark_unreadable(&name, OUTSIDE);
    }
    Some(None)
}

/// Where callers belong that are let in and are not in the estate: what is bound there is not known.
fn outsiders(found: &mut Estate, everything: &Everything, asked: &[Resource]) {
    let mut marks = BTreeSet::new();
    if let Some(Place::Project(project)) = everything.caller.as_ref().and_then(place_of)
        && found.project(&project).is_none()
    {
        let home = Resource::project(&project);
        marks.extend([home.full_name(), policy_bindings_of(&home)]);
    }
    if everything.asks_who() {
        let holds = |role: &FoundRole| match &everything.groups {
            Groups::None => false,
            Groups::Holding(wanted) => wanted.iter().any(|p| role.includes(p.as_str())),
            Groups::All => true,
        };
        let mut levels: Vec<Resource> = asked
            .iter()
            .flat_map(|account| found.ancestry(account).levels)
            .collect();
        let many = found.projects().nth(SEARCH_FROM).is_some();
        // Of other accounts no policy is read for it, and of many projects those above alone. A level with no project
        // below it that a search finds is read by nobody.
        if !many {
            let mut above: BTreeSet<Resource> = BTreeSet::new();
            for project in found.projects().filter(|p| !p.is_shut_down()) {
                let on = Resource::project(&project.project_id);
                above.extend(found.ancestry(&on).levels);
            }
            levels.extend(above);
        }
        for place in places_of(found, let_in_and_followed(found, &holds, &levels)) {
            if let Place::Project(project) = place
                && found.project(&project).is_none()
            {
                marks.insert(policy_bindings_of(&Resource::project(&project)));
            }
        }
    }
    for name in marks {
        found.mark_unreadable(&name, OUTSIDE);
    }
}

/// A project that was shut down is not among those that a search finds, and its accounts are in no list; but where one
/// is asked about that is not there, those beside it are looked at, by what they are called. That they stand in the
/// answer then, as calls that fail, is *chosen*: it is what is true of them. Its own policy is read where another one names
/// those who have a basic role on it.
fn leave_out_shut_down(estate: &mut Estate, asked: &[Resource], homes: &HashSet<String>) {
    let down: HashSet<String> = estate
        .projects()
        .filter(|p| p.is_shut_down() && !homes.contains(&p.project_id))
        .map(|p| p.project_id.clone())
        .collect();
    if down.is_empty() {
        return;
    }
    let accounts = estate.accounts();
    let of_one = accounts.filter(|a| down.contains(estate.project_id_of(a)));
    let gone: Vec<Resource> = of_one
        .map(|a| Resource::account(estate.project_id_of(a), &a.email))
        .filter(|a| !asked.contains(a))
        .collect();
    for account in gone {
        estate.remove_policy(&account);
        estate.forget_account(account.id());
    }
    let of_roles: HashSet<String> = estate
        .members()
        .filter_map(|member| match &member.member {
            Member::ProjectRole(_, project) => estate.project(project),
            _ => None,
        })
        .map(|project| project.project_id.clone())
        .collect();
    for project in down.difference(&of_roles) {
        let is_home = |a: &Resource| matches!(a, Resource::ServiceAccount { project: of, .. } if **of == **project);
        if !asked.iter().any(is_home) {
            estate.remove_policy(&Resource::project(project));
        }
    }
}
