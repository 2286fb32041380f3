//! Causes of an unknown answer: what could not be read and may hold a grant.

use super::super::cause::CauseKind;
use super::super::explanation::Explanation;
use super::super::truth::Truth;
use super::Causes;
use super::words::{self, Names};
use crate::estate::Estate;

pub(super) fn causes(estate: &Estate, explanation: &Explanation, causes: &mut Causes) {
    if matches!(explanation.allowed, Truth::Yes | Truth::No) {
        return;
    }
    let names = Names::of(estate, explanation);
    for policy in &explanation.allow {
        let Some(why) = &policy.unreadable else {
            continue;
        };
        let place = words::level(estate, &policy.resource);
        causes.on(
            CauseKind::PolicyNotReadable,
            &policy.resource,
            format!(
                "The policy of {place} could not be read ({why}); a grant for {} may stand there.",
                names.caller
            ),
            format!("Ask somebody who may read the policy of {place}, or grant the role on {} itself: then it no longer matters.", names.target),
        );
    }
    if !explanation.ancestry_complete
        && let Some(top) = explanation.allow.last()
    {
        causes.on(
            CauseKind::PolicyNotReadable,
            &top.resource,
            format!(
                "What lies above {} is not known; a grant for {} may stand there.",
                words::level(estate, &top.resource),
                names.caller
            ),
            "Ask for permission to read the hierarchy (resourcemanager.projects.get and resourcemanager.folders.get), or grant the role on the account itself.",
        );
    }
}
