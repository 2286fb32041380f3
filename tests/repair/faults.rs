//! `fix` and `undo`, the real program, through everything that can go wrong on the way: the binding
//! is applied exactly once or not at all, the history tells which, and exit code and words agree.
//!
//! What fails "for good" is tried again for twenty seconds before the program gives up: those lines run with
//! `REPAIR_FAULTS=all`, as in CI.

use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use bindscope::emulator::{self, Options, Running, stories};
use bindscope::google::api::read_policy;
use bindscope::google::credentials::Secret;
use bindscope::google::{Client, Connect};
use bindscope::iam::Resource;
use bindscope::repair::history::{self, ChangeState, HistoryEntry};
use futures::StreamExt;
use serde_json::{Value, json};

use crate::background::{self, Telling};
use crate::proxy::{Fault, Proxy, Rule};

const CALLER: &str = "serviceAccount:run-processor@app-prod.iam.gserviceaccount.com";
const TARGET: &str = "bq-privileged@data-vault.iam.gserviceaccount.com";

macro_rules! tests {
    ($($name:ident,)*) => {
        /// Every table, by its name.
        pub fn all() -> Vec<(String, Telling)> {
            vec![$((stringify!($name).to_owned(), Box::pin($name()) as Telling)),*]
        }

        mod under_faults {
            $(
                #[test]
                fn $name() {
                    super::background::ends(stringify!($name));
                }
            )*
        }
    };
}

tests! {
    once_or_not_at_all_and_the_history_tells_which,
    where_nobody_can_tell_that_is_said_and_history_tells_later,
    killed_at_any_moment_the_history_tells_truthfully,
    undo_takes_back_once_or_not_at_all,
    others_who_write_while_answers_are_lost_keep_what_they_wrote,
    without_a_history_nothing_is_written,
}

/// A world of its own: emulator, proxy, state directory.
struct World {
    emulator: Running,
    proxy: Proxy,
    home: tempfile::TempDir,
    client: Client,
    before: Value,
}

impl World {
    async fn new() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let estate = stories::load("cross-project").unwrap();
        let emulator = emulator::start(estate, Options::default()).await.unwrap();
        let proxy = Proxy::before(&emulator.base_url()).await;
        let client = Client::connect(Connect {
            endpoint: Some(emulator.base_url()),
            token: Some(Secret::new(emulator.admin_token())),
            ..Connect::default()
        })
        .await
        .unwrap();
        let mut world = Self {
            emulator,
            proxy,
            home: tempfile::tempdir().unwrap(),
            client,
            before: Value::Null,
        };
        world.before = world.policy().await;
        world
    }

    async fn policy(&self) -> Value {
        let target = Resource::account("data-vault", TARGET);
        read_policy(&*self.client.reader(), &target).await.unwrap()
    }

    fn start(&self, arguments: &[&str]) -> Child {
        Command::new(env!("CARGO_BIN_EXE_bindscope"))
            .args(["--format", "json", "--endpoint", self.proxy.base()])
            .args(arguments)
            .env_clear()
            .env("HOME", self.home.path())
            .env("XDG_STATE_HOME", self.home.path())
            .env("NO_PROXY", "127.0.0.1")
            .env("BINDSCOPE_ACCESS_TOKEN", self.emulator.admin_token())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    async fn run(&self, arguments: &[&str]) -> Ran {
        let child = self.start(arguments);
        let output = tokio::task::spawn_blocking(|| child.wait_with_output().unwrap());
        Ran::from(output.await.unwrap())
    }

    /// Runs it until a call stalls, and ends it as nothing can be caught.
    async fn killed(&self, arguments: &[&str]) {
        let mut child = self.start(arguments);
        self.proxy.stalled().await;
        child.kill().unwrap();
        tokio::task::spawn_blocking(move || child.wait().unwrap())
            .await
            .unwrap();
    }

    async fn fix(&self) -> Ran {
        self.run(&fix()).await
    }

    fn entries(&self) -> Vec<HistoryEntry> {
        history::list(&self.home.path().join("bindscope"))
            .unwrap()
            .entries
    }

    /// What `history` says of the only change: its state, and what the policy says.
    async fn told(&self) -> (String, String) {
        self.proxy.set(Vec::new());
        let ran = self.run(&["history"]).await;
        assert_eq!(ran.code, 0, "{}", ran.words);
        let changes = ran.json["changes"].as_array().unwrap();
        assert_eq!(changes.len(), 1, "{changes:?}");
        let word = |key: &str| changes[0][key].as_str().unwrap_or_default().to_owned();
        (word("state"), word("standingWords"))
    }

    /// How often the grant stands in the policy; everything else must be as it was.
    async fn granted(&self) -> usize {
        let policy = self.policy().await;
        let mut without = policy.clone();
        let mut count = 0;
        for binding in without["bindings"].as_array_mut().unwrap() {
            let role = binding["role"].clone();
            binding["members"].as_array_mut().unwrap().retain(|m| {
                let ours = m == CALLER && role == "roles/iam.serviceAccountTokenCreator";
                count += usize::from(ours);
                !ours
            });
        }
        without["bindings"]
            .as_array_mut()
            .unwrap()
            .retain(|b| b["members"] != json!([]));
        assert_eq!(without["bindings"], bindings(&self.before), "{policy}");
        count
    }
}

fn bindings(policy: &Value) -> Value {
    policy.get("bindings").cloned().unwrap_or(json!([]))
}

fn fix() -> [&'static str; 6] {
    ["fix", "--caller", CALLER, "--target", TARGET, "--yes"]
}

struct Ran {
    code: i32,
    json: Value,
    words: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let words = String::from_utf8(output.stderr).unwrap();
        assert!(!words.contains("panicked"), "{words}");
        Self {
            code: output.status.code().unwrap(),
            json: serde_json::from_slice(&output.stdout).unwrap_or_default(),
            words,
        }
    }
}

fn at(path: &[&str], fault: Fault) -> Rule {
    Rule {
        path: path.iter().map(|p| (*p).to_owned()).collect(),
        after_write: false,
        skip: 0,
        times: 1,
        fault,
    }
}

fn write(fault: Fault) -> Rule {
    at(&[":setIamPolicy"], fault)
}

/// The `n`th read of the target's policy: 0 the survey's, which the plan is made on and written over; 1 the
/// next, where a write found a stale etag.
fn read(n: usize, fault: Fault) -> Rule {
    Rule {
        skip: n,
        ..at(&[TARGET, ":getIamPolicy"], fault)
    }
}

/// The `n`th read of the target's policy after the write: 0 the read-back.
fn read_back(n: usize, fault: Fault) -> Rule {
    Rule {
        after_write: true,
        ..read(n, fault)
    }
}

fn always(rule: Rule) -> Rule {
    Rule {
        times: usize::MAX,
        ..rule
    }
}

/// One line of the table: what goes wrong, and what must come of it.
struct Case {
    what: &'static str,
    rules: Vec<Rule>,
    code: i32,
    granted: usize,
    /// The journal's state; empty where nothing may be written down.
    state: &'static str,
    /// How the words of what `history` says of the policy begin.
    standing: &'static str,
    /// What stderr must hold.
    words: &'static str,
}

#[rustfmt::skip]
fn cases() -> Vec<Case> {
    use Fault::{ResetAfter, ResetBefore, Status, StatusAfter, Truncated};
    let applied = |what, rule| Case { what, rules: vec![rule], code: 0, granted: 1, state: "APPLIED", standing: "in force", words: "" };
    let nothing = |what, rule, words| Case { what, rules: vec![rule], code: 2, granted: 0, state: "", standing: "", words };
    let refused = |what, rule, words| Case { what, rules: vec![rule], code: 2, granted: 0, state: "FAILED", standing: "", words };
    let applied_after = |what, rules| Case { rules, ..applied(what, write(Status(409))) };
    let refused_after = |what, rules, words| Case { rules, ..refused(what, write(Status(409)), words) };
    vec![
        applied("nothing", at(&["no such path"], ResetBefore)),
        applied("a read is reset", read(0, ResetBefore)),
        applied("a read is lost", read(0, ResetAfter)),
        applied("a read is truncated", read(0, Truncated)),
        applied("a read is too much at once", read(0, Status(429))),
        applied("a read is unavailable for a moment", read(0, Status(503))),
        nothing("signed out at the survey", read(0, Status(401)), "not signed in"),
        Case { what: "no policy to plan on", rules: vec![always(read(0, Status(503)))], code: 1, granted: 0, state: "", standing: "", words: "" },
        applied_after("a stale etag, and a read is lost", vec![write(Status(409)), read(1, ResetAfter)]),
        applied_after("a stale etag, and a read is truncated", vec![write(Status(409)), read(1, Truncated)]),
        refused_after("a stale etag, and reads are unavailable for good", vec![write(Status(409)), always(read(1, Status(503)))], "nothing was written"),
        refused_after("a stale etag, and signed out", vec![write(Status(409)), read(1, Status(401))], "not signed in"),
        nothing("the right to write cannot be asked for", always(at(&[":testIamPermissions", TARGET], Status(503))), "503"),
        applied("one stale etag", write(Status(409))),
        refused("a storm of stale etags", always(write(Status(409))), "changed by others each time"),
        applied("too many writes at once", Rule { times: 3, ..write(Status(429)) }),
        refused("too many writes for good", always(write(Status(429))), "429"),
        refused("signed out at the write", write(Status(401)), "not signed in"),
        refused("the write is refused", write(Status(403)), "403"),
        refused("the write is wrong", write(Status(400)), "400"),
        applied("the write is reset before", write(ResetBefore)),
        applied("the write is reset before, again and again", Rule { times: 4, ..write(ResetBefore) }),
        applied("the write is unavailable", write(Status(503))),
        applied("the write is unavailable, again and again", Rule { times: 4, ..write(Status(503)) }),
        Case { what: "the write is reset before for good", rules: vec![always(write(ResetBefore))], code: 2, granted: 0, state: "PLANNED", standing: "not applied", words: "the change is not there" },
        Case { what: "the write is unavailable for good", rules: vec![always(write(Status(503)))], code: 2, granted: 0, state: "PLANNED", standing: "not applied", words: "the change is not there" },
        applied("the write is reset after", write(ResetAfter)),
        applied("the write is unavailable after", write(StatusAfter(503))),
        applied("the write is in error after", write(StatusAfter(500))),
        applied("the answer to the write is truncated", write(Truncated)),
        applied("the read-back is reset", read_back(0, ResetBefore)),
        applied("the read-back is lost for good", always(read_back(0, ResetAfter))),
        applied("the read-back is unavailable for good", Rule { times: 5, ..read_back(0, Status(503)) }),
        applied("the read-back is refused", read_back(0, Status(403))),
        applied("signed out at the read-back", read_back(0, Status(401))),
        applied("signed out at the first look", at(&[":generateAccessToken"], Status(401))),
        applied("the first look is cut off for good", always(at(&[":generateAccessToken"], ResetBefore))),
        applied_after("signed out at the first look and the next", vec![always(at(&[":generateAccessToken"], Status(401))), read_back(1, Status(401))]),
        applied_after("whatever looks is cut off for good", vec![always(at(&[":generateAccessToken"], ResetBefore)), always(read_back(1, ResetBefore))]),
    ]
}

async fn once_or_not_at_all_and_the_history_tells_which() {
    let lines = cases().into_iter().filter(|case| runs(case.what)).collect();
    side_by_side(lines, |case: Case| async move {
        let what = case.what;
        let world = World::new().await;
        world.proxy.set(case.rules.clone());
        let ran = world.fix().await;
        assert_eq!(ran.code, case.code, "{what}: {}", ran.words);
        assert!(ran.words.contains(case.words), "{what}: {}", ran.words);
        assert_eq!(world.granted().await, case.granted, "{what}");
        // Those that took place.
        let commits = world.proxy.count(":setIamPolicy");
        assert_eq!(commits, case.granted, "{what}");
        if case.code == 0 {
            assert_eq!(ran.json["applied"], true, "{what}");
            assert_eq!(ran.json["history"], *world.entries()[0].id, "{what}");
        }
        if case.state.is_empty() {
            assert!(world.entries().is_empty(), "{what}");
            return;
        }
        let (state, standing) = world.told().await;
        assert_eq!(state, case.state, "{what}");
        assert!(standing.starts_with(case.standing), "{what}: {standing}");
        // Whatever came of it, undo ends where it began.
        let undone = world.run(&["undo"]).await;
        let wanted = if case.granted == 1 { 0 } else { 2 };
        assert_eq!(undone.code, wanted, "{what}: {}", undone.words);
        assert_eq!(world.granted().await, 0, "{what}");
    })
    .await;
}

/// Whether the line of this name runs: see the top of this file.
fn runs(what: &str) -> bool {
    !what.contains("for good") || std::env::var("REPAIR_FAULTS").is_ok_and(|asked| asked == "all")
}

/// Runs the lines of a table, several at a time: they mostly wait.
async fn side_by_side<T, F: Future<Output = ()>>(lines: Vec<T>, check: impl Fn(T) -> F) {
    futures::stream::iter(lines)
        .for_each_concurrent(32, check)
        .await;
}

/// Where neither an answer nor a read comes, the program says that it does not know.
async fn where_nobody_can_tell_that_is_said_and_history_tells_later() {
    for (fault, granted, standing) in [
        (Fault::ResetAfter, 1, "applied: interrupted"),
        (Fault::ResetBefore, 0, "not applied: interrupted"),
    ] {
        let world = World::new().await;
        let blind = always(read_back(0, Fault::Status(503)));
        world.proxy.set(vec![write(fault), blind]);
        let ran = world.fix().await;
        assert_eq!(ran.code, 2);
        assert!(ran.words.contains("may be there or not"), "{}", ran.words);
        assert_eq!(world.granted().await, granted);
        assert_eq!(world.entries()[0].state, ChangeState::Planned);
        let told = world.told().await;
        assert!(told.1.starts_with(standing), "{told:?}");
    }
}

/// Ended by the system at each step, with nothing that could be caught.
async fn killed_at_any_moment_the_history_tells_truthfully() {
    use Fault::{StallAfter, StallBefore};
    let nothing = ("", "");
    let open = ("PLANNED", "applied: interrupted");
    let not_yet = ("PLANNED", "not applied: interrupted");
    let lines = vec![
        ("the survey", vec![read(0, StallBefore)], 0, nothing),
        (
            "the plan",
            vec![at(&[":getEffectivePolicy"], StallBefore)],
            0,
            nothing,
        ),
        (
            "the right to write",
            vec![at(&[":testIamPermissions", TARGET], StallAfter)],
            0,
            nothing,
        ),
        ("the write, before", vec![write(StallBefore)], 0, not_yet),
        (
            "the read after a stale etag",
            vec![write(Fault::Status(409)), read(1, StallAfter)],
            0,
            not_yet,
        ),
        ("the write, after", vec![write(StallAfter)], 1, open),
        ("the read-back", vec![read_back(0, StallBefore)], 1, open),
        (
            "the read-back, after",
            vec![read_back(0, StallAfter)],
            1,
            open,
        ),
        (
            "the verification",
            vec![
                at(&[":generateAccessToken"], Fault::Status(401)),
                read_back(1, StallBefore),
            ],
            1,
            ("APPLIED", "in force"),
        ),
    ];
    side_by_side(lines, |(what, rules, granted, told)| async move {
        let world = World::new().await;
        world.proxy.set(rules);
        world.killed(&fix()).await;
        assert_eq!(world.granted().await, granted, "{what}");
        if told == nothing {
            assert!(world.entries().is_empty(), "{what}");
            return;
        }
        let (state, standing) = world.told().await;
        assert_eq!(state, told.0, "{what}");
        assert!(standing.starts_with(told.1), "{what}: {standing}");
        // The same command again: applied once in all.
        let again = world.fix().await;
        assert_eq!(again.code, 0, "{what}: {}", again.words);
        assert_eq!(world.granted().await, 1, "{what}");
        let id = world
            .entries()
            .into_iter()
            .find(|e| granted == 1 || matches!(e.state, ChangeState::Applied { .. }));
        let undone = world.run(&["undo", &id.unwrap().id]).await;
        assert_eq!(undone.code, 0, "{what}: {}", undone.words);
        assert_eq!(world.granted().await, 0, "{what}");
    })
    .await;
}

/// The same for taking back.
async fn undo_takes_back_once_or_not_at_all() {
    use Fault::{ResetAfter, ResetBefore, StallAfter, StallBefore, Status, StatusAfter, Truncated};
    let lines = vec![
        (
            "nothing",
            at(&["no such path"], ResetBefore),
            0,
            0,
            "UNDONE",
            "",
        ),
        ("a stale etag", write(Status(409)), 0, 0, "UNDONE", ""),
        (
            "a storm",
            always(write(Status(409))),
            2,
            1,
            "APPLIED",
            "in force",
        ),
        (
            "signed out",
            write(Status(401)),
            2,
            1,
            "APPLIED",
            "in force",
        ),
        ("refused", write(Status(403)), 2, 1, "APPLIED", "in force"),
        ("reset before", write(ResetBefore), 0, 0, "UNDONE", ""),
        (
            "reset before for good",
            always(write(ResetBefore)),
            2,
            1,
            "UNDOING",
            "still applied",
        ),
        ("unavailable", write(Status(503)), 0, 0, "UNDONE", ""),
        (
            "unavailable for good",
            always(write(Status(503))),
            2,
            1,
            "UNDOING",
            "still applied",
        ),
        ("reset after", write(ResetAfter), 0, 0, "UNDONE", ""),
        (
            "unavailable after",
            write(StatusAfter(503)),
            0,
            0,
            "UNDONE",
            "",
        ),
        ("truncated", write(Truncated), 0, 0, "UNDONE", ""),
        (
            "the read-back lost",
            always(read_back(0, ResetAfter)),
            0,
            0,
            "UNDONE",
            "",
        ),
        (
            "killed before",
            write(StallBefore),
            -1,
            1,
            "UNDOING",
            "still applied",
        ),
        (
            "killed after",
            write(StallAfter),
            -1,
            0,
            "UNDOING",
            "undone: interrupted",
        ),
        (
            "killed at the read-back",
            read_back(0, StallAfter),
            -1,
            0,
            "UNDOING",
            "undone: interrupted",
        ),
    ];
    let lines = lines.into_iter().filter(|line| runs(line.0)).collect();
    side_by_side(
        lines,
        |(what, rule, code, granted, state, standing)| async move {
            let world = World::new().await;
            assert_eq!(world.fix().await.code, 0, "{what}");
            world.proxy.set(vec![rule]);
            if code < 0 {
                world.killed(&["undo"]).await;
            } else {
                let ran = world.run(&["undo"]).await;
                assert_eq!(ran.code, code, "{what}: {}", ran.words);
            }
            assert_eq!(world.granted().await, granted, "{what}");
            assert!(world.proxy.count(":setIamPolicy") <= 1, "{what}");
            let told = world.told().await;
            assert_eq!(told.0, state, "{what}");
            assert!(told.1.starts_with(standing), "{what}: {told:?}");
            // Once more ends it in any case.
            let id = world.entries()[0].id.clone();
            let ran = world.run(&["undo", &id]).await;
            assert_eq!(ran.code, 0, "{what}: {}", ran.words);
            assert_eq!(world.granted().await, 0, "{what}");
            assert!(
                matches!(world.entries()[0].state, ChangeState::Undone { .. }),
                "{what}"
            );
        },
    )
    .await;
}

/// The connection is cut before and after the write arrives, once and several times, and somebody else
/// writes in between: with `--yes` the change is there once, and so is theirs.
async fn others_who_write_while_answers_are_lost_keep_what_they_wrote() {
    use Fault::{ResetAfterOthers, ResetBefore, ResetBeforeOthers, Status};
    let twice = |fault| Rule {
        times: 2,
        ..write(fault)
    };
    let lines = vec![
        ("before, once", vec![write(ResetBeforeOthers)], 1),
        ("before, twice", vec![twice(ResetBeforeOthers)], 2),
        (
            "before, and then theirs",
            vec![
                twice(ResetBefore),
                write(ResetBeforeOthers),
                write(Status(503)),
            ],
            1,
        ),
        ("after", vec![write(ResetAfterOthers)], 1),
        (
            "before, and then after",
            vec![write(ResetBeforeOthers), write(ResetAfterOthers)],
            2,
        ),
    ];
    side_by_side(lines, |(what, rules, theirs)| async move {
        let world = World::new().await;
        let ours = |policy: &Value| {
            let bindings = bindings(policy);
            let bindings = bindings.as_array().unwrap().clone();
            let of = |role: &str, member: &str| {
                let with = bindings.iter().filter(|b| b["role"] == role);
                let members = with.flat_map(|b| b["members"].as_array().unwrap());
                members.filter(|m| *m == member).count()
            };
            (
                of("roles/iam.serviceAccountTokenCreator", CALLER),
                of("roles/iam.serviceAccountUser", "user:cleo@example.com"),
            )
        };
        world.proxy.set(rules.clone());
        let ran = world.fix().await;
        assert_eq!(ran.code, 0, "{what}: {}", ran.words);
        assert_eq!(ran.json["applied"], true, "{what}");
        assert_eq!(ours(&world.policy().await), (1, theirs), "{what}");
        assert_eq!(world.told().await.0, "APPLIED", "{what}");

        world.proxy.set(rules);
        let ran = world.run(&["undo"]).await;
        assert_eq!(ran.code, 0, "{what}: {}", ran.words);
        assert_eq!(ours(&world.policy().await), (0, 2 * theirs), "{what}");
        assert_eq!(world.told().await.0, "UNDONE", "{what}");
    })
    .await;
}

/// Nothing is sent where the history cannot be kept.
async fn without_a_history_nothing_is_written() {
    let world = World::new().await;
    std::fs::write(world.home.path().join("bindscope"), "in the way").unwrap();
    let ran = world.fix().await;
    assert_eq!(ran.code, 2);
    assert!(
        ran.words.contains("the history could not be kept"),
        "{}",
        ran.words
    );
    assert_eq!(world.proxy.count(":setIamPolicy"), 0);
    assert_eq!(world.granted().await, 0);
    assert!(Path::new(&world.home.path().join("bindscope")).is_file());
}
