//! What an answer does not cover, and what it takes for granted, in one wording for all who say it.

use crate::estate::Assumption;
use crate::evaluate::{Explanation, Seen};

/// Something that no answer here looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotJudged {
    /// Its name in JSON.
    pub name: &'static str,
    /// For people.
    pub words: &'static str,
    /// The same where there is little room.
    pub short: &'static str,
}

/// What lies beyond IAM's policies and is never judged (docs/semantics.md, "Beyond IAM").
const NOT_JUDGED: [NotJudged; 3] = [
    NotJudged {
        name: "VPC_SERVICE_CONTROLS",
        words: "VPC Service Controls perimeters",
        short: "VPC Service Controls",
    },
    NotJudged {
        name: "ORGANIZATION_POLICIES",
        words: "organization policies (except who may be granted roles, where a grant is planned, how long tokens live, and attaching across projects)",
        short: "most organization policies",
    },
    SCOPES,
];

const SCOPES: NotJudged = NotJudged {
    name: "TOKEN_SCOPES",
    words: "the scopes of the caller's token",
    short: "scopes of the caller's token",
};

/// What of it an answer does not look at: where Google said that the token's scopes are the reason, they are judged.
#[must_use]
pub fn not_judged(explanation: &Explanation) -> Vec<NotJudged> {
    let scopes = explanation.question.call.seen == Some(Seen::ScopeInsufficient);
    let all = NOT_JUDGED.into_iter();
    all.filter(|not| !(scopes && *not == SCOPES)).collect()
}

/// Stands before what is taken for granted.
pub const TAKEN: &str = "Taken for granted: ";

/// All that an answer takes for granted, in one sentence to stand behind [`TAKEN`]; `None` where it takes
/// nothing.
#[must_use]
pub fn taken_for_granted(assumptions: &[Assumption]) -> Option<String> {
    let each: Vec<&str> = assumptions.iter().map(|a| words(*a)).collect();
    (!each.is_empty()).then(|| format!("{}.", each.join("; ")))
}

/// An assumption as half a sentence: `the target exists …`.
#[must_use]
pub fn words(assumption: Assumption) -> &'static str {
    match assumption {
        Assumption::TargetIsActive => {
            "the target exists, is enabled, and its project was not shut down"
        }
        Assumption::CallerIsActive => {
            "the caller exists, is enabled, and its project was not shut down"
        }
        Assumption::IamCredentialsApiIsEnabled => {
            "the IAM Credentials API is on where the call is billed"
        }
        Assumption::PoolIsActive => "the caller's identity pool exists and is enabled",
        Assumption::TokenIsAdmitted => {
            "a provider of the caller's pool lets its token in (--claims FILE has that judged)"
        }
        Assumption::QuotaProjectMayBeUsed => "the caller may use the project that is billed",
        Assumption::NoDenyPoliciesInExport => {
            "there are no deny policies (the export holds none; whether it was asked for them is not known)"
        }
        Assumption::DenyGroupTakenAsWritten => {
            "a deny rule's permission group that deny policies do not support, which Google refuses to write, is in force as it reads"
        }
        Assumption::AssetSearchIsCurrent => {
            "what Asset search finds is how things are (it lags by minutes and may miss a change; where there are many projects it is asked in place of each account's policy)"
        }
        Assumption::SearchResultsAreAll => {
            "what the search printed is all there is (a policy that it left out counts as empty, an account whose state it does not tell as enabled)"
        }
        Assumption::PartOfTheEstate => {
            "no deny policy and no boundary stands beside those that the files hold, which are a part of the estate; nothing else is taken of what they leave out, and no list made from them is whole"
        }
        Assumption::NoTagsInExport => {
            "nothing of tags (the export holds none, or not their keys; a condition on them is left undecided)"
        }
        Assumption::NoAccountListInExport => {
            "nothing of which accounts there are (the export lists none; one that it does not name may be there)"
        }
        Assumption::NoAccountStatesInExport => {
            "accounts and projects of which the export tells no state are enabled"
        }
        Assumption::NoBoundariesInExport => {
            "there are no principal access boundaries (the export holds none; whether it was asked for them is not known)"
        }
    }
}
