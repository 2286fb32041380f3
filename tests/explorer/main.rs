//! The explorer, played: each test is keys and what the screen then says.

mod confirmation;
mod copies;
mod estate;
mod every;
mod keys;
mod late;
#[allow(dead_code, reason = "what is measured uses more of it")]
#[path = "../../benches/support/explorer.rs"]
mod listed;
mod listing;
mod lists;
mod pasted;
mod picture;
mod play;
mod preferences;
mod questions;
mod review;
mod screens;
mod search;
mod seen;
mod sight;
mod signed;
mod stories;
mod table;
mod taken;
mod watch;
mod what_if;
mod wording;
#[path = "../words/mod.rs"]
mod words;

use bindscope::emulator::stories::Story;
use play::{Opening, Play};

const CALLER: &str = "run-processor@app-prod.iam.gserviceaccount.com";
const TARGET: &str = "bq-privileged@data-vault.iam.gserviceaccount.com";

fn demo(estate: &'static str) -> Play {
    Opening {
        estate,
        ..Opening::default()
    }
    .play()
}

fn on_pair(estate: &'static str) -> Play {
    Opening {
        estate,
        pair: Some((CALLER, TARGET)),
        ..Opening::default()
    }
    .play()
}

/// The members of Token Creator on the target.
fn creators(play: &Play) -> Vec<String> {
    let policy = play.policy("data-vault", TARGET);
    let bindings = policy["bindings"].as_array().cloned().unwrap_or_default();
    bindings
        .iter()
        .filter(|b| b["role"] == "roles/iam.serviceAccountTokenCreator")
        .flat_map(|b| b["members"].as_array().cloned().unwrap_or_default())
        .map(|m| m.as_str().unwrap().to_owned())
        .collect()
}

/// The story of that name.
fn story(name: &str) -> &'static Story {
    let mut all = bindscope::emulator::stories::index().iter();
    all.find(|s| s.name == name).unwrap()
}
