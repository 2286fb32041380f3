//! What an answer takes for granted because it could not be read, or because a file has no place for it.

/// One thing that is taken for granted. Its words stand where answers are worded (`answer::limits`).
/// In alphabetical order of the names, in which an estate lists its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Assumption {
    /// What Asset search finds is how things are: it lags by minutes, and may miss a change.
    AssetSearchIsCurrent,
    /// The caller's account exists and is enabled, and its project was not shut down.
    CallerIsActive,
    /// A deny rule that decides names a permission group that Google would have refused, and is taken
    /// as written.
    DenyGroupTakenAsWritten,
    /// The IAM Credentials API is on where the call is billed.
    IamCredentialsApiIsEnabled,
    /// An export holds policies or levels, and no list of accounts: which there are is not known. Nothing is taken
    /// from it.
    NoAccountListInExport,
    /// An export names accounts or projects without telling their state.
    NoAccountStatesInExport,
    /// An export holds no principal access boundary: whether it was asked for them is not known.
    NoBoundariesInExport,
    /// An export holds no deny policy: whether it was asked for them is not known.
    NoDenyPoliciesInExport,
    /// An export holds no binding of a tag: whether it was asked for them is not known. Nothing is taken
    /// from it: a condition on tags is left undecided.
    NoTagsInExport,
    /// What was given holds a part of the estate alone: the accounts of some policies, what one command
    /// printed, what Terraform manages. Nothing is taken from what is left out; no list is whole.
    PartOfTheEstate,
    /// The caller's identity pool exists and is enabled.
    PoolIsActive,
    /// The caller may use the project that is billed.
    QuotaProjectMayBeUsed,
    /// What a search printed is all there is: a narrower search prints the same form.
    SearchResultsAreAll,
    /// The target exists and is enabled, and its project was not shut down.
    TargetIsActive,
    /// A provider of the caller's pool lets its token in.
    TokenIsAdmitted,
}

impl Assumption {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::AssetSearchIsCurrent,
        Self::CallerIsActive,
        Self::DenyGroupTakenAsWritten,
        Self::IamCredentialsApiIsEnabled,
        Self::NoAccountListInExport,
        Self::NoAccountStatesInExport,
        Self::NoBoundariesInExport,
        Self::NoDenyPoliciesInExport,
        Self::NoTagsInExport,
        Self::PartOfTheEstate,
        Self::PoolIsActive,
        Self::QuotaProjectMayBeUsed,
        Self::SearchResultsAreAll,
        Self::TargetIsActive,
        Self::TokenIsAdmitted,
    ];

    /// Those that an estate itself makes, so that its file may name them.
    pub const OF_ESTATES: [Self; 7] = [
        Self::NoDenyPoliciesInExport,
        Self::NoBoundariesInExport,
        Self::NoTagsInExport,
        Self::NoAccountListInExport,
        Self::NoAccountStatesInExport,
        Self::PartOfTheEstate,
        Self::SearchResultsAreAll,
    ];

    /// Those under which what is not in the estate may be there.
    pub const OF_PARTS: [Self; 3] = [
        Self::PartOfTheEstate,
        Self::SearchResultsAreAll,
        Self::NoAccountListInExport,
    ];

    /// Its name in JSON and in estate files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::AssetSearchIsCurrent => "ASSET_SEARCH_IS_CURRENT",
            Self::CallerIsActive => "CALLER_IS_ACTIVE",
            Self::DenyGroupTakenAsWritten => "DENY_GROUP_TAKEN_AS_WRITTEN",
            Self::IamCredentialsApiIsEnabled => "IAM_CREDENTIALS_API_IS_ENABLED",
            Self::NoAccountListInExport => "NO_ACCOUNT_LIST_IN_EXPORT",
            Self::NoAccountStatesInExport => "NO_ACCOUNT_STATES_IN_EXPORT",
            Self::NoBoundariesInExport => "NO_BOUNDARIES_IN_EXPORT",
            Self::NoDenyPoliciesInExport => "NO_DENY_POLICIES_IN_EXPORT",
            Self::NoTagsInExport => "NO_TAGS_IN_EXPORT",
            Self::PartOfTheEstate => "PART_OF_THE_ESTATE",
            Self::PoolIsActive => "POOL_IS_ACTIVE",
            Self::QuotaProjectMayBeUsed => "QUOTA_PROJECT_MAY_BE_USED",
            Self::SearchResultsAreAll => "SEARCH_RESULTS_ARE_ALL",
            Self::TargetIsActive => "TARGET_IS_ACTIVE",
            Self::TokenIsAdmitted => "TOKEN_IS_ADMITTED",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_is_that_of_the_names() {
        assert!(Assumption::ALL.is_sorted());
        assert!(Assumption::ALL.is_sorted_by_key(|a| a.name()));
    }
}
