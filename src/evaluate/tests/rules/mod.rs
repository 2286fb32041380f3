//! One table per rule of docs/semantics.md, a file per section of it, each test named after its rule.

mod beyond;
mod boundaries;
mod causes;
mod conditions;
mod delegation;
mod levels;
mod members_v1;
mod members_v2;
mod mixups;
mod order;
mod org_policies;
mod people;
mod roles;

use serde_json::{Value, json};

use super::{account, at, from_value, who};
use crate::estate::{Coverage, Estate};
use crate::evaluate::{Cause, CauseKind, Explanation, Question, diagnose, explain};

pub const NOW: &str = "2026-11-24T12:00:00Z";
/// The target, of the project `p` (number 10) in the folder 2.
pub const T: &str = "t@p.iam.gserviceaccount.com";
/// The caller, of the project `q` (number 20) in the folder 3.
pub const C: &str = "serviceAccount:c@q.iam.gserviceaccount.com";
pub const TOKEN_CREATOR: &str = "roles/iam.serviceAccountTokenCreator";
/// Another account of the target's project.
pub const N: &str = "serviceAccount:n@p.iam.gserviceaccount.com";
pub const POOL: &str = "iam.googleapis.com/projects/20/locations/global/workloadIdentityPools/gh";

pub const YES: &str = "CAN_ACCESS";
pub const NO: &str = "CANNOT_ACCESS";
pub const UNREAD: &str = "UNKNOWN_INFO";
pub const OPEN: &str = "UNKNOWN_CONDITIONAL";

/// A small organization to write a rule into: example.com with the folders 2 and 3 (2 holds the
/// project p, 3 holds q), no grants.
#[derive(Clone)]
pub struct World(pub Value);

/// The full name of a level: `t`, `c`, `p`, `q`, or the number of a folder or the organization.
pub fn level(short: &str) -> String {
    match short {
        "t" => format!("//iam.googleapis.com/projects/p/serviceAccounts/{T}"),
        "c" => {
            "//iam.googleapis.com/projects/q/serviceAccounts/c@q.iam.gserviceaccount.com".to_owned()
        }
        "p" | "q" => format!("//cloudresourcemanager.googleapis.com/projects/{short}"),
        "1" => "//cloudresourcemanager.googleapis.com/organizations/1".to_owned(),
        folder => format!("//cloudresourcemanager.googleapis.com/folders/{folder}"),
    }
}

impl World {
    pub fn new() -> Self {
        let account = |name: &str, project: &str, id: &str| {
            let email = format!("{name}@{project}.iam.gserviceaccount.com");
            json!({"name": format!("projects/{project}/serviceAccounts/{email}"), "email": email,
                "projectId": project, "uniqueId": id})
        };
        Self(json!({
            "organizations": [{"name": "organizations/1", "displayName": "example.com",
                "directoryCustomerId": "C0example"}],
            "folders": [{"name": "folders/2", "parent": "organizations/1", "displayName": "data"},
                {"name": "folders/3", "parent": "organizations/1", "displayName": "apps"}],
            "projects": [{"name": "projects/10", "projectId": "p", "parent": "folders/2"},
                {"name": "projects/20", "projectId": "q", "parent": "folders/3"}],
            "serviceAccounts": [account("t", "p", "101"), account("n", "p", "102"),
                account("c", "q", "201")],
            "roles": [], "groups": [], "denyPolicies": [], "unreadable": [],
            "principalAccessBoundaryPolicies": [], "policyBindings": [], "orgPolicies": [],
            "providers": [],
            "pools": [{"name": "locations/global/workforcePools/staff", "parent": "organizations/1"}],
            "iamPolicies": {}, "tags": {}, "enabledServices": {},
        }))
    }

    /// With a further element of a list.
    pub fn with(mut self, list: &str, element: Value) -> Self {
        self.0[list].as_array_mut().unwrap().push(element);
        self
    }

    /// With an entry of a map.
    pub fn set(mut self, map: &str, key: &str, value: Value) -> Self {
        self.0[map][key] = value;
        self
    }

    pub fn binding(mut self, on: &str, binding: Value) -> Self {
        let policy = &mut self.0["iamPolicies"][level(on)];
        if policy.is_null() {
            *policy = json!({"version": 3, "bindings": []});
        }
        policy["bindings"].as_array_mut().unwrap().push(binding);
        self
    }

    pub fn grant(self, on: &str, role: &str, member: &str) -> Self {
        self.binding(on, json!({"role": role, "members": [member]}))
    }

    /// Token Creator on the target, with a condition.
    pub fn when(self, expression: &str) -> Self {
        self.binding(
            "t",
            json!({"role": TOKEN_CREATOR, "members": [C], "condition": {"expression": expression, "title": "w"}}),
        )
    }

    /// A deny rule at `projects/p`, `folders/2` or `organizations/1`.
    pub fn deny(self, at: &str, rule: Value) -> Self {
        let count = self.0["denyPolicies"].as_array().unwrap().len();
        let at = at.replace('/', "%2F");
        let name =
            format!("policies/cloudresourcemanager.googleapis.com%2F{at}/denypolicies/d{count}");
        self.with(
            "denyPolicies",
            json!({"name": name, "rules": [{"denyRule": rule}]}),
        )
    }

    /// A boundary, bound to a set.
    pub fn boundary(self, set: &str, version: &str, rules: Value) -> Self {
        let id = self.0["policyBindings"].as_array().unwrap().len();
        let name =
            format!("organizations/1/locations/global/principalAccessBoundaryPolicies/b{id}");
        self.with(
            "principalAccessBoundaryPolicies",
            json!({"name": name, "details": {"enforcementVersion": version, "rules": rules}}),
        )
        .with(
            "policyBindings",
            json!({"name": format!("organizations/1/locations/global/policyBindings/pb{id}"),
                "target": {"principalSet": set}, "policyKind": "PRINCIPAL_ACCESS_BOUNDARY",
                "policy": name}),
        )
    }

    /// An organization policy at `projects/p`, `folders/2` or `organizations/1`.
    pub fn org_policy(self, at: &str, constraint: &str, spec: Value) -> Self {
        let name = format!("{at}/policies/{constraint}");
        self.with("orgPolicies", json!({"name": name, "spec": spec}))
    }

    pub fn unreadable(self, name: &str) -> Self {
        self.with("unreadable", name.into())
    }

    pub fn estate(&self) -> Estate {
        from_value(&self.0, Coverage::Whole)
    }

    pub fn explain(&self, question: &Question) -> Explanation {
        explain(&self.estate(), question)
    }

    /// The verdict for a caller on the target.
    pub fn verdict(&self, caller: &str) -> &'static str {
        self.explain(&question(caller)).verdict.word()
    }

    pub fn causes(&self, question: &Question) -> Vec<Cause> {
        let estate = self.estate();
        diagnose(&estate, &explain(&estate, question))
    }

    pub fn kinds(&self, question: &Question) -> Vec<CauseKind> {
        self.causes(question).iter().map(|c| c.kind).collect()
    }
}

pub fn question(caller: &str) -> Question {
    Question::new(who(caller), account(T), at(NOW))
}

/// Each world with the verdict for the usual caller.
pub fn table(rows: Vec<(&str, World, &str)>) {
    for (what, world, expected) in rows {
        assert_eq!(world.verdict(C), expected, "{what}");
    }
}

/// A member on the target's own policy against callers.
pub fn member(member: &str, rows: &[(&str, &str)]) {
    let world = World::new().grant("t", TOKEN_CREATOR, member);
    for (caller, expected) in rows {
        assert_eq!(world.verdict(caller), *expected, "{caller} in {member}");
    }
}
