//! What [`list_accounts`](super::list_accounts) finds of an estate that is at hand: a file that this process read itself
//! is not read back over HTTP, page by page.

use std::collections::HashSet;

use super::{ListNews, ListProgress, ListWay, Listing};
use crate::estate::Estate;

/// So many accounts are told of at once (chosen).
const PAGE: usize = 2_000;

/// Lists the accounts of an estate, all of which whoever looks may see, as each of its projects would; `each` is
/// given every page as it is made. `None`: it is no longer `wished`.
#[must_use]
pub fn list_at_hand(
    estate: &Estate,
    wished: &dyn Fn() -> bool,
    each: &mut dyn FnMut(ListNews),
) -> Option<Listing> {
    let there: HashSet<&str> = estate
        .projects()
        .filter(|project| !project.is_shut_down())
        .map(|project| project.project_id.as_str())
        .collect();
    let unread: Vec<(&str, &str)> = estate
        .unreadable()
        .filter_map(|(name, why)| {
            let id = name.strip_prefix("projects/")?;
            let id = id.strip_suffix("/serviceAccounts")?;
            there.contains(id).then_some((id, why))
        })
        .collect();
    let hidden: HashSet<&str> = unread.iter().map(|(id, _)| *id).collect();
    let mut listing = Listing {
        projects: there.len(),
        accounts: 0,
        unreadable: unread
            .iter()
            .map(|(id, why)| (format!("projects/{id}"), (*why).to_owned()))
            .collect(),
        way: if estate.is_part() {
            ListWay::Part
        } else {
            ListWay::Projects
        },
    };
    listing.unreadable.sort();
    each(ListNews::Progress(ListProgress {
        projects: Some(listing.projects),
        ..ListProgress::default()
    }));
    let mut page = Vec::with_capacity(PAGE);
    for account in estate.accounts() {
        let project = estate.project_id_of(account);
        if !there.contains(project) || hidden.contains(project) {
            continue;
        }
        let mut account = (**account).clone();
        project.clone_into(&mut account.project_id);
        page.push(account);
        listing.accounts += 1;
        if page.len() == PAGE {
            if !wished() {
                return None;
            }
            each(ListNews::Accounts(std::mem::take(&mut page)));
        }
    }
    each(ListNews::Accounts(page));
    Some(listing)
}
