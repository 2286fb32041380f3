//! The same change in the words of other tools: gcloud, Terraform, curl, JSON patch, and a letter to
//! somebody who may do it.
//!
//! Names come from outside, and these texts are pasted into shells and files: every value is quoted
//! for where it stands, and nothing that hides or reorders text is left bare.

use serde_json::{Value, json};

use crate::iam::{Condition, Resource, ResourceKind};
use crate::repair::plan::edit::{Grant, contains, has_condition};
use crate::repair::plan::needs::permissions;
use crate::text::{is_hidden, shell, visible, visible_json};
use crate::wire::path_of;

/// One grant on one resource, with the policy before and after.
#[derive(Clone, Copy, Debug)]
pub struct Equivalents<'a> {
    resource: &'a Resource,
    grant: &'a Grant,
    replaced: Option<&'a str>,
    before: &'a Value,
    after: &'a Value,
}

/// The resource's name is not one that can be given to a command.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0} has a name that a command would not take for one: no equivalent commands are known for its policy"
)]
pub struct NoCommands(pub String);

impl<'a> Equivalents<'a> {
    /// A grant on `resource`, which turns the policy `before` into `after`.
    ///
    /// # Errors
    /// When the resource's name does not begin with a letter or a digit.
    pub fn new(
        resource: &'a Resource,
        grant: &'a Grant,
        before: &'a Value,
        after: &'a Value,
    ) -> Result<Self, NoCommands> {
        // gcloud would take another beginning for a flag; no account and no project has one
        // (discovery documents iam v1, `CreateServiceAccountRequest.accountId`, cloudresourcemanager
        // v3, `Project.projectId`), and folders and organizations have numbers.
        if !resource
            .id()
            .starts_with(|c: char| c.is_ascii_alphanumeric())
        {
            return Err(NoCommands(resource.full_name()));
        }
        Ok(Self {
            resource,
            grant,
            replaced: None,
            before,
            after,
        })
    }

    /// The granted member takes the place of this one (misspelled, or deleted) in its binding.
    #[must_use]
    pub fn replacing(mut self, member: Option<&'a str>) -> Self {
        self.replaced = member;
        self
    }

    /// `gcloud iam service-accounts add-iam-policy-binding …`, or that of `projects`,
    /// `resource-manager folders` or `organizations` (gcloud 528, `surface/*/add_iam_policy_binding`;
    /// all take the same flags), for a POSIX shell; a second command takes out a member that is
    /// replaced. With a condition somewhere in the policy gcloud wants to
    /// be told that this grant has none (gcloud, `AddBindingToIamPolicyWithCondition`). A
    /// condition's `location` has no place there.
    #[must_use]
    pub fn gcloud(&self) -> String {
        self.gcloud_pair(self.before, self.added(), self.replaced)
    }

    /// [`Self::gcloud`] where the policy is not known: a condition may stand in it.
    #[must_use]
    pub fn gcloud_unread(&self) -> String {
        self.gcloud_command("add", &self.grant.member, true)
    }

    /// The gcloud command that takes the grant away again, and puts a replaced member back.
    #[must_use]
    pub fn gcloud_undo(&self) -> String {
        self.gcloud_pair(self.after, self.replaced, self.added())
    }

    /// The granted member, unless only the one that it replaces changes: it stood beside it before,
    /// and stays when the change is taken back.
    fn added(&self) -> Option<&str> {
        let had = self.replaced.is_some() && contains(self.before, self.grant);
        (!had).then_some(&*self.grant.member)
    }

    /// First the addition, so that nobody is without access in between.
    fn gcloud_pair(&self, policy: &Value, add: Option<&str>, remove: Option<&str>) -> String {
        let explicit = has_condition(policy);
        let commands: Vec<String> = [("add", add), ("remove", remove)]
            .into_iter()
            .filter_map(|(verb, member)| Some(self.gcloud_command(verb, member?, explicit)))
            .collect();
        commands.join(" &&\n  ")
    }

    fn gcloud_command(&self, verb: &str, member: &str, explicit: bool) -> String {
        let group = match self.resource.kind() {
            ResourceKind::ServiceAccount => "iam service-accounts",
            ResourceKind::Project => "projects",
            ResourceKind::Folder => "resource-manager folders",
            ResourceKind::Organization => "organizations",
        };
        let mut out = format!(
            "gcloud {group} {verb}-iam-policy-binding {}",
            shell(self.resource.id())
        );
        if let Resource::ServiceAccount { project, .. } = self.resource
            && &**project != "-"
        {
            out.push_str(&format!(" {}", shell(&format!("--project={project}"))));
        }
        for (flag, value) in [("member", member), ("role", self.grant.role.as_str())] {
            out.push_str(&format!(" {}", shell(&format!("--{flag}={value}"))));
        }
        if let Some(condition) = &self.grant.condition {
            out.push_str(&format!(
                " {}",
                shell(&format!("--condition={}", gcloud_dict(condition)))
            ));
        } else if explicit {
            out.push_str(" --condition=None");
        }
        out
    }

    /// The type of Terraform resource that [`Self::terraform`] writes. It adds one member and leaves
    /// the rest alone; `_binding` and `_policy` would take the role from everybody else.
    #[must_use]
    pub fn terraform_type(&self) -> &'static str {
        match self.resource.kind() {
            ResourceKind::ServiceAccount => "google_service_account_iam_member",
            ResourceKind::Project => "google_project_iam_member",
            ResourceKind::Folder => "google_folder_iam_member",
            ResourceKind::Organization => "google_organization_iam_member",
        }
    }

    /// A block of the type [`Self::terraform_type`] (terraform-provider-google,
    /// `website/docs/r/google_{service_account,project,folder,organization}_iam`: a folder is named
    /// `folders/N`, an organization by its number). A condition's `location` has no place there.
    #[must_use]
    pub fn terraform(&self) -> String {
        let id = self.resource.id();
        let (attribute, value, on) = match self.resource {
            Resource::ServiceAccount { .. } => {
                ("service_account_id", self.relative(), short(id).to_owned())
            }
            Resource::Project(_) => ("project", id.to_owned(), format!("project {}", short(id))),
            Resource::Folder(_) => ("folder", self.resource.relative(), format!("folder {id}")),
            Resource::Organization(_) => ("org_id", id.to_owned(), format!("organization {id}")),
        };
        let name = format!("{} on {on}", short(&self.grant.member));
        let width = attribute.len().max("member".len());
        let mut out = format!(
            "resource \"{}\" \"{}\" {{\n",
            self.terraform_type(),
            identifier(&name)
        );
        for (name, text) in [
            (attribute, value.as_str()),
            ("role", &self.grant.role),
            ("member", &self.grant.member),
        ] {
            out.push_str(&format!("  {name:<width$} = {}\n", hcl(text)));
        }
        if let Some(condition) = &self.grant.condition {
            let description = condition.description.as_deref().filter(|d| !d.is_empty());
            let width = if description.is_some() { 11 } else { 10 };
            out.push_str("\n  condition {\n");
            for (name, text) in [
                ("title", condition.title.as_deref()),
                ("description", description),
                ("expression", Some(condition.expression.as_str())),
            ] {
                if let Some(text) = text {
                    out.push_str(&format!("    {name:<width$} = {}\n", hcl(text)));
                }
            }
            out.push_str("  }\n");
        }
        out.push_str("}\n");
        out
    }

    /// Two curl commands for a POSIX shell: the read, and the write of the whole policy with the etag
    /// that was read (a policy that changed meanwhile is refused with 409). The token is asked of
    /// gcloud when the command runs. `endpoint` stands in for Google's own address of the API.
    /// Where the policy's version is asked for differs (discovery documents iam v1,
    /// cloudresourcemanager v3, `getIamPolicy`).
    #[must_use]
    pub fn curl(&self, endpoint: Option<&str>) -> String {
        let (own, version, query, asks) = match self.resource.kind() {
            ResourceKind::ServiceAccount => (
                "https://iam.googleapis.com",
                "v1",
                "?options.requestedPolicyVersion=3",
                json!({}),
            ),
            _ => (
                "https://cloudresourcemanager.googleapis.com",
                "v3",
                "",
                json!({ "options": { "requestedPolicyVersion": 3 } }),
            ),
        };
        let endpoint = endpoint.unwrap_or(own).trim_end_matches('/');
        let base = format!("{endpoint}/{version}/{}", path_of(self.resource));
        let head = "curl --fail-with-body --silent --show-error --request POST \\\n  --header \"Authorization: Bearer $(gcloud auth print-access-token)\" \\\n  --header 'Content-Type: application/json' \\\n";
        let body = visible_json(&json!({ "policy": self.after }));
        format!(
            ": '1. The policy as it is'\n{head}  --data {} \\\n  {}\n\n: '2. The policy with the change, refused when the etag is no longer the one that was read'\n{head}  --data {} \\\n  {}\n",
            shell(&asks.to_string()),
            shell(&format!("{base}:getIamPolicy{query}")),
            shell(&body),
            shell(&format!("{base}:setIamPolicy")),
        )
    }

    /// The change as a JSON patch (RFC 6902) of the policy. It tests the etag first, where there is
    /// one, so that it does not apply to another policy.
    #[must_use]
    pub fn json_patch(&self) -> Value {
        let mut ops = Vec::new();
        if let Some(etag) = self.before.get("etag") {
            ops.push(json!({"op": "test", "path": "/etag", "value": etag}));
        }
        patch(&mut ops, "", self.before, self.after);
        Value::Array(ops)
    }

    /// A letter to whoever may change the policy. `permission` is what the caller needs; `reason` is a
    /// person's own words, if any.
    #[must_use]
    pub fn request(&self, permission: &str, reason: Option<&str>) -> String {
        let (this, refused, admin) = match self.resource.kind() {
            ResourceKind::ServiceAccount => (
                "account",
                "on this account",
                "roles/iam.serviceAccountAdmin",
            ),
            ResourceKind::Project => (
                "project",
                "on a service account in this project",
                "roles/resourcemanager.projectIamAdmin",
            ),
            ResourceKind::Folder => (
                "folder",
                "on a service account in this folder",
                "roles/resourcemanager.folderIamAdmin",
            ),
            ResourceKind::Organization => (
                "organization",
                "on a service account in this organization",
                "roles/resourcemanager.organizationAdmin",
            ),
        };
        let kind = self.resource.kind().word();
        let mut out = format!("Please grant one role on one {kind}.\n\n");
        for (label, text) in self.rows() {
            out.push_str(&format!("{:<17}{}\n", format!("{label}:"), visible(text)));
        }
        out.push_str(&format!(
            "\nWhy: the member is refused {} {refused}.{}\n",
            visible(permission),
            reason
                .map(|r| format!(" {}", visible(r)))
                .unwrap_or_default(),
        ));
        if self.resource.kind() != ResourceKind::ServiceAccount {
            out.push_str(&format!("The role counts for everything in the {this}.\n"));
        }
        let [read, write] = permissions(self.resource);
        out.push_str(&format!(
            "\nThis does it:\n\n  {}\n\nAnd this takes it back:\n\n  {}\n\nBoth need {read} and {write} on the {this} ({admin} has them).\n",
            self.gcloud(),
            self.gcloud_undo(),
        ));
        out
    }

    /// What is asked for, by name.
    fn rows(&self) -> Vec<(&'static str, &str)> {
        let id = self.resource.id();
        let mut rows = match self.resource {
            Resource::ServiceAccount { .. } => {
                vec![("Service account", id), ("Project", self.project())]
            }
            Resource::Project(_) => vec![("Project", id)],
            Resource::Folder(_) => vec![("Folder", id)],
            Resource::Organization(_) => vec![("Organization", id)],
        };
        rows.push(("Role", &self.grant.role));
        rows.push(("Member", &self.grant.member));
        rows.extend(self.replaced.map(|old| ("Instead of", old)));
        let condition = self.grant.condition.as_ref();
        rows.extend(condition.map(|c| ("Only while", c.expression.as_str())));
        rows
    }

    /// The project of an account, also where only its address tells.
    fn project(&self) -> &str {
        match self.resource {
            Resource::ServiceAccount { project, account } if &**project == "-" => {
                // NAME@PROJECT.iam.gserviceaccount.com
                account
                    .split_once('@')
                    .and_then(|(_, domain)| domain.strip_suffix(".iam.gserviceaccount.com"))
                    .filter(|p| !p.is_empty() && !p.contains('.'))
                    .unwrap_or("-")
            }
            Resource::ServiceAccount { project, .. } => project,
            other => other.id(),
        }
    }

    fn relative(&self) -> String {
        format!(
            "projects/{}/serviceAccounts/{}",
            self.project(),
            self.resource.id()
        )
    }
}

/// gcloud's dictionary syntax, with a delimiter that no value holds (gcloud topic escaping;
/// `ArgList` in gcloud's `arg_parsers.py`).
fn gcloud_dict(condition: &Condition) -> String {
    let mut pairs = vec![format!("expression={}", condition.expression)];
    for (name, text) in [
        ("title", &condition.title),
        ("description", &condition.description),
    ] {
        if let Some(text) = text {
            pairs.push(format!("{name}={text}"));
        }
    }
    let free = |delimiter: &str| !pairs.iter().any(|p| p.contains(delimiter));
    if free(",") {
        return pairs.join(",");
    }
    // Of the longer ones the last character stands nowhere else in them, so that they cannot begin
    // in the end of a value.
    let delimiter = [":", ";", "|", "~", "@", "%", "+", "#"]
        .iter()
        .map(|d| (*d).to_owned())
        .chain((0_u32..).map(|n| format!("[{n}]")))
        .find(|d| free(d))
        .unwrap_or_default();
    format!("^{delimiter}^{}", pairs.join(&delimiter))
}

/// A quoted template of HCL that stands for just this text: no interpolation, no directive.
fn hcl(text: &str) -> String {
    let mut out = String::from("\"");
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            // `$${` would do for one, but not where another `$` stands before it.
            '$' | '%' if chars.peek() == Some(&'{') => {
                out.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            c if is_hidden(c) && u32::from(c) > 0xffff => {
                out.push_str(&format!("\\U{:08x}", u32::from(c)));
            }
            c if is_hidden(c) => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// The part of a member or an address that tells it apart.
fn short(name: &str) -> &str {
    let name = name.rsplit('/').next().unwrap_or(name);
    let name = name.rsplit(':').next().unwrap_or(name);
    name.split('@').next().unwrap_or(name)
}

/// A Terraform name: ASCII letters, digits and underscores, not starting with a digit.
fn identifier(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars().take(80) {
        if c.is_ascii_alphanumeric() {
            out.push(c.to_ascii_lowercase());
        } else if !out.ends_with('_') {
            out.push('_');
        }
    }
    let out = out.trim_matches('_');
    if out.starts_with(|c: char| c.is_ascii_alphabetic()) {
        out.to_owned()
    } else {
        format!("grant_{out}").trim_end_matches('_').to_owned()
    }
}

/// Appends the operations that make `after` of `before`. Of a list the equal head and tail are left
/// alone, so an appended member is one `add`.
fn patch(ops: &mut Vec<Value>, path: &str, before: &Value, after: &Value) {
    match (before, after) {
        (a, b) if a == b => {}
        (Value::Object(a), Value::Object(b)) => {
            for key in a.keys().filter(|k| !b.contains_key(*k)) {
                ops.push(json!({"op": "remove", "path": pointer(path, key)}));
            }
            for (key, value) in b {
                let at = pointer(path, key);
                match a.get(key) {
                    Some(old) => patch(ops, &at, old, value),
                    None => ops.push(json!({"op": "add", "path": at, "value": value})),
                }
            }
        }
        (Value::Array(a), Value::Array(b)) => {
            let equal = |pair: &(&Value, &Value)| pair.0 == pair.1;
            let shorter = a.len().min(b.len());
            let head = a.iter().zip(b).take_while(equal).count();
            let tail = a.iter().rev().zip(b.iter().rev()).take(shorter - head);
            let tail = tail.take_while(equal).count();
            let old = a.get(head..a.len() - tail).unwrap_or_default();
            let new = b.get(head..b.len() - tail).unwrap_or_default();
            for (i, (x, y)) in old.iter().zip(new).enumerate() {
                patch(ops, &format!("{path}/{}", head + i), x, y);
            }
            for i in (new.len()..old.len()).rev() {
                ops.push(json!({"op": "remove", "path": format!("{path}/{}", head + i)}));
            }
            for (i, value) in new.iter().enumerate().skip(old.len()) {
                ops.push(
                    json!({"op": "add", "path": format!("{path}/{}", head + i), "value": value}),
                );
            }
        }
        (_, value) => ops.push(json!({"op": "replace", "path": path, "value": value})),
    }
}

/// A JSON pointer one step deeper (RFC 6901).
fn pointer(path: &str, key: &str) -> String {
    format!("{path}/{}", key.replace('~', "~0").replace('/', "~1"))
}

#[cfg(test)]
#[path = "equivalents_tests.rs"]
mod tests;
