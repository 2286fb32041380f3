//! Who is asking: the principal behind the bearer token.

use super::call::Call;
use super::error::Refusal;
use super::state::Shared;
use super::tokens::{Attributes, Worth};
use crate::iam::Principal;

/// The principal behind a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    /// Not asked yet, or nobody who is known.
    Nobody,
    /// May do everything, except read what the estate calls unreadable.
    Administrator,
    /// May do what the estate's policies say.
    Principal(Principal),
}

/// Google's 401 for a token that is missing, unknown or expired, or that stands for an account
/// that is gone or disabled (`ACCOUNT_STATE_INVALID`, google/api/error_reason.proto).
pub(crate) fn identify(shared: &Shared, call: &Call) -> Result<(Who, Attributes), Refusal> {
    let Some(token) = &call.bearer else {
        return Err(Refusal::unauthenticated("CREDENTIALS_MISSING"));
    };
    let world = shared.read();
    let mut carried = None;
    let who = if *token == world.viewer_token {
        match &world.viewer {
            None => return Ok((Who::Administrator, None)),
            Some(viewer) => viewer.clone(),
        }
    } else {
        match world.tokens.worth(token, call.now) {
            Worth::Good(who, attributes, _) => {
                carried = attributes;
                who
            }
            Worth::Expired => return Err(Refusal::unauthenticated("ACCESS_TOKEN_EXPIRED")),
            Worth::Unknown if token.contains(':') => Principal::parse(token)
                .map_err(|_| Refusal::unauthenticated("ACCESS_TOKEN_TYPE_UNSUPPORTED"))?,
            Worth::Unknown => {
                return Err(Refusal::unauthenticated("ACCESS_TOKEN_TYPE_UNSUPPORTED"));
            }
        }
    };
    if let Principal::ServiceAccount(email) = &who {
        let usable = match world.estate.account(email) {
            Some(account) => !account.disabled,
            // One from outside the estate may call; one of the estate's own projects must exist.
            None => !world.owns_address(email),
        };
        if !usable {
            return Err(Refusal::unauthenticated("ACCOUNT_STATE_INVALID"));
        }
    }
    Ok((Who::Principal(who), carried))
}

/// The caller, for the record.
pub(super) fn words(call: &Call) -> String {
    match &call.who {
        Who::Nobody => String::new(),
        Who::Administrator => "administrator".to_owned(),
        Who::Principal(who) => who.to_string(),
    }
}
