//! What is too deep, too long or too much work.

use super::super::scan::{MAX_BRACKETS, MAX_CHAIN};
use super::*;

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
            let outcome = decide(&expression, &ConditionContext::default());
            assert!(
                matches!(outcome, ConditionOutcome::True | ConditionOutcome::False),
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
        decide(&nested, &ConditionContext::default()),
        ConditionOutcome::Error(reason) if reason.contains("steps")
    ));
    // Doubling a text eighteen times over.
    let mut text = "'0123456789'".to_owned();
    for _ in 0..18 {
        text = format!("[{text}].map(x, x + x)[0]");
    }
    assert!(matches!(
        decide(&format!("{text} == ''"), &ConditionContext::default()),
        ConditionOutcome::Error(reason) if reason.contains("long") || reason.contains("steps")
    ));
    let grown = "'aaaaaaaaaa'.replace('', 'aaaaaaaaaa')".to_owned()
        + &".replace('a', 'aaaaaaaaaaaaaaaaaaaaaaaa')".repeat(10);
    assert!(matches!(
        decide(&format!("{grown} == ''"), &ConditionContext::default()),
        ConditionOutcome::Error(_)
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
        let outcome = decide(&expression, &ConditionContext::default());
        assert!(matches!(outcome, ConditionOutcome::Error(_)), "{outcome:?}");
    }
}
