//! Reads an error that somebody pasted: what it is about, and whom and what it names. Pure.
//!
//! Errors reach people wrapped: Google's JSON inside a Python tuple inside a log line inside a CI page, broken by a
//! terminal wherever its line was full. So nothing here expects a whole document. The text is unwrapped as far as that is
//! plain (`plain`, `escapes`, `frames`), laid flat so that lines and quotes do not count (`flat`), and looked
//! through for forms that are written as tables (`form`, `forms`, `find`). Then it is decided what the error is
//! about (`kind`, with `exchange` and `write`), and from that alone come the words (`words`).

mod escapes;
mod exchange;
mod find;
mod flat;
mod form;
mod forms;
mod frames;
mod kind;
mod names;
mod plain;
mod settle;
mod token;
mod words;
mod write;

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

/// What a pasted error is about (the contract's closed set, and four kinds that public reports needed).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PastedKind {
    /// A service account may not be acted as.
    ImpersonationDenied,
    /// An API is off on the project that is billed.
    ApiDisabled,
    /// There is no such account.
    AccountNotFound,
    /// An account is disabled.
    AccountDisabled,
    /// A project that the call needs was shut down.
    ProjectShutDown,
    /// The caller's token was made for less.
    ScopeInsufficient,
    /// The caller's credentials are expired, revoked, or have to be confirmed by signing in.
    CredentialsExpired,
    /// There are no credentials at all.
    CredentialsMissing,
    /// The method does not take a token of this type (`ACCESS_TOKEN_TYPE_UNSUPPORTED`).
    TokenTypeUnsupported,
    /// The Security Token Service did not exchange an external token: no binding was looked at.
    TokenExchangeRefused,
    /// A Workspace did not delegate the scopes to the account (domain-wide delegation).
    DelegationRefused,
    /// A request to write a policy was not taken: member, role or pool are not as they should be.
    WriteRefused,
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
    pub kind: PastedKind,
    /// The permission that was refused, or that the failed call needs.
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
    /// The identity pool of a refused exchange or member, by id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pool: Option<String>,
    /// The provider of a refused exchange, by id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// The member of a refused write.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub member: Option<String>,
    /// The role of a refused write.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    #[serde(skip)]
    detail: kind::Detail,
    #[serde(skip)]
    home: Option<PoolHome>,
}

/// Where an identity pool is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
enum PoolHome {
    /// In a project, by number or id as the text has it.
    Project(String),
    /// In an organization: a workforce pool.
    Workforce,
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

/// Reads a text of any kind, in time proportional to its length. Never fails: what is not about access is
/// [`PastedKind::None`].
#[must_use]
pub fn read(text: &str) -> Pasted {
    let flat = plain::unwrapped(tail(text));
    let names = find::names(&flat);
    let (kind, detail) = kind::of(&flat, &names);
    settle::settled(&flat, names, kind, detail)
}

/// The end of a text that is too long.
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
            PastedKind::ImpersonationDenied => Some(Seen::PermissionDenied),
            PastedKind::QuotaProjectDenied => Some(Seen::QuotaProjectDenied),
            PastedKind::ScopeInsufficient => Some(Seen::ScopeInsufficient),
            PastedKind::CredentialsExpired => Some(Seen::CredentialsExpired),
            PastedKind::LifetimeTooLong => Some(Seen::LifetimeTooLong),
            PastedKind::ApiDisabled
            | PastedKind::AccountNotFound
            | PastedKind::AccountDisabled
            | PastedKind::ProjectShutDown
            | PastedKind::CredentialsMissing
            | PastedKind::TokenTypeUnsupported
            | PastedKind::TokenExchangeRefused
            | PastedKind::DelegationRefused
            | PastedKind::WriteRefused
            | PastedKind::OtherDenied
            | PastedKind::None => None,
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

    /// What was found, each with its name for people. The first six are told though the text does not say them.
    #[must_use]
    pub fn rows(&self) -> Vec<(&'static str, Option<String>)> {
        let always = [
            (
                "permission",
                self.permission.as_ref().map(ToString::to_string),
            ),
            ("target", self.target.clone()),
            ("caller", self.caller.clone()),
            ("service", self.service.clone()),
            ("project", self.project.clone()),
            ("error id", self.error_info_id.clone()),
        ];
        let at_times = [
            ("pool", self.pool.clone()),
            ("provider", self.provider.clone()),
            ("member", self.member.clone()),
            ("role", self.role.clone()),
        ];
        let said = at_times.into_iter().filter(|(_, value)| value.is_some());
        always.into_iter().chain(said).collect()
    }

    /// Whether the error is about one account acting as another, so that policies are worth a look.
    #[must_use]
    pub fn is_about_acting(&self) -> bool {
        match self.kind {
            PastedKind::WriteRefused
            | PastedKind::DelegationRefused
            | PastedKind::OtherDenied
            | PastedKind::None => false,
            PastedKind::ApiDisabled => self.is_about_iam(),
            _ => true,
        }
    }

    /// Whether the service that answered is one of those that give tokens for accounts.
    fn is_about_iam(&self) -> bool {
        let own = [
            "iamcredentials.googleapis.com",
            "iam.googleapis.com",
            "sts.googleapis.com",
        ];
        self.service.as_deref().is_none_or(|s| own.contains(&s))
    }

    /// The permission that the text names, where it is one on service accounts.
    #[must_use]
    pub fn asked(&self) -> Option<&Permission> {
        let named = self.permission.as_ref();
        named.filter(|p| p.as_str().starts_with("iam.serviceAccounts."))
    }

    /// The permission to ask about: the one named, where it is one on service accounts. One of another kind is not
    /// about the target.
    #[must_use]
    pub fn question(&self) -> Permission {
        let asked = self.asked().cloned();
        asked.unwrap_or_else(Permission::get_access_token)
    }
}
