//! Which of a pool's providers a token came through, and what each makes of it.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::super::truth::Truth;
use super::admission::admission;
use super::mapping::{Mapped, map};
use super::{
    Admission, Attributes, Exchange, ExternalToken, LONGEST_SUBJECT, Refusal, condition_of,
    groups_elsewhere, is_deleted, is_off, mapped_in, mapping_of, names_of, other_audience,
    other_issuer, providers_of, providers_unread, until,
};
use crate::estate::{Estate, Provider};
use crate::iam::{Pool, Principal};

/// So many providers that do not fit are named.
const MOST: usize = 3;

/// One provider, tried.
struct Trial<'e> {
    name: String,
    provider: &'e Provider,
    /// Whether the token may be one for it: issuer and audience.
    fits: bool,
    /// Why it does not let the token in.
    refusals: Vec<Refusal>,
    /// Whether that hangs on what is not known.
    open: bool,
    mapped: Mapped,
}

/// Tries the pool's providers. With several of them nobody here can tell which one admitted the token, unless
/// only one can: what they agree on is known, what they differ in is not.
pub(super) fn providers(
    all: &mut Exchange,
    estate: &Estate,
    pool: &Pool,
    subject: &str,
    given: &[(String, String)],
    claims: Option<&Json>,
) {
    if let Some(why) = providers_unread(estate, pool) {
        all.providers_unknown = Some(why);
        return;
    }
    let tried: Vec<Trial<'_>> = providers_of(estate, pool)
        .map(|(name, provider)| try_one(name, provider, pool, subject, given, claims))
        .collect();
    if tried.is_empty() {
        all.providers_unknown = Some("none is known".into());
        return;
    }
    let mut admitting: Vec<&Trial<'_>> = tried
        .iter()
        .filter(|t| t.fits && t.refusals.is_empty())
        .collect();
    // Who is said to have an attribute came through a provider that maps it.
    let maps_all = |t: &&Trial<'_>| {
        let names = names_of(t.provider);
        let name = |n: &str| {
            if n == "group" {
                "groups".to_owned()
            } else {
                n.to_owned()
            }
        };
        given.iter().all(|(n, _)| names.contains(&name(n)))
    };
    if claims.is_none() && admitting.iter().any(&maps_all) {
        admitting.retain(maps_all);
    }
    let candidates: Vec<&Trial<'_>> = if admitting.is_empty() {
        for why in reasons(&tried) {
            all.refuse(why);
        }
        let fitting: Vec<&Trial<'_>> = tried.iter().filter(|t| t.fits).collect();
        if fitting.is_empty() {
            tried.iter().collect()
        } else {
            fitting
        }
    } else {
        if !all.is_refused() && admitting.iter().all(|t| t.open) {
            all.passes = Truth::UnknownInfo;
        }
        admitting
    };
    all.providers = candidates.iter().map(|t| t.name.clone()).collect();
    all.attributes = together(&candidates, given, claims.is_some());
    all.attributes.mapped = mapped_in(estate, pool);
}

fn try_one<'e>(
    name: String,
    provider: &'e Provider,
    pool: &Pool,
    subject: &str,
    given: &[(String, String)],
    claims: Option<&Json>,
) -> Trial<'e> {
    let mut refusals = Vec::new();
    if let Some(claims) = claims {
        if let Some((wanted, had)) = other_issuer(provider, claims) {
            refusals.push(Refusal::Issuer {
                provider: name.clone(),
                wanted,
                had,
            });
        } else if let Some((wanted, had)) = other_audience(provider, &name, claims) {
            refusals.push(Refusal::Audience {
                provider: name.clone(),
                wanted,
                had,
            });
        }
    }
    let fits = refusals.is_empty();
    if is_deleted(&provider.extra) {
        refusals.push(Refusal::ProviderDeleted {
            provider: name.clone(),
            until: until(&provider.extra),
        });
    }
    if provider.disabled {
        refusals.push(Refusal::ProviderDisabled {
            provider: name.clone(),
        });
    }
    let token = match claims {
        Some(claims) => ExternalToken::Claims(claims),
        None => ExternalToken::Told {
            subject,
            attributes: given,
        },
    };
    let mapped = map(provider, &token);
    let mut open = false;
    if refusals.is_empty() {
        let expressions = mapping_of(provider);
        refusals.extend(mapped.failed.iter().map(|attribute| Refusal::Mapping {
            provider: name.clone(),
            attribute: attribute.clone(),
            expression: expressions.get(attribute).cloned().unwrap_or_default(),
        }));
        match admission(provider, &token, &mapped) {
            // What is mapped to nothing may be what the condition asks for.
            Admission::No { .. } if !refusals.is_empty() => {}
            Admission::Yes => {}
            Admission::Open => open = true,
            Admission::No {
                why,
                by_case,
                meant,
            } => refusals.push(Refusal::Condition {
                provider: name.clone(),
                condition: condition_of(provider).unwrap_or_default().to_owned(),
                why,
                by_case,
                meant,
            }),
        }
    }
    if claims.is_some() {
        match mapped.subject() {
            Some(own) if own.len() > LONGEST_SUBJECT && fits && !is_off(provider) => {
                refusals.push(Refusal::SubjectTooLong {
                    provider: Some(name.clone()),
                    length: own.len(),
                });
            }
            Some(own) if own != subject && fits => refusals.push(Refusal::OtherSubject {
                is: Principal::Federated {
                    pool: pool.clone(),
                    subject: own,
                }
                .to_string(),
            }),
            Some(_) => {}
            None => open = true,
        }
    }
    Trial {
        name,
        provider,
        fits,
        refusals,
        open,
        mapped,
    }
}

/// Why none lets the token in: the reasons of those that it may be for; else what keeps it from each,
/// those first that want another audience only.
fn reasons(tried: &[Trial<'_>]) -> Vec<Refusal> {
    let of = |some: &dyn Fn(&Trial<'_>) -> bool| -> Vec<Refusal> {
        let chosen = tried.iter().filter(|t| some(t));
        chosen.flat_map(|t| t.refusals.clone()).collect()
    };
    let fitting = of(&|t| t.fits);
    if !fitting.is_empty() {
        // Where one of several maps it to the caller and refuses it, the others' subjects say nothing.
        let own = |t: &Trial<'_>| {
            let other = |why: &Refusal| matches!(why, Refusal::OtherSubject { .. });
            t.fits && !t.refusals.iter().any(other)
        };
        let own = of(&own);
        return if own.is_empty() { fitting } else { own };
    }
    let audience = |t: &Trial<'_>| {
        let audience = |why: &Refusal| matches!(why, Refusal::Audience { .. });
        t.refusals.iter().any(audience)
    };
    let by_audience = of(&audience);
    let mut all = if by_audience.is_empty() {
        of(&|_| true)
    } else {
        by_audience
    };
    // That it is off besides is of interest only where it would be the one.
    if tried.len() > 1 {
        all.retain(|why| matches!(why, Refusal::Issuer { .. } | Refusal::Audience { .. }));
    }
    all.truncate(MOST);
    all
}

/// What is known of the attributes of a token that came through one of these.
fn together(
    candidates: &[&Trial<'_>],
    given: &[(String, String)],
    with_claims: bool,
) -> Attributes {
    let each: Vec<BTreeSet<(String, String)>> = candidates
        .iter()
        .map(|t| t.mapped.attributes().into_iter().collect())
        .collect();
    let every: BTreeSet<(String, String)> = each.iter().flatten().cloned().collect();
    let certain = |one: &(String, String)| each.iter().all(|own| own.contains(one));
    let mut known = Attributes {
        complete: with_claims && candidates.iter().all(|t| t.mapped.open.is_empty()),
        ..Attributes::default()
    };
    for one in every {
        if certain(&one) {
            known.given.push(one);
        } else {
            known.possible.push(one);
        }
    }
    if candidates.iter().any(|t| groups_elsewhere(t.provider)) {
        known.open.insert("groups".to_owned());
    }
    for (name, value) in given {
        let same = |n: &str| n == name || (n == "groups" && name == "group");
        let own: Vec<&str> = known
            .given
            .iter()
            .chain(&known.possible)
            .filter(|(n, _)| same(n))
            .map(|(_, v)| v.as_str())
            .collect();
        if own.contains(&value.as_str()) {
            continue;
        }
        if with_claims && !own.is_empty() && !known.open.contains(name) {
            let own = own.join(", ");
            known.contradicted.push((name.clone(), value.clone(), own));
        } else {
            known.given.push((name.clone(), value.clone()));
        }
    }
    known
}
