//! IAM's dialect of CEL, a table per rule.

mod attributes;
mod dialect;
mod explained;
mod limits;
mod survival;

use super::*;

fn at(time: &str) -> ConditionContext<'static> {
    ConditionContext {
        time: Some(time.parse().unwrap()),
        ..ConditionContext::default()
    }
}

fn decide(expression: &str, context: &ConditionContext<'_>) -> ConditionOutcome {
    let compiled = compile(expression).unwrap_or_else(|e| panic!("{expression}: {e}"));
    let short = compiled.decide(context);
    // The recorded evaluation takes no short cuts and must agree.
    assert_eq!(compiled.evaluate(context).outcome, short, "{expression}");
    short
}

fn holds(expression: &str, context: &ConditionContext<'_>) {
    assert_eq!(
        decide(expression, context),
        ConditionOutcome::True,
        "{expression}"
    );
}

fn unknown(names: &[&str]) -> ConditionOutcome {
    ConditionOutcome::Unknown(names.iter().map(|n| (*n).to_owned()).collect())
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
