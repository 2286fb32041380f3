//! Whether a call is allowed, and the 403 when it is not.

use crate::emulator::call::{ApiCall, Requester, StatusError};
use crate::emulator::world::{RememberedRefusal, Shared, World, tokens};
use crate::evaluate::{self, Brought, Truth};
use crate::iam::{Principal, Resource};

/// Whether whoever calls has a permission on a resource (canonical name). What is not known to be
/// allowed is refused, as Google's own enforcement has no third answer.
pub(crate) fn holds(world: &World, call: &ApiCall, permission: &str, on: &Resource) -> bool {
    match &call.who {
        Requester::Nobody => false,
        Requester::Administrator => true,
        Requester::Principal(who) => may(world, call, who, permission, on),
    }
}

/// Whether a principal has a permission on a resource (canonical name).
pub(crate) fn may(
    world: &World,
    call: &ApiCall,
    who: &Principal,
    permission: &str,
    on: &Resource,
) -> bool {
    may_change(world, call, who, permission, on, None)
}

/// As [`may`], for a request that changes the grants of these roles.
fn may_change(
    world: &World,
    call: &ApiCall,
    who: &Principal,
    permission: &str,
    on: &Resource,
    modified_roles: Option<&[String]>,
) -> bool {
    // What a token carries is its bearer's, not that of a delegate.
    let own = matches!(&call.who, Requester::Principal(bearer) if bearer == who);
    let brought = Brought {
        attributes: call.attributes.as_deref().filter(|_| own),
        modified_roles,
    };
    evaluate::may_with(world.enforced(), who, &brought, permission, on, call.now) == Truth::Yes
}

/// Whether the caller is the one whom the estate's `unreadable` keeps out.
pub(crate) fn is_viewer(world: &World, call: &ApiCall) -> bool {
    match &call.who {
        Requester::Nobody => false,
        Requester::Administrator => true,
        Requester::Principal(who) => world.viewer.as_ref() == Some(who),
    }
}

/// Refuses a call without the permission.
pub(crate) fn require(
    shared: &Shared,
    call: &ApiCall,
    permission: &str,
    on: &Resource,
) -> Result<(), StatusError> {
    if holds(&shared.read(), call, permission, on) {
        Ok(())
    } else {
        Err(denied(shared, call, permission, on))
    }
}

/// Refuses a change of these roles' grants without the permission. A condition on it may speak of them
/// (`api.getAttribute('iam.googleapis.com/modifiedGrantsByRole', [])`).
pub(crate) fn require_change(
    shared: &Shared,
    call: &ApiCall,
    permission: &str,
    on: &Resource,
    modified_roles: &[String],
) -> Result<(), StatusError> {
    let held = match &call.who {
        Requester::Nobody => false,
        Requester::Administrator => true,
        Requester::Principal(who) => {
            let world = shared.read();
            may_change(&world, call, who, permission, on, Some(modified_roles))
        }
    };
    if held {
        Ok(())
    } else {
        Err(denied(shared, call, permission, on))
    }
}

/// What a request names, in canonical form, where the caller has the permission there.
pub(crate) fn at(
    shared: &Shared,
    call: &ApiCall,
    parent: &str,
    permission: &str,
) -> Result<Resource, StatusError> {
    let asked = Resource::parse(parent)
        .map_err(|_| StatusError::invalid("Request contains an invalid argument."))?;
    let found = shared.read().find(&asked);
    match found {
        Some(found) => require(shared, call, permission, &found).map(|()| found),
        None => Err(denied(shared, call, permission, &asked)),
    }
}

/// The 403, remembered so that `troubleshootError` can explain it.
///
/// IAM and IAM Credentials do not name the resource: the message and the ErrorInfo are the ones of
/// the report (docs/semantics.md, "What people run into"). Resource Manager v3 names it in both.
pub(crate) fn denied(
    shared: &Shared,
    call: &ApiCall,
    permission: &str,
    on: &Resource,
) -> StatusError {
    let who = match &call.who {
        Requester::Principal(who) => Some(who.clone()),
        Requester::Administrator | Requester::Nobody => None,
    };
    denied_for(shared, call, who, permission, on)
}

/// As [`denied`], for another than the caller (a delegate).
pub(crate) fn denied_for(
    shared: &Shared,
    call: &ApiCall,
    who: Option<Principal>,
    permission: &str,
    on: &Resource,
) -> StatusError {
    let service = permission.split('.').next().unwrap_or_default();
    let domain = match service {
        "resourcemanager" => "cloudresourcemanager.googleapis.com".to_owned(),
        other => format!("{other}.googleapis.com"),
    };
    let name = on.full_name();
    let (message, mut metadata) = if service == "resourcemanager" {
        (
            format!("Permission '{permission}' denied on resource '{name}' (or it may not exist)."),
            vec![("permission", permission), ("resource", name.as_str())],
        )
    } else {
        (
            format!("Permission '{permission}' denied on resource (or it may not exist)."),
            vec![("permission", permission)],
        )
    };
    let id = tokens::random::<16>()
        .map(|bytes| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>())
        .ok();
    if let (Some(id), Some(who)) = (&id, who) {
        metadata.push(("error_info_id", id));
        shared.write().remember(RememberedRefusal {
            id: id.clone(),
            who,
            permission: permission.to_owned(),
            resource: on.clone(),
            time: call.now,
        });
    }
    StatusError::new(403, "PERMISSION_DENIED", message).info(
        "IAM_PERMISSION_DENIED",
        &domain,
        &metadata,
    )
}
