//! Accounts that were deleted.

use super::*;

const RUN: &str = "run@p.iam.gserviceaccount.com";

fn account(id: &str) -> Value {
    json!({ "name": format!("projects/p/serviceAccounts/{RUN}"), "email": RUN, "uniqueId": id })
}

fn deleted(id: &str, time: &str) -> Value {
    let mut it = account(id);
    it["deleteTime"] = json!(time);
    it
}

fn file(there: &[Value], gone: &[Value]) -> String {
    let projects = json!([{ "name": "projects/1", "projectId": "p" }]);
    json!({ "projects": projects, "serviceAccounts": there, "deletedServiceAccounts": gone })
        .to_string()
}

#[test]
fn deleted_and_missing_are_told_apart() {
    let gone = deleted("101", "2026-11-20T00:00:00Z");
    let estate = read_text("f", &file(&[], &[gone])).unwrap();
    for name in [RUN, "101"] {
        let asked = Resource::account("-", name);
        assert_eq!(estate.resolve(&asked), Existence::Deleted, "{name}");
        let known = estate.deleted_account(name).unwrap();
        assert_eq!(known.deleted_at(), Some("2026-11-20T00:00:00Z"));
    }
    let other = Resource::account("-", "nobody@p.iam.gserviceaccount.com");
    assert_eq!(estate.resolve(&other), Existence::Missing);
}

/// A namesake is another account: the old one stays deleted, by its unique id.
#[test]
fn one_address_may_have_had_several_accounts() {
    let gone = [
        deleted("101", "2026-11-20T00:00:00Z"),
        deleted("102", "2026-11-21T00:00:00Z"),
    ];
    let text = file(&[account("103")], &gone);
    let estate = read_text("f", &text).unwrap();
    let by = |name: &str| estate.resolve(&Resource::account("-", name));
    assert_eq!(by(RUN), Existence::Exists(Resource::account("p", RUN)));
    assert_eq!(by("103"), Existence::Exists(Resource::account("p", RUN)));
    assert_eq!(by("101"), Existence::Deleted);
    assert_eq!(by("102"), Existence::Deleted);
    assert_eq!(by("104"), Existence::Missing);
    let written = to_json(&estate);
    assert_eq!(
        written["deletedServiceAccounts"].as_array().map(Vec::len),
        Some(2)
    );
    let again = read_text("g", &written.to_string()).unwrap();
    assert_eq!(to_json(&again), written);
    // Brought back, it is deleted no more; the other one is.
    let mut estate = read_text("f", &file(&[], &gone)).unwrap();
    estate.put_account(serde_json::from_value(account("101")).unwrap());
    let left: Vec<&str> = estate
        .deleted_accounts()
        .map(|d| d.unique_id.as_str())
        .collect();
    assert_eq!(left, ["102"]);
}

#[test]
fn files_are_merged_and_contradictions_refused() {
    let gone = deleted("101", "2026-11-20T00:00:00Z");
    let (one, two) = (file(&[], std::slice::from_ref(&gone)), file(&[], &[]));
    let both = load(&[("one", &one), ("two", &two), ("three", &one)]).unwrap();
    assert_eq!(both.estate.deleted_accounts().count(), 1);
    let later = file(&[], &[deleted("101", "2026-11-21T00:00:00Z")]);
    let why = load(&[("one", &one), ("later", &later)]).err().unwrap();
    assert!(why.contains("has another deleteTime"), "{why}");
    for (text, words) in [
        (
            file(&[account("101")], std::slice::from_ref(&gone)),
            "'101' is the uniqueId of",
        ),
        (file(&[], &[gone.clone(), gone.clone()]), "is listed twice"),
        (
            file(&[], &[deleted("101", "yesterday")]),
            "expected a deleteTime as 2026-11-24T12:00:00Z",
        ),
        (
            file(&[], &[json!({ "name": "run", "uniqueId": "1" })]),
            "expected projects/PROJECT/serviceAccounts/EMAIL",
        ),
        (
            file(
                &[],
                &[
                    json!({ "name": format!("projects/p/serviceAccounts/{RUN}"), "deletetime": "x" }),
                ],
            ),
            "did you mean 'deleteTime'?",
        ),
    ] {
        let why = refusal(&text);
        assert!(why.contains(words), "{why}");
        assert!(why.contains("deletedServiceAccounts"), "{why}");
    }
}
