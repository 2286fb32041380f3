//! The estate file: what is read, and what is refused in which words.

use super::*;

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
        ("[", "f.json, line 1: $: the file breaks off within a list"),
        (
            "{\n  \"folders\": [\n",
            "f.json, line 3: $.folders: the file breaks off within a list",
        ),
        (
            "\"x\"",
            "f.json, line 1: $: found '\"x\"', which is neither JSON nor YAML",
        ),
        (
            "{\n \"serviceAccount\": [] }",
            "f.json, line 2: $: unknown key 'serviceAccount'. Did you mean 'serviceAccounts'?",
        ),
        (
            "{\"folders\": {}}",
            "f.json, line 1: $.folders: found an object, expected a list",
        ),
        (
            "{\"folders\": [], \"folders\": []}",
            "$: the key 'folders' stands twice: expected it once",
        ),
        (
            "{\"serviceAccounts\": [\n{\"name\": \"projects/p/serviceAccounts/a@p.iam.gserviceaccount.com\",\n \"disabled\": \"yes\"}]}",
            "f.json, line 3: $.serviceAccounts[0].disabled: found the text \"yes\", expected true or false",
        ),
        (
            "{\"tags\": {\"//cloudresourcemanager.googleapis.com/projects/7\": [{\"key\": \"1/env\", \"value\": \"prod\"}]}}",
            "a tag that names no value: expected namespacedTagKey and namespacedTagValue",
        ),
        (
            "{\"serviceAccounts\": [{}]}",
            "$.serviceAccounts[0]: there is no 'name' here",
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
            "$.projects[0].parent: found the text \"org/1\", expected a parent: \"organizations/N\"",
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
            "$.iamPolicies[\"//cloudresourcemanager.googleapis.com/folders/1\"].bindings[0].members[1]: found the number 7, expected a text",
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
        "x".repeat(9 << 20)
    );
    let said = refusal(&long);
    assert!(
        said.contains("$.organizations[0].name: a string is longer than 8 MiB"),
        "{said}"
    );
    let deep = format!("{{\"folders\": {}", "[".repeat(200_000));
    assert!(
        refusal(&deep).contains("expected an object"),
        "{}",
        refusal(&deep)
    );
    let deep = format!(
        "{{\"folders\": [{{\"name\": \"folders/1\", \"x\": {}",
        "[".repeat(200_000)
    );
    let said = refusal(&deep);
    assert!(said.contains("more than 128 deep"), "{said}");
    let said = refusal("{\"\u{1b}[2J\u{202e}\": 1}");
    assert!(
        !said.contains('\u{1b}') && !said.contains('\u{202e}'),
        "{said}"
    );
    let utf16: Vec<u8> = std::iter::once(0xfeff_u16)
        .chain("{}".encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    let source = SourceFile::text("f.json", utf16);
    assert!(read(vec![source], &mut |_| {}).is_ok());
    let source = SourceFile::text("f.json", b"{\"\xff\": 1}");
    let said = read(vec![source], &mut |_| {}).unwrap_err().to_string();
    assert!(
        said.contains("line 1: $: these bytes are no UTF-8"),
        "{said}"
    );
}

#[test]
fn a_byte_order_mark_and_comment_lines_are_passed() {
    let text = "\u{feff}# from prod\n{ \"folders\": [\n  # the one\n  { \"name\": \"folders/1\",\n \"displayName\": \"# not a comment\" },\n  {}] }";
    let said = refusal(text);
    assert!(said.starts_with("f.json, line 6: $.folders[1]"), "{said}");
    let estate = read_text("f.json", &text.replace(",\n  {}]", "]")).unwrap();
    assert_eq!(estate.folder("1").unwrap().display_name, "# not a comment");
}

#[test]
fn progress_is_told_and_ends_at_the_end() {
    let mut told = Vec::new();
    let accounts: Vec<Value> = (0..30_000)
        .map(|n| {
            let email = format!("a{n}@p.iam.gserviceaccount.com");
            json!({ "name": format!("projects/p/serviceAccounts/{email}"), "email": email })
        })
        .collect();
    let text = json!({
        "projects": [{ "name": "projects/1", "projectId": "p" }], "serviceAccounts": accounts
    })
    .to_string();
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

/// As deep as no organization is: it is read, and a circle of it is told in a few words.
#[test]
fn twenty_thousand_folders_below_each_other_are_read() {
    let chain = |top: &str| {
        let folder = |n: u32| {
            let parent = match n {
                0 => top.to_owned(),
                n => format!("folders/{}", n - 1),
            };
            json!({ "name": format!("folders/{n}"), "parent": parent })
        };
        let folders: Vec<Value> = (0..20_000).map(folder).collect();
        json!({ "organizations": [{ "name": "organizations/1" }], "folders": folders }).to_string()
    };
    let estate = read_text("f", &chain("organizations/1")).unwrap();
    assert_eq!(estate.folder("19999").unwrap().parent, "folders/19998");
    let said = refusal(&chain("folders/19999"));
    assert!(
        said.contains("in a circle: folders/0 → folders/19999"),
        "{said}"
    );
    assert!(
        said.contains("… → folders/0;") && said.len() < 500,
        "{said}"
    );
}
