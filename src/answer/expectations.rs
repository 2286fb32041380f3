//! What somebody expects of an estate, and whether it is so: `test FILE`.
//!
//! An expectation names a caller and a target, and says whether the one may act as the other. A `*` in either
//! stands for any run of characters within the addresses of service accounts that are there; it never stands
//! for people and groups, of which nobody has a list. A caller that is a set is asked about as one
//! (`expected_sets`).

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;

use super::paths::PathsAnswer;
use crate::evaluate::{Cause, CauseKind, Explanation, Outcome, Question, Truth, Verdict};
use crate::iam::{Member, Permission, PolicyMember, Principal, Resource};
use crate::text::visible;

/// How many pairs one expectation may come to: beyond it a `*` was hardly meant.
pub const MOST_PAIRS: usize = 10_000;

/// A file of expectations.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExpectationFile {
    expect: Vec<Expectation>,
}

/// What is expected of one pair, or of all pairs that a `*` stands for.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expectation {
    /// What it is about, for people.
    #[serde(default)]
    name: Option<String>,
    /// An IAM member identifier or an address; `*` within service accounts' addresses; a set.
    pub caller: String,
    /// An account as `--target` takes it; `*` within addresses.
    pub target: String,
    /// By default `iam.serviceAccounts.getAccessToken`.
    #[serde(default)]
    pub permission: Option<String>,
    /// Whether the call is to succeed.
    pub may: MayAct,
    /// A delegation chain between the two, in order.
    #[serde(default)]
    pub via: Vec<String>,
    /// Attributes of a federated caller.
    #[serde(default)]
    pub attributes: BTreeMap<String, String>,
}

/// Whether the call is to succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MayAct {
    /// It succeeds.
    Yes,
    /// It fails.
    No,
}

impl Expectation {
    /// What it is called: its own name, or what it says.
    #[must_use]
    pub fn title(&self) -> String {
        if let Some(name) = &self.name {
            return name.clone();
        }
        let may = match self.may {
            MayAct::Yes => "may",
            MayAct::No => "may not",
        };
        let via = match self.via.as_slice() {
            [] => String::new(),
            hops => format!(" via {}", hops.join(", ")),
        };
        let permission = match &self.permission {
            Some(permission) => format!(" ({permission})"),
            None => String::new(),
        };
        format!(
            "{} {may} act as {}{via}{permission}",
            self.caller, self.target
        )
    }

    /// Whether the accounts that are there have to be listed for it.
    #[must_use]
    pub fn has_pattern(&self) -> bool {
        (self.caller.contains('*') && set_of(&self.caller).is_none()) || self.target.contains('*')
    }

    pub(super) fn permission(&self) -> Result<Permission, String> {
        match &self.permission {
            Some(text) => Permission::parse(text).map_err(|e| e.to_string()),
            None => Ok(Permission::get_access_token()),
        }
    }

    pub(super) fn targets(&self, accounts: &[String]) -> Result<Vec<Resource>, String> {
        if !self.target.contains('*') {
            return Ok(vec![account(&self.target)?]);
        }
        let found = fitting(&self.target, accounts)?;
        Ok(found.map(|email| Resource::account("-", &email)).collect())
    }

    pub(super) fn hops(&self) -> Result<Vec<Resource>, String> {
        self.via.iter().map(|hop| account(hop)).collect()
    }

    /// The questions that it comes to. `accounts` are the addresses of all service accounts there are.
    ///
    /// # Errors
    /// In words: a side that cannot be read, a pattern that nothing fits, more pairs than
    /// [`MOST_PAIRS`].
    pub fn questions(&self, accounts: &[String], time: Timestamp) -> Result<Vec<Question>, String> {
        let permission = self.permission()?;
        let callers = if self.caller.contains('*') {
            let pattern = match self.caller.split_once(':') {
                Some(("serviceAccount", pattern)) => pattern,
                None => &self.caller,
                Some(_) => {
                    return Err(format!(
                        "in '{}' the * has nothing to stand for: it stands for service accounts alone (serviceAccount:*-build@example-project.iam.gserviceaccount.com)",
                        visible(&self.caller)
                    ));
                }
            };
            let found = fitting(pattern, accounts)?;
            found.map(Principal::ServiceAccount).collect()
        } else {
            vec![Principal::typed(&self.caller).map_err(|e| e.to_string())?]
        };
        let targets = self.targets(accounts)?;
        if callers.len().saturating_mul(targets.len()) > MOST_PAIRS {
            return Err(format!(
                "it comes to {} callers and {} targets, more than {MOST_PAIRS} pairs",
                callers.len(),
                targets.len()
            ));
        }
        let via = self.hops()?;
        let attributes: Vec<(String, String)> = self.attributes.clone().into_iter().collect();
        let mut questions = Vec::new();
        for caller in &callers {
            for target in &targets {
                let itself = matches!(
                    (caller, target),
                    (Principal::ServiceAccount(email), Resource::ServiceAccount { account, .. })
                        if email.eq_ignore_ascii_case(account)
                );
                // A pattern on both sides is about others: each account is not asked about itself.
                if itself && self.has_pattern() {
                    continue;
                }
                questions.push(Question {
                    permission: permission.clone(),
                    via: via.clone(),
                    attributes: attributes.clone(),
                    ..Question::new(caller.clone(), target.clone(), time)
                });
            }
        }
        if questions.is_empty() {
            return Err("it comes to no pair but an account with itself".to_owned());
        }
        Ok(questions)
    }

    /// Whether the explanation is as expected. Unknown never is; neither is a pair of which one side is
    /// not there, whatever was expected, for it is no pair that anybody can have meant.
    #[must_use]
    pub fn judge(&self, explanation: &Explanation, causes: &[Cause]) -> Judged {
        let nobody = [CauseKind::TargetNotFound, CauseKind::CallerNotFound];
        if let Some(cause) = causes.iter().find(|cause| nobody.contains(&cause.kind)) {
            return Judged::Otherwise(cause.message.clone());
        }
        let first = causes.first().map(|cause| cause.message.clone());
        let unknown = || {
            first
                .clone()
                .unwrap_or_else(|| "what decides it could not be read".to_owned())
        };
        if self.asks_for_chains() {
            // By IAM's own answer: what is only switched off could be switched on again.
            return match explanation.verdict {
                Verdict::CannotAccess => Judged::AsExpected,
                Verdict::CanAccess => Judged::Otherwise(granted(explanation)),
                Verdict::UnknownInfo | Verdict::UnknownConditional => Judged::Unknown(unknown()),
            };
        }
        match (self.may, explanation.outcome) {
            (MayAct::Yes, Outcome::WouldSucceed) | (MayAct::No, Outcome::WouldFail) => {
                Judged::AsExpected
            }
            (MayAct::No, Outcome::WouldSucceed) => Judged::Otherwise(granted(explanation)),
            (MayAct::Yes, Outcome::WouldFail) => {
                Judged::Otherwise(first.unwrap_or_else(|| "the call would fail".to_owned()))
            }
            (_, Outcome::Unknown) => Judged::Unknown(unknown()),
        }
    }

    /// Whether a caller that is not to act as its target could still get there by way of other accounts.
    /// With a chain of its own the expectation is about that chain.
    #[must_use]
    pub fn asks_for_chains(&self) -> bool {
        self.may == MayAct::No && self.via.is_empty()
    }

    /// As [`Self::judge`], by the ways that the caller has: `target` in canonical form.
    #[must_use]
    pub fn judge_ways(target: &Resource, ways: &PathsAnswer) -> Judged {
        let name = target.full_name();
        let way = ways.ends.iter().find(|end| *end.name == *name);
        if let Some(way) = way {
            let path = way.trail.path();
            let steps: Vec<&str> = path
                .into_iter()
                .map(|step| step.rsplit('/').next().unwrap_or(step))
                .collect();
            let steps = steps.join(" -> ");
            return match way.verdict {
                Verdict::CanAccess => {
                    Judged::Otherwise(format!("it gets there by a chain: {steps}"))
                }
                _ => Judged::Unknown(format!("it may get there by a chain: {steps}")),
            };
        }
        if ways.complete {
            return Judged::AsExpected;
        }
        let what = ways.not_read.first();
        let what = what.map_or_else(String::new, |name| format!(" ({name})"));
        Judged::Unknown(format!(
            "not everything could be read{what}, so a chain may lead there"
        ))
    }
}

/// The forms that a caller may have which is a set.
const FORMS: &str = "allUsers, allAuthenticatedUsers, domain:example.com, group:G, principalSet:// of a pool (/*, /attribute.NAME/VALUE, /group/G, /namespace/N) or of the accounts of a project, folder or organization (/type/ServiceAccount)";

/// The set that a caller of an expectation is; `None` where it is one identity, or a pattern of them.
///
/// # Errors
/// In words: a set that cannot be asked about.
#[must_use]
pub fn set_of(caller: &str) -> Option<Result<PolicyMember, String>> {
    let by_name = ["domain:", "group:"].iter().any(|k| caller.starts_with(k));
    let everybody = ["allUsers", "allAuthenticatedUsers"].contains(&caller);
    if !everybody && !by_name && !caller.starts_with("principalSet:") {
        return None;
    }
    // A pool's set ends in one that is no pattern.
    if by_name && caller.contains('*') {
        return None;
    }
    let set = PolicyMember::v1(caller);
    let shown = visible(caller);
    Some(match &set.member {
        Member::Impossible(why) => Err(format!("'{shown}' is nobody: {why}")),
        Member::AllUsers
        | Member::AllAuthenticatedUsers
        | Member::Group(_)
        | Member::Domain(_)
        | Member::ServiceAccountsOf(_)
        | Member::PoolAll(_)
        | Member::PoolGroup(..)
        | Member::PoolAttribute(..)
        | Member::PoolNamespace(..) => Ok(set),
        _ => Err(format!(
            "'{shown}' is no set that can be asked about: {FORMS}"
        )),
    })
}

/// Reads expectations: TOML, a list of `[[expect]]`.
///
/// # Errors
/// Not such a file, with the line and what was expected there; one that expects nothing.
pub fn read(text: &str) -> Result<Vec<Expectation>, String> {
    let file: ExpectationFile = toml::from_str(text).map_err(|e| e.to_string())?;
    if file.expect.is_empty() {
        return Err("it expects nothing: write [[expect]] with caller, target and may".to_owned());
    }
    Ok(file.expect)
}

/// How an expectation fares with one pair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judged {
    /// It is as expected.
    AsExpected,
    /// It is not, and why.
    Otherwise(String),
    /// Nobody here can tell, and why.
    Unknown(String),
}

fn account(text: &str) -> Result<Resource, String> {
    let read = Resource::parse_account(text);
    read.map_err(|_| format!("'{}' names no service account", visible(text)))
}

/// The addresses that fit a pattern.
fn fitting(pattern: &str, accounts: &[String]) -> Result<impl Iterator<Item = String>, String> {
    let parts: Vec<String> = pattern.split('*').map(regex::escape).collect();
    let whole = regex::RegexBuilder::new(&format!("^{}$", parts.join(".*")))
        .case_insensitive(true)
        .build()
        .map_err(|_| format!("'{}' is too long for a pattern", visible(pattern)))?;
    let found: Vec<String> = accounts
        .iter()
        .filter(|email| whole.is_match(email))
        .cloned()
        .collect();
    if found.is_empty() {
        return Err(format!("no service account fits '{}'", visible(pattern)));
    }
    Ok(found.into_iter())
}

/// Which bindings let the caller through, hop by hop.
fn granted(explanation: &Explanation) -> String {
    let hops: Vec<&Explanation> = match explanation.hops.as_slice() {
        [] => vec![explanation],
        hops => hops.iter().collect(),
    };
    let mut found: Vec<String> = Vec::new();
    for policy in hops.iter().flat_map(|hop| &hop.allow) {
        for binding in policy.bindings.iter().filter(|b| b.grants == Truth::Yes) {
            found.push(format!(
                "{} on {}",
                binding.role,
                policy.resource.relative()
            ));
        }
    }
    found.dedup();
    let now = match explanation.outcome {
        Outcome::WouldFail => " (the call would fail now: something is switched off)",
        Outcome::WouldSucceed | Outcome::Unknown => "",
    };
    if found.is_empty() {
        format!("it is granted{now}")
    } else {
        format!("it is granted, by {}{now}", found.join(" and "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> Expectation {
        read(&format!("[[expect]]\n{text}")).unwrap().remove(0)
    }

    fn pairs(text: &str, accounts: &[&str]) -> Result<Vec<(String, String)>, String> {
        let accounts: Vec<String> = accounts.iter().map(|a| (*a).to_owned()).collect();
        let questions = one(text).questions(&accounts, Timestamp::UNIX_EPOCH)?;
        let pair = |q: &Question| (q.caller.to_string(), q.target.id().to_owned());
        Ok(questions.iter().map(pair).collect())
    }

    const A: &str = "a@p.iam.gserviceaccount.com";
    const B: &str = "b@p.iam.gserviceaccount.com";

    #[test]
    fn a_pattern_stands_for_the_accounts_there_are() {
        let text = "caller = '*@p.iam.gserviceaccount.com'\ntarget = 'B@*'\nmay = 'no'";
        let found = pairs(text, &[A, B, "a@q.iam.gserviceaccount.com"]).unwrap();
        assert_eq!(found, [(format!("serviceAccount:{A}"), B.to_owned())]);
        // A dot is a dot.
        let text = format!("caller = '{A}'\ntarget = '*@p.iam'\nmay = 'no'");
        assert_eq!(
            pairs(&text, &[A, B]).unwrap_err(),
            "no service account fits '*@p.iam'"
        );
    }

    #[test]
    fn what_nobody_can_list_is_no_pattern() {
        for caller in [
            "user:*@example.com",
            "group:*@example.com",
            "domain:*.example.com",
        ] {
            let text = format!("caller = '{caller}'\ntarget = '{A}'\nmay = 'no'");
            let error = pairs(&text, &[A]).unwrap_err();
            assert!(error.contains("service accounts alone"), "{error}");
        }
    }

    #[test]
    fn a_broken_file_says_where() {
        for (text, words) in [
            ("", "expect"),
            ("expect = []", "expects nothing"),
            (
                "[[expect]]\ncaller = 'a'\ntarget = 'b'",
                "missing field `may`",
            ),
            (
                "[[expect]]\ncaller = 'a'\nmay = 'maybe'\ntarget = 'b'",
                "line 3",
            ),
            ("[[expect]]\nwho = 'a'", "unknown field `who`"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(words), "{text}: {error}");
        }
    }
}
