//! The ways in which a role lets its holder become a service account, each by one permission.

use crate::estate::policies::FoundRole;

/// A way of becoming an account (docs/review.md has the source of each).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WayIn {
    /// An access token.
    Token,
    /// An ID token.
    IdToken,
    /// A signature over any bytes, with which a token is bought.
    SignBlob,
    /// The same over a JWT.
    SignJwt,
    /// A place in a delegation chain.
    Delegation,
    /// A key: made, or uploaded.
    Key,
    /// The account's own allow policy, where the role for one of the others is put.
    AccountPolicy,
    /// Attached to something that runs code.
    ActAs,
}

impl WayIn {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Token,
        Self::IdToken,
        Self::SignBlob,
        Self::SignJwt,
        Self::Delegation,
        Self::Key,
        Self::AccountPolicy,
        Self::ActAs,
    ];

    /// What it takes on the account.
    #[must_use]
    pub fn permission(self) -> &'static str {
        match self {
            Self::Token => "iam.serviceAccounts.getAccessToken",
            Self::IdToken => "iam.serviceAccounts.getOpenIdToken",
            Self::SignBlob => "iam.serviceAccounts.signBlob",
            Self::SignJwt => "iam.serviceAccounts.signJwt",
            Self::Delegation => "iam.serviceAccounts.implicitDelegation",
            Self::Key => "iam.serviceAccountKeys.create",
            Self::AccountPolicy => "iam.serviceAccounts.setIamPolicy",
            Self::ActAs => "iam.serviceAccounts.actAs",
        }
    }

    /// Its name in JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Token => "TOKEN",
            Self::IdToken => "ID_TOKEN",
            Self::SignBlob => "SIGN_BLOB",
            Self::SignJwt => "SIGN_JWT",
            Self::Delegation => "DELEGATION",
            Self::Key => "KEY",
            Self::AccountPolicy => "ACCOUNT_POLICY",
            Self::ActAs => "ACT_AS",
        }
    }

    /// Whether it makes its holder the account by itself. An ID token opens what takes ID tokens; delegation
    /// needs an account to end at; actAs needs something that runs code.
    #[must_use]
    pub fn is_whole(self) -> bool {
        !matches!(self, Self::IdToken | Self::Delegation | Self::ActAs)
    }

    /// Those of a role.
    #[must_use]
    pub fn of(role: &FoundRole) -> Vec<Self> {
        if role.disabled() || role.deleted() {
            return Vec::new();
        }
        let all = Self::ALL.into_iter();
        all.filter(|way| role.includes(way.permission())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_goes_by_a_permission_that_exists() {
        for way in WayIn::ALL {
            let name = way.permission();
            assert!(crate::iam::predefined::permission_exists(name), "{name}");
        }
    }
}
