//! What a condition can ask for: times, tags, the attributes of requests and principals.

use std::borrow::Cow;

use serde_json::json;

use super::*;

#[test]
fn request_time_is_the_time_of_the_question() {
    let clause = r#"request.time < timestamp("2026-01-01T00:00:00Z")"#;
    assert_eq!(
        decide(clause, &at("2025-12-31T23:59:59Z")),
        ConditionOutcome::True
    );
    assert_eq!(
        decide(clause, &at("2026-01-01T00:00:00Z")),
        ConditionOutcome::False
    );
    assert_eq!(
        decide(clause, &ConditionContext::default()),
        unknown(&["request.time"])
    );
    holds(
        r#"request.time == date("2026-01-01")"#,
        &at("2026-01-01T00:00:00Z"),
    );
    holds(
        r#"request.time - timestamp("2026-01-01T00:00:00Z") == duration("1h30m")"#,
        &at("2026-01-01T01:30:00Z"),
    );
    holds(
        r#"request.time + duration("3600s") > timestamp("2026-01-01T01:00:00+00:00")"#,
        &at("2026-01-01T00:00:01Z"),
    );
}

#[test]
fn time_zone_names_are_ianas() {
    // A Sunday, 23:30 in UTC; Monday in Berlin, still Sunday in Los Angeles.
    let now = at("2026-03-01T23:30:15.25Z");
    for (expression, value) in [
        ("request.time.getFullYear()", 2026),
        ("request.time.getMonth()", 2),
        ("request.time.getDate()", 1),
        ("request.time.getDayOfMonth()", 0),
        ("request.time.getDayOfWeek()", 0),
        ("request.time.getDayOfYear()", 59),
        ("request.time.getHours()", 23),
        ("request.time.getMinutes()", 30),
        ("request.time.getSeconds()", 15),
        ("request.time.getMilliseconds()", 250),
        ("request.time.getDayOfWeek('Europe/Berlin')", 1),
        ("request.time.getHours('Europe/Berlin')", 0),
        ("request.time.getHours('America/Los_Angeles')", 15),
        ("request.time.getHours('+05:30')", 5),
        ("request.time.getMonth('-00:30')", 2),
    ] {
        holds(&format!("{expression} == {value}"), &now);
    }
    // Summer time.
    holds(
        "request.time.getHours('Europe/Berlin') == 2",
        &at("2026-07-01T00:00:00Z"),
    );
    let ConditionOutcome::Error(reason) =
        decide("request.time.getHours('Mars/Olympus') == 1", &now)
    else {
        panic!("not an error");
    };
    assert!(reason.contains("Mars/Olympus"), "{reason}");
}

#[test]
fn what_a_service_account_does_not_offer_is_unknown_not_empty() {
    let context = at("2026-01-01T00:00:00Z");
    for name in ["resource.name", "resource.type", "resource.service"] {
        assert_eq!(decide(&format!("{name} == ''"), &context), unknown(&[name]));
        assert_eq!(
            decide(&format!("{name}.startsWith('x')"), &context),
            unknown(&[name])
        );
        assert!(compile(&format!("{name} == ''")).unwrap().uses(name));
    }
    let known = ConditionContext {
        resource: ResourceFacts {
            name: Fact::Known("projects/_/buckets/b"),
            ..ResourceFacts::default()
        },
        ..ConditionContext::default()
    };
    holds("resource.name == 'projects/_/buckets/b'", &known);
    let evaluation = compile("resource.type == 'a' && resource.name == 'x'")
        .unwrap()
        .evaluate(&ConditionContext {
            resource: ResourceFacts {
                name: Fact::unknown("service accounts have none"),
                kind: Fact::Unknown(Cow::Borrowed("service accounts have none")),
                ..ResourceFacts::default()
            },
            ..ConditionContext::default()
        });
    assert_eq!(
        evaluation.outcome,
        unknown(&["resource.name", "resource.type"])
    );
    assert_eq!(evaluation.missing[0].why, "service accounts have none");
}

#[test]
fn tags_are_those_effective_on_the_target() {
    let tags = prod();
    let context = ConditionContext {
        tags: Fact::Known(&tags),
        ..ConditionContext::default()
    };
    for (expression, outcome) in [
        ("resource.hasTagKey('1001/env')", ConditionOutcome::True),
        ("resource.hasTagKey('1001/en')", ConditionOutcome::False),
        ("resource.hasTagKeyId('tagKeys/1')", ConditionOutcome::True),
        (
            "resource.hasTagKeyId('tagKeys/11')",
            ConditionOutcome::False,
        ),
        (
            "resource.matchTag('1001/env', 'prod')",
            ConditionOutcome::True,
        ),
        (
            "resource.matchTag('1001/env', '1001/env/prod')",
            ConditionOutcome::False,
        ),
        (
            "resource.matchTag('1001/env', 'dev')",
            ConditionOutcome::False,
        ),
        (
            "resource.matchTagId('tagKeys/1', 'tagValues/2')",
            ConditionOutcome::True,
        ),
        (
            "resource.matchTagId('tagKeys/1', 'tagValues/3')",
            ConditionOutcome::False,
        ),
    ] {
        assert_eq!(decide(expression, &context), outcome, "{expression}");
        assert_eq!(
            decide(expression, &ConditionContext::default()),
            unknown(&["resource.tags"])
        );
        assert!(compile(expression).unwrap().uses("resource.tags"));
    }
    let none = ConditionContext {
        tags: Fact::Known(&[]),
        ..ConditionContext::default()
    };
    assert_eq!(
        decide("resource.hasTagKey('1001/env')", &none),
        ConditionOutcome::False
    );
    assert!(matches!(
        decide("resource.hasTagKey(1)", &none),
        ConditionOutcome::Error(_)
    ));
}

#[test]
fn api_attributes_with_has_only() {
    let name = "iam.googleapis.com/modifiedGrantsByRole";
    let clause = format!("api.getAttribute('{name}', []).hasOnly(['roles/a', 'roles/b'])");
    let given = |roles: serde_json::Value| vec![(name.to_owned(), roles)];
    for (roles, outcome) in [
        (json!(["roles/a"]), ConditionOutcome::True),
        (json!([]), ConditionOutcome::True),
        // Not defined for this kind of request: the default.
        (serde_json::Value::Null, ConditionOutcome::True),
        (json!(["roles/a", "roles/c"]), ConditionOutcome::False),
    ] {
        let attributes = given(roles);
        let context = ConditionContext {
            api_attributes: &attributes,
            ..ConditionContext::default()
        };
        assert_eq!(decide(&clause, &context), outcome);
    }
    assert_eq!(
        decide(&clause, &ConditionContext::default()),
        unknown(&[&format!("api.getAttribute({name:?})")])
    );
    assert!(compile(&clause).unwrap().uses("api.getAttribute"));
}

#[test]
fn destination_access_levels_path_and_host() {
    let levels = ["accessPolicies/1/accessLevels/office".to_owned()];
    let context = ConditionContext {
        destination: DestinationFacts {
            ip: Fact::Known("10.0.0.2"),
            port: Fact::Known(22),
        },
        access_levels: Fact::Known(&levels),
        path: Fact::Known("/admin/x"),
        host: Fact::Known("example.com"),
        ..ConditionContext::default()
    };
    for (expression, name) in [
        ("destination.ip == '10.0.0.2'", "destination.ip"),
        ("destination.port == 22", "destination.port"),
        (
            "'accessPolicies/1/accessLevels/office' in request.auth.access_levels",
            "request.auth.access_levels",
        ),
        ("request.path.startsWith('/admin')", "request.path"),
        ("request.host == 'example.com'", "request.host"),
    ] {
        holds(expression, &context);
        assert_eq!(
            decide(expression, &ConditionContext::default()),
            unknown(&[name])
        );
    }
}

#[test]
fn conditions_of_boundaries_know_principal_type_and_subject() {
    let context = ConditionContext {
        principal: Some(PrincipalFacts {
            kind: Fact::Known("iam.googleapis.com/ServiceAccount"),
            subject: Fact::Known("run@app.iam.gserviceaccount.com"),
        }),
        ..ConditionContext::default()
    };
    for expression in [
        "principal.type == 'iam.googleapis.com/ServiceAccount'",
        "principal.type != 'iam.googleapis.com/WorkspaceIdentity'",
        "principal.type in ['iam.googleapis.com/ServiceAccount']",
        "principal.subject.endsWith('@app.iam.gserviceaccount.com')",
        "principal.subject.startsWith('run@')",
    ] {
        holds(expression, &context);
    }
    assert_eq!(
        decide("principal.type == 'x'", &ConditionContext::default()),
        unknown(&["principal.type"])
    );
}
