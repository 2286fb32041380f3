//! What policies name: roles, groups, boundary policies, tags, identity providers.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Surveyor, shaped, side_by_side};
use crate::estate::policies::FoundRole;
use crate::estate::{Existence, Group, Provider, Read, Tag};
use crate::evaluate::Question;
use crate::google::wire::{Api, ApiError, all_pages, encode, is_plain_name};
use crate::iam::permission::IMPLICIT_DELEGATION;
use crate::iam::{
    BoundaryPolicy, Member, PolicyMember, Pool, Principal, Resource, Role, predefined,
};

/// More groups than this are not followed for one question.
const GROUPS_AT_MOST: usize = 200;

impl Surveyor<'_> {
    /// Roles that no table here knows: custom ones, and predefined ones that are newer (iam v1,
    /// `roles.get`).
    pub(super) async fn roles(&self) -> Result<(), ApiError> {
        let unknown: BTreeSet<String> = {
            let estate = self.estate();
            estate
                .policies()
                .flat_map(|(_, policy)| policy.bindings.iter())
                .filter(|b| predefined::role(&b.role).is_none() && is_role_name(&b.role))
                .map(|b| b.role.to_string())
                .collect()
        };
        let tasks = unknown.iter().map(|name| async move {
            let path = format!("v1/{name}");
            let label = format!("role {name}");
            let answer = self
                .watch_as::<Role>(&label, self.ask.get(Api::Iam, &path))
                .await?;
            let mut estate = self.estate();
            match answer {
                Ok(role) => estate.put_role(role),
                Err(error) if error.status() == Some(404) => estate.put_missing_role(name),
                Err(error) => estate.mark_unreadable(name, &error.why()),
            }
            Ok::<_, ApiError>(())
        });
        side_by_side(tasks).await.map(drop)
    }

    /// The boundary policies that bindings name.
    pub(super) async fn boundary_policies(&self) -> Result<(), ApiError> {
        let named: BTreeSet<String> = {
            let estate = self.estate();
            estate
                .policy_bindings()
                .filter_map(|(_, list)| list.known().map(<[_]>::to_vec))
                .flatten()
                .filter(|b| b.policy_kind.as_deref() == Some("PRINCIPAL_ACCESS_BOUNDARY"))
                .map(|b| b.policy.clone())
                .filter(|name| is_plain_name(name))
                .collect()
        };
        let tasks = named.iter().map(|name| async move {
            let path = format!("v3/{name}");
            let label = format!("boundary {}", name.rsplit('/').next().unwrap_or(name));
            let answer = self
                .watch_as::<BoundaryPolicy>(&label, self.ask.get(Api::Iam, &path))
                .await?;
            let mut estate = self.estate();
            match answer {
                // Bindings name the policy as they were given it; it is kept under that name too.
                Ok(mut policy) => {
                    policy.name.clone_from(name);
                    estate.put_boundary(policy);
                }
                Err(error) => estate.mark_unreadable(name, &error.why()),
            }
            Ok::<_, ApiError>(())
        });
        side_by_side(tasks).await.map(drop)
    }

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
        let mut round = self.groups_in_policies(holds);
        while !round.is_empty() {
            let fresh: Vec<String> = round
                .into_iter()
                .filter(|g| seen.insert(g.clone()))
                .collect();
            let room = (most + fresh.len()).saturating_sub(seen.len());
            let (now, beyond) = fresh.split_at(room.min(fresh.len()));
            for group in beyond {
                let why = format!("more than {most} groups are involved; not looked into");
                self.estate()
                    .mark_unreadable(&format!("groups/{group}"), &why);
            }
            let found = side_by_side(now.iter().map(|group| self.group(group))).await?;
            round = found.into_iter().flatten().collect();
        }
        Ok(())
    }

    fn groups_in_policies(&self, holds: &(dyn Fn(&FoundRole) -> bool + Sync)) -> BTreeSet<String> {
        let estate = self.estate();
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
                self.estate()
                    .mark_unreadable(&format!("groups/{email}"), &error.why());
                return Ok(Vec::new());
            }
        };
        let members: Vec<String> = memberships.iter().filter_map(membership).collect();
        let nested = members
            .iter()
            .filter_map(|m| group_of(&PolicyMember::v1(m)))
            .collect();
        self.estate().put_group(&Group {
            email: email.to_owned(),
            members,
        });
        Ok(nested)
    }

    /// The tags of the accounts and of what is above them, when some condition looks at tags.
    pub(super) async fn tags(&self, question: &Question) -> Result<(), ApiError> {
        let accounts: Vec<Resource> = question
            .via
            .iter()
            .chain([&question.target])
            .filter_map(|account| match self.estate().resolve(account) {
                Existence::Exists(found) => Some(found),
                _ => None,
            })
            .collect();
        self.tags_of(&accounts).await
    }

    /// The tags of these accounts and of what is above them, when some condition looks at tags.
    pub(super) async fn tags_of(&self, accounts: &[Resource]) -> Result<(), ApiError> {
        if !self.some_condition_uses_tags() {
            return Ok(());
        }
        let mut levels = BTreeMap::new();
        for account in accounts {
            for level in self.estate().ancestry(account).levels {
                let name = self.tag_name(&level);
                levels.insert(level, name);
            }
        }
        let tasks = levels.iter().map(|(level, name)| async move {
            let label = format!("tags of {}", level.relative());
            let path = format!("v3/effectiveTags?parent={}&pageSize=300", encode(name));
            let list = all_pages(self.ask, Api::ResourceManager, &path, "effectiveTags");
            let read = self.watch(&label, list).await?;
            Ok::<_, ApiError>((level.clone(), read.ok()))
        });
        let read: BTreeMap<Resource, Option<Vec<Value>>> =
            side_by_side(tasks).await?.into_iter().collect();
        let mut estate = self.estate();
        for account in accounts {
            let effective = read.get(account).and_then(Option::as_ref);
            let levels = estate.ancestry(account).levels;
            let every = levels.iter().all(|l| matches!(read.get(l), Some(Some(_))));
            match effective {
                // Some level above would not say, but the account's own list holds what it inherits.
                Some(list) if !every => {
                    for level in levels.iter().skip(1) {
                        let own = read.get(level).and_then(Option::as_ref);
                        estate.put_tags(
                            level.clone(),
                            own.map(|l| tags(l, true)).unwrap_or_default(),
                        );
                    }
                    estate.put_tags(account.clone(), tags(list, false));
                }
                _ => {
                    for level in &levels {
                        if let Some(Some(list)) = read.get(level) {
                            estate.put_tags(level.clone(), tags(list, true));
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// Google's page "Create and manage tags for service accounts" and gcloud name accounts by
    /// project number and unique id where tags are concerned.
    fn tag_name(&self, level: &Resource) -> String {
        let estate = self.estate();
        let number = |id: &str| {
            let project = estate.project(id);
            project.map_or_else(|| id.to_owned(), |p| p.number().to_owned())
        };
        match level {
            Resource::Project(id) => Resource::project(&number(id)).full_name(),
            Resource::ServiceAccount { project, account } => {
                let unique = estate.account(account).map(|a| a.unique_id.clone());
                let unique = unique.filter(|u| !u.is_empty());
                let id = unique.unwrap_or_else(|| account.to_string());
                Resource::account(&number(project), &id).full_name()
            }
            other => other.full_name(),
        }
    }

    fn some_condition_uses_tags(&self) -> bool {
        let uses = |text: &str| text.contains(".hasTag") || text.contains(".matchTag");
        let estate = self.estate();
        let mut levels: BTreeSet<Resource> = BTreeSet::new();
        for (at, policy) in estate.policies() {
            let mut conditions = policy.bindings.iter().filter_map(|b| b.condition.as_ref());
            if conditions.any(|c| uses(&c.expression)) {
                return true;
            }
            levels.extend(estate.ancestry(at).levels);
        }
        let unreadable = estate
            .unreadable()
            .filter_map(|(n, _)| Resource::parse(n).ok());
        levels.extend(unreadable);
        levels.iter().any(|level| {
            let Read::Known(policies) = estate.deny_policies(level) else {
                return false;
            };
            policies
                .iter()
                .flat_map(|p| &p.rules)
                .filter_map(|r| r.deny_rule.as_ref()?.denial_condition.as_ref())
                .any(|c| uses(&c.expression))
        })
    }

    /// The providers of a federated caller's pool, for its attribute mapping (iam v1,
    /// `workloadIdentityPools.providers.list`). Left out when they may not be read.
    pub(super) async fn providers(&self, question: &Question) -> Result<(), ApiError> {
        let Principal::Federated {
            pool: pool @ Pool::Workload { .. },
            ..
        } = &question.caller
        else {
            return Ok(());
        };
        let parent = pool.path();
        if !is_plain_name(&parent) {
            return Ok(());
        }
        let path = format!("v1/{parent}/providers?pageSize=100");
        let label = "providers of the caller's pool";
        let field = "workloadIdentityPoolProviders";
        let list = async {
            all_pages(self.ask, Api::Iam, &path, field)
                .await?
                .into_iter()
                .map(|v| shaped::<Provider>(label, v))
                .collect::<Result<Vec<_>, _>>()
        };
        for provider in self.watch(label, list).await?.unwrap_or_default() {
            self.estate().put_provider(provider);
        }
        Ok(())
    }
}

fn shape_error(what: &str, message: &str) -> ApiError {
    ApiError::Refused {
        what: what.to_owned(),
        status: 200,
        reason: None,
        message: message.to_owned(),
    }
}

fn is_role_name(name: &str) -> bool {
    is_plain_name(name)
        && ["roles/", "projects/", "organizations/"]
            .iter()
            .any(|start| name.starts_with(start))
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

/// The tags of an `effectiveTags` list; those bound at the resource itself only, when `own`.
fn tags(list: &[Value], own: bool) -> Vec<Tag> {
    list.iter()
        .filter(|t| !own || t.get("inherited").and_then(Value::as_bool) != Some(true))
        .filter_map(|t| serde_json::from_value(t.clone()).ok())
        .collect()
}
