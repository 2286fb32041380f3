//! Tags of Resource Manager v3: the keys and values that the estate knows, what they are bound to, and
//! binding them (discovery document cloudresourcemanager v3, `TagBinding`, `TagKey`, `TagValue`).
//!
//! Keys and values have no policies of their own here: what may be done with them is granted at their
//! key's parent. An estate file knows those that are bound: others are lost with the emulator.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::emulator::api::enforce;
use crate::emulator::call::{ApiAnswer, ApiCall, StatusError, listed};
use crate::emulator::route::{Needs, Route};
use crate::emulator::world::{Shared, World};
use crate::estate::{Estate, Read, Tag};
use crate::iam::{Resource, ResourceKind};

/// The name of every operation: each is done at once.
const DONE: &str = "rctb.emulated-done";

/// What is served of them. On a service account the permissions on bindings are those of
/// `iam.serviceAccounts`.
pub(crate) const ROUTES: &[Route] = &[
    Route::new(
        "GET",
        "/v3/effectiveTags",
        &["resourcemanager.hierarchyNodes.listEffectiveTags"],
        effective,
    ),
    Route::new(
        "GET",
        "/v3/tagBindings",
        &["resourcemanager.hierarchyNodes.listTagBindings"],
        bindings,
    ),
    Route::new(
        "POST",
        "/v3/tagBindings",
        &[
            "resourcemanager.hierarchyNodes.createTagBinding",
            "resourcemanager.tagValueBindings.create",
        ],
        bind,
    ),
    Route::new(
        "DELETE",
        "/v3/tagBindings/{parent}/tagValues/{value}",
        &[
            "resourcemanager.hierarchyNodes.deleteTagBinding",
            "resourcemanager.tagValueBindings.delete",
        ],
        |shared, call| {
            unbind(
                shared,
                call,
                call.place("parent"),
                &format!("tagValues/{}", call.place("value")),
            )
        },
    ),
    Route::new(
        "GET",
        "/v3/{kind=tagKeys|tagValues}",
        &["resourcemanager.{kind}.list"],
        |shared, call| list(shared, call, call.place("kind")),
    ),
    Route::new(
        "POST",
        "/v3/tagKeys",
        &["resourcemanager.tagKeys.create"],
        |shared, call| create(shared, call, "tagKeys"),
    ),
    Route::new(
        "POST",
        "/v3/tagValues",
        &[
            "resourcemanager.tagKeys.get",
            "resourcemanager.tagValues.create",
        ],
        |shared, call| create(shared, call, "tagValues"),
    ),
    Route::new(
        "GET",
        "/v3/{kind=tagKeys|tagValues}/{id}",
        &["resourcemanager.{kind}.get"],
        |shared, call| one(shared, call, call.place("kind"), call.place("id")),
    ),
    Route::new(
        "DELETE",
        "/v3/{kind=tagKeys|tagValues}/{id}",
        &["resourcemanager.{kind}.delete"],
        |shared, call| delete(shared, call, call.place("kind"), call.place("id")),
    ),
    Route::with(
        "GET",
        "/v3/operations/rctb.emulated-done",
        Needs::Somebody,
        |_, _| {
            Ok(done(
                &json!({ "@type": "type.googleapis.com/google.protobuf.Empty" }),
            ))
        },
    ),
];

fn done(response: &Value) -> Value {
    json!({ "name": format!("operations/{DONE}"), "done": true, "response": response })
}

/// Where a key is, from its namespaced name: `1001/env`, `my-project/env`.
fn home(estate: &Estate, tag: &Tag) -> Option<Resource> {
    let (namespace, _) = tag.namespaced_tag_key.split_once('/')?;
    match estate.organization(namespace) {
        Some(_) => Some(Resource::Organization(namespace.into())),
        None => estate
            .project(namespace)
            .map(|project| Resource::project(&project.project_id)),
    }
}

/// The resource that a call is about: `None` where it is not there, with what was asked.
fn subject(
    shared: &Shared,
    name: &str,
    field: &str,
) -> Result<(Option<Resource>, Resource), StatusError> {
    let asked = Resource::parse(name).map_err(|_| {
        StatusError::invalid(format!("Request contains an invalid argument: {field}."))
    })?;
    let found = shared.read().find(&asked);
    Ok((found, asked))
}

/// The resource, once the caller may do that to its tags: accounts have permissions of their own (roles
/// reference, `iam.serviceAccounts.createTagBinding` and its kin).
fn permitted(
    shared: &Shared,
    call: &ApiCall,
    name: &str,
    verb: &str,
) -> Result<Resource, StatusError> {
    let (found, asked) = subject(shared, name, "parent")?;
    let service = match asked.kind() {
        ResourceKind::ServiceAccount => "iam.serviceAccounts",
        _ => "resourcemanager.hierarchyNodes",
    };
    let permission = format!("{service}.{verb}");
    let Some(found) = found else {
        return Err(enforce::denied(shared, call, &permission, &asked));
    };
    enforce::require(shared, call, &permission, &found).map(|()| found)
}

/// `effectiveTags.list`.
fn effective(shared: &Shared, call: &ApiCall) -> ApiAnswer {
    let parent = call.param("parent").unwrap_or_default();
    let found = permitted(shared, call, parent, "listEffectiveTags")?;
    let size = call.page_size(100, 300)?;
    let world = shared.read();
    let Read::Known(tags) = world.estate.effective_tags(&found) else {
        return Ok(json!({}));
    };
    let own = world
        .estate
        .parent(&found)
        .map(|parent| world.estate.effective_tags(&parent));
    let mut rows: Vec<(String, Value)> = tags
        .into_iter()
        .map(|tag| {
            let inherited = matches!(&own, Some(Read::Known(above)) if above.contains(&tag));
            let mut row = serde_json::to_value(&tag).unwrap_or(Value::Null);
            if let Some(row) = row.as_object_mut() {
                row.retain(|_, v| *v != json!(""));
                row.insert("inherited".into(), json!(inherited));
            }
            (format!("{}\n{}", tag.namespaced_tag_key, tag.tag_key), row)
        })
        .collect();
    rows.sort_by(|a, b| a.0.cmp(&b.0));
    let (page, next) = call.page(rows.into_iter(), size)?;
    Ok(listed("effectiveTags", page, next))
}

fn show_binding(world: &World, on: &Resource, tag: &Tag) -> Value {
    let parent = world.by_number(on).full_name();
    let escaped =
        percent_encoding::utf8_percent_encode(&parent, percent_encoding::NON_ALPHANUMERIC);
    // What Google escapes in it are the slashes.
    let escaped = escaped.to_string().replace("%2E", ".").replace("%2D", "-");
    fields(&[
        ("name", &format!("tagBindings/{escaped}/{}", tag.tag_value)),
        ("parent", &parent),
        ("tagValue", &tag.tag_value),
        ("tagValueNamespacedName", &tag.namespaced_tag_value),
    ])
}

/// An object of what is not empty.
fn fields(pairs: &[(&str, &str)]) -> Value {
    let given = pairs.iter().filter(|(_, value)| !value.is_empty());
    let object: Map<String, Value> = given.map(|(k, v)| ((*k).to_owned(), json!(v))).collect();
    Value::Object(object)
}

/// `tagBindings.list`: those of the resource itself.
fn bindings(shared: &Shared, call: &ApiCall) -> ApiAnswer {
    let parent = call.param("parent").unwrap_or_default();
    let found = permitted(shared, call, parent, "listTagBindings")?;
    let size = call.page_size(100, 300)?;
    let world = shared.read();
    let own = world.estate.own_tags(&found).iter();
    let rows = own.map(|tag| (tag.tag_value.clone(), show_binding(&world, &found, tag)));
    let mut rows: Vec<(String, Value)> = rows.collect();
    rows.sort_by(|a, b| a.0.cmp(&b.0));
    let (page, next) = call.page(rows.into_iter(), size)?;
    Ok(listed("tagBindings", page, next))
}

/// Whether the caller may bind that value or unbind it: asked at its key's parent. A value that is not
/// there is refused like one that may not be seen.
fn value_permitted(
    shared: &Shared,
    call: &ApiCall,
    name: &str,
    on: &Resource,
    verb: &str,
) -> Result<Tag, StatusError> {
    let permission = format!("resourcemanager.tagValueBindings.{verb}");
    let (tag, home) = {
        let world = shared.read();
        let Some(tag) = world.tags.value(name).cloned() else {
            drop(world);
            return Err(enforce::denied(shared, call, &permission, on));
        };
        let home = home(&world.estate, &tag);
        (tag, home)
    };
    enforce::require(shared, call, &permission, home.as_ref().unwrap_or(on)).map(|()| tag)
}

fn same_key(one: &Tag, other: &Tag) -> bool {
    (!one.tag_key.is_empty() && one.tag_key == other.tag_key)
        || (!one.namespaced_tag_key.is_empty()
            && one.namespaced_tag_key == other.namespaced_tag_key)
}

/// `tagBindings.create`. One value of a key at a time; the words are those that
/// hashicorp/terraform-provider-google#29346 tells of.
fn bind(shared: &Shared, call: &ApiCall) -> ApiAnswer {
    let named: Vec<&str> = ["/tagValue", "/tagValueNamespacedName"]
        .iter()
        .filter_map(|field| call.text(field).filter(|text| !text.is_empty()))
        .collect();
    let [name] = named.as_slice() else {
        return Err(StatusError::invalid(
            "Exactly one of tag_value and tag_value_namespaced_name must be given.",
        ));
    };
    if call.text("/tagValue") == Some(name) && !name.starts_with("tagValues/") {
        return Err(StatusError::invalid(
            "Request contains an invalid argument: tag_value.",
        ));
    }
    let parent = call.text("/parent").unwrap_or_default();
    let on = permitted(shared, call, parent, "createTagBinding")?;
    let tag = value_permitted(shared, call, name, &on, "create")?;
    let mut world = shared.write();
    // Somebody may have deleted it since it was looked up.
    if world.tags.value(name).is_none() {
        return Err(StatusError::of_status(403));
    }
    let mut tags = world.estate.own_tags(&on).to_vec();
    if tags.iter().any(|own| same_key(own, &tag)) {
        return Err(StatusError::precondition(
            "A binding already exists between the given resource and a TagValue represented by the same TagKey as the given TagValue.",
        ));
    }
    let response = typed(show_binding(&world, &on, &tag), "TagBinding");
    if call.param("validateOnly") != Some("true") {
        tags.push(tag);
        world.spread(call.now, move |estate| {
            estate.put_tags(on.clone(), tags.clone());
        });
    }
    Ok(done(&response))
}

/// `tagBindings.delete`. gcloud escapes the escaped name once more.
fn unbind(shared: &Shared, call: &ApiCall, parent: &str, name: &str) -> ApiAnswer {
    let parent = percent_encoding::percent_decode_str(parent).decode_utf8_lossy();
    let on = permitted(shared, call, &parent, "deleteTagBinding")?;
    value_permitted(shared, call, name, &on, "delete")?;
    let mut world = shared.write();
    let mut tags = world.estate.own_tags(&on).to_vec();
    let before = tags.len();
    tags.retain(|own| own.tag_value != name);
    if tags.len() == before {
        return Err(StatusError::not_found("Requested entity was not found."));
    }
    world.spread(call.now, move |estate| {
        estate.put_tags(on.clone(), tags.clone());
    });
    Ok(done(
        &json!({ "@type": "type.googleapis.com/google.protobuf.Empty" }),
    ))
}

fn show(world: &World, kind: &str, tag: &Tag) -> Value {
    let last = |name: &str| name.rsplit('/').next().unwrap_or_default().to_owned();
    if kind == "tagValues" {
        return fields(&[
            ("name", &tag.tag_value),
            ("parent", &tag.tag_key),
            ("shortName", &last(&tag.namespaced_tag_value)),
            ("namespacedName", &tag.namespaced_tag_value),
        ]);
    }
    let parent = home(&world.estate, tag).map_or(String::new(), |on| {
        let full = world.by_number(&on).full_name();
        let name = full.strip_prefix("//cloudresourcemanager.googleapis.com/");
        name.unwrap_or_default().to_owned()
    });
    fields(&[
        ("name", &tag.tag_key),
        ("parent", &parent),
        ("shortName", &last(&tag.namespaced_tag_key)),
        ("namespacedName", &tag.namespaced_tag_key),
    ])
}

/// `tagKeys.list` of an organization or project, `tagValues.list` of a key.
fn list(shared: &Shared, call: &ApiCall, kind: &str) -> ApiAnswer {
    let parent = call.param("parent").unwrap_or_default();
    let permission = format!("resourcemanager.{kind}.list");
    let of_key = kind == "tagValues";
    let (found, asked) = if of_key {
        let world = shared.read();
        let key = world.tags.key(parent);
        let home = key.and_then(|key| home(&world.estate, key));
        let Some(home) = home else {
            return Err(StatusError::not_found("Requested entity was not found."));
        };
        (Some(home.clone()), home)
    } else {
        subject(shared, parent, "parent")?
    };
    let Some(found) = found else {
        return Err(enforce::denied(shared, call, &permission, &asked));
    };
    enforce::require(shared, call, &permission, &found)?;
    // ListTagKeysRequest.pageSize: 100 unless asked, 300 at most.
    let size = call.page_size(100, 300)?;
    let world = shared.read();
    let mut rows: BTreeMap<String, Value> = BTreeMap::new();
    let all = if of_key {
        &world.tags.values
    } else {
        &world.tags.keys
    };
    for (name, tag) in all {
        let belongs = if of_key {
            tag.tag_key == parent
        } else {
            home(&world.estate, tag).as_ref() == Some(&found)
        };
        if belongs {
            rows.insert(name.clone(), show(&world, kind, tag));
        }
    }
    let (page, next) = call.page(rows.into_iter(), size)?;
    Ok(listed(kind, page, next))
}

/// `get` and `getNamespaced`.
fn one(shared: &Shared, call: &ApiCall, kind: &str, id: &str) -> ApiAnswer {
    let name = match id {
        "namespaced" => call.param("name").unwrap_or_default().to_owned(),
        id => format!("{kind}/{id}"),
    };
    let tag = found(shared, call, kind, &name, "get")?;
    Ok(show(&shared.read(), kind, &tag))
}

/// A key or value that the caller may do that with. What is not there is refused like what may not be
/// seen, as the methods say of themselves.
fn found(
    shared: &Shared,
    call: &ApiCall,
    kind: &str,
    name: &str,
    verb: &str,
) -> Result<Tag, StatusError> {
    let (tag, home) = {
        let world = shared.read();
        let tag = match kind {
            "tagKeys" => world.tags.key(name),
            _ => world.tags.value(name),
        };
        let home = tag.and_then(|tag| home(&world.estate, tag));
        (tag.cloned(), home)
    };
    let (Some(tag), Some(home)) = (tag, home) else {
        return Err(StatusError::of_status(403));
    };
    let permission = format!("resourcemanager.{kind}.{verb}");
    enforce::require(shared, call, &permission, &home).map(|()| tag)
}

/// The short name: 1 to 256 characters, alphanumeric at both ends (`TagKey.shortName`).
fn short_name(call: &ApiCall) -> Result<String, StatusError> {
    let name = call.text("/shortName").unwrap_or_default();
    let plain = |c: char| c.is_ascii_alphanumeric();
    let whole = (1..=256).contains(&name.len())
        && name.starts_with(plain)
        && name.ends_with(plain)
        && name.chars().all(|c| plain(c) || "-_.".contains(c));
    if whole {
        Ok(name.to_owned())
    } else {
        Err(StatusError::invalid(
            "Request contains an invalid argument: short_name.",
        ))
    }
}

/// `tagKeys.create` and `tagValues.create`.
fn create(shared: &Shared, call: &ApiCall, kind: &str) -> ApiAnswer {
    let parent = call.text("/parent").unwrap_or_default();
    let short = short_name(call)?;
    let mut tag = if kind == "tagKeys" {
        let (home, asked) = subject(shared, parent, "parent")?;
        let permission = "resourcemanager.tagKeys.create";
        let Some(home) = home else {
            return Err(enforce::denied(shared, call, permission, &asked));
        };
        enforce::require(shared, call, permission, &home)?;
        // The namespace is the organization's number, the project's id.
        Tag {
            namespaced_tag_key: format!("{}/{short}", home.id()),
            ..Tag::default()
        }
    } else {
        let mut tag = found(shared, call, "tagKeys", parent, "get")?;
        let home = home(&shared.read().estate, &tag);
        if let Some(home) = home {
            enforce::require(shared, call, "resourcemanager.tagValues.create", &home)?;
        }
        tag.tag_value = String::new();
        tag.namespaced_tag_value = format!("{}/{short}", tag.namespaced_tag_key);
        tag
    };
    let mut world = shared.write();
    let name = match kind {
        "tagKeys" => &tag.namespaced_tag_key,
        _ => &tag.namespaced_tag_value,
    };
    if world
        .tags
        .key(name)
        .or_else(|| world.tags.value(name))
        .is_some()
    {
        return Err(StatusError::new(
            409,
            "ALREADY_EXISTS",
            "Requested entity already exists",
        ));
    }
    let id = world.tags.fresh(kind);
    match kind {
        "tagKeys" => tag.tag_key = id,
        _ => tag.tag_value = id,
    }
    let shown = show(&world, kind, &tag);
    if call.param("validateOnly") != Some("true") {
        world.tags.put(tag);
    }
    let message = if kind == "tagKeys" {
        "TagKey"
    } else {
        "TagValue"
    };
    Ok(done(&typed(shown, message)))
}

fn typed(mut object: Value, message: &str) -> Value {
    if let Some(object) = object.as_object_mut() {
        let kind = format!("type.googleapis.com/google.cloud.resourcemanager.v3.{message}");
        object.shift_insert(0, "@type".into(), json!(kind));
    }
    object
}

/// `tagKeys.delete` and `tagValues.delete`: a key with values and a value with bindings stay.
fn delete(shared: &Shared, call: &ApiCall, kind: &str, id: &str) -> ApiAnswer {
    let name = format!("{kind}/{id}");
    let tag = found(shared, call, kind, &name, "delete")?;
    let mut world = shared.write();
    let used = match kind {
        "tagKeys" => world.tags.values.values().any(|v| v.tag_key == name),
        _ => world.estate.all_tags().any(|t| t.tag_value == name),
    };
    if used {
        return Err(StatusError::precondition("Precondition check failed."));
    }
    let shown = show(&world, kind, &tag);
    if call.param("validateOnly") != Some("true") {
        match kind {
            "tagKeys" => world.tags.keys.remove(&name),
            _ => world.tags.values.remove(&name),
        };
    }
    let message = if kind == "tagKeys" {
        "TagKey"
    } else {
        "TagValue"
    };
    Ok(done(&typed(shown, message)))
}
