//! Small estates of every kind, for properties: one organization, two folders, three projects, a few
//! accounts, people, groups and pools, and policies drawn from a short list of everything that counts.

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Value, json};

/// So many cases where PROPTEST_CASES is 256, as CI has it, and a quarter of them where it says nothing;
/// the same ones each time (`.cargo/config.toml`). Failures are told, not kept in files.
pub fn cases(cases: u32) -> ProptestConfig {
    let default = ProptestConfig::default();
    let of_256 = match std::env::var_os("PROPTEST_CASES") {
        Some(_) => default.cases,
        None => 64,
    };
    ProptestConfig {
        cases: (of_256.saturating_mul(cases) / 256).max(1),
        failure_persistence: None,
        ..default
    }
}

/// As [`cases`], of which one takes a second and more: a third of them, and all where a measure is asked for.
pub fn slow_cases(cases: u32) -> ProptestConfig {
    let all = self::cases(cases);
    let asked = std::env::var_os("PROPTEST_CASES").is_some();
    ProptestConfig {
        cases: if asked {
            all.cases
        } else {
            all.cases.div_ceil(3)
        },
        ..all
    }
}

/// The accounts, as (e-mail, project).
pub const ACCOUNTS: [(&str, &str); 5] = [
    ("a0@p0.iam.gserviceaccount.com", "p0"),
    ("a1@p0.iam.gserviceaccount.com", "p0"),
    ("b0@p1.iam.gserviceaccount.com", "p1"),
    ("b1@p1.iam.gserviceaccount.com", "p1"),
    ("c0@p2.iam.gserviceaccount.com", "p2"),
];

const POOL: &str = "iam.googleapis.com/projects/32/locations/global/workloadIdentityPools/gh";
/// GKE's own pool of the project p1.
const GKE: &str =
    "iam.googleapis.com/projects/31/locations/global/workloadIdentityPools/p1.svc.id.goog";

/// A user whose organization is in no estate.
pub const STRANGER: &str = "user:eve@elsewhere.org";

/// Everybody who calls.
pub fn callers() -> Vec<String> {
    let mut all: Vec<String> = ACCOUNTS
        .iter()
        .map(|(email, _)| format!("serviceAccount:{email}"))
        .collect();
    all.extend(
        [
            "user:ana@example.com",
            "user:ben@example.com",
            "user:kim@other.example",
            "user:lee@gmail.com",
            STRANGER,
            "serviceAccount:service-31@gcp-sa-pubsub.iam.gserviceaccount.com",
            "serviceAccount:32@cloudbuild.gserviceaccount.com",
            "principal://iam.googleapis.com/locations/global/workforcePools/staff/subject/s",
            "serviceAccount:p1.svc.id.goog[ns/ksa]",
        ]
        .map(str::to_owned),
    );
    all.push(format!("principal://{POOL}/subject/s"));
    all.push(format!("principal://{GKE}/subject/ns/ns/sa/ksa"));
    all
}

pub const LEVELS: [&str; 6] = [
    "//cloudresourcemanager.googleapis.com/organizations/1",
    "//cloudresourcemanager.googleapis.com/folders/2",
    "//cloudresourcemanager.googleapis.com/folders/3",
    "//cloudresourcemanager.googleapis.com/projects/p0",
    "//cloudresourcemanager.googleapis.com/projects/p1",
    "//cloudresourcemanager.googleapis.com/projects/p2",
];

pub fn account_name((email, project): (&str, &str)) -> String {
    format!("//iam.googleapis.com/projects/{project}/serviceAccounts/{email}")
}

fn members() -> Vec<String> {
    let mut all = callers();
    all.extend(
        [
            "group:g0@example.com",
            "group:g1@example.com",
            "group:g2@example.com",
            "group:nobody-knows@example.com",
            "domain:example.com",
            "allUsers",
            "allAuthenticatedUsers",
            "deleted:serviceAccount:a0@p0.iam.gserviceaccount.com?uid=9",
            "projectOwner:p1",
            "principalSet://cloudresourcemanager.googleapis.com/projects/31/type/ServiceAccount",
            "principalSet://cloudresourcemanager.googleapis.com/folders/2/type/ServiceAccount",
            "principalSet://cloudresourcemanager.googleapis.com/organizations/1/type/ServiceAgent",
            "robot:from-the-future",
        ]
        .map(str::to_owned),
    );
    all.push(format!("principalSet://{POOL}/*"));
    all.push(format!("principalSet://{GKE}/namespace/ns"));
    all.push(format!("principalSet://{GKE}/kubernetes.cluster/c"));
    all.push(format!("principalSet://{POOL}/attribute.repository/o/r"));
    all.push(format!("principalSet://{POOL}/subject/s"));
    all
}

fn v2_members() -> Vec<String> {
    vec![
        "principal://goog/subject/ana@example.com".to_owned(),
        "principal://iam.googleapis.com/projects/-/serviceAccounts/a0@p0.iam.gserviceaccount.com"
            .to_owned(),
        "principal://iam.googleapis.com/projects/-/serviceAccounts/b0@p1.iam.gserviceaccount.com"
            .to_owned(),
        "principalSet://goog/group/g0@example.com".to_owned(),
        "principalSet://goog/group/nobody-knows@example.com".to_owned(),
        "principalSet://goog/public:all".to_owned(),
        "principalSet://goog/cloudIdentityCustomerId/C0".to_owned(),
        "principalSet://cloudresourcemanager.googleapis.com/projects/30/type/ServiceAccount"
            .to_owned(),
        format!("principalSet://{POOL}/*"),
    ]
}

const ROLES: [&str; 9] = [
    "roles/iam.serviceAccountTokenCreator",
    "roles/iam.serviceAccountTokenCreator",
    "roles/iam.workloadIdentityUser",
    "roles/iam.serviceAccountUser",
    "roles/owner",
    "organizations/1/roles/minter",
    "organizations/1/roles/off",
    "organizations/1/roles/nobody-knows",
    "projects/p1/roles/delegator",
];

const CONDITIONS: [&str; 7] = [
    "request.time < timestamp('2030-01-01T00:00:00Z')",
    "request.time < timestamp('2020-01-01T00:00:00Z')",
    "resource.matchTag('1/env', 'prod')",
    "!resource.matchTag('1/env', 'prod')",
    "resource.name.startsWith('projects/p0')",
    "request.time <",
    "'a' in request.auth.access_levels",
];

fn some<T: Clone + std::fmt::Debug + 'static>(
    of: Vec<T>,
    sizes: std::ops::Range<usize>,
) -> impl Strategy<Value = Vec<T>> {
    subsequence(of, sizes)
}

fn condition(of: &'static [&'static str], weight: u32) -> impl Strategy<Value = Option<Value>> {
    prop_oneof![
        4 => Just(None),
        weight => select(of.to_vec()).prop_map(|e| Some(json!({"expression": e, "title": "t"}))),
    ]
}

fn binding() -> impl Strategy<Value = Value> {
    (
        select(ROLES.to_vec()),
        some(members(), 1..4),
        condition(&CONDITIONS, 2),
    )
        .prop_map(|(role, members, condition)| {
            let mut one = json!({"role": role, "members": members});
            if let Some(condition) = condition {
                one["condition"] = condition;
            }
            one
        })
}

fn policy() -> impl Strategy<Value = Value> {
    prop::collection::vec(binding(), 0..4).prop_map(|b| json!({"version": 3, "bindings": b}))
}

pub fn deny_policy() -> impl Strategy<Value = Value> {
    let permissions = [
        "iam.googleapis.com/serviceAccounts.getAccessToken",
        "iam.googleapis.com/serviceAccounts.*",
        "iam.googleapis.com/*.implicitDelegation",
        "storage.googleapis.com/*.*",
    ];
    (
        select(vec!["organizations/1", "folders/2", "projects/p0", "projects/p2"]),
        0..1000_u32,
        some(v2_members(), 1..3),
        some(v2_members(), 0..2),
        select(permissions.to_vec()),
        condition(&["resource.matchTag('1/env', 'prod')", "request.time <"], 1),
    )
        .prop_map(|(at, id, denied, except, permission, condition)| {
            let mut rule = json!({"deniedPrincipals": denied, "exceptionPrincipals": except,
                "deniedPermissions": [permission]});
            if let Some(condition) = condition {
                rule["denialCondition"] = condition;
            }
            let at = at.replace('/', "%2F");
            json!({
                "name": format!("policies/cloudresourcemanager.googleapis.com%2F{at}/denypolicies/d{id}-"),
                "rules": [{"denyRule": rule}],
            })
        })
}

fn boundary() -> impl Strategy<Value = (Value, Value)> {
    (
        0..1000_u32,
        select(vec!["1", "3", "latest"]),
        some(LEVELS.to_vec(), 1..3),
        select(vec!["ALLOW", "ALLOW", "DENY"]),
        // Where it is bound, and to what.
        select(vec![
            (
                "organizations/1",
                "//cloudresourcemanager.googleapis.com/organizations/1",
            ),
            (
                "organizations/2",
                "//cloudresourcemanager.googleapis.com/organizations/2",
            ),
            (
                "organizations/2",
                "//iam.googleapis.com/locations/global/workforcePools/staff",
            ),
            (
                "organizations/2",
                "//iam.googleapis.com/locations/global/workspace/C1",
            ),
            (
                "folders/2",
                "//cloudresourcemanager.googleapis.com/folders/2",
            ),
            (
                "projects/31",
                "//cloudresourcemanager.googleapis.com/projects/p1",
            ),
            (
                "projects/p2",
                "//iam.googleapis.com/projects/32/locations/global/workloadIdentityPools/gh",
            ),
        ]),
        condition(
            &["principal.type == 'iam.googleapis.com/ServiceAccount'"],
            1,
        ),
    )
        .prop_map(
            |(id, version, resources, effect, (parent, set), condition)| {
                let organization = if parent == "organizations/2" {
                    parent
                } else {
                    "organizations/1"
                };
                let name = format!(
                    "{organization}/locations/global/principalAccessBoundaryPolicies/b{id}"
                );
                let mut binding = json!({
                    "name": format!("{parent}/locations/global/policyBindings/pb{id}"),
                    "target": {"principalSet": set},
                    "policyKind": "PRINCIPAL_ACCESS_BOUNDARY",
                    "policy": name,
                });
                if let Some(condition) = condition {
                    binding["condition"] = condition;
                }
                let policy = json!({"name": name, "details": {"enforcementVersion": version,
                "rules": [{"effect": effect, "resources": resources}]}});
                (policy, binding)
            },
        )
}

fn unreadable() -> impl Strategy<Value = Vec<String>> {
    let mut all: Vec<String> = LEVELS.map(str::to_owned).to_vec();
    all.extend(ACCOUNTS.map(account_name));
    all.extend(
        [
            "policies/cloudresourcemanager.googleapis.com%2Forganizations%2F1/denypolicies",
            "policies/cloudresourcemanager.googleapis.com%2Fprojects%2Fp0/denypolicies",
            "organizations/1/locations/global/policyBindings",
            "organizations/2/locations/global/policyBindings",
            "projects/p1/locations/global/policyBindings",
            "groups/g0@example.com",
            "groups/g1@example.com",
            "organizations/1/roles/minter",
        ]
        .map(str::to_owned),
    );
    prop_oneof![2 => Just(Vec::new()), 1 => some(all, 1..4)]
}

/// An estate file.
pub fn estate() -> impl Strategy<Value = Value> {
    let groups = some(members(), 0..4).prop_map(Value::from);
    (
        prop::collection::vec(policy(), 6),
        prop::collection::vec(policy(), 5),
        prop::collection::vec(groups, 3),
        prop::collection::vec(deny_policy(), 0..3),
        prop::collection::vec(boundary(), 0..3),
        unreadable(),
        subsequence(vec![0_usize, 1, 2, 3, 4], 0..2),
    )
        .prop_map(|(levels, accounts, groups, mut deny, mut boundaries, unreadable, disabled)| {
            // Names are unique, as Google's are.
            for (i, policy) in deny.iter_mut().enumerate() {
                policy["name"] = format!("{}{i}", policy["name"].as_str().unwrap()).into();
            }
            for (i, (policy, binding)) in boundaries.iter_mut().enumerate() {
                policy["name"] = format!("{}-{i}", policy["name"].as_str().unwrap()).into();
                binding["policy"] = policy["name"].clone();
                binding["name"] = format!("{}-{i}", binding["name"].as_str().unwrap()).into();
            }
            let mut policies = serde_json::Map::new();
            for (level, policy) in LEVELS.iter().zip(levels) {
                policies.insert((*level).to_owned(), policy);
            }
            for (account, policy) in ACCOUNTS.iter().zip(accounts) {
                policies.insert(account_name(*account), policy);
            }
            let accounts: Vec<Value> = ACCOUNTS
                .iter()
                .enumerate()
                .map(|(i, (email, project))| {
                    json!({"name": format!("projects/{project}/serviceAccounts/{email}"),
                        "email": email, "projectId": project, "uniqueId": format!("10{i}"),
                        "disabled": disabled.contains(&i)})
                })
                .collect();
            let groups: Vec<Value> = groups
                .into_iter()
                .enumerate()
                .map(|(i, members)| json!({"email": format!("g{i}@example.com"), "members": members}))
                .collect();
            let (boundaries, bindings): (Vec<Value>, Vec<Value>) = boundaries.into_iter().unzip();
            json!({
                "organizations": [{"name": "organizations/1", "displayName": "example.com",
                    "directoryCustomerId": "C0"},
                    {"name": "organizations/2", "displayName": "other.example",
                    "directoryCustomerId": "C1"}],
                "pools": [{"name": "locations/global/workforcePools/staff",
                    "parent": "organizations/2"}],
                "folders": [{"name": "folders/2", "parent": "organizations/1"},
                    {"name": "folders/3", "parent": "folders/2"}],
                "projects": [
                    {"name": "projects/30", "projectId": "p0", "parent": "folders/2"},
                    {"name": "projects/31", "projectId": "p1", "parent": "folders/3"},
                    {"name": "projects/32", "projectId": "p2", "parent": "organizations/1"}],
                "serviceAccounts": accounts,
                "roles": [
                    {"name": "organizations/1/roles/minter", "stage": "GA",
                        "includedPermissions": ["iam.serviceAccounts.getAccessToken"]},
                    {"name": "organizations/1/roles/off", "stage": "DISABLED",
                        "includedPermissions": ["iam.serviceAccounts.getAccessToken"]},
                    {"name": "projects/p1/roles/delegator", "stage": "GA",
                        "includedPermissions": ["iam.serviceAccounts.implicitDelegation"]}],
                "groups": groups,
                "iamPolicies": policies,
                "denyPolicies": deny,
                "principalAccessBoundaryPolicies": boundaries,
                "policyBindings": bindings,
                "tags": {"//cloudresourcemanager.googleapis.com/folders/2": [
                    {"namespacedTagKey": "1/env", "namespacedTagValue": "1/env/prod",
                        "tagKey": "tagKeys/1", "tagValue": "tagValues/2"}],
                    "//iam.googleapis.com/projects/p1/serviceAccounts/b0@p1.iam.gserviceaccount.com": [
                    {"namespacedTagKey": "1/env", "namespacedTagValue": "1/env/dev",
                        "tagKey": "tagKeys/1", "tagValue": "tagValues/3"}]},
                "unreadable": unreadable,
            })
        })
}
