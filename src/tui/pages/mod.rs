//! Pages to be read, made from what is known: plain values, changed by nobody. One file a page.

mod cause;
mod change;
mod estate;
mod finding;
mod help;
mod legend;
mod level;
mod log;
mod meaning;
mod no_fix;
mod paths;
mod raw;
mod request;
mod ticket;
mod ways;

pub use cause::{cause_page, not_judged};
pub use change::change_page;
pub use estate::{estate_notes, estate_page};
pub use finding::{finding_page, severity_role};
pub use help::help_page;
pub use legend::legend_page;
pub use level::{caller_lines, level_lines, level_page};
pub use log::log_page;
pub use meaning::meaning_page;
pub use no_fix::no_fix_page;
pub use paths::paths_page;
pub use raw::raw_page;
pub use request::request_page;
pub use ticket::ticket;
pub use ways::ways_page;

use super::model::KnownAnswer;
use crate::answer::levels::is_caller;
use crate::evaluate::explanation::AccountState;
use crate::evaluate::explanation::PolicyExplanation;
use crate::evaluate::{CauseKind, Explanation};
use crate::iam::Resource;

/// What was found of a level's allow policy, on the way to the target or beside it.
fn policy_at<'a>(explanation: &'a Explanation, at: &Resource) -> Option<&'a PolicyExplanation> {
    explanation
        .allow
        .iter()
        .chain(&explanation.off_path)
        .find(|p| p.resource == *at)
}

/// That there is no policy to be read of an account which is not there.
fn no_policy(known: &KnownAnswer, at: &Resource) -> Option<&'static str> {
    let explanation = &known.explanation;
    let (state, somebody) = if *at == explanation.question.target {
        let kind = CauseKind::TargetIsNoServiceAccount;
        let somebody = known.causes.iter().any(|cause| cause.kind == kind);
        (explanation.target_state, somebody)
    } else if is_caller(explanation, at) {
        (explanation.caller_state, false)
    } else {
        return None;
    };
    match state {
        AccountState::NotFound if somebody => {
            Some("It is no service account: it has no policy in IAM.")
        }
        AccountState::NotFound => Some("It does not exist, so it has no policy."),
        AccountState::Deleted => Some("It was deleted: no policy of it can be read."),
        AccountState::Active | AccountState::Disabled | AccountState::Unknown => None,
    }
}

/// The console's page of permissions for a level (the addresses that the console itself uses); `None`: it is not
/// there, or its project is not known.
#[must_use]
pub fn console_url(known: &KnownAnswer, resource: &Resource) -> Option<String> {
    const BASE: &str = "https://console.cloud.google.com/iam-admin";
    if no_policy(known, resource).is_some() {
        return None;
    }
    let estate = &known.estate;
    Some(match resource {
        Resource::Organization(n) => format!("{BASE}/iam?organizationId={n}"),
        Resource::Folder(n) => format!("{BASE}/iam?folder={n}"),
        Resource::Project(p) => format!("{BASE}/iam?project={p}"),
        Resource::ServiceAccount { project, account } => {
            let known = estate.account(account);
            let id = known
                .map(|a| a.unique_id.clone())
                .filter(|id| !id.is_empty())
                .unwrap_or_else(|| account.to_string());
            let project = match &**project {
                "-" => known.map(|a| estate.project_id_of(a))?,
                project => project,
            };
            format!("{BASE}/serviceaccounts/details/{id}/permissions?project={project}")
        }
    })
}
