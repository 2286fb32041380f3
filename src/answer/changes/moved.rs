//! Who is elsewhere in one of two estates: in other groups, or below other folders. A set that is granted something gives
//! them what it gives, and rules about groups and places take it from them, with no row of `who` naming them.

use std::collections::BTreeSet;

use crate::estate::{Estate, Read};
use crate::evaluate::place_of;
use crate::iam::{Member, Principal, Resource};

/// The identities that some group holds in one of the estates alone, and those that belong below another level. Whom neither
/// a policy nor a group nor a list of accounts names is in none of it.
pub(super) fn moved(before: &Estate, after: &Estate) -> BTreeSet<Principal> {
    let mut moved = BTreeSet::new();
    let groups: BTreeSet<&str> = [before, after]
        .into_iter()
        .flat_map(Estate::groups)
        .map(|group| &*group.email)
        .collect();
    for email in groups {
        // What is below a group that stayed as it is shows in the group that changed.
        if direct(before, email) != direct(after, email) {
            let [old, new] = [before, after].map(|estate| below(estate, email));
            moved.extend(old.symmetric_difference(&new).cloned());
        }
    }
    for one in [before, after]
        .into_iter()
        .flat_map(named)
        .collect::<BTreeSet<_>>()
    {
        let [old, new] = [before, after].map(|estate| place_of(estate, &one));
        // An account that is new, or gone, is nowhere else.
        let [was, is] = [before, after].map(|estate| is_listed(estate, &one));
        if old != new && was == is {
            moved.insert(one);
        }
    }
    moved
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

/// The identities in a group and in those within it.
fn below(estate: &Estate, email: &str) -> BTreeSet<Principal> {
    let (mut seen, mut ahead) = (BTreeSet::new(), vec![email.to_owned()]);
    let mut found = BTreeSet::new();
    while let Some(email) = ahead.pop() {
        let Read::Known(group) = estate.group(&email) else {
            continue;
        };
        for member in &group.members {
            match &member.member {
                Member::One(one) => drop(found.insert(one.clone())),
                Member::Group(inner) => ahead.push(inner.to_lowercase()),
                _ => {}
            }
        }
        seen.insert(email);
        ahead.retain(|next| !seen.contains(next));
    }
    found
}
