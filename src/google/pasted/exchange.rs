//! Refusals of the token services: what was asked for was a token, and IAM's bindings were not looked at.
//!
//! Words: doc "Troubleshoot Workload Identity Federation" (connecting to the issuer, the subject's length), RFC 8693 and
//! 6749 (the codes), google-github-actions/auth#161, #202, #211, #370 and fullsend-ai/fullsend#3678 (the sentences).

use super::flat::Flat;
use crate::google::api::security_tokens::EXCHANGES;

/// Why the Security Token Service did not exchange an external token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ExchangeFault {
    /// Pool or provider is deleted, disabled or not there.
    NoTarget,
    /// The name of the provider is of a wrong form.
    MisnamedTarget,
    /// The provider's attribute condition is false.
    Condition,
    /// The token is for another audience.
    Audience,
    /// The token is from another issuer.
    Issuer,
    /// Google does not get the issuer's keys.
    IssuerUnreachable,
    /// The mapped subject is too long.
    SubjectTooLong,
    /// The mapping names a claim that the token has not.
    Mapping,
    /// The token's time is over, or has not come.
    Stale,
    /// The signature does not fit.
    Signature,
    /// Sign-in by program is off for a workforce pool.
    SignInOff,
    /// Refused without a known reason.
    Other,
}

/// The sentences, by what they say. They come from this service alone.
const SENTENCES: &[(&[&str], ExchangeFault)] = &[
    (
        &["rejected by the attribute condition"],
        ExchangeFault::Condition,
    ),
    (&["google.subject exceeds"], ExchangeFault::SubjectTooLong),
    (
        &["mapped attribute", "exceeds the", "bytes limit"],
        ExchangeFault::SubjectTooLong,
    ),
    (
        &["target service indicated by the audience parameters is invalid"],
        ExchangeFault::NoTarget,
    ),
    (
        &["pool or provider is disabled or deleted"],
        ExchangeFault::NoTarget,
    ),
    (
        &["invalid value for audience", "identity provider"],
        ExchangeFault::MisnamedTarget,
    ),
    (
        &["the audience in id token", "does not match"],
        ExchangeFault::Audience,
    ),
    (
        &["audience in the id token", "does not match"],
        ExchangeFault::Audience,
    ),
    (
        &["the issuer in id token", "does not match"],
        ExchangeFault::Issuer,
    ),
    (
        &["issuer in the id token", "does not match"],
        ExchangeFault::Issuer,
    ),
    (
        &["connecting to the given credential's issuer"],
        ExchangeFault::IssuerUnreachable,
    ),
    (
        &[
            "value for",
            "from the given credential",
            "attribute mapping",
        ],
        ExchangeFault::Mapping,
    ),
    (
        &["subject token has all the claims"],
        ExchangeFault::Mapping,
    ),
    (
        &["id token issued at", "stale to sign-in"],
        ExchangeFault::Stale,
    ),
    (&["verify the id token signature"], ExchangeFault::Signature),
    (
        &["programmatic sign-in is disabled"],
        ExchangeFault::SignInOff,
    ),
];

/// What is said by whoever asked the service for a token.
const ASKED: &[&str] = &[
    "google cloud federated token for",
    EXCHANGES[0],
    EXCHANGES[1],
    EXCHANGES[2],
    "securitytokenservice",
    "workloadIdentityPools",
    "workforcePools",
    "oauth2/google/externalaccount",
    "identity_pool.py",
    "external_account.py",
    "baseexternalclient",
    "externalaccountcredentials",
    "identitypoolclient",
    "identitypoolcredentials",
];

/// RFC 6749's and 8693's codes.
const CODES: &[&str] = &[
    "invalid_target",
    "invalid_grant",
    "invalid_request",
    "unauthorized_client",
];

/// Why an exchange was refused, when that is what the text is about.
pub(super) fn of(flat: &Flat) -> Option<ExchangeFault> {
    if let Some((_, why)) = SENTENCES.iter().find(|(words, _)| flat.has_all(words)) {
        return Some(*why);
    }
    let asked = ASKED.iter().any(|w| flat.has(w));
    let code = CODES.iter().find(|c| flat.has(c));
    match code {
        Some(&"invalid_target") if asked || flat.has("Error code invalid_target") => {
            Some(ExchangeFault::NoTarget)
        }
        Some(_) if asked => Some(ExchangeFault::Other),
        _ => None,
    }
}

/// Why a user's or a service account's own credentials gave no token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Credentials {
    /// There are none.
    Missing,
    /// They have to be confirmed by signing in again (session length).
    Reauthentication,
    /// A key's signature is not known: it was deleted, disabled, or is another account's.
    Key,
    /// Expired, revoked or not valid.
    Expired,
}

/// What Cloud Storage says where no credentials came; the permission that it names was asked of nobody.
pub(super) const ANONYMOUS: &str = "anonymous caller does not have";

/// A library that cannot refresh says so of a denial too, so these come after it.
const CREDENTIALS: &[(&[&str], Credentials)] = &[
    (&["invalid_rapt"], Credentials::Reauthentication),
    (&["rapt_required"], Credentials::Reauthentication),
    (&["reauth related error"], Credentials::Reauthentication),
    (
        &["reauthentication required"],
        Credentials::Reauthentication,
    ),
    (
        &["reauthentication is needed"],
        Credentials::Reauthentication,
    ),
    (&["reauthentication failed"], Credentials::Reauthentication),
    (
        &["reauthentication challenge"],
        Credentials::Reauthentication,
    ),
    (&["please reauthenticate"], Credentials::Reauthentication),
    (&["ReauthFailError"], Credentials::Reauthentication),
    (&["ReauthUnattendedError"], Credentials::Reauthentication),
    (&["invalid jwt signature"], Credentials::Key),
    (
        &["missing required authentication credential"],
        Credentials::Missing,
    ),
    (
        &["could not find default credentials"],
        Credentials::Missing,
    ),
    (
        &["could not load the default credentials"],
        Credentials::Missing,
    ),
    (
        &["could not automatically determine credentials"],
        Credentials::Missing,
    ),
    (
        &["default credentials were not found"],
        Credentials::Missing,
    ),
    (
        &["default credentials are not available"],
        Credentials::Missing,
    ),
    (
        &["unable to find default credentials"],
        Credentials::Missing,
    ),
    (&["default credentials could not be"], Credentials::Missing),
    (&["no credentialed accounts"], Credentials::Missing),
    (
        &["do not currently have an active account selected"],
        Credentials::Missing,
    ),
    (&["GCE metadata", "not defined"], Credentials::Missing),
    (
        &["attempted to load application default credentials since neither"],
        Credentials::Missing,
    ),
    (&[ANONYMOUS], Credentials::Missing),
    (
        &["DefaultCredentialsError", "was not found"],
        Credentials::Missing,
    ),
    (&["token has been expired or revoked"], Credentials::Expired),
    (&["invalid_grant"], Credentials::Expired),
    (&["invalid authentication credential"], Credentials::Expired),
    (&["token expired or revoked"], Credentials::Expired),
    (&["auth tokens", "problem refreshing"], Credentials::Expired),
    (&["status: unauthenticated"], Credentials::Expired),
    (&["statuscode.unauthenticated"], Credentials::Expired),
    (&["code = unauthenticated"], Credentials::Expired),
    (&["unauthenticated: request"], Credentials::Expired),
    (&["error 401"], Credentials::Expired),
];

/// What is wrong with the credentials, when that is what the text is about.
pub(super) fn credentials(flat: &Flat) -> Option<Credentials> {
    let found = CREDENTIALS.iter().find(|(words, _)| flat.has_all(words));
    found.map(|(_, why)| *why)
}

/// Domain-wide delegation: a service account asked for a token of a person of a Workspace (public reports:
/// googleapis/google-auth-library-ruby#210, googleapis/google-api-python-client#792).
pub(super) fn delegation(flat: &Flat) -> bool {
    let words = [
        "client is unauthorized to retrieve access tokens using this method",
        "client not authorized for any of the scopes requested",
        "unauthorized client or scope in request",
        "not authorized to access this resource/api",
    ];
    words.iter().any(|w| flat.has(w))
}
