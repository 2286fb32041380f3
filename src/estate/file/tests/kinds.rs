//! Kinds of things of which a file holds not one: they are not known, and never absent.

use super::export::EXPORT;
use super::*;
use crate::estate::Assumption;

const GHOST: &str =
    "//iam.googleapis.com/projects/app-prod/serviceAccounts/ghost@app-prod.iam.gserviceaccount.com";
const FOLDER: &str = "//cloudresourcemanager.googleapis.com/folders/2";

/// The sample without the lines in which all of these stand.
fn without(lines: &[&[&str]]) -> Estate {
    let is_in = |line: &str| {
        lines
            .iter()
            .any(|all| all.iter().all(|text| line.contains(text)))
    };
    let kept: Vec<&str> = EXPORT.lines().filter(|line| !is_in(line)).collect();
    load(&[("export.ndjson", &kept.join("\n"))]).unwrap().estate
}

fn is_known(estate: &Estate, name: &str) -> bool {
    let resource = Resource::parse(name).unwrap();
    let resource = estate.resolve(&resource).exists().unwrap();
    estate.allow_policy(&resource).is_known()
}

#[test]
fn policies_of_a_kind_of_which_an_export_holds_none_are_not_known() {
    // A bucket's policy shows that those of all types were asked for: the folder has none.
    let whole = without(&[]);
    assert!(is_known(&whole, FOLDER) && is_known(&whole, ACCOUNT));
    let bucket: &[&str] = &["storage.googleapis.com/Bucket"];
    let levels = without(&[bucket]);
    assert!(!is_known(&levels, FOLDER) && is_known(&levels, ACCOUNT));
    let of_account: &[&str] = &["/ServiceAccount\"", "iam_policy"];
    assert!(is_known(&without(&[of_account]), ACCOUNT));
    let none = without(&[bucket, of_account]);
    assert!(!is_known(&none, ACCOUNT) && is_known(&none, "projects/app-prod"));
    let of_projects: &[&str] = &["/Project\"", "iam_policy"];
    assert!(!is_known(
        &without(&[bucket, of_projects]),
        "projects/app-prod"
    ));
}

#[test]
fn which_accounts_there_are_is_known_where_some_are_told() {
    let ghost = Resource::parse(GHOST).unwrap();
    let whole = without(&[]);
    assert_eq!(whole.resolve(&ghost), Existence::Missing);
    assert!(!whole.is_part());
    let none = without(&[&["/ServiceAccount\""]]);
    assert!(matches!(none.resolve(&ghost), Existence::Unknown(_)));
    assert!(none.assumes(Assumption::NoAccountListInExport) && none.is_part());
    // A list that an estate file has is one.
    let file = load(&[("estate.json", &example().to_string())]).unwrap();
    assert_eq!(file.estate.resolve(&ghost), Existence::Missing);
}

#[test]
fn an_empty_list_tells_of_nothing() {
    for text in ["[]", "{\"results\": []}"] {
        let alone = load(&[("list.json", text)]).unwrap().estate;
        assert!(alone.is_part(), "{text}");
        let ghost = Resource::parse(GHOST).unwrap();
        assert!(
            matches!(alone.resolve(&ghost), Existence::Unknown(_)),
            "{text}"
        );
        // As one of several shards it takes nothing from the others.
        let both = load(&[("list.json", text), ("export.ndjson", EXPORT)]).unwrap();
        assert!(!both.estate.is_part(), "{text}");
    }
}

/// The number stands beside the name: both are one project.
#[test]
fn a_search_tells_a_projects_number_beside_its_id() {
    let found = json!([{ "assetType": "cloudresourcemanager.googleapis.com/Project", "project": "projects/3",
        "folders": ["folders/2"], "organization": "organizations/1",
        "resource": "//cloudresourcemanager.googleapis.com/projects/app-prod",
        "policy": { "bindings": [{ "role": "roles/viewer", "members": ["user:ana@example.com"] }] } }]);
    let estate = load(&[("found.json", &found.to_string())]).unwrap().estate;
    assert_eq!(estate.project("3").unwrap().project_id, "app-prod");
    assert_eq!(bindings(&estate, "projects/3"), ["roles/viewer"]);
    assert!(estate.ancestry(&Resource::project("app-prod")).complete);
    assert_eq!(estate.projects().count(), 1);
}
