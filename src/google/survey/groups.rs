//! The groups that policies name, with their members.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Surveyor, side_by_side};
use crate::estate::policies::FoundRole;
use crate::estate::{Estate, Group, Read};
use crate::evaluate::Question;
use crate::google::wire::{Api, ApiError, all_pages, encode, is_plain_name};
use crate::iam::permission::IMPLICIT_DELEGATION;
use crate::iam::{Member, PolicyMember, Resource};

/// More groups than this are not followed for one question.
const GROUPS_AT_MOST: usize = 200;

impl Surveyor<'_> {
    /// The groups that may decide: in bindings whose role may hold the permission, and in deny
    /// rules; then the groups in those, round by round.
    pub(super) async fn groups(&self, question: &Question) -> Result<(), ApiError> {
        // A pool's identities are in no Google group.
        if question.caller.is_federated() && question.via.is_empty() {
            return Ok(());
        }
        let wanted = question.permission.as_str();
        let holds = |role: &FoundRole| {
            role.includes(wanted)
                || (!question.via.is_empty() && role.includes(IMPLICIT_DELEGATION))
        };
        self.groups_where(&holds, GROUPS_AT_MOST).await
    }

    /// The groups in bindings whose role `holds` what is wanted (or could not be read) and in deny
    /// rules, at most `most` of them.
    pub(super) async fn groups_where(
        &self,
        holds: &(dyn Fn(&FoundRole) -> bool + Sync),
        most: usize,
    ) -> Result<(), ApiError> {
        let mut seen = BTreeSet::new();
        let mut round = self.known.with(|estate| groups_in_policies(estate, holds));
        while !round.is_empty() {
            let fresh: Vec<String> = round
                .into_iter()
                .filter(|g| seen.insert(g.clone()))
                .collect();
            let room = (most + fresh.len()).saturating_sub(seen.len());
            let (now, beyond) = fresh.split_at(room.min(fresh.len()));
            for group in beyond {
                let why = format!("more than {most} groups are involved; not looked into");
                self.unreadable(&format!("groups/{group}"), &why);
            }
            let found = side_by_side(now.iter().map(|group| self.group(group))).await?;
            round = found.into_iter().flatten().collect();
        }
        Ok(())
    }

    /// The direct members of a group (cloudidentity v1, `groups:lookup`, `memberships.list`). Gives
    /// the groups among them.
    async fn group(&self, email: &str) -> Result<Vec<String>, ApiError> {
        let label = format!("members of {email}");
        let lookup = format!("v1/groups:lookup?groupKey.id={}", encode(email));
        let read = async {
            let found = self.ask.get(Api::CloudIdentity, &lookup).await?;
            let name = found.get("name").and_then(Value::as_str).unwrap_or("");
            if !is_plain_name(name) || !name.starts_with("groups/") {
                return Err(shape_error(&label, "no name of a group in the answer"));
            }
            // FULL shows each member's type; at most 500 on a page then.
            let path = format!("v1/{name}/memberships?view=FULL&pageSize=500");
            all_pages(self.ask, Api::CloudIdentity, &path, "memberships").await
        };
        let memberships = match self.watch(&label, read).await? {
            Ok(memberships) => memberships,
            Err(error) => {
                self.unreadable(&format!("groups/{email}"), &error.why());
                return Ok(Vec::new());
            }
        };
        let members: Vec<String> = memberships.iter().filter_map(membership).collect();
        let nested = members
            .iter()
            .filter_map(|m| group_of(&PolicyMember::v1(m)))
            .collect();
        let group = Group {
            email: email.to_owned(),
            members,
        };
        self.known.put(|estate| estate.put_group(&group));
        Ok(nested)
    }
}

fn groups_in_policies(
    estate: &Estate,
    holds: &(dyn Fn(&FoundRole) -> bool + Sync),
) -> BTreeSet<String> {
    let may_hold = |role: &str| match estate.role(role) {
        Read::Known(role) => holds(&role),
        Read::Unreadable(_) => true,
    };
    let allow = estate
        .policies()
        .flat_map(|(_, policy)| policy.bindings.iter())
        .filter(|b| may_hold(&b.role))
        .flat_map(|b| b.members.iter());
    let mut groups: BTreeSet<String> = allow.filter_map(|m| group_of(m)).collect();
    let levels = estate.policies().map(|(at, _)| at.clone());
    let unreadable = estate
        .unreadable()
        .filter_map(|(n, _)| Resource::parse(n).ok());
    let levels: BTreeSet<Resource> = levels.chain(unreadable).collect();
    for level in &levels {
        let Read::Known(policies) = estate.deny_policies(level) else {
            continue;
        };
        let rules = policies.iter().flat_map(|p| p.rules.iter());
        for rule in rules.filter_map(|r| r.deny_rule.as_ref()) {
            let members = rule.denied_principals.iter();
            groups.extend(
                members
                    .chain(&rule.exception_principals)
                    .filter_map(|m| group_of(m)),
            );
        }
    }
    groups
}

fn shape_error(what: &str, message: &str) -> ApiError {
    ApiError::Refused {
        what: what.to_owned(),
        status: 200,
        reason: None,
        message: message.to_owned(),
    }
}

fn group_of(member: &PolicyMember) -> Option<String> {
    match &member.member {
        Member::Group(email) => Some(email.clone()),
        _ => None,
    }
}

/// A membership as an IAM member. Kinds that cannot call (devices, drives) are left out.
fn membership(value: &Value) -> Option<String> {
    let id = value.get("preferredMemberKey")?.get("id")?.as_str()?;
    match value.get("type").and_then(Value::as_str) {
        Some("USER") => Some(format!("user:{id}")),
        Some("SERVICE_ACCOUNT") => Some(format!("serviceAccount:{id}")),
        Some("GROUP") => Some(format!("group:{id}")),
        Some(_) => None,
        None => Some(id.to_owned()),
    }
}
