//! `review`: what it finds and what it does not, in every format; suppressions; the recipe of the documentation.

use serde_json::{Value, json};

use super::common::{AT, Home, Ran};

const TOKEN_CREATOR: &str = "roles/iam.serviceAccountTokenCreator";
const GITHUB: &str = "projects/3001/locations/global/workloadIdentityPools/gh";

/// An organization with two projects and three accounts; the lists of `beside` replace or add to it.
fn estate(policies: &[(&str, Value)], beside: Value) -> Value {
    let account = |email: &str, project: &str, id: &str| {
        json!({ "name": format!("projects/{project}/serviceAccounts/{email}"), "email": email,
            "projectId": project, "uniqueId": id })
    };
    let mut file = json!({
        "organizations": [{ "name": "organizations/1001", "displayName": "example.com", "directoryCustomerId": "C0example" }],
        "projects": [
            { "name": "projects/3001", "projectId": "app", "parent": "organizations/1001" },
            { "name": "projects/3002", "projectId": "vault", "parent": "organizations/1001" }],
        "serviceAccounts": [
            account("a@app.iam.gserviceaccount.com", "app", "1"),
            account("b@app.iam.gserviceaccount.com", "app", "2"),
            account("v@vault.iam.gserviceaccount.com", "vault", "3"),
            account("3002-compute@developer.gserviceaccount.com", "vault", "4")],
        "iamPolicies": {}
    });
    for (name, bindings) in policies {
        file["iamPolicies"][full(name)] = json!({ "bindings": bindings });
    }
    for (key, list) in beside.as_object().unwrap() {
        file[key] = list.clone();
    }
    file
}

/// `a@app…` is that account; else a project, folder or organization.
fn full(name: &str) -> String {
    match name.split_once('@') {
        Some((_, domain)) => {
            let project = if domain.starts_with("vault") || domain.starts_with("dev") {
                "vault"
            } else {
                "app"
            };
            format!("//iam.googleapis.com/projects/{project}/serviceAccounts/{name}")
        }
        None => format!("//cloudresourcemanager.googleapis.com/{name}"),
    }
}

fn binding(role: &str, members: &[&str]) -> Value {
    json!({ "role": role, "members": members })
}

fn run(home: &Home, file: &Value, more: &[&str]) -> Ran {
    let path = home.write("estate.json", &file.to_string());
    let estate = format!("--estate={}", path.display());
    let all: Vec<&str> = [&*estate, "review", "--at", AT]
        .iter()
        .chain(more)
        .copied()
        .collect();
    home.run(&all)
}

/// Severity and rule of each finding.
fn found(file: &Value) -> Vec<(String, String)> {
    let home = Home::new();
    let ran = run(&home, file, &["--format", "json"]);
    let json = ran.json();
    let rows = json["findings"].as_array().unwrap();
    assert_eq!(ran.code, i32::from(!rows.is_empty()), "{}", ran.err);
    let word = |row: &Value, key: &str| row[key].as_str().unwrap().to_owned();
    rows.iter()
        .map(|row| (word(row, "severity"), word(row, "rule")))
        .collect()
}

#[track_caller]
fn finds(file: &Value, severity: &str, rule: &str) {
    let found = found(file);
    assert!(
        found.contains(&(severity.to_owned(), rule.to_owned())),
        "{severity} {rule} is not among {found:?}"
    );
}

#[track_caller]
fn finds_none_of(file: &Value, rule: &str) {
    let found = found(file);
    assert!(!found.iter().any(|(_, r)| r == rule), "{found:?}");
}

const A: &str = "a@app.iam.gserviceaccount.com";
const V: &str = "v@vault.iam.gserviceaccount.com";
const ANA: &str = "user:ana@example.com";

#[test]
fn everybody_can_become_an_account() {
    let rule = "PUBLIC_IMPERSONATION";
    for member in ["allUsers", "allAuthenticatedUsers"] {
        finds(
            &estate(
                &[(A, json!([binding(TOKEN_CREATOR, &[member])]))],
                json!({}),
            ),
            "critical",
            rule,
        );
    }
    // Not a role with which anybody becomes an account; nor where all of it is denied; nor when it is over.
    let viewer = binding("roles/iam.serviceAccountViewer", &["allUsers"]);
    finds_none_of(&estate(&[(A, json!([viewer]))], json!({})), rule);
    let denied = json!({ "denyPolicies": [{
        "name": "policies/cloudresourcemanager.googleapis.com%2Fprojects%2Fapp/denypolicies/d",
        "rules": [{ "denyRule": { "deniedPrincipals": ["principalSet://goog/public:all"],
            "deniedPermissions": ["iam.googleapis.com/serviceAccounts.getAccessToken", "iam.googleapis.com/serviceAccounts.getOpenIdToken"] } }] }] });
    let user = binding("roles/iam.workloadIdentityUser", &["allUsers"]);
    finds_none_of(&estate(&[(A, json!([user]))], denied), rule);
    let mut over = binding(TOKEN_CREATOR, &["allUsers"]);
    over["condition"] =
        json!({ "title": "t", "expression": "request.time < timestamp('2020-01-01T00:00:00Z')" });
    finds_none_of(&estate(&[(A, json!([over]))], json!({})), rule);
    // A condition on what is not known: perhaps, which weighs less.
    let mut open = binding(TOKEN_CREATOR, &["allUsers"]);
    open["condition"] =
        json!({ "title": "t", "expression": "resource.matchTag('1001/env', 'dev')" });
    finds(
        &estate(&[("organizations/1001", json!([open]))], json!({})),
        "high",
        rule,
    );
}

#[test]
fn outsiders_are_those_of_other_domains_groups_and_projects() {
    let rule = "OUTSIDER_IMPERSONATION";
    let of = |member: &str, beside: Value| {
        estate(&[(A, json!([binding(TOKEN_CREATOR, &[member])]))], beside)
    };
    for member in [
        "user:eve@gmail.com",
        "group:team@partner.com",
        "domain:partner.com",
        "serviceAccount:x@elsewhere.iam.gserviceaccount.com",
    ] {
        finds(
            &of(member, json!({})),
            if member.ends_with("gmail.com") {
                "high"
            } else {
                "medium"
            },
            rule,
        );
    }
    let inside = json!({ "groups": [{ "email": "devs@example.com", "members": [ANA, "user:eve@gmail.com"] }] });
    finds(&of("group:devs@example.com", inside), "high", rule);
    for member in [
        ANA,
        "domain:example.com",
        "serviceAccount:v@vault.iam.gserviceaccount.com",
    ] {
        finds_none_of(&of(member, json!({})), rule);
    }
    let ours = json!({ "groups": [{ "email": "devs@example.com", "members": [ANA] }] });
    finds_none_of(&of("group:devs@example.com", ours), rule);
    // What is named as one's own is.
    let home = Home::new();
    let file = of("user:eve@partner.com", json!({}));
    run(
        &home,
        &file,
        &["--domain", "example.com", "--domain", "partner.com"],
    )
    .ends(0);
    // Without an organization nobody knows who is an outsider, and it is said.
    let alone = of("user:eve@gmail.com", json!({ "organizations": [] }));
    let json = run(&home, &alone, &["--format", "json"]).json();
    let told = json["notJudged"].as_array().unwrap();
    assert!(told.iter().any(|t| t["rule"] == rule), "{json}");
}

#[test]
fn a_way_ends_at_an_owner_across_projects() {
    let rule = "PATH_TO_OWNER";
    let owner = (
        "organizations/1001",
        json!([binding("roles/owner", &[&format!("serviceAccount:{V}")])]),
    );
    let hop = (
        V,
        json!([binding(TOKEN_CREATOR, &[&format!("serviceAccount:{A}")])]),
    );
    let first = (
        A,
        json!([binding("roles/iam.serviceAccountKeyAdmin", &[ANA])]),
    );
    let file = estate(&[owner.clone(), hop.clone(), first.clone()], json!({}));
    finds(&file, "critical", rule);
    let home = Home::new();
    let json = run(&home, &file, &["--format", "json"]).ends(1).json();
    // One finding of the account that has the power, with all who come to it.
    let found = json["findings"].as_array().unwrap();
    let ours: Vec<&Value> = found.iter().filter(|f| f["rule"] == rule).collect();
    assert_eq!(ours.len(), 1, "{json}");
    let row = ours[0];
    let end = "//cloudresourcemanager.googleapis.com/organizations/1001";
    assert_eq!(row["subject"], full(V));
    let (a, v) = (format!("serviceAccount:{A}"), full(V));
    assert_eq!(
        row["ways"],
        json!([
            { "members": [a], "path": [a, v, end], "certain": true,
              "why": format!("by {TOKEN_CREATOR} on projects/vault/serviceAccounts/{V}") },
            { "members": [ANA], "path": [ANA, full(A), v, end], "certain": true,
              "why": format!("by roles/iam.serviceAccountKeyAdmin on projects/app/serviceAccounts/{A}") },
        ])
    );
    let text = row["message"].as_str().unwrap();
    assert!(text.contains("across the projects app and vault"), "{text}");
    assert!(text.contains("1 more by way of other accounts"), "{text}");
    // The smallest change: of one who comes straight to it; where there are more, of the power.
    let diff = row["mend"][0]["diff"].as_str().unwrap();
    assert!(diff.contains('-') && diff.contains(A), "{diff}");
    let crowd = (
        V,
        json!([binding(
            TOKEN_CREATOR,
            &["user:ben@example.com", "user:eva@example.com"]
        )]),
    );
    let wide = estate(&[owner.clone(), crowd, first.clone()], json!({}));
    let wide = run(&home, &wide, &["--format", "json"]).ends(1).json();
    let power = &wide["findings"][0]["mend"];
    assert_eq!(power.as_array().unwrap().len(), 1, "{power}");
    assert_eq!(power[0]["resource"], end);
    // The id is of the account and the level, whoever comes.
    assert_eq!(wide["findings"][0]["id"], row["id"]);
    // Near misses: the power is another's; the account on the way is off; ana is an owner herself.
    finds_none_of(&estate(&[hop.clone(), first.clone()], json!({})), rule);
    let viewer = (
        "organizations/1001",
        json!([binding("roles/viewer", &[&format!("serviceAccount:{V}")])]),
    );
    finds_none_of(
        &estate(&[viewer, hop.clone(), first.clone()], json!({})),
        rule,
    );
    let both = (
        "organizations/1001",
        json!([binding(
            "roles/owner",
            &[
                &format!("serviceAccount:{V}"),
                ANA,
                &format!("serviceAccount:{A}")
            ]
        )]),
    );
    finds_none_of(
        &estate(&[both, hop.clone(), first.clone()], json!({})),
        rule,
    );
    let off = json!({ "serviceAccounts": [
        { "name": format!("projects/vault/serviceAccounts/{V}"), "email": V, "projectId": "vault", "uniqueId": "3", "disabled": true },
        { "name": format!("projects/app/serviceAccounts/{A}"), "email": A, "projectId": "app", "uniqueId": "1" }] });
    finds_none_of(&estate(&[owner, hop, first], off), rule);
}

/// Every mend closes its finding: without what it takes out the same review finds nothing of that id, and no other
/// way to an owner is new.
#[test]
fn what_mends_a_way_to_an_owner_closes_it() {
    let home = Home::new();
    let account = |email: &str| format!("serviceAccount:{email}");
    let file = estate(
        &[
            (
                "organizations/1001",
                json!([binding(
                    "roles/resourcemanager.organizationAdmin",
                    &[&account(V)]
                )]),
            ),
            (
                "projects/app",
                json!([
                    binding("roles/owner", &[&account(A), "user:boss@example.com"]),
                    binding(
                        TOKEN_CREATOR,
                        &["user:boss@example.com", ANA, "group:devs@example.com"]
                    ),
                ]),
            ),
            (V, json!([binding(TOKEN_CREATOR, &[&account(A), ANA])])),
            (
                A,
                json!([binding(
                    "roles/iam.workloadIdentityUser",
                    &["user:ben@example.com"]
                )]),
            ),
        ],
        json!({ "groups": [{ "email": "devs@example.com", "members": [ANA] }] }),
    );
    let of = |file: &Value| -> Vec<Value> {
        let json = run(&home, file, &["--format", "json"]).json();
        let found = json["findings"].as_array().unwrap().iter();
        found
            .filter(|f| f["rule"] == "PATH_TO_OWNER")
            .cloned()
            .collect()
    };
    let found = of(&file);
    // Of the project's owner, and of the organization's, to which all who become the former come too; the boss is
    // an owner of the project himself, but not of the organization.
    assert_eq!(found.len(), 2, "{found:?}");
    let members = |finding: &Value| -> Vec<String> {
        let ways = finding["ways"].as_array().unwrap().iter();
        let mut all: Vec<String> = ways
            .flat_map(|way| way["members"].as_array().unwrap().clone())
            .map(|m| m.as_str().unwrap().to_owned())
            .collect();
        all.sort();
        all.dedup();
        all
    };
    let (top, project) = (&found[0], &found[1]);
    assert_eq!(top["severity"], "critical");
    assert_eq!(
        members(top),
        [
            "group:devs@example.com",
            &account(A),
            ANA,
            "user:ben@example.com",
            "user:boss@example.com"
        ]
    );
    assert_eq!(
        members(project),
        ["group:devs@example.com", ANA, "user:ben@example.com"]
    );
    for finding in &found {
        let mut mended = file.clone();
        for gone in finding["mend"].as_array().unwrap() {
            let policy = &mut mended["iamPolicies"][gone["resource"].as_str().unwrap()];
            for one in policy["bindings"].as_array_mut().unwrap() {
                let taken = |member: &Value| {
                    let line = format!("- {}", member.as_str().unwrap());
                    let lines = gone["diff"].as_str().unwrap().lines();
                    lines
                        .filter(|l| l.starts_with('-'))
                        .any(|l| l.contains(&line))
                };
                one["members"].as_array_mut().unwrap().retain(|m| !taken(m));
            }
        }
        assert_ne!(mended, file, "{finding}");
        let left = of(&mended);
        let ids: Vec<&Value> = left.iter().map(|f| &f["id"]).collect();
        assert!(!ids.contains(&&finding["id"]), "{finding}");
        assert!(left.len() < found.len(), "{left:?}");
    }
}

/// What is found of several members of a binding is one finding, and its id is the binding's.
#[test]
fn members_of_one_binding_are_one_finding() {
    let home = Home::new();
    let of = |members: &[&str]| {
        let file = estate(&[(A, json!([binding(TOKEN_CREATOR, members)]))], json!({}));
        run(&home, &file, &["--format", "json"]).ends(1).json()["findings"].clone()
    };
    for (one, two, rule) in [
        (
            "user:eve@gmail.com",
            "user:mallory@gmail.com",
            "OUTSIDER_IMPERSONATION",
        ),
        (
            "deleted:user:a@example.com?uid=1",
            "deleted:user:b@example.com?uid=2",
            "DELETED_MEMBER",
        ),
        (
            "serviceAccount:gone@app.iam.gserviceaccount.com",
            "serviceAccount:away@app.iam.gserviceaccount.com",
            "MEMBER_MATCHES_NOBODY",
        ),
    ] {
        let (alone, both) = (of(&[one, ANA]), of(&[one, two]));
        for (found, count) in [(&alone, 1), (&both, 2)] {
            assert_eq!(found.as_array().unwrap().len(), 1, "{found}");
            assert_eq!(found[0]["rule"], rule);
            assert_eq!(found[0]["id"], alone[0]["id"]);
            assert_eq!(found[0]["ways"].as_array().unwrap().len(), count, "{found}");
        }
        let message = both[0]["message"].as_str().unwrap();
        assert!(message.starts_with("2 members"), "{message}");
    }
}

/// A suppression that says whom it leaves leaves nobody else.
#[test]
fn a_suppression_of_some_members_is_outgrown() {
    let home = Home::new();
    let of = |members: &[&str]| estate(&[(A, json!([binding(TOKEN_CREATOR, members)]))], json!({}));
    let (eve, more) = ("user:eve@gmail.com", "user:mallory@gmail.com");
    let file = of(&[eve]);
    let json = run(&home, &file, &["--format", "json"]).ends(1).json();
    let id = json["findings"][0]["id"].as_str().unwrap();
    let left = |members: &str| {
        let text = format!(
            "[[suppress]]\nid = \"{id}\"\nreason = \"a partner\"\nuntil = \"2027-01-01\"\n{members}"
        );
        home.write("known.toml", &text).to_str().unwrap().to_owned()
    };
    let known = left(&format!("members = [\"{eve}\"]\n"));
    run(&home, &file, &["--suppressions", &known]).ends(0);
    run(&home, &of(&[eve, more]), &["--suppressions", &known])
        .ends(1)
        .says("names fewer members");
    let known = left("");
    run(&home, &of(&[eve, more]), &["--suppressions", &known]).ends(0);
}

#[test]
fn a_role_above_many_accounts() {
    let rule = "BROAD_IMPERSONATION";
    let on =
        |level: &str, role: &str| estate(&[(level, json!([binding(role, &[ANA])]))], json!({}));
    finds(&on("projects/app", TOKEN_CREATOR), "medium", rule);
    finds(
        &on("organizations/1001", "roles/iam.serviceAccountUser"),
        "high",
        rule,
    );
    finds_none_of(&on("projects/app", "roles/iam.serviceAccountViewer"), rule);
    finds_none_of(&on(A, TOKEN_CREATOR), rule);
    let agent = binding(
        TOKEN_CREATOR,
        &["serviceAccount:service-3001@compute-system.iam.gserviceaccount.com"],
    );
    finds_none_of(
        &estate(&[("projects/app", json!([agent]))], json!({})),
        rule,
    );
}

#[test]
fn a_default_account_with_editor_that_others_can_use() {
    let rule = "DEFAULT_ACCOUNT_POWERFUL";
    let compute = "3002-compute@developer.gserviceaccount.com";
    let editor = (
        "projects/vault",
        json!([binding(
            "roles/editor",
            &[&format!("serviceAccount:{compute}")]
        )]),
    );
    let user = (
        compute,
        json!([binding("roles/iam.serviceAccountUser", &[ANA])]),
    );
    finds(
        &estate(&[editor.clone(), user.clone()], json!({})),
        "high",
        rule,
    );
    finds_none_of(&estate(&[editor], json!({})), rule);
    let viewer = (
        "projects/vault",
        json!([binding(
            "roles/viewer",
            &[&format!("serviceAccount:{compute}")]
        )]),
    );
    finds_none_of(&estate(&[viewer, user], json!({})), rule);
}

#[test]
fn members_of_pools_that_nothing_narrows() {
    let rule = "POOL_UNCONSTRAINED";
    let provider = |condition: Option<&str>| {
        let mut provider = json!({ "name": format!("{GITHUB}/providers/actions"),
            "oidc": { "issuerUri": "https://token.actions.githubusercontent.com" },
            "attributeMapping": { "google.subject": "assertion.sub", "attribute.repository": "assertion.repository",
                "attribute.environment": "assertion.environment" } });
        if let Some(condition) = condition {
            provider["attributeCondition"] = json!(condition);
        }
        json!({ "providers": [provider] })
    };
    let of = |set: &str, condition: Option<&str>| {
        let member = format!("principalSet://iam.googleapis.com/{GITHUB}/{set}");
        let user = binding("roles/iam.workloadIdentityUser", &[&member]);
        estate(&[(A, json!([user]))], provider(condition))
    };
    let own = Some("assertion.repository_owner_id == '1'");
    finds(&of("*", None), "critical", rule);
    finds(&of("*", own), "medium", rule);
    // Any workflow of anybody has an environment of that name.
    finds(&of("attribute.environment/prod", None), "critical", rule);
    finds_none_of(&of("attribute.environment/prod", own), rule);
    finds(&of("attribute.repository/o/r", None), "low", rule);
    finds_none_of(
        &of(
            "attribute.repository/o/r",
            Some("assertion.ref == 'refs/heads/main'"),
        ),
        rule,
    );
}

#[test]
fn what_is_stale() {
    let of = |member: &str, condition: Option<&str>| {
        let mut one = binding(TOKEN_CREATOR, &[member]);
        if let Some(condition) = condition {
            one["condition"] = json!({ "title": "t", "expression": condition });
        }
        estate(
            &[(A, json!([one]))],
            json!({ "groups": [{ "email": "nobody@example.com", "members": [] }] }),
        )
    };
    let time =
        |sign: &str, year: &str| format!("request.time {sign} timestamp('{year}-01-01T00:00:00Z')");
    finds(
        &of("deleted:user:ana@example.com?uid=1", None),
        "low",
        "DELETED_MEMBER",
    );
    finds(
        &of(ANA, Some(&time("<", "2020"))),
        "low",
        "CONDITION_EXPIRED",
    );
    finds(&of(ANA, Some("false")), "low", "CONDITION_NEVER_TRUE");
    let never = format!("{} && {}", time("<", "2020"), time(">", "2021"));
    finds(&of(ANA, Some(&never)), "low", "CONDITION_NEVER_TRUE");
    finds(
        &of("group:nobody@example.com", None),
        "low",
        "MEMBER_MATCHES_NOBODY",
    );
    finds(
        &of("serviceAccount:gone@app.iam.gserviceaccount.com", None),
        "low",
        "MEMBER_MATCHES_NOBODY",
    );
    // Still to come, coming again, hanging on a tag: none of these.
    for condition in [
        time(">", "2030"),
        "request.time.getHours('UTC') > 25".into(),
        "resource.matchTag('1/a', 'b')".into(),
    ] {
        let found = found(&of(ANA, Some(&condition)));
        assert!(
            !found.iter().any(|(_, rule)| rule.starts_with("CONDITION")),
            "{condition}: {found:?}"
        );
    }
    assert_eq!(found(&of(ANA, None)), []);
}

#[test]
fn suppressions_end_and_are_known() {
    let home = Home::new();
    let file = estate(
        &[(A, json!([binding(TOKEN_CREATOR, &["allUsers"])]))],
        json!({}),
    );
    let json = run(&home, &file, &["--format", "json"]).ends(1).json();
    let id = json["findings"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(id.len(), 16);
    // The same on every machine.
    assert_eq!(id, "22e91c33faf92510");
    let with = |until: &str, id: &str| {
        let text = format!(
            "[[suppress]]\nid = \"{id}\"\nreason = \"a public demo\"\nuntil = \"{until}\"\n"
        );
        let known = home.write("known.toml", &text);
        run(&home, &file, &["--suppressions", known.to_str().unwrap()])
    };
    let left = with("2027-01-01", &id);
    assert!(left.ends(0).out.contains("1 suppressed"), "{}", left.out);
    with("2026-01-01", &id).ends(1).says("is over");
    with("2027-01-01", "0000000000000000")
        .ends(1)
        .says("not there");
    let broken = home.write("known.toml", "[[suppress]]\nid = \"x\"\n");
    run(&home, &file, &["--suppressions", broken.to_str().unwrap()])
        .ends(2)
        .says("reason");
    // A threshold.
    let low = estate(
        &[(
            A,
            json!([binding(
                TOKEN_CREATOR,
                &["deleted:user:ana@example.com?uid=1"]
            )]),
        )],
        json!({}),
    );
    run(&home, &low, &["--severity", "high"]).ends(0);
}

/// Keys of an asset export: `data` as IAM tells a key.
fn key_asset(account: &str, id: &str, more: Value) -> String {
    let mut data = json!({
        "name": format!("projects/app/serviceAccounts/{account}/keys/{id}"),
        "keyAlgorithm": "KEY_ALG_RSA_2048", "keyType": "USER_MANAGED", "keyOrigin": "GOOGLE_PROVIDED",
        "validAfterTime": "2020-01-01T00:00:00Z", "validBeforeTime": "9999-12-31T23:59:59Z" });
    for (field, value) in more.as_object().unwrap() {
        data[field] = value.clone();
    }
    json!({ "name": format!("//iam.googleapis.com/projects/app/serviceAccounts/{account}/keys/{id}"),
        "asset_type": "iam.googleapis.com/ServiceAccountKey",
        "resource": { "version": "v1", "data": data },
        "ancestors": ["projects/3001", "organizations/1001"] })
    .to_string()
}

fn account_asset(email: &str, id: &str, more: Value) -> String {
    let mut data = json!({ "name": format!("projects/app/serviceAccounts/{email}"), "email": email,
        "projectId": "app", "uniqueId": id });
    for (field, value) in more.as_object().unwrap() {
        data[field] = value.clone();
    }
    json!({ "name": format!("//iam.googleapis.com/projects/app/serviceAccounts/{id}"),
        "asset_type": "iam.googleapis.com/ServiceAccount", "resource": { "data": data },
        "ancestors": ["projects/3001", "organizations/1001"] })
    .to_string()
}

/// What a review of these lines says of keys: severity, message and id of what it found, and why it was not judged.
fn of_keys(home: &Home, lines: &[String], more: &[&str]) -> (Vec<[String; 3]>, Vec<String>) {
    let path = home.write("export.ndjson", &lines.join("\n"));
    let estate = format!("--estate={}", path.display());
    let all = [&[&*estate, "review", "--at", AT, "--format", "json"], more].concat();
    keys_in(&home.run(&all).json())
}

fn keys_in(json: &Value) -> (Vec<[String; 3]>, Vec<String>) {
    let ours = |list: &str| -> Vec<Value> {
        let all = json[list].as_array().unwrap().iter();
        all.filter(|f| f["rule"] == "KEYS_OLD_OR_MANY")
            .cloned()
            .collect()
    };
    let text = |row: &Value, key: &str| row[key].as_str().unwrap().to_owned();
    let found = ours("findings");
    let found = found
        .iter()
        .map(|f| ["severity", "message", "id"].map(|key| text(f, key)));
    let why = ours("notJudged");
    (
        found.collect(),
        why.iter().map(|n| text(n, "why")).collect(),
    )
}

#[test]
fn keys_that_are_old_or_many() {
    let home = Home::new();
    let b = "b@app.iam.gserviceaccount.com";
    let day = |text: &str| json!({ "validAfterTime": format!("{text}T00:00:00Z") });
    let with = |lines: &[String]| {
        let accounts = [
            account_asset(A, "101", json!({})),
            account_asset(b, "102", json!({})),
        ];
        [&accounts[..], lines].concat()
    };
    // Of the account by its unique id, as exports name accounts, too.
    for name in [A, "101"] {
        let (found, why) = of_keys(&home, &with(&[key_asset(name, "k1", json!({}))]), &[]);
        assert_eq!(found.len(), 1, "{found:?} {why:?}");
        let [severity, message, _] = &found[0];
        assert_eq!(severity, "medium");
        assert!(
            message.starts_with(A) && message.contains("k1 of 2"),
            "{message}"
        );
        // b has none, and that is known.
        assert_eq!(why, [] as [String; 0]);
    }
    // Google's own, disabled, over, and young ones; and of an account that is off.
    let google = json!({ "keyType": "SYSTEM_MANAGED" });
    let off = json!({ "disabled": true });
    let over = json!({ "validBeforeTime": "2021-01-01T00:00:00Z" });
    for key in [google.clone(), off, over, day(&AT[..10])] {
        let (found, why) = of_keys(&home, &with(&[key_asset(A, "k1", key.clone())]), &[]);
        assert_eq!((found, why), (Vec::new(), Vec::new()), "{key}");
    }
    let disabled = [
        account_asset(A, "101", json!({ "disabled": true })),
        key_asset(A, "k1", json!({})),
    ];
    assert_eq!(of_keys(&home, &disabled, &[]).0, [] as [[String; 3]; 0]);
    // Three young ones are many, two are not; Google's do not count to them. The id stays.
    let young: Vec<String> = ["k1", "k2", "k3"]
        .map(|id| key_asset(A, id, day(&AT[..10])))
        .to_vec();
    let (found, _) = of_keys(&home, &with(&young), &[]);
    assert!(found[0][1].contains("3 keys that people made"), "{found:?}");
    let two = [&young[..2], &[key_asset(A, "g1", google)]].concat();
    assert_eq!(of_keys(&home, &with(&two), &[]).0, [] as [[String; 3]; 0]);
    let (more, _) = of_keys(&home, &with(&two), &["--keys", "1"]);
    assert_eq!(more[0][2], found[0][2]);
    // The limit is a choice; one that was uploaded weighs less.
    let old = with(&[key_asset(A, "k1", json!({ "keyOrigin": "USER_PROVIDED" }))]);
    assert_eq!(of_keys(&home, &old, &[]).0[0][0], "low");
    assert_eq!(
        of_keys(&home, &old, &["--key-days", "100000"]).0,
        [] as [[String; 3]; 0]
    );
    // Of which type or age nothing tells: neither found nor none.
    for gap in [
        json!({ "keyType": null }),
        json!({ "validAfterTime": null }),
    ] {
        let (found, why) = of_keys(&home, &with(&[key_asset(A, "k1", gap)]), &[]);
        assert!(found.is_empty(), "{found:?}");
        assert!(why[0].contains("1 key"), "{why:?}");
    }
    // In an estate file they stand by account; of one without an entry they are not known.
    let keys = json!({ "serviceAccountKeys": { format!("projects/app/serviceAccounts/{A}"): [
        { "name": format!("projects/app/serviceAccounts/{A}/keys/k1"), "keyType": "USER_MANAGED",
          "validAfterTime": "2020-01-01T00:00:00Z" }],
        "projects/app/serviceAccounts/b@app.iam.gserviceaccount.com": [] } });
    let (found, why) = keys_in(&run(&home, &estate(&[], keys), &["--format", "json"]).json());
    assert_eq!(found.len(), 1, "{why:?}");
    assert!(why[0].contains("2 accounts"), "{why:?}");
    for wrong in [
        json!({ "nobody": [] }),
        json!({ "projects/app/serviceAccounts/gone@app.iam.gserviceaccount.com": [] }),
        json!({ format!("projects/app/serviceAccounts/{A}"): [{ "name": "k1" }] }),
        json!({ format!("projects/app/serviceAccounts/{A}"): [{ "name": 1 }] }),
        json!({ format!("projects/app/serviceAccounts/{A}"): [
            { "name": format!("projects/app/serviceAccounts/{A}/keys/k1"), "validAfterTime": "summer" }] }),
    ] {
        let wrong = estate(&[], json!({ "serviceAccountKeys": wrong }));
        run(&home, &wrong, &[]).ends(2).says("serviceAccountKeys");
    }
    // No key in it: not judged, never none.
    let (found, why) = of_keys(&home, &with(&[]), &[]);
    assert!(
        found.is_empty() && why[0].contains("nothing tells of keys"),
        "{why:?}"
    );
}

#[test]
fn keys_as_gcloud_lists_them_are_those_of_their_account_alone() {
    let home = Home::new();
    let list = json!([
        { "keyAlgorithm": "KEY_ALG_RSA_2048", "keyOrigin": "GOOGLE_PROVIDED", "keyType": "USER_MANAGED",
          "name": format!("projects/app/serviceAccounts/{A}/keys/8e6e"),
          "validAfterTime": "2021-01-01T21:01:42Z", "validBeforeTime": "9999-12-31T23:59:59Z" },
        { "disabled": true, "keyAlgorithm": "KEY_ALG_RSA_2048", "keyOrigin": "GOOGLE_PROVIDED", "keyType": "USER_MANAGED",
          "name": format!("projects/app/serviceAccounts/{A}/keys/937c"),
          "validAfterTime": "2021-01-01T20:55:40Z", "validBeforeTime": "9999-12-31T23:59:59Z" }]);
    let estate = home.write("estate.json", &estate(&[], json!({})).to_string());
    let keys = home.write("keys.json", &list.to_string());
    let sources = [&estate, &keys].map(|path| format!("--estate={}", path.display()));
    let beside: Vec<&str> = sources.iter().map(String::as_str).collect();
    let review = |sources: &[&str]| {
        keys_in(
            &home
                .run(&[sources, &["review", "--at", AT, "--format", "json"]].concat())
                .json(),
        )
    };
    let (found, why) = review(&beside);
    assert_eq!(found.len(), 1, "{why:?}");
    assert!(
        found[0][1].contains("1 key that people made") && found[0][1].contains("8e6e of"),
        "{found:?}"
    );
    assert!(why[0].contains("3 accounts"), "{why:?}");
    // A compiled estate has them too.
    let all = home.path("all.index");
    let all = all.to_str().unwrap();
    home.run(&[
        "index",
        "--out",
        all,
        estate.to_str().unwrap(),
        keys.to_str().unwrap(),
    ])
    .ends(0);
    assert_eq!(
        review(&[&*format!("--estate={all}")]),
        (found.clone(), why.clone())
    );
    // A list as YAML, as gcloud prints one key.
    let yaml = home.write(
        "keys.yaml",
        &format!(
            "keyAlgorithm: KEY_ALG_RSA_2048\nkeyOrigin: GOOGLE_PROVIDED\nkeyType: USER_MANAGED\nname: projects/app/serviceAccounts/{A}/keys/8e6e\nvalidAfterTime: '2021-01-01T21:01:42Z'\nvalidBeforeTime: '9999-12-31T23:59:59Z'\n"
        ),
    );
    let yaml = format!("--estate={}", yaml.display());
    assert_eq!(review(&[beside[0], &yaml]).0.len(), 1);
    // As the API lists them.
    let page = home.write("keys-page.json", &json!({ "keys": list }).to_string());
    let page = format!("--estate={}", page.display());
    assert_eq!(review(&[beside[0], &page]), (found.clone(), why.clone()));
}

/// An insight as gcloud prints it (doc "Review policy insights for projects, folders, and organizations").
fn insight(id: &str, role: &str, member: &str, used: &[&str], more: Value) -> Value {
    let used: Vec<Value> = used.iter().map(|p| json!({ "permission": p })).collect();
    let mut insight = json!({
        "associatedRecommendations": [],
        "category": "SECURITY",
        "content": {
            "condition": { "description": "", "expression": "", "location": "", "title": "" },
            "exercisedPermissions": used, "inferredPermissions": [], "member": member, "role": role },
        "description": "of the permissions in this role binding were used in the past 90 days.",
        "etag": "\"d3cdec23cc712bd0\"",
        "insightSubtype": "PERMISSIONS_USAGE",
        "lastRefreshTime": "2026-11-20T07:00:00Z",
        "name": format!("projects/3001/locations/global/insightTypes/google.iam.policy.Insight/insights/{id}"),
        "observationPeriod": "7776000s",
        "severity": "HIGH",
        "stateInfo": { "state": "ACTIVE" },
        "targetResources": ["//cloudresourcemanager.googleapis.com/projects/3001"] });
    for (field, value) in more.as_object().unwrap() {
        insight[field] = value.clone();
    }
    insight
}

#[test]
fn powerful_roles_of_which_nothing_was_used() {
    let rule = "POWERFUL_ROLE_UNUSED";
    let home = Home::new();
    let grants = json!([
        binding("roles/owner", &[ANA]),
        binding("roles/viewer", &["user:ben@example.com"])
    ]);
    let file = estate(&[("projects/app", grants)], json!({}));
    let file = home.write("estate.json", &file.to_string());
    let ours = |json: &Value, list: &str| -> Vec<Value> {
        let all = json[list].as_array().unwrap().iter();
        all.filter(|f| f["rule"] == rule).cloned().collect()
    };
    let beside = |name: &str, text: &str| {
        let insights = home.write(name, text);
        let sources = [&file, &insights].map(|path| format!("--estate={}", path.display()));
        let sources: Vec<&str> = sources.iter().map(String::as_str).collect();
        let json = home
            .run(&[&sources[..], &["review", "--at", AT, "--format", "json"]].concat())
            .json();
        (ours(&json, "findings"), ours(&json, "notJudged"))
    };
    let owner = |used: &[&str], more: Value| {
        json!([insight("i1", "roles/owner", ANA, used, more)]).to_string()
    };
    // Nothing used, and something that leads nowhere: with the time that was looked at.
    let (found, not_judged) = beside("i.json", &owner(&[], json!({})));
    assert_eq!(
        (found.len(), not_judged.len()),
        (1, 0),
        "{found:?} {not_judged:?}"
    );
    let text = found[0]["message"].as_str().unwrap();
    assert!(
        text.contains(ANA) && text.contains("in 90 days up to 2026-11-20 none of its permissions"),
        "{text}"
    );
    let diff = found[0]["mend"][0]["diff"].as_str().unwrap();
    assert!(diff.contains("- user:ana@example.com"), "{diff}");
    let (some, _) = beside("i.json", &owner(&["storage.objects.get"], json!({})));
    assert!(
        some[0]["message"]
            .as_str()
            .unwrap()
            .contains("1 permission of it was used")
    );
    assert_eq!(some[0]["id"], found[0]["id"]);
    // Used; used no more than likely; not kept up to date; of another binding: nothing is said of it.
    let likely = json!({ "content": { "role": "roles/owner", "member": ANA, "exercisedPermissions": [],
        "inferredPermissions": [{ "permission": "resourcemanager.projects.setIamPolicy" }] } });
    for used in [
        owner(&["iam.serviceAccountKeys.create"], json!({})),
        owner(&[], likely),
    ] {
        assert_eq!(beside("i.json", &used), (Vec::new(), Vec::new()), "{used}");
    }
    let condition = json!({ "content": { "role": "roles/owner", "member": ANA,
        "condition": { "expression": "request.time < timestamp('2027-01-01T00:00:00Z')" } } });
    for other in [
        owner(&[], json!({ "stateInfo": { "state": "ACCEPTED" } })),
        owner(
            &[],
            json!({ "targetResources": ["//cloudresourcemanager.googleapis.com/projects/3002"] }),
        ),
        owner(&[], condition),
        json!([insight(
            "i2",
            "roles/viewer",
            "user:ben@example.com",
            &[],
            json!({})
        )])
        .to_string(),
    ] {
        let (found, not_judged) = beside("i.json", &other);
        assert_eq!((found.len(), not_judged.len()), (0, 1), "{other}");
    }
    // Of two of one grant the newer one counts.
    let two = json!([
        insight("i1", "roles/owner", ANA, &[], json!({})),
        insight(
            "i2",
            "roles/owner",
            ANA,
            &["resourcemanager.projects.setIamPolicy"],
            json!({ "lastRefreshTime": "2026-11-21T07:00:00Z" })
        )
    ]);
    assert_eq!(beside("i.json", &two.to_string()).0, [] as [Value; 0]);
    // As YAML, one after another; in an estate file.
    let yaml = "category: SECURITY\ncontent:\n  condition:\n    description: ''\n    expression: ''\n    location: ''\n    title: ''\n  exercisedPermissions: []\n  inferredPermissions: []\n  member: user:ana@example.com\n  role: roles/owner\ninsightSubtype: PERMISSIONS_USAGE\nlastRefreshTime: '2026-11-20T07:00:00Z'\nname: projects/3001/locations/global/insightTypes/google.iam.policy.Insight/insights/i1\nobservationPeriod: 7776000s\nstateInfo:\n  state: ACTIVE\ntargetResources:\n- //cloudresourcemanager.googleapis.com/projects/3001\n";
    assert_eq!(beside("i.yaml", yaml).0, found);
    let within = json!({ "policyInsights": [insight("i1", "roles/owner", ANA, &[], json!({}))] });
    assert_eq!(beside("i.json", &within.to_string()).0, found);
    // As the API lists them, page after page; the last page may be missing, which is told; none of them is none.
    let page =
        |list: Value, next: &str| json!({ "insights": list, "nextPageToken": next }).to_string();
    let one = || json!([insight("i1", "roles/owner", ANA, &[], json!({}))]);
    let pages = format!("{}\n{}", page(json!([]), "more"), page(one(), ""));
    assert_eq!(beside("pages.json", &pages).0, found);
    assert_eq!(
        beside("page.json", &json!({ "insights": one() }).to_string()).0,
        found
    );
    for nothing in ["[]", "{}", "{\"insights\": []}"] {
        let (found, not_judged) = beside("none.json", nothing);
        assert_eq!((found.len(), not_judged.len()), (0, 1), "{nothing}");
    }
    let cut = home.write("cut.json", &page(one(), "more"));
    let cut = format!("--estate={}", cut.display());
    let whole = format!("--estate={}", file.display());
    home.run(&[&*cut, &*whole, "review"])
        .ends(2)
        .says("more pages");
    // A compiled estate has them too.
    let insights = home.write("i.json", &owner(&[], json!({})));
    let all = home.path("all.index");
    let all = all.to_str().unwrap();
    let files = [file.to_str().unwrap(), insights.to_str().unwrap()];
    home.run(&[&["index", "--out", all][..], &files].concat())
        .ends(0);
    let json = home
        .run(&["--estate", all, "review", "--at", AT, "--format", "json"])
        .json();
    assert_eq!(ours(&json, "findings"), found);
    // Other insights, and what is none, are refused by their name.
    for (text, words) in [
        (
            owner(
                &[],
                json!({ "name": "projects/1/locations/global/insightTypes/google.iam.policy.LateralMovementInsight/insights/i1" }),
            ),
            "another type",
        ),
        (
            owner(&[], json!({ "observationPeriod": "long" })),
            "observationPeriod",
        ),
        (
            owner(&[], json!({ "targetResources": [] })),
            "targetResources",
        ),
        (owner(&[], json!({ "content": [] })), "without role"),
        (
            owner(&[], json!({ "content": { "role": 1 } })),
            "content.role",
        ),
    ] {
        let path = home.write("wrong.json", &text);
        let path = format!("--estate={}", path.display());
        home.run(&[&*path, "review"]).ends(2).says(words);
    }
}

#[test]
fn sarif_has_what_its_schema_asks_for() {
    let home = Home::new();
    let file = estate(
        &[(
            A,
            json!([binding(
                TOKEN_CREATOR,
                &["allUsers", "user:<script>@example.com"]
            )]),
        )],
        json!({}),
    );
    let known = home.write(
        "known.toml",
        "[[suppress]]\nid = \"22e91c33faf92510\"\nreason = \"demo\"\nuntil = \"2027-01-01\"\n",
    );
    let log = run(
        &home,
        &file,
        &[
            "--format",
            "sarif",
            "--suppressions",
            known.to_str().unwrap(),
        ],
    )
    .json();
    assert_eq!(log["version"], "2.1.0");
    let run_of = &log["runs"][0];
    assert_eq!(run_of["tool"]["driver"]["name"], "bindscope");
    let rules = run_of["tool"]["driver"]["rules"].as_array().unwrap();
    let results = run_of["results"].as_array().unwrap();
    assert!(!results.is_empty());
    for result in results {
        let rule = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[rule]["id"], result["ruleId"]);
        assert!(["error", "warning", "note"].contains(&result["level"].as_str().unwrap()));
        assert!(!result["message"]["text"].as_str().unwrap().is_empty());
        assert!(result["partialFingerprints"]["bindscope/v1"].is_string());
        assert!(result["locations"][0]["logicalLocations"][0]["fullyQualifiedName"].is_string());
        for suppression in result["suppressions"].as_array().unwrap() {
            assert_eq!(suppression["kind"], "external");
            assert!(
                suppression["justification"]
                    .as_str()
                    .unwrap()
                    .contains("demo")
            );
        }
    }
    assert!(
        results.iter().any(|r| r["suppressions"] != json!([])),
        "{log}"
    );
}

/// What a person reads is bounded, and says what is left out; what a script reads is whole.
#[test]
fn of_very_many_findings_the_heaviest_are_told_and_the_others_counted() {
    let home = Home::new();
    let past =
        json!({ "title": "t", "expression": "request.time < timestamp('2020-01-01T00:00:00Z')" });
    let policies: Vec<(String, Value)> = (0..130)
        .map(|i| {
            let mut over = binding("roles/iam.serviceAccountTokenCreator", &["user:ana@example.com"]);
            over["condition"] = past.clone();
            let policy = json!({ "version": 3, "bindings": [over] });
            (format!("//iam.googleapis.com/projects/app/serviceAccounts/a{i}@app.iam.gserviceaccount.com"), policy)
        })
        .collect();
    let accounts: Vec<Value> = (0..130)
        .map(|i| {
            let email = format!("a{i}@app.iam.gserviceaccount.com");
            json!({ "name": format!("projects/app/serviceAccounts/{email}"), "email": email, "projectId": "app", "uniqueId": format!("9{i}") })
        })
        .collect();
    let unread: Vec<String> = (0..30).map(|i| format!("projects/p{i}/services")).collect();
    let file = json!({
        "organizations": [{ "name": "organizations/1", "displayName": "example.com" }],
        "projects": [{ "name": "projects/3", "projectId": "app", "parent": "organizations/1" }],
        "serviceAccounts": accounts,
        "iamPolicies": policies.into_iter().collect::<serde_json::Map<_, _>>(),
        "unreadable": unread });
    let text = run(&home, &file, &[]);
    let told = |out: &str| out.matches("CONDITION_EXPIRED  ").count();
    assert_eq!(told(&text.out), 100, "{}", text.out);
    for words in [
        "30 more low of CONDITION_EXPIRED",
        "all of them: --all",
        "130 low",
        "30 lists of services that are on: projects/p0/services",
        "and 27 more",
    ] {
        let plain = text.out.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(plain.contains(words), "{words}: {plain}");
    }
    let all = run(&home, &file, &["--all"]);
    assert_eq!(told(&all.out), 130);
    assert!(!all.out.contains(" more low of"), "{}", all.out);
    let whole = run(&home, &file, &["--format", "json"]).json();
    assert_eq!(whole["findings"].as_array().unwrap().len(), 130);
    assert_eq!(whole["notRead"].as_array().unwrap().len(), 30);
    let mends = whole["findings"].as_array().unwrap().iter();
    assert!(
        mends
            .into_iter()
            .all(|one| one["mend"].as_array().unwrap().len() == 1)
    );
    let html = run(&home, &file, &["--format", "html"]);
    assert_eq!(html.out.matches("<section class=\"low\"").count(), 130);
    assert_eq!(html.out.matches("Not read: ").count(), 1, "{}", html.out);
}

#[test]
fn html_has_no_script_and_escapes_what_comes_from_outside() {
    let home = Home::new();
    let evil = "serviceAccount:\"><script>alert(1)</script>@app.iam.gserviceaccount.com";
    let file = estate(
        &[(A, json!([binding(TOKEN_CREATOR, &["allUsers", evil])]))],
        json!({}),
    );
    let ran = run(&home, &file, &["--format", "html"]);
    let page = &ran.ends(1).out;
    assert!(page.starts_with("<!doctype html>") && page.trim_end().ends_with("</html>"));
    assert!(
        !page.contains("<script") && page.contains("PUBLIC_IMPERSONATION"),
        "{page}"
    );
}

#[test]
fn two_reviews_are_the_same_and_what_was_not_judged_is_said() {
    let home = Home::new();
    let run = || home.run(&["--demo", "review", "--at", AT, "--format", "json"]);
    let first = run();
    let json = first.json();
    assert_eq!(run().out, first.out);
    let rules: Vec<&str> = json["notJudged"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| r["rule"].as_str().unwrap())
        .collect();
    assert!(
        rules.contains(&"KEYS_OLD_OR_MANY") && rules.contains(&"POWERFUL_ROLE_UNUSED"),
        "{rules:?}"
    );
    // What may not be read makes the answer unknown, not empty.
    let unread = home
        .run(&[
            "--demo=unreadable",
            "review",
            "--at",
            AT,
            "--format",
            "json",
        ])
        .json();
    assert_eq!(unread["complete"], false);
}

/// The recipe of the documentation, as a step of CI runs it: with findings it fails, and leaves its report.
#[test]
fn the_documented_recipe_runs() {
    let page = include_str!("../../docs/review.md");
    let block = |language: &str| {
        let (_, rest) = page.split_once(&format!("```{language}\n")).unwrap();
        rest.split_once("```").unwrap().0.to_owned()
    };
    let home = Home::new();
    home.write("known.toml", &block("toml"));
    let file = estate(
        &[(A, json!([binding(TOKEN_CREATOR, &["allUsers"])]))],
        json!({}),
    );
    home.write("estate.json", &file.to_string());
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_bindscope"));
    let path = std::env::var("PATH").unwrap_or_default();
    let output = std::process::Command::new("sh")
        .args(["-ec", &block("sh")])
        .current_dir(home.dir.path())
        .env_clear()
        .env(
            "PATH",
            format!("{}:{path}", program.parent().unwrap().display()),
        )
        .env("HOME", home.dir.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let report = std::fs::read_to_string(home.path("review.sarif")).unwrap();
    let report: Value = serde_json::from_str(&report).unwrap();
    assert_eq!(
        report["runs"][0]["results"][0]["ruleId"],
        "PUBLIC_IMPERSONATION"
    );
}

/// A file may hold two bindings of one role on one level: one finding, with the members of both.
#[test]
fn of_two_bindings_of_one_role_nobody_is_left_out() {
    let home = Home::new();
    let two = [&["user:ana@example.com"], &["user:bob@example.com"]];
    let two: Vec<Value> = two.iter().map(|m| binding(TOKEN_CREATOR, *m)).collect();
    let file = estate(&[("projects/vault", json!(two))], json!({}));
    let found = run(&home, &file, &["--format=json"]).json();
    let all = found["findings"].as_array().unwrap().iter();
    let broad: Vec<&Value> = all.filter(|f| f["rule"] == "BROAD_IMPERSONATION").collect();
    assert_eq!(broad.len(), 1, "{found}");
    let evidence = broad[0]["evidence"].as_array().unwrap();
    let members: Vec<&str> = evidence
        .iter()
        .map(|e| e["member"].as_str().unwrap())
        .collect();
    assert_eq!(members, ["user:ana@example.com", "user:bob@example.com"]);
    let message = broad[0]["message"].as_str().unwrap();
    assert!(
        message.contains("ana") && message.contains("bob"),
        "{message}"
    );
}

/// A search for policies tells no accounts but those that have one: of another that a policy names nothing is known.
#[test]
fn an_account_that_no_list_could_show_is_not_said_to_be_missing() {
    let home = Home::new();
    let on = |email: &str| format!("//iam.googleapis.com/projects/vault/serviceAccounts/{email}");
    let searched = json!([
        { "assetType": "cloudresourcemanager.googleapis.com/Project", "project": "projects/810000000001",
          "organization": "organizations/9",
          "resource": "//cloudresourcemanager.googleapis.com/projects/vault", "policy": { "bindings": [] } },
        { "assetType": "iam.googleapis.com/ServiceAccount", "project": "projects/810000000001",
          "organization": "organizations/9", "resource": on(V),
          "policy": { "bindings": [{ "role": "roles/iam.serviceAccountTokenCreator",
              "members": ["serviceAccount:w@vault.iam.gserviceaccount.com", "serviceAccount:x@other.iam.gserviceaccount.com"] }] } },
    ]);
    let file = home.write("searched.json", &searched.to_string());
    let ran = home.run(&[
        "--estate",
        file.to_str().unwrap(),
        "--format=json",
        "review",
    ]);
    let told = ran.json();
    assert!(
        !told["findings"]
            .to_string()
            .contains("MEMBER_MATCHES_NOBODY"),
        "{told:#}"
    );
    assert!(
        told["notJudged"]
            .to_string()
            .contains("MEMBER_MATCHES_NOBODY"),
        "{told:#}"
    );
}
