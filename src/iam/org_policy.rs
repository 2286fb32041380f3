//! Organization policies (discovery document orgpolicy v2, `GoogleCloudOrgpolicyV2Policy`), and the
//! constraints that have a say in impersonation.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::allow::Condition;
use super::resource::{Resource, ResourceKind};

/// Lets only principals of some customers or organizations into allow policies.
pub const ALLOWED_DOMAINS: &str = "iam.allowedPolicyMemberDomains";
/// The same by members and organizations named in parameters.
pub const ALLOWED_MEMBERS: &str = "iam.managed.allowedPolicyMembers";
/// Names the accounts whose access tokens may live for up to 12 hours.
pub const LIFETIME_EXTENSION: &str = "iam.allowServiceAccountCredentialLifetimeExtension";
/// Keeps accounts from being attached to resources of other projects.
pub const CROSS_PROJECT: &str = "iam.disableCrossProjectServiceAccountUsage";
/// Keeps keys of accounts from being made.
pub const KEY_CREATION: &str = "iam.disableServiceAccountKeyCreation";

/// What the rules of a constraint's policies say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConstraintKind {
    /// Values that are allowed or denied.
    List,
    /// On or off.
    Boolean,
    /// On or off, with parameters.
    Managed,
}

/// A constraint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Constraint<'n> {
    /// Its name without `constraints/`.
    pub name: &'n str,
    /// Its name for people.
    pub title: &'n str,
    /// What its policies say.
    pub kind: ConstraintKind,
    /// What holds where no policy is set: everything is allowed (nothing is enforced), or nothing is.
    pub default_allows: bool,
}

/// The constraints that are known here. Their defaults: the domains' from the constraint's own record
/// (`constraintDefault=ALLOW`); tokens live for an hour "by default" (discovery document
/// iamcredentials v1, `GenerateAccessTokenRequest.lifetime`); cross-project usage "is enforced by
/// default" (doc "Attach service accounts to resources"); keys may be made unless a policy says
/// otherwise (doc "Restrict service account usage").
pub const CONSTRAINTS: [Constraint<'static>; 5] = [
    Constraint {
        name: LIFETIME_EXTENSION,
        title: "Allow extending lifetime of OAuth 2.0 access tokens to up to 12 hours",
        kind: ConstraintKind::List,
        default_allows: false,
    },
    Constraint {
        name: ALLOWED_DOMAINS,
        title: "Domain restricted sharing",
        kind: ConstraintKind::List,
        default_allows: true,
    },
    Constraint {
        name: CROSS_PROJECT,
        title: "Disable Cross-Project Service Account Usage",
        kind: ConstraintKind::Boolean,
        default_allows: false,
    },
    Constraint {
        name: KEY_CREATION,
        title: "Disable service account key creation",
        kind: ConstraintKind::Boolean,
        default_allows: true,
    },
    Constraint {
        name: ALLOWED_MEMBERS,
        title: "Restrict allowed policy members in IAM allow policies",
        kind: ConstraintKind::Managed,
        default_allows: true,
    },
];

/// A constraint by name, with `constraints/` before it or not.
#[must_use]
pub fn constraint(name: &str) -> Option<&'static Constraint<'static>> {
    let name = name.strip_prefix("constraints/").unwrap_or(name);
    CONSTRAINTS.iter().find(|c| c.name == name)
}

/// Values of a list constraint. A value may begin with `is:`, or with `under:` for all that lies
/// below a resource.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StringValues {
    /// Allowed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowed_values: Vec<String>,
    /// Denied.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub denied_values: Vec<String>,
    /// Fields that are not known here.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// One rule: of a list constraint `values`, `allowAll` or `denyAll`, of the others `enforce`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrgPolicyRule {
    /// Allowed and denied values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub values: Option<StringValues>,
    /// Everything is allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow_all: Option<bool>,
    /// Nothing is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deny_all: Option<bool>,
    /// Whether the constraint is enforced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enforce: Option<bool>,
    /// When the rule counts: conditions know tags alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<Arc<Condition>>,
    /// What a managed constraint is to be enforced with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<Map<String, Value>>,
    /// Fields that are not known here.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// What a policy says.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrgPolicySpec {
    /// The rules.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<OrgPolicyRule>,
    /// Whether the rules set above count too (list constraints only).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub inherit_from_parent: bool,
    /// Whether what is set above is ignored and the constraint's default holds.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reset: bool,
    /// Fields that are not known here (`etag` and `updateTime` among them).
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// An organization policy.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrgPolicy {
    /// `projects/NUMBER/policies/CONSTRAINT`; folders and organizations likewise.
    pub name: String,
    /// What is enforced; `None` where there is a dry run only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spec: Option<OrgPolicySpec>,
    /// What is only logged; it is never enforced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dry_run_spec: Option<OrgPolicySpec>,
    /// Fields that are not known here (`etag` among them).
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl OrgPolicy {
    /// The project, folder or organization that it is set on; `None` when the name is of another form.
    #[must_use]
    pub fn on(&self) -> Option<Resource> {
        split(&self.name).map(|(on, _)| on)
    }

    /// The constraint's name without `constraints/`; empty when the name is of another form.
    #[must_use]
    pub fn constraint(&self) -> &str {
        self.name.split_once("/policies/").map_or("", |(_, c)| c)
    }
}

impl OrgPolicyRule {
    /// The condition, where there is one that says something.
    #[must_use]
    pub fn when(&self) -> Option<&Arc<Condition>> {
        let condition = self.condition.as_ref();
        condition.filter(|c| !c.expression.trim().is_empty())
    }
}

impl OrgPolicy {
    /// What is wrong with the policy, in a sentence: the rules of the discovery document orgpolicy v2
    /// (`PolicySpec`, `PolicyRule`) and, of constraints that are known here, what they take.
    #[must_use]
    pub fn flaw(&self) -> Option<String> {
        let known = constraint(self.constraint());
        let project = self
            .on()
            .is_some_and(|on| on.kind() == ResourceKind::Project);
        if known.is_some_and(|c| c.name == CROSS_PROJECT) && !project {
            return Some(format!("{CROSS_PROJECT} can only be set on projects"));
        }
        let specs = [&self.spec, &self.dry_run_spec];
        specs.into_iter().flatten().find_map(|s| s.flaw(known))
    }
}

impl OrgPolicySpec {
    fn flaw(&self, known: Option<&Constraint<'_>>) -> Option<String> {
        if self.reset && (self.inherit_from_parent || !self.rules.is_empty()) {
            return Some("reset goes with no rules and without inheritFromParent".to_owned());
        }
        let list = known.is_none_or(|c| c.kind == ConstraintKind::List);
        if self.inherit_from_parent && !list {
            return Some("inheritFromParent is for list constraints only".to_owned());
        }
        if let Some(flaw) = self.rules.iter().find_map(|r| r.flaw(known)) {
            return Some(flaw);
        }
        if list || self.rules.is_empty() {
            return None;
        }
        let mut always = self.rules.iter().filter(|r| r.when().is_none());
        let (Some(first), None) = (always.next(), always.next()) else {
            return Some("expected exactly one rule without a condition".to_owned());
        };
        let boolean = known.is_some_and(|c| c.kind == ConstraintKind::Boolean);
        let same = |r: &&OrgPolicyRule| r.when().is_some() && r.enforce == first.enforce;
        (boolean && self.rules.iter().any(|r| same(&r))).then(|| {
            "a rule with a condition sets enforce to the opposite of the one without".to_owned()
        })
    }
}

impl OrgPolicyRule {
    fn flaw(&self, known: Option<&Constraint<'_>>) -> Option<String> {
        let on = |flag: Option<bool>| usize::from(flag == Some(true));
        let values = usize::from(self.values.is_some()) + on(self.allow_all) + on(self.deny_all);
        let enforce = usize::from(self.enforce.is_some());
        if values + enforce != 1 {
            return Some("a rule has one of values, allowAll, denyAll and enforce".to_owned());
        }
        let known = known?;
        let (kind, name) = (known.kind, known.name);
        if (kind == ConstraintKind::List) != (values == 1) {
            let form = if kind == ConstraintKind::List {
                "values, allowAll or denyAll"
            } else {
                "enforce"
            };
            return Some(format!("{name} takes rules with {form}"));
        }
        if self.parameters.is_some() && kind != ConstraintKind::Managed {
            return Some(format!("{name} takes no parameters"));
        }
        let denied = self
            .values
            .as_ref()
            .is_some_and(|v| !v.denied_values.is_empty());
        (denied && name == ALLOWED_DOMAINS).then(|| format!("{name} takes no deniedValues"))
    }
}

/// `projects/P/policies/CONSTRAINT` in its two parts.
#[must_use]
pub fn split(name: &str) -> Option<(Resource, &str)> {
    let (on, constraint) = name.split_once("/policies/")?;
    let fits = !constraint.is_empty() && !constraint.contains('/') && !on.starts_with("//");
    let on = Resource::parse(on).ok()?;
    (fits && on.kind() != ResourceKind::ServiceAccount).then_some((on, constraint))
}

/// `projects/P/policies`: every organization policy of a resource.
#[must_use]
pub fn collection(on: &Resource) -> String {
    format!("{}/policies", on.relative())
}

/// The resource of [`collection`].
#[must_use]
pub fn collection_of(name: &str) -> Option<Resource> {
    let on = name.strip_suffix("/policies")?;
    let fits = !on.starts_with("//");
    let on = Resource::parse(on).ok()?;
    (fits && on.kind() != ResourceKind::ServiceAccount).then_some(on)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_policy_keeps_what_is_not_known_here() {
        let text = json!({
            "name": "folders/2/policies/iam.allowedPolicyMemberDomains",
            "etag": "abc-",
            "spec": {
                "etag": "abc",
                "inheritFromParent": true,
                "rules": [
                    { "values": { "allowedValues": ["is:C0example"], "newer": 1 } },
                    { "allowAll": true, "condition": { "expression": "true" }, "newest": [] },
                ],
            },
            "alternate": { "launch": "x" },
        });
        let policy: OrgPolicy = serde_json::from_value(text.clone()).unwrap();
        assert_eq!(policy.on(), Resource::parse("folders/2").ok());
        assert_eq!(policy.constraint(), ALLOWED_DOMAINS);
        assert_eq!(serde_json::to_value(&policy).unwrap(), text);
    }

    #[test]
    fn what_google_would_not_take_is_a_flaw() {
        let flaw = |name: &str, spec: Value| {
            let policy = json!({ "name": name, "spec": spec });
            serde_json::from_value::<OrgPolicy>(policy).unwrap().flaw()
        };
        let domains = "projects/p/policies/iam.allowedPolicyMemberDomains";
        let keys = "projects/p/policies/iam.disableServiceAccountKeyCreation";
        let members = "projects/p/policies/iam.managed.allowedPolicyMembers";
        let off =
            json!({ "enforce": false, "condition": { "expression": "resource.hasTagKey('1/a')" } });
        for (name, good) in [
            (domains, json!({})),
            (domains, json!({ "reset": true })),
            (
                domains,
                json!({ "inheritFromParent": true, "rules": [{ "allowAll": true }] }),
            ),
            (
                domains,
                json!({ "rules": [{ "values": { "allowedValues": ["C0"] } }] }),
            ),
            (keys, json!({ "rules": [{ "enforce": true }, off] })),
            (
                members,
                json!({ "rules": [{ "enforce": true, "parameters": { "x": [] } }] }),
            ),
            (
                "folders/1/policies/custom.own",
                json!({ "rules": [{ "enforce": true }] }),
            ),
        ] {
            assert_eq!(flaw(name, good.clone()), None, "{name} {good}");
        }
        for (name, bad, words) in [
            (
                domains,
                json!({ "reset": true, "rules": [{ "allowAll": true }] }),
                "no rules",
            ),
            (domains, json!({ "rules": [{}] }), "one of"),
            (domains, json!({ "rules": [{ "enforce": true }] }), "values"),
            (
                domains,
                json!({ "rules": [{ "allowAll": true, "denyAll": true }] }),
                "one of",
            ),
            (
                domains,
                json!({ "rules": [{ "values": { "deniedValues": ["C0"] } }] }),
                "denied",
            ),
            (keys, json!({ "rules": [{ "allowAll": true }] }), "enforce"),
            (keys, json!({ "rules": [off] }), "exactly one"),
            (
                keys,
                json!({ "rules": [{ "enforce": false }, off] }),
                "opposite",
            ),
            (
                keys,
                json!({ "rules": [{ "enforce": true, "parameters": {} }] }),
                "parameters",
            ),
            (
                members,
                json!({ "inheritFromParent": true }),
                "list constraints",
            ),
            (
                "folders/1/policies/iam.disableCrossProjectServiceAccountUsage",
                json!({ "rules": [{ "enforce": true }] }),
                "projects",
            ),
        ] {
            let said = flaw(name, bad.clone()).unwrap_or_default();
            assert!(said.contains(words), "{name} {bad}: {said}");
        }
    }

    #[test]
    fn names_of_another_form_say_nothing() {
        for name in [
            "",
            "policies/x",
            "projects/p/policies/",
            "projects/p/policies/a/b",
            "projects/p/serviceAccounts/a@b.c/policies/x",
            "//cloudresourcemanager.googleapis.com/projects/p/policies/x",
        ] {
            assert_eq!(split(name), None, "{name}");
        }
        assert_eq!(
            collection_of("organizations/1/policies"),
            Resource::parse("organizations/1").ok()
        );
        assert_eq!(collection_of("organizations/1"), None);
    }
}
