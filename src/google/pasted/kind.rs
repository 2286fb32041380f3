//! What an error is about: its machine-readable reason where it has one, else its words.

use super::PastedKind;
use super::exchange::{self, Credentials, ExchangeFault};
use super::find::{NamesFound, acts};
use super::flat::Flat;
use super::write::{self, RefusedWrite};

/// What is known beyond the kind; the words of the answer hang on it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Detail {
    #[default]
    None,
    ExchangeFault(ExchangeFault),
    Write(RefusedWrite),
    Credentials(Credentials),
}

/// `ErrorInfo.reason` (googleapis, google/api/error_reason.proto) and what it means here. A denial by
/// IAM is told by its permission.
const REASONS: &[(&str, PastedKind)] = &[
    ("SERVICE_DISABLED", PastedKind::ApiDisabled),
    ("SERVICE_NOT_ENABLED", PastedKind::ApiDisabled),
    ("USER_PROJECT_DENIED", PastedKind::QuotaProjectDenied),
    (
        "ACCESS_TOKEN_TYPE_UNSUPPORTED",
        PastedKind::TokenTypeUnsupported,
    ),
    (
        "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
        PastedKind::ScopeInsufficient,
    ),
    ("ACCESS_TOKEN_EXPIRED", PastedKind::CredentialsExpired),
    ("ACCESS_TOKEN_REVOKED", PastedKind::CredentialsExpired),
    ("CREDENTIALS_MISSING", PastedKind::CredentialsMissing),
    ("ACCOUNT_STATE_INVALID", PastedKind::AccountDisabled),
];

/// Words that say what it is, the more particular first.
const WORDS: &[(&[&str], PastedKind)] = &[
    (&["has not been used in project"], PastedKind::ApiDisabled),
    (&["accessnotconfigured"], PastedKind::ApiDisabled),
    (&["not enabled on project"], PastedKind::ApiDisabled),
    (&["api has not been enabled"], PastedKind::ApiDisabled),
    (&["api is not enabled"], PastedKind::ApiDisabled),
    (
        &["permission to use project"],
        PastedKind::QuotaProjectDenied,
    ),
    (
        &["serviceusage.services.use"],
        PastedKind::QuotaProjectDenied,
    ),
    (
        &["insufficient authentication scopes"],
        PastedKind::ScopeInsufficient,
    ),
    (&["insufficient_scope"], PastedKind::ScopeInsufficient),
    (
        &["reason: insufficientpermissions"],
        PastedKind::ScopeInsufficient,
    ),
    (
        &["insufficient permission: request had"],
        PastedKind::ScopeInsufficient,
    ),
    (
        &["lifetime", "allowserviceaccountcredentiallifetimeextension"],
        PastedKind::LifetimeTooLong,
    ),
    (
        &["lifetime", "3600", "cannot exceed"],
        PastedKind::LifetimeTooLong,
    ),
    (
        &["lifetime", "3600", "invalid_argument"],
        PastedKind::LifetimeTooLong,
    ),
    (&["account disabled"], PastedKind::AccountDisabled),
    (&["disabled_client"], PastedKind::AccountDisabled),
    (&["gaia id not found"], PastedKind::AccountNotFound),
    (&["unknown service account"], PastedKind::AccountNotFound),
    (
        &["invalid grant: account not found"],
        PastedKind::AccountNotFound,
    ),
];

/// A project was shut down: `CONSUMER_INVALID` in words (googleapis/google-api-php-client#2422).
fn shut_down(flat: &Flat) -> bool {
    flat.has("project") && flat.has("has been deleted") && {
        flat.names("CONSUMER_INVALID") || flat.has("project #") || flat.has("project number")
    }
}

/// Words of a refusal.
const REFUSED: &[&str] = &[
    "permission_denied",
    "permission denied",
    "does not have permission",
    "do not have permission",
    "not have sufficient permission",
    "denied on resource",
    "access denied",
    "access is denied",
    "not authorized to",
    "unauthorized_client",
    "error 403",
    "error code 403",
    "status code 403",
    "status code: 403",
    "status code is: forbidden",
    "status=[403]",
    "403 forbidden",
    "returned 403",
    "(403)",
    "http 403",
    "code: 403",
    "code=403",
    "status: 403",
    "forbidden",
    // google.rpc.Code of an audit log's status.
    "status: {code: 7",
    "code: 7,",
    "code: 7 message",
    "code: 7}",
    "code = permissiondenied",
];

/// Marks of another maker's errors; they mean nothing here when Google is not named too.
const FOREIGN: &[&str] = &[
    "aadsts",
    "login.microsoftonline.com",
    "okta",
    "keycloak",
    "auth0",
    "arn:aws",
    "amazonaws.com",
    "cognito",
];

/// Marks of Google's.
const GOOGLE: &[&str] = &[
    "google",
    "gserviceaccount",
    "gcloud",
    "iam.serviceaccounts",
    "gcp",
];

/// The words for a call that does not come through, for another reason than a refusal.
const BROKEN: &[&str] = &[
    "timed out",
    "timeout",
    "connection refused",
    "connection reset",
    "econnrefused",
    "econnreset",
    "no such host",
    "unknownhostexception",
    "certificate",
    "context canceled",
    "unavailable",
    "internal server error",
    "too many requests",
    "resource_exhausted",
    "quota_exceeded",
    "quota exceeded",
    "error 429",
    "error 500",
    "error 503",
    "code: 429",
    "code: 500",
    "code: 503",
];

/// The kind of a text, with what was found in it.
pub(super) fn of(flat: &Flat, names: &NamesFound) -> (PastedKind, Detail) {
    let has = |words: &str| flat.has(words);
    let any = |list: &[&str]| list.iter().any(|w| flat.has(w));
    if any(FOREIGN) && !any(GOOGLE) {
        let kind = if any(REFUSED) {
            PastedKind::OtherDenied
        } else {
            PastedKind::None
        };
        return (kind, Detail::None);
    }
    if let Some(why) = exchange::of(flat) {
        return (PastedKind::TokenExchangeRefused, Detail::ExchangeFault(why));
    }
    if exchange::delegation(flat) {
        return (PastedKind::DelegationRefused, Detail::None);
    }
    let acting = names.permission.as_deref().is_some_and(acts);
    let refused = any(REFUSED);
    let denied =
        acting && (names.said || has("IAM_PERMISSION_DENIED") || denied_alone(flat, names));
    let write = if denied { None } else { write::of(flat) };
    if let Some(refused) = write {
        return (PastedKind::WriteRefused, Detail::Write(refused));
    }
    if let Some((_, kind)) = REASONS.iter().find(|(reason, _)| flat.names(reason)) {
        let detail = match kind {
            PastedKind::CredentialsExpired => Detail::Credentials(Credentials::Expired),
            PastedKind::CredentialsMissing => Detail::Credentials(Credentials::Missing),
            _ => Detail::None,
        };
        return (*kind, detail);
    }
    if shut_down(flat) {
        return (PastedKind::ProjectShutDown, Detail::None);
    }
    if denied {
        return (PastedKind::ImpersonationDenied, Detail::None);
    }
    if has("IAM_PERMISSION_DENIED") && names.permission.is_some() {
        return (PastedKind::OtherDenied, Detail::None);
    }
    if let Some((_, kind)) = WORDS.iter().find(|(words, _)| flat.has_all(words)) {
        return (*kind, Detail::None);
    }
    if names.gone.is_some() {
        return (PastedKind::AccountNotFound, Detail::None);
    }
    if names.off.is_some() || has("service account is disabled") {
        return (PastedKind::AccountDisabled, Detail::None);
    }
    let gone = [
        "error 404",
        "code: 404",
        "returned 404",
        "http 404",
        "404 not found",
        "(404)",
    ];
    if (names.acting || has("iamcredentials")) && !refused && any(&gone) {
        return (PastedKind::AccountNotFound, Detail::None);
    }
    if has(exchange::ANONYMOUS) {
        let missing = Detail::Credentials(Credentials::Missing);
        return (PastedKind::CredentialsMissing, missing);
    }
    if refused && (acting || names.permission.is_none() && has("iamcredentials")) {
        return (PastedKind::ImpersonationDenied, Detail::None);
    }
    let credentials = exchange::credentials(flat);
    if refused && (names.permission.is_some() || credentials.is_none()) {
        return (PastedKind::OtherDenied, Detail::None);
    }
    if let Some(why) = credentials {
        let kind = match why {
            Credentials::Missing => PastedKind::CredentialsMissing,
            _ => PastedKind::CredentialsExpired,
        };
        return (kind, Detail::Credentials(why));
    }
    // "Failed to sign the provided bytes" and nothing else.
    if names.acting && says_it_failed(flat) && !any(BROKEN) {
        return (PastedKind::ImpersonationDenied, Detail::None);
    }
    (PastedKind::None, Detail::None)
}

/// Whether a permission stands before the word alone: `Permission 'x' denied`.
fn denied_alone(flat: &Flat, names: &NamesFound) -> bool {
    names.permission.as_deref().is_some_and(|permission| {
        let head = permission.trim_start_matches("iam.");
        [
            "denied",
            "is denied",
            "permission denied",
            "is missing",
            "is required",
            "missing",
        ]
        .iter()
        .any(|word| flat.has(&format!("{head} {word}")))
            || [
                "missing permission",
                "missing permissions",
                "missing",
                "lacks",
                "does not have",
                "lacks permission",
                "must have permission",
            ]
            .iter()
            .any(|word| {
                flat.has(&format!("{word} {permission}"))
                    || flat.has(&format!("{word}: {permission}"))
            })
    })
}

fn says_it_failed(flat: &Flat) -> bool {
    [
        "failed to sign",
        "failed to impersonate",
        "unable to impersonate",
    ]
    .iter()
    .any(|w| flat.has(w))
}
