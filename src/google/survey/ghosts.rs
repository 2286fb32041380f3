//! Accounts that are not there. Of those that were deleted Google answers 404 as of any that never were; but policies
//! that named one show `deleted:serviceAccount:EMAIL?uid=UNIQUE_ID` from then on (doc "Delete and undelete
//! service accounts"), which is how a reader learns of it. A name that a list of its project's accounts does not hold is
//! nobody's.

use std::collections::BTreeMap;

use super::Surveyor;
use crate::estate::{Estate, Existence, ServiceAccount};
use crate::iam::member::DeletedKind;
use crate::iam::owner::project_of;
use crate::iam::{Member, PolicyMember, Principal, Resource};

impl Surveyor<'_> {
    /// Remembers the deleted accounts that policies name, where it is also known that none of that address
    /// is there, or another one is: by asking for it, or (`listed`) by having listed its project's; and whoever is
    /// named by policies and groups, and is not in such a list.
    pub(super) fn ghosts(&self, listed: &dyn Fn(&str) -> bool) {
        self.known.put(|estate| remember(estate, listed));
    }
}

pub(super) fn remember(estate: &mut Estate, listed: &dyn Fn(&str) -> bool) {
    for ((email, uid), project) in named(estate) {
        let known = match estate.resolve(&Resource::account("-", &email)) {
            Existence::Exists(_) | Existence::Missing => true,
            Existence::Deleted | Existence::Unknown(_) => listed(&project),
        };
        if known {
            estate.put_deleted(ServiceAccount {
                name: format!("projects/{project}/serviceAccounts/{email}"),
                email,
                project_id: project,
                unique_id: uid,
                ..ServiceAccount::default()
            });
        }
    }
    for (email, project) in nobody(estate, listed) {
        estate.put_missing(Resource::account(&project, &email));
        estate.put_missing(Resource::account("-", &email));
    }
}

/// `(e-mail, project)` of every account that policies or groups name and that is not in the list of its project's.
fn nobody(estate: &Estate, listed: &dyn Fn(&str) -> bool) -> BTreeMap<String, String> {
    let in_groups = estate.groups().flat_map(|group| &group.members);
    let absent = |member: &PolicyMember| match &member.member {
        Member::One(Principal::ServiceAccount(email)) if estate.account(email).is_none() => {
            let project = project_of(email).filter(|project| listed(project))?;
            Some((email.clone(), project.to_owned()))
        }
        _ => None,
    };
    let all = estate.members().chain(in_groups);
    all.filter_map(|member| absent(member)).collect()
}

/// `(e-mail, unique id)` of every deleted account that an allow policy names, with its project.
fn named(estate: &Estate) -> BTreeMap<(String, String), String> {
    let members = estate.members();
    members
        .filter_map(|member| match &member.member {
            Member::Deleted {
                kind: DeletedKind::ServiceAccount,
                address,
                uid: Some(uid),
            } => Some((
                (address.clone(), uid.clone()),
                project_of(address)?.to_owned(),
            )),
            _ => None,
        })
        .collect()
}
