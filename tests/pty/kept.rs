//! Pairs that are kept from one start to the next.

use std::fs;
use std::path::Path;

use crate::harness::Pty;
use crate::{CALLER, TARGET};

/// The demo, with a place to keep things; left by its own key once the screen was as wanted.
fn played(state: &Path, arguments: &[&str], play: impl FnOnce(&mut Pty)) {
    let state = state.display().to_string();
    let arguments = [&["--demo=cross-project"], arguments].concat();
    let mut pty = Pty::bindscope(&arguments, &[("XDG_STATE_HOME".to_owned(), state)]);
    play(&mut pty);
    pty.leave_by("TERM");
    let end = pty.wait();
    end.given_back();
    assert!(end.success, "{}", end.screen);
}

/// Whether the left list has these in that order.
fn stand(screen: &str, names: &[&str]) -> bool {
    let rows: Vec<String> = screen
        .lines()
        .skip(3)
        .map(|line| line.chars().take(40).collect())
        .collect();
    let at = |name: &&str| rows.iter().position(|row: &String| row.contains(*name));
    let places: Vec<_> = names.iter().map(at).collect();
    places.iter().all(Option::is_some) && places.is_sorted()
}

/// Those of a favourite first, then those that were asked about last, then all others.
#[test]
fn a_second_start_shows_them_first() {
    let state = tempfile::tempdir().unwrap();
    let [other, plain] = ["run-frontend@app-prod", "bq-reader@data-vault"]
        .map(|name| format!("{name}.iam.gserviceaccount.com"));
    played(
        state.path(),
        &["--caller", &other, "--target", TARGET],
        |pty| {
            pty.wait_for("403 until granted");
            pty.send("*").wait_for("among the favourites");
        },
    );
    played(
        state.path(),
        &["--caller", CALLER, "--target", &plain],
        |pty| {
            pty.wait_for("caller run-processor");
        },
    );
    let file = state.path().join("bindscope/emulated/pairs.json");
    assert!(fs::read_to_string(&file).unwrap().contains(&other));
    played(state.path(), &[], |pty| {
        pty.wait_until("the favourite, then the newest", |screen| {
            let names = [
                "run-frontend",
                "run-processor",
                "418023915701",
                "ci-deployer",
            ];
            stand(&screen.contents(), &names)
        });
        pty.send("\u{1b}OR")
            .wait_for("* run-frontend@app-prod")
            .wait_for("run-processor@app-prod → bq-reader@data-vault");
    });
}

/// What cannot be read there is said, stays as it is, and stops nothing.
#[test]
fn a_file_that_is_none_of_ours_stays_and_stops_nothing() {
    let state = tempfile::tempdir().unwrap();
    let folder = state.path().join("bindscope/emulated");
    fs::create_dir_all(&folder).unwrap();
    let file = folder.join("pairs.json");
    for text in [
        &b"[{\"caller\": \"user:ana@exa"[..],
        b"\xff\xfe\0",
        b"{\"pairs\": []}",
    ] {
        fs::write(&file, text).unwrap();
        played(state.path(), &[], |pty| {
            pty.wait_for("Pairs are not kept:")
                .wait_for("is left as it is");
            pty.send("\r\r").wait_for("403 until granted");
            pty.send("*").wait_for("among the favourites");
        });
        assert_eq!(fs::read(&file).unwrap(), text);
    }
}
