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
pub use level::{level_lines, level_page};
pub use log::log_page;
pub use meaning::meaning_page;
pub use no_fix::no_fix_page;
pub use paths::paths_page;
pub use raw::raw_page;
pub use request::request_page;
pub use ticket::ticket;
pub use ways::ways_page;

use crate::estate::Estate;
use crate::evaluate::Explanation;
use crate::evaluate::explanation::PolicyExplanation;
use crate::iam::Resource;

/// What was found of a level's allow policy, on the way to the target or beside it.
fn policy_at<'a>(explanation: &'a Explanation, at: &Resource) -> Option<&'a PolicyExplanation> {
    explanation
        .allow
        .iter()
        .chain(&explanation.off_path)
        .find(|p| p.resource == *at)
}

/// The console's page of permissions for a level (the addresses that the console itself uses).
#[must_use]
pub fn console_url(estate: &Estate, resource: &Resource) -> String {
    const BASE: &str = "https://console.cloud.google.com/iam-admin";
    match resource {
        Resource::Organization(n) => format!("{BASE}/iam?organizationId={n}"),
        Resource::Folder(n) => format!("{BASE}/iam?folder={n}"),
        Resource::Project(p) => format!("{BASE}/iam?project={p}"),
        Resource::ServiceAccount { project, account } => {
            let id = estate
                .account(account)
                .map(|a| a.unique_id.clone())
                .filter(|id| !id.is_empty())
                .unwrap_or_else(|| account.to_string());
            format!("{BASE}/serviceaccounts/details/{id}/permissions?project={project}")
        }
    }
}
