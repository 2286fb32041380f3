//! One finding: what, about whom, by which bindings, and an id that is the same on every machine.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::facts::PlacedBinding;
use super::rule::{ReviewRule, Severity};
use crate::evaluate::truth::Truth;
use crate::iam::{Condition, Resource};

/// A binding as evidence.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundBinding {
    /// Whose policy holds it.
    pub resource: Resource,
    /// The role.
    pub role: Arc<str>,
    /// The member that it is about, as written.
    pub member: Arc<str>,
    /// When it holds.
    pub condition: Option<Arc<Condition>>,
    /// Whether the finding is mended by taking the member out of it.
    pub take_out: bool,
}

/// Members who come the same way.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundWay {
    /// Who, as the binding names them in which the way begins.
    pub members: Vec<Arc<str>>,
    /// From whoever comes in to where it ends: one of the members, or somebody in a group that is one.
    pub path: Vec<String>,
    /// Whether it is certain.
    pub certain: bool,
    /// What is the case of them, where it is not the same for all.
    pub why: Option<String>,
}

/// What a rule found.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// Sixteen hexadecimal digits: the first of SHA-256 over rule, subject, and the binding or the level that it is
    /// about; of whom it is about only where that is one member.
    pub id: String,
    /// The rule.
    pub rule: ReviewRule,
    /// How heavy it weighs.
    pub severity: Severity,
    /// Whom or what it is about: a member identifier, or a full resource name.
    pub subject: String,
    /// Whether it is certain; what may be so weighs less.
    pub certain: bool,
    /// What is the case, for people.
    pub message: String,
    /// What to do, for people.
    pub remedy: String,
    /// From whoever comes in to where it ends: of the ways the first.
    pub path: Vec<String>,
    /// All ways, with who comes; the shortest first.
    pub ways: Vec<FoundWay>,
    /// The bindings on the ways.
    pub evidence: Vec<FoundBinding>,
}

impl Finding {
    /// Everybody whom it is about, each once.
    #[must_use]
    pub fn members(&self) -> BTreeSet<&Arc<str>> {
        self.ways.iter().flat_map(|way| &way.members).collect()
    }
}

/// One finding of each id: a policy may hold two bindings of one role and condition, which are one to whoever reads of
/// it, with the members of both.
pub(super) fn together(all: Vec<Finding>) -> Vec<Finding> {
    let mut kept: Vec<Finding> = Vec::with_capacity(all.len());
    let mut places: HashMap<String, usize> = HashMap::new();
    for finding in all {
        let at = *places.entry(finding.id.clone()).or_insert(kept.len());
        match kept.get_mut(at) {
            Some(known) => known.take_in(finding),
            None => kept.push(finding),
        }
    }
    kept
}

impl Finding {
    fn take_in(&mut self, other: Self) {
        self.severity = self.severity.max(other.severity);
        self.certain |= other.certain;
        if self.message != other.message {
            self.message = format!("{} {}", self.message, other.message);
        }
        for way in other.ways {
            if !self.ways.contains(&way) {
                self.ways.push(way);
            }
        }
        for binding in other.evidence {
            if !self.evidence.contains(&binding) {
                self.evidence.push(binding);
            }
        }
    }
}

impl FoundWay {
    /// One member, with what comes after it.
    pub(super) fn one(member: &Arc<str>, holds: Truth, after: Vec<String>) -> Self {
        Self {
            members: vec![Arc::clone(member)],
            path: [member.to_string()].into_iter().chain(after).collect(),
            certain: holds == Truth::Yes,
            why: None,
        }
    }
}

impl FoundBinding {
    /// A member of a binding.
    pub(super) fn of(placed: &PlacedBinding<'_>, member: &Arc<str>, take_out: bool) -> Self {
        Self {
            resource: placed.resource.clone(),
            role: Arc::clone(&placed.binding.role),
            member: Arc::clone(member),
            condition: placed.binding.condition.clone(),
            take_out,
        }
    }
}

/// What tells a finding from others of its rule and subject.
pub(super) enum FoundBy {
    /// The members that are to go: where one alone is meant.
    TakenOut,
    /// The binding, whoever is in it, with a word where a rule may find two things of one binding.
    Binding(&'static str),
    /// This.
    Text(String),
}

/// A finding as a rule tells it.
pub(super) struct Told {
    pub rule: ReviewRule,
    pub severity: Severity,
    pub subject: String,
    pub by: FoundBy,
    pub holds: Truth,
    pub message: String,
    pub remedy: String,
    pub ways: Vec<FoundWay>,
    pub evidence: Vec<FoundBinding>,
}

impl Told {
    fn id(&self) -> String {
        let mut text = format!("{}\n{}", self.rule.id(), self.subject);
        let of = |binding: &FoundBinding, member: &str| {
            let condition = binding.condition.as_ref();
            let condition = condition.map_or("", |c| c.expression.as_str());
            let resource = binding.resource.full_name();
            format!("\n{resource}\n{}\n{member}\n{condition}", binding.role)
        };
        match &self.by {
            FoundBy::TakenOut => {
                for binding in self.evidence.iter().filter(|e| e.take_out) {
                    text += &of(binding, &binding.member);
                }
            }
            FoundBy::Binding(word) => {
                for binding in self.evidence.iter().take(1) {
                    text += &of(binding, word);
                }
            }
            FoundBy::Text(what) => text += &format!("\n{what}"),
        }
        let digest = Sha256::digest(text.as_bytes());
        digest.iter().take(8).map(|b| format!("{b:02x}")).collect()
    }

    /// With its id. What is not certain weighs less, and says so.
    pub fn finding(self) -> Finding {
        let certain = self.holds == Truth::Yes;
        let path = self.ways.first().map(|way| way.path.clone());
        Finding {
            id: self.id(),
            rule: self.rule,
            severity: if certain {
                self.severity
            } else {
                self.severity.lighter()
            },
            subject: self.subject,
            certain,
            message: if certain {
                self.message
            } else {
                format!(
                    "{} (perhaps: a condition, or something that could not be read, decides)",
                    self.message
                )
            },
            remedy: self.remedy,
            path: path.unwrap_or_default(),
            ways: self.ways,
            evidence: self.evidence,
        }
    }
}

/// The first of many names, and how many more there are.
pub(super) fn names(all: &[&str]) -> String {
    /// So many are named.
    const NAMED: usize = 3;
    let named = all.get(..NAMED.min(all.len())).unwrap_or_default();
    let more = all.len() - named.len();
    match (named, more) {
        ([before @ .., last], 0) if !before.is_empty() => {
            format!("{} and {last}", before.join(", "))
        }
        (named, 0) => named.join(", "),
        (named, more) => format!("{} and {more} more", named.join(", ")),
    }
}

/// A member of a binding of which a rule finds something.
pub(super) struct FoundMember {
    pub member: Arc<str>,
    pub holds: Truth,
    /// What, for people.
    pub why: String,
    /// Somebody in it, where it is a group and that one is meant.
    pub inner: Option<String>,
}

/// What a rule finds of members of one binding: one finding for all of them.
pub(super) struct FoundInBinding<'p, 'e> {
    pub rule: ReviewRule,
    pub severity: Severity,
    pub placed: &'p PlacedBinding<'e>,
    /// Where a rule may find two things of one binding: which.
    pub which: &'static str,
    /// `has`, `is let at service accounts by`; and the same of several.
    pub verbs: [&'static str; 2],
    pub remedy: String,
    pub members: Vec<FoundMember>,
}

impl FoundInBinding<'_, '_> {
    /// Where there is none, nothing was found.
    pub fn finding(self) -> Option<Finding> {
        let placed = self.placed;
        let first = self.members.first()?;
        let [one, several] = self.verbs;
        let message = match self.members.len() {
            1 => format!("{} {one} {}: {}", first.member, placed.words(), first.why),
            count => {
                let told: Vec<String> = self
                    .members
                    .iter()
                    .map(|m| format!("{} ({})", m.member, m.why))
                    .collect();
                let told: Vec<&str> = told.iter().map(String::as_str).collect();
                format!(
                    "{count} members {several} {}: {}",
                    placed.words(),
                    names(&told)
                )
            }
        };
        let end = placed.resource.full_name();
        let way = |m: &FoundMember| {
            let mut way = FoundWay::one(&m.member, m.holds, vec![end.clone()]);
            way.path.splice(0..0, m.inner.clone());
            way.why = Some(m.why.clone());
            way
        };
        let told = Told {
            rule: self.rule,
            severity: self.severity,
            subject: end.clone(),
            by: FoundBy::Binding(self.which),
            holds: self
                .members
                .iter()
                .fold(Truth::No, |sum, m| sum.or(m.holds)),
            message,
            remedy: self.remedy,
            ways: self.members.iter().map(way).collect(),
            evidence: self
                .members
                .iter()
                .map(|m| FoundBinding::of(placed, &m.member, true))
                .collect(),
        };
        Some(told.finding())
    }
}
