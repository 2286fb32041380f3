//! From a policy's condition to an answer: what each kind of policy lets a condition see.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::condition::{
    self, Compiled, ConditionContext, ConditionError, ConditionOutcome, EffectiveTag, Fact,
    PrincipalFacts, ResourceFacts,
};
use super::explanation::ConditionExplanation;
use super::judge::Judge;
use super::truth::Truth;
use crate::estate::Read;
use crate::estate::records::is_number;
use crate::iam::{Condition, Principal, Resource, owner};

/// Which kind of policy the condition stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Site {
    /// A binding of an allow policy. A condition that goes wrong does not hold.
    Allow,
    /// A deny rule: resource tags only; what cannot be evaluated is unknown.
    Deny,
    /// A boundary's policy binding: the principal only; what cannot be evaluated is unknown.
    Boundary,
}

/// Beyond this the memory of compiled conditions starts anew.
const REMEMBERED: usize = 8192;
/// Longer conditions (Google's own limit for those of allow policies is 12 logical operators) are
/// compiled each time, so that what is remembered stays small.
const REMEMBERED_LENGTH: usize = 4_096;

type Compilation = Result<Compiled, ConditionError>;

/// Compiles an expression once; a pure function that remembers.
pub(crate) fn compiled(expression: &str) -> Compilation {
    if expression.len() > REMEMBERED_LENGTH {
        return condition::compile(expression);
    }
    static SEEN: OnceLock<Mutex<HashMap<Box<str>, Compilation>>> = OnceLock::new();
    let seen = SEEN.get_or_init(Mutex::default);
    let known = seen
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .get(expression)
        .cloned();
    if let Some(known) = known {
        return known;
    }
    let fresh = condition::compile(expression);
    let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
    if seen.len() >= REMEMBERED {
        seen.clear();
    }
    seen.insert(expression.into(), fresh.clone());
    fresh
}

/// Whether what a condition comes to may hang on the resource's tags. One that cannot be read is an
/// error whatever the tags are.
#[must_use]
pub fn looks_at_tags(condition: &Condition) -> bool {
    compiled(&condition.expression).is_ok_and(|compiled| compiled.uses("resource.tags"))
}

/// Evaluates with every statement's value, for an explanation.
pub(crate) fn explain(
    judge: &Judge<'_>,
    condition: &Arc<Condition>,
    site: Site,
) -> ConditionExplanation {
    let (evaluation, holds) = match compiled(&condition.expression) {
        Ok(compiled) => {
            let evaluation = with_context(judge, site, |context| compiled.evaluate(context));
            let holds = answer(&evaluation.outcome, site);
            (Ok(evaluation), holds)
        }
        Err(error) => (Err(error.to_string()), broken(site)),
    };
    ConditionExplanation {
        condition: Arc::clone(condition),
        evaluation,
        holds,
    }
}

/// The answer alone.
pub(crate) fn decide(judge: &Judge<'_>, condition: &Condition, site: Site) -> Truth {
    match compiled(&condition.expression) {
        Ok(compiled) => answer(
            &with_context(judge, site, |context| compiled.decide(context)),
            site,
        ),
        Err(_) => broken(site),
    }
}

fn answer(outcome: &ConditionOutcome, site: Site) -> Truth {
    match outcome {
        ConditionOutcome::True => Truth::Yes,
        ConditionOutcome::False => Truth::No,
        ConditionOutcome::Error(_) => broken(site),
        ConditionOutcome::Unknown(_) => Truth::UnknownConditional,
    }
}

fn broken(site: Site) -> Truth {
    match site {
        Site::Allow => Truth::No,
        Site::Deny | Site::Boundary => Truth::UnknownConditional,
    }
}

const NO_RESOURCE: &str = "IAM offers it for the resources of some services only, and service accounts are not among them";
const NO_RESOURCE_MANAGER: &str = "it is not evaluated here for this kind of resource";

/// Runs something with what a condition of this kind may see.
pub(crate) fn with_context<T>(
    judge: &Judge<'_>,
    site: Site,
    run: impl FnOnce(&ConditionContext<'_>) -> T,
) -> T {
    let hidden = |why: &'static str| Fact::unknown(why);
    if site == Site::Boundary {
        let subject = subject(&judge.caller);
        let kind = kind(&judge.caller);
        let principal = PrincipalFacts {
            kind: kind.map_or_else(
                || hidden("the type of this kind of identity is not known here"),
                Fact::Known,
            ),
            subject: if is_number(&subject) {
                hidden("the caller is known by its unique id alone, not by its address")
            } else {
                Fact::Known(&subject)
            },
        };
        return run(&ConditionContext {
            principal: Some(principal),
            ..ConditionContext::default()
        });
    }
    let why = match judge.on {
        Resource::ServiceAccount { .. } => NO_RESOURCE,
        _ => NO_RESOURCE_MANAGER,
    };
    let tags = match tags(judge) {
        Ok(tags) => Fact::Known(tags),
        Err(why) => Fact::unknown(why.to_string()),
    };
    // Defined for requests that set an allow policy; null where it is not (doc "Attribute reference
    // for IAM Conditions", IAM API attributes).
    let modified = match &judge.modified_roles {
        Some(roles) => Some(serde_json::Value::from(roles.clone())),
        None if judge.permission.as_str().ends_with(".setIamPolicy") => None,
        None => Some(serde_json::Value::Null),
    };
    let attributes: Vec<_> = modified
        .map(|roles| ("iam.googleapis.com/modifiedGrantsByRole".to_owned(), roles))
        .into_iter()
        .collect();
    run(&ConditionContext {
        time: (site == Site::Allow).then_some(judge.time),
        resource: ResourceFacts {
            name: hidden(why),
            kind: hidden(why),
            service: hidden(why),
        },
        tags,
        api_attributes: &attributes,
        ..ConditionContext::default()
    })
}

fn tags<'j>(judge: &'j Judge<'_>) -> Result<&'j [EffectiveTag], &'j Arc<str>> {
    judge
        .tags
        .get_or_init(|| match judge.estate.effective_tags(&judge.on) {
            Read::Known(tags) => Ok(tags
                .into_iter()
                .map(|t| EffectiveTag {
                    key_id: t.tag_key,
                    value_id: t.tag_value,
                    namespaced_key: t.namespaced_tag_key,
                    namespaced_value: t.namespaced_tag_value,
                })
                .collect()),
            Read::Unreadable(why) => Err(why),
        })
        .as_ref()
        .map(Vec::as_slice)
}

/// `principal.type` (doc "Principal access boundary policies", conditions of policy bindings).
fn kind(caller: &Principal) -> Option<&'static str> {
    match caller {
        Principal::User(_) => Some("iam.googleapis.com/WorkspaceIdentity"),
        Principal::ServiceAccount(_) => Some("iam.googleapis.com/ServiceAccount"),
        Principal::Kubernetes { .. } => Some("iam.googleapis.com/WorkloadPoolIdentity"),
        Principal::Federated { pool, .. } => Some(match pool {
            crate::iam::Pool::Workforce { .. } => "iam.googleapis.com/WorkforcePoolIdentity",
            crate::iam::Pool::Workload { .. } => "iam.googleapis.com/WorkloadPoolIdentity",
        }),
        Principal::Other(text) => {
            owner::of_agent_identity(text).map(|_| "iam.googleapis.com/AgentPoolIdentity")
        }
    }
}

/// `principal.subject`: the e-mail of a user or account, the subject of a federated identity, what follows
/// the trust domain of an agent identity.
fn subject(caller: &Principal) -> String {
    match caller {
        Principal::User(email) | Principal::ServiceAccount(email) => email.clone(),
        Principal::Federated { subject, .. } => subject.clone(),
        Principal::Other(text) => owner::subject_of_agent_identity(text)
            .unwrap_or(text)
            .to_owned(),
        other @ Principal::Kubernetes { .. } => other.to_string(),
    }
}
