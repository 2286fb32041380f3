//! Logic, functions, and what is no condition.

use serde_json::json;

use super::*;

#[test]
fn errors_and_unknowns_are_absorbed() {
    let context = ConditionContext::default();
    for (expression, outcome) in [
        ("false && resource.name == 'x'", ConditionOutcome::False),
        ("resource.name == 'x' && false", ConditionOutcome::False),
        ("true || resource.name == 'x'", ConditionOutcome::True),
        ("resource.name == 'x' || true", ConditionOutcome::True),
        ("false && 1 / 0 == 1", ConditionOutcome::False),
        ("1 / 0 == 1 && false", ConditionOutcome::False),
        ("1 / 0 == 1 || true", ConditionOutcome::True),
        ("true && resource.name == 'x'", unknown(&["resource.name"])),
        (
            "1 / 0 == 1 && resource.name == 'x'",
            unknown(&["resource.name"]),
        ),
        (
            "resource.name == 'x' || 1 / 0 == 1",
            unknown(&["resource.name"]),
        ),
        ("!(resource.name == 'x')", unknown(&["resource.name"])),
        ("true ? true : resource.name == 'x'", ConditionOutcome::True),
        (
            "resource.name == 'x' ? true : true",
            unknown(&["resource.name"]),
        ),
        (
            "resource.type == 'x' || resource.name == 'x'",
            unknown(&["resource.name", "resource.type"]),
        ),
        (
            "['a', 'b'].exists(x, x == 'b' || x == resource.name)",
            ConditionOutcome::True,
        ),
        (
            "['a', 'b'].all(x, x == resource.name)",
            unknown(&["resource.name"]),
        ),
        (
            "'a' in ['a', resource.name] || true",
            ConditionOutcome::True,
        ),
        ("has(resource.labels.x)", unknown(&["resource.labels"])),
    ] {
        assert_eq!(decide(expression, &context), outcome, "{expression}");
    }
}

#[test]
fn an_error_does_not_hold() {
    let context = at("2026-01-01T00:00:00Z");
    for expression in [
        "1 / 0 == 1",
        "request.time",
        "'text'",
        "request.time < 'text'",
        "1 + 'a' == 2",
        "!1",
        "1 && true",
        "{'a': 1}.b == 1",
        "[1][7] == 1",
        "request.time < date('yesterday')",
        "request.time < timestamp('yes' + 'terday')",
        "9223372036854775807 + 1 > 0",
        "request.time.name == ''",
    ] {
        let outcome = decide(expression, &context);
        assert!(
            matches!(outcome, ConditionOutcome::Error(_)),
            "{expression}: {outcome:?}"
        );
    }
}

#[test]
fn extract_takes_what_the_template_names() {
    let context = ConditionContext {
        resource: ResourceFacts {
            name: Fact::Known(
                "projects/_/buckets/acme-orders-aaa/data_lake/orders/order_date=2019-11-03/aef87g87ae0876",
            ),
            ..ResourceFacts::default()
        },
        ..ConditionContext::default()
    };
    for (template, value) in [
        ("/order_date={date}/", "2019-11-03"),
        ("buckets/{name}/", "acme-orders-aaa"),
        ("/orders/{empty}order_date", ""),
        ("{start}/data_lake", "projects/_/buckets/acme-orders-aaa"),
        ("orders/{end}", "order_date=2019-11-03/aef87g87ae0876"),
        ("/orders/{none}/order_date=", ""),
        ("/nothing/{none}", ""),
    ] {
        holds(
            &format!("resource.name.extract('{template}') == '{value}'"),
            &context,
        );
    }
    holds("resource.name.extract('{all}') == resource.name", &context);
    assert!(matches!(
        decide("resource.name.extract('none') == ''", &context),
        ConditionOutcome::Error(_)
    ));
}

#[test]
fn text_functions_of_attribute_mappings() {
    for expression in [
        "'AbÉ'.lowerAscii() == 'abÉ'",
        "'abé'.upperAscii() == 'ABé'",
        "'a/b/c'.split('/') == ['a', 'b', 'c']",
        "'a/b/c'.split('/', 2) == ['a', 'b/c']",
        "'a/b/c'.split('/', 0) == []",
        "'a/b/c'.split('/', 1) == ['a/b/c']",
        "'aé'.split('') == ['a', 'é']",
        "['a', 'b'].join('-') == 'a-b'",
        "['a', 'b'].join() == 'ab'",
        "'aéb'.charAt(1) == 'é' && 'a'.charAt(1) == ''",
        "'éaéa'.indexOf('a') == 1 && 'éaéa'.indexOf('a', 2) == 3 && 'a'.indexOf('b') == -1",
        "'éaéa'.lastIndexOf('a') == 3 && 'éaéa'.lastIndexOf('a', 2) == 1",
        "'aaa'.replace('a', 'b') == 'bbb' && 'aaa'.replace('a', 'b', 2) == 'bba'",
        "'éab'.substring(1) == 'ab' && 'éab'.substring(0, 2) == 'éa'",
        "' a '.trim() == 'a'",
        "'org/repo'.matches('^org/[a-z]+$') && !'x'.matches('y')",
        "'abc'.size() == 3 && size('é') == 1",
        "'b' in ['a', 'b'] && !('c' in ['a', 'b']) && 'k' in {'k': 1}",
    ] {
        holds(expression, &ConditionContext::default());
    }
    for expression in [
        "'a'.substring(2) == ''",
        "'a'.substring(-1) == ''",
        "'ab'.substring(2, 1) == ''",
        "[1].join() == ''",
    ] {
        assert!(matches!(
            decide(expression, &ConditionContext::default()),
            ConditionOutcome::Error(_)
        ));
    }
}

#[test]
fn examples_of_the_documentation_are_read() {
    // doc: IAM Conditions overview, "Condition attributes".
    let berlin = "request.time.getHours('Europe/Berlin') >= 9 &&
        request.time.getHours('Europe/Berlin') <= 17 &&
        // Days of the week range from 0 to 6, where 0 == Sunday and 6 == Saturday.
        request.time.getDayOfWeek('Europe/Berlin') >= 1 &&
        request.time.getDayOfWeek('Europe/Berlin') <= 5";
    holds(berlin, &at("2026-03-02T08:00:00Z"));
    assert_eq!(
        decide(berlin, &at("2026-03-01T08:00:00Z")),
        ConditionOutcome::False
    );
    let rule = "!compute.isForwardingRuleCreationOperation() || (
        compute.isForwardingRuleCreationOperation() &&
        compute.matchLoadBalancingSchemes([
            'INTERNAL', 'INTERNAL_MANAGED', 'INTERNAL_SELF_MANAGED'
        ]))";
    assert_eq!(
        decide(rule, &ConditionContext::default()),
        unknown(&["compute"])
    );
    let mixed = "request.time > timestamp('2018-08-03T16:00:00-07:00') &&
        request.time < timestamp('2018-08-03T16:05:00-07:00') &&
        ((resource.name.startsWith('projects/project-123/zones/us-east1-b/instances/dev') ||
        (resource.name.startsWith('projects/project-123/zones/us-east1-b/instances/prod') &&
        'accessPolicies/34569256/accessLevels/CorpNet' in request.auth.access_levels)) ||
        resource.type != 'compute.googleapis.com/Instance')";
    assert_eq!(
        decide(mixed, &at("2026-01-01T00:00:00Z")),
        ConditionOutcome::False
    );
    assert_eq!(
        decide(mixed, &at("2018-08-03T23:01:00Z")),
        unknown(&[
            "request.auth.access_levels",
            "resource.name",
            "resource.type"
        ])
    );
}

#[test]
fn mappings_and_conditions_of_identity_pool_providers() {
    let extra = [
        (
            "assertion".to_owned(),
            Value::from_json(&json!({
                "sub": "repo:org/app:ref:refs/heads/main", "repository": "org/app",
                "repository_id": 12, "aud": ["a"], "environment": null
            })),
        ),
        (
            "attribute".to_owned(),
            Value::from_json(&json!({"repository": "org/app"})),
        ),
    ];
    let context = ConditionContext {
        extra: &extra,
        ..ConditionContext::default()
    };
    holds(
        "assertion.repository == 'org/app' && attribute.repository == 'org/app'",
        &context,
    );
    holds("assertion['repository'].startsWith('org/')", &context);
    holds("has(assertion.sub) && !has(assertion.actor)", &context);
    holds(
        "'a' in assertion.aud && assertion.repository_id == 12",
        &context,
    );
    let mapped = compile("assertion.sub.extract('repo:{repo}:')")
        .unwrap()
        .evaluate_value(&context);
    assert_eq!(mapped, Ok(Value::string("org/app")));
    assert!(matches!(
        decide("assertion.actor == 'x'", &context),
        ConditionOutcome::Error(_)
    ));
    assert_eq!(
        decide("google.subject == 'x'", &context),
        unknown(&["google"])
    );
    assert!(
        compile("assertion.actor == 'x'")
            .unwrap()
            .uses("assertion.actor")
    );
}

#[test]
fn a_condition_that_does_not_parse_or_check_says_so() {
    for (expression, words, offset) in [
        ("foo == 1", "\"foo\"", 0),
        ("true && foo.bar", "\"foo\"", 8),
        ("'é' == x", "\"x\"", 7),
        ("nothing(1)", "\"nothing\"", 0),
        ("request.time.getYear() == 1", "\"getYear\"", 13),
        ("'a'.startsWith()", "not called this way", 4),
        ("resource.matchTag('a')", "not called this way", 9),
        ("'a'.matches('(')", "not a regular expression", 12),
        ("'a'.matches('((a{100}){100}){100}')", "too large", 12),
        ("Foo{a: 1} == 1", "messages", 3),
        (
            "true || request.time < timestamp('2026-13-01T00:00:00Z')",
            "RFC 3339",
            33,
        ),
        ("true && 'é' = 1", "does not belong to the language", 12),
        ("1 < 2 &&\n 'é' 3", "does not belong here", 14),
        ("request.time <", "ends where something must follow", 14),
        ("true ? false", "something is missing", 0),
    ] {
        let error = compile(expression).unwrap_err();
        assert!(error.message.contains(words), "{expression}: {error}");
        assert_eq!(
            error.position.map(|p| p.offset),
            Some(offset),
            "{expression}"
        );
    }
    for expression in ["", "  ", "true &&", "(", "'open", "a b", "1 = 1", "😀"] {
        refused(expression);
    }
    let error = compile("true &&\n  é").unwrap_err();
    assert_eq!(error.position.map(|p| p.line), Some(2), "{error}");
}
