//! Whether the caller is in a member of a policy (docs/semantics.md, "Members of allow policies" and of deny
//! policies; discovery documents iam v1 `Binding.members`, iam v2 `GoogleIamV2DenyRule`).

use std::collections::{HashMap, HashSet, VecDeque};

use super::belonging::{all_of, customer, domain_of, service_accounts_of, service_agents_of};
use super::judge::{Judge, Membership};
use super::truth::Truth;
use crate::estate::policies::GROUP_NOT_ASKED_FOR;
use crate::estate::records::is_number;
use crate::estate::{Estate, Existence, Read};
use crate::iam::principal::{GKE_POOL, KubernetesAccount};
use crate::iam::{BasicRole, Member, Pool, Principal, Resource, owner};

/// Whether the judge's caller is in the member.
pub(crate) fn member(judge: &Judge<'_>, member: &Member) -> Membership {
    let caller = &judge.caller;
    match member {
        Member::AllUsers => Membership::new(Truth::Yes, "it stands for everybody"),
        Member::AllAuthenticatedUsers => match caller {
            Principal::User(_) | Principal::ServiceAccount(_) => Membership::yes(),
            Principal::Kubernetes { .. } | Principal::Federated { .. } => Membership::no(),
            Principal::Other(_) if caller.is_agent() => Membership::no(),
            Principal::Other(_) => Membership::unknown(
                "whether this kind of identity counts as signed in is not known",
            ),
        },
        Member::One(one) => same_identity(judge, one),
        // A Google group holds Google Accounts and service accounts only (doc "IAM principals", table of
        // principal types), so that a federated identity is in none, whether it can be read or not.
        Member::Group(_) if caller.is_federated() => {
            Membership::new(Truth::No, "a Google group holds no federated identities")
        }
        Member::Group(email) => group(judge, email),
        Member::Domain(domain) => {
            Membership::from(matches!(caller, Principal::User(email) if domain_of(email) == domain))
        }
        Member::Customer(id) => customer(judge, id),
        Member::Deleted { address, uid, .. } => deleted(judge, address, uid.as_deref()),
        Member::ProjectRole(role, project) => project_role(judge, *role, project),
        Member::ServiceAccountsOf(resource) => service_accounts_of(judge, resource),
        Member::ServiceAgentsOf(resource) => service_agents_of(judge, resource),
        Member::AllOf(resource) => all_of(judge, resource),
        Member::PoolAll(pool) => in_pool(judge, pool),
        Member::PoolNamespace(pool, namespace) => {
            let own = caller.kubernetes();
            match own.filter(|own| own.namespace == namespace) {
                Some(own) if pool.is_in_full() => kubernetes_pool(judge.estate, &own, pool),
                Some(_) => Membership::new(Truth::No, not_in_full(judge.estate, pool)),
                None => Membership::no(),
            }
        }
        Member::PoolPart(pool) => match in_pool(judge, pool).matches {
            Truth::No => Membership::no(),
            _ => Membership::unknown(
                "it stands for a part of the caller's pool that is not known here",
            ),
        },
        Member::PoolGroup(pool, name) => attribute(judge, pool, "groups", name),
        Member::PoolAttribute(pool, name, value) => attribute(judge, pool, name, value),
        Member::Impossible(why) => Membership::new(Truth::No, *why),
        Member::UnknownOf(kin) if !kin.may_be(caller) => Membership::no(),
        Member::Unknown | Member::UnknownOf(_) => {
            Membership::unknown("this form of member is not known here, so it may be the caller")
        }
    }
}

fn same_identity(judge: &Judge<'_>, one: &Principal) -> Membership {
    let caller = &judge.caller;
    if one.is_misnamed() {
        let why = match one {
            Principal::Federated { pool, subject } if names_subject(caller, subject) => {
                not_in_full(judge.estate, pool)
            }
            _ => String::new(),
        };
        return Membership::new(Truth::No, why);
    }
    if caller == one {
        return Membership::yes();
    }
    if let (Principal::ServiceAccount(own), Principal::ServiceAccount(other)) = (caller, one)
        && may_be_of(judge.estate, own, other)
    {
        return Membership::unknown(
            "the caller is known by its unique id alone, not by its address",
        );
    }
    if let (Some(own), Some(other)) = (caller.kubernetes(), one.kubernetes()) {
        let same = (own.pool, own.namespace, own.name) == (other.pool, other.namespace, other.name);
        let real = |a: &KubernetesAccount<'_>| {
            a.project
                .is_none_or(|p| is_own_pool(judge.estate, p, a.pool))
        };
        return Membership::from(same && real(&own) && real(&other));
    }
    if let (
        Principal::Federated { pool, subject },
        Principal::Federated {
            pool: other,
            subject: wanted,
        },
    ) = (caller, one)
        && pool == other
        && subject.to_lowercase() == wanted.to_lowercase()
    {
        let why = format!("it differs from {subject} only in upper and lower case");
        return Membership::new(Truth::No, why);
    }
    Membership::no()
}

/// Whether an address may be that of the account that goes by its unique id for want of one: it is made for the
/// same project, or nobody can tell for which.
fn may_be_of(estate: &Estate, id: &str, address: &str) -> bool {
    let Some(account) = estate.account(id).filter(|a| !a.has_address()) else {
        return false;
    };
    let Some(owner) = owner::of(address).filter(|owner| !owner.agent) else {
        return false;
    };
    let home = estate.project(&account.project_id);
    let home = home.map_or(&account.project_id, |p| &p.project_id);
    match estate.resolve(&owner.resource) {
        Existence::Exists(of) => of.id() == home,
        // One of the two may go by its number.
        _ => owner.resource.id() == home || is_number(home) || is_number(owner.resource.id()),
    }
}

fn names_subject(caller: &Principal, subject: &str) -> bool {
    caller.subject().is_some_and(|own| own == subject)
}

/// Why a pool that is named by its project's id stands for nobody.
fn not_in_full(estate: &Estate, pool: &Pool) -> String {
    match pool {
        Pool::Workload { project, pool } => {
            let number = estate.project(project).map_or("NUMBER", |p| p.number());
            format!(
                "no identity is named so, for a pool goes by its project's number, not its id {project}: projects/{number}/locations/global/workloadIdentityPools/{pool}"
            )
        }
        Pool::Workforce { .. } => String::new(),
    }
}

fn deleted(judge: &Judge<'_>, address: &str, uid: Option<&str>) -> Membership {
    let why = if judge.caller.email() == Some(address) {
        let now = judge
            .estate
            .account(address)
            .map(|a| a.unique_id.as_str())
            .filter(|id| !id.is_empty());
        match (uid, now) {
            (Some(old), Some(now)) if old != now => format!(
                "it names the deleted account {address} (unique id {old}); the account of that address today (unique id {now}) is another identity"
            ),
            _ => format!("it names an identity of the address {address} that was deleted"),
        }
    } else {
        String::new()
    };
    Membership::new(Truth::No, why)
}

/// Whether two names mean the same pool. One is named by its project's number; by the id it is no name.
pub(crate) fn same_pool(one: &Pool, other: &Pool) -> bool {
    one == other && one.is_in_full()
}

/// The one name for an identity that has several: GKE's accounts have an older and a newer form, of which
/// this is the older.
pub(crate) fn canonical(estate: &Estate, principal: &Principal) -> Principal {
    if let Some(own) = principal.kubernetes()
        && !principal.is_misnamed()
        && own.project.is_none_or(|p| is_own_pool(estate, p, own.pool))
    {
        return Principal::Kubernetes {
            pool: own.pool.to_owned(),
            namespace: own.namespace.to_owned(),
            name: own.name.to_owned(),
        };
    }
    principal.clone()
}

/// Whether the pool is GKE's of that project (number or id); of a project that is not known it is taken to
/// be.
fn is_own_pool(estate: &Estate, project: &str, pool: &str) -> bool {
    let id = pool.strip_suffix(GKE_POOL);
    estate
        .project(project)
        .is_none_or(|p| Some(p.project_id.as_str()) == id)
}

/// Whether a Kubernetes account's pool is this one.
fn kubernetes_pool(estate: &Estate, own: &KubernetesAccount<'_>, pool: &Pool) -> Membership {
    match pool {
        Pool::Workload { project, pool } => Membership::from(
            own.pool == pool
                && is_own_pool(estate, project, pool)
                && own.project.is_none_or(|p| is_own_pool(estate, p, pool)),
        ),
        Pool::Workforce { .. } => Membership::no(),
    }
}

fn in_pool(judge: &Judge<'_>, pool: &Pool) -> Membership {
    match &judge.caller {
        Principal::User(_) | Principal::ServiceAccount(_) => Membership::no(),
        _ if !pool.is_in_full() => {
            let why = if judge.caller.is_federated() {
                not_in_full(judge.estate, pool)
            } else {
                String::new()
            };
            Membership::new(Truth::No, why)
        }
        Principal::Federated { pool: own, .. } => {
            if same_pool(own, pool) {
                Membership::new(Truth::Yes, "it stands for every identity of the pool")
            } else {
                Membership::no()
            }
        }
        // By whichever of its two names, it is an identity of GKE's own pool.
        Principal::Kubernetes { .. } => match judge.caller.kubernetes() {
            Some(own) => kubernetes_pool(judge.estate, &own, pool),
            None => Membership::no(),
        },
        Principal::Other(_) => {
            Membership::unknown("what sets this kind of identity belongs to is not known here")
        }
    }
}

fn attribute(judge: &Judge<'_>, pool: &Pool, name: &str, value: &str) -> Membership {
    let inside = in_pool(judge, pool);
    if inside.matches != Truth::Yes {
        return inside;
    }
    let known = &judge.attributes;
    if known.never(name) {
        let what = if name == "groups" {
            "groups".to_owned()
        } else {
            format!("attribute {name}")
        };
        let why = format!("no provider of the pool maps the {what}, so that no identity has it");
        return Membership::new(Truth::No, why);
    }
    let of = |list: &'_ [(String, String)]| -> Vec<String> {
        let own = list
            .iter()
            .filter(|(n, _)| n == name || (name == "groups" && n == "group"));
        own.map(|(_, v)| v.clone()).collect()
    };
    let (given, possible) = (of(&known.given), of(&known.possible));
    if given.iter().any(|v| v == value) {
        return Membership::yes();
    }
    if possible.iter().any(|v| v == value) {
        return Membership::unknown(
            "it hangs on through which of the pool's providers the caller's token came",
        );
    }
    if known.open.contains(name) {
        return Membership::unknown(format!("the caller's {name} are not in its token alone"));
    }
    let all = [given, possible].concat();
    if all.is_empty() {
        return if known.complete {
            Membership::new(
                Truth::No,
                format!("the caller's token has no value for {name}"),
            )
        } else {
            Membership::unknown(format!("the caller's attribute {name} was not given"))
        };
    }
    let case = all.iter().any(|v| v.to_lowercase() == value.to_lowercase());
    let case = if case {
        ", which differs only in upper and lower case"
    } else {
        ""
    };
    Membership::new(
        Truth::No,
        format!("the caller's {name} is {}{case}", all.join(", ")),
    )
}

/// Everyone with the basic role on that project's own policy (chosen: docs/semantics.md, "Members of allow policies").
fn project_role(judge: &Judge<'_>, role: BasicRole, project: &str) -> Membership {
    let Some(found) = judge.estate.project(project) else {
        return Membership::unknown(format!("the project {project} is not known"));
    };
    let on = Resource::project(&found.project_id);
    let policy = match judge.estate.allow_policy(&on) {
        Read::Known(Some(policy)) => policy,
        Read::Known(None) => return Membership::no(),
        Read::Unreadable(why) => {
            return Membership::unknown(format!(
                "the policy of {project} could not be read: {why}"
            ));
        }
    };
    let mut answer = match policy.gap() {
        Some(why) => {
            Membership::unknown(format!("the policy of {project} is known in part: {why}"))
        }
        None => Membership::no(),
    };
    for binding in policy.bindings.iter().filter(|b| &*b.role == role.role()) {
        for entry in &binding.members {
            // One kind of member that refers to a policy inside another would go in circles.
            if matches!(entry.member, Member::ProjectRole(..)) {
                continue;
            }
            let one = member(judge, &entry.member);
            if one.matches == Truth::Yes {
                return Membership {
                    matches: Truth::Yes,
                    why: format!("the caller has {} on {project}", role.role()),
                    path: one.path,
                };
            }
            if one.matches != Truth::No {
                answer = one;
            }
        }
    }
    answer
}

/// Transitive membership, nearest first; cycles are walked once.
fn group(judge: &Judge<'_>, email: &str) -> Membership {
    if let Some(known) = judge.groups.borrow().get(email) {
        return known.clone();
    }
    let answer = walk_group(judge, email);
    judge
        .groups
        .borrow_mut()
        .insert(email.to_owned(), answer.clone());
    answer
}

fn walk_group(judge: &Judge<'_>, outermost: &str) -> Membership {
    let mut above: HashMap<String, String> = HashMap::new();
    let mut seen: HashSet<String> = HashSet::from([outermost.to_owned()]);
    let mut queue = VecDeque::from([outermost.to_owned()]);
    let mut unknown: Option<Membership> = None;
    let path = |above: &HashMap<String, String>, innermost: &str| {
        let mut path = vec![innermost.to_owned()];
        let mut at = innermost;
        while let Some(next) = above.get(at) {
            path.push(next.clone());
            at = next;
        }
        path.reverse();
        path
    };
    while let Some(at) = queue.pop_front() {
        let members = match judge.estate.group(&at) {
            Read::Known(group) => &group.members,
            Read::Unreadable(why) => {
                if unknown.is_none() {
                    unknown = Some(Membership {
                        matches: Truth::UnknownInfo,
                        // Nobody was refused them: they were not asked for.
                        why: if &*why == GROUP_NOT_ASKED_FOR {
                            format!("the members of {at} were not read")
                        } else {
                            format!("the members of {at} could not be read: {why}")
                        },
                        path: path(&above, &at),
                    });
                }
                continue;
            }
        };
        for entry in members {
            if let Member::Group(inner) = &entry.member {
                if seen.insert(inner.clone()) {
                    above.insert(inner.clone(), at.clone());
                    queue.push_back(inner.clone());
                }
                continue;
            }
            let one = member(judge, &entry.member);
            match one.matches {
                Truth::Yes => {
                    let path = path(&above, &at);
                    return Membership {
                        matches: Truth::Yes,
                        why: format!("through {}", path.join(", in it ")),
                        path,
                    };
                }
                Truth::No => {}
                _ if unknown.is_none() => {
                    unknown = Some(Membership {
                        path: path(&above, &at),
                        ..one
                    });
                }
                _ => {}
            }
        }
    }
    unknown.unwrap_or_else(Membership::no)
}
