//! How many requests of a survey depend on one another, in logical time: every answer comes one trip after it was
//! asked for, and the next trip begins when nothing else can be asked. So the count is the same on every machine;
//! times the latency of a trip it is how long a verdict takes at least (docs/benchmarks.md, "Trips of a survey").
//!
//! `cargo test --test survey_trips -- --nocapture` prints the table.

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use bindscope::answer::Source;
use bindscope::emulator::{self, Options};
use bindscope::estate::file;
use bindscope::evaluate::{Question, Verdict, explain};
use bindscope::google::credentials::Secret;
use bindscope::google::survey::survey;
use bindscope::google::{Client, Connect};
use bindscope::iam::{Principal, Resource};
use bindscope::repair::verify::MintOutcome;
use bindscope::repair::{
    Journal, LookedAt, MayWrite, PlanOptions, carry_out_unasked, may_carry_out,
};
use bindscope::wire::{Api, ApiError, Ask, Tell};
use futures::future::{BoxFuture, poll_fn};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

const CALLER: &str = "runner@tern-ci.iam.gserviceaccount.com";
const STAFF: &str =
    "principal://iam.googleapis.com/locations/global/workforcePools/staff/subject/ana";
const TARGET: &str = "ledger@tern-data.iam.gserviceaccount.com";

/// Answers one trip later.
struct Trips {
    inner: Arc<dyn Ask>,
    writer: Arc<dyn Tell>,
    runtime: Runtime,
    clock: Mutex<Clock>,
}

#[derive(Default)]
struct Clock {
    trip: usize,
    calls: Vec<(usize, String)>,
    waiting: Vec<Waker>,
}

impl Trips {
    /// The answer is had at once, and handed over when the next trip has begun.
    fn later<'a>(
        &'a self,
        path: &'a str,
        answer: impl Fn() -> Result<Value, ApiError> + Send + 'a,
    ) -> BoxFuture<'a, Result<Value, ApiError>> {
        let mut held = None;
        Box::pin(poll_fn(move |context| {
            let mut clock = self.clock.lock().unwrap();
            match &held {
                None => {
                    let trip = clock.trip;
                    clock.calls.push((trip + 1, path.to_owned()));
                    held = Some((trip, answer()));
                }
                Some((asked, answer)) if clock.trip > *asked => {
                    return Poll::Ready(answer.clone());
                }
                Some(_) => {}
            }
            clock.waiting.push(context.waker().clone());
            Poll::Pending
        }))
    }

    /// Drives it to its end; gives that, with trips and calls.
    fn count<T>(&self, work: impl Future<Output = T>) -> (T, usize, Vec<(usize, String)>) {
        // Whoever waits for an answer has an eye on the clock.
        let _clock = self.runtime.enter();
        let mut work = pin!(work);
        let again = Arc::new(Again(AtomicBool::new(true)));
        let waker = Waker::from(again.clone());
        let mut context = Context::from_waker(&waker);
        loop {
            while again.0.swap(false, Ordering::SeqCst) {
                if let Poll::Ready(done) = work.as_mut().poll(&mut context) {
                    let mut clock = self.clock.lock().unwrap();
                    let clock = std::mem::take(&mut *clock);
                    return (done, clock.trip, clock.calls);
                }
            }
            let waiting = {
                let mut clock = self.clock.lock().unwrap();
                clock.trip += 1;
                std::mem::take(&mut clock.waiting)
            };
            assert!(!waiting.is_empty(), "it waits for nothing");
            waiting.into_iter().for_each(Waker::wake);
        }
    }
}

struct Again(AtomicBool);

impl Wake for Again {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

impl Ask for Trips {
    fn get<'a>(&'a self, api: Api, path: &'a str) -> BoxFuture<'a, Result<Value, ApiError>> {
        self.later(path, move || {
            self.runtime.block_on(self.inner.get(api, path))
        })
    }

    fn ask<'a>(
        &'a self,
        api: Api,
        path: &'a str,
        body: &'a Value,
    ) -> BoxFuture<'a, Result<Value, ApiError>> {
        self.later(path, move || {
            self.runtime.block_on(self.inner.ask(api, path, body))
        })
    }
}

impl Tell for Trips {
    fn tell<'a>(
        &'a self,
        api: Api,
        path: &'a str,
        body: &'a Value,
    ) -> BoxFuture<'a, Result<Value, ApiError>> {
        self.later(path, move || {
            self.runtime.block_on(self.writer.tell(api, path, body))
        })
    }
}

/// Caller and target below chains of folders of their own, with every kind of policy.
fn world(depth: usize, member: &str) -> Value {
    let mut folders = Vec::new();
    for (chain, first) in [("ci", 2000), ("data", 3000)] {
        for level in 0..depth {
            let parent = match level {
                0 => "organizations/1001".to_owned(),
                _ => format!("folders/{}", first + level - 1),
            };
            let (name, title) = (
                format!("folders/{}", first + level),
                format!("{chain}-{level}"),
            );
            folders.push(
                json!({"name": name, "parent": parent, "displayName": title, "state": "ACTIVE"}),
            );
        }
    }
    let account = |project: &str, email: &str, id: &str| {
        json!({"name": format!("projects/{project}/serviceAccounts/{email}"), "projectId": project,
            "uniqueId": id, "email": email})
    };
    let deny = |level: &str| {
        json!({"name": format!("policies/cloudresourcemanager.googleapis.com%2F{level}/denypolicies/d"),
            "rules": [{"denyRule": {"deniedPrincipals": ["principal://goog/subject/eve@example.com"],
                "deniedPermissions": ["iam.googleapis.com/serviceAccounts.getAccessToken"]}}]})
    };
    let last = depth - 1;
    json!({
        "organizations": [{"name": "organizations/1001", "displayName": "tern.example", "directoryCustomerId": "C0tern", "state": "ACTIVE"}],
        "folders": folders,
        "projects": [
            {"name": "projects/7001", "projectId": "tern-ci", "parent": format!("folders/{}", 2000 + last), "state": "ACTIVE"},
            {"name": "projects/7002", "projectId": "tern-data", "parent": format!("folders/{}", 3000 + last), "state": "ACTIVE"},
        ],
        "serviceAccounts": [account("tern-ci", CALLER, "117"), account("tern-data", TARGET, "118")],
        "iamPolicies": {
            "//cloudresourcemanager.googleapis.com/organizations/1001": {"bindings": [
                {"role": "organizations/1001/roles/tokenMinter", "members": [member]}]},
            "//cloudresourcemanager.googleapis.com/projects/tern-data": {"bindings": [
                {"role": "roles/viewer", "members": ["user:ana@tern.example"]}]},
        },
        "groups": [{"email": "runners@tern.example", "members": [format!("serviceAccount:{CALLER}")]}],
        "roles": [{"name": "organizations/1001/roles/tokenMinter", "title": "Token minter",
            "includedPermissions": ["iam.serviceAccounts.getAccessToken"], "stage": "GA"}],
        "denyPolicies": [deny("projects%2Ftern-data"), deny("folders%2F3000"), deny("organizations%2F1001")],
        "principalAccessBoundaryPolicies": [{
            "name": "organizations/1001/locations/global/principalAccessBoundaryPolicies/ours",
            "details": {"rules": [{"resources": ["//cloudresourcemanager.googleapis.com/organizations/1001"], "effect": "ALLOW"}],
                "enforcementVersion": "3"}}],
        "pools": [{"name": "locations/global/workforcePools/staff", "parent": "organizations/1001", "state": "ACTIVE"}],
        "policyBindings": [{
            "name": "organizations/1001/locations/global/policyBindings/ours-everyone",
            "target": {"principalSet": "//cloudresourcemanager.googleapis.com/organizations/1001"},
            "policyKind": "PRINCIPAL_ACCESS_BOUNDARY",
            "policy": "organizations/1001/locations/global/principalAccessBoundaryPolicies/ours"}],
    })
}

/// An emulator of a world, asked over trips.
fn over_trips(world: &Value) -> (Trips, emulator::Running) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let estate = file::read_text("trips", &world.to_string()).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let emulator = runtime
        .block_on(emulator::start(estate, Options::default()))
        .unwrap();
    let client = runtime.block_on(Client::connect(Connect {
        endpoint: Some(emulator.base_url()),
        token: Some(Secret::new(emulator.admin_token())),
        read_only: false,
    }));
    let client = client.unwrap();
    let trips = Trips {
        inner: client.reader(),
        writer: client.writer(),
        runtime,
        clock: Mutex::default(),
    };
    (trips, emulator)
}

fn question(caller: &str) -> Question {
    Question::new(
        Principal::parse(caller).unwrap(),
        Resource::account("-", TARGET),
        jiff::Timestamp::UNIX_EPOCH,
    )
}

/// Trips of the survey for a verdict of yes.
fn trips(depth: usize, caller: &str, member: &str) -> usize {
    let (trips, emulator) = over_trips(&world(depth, member));
    let question = question(caller);
    let (estate, count, calls) = trips.count(survey(&trips, &question, &|_| ()));
    let said = explain(&estate.unwrap(), &question);
    println!(
        "depth {depth}, {caller} by {member}: {count} trips, {} calls",
        calls.len()
    );
    assert_eq!(said.verdict, Verdict::CanAccess, "{calls:#?}");
    trips.runtime.block_on(emulator.stop());
    count
}

#[test]
fn a_verdict_takes_three_trips_at_any_depth() {
    let account = format!("serviceAccount:{CALLER}");
    for caller in [account.as_str(), "user:ana@tern.example", STAFF] {
        for depth in [1, 3, 8] {
            let count = trips(depth, caller, caller);
            assert_eq!(count, 3, "{caller} at depth {depth}");
        }
    }
}

/// Policy Troubleshooter is asked beside the survey: with it an answer takes what it takes without.
#[test]
fn a_second_opinion_takes_no_trip_of_its_own() {
    let account = format!("serviceAccount:{CALLER}");
    for depth in [1, 3, 8] {
        for id in [None, Some("77")] {
            let (trips, emulator) = over_trips(&world(depth, &account));
            let home = tempfile::tempdir().unwrap();
            let source = Source {
                ask: &trips,
                endpoint: "",
                history: home.path(),
                assumptions: &[],
                given: None,
                viewer: None,
            };
            let quiet = |_| ();
            let options = PlanOptions::default;
            let alone = source.answer(question(&account), options(), &quiet);
            let (answer, without, _) = trips.count(alone);
            assert_eq!(answer.unwrap().explanation.verdict, Verdict::CanAccess);
            let (both, with, calls) = trips.count(async {
                let beside = source.answer_beside(question(&account), options(), &quiet, id);
                let (answer, beside) = beside.await.unwrap();
                source.opinion_beside(beside, &answer.explanation, id).await
            });
            assert_eq!(both.agrees(), Some(true), "{both:?}");
            assert_eq!((without, with), (3, 3), "depth {depth}, {id:?}: {calls:#?}");
            trips.runtime.block_on(emulator.stop());
        }
    }
}

#[test]
fn a_group_adds_what_it_takes_to_find_and_to_read_it() {
    let account = format!("serviceAccount:{CALLER}");
    let count = trips(8, &account, "group:runners@tern.example");
    assert_eq!(count, 5);
}

/// A whole `fix --yes`: three trips for the answer, the plan and the viewer's right, one for the write, and one in
/// which the policy is read back and a token minted: the first look of the verification.
fn fixed(world: &Value, caller: &str) -> (usize, Vec<(usize, String)>) {
    let (trips, emulator) = over_trips(world);
    let home = tempfile::tempdir().unwrap();
    let asked = question(caller);
    let (end, count, calls) = trips.count(async {
        let source = Source {
            ask: &trips,
            endpoint: "",
            history: home.path(),
            assumptions: &[],
            given: None,
            viewer: None,
        };
        let quiet = |_| ();
        let answer = source.answer_to_mend(asked.clone(), PlanOptions::default(), &quiet);
        let (answer, rights) = answer.await.unwrap();
        let remedy = answer.plan.recommended().unwrap();
        let may = may_carry_out(&trips, remedy, &rights).await.unwrap();
        assert_eq!(may, MayWrite::Yes);
        let journal = Journal {
            dir: home.path().to_owned(),
            endpoint: String::new(),
            estate: String::new(),
            question: asked.clone(),
        };
        let looked_at = LookedAt {
            estate: &answer.estate,
            question: &asked,
            viewer: None,
        };
        carry_out_unasked(&trips, &trips, remedy, &journal, looked_at).await
    });
    let (carried, look) = end;
    assert!(carried.error.is_none(), "{:?}", carried.error);
    let look = look.expect("the first look was taken");
    assert_eq!(look.minted, MintOutcome::Yes);
    assert_eq!(look.verdict, Verdict::CanAccess);
    trips.runtime.block_on(emulator.stop());
    (count, calls)
}

/// What is otherwise in an estate.
type Change<'a> = &'a dyn Fn(&mut Value);

#[test]
fn a_fix_takes_five_trips_at_any_depth() {
    let account = format!("serviceAccount:{CALLER}");
    let on_callers_project = |world: &mut Value| {
        world["iamPolicies"]["//cloudresourcemanager.googleapis.com/projects/tern-ci"] = json!({"bindings": [
            {"role": "roles/iam.serviceAccountTokenCreator", "members": [account]}]});
    };
    let misspelled = |world: &mut Value| {
        world["iamPolicies"]["//cloudresourcemanager.googleapis.com/folders/3000"] = json!({"bindings": [
            {"role": "organizations/1001/roles/tokenMinter", "members": [account.replace("runner", "runer")]}]});
    };
    let among_others = |world: &mut Value| {
        world["iamPolicies"]
            [format!("//iam.googleapis.com/projects/tern-data/serviceAccounts/{TARGET}")] = json!({
            "bindings": [{"role": "roles/iam.serviceAccountTokenCreator",
                "members": ["serviceAccount:other@tern-ci.iam.gserviceaccount.com"]}]});
    };
    let nothing = |_: &mut Value| ();
    let cases: [(&str, Change<'_>); 4] = [
        ("the role on the caller's project", &on_callers_project),
        ("a misspelled member above", &misspelled),
        ("others alone", &among_others),
        ("no grant at all", &nothing),
    ];
    for (what, change) in cases {
        for depth in [1, 3, 8] {
            let mut world = world(depth, "user:eve@tern.example");
            change(&mut world);
            let (count, calls) = fixed(&world, &account);
            println!(
                "fix, {what}, depth {depth}: {count} trips, {} calls",
                calls.len()
            );
            assert_eq!(count, 5, "{what}, depth {depth}: {calls:#?}");
        }
    }
}
