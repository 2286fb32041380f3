//! The accounts of many projects by Asset search.

use std::collections::{HashMap, HashSet};

use futures::StreamExt;

use super::{ListNews, ListProgress, ListWay, Scope};
use crate::google::api::{cloud_asset, resource_manager};
use crate::wire::{ApiError, Ask};

/// What searches came to.
#[derive(Default)]
pub(super) struct SearchedAccounts {
    /// Active projects whose accounts were searched to the end, each by its id and as `projects/NUMBER`.
    pub projects: HashSet<String>,
    /// How many there are.
    pub count: usize,
    /// Accounts that were given on.
    pub accounts: usize,
    /// Their addresses in lower case, where a search did not come to its end.
    pub shown: HashSet<String>,
    /// Why not everything in scope was searched.
    pub refused: Option<String>,
}

/// Searches a scope, or every organization that can be found; pages go to `each`.
///
/// # Errors
/// When signed out.
pub(super) async fn accounts(
    ask: &dyn Ask,
    scope: &Scope,
    each: &mut (dyn FnMut(ListNews) + Send),
) -> Result<SearchedAccounts, ApiError> {
    let mut searched = SearchedAccounts::default();
    each(ListNews::Progress(ListProgress {
        way: ListWay::Search,
        ..ListProgress::default()
    }));
    let tops = match scope {
        Scope::Everything => match resource_manager::organization_names(ask).await {
            Ok(names) => names,
            Err(error) if error.is_signed_out() => return Err(error),
            Err(error) => {
                searched.refused = Some(error.why());
                return Ok(searched);
            }
        },
        _ => vec![scope.name()],
    };
    if tops.is_empty() {
        searched.refused = Some("no organization to search in can be seen".to_owned());
    }
    for top in tops {
        match one(ask, &top, &mut searched, each).await {
            Ok(active) => {
                searched.count += active.len();
                let names = active.into_iter().flat_map(|(name, id)| [name, id]);
                searched
                    .projects
                    .extend(names.filter(|name| !name.is_empty()));
            }
            Err(error) if error.is_signed_out() => return Err(error),
            Err(error) => searched.refused = Some(error.why()),
        }
    }
    if searched.refused.is_none() {
        searched.shown = HashSet::new();
    }
    Ok(searched)
}

/// Searches one folder or organization; gives `projects/NUMBER` and id of its active projects.
async fn one(
    ask: &dyn Ask,
    top: &str,
    searched: &mut SearchedAccounts,
    each: &mut (dyn FnMut(ListNews) + Send),
) -> Result<Vec<(String, String)>, ApiError> {
    // By `projects/NUMBER`.
    let mut known: HashMap<String, (String, bool)> = HashMap::new();
    let mut pages = cloud_asset::projects(ask, top);
    while let Some(page) = pages.next().await {
        known.extend(page?.into_iter().map(|p| (p.name, (p.id, p.active))));
    }
    let count = known.values().filter(|(_, active)| *active).count();
    each(ListNews::Progress(ListProgress {
        way: ListWay::Search,
        projects: Some(count),
        asked: 0,
    }));
    let mut pages = cloud_asset::accounts(ask, top);
    while let Some(page) = pages.next().await {
        let mut accounts = Vec::new();
        for found in page? {
            let mut account = found.account;
            match known.get(&found.project) {
                // What is not active has no accounts to show.
                Some((_, false)) => continue,
                Some((id, true)) if !id.is_empty() => {
                    account.project_id.clone_from(id);
                    account.name = format!("projects/{id}/serviceAccounts/{}", account.email);
                }
                _ => {}
            }
            if searched.shown.insert(account.email.to_lowercase()) {
                accounts.push(account);
            }
        }
        searched.accounts += accounts.len();
        each(ListNews::Accounts(accounts));
    }
    let active = known.into_iter().filter(|(_, (_, active))| *active);
    Ok(active.map(|(name, (id, _))| (name, id)).collect())
}
