//! One reason for a verdict, from the contract's closed set.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::iam::Resource;

/// The set as a type, and all of it as a list.
macro_rules! kinds {
    ($($kind:ident: $meaning:literal),* $(,)?) => {
        /// The contract's closed set of causes, in the order in which a person should act.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "SCREAMING_SNAKE_CASE")]
        pub enum CauseKind {
            $(#[doc = $meaning] $kind),*
        }

        impl CauseKind {
            /// Every one of them.
            pub const ALL: &[Self] = &[$(Self::$kind),*];

            /// What is the case, in half a sentence. `docs/contract.md` is made from it.
            #[must_use]
            pub fn meaning(self) -> &'static str {
                match self {
                    $(Self::$kind => $meaning),*
                }
            }
        }
    };
}

// In the order in which a person should act, which is that of the causes of an answer: what is gone or
// off (no grant helps while it is), the call itself, the hop of a chain that breaks, what beats every
// grant; then grants that were meant for this and miss, the likeliest mix-up first; that nothing grants
// it at all; what is not known; and last what time mends.
kinds! {
    TargetIsNoServiceAccount: "the target is a person's or a group's address",
    TargetNotFound: "there is no such service account, or the project in its name is another",
    TargetDeleted: "the target was deleted",
    TargetDisabled: "the target is disabled, so it mints nothing",
    ProjectShutDown: "the target's project, the caller's own or the one that is billed was shut down",
    CallerNotFound: "there is no such service account to call as",
    CallerDeleted: "the calling account was deleted",
    CallerDisabled: "the calling account is disabled",
    PoolUnusable: "the caller's identity pool or provider is disabled or deleted",
    ProviderRefuses: "the provider's condition, issuer or audience refuses the token",
    SubjectTooLong: "the mapped subject is longer than an identity may be",
    ApiDisabled: "the IAM Credentials API is off in the project that is billed",
    QuotaProjectDenied: "the caller may not bill the call to its quota project",
    ScopeInsufficient: "the caller's token is limited to scopes without IAM",
    CredentialsExpired: "the caller's token has expired or is not valid",
    LifetimeTooLong: "a token was asked for a longer time than the account gives one",
    BrokenHop: "a hop of the delegation chain fails",
    OutsideBoundary: "a principal access boundary of the caller leaves the target out",
    Denied: "a deny rule applies",
    ConditionFalse: "a binding would grant, but its condition is false now",
    ConditionError: "a binding would grant, but its condition ends in an error",
    ConditionUnsupportedAttribute: "a condition hangs on an attribute that service accounts do not have",
    RoleDisabled: "a custom role is disabled",
    RoleDeleted: "a custom role is deleted",
    MemberMisspelled: "a member differs from the caller by a slip of the pen",
    MemberDeleted: "a binding names a deleted identity of the same address",
    MemberKindMismatch: "a binding names the address as another kind (`user:` for `serviceAccount:` or the reverse)",
    AttributeNotMapped: "a member goes by an attribute that no provider of the pool maps",
    FederatedMismatch: "a federated member names another pool, subject, attribute or form",
    GrantOnCallersProject: "the role stands on the caller's own project, which does not reach the target",
    GrantElsewhere: "the role stands on another account or another branch",
    BasicRoleNotEnough: "Owner, Editor or Viewer, which do not hold the permission",
    RoleLacksPermission: "a role was granted that does not hold the permission",
    SelfGrant: "the role was given to the target itself",
    NotInGroup: "a group holds the role, and the caller is not in it",
    NoGrant: "nothing grants it",
    RoleUnknown: "a binding's role is not known",
    RoleNotReadable: "a custom role could not be read",
    ConditionUndecided: "a condition lacks a value",
    BoundaryUndecided: "a boundary of a form whose meaning is not documented",
    GroupNotReadable: "a group's members could not be read",
    PolicyNotReadable: "a policy could not be read",
    MayBePropagating: "the policies say yes, and a change may not count everywhere yet",
}

/// One reason, where it sits, and what to do about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Cause {
    /// Which.
    pub kind: CauseKind,
    /// Where it sits, when it sits on one of the four levels.
    pub resource: Option<Resource>,
    /// Where it sits, as a name (a full resource name, a policy's or a role's name).
    pub place: String,
    /// What is the case, in words a person who never read IAM's documentation understands.
    pub message: String,
    /// What to do about it.
    pub remedy: String,
    /// The command that does it, for a POSIX shell, where one command does.
    pub command: Option<String>,
    /// The binding that it speaks of, where it speaks of one: what a picture points at.
    pub suspect: Option<Suspect>,
    /// Where a name is nobody's: those that may be meant in its place, the nearest first.
    pub meant: Vec<String>,
}

/// A binding that was meant for the question and misses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suspect {
    /// Whose policy it stands in.
    pub resource: Resource,
    /// Its role, as the policy has it.
    pub role: Arc<str>,
    /// What is the matter with it.
    pub kind: CauseKind,
    /// The member that misses, or by which the caller has the role; as the policy has it.
    pub member: Option<Arc<str>>,
}

/// No grant helps here; said where one might be tried.
pub(crate) const NO_GRANT_HELPS: &str = "No grant mends this.";

impl Cause {
    /// What to do about it, with the command.
    #[must_use]
    pub fn advice(&self) -> String {
        match &self.command {
            Some(command) => {
                let remedy = self.remedy.strip_suffix('.').unwrap_or(&self.remedy);
                format!("{remedy}: {command}")
            }
            None => self.remedy.clone(),
        }
    }
}
