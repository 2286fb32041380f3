//! Members of groups, and where members of allow policies stand.

use std::sync::Arc;

use super::Group;
use crate::iam::{Member, PolicyMember, Resource};

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

/// By what a member is looked for: without case where IAM compares without.
pub(super) fn index_key(member: &PolicyMember) -> Arc<str> {
    match &member.member {
        Member::One(principal) => principal.to_string().into(),
        Member::Group(email) => format!("group:{email}").into(),
        _ => Arc::clone(&member.text),
    }
}
