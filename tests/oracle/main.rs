//! The oracle: random estates of every kind of policy and every spelling, asked over the whole way
//! (emulator, HTTP, client, survey, answer), against the same questions on the full estate.
//!
//! As an administrator, verdict, outcome and causes are the same; as somebody with less sight, what is
//! definite is never another; `who`, `reach` and `explain` agree. Every case has a deadline on a thread
//! of its own, since what waits for itself cannot be cancelled.
//!
//! Some hundred estates by default, four times as many in CI. A long run, with the number of questions to ask:
//! `ORACLE_QUESTIONS=100000 cargo test --release --test oracle -- --nocapture`; `ORACLE_SEED=N` draws
//! others, `ORACLE_CASE=N` asks one again.

mod case;
mod chance;
mod shrink;
mod supposed;
mod whose_boundaries;
mod world;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use case::{Case, Shared};

/// So many questions in `cargo test`.
const QUESTIONS: u64 = 400;
/// A case takes a fraction of a second; one that takes this long waits for something that does not come.
const DEADLINE: Duration = Duration::from_secs(60);
/// So many differences are told.
const TOLD: usize = 5;

/// A case by its number, and what is wrong with its answers.
type Found = (u64, Arc<Case>, Vec<String>);

/// Asks a case on a thread of its own. A thread that does not come back is left behind.
fn ask(case: Shared) -> Vec<String> {
    let (send, receive) = mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        // Nobody listens after the deadline.
        let _ = send.send(runtime.block_on(case.check()));
    });
    match receive.recv_timeout(DEADLINE) {
        Ok(wrong) => wrong,
        Err(mpsc::RecvTimeoutError::Timeout) => {
            vec![format!("{HANGS}: no end within {DEADLINE:?}")]
        }
        Err(mpsc::RecvTimeoutError::Disconnected) => vec!["it panicked".to_owned()],
    }
}

const HANGS: &str = "it hangs";

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn the_whole_way_says_what_the_full_estate_says() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let seed = number("ORACLE_SEED").unwrap_or(14);
    let wanted = number("ORACLE_QUESTIONS").unwrap_or(QUESTIONS);
    let only = number("ORACLE_CASE");
    let (next, asked) = (AtomicU64::new(0), AtomicU64::new(0));
    let found: Mutex<Vec<Found>> = Mutex::default();
    let work = || {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let case = Arc::new(Case::draw(seed, only.unwrap_or(number)));
            let before =
                asked.fetch_add(u64::try_from(case.questions()).unwrap(), Ordering::Relaxed);
            let enough = found.lock().unwrap().len() >= TOLD;
            if before >= wanted || enough || (only.is_some() && number > 0) {
                return;
            }
            let wrong = ask(Arc::clone(&case));
            if !wrong.is_empty() {
                found
                    .lock()
                    .unwrap()
                    .push((only.unwrap_or(number), case, wrong));
            }
        }
    };
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
    let mut found = found.into_inner().unwrap();
    found.sort_by_key(|(number, ..)| *number);
    let estates = next.load(Ordering::Relaxed);
    println!(
        "{estates} estates, {wanted} questions, {} differences",
        found.len()
    );
    let mut told = String::new();
    for (number, _, wrong) in &found {
        told += &format!("\ncase {number} of seed {seed}:\n{}\n", wrong.join("\n"));
    }
    // The smallest estate that still shows the first of them.
    if let Some((_, case, wrong)) = found.first()
        && !wrong.iter().any(|w| w.starts_with(HANGS))
    {
        let small = shrink::smallest(case, &ask);
        told += &format!(
            "\nas small as it gets:\n{:?}\n{}\n",
            small.asked, small.world
        );
        told += &ask(Arc::new(small)).join("\n");
    }
    assert!(found.is_empty(), "{told}");
    let met = case::MET.lock().unwrap();
    println!("{met:?}");
    if only.is_none() && wanted >= QUESTIONS {
        for answer in [
            "CAN_ACCESS",
            "CANNOT_ACCESS",
            "UNKNOWN_INFO",
            "UNKNOWN_CONDITIONAL",
        ] {
            let times = met.get(answer).copied().unwrap_or_default();
            assert!(
                times * 500 >= wanted,
                "{answer} was met {times} times: {met:?}"
            );
        }
        let kinds = met.keys().filter(|k| !k.contains('_')).count();
        assert!(kinds >= 25, "{kinds} kinds of causes: {met:?}");
    }
}
