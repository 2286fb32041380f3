//! Projects, folders, organizations, service accounts, custom roles, deny policies, boundaries and identity
//! pools of Terraform's, in the form in which the API has them.

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::super::{IdentityPool, Provider, ServiceAccount};
use super::super::draft::Draft;
use super::super::forms::{AnyFolder, AnyOrganization, AnyProject};
use super::super::kept::Fault;
use super::super::words;
use super::resource::{TfResource, TfValue};
use crate::iam::{BoundaryPolicy, DenyPolicy, Extra, PolicyBinding, Resource, Role};

impl Draft {
    /// Takes in a thing; `false` where it is of no kind that counts.
    pub(super) fn terraform_thing(&mut self, one: &TfResource<'_>) -> Result<bool, Fault> {
        match one.kind {
            "google_project" => self.tf_project(one)?,
            "google_folder" => self.tf_folder(one)?,
            "google_organization" => self.tf_organization(one)?,
            "google_service_account" => self.tf_account(one)?,
            "google_project_iam_custom_role" => self.tf_role(one, "projects", "project")?,
            "google_organization_iam_custom_role" => {
                self.tf_role(one, "organizations", "org_id")?;
            }
            "google_iam_deny_policy" => self.tf_deny(one)?,
            "google_iam_principal_access_boundary_policy" => self.tf_boundary(one)?,
            "google_iam_organizations_policy_binding" => {
                self.tf_binding(one, "organizations", "organization")?;
            }
            "google_iam_folders_policy_binding" => self.tf_binding(one, "folders", "folder")?,
            "google_iam_projects_policy_binding" => self.tf_binding(one, "projects", "project")?,
            "google_iam_workload_identity_pool" | "google_iam_workforce_pool" => {
                self.tf_pool(one)?;
            }
            "google_iam_workload_identity_pool_provider" | "google_iam_workforce_pool_provider" => {
                self.tf_provider(one)?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn tf_project(&mut self, one: &TfResource<'_>) -> Result<(), Fault> {
        let Some(id) = one.text("project_id").is() else {
            return Ok(());
        };
        let (folder, organization) = (one.text("folder_id"), one.text("org_id"));
        let unknown = folder.is_unknown() || organization.is_unknown();
        let parent = match (folder.is(), organization.is()) {
            (Some(folder), _) => Some(in_full("folders", &folder)),
            (None, Some(organization)) => Some(in_full("organizations", &organization)),
            (None, None) => None,
        };
        // By its id alone where the number, or what lies above, is not known yet.
        let number = one
            .text("number")
            .is()
            .filter(|_| !(unknown && parent.is_none()));
        let mut fields = json!({ "projectId": id, "name": format!("projects/{}", number.as_deref().unwrap_or(&id)),
            "displayName": one.text("name").is().unwrap_or_default() });
        if number.is_some() {
            fields["state"] = "ACTIVE".into();
        }
        if let Some(parent) = parent {
            fields["parent"] = parent.into();
        }
        self.export
            .told
            .insert(Resource::project(number.as_deref().unwrap_or(&id)));
        self.project(told::<AnyProject>(fields)?.into())
    }

    fn tf_folder(&mut self, one: &TfResource<'_>) -> Result<(), Fault> {
        let name = one.text("name").is().or_else(|| one.text("folder").is());
        let (Some(name), Some(parent)) = (name, one.text("parent").is()) else {
            return Ok(());
        };
        let name = in_full("folders", &name);
        self.export.told.extend(Resource::parse(&name));
        let fields = json!({ "name": name, "parent": parent,
            "displayName": one.text("display_name").is().unwrap_or_default() });
        self.folder(told::<AnyFolder>(fields)?.into())
    }

    fn tf_organization(&mut self, one: &TfResource<'_>) -> Result<(), Fault> {
        let number = one.text("org_id").is().or_else(|| one.text("name").is());
        let Some(number) = number else {
            return Ok(());
        };
        let name = in_full("organizations", &number);
        self.export.told.extend(Resource::parse(&name));
        let mut fields =
            json!({ "name": name, "displayName": one.text("domain").is().unwrap_or_default() });
        if let Some(customer) = one.text("directory_customer_id").is() {
            fields["directoryCustomerId"] = customer.into();
        }
        self.organization(told::<AnyOrganization>(fields)?.into())
    }

    fn tf_account(&mut self, one: &TfResource<'_>) -> Result<(), Fault> {
        let email = one.text("email").is();
        let home = email.as_deref().and_then(crate::iam::owner::project_of);
        let Some(project) = one.text("project").is().or_else(|| home.map(str::to_owned)) else {
            return Ok(());
        };
        // Before it is made the address follows from its id (doc "Create service accounts").
        let email = email.or_else(|| {
            let id = one.text("account_id").is()?;
            Some(format!(
                "{id}@{}.iam.gserviceaccount.com",
                in_address(&project)
            ))
        });
        let Some(email) = email else {
            return Ok(());
        };
        self.export.told.insert(Resource::project(&project));
        self.account(ServiceAccount {
            name: format!("projects/{project}/serviceAccounts/{email}"),
            email,
            project_id: project,
            unique_id: one.text("unique_id").is().unwrap_or_default(),
            display_name: one.text("display_name").is().unwrap_or_default(),
            disabled: one.on("disabled"),
            extra: Extra::default(),
        })
    }

    fn tf_role(&mut self, one: &TfResource<'_>, level: &str, place: &str) -> Result<(), Fault> {
        let (Some(home), Some(id)) = (one.text(place).is(), one.text("role_id").is()) else {
            return Ok(());
        };
        let name = format!("{}/roles/{id}", in_full(level, &home));
        let (permissions, open) = one.texts("permissions");
        if open {
            return self.unreadable(name);
        }
        self.role(told::<Role>(
            json!({ "name": name, "includedPermissions": permissions,
            "stage": one.text("stage").is().unwrap_or_else(|| "GA".to_owned()),
            "title": one.text("title").is().unwrap_or_default(), "deleted": one.on("deleted") }),
        )?)
    }

    fn tf_deny(&mut self, one: &TfResource<'_>) -> Result<(), Fault> {
        let Some(parent) = one.text("parent").is() else {
            return Ok(());
        };
        let list = format!("policies/{parent}/denypolicies");
        let (Some(name), TfValue::Is(rules)) = (one.text("name").is(), one.value("rules")) else {
            return self.unreadable(list);
        };
        self.says_deny = true;
        let mut rules = camel(rules);
        for rule in rules.as_array_mut().into_iter().flatten() {
            unwrap(rule, "denyRule");
            if let Some(rule) = rule.get_mut("denyRule") {
                unwrap(rule, "denialCondition");
            }
        }
        self.deny_policy(told::<DenyPolicy>(
            json!({ "name": format!("{list}/{name}"), "rules": rules }),
        )?)
    }

    fn tf_boundary(&mut self, one: &TfResource<'_>) -> Result<(), Fault> {
        let id = one.text("principal_access_boundary_policy_id").is();
        let (Some(organization), Some(id)) = (one.text("organization").is(), id) else {
            return Ok(());
        };
        let name = format!(
            "{}/locations/global/principalAccessBoundaryPolicies/{id}",
            in_full("organizations", &organization)
        );
        self.says_boundaries = true;
        let TfValue::Is(details) = one.block("details") else {
            return self.unreadable(name);
        };
        let mut details = camel(&Value::Object(details.clone()));
        if details.get("enforcementVersion").is_some_and(|v| v == "") {
            details["enforcementVersion"] = Value::Null;
        }
        self.boundary(told::<BoundaryPolicy>(
            json!({ "name": name, "details": details }),
        )?)
    }

    fn tf_binding(&mut self, one: &TfResource<'_>, level: &str, place: &str) -> Result<(), Fault> {
        let Some(home) = one.text(place).is() else {
            return Ok(());
        };
        let list = format!("{}/locations/global/policyBindings", in_full(level, &home));
        self.says_boundaries = true;
        let target = match one.block("target") {
            TfValue::Is(block) => block.get("principal_set").and_then(Value::as_str),
            _ => None,
        };
        let condition = one.block("condition");
        let known = (
            one.text("policy_binding_id").is(),
            target,
            one.text("policy").is(),
        );
        let (Some(id), Some(target), Some(policy)) = known else {
            return self.unreadable(list);
        };
        if condition.is_unknown() {
            return self.unreadable(list);
        }
        let mut fields = json!({ "name": format!("{list}/{id}"), "policy": policy,
            "target": { "principalSet": target },
            "policyKind": one.text("policy_kind").is().unwrap_or_else(|| "PRINCIPAL_ACCESS_BOUNDARY".to_owned()) });
        if let TfValue::Is(block) = condition {
            fields["condition"] = Value::Object(block.clone());
        }
        self.binding(told::<PolicyBinding>(fields)?)
    }

    fn tf_pool(&mut self, one: &TfResource<'_>) -> Result<(), Fault> {
        let Some(name) = pool_name(one) else {
            return Ok(());
        };
        let mut fields = json!({ "name": name, "disabled": one.on("disabled") });
        if let Some(state) = one.text("state").is() {
            fields["state"] = state.into();
        }
        self.pool(told::<IdentityPool>(fields)?)
    }

    fn tf_provider(&mut self, one: &TfResource<'_>) -> Result<(), Fault> {
        let Some(pool) = pool_name(one) else {
            return Ok(());
        };
        let id = one.text("workload_identity_pool_provider_id").is();
        let id = id.or_else(|| one.text("provider_id").is());
        let open = [
            "attribute_mapping",
            "attribute_condition",
            "oidc",
            "aws",
            "saml",
        ]
        .iter()
        .any(|key| one.value(key).is_unknown());
        let Some(id) = id.filter(|_| !open) else {
            return self.unreadable(format!("{pool}/providers"));
        };
        let mut fields = json!({ "name": format!("{pool}/providers/{id}"), "disabled": one.on("disabled"),
            "attributeMapping": one.value("attribute_mapping").is().cloned().unwrap_or_else(|| json!({})) });
        if let Some(condition) = one.text("attribute_condition").is() {
            fields["attributeCondition"] = condition.into();
        }
        if let Some(state) = one.text("state").is() {
            fields["state"] = state.into();
        }
        for kind in ["oidc", "aws", "saml"] {
            if let TfValue::Is(block) = one.block(kind) {
                fields[kind] = camel(&Value::Object(block.clone()));
            }
        }
        self.provider(told::<Provider>(fields)?)
    }
}

/// The pool that a pool or provider is, or is of. The name in full has the project's number; made of its parts
/// the id stands there, which the estate knows as the same.
fn pool_name(one: &TfResource<'_>) -> Option<String> {
    if let Some(name) = one.text("name").is() {
        let pool = name.split("/providers/").next()?;
        if pool.contains("/workloadIdentityPools/") || pool.contains("/workforcePools/") {
            return Some(pool.to_owned());
        }
    }
    if let Some(id) = one.text("workforce_pool_id").is() {
        return Some(format!("locations/global/workforcePools/{id}"));
    }
    let id = one.text("workload_identity_pool_id").is()?;
    let project = in_full("projects", &one.text("project").is()?);
    Some(format!(
        "{project}/locations/global/workloadIdentityPools/{id}"
    ))
}

/// `folders/1` of `1` or `folders/1`.
fn in_full(level: &str, name: &str) -> String {
    let bare = name.strip_prefix(level).and_then(|n| n.strip_prefix('/'));
    format!("{level}/{}", bare.unwrap_or(name))
}

/// A project's id as addresses have it: `app.example.com` of `example.com:app`.
fn in_address(project: &str) -> String {
    match project.split_once(':') {
        Some((scope, id)) => format!("{id}.{scope}"),
        None => project.to_owned(),
    }
}

/// Keys as the API has them, all the way down; what is not set is not there.
fn camel(value: &Value) -> Value {
    match value {
        Value::Array(list) => list.iter().map(camel).collect(),
        Value::Object(map) => {
            let set = map.iter().filter(|(_, value)| !value.is_null());
            let named = set.map(|(key, value)| {
                let mut words = key.split('_');
                let mut name = words.next().unwrap_or_default().to_owned();
                for word in words {
                    let mut letters = word.chars();
                    name.extend(letters.next().map(|c| c.to_ascii_uppercase()));
                    name.push_str(letters.as_str());
                }
                (name, camel(value))
            });
            Value::Object(named.collect())
        }
        other => other.clone(),
    }
}

/// A block that stands in a list of one, as the API has it; an empty list is none.
fn unwrap(of: &mut Value, key: &str) {
    let Some(fields) = of.as_object_mut() else {
        return;
    };
    if let Some(Value::Array(list)) = fields.get(key) {
        match list.first().cloned() {
            Some(first) => fields.insert(key.to_owned(), first),
            None => fields.remove(key),
        };
    }
}

fn told<T: for<'de> Deserialize<'de>>(fields: Value) -> Result<T, Fault> {
    serde_json::from_value(fields).map_err(|e| {
        let why = words::plain(&e.to_string());
        Fault::from(format!(
            "a resource of Terraform is not as its provider writes it: {why}"
        ))
    })
}
