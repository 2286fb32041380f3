//! Leaving works whatever hangs: each way out ends the program, which would otherwise wait for an hour.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::harness::Pty;

const CALLER: &str = "run-processor@app-prod.iam.gserviceaccount.com";
const TARGET: &str = "bq-privileged@data-vault.iam.gserviceaccount.com";

/// How a server treats whoever calls.
#[derive(Clone, Copy, Debug)]
enum Serves {
    /// It takes the connection and says nothing.
    Silence,
    /// It begins an answer and sends a byte a second of it.
    Drops,
}

/// A server that never comes to the end of an answer; it ends with the test program.
fn server(serves: Serves) -> String {
    watched(serves).0
}

/// The same, and how many have called.
fn watched(serves: Serves) -> (String, Arc<AtomicUsize>) {
    let called = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&called);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            counter.fetch_add(1, Ordering::Relaxed);
            thread::spawn(move || serve(stream, serves));
        }
    });
    (url, called)
}

fn serve(mut stream: TcpStream, serves: Serves) {
    if let Serves::Drops = serves {
        let head =
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n{";
        let mut sent = stream.write_all(head.as_bytes());
        while sent.is_ok() {
            thread::sleep(Duration::from_secs(1));
            sent = stream.write_all(b" ");
        }
    }
    // Until the other side is gone.
    let mut buffer = [0; 1_024];
    while stream.read(&mut buffer).is_ok_and(|count| count > 0) {}
}

/// Waits for a thing that comes soon.
fn until(is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !is_so() {
        assert!(Instant::now() < deadline, "it did not come");
        thread::sleep(Duration::from_millis(10));
    }
}

fn token() -> Vec<(String, String)> {
    vec![(
        "BINDSCOPE_ACCESS_TOKEN".to_owned(),
        "user:ana@example.com".to_owned(),
    )]
}

#[test]
fn the_lists_are_left_whatever_the_endpoint_does() {
    for serves in [Serves::Silence, Serves::Drops] {
        let url = server(serves);
        // While a list loads Ctrl-C stops the load.
        for way in ["TERM", "HUP", "INT", "QUIT", "\u{3}\u{3}"] {
            let mut pty = Pty::bindscope(&["--endpoint", &url], &token());
            pty.wait_for("Who calls").wait_for("bindscope");
            pty.leave_by(way);
            let end = pty.wait();
            end.given_back();
            assert!(end.success, "{serves:?} {way:?}: {}", end.screen);
        }
    }
}

#[test]
fn an_answer_is_left_whatever_the_endpoint_does() {
    for serves in [Serves::Silence, Serves::Drops] {
        let url = server(serves);
        for way in ["q", "Q", "TERM", "HUP", "\u{3}\u{3}"] {
            let pair = ["--endpoint", &url, "--caller", CALLER, "--target", TARGET];
            let mut pty = Pty::bindscope(&pair, &token());
            pty.wait_for("get access token");
            pty.leave_by(way);
            let end = pty.wait();
            end.given_back();
            assert!(end.success, "{serves:?} {way:?}: {}", end.screen);
        }
    }
}

/// A command has no terminal to give back: the signal ends it.
#[test]
fn a_command_is_left_whatever_the_endpoint_does() {
    for serves in [Serves::Silence, Serves::Drops] {
        let (url, called) = watched(serves);
        for way in ["TERM", "HUP", "INT", "\u{3}"] {
            let before = called.load(Ordering::Relaxed);
            let mut pty =
                Pty::bindscope(&["list", "service-accounts", "--endpoint", &url], &token());
            // It hangs once it has called.
            until(|| called.load(Ordering::Relaxed) > before);
            pty.leave_by(way);
            let end = pty.wait();
            assert!(!end.success, "{serves:?} {way:?}: {}", end.screen);
        }
    }
}

/// A `getaddrinfo` that sleeps, put before the one of the system.
#[cfg(target_os = "linux")]
fn sleeping_resolver(dir: &Path) -> PathBuf {
    let (source, library) = (dir.join("resolver.c"), dir.join("resolver.so"));
    let text = "#include <unistd.h>\n\
        int getaddrinfo(const char *n, const char *s, const void *h, void **r)\n\
        { (void)n; (void)s; (void)h; (void)r; for (;;) sleep(3600); }\n";
    std::fs::write(&source, text).unwrap();
    let built = Command::new("cc")
        .args(["-shared", "-fPIC", "-o"])
        .args([&library, &source])
        .status()
        .unwrap();
    assert!(built.success());
    library
}

#[cfg(target_os = "linux")]
#[test]
fn a_resolver_that_sleeps_holds_nobody() {
    let dir = tempfile::tempdir().unwrap();
    let mut variables = token();
    let library = sleeping_resolver(dir.path()).display().to_string();
    variables.push(("LD_PRELOAD".to_owned(), library));
    let url = "http://name.invalid";
    for way in ["TERM", "HUP", "\u{3}\u{3}"] {
        let mut pty = Pty::bindscope(&["--endpoint", url], &variables);
        pty.wait_for("Who calls");
        pty.leave_by(way);
        let end = pty.wait();
        end.given_back();
        assert!(end.success, "{way:?}: {}", end.screen);
    }
    for way in ["q", "TERM"] {
        let pair = ["--endpoint", url, "--caller", CALLER, "--target", TARGET];
        let mut pty = Pty::bindscope(&pair, &variables);
        pty.wait_for("get access token");
        pty.leave_by(way);
        let end = pty.wait();
        end.given_back();
        assert!(end.success, "{way:?}: {}", end.screen);
    }
}

/// A gcloud that hangs while credentials are looked for.
#[test]
fn a_thread_that_is_stuck_holds_nobody() {
    let dir = tempfile::tempdir().unwrap();
    let (program, process) = (dir.path().join("gcloud"), dir.path().join("process"));
    let script = format!(
        "#!/bin/sh\necho $$ > '{}.new'\n/bin/mv '{0}.new' '{0}'\nexec /bin/sleep 3600\n",
        process.display()
    );
    std::fs::write(&program, script).unwrap();
    std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).unwrap();
    let path = ("PATH".to_owned(), dir.path().display().to_string());
    for way in ["q", "\u{3}", "TERM", "HUP"] {
        let mut pty = Pty::bindscope(&[], std::slice::from_ref(&path));
        pty.wait_for("Looking for credentials");
        until(|| process.exists());
        pty.leave_by(way);
        let end = pty.wait();
        end.given_back();
        assert!(end.success, "{way:?}: {}", end.screen);
        let id = std::fs::read_to_string(&process).unwrap();
        std::fs::remove_file(&process).unwrap();
        // It may have ended with its reader.
        let _ = Command::new("/bin/kill").arg(id.trim()).status();
    }
}
