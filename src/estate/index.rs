//! Interning and indices: the same member stands once in memory, and is found where it is used.

use std::sync::Arc;

use super::shared::SharedMap;
use super::{Estate, Group};
use crate::iam::{AllowPolicy, Member, PolicyMember, Resource};

/// A group with its members read.
#[derive(Clone, Debug)]
pub struct GroupMembers {
    /// Lower-case address.
    pub email: Arc<str>,
    /// Direct members.
    pub members: Vec<Arc<PolicyMember>>,
}

impl GroupMembers {
    /// Reads the members of a group. A bare e-mail among them is taken as the contract takes callers.
    #[must_use]
    pub fn new(group: &Group) -> Self {
        let members = group
            .members
            .iter()
            .map(|text| {
                let mut member = PolicyMember::v1(text);
                if member.member.is_unknown()
                    && let Ok(principal) = crate::iam::Principal::parse(text)
                {
                    member.member = Member::One(principal);
                }
                // Members of a group are identities and groups (discovery document cloudidentity v1,
                // `Membership.preferredMemberKey`): Google Accounts and service accounts (doc "IAM
                // principals"). `projectOwner:P` would lead back into a policy.
                if !can_be_in_a_group(&member.member) {
                    member.member = Member::Impossible("a Google group cannot hold it");
                }
                Arc::new(member)
            })
            .collect();
        Self {
            email: group.email.to_lowercase().into(),
            members,
        }
    }
}

/// Whether a Google group can have such a member. One of a form that is not known at all stays unknown; a
/// malformed address is nobody's there.
fn can_be_in_a_group(member: &Member) -> bool {
    match member {
        Member::One(one) => !one.is_federated(),
        Member::AllUsers
        | Member::AllAuthenticatedUsers
        | Member::ProjectRole(..)
        | Member::UnknownOf(_) => false,
        other => other.pool().is_none(),
    }
}

/// Where a member stands: a binding of an allow policy.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MemberPlace {
    /// Whose policy it is.
    pub resource: Resource,
    /// The binding's place in it.
    pub binding: u32,
    /// The binding's role.
    pub role: Arc<str>,
}

/// The places of each member, sorted, by its key.
pub(crate) type PlacesOfMembers = SharedMap<Arc<str>, Vec<MemberPlace>>;

impl Estate {
    /// Sets the allow policy of a resource (canonical name), shares its members and indexes them.
    pub fn put_policy(&mut self, resource: Resource, mut policy: AllowPolicy) {
        self.forget_places(&resource);
        for (i, binding) in policy.bindings.iter_mut().enumerate() {
            binding.role = self.shared_role(&binding.role);
            for member in &mut binding.members {
                *member = self.intern(member);
                if let Some(index) = self.by_member.get_mut() {
                    let place = MemberPlace {
                        resource: resource.clone(),
                        binding: u32::try_from(i).unwrap_or(u32::MAX),
                        role: Arc::clone(&binding.role),
                    };
                    let key = index_key(member);
                    match index.get_mut(&key) {
                        Some(places) => {
                            let at = places.partition_point(|known| *known < place);
                            places.insert(at, place);
                        }
                        None => index.insert(key, vec![place]),
                    }
                }
            }
        }
        self.note_gap(&resource, &policy);
        self.allow.insert(resource, Arc::new(policy));
    }

    /// Where members stand.
    fn places(&self) -> &PlacesOfMembers {
        self.by_member.get_or_init(|| {
            // A member is known by where it stands in memory (`Self::intern`); several may have one key.
            let mut known: hashbrown::HashMap<usize, usize> = hashbrown::HashMap::new();
            let mut by_key: hashbrown::HashMap<Arc<str>, usize> = hashbrown::HashMap::new();
            let mut all: Vec<Vec<MemberPlace>> = Vec::new();
            for (resource, policy) in self.allow.iter() {
                for (i, binding) in policy.bindings.iter().enumerate() {
                    for member in &binding.members {
                        let at = *known.entry(address_of(member)).or_insert_with(|| {
                            *by_key.entry(index_key(member)).or_insert_with(|| {
                                all.push(Vec::new());
                                all.len() - 1
                            })
                        });
                        if let Some(places) = all.get_mut(at) {
                            places.push(MemberPlace {
                                resource: resource.clone(),
                                binding: u32::try_from(i).unwrap_or(u32::MAX),
                                role: Arc::clone(&binding.role),
                            });
                        }
                    }
                }
            }
            let mut index = SharedMap::default();
            for (key, at) in by_key {
                if let Some(places) = all.get_mut(at) {
                    let mut places = std::mem::take(places);
                    places.sort_unstable();
                    index.insert(key, places);
                }
            }
            index
        })
    }

    fn note_gap(&mut self, resource: &Resource, policy: &AllowPolicy) {
        if policy.gap().is_some() {
            Arc::make_mut(&mut self.partly).insert(resource.clone());
        } else if !self.partly.is_empty() {
            Arc::make_mut(&mut self.partly).remove(resource);
        }
    }

    /// A member as it stands in the estate.
    fn intern(&mut self, member: &Arc<PolicyMember>) -> Arc<PolicyMember> {
        if let Some(shared) = self.interned.get(&member.text) {
            return Arc::clone(shared);
        }
        self.interned
            .insert(Arc::clone(&member.text), Arc::clone(member));
        Arc::clone(member)
    }

    fn shared_role(&mut self, role: &Arc<str>) -> Arc<str> {
        if let Some(shared) = self.role_names.get(role) {
            return Arc::clone(shared);
        }
        Arc::make_mut(&mut self.role_names).insert(Arc::clone(role));
        Arc::clone(role)
    }

    /// Takes the allow policy of a resource (canonical name) away: nothing is known of it then, which
    /// in a whole estate means that it is empty.
    pub fn remove_policy(&mut self, resource: &Resource) {
        self.forget_places(resource);
        if self.partly.contains(resource) {
            Arc::make_mut(&mut self.partly).remove(resource);
        }
        self.allow.remove(resource);
    }

    /// Takes a policy that is about to go out of the index, member by member.
    fn forget_places(&mut self, resource: &Resource) {
        let Some(old) = self.allow.get(resource).cloned() else {
            return;
        };
        // Whether a member stands elsewhere too is known by the index alone.
        self.places();
        let Some(index) = self.by_member.get_mut() else {
            return;
        };
        for member in old.bindings.iter().flat_map(|b| &b.members) {
            let key = index_key(member);
            if let Some(places) = index.get_mut(&key) {
                places.retain(|place| place.resource != *resource);
                if places.is_empty() {
                    index.remove(&key);
                    self.interned.remove(&member.text);
                }
            }
        }
    }

    /// All allow policies, in no order.
    pub fn policies(&self) -> impl Iterator<Item = (&Resource, &Arc<AllowPolicy>)> {
        self.allow.iter()
    }

    /// Where a member stands by name in an allow policy.
    /// `identifier` is compared as IAM does (`serviceAccount:` and `user:` without case).
    #[must_use]
    pub fn grants_naming(&self, identifier: &str) -> &[MemberPlace] {
        self.places()
            .get(&*index_key(&PolicyMember::v1(identifier)))
            .map_or(&[], Vec::as_slice)
    }

    /// Every member that stands in some allow policy, once.
    pub fn members(&self) -> impl Iterator<Item = &Arc<PolicyMember>> {
        self.interned.values()
    }
}

/// Policies of many resources, put in together: a member that the reader shared is known by where it stands in
/// memory, and nothing is indexed meanwhile.
#[derive(Default)]
pub(super) struct ManyPolicies {
    /// The addresses of members that the estate keeps.
    known: hashbrown::HashSet<usize>,
    /// The addresses of names of roles that the estate keeps.
    roles: hashbrown::HashSet<usize>,
    /// A policy took the place of another.
    replaced: bool,
}

impl ManyPolicies {
    /// Puts one policy in. All is as it should be after [`Self::settle`].
    pub fn put(&mut self, estate: &mut Estate, resource: Resource, mut policy: AllowPolicy) {
        for binding in &mut policy.bindings {
            if !self.roles.contains(&address_of_role(&binding.role)) {
                binding.role = estate.shared_role(&binding.role);
                self.roles.insert(address_of_role(&binding.role));
            }
            for member in &mut binding.members {
                if !self.known.contains(&address_of(member)) {
                    *member = estate.intern(member);
                    self.known.insert(address_of(member));
                }
            }
        }
        estate.note_gap(&resource, &policy);
        self.replaced |= estate.allow.get(&resource).is_some();
        estate.allow.insert(resource, Arc::new(policy));
    }

    /// Forgets members that stood in policies alone which others took the place of.
    pub fn settle(self, estate: &mut Estate) {
        estate.by_member.take();
        if !self.replaced {
            return;
        }
        let policies = estate.allow.values();
        let members = policies.flat_map(|p| &p.bindings).flat_map(|b| &b.members);
        let standing: hashbrown::HashSet<usize> = members.map(address_of).collect();
        let mut kept = SharedMap::default();
        for member in estate.interned.values() {
            if standing.contains(&address_of(member)) {
                kept.insert(Arc::clone(&member.text), Arc::clone(member));
            }
        }
        estate.interned = kept;
    }
}

/// Puts policies into an estate that has none, all of whose members these are, each once; `false`: it has some, or a
/// member or a resource stands twice among them.
pub(super) fn put_shared(
    estate: &mut Estate,
    members: &[Arc<PolicyMember>],
    policies: Vec<(Resource, AllowPolicy)>,
) -> bool {
    if estate.allow.iter().next().is_some() || estate.interned.iter().next().is_some() {
        return false;
    }
    for member in members {
        if estate.interned.get(&member.text).is_some() {
            return false;
        }
        let text = Arc::clone(&member.text);
        estate.interned.insert(text, Arc::clone(member));
    }
    let mut known: hashbrown::HashSet<usize> = hashbrown::HashSet::new();
    for (resource, mut policy) in policies {
        if estate.allow.get(&resource).is_some() {
            return false;
        }
        for binding in &mut policy.bindings {
            if !known.contains(&address_of_role(&binding.role)) {
                binding.role = estate.shared_role(&binding.role);
                known.insert(address_of_role(&binding.role));
            }
        }
        estate.note_gap(&resource, &policy);
        estate.allow.insert(resource, Arc::new(policy));
    }
    estate.by_member.take();
    true
}

fn address_of_role(role: &Arc<str>) -> usize {
    Arc::as_ptr(role).addr()
}

fn address_of(member: &Arc<PolicyMember>) -> usize {
    Arc::as_ptr(member).addr()
}

fn index_key(member: &PolicyMember) -> Arc<str> {
    match &member.member {
        Member::One(principal) => principal.to_string().into(),
        Member::Group(email) => format!("group:{email}").into(),
        _ => Arc::clone(&member.text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estate::Coverage;
    use crate::iam::Binding;

    #[test]
    fn what_stands_twice_is_not_put_in_as_if_it_stood_once() {
        let policy = || AllowPolicy {
            bindings: vec![Binding::new("roles/owner", &["user:ana@example.com"])],
            ..AllowPolicy::default()
        };
        let ana = Arc::new(PolicyMember::v1("user:ana@example.com"));
        let again = Arc::new(PolicyMember::v1("user:ana@example.com"));
        let (one, other) = (Resource::project("p"), Resource::project("q"));
        let put = |members: &[Arc<PolicyMember>], on: [&Resource; 2]| {
            let mut estate = Estate::new(Coverage::Whole);
            let policies = on.map(|on| (on.clone(), policy())).to_vec();
            let put = put_shared(&mut estate, members, policies);
            put.then(|| estate.grants_naming("user:ana@example.com").len())
        };
        assert_eq!(put(&[Arc::clone(&ana)], [&one, &other]), Some(2));
        assert_eq!(put(&[Arc::clone(&ana)], [&one, &one]), None);
        assert_eq!(put(&[ana, again], [&one, &other]), None);
    }
}
