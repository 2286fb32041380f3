//! What must hold of organization policies, whatever stands in them.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{account, from_value};
use crate::estate::Coverage;
use crate::evaluate::Truth;
use crate::evaluate::org_policy::Guards;
use crate::iam::PolicyMember;

const LEVELS: [&str; 3] = ["projects/10", "folders/2", "organizations/1"];
const MEMBERS: [&str; 5] = [
    "serviceAccount:c@p.iam.gserviceaccount.com",
    "user:ana@example.com",
    "user:bob@elsewhere.com",
    "allUsers",
    "principal://iam.googleapis.com/locations/global/workforcePools/w/subject/s",
];

fn rule() -> impl Strategy<Value = Value> {
    let values = prop::sample::subsequence(
        vec![
            "is:C0example",
            "C0other",
            "is:principalSet://iam.googleapis.com/organizations/1",
        ],
        1..=3,
    );
    let what = prop_oneof![
        Just(json!({"allowAll": true})),
        Just(json!({"denyAll": true})),
        values.prop_map(|v| json!({"values": {"allowedValues": v}})),
    ];
    let condition = prop::option::of(prop_oneof![
        Just("resource.matchTag('1/env', 'open')"),
        Just("resource.hasTagKey('1/other')"),
    ]);
    (what, condition).prop_map(|(mut rule, condition)| {
        if let Some(expression) = condition {
            rule["condition"] = json!({"expression": expression});
        }
        rule
    })
}

fn spec() -> impl Strategy<Value = Option<Value>> {
    let rules = prop::collection::vec(rule(), 0..3);
    prop::option::of(
        (rules, any::<bool>(), any::<bool>()).prop_map(|(rules, inherit, reset)| {
            if reset && !inherit {
                json!({"reset": true})
            } else {
                json!({"inheritFromParent": inherit, "rules": rules})
            }
        }),
    )
}

/// An estate of three levels with a policy on some.
fn file(specs: &[Option<Value>], tagged: bool) -> Value {
    let policies = LEVELS.iter().zip(specs).filter_map(|(level, spec)| {
        let name = format!("{level}/policies/iam.allowedPolicyMemberDomains");
        Some(json!({"name": name, "spec": spec.as_ref()?}))
    });
    let account = |name: &str| {
        let email = format!("{name}@p.iam.gserviceaccount.com");
        json!({"name": format!("projects/p/serviceAccounts/{email}"), "email": email, "projectId": "p"})
    };
    let tags = if tagged {
        json!({"//cloudresourcemanager.googleapis.com/folders/2": [{"namespacedTagKey": "1/env", "namespacedTagValue": "1/env/open"}]})
    } else {
        json!({})
    };
    json!({
        "organizations": [{"name": "organizations/1", "displayName": "example.com", "directoryCustomerId": "C0example"}],
        "folders": [{"name": "folders/2", "parent": "organizations/1"}],
        "projects": [{"name": "projects/10", "projectId": "p", "parent": "folders/2"}],
        "serviceAccounts": [account("t"), account("c")],
        "orgPolicies": policies.collect::<Vec<_>>(),
        "tags": tags,
    })
}

fn answers(file: &Value) -> Vec<Truth> {
    let estate = from_value(file, Coverage::Whole);
    let target = account("t@p.iam.gserviceaccount.com");
    let target = estate.resolve(&target).exists().unwrap();
    let guards = Guards::of(&estate, &target);
    let judged = MEMBERS.map(|m| guards.judge(&PolicyMember::v1(m)));
    let sums = judged
        .iter()
        .map(|all| all.iter().fold(Truth::Yes, |sum, g| sum.and(g.lets_in)));
    sums.collect()
}

proptest! {
    #![proptest_config(super::generate::cases(256))]

    /// An answer given without some levels is not contradicted once they are read.
    #[test]
    fn what_is_read_later_contradicts_no_answer(
        specs in prop::collection::vec(spec(), 3),
        hidden in prop::sample::subsequence(LEVELS.to_vec(), 1..=3),
        tagged in any::<bool>(),
    ) {
        let whole = file(&specs, tagged);
        let mut part = whole.clone();
        part["unreadable"] = hidden.iter().map(|l| format!("{l}/policies")).collect();
        for ((member, before), after) in MEMBERS.iter().zip(answers(&part)).zip(answers(&whole)) {
            prop_assert!(
                before == after || !matches!(before, Truth::Yes | Truth::No),
                "{member}: {before:?}, then {after:?}"
            );
        }
    }

    /// The order of rules and of policies says nothing.
    #[test]
    fn order_says_nothing(specs in prop::collection::vec(spec(), 3), tagged in any::<bool>()) {
        let one = file(&specs, tagged);
        let mut other = one.clone();
        other["orgPolicies"].as_array_mut().unwrap().reverse();
        for policy in other["orgPolicies"].as_array_mut().unwrap() {
            let rules = policy.pointer_mut("/spec/rules");
            if let Some(rules) = rules.and_then(Value::as_array_mut) {
                rules.reverse();
            }
        }
        prop_assert_eq!(answers(&one), answers(&other));
    }

    /// One more allowed value or open rule keeps nobody out who was let in where values are limited
    /// already.
    #[test]
    fn a_rule_that_allows_more_keeps_nobody_out(
        specs in prop::collection::vec(spec(), 3),
        tagged in any::<bool>(),
    ) {
        let limited = json!({"values": {"allowedValues": ["C0other"]}});
        let mut specs = specs;
        specs[0] = Some(json!({"rules": [limited]}));
        let before = answers(&file(&specs, tagged));
        specs[0] = Some(json!({"rules": [limited, {"values": {"allowedValues": ["C0example"]}}]}));
        let after = answers(&file(&specs, tagged));
        for ((member, before), after) in MEMBERS.iter().zip(before).zip(after) {
            prop_assert!(before != Truth::Yes || after == Truth::Yes, "{member}: {before:?}, then {after:?}");
        }
    }
}
