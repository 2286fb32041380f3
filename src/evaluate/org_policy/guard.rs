//! Which members the constraints on allow policies let in.
//!
//! `iam.allowedPolicyMemberDomains` (doc "Restrict identities with domain-restricted sharing", and the
//! constraint's own record: "defines the organization principal sets and Google Workspace customer
//! IDs whose principals can be added to IAM policies"): a customer id lets in the identities of its
//! domains, and the service accounts and service agents of its organization; an organization's
//! principal set (`principalSet://iam.googleapis.com/organizations/N`) its identity pools too.
//! Whether a customer id lets pools in could not be read: unknown (chosen). `allUsers` and Google's
//! own `…@system.gserviceaccount.com` are refused (as people met it: "User allUsers is not in
//! permitted organization"). A group is judged by its own domain, not by its members'.
//!
//! `iam.managed.allowedPolicyMembers`: members named one by one (`allowedMemberSubjects`), and
//! organizations (`allowedPrincipalSets`: `//cloudresourcemanager.googleapis.com/organizations/N`).

use std::sync::Arc;

use serde_json::Value;

use super::super::belonging;
use super::super::truth::Truth;
use super::{Counted, EffectivePolicy, answer, effective};
use crate::estate::{Coverage, Estate, Organization, Read};
use crate::iam::org_policy::{
    ALLOWED_DOMAINS, ALLOWED_MEMBERS, Constraint, OrgPolicyRule, constraint,
};
use crate::iam::{Member, PolicyMember, Pool, Principal, Resource};

/// What an organization policy says of a member that is to stand in an allow policy.
#[derive(Clone, Debug, PartialEq)]
pub struct Guard {
    /// The constraint's name.
    pub constraint: &'static str,
    /// The member, as written.
    pub member: Arc<str>,
    /// Whether it lets the member in.
    pub lets_in: Truth,
    /// Whom it lets in, as the policy writes it.
    pub allowed: Vec<String>,
    /// Where it is set, nearest first; empty where that is not known.
    pub set_on: Vec<Resource>,
    /// Why it is not known, or where the member belongs; no full stop, may be empty.
    pub why: String,
}

/// The constraints on members of one resource's allow policy.
pub struct Guards<'e> {
    estate: &'e Estate,
    found: Vec<(Constraint<'static>, Read<EffectivePolicy<'static>>)>,
}

impl<'e> Guards<'e> {
    /// Those of a resource (canonical name).
    #[must_use]
    pub fn of(estate: &'e Estate, on: &Resource) -> Self {
        let known = [ALLOWED_DOMAINS, ALLOWED_MEMBERS].into_iter();
        let found = known
            .filter_map(constraint)
            .map(|c| (*c, effective(estate, on, c)))
            .collect();
        Self { estate, found }
    }

    /// What they say of a member, as far as that is not a plain yes.
    #[must_use]
    pub fn judge(&self, member: &PolicyMember) -> Vec<Guard> {
        let judged = self.found.iter().map(|(c, e)| self.one(*c, e, member));
        judged.filter(|g| g.lets_in != Truth::Yes).collect()
    }

    fn one(
        &self,
        constraint: Constraint<'static>,
        found: &Read<EffectivePolicy<'static>>,
        member: &PolicyMember,
    ) -> Guard {
        let mut guard = Guard {
            constraint: constraint.name,
            member: Arc::clone(&member.text),
            lets_in: Truth::UnknownInfo,
            allowed: Vec::new(),
            set_on: Vec::new(),
            why: String::new(),
        };
        let effective = match found {
            Read::Known(effective) => effective,
            Read::Unreadable(why) => {
                guard.why = format!("it could not be read: {why}");
                return guard;
            }
        };
        guard.set_on.clone_from(&effective.set_on);
        guard.allowed = allowed(effective);
        guard.lets_in = if constraint.name == ALLOWED_DOMAINS {
            effective.allows(|value| lets(self.estate, member, value))
        } else {
            effective.decides(|rule| managed(self.estate, rule, member))
        };
        guard.why = match guard.lets_in {
            Truth::No => belongs_to(self.estate, &member.member),
            Truth::Yes => String::new(),
            _ if missing_parameters(effective) => "its parameters are not known".to_owned(),
            _ => "where the member belongs is not known".to_owned(),
        };
        guard
    }
}

/// Whom the rules that count let in, as they write it.
fn allowed(effective: &EffectivePolicy<'_>) -> Vec<String> {
    let mut all = Vec::new();
    for Counted { rule, .. } in effective.rules.iter().filter(|c| c.holds != Truth::No) {
        let values = rule.values.iter().flat_map(|v| v.allowed_values.clone());
        let named = ["allowedPrincipalSets", "allowedMemberSubjects"];
        let named = named.into_iter().flat_map(|name| texts(rule, name));
        for value in values.chain(named) {
            if !all.contains(&value) {
                all.push(value);
            }
        }
    }
    all
}

fn texts(rule: &OrgPolicyRule, name: &str) -> Vec<String> {
    let list = rule
        .parameters
        .as_ref()
        .and_then(|p| p.get(name)?.as_array());
    let texts = list.into_iter().flatten().filter_map(Value::as_str);
    texts.map(str::to_owned).collect()
}

/// Enforced, and with what is not said.
fn bare_enforce(rule: &OrgPolicyRule) -> bool {
    rule.enforce == Some(true)
        && rule
            .parameters
            .as_ref()
            .is_none_or(serde_json::Map::is_empty)
}

fn missing_parameters(effective: &EffectivePolicy<'_>) -> bool {
    effective.constraint.name == ALLOWED_MEMBERS
        && effective.rules.iter().any(|c| bare_enforce(&c.rule))
}

/// Whether a rule of the managed constraint lets a member in.
fn managed(estate: &Estate, rule: &OrgPolicyRule, member: &PolicyMember) -> Truth {
    if rule.enforce != Some(true) {
        return Truth::Yes;
    }
    if bare_enforce(rule) {
        return Truth::UnknownInfo;
    }
    let subject = |text: &String| {
        let named = PolicyMember::v1(text);
        let same = named.text == member.text
            || (named.member == member.member && !named.member.is_unknown());
        answer(same)
    };
    let subjects = texts(rule, "allowedMemberSubjects");
    let sets = texts(rule, "allowedPrincipalSets");
    let by_name = subjects.iter().fold(Truth::No, |sum, s| sum.or(subject(s)));
    sets.iter().fold(by_name, |sum, set| {
        let number = set.strip_prefix("//cloudresourcemanager.googleapis.com/organizations/");
        sum.or(match number {
            Some(number) => of_organization(estate, &member.member, number),
            None => Truth::UnknownInfo,
        })
    })
}

/// Whether a value of the domains' constraint lets a member in.
fn lets(estate: &Estate, member: &PolicyMember, value: &str) -> Truth {
    if let Some(number) = value.strip_prefix("principalSet://iam.googleapis.com/organizations/") {
        return of_organization(estate, &member.member, number);
    }
    // Customer ids begin with C (doc "Restrict identities with domain-restricted sharing").
    if !value.starts_with('C') || !value.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Truth::UnknownInfo;
    }
    of_customer(estate, &member.member, value)
}

/// Where a member belongs.
enum Home<'m> {
    /// Nowhere: everybody, or Google's own.
    None,
    /// To whoever has the domain.
    Domain(&'m str),
    /// To the organization of this project, when that is known.
    Project(Option<Resource>),
    /// Likewise, and it is an identity of a pool.
    Pool(Option<Resource>),
    /// To this organization.
    Organization(Resource),
    /// Nobody here can tell.
    Unknown,
}

fn home<'m>(estate: &Estate, member: &'m Member) -> Home<'m> {
    let project = |p: &str| {
        let found = estate.project(p);
        found.map(|p| Resource::project(&p.project_id))
    };
    match member {
        Member::AllUsers | Member::AllAuthenticatedUsers => Home::None,
        Member::One(Principal::User(email)) | Member::Group(email) => {
            Home::Domain(email.rsplit_once('@').map_or("", |(_, domain)| domain))
        }
        Member::Domain(domain) => Home::Domain(domain),
        Member::One(Principal::ServiceAccount(email))
            if email.ends_with("@system.gserviceaccount.com") =>
        {
            Home::None
        }
        Member::One(account @ Principal::ServiceAccount(email)) => Home::Project(
            belonging::home(estate, account).or_else(|| project(named_project(email)?)),
        ),
        Member::One(Principal::Federated {
            pool: Pool::Workload { project: p, .. },
            ..
        })
        | Member::PoolAll(Pool::Workload { project: p, .. })
        | Member::PoolGroup(Pool::Workload { project: p, .. }, _)
        | Member::PoolAttribute(Pool::Workload { project: p, .. }, ..)
        | Member::PoolNamespace(Pool::Workload { project: p, .. }, _)
        | Member::PoolPart(Pool::Workload { project: p, .. }) => Home::Pool(project(p)),
        Member::One(Principal::Kubernetes { pool, .. }) => {
            Home::Pool(pool.strip_suffix(".svc.id.goog").and_then(project))
        }
        Member::ServiceAccountsOf(of) | Member::ServiceAgentsOf(of) | Member::AllOf(of) => {
            match estate.resolve(of).exists() {
                Some(organization @ Resource::Organization(_)) => Home::Organization(organization),
                found => Home::Project(found),
            }
        }
        _ => Home::Unknown,
    }
}

/// The project in the address of a default account or a service agent: its number or id (doc "Service
/// account types").
fn named_project(email: &str) -> Option<&str> {
    let (local, domain) = email.split_once('@')?;
    match domain {
        "appspot.gserviceaccount.com" => Some(local),
        "developer.gserviceaccount.com" => local.strip_suffix("-compute"),
        "cloudbuild.gserviceaccount.com" => Some(local),
        _ => belonging::agent_project(email),
    }
}

/// The organization at the top, `None` where that is not known; `Some(None)` for a project that
/// stands alone.
fn top<'e>(estate: &'e Estate, of: &Resource) -> Option<Option<&'e Organization>> {
    let ancestry = estate.ancestry(of);
    if !ancestry.complete {
        return None;
    }
    Some(match ancestry.levels.last() {
        Some(Resource::Organization(number)) => estate.organization(number),
        _ => None,
    })
}

/// Whether an account or pool of a place that is not known can belong to something that is: not where
/// the estate holds all there is of it.
fn elsewhere(estate: &Estate, known: bool) -> Truth {
    if known && estate.coverage() == Coverage::Whole {
        Truth::No
    } else {
        Truth::UnknownInfo
    }
}

/// Of a file that holds all there is, an organization has the one domain of its name.
fn user_of(estate: &Estate, domain: &str, organization: &Organization) -> Truth {
    match belonging::user_of(estate, domain, organization).matches {
        Truth::UnknownInfo => elsewhere(estate, true),
        known => known,
    }
}

fn of_organization(estate: &Estate, member: &Member, number: &str) -> Truth {
    let organization = estate.organization(number);
    match home(estate, member) {
        Home::None => Truth::No,
        Home::Unknown => Truth::UnknownInfo,
        Home::Organization(of) => answer(of.id() == number),
        Home::Domain(domain) => match organization {
            Some(o) => user_of(estate, domain, o),
            None => consumer(domain),
        },
        Home::Project(None) | Home::Pool(None) => elsewhere(estate, organization.is_some()),
        Home::Project(Some(of)) | Home::Pool(Some(of)) => match top(estate, &of) {
            Some(found) => answer(found.is_some_and(|o| o.name.ends_with(&format!("/{number}")))),
            None => Truth::UnknownInfo,
        },
    }
}

fn of_customer(estate: &Estate, member: &Member, id: &str) -> Truth {
    let customer = |o: &Organization| o.directory_customer_id.as_deref() == Some(id);
    let organization = estate.organizations().find(|o| customer(o));
    let same = |found: Option<&Organization>| match found.map(|o| &o.directory_customer_id) {
        Some(Some(own)) => answer(own == id),
        Some(None) => Truth::UnknownInfo,
        None => Truth::No,
    };
    match home(estate, member) {
        Home::None => Truth::No,
        Home::Unknown => Truth::UnknownInfo,
        Home::Organization(of) => same(estate.organization(of.id())),
        Home::Domain(domain) => match (organization, owner(estate, domain)) {
            (_, Some(owner)) if owner.directory_customer_id.is_some() => same(Some(owner)),
            (Some(o), _) => user_of(estate, domain, o),
            (None, _) => consumer(domain),
        },
        Home::Project(None) | Home::Pool(None) => elsewhere(estate, organization.is_some()),
        Home::Project(Some(of)) => top(estate, &of).map_or(Truth::UnknownInfo, same),
        // Outside it is; whether a customer id lets pools in at all is not known.
        Home::Pool(Some(of)) => match top(estate, &of).map_or(Truth::UnknownInfo, same) {
            Truth::No => Truth::No,
            _ => Truth::UnknownInfo,
        },
    }
}

/// The organization whose domain this is, as far as known.
fn owner<'e>(estate: &'e Estate, domain: &str) -> Option<&'e Organization> {
    let own = |o: &&Organization| !domain.is_empty() && o.display_name.eq_ignore_ascii_case(domain);
    estate.organizations().find(own)
}

/// Personal accounts belong to no customer; of other domains nobody here can tell.
fn consumer(domain: &str) -> Truth {
    if domain == "gmail.com" {
        Truth::No
    } else {
        Truth::UnknownInfo
    }
}

/// Where a member that is not let in belongs, for people.
fn belongs_to(estate: &Estate, member: &Member) -> String {
    let named = |o: &Organization| {
        let name = match o.display_name.as_str() {
            "" => o.name.clone(),
            name => name.to_owned(),
        };
        match &o.directory_customer_id {
            Some(id) => format!("it belongs to {name} ({id})"),
            None => format!("it belongs to {name}"),
        }
    };
    let organization = match home(estate, member) {
        Home::None => return "it belongs to no organization".to_owned(),
        Home::Domain(domain) => owner(estate, domain),
        Home::Organization(of) => estate.organization(of.id()),
        Home::Project(Some(of)) | Home::Pool(Some(of)) => match top(estate, &of) {
            Some(None) => return "its project belongs to no organization".to_owned(),
            found => found.flatten(),
        },
        Home::Project(None) | Home::Pool(None) | Home::Unknown => None,
    };
    organization.map_or_else(|| "it belongs to none of these".to_owned(), named)
}
