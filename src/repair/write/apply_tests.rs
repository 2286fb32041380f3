//! The write against a server that goes wrong in each way that matters.

use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use serde_json::{Value, json};

use super::*;
use crate::iam::Resource;
use crate::repair::plan::Switch;
use crate::repair::plan::edit::{self, Grant};
use crate::repair::write::scripted::{Http, ScriptedRead, ScriptedStep, ScriptedWorld, served};

/// Remembers what was noted, and how many writes had arrived by then.
#[derive(Default)]
struct Notes {
    world: Arc<ScriptedWorld>,
    lines: Mutex<Vec<String>>,
    full: bool,
}

impl Ledger for Notes {
    fn begin(&self, repair: &Repair) -> std::io::Result<String> {
        if self.full {
            return Err(std::io::Error::other("disk full"));
        }
        let sent = self.world.writes.lock().unwrap().len();
        let line = format!("begin {} after {sent} writes", repair.member);
        self.lines.lock().unwrap().push(line);
        Ok("h1".into())
    }

    fn begin_switch(&self, switch: &Switch) -> std::io::Result<String> {
        Err(std::io::Error::other(switch.title()))
    }

    fn complete(&self, id: &str, end: &WriteEnd<'_>) -> std::io::Result<()> {
        let word = match end {
            WriteEnd::Applied { .. } => "applied",
            WriteEnd::NotApplied { .. } => "not applied",
            WriteEnd::Unclear { .. } => "unclear",
        };
        self.lines.lock().unwrap().push(format!("{id} {word}"));
        Ok(())
    }
}

const ME: &str = "serviceAccount:run@app.iam.gserviceaccount.com";
const ROLE: &str = "roles/iam.serviceAccountTokenCreator";

fn before() -> Value {
    json!({
        "version": 1, "etag": "BwONE=",
        "auditConfigs": [{"service": "iam.googleapis.com", "x-unknown": 1.50}],
        "bindings": [
            {"role": "roles/zeta", "members": ["user:B@example.com", "user:a@example.com"], "odd": null},
            {"role": ROLE, "members": ["user:ana@example.com"]}
        ]
    })
}

fn repair() -> Repair {
    let start = Repair {
        id: "r".into(),
        title: "t".into(),
        resource: Resource::account("vault", "t@x.com"),
        role: ROLE.into(),
        member: ME.into(),
        condition: None,
        replaces: None,
        recommended: true,
        certain: true,
        before: Value::Null,
        as_read: false,
        after: Value::Null,
        already: false,
    };
    start.on(&before()).unwrap()
}

struct Run {
    result: Result<Applied, ApplyError>,
    policy: Value,
    writes: Vec<Bytes>,
    notes: Vec<String>,
}

async fn run(policy: Value, script: Vec<ScriptedStep>, full: bool) -> Run {
    let (world, http) = served(policy, script).await;
    run_at(&world, &http, full).await
}

async fn run_at(world: &Arc<ScriptedWorld>, http: &Http, full: bool) -> Run {
    let notes = Notes {
        world: Arc::clone(world),
        full,
        ..Notes::default()
    };
    let result = apply(http, http, &repair(), &notes).await;
    Run {
        result,
        policy: world.policy.lock().unwrap().clone(),
        writes: world.writes.lock().unwrap().clone(),
        notes: notes.lines.into_inner().unwrap(),
    }
}

fn granted(policy: &Value) -> bool {
    let grant = Grant {
        role: ROLE.into(),
        member: ME.into(),
        condition: None,
    };
    edit::contains(policy, &grant)
}

#[tokio::test(start_paused = true)]
async fn one_write_and_every_other_byte_as_it_was() {
    let run = run(before(), vec![], false).await;
    let applied = run.result.unwrap();
    let expected = concat!(
        r#"{"policy":{"version":1,"etag":"BwONE=","#,
        r#""auditConfigs":[{"service":"iam.googleapis.com","x-unknown":1.5}],"#,
        r#""bindings":[{"role":"roles/zeta","members":["user:B@example.com","user:a@example.com"],"odd":null},"#,
        r#"{"role":"roles/iam.serviceAccountTokenCreator","members":["user:ana@example.com","#,
        r#""serviceAccount:run@app.iam.gserviceaccount.com"]}]}}"#
    );
    let sent: Vec<&str> = run
        .writes
        .iter()
        .map(|b| std::str::from_utf8(b).unwrap())
        .collect();
    assert_eq!(sent, [expected]);
    assert_eq!(
        (&*applied.etag_before, &*applied.etag_after),
        ("BwONE=", "BwTWO=")
    );
    assert_eq!(applied.before, before());
    assert_eq!(applied.after, run.policy);
    // The journal had its entry before anything was sent.
    assert_eq!(
        run.notes,
        [format!("begin {ME} after 0 writes"), "h1 applied".into()]
    );
}

#[tokio::test(start_paused = true)]
async fn already_there_writes_nothing() {
    let run = run(repair().after, vec![], false).await;
    let applied = run.result.unwrap();
    assert_eq!(applied.history_id, None);
    assert_eq!(applied.before, applied.after);
    assert!(run.writes.is_empty() && run.notes.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_conflict_elsewhere_in_the_policy_is_met_by_reading_again() {
    let mut theirs = before();
    theirs["etag"] = json!("BwTHEIRS=");
    theirs["bindings"]
        .as_array_mut()
        .unwrap()
        .push(json!({"role": "roles/new", "members": ["user:c@example.com"]}));
    let run = run(before(), vec![ScriptedStep::Stale(theirs)], false).await;
    assert_eq!(run.result.unwrap().etag_before, "BwTHEIRS=");
    assert_eq!(run.writes.len(), 2);
    assert!(granted(&run.policy));
    assert_eq!(
        run.policy["bindings"][2]["role"], "roles/new",
        "theirs is kept"
    );
}

#[tokio::test(start_paused = true)]
async fn a_conflict_that_changes_what_was_confirmed_is_shown_again() {
    let mut theirs = before();
    theirs["bindings"].as_array_mut().unwrap().remove(1);
    let run = run(before(), vec![ScriptedStep::Stale(theirs.clone())], false).await;
    let Err(ApplyError::Changed { fresh }) = run.result else {
        panic!("{:?}", run.result);
    };
    assert_eq!(fresh.before, theirs);
    assert!(granted(&fresh.after));
    assert_eq!(run.policy, theirs);
    assert_eq!(run.notes.last().unwrap(), "h1 not applied");
}

#[tokio::test(start_paused = true)]
async fn changed_before_the_first_write_is_shown_again_too() {
    let mut theirs = before();
    theirs["bindings"][1]["members"] = json!(["user:somebody-else@example.com"]);
    let run = run(theirs, vec![], false).await;
    assert!(matches!(run.result, Err(ApplyError::Changed { .. })));
    assert!(run.writes.is_empty() && run.notes.is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_nobody_looked_at_is_not_shown_again() {
    let mut theirs = before();
    theirs["etag"] = json!("BwTHEIRS=");
    theirs["bindings"][1]["members"] = json!(["user:somebody-else@example.com"]);
    let (world, http) = served(before(), vec![ScriptedStep::Stale(theirs)]).await;
    let notes = Notes {
        world: Arc::clone(&world),
        ..Notes::default()
    };
    let applied = apply_unseen(&http, &http, &repair(), &notes).await;
    assert_eq!(applied.unwrap().etag_before, "BwTHEIRS=");
    let policy = world.policy.lock().unwrap().clone();
    let members = json!(["user:somebody-else@example.com", ME]);
    assert_eq!(policy["bindings"][1]["members"], members);
}

#[tokio::test(start_paused = true)]
async fn a_conflict_with_the_same_change_by_somebody_else_is_done() {
    let run = run(before(), vec![ScriptedStep::Stale(repair().after)], false).await;
    assert_eq!(run.result.unwrap().history_id, None, "not ours to undo");
    assert_eq!(run.writes.len(), 1);
    assert_eq!(run.notes.last().unwrap(), "h1 not applied");
}

#[tokio::test(start_paused = true)]
async fn an_answer_lost_after_the_write_is_resolved_by_reading() {
    let run = run(before(), vec![ScriptedStep::LostAfter], false).await;
    assert_eq!(run.result.unwrap().after, run.policy);
    assert_eq!(run.writes.len(), 1, "never written twice");
    assert_eq!(run.notes.last().unwrap(), "h1 applied");
}

#[tokio::test(start_paused = true)]
async fn a_write_that_never_arrived_is_sent_again_under_the_same_etag() {
    let lost = || {
        vec![
            ScriptedStep::LostBefore,
            ScriptedStep::Refuse(503, "gone fishing"),
            ScriptedStep::LostBefore,
        ]
    };
    let run = run(before(), lost(), false).await;
    assert_eq!(run.result.unwrap().after, run.policy);
    assert!(granted(&run.policy));
    assert_eq!(run.writes.len(), 4);
    let first = &run.writes[0];
    assert!(
        run.writes.iter().all(|w| w == first),
        "byte for byte the same"
    );
    assert_eq!(run.notes.last().unwrap(), "h1 applied");
}

#[tokio::test(start_paused = true)]
async fn a_write_that_never_arrives_ends() {
    let tries = crate::repair::write::once::TRIES;
    let script = (0..tries).map(|_| ScriptedStep::LostBefore).collect();
    let run = run(before(), script, false).await;
    assert!(matches!(run.result, Err(ApplyError::Lost { .. })));
    assert_eq!(run.writes.len(), tries);
    assert_eq!(run.policy, before());
    assert_eq!(run.notes.last().unwrap(), "h1 unclear");
}

/// It arrived, and the reads that ask for it still show the older policy: the second is refused, and
/// what is there since is ours.
#[tokio::test(start_paused = true)]
async fn one_that_arrived_unseen_is_not_written_twice_and_is_ours() {
    let (world, http) = served(before(), vec![ScriptedStep::LostAfter]).await;
    let older = (0..5).map(|_| ScriptedRead::Older(before()));
    world.looks.lock().unwrap().extend(older);
    let run = run_at(&world, &http, false).await;
    let applied = run.result.unwrap();
    assert!(applied.history_id.is_some(), "ours to take back");
    assert_eq!(applied.before, before());
    assert_eq!(run.writes.len(), 2);
    assert_eq!(run.policy["bindings"], repair().after["bindings"]);
    assert_eq!(run.notes.last().unwrap(), "h1 applied");
}

/// Somebody else wrote between: what was shown is shown anew, what was not is planned anew.
#[tokio::test(start_paused = true)]
async fn where_the_etag_moved_after_a_loss_it_is_confirmed_anew() {
    let mut theirs = before();
    theirs["etag"] = json!("BwTHEIRS=");
    theirs["bindings"]
        .as_array_mut()
        .unwrap()
        .push(json!({ "role": "roles/viewer", "members": ["user:somebody-else@example.com"] }));
    let script = || vec![ScriptedStep::LostAnd(theirs.clone())];
    let shown = run(before(), script(), false).await;
    let Err(ApplyError::Changed { fresh }) = shown.result else {
        panic!("{:?}", shown.result);
    };
    assert_eq!(fresh.before, theirs);
    assert_eq!(shown.policy, theirs, "nothing was written over it");
    assert_eq!(shown.writes.len(), 1);

    let (world, http) = served(before(), script()).await;
    let notes = Notes {
        world: Arc::clone(&world),
        ..Notes::default()
    };
    let applied = apply_unseen(&http, &http, &repair(), &notes).await.unwrap();
    assert_eq!(applied.before, theirs);
    let policy = world.policy.lock().unwrap().clone();
    assert!(granted(&policy));
    assert!(
        bindings(&policy)
            .iter()
            .any(|b| b["role"] == "roles/viewer")
    );
}

fn bindings(policy: &Value) -> Vec<Value> {
    policy["bindings"].as_array().unwrap().clone()
}

#[tokio::test(start_paused = true)]
async fn a_refusal_and_endless_conflicts_change_nothing() {
    let refused = run(before(), vec![ScriptedStep::Refuse(403, "no")], false).await;
    assert!(matches!(refused.result, Err(ApplyError::Refused { .. })));
    assert_eq!(refused.notes.last().unwrap(), "h1 not applied");
    let tries = crate::repair::write::once::TRIES;
    let script = (0..tries).map(|_| ScriptedStep::Stale(before())).collect();
    let contended = run(before(), script, false).await;
    assert!(matches!(contended.result, Err(ApplyError::Contended(_))));
    assert_eq!(contended.writes.len(), tries);
    assert_eq!(contended.policy, before());
}

#[tokio::test(start_paused = true)]
async fn what_is_gone_when_read_back_is_said() {
    let run = run(before(), vec![ScriptedStep::TakenOut], false).await;
    assert!(matches!(run.result, Err(ApplyError::Gone(_))));
}

#[tokio::test(start_paused = true)]
async fn without_a_journal_or_an_etag_nothing_is_sent() {
    let unkept = run(before(), vec![], true).await;
    assert!(matches!(unkept.result, Err(ApplyError::Journal(_))));
    let mut bare = before();
    bare.as_object_mut().unwrap().shift_remove("etag");
    let bare = run(bare, vec![], false).await;
    assert!(matches!(bare.result, Err(ApplyError::NoEtag(_))));
    assert!(unkept.writes.is_empty() && bare.writes.is_empty());
}

#[tokio::test(start_paused = true)]
async fn too_many_requests_are_sent_again_and_a_bare_error_is_asked_about() {
    let busy = vec![
        ScriptedStep::Refuse(429, "slow down"),
        ScriptedStep::Refuse(429, "slow down"),
    ];
    let busy = run(before(), busy, false).await;
    assert!(busy.result.is_ok() && granted(&busy.policy));
    assert_eq!(busy.writes.len(), 3);
    let there = run(before(), vec![ScriptedStep::CommitAnd(503)], false).await;
    assert_eq!(there.result.unwrap().after, there.policy);
    assert_eq!((there.writes.len(), &*there.notes[1]), (1, "h1 applied"));
    let expired = run(before(), vec![ScriptedStep::Refuse(401, "expired")], false).await;
    assert!(matches!(expired.result, Err(ApplyError::Refused { .. })));
    assert_eq!(&*expired.notes[1], "h1 not applied");
}

#[tokio::test(start_paused = true)]
async fn a_read_back_that_lags_behind_or_fails_is_no_loss() {
    for looks in [
        vec![ScriptedRead::Older(before()), ScriptedRead::Older(before())],
        (0..9).map(|_| ScriptedRead::Older(before())).collect(),
        vec![ScriptedRead::Refuse(403)],
        vec![ScriptedRead::Lost],
    ] {
        let (world, http) = served(before(), vec![]).await;
        // The first read is whole.
        world
            .looks
            .lock()
            .unwrap()
            .push_back(ScriptedRead::Older(before()));
        world.looks.lock().unwrap().extend(looks);
        let run = run_at(&world, &http, false).await;
        assert_eq!(run.result.unwrap().after, run.policy);
        assert_eq!((run.writes.len(), &*run.notes[1]), (1, "h1 applied"));
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_that_can_be_read_and_no_answer_leave_it_open() {
    let (world, http) = served(before(), vec![ScriptedStep::LostAfter]).await;
    let looks = [ScriptedRead::Older(before()), ScriptedRead::Lost];
    world.looks.lock().unwrap().extend(looks);
    let run = run_at(&world, &http, false).await;
    assert!(matches!(run.result, Err(ApplyError::Unclear { .. })));
    assert_eq!((run.writes.len(), &*run.notes[1]), (1, "h1 unclear"));
    assert!(granted(&run.policy));
}

async fn unseen(policy: Value, repair: &Repair, looks: Vec<ScriptedRead>) -> Run {
    let (world, http) = served(policy, vec![]).await;
    world.looks.lock().unwrap().extend(looks);
    let notes = Notes {
        world: Arc::clone(&world),
        ..Notes::default()
    };
    let result = apply_unseen(&http, &http, repair, &notes).await;
    assert!(world.looks.lock().unwrap().is_empty());
    Run {
        result,
        policy: world.policy.lock().unwrap().clone(),
        writes: world.writes.lock().unwrap().clone(),
        notes: notes.lines.into_inner().unwrap(),
    }
}

/// Where nobody is asked, the policy that was planned on is written over as it stands: nothing is read before.
#[tokio::test(start_paused = true)]
async fn what_was_planned_on_is_written_over_under_its_etag() {
    assert!(repair().as_read);
    // The first read is that after the write.
    let run = unseen(before(), &repair(), vec![ScriptedRead::Refuse(403)]).await;
    assert_eq!(run.result.unwrap().before, before());
    assert_eq!((run.writes.len(), &*run.notes[1]), (1, "h1 applied"));
    assert!(granted(&run.policy));
}

/// Where somebody has written since, the etag does not get through, and theirs is kept.
#[tokio::test(start_paused = true)]
async fn what_changed_since_it_was_planned_on_is_read_and_never_written_over() {
    let mut theirs = before();
    theirs["etag"] = json!("BwTHEIRS=");
    theirs["auditConfigs"] = json!([]);
    let condition = json!({"expression": "true", "title": "t"});
    theirs["bindings"][0] =
        json!({"role": "roles/new", "members": ["user:c@example.com"], "condition": condition});
    let run = unseen(theirs.clone(), &repair(), vec![]).await;
    assert_eq!(run.result.unwrap().before, theirs);
    assert_eq!(run.writes.len(), 2, "refused, and then over theirs");
    assert_eq!(run.policy["bindings"][0], theirs["bindings"][0]);
    assert_eq!(run.policy["auditConfigs"], json!([]));
    assert_eq!(run.policy["version"], 3);
    assert!(granted(&run.policy));

    // The same change: not ours, and not written again.
    let mut same = repair().after;
    same["etag"] = json!("BwTHEIRS=");
    let run = unseen(same.clone(), &repair(), vec![]).await;
    assert_eq!(run.result.unwrap().history_id, None, "not ours to undo");
    assert_eq!((run.writes.len(), run.policy), (1, same));
    assert_eq!(run.notes.last().unwrap(), "h1 not applied");
}

/// What the policy is not known to be exactly is read first, and so is one without an etag.
#[tokio::test(start_paused = true)]
async fn what_was_not_read_exactly_is_read_before_it_is_written() {
    let not_read = Repair {
        as_read: false,
        before: json!({"etag": "BwONE=", "bindings": []}),
        ..repair()
    };
    let bare = Repair {
        before: json!({"bindings": []}),
        after: json!({"bindings": [{"role": ROLE, "members": [ME]}]}),
        ..repair()
    };
    for repair in [not_read, bare] {
        let run = unseen(before(), &repair, vec![]).await;
        assert_eq!(run.result.unwrap().before, before());
        assert_eq!(run.writes.len(), 1);
        assert_eq!(run.policy["auditConfigs"], before()["auditConfigs"]);
    }
}
