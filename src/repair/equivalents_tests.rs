use std::process::Command;

use proptest::prelude::*;

use super::super::edit;
use super::*;

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

#[test]
fn gcloud_reads_as_its_manual_says() {
    let before = json!({"etag": "BwX=", "bindings": []});
    let g = grant("serviceAccount:run@app-prod.iam.gserviceaccount.com", None);
    let after = edit::add(&before, &g).unwrap().policy;
    let (target, bare) = (target(), Resource::account("-", "1026"));
    assert_eq!(
        Change::new(&target, &g, &before, &after).unwrap().gcloud(),
        "gcloud iam service-accounts add-iam-policy-binding privileged@app-prod.iam.gserviceaccount.com --project=app-prod --member=serviceAccount:run@app-prod.iam.gserviceaccount.com --role=roles/iam.serviceAccountTokenCreator"
    );
    assert!(
        !Change::new(&bare, &g, &before, &after)
            .unwrap()
            .gcloud()
            .contains("--project")
    );

    let conditional = grant("user:ana@example.com", Some(noon()));
    let with = edit::add(&before, &conditional).unwrap().policy;
    let change = Change::new(&target, &conditional, &before, &with).unwrap();
    assert!(change.gcloud().ends_with(
        r#"'--condition=expression=request.time < timestamp("2026-11-24T12:00:00Z"),title=until noon'"#
    ));
    // Where a condition is in the policy, its absence is said.
    let after = edit::add(&with, &g).unwrap().policy;
    let change = Change::new(&target, &g, &with, &after).unwrap();
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
    let change = Change::new(&target, &g, &before, &after).unwrap();
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
fn only_service_accounts_have_these_commands() {
    let (project, g, policy) = (
        Resource::project("p"),
        grant("user:a@x.com", None),
        json!({}),
    );
    let error = Change::new(&project, &g, &policy, &policy).unwrap_err();
    assert!(error.to_string().contains("projects/p"));
    // What gcloud would take for a flag is no account's name.
    let flag = Resource::account("p", "--impersonate-service-account=evil@x.com");
    assert!(Change::new(&flag, &g, &policy, &policy).is_err());
}

#[test]
fn hostile_names_stay_one_word_and_show_nothing_hidden() {
    let (target, before) = (target(), json!({}));
    let mut condition = noon();
    condition.title = Some(HOSTILE.to_owned());
    let g = grant(HOSTILE, Some(condition));
    let after = json!({"bindings": [{"role": ROLE, "members": [HOSTILE]}]});
    let change = Change::new(&target, &g, &before, &after).unwrap();
    let command = change.gcloud();
    let said = words("bash", &command);
    assert_eq!(said.len(), 9);
    assert_eq!(said[6], format!("--member={HOSTILE}"));
    let curl = change.curl(IAM_ENDPOINT);
    for text in [
        command,
        change.terraform(),
        curl,
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
        Change::new(&target, &g, &before, &after)
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
    let text = Change::new(&target, &g, &before, &after)
        .unwrap()
        .curl("http://127.0.0.1:8080/");
    assert!(text.contains("$(gcloud auth print-access-token)"));
    // A shell in which curl only says what it was given.
    let script = format!("gcloud() {{ :; }}; curl() {{ printf '%s\\0' \"$@\"; }}; {text}");
    let output = Command::new("sh").arg("-c").arg(script).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let said: Vec<&str> = said.split_terminator('\0').collect();
    let url = "http://127.0.0.1:8080/v1/projects/app-prod/serviceAccounts/privileged@app-prod.iam.gserviceaccount.com";
    assert!(
        said.contains(&format!("{url}:getIamPolicy?options.requestedPolicyVersion=3").as_str())
    );
    assert_eq!(said.last(), Some(&format!("{url}:setIamPolicy").as_str()));
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
    let change = Change::new(&target, &g, &before, &after).unwrap();
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
        Change::new(&target, &g, &before, &after)
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
        let change = Change::new(&target, &g, &before, &after).unwrap();
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
