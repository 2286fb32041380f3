//! What mends a token exchange that fails, and where: never a grant.
//!
//! Commands: gcloud 528, `gcloud iam workload-identity-pools` and `workforce-pools` (`surface/iam`); pools
//! and providers go by their full names there.

use std::collections::BTreeMap;

use super::mapping::{SUBJECT, mapping_of};
use super::{Exchange, Refusal};
use crate::estate::{Estate, Provider};
use crate::text::{shell, visible};

/// One thing to mend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mend {
    /// What would have to change, a sentence.
    pub what: String,
    /// Full resource name of the pool or provider.
    pub place: String,
    /// The permission that it takes, in v1 form.
    pub permission: &'static str,
    /// The command; a line that begins with `#` says what to fill in.
    pub command: String,
}

/// `//iam.googleapis.com/…` of a pool or provider.
#[must_use]
pub fn full_name(path: &str) -> String {
    format!("//iam.googleapis.com/{path}")
}

/// The last part of a name.
#[must_use]
pub fn id(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// Everything of an exchange that would have to change; empty where nothing at Google would help.
#[must_use]
pub fn mends(estate: &Estate, exchange: &Exchange) -> Vec<Mend> {
    exchange
        .refusals
        .iter()
        .filter_map(|why| mend(estate, exchange, why))
        .collect()
}

fn mend(estate: &Estate, exchange: &Exchange, why: &Refusal) -> Option<Mend> {
    let pool = exchange.pool.as_str();
    let workforce = pool.starts_with("locations/");
    let group = if workforce {
        "gcloud iam workforce-pools"
    } else {
        "gcloud iam workload-identity-pools"
    };
    let pools = |verb: &str, rest: &str| format!("{group} {verb} {}{rest}", shell(pool));
    let on_pool = |what: String, permission, command| {
        Some(Mend {
            what,
            place: full_name(pool),
            permission,
            command,
        })
    };
    let on = |name: &str, what: String, verb: &str, rest: String| {
        let permission = match (workforce, verb) {
            (false, "undelete") => "iam.workloadIdentityPoolProviders.undelete",
            (true, "undelete") => "iam.workforcePoolProviders.undelete",
            (false, _) => "iam.workloadIdentityPoolProviders.update",
            (true, _) => "iam.workforcePoolProviders.update",
        };
        Some(Mend {
            what,
            place: full_name(name),
            permission,
            command: format!("{group} providers {verb} {}{rest}", shell(name)),
        })
    };
    let provider = |name: &str| {
        estate
            .providers()
            .find(|p| estate.with_number(&p.name) == name)
            .map(|p| &**p)
    };
    let update = |name: &str| format!("update-{}", provider(name).map_or("oidc", kind));
    match why {
        Refusal::PoolDeleted { until } => on_pool(
            format!(
                "The pool {} would have to be undeleted{}.",
                visible(id(pool)),
                before(until.as_deref())
            ),
            if workforce {
                "iam.workforcePools.undelete"
            } else {
                "iam.workloadIdentityPools.undelete"
            },
            pools("undelete", ""),
        ),
        Refusal::PoolDisabled => on_pool(
            format!("The pool {} would have to be enabled.", visible(id(pool))),
            if workforce {
                "iam.workforcePools.update"
            } else {
                "iam.workloadIdentityPools.update"
            },
            pools("update", " --no-disabled"),
        ),
        Refusal::ProviderDeleted {
            provider: name,
            until,
        } => on(
            name,
            format!(
                "The provider {} would have to be undeleted{}.",
                visible(id(name)),
                before(until.as_deref())
            ),
            "undelete",
            String::new(),
        ),
        Refusal::ProviderDisabled { provider: name } => on(
            name,
            format!(
                "The provider {} would have to be enabled.",
                visible(id(name))
            ),
            &update(name),
            " --no-disabled".to_owned(),
        ),
        Refusal::Issuer {
            provider: name,
            had,
            ..
        } if provider(name).is_some_and(|p| kind(p) == "oidc") => on(
            name,
            format!(
                "The provider {} would have to take the issuer {}, if that is the one it is for; else the token has to come from the provider's own.",
                visible(id(name)),
                visible(had)
            ),
            &update(name),
            format!(" {}", shell(&format!("--issuer-uri={had}"))),
        ),
        Refusal::Audience {
            provider: name,
            wanted,
            had,
        } if !workforce => {
            let mut all: Vec<&str> = wanted.iter().map(String::as_str).collect();
            all.extend(had.iter().map(String::as_str));
            on(
                name,
                format!(
                    "The provider {} would have to take the audience {}, or the token would have to be asked for with one that it takes.",
                    visible(id(name)),
                    visible(&had.join(", "))
                ),
                &update(name),
                format!(
                    " {}",
                    shell(&format!("--allowed-audiences={}", all.join(",")))
                ),
            )
        }
        Refusal::Condition {
            provider: name,
            meant,
            ..
        } => on(
            name,
            format!(
                "The attribute condition of the provider {} would have to let this token in.",
                visible(id(name))
            ),
            &update(name),
            format!(
                " {}",
                shell(&format!(
                    "--attribute-condition={}",
                    meant.as_deref().unwrap_or("CONDITION")
                ))
            ),
        ),
        Refusal::Mapping {
            provider: name,
            attribute,
            ..
        } => {
            let mut mapping = mapping_of(provider(name)?);
            if attribute == SUBJECT {
                mapping.insert(SUBJECT.to_owned(), "assertion.CLAIM".to_owned());
            } else {
                mapping.remove(attribute);
            }
            on(
                name,
                format!(
                    "The mapping of {} at the provider {} would have to go by a claim that the token has, or go.",
                    visible(attribute),
                    visible(id(name))
                ),
                &update(name),
                mapping_flag(&mapping),
            )
        }
        Refusal::SubjectTooLong {
            provider: Some(name),
            ..
        } => {
            let mut mapping = mapping_of(provider(name)?);
            mapping.insert(
                SUBJECT.to_owned(),
                "assertion.sub.extract('BEFORE{part}AFTER')".to_owned(),
            );
            on(
                name,
                format!(
                    "The provider {} would have to map a shorter google.subject.",
                    visible(id(name))
                ),
                &update(name),
                mapping_flag(&mapping),
            )
        }
        _ => None,
    }
}

/// The mapping of an attribute that a provider lacks: what adds it.
#[must_use]
pub fn add_mapping(estate: &Estate, provider: &str, attribute: &str) -> Option<Mend> {
    let found = estate
        .providers()
        .find(|p| estate.with_number(&p.name) == provider)?;
    let workforce = provider.starts_with("locations/");
    let (target, source) = if attribute == "groups" {
        ("google.groups".to_owned(), "assertion.groups".to_owned())
    } else {
        (
            format!("attribute.{attribute}"),
            format!("assertion.{attribute}"),
        )
    };
    let mut mapping = mapping_of(found);
    mapping.insert(target.clone(), source.clone());
    let group = if workforce {
        "gcloud iam workforce-pools"
    } else {
        "gcloud iam workload-identity-pools"
    };
    Some(Mend {
        what: format!(
            "The provider {} would have to map {}, as {} where that is the claim's name.",
            visible(id(provider)),
            visible(&target),
            visible(&source)
        ),
        place: full_name(provider),
        permission: if workforce {
            "iam.workforcePoolProviders.update"
        } else {
            "iam.workloadIdentityPoolProviders.update"
        },
        command: format!(
            "{group} providers update-{} {}{}",
            kind(found),
            shell(provider),
            mapping_flag(&mapping)
        ),
    })
}

fn before(until: Option<&str>) -> String {
    until.map_or_else(String::new, |time| format!(" before {}", visible(time)))
}

fn kind(provider: &Provider) -> &'static str {
    ["aws", "saml", "x509"]
        .into_iter()
        .find(|kind| provider.extra.contains_key(*kind))
        .unwrap_or("oidc")
}

/// The whole mapping, for the flag replaces it. A value with a comma in it wants another separator
/// (`gcloud topic escaping`).
fn mapping_flag(mapping: &BTreeMap<String, String>) -> String {
    let separator = ["", ";", "~", "|", "@", "\u{a7}"]
        .into_iter()
        .find(|s| {
            let s = if s.is_empty() { "," } else { s };
            !mapping.values().any(|v| v.contains(s))
        })
        .unwrap_or_default();
    let (start, join) = if separator.is_empty() {
        (String::new(), ",")
    } else {
        (format!("^{separator}^"), separator)
    };
    let all: Vec<String> = mapping.iter().map(|(k, v)| format!("{k}={v}")).collect();
    let flag = format!("--attribute-mapping={start}{}", all.join(join));
    format!(" {}", shell(&flag))
}
