//! Estate files and Cloud Asset Inventory exports: read into an [`Estate`], and an estate written as
//! a file again.
//!
//! A file that can be opened again is read the quick way, whole values at a time; what is not in order there,
//! and what comes as a stream, is read the exact way, where memory is bounded by what is kept. A broken file is
//! refused whole, with the line, the JSON path and what was expected there. Several files are merged;
//! two that contradict each other are an error that names both.

mod abreast;
mod asset;
mod asset_account;
mod asset_policies;
mod build;
mod compiled;
mod document;
mod draft;
mod error;
mod forms;
mod held;
mod input;
mod kept;
mod key;
mod quick;
mod refused;
mod search;
mod served;
mod single;
mod terraform;
mod unique;
mod unknown;
mod unpack;
mod words;
mod write;
mod yaml;

#[cfg(test)]
mod org_policy_tests;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::io::{self, BufRead, Cursor, Read};
use std::sync::Arc;

use serde::de::{self, DeserializeSeed};

use super::{Estate, ServiceAccount};
use crate::iam::allow::shared_members;
use crate::text::{counted, visible};
use draft::{Draft, Taken};
use input::{Input, ReadPosition};
use kept::{At, Fault};
use refused::TextForm;

pub use compiled::{TooLarge, compile};
pub use error::{FileError, FilePlace};
pub use key::FileKey;
pub use refused::{REFUSED, RefusedForm};
pub use served::{SERVED, ServedForm};
pub use write::to_json;

/// How many elements are read between two words of progress.
const STRIDE: u64 = 1_024;

/// The bytes of a file.
pub type FileReader = Box<dyn BufRead + Send>;

/// A file to be read.
pub struct SourceFile {
    /// How it is named in errors.
    pub name: String,
    /// What it is about, where it does not say so itself.
    pub key: Option<FileKey>,
    bytes: FileBytes,
}

enum FileBytes {
    /// They come once.
    Once(FileReader),
    /// They can be had again.
    Again(Box<dyn Fn() -> io::Result<FileReader> + Send>),
}

impl SourceFile {
    /// What comes once: a pipe.
    #[must_use]
    pub fn stream(name: &str, reader: FileReader) -> Self {
        Self {
            name: name.to_owned(),
            key: None,
            bytes: FileBytes::Once(reader),
        }
    }

    /// What can be opened again, and then holds the same.
    #[must_use]
    pub fn reopened(
        name: &str,
        open: impl Fn() -> io::Result<FileReader> + Send + 'static,
    ) -> Self {
        Self {
            name: name.to_owned(),
            key: None,
            bytes: FileBytes::Again(Box::new(open)),
        }
    }

    /// The same, about that.
    #[must_use]
    pub fn about(mut self, key: Option<FileKey>) -> Self {
        self.key = key;
        self
    }

    /// A text in memory.
    #[must_use]
    pub fn text(name: &str, text: impl Into<Vec<u8>>) -> Self {
        let text: Arc<[u8]> = text.into().into();
        Self::reopened(name, move || {
            Ok(Box::new(Cursor::new(Arc::clone(&text))) as FileReader)
        })
    }
}

/// How far reading has come.
#[derive(Clone, Debug, PartialEq)]
pub struct FileProgress<'a> {
    /// The file.
    pub name: &'a str,
    /// Bytes of it taken in.
    pub bytes: u64,
    /// Accounts, policies, assets and so on of all files.
    pub elements: u64,
    /// Accounts that came since it was told last, where they are asked for ([`read_finding`]). What comes later may
    /// still change them, and a file that is read a second time tells them again.
    pub accounts: Vec<ServiceAccount>,
}

/// What came of the files.
#[derive(Debug)]
pub struct Loaded {
    /// The estate.
    pub estate: Estate,
    /// Assets of an export that count for nothing here, by asset type.
    pub skipped: BTreeMap<String, u64>,
    /// Service accounts of which an export tells the unique id alone (content type IAM_POLICY without
    /// RESOURCE): nobody can say which address is theirs.
    pub nameless: u64,
    /// Things that an older asset tells otherwise than a newer one; the newer one counts.
    pub outdated: u64,
    /// Keys of which a search tells that they are there, and neither type nor age.
    pub untold_keys: u64,
}

impl Loaded {
    /// What a person should know of what was left out, one line each.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        let count: u64 = self.skipped.values().sum();
        if count > 0 {
            let kinds: Vec<&str> = self.skipped.keys().take(3).map(String::as_str).collect();
            let more = self.skipped.len().saturating_sub(kinds.len());
            let more = match more {
                0 => String::new(),
                n => format!(" and {}", counted(n, "other type")),
            };
            let assets = match count {
                1 => "1 asset counts for nothing here and was skipped".to_owned(),
                _ => format!("{count} assets count for nothing here and were skipped"),
            };
            notes.push(visible(&format!("{assets} ({}{more})", kinds.join(", "))));
        }
        if self.nameless > 0 {
            notes.push(format!(
                "of {} the export tells the unique id alone: by it one can ask about them, and by no address (export the content type RESOURCE too)",
                counted(self.nameless, "service account")
            ));
        }
        if self.untold_keys > 0 {
            notes.push(format!(
                "of {} of service accounts the type is not told (export the content type RESOURCE of keys)",
                counted(self.untold_keys, "key")
            ));
        }
        if self.outdated > 0 {
            notes.push(format!(
                "where assets of two moments disagree the one with the later update_time counts ({})",
                counted(self.outdated, "time")
            ));
        }
        notes
    }
}

/// Reads one estate out of files.
///
/// # Errors
/// A file that cannot be read or is broken, and two that contradict each other. Then there is no estate.
pub fn read(
    sources: Vec<SourceFile>,
    progress: &mut dyn FnMut(FileProgress<'_>),
) -> Result<Loaded, FileError> {
    shared_members::during(|| read_all(sources, false, progress))
}

/// The same, telling of accounts as they are found, while reading goes on.
///
/// # Errors
/// As [`read`].
pub fn read_finding(
    sources: Vec<SourceFile>,
    progress: &mut dyn FnMut(FileProgress<'_>),
) -> Result<Loaded, FileError> {
    shared_members::during(|| read_all(sources, true, progress))
}

/// `finding`: whether accounts are told of as they are found.
fn read_all(
    mut sources: Vec<SourceFile>,
    finding: bool,
    progress: &mut dyn FnMut(FileProgress<'_>),
) -> Result<Loaded, FileError> {
    let begin = || Draft {
        fresh: finding.then(Vec::new),
        ..Draft::default()
    };
    let names: Vec<String> = sources.iter().map(|s| s.name.clone()).collect();
    for index in 0..sources.len() {
        let Some(source) = sources.get_mut(index) else {
            break;
        };
        if let Some(bytes) = compiled_bytes(source)? {
            return opened(bytes, &names, index);
        }
    }
    if let Some(draft) = quickly(&sources, begin(), progress)
        && let Ok(loaded) = finish(draft, &names)
    {
        return Ok(loaded);
    }
    let mut draft = begin();
    for (index, source) in sources.into_iter().enumerate() {
        draft.at.source = index;
        draft = one(source, &names, draft, progress)?;
    }
    finish(draft, &names)
}

/// The bytes of a compiled estate; `None` for any other file.
fn compiled_bytes(source: &mut SourceFile) -> Result<Option<Vec<u8>>, FileError> {
    let unreadable = |name: &str, why| FileError::Unreadable {
        name: name.to_owned(),
        why,
    };
    let begins = |reader: &mut FileReader| {
        let head = reader.fill_buf();
        head.map(|head| head.starts_with(compiled::MAGIC))
    };
    let mut opened;
    let reader = match &mut source.bytes {
        FileBytes::Once(reader) => reader,
        FileBytes::Again(open) => {
            opened = open().map_err(|e| unreadable(&source.name, e))?;
            &mut opened
        }
    };
    if !begins(reader).map_err(|e| unreadable(&source.name, e))? {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    let read = reader.read_to_end(&mut bytes);
    read.map_err(|e| unreadable(&source.name, e))?;
    Ok(Some(bytes))
}

/// The estate of a compiled one, which is given alone.
fn opened(bytes: Vec<u8>, names: &[String], index: usize) -> Result<Loaded, FileError> {
    let at = At {
        source: index,
        ..At::default()
    };
    let refused = |what: String| refuse(names, at, "$".into(), what.into());
    if names.len() > 1 {
        let what = "it is a compiled estate (bindscope index), which stands for all the files that it was made of: expected it alone, or the files that it was made of beside the others";
        return Err(refused(what.into()));
    }
    let estate = compiled::open(bytes);
    Ok(Loaded {
        estate: estate.map_err(refused)?,
        skipped: BTreeMap::new(),
        nameless: 0,
        outdated: 0,
        untold_keys: 0,
    })
}

/// All files the quick way; `None` where one does not allow it.
fn quickly(
    sources: &[SourceFile],
    mut draft: Draft,
    progress: &mut dyn FnMut(FileProgress<'_>),
) -> Option<Draft> {
    for (index, source) in sources.iter().enumerate() {
        let FileBytes::Again(open) = &source.bytes else {
            return None;
        };
        draft.at.source = index;
        let mut loading = FileReading {
            draft,
            position: ReadPosition::default(),
            name: &source.name,
            key: source.key.as_ref(),
            progress: &mut *progress,
            elements: 0,
            fault: None,
        };
        quick::one(open().ok()?, &mut loading).ok()?;
        loading.tell();
        draft = loading.draft;
        if !draft.export.key_fits(source.key.as_ref()) {
            return None;
        }
    }
    Some(draft)
}

/// Makes an estate of what was read.
fn finish(mut draft: Draft, names: &[String]) -> Result<Loaded, FileError> {
    let mut nameless = 0;
    if let Some((_, at)) = draft.export.cut_off.first() {
        let at = At {
            source: at.source,
            ..At::default()
        };
        let what = "more pages belong to this answer: expected all of them, one after the other in one file, the last without a nextPageToken";
        return Err(refuse(names, at, "$.nextPageToken".into(), what.into()));
    }
    let skipped = std::mem::take(&mut draft.export.skipped);
    let mut outdated = 0;
    let untold_keys = draft.export.untold_keys;
    let estate = build::build(draft, &mut nameless, &mut outdated)
        .map_err(|flaw| refuse(names, flaw.at, flaw.path, flaw.fault))?;
    Ok(Loaded {
        estate,
        skipped,
        nameless,
        outdated,
        untold_keys,
    })
}

/// Reads one estate out of a text.
///
/// # Errors
/// As [`read`].
pub fn read_text(name: &str, text: &str) -> Result<Estate, FileError> {
    let source = SourceFile::text(name, text);
    read(vec![source], &mut |_| {}).map(|loaded| loaded.estate)
}

/// Reading under way.
struct FileReading<'p> {
    draft: Draft,
    position: ReadPosition,
    name: &'p str,
    key: Option<&'p FileKey>,
    progress: &'p mut dyn FnMut(FileProgress<'_>),
    elements: u64,
    /// What the draft refused, in full; the JSON reader's own errors have no room for it.
    fault: Option<Fault>,
}

impl FileReading<'_> {
    /// Hands an element to the draft.
    fn keep<E: de::Error>(
        &mut self,
        asset: bool,
        add: impl FnOnce(&mut Draft) -> Taken,
    ) -> Result<(), E> {
        self.draft.at.line = self.position.line();
        self.draft.at.asset = asset;
        self.elements += 1;
        if self.elements.is_multiple_of(STRIDE) {
            self.tell();
        }
        add(&mut self.draft).map_err(|fault| {
            let error = E::custom(&fault.what);
            self.fault = Some(fault);
            error
        })
    }

    fn tell(&mut self) {
        let fresh = self.draft.fresh.as_mut();
        (self.progress)(FileProgress {
            name: self.name,
            bytes: self.position.bytes(),
            elements: self.elements,
            accounts: fresh.map(std::mem::take).unwrap_or_default(),
        });
    }
}

/// Reads one file to its end.
fn one(
    source: SourceFile,
    names: &[String],
    draft: Draft,
    progress: &mut dyn FnMut(FileProgress<'_>),
) -> Result<Draft, FileError> {
    let (name, key) = (source.name, source.key);
    let index = draft.at.source;
    let unreadable = |why: io::Error, line| match why.kind() {
        // What it says is of the bytes, not of the disk.
        io::ErrorKind::InvalidData => {
            let at = At {
                source: index,
                line,
                ..At::default()
            };
            refuse(names, at, "$".into(), why.to_string().into())
        }
        _ => FileError::Unreadable {
            name: name.clone(),
            why,
        },
    };
    let reader = match source.bytes {
        FileBytes::Once(reader) => reader,
        FileBytes::Again(open) => open().map_err(|e| unreadable(e, 0))?,
    };
    let mut input = Input::new(reader).map_err(|e| unreadable(e, 0))?;
    let mut loading = FileReading {
        draft,
        position: input.position(),
        name: &name,
        key: key.as_ref(),
        progress,
        elements: 0,
        fault: None,
    };
    let mut empty = true;
    loop {
        let line = input.position().line();
        let Some(first) = input.peek().map_err(|e| unreadable(e, line))? else {
            break;
        };
        if empty && !matches!(first, b'{' | b'[') {
            text(&mut input, &mut loading, names, index)?;
            empty = false;
            break;
        }
        empty = false;
        let begun = input.position().line();
        let mut track = serde_path_to_error::Track::new();
        let mut json = serde_json::Deserializer::from_reader(&mut input);
        let top = serde_path_to_error::Deserializer::new(&mut json, &mut track);
        if let Err(error) = document::TopSeed(&mut loading).deserialize(top) {
            if !error.is_io()
                && let Err(why) = input.check()
            {
                return Err(unreadable(why, loading.position.line()));
            }
            let fault = loading
                .fault
                .take()
                .unwrap_or_else(|| words::plain(&error.to_string()).into());
            // The reader goes on to the end of what is open before it gives up; the error knows
            // better where it was met.
            let line = match u64::try_from(error.line()) {
                Ok(0) | Err(_) => loading.position.line(),
                Ok(line) => begun + line - 1,
            };
            let at = At {
                source: index,
                line,
                ..At::default()
            };
            return Err(refuse(names, at, path(&track.path()), fault));
        }
    }
    loading.tell();
    if !loading.draft.export.key_fits(key.as_ref()) {
        let at = At {
            source: index,
            ..At::default()
        };
        let shown = key.map(|k| k.to_string()).unwrap_or_default();
        let what = format!(
            "what is in it says itself what it is of, and not of {shown}: give the file without {shown}="
        );
        return Err(refuse(names, at, "$".into(), what.into()));
    }
    if empty {
        let at = At {
            source: index,
            line: loading.position.line(),
            ..At::default()
        };
        let what = "the file is empty: expected an estate (one JSON object) or a Cloud Asset Inventory export";
        return Err(refuse(names, at, "$".into(), what.into()));
    }
    Ok(loading.draft)
}

/// Reads what is no JSON: YAML, or what is refused by its name.
fn text(
    input: &mut Input,
    loading: &mut FileReading<'_>,
    names: &[String],
    source: usize,
) -> Result<(), FileError> {
    let begun = loading.position.line();
    let place = |line: u64| At {
        source,
        line,
        ..At::default()
    };
    let unreadable =
        |why: &io::Error| refuse(names, place(begun), "$".into(), why.to_string().into());
    let head = input.begin_text().map_err(|e| unreadable(&e))?;
    if let TextForm::Refused(words) = TextForm::of(&String::from_utf8_lossy(&head)) {
        return Err(refuse(names, place(begun), "$".into(), words.into()));
    }
    let rest = Cursor::new(head).chain(&mut *input);
    match yaml::read(rest, loading) {
        Ok(()) => Ok(()),
        Err(flaw) => {
            if let Err(why) = input.check() {
                return Err(unreadable(&why));
            }
            let line = if flaw.line == 0 {
                begun
            } else {
                begun + flaw.line - 1
            };
            let at = flaw.path.as_ref().map_or_else(|| "$".to_owned(), path);
            Err(refuse(names, place(line), at, flaw.fault))
        }
    }
}

fn refuse(names: &[String], at: At, path: String, fault: Fault) -> FileError {
    let place = |at: At| FilePlace {
        name: names.get(at.source).cloned().unwrap_or_default(),
        line: at.line,
    };
    match fault.earlier {
        Some(earlier) => FileError::Contradiction {
            place: place(at),
            earlier: place(earlier),
            path,
            what: fault.what,
        },
        None => FileError::Broken {
            place: place(at),
            path,
            what: fault.what,
        },
    }
}

/// `$.iamPolicies["//iam…"].bindings[0].members`.
fn path(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let mut out = String::from("$");
    for segment in path {
        match segment {
            Segment::Seq { index } => out.push_str(&format!("[{index}]")),
            Segment::Map { key }
                if !key.is_empty()
                    && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') =>
            {
                out.push_str(&format!(".{key}"));
            }
            Segment::Map { key } => out.push_str(&format!("[\"{key}\"]")),
            Segment::Enum { variant } => out.push_str(&format!(".{variant}")),
            Segment::Unknown => {}
        }
    }
    out
}
