//! What a grant means: what the target may do, who else gets there, whether this is a step up, what
//! kind of account it is, and whether it only pins what is inherited. Pure.
//!
//! Everything is said of the policies that the estate holds. A survey of live Google Cloud reads what
//! a question needs and no more, so what was read and what was not stands beside it: "nothing was
//! seen" is never "nothing is there".

use std::collections::BTreeSet;
use std::sync::Arc;

use super::power::Power;
use crate::estate::{Coverage, Estate, Read};
use crate::evaluate::{Belongs, Explanation, Truth};
use crate::iam::permission::{GET_ACCESS_TOKEN, IMPLICIT_DELEGATION};
use crate::iam::{Member, Principal, Resource};
use crate::repair::plan::repair::Repair;
use crate::text::{counted, visible};

/// One role that a principal holds somewhere, as far as was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldRole {
    /// Where the binding is; it counts there and below.
    pub resource: Resource,
    /// The role.
    pub role: Arc<str>,
    /// Its title for people, else its name.
    pub title: String,
    /// The member that gives it, when that is not the principal itself: a group, a set.
    pub through: Option<Arc<str>>,
    /// Whether it hangs on a condition.
    pub conditional: bool,
    /// Whether the principal may be in that member and nobody here can tell.
    pub uncertain: bool,
    /// How much it lets its holder do there.
    pub power: Power,
}

/// What kind of account a target is, by its address (Google's page "Service account types").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountKind {
    /// Somebody made it.
    UserManaged,
    /// `NUMBER-compute@developer.gserviceaccount.com`: what virtual machines and more run as unless
    /// told otherwise.
    ComputeDefault,
    /// `PROJECT@appspot.gserviceaccount.com`
    AppEngineDefault,
    /// `NUMBER@cloudbuild.gserviceaccount.com`
    CloudBuildLegacy,
    /// `service-NUMBER@…`, `NUMBER@cloudservices.gserviceaccount.com`: Google's own, for a service.
    ServiceAgent,
    /// Of no form that is known here.
    Other,
}

/// Which policies were read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EstateSeen {
    /// Whether everything there is was looked at.
    pub whole: bool,
    /// The resources whose allow policies were read, sorted; empty when `whole`.
    pub read: Vec<Resource>,
    /// What could not be read, by its name.
    pub not_read: Vec<String>,
}

/// Whether the target may do what the caller may not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepUp {
    /// It may: the roles that the caller was not seen to hold there or above.
    Yes(Vec<HeldRole>),
    /// Every role that was seen on the target was seen on the caller too.
    NotSeen,
    /// No role of the target was seen.
    Unknown,
}

/// What a grant means.
#[derive(Clone, Debug, PartialEq)]
pub struct GrantMeaning {
    /// The account that is granted on.
    pub target: Resource,
    /// What kind it is.
    pub kind: AccountKind,
    /// What it may do: what is certain first, each the greatest first.
    pub may: Vec<HeldRole>,
    /// The greatest of what is certain.
    pub power: Power,
    /// Whether this is a step up for the caller.
    pub step_up: StepUp,
    /// Who else would gain, because the member that is granted stands for more than the caller: a
    /// sentence; `None` when it stands for one identity.
    pub member_stands_for: Option<String>,
    /// Who can act as the caller, and so would come to the target through it; members as policies
    /// write them, sorted.
    pub through_caller: Vec<Arc<str>>,
    /// Levels above from which the caller has access already: the grant only pins it.
    pub inherited: Vec<Resource>,
    /// What all this rests on.
    pub seen: EstateSeen,
}

/// Works out what a repair means for the answer it mends.
#[must_use]
pub fn meaning(estate: &Estate, explanation: &Explanation, repair: &Repair) -> GrantMeaning {
    let target = repair.resource.clone();
    let member = Member::parse_v1(&repair.member);
    let caller = match &member {
        Member::One(principal) => principal.clone(),
        _ => explanation.question.caller.clone(),
    };
    let mut may = held(estate, &Principal::ServiceAccount(target.id().to_owned()));
    // On itself it may do nothing that concerns others.
    may.retain(|h| h.resource != target);
    // What it holds for certain comes first, and alone is measured: a group whose members were not
    // read is no sign that the account is in it.
    may.sort_by(|a, b| {
        let by_power = a.uncertain.cmp(&b.uncertain).then(b.power.cmp(&a.power));
        by_power.then_with(|| key(a).cmp(&key(b)))
    });
    let certain: Vec<HeldRole> = may.iter().filter(|h| !h.uncertain).cloned().collect();
    let power = certain.iter().map(|h| h.power).max().unwrap_or_default();
    GrantMeaning {
        kind: kind(target.id()),
        step_up: step_up(estate, &caller, &certain),
        member_stands_for: stands_for(estate, &repair.member, &member),
        through_caller: through(estate, &caller),
        inherited: inherited(explanation, &target),
        seen: seen(estate),
        target,
        may,
        power,
    }
}

fn key(held: &HeldRole) -> (String, &str) {
    (held.resource.full_name(), &held.role)
}

/// What kind of account an address is of.
#[must_use]
pub fn kind(email: &str) -> AccountKind {
    let Some((local, domain)) = email.split_once('@') else {
        return AccountKind::Other;
    };
    let number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    match domain {
        "developer.gserviceaccount.com" if local.strip_suffix("-compute").is_some_and(number) => {
            AccountKind::ComputeDefault
        }
        "appspot.gserviceaccount.com" => AccountKind::AppEngineDefault,
        "cloudbuild.gserviceaccount.com" if number(local) => AccountKind::CloudBuildLegacy,
        "cloudservices.gserviceaccount.com" if number(local) => AccountKind::ServiceAgent,
        _ if local.strip_prefix("service-").is_some_and(number)
            && domain.ends_with(".gserviceaccount.com") =>
        {
            AccountKind::ServiceAgent
        }
        _ if domain.ends_with(".iam.gserviceaccount.com") => AccountKind::UserManaged,
        _ => AccountKind::Other,
    }
}

/// Every role that a principal was seen to hold, itself or through a group or a set.
#[must_use]
pub fn held(estate: &Estate, principal: &Principal) -> Vec<HeldRole> {
    let belongs = Belongs::new(estate, principal);
    let mut all = Vec::new();
    let mut done = BTreeSet::new();
    for member in estate.members() {
        let is = belongs.to(&member.member);
        if is == Truth::No || (is != Truth::Yes && member.member.is_unknown()) {
            continue;
        }
        let itself = matches!(&member.member, Member::One(one) if one == principal);
        for place in estate.grants_naming(&member.text) {
            let resource = &place.resource;
            // One address in two spellings stands twice among the members.
            if !done.insert((resource.clone(), place.binding)) {
                continue;
            }
            let Read::Known(Some(policy)) = estate.allow_policy(resource) else {
                continue;
            };
            let place = usize::try_from(place.binding).ok();
            let Some(binding) = place.and_then(|i| policy.bindings.get(i)) else {
                continue;
            };
            let role = estate.role(&binding.role).known();
            let title = role.as_ref().and_then(|r| r.title()).unwrap_or_default();
            all.push(HeldRole {
                resource: resource.clone(),
                role: Arc::clone(&binding.role),
                title: if title.is_empty() {
                    binding.role.to_string()
                } else {
                    title.to_owned()
                },
                through: (!itself).then(|| Arc::clone(&member.text)),
                conditional: binding.condition.is_some(),
                uncertain: is != Truth::Yes,
                power: role.map_or(Power::Nothing, |r| Power::of(&r, resource.kind())),
            });
        }
    }
    all
}

fn step_up(estate: &Estate, caller: &Principal, target: &[HeldRole]) -> StepUp {
    if target.is_empty() {
        return StepUp::Unknown;
    }
    let own = held(estate, caller);
    let has = |wanted: &HeldRole| {
        own.iter().any(|h| {
            h.role == wanted.role
                && !h.uncertain
                && (!h.conditional || wanted.conditional)
                && estate.lies_in(&wanted.resource, &h.resource) == Some(true)
        })
    };
    let more: Vec<HeldRole> = target.iter().filter(|h| !has(h)).cloned().collect();
    if more.is_empty() {
        StepUp::NotSeen
    } else {
        StepUp::Yes(more)
    }
}

/// Whom a member lets in beside one identity.
fn stands_for(estate: &Estate, text: &str, member: &Member) -> Option<String> {
    let text = visible(text);
    Some(match member {
        // Every pod whose spec names no other account runs as `default`.
        Member::One(one) => match one.kubernetes().filter(|pod| pod.name == "default") {
            Some(pod) => format!(
                "Every pod of the namespace {} that runs as default, as all do whose spec names no serviceAccountName, would gain it. Give the workload a Kubernetes service account of its own, and grant the role to that one.",
                visible(pod.namespace)
            ),
            None => return None,
        },
        Member::Deleted { .. } | Member::Impossible(_) => return None,
        Member::AllUsers => "Everybody on the internet would gain it.".to_owned(),
        Member::AllAuthenticatedUsers => {
            "Everybody with a Google account would gain it.".to_owned()
        }
        Member::Group(email) => match estate.group(email) {
            Read::Known(group) => format!(
                "Everybody in the group {} would gain it: {}, and those who join later.",
                visible(email),
                counted(group.members.len(), "direct member")
            ),
            Read::Unreadable(_) => format!(
                "Everybody in the group {} would gain it, and those who join later; who that is could not be read.",
                visible(email)
            ),
        },
        Member::Domain(domain) => {
            format!("Every user of {} would gain it.", visible(domain))
        }
        Member::PoolAll(pool) => format!(
            "Everybody who can get a token of the pool {} would gain it.",
            visible(&pool.path())
        ),
        Member::PoolGroup(..) | Member::PoolAttribute(..) | Member::PoolNamespace(..) => {
            format!("Every identity that {text} describes would gain it.")
        }
        _ => format!("Everybody that {text} stands for would gain it."),
    })
}

/// Who may act as the caller.
fn through(estate: &Estate, caller: &Principal) -> Vec<Arc<str>> {
    let Some(account) = caller
        .email()
        .filter(|_| matches!(caller, Principal::ServiceAccount(_)))
    else {
        return Vec::new();
    };
    let Some(home) = estate.resolve(&Resource::account("-", account)).exists() else {
        return Vec::new();
    };
    let mut all = BTreeSet::new();
    for level in &estate.ancestry(&home).levels {
        let Read::Known(Some(policy)) = estate.allow_policy(level) else {
            continue;
        };
        for binding in &policy.bindings {
            let acts = estate.role(&binding.role).known().is_some_and(|r| {
                [GET_ACCESS_TOKEN, IMPLICIT_DELEGATION]
                    .iter()
                    .any(|p| r.includes(p))
                    && !r.disabled()
                    && !r.deleted()
            });
            if !acts {
                continue;
            }
            for member in &binding.members {
                let nobody = matches!(
                    member.member,
                    Member::Deleted { .. } | Member::Impossible(_)
                );
                let itself = matches!(&member.member, Member::One(one) if one == caller);
                if !nobody && !itself {
                    all.insert(Arc::clone(&member.text));
                }
            }
        }
    }
    all.into_iter().collect()
}

fn inherited(explanation: &Explanation, target: &Resource) -> Vec<Resource> {
    let hops = explanation.hops.iter().chain([explanation]);
    let Some(hop) = hops.into_iter().find(|h| h.question.target == *target) else {
        return Vec::new();
    };
    hop.allow
        .iter()
        .filter(|level| level.grants == Truth::Yes && level.resource != *target)
        .map(|level| level.resource.clone())
        .collect()
}

fn seen(estate: &Estate) -> EstateSeen {
    let not_read: Vec<String> = estate
        .unreadable()
        .map(|(name, _)| name.to_owned())
        .collect();
    if estate.coverage() == Coverage::Whole && not_read.is_empty() {
        return EstateSeen {
            whole: true,
            ..EstateSeen::default()
        };
    }
    let mut read: Vec<Resource> = estate
        .policies()
        .map(|(resource, _)| resource.clone())
        .collect();
    read.sort_by_key(Resource::full_name);
    EstateSeen {
        whole: false,
        read,
        not_read,
    }
}

#[cfg(test)]
#[path = "meaning_tests.rs"]
mod tests;
