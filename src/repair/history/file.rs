//! The journal's file: lines of JSON, only ever appended to.
//!
//! A line is written by one `write` call to a file opened for appending: POSIX puts such a write at
//! the file's end with nothing of another process in between (`write`, O_APPEND), so processes need
//! no lock. Each write starts with a line end of its own: where a line before was torn (killed, disk
//! full) the next one is whole all the same. Reading skips what is torn or not understood.
//!
//! No token and no policy gets here: the grant, the etags, and who wanted what.

use std::collections::hash_map::RandomState;
use std::fs::{DirBuilder, File, OpenOptions};
use std::hash::BuildHasher;
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use etcetera::BaseStrategy;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{ChangeRecord, ChangeState, HistoryEntry, HistoryListing};
use crate::text::visible;

/// The journal's name in its directory.
pub const FILE: &str = "history.ndjson";

/// The longest line that is written, in bytes. What fits in one page is written in one piece by
/// every file system; a grant with a condition is far shorter.
pub(super) const MAX_LINE: usize = 4_096;

/// The longest reason of a failure that is kept, in characters.
const MAX_REASON: usize = 400;

/// Why the journal could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// The system said no.
    #[error("cannot {doing} the history {}: {source}. {hint}", path.display())]
    Io {
        /// What was tried.
        doing: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// What came back.
        source: std::io::Error,
        /// What to do next.
        hint: &'static str,
    },
    /// The entry does not fit in a line.
    #[error(
        "the change does not fit in the history: {bytes} bytes, {MAX_LINE} is the most. Nothing was sent. Shorten the condition"
    )]
    TooLong {
        /// How long its line is.
        bytes: usize,
    },
    /// No home directory.
    #[error(
        "there is no place for the history: no home directory is known. Set XDG_STATE_HOME or HOME"
    )]
    NoHome,
}

/// `$XDG_STATE_HOME/bindscope`, which is `~/.local/state/bindscope` unless set; on Windows, which
/// has no state directory, under the data directory.
///
/// # Errors
/// [`HistoryError::NoHome`].
pub fn default_dir() -> Result<PathBuf, HistoryError> {
    let base = etcetera::choose_base_strategy().map_err(|_| HistoryError::NoHome)?;
    let state = base.state_dir().unwrap_or_else(|| base.data_dir());
    Ok(state.join("bindscope"))
}

/// One line.
#[derive(Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "SCREAMING_SNAKE_CASE")]
enum JournalLine {
    Begin {
        id: String,
        #[serde(flatten)]
        record: Box<ChangeRecord>,
    },
    Complete {
        id: String,
        time: Timestamp,
        #[serde(flatten)]
        state: ChangeState,
    },
}

/// Writes down a change before it is sent, and gives its id. When this returns, the entry is on the
/// disk. The directory is made when it is missing, for its owner alone.
///
/// # Errors
/// [`HistoryError`]: then nothing may be sent.
pub fn begin(dir: &Path, record: &ChangeRecord) -> Result<String, HistoryError> {
    let id = new_id(record.time);
    let mut record = record.clone();
    record.endpoint = without_credentials(&record.endpoint);
    append(
        dir,
        &JournalLine::Begin {
            id: id.clone(),
            record: Box::new(record.clone()),
        },
    )?;
    tracing::info!(
        id,
        resource = record.resource,
        role = record.grant.role,
        member = record.grant.member,
        switch = record.switch.is_some(),
        "a change is about to be sent"
    );
    Ok(id)
}

/// Writes down what became of a change. `at` is now.
///
/// # Errors
/// [`HistoryError`]: the entry keeps its last state, and the policy tells the rest.
pub fn complete(
    dir: &Path,
    id: &str,
    at: Timestamp,
    state: &ChangeState,
) -> Result<(), HistoryError> {
    let state = match state {
        ChangeState::Failed { reason } => ChangeState::Failed {
            reason: visible(&without_tokens(reason))
                .chars()
                .take(MAX_REASON)
                .collect(),
        },
        other => other.clone(),
    };
    tracing::info!(id, ?state, "what became of a change");
    append(
        dir,
        &JournalLine::Complete {
            id: id.to_owned(),
            time: at,
            state,
        },
    )
}

/// Everything in the journal, newest first. A journal that is not there is empty.
///
/// # Errors
/// [`HistoryError::Io`] when it is there and cannot be read.
pub fn list(dir: &Path) -> Result<HistoryListing, HistoryError> {
    let path = dir.join(FILE);
    let mut bytes = Vec::new();
    match File::open(&path).and_then(|mut file| file.read_to_end(&mut bytes)) {
        Ok(_) => Ok(fold(&bytes)),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(HistoryListing::default()),
        Err(source) => Err(HistoryError::Io {
            doing: "read",
            path,
            source,
            hint: "Check who owns it",
        }),
    }
}

fn fold(bytes: &[u8]) -> HistoryListing {
    let mut listing = HistoryListing::default();
    let mut places = std::collections::HashMap::new();
    let lines = bytes.split(|b| *b == b'\n');
    for line in lines.filter(|l| !l.trim_ascii().is_empty()) {
        match serde_json::from_slice::<JournalLine>(line) {
            Ok(JournalLine::Begin { id, record }) if !places.contains_key(&id) => {
                places.insert(id.clone(), listing.entries.len());
                listing.entries.push(HistoryEntry {
                    id,
                    changed: record.time,
                    record: *record,
                    state: ChangeState::Planned,
                    etag_after: None,
                });
            }
            Ok(JournalLine::Complete { id, time, state }) => {
                let entry = places.get(&id).and_then(|at| listing.entries.get_mut(*at));
                let Some(entry) = entry else {
                    listing.skipped += 1;
                    continue;
                };
                if let ChangeState::Applied { etag: Some(etag) } = &state {
                    entry.etag_after = Some(etag.clone());
                }
                entry.state = state;
                entry.changed = time;
            }
            Ok(JournalLine::Begin { .. }) | Err(_) => listing.skipped += 1,
        }
    }
    listing.entries.reverse();
    listing
}

fn append(dir: &Path, line: &JournalLine) -> Result<(), HistoryError> {
    let path = dir.join(FILE);
    let failed = |doing| {
        let path = path.clone();
        move |source| HistoryError::Io {
            doing,
            path,
            source,
            hint: "Nothing is changed in Google Cloud without a line there first: make the directory writable, or name another with XDG_STATE_HOME",
        }
    };
    let json = serde_json::to_string(line)
        .map_err(std::io::Error::from)
        .map_err(failed("write"))?;
    let bytes = format!("\n{json}\n").into_bytes();
    if bytes.len() > MAX_LINE {
        return Err(HistoryError::TooLong { bytes: bytes.len() });
    }
    make_dir(dir).map_err(failed("make the directory of"))?;
    let fresh = !path.exists();
    let mut file = open(&path).map_err(failed("open"))?;
    let written = loop {
        match file.write(&bytes) {
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            other => break other,
        }
    };
    let whole = written.and_then(|n| {
        if n == bytes.len() {
            file.sync_all()
        } else {
            Err(ErrorKind::WriteZero.into())
        }
    });
    whole.map_err(failed("write"))?;
    if fresh {
        sync_dir(dir).map_err(failed("make"))?;
    }
    Ok(())
}

#[cfg(unix)]
fn make_dir(dir: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    DirBuilder::new().recursive(true).mode(0o700).create(dir)
}

#[cfg(not(unix))]
fn make_dir(dir: &Path) -> std::io::Result<()> {
    DirBuilder::new().recursive(true).create(dir)
}

#[cfg(unix)]
fn open(path: &Path) -> std::io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)
}

#[cfg(not(unix))]
fn open(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().append(true).create(true).open(path)
}

/// A new file is only safe when its directory is on the disk too.
#[cfg(unix)]
fn sync_dir(dir: &Path) -> std::io::Result<()> {
    File::open(dir)?.sync_all()
}

#[cfg(not(unix))]
fn sync_dir(_dir: &Path) -> std::io::Result<()> {
    Ok(())
}

/// Eight or nine digits of base 36 for the millisecond, then five for what tells changes of the
/// same millisecond apart: the hasher's random keys, the process and a counter.
fn new_id(time: Timestamp) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let random = RandomState::new().hash_one((std::process::id(), count));
    let millis = u64::try_from(time.as_millisecond()).unwrap_or(0);
    format!("{}-{:0>5}", base36(millis), base36(random % 36_u64.pow(5)))
}

fn base36(mut n: u64) -> String {
    let mut digits = Vec::new();
    loop {
        let digit = u32::try_from(n % 36).unwrap_or(0);
        digits.extend(char::from_digit(digit, 36));
        n /= 36;
        if n == 0 {
            break;
        }
    }
    digits.iter().rev().collect()
}

/// A URL without the `user:password@` and the query that somebody may have put there.
pub(super) fn without_credentials(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or(url);
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = authority.rsplit('@').next().unwrap_or(authority);
    format!("{scheme}://{host}{path}")
}

/// A text without what looks like an access token: the word after `Bearer`, Google's `ya29.…`, and a
/// signed JWT.
fn without_tokens(text: &str) -> String {
    let mut after_bearer = false;
    let mut out = Vec::new();
    for word in text.split(' ') {
        let bare = word.trim_start_matches(|c: char| !c.is_ascii_alphanumeric());
        let secret = after_bearer || bare.contains("ya29.") || bare.contains("eyJ");
        out.push(if secret { "(token)" } else { word });
        after_bearer = bare.eq_ignore_ascii_case("bearer");
    }
    out.join(" ")
}
