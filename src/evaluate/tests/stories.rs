//! Each built-in estate gives the answer that its index entry promises.

use serde_json::Value;

use super::{account, at, estate, who};
use crate::evaluate::{Call, CauseKind, Question, Seen, Tri, diagnose, explain, may};
use crate::iam::Permission;

pub(super) fn files() -> Vec<(&'static str, &'static str)> {
    macro_rules! story {
        ($($name:literal),*) => {
            vec![$(($name, include_str!(concat!("../../../assets/estates/", $name, ".json")))),*]
        };
    }
    story!(
        "api-off",
        "boundary",
        "boundary-v1",
        "conditional",
        "tagged",
        "cross-project",
        "custom-role-disabled",
        "delegation",
        "denied",
        "disabled",
        "github",
        "group",
        "inherited",
        "owner",
        "role-lacks",
        "self-grant",
        "typo",
        "unreadable",
        "unreadable-yes",
        "wrong-kind",
        "wrong-target",
        "no-grant",
        "role-deleted",
        "role-unknown",
        "role-unreadable",
        "not-in-group",
        "group-unreadable",
        "condition-broken",
        "condition-attribute",
        "condition-open",
        "target-missing",
        "caller-missing",
        "caller-disabled",
        "boundary-deny-only",
        "domain-restricted",
        "github-self",
        "target-deleted",
        "caller-deleted",
        "quota-denied",
        "lifetime",
        "expired",
        "scopes",
        "young",
        "person-target",
        "default-account",
        "third-project",
        "pool-deleted",
        "provider-refuses",
        "subject-too-long",
        "attribute-not-mapped"
    )
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

#[test]
fn every_story_ends_as_its_index_entry_says() {
    let mut told = String::new();
    for (name, text) in files() {
        let index = index();
        let entry = index.iter().find(|e| e["name"] == name).unwrap();
        let estate = estate(text);
        let explanation = explain(&estate, &question(entry));
        let causes = diagnose(&estate, &explanation);
        let kinds: Vec<Value> = causes
            .iter()
            .map(|c| serde_json::to_value(c.kind).unwrap())
            .collect();
        told.push_str(&format!(
            "{name}: {} {}\n",
            explanation.verdict.word(),
            explanation.outcome.word()
        ));
        for cause in &causes {
            told.push_str(&format!(
                "  {:?}: {}\n    -> {}\n",
                cause.kind, cause.message, cause.remedy
            ));
        }
        assert_eq!(
            explanation.verdict.word(),
            entry["expectVerdict"],
            "{name}\n{told}"
        );
        assert_eq!(
            explanation.outcome.word(),
            entry["expectOutcome"],
            "{name}\n{told}"
        );
        assert_eq!(Value::from(kinds), entry["expectCauses"], "{name}\n{told}");
    }
    insta::assert_snapshot!("stories", told);
}

/// The emulator enforces what the explanation says.
#[test]
fn the_quick_check_agrees_with_the_explanation() {
    for (name, text) in files() {
        let index = index();
        let entry = index.iter().find(|e| e["name"] == name).unwrap();
        let estate = estate(text);
        let question = question(entry);
        if !question.attributes.is_empty() {
            continue;
        }
        let explanation = explain(&estate, &question);
        // What is no account has no name under which it could be asked for.
        if explanation
            .question
            .target
            .relative()
            .starts_with("projects/-/")
        {
            continue;
        }
        let answer = may(
            &estate,
            &question.caller,
            question.permission.as_str(),
            &explanation.question.target,
            question.time,
        );
        let expected = match entry["expectVerdict"].as_str().unwrap() {
            "CAN_ACCESS" => Tri::Yes,
            "CANNOT_ACCESS" => Tri::No,
            "UNKNOWN_INFO" => Tri::UnknownInfo,
            _ => Tri::UnknownConditional,
        };
        assert_eq!(answer, expected, "{name}");
    }
}
