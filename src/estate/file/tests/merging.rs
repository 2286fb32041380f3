//! Several files at once, and what does not fit together.

use super::export::EXPORT;
use super::*;
use crate::estate::Assumption;

#[test]
fn files_are_merged_and_a_contradiction_names_both() {
    let more = r#"{ "groups": [{ "email": "devs@example.com", "members": ["user:ana@example.com"] }],
        "denyPolicies": [{ "name": "policies/cloudresourcemanager.googleapis.com%2Ffolders%2F2/denypolicies/d", "rules": [] }] }"#;
    let loaded = load(&[("export.ndjson", EXPORT), ("more.json", more)]).unwrap();
    assert!(loaded.estate.group("devs@example.com").is_known());
    assert_eq!(
        loaded
            .estate
            .deny_policies(&Resource::parse("folders/2").unwrap())
            .known()
            .unwrap()
            .len(),
        1
    );
    assert_eq!(
        loaded
            .estate
            .assumptions()
            .map(Assumption::name)
            .collect::<Vec<_>>(),
        ["NO_BOUNDARIES_IN_EXPORT", "NO_TAGS_IN_EXPORT"]
    );
    let twice = load(&[("a", EXPORT), ("b", EXPORT)]).unwrap();
    assert_eq!(
        to_json(&twice.estate),
        to_json(&load(&[("a", EXPORT)]).unwrap().estate)
    );
    for (other, expected) in [
        (
            r#"{ "folders": [{ "name": "folders/2", "parent": "organizations/9" }] }"#,
            "b.json, line 1: $.folders[0]: 'folders/2' has another parent; a.ndjson, line 4 says otherwise",
        ),
        (
            "{ \"iamPolicies\": {\n \"//cloudresourcemanager.googleapis.com/projects/3\": { \"bindings\": [] } } }",
            "b.json, line 2: $.iamPolicies[\"//cloudresourcemanager.googleapis.com/projects/3\"]: it has another allow policy; a.ndjson, line 6 says otherwise",
        ),
        (
            r#"{ "projects": [{ "name": "projects/4", "projectId": "app-prod" }] }"#,
            "b.json, line 1: $.projects (\"projects/4\").projectId: 'app-prod' is the projectId of 'projects/4' and of 'projects/3': expected each to have its own; a.ndjson, line 5 says otherwise",
        ),
    ] {
        let said = load(&[("a.ndjson", EXPORT), ("b.json", other)]).unwrap_err();
        assert_eq!(said, expected);
    }
}
