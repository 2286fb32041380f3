//! What an error is about: its machine-readable reason where it has one, else its words.

use super::{Kind, Pasted};
use crate::iam::permission::{
    GET_ACCESS_TOKEN, GET_OPEN_ID_TOKEN, IMPLICIT_DELEGATION, SIGN_BLOB, SIGN_JWT,
};

/// `ErrorInfo.reason` (googleapis, google/api/error_reason.proto) and what it means here. A denial by
/// IAM is told by its permission.
const REASONS: &[(&str, Kind)] = &[
    ("SERVICE_DISABLED", Kind::ApiDisabled),
    ("SERVICE_NOT_ENABLED", Kind::ApiDisabled),
    ("USER_PROJECT_DENIED", Kind::QuotaProjectDenied),
    ("ACCESS_TOKEN_SCOPE_INSUFFICIENT", Kind::ScopeInsufficient),
    ("ACCESS_TOKEN_EXPIRED", Kind::CredentialsExpired),
    ("CREDENTIALS_MISSING", Kind::CredentialsExpired),
    ("ACCOUNT_STATE_INVALID", Kind::AccountDisabled),
];

/// Words, in lower case, that say what it is, the more particular first.
const WORDS: &[(&[&str], Kind)] = &[
    (&["has not been used in project"], Kind::ApiDisabled),
    (&["accessnotconfigured"], Kind::ApiDisabled),
    (&["permission to use project"], Kind::QuotaProjectDenied),
    (&["serviceusage.services.use"], Kind::QuotaProjectDenied),
    (
        &["insufficient authentication scopes"],
        Kind::ScopeInsufficient,
    ),
    (&["insufficient_scope"], Kind::ScopeInsufficient),
    (
        &["insufficientpermissions", "insufficient permission"],
        Kind::ScopeInsufficient,
    ),
    (
        &["lifetime", "allowserviceaccountcredentiallifetimeextension"],
        Kind::LifetimeTooLong,
    ),
    (
        &["lifetime", "3600", "cannot exceed"],
        Kind::LifetimeTooLong,
    ),
    (
        &["lifetime", "3600", "invalid_argument"],
        Kind::LifetimeTooLong,
    ),
    (&["service account", "is disabled"], Kind::AccountDisabled),
    (
        &["service account", "has been disabled"],
        Kind::AccountDisabled,
    ),
    (&["account disabled"], Kind::AccountDisabled),
    (&["disabled_client"], Kind::AccountDisabled),
    (&["gaia id not found"], Kind::AccountNotFound),
    (&["unknown service account"], Kind::AccountNotFound),
    (
        &["service account", "does not exist"],
        Kind::AccountNotFound,
    ),
    (&["invalid grant: account not found"], Kind::AccountNotFound),
];

/// Words of lost credentials. A library that cannot refresh says so of a denial too, so these come
/// after it.
const EXPIRED: &[&str] = &[
    "invalid_grant",
    "invalid_rapt",
    "rapt_required",
    "token has been expired or revoked",
    "reauthentication required",
    "reauthentication failed",
    "reauth related error",
    "invalid authentication credential",
    "missing required authentication credential",
    "could not find default credentials",
    "could not automatically determine credentials",
    "your default credentials were not found",
    "unauthenticated",
];

/// Words of a refusal.
const REFUSED: &[&str] = &[
    "permission_denied",
    "permission denied",
    "does not have permission",
    "denied on resource",
    "access denied",
    "unauthorized_client",
    "rejected by the attribute condition",
    "error 403",
    "status code 403",
    "403 forbidden",
    "http 403",
    "\"code\": 403",
    "\"code\":403",
    "code=403",
    "forbidden",
    // google.rpc.Code of an audit log's status.
    "\"code\": 7",
    "\"code\":7",
];

/// Words of an impersonation that name no permission ("The caller does not have permission", as older
/// errors have it).
const IMPERSONATING: &[&str] = &[
    "iamcredentials",
    "generateaccesstoken",
    "generateidtoken",
    "impersonated credentials",
    "impersonatedcredential",
    "impersonated_service_account",
    "failed to impersonate",
    "unable to impersonate",
    "impersonate: status code",
    "google_service_account_access_token",
    "google_service_account_id_token",
    "google cloud access token for",
    "google cloud oauth 2.0 access token for",
    "google cloud id token for",
];

/// The kind of an unwrapped text, with what was found in it.
pub(super) fn of(text: &str, found: &Pasted) -> Kind {
    let lower = text.to_lowercase();
    let has = |word: &str| lower.contains(word);
    if let Some((_, kind)) = REASONS.iter().find(|(reason, _)| named(text, reason)) {
        return *kind;
    }
    if named(text, "IAM_PERMISSION_DENIED") {
        return by_permission(found, true);
    }
    if let Some((_, kind)) = WORDS.iter().find(|(words, _)| words.iter().all(|w| has(w))) {
        return *kind;
    }
    let impersonating = IMPERSONATING.iter().any(|w| has(w));
    let refused = REFUSED.iter().any(|w| has(w));
    if refused && (found.permission.is_some() || impersonating) {
        return by_permission(found, impersonating);
    }
    if has("\"code\": 404") && impersonating {
        return Kind::AccountNotFound;
    }
    if EXPIRED.iter().any(|w| has(w)) {
        return Kind::CredentialsExpired;
    }
    if refused {
        Kind::OtherDenied
    } else {
        Kind::None
    }
}

/// Whether a reason stands there as a word of its own.
fn named(text: &str, reason: &str) -> bool {
    text.match_indices(reason).any(|(at, _)| {
        let part = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let before = text.get(..at).and_then(|t| t.chars().next_back());
        let after = text.get(at + reason.len()..).and_then(|t| t.chars().next());
        !before.is_some_and(part) && !after.is_some_and(part)
    })
}

/// A refusal is about impersonation when its permission is one that acts as an account.
fn by_permission(found: &Pasted, impersonating: bool) -> Kind {
    let acts = [
        GET_ACCESS_TOKEN,
        GET_OPEN_ID_TOKEN,
        IMPLICIT_DELEGATION,
        SIGN_BLOB,
        SIGN_JWT,
    ];
    match &found.permission {
        Some(permission) if acts.contains(&permission.as_str()) => Kind::ImpersonationDenied,
        None if impersonating => Kind::ImpersonationDenied,
        _ => Kind::OtherDenied,
    }
}
