//! Cloud Asset v1: `searchAllResources` and `searchAllIamPolicies` (discovery document cloudasset v1).

use std::cmp::Ordering;
use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::emulator::api::assets::inventory::{
    self, at, inside_by_name, place, type_of, wanted_types,
};
use crate::emulator::api::assets::query::{OfPolicy, OfResource, Query, Searched, permissions};
use crate::emulator::api::enforce;
use crate::emulator::call::{ApiAnswer, ApiCall, StatusError, listed};
use crate::emulator::world::{Shared, World};
use crate::estate::Tag;
use crate::iam::{Resource, Role};

/// Results of a page unless asked, and at most (`pageSize`: "capped at 500").
const PAGE: (usize, usize) = (100, 500);

/// "Only the following fields in the response are sortable" (`searchAllResources`, orderBy).
const RESOURCE_ORDER: &[&str] = &[
    "name",
    "assetType",
    "project",
    "displayName",
    "description",
    "location",
    "createTime",
    "updateTime",
    "state",
    "parentFullResourceName",
    "parentAssetType",
];
/// `searchAllIamPolicies`, orderBy.
const POLICY_ORDER: &[&str] = &["resource", "assetType", "project"];

/// The fields of `ResourceSearchResult`.
const FIELDS: &[&str] = &[
    "additionalAttributes",
    "assetType",
    "attachedResources",
    "createTime",
    "description",
    "displayName",
    "effectiveTags",
    "enrichments",
    "folders",
    "kmsKey",
    "kmsKeys",
    "labels",
    "location",
    "name",
    "networkTags",
    "organization",
    "parentAssetType",
    "parentFullResourceName",
    "project",
    "relationships",
    "sccSecurityMarks",
    "state",
    "tagKeys",
    "tagValueIds",
    "tagValues",
    "tags",
    "updateTime",
    "versionedResources",
];
/// "Some fields of large size … are not returned by default" (`readMask`).
const LARGE: [&str; 3] = ["versionedResources", "attachedResources", "effectiveTags"];

pub(crate) fn resources(shared: &Shared, call: &ApiCall, scope: &str) -> ApiAnswer {
    let scope = at(shared, call, scope, &["searchAllResources"])?;
    let text = call.param("query").unwrap_or_default();
    let query = Query::parse(text, Searched::Resources)?;
    let wanted = wanted_types(call)?;
    let order = Order::parse(call, "name", RESOURCE_ORDER)?;
    let mask = Mask::parse(call.param("readMask").unwrap_or_default())?;
    let size = page_size(call)?;
    let world = shared.read();
    let all = inside_by_name(shared, &world, &scope);
    let row = |resource: &Resource| {
        wanted(type_of(resource))
            .then(|| found(&world, resource))
            .filter(|row| query.holds(&OfResource(row)))
    };
    if order.is_by_name() && !wanted(inventory::ROLE) {
        let (mut page, next) = page_by_name(call, &all, size, row)?;
        for row in &mut page {
            mask.cut(row);
        }
        return Ok(listed("results", page, next));
    }
    let mut rows: Vec<Value> = all.iter().filter_map(|(_, one)| row(one)).collect();
    if wanted(inventory::ROLE) {
        let roles = inventory::roles_in(&world, call, &scope);
        rows.extend(
            roles
                .iter()
                .map(|(role, owner)| of_role(&world, role, owner))
                .filter(|row| query.holds(&OfResource(row))),
        );
    }
    let (mut page, next) = order.page(call, rows, size)?;
    for row in &mut page {
        mask.cut(row);
    }
    Ok(listed("results", page, next))
}

/// "If set to zero or a negative value, server will pick an appropriate default" (`pageSize`).
fn page_size(call: &ApiCall) -> Result<usize, StatusError> {
    let asked = call.param("pageSize").unwrap_or_default();
    if asked.starts_with('-') && asked.parse::<i64>().is_ok() {
        return Ok(PAGE.0);
    }
    call.page_size(PAGE.0, PAGE.1)
}

/// A `ResourceSearchResult`, effective tags included.
fn found(world: &World, resource: &Resource) -> Value {
    let mut row = Map::new();
    row.insert("name".into(), json!(resource.full_name()));
    row.insert("assetType".into(), json!(type_of(resource)));
    row.extend(place(world, resource));
    if let Some(parent) = world.estate.parent(resource) {
        above(&mut row, &parent);
    }
    row.insert("location".into(), json!("global"));
    let data = inventory::data(world, resource);
    let text = |field: &str| {
        data.get(field)
            .and_then(Value::as_str)
            .filter(|t| !t.is_empty())
    };
    for field in ["displayName", "description", "createTime", "updateTime"] {
        if let Some(text) = text(field) {
            row.insert(field.into(), json!(text));
        }
    }
    if let Some(labels) = data.get("labels").filter(|labels| labels.is_object()) {
        row.insert("labels".into(), labels.clone());
    }
    match resource {
        Resource::ServiceAccount { account, .. } => {
            let known = world.estate.account(account);
            let state = if known.is_some_and(|a| a.disabled) {
                "DISABLED"
            } else {
                "ENABLED"
            };
            row.insert("state".into(), json!(state));
            row.insert(
                "additionalAttributes".into(),
                json!({ "email": account, "uniqueId": known.map(|a| &a.unique_id) }),
            );
        }
        Resource::Project(id) => {
            row.insert("state".into(), json!(text("state").unwrap_or("ACTIVE")));
            row.insert("additionalAttributes".into(), json!({ "projectId": id }));
        }
        _ => {
            row.insert("state".into(), json!(text("state").unwrap_or("ACTIVE")));
        }
    }
    tags(world, resource, &mut row);
    Value::Object(row)
}

fn above(row: &mut Map<String, Value>, parent: &Resource) {
    row.insert("parentFullResourceName".into(), json!(parent.full_name()));
    row.insert("parentAssetType".into(), json!(type_of(parent)));
}

fn of_role(world: &World, role: &Role, owner: &Resource) -> Value {
    let mut row = Map::new();
    let name = format!("//iam.googleapis.com/{}", role.name);
    row.insert("name".into(), json!(name));
    row.insert("assetType".into(), json!(inventory::ROLE));
    row.extend(place(world, owner));
    above(&mut row, owner);
    row.insert("location".into(), json!("global"));
    if let Some(title) = &role.title {
        row.insert("displayName".into(), json!(title));
    }
    if let Some(description) = &role.description {
        row.insert("description".into(), json!(description));
    }
    Value::Object(row)
}

/// `tags` and `effectiveTags`: those of each level that no nearer value of the same key replaces.
fn tags(world: &World, resource: &Resource, row: &mut Map<String, Value>) {
    let (mut keys, mut effective) = (Vec::new(), Vec::new());
    for level in world.estate.ancestry(resource).levels {
        let new: Vec<&Tag> = world
            .estate
            .own_tags(&level)
            .iter()
            .filter(|tag| !keys.contains(&(&tag.namespaced_tag_key, &tag.tag_key)))
            .collect();
        if new.is_empty() {
            continue;
        }
        keys.extend(new.iter().map(|t| (&t.namespaced_tag_key, &t.tag_key)));
        let shown: Vec<Value> = new.into_iter().map(of_tag).collect();
        if level == *resource {
            row.insert("tags".into(), json!(shown));
        }
        effective.push(json!({ "attachedResource": level.full_name(), "effectiveTags": shown }));
    }
    if !effective.is_empty() {
        row.insert("effectiveTags".into(), json!(effective));
    }
}

/// A `Tag` of cloudasset v1.
fn of_tag(tag: &Tag) -> Value {
    let fields = [
        ("tagKey", &tag.namespaced_tag_key),
        ("tagKeyId", &tag.tag_key),
        ("tagValue", &tag.namespaced_tag_value),
        ("tagValueId", &tag.tag_value),
    ];
    fields
        .into_iter()
        .filter(|(_, text)| !text.is_empty())
        .map(|(name, text)| (name.to_owned(), json!(text)))
        .collect::<Map<_, _>>()
        .into()
}

pub(crate) fn policies(shared: &Shared, call: &ApiCall, scope: &str) -> ApiAnswer {
    let scope = at(shared, call, scope, &["searchAllIamPolicies"])?;
    let text = call.param("query").unwrap_or_default();
    let query = Query::parse(text, Searched::Policies)?;
    let wanted = wanted_types(call)?;
    let order = Order::parse(call, "resource", POLICY_ORDER)?;
    let size = page_size(call)?;
    let world = shared.read();
    // Whoever may search a scope sees every policy in it: the permission is asked for on the scope, and for
    // nothing else (`searchAllIamPolicies`). A viewer who may not read one of them has it not.
    let kept_from = enforce::is_viewer(&world, call)
        && world
            .hidden_policies()
            .filter(|one| wanted(type_of(one)))
            .any(|one| world.estate.ancestry(one).levels.contains(&scope));
    if kept_from {
        drop(world);
        let permission = "cloudasset.assets.searchAllIamPolicies";
        return Err(enforce::denied(shared, call, permission, &scope));
    }
    let all = inside_by_name(shared, &world, &scope);
    let row = |resource: &Resource| {
        wanted(type_of(resource))
            .then(|| of_policy(&world, call, &query, resource))
            .flatten()
    };
    let (page, next) = if order.is_by_name() {
        page_by_name(call, &all, size, row)?
    } else {
        order.page(
            call,
            all.iter().filter_map(|(_, one)| row(one)).collect(),
            size,
        )?
    };
    Ok(listed("results", page, next))
}

/// One page in the order of names: what is before it is not made, and the rest not either. Its token is what
/// [`Order::page`] gives out for that order.
fn page_by_name(
    call: &ApiCall,
    all: &[(String, Resource)],
    size: usize,
    row: impl Fn(&Resource) -> Option<Value>,
) -> Result<(Vec<Value>, Option<String>), StatusError> {
    let after = Order::after(call)?;
    let after = after.as_ref().and_then(|key| key.first());
    let start = after.map_or(0, |after| all.partition_point(|(name, _)| name <= after));
    let mut page = Vec::new();
    let mut last = "";
    for (name, resource) in all.get(start..).unwrap_or_default() {
        let Some(found) = row(resource) else { continue };
        if page.len() == size {
            let next = call.token_after(&json!([last]).to_string());
            return Ok((page, Some(next)));
        }
        page.push(found);
        last = name;
    }
    Ok((page, None))
}

/// An `IamPolicySearchResult` with the bindings that meet the query; `None` when none does.
fn of_policy(world: &World, call: &ApiCall, query: &Query, resource: &Resource) -> Option<Value> {
    let mut policy = inventory::stored(world, resource)?;
    let mut row = place(world, resource);
    row.insert("resource".into(), json!(resource.full_name()));
    row.insert("assetType".into(), json!(type_of(resource)));
    let mut row = Value::Object(row);
    let mut matched: BTreeMap<String, Value> = BTreeMap::new();
    let bindings = policy.get_mut("bindings")?.as_array_mut()?;
    bindings.retain(|binding| {
        let Some(binding) = binding.as_object() else {
            return false;
        };
        let role = binding.get("role").and_then(Value::as_str).unwrap_or("");
        let held = || match readable(world, call, role) {
            true => permissions(&world.estate, role),
            false => Vec::new(),
        };
        let facts = OfPolicy {
            row: &row,
            binding,
            permissions: &held,
        };
        let meets = query.holds(&facts);
        if meets && query.asks_for_permissions() {
            let held = held();
            let found = query.matched(&held);
            if !found.is_empty() {
                matched.insert(role.to_owned(), json!({ "permissions": found }));
            }
        }
        meets
    });
    if bindings.is_empty() {
        return None;
    }
    policy.remove("auditConfigs");
    let object = row.as_object_mut()?;
    object.insert("policy".into(), Value::Object(policy));
    if !matched.is_empty() {
        object.insert(
            "explanation".into(),
            json!({ "matchedPermissions": matched }),
        );
    }
    Some(row)
}

/// "If callers don't have `iam.roles.get` access to a role's included permissions, policy bindings that
/// specify this role will be dropped" (`searchAllIamPolicies`, query). Predefined roles are everybody's.
fn readable(world: &World, call: &ApiCall, role: &str) -> bool {
    let Some((owner, _)) = role.split_once("/roles/") else {
        return true;
    };
    if enforce::is_viewer(world, call) && world.hides(role) {
        return false;
    }
    Resource::parse(owner)
        .ok()
        .and_then(|owner| world.find(&owner))
        .is_some_and(|owner| enforce::holds(world, call, "iam.roles.get", &owner))
}

/// `orderBy`: fields, each perhaps descending; what ties goes by name.
struct Order(Vec<(String, bool)>);

impl Order {
    fn parse(call: &ApiCall, name: &str, sortable: &[&str]) -> Result<Self, StatusError> {
        let mut fields = Vec::new();
        let text = call.param("orderBy").unwrap_or_default();
        for part in text.split(',').map(str::trim).filter(|p| !p.is_empty()) {
            let mut words = part.split_whitespace();
            let field = words.next().unwrap_or_default();
            let down = match words.next() {
                None => Some(false),
                Some(word) if word.eq_ignore_ascii_case("asc") => Some(false),
                Some(word) if word.eq_ignore_ascii_case("desc") => Some(true),
                Some(_) => None,
            };
            let camel = camel(field);
            match down {
                Some(down) if words.next().is_none() && sortable.contains(&camel.as_str()) => {
                    fields.push((camel, down));
                }
                _ => {
                    return Err(StatusError::invalid(format!(
                        "Invalid orderBy '{}': expected one of {}, with DESC after it or not.",
                        crate::text::visible(part),
                        sortable.join(", ")
                    )));
                }
            }
        }
        fields.push((name.to_owned(), false));
        Ok(Self(fields))
    }

    fn key(&self, row: &Value) -> Vec<String> {
        self.0
            .iter()
            .map(|(field, _)| {
                let text = row.get(field).and_then(Value::as_str);
                text.unwrap_or_default().to_owned()
            })
            .collect()
    }

    fn compare(&self, a: &[String], b: &[String]) -> Ordering {
        let pairs = a.iter().zip(b).zip(&self.0);
        pairs
            .map(|((a, b), (_, down))| if *down { b.cmp(a) } else { a.cmp(b) })
            .find(|o| o.is_ne())
            .unwrap_or(Ordering::Equal)
    }

    /// Whether it is that of the names alone, upwards.
    fn is_by_name(&self) -> bool {
        matches!(self.0.as_slice(), [(_, false)])
    }

    /// The key of the last row of the page before.
    fn after(call: &ApiCall) -> Result<Option<Vec<String>>, StatusError> {
        let Some(text) = call.last_key()? else {
            return Ok(None);
        };
        let key = serde_json::from_str(&text);
        key.map(Some)
            .map_err(|_| StatusError::invalid("The page token is invalid."))
    }

    /// One page. The token is the key of the last row served.
    fn page(
        &self,
        call: &ApiCall,
        rows: Vec<Value>,
        size: usize,
    ) -> Result<(Vec<Value>, Option<String>), StatusError> {
        let after = Self::after(call)?;
        let mut rows: Vec<(Vec<String>, Value)> = rows
            .into_iter()
            .map(|row| (self.key(&row), row))
            .filter(|(key, _)| {
                let is_after = |after: &Vec<String>| self.compare(key, after).is_gt();
                after.as_ref().is_none_or(is_after)
            })
            .collect();
        rows.sort_by(|(a, _), (b, _)| self.compare(a, b));
        let more = rows.len() > size;
        rows.truncate(size);
        let next = rows
            .last()
            .filter(|_| more)
            .map(|(key, _)| call.token_after(&json!(key).to_string()));
        Ok((rows.into_iter().map(|(_, row)| row).collect(), next))
    }
}

/// `asset_type` as `assetType`: both name a field.
fn camel(field: &str) -> String {
    let mut name = String::new();
    let mut up = false;
    for c in field.chars() {
        if c == '_' {
            up = true;
        } else if std::mem::take(&mut up) {
            name.extend(c.to_uppercase());
        } else {
            name.push(c);
        }
    }
    name
}

/// `readMask`: which fields are wanted.
enum Mask {
    Usual,
    All,
    These(Vec<String>),
}

impl Mask {
    fn parse(text: &str) -> Result<Self, StatusError> {
        let names: Vec<String> = text
            .split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .map(|name| camel(name.split('.').next().unwrap_or_default()))
            .collect();
        if names.iter().any(|name| name == "*") {
            return Ok(Self::All);
        }
        match names.iter().find(|name| !FIELDS.contains(&name.as_str())) {
            Some(bad) => Err(StatusError::invalid(format!(
                "Invalid readMask: '{}' is no field of a result.",
                crate::text::visible(bad)
            ))),
            None if names.is_empty() => Ok(Self::Usual),
            None => Ok(Self::These(names)),
        }
    }

    fn cut(&self, row: &mut Value) {
        if let Some(row) = row.as_object_mut() {
            row.retain(|name, _| match self {
                Self::Usual => !LARGE.contains(&name.as_str()),
                Self::All => true,
                Self::These(names) => names.contains(name),
            });
        }
    }
}
