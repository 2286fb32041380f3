//! Each function of `google::api`, by a real client, over HTTP, under every fault on each of the routes that it
//! calls: it gives the answer that it has without faults, or an error that says so. A read is repeated where
//! that can help and no oftener than `pace` says, a write is sent once, and has been carried out once or not at all.
//!
//! Which functions there are is read from the sources, which routes there are from the emulator's table.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use bindscope::emulator::{self, Options, Running};
use bindscope::estate::{Estate, file};
use bindscope::google::api::iam_credentials::MintedToken;
use bindscope::google::api::identity_pools::PoolOwner;
use bindscope::google::api::{
    allow_policy, allow_policy_as_read, boundaries, cloud_asset, cloud_identity, deny_policies,
    iam, iam_credentials, identity_pools, lacked_permissions, org_policy, policy_troubleshooter,
    probes, read_policy, resource_manager, service_usage, write_policy,
};
use bindscope::google::credentials::Secret;
use bindscope::google::patience::Patience;
use bindscope::google::reachability::APIS;
use bindscope::google::{Client, Connect};
use bindscope::iam::{Permission, Pool, Principal, Resource};
use bindscope::wire::{ApiError, Ask, Tell};
use futures::future::BoxFuture;
use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};
use serde_json::{Value, json};

use crate::{AT_ONCE, Comes, DEADLINE, FAULTS, SHORT, draw, none_is_wrong, number, path};

/// Cases by default.
const CASES: usize = 60;
/// How often a read is made at most: once, and repeated four times (`google::pace`).
const ATTEMPTS: usize = 5;
/// Faults that writes meet beside those of reads: the call takes effect, its answer is lost.
#[rustfmt::skip]
const LOST: [(&str, &str, Comes); 5] = [
    ("", "409 after", Comes::LessAtOnce),
    ("", "429 after", Comes::LessAtOnce),
    ("", "500 after", Comes::LessAtOnce),
    ("", "503 after", Comes::LessAtOnce),
    ("", "html after", Comes::LessAtOnce),
];

const ACCOUNT: &str = "ledger@tern-data.iam.gserviceaccount.com";
const CALLER: &str = "runner@tern-data.iam.gserviceaccount.com";
const CONSTRAINT: &str = "iam.disableServiceAccountKeyCreation";
const DENY: &str = "policies/cloudresourcemanager.googleapis.com%2Ffolders%2F2001/denypolicies/d";
const BOUNDARY: &str = "organizations/1001/locations/global/principalAccessBoundaryPolicies/ours";
const POOL: &str = "projects/7001/locations/global/workloadIdentityPools/github";
const STAFF: &str = "locations/global/workforcePools/staff";
const PROJECT: &str = "//cloudresourcemanager.googleapis.com/projects/7001";

/// One of everything that is asked about.
fn estate() -> Estate {
    let account = |email: &str, id: &str| {
        json!({ "name": format!("projects/tern-data/serviceAccounts/{email}"), "projectId": "tern-data",
            "uniqueId": id, "email": email })
    };
    let provider = |pool: &str| {
        json!({ "name": format!("{pool}/providers/oidc"), "attributeMapping": { "google.subject": "assertion.sub" },
            "oidc": { "issuerUri": "https://token.actions.githubusercontent.com" } })
    };
    let bound = |level: &str| {
        json!({ "name": format!("{level}/locations/global/policyBindings/ours"),
            "target": { "principalSet": format!("//cloudresourcemanager.googleapis.com/{level}") },
            "policyKind": "PRINCIPAL_ACCESS_BOUNDARY", "policy": BOUNDARY })
    };
    let minter = json!({ "role": "roles/iam.serviceAccountTokenCreator", "members": [format!("serviceAccount:{CALLER}")] });
    let text = json!({
        "organizations": [{ "name": "organizations/1001", "displayName": "tern.example", "directoryCustomerId": "C0tern" }],
        "folders": [{ "name": "folders/2001", "parent": "organizations/1001", "displayName": "data" }],
        "projects": [{ "name": "projects/7001", "projectId": "tern-data", "parent": "folders/2001" }],
        "serviceAccounts": [account(ACCOUNT, "118"), account(CALLER, "117")],
        "groups": [{ "email": "devs@tern.example", "members": ["user:ana@tern.example", "group:more@tern.example"] },
            { "email": "more@tern.example", "members": [] }],
        "iamPolicies": {
            "//cloudresourcemanager.googleapis.com/organizations/1001": { "bindings": [
                { "role": "organizations/1001/roles/minter", "members": ["group:devs@tern.example"] }] },
            "//cloudresourcemanager.googleapis.com/folders/2001": { "bindings": [minter.clone()] },
            PROJECT: { "bindings": [minter.clone()] },
            format!("//iam.googleapis.com/projects/tern-data/serviceAccounts/{ACCOUNT}"): { "bindings": [minter] },
        },
        "roles": [{ "name": "organizations/1001/roles/minter", "title": "Minter",
            "includedPermissions": ["iam.serviceAccounts.getAccessToken"], "stage": "GA" },
            { "name": "projects/tern-data/roles/minter", "title": "Minter",
            "includedPermissions": ["iam.serviceAccounts.getAccessToken"], "stage": "GA" }],
        "denyPolicies": [{ "name": DENY, "rules": [{ "denyRule": {
            "deniedPrincipals": ["principal://goog/subject/eve@tern.example"],
            "deniedPermissions": ["iam.googleapis.com/serviceAccounts.getAccessToken"] } }] }],
        "principalAccessBoundaryPolicies": [{ "name": BOUNDARY, "details": { "rules": [{
            "resources": ["//cloudresourcemanager.googleapis.com/organizations/1001"], "effect": "ALLOW" }],
            "enforcementVersion": "3" } }],
        "policyBindings": [bound("organizations/1001"), bound("folders/2001")],
        "tags": { PROJECT: [{ "namespacedTagKey": "1001/env", "namespacedTagValue": "1001/env/prod",
            "tagKey": "tagKeys/1", "tagValue": "tagValues/2" }] },
        "pools": [{ "name": POOL }, { "name": STAFF, "parent": "organizations/1001" }],
        "providers": [provider(POOL), provider(STAFF)],
        "orgPolicies": [{ "name": format!("organizations/1001/policies/{CONSTRAINT}"), "spec": { "rules": [{ "enforce": true }] } }],
    });
    file::read_text("every call", &text.to_string()).unwrap()
}

/// What a call is made through.
struct Doors<'a> {
    ask: &'a dyn Ask,
    tell: &'a dyn Tell,
}

/// A function of `google::api`, as it is called here: what it gives, as text.
struct Row {
    /// File and function, as the sources have them.
    name: &'static str,
    /// What it is called about, where it is called about several things.
    about: &'static str,
    call: for<'a> fn(Doors<'a>) -> BoxFuture<'a, Result<String, ApiError>>,
    writes: bool,
}

macro_rules! rows {
    ($($name:literal $about:literal $(=> $writes:literal)?: |$ask:ident, $tell:ident| $call:expr;)*) => {
        vec![$(Row {
            name: $name,
            about: $about,
            call: |doors| Box::pin(async move {
                let ($ask, $tell) = (doors.ask, doors.tell);
                // Either is used by a part of the rows.
                let _ = ($ask, $tell);
                told($call.await)
            }),
            writes: [$($writes,)? false][0],
        }),*]
    };
}

fn told<T: Debug>(result: Result<T, ApiError>) -> Result<String, ApiError> {
    result.map(|value| format!("{value:?}"))
}

async fn all<T: Debug>(pages: BoxStream<'_, Result<Vec<T>, ApiError>>) -> Result<Vec<T>, ApiError> {
    pages.try_concat().await
}

fn org() -> Resource {
    Resource::parse("organizations/1001").unwrap()
}

fn folder() -> Resource {
    Resource::parse("folders/2001").unwrap()
}

fn project() -> Resource {
    Resource::parse("projects/tern-data").unwrap()
}

fn account() -> Resource {
    Resource::account("tern-data", ACCOUNT)
}

fn pool(name: &str) -> Pool {
    match Principal::parse(&format!("principal://iam.googleapis.com/{name}/subject/s")).unwrap() {
        Principal::Federated { pool, .. } => pool,
        other => panic!("{other:?}"),
    }
}

fn permissions() -> Vec<String> {
    vec!["iam.serviceAccounts.getAccessToken".to_owned()]
}

fn permission() -> Permission {
    Permission::parse("iam.serviceAccounts.getAccessToken").unwrap()
}

/// The account's policy with one member more.
fn changed_policy() -> Value {
    json!({ "version": 3, "bindings": [{ "role": "roles/iam.serviceAccountUser", "members": ["user:ana@tern.example"] }] })
}

/// Asks every API its smallest call; what is refused answers just as well.
async fn probed(ask: &dyn Ask) -> Result<Vec<String>, ApiError> {
    let mut answers = Vec::new();
    for api in APIS {
        let (path, body) = probes::smallest(api, Some("tern-data"));
        let answer = match &body {
            None => ask.get(api, &path).await,
            Some(body) => ask.ask(api, &path, body).await,
        };
        // Nobody is asked about, and no account: those are refused.
        let refused = |e: &ApiError| matches!(e.status(), Some(400 | 403 | 404));
        match answer {
            Err(error) if !refused(&error) => return Err(error),
            answered => answers.push(format!("{:?}", answered.map_err(|e| e.status()))),
        }
    }
    Ok(answers)
}

#[rustfmt::skip]
fn rows() -> Vec<Row> {
    rows! {
        "boundaries::policy_bindings" "organization": |ask, _t| boundaries::policy_bindings(ask, &org());
        "boundaries::policy_bindings" "folder": |ask, _t| boundaries::policy_bindings(ask, &folder());
        "boundaries::boundary" "": |ask, _t| boundaries::boundary(ask, BOUNDARY);
        "cloud_asset::projects" "": |ask, _t| all(cloud_asset::projects(ask, "organizations/1001"));
        "cloud_asset::accounts" "": |ask, _t| all(cloud_asset::accounts(ask, "organizations/1001"));
        "cloud_asset::account_policies" "": |ask, _t| all(cloud_asset::account_policies(ask, "folders/2001"));
        "cloud_identity::members" "": |ask, _t| cloud_identity::members(ask, "devs@tern.example");
        "deny_policies::deny_policy_names" "": |ask, _t| deny_policies::deny_policy_names(ask, &folder());
        "deny_policies::deny_policy" "": |ask, _t| deny_policies::deny_policy(ask, DENY);
        "iam::account" "in its project": |ask, _t| iam::account(ask, &account());
        "iam::account" "with the wildcard": |ask, _t| iam::account(ask, &Resource::account("-", ACCOUNT));
        "iam::accounts" "": |ask, _t| iam::accounts(ask, "tern-data");
        "iam::account_pages" "": |ask, _t| all(iam::account_pages(ask, "tern-data"));
        "iam::role" "Google's": |ask, _t| iam::role(ask, "roles/iam.serviceAccountTokenCreator");
        "iam::role" "an organization's": |ask, _t| iam::role(ask, "organizations/1001/roles/minter");
        "iam::role" "a project's": |ask, _t| iam::role(ask, "projects/tern-data/roles/minter");
        "iam::switch_account" "off" => true: |_a, tell| iam::switch_account(tell, &account(), false);
        "iam::switch_account" "on" => true: |_a, tell| iam::switch_account(tell, &account(), true);
        "iam_credentials::mint" "access": |ask, _t| iam_credentials::mint(ask, ACCOUNT, MintedToken::Access, &[]);
        "iam_credentials::mint" "id": |ask, _t| iam_credentials::mint(ask, ACCOUNT, MintedToken::Id, &[]);
        "identity_pools::pool" "workload": |ask, _t| identity_pools::pool(ask, POOL);
        "identity_pools::pool" "workforce": |ask, _t| identity_pools::pool(ask, STAFF);
        "identity_pools::pools_beside" "": |ask, _t| identity_pools::pools_beside(ask, POOL.strip_suffix("/github").unwrap());
        "identity_pools::pool_names" "workload": |ask, _t| identity_pools::pool_names(ask, &PoolOwner::Project("tern-data".into()));
        "identity_pools::pool_names" "workforce": |ask, _t| identity_pools::pool_names(ask, &PoolOwner::Organization("organizations/1001".into()));
        "identity_pools::providers" "workload": |ask, _t| identity_pools::providers(ask, &pool(POOL));
        "identity_pools::providers" "workforce": |ask, _t| identity_pools::providers(ask, &pool(STAFF));
        "org_policy::effective" "": |ask, _t| org_policy::effective(ask, &project(), CONSTRAINT);
        "org_policy::set_on" "": |ask, _t| org_policy::set_on(ask, &org(), CONSTRAINT);
        "policies::read_policy" "account": |ask, _t| read_policy(ask, &account());
        "policies::allow_policy" "organization": |ask, _t| allow_policy(ask, &org());
        "policies::allow_policy" "folder": |ask, _t| allow_policy(ask, &folder());
        "policies::allow_policy_as_read" "project": |ask, _t| allow_policy_as_read(ask, &project());
        "policies::write_policy" "account" => true: |_a, tell| write_policy(tell, &account(), &changed_policy());
        "policies::write_policy" "project" => true: |_a, tell| write_policy(tell, &project(), &changed_policy());
        "policies::lacked_permissions" "account": |ask, _t| lacked_permissions(ask, &account(), &permissions());
        "policies::lacked_permissions" "project": |ask, _t| lacked_permissions(ask, &project(), &permissions());
        "policy_troubleshooter::troubleshoot" "": |ask, _t| policy_troubleshooter::troubleshoot(ask, CALLER, &account(), &permission(), "2026-11-24T12:00:00Z".parse().unwrap());
        "policy_troubleshooter::troubleshoot_error" "": |ask, _t| troubleshoot_error(ask);
        "probes::smallest" "": |ask, _t| probed(ask);
        "resource_manager::project" "": |ask, _t| resource_manager::project(ask, "tern-data");
        "resource_manager::folder" "": |ask, _t| resource_manager::folder(ask, &folder());
        "resource_manager::organization" "": |ask, _t| resource_manager::organization(ask, &org());
        "resource_manager::ancestry" "": |ask, _t| resource_manager::ancestry(ask, "tern-data");
        "resource_manager::search_projects" "": |ask, _t| resource_manager::search_projects(ask);
        "resource_manager::projects_below" "": |ask, _t| resource_manager::projects_below(ask, "folders/2001");
        "resource_manager::folders_below" "": |ask, _t| resource_manager::folders_below(ask, "organizations/1001");
        "resource_manager::organization_names" "": |ask, _t| resource_manager::organization_names(ask);
        "resource_manager::organizations_of" "": |ask, _t| resource_manager::organizations_of(ask, "tern.example");
        "resource_manager::effective_tags" "": |ask, _t| resource_manager::effective_tags(ask, PROJECT);
        "service_usage::is_enabled" "": |ask, _t| service_usage::is_enabled(ask, "tern-data", "iam.googleapis.com");
        "service_usage::switch" "off" => true: |_a, tell| service_usage::switch(tell, "tern-data", "iam.googleapis.com", false);
        "service_usage::switch" "on" => true: |_a, tell| service_usage::switch(tell, "tern-data", "iam.googleapis.com", true);
    }
}

/// Asks about a call that was refused before, by its id.
async fn troubleshoot_error(ask: &dyn Ask) -> Result<policy_troubleshooter::TheirAnswer, ApiError> {
    policy_troubleshooter::troubleshoot_error(ask, "5a09c9dedbf690798f19d016484901ed").await
}

/// An emulator of [`estate`] and a client of its administrator's.
async fn served(estate: &Estate, faults: Option<String>) -> (Running, Client) {
    let options = Options {
        faults: faults.map(|f| f.parse().unwrap()).unwrap_or_default(),
        ..Options::default()
    };
    let emulator = emulator::start(estate.clone(), options).await.unwrap();
    (client(&emulator).await).map_or_else(|e| panic!("{e}"), |client| (emulator, client))
}

async fn client(
    emulator: &Running,
) -> Result<Client, bindscope::google::credentials::CredentialsError> {
    Client::connect(Connect {
        endpoint: Some(emulator.base_url()),
        token: Some(Secret::new(emulator.admin_token())),
        read_only: false,
    })
    .await
}

/// Method and path of a call.
type Called = (&'static str, String);

/// How a row went.
struct Went {
    result: Result<String, ApiError>,
    /// How often each call was made.
    calls: BTreeMap<Called, usize>,
    /// What the writes change, as it is afterwards.
    state: String,
}

async fn went(estate: &Estate, row: &Row, faults: Option<String>, never: bool) -> Went {
    let (emulator, client) = served(estate, faults).await;
    let (reader, writer) = (client.reader(), client.writer());
    let patience = Patience::new(&*reader, SHORT);
    let ask: &dyn Ask = if never { &patience } else { &*reader };
    let call = (row.call)(Doors {
        ask,
        tell: &*writer,
    });
    let result = if never && row.writes {
        let late = || ApiError::Unreachable {
            what: String::new(),
            message: "late".to_owned(),
        };
        let waited = tokio::time::timeout(SHORT.call, call).await;
        waited.unwrap_or_else(|_| Err(late()))
    } else {
        call.await
    };
    let mut calls = BTreeMap::new();
    for call in client.log() {
        *calls.entry((call.method, path(&call.url))).or_default() += 1;
    }
    let state = match row.writes {
        true => state(&emulator).await,
        false => String::new(),
    };
    emulator.stop().await;
    Went {
        result,
        calls,
        state,
    }
}

/// What the writes change.
async fn state(emulator: &Running) -> String {
    let client = client(emulator).await.unwrap();
    let reader = client.reader();
    let ask = &*reader;
    let read = (
        iam::account(ask, &account()).await.unwrap().disabled,
        allow_policy(ask, &account()).await.unwrap().bindings,
        allow_policy(ask, &project()).await.unwrap().bindings,
        service_usage::is_enabled(ask, "tern-data", "iam.googleapis.com")
            .await
            .unwrap(),
    );
    format!("{read:?}")
}

fn runtime() -> tokio::runtime::Runtime {
    let _ = rustls::crypto::ring::default_provider().install_default();
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap()
}

/// The functions of `google::api` that ask or tell something, as its sources have them.
fn functions() -> BTreeSet<String> {
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/google/api");
    let mut found = BTreeSet::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let file = entry.unwrap().path();
        let text = std::fs::read_to_string(&file).unwrap();
        let stem = file.file_stem().unwrap().to_str().unwrap().to_owned();
        for (at, _) in text.match_indices("pub ") {
            let rest = &text[at + 4..];
            let rest = rest.strip_prefix("async ").unwrap_or(rest);
            let Some(rest) = rest.strip_prefix("fn ") else {
                continue;
            };
            let head = rest.split('{').next().unwrap();
            if head.contains("dyn Ask") || head.contains("dyn Tell") {
                let name = head.split(['(', '<']).next().unwrap();
                found.insert(format!("{stem}::{name}"));
            }
        }
    }
    // It gives path and body of a call, and leaves the asking to others.
    found.insert("probes::smallest".to_owned());
    found
}

#[test]
fn every_function_of_the_apis_is_called_here() {
    let here: BTreeSet<String> = rows().iter().map(|row| row.name.to_owned()).collect();
    let there = functions();
    assert!(there.len() > 30, "{there:?}");
    assert_eq!(here, there, "the rows, and the functions of src/google/api");
}

/// The faults' effects are all those that the emulator knows.
#[test]
fn every_effect_of_the_emulator_is_among_the_faults() {
    let error = "GET / = boom".parse::<emulator::Faults>().unwrap_err();
    let (_, known) = error.why.split_once("expected ").unwrap();
    for effect in known.split([',', ' ']).filter(|w| !w.is_empty()) {
        let word = effect.split(':').next().unwrap();
        let played = |effect: &str| effect.starts_with(word);
        let is_word = !matches!(word, "a" | "from" | "400" | "to" | "599" | "or");
        let status = word == "status" && FAULTS.iter().any(|f| f.1.starts_with('4'));
        assert!(
            !is_word || status || FAULTS.iter().any(|f| played(f.1)),
            "{word} is not played"
        );
    }
    for after in ["reset after", "503 after"] {
        let mut all = FAULTS.iter().chain(&LOST);
        assert!(all.any(|fault| fault.1 == after), "{after}");
    }
}

/// The routes that rows call, each with who calls it, found with nothing going wrong.
async fn played(estate: &Estate, rows: &[Row]) -> Vec<(usize, Went)> {
    let all = stream::iter(rows.iter().enumerate())
        .map(|(at, row)| async move { (at, went(estate, row, None, false).await) });
    let mut all: Vec<(usize, Went)> = all.buffer_unordered(AT_ONCE).collect().await;
    all.sort_by_key(|(at, _)| *at);
    all
}

#[test]
fn every_call_has_a_route_and_an_answer() {
    let (estate, rows) = (estate(), rows());
    let mut wrong = Vec::new();
    for (at, went) in runtime().block_on(played(&estate, &rows)) {
        let (name, about) = (rows[at].name, rows[at].about);
        // Nobody has met the refusal that is asked about.
        let expected = name == "policy_troubleshooter::troubleshoot_error";
        match &went.result {
            Err(error) if expected && error.status() == Some(404) => {}
            Err(error) => wrong.push(format!("{name} {about}: {error}")),
            // The administrator lacks nothing.
            Ok(answer) if answer == "[]" && name != "policies::lacked_permissions" => {
                wrong.push(format!("{name} {about}: an empty answer shows nothing"));
            }
            Ok(_) => {}
        }
        if went.calls.is_empty() {
            wrong.push(format!("{name} {about} calls nothing"));
        }
        for (method, path) in went.calls.keys() {
            if emulator::route_of(method, path).is_none() {
                wrong.push(format!("{name} {about}: no route for {method} {path}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A fault on one of a row's calls.
struct Case<'a> {
    row: &'a Row,
    full: &'a Went,
    call: &'a Called,
    when: &'static str,
    effect: &'static str,
    comes: Comes,
}

impl Case<'_> {
    fn faults(&self) -> String {
        let (method, path) = self.call;
        format!("{method} {path} {} = {}", self.when, self.effect)
    }

    /// What is wrong with how it went.
    fn wrong(&self, before: &str, went: &Went) -> Option<String> {
        let (result, full) = (&went.result, &self.full.result);
        let times = went.calls.get(self.call).copied().unwrap_or_default();
        let once = self.full.calls[self.call];
        let most = match self.comes {
            _ if self.row.writes => once,
            Comes::Less => once * ATTEMPTS,
            Comes::Same => once + 1,
            _ => once,
        };
        if times == 0 || times > most {
            return Some(format!("called {times} times, {most} at most: {result:?}"));
        }
        if self.row.writes {
            let effect = went.state != before;
            if effect && went.state != self.full.state {
                return Some(format!(
                    "it is neither as before nor as after: {}",
                    went.state
                ));
            }
            let takes = self.effect.ends_with("after")
                || ["slow", "truncate", "garbled"]
                    .iter()
                    .any(|e| self.effect.starts_with(e));
            let changes = before != self.full.state;
            if effect != (takes && changes) {
                return Some(format!("carried out: {effect}; {result:?}"));
            }
        }
        match (result, self.comes) {
            (_, Comes::Untrue) => None,
            (Ok(answer), Comes::Same) if full.as_ref() == Ok(answer) => None,
            (Err(_), Comes::Same) if self.row.writes || full.is_err() => None,
            // A refusal is an answer to those who only look whether anybody is there, whatever its words.
            (Ok(_), Comes::LessAtOnce) if self.row.name == "probes::smallest" => None,
            (Ok(answer), _)
                if self.row.name == "probes::smallest" && full.as_ref() == Ok(answer) =>
            {
                None
            }
            (Err(error), Comes::SignedOut) if !error.is_signed_out() => Some(format!("{error}")),
            (Err(error), _) if error.to_string().trim().is_empty() => Some("no words".to_owned()),
            (Err(_), comes) if comes != Comes::Same => None,
            (other, _) => Some(format!("{other:?}, without faults {full:?}")),
        }
    }
}

/// Every fault on every call of every row.
fn cases<'a>(rows: &'a [Row], full: &'a [(usize, Went)]) -> Vec<Case<'a>> {
    let mut all = Vec::new();
    for (at, full) in full {
        let row = &rows[*at];
        let more = LOST.iter().filter(|_| row.writes);
        for call in full.calls.keys() {
            all.extend(
                FAULTS
                    .iter()
                    .chain(more.clone())
                    .map(|(when, effect, comes)| Case {
                        row,
                        full,
                        call,
                        when,
                        effect,
                        comes: *comes,
                    }),
            );
        }
    }
    all
}

#[test]
fn every_call_under_every_fault_gives_its_answer_or_an_error() {
    let runtime = runtime();
    let (estate, rows) = (estate(), rows());
    let full = runtime.block_on(played(&estate, &rows));
    let before = runtime.block_on(async {
        let (emulator, _) = served(&estate, None).await;
        let before = state(&emulator).await;
        emulator.stop().await;
        before
    });
    let mut drawn = cases(&rows, &full);
    let there = drawn.len();
    let mut state = number("SIGHT_SEED").unwrap_or(15);
    drawn.sort_by_cached_key(|_| draw(&mut state));
    let wanted = number("SIGHT_CASES").map_or(CASES, |n| usize::try_from(n).unwrap());
    drawn.truncate(wanted);
    println!("{} of {there} cases, {} rows", drawn.len(), rows.len());
    let work = stream::iter(&drawn).map(|case| {
        let (estate, before) = (&estate, &before);
        async move {
            let never = case.comes == Comes::Never;
            let went = went(estate, case.row, Some(case.faults()), never);
            let wrong = match tokio::time::timeout(DEADLINE, went).await {
                Err(_) => Some("it hangs".to_owned()),
                Ok(went) => case.wrong(before, &went),
            };
            let (name, about) = (case.row.name, case.row.about);
            wrong.map(|wrong| format!("{name} {about}, {}: {wrong}", case.faults()))
        }
    });
    runtime.block_on(none_is_wrong(work));
}

/// The routes that these functions read from: answers are to be asked about each of them.
pub fn routes_read() -> BTreeSet<(&'static str, &'static str)> {
    let rows: Vec<Row> = rows().into_iter().filter(|row| !row.writes).collect();
    let estate = estate();
    let played = runtime().block_on(played(&estate, &rows));
    let calls = played.iter().flat_map(|(_, went)| went.calls.keys());
    calls
        .map(|(method, path)| emulator::route_of(method, path).unwrap())
        .collect()
}
