//! The explorer line by line, as a screen reader meets it.

use crate::harness::Pty;
use crate::{CALLER, TARGET};

fn plain(arguments: &[&str]) -> Pty {
    let mut all = vec!["--demo", "--plain"];
    all.extend(arguments);
    Pty::bindscope(&all, &[])
}

/// What was written so far.
fn said(pty: &Pty) -> String {
    String::from_utf8_lossy(&pty.bytes()).into_owned()
}

/// Waits until that was written so often.
fn heard(pty: &mut Pty, words: &str, times: usize) {
    let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    pty.wait_until_bytes(words, |bytes| {
        flat(&String::from_utf8_lossy(bytes)).matches(words).count() >= times
    });
}

/// From the answer to the token: no border, no sign to be hunted for, nothing drawn over, nothing repeated.
#[test]
fn the_whole_story_is_told_line_by_line() {
    let mut pty = plain(&["--caller", CALLER, "--target", TARGET]);
    heard(&mut pty, "The answer: 403 until granted", 1);
    heard(&mut pty, "caller run-processor@app-prod", 1);
    heard(
        &mut pty,
        "project app-prod, beside the way to the target: Token Creator, off the path",
        1,
    );
    heard(
        &mut pty,
        "binding Token Creator for run-processor@app-prod: missing",
        1,
    );
    heard(&mut pty, "selected: ", 1);
    pty.send("help\r");
    heard(&mut pty, "fix: plan a fix, and show its diff", 1);
    pty.send("no such\r");
    heard(&mut pty, "No such command: no such. help lists", 1);
    pty.send("fix\r");
    heard(
        &mut pty,
        "added: - role: roles/iam.serviceAccountTokenCreator",
        1,
    );
    heard(&mut pty, "type grant to apply", 1);
    // Enter applies nothing, nor does another word; nor what came before one could read.
    pty.send("\ryes\r");
    let mut times = 0;
    while !said(&pty).contains("It works") {
        times += 1;
        pty.send("grant\r");
        pty.wait_until_bytes("an answer to the word", |bytes| {
            let text = String::from_utf8_lossy(bytes);
            text.contains("It works") || text.matches("Not taken: it came before").count() > times
        });
    }
    heard(&mut pty, "token minted as run-processor@app-prod", 1);
    pty.send("\r");
    heard(&mut pty, "The answer: works: token minted", 1);
    pty.send("quit\r");
    let end = pty.wait();
    assert!(end.success, "{}", end.screen);
    let text = said(&pty);
    assert!(!text.contains("1049h"), "it takes the alternate screen");
    let drawn = |c: char| ('\u{2500}'..='\u{257f}').contains(&c) || "▸✓✗◐╌·".contains(c);
    assert!(!text.chars().any(drawn), "{text}");
    // The cursor goes nowhere but down.
    let moves = ["\u{1b}[H", "\u{1b}[2J", "\u{1b}[1;", "\u{1b}[A", "\u{1b}[K"];
    assert!(!moves.iter().any(|m| text.contains(m)), "{text:?}");
    assert!(
        text.contains("bindscope undo") || text.contains("changed: grant"),
        "{text}"
    );
}

#[test]
fn a_pair_is_chosen_by_parts_of_names_and_by_number() {
    let mut pty = plain(&[]);
    heard(&mut pty, "Choose the caller.", 1);
    heard(&mut pty, "10 of 10.", 1);
    pty.send("runproc\r");
    heard(&mut pty, "Those that match runproc. 2 of 10.", 1);
    pty.send("1\r");
    heard(
        &mut pty,
        "Choose the target. The caller is run-processor@app-prod.",
        1,
    );
    pty.send("priv\r");
    heard(&mut pty, "1 of 2, selected: bq-privileged@data-vault", 1);
    pty.send("\r");
    heard(&mut pty, "The answer: 403 until granted", 1);
    // A list: only what is selected is said again.
    pty.send("reach\r");
    heard(&mut pty, "what run-processor@app-prod can reach", 1);
    pty.send("down\r");
    heard(&mut pty, "2 of ", 2);
    pty.send("back\r");
    heard(&mut pty, "The answer: 403 until granted", 2);
    pty.send("why run-processor@app-prod bq-reader@data-vault\r");
    heard(
        &mut pty,
        "target bq-reader@data-vault.iam.gserviceaccount.com",
        1,
    );
    pty.send("\u{1b}[200~fix\u{1b}[201~\r");
    heard(&mut pty, "note: ", 1);
    assert!(!said(&pty).contains("type grant"));
    pty.send(":quit\r");
    assert!(pty.wait().success);
}

#[test]
fn the_end_of_input_leaves() {
    let mut pty = plain(&["--caller", CALLER, "--target", TARGET]);
    heard(&mut pty, "The answer: 403", 1);
    pty.send("\u{4}");
    assert!(pty.wait().success);
}
