//! From a key to the frame that shows it, in the explorer's own loop, with a million accounts in its lists.
//!
//!     cargo bench --bench keys [-- ACCOUNTS]
//!
//! The model, its executor and a terminal in memory of 120 by 40, with the loop that `tui/run/explorer.rs` has: what a
//! pseudo-terminal and the process at its other end take is not in it (`benches/explorer.py` measures that too). Keys
//! come at a fixed pace, as fast as a held key repeats, whether or not the one before was answered: each counts from
//! when it was pressed until its frame is drawn, with whatever stood before it; beside it stands the processor time of
//! the loop for that key, which tells what of it is the explorer's own where the machine is busy (Linux). What is matched, sorted and counted
//! elsewhere meanwhile runs on the same cores. The tables are those of an estate of a tenth of the accounts, with two
//! bindings for each and 20 for each project.

#[path = "support/explorer.rs"]
mod explorer;
#[path = "support/names.rs"]
mod names;
mod support;

use std::sync::Arc;
use std::time::{Duration, Instant};

use bindscope::answer::inventory::EstateRead;
use bindscope::evaluate::review::ReviewOptions;
use bindscope::google::listing::Listing;
use bindscope::tui::message::Message;
use bindscope::tui::model::list::{Batch, Item};
use bindscope::tui::model::{Account, Model};
use bindscope::tui::run::executor::Executor;
use bindscope::tui::{update, view};
use jiff::Timestamp;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use tokio::runtime::Runtime;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::sleep_until;

/// As the program has.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Thirty keys a second: a key that is held.
const PACE: Duration = Duration::from_millis(33);
/// As in the loop of the explorer.
const BETWEEN_FRAMES: Duration = Duration::from_millis(4);
const FRAME: Duration = Duration::from_millis(16);

struct Played {
    model: Model,
    executor: Executor,
    sender: UnboundedSender<Message>,
    messages: UnboundedReceiver<Message>,
    terminal: Terminal<TestBackend>,
    runtime: Runtime,
    rows: Vec<Row>,
}

/// What some keys took.
struct Row {
    name: &'static str,
    /// Milliseconds, of each key.
    keys: Vec<f64>,
    /// Milliseconds of processor time of the loop, for each key.
    own: Vec<f64>,
    /// Milliseconds of the longest turn of the loop that was no key's.
    other: f64,
}

impl Played {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("threads");
        let (sender, messages) = unbounded_channel();
        let handle = runtime.handle().clone();
        let executor = Executor::new(
            handle,
            sender.clone(),
            None,
            true,
            std::env::temp_dir().join("bindscope-bench-keys"),
            "a million accounts".to_owned(),
        );
        Self {
            model: explorer::model(),
            executor,
            sender,
            messages,
            terminal: Terminal::new(TestBackend::new(120, 40)).expect("a terminal in memory"),
            runtime,
            rows: Vec::new(),
        }
    }

    fn take(&mut self, message: Message) {
        for effect in update::update(&mut self.model, message) {
            self.executor.run(effect);
        }
    }

    fn draw(&mut self) {
        let model = &mut self.model;
        let frame = self.terminal.draw(|frame| {
            let layout = view::draw(frame, model);
            model.drawn(layout);
        });
        frame.map(drop).expect("drawn in memory");
    }

    fn is_idle(&self) -> bool {
        self.executor.under_way() == 0 && self.messages.is_empty()
    }

    /// Presses keys at their pace, and goes on until nothing is under way.
    fn keys(&mut self, name: &'static str, notation: &str) {
        let keys = explorer::keys(notation);
        let (presses, mut pressed) = unbounded_channel();
        std::thread::spawn(move || {
            let begun = Instant::now();
            for (nth, key) in (0..).zip(keys) {
                std::thread::sleep((PACE * nth).saturating_sub(begun.elapsed()));
                if presses.send((Instant::now(), key)).is_err() {
                    return;
                }
            }
        });
        let mut row = Row {
            name,
            keys: Vec::new(),
            own: Vec::new(),
            other: 0.0,
        };
        let runtime = self.runtime.handle().clone();
        runtime.block_on(async {
            let (mut all_pressed, mut typed, mut is_due) = (false, false, true);
            let mut drawn = Instant::now();
            while !(all_pressed && is_due && self.is_idle()) {
                let due = if typed {
                    self.messages.try_recv().ok()
                } else {
                    None
                };
                let (key, message) = if due.is_some() {
                    (None, due)
                } else {
                    tokio::select! {
                        biased;
                        key = pressed.recv(), if !all_pressed => {
                            all_pressed = key.is_none();
                            (key, None)
                        }
                        message = self.messages.recv() => (None, message),
                        () = sleep_until((drawn + FRAME).into()), if !is_due => (None, None),
                    }
                };
                typed = key.is_some();
                let (begun, own) = (Instant::now(), processor());
                if let Some((_, key)) = &key {
                    self.take(Message::Key(key.event()));
                }
                if let Some(message) = message {
                    self.take(message);
                }
                while !typed
                    && begun.elapsed() < BETWEEN_FRAMES
                    && let Ok(message) = self.messages.try_recv()
                {
                    self.take(message);
                }
                is_due = typed || drawn.elapsed() >= FRAME;
                if is_due {
                    self.draw();
                    drawn = Instant::now();
                }
                match key {
                    Some((pressed, _)) => {
                        row.keys.push(milliseconds(pressed.elapsed()));
                        row.own.push(milliseconds(processor().saturating_sub(own)));
                    }
                    None => row.other = row.other.max(milliseconds(begun.elapsed())),
                }
            }
        });
        self.rows.push(row);
    }

    fn says(&self, words: &str) {
        let cells = &self.terminal.backend().buffer().content;
        let text: String = cells.iter().map(|cell| cell.symbol()).collect();
        assert!(text.contains(words), "{words:?} is not on the screen");
    }

    /// Sends the accounts as a listing does: made ready in batches on another thread, as fast as that goes.
    fn fill(&self, count: usize) -> std::thread::JoinHandle<()> {
        let sender = self.sender.clone();
        std::thread::spawn(move || {
            let projects = (count / 20).max(1);
            for first in (0..count).step_by(2_000) {
                let some = first..(first + 2_000).min(count);
                let mut accounts: Vec<Arc<Account>> = some
                    .map(|n| Arc::new(Account::new(&names::account(n, projects))))
                    .collect();
                accounts.sort_unstable_by(|a, b| a.text().cmp(b.text()));
                for batch in Batch::of(accounts) {
                    let (callers, targets) = (Arc::clone(&batch), batch);
                    if sender.send(Message::Accounts { callers, targets }).is_err() {
                        return;
                    }
                }
            }
        })
    }
}

/// What this thread has had of a processor.
#[cfg(target_os = "linux")]
fn processor() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(
        u64::try_from(time.tv_sec).unwrap_or_default(),
        u32::try_from(time.tv_nsec).unwrap_or_default(),
    )
}

#[cfg(not(target_os = "linux"))]
fn processor() -> Duration {
    Duration::ZERO
}

fn all_listed() -> Message {
    Message::Listed(Ok(Listing::default()), Timestamp::UNIX_EPOCH)
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

/// Each text typed and deleted again.
fn typed(texts: &[&str]) -> String {
    texts
        .iter()
        .map(|text| format!("{text}{}", "<Backspace>".repeat(text.len())))
        .collect()
}

const TEXTS: [&str; 7] = [
    "api", "ledger", "worker-7", "prod", "x", "team-042", "exporter",
];

fn print(rows: Vec<Row>) {
    println!(
        "{:<44} {:>5} {:>8} {:>8} {:>8} {:>9} {:>9} {:>12}",
        "milliseconds", "keys", "median", "99 %", "worst", "own 99 %", "own most", "other turns"
    );
    let mut all = Row {
        name: "all",
        keys: Vec::new(),
        own: Vec::new(),
        other: 0.0,
    };
    for row in rows {
        all.keys.extend(&row.keys);
        all.own.extend(&row.own);
        all.other = all.other.max(row.other);
        told(row);
    }
    told(all);
}

fn told(row: Row) {
    let (name, other, count) = (row.name, row.other, row.keys.len());
    let [keys, own] = [row.keys, row.own].map(|mut times| {
        times.sort_by(f64::total_cmp);
        move |part: usize| {
            let nth = (times.len() * part / 100).min(times.len().saturating_sub(1));
            times.get(nth).copied().unwrap_or_default()
        }
    });
    println!(
        "{name:<44} {count:>5} {:>8.1} {:>8.1} {:>8.1} {:>9.1} {:>9.1} {other:>12.1}",
        keys(50),
        keys(99),
        keys(100),
        own(99),
        own(100)
    );
}

fn main() {
    let asked = std::env::args().skip(1).find_map(|arg| arg.parse().ok());
    let count: usize = asked.unwrap_or(1_000_000);
    let mut played = Played::new();
    let filling = played.fill(count);
    let begun = Instant::now();
    played.keys(
        "a list that fills: moving, typing, deleting",
        &format!("<Down><Down><PgDn><Up>{}", typed(&TEXTS)),
    );
    filling.join().expect("all accounts");
    played.keys("", "<Down>");
    played.rows.pop();
    println!(
        "{count} accounts, in the lists after {:.1?}",
        begun.elapsed()
    );
    played.take(all_listed());
    let moves = "<Down><Down><PgDn><PgDn><Ctrl-d><End><Up><PgUp><Home><Down>".repeat(10);
    played.keys("moving and paging", &moves);
    played.keys("typing and deleting", &typed(&TEXTS));
    let back = "a<Esc>pi<Esc>worker<Esc>ledger<Down><Down><Esc>".repeat(4);
    played.keys("typing, and Esc takes it back", &back);
    let target = format!("<Tab>{}<Tab>{}", typed(&TEXTS[..3]), typed(&TEXTS[3..5]));
    played.keys("the other list", &target);
    let palette = "<F2>accounts<Esc><Esc>".repeat(5);
    played.keys("the palette", &palette);
    played.keys(
        "the table of accounts: opened and left",
        &"<F4><Down><Esc>".repeat(5),
    );
    let table = "<F4><Down><PgDn><End><Up><Home>sd/work<Enter><Down><Down><Esc><Esc>";
    played.keys("that table, listed: moving, sorting, filter", table);
    played.keys(
        "an account is chosen, and another",
        "api<Enter>worker<Enter>",
    );
    played.keys(
        "through another account",
        &"v<Down>ledger<Down><Esc><Esc>".repeat(4),
    );
    played.keys("back from the answer", "p<Esc>p<Down><Esc>");
    let projects = (count / 200).max(10);
    let read = Arc::new(EstateRead {
        estate: support::estate(support::Size {
            projects,
            accounts: 20,
            bindings: 2,
        }),
        not_read: Vec::new(),
        assumptions: Vec::new(),
        time: Timestamp::from_second(1_795_000_000).unwrap_or_default(),
        unlisted: Vec::new(),
        options: ReviewOptions {
            sees_all_projects: true,
            ..ReviewOptions::default()
        },
        suppressions: Vec::new(),
    });
    played.keys("", "A");
    played.rows.pop();
    let ticket = played.model.estate.ticket;
    let came = played.sender.send(Message::EstateRead(ticket, Ok(read)));
    came.expect("the explorer listens");
    let table = "<Down><PgDn><End><Up><Home>sd<Space><Space>/proj<Enter><Down><Esc><Tab>j<PgDn>ssd/user<Enter>j<Esc><Tab>jss<Esc>";
    played.keys("tables of what was read", table);
    played.keys("the list read anew", "p<F5><Down>a<Esc>");
    let filling = played.fill(count);
    played.keys("while it comes", &typed(&TEXTS[..4]));
    filling.join().expect("all accounts");
    let came = played.sender.send(all_listed());
    came.expect("the explorer listens");
    played.keys("and when it has come", "a<Down><Esc>");
    played.says("administrator");
    print(std::mem::take(&mut played.rows));
    // What it takes to free all of it is no key's.
    std::process::exit(0);
}
