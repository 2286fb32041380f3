//! Nothing that comes from outside makes the judgement panic, hang or eat memory. Conditions alone are
//! tried in `condition/tests.rs`, estate files in `estate/file`.

use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value, json};

use super::generate::{self, ACCOUNTS};
use super::{account, at, who};
use crate::estate::{Coverage, Estate, file};
use crate::evaluate::{
    Question, diagnose, explain, graph, may, reach, troubleshoot, who as who_can,
};
use crate::iam::{
    AllowPolicy, BoundaryPolicy, DenyPolicy, Member, Permission, PolicyBinding, Principal, Resource,
};

const NOW: &str = "2026-11-24T00:00:00Z";

/// Pieces that identifiers are made of, so that a random text comes near to one.
const PIECES: [&str; 34] = [
    "user:",
    "serviceAccount:",
    "group:",
    "domain:",
    "deleted:",
    "principal://",
    "principalSet://",
    "iam.googleapis.com/",
    "projects/",
    "-",
    "p0",
    "30",
    "/serviceAccounts/",
    "folders/",
    "2",
    "organizations/",
    "1",
    "locations/global/",
    "workloadIdentityPools/",
    "workforcePools/",
    "gh/",
    "subject/",
    "attribute.",
    "group/",
    "*",
    "goog/",
    "public:all",
    "?uid=",
    "a0@p0.iam.gserviceaccount.com",
    "@",
    ".svc.id.goog[",
    "]",
    "//cloudresourcemanager.googleapis.com/",
    "\u{202e}\u{1b}[2J",
];

fn identifier() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => prop::collection::vec(select(PIECES.to_vec()), 0..7).prop_map(|p| p.concat()),
        1 => any::<String>(),
    ]
}

fn expression() -> impl Strategy<Value = String> {
    let pieces = [
        "request.time",
        "resource.name",
        "resource.matchTag('1/env', 'prod')",
        "(",
        ")",
        "[",
        "]",
        "&&",
        "||",
        "!",
        "==",
        "<",
        "'x'",
        "1",
        ".startsWith(",
        ".matches('(a+)+$')",
        ".extract('{x}')",
        "in",
        "?",
        ":",
        "principal.type",
        "api.getAttribute('a', [])",
        ".hasOnly(['b'])",
        "timestamp('2026-01-01T00:00:00Z')",
        "{",
        "}",
        ",",
        "-",
        "\u{0}",
    ];
    prop::collection::vec(select(pieces.to_vec()), 0..12).prop_map(|p| p.join(" "))
}

/// Any JSON, its strings near to what policies hold.
fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        identifier().prop_map(Value::from),
        expression().prop_map(Value::from),
    ];
    let keys = select(vec![
        "bindings",
        "role",
        "members",
        "condition",
        "expression",
        "version",
        "etag",
        "name",
        "rules",
        "denyRule",
        "deniedPrincipals",
        "deniedPermissions",
        "denialCondition",
        "details",
        "resources",
        "effect",
        "operation",
        "permissions",
        "enforcementVersion",
        "target",
        "principalSet",
        "policyKind",
        "policy",
    ]);
    leaf.prop_recursive(5, 40, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((keys.clone(), inner), 0..6)
                .prop_map(|fields| fields.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()),
        ]
    })
}

/// Every string of a JSON value, in order.
fn strings<'v>(value: &'v mut Value, found: &mut Vec<&'v mut String>) {
    match value {
        Value::String(text) => found.push(text),
        Value::Array(list) => list.iter_mut().for_each(|v| strings(v, found)),
        Value::Object(map) => map.values_mut().for_each(|v| strings(v, found)),
        _ => {}
    }
}

/// Asks everything that can be asked of an estate.
fn ask_everything(estate: &Estate, callers: &[Principal], targets: &[Resource]) {
    let permission = Permission::get_access_token();
    for caller in callers {
        for target in targets {
            let question = Question::new(caller.clone(), target.clone(), at(NOW));
            let explanation = explain(estate, &question);
            drop(diagnose(estate, &explanation));
            drop(troubleshoot(estate, &explanation).to_string());
            let _ = may(
                estate,
                caller,
                permission.as_str(),
                &explanation.question.target,
                at(NOW),
            );
        }
        let _ = reach(estate, caller, &permission, at(NOW));
    }
    for target in targets {
        let _ = who_can(estate, target, &permission, at(NOW));
    }
    let _ = graph(estate, &permission, at(NOW));
}

fn usual() -> (Vec<Principal>, Vec<Resource>) {
    (
        generate::callers().iter().take(6).map(|c| who(c)).collect(),
        ACCOUNTS
            .iter()
            .take(2)
            .map(|(email, _)| account(email))
            .collect(),
    )
}

proptest! {
    #![proptest_config(generate::cases(1_000))]

    #[test]
    fn identifiers_are_read_or_refused(text in identifier()) {
        let (v1, v2) = (Member::parse_v1(&text), Member::parse_v2(&text));
        prop_assert!(v1 == Member::parse_v1(&text) && v2 == Member::parse_v2(&text));
        if let Ok(principal) = Principal::parse(&text) {
            // What is read is read again from what it prints.
            prop_assert_eq!(Principal::parse(&principal.to_string()), Ok(principal.clone()));
            prop_assert!(!principal.to_string().chars().any(char::is_control));
        }
        if let Ok(resource) = Resource::parse(&text) {
            prop_assert_eq!(Resource::parse(&resource.full_name()), Ok(resource.clone()));
            prop_assert!(!resource.full_name().chars().any(char::is_control));
        }
        if let Ok(permission) = Permission::parse(&text) {
            prop_assert_eq!(Permission::parse(&permission.fqdn()), Ok(permission));
        }
    }

    #[test]
    fn policies_of_any_shape_are_read_or_refused_and_judged(
        allow in anything(), deny in anything(), boundary in anything(), binding in anything(),
        caller in identifier(), target in identifier(),
    ) {
        let mut estate = super::estate(r#"{"organizations": [{"name": "organizations/1", "displayName": "example.com"}],
            "projects": [{"name": "projects/30", "projectId": "p0", "parent": "organizations/1"}],
            "serviceAccounts": [{"name": "projects/p0/serviceAccounts/a0@p0.iam.gserviceaccount.com",
              "email": "a0@p0.iam.gserviceaccount.com", "projectId": "p0", "uniqueId": "1"}]}"#);
        if let Ok(policy) = serde_json::from_value::<AllowPolicy>(allow) {
            estate.put_policy(Resource::project("p0"), policy);
        }
        if let Ok(mut policy) = serde_json::from_value::<DenyPolicy>(deny) {
            policy.name = "policies/cloudresourcemanager.googleapis.com%2Fprojects%2Fp0/denypolicies/d".to_owned();
            estate.put_deny_policy(policy);
        }
        if let Ok(policy) = serde_json::from_value::<BoundaryPolicy>(boundary) {
            estate.put_boundary(policy);
        }
        if let Ok(binding) = serde_json::from_value::<PolicyBinding>(binding) {
            estate.put_policy_binding(binding);
        }
        let (mut callers, mut targets) = usual();
        callers.truncate(2);
        targets.truncate(1);
        callers.extend(Principal::parse(&caller));
        targets.extend(Resource::parse_account(&target));
        ask_everything(&estate, &callers, &targets);
    }
}

proptest! {
    #![proptest_config(generate::cases(60))]

    /// A whole estate with some of its words replaced: refused with words, or judged.
    #[test]
    fn estates_with_damaged_words_are_refused_or_judged(
        mut estate in generate::estate(),
        damage in prop::collection::vec((any::<Index>(), prop_oneof![identifier(), expression()]), 1..6),
    ) {
        let mut all = Vec::new();
        strings(&mut estate, &mut all);
        for (which, text) in damage {
            let at = which.index(all.len());
            *all[at] = text;
        }
        match file::read_text("damaged.json", &estate.to_string()) {
            Ok(estate) => {
                let (callers, targets) = usual();
                ask_everything(&estate, &callers, &targets);
            }
            Err(error) => prop_assert!(!error.to_string().is_empty()),
        }
    }
}

/// 8 MiB where a name or a condition should stand: an error (or, in a policy, a member that nobody
/// knows and a condition that grants nothing), in little memory, told in few words.
#[test]
fn eight_mebibytes_are_refused() {
    for piece in [
        "a",
        ".",
        "/",
        "@",
        "principal://x/",
        "projects/p/",
        "(",
        "1+",
        "'",
    ] {
        let text = piece.repeat((8 << 20) / piece.len());
        let told = {
            let principal = Principal::parse(&text).unwrap_err().to_string();
            let resource = Resource::parse(&text).unwrap_err().to_string();
            let account = Resource::parse_account(&text).unwrap_err().to_string();
            let permission = Permission::parse(&text).unwrap_err().to_string();
            let condition = crate::evaluate::condition::compile(&text)
                .unwrap_err()
                .to_string();
            [principal, resource, account, permission, condition]
        };
        assert!(told.iter().all(|t| t.len() < 2_000), "{piece}");
        assert!(Member::parse_v1(&text).is_unknown());
        assert!(Member::parse_v2(&text).is_unknown());
    }
    let long = "x".repeat(8 << 20);
    let mut estate = Estate::new(Coverage::Whole);
    let policy = json!({"bindings": [
        {"role": "roles/iam.serviceAccountTokenCreator", "members": [format!("user:{long}")]},
        {"role": "roles/iam.serviceAccountTokenCreator", "members": ["allUsers"], "condition": {"expression": long}}]});
    let on = Resource::account("p", "t@p.iam.gserviceaccount.com");
    estate.put_policy(on.clone(), serde_json::from_value(policy).unwrap());
    let caller = who("user:ana@example.com");
    let answer = may(
        &estate,
        &caller,
        "iam.serviceAccounts.getAccessToken",
        &on,
        at(NOW),
    );
    assert_eq!(
        answer,
        crate::evaluate::Truth::UnknownInfo,
        "the member may be anybody"
    );
}

/// Groups that nest a thousand deep, and in a circle, end.
#[test]
fn deep_groups_and_hierarchies_end() {
    let groups: Vec<Value> = (0..2_000)
        .map(|i| json!({"email": format!("g{i}@example.com"), "members": [format!("group:g{}@example.com", (i + 1) % 2_000)]}))
        .collect();
    let folders: Vec<Value> = (0..200)
        .map(|i| json!({"name": format!("folders/{i}"), "parent": format!("folders/{}", (i + 1) % 200)}))
        .collect();
    let estate = super::from_value(
        &json!({"groups": groups, "folders": folders,
            "projects": [{"name": "projects/9", "projectId": "p0", "parent": "folders/0"}],
            "serviceAccounts": [{"name": "projects/p0/serviceAccounts/a0@p0.iam.gserviceaccount.com",
              "email": "a0@p0.iam.gserviceaccount.com", "projectId": "p0"}],
            "iamPolicies": {"projects/p0/serviceAccounts/a0@p0.iam.gserviceaccount.com": {"bindings": [
              {"role": "roles/iam.serviceAccountTokenCreator", "members": ["group:g0@example.com"]}]}}}),
        Coverage::Whole,
    );
    let target = account("a0@p0.iam.gserviceaccount.com");
    let question = Question::new(who("user:ana@example.com"), target.clone(), at(NOW));
    let explanation = explain(&estate, &question);
    assert!(!explanation.ancestry_complete);
    ask_everything(&estate, &[question.caller], &[target]);
}
