//! Who is asking: the principal behind the bearer token.

use super::assertion;
use crate::emulator::call::{ApiCall, Requester, StatusError};
use crate::emulator::world::keys::Jwt;
use crate::emulator::world::tokens::TokenWorth;
use crate::emulator::world::{Shared, World};
use crate::estate::Estate;
use crate::evaluate::federation::LONGEST_SUBJECT;
use crate::iam::Principal;

/// Finds out who calls, what their token carries, and which project it counts for.
///
/// # Errors
/// Google's 401 for a token that is missing, unknown or expired, or that stands for somebody who is gone
/// or disabled (`ACCOUNT_STATE_INVALID`, google/api/error_reason.proto).
pub(crate) fn identify(shared: &Shared, call: &mut ApiCall) -> Result<(), StatusError> {
    let Some(token) = call.bearer.clone() else {
        return Err(StatusError::unauthenticated("CREDENTIALS_MISSING"));
    };
    let world = shared.read();
    let who = if token == world.viewer_token {
        match &world.viewer {
            None => {
                call.who = Requester::Administrator;
                return Ok(());
            }
            Some(viewer) => viewer.clone(),
        }
    } else {
        match world.tokens.worth(&token, call.now) {
            TokenWorth::Good(who, attributes, _) => {
                call.attributes = attributes;
                if call.quota_project.is_none() {
                    let bound = world.tokens.project(&token);
                    call.quota_project = bound.map(|project| project.to_string());
                }
                who
            }
            TokenWorth::Expired => {
                return Err(StatusError::unauthenticated("ACCESS_TOKEN_EXPIRED"));
            }
            TokenWorth::Unknown => stands_for_itself(&world, call, &token)?,
        }
    };
    let usable = match &who {
        Principal::ServiceAccount(email) => match world.estate.account(email) {
            Some(account) => !account.disabled,
            // One from outside the estate may call; one of the estate's own projects must exist.
            None => !world.owns_address(email),
        },
        Principal::Federated { .. } | Principal::Kubernetes { .. } | Principal::Other(_) => {
            has_token(&world.estate, &who)
        }
        Principal::User(_) => true,
    };
    if !usable {
        return Err(StatusError::unauthenticated("ACCOUNT_STATE_INVALID"));
    }
    call.who = Requester::Principal(who);
    Ok(())
}

/// Whether a federated identity has a token that counts: its pool takes tokens, and there can be one of that
/// name. One that a provider gave lives on when the provider is off ("existing tokens still grant access").
fn has_token(estate: &Estate, who: &Principal) -> bool {
    let long = who.subject().is_some_and(|s| s.len() > LONGEST_SUBJECT);
    let pool = match who {
        Principal::Federated { pool, .. } => Some(pool.path()),
        Principal::Kubernetes { pool, .. } => pool
            .strip_suffix(crate::iam::principal::GKE_POOL)
            .map(|project| {
                format!("projects/{project}/locations/global/workloadIdentityPools/{pool}")
            }),
        _ => None,
    };
    let off = pool.is_some_and(|pool| estate.takes_no_tokens(&pool) || estate.lacks_pool(&pool));
    !long && !off && !who.is_misnamed()
}

/// A token that was not minted here: a member identifier, or what a service account's key signed for the
/// service itself (doc "Using OAuth 2.0 for Server to Server Applications", "Service account
/// authorization without OAuth"; AIP-4111).
fn stands_for_itself(world: &World, call: &ApiCall, token: &str) -> Result<Principal, StatusError> {
    let bad = || StatusError::unauthenticated("ACCESS_TOKEN_TYPE_UNSUPPORTED");
    if token.contains(':') {
        return Principal::parse(token).map_err(|_| bad());
    }
    let jwt = Jwt::read(token).ok_or_else(bad)?;
    let email = jwt.text("iss").unwrap_or_default().to_lowercase();
    let own = jwt
        .text("sub")
        .is_some_and(|s| s.eq_ignore_ascii_case(&email));
    let meant = !jwt.text("scope").unwrap_or_default().is_empty()
        || jwt.audiences().iter().any(|audience| {
            let audience = audience.trim_end_matches('/');
            let host = audience.strip_prefix("https://").unwrap_or_default();
            audience == call.base() || (host.ends_with(".googleapis.com") && !host.contains('/'))
        });
    if !own || !meant || !assertion::signed_by_account(world, call, &jwt, &email) {
        return Err(bad());
    }
    if !assertion::in_time(call, &jwt) {
        return Err(StatusError::unauthenticated("ACCESS_TOKEN_EXPIRED"));
    }
    Ok(Principal::ServiceAccount(email))
}
