//! What organization policies forbid here: members of allow policies, keys of accounts.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::emulator::call::StatusError;
use crate::emulator::world::World;
use crate::evaluate::Truth;
use crate::evaluate::org_policy::{Guards, keys_disabled};
use crate::iam::org_policy::ALLOWED_DOMAINS;
use crate::iam::{AllowPolicy, Resource};

/// Refuses an allow policy with a member that an organization policy does not let in. A policy is
/// written whole, so every member of it counts, not the new ones alone (Google's knowledge base,
/// "Organization Policy violation when setting IAM policy"). What is not known is let in.
///
/// The bodies: terraform-google-modules/terraform-example-foundation#1454 for the domains'; for the
/// managed constraint doc "Troubleshoot organization policy errors for service accounts".
pub(crate) fn let_in(
    world: &World,
    on: &Resource,
    policy: &AllowPolicy,
) -> Result<(), StatusError> {
    let guards = Guards::of(&world.estate, on);
    let members = policy.bindings.iter().flat_map(|b| &b.members);
    let refused = members
        .flat_map(|m| guards.judge(m))
        .filter(|g| g.lets_in == Truth::No);
    let mut outside: Vec<String> = Vec::new();
    let mut managed = None;
    for guard in refused {
        if guard.constraint == ALLOWED_DOMAINS {
            let address = address(&guard.member).to_owned();
            if !outside.contains(&address) {
                outside.push(address);
            }
        } else {
            managed = Some(guard.constraint);
        }
    }
    let name = on.relative();
    if !outside.is_empty() {
        let violations: Vec<Value> = outside
            .iter()
            .map(|address| {
                json!({
                    "type": format!("constraints/{ALLOWED_DOMAINS}"),
                    "subject": format!("orgpolicy:{name}?configvalue={}", utf8_percent_encode(address, NON_ALPHANUMERIC)),
                    "description": format!("User {address} is not in permitted organization."),
                })
            })
            .collect();
        let mut refusal = StatusError::precondition(
            "One or more users named in the policy do not belong to a permitted customer.",
        );
        refusal.details.push(json!({
            "@type": "type.googleapis.com/google.rpc.PreconditionFailure",
            "violations": violations,
        }));
        return Err(refusal);
    }
    let Some(constraint) = managed else {
        return Ok(());
    };
    let constraint = format!("constraints/{constraint}");
    Err(StatusError::precondition(format!(
        "Operation denied by org policy on resource '{name}': [\"{constraint}\": \"This constraint defines the organization principal sets that can be granted IAM roles in your organization.\"]."
    ))
    .info(
        "CUSTOM_ORG_POLICY_VIOLATION",
        "googleapis.com",
        &[("customConstraints", &constraint), ("resource", &name)],
    ))
}

/// What Google calls a member in these words: what follows its kind.
fn address(member: &str) -> &str {
    let kinds = ["user:", "serviceAccount:", "group:", "domain:"];
    kinds
        .iter()
        .find_map(|kind| member.strip_prefix(kind))
        .unwrap_or(member)
}

/// Refuses a key of an account where an organization policy forbids keys (doc "Troubleshoot
/// organization policy errors for service accounts", which has the body).
pub(crate) fn keys_allowed(world: &World, account: &Resource) -> Result<(), StatusError> {
    if keys_disabled(&world.estate, account) != Truth::Yes {
        return Ok(());
    }
    let words = "Key creation is not allowed on this service account.";
    let value = utf8_percent_encode(account.id(), AS_IS).to_string();
    let mut refusal = StatusError::precondition(words);
    refusal.details.push(json!({
        "@type": "type.googleapis.com/google.rpc.PreconditionFailure",
        "violations": [{
            "type": "constraints/iam.disableServiceAccountKeyCreation",
            "subject": format!("{}?configvalue={value}", account.relative()),
            "description": words,
        }],
    }));
    Err(refusal)
}

/// An address in a query: the documented body encodes the `@` alone.
const AS_IS: &percent_encoding::AsciiSet = &NON_ALPHANUMERIC.remove(b'.').remove(b'-').remove(b'_');
