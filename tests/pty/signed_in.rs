//! The explorer with a login as gcloud leaves it: who, by what right and until when stand in the header.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::Path;

use crate::harness::{Emulator, Pty};

/// A person's login in a file, and the variable that names it.
fn login(emulator: &Emulator, home: &Path) -> Vec<(String, String)> {
    let path = home.join("login.json");
    let file = serde_json::json!({
        "type": "authorized_user", "client_id": "c", "client_secret": "the-secret-of-a-client",
        "refresh_token": "user:ana@example.com", "token_uri": format!("{}/token", emulator.url),
    });
    std::fs::write(&path, file.to_string()).unwrap();
    let path = path.to_str().unwrap().to_owned();
    vec![("GOOGLE_APPLICATION_CREDENTIALS".to_owned(), path)]
}

#[test]
fn the_header_says_who_from_where_and_until_when() {
    let emulator = Emulator::start(&[]);
    let home = tempfile::tempdir().unwrap();
    let variables = login(&emulator, home.path());
    let mut pty = Pty::bindscope(&["--endpoint", &emulator.url], &variables);
    pty.wait_for("ana@example.com").wait_for("until ");
    pty.resize(160, 24);
    pty.wait_for("ana@example.com · user login: ")
        .wait_for(", renewed");
    pty.wait_until("no token of it", |screen| {
        !screen.contents().contains("the-secret") && !screen.contents().contains("ya29")
    });
    pty.leave_by("\u{3}\u{3}");
    pty.wait().given_back();
}

/// Line by line there is no header, and no line above a footer.
#[test]
fn the_same_is_said_to_a_screen_reader() {
    let emulator = Emulator::start(&["--faults", "*:getIamPolicy #1 = 429:2s"]);
    let home = tempfile::tempdir().unwrap();
    let variables = login(&emulator, home.path());
    let pair = ["--caller", crate::CALLER, "--target", crate::TARGET];
    let arguments = [&["--plain", "--endpoint", &emulator.url][..], &pair].concat();
    let mut pty = Pty::bindscope(&arguments, &variables);
    for words in [
        "signed in: ana@example.com, user login: ",
        ", renewed",
        "waiting: HTTP 429 from ",
        "(attempt 2 of 5)",
        "The answer:",
    ] {
        pty.wait_until_bytes(words, |bytes| {
            let text = String::from_utf8_lossy(bytes);
            let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
            flat.contains(words)
        });
    }
    pty.leave_by("TERM");
    pty.wait();
}

/// A server that takes no token, at a time of its own.
fn of_another_time() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut reader = BufReader::new(stream);
            let mut line = String::new();
            while reader.read_line(&mut line).unwrap_or(0) > 2 {
                line.clear();
            }
            let body = r#"{"error":{"code":401,"message":"Invalid credentials."}}"#;
            let length = body.len();
            let answer = format!(
                "HTTP/1.1 401 X\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
            );
            let _ = reader.get_mut().write_all(answer.as_bytes());
        }
    });
    url
}

#[test]
fn a_clock_that_is_wrong_is_told_in_the_explorer() {
    let token = [("BINDSCOPE_ACCESS_TOKEN".to_owned(), "t".to_owned())];
    let mut pty = Pty::bindscope(&["--endpoint", &of_another_time()], &token);
    pty.wait_for("Invalid credentials; this machine's clock is");
    pty.send("\u{1b}[24~");
    pty.wait_for("s ahead of the server's")
        .wait_for("timedatectl")
        .wait_for("get a fresh one");
    pty.leave_by("\u{3}\u{3}");
    pty.wait().given_back();
}
