//! Partial sight: every call that an answer makes, met by every fault that the emulator can make. Nothing
//! panics or hangs; a definite answer is the one that is had without faults, else it is unknown and says why;
//! what cannot help is not repeated. (The writing half is `tests/repair/faults.rs`.)
//!
//! A sample of the cases is drawn by default; `SIGHT_CASES=100000 cargo test --test sight -- --nocapture`
//! plays as many as there are, `SIGHT_SEED=N` draws others.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use bindscope::answer::paths::{PathsQuestion, Ways};
use bindscope::answer::second::SecondOpinion;
use bindscope::answer::{Answer, Source};
use bindscope::emulator::stories::{self, Story};
use bindscope::emulator::{self, Options, Running};
use bindscope::estate::{Assumption, file};
use bindscope::evaluate::reach::Brings;
use bindscope::evaluate::{CauseKind, Outcome, Question, Verdict};
use bindscope::google::credentials::Secret;
use bindscope::google::listing::Scope;
use bindscope::google::patience::{Patience, WaitLimits};
use bindscope::google::{Client, Connect, RecordedCall};
use bindscope::iam::{Principal, Resource};
use bindscope::repair::PlanOptions;
use bindscope::wire::{Api, ApiError, Ask};
use futures::future::BoxFuture;
use futures::stream::{self, StreamExt};
use serde_json::{Value, json};

/// Cases by default.
const CASES: usize = 90;
/// Cases under way at the same time: most of them wait.
const AT_ONCE: usize = 32;
/// A case that takes longer hangs.
const DEADLINE: Duration = Duration::from_secs(120);
/// How long a call that is never answered is waited for, so that the test has an end.
const SHORT: WaitLimits = WaitLimits {
    call: Duration::from_millis(700),
    whole: None,
};

/// What may come of a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comes {
    /// Less is known.
    Less,
    /// Less is known, and the call was made no oftener than without the fault.
    LessAtOnce,
    /// It is over when the call is repeated: the answer is the same.
    Same,
    /// An error that says so, unless what is refused was a hint.
    SignedOut,
    /// The call has no end.
    Never,
    /// The server says what is not so; any answer.
    Untrue,
}

#[rustfmt::skip]
const FAULTS: [(&str, &str, Comes); 26] = [
    ("", "400", Comes::LessAtOnce),
    ("", "403", Comes::LessAtOnce),
    ("", "404", Comes::Untrue),
    ("", "409", Comes::LessAtOnce),
    ("", "412", Comes::LessAtOnce),
    ("", "429", Comes::Less),
    ("", "429:1h", Comes::LessAtOnce),
    ("", "500", Comes::Less),
    ("", "501", Comes::LessAtOnce),
    ("", "503", Comes::Less),
    ("", "504", Comes::Less),
    ("", "reset", Comes::Less),
    ("", "reset after", Comes::Less),
    ("", "truncate", Comes::Less),
    ("", "truncate:0", Comes::Less),
    ("", "garbled", Comes::Less),
    ("", "html", Comes::Less),
    ("", "html:200", Comes::Less),
    ("", "html:403", Comes::LessAtOnce),
    ("", "expired", Comes::SignedOut),
    ("", "slow:1h", Comes::Never),
    ("#1", "429:1s", Comes::Same),
    ("#1", "503", Comes::Same),
    ("#1", "reset", Comes::Same),
    ("#1", "truncate", Comes::Same),
    ("#1", "html", Comes::Same),
];

/// A fault on some of a story's calls.
struct Case {
    story: &'static Story,
    /// Method and path of each call that goes wrong.
    calls: Vec<(&'static str, String)>,
    when: &'static str,
    effect: &'static str,
    comes: Comes,
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

/// The path of a URL, without its query.
fn path(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let path = rest.find('/').map_or("", |at| &rest[at..]);
    path.split('?').next().unwrap_or(path).to_owned()
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

/// Waits for some calls no longer than [`SHORT`].
struct Hurried<'a> {
    reader: &'a dyn Ask,
    patience: Patience<'a>,
    calls: &'a [(&'static str, String)],
}

impl Hurried<'_> {
    fn way(&self, path: &str) -> &dyn Ask {
        let path = path.split('?').next().unwrap();
        let mut calls = self.calls.iter();
        let hurried = calls.any(|(_, call)| call.trim_start_matches('/') == path);
        if hurried { &self.patience } else { self.reader }
    }
}

impl Ask for Hurried<'_> {
    fn get<'a>(&'a self, api: Api, path: &'a str) -> BoxFuture<'a, Result<Value, ApiError>> {
        self.way(path).get(api, path)
    }

    fn ask<'a>(
        &'a self,
        api: Api,
        path: &'a str,
        body: &'a Value,
    ) -> BoxFuture<'a, Result<Value, ApiError>> {
        self.way(path).ask(api, path, body)
    }
}

/// A story's emulator, with these faults, and its administrator's client.
async fn served(story: &Story, faults: Option<String>) -> (Running, Client) {
    let options = Options {
        faults: faults.map(|f| f.parse().unwrap()).unwrap_or_default(),
        ..Options::default()
    };
    let estate = stories::load(&story.name).unwrap();
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

/// Asks a story's question; `hurried`: these calls are not waited for.
async fn told(story: &Story, faults: Option<String>, hurried: &[(&'static str, String)]) -> Told {
    let (emulator, client) = served(story, faults).await;
    let reader = client.reader();
    let ask = Hurried {
        reader: &*reader,
        patience: Patience::new(&*reader, SHORT),
        calls: hurried,
    };
    let source = Source {
        ask: &ask,
        endpoint: "",
        history: Path::new("/nowhere"),
        assumptions: &[],
        viewer: None,
    };
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

/// The next of a row of numbers that hangs on the seed alone (the mixing steps of splitmix64).
fn draw(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
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
        .collect();
    if wanted < 1_000 {
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
    drawn.sort_by_cached_key(|_| draw(&mut state));
    drawn.truncate(wanted);
    println!("{} of {there} cases, {} stories", drawn.len(), all.len());
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
    let wrong: Vec<String> = runtime.block_on(
        work.buffer_unordered(AT_ONCE)
            .filter_map(|wrong| async move { wrong })
            .collect(),
    );
    assert!(
        wrong.is_empty(),
        "{} wrong\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// What `who` says of a story's target: its rows, and whether they are all; beside that the calls.
async fn ways(
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
    let source = Source {
        ask: &ask,
        endpoint: "",
        history: Path::new("/nowhere"),
        assumptions: &[],
        viewer: None,
    };
    let of = question(story);
    let asked = PathsQuestion {
        ways: Ways::To {
            target: of.target,
            caller: None,
        },
        permission: of.permission,
        edges: Vec::new(),
        brings: Brings::default(),
        time: of.time,
        scope: Scope::Everything,
    };
    let answer = source.paths(asked, &|_| ()).await;
    emulator.stop().await;
    let rows = answer.map(|answer| {
        let rows = answer.ends.into_iter().map(|end| (end.name, end.verdict));
        (rows.collect(), answer.complete)
    });
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

/// Who gets to an account: a list that says it is all of them leaves nobody out whom the one without faults has.
#[test]
fn a_list_under_faults_is_not_called_whole() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let mut state = number("SIGHT_SEED").unwrap_or(15);
    let wanted = number("SIGHT_CASES").map_or(CASES / 3, |n| usize::try_from(n / 4).unwrap());
    let names = [
        "cross-project",
        "group",
        "denied",
        "boundary",
        "conditional",
        "unreadable",
    ];
    let mut drawn: Vec<(Case, BTreeMap<String, Verdict>)> = Vec::new();
    for story in stories::index()
        .iter()
        .filter(|s| names.contains(&&*s.name))
    {
        let (rows, calls) = runtime.block_on(ways(story, None, &[]));
        let (rows, _) = rows.unwrap();
        let cases = cases(story, &calls).into_iter();
        drawn.extend(cases.map(|case| (case, rows.clone())));
    }
    drawn.retain(|(case, _)| case.comes != Comes::Untrue);
    drawn.sort_by_cached_key(|_| draw(&mut state));
    drawn.truncate(wanted);
    let work = stream::iter(&drawn).map(|(case, full)| async move {
        let hurried = match case.comes {
            Comes::Never => &case.calls[..],
            _ => &[],
        };
        let told = ways(case.story, Some(case.faults()), hurried);
        let wrong = match tokio::time::timeout(DEADLINE, told).await {
            Err(_) => "it hangs".to_owned(),
            Ok((Err(error), _)) if case.comes == Comes::SignedOut && error.is_signed_out() => {
                return None;
            }
            Ok((Err(error), _)) => format!("it ends with an error: {error}"),
            Ok((Ok((rows, complete)), _)) if complete && !covers(&rows, full) => {
                format!("called whole: {rows:?}\n  without faults: {full:?}")
            }
            Ok(_) => return None,
        };
        Some(format!(
            "{}, {}:\n  {wrong}",
            case.story.name,
            case.faults()
        ))
    });
    let wrong: Vec<String> = runtime.block_on(
        work.buffer_unordered(AT_ONCE)
            .filter_map(|wrong| async move { wrong })
            .collect(),
    );
    assert!(
        wrong.is_empty(),
        "{} wrong\n{}",
        wrong.len(),
        wrong.join("\n")
    );
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
                {"role": "organizations/1001/roles/tokenMinter", "members": [format!("serviceAccount:{RUNNER}")]}]},
        },
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
