//! What a review found, with what is suppressed of it and how each finding is mended.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::estate::Estate;
use crate::evaluate::review::{
    Finding, FoundWay, Review, ReviewOptions, ReviewRule, Severity, review,
};
use crate::iam::Resource;
use crate::repair::words::diff::{PolicyDiff, diff};
use crate::repair::{Grant, edit};
use crate::text::counted;

/// A file of suppressions.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SuppressionFile {
    #[serde(default)]
    suppress: Vec<Suppression>,
}

/// A finding that is known and left, for a time.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suppression {
    /// The finding's id.
    pub id: String,
    /// Why it is left.
    pub reason: String,
    /// Until when, that day included (UTC).
    pub until: Date,
    /// Whom it is left of; of none: of everybody, whoever comes to it later too.
    #[serde(default)]
    pub members: Vec<String>,
}

impl Suppression {
    /// Whether its day is over.
    #[must_use]
    pub fn is_over(&self, time: Timestamp) -> bool {
        let next = self.until.checked_add(1.day());
        let end = next.map(|day| format!("{day}T00:00:00Z").parse::<Timestamp>());
        end.is_ok_and(|end| end.is_ok_and(|end| end <= time))
    }
}

impl Suppression {
    /// Whether nobody is in a finding of whom it does not speak.
    fn holds_all_of(&self, finding: &Finding) -> bool {
        let known = |member: &&Arc<str>| self.members.iter().any(|m| **m == ***member);
        self.members.is_empty() || finding.members().iter().all(known)
    }
}

/// Reads suppressions: TOML, a list of `[[suppress]]`.
///
/// # Errors
/// Not such a file, with the line and what was expected there; one without a reason; an id that stands twice.
pub fn suppressions(text: &str) -> Result<Vec<Suppression>, String> {
    let file: SuppressionFile = toml::from_str(text).map_err(|e| e.to_string())?;
    let mut seen = std::collections::BTreeSet::new();
    for one in &file.suppress {
        if one.reason.trim().is_empty() {
            return Err(format!("the suppression of {} gives no reason", one.id));
        }
        if !seen.insert(&one.id) {
            return Err(format!("{} is suppressed twice", one.id));
        }
    }
    Ok(file.suppress)
}

/// A policy before and after a finding is mended: the bindings that change.
#[derive(Clone, Debug, PartialEq)]
pub struct PolicyMend {
    /// Whose policy.
    pub resource: Resource,
    /// What changes, with what stands beside it in the same binding.
    pub diff: PolicyDiff,
}

/// A finding with what becomes of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Reviewed {
    /// As it was found.
    pub finding: Finding,
    /// What would be taken out, policy by policy. None where it is one of too many to be told one by one.
    pub mends: Vec<PolicyMend>,
    /// Whether it is one of too many of its rule to be told one by one ([`ReviewAnswer::briefly`]).
    pub counted: bool,
    /// Why it is left, where it is.
    pub suppressed: Option<Suppression>,
}

impl Reviewed {
    /// The ways that lead over something, or of which there are several, one line each, the shortest first; of very
    /// many, how many more there are.
    #[must_use]
    pub fn ways_in_words(&self, arrow: &str) -> Vec<String> {
        let finding = &self.finding;
        if finding.ways.len() < 2 && finding.path.len() < 3 {
            return Vec::new();
        }
        self.all_ways_in_words(arrow)
    }

    /// The same where a way of one step is told too.
    #[must_use]
    pub fn all_ways_in_words(&self, arrow: &str) -> Vec<String> {
        /// So many are shown (chosen).
        const SHOWN: usize = 8;
        /// Of the members of one so many (chosen).
        const NAMED: usize = 5;
        let finding = &self.finding;
        let words = |way: &FoundWay| {
            let path: Vec<&str> = way.path.iter().skip(1).map(|step| short(step)).collect();
            let path = path.join(arrow);
            let starts = match (way.members.as_slice(), way.path.first()) {
                ([_], Some(first)) => first.clone(),
                (members, _) => {
                    let named: Vec<&str> = members.iter().take(NAMED).map(|m| &**m).collect();
                    let more = match members.len() - named.len() {
                        0 => String::new(),
                        more => format!(" and {more} more"),
                    };
                    format!("{}{more}", named.join(", "))
                }
            };
            let unsure = if way.certain { "" } else { " (perhaps)" };
            let why = match &way.why {
                // Of one alone it stands in the message.
                Some(why) if finding.ways.len() > 1 || finding.rule == ReviewRule::PathToOwner => {
                    format!(": {why}")
                }
                _ => String::new(),
            };
            format!("{starts}{arrow}{path}{unsure}{why}")
        };
        let mut lines: Vec<String> = finding.ways.iter().take(SHOWN).map(words).collect();
        let more = finding.ways.len() - lines.len();
        if more > 0 {
            lines.push(format!(
                "and {} (all of them: --format json)",
                counted(more, "more way")
            ));
        }
        lines
    }

    /// The lines of a file of suppressions that leave it, of the members that come in now, until so many days are over;
    /// the reason is for whoever writes the file, and without one it is refused.
    #[must_use]
    pub fn suppression(&self, time: Timestamp) -> String {
        /// For so long (chosen: the quarter between two reviews).
        const DAYS: i64 = 90;
        /// Of more members than these everybody is meant.
        const NAMED: usize = 10;
        let end = time.checked_add((DAYS * 24).hours()).unwrap_or(time);
        let until = end.strftime("%Y-%m-%d");
        let members: Vec<String> = self
            .finding
            .members()
            .iter()
            // What JSON quotes, TOML reads (toml.io, v1.0.0, "Basic strings").
            .map(|member| json!(**member).to_string())
            .collect();
        let members = match members.len() {
            1..=NAMED => format!("members = [{}]\n", members.join(", ")),
            _ => String::new(),
        };
        format!(
            "[[suppress]]\nid = \"{}\"\nreason = \"\"\nuntil = \"{until}\"\n{members}",
            self.finding.id
        )
    }
}

/// A review as it is told.
#[derive(Clone, Debug, PartialEq)]
pub struct ReviewAnswer {
    /// The findings from a severity on, those that are suppressed among them.
    pub findings: Vec<Reviewed>,
    /// The rest of what the review says.
    pub review: Review,
    /// Suppressions whose day is over, of findings that are still there.
    pub over: Vec<Suppression>,
    /// Suppressions of findings that are not there (any more).
    pub unknown: Vec<Suppression>,
    /// Suppressions of findings that others than they name have come to.
    pub outgrown: Vec<Suppression>,
}

impl ReviewAnswer {
    /// Reviews an estate, and tells findings from `from` on. `goes_on` as [`review`] asks it.
    #[must_use]
    pub fn new(
        estate: &Estate,
        time: Timestamp,
        options: &ReviewOptions,
        from: Severity,
        suppressions: &[Suppression],
        goes_on: &mut dyn FnMut(usize) -> bool,
    ) -> Option<Self> {
        Self::briefly(
            estate,
            time,
            options,
            from,
            suppressions,
            usize::MAX,
            goes_on,
        )
    }

    /// The same without [`Reviewed::mends`]: whoever writes finding by finding asks for [`mends`] of each in turn, for
    /// those of a hundred thousand take a gigabyte.
    #[must_use]
    pub fn unmended(
        estate: &Estate,
        time: Timestamp,
        options: &ReviewOptions,
        from: Severity,
        suppressions: &[Suppression],
        goes_on: &mut dyn FnMut(usize) -> bool,
    ) -> Option<Self> {
        let review = review(estate, time, options, goes_on)?;
        Some(Self::told(
            review,
            time,
            from,
            suppressions,
            usize::MAX,
            None,
        ))
    }

    /// The same for somebody who reads: of each rule no more than `most` findings that nobody has suppressed are
    /// told, the heaviest; the others are [`Reviewed::counted`], and what mends them is not worked out.
    #[must_use]
    pub fn briefly(
        estate: &Estate,
        time: Timestamp,
        options: &ReviewOptions,
        from: Severity,
        suppressions: &[Suppression],
        most: usize,
        goes_on: &mut dyn FnMut(usize) -> bool,
    ) -> Option<Self> {
        let review = review(estate, time, options, goes_on)?;
        let mended = Some(estate);
        Some(Self::told(review, time, from, suppressions, most, mended))
    }

    /// `mended`: the estate by which it is worked out what mends findings.
    fn told(
        mut review: Review,
        time: Timestamp,
        from: Severity,
        suppressions: &[Suppression],
        most: usize,
        mended: Option<&Estate>,
    ) -> Self {
        let found = std::mem::take(&mut review.findings);
        let (mut over, mut unknown, mut outgrown) = (Vec::new(), Vec::new(), Vec::new());
        let mut by_id: BTreeMap<&str, &Suppression> = BTreeMap::new();
        for one in suppressions {
            match found.iter().find(|finding| finding.id == one.id) {
                None => unknown.push(one.clone()),
                Some(_) if one.is_over(time) => over.push(one.clone()),
                Some(finding) if !one.holds_all_of(finding) => outgrown.push(one.clone()),
                Some(_) => {
                    by_id.insert(&one.id, one);
                }
            }
        }
        let findings = found.into_iter().filter(|finding| finding.severity >= from);
        let mut told: BTreeMap<ReviewRule, usize> = BTreeMap::new();
        let findings = findings
            .map(|finding| {
                let suppressed = by_id.get(&*finding.id).map(|one| (*one).clone());
                let mut counted = false;
                if suppressed.is_none() {
                    let of_rule = told.entry(finding.rule).or_default();
                    counted = *of_rule >= most;
                    *of_rule += 1;
                }
                let mends = match mended.filter(|_| !counted) {
                    Some(estate) => mends(estate, &finding),
                    None => Vec::new(),
                };
                Reviewed {
                    finding,
                    mends,
                    counted,
                    suppressed,
                }
            })
            .collect();
        Self {
            findings,
            review,
            over,
            unknown,
            outgrown,
        }
    }

    /// Rules that were not judged, and why.
    #[must_use]
    pub fn not_judged_as_json(&self) -> Value {
        let all = self.review.not_judged.iter();
        all.map(|rule| json!({ "rule": rule.rule.id(), "why": rule.why }))
            .collect()
    }

    /// What is to be said of suppressions that leave nothing (any more): what, and which.
    #[must_use]
    pub fn idle_suppressions(&self) -> [(&'static str, &[Suppression]); 3] {
        [
            (
                "the suppression is over, and the finding counts again",
                &self.over,
            ),
            (
                "the suppression is of a finding that is not there",
                &self.unknown,
            ),
            (
                "the suppression names fewer members than come in now, and the finding counts again",
                &self.outgrown,
            ),
        ]
    }

    /// How many findings of each rule, of each severity, are counted and not told, the heaviest first.
    #[must_use]
    pub fn counted(&self) -> Vec<(Severity, ReviewRule, usize)> {
        let mut found: Vec<(Severity, ReviewRule, usize)> = Vec::new();
        for one in self.open().filter(|one| one.counted) {
            let (severity, rule) = (one.finding.severity, one.finding.rule);
            match found.last_mut() {
                Some((s, r, count)) if (*s, *r) == (severity, rule) => *count += 1,
                _ => found.push((severity, rule, 1)),
            }
        }
        found
    }

    /// Findings that nobody has suppressed.
    pub fn open(&self) -> impl Iterator<Item = &Reviewed> {
        self.findings.iter().filter(|one| one.suppressed.is_none())
    }
}

/// The name of a step as people read it: an account's address, a level's relative name.
fn short(step: &str) -> &str {
    let account = step
        .split_once("/serviceAccounts/")
        .map(|(_, account)| account);
    let level = step.strip_prefix("//cloudresourcemanager.googleapis.com/");
    account.or(level).unwrap_or(step)
}

/// What is taken out, binding by binding: the members that go, from the binding alone.
#[must_use]
pub fn mends(estate: &Estate, finding: &Finding) -> Vec<PolicyMend> {
    let mut by_policy: BTreeMap<&Resource, (Vec<Value>, Vec<Grant>)> = BTreeMap::new();
    for one in finding.evidence.iter().filter(|one| one.take_out) {
        let (bindings, grants) = by_policy.entry(&one.resource).or_default();
        let policy = estate.allow_policy(&one.resource).known().flatten();
        let binding = policy.and_then(|policy| {
            policy.bindings.iter().find(|binding| {
                binding.role == one.role
                    && binding.condition == one.condition
                    && binding.members.iter().any(|m| m.text == one.member)
            })
        });
        let Some(binding) = binding.and_then(|b| serde_json::to_value(b).ok()) else {
            continue;
        };
        if !bindings.contains(&binding) {
            bindings.push(binding);
        }
        grants.push(Grant {
            role: one.role.to_string(),
            member: one.member.to_string(),
            condition: one.condition.as_deref().cloned(),
        });
    }
    let mend = |(resource, (bindings, grants)): (&Resource, (Vec<Value>, Vec<Grant>))| {
        let before = json!({ "bindings": bindings });
        let after = grants.iter().try_fold(before.clone(), |policy, grant| {
            edit::remove(&policy, grant, None).map(|edited| edited.policy)
        });
        Some(PolicyMend {
            resource: resource.clone(),
            diff: diff(&before, &after.ok()?, 2),
        })
    };
    by_policy.into_iter().filter_map(mend).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suppression_has_an_id_a_reason_and_an_end() {
        let good = "[[suppress]]\nid = \"0123\"\nreason = \"a demo\"\nuntil = \"2027-06-30\"\n";
        let read = suppressions(good).unwrap();
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        assert!(!read[0].is_over(at("2027-06-30T23:59:59Z")));
        assert!(read[0].is_over(at("2027-07-01T00:00:00Z")));
        for (text, words) in [
            (good.replace("a demo", " "), "gives no reason"),
            (good.replace("until", "til"), "til"),
            (good.replace("reason = \"a demo\"\n", ""), "reason"),
            (good.replace("2027-06-30", "summer"), "summer"),
            (format!("{good}{good}"), "twice"),
        ] {
            let error = suppressions(&text).unwrap_err();
            assert!(error.contains(words), "{error}");
        }
    }
}
