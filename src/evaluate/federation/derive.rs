//! Whose token it is, from its claims alone.

use serde_json::Value as Json;

use super::mapping::{ExternalToken, map};
use super::{is_off, other_audience, other_issuer};
use crate::estate::{Estate, Provider};
use crate::iam::{Pool, Principal};

/// Whose token it is, and through which provider it comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Derived {
    /// The caller.
    pub caller: Principal,
    /// The provider's name, its project by number.
    pub provider: String,
}

/// Why the claims do not say whose token it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotDerived {
    /// No provider is known that takes such a token; those that are known.
    NoProvider(Vec<String>),
    /// Only providers that are off, or in pools that are.
    OnlyOff(Vec<String>),
    /// Several make different callers of it.
    Several(Vec<Derived>),
    /// The one provider's mapping gives no subject for it.
    NoSubject(String),
    /// One does; but pools or providers that could not be looked at, each with why, may take it too.
    Perhaps(Box<Derived>, Vec<(String, String)>),
}

/// The caller that a token's claims stand for, where the providers that are known leave one: those whose
/// issuer and audience fit, in pools and themselves neither disabled nor deleted. Where none of these is
/// left, one that is off still says who it would be. That there is no other is known only where all that are in
/// sight were looked at, or where the token's audience names the provider.
///
/// # Errors
/// None fits, several do with different callers, the one that does maps no subject, or another one may be there.
pub fn derive(estate: &Estate, claims: &Json) -> Result<Derived, NotDerived> {
    let named: Vec<(String, &Provider)> = estate
        .providers()
        .map(|p| (estate.with_number(&p.name), &**p))
        .collect();
    let fitting: Vec<&(String, &Provider)> = named
        .iter()
        .filter(|(name, p)| {
            other_issuer(p, claims).is_none() && other_audience(p, name, claims).is_none()
        })
        .collect();
    if fitting.is_empty() {
        return Err(NotDerived::NoProvider(
            named.iter().map(|(name, _)| name.clone()).collect(),
        ));
    }
    let on = |(name, provider): &(String, &Provider)| {
        let pool = name.split("/providers/").next().unwrap_or_default();
        !is_off(provider) && !estate.takes_no_tokens(pool)
    };
    let usable: Vec<&(String, &Provider)> = fitting.iter().copied().filter(|p| on(p)).collect();
    let chosen = match (usable.as_slice(), fitting.as_slice()) {
        ([], [_]) => fitting,
        ([], many) => {
            return Err(NotDerived::OnlyOff(
                many.iter().map(|(name, _)| name.clone()).collect(),
            ));
        }
        _ => usable,
    };
    let mut found: Vec<Derived> = Vec::new();
    for (name, provider) in &chosen {
        let Some(subject) = map(provider, &ExternalToken::Claims(claims)).subject() else {
            continue;
        };
        let Some((path, _)) = name.split_once("/providers/") else {
            continue;
        };
        let Some((pool, _)) = Pool::split(&format!("{path}/")) else {
            continue;
        };
        found.push(Derived {
            caller: Principal::Federated { pool, subject },
            provider: name.clone(),
        });
    }
    match found.as_slice() {
        [] => Err(NotDerived::NoSubject(
            chosen
                .first()
                .map_or_else(String::new, |(name, _)| name.clone()),
        )),
        [one, rest @ ..] if rest.iter().all(|other| other.caller == one.caller) => {
            let unread: Vec<(String, String)> = unread(estate).collect();
            match unread.is_empty() || is_meant_for(claims, &one.provider) {
                true => Ok(one.clone()),
                false => Err(NotDerived::Perhaps(Box::new(one.clone()), unread)),
            }
        }
        _ => Err(NotDerived::Several(found)),
    }
}

/// Pools, their providers, and lists of pools that could not be read, with why.
fn unread(estate: &Estate) -> impl Iterator<Item = (String, String)> {
    let of_pools = |name: &str| {
        ["/workloadIdentityPools", "/workforcePools"]
            .iter()
            .any(|collection| name.contains(collection))
    };
    let unread = estate.unreadable().filter(move |(name, _)| of_pools(name));
    unread.map(|(name, why)| (name.to_owned(), why.to_owned()))
}

/// Whether a token's audience is the name of the provider: what it takes unless it is told of others (iam v1,
/// `Oidc.allowedAudiences`).
fn is_meant_for(claims: &Json, provider: &str) -> bool {
    let audiences = match claims.get("aud") {
        Some(Json::Array(all)) => all.as_slice(),
        Some(one) => std::slice::from_ref(one),
        None => &[],
    };
    let own = |text: &str| {
        let text = text.strip_prefix("https:").unwrap_or(text);
        text.strip_prefix("//iam.googleapis.com/") == Some(provider)
    };
    let mut texts = audiences.iter().filter_map(Json::as_str);
    texts.any(own)
}

/// What keeps the nearest provider from taking a token, where its issuer is the right one: the audience.
#[must_use]
pub fn nearest(estate: &Estate, claims: &Json) -> Option<String> {
    estate.providers().find_map(|provider| {
        if !provider.extra.contains_key("oidc") || other_issuer(provider, claims).is_some() {
            return None;
        }
        let name = estate.with_number(&provider.name);
        let (wanted, _) = other_audience(provider, &name, claims)?;
        let id = name.rsplit('/').next().unwrap_or_default();
        Some(format!("{id} takes the audience {}", wanted.join(" or ")))
    })
}
