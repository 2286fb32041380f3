//! `--claims FILE` and `--attribute`: what a federated caller's token says, and who the caller is.

use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

use super::args::BroughtArgs;
use super::facts::FactSource;
use super::failure::Failure;
use super::out;
use crate::estate::Estate;
use crate::evaluate::federation::{NotDerived, Refusal, derive};
use crate::evaluate::reach::Brings;
use crate::evaluate::{Exchange, Explanation};
use crate::google::survey::admitting;
use crate::iam::{Principal, Resource};
use crate::text::{shell, visible};

/// So many providers are named.
const NAMED: usize = 5;

impl BroughtArgs {
    /// The claims, when a file of them is given.
    ///
    /// # Errors
    /// When the file cannot be read, or holds something else.
    pub(super) fn claims(&self) -> Result<Option<Arc<Value>>, Failure> {
        self.claims.as_deref().map(read).transpose()
    }

    /// Both as reach takes them.
    ///
    /// # Errors
    /// As [`Self::claims`].
    pub(super) fn brings(&self) -> Result<Brings, Failure> {
        Ok(Brings {
            attributes: self.attribute.clone(),
            claims: self.claims()?,
        })
    }
}

/// The claims of a token: its payload, decoded, one JSON object.
///
/// # Errors
/// When the file cannot be read, or holds something else.
pub(super) fn read(file: &Path) -> Result<Arc<Value>, Failure> {
    let tried = format!("read the claims from {}", file.display());
    let text = crate::cli::text_file::read(file)
        .map_err(|e| Failure::new(&tried, e.to_string(), "check the path and who may read it"))?;
    let value: Value = serde_json::from_str(&text).map_err(|e| {
        let next = "the file must hold the token's payload, decoded: one JSON object";
        Failure::new(&tried, e.to_string(), next)
    })?;
    if !value.is_object() {
        let next = "the file must hold one JSON object, {\"sub\": …}";
        return Err(Failure::new(&tried, "it is JSON, and no object", next));
    }
    Ok(Arc::new(value))
}

/// The caller that was given, else the one that the claims stand for: with exactly one usable provider in
/// sight that takes such a token.
///
/// # Errors
/// Neither says who it is.
pub(super) async fn caller(
    facts: &FactSource,
    given: Option<&Principal>,
    claims: Option<&Arc<Value>>,
    target: Option<&Resource>,
) -> Result<Principal, Failure> {
    let claims = match (given, claims) {
        (Some(caller), _) => return Ok(caller.clone()),
        (None, None) => {
            return Err(Failure::usage(
                "who wants access is not said",
                "add --caller MEMBER, or --claims FILE with the claims of a federated caller's token",
            ));
        }
        (None, Some(claims)) => claims,
    };
    let reader = facts.client()?.reader();
    let counting = out::Counting::default();
    let estate = admitting(&*reader, claims, target, &facts.scope, &|step| {
        counting.step(&step);
    })
    .await?;
    drop(counting);
    let derived = derive(&estate, claims).map_err(|why| not_derived(&estate, claims, &why))?;
    out::aside(&format!(
        "the claims are those of {}, by the provider {}",
        visible(&derived.caller.to_string()),
        visible(&derived.provider)
    ));
    Ok(derived.caller)
}

fn not_derived(estate: &Estate, claims: &Value, why: &NotDerived) -> Failure {
    let next = "say who the caller is: --caller principal://iam.googleapis.com/projects/NUMBER/locations/global/workloadIdentityPools/POOL/subject/SUBJECT (a workforce pool's: principal://iam.googleapis.com/locations/global/workforcePools/POOL/subject/SUBJECT)";
    let list = |names: &[String]| {
        let some: Vec<String> = names.iter().take(NAMED).map(|n| visible(n)).collect();
        some.join(", ")
    };
    let came_back = match why {
        NotDerived::NoProvider(known) if known.is_empty() => {
            "the claims do not say who the caller is: no provider of an identity pool is in sight"
                .to_owned()
        }
        NotDerived::NoProvider(known) => {
            let issuer = claims.get("iss").and_then(Value::as_str);
            let issuer = issuer.map_or_else(String::new, |iss| {
                format!(" of the issuer {}", visible(iss))
            });
            let nearest = crate::evaluate::federation::nearest(estate, claims)
                .map_or_else(String::new, |words| format!(" ({})", visible(&words)));
            format!(
                "the claims do not say who the caller is: no provider in sight takes a token{issuer} for this audience{nearest}; looked at {}",
                list(known)
            )
        }
        NotDerived::OnlyOff(names) => format!(
            "the claims do not say who the caller is: the providers that take such a token are disabled or deleted, or their pools are: {}",
            list(names)
        ),
        NotDerived::Several(found) => {
            let each: Vec<String> = found.iter().map(|d| d.caller.to_string()).collect();
            format!(
                "the claims stand for more than one caller, by more than one provider: {}",
                list(&each)
            )
        }
        NotDerived::NoSubject(name) => format!(
            "the provider {} takes such a token, and its mapping gives no google.subject for it",
            visible(name)
        ),
        NotDerived::Perhaps(one, unread) => {
            let caller = one.caller.to_string();
            let some: Vec<String> = (unread.iter().take(NAMED))
                .map(|(name, why)| format!("{} ({})", visible(name), visible(why)))
                .collect();
            let came_back = format!(
                "the claims may be those of {}, by the provider {}; whether another provider takes such a token is not known, as these could not be looked at: {}",
                visible(&caller),
                visible(&one.provider),
                some.join(", ")
            );
            let next = format!("if it is that one, say so: --caller {}", shell(&caller));
            return Failure::usage(came_back, next);
        }
    };
    Failure::usage(came_back, next)
}

/// That claims and attributes are the caller's own.
///
/// # Errors
/// They contradict the caller, or each other: an answer would be about somebody else.
pub(super) fn consistent(explanation: &Explanation) -> Result<(), Failure> {
    match explanation.exchange.as_deref() {
        Some(exchange) => agrees(&explanation.question.caller, exchange),
        None if explanation.question.claims.is_some() => {
            not_federated(&explanation.question.caller);
            Ok(())
        }
        None => Ok(()),
    }
}

/// The same of an exchange.
///
/// # Errors
/// As [`consistent`].
pub(super) fn agrees(caller: &Principal, exchange: &Exchange) -> Result<(), Failure> {
    let other = exchange.refusals.iter().find_map(|why| match why {
        Refusal::OtherSubject { is } => Some(is),
        _ => None,
    });
    if let Some(is) = other {
        return Err(Failure::usage(
            format!(
                "--claims contradict --caller: the claims map to {}, and the caller is {}",
                visible(is),
                visible(&caller.to_string())
            ),
            "leave --caller away to ask for whom the claims stand for, or give the caller's own claims",
        ));
    }
    if let Some((name, given, mapped)) = exchange.attributes.contradicted.first() {
        return Err(Failure::usage(
            format!(
                "--attribute {}={} contradicts --claims: the pool's provider maps {} to {} from them",
                visible(name),
                visible(given),
                visible(name),
                visible(mapped)
            ),
            "give one of the two",
        ));
    }
    Ok(())
}

/// Says that only a federated caller has a token with claims of its own.
pub(super) fn not_federated(caller: &Principal) {
    out::aside(&format!(
        "note: --claims say nothing of {}: only a federated caller's token is mapped by a provider",
        visible(&caller.to_string())
    ));
}
