//! What an edited policy keeps and changes.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::check::{MAX_GROUPS, MAX_PRINCIPALS};
use super::*;

fn grant(role: &str, member: &str) -> Grant {
    Grant {
        role: role.to_owned(),
        member: member.to_owned(),
        condition: None,
    }
}

fn until(title: &str) -> Condition {
    Condition {
        expression: "request.time < timestamp(\"2026-11-24T12:00:00Z\")".to_owned(),
        title: Some(title.to_owned()),
        ..Condition::default()
    }
}

const MINTER: &str = "roles/iam.serviceAccountTokenCreator";
const ANA: &str = "user:ana@example.com";

#[test]
fn joins_the_binding_of_the_same_role_and_condition() {
    let policy = json!({"etag": "BwX=", "bindings": [
        {"role": MINTER, "members": ["user:x@example.com"], "condition": {"expression": "e", "title": "t"}},
        {"role": MINTER, "members": ["user:y@example.com"], "bindingId": "7"},
        {"role": MINTER, "members": ["user:z@example.com"]},
    ], "version": 3});
    let after = add(&policy, &grant(MINTER, ANA)).unwrap();
    assert!(after.changed);
    let mut expected = policy.clone();
    expected["bindings"][1]["members"] = json!(["user:y@example.com", ANA]);
    assert_eq!(after.policy.to_string(), expected.to_string());
}

#[test]
fn a_policy_without_bindings_gets_them_and_loses_them_again() {
    for policy in [
        json!({"etag": "ACAB"}),
        json!({"etag": "ACAB", "bindings": []}),
    ] {
        let before = PolicyBefore::of(&policy);
        let added = add(&policy, &grant(MINTER, ANA)).unwrap();
        assert_eq!(
            added.policy["bindings"],
            json!([{"role": MINTER, "members": [ANA]}])
        );
        assert_eq!(added.policy.get("version"), None);
        let back = remove(&added.policy, &grant(MINTER, ANA), Some(&before)).unwrap();
        assert_eq!(back.policy.to_string(), policy.to_string());
    }
}

#[test]
fn a_condition_raises_the_version_and_undo_for_the_wire_keeps_it() {
    let policy =
        json!({"version": 1, "etag": "BwX=", "bindings": [{"role": MINTER, "members": [ANA]}]});
    let g = Grant {
        condition: Some(until("two hours")),
        ..grant(MINTER, ANA)
    };
    let added = add(&policy, &g).unwrap();
    assert_eq!(added.policy["version"], 3);
    assert_eq!(added.policy["etag"], "BwX=");
    assert_eq!(
        added.policy["bindings"][1]["condition"]["title"],
        "two hours"
    );
    let wire = remove(&added.policy, &g, None).unwrap();
    assert_eq!(wire.policy["version"], 3);
    let exact = remove(&added.policy, &g, Some(&PolicyBefore::of(&policy))).unwrap();
    assert_eq!(exact.policy.to_string(), policy.to_string());
}

#[test]
fn the_version_is_not_lowered_while_a_condition_of_others_remains() {
    let policy = json!({"version": 1, "bindings": []});
    let g = Grant {
        condition: Some(until("mine")),
        ..grant(MINTER, ANA)
    };
    let mut now = add(&policy, &g).unwrap().policy;
    let theirs = Grant {
        condition: Some(until("theirs")),
        ..grant(MINTER, "user:bo@example.com")
    };
    now = add(&now, &theirs).unwrap().policy;
    let undone = remove(&now, &g, Some(&PolicyBefore::of(&policy)))
        .unwrap()
        .policy;
    assert_eq!(undone["version"], 3);
    assert_eq!(undone["bindings"].as_array().unwrap().len(), 1);
    assert!(contains(&undone, &theirs));
}

#[test]
fn what_is_there_already_is_not_added() {
    let policy = json!({"bindings": [
        {"role": MINTER, "members": ["user:x@example.com"]},
        {"role": MINTER, "members": ["user:Ana@Example.com"], "condition": null},
    ]});
    let again = add(&policy, &grant(MINTER, ANA)).unwrap();
    assert!(!again.changed);
    assert_eq!(again.policy.to_string(), policy.to_string());
    // Another kind of the same address is another member.
    assert!(
        add(&policy, &grant(MINTER, "group:ana@example.com"))
            .unwrap()
            .changed
    );
}

#[test]
fn forms_that_are_not_known_compare_by_their_text() {
    assert!(!same_member("robot:a", "robot:b"));
    assert!(same_member("robot:a", "robot:a"));
    let set = "principalSet://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/subject/";
    assert!(!same_member(&format!("{set}a"), &format!("{set}b")));
    assert!(same_member(
        "deleted:user:Ana@example.com?uid=1",
        "deleted:user:ana@example.com?uid=1"
    ));
    assert!(!same_member(
        "deleted:user:ana@example.com?uid=1",
        "deleted:user:ana@example.com?uid=2"
    ));
}

#[test]
fn a_condition_with_an_unknown_field_is_like_no_other() {
    let mut policy = json!({"version": 3, "bindings": [
        {"role": MINTER, "members": ["user:x@example.com"], "condition":
            {"expression": until("t").expression, "title": "t", "strict": true}},
    ]});
    let g = Grant {
        condition: Some(until("t")),
        ..grant(MINTER, ANA)
    };
    assert_eq!(
        add(&policy, &g).unwrap().policy["bindings"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    policy["bindings"][0]["condition"]
        .as_object_mut()
        .unwrap()
        .shift_remove("strict");
    policy["bindings"][0]["condition"]["description"] = json!("");
    assert_eq!(
        add(&policy, &g).unwrap().policy["bindings"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[test]
fn removal_touches_the_first_binding_that_has_the_member_and_no_other() {
    let policy = json!({"version": 1, "bindings": [
        {"role": MINTER, "members": []},
        {"role": "roles/viewer", "members": [ANA]},
        {"role": MINTER, "members": [ANA]},
        {"role": MINTER, "members": [ANA, "user:x@example.com"]},
    ]});
    let once = remove(&policy, &grant(MINTER, ANA), None).unwrap();
    assert!(once.changed);
    let mut expected = policy.clone();
    expected["bindings"].as_array_mut().unwrap().remove(2);
    assert_eq!(once.policy.to_string(), expected.to_string());
    let twice = remove(&once.policy, &grant(MINTER, ANA), None).unwrap();
    expected["bindings"][2]["members"] = json!(["user:x@example.com"]);
    assert_eq!(twice.policy.to_string(), expected.to_string());
    assert!(
        !remove(&twice.policy, &grant(MINTER, ANA), None)
            .unwrap()
            .changed
    );
}

#[test]
fn a_member_is_replaced_where_it_stands() {
    let policy = json!({"bindings": [
        {"role": MINTER, "members": ["user:a@x.com", "user:anna@example.com", "user:b@x.com"]},
    ]});
    let fixed = replace_member(&policy, MINTER, None, "user:anna@example.com", ANA).unwrap();
    assert_eq!(
        fixed.policy["bindings"][0]["members"],
        json!(["user:a@x.com", ANA, "user:b@x.com"])
    );
    let back = replace_member(&fixed.policy, MINTER, None, ANA, "user:anna@example.com").unwrap();
    assert_eq!(back.policy.to_string(), policy.to_string());
    assert!(matches!(
        replace_member(&fixed.policy, MINTER, None, "user:anna@example.com", ANA),
        Err(EditError::NotThere { .. })
    ));
    let already = replace_member(
        &policy,
        MINTER,
        None,
        "user:anna@example.com",
        "user:A@x.com",
    );
    assert_eq!(
        already.unwrap().policy["bindings"][0]["members"],
        json!(["user:a@x.com", "user:b@x.com"])
    );
}

#[test]
fn a_full_policy_says_so() {
    let members: Vec<String> = (0..MAX_PRINCIPALS - 1)
        .map(|i| format!("user:u{i}@x.com"))
        .collect();
    let policy = json!({"bindings": [{"role": "roles/viewer", "members": members}]});
    let full = add(&policy, &grant(MINTER, ANA)).unwrap().policy;
    let refused = add(&full, &grant("roles/viewer", ANA)).unwrap_err();
    assert!(refused.to_string().contains("1500 principals"), "{refused}");
    // What is there already is there, full or not.
    assert!(!add(&full, &grant(MINTER, ANA)).unwrap().changed);

    let groups: Vec<String> = (0..MAX_GROUPS)
        .map(|i| format!("group:g{i}@x.com"))
        .collect();
    let policy = json!({"bindings": [{"role": "roles/viewer", "members": groups}]});
    assert!(matches!(
        add(&policy, &grant(MINTER, "group:new@x.com")),
        Err(EditError::Full {
            what: "Google groups",
            count: 250,
            ..
        })
    ));
    assert!(add(&policy, &grant(MINTER, ANA)).unwrap().changed);
}

#[test]
fn what_iam_refuses_is_refused_before() {
    let conditional = |role: &str, member: &str| Grant {
        condition: Some(until("t")),
        ..grant(role, member)
    };
    let untitled = Grant {
        condition: Some(Condition {
            title: None,
            ..until("t")
        }),
        ..grant(MINTER, ANA)
    };
    for g in [
        conditional("roles/owner", ANA),
        conditional(MINTER, "allUsers"),
        conditional(MINTER, "allAuthenticatedUsers"),
        untitled,
        grant("", ANA),
        grant(MINTER, "user:a\u{1b}[2J@x.com"),
    ] {
        assert!(
            matches!(add(&json!({}), &g), Err(EditError::Refused(_))),
            "{g:?}"
        );
    }
    assert!(add(&json!({}), &grant("roles/owner", ANA)).unwrap().changed);
}

#[test]
fn a_malformed_policy_is_named_and_left_alone() {
    for (policy, path) in [
        (json!([]), "$ "),
        (json!({"bindings": {}}), "$.bindings "),
        (json!({"bindings": null}), "$.bindings "),
        (json!({"bindings": [1]}), "$.bindings[0] "),
        (json!({"bindings": [{"role": 1}]}), "$.bindings[0].role "),
        (
            json!({"bindings": [{}, {"members": "a"}]}),
            "$.bindings[1].members ",
        ),
        (
            json!({"bindings": [{"members": [null]}]}),
            "$.bindings[0].members[0] ",
        ),
        (
            json!({"bindings": [{"condition": "x"}]}),
            "$.bindings[0].condition ",
        ),
        (
            json!({"bindings": [{"condition": {"title": 1}}]}),
            "$.bindings[0].condition.title ",
        ),
        (json!({"version": "3"}), "$.version "),
    ] {
        let g = grant(MINTER, ANA);
        let error = add(&policy, &g).unwrap_err();
        assert!(error.to_string().contains(path), "{error}");
        assert_eq!(remove(&policy, &g, None).unwrap_err(), error);
        assert_eq!(
            replace_member(&policy, MINTER, None, ANA, "user:b@x.com").unwrap_err(),
            error
        );
    }
    let hidden = json!({"version": 1, "bindings": [{"role": "roles/viewer_withcond_2b17cc25d2cd9e2c54d8", "members": [ANA]}]});
    assert!(matches!(
        add(&hidden, &grant(MINTER, ANA)),
        Err(EditError::ConditionsHidden { .. })
    ));
}

/// JSON of any shape, for the fields nobody here knows.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "\\PC{0,12}|[ \\t\\n\\u{1b}a]{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::vec(("[a-z]{1,6}", inner), 0..3)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

fn any_member() -> impl Strategy<Value = String> {
    prop_oneof![
        (0..4_u8, any::<bool>()).prop_map(|(i, upper)| {
            let m = format!("user:u{i}@example.com");
            if upper {
                m.replace("example", "EXAMPLE")
            } else {
                m
            }
        }),
        (0..3_u8).prop_map(|i| format!("serviceAccount:s{i}@p.iam.gserviceaccount.com")),
        (0..2_u8).prop_map(|i| format!("deleted:user:u{i}@example.com?uid=1{i}")),
        Just("allUsers".to_owned()),
        Just("robot:from-the-future".to_owned()),
        "principalSet://iam\\.googleapis\\.com/locations/global/workforcePools/[ab]/(\\*|subject/[xy])",
    ]
}

fn any_role() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(MINTER.to_owned()),
        Just("roles/iam.serviceAccountUser".to_owned()),
        Just("projects/p/roles/minter".to_owned()),
    ]
}

fn any_condition() -> impl Strategy<Value = Condition> {
    let text = prop::option::of(prop_oneof![
        Just(String::new()),
        "[ \\t\\n]{0,2}[a-b ]{1,3}[ \\n]{0,2}"
    ]);
    (
        prop_oneof![
            Just("true".to_owned()),
            "[ \\t\\n]{0,3}request\\.time  *< *\\PC{1,4}[ \\r\\n]{0,2}"
        ],
        "[ \\t]{0,1}t[12]",
        text.clone(),
        text,
    )
        .prop_map(|(expression, title, description, location)| Condition {
            expression,
            title: Some(title),
            description,
            location,
        })
}

fn condition_json(condition: Condition, unknown: Vec<(String, Value)>) -> Value {
    let mut fields = vec![("expression".to_owned(), Value::from(condition.expression))];
    for (name, text) in [
        ("title", condition.title),
        ("description", condition.description),
        ("location", condition.location),
    ] {
        fields.extend(text.map(|t| (name.to_owned(), Value::from(t))));
    }
    fields.extend(unknown);
    fields.reverse();
    Value::Object(fields.into_iter().collect())
}

fn unknown_fields() -> impl Strategy<Value = Vec<(String, Value)>> {
    prop::collection::vec(("x[a-z]{1,5}", any_json()), 0..3)
}

fn any_binding() -> impl Strategy<Value = Value> {
    (
        any_role(),
        prop::option::weighted(0.9, prop::collection::vec(any_member(), 0..6)),
        prop::option::of((any_condition(), unknown_fields())),
        unknown_fields(),
        any::<prop::sample::Index>(),
    )
        .prop_map(|(role, members, condition, unknown, turn)| {
            let mut fields = vec![("role".to_owned(), Value::from(role))];
            fields.extend(members.map(|m| ("members".to_owned(), Value::from(m))));
            fields.extend(
                condition.map(|(c, extra)| ("condition".to_owned(), condition_json(c, extra))),
            );
            fields.extend(unknown);
            let by = turn.index(fields.len());
            fields.rotate_left(by);
            Value::Object(fields.into_iter().collect())
        })
}

/// A policy as Google may answer with it: where it has conditions it is of version 3.
pub(in crate::repair) fn any_policy() -> impl Strategy<Value = Value> {
    (
        prop::option::weighted(0.9, prop::collection::vec(any_binding(), 0..8)),
        prop::option::of(prop_oneof![Just(0), Just(1), Just(3)]),
        prop::option::of("[A-Za-z0-9+/]{6}=="),
        unknown_fields(),
        any::<prop::sample::Index>(),
        prop_oneof![4 => Just(0_usize), 1 => 1_300..1_440_usize],
    )
        .prop_map(|(bindings, version, etag, unknown, turn, crowd)| {
            let mut fields = Vec::new();
            fields.extend(bindings.map(|b| ("bindings".to_owned(), Value::from(b))));
            fields.extend(version.map(|v| ("version".to_owned(), Value::from(v))));
            fields.extend(etag.map(|e| ("etag".to_owned(), Value::from(e))));
            fields.extend(unknown);
            let by = turn.index(fields.len().max(1));
            fields.rotate_left(by);
            let mut policy = Value::Object(fields.into_iter().collect());
            if crowd > 0
                && let Some(list) = policy.get_mut("bindings").and_then(Value::as_array_mut)
            {
                let members: Vec<String> =
                    (0..crowd).map(|i| format!("user:crowd{i}@x.com")).collect();
                list.push(json!({"members": members, "role": MINTER}));
            }
            if has_condition(&policy) {
                policy["version"] = json!(3);
            }
            policy
        })
}

pub(in crate::repair) fn any_grant() -> impl Strategy<Value = Grant> {
    (any_role(), any_member(), prop::option::of(any_condition())).prop_map(
        |(role, member, condition)| Grant {
            condition: condition.filter(|_| member != "allUsers"),
            role,
            member,
        },
    )
}

/// Everything but the version, and but `member` in the bindings, as texts in order.
fn rest(policy: &Value, member: &str) -> (Vec<String>, Vec<String>) {
    let others = policy
        .as_object()
        .unwrap()
        .iter()
        .filter(|(k, _)| !matches!(k.as_str(), "version" | "bindings"))
        .map(|(k, v)| format!("{k}={v}"))
        .collect();
    let bindings = bindings_of(policy)
        .iter()
        .map(|b| {
            let mut b = b.clone();
            if let Some(list) = b.get_mut("members").and_then(Value::as_array_mut) {
                list.retain(|m| m.as_str() != Some(member));
            }
            b.to_string()
        })
        .collect();
    (others, bindings)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    #[test]
    fn adding_then_removing_gives_the_policy_back(policy in any_policy(), g in any_grant()) {
        let added = add(&policy, &g).unwrap();
        prop_assert!(contains(&added.policy, &g));
        let again = add(&added.policy, &g).unwrap();
        prop_assert!(!again.changed);
        prop_assert_eq!(again.policy.to_string(), added.policy.to_string());
        prop_assert_eq!(added.policy.get("etag"), policy.get("etag"));
        if has_condition(&added.policy) {
            prop_assert_eq!(&added.policy["version"], 3);
        }
        if !added.changed {
            prop_assert_eq!(added.policy.to_string(), policy.to_string());
            return Ok(());
        }

        let (others, bindings) = rest(&policy, &g.member);
        let (others_after, mut bindings_after) = rest(&added.policy, &g.member);
        prop_assert_eq!(others, others_after);
        if bindings_after.len() > bindings.len() {
            bindings_after.pop();
        }
        prop_assert_eq!(bindings, bindings_after);

        let back = remove(&added.policy, &g, Some(&PolicyBefore::of(&policy))).unwrap();
        prop_assert!(back.changed);
        prop_assert_eq!(back.policy.to_string(), policy.to_string());
    }

    #[test]
    fn what_others_did_meanwhile_survives_the_undo(
        policy in any_policy(), mine in any_grant(), theirs in any_grant(),
    ) {
        let added = add(&policy, &mine).unwrap();
        prop_assume!(added.changed);
        prop_assume!(!same_member(&mine.member, &theirs.member));
        let then = add(&added.policy, &theirs).unwrap().policy;
        let undone = remove(&then, &mine, None).unwrap().policy;
        prop_assert!(!contains(&undone, &mine));
        prop_assert!(contains(&undone, &theirs));
    }

    #[test]
    fn no_json_at_all_is_a_panic(policy in any_json(), g in any_grant()) {
        let before = policy.to_string();
        let results = [
            add(&policy, &g),
            remove(&policy, &g, None),
            replace_member(&policy, &g.role, g.condition.as_ref(), &g.member, ANA),
        ];
        for result in results.into_iter().flatten() {
            let text = result.policy.to_string();
            prop_assert_eq!(result.changed, text != before);
        }
    }
}
