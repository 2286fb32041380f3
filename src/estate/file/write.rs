//! An estate as an estate file.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::super::policies::policy_bindings_of;
use super::super::{Coverage, Estate, Project};
use crate::estate::Assumption;
use crate::iam::{Resource, deny, org_policy};

/// The estate as the JSON object that [`super::read`] reads, in a fixed order, so that two exports can
/// be compared. Keys with nothing under them are left out.
///
/// A file is taken as whole when it is read, so whatever an estate of part of the truth does not know
/// (a survey) is named under `unreadable`: it stays unknown.
#[must_use]
pub fn to_json(estate: &Estate) -> Value {
    let mut file = Map::new();
    let mut put = |key: &str, value: Value| {
        let empty = value.as_array().is_some_and(Vec::is_empty)
            || value.as_object().is_some_and(Map::is_empty);
        if !empty {
            file.insert(key.to_owned(), value);
        }
    };
    put("organizations", list(estate.organizations()));
    put("folders", list(estate.folders()));
    let alone = by_id_alone(estate);
    let alone: Vec<Project> = (alone.iter())
        .map(|id| Project {
            name: format!("projects/{id}"),
            project_id: id.clone(),
            ..Project::default()
        })
        .collect();
    put("projects", list(estate.projects().chain(&alone)));
    put("serviceAccounts", list(estate.accounts().map(|a| &**a)));
    put(
        "deletedServiceAccounts",
        list(estate.deleted_accounts().map(|a| &**a)),
    );
    let keys = estate.keys.iter().map(|(email, keys)| {
        let account = estate.account(email);
        let name = account.map_or_else(|| email.to_string(), |account| account.name.clone());
        (name, keys)
    });
    put("serviceAccountKeys", named(keys));
    put(
        "roles",
        sorted(estate.roles.iter().map(|(k, v)| (&**k, &**v))),
    );
    put(
        "groups",
        sorted(estate.groups.iter().map(|(email, group)| {
            let members: Vec<&str> = group.members.iter().map(|m| &*m.text).collect();
            (&**email, json!({ "email": email, "members": members }))
        })),
    );
    let allow = estate.allow.iter();
    put(
        "iamPolicies",
        named(allow.map(|(r, p)| (r.full_name(), &**p))),
    );
    put(
        "denyPolicies",
        sorted(
            estate
                .deny
                .values()
                .flatten()
                .map(|policy| (policy.name.as_str(), &**policy)),
        ),
    );
    put(
        "principalAccessBoundaryPolicies",
        list(estate.boundaries.values().map(|b| &**b)),
    );
    put(
        "policyBindings",
        sorted(
            estate
                .policy_bindings
                .values()
                .flatten()
                .map(|binding| (binding.name.as_str(), &**binding)),
        ),
    );
    put(
        "orgPolicies",
        sorted(estate.org_policies().map(|p| (p.name.as_str(), &**p))),
    );
    put(
        "tags",
        named(
            estate
                .tags
                .iter()
                .filter(|(_, t)| !t.is_empty())
                .map(|(r, t)| (r.full_name(), t)),
        ),
    );
    put(
        "enabledServices",
        named(
            estate
                .services
                .iter()
                .map(|(id, on)| (format!("projects/{id}"), on)),
        ),
    );
    put("policyInsights", list(estate.insights()));
    put("pools", list(estate.pools.values().map(|p| &**p)));
    put("providers", list(estate.providers.values().map(|p| &**p)));
    put("unreadable", json!(unknown(estate)));
    put(
        "assumptions",
        estate.assumptions().map(Assumption::name).collect(),
    );
    Value::Object(file)
}

/// Projects that something in the estate is of and that nobody told in full: by their ids, or numbers.
fn by_id_alone(estate: &Estate) -> BTreeSet<String> {
    let with_policy = estate.allow.iter().filter_map(|(on, _)| match on {
        Resource::Project(id) => Some(id.to_string()),
        _ => None,
    });
    let of_accounts = estate.accounts().map(|a| a.project_id.clone());
    let all = with_policy.chain(of_accounts);
    all.filter(|id| !id.is_empty() && estate.project(id).is_none())
        .collect()
}

/// What a reader of the file must not take for empty.
fn unknown(estate: &Estate) -> Vec<String> {
    let mut names: Vec<String> = estate.unreadable.keys().cloned().collect();
    if estate.coverage == Coverage::Partial {
        for level in estate.levels() {
            if !estate.allow_policy(&level).is_known() {
                names.push(level.full_name());
            }
            if !estate.deny_policies(&level).is_known() {
                names.push(deny::collection(&level));
            }
            if !estate.knows_org_policies(&level) {
                names.push(org_policy::collection(&level));
            }
            if !estate.policy_bindings_at(&level).is_known() {
                names.push(policy_bindings_of(&level));
            }
        }
        let accounts = estate
            .accounts()
            .filter_map(|a| estate.resolve(&Resource::account("-", &a.email)).exists());
        for account in accounts {
            if !estate.allow_policy(&account).is_known() {
                names.push(account.full_name());
            }
        }
    }
    names.sort();
    names.dedup();
    names
}

fn list<T: Serialize>(things: impl Iterator<Item = T>) -> Value {
    Value::Array(things.map(|t| value(&t)).collect())
}

fn sorted<'a, T: Serialize>(things: impl Iterator<Item = (&'a str, T)>) -> Value {
    let by_name: BTreeMap<&str, T> = things.collect();
    list(by_name.into_values())
}

fn named<T: Serialize>(things: impl Iterator<Item = (String, T)>) -> Value {
    let by_name: BTreeMap<String, T> = things.collect();
    Value::Object(
        by_name
            .into_iter()
            .map(|(name, thing)| (name, value(&thing)))
            .collect(),
    )
}

/// Everything in an estate is text, numbers, lists and maps by text: it always has a JSON form.
fn value(thing: &impl Serialize) -> Value {
    serde_json::to_value(thing).unwrap_or_default()
}
