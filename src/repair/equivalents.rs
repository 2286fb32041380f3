//! The same change in the words of other tools: gcloud, Terraform, curl, JSON patch, and a letter to
//! somebody who may do it.
//!
//! Names come from outside, and these texts are pasted into shells and files: every value is quoted
//! for where it stands, and nothing that hides or reorders text is left bare.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::edit::{Grant, has_condition};
use crate::iam::{Condition, Resource};
use crate::text::{is_hidden, visible, visible_json};

/// Google's own address of the IAM API.
pub const IAM_ENDPOINT: &str = "https://iam.googleapis.com";

/// One grant on one service account, with the policy before and after.
#[derive(Clone, Copy, Debug)]
pub struct Change<'a> {
    /// The account's project: id, number, or `-` when it is not known.
    project: &'a str,
    /// E-mail or unique id.
    account: &'a str,
    grant: &'a Grant,
    replaced: Option<&'a str>,
    before: &'a Value,
    after: &'a Value,
}

/// The resource is not a service account; the tools' commands here are for those.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not a service account: no equivalent commands are known for its policy")]
pub struct NotAnAccount(pub String);

impl<'a> Change<'a> {
    /// A grant on `resource`, which turns the policy `before` into `after`.
    ///
    /// # Errors
    /// When the resource is not a service account.
    pub fn new(
        resource: &'a Resource,
        grant: &'a Grant,
        before: &'a Value,
        after: &'a Value,
    ) -> Result<Self, NotAnAccount> {
        match resource {
            // gcloud would take another beginning for a flag; no account has one (discovery document
            // iam v1, `CreateServiceAccountRequest.accountId`).
            Resource::ServiceAccount { project, account }
                if account.starts_with(|c: char| c.is_ascii_alphanumeric()) =>
            {
                Ok(Self {
                    project,
                    account,
                    grant,
                    replaced: None,
                    before,
                    after,
                })
            }
            other => Err(NotAnAccount(other.full_name())),
        }
    }

    /// The granted member takes the place of this one (misspelled, or deleted) in its binding.
    #[must_use]
    pub fn replacing(mut self, member: Option<&'a str>) -> Self {
        self.replaced = member;
        self
    }

    /// `gcloud iam service-accounts add-iam-policy-binding …`, for a POSIX shell; a second command
    /// takes out a member that is replaced. With a condition somewhere in the policy gcloud wants to
    /// be told that this grant has none (gcloud, `AddBindingToIamPolicyWithCondition`). A
    /// condition's `location` has no place there.
    #[must_use]
    pub fn gcloud(&self) -> String {
        self.gcloud_pair(self.before, Some(&self.grant.member), self.replaced)
    }

    /// The gcloud command that takes the grant away again, and puts a replaced member back.
    #[must_use]
    pub fn gcloud_undo(&self) -> String {
        self.gcloud_pair(self.after, self.replaced, Some(&self.grant.member))
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
        let mut out = format!(
            "gcloud iam service-accounts {verb}-iam-policy-binding {}",
            shell(self.account)
        );
        if self.project != "-" {
            out.push_str(&format!(
                " {}",
                shell(&format!("--project={}", self.project))
            ));
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

    /// A `google_service_account_iam_member` block. That resource adds one member and leaves the
    /// rest alone; `_binding` and `_policy` would take the role from everybody else. A condition's
    /// `location` has no place there.
    #[must_use]
    pub fn terraform(&self) -> String {
        let name = format!("{} on {}", short(&self.grant.member), short(self.account));
        let mut out = format!(
            "resource \"google_service_account_iam_member\" \"{}\" {{\n  service_account_id = {}\n  role               = {}\n  member             = {}\n",
            identifier(&name),
            hcl(&self.relative()),
            hcl(&self.grant.role),
            hcl(&self.grant.member),
        );
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
    /// gcloud when the command runs. `endpoint` is usually [`IAM_ENDPOINT`].
    #[must_use]
    pub fn curl(&self, endpoint: &str) -> String {
        let base = format!(
            "{}/v1/projects/{}/serviceAccounts/{}",
            endpoint.trim_end_matches('/'),
            utf8_percent_encode(self.project, PATH),
            utf8_percent_encode(self.account, PATH),
        );
        let head = "curl --fail-with-body --silent --show-error --request POST \\\n  --header \"Authorization: Bearer $(gcloud auth print-access-token)\" \\\n  --header 'Content-Type: application/json' \\\n";
        let body = visible_json(&json!({ "policy": self.after }));
        format!(
            "# 1. The policy as it is\n{head}  --data '{{}}' \\\n  {}\n\n# 2. The policy with the change, refused when the etag is no longer the one that was read\n{head}  --data {} \\\n  {}\n",
            shell(&format!(
                "{base}:getIamPolicy?options.requestedPolicyVersion=3"
            )),
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

    /// A letter to whoever may change the account's policy. `permission` is what the caller needs;
    /// `reason` is a person's own words, if any.
    #[must_use]
    pub fn request(&self, permission: &str, reason: Option<&str>) -> String {
        let mut out = format!(
            "Please grant one role on one service account.\n\nService account: {}\nProject:         {}\nRole:            {}\nMember:          {}\n",
            visible(self.account),
            visible(self.project()),
            visible(&self.grant.role),
            visible(&self.grant.member),
        );
        if let Some(condition) = &self.grant.condition {
            out.push_str(&format!(
                "Only while:      {}\n",
                visible(&condition.expression)
            ));
        }
        out.push_str(&format!(
            "\nWhy: the member is refused {} on this account.{}\n\nThis does it:\n\n  {}\n\nAnd this takes it back:\n\n  {}\n\nBoth need iam.serviceAccounts.getIamPolicy and iam.serviceAccounts.setIamPolicy on the account (roles/iam.serviceAccountAdmin has them).\n",
            visible(permission),
            reason.map(|r| format!(" {}", visible(r))).unwrap_or_default(),
            self.gcloud(),
            self.gcloud_undo(),
        ));
        out
    }

    fn project(&self) -> &str {
        if self.project == "-" {
            // NAME@PROJECT.iam.gserviceaccount.com
            self.account
                .split_once('@')
                .and_then(|(_, domain)| domain.strip_suffix(".iam.gserviceaccount.com"))
                .filter(|p| !p.is_empty() && !p.contains('.'))
                .unwrap_or("-")
        } else {
            self.project
        }
    }

    fn relative(&self) -> String {
        format!(
            "projects/{}/serviceAccounts/{}",
            self.project(),
            self.account
        )
    }
}

/// What stands in a path segment as it is (RFC 3986, `pchar` without the sub-delimiters).
const PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'@')
    .remove(b':');

/// One word of a POSIX shell: bare when every character is harmless, else in single quotes. Hidden
/// characters are written in octal in `$'…'` (POSIX 2024; bash, zsh, ksh), so that a paste can run
/// nothing and the reader sees them.
pub(super) fn shell(text: &str) -> String {
    let harmless = |c: char| c.is_ascii_alphanumeric() || "@%+=:,./-_".contains(c);
    // zsh expands a word that begins with `=`.
    if !text.is_empty() && !text.starts_with('=') && text.chars().all(harmless) {
        return text.to_owned();
    }
    if !text.chars().any(is_hidden) {
        return format!("'{}'", text.replace('\'', r"'\''"));
    }
    let mut out = String::from("$'");
    for c in text.chars() {
        match c {
            '\'' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            // Octal of three digits: what follows cannot be taken for part of it.
            c if is_hidden(c) => {
                let mut bytes = [0; 4];
                for byte in c.encode_utf8(&mut bytes).bytes() {
                    out.push_str(&format!("\\{byte:03o}"));
                }
            }
            c => out.push(c),
        }
    }
    out.push('\'');
    out
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
