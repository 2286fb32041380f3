//! IAM v3, what changes: boundaries, bindings and the operations that carry them out (documents
//! "REST Resource: organizations.locations.principalAccessBoundaryPolicies" and "…policyBindings",
//! gcloud's bundled client iam v3). Google's operations take a while; these are done at once.

use serde_json::{Map, Value, json};

use crate::emulator::api::enforce::{self, at};
use crate::emulator::api::iam::boundaries::{binding, json as shown, missing};
use crate::emulator::api::iam::boundary_rules::{
    MANAGER, OF_BINDINGS, OF_BOUNDARIES, bad, boundaries, flag, given, identifier, judged_binding,
    judged_boundary, merged, read,
};
use crate::emulator::api::policy::permission;
use crate::emulator::call::etag::{new_etag, same_version};
use crate::emulator::call::{ApiAnswer, ApiCall, Requester, StatusError};
use crate::emulator::route::Route;
use crate::emulator::world::{Shared, World, tokens};
use crate::iam::{BoundaryPolicy, PolicyBinding, Resource};

/// What is served of it for changing.
pub(crate) const ROUTES: &[Route] = &[
    Route::new(
        "POST",
        "/v3/{level=organizations|folders|projects}/{id}/locations/global/policyBindings",
        &[
            "resourcemanager.{level}.createPolicyBinding",
            "iam.principalaccessboundarypolicies.bind",
        ],
        |shared, call| create_binding(shared, call, &call.level()),
    ),
    Route::new(
        "PATCH",
        "/v3/{level=organizations|folders|projects}/{id}/locations/global/policyBindings/{binding}",
        &[
            "resourcemanager.{level}.updatePolicyBinding",
            "iam.principalaccessboundarypolicies.bind",
        ],
        |shared, call| update_binding(shared, call, &call.level(), call.place("binding")),
    ),
    Route::new(
        "DELETE",
        "/v3/{level=organizations|folders|projects}/{id}/locations/global/policyBindings/{binding}",
        &[
            "resourcemanager.{level}.deletePolicyBinding",
            "iam.principalaccessboundarypolicies.unbind",
        ],
        |shared, call| delete_binding(shared, call, &call.level(), call.place("binding")),
    ),
    Route::new(
        "POST",
        "/v3/{level=organizations}/{id}/locations/global/principalAccessBoundaryPolicies",
        &["iam.principalaccessboundarypolicies.create"],
        |shared, call| create_boundary(shared, call, &call.level()),
    ),
    Route::new(
        "PATCH",
        "/v3/{level=organizations}/{id}/locations/global/principalAccessBoundaryPolicies/{policy}",
        &["iam.principalaccessboundarypolicies.update"],
        |shared, call| update_boundary(shared, call, &call.level(), call.place("policy")),
    ),
    Route::new(
        "DELETE",
        "/v3/{level=organizations}/{id}/locations/global/principalAccessBoundaryPolicies/{policy}",
        &["iam.principalaccessboundarypolicies.delete"],
        |shared, call| delete_boundary(shared, call, &call.level(), call.place("policy")),
    ),
    Route::new(
        "GET",
        "/v3/{level=organizations|folders|projects}/{id}/locations/global/operations/{operation}",
        &["iam.operations.get"],
        |shared, call| operation(shared, call, &call.level(), call.place("operation")),
    ),
];

/// An operation again. Who started one may see it, as the roles that allow the change do not hold
/// `iam.operations.get`; others need that permission (chosen).
fn operation(shared: &Shared, call: &ApiCall, parent: &str, id: &str) -> ApiAnswer {
    let asked = Resource::parse(parent).map_err(|_| bad("The parent is not valid."))?;
    let on = shared.read().find(&asked).unwrap_or(asked);
    let name = format!("{}/locations/global/operations/{id}", on.relative());
    let known = shared.read().operations.find(&name).cloned();
    if let (Requester::Principal(who), Some((Some(started), operation))) = (&call.who, &known)
        && who == started
    {
        return Ok(operation.clone());
    }
    enforce::require(shared, call, "iam.operations.get", &on)?;
    known.map(|(_, operation)| operation).ok_or_else(missing)
}

fn create_boundary(shared: &Shared, call: &ApiCall, parent: &str) -> ApiAnswer {
    let on = at(
        shared,
        call,
        parent,
        "iam.principalaccessboundarypolicies.create",
    )?;
    let dry = flag(call, "validateOnly")?;
    let id = identifier(call.param("principalAccessBoundaryPolicyId"))?;
    let name = format!("{}/{id}", boundaries(&on));
    let policy = judged_boundary(&name, given(call, OF_BOUNDARIES)?)?;
    let mut world = shared.write();
    if world.estate.boundaries().any(|p| p.name == name) {
        return Err(exists());
    }
    Ok(store_boundary(&mut world, call, &on, policy, None, dry))
}

fn update_boundary(shared: &Shared, call: &ApiCall, parent: &str, id: &str) -> ApiAnswer {
    let on = at(
        shared,
        call,
        parent,
        "iam.principalaccessboundarypolicies.update",
    )?;
    let dry = flag(call, "validateOnly")?;
    let mut world = shared.write();
    let known = boundary(&world, &on, id)?;
    fresh(&known.extra, call.text("/etag"))?;
    let fields = merged(call, &shown(&known), OF_BOUNDARIES)?;
    let policy = judged_boundary(&known.name, fields)?;
    Ok(store_boundary(
        &mut world,
        call,
        &on,
        policy,
        Some(&known),
        dry,
    ))
}

/// A policy that is bound somewhere goes only by force. Its bindings go with it (chosen: the document
/// "Remove principal access boundary policies" says that it then applies to no principal set).
fn delete_boundary(shared: &Shared, call: &ApiCall, parent: &str, id: &str) -> ApiAnswer {
    let on = at(
        shared,
        call,
        parent,
        "iam.principalaccessboundarypolicies.delete",
    )?;
    let force = flag(call, "force")?;
    let dry = flag(call, "validateOnly")?;
    let mut world = shared.write();
    let known = boundary(&world, &on, id)?;
    fresh(&known.extra, call.param("etag"))?;
    let bound: Vec<String> = world
        .estate
        .policy_bindings()
        .filter_map(|(_, list)| list.known())
        .flatten()
        .filter(|b| b.policy == known.name)
        .map(|b| b.name.clone())
        .collect();
    if !force && !bound.is_empty() {
        return Err(StatusError::precondition(format!(
            "The policy is referenced in {} policy bindings: delete them first, or set force.",
            bound.len()
        )));
    }
    if !dry {
        let name = known.name.clone();
        world.spread(call.now, move |estate| {
            for name in &bound {
                estate.remove_policy_binding(name);
            }
            estate.remove_boundary(&name);
        });
    }
    Ok(done(&mut world, call, &on, &known.name, "delete", None))
}

fn create_binding(shared: &Shared, call: &ApiCall, parent: &str) -> ApiAnswer {
    let verb = "createPolicyBinding";
    let asked = Resource::parse(parent).map_err(|_| bad("The parent is not valid."))?;
    let Some(on) = shared.read().find(&asked) else {
        return Err(enforce::denied(
            shared,
            call,
            &permission(&asked, verb),
            &asked,
        ));
    };
    let dry = flag(call, "validateOnly")?;
    let id = identifier(call.param("policyBindingId"))?;
    let fields = given(call, OF_BINDINGS)?;
    let wanted: PolicyBinding = read(
        &format!("{}/locations/global/policyBindings/{id}", on.relative()),
        fields,
    )?;
    let set = wanted.target.principal_set.clone().unwrap_or_default();
    let target = Target::parse(&shared.read(), &on, &set)?;
    allowed(shared, call, &on, &target, verb, &wanted.policy, "bind")?;
    let mut world = shared.write();
    let wanted = judged_binding(&world, &on, wanted)?;
    if binding(&world, &on, id).is_some() {
        return Err(exists());
    }
    Ok(store_binding(&mut world, call, &on, wanted, None, dry))
}

/// "Callers will need the IAM permissions on the policy and target in the binding to update. Target and
/// policy are immutable and cannot be updated" (document "Method:
/// organizations.locations.policyBindings.patch").
fn update_binding(shared: &Shared, call: &ApiCall, parent: &str, id: &str) -> ApiAnswer {
    let (on, _) = known_binding(shared, call, parent, id, "updatePolicyBinding", "bind")?;
    let dry = flag(call, "validateOnly")?;
    let mut world = shared.write();
    let known = binding(&world, &on, id).ok_or_else(missing)?;
    fresh(&known.extra, call.text("/etag"))?;
    let fields = merged(call, &shown(&*known), OF_BINDINGS)?;
    let wanted = judged_binding(&world, &on, read(&known.name, fields)?)?;
    Ok(store_binding(
        &mut world,
        call,
        &on,
        wanted,
        Some(&known),
        dry,
    ))
}

fn delete_binding(shared: &Shared, call: &ApiCall, parent: &str, id: &str) -> ApiAnswer {
    let (on, known) = known_binding(shared, call, parent, id, "deletePolicyBinding", "unbind")?;
    let dry = flag(call, "validateOnly")?;
    let mut world = shared.write();
    // It may have changed since the permissions were looked at.
    let known = binding(&world, &on, id)
        .filter(|now| now.name == known.name)
        .ok_or_else(missing)?;
    fresh(&known.extra, call.param("etag"))?;
    if !dry {
        let name = known.name.clone();
        world.spread(call.now, move |estate| estate.remove_policy_binding(&name));
    }
    Ok(done(&mut world, call, &on, &known.name, "delete", None))
}

/// A binding with both permissions that changing it asks for; whoever lacks the parent's does not
/// learn whether it is there.
fn known_binding(
    shared: &Shared,
    call: &ApiCall,
    parent: &str,
    id: &str,
    verb: &str,
    on_policy: &str,
) -> Result<(Resource, std::sync::Arc<PolicyBinding>), StatusError> {
    let asked = Resource::parse(parent).map_err(|_| bad("The parent is not valid."))?;
    let world = shared.read();
    let on = world.find(&asked);
    let known = on.as_ref().and_then(|on| binding(&world, on, id));
    let (Some(on), Some(known)) = (on, known) else {
        drop(world);
        at(shared, call, parent, &permission(&asked, verb))?;
        return Err(missing());
    };
    let set = known.target.principal_set.clone().unwrap_or_default();
    let target = Target::parse(&world, &on, &set).unwrap_or(Target::Parent);
    drop(world);
    allowed(shared, call, &on, &target, verb, &known.policy, on_policy)?;
    Ok((on, known))
}

/// What a binding binds a policy to: "the principal set must be directly parented by the policy
/// binding's parent or same as the parent" (GoogleIamV3PolicyBindingTarget.principalSet).
enum Target {
    Parent,
    WorkloadPool,
    WorkforcePool,
    Workspace,
}

impl Target {
    fn parse(world: &World, on: &Resource, set: &str) -> Result<Self, StatusError> {
        let is_parent = |path: &str| {
            Resource::parse(path)
                .ok()
                .and_then(|r| world.find(&r))
                .as_ref()
                == Some(on)
        };
        let alone = |id: &str| !id.is_empty() && !id.contains('/');
        if set.strip_prefix(MANAGER).is_some_and(is_parent) {
            return Ok(Self::Parent);
        }
        let path = set
            .strip_prefix("//iam.googleapis.com/")
            .unwrap_or_default();
        match on {
            Resource::Project(_) => {
                let pool = path.split_once("/locations/global/workloadIdentityPools/");
                if pool.is_some_and(|(project, id)| is_parent(project) && alone(id)) {
                    return Ok(Self::WorkloadPool);
                }
            }
            Resource::Organization(number) => {
                if path
                    .strip_prefix("locations/global/workforcePools/")
                    .is_some_and(alone)
                {
                    return Ok(Self::WorkforcePool);
                }
                let own = world
                    .estate
                    .organization(number)
                    .and_then(|o| o.directory_customer_id.as_deref());
                if path
                    .strip_prefix("locations/global/workspace/")
                    .is_some_and(|id| alone(id) && own.is_none_or(|own| own == id))
                {
                    return Ok(Self::Workspace);
                }
            }
            Resource::Folder(_) | Resource::ServiceAccount { .. } => {}
        }
        Err(bad(format!(
            "target.principalSet {} is not {}, and no set directly below it.",
            crate::text::visible(set),
            on.full_name()
        )))
    }

    /// The names are those of the table of predefined roles.
    fn permission(&self, on: &Resource, verb: &str) -> String {
        match self {
            Self::Parent => permission(on, verb),
            Self::WorkloadPool => format!("iam.workloadIdentityPools.{verb}"),
            Self::WorkforcePool => format!("iam.googleapis.com/workforcePools.{verb}"),
            Self::Workspace => format!("iam.googleapis.com/workspacePools.{verb}"),
        }
    }
}

/// "Callers will need the IAM permissions on both the policy and target": a pool's is looked for on
/// the binding's parent, the policy's on its organization.
fn allowed(
    shared: &Shared,
    call: &ApiCall,
    on: &Resource,
    target: &Target,
    verb: &str,
    policy: &str,
    on_policy: &str,
) -> Result<(), StatusError> {
    enforce::require(shared, call, &target.permission(on, verb), on)?;
    let home = policy
        .split_once("/locations/global/principalAccessBoundaryPolicies/")
        .and_then(|(home, _)| Resource::parse(home).ok())
        .filter(|home| matches!(home, Resource::Organization(_)))
        .ok_or_else(|| {
            bad("policy must be organizations/ORGANIZATION/locations/global/principalAccessBoundaryPolicies/POLICY.")
        })?;
    let needed = format!("iam.principalaccessboundarypolicies.{on_policy}");
    enforce::require(shared, call, &needed, &home)
}

fn exists() -> StatusError {
    StatusError::new(409, "ALREADY_EXISTS", "Requested entity already exists")
}

fn boundary(world: &World, on: &Resource, id: &str) -> Result<BoundaryPolicy, StatusError> {
    let name = format!("{}/{id}", boundaries(on));
    let found = world.estate.boundaries().find(|p| p.name == name);
    found.map(|p| (**p).clone()).ok_or_else(missing)
}

/// Refuses a change by somebody who read an older state.
fn fresh(known: &Map<String, Value>, sent: Option<&str>) -> Result<(), StatusError> {
    same_version(sent, known.get("etag").and_then(Value::as_str))
}

/// What Google adds to everything that it keeps. Unique ids look like the document's examples,
/// `puid_…` and `buid_…`.
fn stamp(
    world: &mut World,
    call: &ApiCall,
    fields: &mut Map<String, Value>,
    known: Option<&Map<String, Value>>,
    prefix: &str,
) {
    world.writes += 1;
    let now = json!(call.now.to_string());
    let kept = |field: &str| known.and_then(|k| k.get(field).cloned());
    let number = tokens::random::<8>().map_or(0, u64::from_be_bytes) >> 1;
    let uid = kept("uid").unwrap_or_else(|| json!(format!("{prefix}_{number}")));
    let created = kept("createTime").unwrap_or_else(|| now.clone());
    let etag = new_etag(call.now.as_microsecond(), world.writes);
    for (field, value) in [
        ("uid", uid),
        ("etag", json!(etag)),
        ("createTime", created),
        ("updateTime", now),
    ] {
        fields.insert(field.into(), value);
    }
}

fn store_boundary(
    world: &mut World,
    call: &ApiCall,
    on: &Resource,
    mut policy: BoundaryPolicy,
    known: Option<&BoundaryPolicy>,
    dry: bool,
) -> Value {
    stamp(
        world,
        call,
        &mut policy.extra,
        known.map(|k| &k.extra),
        "puid",
    );
    if !dry {
        let kept = policy.clone();
        world.spread(call.now, move |estate| estate.put_boundary(kept.clone()));
    }
    let verb = if known.is_some() { "update" } else { "create" };
    let kind = "PrincipalAccessBoundaryPolicy";
    done(
        world,
        call,
        on,
        &policy.name,
        verb,
        Some((kind, shown(&policy))),
    )
}

fn store_binding(
    world: &mut World,
    call: &ApiCall,
    on: &Resource,
    mut wanted: PolicyBinding,
    known: Option<&PolicyBinding>,
    dry: bool,
) -> Value {
    stamp(
        world,
        call,
        &mut wanted.extra,
        known.map(|k| &k.extra),
        "buid",
    );
    if !dry {
        let kept = wanted.clone();
        world.spread(call.now, move |estate| {
            estate.put_policy_binding(kept.clone());
        });
    }
    let verb = if known.is_some() { "update" } else { "create" };
    done(
        world,
        call,
        on,
        &wanted.name,
        verb,
        Some(("PolicyBinding", shown(&wanted))),
    )
}

/// The operation, over already; without a result (a deletion) its answer is empty
/// (google.longrunning.Operation.response).
fn done(
    world: &mut World,
    call: &ApiCall,
    on: &Resource,
    target: &str,
    verb: &str,
    result: Option<(&str, Value)>,
) -> Value {
    world.writes += 1;
    let now = call.now.to_string();
    let response = match result {
        Some((kind, Value::Object(mut fields))) => {
            let kind = format!("type.googleapis.com/google.iam.v3.{kind}");
            fields.insert("@type".into(), json!(kind));
            Value::Object(fields)
        }
        _ => json!({ "@type": "type.googleapis.com/google.protobuf.Empty" }),
    };
    let operation = json!({
        "name": format!(
            "{}/locations/global/operations/operation-{}-{}",
            on.relative(), call.now.as_microsecond(), world.writes
        ),
        "metadata": {
            "@type": "type.googleapis.com/google.iam.v3.OperationMetadata",
            "createTime": now, "endTime": now,
            "target": target, "verb": verb,
            "requestedCancellation": false, "apiVersion": "v3",
        },
        "done": true,
        "response": response,
    });
    let who = match &call.who {
        Requester::Principal(who) => Some(who.clone()),
        Requester::Administrator | Requester::Nobody => None,
    };
    world.operations.keep(who, operation.clone());
    operation
}
