//! Whether a caller's token can be had at all, and which attributes it carries (docs/semantics.md,
//! "Federation, before any binding counts").
//!
//! Sources: discovery document iam v1 (`WorkloadIdentityPool`, `WorkloadIdentityPoolProvider` and their
//! workforce kin); doc "Workload Identity Federation", "Manage workload identity pools and providers",
//! "Troubleshoot Workload Identity Federation", "Principal identifiers".

mod admission;
mod derive;
mod mapping;
pub mod mend;
mod trial;

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value as Json;

use super::truth::Truth;
use crate::estate::{Coverage, Estate, IdentityPool, Provider};
use crate::iam::{Member, Pool, Principal};

use admission::{Admission, condition_of};
pub use admission::{Rejected, admit, other_audience, other_issuer};
pub use derive::{Derived, NotDerived, derive, nearest};
use mapping::{ExternalToken, asked_as, mapping_of};

/// "Cannot exceed 127 bytes" (discovery document iam v1, `attributeMapping`, `google.subject`).
pub const LONGEST_SUBJECT: usize = 127;

/// Reads `NAME=VALUE`, also as `attribute.NAME=VALUE`; neither may be empty.
#[must_use]
pub fn read_attribute(text: &str) -> Option<(String, String)> {
    let (name, value) = text.trim().split_once('=')?;
    let name = name.strip_prefix("attribute.").unwrap_or(name);
    let whole = !name.is_empty() && !value.is_empty();
    whole.then(|| (name.to_owned(), value.to_owned()))
}

/// One reason why a caller has no token that counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No identity is named so: the pool is not named in full.
    Misnamed {
        /// As it would be named, as far as is known.
        full: String,
    },
    /// There is no such pool.
    PoolMissing,
    /// The pool is disabled.
    PoolDisabled,
    /// The pool is deleted.
    PoolDeleted {
        /// When it can no longer be undeleted, as Google writes times.
        until: Option<String>,
    },
    /// A workforce pool gives programs no tokens (`AccessRestrictions.disableProgrammaticSignin`).
    ProgramsKeptOut,
    /// The provider is disabled.
    ProviderDisabled {
        /// Its name.
        provider: String,
    },
    /// The provider is deleted.
    ProviderDeleted {
        /// Its name.
        provider: String,
        /// When it can no longer be undeleted.
        until: Option<String>,
    },
    /// The provider takes tokens of another issuer.
    Issuer {
        /// Its name.
        provider: String,
        /// What it takes.
        wanted: String,
        /// The token's.
        had: String,
    },
    /// The provider takes tokens for another audience.
    Audience {
        /// Its name.
        provider: String,
        /// What it takes: one of these.
        wanted: Vec<String>,
        /// The token's.
        had: Vec<String>,
    },
    /// The mapping of an attribute gives nothing for this token.
    Mapping {
        /// The provider's name.
        provider: String,
        /// Which, `attribute.repository`.
        attribute: String,
        /// How it is mapped.
        expression: String,
    },
    /// The attribute condition does not let the token in.
    Condition {
        /// The provider's name.
        provider: String,
        /// The whole condition.
        condition: String,
        /// The part that is false, or why it cannot be evaluated.
        why: String,
        /// It would hold if upper and lower case were one.
        by_case: bool,
        /// The condition spelled as the token has it, where that makes it hold.
        meant: Option<String>,
    },
    /// The subject is longer than any may be.
    SubjectTooLong {
        /// The provider that maps it, when it was mapped.
        provider: Option<String>,
        /// How long it is, in bytes.
        length: usize,
    },
    /// The claims are another identity's.
    OtherSubject {
        /// Whose, as a member.
        is: String,
    },
}

/// What comes of a federated caller's token exchange.
#[derive(Clone, Debug, PartialEq)]
pub struct Exchange {
    /// The pool's path, its project as the caller names it; empty for a caller that names none.
    pub pool: String,
    /// Why there is no token that counts; empty when nothing stands against it.
    pub refusals: Vec<Refusal>,
    /// Whether a token is let in: `Yes` where a provider certainly does, `No` with [`Self::refusals`].
    pub passes: Truth,
    /// Why the pool was not read, where it was not.
    pub pool_unread: Option<Arc<str>>,
    /// Why its providers are not known, where they are not.
    pub providers_unknown: Option<Arc<str>>,
    /// The names of providers that the token may have come through, sorted.
    pub providers: Vec<String>,
    /// What is known of the attributes.
    pub attributes: Attributes,
}

/// What is known of a federated caller's attributes, by the names that members use (`repository`,
/// `groups`); a name may stand more than once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attributes {
    /// What it certainly has.
    pub given: Vec<(String, String)>,
    /// What it has if it came through one provider and not through another.
    pub possible: Vec<(String, String)>,
    /// Whether these are all there are: a name that is missing then has no value.
    pub complete: bool,
    /// The names that the pool's providers map at all; `None` where that is not known.
    pub mapped: Option<BTreeSet<String>>,
    /// Names that may have values beyond these (groups that are looked up elsewhere).
    pub open: BTreeSet<String>,
    /// Given ones that the token's claims contradict: name, given, mapped.
    pub contradicted: Vec<(String, String, String)>,
}

impl Attributes {
    /// Whether no identity of the pool can have an attribute of this name.
    #[must_use]
    pub fn never(&self, name: &str) -> bool {
        self.mapped
            .as_ref()
            .is_some_and(|mapped| !mapped.contains(name) && !self.open.contains(name))
    }
}

/// What comes of a federated caller's token exchange; `None` for a caller that needs none.
#[must_use]
pub fn exchange_of(
    estate: &Estate,
    caller: &Principal,
    attributes: &[(String, String)],
    claims: Option<&Json>,
) -> Option<Exchange> {
    exchange(estate, caller, attributes, claims)
}

/// What comes of the exchange; `None` for a caller that needs none.
pub(crate) fn exchange(
    estate: &Estate,
    caller: &Principal,
    given: &[(String, String)],
    claims: Option<&Json>,
) -> Option<Exchange> {
    let given: Vec<(String, String)> = given
        .iter()
        .map(|(name, value)| {
            let name = name.strip_prefix("attribute.").unwrap_or(name);
            (name.to_owned(), value.clone())
        })
        .collect();
    let attributes = Attributes {
        given: given.clone(),
        ..Attributes::default()
    };
    let mut all = Exchange {
        pool: String::new(),
        refusals: Vec::new(),
        passes: Truth::Yes,
        pool_unread: None,
        providers_unknown: None,
        providers: Vec::new(),
        attributes,
    };
    let (pool, subject) = match caller {
        Principal::User(_) | Principal::ServiceAccount(_) => return None,
        _ if caller.is_misnamed() => {
            all.refuse(Refusal::Misnamed {
                full: named_in_full(estate, caller),
            });
            return Some(all);
        }
        Principal::Federated { pool, subject } => (pool.clone(), subject.as_str()),
        Principal::Kubernetes { pool, .. } => {
            // GKE's own pool: no provider of ours, no subject of an identity provider.
            let project = pool.strip_suffix(crate::iam::principal::GKE_POOL)?;
            let number = estate.project(project).map_or(project, |p| p.number());
            let pool = Pool::Workload {
                project: number.to_owned(),
                pool: pool.clone(),
            };
            (pool, "")
        }
        Principal::Other(_) => return None,
    };
    all.pool = pool.path();
    if subject.len() > LONGEST_SUBJECT {
        all.refuse(Refusal::SubjectTooLong {
            provider: None,
            length: subject.len(),
        });
        return Some(all);
    }
    all.look_at_pool(estate, &pool);
    if pool.is_of_gke() {
        return Some(all);
    }
    trial::providers(&mut all, estate, &pool, subject, &given, claims);
    Some(all)
}

impl Exchange {
    fn refuse(&mut self, why: Refusal) {
        self.passes = Truth::No;
        if !self.refusals.contains(&why) {
            self.refusals.push(why);
        }
    }

    /// Whether there is no token of this caller that counts.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        !self.refusals.is_empty()
    }

    /// Whether no such identity can be: what bindings say of it is of no interest.
    #[must_use]
    pub fn is_nobody(&self) -> bool {
        self.refusals.iter().any(|why| {
            matches!(
                why,
                Refusal::Misnamed { .. }
                    | Refusal::PoolMissing
                    | Refusal::SubjectTooLong { .. }
                    | Refusal::OtherSubject { .. }
            )
        })
    }

    fn look_at_pool(&mut self, estate: &Estate, pool: &Pool) {
        let path = pool.path();
        if let Some(why) = estate.why_unreadable(&estate.with_number(&path)) {
            self.pool_unread = Some(why);
            return;
        }
        match estate.pool(&path) {
            Some(found) => {
                if is_deleted(&found.extra) {
                    self.refuse(Refusal::PoolDeleted {
                        until: until(&found.extra),
                    });
                }
                if found.disabled {
                    self.refuse(Refusal::PoolDisabled);
                }
                if keeps_programs_out(found) {
                    self.refuse(Refusal::ProgramsKeptOut);
                }
            }
            None if pool.is_of_gke() => {}
            None if estate.lacks_pool(&path) => self.refuse(Refusal::PoolMissing),
            // An estate file that does not list it says nothing of it; a survey should have asked.
            None if estate.coverage() == Coverage::Partial => {
                self.pool_unread = Some(estate.not_fetched());
            }
            None => {}
        }
    }
}

/// `state: DELETED`, as IAM shows what was deleted and can still come back.
pub(crate) fn is_deleted(extra: &serde_json::Map<String, Json>) -> bool {
    extra.get("state").and_then(Json::as_str) == Some("DELETED")
}

/// "Time after which the … will be permanently purged and cannot be recovered" (`expireTime`).
fn until(extra: &serde_json::Map<String, Json>) -> Option<String> {
    extra
        .get("expireTime")
        .and_then(Json::as_str)
        .map(str::to_owned)
}

/// "Disable programmatic sign-in by disabling token issue via the Security Token API endpoint"
/// (discovery document iam v1, `AccessRestrictions`).
fn keeps_programs_out(pool: &IdentityPool) -> bool {
    pool.extra
        .get("accessRestrictions")
        .and_then(|restrictions| restrictions.get("disableProgrammaticSignin"))
        .and_then(Json::as_bool)
        == Some(true)
}

/// Whether a provider takes no tokens.
fn is_off(provider: &Provider) -> bool {
    provider.disabled || is_deleted(&provider.extra)
}

/// The providers of a pool.
fn providers_of<'e>(
    estate: &'e Estate,
    pool: &Pool,
) -> impl Iterator<Item = (String, &'e Arc<Provider>)> {
    let start = format!("{}/providers/", pool.path());
    estate.providers().filter_map(move |provider| {
        let name = estate.with_number(&provider.name);
        name.starts_with(&start).then_some((name, provider))
    })
}

/// The names that a provider's mapping can give, as members ask for them.
fn names_of(provider: &Provider) -> BTreeSet<String> {
    let mut names: BTreeSet<String> = mapping_of(provider)
        .keys()
        .filter_map(|target| asked_as(target).map(str::to_owned))
        .collect();
    if groups_elsewhere(provider) {
        names.insert("groups".to_owned());
    }
    names
}

/// Whether a workforce provider's users have groups beyond those in the token: "extended group memberships
/// override the mapped `google.groups` attribute", SCIM-managed ones take its place (discovery document iam
/// v1, `WorkforcePoolProvider.extendedAttributesOauth2Client`, `.scimUsage`).
fn groups_elsewhere(provider: &Provider) -> bool {
    provider
        .extra
        .contains_key("extendedAttributesOauth2Client")
        || provider.extra.contains_key("extraAttributesOauth2Client")
        || provider
            .extra
            .get("scimUsage")
            .and_then(Json::as_str)
            .is_some_and(|usage| usage.starts_with("ENABLED"))
}

/// Whether a member stands for nobody, whoever asks: its pool is not named in full, or it asks for an
/// attribute that no provider of the pool maps.
pub(crate) fn stands_for_nobody(estate: &Estate, member: &Member) -> bool {
    if let Member::One(one) = member {
        return one.is_misnamed();
    }
    let Some(pool) = member.pool() else {
        return matches!(member, Member::Impossible(_) | Member::Deleted { .. });
    };
    if !pool.is_in_full() {
        return true;
    }
    let name = match member {
        Member::PoolAttribute(_, name, _) => name.as_str(),
        Member::PoolGroup(..) => "groups",
        _ => return false,
    };
    mapped_in(estate, pool).is_some_and(|mapped| !mapped.contains(name))
}

/// The names that the providers of a pool map; `None` where they are not known. Those that are off count
/// only where all are: what they let in before lives on for an hour at most.
fn mapped_in(estate: &Estate, pool: &Pool) -> Option<BTreeSet<String>> {
    if pool.is_of_gke() || providers_unread(estate, pool).is_some() {
        return None;
    }
    let all: Vec<&Arc<Provider>> = providers_of(estate, pool).map(|(_, p)| p).collect();
    let any_on = all.iter().any(|p| !is_off(p));
    let counting = all.iter().filter(|p| !any_on || !is_off(p));
    (!all.is_empty()).then(|| counting.flat_map(|p| names_of(p)).collect())
}

/// Why the providers of a pool are not known: `None` where they are.
fn providers_unread(estate: &Estate, pool: &Pool) -> Option<Arc<str>> {
    let path = estate.with_number(&pool.path());
    estate.why_unreadable(&format!("{path}/providers"))
}

/// Whether identities of the pool are known to have no token that counts.
#[must_use]
pub fn refuses_all(estate: &Estate, principal: &Principal) -> bool {
    exchange(estate, principal, &[], None).is_some_and(|e| e.is_refused())
}

/// Whether the pool of a set gives no tokens that count.
pub(crate) fn set_is_refused(estate: &Estate, member: &Member) -> bool {
    member.pool().is_some_and(|pool| {
        let somebody = Principal::Federated {
            pool: pool.clone(),
            subject: "-".to_owned(),
        };
        exchange(estate, &somebody, &[], None).is_some_and(|e| {
            e.refusals.iter().any(|why| {
                !matches!(
                    why,
                    Refusal::Condition { .. } | Refusal::OtherSubject { .. }
                )
            })
        })
    })
}

/// A member whose pool is not named in full, as it would be for the pool `own`; `None` where it is, or speaks
/// of another pool.
#[must_use]
pub fn in_full(member: &str, own: &Pool) -> Option<String> {
    let (scheme, path) = member.split_once("://iam.googleapis.com/")?;
    let (before, tail) = ["/subject/", "/attribute.", "/group/", "/namespace/", "/*"]
        .into_iter()
        .filter_map(|mark| path.find(mark))
        .min()
        .map(|at| path.split_at(at))?;
    let named = format!("{before}/");
    if Pool::split(&named).is_some_and(|(pool, _)| pool.is_in_full()) {
        return None;
    }
    let id = before.rsplit('/').next().unwrap_or_default();
    (id == own.id()).then(|| format!("{scheme}://iam.googleapis.com/{}{tail}", own.path()))
}

/// A misnamed caller as it would be named: the project's number where it is known.
fn named_in_full(estate: &Estate, caller: &Principal) -> String {
    match caller {
        Principal::Federated {
            pool: Pool::Workload { project, pool },
            subject,
        } => {
            let number = estate.project(project).map_or("NUMBER", |p| p.number());
            format!(
                "principal://iam.googleapis.com/projects/{number}/locations/global/workloadIdentityPools/{pool}/subject/{subject}"
            )
        }
        Principal::Other(text) => {
            let path = text
                .strip_prefix("principal://iam.googleapis.com/")
                .unwrap_or_default();
            let (before, subject) = path.split_once("/subject/").unwrap_or((path, "SUBJECT"));
            let pool = before.rsplit('/').next().unwrap_or("POOL");
            if before.contains("workforcePools") {
                return format!(
                    "principal://iam.googleapis.com/locations/global/workforcePools/{pool}/subject/{subject}"
                );
            }
            let number = before
                .strip_prefix("projects/")
                .and_then(|rest| rest.split('/').next())
                .and_then(|project| estate.project(project))
                .map_or("NUMBER", |p| p.number());
            format!(
                "principal://iam.googleapis.com/projects/{number}/locations/global/workloadIdentityPools/{pool}/subject/{subject}"
            )
        }
        other => other.to_string(),
    }
}
