//! A pseudo-terminal with a terminal emulator behind it; and an emulator process to talk to.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child as Process, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

/// Whoever waits longer than this waits for something that does not come.
const PATIENCE: Duration = Duration::from_secs(60);

struct Seen {
    parser: vt100::Parser,
    /// Everything that was written, for what the parser does not keep.
    bytes: Vec<u8>,
    ended: bool,
    /// The reader is to let go of the terminal at the next byte.
    closing: bool,
    /// When the alternate screen was left last.
    left: Option<Instant>,
}

type Shared = Arc<(Mutex<Seen>, Condvar)>;

/// A program on a terminal of 80 by 24.
pub struct Pty {
    master: Option<Box<dyn MasterPty + Send>>,
    writer: Option<Box<dyn Write + Send>>,
    child: Box<dyn Child + Send + Sync>,
    shared: Shared,
    _home: tempfile::TempDir,
}

/// How a program ended.
pub struct End {
    pub success: bool,
    /// What stands on the normal screen.
    pub screen: String,
    /// When the alternate screen was left.
    pub left: Option<Instant>,
    alternate: bool,
    bytes: Vec<u8>,
}

impl Pty {
    /// The program with arguments and variables, in a home of its own without any credentials.
    pub fn bindscope(arguments: &[&str], variables: &[(String, String)]) -> Self {
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_bindscope"));
        command.args(arguments);
        Self::start(command, variables)
    }

    /// This test program again, for one test of it.
    pub fn this_test(name: &str, variable: &str) -> Self {
        let mut command = CommandBuilder::new(std::env::current_exe().unwrap());
        command.args(["--exact", name, "--nocapture", "--test-threads=1"]);
        Self::start(command, &[(variable.to_owned(), "1".to_owned())])
    }

    fn start(mut command: CommandBuilder, variables: &[(String, String)]) -> Self {
        let home = tempfile::tempdir().unwrap();
        command.env_clear();
        command.env("PATH", "");
        command.env("HOME", home.path());
        command.env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8");
        command.env("TZ", "UTC");
        // No metadata server answers here, and nobody waits for one.
        command.env("GCE_METADATA_HOST", "127.0.0.1:9");
        for (name, value) in variables {
            command.env(name, value);
        }
        let size = PtySize {
            rows: 24,
            cols: 80,
            pixel_width: 0,
            pixel_height: 0,
        };
        let pair = native_pty_system().openpty(size).unwrap();
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let shared: Shared = Arc::new((
            Mutex::new(Seen {
                parser: vt100::Parser::new(cells(24), cells(80), 0),
                bytes: Vec::new(),
                ended: false,
                closing: false,
                left: None,
            }),
            Condvar::new(),
        ));
        let mut reader = pair.master.try_clone_reader().unwrap();
        let seen = Arc::clone(&shared);
        std::thread::spawn(move || {
            let mut buffer = [0_u8; 4096];
            loop {
                let count = reader.read(&mut buffer).unwrap_or(0);
                let mut guard = seen.0.lock().unwrap();
                if count == 0 || guard.closing {
                    guard.ended = true;
                    seen.1.notify_all();
                    return;
                }
                let taken = guard.parser.screen().alternate_screen();
                guard.parser.process(&buffer[..count]);
                if taken && !guard.parser.screen().alternate_screen() {
                    guard.left = Some(Instant::now());
                }
                guard.bytes.extend_from_slice(&buffer[..count]);
                seen.1.notify_all();
            }
        });
        Self {
            writer: Some(pair.master.take_writer().unwrap()),
            master: Some(pair.master),
            child,
            shared,
            _home: home,
        }
    }

    /// Types.
    pub fn send(&mut self, keys: &str) -> &mut Self {
        let writer = self.writer.as_mut().unwrap();
        writer.write_all(keys.as_bytes()).unwrap();
        writer.flush().unwrap();
        self
    }

    /// Waits until the screen says something, across line ends and borders.
    #[track_caller]
    pub fn wait_for(&mut self, words: &str) -> &mut Self {
        let wanted = flat(words);
        self.wait_until(words, |screen| flat(&screen.contents()).contains(&wanted))
    }

    /// Waits until the screen does not say it.
    #[track_caller]
    pub fn wait_until_gone(&mut self, words: &str) -> &mut Self {
        let gone = flat(words);
        self.wait_until(&format!("no {words}"), |screen| {
            !flat(&screen.contents()).contains(&gone)
        })
    }

    /// Waits until the screen is as wanted.
    #[track_caller]
    pub fn wait_until(&mut self, what: &str, is: impl Fn(&vt100::Screen) -> bool) -> &mut Self {
        let (seen, changed) = &*self.shared;
        let begun = Instant::now();
        let mut guard = seen.lock().unwrap();
        while !is(guard.parser.screen()) {
            let left = PATIENCE.saturating_sub(begun.elapsed());
            if left.is_zero() || guard.ended {
                let screen = guard.parser.screen().contents();
                drop(guard);
                panic!("the screen never came to {what:?}:\n{screen}");
            }
            guard = changed.wait_timeout(guard, left).unwrap().0;
        }
        drop(guard);
        self
    }

    /// Everything that was written so far.
    pub fn bytes(&self) -> Vec<u8> {
        self.shared.0.lock().unwrap().bytes.clone()
    }

    /// Waits until what was written is as wanted.
    #[track_caller]
    pub fn wait_until_bytes(&mut self, what: &str, is: impl Fn(&[u8]) -> bool) -> &mut Self {
        let (seen, changed) = &*self.shared;
        let begun = Instant::now();
        let mut guard = seen.lock().unwrap();
        while !is(&guard.bytes) {
            let left = PATIENCE.saturating_sub(begun.elapsed());
            if left.is_zero() || guard.ended {
                let text = String::from_utf8_lossy(&guard.bytes).into_owned();
                drop(guard);
                panic!("{what} was never written:\n{text:?}");
            }
            guard = changed.wait_timeout(guard, left).unwrap().0;
        }
        drop(guard);
        self
    }

    /// Whether the program is on the alternate screen, with bracketed paste and the mouse.
    pub fn raw(&self) -> bool {
        let guard = self.shared.0.lock().unwrap();
        let screen = guard.parser.screen();
        screen.alternate_screen() && screen.bracketed_paste()
    }

    /// Gives the terminal another size.
    pub fn resize(&mut self, width: u16, height: u16) {
        let size = PtySize {
            rows: height,
            cols: width,
            pixel_width: 0,
            pixel_height: 0,
        };
        // The screen first, and nothing read meanwhile: what the program draws for the new size must not be
        // read at the old one, for it draws no second time.
        let mut guard = self.shared.0.lock().unwrap();
        guard
            .parser
            .screen_mut()
            .set_size(cells(height), cells(width));
        self.master.as_ref().unwrap().resize(size).unwrap();
    }

    /// Sends a signal.
    pub fn signal(&self, name: &str) {
        let pid = self.child.process_id().unwrap().to_string();
        let status = Command::new("kill")
            .args([&format!("-{name}"), &pid])
            .status()
            .unwrap();
        assert!(status.success());
    }

    /// Leaves by a signal (`TERM`) or by keys (`q`).
    pub fn leave_by(&mut self, way: &str) {
        if way.len() > 1 && way.chars().all(|c| c.is_ascii_uppercase()) {
            self.signal(way);
        } else {
            self.send(way);
        }
    }

    /// The first `http://HOST:PORT` on the screen, without its scheme.
    pub fn address(&self) -> Option<String> {
        let text = self.shared.0.lock().unwrap().parser.screen().contents();
        let (_, rest) = text.split_once("http://")?;
        let end = rest.find(|c: char| !(c.is_ascii_digit() || ".:".contains(c)));
        Some(rest[..end.unwrap_or(rest.len())].to_owned())
    }

    /// Whether the screen says it now.
    pub fn says(&self, words: &str) -> bool {
        let screen = self.shared.0.lock().unwrap().parser.screen().contents();
        flat(&screen).contains(&flat(words))
    }

    /// Whether the program has ended.
    pub fn is_over(&self) -> bool {
        self.shared.0.lock().unwrap().ended
    }

    /// Waits until the program has ended.
    pub fn wait(&mut self) -> End {
        let (seen, changed) = &*self.shared;
        let begun = Instant::now();
        let mut guard = seen.lock().unwrap();
        while !guard.ended {
            let left = PATIENCE.saturating_sub(begun.elapsed());
            if left.is_zero() {
                let screen = guard.parser.screen().contents();
                drop(guard);
                panic!("the program did not end:\n{screen}");
            }
            guard = changed.wait_timeout(guard, left).unwrap().0;
        }
        let status = self.child.wait().unwrap();
        End {
            success: status.success(),
            screen: guard.parser.screen().contents(),
            left: guard.left,
            alternate: guard.parser.screen().alternate_screen(),
            bytes: guard.bytes.clone(),
        }
    }

    /// Takes the terminal away; the program has to end by itself.
    pub fn hang_up(mut self) {
        // Every hold on the terminal has to go, the reader's too: it lets go when something comes.
        self.shared.0.lock().unwrap().closing = true;
        self.send("x");
        {
            let (seen, changed) = &*self.shared;
            let guard = seen.lock().unwrap();
            let (guard, late) = changed
                .wait_timeout_while(guard, PATIENCE, |seen| !seen.ended)
                .unwrap();
            assert!(!late.timed_out(), "nothing was drawn");
            drop(guard);
        }
        self.writer.take();
        self.master.take();
        let (sender, ended) = std::sync::mpsc::channel();
        let mut killer = self.child.clone_killer();
        std::thread::spawn(move || {
            let _ = self.child.wait();
            let _ = sender.send(());
        });
        if ended.recv_timeout(PATIENCE).is_err() {
            let _ = killer.kill();
            panic!("the program outlived its terminal");
        }
    }
}

fn cells(count: u16) -> std::num::NonZero<u16> {
    std::num::NonZero::new(count).unwrap()
}

/// White space and borders told apart from words no more.
fn flat(text: &str) -> String {
    let plain: String = text
        .chars()
        .map(|c| if matches!(c, '│' | '┃') { ' ' } else { c })
        .collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl End {
    /// Fails unless every mode that was taken was given back, once: the alternate screen, raw mode's
    /// companions, the cursor.
    #[track_caller]
    pub fn given_back(&self) {
        assert!(!self.alternate, "still on the alternate screen");
        let text = String::from_utf8_lossy(&self.bytes);
        for (on, off, what) in [
            ("\u{1b}[?1049h", "\u{1b}[?1049l", "alternate screen"),
            ("\u{1b}[?2004h", "\u{1b}[?2004l", "bracketed paste"),
            ("\u{1b}[?1000h", "\u{1b}[?1000l", "mouse"),
            ("\u{1b}[?1006h", "\u{1b}[?1006l", "mouse reports"),
            ("\u{1b}[?25l", "\u{1b}[?25h", "cursor"),
            ("\u{1b}[?2026h", "\u{1b}[?2026l", "synchronized update"),
        ] {
            if let Some(taken) = text.rfind(on) {
                let given = text.rfind(off);
                assert!(
                    given.is_some_and(|g| g > taken),
                    "{what} was not given back"
                );
            }
        }
        assert_eq!(
            text.matches("\u{1b}[?1049h").count(),
            text.matches("\u{1b}[?1049l").count(),
            "the alternate screen is left as often as it is entered"
        );
    }
}

/// `bindscope emulator` as a process of its own.
pub struct Emulator {
    process: Process,
    /// Where its token lies. It is killed, and takes nothing away itself.
    _dir: tempfile::TempDir,
    pub url: String,
    pub token: String,
}

impl Emulator {
    /// Starts one on a free port, and reads what it prints: its address, and where its
    /// administrator's token is.
    pub fn start(arguments: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut process = Command::new(env!("CARGO_BIN_EXE_bindscope"))
            .env("TMPDIR", dir.path())
            .arg("emulator")
            .args(arguments)
            .args(["--port", "0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let url = lines.next().unwrap().unwrap();
        assert!(url.starts_with("http://127.0.0.1:"), "{url}");
        let file = lines
            .map_while(Result::ok)
            .find_map(|line| {
                let value = line.strip_prefix("export CLOUDSDK_AUTH_ACCESS_TOKEN_FILE=")?;
                Some(value.trim_matches(['\'', '"']).to_owned())
            })
            .expect("the emulator prints where its token is");
        let token = std::fs::read_to_string(file).unwrap();
        Self {
            process,
            _dir: dir,
            url,
            token,
        }
    }

    /// What a program needs to speak to it.
    pub fn environment(&self) -> Vec<(String, String)> {
        vec![("BINDSCOPE_ACCESS_TOKEN".to_owned(), self.token.clone())]
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
