//! Undo against a server that goes wrong, and against others who change the policy.

use serde_json::{Value, json};

use super::*;
use crate::evaluate::Question;
use crate::iam::Principal;
use crate::iam::Resource;
use crate::repair::history::list;
use crate::repair::write::once::TRIES;
use crate::repair::write::scripted::{Http, ScriptedRead, ScriptedStep, ScriptedWorld, served};
use crate::repair::{Journal, Repair, apply};
use crate::repair::{Standing, newest_in_force, settle};

const ME: &str = "serviceAccount:run@app.iam.gserviceaccount.com";
const WRONG: &str = "serviceAccount:rum@app.iam.gserviceaccount.com";
const ROLE: &str = "roles/iam.serviceAccountTokenCreator";

fn before() -> Value {
    json!({"version": 1, "etag": "BwONE=", "bindings": [
        {"role": ROLE, "members": ["user:ana@example.com", WRONG]},
        {"role": "roles/zeta", "members": ["user:b@example.com"], "odd": null},
    ]})
}

fn repair(replaces: Option<&str>, policy: &Value) -> Repair {
    let start = Repair {
        id: "r".into(),
        title: "t".into(),
        resource: Resource::account("vault", "t@x.com"),
        role: ROLE.into(),
        member: ME.into(),
        condition: None,
        replaces: replaces.map(str::to_owned),
        recommended: true,
        certain: true,
        before: Value::Null,
        as_read: false,
        after: Value::Null,
        already: false,
    };
    start.on(policy).unwrap()
}

fn journal(dir: &Path) -> Journal {
    let time = "2026-11-24T00:00:00Z".parse().unwrap();
    let caller = Principal::parse(ME).unwrap();
    Journal {
        dir: dir.to_owned(),
        endpoint: "http://127.0.0.1:1".into(),
        estate: "test".into(),
        question: Question::new(caller, Resource::account("vault", "t@x.com"), time),
    }
}

struct Case {
    home: tempfile::TempDir,
    world: std::sync::Arc<ScriptedWorld>,
    http: Http,
}

impl Case {
    /// A policy with the repair applied.
    async fn applied(replaces: Option<&str>, policy: Value) -> Self {
        let (world, http) = served(policy.clone(), vec![]).await;
        let home = tempfile::tempdir().unwrap();
        let journal = journal(home.path());
        let repair = repair(replaces, &policy);
        let done = apply(&http, &http, &repair, &journal).await.unwrap();
        assert!(done.history_id.is_some() && done.journal_warning.is_none());
        Self { home, world, http }
    }

    fn entry(&self) -> HistoryEntry {
        list(self.home.path()).unwrap().entries.remove(0)
    }

    fn policy(&self) -> Value {
        self.world.policy.lock().unwrap().clone()
    }

    fn bindings(&self) -> Value {
        self.policy()["bindings"].clone()
    }

    fn script(&self, steps: Vec<ScriptedStep>) {
        self.world.script.lock().unwrap().extend(steps);
    }

    fn writes(&self) -> usize {
        self.world.writes.lock().unwrap().len()
    }

    /// Somebody else changes the policy.
    fn others(&self, change: impl FnOnce(&mut Value)) {
        let mut policy = self.world.policy.lock().unwrap();
        change(&mut policy);
        policy["etag"] = json!("BwOTHERS=");
    }

    async fn undo(&self) -> Result<Undone, UndoError> {
        undo(&self.http, &self.http, self.home.path(), &self.entry()).await
    }
}

fn is_undone(entry: &HistoryEntry) -> bool {
    matches!(entry.state, ChangeState::Undone { .. })
}

#[tokio::test(start_paused = true)]
async fn what_was_added_is_taken_back_and_nothing_else() {
    let case = Case::applied(None, before()).await;
    assert_eq!(settle(&case.http, &case.entry()).await, Standing::InForce);
    case.others(|p| {
        p["bindings"][0]["members"]
            .as_array_mut()
            .unwrap()
            .push(json!("user:late@example.com"));
        p["bindings"].as_array_mut().unwrap().insert(
            0,
            json!({"role": "roles/new", "members": ["user:c@example.com"]}),
        );
    });
    let done = case.undo().await.unwrap();
    assert_eq!(done.how, How::TakenBack);
    assert_eq!(
        case.bindings(),
        json!([
            {"role": "roles/new", "members": ["user:c@example.com"]},
            {"role": ROLE, "members": ["user:ana@example.com", WRONG, "user:late@example.com"]},
            {"role": "roles/zeta", "members": ["user:b@example.com"], "odd": null},
        ])
    );
    assert_eq!(done.after.unwrap(), case.policy());
    assert!(is_undone(&case.entry()));
    assert_eq!(settle(&case.http, &case.entry()).await, Standing::NotThere);
    // Once more does nothing.
    let writes = case.writes();
    assert_eq!(case.undo().await.unwrap().how, How::UndoneBefore);
    assert_eq!(case.writes(), writes);
}

#[tokio::test(start_paused = true)]
async fn a_replaced_member_is_put_back_in_its_place() {
    let case = Case::applied(Some(WRONG), before()).await;
    assert_ne!(case.bindings(), before()["bindings"]);
    case.undo().await.unwrap();
    assert_eq!(case.bindings(), before()["bindings"]);
}

#[tokio::test(start_paused = true)]
async fn where_the_member_was_there_before_only_the_replaced_one_comes_back() {
    let mut policy = before();
    policy["bindings"][0]["members"]
        .as_array_mut()
        .unwrap()
        .insert(0, json!(ME));
    let case = Case::applied(Some(WRONG), policy.clone()).await;
    assert_eq!(
        case.bindings()[0]["members"],
        json!([ME, "user:ana@example.com"])
    );
    assert_eq!(settle(&case.http, &case.entry()).await, Standing::InForce);
    assert_eq!(case.undo().await.unwrap().how, How::TakenBack);
    assert_eq!(case.bindings(), policy["bindings"]);
    assert_eq!(settle(&case.http, &case.entry()).await, Standing::NotThere);
}

#[tokio::test(start_paused = true)]
async fn what_is_gone_already_is_said_and_nothing_is_written() {
    let case = Case::applied(None, before()).await;
    case.others(|p| p["bindings"] = before()["bindings"].clone());
    let standing = settle(&case.http, &case.entry()).await;
    assert_eq!(standing, Standing::NotThere);
    assert!(
        standing
            .words(&case.entry().state)
            .contains("somebody else")
    );
    let writes = case.writes();
    let done = case.undo().await.unwrap();
    assert_eq!((done.how, case.writes()), (How::AlreadyGone, writes));
    assert!(is_undone(&case.entry()));
}

#[tokio::test(start_paused = true)]
async fn a_conflict_is_met_by_reading_again() {
    let case = Case::applied(None, before()).await;
    let mut theirs = case.policy();
    theirs["etag"] = json!("BwTHEIRS=");
    theirs["bindings"][1]["members"] = json!(["user:new@example.com"]);
    case.script(vec![ScriptedStep::Stale(theirs)]);
    assert_eq!(case.undo().await.unwrap().how, How::TakenBack);
    assert_eq!(case.bindings()[0], before()["bindings"][0]);
    assert_eq!(
        case.bindings()[1]["members"],
        json!(["user:new@example.com"])
    );
    // And one in which somebody else was quicker with the same.
    let case = Case::applied(None, before()).await;
    let mut theirs = before();
    theirs["etag"] = json!("BwTHEIRS=");
    case.script(vec![ScriptedStep::Stale(theirs)]);
    assert_eq!(case.undo().await.unwrap().how, How::AlreadyGone);
    assert!(is_undone(&case.entry()));
}

#[tokio::test(start_paused = true)]
async fn a_refused_undo_leaves_the_entry_in_force() {
    for (status, words) in [(403, "no"), (401, "expired"), (400, "bad")] {
        let case = Case::applied(None, before()).await;
        case.script(vec![ScriptedStep::Refuse(status, words)]);
        let error = case.undo().await.unwrap_err();
        assert!(matches!(
            error,
            UndoError::Write(WriteError::Refused { .. })
        ));
        assert!(
            matches!(case.entry().state, ChangeState::Applied { .. }),
            "{status}"
        );
        assert_eq!(case.undo().await.unwrap().how, How::TakenBack);
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_resolved_by_reading() {
    let case = Case::applied(None, before()).await;
    case.script(vec![ScriptedStep::LostAfter]);
    assert_eq!(case.undo().await.unwrap().how, How::TakenBack);
    assert_eq!(case.writes(), 2, "applied once, taken back once");
    assert!(is_undone(&case.entry()));

    // Lost before anything happened: sent again, under the same etag.
    let case = Case::applied(None, before()).await;
    case.script(vec![ScriptedStep::LostBefore, ScriptedStep::LostBefore]);
    assert_eq!(case.undo().await.unwrap().how, How::TakenBack);
    assert_eq!(case.writes(), 4, "applied once, taken back at the third");
    assert!(is_undone(&case.entry()));

    // Somebody else writes between: taken back from what is there then.
    let case = Case::applied(None, before()).await;
    let mut theirs = case.policy();
    theirs["etag"] = json!("BwTHEIRS=");
    let more = json!({ "role": "roles/viewer", "members": ["user:somebody-else@example.com"] });
    theirs["bindings"]
        .as_array_mut()
        .unwrap()
        .push(more.clone());
    case.script(vec![ScriptedStep::LostAnd(theirs)]);
    assert_eq!(case.undo().await.unwrap().how, How::TakenBack);
    assert!(
        case.policy()["bindings"]
            .as_array()
            .unwrap()
            .contains(&more)
    );

    // Lost each time: open, and settled by asking.
    let case = Case::applied(None, before()).await;
    case.script((0..TRIES).map(|_| ScriptedStep::LostBefore).collect());
    assert!(matches!(
        case.undo().await,
        Err(UndoError::Write(WriteError::Lost { .. }))
    ));
    assert_eq!(case.entry().state, ChangeState::Undoing);
    let standing = settle(&case.http, &case.entry()).await;
    assert_eq!(standing, Standing::InForce);
    assert!(
        standing
            .words(&ChangeState::Undoing)
            .starts_with("still applied")
    );
    assert_eq!(case.undo().await.unwrap().how, How::TakenBack);

    // Lost after it happened, and nothing could be read: open, and settled by asking later.
    let case = Case::applied(None, before()).await;
    case.script(vec![ScriptedStep::LostAfter]);
    let first = case.policy();
    case.world
        .looks
        .lock()
        .unwrap()
        .extend([ScriptedRead::Older(first), ScriptedRead::Lost]);
    assert!(matches!(
        case.undo().await,
        Err(UndoError::Write(WriteError::Unclear { .. }))
    ));
    assert_eq!(settle(&case.http, &case.entry()).await, Standing::NotThere);
    let writes = case.writes();
    assert_eq!(case.undo().await.unwrap().how, How::UndoneBefore);
    assert_eq!(case.writes(), writes);
    assert!(is_undone(&case.entry()));
}

#[tokio::test(start_paused = true)]
async fn an_interrupted_change_is_settled_by_the_policy() {
    let home = tempfile::tempdir().unwrap();
    let (world, http) = served(before(), vec![]).await;
    let ledger = journal(home.path());
    // Ended before the write.
    crate::repair::Ledger::begin(&ledger, &repair(None, &before())).unwrap();
    let entry = list(home.path()).unwrap().entries.remove(0);
    let standing = settle(&http, &entry).await;
    assert_eq!(standing, Standing::NotThere);
    assert!(standing.words(&entry.state).starts_with("not applied"));
    let done = undo(&http, &http, home.path(), &entry).await.unwrap();
    assert_eq!(done.how, How::NotThere);
    assert!(world.writes.lock().unwrap().is_empty());
    let listing = list(home.path()).unwrap();
    assert_eq!(
        listing.entries[0].state,
        ChangeState::Planned,
        "its write may still come"
    );
    let here = "http://127.0.0.1:1/";
    assert_eq!(newest_in_force(&http, &listing, here).await, None);
    // Ended after the write.
    *world.policy.lock().unwrap() = repair(None, &before()).after;
    assert_eq!(settle(&http, &entry).await, Standing::InForce);
    let newest = newest_in_force(&http, &listing, here).await;
    assert_eq!(newest.map(|e| &e.id), Some(&entry.id));
    assert_eq!(
        newest_in_force(&http, &listing, "https://googleapis.com").await,
        None
    );
    let done = undo(&http, &http, home.path(), &entry).await.unwrap();
    assert_eq!(done.how, How::TakenBack);
    // An old one that never came is closed.
    let mut old = entry.clone();
    old.record.time = "2026-01-01T00:00:00Z".parse().unwrap();
    old.state = ChangeState::Planned;
    undo(&http, &http, home.path(), &old).await.unwrap();
    let state = list(home.path()).unwrap().entries.remove(0).state;
    assert!(matches!(state, ChangeState::Failed { .. }), "{state:?}");
}

#[tokio::test(start_paused = true)]
async fn a_policy_that_cannot_be_read_is_not_guessed() {
    let case = Case::applied(None, before()).await;
    case.world
        .looks
        .lock()
        .unwrap()
        .extend([ScriptedRead::Refuse(403), ScriptedRead::Refuse(403)]);
    let standing = settle(&case.http, &case.entry()).await;
    assert_eq!(standing, Standing::Unknown("not permitted: no".into()));
    let error = case.undo().await.unwrap_err();
    assert!(matches!(
        error,
        UndoError::Write(WriteError::NotRead { .. })
    ));
    assert!(matches!(case.entry().state, ChangeState::Applied { .. }));
}

#[tokio::test(start_paused = true)]
async fn without_a_history_nothing_is_sent() {
    let case = Case::applied(None, before()).await;
    let entry = case.entry();
    let file = case.home.path().join("file");
    std::fs::write(&file, "").unwrap();
    let error = undo(&case.http, &case.http, &file, &entry)
        .await
        .unwrap_err();
    assert!(matches!(error, UndoError::History(_)), "{error}");
    assert_eq!(case.writes(), 1);
    let mut odd = entry;
    odd.record.resource = "//storage.googleapis.com/buckets/\u{1b}[2J".into();
    let error = undo(&case.http, &case.http, case.home.path(), &odd)
        .await
        .unwrap_err();
    assert!(!error.to_string().contains('\u{1b}'), "{error}");
}

/// Tasks of a runtime with several threads take these futures.
#[tokio::test(start_paused = true)]
async fn a_write_may_move_between_threads() {
    fn may_move<T: Send>(_: T) {}
    let case = Case::applied(None, before()).await;
    let (entry, journal) = (case.entry(), journal(case.home.path()));
    let repair = repair(None, &before());
    may_move(apply(&case.http, &case.http, &repair, &journal));
    may_move(undo(&case.http, &case.http, case.home.path(), &entry));
    may_move(settle(&case.http, &entry));
}

/// The repair of a grant on a policy, with the journal's record of it.
fn done(policy: &Value, grant: &Grant, replaces: Option<String>) -> Option<(Repair, ChangeRecord)> {
    let start = Repair {
        role: grant.role.clone(),
        member: grant.member.clone(),
        condition: grant.condition.clone(),
        replaces: replaces.clone(),
        ..repair(None, &before())
    };
    let repair = start.on(policy).ok().filter(|r| !r.already)?;
    let record = journal(Path::new("")).record(&repair);
    assert_eq!(record.had_member, edit::contains(policy, grant));
    Some((repair, record))
}

/// Who has what under which condition, each once: where a member stood more than once for the same
/// role and condition, or the new one stood there already, the order and the copies may differ.
fn effective(policy: &Value) -> Vec<(String, String, String)> {
    let bindings = policy.get("bindings").and_then(Value::as_array);
    let mut all = Vec::new();
    for binding in bindings.into_iter().flatten() {
        for member in binding["members"].as_array().into_iter().flatten() {
            let condition = ["expression", "title", "description", "location"]
                .map(|f| binding["condition"][f].as_str().unwrap_or("").to_owned());
            all.push((
                binding["role"].to_string(),
                condition.join("\u{1}"),
                member.to_string().to_lowercase(),
            ));
        }
    }
    all.sort();
    all.dedup();
    all
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig {
        failure_persistence: None,
        ..proptest::prelude::ProptestConfig::with_cases(128)
    })]

    /// From the confirmed repair over the journal's line to the undo: the bindings are as they were.
    #[test]
    fn whatever_was_done_its_record_takes_it_back(
        policy in edit::tests::any_policy(),
        grant in edit::tests::any_grant(),
        place in proptest::prelude::any::<proptest::prelude::prop::sample::Index>(),
        replacing in proptest::prelude::any::<bool>(),
    ) {
        // Members of the first binding with this role and condition that has them, as written there.
        let mut known: Vec<String> = Vec::new();
        for binding in policy["bindings"].as_array().into_iter().flatten() {
            let alone = json!({ "bindings": [binding] });
            for text in binding["members"].as_array().into_iter().flatten().take(8).filter_map(Value::as_str) {
                let member = Grant { member: text.to_owned(), ..grant.clone() };
                let met = known.iter().any(|k| edit::same_member(k, text));
                if edit::contains(&alone, &member) && !met && !edit::same_member(text, &grant.member) {
                    known.push(text.to_owned());
                }
            }
        }
        let old = (replacing && !known.is_empty()).then(|| place.get(&known).clone());
        // Google takes no such binding, so none stands in a policy, and none is written back.
        let public = |member: &String| edit::same_member(member, "allUsers") || edit::same_member(member, "allAuthenticatedUsers");
        if grant.condition.is_some() && old.as_ref().is_some_and(public) {
            return Ok(());
        }
        let Some((repair, record)) = done(&policy, &grant, old.clone()) else {
            return Ok(());
        };
        let back = record.taken_back(&repair.after).unwrap();
        proptest::prop_assert_eq!(effective(&back.policy), effective(&policy));
        proptest::prop_assert_eq!(back.changed, repair.after["bindings"] != back.policy["bindings"]);
        let copies = old.map_or(1, |old| {
            let bindings = policy["bindings"].as_array().into_iter().flatten();
            let members = bindings.filter_map(|b| b["members"].as_array()).flatten();
            members.filter(|m| m.as_str().is_some_and(|m| edit::same_member(m, &old))).count()
        });
        if !record.had_member && copies == 1 && policy.get("bindings").is_some() {
            let (was, is) = (&policy["bindings"], &back.policy["bindings"]);
            proptest::prop_assert_eq!(is.to_string(), was.to_string());
        }
        // Once more finds nothing to take back.
        proptest::prop_assert!(!record.taken_back(&back.policy).unwrap().changed);
    }
}
