//! `index`: a compiled estate says what the files say that it was made of, and is refused where it is not whole.

use super::common::{AT, Home};

const ESTATE: &str = r#"{
    "organizations": [{ "name": "organizations/1", "displayName": "example.com" }],
    "projects": [{ "name": "projects/30", "projectId": "app", "parent": "organizations/1" }],
    "serviceAccounts": [
        { "name": "projects/app/serviceAccounts/a@app.iam.gserviceaccount.com", "email": "a@app.iam.gserviceaccount.com", "uniqueId": "1" },
        { "name": "projects/app/serviceAccounts/b@app.iam.gserviceaccount.com", "email": "b@app.iam.gserviceaccount.com", "uniqueId": "2" }],
    "groups": [{ "email": "team@example.com", "members": ["user:ana@example.com"] }],
    "iamPolicies": {
        "//iam.googleapis.com/projects/app/serviceAccounts/a@app.iam.gserviceaccount.com": { "bindings": [
            { "role": "roles/iam.serviceAccountTokenCreator", "members": ["group:team@example.com", "group:hidden@example.com"] }] },
        "//iam.googleapis.com/projects/app/serviceAccounts/b@app.iam.gserviceaccount.com": { "version": 3, "bindings": [
            { "role": "roles/iam.serviceAccountTokenCreator", "members": ["serviceAccount:a@app.iam.gserviceaccount.com"],
              "condition": { "title": "until", "expression": "request.time < timestamp(\"2030-01-01T00:00:00Z\")" } }] } },
    "unreadable": ["groups/hidden@example.com"]
}"#;

#[test]
fn a_compiled_estate_says_what_its_files_say() {
    let home = Home::new();
    let file = home.write("estate.json", ESTATE);
    let file = file.to_str().unwrap();
    let index = format!("{file}.index");
    home.run(&["index", file])
        .ends(0)
        .says("2 service accounts and 2 policies written to");
    let b = "b@app.iam.gserviceaccount.com";
    for question in [
        &["reach", "--caller", "user:ana@example.com", "--at", AT][..],
        &["who", "--target", b, "--at", AT],
        &[
            "explain",
            "--caller",
            "user:eve@example.com",
            "--target",
            b,
            "--at",
            AT,
        ],
        &[
            "explain",
            "--caller",
            "user:ana@example.com",
            "--target",
            b,
            "--at",
            AT,
        ],
        &[
            "explain",
            "--caller",
            "user:ana@example.com",
            "--target",
            "2",
            "--at",
            AT,
        ],
        &[
            "explain",
            "--caller",
            "user:ana@example.com",
            "--target",
            "c@app.iam.gserviceaccount.com",
            "--at",
            AT,
        ],
        &[
            "path",
            "--caller",
            "user:ana@example.com",
            "--target",
            b,
            "--at",
            AT,
        ],
        &[
            "fix",
            "--dry-run",
            "--caller",
            "user:eve@example.com",
            "--target",
            b,
            "--at",
            AT,
        ],
        &["review", "--at", AT],
        &["list", "bindings"],
        &["list", "service-accounts"],
        &["list", "projects"],
    ] {
        let ask = |estate: &str| {
            let ran = home.run(&[&["--format=json", "--estate", estate], question].concat());
            (ran.code, ran.json().to_string().replace(&index, file))
        };
        assert_eq!(ask(&index), ask(file), "{question:?}");
    }
    // What comes in over a pipe is told by its first bytes too.
    let twice = home.path("twice.index");
    let twice = twice.to_str().unwrap();
    home.run(&["index", "--out", twice, &index]).ends(0);
    assert_eq!(
        std::fs::read(twice).unwrap(),
        std::fs::read(&index).unwrap()
    );
}

#[test]
fn an_index_that_is_not_whole_or_not_alone_is_refused() {
    let home = Home::new();
    let file = home.write("estate.json", ESTATE);
    let file = file.to_str().unwrap();
    let index = home.path("estate.index");
    let index = index.to_str().unwrap();
    home.run(&["index", "--out", index, file]).ends(0);
    let good = std::fs::read(index).unwrap();
    let projects = |estate: &[&str]| home.run(&[estate, &["list", "projects"]].concat());
    projects(&["--estate", index]).ends(0);
    projects(&["--estate", index, file])
        .ends(2)
        .says("expected it alone, or the files that it was made of");
    for (bytes, words) in [
        (good[..good.len() / 2].to_vec(), "it is cut off"),
        ([&good[..good.len() - 1], b"?"].concat(), "it is damaged"),
        (
            [&good[..16], &[9, 0, 0, 0], &good[20..]].concat(),
            "made by a newer bindscope",
        ),
    ] {
        std::fs::write(index, bytes).unwrap();
        projects(&["--estate", index])
            .ends(2)
            .says(words)
            .says("Make it again with bindscope index");
    }
    home.run(&["--estate", file, "index", file])
        .ends(2)
        .says("index reads the files");
    home.run(&["index", "-"]).ends(2).says("add --out FILE");
}
