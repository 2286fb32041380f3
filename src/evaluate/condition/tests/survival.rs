//! Whatever the text: no panic, and no answer that more knowledge contradicts.

use proptest::prelude::*;

use super::*;

/// A context in which every attribute is known.
fn everything() -> ConditionContext<'static> {
    ConditionContext {
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
        for context in [ConditionContext::default(), everything()] {
            let evaluation = compiled.evaluate(&context);
            assert_eq!(evaluation.outcome, compiled.decide(&context), "{text:?}");
            let length = u32::try_from(text.chars().count()).unwrap();
            for state in &evaluation.states {
                assert!(state.start < state.end && state.end <= length, "{text:?}");
            }
            let _ = failing_clauses(&evaluation, text);
            let _ = time_hint(&compiled, &context);
        }
    }
}

proptest! {
    #![proptest_config(crate::evaluate::tests::generate::cases(2_000))]

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
                prop_assert_eq!(compiled.decide(&ConditionContext::default()), ConditionOutcome::False);
                prop_assert_eq!(compiled.evaluate(&everything()).outcome, ConditionOutcome::False);
            }
            let either = compile(&format!("({anything}) || true")).unwrap();
            prop_assert_eq!(either.decide(&ConditionContext::default()), ConditionOutcome::True);
        }
    }

    #[test]
    fn any_text_for_a_time_is_survived(text in "[0-9TZ:.+\\-hms]{0,40}") {
        let context = at("2026-01-01T00:00:00Z");
        for function in ["timestamp", "duration", "date", "request.time.getHours"] {
            if let Ok(compiled) = compile(&format!("{function}('{text}') == 1")) {
                let _ = compiled.decide(&context);
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
        let before = compiled.decide(&ConditionContext::default());
        if matches!(before, ConditionOutcome::True | ConditionOutcome::False) {
            prop_assert_eq!(compiled.decide(&everything()), before);
        }
    }
}
