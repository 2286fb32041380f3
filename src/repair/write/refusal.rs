//! Why a write was refused, where the server's words leave it open whom they mean.
//!
//! A policy is written whole, so a write can be refused for a member that stood there before
//! (hashicorp/terraform-provider-google#16505; Google's knowledge base, "Organization Policy
//! violation when setting IAM policy"): that one is named, not the new one. No guard is ever
//! advised to be taken down.

use serde_json::Value;

use crate::text::visible;
use crate::wire::ApiError;

/// A sentence or two beside the server's words, with a full stop; `None` when they say it all.
pub(super) fn hint(error: &ApiError, before: &Value, after: &Value) -> Option<String> {
    let (status, reason, message) = match error {
        ApiError::Refused {
            status,
            reason,
            message,
            ..
        } => (*status, reason.as_deref().unwrap_or_default(), message),
        ApiError::Unauthenticated { .. } => {
            return Some("Sign in again: gcloud auth application-default login".to_owned());
        }
        ApiError::Unreachable { .. } => return None,
    };
    let old = members(before);
    let new: Vec<&str> = members(after)
        .into_iter()
        .filter(|m| !old.contains(m))
        .collect();
    let named = |list: &[&str]| {
        list.iter()
            .find(|m| message.contains(address(m)))
            .map(|m| visible(m))
    };
    let other = named(&old).filter(|_| named(&new).is_none());
    let constraint = ["constraints/", "customConstraints/"]
        .iter()
        .find_map(|kind| reason.strip_prefix(kind));
    if let Some(constraint) = constraint {
        let constraint = visible(constraint);
        return Some(match other {
            Some(other) => format!(
                "This is not about the new member: {other}, in the policy already, is not among those that the organization policy {constraint} lets in, and a policy is written whole. Whoever keeps that organization policy (roles/orgpolicy.policyAdmin) or this one has to settle it first."
            ),
            None => format!(
                "The organization policy {constraint} does not let this member be granted a role here. Ask whoever keeps it (roles/orgpolicy.policyAdmin) whether it should; or call with an account of your own organization."
            ),
        });
    }
    if let Some(other) = other
        && status == 400
    {
        return Some(format!(
            "This is not about the new member: {other} is in the policy already, and a policy is written whole. Whoever owns the policy has to take it out, or put it right, first."
        ));
    }
    (status == 403).then(|| {
        "You may not change this policy: the plan can be copied as a request to somebody who may."
            .to_owned()
    })
}

fn members(policy: &Value) -> Vec<&str> {
    let bindings = policy.get("bindings").and_then(Value::as_array);
    bindings
        .into_iter()
        .flatten()
        .filter_map(|b| b.get("members").and_then(Value::as_array))
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}

/// What stands for the member in the server's words: what follows its kind.
fn address(member: &str) -> &str {
    let member = member.strip_prefix("deleted:").unwrap_or(member);
    let kinds = ["user:", "serviceAccount:", "group:", "domain:"];
    kinds
        .iter()
        .find_map(|kind| member.strip_prefix(kind))
        .unwrap_or(member)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn policy(members: &[&str]) -> Value {
        json!({"bindings": [{"role": "roles/x", "members": members}]})
    }

    fn refused(status: u16, reason: &str, message: &str) -> ApiError {
        ApiError::Refused {
            what: "write".into(),
            status,
            reason: Some(reason.into()).filter(|r: &String| !r.is_empty()),
            message: message.into(),
        }
    }

    fn said(error: &ApiError) -> String {
        let gone = "deleted:user:gone@else.com?uid=7";
        let before = policy(&["user:old@else.com", gone]);
        let after = policy(&["user:old@else.com", gone, "serviceAccount:new@p.com"]);
        hint(error, &before, &after).unwrap_or_default()
    }

    #[test]
    fn the_organizations_guard_is_named_with_the_member_it_means() {
        let domains = "constraints/iam.allowedPolicyMemberDomains";
        let mine = refused(
            400,
            domains,
            "User new@p.com is not in permitted organization.",
        );
        assert!(said(&mine).starts_with("The organization policy iam.allowedPolicyMemberDomains"));
        let theirs = refused(
            400,
            domains,
            "User old@else.com is not in permitted organization.",
        );
        assert!(said(&theirs).contains("not about the new member: user:old@else.com"));
    }

    #[test]
    fn a_deleted_member_that_stops_the_write_is_named() {
        let words = "Email 'x' is not the primary email address for unique ID '7' of deleted member 'gone@else.com?uid=7'";
        let error = refused(400, "", words);
        assert!(said(&error).contains("deleted:user:gone@else.com?uid=7"));
        let new = refused(400, "", "Service account new@p.com does not exist.");
        assert_eq!(said(&new), "", "the server says it");
        assert!(said(&refused(403, "", "no")).contains("request"));
    }
}
