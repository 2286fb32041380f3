//! The state on disk: an estate and the accounts that can still come back.
//!
//! Written whole to a file beside it, flushed, and put in its place by a rename, so that at any moment
//! the file holds one state in full. Tokens are not kept.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::emulator::world::keys::PublicKey;
use crate::estate::records::DELETE_TIME;
use crate::estate::{Estate, ServiceAccount, file};
use crate::iam::AllowPolicy;

/// A deleted account that can still come back, with the policy it had.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Buried {
    pub account: ServiceAccount,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<AllowPolicy>,
    pub delete_time: Timestamp,
}

impl Buried {
    /// One that an estate remembers; where it does not say when it was deleted: `now`, *chosen*, so that it
    /// can come back.
    pub fn of(account: &ServiceAccount, now: Timestamp) -> Self {
        let mut account = account.clone();
        let said = account.extra.remove(DELETE_TIME);
        let said = said.and_then(|time| time.as_str()?.parse().ok());
        Self {
            account,
            policy: None,
            delete_time: said.unwrap_or(now),
        }
    }

    /// As an estate remembers it.
    pub fn record(&self) -> ServiceAccount {
        let mut account = self.account.clone();
        let time = json!(self.delete_time.to_string());
        account.extra.insert(DELETE_TIME.to_owned(), time);
        account
    }
}

/// What is kept.
#[derive(Debug)]
pub(crate) struct PersistedState {
    pub estate: Estate,
    pub buried: Vec<Buried>,
    /// By lower-case address.
    pub keys: BTreeMap<String, Vec<PublicKey>>,
}

impl PersistedState {
    /// An estate of which nothing was kept yet.
    pub fn of(estate: Estate) -> Self {
        Self {
            estate,
            buried: Vec::new(),
            keys: BTreeMap::new(),
        }
    }
}

/// Keeps the state in a file.
#[derive(Debug)]
pub(crate) struct Keeper {
    path: PathBuf,
    /// The newest change that is on disk.
    saved: AtomicU64,
    writing: Mutex<()>,
}

impl Keeper {
    pub fn new(path: PathBuf) -> Self {
        Self {
            path,
            saved: AtomicU64::new(0),
            writing: Mutex::new(()),
        }
    }

    /// The newest change that is on disk.
    pub fn saved(&self) -> u64 {
        self.saved.load(Ordering::Acquire)
    }

    /// What an earlier run left; `None` when there is no file yet.
    ///
    /// # Errors
    /// It cannot be read, or holds something else.
    pub fn load(&self) -> io::Result<Option<PersistedState>> {
        match std::fs::read_to_string(&self.path) {
            Ok(text) => read(&text).map(Some),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// Returns once this change is on disk: writes the state as it is then, unless another call did so
    /// while this one waited.
    ///
    /// # Errors
    /// It cannot be written; the file then holds what it held.
    pub fn save(
        &self,
        change: u64,
        state: impl FnOnce() -> (u64, PersistedState),
    ) -> io::Result<()> {
        let _one = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        if self.saved() >= change {
            return Ok(());
        }
        let (newest, state) = state();
        let text = json!({
            "bindscope": "emulator state",
            "estate": file::to_json(&state.estate),
            "deletedServiceAccounts": state.buried,
            "serviceAccountKeys": state.keys,
        });
        let folder = match self.path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let mut beside = tempfile::NamedTempFile::new_in(folder)?;
        beside.write_all(text.to_string().as_bytes())?;
        beside.as_file().sync_all()?;
        beside.persist(&self.path).map_err(|e| e.error)?;
        self.saved.store(newest, Ordering::Release);
        Ok(())
    }
}

fn read(text: &str) -> io::Result<PersistedState> {
    let bad = |why: String| io::Error::new(io::ErrorKind::InvalidData, why);
    let value: Value =
        serde_json::from_str(text).map_err(|e| bad(format!("it holds no emulator state: {e}")))?;
    let estate = value
        .get("estate")
        .filter(|_| value.get("bindscope").is_some())
        .ok_or_else(|| {
            bad("it holds no emulator state: expected what --persist wrote (an estate file is read with --estate)".to_owned())
        })?;
    let estate =
        file::read_text("its estate", &estate.to_string()).map_err(|e| bad(e.to_string()))?;
    Ok(PersistedState {
        estate,
        buried: part(&value, "deletedServiceAccounts")?,
        keys: part(&value, "serviceAccountKeys")?,
    })
}

fn part<T: Default + serde::de::DeserializeOwned>(value: &Value, name: &str) -> io::Result<T> {
    match value.get(name) {
        None => Ok(T::default()),
        Some(part) => T::deserialize(part)
            .map_err(|e| io::Error::new(io::ErrorKind::InvalidData, format!("{name}: {e}"))),
    }
}
