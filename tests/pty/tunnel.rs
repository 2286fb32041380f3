//! A tunnel to an emulator that can be made to hang: from the beginning, from a moment on, or from a call on.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;
use std::time::Duration;

/// What hangs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hangs {
    /// The endpoint takes what is sent and never answers.
    Endpoint,
    /// It begins an answer, and sends a byte a second of it.
    Drip,
    /// The connections are gone, and the name look-up for new ones sleeps.
    Resolver,
}

impl Hangs {
    /// All of them, where a resolver can be put before the system's.
    pub fn all() -> &'static [Self] {
        if cfg!(target_os = "linux") {
            &[Self::Endpoint, Self::Drip, Self::Resolver]
        } else {
            &[Self::Endpoint, Self::Drip]
        }
    }

    /// For people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Endpoint => "an endpoint that never answers",
            Self::Drip => "a server that drips a byte a second",
            Self::Resolver => "a resolver that sleeps",
        }
    }
}

/// The tunnel; it ends with the test program.
pub struct Tunnel {
    /// Where it listens: by name, so that it has to be looked up.
    pub url: String,
    state: Arc<State>,
    dir: tempfile::TempDir,
}

struct State {
    hangs: Hangs,
    /// It hangs.
    hanging: AtomicBool,
    /// It begins to hang with the call whose text holds this.
    until: Mutex<Option<String>>,
    /// Calls that will not be answered.
    stuck: AtomicUsize,
    connections: Mutex<Vec<TcpStream>>,
    /// The resolver sleeps while this is there.
    sleeps: PathBuf,
}

impl Tunnel {
    /// To the emulator at a base URL.
    pub fn to(url: &str, hangs: Hangs) -> Self {
        let upstream = url.trim_start_matches("http://").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let dir = tempfile::tempdir().unwrap();
        let state = Arc::new(State {
            hangs,
            hanging: AtomicBool::new(false),
            until: Mutex::default(),
            stuck: AtomicUsize::new(0),
            connections: Mutex::default(),
            sleeps: dir.path().join("sleeps"),
        });
        let port = listener.local_addr().unwrap().port();
        let serving = Arc::clone(&state);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let state = Arc::clone(&serving);
                let upstream = upstream.clone();
                thread::spawn(move || state.carry(client, &upstream));
            }
        });
        Self {
            url: format!("http://localhost:{port}"),
            state,
            dir,
        }
    }

    /// Hangs from now on.
    pub fn hang(&self) {
        self.state.hang();
    }

    /// Hangs from the call on whose text holds this.
    pub fn hang_at(&self, word: &str) {
        *self.state.until.lock().unwrap() = Some(word.to_owned());
    }

    /// How many calls, or look-ups, hang.
    pub fn stuck(&self) -> usize {
        let looked_up = std::fs::read(self.dir.path().join("stuck"));
        self.state.stuck.load(Ordering::SeqCst) + looked_up.map_or(0, |all| all.len())
    }

    /// What the program that is to use it needs.
    pub fn environment(&self) -> Vec<(String, String)> {
        let mut all = vec![("NO_PROXY".to_owned(), "*".to_owned())];
        if self.state.hangs == Hangs::Resolver {
            let dir = self.dir.path().display().to_string();
            all.push(("LD_PRELOAD".to_owned(), resolver().display().to_string()));
            all.push(("RESOLVER_DIR".to_owned(), dir));
        }
        all
    }
}

impl State {
    fn hang(&self) {
        self.hanging.store(true, Ordering::SeqCst);
        if self.hangs == Hangs::Resolver {
            std::fs::write(&self.sleeps, "").unwrap();
            for stream in self.connections.lock().unwrap().drain(..) {
                let _ = stream.shutdown(Shutdown::Both);
            }
        }
    }

    /// One connection, until either side is gone.
    fn carry(&self, mut client: TcpStream, upstream: &str) {
        if self.hanging.load(Ordering::SeqCst) && self.hangs == Hangs::Resolver {
            return;
        }
        let Ok(mut server) = TcpStream::connect(upstream) else {
            return;
        };
        let (Ok(held), Ok(mut back), Ok(mut answers)) =
            (client.try_clone(), client.try_clone(), server.try_clone())
        else {
            return;
        };
        self.connections.lock().unwrap().push(held);
        thread::spawn(move || {
            let _ = std::io::copy(&mut answers, &mut back);
            let _ = back.shutdown(Shutdown::Write);
        });
        let mut buffer = vec![0; 65_536];
        while let Ok(count @ 1..) = client.read(&mut buffer) {
            let text = String::from_utf8_lossy(&buffer[..count]);
            let due = |word: &String| text.contains(word.as_str());
            if self.until.lock().unwrap().as_ref().is_some_and(due) {
                self.hang();
            }
            if !self.hanging.load(Ordering::SeqCst) {
                if server.write_all(&buffer[..count]).is_err() {
                    break;
                }
                continue;
            }
            self.stuck.fetch_add(1, Ordering::SeqCst);
            if self.hangs == Hangs::Drip {
                drip(&mut client);
                break;
            }
        }
        let _ = server.shutdown(Shutdown::Both);
    }
}

fn drip(client: &mut TcpStream) {
    let head =
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n{";
    let mut sent = client.write_all(head.as_bytes());
    while sent.is_ok() {
        thread::sleep(Duration::from_secs(1));
        sent = client.write_all(b" ");
    }
}

/// A `getaddrinfo` that sleeps while it is told to, put before the one of the system.
fn resolver() -> &'static Path {
    static LIBRARY: OnceLock<(tempfile::TempDir, PathBuf)> = OnceLock::new();
    let (_, library) = LIBRARY.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        let (source, library) = (dir.path().join("resolver.c"), dir.path().join("resolver.so"));
        let text = "#define _GNU_SOURCE\n#include <dlfcn.h>\n#include <fcntl.h>\n#include <stdio.h>\n\
            #include <stdlib.h>\n#include <unistd.h>\n\
            typedef int (*real)(const char *, const char *, const void *, void **);\n\
            int getaddrinfo(const char *n, const char *s, const void *h, void **r)\n\
            { char path[4096]; const char *dir = getenv(\"RESOLVER_DIR\"); int file;\n\
              snprintf(path, sizeof path, \"%s/sleeps\", dir ? dir : \"\");\n\
              if (access(path, F_OK)) return ((real)dlsym(RTLD_NEXT, \"getaddrinfo\"))(n, s, h, r);\n\
              snprintf(path, sizeof path, \"%s/stuck\", dir);\n\
              file = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);\n\
              if (write(file, \"x\", 1)) close(file);\n\
              for (;;) sleep(3600); }\n";
        std::fs::write(&source, text).unwrap();
        let built = Command::new("cc")
            .args(["-shared", "-fPIC", "-o"])
            .args([&library, &source])
            .arg("-ldl")
            .status()
            .unwrap();
        assert!(built.success());
        (dir, library)
    });
    library
}
