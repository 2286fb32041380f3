//! `google_*_iam_member`, `_binding` and `_policy` on service accounts, projects, folders and organizations. A
//! binding holds all members of its role and condition, a policy all bindings of its resource (the provider's
//! reference: "authoritative"); beside members nobody knows what else is granted.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::super::draft::not;
use super::super::kept::Fault;
use super::super::words;
use super::resource::{TfResource, TfValue};
use crate::iam::allow::{Condition, PARTIAL};
use crate::iam::{AllowPolicy, Binding, Resource};

const NOT_ALL: &str = "Terraform manages a part of it, and does not tell the rest";
const AFTER: &str = "Terraform knows a part of it after the apply, or marks it as sensitive";

/// A role with its condition.
type RoleWhen = (String, Option<Condition>);

/// What is granted on one resource.
#[derive(Default)]
struct GrantsOn {
    /// By members, one at a time.
    members: BTreeMap<String, Vec<(Option<Condition>, String)>>,
    /// All members of a role and condition.
    bindings: Vec<(RoleWhen, Vec<String>)>,
    /// All there is.
    whole: Option<AllowPolicy>,
    /// Some of it is not known yet.
    open: bool,
}

/// What is granted on all resources.
#[derive(Default)]
pub(super) struct Grants(BTreeMap<Resource, GrantsOn>);

/// The attribute that names the resource.
const PLACES: [(&str, &str); 4] = [
    ("google_service_account_iam_", "service_account_id"),
    ("google_project_iam_", "project"),
    ("google_folder_iam_", "folder"),
    ("google_organization_iam_", "org_id"),
];

impl Grants {
    /// Takes in a resource that grants something; `false` for any other.
    pub fn take(&mut self, one: &TfResource<'_>) -> Result<bool, Fault> {
        let found = PLACES
            .iter()
            .find_map(|(start, place)| Some((one.kind.strip_prefix(start)?, *place)));
        let Some((what @ ("member" | "binding" | "policy"), place)) = found else {
            return Ok(false);
        };
        // On something that is not there yet: what is granted there is not known anyway.
        let TfValue::Is(name) = one.text(place) else {
            return Ok(true);
        };
        let on = self.0.entry(resource(place, &name)?).or_default();
        let condition = match one.block("condition") {
            TfValue::Is(block) => TfValue::Is(condition(block)),
            TfValue::Unset => TfValue::Unset,
            TfValue::Unknown => TfValue::Unknown,
        };
        match what {
            "policy" => match one.text("policy_data") {
                TfValue::Is(text) => on.whole = Some(policy(&text)?),
                TfValue::Unset => on.whole = Some(AllowPolicy::default()),
                TfValue::Unknown => on.open = true,
            },
            _ => match (one.text("role").is(), condition.is_unknown()) {
                (Some(role), false) => {
                    let condition = condition.is();
                    if what == "binding" {
                        let (members, open) = one.texts("members");
                        on.open |= open;
                        on.bindings.push(((role, condition), members));
                    } else if let Some(member) = one.text("member").is() {
                        on.members
                            .entry(role)
                            .or_default()
                            .push((condition, member));
                    } else {
                        on.open = true;
                    }
                }
                _ => on.open = true,
            },
        }
        Ok(true)
    }

    /// One policy for each resource.
    pub fn into_policies(self) -> impl Iterator<Item = (Resource, AllowPolicy)> {
        self.0.into_iter().map(|(on, grants)| (on, grants.policy()))
    }
}

impl GrantsOn {
    fn policy(self) -> AllowPolicy {
        if let Some(whole) = self.whole {
            return whole;
        }
        let mut all: Vec<(RoleWhen, Vec<String>)> = self.bindings;
        let listed = all.len();
        for (role, members) in self.members {
            for (condition, member) in members {
                let grant = (role.clone(), condition);
                match all.iter().position(|(known, _)| *known == grant) {
                    // The binding holds all members of that role; the two contradict each other, and which was
                    // applied last nobody can tell.
                    Some(at) if at < listed => {}
                    Some(at) => {
                        if let Some((_, known)) = all.get_mut(at) {
                            known.push(member);
                        }
                    }
                    None => all.push((grant, vec![member])),
                }
            }
        }
        let bindings = all.into_iter().filter(|(_, members)| !members.is_empty());
        let bindings = bindings.map(|((role, condition), members)| {
            let members: Vec<&str> = members.iter().map(String::as_str).collect();
            Binding {
                condition: condition.map(Arc::new),
                ..Binding::new(&role, &members)
            }
        });
        let why = if self.open { AFTER } else { NOT_ALL };
        AllowPolicy {
            bindings: bindings.collect(),
            extra: Map::from_iter([(PARTIAL.to_owned(), why.into())]).into(),
            ..AllowPolicy::default()
        }
    }
}

/// What the attribute names. Its text may be of any of the forms that the provider takes.
fn resource(place: &str, name: &str) -> Result<Resource, Fault> {
    let (start, form) = match place {
        "service_account_id" => {
            let found = Resource::parse(name).or_else(|_| Resource::parse_account(name));
            return found
                .map_err(|_| not(name, "projects/P/serviceAccounts/E as a service_account_id"));
        }
        "project" => ("projects/", "a project's id or number"),
        "folder" => ("folders/", "folders/NUMBER"),
        _ => ("organizations/", "an organization's number"),
    };
    let bare = name.strip_prefix(start).unwrap_or(name);
    Resource::parse(&format!("{start}{bare}")).map_err(|_| not(name, form))
}

fn condition(block: &Map<String, Value>) -> Condition {
    let text = |key: &str| block.get(key).and_then(Value::as_str).map(str::to_owned);
    let some = |key: &str| text(key).filter(|t| !t.is_empty());
    Condition {
        expression: text("expression").unwrap_or_default(),
        title: some("title"),
        description: some("description"),
        location: None,
    }
}

/// `policy_data` is a policy as JSON in a text.
fn policy(text: &str) -> Result<AllowPolicy, Fault> {
    serde_json::from_str(text).map_err(|e| {
        let why = words::plain(&e.to_string());
        format!("the text in policy_data is no allow policy: {why}").into()
    })
}
