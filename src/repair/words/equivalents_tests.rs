//! The same change in other tools: every printed form is read back.

use std::process::Command;

use proptest::prelude::*;

use super::*;
use crate::repair::plan::edit;

const ROLE: &str = "roles/iam.serviceAccountTokenCreator";
const HOSTILE: &str = "user:a'; rm -rf ~ #\"$(id)`id`${x}%{y}\\\u{1b}[2J\n\u{202e}^,^é@x.com";

fn target() -> Resource {
    Resource::account("app-prod", "privileged@app-prod.iam.gserviceaccount.com")
}

fn grant(member: &str, condition: Option<Condition>) -> Grant {
    Grant {
        role: ROLE.to_owned(),
        member: member.to_owned(),
        condition,
    }
}

fn noon() -> Condition {
    Condition {
        expression: "request.time < timestamp(\"2026-11-24T12:00:00Z\")".to_owned(),
        title: Some("until noon".to_owned()),
        ..Condition::default()
    }
}

/// What a shell makes of the words.
fn words(shell: &str, command: &str) -> Vec<String> {
    let script = format!("for w in {command}; do printf '%s\\0' \"$w\"; done");
    let output = Command::new(shell).arg("-c").arg(script).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.split_terminator('\0').map(str::to_owned).collect()
}

/// What curl is given by these commands, in a shell in which it only says so.
fn curl_words(text: &str) -> Vec<String> {
    let script = format!("gcloud() {{ :; }}; curl() {{ printf '%s\\0' \"$@\"; }}; {text}");
    let output = Command::new("sh").arg("-c").arg(script).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8(output.stdout).unwrap();
    said.split_terminator('\0').map(str::to_owned).collect()
}

#[test]
fn gcloud_reads_as_its_manual_says() {
    let before = json!({"etag": "BwX=", "bindings": []});
    let g = grant("serviceAccount:run@app-prod.iam.gserviceaccount.com", None);
    let after = edit::add(&before, &g).unwrap().policy;
    let (target, bare) = (target(), Resource::account("-", "1026"));
    assert_eq!(
        Equivalents::new(&target, &g, &before, &after)
            .unwrap()
            .gcloud(),
        "gcloud iam service-accounts add-iam-policy-binding privileged@app-prod.iam.gserviceaccount.com --project=app-prod --member=serviceAccount:run@app-prod.iam.gserviceaccount.com --role=roles/iam.serviceAccountTokenCreator"
    );
    assert!(
        !Equivalents::new(&bare, &g, &before, &after)
            .unwrap()
            .gcloud()
            .contains("--project")
    );

    let conditional = grant("user:ana@example.com", Some(noon()));
    let with = edit::add(&before, &conditional).unwrap().policy;
    let change = Equivalents::new(&target, &conditional, &before, &with).unwrap();
    assert!(change.gcloud().ends_with(
        r#"'--condition=expression=request.time < timestamp("2026-11-24T12:00:00Z"),title=until noon'"#
    ));
    // Where a condition is in the policy, its absence is said.
    let after = edit::add(&with, &g).unwrap().policy;
    let change = Equivalents::new(&target, &g, &with, &after).unwrap();
    assert!(change.gcloud().ends_with(" --condition=None"));
    assert!(change.gcloud_undo().contains("remove-iam-policy-binding"));
}

#[test]
fn a_corrected_member_is_added_before_the_old_one_is_taken_out() {
    let before = json!({"bindings": [{"role": ROLE, "members": ["user:anna@x.com"]}]});
    let after = edit::replace_member(&before, ROLE, None, "user:anna@x.com", "user:ana@x.com");
    let (target, after, g) = (
        target(),
        after.unwrap().policy,
        grant("user:ana@x.com", None),
    );
    let change = Equivalents::new(&target, &g, &before, &after).unwrap();
    let change = change.replacing(Some("user:anna@x.com"));
    let said = words("sh", &change.gcloud().replace(" &&\n", " "));
    let flags: Vec<&str> = said
        .iter()
        .map(String::as_str)
        .filter(|w| w.contains("-binding") || w.starts_with("--member"))
        .collect();
    assert_eq!(
        flags,
        [
            "add-iam-policy-binding",
            "--member=user:ana@x.com",
            "remove-iam-policy-binding",
            "--member=user:anna@x.com"
        ]
    );
    assert!(change.gcloud_undo().starts_with("gcloud iam service-accounts add-iam-policy-binding privileged@app-prod.iam.gserviceaccount.com --project=app-prod --member=user:anna@x.com"));
}

/// Who stood there before the change stays when it is taken back.
#[test]
fn a_correction_to_a_member_that_is_there_only_takes_the_other_out() {
    let before =
        json!({"bindings": [{"role": ROLE, "members": ["user:anna@x.com", "user:ana@x.com"]}]});
    let after = edit::replace_member(&before, ROLE, None, "user:anna@x.com", "user:ana@x.com");
    let (after, g) = (after.unwrap().policy, grant("user:ana@x.com", None));
    let account = target();
    let change = Equivalents::new(&account, &g, &before, &after).unwrap();
    let change = change.replacing(Some("user:anna@x.com"));
    for (command, verb) in [(change.gcloud(), "remove"), (change.gcloud_undo(), "add")] {
        let said = words("sh", &command);
        assert_eq!(said[3], format!("{verb}-iam-policy-binding"));
        assert_eq!(said[6], "--member=user:anna@x.com");
        assert_eq!(said.len(), 8, "{command}");
    }
}

#[test]
fn a_delimiter_is_found_that_no_value_holds() {
    let mut c = noon();
    c.description = Some("a, b".to_owned());
    assert!(gcloud_dict(&c).starts_with("^;^expression=request.time"));
    c.title = Some(",:;|~@%+#[0][1".to_owned());
    let text = gcloud_dict(&c);
    let rest = text.strip_prefix("^[1]^").unwrap();
    assert_eq!(
        rest.split("[1]").collect::<Vec<_>>(),
        [
            format!("expression={}", c.expression).as_str(),
            "title=,:;|~@%+#[0][1",
            "description=a, b"
        ]
    );
}

#[test]
fn what_a_command_would_take_for_a_flag_is_no_name() {
    let (g, policy) = (grant("user:a@x.com", None), json!({}));
    let evil = "--impersonate-service-account=evil@x.com";
    for resource in [
        Resource::account("p", evil),
        Resource::project(evil),
        Resource::project(""),
        Resource::Folder("-1".into()),
        Resource::Organization("-1".into()),
    ] {
        let error = Equivalents::new(&resource, &g, &policy, &policy).unwrap_err();
        assert!(error.to_string().contains(&resource.full_name()));
    }
}

/// The same grant at each of the other levels, as gcloud, Terraform and curl name it, and what the
/// letter says of it.
#[test]
fn every_level_has_its_own_commands() {
    let levels = [
        (
            Resource::project("app-prod"),
            "gcloud projects add-iam-policy-binding app-prod",
            "resource \"google_project_iam_member\" \"run_on_project_app_prod\" {\n  project = \"app-prod\"\n  role    = ",
            "https://cloudresourcemanager.googleapis.com/v3/projects/app-prod",
            "Project:         app-prod",
            [
                "resourcemanager.projects.getIamPolicy",
                "roles/resourcemanager.projectIamAdmin",
            ],
        ),
        (
            // Of the kind that belongs to a domain.
            Resource::project("example.com:app"),
            "gcloud projects add-iam-policy-binding example.com:app",
            "resource \"google_project_iam_member\" \"run_on_project_app\" {\n  project = \"example.com:app\"\n  role    = ",
            "https://cloudresourcemanager.googleapis.com/v3/projects/example.com:app",
            "Project:         example.com:app",
            [
                "resourcemanager.projects.setIamPolicy",
                "roles/resourcemanager.projectIamAdmin",
            ],
        ),
        (
            Resource::Folder("2001".into()),
            "gcloud resource-manager folders add-iam-policy-binding 2001",
            "resource \"google_folder_iam_member\" \"run_on_folder_2001\" {\n  folder = \"folders/2001\"\n  role   = ",
            "https://cloudresourcemanager.googleapis.com/v3/folders/2001",
            "Folder:          2001",
            [
                "resourcemanager.folders.setIamPolicy",
                "roles/resourcemanager.folderIamAdmin",
            ],
        ),
        (
            Resource::Organization("1001".into()),
            "gcloud organizations add-iam-policy-binding 1001",
            "resource \"google_organization_iam_member\" \"run_on_organization_1001\" {\n  org_id = \"1001\"\n  role   = ",
            "https://cloudresourcemanager.googleapis.com/v3/organizations/1001",
            "Organization:    1001",
            [
                "resourcemanager.organizations.setIamPolicy",
                "roles/resourcemanager.organizationAdmin",
            ],
        ),
    ];
    let old = "serviceAccount:rum@app-prod.iam.gserviceaccount.com";
    let new = "serviceAccount:run@app-prod.iam.gserviceaccount.com";
    let before = json!({"etag": "BwX=", "bindings": [{"role": ROLE, "members": [old]}]});
    let after = edit::replace_member(&before, ROLE, None, old, new).unwrap();
    let (after, g) = (after.policy, grant(new, None));
    for (resource, gcloud, terraform, url, row, needs) in levels {
        let change = Equivalents::new(&resource, &g, &before, &after).unwrap();
        assert_eq!(
            change.gcloud(),
            format!("{gcloud} --member={new} --role={ROLE}")
        );
        let change = change.replacing(Some(old));
        let remove = gcloud.replace("add-iam", "remove-iam");
        assert_eq!(
            change.gcloud(),
            format!(
                "{gcloud} --member={new} --role={ROLE} &&\n  {remove} --member={old} --role={ROLE}"
            )
        );
        assert_eq!(
            change.gcloud_undo(),
            format!(
                "{gcloud} --member={old} --role={ROLE} &&\n  {remove} --member={new} --role={ROLE}"
            )
        );
        let block = change.terraform();
        assert!(block.starts_with(terraform), "{block}");
        assert!(block.ends_with(&format!(" = \"{new}\"\n}}\n")), "{block}");

        let said = curl_words(&change.curl(None));
        let read = format!("{url}:getIamPolicy");
        assert!(said.contains(&read), "{said:?}");
        assert!(said.contains(&r#"{"options":{"requestedPolicyVersion":3}}"#.to_owned()));
        assert_eq!(said.last(), Some(&format!("{url}:setIamPolicy")));

        let letter = change.request("iam.serviceAccounts.getAccessToken", None);
        let kind = resource.kind().word();
        for part in [
            format!("Please grant one role on one {kind}."),
            format!("\n{row}\n"),
            format!("\nMember:          {new}\nInstead of:      {old}\n"),
            format!("on a service account in this {kind}."),
            format!("The role counts for everything in the {kind}."),
            change.gcloud(),
            change.gcloud_undo(),
        ] {
            assert!(letter.contains(&part), "{part} not in {letter}");
        }
        for part in needs {
            assert!(letter.contains(part), "{part} not in {letter}");
        }
        assert!(!letter.contains("iam.serviceAccountAdmin"), "{letter}");
    }
}

/// The roles that a letter names have what it says is needed.
#[test]
fn the_role_of_the_letter_has_the_permissions_of_the_letter() {
    let (g, policy) = (grant("user:a@x.com", None), json!({}));
    for resource in [
        target(),
        Resource::project("p"),
        Resource::Folder("1".into()),
        Resource::Organization("1".into()),
    ] {
        let change = Equivalents::new(&resource, &g, &policy, &policy).unwrap();
        let letter = change.request("iam.serviceAccounts.getAccessToken", None);
        let needed = letter.lines().last().unwrap();
        let word = |text: &str| text.trim_matches(['(', ')', '.', ',']).to_owned();
        let words: Vec<String> = needed.split_whitespace().map(word).collect();
        let role = words.iter().find(|w| w.starts_with("roles/")).unwrap();
        let role = crate::iam::predefined::role(role).unwrap();
        let wanted: Vec<&String> = words.iter().filter(|w| w.contains("IamPolicy")).collect();
        assert_eq!(wanted.len(), 2, "{needed}");
        assert!(wanted.iter().all(|p| role.includes(p)), "{needed}");
    }
}

#[test]
fn hostile_names_stay_one_word_and_show_nothing_hidden() {
    let before = json!({});
    let mut condition = noon();
    condition.title = Some(HOSTILE.to_owned());
    let g = grant(HOSTILE, Some(condition));
    let after = json!({"bindings": [{"role": ROLE, "members": [HOSTILE]}]});
    for (resource, member_at) in [
        (target(), 6),
        (Resource::project(HOSTILE), 4),
        (Resource::Folder(HOSTILE.into()), 5),
        (Resource::Organization(HOSTILE.into()), 4),
    ] {
        let change = Equivalents::new(&resource, &g, &before, &after).unwrap();
        let command = change.gcloud();
        let said = words("bash", &command);
        assert_eq!(said.len(), member_at + 3);
        assert_eq!(said[member_at], format!("--member={HOSTILE}"));
        if resource != target() {
            assert_eq!(said[member_at - 1], HOSTILE);
        }
        let change = change.replacing(Some(HOSTILE));
        for text in [
            change.gcloud(),
            change.terraform(),
            change.curl(None),
            change.request("p\u{1b}", Some("\u{7}why")),
        ] {
            let hidden: Vec<char> = text
                .chars()
                .filter(|c| is_hidden(*c) && *c != '\n')
                .collect();
            assert!(hidden.is_empty(), "{hidden:?} in {text}");
            assert!(
                !text.contains("\nuser:") && !text.contains("\n[2J"),
                "{text}"
            );
        }
        // Only the shell's own words lead to the address.
        assert_eq!(curl_words(&change.curl(None)).len(), 24);
    }
}

#[test]
fn terraform_quotes_templates_away() {
    // As `terraform console` reads them back: ${x}, $${x}, %{y}.
    assert_eq!(hcl("${x}"), r#""\u0024{x}""#);
    assert_eq!(hcl("$${x}"), r#""$\u0024{x}""#);
    assert_eq!(hcl("%{y}\"\\\n$5"), r#""\u0025{y}\"\\\n$5""#);
    assert_eq!(hcl("\u{1b}\u{e0001}"), r#""\u001b\U000e0001""#);

    let (target, before) = (target(), json!({}));
    let g = grant(
        "serviceAccount:run-1@app-prod.iam.gserviceaccount.com",
        Some(noon()),
    );
    let after = edit::add(&before, &g).unwrap().policy;
    assert_eq!(
        Equivalents::new(&target, &g, &before, &after)
            .unwrap()
            .terraform(),
        r#"resource "google_service_account_iam_member" "run_1_on_privileged" {
  service_account_id = "projects/app-prod/serviceAccounts/privileged@app-prod.iam.gserviceaccount.com"
  role               = "roles/iam.serviceAccountTokenCreator"
  member             = "serviceAccount:run-1@app-prod.iam.gserviceaccount.com"

  condition {
    title      = "until noon"
    expression = "request.time < timestamp(\"2026-11-24T12:00:00Z\")"
  }
}
"#
    );
    assert_eq!(identifier("12\" {\n"), "grant_12");
    assert_eq!(identifier("\u{202e}"), "grant");
}

#[test]
fn curl_sends_the_whole_policy_with_its_etag() {
    let (target, before) = (target(), json!({"etag": "BwX=", "x": "it's\u{9b}"}));
    let g = grant("user:ana@example.com", None);
    let after = edit::add(&before, &g).unwrap().policy;
    let text = Equivalents::new(&target, &g, &before, &after)
        .unwrap()
        .curl(Some("http://127.0.0.1:8080/"));
    assert!(text.contains("$(gcloud auth print-access-token)"));
    let said = curl_words(&text);
    let url = "http://127.0.0.1:8080/v1/projects/app-prod/serviceAccounts/privileged@app-prod.iam.gserviceaccount.com";
    assert!(said.contains(&format!(
        "{url}:getIamPolicy?options.requestedPolicyVersion=3"
    )));
    assert!(said.contains(&"{}".to_owned()));
    assert_eq!(said.last(), Some(&format!("{url}:setIamPolicy")));
    let body = said.iter().rev().nth(1).unwrap();
    assert_eq!(
        serde_json::from_str::<Value>(body).unwrap(),
        json!({"policy": after})
    );
}

#[test]
fn the_letter_says_who_what_where_and_how() {
    let (target, before) = (
        Resource::account("-", "privileged@app-prod.iam.gserviceaccount.com"),
        json!({}),
    );
    let g = grant("user:ana@example.com", Some(noon()));
    let after = edit::add(&before, &g).unwrap().policy;
    let change = Equivalents::new(&target, &g, &before, &after).unwrap();
    let letter = change.request(
        "iam.serviceAccounts.getAccessToken",
        Some("Deploys stand still."),
    );
    for part in [
        "Project:         app-prod",
        ROLE,
        "user:ana@example.com",
        "request.time <",
        "refused iam.serviceAccounts.getAccessToken on this account. Deploys stand still.",
        &change.gcloud(),
        &change.gcloud_undo(),
    ] {
        assert!(letter.contains(part), "{part} not in {letter}");
    }
}

#[test]
fn a_joined_member_is_one_operation() {
    let before = json!({"etag": "BwX=", "bindings": [{"role": ROLE, "members": ["user:a@x.com"]}, {"role": "r", "members": []}]});
    let g = grant("user:b@x.com", None);
    let (target, after) = (target(), edit::add(&before, &g).unwrap().policy);
    assert_eq!(
        Equivalents::new(&target, &g, &before, &after)
            .unwrap()
            .json_patch(),
        json!([
            {"op": "test", "path": "/etag", "value": "BwX="},
            {"op": "add", "path": "/bindings/0/members/1", "value": "user:b@x.com"},
        ])
    );
}

/// RFC 6902 as a reader of it would write it.
fn apply(document: &mut Value, ops: &Value) {
    for op in ops.as_array().unwrap() {
        let path = op["path"].as_str().unwrap();
        if op["op"] == "test" {
            assert_eq!(document.pointer(path), Some(&op["value"]));
            continue;
        }
        let Some((parent, last)) = path.rsplit_once('/') else {
            *document = op["value"].clone();
            continue;
        };
        let last = last.replace("~1", "/").replace("~0", "~");
        match (
            document.pointer_mut(parent).unwrap(),
            op["op"].as_str().unwrap(),
        ) {
            (Value::Array(a), "add") => a.insert(last.parse().unwrap(), op["value"].clone()),
            (Value::Array(a), "remove") => drop(a.remove(last.parse().unwrap())),
            (Value::Array(a), _) => a[last.parse::<usize>().unwrap()] = op["value"].clone(),
            (Value::Object(o), "remove") => drop(o.shift_remove(&last).unwrap()),
            (Value::Object(o), _) => drop(o.insert(last, op["value"].clone())),
            (other, kind) => unreachable!("{kind} in {other}"),
        }
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::from),
        "[ab]".prop_map(Value::from)
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec(("[a~/]{0,2}", inner), 0..4)
                .prop_map(|f| Value::Object(f.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn the_patch_makes_the_one_of_the_other(before in any_json(), after in any_json()) {
        let (target, g) = (target(), grant("user:a@x.com", None));
        let change = Equivalents::new(&target, &g, &before, &after).unwrap();
        let mut document = before.clone();
        apply(&mut document, &change.json_patch());
        prop_assert_eq!(document, after);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(24) })]

    /// A shell gives back just the text, whatever it is.
    #[test]
    fn a_shell_word_is_one_word(texts in prop::collection::vec("[\\PC\\x01-\\x1f\\x7f\\u{80}-\\u{9f}\\u{202e}'\"$`\\\\!~*#&;()-]{0,20}", 1..20)) {
        let command: Vec<String> = texts.iter().map(|t| shell(t)).collect();
        prop_assert_eq!(words("bash", &command.join(" ")), texts);
    }
}
