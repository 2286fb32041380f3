//! The rules of a review, and how heavy what they find weighs.

/// How heavy a finding weighs (chosen: docs/review.md).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// To be tidied up.
    #[default]
    Low,
    /// More than is needed.
    Medium,
    /// Somebody gets further than anybody will have meant.
    High,
    /// Anybody, or into a whole organization.
    Critical,
}

impl Severity {
    /// All of them, the lightest first.
    pub const ALL: [Self; 4] = [Self::Low, Self::Medium, Self::High, Self::Critical];

    /// Its name in options and JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// The next lighter one: for what may be so.
    #[must_use]
    pub fn lighter(self) -> Self {
        match self {
            Self::Critical => Self::High,
            Self::High => Self::Medium,
            Self::Medium | Self::Low => Self::Low,
        }
    }
}

/// What a review looks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReviewRule {
    /// Everybody on the internet, or every Google account, can become an account.
    PublicImpersonation,
    /// Somebody outside of the organization can.
    OutsiderImpersonation,
    /// A way of becoming accounts ends at one that can give itself any role.
    PathToOwner,
    /// A role that lets its holder become accounts stands above many of them.
    BroadImpersonation,
    /// A default account has Editor or Owner, and others can use it.
    DefaultAccountPowerful,
    /// Identities of a pool are let in that nobody has narrowed down.
    PoolUnconstrained,
    /// A binding names a deleted identity.
    DeletedMember,
    /// A binding's condition is over.
    ConditionExpired,
    /// A binding's condition can never hold.
    ConditionNeverTrue,
    /// A member that matches nobody.
    MemberMatchesNobody,
    /// Keys that are old or many.
    KeysOldOrMany,
    /// A powerful role that nobody uses.
    PowerfulRoleUnused,
}

impl ReviewRule {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::PublicImpersonation,
        Self::OutsiderImpersonation,
        Self::PathToOwner,
        Self::BroadImpersonation,
        Self::DefaultAccountPowerful,
        Self::PoolUnconstrained,
        Self::DeletedMember,
        Self::ConditionExpired,
        Self::ConditionNeverTrue,
        Self::MemberMatchesNobody,
        Self::KeysOldOrMany,
        Self::PowerfulRoleUnused,
    ];

    /// Its id in every format.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::PublicImpersonation => "PUBLIC_IMPERSONATION",
            Self::OutsiderImpersonation => "OUTSIDER_IMPERSONATION",
            Self::PathToOwner => "PATH_TO_OWNER",
            Self::BroadImpersonation => "BROAD_IMPERSONATION",
            Self::DefaultAccountPowerful => "DEFAULT_ACCOUNT_POWERFUL",
            Self::PoolUnconstrained => "POOL_UNCONSTRAINED",
            Self::DeletedMember => "DELETED_MEMBER",
            Self::ConditionExpired => "CONDITION_EXPIRED",
            Self::ConditionNeverTrue => "CONDITION_NEVER_TRUE",
            Self::MemberMatchesNobody => "MEMBER_MATCHES_NOBODY",
            Self::KeysOldOrMany => "KEYS_OLD_OR_MANY",
            Self::PowerfulRoleUnused => "POWERFUL_ROLE_UNUSED",
        }
    }

    /// In one sentence, for people.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::PublicImpersonation => {
                "Everybody on the internet, or every Google account, can become a service account"
            }
            Self::OutsiderImpersonation => {
                "Somebody outside of the organization can become a service account"
            }
            Self::PathToOwner => {
                "A way of becoming service accounts ends at one that can give itself any role"
            }
            Self::BroadImpersonation => {
                "A role that lets its holder become service accounts stands above many of them"
            }
            Self::DefaultAccountPowerful => {
                "A default service account has Editor or Owner, and others can use it"
            }
            Self::PoolUnconstrained => {
                "Identities of a pool are let in that nothing narrows down to one's own"
            }
            Self::DeletedMember => "A binding names a deleted identity",
            Self::ConditionExpired => "A binding's condition is over",
            Self::ConditionNeverTrue => "A binding's condition can never hold",
            Self::MemberMatchesNobody => "A member of a binding matches nobody",
            Self::KeysOldOrMany => "Keys of service accounts are old or many",
            Self::PowerfulRoleUnused => "A powerful role is not used",
        }
    }

    /// The heaviest that it finds.
    #[must_use]
    pub fn severity(self) -> Severity {
        match self {
            Self::PublicImpersonation | Self::PathToOwner | Self::PoolUnconstrained => {
                Severity::Critical
            }
            Self::OutsiderImpersonation
            | Self::DefaultAccountPowerful
            | Self::BroadImpersonation => Severity::High,
            Self::KeysOldOrMany | Self::PowerfulRoleUnused => Severity::Medium,
            Self::DeletedMember
            | Self::ConditionExpired
            | Self::ConditionNeverTrue
            | Self::MemberMatchesNobody => Severity::Low,
        }
    }
}
