//! The accounts that can be seen, page by page, over every project in scope.

use std::collections::BTreeSet;

use futures::stream::{self, StreamExt};

use crate::estate::{Project, ServiceAccount};
use crate::google::api::{iam, resource_manager};
use crate::google::patience::{Patience, WaitLimits};
use crate::wire::{ApiError, Ask};

/// How far to look.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// One project, by id or number.
    Project(String),
    /// Every project below a folder, by number.
    Folder(String),
    /// Every project below an organization, by number.
    Organization(String),
    /// Every project the viewer can find.
    Everything,
}

impl Scope {
    /// The name under which it stands among what could not be listed (`folders/N`).
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Project(id) => format!("projects/{id}"),
            Self::Folder(number) => format!("folders/{number}"),
            Self::Organization(number) => format!("organizations/{number}"),
            Self::Everything => "projects".to_owned(),
        }
    }
}

/// What a listing came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// Projects that were looked into.
    pub projects: usize,
    /// Accounts that were found.
    pub accounts: usize,
    /// What could not be listed (`projects/P`, `folders/N`), and why.
    pub unreadable: Vec<(String, String)>,
}

/// Projects asked at the same time.
const AT_ONCE: usize = 16;
/// Folders nest ten deep (Resource Manager's limits); deeper is a damaged answer.
const DEEPEST: usize = 16;

/// Lists the service accounts of all projects in scope; `each` is given every page as it comes.
///
/// Projects that may not be listed are noted in [`Listing::unreadable`], not errors.
///
/// # Errors
/// When signed out, when there is no connection, or when the one project asked for, or the first
/// search for projects, is refused.
pub async fn list_accounts(
    ask: &dyn Ask,
    scope: &Scope,
    each: &mut (dyn FnMut(Vec<ServiceAccount>) + Send),
) -> Result<Listing, ApiError> {
    let ask = &Patience::new(ask, WaitLimits::SCOPE);
    let mut listing = Listing::default();
    let projects = list_projects(ask, scope, &mut listing.unreadable).await?;
    listing.projects = projects.len();
    let single = matches!(scope, Scope::Project(_));
    let mut pages = stream::iter(projects)
        .map(|project| {
            let pages = iam::account_pages(ask, &project.project_id);
            pages.map(move |page| (project.project_id.clone(), page))
        })
        .flatten_unordered(AT_ONCE);
    while let Some((project, page)) = pages.next().await {
        match page {
            Ok(accounts) => {
                listing.accounts += accounts.len();
                each(accounts);
            }
            Err(error) if error.is_signed_out() || single => return Err(error),
            Err(error) => listing
                .unreadable
                .push((format!("projects/{project}"), error.why())),
        }
    }
    listing.unreadable.sort();
    Ok(listing)
}

/// Lists the projects in scope. A single project is not looked up: it may be listed without
/// being readable itself.
///
/// # Errors
/// When signed out, when there is no connection, or when the first search is refused.
pub async fn list_projects(
    ask: &dyn Ask,
    scope: &Scope,
    unreadable: &mut Vec<(String, String)>,
) -> Result<Vec<Project>, ApiError> {
    let top = match scope {
        Scope::Project(id) => {
            return Ok(vec![Project {
                name: format!("projects/{id}"),
                project_id: id.clone(),
                ..Project::default()
            }]);
        }
        Scope::Everything => return resource_manager::search_projects(ask).await,
        Scope::Folder(_) | Scope::Organization(_) => scope.name(),
    };
    let mut projects = Vec::new();
    let mut level = vec![top.clone()];
    let mut seen = BTreeSet::from([top.clone()]);
    for _ in 0..DEEPEST {
        if level.is_empty() {
            break;
        }
        let mut below = Vec::new();
        let mut answers = stream::iter(level)
            .map(|parent| children(ask, parent))
            .buffer_unordered(AT_ONCE);
        while let Some((parent, own, folders)) = answers.next().await {
            match own {
                Ok(found) => projects.extend(found),
                Err(error) if error.is_signed_out() || parent == top => return Err(error),
                Err(error) => unreadable.push((parent.clone(), error.why())),
            }
            match folders {
                Ok(found) => below.extend(found.into_iter().filter(|f| seen.insert(f.clone()))),
                Err(error) if error.is_signed_out() => return Err(error),
                Err(error) => unreadable.push((parent, error.why())),
            }
        }
        level = below;
    }
    projects.sort_by(|a: &Project, b| a.project_id.cmp(&b.project_id));
    Ok(projects)
}

type Children = (
    String,
    Result<Vec<Project>, ApiError>,
    Result<Vec<String>, ApiError>,
);

/// The projects and folders right below a parent.
async fn children(ask: &dyn Ask, parent: String) -> Children {
    let (projects, folders) = futures::join!(
        resource_manager::projects_below(ask, &parent),
        resource_manager::folders_below(ask, &parent),
    );
    (parent, projects, folders)
}
