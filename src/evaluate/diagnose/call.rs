//! Causes in the call itself: its credentials, its quota project, the lifetime it asks for, and a
//! change that may not count yet.

use super::super::cause::CauseKind;
use super::super::explain::{EXTENDED_LIFETIME, LIFETIME, long_lifetime, stands};
use super::super::explanation::{Explanation, Outcome, Seen};
use super::super::org_policy::lifetime_extended;
use super::super::truth::Truth;
use super::Causes;
use super::words::{self, Names};
use crate::estate::Estate;
use crate::iam::Resource;
use crate::text::{counted, shell};

/// So long a written policy may take to count: "typically in 2 minutes, potentially 7 minutes or
/// longer" (doc: Access change propagation); 10 is chosen.
const PROPAGATION_SECONDS: i64 = 600;

pub(super) fn causes(estate: &Estate, explanation: &Explanation, causes: &mut Causes) {
    let names = Names::of(estate, explanation);
    if let Some(seen) = explanation.question.call.seen {
        credentials(seen, &names, explanation, causes);
    }
    quota(explanation, &names, causes);
    lifetime(estate, explanation, &names, causes);
}

fn credentials(seen: Seen, names: &Names, explanation: &Explanation, causes: &mut Causes) {
    let caller = explanation.question.caller.to_string();
    match seen {
        Seen::ScopeInsufficient => causes.push(
            CauseKind::ScopeInsufficient,
            None,
            caller,
            format!(
                "The token that {} called with is limited to scopes that do not include IAM, whatever is granted.",
                names.caller
            ),
            "Call with a token that has the scope https://www.googleapis.com/auth/cloud-platform; on a virtual machine: stop it, set its access scopes to all APIs (gcloud compute instances set-service-account --scopes=cloud-platform), start it.",
        ),
        Seen::CredentialsExpired => causes.push(
            CauseKind::CredentialsExpired,
            None,
            caller,
            format!(
                "The token that {} called with has expired or is not valid: IAM was not asked.",
                names.caller
            ),
            "Sign in again (gcloud auth login, or gcloud auth application-default login), or get a new token.",
        ),
        Seen::QuotaProjectDenied | Seen::LifetimeTooLong | Seen::PermissionDenied => {}
    }
}

fn quota(explanation: &Explanation, names: &Names, causes: &mut Causes) {
    let quota = explanation.quota.as_ref();
    let seen = explanation.question.call.seen == Some(Seen::QuotaProjectDenied)
        && stands(
            Seen::QuotaProjectDenied,
            &explanation.question,
            quota,
            explanation.extended,
        );
    let (place, project) = match quota {
        Some((project, Truth::No)) => (Some(Resource::project(project)), project.as_str()),
        Some((project, _)) if seen => (Some(Resource::project(project)), project.as_str()),
        None if seen => (None, ""),
        _ => return,
    };
    let which = if project.is_empty() {
        "the project that the call is billed to".to_owned()
    } else {
        format!("{project}, the project that the call is billed to (its quota project)")
    };
    causes.push(
        CauseKind::QuotaProjectDenied,
        place.as_ref(),
        place.as_ref().map_or_else(String::new, Resource::full_name),
        format!(
            "{} may not use {which}: it lacks serviceusage.services.use there, and the call is refused before anybody looks at {}.",
            names.caller, names.target
        ),
        format!(
            "Name another quota project (gcloud config set billing/quota_project, or GOOGLE_CLOUD_QUOTA_PROJECT), or grant {} Service Usage Consumer (roles/serviceusage.serviceUsageConsumer) on that one.",
            names.caller
        ),
    );
    let member = explanation.question.caller.member();
    let command = (!project.is_empty()).then(|| {
        format!(
            "gcloud projects add-iam-policy-binding {} {} --role=roles/serviceusage.serviceUsageConsumer --condition=None",
            shell(project),
            shell(&format!("--member={member}"))
        )
    });
    causes.with(command);
}

fn lifetime(estate: &Estate, explanation: &Explanation, names: &Names, causes: &mut Causes) {
    const CONSTRAINT: &str = "constraints/iam.allowServiceAccountCredentialLifetimeExtension";
    let question = &explanation.question;
    let asked = long_lifetime(question);
    let seen = question.call.seen == Some(Seen::LifetimeTooLong);
    let still = seen
        && stands(
            Seen::LifetimeTooLong,
            question,
            explanation.quota.as_ref(),
            explanation.extended,
        );
    let beyond = asked.is_some_and(|s| s > EXTENDED_LIFETIME);
    let refused = asked.is_some() && (beyond || explanation.extended != Some(Truth::Yes));
    if !still && !refused {
        return;
    }
    let start = asked.map_or_else(
        || "The token was asked for a longer lifetime than it may have".to_owned(),
        |s| format!("A token of {} was asked for", counted(s, "second")),
    );
    let (extended, set_on) = lifetime_extended(estate, &question.target);
    let (limit, most) = if beyond {
        let limit = format!("no account gives one of more than {EXTENDED_LIFETIME} seconds");
        (limit, LIFETIME)
    } else if extended == Truth::Yes {
        let limit = format!(
            "{} gives {EXTENDED_LIFETIME} seconds at most, as the organization policy {CONSTRAINT} names it",
            names.target
        );
        (limit, EXTENDED_LIFETIME)
    } else {
        let named = match set_on {
            Ok(levels) if extended == Truth::No => {
                let on = levels.first().map_or_else(String::new, |on| {
                    format!(", set on {},", words::level(estate, on))
                });
                format!("the organization policy {CONSTRAINT}{on} does not name it")
            }
            Ok(_) => format!(
                "unless the organization policy {CONSTRAINT} names it, which hangs on tags that are not known"
            ),
            Err(why) => format!(
                "unless the organization policy {CONSTRAINT} names it, which could not be read ({why})"
            ),
        };
        let join = if extended == Truth::No { ":" } else { "," };
        let limit = format!(
            "{} gives {LIFETIME} seconds at most{join} {named}",
            names.target
        );
        (limit, LIFETIME)
    };
    let ask = format!("Ask for at most {most} seconds");
    let remedy = if beyond || extended == Truth::Yes {
        format!("{ask} and get a new token when it ends.")
    } else {
        format!(
            "{ask}, or ask whoever keeps the organization's policies to add {} to that constraint (up to {EXTENDED_LIFETIME} seconds; one address in each value).",
            question.target.id()
        )
    };
    causes.on(
        CauseKind::LifetimeTooLong,
        &question.target,
        format!("{start}: {limit}."),
        remedy,
    );
}

/// A yes that may not count yet. The policy itself carries no time, so this is known only from a
/// journal of writes ([`super::super::explanation::Call::written`]), or from the refusal that was seen.
pub(super) fn young(estate: &Estate, explanation: &Explanation, causes: &mut Causes) {
    let question = &explanation.question;
    if explanation.outcome != Outcome::WouldSucceed {
        return;
    }
    let grant = explanation
        .allow
        .iter()
        .find(|p| p.grants == Truth::Yes)
        .map_or(&question.target, |p| &p.resource);
    let age = question
        .call
        .written
        .map(|written| question.time.as_second() - written.as_second())
        .filter(|age| (0..PROPAGATION_SECONDS).contains(age));
    let names = Names::of(estate, explanation);
    if let Some(age) = age {
        causes.on(
            CauseKind::MayBePropagating,
            grant,
            format!(
                "{} may act as {} by what the policies say, and a policy was changed {} on the way. A change counts after 2 minutes as a rule, at times after 7 or more.",
                names.caller,
                names.target,
                match age {
                    0 => "just now".to_owned(),
                    age => format!("{} ago", counted(age, "second")),
                }
            ),
            format!(
                "Wait and try again; look at {} once more if it is still refused after ten minutes.",
                words::level(estate, grant)
            ),
        );
    } else if question.call.seen == Some(Seen::PermissionDenied) {
        causes.on(
            CauseKind::MayBePropagating,
            grant,
            format!(
                "The policies let {} act as {} now, and the error says that it was refused: either it was granted since, or the grant does not count everywhere yet.",
                names.caller, names.target
            ),
            "Wait 2 minutes and try again; it may take 7 minutes or more, and hours where a group is on the way.",
        );
    }
}
