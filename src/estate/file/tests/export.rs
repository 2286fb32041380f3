//! Asset exports, as they really come.

use super::*;
use crate::estate::Assumption;

/// Lines as the documentation and public samples of exports have them.
pub(super) const EXPORT: &str = r##"# exported on a Monday
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
        estate
            .assumptions()
            .map(Assumption::name)
            .collect::<Vec<_>>(),
        [
            "NO_BOUNDARIES_IN_EXPORT",
            "NO_DENY_POLICIES_IN_EXPORT",
            "NO_TAGS_IN_EXPORT"
        ]
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
    assert_eq!((loaded.nameless, estate.unreadable().count()), (0, 4));
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
    // Four allow policies, the organization policies of three levels, the APIs of a project.
    assert_eq!(loaded.estate.unreadable().count(), 8);
    let both = load(&[("a", &resources_only), ("b", &policies_only)]).unwrap();
    assert_eq!(
        to_json(&both.estate),
        to_json(&load(&[("c", EXPORT)]).unwrap().estate)
    );
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
        refusal(&bad).contains(
            "line 9: $: in resource.data.disabled: found the text \"no\", expected true or false"
        ),
        "{}",
        refusal(&bad)
    );
}
