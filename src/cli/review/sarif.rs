//! SARIF 2.1.0 (OASIS "Static Analysis Results Interchange Format", sections 3.13 to 3.35): one run, the rules,
//! a result for each finding. Where a finding is stands as a logical location, for there is no source file.

use serde_json::{Value, json};

use crate::answer::reviewed::{ReviewAnswer, Reviewed};
use crate::evaluate::review::{ReviewRule, Severity};

/// The whole log.
pub(super) fn page(answer: &ReviewAnswer) -> Value {
    let rules: Vec<Value> = ReviewRule::ALL
        .iter()
        .map(|rule| {
            json!({
                "id": rule.id(),
                "shortDescription": { "text": rule.title() },
                "helpUri": "https://github.com/bindscope/bindscope/blob/main/docs/review.md",
                "defaultConfiguration": { "level": level(rule.severity()) },
                "properties": { "security-severity": score(rule.severity()) },
            })
        })
        .collect();
    let results: Vec<Value> = answer.findings.iter().map(result).collect();
    let told = answer.review.not_judged.iter().map(|rule| {
        json!({
            "level": "note",
            "message": { "text": format!("{} was not judged: {}", rule.rule.id(), rule.why) },
        })
    });
    let unread = answer.review.not_read.iter().map(
        |name| json!({ "level": "warning", "message": { "text": format!("{name} was not read") } }),
    );
    let told: Vec<Value> = told.chain(unread).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "bindscope",
                "version": env!("CARGO_PKG_VERSION"),
                "informationUri": "https://github.com/bindscope/bindscope",
                "rules": rules,
            } },
            "invocations": [{
                "executionSuccessful": true,
                "toolExecutionNotifications": told,
            }],
            "results": results,
        }],
    })
}

fn result(one: &Reviewed) -> Value {
    let finding = &one.finding;
    let index = ReviewRule::ALL
        .iter()
        .position(|rule| *rule == finding.rule);
    let locations: Vec<Value> = finding
        .evidence
        .iter()
        .map(|e| {
            json!({ "logicalLocations": [{
                "fullyQualifiedName": e.resource.full_name(),
                "name": format!("{} to {}", e.role, e.member),
                "kind": "resource",
            }] })
        })
        .collect();
    // What is found of no binding is found of its subject.
    let locations = match locations.is_empty() {
        true => vec![json!({ "logicalLocations": [{
            "fullyQualifiedName": finding.subject, "kind": "resource",
        }] })],
        false => locations,
    };
    let mut result = json!({
        "ruleId": finding.rule.id(),
        "ruleIndex": index,
        "level": level(finding.severity),
        "message": { "text": format!("{}. {}", finding.message, finding.remedy) },
        "locations": locations.first().into_iter().collect::<Vec<_>>(),
        "relatedLocations": locations.get(1..).unwrap_or_default(),
        "partialFingerprints": { "bindscope/v1": finding.id },
        "suppressions": [],
        "properties": {
            "severity": finding.severity.word(),
            "certain": finding.certain,
            "path": finding.path,
            "members": finding.members(),
            "mend": one.mends.iter().map(|m| m.diff.to_unified_string()).collect::<Vec<_>>(),
        },
    });
    if let (Some(known), Some(result)) = (&one.suppressed, result.as_object_mut()) {
        result.insert(
            "suppressions".into(),
            json!([{
                "kind": "external",
                "status": "accepted",
                "justification": format!("{} (until {})", known.reason, known.until),
            }]),
        );
    }
    result
}

/// SARIF knows three (section 3.27.10).
fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low => "note",
    }
}

/// As code scanning orders alerts: over 9.0 critical, from 7.0 high, from 4.0 medium (docs.github.com, "SARIF
/// support for code scanning").
fn score(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.0",
        Severity::Low => "2.0",
    }
}
