//! Policy Troubleshooter's own answer (discovery documents policytroubleshooter v3 and v3beta,
//! `iam.troubleshoot` and v3beta's `iam.troubleshootError`).

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::evaluate::Verdict;
use crate::iam::{Permission, Resource};
use crate::wire::{Api, ApiError, Ask};

/// What it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TheirAnswer {
    /// `overallAccessState`; `None` for one that is not known here.
    pub verdict: Option<Verdict>,
    /// What each kind of policy comes to, in its own words: `allow` to `ALLOW_ACCESS_STATE_GRANTED`.
    /// v3 says nothing of boundaries.
    pub states: Vec<(&'static str, String)>,
    /// Whether it was v3 that answered: it judges by allow and deny policies alone (page "Troubleshoot IAM
    /// permissions", which names the version for each).
    pub without_boundaries: bool,
}

/// The kinds of policies, with where their state stands in an answer.
const STATES: [(&str, &str); 3] = [
    ("allow", "/allowPolicyExplanation/allowAccessState"),
    ("deny", "/denyPolicyExplanation/denyAccessState"),
    (
        "boundary",
        "/pabPolicyExplanation/principalAccessBoundaryAccessState",
    ),
];

/// Asks whether the principal of that e-mail address has the permission. v3beta, which knows boundaries,
/// is asked first, and v3 where it is not served (404).
///
/// # Errors
/// When it refuses or cannot be reached.
pub async fn troubleshoot(
    ask: &dyn Ask,
    principal: &str,
    target: &Resource,
    permission: &Permission,
    time: Timestamp,
) -> Result<TheirAnswer, ApiError> {
    let body = json!({ "accessTuple": {
        "principal": principal,
        "fullResourceName": target.full_name(),
        "permission": permission.as_str(),
        "conditionContext": { "request": { "receiveTime": time.to_string() } },
    } });
    let api = Api::PolicyTroubleshooter;
    match ask.ask(api, "v3beta/iam:troubleshoot", &body).await {
        Err(error) if error.status() == Some(404) => {
            let answer = ask.ask(api, "v3/iam:troubleshoot", &body).await?;
            Ok(TheirAnswer {
                without_boundaries: true,
                ..read(&answer)
            })
        }
        other => Ok(read(&other?)),
    }
}

/// Asks about the very call that was refused with this `error_info_id`. It may be found minutes after the
/// call only (docs/semantics.md, "What people run into"): until then the answer is a 404.
///
/// # Errors
/// When it refuses or cannot be reached.
pub async fn troubleshoot_error(ask: &dyn Ask, id: &str) -> Result<TheirAnswer, ApiError> {
    let body = json!({ "errorInfoId": id });
    let api = Api::PolicyTroubleshooter;
    let answer = ask.ask(api, "v3beta/iam:troubleshootError", &body).await?;
    Ok(read(&answer))
}

fn read(answer: &Value) -> TheirAnswer {
    let state = |at: &str| answer.pointer(at).and_then(Value::as_str);
    let known = [
        Verdict::CanAccess,
        Verdict::CannotAccess,
        Verdict::UnknownInfo,
        Verdict::UnknownConditional,
    ];
    TheirAnswer {
        verdict: state("/overallAccessState").and_then(|said| {
            // Of a refused call it is written in full.
            let said = said.strip_prefix("OVERALL_ACCESS_STATE_").unwrap_or(said);
            known.into_iter().find(|verdict| verdict.word() == said)
        }),
        states: STATES
            .iter()
            .filter_map(|(kind, at)| Some((*kind, state(at)?.to_owned())))
            .collect(),
        without_boundaries: false,
    }
}
