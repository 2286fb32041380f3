//! Where a scope holds many projects and one account is asked about: what its bindings let in, in place of
//! everything. Nothing of the other projects has a say in who gets to it.

use std::collections::{BTreeSet, HashMap};

use super::callers::{Place, let_in, places_of_callers};
use super::{Surveyor, Wanted, side_by_side};
use crate::estate::Project;
use crate::estate::policies::FoundRole;
use crate::iam::{Member, Resource};
use crate::wire::ApiError;

/// A role with a project's basic role may name the next project, and so on (chosen: further than anybody goes).
const ROUNDS: usize = 16;

/// What was read of a scope.
#[derive(Default)]
pub(super) struct ReadAround {
    /// Ids of the projects that were.
    pub projects: BTreeSet<String>,
    /// Those whose accounts could not be listed, with why.
    pub refused: Vec<(String, String)>,
}

impl Surveyor<'_> {
    /// Reads the projects of `scope` that those belong to whom bindings on `levels` let in: all of them, where a
    /// set of accounts above projects is let in.
    pub(super) async fn around(
        &self,
        holds: &(dyn Fn(&FoundRole) -> bool + Sync),
        levels: &[Resource],
        scope: &[Project],
        wanted: Wanted,
    ) -> Result<ReadAround, ApiError> {
        let by_name: HashMap<&str, &str> = scope
            .iter()
            .flat_map(|p| [p.number(), p.project_id.as_str()].map(|name| (name, &*p.project_id)))
            .collect();
        let mut read = ReadAround::default();
        for _ in 0..ROUNDS {
            let named = self.known.with(|estate| {
                let mut named = BTreeSet::new();
                for place in places_of_callers(estate, holds, Some(levels)) {
                    if let Place::Project(project) = place {
                        named.insert(project);
                    }
                }
                for member in let_in(estate, holds, Some(levels)) {
                    match &member.member {
                        Member::ProjectRole(_, project) => {
                            named.insert(project.clone());
                        }
                        Member::ServiceAccountsOf(Resource::Project(project)) => {
                            named.insert(project.to_string());
                        }
                        Member::ServiceAccountsOf(_) => return None,
                        _ => {}
                    }
                }
                Some(named)
            });
            let ids = |project: &String| by_name.get(project.as_str()).copied();
            let next: BTreeSet<&str> = match &named {
                Some(named) => named.iter().filter_map(ids).collect(),
                None => by_name.values().copied().collect(),
            };
            let next: Vec<&str> = next
                .into_iter()
                .filter(|id| !read.projects.contains(*id))
                .collect();
            if next.is_empty() {
                break;
            }
            let tasks = next.iter().map(|id| self.project(id, wanted));
            let refused = side_by_side(tasks).await?;
            read.refused.extend(refused.into_iter().flatten());
            read.projects.extend(next.into_iter().map(str::to_owned));
        }
        Ok(read)
    }
}
