//! The picking list's matcher beside `fzf --filter`, on the same list of accounts.
//!
//!     cargo bench --bench matching [-- ACCOUNTS]
//!
//! For each query: the list is matched and put in order as it is when the query is pasted; and fzf, where one is found
//! (in `FZF`, else on the path), reads the same names and does the same. fzf starts a process and reads the list each time,
//! so making our list from the lines stands beside it. The least of three runs each, in turn; both on all cores.

#[path = "support/names.rs"]
mod names;

use std::fs::File;
use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bindscope::tui::model::Account;
use bindscope::tui::model::list::{Filtered, Item};
use names::account;
use tui_input::Input;

/// As the program has.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const QUERIES: [&str; 6] = [
    "api",
    "worker-7",
    "ledgerprod",
    "team-042 loader",
    "xq",
    "exporter12",
];

fn least(mut run: impl FnMut()) -> Duration {
    let timed = (0..3).map(|_| {
        let begun = Instant::now();
        run();
        begun.elapsed()
    });
    timed.min().unwrap_or_default()
}

fn main() {
    let asked = std::env::args().skip(1).find_map(|arg| arg.parse().ok());
    let count: usize = asked.unwrap_or(1_000_000);
    let accounts: Vec<Arc<Account>> = (0..count)
        .map(|n| Arc::new(Account::new(&account(n, (count / 20).max(1)))))
        .collect();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("names");
    let mut file = std::io::BufWriter::new(File::create(&path).expect("a file"));
    for one in &accounts {
        writeln!(file, "{}", one.text()).expect("a line");
    }
    file.flush().expect("all lines");
    let mut list = Filtered::default();
    list.sorted = true;
    let begun = Instant::now();
    for page in accounts.chunks(2_000) {
        let mut page = page.to_vec();
        page.sort_by(|a, b| a.text().cmp(b.text()));
        list.extend(page);
    }
    let made = begun.elapsed();
    let fzf = std::env::var("FZF").unwrap_or_else(|_| "fzf".to_owned());
    let there = Command::new(&fzf).arg("--version").output();
    let version = there.map_or_else(
        |_| "no fzf here".to_owned(),
        |out| String::from_utf8_lossy(&out.stdout).trim().to_owned(),
    );
    println!("{count} accounts, made ready in pages of 2000 in {made:.0?}; fzf: {version}");
    println!(
        "{:<18} {:>9} {:>10} {:>10} {:>7}",
        "query", "matches", "bindscope", "fzf", "times"
    );
    for query in QUERIES {
        let ours = least(|| {
            list.input = Input::default();
            list.refilter();
            list.input = Input::new(query.to_owned());
            list.refilter();
        });
        let theirs = least(|| {
            let names = File::open(&path).expect("the names");
            let run = Command::new(&fzf)
                .args(["--filter", query])
                .stdin(names)
                .stdout(Stdio::null())
                .status();
            drop(run);
        });
        let times = theirs.as_secs_f64() / ours.as_secs_f64();
        println!(
            "{query:<18} {:>9} {ours:>10.1?} {theirs:>10.1?} {times:>7.1}",
            list.shown()
        );
    }
}
