//! The published conformance tests of the Common Expression Language
//! (google/cel-spec at 508bd98, Apache-2.0, `tests/simple/testdata`), those that
//! need no protocol buffer messages, through the evaluator of conditions.
//!
//! `tests/data/cel-not-passing.txt` lists those that do not pass, each with its
//! reason: `file/section/name: reason`. Both directions are checked.

use std::collections::{BTreeMap, BTreeSet};

use bindscope::evaluate::condition::{CompileOptions, ConditionContext, Value, compile_with};
use serde_json::Value as Json;

const VECTORS: &str = include_str!("data/cel-conformance.ndjson");
const NOT_PASSING: &str = include_str!("data/cel-not-passing.txt");

/// A typed literal of the vectors.
fn literal(json: &Json) -> Value {
    let (kind, value) = json.as_object().unwrap().iter().next().unwrap();
    let text = || value.as_str().unwrap();
    // Timestamps and durations are built by the language itself.
    let built = |expression: String| {
        compile_with(&expression, &CompileOptions::default())
            .unwrap()
            .evaluate_value(&ConditionContext::default())
            .unwrap()
    };
    match kind.as_str() {
        "null" => Value::Null,
        "bool" => Value::Bool(value.as_bool().unwrap()),
        "int" => Value::Int(text().parse().unwrap()),
        "uint" => Value::Uint(text().parse().unwrap()),
        "double" => Value::Double(text().parse().unwrap()),
        "string" => Value::string(text()),
        "bytes" => {
            let hex = text().as_bytes();
            let bytes = hex
                .chunks(2)
                .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap());
            Value::Bytes(bytes.collect())
        }
        "list" => Value::List(value.as_array().unwrap().iter().map(literal).collect()),
        "map" => {
            let pairs = value.as_array().unwrap().iter();
            Value::Map(pairs.map(|p| (literal(&p[0]), literal(&p[1]))).collect())
        }
        "type" => Value::Type(text().into()),
        "timestamp" => built(format!("timestamp({:?})", text())),
        "duration" => built(format!("duration({:?})", text())),
        other => panic!("a literal of unknown type {other:?}"),
    }
}

/// The same type, too: `1 == 1.0` in the language.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Double(x), Value::Double(y)) => {
            x.to_bits() == y.to_bits() || x.is_nan() && y.is_nan()
        }
        (Value::List(x), Value::List(y)) => {
            x.len() == y.len() && x.iter().zip(y.iter()).all(|(x, y)| same(x, y))
        }
        (Value::Map(x), Value::Map(y)) => {
            x.len() == y.len()
                && x.iter()
                    .all(|(k, v)| y.iter().any(|(l, w)| same(k, l) && same(v, w)))
        }
        _ => a.type_name() == b.type_name() && a == b,
    }
}

fn run(vector: &Json) -> Result<(), String> {
    let bindings: Vec<(String, Value)> = vector["bindings"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.clone(), literal(value)))
        .collect();
    let options = CompileOptions {
        variables: bindings.iter().map(|(name, _)| name.clone()).collect(),
        unchecked: vector["disable_check"] == Json::Bool(true),
    };
    let context = ConditionContext {
        extra: &bindings,
        ..ConditionContext::default()
    };
    let got = compile_with(vector["expr"].as_str().unwrap(), &options)
        .map_err(|e| e.to_string())
        .and_then(|c| match c.evaluate_value(&context) {
            Ok(value) => Ok(value),
            Err(bindscope::evaluate::condition::Fail::Error(e)) => Err(e.to_string()),
            Err(unknown) => panic!("{vector}: {unknown:?}"),
        });
    match (vector.get("value"), got) {
        (Some(wanted), Ok(got)) if same(&literal(wanted), &got) => Ok(()),
        (None, Err(_)) if vector.get("error").is_some() => Ok(()),
        (wanted, got) => Err(format!(
            "{}\n    wanted {}, got {got:?}",
            vector["expr"],
            wanted.unwrap_or(&vector["error"])
        )),
    }
}

#[test]
fn cel_conformance() {
    let listed: BTreeMap<&str, &str> = NOT_PASSING
        .lines()
        .filter(|l| !l.is_empty() && !l.starts_with('#'))
        .map(|l| l.split_once(": ").expect("a name and a reason"))
        .collect();
    let mut wrong = Vec::new();
    let mut met = BTreeSet::new();
    let mut passed = 0;
    let mut names = BTreeMap::<String, usize>::new();
    for line in VECTORS.lines() {
        let vector: Json = serde_json::from_str(line).unwrap();
        let part = |name: &str| vector[name].as_str().unwrap().to_owned();
        let mut name = [part("file"), part("section"), part("name")].join("/");
        // A few names stand twice.
        let count = names.entry(name.clone()).or_default();
        *count += 1;
        if *count > 1 {
            name = format!("{name}#{count}");
        }
        match (run(&vector), listed.get_key_value(name.as_str())) {
            (Ok(()), None) => passed += 1,
            (Err(_), Some((known, _))) => {
                met.insert(*known);
            }
            (Ok(()), Some(_)) => wrong.push(format!("{name} passes, but is listed")),
            (Err(why), None) => wrong.push(format!("{name}: {why}")),
        }
    }
    for name in listed.keys().filter(|n| !met.contains(*n)) {
        wrong.push(format!("{name} is listed, but does not fail"));
    }
    assert!(
        wrong.is_empty(),
        "{}\n({} wrong)",
        wrong.join("\n"),
        wrong.len()
    );
    assert_eq!(passed + met.len(), VECTORS.lines().count());
    assert!(passed > 1000, "only {passed} passed");
}
