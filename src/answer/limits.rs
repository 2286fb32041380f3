//! What an answer does not cover, and what it takes for granted, in one wording for all who say it.

use crate::evaluate::Explanation;

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
pub const NOT_JUDGED: [NotJudged; 3] = [
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
    NotJudged {
        name: "TOKEN_SCOPES",
        words: "the scopes of the caller's token",
        short: "scopes of the caller's token",
    },
];

/// What an answer takes for granted because it could not be read, each as half a sentence: `the target
/// exists …`.
#[must_use]
pub fn assumptions(explanation: &Explanation) -> Vec<String> {
    let names = explanation.assumptions.iter();
    names.map(|name| assumed(name)).collect()
}

/// An assumption in words. A name that nobody here knows (an estate file may hold one) is read out.
#[must_use]
pub fn assumed(name: &str) -> String {
    match name {
        "TARGET_IS_ACTIVE" => "the target exists and is enabled",
        "CALLER_IS_ACTIVE" => "the caller exists and is enabled",
        "IAM_CREDENTIALS_API_IS_ENABLED" => {
            "the IAM Credentials API is on where the call is billed"
        }
        "POOL_IS_ACTIVE" => "the caller's identity pool exists and is enabled",
        "TOKEN_IS_ADMITTED" => {
            "a provider of the caller's pool lets its token in (--claims FILE has that judged)"
        }
        "QUOTA_PROJECT_MAY_BE_USED" => "the caller may use the project that is billed",
        "NO_DENY_POLICIES_IN_EXPORT" => {
            "there are no deny policies (the export holds none; whether it was asked for them is not known)"
        }
        "DENY_GROUP_TAKEN_AS_WRITTEN" => {
            "a deny rule's permission group that deny policies do not support, which Google refuses to write, is in force as it reads"
        }
        "NO_BOUNDARIES_IN_EXPORT" => {
            "there are no principal access boundaries (the export holds none; whether it was asked for them is not known)"
        }
        other => return other.to_lowercase().replace('_', " "),
    }
    .to_owned()
}
