//! Causes before any binding counts: the pool, its providers, what they make of the caller's token.

use jiff::Timestamp;

use super::super::cause::{CauseKind, NO_GRANT_HELPS};
use super::super::explanation::Explanation;
use super::super::federation::mend::{full_name, id};
use super::super::federation::{Exchange, LONGEST_SUBJECT, Refusal};
use super::Causes;
use super::words::Names;
use crate::estate::Estate;

/// Whether bindings are of interest beside these causes.
pub(super) fn causes(estate: &Estate, explanation: &Explanation, causes: &mut Causes) -> bool {
    let Some(exchange) = explanation.exchange.as_deref() else {
        return true;
    };
    let names = Names::of(estate, explanation);
    for why in &exchange.refusals {
        let place = place(exchange, why);
        let (kind, message, remedy) = told(estate, exchange, why, explanation, &names);
        causes.push(kind, None, place, message, remedy);
    }
    !exchange.is_nobody()
}

/// Where a refusal sits: the provider, else the pool.
fn place(exchange: &Exchange, why: &Refusal) -> String {
    match why {
        Refusal::ProviderDisabled { provider }
        | Refusal::ProviderDeleted { provider, .. }
        | Refusal::Issuer { provider, .. }
        | Refusal::Audience { provider, .. }
        | Refusal::Mapping { provider, .. }
        | Refusal::Condition { provider, .. }
        | Refusal::SubjectTooLong {
            provider: Some(provider),
            ..
        } => full_name(provider),
        Refusal::Misnamed { full } => full.clone(),
        _ => full_name(&exchange.pool),
    }
}

fn told(
    estate: &Estate,
    exchange: &Exchange,
    why: &Refusal,
    explanation: &Explanation,
    names: &Names,
) -> (CauseKind, String, String) {
    let caller = &explanation.question.caller;
    let pool = id(&exchange.pool);
    match why {
        Refusal::Misnamed { full } => (
            CauseKind::FederatedMismatch,
            format!(
                "No identity is called {caller}: a workload pool goes by its project's number and by its whole path."
            ),
            format!("Ask with the full form: {full}{}.", number_hint(full)),
        ),
        Refusal::PoolMissing => (
            CauseKind::PoolUnusable,
            format!(
                "There is no identity pool {pool} ({}), so that nobody has a token of it.",
                exchange.pool
            ),
            format!(
                "Check the pool's id{}. {NO_GRANT_HELPS}",
                near(estate, &exchange.pool)
            ),
        ),
        Refusal::PoolDeleted { until } => (
            CauseKind::PoolUnusable,
            format!(
                "The identity pool {pool} is deleted: it gives no tokens, and those that it gave let nobody in.{}",
                span(until.as_deref(), explanation.question.time)
            ),
            format!("{NO_GRANT_HELPS} Undelete the pool."),
        ),
        Refusal::PoolDisabled => (
            CauseKind::PoolUnusable,
            format!(
                "The identity pool {pool} is disabled: it gives no tokens, and those that it gave let nobody in."
            ),
            format!("{NO_GRANT_HELPS} Find out why it was disabled, and enable it."),
        ),
        Refusal::ProgramsKeptOut => (
            CauseKind::PoolUnusable,
            format!(
                "The workforce pool {pool} gives no tokens to programs (programmatic sign-in is disabled there)."
            ),
            format!(
                "{NO_GRANT_HELPS} Ask whoever keeps the pool to allow programmatic sign-in (accessRestrictions.disableProgrammaticSignin)."
            ),
        ),
        Refusal::ProviderDeleted { provider, until } => (
            CauseKind::PoolUnusable,
            format!(
                "The provider {} of the pool {pool} is deleted: no token is exchanged through it.{}",
                id(provider),
                span(until.as_deref(), explanation.question.time)
            ),
            format!("{NO_GRANT_HELPS} Undelete the provider."),
        ),
        Refusal::ProviderDisabled { provider } => (
            CauseKind::PoolUnusable,
            format!(
                "The provider {} of the pool {pool} is disabled: no token is exchanged through it.",
                id(provider)
            ),
            format!("{NO_GRANT_HELPS} Find out why it was disabled, and enable it."),
        ),
        Refusal::SubjectTooLong { provider, length } => (
            CauseKind::SubjectTooLong,
            match provider {
                Some(provider) => format!(
                    "The provider {} of the pool {pool} maps a google.subject of {length} bytes; {LONGEST_SUBJECT} is the most, so the exchange is refused.",
                    id(provider)
                ),
                None => format!(
                    "The subject of {} is {length} bytes long; {LONGEST_SUBJECT} is the most, so no identity has it.",
                    shortened(&names.caller)
                ),
            },
            format!(
                "{NO_GRANT_HELPS} Map a shorter google.subject at the provider, with extract() for instance."
            ),
        ),
        Refusal::OtherSubject { is } => (
            CauseKind::FederatedMismatch,
            format!("The claims given are not of this caller: they map to {is}."),
            format!("Ask for {is}, or give the claims of {caller}."),
        ),
        Refusal::Issuer {
            provider,
            wanted,
            had,
        } => (
            CauseKind::ProviderRefuses,
            format!(
                "The provider {} of the pool {pool} refuses the token: it takes {wanted}, and the token's issuer is {had}{}.",
                id(provider),
                alike(wanted, had)
            ),
            format!(
                "{NO_GRANT_HELPS} Exchange the token at the provider that is for its issuer, or correct the provider."
            ),
        ),
        Refusal::Audience {
            provider,
            wanted,
            had,
        } => {
            let had = if had.is_empty() {
                "none".to_owned()
            } else {
                had.join(", ")
            };
            (
                CauseKind::ProviderRefuses,
                format!(
                    "The provider {} of the pool {pool} refuses the token: its audience is {had}, and the provider takes {}.",
                    id(provider),
                    wanted.join(" or ")
                ),
                format!(
                    "{NO_GRANT_HELPS} Ask the identity provider for a token with the audience {}, or let the provider take this one.",
                    wanted.first().map_or("", String::as_str)
                ),
            )
        }
        Refusal::Mapping {
            provider,
            attribute,
            expression,
        } => (
            CauseKind::ProviderRefuses,
            format!(
                "The provider {} of the pool {pool} maps {attribute} to {expression}, for which this token gives no value: such a token is refused.",
                id(provider)
            ),
            format!(
                "{NO_GRANT_HELPS} If the token does have the claim, put it into the claims given. Else correct the mapping."
            ),
        ),
        Refusal::Condition {
            provider,
            condition,
            why,
            by_case,
            meant,
        } => {
            let case = if *by_case {
                " It differs from the token only in upper and lower case."
            } else {
                ""
            };
            let clause = if why == condition.trim() {
                String::new()
            } else {
                format!(" ({why})")
            };
            (
                CauseKind::ProviderRefuses,
                format!(
                    "The attribute condition of the provider {} of the pool {pool} refuses the token: {}{clause} does not hold for it.{case}",
                    id(provider),
                    condition.trim()
                ),
                if let Some(meant) = meant {
                    format!(
                        "{NO_GRANT_HELPS} Write the condition of the provider {} as the token spells it: {meant}",
                        id(provider)
                    )
                } else {
                    format!(
                        "{NO_GRANT_HELPS} Change the condition of the provider {}, if this token is meant to get in.",
                        id(provider)
                    )
                },
            )
        }
    }
}

/// Until when what is deleted can be brought back.
fn span(until: Option<&str>, now: Timestamp) -> String {
    let Some(until) = until else {
        return " Pools and providers can be undeleted for 30 days.".to_owned();
    };
    match until.parse::<Timestamp>() {
        Ok(time) if time <= now => {
            format!(" It could be undeleted until {until}; that is past.")
        }
        _ => format!(" It can be undeleted until {until}."),
    }
}

/// What sets two issuers apart that look the same.
fn alike(wanted: &str, had: &str) -> &'static str {
    if wanted.trim_end_matches('/') == had.trim_end_matches('/') {
        ": they differ in the slash at the end"
    } else if wanted.to_lowercase() == had.to_lowercase() {
        ": they differ only in upper and lower case"
    } else {
        ""
    }
}

fn number_hint(full: &str) -> &'static str {
    if full.contains("/NUMBER/") {
        " (NUMBER: gcloud projects describe PROJECT --format='value(projectNumber)')"
    } else {
        ""
    }
}

/// A pool of the same project that may have been meant.
fn near(estate: &Estate, pool: &str) -> String {
    let Some((parent, wanted)) = pool.rsplit_once('/') else {
        return String::new();
    };
    let parent = format!("{parent}/");
    let mut all: Vec<(usize, String)> = estate
        .pools()
        .map(|p| estate.with_number(&p.name))
        .filter_map(|name| name.strip_prefix(&parent).map(str::to_owned))
        .map(|other| (strsim::damerau_levenshtein(&other, wanted), other))
        .filter(|(distance, _)| *distance <= 2)
        .collect();
    all.sort();
    all.into_iter()
        .next()
        .map_or_else(String::new, |(_, other)| format!(": did you mean {other}?"))
}

/// A subject that is too long is too long for a sentence.
fn shortened(name: &str) -> String {
    const MOST: usize = 60;
    if name.chars().nth(MOST).is_none() {
        return name.to_owned();
    }
    let start: String = name.chars().take(MOST).collect();
    format!("{start}…")
}
