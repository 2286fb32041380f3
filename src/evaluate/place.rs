//! Where a caller belongs, for the boundaries that may be bound to it: a policy and the principal set
//! that it is bound to are in one organization, so only those of the caller's own project, folders and
//! organization count, wherever the target is (doc "Principal access boundary policies",
//! Cross-organization policy bindings).

use std::sync::Arc;

use super::belonging;
use crate::estate::Estate;
use crate::iam::{Pool, Principal, Resource, address, owner};

/// Where a caller belongs.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct CallerPlace {
    /// Its project, folders and organization, nearest first, as far as they are known.
    pub levels: Vec<Resource>,
    /// What of it is not known: boundaries may be bound there.
    pub open: Option<Open>,
}

/// A part of a caller's branch that is not known.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Open {
    /// Its name: `domain:D` for the organization of a domain, `projects/P`, `folders/N`,
    /// `locations/global/workforcePools/POOL`.
    pub what: String,
    /// Why it is not known, without a full stop.
    pub why: Arc<str>,
}

impl CallerPlace {
    fn open(what: String, why: impl Into<Arc<str>>) -> Self {
        Self {
            levels: Vec::new(),
            open: Some(Open {
                what,
                why: why.into(),
            }),
        }
    }
}

/// Where the caller belongs.
pub(crate) fn of(estate: &Estate, caller: &Principal) -> CallerPlace {
    let place = match caller {
        Principal::User(email) => of_user(estate, belonging::domain_of(email)),
        Principal::Federated {
            pool: pool @ Pool::Workforce { .. },
            ..
        } => match estate.workforce_organization(pool.id()) {
            Some(organization) => above(estate, organization),
            None => CallerPlace::open(
                pool.path(),
                "which organization has this workforce pool is not known",
            ),
        },
        _ => match belonging::home(estate, caller) {
            Some(home) => above(estate, home),
            None => nowhere(estate, caller),
        },
    };
    if estate.is_all_there_is() {
        CallerPlace {
            open: None,
            ..place
        }
    } else {
        place
    }
}

/// A user's organization is the one whose Workspace customer has the user's domain.
fn of_user(estate: &Estate, domain: &str) -> CallerPlace {
    if address::is_consumer(domain) {
        return CallerPlace::default();
    }
    let levels = estate.organizations_of(domain);
    if levels.is_empty() {
        let why = estate.why_no_organization_of(domain);
        return CallerPlace::open(format!("domain:{domain}"), why);
    }
    CallerPlace { levels, open: None }
}

fn above(estate: &Estate, home: Resource) -> CallerPlace {
    let ancestry = estate.ancestry(&home);
    let levels: Vec<Resource> = ancestry
        .levels
        .into_iter()
        .filter(|level| !matches!(level, Resource::ServiceAccount { .. }))
        .collect();
    let open = (!ancestry.complete).then(|| {
        let last = levels.last().unwrap_or(&home);
        Open {
            what: last.relative(),
            why: "what is above it is not known".into(),
        }
    });
    CallerPlace { levels, open }
}

fn nowhere(estate: &Estate, caller: &Principal) -> CallerPlace {
    let named = match caller {
        Principal::ServiceAccount(email) => owner::of(email).map(|o| o.resource.relative()),
        Principal::Federated {
            pool: Pool::Workload { project, .. },
            ..
        } => Some(format!("projects/{project}")),
        Principal::Kubernetes { pool, .. } => {
            let project = pool.strip_suffix(crate::iam::principal::GKE_POOL);
            project.map(|project| format!("projects/{project}"))
        }
        Principal::Other(text) => {
            let told = owner::of_agent_identity(text);
            told.map(|(organization, project)| project.unwrap_or(organization).relative())
        }
        _ => None,
    };
    match named {
        Some(what) => {
            let list = format!("{what}/locations/global/policyBindings");
            let why = estate.why_unreadable(&list);
            CallerPlace::open(what, why.unwrap_or_else(|| "it is not known here".into()))
        }
        None => CallerPlace::open(caller.to_string(), "its name does not say where it belongs"),
    }
}

/// What of a caller's branch is not known, for people: `the organization of example.com`.
#[must_use]
pub fn caller_place(what: &str) -> String {
    if let Some(domain) = what.strip_prefix("domain:") {
        return format!("the organization of {domain}");
    }
    if let Some(pool) = what.strip_prefix("locations/global/workforcePools/") {
        return format!("the organization of the workforce pool {pool}");
    }
    match Resource::parse(what) {
        Ok(level) => format!("the {} {}", level.kind().word(), level.id()),
        Err(_) => format!("the place of {what}"),
    }
}

/// What to do to look there.
pub(crate) fn see_place(what: &str) -> String {
    let see = if what.starts_with("domain:") || what.starts_with("organizations/") {
        "resourcemanager.organizations.get"
    } else if what.starts_with("folders/") {
        "resourcemanager.folders.get"
    } else if what.starts_with("projects/") {
        "resourcemanager.projects.get"
    } else if what.starts_with("locations/") {
        "iam.googleapis.com/workforcePools.get"
    } else {
        return "Ask whoever keeps the organization of the caller what boundaries are bound to it."
            .to_owned();
    };
    format!(
        "Look as somebody who may see it (permission {see}) and list what is bound there and above (iam.policybindings.list), or ask whoever keeps it."
    )
}
