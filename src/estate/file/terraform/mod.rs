//! What Terraform holds: `terraform show -json` of a state and of a plan, and a state as it is stored (the
//! JSON output format and the state's version 4 of Terraform; arguments and attributes as the Google provider's
//! reference names them).
//!
//! Terraform holds what it manages and nothing else: a policy of which it manages some members is known in part,
//! and what is there beside is not known. A value that is known after the apply alone, or that Terraform marks as
//! sensitive, is not known either; no value of an attribute that decides nothing is looked at.

mod grants;
mod resource;
mod things;

use serde_json::{Map, Value};

use super::draft::{Draft, Taken};
use resource::TfResource;

/// Keys with which it begins, beside those that other forms begin with too.
pub(super) const KEYS: &[&str] = &[
    "applyable",
    "check_results",
    "checks",
    "complete",
    "errored",
    "format_version",
    "lineage",
    "output_changes",
    "outputs",
    "planned_values",
    "prior_state",
    "relevant_attributes",
    "resource_changes",
    "resource_drift",
    "resources",
    "serial",
    "terraform_version",
    "timestamp",
    "values",
    "variables",
    "configuration",
];

const NOTHING: &str = "Terraform manages nothing of Google's in it that decides who may act as a service account (projects, folders, organizations, service accounts, their IAM, custom roles, deny policies, boundaries, identity pools): give another state, or an export";
const NO_VALUES: &str = "this is of Terraform, and holds neither a state's values nor a plan's: give what terraform show -json prints of one";
const OLD_STATE: &str = "this is a state of Terraform of a version other than 4: give what terraform show -json prints of it";

/// Whether an object is of Terraform.
pub(super) fn is(fields: &Map<String, Value>) -> bool {
    let has = |key: &str| fields.contains_key(key);
    has("format_version") || (has("terraform_version") && (has("resources") || has("serial")))
}

impl Draft {
    /// Takes in a state or a plan.
    pub(super) fn terraform(&mut self, fields: &Map<String, Value>) -> Taken {
        self.export.any = true;
        self.export.part = true;
        let mut all = Vec::new();
        if fields.contains_key("format_version") {
            let planned = fields.get("planned_values");
            let changes = fields.get("resource_changes").and_then(Value::as_array);
            let changes = resource::by_address(changes.map_or(&[][..], Vec::as_slice));
            if let Some(root) = planned.and_then(|v| v.get("root_module")) {
                resource::of_module(root, Some(&changes), &mut all);
            }
            // What a plan read stands in the state before it.
            let before = fields.get("prior_state").and_then(|s| s.get("values"));
            let values = fields
                .get("values")
                .or(before.filter(|_| planned.is_some()));
            if let Some(root) = values.and_then(|v| v.get("root_module")) {
                let from = all.len();
                resource::of_module(root, None, &mut all);
                if planned.is_some() {
                    let read: Vec<_> = all.drain(from..).filter(|r| r.data).collect();
                    all.extend(read);
                }
            } else if planned.is_none() {
                return Err(NO_VALUES.into());
            }
        } else {
            if fields.get("version").and_then(Value::as_u64) != Some(4) {
                return Err(OLD_STATE.into());
            }
            let list = fields.get("resources").and_then(Value::as_array);
            resource::of_state(list.map_or(&[][..], Vec::as_slice), &mut all);
        }
        let mut grants = grants::Grants::default();
        let mut any = false;
        for one in &all {
            any |= self.terraform_resource(one, &mut grants)?;
        }
        if !any {
            return Err(NOTHING.into());
        }
        for (on, policy) in grants.into_policies() {
            let on = self.named(&on)?;
            self.policy(&on.full_name(), policy)?;
        }
        Ok(())
    }

    /// Whether the resource counts for something.
    fn terraform_resource(
        &mut self,
        one: &TfResource<'_>,
        grants: &mut grants::Grants,
    ) -> Result<bool, super::kept::Fault> {
        if !one.kind.starts_with("google_") {
            return Ok(false);
        }
        if one.kind.contains("_iam_audit_config") {
            return Ok(true);
        }
        if (!one.data && grants.take(one)?) || self.terraform_thing(one)? {
            return Ok(true);
        }
        // Resources of other services; policies that are read are those of resources.
        if !one.data {
            *self.export.skipped.entry(one.kind.to_owned()).or_default() += 1;
        }
        Ok(false)
    }
}
