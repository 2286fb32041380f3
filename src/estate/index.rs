//! Interning and indices: the same member stands once in memory, and is found where it is used.

use std::sync::Arc;

use super::Estate;
use super::members::index_key;
use super::shared::SharedMap;
use super::stored::Layered;
use crate::iam::{AllowPolicy, PolicyMember, Resource};

pub use super::members::{GroupMembers, MemberPlace};

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
                if self.is_indexed() {
                    let place = MemberPlace {
                        resource: resource.clone(),
                        binding: u32::try_from(i).unwrap_or(u32::MAX),
                        role: Arc::clone(&binding.role),
                    };
                    let places = self.places_mut(index_key(member));
                    if let Some(places) = places {
                        let at = places.partition_point(|known| *known < place);
                        places.insert(at, place);
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
        if let Some(shared) = self.interned.get(&*member.text) {
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
        if self.allow.stored().is_none() {
            self.places();
        }
        for member in old.bindings.iter().flat_map(|b| &b.members) {
            let Some(places) = self.places_mut(index_key(member)) else {
                continue;
            };
            places.retain(|place| place.resource != *resource);
            if places.is_empty() {
                self.interned.remove(&*member.text);
            }
        }
    }

    /// Whether it is kept where members stand, so that a change has to be put in there.
    fn is_indexed(&self) -> bool {
        self.allow.stored().is_some() || self.by_member.get().is_some()
    }

    /// Where the members of a key stand, to be changed; `None`: that is not kept yet.
    fn places_mut(&mut self, key: Arc<str>) -> Option<&mut Vec<MemberPlace>> {
        let stored = self.allow.stored().cloned();
        let index = match &stored {
            Some(_) => &mut self.moved,
            None => self.by_member.get_mut()?,
        };
        if index.get(&key).is_none() {
            let places = stored.map(|policies| policies.places(&key).to_vec());
            index.insert(Arc::clone(&key), places.unwrap_or_default());
        }
        index.get_mut(&key)
    }

    /// All allow policies, in no order.
    pub fn policies(&self) -> impl Iterator<Item = (&Resource, &Arc<AllowPolicy>)> {
        self.allow.iter()
    }

    /// Where a member stands by name in an allow policy.
    /// `identifier` is compared as IAM does (`serviceAccount:` and `user:` without case).
    #[must_use]
    pub fn grants_naming(&self, identifier: &str) -> &[MemberPlace] {
        let key = index_key(&PolicyMember::v1(identifier));
        let known = match self.allow.stored() {
            Some(policies) => {
                let moved = self.moved.get(&*key);
                return moved.map_or_else(|| policies.places(&key), Vec::as_slice);
            }
            None => self.places().get(&*key),
        };
        known.map_or(&[], Vec::as_slice)
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
        estate.interned = Layered::of(kept);
    }
}

fn address_of_role(role: &Arc<str>) -> usize {
    Arc::as_ptr(role).addr()
}

fn address_of(member: &Arc<PolicyMember>) -> usize {
    Arc::as_ptr(member).addr()
}
