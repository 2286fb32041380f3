//! A file that is still being read: something is drawn at once, and it is left at each moment of its reading.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use crate::harness::Pty;

const CTRL_C: &str = "\u{3}";

/// An estate of some accounts, in two halves.
fn halves() -> (String, String) {
    let account = |n: usize| {
        let email = format!("worker-{n:04}@app.iam.gserviceaccount.com");
        format!(
            r#"{{"name": "projects/app/serviceAccounts/{email}", "email": "{email}", "projectId": "app"}}"#
        )
    };
    let accounts = |range: std::ops::Range<usize>| range.map(account).collect::<Vec<_>>().join(",");
    let head = r#"{"projects": [{"name": "projects/1", "projectId": "app"}], "serviceAccounts": ["#;
    (
        format!("{head}{},", accounts(0..1_500)),
        format!("{}]}}", accounts(1_500..3_000)),
    )
}

/// A pipe with a name, into which somebody writes what is sent; it says when that is written.
fn pipe(path: &Path) -> (Sender<String>, Receiver<()>) {
    let made = Command::new("mkfifo").arg(path).status().unwrap();
    assert!(made.success());
    let (send, texts) = channel::<String>();
    let (tell, told) = channel();
    let path = path.to_owned();
    thread::spawn(move || {
        // Until somebody reads.
        let mut pipe = OpenOptions::new().write(true).open(path).unwrap();
        for text in texts {
            // Whoever read may have left.
            let _ = pipe.write_all(text.as_bytes());
            let _ = tell.send(());
        }
    });
    (send, told)
}

/// Before there is anything in it, in its midst, and when it is there.
#[test]
fn a_file_is_left_at_each_moment_of_its_reading() {
    for (turn, way) in ["q", CTRL_C, "TERM", "HUP", "INT", "QUIT"]
        .into_iter()
        .enumerate()
    {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("estate.json");
        let (send, written) = pipe(&path);
        let name = path.display().to_string();
        let mut pty = Pty::bindscope(&["--estate", &name], &[]);
        pty.wait_for("reading").wait_for("Ctrl-C");
        if turn % 2 == 1 {
            send.send(halves().0).unwrap();
            written.recv().unwrap();
        }
        assert!(!pty.is_over());
        pty.leave_by(way);
        let end = pty.wait();
        end.given_back();
        assert!(end.success, "{way:?}: {}", end.screen);
    }
}

/// What is typed meanwhile is there when the file is.
#[test]
fn what_is_typed_while_a_file_is_read_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("estate.json");
    let (send, _) = pipe(&path);
    let name = path.display().to_string();
    let mut pty = Pty::bindscope(&["--estate", &name], &[]);
    pty.wait_for("reading");
    pty.send("2999");
    let (first, second) = halves();
    send.send(first).unwrap();
    send.send(second).unwrap();
    drop(send);
    pty.wait_for("worker-2999").wait_for("1 of 1, 3000 in all");
    pty.leave_by("TERM");
    let end = pty.wait();
    end.given_back();
    assert!(end.success, "{}", end.screen);
}

/// What of a file does not count is said on the screen, and stays when it is left. What is wrong with it is said on
/// the screen that was there before.
#[test]
fn what_is_said_of_a_file_is_seen() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("export.json");
    let name = path.display().to_string();
    let bucket = r#"{"name": "//storage.googleapis.com/b", "asset_type": "storage.googleapis.com/Bucket", "resource": {"data": {}}}"#;
    std::fs::write(&path, bucket).unwrap();
    let mut pty = Pty::bindscope(&["--estate", &name], &[]);
    pty.wait_for("Note: 1 assets count for nothing here");
    pty.leave_by("TERM");
    let end = pty.wait();
    end.given_back();
    assert!(end.success, "{}", end.screen);
    assert!(
        end.screen.contains("note: 1 assets count"),
        "{}",
        end.screen
    );
    std::fs::write(&path, "{\"projects\": 3}").unwrap();
    let mut pty = Pty::bindscope(&["--estate", &name], &[]);
    let end = pty.wait();
    end.given_back();
    assert!(!end.success, "{}", end.screen);
    assert!(end.screen.contains("read the estate"), "{}", end.screen);
}
