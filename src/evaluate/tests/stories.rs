//! Each built-in estate gives the answer that its index entry promises.

use serde_json::Value;

use super::{account, at, estate, who};
use crate::estate::Estate;
use crate::evaluate::{Call, CauseKind, Question, Seen, Truth, diagnose, explain, may};
use crate::iam::Permission;

macro_rules! files {
    ($($test:ident $name:literal,)*) => {
        pub(super) fn files() -> Vec<(&'static str, &'static str)> {
            vec![$(($name, include_str!(concat!("../../../assets/estates/", $name, ".json")))),*]
        }
    };
}

crate::each_story!(files);

/// What the index says of a story, and its estate.
fn told(name: &str) -> (Value, Estate) {
    let index = index();
    let entry = index.iter().find(|e| e["name"] == name).unwrap().clone();
    let all = files();
    let (_, text) = all.iter().find(|(known, _)| *known == name).unwrap();
    (entry, estate(text))
}

pub(super) fn index() -> Vec<Value> {
    serde_json::from_str(include_str!("../../../assets/estates/index.json")).unwrap()
}

pub(super) fn question(entry: &Value) -> Question {
    let mut question = Question::new(
        who(entry["caller"].as_str().unwrap()),
        account(entry["target"].as_str().unwrap()),
        at("2026-11-24T00:00:00Z"),
    );
    question.permission = Permission::parse(entry["permission"].as_str().unwrap()).unwrap();
    for via in entry["via"].as_array().into_iter().flatten() {
        question.via.push(account(via.as_str().unwrap()));
    }
    for (name, value) in entry["attributes"].as_object().into_iter().flatten() {
        question
            .attributes
            .push((name.clone(), value.as_str().unwrap().to_owned()));
    }
    if let Some(text) = entry["pasted"].as_str() {
        question.call = call(text);
    }
    question
}

/// What a pasted error says of the call, told by its reason alone: reading it is tested where it is done.
fn call(text: &str) -> Call {
    let seen = [
        ("USER_PROJECT_DENIED", Seen::QuotaProjectDenied),
        ("lifetime cannot exceed", Seen::LifetimeTooLong),
        ("ACCESS_TOKEN_EXPIRED", Seen::CredentialsExpired),
        ("ACCESS_TOKEN_SCOPE_INSUFFICIENT", Seen::ScopeInsufficient),
        ("IAM_PERMISSION_DENIED", Seen::PermissionDenied),
    ];
    let (_, seen) = seen.into_iter().find(|(w, _)| text.contains(w)).unwrap();
    let quota = (seen == Seen::QuotaProjectDenied).then(|| "ops-tools".to_owned());
    Call {
        seen: Some(seen),
        quota_project: quota,
        ..Call::default()
    }
}

/// The contract's closed set of causes: none without a story.
#[test]
fn every_kind_of_cause_has_a_story() {
    let told: Vec<Value> = index()
        .iter()
        .flat_map(|e| e["expectCauses"].as_array().cloned().unwrap_or_default())
        .collect();
    let untold: Vec<_> = CauseKind::ALL
        .iter()
        .filter(|kind| !told.contains(&serde_json::to_value(kind).unwrap()))
        .collect();
    assert!(untold.is_empty(), "{untold:?}");
}

fn ends_as_its_entry_says(name: &str) {
    let (entry, estate) = told(name);
    let explanation = explain(&estate, &question(&entry));
    let causes = diagnose(&estate, &explanation);
    let kinds: Vec<Value> = causes
        .iter()
        .map(|c| serde_json::to_value(c.kind).unwrap())
        .collect();
    assert_eq!(explanation.verdict.word(), entry["expectVerdict"]);
    assert_eq!(explanation.outcome.word(), entry["expectOutcome"]);
    assert_eq!(Value::from(kinds), entry["expectCauses"]);
}

macro_rules! ends {
    ($($test:ident $name:literal,)*) => {
        /// One test for each built-in estate.
        mod ends_as_its_entry_says {
            $(
                #[test]
                fn $test() {
                    super::ends_as_its_entry_says($name);
                }
            )*
        }
    };
}

crate::each_story!(ends);

/// The words of all stories on one page, to be read side by side.
#[test]
fn the_words_of_every_story() {
    let mut words = String::new();
    for (name, _) in files() {
        let (entry, estate) = told(name);
        let explanation = explain(&estate, &question(&entry));
        words.push_str(&format!(
            "{name}: {} {}\n",
            explanation.verdict.word(),
            explanation.outcome.word()
        ));
        for cause in &diagnose(&estate, &explanation) {
            words.push_str(&format!(
                "  {:?}: {}\n    -> {}\n",
                cause.kind, cause.message, cause.remedy
            ));
        }
    }
    insta::assert_snapshot!("stories", words);
}

/// The emulator enforces what the explanation says.
fn the_quick_check_agrees(name: &str) {
    let (entry, estate) = told(name);
    let question = question(&entry);
    if !question.attributes.is_empty() {
        return;
    }
    let explanation = explain(&estate, &question);
    // What is no account has no name under which it could be asked for.
    let target = &explanation.question.target;
    if target.relative().starts_with("projects/-/") {
        return;
    }
    let answer = may(
        &estate,
        &question.caller,
        question.permission.as_str(),
        target,
        question.time,
    );
    let expected = match entry["expectVerdict"].as_str().unwrap() {
        "CAN_ACCESS" => Truth::Yes,
        "CANNOT_ACCESS" => Truth::No,
        "UNKNOWN_INFO" => Truth::UnknownInfo,
        _ => Truth::UnknownConditional,
    };
    assert_eq!(answer, expected);
}

macro_rules! agrees {
    ($($test:ident $name:literal,)*) => {
        /// One test for each built-in estate.
        mod the_quick_check_agrees {
            $(
                #[test]
                fn $test() {
                    super::the_quick_check_agrees($name);
                }
            )*
        }
    };
}

crate::each_story!(agrees);
