use std::borrow::Cow;

use proptest::prelude::*;
use serde_json::json;

use super::scan::{MAX_BRACKETS, MAX_CHAIN};
use super::*;

fn at(time: &str) -> Context<'static> {
    Context {
        time: Some(time.parse().unwrap()),
        ..Context::default()
    }
}

fn decide(expression: &str, context: &Context<'_>) -> Outcome {
    let compiled = compile(expression).unwrap_or_else(|e| panic!("{expression}: {e}"));
    let short = compiled.decide(context);
    // The recorded evaluation takes no short cuts and must agree.
    assert_eq!(compiled.evaluate(context).outcome, short, "{expression}");
    short
}

fn holds(expression: &str, context: &Context<'_>) {
    assert_eq!(decide(expression, context), Outcome::True, "{expression}");
}

fn unknown(names: &[&str]) -> Outcome {
    Outcome::Unknown(names.iter().map(|n| (*n).to_owned()).collect())
}

fn refused(expression: &str) -> String {
    match compile(expression) {
        Err(e) => e.to_string(),
        Ok(_) => panic!("{expression} was taken"),
    }
}

fn prod() -> Vec<EffectiveTag> {
    vec![EffectiveTag {
        key_id: "tagKeys/1".into(),
        value_id: "tagValues/2".into(),
        namespaced_key: "1001/env".into(),
        namespaced_value: "1001/env/prod".into(),
    }]
}

#[test]
fn request_time_is_the_time_of_the_question() {
    let clause = r#"request.time < timestamp("2026-01-01T00:00:00Z")"#;
    assert_eq!(decide(clause, &at("2025-12-31T23:59:59Z")), Outcome::True);
    assert_eq!(decide(clause, &at("2026-01-01T00:00:00Z")), Outcome::False);
    assert_eq!(
        decide(clause, &Context::default()),
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
    let Outcome::Error(reason) = decide("request.time.getHours('Mars/Olympus') == 1", &now) else {
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
    let known = Context {
        resource: ResourceFacts {
            name: Fact::Known("projects/_/buckets/b"),
            ..ResourceFacts::default()
        },
        ..Context::default()
    };
    holds("resource.name == 'projects/_/buckets/b'", &known);
    let evaluation = compile("resource.type == 'a' && resource.name == 'x'")
        .unwrap()
        .evaluate(&Context {
            resource: ResourceFacts {
                name: Fact::unknown("service accounts have none"),
                kind: Fact::Unknown(Cow::Borrowed("service accounts have none")),
                ..ResourceFacts::default()
            },
            ..Context::default()
        });
    assert_eq!(
        evaluation.outcome,
        unknown(&["resource.name", "resource.type"])
    );
    assert_eq!(evaluation.missing[0].why, "service accounts have none");
}

#[test]
fn errors_and_unknowns_are_absorbed() {
    let context = Context::default();
    for (expression, outcome) in [
        ("false && resource.name == 'x'", Outcome::False),
        ("resource.name == 'x' && false", Outcome::False),
        ("true || resource.name == 'x'", Outcome::True),
        ("resource.name == 'x' || true", Outcome::True),
        ("false && 1 / 0 == 1", Outcome::False),
        ("1 / 0 == 1 && false", Outcome::False),
        ("1 / 0 == 1 || true", Outcome::True),
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
        ("true ? true : resource.name == 'x'", Outcome::True),
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
            Outcome::True,
        ),
        (
            "['a', 'b'].all(x, x == resource.name)",
            unknown(&["resource.name"]),
        ),
        ("'a' in ['a', resource.name] || true", Outcome::True),
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
            matches!(outcome, Outcome::Error(_)),
            "{expression}: {outcome:?}"
        );
    }
}

#[test]
fn tags_are_those_effective_on_the_target() {
    let tags = prod();
    let context = Context {
        tags: Fact::Known(&tags),
        ..Context::default()
    };
    for (expression, outcome) in [
        ("resource.hasTagKey('1001/env')", Outcome::True),
        ("resource.hasTagKey('1001/en')", Outcome::False),
        ("resource.hasTagKeyId('tagKeys/1')", Outcome::True),
        ("resource.hasTagKeyId('tagKeys/11')", Outcome::False),
        ("resource.matchTag('1001/env', 'prod')", Outcome::True),
        (
            "resource.matchTag('1001/env', '1001/env/prod')",
            Outcome::False,
        ),
        ("resource.matchTag('1001/env', 'dev')", Outcome::False),
        (
            "resource.matchTagId('tagKeys/1', 'tagValues/2')",
            Outcome::True,
        ),
        (
            "resource.matchTagId('tagKeys/1', 'tagValues/3')",
            Outcome::False,
        ),
    ] {
        assert_eq!(decide(expression, &context), outcome, "{expression}");
        assert_eq!(
            decide(expression, &Context::default()),
            unknown(&["resource.tags"])
        );
        assert!(compile(expression).unwrap().uses("resource.tags"));
    }
    let none = Context {
        tags: Fact::Known(&[]),
        ..Context::default()
    };
    assert_eq!(
        decide("resource.hasTagKey('1001/env')", &none),
        Outcome::False
    );
    assert!(matches!(
        decide("resource.hasTagKey(1)", &none),
        Outcome::Error(_)
    ));
}

#[test]
fn extract_takes_what_the_template_names() {
    let context = Context {
        resource: ResourceFacts {
            name: Fact::Known(
                "projects/_/buckets/acme-orders-aaa/data_lake/orders/order_date=2019-11-03/aef87g87ae0876",
            ),
            ..ResourceFacts::default()
        },
        ..Context::default()
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
        Outcome::Error(_)
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
        holds(expression, &Context::default());
    }
    for expression in [
        "'a'.substring(2) == ''",
        "'a'.substring(-1) == ''",
        "'ab'.substring(2, 1) == ''",
        "[1].join() == ''",
    ] {
        assert!(matches!(
            decide(expression, &Context::default()),
            Outcome::Error(_)
        ));
    }
}

#[test]
fn api_attributes_with_has_only() {
    let name = "iam.googleapis.com/modifiedGrantsByRole";
    let clause = format!("api.getAttribute('{name}', []).hasOnly(['roles/a', 'roles/b'])");
    let given = |roles: serde_json::Value| vec![(name.to_owned(), roles)];
    for (roles, outcome) in [
        (json!(["roles/a"]), Outcome::True),
        (json!([]), Outcome::True),
        // Not defined for this kind of request: the default.
        (serde_json::Value::Null, Outcome::True),
        (json!(["roles/a", "roles/c"]), Outcome::False),
    ] {
        let attributes = given(roles);
        let context = Context {
            api_attributes: &attributes,
            ..Context::default()
        };
        assert_eq!(decide(&clause, &context), outcome);
    }
    assert_eq!(
        decide(&clause, &Context::default()),
        unknown(&[&format!("api.getAttribute({name:?})")])
    );
    assert!(compile(&clause).unwrap().uses("api.getAttribute"));
}

#[test]
fn destination_access_levels_path_and_host() {
    let levels = ["accessPolicies/1/accessLevels/office".to_owned()];
    let context = Context {
        destination: DestinationFacts {
            ip: Fact::Known("10.0.0.2"),
            port: Fact::Known(22),
        },
        access_levels: Fact::Known(&levels),
        path: Fact::Known("/admin/x"),
        host: Fact::Known("example.com"),
        ..Context::default()
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
        assert_eq!(decide(expression, &Context::default()), unknown(&[name]));
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
    assert_eq!(decide(berlin, &at("2026-03-01T08:00:00Z")), Outcome::False);
    let rule = "!compute.isForwardingRuleCreationOperation() || (
        compute.isForwardingRuleCreationOperation() &&
        compute.matchLoadBalancingSchemes([
            'INTERNAL', 'INTERNAL_MANAGED', 'INTERNAL_SELF_MANAGED'
        ]))";
    assert_eq!(decide(rule, &Context::default()), unknown(&["compute"]));
    let mixed = "request.time > timestamp('2018-08-03T16:00:00-07:00') &&
        request.time < timestamp('2018-08-03T16:05:00-07:00') &&
        ((resource.name.startsWith('projects/project-123/zones/us-east1-b/instances/dev') ||
        (resource.name.startsWith('projects/project-123/zones/us-east1-b/instances/prod') &&
        'accessPolicies/34569256/accessLevels/CorpNet' in request.auth.access_levels)) ||
        resource.type != 'compute.googleapis.com/Instance')";
    assert_eq!(decide(mixed, &at("2026-01-01T00:00:00Z")), Outcome::False);
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
fn conditions_of_boundaries_know_principal_type_and_subject() {
    let context = Context {
        principal: Some(PrincipalFacts {
            kind: Fact::Known("iam.googleapis.com/ServiceAccount"),
            subject: Fact::Known("run@app.iam.gserviceaccount.com"),
        }),
        ..Context::default()
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
        decide("principal.type == 'x'", &Context::default()),
        unknown(&["principal.type"])
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
    let context = Context {
        extra: &extra,
        ..Context::default()
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
        Outcome::Error(_)
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

#[test]
fn every_statement_has_its_value_and_place() {
    // The example of the discovery document: the first part of this ends at 4.
    let context = Context {
        extra: &[],
        ..at("2026-01-01T00:00:00Z")
    };
    let places = |expression: &str| {
        let compiled = compile(expression).unwrap();
        let characters: Vec<char> = expression.chars().collect();
        compiled
            .evaluate(&context)
            .states
            .into_iter()
            .map(|s| {
                let text: String = characters[s.start as usize..s.end as usize]
                    .iter()
                    .collect();
                (text, s.value, s.conjunct)
            })
            .collect::<Vec<_>>()
    };
    let state = compile("1==2 || 3==3").unwrap().evaluate(&context).states;
    assert_eq!((state[0].start, state[0].end), (0, 4));
    let wanted = |list: &[(&str, Option<bool>, bool)]| {
        list.iter()
            .map(|(t, v, c)| ((*t).to_owned(), *v, *c))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        places(" 'é' == 'é' && (resource.name.startsWith('x') || 1 / 0 == 1)"),
        wanted(&[
            ("'é' == 'é'", Some(true), true),
            ("resource.name.startsWith('x')", None, false),
            ("1 / 0 == 1", None, false),
            ("resource.name.startsWith('x') || 1 / 0 == 1", None, true),
            (
                "'é' == 'é' && (resource.name.startsWith('x') || 1 / 0 == 1)",
                None,
                false
            ),
        ])
    );
    assert_eq!(
        places("!([1, 2].all(x, x > 0)) && has({'a': -1}.a)"),
        wanted(&[
            ("[1, 2].all(x, x > 0)", Some(true), false),
            ("!([1, 2].all(x, x > 0))", Some(false), true),
            ("has({'a': -1}.a)", Some(true), true),
            (
                "!([1, 2].all(x, x > 0)) && has({'a': -1}.a)",
                Some(false),
                false
            ),
        ])
    );
    assert_eq!(
        places("(request.time.getHours('Europe/Berlin')) in [1, -1]"),
        wanted(&[(
            "(request.time.getHours('Europe/Berlin')) in [1, -1]",
            Some(true),
            true
        )])
    );
    assert_eq!(places("true"), wanted(&[("true", Some(true), true)]));
    let errors = compile("resource.name == 'x'").unwrap().evaluate(&context);
    assert_eq!(
        errors.states[0].errors,
        ["resource.name is not known: it was not given"]
    );
}

#[test]
fn which_clause_is_false() {
    let source = "true && 'é' == 'e' && (1 > 2 || false) && resource.name == 'x'";
    let evaluation = compile(source).unwrap().evaluate(&Context::default());
    assert_eq!(evaluation.outcome, Outcome::False);
    let texts: Vec<_> = failing_clauses(&evaluation, source)
        .into_iter()
        .map(|c| c.text)
        .collect();
    assert_eq!(texts, ["'é' == 'e'", "1 > 2 || false"]);
}

#[test]
fn when_a_time_clause_expired_or_starts() {
    let hint = |expression: &str, now: &str| time_hint(&compile(expression).unwrap(), &at(now));
    let time = |t: &str| t.parse::<jiff::Timestamp>().unwrap();
    let window = r#"request.time >= timestamp("2026-01-01T00:00:00Z") &&
        request.time < timestamp("2026-02-01T00:00:00Z") && resource.name == "x""#;
    assert_eq!(
        hint(window, "2026-02-01T00:00:00Z"),
        Some(TimeHint::ExpiredAt(time("2026-02-01T00:00:00Z")))
    );
    assert_eq!(
        hint(window, "2025-12-01T00:00:00Z"),
        Some(TimeHint::StartsAt(time("2026-01-01T00:00:00Z")))
    );
    assert_eq!(hint(window, "2026-01-15T00:00:00Z"), None);
    assert_eq!(
        hint(
            r#"date("2026-01-01") + duration("1h") > request.time"#,
            "2026-01-01T01:00:00Z"
        ),
        Some(TimeHint::ExpiredAt(time("2026-01-01T01:00:00Z")))
    );
    assert_eq!(
        hint(
            r#"request.time < date("2026-01-01") || true"#,
            "2027-01-01T00:00:00Z"
        ),
        None
    );
}

#[test]
fn deep_and_long_conditions_are_refused_before_the_parser() {
    let deep = 10_000;
    for expression in [
        format!("{}1{}", "(".repeat(deep), ")".repeat(deep)),
        "[".repeat(deep),
        "{".repeat(deep),
        format!("a{}", ".b".repeat(deep)),
        format!("1{}", " + 1".repeat(deep)),
        format!("1{}", " == 1".repeat(deep)),
        format!("a{}", "[0]".repeat(deep)),
        format!("a{}", ".f()".repeat(deep)),
        format!("a{}", ".f(1, 2)".repeat(deep)),
        "true ? true : ".repeat(4_000) + "true",
        "-1".repeat(deep),
        "x".repeat(MAX_SOURCE + 1),
    ] {
        refused(&expression);
    }
    // What stays below the limits is read on half of a thread's usual stack.
    let reader = std::thread::Builder::new().stack_size(1 << 20).spawn(|| {
        let just = MAX_BRACKETS - 1;
        for expression in [
            format!("{}true{}", "(".repeat(just), ")".repeat(just)),
            format!("{}true{}", "!(".repeat(just), ")".repeat(just)),
            format!("{}1{} != 1", "[".repeat(just), "]".repeat(just)),
            format!("{}true{}", "[1].all(x, ".repeat(30), ")".repeat(30)),
            format!("1{} > 0", " + 1".repeat(MAX_CHAIN - 2)),
            format!("{}true", "!".repeat(10_000)),
            format!("true{}", " && true".repeat(5_000)),
        ] {
            let outcome = decide(&expression, &Context::default());
            assert!(
                matches!(outcome, Outcome::True | Outcome::False),
                "{outcome:?}"
            );
        }
    });
    reader.unwrap().join().unwrap();
}

#[test]
fn work_and_size_are_bounded() {
    let list = format!("[{}]", ["1"; 100].join(","));
    let nested = format!("{list}.all(a, {list}.all(b, {list}.all(c, {list}.all(d, d > 0))))");
    assert!(matches!(
        decide(&nested, &Context::default()),
        Outcome::Error(reason) if reason.contains("steps")
    ));
    // Doubling a text eighteen times over.
    let mut text = "'0123456789'".to_owned();
    for _ in 0..18 {
        text = format!("[{text}].map(x, x + x)[0]");
    }
    assert!(matches!(
        decide(&format!("{text} == ''"), &Context::default()),
        Outcome::Error(reason) if reason.contains("long") || reason.contains("steps")
    ));
    let grown = "'aaaaaaaaaa'.replace('', 'aaaaaaaaaa')".to_owned()
        + &".replace('a', 'aaaaaaaaaaaaaaaaaaaaaaaa')".repeat(10);
    assert!(matches!(
        decide(&format!("{grown} == ''"), &Context::default()),
        Outcome::Error(_)
    ));
}

#[test]
fn values_with_shared_parts_are_not_walked_without_end() {
    let mut list = "[1]".to_owned();
    for _ in 0..40 {
        list = format!("[{list}].map(x, [x, x])[0]");
    }
    for expression in [
        format!("{list} == {list}"),
        format!("{list} in [{list}]"),
        format!("[{list}].map(x, {{'a': 1}}[x])[0] == 1"),
        format!("[1].map(x, [{list}].hasOnly([{list}]))[0]"),
    ] {
        let outcome = decide(&expression, &Context::default());
        assert!(matches!(outcome, Outcome::Error(_)), "{outcome:?}");
    }
}

/// A context in which every attribute is known.
fn everything() -> Context<'static> {
    Context {
        tags: Fact::Known(&[]),
        resource: ResourceFacts {
            name: Fact::Known("n"),
            kind: Fact::Known("t"),
            service: Fact::Known("s"),
        },
        ..at("2026-01-01T00:00:00Z")
    }
}

/// Pieces of conditions, to be strung together at random.
const PIECES: [&str; 48] = [
    "has(",
    "a",
    ".",
    "b",
    ")",
    "(",
    "[",
    "]",
    "{",
    "}",
    "'é'",
    "'",
    "all(",
    ".all(x, ",
    ",",
    "?",
    ":",
    " && ",
    " || ",
    "!",
    "-",
    "1",
    "1u",
    "0x",
    "1.5",
    " == ",
    " in ",
    "`",
    "\"\"\"",
    "r'",
    "b'",
    "\\u12",
    "\\",
    "x",
    "é",
    "true",
    "null",
    ".exists(x, ",
    ".map(x, ",
    " ",
    "//",
    "\n",
    "resource.name",
    "request.time",
    ".getHours('UTC')",
    "timestamp('",
    ".extract(",
    "9e999",
];

fn survives(text: &str) {
    if let Ok(compiled) = compile(text) {
        for context in [Context::default(), everything()] {
            let evaluation = compiled.evaluate(&context);
            assert_eq!(evaluation.outcome, compiled.decide(&context), "{text:?}");
            let length = u32::try_from(text.chars().count()).unwrap();
            for state in &evaluation.states {
                assert!(state.start < state.end && state.end <= length, "{text:?}");
            }
            failing_clauses(&evaluation, text);
            time_hint(&compiled, &context);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_text_is_survived(text in "\\PC{0,60}") {
        survives(&text);
    }

    #[test]
    fn anything_like_a_condition_is_survived(
        pieces in proptest::collection::vec(proptest::sample::select(PIECES.to_vec()), 0..14)
    ) {
        survives(&pieces.concat());
    }

    #[test]
    fn false_and_anything_is_false(
        pieces in proptest::collection::vec(proptest::sample::select(PIECES.to_vec()), 1..8)
    ) {
        let anything = pieces.concat();
        // Whatever is an expression by itself stays one in parentheses.
        if compile(&anything).is_ok() && compile(&format!("({anything})")).is_ok() {
            for text in [format!("false && ({anything})"), format!("({anything}) && false")] {
                let compiled = compile(&text).unwrap();
                prop_assert_eq!(compiled.decide(&Context::default()), Outcome::False);
                prop_assert_eq!(compiled.evaluate(&everything()).outcome, Outcome::False);
            }
            let either = compile(&format!("({anything}) || true")).unwrap();
            prop_assert_eq!(either.decide(&Context::default()), Outcome::True);
        }
    }

    #[test]
    fn any_text_for_a_time_is_survived(text in "[0-9TZ:.+\\-hms]{0,40}") {
        let context = at("2026-01-01T00:00:00Z");
        for function in ["timestamp", "duration", "date", "request.time.getHours"] {
            if let Ok(compiled) = compile(&format!("{function}('{text}') == 1")) {
                compiled.decide(&context);
            }
        }
    }

    /// What is answered with something unknown is not contradicted once it is known.
    #[test]
    fn an_answer_is_not_contradicted_by_knowing_more(
        pieces in proptest::collection::vec(proptest::sample::select(vec![
            "resource.name == 'n'", "resource.type == 'n'", "true", "false", "1 / 0 == 1",
            "resource.hasTagKey('k')",
        ]), 1..6),
        joints in proptest::collection::vec(proptest::sample::select(vec![" && ", " || ", " || !"]), 6)
    ) {
        let mut text = String::new();
        for (piece, joint) in pieces.iter().zip(&joints) {
            text = if text.is_empty() { format!("({piece})") } else { format!("({text}{joint}({piece}))") };
        }
        let compiled = compile(&text).unwrap();
        let before = compiled.decide(&Context::default());
        if matches!(before, Outcome::True | Outcome::False) {
            prop_assert_eq!(compiled.decide(&everything()), before);
        }
    }
}
