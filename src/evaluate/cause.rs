//! One reason for a verdict, from the contract's closed set.

use serde::{Deserialize, Serialize};

use crate::iam::Resource;

/// The set as a type, and all of it as a list.
macro_rules! kinds {
    ($($kind:ident),* $(,)?) => {
        /// The contract's closed set of causes, in the order in which a person should act.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "SCREAMING_SNAKE_CASE")]
        #[allow(
            missing_docs,
            reason = "the contract's words, each of which says what it means"
        )]
        pub enum CauseKind {
            $($kind),*
        }

        impl CauseKind {
            /// Every one of them.
            pub const ALL: &[Self] = &[$(Self::$kind),*];
        }
    };
}

// In the order in which a person should act, which is that of the causes of an answer: what is gone or
// off (no grant helps while it is), the call itself, the hop of a chain that breaks, what beats every
// grant; then grants that were meant for this and miss, the likeliest mix-up first; that nothing grants
// it at all; what is not known; and last what time mends.
kinds! {
    TargetIsNoServiceAccount,
    TargetNotFound,
    TargetDeleted,
    TargetDisabled,
    CallerNotFound,
    CallerDeleted,
    CallerDisabled,
    PoolUnusable,
    ProviderRefuses,
    SubjectTooLong,
    ApiDisabled,
    QuotaProjectDenied,
    ScopeInsufficient,
    CredentialsExpired,
    LifetimeTooLong,
    BrokenHop,
    OutsideBoundary,
    Denied,
    ConditionFalse,
    ConditionError,
    ConditionUnsupportedAttribute,
    RoleDisabled,
    RoleDeleted,
    MemberMisspelled,
    MemberDeleted,
    MemberKindMismatch,
    AttributeNotMapped,
    FederatedMismatch,
    GrantOnCallersProject,
    GrantElsewhere,
    BasicRoleNotEnough,
    RoleLacksPermission,
    SelfGrant,
    NotInGroup,
    NoGrant,
    RoleUnknown,
    RoleNotReadable,
    ConditionUndecided,
    BoundaryUndecided,
    GroupNotReadable,
    PolicyNotReadable,
    MayBePropagating,
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
}

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
