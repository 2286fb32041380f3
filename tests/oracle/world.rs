//! Estates by chance: two organizations with folders and projects, accounts, people, groups, pools and
//! Google's own accounts, and every kind of policy over them, in every spelling that people use.

use serde_json::{Map, Value, json};

use super::chance::Chance;

/// (e-mail, project, project number, unique id)
pub const ACCOUNTS: [(&str, &str, &str, &str); 8] = [
    ("a0@p0-app.iam.gserviceaccount.com", "p0-app", "30", "1000"),
    ("a1@p0-app.iam.gserviceaccount.com", "p0-app", "30", "1001"),
    (
        "b0@p1-data.iam.gserviceaccount.com",
        "p1-data",
        "31",
        "1002",
    ),
    (
        "b1@p1-data.iam.gserviceaccount.com",
        "p1-data",
        "31",
        "1003",
    ),
    ("c0@p2-ci.iam.gserviceaccount.com", "p2-ci", "32", "1004"),
    (
        "32-compute@developer.gserviceaccount.com",
        "p2-ci",
        "32",
        "1005",
    ),
    (
        "z0@q0-other.iam.gserviceaccount.com",
        "q0-other",
        "90",
        "1006",
    ),
    (
        "s0@s0-solo.iam.gserviceaccount.com",
        "s0-solo",
        "40",
        "1007",
    ),
];

const RESOURCE_MANAGER: &str = "//cloudresourcemanager.googleapis.com";
const POOL: &str = "iam.googleapis.com/projects/32/locations/global/workloadIdentityPools/gh";
const GKE: &str =
    "iam.googleapis.com/projects/31/locations/global/workloadIdentityPools/p1-data.svc.id.goog";
const WORKFORCE: &str = "iam.googleapis.com/locations/global/workforcePools/staff";

/// What is above accounts; of projects the id, then the number.
const CONTAINERS: [(&str, &str); 9] = [
    ("organizations/1", "organizations/1"),
    ("folders/2", "folders/2"),
    ("folders/3", "folders/3"),
    ("projects/p0-app", "projects/30"),
    ("projects/p1-data", "projects/31"),
    ("projects/p2-ci", "projects/32"),
    ("organizations/9", "organizations/9"),
    ("projects/q0-other", "projects/90"),
    // Of no organization.
    ("projects/s0-solo", "projects/40"),
];

/// Everybody who calls.
pub fn callers() -> Vec<String> {
    let accounts = ACCOUNTS
        .iter()
        .map(|(email, ..)| format!("serviceAccount:{email}"));
    let others = [
        "user:ana@heron.example".to_owned(),
        "user:ben@heron.example".to_owned(),
        "user:eve@other.example".to_owned(),
        "user:gil@gmail.com".to_owned(),
        "user:una@nowhere.example".to_owned(),
        "user:Eve@Other.example".to_owned(),
        "serviceAccount:p1-data.svc.id.goog[ns/ksa]".to_owned(),
        "principal://agents.global.org-9.system.id.goog/resources/aiplatform/projects/90/locations/l/reasoningEngines/r"
            .to_owned(),
        format!("principal://{POOL}/subject/s"),
        format!("principal://{POOL}/subject/organization:o:project:Default Project:run"),
        format!("principal://{WORKFORCE}/subject/w"),
        // Nobody has these addresses.
        "serviceAccount:ghost@p0-app.iam.gserviceaccount.com".to_owned(),
        "serviceAccount:x@far-away.iam.gserviceaccount.com".to_owned(),
        "serviceAccount:p0-app@appspot.gserviceaccount.com".to_owned(),
        "serviceAccount:30@cloudbuild.gserviceaccount.com".to_owned(),
        "serviceAccount:service-31@gcp-sa-pubsub.iam.gserviceaccount.com".to_owned(),
        "serviceAccount:90@cloudservices.gserviceaccount.com".to_owned(),
    ];
    accounts.chain(others).collect()
}

fn members() -> Vec<String> {
    let mut all = callers();
    all.extend(
        [
            "user:ANA@heron.example",
            "serviceAccount:A0@P0-app.iam.gserviceaccount.com",
            "user:a0@p0-app.iam.gserviceaccount.com",
            "serviceAccount:ana@heron.example",
            "group:g0@heron.example",
            "group:g1@heron.example",
            "group:g2@heron.example",
            "group:nobody-knows@heron.example",
            "domain:heron.example",
            "domain:other.example",
            "allUsers",
            "allAuthenticatedUsers",
            "deleted:serviceAccount:a0@p0-app.iam.gserviceaccount.com?uid=9",
            "projectOwner:p1-data",
            "projectEditor:31",
        ]
        .map(str::to_owned),
    );
    for of in [
        "projects/31",
        "folders/2",
        "organizations/1",
        "organizations/9",
    ] {
        for kind in ["ServiceAccount", "ServiceAgent"] {
            all.push(format!(
                "principalSet://cloudresourcemanager.googleapis.com/{of}/type/{kind}"
            ));
        }
    }
    all.push(format!("principalSet://{POOL}/*"));
    all.push(format!("principalSet://{POOL}/attribute.repository/o/r"));
    all.push(format!("principalSet://{POOL}/group/dev"));
    all.push(format!("principalSet://{POOL}/subject/s"));
    all.push(format!("principalSet://{WORKFORCE}/*"));
    all.push(format!("principalSet://{GKE}/namespace/ns"));
    all
}

/// Of deny rules (doc "Principal identifiers", v2).
fn denied() -> Vec<String> {
    let mut all = vec![
        "principal://goog/subject/ana@heron.example".to_owned(),
        "principal://goog/subject/eve@other.example".to_owned(),
        "principalSet://goog/group/g0@heron.example".to_owned(),
        "principalSet://goog/group/nobody-knows@heron.example".to_owned(),
        "principalSet://goog/public:all".to_owned(),
        "principalSet://goog/cloudIdentityCustomerId/C1heron".to_owned(),
        "principalSet://goog/cloudIdentityCustomerId/C9other".to_owned(),
        "principalSet://cloudresourcemanager.googleapis.com/projects/30/type/ServiceAccount"
            .to_owned(),
        "principalSet://cloudresourcemanager.googleapis.com/organizations/9/type/ServiceAccount"
            .to_owned(),
        format!("principalSet://{POOL}/*"),
        format!("principal://{POOL}/subject/s"),
        format!("principal://{WORKFORCE}/subject/w"),
    ];
    all.extend(ACCOUNTS.iter().take(4).map(|(email, ..)| {
        format!("principal://iam.googleapis.com/projects/-/serviceAccounts/{email}")
    }));
    all
}

const ROLES: [&str; 13] = [
    "roles/iam.serviceAccountTokenCreator",
    "roles/iam.serviceAccountTokenCreator",
    "roles/iam.serviceAccountTokenCreator",
    "roles/iam.workloadIdentityUser",
    "roles/iam.serviceAccountUser",
    "roles/iam.serviceAccountOpenIdTokenCreator",
    "roles/owner",
    "roles/editor",
    "organizations/1/roles/minter",
    "organizations/1/roles/off",
    "organizations/1/roles/gone",
    "organizations/1/roles/nobody-knows",
    "projects/p1-data/roles/delegator",
];

pub const PERMISSIONS: [&str; 6] = [
    "iam.serviceAccounts.getAccessToken",
    "iam.serviceAccounts.getAccessToken",
    "iam.serviceAccounts.getOpenIdToken",
    "iam.serviceAccounts.signBlob",
    "iam.serviceAccounts.implicitDelegation",
    "iam.serviceAccounts.actAs",
];

/// About tags, spelled as people do.
const ON_TAGS: [&str; 9] = [
    "resource.matchTag('1/env', 'prod')",
    "!resource.matchTag('1/env', \"prod\")",
    "resource . matchTag( '1/env' , 'dev' )",
    "resource.matchTagId('tagKeys/7', 'tagValues/71')",
    "resource.hasTagKey('1/env')",
    "resource.hasTagKeyId('tagKeys/7')",
    "resource.\n  hasTagKey('1/frozen')",
    "resource.hasTagKey('1/env') && resource.matchTag('9/team', 'blue')",
    "// who\nresource.matchTag('9/team', 'blue') || false",
];

const CONDITIONS: [&str; 8] = [
    "request.time < timestamp('2030-01-01T00:00:00Z')",
    "request.time < timestamp('2020-01-01T00:00:00Z')",
    "request.time.getHours('Europe/Berlin') < 24",
    "resource.name.startsWith('projects/p0-app')",
    "resource.type == 'iam.googleapis.com/ServiceAccount' || true",
    "request.time <",
    "'a' in request.auth.access_levels",
    "true",
];

/// Where an allow policy stands, as files name it: a project by its id or its number.
fn place(chance: &mut Chance, (id, number): (&str, &str)) -> String {
    let name = if chance.one_in(3) { number } else { id };
    format!("{RESOURCE_MANAGER}/{name}")
}

fn condition(chance: &mut Chance, of: &[&str]) -> Value {
    json!({ "title": "t", "expression": *chance.of(of) })
}

fn binding(chance: &mut Chance) -> Value {
    let mut one = json!({
        "role": *chance.of(&ROLES),
        "members": chance.some(&members(), 1, 4),
    });
    if chance.one_in(3) {
        one["condition"] = if chance.one_in(2) {
            condition(chance, &ON_TAGS)
        } else {
            condition(chance, &CONDITIONS)
        };
    }
    one
}

fn policy(chance: &mut Chance, most: usize) -> Value {
    let bindings: Vec<Value> = (0..chance.below(most + 1))
        .map(|_| binding(chance))
        .collect();
    json!({ "version": 3, "bindings": bindings })
}

fn deny_policy(chance: &mut Chance, number: usize) -> Value {
    let at = chance.of(&CONTAINERS).0.replace('/', "%2F");
    let permissions = [
        "iam.googleapis.com/serviceAccounts.getAccessToken",
        "iam.googleapis.com/serviceAccounts.actAs",
        "iam.googleapis.com/serviceAccounts.signBlob",
        "iam.googleapis.com/serviceAccounts.implicitDelegation",
        "iam.googleapis.com/serviceAccounts.getOpenIdToken",
        "iam.googleapis.com/serviceAccounts.*",
        "iam.googleapis.com/serviceAccountKeys.*",
        "storage.googleapis.com/buckets.create",
    ];
    let mut rule = json!({
        "deniedPrincipals": chance.some(&denied(), 1, 2),
        "deniedPermissions": chance.some(&permissions, 1, 2),
    });
    if chance.one_in(3) {
        rule["exceptionPrincipals"] = json!(chance.some(&denied(), 1, 1));
    }
    if chance.one_in(4) {
        rule["exceptionPermissions"] = json!(chance.some(&permissions, 1, 1));
    }
    if chance.one_in(2) {
        rule["denialCondition"] = condition(chance, &ON_TAGS);
    }
    json!({
        "name": format!("policies/cloudresourcemanager.googleapis.com%2F{at}/denypolicies/d{number}"),
        "rules": [{ "denyRule": rule }],
    })
}

/// A boundary of one organization with its binding there.
fn boundary(chance: &mut Chance, number: usize) -> (Value, Value) {
    let own = [
        (
            "organizations/1",
            "//cloudresourcemanager.googleapis.com/organizations/1",
        ),
        (
            "organizations/1",
            "//cloudresourcemanager.googleapis.com/folders/2",
        ),
        (
            "organizations/1",
            "//cloudresourcemanager.googleapis.com/projects/31",
        ),
        (
            "organizations/1",
            "//cloudresourcemanager.googleapis.com/projects/p2-ci",
        ),
        (
            "organizations/1",
            "//iam.googleapis.com/projects/32/locations/global/workloadIdentityPools/gh",
        ),
        (
            "organizations/1",
            "//iam.googleapis.com/locations/global/workforcePools/staff",
        ),
        (
            "organizations/1",
            "//iam.googleapis.com/locations/global/workspace/C1heron",
        ),
        (
            "organizations/9",
            "//cloudresourcemanager.googleapis.com/organizations/9",
        ),
        (
            "organizations/9",
            "//cloudresourcemanager.googleapis.com/projects/90",
        ),
    ];
    let (home, set) = *chance.of(&own);
    let resources: Vec<String> = chance
        .some(&CONTAINERS, 1, 3)
        .into_iter()
        .map(|at| place(chance, at))
        .collect();
    let effect = if chance.one_in(4) { "DENY" } else { "ALLOW" };
    let mut rule = json!({ "effect": effect, "resources": resources });
    if chance.one_in(4) {
        rule["excludedResources"] = json!([account_name(chance.below(ACCOUNTS.len()))]);
    }
    if chance.one_in(4) {
        let wanted = [
            "iam.googleapis.com/serviceAccounts.*",
            "*",
            "iam.googleapis.com/*.signBlob",
        ];
        rule["operation"] = json!({ "permissions": [*chance.of(&wanted)] });
    }
    let version = *chance.of(&["1", "3", "4", "latest"]);
    let name = format!("{home}/locations/global/principalAccessBoundaryPolicies/b{number}");
    let mut binding = json!({
        "name": format!("{home}/locations/global/policyBindings/pb{number}"),
        "target": { "principalSet": set },
        "policyKind": "PRINCIPAL_ACCESS_BOUNDARY",
        "policy": name,
    });
    if chance.one_in(4) {
        let kinds = [
            "principal.type == 'iam.googleapis.com/ServiceAccount'",
            "principal.subject.endsWith('@heron.example')",
            "principal.type != 'iam.googleapis.com/WorkspaceIdentity'",
        ];
        binding["condition"] = condition(chance, &kinds);
    }
    let policy = json!({
        "name": name,
        "details": { "enforcementVersion": version, "rules": [rule] },
    });
    (policy, binding)
}

fn tags(chance: &mut Chance) -> Value {
    let tag = |key: &str, value: &str, key_id: &str, value_id: &str| {
        json!({ "namespacedTagKey": key, "namespacedTagValue": format!("{key}/{value}"),
            "tagKey": format!("tagKeys/{key_id}"), "tagValue": format!("tagValues/{value_id}") })
    };
    let all = [
        tag("1/env", "prod", "7", "71"),
        tag("1/env", "dev", "7", "72"),
        tag("9/team", "blue", "8", "81"),
    ];
    let mut places: Vec<String> = CONTAINERS
        .iter()
        .map(|(id, _)| format!("{RESOURCE_MANAGER}/{id}"))
        .collect();
    places.push(account_name(2));
    places.push(account_name(0));
    let mut map = Map::new();
    for place in chance.some(&places, 0, 3) {
        map.insert(place, json!([chance.of(&all)]));
    }
    Value::Object(map)
}

fn groups(chance: &mut Chance) -> Vec<Value> {
    let all: Vec<String> = members()
        .into_iter()
        .filter(|m| {
            m.starts_with("user:")
                || m.starts_with("group:")
                || m.contains(".iam.gserviceaccount.com")
        })
        .filter(|m| !m.starts_with("deleted:") && !m.contains("//"))
        .collect();
    (0..3)
        .map(|i| json!({ "email": format!("g{i}@heron.example"), "members": chance.some(&all, 0, 4) }))
        .collect()
}

pub fn account_name(at: usize) -> String {
    let (email, project, ..) = ACCOUNTS[at];
    format!("//iam.googleapis.com/projects/{project}/serviceAccounts/{email}")
}

/// A provider of the pool, with what it lets in and what it makes of a token.
fn provider(chance: &mut Chance, name: &str) -> Value {
    let issuer = *chance.of(&["https://tokens.heron.example", "https://elsewhere.example"]);
    let mut one = json!({
        "name": name,
        "state": "ACTIVE",
        "oidc": { "issuerUri": issuer },
        "attributeMapping": { "google.subject": "assertion.sub" },
    });
    if chance.one_in(2) {
        one["attributeMapping"]["attribute.repository"] = json!("assertion.repository");
    }
    if chance.one_in(3) {
        one["attributeMapping"]["google.groups"] = json!("assertion.teams");
    }
    if chance.one_in(3) {
        let conditions = [
            "assertion.repository == 'o/r'",
            "assertion.repository == 'O/R'",
            "attribute.repository.startsWith('o/')",
            "google.subject == 's'",
            "assertion.missing == 1",
        ];
        one["attributeCondition"] = json!(*chance.of(&conditions));
    }
    match chance.below(8) {
        0 => one["disabled"] = json!(true),
        1 => one["state"] = json!("DELETED"),
        _ => {}
    }
    one
}

/// What a token says.
pub fn claims(chance: &mut Chance, subject: &str) -> Value {
    let mut claims = json!({
        "iss": *chance.of(&["https://tokens.heron.example", "https://tokens.heron.example", "https://elsewhere.example"]),
        "sub": subject,
        "aud": "https://iam.googleapis.com/projects/32/locations/global/workloadIdentityPools/gh/providers/p0",
    });
    if chance.one_in(2) {
        claims["repository"] = json!(*chance.of(&["o/r", "O/R", "o/other"]));
    }
    if chance.one_in(2) {
        claims["teams"] = json!(["dev"]);
    }
    claims
}

/// An estate of which everything may be read.
pub fn estate(chance: &mut Chance) -> Value {
    let mut policies = Map::new();
    for container in CONTAINERS {
        if !chance.one_in(4) {
            policies.insert(place(chance, container), policy(chance, 2));
        }
    }
    for at in 0..ACCOUNTS.len() {
        if !chance.one_in(4) {
            policies.insert(account_name(at), policy(chance, 3));
        }
    }
    let off = chance.some(&(0..ACCOUNTS.len()).collect::<Vec<_>>(), 0, 1);
    let accounts: Vec<Value> = ACCOUNTS
        .iter()
        .enumerate()
        .map(|(i, (email, project, _, unique))| {
            let off = off.contains(&i) && chance.one_in(2);
            json!({ "name": format!("projects/{project}/serviceAccounts/{email}"), "email": email,
                "projectId": project, "uniqueId": unique, "disabled": off })
        })
        .collect();
    let deny: Vec<Value> = (0..chance.below(3))
        .map(|i| deny_policy(chance, i))
        .collect();
    let bound: Vec<(Value, Value)> = (0..[0, 0, 1, 2][chance.below(4)])
        .map(|i| boundary(chance, i))
        .collect();
    let (boundaries, bindings): (Vec<Value>, Vec<Value>) = bound.into_iter().unzip();
    let pool = "projects/32/locations/global/workloadIdentityPools/gh";
    let mut state = json!({ "name": pool, "state": "ACTIVE" });
    match chance.below(8) {
        0 => state["disabled"] = json!(true),
        1 => {
            state["state"] = json!("DELETED");
            state["expireTime"] = json!("2026-12-20T00:00:00Z");
        }
        _ => {}
    }
    let providers: Vec<Value> = (0..chance.below(3))
        .map(|i| provider(chance, &format!("{pool}/providers/p{i}")))
        .collect();
    let mut services = Map::new();
    if chance.one_in(5) {
        services.insert("projects/32".into(), json!(["iam.googleapis.com"]));
    }
    let groups = groups(chance);
    let tags = tags(chance);
    let mut projects = json!([
        { "name": "projects/30", "projectId": "p0-app", "parent": "folders/2" },
        { "name": "projects/31", "projectId": "p1-data", "parent": "folders/3" },
        { "name": "projects/32", "projectId": "p2-ci", "parent": "organizations/1" },
        { "name": "projects/90", "projectId": "q0-other", "parent": "organizations/9" },
        { "name": "projects/40", "projectId": "s0-solo" }]);
    // Drawn last, so that the cases before this kind was known stay what they were.
    if chance.one_in(8) {
        projects[chance.below(5)]["state"] = json!("DELETE_REQUESTED");
    }
    json!({
        "organizations": [
            { "name": "organizations/1", "displayName": "heron.example", "directoryCustomerId": "C1heron" },
            { "name": "organizations/9", "displayName": "other.example", "directoryCustomerId": "C9other" }],
        "folders": [
            { "name": "folders/2", "parent": "organizations/1", "displayName": "two" },
            { "name": "folders/3", "parent": "folders/2", "displayName": "three" }],
        "projects": projects,
        "serviceAccounts": accounts,
        "roles": [
            { "name": "organizations/1/roles/minter", "stage": "GA",
                "includedPermissions": ["iam.serviceAccounts.getAccessToken"] },
            { "name": "organizations/1/roles/off", "stage": "DISABLED",
                "includedPermissions": ["iam.serviceAccounts.getAccessToken"] },
            { "name": "organizations/1/roles/gone", "stage": "GA", "deleted": true,
                "includedPermissions": ["iam.serviceAccounts.getAccessToken"] },
            { "name": "projects/p1-data/roles/delegator", "stage": "GA",
                "includedPermissions": ["iam.serviceAccounts.implicitDelegation"] }],
        "groups": groups,
        "iamPolicies": policies,
        "denyPolicies": deny,
        "principalAccessBoundaryPolicies": boundaries,
        "policyBindings": bindings,
        "tags": tags,
        "enabledServices": services,
        "pools": [
            state,
            { "name": "locations/global/workforcePools/staff", "parent": "organizations/1", "state": "ACTIVE" }],
        "providers": providers,
    })
}

/// What may not be read, by name.
pub fn unreadable(chance: &mut Chance) -> Vec<String> {
    let mut all: Vec<String> = CONTAINERS
        .iter()
        .map(|(id, _)| format!("{RESOURCE_MANAGER}/{id}"))
        .collect();
    all.extend((0..ACCOUNTS.len()).map(account_name));
    for (id, _) in CONTAINERS {
        all.push(format!(
            "policies/cloudresourcemanager.googleapis.com%2F{}/denypolicies",
            id.replace('/', "%2F")
        ));
    }
    for of in ["organizations/1", "organizations/9"] {
        all.push(format!("{of}/locations/global/policyBindings"));
    }
    all.extend(
        [
            "groups/g0@heron.example",
            "groups/g1@heron.example",
            "organizations/1/roles/minter",
        ]
        .map(str::to_owned),
    );
    chance.some(&all, 1, 6)
}

/// Grants a caller something that is likely to matter, on an account or high above.
pub fn grant(chance: &mut Chance, world: &mut Value, caller: &str) {
    let mut one = json!({ "role": *chance.of(&ROLES[..6]), "members": [caller] });
    match chance.below(6) {
        0 => one["condition"] = condition(chance, &ON_TAGS),
        1 => one["condition"] = condition(chance, &CONDITIONS),
        2 => one["condition"] = condition(chance, &["'a' in request.auth.access_levels"]),
        _ => {}
    }
    let high = ["organizations/1", "folders/2", "organizations/9"];
    let place = if chance.one_in(2) {
        format!("{RESOURCE_MANAGER}/{}", chance.of(&high))
    } else {
        account_name(chance.below(ACCOUNTS.len()))
    };
    let policies = world["iamPolicies"].as_object_mut().unwrap();
    let policy = policies
        .entry(place)
        .or_insert_with(|| json!({ "version": 3, "bindings": [] }));
    policy["bindings"].as_array_mut().unwrap().push(one);
}

/// Denies a permission to many, high above.
pub fn deny(chance: &mut Chance, world: &mut Value, permission: &str) {
    let verb = permission.trim_start_matches("iam.");
    let at = *chance.of(&["organizations%2F1", "folders%2F2", "organizations%2F9"]);
    let denied = [
        "principalSet://goog/public:all",
        "principalSet://goog/cloudIdentityCustomerId/C1heron",
        "principalSet://goog/group/g0@heron.example",
    ];
    let mut rule = json!({
        "deniedPrincipals": [*chance.of(&denied)],
        "deniedPermissions": [format!("iam.googleapis.com/{verb}")],
    });
    if chance.one_in(2) {
        rule["denialCondition"] = condition(chance, &ON_TAGS);
    }
    let list = world["denyPolicies"].as_array_mut().unwrap();
    let name = format!(
        "policies/cloudresourcemanager.googleapis.com%2F{at}/denypolicies/planted{}",
        list.len()
    );
    list.push(json!({ "name": name, "rules": [{ "denyRule": rule }] }));
}

/// Somebody with less sight: a member, and the estate with what lets them see that much.
pub fn viewer(chance: &mut Chance, world: &mut Value) -> &'static str {
    let roles = [
        "roles/viewer",
        "roles/browser",
        "roles/iam.securityReviewer",
        "roles/iam.serviceAccountViewer",
        "roles/resourcemanager.folderViewer",
    ];
    let viewer = "user:vic@heron.example";
    let binding = json!({ "role": *chance.of(&roles), "members": [viewer] });
    let (id, number) = *chance.of(&CONTAINERS);
    let policies = world["iamPolicies"].as_object_mut().unwrap();
    let names = [id, number].map(|name| format!("{RESOURCE_MANAGER}/{name}"));
    let name = names.iter().find(|name| policies.contains_key(*name));
    let name = name.unwrap_or(&names[0]).clone();
    let policy = policies
        .entry(name)
        .or_insert_with(|| json!({ "version": 3, "bindings": [] }));
    policy["bindings"].as_array_mut().unwrap().push(binding);
    viewer
}

/// A target as people write it.
pub fn target(chance: &mut Chance) -> String {
    let (email, project, number, unique) = *chance.of(&ACCOUNTS);
    match chance.below(9) {
        0 => unique.to_owned(),
        1 => format!("projects/{project}/serviceAccounts/{email}"),
        2 => format!("//iam.googleapis.com/projects/-/serviceAccounts/{email}"),
        3 => format!("projects/{number}/serviceAccounts/{unique}"),
        4 if chance.one_in(3) => "gone@p0-app.iam.gserviceaccount.com".to_owned(),
        _ => email.to_owned(),
    }
}
