//! Candidate repairs, ranked by how little they grant. Pure.
//!
//! A candidate is offered only after the question has been judged again on an estate that has the
//! edit: nothing is offered that would not help.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::edit::{self, Grant};
use super::repair::{PlanOptions, Repair, change};
use crate::estate::{Estate, Existence, Read};
use crate::evaluate::explanation::{
    BindingExplanation, MemberExplanation, PolicyExplanation, RoleState,
};
use crate::evaluate::federation::{Attributes, in_full};
use crate::evaluate::{Cause, CauseKind, Explanation, Question, Truth, looks_at_tags};
use crate::iam::permission::{ACT_AS, GET_ACCESS_TOKEN, GET_OPEN_ID_TOKEN};
use crate::iam::{Condition, DeletedKind, Member, Principal, Resource, predefined};

/// Every change worth judging, the least first.
pub(super) fn candidates(
    estate: &Estate,
    part: &Explanation,
    causes: &[Cause],
    options: &PlanOptions,
) -> Vec<Repair> {
    let target = match estate.resolve(&part.question.target) {
        Existence::Exists(found) => found,
        Existence::Unknown(_) => part.question.target.clone(),
        Existence::Deleted | Existence::Missing => return Vec::new(),
    };
    let mut all = Vec::new();
    // The same grant without the condition would take a guard away that perhaps lets the caller in.
    let plain = options.role.is_some() || !part.allow.iter().any(undecided);
    if plain && let Some(before) = policy_of(estate, &target, options) {
        let roles = match &options.role {
            Some(role) => vec![role.clone()],
            None => roles_for(estate, &part.question, &target),
        };
        let condition = options.expires.map(until);
        let members = members(part).into_iter();
        for (member, role) in members.flat_map(|m| roles.iter().map(move |r| (m.clone(), r))) {
            let grant = Grant {
                role: role.clone(),
                member,
                condition: condition.clone(),
            };
            all.extend(granted(estate, &target, &before, grant));
        }
    }
    if options.role.is_none() && options.expires.is_none() {
        all.extend(corrections(estate, part, causes, options));
    }
    all
}

/// Whether a binding would let the caller in, were the tags known that its condition asks for.
fn undecided(level: &PolicyExplanation) -> bool {
    let open = |b: &BindingExplanation| {
        b.role_state == RoleState::Included
            && b.matches == Truth::Yes
            && b.condition.as_ref().is_some_and(|c| {
                !matches!(c.holds, Truth::Yes | Truth::No) && looks_at_tags(&c.condition)
            })
    };
    level.on_path && level.bindings.iter().any(open)
}

/// Whom to grant to, the best first. A federated caller goes by what the binding goes by that missed it: an
/// attribute where that asks for one (a repository's jobs come from many branches, and a subject from one), its
/// subject where that names one. Else the identity alone first, then what it has in common with others.
fn members(part: &Explanation) -> Vec<String> {
    let caller = &part.question.caller;
    let mut all: Vec<String> = Vec::new();
    let mut add = |member: String| {
        if !all.contains(&member) {
            all.push(member);
        }
    };
    let Principal::Federated { pool, .. } = caller else {
        add(caller.member());
        return all;
    };
    let none = Attributes::default();
    let known = part.exchange.as_deref().map_or(&none, |e| &e.attributes);
    let values = |name: &str| -> Vec<&str> {
        let own = known.given.iter().filter(|(n, _)| n == name);
        own.map(|(_, v)| v.as_str())
            .filter(|_| !known.never(name))
            .collect()
    };
    let set = |member: &Member| match member {
        Member::PoolAttribute(_, name, _) => match values(name).as_slice() {
            [one] => Some(format!("attribute.{name}/{one}")),
            _ => None,
        },
        // One of several groups would be a guess.
        Member::PoolGroup(..) => match values("groups").as_slice() {
            [one] => Some(format!("group/{one}")),
            _ => None,
        },
        _ => None,
    };
    let there: Vec<(bool, &Member)> = part
        .allow
        .iter()
        .filter(|l| l.on_path)
        .flat_map(|l| &l.bindings)
        .flat_map(|b| b.members.iter().map(move |m| (b.role_state, m)))
        .map(|(role, m)| {
            (
                role == RoleState::Included && m.matches != Truth::Yes,
                &m.member.member,
            )
        })
        .filter(|(_, m)| m.pool().is_some_and(|p| p.id() == pool.id()))
        .collect();
    for missed in [true, false] {
        if !missed {
            add(caller.member());
        }
        for (_, member) in there.iter().filter(|(m, _)| *m == missed) {
            if let Some(tail) = set(member) {
                add(format!(
                    "principalSet://iam.googleapis.com/{}/{tail}",
                    pool.path()
                ));
            } else if missed && matches!(member, Member::One(_)) {
                add(caller.member());
            }
        }
    }
    all
}

fn granted(estate: &Estate, target: &Resource, before: &PlannedOn, grant: Grant) -> Option<Repair> {
    let edited = edit::add(&before.policy, &grant).ok()?;
    let for_a_time = if grant.condition.is_some() {
        ", for a limited time"
    } else {
        ""
    };
    let title = format!(
        "grant {} to {} on {}{for_a_time}",
        grant.role,
        grant.member,
        estate.label(target)
    );
    Some(Repair {
        id: format!("grant {} {}", grant.role, grant.member),
        title,
        resource: target.clone(),
        role: grant.role,
        member: grant.member,
        condition: grant.condition,
        replaces: None,
        recommended: false,
        certain: false,
        before: before.policy.clone(),
        as_read: before.as_read,
        after: edited.policy,
        already: !edited.changed,
    })
}

/// A member that was meant for the caller: misspelled, deleted under the same address, of the
/// wrong kind, or of its pool and not named in full. Looked for where a cause says so, in bindings whose role holds the permission.
fn corrections(
    estate: &Estate,
    part: &Explanation,
    causes: &[Cause],
    options: &PlanOptions,
) -> Vec<Repair> {
    let caller = &part.question.caller;
    let says = |kind| causes.iter().any(|c| c.kind == kind);
    let mut all = Vec::new();
    for level in part.allow.iter().filter(|l| l.on_path) {
        let bindings = level.bindings.iter();
        for binding in bindings.filter(|b| b.role_state == RoleState::Included) {
            let Some(before) = policy_of(estate, &level.resource, options) else {
                continue;
            };
            for MemberExplanation { member, .. } in &binding.members {
                let in_full = match caller {
                    Principal::Federated { pool, .. } if says(CauseKind::FederatedMismatch) => {
                        in_full(&member.text, pool)
                    }
                    _ => None,
                };
                let meant = match &member.member {
                    _ if in_full.is_some() => true,
                    Member::One(other) if misspelled(other, caller) => {
                        says(CauseKind::MemberMisspelled) && !exists(estate, other)
                    }
                    Member::One(other) => {
                        says(CauseKind::MemberKindMismatch)
                            && other != caller
                            && other.email().is_some()
                            && other.email() == caller.email()
                    }
                    Member::Deleted { kind, address, .. } => {
                        says(CauseKind::MemberDeleted) && was(caller, *kind, address)
                    }
                    _ => false,
                };
                if !meant {
                    continue;
                }
                let grant = Grant {
                    role: binding.role.to_string(),
                    member: in_full.unwrap_or_else(|| caller.member()),
                    condition: binding
                        .condition
                        .as_ref()
                        .map(|c| Condition::clone(&c.condition)),
                };
                let Ok(edited) = change(&before.policy, &grant, Some(&member.text)) else {
                    continue;
                };
                all.push(Repair {
                    id: format!("correct {} {}", grant.role, member.text),
                    title: format!(
                        "put {} in the place of {} in the binding of {} on {}",
                        grant.member,
                        member.text,
                        grant.role,
                        estate.label(&level.resource)
                    ),
                    resource: level.resource.clone(),
                    role: grant.role,
                    member: grant.member,
                    condition: grant.condition,
                    replaces: Some(member.text.to_string()),
                    recommended: false,
                    certain: false,
                    before: before.policy.clone(),
                    as_read: before.as_read,
                    already: !edited.changed,
                    after: edited.policy,
                });
            }
        }
    }
    all
}

/// The roles worth offering, the least first: the one made for the purpose, then custom roles of
/// the target's project and organization that hold fewer permissions.
fn roles_for(estate: &Estate, question: &Question, target: &Resource) -> Vec<String> {
    let permission = question.permission.as_str();
    let made_for = match permission {
        GET_ACCESS_TOKEN | GET_OPEN_ID_TOKEN if question.caller.is_federated() => {
            Some("roles/iam.workloadIdentityUser")
        }
        GET_ACCESS_TOKEN => Some("roles/iam.serviceAccountTokenCreator"),
        GET_OPEN_ID_TOKEN => Some("roles/iam.serviceAccountOpenIdTokenCreator"),
        ACT_AS => Some("roles/iam.serviceAccountUser"),
        _ => None,
    };
    let holds = |name: &str| predefined::role(name).is_some_and(|r| r.includes(permission));
    // Otherwise the smallest role of IAM's own that holds it, stable ones before others.
    let first = made_for.filter(|name| holds(name)).map_or_else(
        || {
            let mut roles = predefined::roles_with(permission).to_vec();
            roles.retain(|r| r.name.starts_with("roles/iam."));
            roles.sort_by_key(|r| (r.stage() != crate::iam::Stage::Ga, r.size(), r.name));
            roles.first().map(|r| r.name.to_owned())
        },
        |name| Some(name.to_owned()),
    );
    let most = first
        .as_deref()
        .and_then(predefined::role)
        .map_or(usize::MAX, |r| r.size());
    let above: Vec<String> = estate
        .ancestry(target)
        .levels
        .iter()
        .map(|level| format!("{}/roles/", level.relative()))
        .collect();
    let mut custom: Vec<(usize, String)> = estate
        .roles()
        .filter(|r| above.iter().any(|start| r.name.starts_with(start.as_str())))
        .filter(|r| !r.deleted && r.stage != crate::iam::Stage::Disabled)
        .filter(|r| r.includes(permission))
        .map(|r| (r.included_permissions.len(), r.name.clone()))
        .filter(|(size, _)| *size < most)
        .collect();
    custom.sort();
    let custom = custom.into_iter().map(|(_, name)| name);
    first.into_iter().chain(custom).collect()
}

/// A policy to be edited.
struct PlannedOn {
    policy: Value,
    /// As [`Repair::as_read`].
    as_read: bool,
}

/// The policy to be edited: as it was read, else as the estate has it. An unknown one is not edited.
fn policy_of(estate: &Estate, resource: &Resource, options: &PlanOptions) -> Option<PlannedOn> {
    if let Some(policy) = options.policies.get(resource) {
        return Some(PlannedOn {
            policy: policy.clone(),
            as_read: true,
        });
    }
    let policy = match estate.allow_policy(resource) {
        Read::Known(Some(policy)) => serde_json::to_value(&**policy).ok()?,
        Read::Known(None) => json!({}),
        Read::Unreadable(_) => return None,
    };
    Some(PlannedOn {
        policy,
        as_read: false,
    })
}

/// The condition of a grant for a limited time. `request.time` works for every resource
/// (Google's page "Attribute reference for IAM Conditions").
fn until(time: Timestamp) -> Condition {
    let whole = Timestamp::from_second(time.as_second()).unwrap_or(time);
    Condition {
        expression: format!("request.time < timestamp(\"{whole}\")"),
        title: Some(format!("until {whole}")),
        description: None,
        location: None,
    }
}

/// Two letters or fewer apart, of the same kind.
fn misspelled(there: &Principal, caller: &Principal) -> bool {
    let same_kind = std::mem::discriminant(there) == std::mem::discriminant(caller);
    let distance = strsim::osa_distance(&there.to_string(), &caller.to_string());
    same_kind && (1..=2).contains(&distance)
}

fn exists(estate: &Estate, principal: &Principal) -> bool {
    principal
        .email()
        .is_some_and(|email| estate.account(email).is_some())
}

fn was(caller: &Principal, kind: DeletedKind, address: &str) -> bool {
    match caller {
        Principal::User(email) => kind == DeletedKind::User && email == address,
        Principal::ServiceAccount(email) => kind == DeletedKind::ServiceAccount && email == address,
        _ => kind == DeletedKind::Principal && caller.member() == address,
    }
}

#[cfg(test)]
#[path = "candidates_tests.rs"]
mod tests;
