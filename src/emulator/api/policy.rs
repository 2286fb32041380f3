//! getIamPolicy, setIamPolicy and testIamPermissions, the same for all four levels
//! (discovery documents iam v1 and cloudresourcemanager v3).

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::emulator::api::enforce;
use crate::emulator::api::org_policy::guard;
use crate::emulator::call::etag::{decoded, fingerprint, new_etag, same_version};
use crate::emulator::call::{ApiAnswer, ApiCall, StatusError};
use crate::emulator::world::{Shared, World};
use crate::estate::Read;
use crate::evaluate::condition;
use crate::iam::address::is_service_account;
use crate::iam::{AllowPolicy, Binding, Member, PolicyMember, Principal, Resource, ResourceKind};

/// The etag of a policy that was never written, as Google gives it.
const EMPTY: &str = "ACAB";
/// What a `setIamPolicy` without a mask changes (iam v1, `SetIamPolicyRequest.updateMask`).
const DEFAULT_MASK: &str = "bindings,etag";

/// The permission for a verb at a level: `resourcemanager.projects.getIamPolicy`.
pub(crate) fn permission(on: &Resource, verb: &str) -> String {
    let noun = match on.kind() {
        ResourceKind::Organization => "resourcemanager.organizations",
        ResourceKind::Folder => "resourcemanager.folders",
        ResourceKind::Project => "resourcemanager.projects",
        ResourceKind::ServiceAccount => "iam.serviceAccounts",
    };
    format!("{noun}.{verb}")
}

/// Reads the allow policy of a resource (canonical name).
pub(crate) fn get(shared: &Shared, call: &ApiCall, on: &Resource) -> ApiAnswer {
    let needed = permission(on, "getIamPolicy");
    enforce::require(shared, call, &needed, on)?;
    let asked = call
        .param("options.requestedPolicyVersion")
        .map(|v| v.parse::<i64>().unwrap_or(-1))
        .or_else(|| {
            call.body
                .pointer("/options/requestedPolicyVersion")
                .map(|v| v.as_i64().unwrap_or(-1))
        })
        .unwrap_or(1);
    if !matches!(asked, 0 | 1 | 3) {
        return Err(StatusError::invalid(format!(
            "Requested policy version {asked} is invalid: valid values are 0, 1, and 3."
        )));
    }
    let world = shared.read();
    if enforce::is_viewer(&world, call) && world.hides_policy(on) {
        drop(world);
        return Err(enforce::denied(shared, call, &needed, on));
    }
    Ok(show(stored(&world, on), asked == 3))
}

/// Writes the allow policy of a resource (canonical name).
pub(crate) fn set(shared: &Shared, call: &ApiCall, on: &Resource) -> ApiAnswer {
    let modified = modified_roles(&stored(&shared.read(), on), call.body.get("policy"));
    enforce::require_change(shared, call, &permission(on, "setIamPolicy"), on, &modified)?;
    let Some(given) = call.body.get("policy").and_then(Value::as_object) else {
        return Err(StatusError::invalid("The request has no policy."));
    };
    let mask = call
        .text("/updateMask")
        .filter(|m| !m.is_empty())
        .unwrap_or(DEFAULT_MASK);
    let mut world = shared.write();
    let before = stored(&world, on);
    let sent = given
        .get("etag")
        .and_then(Value::as_str)
        .filter(|e| !e.is_empty());
    same_version(sent, before.get("etag").and_then(Value::as_str))?;
    let mut after = before.clone();
    for field in mask.split(',').map(str::trim) {
        match field {
            "etag" | "" => {}
            "bindings" | "auditConfigs" | "version" => match given.get(field) {
                Some(value) => {
                    after.insert(field.into(), value.clone());
                }
                None => {
                    after.remove(field);
                }
            },
            other => {
                return Err(StatusError::invalid(format!(
                    "Invalid field mask: '{other}' is no field of a policy."
                )));
            }
        }
    }
    // Fields that are not known here are the client's, and ride along.
    for (field, value) in given {
        if !["bindings", "auditConfigs", "version", "etag"].contains(&field.as_str()) {
            after.insert(field.clone(), value.clone());
        }
    }
    let version = given.get("version").and_then(Value::as_i64).unwrap_or(0);
    check_version(version, sent.is_some(), &before, &after)?;
    if let Some(list) = after.get_mut("bindings").and_then(Value::as_array_mut) {
        // A binding without members is none; Google drops it.
        list.retain(|b| {
            b.get("members")
                .and_then(Value::as_array)
                .is_some_and(|m| !m.is_empty())
        });
    }
    let policy: AllowPolicy = serde_json::from_value(Value::Object(after.clone()))
        .map_err(|e| StatusError::invalid(format!("Invalid JSON payload received. {e}")))?;
    validate(&world, on, &before, &policy)?;
    guard::let_in(&world, on, &policy)?;
    world.writes += 1;
    let etag = new_etag(call.now.as_microsecond(), world.writes);
    let conditional = policy.bindings.iter().any(|b| b.condition.is_some());
    after.insert("version".into(), json!(if conditional { 3 } else { 1 }));
    after.insert("etag".into(), json!(etag));
    let policy: AllowPolicy = serde_json::from_value(Value::Object(after.clone()))
        .map_err(|e| StatusError::invalid(format!("Invalid JSON payload received. {e}")))?;
    world.put_policy(on, policy, call.now);
    Ok(Value::Object(after))
}

/// The roles whose grants a new policy changes.
fn modified_roles(before: &Map<String, Value>, after: Option<&Value>) -> Vec<String> {
    type Grants = BTreeMap<String, BTreeSet<String>>;
    let grants = |bindings: Option<&Value>| -> Grants {
        let mut all = Grants::new();
        for binding in bindings.and_then(Value::as_array).into_iter().flatten() {
            let text = |field: &str| binding.get(field).and_then(Value::as_str);
            // Its fields may come in any order.
            let part = |field: &str| binding.pointer(&format!("/condition/{field}"));
            let condition = format!("{:?} {:?}", part("expression"), part("title"));
            let members = binding.get("members").and_then(Value::as_array);
            let held = all
                .entry(text("role").unwrap_or_default().to_owned())
                .or_default();
            for member in members.into_iter().flatten() {
                held.insert(format!("{member} {condition}"));
            }
        }
        all
    };
    let (old, new) = (
        grants(before.get("bindings")),
        grants(after.and_then(|policy| policy.get("bindings"))),
    );
    old.keys()
        .chain(new.keys())
        .filter(|role| old.get(*role) != new.get(*role))
        .map(String::to_owned)
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect()
}

/// Which of the permissions asked the caller has.
pub(crate) fn test(shared: &Shared, call: &ApiCall, on: &Resource) -> ApiAnswer {
    let asked = call.texts("permissions");
    if let Some(bad) = asked.iter().find(|p| p.contains('*')) {
        return Err(StatusError::invalid(format!(
            "Permission {bad} is not valid."
        )));
    }
    let world = shared.read();
    let held: Vec<&String> = asked
        .iter()
        .filter(|p| enforce::holds(&world, call, p, on))
        .collect();
    Ok(if held.is_empty() {
        json!({})
    } else {
        json!({ "permissions": held })
    })
}

/// The stored policy as JSON, always with an etag in canonical base64.
pub(crate) fn stored(world: &World, on: &Resource) -> Map<String, Value> {
    let policy = match world.estate.allow_policy(on) {
        Read::Known(Some(policy)) => serde_json::to_value(&**policy).ok(),
        _ => None,
    };
    let Some(Value::Object(mut policy)) = policy else {
        return Map::from_iter([("etag".to_owned(), json!(EMPTY))]);
    };
    let etag = match policy.get("etag").and_then(Value::as_str) {
        Some(etag) => STANDARD.encode(decoded(etag).unwrap_or_else(|| etag.as_bytes().to_vec())),
        // A policy from a file without an etag: one that changes with what it says.
        None => STANDARD.encode(fingerprint(&Value::Object(policy.clone()).to_string())),
    };
    policy.insert("etag".into(), json!(etag));
    policy
}

/// A policy as a read of version 3 or an older one shows it: the older one has no conditions, and a
/// conditional binding's role carries `_withcond_` and a hash in their place.
pub(crate) fn show(mut policy: Map<String, Value>, three: bool) -> Value {
    let bindings = policy.get_mut("bindings").and_then(Value::as_array_mut);
    let mut conditional = false;
    for binding in bindings.into_iter().flatten() {
        let Some(binding) = binding.as_object_mut() else {
            continue;
        };
        let Some(condition) = binding.get("condition") else {
            continue;
        };
        conditional = true;
        if !three {
            let hash: String = fingerprint(&condition.to_string())
                .iter()
                .chain(fingerprint(&format!("{condition}#")).iter())
                .map(|b| format!("{b:02x}"))
                .take(10)
                .collect();
            let role = binding.get("role").and_then(Value::as_str).unwrap_or("");
            let role = format!("{role}_withcond_{hash}");
            binding.insert("role".into(), json!(role));
            binding.remove("condition");
        }
    }
    if policy.contains_key("bindings") || policy.contains_key("version") {
        let version = if conditional && three { 3 } else { 1 };
        policy.insert("version".into(), json!(version));
    }
    Value::Object(policy)
}

/// Version rules of `Policy.version` (iam v1): conditional bindings are written with version 3 only;
/// what was read as version 1 (its etag shows it) does not overwrite conditions.
fn check_version(
    version: i64,
    with_etag: bool,
    before: &Map<String, Value>,
    after: &Map<String, Value>,
) -> Result<(), StatusError> {
    if !matches!(version, 0 | 1 | 3) {
        return Err(StatusError::invalid(format!(
            "Policy version {version} is invalid: valid values are 0, 1, and 3."
        )));
    }
    let conditional = |policy: &Map<String, Value>| {
        policy
            .get("bindings")
            .and_then(Value::as_array)
            .is_some_and(|list| list.iter().any(|b| b.get("condition").is_some()))
    };
    if version < 3 && with_etag && conditional(before) {
        return Err(StatusError::invalid(format!(
            "Specified policy version ({version}) cannot be less than the existing policy version (3). For more information, please refer to https://cloud.google.com/iam/docs/policies#versions"
        )));
    }
    if version < 3 && conditional(after) {
        return Err(StatusError::invalid(format!(
            "Specified policy version ({version}) cannot be less than 3 when a role binding has a condition. For more information, please refer to https://cloud.google.com/iam/docs/policies#versions"
        )));
    }
    Ok(())
}

/// What IAM checks before it stores a policy. Members that stand in the policy already are left
/// alone (chosen: a policy of a file may name what no longer exists, and must stay repairable).
fn validate(
    world: &World,
    on: &Resource,
    before: &Map<String, Value>,
    policy: &AllowPolicy,
) -> Result<(), StatusError> {
    let old = |role: &str, member: &str| {
        before
            .get("bindings")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter(|b| b.get("role").and_then(Value::as_str) == Some(role))
            .filter_map(|b| b.get("members").and_then(Value::as_array))
            .flatten()
            .any(|m| m.as_str() == Some(member))
    };
    check_size(policy)?;
    for binding in &policy.bindings {
        let role = &*binding.role;
        let new = binding.members.iter().any(|m| !old(role, &m.text));
        if new {
            check_role(world, on, role)?;
            check_condition(binding)?;
        }
        let basic = ["roles/owner", "roles/editor", "roles/viewer"].contains(&role);
        if binding.condition.is_some() && basic {
            return Err(StatusError::invalid(
                "Conditions can't be set on primitive roles",
            ));
        }
        for member in &binding.members {
            let public = matches!(
                member.member,
                Member::AllUsers | Member::AllAuthenticatedUsers
            );
            if binding.condition.is_some() && public {
                return Err(StatusError::invalid(
                    "Conditions can't be set on the public members allUsers and allAuthenticatedUsers",
                ));
            }
            if !old(role, &member.text) {
                check_member(world, member)?;
            }
        }
    }
    Ok(())
}

/// Principals of one policy, and domains and groups among them, each counted as often as it is named
/// (doc "Quotas and limits", IAM).
const MOST_PRINCIPALS: usize = 1_500;
const MOST_GROUPS: usize = 250;

fn check_size(policy: &AllowPolicy) -> Result<(), StatusError> {
    let members = || policy.bindings.iter().flat_map(|b| &b.members);
    let groups = members()
        .filter(|m| matches!(m.member, Member::Group(_) | Member::Domain(_)))
        .count();
    let all = members().count();
    let too_many = |what: &str, count: usize, most: &str| {
        StatusError::invalid(format!(
            "The number of {what} in the policy ({count}) is larger than the maximum allowed size {most}."
        ))
    };
    if all > MOST_PRINCIPALS {
        return Err(too_many("members", all, "1,500"));
    }
    if groups > MOST_GROUPS {
        return Err(too_many("domains and groups", groups, "250"));
    }
    Ok(())
}

/// IAM does not store a condition that does not compile (the words are chosen).
fn check_condition(binding: &Binding) -> Result<(), StatusError> {
    match binding
        .condition
        .as_ref()
        .map(|c| condition::compile(&c.expression))
    {
        Some(Err(e)) => {
            let place = e.position.map_or(String::new(), |p| {
                format!(" at line {}, column {}", p.line, p.column)
            });
            Err(StatusError::invalid(format!(
                "Condition expression compilation failed{place}: {}.",
                e.message
            )))
        }
        _ => Ok(()),
    }
}

fn check_role(world: &World, on: &Resource, role: &str) -> Result<(), StatusError> {
    let unsupported =
        || StatusError::invalid(format!("Role {role} is not supported for this resource."));
    let found = match world.estate.role(role) {
        Read::Known(found) => found,
        Read::Unreadable(_) if role.starts_with("roles/") => return Err(unsupported()),
        Read::Unreadable(_) => return Err(not_in_hierarchy(role)),
    };
    if found.deleted() {
        return Err(not_in_hierarchy(role));
    }
    // A custom role can be granted at its project or organization and below.
    if let Some((home, _)) = role.split_once("/roles/") {
        let inside = Resource::parse(home)
            .ok()
            .and_then(|home| world.estate.lies_in(on, &home));
        if inside != Some(true) {
            return Err(not_in_hierarchy(role));
        }
    }
    Ok(())
}

fn not_in_hierarchy(role: &str) -> StatusError {
    StatusError::invalid(format!(
        "Role ({role}) does not exist in the resource's hierarchy."
    ))
}

fn check_member(world: &World, member: &PolicyMember) -> Result<(), StatusError> {
    let text: String = member.text.chars().filter(|c| !c.is_control()).collect();
    if let Some((written, address)) = text.split_once(':')
        && let Some(kind) = real_kind(world, &address.to_lowercase())
        && ["user", "group", "serviceAccount"].contains(&written)
        && kind != written
    {
        return Err(wrong_kind(address, kind));
    }
    if member.member.is_short() {
        return Err(StatusError::invalid(unknown_type(&text)));
    }
    // The words are those that Google's service was seen to answer for a pool of GKE that was not there yet.
    if let Some(pool) = member.member.pool()
        && !pool.is_in_full()
    {
        return Err(StatusError::invalid(format!(
            "Identity Pool does not exist ({}). Please check that you specified a valid resource name as returned in the `name` attribute in the configuration API.",
            pool.path()
        )));
    }
    match &member.member {
        Member::One(Principal::ServiceAccount(email)) => {
            // Agents and accounts of projects outside the estate cannot be judged here.
            let none = !is_service_account(email) || world.owns_address(email);
            if world.estate.account(email).is_none() && none {
                return Err(StatusError::invalid(format!(
                    "Service account {email} does not exist."
                )));
            }
            Ok(())
        }
        // Of a project's that has none of that name (the words are chosen).
        Member::One(Principal::User(email)) if is_service_account(email) => Err(
            StatusError::invalid(format!("User {email} does not exist.")),
        ),
        Member::Group(email) if is_service_account(email) => Err(StatusError::invalid(format!(
            "Group {email} does not exist."
        ))),
        Member::Unknown | Member::UnknownOf(_) => {
            let known = [
                "user:",
                "serviceAccount:",
                "group:",
                "domain:",
                "deleted:",
                "principal://",
                "principalSet://",
            ];
            if known.iter().any(|kind| text.starts_with(kind)) {
                Err(StatusError::invalid(format!("Invalid principal: {text}.")))
            } else if let Some(kind) = real_kind(world, &text.to_lowercase()) {
                Err(wrong_kind(&text, kind))
            } else {
                Err(StatusError::invalid(unknown_type(&text)))
            }
        }
        _ => Ok(()),
    }
}

/// What an address is, where that is known here: an account of a project, or by its domain one of
/// somebody else's; a group of the estate; one of an organization's own users.
fn real_kind(world: &World, address: &str) -> Option<&'static str> {
    let (_, domain) = address.split_once('@')?;
    let estate = &world.estate;
    if estate.account(address).is_some() {
        return Some("serviceAccount");
    }
    if is_service_account(address) {
        // One that does not exist is of no kind.
        return (!world.owns_address(address)).then_some("serviceAccount");
    }
    if estate.groups().any(|g| *g.email == *address) {
        return Some("group");
    }
    // A group that the estate does not hold may have such an address too: said of none.
    let ours = estate
        .organizations()
        .any(|o| o.display_name.eq_ignore_ascii_case(domain));
    let person = Member::One(Principal::User(address.to_owned()));
    let known = || estate.members().any(|m| m.member == person);
    (ours && known()).then_some("user")
}

/// As IAM says it (GoogleCloudPlatform/terraform-splunk-log-export#41).
fn wrong_kind(address: &str, kind: &str) -> StatusError {
    StatusError::invalid(format!(
        "Principal {address} is of type \"{kind}\". The principal should appear as \"{kind}:{address}\"."
    ))
}

fn unknown_type(text: &str) -> String {
    format!(
        "The member {text} is of an unknown type. Please set a valid type prefix for the member."
    )
}
