//! docs/semantics.md, "Conditions", as far as a policy decides what they see; the language itself is tested in
//! `condition/tests.rs` and by the published conformance vectors.

use serde_json::json;

use super::super::{account, at, who};
use super::{C, NO, NOW, OPEN, T, TOKEN_CREATOR, UNREAD, World, YES, level, question, table};
use crate::evaluate::{CauseKind, Question, Verdict};

fn tag(value: &str) -> serde_json::Value {
    json!([{"namespacedTagKey": "1/env", "namespacedTagValue": format!("1/env/{value}"),
        "tagKey": "tagKeys/1", "tagValue": format!("tagValues/{value}")}])
}

#[test]
fn request_time_is_the_time_of_the_question_and_zones_are_iana_names() {
    for (expression, time, expected) in [
        (
            "request.time < timestamp('2026-11-24T12:00:01Z')",
            NOW,
            Verdict::CanAccess,
        ),
        (
            "request.time < timestamp('2026-11-24T12:00:00Z')",
            NOW,
            Verdict::CannotAccess,
        ),
        (
            "request.time.getHours('Europe/Berlin') == 13",
            NOW,
            Verdict::CanAccess,
        ),
        (
            "request.time.getHours('America/New_York') == 7",
            NOW,
            Verdict::CanAccess,
        ),
        (
            "request.time.getDayOfWeek('Asia/Tokyo') == 2",
            NOW,
            Verdict::CanAccess,
        ),
        (
            "request.time.getHours('Europe/Berlin') == 14",
            "2026-07-01T12:00:00Z",
            Verdict::CanAccess,
        ),
    ] {
        let question = Question::new(who(C), account(T), at(time));
        assert_eq!(
            World::new().when(expression).explain(&question).verdict,
            expected,
            "{expression} at {time}"
        );
    }
}

#[test]
fn tags_are_those_in_effect_on_the_target_the_nearer_value_winning() {
    let prod = "resource.matchTag('1/env', 'prod')";
    for on in ["t", "p", "2", "1"] {
        assert_eq!(
            World::new()
                .when(prod)
                .set("tags", &level(on), tag("prod"))
                .verdict(C),
            YES,
            "{on}"
        );
    }
    table(vec![
        (
            "nearer wins",
            World::new()
                .when(prod)
                .set("tags", &level("1"), tag("prod"))
                .set("tags", &level("p"), tag("dev")),
            NO,
        ),
        (
            "of another branch",
            World::new()
                .when(prod)
                .set("tags", &level("q"), tag("prod")),
            NO,
        ),
        (
            "by id",
            World::new()
                .when("resource.matchTagId('tagKeys/1', 'tagValues/prod')")
                .set("tags", &level("2"), tag("prod")),
            YES,
        ),
        (
            "by key",
            World::new()
                .when("resource.hasTagKey('1/env')")
                .set("tags", &level("2"), tag("prod")),
            YES,
        ),
        (
            "by key id",
            World::new().when("resource.hasTagKeyId('tagKeys/1')").set(
                "tags",
                &level("2"),
                tag("prod"),
            ),
            YES,
        ),
    ]);
}

#[test]
fn what_a_condition_sees_is_the_target_also_when_inherited() {
    let world = World::new()
        .binding(
            "1",
            json!({"role": TOKEN_CREATOR, "members": [C],
            "condition": {"expression": "resource.matchTag('1/env', 'prod')"}}),
        )
        .set("tags", &level("t"), tag("prod"));
    assert_eq!(world.verdict(C), YES);
}

#[test]
fn a_service_account_offers_no_resource_attributes() {
    for name in ["resource.name", "resource.type", "resource.service"] {
        let world = World::new().when(&format!("{name} == 'x'"));
        assert_eq!(world.verdict(C), OPEN, "{name}");
        let causes = world.causes(&question(C));
        assert_eq!(
            causes[0].kind,
            CauseKind::ConditionUnsupportedAttribute,
            "{name}"
        );
        assert!(causes[0].message.contains(name), "{causes:?}");
    }
}

#[test]
fn what_is_unknown_matters_only_where_the_answer_hangs_on_it() {
    for (expression, expected) in [
        ("false && resource.name == 'x'", NO),
        ("resource.name == 'x' && false", NO),
        ("true || resource.name == 'x'", YES),
        ("resource.name == 'x' || true", YES),
        ("true && resource.name == 'x'", OPEN),
        ("false || 'x' in request.auth.access_levels", OPEN),
        ("1 / 0 == 1 || true", YES),
        ("1 / 0 == 1 && false", NO),
    ] {
        assert_eq!(
            World::new().when(expression).verdict(C),
            expected,
            "{expression}"
        );
    }
}

#[test]
fn a_condition_that_goes_wrong_or_does_not_parse_grants_nothing_and_says_so() {
    for expression in [
        "1 / 0 == 1",
        "request.time <",
        "'text'",
        "nova.attribute == 1",
        "request.time.getHours('Nowhere/City') == 1",
    ] {
        let world = World::new().when(expression);
        assert_eq!(world.verdict(C), NO, "{expression}");
        assert_eq!(
            world.kinds(&question(C))[0],
            CauseKind::ConditionError,
            "{expression}"
        );
    }
}

#[test]
fn tags_that_were_not_read_are_unknown() {
    // Of a live hierarchy the tags of every level must have been asked for.
    let file = World::new().when("resource.matchTag('1/env', 'prod')").0;
    let mut estate = super::super::from_value(&file, crate::estate::Coverage::Partial);
    for on in ["p", "2", "1"] {
        estate.put_policy(
            crate::iam::Resource::parse(&level(on)).unwrap(),
            crate::iam::AllowPolicy::default(),
        );
    }
    let answer = crate::evaluate::explain(&estate, &question(C));
    assert_eq!(answer.allowed, crate::evaluate::Truth::UnknownConditional);
}

#[test]
fn a_version_1_read_hides_conditions() {
    let hidden = format!("{TOKEN_CREATOR}_withcond_0123456789abcdef");
    let world = World::new().grant("t", &hidden, C);
    assert_eq!(world.verdict(C), UNREAD);
    assert_eq!(world.kinds(&question(C)), [CauseKind::ConditionUndecided]);
    assert_eq!(
        World::new()
            .grant("t", "roles/viewer_withcond_0123456789abcdef", C)
            .verdict(C),
        NO
    );
}

#[test]
fn an_attribute_of_the_api_is_null_but_for_the_request_that_has_it() {
    let expression =
        "api.getAttribute('iam.googleapis.com/modifiedGrantsByRole', []).hasOnly(['roles/viewer'])";
    let mut question = question(C);
    question.permission =
        crate::iam::Permission::parse("iam.serviceAccounts.setIamPolicy").unwrap();
    let world = World::new().binding(
        "t",
        json!({"role": "roles/iam.serviceAccountAdmin", "members": [C],
        "condition": {"expression": expression}}),
    );
    assert_eq!(
        world.explain(&question).verdict,
        Verdict::UnknownConditional
    );
    assert_ne!(World::new().when(expression).verdict(C), OPEN);
}

/// A clause that is false says what it would have to find.
#[test]
fn a_false_condition_names_its_clause_and_what_would_make_it_true() {
    for (expression, words) in [
        (
            "request.time < timestamp('2026-01-01T00:00:00Z')",
            "expired on 2026-01-01T00:00:00Z",
        ),
        (
            "request.time > timestamp('2027-01-01T00:00:00Z')",
            "holds only from 2027-01-01T00:00:00Z on",
        ),
        (
            "resource.matchTag('1/env', 'dev') && request.time > timestamp('2020-01-01T00:00:00Z')",
            "resource.matchTag('1/env', 'dev') is false. The one tag of t is 1/env/prod.",
        ),
        (
            "resource.hasTagKey('1/team')",
            "resource.hasTagKey('1/team') is false.",
        ),
    ] {
        let world = World::new()
            .when(expression)
            .set("tags", &level("p"), tag("prod"));
        let causes = world.causes(&question(C));
        assert_eq!(causes[0].kind, CauseKind::ConditionFalse);
        assert!(causes[0].message.contains(words), "{}", causes[0].message);
    }
}
