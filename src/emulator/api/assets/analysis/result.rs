//! One binding of a policy as an `IamPolicyAnalysisResult`.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::question::AnalysisQuery;
use crate::emulator::api::assets::inventory::{self, up_to};
use crate::emulator::api::assets::query::permissions;
use crate::emulator::api::cloud_identity::seen;
use crate::emulator::call::ApiCall;
use crate::emulator::world::World;
use crate::evaluate::condition::{self, ConditionContext, ConditionOutcome};
use crate::evaluate::{Belongs, Truth};
use crate::iam::{Binding, Condition, Member, Resource};

/// Resources that one binding, and members that one group, is expanded to (Options.expandResources,
/// Options.expandGroups: "the default max expansion … is 1000").
const MOST: usize = 1_000;

/// What one analysis looks at.
pub(crate) struct Looking<'a> {
    pub world: &'a World,
    pub call: &'a ApiCall,
    pub scope: &'a Resource,
    pub asked: &'a AnalysisQuery,
    /// The identity that was asked for, when it is one principal.
    pub belongs: Option<Belongs<'a>>,
}

/// What one binding gives.
pub(crate) struct AnalysisFinding {
    pub result: Value,
    /// The identities by name.
    pub names: Vec<String>,
    /// The condition cannot hold.
    pub off: bool,
    /// Groups that could not be looked into.
    pub unread: Vec<String>,
}

/// The identities of a binding that were asked for.
#[derive(Default)]
struct Identities {
    names: Vec<String>,
    /// From groups to their members.
    edges: Vec<Value>,
    unread: Vec<String>,
}

impl Looking<'_> {
    /// The result of a binding that matters.
    pub fn at(&self, place: &Resource, binding: &Binding) -> Option<AnalysisFinding> {
        let accesses = self.accesses(&binding.role)?;
        let found = self.identities(binding)?;
        let mut list = Map::new();
        let resources = self.resources(place);
        let names: Vec<Value> = resources
            .iter()
            .map(|r| json!({ "fullResourceName": r.full_name() }))
            .collect();
        list.insert("resources".into(), json!(names));
        list.insert("accesses".into(), json!(accesses));
        if self.asked.resource_edges {
            let edges = resource_edges(self.world, place, &resources);
            if !edges.is_empty() {
                list.insert("resourceEdges".into(), json!(edges));
            }
        }
        let mut off = false;
        if let Some(condition) = &binding.condition {
            let value = evaluation(condition, self.asked.time);
            off = value == "FALSE";
            list.insert(
                "conditionEvaluation".into(),
                json!({ "evaluationValue": value }),
            );
        }
        let identities: Vec<Value> = found.names.iter().map(|n| found.shown(n)).collect();
        let mut identity_list = json!({ "identities": identities });
        if let (true, false, Some(object)) = (
            self.asked.group_edges,
            found.edges.is_empty(),
            identity_list.as_object_mut(),
        ) {
            object.insert("groupEdges".into(), json!(found.edges));
        }
        let result = json!({
            "attachedResourceFullName": place.full_name(),
            "iamBinding": binding,
            "accessControlLists": [list],
            "identityList": identity_list,
            "fullyExplored": found.unread.is_empty(),
        });
        Some(AnalysisFinding {
            result,
            names: found.names,
            off,
            unread: found.unread,
        })
    }

    /// The resources that a binding at a place reaches, as far as they were asked for.
    fn resources(&self, place: &Resource) -> Vec<Resource> {
        let start = match &self.asked.resource {
            // A policy below the resource that was asked for (expandResources) reaches what is below it.
            Some(asked) if self.world.estate.ancestry(asked).levels.contains(place) => asked,
            _ => place,
        };
        if !self.asked.expand_resources {
            return vec![start.clone()];
        }
        let mut below = inventory::inside(self.world, start);
        below.retain(|r| self.world.estate.ancestry(r).levels.contains(self.scope));
        below.truncate(MOST);
        below
    }

    /// The accesses of a role that were asked for; `None` when there are none.
    fn accesses(&self, role: &str) -> Option<Vec<Value>> {
        let mut found = Vec::new();
        if self.asked.permissions.is_empty() && self.asked.roles.is_empty() {
            if self.asked.expand_roles {
                let held = permissions(&self.world.estate, role);
                found.extend(held.iter().map(|p| json!({ "permission": p })));
            } else {
                found.push(json!({ "role": role }));
            }
        }
        if self.asked.roles.iter().any(|wanted| wanted == role) {
            found.push(json!({ "role": role }));
        }
        if !self.asked.permissions.is_empty() {
            let held = permissions(&self.world.estate, role);
            let wanted = self.asked.permissions.iter().filter(|p| held.contains(p));
            found.extend(wanted.map(|p| json!({ "permission": p })));
        }
        (!found.is_empty()).then_some(found)
    }

    /// `None` when there are none.
    fn identities(&self, binding: &Binding) -> Option<Identities> {
        let mut found = Identities::default();
        for member in &binding.members {
            let group = match &member.member {
                Member::Group(email) => Some(email),
                _ => None,
            };
            match (&self.asked.identity, &self.belongs) {
                (None, _) => match group {
                    Some(email) if self.asked.expand_groups => self.expand(email, &mut found, MOST),
                    _ => found.names.push(member.text.to_string()),
                },
                (Some((text, _)), Some(belongs)) => {
                    if group.is_some_and(|email| !seen(self.world, self.call, email)) {
                        found.unread.push(member.text.to_string());
                    } else if belongs.to(&member.member) == Truth::Yes {
                        found.names.push(text.clone());
                    }
                }
                // A group or a set that was asked for by its own name.
                (Some((text, _)), None) => {
                    if *member.text == **text {
                        found.names.push(text.clone());
                    }
                }
            }
        }
        found.names.sort();
        found.names.dedup();
        (!found.names.is_empty()).then_some(found)
    }

    /// A group and everybody in it.
    fn expand(&self, email: &str, found: &mut Identities, most: usize) {
        let own = format!("group:{email}");
        if found.names.contains(&own) {
            return;
        }
        found.names.push(own.clone());
        let known = self.world.estate.group(email).known();
        let Some(group) = known.filter(|_| seen(self.world, self.call, email)) else {
            found.unread.push(own);
            return;
        };
        for member in group.members.iter().take(most) {
            found
                .edges
                .push(json!({ "sourceNode": own, "targetNode": member.text }));
            match &member.member {
                Member::Group(inner) => self.expand(inner, found, most),
                _ => found.names.push(member.text.to_string()),
            }
        }
    }
}

impl Identities {
    fn shown(&self, name: &str) -> Value {
        if self.unread.iter().any(|u| u == name) {
            return json!({
                "name": name,
                "analysisState": {
                    "code": "PERMISSION_DENIED",
                    "cause": format!("The members of {name} may not be read, or it does not exist."),
                },
            });
        }
        json!({ "name": name })
    }
}

fn resource_edges(world: &World, from: &Resource, to: &[Resource]) -> Vec<Value> {
    let mut edges = Vec::new();
    for resource in to {
        let way = up_to(world, resource, from);
        for pair in way.windows(2) {
            if let [below, above] = pair {
                let edge =
                    json!({ "sourceNode": above.full_name(), "targetNode": below.full_name() });
                if !edges.contains(&edge) {
                    edges.push(edge);
                }
            }
        }
    }
    edges
}

/// Without a time, a condition is always conditional (ConditionEvaluation).
fn evaluation(condition: &Condition, time: Option<Timestamp>) -> &'static str {
    let Some(time) = time else {
        return "CONDITIONAL";
    };
    let context = ConditionContext {
        time: Some(time),
        ..ConditionContext::default()
    };
    match condition::compile(&condition.expression).map(|c| c.decide(&context)) {
        Ok(ConditionOutcome::True) => "TRUE",
        Ok(ConditionOutcome::Unknown(_)) => "CONDITIONAL",
        Ok(ConditionOutcome::False | ConditionOutcome::Error(_)) | Err(_) => "FALSE",
    }
}
