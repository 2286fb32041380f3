//! Cloud Asset v1: `analyzeIamPolicy`, who has which access to what (discovery document cloudasset v1,
//! `IamPolicyAnalysisQuery`, `AnalyzeIamPolicyResponse`).
//!
//! As Google's, it looks at allow policies within the scope alone: deny policies and boundaries are not
//! taken into account. Impersonation (`analyzeServiceAccountImpersonation`) is refused, not ignored.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::Answer;
use super::asset_query::permissions;
use super::assets;
use super::call::Call;
use super::enforce;
use super::error::Refusal;
use super::state::{Shared, World};
use crate::evaluate::condition::{self, Context, Outcome};
use crate::evaluate::{Belongs, Tri};
use crate::iam::{Binding, Condition, Member, Principal, Resource};

/// What the caller needs on the scope (doc "Analyze IAM policies", required permissions).
pub(super) const NEEDED: &[&str] = &[
    "analyzeIamPolicy",
    "searchAllResources",
    "searchAllIamPolicies",
];

/// Resources that one binding is expanded to (Options.expandResources: "default is up to 1000").
const MOST: usize = 1_000;

/// What is asked.
struct Selection {
    resource: Option<Resource>,
    identity: Option<(String, Option<Principal>)>,
    permissions: Vec<String>,
    roles: Vec<String>,
    expand_groups: bool,
    expand_roles: bool,
    expand_resources: bool,
    resource_edges: bool,
    group_edges: bool,
    time: Option<Timestamp>,
}

impl Selection {
    fn read(world: &World, call: &Call) -> Result<Self, Refusal> {
        let get = |name: &str| {
            call.param(&format!("analysisQuery.{name}"))
                .filter(|t| !t.is_empty())
        };
        let all = |name: &str| -> Vec<String> {
            let name = format!("analysisQuery.accessSelector.{name}");
            call.query
                .iter()
                .filter(|(k, _)| *k == name)
                .map(|(_, v)| v.clone())
                .collect()
        };
        let on = |name: &str| get(&format!("options.{name}")) == Some("true");
        if on("analyzeServiceAccountImpersonation") {
            return Err(Refusal::new(
                501,
                "UNIMPLEMENTED",
                "This emulator does not analyze service account impersonation: bindscope who and bindscope reach do.",
            ));
        }
        let resource = match get("resourceSelector.fullResourceName") {
            None => None,
            Some(name) => {
                let found = Resource::parse(name).ok().and_then(|r| world.find(&r));
                Some(found.ok_or_else(|| {
                    Refusal::invalid(format!(
                        "Resource {} is not found.",
                        crate::text::visible(name)
                    ))
                })?)
            }
        };
        let identity = get("identitySelector.identity")
            .map(|text| (text.to_owned(), Principal::parse(text).ok()));
        let time = match get("conditionContext.accessTime") {
            None => None,
            Some(text) => Some(text.parse::<Timestamp>().map_err(|_| {
                Refusal::invalid("Invalid value at 'analysis_query.condition_context.access_time'")
            })?),
        };
        let selection = Self {
            resource,
            identity,
            permissions: all("permissions"),
            roles: all("roles"),
            expand_groups: on("expandGroups"),
            expand_roles: on("expandRoles"),
            expand_resources: on("expandResources"),
            resource_edges: on("outputResourceEdges"),
            group_edges: on("outputGroupEdges"),
            time,
        };
        let nothing = selection.resource.is_none()
            && selection.identity.is_none()
            && selection.permissions.is_empty()
            && selection.roles.is_empty();
        if nothing {
            return Err(Refusal::invalid(
                "At least one of resource_selector, identity_selector and access_selector must be specified.",
            ));
        }
        Ok(selection)
    }
}

/// The levels from a resource up to the scope, nearest first.
pub(super) fn up_to(world: &World, from: &Resource, scope: &Resource) -> Vec<Resource> {
    let mut levels = world.estate.ancestry(from).levels;
    match levels.iter().position(|level| level == scope) {
        Some(at) => levels.truncate(at + 1),
        None => levels.clear(),
    }
    levels
}

/// Answers `analyzeIamPolicy`.
pub(super) fn analyze(shared: &Shared, call: &Call, scope: &str) -> Answer {
    let scope = assets::at(shared, call, scope, NEEDED)?;
    let world = shared.read();
    let asked = Selection::read(&world, call)?;
    let viewer = enforce::is_viewer(&world, call);
    let places = match &asked.resource {
        Some(resource) => up_to(&world, resource, &scope),
        None => assets::inside(&world, &scope),
    };
    let belongs = asked
        .identity
        .as_ref()
        .and_then(|(_, who)| who.as_ref())
        .map(|who| Belongs::new(&world.estate, who));
    let (mut results, mut errors) = (Vec::new(), Vec::new());
    for place in &places {
        if viewer && world.hides_policy(place) {
            errors.push(json!({
                "code": "PERMISSION_DENIED",
                "cause": format!("The IAM policy of {place} may not be read."),
            }));
            continue;
        }
        let Some(policy) = world.estate.allow_policy(place).known().flatten() else {
            continue;
        };
        for binding in &policy.bindings {
            results.extend(one(
                &world,
                &asked,
                belongs.as_ref(),
                &scope,
                place,
                binding,
            ));
        }
    }
    let whole = errors.is_empty();
    let mut main = Map::new();
    main.insert("analysisQuery".into(), echo(call, &scope));
    if !results.is_empty() {
        main.insert("analysisResults".into(), json!(results));
    }
    main.insert("fullyExplored".into(), json!(whole));
    if !whole {
        main.insert("nonCriticalErrors".into(), json!(errors));
    }
    Ok(json!({ "mainAnalysis": main, "fullyExplored": whole }))
}

/// An `IamPolicyAnalysisResult` of a binding that matters.
fn one(
    world: &World,
    asked: &Selection,
    belongs: Option<&Belongs<'_>>,
    scope: &Resource,
    place: &Resource,
    binding: &Binding,
) -> Option<Value> {
    let accesses = accesses(world, asked, &binding.role)?;
    let (identities, edges) = identities(world, asked, belongs, binding)?;
    let mut list = Map::new();
    let resources = match (&asked.resource, asked.expand_resources) {
        (Some(resource), _) => vec![resource.clone()],
        (None, false) => vec![place.clone()],
        (None, true) => {
            let mut below = assets::inside(world, place);
            below.retain(|r| world.estate.ancestry(r).levels.contains(scope));
            below.truncate(MOST);
            below
        }
    };
    let names: Vec<Value> = resources
        .iter()
        .map(|r| json!({ "fullResourceName": r.full_name() }))
        .collect();
    list.insert("resources".into(), json!(names));
    list.insert("accesses".into(), json!(accesses));
    if asked.resource_edges {
        let edges = resource_edges(world, place, &resources);
        if !edges.is_empty() {
            list.insert("resourceEdges".into(), json!(edges));
        }
    }
    if let Some(condition) = &binding.condition {
        list.insert(
            "conditionEvaluation".into(),
            json!({ "evaluationValue": evaluation(condition, asked.time) }),
        );
    }
    let mut identity_list = json!({ "identities": identities });
    if let (true, false, Some(object)) = (
        asked.group_edges,
        edges.is_empty(),
        identity_list.as_object_mut(),
    ) {
        object.insert("groupEdges".into(), json!(edges));
    }
    Some(json!({
        "attachedResourceFullName": place.full_name(),
        "iamBinding": binding,
        "accessControlLists": [list],
        "identityList": identity_list,
        "fullyExplored": true,
    }))
}

/// The accesses of a role that were asked for; `None` when there are none.
fn accesses(world: &World, asked: &Selection, role: &str) -> Option<Vec<Value>> {
    let mut found = Vec::new();
    if asked.permissions.is_empty() && asked.roles.is_empty() {
        if asked.expand_roles {
            let held = permissions(&world.estate, role);
            found.extend(held.iter().map(|p| json!({ "permission": p })));
        } else {
            found.push(json!({ "role": role }));
        }
    }
    if asked.roles.iter().any(|wanted| wanted == role) {
        found.push(json!({ "role": role }));
    }
    if !asked.permissions.is_empty() {
        let held = permissions(&world.estate, role);
        let wanted = asked.permissions.iter().filter(|p| held.contains(p));
        found.extend(wanted.map(|p| json!({ "permission": p })));
    }
    (!found.is_empty()).then_some(found)
}

/// The identities of a binding that were asked for, with the edges from groups to their members;
/// `None` when there are none.
fn identities(
    world: &World,
    asked: &Selection,
    belongs: Option<&Belongs<'_>>,
    binding: &Binding,
) -> Option<(Vec<Value>, Vec<Value>)> {
    let mut names: Vec<String> = Vec::new();
    let mut edges = Vec::new();
    for member in &binding.members {
        let matches = match (&asked.identity, belongs) {
            (None, _) => true,
            (Some(_), Some(belongs)) => belongs.to(&member.member) == Tri::Yes,
            // A group or a set that was asked for by its own name.
            (Some((text, _)), None) => *member.text == **text,
        };
        if !matches {
            continue;
        }
        match (&asked.identity, &member.member) {
            (Some((text, Some(_))), _) => names.push(text.clone()),
            (_, Member::Group(email)) if asked.expand_groups => {
                expand(world, email, &mut names, &mut edges);
            }
            _ => names.push(member.text.to_string()),
        }
    }
    names.sort();
    names.dedup();
    let shown: Vec<Value> = names.iter().map(|name| json!({ "name": name })).collect();
    (!shown.is_empty()).then_some((shown, edges))
}

/// A group and everybody in it.
fn expand(world: &World, email: &str, names: &mut Vec<String>, edges: &mut Vec<Value>) {
    let own = format!("group:{email}");
    if names.contains(&own) {
        return;
    }
    names.push(own.clone());
    let Some(group) = world.estate.group(email).known() else {
        return;
    };
    for member in &group.members {
        edges.push(json!({ "sourceNode": own, "targetNode": member.text }));
        match &member.member {
            Member::Group(inner) => expand(world, inner, names, edges),
            _ => names.push(member.text.to_string()),
        }
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
    let context = Context {
        time: Some(time),
        ..Context::default()
    };
    match condition::compile(&condition.expression).map(|c| c.decide(&context)) {
        Ok(Outcome::True) => "TRUE",
        Ok(Outcome::Unknown(_)) => "CONDITIONAL",
        Ok(Outcome::False | Outcome::Error(_)) | Err(_) => "FALSE",
    }
}

/// The query as it was asked.
fn echo(call: &Call, scope: &Resource) -> Value {
    let mut query = Map::new();
    query.insert("scope".into(), json!(scope.relative()));
    for (name, value) in &call.query {
        let Some(path) = name.strip_prefix("analysisQuery.") else {
            continue;
        };
        let Some((part, field)) = path.split_once('.') else {
            continue;
        };
        let entry = query.entry(part.to_owned()).or_insert_with(|| json!({}));
        let Some(entry) = entry.as_object_mut() else {
            continue;
        };
        match (part, value.as_str()) {
            ("accessSelector", _) => {
                if let Some(list) = entry
                    .entry(field.to_owned())
                    .or_insert_with(|| json!([]))
                    .as_array_mut()
                {
                    list.push(json!(value));
                }
            }
            ("options", text) => {
                entry.insert(field.to_owned(), json!(text == "true"));
            }
            _ => {
                entry.insert(field.to_owned(), json!(value));
            }
        }
    }
    Value::Object(query)
}
