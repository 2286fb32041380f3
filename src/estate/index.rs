//! Interning and indices: the same member stands once in memory, and is found where it is used.

use std::sync::Arc;

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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberPlace {
    /// Whose policy it is.
    pub resource: Resource,
    /// The binding's place in it.
    pub binding: u32,
    /// The binding's role.
    pub role: Arc<str>,
}

impl Estate {
    /// Sets the allow policy of a resource (canonical name), shares its members and indexes them.
    pub fn put_policy(&mut self, resource: Resource, mut policy: AllowPolicy) {
        self.forget_places(&resource);
        for (i, binding) in policy.bindings.iter_mut().enumerate() {
            binding.role = self.shared_role(&binding.role);
            for member in &mut binding.members {
                let (shared, key) = self.intern(member);
                *member = shared;
                let place = MemberPlace {
                    resource: resource.clone(),
                    binding: u32::try_from(i).unwrap_or(u32::MAX),
                    role: Arc::clone(&binding.role),
                };
                match self.by_member.get_mut(&key) {
                    Some(places) => places.push(place),
                    None => self.by_member.insert(key, vec![place]),
                }
            }
        }
        self.note_gap(&resource, &policy);
        self.allow.insert(resource, Arc::new(policy));
    }

    fn note_gap(&mut self, resource: &Resource, policy: &AllowPolicy) {
        if policy.gap().is_some() {
            Arc::make_mut(&mut self.partly).insert(resource.clone());
        } else if !self.partly.is_empty() {
            Arc::make_mut(&mut self.partly).remove(resource);
        }
    }

    /// A member as it stands in the estate, with its key in the index.
    fn intern(&mut self, member: &Arc<PolicyMember>) -> (Arc<PolicyMember>, Arc<str>) {
        if let Some((shared, key)) = self.interned.get(&member.text) {
            return (Arc::clone(shared), Arc::clone(key));
        }
        let both = (Arc::clone(member), index_key(member));
        self.interned.insert(Arc::clone(&member.text), both.clone());
        both
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
        for member in old.bindings.iter().flat_map(|b| &b.members) {
            let key = index_key(member);
            if let Some(places) = self.by_member.get_mut(&key) {
                places.retain(|place| place.resource != *resource);
                if places.is_empty() {
                    self.by_member.remove(&key);
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
        self.by_member
            .get(&*index_key(&PolicyMember::v1(identifier)))
            .map_or(&[], Vec::as_slice)
    }

    /// Every member that stands in some allow policy, once.
    pub fn members(&self) -> impl Iterator<Item = &Arc<PolicyMember>> {
        self.interned.values().map(|(member, _)| member)
    }
}

/// Policies of many resources that the estate has none of yet, put in together: a member that the reader
/// shared is known by where it stands in memory, and the index is written once for each.
#[derive(Default)]
pub(super) struct ManyPolicies {
    /// By the address of a member that the estate keeps.
    known: hashbrown::HashMap<usize, usize>,
    places: Vec<(Arc<str>, Vec<MemberPlace>)>,
}

impl ManyPolicies {
    /// Puts one policy in; where members stand is known after [`Self::settle`].
    pub fn put(&mut self, estate: &mut Estate, resource: Resource, mut policy: AllowPolicy) {
        for (i, binding) in policy.bindings.iter_mut().enumerate() {
            binding.role = estate.shared_role(&binding.role);
            for member in &mut binding.members {
                let at = match self.known.get(&address_of(member)) {
                    Some(at) => *at,
                    None => {
                        let (shared, key) = estate.intern(member);
                        *member = shared;
                        let places = &mut self.places;
                        // What the estate keeps stays where it is.
                        *self.known.entry(address_of(member)).or_insert_with(|| {
                            places.push((key, Vec::new()));
                            places.len() - 1
                        })
                    }
                };
                if let Some((_, places)) = self.places.get_mut(at) {
                    places.push(MemberPlace {
                        resource: resource.clone(),
                        binding: u32::try_from(i).unwrap_or(u32::MAX),
                        role: Arc::clone(&binding.role),
                    });
                }
            }
        }
        estate.note_gap(&resource, &policy);
        estate.allow.insert(resource, Arc::new(policy));
    }

    /// Writes the index.
    pub fn settle(&mut self, estate: &mut Estate) {
        self.known.clear();
        for (key, places) in self.places.drain(..) {
            match estate.by_member.get_mut(&key) {
                Some(known) => known.extend(places),
                None => estate.by_member.insert(key, places),
            }
        }
    }
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
