//! The accounts that can be seen, page by page, over every project in scope.

mod at_hand;
mod search;

use std::collections::{BTreeSet, HashSet};

use futures::stream::{self, StreamExt};

use crate::estate::{Project, ServiceAccount};
use crate::google::api::{iam, resource_manager};
use crate::google::patience::{Patience, WaitLimits};
use crate::wire::{ApiError, Ask};

pub use at_hand::list_at_hand;

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

/// By which way accounts are listed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ListWay {
    /// Each project is asked for its accounts.
    #[default]
    Projects,
    /// Asset search, which lags behind what is there.
    Search,
    /// Each project, as Asset search could not be used; why.
    InsteadOfSearch(String),
    /// Files that hold a part of an estate.
    Part,
}

impl ListWay {
    /// What whoever reads the list has to know of the way, where there is something to know: a sentence.
    #[must_use]
    pub fn words(&self) -> Option<String> {
        match self {
            Self::Projects => None,
            Self::Search => Some(SEARCHED.to_owned()),
            Self::InsteadOfSearch(why) => Some(format!(
                "Each project was asked for its accounts, as Asset search could not be used: {why}"
            )),
            Self::Part => Some(PART.to_owned()),
        }
    }
}

/// Doc "Asset types": "eventual consistency on current data"; it "can miss some data updates"; "almost all asset
/// updates are available in minutes".
const SEARCHED: &str = "Listed by Asset search, an index that lags by minutes and may miss a change: an account that is not in the list may be there.";

const PART: &str =
    "The files hold a part of the estate: an account that is not in the list may be there.";

/// How far a listing is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListProgress {
    /// By which way it goes.
    pub way: ListWay,
    /// How many projects there are; `None` while that is not known.
    pub projects: Option<usize>,
    /// How many of them were asked.
    pub asked: usize,
}

/// What comes of a listing while it is under way.
#[derive(Clone, Debug, PartialEq)]
pub enum ListNews {
    /// Some accounts.
    Accounts(Vec<ServiceAccount>),
    /// How far it is.
    Progress(ListProgress),
}

impl ListNews {
    /// The accounts; none where it is about progress.
    #[must_use]
    pub fn accounts(self) -> Vec<ServiceAccount> {
        match self {
            Self::Accounts(accounts) => accounts,
            Self::Progress(_) => Vec::new(),
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
    /// By which way.
    pub way: ListWay,
}

impl Listing {
    /// The same, where what answers holds a part of the estate.
    #[must_use]
    pub fn of_a_part(self) -> Self {
        Self {
            way: ListWay::Part,
            ..self
        }
    }

    /// Whether each project in scope was asked and answered: then what is not in the list is not there.
    #[must_use]
    pub fn is_all(&self) -> bool {
        self.unreadable.is_empty() && !matches!(self.way, ListWay::Search | ListWay::Part)
    }
}

/// Where more projects than this are in scope, Asset search is asked first (chosen: 16 are asked at once, so that
/// a thousand take about ten seconds; a search takes a fifth of a second for 500 accounts).
pub const SEARCH_FROM: usize = 1_000;
/// Projects asked at the same time.
const AT_ONCE: usize = 16;
/// Folders nest ten deep (Resource Manager's limits); deeper is a damaged answer.
const DEEPEST: usize = 16;

/// Lists the service accounts of all projects in scope; `each` is given every page as it comes, and how far it
/// is.
///
/// Where there are more than [`SEARCH_FROM`] projects, by Asset search; projects that it does not know (made a
/// minute ago, in no organization) and, where it is refused, all of them, are asked one by one. Projects that may
/// not be listed are noted in [`Listing::unreadable`], not errors.
///
/// # Errors
/// When signed out, when there is no connection, or when the one project asked for, or the first
/// search for projects, is refused.
pub async fn list_accounts(
    ask: &dyn Ask,
    scope: &Scope,
    each: &mut (dyn FnMut(ListNews) + Send),
) -> Result<Listing, ApiError> {
    list(ask, scope, SEARCH_FROM, each).await
}

/// As [`list_accounts`], asking each project whatever their number: an account that is not among them is not
/// there.
///
/// # Errors
/// As [`list_accounts`].
pub async fn list_accounts_by_project(
    ask: &dyn Ask,
    scope: &Scope,
    each: &mut (dyn FnMut(ListNews) + Send),
) -> Result<Listing, ApiError> {
    list(ask, scope, usize::MAX, each).await
}

async fn list(
    ask: &dyn Ask,
    scope: &Scope,
    search_from: usize,
    each: &mut (dyn FnMut(ListNews) + Send),
) -> Result<Listing, ApiError> {
    let ask = &Patience::new(ask, WaitLimits::SCOPE);
    let mut listing = Listing::default();
    each(ListNews::Progress(ListProgress::default()));
    let found = projects_up_to(ask, scope, search_from, &mut listing.unreadable).await?;
    if !found.more && found.projects.len() <= search_from {
        let single = matches!(scope, Scope::Project(_));
        walk(ask, (found.projects, single), None, &mut listing, each).await?;
        listing.unreadable.sort();
        return Ok(listing);
    }
    let mut searched = search::accounts(ask, scope, each).await?;
    // What one organization's search found does not stand in a list of which it is said that each was asked.
    if searched.refused.is_some() {
        searched.projects.clear();
        searched.count = 0;
    }
    listing.accounts = searched.accounts;
    listing.projects = searched.count;
    listing.way = match searched.refused {
        None => ListWay::Search,
        Some(why) => ListWay::InsteadOfSearch(why),
    };
    let known = if found.more && listing.way != ListWay::Search {
        listing.unreadable.clear();
        list_projects(ask, scope, &mut listing.unreadable).await?
    } else {
        found.projects
    };
    let mut rest = known;
    rest.retain(|project| {
        let names = [project.project_id.as_str(), project.name.as_str()];
        !names.iter().any(|name| searched.projects.contains(*name))
    });
    walk(
        ask,
        (rest, false),
        Some(&searched.shown),
        &mut listing,
        each,
    )
    .await?;
    listing.unreadable.sort();
    Ok(listing)
}

/// Asks each project for its accounts; those that were `shown` already are not given again.
async fn walk(
    ask: &dyn Ask,
    (projects, single): (Vec<Project>, bool),
    shown: Option<&HashSet<String>>,
    listing: &mut Listing,
    each: &mut (dyn FnMut(ListNews) + Send),
) -> Result<(), ApiError> {
    let before = listing.projects;
    listing.projects += projects.len();
    let mut progress = ListProgress {
        way: listing.way.clone(),
        projects: Some(listing.projects),
        asked: before,
    };
    each(ListNews::Progress(progress.clone()));
    let mut pages = stream::iter(projects)
        .map(|project| {
            let pages = iam::account_pages(ask, &project.project_id).map(Some);
            let pages = pages.chain(stream::iter([None]));
            pages.map(move |page| (project.project_id.clone(), page))
        })
        .flatten_unordered(AT_ONCE);
    while let Some((project, page)) = pages.next().await {
        match page {
            Some(Ok(mut accounts)) => {
                if let Some(shown) = shown {
                    accounts.retain(|account| !shown.contains(&account.email.to_lowercase()));
                }
                listing.accounts += accounts.len();
                each(ListNews::Accounts(accounts));
            }
            Some(Err(error)) if error.is_signed_out() || single => return Err(error),
            Some(Err(error)) => listing
                .unreadable
                .push((format!("projects/{project}"), error.why())),
            None => {
                progress.asked += 1;
                each(ListNews::Progress(progress.clone()));
            }
        }
    }
    Ok(())
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
    let all = projects_up_to(ask, scope, usize::MAX, unreadable).await?;
    Ok(all.projects)
}

/// Projects that were found.
struct ProjectsFound {
    projects: Vec<Project>,
    /// Whether there were enough of them before all were looked for.
    more: bool,
}

/// As [`list_projects`]; folders are not looked into any more once there are more than `enough` projects.
async fn projects_up_to(
    ask: &dyn Ask,
    scope: &Scope,
    enough: usize,
    unreadable: &mut Vec<(String, String)>,
) -> Result<ProjectsFound, ApiError> {
    let all = |projects| ProjectsFound {
        projects,
        more: false,
    };
    let top = match scope {
        Scope::Project(id) => {
            return Ok(all(vec![Project {
                name: format!("projects/{id}"),
                project_id: id.clone(),
                ..Project::default()
            }]));
        }
        Scope::Everything => return resource_manager::search_projects(ask).await.map(all),
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
            if projects.len() > enough {
                return Ok(ProjectsFound {
                    projects,
                    more: true,
                });
            }
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
    Ok(all(projects))
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
