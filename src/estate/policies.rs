//! Policies, roles, groups, tags and services of an estate, each with its three-valued read.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::index::GroupMembers;
use super::{Assumption, Coverage, Estate, IdentityPool, Provider, Read, Tag};
use crate::iam::{
    AllowPolicy, BoundaryPolicy, DenyPolicy, PolicyBinding, Resource, ResourceKind, Role, Stage,
    deny, predefined,
};

/// Why a group's members are not there where nothing says that they were refused.
pub const GROUP_NOT_ASKED_FOR: &str = "its members are not known";

/// A role as far as it decides something.
#[derive(Clone, Debug)]
pub enum FoundRole {
    /// From the built-in table.
    Predefined(predefined::PredefinedRole),
    /// Custom, or a predefined one that the estate overrides.
    Given(Arc<Role>),
}

impl FoundRole {
    /// Whether it includes the permission, without regard to its stage.
    #[must_use]
    pub fn includes(&self, permission: &str) -> bool {
        match self {
            Self::Predefined(role) => role.includes(permission),
            Self::Given(role) => role.includes(permission),
        }
    }

    /// Grants nothing although it exists.
    #[must_use]
    pub fn disabled(&self) -> bool {
        matches!(self, Self::Given(role) if role.stage == Stage::Disabled)
    }

    /// Soft-deleted.
    #[must_use]
    pub fn deleted(&self) -> bool {
        matches!(self, Self::Given(role) if role.deleted)
    }

    /// For people.
    #[must_use]
    pub fn title(&self) -> Option<&str> {
        match self {
            Self::Predefined(role) => Some(role.title),
            Self::Given(role) => role.title.as_deref(),
        }
    }
}

impl Estate {
    /// The allow policy of a resource, as its canonical name.
    #[must_use]
    pub fn allow_policy(&self, resource: &Resource) -> Read<Option<&Arc<AllowPolicy>>> {
        if !self.unreadable.is_empty()
            && let Some(why) = self
                .unreadable_names(resource)
                .find_map(|n| self.why_unreadable(&n))
        {
            return Read::Unreadable(why);
        }
        match self.allow.get(resource) {
            Some(policy) => Read::Known(Some(policy)),
            None if self.is_told_of(resource) => Read::Known(None),
            // Nobody can read it, and it grants nothing.
            None if resource.kind() == ResourceKind::ServiceAccount
                && self.is_deleted(resource.id()) =>
            {
                Read::Known(None)
            }
            None => Read::Unreadable(self.not_fetched()),
        }
    }

    /// Whether the allow policy of a resource (canonical name) is known, and all of it.
    #[must_use]
    pub fn knows_policy_whole(&self, resource: &Resource) -> bool {
        !self.partly.contains(resource) && self.allow_policy(resource).is_known()
    }

    /// Whether a part of a resource's allow policy (canonical name) is known.
    #[must_use]
    pub fn gap_of(&self, resource: &Resource) -> bool {
        self.partly.contains(resource)
    }

    /// Resources of whose allow policy a part is known.
    pub fn known_in_part(&self) -> impl Iterator<Item = &Resource> {
        self.partly.iter()
    }

    /// The deny policies attached to a resource.
    #[must_use]
    pub fn deny_policies(&self, resource: &Resource) -> Read<&[Arc<DenyPolicy>]> {
        if !self.unreadable.is_empty() {
            let mut names = vec![deny::collection(resource)];
            if let Resource::Project(p) = resource
                && let Some(project) = self.project(p)
            {
                names.push(deny::collection(&Resource::project(project.number())));
            }
            if let Some(why) = names.iter().find_map(|n| self.why_unreadable(n)) {
                return Read::Unreadable(why);
            }
        }
        match self.deny.get(resource) {
            Some(policies) => Read::Known(policies),
            None if self.is_told_of(resource) => Read::Known(&[]),
            None => Read::Unreadable(self.not_fetched()),
        }
    }

    /// Every list of policy bindings, by its collection's name
    /// (`organizations/1/locations/global/policyBindings`), unreadable ones included.
    pub fn policy_bindings(&self) -> impl Iterator<Item = (String, Read<&[Arc<PolicyBinding>]>)> {
        let unreadable = self
            .unreadable
            .iter()
            .filter(|(name, _)| name.ends_with("/policyBindings"))
            .map(|(name, why)| (name.clone(), Read::Unreadable(Arc::clone(why))));
        let known = self
            .policy_bindings
            .iter()
            .filter(|(name, _)| !self.unreadable.contains_key(&***name))
            .map(|(name, list)| (name.to_string(), Read::Known(list.as_slice())));
        unreadable.chain(known)
    }

    /// The policy bindings at a project, folder or organization (canonical name), whichever of a project's
    /// names their own has.
    #[must_use]
    pub fn policy_bindings_at(&self, parent: &Resource) -> Read<Vec<&Arc<PolicyBinding>>> {
        let mut names = vec![policy_bindings_of(parent)];
        if let Resource::Project(id) = parent
            && let Some(project) = self.project(id)
        {
            let number = policy_bindings_of(&Resource::project(project.number()));
            names.extend((!names.contains(&number)).then_some(number));
        }
        if let Some(why) = names.iter().find_map(|name| self.why_unreadable(name)) {
            return Read::Unreadable(why);
        }
        let lists: Vec<_> = names
            .iter()
            .filter_map(|name| self.policy_bindings.get(name.as_str()))
            .collect();
        if lists.is_empty() && !self.is_told_of(parent) {
            return Read::Unreadable(self.not_fetched());
        }
        Read::Known(lists.into_iter().flatten().collect())
    }

    /// The organization of a workforce pool, where it is known: its `parent` (iam v1, `WorkforcePool`),
    /// else that of a policy binding to it, which is bound at "the organization that contains the workforce
    /// identity pool" (doc "Principal access boundary policies", Supported principal sets).
    #[must_use]
    pub fn workforce_organization(&self, pool: &str) -> Option<Resource> {
        let organization = |name: &str| {
            let parent = Resource::parse(name).ok();
            parent.filter(|r| matches!(r, Resource::Organization(_)))
        };
        let name = format!("locations/global/workforcePools/{pool}");
        let parent = self
            .pools
            .get(name.as_str())
            .and_then(|known| organization(known.extra.get("parent")?.as_str()?));
        parent.or_else(|| {
            let set = format!("//iam.googleapis.com/{name}");
            let binds = |b: &Arc<PolicyBinding>| b.target.principal_set.as_ref() == Some(&set);
            let mut lists = self.policy_bindings.iter();
            let (collection, _) = lists.find(|(_, list)| list.iter().any(binds))?;
            organization(collection.split_once("/locations/")?.0)
        })
    }

    /// Whether there is any deny rule or boundary, or anything of either that was not read.
    #[must_use]
    pub fn has_rules(&self) -> bool {
        self.deny.values().any(|list| !list.is_empty())
            || self
                .policy_bindings()
                .any(|(_, list)| list.known().is_none_or(|list| !list.is_empty()))
            || self
                .unreadable
                .keys()
                .any(|name| name.ends_with("/denypolicies"))
    }

    /// Every principal access boundary policy that is known, bound or not, by name.
    pub fn boundaries(&self) -> impl Iterator<Item = &Arc<BoundaryPolicy>> {
        self.boundaries.values()
    }

    /// A principal access boundary policy by name.
    #[must_use]
    pub fn boundary(&self, name: &str) -> Read<Option<&Arc<BoundaryPolicy>>> {
        if let Some(why) = self.why_unreadable(name) {
            return Read::Unreadable(why);
        }
        match self.boundaries.get(name) {
            Some(policy) => Read::Known(Some(policy)),
            None => Read::Unreadable("it is bound, and could not be read".into()),
        }
    }

    /// A role by name. What neither the estate nor the built-in table knows is not readable.
    #[must_use]
    pub fn role(&self, name: &str) -> Read<FoundRole> {
        if let Some(why) = self.why_unreadable(name) {
            return Read::Unreadable(why);
        }
        if let Some(role) = self.roles.get(name) {
            return Read::Known(FoundRole::Given(Arc::clone(role)));
        }
        match predefined::role(name) {
            Some(role) => Read::Known(FoundRole::Predefined(role)),
            None => Read::Unreadable("no such role is known here".into()),
        }
    }

    /// Whether a role was asked for and is not there.
    #[must_use]
    pub fn is_missing_role(&self, name: &str) -> bool {
        self.missing_roles.contains(name)
    }

    /// Custom roles and overrides that the estate holds.
    pub fn roles(&self) -> impl Iterator<Item = &Arc<Role>> {
        self.roles.values()
    }

    /// A group's members, by its e-mail in lower case.
    #[must_use]
    pub fn group(&self, email: &str) -> Read<&Arc<GroupMembers>> {
        if !self.unreadable.is_empty()
            && let Some(why) = self.why_unreadable(&format!("groups/{email}"))
        {
            return Read::Unreadable(why);
        }
        match self.groups.get(email) {
            Some(group) => Read::Known(group),
            None => Read::Unreadable(GROUP_NOT_ASKED_FOR.into()),
        }
    }

    /// All groups that are known, whether the viewer may read them or not.
    pub fn groups(&self) -> impl Iterator<Item = &Arc<GroupMembers>> {
        self.groups.values()
    }

    /// The tags bound to a resource (canonical name) itself, as far as they are known.
    #[must_use]
    pub fn own_tags(&self, resource: &Resource) -> &[Tag] {
        self.tags.get(resource).map_or(&[], Vec::as_slice)
    }

    /// Every tag that is bound anywhere, as often as it is.
    pub fn all_tags(&self) -> impl Iterator<Item = &Tag> {
        self.tags.values().flatten()
    }

    /// The tags effective on a resource: inherited downward, the nearer value of a key winning.
    #[must_use]
    pub fn effective_tags(&self, resource: &Resource) -> Read<Vec<Tag>> {
        if self.assumes(Assumption::NoTagsInExport) {
            return Read::Unreadable("the asset export holds no tags".into());
        }
        let ancestry = self.ancestry(resource);
        let mut tags: Vec<Tag> = Vec::new();
        for level in &ancestry.levels {
            match self.tags.get(level) {
                Some(own) => {
                    for tag in own {
                        let known = tags.iter().any(|t| {
                            t.namespaced_tag_key == tag.namespaced_tag_key
                                && t.tag_key == tag.tag_key
                        });
                        if !known {
                            tags.push(tag.clone());
                        }
                    }
                }
                None if self.is_told_of(level) => {}
                None => return Read::Unreadable("the tags of its hierarchy were not read".into()),
            }
        }
        if ancestry.complete {
            Read::Known(tags)
        } else {
            Read::Unreadable("the hierarchy above it is not known".into())
        }
    }

    /// Whether a service is enabled on a project (id or number).
    #[must_use]
    pub fn service_enabled(&self, project: &str, service: &str) -> Read<bool> {
        let Some(project) = self.project(project) else {
            return Read::Unreadable("the project is not known".into());
        };
        if let Some(why) = self.why_unreadable(&Self::services_of(&project.project_id)) {
            return Read::Unreadable(why);
        }
        match self.services.get(project.project_id.as_str()) {
            Some(enabled) => Read::Known(enabled.contains(service)),
            // The project is known.
            None if self.coverage != Coverage::Partial => Read::Known(true),
            None => Read::Unreadable(self.not_fetched()),
        }
    }

    /// The services named as enabled on a project; `None` when the estate does not say (all are).
    #[must_use]
    pub fn services(&self, project_id: &str) -> Option<&BTreeSet<String>> {
        self.services.get(project_id)
    }

    /// Identity pools that are known of themselves; others show in their providers' and members' names.
    pub fn pools(&self) -> impl Iterator<Item = &Arc<IdentityPool>> {
        self.pools.values()
    }

    /// The pool of this name, its project by number or id.
    #[must_use]
    pub fn pool(&self, name: &str) -> Option<&Arc<IdentityPool>> {
        let wanted = self.with_number(name);
        let spelled = self
            .pools
            .get(name)
            .or_else(|| self.pools.get(wanted.as_str()));
        spelled.or_else(|| {
            let mut all = self.pools.values();
            all.find(|pool| self.with_number(&pool.name) == wanted)
        })
    }

    /// Whether there is no pool of this name. A survey was told so; a file that lists pools of the project
    /// (of an organization: any) and nothing of this one says so. One that lists none says nothing of any.
    #[must_use]
    pub fn lacks_pool(&self, pool: &str) -> bool {
        let name = self.with_number(pool);
        if self.missing_pools.contains(&name) {
            return true;
        }
        if self.coverage == super::Coverage::Partial {
            return false;
        }
        let Some((parent, _)) = name.rsplit_once('/') else {
            return false;
        };
        let parent = format!("{parent}/");
        let below = |other: &str| self.with_number(other).starts_with(&parent);
        let listed = self.pools.values().any(|p| below(&p.name))
            || self.providers.values().any(|p| below(&p.name));
        let inside = format!("{name}/");
        listed
            && self.pool(&name).is_none()
            && !self
                .providers
                .values()
                .any(|p| self.with_number(&p.name).starts_with(&inside))
            && !self.members().any(|m| {
                let path = m.text.split_once("://iam.googleapis.com/");
                path.is_some_and(|(_, path)| path.starts_with(&inside))
            })
    }

    /// Whether a pool is known to be disabled or deleted: then its tokens are worth nothing, old ones
    /// neither (iam v1, `WorkloadIdentityPool.disabled`).
    #[must_use]
    pub fn takes_no_tokens(&self, pool: &str) -> bool {
        self.pool(pool).is_some_and(|pool| {
            pool.disabled || pool.extra.get("state").is_some_and(|s| s == "DELETED")
        })
    }

    /// A name under a project with the project's number, whichever of number and id it has.
    #[must_use]
    pub fn with_number(&self, name: &str) -> String {
        let parts = name
            .strip_prefix("projects/")
            .and_then(|rest| rest.split_once('/'))
            .and_then(|(project, rest)| Some((self.project(project)?.number(), rest)));
        match parts {
            Some((number, rest)) => format!("projects/{number}/{rest}"),
            None => name.to_owned(),
        }
    }

    /// Identity pool providers that are known.
    pub fn providers(&self) -> impl Iterator<Item = &Arc<Provider>> {
        self.providers.values()
    }

    /// The organizations whose Workspace customer has the domain, as far as is known.
    #[must_use]
    pub fn organizations_of(&self, domain: &str) -> Vec<Resource> {
        let asked = self
            .domains
            .get(domain)
            .and_then(|found| found.as_ref().ok());
        let mut numbers: BTreeSet<Arc<str>> = asked.into_iter().flatten().cloned().collect();
        let own = self.organizations.iter();
        numbers.extend(
            own.filter(|(_, o)| o.display_name.eq_ignore_ascii_case(domain))
                .map(|(number, _)| Arc::clone(number)),
        );
        numbers.into_iter().map(Resource::Organization).collect()
    }

    /// Why no organization of the domain is known, without a full stop.
    #[must_use]
    pub fn why_no_organization_of(&self, domain: &str) -> Arc<str> {
        match self.domains.get(domain) {
            Some(Err(why)) => Arc::clone(why),
            Some(Ok(_)) => "no organization that may be seen has this domain".into(),
            None => "no organization of this domain is known here".into(),
        }
    }

    /// The names under which an estate file may call a resource unreadable.
    fn unreadable_names(&self, resource: &Resource) -> impl Iterator<Item = String> {
        let mut names = vec![resource.full_name()];
        match resource {
            Resource::Project(p) => {
                if let Some(project) = self.project(p) {
                    names.push(Resource::project(project.number()).full_name());
                }
            }
            Resource::ServiceAccount { project, account } => {
                if let Some(found) = self.account(account) {
                    let number = self.project(project).map_or(&**project, |p| p.number());
                    for project in [&**project, number, "-"] {
                        for id in [&*found.email, &*found.unique_id] {
                            names.push(Resource::account(project, id).full_name());
                        }
                    }
                }
            }
            _ => {}
        }
        names.into_iter()
    }
}

/// `PARENT/locations/global/policyBindings`.
#[must_use]
pub fn policy_bindings_of(parent: &Resource) -> String {
    format!("{}/locations/global/policyBindings", parent.relative())
}
