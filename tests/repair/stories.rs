//! Every built-in story, told by the real program: explain, fix and wait, explain, undo, explain,
//! against an emulator in which a change takes its time to count.

use std::io::{Seek, Write};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use bindscope::emulator::{self, Options, Running, stories};
use bindscope::evaluate::{Outcome, Question, diagnose, explain};
use bindscope::google::api::read_policy;
use bindscope::google::credentials::Secret;
use bindscope::google::survey::survey;
use bindscope::google::{Client, Connect};
use bindscope::iam::{Principal, Resource};
use bindscope::repair::history::{self, ChangeState};
use bindscope::repair::{
    Consent, Journal, KnownRights, MayWrite, PlanOptions, RemedyStep, carry_out, may_carry_out,
    remedies, undo,
};
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::background::Telling;

/// How long a new policy is served before it counts.
const PROPAGATION: Duration = Duration::from_millis(1_500);

struct World {
    emulator: Running,
    client: Client,
    home: tempfile::TempDir,
}

struct Ran {
    code: i32,
    json: Value,
    words: String,
}

impl World {
    async fn new(story: &str) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let options = Options {
            propagation: PROPAGATION,
            ..Options::default()
        };
        let estate = stories::load(story).unwrap();
        let emulator = emulator::start(estate, options).await.unwrap();
        let client = Client::connect(Connect {
            endpoint: Some(emulator.base_url()),
            token: Some(Secret::new(emulator.admin_token())),
            ..Connect::default()
        })
        .await
        .unwrap();
        Self {
            emulator,
            client,
            home: tempfile::tempdir().unwrap(),
        }
    }

    async fn run(&self, arguments: &[String]) -> Ran {
        self.run_with(arguments, "").await
    }

    /// With a text on stdin.
    async fn run_with(&self, arguments: &[String], text: &str) -> Ran {
        let mut input = tempfile::tempfile().unwrap();
        input.write_all(text.as_bytes()).unwrap();
        input.rewind().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_bindscope"));
        command
            .args(["--format", "json", "--endpoint", &self.emulator.base_url()])
            .args(arguments)
            .env_clear()
            .env("HOME", self.home.path())
            .env("XDG_STATE_HOME", self.home.path())
            .env("NO_PROXY", "127.0.0.1")
            .env("BINDSCOPE_ACCESS_TOKEN", self.emulator.admin_token())
            .stdin(Stdio::from(input));
        let output = tokio::task::spawn_blocking(move || command.output().unwrap())
            .await
            .unwrap();
        Ran {
            code: output.status.code().unwrap(),
            json: serde_json::from_slice(&output.stdout).unwrap_or_default(),
            words: String::from_utf8(output.stderr).unwrap(),
        }
    }

    async fn policy(&self, target: &Resource) -> Value {
        read_policy(&*self.client.reader(), target).await.unwrap()
    }

    /// The policy of an account that may not be there.
    async fn policy_if_any(&self, target: &Resource) -> Option<Value> {
        read_policy(&*self.client.reader(), target).await.ok()
    }

    /// What comes of minting a token with the caller's own identity.
    async fn mint(&self, caller: &str, target: &str) -> u16 {
        let url = format!(
            "{}/v1/projects/-/serviceAccounts/{target}:generateAccessToken",
            self.emulator.base_url()
        );
        let body = json!({"scope": ["https://www.googleapis.com/auth/cloud-platform"]});
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let request = http.post(url).bearer_auth(caller).body(body.to_string());
        request.send().await.unwrap().status().as_u16()
    }
}

fn words(list: &[&str]) -> Vec<String> {
    list.iter().map(|w| (*w).to_owned()).collect()
}

fn bindings(policy: &Value) -> Value {
    policy.get("bindings").cloned().unwrap_or(json!([]))
}

fn stories() -> Vec<Value> {
    serde_json::from_str(include_str!("../../assets/estates/index.json")).unwrap()
}

/// How many stories are told at a time: they mostly wait.
const AT_A_TIME: usize = 12;

/// Every story, by its name.
pub fn all() -> Vec<(String, Telling)> {
    let room = Arc::new(Semaphore::new(AT_A_TIME));
    // `large` is there to be searched, not to be mended.
    let told = stories().into_iter().filter(|s| s["name"] != "large");
    let named = told.map(|story| {
        let name = story["name"].as_str().unwrap().to_owned();
        let room = Arc::clone(&room);
        let telling: Telling = Box::pin(async move {
            let _place = room.acquire_owned().await.unwrap();
            tell(story).await;
        });
        (name, telling)
    });
    named.collect()
}

macro_rules! tests {
    ($($test:ident $name:literal,)*) => {
        /// One test for each built-in estate.
        mod is_mended_proven_and_taken_back {
            $(
                #[test]
                fn $test() {
                    crate::background::ends($name);
                }
            )*
        }
    };
}

bindscope::each_story!(tests);

async fn tell(story: Value) {
    let text = |key: &str| story[key].as_str().unwrap().to_owned();
    let (name, caller, target) = (text("name"), text("caller"), text("target"));
    let world = World::new(&name).await;
    let pair = words(&["--caller", &caller, "--target", &target, "--permission"]);
    let pair: Vec<String> = pair.into_iter().chain([text("permission")]).collect();
    let ask = |first: &str, more: &[String]| -> Vec<String> {
        [&[first.to_owned()], pair.as_slice(), more].concat()
    };
    // As the story asks it: with the chain and the attributes that it has.
    let mut chain = Vec::new();
    for via in story["via"].as_array().into_iter().flatten() {
        chain.extend(words(&["--via", via.as_str().unwrap()]));
    }
    let mut more = chain.clone();
    for (key, value) in story["attributes"].as_object().into_iter().flatten() {
        let given = format!("{key}={}", value.as_str().unwrap());
        more.extend(words(&["--attribute", &given]));
    }
    let asked = ask("explain", &more);
    // What only the error tells is told with it; `fix` looks at the policies.
    let pasted = story["pasted"].as_str();
    let first = match pasted {
        Some(text) => {
            let piped = [asked.as_slice(), &words(&["-"])].concat();
            world.run_with(&piped, text).await
        }
        None => world.run(&asked).await,
    };
    assert_eq!(
        first.json["outcome"], story["expectOutcome"],
        "{name}: {}",
        first.words
    );
    let on = Resource::account("-", &target);
    let before = world.policy_if_any(&on).await;

    let how = [more.as_slice(), &words(&["--yes", "--wait", "60s"])].concat();
    let fixed = world.run(&ask("fix", &how)).await;
    if story["repairable"] != true {
        let fine = story["expectOutcome"] == "WOULD_SUCCEED" || pasted.is_some();
        assert_eq!(fixed.code, i32::from(!fine), "{name}: {}", fixed.words);
        assert_eq!(fixed.json["applied"], false, "{name}");
        assert_eq!(world.policy_if_any(&on).await, before, "{name}");
        return;
    }
    assert_eq!(fixed.code, 0, "{name}: {}", fixed.words);
    assert_eq!(fixed.json["applied"], true, "{name}");
    let by = fixed.json["verifiedBy"].as_str().unwrap();
    let mints = story["permission"] != "iam.serviceAccounts.actAs";
    if caller.starts_with("serviceAccount:") && mints {
        assert_eq!(by, "a real token was minted", "{name}");
        // Waited for: it counts now, for the caller itself.
        if chain.is_empty() {
            assert_eq!(world.mint(&caller, &target).await, 200, "{name}");
        }
    }
    let second = world.run(&asked).await;
    assert_eq!(second.code, 0, "{name}: {}", second.words);
    assert_eq!(second.json["outcome"], "WOULD_SUCCEED", "{name}");

    let id = fixed.json["history"].as_str().unwrap().to_owned();
    let undone = world.run(&words(&["undo", &id])).await;
    assert_eq!(undone.code, 0, "{name}: {}", undone.words);
    assert_eq!(
        bindings(&world.policy(&on).await),
        bindings(&before.unwrap()),
        "{name}"
    );
    let third = world.run(&asked).await;
    for key in ["outcome", "verdict", "causes"] {
        assert_eq!(third.json[key], first.json[key], "{name}");
    }
}

/// A chain in which no hop is granted: one way of two steps, each taken back by itself.
#[tokio::test(flavor = "multi_thread")]
async fn a_chain_is_mended_hop_by_hop_and_taken_back() {
    let world = World::new("cross-project").await;
    let reader = world.client.reader();
    let caller = "serviceAccount:run-processor@app-prod.iam.gserviceaccount.com";
    let account = |email: &str| Resource::account("-", email);
    let question = Question {
        via: vec![account(
            "dataflow-worker@data-vault.iam.gserviceaccount.com",
        )],
        ..Question::new(
            Principal::parse(caller).unwrap(),
            account("bq-privileged@data-vault.iam.gserviceaccount.com"),
            jiff::Timestamp::now(),
        )
    };
    let estate = survey(&*reader, &question, &|_| ()).await.unwrap();
    let explanation = explain(&estate, &question);
    assert_eq!(explanation.outcome, Outcome::WouldFail);
    let causes = diagnose(&estate, &explanation);
    let plan = remedies(&estate, &explanation, &causes, &PlanOptions::default());
    let remedy = plan.recommended().unwrap();
    assert_eq!(remedy.steps.len(), 2);
    assert_eq!(
        may_carry_out(&*reader, remedy, &KnownRights::new()).await,
        Ok(MayWrite::Yes)
    );
    let mut policies = Vec::new();
    for step in &remedy.steps {
        policies.push(bindings(&world.policy(step.resource()).await));
    }
    let dir = world.home.path().join("bindscope");
    let journal = Journal {
        dir: dir.clone(),
        endpoint: world.emulator.base_url(),
        estate: "test".into(),
        question: question.clone(),
    };
    let writer = world.client.writer();
    let carried = carry_out(
        &*reader,
        &*writer,
        remedy,
        &journal,
        Consent::AsShown,
        &|_| (),
    )
    .await;
    assert!(carried.error.is_none(), "{:?}", carried.error);
    assert_eq!(carried.done.len(), 2);
    let estate = survey(&*reader, &question, &|_| ()).await.unwrap();
    assert_eq!(explain(&estate, &question).outcome, Outcome::WouldSucceed);
    for entry in history::list(&dir).unwrap().entries {
        undo(&*reader, &*writer, &dir, &entry).await.unwrap();
    }
    for (step, was) in remedy.steps.iter().zip(policies) {
        assert_eq!(bindings(&world.policy(step.resource()).await), was);
    }
}

/// What is off is turned on by a way that a person chose, and an account is off again after undo.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_off_can_be_turned_on_and_an_account_off_again() {
    for name in ["disabled", "api-off"] {
        let story = stories().into_iter().find(|s| s["name"] == name).unwrap();
        let world = World::new(name).await;
        let reader = world.client.reader();
        let question = Question::new(
            Principal::parse(story["caller"].as_str().unwrap()).unwrap(),
            Resource::account("-", story["target"].as_str().unwrap()),
            jiff::Timestamp::now(),
        );
        let estate = survey(&*reader, &question, &|_| ()).await.unwrap();
        let explanation = explain(&estate, &question);
        let plan = remedies(&estate, &explanation, &[], &PlanOptions::default());
        assert!(plan.recommended().is_none());
        let remedy = plan.remedies.first().unwrap();
        assert!(matches!(remedy.steps.as_slice(), [RemedyStep::Switch(_)]));
        assert_eq!(
            may_carry_out(&*reader, remedy, &KnownRights::new()).await,
            Ok(MayWrite::Yes)
        );
        let dir = world.home.path().join("bindscope");
        let journal = Journal {
            dir: dir.clone(),
            endpoint: world.emulator.base_url(),
            estate: "test".into(),
            question: question.clone(),
        };
        let writer = world.client.writer();
        let carried = carry_out(
            &*reader,
            &*writer,
            remedy,
            &journal,
            Consent::AsShown,
            &|_| (),
        )
        .await;
        assert!(carried.error.is_none(), "{:?}", carried.error);
        let outcome = async || {
            let estate = survey(&*reader, &question, &|_| ()).await.unwrap();
            explain(&estate, &question).outcome
        };
        assert_eq!(outcome().await, Outcome::WouldSucceed, "{name}");
        let entry = history::list(&dir).unwrap().entries.remove(0);
        assert!(matches!(entry.state, ChangeState::Applied { .. }));
        assert_eq!(
            bindscope::repair::settle(&*reader, &entry).await,
            bindscope::repair::Standing::InForce
        );
        let undone = undo(&*reader, &*writer, &dir, &entry).await;
        if name == "disabled" {
            undone.unwrap();
            assert_eq!(outcome().await, Outcome::WouldFail);
            let state = history::list(&dir).unwrap().entries.remove(0).state;
            assert!(matches!(state, ChangeState::Undone { .. }));
        } else {
            let error = undone.unwrap_err().to_string();
            assert!(error.contains("gcloud services disable"), "{error}");
            assert_eq!(outcome().await, Outcome::WouldSucceed, "it stays on");
        }
    }
}
