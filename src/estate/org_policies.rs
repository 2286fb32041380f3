//! Organization policies of an estate: as they are set on each level, and what Google says that
//! comes of them on a resource.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Estate, Read};
use crate::iam::{OrgPolicy, Resource, org_policy};

impl Estate {
    /// The policy of a constraint that is set on a project, folder or organization itself (canonical
    /// name).
    #[must_use]
    pub fn org_policy(&self, on: &Resource, constraint: &str) -> Read<Option<&Arc<OrgPolicy>>> {
        if let Some(why) = self.why_no_org_policies(on) {
            return Read::Unreadable(why);
        }
        match self.org_policies.get(on).and_then(|c| c.get(constraint)) {
            Some(policy) => Read::Known(policy.as_ref()),
            None if self.is_told_of(on) => Read::Known(None),
            None => Read::Unreadable(self.not_fetched()),
        }
    }

    /// Every organization policy that is known of a resource (canonical name), by constraint, whether
    /// the viewer may read them or not.
    pub fn org_policies_on(&self, on: &Resource) -> impl Iterator<Item = &Arc<OrgPolicy>> {
        let set = self.org_policies.get(on);
        set.into_iter().flat_map(BTreeMap::values).flatten()
    }

    /// Whether every organization policy set on a resource (canonical name) is known.
    #[must_use]
    pub fn knows_org_policies(&self, on: &Resource) -> bool {
        self.is_told_of(on) && self.why_no_org_policies(on).is_none()
    }

    /// Every organization policy that is known, by where it is set.
    pub fn org_policies(&self) -> impl Iterator<Item = &Arc<OrgPolicy>> {
        let all = self.org_policies.values();
        all.flat_map(BTreeMap::values).flatten()
    }

    /// What comes of a constraint's policies on a resource (canonical name), as Google said.
    #[must_use]
    pub fn effective_org_policy(&self, on: &Resource, constraint: &str) -> Option<&Arc<OrgPolicy>> {
        self.effective_org_policies.get(on)?.get(constraint)
    }

    /// Adds or replaces an organization policy where its name says; `false` when the name says nothing.
    pub fn put_org_policy(&mut self, policy: OrgPolicy) -> bool {
        let Some((on, constraint)) = org_policy::split(&policy.name) else {
            return false;
        };
        let on = self.resolve(&on).exists().unwrap_or(on);
        let constraint: Arc<str> = constraint.into();
        Arc::make_mut(&mut self.org_policies)
            .entry(on)
            .or_default()
            .insert(constraint, Some(Arc::new(policy)));
        true
    }

    /// Says that a constraint was looked for on a resource (canonical name) and is not set there.
    pub fn put_no_org_policy(&mut self, on: Resource, constraint: &str) {
        Arc::make_mut(&mut self.org_policies)
            .entry(on)
            .or_default()
            .insert(constraint.into(), None);
    }

    /// Takes an organization policy away from a resource (canonical name).
    pub fn remove_org_policy(&mut self, on: &Resource, constraint: &str) {
        if let Some(set) = Arc::make_mut(&mut self.org_policies).get_mut(on) {
            set.remove(constraint);
        }
    }

    /// Keeps what Google says that comes of a constraint's policies on a resource (canonical name).
    pub fn put_effective_org_policy(&mut self, on: Resource, constraint: &str, policy: OrgPolicy) {
        Arc::make_mut(&mut self.effective_org_policies)
            .entry(on)
            .or_default()
            .insert(constraint.into(), Arc::new(policy));
    }

    /// Nothing is kept any more of what Google says that comes of a constraint's policies.
    pub fn forget_effective_org_policies(&mut self, constraint: &str) {
        for said in Arc::make_mut(&mut self.effective_org_policies).values_mut() {
            said.remove(constraint);
        }
    }

    /// Why the organization policies set on a resource may not be read, when they may not. A project
    /// may stand under its id or its number.
    pub(crate) fn why_no_org_policies(&self, on: &Resource) -> Option<Arc<str>> {
        if self.unreadable.is_empty() {
            return None;
        }
        let by_number = match on {
            Resource::Project(p) => self.project(p).map(|p| Resource::project(p.number())),
            _ => None,
        };
        self.why_unreadable(&org_policy::collection(on))
            .or_else(|| self.why_unreadable(&org_policy::collection(&by_number?)))
    }
}
