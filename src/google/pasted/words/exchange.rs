//! Words for an external token that was not exchanged (doc "Troubleshoot Workload Identity Federation"; "Manage workload
//! identity pools and providers" for what is deleted).

use super::super::Pasted;
use super::super::exchange::Exchange;
use super::{Meaning, said};
use crate::text::{shell, visible};

/// What is said of every refused exchange.
const BEFORE: &str = "That was before any binding counts: no role and no grant mends it.";

pub(super) fn words(pasted: &Pasted, why: Exchange) -> Meaning {
    let place = Place::of(pasted);
    let (what, remedy) = match why {
        Exchange::Condition => (
            format!(
                "The external token was refused by the attribute condition of {}.",
                place.provider
            ),
            format!(
                "Compare the condition with the token's claims, letter by letter (capitals count; --claims FILE beside --caller shows which part is false), and correct it: {}",
                place.update("--attribute-condition=CONDITION"),
            ),
        ),
        Exchange::NoTarget => (
            format!(
                "The external token was not exchanged: {} is disabled or deleted, or does not exist.",
                place.either
            ),
            format!(
                "What was deleted less than 30 days ago can be brought back (undelete in the place of describe), what is disabled can be enabled (update --no-disabled; for a provider update-oidc --no-disabled). A pool is named by its project's number, not by its id. See what is there: {}",
                place.describe(),
            ),
        ),
        Exchange::MisnamedTarget => (
            "The external token was not exchanged: the audience of the request is not the full name of a provider.".to_owned(),
            "Name it whole, with the project's number: //iam.googleapis.com/projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER (a pool alone, or a principalSet, is none).".to_owned(),
        ),
        Exchange::Audience => (
            format!(
                "The external token was not exchanged: its audience (aud) is not one that {} takes.",
                place.provider
            ),
            format!(
                "Ask the issuer for a token with the provider's own name as audience (https://iam.googleapis.com/projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER), or allow the one it has: {}",
                place.update("--allowed-audiences=AUDIENCE"),
            ),
        ),
        Exchange::Issuer => (
            format!(
                "The external token was not exchanged: its issuer (iss) is not the one of {}.",
                place.provider
            ),
            format!(
                "Compare iss of the token with the provider's issuer, to the last slash, and correct it: {}",
                place.update("--issuer-uri=ISSUER"),
            ),
        ),
        Exchange::IssuerUnreachable => (
            format!(
                "The external token was not exchanged: Google does not reach the issuer of {}, or finds no fitting key there.",
                place.provider
            ),
            "The issuer's /.well-known/openid-configuration and its keys have to be readable from the public internet, under the very address in the token's iss; or upload the keys to the provider (--jwk-json-path).".to_owned(),
        ),
        Exchange::SubjectTooLong => (
            format!(
                "The external token was not exchanged: what {} maps to google.subject is longer than 127 bytes.",
                place.provider
            ),
            format!(
                "Map a shorter claim, or a part of it (assertion.sub.extract('…'), assertion.repository); members that name the old subject have to be written anew then: {}",
                place.update("--attribute-mapping=MAPPING"),
            ),
        ),
        Exchange::Mapping => (
            format!(
                "The external token was not exchanged: the attribute mapping of {} uses a claim that the token does not have.",
                place.provider
            ),
            format!(
                "Compare the mapping with the token's claims, and correct it: {}",
                place.update("--attribute-mapping=MAPPING"),
            ),
        ),
        Exchange::Stale => (
            "The external token was not exchanged: its time is over, or has not come yet.".to_owned(),
            "Get a new one right before the exchange (a job that ran for long has to ask its issuer again), and check the clock of the machine that issues it.".to_owned(),
        ),
        Exchange::Signature => (
            format!(
                "The external token was not exchanged: its signature does not fit the keys of the issuer of {}.",
                place.provider
            ),
            "Compare the token's kid with the issuer's published keys; keys that were uploaded to the provider have to be renewed when the issuer changes his.".to_owned(),
        ),
        Exchange::SignInOff => (
            format!(
                "The token was not exchanged: sign-in by program is off for {}.",
                place.pool
            ),
            "Whoever keeps the workforce pool can allow it (accessRestrictions.disableProgrammaticSignin).".to_owned(),
        ),
        Exchange::Other => (
            format!("The external token was not exchanged by the Security Token Service, at {}.", place.provider),
            format!(
                "The text does not say why. Paste it with its error_description, or compare issuer, audiences, mapping and condition of the provider with the token's claims (--claims FILE beside --caller does): {}",
                place.describe(),
            ),
        ),
    };
    said(format!("{what} {BEFORE}"), remedy)
}

/// Pool and provider in words and in commands, as far as the text has them.
struct Place {
    pool: String,
    provider: String,
    either: String,
    pool_word: String,
    provider_word: String,
}

impl Place {
    fn of(pasted: &Pasted) -> Self {
        let pool = pasted.pool.as_deref();
        let provider = pasted.provider.as_deref();
        let in_words = |kind: &str, name: Option<&str>| {
            name.map_or_else(
                || format!("the {kind}"),
                |n| format!("the {kind} {}", visible(n)),
            )
        };
        let pool_words = in_words("pool", pool);
        let provider_words = in_words("provider", provider);
        let whole = match pool {
            Some(_) => format!("{provider_words} of {pool_words}"),
            None => provider_words.clone(),
        };
        let word = |name: Option<&str>, placeholder: &str| {
            name.map_or_else(|| placeholder.to_owned(), shell)
        };
        Self {
            either: format!(
                "{pool_words} or {}",
                in_words("provider", provider).replacen("the ", "its ", 1)
            ),
            provider: whole,
            pool: pool_words,
            pool_word: word(pool, "POOL"),
            provider_word: word(provider, "PROVIDER"),
        }
    }

    fn update(&self, what: &str) -> String {
        format!(
            "gcloud iam workload-identity-pools providers update-oidc {} --workload-identity-pool={} --location=global --project=PROJECT {what}",
            self.provider_word, self.pool_word,
        )
    }

    fn describe(&self) -> String {
        format!(
            "gcloud iam workload-identity-pools describe {} --location=global --project=PROJECT; gcloud iam workload-identity-pools providers describe {} --workload-identity-pool={} --location=global --project=PROJECT",
            self.pool_word, self.provider_word, self.pool_word,
        )
    }
}
