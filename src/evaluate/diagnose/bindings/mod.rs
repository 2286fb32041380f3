//! Bindings on the target's path that were meant to grant and do not.

mod conditional;
mod federated;
mod members;
mod roles;

use std::sync::Arc;

use super::super::cause::CauseKind;
use super::super::explanation::{BindingExplanation, Explanation, PolicyExplanation, RoleState};
use super::super::truth::Truth;
use super::Causes;
use super::words::{self, Names};
use crate::estate::Estate;
use crate::iam::{Member, PolicyMember, Resource, ResourceKind};

pub(super) use roles::is_meant_for_it;
pub use roles::{describe_role, is_taken_for_enough};

/// So many groups that the caller is not in are named at most.
const MOST_GROUPS: usize = 3;

pub(super) fn causes(estate: &Estate, explanation: &Explanation, causes: &mut Causes) {
    let before = causes.len();
    let view = View {
        estate,
        explanation,
        names: Names::of(estate, explanation),
    };
    for policy in &explanation.allow {
        for binding in &policy.bindings {
            // A binding is told once, by what is most likely wrong with it.
            let told = causes.len();
            for part in [
                View::conditions,
                View::roles,
                View::members,
                View::weak_roles,
                View::self_grants,
            ] {
                part(&view, policy, binding, causes);
                if causes.len() > told {
                    let has = binding.members.iter().find(|m| m.matches != Truth::No);
                    let has = has.map(|m| &*m.member.text);
                    causes.blame(told, &policy.resource, &binding.role, has);
                    break;
                }
            }
        }
    }
    if causes.len() == before {
        view.groups(causes);
    }
}

struct View<'a> {
    estate: &'a Estate,
    explanation: &'a Explanation,
    names: Names,
}

impl View<'_> {
    fn place(&self, policy: &PolicyExplanation) -> String {
        words::level(self.estate, &policy.resource)
    }

    /// Every member of a binding, the ones that the explanation left out included.
    fn all_members(&self, at: &Resource, binding: &BindingExplanation) -> Vec<Arc<PolicyMember>> {
        self.estate
            .allow_policy(at)
            .known()
            .flatten()
            .and_then(|p| p.bindings.get(binding.index))
            .map(|b| b.members.clone())
            .unwrap_or_default()
    }

    fn groups(&self, causes: &mut Causes) {
        // One cannot be put into a Google group.
        if self.explanation.question.caller.is_federated() {
            return;
        }
        let mut told = 0;
        for policy in &self.explanation.allow {
            for binding in &policy.bindings {
                if binding.role_state != RoleState::Included || binding.matches != Truth::No {
                    continue;
                }
                for member in &binding.members {
                    let Member::Group(group) = &member.member.member else {
                        continue;
                    };
                    if told == MOST_GROUPS {
                        return;
                    }
                    told += 1;
                    let from = causes.len();
                    causes.on(
                        CauseKind::NotInGroup,
                        &policy.resource,
                        format!(
                            "Granted on {} to the group {group}, and {} is not in it.",
                            self.place(policy),
                            self.names.caller
                        ),
                        format!(
                            "Add {} to the group, or grant the role to it directly.",
                            self.names.caller
                        ),
                    );
                    let group = Some(&*member.member.text);
                    causes.blame(from, &policy.resource, &binding.role, group);
                }
            }
        }
    }
}

fn policy_is_about_accounts(explanation: &Explanation) -> bool {
    explanation.question.target.kind() == ResourceKind::ServiceAccount
}

/// The same address, or the same name before the `@`.
fn related(a: &str, b: &str) -> bool {
    a == b || words::local(a) == words::local(b)
}
