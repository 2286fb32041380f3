//! IAM v3, what can be a boundary or a binding: the fields of a request, its update mask, the limits
//! (messages `GoogleIamV3…` of the discovery document policytroubleshooter v3beta and gcloud's bundled
//! client iam v3).

use serde_json::{Map, Value, json};

use crate::emulator::api::iam::boundaries::missing;
use crate::emulator::call::{ApiCall, StatusError};
use crate::emulator::world::World;
use crate::evaluate::{condition, effective_version};
use crate::iam::{BoundaryPolicy, Condition, PolicyBinding, Resource, RuleEffect};

pub(crate) const MANAGER: &str = "//cloudresourcemanager.googleapis.com/";
/// What a caller may set of each, and whether it can change later.
pub(crate) const OF_BOUNDARIES: &[(&str, bool)] = &[
    ("displayName", true),
    ("annotations", true),
    ("details", true),
];
pub(crate) const OF_BINDINGS: &[(&str, bool)] = &[
    ("displayName", true),
    ("annotations", true),
    ("condition", true),
    ("target", false),
    ("policy", false),
    ("policyKind", false),
];
/// What a caller may send and only Google sets.
const OURS: &[&str] = &[
    "name",
    "etag",
    "uid",
    "policyUid",
    "createTime",
    "updateTime",
];

/// The deepest path of a mask: `details.rules` and the like, with some room.
const DEEPEST: usize = 8;

pub(crate) fn bad(message: impl Into<String>) -> StatusError {
    StatusError::invalid(message)
}

pub(crate) fn boundaries(on: &Resource) -> String {
    format!(
        "{}/locations/global/principalAccessBoundaryPolicies",
        on.relative()
    )
}

/// "Must start with a lowercase letter followed by up to 62 lowercase letters, numbers, hyphens, or
/// dots. Pattern, /[a-z][a-z0-9-.]{2,62}/" (iam v3, principalAccessBoundaryPolicyId).
pub(crate) fn identifier(given: Option<&str>) -> Result<&str, StatusError> {
    let id = given.unwrap_or_default();
    let fits = (3..=63).contains(&id.len())
        && id.starts_with(|c: char| c.is_ascii_lowercase())
        && id
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.".contains(&b));
    if fits {
        Ok(id)
    } else {
        Err(bad(
            "The ID must start with a lowercase letter followed by 2 to 62 lowercase letters, numbers, hyphens, or dots.",
        ))
    }
}

pub(crate) fn flag(call: &ApiCall, name: &str) -> Result<bool, StatusError> {
    match call.param(name) {
        None | Some("" | "false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err(bad(format!("Invalid value at '{name}' (TYPE_BOOL)."))),
    }
}

/// What a request sets; a field that its message does not have is refused.
pub(crate) fn given(
    call: &ApiCall,
    known: &[(&str, bool)],
) -> Result<Map<String, Value>, StatusError> {
    let Some(body) = call.body.as_object() else {
        return Err(bad("The request has no body."));
    };
    let mut fields = Map::new();
    for (name, value) in body {
        if known.iter().any(|(field, _)| field == name) {
            fields.insert(name.clone(), value.clone());
        } else if !OURS.contains(&name.as_str()) {
            return Err(bad(format!(
                "Invalid JSON payload received. Unknown name \"{}\": Cannot find field.",
                crate::text::visible(name)
            )));
        }
    }
    Ok(fields)
}

/// What is known with what a request changes of it: the fields of `updateMask`, or without one those
/// that the request has (google.aip.dev/134). A field that is named and not given is emptied.
pub(crate) fn merged(
    call: &ApiCall,
    known: &Value,
    fields: &[(&str, bool)],
) -> Result<Map<String, Value>, StatusError> {
    let sent = Value::Object(given(call, fields)?);
    let mut result = known.clone();
    let mask = call.param("updateMask").unwrap_or_default();
    let paths: Vec<String> = match mask {
        "*" => fields.iter().map(|(name, _)| (*name).to_owned()).collect(),
        "" => fields
            .iter()
            .filter(|(name, _)| sent.get(name).is_some())
            .map(|(name, _)| (*name).to_owned())
            .collect(),
        mask => mask.split(',').map(|path| camel(path.trim())).collect(),
    };
    for path in paths {
        let segments: Vec<&str> = path.split('.').collect();
        let first = segments.first().copied().unwrap_or_default();
        if segments.len() > DEEPEST {
            return Err(bad("Invalid update mask: a path is too deep."));
        }
        match fields.iter().find(|(name, _)| *name == first) {
            Some((_, true)) => put(&mut result, &segments, at_path(&sent, &segments)),
            Some((name, false)) => {
                if sent
                    .get(name)
                    .is_some_and(|new| known.get(name) != Some(new))
                {
                    return Err(bad(format!("{name} is immutable and cannot be updated.")));
                }
            }
            None if OURS.contains(&first) => {}
            None => {
                return Err(bad(format!(
                    "Invalid update mask: {} cannot be updated.",
                    crate::text::visible(&path)
                )));
            }
        }
    }
    match result {
        Value::Object(result) => Ok(result),
        _ => Err(missing()),
    }
}

/// `details.enforcement_version` as JSON has it: `details.enforcementVersion`.
fn camel(path: &str) -> String {
    let mut upper = false;
    let mut text = String::with_capacity(path.len());
    for c in path.chars() {
        if c == '_' {
            upper = true;
        } else if std::mem::take(&mut upper) {
            text.extend(c.to_uppercase());
        } else {
            text.push(c);
        }
    }
    text
}

fn at_path(value: &Value, segments: &[&str]) -> Option<Value> {
    segments
        .iter()
        .try_fold(value, |value, segment| value.get(segment))
        .cloned()
}

fn put(value: &mut Value, segments: &[&str], new: Option<Value>) {
    let [first, rest @ ..] = segments else {
        if let Some(new) = new {
            *value = new;
        }
        return;
    };
    if !value.is_object() {
        *value = json!({});
    }
    let Some(object) = value.as_object_mut() else {
        return;
    };
    if rest.is_empty() && new.is_none() {
        object.remove(*first);
    } else {
        put(object.entry(*first).or_insert(Value::Null), rest, new);
    }
}

pub(crate) fn read<T: serde::de::DeserializeOwned>(
    name: &str,
    mut fields: Map<String, Value>,
) -> Result<T, StatusError> {
    let unfit = match fields.get("annotations") {
        Some(Value::Object(all)) => all.values().any(|v| !v.is_string()),
        Some(Value::Null) | None => false,
        Some(_) => true,
    };
    if unfit {
        return Err(bad("annotations must map strings to strings."));
    }
    fields.retain(|_, value| !value.is_null());
    let long = fields.get("displayName").and_then(Value::as_str);
    if long.is_some_and(|text| text.chars().count() > 63) {
        return Err(bad(
            "displayName must be less than or equal to 63 characters.",
        ));
    }
    fields.insert("name".into(), json!(name));
    serde_json::from_value(Value::Object(fields))
        .map_err(|e| bad(format!("Invalid JSON payload received. {e}")))
}

/// The limits are those of the messages `GoogleIamV3PrincipalAccessBoundaryPolicyDetails` and `…Rule`.
pub(crate) fn judged_boundary(
    name: &str,
    fields: Map<String, Value>,
) -> Result<BoundaryPolicy, StatusError> {
    let mut policy: BoundaryPolicy = read(name, fields)?;
    let details = &mut policy.details;
    let newest = effective_version(None).unwrap_or_default();
    match details.enforcement_version.as_deref() {
        // "If empty, the PAB policy version will be set to the most recent version number".
        None | Some("") => details.enforcement_version = Some(newest.to_string()),
        version => {
            if effective_version(version).is_none_or(|number| number > newest) {
                return Err(bad(format!(
                    "details.enforcementVersion must be latest or a number from 1 to {newest}."
                )));
            }
        }
    }
    let resources = details
        .rules
        .iter()
        .map(|r| r.resources.len())
        .sum::<usize>();
    if details.rules.len() > 500 || resources > 500 {
        return Err(bad(
            "A policy can have at most 500 rules, and 500 resources across all of them.",
        ));
    }
    for rule in &details.rules {
        if matches!(rule.effect, RuleEffect::Other(_)) {
            return Err(bad("Invalid value at 'details.rules.effect'."));
        }
        if rule.resources.is_empty() {
            return Err(bad("details.rules.resources is required."));
        }
        let text = rule.description.as_deref().unwrap_or_default();
        if text.chars().count() > 256 {
            return Err(bad(
                "details.rules.description must be less than or equal to 256 characters.",
            ));
        }
        for resource in rule.resources.iter().chain(&rule.excluded_resources) {
            let fits = resource
                .strip_prefix(MANAGER)
                .and_then(|path| Resource::parse(path).ok())
                .is_some_and(|r| !matches!(r, Resource::ServiceAccount { .. }));
            if !fits {
                return Err(bad(format!(
                    "Resource {} is not supported: expected the full name of an organization, a folder or a project.",
                    crate::text::visible(resource)
                )));
            }
        }
    }
    Ok(policy)
}

/// A binding that can be: its policy exists in the organization of its parent.
pub(crate) fn judged_binding(
    world: &World,
    on: &Resource,
    mut wanted: PolicyBinding,
) -> Result<PolicyBinding, StatusError> {
    const KIND: &str = "PRINCIPAL_ACCESS_BOUNDARY";
    if wanted
        .policy_kind
        .as_deref()
        .is_some_and(|k| k != KIND && k != "POLICY_KIND_UNSPECIFIED")
    {
        return Err(bad(format!("policyKind must be empty or {KIND}.")));
    }
    wanted.policy_kind = Some(KIND.to_owned());
    let policy = world
        .estate
        .boundaries()
        .find(|p| p.name == wanted.policy)
        .ok_or_else(missing)?;
    let home = world
        .estate
        .ancestry(on)
        .levels
        .into_iter()
        .find(|level| matches!(level, Resource::Organization(_)));
    let same = home.is_some_and(|home| policy.name.starts_with(&format!("{}/", boundaries(&home))));
    if !same {
        return Err(bad(
            "The binding parent and policy must belong to the same organization.",
        ));
    }
    match policy.extra.get("uid") {
        Some(uid) => wanted.extra.insert("policyUid".into(), uid.clone()),
        None => wanted.extra.remove("policyUid"),
    };
    if let Some(condition) = &wanted.condition {
        check_condition(condition)?;
    }
    Ok(wanted)
}

/// "Cannot contain more than 250 characters"; "the only supported attributes in any subexpression are
/// `principal.type` and `principal.subject`" (GoogleIamV3PolicyBinding.condition).
fn check_condition(condition: &Condition) -> Result<(), StatusError> {
    let text = &condition.expression;
    if text.chars().count() > 250 {
        return Err(bad(
            "The condition expression cannot contain more than 250 characters.",
        ));
    }
    let compiled = condition::compile(text).map_err(|e| {
        let place = e.position.map_or(String::new(), |p| {
            format!(" at line {}, column {}", p.line, p.column)
        });
        bad(format!(
            "Condition expression compilation failed{place}: {}.",
            e.message
        ))
    })?;
    let mut others = compiled
        .names()
        .filter(|name| !["principal.type", "principal.subject"].contains(name));
    match others.next() {
        None => Ok(()),
        Some(other) => Err(bad(format!(
            "The condition of a policy binding can use principal.type and principal.subject only, not {}.",
            crate::text::visible(other)
        ))),
    }
}
