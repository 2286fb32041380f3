//! Whose boundaries count, at random: estates of two organizations with callers of every kind, asked as an
//! administrator and as somebody with less sight, over HTTP. As the administrator `explain` must say what it says on
//! the whole estate; `who` and `reach` must say the same; with less sight a definite answer must be the whole
//! estate's. What the whole estate says for certain the emulator enforces.
//!
//! `WHOSE_BOUNDARIES=2000 cargo test --test oracle whose_boundaries` tries that many estates.

use std::collections::BTreeSet;

use bindscope::emulator::{self, Options};
use bindscope::estate::{Estate, file};
use bindscope::evaluate::{Explanation, Question, Verdict, diagnose, explain, reach, who};
use bindscope::google::credentials::Secret;
use bindscope::google::listing::Scope;
use bindscope::google::survey::{Everything, survey, whole};
use bindscope::google::{Client, Connect};
use bindscope::iam::{Permission, Principal, Resource};
use serde_json::{Value, json};

use crate::chance::Chance;

/// Estates that are tried by default.
const SEEDS: u64 = 10;

const TARGET: &str = "ledger@tern-data.iam.gserviceaccount.com";
const VIEWER: &str = "user:look@tern.example";

const CALLERS: [&str; 27] = [
    "user:ana@tern.example",
    "user:kim@heron.example",
    "user:eve@elsewhere.example",
    "user:lee@gmail.com",
    "serviceAccount:runner@tern-ci.iam.gserviceaccount.com",
    "serviceAccount:runner@heron-app.iam.gserviceaccount.com",
    "serviceAccount:runner@alone.iam.gserviceaccount.com",
    "serviceAccount:runner@nobody-knows.iam.gserviceaccount.com",
    "serviceAccount:7001-compute@developer.gserviceaccount.com",
    "serviceAccount:heron-app@appspot.gserviceaccount.com",
    "serviceAccount:7001@cloudbuild.gserviceaccount.com",
    "serviceAccount:8001@cloudservices.gserviceaccount.com",
    "serviceAccount:9009@cloudbuild.gserviceaccount.com",
    "serviceAccount:service-7001@gcp-sa-pubsub.iam.gserviceaccount.com",
    "serviceAccount:service-8001@serverless-robot-prod.iam.gserviceaccount.com",
    "serviceAccount:service-6001@gcp-sa-pubsub.iam.gserviceaccount.com",
    "serviceAccount:service-folder-11@gcp-sa-logging.iam.gserviceaccount.com",
    "serviceAccount:service-org-2@gcp-sa-logging.iam.gserviceaccount.com",
    "serviceAccount:service-org-77@gcp-sa-logging.iam.gserviceaccount.com",
    "principal://iam.googleapis.com/locations/global/workforcePools/heron-staff/subject/kim",
    "principal://iam.googleapis.com/locations/global/workforcePools/guests/subject/kim",
    "principal://iam.googleapis.com/projects/8001/locations/global/workloadIdentityPools/runners/subject/s",
    "principal://iam.googleapis.com/projects/9009/locations/global/workloadIdentityPools/runners/subject/s",
    "serviceAccount:tern-ci.svc.id.goog[jobs/nightly]",
    "principal://agents.global.org-1.system.id.goog/resources/aiplatform/projects/7001/locations/l/reasoningEngines/r",
    "principal://agents.global.org-2.system.id.goog/resources/aiplatform/projects/8001/locations/l/reasoningEngines/r",
    "principal://agents.global.org-77.system.id.goog/resources/aiplatform/projects/9009/locations/l/reasoningEngines/r",
];

/// Where a binding can be, with the sets that it can bind there.
const PLACES: [(&str, &[&str]); 8] = [
    (
        "organizations/1",
        &[
            "//cloudresourcemanager.googleapis.com/organizations/1",
            "//iam.googleapis.com/locations/global/workspace/C0tern",
        ],
    ),
    (
        "organizations/2",
        &[
            "//cloudresourcemanager.googleapis.com/organizations/2",
            "//iam.googleapis.com/locations/global/workspace/C0heron",
            "//iam.googleapis.com/locations/global/workforcePools/heron-staff",
        ],
    ),
    (
        "folders/11",
        &["//cloudresourcemanager.googleapis.com/folders/11"],
    ),
    (
        "folders/12",
        &["//cloudresourcemanager.googleapis.com/folders/12"],
    ),
    (
        "folders/21",
        &["//cloudresourcemanager.googleapis.com/folders/21"],
    ),
    (
        "projects/7001",
        &["//cloudresourcemanager.googleapis.com/projects/tern-ci"],
    ),
    (
        "projects/tern-ci",
        &["//cloudresourcemanager.googleapis.com/projects/7001"],
    ),
    (
        "projects/8001",
        &[
            "//cloudresourcemanager.googleapis.com/projects/heron-app",
            "//iam.googleapis.com/projects/8001/locations/global/workloadIdentityPools/runners",
        ],
    ),
];

const GROUND: [&str; 6] = [
    "//cloudresourcemanager.googleapis.com/organizations/1",
    "//cloudresourcemanager.googleapis.com/organizations/2",
    "//cloudresourcemanager.googleapis.com/folders/12",
    "//cloudresourcemanager.googleapis.com/folders/21",
    "//cloudresourcemanager.googleapis.com/projects/tern-data",
    "//cloudresourcemanager.googleapis.com/projects/7001",
];

const CONDITIONS: [&str; 4] = [
    "principal.type == 'iam.googleapis.com/ServiceAccount'",
    "principal.type != 'iam.googleapis.com/WorkspaceIdentity'",
    "principal.subject.endsWith('.example')",
    "principal.subject ==",
];

fn boundary(chance: &mut Chance, id: usize) -> (Value, Value) {
    let (parent, sets) = *chance.of(&PLACES);
    let organization = if ["organizations/2", "folders/21", "projects/8001"].contains(&parent) {
        "organizations/2"
    } else {
        "organizations/1"
    };
    let name = format!("{organization}/locations/global/principalAccessBoundaryPolicies/b{id}");
    let rules: Vec<Value> = (0..chance.below(3))
        .map(|_| {
            let mut rule = json!({ "effect": *chance.of(&["ALLOW", "ALLOW", "ALLOW", "DENY"]),
                "resources": [*chance.of(&GROUND)] });
            if chance.below(4) == 0 {
                rule["excludedResources"] = json!([*chance.of(&GROUND)]);
            }
            if chance.below(4) == 0 {
                let covered = [
                    "iam.googleapis.com/*.*",
                    "iam.googleapis.com/serviceAccountKeys.*",
                    "*",
                ];
                rule["operation"] = json!({ "permissions": [*chance.of(&covered)] });
            }
            rule
        })
        .collect();
    let version = *chance.of(&["1", "2", "3", "3", "4", "latest", ""]);
    let policy =
        json!({ "name": name, "details": { "enforcementVersion": version, "rules": rules } });
    let mut binding = json!({ "name": format!("{parent}/locations/global/policyBindings/b{id}"),
        "target": { "principalSet": *chance.of(sets) }, "policyKind": "PRINCIPAL_ACCESS_BOUNDARY", "policy": name });
    if chance.below(4) == 0 {
        binding["condition"] = json!({ "expression": *chance.of(&CONDITIONS) });
    }
    (policy, binding)
}

const ROLES: [&str; 3] = [
    "roles/iam.serviceAccountTokenCreator",
    "roles/iam.workloadIdentityUser",
    "organizations/1/roles/tagger",
];

/// An estate file, and what of it the viewer may not read.
fn estate(chance: &mut Chance) -> (Value, Vec<String>) {
    let account = |email: &str, project: &str, id: u32| {
        json!({ "name": format!("projects/{project}/serviceAccounts/{email}"), "email": email,
            "projectId": project, "uniqueId": id.to_string() })
    };
    let (boundaries, bindings): (Vec<Value>, Vec<Value>) =
        (0..chance.below(5)).map(|id| boundary(chance, id)).unzip();
    let mut grants = |most: usize| -> Vec<Value> {
        let roles = chance.some(&ROLES, 0, 3);
        let grant = |role| json!({ "role": role, "members": chance.some(&CALLERS, 0, most) });
        roles.into_iter().map(grant).collect()
    };
    let (on_account, on_project) = (grants(12), grants(4));
    let mut group = chance.some(&CALLERS, 0, 4);
    group.retain(|member| !member.starts_with("principal"));
    let mut deny = Vec::new();
    if chance.below(4) == 0 {
        let permission = *chance.of(&[
            "iam.googleapis.com/serviceAccounts.getAccessToken",
            "iam.googleapis.com/serviceAccounts.*",
            "iam.googleapis.com/serviceAccountKeys.*",
        ]);
        let whom = *chance.of(&[
            "principal://goog/subject/ana@tern.example",
            "principalSet://goog/cloudIdentityCustomerId/C0tern",
            "principalSet://cloudresourcemanager.googleapis.com/organizations/1/type/ServiceAccount",
            "principalSet://cloudresourcemanager.googleapis.com/folders/11/type/ServiceAgent",
        ]);
        deny.push(json!({ "name": "policies/cloudresourcemanager.googleapis.com%2Ffolders%2F12/denypolicies/d",
            "rules": [{ "denyRule": { "deniedPrincipals": [whom], "deniedPermissions": [permission] } }] }));
    }
    let lists: Vec<String> = PLACES
        .iter()
        .map(|(parent, _)| format!("{parent}/locations/global/policyBindings"))
        .collect();
    let hidden = chance.some(&lists, 0, 2);
    let with_group = chance.below(3) == 0;
    let groups = json!([{ "email": "devs@tern.example", "members": group }]);
    let by_group = json!({ "role": "roles/iam.serviceAccountTokenCreator", "members": ["group:devs@tern.example"] });
    let mut on_organization =
        vec![json!({ "role": "organizations/1/roles/looker", "members": [VIEWER] })];
    on_organization.extend(with_group.then_some(by_group));
    let file = json!({
        "organizations": [
            { "name": "organizations/1", "displayName": "tern.example", "directoryCustomerId": "C0tern" },
            { "name": "organizations/2", "displayName": "heron.example", "directoryCustomerId": "C0heron" }],
        "folders": [
            { "name": "folders/11", "parent": "organizations/1" },
            { "name": "folders/12", "parent": "organizations/1" },
            { "name": "folders/21", "parent": "organizations/2" }],
        "projects": [
            { "name": "projects/7001", "projectId": "tern-ci", "parent": "folders/11", "state": "ACTIVE" },
            { "name": "projects/7002", "projectId": "tern-data", "parent": "folders/12", "state": "ACTIVE" },
            { "name": "projects/8001", "projectId": "heron-app", "parent": "folders/21", "state": "ACTIVE" },
            { "name": "projects/6001", "projectId": "alone", "state": "ACTIVE" }],
        "serviceAccounts": [
            account(TARGET, "tern-data", 101),
            account("runner@tern-ci.iam.gserviceaccount.com", "tern-ci", 102),
            account("runner@heron-app.iam.gserviceaccount.com", "heron-app", 103),
            account("runner@alone.iam.gserviceaccount.com", "alone", 104)],
        "pools": [{ "name": "locations/global/workforcePools/heron-staff", "parent": "organizations/2" }],
        "groups": if with_group { groups } else { json!([]) },
        "roles": [
            { "name": "organizations/1/roles/tagger", "stage": "GA",
                "includedPermissions": ["iam.serviceAccounts.createTagBinding"] },
            { "name": "organizations/1/roles/looker", "stage": "GA", "includedPermissions": [
                "iam.denypolicies.get", "iam.denypolicies.list", "iam.policybindings.list",
                "iam.principalaccessboundarypolicies.get", "iam.roles.get", "iam.serviceAccounts.get",
                "iam.serviceAccounts.getIamPolicy", "iam.serviceAccounts.list", "resourcemanager.folders.get",
                "resourcemanager.folders.getIamPolicy", "resourcemanager.folders.list",
                "resourcemanager.organizations.get", "resourcemanager.organizations.getIamPolicy",
                "resourcemanager.projects.get", "resourcemanager.projects.getIamPolicy",
                "resourcemanager.projects.list", "serviceusage.services.get"] }],
        "iamPolicies": {
            "//cloudresourcemanager.googleapis.com/organizations/1": { "bindings": on_organization },
            "//cloudresourcemanager.googleapis.com/projects/tern-data": { "bindings": on_project },
            format!("//iam.googleapis.com/projects/tern-data/serviceAccounts/{TARGET}"): { "bindings": on_account } },
        "denyPolicies": deny,
        "principalAccessBoundaryPolicies": boundaries,
        "policyBindings": bindings,
    });
    (file, hidden)
}

fn read(file: &Value) -> Estate {
    file::read_text("estate.json", &file.to_string()).unwrap()
}

/// Verdict, outcome, and every cause with its place.
fn told(estate: &Estate, answer: &Explanation) -> String {
    let causes: BTreeSet<String> = diagnose(estate, answer)
        .iter()
        .map(|c| format!("{:?} at {}", c.kind, c.place))
        .collect();
    format!("{} {:?} {causes:?}", answer.verdict.word(), answer.outcome)
}

fn definite(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::CanAccess | Verdict::CannotAccess)
}

/// One estate, served to one viewer.
async fn ask(seed: u64, file: &Value, full: &Estate, as_viewer: bool, chance: &mut Chance) {
    let viewer = as_viewer.then(|| Principal::parse(VIEWER).unwrap());
    let sees_all = viewer.is_none() && file.get("unreadable").is_none();
    let options = Options {
        viewer,
        ..Options::default()
    };
    let running = emulator::start(read(file), options).await.unwrap();
    let client = Client::connect(Connect {
        endpoint: Some(running.base_url()),
        token: Some(Secret::new(running.admin_token())),
        ..Connect::default()
    })
    .await
    .unwrap();
    let reader = client.reader();
    let target = Resource::account("-", TARGET);
    let time = "2026-11-25T12:00:00Z".parse().unwrap();
    let permission = Permission::parse(chance.of::<&str>(&[
        "iam.serviceAccounts.getAccessToken",
        "iam.serviceAccounts.getAccessToken",
        "iam.serviceAccounts.createTagBinding",
    ]))
    .unwrap();
    let everything = Everything::to_target(&target, &permission, &Scope::Everything);
    let (seen, _) = whole(&*reader, &everything, &|_| {}).await.unwrap();
    let holders = who(&seen, &target, &permission, time);
    for _ in 0..4 {
        let name = *chance.of(&CALLERS);
        // Whether pools' identities are in a group is not what is asked here.
        if file["groups"] != json!([]) && !name.contains('@') {
            continue;
        }
        let caller = Principal::parse(name).unwrap();
        let mut question = Question::new(caller.clone(), target.clone(), time);
        question.permission = permission.clone();
        let whole_truth = explain(full, &question);
        let part = survey(&*reader, &question, &|_| {}).await.unwrap();
        let answer = explain(&part, &question);
        let what = format!("seed {seed}, {name}, {permission}, all seen: {sees_all}");
        if sees_all {
            assert_eq!(
                told(&part, &answer),
                told(full, &whole_truth),
                "{what}\n{file:#}"
            );
        } else if definite(answer.verdict) {
            assert_eq!(answer.verdict, whole_truth.verdict, "{what}\n{file:#}");
        }
        let row = holders.results.iter().find(|h| &*h.principal == name);
        let by_who = row.map_or(Verdict::CannotAccess, |h| h.verdict);
        let everything = Everything::from_caller(&caller, &permission, &Scope::Everything);
        let (seen, unlisted) = whole(&*reader, &everything, &|_| {}).await.unwrap();
        let reached = reach(&seen, &caller, &permission, time);
        let mut direct = reached.results.iter();
        let direct = direct.find(|r| r.target.id() == TARGET && r.trail.path().len() == 2);
        // What could not be listed is not said to be out of reach.
        let silent = if unlisted.is_empty() {
            Verdict::CannotAccess
        } else {
            Verdict::UnknownInfo
        };
        let by_reach = direct.map_or(silent, |r| r.verdict);
        for (list, verdict) in [("who", by_who), ("reach", by_reach)] {
            if sees_all {
                assert_eq!(verdict, answer.verdict, "{list}: {what}\n{file:#}");
            } else if definite(verdict) && definite(answer.verdict) {
                assert_eq!(
                    verdict, answer.verdict,
                    "{list}: {what}\n{reached:#?}\n{file:#}"
                );
            } else if verdict == Verdict::CanAccess {
                assert_eq!(verdict, whole_truth.verdict, "{list}: {what}\n{file:#}");
            }
        }
    }
    running.stop().await;
}

#[test]
fn explain_who_and_reach_say_one_thing_of_every_kind_of_caller() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let many = std::env::var("WHOSE_BOUNDARIES").ok();
    // A number, or the one seed to try again: `=555`.
    let seeds = match many.as_deref().map(|n| (n, n.strip_prefix('='))) {
        Some((_, Some(one))) => one.parse().map_or(0..1, |seed| seed..seed + 1),
        Some((many, None)) => 0..many.parse().unwrap_or(SEEDS),
        None => 0..SEEDS,
    };
    for seed in seeds {
        let mut chance = Chance::new(seed, 0);
        let (mut file, hidden) = estate(&mut chance);
        let full = read(&file);
        runtime.block_on(ask(seed, &file, &full, false, &mut chance));
        if chance.below(2) == 0 {
            runtime.block_on(ask(seed, &file, &full, true, &mut chance));
        } else if !hidden.is_empty() {
            file["unreadable"] = json!(hidden);
            runtime.block_on(ask(seed, &file, &full, false, &mut chance));
        }
    }
}
