//! What each account may do, measured: the greatest of the roles that it was seen to hold, itself, by a group or by
//! a set; as [`crate::repair::meaning::held`] says it of one.

use std::collections::{HashMap, HashSet};

use crate::estate::{Estate, Read, ServiceAccount};
use crate::evaluate::{Belongs, Truth};
use crate::iam::{Member, Principal, Resource};
use crate::repair::Power;

/// What is known of one account's power.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PowerSeen {
    pub power: Power,
    /// Something was not read that may give it more.
    pub or_more: bool,
}

/// The greatest, and the greatest elsewhere: on itself an account may do nothing that concerns others.
#[derive(Clone, Debug, Default)]
struct Best<'e> {
    power: Power,
    at: Option<&'e Resource>,
    elsewhere: Power,
}

impl<'e> Best<'e> {
    fn add(&mut self, power: Power, at: &'e Resource) {
        if self.at == Some(at) {
            self.power = self.power.max(power);
        } else if power >= self.power {
            self.elsewhere = self.power;
            self.power = power;
            self.at = Some(at);
        } else {
            self.elsewhere = self.elsewhere.max(power);
        }
    }

    fn take_in(&mut self, other: &Self) {
        if let Some(at) = other.at {
            self.add(other.power, at);
            self.elsewhere = self.elsewhere.max(other.elsewhere);
        }
    }

    fn apart_from(&self, account: &Resource) -> Power {
        if self.at == Some(account) {
            self.elsewhere
        } else {
            self.power
        }
    }
}

/// What members of policies may do.
pub(super) struct Powers<'e> {
    estate: &'e Estate,
    /// By lower-case address.
    own: HashMap<String, Best<'e>>,
    sets: Vec<(&'e Member, Best<'e>)>,
    /// The greatest that groups hold of which nobody knows who is in them, or roles that were not read.
    open: Power,
}

impl<'e> Powers<'e> {
    pub fn new(estate: &'e Estate) -> Self {
        let mut by_member: HashMap<&'e str, (&'e Member, Best<'e>)> = HashMap::new();
        let mut roles: HashMap<(*const u8, crate::iam::ResourceKind), Option<Power>> =
            HashMap::new();
        let mut open = Power::Nothing;
        for (resource, policy) in estate.policies() {
            if !estate.allow_policy(resource).is_known() {
                continue;
            }
            for binding in &policy.bindings {
                let kind = resource.kind();
                // Each name of a role stands once in memory (`Estate::put_policy`).
                let power = *roles
                    .entry((binding.role.as_ptr(), kind))
                    .or_insert_with(|| {
                        let role = estate.role(&binding.role).known();
                        role.map(|role| Power::of(&role, kind))
                    });
                let Some(power) = power else {
                    // It may hold anything.
                    open = Power::GivesAccess;
                    continue;
                };
                for member in &binding.members {
                    let known = by_member
                        .entry(&member.text)
                        .or_insert_with(|| (&member.member, Best::default()));
                    known.1.add(power, resource);
                }
            }
        }
        let mut powers = Self {
            estate,
            own: HashMap::new(),
            sets: Vec::new(),
            open,
        };
        for (member, best) in by_member.into_values() {
            match member {
                Member::One(Principal::ServiceAccount(email)) => {
                    powers
                        .own
                        .entry(email.to_lowercase())
                        .or_default()
                        .take_in(&best);
                }
                Member::Group(email) => powers.group(email, &best),
                Member::One(_) | Member::Deleted { .. } | Member::Impossible(_) => {}
                // A pool's identities are no accounts.
                set if set.pool().is_some() => {}
                set => powers.sets.push((set, best)),
            }
        }
        powers
    }

    /// What a group holds, its accounts hold; nested groups followed, each once.
    fn group(&mut self, email: &'e str, best: &Best<'e>) {
        let mut seen: HashSet<&str> = HashSet::from([email]);
        let mut queue = vec![email];
        while let Some(at) = queue.pop() {
            let Read::Known(group) = self.estate.group(at) else {
                self.open = self.open.max(best.power);
                continue;
            };
            for member in &group.members {
                match &member.member {
                    Member::Group(inner) if seen.insert(inner) => queue.push(inner),
                    Member::One(Principal::ServiceAccount(email)) => {
                        self.own
                            .entry(email.to_lowercase())
                            .or_default()
                            .take_in(best);
                    }
                    _ => {}
                }
            }
        }
    }

    /// Of one account. `all_read`: whether every policy was.
    pub fn of(&self, account: &ServiceAccount, all_read: bool) -> PowerSeen {
        let email = account.email.to_lowercase();
        let project = self.estate.project_id_of(account);
        let itself = Resource::account(project, &account.email);
        let own = self.own.get(&email);
        let mut power = own.map_or(Power::Nothing, |best| best.apart_from(&itself));
        let mut perhaps = self.open;
        if !self.sets.is_empty() {
            let principal = Principal::ServiceAccount(email);
            let belongs = Belongs::new(self.estate, &principal);
            for (set, best) in &self.sets {
                match belongs.to(set) {
                    Truth::Yes => power = power.max(best.apart_from(&itself)),
                    Truth::No => {}
                    _ => perhaps = perhaps.max(best.apart_from(&itself)),
                }
            }
        }
        PowerSeen {
            power,
            or_more: power < Power::GivesAccess && (perhaps > power || !all_read),
        }
    }
}
