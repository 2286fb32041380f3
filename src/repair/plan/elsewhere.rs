//! What would have to change where no binding helps: deny rules, boundaries, accounts that are gone, identity
//! pools and their providers;
//! who could change it is told of organization policies too.
//! It is told, with who could do it and how, and never offered for applying. Pure.
//!
//! Commands: gcloud 528, `gcloud iam policies get|update` (`surface/iam/policies`), `gcloud iam
//! principal-access-boundary-policies update` (`_partials/_update_ga.yaml`; its `--add-details-rules`
//! knows description, effect and resources).

use std::collections::BTreeSet;

use serde_json::json;

use crate::estate::{Estate, Read};
use crate::evaluate::explanation::{
    AccountState, BoundaryExplanation, DenyPolicyExplanation, RoleState,
};
use crate::evaluate::federation::{Exchange, mend};
use crate::evaluate::{Explanation, Truth};
use crate::iam::{Member, Principal, Resource, RuleEffect, predefined};
use crate::text::shell;
use crate::text::visible;

/// A change that bindings cannot stand in for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Elsewhere {
    /// What would have to change, a sentence.
    pub what: String,
    /// Where it sits: a resource's or a policy's name.
    pub place: String,
    /// Who could do it, as far as is known; a sentence.
    pub who: String,
    /// The command for whoever does it, for a POSIX shell. It changes nothing before it is edited
    /// where a line says so.
    pub command: String,
}

/// Everything of the kind that stands in the way of an answer, nearest first.
#[must_use]
pub fn elsewhere(estate: &Estate, explanation: &Explanation) -> Vec<Elsewhere> {
    let hops = if explanation.hops.is_empty() {
        std::slice::from_ref(explanation)
    } else {
        &explanation.hops
    };
    let mut all = Vec::new();
    for hop in hops {
        let caller = hop
            .question
            .caller
            .email()
            .map(|e| Resource::account("-", e));
        let found = [
            (hop.target_state, Some(hop.question.target.clone())),
            (hop.caller_state, caller),
        ]
        .into_iter()
        .filter(|(state, _)| *state == AccountState::Deleted)
        .filter_map(|(_, account)| Some(deleted(estate, &account?)))
        .chain(exchange(estate, hop))
        .chain(denials(estate, hop))
        .chain(boundaries(estate, hop));
        for one in found {
            if !all.contains(&one) {
                all.push(one);
            }
        }
    }
    all
}

/// So many providers are named where an attribute is mapped by none.
const PROVIDERS: usize = 3;

/// What keeps a federated caller from having a token, or an attribute that a binding asks for.
fn exchange(estate: &Estate, explanation: &Explanation) -> Vec<Elsewhere> {
    let Some(exchange) = explanation.exchange.as_deref() else {
        return Vec::new();
    };
    let mut mends = mend::mends(estate, exchange);
    for (name, value) in unmapped(explanation, exchange) {
        let claims = explanation.question.claims.as_deref();
        // Another value in the token would miss the binding as well.
        let other = claims.is_some_and(|c| c.get(name).is_some_and(|v| v != value));
        if other {
            continue;
        }
        for provider in exchange.providers.iter().take(PROVIDERS) {
            mends.extend(mend::add_mapping(estate, provider, name));
        }
    }
    let place = |path: &str| {
        let path = path.strip_prefix("//iam.googleapis.com/").unwrap_or(path);
        match path
            .strip_prefix("projects/")
            .and_then(|p| p.split('/').next())
        {
            Some(project) => {
                let id = estate.project(project).map_or(project, |p| &p.project_id);
                Some((Resource::project(id), "roles/iam.workloadIdentityPoolAdmin"))
            }
            None => {
                let pool = path.split("/providers/").next().unwrap_or(path);
                let parent = estate.pool(pool)?.extra.get("parent")?.as_str()?;
                let parent = Resource::parse(parent).ok()?;
                Some((parent, "roles/iam.workforcePoolAdmin"))
            }
        }
    };
    mends
        .into_iter()
        .map(|m| Elsewhere {
            who: match place(&m.place) {
                Some((on, role)) => who(estate, &on, m.permission, role),
                None => format!("Whoever holds {} there.", m.permission),
            },
            what: m.what,
            place: m.place,
            command: m.command,
        })
        .collect()
}

/// The attributes that bindings on the way ask of the caller's pool and that none of its providers maps.
fn unmapped<'e>(explanation: &'e Explanation, exchange: &Exchange) -> BTreeSet<(&'e str, &'e str)> {
    explanation
        .allow
        .iter()
        .filter(|level| level.on_path)
        .flat_map(|level| &level.bindings)
        .filter(|binding| binding.role_state == RoleState::Included)
        .flat_map(|binding| &binding.members)
        .filter_map(|m| match &m.member.member {
            Member::PoolAttribute(pool, name, value) => Some((pool, name.as_str(), value.as_str())),
            Member::PoolGroup(pool, group) => Some((pool, "groups", group.as_str())),
            _ => None,
        })
        .filter(|(pool, name, _)| pool.path() == exchange.pool && exchange.attributes.never(name))
        .map(|(_, name, value)| (name, value))
        .collect()
}

fn denials(estate: &Estate, explanation: &Explanation) -> Vec<Elsewhere> {
    let mut all = Vec::new();
    for level in &explanation.deny {
        for policy in level.policies.iter().filter(|p| p.denies == Truth::Yes) {
            all.push(denial(estate, explanation, &level.resource, policy));
        }
    }
    all
}

fn denial(
    estate: &Estate,
    explanation: &Explanation,
    on: &Resource,
    policy: &DenyPolicyExplanation,
) -> Elsewhere {
    let rules: Vec<String> = policy
        .rules
        .iter()
        .filter(|r| r.denies == Truth::Yes)
        .map(|r| r.index.to_string())
        .collect();
    let caller = &explanation.question.caller;
    let id = policy.policy.id();
    let point = format!("cloudresourcemanager.googleapis.com/{}", on.relative());
    let file = format!("{id}.json");
    let flags = format!(
        "{} {} --kind=denypolicies",
        shell(id),
        shell(&format!("--attachment-point={point}"))
    );
    let exception = deny_principal(caller);
    // No comment: zsh takes none where lines are typed.
    let edit = format!(
        "edit it: add {} to exceptionPrincipals of rules[{}].denyRule",
        visible(&exception),
        rules.join("], rules[")
    );
    let command = format!(
        "gcloud iam policies get {flags} --format=json > {}\n: {}\ngcloud iam policies update {flags} {}",
        shell(&file),
        shell(&edit),
        shell(&format!("--policy-file={file}")),
    );
    Elsewhere {
        what: format!(
            "The deny policy {} on the {} {} would have to except {} from the denial of {}.",
            visible(id),
            on.kind().word(),
            estate.label(on),
            visible(&exception),
            explanation.question.permission
        ),
        place: policy.policy.name.clone(),
        who: who(estate, on, "iam.denypolicies.update", "roles/iam.denyAdmin"),
        command,
    }
}

fn boundaries(estate: &Estate, explanation: &Explanation) -> Vec<Elsewhere> {
    let all = &explanation.boundaries;
    if all.eligible != Truth::No {
        return Vec::new();
    }
    let counting: Vec<&BoundaryExplanation> = all
        .boundaries
        .iter()
        .filter(|b| b.applies.and(b.reaches_permission) == Truth::Yes)
        .collect();
    let shut: Vec<&BoundaryExplanation> = counting.iter().copied().filter(|b| shuts(b)).collect();
    if !shut.is_empty() {
        return shut
            .into_iter()
            .map(|b| boundary(estate, explanation, b, true))
            .collect();
    }
    // One that lets the target in is enough: the boundaries of a caller add up.
    counting
        .into_iter()
        .map(|b| boundary(estate, explanation, b, false))
        .collect()
}

/// Whether a DENY rule of it applies.
fn shuts(boundary: &BoundaryExplanation) -> bool {
    boundary.policy.as_ref().is_some_and(|policy| {
        let rules = policy.details.rules.iter().zip(&boundary.rules);
        rules
            .into_iter()
            .any(|(rule, applies)| rule.effect == RuleEffect::Deny && *applies == Truth::Yes)
    })
}

fn boundary(
    estate: &Estate,
    explanation: &Explanation,
    boundary: &BoundaryExplanation,
    shut: bool,
) -> Elsewhere {
    let name = &boundary.policy_name;
    let organization = name.split("/locations/").next().unwrap_or(name);
    let project = match &explanation.question.target {
        Resource::ServiceAccount { project, .. } => Resource::project(project),
        other => other.clone(),
    };
    let at = Resource::parse(organization).ok();
    let who = match &at {
        Some(at) => who(
            estate,
            at,
            "iam.principalaccessboundarypolicies.update",
            "roles/iam.principalAccessBoundaryAdmin",
        ),
        None => {
            "Whoever holds roles/iam.principalAccessBoundaryAdmin on the organization.".to_owned()
        }
    };
    let label = estate.label(&project);
    let (what, command) = if shut {
        (
            format!(
                "The DENY rule of the boundary {} would have to leave out the project {label}.",
                visible(name)
            ),
            format!(
                "gcloud iam principal-access-boundary-policies describe {}",
                shell(name)
            ),
        )
    } else {
        let rule = json!({
            "description": format!("reach {}", project.id()),
            "effect": "ALLOW",
            "resources": [project.full_name()],
        });
        (
            format!(
                "The boundary {} would have to include the project {label}. Everybody bound by it could then reach that project, as far as roles let them.",
                visible(name)
            ),
            format!(
                "gcloud iam principal-access-boundary-policies update {} {}",
                shell(name),
                shell(&format!("--add-details-rules={rule}"))
            ),
        )
    };
    Elsewhere {
        what,
        place: name.clone(),
        who,
        command,
    }
}

fn deleted(estate: &Estate, account: &Resource) -> Elsewhere {
    let id = estate
        .deleted_account(account.id())
        .map(|a| &*a.unique_id)
        .filter(|id| !id.is_empty());
    let command = match id {
        Some(id) => format!("gcloud iam service-accounts undelete {}", shell(id)),
        // It takes the unique id, which the log of its deletion holds (doc "Delete and undelete service
        // accounts").
        None => {
            let filter = format!(
                "resource.type=\"service_account\" resource.labels.email_id=\"{}\" \"DeleteServiceAccount\"",
                account.id()
            );
            let project = match account {
                Resource::ServiceAccount { project, .. } if &**project != "-" => {
                    format!(" {}", shell(&format!("--project={project}")))
                }
                _ => String::new(),
            };
            format!(
                "gcloud logging read {} --freshness=30d{project}",
                shell(&filter)
            )
        }
    };
    Elsewhere {
        what: format!(
            "The account {} would have to be brought back, within 30 days of its deletion; one made anew is another identity.",
            visible(account.id())
        ),
        place: account.full_name(),
        who: "Whoever holds iam.serviceAccounts.undelete on its project.".to_owned(),
        command,
    }
}

/// The caller as deny policies write it (discovery document iam v2, `DenyRule.deniedPrincipals`).
fn deny_principal(caller: &Principal) -> String {
    match caller {
        Principal::User(email) => format!("principal://goog/subject/{email}"),
        Principal::ServiceAccount(email) => {
            format!("principal://iam.googleapis.com/projects/-/serviceAccounts/{email}")
        }
        other => other.member(),
    }
}

/// How many holders are named.
const NAMED: usize = 3;

/// Who holds the permission on a level or above it, as far as the estate shows; else the role to
/// ask for.
pub(super) fn who(estate: &Estate, on: &Resource, permission: &str, role: &str) -> String {
    let mut found: Vec<String> = Vec::new();
    for level in &estate.ancestry(on).levels {
        let Read::Known(Some(policy)) = estate.allow_policy(level) else {
            continue;
        };
        for binding in &policy.bindings {
            let holds = estate
                .role(&binding.role)
                .known()
                .is_some_and(|r| r.includes(permission) && !r.disabled() && !r.deleted());
            if !holds {
                continue;
            }
            for member in &binding.members {
                let text = visible(&member.text);
                if !found.contains(&text) {
                    found.push(text);
                }
            }
        }
    }
    let title = predefined::role(role).map_or(role, |r| r.title);
    let place = format!("the {} {}", on.kind().word(), estate.label(on));
    if found.is_empty() {
        return format!("Whoever holds {title} ({role}) on {place} or above.");
    }
    let more = found.len().saturating_sub(NAMED);
    found.truncate(NAMED);
    let more = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    format!(
        "As far as can be seen: {}{more}; it takes {permission} on {place} ({role}).",
        found.join(", ")
    )
}
