//! Organization policies in estate files and asset exports.

use serde_json::{Value, json};

use super::super::{Estate, Read};
use super::{SourceFile, read, read_text, to_json};
use crate::iam::org_policy::{ALLOWED_DOMAINS, KEY_CREATION, LIFETIME_EXTENSION};
use crate::iam::{OrgPolicy, Resource};

fn estate(rest: Value) -> Result<Estate, String> {
    let mut file = json!({
        "organizations": [{ "name": "organizations/1" }],
        "projects": [{ "name": "projects/3", "projectId": "app", "parent": "organizations/1" }],
    });
    for (key, value) in rest.as_object().unwrap() {
        file[key] = value.clone();
    }
    read_text("f.json", &file.to_string()).map_err(|e| e.to_string())
}

fn export(lines: &[Value]) -> Estate {
    let text: String = lines.iter().map(|l| format!("{l}\n")).collect();
    read_text("export", &text).unwrap()
}

fn on(name: &str) -> Resource {
    Resource::parse(name).unwrap()
}

fn set<'e>(
    estate: &'e Estate,
    level: &str,
    constraint: &str,
) -> Result<Option<&'e OrgPolicy>, String> {
    match estate.org_policy(&on(level), constraint) {
        Read::Known(policy) => Ok(policy.map(|p| &**p)),
        Read::Unreadable(why) => Err(why.to_string()),
    }
}

#[test]
fn policies_are_kept_and_written_as_they_are() {
    let policies = json!([
        {
            "name": "organizations/1/policies/iam.allowedPolicyMemberDomains",
            "spec": { "etag": "abc", "rules": [{ "values": { "allowedValues": ["is:C0example"] } }] },
            "newer": true,
        },
        {
            "name": "projects/3/policies/custom.own",
            "dryRunSpec": { "rules": [{ "enforce": true }] },
        },
    ]);
    let file = json!({ "orgPolicies": policies, "unreadable": ["projects/3/policies"] });
    let estate = estate(file).unwrap();
    let found = set(&estate, "organizations/1", ALLOWED_DOMAINS).unwrap();
    assert_eq!(found.unwrap().extra["newer"], true);
    assert_eq!(set(&estate, "organizations/1", KEY_CREATION), Ok(None));
    assert_eq!(
        set(&estate, "projects/app", "custom.own"),
        Err("may not be read".to_owned()),
        "a project by its number"
    );
    let written = to_json(&estate);
    assert_eq!(written["orgPolicies"], policies);
    assert_eq!(written["unreadable"], json!(["projects/3/policies"]));
}

#[test]
fn a_broken_policy_is_refused_with_its_place() {
    let domains = "organizations/1/policies/iam.allowedPolicyMemberDomains";
    for (policies, words) in [
        (
            json!([{ "name": "x" }]),
            "$.orgPolicies[0]: found 'x', expected projects/NUMBER/policies/CONSTRAINT",
        ),
        (
            json!([{ "name": domains, "spec": { "inheritFromParents": true } }]),
            "unknown field 'inheritFromParents': did you mean 'inheritFromParent'?",
        ),
        (
            json!([{ "name": domains, "spec": { "rules": [{ "values": { "allowed_values": [] } }] } }]),
            "unknown field 'allowed_values': did you mean 'allowedValues'?",
        ),
        (
            json!([{ "name": domains, "spec": { "rules": [{ "enforce": true }] } }]),
            "$.orgPolicies[0]: the policy 'organizations/1/policies/iam.allowedPolicyMemberDomains' cannot be: iam.allowedPolicyMemberDomains takes rules with values",
        ),
        (
            json!([{ "name": domains }, { "name": domains }]),
            "$.orgPolicies[1]: 'organizations/1/policies/iam.allowedPolicyMemberDomains' is listed twice",
        ),
        (
            json!([{ "name": "projects/apps/policies/custom.own" }]),
            "it is not among the projects: expected a project that is. Did you mean 'app'?",
        ),
        (
            json!([
                { "name": "projects/app/policies/custom.own" },
                { "name": "projects/3/policies/custom.own", "spec": { "rules": [{ "enforce": true }] } },
            ]),
            "custom.own has another policy there; f.json, line 1 says otherwise",
        ),
    ] {
        let said = estate(json!({ "orgPolicies": policies })).unwrap_err();
        assert!(said.contains(words), "{said}\n  expected {words}");
    }
}

/// Discovery document cloudasset v1, `Asset.orgPolicy`, as `gcloud asset export
/// --content-type=org-policy` writes it.
#[test]
fn an_export_of_organization_policies_is_read() {
    let estate = export(&[
        json!({
            "name": "//cloudresourcemanager.googleapis.com/organizations/1",
            "asset_type": "cloudresourcemanager.googleapis.com/Organization",
            "org_policy": [
                {
                    "constraint": "constraints/iam.allowedPolicyMemberDomains", "etag": "abc",
                    "list_policy": { "allowed_values": ["C0example"], "inherit_from_parent": false },
                },
                { "constraint": "constraints/iam.disableServiceAccountKeyCreation", "boolean_policy": { "enforced": true } },
                { "constraint": "constraints/iam.allowServiceAccountCredentialLifetimeExtension", "list_policy": { "all_values": "DENY" } },
                { "constraint": "constraints/custom.managed.other", "version": 2, "boolean_policy": { "enforced": true } },
            ],
            "ancestors": ["organizations/1"],
        }),
        json!({
            "name": "//cloudresourcemanager.googleapis.com/projects/3",
            "assetType": "cloudresourcemanager.googleapis.com/Project",
            "orgPolicy": [{ "constraint": "constraints/iam.allowedPolicyMemberDomains", "restoreDefault": {} }],
            "ancestors": ["projects/3", "organizations/1"],
        }),
    ]);
    let spec = |level: &str, constraint: &str| {
        let policy = set(&estate, level, constraint).unwrap().unwrap();
        serde_json::to_value(policy.spec.as_ref().unwrap()).unwrap()
    };
    assert_eq!(
        spec("organizations/1", ALLOWED_DOMAINS),
        json!({ "rules": [{ "values": { "allowedValues": ["C0example"] } }] })
    );
    assert_eq!(
        spec("organizations/1", KEY_CREATION),
        json!({ "rules": [{ "enforce": true }] })
    );
    assert_eq!(
        spec("organizations/1", LIFETIME_EXTENSION),
        json!({ "rules": [{ "denyAll": true }] })
    );
    assert_eq!(
        spec("projects/3", ALLOWED_DOMAINS),
        json!({ "reset": true })
    );
    assert_eq!(set(&estate, "projects/3", KEY_CREATION), Ok(None));
}

#[test]
fn what_an_export_does_not_hold_of_them_is_unknown() {
    let project = json!({
        "name": "//cloudresourcemanager.googleapis.com/projects/3",
        "assetType": "cloudresourcemanager.googleapis.com/Project",
        "ancestors": ["projects/3", "organizations/1"],
    });
    let with = |policies: Value| {
        let mut asset = project.clone();
        asset["orgPolicy"] = policies;
        asset
    };
    let why = |estate: &Estate| set(estate, "projects/3", ALLOWED_DOMAINS).unwrap_err();
    assert!(why(&export(std::slice::from_ref(&project))).contains("content type ORG_POLICY"));
    let allowing = json!([{ "constraint": "constraints/iam.allowedPolicyMemberDomains", "listPolicy": { "allValues": "ALLOW" } }]);
    assert!(why(&export(&[with(allowing)])).contains("everything above it"));
    let organization = json!({
        "name": "//cloudresourcemanager.googleapis.com/organizations/1",
        "assetType": "cloudresourcemanager.googleapis.com/Organization",
        "orgPolicy": [{ "constraint": "constraints/iam.managed.allowedPolicyMembers", "booleanPolicy": { "enforced": true } }],
        "ancestors": ["organizations/1"],
    });
    assert!(why(&export(&[project.clone(), organization])).contains("conditions"));
    // A file beside it may say that there are none.
    let beside = |name: &str, text: String| SourceFile::text(name, text);
    let sources = vec![
        beside("a", project.to_string()),
        beside("b", json!({ "orgPolicies": [] }).to_string()),
    ];
    let loaded = read(sources, &mut |_| {}).unwrap();
    assert_eq!(set(&loaded.estate, "projects/3", ALLOWED_DOMAINS), Ok(None));
}
