//! Cloud Identity v1: groups and their direct members (discovery document cloudidentity v1).
//!
//! A group's resource name is opaque at Google's; here it is the address's own, hex-encoded.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::emulator::api::enforce;
use crate::emulator::call::{ApiAnswer, ApiCall, Requester, StatusError, listed};
use crate::emulator::route::{Needs, Route};
use crate::emulator::world::{Shared, World};
use crate::iam::{Member, PolicyMember, Principal};

/// Who sees a group, in words.
const SEEN: &str = "who sees a group: users of its own domain, and its members";

/// What is served of it.
pub(crate) const ROUTES: &[Route] = &[
    Route::with("GET", "/v1/groups:lookup", Needs::Rule(SEEN), lookup),
    Route::with(
        "GET",
        "/v1/groups/{group}",
        Needs::Rule(SEEN),
        |shared, call| get(shared, call, call.place("group")),
    ),
    Route::with(
        "GET",
        "/v1/groups/{group}/memberships",
        Needs::Rule(SEEN),
        |shared, call| memberships(shared, call, call.place("group")),
    ),
    Route::with(
        "GET",
        "/v1/groups/-/memberships:searchTransitiveGroups",
        Needs::Rule(SEEN),
        transitive_groups,
    ),
    Route::with(
        "GET",
        "/v1/groups/{group}/memberships:checkTransitiveMembership",
        Needs::Rule(SEEN),
        |shared, call| check_transitive(shared, call, call.place("group")),
    ),
    Route::with(
        "GET",
        "/v1/groups/{group}/memberships:searchTransitiveMemberships",
        Needs::Rule(SEEN),
        |shared, call| transitive_members(shared, call, call.place("group")),
    ),
];

fn name_of(email: &str) -> String {
    email.bytes().map(|b| format!("{b:02x}")).collect()
}

fn email_of(id: &str) -> Option<String> {
    let bytes: Option<Vec<u8>> = id
        .as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect();
    String::from_utf8(bytes?).ok()
}

/// Cloud Identity's words for a group that is not there or not to be seen.
fn refused() -> StatusError {
    StatusError::new(
        403,
        "PERMISSION_DENIED",
        "Error(2028): Permission denied for resource groups (or it may not exist).",
    )
}

/// Who sees a group: the administrator, users of the group's own domain (Workspace's default lets
/// an organization's users see its groups; chosen), its members.
pub(crate) fn seen(world: &World, call: &ApiCall, email: &str) -> bool {
    if enforce::is_viewer(world, call) && world.hides(&format!("groups/{email}")) {
        return false;
    }
    let Some(group) = world.estate.group(email).known() else {
        return false;
    };
    match &call.who {
        Requester::Nobody => false,
        Requester::Administrator => true,
        Requester::Principal(who) => {
            let domain = |e: &str| e.rsplit_once('@').map(|(_, d)| d.to_lowercase());
            let same = matches!(who, Principal::User(user) if domain(user) == domain(email));
            same || group
                .members
                .iter()
                .any(|m| matches!(&m.member, Member::One(p) if p == who))
        }
    }
}

fn lookup(shared: &Shared, call: &ApiCall) -> ApiAnswer {
    let email = call.param("groupKey.id").unwrap_or_default().to_lowercase();
    if !seen(&shared.read(), call, &email) {
        return Err(refused());
    }
    Ok(json!({ "name": format!("groups/{}", name_of(&email)) }))
}

fn get(shared: &Shared, call: &ApiCall, id: &str) -> ApiAnswer {
    let email = email_of(id).unwrap_or_default();
    if !seen(&shared.read(), call, &email) {
        return Err(refused());
    }
    Ok(json!({ "name": format!("groups/{id}"), "groupKey": { "id": email } }))
}

fn memberships(shared: &Shared, call: &ApiCall, id: &str) -> ApiAnswer {
    let email = email_of(id).unwrap_or_default();
    // ListMemberships: 200 unless asked in the full view's 500 at most; basic view 1,000.
    let size = call.page_size(200, 1_000)?;
    let world = shared.read();
    let group = world
        .estate
        .group(&email)
        .known()
        .filter(|_| seen(&world, call, &email))
        .ok_or_else(refused)?;
    let mut rows: Vec<(String, Value)> = group
        .members
        .iter()
        .map(|member| {
            let (kind, key) = kind_of(member);
            let row = json!({
                "name": format!("groups/{id}/memberships/{}", name_of(&key)),
                "preferredMemberKey": { "id": key },
                "roles": [{ "name": "MEMBER" }],
                "type": kind,
            });
            (format!("{kind}\n{key}"), row)
        })
        .collect();
    rows.sort_by(|a, b| a.0.cmp(&b.0));
    let (page, next) = call.page(rows.into_iter(), size)?;
    Ok(listed("memberships", page, next))
}

/// `Membership.type` and the member's key.
fn kind_of(member: &PolicyMember) -> (&'static str, String) {
    match &member.member {
        Member::One(Principal::User(email)) => ("USER", email.clone()),
        Member::One(Principal::ServiceAccount(email)) => ("SERVICE_ACCOUNT", email.clone()),
        Member::Group(email) => ("GROUP", email.clone()),
        _ => ("OTHER", member.text.to_string()),
    }
}

/// The member that a query names: `member_key_id == 'ana@example.com'`, with `&& 'label' in labels`
/// and the like beside it (cloudidentity v1, `groups.memberships.searchTransitiveGroups`, query).
fn member_key(call: &ApiCall) -> Result<String, StatusError> {
    let query = call.param("query").unwrap_or_default();
    let refused = || {
        StatusError::invalid(
            "The query is not supported by this emulator: expected member_key_id == 'ADDRESS', and labels beside it.",
        )
    };
    let mut found = None;
    for part in query.split("&&").map(str::trim) {
        let quoted = |text: &str| {
            let text = text.trim();
            ['\'', '"'].iter().find_map(|q| {
                text.strip_prefix(*q)?
                    .strip_suffix(*q)
                    .map(str::to_lowercase)
            })
        };
        if let Some((name, value)) = part.split_once("==") {
            if name.trim() != "member_key_id" {
                return Err(refused());
            }
            found = Some(quoted(value).ok_or_else(refused)?);
        } else if !part.ends_with("in labels") {
            return Err(refused());
        }
    }
    found.filter(|key| !key.is_empty()).ok_or_else(refused)
}

/// Whether a member is the one of that address.
fn is_key(member: &PolicyMember, key: &str) -> bool {
    kind_of(member).1.to_lowercase() == key
}

/// The groups that the address is in, directly (`true`) or through others.
fn groups_of(world: &World, call: &ApiCall, key: &str) -> BTreeMap<String, bool> {
    let mut found: BTreeMap<String, bool> = BTreeMap::new();
    let mut next = vec![(key.to_owned(), true)];
    while let Some((key, direct)) = next.pop() {
        for group in world.estate.groups() {
            let inside = group.members.iter().any(|m| is_key(m, &key));
            if !inside || !seen(world, call, &group.email) {
                continue;
            }
            match found.get_mut(&*group.email) {
                Some(known) => *known |= direct,
                None => {
                    found.insert(group.email.to_string(), direct);
                    next.push((group.email.to_string(), false));
                }
            }
        }
    }
    found
}

fn transitive_groups(shared: &Shared, call: &ApiCall) -> ApiAnswer {
    let key = member_key(call)?;
    let size = call.page_size(200, 1_000)?;
    let world = shared.read();
    let rows = groups_of(&world, call, &key)
        .into_iter()
        .map(|(email, direct)| {
            let name = name_of(&email);
            let row = json!({
                "group": format!("groups/{name}"),
                "groupKey": { "id": email },
                "displayName": email.split('@').next().unwrap_or_default(),
                "labels": { "cloudidentity.googleapis.com/groups.discussion_forum": "" },
                "relationType": if direct { "DIRECT" } else { "INDIRECT" },
                "roles": [{ "role": "MEMBER" }],
            });
            (email, row)
        });
    let (page, next) = call.page(rows, size)?;
    Ok(listed("memberships", page, next))
}

fn check_transitive(shared: &Shared, call: &ApiCall, id: &str) -> ApiAnswer {
    let email = email_of(id).unwrap_or_default();
    let key = member_key(call)?;
    let world = shared.read();
    if !seen(&world, call, &email) {
        return Err(refused());
    }
    let member = groups_of(&world, call, &key).contains_key(&email);
    Ok(if member {
        json!({ "hasMembership": true })
    } else {
        json!({})
    })
}

/// Everybody in a group, those of groups in it included.
fn transitive_members(shared: &Shared, call: &ApiCall, id: &str) -> ApiAnswer {
    let email = email_of(id).unwrap_or_default();
    let size = call.page_size(200, 1_000)?;
    let world = shared.read();
    if !seen(&world, call, &email) {
        return Err(refused());
    }
    let mut rows: BTreeMap<String, bool> = BTreeMap::new();
    let mut next = vec![(email.clone(), true)];
    while let Some((group, direct)) = next.pop() {
        let Some(known) = world.estate.group(&group).known() else {
            continue;
        };
        for member in &known.members {
            let (kind, key) = kind_of(member);
            match rows.get_mut(&key) {
                Some(known) => *known |= direct,
                None => {
                    rows.insert(key.clone(), direct);
                    if kind == "GROUP" {
                        next.push((key, false));
                    }
                }
            }
        }
    }
    let rows = rows.into_iter().map(|(key, direct)| {
        let row = json!({
            "member": format!("groups/{}", name_of(&key)),
            "preferredMemberKey": [{ "id": key }],
            "relationType": if direct { "DIRECT" } else { "INDIRECT" },
            "roles": [{ "role": "MEMBER" }],
        });
        (key, row)
    });
    let (page, next) = call.page(rows, size)?;
    Ok(listed("memberships", page, next))
}
