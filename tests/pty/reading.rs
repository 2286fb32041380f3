//! A file that is still being read: something is drawn at once, and it is left at each moment of its reading.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use tempfile::TempDir;

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

/// An estate file that is still being read, and the explorer that reads it.
struct BeingRead {
    pty: Pty,
    /// Sends a part of the file; its end is its drop.
    send: Option<Sender<String>>,
    /// That a part was written.
    written: Receiver<()>,
    _folder: TempDir,
}

impl BeingRead {
    /// The explorer on a file of which nothing has come yet.
    fn start(arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("estate.json");
        let (send, written) = pipe(&path);
        let name = path.display().to_string();
        let mut pty = Pty::bindscope(&[&["--estate", &name], arguments].concat(), &[]);
        pty.wait_for("reading");
        Self {
            pty,
            send: Some(send),
            written,
            _folder: folder,
        }
    }

    fn send(&self, text: impl Into<String>) {
        let send = self.send.as_ref().unwrap();
        send.send(text.into()).unwrap();
    }

    /// The same, once somebody has taken it.
    fn send_and_wait(&self, text: impl Into<String>) {
        self.send(text);
        self.written.recv().unwrap();
    }

    /// What is left of the file.
    fn send_last(&mut self, text: impl Into<String>) {
        self.send(text);
        self.send = None;
    }

    /// Leaves, and the terminal is as it was.
    #[track_caller]
    fn leave_by(&mut self, way: &str) {
        self.pty.leave_by(way);
        let end = self.pty.wait();
        end.given_back();
        assert!(end.success, "{way:?}: {}", end.screen);
    }
}

/// Before there is anything in it, in its midst, and when it is there. Letters are text here as ever: `q` is none.
#[test]
fn a_file_is_left_at_each_moment_of_its_reading() {
    for (turn, way) in [CTRL_C, CTRL_C, "TERM", "HUP", "INT", "QUIT"]
        .into_iter()
        .enumerate()
    {
        let mut file = BeingRead::start(&[]);
        if turn % 2 == 1 {
            file.send_and_wait(halves().0);
        }
        assert!(!file.pty.is_over());
        file.leave_by(way);
    }
}

/// What is typed meanwhile is there when the file is.
#[test]
fn what_is_typed_while_a_file_is_read_is_kept() {
    let mut file = BeingRead::start(&[]);
    file.pty.send("2999");
    let (first, second) = halves();
    file.send(first);
    file.send_last(second);
    file.pty
        .wait_for("worker-2999")
        .wait_for("1 of 1, 3000 in all");
    file.leave_by("TERM");
}

/// The list fills while the rest of the file has not come, a pair is chosen and asked about; the answer comes when all
/// of it is read. The list is then that of the whole file, and what was selected stays so.
#[test]
fn the_list_fills_while_the_file_is_read() {
    let mut file = BeingRead::start(&[]);
    let (first, second) = halves();
    file.send(first);
    let pty = &mut file.pty;
    // Letters are text here: the footer says what leaves.
    pty.wait_for("worker-0001")
        .wait_for("Ctrl-c quit")
        .wait_for(" so far")
        .wait_for("Nothing is judged before all of it is read.");
    pty.send("0042").wait_for("1 of 1, ");
    pty.send("\t0077")
        .wait_for("worker-0042@app → worker-0077@app");
    // Reading it anew is nothing that could be asked for.
    pty.send("\u{1b}[15~").wait_for("It is still being read.");
    pty.send("\r").wait_for("No answer is here yet.");
    assert!(!pty.says("403"));
    file.send_last(second);
    file.pty
        .wait_for("403 until granted")
        .wait_for("caller  worker-0042@app");
    file.pty.send("p").wait_for("3000, as of ");
    file.leave_by("TERM");
}

/// Whoever looks with somebody's eyes sees no account on the way that they may not see at its end.
#[test]
fn nobody_sees_more_while_a_file_is_read() {
    let mut file = BeingRead::start(&["--as", "user:eve@example.com"]);
    let (first, second) = halves();
    file.send_and_wait(first);
    file.pty.wait_for("elements");
    assert!(!file.pty.says("worker-"));
    file.send_last(second);
    file.pty.wait_for("No project is shown to you here");
    assert!(!file.pty.says("worker-"));
    file.leave_by("TERM");
}

/// A file that turns out to be broken ends it, whatever was found by then.
#[test]
fn a_file_that_is_broken_further_on_is_refused() {
    let mut file = BeingRead::start(&[]);
    file.send(halves().0);
    file.pty.wait_for("worker-0001");
    file.send_last("3]}");
    let end = file.pty.wait();
    end.given_back();
    assert!(!end.success, "{}", end.screen);
    assert!(end.screen.contains("read the estate"), "{}", end.screen);
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
    pty.wait_for("Note: 1 asset counts for nothing here");
    pty.leave_by("TERM");
    let end = pty.wait();
    end.given_back();
    assert!(end.success, "{}", end.screen);
    assert!(
        end.screen.contains("note: 1 asset counts"),
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
