//! Somebody outside of the organization can become an account.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::facts::ReviewFacts;
use super::found::{FoundInBinding, FoundMember};
use super::rule::{ReviewRule, Severity};
use super::{NotReviewed, Review, ReviewOptions};
use crate::estate::Estate;
use crate::evaluate::truth::Truth;
use crate::iam::{Member, Principal, Resource, owner};

/// What is the organization's own.
pub(super) struct Own {
    domains: BTreeSet<String>,
    customers: BTreeSet<String>,
    accounts_are_judged: bool,
}

/// What is given; else the organizations' names, which are their domains, and their customer ids (discovery
/// document cloudresourcemanager v3, `Organization.displayName`, `directoryCustomerId`). That further domains
/// of a customer are not among them is why one may be given (chosen).
pub(super) fn own(estate: &Estate, options: &ReviewOptions) -> Own {
    let mut own = Own {
        domains: BTreeSet::new(),
        customers: BTreeSet::new(),
        accounts_are_judged: options.sees_all_projects,
    };
    for given in &options.own {
        if given.contains('.') {
            own.domains.insert(given.to_lowercase());
        } else {
            own.customers.insert(given.clone());
        }
    }
    if options.own.is_empty() {
        for organization in estate.organizations() {
            if organization.display_name.contains('.') {
                own.domains.insert(organization.display_name.to_lowercase());
            }
            own.customers
                .extend(organization.directory_customer_id.clone());
        }
    }
    own
}

impl Own {
    /// Domains, then customer ids.
    pub fn names(&self) -> Vec<String> {
        self.domains
            .iter()
            .chain(&self.customers)
            .cloned()
            .collect()
    }

    fn has(&self, email: &str) -> bool {
        let domain = email.rsplit_once('@').map_or("", |(_, domain)| domain);
        self.domains.contains(&domain.to_lowercase())
    }
}

/// Whose a member is who is not the organization's own.
fn stranger(estate: &Estate, own: &Own, member: &Member) -> Option<String> {
    match member {
        Member::One(Principal::User(email)) if !own.has(email) => {
            Some(format!("{email} is not of the organization's own domains"))
        }
        Member::Group(email) if !own.has(email) => Some(format!(
            "the group {email} is kept by others, who say who is in it"
        )),
        Member::Domain(domain) if !own.domains.contains(domain) => Some(format!(
            "all users of {domain}, which is not the organization's own"
        )),
        Member::Customer(id) if !own.customers.contains(id) => Some(format!(
            "all users of the customer {id}, which is not the organization's own"
        )),
        Member::One(Principal::ServiceAccount(email)) if own.accounts_are_judged => {
            if estate.account(email).is_some() {
                return None;
            }
            let home = owner::of(email)?.resource;
            let Resource::Project(project) = &home else {
                return None;
            };
            estate.project(project).is_none().then(|| {
                format!("the service account is of the project {project}, which is not among the organization's")
            })
        }
        _ => None,
    }
}

/// Tells the organization's own from outsiders, as the rule does.
pub struct Outsiders<'e> {
    estate: &'e Estate,
    own: Own,
}

impl<'e> Outsiders<'e> {
    /// `None`: which domain is the organization's own is not known.
    #[must_use]
    pub fn new(estate: &'e Estate, options: &ReviewOptions) -> Option<Self> {
        let own = own(estate, options);
        (!own.domains.is_empty()).then_some(Self { estate, own })
    }

    /// Whether a member is of somebody else. A service account of a project that is not in sight may be, as long as
    /// not all of the organization's projects are.
    #[must_use]
    pub fn has(&self, member: &Member) -> Truth {
        if stranger(self.estate, &self.own, member).is_some() {
            return Truth::Yes;
        }
        match member {
            Member::One(Principal::ServiceAccount(email))
                if !self.own.accounts_are_judged && self.estate.account(email).is_none() =>
            {
                Truth::UnknownInfo
            }
            _ => Truth::No,
        }
    }
}

pub(super) fn find(facts: &ReviewFacts<'_>, own: &Own, review: &mut Review) {
    if own.domains.is_empty() {
        review.not_judged.push(NotReviewed {
            rule: ReviewRule::OutsiderImpersonation,
            why: "no organization is in sight whose name says which domain is its own (--domain says it)"
                .to_owned(),
        });
        return;
    }
    if !own.accounts_are_judged {
        review.not_judged.push(NotReviewed {
            rule: ReviewRule::OutsiderImpersonation,
            why: "service accounts of other projects: whether those are the organization's own is not known, because not all of its projects are in sight (--organization looks at all)"
                .to_owned(),
        });
    }
    let mut groups: HashMap<&str, Vec<(String, String)>> = HashMap::new();
    for placed in facts.placed.iter().filter(|p| !p.role.ways.is_empty()) {
        let mut members = Vec::new();
        let mut through_group = false;
        for member in &placed.binding.members {
            let (why, inner) = if let Some(why) = stranger(facts.estate, own, &member.member) {
                (why, None)
            } else if let Member::Group(email) = &member.member {
                let strangers = groups.entry(email).or_insert_with(|| {
                    let within = facts.within(email);
                    let each = within.members.iter();
                    each.filter_map(|inner| {
                        stranger(facts.estate, own, &inner.member)
                            .map(|why| (inner.text.to_string(), why))
                    })
                    .collect()
                });
                let Some((first, why)) = strangers.first() else {
                    continue;
                };
                let more = match strangers.len() {
                    1 => String::new(),
                    count => format!(", and {} more like it", count - 1),
                };
                let why = format!("in the group {email}: {why}{more}");
                (why, Some(first.clone()))
            } else {
                continue;
            };
            let ways = &placed.role.ways;
            let holds = facts.becomes(placed, &member.member, placed.resource, ways);
            if holds == Truth::No {
                continue;
            }
            through_group |= inner.is_some();
            members.push(FoundMember {
                member: Arc::clone(&member.text),
                holds,
                why,
                inner,
            });
        }
        let names: Vec<&str> = members.iter().map(|m| &*m.member).collect();
        let remedy = format!(
            "Take {} out of the binding{}; where they belong here, name their domain with --domain or suppress this finding with the reason.",
            super::found::names(&names),
            if through_group {
                ", or the outsiders out of the group"
            } else {
                ""
            },
        );
        let found = FoundInBinding {
            rule: ReviewRule::OutsiderImpersonation,
            severity: Severity::High,
            placed,
            which: "",
            verbs: [
                "is let at service accounts by",
                "are let at service accounts by",
            ],
            remedy,
            members,
        };
        review.findings.extend(found.finding());
    }
}
