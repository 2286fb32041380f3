//! What is put into an estate and taken out of it, kind by kind.

use std::sync::Arc;

use super::index::GroupMembers;
use super::{
    Estate, Group, IdentityPool, KeysByAccount, PolicyInsight, Provider, ServiceAccountKey, Tag,
};
use crate::iam::{BoundaryPolicy, DenyPolicy, PolicyBinding, Resource, Role};

impl Estate {
    /// Remembers that a role asked for is not there.
    pub fn put_missing_role(&mut self, name: &str) {
        Arc::make_mut(&mut self.missing_roles).insert(name.to_owned());
    }

    /// Remembers that there is no such pool.
    pub fn put_missing_pool(&mut self, pool: &str) {
        let name = self.with_number(pool);
        Arc::make_mut(&mut self.missing_pools).insert(name);
    }

    /// Adds or replaces custom roles.
    pub fn put_role(&mut self, role: Role) {
        Arc::make_mut(&mut self.roles).insert(role.name.as_str().into(), Arc::new(role));
    }

    /// Adds or replaces a group.
    pub fn put_group(&mut self, group: &Group) {
        let members = GroupMembers::new(group);
        let email = Arc::clone(&members.email);
        self.groups.insert(email, Arc::new(members));
    }

    /// Adds a deny policy to where its name says; `false` when the name says nothing.
    pub fn put_deny_policy(&mut self, policy: DenyPolicy) -> bool {
        let Some(point) = policy.attachment_point() else {
            return false;
        };
        let point = self.resolve(&point).exists().unwrap_or(point);
        let list = Arc::make_mut(&mut self.deny).entry(point).or_default();
        list.retain(|p| p.name != policy.name);
        list.push(Arc::new(policy));
        true
    }

    /// Takes a deny policy away from a resource (canonical name); the others stay.
    pub fn remove_deny_policy(&mut self, resource: &Resource, name: &str) {
        if let Some(list) = Arc::make_mut(&mut self.deny).get_mut(resource) {
            list.retain(|p| p.name != name);
        }
    }

    /// Says that the deny policies of a resource were read (perhaps there are none).
    pub fn put_deny_read(&mut self, resource: Resource) {
        Arc::make_mut(&mut self.deny).entry(resource).or_default();
    }

    /// Adds or replaces a boundary policy.
    pub fn put_boundary(&mut self, policy: BoundaryPolicy) {
        Arc::make_mut(&mut self.boundaries).insert(policy.name.as_str().into(), Arc::new(policy));
    }

    /// Takes a boundary policy away; what is bound to it stays.
    pub fn remove_boundary(&mut self, name: &str) {
        Arc::make_mut(&mut self.boundaries).remove(name);
    }

    /// Adds or replaces a policy binding.
    pub fn put_policy_binding(&mut self, binding: PolicyBinding) {
        let collection = binding
            .name
            .rsplit_once('/')
            .map_or(&*binding.name, |(c, _)| c);
        let list = Arc::make_mut(&mut self.policy_bindings)
            .entry(collection.into())
            .or_default();
        list.retain(|b| b.name != binding.name);
        list.push(Arc::new(binding));
    }

    /// Takes a policy binding away; the list that it was in stays, perhaps empty.
    pub fn remove_policy_binding(&mut self, name: &str) {
        let collection = name.rsplit_once('/').map_or(name, |(c, _)| c);
        if let Some(list) = Arc::make_mut(&mut self.policy_bindings).get_mut(collection) {
            list.retain(|b| b.name != name);
        }
    }

    /// Says that the policy bindings at `parent` (`organizations/1`) were read.
    pub fn put_policy_bindings_read(&mut self, parent: &Resource) {
        let name = format!("{}/locations/global/policyBindings", parent.relative());
        Arc::make_mut(&mut self.policy_bindings)
            .entry(name.as_str().into())
            .or_default();
    }

    /// Sets the tags bound to a resource itself.
    pub fn put_tags(&mut self, resource: Resource, tags: Vec<Tag>) {
        Arc::make_mut(&mut self.tags).insert(resource, tags);
    }

    /// Sets which services a project (id) has enabled.
    pub fn put_services(&mut self, project_id: &str, enabled: impl IntoIterator<Item = String>) {
        Arc::make_mut(&mut self.services).insert(project_id.into(), enabled.into_iter().collect());
    }

    /// Sets the keys of an account (e-mail): all that it has.
    pub fn put_keys(&mut self, email: &str, keys: Vec<ServiceAccountKey>) {
        Arc::make_mut(&mut self.keys).insert(email.to_lowercase().into(), keys);
    }

    /// Sets the keys of all accounts, as another estate has them.
    pub fn put_all_keys(&mut self, keys: &KeysByAccount) {
        if !keys.is_empty() {
            self.keys = Arc::clone(keys);
        }
    }

    /// Sets what Google saw of the use of roles, as another estate has it.
    pub fn put_all_insights(&mut self, insights: &Arc<Vec<PolicyInsight>>) {
        self.insights = Arc::clone(insights);
    }

    /// Sets what Google saw of the use of roles.
    pub fn put_insights(&mut self, mut insights: Vec<PolicyInsight>) {
        insights.sort_by(|a, b| a.name.cmp(&b.name));
        self.insights = Arc::new(insights);
    }

    /// Adds or replaces an identity pool.
    pub fn put_pool(&mut self, pool: IdentityPool) {
        Arc::make_mut(&mut self.pools).insert(pool.name.as_str().into(), Arc::new(pool));
    }

    /// Adds or replaces an identity pool provider.
    pub fn put_provider(&mut self, provider: Provider) {
        Arc::make_mut(&mut self.providers)
            .insert(provider.name.as_str().into(), Arc::new(provider));
    }

    /// Remembers which organizations (`organizations/N`, put in beside) have the domain, or why that is not
    /// known.
    pub fn put_domain(&mut self, domain: &str, found: Result<&[Resource], &str>) {
        let found = found
            .map(|list| list.iter().map(|o| o.id().into()).collect())
            .map_err(Arc::from);
        Arc::make_mut(&mut self.domains).insert(domain.to_owned(), found);
    }
}
