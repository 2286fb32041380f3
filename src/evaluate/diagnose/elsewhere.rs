//! Grants that are right in themselves and stand in the wrong place.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::super::cause::CauseKind;
use super::super::explanation::{BindingExplanation, Explanation};
use super::super::judge::Judge;
use super::super::membership;
use super::super::role::without_hidden_condition;
use super::super::truth::Truth;
use super::bindings::is_meant_for_it;
use super::words::{self, Names};
use super::{Causes, is_weak};
use crate::estate::Estate;
use crate::iam::{Member, Resource, ResourceKind};

/// So many grants on other accounts are named at most.
const MOST: usize = 3;

/// `before`: how many causes there were before those of allow policies. `way`: an account through which the
/// caller gets there in two steps; that it may act as that one is no mix-up.
pub(super) fn causes(
    estate: &Estate,
    explanation: &Explanation,
    causes: &mut Causes,
    before: usize,
    way: Option<&Resource>,
) {
    let names = Names::of(estate, explanation);
    let mut told = on_callers_branch(estate, explanation, &names, causes);
    told.extend(way.cloned());
    on_others(estate, explanation, &names, causes, before, &told);
}

fn on_callers_branch(
    estate: &Estate,
    explanation: &Explanation,
    names: &Names,
    causes: &mut Causes,
) -> BTreeSet<Resource> {
    let mut told = BTreeSet::new();
    for policy in &explanation.off_path {
        let meant = |b: &BindingExplanation| b.grants == Truth::Yes && is_meant_for_it(&b.role);
        let Some(binding) = policy.bindings.iter().find(|b| meant(b)) else {
            continue;
        };
        let from = causes.len();
        let remedy = words::grant(explanation, names);
        match &policy.resource {
            Resource::Project(project) => causes.on(
                CauseKind::GrantOnCallersProject,
                &policy.resource,
                format!(
                    "Granted on the caller's own project. It lets {} act as accounts of {project}; {} belongs to {}.",
                    names.caller, names.target, names.target_project
                ),
                remedy,
            ),
            Resource::ServiceAccount { .. } => causes.on(
                CauseKind::GrantElsewhere,
                &policy.resource,
                format!(
                    "Granted on {}'s own account. That says who may act as {0}, not as whom {0} may act.",
                    names.caller
                ),
                remedy,
            ),
            other => causes.on(
                CauseKind::GrantElsewhere,
                other,
                format!(
                    "Granted on {}. It reaches the accounts below it; {} of {} lies on another branch.",
                    words::level(estate, other),
                    names.target,
                    names.target_project
                ),
                remedy,
            ),
        }
        let by = binding.members.iter().find(|m| m.matches == Truth::Yes);
        let by = by.map(|m| &*m.member.text);
        causes.blame(from, &policy.resource, &binding.role, by);
        told.insert(policy.resource.clone());
    }
    told
}

/// Grants to the caller by name anywhere else: those on accounts that are called alike always, others
/// only when nothing nearer explains the refusal.
fn on_others(
    estate: &Estate,
    explanation: &Explanation,
    names: &Names,
    causes: &mut Causes,
    before: usize,
    told: &BTreeSet<Resource>,
) {
    let target = &explanation.question.target;
    let on_path = |r: &Resource| explanation.allow.iter().any(|p| p.resource == *r);
    let wanted = words::local(
        estate
            .account(target.id())
            .map_or(target.id(), |a| a.email.as_str()),
    );
    let mut roles: Vec<(&Arc<str>, bool)> = Vec::new();
    let mut found: Vec<GrantFound<'_>> = Vec::new();
    let sets = sets(estate, explanation);
    let named = explanation.question.caller.member();
    let places = std::iter::once(named.as_str())
        .chain(sets.iter().map(|set| &**set))
        .flat_map(|member| {
            estate
                .grants_naming(member)
                .iter()
                .map(move |place| (member, place))
        });
    for (member, place) in places {
        if !is_meant_for_it(&place.role) || !holds(estate, explanation, &place.role, &mut roles) {
            continue;
        }
        let resource = &place.resource;
        if on_path(resource)
            || told.contains(resource)
            || found.iter().any(|f| f.resource == resource)
        {
            continue;
        }
        let Some(policy) = estate.allow_policy(resource).known().flatten() else {
            continue;
        };
        let Some(binding) = usize::try_from(place.binding)
            .ok()
            .and_then(|i| policy.bindings.get(i))
        else {
            continue;
        };
        let alike = resource.kind() == ResourceKind::ServiceAccount
            && alike(&wanted, &words::local(resource.id()));
        found.push(GrantFound {
            alike,
            resource,
            conditional: binding.condition.is_some(),
            role: &place.role,
            member,
        });
        if found.len() > 4 * MOST {
            nearest_first(&mut found);
            found.truncate(MOST);
        }
    }
    let nothing_nearer = causes.kinds(before).all(is_weak);
    nearest_first(&mut found);
    for grant in found.into_iter().take(MOST) {
        let GrantFound {
            alike,
            resource,
            conditional,
            ..
        } = grant;
        if !alike && !nothing_nearer {
            continue;
        }
        let from = causes.len();
        let place = match resource {
            Resource::ServiceAccount { project, .. } => {
                format!("{} of {project}", words::level(estate, resource))
            }
            other => words::level(estate, other),
        };
        let when = if conditional {
            ", with a condition"
        } else {
            ""
        };
        let message = match resource {
            Resource::ServiceAccount { .. } => format!(
                "Granted on another account: {} may act as {place}{when}. The call is for {} of {}.",
                names.caller, names.target, names.target_project
            ),
            _ => format!(
                "Granted on {place}{when}, another branch: it does not reach {} of {}.",
                names.target, names.target_project
            ),
        };
        causes.on(
            CauseKind::GrantElsewhere,
            resource,
            message,
            format!(
                "If {} is the account you mean, {}",
                names.target,
                words::lower(&words::grant(explanation, names))
            ),
        );
        causes.blame(from, resource, grant.role, Some(grant.member));
    }
}

/// A grant to the caller somewhere else.
struct GrantFound<'a> {
    /// On an account that is called as the target is.
    alike: bool,
    resource: &'a Resource,
    conditional: bool,
    role: &'a Arc<str>,
    member: &'a str,
}

/// The sets of its pool that a federated caller is in for certain, as policies anywhere write them: by its
/// own name it is hardly ever granted anything.
fn sets(estate: &Estate, explanation: &Explanation) -> Vec<Arc<str>> {
    let question = &explanation.question;
    if !question.caller.is_federated() {
        return Vec::new();
    }
    let judge = Judge::new(
        estate,
        &question.caller,
        &question.permission,
        &question.target,
        question.time,
    )
    .with_identity(&question.attributes, question.claims.as_ref());
    estate
        .members()
        .filter(|m| {
            matches!(
                m.member,
                Member::PoolAll(_)
                    | Member::PoolGroup(..)
                    | Member::PoolAttribute(..)
                    | Member::PoolNamespace(..)
            ) && membership::member(&judge, &m.member).matches == Truth::Yes
        })
        .map(|m| Arc::clone(&m.text))
        .collect()
}

fn nearest_first(found: &mut [GrantFound<'_>]) {
    found.sort_by(|a, b| {
        let alike = b.alike.cmp(&a.alike);
        alike.then_with(|| a.resource.cmp(b.resource))
    });
}

/// Whether a role holds the permission; a caller that is named in many places has few roles.
fn holds<'e>(
    estate: &Estate,
    explanation: &Explanation,
    role: &'e Arc<str>,
    known: &mut Vec<(&'e Arc<str>, bool)>,
) -> bool {
    if let Some((_, answer)) = known
        .iter()
        .find(|(r, _)| Arc::ptr_eq(r, role) || *r == role)
    {
        return *answer;
    }
    let (name, _) = without_hidden_condition(role);
    let answer = estate.role(name).known().is_some_and(|r| {
        r.includes(explanation.question.permission.as_str()) && !r.disabled() && !r.deleted()
    });
    known.push((role, answer));
    answer
}

fn alike(wanted: &str, other: &str) -> bool {
    wanted == other || strsim::normalized_damerau_levenshtein(wanted, other) >= 0.85
}

/// Whether a member is the target itself.
pub(super) fn is_target(explanation: &Explanation, member: &Member) -> bool {
    matches!(member, Member::One(crate::iam::Principal::ServiceAccount(email))
        if email.as_str() == explanation.question.target.id()
            && explanation.question.caller.email() != Some(email))
}
