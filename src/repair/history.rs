//! The journal of what bindscope changed: one file of JSON lines, only ever appended to.
//!
//! [`begin`] is on the disk before the write goes to Google, [`complete`] after its answer. So a
//! process that is killed in between leaves an entry that says [`ChangeState::Planned`]: whether the write
//! arrived is then asked of the policy ([`settle`]).
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
use serde_json::Value;

use super::edit::{Grant, PolicyBefore};
use super::switch::{Switch, SwitchKind};
use crate::iam::Resource;
use crate::text::visible;

pub use super::standing::{Standing, newest_in_force, settle};

/// The journal's name in its directory.
pub const FILE: &str = "history.ndjson";

/// The longest line that is written, in bytes. What fits in one page is written in one piece by
/// every file system; a grant with a condition is far shorter.
const MAX_LINE: usize = 4_096;

/// The longest reason of a failure that is kept, in characters.
const MAX_REASON: usize = 400;

/// A change that is about to be sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChangeRecord {
    /// When it was confirmed.
    pub time: Timestamp,
    /// The base URL that it is sent to.
    pub endpoint: String,
    /// Where the facts came from, in words: `live`, an estate's name.
    #[serde(default)]
    pub estate: String,
    /// The full resource name of what has the policy.
    pub resource: String,
    /// What is granted; empty when something was turned on instead.
    #[serde(default)]
    pub grant: Grant,
    /// What was turned on at the resource, when that is what was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub switch: Option<SwitchKind>,
    /// The member whose place the granted one takes, when a member is corrected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaced: Option<String>,
    /// Whether the granted member stood in that binding before, so that only the replaced one was
    /// taken out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub had_member: bool,
    /// The policy's version, and whether it had bindings, before.
    #[serde(default)]
    pub before: PolicyBefore,
    /// The etag that was read, and is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag_before: Option<String>,
    /// The question that was asked: who,
    pub caller: String,
    /// on which service account (full resource name),
    pub target: String,
    /// for which permission.
    pub permission: String,
}

/// How far a change has come, as far as was written down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ChangeState {
    /// It was about to be sent; nothing is known of the answer.
    Planned,
    /// The policy was read back and has it.
    Applied {
        /// The etag of the policy with the change.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        etag: Option<String>,
    },
    /// It was not applied.
    Failed {
        /// Why, in words.
        #[serde(default)]
        reason: String,
    },
    /// Its removal was about to be sent; nothing is known of the answer.
    Undoing,
    /// It was removed again.
    Undone {
        /// The etag of the policy without it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        etag: Option<String>,
    },
}

impl ChangeState {
    /// Whether only the policy can tell if the change is there.
    #[must_use]
    pub fn is_open(&self) -> bool {
        matches!(self, Self::Planned | Self::Undoing)
    }

    /// One word for people.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Applied { .. } => "applied",
            Self::Failed { .. } => "failed",
            Self::Undoing => "undoing",
            Self::Undone { .. } => "undone",
        }
    }
}

/// A change with what became of it.
#[derive(Clone, Debug, PartialEq)]
pub struct HistoryEntry {
    /// Short and unique.
    pub id: String,
    /// What was sent.
    pub record: ChangeRecord,
    /// What became of it.
    pub state: ChangeState,
    /// The etag after it was applied, when known; stays when it is undone.
    pub etag_after: Option<String>,
    /// When its state last changed.
    pub changed: Timestamp,
}

/// What the journal holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HistoryListing {
    /// Newest first.
    pub entries: Vec<HistoryEntry>,
    /// How many lines could not be read: torn ones, and those of another version.
    pub skipped: usize,
}

impl HistoryListing {
    /// The entry of this id, or whose id alone begins so.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<&HistoryEntry> {
        if let Some(entry) = self.entries.iter().find(|e| e.id == id) {
            return Some(entry);
        }
        let mut like = self.entries.iter().filter(|e| e.id.starts_with(id));
        like.next()
            .filter(|_| !id.is_empty() && like.next().is_none())
    }

    /// The newest change that is, or may be, in force: what `undo` without an id means.
    #[must_use]
    pub fn newest_in_force(&self) -> Option<&HistoryEntry> {
        self.entries
            .iter()
            .find(|e| e.state.is_open() || matches!(e.state, ChangeState::Applied { .. }))
    }
}

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
            record: Box::new(record),
        },
    )?;
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
fn without_credentials(url: &str) -> String {
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

impl ChangeRecord {
    /// What was turned on, when that is what was done.
    #[must_use]
    pub fn switched(&self) -> Option<Switch> {
        Some(Switch {
            resource: Resource::parse(&self.resource).ok()?,
            kind: self.switch.clone()?,
        })
    }

    /// For people, one line: what was done to whom, where.
    #[must_use]
    pub fn title(&self) -> String {
        if let Some(switch) = self.switched() {
            return visible(&switch.title());
        }
        let resource = Resource::parse(&self.resource)
            .map_or_else(|_| self.resource.clone(), |r| r.id().to_owned());
        let Grant { role, member, .. } = &self.grant;
        visible(&match &self.replaced {
            Some(old) => format!("put {member} in the place of {old} in {role} on {resource}"),
            None => format!("grant {role} to {member} on {resource}"),
        })
    }
}

impl HistoryEntry {
    /// Whether the change was sent to this base URL. A change of one place must not be asked of, or
    /// taken back at, another.
    #[must_use]
    pub fn is_at(&self, endpoint: &str) -> bool {
        let plain = |url: &str| without_credentials(url).trim_end_matches('/').to_owned();
        plain(&self.record.endpoint) == plain(endpoint)
    }
}

/// What a line says, for those who show the journal as JSON.
impl HistoryEntry {
    /// The entry as one JSON object: the record's fields, with `id`, `state`, and what belongs to
    /// the state.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut object = serde_json::Map::new();
        object.insert("id".to_owned(), self.id.clone().into());
        for part in [
            serde_json::to_value(&self.record),
            serde_json::to_value(&self.state),
        ] {
            if let Ok(Value::Object(fields)) = part {
                object.extend(fields);
            }
        }
        object.insert("changed".to_owned(), self.changed.to_string().into());
        if let Some(etag) = &self.etag_after {
            object.insert("etagAfter".to_owned(), etag.clone().into());
        }
        Value::Object(object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_795_000_000 + second).unwrap()
    }

    fn record(second: i64) -> ChangeRecord {
        ChangeRecord {
            time: at(second),
            endpoint: "https://iam.googleapis.com".to_owned(),
            estate: "live".to_owned(),
            resource: "//iam.googleapis.com/projects/p/serviceAccounts/t@p.iam.gserviceaccount.com"
                .to_owned(),
            grant: Grant {
                role: "roles/iam.serviceAccountTokenCreator".to_owned(),
                member: "user:ana@example.com".to_owned(),
                condition: None,
            },
            switch: None,
            replaced: None,
            had_member: false,
            before: PolicyBefore {
                version: Some(1),
                had_bindings: true,
            },
            etag_before: Some("BwX=".to_owned()),
            caller: "user:ana@example.com".to_owned(),
            target: "//iam.googleapis.com/projects/p/serviceAccounts/t@p.iam.gserviceaccount.com"
                .to_owned(),
            permission: "iam.serviceAccounts.getAccessToken".to_owned(),
        }
    }

    fn applied(etag: &str) -> ChangeState {
        ChangeState::Applied {
            etag: Some(etag.to_owned()),
        }
    }

    #[test]
    fn a_change_is_planned_then_applied_then_undone() {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join("deep/down");
        assert_eq!(list(&dir).unwrap(), HistoryListing::default());
        let first = begin(&dir, &record(0)).unwrap();
        let second = begin(&dir, &record(1)).unwrap();
        let listing = list(&dir).unwrap();
        assert_eq!(listing.entries[0].id, second);
        assert_eq!(listing.entries[1].state, ChangeState::Planned);
        assert_eq!(listing.entries[1].record, record(0));

        complete(&dir, &first, at(2), &applied("BwY=")).unwrap();
        let failed = ChangeState::Failed {
            reason: "409".to_owned(),
        };
        complete(&dir, &second, at(3), &failed).unwrap();
        let listing = list(&dir).unwrap();
        assert_eq!(listing.entries[0].state, failed);
        assert_eq!(listing.newest_in_force().unwrap().id, first);
        complete(&dir, &first, at(4), &ChangeState::Undoing).unwrap();
        assert!(list(&dir).unwrap().find(&first).unwrap().state.is_open());
        complete(&dir, &first, at(5), &ChangeState::Undone { etag: None }).unwrap();
        let listing = list(&dir).unwrap();
        assert_eq!(listing.newest_in_force(), None);
        let entry = listing.find(&first).unwrap();
        assert_eq!(entry.etag_after.as_deref(), Some("BwY="));
        assert_eq!(entry.changed, at(5));
        let json = entry.to_json();
        assert_eq!(json["state"], "UNDONE");
        assert_eq!(json["grant"]["member"], "user:ana@example.com");
        assert_eq!(listing.skipped, 0);
    }

    #[test]
    fn ids_are_found_by_what_they_alone_begin_with() {
        let dir = tempfile::tempdir().unwrap();
        let a = begin(dir.path(), &record(0)).unwrap();
        let listing = list(dir.path()).unwrap();
        assert_eq!(listing.find(&a[..6]).unwrap().id, a);
        assert_eq!(listing.find(""), None);
        begin(dir.path(), &record(0)).unwrap();
        let listing = list(dir.path()).unwrap();
        assert_eq!(listing.find(&a[..6]), None);
        assert_eq!(listing.find(&a).unwrap().id, a);
        assert!(a.len() <= 15, "{a}");
    }

    #[test]
    fn whatever_is_cut_off_the_lines_before_survive_and_the_next_is_whole() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(FILE);
        let first = begin(dir.path(), &record(0)).unwrap();
        let whole = std::fs::read(&path).unwrap().len();
        begin(dir.path(), &record(1)).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        for cut in whole..bytes.len() {
            std::fs::write(&path, &bytes[..cut]).unwrap();
            let third = begin(dir.path(), &record(2)).unwrap();
            complete(dir.path(), &first, at(3), &applied("x")).unwrap();
            let listing = list(dir.path()).unwrap();
            assert_eq!(listing.entries[0].id, third, "cut at {cut}");
            assert_eq!(listing.find(&first).unwrap().state, applied("x"));
            // A line that lacks only its end is whole.
            assert_eq!(
                listing.entries.len() + listing.skipped,
                if cut <= whole + 1 { 2 } else { 3 }
            );
        }
    }

    #[test]
    fn what_a_later_version_wrote_does_no_harm() {
        let dir = tempfile::tempdir().unwrap();
        let id = begin(dir.path(), &record(0)).unwrap();
        let path = dir.path().join(FILE);
        let mut text = std::fs::read_to_string(&path).unwrap();
        text = text.replacen('{', "{\"new\": {\"x\": [1]}, ", 1);
        text.push_str(&format!(
            "{{\"event\":\"COMPLETE\",\"id\":\"{id}\",\"time\":\"{}\",\"state\":\"APPLIED\",\"etag\":\"e\",\"moon\":1}}\n",
            at(1)
        ));
        text.push_str(&format!(
            "{{\"event\":\"COMPLETE\",\"id\":\"{id}\",\"time\":\"{}\",\"state\":\"TRANSCENDED\"}}\n{{\"event\":\"NOTE\"}}\n\u{1b}[2J\n",
            at(2)
        ));
        std::fs::write(&path, text).unwrap();
        let listing = list(dir.path()).unwrap();
        assert_eq!(listing.entries[0].state, applied("e"));
        assert_eq!(listing.skipped, 3);
    }

    #[test]
    fn many_writers_lose_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let ids: HashSet<String> = std::thread::scope(|scope| {
            let writers: Vec<_> = (0..16)
                .map(|_| {
                    scope.spawn(|| {
                        (0..10)
                            .map(|i| {
                                let id = begin(dir.path(), &record(i)).unwrap();
                                complete(dir.path(), &id, at(i), &applied(&id)).unwrap();
                                id
                            })
                            .collect::<Vec<_>>()
                    })
                })
                .collect();
            writers
                .into_iter()
                .flat_map(|w| w.join().unwrap())
                .collect()
        });
        assert_eq!(ids.len(), 160);
        let listing = list(dir.path()).unwrap();
        assert_eq!((listing.entries.len(), listing.skipped), (160, 0));
        for entry in listing.entries {
            assert_eq!(entry.state, applied(&entry.id));
            assert!(ids.contains(&entry.id));
        }
    }

    #[cfg(unix)]
    #[test]
    fn the_journal_is_its_owners_alone() {
        use std::os::unix::fs::PermissionsExt;
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join("bindscope");
        begin(&dir, &record(0)).unwrap();
        let mode = |p: &Path| std::fs::metadata(p).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&dir.join(FILE)), 0o600);
        assert_eq!(mode(&dir), 0o700);
    }

    #[test]
    fn no_secret_is_written() {
        let dir = tempfile::tempdir().unwrap();
        let mut r = record(0);
        r.endpoint = "http://me:hunter2@proxy:8080/iam?key=hunter2".to_owned();
        let id = begin(dir.path(), &r).unwrap();
        let reason = "sent 'Authorization: Bearer hunter2' (ya29.hunter2) \"eyJhunter2\" "
            .to_owned()
            + &"x".repeat(9_000);
        complete(dir.path(), &id, at(1), &ChangeState::Failed { reason }).unwrap();
        let text = std::fs::read_to_string(dir.path().join(FILE)).unwrap();
        assert!(!text.contains("hunter2"), "{text}");
        assert!(text.contains("http://proxy:8080/iam"));
        assert_eq!(list(dir.path()).unwrap().skipped, 0);
    }

    #[test]
    fn an_entry_that_does_not_fit_is_refused_before_anything_is_sent() {
        let dir = tempfile::tempdir().unwrap();
        let mut r = record(0);
        r.caller = "x".repeat(MAX_LINE);
        let error = begin(dir.path(), &r).unwrap_err();
        assert!(error.to_string().contains("Nothing was sent"), "{error}");
        assert_eq!(list(dir.path()).unwrap(), HistoryListing::default());
    }

    #[test]
    fn a_place_that_cannot_be_written_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        std::fs::write(&file, "").unwrap();
        let error = begin(&file.join("sub"), &record(0))
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("XDG_STATE_HOME") && error.contains("file"),
            "{error}"
        );
        std::fs::create_dir(dir.path().join(FILE)).unwrap();
        assert!(matches!(
            list(dir.path()),
            Err(HistoryError::Io { doing: "read", .. })
        ));
    }

    #[test]
    fn the_default_place_is_the_state_directory() {
        let dir = default_dir().unwrap();
        assert!(dir.ends_with("bindscope"));
        assert!(dir.is_absolute());
    }
}
