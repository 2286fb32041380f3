//! What of an estate does not stand in tables: kinds of which there are few, as one JSON object.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::estate::{
    Assumption, Estate, Folder, IdentityPool, Organization, PolicyInsight, Provider,
    ServiceAccount, ServiceAccountKey, Tag,
};
use crate::iam::{BoundaryPolicy, DenyPolicy, OrgPolicy, PolicyBinding, Resource, Role};

/// It, each list in the order of its names.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Rest {
    organizations: Vec<Organization>,
    folders: Vec<Folder>,
    deleted_accounts: Vec<Arc<ServiceAccount>>,
    keys: BTreeMap<Arc<str>, Vec<ServiceAccountKey>>,
    insights: Vec<PolicyInsight>,
    /// By the full names of resources, as all that stand on such.
    deny: BTreeMap<String, Vec<Arc<DenyPolicy>>>,
    boundaries: Vec<Arc<BoundaryPolicy>>,
    /// By their collections.
    policy_bindings: BTreeMap<Arc<str>, Vec<Arc<PolicyBinding>>>,
    org_policies: BTreeMap<String, BTreeMap<Arc<str>, Arc<OrgPolicy>>>,
    roles: BTreeMap<Arc<str>, Arc<Role>>,
    tags: BTreeMap<String, Vec<Tag>>,
    services: BTreeMap<Arc<str>, Vec<String>>,
    pools: Vec<Arc<IdentityPool>>,
    providers: Vec<Arc<Provider>>,
    /// With the place of the reason among those.
    unreadable: Vec<(String, usize)>,
    why: Vec<Arc<str>>,
    assumptions: Vec<String>,
}

impl Rest {
    /// What of an estate that was read of files is not in tables.
    pub fn of(estate: &Estate) -> Self {
        let mut why: Vec<Arc<str>> = estate.unreadable.values().cloned().collect();
        why.sort_unstable();
        why.dedup();
        let place = |one: &Arc<str>| why.binary_search(one).unwrap_or_default();
        let unreadable = estate.unreadable.iter();
        let set = estate.org_policies.iter().map(|(on, set)| {
            let set = set.iter().filter_map(|(constraint, policy)| {
                Some((Arc::clone(constraint), Arc::clone(policy.as_ref()?)))
            });
            (on.full_name(), set.collect())
        });
        let named = |resource: &Resource| resource.full_name();
        Self {
            organizations: estate.organizations().cloned().collect(),
            folders: estate.folders().cloned().collect(),
            deleted_accounts: estate.deleted_accounts().cloned().collect(),
            keys: BTreeMap::clone(&estate.keys),
            insights: estate.insights().cloned().collect(),
            deny: estate
                .deny
                .iter()
                .map(|(on, all)| (named(on), all.clone()))
                .collect(),
            boundaries: estate.boundaries().cloned().collect(),
            policy_bindings: BTreeMap::clone(&estate.policy_bindings),
            org_policies: set.collect(),
            roles: estate
                .roles
                .iter()
                .map(|(name, role)| (Arc::clone(name), Arc::clone(role)))
                .collect(),
            tags: estate
                .tags
                .iter()
                .map(|(on, tags)| (named(on), tags.clone()))
                .collect(),
            services: estate
                .services
                .iter()
                .map(|(id, on)| (Arc::clone(id), on.iter().cloned().collect()))
                .collect(),
            pools: estate.pools().cloned().collect(),
            providers: estate.providers().cloned().collect(),
            unreadable: unreadable
                .map(|(name, why)| (name.clone(), place(why)))
                .collect(),
            assumptions: estate.assumptions().map(|a| a.name().to_owned()).collect(),
            why,
        }
    }

    /// Puts it into an estate that has none of it; `None`: it is not as it was written.
    pub fn put(self, estate: &mut Estate) -> Option<()> {
        let on = |name: &str| Resource::parse(name).ok();
        for it in self.organizations {
            estate.put_organization(it);
        }
        for it in self.folders {
            estate.put_folder(it);
        }
        for account in self.deleted_accounts {
            estate.put_deleted(Arc::unwrap_or_clone(account));
        }
        estate.keys = Arc::new(self.keys);
        estate.insights = Arc::new(self.insights);
        let deny = self
            .deny
            .into_iter()
            .map(|(name, all)| Some((on(&name)?, all)));
        estate.deny = Arc::new(deny.collect::<Option<_>>()?);
        for it in self.boundaries {
            estate.put_boundary(Arc::unwrap_or_clone(it));
        }
        estate.policy_bindings = Arc::new(self.policy_bindings);
        let set = self.org_policies.into_iter().map(|(name, set)| {
            let set = set
                .into_iter()
                .map(|(constraint, one)| (constraint, Some(one)));
            Some((on(&name)?, set.collect()))
        });
        estate.org_policies = Arc::new(set.collect::<Option<_>>()?);
        estate.roles = Arc::new(self.roles.into_iter().collect());
        let tags = self
            .tags
            .into_iter()
            .map(|(name, tags)| Some((on(&name)?, tags)));
        estate.tags = Arc::new(tags.collect::<Option<_>>()?);
        let services = self.services.into_iter();
        estate.services = Arc::new(
            services
                .map(|(id, on)| (id, on.into_iter().collect()))
                .collect(),
        );
        for it in self.pools {
            estate.put_pool(Arc::unwrap_or_clone(it));
        }
        for it in self.providers {
            estate.put_provider(Arc::unwrap_or_clone(it));
        }
        let unreadable = self.unreadable.into_iter();
        let unreadable = unreadable.map(|(name, at)| Some((name, Arc::clone(self.why.get(at)?))));
        estate.unreadable = Arc::new(unreadable.collect::<Option<_>>()?);
        for name in self.assumptions {
            let known = Assumption::ALL.into_iter().find(|a| a.name() == name);
            estate.assume(known?);
        }
        Some(())
    }
}
