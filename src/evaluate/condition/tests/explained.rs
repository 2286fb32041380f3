//! What is told beside the answer: the value and place of every statement, the clause that is false.

use super::*;

#[test]
fn every_statement_has_its_value_and_place() {
    // The example of the discovery document: the first part of this ends at 4.
    let context = ConditionContext {
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
    let evaluation = compile(source)
        .unwrap()
        .evaluate(&ConditionContext::default());
    assert_eq!(evaluation.outcome, ConditionOutcome::False);
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
