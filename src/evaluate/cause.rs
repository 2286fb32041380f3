//! One reason for a verdict, from the contract's closed set.

use serde::{Deserialize, Serialize};

use crate::iam::Resource;

/// The set as a type, and all of it as a list.
macro_rules! kinds {
    ($($kind:ident),* $(,)?) => {
        /// The contract's closed set of causes.
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

kinds! {
    NoGrant,
    GrantOnCallersProject,
    GrantElsewhere,
    SelfGrant,
    RoleLacksPermission,
    BasicRoleNotEnough,
    RoleDisabled,
    RoleDeleted,
    RoleUnknown,
    MemberMisspelled,
    MemberDeleted,
    MemberKindMismatch,
    NotInGroup,
    FederatedMismatch,
    ConditionFalse,
    ConditionError,
    ConditionUnsupportedAttribute,
    ConditionUndecided,
    Denied,
    OutsideBoundary,
    BrokenHop,
    TargetNotFound,
    TargetDeleted,
    TargetDisabled,
    CallerNotFound,
    CallerDeleted,
    CallerDisabled,
    ApiDisabled,
    PolicyNotReadable,
    GroupNotReadable,
    RoleNotReadable,
    MayBePropagating,
    QuotaProjectDenied,
    ScopeInsufficient,
    CredentialsExpired,
    LifetimeTooLong,
    BoundaryUndecided,
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
}
