//! Partial sight: every call that an answer makes, met by every fault that the emulator can make. Nothing
//! panics or hangs; a definite answer is the one that is had without faults, else it is unknown and says why;
//! what cannot help is not repeated. (The writing half is `tests/repair/faults.rs`.)
//!
//! How many are played: see `main`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::OnceLock;

use bindscope::answer::paths::{PathsQuestion, Ways};
use bindscope::answer::second::SecondOpinion;
use bindscope::answer::{Answer, Source};
use bindscope::emulator::stories::{self, Story};
use bindscope::emulator::{self, Options, Running};
use bindscope::estate::{Assumption, file};
use bindscope::evaluate::reach::Brings;
use bindscope::evaluate::{CauseKind, Outcome, Question, Verdict};
use bindscope::google::credentials::Secret;
use bindscope::google::listing::{ListNews, Scope, list_accounts};
use bindscope::google::patience::Patience;
use bindscope::google::{Client, Connect, RecordedCall};
use bindscope::iam::{Principal, Resource};
use bindscope::repair::PlanOptions;
use bindscope::wire::ApiError;
use futures::stream::{self, StreamExt};
use serde_json::{Value, json};

use crate::calls::routes_read;
use crate::{AT_ONCE, Comes, DEADLINE, FAULTS, Hurried, SHORT, draw, none_is_wrong, number, path};

/// Cases by default.
const CASES: usize = 90;
/// From here on all stories are played, each route with each fault at least once.
const WHOLE: usize = 1_000;
/// Routes that are read from, but not by `explain` over these stories, and who else asks them. What becomes of
/// the call itself under each fault is in `calls` for every one of them.
#[rustfmt::skip]
const BY_OTHERS: [Route; 13] = [
    // Whose pools a token of which only the claims are known came through; below folders and organizations:
    // the test of lists, and tests/cli/many_projects where there are more than a thousand projects.
    ("GET", "/v1/locations/global/workforcePools"),
    ("GET", "/v3/folders"),
    ("GET", "/v3/projects"),
    ("GET", "/v1/{level=organizations|folders|projects}/{id}:searchAllIamPolicies"),
    ("GET", "/v1/{level=organizations|folders|projects}/{id}:searchAllResources"),
    // `doctor`.
    ("GET", "/v1/roles"),
    ("GET", "/v2/{level=organizations|folders|projects}/{id}/policies"),
    // Before and after a write: tests/repair.
    ("POST", "/v1/projects/{project}/serviceAccounts/{account}:generateAccessToken"),
    ("POST", "/v1/projects/{project}/serviceAccounts/{account}:generateIdToken"),
    ("POST", "/v1/projects/{project}/serviceAccounts/{account}:testIamPermissions"),
    ("POST", "/v3/{level=organizations|folders|projects}/{id}:testIamPermissions"),
    // Where v3beta is not served: under that fault.
    ("POST", "/v3/iam:troubleshoot"),
    // A role of Google's that is newer than the built-in table: no story has one.
    ("GET", "/v1/roles/{role}"),
];

/// Questions beside the stories', over [`world`]: what they ask, no story does.
fn beside() -> &'static [Story] {
    static BESIDE: OnceLock<Vec<Story>> = OnceLock::new();
    BESIDE.get_or_init(|| {
        let asked = |name: &str, caller: &str| Story {
            name: name.to_owned(),
            title: String::new(),
            story: String::new(),
            caller: caller.to_owned(),
            target: LEDGER.to_owned(),
            permission: String::new(),
            pasted: None,
            via: Vec::new(),
            attributes: BTreeMap::new(),
            repairable: false,
            expect_outcome: String::new(),
        };
        let of = "principal://iam.googleapis.com";
        vec![
            asked(
                "a person of a workforce pool",
                &format!("{of}/{STAFF}/subject/ana"),
            ),
            asked(
                "a job of a pool that is not there",
                &format!(
                    "{of}/projects/7001/locations/global/workloadIdentityPools/git/subject/job"
                ),
            ),
        ]
    })
}

const STAFF: &str = "locations/global/workforcePools/staff";

/// A fault on some of a story's calls.
struct Case {
    story: &'static Story,
    /// Method and path of each call that goes wrong.
    calls: Vec<(&'static str, String)>,
    when: &'static str,
    effect: &'static str,
    comes: Comes,
    /// Of which list.
    list: usize,
}

/// Method and pattern of a row of the emulator's table.
type Route = (&'static str, &'static str);

fn route((method, path): &(&'static str, String)) -> Route {
    let found = emulator::route_of(method, path);
    found.unwrap_or_else(|| panic!("the emulator has no route for {method} {path}"))
}

impl Case {
    fn faults(&self) -> String {
        let rules = self.calls.iter().map(|(method, path)| {
            let (when, effect) = (self.when, self.effect);
            format!("{method} {path} {when} = {effect}")
        });
        rules.collect::<Vec<_>>().join("; ")
    }
}

/// An answer with the calls that were made for it.
struct Told {
    answer: Result<Answer, ApiError>,
    /// What Policy Troubleshooter said beside it.
    second: Option<SecondOpinion>,
    calls: Vec<RecordedCall>,
}

impl Told {
    /// Calls by method and path.
    fn counted(&self) -> BTreeMap<(&'static str, String), usize> {
        let mut counted = BTreeMap::new();
        for call in &self.calls {
            *counted.entry((call.method, path(&call.url))).or_default() += 1;
        }
        counted
    }
}

/// What a path asks for, whichever thing it is about.
fn kind(path: &str) -> String {
    let mut kind = String::new();
    for (place, segment) in path.trim_start_matches('/').split('/').enumerate() {
        if place == 0 || place % 2 == 1 {
            kind += segment;
        } else if let Some((_, verb)) = segment.rsplit_once(':') {
            kind += verb;
        }
        kind += " ";
    }
    kind
}

fn question(story: &Story) -> Question {
    let account = |email: &String| Resource::account("-", email);
    Question {
        via: story.via.iter().map(account).collect(),
        attributes: story.attributes.clone().into_iter().collect(),
        ..Question::new(
            Principal::parse(&story.caller).unwrap(),
            account(&story.target),
            "2026-11-24T12:00:00Z".parse().unwrap(),
        )
    }
}

/// A story's emulator, with these faults, and its administrator's client.
async fn served(story: &Story, faults: Option<String>) -> (Running, Client) {
    let options = Options {
        faults: faults.map(|f| f.parse().unwrap()).unwrap_or_default(),
        ..Options::default()
    };
    let estate = match stories::index().iter().any(|s| s.name == story.name) {
        true => stories::load(&story.name).unwrap(),
        false => file::read_text("sight", &world().to_string()).unwrap(),
    };
    let emulator = emulator::start(estate, options).await.unwrap();
    let client = Client::connect(Connect {
        endpoint: Some(emulator.base_url()),
        token: Some(Secret::new(emulator.admin_token())),
        read_only: true,
    })
    .await
    .unwrap();
    (emulator, client)
}

/// One who asks the emulator alone, and has no history.
fn asking<'a>(ask: &'a Hurried<'a>) -> Source<'a> {
    Source {
        ask,
        endpoint: "",
        history: Path::new("/nowhere"),
        assumptions: &[],
        given: None,
        viewer: None,
    }
}

/// Asks a story's question; `hurried`: these calls are not waited for.
async fn told(story: &Story, faults: Option<String>, hurried: &[(&'static str, String)]) -> Told {
    let (emulator, client) = served(story, faults).await;
    let reader = client.reader();
    let ask = Hurried {
        reader: &*reader,
        patience: Patience::new(&*reader, SHORT),
        calls: hurried,
    };
    let source = asking(&ask);
    let quiet = |_| ();
    // A refused call that nobody knows, so that it is asked about both ways.
    let id = Some("5a09c9dedbf690798f19d016484901ed");
    let answer = source.answer_beside(question(story), PlanOptions::default(), &quiet, id);
    let (answer, second) = match answer.await {
        Ok((answer, beside)) => {
            let second = source.opinion_beside(beside, &answer.explanation, id);
            let second = second.await;
            (Ok(answer), Some(second))
        }
        Err(error) => (Err(error), None),
    };
    emulator.stop().await;
    Told {
        answer,
        second,
        calls: client.log(),
    }
}

fn kinds(answer: &Answer) -> Vec<CauseKind> {
    answer.causes.iter().map(|cause| cause.kind).collect()
}

/// What is wrong with an answer under a fault.
fn wrong(case: &Case, told: &Told, full: &Told) -> Option<String> {
    let right = full.answer.as_ref().unwrap();
    let answer = match &told.answer {
        Ok(answer) => answer,
        Err(error) if case.comes == Comes::SignedOut && error.is_signed_out() => return None,
        Err(error) => return Some(format!("it ends with an error: {error}")),
    };
    let (is, was) = (&answer.explanation, &right.explanation);
    let said = || {
        let causes: Vec<String> = answer
            .causes
            .iter()
            .map(|c| format!("{:?} {}", c.kind, c.message))
            .collect();
        format!(
            "{:?} {:?}, without faults {:?} {:?}\n    {}",
            is.verdict,
            is.outcome,
            was.verdict,
            was.outcome,
            causes.join("\n    ")
        )
    };
    if case.comes == Comes::Untrue {
        return None;
    }
    // A fault makes it silent; it never makes it say something else.
    if let (
        Some(SecondOpinion::Given { theirs: is, .. }),
        Some(SecondOpinion::Given { theirs: was, .. }),
    ) = (&told.second, &full.second)
        && is.verdict != was.verdict
    {
        return Some(format!("Policy Troubleshooter: {is:?}, without {was:?}"));
    }
    if case.comes == Comes::Same {
        let same =
            (is.verdict, is.outcome, kinds(answer)) == (was.verdict, was.outcome, kinds(right));
        return (!same).then(said);
    }
    // What a token carries is whoever asks' own word, where no provider can be read to say otherwise; and
    // that an account, a pool or an API is in order is taken for granted where it may not be read. The
    // answer says so.
    let brought =
        is.question.caller.is_federated() && is.assumptions.contains(&Assumption::TokenIsAdmitted);
    let verdict = matches!(
        is.verdict,
        Verdict::UnknownInfo | Verdict::UnknownConditional
    ) || is.verdict == was.verdict
        || brought;
    let assumed = is.outcome == Outcome::WouldSucceed && !is.assumptions.is_empty();
    let outcome = is.outcome == Outcome::Unknown || assumed || is.outcome == was.outcome;
    if !verdict || !outcome {
        return Some(said());
    }
    if is.outcome == Outcome::Unknown && answer.causes.is_empty() {
        return Some(format!("it says no reason: {}", said()));
    }
    if case.comes == Comes::LessAtOnce {
        let (now, before) = (told.counted(), full.counted());
        type Counted = BTreeMap<(&'static str, String), usize>;
        let many = |of: &Counted, call: &(&'static str, String)| of.get(call).map_or(0, |n| *n);
        // Where the answer was yes there was no plan, which reads the target's policy once more.
        let more = |call: &&(&'static str, String)| many(&now, call) > many(&before, call) + 1;
        return case.calls.iter().find(more).map(|call| {
            let (now, before) = (many(&now, call), many(&before, call));
            format!("{call:?} was made {now} times, {before} without the fault")
        });
    }
    None
}

/// Draws cases: as far as they reach, each fault on each route comes once before any comes twice.
fn drawn_of(mut cases: Vec<Case>, wanted: usize, state: &mut u64) -> Vec<Case> {
    cases.sort_by_cached_key(|_| draw(state));
    let mut played: BTreeMap<(Route, &str, &str), usize> = BTreeMap::new();
    cases.sort_by_cached_key(|case| {
        let pair = (route(&case.calls[0]), case.when, case.effect);
        let times = played.entry(pair).or_default();
        *times += 1;
        *times
    });
    cases.truncate(wanted);
    cases
}

/// Every case of a story: each fault on all calls of a kind, and on each call alone.
fn cases(story: &'static Story, full: &Told) -> Vec<Case> {
    let mut groups: BTreeMap<(&'static str, String), Vec<(&'static str, String)>> = BTreeMap::new();
    for call in full.counted().into_keys() {
        groups
            .entry((call.0, kind(&call.1)))
            .or_default()
            .push(call);
    }
    let mut parts: Vec<Vec<(&'static str, String)>> = groups.values().cloned().collect();
    let several = groups.into_values().filter(|calls| calls.len() > 1);
    parts.extend(several.flatten().map(|call| vec![call]));
    let each = parts.iter().flat_map(|calls| {
        FAULTS.iter().map(|(when, effect, comes)| Case {
            story,
            calls: calls.clone(),
            when,
            effect,
            comes: *comes,
            list: 0,
        })
    });
    each.collect()
}

#[test]
fn every_call_under_every_fault_narrows_what_is_known_and_no_more() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let mut state = number("SIGHT_SEED").unwrap_or(15);
    let wanted = number("SIGHT_CASES").map_or(CASES, |n| usize::try_from(n).unwrap());
    // Each estate is read once for what it takes; a sample needs some of them.
    let mut all: Vec<&'static Story> = stories::index()
        .iter()
        .filter(|s| s.name != "large")
        .chain(beside())
        .collect();
    if wanted < WHOLE {
        all.sort_by_cached_key(|_| draw(&mut state));
        all.truncate(10);
    }
    let full: BTreeMap<&str, Told> = runtime.block_on(
        stream::iter(all.iter().copied())
            .map(|story| async move { (story.name.as_str(), told(story, None, &[]).await) })
            .buffer_unordered(AT_ONCE)
            .collect(),
    );
    let mut drawn: Vec<Case> = all
        .iter()
        .flat_map(|story| cases(story, &full[story.name.as_str()]))
        .collect();
    let there = drawn.len();
    let pairs: BTreeSet<(Route, &str, &str)> = drawn
        .iter()
        .flat_map(|case| {
            case.calls
                .iter()
                .map(|c| (route(c), case.when, case.effect))
        })
        .collect();
    drawn = drawn_of(drawn, wanted, &mut state);
    println!(
        "{} of {there} cases, {} stories, {} faults on routes",
        drawn.len(),
        all.len(),
        pairs.len()
    );
    if wanted >= WHOLE {
        assert!(
            wanted >= pairs.len(),
            "some are played only: {}",
            pairs.len()
        );
        let asked: BTreeSet<Route> = pairs.iter().map(|(route, ..)| *route).collect();
        let mut unasked = routes_read();
        unasked.retain(|route| !asked.contains(route));
        let by_others: BTreeSet<Route> = BY_OTHERS.into_iter().collect();
        assert_eq!(unasked, by_others, "routes that no answer asks");
    }
    let work = stream::iter(&drawn).map(|case| {
        let full = &full;
        async move {
            let hurried = match case.comes {
                Comes::Never => &case.calls[..],
                _ => &[],
            };
            let told = told(case.story, Some(case.faults()), hurried);
            let wrong = match tokio::time::timeout(DEADLINE, told).await {
                Err(_) => Some("it hangs".to_owned()),
                Ok(told) => wrong(case, &told, &full[case.story.name.as_str()]),
            };
            wrong.map(|wrong| format!("{}, {}:\n  {wrong}", case.story.name, case.faults()))
        }
    });
    runtime.block_on(none_is_wrong(work));
}

/// What is listed of a story.
#[derive(Clone, Copy, Debug)]
enum Listed {
    /// Who gets at its target.
    Who(&'static str),
    /// What its caller gets at.
    Reach(&'static str),
    /// The accounts.
    Accounts(&'static str),
}

impl Listed {
    fn scope(self) -> Scope {
        let (Self::Who(scope) | Self::Reach(scope) | Self::Accounts(scope)) = self;
        match scope.split_once('/') {
            Some(("organizations", number)) => Scope::Organization(number.to_owned()),
            Some(("folders", number)) => Scope::Folder(number.to_owned()),
            _ => Scope::Everything,
        }
    }
}

/// What is said of it: its rows, and whether they are all; beside that the calls.
async fn listed(
    what: Listed,
    story: &Story,
    faults: Option<String>,
    hurried: &[(&'static str, String)],
) -> (Result<(BTreeMap<String, Verdict>, bool), ApiError>, Told) {
    let (emulator, client) = served(story, faults).await;
    let reader = client.reader();
    let ask = Hurried {
        reader: &*reader,
        patience: Patience::new(&*reader, SHORT),
        calls: hurried,
    };
    let source = asking(&ask);
    let of = question(story);
    let rows = if let Listed::Accounts(_) = what {
        let mut found = BTreeMap::new();
        let mut each = |news: ListNews| {
            let accounts = news.accounts().into_iter();
            found.extend(accounts.map(|a| (a.email, Verdict::CanAccess)));
        };
        let listing = list_accounts(&ask, &what.scope(), &mut each).await;
        listing.map(|listing| (found, listing.is_all()))
    } else {
        let (caller, target) = (of.caller, of.target);
        let asked = PathsQuestion {
            ways: match what {
                Listed::Reach(_) => Ways::From(caller),
                _ => Ways::To {
                    target,
                    caller: None,
                },
            },
            permission: of.permission,
            edges: Vec::new(),
            brings: Brings::default(),
            time: of.time,
            scope: what.scope(),
        };
        source.paths(asked, &|_| ()).await.map(|answer| {
            let rows = answer
                .ends
                .into_iter()
                .map(|end| (end.name.to_string(), end.verdict));
            (rows.collect(), answer.complete)
        })
    };
    emulator.stop().await;
    let calls = Told {
        answer: Err(ApiError::Unreachable {
            what: String::new(),
            message: String::new(),
        }),
        second: None,
        calls: client.log(),
    };
    (rows, calls)
}

/// Whether rows are those without faults, or leave open what they do not know.
fn covers(rows: &BTreeMap<String, Verdict>, full: &BTreeMap<String, Verdict>) -> bool {
    let open =
        |verdict: &Verdict| matches!(verdict, Verdict::UnknownInfo | Verdict::UnknownConditional);
    let told = full.keys().all(|name| rows.contains_key(name));
    told && rows
        .iter()
        .all(|(name, verdict)| open(verdict) || full.get(name) == Some(verdict))
}

/// A list that says it is all of them leaves out nothing that the one without faults has.
#[test]
fn a_list_under_faults_is_not_called_whole() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let mut state = number("SIGHT_SEED").unwrap_or(15);
    let wanted = number("SIGHT_CASES").map_or(CASES / 3, |n| usize::try_from(n).unwrap());
    let names = [
        "cross-project",
        "group",
        "denied",
        "boundary",
        "conditional",
        "unreadable",
    ];
    let whats = [
        Listed::Who(""),
        Listed::Who("organizations/1001"),
        Listed::Reach("organizations/1001"),
        Listed::Accounts(""),
        Listed::Accounts("organizations/1001"),
        Listed::Accounts("folders/2001"),
    ];
    let mut drawn: Vec<Case> = Vec::new();
    let mut full = BTreeMap::new();
    for story in stories::index()
        .iter()
        .filter(|s| names.contains(&&*s.name))
    {
        for (at, what) in whats.into_iter().enumerate() {
            let (rows, calls) = runtime.block_on(listed(what, story, None, &[]));
            let (rows, _) = rows.unwrap();
            full.insert((&*story.name, at), rows);
            let cases = cases(story, &calls).into_iter();
            drawn.extend(cases.map(|case| Case { list: at, ..case }));
        }
    }
    drawn.retain(|case| case.comes != Comes::Untrue);
    let there = drawn.len();
    let drawn = drawn_of(drawn, wanted, &mut state);
    println!("{} of {there} cases of lists", drawn.len());
    let work = stream::iter(&drawn).map(|case| {
        let full = &full[&(&*case.story.name, case.list)];
        async move {
            let hurried = match case.comes {
                Comes::Never => &case.calls[..],
                _ => &[],
            };
            let what = whats[case.list];
            let told = listed(what, case.story, Some(case.faults()), hurried);
            let wrong = match tokio::time::timeout(DEADLINE, told).await {
                Err(_) => "it hangs".to_owned(),
                Ok((Err(error), _)) if case.comes == Comes::SignedOut && error.is_signed_out() => {
                    return None;
                }
                // Where not even the first list of projects is had, nothing is.
                Ok((Err(_), _)) if case.calls.iter().any(|(_, path)| finds_projects(path)) => {
                    return None;
                }
                Ok((Err(error), _)) => format!("it ends with an error: {error}"),
                Ok((Ok((rows, complete)), _)) if complete && !covers(&rows, full) => {
                    format!("called whole: {rows:?}\n  without faults: {full:?}")
                }
                Ok(_) => return None,
            };
            let (story, faults) = (&case.story.name, case.faults());
            Some(format!("{what:?} of {story}, {faults}:\n  {wrong}"))
        }
    });
    runtime.block_on(none_is_wrong(work));
}

/// Whether it is one of the calls that projects are found by.
fn finds_projects(path: &str) -> bool {
    matches!(path, "/v3/projects" | "/v3/projects:search" | "/v3/folders")
}

const RUNNER: &str = "runner@tern-ci.iam.gserviceaccount.com";
const LEDGER: &str = "ledger@tern-data.iam.gserviceaccount.com";

/// Caller and target in two projects, with a custom role, a deny policy and a boundary above them.
fn world() -> Value {
    let account = |project: &str, email: &str, id: &str| {
        json!({"name": format!("projects/{project}/serviceAccounts/{email}"), "projectId": project,
            "uniqueId": id, "email": email})
    };
    json!({
        "organizations": [{"name": "organizations/1001", "displayName": "tern.example", "directoryCustomerId": "C0tern"}],
        "folders": [{"name": "folders/2001", "parent": "organizations/1001", "displayName": "ci"},
            {"name": "folders/2002", "parent": "organizations/1001", "displayName": "data"}],
        "projects": [{"name": "projects/7001", "projectId": "tern-ci", "parent": "folders/2001"},
            {"name": "projects/7002", "projectId": "tern-data", "parent": "folders/2002"}],
        "serviceAccounts": [account("tern-ci", RUNNER, "117"), account("tern-data", LEDGER, "118")],
        "iamPolicies": {
            "//cloudresourcemanager.googleapis.com/organizations/1001": {"bindings": [
                {"role": "organizations/1001/roles/tokenMinter", "members": [format!("serviceAccount:{RUNNER}"),
                    format!("principal://iam.googleapis.com/{STAFF}/subject/ana")]}]},
        },
        "pools": [{"name": STAFF, "parent": "organizations/1001"},
            {"name": "projects/7001/locations/global/workloadIdentityPools/github"}],
        "providers": [{"name": format!("{STAFF}/providers/oidc"), "attributeMapping": {"google.subject": "assertion.sub"},
            "oidc": {"issuerUri": "https://login.tern.example"}}],
        "roles": [{"name": "organizations/1001/roles/tokenMinter", "title": "Token minter",
            "includedPermissions": ["iam.serviceAccounts.getAccessToken"], "stage": "GA"}],
        "denyPolicies": [{"name": "policies/cloudresourcemanager.googleapis.com%2Ffolders%2F2002/denypolicies/d",
            "rules": [{"denyRule": {"deniedPrincipals": ["principal://goog/subject/eve@tern.example"],
                "deniedPermissions": ["iam.googleapis.com/serviceAccounts.getAccessToken"]}}]}],
        "principalAccessBoundaryPolicies": [{
            "name": "organizations/1001/locations/global/principalAccessBoundaryPolicies/ours",
            "details": {"rules": [{"resources": ["//cloudresourcemanager.googleapis.com/organizations/1001"], "effect": "ALLOW"}],
                "enforcementVersion": "3"}}],
        "policyBindings": [{
            "name": "organizations/1001/locations/global/policyBindings/ours-everyone",
            "target": {"principalSet": "//cloudresourcemanager.googleapis.com/organizations/1001"},
            "policyKind": "PRINCIPAL_ACCESS_BOUNDARY",
            "policy": "organizations/1001/locations/global/principalAccessBoundaryPolicies/ours"}],
    })
}

/// Somebody who may see nothing asks for what each answer says, is granted just that, and asks again: in the
/// end everything is known, and not before.
#[tokio::test]
async fn what_is_asked_for_is_what_it_takes() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let viewer = Principal::parse("user:vera@tern.example").unwrap();
    let mut world = world();
    let mut granted = Vec::new();
    for round in 0.. {
        assert!(round < 8, "there is no end to it: {granted:#?}");
        let estate = file::read_text("sight", &world.to_string()).unwrap();
        let options = Options {
            viewer: Some(viewer.clone()),
            ..Options::default()
        };
        let emulator = emulator::start(estate, options).await.unwrap();
        let client = Client::connect(Connect {
            endpoint: Some(emulator.base_url()),
            token: Some(Secret::new(emulator.admin_token())),
            read_only: true,
        })
        .await
        .unwrap();
        let reader = client.reader();
        let source = Source {
            ask: &*reader,
            endpoint: "",
            history: Path::new("/nowhere"),
            assumptions: &[],
            given: None,
            viewer: Some(&viewer),
        };
        let question = Question::new(
            Principal::parse(RUNNER).unwrap(),
            Resource::account("-", LEDGER),
            "2026-11-24T12:00:00Z".parse().unwrap(),
        );
        let quiet = |_| ();
        let answer = source.answer(question, PlanOptions::default(), &quiet);
        let answer = answer.await.unwrap();
        emulator.stop().await;
        if answer.not_read.is_empty() {
            let said = &answer.explanation;
            assert_eq!(
                (said.verdict, said.outcome, &said.assumptions[..]),
                (Verdict::CanAccess, Outcome::WouldSucceed, &[][..])
            );
            assert!(round > 1);
            return;
        }
        // Whoever cannot see what is above cannot know.
        if round == 0 {
            assert_eq!(answer.explanation.verdict, Verdict::UnknownInfo);
            let commands = answer.causes.iter().filter_map(|c| c.command.as_deref());
            assert!(commands.count() > 0, "{:#?}", answer.causes);
        }
        let before = granted.clone();
        for thing in &answer.not_read {
            let request = thing.request.as_ref();
            let request = request.unwrap_or_else(|| panic!("nothing to ask for: {thing:?}"));
            let (role, on) = (request.role.unwrap(), request.on.clone().unwrap());
            for part in ["--member=user:vera@tern.example", role] {
                assert!(request.command.contains(part), "{request:?}");
            }
            assert!(
                !before.contains(&(role, on.clone(), thing.name.clone())),
                "it did not help: {thing:?}"
            );
            let policy = &mut world["iamPolicies"][&on];
            if policy.is_null() {
                *policy = json!({"bindings": []});
            }
            let bindings = policy["bindings"].as_array_mut().unwrap();
            bindings.push(json!({"role": role, "members": [viewer.member()]}));
            granted.push((role, on, thing.name.clone()));
        }
    }
}
