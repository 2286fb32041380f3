//! The search language of Cloud Asset v1 (doc "Search query syntax", Cloud Asset Inventory; the
//! descriptions of `query` and of the result's fields in discovery document cloudasset v1).
//!
//! ```text
//! QUERY    = SEQUENCE { "AND" SEQUENCE }
//! SEQUENCE = FACTOR { FACTOR }                    (a space is an AND)
//! FACTOR   = TERM { "OR" TERM }                   (OR binds tighter than AND)
//! TERM     = ["NOT" | "-"] ( "(" QUERY ")" | FIELD OP VALUE | FIELD OP "(" QUERY of VALUEs ")" | VALUE )
//! OP       = ":" has | "=" is | "<" "<=" ">" ">=" for times
//! VALUE    = words up to a space or parenthesis, or "in quotes"; at its end * for any ending
//! ```
//!
//! The grammar, OR before AND included, is that of AIP-160 ("Filtering"), which Google's filters share;
//! the page on the syntax shows it by examples. What cannot be read and fields that are not searchable
//! are refused, never ignored.

mod matching;
mod parse;

use crate::emulator::call::StatusError;
use crate::estate::Estate;
use crate::iam::predefined;

pub(crate) use matching::{Facts, OfPolicy, OfResource};
use matching::{Phrase, Test};

/// Longest query, and comparisons in it (doc "Search query syntax": "Up to 10 comparisons can be made
/// in a query, with a maximum of 2048 characters").
const LONGEST: usize = 2_048;
const MOST: usize = 10;

/// What a query searches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Searched {
    Resources,
    Policies,
}

/// Fields of `ResourceSearchResult` that can be searched (cloudasset v1), and those that an additional
/// attribute's name may stand for here (`email`, `uniqueId`, `projectId`; chosen).
const OF_RESOURCES: &[&str] = &[
    "additionalAttributes",
    "assetType",
    "createTime",
    "description",
    "displayName",
    "effectiveTagKeyIds",
    "effectiveTagKeys",
    "effectiveTagValueIds",
    "effectiveTagValues",
    "email",
    "folders",
    "kmsKey",
    "kmsKeys",
    "labels",
    "location",
    "name",
    "networkTags",
    "organization",
    "parentAssetType",
    "parentFullResourceName",
    "project",
    "projectId",
    "relationships",
    "sccSecurityMarks",
    "state",
    "tagKeyIds",
    "tagKeys",
    "tagValueIds",
    "tagValues",
    "uniqueId",
    "updateTime",
];
/// Fields of `IamPolicySearchResult` that can be searched, and those that `query` names.
const OF_POLICIES: &[&str] = &[
    "assetType",
    "folders",
    "memberTypes",
    "organization",
    "policy",
    "project",
    "resource",
    "roles",
];
/// The included permissions of a binding's role.
const PERMISSIONS: &str = "policy.role.permissions";
/// Fields that hold times.
const TIMES: [&str; 2] = ["createTime", "updateTime"];

impl Searched {
    fn fields(self) -> &'static [&'static str] {
        match self {
            Self::Resources => OF_RESOURCES,
            Self::Policies => OF_POLICIES,
        }
    }

    /// Fields below which a name may follow a dot.
    fn knows(self, path: &[String]) -> bool {
        let deep = [
            "additionalAttributes",
            "labels",
            "relationships",
            "sccSecurityMarks",
        ];
        match path {
            [one] => self.fields().contains(&one.as_str()),
            [first, _] if self == Self::Resources => deep.contains(&first.as_str()),
            _ if self == Self::Policies => {
                ["policy.role", "policy.members", PERMISSIONS].contains(&path.join(".").as_str())
            }
            _ => false,
        }
    }
}

/// A query.
#[derive(Debug, PartialEq)]
pub(crate) enum Query {
    All(Vec<Query>),
    Any(Vec<Query>),
    Not(Box<Query>),
    /// No field: any of those that can be searched.
    Term(Option<Vec<String>>, Test),
}

impl Query {
    /// # Errors
    /// What is wrong with it, and where.
    pub fn parse(text: &str, searched: Searched) -> Result<Self, StatusError> {
        let refused = |why: String| StatusError::invalid(format!("Invalid search query: {why}"));
        if text.chars().count() > LONGEST {
            return Err(refused(format!(
                "it has more than {LONGEST} characters, the most there may be."
            )));
        }
        let query = parse::query(text, searched).map_err(refused)?;
        match query.comparisons() {
            0..=MOST => Ok(query),
            n => Err(refused(format!(
                "it makes {n} comparisons; {MOST} are the most."
            ))),
        }
    }

    fn comparisons(&self) -> usize {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().map(Self::comparisons).sum(),
            Self::Not(inner) => inner.comparisons(),
            Self::Term(..) => 1,
        }
    }

    /// Whether a resource, or one binding of a policy, meets it.
    pub fn holds(&self, facts: &dyn Facts) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.holds(facts)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(facts)),
            Self::Not(inner) => !inner.holds(facts),
            Self::Term(Some(path), test) => test.fits(&facts.values(path)),
            Self::Term(None, test) => test.fits(&facts.all()),
        }
    }

    /// Whether it asks for permissions at all.
    pub fn asks_for_permissions(&self) -> bool {
        !self.permission_tests().is_empty()
    }

    /// Those of a role's permissions that the query asks for (`Explanation.matchedPermissions`).
    pub fn matched<'p>(&self, permissions: &'p [String]) -> Vec<&'p String> {
        let asked = self.permission_tests();
        permissions
            .iter()
            .filter(|p| asked.iter().any(|test| test.fits(&[p.as_str().into()])))
            .collect()
    }

    /// The tests of permissions that are not negated.
    fn permission_tests(&self) -> Vec<&Test> {
        match self {
            Self::All(parts) | Self::Any(parts) => {
                parts.iter().flat_map(Self::permission_tests).collect()
            }
            Self::Term(Some(path), test) if path.join(".") == PERMISSIONS => vec![test],
            Self::Not(_) | Self::Term(..) => Vec::new(),
        }
    }
}

/// The permissions of a role that is known.
pub(crate) fn permissions(estate: &Estate, role: &str) -> Vec<String> {
    if let Some(given) = estate.roles().find(|r| r.name == role) {
        return given.included_permissions.clone();
    }
    predefined::role(role)
        .map(|r| r.permissions().map(str::to_owned).collect())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn parsed(text: &str) -> Result<Query, String> {
        Query::parse(text, Searched::Resources).map_err(|r| r.message)
    }

    fn found(text: &str) -> bool {
        let row = json!({
            "name": "//iam.googleapis.com/projects/app/serviceAccounts/amy.2020@gmail.com",
            "displayName": "Important Instance", "location": "us-west1", "state": "ACTIVE",
            "folders": ["folders/123", "folders/456"], "labels": { "env": "prod", "a/b": "x" },
            "createTime": "2021-01-01T00:00:00.5Z", "additionalAttributes": { "email": "amy.2020@gmail.com" },
            "tags": [{ "tagKey": "1001/env", "tagKeyId": "tagKeys/1", "tagValue": "1001/env/prod", "tagValueId": "tagValues/2" }],
        });
        parsed(text).unwrap().holds(&OfResource(&row))
    }

    /// Tokens and examples of the page "Search query syntax" and of the discovery document.
    #[test]
    fn words_and_phrases_are_found_as_documented() {
        for text in [
            "",
            "name:amy-2020@GMAIL.com",
            "name:\"amy 2020 gmail\"",
            "displayName:Impor*",
            "location:us-west*",
            "labels:prod",
            "labels:env",
            "labels.env:prod",
            "labels.env:*",
            "labels.\"a/b\":x",
            "displayName:*",
            "state:ACTIVE",
            "NOT state:DELETE_REQUESTED",
            "-state:DELETE_REQUESTED",
            "important",
            "Impor* location:(us-west1 OR global)",
            "folders:(123 OR 789)",
            "folders:(123 AND 456)",
            "folders : 123",
            "folders=folders/456",
            "displayName=\"Important Instance\"",
            "state:(\"RUNNING\" OR \"ACTIVE\" OR \"ENABLED\")",
            "NOT state:(DESTROYED OR DESTROY_SCHEDULED) AND NOT location:global",
            "tagKeys:env tagValues:prod* tagValueIds=tagValues/2",
            "createTime<1609459201",
            "createTime > 2020-12-31",
            "createTime>=\"2021-01-01T00:00:00\"",
            "email=amy.2020@gmail.com",
            "(state:NOTHING OR state:ACTIVE) displayName:instance",
            "gmail",
        ] {
            assert!(found(text), "{text}");
        }
        for text in [
            "name:\"2020 amy\"",
            "name:am",
            "name:\"amy gmail\"",
            "displayName=\"important instance\"",
            "displayName=Important",
            "location:west1*-us",
            "labels.env:test",
            "labels.none:*",
            "description:*",
            "folders:(123 AND 789)",
            "NOT folders:123",
            "createTime<1609459200",
            "createTime>=2022-01-01",
            "createTime>\"2021-01-01T00:00:01Z\"",
            "updateTime>0",
            "state:\"$%\"",
        ] {
            assert!(!found(text), "{text}");
        }
    }

    #[test]
    fn or_binds_tighter_than_and() {
        assert_eq!(
            parsed("state:a AND state:b OR state:c"),
            parsed("state:a (state:b OR state:c)")
        );
        assert_eq!(
            parsed("state:a state:b OR state:c state:d"),
            parsed("state:a AND (state:b OR state:c) AND state:d")
        );
        assert_eq!(
            parsed("NOT state:a OR state:b"),
            parsed("(NOT state:a) OR state:b")
        );
    }

    #[test]
    fn a_broken_query_says_where() {
        for (text, words) in [
            ("(a", "')' expected at position 3"),
            ("a)", "')' at position 2"),
            ("name:", "a value is expected at position 6"),
            ("name:\"a", "the quote at position 6 does not end"),
            ("a OR", "a term is expected at position 5"),
            ("NOT", "a term is expected at position 4"),
            ("AND a", "'AND' at position 1"),
            ("a OR OR b", "'OR' at position 6"),
            ("()", "a term is expected at position 2"),
            ("nme:a", "'nme' is no field"),
            ("labels.a.b:c", "'labels.a.b' is no field"),
            ("name>a", "'name' holds no time"),
            ("createTime>soon", "'soon' is no time"),
            ("name=a*", "no wildcard"),
            ("name:(a OR state:b)", "'state:b'"),
        ] {
            let said = parsed(text).expect_err(text);
            assert!(said.starts_with("Invalid search query: "), "{said}");
            assert!(said.contains(words), "{text}: {said}");
        }
        assert!(
            parsed(&"a ".repeat(11))
                .unwrap_err()
                .contains("11 comparisons")
        );
        assert!(parsed(&"a".repeat(2_049)).unwrap_err().contains("2048"));
        let deep = format!("{}a{}", "(".repeat(1_000), ")".repeat(1_000));
        assert!(parsed(&deep).unwrap_err().contains("too deep"));
    }
}
