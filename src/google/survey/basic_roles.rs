//! Projects whose basic roles policies name as members (`projectOwner:P`, `projectEditor:P`,
//! `projectViewer:P`): who that is stands in the project's own policy.

use std::collections::BTreeSet;

use super::{Surveyor, side_by_side};
use crate::estate::Estate;
use crate::google::api::resource_manager;
use crate::iam::{Member, Resource};
use crate::wire::ApiError;

/// More projects than this are not looked into (chosen: a call or two each).
const PROJECTS_AT_MOST: usize = 50;

impl Surveyor<'_> {
    /// Reads the policies of these projects, where they are not on a branch that was read.
    pub(super) async fn basic_roles(&self) -> Result<(), ApiError> {
        let projects: Vec<String> = self.known.with(|estate| {
            let named = projects_named(estate);
            named.into_iter().take(PROJECTS_AT_MOST).collect()
        });
        side_by_side(projects.iter().map(|project| self.project_alone(project)))
            .await
            .map(drop)
    }

    /// A project and its own policy, without what is above it.
    async fn project_alone(&self, project: &str) -> Result<(), ApiError> {
        let known = self
            .known
            .with(|estate| estate.project(project).map(|p| p.project_id.clone()));
        let id = match known {
            Some(id) => id,
            None => {
                let label = format!("project {project}");
                let asked = resource_manager::project(self.ask, project);
                let Ok(found) = self.watch(&label, asked).await? else {
                    return Ok(());
                };
                let id = found.project_id.clone();
                self.known.put(|estate| estate.put_project(found));
                id
            }
        };
        self.policy(&Resource::project(&id)).await
    }
}

/// The projects (ids or numbers, as written) whose basic roles are members of some policy.
pub(super) fn projects_named(estate: &Estate) -> BTreeSet<String> {
    let bindings = estate.policies().flat_map(|(_, policy)| &policy.bindings);
    bindings
        .flat_map(|binding| &binding.members)
        .filter_map(|member| match &member.member {
            Member::ProjectRole(_, project) => Some(project.clone()),
            _ => None,
        })
        .collect()
}
