//! What an answer that is no success means.

use reqwest::header::{HeaderMap, LOCATION};
use serde_json::Value;

use super::safe::printable;
use crate::wire::ApiError;

/// Reads Google's error body (AIP-193: `error.message`, `error.details[]` with an `ErrorInfo`).
/// What a precondition says (`google.rpc.PreconditionFailure`) stands with the words: an organization
/// policy that refuses a member names itself only there
/// (terraform-google-modules/terraform-example-foundation#1257).
/// An answer of another shape, such as a proxy's HTML page, is told by its status and first words.
pub(super) fn refused(what: &str, status: u16, body: &[u8]) -> ApiError {
    let what = what.to_owned();
    let (message, reason) = match serde_json::from_slice::<Value>(body) {
        Ok(value) => (words(&value, status), reason(&value)),
        Err(_) => (no_json(body, status), None),
    };
    if status == 401 {
        return ApiError::Unauthenticated { what, message };
    }
    ApiError::Refused {
        what,
        status,
        reason,
        message,
    }
}

fn words(value: &Value, status: u16) -> String {
    let message = value
        .pointer("/error/message")
        .or_else(|| value.get("error_description"))
        .and_then(Value::as_str);
    let Some(message) = message else {
        return format!("HTTP {status} without a message");
    };
    let described: Vec<&str> = violations(value)
        .filter_map(|v| v.get("description")?.as_str())
        .filter(|d| !message.contains(d))
        .take(3)
        .collect();
    if described.is_empty() {
        return printable(message);
    }
    printable(&format!("{message} {}", described.join(" ")))
}

fn violations(value: &Value) -> impl Iterator<Item = &Value> {
    let details = value.pointer("/error/details").and_then(Value::as_array);
    details
        .into_iter()
        .flatten()
        .filter_map(|d| d.get("violations")?.as_array())
        .flatten()
}

fn reason(value: &Value) -> Option<String> {
    let details = value.pointer("/error/details")?.as_array()?;
    let reason = details.iter().find_map(|d| {
        let reason = d.get("reason")?.as_str()?;
        // A managed constraint names itself beside it (doc "Troubleshoot organization policy errors
        // for service accounts").
        let constraint = d.pointer("/metadata/customConstraints");
        let violated = reason == "CUSTOM_ORG_POLICY_VIOLATION";
        let named = constraint.and_then(Value::as_str).filter(|_| violated);
        Some(named.unwrap_or(reason))
    });
    let violated = || violations(value).find_map(|v| v.get("type")?.as_str());
    reason.or_else(violated).map(printable)
}

/// Whether a body is a page: it comes from something between.
pub(super) fn is_page(body: &[u8]) -> bool {
    body.trim_ascii_start().first() == Some(&b'<')
}

/// What an answer with success holds that is no JSON: a page is told by its first words.
pub(super) fn not_json(body: &[u8], error: &serde_json::Error) -> String {
    if !is_page(body) {
        return format!("the answer is not JSON: {error}");
    }
    let page = first_words(body);
    format!(
        "a page came instead of an answer, as of a proxy or of a network that wants a login first: {}",
        printable(&page)
    )
}

/// What a proxy's 407 means.
pub(super) const PROXY_LOGIN: &str =
    "the proxy wants a login: HTTP_PROXY and HTTPS_PROXY take one, http://USER:PASSWORD@HOST:PORT";

/// An answer that Google's APIs never send, in words: sent on elsewhere (a portal's login), Network
/// Authentication Required (RFC 6585 section 6), a proxy's own refusal (RFC 9110 section 15.5.8).
pub(super) fn stranger(status: u16, headers: &HeaderMap) -> Option<String> {
    match status {
        300..400 => {
            let to = headers.get(LOCATION).and_then(|to| to.to_str().ok());
            // A portal's address may carry who asks.
            let end = |to: &str| to.find(['?', '#']).unwrap_or(to.len());
            let to = to.map(|to| printable(to.get(..end(to)).unwrap_or_default()));
            Some(format!(
                "HTTP {status}, sent on to {}, as by a network that wants a login first: sign in to it with a browser",
                to.as_deref().unwrap_or("nowhere")
            ))
        }
        407 => Some(format!("HTTP {status}: {PROXY_LOGIN}")),
        511 => Some(format!(
            "HTTP {status}: this network wants a login first: sign in to it with a browser"
        )),
        _ => None,
    }
}

/// Google itself sometimes answers 403 in HTML (hashicorp/terraform-provider-google#13730).
fn no_json(body: &[u8], status: u16) -> String {
    let plain = first_words(body);
    if plain.is_empty() {
        format!("HTTP {status} with an empty body")
    } else {
        printable(&format!("HTTP {status}, not JSON: {plain}"))
    }
}

/// The first words of a page, without its marks.
fn first_words(body: &[u8]) -> String {
    let start = body.get(..body.len().min(2_000)).unwrap_or_default();
    let text = String::from_utf8_lossy(start);
    let mut plain = String::new();
    let mut inside = false;
    for c in text.chars() {
        match c {
            '<' => inside = true,
            '>' => {
                inside = false;
                plain.push(' ');
            }
            c if !inside => plain.push(c),
            _ => {}
        }
    }
    let plain: Vec<&str> = plain.split_whitespace().take(30).collect();
    plain.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn googles_body_gives_message_and_reason() {
        let body = br#"{"error":{"code":403,"message":"no\u001b[2J","status":"PERMISSION_DENIED",
            "details":[{"@type":"x","reason":"IAM_PERMISSION_DENIED"}]}}"#;
        let ApiError::Refused {
            reason, message, ..
        } = refused("read", 403, body)
        else {
            panic!("not refused")
        };
        assert_eq!(reason.as_deref(), Some("IAM_PERMISSION_DENIED"));
        assert_eq!(message, "no [2J");
    }

    /// As in terraform-google-modules/terraform-example-foundation#1454.
    #[test]
    fn a_precondition_says_which_policy_and_whom_it_means() {
        let body = br#"{"error":{"code":400,"message":"One or more users named in the policy do not belong to a permitted customer.",
            "status":"FAILED_PRECONDITION","details":[{"@type":"type.googleapis.com/google.rpc.PreconditionFailure",
            "violations":[{"description":"User a@b.c is not in permitted organization.",
            "subject":"orgpolicy:projects/p?configvalue=a@b.c","type":"constraints/iam.allowedPolicyMemberDomains"}]}]}}"#;
        let ApiError::Refused {
            reason, message, ..
        } = refused("write", 400, body)
        else {
            panic!("not refused")
        };
        assert_eq!(
            reason.as_deref(),
            Some("constraints/iam.allowedPolicyMemberDomains")
        );
        assert_eq!(
            message,
            "One or more users named in the policy do not belong to a permitted customer. User a@b.c is not in permitted organization."
        );
    }

    #[test]
    fn a_page_of_html_is_told_in_its_words() {
        let error = refused(
            "read",
            403,
            b"<html><body>Your client does not have permission</body></html>",
        );
        assert_eq!(
            error.to_string(),
            "read: HTTP 403 HTTP 403, not JSON: Your client does not have permission"
        );
        assert!(matches!(
            refused("read", 401, b""),
            ApiError::Unauthenticated { .. }
        ));
    }
}
