//! The Resource Manager API (discovery documents cloudresourcemanager v3, and v1 for `getAncestry`):
//! projects, folders, organizations, and the tags on them.

use serde_json::{Value, json};

use super::{get_as, list_as, those_shaped};
use crate::estate::{Folder, Organization, Project, Tag};
use crate::iam::Resource;
use crate::wire::{Api, ApiError, Ask, all_pages, encode, path_of};

const API: Api = Api::ResourceManager;

/// Folders nest ten deep; with organization and project this is more than enough.
const DEEPEST: usize = 16;

/// A project, by id or number (`projects.get`).
///
/// # Errors
/// As the client reports them.
pub async fn project(ask: &dyn Ask, project: &str) -> Result<Project, ApiError> {
    get_as(ask, API, &format!("v3/projects/{}", encode(project))).await
}

/// A folder (`folders.get`).
///
/// # Errors
/// As the client reports them.
pub async fn folder(ask: &dyn Ask, folder: &Resource) -> Result<Folder, ApiError> {
    get_as(ask, API, &format!("v3/{}", path_of(folder))).await
}

/// An organization (`organizations.get`).
///
/// # Errors
/// As the client reports them.
pub async fn organization(
    ask: &dyn Ask,
    organization: &Resource,
) -> Result<Organization, ApiError> {
    get_as(ask, API, &format!("v3/{}", path_of(organization))).await
}

/// The levels from a project up, the project itself first (v1 `projects.getAncestry`,
/// `GetAncestryResponse.ancestor`).
///
/// # Errors
/// As the client reports them.
pub async fn ancestry(ask: &dyn Ask, project: &str) -> Result<Vec<Resource>, ApiError> {
    let path = format!("v1/projects/{}:getAncestry", encode(project));
    let answer = ask.ask(API, &path, &json!({})).await?;
    Ok(ancestors(&answer))
}

/// Reads `GetAncestryResponse`: `{"ancestor": [{"resourceId": {"type": "project", "id": "p"}}, …]}`.
/// A level of a kind that is not known here ends the way up.
fn ancestors(answer: &Value) -> Vec<Resource> {
    let list = answer.get("ancestor").and_then(Value::as_array);
    list.into_iter()
        .flatten()
        .map_while(|entry| {
            let of = entry.get("resourceId")?;
            let id = of.get("id")?.as_str()?;
            let plural = match of.get("type")?.as_str()? {
                "project" => "projects",
                "folder" => "folders",
                "organization" => "organizations",
                _ => return None,
            };
            Resource::parse(&format!("{plural}/{id}")).ok()
        })
        .take(DEEPEST)
        .collect()
}

/// Every active project that can be found (`projects.search`); what is not understood is left out.
///
/// # Errors
/// As the client reports them.
pub async fn search_projects(ask: &dyn Ask) -> Result<Vec<Project>, ApiError> {
    let path = "v3/projects:search?pageSize=500";
    Ok(active(all_pages(ask, API, path, "projects").await?))
}

/// The active projects right below a parent, `folders/N` or `organizations/N` (`projects.list`).
///
/// # Errors
/// As the client reports them.
pub async fn projects_below(ask: &dyn Ask, parent: &str) -> Result<Vec<Project>, ApiError> {
    let path = format!("v3/projects?parent={}&pageSize=300", encode(parent));
    Ok(active(all_pages(ask, API, &path, "projects").await?))
}

/// The names of the folders right below a parent (`folders.list`).
///
/// # Errors
/// As the client reports them.
pub async fn folders_below(ask: &dyn Ask, parent: &str) -> Result<Vec<String>, ApiError> {
    let path = format!("v3/folders?parent={}&pageSize=300", encode(parent));
    let found = all_pages(ask, API, &path, "folders").await?;
    let names = found.iter().filter_map(|f| f.get("name")?.as_str());
    Ok(names.map(str::to_owned).collect())
}

/// What is not active has no accounts to show; what is not understood is left out.
fn active(found: Vec<Value>) -> Vec<Project> {
    let mut projects: Vec<Project> = those_shaped(found);
    projects.retain(|p| (p.state.is_empty() || p.state == "ACTIVE") && !p.project_id.is_empty());
    projects
}

/// The names of the organizations that the viewer can find (`organizations.search`).
///
/// # Errors
/// As the client reports them.
pub async fn organization_names(ask: &dyn Ask) -> Result<Vec<String>, ApiError> {
    let found = all_pages(ask, API, "v3/organizations:search", "organizations").await?;
    let names = found.iter().filter_map(|o| o.get("name")?.as_str());
    Ok(names.map(str::to_owned).collect())
}

/// The organizations that have a domain (`organizations.search`, `query`: "Query `domain:google.com`
/// returns Organization resources corresponding to the domain"). It finds what the viewer may see only:
/// nothing found is nothing known.
///
/// # Errors
/// As the client reports them.
pub async fn organizations_of(ask: &dyn Ask, domain: &str) -> Result<Vec<Organization>, ApiError> {
    let query = encode(&format!("domain:{domain}"));
    let path = format!("v3/organizations:search?query={query}");
    list_as(ask, API, &path, "organizations").await
}

/// A tag as it counts at a resource.
#[derive(Clone, Debug)]
pub struct TagInForce {
    /// The tag.
    pub tag: Tag,
    /// Whether it is bound above the resource.
    pub inherited: bool,
}

/// The tags of a resource and of what is above it (`effectiveTags.list`), by its full name as tags have it.
///
/// # Errors
/// As the client reports them.
pub async fn effective_tags(ask: &dyn Ask, full_name: &str) -> Result<Vec<TagInForce>, ApiError> {
    let parent = encode(full_name);
    let path = format!("v3/effectiveTags?parent={parent}&pageSize=300");
    let all = all_pages(ask, API, &path, "effectiveTags").await?;
    let tags = all.into_iter().filter_map(|value| {
        let inherited = value.get("inherited").and_then(Value::as_bool) == Some(true);
        let tag = serde_json::from_value(value).ok()?;
        Some(TagInForce { tag, inherited })
    });
    Ok(tags.collect())
}
