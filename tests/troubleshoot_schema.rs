//! What `troubleshoot` gives for every built-in estate is an answer of Policy Troubleshooter v3beta: no
//! field that Google does not know, none of another type, no word that is not in an enum.
//!
//! `tests/data/policytroubleshooter-v3beta.json` is Google's discovery document as
//! `tests/interop/trim_schema.py` trims it.

use bindscope::emulator::stories;
use bindscope::evaluate::{Question, explain, troubleshoot};
use bindscope::iam::{Permission, Principal, Resource};
use jiff::Timestamp;
use serde_json::Value;

const DOCUMENT: &str = include_str!("data/policytroubleshooter-v3beta.json");
const INDEX: &str = include_str!("../assets/estates/index.json");

/// What is wrong with a value.
fn wrong(document: &Value, schema: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
    if let Some(name) = schema["$ref"].as_str() {
        let schema = &document["schemas"][name];
        assert!(schema.is_object(), "{name} is not in the document");
        return wrong(document, schema, value, at, found);
    }
    match schema["type"].as_str() {
        Some("object") => match value.as_object() {
            Some(fields) => {
                for (name, inner) in fields {
                    let own = [&schema["properties"][name], &schema["additionalProperties"]];
                    match own.iter().find(|s| s.is_object()) {
                        Some(own) => wrong(document, own, inner, &format!("{at}.{name}"), found),
                        None => found.push(format!("{at}.{name} is not a field")),
                    }
                }
            }
            None => found.push(format!("{at}: {value} is no object")),
        },
        Some("array") => match value.as_array() {
            Some(items) => {
                for (i, item) in items.iter().enumerate() {
                    wrong(
                        document,
                        &schema["items"],
                        item,
                        &format!("{at}[{i}]"),
                        found,
                    );
                }
            }
            None => found.push(format!("{at}: {value} is no list")),
        },
        Some("string") => match value.as_str() {
            None => found.push(format!("{at}: {value} is no string")),
            Some(text) => {
                let words = schema["enum"].as_array();
                if words.is_some_and(|w| !w.contains(value)) {
                    found.push(format!("{at}: {text} is none of the enum"));
                }
                let time = schema["format"]
                    .as_str()
                    .is_some_and(|f| f.ends_with("datetime"));
                if time && text.parse::<Timestamp>().is_err() {
                    found.push(format!("{at}: {text} is no time"));
                }
            }
        },
        Some("boolean") if !value.is_boolean() => {
            found.push(format!("{at}: {value} is no boolean"));
        }
        Some("integer") if !value.is_i64() => found.push(format!("{at}: {value} is no integer")),
        Some("number") if !value.is_number() => found.push(format!("{at}: {value} is no number")),
        _ => {}
    }
}

fn problems(value: &Value) -> Vec<String> {
    let document: Value = serde_json::from_str(DOCUMENT).unwrap();
    let start = &document["schemas"][document["start"].as_str().unwrap()];
    assert_eq!(start["type"], "object");
    let mut found = Vec::new();
    wrong(&document, start, value, "", &mut found);
    found
}

#[test]
fn every_story_is_answered_in_the_schema_of_policy_troubleshooter() {
    let index: Vec<Value> = serde_json::from_str(INDEX).unwrap();
    for story in index {
        let name = story["name"].as_str().unwrap();
        let estate = stories::load(name).unwrap();
        let mut question = Question::new(
            Principal::parse(story["caller"].as_str().unwrap()).unwrap(),
            Resource::parse_account(story["target"].as_str().unwrap()).unwrap(),
            "2026-11-24T00:00:00Z".parse().unwrap(),
        );
        question.permission = Permission::parse(story["permission"].as_str().unwrap()).unwrap();
        for (key, value) in story["attributes"].as_object().into_iter().flatten() {
            question
                .attributes
                .push((key.clone(), value.as_str().unwrap().to_owned()));
        }
        let answer = troubleshoot(&estate, &explain(&estate, &question));
        assert_eq!(problems(&answer), Vec::<String>::new(), "{name}");
        assert_eq!(
            answer["overallAccessState"], story["expectVerdict"],
            "{name}"
        );
        for part in [
            "allowPolicyExplanation",
            "denyPolicyExplanation",
            "pabPolicyExplanation",
        ] {
            assert!(answer[part].is_object(), "{name} has no {part}");
        }
    }
}

/// The check itself finds what is wrong.
#[test]
fn what_google_does_not_know_is_found() {
    let answer = serde_json::json!({
        "overallAccessState": "PERHAPS",
        "nova": 1,
        "accessTuple": {"principal": 1, "conditionContext": {"request": {"receiveTime": "noon"}}},
    });
    let found = problems(&answer);
    assert_eq!(found.len(), 4, "{found:?}");
}
