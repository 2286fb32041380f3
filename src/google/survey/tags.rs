//! The tags that conditions look at.

use std::collections::{BTreeMap, BTreeSet};

use super::{Surveyor, side_by_side};
use crate::estate::{Estate, Existence, Read, Tag};
use crate::evaluate::{Question, looks_at_tags};
use crate::google::api::resource_manager::{TagInForce, effective_tags};
use crate::iam::Resource;
use crate::wire::ApiError;

/// What `effectiveTags` gave for each level; `None` where it may not be read.
type Effective = BTreeMap<Resource, Option<Vec<TagInForce>>>;

impl Surveyor<'_> {
    /// The tags of the accounts and of what is above them, when some condition looks at tags; whether one does.
    pub(super) async fn tags(&self, question: &Question) -> Result<bool, ApiError> {
        let asked = question.via.iter().chain([&question.target]);
        let accounts: Vec<Resource> = self.known.with(|estate| {
            asked
                .filter_map(|account| match estate.resolve(account) {
                    Existence::Exists(found) => Some(found),
                    _ => None,
                })
                .collect()
        });
        self.tags_of(&accounts).await
    }

    /// The tags of these accounts and of what is above them, when some condition looks at tags; whether one does.
    pub(super) async fn tags_of(&self, accounts: &[Resource]) -> Result<bool, ApiError> {
        let names: BTreeMap<Resource, String> = self.known.with(|estate| {
            if !some_condition_looks_at_tags(estate) {
                return BTreeMap::new();
            }
            let levels = accounts.iter().flat_map(|a| estate.ancestry(a).levels);
            levels
                .map(|level| {
                    let name = tag_name(estate, &level);
                    (level, name)
                })
                .collect()
        });
        if names.is_empty() {
            return Ok(false);
        }
        let tasks = names.iter().map(|(level, name)| async move {
            let label = format!("tags of {}", level.relative());
            let read = self.watch(&label, effective_tags(self.ask, name)).await?;
            Ok::<_, ApiError>((level.clone(), read.ok()))
        });
        let read: Effective = side_by_side(tasks).await?.into_iter().collect();
        self.known.put(|estate| {
            accounts
                .iter()
                .for_each(|account| keep_tags(estate, account, &read));
        });
        Ok(true)
    }
}

/// Puts what was read of an account and of what is above it into the estate.
fn keep_tags(estate: &mut Estate, account: &Resource, read: &Effective) {
    let levels = estate.ancestry(account).levels;
    let of = |level: &Resource| read.get(level).and_then(Option::as_ref);
    let every = levels.iter().all(|level| of(level).is_some());
    match of(account) {
        // Some level above would not say, but the account's own list holds what it inherits.
        Some(list) if !every => {
            for level in levels.iter().skip(1) {
                let own = of(level).map(|l| tags(l, true)).unwrap_or_default();
                estate.put_tags(level.clone(), own);
            }
            estate.put_tags(account.clone(), tags(list, false));
        }
        _ => {
            for level in levels {
                if let Some(list) = of(&level) {
                    let own = tags(list, true);
                    estate.put_tags(level, own);
                }
            }
        }
    }
}

/// Google's page "Create and manage tags for service accounts" and gcloud name accounts by
/// project number and unique id where tags are concerned.
fn tag_name(estate: &Estate, level: &Resource) -> String {
    let number = |id: &str| {
        let project = estate.project(id);
        project.map_or_else(|| id.to_owned(), |p| p.number().to_owned())
    };
    match level {
        Resource::Project(id) => Resource::project(&number(id)).full_name(),
        Resource::ServiceAccount { project, account } => {
            let unique = estate.account(account).map(|a| a.unique_id.clone());
            let unique = unique.filter(|u| !u.is_empty());
            let id = unique.unwrap_or_else(|| account.to_string());
            Resource::account(&number(project), &id).full_name()
        }
        other => other.full_name(),
    }
}

/// Whether a condition of an allow policy's binding or of a deny rule hangs on tags; of those that
/// could be read.
fn some_condition_looks_at_tags(estate: &Estate) -> bool {
    let mut levels: BTreeSet<Resource> = BTreeSet::new();
    for (at, policy) in estate.policies() {
        let mut conditions = policy.bindings.iter().filter_map(|b| b.condition.as_ref());
        if conditions.any(|c| looks_at_tags(c)) {
            return true;
        }
        levels.extend(estate.ancestry(at).levels);
    }
    let unreadable = estate
        .unreadable()
        .filter_map(|(n, _)| Resource::parse(n).ok());
    levels.extend(unreadable);
    levels.iter().any(|level| {
        let Read::Known(policies) = estate.deny_policies(level) else {
            return false;
        };
        policies
            .iter()
            .flat_map(|p| &p.rules)
            .filter_map(|r| r.deny_rule.as_ref()?.denial_condition.as_ref())
            .any(|c| looks_at_tags(c))
    })
}

/// The tags of an `effectiveTags` list; those bound at the resource itself only, when `own`.
fn tags(list: &[TagInForce], own: bool) -> Vec<Tag> {
    list.iter()
        .filter(|t| !own || !t.inherited)
        .map(|t| t.tag.clone())
        .collect()
}
