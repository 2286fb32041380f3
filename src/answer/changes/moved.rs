//! Who is elsewhere in one of two estates: in other groups, among other owners, editors or viewers of a project, or below
//! other folders. A set that is granted something gives them what it gives, and rules about groups and places take it from
//! them, with no row of `who` naming them.

use std::collections::BTreeSet;

use crate::estate::{Estate, Read};
use crate::evaluate::{Belongs, Truth, place_of};
use crate::iam::{BasicRole, Member, PolicyMember, Principal, Resource};

/// Who is elsewhere.
pub(super) struct Moved {
    /// The identities that some group holds in one of the estates alone, or a basic role on some project, and those that
    /// belong below another level. Whom neither a policy nor a group nor a list of accounts names is in none of it.
    pub ones: BTreeSet<Principal>,
    /// The sets that have a basic role on some project in one of them alone, as member identifiers. What a group holds
    /// has rows of its own.
    pub sets: BTreeSet<String>,
}

pub(super) fn moved(before: &Estate, after: &Estate) -> Moved {
    let mut moved = BTreeSet::new();
    // Sets that a group or a role holds in one of them alone: those of it who are named.
    let mut sets: BTreeSet<&str> = BTreeSet::new();
    let groups: BTreeSet<&str> = [before, after]
        .into_iter()
        .flat_map(Estate::groups)
        .map(|group| &*group.email)
        .collect();
    for email in groups {
        // What is below a group that stayed as it is shows in the group that changed.
        if direct(before, email) != direct(after, email) {
            let [old, new] = [before, after].map(|estate| below(estate, vec![email.to_owned()]));
            moved.extend(old.ones.symmetric_difference(&new.ones).cloned());
            sets.extend(old.sets.symmetric_difference(&new.sets));
        }
    }
    let mut in_roles = BTreeSet::new();
    for (role, project) in basic_roles(before, after) {
        let [old, new] = [before, after].map(|estate| holders_of(estate, role, project));
        moved.extend(old.ones.symmetric_difference(&new.ones).cloned());
        sets.extend(old.sets.symmetric_difference(&new.sets));
        in_roles.extend(
            old.sets
                .symmetric_difference(&new.sets)
                .map(|set| (*set).to_owned()),
        );
    }
    let sets: Vec<PolicyMember> = sets.into_iter().map(PolicyMember::v1).collect();
    for one in [before, after]
        .into_iter()
        .flat_map(named)
        .collect::<BTreeSet<_>>()
    {
        let in_one = |estate| {
            let belongs = Belongs::new(estate, &one);
            sets.iter().any(|set| belongs.to(&set.member) != Truth::No)
        };
        if !sets.is_empty() && (in_one(before) || in_one(after)) {
            moved.insert(one);
            continue;
        }
        let [old, new] = [before, after].map(|estate| place_of(estate, &one));
        // An account that is new, or gone, is nowhere else.
        let [was, is] = [before, after].map(|estate| is_listed(estate, &one));
        if old != new && was == is {
            moved.insert(one);
        }
    }
    Moved {
        ones: moved,
        sets: in_roles,
    }
}

/// Whether a set has a basic role on a project, by the project's own policy.
pub(super) fn has_role(estate: &Estate, set: &str, role: BasicRole, project: &str) -> bool {
    holders_of(estate, role.role(), project).sets.contains(set)
}

/// Whether it is an account that is there.
fn is_listed(estate: &Estate, one: &Principal) -> bool {
    match one {
        Principal::ServiceAccount(email) => {
            let found = estate.resolve(&Resource::account("-", email));
            found.exists().is_some()
        }
        _ => false,
    }
}

/// All identities that it names.
fn named(estate: &Estate) -> impl Iterator<Item = Principal> {
    let accounts = estate
        .accounts()
        .filter_map(|account| Principal::parse(&format!("serviceAccount:{}", account.email)).ok());
    let in_groups = estate.groups().flat_map(|group| &group.members);
    let members = estate.members().chain(in_groups);
    let ones = members.filter_map(|member| match &member.member {
        Member::One(one) => Some(one.clone()),
        _ => None,
    });
    accounts.chain(ones)
}

/// The direct members; `None` where they are not known.
fn direct<'e>(estate: &'e Estate, email: &str) -> Option<BTreeSet<&'e str>> {
    match estate.group(email) {
        Read::Known(group) => Some(group.members.iter().map(|m| &*m.text).collect()),
        Read::Unreadable(_) => None,
    }
}

/// Who is in something: the identities, and the sets that nobody lists.
#[derive(Default)]
struct Inside<'e> {
    ones: BTreeSet<Principal>,
    sets: BTreeSet<&'e str>,
}

impl<'e> Inside<'e> {
    /// Takes in one member; a group is for the caller to open.
    fn take(&mut self, member: &'e PolicyMember) -> Option<String> {
        match &member.member {
            Member::One(one) => drop(self.ones.insert(one.clone())),
            Member::Group(email) => return Some(email.to_lowercase()),
            _ => drop(self.sets.insert(&member.text)),
        }
        None
    }
}

/// Who is in some groups and in those within them.
fn below(estate: &Estate, mut ahead: Vec<String>) -> Inside<'_> {
    let mut seen = BTreeSet::new();
    let mut found = Inside::default();
    while let Some(email) = ahead.pop() {
        if let Read::Known(group) = estate.group(&email) {
            ahead.extend(group.members.iter().filter_map(|member| found.take(member)));
        }
        seen.insert(email);
        ahead.retain(|next| !seen.contains(next));
    }
    found
}

/// The basic roles of projects that some policy gives something to (`projectOwner:` and its kin).
fn basic_roles<'e>(before: &'e Estate, after: &'e Estate) -> BTreeSet<(&'static str, &'e str)> {
    [before, after]
        .into_iter()
        .flat_map(Estate::members)
        .filter_map(|member| match &member.member {
            Member::ProjectRole(role, project) => Some((role.role(), project.as_str())),
            _ => None,
        })
        .collect()
}

/// Who has a basic role on a project, by its own policy.
fn holders_of<'e>(estate: &'e Estate, role: &str, project: &str) -> Inside<'e> {
    let Some(project) = estate.project(project) else {
        return Inside::default();
    };
    let policy = estate.allow_policy(&Resource::project(&project.project_id));
    let Read::Known(Some(policy)) = policy else {
        return Inside::default();
    };
    let mut found = Inside::default();
    let mut groups = Vec::new();
    for binding in policy.bindings.iter().filter(|b| &*b.role == role) {
        groups.extend(binding.members.iter().filter_map(|m| found.take(m)));
    }
    let nested = below(estate, groups);
    found.ones.extend(nested.ones);
    found.sets.extend(nested.sets);
    found
}
