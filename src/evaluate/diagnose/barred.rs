//! Causes that no grant can mend: boundaries and deny rules.

use super::super::cause::{CauseKind, NO_GRANT_HELPS};
use super::super::explanation::Explanation;
use super::super::place;
use super::super::truth::Truth;
use super::Causes;
use super::words::{self, Names};
use crate::estate::Estate;
use crate::iam::RuleEffect;

fn open(t: Truth) -> bool {
    !matches!(t, Truth::Yes | Truth::No)
}

pub(super) fn boundaries(estate: &Estate, explanation: &Explanation, causes: &mut Causes) {
    let names = Names::of(estate, explanation);
    let all = &explanation.boundaries;
    match all.eligible {
        Truth::Yes => {}
        Truth::No => {
            let denying = |b: &&super::super::explanation::BoundaryExplanation| {
                b.policy.as_ref().is_some_and(|p| {
                    p.details
                        .rules
                        .iter()
                        .zip(&b.rules)
                        .any(|(r, t)| r.effect == RuleEffect::Deny && *t == Truth::Yes)
                })
            };
            let counting: Vec<_> = all
                .boundaries
                .iter()
                .filter(|b| b.applies.and(b.reaches_permission) == Truth::Yes)
                .collect();
            let denied: Vec<_> = counting.iter().copied().filter(denying).collect();
            let by_rule = !denied.is_empty();
            for boundary in if by_rule { denied } else { counting } {
                let title = boundary
                    .policy
                    .as_ref()
                    .and_then(|p| p.display_name.clone())
                    .unwrap_or_else(|| last(&boundary.policy_name).to_owned());
                let message = if by_rule {
                    format!(
                        "The principal access boundary '{title}' shuts {} out from {} with a DENY rule, whatever is granted.",
                        names.caller, names.target
                    )
                } else {
                    format!(
                        "The principal access boundary '{title}' limits what {} may reach at all, and {} of {} lies outside of it, whatever is granted.",
                        names.caller, names.target, names.target_project
                    )
                };
                causes.push(
                    CauseKind::OutsideBoundary,
                    None,
                    boundary.policy_name.clone(),
                    message,
                    format!(
                        "{NO_GRANT_HELPS} Ask whoever keeps the boundary to include {} (its binding: {}), or use an account inside the boundary.",
                        names.target_project, boundary.binding
                    ),
                );
            }
        }
        _ => {
            if let Some(why) = &all.undecided {
                causes.push(
                    CauseKind::BoundaryUndecided,
                    None,
                    all.boundaries
                        .first()
                        .map_or(String::new(), |b| b.policy_name.clone()),
                    format!("Whether a boundary lets {} through is open: {why}.", names.caller),
                    "Give the boundary an ALLOW rule for what it should let through, or try the call.",
                );
            }
            if let Some((what, why)) = &all.unplaced {
                causes.push(
                    CauseKind::PolicyNotReadable,
                    None,
                    what.clone(),
                    format!(
                        "Whether a principal access boundary is bound to {} is not known: {} could not be looked at ({why}). Boundaries that shut out come from where the caller belongs, not from the target.",
                        names.caller,
                        place::caller_place(what)
                    ),
                    place::see_place(what),
                );
            }
            for (collection, why) in &all.unreadable {
                causes.push(
                    CauseKind::PolicyNotReadable,
                    None,
                    collection.clone(),
                    format!(
                        "The principal access boundaries bound at {} could not be read ({why}); one of them may shut {} out.",
                        parent(collection),
                        names.caller
                    ),
                    "Ask somebody who may list them (iam.googleapis.com policy bindings, permission iam.policybindings.list).",
                );
            }
            for boundary in &all.boundaries {
                if boundary.policy.is_none() && boundary.applies != Truth::No {
                    causes.push(
                        CauseKind::PolicyNotReadable,
                        None,
                        boundary.policy_name.clone(),
                        format!(
                            "The principal access boundary {} is bound to {} and could not be read.",
                            last(&boundary.policy_name),
                            names.caller
                        ),
                        "Ask somebody who may read it (permission iam.principalaccessboundarypolicies.get).",
                    );
                } else if boundary.condition.as_ref().is_some_and(|c| open(c.holds)) {
                    causes.push(
                        CauseKind::ConditionUndecided,
                        None,
                        boundary.binding.clone(),
                        format!(
                            "Whether the boundary {} is bound to {} hangs on a condition that cannot be evaluated here.",
                            last(&boundary.policy_name),
                            names.caller
                        ),
                        "Look at the binding's condition.",
                    );
                } else if open(boundary.applies.and(boundary.reaches_permission)) {
                    causes.push(
                        CauseKind::PolicyNotReadable,
                        None,
                        boundary.binding.clone(),
                        format!("{}.", boundary.why),
                        "Look at the boundary where everything above the caller can be read.",
                    );
                }
            }
        }
    }
}

fn last(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

fn parent(collection: &str) -> &str {
    collection
        .split_once("/locations/")
        .map_or(collection, |(parent, _)| parent)
}

pub(super) fn denials(estate: &Estate, explanation: &Explanation, causes: &mut Causes) {
    if explanation.denied == Truth::No {
        return;
    }
    let names = Names::of(estate, explanation);
    let definite = explanation.denied == Truth::Yes;
    // Where a grant is open too, what is above is told as where one may stand.
    if !definite
        && !explanation.ancestry_complete
        && explanation.allowed == Truth::Yes
        && let Some(top) = explanation.allow.last()
    {
        causes.on(
            CauseKind::PolicyNotReadable,
            &top.resource,
            format!(
                "What lies above {} is not known; a deny rule there would beat every grant.",
                words::level(estate, &top.resource)
            ),
            "Ask for permission to read the hierarchy (resourcemanager.projects.get and resourcemanager.folders.get).",
        );
    }
    for level in &explanation.deny {
        let place = words::level(estate, &level.resource);
        if let (Some(why), false) = (&level.unreadable, definite) {
            causes.push(
                CauseKind::PolicyNotReadable,
                Some(&level.resource),
                crate::iam::deny::collection(&level.resource),
                format!(
                    "The deny policies of {place} could not be read ({why}); a rule there would beat every grant."
                ),
                "Ask somebody who may read them (permission iam.denypolicies.list).",
            );
        }
        for policy in &level.policies {
            for rule in &policy.rules {
                let title = policy
                    .policy
                    .display_name
                    .clone()
                    .filter(|d| !d.is_empty())
                    .unwrap_or_else(|| policy.policy.id().to_owned());
                if rule.denies == Truth::Yes {
                    let whom = rule
                        .denied
                        .iter()
                        .find(|m| m.matches == Truth::Yes)
                        .map_or(String::new(), |m| format!(" (by {})", m.member));
                    causes.push(
                        CauseKind::Denied,
                        Some(&level.resource),
                        policy.policy.name.clone(),
                        format!(
                            "Rule {} of the deny policy '{title}' on {place} refuses {} to {}{whom}. A deny rule beats every grant.",
                            rule.index + 1,
                            explanation.question.permission, names.caller
                        ),
                        format!(
                            "{NO_GRANT_HELPS} Ask whoever keeps the deny policy '{title}' for an exception for {}, or use another account.",
                            names.caller
                        ),
                    );
                } else if !definite && open(rule.denies) {
                    let condition = rule.condition.as_ref().is_some_and(|c| open(c.holds));
                    let why = rule
                        .denied
                        .iter()
                        .chain(&rule.exceptions)
                        .find(|m| open(m.matches));
                    let (kind, reason, remedy) = match why {
                        Some(m) if m.member.member.is_unknown() => (
                            CauseKind::PolicyNotReadable,
                            format!(
                                "no kind of member that is known here is written {}; whether it stands for {} is not known",
                                m.member, names.caller
                            ),
                            "Look at the rule in the Google Cloud console, and at who is meant.",
                        ),
                        Some(m) => (
                            CauseKind::GroupNotReadable,
                            format!(
                                "whether {} is in {} is not known: {}",
                                names.caller, m.member, m.why
                            ),
                            "Ask somebody who may read the group's members.",
                        ),
                        None if condition => (
                            CauseKind::ConditionUndecided,
                            "its condition cannot be evaluated here".to_owned(),
                            "Look at the rule's condition and the tags of the target.",
                        ),
                        None => (
                            CauseKind::PolicyNotReadable,
                            "it holds a rule of a kind that is not known here".to_owned(),
                            "Look at the rule in the Google Cloud console.",
                        ),
                    };
                    causes.push(
                        kind,
                        Some(&level.resource),
                        policy.policy.name.clone(),
                        format!("The deny policy '{title}' on {place} may refuse this: {reason}."),
                        remedy,
                    );
                }
            }
        }
    }
}
