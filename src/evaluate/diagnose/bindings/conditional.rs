//! Bindings whose condition does not hold, or cannot be decided.

use super::{View, policy_is_about_accounts};
use crate::estate::Read;
use crate::evaluate::cause::CauseKind;
use crate::evaluate::condition::{self, ConditionOutcome, TimeHint};
use crate::evaluate::conditions;
use crate::evaluate::diagnose::Causes;
use crate::evaluate::diagnose::words::{self};
use crate::evaluate::explanation::{BindingExplanation, PolicyExplanation, RoleState};
use crate::evaluate::truth::Truth;

impl View<'_> {
    pub(super) fn conditions(
        &self,
        policy: &PolicyExplanation,
        binding: &BindingExplanation,
        causes: &mut Causes,
    ) {
        let Some(explained) = &binding.condition else {
            return;
        };
        if binding.role_state != RoleState::Included || binding.matches != Truth::Yes {
            return;
        }
        let text = &explained.condition.expression;
        let title = explained
            .condition
            .title
            .as_deref()
            .filter(|t| !t.is_empty())
            .map_or_else(String::new, |t| format!(" '{t}'"));
        let start = format!(
            "{} has {} on {}, with a condition{title}",
            self.names.caller,
            words::role(self.estate, &binding.role),
            self.place(policy)
        );
        let renew = "Grant it again with a condition that holds, or without one.";
        let (kind, message, remedy) = match &explained.evaluation {
            Err(why) => (
                CauseKind::ConditionError,
                format!("{start} that cannot be read, so it grants nothing: {why}."),
                "Correct the condition.".to_owned(),
            ),
            Ok(evaluation) => match &evaluation.outcome {
                ConditionOutcome::True => return,
                ConditionOutcome::Error(why) => (
                    CauseKind::ConditionError,
                    format!("{start} that goes wrong, so it grants nothing: {why}."),
                    "Correct the condition.".to_owned(),
                ),
                ConditionOutcome::False => {
                    let message = match self.time_hint(text) {
                        Some(TimeHint::ExpiredAt(t)) => format!("{start} that expired on {t}."),
                        Some(TimeHint::StartsAt(t)) => {
                            format!("{start} that holds only from {t} on.")
                        }
                        None => {
                            let failing = condition::failing_clauses(evaluation, text);
                            match failing.first() {
                                Some(clause) => format!(
                                    "{start} that does not hold: {} is false.{}",
                                    clause.text.trim(),
                                    self.tags(&clause.text)
                                ),
                                None => format!("{start} that does not hold: {}.", text.trim()),
                            }
                        }
                    };
                    (CauseKind::ConditionFalse, message, renew.to_owned())
                }
                ConditionOutcome::Unknown(missing) => {
                    let unsupported = missing.iter().any(|m| {
                        ["resource.name", "resource.type", "resource.service"].contains(&m.as_str())
                    }) && policy_is_about_accounts(self.explanation);
                    if unsupported {
                        (
                            CauseKind::ConditionUnsupportedAttribute,
                            format!(
                                "{start} that asks for {}, which IAM does not offer for service accounts.",
                                missing.join(", ")
                            ),
                            format!(
                                "Grant the role on the account {} itself, or use tags or a time in the condition.",
                                self.names.target
                            ),
                        )
                    } else {
                        (
                            CauseKind::ConditionUndecided,
                            format!(
                                "{start} that hangs on something not known here: {}.",
                                missing.join(", ")
                            ),
                            "Find out that value, or try the call.".to_owned(),
                        )
                    }
                }
            },
        };
        causes.on(kind, &policy.resource, message, remedy);
    }

    /// What a clause about tags would have to find, next to what there is.
    pub(super) fn tags(&self, clause: &str) -> String {
        if !conditions::compiled(clause).is_ok_and(|c| c.uses("resource.tags")) {
            return String::new();
        }
        let Read::Known(tags) = self
            .estate
            .effective_tags(&self.explanation.question.target)
        else {
            return String::new();
        };
        let there: Vec<String> = tags
            .iter()
            .map(|t| t.namespaced_tag_value.clone())
            .filter(|t| !t.is_empty())
            .collect();
        let target = &self.names.target;
        match there.as_slice() {
            [] => format!(" {target} has no tags."),
            [one] => format!(" The one tag of {target} is {one}."),
            all => format!(" The tags of {target} are {}.", words::list(all)),
        }
    }

    pub(super) fn time_hint(&self, text: &str) -> Option<TimeHint> {
        let compiled = conditions::compiled(text).ok()?;
        condition::time_hint(
            &compiled,
            &condition::ConditionContext {
                time: Some(self.explanation.question.time),
                ..condition::ConditionContext::default()
            },
        )
    }
}
