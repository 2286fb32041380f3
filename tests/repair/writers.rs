//! Sixteen writers at once on one account, half of them ours and undoing in between: nothing of
//! anyone's is lost, and nothing of ours stays that was taken back.

use std::collections::BTreeSet;
use std::sync::Arc;

use bindscope::emulator::{self, Options, stories};
use bindscope::evaluate::Question;
use bindscope::google::api::read_policy;
use bindscope::google::credentials::Secret;
use bindscope::google::{Client, Connect};
use bindscope::iam::{Principal, Resource};
use bindscope::repair::edit::{self, Grant};
use bindscope::repair::history;
use bindscope::repair::undo::How;
use bindscope::repair::{ApplyError, Journal, Repair, UndoError, apply_unseen, undo};
use bindscope::wire::{Api, Ask, Tell, path_of};
use serde_json::{Value, json};

const ROLE: &str = "roles/iam.serviceAccountTokenCreator";
const ROUNDS: usize = 6;

fn target() -> Resource {
    Resource::account(
        "data-vault",
        "bq-privileged@data-vault.iam.gserviceaccount.com",
    )
}

fn grant(name: &str) -> Grant {
    Grant {
        role: ROLE.into(),
        member: format!("user:{name}@example.com"),
        condition: None,
    }
}

/// Somebody else's program: reads, adds, writes with the etag, and again when it is stale.
async fn other(reader: Arc<dyn Ask>, writer: Arc<dyn Tell>, name: String) {
    for round in 0..ROUNDS {
        let grant = grant(&format!("{name}-{round}"));
        loop {
            let policy = read_policy(&*reader, &target()).await.unwrap();
            let after = edit::add(&policy, &grant).unwrap().policy;
            let path = format!("v1/{}:setIamPolicy", path_of(&target()));
            let body = json!({ "policy": after });
            match writer.tell(Api::Iam, &path, &body).await {
                Ok(_) => break,
                Err(error) if error.status() == Some(409) => tokio::task::yield_now().await,
                Err(error) => panic!("{error}"),
            }
        }
    }
}

/// Ours: grants, and takes every other one back. Gives what must be there at the end.
async fn ours(
    reader: Arc<dyn Ask>,
    writer: Arc<dyn Tell>,
    journal: Journal,
    name: String,
) -> Vec<String> {
    let mut kept = Vec::new();
    for round in 0..ROUNDS {
        let grant = grant(&format!("{name}-{round}"));
        let policy = read_policy(&*reader, &target()).await.unwrap();
        let repair = Repair {
            id: "r".into(),
            title: "t".into(),
            resource: target(),
            role: grant.role.clone(),
            member: grant.member.clone(),
            condition: None,
            replaces: None,
            recommended: true,
            certain: true,
            before: policy.clone(),
            // Both ways of beginning: with what was planned on, and with what is there now.
            as_read: round % 3 == 0,
            after: edit::add(&policy, &grant).unwrap().policy,
            already: false,
        };
        // Others may be quicker ten times in a row; then nothing was written, and it is said.
        let id = loop {
            match apply_unseen(&*reader, &*writer, &repair, &journal).await {
                Ok(applied) => break applied.history_id.unwrap(),
                Err(ApplyError::Contended(_)) => {}
                Err(error) => panic!("{error}"),
            }
        };
        if round % 2 == 0 {
            kept.push(grant.member);
            continue;
        }
        let listing = history::list(&journal.dir).unwrap();
        let entry = listing.find(&id).unwrap();
        loop {
            match undo(&*reader, &*writer, &journal.dir, entry).await {
                Ok(undone) => {
                    assert_eq!(undone.how, How::TakenBack);
                    break;
                }
                Err(UndoError::Write(ApplyError::Contended(_))) => {}
                Err(error) => panic!("{error}"),
            }
        }
    }
    kept
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixteen_writers_lose_nothing() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let estate = stories::load("cross-project").unwrap();
    let emulator = emulator::start(estate, Options::default()).await.unwrap();
    let client = Client::connect(Connect {
        endpoint: Some(emulator.base_url()),
        token: Some(Secret::new(emulator.admin_token())),
        ..Connect::default()
    })
    .await
    .unwrap();
    let home = tempfile::tempdir().unwrap();
    let caller = Principal::parse("user:ana@example.com").unwrap();
    let journal = Journal {
        dir: home.path().to_owned(),
        endpoint: emulator.base_url(),
        estate: "test".into(),
        question: Question::new(caller, target(), jiff::Timestamp::now()),
    };
    let before = read_policy(&*client.reader(), &target()).await.unwrap();
    let others: Vec<_> = (0..8)
        .map(|i| tokio::spawn(other(client.reader(), client.writer(), format!("other{i}"))))
        .collect();
    let own: Vec<_> = (0..8)
        .map(|i| {
            let journal = journal.clone();
            let name = format!("own{i}");
            tokio::spawn(ours(client.reader(), client.writer(), journal, name))
        })
        .collect();
    let mut wanted: BTreeSet<String> = (0..8)
        .flat_map(|i| (0..ROUNDS).map(move |r| grant(&format!("other{i}-{r}")).member))
        .collect();
    for task in others {
        task.await.unwrap();
    }
    for task in own {
        wanted.extend(task.await.unwrap());
    }
    let after = read_policy(&*client.reader(), &target()).await.unwrap();
    let mut found = Vec::new();
    let mut rest = after["bindings"].clone();
    rest.as_array_mut().unwrap().retain(|b| {
        if b["role"] != ROLE {
            return true;
        }
        let members = b["members"].as_array().unwrap();
        found.extend(members.iter().map(|m| m.as_str().unwrap().to_owned()));
        false
    });
    found.sort();
    let wanted: Vec<String> = wanted.into_iter().collect();
    assert_eq!(
        found, wanted,
        "everyone's, each once, and nothing that was taken back"
    );
    assert_eq!(rest, before.get("bindings").cloned().unwrap_or(Value::Null));
    // The history is whole: each change with its end.
    let listing = history::list(home.path()).unwrap();
    assert_eq!(listing.skipped, 0);
    let open = listing.entries.iter().filter(|e| e.state.is_open()).count();
    assert_eq!(open, 0);
}
