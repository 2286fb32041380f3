//! What if: the same question on an estate in which bindings are supposed to be otherwise than they were read. Pure;
//! nothing of it is ever written.

use std::sync::Arc;

use crate::answer::not_read::{NotRead, advise};
use crate::estate::{Estate, Read};
use crate::evaluate::{Cause, Explanation, Question, diagnose, explain};
use crate::iam::{AllowPolicy, Binding, Condition, PolicyMember, Resource};
use crate::repair::{Plan, PlanOptions, Repair, remedies};

/// One thing that is supposed.
#[derive(Clone, Debug, PartialEq)]
pub struct Supposition {
    /// Whose allow policy it is about.
    pub on: Resource,
    /// The binding's role.
    pub role: Arc<str>,
    /// What is supposed of it.
    pub what: Supposed,
}

/// What is supposed of a binding.
#[derive(Clone, Debug, PartialEq)]
pub enum Supposed {
    /// It is switched off.
    Off {
        /// Its place in the policy as it was read.
        binding: usize,
        /// The member that it is switched off for; `None`: for all.
        member: Option<Arc<str>>,
        /// Whom that is, for people: a member, or how many.
        whom: Arc<str>,
    },
    /// It is there, although it was not read.
    There {
        /// Whom it is for.
        member: Arc<str>,
        /// When it holds; `None` for always.
        condition: Option<Condition>,
        /// The member in whose place this one stands.
        replaces: Option<Arc<str>>,
    },
}

impl Supposition {
    /// That a binding which was read is not there, or not for that member. `None`: there is no such binding.
    #[must_use]
    pub fn off(read: &Estate, on: &Resource, binding: usize, member: Option<&str>) -> Option<Self> {
        let policy = read.allow_policy(on).known().flatten()?;
        let there = policy.bindings.get(binding)?;
        let member = match member {
            Some(text) => Some(there.members.iter().find(|m| *m.text == *text)?),
            None => None,
        };
        Some(Self {
            on: on.clone(),
            role: Arc::clone(&there.role),
            what: Supposed::Off {
                binding,
                whom: match (member, there.members.as_slice()) {
                    (Some(one), _) | (None, [one]) => Arc::clone(&one.text),
                    (None, all) => format!("{} members", all.len()).into(),
                },
                // Where it is the only one, the whole binding is.
                member: member
                    .filter(|_| there.members.len() > 1)
                    .map(|m| Arc::clone(&m.text)),
            },
        })
    }

    /// That a binding is there which a repair would add.
    #[must_use]
    pub fn there(repair: &Repair) -> Self {
        Self {
            on: repair.resource.clone(),
            role: repair.role.as_str().into(),
            what: Supposed::There {
                member: repair.member.as_str().into(),
                condition: repair.condition.clone(),
                replaces: repair.replaces.as_deref().map(Into::into),
            },
        }
    }

    /// Whether it switches that binding of the policy as it was read, for all or for that member alone.
    #[must_use]
    pub fn is_off(&self, at: &Resource, place: usize, of: Option<&str>) -> bool {
        match &self.what {
            Supposed::Off {
                binding, member, ..
            } => self.on == *at && *binding == place && member.as_deref() == of,
            Supposed::There { .. } => false,
        }
    }

    /// Whether it is that a binding is there for that member.
    #[must_use]
    pub fn is_there(&self, at: &Resource, with: &str, whom: &str) -> bool {
        match &self.what {
            Supposed::There { member, .. } => {
                self.on == *at && *self.role == *with && **member == *whom
            }
            Supposed::Off { .. } => false,
        }
    }

    fn changes(&self, policy: &mut AllowPolicy) {
        match &self.what {
            // An empty binding keeps the places of those behind it.
            Supposed::Off {
                binding, member, ..
            } => {
                if let Some(binding) = policy.bindings.get_mut(*binding) {
                    let goes = |m: &PolicyMember| member.as_ref().is_none_or(|off| m.text == *off);
                    binding.members.retain(|m| !goes(m));
                }
            }
            Supposed::There {
                member,
                condition,
                replaces,
            } => {
                if let Some(old) = replaces {
                    let same = |b: &&mut Binding| {
                        b.role == self.role && b.condition.as_deref() == condition.as_ref()
                    };
                    for binding in policy.bindings.iter_mut().filter(same) {
                        binding.members.retain(|m| m.text != *old);
                    }
                }
                policy.bindings.push(Binding {
                    condition: condition.clone().map(Arc::new),
                    ..Binding::new(&self.role, &[&**member])
                });
            }
        }
    }
}

/// The estate with all that supposed. A policy that could not be read stays as little known as it is.
#[must_use]
pub fn suppose(read: &Estate, all: &[Supposition]) -> Estate {
    let mut estate = read.clone();
    let mut done: Vec<&Resource> = Vec::new();
    for one in all {
        if done.contains(&&one.on) {
            continue;
        }
        done.push(&one.on);
        let mut policy = match read.allow_policy(&one.on) {
            Read::Known(Some(policy)) => AllowPolicy::clone(policy),
            Read::Known(None) => AllowPolicy::default(),
            Read::Unreadable(_) => continue,
        };
        for change in all.iter().filter(|s| s.on == one.on) {
            change.changes(&mut policy);
        }
        estate.put_policy(one.on.clone(), policy);
    }
    estate
}

/// The answer to a question where all that is so: the estate, the verdict, what stands in the way, what would
/// mend it. `not_read`: what was not read of the estate as it is.
#[must_use]
pub fn what_if(
    read: &Estate,
    question: &Question,
    all: &[Supposition],
    not_read: &[NotRead],
) -> (Estate, Explanation, Vec<Cause>, Plan) {
    let estate = suppose(read, all);
    let explanation = explain(&estate, question);
    let mut causes = diagnose(&estate, &explanation);
    advise(&mut causes, not_read);
    let plan = remedies(&estate, &explanation, &causes, &PlanOptions::default());
    (estate, explanation, causes, plan)
}
