//! Words for an external token that was not exchanged (doc "Troubleshoot Workload Identity Federation"; "Manage workload
//! identity pools and providers" for what is deleted).

use super::super::exchange::ExchangeFault;
use super::super::{Pasted, PoolHome};
use super::{Meaning, said};
use crate::text::{shell, visible};

/// What is said of every refused exchange.
const BEFORE: &str = "That was before any binding counts: no role and no grant mends it.";

pub(super) fn words(pasted: &Pasted, why: ExchangeFault) -> Meaning {
    let place = PoolWords::of(pasted);
    let here = &place.provider;
    let refused = |why: &str| format!("The external token was not exchanged: {why}");
    let (what, remedy, commands) = match why {
        ExchangeFault::Condition => (
            format!("The external token was refused by the attribute condition of {here}."),
            "Compare the condition with the token's claims, letter by letter (capitals count; --claims FILE beside --caller shows which part is false), and correct it:",
            vec![
                place.describe(),
                place.update("--attribute-condition=CONDITION"),
            ],
        ),
        ExchangeFault::NoTarget => (
            refused(&format!(
                "{} is disabled or deleted, or does not exist.",
                place.either
            )),
            "Look what is there. What was deleted less than 30 days ago can be brought back (undelete in the place of describe), what is disabled can be enabled (update --no-disabled; for a provider update-oidc --no-disabled). A pool is named by its project's number, not by its id.",
            vec![place.describe_pool(), place.describe()],
        ),
        ExchangeFault::MisnamedTarget => (
            refused("the audience of the request is not the full name of a provider."),
            "Name it whole, with the project's number: //iam.googleapis.com/projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER (a pool alone, or a principalSet, is none).",
            Vec::new(),
        ),
        ExchangeFault::Audience => (
            refused(&format!("its audience (aud) is not one that {here} takes.")),
            "Ask the issuer for a token with the provider's own name as audience (https://iam.googleapis.com/projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER), or allow the one it has:",
            vec![place.update("--allowed-audiences=AUDIENCE")],
        ),
        ExchangeFault::Issuer => (
            refused(&format!("its issuer (iss) is not the one of {here}.")),
            "Compare iss of the token with the provider's issuer, to the last slash, and correct it:",
            vec![place.update("--issuer-uri=ISSUER")],
        ),
        ExchangeFault::IssuerUnreachable => (
            refused(&format!(
                "Google does not reach the issuer of {here}, or finds no fitting key there."
            )),
            "The issuer's /.well-known/openid-configuration and its keys have to be readable from the public internet, under the very address in the token's iss; or the keys are uploaded to the provider:",
            vec![place.update("--jwk-json-path=FILE")],
        ),
        ExchangeFault::SubjectTooLong => (
            refused(&format!(
                "what {here} maps to google.subject is longer than 127 bytes."
            )),
            "Map a shorter claim, or a part of it (assertion.sub.extract('…'), assertion.repository). Members that name the old subject have to be written anew then.",
            vec![place.update("--attribute-mapping=MAPPING")],
        ),
        ExchangeFault::Mapping => (
            refused(&format!(
                "the attribute mapping of {here} uses a claim that the token does not have."
            )),
            "Compare the mapping with the token's claims, and correct it:",
            vec![
                place.describe(),
                place.update("--attribute-mapping=MAPPING"),
            ],
        ),
        ExchangeFault::Stale => (
            refused("its time is over, or has not come yet."),
            "Get a new one right before the exchange (a job that ran for long has to ask its issuer again), and check the clock of the machine that issues it.",
            Vec::new(),
        ),
        ExchangeFault::Signature => (
            refused(&format!(
                "its signature does not fit the keys of the issuer of {here}."
            )),
            "Compare the token's kid with the issuer's published keys; keys that were uploaded to the provider have to be renewed when the issuer changes his.",
            Vec::new(),
        ),
        ExchangeFault::SignInOff => (
            refused(&format!("sign-in by program is off for {}.", place.pool)),
            "Whoever keeps the workforce pool can allow it (accessRestrictions.disableProgrammaticSignin).",
            Vec::new(),
        ),
        ExchangeFault::Other => (
            refused(&format!(
                "the Security Token Service refused it, at {here}."
            )),
            "The text does not say why. Paste it with its error_description, or compare issuer, audiences, mapping and condition of the provider with the token's claims (--claims FILE beside --caller does).",
            vec![place.describe()],
        ),
    };
    let meaning = said(format!("{what} {BEFORE}"), remedy);
    commands.into_iter().fold(meaning, Meaning::by)
}

/// Pool and provider in words and in commands, as far as the text has them.
struct PoolWords {
    /// `the pool hub`
    pool: String,
    /// `the provider forge of the pool hub`
    provider: String,
    /// `the pool hub or its provider forge`
    either: String,
    /// The pool as gcloud takes it: its full name, where that is known.
    pool_name: String,
    /// The provider likewise, with what names its pool where it does not.
    provider_name: String,
    /// `workload-identity-pools` or `workforce-pools`.
    group: &'static str,
}

impl PoolWords {
    fn of(pasted: &Pasted) -> Self {
        let pool = pasted.pool.as_deref();
        let provider = pasted.provider.as_deref();
        let in_words = |article: &str, kind: &str, name: Option<&str>| match name {
            Some(name) => format!("{article} {kind} {}", visible(name)),
            None => format!("{article} {kind}"),
        };
        let pool_words = in_words("the", "pool", pool);
        let provider_words = in_words("the", "provider", provider);
        let workforce = matches!(pasted.home, Some(PoolHome::Workforce));
        let group = if workforce {
            "workforce-pools"
        } else {
            "workload-identity-pools"
        };
        let (pool_id, provider_id) = (pool.unwrap_or("POOL"), provider.unwrap_or("PROVIDER"));
        let full = match &pasted.home {
            Some(PoolHome::Project(project)) => {
                format!("projects/{project}/locations/global/workloadIdentityPools/{pool_id}")
            }
            Some(PoolHome::Workforce) => format!("locations/global/workforcePools/{pool_id}"),
            None => format!("projects/PROJECT/locations/global/workloadIdentityPools/{pool_id}"),
        };
        Self {
            either: format!("{pool_words} or {}", in_words("its", "provider", provider)),
            provider: match pool {
                Some(_) => format!("{provider_words} of {pool_words}"),
                None => provider_words,
            },
            pool: pool_words,
            provider_name: shell(&format!("{full}/providers/{provider_id}")),
            pool_name: shell(&full),
            group,
        }
    }

    fn update(&self, what: &str) -> String {
        let (group, name) = (self.group, &self.provider_name);
        format!("gcloud iam {group} providers update-oidc {name} {what}")
    }

    fn describe(&self) -> String {
        let (group, name) = (self.group, &self.provider_name);
        format!("gcloud iam {group} providers describe {name}")
    }

    fn describe_pool(&self) -> String {
        format!("gcloud iam {} describe {}", self.group, self.pool_name)
    }
}
