//! The accounts that can be seen, page by page, over every project in scope.

use std::collections::BTreeSet;

use futures::stream::{self, BoxStream, StreamExt};

use crate::estate::{Project, ServiceAccount};
use crate::wire::{Api, ApiError, Ask, Turned, all_pages, encode, one_page};

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
    let mut listing = Listing::default();
    let projects = list_projects(ask, scope, &mut listing.unreadable).await?;
    listing.projects = projects.len();
    let single = matches!(scope, Scope::Project(_));
    let mut pages = stream::iter(projects)
        .map(|project| account_pages(ask, project.project_id))
        .flatten_unordered(AT_ONCE);
    while let Some((project, page)) = pages.next().await {
        match page {
            Ok(accounts) => {
                listing.accounts += accounts.len();
                each(accounts);
            }
            Err(error) if error.is_fatal() || single => return Err(error),
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
        Scope::Everything => {
            let path = "v3/projects:search?pageSize=500";
            let found = all_pages(ask, Api::ResourceManager, path, "projects").await?;
            return Ok(active(found));
        }
        Scope::Folder(number) => format!("folders/{number}"),
        Scope::Organization(number) => format!("organizations/{number}"),
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
                Err(error) if error.is_fatal() || parent == top => return Err(error),
                Err(error) => unreadable.push((parent.clone(), error.why())),
            }
            match folders {
                Ok(found) => below.extend(found.into_iter().filter(|f| seen.insert(f.clone()))),
                Err(error) if error.is_fatal() => return Err(error),
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

/// The projects and folders right below a parent (cloudresourcemanager v3, `projects.list`,
/// `folders.list`).
async fn children(ask: &dyn Ask, parent: String) -> Children {
    let of = encode(&parent);
    let projects_path = format!("v3/projects?parent={of}&pageSize=300");
    let folders_path = format!("v3/folders?parent={of}&pageSize=300");
    let (projects, folders) = futures::join!(
        all_pages(ask, Api::ResourceManager, &projects_path, "projects"),
        all_pages(ask, Api::ResourceManager, &folders_path, "folders"),
    );
    let names = |found: Vec<serde_json::Value>| {
        found
            .iter()
            .filter_map(|f| f.get("name")?.as_str().map(str::to_owned))
            .collect()
    };
    (parent, projects.map(active), folders.map(names))
}

/// What is not active has no accounts to show; what is not understood is left out.
fn active(found: Vec<serde_json::Value>) -> Vec<Project> {
    found
        .into_iter()
        .filter_map(|p| serde_json::from_value::<Project>(p).ok())
        .filter(|p| (p.state.is_empty() || p.state == "ACTIVE") && !p.project_id.is_empty())
        .collect()
}

type Page = (String, Result<Vec<ServiceAccount>, ApiError>);

/// What comes after a page.
enum Next {
    Page(String),
    /// The list cannot be followed to its end, so that what came of it is not all.
    Broken(ApiError),
}

/// Page after page of one project's accounts (iam v1, `projects.serviceAccounts.list`, at most 100
/// on a page).
fn account_pages(ask: &dyn Ask, project: String) -> BoxStream<'_, Page> {
    let start = Some(Next::Page(String::new()));
    let state = (project, Turned::default(), start);
    stream::unfold(state, move |(project, mut turned, next)| async move {
        let token = match next? {
            Next::Page(token) => token,
            Next::Broken(error) => {
                return Some(((project.clone(), Err(error)), (project, turned, None)));
            }
        };
        let path = format!(
            "v1/projects/{}/serviceAccounts?pageSize=100",
            encode(&project)
        );
        let answer = one_page(ask, Api::Iam, &path, "accounts", &token).await;
        let (page, next) = match answer {
            Ok((items, next)) => {
                let accounts = items
                    .into_iter()
                    .filter_map(|a| serde_json::from_value(a).ok())
                    .collect();
                let next = match turned.to(&path, &next) {
                    _ if next.is_empty() => None,
                    Ok(()) => Some(Next::Page(next)),
                    Err(error) => Some(Next::Broken(error)),
                };
                (Ok(accounts), next)
            }
            Err(error) => (Err(error), None),
        };
        Some(((project.clone(), page), (project, turned, next)))
    })
    .boxed()
}
