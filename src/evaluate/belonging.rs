//! Where an identity belongs: the project of an account, the customer and organization of a person; and the sets
//! that speak of it (docs/semantics.md, "Members of allow policies" and of deny policies).

use super::judge::{Judge, Membership};
use crate::estate::{Estate, Organization};
use crate::iam::{Pool, Principal, Resource, ResourceKind, address, owner};

pub(crate) fn domain_of(email: &str) -> &str {
    email.rsplit_once('@').map_or("", |(_, domain)| domain)
}

/// The users of the organization that has this customer id; whether secondary domains belong to it
/// is not known from outside.
pub(super) fn customer(judge: &Judge<'_>, id: &str) -> Membership {
    let Principal::User(email) = &judge.caller else {
        return match &judge.caller {
            Principal::Other(_) => Membership::unknown("this kind of identity is not known here"),
            _ => Membership::no(),
        };
    };
    let organization = judge
        .estate
        .organizations()
        .find(|o| o.directory_customer_id.as_deref() == Some(id));
    match organization {
        Some(o) => user_of(judge.estate, domain_of(email), o),
        None => stranger(judge, domain_of(email), id),
    }
}

/// Whether a user is one of a customer whose organization is not known: not when its own organization is,
/// with another customer.
pub(super) fn stranger(judge: &Judge<'_>, domain: &str, id: &str) -> Membership {
    let theirs = judge.estate.organizations_of(domain);
    let mut customers = theirs.iter().filter_map(|o| {
        judge
            .estate
            .organization(o.id())?
            .directory_customer_id
            .as_deref()
    });
    if address::is_consumer(domain)
        || customers.any(|other| other != id)
        || judge.estate.is_all_there_is()
    {
        return Membership::no();
    }
    Membership::unknown(format!("the customer {id} is not known"))
}

/// Whether the users of the domain `own` are those of this organization: its set holds "all identities in
/// all domains associated with your Google Workspace customer ID" (doc "Principal access boundary
/// policies"), of which its name tells one. A domain that another known organization with another customer
/// has is not among them.
pub(crate) fn user_of(estate: &Estate, own: &str, organization: &Organization) -> Membership {
    let id = |o: &Organization| Resource::parse(&o.name).ok();
    let theirs = estate.organizations_of(own);
    if id(organization).is_some_and(|this| theirs.contains(&this)) {
        return Membership::yes();
    }
    let customer = &organization.directory_customer_id;
    let mut known = theirs
        .iter()
        .filter_map(|o| estate.organization(o.id()))
        .map(|o| &o.directory_customer_id)
        .peekable();
    let elsewhere = address::is_consumer(own) || known.peek().is_some();
    if known.any(|other| other.is_some() && other == customer) {
        return Membership::yes();
    }
    if elsewhere || estate.is_all_there_is() {
        return Membership::no();
    }
    Membership::unknown(format!(
        "whether {own} is a further domain of {} is not known",
        organization.display_name
    ))
}

/// Where a service account or a pool lives: by its record; else by what its address says, when that
/// project, folder or organization is known.
pub(crate) fn home(estate: &Estate, principal: &Principal) -> Option<Resource> {
    match principal {
        Principal::ServiceAccount(email) => {
            if let Some(account) = estate.account(email) {
                let project = estate
                    .project(&account.project_id)
                    .map_or(&*account.project_id, |p| &p.project_id);
                return Some(Resource::account(project, email));
            }
            let owner = owner::of(email)?;
            let found = estate.resolve(&owner.resource).exists()?;
            Some(match &found {
                Resource::Project(id) if !owner.agent => Resource::account(id, email),
                _ => found,
            })
        }
        Principal::Other(text) => {
            let (organization, project) = owner::of_agent_identity(text)?;
            // What is bound at the folders of a project counts too.
            estate.resolve(&project.unwrap_or(organization)).exists()
        }
        Principal::Federated {
            pool: Pool::Workload { project, .. },
            ..
        } => estate
            .project(project)
            .map(|p| Resource::project(&p.project_id)),
        Principal::Kubernetes { pool, .. } => pool
            .strip_suffix(".svc.id.goog")
            .and_then(|p| estate.project(p))
            .map(|p| Resource::project(&p.project_id)),
        _ => None,
    }
}

pub(super) fn lies_in(judge: &Judge<'_>, home: Option<&Resource>, of: &Resource) -> Membership {
    let Some(home) = home else {
        if judge.estate.is_all_there_is() {
            return Membership::no();
        }
        return Membership::unknown("where the caller lives is not known");
    };
    match judge.estate.lies_in(home, of) {
        Some(answer) => Membership::from(answer),
        None => Membership::unknown("the hierarchy above the caller is not known to its top"),
    }
}

pub(super) fn service_accounts_of(judge: &Judge<'_>, of: &Resource) -> Membership {
    match &judge.caller {
        // "Service agents aren't created in your projects": they have a set of their own (docs "Types of
        // service accounts", "Principals").
        Principal::ServiceAccount(email)
            if judge.estate.account(email).is_none()
                && owner::of(email).is_some_and(|owner| owner.agent) =>
        {
            Membership::no()
        }
        caller @ Principal::ServiceAccount(_) => {
            lies_in(judge, home(judge.estate, caller).as_ref(), of)
        }
        _ => Membership::no(),
    }
}

/// The project number in the address of a service agent: `service-NUMBER@…` or
/// `NUMBER@cloudservices.gserviceaccount.com` (doc "Service agents").
pub(crate) fn agent_project(email: &str) -> Option<&str> {
    let (local, domain) = email.split_once('@')?;
    let number = match local.strip_prefix("service-") {
        Some(rest) if domain.ends_with(".gserviceaccount.com") => rest,
        _ if domain == "cloudservices.gserviceaccount.com" => local,
        _ => return None,
    };
    (!number.is_empty() && number.bytes().all(|c| c.is_ascii_digit())).then_some(number)
}

pub(super) fn service_agents_of(judge: &Judge<'_>, of: &Resource) -> Membership {
    let Principal::ServiceAccount(email) = &judge.caller else {
        return Membership::no();
    };
    let told = owner::of(email).filter(|o| o.agent);
    let told = told.map(|o| o.resource).or_else(|| {
        // A domain of agents that is not known here.
        agent_project(email).map(Resource::project)
    });
    match told {
        None => Membership::no(),
        Some(owner) => lies_in(judge, judge.estate.resolve(&owner).exists().as_ref(), of),
    }
}

/// An organization has its users, accounts and pools; a folder or project the accounts and
/// workload pools inside (docs/semantics.md, "Principal access boundaries", sets).
pub(super) fn all_of(judge: &Judge<'_>, of: &Resource) -> Membership {
    match &judge.caller {
        Principal::User(email) => match of {
            Resource::Organization(number) => match judge.estate.organization(number) {
                Some(o) => user_of(judge.estate, domain_of(email), o),
                None => Membership::unknown(format!("organizations/{number} is not known")),
            },
            _ => Membership::no(),
        },
        caller @ (Principal::ServiceAccount(_)
        | Principal::Kubernetes { .. }
        | Principal::Federated {
            pool: Pool::Workload { .. },
            ..
        }) => lies_in(judge, home(judge.estate, caller).as_ref(), of),
        Principal::Federated { pool, .. } => match judge.estate.workforce_organization(pool.id()) {
            _ if of.kind() != ResourceKind::Organization => Membership::no(),
            Some(organization) => Membership::from(organization == *of),
            None if judge.estate.is_all_there_is() => Membership::no(),
            None => Membership::unknown(format!("whose pool {} is, is not known", pool.path())),
        },
        caller @ Principal::Other(text) if owner::of_agent_identity(text).is_some() => {
            lies_in(judge, home(judge.estate, caller).as_ref(), of)
        }
        Principal::Other(_) => {
            Membership::unknown("where this kind of identity lives is not known")
        }
    }
}
