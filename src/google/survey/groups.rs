//! The groups that policies name, with their members.

use std::collections::BTreeSet;

use super::basic_roles::projects_named;
use super::{Surveyor, side_by_side};
use crate::estate::policies::FoundRole;
use crate::estate::{Estate, Group, Read};
use crate::evaluate::Question;
use crate::evaluate::diagnose::is_taken_for_enough;
use crate::google::api::cloud_identity;
use crate::iam::member::BasicRole;
use crate::iam::permission::IMPLICIT_DELEGATION;
use crate::iam::{Member, PolicyMember, Resource};
use crate::wire::ApiError;

/// More groups than this are not followed for one question.
const GROUPS_AT_MOST: usize = 200;

/// What reading a group is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Worth {
    /// The answer may hang on who is in it.
    Decides,
    /// Whoever is in it is told why that is not enough.
    Tells,
}

/// What the groups of a binding are good for, by where it is and by its role; `None`: nothing.
pub(super) type WorthOf<'a> = dyn Fn(&Resource, &str, &FoundRole) -> Option<Worth> + Sync + 'a;

impl Surveyor<'_> {
    /// The groups that may decide: in bindings whose role may hold the permission, and in deny
    /// rules; then the groups in those, round by round. Beside them those that are granted a role
    /// which is taken for enough: whoever is in one is told that it is not.
    pub(super) async fn groups(&self, question: &Question) -> Result<(), ApiError> {
        // A pool's identities are in no Google group.
        if question.caller.is_federated() && question.via.is_empty() {
            return Ok(());
        }
        let wanted = question.permission.as_str();
        let worth = |on: &Resource, name: &str, role: &FoundRole| {
            let delegates = !question.via.is_empty() && role.includes(IMPLICIT_DELEGATION);
            if role.includes(wanted) || delegates {
                Some(Worth::Decides)
            } else if is_taken_for_enough(name, role, on) {
                Some(Worth::Tells)
            } else {
                None
            }
        };
        self.groups_where(&worth, &[], GROUPS_AT_MOST).await
    }

    /// The groups in bindings whose role is `worth` it (or could not be read) and in deny rules, at
    /// most `most` of them, those that may decide first; `named` before all.
    pub(super) async fn groups_where(
        &self,
        worth: &WorthOf<'_>,
        named: &[String],
        most: usize,
    ) -> Result<(), ApiError> {
        let mut seen = BTreeSet::new();
        let (deciding, telling) = self.known.with(|estate| groups_in_policies(estate, worth));
        let mut round = named.to_vec();
        round.extend(deciding.iter().cloned());
        round.extend(telling.into_iter().filter(|g| !deciding.contains(g)));
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
            let found: BTreeSet<String> = found.into_iter().flatten().collect();
            round = found.into_iter().collect();
        }
        Ok(())
    }

    /// The direct members of a group. Gives the groups among them.
    async fn group(&self, email: &str) -> Result<Vec<String>, ApiError> {
        let label = format!("members of {email}");
        let read = cloud_identity::members(self.ask, email);
        let members = match self.watch(&label, read).await? {
            Ok(members) => members,
            Err(error) => {
                self.unreadable(&format!("groups/{email}"), &error.why());
                return Ok(Vec::new());
            }
        };
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

/// The groups in bindings and deny rules: those that may decide, and those that are worth a word.
fn groups_in_policies(
    estate: &Estate,
    worth: &WorthOf<'_>,
) -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut deciding, mut telling) = (BTreeSet::new(), BTreeSet::new());
    // Who has a basic role on these is who a member of some policy stands for.
    let named: BTreeSet<Resource> = projects_named(estate)
        .iter()
        .filter_map(|p| Some(Resource::project(&estate.project(p)?.project_id)))
        .collect();
    let basic = [BasicRole::Owner, BasicRole::Editor, BasicRole::Viewer].map(BasicRole::role);
    for (on, policy) in estate.policies() {
        for binding in &policy.bindings {
            let worth = match estate.role(&binding.role) {
                _ if named.contains(on) && basic.contains(&&*binding.role) => Some(Worth::Decides),
                Read::Known(role) => worth(on, &binding.role, &role),
                Read::Unreadable(_) => Some(Worth::Decides),
            };
            let groups = binding.members.iter().filter_map(|m| group_of(m));
            match worth {
                Some(Worth::Decides) => deciding.extend(groups),
                Some(Worth::Tells) => telling.extend(groups),
                None => {}
            }
        }
    }
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
            deciding.extend(
                members
                    .chain(&rule.exception_principals)
                    .filter_map(|m| group_of(m)),
            );
        }
    }
    (deciding, telling)
}

fn group_of(member: &PolicyMember) -> Option<String> {
    match &member.member {
        Member::Group(email) => Some(email.clone()),
        _ => None,
    }
}
