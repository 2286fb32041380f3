//! Names and sentences for people: the user's own names, no jargon where a word will do.

use super::super::explanation::Explanation;
use crate::estate::Estate;
use crate::iam::address;
use crate::iam::{Permission, Principal, Resource, ResourceKind, predefined};

/// How caller and target are called in a message.
pub(crate) struct Names {
    /// `run-processor`; with its project where the target is called the same.
    pub caller: String,
    /// `bq-privileged`.
    pub target: String,
    /// The target's project.
    pub target_project: String,
}

impl Names {
    pub fn of(estate: &Estate, explanation: &Explanation) -> Self {
        let caller = &explanation.question.caller;
        let target = &explanation.question.target;
        let account = estate
            .account(target.id())
            .map_or_else(|| target.id().to_owned(), |a| a.email.clone());
        let (mut short, mut target_short) = (short(caller), address::name(&account).to_owned());
        if short == target_short {
            short = caller.short();
            target_short = estate.label(target);
        }
        let target_project = match target {
            Resource::ServiceAccount { project, .. } => project.to_string(),
            other => estate.label(other),
        };
        Self {
            caller: short,
            target: target_short,
            target_project,
        }
    }
}

/// A principal in as few letters as tell it apart in a sentence.
pub(crate) fn short(principal: &Principal) -> String {
    match principal {
        Principal::ServiceAccount(email) => address::name(email).to_owned(),
        other => other.short(),
    }
}

/// The part of an address before the `@`.
pub(crate) fn local(email: &str) -> String {
    email
        .split_once('@')
        .map_or(email, |(local, _)| local)
        .to_owned()
}

/// `folder data`, `project app-prod`, `bq-privileged itself`.
pub(crate) fn level(estate: &Estate, resource: &Resource) -> String {
    match resource {
        Resource::ServiceAccount { account, .. } => {
            let email = estate.account(account).map_or(&**account, |a| &*a.email);
            format!("the account {}", address::name(email))
        }
        other => format!("the {} {}", other.kind().word(), plain(estate, other)),
    }
}

fn plain(estate: &Estate, resource: &Resource) -> String {
    let label = estate.label(resource);
    match label.rsplit_once('/') {
        Some((_, number)) if resource.kind() != ResourceKind::ServiceAccount => number.to_owned(),
        _ => label,
    }
}

/// The number of `projects/NUMBER`.
pub(crate) fn number(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// `a`, `a and b`, `a, b and c`.
pub(crate) fn list(items: &[String]) -> String {
    match items {
        [] => "nothing".to_owned(),
        [one] => one.clone(),
        [head @ .., last] => format!("{} and {last}", head.join(", ")),
    }
}

/// The role's title with its name: `Service Account Token Creator`.
pub(crate) fn role(estate: &Estate, name: &str) -> String {
    estate
        .role(name)
        .known()
        .and_then(|r| r.title().map(str::to_owned))
        .filter(|t| !t.is_empty())
        .unwrap_or_else(|| name.to_owned())
}

/// A role that people use for the permission: Token Creator where it holds it (Workload Identity User
/// for a federated caller), else the smallest.
pub(crate) fn suitable_role(
    permission: &Permission,
    federated: bool,
) -> Option<(&'static str, &'static str)> {
    const TOKEN_CREATOR: &str = "roles/iam.serviceAccountTokenCreator";
    const WORKLOAD_IDENTITY_USER: &str = "roles/iam.workloadIdentityUser";
    let holds = |name: &str| predefined::role(name).filter(|r| r.includes(permission.as_str()));
    federated
        .then(|| holds(WORKLOAD_IDENTITY_USER))
        .flatten()
        .or_else(|| holds(TOKEN_CREATOR))
        .or_else(|| predefined::roles_with(permission.as_str()).first().copied())
        .map(|r| (r.name, r.title))
}

/// The Kubernetes service account that every pod runs as whose spec names none.
pub(crate) const NAMELESS: &str = "default";

/// What a grant to the account that nameless pods run as means, where the caller is that one: a
/// sentence after a space (doc "Authenticate to Google Cloud APIs from GKE workloads": a pod's
/// `serviceAccountName`).
pub(crate) fn whole_namespace(caller: &Principal) -> Option<String> {
    let pod = caller.kubernetes().filter(|pod| pod.name == NAMELESS)?;
    Some(format!(
        " But `{NAMELESS}` is what every pod of the namespace {} runs as that names no other: the grant opens the account to all of them. Give the workload a Kubernetes service account of its own, name it in the pod's spec (serviceAccountName), and grant the role to that one.",
        pod.namespace
    ))
}

/// A sentence that goes on behind a comma or a colon.
pub(crate) fn lower(sentence: &str) -> String {
    let mut chars = sentence.chars();
    let first = chars.next().map(char::to_lowercase);
    first.into_iter().flatten().chain(chars).collect()
}

/// What to do where only a grant is missing.
pub(crate) fn grant(explanation: &Explanation, names: &Names) -> String {
    let mut words = plain_grant(explanation, names);
    if let Some(more) = whole_namespace(&explanation.question.caller) {
        words.push_str(&more);
    }
    words
}

fn plain_grant(explanation: &Explanation, names: &Names) -> String {
    let question = &explanation.question;
    match suitable_role(&question.permission, question.caller.is_federated()) {
        Some((name, title)) => format!(
            "Grant {} the role {title} ({name}) on the account {} itself, not on its project.",
            names.caller, names.target
        ),
        None => format!(
            "Grant {} a role with {} on the account {} itself.",
            names.caller, explanation.question.permission, names.target
        ),
    }
}
