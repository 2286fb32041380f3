//! The judgement's tests: the built-in stories, a table per rule, and properties.

mod causes_order;
mod closure;
mod edges;
mod fuzz;
pub(crate) mod generate;
mod of_set;
mod org_policies;
mod paths;
mod properties;
mod reach;
mod rules;
mod stories;

use jiff::Timestamp;
use serde_json::Value;

use crate::estate::{Coverage, Estate};
use crate::iam::{Principal, Resource};

/// An estate from its file's JSON, whole.
pub(super) fn estate(text: &str) -> Estate {
    from_value(&serde_json::from_str(text).unwrap(), Coverage::Whole)
}

pub(crate) fn from_value(file: &Value, coverage: Coverage) -> Estate {
    let mut e = Estate::new(coverage);
    let list = |key: &str| file[key].as_array().cloned().unwrap_or_default();
    fn read<T: serde::de::DeserializeOwned>(v: Value) -> T {
        serde_json::from_value(v).unwrap()
    }
    list("organizations")
        .into_iter()
        .for_each(|v| e.put_organization(read(v)));
    list("folders")
        .into_iter()
        .for_each(|v| e.put_folder(read(v)));
    list("projects")
        .into_iter()
        .for_each(|v| e.put_project(read(v)));
    list("serviceAccounts")
        .into_iter()
        .for_each(|v| e.put_account(read(v)));
    list("deletedServiceAccounts")
        .into_iter()
        .for_each(|v| e.put_deleted(read(v)));
    list("roles").into_iter().for_each(|v| e.put_role(read(v)));
    list("groups")
        .into_iter()
        .for_each(|v| e.put_group(&read(v)));
    list("denyPolicies")
        .into_iter()
        .for_each(|v| assert!(e.put_deny_policy(read(v))));
    list("principalAccessBoundaryPolicies")
        .into_iter()
        .for_each(|v| e.put_boundary(read(v)));
    list("policyBindings")
        .into_iter()
        .for_each(|v| e.put_policy_binding(read(v)));
    list("pools").into_iter().for_each(|v| e.put_pool(read(v)));
    list("providers")
        .into_iter()
        .for_each(|v| e.put_provider(read(v)));
    list("orgPolicies")
        .into_iter()
        .for_each(|v| assert!(e.put_org_policy(read(v))));
    let canonical = |e: &Estate, name: &str| {
        let resource = Resource::parse(name).unwrap();
        e.resolve(&resource).exists().unwrap_or(resource)
    };
    for (name, policy) in file["iamPolicies"].as_object().into_iter().flatten() {
        let resource = canonical(&e, name);
        e.put_policy(resource, read(policy.clone()));
    }
    for (name, tags) in file["tags"].as_object().into_iter().flatten() {
        let resource = canonical(&e, name);
        e.put_tags(resource, read(tags.clone()));
    }
    for (name, services) in file["enabledServices"].as_object().into_iter().flatten() {
        let Resource::Project(id) = canonical(&e, name) else {
            panic!("{name} is no project");
        };
        e.put_services(&id, read::<Vec<String>>(services.clone()));
    }
    for name in list("unreadable") {
        e.mark_unreadable(name.as_str().unwrap(), "may not be read");
    }
    e
}

pub(super) fn at(time: &str) -> Timestamp {
    time.parse().unwrap()
}

pub(super) fn who(text: &str) -> Principal {
    Principal::parse(text).unwrap()
}

pub(super) fn account(text: &str) -> Resource {
    Resource::parse_account(text).unwrap()
}
