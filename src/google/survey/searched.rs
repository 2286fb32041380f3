//! The allow policies of many accounts by Asset search, in place of a call for each.

use std::collections::HashSet;

use futures::StreamExt;

use super::Surveyor;
use crate::estate::Assumption;
use crate::google::api::{cloud_asset, resource_manager};
use crate::google::listing::Scope;
use crate::iam::{AllowPolicy, Resource};
use crate::wire::ApiError;

impl Surveyor<'_> {
    /// Reads the policies of the accounts that are known, as far as a search finds them; what it is refused is
    /// left to be asked for one by one.
    pub(super) async fn searched_policies(&self, scope: &Scope) -> Result<(), ApiError> {
        let tops = match scope {
            Scope::Project(_) => return Ok(()),
            Scope::Everything => {
                let names = resource_manager::organization_names(self.ask);
                let label = "organizations to search in";
                self.watch(label, names).await?.unwrap_or_default()
            }
            Scope::Folder(_) | Scope::Organization(_) => vec![scope.name()],
        };
        for top in tops {
            let label = format!("policies of the accounts in {top}, by Asset search");
            let searched = self.watch(&label, self.searched_below(&top)).await?;
            if searched.is_ok() {
                self.known
                    .put(|estate| estate.assume(Assumption::AssetSearchIsCurrent));
            }
        }
        Ok(())
    }

    /// The policies below one folder or organization. A known account in there of which none is found has no
    /// binding (`searchAllIamPolicies` finds policies, and an empty one is none).
    async fn searched_below(&self, top: &str) -> Result<(), ApiError> {
        let mut odd: HashSet<Resource> = HashSet::new();
        let mut found: Vec<(Resource, AllowPolicy)> = Vec::new();
        let mut pages = cloud_asset::account_policies(self.ask, top);
        while let Some(page) = pages.next().await {
            for (resource, policy) in page? {
                match policy {
                    Some(policy) => found.push((resource, policy)),
                    None => {
                        odd.insert(resource);
                    }
                }
            }
        }
        // Put in once the search has come to its end: half of it says nothing of the rest.
        self.known.put(|estate| {
            let inside = Resource::parse(top).ok();
            let odd: HashSet<Resource> = odd
                .iter()
                .filter_map(|resource| estate.resolve(resource).exists())
                .collect();
            for (resource, policy) in found {
                if let Some(account) = estate.resolve(&resource).exists()
                    && self.first(&format!("policy {}", account.full_name()))
                {
                    estate.put_policy(account, policy);
                }
            }
            let accounts: Vec<Resource> = estate
                .accounts()
                .map(|a| Resource::account(&a.project_id, &a.email))
                .collect();
            for account in accounts {
                let below = inside
                    .as_ref()
                    .is_some_and(|top| estate.ancestry(&account).levels.contains(top));
                if below
                    && !odd.contains(&account)
                    && self.first(&format!("policy {}", account.full_name()))
                {
                    estate.put_policy(account, AllowPolicy::default());
                }
            }
        });
        Ok(())
    }
}
