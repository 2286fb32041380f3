//! `--log`: what happened, for its owner alone, without a secret.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::sync::{Arc, Mutex};

use serde_json::json;

use crate::common::{CALLER, Emulator, Home, TARGET};
use crate::credentials::secrets_in;

/// Passes everything on to the emulator, and remembers what it handed out.
struct Relay {
    url: String,
    answers: Arc<Mutex<Vec<String>>>,
}

impl Relay {
    fn before(emulator: &Emulator) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let behind = emulator.url.strip_prefix("http://").unwrap().to_owned();
        let answers = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&answers);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (behind, kept) = (behind.clone(), Arc::clone(&kept));
                std::thread::spawn(move || passed(stream, &behind, &kept));
            }
        });
        Self { url, answers }
    }

    /// Every secret in what was handed out.
    fn secrets(&self) -> Vec<String> {
        let answers = self.answers.lock().unwrap();
        let bodies = answers.iter().filter_map(|a| a.split("\r\n\r\n").nth(1));
        bodies
            .flat_map(|body| secrets_in(&serde_json::from_str(body).unwrap_or_default()))
            .collect()
    }
}

/// One call on a connection of its own.
fn passed(stream: TcpStream, behind: &str, kept: &Mutex<Vec<String>>) {
    let mut reader = BufReader::new(stream);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) <= 2 {
            break;
        }
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        head += &line;
    }
    if head.is_empty() {
        return;
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let mut server = TcpStream::connect(behind).unwrap();
    let head = format!("{head}Connection: close\r\n\r\n");
    server.write_all(head.as_bytes()).unwrap();
    server.write_all(&body).unwrap();
    let mut answer = Vec::new();
    server.read_to_end(&mut answer).unwrap();
    kept.lock()
        .unwrap()
        .push(String::from_utf8_lossy(&answer).into_owned());
    // The program may have left.
    let _ = reader.get_mut().write_all(&answer);
}

#[test]
fn a_whole_fix_is_told_without_a_secret() {
    let home = Home::new();
    let emulator = Emulator::start(&home, &["--demo"]);
    let relay = Relay::before(&emulator);
    let log = home.path("log");
    let run = |more: &[&str]| {
        let mut arguments = vec!["--endpoint", &relay.url, "--log", log.to_str().unwrap()];
        let token = emulator.token.to_str().unwrap();
        arguments.extend(["--access-token-file", token]);
        arguments.extend(more);
        home.run(&arguments)
    };
    let pair = ["--caller", CALLER, "--target", TARGET];
    run(&[&["explain"], &pair[..]].concat()).ends(1);
    run(&[&["fix", "--yes", "--wait", "1m"], &pair[..]].concat()).ends(0);
    run(&[&["explain"], &pair[..]].concat()).ends(0);
    run(&["whoami"]).ends(0);
    run(&["doctor"]).ends(0);
    run(&["undo", "--yes"]).ends(0);

    let text = std::fs::read_to_string(&log).unwrap();
    let host = relay.url.strip_prefix("http://").unwrap();
    for told in [
        "command=\"fix\"",
        "kind=\"access_token\"",
        "method=\"POST\"",
        &format!("host=\"{host}\""),
        ":setIamPolicy\" status=200 ms=",
        "/tokeninfo\"",
        "verdict=CannotAccess",
        "verdict=CanAccess",
        "GrantOnCallersProject",
        "a change is about to be sent",
        "role=\"roles/iam.serviceAccountTokenCreator\"",
        "what became of a change",
        "exit=Done",
        "exit=No",
    ] {
        assert!(text.contains(told), "{told} is not in:\n{text}");
    }
    let mut secrets = relay.secrets();
    secrets.push(emulator.bearer());
    secrets.extend(["ya29.", "eyJ", "Bearer", "uthorization", "?"].map(str::to_owned));
    for secret in secrets {
        assert!(!text.contains(&secret), "{secret} is in:\n{text}");
    }
}

/// A server that sends back what it was sent.
#[test]
fn a_token_that_comes_back_is_not_told() {
    let home = Home::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut line = [0; 4_096];
            let _ = stream.read(&mut line);
            let body =
                json!({ "error": { "code": 403, "message": "Bearer short-token is not known" } })
                    .to_string();
            let head = format!(
                "HTTP/1.1 403 X\r\nConnection: close\r\nContent-Length: {}",
                body.len()
            );
            let _ = stream.write_all(format!("{head}\r\n\r\n{body}").as_bytes());
        }
    });
    let log = home.path("log");
    let token = home.write("token", "short-token");
    let (log_name, token) = (log.to_str().unwrap(), token.to_str().unwrap());
    let end = [
        "list",
        "projects",
        "--endpoint",
        &url,
        "--access-token-file",
        token,
        "--log",
        log_name,
    ];
    let ran = home.run(&end);
    ran.ends(2).says("is not known");
    assert!(!ran.err.contains("short-token"), "{}", ran.err);
    let text = std::fs::read_to_string(&log).unwrap();
    assert!(
        text.contains("status=403") && text.contains("is not known"),
        "{text}"
    );
    assert!(!text.contains("short-token"), "{text}");
}

#[test]
fn it_is_its_owners_alone_and_only_grows() {
    let home = Home::new();
    let log = home.write("log", "before\n");
    std::fs::set_permissions(&log, PermissionsExt::from_mode(0o644)).unwrap();
    for path in [log.clone(), home.path("new")] {
        home.run(&[
            "list",
            "projects",
            "--demo",
            "--log",
            path.to_str().unwrap(),
        ])
        .ends(0);
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let text = std::fs::read_to_string(&log).unwrap();
    assert!(
        text.starts_with("before\n") && text.contains("exit=Done"),
        "{text}"
    );
}

#[test]
fn one_that_cannot_be_written_is_told_before_anything_is_done() {
    let home = Home::new();
    let pipe = home.path("pipe");
    assert!(
        Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    let (nowhere, dir) = (home.path("no/where"), home.dir.path().to_owned());
    for path in [&nowhere, &pipe, &dir] {
        let ran = home.run(&[
            "list",
            "projects",
            "--demo",
            "--log",
            path.to_str().unwrap(),
        ]);
        ran.ends(2).says("write the log").says("next: name a file");
        assert_eq!(ran.out, "");
    }
}
