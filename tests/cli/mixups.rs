//! Targets and grants as people get them wrong, asked as they ask: re-told from public reports, with
//! names of our own.

use serde_json::{Value, json};

use super::common::Home;

const CI: &str = "serviceAccount:ci-deploy@osprey-app.iam.gserviceaccount.com";
const APPSPOT: &str = "osprey-app@appspot.gserviceaccount.com";
const COMPUTE: &str = "730000000001-compute@developer.gserviceaccount.com";
const ACT_AS: &str = "iam.serviceAccounts.actAs";

fn account(email: &str, project: &str, id: &str) -> Value {
    json!({"name": format!("projects/{project}/serviceAccounts/{email}"), "email": email,
        "projectId": project, "uniqueId": id})
}

fn on(email: &str, project: &str) -> String {
    format!("//iam.googleapis.com/projects/{project}/serviceAccounts/{email}")
}

fn binding(role: &str, members: &[&str]) -> Value {
    json!({"bindings": [{"role": role, "members": members}]})
}

/// osprey.example with three projects; nothing is granted.
fn estate() -> Value {
    json!({
        "organizations": [{"name": "organizations/41", "displayName": "osprey.example", "directoryCustomerId": "C0osprey"}],
        "projects": [
            {"name": "projects/730000000001", "projectId": "osprey-app", "parent": "organizations/41"},
            {"name": "projects/730000000002", "projectId": "osprey-data", "parent": "organizations/41"},
            {"name": "projects/730000000003", "projectId": "osprey-lab", "parent": "organizations/41"}],
        "serviceAccounts": [
            account("ci-deploy@osprey-app.iam.gserviceaccount.com", "osprey-app", "101"),
            account(APPSPOT, "osprey-app", "102"),
            account("loader@osprey-data.iam.gserviceaccount.com", "osprey-data", "201"),
            account("reader@osprey-data.iam.gserviceaccount.com", "osprey-data", "202")],
        "groups": [{"email": "data@osprey.example", "members": ["user:finn@osprey.example"]}],
        "iamPolicies": {
            "//cloudresourcemanager.googleapis.com/projects/osprey-app": {"bindings": [
                {"role": "roles/editor", "members": [format!("serviceAccount:{APPSPOT}")]},
                {"role": "roles/cloudfunctions.developer", "members": [CI]},
                {"role": "roles/run.admin", "members": ["user:finn@osprey.example"]}]},
        },
    })
}

fn with(mut estate: Value, policies: &[(String, Value)]) -> Value {
    for (name, policy) in policies {
        estate["iamPolicies"][name] = policy.clone();
    }
    estate
}

struct Asked {
    json: Value,
    code: i32,
    text: String,
}

impl Asked {
    fn kinds(&self) -> Vec<&str> {
        let causes = self.json["causes"].as_array().unwrap();
        causes.iter().map(|c| c["kind"].as_str().unwrap()).collect()
    }
}

fn ask(estate: &Value, caller: &str, target: &str, more: &[&str]) -> Asked {
    let home = Home::new();
    let file = home.write("estate.json", &estate.to_string());
    let mut all = vec![
        "--estate",
        file.to_str().unwrap(),
        "explain",
        "--caller",
        caller,
        "--target",
        target,
    ];
    all.extend(more);
    let text = home.run(&all);
    all.push("--format=json");
    let ran = home.run(&all);
    assert_eq!(ran.code, text.code);
    Asked {
        json: ran.json(),
        code: ran.code,
        text: text.out,
    }
}

#[test]
fn a_deployer_granted_on_its_own_account() {
    let own = on("ci-deploy@osprey-app.iam.gserviceaccount.com", "osprey-app");
    let estate = with(
        estate(),
        &[(own, binding("roles/iam.serviceAccountUser", &[CI]))],
    );
    let asked = ask(&estate, CI, APPSPOT, &["--permission", ACT_AS]);
    assert_eq!(asked.kinds(), ["GRANT_ELSEWHERE"], "{}", asked.text);
    assert_eq!(asked.code, 1);
    let repair = &asked.json["repairs"][0];
    assert_eq!(repair["role"], "roles/iam.serviceAccountUser");
    assert_eq!(repair["resource"], on(APPSPOT, "osprey-app"));
    assert!(
        asked.text.contains(&format!("--permission {ACT_AS}")),
        "{}",
        asked.text
    );
}

/// That the default account is Editor of its own project is a grant to nobody else, for whoever asks.
#[test]
fn editor_of_a_default_account_is_no_mix_up() {
    for caller in [
        CI,
        "user:finn@osprey.example",
        "serviceAccount:loader@osprey-data.iam.gserviceaccount.com",
    ] {
        let asked = ask(&estate(), caller, APPSPOT, &["--permission", ACT_AS]);
        assert_eq!(asked.kinds(), ["NO_GRANT"], "{caller}: {}", asked.text);
    }
    let caller = format!("serviceAccount:{APPSPOT}");
    let loader = "loader@osprey-data.iam.gserviceaccount.com";
    let asked = ask(&estate(), &caller, loader, &["--permission", ACT_AS]);
    assert_eq!(asked.kinds(), ["NO_GRANT"], "{}", asked.text);
}

#[test]
fn a_default_account_that_is_not_there() {
    for (target, words) in [
        (COMPUTE, "Compute Engine"),
        ("osprey-data@appspot.gserviceaccount.com", "App Engine"),
        (
            "osprey-app-compute@developer.gserviceaccount.com",
            "goes by another name",
        ),
    ] {
        for more in [&["--permission", ACT_AS][..], &[]] {
            let asked = ask(&estate(), CI, target, more);
            assert_eq!(
                asked.kinds(),
                ["TARGET_NOT_FOUND"],
                "{target}: {}",
                asked.text
            );
            assert_eq!(
                (asked.code, &asked.json["outcome"]),
                (1, &json!("WOULD_FAIL"))
            );
            let message = asked.json["causes"][0]["message"].as_str().unwrap();
            assert!(message.contains(words), "{message}");
        }
    }
}

#[test]
fn a_person_or_a_group_as_target_is_an_answer() {
    for target in [
        "finn@osprey.example",
        "user:finn@osprey.example",
        "data@osprey.example",
        "group:data@osprey.example",
        "who@gmail.com",
    ] {
        let asked = ask(&estate(), CI, target, &[]);
        assert_eq!(
            asked.kinds(),
            ["TARGET_IS_NO_SERVICE_ACCOUNT"],
            "{target}: {}",
            asked.text
        );
        assert_eq!(
            (asked.code, &asked.json["outcome"]),
            (1, &json!("WOULD_FAIL"))
        );
        assert!(
            asked.text.contains("domain-wide delegation"),
            "{}",
            asked.text
        );
        assert!(asked.json["repairs"].as_array().unwrap().is_empty());
    }
    // `fix` has the same to say, and writes nothing.
    let home = Home::new();
    let file = home.write("estate.json", &estate().to_string());
    let ran = home.run(&[
        "--estate",
        file.to_str().unwrap(),
        "fix",
        "--yes",
        "--caller",
        CI,
        "--target",
        "finn@osprey.example",
    ]);
    assert!(
        ran.ends(1).out.contains("domain-wide delegation"),
        "{}",
        ran.out
    );
}

#[test]
fn a_grant_on_a_third_project_or_another_account_is_found() {
    let loader = "loader@osprey-data.iam.gserviceaccount.com";
    let reader = on("reader@osprey-data.iam.gserviceaccount.com", "osprey-data");
    let creator = "roles/iam.serviceAccountTokenCreator";
    let third = "//cloudresourcemanager.googleapis.com/projects/osprey-lab".to_owned();
    for (place, words) in [
        (third, "project osprey-lab"),
        (reader, "the account reader"),
    ] {
        for caller in [CI, "user:finn@osprey.example"] {
            let estate = with(estate(), &[(place.clone(), binding(creator, &[caller]))]);
            let asked = ask(&estate, caller, loader, &[]);
            assert_eq!(
                asked.kinds(),
                ["GRANT_ELSEWHERE"],
                "{place}: {}",
                asked.text
            );
            assert_eq!(asked.json["causes"][0]["resource"], place);
            let message = asked.json["causes"][0]["message"].as_str().unwrap();
            assert!(message.contains(words), "{message}");
        }
    }
}

#[test]
fn a_grant_elsewhere_comes_before_roles_that_do_not_do() {
    let loader = "loader@osprey-data.iam.gserviceaccount.com";
    let reader = on("reader@osprey-data.iam.gserviceaccount.com", "osprey-data");
    let project = "//cloudresourcemanager.googleapis.com/projects/osprey-data".to_owned();
    let finn = "user:finn@osprey.example";
    let estate = with(
        estate(),
        &[
            (
                reader,
                binding("roles/iam.serviceAccountTokenCreator", &[finn]),
            ),
            (
                project,
                json!({"bindings": [
                {"role": "roles/iam.serviceAccountUser", "members": [finn]},
                {"role": "roles/owner", "members": [finn]}]}),
            ),
        ],
    );
    let asked = ask(&estate, finn, loader, &[]);
    assert_eq!(
        asked.kinds(),
        [
            "GRANT_ELSEWHERE",
            "BASIC_ROLE_NOT_ENOUGH",
            "ROLE_LACKS_PERMISSION"
        ]
    );
}

#[test]
fn a_pod_that_runs_as_default() {
    let loader = "loader@osprey-data.iam.gserviceaccount.com";
    let pod = "serviceAccount:osprey-app.svc.id.goog[shop/default]";
    let asked = ask(&estate(), pod, loader, &[]);
    assert!(asked.text.contains("serviceAccountName"), "{}", asked.text);
    let home = Home::new();
    let file = home.write("estate.json", &estate().to_string());
    let ran = home.run(&[
        "--estate",
        file.to_str().unwrap(),
        "fix",
        "--dry-run",
        "--caller",
        pod,
        "--target",
        loader,
    ]);
    let out = ran.ends(0).out.replace('\n', " ");
    assert!(out.contains("Every pod of the namespace shop"), "{out}");
    assert!(out.contains("serviceAccountName"), "{out}");
}

#[test]
fn a_role_that_does_not_exist_is_named_with_the_one_that_does() {
    let home = Home::new();
    let file = home.write("estate.json", &estate().to_string());
    let fix = |role: &str| {
        home.run(&[
            "--estate",
            file.to_str().unwrap(),
            "fix",
            "--dry-run",
            "--caller",
            "user:finn@osprey.example",
            "--target",
            "loader@osprey-data.iam.gserviceaccount.com",
            "--role",
            role,
        ])
    };
    for (role, meant) in [
        (
            "roles/iam.ServiceAccountTokenCreator",
            "roles/iam.serviceAccountTokenCreator",
        ),
        (
            "roles/iam.serviceaccounttokencreator",
            "roles/iam.serviceAccountTokenCreator",
        ),
        (
            "roles/iam.serviceAccountTokenCreater",
            "roles/iam.serviceAccountTokenCreator",
        ),
        ("roles/Editor", "roles/editor"),
    ] {
        let ran = fix(role);
        ran.ends(2)
            .says(&format!("there is no such role: {role}"))
            .says(&format!("did you mean {meant}"));
    }
    fix("roles/iam.ServiceAccountTokenCreator").says("case-sensitive");
    // Files need not hold every custom role that there is.
    fix("projects/osprey-data/roles/minter")
        .ends(2)
        .says("the files hold no role projects/osprey-data/roles/minter")
        .says("gcloud iam roles describe minter --project=osprey-data --format=json");
    fix("roles/nothing.ofTheKindAtAll")
        .ends(2)
        .says("there is no such role");
    // One that exists and does not do says so.
    let lacks = fix("roles/iam.serviceAccountUser");
    let out = lacks.ends(1).out.replace("\n  ", " ");
    assert!(out.contains("The role roles/iam.serviceAccountUser does not give iam.serviceAccounts.getAccessToken."), "{out}");
    fix("roles/iam.serviceAccountTokenCreator").ends(0);
}

#[test]
fn a_caller_of_a_kind_that_its_address_is_not_of() {
    let loader = "loader@osprey-data.iam.gserviceaccount.com";
    for (caller, meant) in [
        ("user:ci-deploy@osprey-app.iam.gserviceaccount.com", CI),
        (
            "serviceAccount:finn@osprey.example",
            "user:finn@osprey.example",
        ),
    ] {
        let asked = ask(&estate(), caller, loader, &[]);
        assert_eq!(
            asked.kinds(),
            ["CALLER_NOT_FOUND"],
            "{caller}: {}",
            asked.text
        );
        let remedy = asked.json["causes"][0]["remedy"].as_str().unwrap();
        assert!(remedy.contains(meant), "{remedy}");
    }
}

/// `who` and `reach` have the same to say.
#[test]
fn lists_about_what_is_not_there_say_so() {
    let home = Home::new();
    let file = home.write("estate.json", &estate().to_string());
    let run = |more: &[&str]| home.run(&[&["--estate", file.to_str().unwrap()], more].concat());
    run(&["who", "--target", "finn@osprey.example"])
        .ends(2)
        .says("is no service account but a person's address")
        .says("domain-wide delegation");
    run(&["who", "--target", COMPUTE])
        .ends(2)
        .says("has no Compute Engine default account");
    run(&[
        "who",
        "--target",
        "laoder@osprey-data.iam.gserviceaccount.com",
    ])
    .ends(2)
    .says("did you mean loader@osprey-data.iam.gserviceaccount.com?");
    let caller = "user:ci-deploy@osprey-app.iam.gserviceaccount.com";
    let ran = run(&["reach", "--caller", caller, "--format=json"]);
    ran.ends(0).says(&format!("Nobody is {caller}")).says(CI);
    assert_eq!(ran.json()["results"], json!([]));
}

/// Granted to the person who tried it by hand, called by the pipeline.
#[test]
fn a_grant_to_a_person_where_a_pipeline_calls() {
    let loader = "loader@osprey-data.iam.gserviceaccount.com";
    let estate = with(
        estate(),
        &[(
            on(loader, "osprey-data"),
            binding(
                "roles/iam.serviceAccountTokenCreator",
                &["user:finn@osprey.example"],
            ),
        )],
    );
    let asked = ask(&estate, CI, loader, &[]);
    assert_eq!(asked.kinds(), ["NO_GRANT"]);
    let message = asked.json["causes"][0]["message"].as_str().unwrap();
    assert!(
        message.contains("finn@osprey.example has it there, in person"),
        "{message}"
    );
}

/// The right set of the right pool, on the account beside.
#[test]
fn a_pools_set_that_was_granted_on_another_account() {
    let pool = "projects/730000000003/locations/global/workloadIdentityPools/ci";
    let job = format!(
        "principal://iam.googleapis.com/{pool}/subject/repo:osprey/load:ref:refs/heads/main"
    );
    let set = format!("principalSet://iam.googleapis.com/{pool}/attribute.repository/osprey/load");
    let loader = "loader@osprey-data.iam.gserviceaccount.com";
    let reader = on("reader@osprey-data.iam.gserviceaccount.com", "osprey-data");
    let estate = with(
        estate(),
        &[(
            reader.clone(),
            binding("roles/iam.workloadIdentityUser", &[&set]),
        )],
    );
    let brings = ["--attribute", "repository=osprey/load"];
    let asked = ask(&estate, &job, loader, &brings);
    assert_eq!(asked.kinds(), ["GRANT_ELSEWHERE"], "{}", asked.text);
    assert_eq!(asked.json["causes"][0]["resource"], reader);
    let other = ask(
        &estate,
        &job,
        loader,
        &["--attribute", "repository=osprey/other"],
    );
    assert_eq!(other.kinds(), ["NO_GRANT"], "{}", other.text);
}

#[test]
fn a_pod_that_runs_as_default_where_another_account_was_granted() {
    let loader = "loader@osprey-data.iam.gserviceaccount.com";
    let granted = "serviceAccount:osprey-app.svc.id.goog[shop/loader]";
    let estate = with(
        estate(),
        &[(
            on(loader, "osprey-data"),
            binding("roles/iam.workloadIdentityUser", &[granted]),
        )],
    );
    let asked = ask(
        &estate,
        "serviceAccount:osprey-app.svc.id.goog[shop/default]",
        loader,
        &[],
    );
    assert_eq!(asked.kinds(), ["FEDERATED_MISMATCH"], "{}", asked.text);
    let remedy = asked.json["causes"][0]["remedy"].as_str().unwrap();
    assert!(remedy.contains("serviceAccountName: loader"), "{remedy}");
    assert!(remedy.contains("runs as default"), "{remedy}");
}
