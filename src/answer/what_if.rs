//! What if: the same question on an estate in which bindings and rules are supposed to be otherwise than they were
//! read. Pure; nothing of it is ever written.

use std::sync::Arc;

use crate::answer::not_read::{NotRead, advise};
use crate::estate::{Estate, Read};
use crate::evaluate::{Cause, Explanation, Question, diagnose, explain};
use crate::iam::deny::PolicyRule;
use crate::iam::{
    AllowPolicy, Binding, BoundaryPolicy, Condition, DenyPolicy, PolicyMember, Resource,
};
use crate::repair::{Plan, PlanOptions, Repair, remedies};

mod conditions;

pub use conditions::{ClauseSpan, ConditionOf, SupposedCondition, as_read};

/// One thing that is supposed.
#[derive(Clone, Debug, PartialEq)]
pub struct Supposition {
    /// Whose policy it is about; of boundaries, the account that they are looked at for.
    pub on: Resource,
    /// What is supposed of it.
    pub what: Supposed,
}

/// What is supposed.
#[derive(Clone, Debug, PartialEq)]
pub enum Supposed {
    /// A binding of the allow policy is switched off.
    Off {
        /// Its role.
        role: Arc<str>,
        /// Its place in the policy as it was read.
        binding: usize,
        /// The member that it is switched off for; `None`: for all.
        member: Option<Arc<str>>,
        /// Whom that is, for people: a member, or how many.
        whom: Arc<str>,
    },
    /// A condition, or a clause of it, comes to another value.
    Condition(SupposedCondition),
    /// A binding is there, although it was not read.
    There {
        /// Its role.
        role: Arc<str>,
        /// Whom it is for.
        member: Arc<str>,
        /// When it holds; `None` for always.
        condition: Option<Condition>,
        /// The member in whose place this one stands.
        replaces: Option<Arc<str>>,
    },
    /// Something that refuses is switched off.
    RuleOff {
        /// Which.
        rule: SwitchedRule,
        /// What it is, for people: `deny rule 1`.
        title: Arc<str>,
        /// Whom or what it is about, for people; may be empty.
        name: Arc<str>,
    },
}

/// What beside a binding of an allow policy can be switched off, by its place in what was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SwitchedRule {
    /// A rule of a deny policy.
    Deny {
        /// The policy's name.
        policy: Arc<str>,
        /// Its place there.
        rule: usize,
    },
    /// The binding of a principal access boundary.
    Boundary {
        /// The binding's name.
        binding: Arc<str>,
    },
    /// A rule of a principal access boundary, for all that it is bound to.
    BoundaryRule {
        /// The policy's name.
        policy: Arc<str>,
        /// Its place there.
        rule: usize,
    },
    /// What is set of a constraint on a level: an organization policy.
    OrgPolicy {
        /// The constraint's name.
        constraint: Arc<str>,
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
            what: Supposed::Off {
                role: Arc::clone(&there.role),
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
            what: Supposed::There {
                role: repair.role.as_str().into(),
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
            _ => false,
        }
    }

    /// Whether it switches off that rule there.
    #[must_use]
    pub fn is_rule_off(&self, at: &Resource, which: &SwitchedRule) -> bool {
        matches!(&self.what, Supposed::RuleOff { rule, .. } if self.on == *at && rule == which)
    }

    /// Whether it is that a binding is there for that member.
    #[must_use]
    pub fn is_there(&self, at: &Resource, with: &str, whom: &str) -> bool {
        match &self.what {
            Supposed::There { role, member, .. } => {
                self.on == *at && **role == *with && **member == *whom
            }
            _ => false,
        }
    }

    /// `read`: the policy as it was read.
    fn changes(&self, policy: &mut AllowPolicy, read: Option<&AllowPolicy>) {
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
                role,
                member,
                condition,
                replaces,
            } => {
                if let Some(old) = replaces {
                    // Its condition may be supposed to be another one by now.
                    let as_read = |i: usize| read.and_then(|policy| policy.bindings.get(i));
                    let like = |b: &Binding| {
                        b.role == *role && b.condition.as_deref() == condition.as_ref()
                    };
                    for (i, binding) in policy.bindings.iter_mut().enumerate() {
                        if like(binding) || as_read(i).is_some_and(like) {
                            binding.members.retain(|m| m.text != *old);
                        }
                    }
                }
                policy.bindings.push(Binding {
                    condition: condition.clone().map(Arc::new),
                    ..Binding::new(role, &[&**member])
                });
            }
            Supposed::Condition(_) | Supposed::RuleOff { .. } => {}
        }
    }
}

/// The estate with all that supposed. What could not be read stays as little known as it is.
#[must_use]
pub fn suppose(read: &Estate, all: &[Supposition]) -> Estate {
    let mut estate = read.clone();
    let mut done: Vec<&Resource> = Vec::new();
    // Before bindings are switched: their places are those that were read.
    conditions::suppose(&mut estate, read, all);
    let of_bindings =
        |one: &&Supposition| matches!(one.what, Supposed::Off { .. } | Supposed::There { .. });
    for one in all.iter().filter(of_bindings) {
        if done.contains(&&one.on) {
            continue;
        }
        done.push(&one.on);
        let as_read = read.allow_policy(&one.on).known().flatten();
        let mut policy = match estate.allow_policy(&one.on) {
            Read::Known(Some(policy)) => AllowPolicy::clone(policy),
            Read::Known(None) => AllowPolicy::default(),
            Read::Unreadable(_) => continue,
        };
        for change in all.iter().filter(|s| s.on == one.on) {
            change.changes(&mut policy, as_read.map(|read| &**read));
        }
        estate.put_policy(one.on.clone(), policy);
    }
    let mut rules: Vec<(&Resource, &SwitchedRule)> = all
        .iter()
        .filter_map(|one| match &one.what {
            Supposed::RuleOff { rule, .. } => Some((&one.on, rule)),
            _ => None,
        })
        .collect();
    // Rules that go leave the places of those before them.
    rules.sort_by_key(|(_, rule)| match rule {
        SwitchedRule::BoundaryRule { rule, .. } => std::cmp::Reverse(*rule),
        _ => std::cmp::Reverse(0),
    });
    for (on, rule) in rules {
        switch_off(&mut estate, on, rule);
    }
    estate
}

fn switch_off(estate: &mut Estate, on: &Resource, which: &SwitchedRule) {
    match which {
        SwitchedRule::Deny { policy, rule } => {
            let Some(list) = estate.deny_policies(on).known().map(<[_]>::to_vec) else {
                return;
            };
            // Each is put back, so that they keep their order.
            for mut one in list.into_iter().map(|p| DenyPolicy::clone(&p)) {
                if *one.name == **policy
                    && let Some(there) = one.rules.get_mut(*rule)
                {
                    // A rule that says nothing keeps the places of those behind it.
                    *there = PolicyRule::default();
                }
                estate.put_deny_policy(one);
            }
        }
        SwitchedRule::Boundary { binding } => estate.remove_policy_binding(binding),
        SwitchedRule::BoundaryRule { policy, rule } => {
            let known = estate.boundary(policy).known().flatten();
            let Some(mut changed) = known.map(|p| BoundaryPolicy::clone(p)) else {
                return;
            };
            // A rule that says nothing is not no rule: one that allows nothing still shuts out.
            if *rule < changed.details.rules.len() {
                changed.details.rules.remove(*rule);
                estate.put_boundary(changed);
            }
        }
        SwitchedRule::OrgPolicy { constraint } => {
            estate.put_no_org_policy(on.clone(), constraint);
            // What Google said that comes of all of them was said with this one.
            estate.forget_effective_org_policies(constraint);
        }
    }
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
