//! What an error is about: its machine-readable reason where it has one, else its words.

use super::Kind;
use super::exchange::{self, Credentials, Exchange};
use super::find::{Names, acts};
use super::flat::Flat;
use super::write::{self, Refused};

/// What is known beyond the kind; the words of the answer hang on it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Detail {
    #[default]
    None,
    Exchange(Exchange),
    Write(Refused),
    Credentials(Credentials),
}

/// `ErrorInfo.reason` (googleapis, google/api/error_reason.proto) and what it means here. A denial by
/// IAM is told by its permission.
const REASONS: &[(&str, Kind)] = &[
    ("SERVICE_DISABLED", Kind::ApiDisabled),
    ("SERVICE_NOT_ENABLED", Kind::ApiDisabled),
    ("USER_PROJECT_DENIED", Kind::QuotaProjectDenied),
    ("ACCESS_TOKEN_TYPE_UNSUPPORTED", Kind::TokenTypeUnsupported),
    ("ACCESS_TOKEN_SCOPE_INSUFFICIENT", Kind::ScopeInsufficient),
    ("ACCESS_TOKEN_EXPIRED", Kind::CredentialsExpired),
    ("ACCESS_TOKEN_REVOKED", Kind::CredentialsExpired),
    ("CREDENTIALS_MISSING", Kind::CredentialsMissing),
    ("ACCOUNT_STATE_INVALID", Kind::AccountDisabled),
];

/// Words that say what it is, the more particular first.
const WORDS: &[(&[&str], Kind)] = &[
    (&["has not been used in project"], Kind::ApiDisabled),
    (&["accessnotconfigured"], Kind::ApiDisabled),
    (&["not enabled on project"], Kind::ApiDisabled),
    (&["api has not been enabled"], Kind::ApiDisabled),
    (&["api is not enabled"], Kind::ApiDisabled),
    (&["permission to use project"], Kind::QuotaProjectDenied),
    (&["serviceusage.services.use"], Kind::QuotaProjectDenied),
    (
        &["insufficient authentication scopes"],
        Kind::ScopeInsufficient,
    ),
    (&["insufficient_scope"], Kind::ScopeInsufficient),
    (
        &["reason: insufficientpermissions"],
        Kind::ScopeInsufficient,
    ),
    (
        &["insufficient permission: request had"],
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
    (&["account disabled"], Kind::AccountDisabled),
    (&["disabled_client"], Kind::AccountDisabled),
    (&["gaia id not found"], Kind::AccountNotFound),
    (&["unknown service account"], Kind::AccountNotFound),
    (&["invalid grant: account not found"], Kind::AccountNotFound),
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
pub(super) fn of(flat: &Flat, names: &Names) -> (Kind, Detail) {
    let has = |words: &str| flat.has(words);
    let any = |list: &[&str]| list.iter().any(|w| flat.has(w));
    if any(FOREIGN) && !any(GOOGLE) {
        let kind = if any(REFUSED) {
            Kind::OtherDenied
        } else {
            Kind::None
        };
        return (kind, Detail::None);
    }
    if let Some(why) = exchange::of(flat) {
        return (Kind::TokenExchangeRefused, Detail::Exchange(why));
    }
    if exchange::delegation(flat) {
        return (Kind::DelegationRefused, Detail::None);
    }
    let acting = names.permission.as_deref().is_some_and(acts);
    let refused = any(REFUSED);
    let denied =
        acting && (names.said || has("IAM_PERMISSION_DENIED") || denied_alone(flat, names));
    let write = if denied { None } else { write::of(flat) };
    if let Some(refused) = write {
        return (Kind::WriteRefused, Detail::Write(refused));
    }
    if let Some((_, kind)) = REASONS.iter().find(|(reason, _)| flat.names(reason)) {
        let detail = match kind {
            Kind::CredentialsExpired => Detail::Credentials(Credentials::Expired),
            Kind::CredentialsMissing => Detail::Credentials(Credentials::Missing),
            _ => Detail::None,
        };
        return (*kind, detail);
    }
    if shut_down(flat) {
        return (Kind::ProjectShutDown, Detail::None);
    }
    if denied {
        return (Kind::ImpersonationDenied, Detail::None);
    }
    if has("IAM_PERMISSION_DENIED") && names.permission.is_some() {
        return (Kind::OtherDenied, Detail::None);
    }
    if let Some((_, kind)) = WORDS.iter().find(|(words, _)| flat.has_all(words)) {
        return (*kind, Detail::None);
    }
    if names.gone.is_some() {
        return (Kind::AccountNotFound, Detail::None);
    }
    if names.off.is_some() || has("service account is disabled") {
        return (Kind::AccountDisabled, Detail::None);
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
        return (Kind::AccountNotFound, Detail::None);
    }
    if has(exchange::ANONYMOUS) {
        let missing = Detail::Credentials(Credentials::Missing);
        return (Kind::CredentialsMissing, missing);
    }
    if refused && (acting || names.permission.is_none() && has("iamcredentials")) {
        return (Kind::ImpersonationDenied, Detail::None);
    }
    let credentials = exchange::credentials(flat);
    if refused && (names.permission.is_some() || credentials.is_none()) {
        return (Kind::OtherDenied, Detail::None);
    }
    if let Some(why) = credentials {
        let kind = match why {
            Credentials::Missing => Kind::CredentialsMissing,
            _ => Kind::CredentialsExpired,
        };
        return (kind, Detail::Credentials(why));
    }
    // "Failed to sign the provided bytes" and nothing else.
    if names.acting && says_it_failed(flat) && !any(BROKEN) {
        return (Kind::ImpersonationDenied, Detail::None);
    }
    (Kind::None, Detail::None)
}

/// Whether a permission stands before the word alone: `Permission 'x' denied`.
fn denied_alone(flat: &Flat, names: &Names) -> bool {
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
