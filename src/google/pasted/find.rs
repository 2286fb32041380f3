//! What a text names: permission, target, caller, service, project, the error's id.
//!
//! Each is looked for in the places where Google, its tools and its libraries write it, the plainest
//! place first. What may as well be the other of the pair is left alone: a wrong guess is worse than
//! a question.

use std::sync::LazyLock;

use regex::Regex;

use crate::iam::Permission;

/// E-mail or unique id; the dot that ends a sentence does not belong to it.
macro_rules! account {
    () => {
        r"([A-Za-z0-9._+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+|\d{15,32})"
    };
}

/// A principal or an address as somebody may have typed it.
macro_rules! member {
    () => {
        r"((?:serviceAccount:|user:)?[A-Za-z0-9._+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+|principal://[^\s\x22',\\)\]}<>]+|serviceAccount:[a-z0-9-]+\.svc\.id\.goog\[[^\]\s]+\])"
    };
}

/// A key of JSON, YAML, HCL or a program's words, with what stands between it and its value.
macro_rules! key {
    ($name:expr) => {
        concat!(r#"\b"#, $name, r#"["'`]?\s*(?:[:=]|=>)\s*\\?["'`\[]?"#)
    };
}

type Patterns = LazyLock<Vec<Regex>>;

/// A pattern that does not compile is left out; a test counts them.
fn compiled(patterns: &[&str]) -> Vec<Regex> {
    patterns.iter().filter_map(|p| Regex::new(p).ok()).collect()
}

fn first(patterns: &Patterns, text: &str) -> Option<String> {
    let found = patterns.iter().find_map(|p| p.captures(text)?.get(1));
    found.map(|m| m.as_str().to_owned())
}

const PERMISSION: &[&str] = &[
    // ErrorInfo's metadata, an audit log's authorizationInfo.
    concat!(
        key!("permission"),
        r"([a-z][A-Za-z0-9]*(?:\.[A-Za-z0-9]+){2,3})\b"
    ),
    r"[Pp]ermissions? ['\x22`\[]?([a-z][A-Za-z0-9]*(?:\.[A-Za-z0-9]+){2,3})['\x22`\]]? (?:is )?(?:denied|missing|required)",
    // Cloud Storage, BigQuery, Compute.
    r"does not have ([a-z][A-Za-z0-9]*(?:\.[A-Za-z0-9]+){2,3}) (?:access|permission)",
    r"[Rr]equired ['\x22`]?([a-z][A-Za-z0-9]*(?:\.[A-Za-z0-9]+){2,3})['\x22`]? permission",
    r"(?:with|lacks?|missing|needs?|require[sd]?) (?:the )?(?:IAM )?(?:permissions? )?['\x22`\[]?([a-z][A-Za-z0-9]*(?:\.[A-Za-z0-9]+){2,3})\b",
    r"the ['\x22`]?([a-z][A-Za-z0-9]*(?:\.[A-Za-z0-9]+){2,3})['\x22`]? permission",
    r"\b(iam\.serviceAccounts\.[A-Za-z]+)\b",
];

const TARGET: &[&str] = &[
    // The call itself.
    concat!(
        r"serviceAccounts/",
        account!(),
        r":(?:generateAccessToken|generateIdToken|signBlob|signJwt|getOpenIdToken)"
    ),
    // gcloud (googlecloudsdk/core/credentials/store.py and its error texts).
    concat!(r"[Ff]ailed to impersonate ['\x22`\[]?", account!()),
    concat!(
        r"[Ii]mpersonation is used to impersonate ['\x22`\[]?",
        account!()
    ),
    concat!(
        r"service account impersonation\. All API calls will be executed as \[",
        account!()
    ),
    // google-github-actions/auth.
    concat!(
        r"(?i)\b(?:access|id|identity|auth) token for (?:service account )?['\x22`\[]?",
        account!()
    ),
    // Options and settings of gcloud, Terraform and Google's libraries.
    concat!(key!("impersonate[-_]service[-_]account"), account!()),
    concat!(
        r"--impersonate[-_]service[-_]account[= ]['\x22]?",
        account!()
    ),
    concat!(
        key!("(?i:target[-_ ]?(?:service[-_ ]?account|principal)(?:[-_ ]?email)?)"),
        account!()
    ),
    concat!(r"(?m)^principal\s*=\s*['\x22]", account!()),
    // Resource names: audit logs, requests, ErrorInfo.
    concat!(
        key!("(?:resourceName|resource|name)"),
        r"(?://iam\.googleapis\.com/)?projects/[^/\s\x22']+/serviceAccounts/",
        account!()
    ),
    concat!(r"\bprojects/[^/\s\x22']+/serviceAccounts/", account!()),
    concat!(key!("email_id"), account!()),
    // No such account, or a disabled one.
    concat!(r"not found for email:? ?['\x22`\[]?", account!()),
    concat!(r"(?i)unknown service account:? ?['\x22`\[]?", account!()),
    concat!(
        r"(?i)service account:? ['\x22`\[]?",
        account!(),
        r"['\x22`\]]? (?:does not exist|was not found|not found|is disabled|has been disabled|is deleted)"
    ),
    concat!(r"(?i)on service account ['\x22`\[]?", account!()),
    concat!(r"(?i)account disabled:? ['\x22`\[]?", account!()),
    concat!(
        r"(?i)\bimpersonat(?:e|ing) (?:as )?(?:the )?(?:service account )?['\x22`\[]?",
        account!()
    ),
    concat!(key!("(?i:target)"), account!()),
];

const CALLER: &[&str] = &[
    // Cloud Audit Logs: the subject says more than the address, and is there without one.
    concat!(
        key!("principalSubject"),
        r"(principal://[^\s\x22',\\)\]}<>]+)"
    ),
    concat!(key!("principalEmail"), account!()),
    concat!(key!("principalSubject"), member!()),
    // gcloud.
    concat!(r"authenticated as ['\x22`\[]?", member!()),
    concat!(r"\[", account!(), r"\] does not have permission"),
    concat!(r"(?i)active account:? ?\[?", account!()),
    // Cloud Storage and others name the caller first.
    concat!(
        member!(),
        r" does not have [a-z][A-Za-z0-9]*\.[A-Za-z0-9.]+ (?:access|permission)"
    ),
    concat!(
        key!("(?i:caller|source[-_ ]principal|client_email)"),
        member!()
    ),
    concat!(r"(?i)\bcaller ['\x22`\[]?", member!()),
    r"\b(principal://[^\s\x22',\\)\]}<>]+)",
    r"\b(serviceAccount:[a-z0-9-]+\.svc\.id\.goog\[[^\]\s]+\])",
];

const SERVICE: &[&str] = &[
    concat!(
        key!("service"),
        r"([a-z0-9-]+(?:\.[a-z0-9-]+)*\.googleapis\.com)\b"
    ),
    concat!(
        key!("serviceName"),
        r"([a-z0-9-]+(?:\.[a-z0-9-]+)*\.googleapis\.com)\b"
    ),
    r"/apis/api/([a-z0-9-]+(?:\.[a-z0-9-]+)*\.googleapis\.com)/",
    r"https?://([a-z0-9-]+\.googleapis\.com)/",
];

const PROJECT: &[&str] = &[
    concat!(
        key!("consumer"),
        r"projects/([A-Za-z0-9][A-Za-z0-9.:-]*[A-Za-z0-9])"
    ),
    r"overview\?project=([A-Za-z0-9][A-Za-z0-9.:-]*[A-Za-z0-9])",
    r"in project ['\x22`]?([A-Za-z0-9][A-Za-z0-9.:-]*[A-Za-z0-9])['\x22`]? before",
    r"permission to use project ['\x22`]?([A-Za-z0-9][A-Za-z0-9.:-]*[A-Za-z0-9])",
    concat!(
        key!("containerInfo"),
        r"(?:projects/)?([A-Za-z0-9][A-Za-z0-9.:-]*[A-Za-z0-9])"
    ),
];

const ERROR_INFO_ID: &[&str] = &[concat!(
    key!("(?:error_info_id|errorInfoId)"),
    r"([A-Za-z0-9_+/=-]{8,200})"
)];

/// The permission that was refused.
pub(super) fn permission(text: &str) -> Option<Permission> {
    static PATTERNS: Patterns = LazyLock::new(|| compiled(PERMISSION));
    let found = first(&PATTERNS, text)?;
    // Cloud Run and Compute Engine write it in lower case: `iam.serviceaccounts.actAs`.
    let found = match found.strip_prefix("iam.serviceaccounts.") {
        Some(verb) => format!("iam.serviceAccounts.{verb}"),
        None => found,
    };
    Permission::parse(&found).ok()
}

/// The account that was to be acted as.
pub(super) fn target(text: &str) -> Option<String> {
    static PATTERNS: Patterns = LazyLock::new(|| compiled(TARGET));
    first(&PATTERNS, text)
}

/// Who called.
pub(super) fn caller(text: &str) -> Option<String> {
    static PATTERNS: Patterns = LazyLock::new(|| compiled(CALLER));
    first(&PATTERNS, text)
}

/// The service that answered; addresses of pages for people are none.
pub(super) fn service(text: &str) -> Option<String> {
    static PATTERNS: Patterns = LazyLock::new(|| compiled(SERVICE));
    let no_api = ["www.googleapis.com", "oauth2.googleapis.com"];
    PATTERNS.iter().find_map(|pattern| {
        pattern
            .captures_iter(text)
            .filter_map(|c| Some(c.get(1)?.as_str().to_owned()))
            .find(|name| !no_api.contains(&name.as_str()))
    })
}

/// The project that is billed.
pub(super) fn project(text: &str) -> Option<String> {
    static PATTERNS: Patterns = LazyLock::new(|| compiled(PROJECT));
    first(&PATTERNS, text)
}

/// What `troubleshootError` explains.
pub(super) fn error_info_id(text: &str) -> Option<String> {
    static PATTERNS: Patterns = LazyLock::new(|| compiled(ERROR_INFO_ID));
    first(&PATTERNS, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_compiles() {
        for list in [PERMISSION, TARGET, CALLER, SERVICE, PROJECT, ERROR_INFO_ID] {
            for pattern in list {
                assert!(Regex::new(pattern).is_ok(), "{pattern}");
            }
        }
    }
}
