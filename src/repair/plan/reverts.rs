//! Signs that a change made by hand will be reverted by a program that owns the policy. Pure.
//!
//! Service accounts have no labels (discovery document iam v1, `ServiceAccount`), their project has.
//! Terraform's provider labels what it makes `goog-terraform-provisioned` unless told otherwise,
//! Config Connector `managed-by-cnrm`. Whether a policy is owned whole (Terraform's
//! `google_service_account_iam_binding` and `_policy`) or member by member cannot be seen from
//! outside, so each sign is put as what it is.

use serde_json::Value;

use crate::estate::{Estate, Read};
use crate::iam::{Member, Resource};
use crate::text::visible;

/// Words that programs and people leave in descriptions, with the name to tell.
const OWNERS: [(&str, &str); 7] = [
    ("terraform", "Terraform"),
    ("opentofu", "OpenTofu"),
    ("pulumi", "Pulumi"),
    ("config connector", "Config Connector"),
    ("cnrm", "Config Connector"),
    ("crossplane", "Crossplane"),
    ("deployment manager", "Deployment Manager"),
];

/// Labels that programs set by themselves, with the name to tell.
const LABELS: [(&str, &str); 3] = [
    ("goog-terraform-provisioned", "Terraform"),
    ("managed-by-cnrm", "Config Connector"),
    ("goog-dm", "Deployment Manager"),
];

/// What in the estate suggests that the policy of a resource is owned by a program; sentences.
#[must_use]
pub fn signs(estate: &Estate, resource: &Resource) -> Vec<String> {
    let mut all = Vec::new();
    if let Some(account) = estate.account(resource.id()) {
        let description = account.extra.get("description").and_then(Value::as_str);
        for (place, text) in [
            ("description", description.unwrap_or_default()),
            ("display name", &account.display_name),
        ] {
            if let Some(owner) = owner(text) {
                all.push(format!(
                    "The account's {place} says \"{}\": {owner} may take a grant made by hand out again; add it there too.",
                    visible(text.trim())
                ));
            }
        }
    }
    let levels = estate.ancestry(resource).levels;
    for project in levels.iter().filter_map(|level| match level {
        Resource::Project(id) => estate.project(id),
        _ => None,
    }) {
        let labels = project.extra.get("labels").and_then(Value::as_object);
        for (key, value) in labels.into_iter().flatten() {
            let value = value.as_str().unwrap_or_default();
            let set_by = LABELS
                .iter()
                .find(|(label, _)| *label == key && value != "false")
                .map(|(_, owner)| *owner)
                .or_else(|| owner(value));
            if let Some(owner) = set_by {
                all.push(format!(
                    "The project {} is labelled {}={}: {owner} may take a grant made by hand out again; add it there too.",
                    visible(&project.project_id),
                    visible(key),
                    visible(value)
                ));
            }
        }
    }
    all.extend(levels.iter().filter_map(|level| writer(estate, level)));
    all
}

/// A program's account that may write the policy.
fn writer(estate: &Estate, level: &Resource) -> Option<String> {
    let Read::Known(Some(policy)) = estate.allow_policy(level) else {
        return None;
    };
    for binding in &policy.bindings {
        let may_write = estate
            .role(&binding.role)
            .known()
            .is_some_and(|r| r.includes("iam.serviceAccounts.setIamPolicy"));
        if !may_write {
            continue;
        }
        for member in &binding.members {
            let Member::One(principal) = &member.member else {
                continue;
            };
            let local = principal.email().and_then(|e| e.split('@').next());
            if let Some(owner) = local.and_then(owner) {
                return Some(format!(
                    "{} may write this policy: if {owner} owns it whole (google_service_account_iam_binding or _policy), its next run takes this grant out again.",
                    visible(&member.text)
                ));
            }
        }
    }
    None
}

fn owner(text: &str) -> Option<&'static str> {
    let text = text.to_lowercase();
    OWNERS
        .iter()
        .find(|(word, _)| text.contains(word))
        .map(|(_, owner)| *owner)
}
