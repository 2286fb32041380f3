//! Reads an error that somebody pasted: what it is about, and whom and what it names. Pure.
//!
//! Errors reach people wrapped: Google's JSON inside a Python tuple inside a log line inside a CI
//! page. So nothing here expects a whole document: the text is unwrapped as far as that is plain,
//! then looked through for what is written the same everywhere.

mod find;
mod kind;
mod plain;
mod words;

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::evaluate::explanation::{Call, Seen};
use crate::iam::principal::NotAPrincipal;
use crate::iam::resource::NotAResource;
use crate::iam::{Permission, Principal, Resource};

pub use words::Meaning;

/// A text longer than this is read from its end: the error is there, and what is before it is log.
const LONGEST: usize = 1 << 20;

/// What a pasted error is about (the contract's closed set).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Kind {
    /// A service account may not be acted as.
    ImpersonationDenied,
    /// An API is off on the project that is billed.
    ApiDisabled,
    /// There is no such account.
    AccountNotFound,
    /// An account is disabled.
    AccountDisabled,
    /// The caller's token was made for less.
    ScopeInsufficient,
    /// The caller's credentials are expired, revoked or missing.
    CredentialsExpired,
    /// The caller may not use the project that is billed.
    QuotaProjectDenied,
    /// The token was asked for a longer life than the account may give.
    LifetimeTooLong,
    /// Another permission or service refused.
    OtherDenied,
    /// Not about access.
    None,
}

/// What was found in a text. Names stand as the text has them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Pasted {
    /// What it is about.
    pub kind: Kind,
    /// The permission that was refused.
    #[serde(serialize_with = "permission_text")]
    pub permission: Option<Permission>,
    /// The account that was to be acted as: e-mail or unique id.
    pub target: Option<String>,
    /// Who called: e-mail, unique id or principal identifier.
    pub caller: Option<String>,
    /// The service that answered, `iamcredentials.googleapis.com`.
    pub service: Option<String>,
    /// The project that is billed, by id or number.
    pub project: Option<String>,
    /// What `troubleshootError` explains.
    pub error_info_id: Option<String>,
}

fn permission_text<S: serde::Serializer>(
    permission: &Option<Permission>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    permission
        .as_ref()
        .map(Permission::as_str)
        .serialize(serializer)
}

/// Reads a text of any kind. Never fails: what is not about access is [`Kind::None`].
#[must_use]
pub fn read(text: &str) -> Pasted {
    let text = plain::unwrapped(tail(text));
    let mut pasted = Pasted {
        kind: Kind::None,
        permission: find::permission(&text),
        target: find::target(&text),
        caller: find::caller(&text),
        service: find::service(&text),
        project: find::project(&text),
        error_info_id: find::error_info_id(&text),
    };
    pasted.kind = kind::of(&text, &pasted);
    pasted
}

/// The end of a text that is too long, from a line's beginning.
fn tail(text: &str) -> &str {
    let mut from = text.len().saturating_sub(LONGEST);
    while !text.is_char_boundary(from) {
        from += 1;
    }
    text.get(from..).unwrap_or_default()
}

impl Pasted {
    /// The caller as a principal, when the text names one.
    ///
    /// # Errors
    /// When what stands there names no single identity.
    pub fn principal(&self) -> Option<Result<Principal, NotAPrincipal>> {
        self.caller.as_deref().map(Principal::parse)
    }

    /// The target as an account, when the text names one.
    ///
    /// # Errors
    /// When what stands there names no account.
    pub fn account(&self) -> Option<Result<Resource, NotAResource>> {
        self.target.as_deref().map(Resource::parse_account)
    }

    /// What the text says of the call itself.
    #[must_use]
    pub fn call(&self) -> Call {
        let seen = match self.kind {
            Kind::ImpersonationDenied => Some(Seen::PermissionDenied),
            Kind::QuotaProjectDenied => Some(Seen::QuotaProjectDenied),
            Kind::ScopeInsufficient => Some(Seen::ScopeInsufficient),
            Kind::CredentialsExpired => Some(Seen::CredentialsExpired),
            Kind::LifetimeTooLong => Some(Seen::LifetimeTooLong),
            Kind::ApiDisabled
            | Kind::AccountNotFound
            | Kind::AccountDisabled
            | Kind::OtherDenied
            | Kind::None => None,
        };
        let quota = self.project.clone();
        Call {
            seen,
            quota_project: quota.filter(|_| seen == Some(Seen::QuotaProjectDenied)),
            ..Call::default()
        }
    }

    /// Whether it may be about this pair: it names neither another caller nor another target.
    #[must_use]
    pub fn is_about(&self, caller: &Principal, target: &Resource) -> bool {
        let named = self.principal().and_then(Result::ok);
        let wanted = self.account().and_then(Result::ok);
        named.is_none_or(|c| c == *caller) && wanted.is_none_or(|t| t.id() == target.id())
    }

    /// The permission to ask about: the one named, where it is one on service accounts. Older errors
    /// name none, and one of another kind is not about the target.
    #[must_use]
    pub fn question(&self) -> Permission {
        let named = self.permission.as_ref();
        let about = named.filter(|p| p.as_str().starts_with("iam.serviceAccounts."));
        about.cloned().unwrap_or_else(Permission::get_access_token)
    }
}
