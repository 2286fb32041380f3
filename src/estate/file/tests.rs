use std::io::Cursor;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::{Estate, Existence, Read};
use super::*;
use crate::iam::Resource;

const ACCOUNT: &str =
    "//iam.googleapis.com/projects/app-prod/serviceAccounts/run@app-prod.iam.gserviceaccount.com";

fn source(name: &str, text: &str) -> Source {
    Source {
        name: name.to_owned(),
        reader: Box::new(Cursor::new(text.as_bytes().to_vec())),
    }
}

fn load(files: &[(&str, &str)]) -> Result<Loaded, String> {
    let sources = files
        .iter()
        .map(|(name, text)| source(name, text))
        .collect();
    read(sources, &mut |_| {}).map_err(|e| e.to_string())
}

fn refusal(text: &str) -> String {
    load(&[("f.json", text)]).unwrap_err()
}

fn bindings<'a>(estate: &'a Estate, name: &str) -> Vec<&'a str> {
    let resource = estate
        .resolve(&Resource::parse(name).unwrap())
        .exists()
        .unwrap();
    match estate.allow_policy(&resource) {
        Read::Known(Some(policy)) => policy.bindings.iter().map(|b| &*b.role).collect(),
        Read::Known(None) => Vec::new(),
        Read::Unreadable(why) => panic!("{name}: {why}"),
    }
}

/// The contract's own example, shortened where it is not JSON.
fn example() -> Value {
    json!({
        "organizations": [{ "name": "organizations/1001", "displayName": "example.com", "directoryCustomerId": "C0example" }],
        "folders": [{ "name": "folders/2001", "parent": "organizations/1001", "displayName": "prod" }],
        "projects": [{ "name": "projects/3001", "projectId": "app-prod", "parent": "folders/2001", "displayName": "App", "state": "ACTIVE" }],
        "serviceAccounts": [{ "name": "projects/app-prod/serviceAccounts/run@app-prod.iam.gserviceaccount.com", "email": "run@app-prod.iam.gserviceaccount.com", "projectId": "app-prod", "uniqueId": "101", "displayName": "", "disabled": false }],
        "roles": [{ "name": "organizations/1001/roles/minter", "includedPermissions": ["iam.serviceAccounts.getAccessToken"], "stage": "GA" }],
        "groups": [{ "email": "devs@example.com", "members": ["user:ana@example.com", "group:leads@example.com"] }],
        "iamPolicies": {
            ACCOUNT: { "version": 3, "etag": "BwYAAAE=", "bindings": [] },
            "//cloudresourcemanager.googleapis.com/projects/3001": { "bindings": [{ "role": "roles/viewer", "members": ["user:ana@example.com"] }] },
            "//cloudresourcemanager.googleapis.com/folders/2001": { "bindings": [] }
        },
        "denyPolicies": [{ "name": "policies/cloudresourcemanager.googleapis.com%2Fprojects%2Fapp-prod/denypolicies/no-minting", "rules": [{ "denyRule": { "deniedPrincipals": ["principalSet://goog/public:all"], "exceptionPrincipals": [], "deniedPermissions": ["iam.googleapis.com/serviceAccounts.getAccessToken"], "denialCondition": { "expression": "true" } } }] }],
        "principalAccessBoundaryPolicies": [{ "name": "organizations/1001/locations/global/principalAccessBoundaryPolicies/b1", "details": { "enforcementVersion": "3", "rules": [{ "effect": "ALLOW", "resources": ["//cloudresourcemanager.googleapis.com/folders/2001"], "excludedResources": [], "operation": { "permissions": ["iam.googleapis.com/*.*"], "excludedPermissions": [] } }] } }],
        "policyBindings": [{ "name": "organizations/1001/locations/global/policyBindings/pb1", "target": { "principalSet": "//cloudresourcemanager.googleapis.com/organizations/1001" }, "policyKind": "PRINCIPAL_ACCESS_BOUNDARY", "policy": "organizations/1001/locations/global/principalAccessBoundaryPolicies/b1", "condition": { "expression": "true" } }],
        "tags": { "//cloudresourcemanager.googleapis.com/projects/app-prod": [{ "namespacedTagKey": "1001/env", "namespacedTagValue": "1001/env/prod", "tagKey": "tagKeys/1", "tagValue": "tagValues/2" }] },
        "enabledServices": { "projects/3001": ["iam.googleapis.com", "iamcredentials.googleapis.com"] },
        "pools": [{ "name": "projects/3001/locations/global/workloadIdentityPools/gh", "disabled": true, "displayName": "GitHub" }, { "name": "locations/global/workforcePools/staff" }],
        "providers": [{ "name": "projects/3001/locations/global/workloadIdentityPools/gh/providers/actions", "attributeMapping": { "google.subject": "assertion.sub" } }],
        "unreadable": ["//cloudresourcemanager.googleapis.com/organizations/1001", "policies/cloudresourcemanager.googleapis.com%2Forganizations%2F1001/denypolicies", "organizations/1001/locations/global/policyBindings", "groups/Devs@example.com", "organizations/1001/roles/minter"]
    })
}

#[test]
fn the_contracts_example_is_read() {
    let estate = read_text("f.json", &example().to_string()).unwrap();
    let account = estate
        .resolve(&Resource::parse(ACCOUNT).unwrap())
        .exists()
        .unwrap();
    let levels: Vec<String> = estate
        .ancestry(&account)
        .levels
        .iter()
        .map(Resource::relative)
        .collect();
    assert_eq!(
        levels,
        [
            "projects/app-prod/serviceAccounts/run@app-prod.iam.gserviceaccount.com",
            "projects/app-prod",
            "folders/2001",
            "organizations/1001"
        ]
    );
    assert_eq!(bindings(&estate, "projects/app-prod"), ["roles/viewer"]);
    assert!(
        !estate
            .allow_policy(&Resource::parse("organizations/1001").unwrap())
            .is_known()
    );
    assert!(!estate.group("devs@example.com").is_known());
    assert!(!estate.role("organizations/1001/roles/minter").is_known());
    assert_eq!(
        estate
            .deny_policies(&Resource::project("app-prod"))
            .known()
            .unwrap()
            .len(),
        1
    );
    assert_eq!(
        estate.effective_tags(&account).known().unwrap()[0].tag_value,
        "tagValues/2"
    );
    assert_eq!(
        estate.service_enabled("app-prod", "sts.googleapis.com"),
        Read::Known(false)
    );
    assert_eq!(estate.providers().count(), 1);
    // By the project's id as well.
    let pool = "projects/app-prod/locations/global/workloadIdentityPools/gh";
    assert_eq!(estate.pool(pool).unwrap().extra["displayName"], "GitHub");
    assert!(estate.takes_no_tokens(pool));
    assert!(!estate.takes_no_tokens("locations/global/workforcePools/staff"));
    assert_eq!(estate.assumptions().count(), 0);
}

#[test]
fn a_pool_is_named_as_one() {
    let bad = json!({ "pools": [{ "name": "projects/p/locations/global/workloadIdentityPools/gh/providers/a" }] });
    let why = read_text("f.json", &bad.to_string())
        .unwrap_err()
        .to_string();
    assert!(why.contains("workforcePools/POOL"), "{why}");
    let asset = json!({
        "name": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/gh",
        "asset_type": "iam.googleapis.com/WorkloadIdentityPool",
        "resource": { "data": { "name": "projects/1/locations/global/workloadIdentityPools/gh", "state": "DELETED" } },
    });
    let estate = read_text("export.ndjson", &asset.to_string()).unwrap();
    assert!(estate.takes_no_tokens("projects/1/locations/global/workloadIdentityPools/gh"));
}

#[test]
fn what_gcloud_prints_can_be_pasted_in() {
    let estate = read_text(
        "f.json",
        r#"{ "organizations": [{ "name": "organizations/1", "displayName": "example.com", "creationTime": "2020-01-01T00:00:00Z", "lifecycleState": "ACTIVE", "owner": { "directoryCustomerId": "C1" } }],
             "folders": [{ "name": "folders/2", "parent": "organizations/1", "displayName": "prod", "lifecycleState": "ACTIVE" }],
             "projects": [{ "name": "App", "projectId": "app-prod", "projectNumber": "3", "parent": { "type": "folder", "id": "2" }, "lifecycleState": "ACTIVE", "createTime": "2020-01-01T00:00:00Z" }],
             "serviceAccounts": [{ "name": "projects/app-prod/serviceAccounts/a@app-prod.iam.gserviceaccount.com" }] }"#,
    )
    .unwrap();
    let project = estate.project("3").unwrap();
    assert_eq!(
        (project.display_name.as_str(), project.state.as_str()),
        ("App", "ACTIVE")
    );
    assert_eq!(project.parent, "folders/2");
    let organization = estate.organization("1").unwrap();
    assert_eq!(organization.directory_customer_id.as_deref(), Some("C1"));
    assert_eq!(organization.extra["state"], "ACTIVE");
    assert_eq!(
        estate
            .account("a@app-prod.iam.gserviceaccount.com")
            .unwrap()
            .project_id,
        "app-prod"
    );
}

#[test]
fn a_broken_file_says_line_path_and_what_was_expected() {
    for (text, expected) in [
        (
            "",
            "f.json, line 1: $: the file is empty: expected an estate",
        ),
        ("[", "f.json, line 1: $: EOF while parsing a list"),
        (
            "{\n  \"folders\": [\n",
            "f.json, line 3: $.folders: EOF while parsing a list",
        ),
        (
            "\"x\"",
            "f.json, line 1: $: invalid type: string \"x\", expected an estate (one JSON object)",
        ),
        (
            "{\n \"serviceAccount\": [] }",
            "f.json, line 2: $: unknown key 'serviceAccount'. Did you mean 'serviceAccounts'?",
        ),
        (
            "{\"folders\": {}}",
            "f.json, line 1: $.folders: invalid type: map, expected a list",
        ),
        (
            "{\"folders\": [], \"folders\": []}",
            "$: the key 'folders' stands twice",
        ),
        (
            "{\"serviceAccounts\": [\n{\"name\": \"projects/p/serviceAccounts/a@p.iam.gserviceaccount.com\",\n \"disabled\": \"yes\"}]}",
            "f.json, line 3: $.serviceAccounts[0].disabled: invalid type: string \"yes\", expected a boolean",
        ),
        (
            "{\"serviceAccounts\": [{}]}",
            "$.serviceAccounts[0]: missing field `name`",
        ),
        (
            "{\"serviceAccounts\": [{\"name\": \"a@p\"}]}",
            "$.serviceAccounts[0]: found 'a@p', expected projects/PROJECT/serviceAccounts/EMAIL",
        ),
        (
            "{\"projects\": [{\"name\": \"projects/1\"}]}",
            "$.projects[0]: a project has no projectId",
        ),
        (
            "{\"projects\": [{\"name\": \"projects/1\", \"projectId\": \"a\", \"parent\": \"org/1\"}]}",
            "$.projects[0].parent: invalid value: string \"org/1\", expected a parent: \"organizations/N\"",
        ),
        (
            "{\"iamPolicies\": {\"//iam.googleapis.com/bad\": {}}}",
            "$.iamPolicies[\"//iam.googleapis.com/bad\"]: '//iam.googleapis.com/bad' names no organization",
        ),
        (
            "{\"iamPolicies\": {\"//cloudresourcemanager.googleapis.com/folders/1\": {\"binding\": []}}}",
            "unknown field 'binding': did you mean 'bindings'?",
        ),
        (
            "{\"iamPolicies\": {\"//cloudresourcemanager.googleapis.com/folders/1\": {\"bindings\": [{\"role\": \"roles/viewer\", \"members\": [\"user:a@example.com\", 7]}]}}}",
            "$.iamPolicies[\"//cloudresourcemanager.googleapis.com/folders/1\"].bindings[0].members[1]: invalid type: integer `7`, expected a string",
        ),
        (
            "{\"roles\": [{\"name\": \"roles/x\", \"included_permissions\": []}]}",
            "unknown field 'included_permissions': did you mean 'includedPermissions'?",
        ),
        (
            "{\"folders\": [\n{\"name\": \"folders/1\"},\n{\"name\": \"folders/1\"}]}",
            "f.json, line 3: $.folders[1]: 'folders/1' is listed twice, first on line 2",
        ),
        (
            "{\"folders\": [{\"name\": \"folders/1\", \"parent\": \"folders/2\"},\n{\"name\": \"folders/2\", \"parent\": \"folders/1\"}]}",
            "folders lie below each other in a circle: folders/1 → folders/2 → folders/1",
        ),
        (
            "{\"projects\": [{\"name\": \"projects/1\", \"projectId\": \"a\"}, {\"name\": \"projects/2\", \"projectId\": \"a\"}]}",
            "'a' is the projectId of 'projects/2' and of 'projects/1'",
        ),
        (
            "{\"projects\": [{\"name\": \"projects/1\", \"projectId\": \"app-prod\"}], \"iamPolicies\": {\"//cloudresourcemanager.googleapis.com/projects/app-prd\": {}}}",
            "it is not among the projects: expected a project that is. Did you mean 'app-prod'?",
        ),
        (
            "{\"projects\": [{\"name\": \"projects/1\", \"projectId\": \"app-prod\"}], \"iamPolicies\": {\"//cloudresourcemanager.googleapis.com/projects/app-prod\": {}, \"//cloudresourcemanager.googleapis.com/projects/1\": {}}}",
            "it has two policies, the first on line 1",
        ),
        (
            "{\"denyPolicies\": [{\"name\": \"policies/x/denypolicies/y\"}]}",
            "$.denyPolicies[0]: found 'policies/x/denypolicies/y', expected policies/cloudresourcemanager",
        ),
        (
            "{\"unreadable\": [\"everything\"]}",
            "$.unreadable[0]: found 'everything', expected a full resource name",
        ),
        (
            "{\"groups\": [{\"email\": \"devs\"}]}",
            "$.groups[0]: found 'devs', expected the group's e-mail",
        ),
        (
            "{\"assumptions\": [\"LUCK\"]}",
            "$.assumptions[0]: found 'LUCK', expected NO_DENY",
        ),
        (
            "[{\"assetType\": \"x\"}]",
            "$[0]: an asset without a name or a type",
        ),
    ] {
        let said = refusal(text);
        assert!(
            said.contains(expected),
            "{text}\n  said     {said}\n  expected {expected}"
        );
    }
}

#[test]
fn hostile_files_are_refused_in_words() {
    let long = format!(
        "{{\"organizations\": [{{\"name\": \"{}\"}}]}}",
        "x".repeat(64 << 20)
    );
    let said = refusal(&long);
    assert!(
        said.contains("$.organizations[0].name: a string is longer than 8 MiB"),
        "{said}"
    );
    let deep = format!("{{\"folders\": {}", "[".repeat(200_000));
    assert!(
        refusal(&deep).contains("invalid type"),
        "{}",
        refusal(&deep)
    );
    let deep = format!(
        "{{\"folders\": [{{\"name\": \"folders/1\", \"x\": {}",
        "[".repeat(200_000)
    );
    let said = refusal(&deep);
    assert!(said.contains("recursion limit exceeded"), "{said}");
    let said = refusal("{\"\u{1b}[2J\u{202e}\": 1}");
    assert!(
        !said.contains('\u{1b}') && !said.contains('\u{202e}'),
        "{said}"
    );
    let utf16: Vec<u8> = std::iter::once(0xfeff_u16)
        .chain("{}".encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    let source = Source {
        name: "f.json".into(),
        reader: Box::new(Cursor::new(utf16)),
    };
    let said = read(vec![source], &mut |_| {}).unwrap_err().to_string();
    assert_eq!(said, "cannot read f.json: it is UTF-16: save it as UTF-8");
    let source = Source {
        name: "f.json".into(),
        reader: Box::new(Cursor::new(b"{\"\xff\": 1}".to_vec())),
    };
    let said = read(vec![source], &mut |_| {}).unwrap_err().to_string();
    assert!(said.contains("line 1: $: invalid unicode"), "{said}");
}

#[test]
fn a_byte_order_mark_and_comment_lines_are_passed() {
    let text = "\u{feff}# from prod\n{ \"folders\": [\n  # the one\n  { \"name\": \"folders/1\",\n \"displayName\": \"# not a comment\" },\n  {}] }";
    let said = refusal(text);
    assert!(said.starts_with("f.json, line 6: $.folders[1]"), "{said}");
    let estate = read_text("f.json", &text.replace(",\n  {}]", "]")).unwrap();
    assert_eq!(estate.folder("1").unwrap().display_name, "# not a comment");
}

/// Lines as the documentation and public samples of exports have them.
const EXPORT: &str = r##"# exported on a Monday
{"name":"//cloudresourcemanager.googleapis.com/organizations/1","asset_type":"cloudresourcemanager.googleapis.com/Organization","resource":{"version":"v1","discovery_name":"Organization","data":{"displayName":"example.com","name":"organizations/1","lifecycleState":"ACTIVE","owner":{"directoryCustomerId":"C1"}}},"ancestors":["organizations/1"]}
{"name":"//cloudresourcemanager.googleapis.com/organizations/1","asset_type":"cloudresourcemanager.googleapis.com/Organization","iam_policy":{"etag":"BwX=","bindings":[{"role":"roles/browser","members":["domain:example.com"]}]},"ancestors":["organizations/1"]}
{"name":"//cloudresourcemanager.googleapis.com/folders/2","asset_type":"cloudresourcemanager.googleapis.com/Folder","resource":{"version":"v1","parent":"//cloudresourcemanager.googleapis.com/organizations/1","data":{"displayName":"prod","name":"folders/2","parent":"organizations/1","lifecycleState":"ACTIVE"}},"ancestors":["folders/2","organizations/1"]}
{"name":"//cloudresourcemanager.googleapis.com/projects/3","asset_type":"cloudresourcemanager.googleapis.com/Project","resource":{"version":"v1","parent":"//cloudresourcemanager.googleapis.com/folders/2","data":{"name":"App","projectId":"app-prod","projectNumber":"3","lifecycleState":"ACTIVE","parent":{"id":"2","type":"folder"}}},"ancestors":["projects/3","folders/2","organizations/1"]}
{"name":"//cloudresourcemanager.googleapis.com/projects/3","asset_type":"cloudresourcemanager.googleapis.com/Project","iam_policy":{"bindings":[{"role":"roles/iam.serviceAccountTokenCreator","members":["user:ana@example.com"]}]},"ancestors":["projects/3","folders/2","organizations/1"]}
{"name":"//iam.googleapis.com/projects/app-prod/serviceAccounts/102600000000000000001","asset_type":"iam.googleapis.com/ServiceAccount","iam_policy":{"bindings":[{"role":"roles/iam.serviceAccountUser","members":["user:ana@example.com"]}]},"ancestors":["projects/3","folders/2","organizations/1"]}

{"name":"//iam.googleapis.com/projects/app-prod/serviceAccounts/102600000000000000001","asset_type":"iam.googleapis.com/ServiceAccount","resource":{"version":"v1","parent":"//cloudresourcemanager.googleapis.com/projects/3","data":{"email":"run@app-prod.iam.gserviceaccount.com","name":"projects/app-prod/serviceAccounts/run@app-prod.iam.gserviceaccount.com","projectId":"app-prod","uniqueId":"102600000000000000001","disabled":true}},"ancestors":["projects/3","folders/2","organizations/1"]}
{"name":"//iam.googleapis.com/organizations/1/roles/minter","asset_type":"iam.googleapis.com/Role","resource":{"data":{"name":"organizations/1/roles/minter","includedPermissions":["iam.serviceAccounts.getAccessToken"],"stage":"GA"}},"ancestors":["organizations/1"]}
{"name":"//storage.googleapis.com/b","asset_type":"storage.googleapis.com/Bucket","iam_policy":{"bindings":[{"role":"roles/storage.admin","members":["allUsers"]}]},"ancestors":["projects/3","folders/2","organizations/1"]}
{"name":"//nova.googleapis.com/x","asset_type":"nova.googleapis.com/Thing","resource":{"data":[1,2]},"ancestors":["projects/3","folders/2","organizations/1"]}
"##;

#[test]
fn an_export_is_an_estate() {
    let loaded = load(&[("export.ndjson", EXPORT)]).unwrap();
    let estate = &loaded.estate;
    assert_eq!(bindings(estate, "organizations/1"), ["roles/browser"]);
    assert_eq!(bindings(estate, "folders/2"), [] as [&str; 0]);
    assert_eq!(
        bindings(estate, "projects/app-prod"),
        ["roles/iam.serviceAccountTokenCreator"]
    );
    assert_eq!(bindings(estate, ACCOUNT), ["roles/iam.serviceAccountUser"]);
    assert_eq!(
        estate
            .organization("1")
            .unwrap()
            .directory_customer_id
            .as_deref(),
        Some("C1")
    );
    assert!(
        estate
            .account("run@app-prod.iam.gserviceaccount.com")
            .unwrap()
            .disabled
    );
    assert!(estate.role("organizations/1/roles/minter").is_known());
    let account = estate
        .resolve(&Resource::parse(ACCOUNT).unwrap())
        .exists()
        .unwrap();
    let ancestry = estate.ancestry(&account);
    assert!(ancestry.complete && ancestry.levels.len() == 4);
    assert_eq!(
        estate.assumptions().collect::<Vec<_>>(),
        ["NO_BOUNDARIES_IN_EXPORT", "NO_DENY_POLICIES_IN_EXPORT"]
    );
    assert_eq!(
        loaded
            .skipped
            .iter()
            .map(|(k, n)| (k.as_str(), *n))
            .collect::<Vec<_>>(),
        [
            ("nova.googleapis.com/Thing", 1),
            ("storage.googleapis.com/Bucket", 1)
        ]
    );
    // It holds no organization policies of its three levels.
    assert_eq!((loaded.nameless, estate.unreadable().count()), (0, 3));
    assert_eq!(
        loaded.notes(),
        [
            "2 assets count for nothing here and were skipped (nova.googleapis.com/Thing, storage.googleapis.com/Bucket)"
        ]
    );
}

/// As `gcloud asset list --format=json` prints it: one array, camel case.
#[test]
fn an_export_of_the_api_reads_as_that_of_a_bucket() {
    let camel: Vec<Value> = EXPORT
        .lines()
        .filter(|l| l.starts_with('{'))
        .map(|l| {
            let l = l
                .replace("\"asset_type\"", "\"assetType\"")
                .replace("\"iam_policy\"", "\"iamPolicy\"");
            serde_json::from_str(&l).unwrap()
        })
        .collect();
    let array = serde_json::to_string_pretty(&camel).unwrap();
    let one = load(&[("a", EXPORT)]).unwrap();
    let other = load(&[("b", &array)]).unwrap();
    assert_eq!(to_json(&one.estate), to_json(&other.estate));
    assert_eq!(one.skipped, other.skipped);
}

#[test]
fn ancestry_is_found_wherever_an_export_has_it() {
    let old = EXPORT
        .replace(
            "\"ancestors\":[\"projects/3\",\"folders/2\",\"organizations/1\"]",
            "\"ancestry_path\":\"organization/1/folder/2/project/3\"",
        )
        .replace(
            "\"ancestors\":[\"folders/2\",\"organizations/1\"]",
            "\"ancestry_path\":\"organization/1/folder/2\"",
        );
    let parents_only = EXPORT
        .replace(
            ",\"ancestors\":[\"projects/3\",\"folders/2\",\"organizations/1\"]",
            "",
        )
        .replace(",\"ancestors\":[\"folders/2\",\"organizations/1\"]", "");
    let wanted = to_json(&load(&[("a", EXPORT)]).unwrap().estate);
    for text in [old, parents_only] {
        assert_eq!(to_json(&load(&[("b", &text)]).unwrap().estate), wanted);
    }
    let resource_parent = parents_only_in_resource();
    let estate = load(&[("c", &resource_parent)]).unwrap().estate;
    assert_eq!(estate.project("app-prod").unwrap().parent, "folders/2");
    assert_eq!(estate.folder("2").unwrap().parent, "organizations/1");
}

fn parents_only_in_resource() -> String {
    EXPORT
        .replace(
            ",\"ancestors\":[\"projects/3\",\"folders/2\",\"organizations/1\"]",
            "",
        )
        .replace(",\"ancestors\":[\"folders/2\",\"organizations/1\"]", "")
        .replace(",\"parent\":{\"id\":\"2\",\"type\":\"folder\"}", "")
        .replace(",\"parent\":\"organizations/1\"", "")
}

/// What the export tells of without listing it is unknown: its policy might hold a grant.
#[test]
fn levels_that_are_not_in_the_export_are_unknown() {
    let accounts: String = EXPORT
        .lines()
        .filter(|l| l.contains("ServiceAccount\""))
        .map(|l| format!("{l}\n"))
        .collect();
    let loaded = load(&[("a", &accounts)]).unwrap();
    let estate = &loaded.estate;
    assert_eq!(bindings(estate, ACCOUNT), ["roles/iam.serviceAccountUser"]);
    for level in ["projects/app-prod", "folders/2", "organizations/1"] {
        let level = estate
            .resolve(&Resource::parse(level).unwrap())
            .exists()
            .unwrap();
        match estate.allow_policy(&level) {
            Read::Unreadable(why) => assert_eq!(&*why, "it is not in the asset export"),
            Read::Known(policy) => panic!("{level}: {policy:?}"),
        }
    }
    let policies_only: String = EXPORT
        .lines()
        .filter(|l| l.contains("iam_policy"))
        .map(|l| format!("{l}\n"))
        .collect();
    let loaded = load(&[("a", &policies_only)]).unwrap();
    assert_eq!(loaded.nameless, 1);
    let resources_only: String = EXPORT
        .lines()
        .filter(|l| l.contains("\"resource\""))
        .map(|l| format!("{l}\n"))
        .collect();
    let loaded = load(&[("a", &resources_only)]).unwrap();
    // Four allow policies, and the organization policies of three levels.
    assert_eq!(loaded.estate.unreadable().count(), 7);
    let both = load(&[("a", &resources_only), ("b", &policies_only)]).unwrap();
    assert_eq!(
        to_json(&both.estate),
        to_json(&load(&[("c", EXPORT)]).unwrap().estate)
    );
}

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
        loaded.estate.assumptions().collect::<Vec<_>>(),
        ["NO_BOUNDARIES_IN_EXPORT"]
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

#[test]
fn an_export_that_contradicts_itself_is_refused() {
    let moved = EXPORT.replace(
        "[\"projects/3\",\"folders/2\",\"organizations/1\"]}\n\n",
        "[\"projects/3\",\"folders/7\",\"organizations/1\"]}\n\n",
    );
    assert!(
        refusal(&moved).contains("projects/3 lies below folders/7; f.json, line 5 says otherwise"),
        "{}",
        refusal(&moved)
    );
    let bad = EXPORT.replace("\"disabled\":true", "\"disabled\":\"no\"");
    assert!(
        refusal(&bad).contains("line 9: $: in resource.data.disabled: invalid type"),
        "{}",
        refusal(&bad)
    );
}

#[test]
fn progress_is_told_and_ends_at_the_end() {
    let mut told = Vec::new();
    let text = crate::emulator::large::large(3_000, 20).to_string();
    let bytes = text.len();
    read(vec![source("large", &text)], &mut |p| {
        assert_eq!(p.name, "large");
        told.push((p.bytes, p.elements));
    })
    .unwrap();
    assert!(told.len() > 3 && told.is_sorted(), "{told:?}");
    assert_eq!(told.last().unwrap().0, u64::try_from(bytes).unwrap());
}

#[test]
fn deleted_and_missing_are_told_apart_from_unlisted() {
    let estate = read_text("f", &example().to_string()).unwrap();
    let gone = Resource::account("app-prod", "nobody@app-prod.iam.gserviceaccount.com");
    assert_eq!(estate.resolve(&gone), Existence::Missing);
}

#[test]
fn what_a_survey_did_not_read_stays_unknown_in_a_file() {
    let mut estate = Estate::new(super::super::Coverage::Partial);
    let whole = read_text("f", &example().to_string()).unwrap();
    for organization in whole.organizations() {
        estate.put_organization(organization.clone());
    }
    for folder in whole.folders() {
        estate.put_folder(folder.clone());
    }
    let organization = Resource::parse("organizations/1001").unwrap();
    estate.put_policy(organization.clone(), crate::iam::AllowPolicy::default());
    let again = read_text("g", &to_json(&estate).to_string()).unwrap();
    assert!(again.allow_policy(&organization).is_known());
    let folder = Resource::parse("folders/2001").unwrap();
    assert!(!again.allow_policy(&folder).is_known());
    assert!(!again.deny_policies(&folder).is_known());
}

#[test]
fn the_built_in_estates_survive_a_round() {
    for name in crate::emulator::estates::names() {
        let estate = crate::emulator::estates::load(name).unwrap();
        let written = to_json(&estate);
        let again = read_text(name, &written.to_string()).unwrap();
        assert_eq!(to_json(&again), written, "{name}");
    }
}

fn name() -> impl Strategy<Value = String> {
    "[a-z][a-z0-9-]{0,8}[a-z0-9]"
}

fn policy() -> impl Strategy<Value = Value> {
    let member = prop_oneof![
        name().prop_map(|n| format!("user:{n}@example.com")),
        name().prop_map(|n| format!("serviceAccount:{n}@p.iam.gserviceaccount.com")),
        Just("allUsers".to_owned()),
        "\\PC{0,12}",
    ];
    let binding = (
        name(),
        prop::collection::vec(member, 0..4),
        prop::option::of("\\PC{0,20}"),
    )
        .prop_map(|(role, members, condition)| {
            let mut b = json!({ "role": format!("roles/{role}"), "members": members });
            if let Some(expression) = condition {
                b["condition"] = json!({ "expression": expression, "title": "t" });
            }
            b
        });
    prop::collection::vec(binding, 0..4).prop_map(|b| json!({ "bindings": b, "etag": "BwY=" }))
}

prop_compose! {
    /// An estate with a tree of folders, projects that hang anywhere in it, and policies.
    fn estate()(
        folders in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
        projects in prop::collection::btree_map(name(), (any::<prop::sample::Index>(), policy()), 0..5),
        accounts in prop::collection::btree_map(name(), (any::<prop::sample::Index>(), prop::option::of(policy()), any::<bool>()), 0..6),
        groups in prop::collection::btree_map(name(), prop::collection::vec(name(), 0..3), 0..3),
        hidden in prop::collection::vec(any::<prop::sample::Index>(), 0..3),
        text in "\\PC{0,30}",
    ) -> Value {
        let mut levels = vec!["organizations/1".to_owned()];
        let mut file = json!({
            "organizations": [{ "name": "organizations/1", "displayName": text }],
            "folders": [], "projects": [], "serviceAccounts": [], "groups": [], "iamPolicies": {},
            "unreadable": [],
        });
        for (n, parent) in folders.iter().enumerate() {
            let own = format!("folders/{}", n + 10);
            file["folders"].as_array_mut().unwrap().push(json!({ "name": own, "parent": parent.get(&levels), "displayName": "" }));
            levels.push(own);
        }
        for (n, (id, (parent, policy))) in projects.iter().enumerate() {
            file["projects"].as_array_mut().unwrap().push(json!({ "name": format!("projects/{}", n + 100), "projectId": id, "parent": parent.get(&levels), "displayName": "x" }));
            file["iamPolicies"][format!("//cloudresourcemanager.googleapis.com/projects/{id}")] = policy.clone();
        }
        let ids: Vec<&String> = projects.keys().collect();
        for (n, (id, (home, policy, disabled))) in accounts.iter().enumerate().filter(|_| !ids.is_empty()) {
            let home = home.get(&ids);
            let email = format!("{id}@{home}.iam.gserviceaccount.com");
            let relative = format!("projects/{home}/serviceAccounts/{email}");
            let mut account = json!({ "name": relative, "email": email, "projectId": home, "uniqueId": format!("9{n}"), "unheardOf": [1, { "a": null }] });
            if *disabled { account["disabled"] = json!(true); }
            file["serviceAccounts"].as_array_mut().unwrap().push(account);
            if let Some(policy) = policy { file["iamPolicies"][format!("//iam.googleapis.com/{relative}")] = policy.clone(); }
        }
        for (id, members) in &groups {
            let members: Vec<String> = members.iter().map(|m| format!("user:{m}@example.com")).collect();
            file["groups"].as_array_mut().unwrap().push(json!({ "email": format!("{id}@example.com"), "members": members }));
        }
        for at in &hidden {
            let hide = format!("//cloudresourcemanager.googleapis.com/{}", at.get(&levels));
            let list = file["unreadable"].as_array_mut().unwrap();
            if !list.contains(&json!(hide)) { list.push(json!(hide)); }
        }
        file
    }
}

/// The same lists in the same order, whatever was left out because it is empty.
fn sorted(mut file: Value) -> Value {
    let object = file.as_object_mut().unwrap();
    object.retain(|_, v| {
        v.as_array().is_none_or(|a| !a.is_empty()) && v.as_object().is_none_or(|o| !o.is_empty())
    });
    for list in object.values_mut() {
        for policy in list
            .as_object_mut()
            .into_iter()
            .flat_map(|o| o.values_mut())
        {
            let policy = policy.as_object_mut().unwrap();
            policy.retain(|_, v| v.as_array().is_none_or(|a| !a.is_empty()));
        }
        if let Some(list) = list.as_array_mut() {
            list.sort_by_key(|v| {
                v["email"]
                    .as_str()
                    .or(v["projectId"].as_str())
                    .unwrap_or_default()
                    .to_owned()
                    + &v.to_string()
            });
        }
    }
    file
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn read_write_read_changes_nothing(file in estate()) {
        let estate = read_text("f", &file.to_string()).unwrap();
        let written = to_json(&estate);
        prop_assert_eq!(sorted(written.clone()), sorted(file));
        let again = read_text("g", &written.to_string()).unwrap();
        prop_assert_eq!(to_json(&again), written);
    }

    /// Whatever happens to a file on its way: an estate or an error in words, never a panic.
    #[test]
    fn damage_never_panics(at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<bool>(), export in any::<bool>()) {
        let mut bytes = if export { EXPORT.as_bytes().to_vec() } else { example().to_string().into_bytes() };
        let at = at.index(bytes.len());
        if cut { bytes.truncate(at); } else { bytes[at] = byte; }
        let source = Source { name: "f".into(), reader: Box::new(Cursor::new(bytes)) };
        if let Err(error) = read(vec![source], &mut |_| {}) {
            let said = error.to_string();
            prop_assert!(said.starts_with("f, line ") || said.starts_with("cannot read f: "), "{}", said);
            prop_assert!(!said.chars().any(crate::text::is_hidden), "{}", said);
        }
    }
}
