//! The levels from a project up: what they are called, and which is in which.

use futures::future::try_join_all;

use super::Surveyor;
use crate::estate::{Folder, Organization, Project};
use crate::google::api::resource_manager;
use crate::iam::Resource;
use crate::wire::ApiError;

/// Folders nest ten deep; with organization and project this is more than enough.
const DEEPEST: usize = 16;

/// What is above a project.
pub(super) enum Above {
    /// Folders and organization, from below.
    Told(Vec<Resource>),
    /// The parent; each level names the next.
    From(Resource),
    /// Nothing, or nothing that is known.
    Nothing,
}

impl Surveyor<'_> {
    /// The levels from a project up, put into the estate as far as they can be read.
    pub(super) async fn hierarchy(&self, project: &str) -> Result<Vec<Resource>, ApiError> {
        let (here, above) = self.project_told(project).await?;
        let mut levels = vec![here];
        match above {
            Above::Told(rest) => {
                self.containers(&rest).await?;
                levels.extend(rest);
            }
            Above::From(parent) => levels.extend(self.levels_above(parent).await?),
            Above::Nothing => {}
        }
        Ok(levels)
    }

    /// Reads a project, and which levels are above it.
    pub(super) async fn project_told(&self, project: &str) -> Result<(Resource, Above), ApiError> {
        let (ancestry_label, label) = (
            format!("ancestry of {project}"),
            format!("project {project}"),
        );
        let (ancestry, own) = futures::try_join!(
            self.watch(
                &ancestry_label,
                resource_manager::ancestry(self.ask, project)
            ),
            self.watch(&label, resource_manager::project(self.ask, project))
        )?;
        // From the project up, the project itself first.
        let above = ancestry.ok();
        let id = own
            .as_ref()
            .ok()
            .map(|p| p.project_id.clone())
            .or_else(|| {
                let first = above.as_ref()?.first()?;
                matches!(first, Resource::Project(_)).then(|| first.id().to_owned())
            })
            .unwrap_or_else(|| project.to_owned());
        let here = Resource::project(&id);
        let parent = above
            .as_ref()
            .map(|levels| levels.get(1).map(Resource::relative).unwrap_or_default());
        let up = match own {
            Ok(own) => {
                let up = own.parent.clone();
                self.known.put(|estate| estate.put_project(own));
                up
            }
            // Known from its ancestry alone; nothing is known of it when that was refused too.
            Err(_) => match parent {
                Some(parent) => {
                    let project = Project {
                        name: here.relative(),
                        project_id: id.clone(),
                        parent: parent.clone(),
                        ..Project::default()
                    };
                    self.known.put(|estate| estate.put_project(project));
                    parent
                }
                None => return Ok((here, Above::Nothing)),
            },
        };
        let above = match above {
            Some(above) => Above::Told(above.into_iter().skip(1).collect()),
            None => Resource::parse(&up).map_or(Above::Nothing, Above::From),
        };
        Ok((here, above))
    }

    /// Folders and organizations of which each is in the next.
    pub(super) async fn containers(&self, levels: &[Resource]) -> Result<(), ApiError> {
        let tasks = levels.iter().enumerate().map(|(i, level)| {
            let parent = levels.get(i + 1).map(Resource::relative);
            self.container(level, parent.unwrap_or_default())
        });
        try_join_all(tasks).await.map(drop)
    }

    /// A folder or organization and what is above it, step by step: each folder names its parent.
    pub(super) async fn levels_above(&self, level: Resource) -> Result<Vec<Resource>, ApiError> {
        let mut levels = Vec::new();
        let mut next = Some(level);
        while levels.len() < DEEPEST
            && let Some(level) = next.filter(|level| !levels.contains(level))
        {
            let up = self.container(&level, String::new()).await?;
            levels.push(level);
            next = Resource::parse(&up).ok();
        }
        Ok(levels)
    }

    /// A folder or organization, for its name, and for its parent where that is not known yet.
    async fn container(&self, level: &Resource, parent: String) -> Result<String, ApiError> {
        if !self.first(&level.full_name()) {
            let above = self.known.with(|estate| estate.parent(level));
            return Ok(above.map(|p| p.relative()).unwrap_or(parent));
        }
        let label = format!("{} {}", level.kind().word(), level.id());
        let name = level.relative();
        if let Resource::Organization(_) = level {
            let read = resource_manager::organization(self.ask, level);
            let read = self.watch(&label, read).await?;
            let organization = read.unwrap_or(Organization {
                name,
                ..Organization::default()
            });
            self.known
                .put(|estate| estate.put_organization(organization));
            return Ok(String::new());
        }
        let read = resource_manager::folder(self.ask, level);
        match self.watch(&label, read).await? {
            Ok(folder) => {
                let parent = folder.parent.clone();
                self.known.put(|estate| estate.put_folder(folder));
                Ok(parent)
            }
            Err(_) => {
                if !parent.is_empty() {
                    let folder = Folder {
                        name,
                        parent: parent.clone(),
                        ..Folder::default()
                    };
                    self.known.put(|estate| estate.put_folder(folder));
                }
                Ok(parent)
            }
        }
    }
}
