//! One finding: what, about whom, by which bindings, and an id that is the same on every machine.

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

/// What a rule found.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// Sixteen hexadecimal digits: the first of SHA-256 over rule, subject and the bindings that are to go.
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
    /// From whoever comes in to where it ends.
    pub path: Vec<String>,
    /// The bindings on the way.
    pub evidence: Vec<FoundBinding>,
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

/// A finding as a rule tells it.
pub(super) struct Told {
    pub rule: ReviewRule,
    pub severity: Severity,
    pub subject: String,
    pub holds: Truth,
    pub message: String,
    pub remedy: String,
    pub path: Vec<String>,
    pub evidence: Vec<FoundBinding>,
}

impl Told {
    /// With its id. What is not certain weighs less, and says so.
    pub fn finding(self) -> Finding {
        let mut text = format!("{}\n{}", self.rule.id(), self.subject);
        for binding in self.evidence.iter().filter(|e| e.take_out) {
            let condition = binding.condition.as_ref();
            let condition = condition.map_or("", |c| c.expression.as_str());
            text += &format!(
                "\n{}\n{}\n{}\n{condition}",
                binding.resource.full_name(),
                binding.role,
                binding.member
            );
        }
        let digest = Sha256::digest(text.as_bytes());
        let id = digest.iter().take(8).map(|b| format!("{b:02x}")).collect();
        let certain = self.holds == Truth::Yes;
        Finding {
            id,
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
            path: self.path,
            evidence: self.evidence,
        }
    }
}
