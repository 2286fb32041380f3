//! Leaving works whatever hangs: each key and each signal that leaves ends the program, which would otherwise wait
//! for an hour, and the terminal is given back first.
//!
//! Every place of the explorer × what hangs × each way to leave; and every command × what hangs × each signal.
//! By default one way at each place; `LEAVING_CASES=all` for all of them, and `LEAVING_CASES=timed` for all, one by
//! one. How long leaving takes is printed and not asserted (docs/benchmarks.md, "Leaving").

use std::collections::BTreeMap;
use std::io::Write;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::harness::{Emulator, End, Pty};
use crate::tunnel::{Hangs, Tunnel};

const CALLER: &str = "run-processor@app-prod.iam.gserviceaccount.com";
const TARGET: &str = "bq-privileged@data-vault.iam.gserviceaccount.com";
const PAIR: [&str; 4] = ["--caller", CALLER, "--target", TARGET];
const F5: &str = "\u{1b}[15~";
const F8: &str = "\u{1b}[19~";
const ESC: &str = "\u{1b}";
const CTRL_C: &str = "\u{3}";

/// When it begins to hang.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Since {
    /// Before the program starts.
    Start,
    /// Between the two rows of keys.
    Then,
    /// With the call whose text holds this.
    Call(&'static str),
}

/// A place of the explorer: keys to press, each with words to wait for (none: that a call hangs).
struct Place {
    name: &'static str,
    pair: bool,
    before: &'static [(&'static str, &'static str)],
    since: Since,
    then: &'static [(&'static str, &'static str)],
    /// The keys that leave from there: each pressed when the words before it are there.
    keys: &'static [&'static [(&'static str, &'static str)]],
    /// Whether something is changed there, so that nobody else can use its emulator.
    changes: bool,
}

const THERE: (&str, &str) = ("", "403 until granted");

const INTERRUPT: &[(&str, &str)] = &[(CTRL_C, "")];
const TWICE: &[(&str, &str)] = &[(CTRL_C, "Stopped."), (CTRL_C, "")];
const Q: &[(&str, &str)] = &[("q", "")];
const PRINTING: &[(&str, &str)] = &[("Q", "")];
/// From what lies over the answer: closed, and left.
const CLOSED: &[(&str, &str)] = &[(ESC, "q quit"), ("q", "")];
const CLOSED_BY_Q: &[(&str, &str)] = &[("q", "q quit"), ("q", "")];
const READ: &[&[(&str, &str)]] = &[INTERRUPT, CLOSED, CLOSED_BY_Q, PRINTING];
const TYPED: &[&[(&str, &str)]] = &[INTERRUPT, CLOSED];

/// What is read again hangs, and this is opened over it.
const fn over(
    name: &'static str,
    then: &'static [(&'static str, &'static str)],
    keys: &'static [&'static [(&'static str, &'static str)]],
) -> Place {
    Place {
        name,
        pair: true,
        before: &[THERE],
        since: Since::Then,
        then,
        keys,
        changes: false,
    }
}

/// The grant is confirmed, and what comes after it hangs.
const fn granting(
    name: &'static str,
    call: &'static str,
    then: &'static [(&'static str, &'static str)],
    keys: &'static [&'static [(&'static str, &'static str)]],
) -> Place {
    Place {
        name,
        pair: true,
        before: &[THERE, ("f", "Give access?")],
        since: Since::Call(call),
        then,
        keys,
        changes: true,
    }
}

const AGAIN: (&str, &str) = ("r", "");

const PLACES: &[Place] = &[
    Place {
        name: "the lists, loading",
        pair: false,
        before: &[],
        since: Since::Start,
        then: &[("", "Who calls"), ("", "")],
        keys: &[TWICE],
        changes: false,
    },
    Place {
        name: "the lists, read again",
        pair: false,
        before: &[("", "in 4 projects")],
        since: Since::Then,
        then: &[(F5, "")],
        keys: &[TWICE],
        changes: false,
    },
    Place {
        name: "the lists, filtered while they load",
        pair: false,
        before: &[],
        since: Since::Start,
        then: &[("", "Who calls"), ("run", "/ run"), ("", "")],
        keys: &[TWICE],
        changes: false,
    },
    Place {
        name: "permissions over the lists",
        pair: false,
        before: &[],
        since: Since::Start,
        then: &[("", "Who calls"), (F8, "permission"), ("", "")],
        keys: &[TWICE],
        changes: false,
    },
    Place {
        name: "an answer, reading",
        pair: true,
        before: &[],
        since: Since::Start,
        then: &[("", "get access token"), ("", "")],
        keys: &[TWICE, Q, PRINTING],
        changes: false,
    },
    over("an answer, read again", &[AGAIN], &[INTERRUPT, Q, PRINTING]),
    over("help", &[AGAIN, ("?", "Keys: the answer")], READ),
    over(
        "a search in a page",
        &[AGAIN, ("?", "Keys: the answer"), ("/", "Enter keep it")],
        &[INTERRUPT],
    ),
    over("the signs", &[AGAIN, ("!", "signs")], READ),
    over("the calls", &[AGAIN, ("L", "newest first")], READ),
    over("the menu", &[AGAIN, (":", "commands")], TYPED),
    over("what is copied", &[AGAIN, ("y", "Enter choose")], TYPED),
    over("permissions", &[AGAIN, ("m", "Enter choose")], TYPED),
    over("a chain", &[AGAIN, ("v", "Enter choose")], TYPED),
    over("a level", &[AGAIN, ("\r", "Console")], READ),
    over("a policy as it came", &[AGAIN, ("Y", "Esc back")], READ),
    over(
        "a request",
        &[AGAIN, ("R", "a request to an administrator")],
        READ,
    ),
    over("what it means", &[AGAIN, ("i", "Esc back")], READ),
    over("the history", &[AGAIN, ("H", "Esc back")], READ),
    over(
        "the tables, being read",
        &[("A", "")],
        &[TWICE, CLOSED, CLOSED_BY_Q, PRINTING],
    ),
    over(
        "a filter of the tables, being read",
        &[("A", "accounts"), ("/x", "Enter keep it"), ("", "")],
        &[TWICE],
    ),
    over("who can reach it", &[("w", "")], READ),
    over("what it can reach", &[("x", "")], READ),
    over(
        "what if a binding were switched",
        &[AGAIN, ("G ", "WHAT IF")],
        &[INTERRUPT, Q, PRINTING],
    ),
    over(
        "pairs asked about",
        &[AGAIN, ("P", "pairs asked about")],
        TYPED,
    ),
    Place {
        before: &[THERE, ("w", "terraform@ops-tools"), ("i", "Esc back")],
        ..over("a row of a list in full", &[], &[INTERRUPT, PRINTING])
    },
    over(
        "fixes side by side",
        &[AGAIN, ("F", "what it would allow")],
        READ,
    ),
    over(
        "an answer, watched",
        &[AGAIN, ("W", "Watched: asked anew")],
        &[INTERRUPT, Q, PRINTING],
    ),
    over(
        "choosing another pair",
        &[AGAIN, ("p", "Who calls")],
        &[INTERRUPT],
    ),
    over(
        "the confirmation",
        &[("f", "Give access?"), ("", "")],
        TYPED,
    ),
    over(
        "the word",
        &[
            ("f", "Give access?"),
            ("grant", "to apply: grant"),
            ("", ""),
        ],
        &[INTERRUPT],
    ),
    over(
        "what the change means",
        &[("f", "Give access?"), ("i", "Esc back"), ("", "")],
        &[INTERRUPT, PRINTING],
    ),
    granting(
        "a change being read for",
        ":getIamPolicy",
        &[("grant\r", "")],
        WRITING,
    ),
    granting(
        "a change being written",
        ":setIamPolicy",
        &[("grant\r", "")],
        WRITING,
    ),
    granting(
        "a change being watched",
        ":generateAccessToken",
        &[("grant\r", "")],
        &[INTERRUPT, PRINTING],
    ),
];

/// While a change is written, it takes a second press.
const WRITING: &[&[(&str, &str)]] = &[
    &[(CTRL_C, "once more leaves"), (CTRL_C, "")],
    &[("q", "once more leaves"), ("q", "")],
    &[("Q", "once more leaves"), ("Q", "")],
    &[
        (ESC, "q leaves without it"),
        ("q", "once more leaves"),
        ("q", ""),
    ],
];

/// A way out: keys, or a signal.
#[derive(Clone, Copy)]
enum Way {
    Keys(&'static [(&'static str, &'static str)]),
    Signal(&'static str),
}

impl Way {
    fn words(self) -> &'static str {
        match self {
            Self::Signal(name) => name,
            Self::Keys(keys) => match keys.last() {
                Some(&(CTRL_C, _)) => "Ctrl-C",
                Some(&("Q", _)) => "Q",
                _ => "q",
            },
        }
    }
}

/// How long leaving took: by what hangs and the way out, until the terminal was given back, and until the end.
#[derive(Default)]
struct Table(Mutex<BTreeMap<Row, Vec<(Duration, Duration)>>>);

/// What hangs, and the way out.
type Row = (String, &'static str);

impl Table {
    fn note(&self, row: String, way: &'static str, begun: Instant, end: &End) {
        let ended = begun.elapsed();
        let given = end.left.map_or(ended, |left| left.duration_since(begun));
        let mut rows = self.0.lock().unwrap();
        rows.entry((row, way)).or_default().push((given, ended));
    }

    fn print(&self, title: &str) {
        println!("\n| {title} | by | cases | terminal given back | ended, median | ended, most |");
        println!("| --- | --- | --- | --- | --- | --- |");
        for ((row, way), all) in &*self.0.lock().unwrap() {
            let given = all
                .iter()
                .map(|t| t.0.as_millis())
                .max()
                .unwrap_or_default();
            let mut ended: Vec<u128> = all.iter().map(|t| t.1.as_millis()).collect();
            ended.sort_unstable();
            let (median, most) = (ended[ended.len() / 2], ended[ended.len() - 1]);
            let cases = all.len();
            println!("| {row} | {way} | {cases} | {given} ms | {median} ms | {most} ms |");
        }
    }
}

fn asked_for(cases: &str) -> bool {
    std::env::var("LEAVING_CASES").is_ok_and(|asked| asked == cases)
}

/// Of the ways at one place, all, or the one whose turn it is.
fn chosen<T: Copy>(all: Vec<T>, turn: usize) -> Vec<T> {
    if asked_for("all") || asked_for("timed") {
        return all;
    }
    vec![all[turn % all.len()]]
}

/// Several at a time: they wait for processes.
fn side_by_side<T: Send>(cases: Vec<T>, check: impl Fn(T) + Sync) {
    let at_once = if asked_for("timed") { 1 } else { 3 };
    let cases = Mutex::new(cases.into_iter());
    std::thread::scope(|scope| {
        for _ in 0..at_once {
            scope.spawn(|| {
                while let Some(case) = { cases.lock().unwrap().next() } {
                    check(case);
                }
            });
        }
    });
}

/// Says which case it was where one fails.
struct Told<'a>(&'a str);

impl Drop for Told<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("this was: {}", self.0);
        }
    }
}

/// Waits for a thing that comes soon.
#[track_caller]
fn until(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !is_so() {
        assert!(Instant::now() < deadline, "it did not come: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn every_place_is_left_whatever_hangs() {
    let shared = Emulator::start(&["--demo", "cross-project"]);
    let mut cases = Vec::new();
    for (turn, place) in PLACES.iter().enumerate() {
        let signals = ["TERM", "HUP", "INT", "QUIT"].map(Way::Signal);
        let ways = place.keys.iter().map(|keys| Way::Keys(keys));
        let all = ways.chain(signals).flat_map(|way| {
            let hangs = Hangs::all().iter();
            hangs.map(move |hangs| (way, *hangs))
        });
        // So that each way and each thing that hangs has its turn.
        for (way, hangs) in chosen(all.collect(), turn * 4 + turn / 3) {
            cases.push((place, way, hangs));
        }
    }
    let table = Table::default();
    side_by_side(cases, |(place, way, hangs)| {
        let own = place
            .changes
            .then(|| Emulator::start(&["--demo", "cross-project", "--propagation", "1h"]));
        let emulator = own.as_ref().unwrap_or(&shared);
        let what = format!("{}, {hangs:?}, {}", place.name, way.words());
        let _told = Told(&what);
        let tunnel = Tunnel::to(&emulator.url, hangs);
        if place.since == Since::Start {
            tunnel.hang();
        }
        let mut arguments = vec!["--endpoint", &tunnel.url];
        arguments.extend(PAIR.iter().filter(|_| place.pair));
        let variables = [emulator.environment(), tunnel.environment()].concat();
        let mut pty = Pty::bindscope(&arguments, &variables);
        let press = |pty: &mut Pty, keys: &[(&str, &str)]| {
            for (keys, words) in keys {
                let before = tunnel.stuck();
                pty.send(keys);
                match *words {
                    // What is asked from the beginning may hang already.
                    "" if keys.is_empty() => until(&what, || tunnel.stuck() > 0),
                    "" => until(&what, || tunnel.stuck() > before),
                    words => drop(pty.wait_for(words)),
                }
            }
        };
        press(&mut pty, place.before);
        match place.since {
            Since::Start => {}
            Since::Then => tunnel.hang(),
            Since::Call(word) => tunnel.hang_at(word),
        }
        press(&mut pty, place.then);
        let begun = 'left: {
            match way {
                Way::Signal(name) => {
                    let begun = Instant::now();
                    pty.signal(name);
                    begun
                }
                Way::Keys(keys) => {
                    let (last, first) = keys.split_last().unwrap();
                    for (key, words) in first {
                        // A frame comes piece by piece: what was there before must not be taken for what comes.
                        pty.wait_until_gone(words).send(key).wait_for(words);
                    }
                    let begun = Instant::now();
                    pty.send(last.0);
                    // The accounts may still be listed, and then that is stopped first.
                    if keys.len() == 1 && last.0 == CTRL_C {
                        until(&what, || pty.is_over() || pty.says("Stopped."));
                        if !pty.is_over() {
                            let begun = Instant::now();
                            pty.send(CTRL_C);
                            break 'left begun;
                        }
                    }
                    begun
                }
            }
        };
        let end = pty.wait();
        table.note(hangs.words().to_owned(), way.words(), begun, &end);
        end.given_back();
        assert!(end.success, "{what}: {}", end.screen);
        if what.starts_with("a change being") && !what.contains("watched") {
            assert!(
                end.screen.contains("left while a change was being"),
                "{what}: {}",
                end.screen
            );
        }
    });
    table.print("explorer");
}

/// Commands that speak to Google. Each hangs with its first call, or with the one that is named.
const COMMANDS: &[(&[&str], Option<&str>)] = &[
    (&["explain", "PAIR"], None),
    (
        &["explain", "PAIR", "--second-opinion"],
        Some("iam:troubleshoot"),
    ),
    (&["explain", "PAIR", "--watch=1"], None),
    (&["fix", "PAIR", "--dry-run"], None),
    (&["fix", "PAIR", "--yes"], Some(":setIamPolicy")),
    (
        &["fix", "PAIR", "--yes", "--wait", "1h"],
        Some(":generateAccessToken"),
    ),
    (&["history"], None),
    (&["undo", "--yes"], None),
    (&["list", "projects"], None),
    (&["list", "service-accounts"], None),
    (&["list", "bindings"], None),
    (&["who", "--target", TARGET], None),
    (&["reach", "--caller", CALLER], None),
    (&["graph"], None),
    (&["review"], None),
    (&["export", "OUT"], None),
    (&["test", "EXPECTATIONS"], None),
    (&["whoami"], None),
    (&["doctor"], None),
];

#[test]
fn every_command_is_left_whatever_hangs() {
    let mut cases = Vec::new();
    for (turn, command) in COMMANDS.iter().enumerate() {
        let all = [CTRL_C, "TERM", "HUP", "INT"].into_iter().flat_map(|way| {
            let hangs = Hangs::all().iter();
            hangs.map(move |hangs| (way, *hangs))
        });
        for (way, hangs) in chosen(all.collect(), turn * 5 + turn / 3) {
            cases.push((command, way, hangs));
        }
    }
    let table = Table::default();
    side_by_side(cases, |((command, call), way, hangs)| {
        let what = format!("{command:?}, {hangs:?}, {way:?}");
        let _told = Told(&what);
        let emulator = Emulator::start(&["--demo", "cross-project", "--propagation", "1h"]);
        let tunnel = Tunnel::to(&emulator.url, hangs);
        let home = tempfile::tempdir().unwrap();
        let (file, out) = (home.path().join("expected"), home.path().join("out"));
        let expected =
            format!("[[expect]]\ncaller = \"{CALLER}\"\ntarget = \"{TARGET}\"\nmay = \"yes\"\n");
        std::fs::write(&file, expected).unwrap();
        let mut arguments = vec!["--endpoint".to_owned(), tunnel.url.clone()];
        for word in *command {
            match *word {
                "PAIR" => arguments.extend(PAIR.map(str::to_owned)),
                "OUT" => arguments.push(out.display().to_string()),
                "EXPECTATIONS" => arguments.push(file.display().to_string()),
                word => arguments.push(word.to_owned()),
            }
        }
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let state = home.path().display().to_string();
        let state = vec![("XDG_STATE_HOME".to_owned(), state)];
        let variables = [emulator.environment(), tunnel.environment(), state].concat();
        if matches!(command[0], "history" | "undo") {
            let fix = [&arguments[..2], &["fix", "--yes"], &PAIR].concat();
            let end = Pty::bindscope(&fix, &variables).wait();
            assert!(end.success, "{}", end.screen);
        }
        match call {
            Some(word) => tunnel.hang_at(word),
            None => tunnel.hang(),
        }
        let mut pty = Pty::bindscope(&arguments, &variables);
        until(&what, || tunnel.stuck() > 0 || pty.is_over());
        assert!(!pty.is_over(), "{what}: {}", pty.wait().screen);
        let begun = Instant::now();
        pty.leave_by(way);
        let end = pty.wait();
        let name = if way == CTRL_C { "Ctrl-C" } else { way };
        table.note(hangs.words().to_owned(), name, begun, &end);
        assert!(!end.success, "{what}: {}", end.screen);
        assert!(!end.screen.contains("panicked"), "{what}: {}", end.screen);
    });
    table.print("commands");
}

/// Commands that ask nobody end by themselves, whatever hangs.
#[test]
fn what_asks_nobody_waits_for_nobody() {
    let estate = |name: &str| format!("{}/assets/estates/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let (old, new) = (estate("no-grant"), estate("group"));
    let commands: [&[&str]; 4] = [
        &["config"],
        &["completions", "bash"],
        &["man"],
        &["diff", &old, &new],
    ];
    let emulator = Emulator::start(&["--demo", "cross-project"]);
    for (turn, command) in commands.iter().enumerate() {
        let hangs = Hangs::all()[turn % Hangs::all().len()];
        let tunnel = Tunnel::to(&emulator.url, hangs);
        tunnel.hang();
        let arguments = [&["--endpoint", &tunnel.url], *command].concat();
        let variables = [emulator.environment(), tunnel.environment()].concat();
        let mut pty = Pty::bindscope(&arguments, &variables);
        until(&format!("{command:?}"), || pty.is_over());
        let end = pty.wait();
        assert!(!end.screen.contains("panicked"), "{}", end.screen);
        assert_eq!(tunnel.stuck(), 0, "{command:?}");
    }
}

/// Line by line: the word that leaves, the key and the signals, while an answer is read for.
#[test]
fn line_by_line_it_is_left_whatever_hangs() {
    let emulator = Emulator::start(&["--demo", "cross-project"]);
    let ways = ["quit\r", CTRL_C, "TERM", "HUP", "INT", "QUIT"];
    let mut cases = Vec::new();
    for (turn, way) in ways.into_iter().enumerate() {
        let hangs = Hangs::all().iter().map(|hangs| (way, *hangs));
        cases.extend(chosen(hangs.collect(), turn));
    }
    let table = Table::default();
    side_by_side(cases, |(way, hangs)| {
        let what = format!("line by line, {hangs:?}, {way:?}");
        let _told = Told(&what);
        let tunnel = Tunnel::to(&emulator.url, hangs);
        tunnel.hang();
        let arguments = [&["--plain", "--endpoint", &tunnel.url], &PAIR[..]].concat();
        let variables = [emulator.environment(), tunnel.environment()].concat();
        let mut pty = Pty::bindscope(&arguments, &variables);
        until(&what, || tunnel.stuck() > 0);
        // What is typed before the first line is heard is not taken.
        pty.wait_until_bytes("a first line", |bytes| !bytes.is_empty());
        let mut begun = Instant::now();
        pty.leave_by(way);
        if way == CTRL_C {
            until(&what, || pty.is_over() || pty.says("Stopped."));
            if !pty.is_over() {
                begun = Instant::now();
                pty.leave_by(way);
            }
        }
        let end = pty.wait();
        let name = way.trim_end();
        table.note(
            hangs.words().to_owned(),
            if name == CTRL_C { "Ctrl-C" } else { name },
            begun,
            &end,
        );
        assert!(!end.screen.contains("panicked"), "{what}: {}", end.screen);
    });
    table.print("line by line");
}

/// A refused call that is not found yet is asked about for an hour: the answer stands there, and it is left at any moment.
#[test]
fn waiting_for_a_refused_call_is_left() {
    let emulator = Emulator::start(&["--demo", "cross-project"]);
    let arguments = [&["--endpoint", &emulator.url, "explain", "-"], &PAIR[..]].concat();
    for way in [CTRL_C, "TERM", "HUP", "INT"] {
        let mut pty = Pty::bindscope(&arguments, &emulator.environment());
        pty.wait_for("Paste the error");
        pty.send("PERMISSION_DENIED: iam.serviceAccounts.getAccessToken denied, error_info_id: 5a09c9dedbf690798f19d016484901ed\r\u{4}");
        pty.wait_for("asked about it again in 60 s; Ctrl-C leaves");
        pty.leave_by(way);
        let end = pty.wait();
        assert!(
            end.screen.contains("is not found there yet"),
            "{way:?}: {}",
            end.screen
        );
    }
}

/// The emulator ends although somebody is in the middle of a call.
#[test]
fn the_emulator_is_left_in_the_middle_of_a_call() {
    for way in ["TERM", "HUP", CTRL_C] {
        let mut pty = Pty::bindscope(&["emulator", "--demo", "--port", "0"], &[]);
        pty.wait_for("http://127.0.0.1:");
        pty.wait_for("OVERRIDES_ORGPOLICY");
        let address = pty.address().unwrap();
        let text =
            "POST /v3/projects/x:getIamPolicy HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\n{";
        let calls = [20, 60, text.len()].map(|part| {
            let mut stream = TcpStream::connect(&address).unwrap();
            stream.write_all(&text.as_bytes()[..part]).unwrap();
            stream
        });
        pty.leave_by(way);
        let end = pty.wait();
        assert!(end.success, "{way:?}: {}", end.screen);
        drop(calls);
    }
}

/// What is read from the terminal never ends.
#[test]
fn a_command_that_reads_its_input_is_left() {
    for command in [
        &["--demo", "explain", "-"][..],
        &["--estate", "-", "list", "projects"],
    ] {
        for way in [CTRL_C, "TERM", "HUP"] {
            let mut pty = Pty::bindscope(command, &[]);
            pty.send("half a line").wait_for("half a line");
            pty.leave_by(way);
            let end = pty.wait();
            assert!(!end.success, "{command:?} {way:?}: {}", end.screen);
        }
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
        until("gcloud", || process.exists());
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
